"""What each refund type moves, in the base case, abroad and in parts; and which type the default rules choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_cases import (
    AR,
    CLR,
    EXCHANGE,
    FEES,
    REFUNDED_DAY,
    REV,
    TAX,
    Moves,
    always,
    balance,
    case,
    charge_case,
    check_books,
    documents_of,
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
    shares_sum,
)

from connector.planning.allocation import Share
from connector.planning.case import LedgerPolicy, RefundCase
from connector.planning.model import Document, Sale, SaleLine

MEMO_AND_CARD = ledger(rules=always("credit_memo", "credit_card_refund"))
MEMO_AND_PAYOUT = ledger(rules=always("credit_memo", "refund_payout"))
RECEIPT = ledger(rules=always("refund_receipt"))
REOPEN = ledger(rules=always("reopen_invoice"), switches={"reopen_invoice": True})
PAYOUT = ledger(rules=always("refund_payout"))
MEMO = ledger(rules=always("credit_memo"))
VOID = ledger(rules=always("void"))
BANK = charge_case(payment_method="us_bank_account")


def all_moves(documents: Sequence[Document]) -> dict[str, Moves]:
    return {document.kind: moves(document) for document in documents}


# ---------------------------------------------------------------------------------------------- what each type moves


def test_credit_memo_with_credit_card_refund() -> None:
    assert all_moves(documents_of(case(sale=invoice(paid())), MEMO_AND_CARD)) == {
        "credit_memo": [(REV, 10000), (TAX, 1000), (AR, -11000)],
        "credit_card_refund": [(AR, 11000), (CLR, -11000)],
    }


def test_credit_memo_with_refund_payout() -> None:
    assert all_moves(documents_of(case(sale=invoice(paid()), charge=BANK), MEMO_AND_PAYOUT)) == {
        "credit_memo": [(REV, 10000), (TAX, 1000), (AR, -11000)],
        "refund_payout": [(AR, 11000), (CLR, -11000)],
    }


def test_credit_memo_alone_never_touches_clearing() -> None:
    decided = plan(case(sale=invoice(paid())), MEMO)
    assert all_moves(decided.documents) == {"credit_memo": [(REV, 10000), (TAX, 1000), (AR, -11000)]}
    assert decided.warnings == (
        "a credit memo alone: the customer is owed the money and clearing is too high by 110.00 USD "
        "until a cash leg exists",
    )


def test_credit_memo_alone_on_an_unpaid_invoice_warns() -> None:
    decided = plan(case(sale=invoice()), MEMO)
    assert decided.warnings == (
        "a credit memo alone on an unpaid invoice: clearing will be too high by 110.00 USD "
        "once a payment is booked",
    )


def test_refund_receipt_is_both_legs() -> None:
    expected = {"refund_receipt": [(REV, 10000), (TAX, 1000), (CLR, -11000)]}
    assert all_moves(documents_of(case(sale=receipt()), RECEIPT)) == expected
    assert all_moves(documents_of(case(sale=invoice(paid())), RECEIPT)) == expected


def test_void_takes_the_invoice_off_at_its_own_date() -> None:
    documents = documents_of(case(sale=invoice()), VOID)
    assert moves(documents[0]) == [(REV, 10000), (TAX, 1000), (AR, -11000)]
    assert documents[0].posting_date == invoice().posting_date


def test_void_with_fees_posts_the_fee_of_the_charge_alone() -> None:
    void, fee = documents_of(case(sale=invoice()), VOID)
    assert (void.kind, fee.kind, fee.subject_id, fee.refund_id) == ("void", "fee", "ch_1", None)
    assert moves(fee) == [(FEES, 349), (CLR, -349)]
    assert balance([void, fee])[CLR] == -349


def test_reopen_invoice_leaves_income_and_tax() -> None:
    assert all_moves(documents_of(case(sale=invoice(paid())), REOPEN)) == {
        "reopen_invoice": [(AR, 11000), (CLR, -11000)]
    }


def test_reopen_invoice_in_part_takes_the_refunded_part_off() -> None:
    (document,) = documents_of(case(refund(amount=3300), invoice(paid())), REOPEN)
    assert moves(document) == [(AR, 3300), (CLR, -3300)]


def test_refund_payout_of_a_lone_payment_debits_what_holds_the_credit() -> None:
    assert all_moves(documents_of(case(sale=lone_payment()), PAYOUT)) == {
        "refund_payout": [("Liabilities:Deposits", 11000), (CLR, -11000)]
    }


def test_refund_payout_of_a_lone_payment_on_receivable() -> None:
    sale = lone_payment(payments=(paid(applied=False, credit_account=None),))
    assert moves(documents_of(case(sale=sale), PAYOUT)[0]) == [(AR, 11000), (CLR, -11000)]


def test_a_fee_on_the_refund_is_a_document_of_its_own() -> None:
    one = case(sale=receipt(), balance_transaction=moved(-11000, 25))
    document, fee = documents_of(one, RECEIPT)
    assert moves(fee) == [(FEES, 25), (CLR, -25)]
    assert (fee.refund_id, fee.part, fee.amount_minor) == ("re_1", "refund", 25)
    assert fee.after == (document.document_key,)
    assert kinds(documents_of(one, replace(RECEIPT, fees=False))) == ["refund_receipt"]


def test_a_fee_given_back_on_the_refund_is_never_a_negative_expense() -> None:
    one = case(sale=receipt(), balance_transaction=moved(-11000, -349))
    fee = documents_of(one, RECEIPT)[1]
    assert moves(fee) == [(FEES, -349), (CLR, 349)]
    assert (fee.amount_minor, fee.narration) == (349, "Stripe fee given back on the refund 100")


def test_the_cash_leg_follows_its_memo_and_the_memo_follows_the_sale() -> None:
    ours = replace(invoice(paid(name="dkpay")), ours=True, ledger_id="dkinv")
    memo, cash = documents_of(case(sale=ours), MEMO_AND_CARD)
    assert memo.after == ("dkinv", "dkpay")
    assert cash.after == (memo.document_key,)
    theirs = documents_of(case(sale=invoice(paid())), MEMO_AND_CARD)
    assert theirs[0].after == ()


def test_documents_say_what_they_are_for() -> None:
    one = case(refund(reason="requested_by_customer"), invoice(paid()))
    memo, cash = documents_of(one, MEMO_AND_CARD)
    assert memo.narration == "Credit memo 100 of invoice 100 (requested by customer)"
    assert cash.narration == "Refund 100 paid out (requested by customer)"
    assert {(d.rule, d.customer, d.sale_ledger_id) for d in (memo, cash)} == {
        ("the only rule", "Ann Lee", "inv-1")
    }


# ---------------------------------------------------------------------------------------------- default rules


@pytest.mark.parametrize(
    ("changes", "rule", "expected"),
    [
        ({"sale": lone_payment()}, "deposit or prepayment", ["refund_payout"]),
        ({"sale": receipt()}, "sales receipt", ["refund_receipt"]),
        (
            {"sale": invoice(paid())},
            "card refund of an invoice",
            ["credit_memo", "credit_card_refund"],
        ),
        (
            {"sale": invoice(paid(applied=False))},
            "card refund of an invoice",
            ["credit_memo", "credit_card_refund"],
        ),
        (
            {"sale": invoice(paid()), "charge": BANK},
            "refund of an invoice by bank or other means",
            ["credit_memo", "refund_payout"],
        ),
        (
            {"sale": invoice(paid()), "charge": charge_case(payment_method="klarna")},
            "refund of an invoice by bank or other means",
            ["credit_memo", "refund_payout"],
        ),
        ({"sale": invoice()}, "invoice never paid in the books", ["void", "fee"]),
    ],
)
def test_each_default_rule(changes: dict[str, Any], rule: str, expected: list[str]) -> None:
    decided = plan(case(**changes))
    assert (decided.outcome, decided.rule) == ("posted", rule), decided.sentence
    assert kinds(decided.documents) == expected


@pytest.mark.parametrize(
    ("charge", "expected"),
    [(charge_case(), ["credit_memo", "credit_card_refund"]), (BANK, ["credit_memo", "refund_payout"])],
)
def test_default_rules_for_a_sales_receipt_in_quickbooks_desktop(charge: Any, expected: list[str]) -> None:
    can = {"kind": "quickbooks_desktop", "refund_types": frozenset(MEMO.switches) - {"refund_receipt"}}
    desktop = ledger(kind="quickbooks_desktop", can=can)
    assert kinds(documents_of(case(sale=receipt(), charge=charge), desktop)) == expected


def test_default_rules_without_credit_memos_use_a_refund_receipt() -> None:
    decided = plan(case(sale=invoice(paid())), ledger(switches={"credit_memo": False}))
    assert decided.rule == "refund of an invoice without credit memos"
    assert kinds(decided.documents) == ["refund_receipt"]


def test_default_rules_hold_a_partial_refund_of_an_unpaid_invoice() -> None:
    decided = plan(case(refund(amount=5500), invoice()))
    assert (decided.outcome, decided.reason, decided.due) == ("held", "payment_not_in_books", True)


def test_default_rules_hold_where_no_sale_is_found() -> None:
    decided = plan(case(sale=None))
    assert (decided.outcome, decided.reason, decided.due) == ("held", "sale_not_found", True)


# ---------------------------------------------------------------------------------------------- facts


def test_invoice_paid_is_a_fact_of_invoices_alone() -> None:
    def seen(sale: Sale) -> tuple[str, str, str]:
        facts = plan(case(sale=sale)).facts
        assert facts is not None
        return facts.sale, facts.payment, facts.invoice_paid

    assert seen(receipt()) == ("sales_receipt", "applied", "none")
    assert seen(lone_payment()) == ("payment", "unapplied", "none")
    assert seen(invoice()) == ("invoice", "absent", "none")
    assert seen(invoice(paid())) == ("invoice", "applied", "all")
    assert seen(invoice(paid(), lines=(line(20000, 2000),))) == ("invoice", "applied", "part")


@pytest.mark.parametrize(
    ("number", "full", "closes"), [(1, "partial", False), (2, "partial", False), (3, "partial", True)]
)
def test_closes_charge_counts_the_refunds_up_to_this_one(number: int, full: str, closes: bool) -> None:
    siblings = [refund(1, 3300), refund(2, 3300), refund(3, 4400), refund(4, 999, status="failed")]
    facts = plan(case(siblings[number - 1], receipt(), siblings=siblings)).facts
    assert facts is not None
    assert (facts.refund, facts.closes_charge, facts.charge_age_days) == (full, closes, 8)


# ---------------------------------------------------------------------------------------------- exchange

ABROAD = charge_case(10000, settled=moved(13500, 0, "cad"))
LINES_ABROAD = (line(10000, 0, home_net_minor=13500),)


def abroad(sale: Sale, **changes: Any) -> RefundCase:
    """Sale 100.00 usd settled 135.00 cad, refunded at 1.40."""
    return case(
        refund(amount=10000),
        sale,
        **{"charge": ABROAD, "balance_transaction": moved(-14000, 0, "cad")} | changes,
    )


def in_cad(sale: Sale, **payment: Any) -> Sale:
    payments = tuple(replace(p, amount_minor=13500, currency="cad", **payment) for p in sale.payments)
    return replace(
        sale,
        currency="cad",
        total_minor=13500,
        balance_minor=0,
        payments=payments,
        ours=sale.form != "payment",
    )


def test_exchange_loss_stands_on_the_memo() -> None:
    memo, cash = documents_of(abroad(in_cad(invoice(paid(), lines=LINES_ABROAD))), MEMO_AND_CARD)
    assert moves(memo) == [(REV, 13500), (EXCHANGE, 500), (AR, -14000)]
    assert moves(cash) == [(AR, 14000), (CLR, -14000)]
    assert {d.currency for d in (memo, cash)} == {"cad"}


def test_exchange_loss_stands_on_the_refund_receipt() -> None:
    (document,) = documents_of(abroad(in_cad(receipt(LINES_ABROAD))), RECEIPT)
    assert moves(document) == [(REV, 13500), (EXCHANGE, 500), (CLR, -14000)]


def test_exchange_loss_of_a_lone_payment_stands_on_the_cash_leg() -> None:
    (document,) = documents_of(abroad(in_cad(lone_payment())), PAYOUT)
    assert moves(document) == [(EXCHANGE, 500), ("Liabilities:Deposits", 13500), (CLR, -14000)]


def test_exchange_loss_of_a_reopened_invoice_stands_on_the_cash_leg() -> None:
    (document,) = documents_of(abroad(in_cad(invoice(paid(), lines=LINES_ABROAD))), REOPEN)
    assert moves(document) == [(EXCHANGE, 500), (AR, 13500), (CLR, -14000)]


def test_exchange_gain_is_a_credit() -> None:
    one = abroad(in_cad(receipt(LINES_ABROAD)), balance_transaction=moved(-13000, 0, "cad"))
    assert moves(documents_of(one, RECEIPT)[0]) == [(REV, 13500), (EXCHANGE, -500), (CLR, -13000)]


def test_exchange_needs_its_account_only_where_the_rate_moved() -> None:
    policy = ledger(rules=always("refund_receipt"), mapping={"exchange": None})
    decided = plan(abroad(in_cad(receipt(LINES_ABROAD))), policy)
    assert (decided.outcome, decided.reason) == ("held", "account_not_mapped")
    same = abroad(in_cad(receipt(LINES_ABROAD)), balance_transaction=moved(-13500, 0, "cad"))
    assert moves(documents_of(same, policy)[0]) == [(REV, 13500), (CLR, -13500)]


def test_a_sale_found_as_settled_gets_its_lines_in_the_charges_currency() -> None:
    lines = (line(9000, 900, "a"), line(3600, 0, "b"))
    found = invoice(paid(13500, currency="cad"), lines=lines, currency="cad", balance_minor=0)
    first, second = refund(1, 4000), refund(2, 6000)
    one = abroad(found, siblings=(first, second), charge_currencies=frozenset({"cad"}))
    decided = plan(replace(one, refund=first, balance_transaction=moved(-5600, 0, "cad")), RECEIPT)
    assert decided.shares == (Share("a", 2667, 267, 3600, 360), Share("b", 1066, 0, 1439, 0))
    assert moves(decided.documents[0]) == [
        (REV, 3600),
        (REV, 1439),
        (TAX, 360),
        (EXCHANGE, 201),
        (CLR, -5600),
    ]
    last = plan(
        replace(one, refund=second, balance_transaction=moved(-8100, 0, "cad"), earlier=decided.shares),
        RECEIPT,
    )
    assert shares_sum(last.shares) == 6000
    together = balance(decided.documents, last.documents)
    assert together == {REV: 12600, TAX: 900, EXCHANGE: 200, CLR: -13700}


def test_a_charge_that_paid_half_of_a_sale_found_as_settled_has_its_own_rate() -> None:
    found = invoice(
        paid(13500, currency="cad"),
        paid(13500, "pay-2", ("ch_2",), currency="cad"),
        lines=(line(27000, 0),),
        currency="cad",
    )
    decided = plan(abroad(found), RECEIPT)
    assert decided.shares == (Share("1", 10000, 0, 13500, 0),)


# ---------------------------------------------------------------------------------------------- refunds in parts


def in_parts(
    sale: Sale, amounts: Sequence[int], settled: Sequence[int], policy: LedgerPolicy, **changes: Any
) -> list[tuple[Document, ...]]:
    """The documents of refunds of one charge, each planned after those before it."""
    refunds = [refund(n, amount) for n, amount in enumerate(amounts, start=1)]
    earlier: tuple[Share, ...] = ()
    posted = []
    for place, (one, home) in enumerate(zip(refunds, settled, strict=True)):
        decided = plan(
            case(
                one,
                sale,
                siblings=refunds,
                earlier=earlier,
                number=(place, f"100-{place}" if place else "100"),
                balance_transaction=moved(-home, 0, sale.currency),
                **changes,
            ),
            policy,
        )
        assert decided.outcome == "posted", decided.sentence
        assert shares_sum(decided.shares) == one.amount_minor
        earlier += decided.shares
        posted.append(decided.documents)
    return posted


def test_worked_case_33_33_44_takes_tax_3_3_4() -> None:
    parts = in_parts(receipt(), [3300, 3300, 4400], [3300, 3300, 4400], RECEIPT)
    assert [moves(documents[0]) for documents in parts] == [
        [(REV, 3000), (TAX, 300), (CLR, -3300)],
        [(REV, 3000), (TAX, 300), (CLR, -3300)],
        [(REV, 4000), (TAX, 400), (CLR, -4400)],
    ]
    assert [documents[0].number for documents in parts] == ["100", "100-1", "100-2"]


def test_partial_refunds_carry_home_amounts_cumulatively() -> None:
    sale = in_cad(receipt((line(3, 0, home_net_minor=100),)))
    charge = charge_case(3, settled=moved(100, 0, "cad"))
    parts = in_parts(sale, [1, 1, 1], [33, 33, 34], RECEIPT, charge=charge)
    assert [moves(documents[0]) for documents in parts] == [
        [(REV, 33), (CLR, -33)],
        [(REV, 34), (EXCHANGE, -1), (CLR, -33)],
        [(REV, 33), (EXCHANGE, 1), (CLR, -34)],
    ]


def test_a_refund_larger_than_what_is_left_of_its_sale_is_held() -> None:
    one = case(refund(2, 6000), receipt(), earlier=(Share("1", 5000, 500, 5000, 500),))
    decided = plan(one)
    assert (decided.outcome, decided.reason) == ("held", "sale_mismatch")
    assert decided.sentence == (
        "refund re_2 of 60.00 USD is larger than what is left of sale 100: 55.00 USD of 110.00 USD"
    )


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("jpy", 5500, "5500 JPY"), ("kwd", 11000, "11.000 KWD"), ("isk", 550000, "5500.00 ISK")],
)
def test_other_currencies_keep_their_decimals(currency: str, amount: int, shown: str) -> None:
    tax = amount // 11
    sale = receipt((line(amount - tax, tax),), currency=currency, charge_currency=currency, ours=True)
    one = case(
        refund(amount=amount, currency=currency),
        sale,
        charge=charge_case(amount, currency=currency),
        charge_currencies=frozenset({currency}),
    )
    assert moves(documents_of(one)[0]) == [(REV, amount - tax), (TAX, tax), (CLR, -amount)]
    memo = plan(replace(one, sale=replace(sale, form="invoice")), MEMO)
    assert shown in memo.warnings[0]


def test_negative_lines_of_a_proration_come_back_as_credits() -> None:
    sale = receipt((line(10000, 1000, "a"), line(-2000, -200, "b")))
    one = case(refund(amount=4400), sale, charge=charge_case(8800))
    assert moves(documents_of(one)[0]) == [(REV, 5000), (REV, -1000), (TAX, 400), (CLR, -4400)]


def test_two_charges_of_one_invoice_are_refunded_one_after_the_other() -> None:
    sale = invoice(paid(), paid(11000, "pay-2", ("ch_2",)), lines=(line(20000, 2000),))
    first = plan(case(sale=sale))
    other = case(
        refund(2, charge_id="ch_2"),
        sale,
        charge=charge_case(charge_id="ch_2"),
        earlier=first.shares,
        number=(1, "100-1"),
    )
    second = plan(other)
    assert balance(first.documents, second.documents) == {REV: 20000, TAX: 2000, CLR: -22000}


# ---------------------------------------------------------------------------------------------- what always holds

TYPES = [
    ("refund_receipt",),
    ("credit_memo", "credit_card_refund"),
    ("reopen_invoice",),
]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Sale, list[int], list[int], int, LedgerPolicy]:
    """A sale that the connector posted, refunds that close it and what each settled as, by any type."""
    lines: list[SaleLine] = []
    for place in range(draw(st.integers(1, 3))):
        net, tax = draw(st.integers(1, 3000)), draw(st.integers(0, 300))
        home_net, home_tax = draw(st.integers(0, 5000)), draw(st.integers(0, 500)) if tax else 0
        lines.append(line(net, tax, str(place), home_net_minor=home_net, home_tax_minor=home_tax))
    home = sum(one.home_net_minor + one.home_tax_minor for one in lines)
    if not home:
        lines[0] = replace(lines[0], home_net_minor=1)
        home = 1
    charged = sum(one.net_minor + one.tax_minor for one in lines)
    left = charged
    amounts: list[int] = []
    while left:
        amount = draw(st.integers(1, left)) if len(amounts) < 3 else left
        amounts.append(amount)
        left -= amount
    settled = [draw(st.integers(1, 5000)) for _ in amounts]
    sale = replace(
        invoice(paid(home, currency="cad"), lines=lines), currency="cad", ours=True, balance_minor=0
    )
    types = draw(st.sampled_from(TYPES))
    return sale, amounts, settled, charged, ledger(rules=always(*types), switches={"reopen_invoice": True})


@given(histories())
def test_over_the_life_of_a_sale_everything_reaches_zero(
    history: tuple[Sale, list[int], list[int], int, LedgerPolicy],
) -> None:
    sale, amounts, settled, charged, policy = history
    charge = charge_case(charged, settled=moved(sale.total_minor, 0, "cad"))
    parts = in_parts(sale, amounts, settled, policy, charge=charge)
    check_books([document for documents in parts for document in documents])
    sums = balance(*parts)
    # Clearing moved by what Stripe moved; what that differs from the sale is exchange, and nothing else is left.
    assert sums.pop(CLR) == -sum(settled)
    assert sums.pop(EXCHANGE, 0) == sum(settled) - sale.total_minor
    if kinds(parts[0]) == ["reopen_invoice"]:
        assert sums == {AR: sale.total_minor}
    else:
        net = sum(one.home_net_minor for one in sale.lines)
        tax = sum(one.home_tax_minor for one in sale.lines)
        assert sums == {account: amount for account, amount in ((REV, net), (TAX, tax)) if amount}


@given(histories())
def test_the_same_refund_is_planned_the_same_and_under_its_own_keys(
    history: tuple[Sale, list[int], list[int], int, LedgerPolicy],
) -> None:
    sale, amounts, settled, charged, policy = history
    charge = charge_case(charged, settled=moved(sale.total_minor, 0, "cad"))
    parts = in_parts(sale, amounts, settled, policy, charge=charge)
    assert parts == in_parts(sale, amounts, settled, policy, charge=charge)
    keys = [document.document_key for documents in parts for document in documents]
    assert len(set(keys)) == len(keys)


@given(st.permutations([1, 2, 3]))
def test_keys_do_not_depend_on_the_order_of_planning(order: list[int]) -> None:
    def keys(number: int) -> set[str]:
        one = case(refund(number, 1000), invoice(paid()), number=(order.index(number), "any"))
        return {document.document_key for document in documents_of(one)}

    assert {key for number in order for key in keys(number)} == {
        key for number in (1, 2, 3) for key in keys(number)
    }


def test_another_revision_has_other_keys() -> None:
    first = documents_of(case(sale=invoice(paid())))
    second = documents_of(case(sale=invoice(paid()), revision=2))
    assert not {d.document_key for d in first} & {d.document_key for d in second}
    assert {d.revision for d in second} == {2}


def test_posting_dates_and_names_are_those_of_the_refund() -> None:
    documents = documents_of(case(sale=invoice(paid()), balance_transaction=moved(-11000, 5)))
    assert {d.posting_date for d in documents} == {REFUNDED_DAY}
    assert {(d.refund_id, d.charge_id, d.ledger) for d in documents} == {("re_1", "ch_1", "main")}
