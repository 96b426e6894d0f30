"""What every ledger adapter promises. An adapter is a class that satisfies `Ledger`; there is no base class.

An adapter does no I/O: it yields requests and receives answers (`Steps`), and a courier carries them. What an adapter
cannot read from an answer is `Unknown`, which is neither success nor failure.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import Protocol, TypeVar

from connector.planning.model import Document, Entry, Sale
from connector.planning.values import value

T = TypeVar("T")


@value(frozen=True, slots=True)
class Request:
    """One request: `method` and `target` as the courier understands them, the exact `body` that goes out."""

    method: str
    target: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    document_keys: tuple[str, ...] = ()


@value(frozen=True, slots=True)
class Answer:
    """What came back; `arrived` is False where nothing did, and then nothing is known of the request's effect.

    `sentence` are the courier's own words where it did not send: nothing left this machine.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    arrived: bool = True
    sentence: str | None = None


Steps = Generator[Request, Answer, T]


@value(frozen=True, slots=True)
class Capabilities:
    """What a ledger can do, known before anything is sent.

    `number_length` and `short_id_length` (how much of a Stripe id is kept as a number) are in characters, None: no
    limit. `settle_after_s` is how long after a doubtful write an "absent" answer is not yet believed,
    `shows_all_after_s` how long its searches may not show a write yet (None: as long as that), `throttle_wait_ms` how
    long the ledger is left alone that asks to slow down and names no time.
    `lines_by_item`: a line of a sales form is of an item, which says its account; so exchange takes an item too.
    `receivable_lines`: a line of a form can be of a receivable. `makes_customers`: a document needs a customer that the
    ledger knows. `voids`: documents of these kinds can
    be voided where they stand and keep their number and key. `payments_need_forms`: a payment names the form that it pays
    when it is written. `receipts_in_clearing_currency`: a receipt stands in the currency of the account of its money.
    `refuses_numbers`: a number that another document has is refused when it is written. `pays_what_came_back`: where a
    payment has too little left, what a failed refund brought back of it is paid out.
    """

    kind: str
    refund_types: frozenset[str]
    number_length: int | None = None
    short_id_length: int | None = 10
    batch_size: int = 1
    concurrency: int = 1
    settle_after_s: int = 0
    shows_all_after_s: int | None = None
    throttle_wait_ms: int = 1000
    lines_by_item: bool = False
    makes_customers: bool = False
    voids: frozenset[str] = frozenset()
    payments_need_forms: bool = False
    receipts_in_clearing_currency: bool = False
    receivable_lines: bool = True
    refuses_numbers: bool = False
    pays_what_came_back: bool = False


@value(frozen=True, slots=True)
class AccountSpan:
    """From which day, to which day and in which currencies (none named: in all) an account takes postings; `fault` says
    why it takes none, as what follows its name."""

    opened: date
    closed: date | None = None
    currencies: frozenset[str] = frozenset()
    fault: str | None = None


@value(frozen=True, slots=True)
class Company:
    """What the ledger says about itself and the names in the mapping. Problems are sentences for `check`; `lost` are
    the keys of documents that the books no longer hold. `company_id` is the ledger's own id of the company where the
    settings need not name one. Currencies, accounts, roots, `item_accounts`, `takes_tax`, `needs_tax_code` and
    `tax_faults` as in `LedgerPolicy`."""

    title: str
    closed_until: date | None = None
    home_currency: str | None = None
    holds_charge_currency: bool = False
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    accounts: Mapping[str, AccountSpan] = field(default_factory=dict)
    roots: frozenset[str] = frozenset()
    item_accounts: Mapping[str, str] = field(default_factory=dict)
    takes_tax: bool = True
    needs_tax_code: bool = False
    tax_faults: Mapping[str, str] = field(default_factory=dict)
    company_id: str | None = None


@value(frozen=True, slots=True)
class Person:
    """A customer of Stripe's, to be found among the ledger's: `subject` is the Stripe customer's id, or that of the
    charge of a guest. `currency` is that of the document."""

    subject: str
    name: str | None
    email: str | None
    currency: str


