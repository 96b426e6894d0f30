"""Where the tests of the contract find a ledger with empty books: one place for each kind of ledger.

A place knows what its ledger wants beyond the contract: a document made for all ledgers is dressed for this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from netsuite_place import open_netsuite_account
from pydantic import SecretStr
from quickbooks_books import KEY, QuickWorld, SharedClock, stock_company
from sqlalchemy import Engine
from vendors.netsuite.seeding import customer as seed_customer
from vendors.quickbooks import Company, FakeQuickBooks
from vendors.quickbooks.oauth import CLIENT_ID, CLIENT_SECRET, TOKEN_PATH
from vendors.quickbooks.writing import write
from xero_place import open_organisation

from connector.delivery.push import PushLimits
from connector.ledger_kinds import LEDGERS, Opening
from connector.ledgers.contract import (
    Absent,
    Claimed,
    Courier,
    Found,
    Ledger,
    Outcome,
    Parent,
    Partly,
    Posted,
    Reference,
    Request,
    Taken,
    run_steps,
)
from connector.planning.keys import document_key
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import REFUND_TYPES, Document, DocumentLine, Kind, Sale, Settles
from connector.settings.connections import BeancountConnection, Connection, QuickbooksOnlineConnection
from connector.store.codec import encode_document
from connector.store.database import open_database
from connector.world import World

CUSTOMER = 'Jo "J." Smith, Söhne & Co'
DAY = date(2026, 3, 5)


def as_it_is(document: Document) -> Document:
    return document


@dataclass
class Place:
    """A ledger with empty books. `book_by_hand` writes an invoice as a person would: number, customer, total; `dress`
    gives a document what this ledger wants of it.

    `changes` are the kinds that change another document and are none of their own in the books; `payees` whom those kinds
    show in the place of the customer, None for nobody; `refuses_numbers`: a number that others hold is told by its
    refusal, and not before.
    """

    ledger: Ledger
    courier: Courier
    mapping: LedgerMapping
    again: Callable[[], tuple[Ledger, Courier]]
    book_by_hand: Callable[[str, str, int], None]
    dress: Callable[[Document], Document] = as_it_is
    changes: frozenset[Kind] = frozenset()
    payees: Mapping[Kind, str | None] = field(default_factory=dict)
    refuses_numbers: bool = False
    posted: dict[str, Posted] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    attempts: Iterator[int] = field(default_factory=lambda: count(1))

    def claim(self, document: Document) -> Claimed:
        return Claimed(
            document.document_key,
            document.kind,
            document.number,
            document.amount_minor,
            document.currency,
            self.ledger.batch_group(document),
            encode_document(document),
            self.ledger.compose(document),
            parents={
                key: Parent(self.kinds[key], self.posted[key].ledger_id)
                for key in document.after
                if key in self.posted
            },
        )

    def send(self, documents: Sequence[Document]) -> dict[str, Outcome]:
        """One request for documents of one group, an attempt of its own."""
        claimed = [self.claim(document) for document in documents]
        attempt_key = f"{next(self.attempts):032x}"
        request = run_steps(self.ledger.request(claimed, attempt_key), self.courier)
        outcomes: dict[str, Outcome] = {}
        if isinstance(request, Partly):
            outcomes.update(request.outcomes)
            request = request.request
        if not isinstance(request, Request):
            return dict(request)
        claimed = [one for one in claimed if one.document_key not in outcomes]
        answer = self.courier.carry(request)
        outcomes |= run_steps(self.ledger.read(claimed, request, answer), self.courier)
        return outcomes | self.read_back(claimed, outcomes)

    def read_back(self, claimed: Sequence[Claimed], outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
        """What a ledger says of documents of whose writing it told nothing but their ids."""
        taken = {key: outcome.ledger_id for key, outcome in outcomes.items() if isinstance(outcome, Taken)}
        asked = [
            replace(one, ledger_id=taken[one.document_key]) for one in claimed if one.document_key in taken
        ]
        told: dict[str, Outcome] = {}
        if asked:
            for key, hit in run_steps(self.ledger.look(asked), self.courier).items():
                assert isinstance(hit, Found) and hit.ledger_id == taken[key], hit
                told[key] = Posted(
                    hit.ledger_id,
                    hit.number,
                    hit.amount_minor,
                    hit.currency,
                    replaced_number=hit.replaced_number,
                )
        return told

    def post(self, documents: Sequence[Document]) -> None:
        """Each in a request of its own, in order."""
        for document in documents:
            outcome = self.send([document])[document.document_key]
            assert isinstance(outcome, Posted), (document.kind, outcome)
            self.posted[document.document_key] = outcome
            self.kinds[document.document_key] = document.kind

    def look(self, documents: Sequence[Document]) -> dict[str, Found | Absent]:
        return run_steps(self.ledger.look([self.claim(document) for document in documents]), self.courier)

    def scan(self) -> list[Found]:
        found: list[Found] = []
        cursor: str | None = None
        for _ in range(100):
            page, cursor = run_steps(self.ledger.scan(cursor), self.courier)
            found += page
            if cursor is None:
                return found
        raise AssertionError("a scan that does not end")

    def find_sale(self, charge_id: str, number: str | None) -> Sale | None:
        reference = Reference(charge_id, "usd", number, day=DAY)
        return run_steps(self.ledger.find_sales([reference]), self.courier)[charge_id]

    def reopened(self) -> Place:
        """The same books with an adapter that has seen nothing yet."""
        ledger, courier = self.again()
        return replace(self, ledger=ledger, courier=courier)


def opening_of(
    mapping: LedgerMapping,
    connection: Connection,
    world: World,
    engine: Engine | None = None,
    state_url: str = "",
    key: str = "",
) -> Opening:
    return Opening(
        name="main",
        mapping=mapping,
        connection=connection,
        world=world,
        engine=engine,
        state_url=state_url,
        token_key=lambda: SecretStr(key),
        start=date(2026, 1, 1),
        sales="sales_receipt",
        fees=True,
        types=frozenset(REFUND_TYPES),
        rules=(),
        limits=PushLimits(),
        zone=ZoneInfo("UTC"),
    )


def open_surveyed(opening: Opening, kind: str) -> tuple[Ledger, Courier]:
    ledger, courier = LEDGERS[kind][1](opening)
    run_steps(ledger.survey(), courier)
    return ledger, courier


# ------------------------------------------------------------------------------------------------ Beancount


@contextmanager
def open_beancount_place(folder: Path, mapping: LedgerMapping) -> Iterator[Place]:
    connection = BeancountConnection(path=str(folder / "books"))

    def again() -> tuple[Ledger, Courier]:
        return LEDGERS["beancount"][1](opening_of(mapping, connection, World({})))

    def book_by_hand(number: str, customer: str, total: int) -> None:
        books = folder / "books"
        books.mkdir(exist_ok=True)
        main = books / "main.beancount"
        if not main.exists() or 'include "by-hand.beancount"' not in main.read_text(encoding="utf-8"):
            with open(main, "a", encoding="utf-8") as file:
                file.write('include "by-hand.beancount"\n')
        with open(books / "by-hand.beancount", "a", encoding="utf-8") as file:
            file.write(
                f'2026-02-01 * "{customer}" "By hand"\n  kind: "invoice"\n  number: "{number}"\n'
                f"  {mapping.sales}  -{total // 100}.{total % 100:02d} USD\n"
                f"  {mapping.receivable('usd')}  {total // 100}.{total % 100:02d} USD\n\n"
            )

    ledger, courier = again()
    yield Place(ledger, courier, mapping, again, book_by_hand)


# ------------------------------------------------------------------------------------------------ QuickBooks Online


@contextmanager
def open_quickbooks_place(folder: Path, mapping: LedgerMapping) -> Iterator[Place]:
    """A company of the United States with sales tax that numbers by hand, as most do who number sales by orders."""
    world = QuickWorld(environment={})
    company = Company(clock=SharedClock(world), sales_tax="by_code")
    stock_company(company)
    customer = write(company, "Customer", {"DisplayName": CUSTOMER})["Id"]
    state_url = f"sqlite:///{folder / 'state.db'}"
    engine = open_database(state_url, "acme", "own")
    with FakeQuickBooks(company) as fake:
        connection = QuickbooksOnlineConnection(
            realm_id=company.realm,
            client_id=CLIENT_ID,
            client_secret=SecretStr(CLIENT_SECRET),
            refresh_token=SecretStr(fake.oauth.grant().refresh),
            base_url=fake.base_url,
            token_url=f"{fake.base_url}{TOKEN_PATH}",
        )

        def again() -> tuple[Ledger, Courier]:
            opening = opening_of(mapping, connection, world, engine, state_url, KEY)
            return open_surveyed(opening, "quickbooks_online")

        def book_by_hand(number: str, customer: str, total: int) -> None:
            made = write(company, "Customer", {"DisplayName": customer})["Id"]
            invoice_by_hand(company, number, made, total)

        def dress(document: Document) -> Document:
            return dress_for_quickbooks(company, customer, document)

        ledger, courier = again()
        yield Place(
            *(ledger, courier, mapping, again, book_by_hand, dress),
            changes=frozenset({"void"}),
            payees={"fee": None, "exchange": None},
            refuses_numbers=True,
        )
    engine.dispose()


def invoice_by_hand(company: Company, number: str, customer: str, total: int) -> str:
    """The id of an open invoice of one untaxed line."""
    line = {
        "Amount": Decimal(total).scaleb(-2),
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {"ItemRef": {"value": "3"}, "TaxCodeRef": {"value": "NON"}},
    }
    body = {
        "DocNumber": number,
        "CustomerRef": {"value": customer},
        "TxnDate": "2026-02-01",
        "Line": [line],
    }
    return str(write(company, "Invoice", body)["Id"])


def dress_for_quickbooks(company: Company, customer: str, document: Document) -> Document:
    """A customer by id, items on the lines, what a reversal is of, and what is paid, paid out or voided: of our own by
    key, and for a void an invoice that somebody booked."""
    kind, subject = document.kind, document.subject_id
    lines = tuple(replace(line, item="Widget") for line in document.lines)
    part, settles, after = document.part, document.settles, document.after
    if kind == "reversal":
        part = "refund_receipt"
        sale, tax, whole = document.entries
        line = DocumentLine("1", "Widget", sale.account, sale.credit_minor, tax.credit_minor, tax.account)
        lines = (replace(line, item="Widget"),)
        assert whole.debit_minor == document.amount_minor
    if kind == "void":
        number = f"H-{document.number}"
        known = company.shelf.numbered("Invoice", number)
        total = document.amount_minor
        made = known[0] if known else invoice_by_hand(company, number, customer, total)
        settles = Settles("invoice", ledger_id=made)
    forerunner: dict[str, Kind] = {
        "payment": "invoice",
        "credit_card_refund": "credit_memo",
        "refund_payout": "credit_memo",
    }
    if kind in forerunner:
        key = document_key("acme", "main", "own", subject, forerunner[kind])
        settles, after = Settles(forerunner[kind], document_key=key), (key,)
    return replace(
        document,
        lines=lines,
        part=part,
        settles=settles,
        after=after,
        refs=(("customer", customer),),
    )


# ------------------------------------------------------------------------------------------------ Xero


@contextmanager
def open_xero_place(folder: Path, mapping: LedgerMapping) -> Iterator[Place]:
    with open_organisation(CUSTOMER) as (world, connection, dress):

        def again() -> tuple[Ledger, Courier]:
            return open_surveyed(opening_of(mapping, connection, world), "xero")

        def book_by_hand(number: str, customer: str, total: int) -> None:
            dress.form("Invoices", number, {"Name": customer}, total)

        ledger, courier = again()
        yield Place(
            *(ledger, courier, mapping, again, book_by_hand, dress),
            changes=frozenset({"void"}),
            payees={"fee": "Stripe"},
            refuses_numbers=True,
        )


# ------------------------------------------------------------------------------------------------ NetSuite


@contextmanager
def open_netsuite_place(folder: Path, mapping: LedgerMapping) -> Iterator[Place]:
    with open_netsuite_account(CUSTOMER) as (world, connection, dress):

        def again() -> tuple[Ledger, Courier]:
            return open_surveyed(opening_of(mapping, connection, world), "netsuite")

        def book_by_hand(number: str, customer: str, total: int) -> None:
            seed_customer(dress.account, customer)
            dress.form("invoice", number, customer, total)

        ledger, courier = again()
        yield Place(
            *(ledger, courier, mapping, again, book_by_hand, dress),
            changes=frozenset({"void"}),
            payees={"fee": None, "exchange": None},
        )


# One line for each ledger kind: how to open empty books of it for a test.
PLACES: dict[str, Callable[[Path, LedgerMapping], AbstractContextManager[Place]]] = {
    "beancount": open_beancount_place,
    "quickbooks_online": open_quickbooks_place,
    "netsuite": open_netsuite_place,
    "xero": open_xero_place,
}
