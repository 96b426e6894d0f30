"""Xero: one organisation, over the Accounting API 2.0.

https://developer.xero.com/documentation/api/accounting/overview
New documents of one kind go out up to 50 in a request, and each is answered by itself. Our key and the Stripe ids stand
in the Reference; what is looked for is found by number, by day or by id, and recognised here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from connector.ledgers import xero_contacts, xero_found, xero_sales
from connector.ledgers.contract import (
    Absent,
    AccountSpan,
    Answer,
    Claimed,
    Company,
    Found,
    Outcome,
    Outcomes,
    Partly,
    Person,
    Posted,
    Reference,
    Request,
    Steps,
)
from connector.ledgers.xero_answers import read_answer
from connector.ledgers.xero_capabilities import XERO
from connector.ledgers.xero_changes import (
    TAKEN_OUT,
    is_whole,
    request_link,
    request_taking_out,
    request_void,
    take_out,
)
from connector.ledgers.xero_check import findings
from connector.ledgers.xero_directory import Directory, named_accounts, read_directory
from connector.ledgers.xero_effects import taken_out
from connector.ledgers.xero_forms import FormWriter
from connector.ledgers.xero_look import look
from connector.ledgers.xero_memory import pack, unpack
from connector.ledgers.xero_open_items import PAID, OpenItems, is_change, paid_by
from connector.ledgers.xero_payload import Payload, batch_group, put, read_payload, write_payload
from connector.ledgers.xero_reopening import Reopenings
from connector.ledgers.xero_roles import ALLOCATED, UNALLOCATED, expand
from connector.ledgers.xero_window import Window
from connector.ledgers.xero_wire import ID_NAMES, elements_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Document, Sale
from connector.planning.values import value

ALWAYS = date(1900, 1, 1)
LINKS = (ALLOCATED, UNALLOCATED)


@value(frozen=True, slots=True)
class Wants:
    """What the settings ask of the organisation, for `check`: the form of the sales that are posted (or `find`), whether
    fees are booked, the refund types that are on. Documents are looked for from `start` on. `tenant` is the
    organisation's id where the settings name it; what was remembered of another one is of no use. `zone` is that of the
    books."""

    start: date
    sales: str = "find"
    fees: bool = False
    types: frozenset[str] = frozenset()
    tenant: str = ""
    zone: ZoneInfo | None = None


class XeroLedger:
    """One organisation. `survey` comes before everything else."""

    capabilities = XERO

    def __init__(self, mapping: LedgerMapping, wants: Wants, memory: bytes | None = None) -> None:
        self.mapping = mapping
        self.wants = wants
        self.known = unpack(memory)
        self.lists = self.known
        self.open_items = OpenItems()
        self.contacts = xero_contacts.ContactList()
        self.reopenings = Reopenings()
        self.directory: Directory
        self.writer: FormWriter

    def remember(self) -> bytes | None:
        return None if self.lists is self.known or self.lists is None else pack(self.lists)

    def survey(self) -> Steps[Company]:
        self.contacts = xero_contacts.ContactList()
        self.directory = yield from read_directory(self.mapping, self.lists)
        self.lists = self.directory.lists
        self.writer = FormWriter(self.directory, self.mapping)
        directory = self.directory
        problems, warnings = findings(
            directory, self.mapping, self.wants, (yield from self.has_default_contact())
        )
        return Company(
            title=directory.title,
            closed_until=directory.closed_until,
            home_currency=directory.home,
            holds_charge_currency=directory.multi_currency,
            accounts=self.account_spans(),
            problems=problems,
            warnings=warnings,
            item_accounts=directory.item_accounts,
            company_id=directory.organisation_id or None,
        )

    def has_default_contact(self) -> Steps[bool]:
        """Asked only where sales may need it."""
        name = self.mapping.customer_default
        if name is None or self.wants.sales == "find":
            return True
        return bool((yield from self.find_customers([Person("default", name, None, self.directory.home)])))

    def account_spans(self) -> dict[str, AccountSpan]:
        """Accounts that the mapping names and Xero does not have take nothing; clearing takes its own currency."""
        spans: dict[str, AccountSpan] = {}
        for name in named_accounts(self.mapping):
            if self.directory.accounts.find(name) is None:
                spans[name] = AccountSpan(ALWAYS, fault="is not in Xero, or was archived there")
            elif self.directory.is_bank(name):
                currency = self.directory.account_currency(name)
                spans[name] = AccountSpan(ALWAYS, currencies=frozenset([currency] if currency else []))
        return spans

    # ------------------------------------------------------------------------------------------ writing

    def expand(self, document: Document) -> list[Document]:
        return expand(document, self.writer.accounts(document))

    def batch_group(self, document: Document) -> str:
        return batch_group(document)

    def compose(self, document: Document) -> str:
        return write_payload(document, self.writer)

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        """Nothing is read yet: that is done for some documents at a time, as their requests are made."""
        self.open_items.prepare(documents)
        return
        yield

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request | Partly | Outcomes]:
        payloads = {one.document_key: read_payload(one) for one in documents}
        first, items = documents[0], self.open_items
        payload = payloads[first.document_key]
        for one in documents:
            yield from items.read_ahead(one)
        if is_change(first):
            made = yield from self.request_change(first, payload, attempt_key)
            if not is_whole(made, first) and items.forget_ahead(first):
                made = yield from self.request_change(first, payload, attempt_key)
            return made
        elements: dict[str, Mapping[str, object]] = {}
        kept: dict[str, Outcome] = {}
        for one in documents:
            withheld = yield from items.check(one, payloads[one.document_key])
            if withheld is not None:
                kept[one.document_key] = withheld
            else:
                elements[one.document_key] = element_of(one, payloads[one.document_key])
        if not elements:
            return kept
        plural = "BankTransactions" if payload.plural == "Overpayments" else payload.plural
        request = put(plural, elements, attempt_key)
        return Partly(request, kept) if kept else request

    def request_change(
        self, claimed: Claimed, payload: Payload, attempt_key: str
    ) -> Steps[Request | Outcomes]:
        """The request for a document that changes what stands. That nothing is to be sent, or less than all, is not
        believed of what was read ahead: callers ask again."""
        take = self.open_items.take
        if payload.voids:
            return (yield from request_taking_out(claimed, payload, attempt_key, take))
        if payload.part in LINKS:
            return (yield from request_link(claimed, payload, attempt_key, take))
        if claimed.kind == "application":
            closed = self.directory.closed_until
            return (yield from self.reopenings.request(claimed, payload, attempt_key, closed))
        return (yield from request_void(claimed, payload, attempt_key, take, self.open_items.alike))

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        payloads = {one.document_key: read_payload(one) for one in documents}
        if len(documents) == 1 and is_undo(request, payloads[documents[0].document_key], documents[0]):
            return {documents[0].document_key: taken_out(answer, request.target.split("/")[1])}
        outcomes = yield from read_answer(documents, payloads, request, answer)
        if request.target.startswith("/Contacts"):
            self.contacts.forget()
        outcomes = yield from self.open_items.answered(documents, outcomes)
        for one in documents:
            self.reopenings.learn(one, payloads[one.document_key], outcomes.get(one.document_key))
        for plural in PAID:
            if request.target.startswith(f"/{plural}?") and any(
                isinstance(one, Posted) for one in outcomes.values()
            ):
                for row in elements_of(answer, plural) or ():
                    if row.get(ID_NAMES[plural]):
                        self.open_items.learn(plural, row)
        return outcomes

    def undo(self, document: Claimed, posted: Posted, attempt_key: str) -> Request | None:
        """What was made a moment ago; an overpayment is known by another id than its bank transaction's."""
        plural = read_payload(document).plural
        if document.kind in ("application", "void", "customer") or plural not in TAKEN_OUT:
            return None
        return take_out(plural, posted.ledger_id, attempt_key, document.document_key)

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        return (yield from look(documents, {one.document_key: read_payload(one) for one in documents}))

    # ------------------------------------------------------------------------------------------ finding

    seen: tuple[Directory, Window] | None = None

    def window(self) -> Window:
        """What has been read by day since the last survey."""
        if self.seen is None or self.seen[0] is not self.directory:
            self.seen = (self.directory, Window())
        return self.seen[1]

    def find_sales(self, references: Sequence[Reference]) -> Steps[dict[str, Sale | None]]:
        return (yield from xero_sales.find_sales(references, self.directory, self.mapping, self.window()))

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        start = self.wants.start
        return (yield from xero_found.scan(cursor, start, self.directory, self.mapping, self.window()))

    def find_refunds(self, refunds: Mapping[str, date]) -> Steps[dict[str, list[Found]]]:
        return (yield from xero_found.find_refunds(refunds, self.directory, self.mapping, self.window()))

    def find_customers(self, persons: Sequence[Person]) -> Steps[dict[str, tuple[str, str]]]:
        match = self.mapping.customer_match
        return (yield from xero_contacts.find_contacts(persons, match, self.directory, self.contacts))

    def find_documents(self, ledger_ids: Sequence[str]) -> Steps[dict[str, Found]]:
        return (yield from xero_found.find_documents(ledger_ids, self.directory, self.mapping))

    def find_numbered(self, number: str) -> Steps[list[Found]]:
        return (yield from xero_found.find_numbered(number, self.directory, self.mapping))

    def numbers_taken(self, scope: str, numbers: Sequence[str]) -> Steps[dict[str, Found]]:
        """Xero refuses a number that stands, so none is asked for."""
        return {}
        yield


def element_of(claimed: Claimed, payload: Payload) -> Mapping[str, object]:
    """The fields of a new object, with what it pays and the number or name that it may go under."""
    body = dict(payload.body)
    item = paid_by(claimed, payload)
    if item is not None:
        plural, object_id = item
        body = {PAID[plural][1]: {ID_NAMES[plural]: object_id}, **body}
    if claimed.bare and payload.told_apart is not None:
        body["Name"] = payload.told_apart
    elif claimed.bare:
        # The number was refused, and the refund keeps it: Xero gives this document one of its own.
        body = {
            name: text for name, text in body.items() if name not in ("InvoiceNumber", "CreditNoteNumber")
        }
    return body


def is_undo(request: Request, payload: Payload, claimed: Claimed) -> bool:
    """Whether the request takes out what this very document is."""
    return request.method == "POST" and not payload.voids and claimed.kind not in ("application", "void")
