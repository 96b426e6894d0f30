"""Transactions of NetSuite record by record: filters that an account may not take, what only the record says, few reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from netsuite_reading import BY_RECORD, DAY, KEYS, START, Reading, id_of, note, reading
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

from connector.errors import LedgerDown
from connector.ledgers.contract import Answer, Reference, Request, Steps, run_steps
from connector.ledgers.netsuite_by_record import RecordReader
from connector.ledgers.netsuite_filters import LONGEST, Filters, either, packed
from connector.ledgers.netsuite_record_rows import is_unapproved, is_voided, read_head, type_in
from connector.ledgers.netsuite_rows import Customer

T = TypeVar("T")


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading(BY_RECORD) as opened:
        yield opened


class Canned:
    """A courier that answers a filter by what `refuses` it, and else with these ids; records as they are told."""

    def __init__(self, refuses: Callable[[str], bool] = lambda q: False, ids: tuple[str, ...] = ()) -> None:
        self.refuses = refuses
        self.ids = ids
        self.rows: dict[str, Json] = {}
        self.asked: list[str] = []

    def carry(self, request: Request) -> Answer:
        target = unquote(request.target).removeprefix("/services/rest/record/v1/")
        self.asked.append(target)
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
        if "q" in query:
            if self.refuses(query["q"]):
                return refusal(400, "INVALID_PARAMETER", "Invalid search query.")
            return Answer(
                200, json.dumps({"items": [{"id": one} for one in self.ids], "hasMore": False}).encode()
            )
        row = self.rows.get(target.partition("?")[0])
        return (
            refusal(404, "NONEXISTENT_ID", "None.") if row is None else Answer(200, json.dumps(row).encode())
        )

    def run(self, steps: Steps[T]) -> T:
        return run_steps(steps, self)


def refusal(status: int, code: str, words: str) -> Answer:
    told = {"status": status, "o:errorDetails": [{"detail": words, "o:errorCode": code}]}
    return Answer(status, json.dumps(told).encode())


# ---------------------------------------------------------------------------------------------- filters


def test_a_day_that_a_filter_does_not_take_is_left_out() -> None:
    canned = Canned(lambda q: "tranDate" in q, ("7",))
    filters = Filters()
    terms = ["entity ANY_OF [1]"]
    assert canned.run(filters.ids("invoice", terms, START)) == ["7"]
    assert canned.run(filters.ids("invoice", terms, START)) == ["7"]
    # It is tried once.
    assert ["tranDate" in one for one in canned.asked] == [True, False, False]


def test_what_can_be_spared_is_asked_for_once() -> None:
    canned = Canned(lambda q: "otherRefNum" in q, ("7",))
    filters = Filters()
    for _ in range(2):
        assert canned.run(filters.ids("invoice", ['otherRefNum CONTAIN "ch_1"'], spare=True)) == []
    assert canned.run(filters.ids("invoice", ['memo CONTAIN "ch_1"'], spare=True)) == ["7"]
    assert len(canned.asked) == 2


def test_what_cannot_be_spared_is_not_taken_for_nothing() -> None:
    """That a customer has no payments must be known, and not be what a refused filter left."""
    canned = Canned(lambda q: True)
    with pytest.raises(LedgerDown, match="Invalid search query"):
        canned.run(Filters().ids("customerPayment", ["customer ANY_OF [1]"], START))


def test_many_terms_are_as_many_addresses_as_it_takes() -> None:
    terms = either("memo", "CONTAIN", [f"ch_{n:024}" for n in range(300)])
    pages = list(packed(terms))
    assert [term for page in pages for term in page] == terms
    assert all(len(" OR ".join(page)) <= LONGEST for page in pages)
    assert len(pages) < len(list(packed(terms, dated=True)))
    assert list(packed([])) == []


def test_a_quotation_mark_cannot_be_asked_for() -> None:
    assert either("tranId", "IS", ['a"b', "c", ""]) == ['tranId IS "c"']


def test_a_page_may_be_one_of_many(books: Reading) -> None:
    made = [id_of(books.unapplied("1", memo=f"ch_{n}")) for n in range(101)]
    reader = books.reader
    found, cursor = books.run(reader.page(START, "customerPayment:0"))
    assert ([head.ledger_id for head in found], cursor) == (made[:100], "customerPayment:100")
    found, cursor = books.run(reader.page(START, cursor))
    assert [head.ledger_id for head in found] == made[100:]
    assert cursor is not None and cursor.endswith(":0")


# ---------------------------------------------------------------------------------------------- what a record says


@pytest.mark.parametrize(
    ("record", "status", "voided"),
    [
        ("invoice", {"id": "A", "refName": "Open"}, False),
        ("invoice", {"id": "V", "refName": "Entwertet"}, True),
        ("creditMemo", {"id": "creditMemo:V", "refName": "Voided"}, True),
        ("customerPayment", {"id": "R", "refName": "Storniert"}, True),
        ("customerRefund", {"id": "R", "refName": "Not Deposited"}, False),
        ("cashSale", {}, False),
    ],
)
def test_what_was_voided(record: str, status: Json, voided: bool) -> None:
    assert is_voided(record, {"status": status}, 0) is voided


def test_a_payment_that_was_refused_has_not_been_voided() -> None:
    """Where it still moves something."""
    assert not is_voided("customerPayment", {"status": {"id": "R", "refName": "Rejected"}}, 500)


@pytest.mark.parametrize(
    ("row", "waits"),
    [
        ({"status": {"id": "D", "refName": "Pending Approval"}}, True),
        ({"status": {"id": "E", "refName": "Rejected"}}, True),
        ({"approved": False}, True),
        ({"approved": True}, False),
        ({"status": {"id": "A", "refName": "Open"}}, False),
    ],
)
def test_what_waits_for_an_approval_is_in_no_account(row: Json, waits: bool) -> None:
    assert is_unapproved(row) is waits
    head = read_head("invoice", {"id": 1, "tranDate": "2026-03-06", "total": 1, **row}, "usd", Customer())
    assert head.stands is not waits


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (
            {
                "doc": {
                    "id": "1",
                    "links": [{"rel": "self", "href": "https://x/services/rest/record/v1/creditmemo/1"}],
                }
            },
            "creditMemo",
        ),
        (
            {
                "doc": {"id": "1", "links": [{"href": "https://x/services/rest/record/v1/transaction/1"}]},
                "type": "Invoice",
            },
            "invoice",
        ),
        ({"doc": {"id": "1"}, "type": "Deposit Application"}, "depositApplication"),
        ({"doc": {"id": "1"}, "type": "Rechnung"}, None),
        ({"doc": {"id": "1", "links": [None, {"href": None}]}}, None),
    ],
)
def test_the_type_of_what_is_applied(line: Json, record: str | None) -> None:
    assert type_in(line) == record


def test_a_type_that_is_not_told_is_found_out(books: Reading) -> None:
    invoice = books.invoice()
    canned = Canned()
    head = {"id": "7", "tranDate": "2026-03-06", "total": 5, "customer": {"id": "301"}}
    row = {"doc": {"id": invoice["id"]}, "apply": True, "amount": 5, "type": "Rechnung"}
    canned.rows["customerPayment/7"] = {
        **head,
        "payment": 5,
        "apply": {"items": [row, {**row, "apply": False}]},
    }
    canned.rows[f"invoice/{invoice['id']}"] = {**head, "id": invoice["id"]}
    detail = canned.run(RecordReader(books.directory).details(["customerPayment/7"], lines=False))
    (link,) = detail["customerPayment/7"].links
    assert (link.ledger_id, link.amount_minor) == (id_of(invoice), 500)


def test_what_is_applied_to_a_record_is_told_by_its_customer_s_others(books: Reading) -> None:
    account = books.account
    memo = seed.memo(account, "Ada", "100", day="2026-03-06")
    first = seed.refund(account, "Ada", memo, "30", day="2026-02-20")
    second = seed.refund(account, "Ada", memo, "20")
    seed.refund(account, "Ada", books.unapplied("5"))
    ids = [id_of(memo)]
    links = books.run(books.reader.details(ids, lines=False, back=True))[id_of(memo)].links
    assert [(link.ledger_id, link.amount_minor) for link in links] == [
        (id_of(first), 3000),
        (id_of(second), 2000),
    ]
    # Which takes no reads where it is not asked for.
    books.carried.clear()
    assert books.run(books.reader.details(ids, lines=False))[id_of(memo)].links == ()
    assert len(books.carried) == 1


def test_a_customer_who_may_not_be_read_is_shown_as_netsuite_does(books: Reading) -> None:
    invoice = books.invoice()
    books.account.role_lacks.add("read:customer")
    (head,) = books.run(books.reader.by_id([id_of(invoice)])).values()
    assert (head.customer, head.email, head.customer_id) == ("Ada", None, "301")


def test_a_currency_that_stripe_does_not_know_is_nobody_s_business(books: Reading) -> None:
    canned = Canned()
    canned.rows["invoice/7"] = {"id": "7", "tranDate": "2026-03-06", "total": 5, "currency": {"id": "99"}}
    assert canned.run(RecordReader(books.directory).by_id(["invoice/7"])) == {}


# ---------------------------------------------------------------------------------------------- how much is read


def test_a_search_reads_no_record_twice(books: Reading) -> None:
    charges = [f"ch_{n:05}" for n in range(30)]
    for n, charge_id in enumerate(charges):
        books.paid(books.invoice(number=f"S{n}"), memo=f"Stripe {charge_id}")
    books.open()
    wanted = [Reference(one, "usd", f"S{n}", (), day=DAY) for n, one in enumerate(charges)]
    sales = books.sales(wanted)
    assert all(sale is not None and sale.payments[0].applied for sale in sales.values())
    read = [one for one in books.carried if "?q=" not in one]
    assert len(read) == len(set(read)) == 2 * 30 + 1


def test_what_is_asked_for_again_is_read_again(books: Reading) -> None:
    """Guards look at the record as it stands."""
    invoice = books.invoice(**note("a", "invoice", "ch_1"))
    reader = books.reader
    assert books.run(reader.by_id([id_of(invoice)]))[id_of(invoice)].open_minor == 11000
    books.sales([Reference("ch_1", "usd", "100", (), day=DAY)])
    books.paid(invoice, "110")
    assert books.run(reader.by_id([id_of(invoice)]))[id_of(invoice)].open_minor == 0
    assert books.run(reader.by_external_id({KEYS["a"]: "invoice"}))[KEYS["a"]].open_minor == 0
    assert books.the_sale().balance_minor == 0


def test_faults_of_reads_are_told(books: Reading) -> None:
    def fails(answer: Answer, **what: Any) -> None:
        class Failing:
            def carry(self, request: Request) -> Answer:
                return answer

        with pytest.raises(LedgerDown):
            run_steps(RecordReader(books.directory).by_external_id({KEYS["a"]: "invoice"}), Failing())

    for status, code in (
        (401, "INVALID_LOGIN"),
        (403, "INSUFFICIENT_PERMISSION"),
        (429, "X"),
        (500, "UNEXPECTED_ERROR"),
    ):
        fails(refusal(status, code, "no"))
    fails(Answer(0, b"reset", arrived=False))
    fails(Answer(200, b"<html>"))
    fails(Answer(404, b"<html>not found</html>"))
