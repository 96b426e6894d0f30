"""QuickBooks Online: one company, over the Accounting API v3.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account (and its neighbours)
A document is one write. Our key and the Stripe ids stand in PrivateNote, which QuickBooks cannot search: what is looked
for is found by number, by date or by id, and recognised here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from connector.ledgers import quickbooks_customers, quickbooks_found, quickbooks_sales
from connector.ledgers.contract import (
    Absent,
    AccountSpan,
    Answer,
    Claimed,
    Company,
    Found,
    NumberTaken,
    Outcomes,
    Person,
    Posted,
    Reference,
    Request,
    Steps,
)
from connector.ledgers.json_wire import JSON_TYPE, encode
from connector.ledgers.mapped_names import named_accounts
from connector.ledgers.quickbooks_answers import read_answer, row_of, undo_request
from connector.ledgers.quickbooks_capabilities import QUICKBOOKS_ONLINE
from connector.ledgers.quickbooks_check import findings
from connector.ledgers.quickbooks_credits import Credits
from connector.ledgers.quickbooks_directory import Directory, read_directory
from connector.ledgers.quickbooks_forms import FormWriter
from connector.ledgers.quickbooks_links import only, refuse_gone, request_link, request_payment, request_void
from connector.ledgers.quickbooks_look import look
from connector.ledgers.quickbooks_memory import Memory, pack, unpack
from connector.ledgers.quickbooks_payload import OVERRIDE, post, read_payload, write_payload
from connector.ledgers.quickbooks_roles import expand
from connector.ledgers.quickbooks_window import Window
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Document, Sale
from connector.planning.values import value

ALWAYS = date(1900, 1, 1)
FORMS = frozenset({"invoice", "sales_receipt", "credit_memo", "refund_receipt"})


@value(frozen=True, slots=True)
class Wants:
    """What the settings ask of the company, for `check`: the form of the sales that are posted (or `find`), whether fees
    are booked, the refund types that are on, whether a rule makes credit memos. Documents are looked for from `start`
    on. `realm` is the company's id; what was remembered of another one is of no use."""

    start: date
    sales: str = "find"
    fees: bool = False
    types: frozenset[str] = frozenset()
    leaves_memos: bool = False
    realm: str = ""


