"""Which transaction of NetSuite is the sale of a charge: by number, by Stripe id, by the word of a person; found by SuiteQL
and record by record."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import BANK, CLEARING, RECEIVABLES
from netsuite_reading import DAY, KEYS, WAYS, Reading, id_of, note, reading
from vendors.netsuite import seeding as seed

from connector.ledgers.contract import Reference


@pytest.fixture(params=WAYS)
def books(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param) as opened:
        yield opened


# ---------------------------------------------------------------------------------------------- by number


def test_an_invoice_by_its_number(books: Reading) -> None:
    invoice = books.invoice()
    sale = books.the_sale()
    assert (sale.form, sale.ledger_id, sale.number) == ("invoice", id_of(invoice), "100")
    assert (sale.total_minor, sale.balance_minor, sale.currency) == (11000, 11000, "usd")
    assert (sale.customer, sale.customer_id, sale.customer_email) == ("Ada", "cus_ada", "ada@x.test")
    receivables = books.account.account_id_of(RECEIVABLES)
    assert sale.refs == (("customer", "301"), ("subsidiary", "1"), ("receivable", receivables))
    assert not sale.ours and not sale.void


def test_a_number_is_compared_exactly(books: Reading) -> None:
    books.invoice(number="INV-É1")
    assert books.sale("INV-É1") is not None
    assert books.sale("inv-É1") is None
    assert books.sale("INV-E1") is None


def test_a_number_with_an_apostrophe(books: Reading) -> None:
    invoice = books.invoice(number="A'7, B")
    assert books.the_sale("A'7, B").ledger_id == id_of(invoice)


def test_a_cash_sale_by_its_number(books: Reading) -> None:
    made = seed.cash_sale(books.account, "Ada", "100", number="100")
    sale = books.the_sale()
    assert (sale.form, sale.ledger_id, sale.number) == ("sales_receipt", id_of(made), "100")
    assert (sale.total_minor, sale.balance_minor) == (11000, 0)
    (payment,) = sale.payments
    assert (payment.ledger_id, payment.amount_minor, payment.account) == (id_of(made), 11000, CLEARING)
    assert payment.applied and payment.charge_ids == ()


def test_documents_that_sell_nothing_have_no_sale_s_number(books: Reading) -> None:
    seed.memo(books.account, "Ada", "100", number="100")
    books.unapplied(number="101")
    assert [books.sale(number) for number in ("100", "101")] == [None, None]


def test_a_number_of_another_charge_gives_way_to_the_charge_s_own_id(books: Reading) -> None:
    books.invoice(memo="ch_other")
    own = books.invoice(number="A-7", memo="order 7, ch_1")
    assert books.the_sale("100").ledger_id == id_of(own)
    # Where nothing bears the charge's own id the number counts.
    assert books.the_sale("100", "ch_2").number == "100"


def test_the_number_of_ours_is_the_one_that_we_gave_it(books: Reading) -> None:
    """Where NetSuite replaced it by its own, refunds are numbered by what the sale was to be called."""
    books.account.moods.replaces_numbers = frozenset({"invoice"})
    books.invoice(number="100", **note("a", "invoice", "ch_1", number="100"))
    assert books.the_sale(None).number == "100"
    books.invoice(number="101", memo="ch_2")
    replaced = books.account.documents("invoice")[-1]["tranId"]
    assert books.the_sale("101", "ch_2").number == replaced != "101"


# ---------------------------------------------------------------------------------------------- by Stripe id


@pytest.mark.parametrize(
    "words",
    [{"memo": "order 7: ch_1."}, {"externalId": "ch_1"}, {"otherRefNum": "ch_1"}, {"number": "ch_1"}],
    ids=str,
)
def test_an_invoice_by_the_id_of_its_charge(books: Reading, words: dict[str, Any]) -> None:
    invoice = books.invoice(**words)
    assert books.the_sale(None).ledger_id == id_of(invoice)


def test_an_invoice_by_another_id_of_the_payment(books: Reading) -> None:
    invoice = books.invoice(memo="pi_9")
    assert books.the_sale(None, stripe_ids=("pi_9",)).ledger_id == id_of(invoice)
    assert books.sale(None, stripe_ids=("pi_8",)) is None


def test_a_copy_of_ours_is_a_sale_like_others(books: Reading) -> None:
    """The external id is not copied along, so that ours is known; both carry the charge's id, and the earlier counts."""
    ours = books.invoice(number="100", **note("a", "invoice", "ch_1", number="100"))
    books.invoice(number="R7", memo=note("a", "invoice", "ch_1", number="100")["memo"])
    assert books.the_sale(None).ledger_id == id_of(ours)


