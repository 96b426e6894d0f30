"""The sale of a refund: found, waited for, and compared with what Stripe says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from planning_cases import (
    AR,
    BOOKS,
    CLR,
    EXCHANGE,
    HOUR,
    NOW,
    REFUNDED,
    REV,
    TAX,
    always,
    case,
    charge_case,
    invoice,
    kinds,
    ledger,
    line,
    lone_payment,
    moved,
    moves,
    paid,
    plan,
    receipt,
    refund,
)

from connector.planning.case import PersonWord, Plan
from connector.planning.model import Booked, Sale
from connector.planning.stripe_facts import Customer

IN_GRACE, OVER = REFUNDED + 72 * HOUR - 1, REFUNDED + 72 * HOUR
BY_HAND = PersonWord(sale_id="inv-1")


def outcome(decided: Plan) -> tuple[str, str | None, bool]:
    return decided.outcome, decided.reason, decided.due


def mismatch(decided: Plan) -> str:
    assert outcome(decided) == ("held", "sale_mismatch", True), decided
    return decided.sentence or ""


# ---------------------------------------------------------------------------------------------- waiting for the sale


def test_a_sale_that_is_not_found_is_waited_for() -> None:
    waiting = plan(case(sale=None), now=IN_GRACE)
    assert outcome(waiting) == ("waiting", "sale_not_found", True)
    assert waiting.sentence == (
        "no sale was found in the books for charge ch_1; it is looked for at each run until sale_grace is over"
    )


def test_after_the_grace_the_rules_are_asked_with_sale_none() -> None:
    held = plan(case(sale=None), now=OVER)
    assert outcome(held) == ("held", "sale_not_found", True)
    assert held.facts is not None
    assert (held.facts.sale, held.facts.payment, held.facts.invoice_paid) == ("none", "absent", "none")
    assert outcome(plan(case(sale=None), ledger(rules=always("ignore")))) == (
        "excluded",
        "rule_says_ignore",
        False,
    )
    assert outcome(plan(case(sale=None), ledger(rules=()))) == ("held", "no_rule", True)


def test_a_refund_that_names_no_charge_has_no_sale() -> None:
    alone = case(refund(charge_id=None, payment_intent_id=None), charge=None)
    assert outcome(plan(alone, now=IN_GRACE)) == ("waiting", "sale_not_found", True)
    assert plan(alone).sentence == "refund re_1 names no charge, so there is no sale to take back"


def test_a_sale_that_the_connector_posts_and_that_is_not_posted_yet() -> None:
    blocked = case(sale=None, sale_blocked="its sale is not in the books: charge ch_1 is pending yet")
    posts = ledger(sales="sales_receipt")
    assert outcome(plan(blocked, posts, now=IN_GRACE)) == ("waiting", "sale_not_found", True)
    late = plan(blocked, posts)
    assert outcome(late) == ("held", "sale_not_found", True)
    assert late.sentence == blocked.sale_blocked


def test_a_refund_is_held_with_the_reason_of_its_sale() -> None:
    blocked = case(sale=None, sale_blocked="SKU NEW is not mapped", sale_blocked_reason="item_not_mapped")
    decided = plan(blocked, ledger(sales="sales_receipt"), now=REFUNDED)
    assert outcome(decided) == ("held", "item_not_mapped", True)
    too_long = replace(blocked, sale_blocked_reason="number_too_long")
    assert outcome(plan(too_long, ledger(sales="sales_receipt"))) == ("held", "number_too_long", True)


def test_a_charge_from_before_the_start_is_held_where_its_sale_is_not_found() -> None:
    old = case(sale=None, charge=charge_case(created=BOOKS.start - 1))
    decided = plan(old, ledger(sales="sales_receipt"), now=REFUNDED)
    assert outcome(decided) == ("held", "sale_before_start", True)
    assert outcome(plan(old, ledger(sales="find"), now=REFUNDED)) == ("waiting", "sale_not_found", True)
    found = replace(old, sale=receipt())
    assert plan(found, ledger(sales="sales_receipt"), now=REFUNDED).outcome == "posted"


# ---------------------------------------------------------------------------------------------- waiting for the payment


def test_a_payment_that_is_not_booked_is_waited_for() -> None:
    waiting = plan(case(sale=invoice()), now=IN_GRACE)
    assert outcome(waiting) == ("waiting", "payment_not_in_books", True)
    assert waiting.sentence == "invoice 100 has no payment of this charge in the books yet"


def test_after_the_grace_the_rules_are_asked_with_payment_absent() -> None:
    full = plan(case(sale=invoice()), now=OVER)
    assert kinds(full.documents)[0] == "void"
    part = plan(case(refund(amount=100), invoice()), now=OVER)
    assert outcome(part) == ("held", "payment_not_in_books", True)
    assert part.sentence == "the invoice has no payment of charge ch_1 in the books"


def test_the_payment_of_another_charge_is_waited_past() -> None:
    sale = invoice(paid(11000, "pay-2", ("ch_2",)), lines=(line(20000, 2000),))
    assert outcome(plan(case(sale=sale), now=IN_GRACE)) == ("waiting", "payment_not_in_books", True)


# ---------------------------------------------------------------------------------------------- a void invoice


def test_a_void_invoice_without_the_payment_of_a_wholly_refunded_charge_is_adopted() -> None:
    decided = plan(case(sale=invoice(void=True)), now=REFUNDED)
    assert (decided.outcome, decided.reason, decided.documents) == ("adopted", None, ())
    assert decided.sentence == (
        "invoice 100 of charge ch_1 is void in the books and the charge is wholly refunded: it was voided already; "
        "charge and refund are left out of clearing"
    )


def test_refunds_that_take_a_charge_back_together_are_adopted_with_a_void_invoice() -> None:
    refunds = (refund(1, 5000), refund(2, 6000))
    for one in refunds:
        assert plan(case(one, invoice(void=True), siblings=refunds)).outcome == "adopted"
    failed = (refund(1, 5000), refund(2, 6000, status="failed"))
    assert outcome(plan(case(failed[0], invoice(void=True), siblings=failed))) == (
        "held",
        "sale_not_found",
        True,
    )


def test_a_void_invoice_of_a_charge_refunded_in_part_counts_as_absent() -> None:
    part = case(refund(amount=100), invoice(void=True))
    waiting = plan(part, now=IN_GRACE)
    assert outcome(waiting) == ("waiting", "sale_not_found", True)
    assert (waiting.sentence or "").startswith("invoice 100 of charge ch_1 is void in the books")
    assert outcome(plan(part)) == ("held", "sale_not_found", True)


@pytest.mark.parametrize(
    "charge_ids", [("ch_1",), ("pi_1",), ()], ids=["by charge", "by intent", "by amount"]
)
def test_a_void_invoice_with_this_charges_payment_is_a_lone_payment(charge_ids: tuple[str, ...]) -> None:
    payment = paid(charge_ids=charge_ids, applied=False, credit_account="Liabilities:Deposits")
    decided = plan(case(sale=invoice(payment, void=True)))
    assert decided.facts is not None
    assert (decided.facts.sale, decided.facts.payment) == ("payment", "unapplied")
    assert moves(decided.documents[0]) == [("Liabilities:Deposits", 11000), (CLR, -11000)]


def test_a_void_invoice_with_the_payment_of_another_charge_is_void() -> None:
    other = paid(charge_ids=("ch_2",), applied=False)
    assert plan(case(sale=invoice(other, void=True))).outcome == "adopted"


# ---------------------------------------------------------------------------------------------- sale_mismatch


def test_a_sale_in_another_currency_than_the_settlement() -> None:
    sale = receipt(currency="eur", charge_currency="eur")
    assert mismatch(plan(case(sale=sale))) == (
        "sale 100 stands in EUR, the refund left the Stripe balance in USD"
    )
    assert mismatch(plan(case(sale=sale, person=BY_HAND)))


ANN = Customer("cus_1", 1, "Ann Lee", "ann@example.com")


@pytest.mark.parametrize(
    ("sale", "differs"),
    [
        ({"customer": "Ann Lee"}, None),
        ({"customer": " ann lee "}, None),
        ({"customer": "Bob Hay"}, "customer Bob Hay, the charge is of Ann Lee"),
        ({"customer": None}, None),
        ({"customer": "Stripe customers"}, None),
        ({"customer": "Bob Hay", "customer_email": "ANN@example.com"}, None),
        ({"customer": "Bob Hay", "customer_id": "cus_1"}, None),
        ({"customer": "Bob Hay", "customer_id": "cus_2"}, "customer cus_2, the charge is of cus_1"),
        ({"customer": "Ann Lee", "customer_id": "cus_2", "customer_email": "bob@example.com"}, None),
    ],
)
def test_the_customer_is_compared_where_both_sides_are_known(
    sale: dict[str, Any], differs: str | None
) -> None:
    decided = plan(case(sale=invoice(paid(), **sale), charge=charge_case(customer=ANN)))
    if differs is None:
        assert decided.outcome == "posted", decided.sentence
    else:
        assert mismatch(decided) == f"sale 100 is of {differs}"


def test_only_the_keys_of_customers_match_are_compared() -> None:
    one = case(
        sale=invoice(paid(), customer="Bob Hay", customer_id="cus_1"), charge=charge_case(customer=ANN)
    )
    assert plan(one).outcome == "posted"
    assert mismatch(plan(one, ledger(mapping={"customer_match": ("name",)})))
    assert plan(one, ledger(mapping={"customer_match": ("email",)})).outcome == "posted"


def test_a_charge_that_knows_no_customer_is_not_compared() -> None:
    unknown = charge_case(customer_id=None, customer_name=None)
    assert plan(case(sale=invoice(paid(), customer="Bob Hay"), charge=unknown)).outcome == "posted"


def test_a_person_who_names_the_sale_has_decided_on_its_customer() -> None:
    one = case(sale=invoice(paid(), customer="Bob Hay"))
    assert "--sale inv-1 --reason" in (plan(one).action or "")
    assert plan(replace(one, person=BY_HAND)).outcome == "posted"


# ---------------------------------------------------------------------------------------------- its own payment


def test_its_own_payment_is_found_by_stripe_id_among_several() -> None:
    sale = invoice(
        paid(11000, "pay-0", ("ch_2",)),
        paid(11000, "pay-1", ("ch_1",), account="Assets:Bank"),
        lines=(line(20000, 2000),),
    )
    decided = plan(case(sale=sale))
    assert outcome(decided) == ("held", "clearing_differs", True)
    assert "Assets:Bank" in (decided.sentence or "")


def test_its_own_payment_is_found_by_amount_among_those_of_no_other_charge() -> None:
    sale = invoice(
        paid(11000, "pay-0", ("ch_2",), account="Assets:Bank"),
        paid(11000, "pay-3", (), posting_date=date(2026, 3, 5)),
        paid(11000, "pay-2", (), posting_date=date(2026, 3, 4), account="Assets:First"),
        paid(500, "pay-1", (), posting_date=date(2026, 3, 1), account="Assets:Other"),
        lines=(line(40000, 4000),),
    )
    assert "Assets:First" in (plan(case(sale=sale)).sentence or "")


def test_an_applied_payment_comes_before_an_unapplied_one() -> None:
    sale = invoice(
        paid(11000, "pay-1", (), posting_date=date(2026, 1, 1), applied=False, account="Assets:Loose"),
        paid(11000, "pay-2", (), posting_date=date(2026, 3, 4), account="Assets:Applied"),
    )
    assert "Assets:Applied" in (plan(case(sale=sale)).sentence or "")


def test_payments_on_the_sale_but_none_alike() -> None:
    sale = invoice(paid(5000, "pay-1", ()), lines=(line(20000, 2000),))
    assert (
        mismatch(plan(case(sale=sale)))
        == "invoice 100 is not paid by charge ch_1 of 110.00 USD: it has 50.00 USD"
    )


def test_a_payment_by_id_of_another_amount_than_the_charge() -> None:
    for amount in (10000, 12000):
        sale = invoice(paid(amount), lines=(line(amount, 0),))
        assert mismatch(plan(case(sale=sale))).startswith(
            f"the payment of sale 100 is {amount // 100}.00 USD; charge"
        )


def test_one_payment_of_several_charges_covers_each() -> None:
    both = paid(22000, charge_ids=("ch_1", "ch_2"))
    assert plan(case(sale=invoice(both, lines=(line(20000, 2000),)))).outcome == "posted"
    less = paid(10000, charge_ids=("ch_1", "ch_2"))
    assert mismatch(plan(case(sale=invoice(less, lines=(line(20000, 2000),)))))


def test_refunds_never_exceed_the_payment() -> None:
    refunds = (refund(1, 6000), refund(2, 6000))
    assert mismatch(plan(case(refunds[0], invoice(paid()), siblings=refunds))) == (
        "the payment of sale 100 is 110.00 USD; charge ch_1 is 110.00 USD with 120.00 USD refunded"
    )


def test_a_receipt_of_another_charge_is_not_refunded() -> None:
    other = receipt(payments=(paid(11000, "sr-1", ("ch_2",)),))
    assert mismatch(plan(case(sale=other))).startswith("sales receipt 100 is not paid by charge ch_1")
    lone = lone_payment(payments=(paid(charge_ids=("ch_2",), applied=False),))
    assert mismatch(plan(case(sale=lone)))


def test_a_person_who_names_the_sale_may_differ_in_amount_but_not_refund_more_than_was_paid() -> None:
    sale = invoice(paid(12000, "pay-1", ()), lines=(line(12000, 0),))
    assert mismatch(plan(case(sale=sale)))
    assert plan(case(sale=sale, person=BY_HAND)).outcome == "posted"
    less = invoice(paid(9000, "pay-1", ()), lines=(line(12000, 0),))
    assert mismatch(plan(case(sale=less, person=BY_HAND)))


# ---------------------------------------------------------------------------------------------- clearing_differs


def elsewhere(**changes: Any) -> Sale:
    return invoice(paid(account="Assets:Undeposited", **changes))


def test_clearing_differs_with_require_and_trust() -> None:
    required = plan(case(sale=elsewhere()))
    assert outcome(required) == ("held", "clearing_differs", True)
    assert required.sentence == (
        "the sale's payment went to Assets:Undeposited, the mapped clearing account is Assets:Stripe"
    )
    trusted = plan(case(sale=elsewhere()), ledger(clearing_required=False))
    assert [moves(d) for d in trusted.documents] == [
        [(REV, 10000), (TAX, 1000), (AR, -11000)],
        [(AR, 11000), (CLR, -11000)],
    ]


# ---------------------------------------------------------------------------------------------- booked by others


def booked(amount: int, **changes: Any) -> Booked:
    return replace(Booked("cm-1", "credit_memo", amount, "usd", "CM1", None), **changes)


def test_memos_of_others_count_as_already_refunded() -> None:
    sale = invoice(paid(), booked=(booked(5500),))
    one = case(refund(amount=5500), sale)
    assert moves(plan(one).documents[0]) == [(REV, 5000), (TAX, 500), (AR, -5500)]
    more = plan(case(refund(amount=5501), sale))
    assert mismatch(more) == (
        "refund re_1 of 55.01 USD is larger than what is left of sale 100: 55.00 USD of 110.00 USD"
    )


def test_memos_of_others_for_refunds_of_this_charge_are_not_counted_twice() -> None:
    refunds = (refund(1, 5500), refund(2, 5500))
    first = plan(case(refunds[0], invoice(paid()), siblings=refunds))
    sale = invoice(paid(), booked=(booked(5500, refund_id="re_1"),))
    second = plan(case(refunds[1], sale, siblings=refunds, earlier=first.shares, number=(1, "100-1")))
    assert moves(second.documents[0]) == [(REV, 5000), (TAX, 500), (AR, -5500)]


def test_memos_of_others_on_a_sale_as_settled_count_at_the_sales_rate() -> None:
    cad = {"currency": "cad", "charge_currency": "usd"}
    sale = invoice(
        paid(13500, currency="cad"), lines=(line(13500, 0),), booked=(booked(6750, currency="cad"),), **cad
    )
    one = case(
        refund(amount=5001),
        sale,
        charge=charge_case(10000, settled=moved(13500, 0, "cad")),
        balance_transaction=moved(-6751, 0, "cad"),
    )
    assert "50.00 USD of 100.00 USD" in mismatch(plan(one, now=NOW))


def test_lines_with_the_same_name_are_told_apart() -> None:
    sale = receipt((line(5000, 0, "x"), line(5000, 1000, "x")))
    first = plan(case(refund(1, 5500), sale, siblings=(refund(1, 5500), refund(2, 5500))))
    last = plan(case(refund(2, 5500), sale, earlier=first.shares, number=(1, "100-1")))
    assert last.outcome == "posted", last.sentence
    totals = [
        sum(s.net_minor + s.tax_minor for s in (*first.shares, *last.shares) if s.line_id == line_id)
        for line_id in ("1 x", "2 x")
    ]
    assert totals == [5000, 6000]


def test_a_payment_in_a_third_currency_is_not_compared() -> None:
    sale = invoice(paid(9000, currency="eur"), balance_minor=0)
    assert plan(case(sale=sale)).outcome == "posted"


def test_a_refund_without_charge_may_be_given_its_sale_and_types_by_a_person() -> None:
    word = PersonWord(sale_id="inv-1", types=("refund_receipt",))
    alone = case(refund(charge_id=None, payment_intent_id=None), invoice(paid()), charge=None, person=word)
    assert moves(plan(alone).documents[0]) == [(REV, 10000), (TAX, 1000), (CLR, -11000)]
    lone = replace(alone, sale=lone_payment(), person=replace(word, types=("refund_payout",)))
    assert moves(plan(lone).documents[0]) == [("Liabilities:Deposits", 11000), (CLR, -11000)]
    abroad = replace(alone, sale=invoice(paid(), lines=(line(10000, 1000),), charge_currency="eur"))
    assert moves(plan(abroad).documents[0]) == [(REV, 10000), (TAX, 1000), (CLR, -11000)]


def test_a_deposit_of_several_charges_is_paid_back_by_this_charges_part() -> None:
    both = paid(22000, charge_ids=("ch_1", "ch_2"), applied=False, credit_account="Liabilities:Deposits")
    decided = plan(case(sale=lone_payment(payments=(both,), total_minor=22000)))
    assert moves(decided.documents[0]) == [("Liabilities:Deposits", 11000), (CLR, -11000)]


@pytest.mark.parametrize("charge_ids", [("ch_1", "ch_2"), ()], ids=["of two charges", "named by a person"])
def test_a_deposit_of_another_amount_brings_no_exchange_where_the_settlement_is_not_known(
    charge_ids: tuple[str, ...],
) -> None:
    larger = paid(15000, charge_ids=charge_ids, applied=False, credit_account="Liabilities:Deposits")
    word = PersonWord() if charge_ids else PersonWord(sale_id="pay-1")
    unsettled = replace(charge_case(), balance_transaction=None)
    for known in (unsettled, charge_case()):
        sale = lone_payment(payments=(larger,), total_minor=15000)
        decided = plan(case(sale=sale, charge=known, person=word))
        assert moves(decided.documents[0]) == [("Liabilities:Deposits", 11000), (CLR, -11000)]


def test_the_sales_rate_is_that_of_the_payment_where_the_charges_settlement_is_not_known() -> None:
    cad = {"currency": "cad", "charge_currency": "usd"}
    sale = invoice(paid(13500, currency="cad"), lines=(line(13500, 0),), balance_minor=0, **cad)
    one = case(
        refund(amount=10000),
        sale,
        charge=replace(charge_case(10000), balance_transaction=None),
        balance_transaction=moved(-14000, 0, "cad"),
    )
    decided = plan(one, ledger(rules=always("refund_receipt")))
    assert moves(decided.documents[0]) == [(REV, 13500), (EXCHANGE, 500), (CLR, -14000)]


def test_a_payment_in_a_currency_that_stripe_does_not_know_is_still_told() -> None:
    sale = invoice(paid(5, "pay-1", (), currency="gold"), paid(7, "pay-2", (), currency=""), balance_minor=1)
    assert mismatch(plan(case(sale=sale))).endswith("it has 5 GOLD, 7 (no currency)")