class QuickbooksOnlineLedger:
    """One company. `survey` comes before everything else."""

    capabilities = QUICKBOOKS_ONLINE

    def __init__(self, mapping: LedgerMapping, wants: Wants, memory: bytes | None = None) -> None:
        self.mapping = mapping
        self.wants = wants
        self.known = unpack(memory, wants.realm)
        # Whether a number may stand once among all sales forms; learned from the first refusal.
        self.shared_numbers = self.known.shared_numbers
        self.lists = self.known.lists
        # Those of sales that were in a refund's way.
        self.sale_numbers: set[str] = set()
        self.credits = Credits()
        self.directory: Directory
        self.writer: FormWriter

    def remember(self) -> bytes | None:
        memory = Memory(self.shared_numbers, self.lists)
        return None if memory == self.known else pack(memory, self.wants.realm)

    @property
    def home(self) -> str:
        return self.directory.preferences.home

    def survey(self) -> Steps[Company]:
        self.directory = yield from read_directory(self.mapping, self.lists)
        self.lists = self.directory.lists
        self.writer = FormWriter(self.directory, self.mapping)
        prefs = self.directory.preferences
        problems, warnings = findings(
            self.directory, self.mapping, self.wants, (yield from self.has_default_customer())
        )
        return Company(
            title=prefs.title,
            closed_until=prefs.closed_until,
            home_currency=prefs.home,
            holds_charge_currency=prefs.multi_currency,
            accounts=self.account_spans(),
            problems=problems,
            warnings=warnings,
            item_accounts=self.directory.item_accounts,
            takes_tax=prefs.sales_tax != "off",
            needs_tax_code=prefs.sales_tax == "by_line",
        )

    def has_default_customer(self) -> Steps[bool]:
        """Asked only where sales may need it."""
        name = self.mapping.customer_default
        if name is None or self.wants.sales == "find":
            return True
        return bool((yield from self.find_customers([Person("default", name, None, self.home)])))

    def account_spans(self) -> dict[str, AccountSpan]:
        """Accounts that the mapping names and QuickBooks does not have, or has several of, take nothing."""
        accounts = self.directory.accounts
        lacking = [name for name in named_accounts(self.mapping) if accounts.find(name) is None]
        return {
            name: AccountSpan(
                ALWAYS,
                fault="is the name of several in QuickBooks"
                if accounts.namesakes(name)
                else "is not in QuickBooks, or was made inactive there",
            )
            for name in lacking
        }

    # ------------------------------------------------------------------------------------------ writing

    def expand(self, document: Document) -> list[Document]:
        """The document, and the links and customers that QuickBooks wants written by themselves."""
        return expand(document, self.writer.accounts(document))

    def batch_group(self, document: Document) -> str:
        """Each is a request of its own: a batch has no request id."""
        return ""

    def compose(self, document: Document) -> str:
        return write_payload(document, self.writer)

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        yield from self.credits.prepare(documents)

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request | Outcomes]:
        (claimed,) = documents
        payload = read_payload(claimed)
        if claimed.kind == "application":
            return (yield from request_link(claimed, payload, attempt_key, self.writer))
        if claimed.kind == "void":
            return (yield from request_void(claimed, payload, attempt_key))
        gone = yield from refuse_gone(claimed, payload)
        if gone is not None:
            return only(claimed, gone)
        if payload.entity == "Payment":
            return (yield from request_payment(claimed, payload, attempt_key, self.writer))
        used = yield from self.credits.check(claimed, payload)
        if used is not None:
            return only(claimed, used)
        if claimed.bare and payload.told_apart is not None:
            body = {**payload.body, "DisplayName": payload.told_apart}
            return post(claimed, payload.entity, body, attempt_key)
        parameters = (OVERRIDE,) if payload.override or claimed.bare else ()
        return post(claimed, payload.entity, payload.body, attempt_key, *parameters)

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        (claimed,) = documents
        payload = read_payload(claimed)
        outcome = yield from read_answer(claimed, payload, request, answer, self.home)
        if isinstance(outcome, NumberTaken) and outcome.holder is not None:
            kinds = {claimed.kind, outcome.holder.kind or ""}
            self.shared_numbers |= len(kinds & FORMS) == 2
        row = row_of(answer, payload.entity) if isinstance(outcome, Posted) else None
        if row is not None:
            self.credits.learn(payload.entity, row)
        return {claimed.document_key: outcome}

    def undo(self, document: Claimed, posted: Posted, attempt_key: str) -> Request | None:
        made = undo_request(document, read_payload(document).entity, posted.ledger_id)
        if made is None:
            return None
        target = f"{made[0]}&requestid={attempt_key}"
        return Request("POST", target, encode(made[1]), JSON_TYPE, (document.document_key,))

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        return (yield from look(documents, self.home))

    # ------------------------------------------------------------------------------------------ finding

    seen: tuple[Directory, Window] | None = None

    def window(self) -> Window:
        """What has been read by day since the last survey."""
        if self.seen is None or self.seen[0] is not self.directory:
            self.seen = (self.directory, Window())
        return self.seen[1]

    def find_sales(self, references: Sequence[Reference]) -> Steps[dict[str, Sale | None]]:
        return (
            yield from quickbooks_sales.find_sales(references, self.directory, self.mapping, self.window())
        )

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        return (yield from quickbooks_found.scan(cursor, self.wants.start, self.directory, self.mapping))

    def find_refunds(self, refunds: Mapping[str, date]) -> Steps[dict[str, list[Found]]]:
        return (
            yield from quickbooks_found.find_refunds(refunds, self.directory, self.mapping, self.window())
        )

    def find_customers(self, persons: Sequence[Person]) -> Steps[dict[str, tuple[str, str]]]:
        match = self.mapping.customer_match
        return (yield from quickbooks_customers.find_customers(persons, match, self.directory))

    def find_documents(self, ledger_ids: Sequence[str]) -> Steps[dict[str, Found]]:
        return (yield from quickbooks_found.find_documents(ledger_ids, self.directory, self.mapping))

    def find_numbered(self, number: str) -> Steps[list[Found]]:
        return (yield from quickbooks_found.find_numbered(number, self.directory, self.mapping))

    def numbers_taken(self, scope: str, numbers: Sequence[str]) -> Steps[dict[str, Found]]:
        if scope == "refund" and len(numbers) == 1 and self.is_behind_a_sale(numbers[0]):
            return {}
        found = yield from quickbooks_found.numbers_taken(
            scope, numbers, self.directory, self.mapping, self.shared_numbers
        )
        if scope == "refund" and self.shared_numbers:
            self.sale_numbers |= found.keys()
        return found

    def is_behind_a_sale(self, number: str) -> bool:
        """Whether it is what comes next after a number that a sale was just seen to hold, as 100-1 after 100: QuickBooks
        refuses it by itself where somebody has it, and two reads for each refund would cost more."""
        refuses = self.shared_numbers and self.directory.preferences.custom_numbers
        ends = (at for at in range(1, len(number)) if not number[at].isalnum())
        return refuses and any(number[:at] in self.sale_numbers for at in ends)
