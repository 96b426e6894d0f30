"""What takes a posted refund back when Stripe failed it, when the customer is owed, and when a person replaces it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_cases import (
    AR,
    BOOKS,
    CLR,
    EXCHANGE,
    FAILED,
    FAILED_DAY,
    FEES,
    NOW,
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
    found_from,
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
    reverse,
)

from connector.planning.case import LedgerPolicy, PersonWord, Plan, RefundCase
from connector.planning.model import Document, Sale
from connector.planning.reversal_plan import Standing, plan_failure, plan_undo

MEMO_AND_CARD = ledger(rules=always("credit_memo", "credit_card_refund"))
MEMO = ledger(rules=always("credit_memo"))
REOPEN = ledger(rules=always("reopen_invoice"), switches={"reopen_invoice": True})
OWE = replace(BOOKS, failed_refund="owe_customer")


def posted_and_reversed(
    sale: Sale, policy: LedgerPolicy, failure: int = 11000, fee: int = 0, **changes: Any
) -> tuple[tuple[Document, ...], Plan]:
    one = case(sale=sale, **changes)
    documents = documents_of(one, policy)
    currency = documents[0].currency
    return documents, reverse(one, documents, moved(failure, fee, currency, FAILED, "txn_f"), policy)


def shown(documents: Sequence[Document]) -> list[tuple[str, Moves]]:
    return [(document.part, moves(document)) for document in documents]


# ---------------------------------------------------------------------------------------------- every type


@pytest.mark.parametrize(
    ("sale", "policy", "mirrors"),
    [
        (
            invoice(paid()),
            MEMO_AND_CARD,
            [
                ("credit_card_refund", [(AR, -11000), (CLR, 11000)]),
                ("credit_memo", [(REV, -10000), (TAX, -1000), (AR, 11000)]),
            ],
        ),
        (receipt(), ledger(), [("refund_receipt", [(REV, -10000), (TAX, -1000), (CLR, 11000)])]),
        (invoice(paid()), REOPEN, [("reopen_invoice", [(AR, -11000), (CLR, 11000)])]),
        (lone_payment(), ledger(), [("refund_payout", [("Liabilities:Deposits", -11000), (CLR, 11000)])]),
        (invoice(paid()), MEMO, [("credit_memo", [(REV, -10000), (TAX, -1000), (AR, 11000)])]),
        (invoice(), ledger(fees=False), [("void", [(REV, -10000), (TAX, -1000), (CLR, 11000)])]),
    ],
    ids=["memo and card", "receipt", "reopen", "lone payment", "lone memo", "void"],
)
def test_the_reversal_of_each_type(
    sale: Sale, policy: LedgerPolicy, mirrors: list[tuple[str, Moves]]
) -> None:
    documents, failed = posted_and_reversed(sale, policy)
    assert failed.outcome == "reversed"
    assert shown(failed.documents) == mirrors
    check_books(failed.documents)
    assert {d.kind for d in failed.documents} == {"reversal"}
    assert {d.number for d in failed.documents} == {"100-R"}
    assert {d.posting_date for d in failed.documents} == {FAILED_DAY}
    assert {d.posting_date for d in documents} <= {REFUNDED_DAY, date(2026, 3, 2)}
    assert {d.reverses for d in failed.documents} == {d.document_key for d in documents}


def test_a_failed_refund_says_that_the_customer_has_not_got_the_money() -> None:
    _, failed = posted_and_reversed(receipt(), ledger())
    assert failed.sentence == "Stripe says failed: the customer has not got the money"
    assert failed.action == (
        'pay the customer another way, then: connector resolve re_1 --ledger main --skip --reason "..."'
    )


def test_the_cash_leg_is_taken_back_before_its_memo() -> None:
    documents, failed = posted_and_reversed(invoice(paid()), MEMO_AND_CARD)
    cash, memo = failed.documents
    assert cash.after == (documents[1].document_key,)
    assert memo.after == (documents[0].document_key, cash.document_key)


def test_the_credit_memo_that_stood_for_a_void_is_taken_back_as_one() -> None:
    sale = invoice(posting_date=date(2026, 2, 28))
    documents, failed = posted_and_reversed(sale, ledger(fees=False))
    assert documents[0].kind == "credit_memo"
    assert shown(failed.documents) == [("credit_memo", [(REV, -10000), (TAX, -1000), (CLR, 11000)])]


def test_refunds_that_were_voided_together_are_told() -> None:
    siblings = (refund(1, 5000), refund(2, 6000))
    one = case(siblings[1], invoice(), siblings=siblings)
    failed = reverse(one, documents_of(one, ledger(rules=always("void"))))
    assert failed.warnings == ("refund re_1 was voided together with this one; resync it",)


def test_nothing_posted_is_dropped() -> None:
    one = case(sale=invoice(paid()))
    unsent = [Standing(document, False) for document in documents_of(one)]
    failed = plan_failure(one, BOOKS, ledger(), unsent, NOW)
    assert (failed.outcome, failed.documents) == ("dropped", ())


def test_only_what_stands_in_the_books_is_reversed() -> None:
    one = case(sale=invoice(paid()))
    memo, cash = documents_of(one, MEMO_AND_CARD)
    failed = plan_failure(
        replace(one, failure_balance_transaction=moved(11000, created=FAILED)),
        BOOKS,
        MEMO_AND_CARD,
        [Standing(memo, True), Standing(cash, False)],
        NOW,
    )
    assert shown(failed.documents) == [("credit_memo", [(REV, -10000), (TAX, -1000), (AR, 11000)])]


def test_what_others_booked_is_theirs_to_take_back() -> None:
    one = case(sale=invoice(paid()))
    adopted = replace(documents_of(one)[0], entries=())
    failed = reverse(one, [adopted])
    assert (failed.outcome, failed.reason) == ("held", "ledger_cannot")
    assert "others booked this refund (credit memo 100)" in (failed.sentence or "")


def test_a_reversal_without_room_for_its_number_has_none() -> None:
    short = ledger(can={"number_length": 4})
    one = case(sale=receipt())
    assert [d.number for d in reverse(one, documents_of(one, short), policy=short).documents] == [None]


# ---------------------------------------------------------------------------------------------- fees, dates, settlement


def test_the_fee_of_a_failure_is_posted_and_the_fee_of_the_refund_stays() -> None:
    documents, failed = posted_and_reversed(
        receipt(), ledger(), fee=-25, balance_transaction=moved(-11000, 25)
    )
    assert kinds(documents) == ["refund_receipt", "fee"]
    assert kinds(failed.documents) == ["reversal", "fee"]
    fee = failed.documents[1]
    assert moves(fee) == [(FEES, -25), (CLR, 25)]
    assert (fee.part, fee.refund_id, fee.narration) == (
        "failure",
        "re_1",
        "Stripe fee given back on the failed refund 100",
    )
    assert fee.after == (failed.documents[0].document_key,)
    assert balance(documents, failed.documents) == {}


def test_a_failure_in_a_closed_period_is_held_or_moved() -> None:
    one = case(sale=receipt())
    documents = documents_of(one)
    closed = ledger(closed_until=date(2026, 4, 30))
    held = reverse(one, documents, policy=closed)
    assert (held.outcome, held.reason, held.due) == ("held", "period_closed", True)
    moving = reverse(one, documents, policy=closed, books=replace(BOOKS, period_closed="first_open_day"))
    assert [d.posting_date for d in moving.documents] == [date(2026, 5, 1)]
    assert moving.documents[0].narration == "Reversal of refund receipt 100: the refund failed [2026-04-06]"


def test_a_failure_without_balance_transaction() -> None:
    one = case(sale=receipt())
    standing = [Standing(document, True) for document in documents_of(one)]
    failed = replace(one, refund=replace(one.refund, status="canceled"))
    held = plan_failure(failed, BOOKS, ledger(), standing, NOW)
    assert (held.outcome, held.reason, held.due) == ("held", "settlement_unknown", True)
    waiting = plan_failure(replace(failed, first_seen=NOW), BOOKS, ledger(), standing, NOW)
    assert (waiting.outcome, waiting.reason) == ("waiting", "settlement_unknown")
    assumed = plan_failure(failed, replace(BOOKS, from_export=True), ledger(), standing, NOW)
    assert assumed.outcome == "reversed"
    assert assumed.warnings[0].startswith("settlement_assumed")
    assert moves(assumed.documents[0])[-1] == (CLR, 11000)


def test_a_failure_in_another_currency_is_held() -> None:
    one = case(sale=receipt())
    held = reverse(one, documents_of(one), moved(15000, 0, "cad", FAILED))
    assert (held.outcome, held.reason) == ("held", "settlement_unknown")
    assert held.sentence == ("document 100 stands in USD, its failure moved the Stripe balance in CAD")


# ---------------------------------------------------------------------------------------------- exchange


def abroad(sale: Sale) -> dict[str, Any]:
    """A refund of 100.00 usd that settled 140.00 cad, of a sale that settled 135.00."""
    payments = tuple(replace(p, amount_minor=13500, currency="cad") for p in sale.payments)
    return {
        "sale": replace(sale, currency="cad", payments=payments, total_minor=13500, ours=bool(payments)),
        "what": refund(amount=10000),
        "charge": charge_case(10000, settled=moved(13500, 0, "cad")),
        "balance_transaction": moved(-14000, 0, "cad"),
    }


CAD_LINE = (line(10000, 0, home_net_minor=13500),)


@pytest.mark.parametrize(
    ("sale", "policy", "mirrors"),
    [
        (
            invoice(paid(), lines=CAD_LINE),
            MEMO_AND_CARD,
            [
                ("credit_card_refund", [(AR, -14000), (EXCHANGE, 200), (CLR, 13800)]),
                ("credit_memo", [(REV, -13500), (EXCHANGE, -500), (AR, 14000)]),
            ],
        ),
        (
            receipt(CAD_LINE),
            ledger(),
            [("refund_receipt", [(REV, -13500), (EXCHANGE, -300), (CLR, 13800)])],
        ),
        (
            replace(lone_payment(), ours=True),
            ledger(),
            [("refund_payout", [("Liabilities:Deposits", -13500), (EXCHANGE, -300), (CLR, 13800)])],
        ),
    ],
    ids=["memo and card", "receipt", "lone payment"],
)
def test_clearing_moves_by_the_failures_own_amount(
    sale: Sale, policy: LedgerPolicy, mirrors: list[tuple[str, Moves]]
) -> None:
    one = case(**abroad(sale))
    documents = documents_of(one, policy)
    failed = reverse(one, documents, moved(13800, 0, "cad", FAILED, "txn_f"), policy)
    totals: dict[str, list[int]] = {}
    for document in failed.documents:
        sums: dict[str, int] = {}
        for account, amount in moves(document):
            sums[account] = sums.get(account, 0) + amount
        totals[document.part] = sorted(sums.values())
    assert totals == {part: sorted(amount for _, amount in expected) for part, expected in mirrors}
    assert balance(documents, failed.documents) == {CLR: -200, EXCHANGE: 200}
    check_books(failed.documents)


def test_a_reversal_needs_no_exchange_account_where_the_rate_stood_still() -> None:
    none = ledger(mapping={"exchange": None})
    one = case(
        sale=receipt((line(13500, 1350),), currency="cad", payments=(paid(14850, currency="cad"),)),
        charge=charge_case(settled=moved(14850, 0, "cad")),
        balance_transaction=moved(-14850, 0, "cad"),
    )
    documents = documents_of(one, none)
    assert reverse(one, documents, moved(14850, 0, "cad", FAILED), none).outcome == "reversed"
    held = reverse(one, documents, moved(14700, 0, "cad", FAILED), none)
    assert (held.outcome, held.reason) == ("held", "account_not_mapped")


def test_a_void_is_taken_back_by_charge_refund_and_failure() -> None:
    sale = invoice(lines=(line(13500, 1350),), currency="cad")
    one = case(
        sale=sale,
        charge=charge_case(settled=moved(14850, 0, "cad")),
        balance_transaction=moved(-15000, 0, "cad"),
    )
    documents = documents_of(one)
    failed = reverse(one, documents, moved(14900, 0, "cad", FAILED))
    assert shown(failed.documents) == [
        ("void", [(REV, -13500), (TAX, -1350), (EXCHANGE, 100), (CLR, 14850 - 15000 + 14900)])
    ]
    assert failed.documents[0].amount_minor == 14750


def test_a_reversal_follows_its_document_also_after_the_mapping_changed() -> None:
    one = case(sale=receipt())
    documents = documents_of(one)
    moved_away = ledger(
        mapping={"clearing_accounts": replace(MEMO.mapping.clearing_accounts, every="Assets:New")}
    )
    assert moves(reverse(one, documents, policy=moved_away).documents[0])[-1] == (CLR, 11000)


@given(
    st.sampled_from(["memo", "receipt", "reopen", "payout"]),
    st.integers(1, 30000),
    st.integers(1, 30000),
    st.integers(1, 30000),
    st.integers(0, 3000),
)
def test_refund_and_failure_together_leave_clearing_and_exchange_alone(
    kind: str, home: int, settled: int, failure: int, tax: int
) -> None:
    lines = (line(10000, 1000, home_net_minor=home, home_tax_minor=tax),)
    sales: dict[str, tuple[Sale, LedgerPolicy]] = {
        "memo": (invoice(paid(), lines=lines), MEMO_AND_CARD),
        "receipt": (receipt(lines), ledger()),
        "reopen": (invoice(paid(), lines=lines), REOPEN),
        "payout": (lone_payment(), ledger()),
    }
    sale, policy = sales[kind]
    payments = tuple(replace(p, amount_minor=home + tax, currency="cad") for p in sale.payments)
    one = case(
        sale=replace(sale, currency="cad", payments=payments, ours=True),
        charge=charge_case(settled=moved(home + tax, 0, "cad")),
        balance_transaction=moved(-settled, 0, "cad"),
    )
    documents = documents_of(one, policy)
    failed = reverse(one, documents, moved(failure, 0, "cad", FAILED), policy)
    check_books(failed.documents)
    left = balance(documents, failed.documents)
    assert left == {a: m for a, m in ((CLR, failure - settled), (EXCHANGE, settled - failure)) if m}
    assert failed == reverse(one, documents, moved(failure, 0, "cad", FAILED), policy)


# ---------------------------------------------------------------------------------------------- owe_customer


def owed() -> tuple[RefundCase, tuple[Document, ...], Plan]:
    """A refund by memo and card that failed, with the credit left open for the customer."""
    one = case(sale=invoice(paid()))
    documents = documents_of(one, MEMO_AND_CARD)
    return one, documents, reverse(one, documents, policy=MEMO_AND_CARD, books=OWE)


def test_owe_customer_reverses_the_cash_leg_alone() -> None:
    _, documents, failed = owed()
    assert failed.outcome == "reversed"
    assert shown(failed.documents) == [("credit_card_refund", [(AR, -11000), (CLR, 11000)])]
    assert failed.sentence == (
        "Stripe says failed: the customer has not got the money; the credit stays open for the customer"
    )
    assert balance(documents, failed.documents) == {REV: 10000, TAX: 1000, AR: -11000}


@pytest.mark.parametrize(
    ("sale", "policy"), [(receipt(), ledger()), (invoice(paid()), MEMO), (invoice(paid()), REOPEN)]
)
def test_owe_customer_reverses_every_other_type_whole(sale: Sale, policy: LedgerPolicy) -> None:
    one = case(sale=sale)
    documents = documents_of(one, policy)
    assert balance(documents, reverse(one, documents, policy=policy, books=OWE).documents) == {}


def later(amount: int = 11000, which: int = 2, **changes: Any) -> RefundCase:
    """A later refund of the same charge, with the credit of re_1 still open."""
    one, documents, _ = owed()
    first = plan(one, MEMO_AND_CARD)
    known: dict[str, Any] = {
        "credit_left": documents[0],
        "credit_left_shares": first.shares,
        "number": (1, "100-1"),
    }
    return case(refund(which, amount), one.sale, **known | changes)


def test_a_later_refund_is_posted_as_the_cash_leg_of_the_open_credit() -> None:
    _, documents, failed = owed()
    decided = plan(later())
    assert shown(decided.documents) == [("", [(AR, 11000), (CLR, -11000)])]
    (cash,) = decided.documents
    assert (cash.kind, cash.number, cash.after) == (
        "credit_card_refund",
        "100-1",
        (documents[0].document_key,),
    )
    assert cash.narration == "Refund 100-1 pays out credit memo 100"
    assert decided.shares == later().credit_left_shares
    assert (decided.sale_number, decided.place) == ("100", 1)
    assert balance(documents, failed.documents, decided.documents) == {REV: 10000, TAX: 1000, CLR: -11000}


def test_the_cash_leg_of_an_open_credit_goes_by_the_method() -> None:
    bank = later(charge=charge_case(payment_method="us_bank_account"))
    assert kinds(plan(bank).documents) == ["refund_payout"]


def test_a_later_refund_of_an_open_credit_has_its_fee() -> None:
    decided = plan(later(balance_transaction=moved(-11000, 25)))
    assert kinds(decided.documents) == ["credit_card_refund", "fee"]
    assert moves(decided.documents[1]) == [(FEES, 25), (CLR, -25)]


def test_a_later_refund_larger_than_the_credit_is_held() -> None:
    _, documents, _ = owed()
    shares = tuple(replace(s, net_minor=5000, tax_minor=500) for s in plan(later()).shares)
    decided = plan(later(6000, credit_left_shares=shares))
    assert (decided.outcome, decided.reason, decided.due) == ("held", "credit_used", False)
    assert decided.sentence == (
        "credit memo 100 of a failed refund is still open for 55.00 USD, and this refund is 60.00 USD"
    )
    used = plan(later(6000, credit_used_minor=6000))
    assert (used.outcome, used.reason) == ("held", "credit_used")
    assert documents[0].amount_minor == 11000


def test_a_refund_from_before_the_one_that_failed_is_no_later_refund() -> None:
    failed = refund(1, 5000, status="failed", created=refund(3).created)
    earlier = later(6000, siblings=(refund(2, 6000), failed))
    assert kinds(plan(earlier).documents) == ["credit_memo", "credit_card_refund"]


def test_smaller_refunds_pay_the_credit_out_one_after_the_other() -> None:
    first = plan(later(5000))
    paid_out = {"credit_used_minor": 5000, "credit_used_shares": first.shares}
    second = plan(later(6000, 3, number=(2, "100-2"), **paid_out))
    assert balance(first.documents, second.documents) == {AR: 11000, CLR: -11000}
    # Each stands for its part of what the memo took of the sale, and together for all of it.
    assert [(s.net_minor, s.tax_minor) for s in first.shares] == [(4545, 455)]
    assert [(s.net_minor, s.tax_minor) for s in second.shares] == [(5455, 545)]


def test_what_a_state_of_before_gave_to_the_first_payer_is_given_to_no_other() -> None:
    whole = later().credit_left_shares
    second = plan(later(6000, 3, credit_used_minor=5000, credit_used_shares=whole, number=(2, "100-2")))
    assert (second.outcome, second.shares) == ("posted", ())


def test_an_open_credit_in_another_currency_pays_out_at_its_own_rate() -> None:
    one = case(**abroad(invoice(paid(), lines=CAD_LINE)))
    documents = documents_of(one, MEMO_AND_CARD)
    shares = plan(one, MEMO_AND_CARD).shares
    half = replace(
        one,
        refund=refund(2, 5000),
        credit_left=documents[0],
        credit_left_shares=shares,
        balance_transaction=moved(-7100, 0, "cad"),
    )
    assert moves(plan(half).documents[0]) == [(EXCHANGE, 100), (AR, 7000), (CLR, -7100)]
    other = plan(replace(half, balance_transaction=moved(-5000)))
    assert (other.outcome, other.reason) == ("held", "credit_used")


def test_an_open_credit_respects_switches_and_a_persons_choice() -> None:
    off = plan(later(), ledger(switches={"credit_card_refund": False}))
    assert (off.outcome, off.reason) == ("excluded", "type_switched_off")
    by_hand = plan(later(person=PersonWord(types=("refund_receipt",))))
    assert kinds(by_hand.documents) == ["refund_receipt"]


def test_an_open_credit_in_a_closed_period() -> None:
    held = plan(later(), ledger(closed_until=date(2026, 3, 31)))
    assert (held.outcome, held.reason) == ("held", "period_closed")


def test_the_cash_leg_of_an_open_credit_is_found_again() -> None:
    first = plan(later())
    again = later(ours=tuple(found_from(d) for d in first.documents))
    assert plan(again, ledger(closed_until=date(2026, 12, 31))).documents == first.documents


# ---------------------------------------------------------------------------------------------- replaced by a person


def test_a_replaced_refund_is_undone_on_its_own_day_with_its_fee() -> None:
    one = case(sale=invoice(paid()), balance_transaction=moved(-11000, 25))
    documents = documents_of(one, MEMO_AND_CARD)
    undone = plan_undo(BOOKS, MEMO_AND_CARD, documents)
    assert [d.part for d in undone] == ["fee", "credit_card_refund", "credit_memo"]
    assert balance(documents, undone) == {}
    assert {d.posting_date for d in undone} == {REFUNDED_DAY}
    assert undone[2].narration == "Credit memo 100 replaced"
    check_books(undone)
    for before, after in pairwise(undone):
        assert before.document_key in after.after


def test_a_replaced_refund_of_a_closed_period_is_undone_on_the_first_open_day() -> None:
    documents = documents_of(case(sale=receipt()))
    (undone,) = plan_undo(BOOKS, ledger(closed_until=date(2026, 3, 31)), documents)
    assert (undone.posting_date, undone.narration) == (
        date(2026, 4, 1),
        "Refund receipt 100 replaced [2026-03-10]",
    )


def test_reversals_are_not_undone() -> None:
    documents, failed = posted_and_reversed(receipt(), ledger())
    assert plan_undo(BOOKS, ledger(), failed.documents) == ()
    assert len(plan_undo(BOOKS, ledger(), documents)) == 1