def test_a_payment_stands_for_its_invoice(books: Reading) -> None:
    invoice = books.invoice()
    books.paid(invoice, memo="Stripe ch_1")
    sale = books.the_sale(None)
    assert (sale.form, sale.ledger_id) == ("invoice", id_of(invoice))
    # A refund of it does not.
    other = books.unapplied(memo="a deposit")
    seed.refund(books.account, "Ada", other, memo="ch_2")
    assert books.sale(None, "ch_2") is None


def test_a_payment_of_several_invoices_stands_for_the_one_that_it_pays_most_of(books: Reading) -> None:
    small, large = books.invoice("10"), books.invoice("90", number="101")
    rows = [
        {"doc": {"id": one["id"]}, "apply": True, "amount": amount}
        for one, amount in ((small, Decimal(11)), (large, Decimal(99)))
    ]
    books.unapplied("110", memo="ch_1", apply={"items": rows})
    assert books.the_sale(None).ledger_id == id_of(large)


def test_a_lone_payment_is_a_sale_by_itself(books: Reading) -> None:
    made = books.unapplied(memo="ch_1")
    sale = books.the_sale("A-7")
    assert (sale.form, sale.ledger_id, sale.number) == ("payment", id_of(made), "A-7")
    assert (sale.total_minor, sale.balance_minor, sale.lines) == (11000, 0, ())
    assert ("credit", "customerPayment") in sale.refs
    (payment,) = sale.payments
    assert (payment.ledger_id, payment.amount_minor, payment.applied) == (id_of(made), 11000, True)
    assert (payment.account, payment.credit_account) == (CLEARING, RECEIVABLES)
    # Without a number of the charge's it goes by its own.
    assert books.the_sale(None).number == made["tranId"]


def test_a_lone_deposit_is_held_on_an_account_of_its_own(books: Reading) -> None:
    made = seed.deposit(books.account, "Ada", "110", bank=BANK, memo="ch_1")
    sale = books.the_sale("A-7")
    assert (sale.form, sale.ledger_id) == ("payment", id_of(made))
    assert ("credit", "customerDeposit") in sale.refs
    (payment,) = sale.payments
    assert (payment.account, payment.credit_account) == (BANK, "Customer Deposits")


def test_an_applied_deposit_stands_for_its_invoice(books: Reading) -> None:
    account = books.account
    small, large = books.invoice("10", number="101"), books.invoice("90")
    deposit = seed.deposit(account, "Ada", "120", memo="ch_1")
    seed.apply_deposit(account, deposit, small, "11")
    seed.apply_deposit(account, deposit, large, "50")
    seed.apply_deposit(account, deposit, large, "49")
    sale = books.the_sale(None)
    assert (sale.form, sale.ledger_id, sale.balance_minor) == ("invoice", id_of(large), 0)
    (payment,) = sale.payments
    # The whole of it is what its charge was, also where it is applied in part.
    assert (payment.ledger_id, payment.amount_minor, payment.applied) == (id_of(deposit), 12000, True)
    assert (payment.account, payment.charge_ids) == (CLEARING, ("ch_1",))


def test_a_sale_of_nobody_s_day_is_found_and_one_of_long_before_is_not(books: Reading) -> None:
    books.invoice(number="A-1", memo="ch_1", day="2025-12-05")
    early = books.invoice(number="A-2", memo="ch_2", day="2025-12-06")
    late = books.invoice(number="A-3", memo="ch_3", day="2026-05-17")
    wanted = [Reference(f"ch_{n}", "usd", None, (), day=DAY) for n in range(1, 4)]
    expected = {"ch_1": None, "ch_2": id_of(early), "ch_3": id_of(late)}
    sales = books.sales(wanted)
    assert {one: sale.ledger_id if sale else None for one, sale in sales.items()} == expected
    # Whatever else is looked for.
    other = Reference("ch_9", "usd", None, (), day=DAY.replace(year=2025))
    sales = books.sales([*wanted, other])
    assert {one: sale.ledger_id if sale else None for one, sale in sales.items()} == {
        **expected,
        "ch_9": None,
    }