@value(frozen=True, slots=True)
class Reference:
    """How a sale may be found: by its number, or by a Stripe id that stands in the ledger's documents. `day` is that of
    the charge.

    A refund that names no charge, and whose sale a person named (`ledger_id`), has its own id as `charge_id`. The sale
    is read as if our documents with the keys `without` did not stand in the books.
    """

    charge_id: str
    charge_currency: str
    number: str | None
    stripe_ids: tuple[str, ...] = ()
    ledger_id: str | None = None
    without: tuple[str, ...] = ()
    day: date | None = None


@value(frozen=True, slots=True)
class Found:
    """A document that stands in the books; `document_key` is None where the connector did not write it.

    `voided`: it stands there without effect, as one that was voided or deleted and is still shown; only `scan` tells of
    such. Only `find_documents` reads the `entries`, in the order of the books, and `line_ids`, for each entry the line of the
    sale that it takes back where the ledger keeps that. `replaced_number` as in `Posted`; `number` is ours then.
    Only a look tells `astray`, the account that the ledger put the money of a document of ours on in the place of the one
    that was sent, and `unposted`: it stands there and is in no account, since it waits for somebody's approval.
    """

    ledger_id: str
    document_key: str | None
    kind: str | None
    number: str | None
    refund_id: str | None
    charge_id: str | None
    amount_minor: int
    currency: str
    posting_date: date
    customer: str | None = None
    sale_number: str | None = None
    income_minor: int = 0
    cash_minor: int = 0
    entries: tuple[Entry, ...] = ()
    line_ids: tuple[str | None, ...] = ()
    voided: bool = False
    replaced_number: str | None = None
    astray: str | None = None
    unposted: bool = False


@value(frozen=True, slots=True)
class Parent:
    """A document that another one follows, as it stands in the books; `taken_back`: a reversal of it stands there too."""

    kind: str
    ledger_id: str
    taken_back: bool = False


@value(frozen=True, slots=True)
class Claimed:
    """A document on its way: what a request needs of it. `decode_document(content)` gives the rest.

    `bare`: the ledger refused it the number that its refund settled on; it goes with the ledger's own override, or
    without a number. `parents` are those that it follows and that stand in the books, by document key. `ledger_id`: it was
    `Taken` under this id, and has not been read back yet.
    """

    document_key: str
    kind: str
    number: str | None
    amount_minor: int
    currency: str
    batch_group: str
    content: str
    payload: str
    bare: bool = False
    parents: Mapping[str, Parent] = field(default_factory=dict)
    ledger_id: str | None = None


@value(frozen=True, slots=True)
class Absent:
    """The ledger was asked and has no such document. `by_id`: asked for the id of the `Claimed`, so by no lagging index."""

    by_id: bool = False


@value(frozen=True, slots=True)
class Posted:
    """`replaced_number`: the number that the ledger put in the place of ours, which the document keeps."""

    ledger_id: str
    number: str | None
    amount_minor: int
    currency: str
    replaced_number: str | None = None


@value(frozen=True, slots=True)
class Taken:
    """The ledger took the document, and its answer says no more than its id: number and total are read back with those of
    the others of its wave, when that is through."""

    ledger_id: str


@value(frozen=True, slots=True)
class NumberTaken:
    """The number stands on another document, `holder` where the ledger tells; nothing was written."""

    holder: Found | None


@value(frozen=True, slots=True)
class Stale:
    """A version had moved on; nothing was written."""


@value(frozen=True, slots=True)
class Unauthorised:
    sentence: str


@value(frozen=True, slots=True)
class Throttled:
    wait_s: int | None


@value(frozen=True, slots=True)
class Down:
    """The ledger cannot be written to now, and for certain wrote nothing."""

    sentence: str


@value(frozen=True, slots=True)
class PeriodClosed:
    sentence: str


@value(frozen=True, slots=True)
class Rejected:
    """The ledger refused and wrote nothing; `words` are its own."""

    code: str
    words: str


@value(frozen=True, slots=True)
class Withheld:
    """What was read just before forbids the write; nothing was sent. `action` says what to do before
    it is tried again."""

    reason: str
    sentence: str
    action: str


@value(frozen=True, slots=True)
class Apart:
    """The ledger refused several documents in one request without saying which is wrong, and wrote none of them: each is
    to be sent by itself."""


