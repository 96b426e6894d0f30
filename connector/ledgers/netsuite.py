"""NetSuite: one account, over SuiteTalk REST.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_1540391670.html
Each document is a record of its own with our key as its external id, which NetSuite takes once. A write is answered with an
id alone, so totals and numbers are read back together when a wave is written. What is looked for is found by SuiteQL,
many at once; by the record service where the role may not use SuiteQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from connector.ledgers import netsuite_customers, netsuite_found, netsuite_sales
from connector.ledgers.contract import (
    Absent,
    AccountSpan,
    Answer,
    Claimed,
    Company,
    Found,
    NumberTaken,
    Outcome,
    Outcomes,
    PeriodClosed,
    Person,
    Posted,
    Reference,
    Rejected,
    Request,
    Steps,
    Withheld,
)
from connector.ledgers.further_writes import is_from_books
from connector.ledgers.mapped_names import named_accounts, named_taxes
from connector.ledgers.netsuite_answers import read_answer
from connector.ledgers.netsuite_by_record import RecordReader
from connector.ledgers.netsuite_capabilities import NETSUITE
from connector.ledgers.netsuite_changes import (
    check_void,
    only,
    refund_of,
    request_change,
    void_by_restlet,
)
from connector.ledgers.netsuite_check import findings
from connector.ledgers.netsuite_directory import Directory, read_directory
from connector.ledgers.netsuite_forms import FormWriter
from connector.ledgers.netsuite_look import found_as, look
from connector.ledgers.netsuite_memory import Lists, pack, unpack
from connector.ledgers.netsuite_open_items import OpenItems
from connector.ledgers.netsuite_payload import Payload, read_payload, settled_id, write_payload
from connector.ledgers.netsuite_records import Head, Reader
from connector.ledgers.netsuite_requests import request_new
from connector.ledgers.netsuite_roles import expand
from connector.ledgers.netsuite_suiteql import SuiteqlReader
from connector.ledgers.netsuite_wants import Wants
from connector.ledgers.netsuite_wire import delete, internal_id
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Document, Sale

ALWAYS = date(1900, 1, 1)
MEMO_INSTEAD = (
    "void_restlet_url names no script that voids: a credit memo of the invoice's day is applied to it instead"
)


class NetsuiteLedger:
    """One account. `survey` comes before everything else."""

    capabilities = NETSUITE

    def __init__(self, mapping: LedgerMapping, wants: Wants, memory: bytes | None = None) -> None:
        self.mapping = mapping
        self.wants = wants
        self.lists = unpack(memory, wants.account_id)
        self.open_items = OpenItems()
        # What a look of this run has found to be without effect.
        self.voided: set[str] = set()
        self.directory: Directory
        self.writer: FormWriter
        # Finds many at once, and may lag behind a little; and the records themselves, one by one.
        self.search: Reader
        self.record: Reader

    def remember(self) -> bytes | None:
        return pack(self.lists) if self.lists is not None and self.lists.changed else None

    def survey(self) -> Steps[Company]:
        problems, warnings = yield from self.read_account(self.lists)
        if problems and self.lists is not None and self.directory.lists is self.lists:
            # What was wrong when the lists were read may have been put right since.
            problems, warnings = yield from self.read_account(None)
        directory = self.directory
        self.lists = directory.lists
        return Company(
            title=directory.title,
            closed_until=directory.closed_until,
            home_currency=directory.home,
            holds_charge_currency=directory.multi_currency,
            accounts=self.account_spans(),
            problems=problems,
            warnings=warnings,
            item_accounts=directory.item_accounts,
            takes_tax=directory.tax != "none",
            tax_faults=self.tax_faults(),
        )

    def read_account(self, lists: Lists | None) -> Steps[tuple[tuple[str, ...], tuple[str, ...]]]:
        """Problems and warnings; `lists` are what is remembered of the account."""
        directory = yield from read_directory(self.mapping, self.wants, lists)
        self.directory = directory
        self.writer = FormWriter(directory, self.mapping, self.wants)
        self.record = RecordReader(directory)
        self.search = SuiteqlReader(directory) if directory.suiteql else self.record
        return findings(directory, self.mapping, self.wants, (yield from self.has_default_customer()))

    def has_default_customer(self) -> Steps[bool]:
        """Asked only where sales may need it."""
        name = self.mapping.customer_default
        if name is None or self.wants.sales == "find":
            return True
        return bool((yield from self.find_customers([Person("default", name, None, self.directory.home)])))

    def account_spans(self) -> dict[str, AccountSpan]:
        """Accounts that the mapping names and NetSuite does not have, or has several of, take nothing."""
        accounts = self.directory.accounts
        return {
            name: AccountSpan(
                ALWAYS,
                fault="is the name of several in NetSuite"
                if accounts.namesakes(name)
                else "is not in NetSuite, or was made inactive there",
            )
            for name in named_accounts(self.mapping)
            if accounts.find(name) is None
        }

    def tax_faults(self) -> dict[str, str]:
        """Tax codes that the mapping names and sales cannot be given."""
        if self.directory.tax != "suitetax" or not self.wants.posts_sales:
            return {}
        refused = "salestaxitem" in self.directory.refused
        why = (
            "cannot be read: give the role Lists > Tax Records"
            if refused
            else "is not one of SuiteTax in NetSuite"
        )
        return {name: why for name in named_taxes(self.mapping) if self.directory.tax_code(name) is None}

    # ------------------------------------------------------------------------------------------ writing

    def expand(self, document: Document) -> list[Document]:
        if document.kind == "void" and self.wants.void_restlet is None and not is_from_books(document):
            document = replace(document, warnings=(*document.warnings, MEMO_INSTEAD))
        return expand(document, self.writer.accounts(document))

    def batch_group(self, document: Document) -> str:
        """Each is a request of its own: what is sent many at once is answered later, job by job."""
        return ""

    def compose(self, document: Document) -> str:
        return write_payload(document, self.writer)

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        yield from self.open_items.prepare(documents, self.search)

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request | Outcomes]:
        (claimed,) = documents
        payload = read_payload(claimed)
        if claimed.kind == "application":
            return (yield from request_change(claimed, payload, self.open_items, self.record))
        made = yield from self.request_record(claimed, payload)
        if isinstance(made, Withheld):
            # What is used up may be so by this very document, which a state that was lost does not know.
            ours = (yield from self.record.by_external_id({claimed.document_key: payload.record})).get(
                claimed.document_key
            )
            if ours is not None:
                return only(claimed, found_as(claimed, ours, payload, self.directory))
        return made if isinstance(made, Request) else only(claimed, made)

    def request_record(self, claimed: Claimed, payload: Payload) -> Steps[Request | Outcome]:
        """The request for a record of its own, or for a void; or what keeps it back."""
        if claimed.kind == "void":
            invoice = yield from check_void(claimed, payload, self.record, self.search)
            if not isinstance(invoice, Head):
                return invoice
            if self.wants.void_restlet is not None:
                return void_by_restlet(self.wants.void_restlet, invoice, claimed.document_key)
            self.open_items.heads[invoice.ledger_id] = invoice
        gone = yield from self.open_items.check_standing(claimed, payload, self.search)
        if gone is not None:
            return gone
        return (yield from request_new(claimed, payload, self.open_items, self.search, self.record))

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        (claimed,) = documents
        outcome = yield from read_answer(claimed, read_payload(claimed), request, answer)
        changes = claimed.kind == "application" or request.target == self.wants.void_restlet
        if changes and isinstance(outcome, Rejected | Withheld):
            # What is changed already, as by a run elsewhere or where a proxy asked twice, is refused in words of its own.
            # What is free for another refund of this run does not show it.
            payload = read_payload(claimed)
            promised = self.open_items.forget_promise(
                settled_id(claimed, payload), refund_of(claimed, payload)
            )
            seen = (yield from self.look_beside(documents, promised))[claimed.document_key]
            outcome = seen if isinstance(seen, Found) else outcome
        elif claimed.kind != "customer" and isinstance(
            outcome, Rejected | Withheld | PeriodClosed | NumberTaken
        ):
            # What is refused may stand already, by a run elsewhere, or where NetSuite refused it after it was written.
            payload = read_payload(claimed)
            made = yield from self.record.by_external_id({claimed.document_key: payload.record})
            ours = made.get(claimed.document_key)
            outcome = found_as(claimed, ours, payload, self.directory) if ours is not None else outcome
        self.open_items.settle(claimed.document_key, outcome)
        return {claimed.document_key: outcome}

    def undo(self, document: Claimed, posted: Posted, attempt_key: str) -> Request | None:
        """The record that was made a moment ago, and nothing of others."""
        if document.kind in ("application", "customer"):
            return None
        record = read_payload(document).record
        if document.kind == "void" and self.wants.void_restlet is not None:
            return None
        if posted.ledger_id in self.voided:
            # Somebody was faster, and it has no effect any more.
            return None
        return delete(record, internal_id(posted.ledger_id), document.document_key)

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        return (yield from self.look_beside(documents, 0))

    def look_beside(self, documents: Sequence[Claimed], promised: int) -> Steps[dict[str, Found | Absent]]:
        """A look at payments that were taken off invoices, beside what is `promised` of them to other refunds."""
        payloads = {one.document_key: read_payload(one) for one in documents}
        voids = self.wants.void_restlet is not None
        seen, heads = yield from look(
            documents, payloads, self.search, self.record, self.directory, voids, promised
        )
        self.voided |= {ledger_id for ledger_id, head in heads.items() if head.voided}
        self.open_items.learn(heads)
        return seen

    # ------------------------------------------------------------------------------------------ finding

    def find_sales(self, references: Sequence[Reference]) -> Steps[dict[str, Sale | None]]:
        return (yield from netsuite_sales.find_sales(references, self.directory, self.mapping, self.search))

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        return (
            yield from netsuite_found.scan(
                cursor, self.wants.start, self.directory, self.mapping, self.search
            )
        )

    def find_refunds(self, refunds: Mapping[str, date]) -> Steps[dict[str, list[Found]]]:
        return (yield from netsuite_found.find_refunds(refunds, self.directory, self.mapping, self.search))

    def find_customers(self, persons: Sequence[Person]) -> Steps[dict[str, tuple[str, str]]]:
        match = self.mapping.customer_match
        return (yield from netsuite_customers.find_customers(persons, match, self.directory))

    def find_documents(self, ledger_ids: Sequence[str]) -> Steps[dict[str, Found]]:
        return (
            yield from netsuite_found.find_documents(ledger_ids, self.directory, self.mapping, self.search)
        )

    def find_numbered(self, number: str) -> Steps[list[Found]]:
        return (yield from netsuite_found.find_numbered(number, self.directory, self.mapping, self.search))

    def numbers_taken(self, scope: str, numbers: Sequence[str]) -> Steps[dict[str, Found]]:
        return (
            yield from netsuite_found.numbers_taken(scope, numbers, self.directory, self.mapping, self.search)
        )