# ---------------------------------------------------------------------------------------------- which one


def test_one_that_stands_before_a_void_one(books: Reading) -> None:
    seed.void(books.account, books.invoice(number="A-1", memo="ch_1"))
    stands = books.invoice(number="A-2", memo="ch_1")
    assert books.the_sale("A-1").ledger_id == id_of(stands)
    seed.void(books.account, stands)
    books.open()
    assert books.the_sale("A-1").void


def test_an_invoice_before_a_cash_sale_before_a_payment(books: Reading) -> None:
    books.unapplied(memo="ch_1")
    sold = seed.cash_sale(books.account, "Ada", "100", memo="ch_1")
    assert books.the_sale(None).ledger_id == id_of(sold)
    invoice = books.invoice(memo="ch_1")
    books.open()
    assert books.the_sale(None).ledger_id == id_of(invoice)


def test_ours_that_take_back_are_no_sales(books: Reading) -> None:
    books.invoice(number="100-R", **note("a", "reversal of credit_memo", "re_1", "ch_1"))
    seed.cash_sale(books.account, "Ada", "5", **note("b", "reversal of refund_receipt", "re_1", "ch_1"))
    books.unapplied("5", **note("c", "reversal of refund_payout", "re_1", "ch_1"))
    assert books.sale(None) is None
    ours = books.invoice(number="A-1", **note("d", "invoice", "ch_1", number="A-1"))
    books.open()
    assert books.the_sale(None).ledger_id == id_of(ours)


def test_a_voided_payment_is_no_sale(books: Reading) -> None:
    seed.void(books.account, books.unapplied(memo="ch_1"))
    assert books.sale(None) is None


# ---------------------------------------------------------------------------------------------- by a person's word


def test_by_the_id_that_a_person_named(books: Reading) -> None:
    account = books.account
    invoice = books.invoice(number="A-1")
    payment = books.paid(invoice)
    sold = seed.cash_sale(account, "Ada", "5")
    lone = books.unapplied("7")
    memo = seed.memo(account, "Ada", "5")
    refund = seed.refund(account, "Ada", memo)
    named = {
        id_of(invoice): id_of(invoice),
        id_of(invoice).upper(): id_of(invoice),
        invoice["id"]: id_of(invoice),
        f"cashSale/{invoice['id']}": None,
        id_of(payment): id_of(invoice),
        payment["id"]: id_of(invoice),
        id_of(sold): id_of(sold),
        id_of(lone): id_of(lone),
        id_of(memo): None,
        id_of(refund): None,
        "customer/301": None,
        "nonsense": None,
        "99": None,
    }
    asked = [Reference(f"re_{n}", "usd", "100", (), one) for n, one in enumerate(named)]
    sales = books.sales(asked)
    found = {reference.ledger_id: sales[reference.charge_id] for reference in asked}
    assert {name: sale.ledger_id if sale else None for name, sale in found.items()} == named


def test_the_word_of_a_person_goes_before_the_charge_s_id(books: Reading) -> None:
    books.invoice(memo="ch_1")
    other = books.invoice(number="A-2")
    assert books.the_sale(ledger_id=id_of(other)).ledger_id == id_of(other)


def test_our_documents_that_are_not_to_count_are_no_sale_either(books: Reading) -> None:
    invoice = books.invoice()
    seed.void(books.account, invoice)
    back = books.invoice(number="100-R", **note("a", "reversal of voided_invoice", "re_1", "ch_1"))
    assert books.the_sale().ledger_id == id_of(back)
    assert books.the_sale().number == "100"
    assert books.the_sale(without=(KEYS["a"],)).ledger_id == id_of(invoice)
    assert books.the_sale(charge_id="ch_2").void
    # By itself it is the sale that it says.
    assert books.the_sale(ledger_id=id_of(invoice)).ledger_id == id_of(back)
