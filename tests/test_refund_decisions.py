"""What Stripe's status, the switches, a person and the books themselves make of a refund."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from planning_cases import (
    AR,
    BOOKS,
    CLR,
    NOW,
    REFUNDED,
    REV,
    TAX,
    Moves,
    always,
    case,
    charge_case,
    documents_of,
    found,
    found_from,
    invoice,
    kinds,
    ledger,
    lone_payment,
    moved,
    moves,
    paid,
    plan,
    receipt,
    refund,
)

from connector.ledgers.contract import Found
from connector.planning.case import LedgerPolicy, PersonWord, Plan, RefundCase
from connector.planning.model import REFUND_TYPES, RefundType, Sale

ALL_OFF = ledger(switches=dict.fromkeys(REFUND_TYPES, False))
PAID = invoice(paid())
MEMO_AND_CARD = ledger(rules=always("credit_memo", "credit_card_refund"))


def outcome(decided: Plan) -> tuple[str, str | None]:
    return decided.outcome, decided.reason


# ---------------------------------------------------------------------------------------------- Stripe's status


@pytest.mark.parametrize("status", ["pending", "requires_action"])
def test_pending_and_requires_action_wait(status: str) -> None:
    decided = plan(case(refund(status=status), PAID))
    assert (*outcome(decided), decided.due) == ("waiting", "refund_pending", False)
    assert decided.sentence == f"Stripe says {status.replace('_', ' ')}; it is posted when it has succeeded"


def test_post_when_pending_posts_pending_refunds_earlier() -> None:
    early = replace(BOOKS, post_when="pending")
    assert plan(case(refund(status="pending"), PAID), books=early).outcome == "posted"
    assert outcome(plan(case(refund(status="requires_action"), PAID), books=early)) == (
        "waiting",
        "refund_pending",
    )


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_failed_and_canceled_before_posting_are_dropped(status: str) -> None:
    decided = plan(case(refund(status=status), PAID))
    assert outcome(decided) == ("dropped", None)
    assert decided.sentence == f"Stripe says {status}: nothing was posted and nothing is owed"


def test_an_unknown_status_is_held() -> None:
    decided = plan(case(refund(status="sleeping"), PAID))
    assert outcome(decided) == ("held", "stripe_object_missing")
    assert '"sleeping"' in (decided.sentence or "")


def test_the_release_of_an_uncaptured_charge_is_not_a_refund() -> None:
    decided = plan(case(refund(reason="expired_uncaptured_charge"), PAID))
    assert outcome(decided) == ("excluded", "not_a_refund")


@pytest.mark.parametrize("reason", ["stripe_object_missing", "currency_not_supported"])
def test_an_object_that_cannot_be_used_is_held_with_its_defect(reason: str) -> None:
    broken = case(refund(defect=f"{reason}: refund re_1 is broken."), PAID)
    assert (*outcome(plan(broken)), plan(broken).sentence) == ("held", reason, "refund re_1 is broken.")
    charge = case(sale=PAID, charge=charge_case(defect=f"{reason}: charge ch_1 is broken."))
    assert (*outcome(plan(charge)), plan(charge).sentence) == ("held", reason, "charge ch_1 is broken.")


def test_a_refund_whose_charge_is_missing_is_held() -> None:
    by_intent = case(refund(charge_id=None), charge=None)
    decided = plan(by_intent, now=REFUNDED)
    assert (*outcome(decided), decided.due) == ("held", "stripe_object_missing", True)
    assert "payment intent pi_1" in (decided.sentence or "")


# ---------------------------------------------------------------------------------------------- switches


def test_refunds_switched_off_excludes_every_refund() -> None:
    off = replace(BOOKS, refunds_enabled=False)
    assert outcome(plan(case(sale=PAID), books=off)) == ("excluded", "refunds_switched_off")


def test_all_types_switched_off_excludes_every_refund() -> None:
    assert outcome(plan(case(sale=PAID), ALL_OFF)) == ("excluded", "type_switched_off")


def test_a_missing_switch_is_on_except_that_of_reopen_invoice() -> None:
    assert plan(case(sale=PAID), replace(ledger(), switches={})).outcome == "posted"
    reopen = replace(ledger(rules=always("reopen_invoice")), switches={})
    assert outcome(plan(case(sale=PAID), reopen)) == ("excluded", "type_switched_off")


def test_a_type_that_is_off_gives_the_next_rule_its_chance() -> None:
    decided = plan(case(sale=PAID), ledger(switches={"credit_memo": False}))
    assert kinds(decided.documents) == ["refund_receipt"]


def test_a_type_that_is_off_with_no_other_rule_is_excluded() -> None:
    decided = plan(case(sale=receipt()), ledger(switches={"refund_receipt": False}))
    assert outcome(decided) == ("excluded", "type_switched_off")
    assert decided.sentence == 'rule "sales receipt" would have decided, but its type is switched off'


def test_a_cash_leg_that_is_off_is_left_out_and_the_memo_stays_open() -> None:
    decided = plan(case(sale=PAID), ledger(switches={"credit_card_refund": False}))
    assert kinds(decided.documents) == ["credit_memo"]
    assert decided.warnings == (
        "the cash leg credit_card_refund is switched off: the credit memo stays open and clearing is too high by "
        "110.00 USD until resync adds it",
    )


def test_resync_adds_the_cash_leg_once_it_is_on() -> None:
    (memo,) = documents_of(case(sale=PAID), ledger(switches={"credit_card_refund": False}))
    again = case(sale=PAID, ours=(found_from(memo),))
    added = documents_of(again, ledger())
    assert kinds(added) == ["credit_memo", "credit_card_refund"]
    assert added[0].document_key == memo.document_key
    assert plan(again, ledger()).warnings == ()
    still_off = plan(again, ledger(switches={"credit_card_refund": False}))
    assert kinds(still_off.documents) == ["credit_memo"]


@pytest.mark.parametrize("type_now", ["refund_receipt", "reopen_invoice"])
def test_a_memo_gets_its_cash_leg_whatever_form_the_rules_pay_out_in_now(type_now: RefundType) -> None:
    (memo,) = documents_of(case(sale=PAID), ledger(switches={"credit_card_refund": False}))
    now = ledger(rules=always(type_now), switches={"credit_memo": False, "reopen_invoice": True})
    again = case(sale=PAID, ours=(found_from(memo),))
    assert kinds(documents_of(replace(again, asked=True), now)) == ["credit_memo", "credit_card_refund"]
    bank = replace(again, asked=True, charge=charge_case(payment_method="us_bank_account"))
    assert kinds(documents_of(bank, now)) == ["credit_memo", "refund_payout"]
    # Without a resync, after a lost state for one, an edit of rules adds nothing to what is posted.
    assert kinds(documents_of(again, now)) == ["credit_memo"]
    off = ledger(rules=always(type_now), switches={"credit_card_refund": False, "reopen_invoice": True})
    assert kinds(documents_of(replace(again, asked=True), off)) == ["credit_memo"]


def test_a_type_the_ledger_cannot_make_is_held() -> None:
    cannot = ledger(rules=always("refund_receipt"), can={"refund_types": frozenset({"credit_memo"})})
    decided = plan(case(sale=receipt()), cannot)
    assert (*outcome(decided), decided.due) == ("held", "ledger_cannot", False)


def test_rules_may_hold_ignore_or_not_decide() -> None:
    assert outcome(plan(case(sale=PAID), ledger(rules=always("hold")))) == ("held", "rule_says_hold")
    assert outcome(plan(case(sale=PAID), ledger(rules=always("ignore")))) == ("excluded", "rule_says_ignore")
    assert outcome(plan(case(sale=PAID), ledger(rules=()))) == ("held", "no_rule")
    assert outcome(plan(case(sale=invoice()), ledger(rules=()))) == ("held", "no_rule")


# ---------------------------------------------------------------------------------------------- a person's words


def said(sale: Sale | None = PAID, policy: LedgerPolicy | None = None, **word: Any) -> Plan:
    return plan(case(sale=sale, person=PersonWord(**word)), policy)


def test_a_person_skips() -> None:
    decided = said(skip="it was a test")
    assert outcome(decided) == ("excluded", "skipped_by_person")
    assert decided.sentence == "skipped by a person: it was a test"


def test_a_person_chooses_types() -> None:
    decided = said(types=("refund_receipt",))
    assert (kinds(decided.documents), decided.rule) == (["refund_receipt"], "a person's decision")
    assert kinds(said(types=("credit_card_refund", "credit_memo")).documents) == [
        "credit_memo",
        "credit_card_refund",
    ]
    assert kinds(said(invoice(), types=("credit_memo",)).documents) == ["credit_memo"]


def test_a_person_who_chose_types_waits_for_no_payment() -> None:
    early = case(sale=invoice(), person=PersonWord(types=("void",)))
    assert kinds(plan(early, now=REFUNDED).documents)[0] == "void"


@pytest.mark.parametrize(
    ("sale", "types", "words"),
    [
        (PAID, ("credit_memo", "refund_receipt"), "220.00"),
        (PAID, ("refund_payout",), "leaves income and tax untouched"),
        (PAID, ("nonsense",), "which is no refund type"),
        (lone_payment(), ("refund_receipt",), "refund_receipt cannot be made of a payment"),
        (receipt(), ("void",), "void cannot be made of a sales receipt"),
        (invoice(paid(applied=False)), ("reopen_invoice",), "none is applied"),
    ],
)
def test_a_person_cannot_choose_what_would_put_the_books_wrong(
    sale: Sale, types: tuple[str, ...], words: str
) -> None:
    decided = said(sale, ledger(switches={"reopen_invoice": True}), types=types)
    assert outcome(decided) == ("held", "ledger_cannot")
    assert words in (decided.sentence or "")


def test_a_person_cannot_refund_a_bank_payment_to_a_card() -> None:
    bank = case(
        sale=PAID,
        charge=charge_case(payment_method="sepa_debit"),
        person=PersonWord(types=("credit_memo", "credit_card_refund")),
    )
    assert outcome(plan(bank)) == ("held", "ledger_cannot")
    assert "only for cards" in (plan(bank).sentence or "")


def test_a_person_cannot_choose_what_the_ledger_cannot_make() -> None:
    cannot = ledger(can={"refund_types": frozenset({"credit_memo", "refund_payout"})})
    decided = said(policy=cannot, types=("refund_receipt",))
    assert "ledger main cannot make refund_receipt" in (decided.sentence or "")


def test_switches_bind_a_persons_choice_too() -> None:
    off = ledger(switches={"refund_receipt": False, "credit_card_refund": False})
    assert outcome(said(policy=off, types=("refund_receipt",))) == ("excluded", "type_switched_off")
    memo = said(policy=off, types=("credit_memo", "credit_card_refund"))
    assert kinds(memo.documents) == ["credit_memo"]
    assert "credit_card_refund is switched off" in memo.warnings[0]


def test_types_for_a_sale_that_is_not_there_wait_for_it() -> None:
    assert outcome(said(None, types=("refund_receipt",))) == ("held", "sale_not_found")


# ---------------------------------------------------------------------------------------------- found in the books


def again(one: RefundCase, policy: LedgerPolicy, *missing: str) -> RefundCase:
    """The same refund after the state was lost: its documents, but those missing, are found in the books."""
    ours = tuple(found_from(d) for d in documents_of(one, policy) if d.kind not in missing)
    return replace(one, ours=ours)


@pytest.mark.parametrize(
    ("sale", "policy"),
    [
        (PAID, MEMO_AND_CARD),
        (receipt(), ledger()),
        (lone_payment(), ledger()),
        (invoice(), ledger()),
        (PAID, ledger(rules=always("reopen_invoice"), switches={"reopen_invoice": True})),
    ],
    ids=["memo and card", "receipt", "payout", "void", "reopen"],
)
def test_documents_in_the_books_are_planned_again_with_the_same_keys(
    sale: Sale, policy: LedgerPolicy
) -> None:
    one = case(sale=sale, balance_transaction=moved(-11000, 25))
    before = documents_of(one, policy)
    found_again = again(one, policy)
    for changed in (
        policy,
        replace(policy, rules=always("hold")),
        replace(policy, rules=always("ignore")),
        replace(policy, switches=ALL_OFF.switches),
    ):
        after = documents_of(found_again, changed)
        assert [d.document_key for d in after] == [d.document_key for d in before]
    off = replace(BOOKS, refunds_enabled=False)
    assert documents_of(found_again, policy, off)[0].document_key == before[0].document_key


def test_our_own_void_is_planned_again_though_the_invoice_is_void_now() -> None:
    one = again(case(sale=invoice()), ledger())
    after = documents_of(replace(one, sale=invoice(void=True, balance_minor=0)))
    assert [d.document_key for d in after] == [found.document_key for found in one.ours]


def test_what_is_switched_off_is_not_added_to_what_is_found() -> None:
    one = again(case(sale=PAID), MEMO_AND_CARD, "credit_card_refund")
    off = replace(BOOKS, refunds_enabled=False)
    assert kinds(documents_of(one, MEMO_AND_CARD, off)) == ["credit_memo"]
    assert kinds(documents_of(one, MEMO_AND_CARD)) == ["credit_memo", "credit_card_refund"]
    by_hand = replace(one, person=PersonWord(types=("credit_memo", "credit_card_refund")))
    assert kinds(documents_of(by_hand, ledger(rules=always("hold")))) == ["credit_memo", "credit_card_refund"]


def test_what_is_found_is_not_held_again() -> None:
    one = again(case(sale=PAID), MEMO_AND_CARD)
    sale = invoice(paid(account="Assets:Elsewhere"))
    assert plan(replace(one, sale=sale), MEMO_AND_CARD).outcome == "posted"
    closed = replace(MEMO_AND_CARD, closed_until=date(2026, 12, 31))
    assert plan(one, closed).outcome == "posted"
    assert plan(replace(one, refund=replace(one.refund, status="failed")), MEMO_AND_CARD).outcome == "posted"
    assert plan(replace(one, refund=replace(one.refund, status="pending")), MEMO_AND_CARD).outcome == "posted"


def test_what_is_found_keeps_its_day_and_what_is_added_goes_on_an_open_one() -> None:
    one = again(case(sale=PAID), MEMO_AND_CARD, "credit_card_refund")
    one = replace(one, ours=tuple(replace(f, posting_date=date(2026, 3, 12)) for f in one.ours))
    closed = replace(MEMO_AND_CARD, closed_until=date(2026, 3, 31))
    moving = replace(BOOKS, period_closed="first_open_day")
    assert [d.posting_date for d in documents_of(one, closed, moving)] == [
        date(2026, 3, 12),
        date(2026, 4, 1),
    ]


# ---------------------------------------------------------------------------------------------- booked by others

MEMO_OF_OTHERS = found("credit_memo", income=10000)
CASH_OF_OTHERS = found("expense", cash=11000)
BOTH_IN_ONE = found("journal", income=10000, cash=11000, amount=1000)


def others(*documents: object, sale: Sale | None = PAID, retry: bool = False, **changes: Any) -> RefundCase:
    known: dict[str, Any] = {"others": documents, "adopting": True, "person": PersonWord(retry=retry)}
    return case(sale=sale, **known | changes)


@pytest.mark.parametrize("documents", [(MEMO_OF_OTHERS, CASH_OF_OTHERS), (BOTH_IN_ONE,)])
def test_both_legs_of_others_with_the_right_amounts_are_adopted(documents: tuple[Found, ...]) -> None:
    decided = plan(others(*documents))
    assert (*outcome(decided), decided.adopted, decided.documents) == ("adopted", None, documents, ())
    assert plan(others(*documents, sale=None), now=REFUNDED).outcome == "adopted"


def test_the_cash_leg_alone_is_all_of_a_lone_payment() -> None:
    assert plan(others(CASH_OF_OTHERS, sale=lone_payment())).outcome == "adopted"


@pytest.mark.parametrize(
    ("there", "leg", "added"),
    [
        (MEMO_OF_OTHERS, "income", [("credit_card_refund", [(AR, 11000), (CLR, -11000)])]),
        (CASH_OF_OTHERS, "cash", [("credit_memo", [(REV, 10000), (TAX, 1000), (AR, -11000)])]),
    ],
)
@pytest.mark.parametrize(
    "policy", [MEMO_AND_CARD, ledger(rules=always("refund_receipt"))], ids=["memo", "receipt"]
)
def test_one_leg_of_others_is_held_until_a_person_asks_for_the_missing_one(
    there: Found, leg: str, added: list[tuple[str, Moves]], policy: LedgerPolicy
) -> None:
    held = plan(others(there), policy)
    assert outcome(held) == ("held", "duplicate_in_books")
    assert f"booked the {leg} leg" in (held.sentence or "")
    posted = plan(others(there, retry=True), policy)
    assert [(d.kind, moves(d)) for d in posted.documents] == added
    assert (posted.outcome, posted.adopted) == ("posted", (there,))


def test_the_missing_cash_leg_of_a_bank_payment_is_a_payout() -> None:
    bank = others(MEMO_OF_OTHERS, retry=True, charge=charge_case(payment_method="sepa_debit"))
    assert kinds(plan(bank, ledger(rules=always("refund_receipt"))).documents) == ["refund_payout"]


@pytest.mark.parametrize(
    "documents",
    [
        (MEMO_OF_OTHERS, replace(CASH_OF_OTHERS, cash_minor=10000)),
        (replace(MEMO_OF_OTHERS, amount_minor=10000), CASH_OF_OTHERS),
        (replace(MEMO_OF_OTHERS, amount_minor=10000),),
        (replace(CASH_OF_OTHERS, cash_minor=10000),),
    ],
)
@pytest.mark.parametrize("retry", [False, True])
def test_amounts_of_others_that_differ_are_held(documents: tuple[Found, ...], retry: bool) -> None:
    decided = plan(others(*documents, retry=retry))
    assert outcome(decided) == ("held", "duplicate_in_books")
    assert "an amount that differs from 110.00 USD" in (decided.sentence or "")


def test_documents_of_others_are_not_adopted_where_that_is_not_asked_for() -> None:
    assert kinds(plan(others(MEMO_OF_OTHERS, CASH_OF_OTHERS, adopting=False)).documents) == [
        "credit_memo",
        "credit_card_refund",
    ]


def test_nothing_is_posted_where_the_cash_leg_of_others_is_all_there_is_to_a_reopened_invoice() -> None:
    reopen = ledger(rules=always("reopen_invoice"), switches={"reopen_invoice": True})
    decided = plan(others(CASH_OF_OTHERS, retry=True), reopen)
    assert (decided.outcome, decided.documents, decided.adopted) == ("adopted", (), (CASH_OF_OTHERS,))


def test_a_void_does_not_go_with_a_leg_of_others() -> None:
    decided = plan(others(MEMO_OF_OTHERS, sale=invoice(), retry=True))
    assert outcome(decided) == ("held", "duplicate_in_books")


def test_a_missing_cash_leg_that_is_off_leaves_the_memo_of_others_adopted() -> None:
    decided = plan(others(MEMO_OF_OTHERS, retry=True), ledger(switches={"credit_card_refund": False}))
    assert (decided.outcome, decided.documents) == ("adopted", ())
    assert "credit_card_refund is switched off" in decided.warnings[0]


def test_what_a_person_adopted_is_adopted_whatever_the_settings() -> None:
    word = PersonWord(adopt_id="expense-1")
    known: dict[str, Any] = {"person": word, "named": CASH_OF_OTHERS, "adopting": False}
    decided = plan(others(MEMO_OF_OTHERS, CASH_OF_OTHERS, **known), now=NOW)
    assert (decided.outcome, decided.adopted) == ("adopted", (CASH_OF_OTHERS,))
    assert decided.sentence == "adopted by a person as expense-1"
    assert plan(case(sale=None, person=word, named=CASH_OF_OTHERS)).outcome == "adopted"
    gone = plan(case(sale=None, person=word))
    assert outcome(gone) == ("held", "duplicate_in_books")
    assert "expense-1, which the books no longer have" in str(gone.sentence)


def test_a_leg_of_others_is_not_posted_again_after_the_state_was_lost() -> None:
    asked = others(CASH_OF_OTHERS, retry=True)
    (memo,) = documents_of(asked, MEMO_AND_CARD)
    lost = replace(asked, ours=(found_from(memo),))
    assert [d.document_key for d in documents_of(lost, MEMO_AND_CARD)] == [memo.document_key]
    asked = others(MEMO_OF_OTHERS, retry=True)
    (cash,) = documents_of(asked, MEMO_AND_CARD)
    lost = replace(asked, ours=(found_from(cash),))
    assert documents_of(lost, MEMO_AND_CARD)[0].entries == cash.entries
