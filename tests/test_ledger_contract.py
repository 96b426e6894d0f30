"""What every ledger adapter must do, whatever the ledger: the same tests for each line of `ledger_kinds.LEDGERS`.

An adapter is given documents of every kind on the accounts of its own mapping file, posts them through its own
courier, and must find them again in every way in which the connector looks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from ledger_places import CUSTOMER, DAY, PLACES, Place

from connector.ledger_kinds import LEDGERS
from connector.ledgers.contract import (
    Absent,
    Answer,
    Found,
    NumberTaken,
    Posted,
    Reference,
    Request,
    Unknown,
    run_steps,
)
from connector.planning.entries import make_entries
from connector.planning.keys import document_key
from connector.planning.model import REFUND_TYPES, Document, DocumentLine, Kind
from connector.settings.mapping import load_mapping

MAPPINGS = Path(__file__).parent.parent / "mappings"
SALES: tuple[Kind, ...] = ("invoice", "payment", "sales_receipt")


@pytest.fixture(params=sorted(LEDGERS))
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def place(kind: str, tmp_path: Path) -> Iterator[Place]:
    with PLACES[kind](tmp_path, load_mapping(MAPPINGS / f"{kind}.yaml", kind)) as made:
        yield made


def test_every_ledger_has_a_place_here() -> None:
    assert PLACES.keys() == LEDGERS.keys()


# ------------------------------------------------------------------------------------------------ documents


def document(place: Place, kind: Kind, number: str = "100", total: int = 11000, **changes: Any) -> Document:
    """A document of this kind for sale 100 (charge ch_100) or for its refund re_100."""
    mapping = place.mapping
    clearing, receivable = mapping.clearing("usd") or "", mapping.receivable("usd") or ""
    sales, tax, fees = mapping.sales or "", mapping.tax or "", mapping.fees or ""
    net, vat = total - total // 11, total // 11
    postings = {
        "invoice": [(sales, -net), (tax, -vat), (receivable, total)],
        "payment": [(receivable, -total), (clearing, total)],
        "sales_receipt": [(sales, -net), (tax, -vat), (clearing, total)],
        "credit_memo": [(sales, net), (tax, vat), (receivable, -total)],
        "credit_card_refund": [(receivable, total), (clearing, -total)],
        "refund_payout": [(receivable, total), (clearing, -total)],
        "refund_receipt": [(sales, net), (tax, vat), (clearing, -total)],
        "void": [(sales, net), (tax, vat), (receivable, -total)],
        "reopen_invoice": [(receivable, total), (clearing, -total)],
        "fee": [(fees, total), (clearing, -total)],
        "exchange": [(mapping.exchange or "", total), (clearing, -total)],
        "reversal": [(sales, -net), (tax, -vat), (clearing, total)],
    }[kind]
    of_sale = kind in SALES
    subject = f"ch_{number}" if of_sale else f"re_{number}"
    line = DocumentLine("1", "Widget", sales, net, vat, tax, "SKU-1", quantity="2")
    values: dict[str, Any] = {
        "document_key": document_key("acme", "main", "own", subject, kind),
        "ledger": "main",
        "kind": kind,
        "part": "",
        "revision": 1,
        "subject_id": subject,
        "refund_id": None if of_sale else subject,
        "charge_id": f"ch_{number}",
        "number": number,
        "posting_date": DAY,
        "amount_minor": total,
        "currency": "usd",
        "entries": make_entries(postings, "usd"),
        "lines": (line,) if kind in ("invoice", "sales_receipt", "credit_memo", "refund_receipt") else (),
        "customer": CUSTOMER,
        "narration": f"{kind} {number}",
        "sale_number": number,
        "reverses": document_key("acme", "main", "own", subject, "credit_memo")
        if kind == "reversal"
        else None,
        **changes,
    }
    return place.dress(Document(**values))


# An application has no entries, and a customer is no document of the books; each is made for another document alone.
KINDS = tuple(one for one in get_args(Kind) if one not in ("application", "customer"))


def one_of_each(place: Place) -> list[Document]:
    """A document of each kind, each of a sale or refund of its own."""
    return [document(place, kind, str(100 + n), 11000 + 11 * n) for n, kind in enumerate(KINDS)]


# ------------------------------------------------------------------------------------------------ what it says of itself


def test_capabilities_are_complete(place: Place, kind: str) -> None:
    said = place.ledger.capabilities
    assert LEDGERS[kind][0] == said
    assert said.kind == kind
    assert said.refund_types and said.refund_types <= set(REFUND_TYPES)
    assert said.number_length is None or said.number_length >= 11
    assert said.short_id_length is None or 1 <= said.short_id_length <= (said.number_length or 255)
    assert said.batch_size >= 1 and said.concurrency >= 1
    assert said.settle_after_s >= 0 and said.throttle_wait_ms >= 250


def test_a_survey_of_books_that_can_be_used_finds_no_problem(place: Place) -> None:
    company = run_steps(place.ledger.survey(), place.courier)
    assert company.title
    assert company.problems == () and company.lost == ()


def test_reading_writes_nothing(place: Place) -> None:
    """Every question can be asked of books where nothing was ever written, and leaves them so."""
    run_steps(place.ledger.survey(), place.courier)
    assert place.scan() == []
    assert place.find_sale("ch_100", "100") is None
    assert run_steps(place.ledger.find_refunds({"re_100": date(2026, 3, 1)}), place.courier) == {}
    assert run_steps(place.ledger.find_documents(["no such id"]), place.courier) == {}
    assert run_steps(place.ledger.numbers_taken("sale", ["100"]), place.courier) == {}
    memo = document(place, "credit_memo")
    assert place.look([memo]) == {memo.document_key: Absent()}
    assert place.scan() == []


# ------------------------------------------------------------------------------------------------ what it writes


def test_expansion_keeps_keys_and_order(place: Place) -> None:
    for one in one_of_each(place):
        parts = place.ledger.expand(one)
        assert place.ledger.expand(one) == parts
        keys = [part.document_key for part in parts]
        assert one.document_key in keys and len(set(keys)) == len(keys)
        for n, part in enumerate(parts):
            assert set(part.after) <= {*one.after, *keys[:n]}
            assert (part.ledger, part.subject_id, part.refund_id) == (
                one.ledger,
                one.subject_id,
                one.refund_id,
            )
        (whole,) = [part for part in parts if part.document_key == one.document_key]
        assert (whole.kind, whole.amount_minor, whole.currency) == (one.kind, one.amount_minor, one.currency)


def test_the_content_is_made_of_the_document_alone(place: Place) -> None:
    documents = one_of_each(place)
    contents = [place.ledger.compose(one) for one in documents]
    ledger, _ = place.again()
    assert [ledger.compose(one) for one in reversed(documents)] == contents[::-1]
    assert [ledger.batch_group(one) for one in documents] == [
        place.ledger.batch_group(one) for one in documents
    ]
    assert len(set(contents)) == len(contents)
    for one, content in zip(documents, contents, strict=True):
        if one.kind not in place.changes:
            assert place.ledger.compose(replace(one, document_key="dk" + "a" * 24)) != content


def test_a_request_is_one_and_names_what_it_carries(place: Place) -> None:
    for one in one_of_each(place):
        claimed = [place.claim(one)]
        first, second = (run_steps(place.ledger.request(claimed, "0" * 32), place.courier) for _ in range(2))
        assert isinstance(first, Request)
        assert first == second
        assert first.document_keys == (one.document_key,)
    assert place.scan() == []


def test_every_kind_can_be_posted_and_is_found_as_it_was_planned(place: Place) -> None:
    documents = one_of_each(place)
    assert set(place.look(documents).values()) == {Absent()}
    place.post(documents)
    assert place.look(documents).keys() == {one.document_key for one in documents}
    for one in documents:
        posted, hit = place.posted[one.document_key], place.look([one])[one.document_key]
        assert (posted.number, posted.amount_minor, posted.currency) == (one.number, one.amount_minor, "usd")
        assert isinstance(hit, Found)
        assert (hit.ledger_id, hit.document_key, hit.kind) == (posted.ledger_id, one.document_key, one.kind)
        assert (hit.amount_minor, hit.currency, hit.number) == (one.amount_minor, "usd", one.number)
        if one.kind not in place.changes:
            assert (hit.refund_id, hit.charge_id) == (one.refund_id, one.charge_id)
            assert hit.posting_date == one.posting_date
        assert hit.customer == place.payees.get(one.kind, CUSTOMER)


def test_a_look_is_answered_for_each_document_and_for_no_other(place: Place) -> None:
    there, absent = document(place, "invoice", "100"), document(place, "invoice", "101")
    place.post([there])
    seen = place.look([there, absent])
    assert seen.keys() == {there.document_key, absent.document_key}
    assert isinstance(seen[there.document_key], Found)
    assert seen[absent.document_key] == Absent()


def test_one_request_has_one_outcome_for_each_key(place: Place) -> None:
    many = [document(place, "refund_receipt", str(n)) for n in range(100, 103)]
    alike = [one for one in many if place.ledger.batch_group(one) == place.ledger.batch_group(many[0])]
    group = alike[: place.ledger.capabilities.batch_size]
    outcomes = place.send(group)
    assert outcomes.keys() == {one.document_key for one in group}
    assert {type(outcome) for outcome in outcomes.values()} == {Posted}
    assert len({outcome.ledger_id for outcome in outcomes.values() if isinstance(outcome, Posted)}) == len(
        group
    )


def test_no_answer_is_unknown(place: Place) -> None:
    claimed = [place.claim(document(place, "invoice"))]
    request = run_steps(place.ledger.request(claimed, "0" * 32), place.courier)
    assert isinstance(request, Request)
    lost = Answer(0, b"the connection broke", arrived=False)
    outcomes = run_steps(place.ledger.read(claimed, request, lost), place.courier)
    assert {type(outcome) for outcome in outcomes.values()} <= {Unknown}


def test_what_stands_already_is_not_written_again_or_said_to_be_new(place: Place) -> None:
    """Sent twice, whatever for: the books have it once, and nothing in the answer makes the connector send it again."""
    memo = document(place, "credit_memo")
    place.post([memo])
    outcome = place.send([memo])[memo.document_key]
    if isinstance(outcome, NumberTaken):
        assert outcome.holder is not None and outcome.holder.document_key == memo.document_key
    elif isinstance(outcome, Posted):
        assert outcome == place.posted[memo.document_key]
    else:
        assert isinstance(outcome, Unknown | Found)
    assert [hit.document_key for hit in place.scan()] == [memo.document_key]


# ------------------------------------------------------------------------------------------------ what it finds


def test_a_scan_finds_every_key_once(place: Place) -> None:
    """But for what changes another document and bears no key of its own."""
    documents = [one for one in one_of_each(place) if one.kind not in place.changes]
    place.post(documents)
    for one in (place, place.reopened()):
        found = {hit.document_key: hit for hit in one.scan()}
        assert sorted(hit.document_key or "" for hit in one.scan()) == sorted(
            d.document_key for d in documents
        )
        for expected in documents:
            hit = found[expected.document_key]
            assert (hit.kind, hit.number, hit.amount_minor) == (
                expected.kind,
                expected.number,
                expected.amount_minor,
            )
            assert (hit.refund_id, hit.charge_id) == (expected.refund_id, expected.charge_id)
            assert hit.sale_number == expected.sale_number


@pytest.mark.parametrize("form", ["invoice", "sales_receipt"])
def test_a_sale_that_it_posted_is_found_by_number_and_by_charge(place: Place, form: Kind) -> None:
    paid = [document(place, form), *([document(place, "payment")] if form == "invoice" else [])]
    place.post([*paid, document(place, form, "101")])
    for number in ("100", None):
        sale = place.find_sale("ch_100", number)
        assert sale is not None
        assert (sale.form, sale.number, sale.currency, sale.customer) == (form, "100", "usd", CUSTOMER)
        assert (sale.total_minor, sale.balance_minor, sale.posting_date) == (11000, 0, date(2026, 3, 5))
        assert sum(line.net_minor for line in sale.lines) == 10000
        assert sum(line.tax_minor for line in sale.lines) == 1000
        assert [(p.amount_minor, p.charge_ids, p.applied) for p in sale.payments] == [
            (11000, ("ch_100",), True)
        ]
        assert sale.payments[0].account == place.mapping.clearing("usd")
        assert sale.booked == () and not sale.void


def test_an_invoice_that_it_posted_is_open_until_it_is_paid(place: Place) -> None:
    place.post([document(place, "invoice")])
    sale = place.find_sale("ch_100", "100")
    assert sale is not None
    assert (sale.balance_minor, sale.payments) == (11000, ())


def test_sales_are_found_many_at_once_and_none_where_there_is_none(place: Place) -> None:
    place.post([document(place, "sales_receipt", str(n)) for n in (100, 101, 102)])
    asked = [Reference(f"ch_{n}", "usd", str(n), day=DAY) for n in (100, 101, 102, 999)]
    sales = run_steps(place.ledger.find_sales(asked), place.courier)
    assert {charge_id: sale and sale.number for charge_id, sale in sales.items()} == {
        "ch_100": "100",
        "ch_101": "101",
        "ch_102": "102",
        "ch_999": None,
    }


def test_documents_are_found_by_refund_and_by_the_ledgers_own_id(place: Place) -> None:
    memo, cash = document(place, "credit_memo"), document(place, "credit_card_refund")
    other = document(place, "refund_receipt", "101")
    place.post([memo, cash, other])
    found = run_steps(
        place.ledger.find_refunds(dict.fromkeys(["re_100", "re_999"], date(2026, 3, 1))), place.courier
    )
    assert found.keys() == {"re_100"}
    assert {hit.kind for hit in found["re_100"]} == {"credit_memo", "credit_card_refund"}
    legs = {hit.kind: (hit.income_minor > 0, hit.cash_minor) for hit in found["re_100"]}
    assert legs == {"credit_memo": (True, 0), "credit_card_refund": (False, 11000)}
    ledger_id = place.posted[cash.document_key].ledger_id
    by_id = run_steps(place.ledger.find_documents([ledger_id, "no such id"]), place.courier)
    assert by_id.keys() == {ledger_id}
    assert by_id[ledger_id].document_key == cash.document_key
    assert by_id[ledger_id].entries == cash.entries


def test_our_own_numbers_are_not_taken_and_those_of_others_are(place: Place) -> None:
    place.post(one_of_each(place))
    numbers = [str(100 + n) for n in range(len(KINDS))]
    for scope in ("sale", "refund"):
        assert run_steps(place.ledger.numbers_taken(scope, numbers), place.courier) == {}
    place.book_by_hand("777", "Ann Lee", 5000)
    taken = run_steps(place.ledger.numbers_taken("sale", [*numbers, "777", "778"]), place.courier)
    if place.refuses_numbers:
        assert taken == {}
        invoice = document(place, "invoice", "777")
        refused = place.send([invoice])[invoice.document_key]
        assert isinstance(refused, NumberTaken) and refused.holder is not None
        taken = {"777": refused.holder}
    assert taken.keys() == {"777"}
    assert (taken["777"].document_key, taken["777"].number, taken["777"].amount_minor) == (None, "777", 5000)


def test_what_others_booked_is_not_called_ours(place: Place) -> None:
    place.book_by_hand("777", "Ann Lee", 5000)
    sale = place.find_sale("ch_777", "777")
    assert sale is not None and not sale.ours
    assert (sale.total_minor, sale.balance_minor, sale.customer) == (5000, 5000, "Ann Lee")
    assert [hit.document_key for hit in place.scan() if hit.document_key is not None] == []