@value(frozen=True, slots=True)
class Unknown:
    """No answer, or one that cannot be understood: the document may or may not stand in the books.

    `told`: the ledger says that it has the document, and not how: it is read at once.
    """

    why: str
    told: bool = False


# Nothing was written.
Refused = Stale | Unauthorised | Throttled | Down | PeriodClosed | Rejected | Withheld | Apart
Outcome = Posted | Taken | Found | Absent | NumberTaken | Refused | Unknown
Outcomes = Mapping[str, Outcome]


@value(frozen=True, slots=True)
class Partly:
    """A request for some documents, and what became of the others, for which nothing is sent."""

    request: Request
    outcomes: Outcomes


class Ledger(Protocol):
    """A ledger adapter. Generators yield reads only; `request` yields reads and returns the one writing request.

    `survey` comes first: the rest may rest on what it learned.
    """

    capabilities: Capabilities

    def remember(self) -> bytes | None:
        """What the adapter wants to be handed the next time it is opened; None: nothing, or nothing new."""

    def survey(self) -> Steps[Company]:
        """Read what the company is and whether every mapped name can be used as mapped."""

    def find_sales(self, references: Sequence[Reference]) -> Steps[dict[str, Sale | None]]:
        """The sale of each reference, by charge id; None where the books have none."""

    def scan(self, cursor: str | None) -> Steps[tuple[list[Found], str | None]]:
        """A page of the documents in the books that bear a document key, or a Stripe refund or charge id, and the
        cursor of the next page or None."""

    def find_refunds(self, refunds: Mapping[str, date]) -> Steps[dict[str, list[Found]]]:
        """Documents in the books that bear one of these refund ids, whoever wrote them; with the days of the refunds,
        before which nobody booked them."""

    def find_customers(self, persons: Sequence[Person]) -> Steps[dict[str, tuple[str, str]]]:
        """The ledger's id and name of each of these, by subject, as far as it knows them."""

    def find_documents(self, ledger_ids: Sequence[str]) -> Steps[dict[str, Found]]:
        """The documents that have these ledger ids, as a person names them, with their entries."""

    def find_numbered(self, number: str) -> Steps[list[Found]]:
        """The sales with this number, whoever wrote them; a payment alone only where there is no other."""

    def numbers_taken(self, scope: str, numbers: Sequence[str]) -> Steps[dict[str, Found]]:
        """Which of these numbers are held by a document that is not ours, with the holder. `scope`: `sale` numbers
        of invoices and receipts, `refund` numbers of what takes them back."""

    def expand(self, document: Document) -> list[Document]:
        """The one-write documents that this document takes in this ledger, ordered by `after`. Pure."""

    def compose(self, document: Document) -> str:
        """The content to be written, with holes for what is not yet known. Pure, at plan time."""

    def batch_group(self, document: Document) -> str:
        """Documents of one group may share a request."""

    def look(self, documents: Sequence[Claimed]) -> Steps[dict[str, Found | Absent]]:
        """Is the effect of each document there? By document key. One that was `Taken` is asked for by its id too."""

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        """Read at once what the requests for these documents, which are about to be made, need to know."""

    def request(self, documents: Sequence[Claimed], attempt_key: str) -> Steps[Request | Partly | Outcomes]:
        """The ONE writing request for these documents; it may read versions and current lines first. And what became
        of each for which nothing is to be sent: its effect is there, or a guard does not hold."""

    def read(self, documents: Sequence[Claimed], request: Request, answer: Answer) -> Steps[Outcomes]:
        """One outcome for each document key of the request; a missing one is Unknown. May read who holds a number."""

    def undo(self, document: Claimed, posted: Posted, attempt_key: str) -> Request | None:
        """The request that takes out again what was just written with another total than planned; None where that is
        not safe."""


class Courier(Protocol):
    """Carries requests to where the ledger is. It raises nothing: what did not arrive is an Answer that says so."""

    def carry(self, request: Request) -> Answer: ...


def run_steps(steps: Steps[T], courier: Courier) -> T:
    """Drive a generator of reads to its end with a courier."""
    try:
        request = next(steps)
        while True:
            request = steps.send(courier.carry(request))
    except StopIteration as stop:
        result: T = stop.value
        return result
