"""The guards of a void, each broken one by one, and what is posted in another month."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from planning_cases import (
    AR,
    BOOKS,
    CLR,
    FEES,
    REV,
    TAX,
    always,
    at,
    balance,
    case,
    charge_case,
    check_books,
    found_from,
    invoice,
    kinds,
    ledger,
    line,
    moved,
    moves,
    paid,
    plan,
    refund,
)

from connector.planning.case import LedgerPolicy, Plan
from connector.planning.model import Sale

VOID = ledger(rules=always("void"))
LEFT_OUT = "the charge and the refund are left out of clearing; a payment booked later will be reported"


def void(sale: Sale, policy: LedgerPolicy = VOID, **changes: Any) -> Plan:
    return plan(case(changes.pop("refund", refund()), sale, **changes), policy)


def guard(decided: Plan) -> str:
    assert (decided.outcome, decided.reason, decided.due) == ("held", "void_guard", False), decided
    assert (decided.action or "").startswith(
        "put it right, then: connector resolve re_1 --ledger main --retry "
    )
    return (decided.sentence or "").removeprefix("not voided: ")


def test_with_every_guard_kept_the_invoice_is_voided() -> None:
    decided = void(invoice())
    assert decided.outcome == "posted"
    assert moves(decided.documents[0]) == [(REV, 10000), (TAX, 1000), (AR, -11000)]
    assert decided.documents[0].posting_date == date(2026, 3, 2)
    assert decided.warnings == (LEFT_OUT,)
    check_books(decided.documents)


def test_refunds_of_the_charge_must_equal_the_invoice_total() -> None:
    part = void(invoice(), refund=refund(amount=10900))
    assert guard(part) == "the refunds of the charge come to 109.00 USD, invoice 100 to 110.00 USD"
    pending = void(
        invoice(), refund=refund(amount=5000), siblings=(refund(1, 5000), refund(2, 6000, status="pending"))
    )
    assert guard(pending).startswith("the refunds of the charge come to 50.00 USD")


def test_the_whole_total_must_still_be_open() -> None:
    assert guard(void(invoice(balance_minor=10999))) == (
        "invoice 100 is not wholly open: 109.99 USD of 110.00 USD"
    )


@pytest.mark.parametrize(
    "payment",
    [
        paid(),
        paid(applied=False),
        paid(charge_ids=("ch_2",), applied=False),
        paid(5000, charge_ids=("ch_2",)),
    ],
    ids=["of the charge", "of the charge, unapplied", "of the amount, unapplied", "applied"],
)
def test_no_payment_of_the_charge_or_of_its_amount_may_stand_there(payment: Any) -> None:
    sale = invoice(payment, balance_minor=11000)
    assert "stands on invoice 100 or on its customer" in guard(void(sale))


def test_a_loose_payment_of_another_amount_does_not_matter() -> None:
    other = paid(5000, "pay-9", ("ch_2",), applied=False)
    assert void(invoice(other)).outcome == "posted"


# ---------------------------------------------------------------------------------------------- another month


@pytest.mark.parametrize(
    ("sale", "policy"),
    [
        (invoice(posting_date=date(2026, 2, 28)), VOID),
        (invoice(posting_date=date(2025, 3, 10)), VOID),
        (invoice(), replace(VOID, closed_until=date(2026, 3, 5))),
    ],
    ids=["month before", "year before", "closed day of the same month"],
)
def test_in_another_month_a_credit_memo_of_the_refunds_date_is_applied(
    sale: Sale, policy: LedgerPolicy
) -> None:
    changes: dict[str, Any] = {"charge": charge_case(settled=moved(11000, 349))}
    decided = void(sale, policy, **changes)
    memo, fee = decided.documents
    assert (memo.kind, memo.posting_date) == ("credit_memo", date(2026, 3, 10))
    assert moves(memo) == [(REV, 10000), (TAX, 1000), (AR, -11000)]
    assert moves(fee) == [(FEES, 349), (CLR, -349)]
    assert "is of another month or of a closed one" in decided.warnings[0]
    assert decided.warnings[1] == LEFT_OUT


def test_the_fee_of_a_charge_of_a_closed_month_does_not_hold_the_memo() -> None:
    charged = replace(charge_case(), balance_transaction=moved(11000, 349, created=at("2026-02-20 15:00")))
    closed = replace(VOID, closed_until=date(2026, 2, 28))
    decided = void(invoice(posting_date=date(2026, 2, 20)), closed, charge=charged)
    assert [(d.kind, d.posting_date) for d in decided.documents] == [
        ("credit_memo", date(2026, 3, 10)),
        ("fee", date(2026, 3, 1)),
    ]
    assert decided.documents[1].narration == "Stripe fee on the charge 100 [2026-02-20]"


def test_the_first_open_day_of_the_next_month_is_another_month() -> None:
    policy = replace(VOID, closed_until=date(2026, 3, 31), fees=False)
    decided = plan(case(sale=invoice()), policy, replace(BOOKS, period_closed="first_open_day"))
    assert [(d.kind, d.posting_date) for d in decided.documents] == [("credit_memo", date(2026, 4, 1))]


def test_the_credit_memo_instead_of_a_void_is_found_again() -> None:
    sale = invoice(posting_date=date(2026, 2, 28))
    first = void(sale)
    ours = tuple(found_from(d) for d in first.documents)
    later = void(replace(sale, balance_minor=0), ours=ours)
    assert [d.document_key for d in later.documents] == [d.document_key for d in first.documents]
    assert later.documents[0].part == "void"


def test_a_payment_booked_later_gives_the_memo_its_cash_leg() -> None:
    sale = invoice(posting_date=date(2026, 2, 28))
    first = void(sale, ledger())
    ours = tuple(found_from(d) for d in first.documents)
    booked = invoice(paid(), posting_date=date(2026, 2, 28), balance_minor=-11000)
    later = void(booked, ledger(), ours=ours)
    assert kinds(later.documents) == ["credit_memo", "credit_card_refund"]
    assert later.documents[0].document_key == first.documents[0].document_key


# ---------------------------------------------------------------------------------------------- fees


def test_fees_of_charge_and_refund_follow_the_void() -> None:
    decided = void(invoice(), balance_transaction=moved(-11000, 25))
    voided, of_charge, of_refund = decided.documents
    assert of_charge.after == (voided.document_key,)
    assert (of_charge.subject_id, of_charge.refund_id, of_charge.number) == ("ch_1", None, "100")
    assert of_charge.posting_date == date(2026, 3, 2)
    assert (of_refund.subject_id, of_refund.refund_id) == ("re_1", "re_1")
    assert balance(decided.documents) == {REV: 10000, TAX: 1000, AR: -11000, FEES: 374, CLR: -374}


def test_without_fees_the_void_stands_alone() -> None:
    assert kinds(void(invoice(), replace(VOID, fees=False)).documents) == ["void"]
    free = charge_case(settled=moved(11000, 0))
    assert kinds(void(invoice(), charge=free).documents) == ["void"]
    unknown = replace(charge_case(), balance_transaction=None)
    assert kinds(void(invoice(), charge=unknown).documents) == ["void"]


# ---------------------------------------------------------------------------------------------- several refunds


def test_of_several_refunds_the_last_one_voids_and_the_others_follow() -> None:
    refunds = (refund(1, 5000), refund(2, 6000))
    first = void(invoice(), refund=refunds[0], siblings=refunds)
    assert (first.outcome, first.reason, first.due) == ("waiting", "payment_not_in_books", True)
    assert first.sentence == "invoice 100 is voided with refund re_2, which closes its charge"
    last = void(invoice(), refund=refunds[1], siblings=refunds)
    assert moves(last.documents[0]) == [(REV, 10000), (TAX, 1000), (AR, -11000)]
    after = void(invoice(void=True), refund=refunds[0], siblings=refunds)
    assert after.outcome == "adopted"


def test_a_void_of_a_sale_as_settled_takes_what_stands_in_the_books() -> None:
    sale = invoice(lines=(line(13500, 1350),), currency="cad")
    decided = void(
        sale,
        charge=charge_case(settled=moved(14850, 0, "cad")),
        balance_transaction=moved(-15000, 0, "cad"),
    )
    assert moves(decided.documents[0]) == [(REV, 13500), (TAX, 1350), (AR, -14850)]
    assert decided.documents[0].amount_minor == 14850


def test_a_void_of_tax_without_an_account_of_its_own_takes_it_off_the_mapped_one() -> None:
    sale = invoice(lines=(line(10000, 1000, tax_account=None),))
    assert moves(void(sale).documents[0]) == [(REV, 10000), (TAX, 1000), (AR, -11000)]
