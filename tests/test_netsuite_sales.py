"""What stands against a sale in NetSuite: its payments, voids, what others took back, what is as if it did not stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import BANK, CLEARING, RECEIVABLES
from netsuite_reading import DAY, KEYS, WAYS, Reading, id_of, note, reading
from vendors.netsuite import Moods
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

from connector.ledgers.contract import Reference
from connector.planning.model import Sale, SalePayment


@pytest.fixture(params=WAYS)
def books(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param) as opened:
        yield opened


def told(sale: Sale) -> list[tuple[str, int, tuple[str, ...], str, bool]]:
    return [(p.ledger_id, p.amount_minor, p.charge_ids, p.account, p.applied) for p in sale.payments]


def apply(one: Json, amount: str | None = None) -> Json:
    row: Json = {"doc": {"id": one["id"]}, "apply": True}
    return {"items": [row if amount is None else {**row, "amount": Decimal(amount)}]}


# ---------------------------------------------------------------------------------------------- payments


def test_several_charges_pay_one_invoice(books: Reading) -> None:
    invoice = books.invoice()
    second = books.paid(invoice, "70", memo="pi_2", day="2026-03-08", bank=BANK)
    first = books.paid(invoice, "30", memo="Stripe ch_1")
    sale = books.the_sale()
    assert told(sale) == [
        (id_of(first), 3000, ("ch_1",), CLEARING, True),
        (id_of(second), 7000, ("pi_2",), BANK, True),
    ]
    assert sale.payments[0] == SalePayment(
        ledger_id=id_of(first),
        amount_minor=3000,
        currency="usd",
        posting_date=date(2026, 3, 6),
        charge_ids=("ch_1",),
        account=CLEARING,
        applied=True,
        credit_account=RECEIVABLES,
    )
    assert sale.balance_minor == 1000


def test_the_whole_of_a_payment_is_what_its_charge_was(books: Reading) -> None:
    small, invoice = books.invoice("10", number="101"), books.invoice("90")
    rows = apply(small, "11")["items"] + apply(invoice, "40")["items"]
    paid = books.unapplied("110", memo="ch_1", apply={"items": rows})
    sale = books.the_sale()
    assert told(sale) == [(id_of(paid), 11000, ("ch_1",), CLEARING, True)]
    assert sale.balance_minor == 5900


def test_a_voided_payment_does_not_count(books: Reading) -> None:
    invoice = books.invoice()
    paid = books.paid(invoice, memo="ch_1")
    seed.unapply(books.account, paid, invoice)
    seed.void(books.account, paid)
    sale = books.the_sale()
    assert (sale.payments, sale.balance_minor) == ((), 11000)


def test_money_that_names_no_account_is_undeposited(books: Reading) -> None:
    invoice = books.invoice()
    books.paid(invoice, bank="Undeposited Funds", memo="ch_1")
    assert books.the_sale().payments[0].account == "Undeposited Funds"


def test_an_open_invoice_gets_the_free_payments_of_its_customer(books: Reading) -> None:
    account = books.account
    books.invoice()
    own = books.unapplied("110", memo="ch_1")
    free = books.unapplied("30", memo="a deposit")
    held = seed.deposit(account, "Ada", "20")
    books.unapplied("30", memo="ch_2")
    books.unapplied("30", who="Bob O'Neil")
    books.unapplied("30", memo="too early", day="2026-03-02")
    books.unapplied("30", **note("a", "reversal of refund_payout", "re_2", "ch_2"))
    books.unapplied("30", **note("c", "reversal of refund_payout", "re_5"))
    back = books.unapplied("30", **note("b", "reversal of reopen_invoice", "re_1", "ch_1"), day="2026-03-07")
    books.paid(books.invoice(number="101"), "110", memo="used")
    gone = books.unapplied("25", memo="ch_1")
    seed.void(account, gone)
    sale = books.the_sale()
    assert told(sale) == [
        (id_of(held), 2000, (), CLEARING, False),
        (id_of(own), 11000, ("ch_1",), CLEARING, False),
        (id_of(free), 3000, (), CLEARING, False),
        (id_of(back), 3000, ("ch_1",), CLEARING, False),
    ]
    assert sale.balance_minor == 11000
    without = books.the_sale(without=(KEYS["b"],))
    assert [p.ledger_id for p in without.payments] == [id_of(held), id_of(own), id_of(free)]


def test_a_payment_that_was_paid_back_is_still_the_charge_s(books: Reading) -> None:
    books.invoice()
    own = books.unapplied("110", memo="ch_1")
    seed.refund(books.account, "Ada", own, "110")
    sale = books.the_sale()
    assert told(sale) == [(id_of(own), 11000, ("ch_1",), CLEARING, False)]


def test_the_free_payments_of_one_are_not_another_s_by_what_else_is_asked(books: Reading) -> None:
    """Two sales of one customer, weeks apart: what was booked before the later charge is not of it."""
    books.invoice(number="100", day="2026-03-01")
    books.invoice(number="101", day="2026-03-20")
    free = books.unapplied("30", day="2026-03-06")
    early = Reference("ch_1", "usd", "100", (), day=DAY)
    later = Reference("ch_2", "usd", "101", (), day=date(2026, 3, 20))
    sales = books.sales([early, later])
    assert [p.ledger_id for p in sales["ch_1"].payments] == [id_of(free)]  # type: ignore[union-attr]
    assert sales["ch_2"] is not None and sales["ch_2"].payments == ()


def test_a_paid_invoice_asks_for_no_payments() -> None:
    with reading() as books:
        books.paid(books.invoice())
        books.unapplied("110")
        assert len(books.the_sale().payments) == 1
        assert not any("t.entity IN" in one for one in books.carried)


# ---------------------------------------------------------------------------------------------- voids


def test_a_void_sets_its_payment_free(books: Reading) -> None:
    invoice = books.invoice()
    paid = books.paid(invoice, memo="ch_1")
    assert not books.the_sale().void
    seed.unapply(books.account, paid, invoice)
    seed.void(books.account, invoice)
    books.open()
    sale = books.the_sale()
    assert (sale.void, sale.total_minor, sale.balance_minor, sale.lines) == (True, 0, 0, ())
    assert told(sale) == [(id_of(paid), 11000, ("ch_1",), CLEARING, False)]


def test_an_invoice_of_nothing_is_no_void(books: Reading) -> None:
    rebate = seed.line(books.account, "-5", "Untaxed Service")
    books.invoice(seed.line(books.account, "5", "Untaxed Service"), rebate)
    sale = books.the_sale()
    assert (sale.void, sale.total_minor) == (False, 0)
    assert [line.net_minor for line in sale.lines] == [500, -500]


@pytest.mark.parametrize("part", ["void", "voided_invoice"])
def test_the_invoice_that_came_back_is_the_sale(books: Reading, part: str) -> None:
    invoice = books.invoice()
    seed.void(books.account, invoice)
    back = books.invoice(number="100-R", day="2026-04-10", **note("a", f"reversal of {part}", "re_1", "ch_1"))
    paid = books.paid(back, day="2026-04-10", **note("b", "reversal of void", "re_1", "ch_1"))
    sale = books.the_sale()
    assert (sale.ledger_id, sale.number, sale.void, sale.balance_minor) == (id_of(back), "100", False, 0)
    assert told(sale) == [(id_of(paid), 11000, ("ch_1",), CLEARING, True)]
    assert books.the_sale(without=(KEYS["a"], KEYS["b"])).ledger_id == id_of(invoice)
    seed.unapply(books.account, paid, back)
    seed.void(books.account, back)
    books.open()
    assert books.the_sale().ledger_id == id_of(invoice)


# ---------------------------------------------------------------------------------------------- as if not there


def test_our_payment_that_is_not_to_count(books: Reading) -> None:
    invoice = books.invoice()
    books.paid(invoice, "70", **note("a", "payment", "ch_1"))
    books.paid(invoice, "40", memo="ch_2")
    sale = books.the_sale(without=(KEYS["a"],))
    assert ([p.amount_minor for p in sale.payments], sale.balance_minor) == ([4000], 7000)


def test_our_credit_memo_that_is_not_to_count(books: Reading) -> None:
    invoice = books.invoice()
    marks = note("a", "credit_memo", "re_1", "ch_1")
    books.account.moods.tax = "none"
    seed.memo(books.account, "Ada", "50", on=invoice, **marks)
    books.account.moods.tax = "suitetax"
    assert books.the_sale().balance_minor == 6000
    sale = books.the_sale(without=(KEYS["a"],))
    assert (sale.balance_minor, sale.booked) == (11000, ())


def reopen(books: Reading, payment: Json, invoice: Json, amount: str, left: str | None, key: str) -> None:
    """What a reopened invoice is in NetSuite: less of its payment on it, and that much of the payment paid back."""
    row: Json = {"doc": {"id": invoice["id"]}, "apply": left is not None}
    if left is not None:
        row["amount"] = Decimal(left)
    body = {"customer": books.ref("customer", "Ada"), "apply": {"items": [row]}}
    books.change(f"customerPayment/{payment['id']}", body)
    marks = note(key, "reopen_invoice", "re_1", "ch_1", number="100", sale="100")
    seed.refund(books.account, "Ada", payment, amount, **marks)


def test_a_payment_that_was_taken_off_in_part(books: Reading) -> None:
    invoice = books.invoice()
    paid = books.paid(invoice, memo="ch_1")
    reopen(books, paid, invoice, "40", "70", "a")
    sale = books.the_sale()
    assert told(sale) == [(id_of(paid), 11000, ("ch_1",), CLEARING, True)]
    assert sale.balance_minor == 4000
    before = books.the_sale(without=(KEYS["a"],))
    assert told(before) == told(sale)
    assert before.balance_minor == 0


def test_a_payment_that_was_taken_off_wholly(books: Reading) -> None:
    invoice = books.invoice()
    paid = books.paid(invoice, memo="ch_1")
    reopen(books, paid, invoice, "110", None, "a")
    sale = books.the_sale()
    assert told(sale) == [(id_of(paid), 11000, ("ch_1",), CLEARING, False)]
    assert sale.balance_minor == 11000
    before = books.the_sale(without=(KEYS["a"],))
    assert told(before) == [(id_of(paid), 11000, ("ch_1",), CLEARING, True)]
    assert before.balance_minor == 0
    # Without a number what paid it back says which invoice it was, of its own customer.
    books.invoice(who="Bob O'Neil", number="100")
    books.open()
    assert books.the_sale(None).ledger_id == id_of(invoice)


def test_a_payment_that_two_refunds_took_off(books: Reading) -> None:
    invoice = books.invoice()
    paid = books.paid(invoice, memo="ch_1")
    reopen(books, paid, invoice, "60", "50", "a")
    reopen(books, paid, invoice, "50", None, "b")
    assert books.the_sale().balance_minor == 11000
    before = books.the_sale(without=(KEYS["b"],))
    assert ([p.applied for p in before.payments], before.balance_minor) == ([True], 6000)


# ---------------------------------------------------------------------------------------------- what others did


def test_what_others_took_back(books: Reading) -> None:
    account = books.account
    invoice, other = books.invoice("200"), books.invoice("30", number="101")
    applied = seed.memo(
        account,
        "Ada",
        "50",
        number="CN-1",
        memo="goodwill re_9",
        apply={"items": apply(invoice, "20")["items"] + apply(other, "30")["items"]},
    )
    ours = seed.memo(account, "Ada", "10", on=invoice, **note("a", "credit_memo", "re_1", "ch_1"))
    named = seed.memo(account, "Ada", "5", number="CN-3", memo="for ch_1")
    made = seed.memo(account, "Ada", "7", number="CN-4", createdFrom={"id": invoice["id"]})
    seed.memo(account, "Ada", "4", memo="ch_2")
    seed.memo(account, "Ada", "4", memo="in_1")
    gone = seed.memo(account, "Ada", "4", memo="ch_1")
    seed.void(account, gone)
    booked = {one.ledger_id: one for one in books.the_sale(stripe_ids=("pi_1", "in_1")).booked}
    assert {i: (one.kind, one.amount_minor, one.number, one.refund_id) for i, one in booked.items()} == {
        id_of(applied): ("credit_memo", 2000, "CN-1", "re_9"),
        id_of(named): ("credit_memo", 550, "CN-3", None),
        id_of(made): ("credit_memo", 770, "CN-4", None),
    }
    assert id_of(ours) not in booked


def test_a_cash_refund_of_a_cash_sale(books: Reading) -> None:
    sold = seed.cash_sale(books.account, "Ada", "100", number="100", memo="ch_1")
    body = {"memo": "half of it", "item": {"items": [books.line("50")]}}
    back = books.create(f"cashSale/{sold['id']}/!transform/cashRefund?replace=item", body)
    (booked,) = books.the_sale().booked
    assert (booked.ledger_id, booked.kind, booked.amount_minor) == (
        f"cashRefund/{back}",
        "refund_receipt",
        5500,
    )


def test_what_was_paid_back_of_a_lone_payment(books: Reading) -> None:
    paid = books.unapplied("110", memo="ch_1")
    refund = seed.refund(books.account, "Ada", paid, "40", number="7")
    seed.refund(books.account, "Ada", paid, "20", **note("a", "refund_payout", "re_1", "ch_1"))
    (booked,) = books.the_sale(None).booked
    assert (booked.ledger_id, booked.kind, booked.amount_minor) == (id_of(refund), "refund_payout", 4000)


def test_what_was_paid_back_of_a_lone_deposit(books: Reading) -> None:
    held = seed.deposit(books.account, "Ada", "110", memo="ch_1")
    refund = seed.refund(books.account, "Ada", held, "40")
    (booked,) = books.the_sale(None).booked
    assert (booked.ledger_id, booked.kind, booked.amount_minor) == (id_of(refund), "refund_payout", 4000)


def test_what_others_booked_does_not_hang_on_what_else_is_asked(books: Reading) -> None:
    """What was booked long before a charge cannot be of it, also where an earlier one has it read."""
    books.paid(books.invoice(), memo="ch_1")
    seed.memo(books.account, "Ada", "5", memo="ch_1", day="2025-06-01")
    assert books.the_sale().booked == ()
    mine = Reference("ch_1", "usd", "100", (), day=DAY)
    early = Reference("ch_2", "usd", None, (), day=date(2025, 6, 1))
    sale = books.sales([mine, early])["ch_1"]
    assert sale is not None and sale.booked == ()


# ---------------------------------------------------------------------------------------------- what it says


def test_what_is_taken_over_from_a_sale(books: Reading) -> None:
    retail, web = (books.ref(*one)["id"] for one in (("department", "Retail"), ("classification", "Web")))
    other = books.account.account_id_of("Other Receivables")
    segments = {"department": {"id": retail}, "class": {"id": web}}
    body = {"entity": books.ref("customer", "Ada"), "item": {"items": [books.line("100")]}, **segments}
    books.create("invoice", {**body, "tranId": "100", "account": {"id": other}})
    refs = dict(books.the_sale().refs)
    assert (refs["department"], refs["class"], refs["receivable"]) == (retail, web, other)
    assert "rate" not in refs and "credit" not in refs


def test_a_customer_may_be_told_by_the_memo(books: Reading) -> None:
    books.invoice(who="Bob O'Neil", memo="order of cus_7")
    sale = books.the_sale()
    assert (sale.customer, sale.customer_id) == ("Bob O'Neil", "cus_7")


def test_names_are_told_without_their_numbers() -> None:
    for way in WAYS:
        with reading(way, Moods(auto_entity_ids=True)) as books:
            person: dict[str, Any] = {"isPerson": True, "firstName": "Grace", "lastName": "Hopper"}
            seed.customer(books.account, "the Navy", email="grace@x.test", **person)
            books.invoice(who="grace@x.test")
            sale = books.the_sale()
            assert (sale.customer, sale.customer_email) == ("Grace Hopper", "grace@x.test")


# ---------------------------------------------------------------------------------------------- currencies


@pytest.fixture(params=WAYS)
def abroad(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param, currencies=("EUR",)) as opened:
        yield opened


def test_a_sale_in_another_currency(abroad: Reading) -> None:
    invoice = abroad.invoice("100", currency="EUR", rate="1.25")
    abroad.paid(invoice, "110", memo="ch_1", currency="EUR", rate="1.3")
    sale = abroad.the_sale()
    assert (sale.currency, sale.total_minor, sale.balance_minor) == ("eur", 11000, 0)
    (line,) = sale.lines
    assert (line.net_minor, line.tax_minor, line.home_net_minor, line.home_tax_minor) == (
        10000,
        1000,
        12500,
        1250,
    )
    assert [(p.amount_minor, p.currency) for p in sale.payments] == [(11000, "eur")]
    assert dict(sale.refs)["rate"] == "1.25"


def test_a_payment_in_another_currency_is_none_of_the_sale_s(abroad: Reading) -> None:
    abroad.invoice("100", currency="EUR")
    abroad.unapplied("110", memo="ch_1")
    assert abroad.the_sale().payments == ()


def test_a_sale_in_the_own_currency_of_its_subsidiary_has_no_rate() -> None:
    for way in WAYS:
        with reading(way, subsidiaries=(("Acme GmbH", "EUR"),)) as books:
            seed.customer(books.account, "Käthe", subsidiary="Acme GmbH")
            books.invoice(who="Käthe")
            refs = dict(books.the_sale().refs)
            assert refs["subsidiary"] == books.account.named("subsidiary", "Acme GmbH")["id"]
            assert "rate" not in refs
