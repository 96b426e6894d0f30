"""A ledger that keeps what is voided: what a failure of the same month, or a replacement, takes back where it stands, and
mirrors whose payments name the form that they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from planning_cases import (
    AR,
    BOOKS,
    CLR,
    EXCHANGE,
    FAILED,
    REFUNDED,
    REV,
    TAX,
    always,
    at,
    balance,
    case,
    charge_case,
    check_books,
    documents_of,
    invoice,
    ledger,
    line,
    moved,
    moves,
    paid,
    receipt,
    refund,
    reverse,
)

from connector.ledgers.xero_capabilities import XERO
from connector.planning.case import LedgerPolicy
from connector.planning.charge_failure import plan_charge_failure
from connector.planning.model import Document, Sale, Settles
from connector.planning.reversal_plan import plan_undo
from connector.planning.sale_plan import plan_charge
from connector.store.codec import decode_document, encode_document

CAN = {
    "voids": XERO.voids,
    "payments_need_forms": True,
    "receipts_in_clearing_currency": True,
    "receivable_lines": False,
}
MEMO_AND_CARD = always("credit_memo", "credit_card_refund")
SOON = REFUNDED + 5 * 86400


def xero(**changes: Any) -> LedgerPolicy:
    return ledger(can=CAN, fees=False, **changes)


def failed(
    sale: Sale, policy: LedgerPolicy, when: int = SOON, amount: int = 11000, **changes: Any
) -> tuple[tuple[Document, ...], tuple[Document, ...]]:
    one = case(sale=sale)
    documents = documents_of(one, policy)
    plan = reverse(one, documents, moved(amount, 0, "usd", when, "txn_f"), policy, **changes)
    assert plan.outcome == "reversed", plan.sentence
    return documents, plan.documents


def parts(documents: Sequence[Document]) -> list[tuple[str, bool]]:
    return [(d.part, d.voids) for d in documents]


def test_a_failure_of_the_same_month_voids_the_cash_leg_first() -> None:
    documents, back = failed(invoice(paid()), xero(rules=MEMO_AND_CARD))
    assert parts(back) == [("credit_card_refund", True), ("credit_memo", True)]
    assert [moves(d) for d in back] == [
        [(AR, -11000), (CLR, 11000)],
        [(REV, -10000), (TAX, -1000), (AR, 11000)],
    ]
    check_books(back)
    assert balance(documents, back) == {}
    assert [d.posting_date for d in back] == [documents[1].posting_date, documents[0].posting_date]
    assert [d.number for d in back] == ["100", "100"]
    assert [d.reverses for d in back] == [documents[1].document_key, documents[0].document_key]
    assert back[1].after == (documents[0].document_key, back[0].document_key)


@pytest.mark.parametrize(
    ("changes", "when"),
    [
        ({}, FAILED),
        ({"closed_until": date(2026, 3, 10)}, SOON),
        ({"can": {**CAN, "voids": frozenset({"credit_memo"})}}, SOON),
    ],
    ids=["another month", "closed meanwhile", "not every kind"],
)
def test_else_mirrors_take_it_back(changes: dict[str, Any], when: int) -> None:
    one = case(sale=invoice(paid()))
    policy = ledger(**{"can": CAN, "fees": False, "rules": MEMO_AND_CARD, **changes})
    documents = documents_of(one, replace(policy, closed_until=None))
    back = reverse(one, documents, moved(11000, 0, "usd", when, "txn_f"), policy).documents
    # The form first: the payment names it.
    assert parts(back) == [("credit_memo", False), ("credit_card_refund", False)]
    assert back[0].settles is None
    assert back[1].settles == Settles("invoice", document_key=back[0].document_key)
    assert back[0].document_key in back[1].after
    check_books(back)


@pytest.mark.parametrize(("amount", "voids"), [(14000, True), (13800, False)])
def test_a_failure_that_settled_otherwise_is_mirrored(amount: int, voids: bool) -> None:
    sale = invoice(paid(), lines=(line(10000, 0, home_net_minor=13500),))
    payments = tuple(replace(p, amount_minor=13500, currency="cad") for p in sale.payments)
    one = case(
        refund(amount=10000),
        replace(sale, currency="cad", payments=payments, total_minor=13500, ours=True),
        charge=charge_case(10000, settled=moved(13500, 0, "cad")),
        balance_transaction=moved(-14000, 0, "cad"),
    )
    policy = xero(rules=MEMO_AND_CARD)
    documents = documents_of(one, policy)
    back = reverse(one, documents, moved(amount, 0, "cad", SOON, "txn_f"), policy).documents
    assert {d.voids for d in back} == {voids}
    assert balance(documents, back) == ({} if voids else {CLR: -200, EXCHANGE: 200})


def test_the_keys_do_not_tell_a_void_from_a_mirror() -> None:
    """A lost state decides anew, maybe after the period was closed: the reversal is found whichever it was."""
    _, voids = failed(invoice(paid()), xero(rules=MEMO_AND_CARD))
    _, mirrors = failed(invoice(paid()), xero(rules=MEMO_AND_CARD), FAILED)
    assert {d.document_key for d in voids} == {d.document_key for d in mirrors}


def test_a_receipt_and_a_lone_memo_are_voided() -> None:
    for sale, policy in (
        (receipt(), xero()),
        (invoice(paid()), xero(rules=always("credit_memo"))),
    ):
        documents, back = failed(sale, policy)
        assert [d.voids for d in back] == [True]
        assert balance(documents, back) == {}


@pytest.mark.parametrize(
    ("sale", "policy"),
    [
        (invoice(), xero(rules=always("void"))),
        (invoice(paid()), xero(rules=always("reopen_invoice"), switches={"reopen_invoice": True})),
    ],
    ids=["void", "reopened"],
)
def test_what_changed_an_invoice_is_mirrored(sale: Sale, policy: LedgerPolicy) -> None:
    _, back = failed(sale, policy)
    assert [d.voids for d in back] == [False]


def test_the_memo_that_stood_for_a_void_brings_the_payment() -> None:
    sale = invoice(posting_date=date(2026, 2, 28))
    _, back = failed(sale, xero())
    assert [(d.part, d.voids, moves(d)[-1]) for d in back] == [("credit_memo", False, (CLR, 11000))]


def test_owe_customer_voids_the_cash_leg_alone() -> None:
    _, back = failed(
        invoice(paid()), xero(rules=MEMO_AND_CARD), books=replace(BOOKS, failed_refund="owe_customer")
    )
    assert parts(back) == [("credit_card_refund", True)]


def test_a_replaced_refund_is_voided_with_its_fee() -> None:
    policy = ledger(can=CAN, rules=MEMO_AND_CARD)
    one = case(sale=invoice(paid()), balance_transaction=moved(-11000, 25))
    documents = documents_of(one, policy)
    back = plan_undo(BOOKS, policy, documents)
    assert parts(back) == [("fee", True), ("credit_card_refund", True), ("credit_memo", True)]
    assert balance(documents, back) == {}


def test_a_replaced_refund_of_a_closed_period_is_mirrored_form_first() -> None:
    policy = ledger(can=CAN, rules=MEMO_AND_CARD, closed_until=date(2026, 3, 31))
    documents = documents_of(case(sale=invoice(paid())), replace(policy, closed_until=None))
    back = plan_undo(BOOKS, policy, documents)
    assert parts(back) == [("credit_memo", False), ("credit_card_refund", False)]
    assert back[1].settles == Settles("invoice", document_key=back[0].document_key)


@pytest.mark.parametrize("month", ["2026-03-20 15:00", "2026-04-06 15:00"], ids=["same", "another"])
def test_a_sale_whose_charge_failed(month: str) -> None:
    policy = ledger(can=CAN, fees=False, sales="invoice_and_payment")
    one = charge_case()
    sold = plan_charge(one, BOOKS, policy, ["100"], REFUNDED, REFUNDED)
    assert [d.kind for d in sold.documents] == ["invoice", "payment"], sold.sentence
    gone = replace(
        one,
        charge=replace(one.charge, status="failed", failure_balance_transaction_id="txn_f"),
        failure_balance_transaction=moved(-11000, 0, "usd", at(month), "txn_f"),
    )
    back = plan_charge_failure(gone, BOOKS, policy, sold.documents, REFUNDED, REFUNDED).documents
    assert balance(sold.documents, back) == {}
    if month.startswith("2026-03"):
        assert parts(back) == [("payment", True), ("invoice", True)]
    else:
        assert parts(back) == [("invoice", False), ("payment", False)]
        assert back[1].settles == Settles("credit_memo", document_key=back[0].document_key)


def test_a_void_is_kept_as_one() -> None:
    _, back = failed(receipt(), xero())
    assert decode_document(encode_document(back[0])) == back[0]
    assert decode_document(encode_document(replace(back[0], voids=False))).voids is False
