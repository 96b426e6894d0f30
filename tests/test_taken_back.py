"""A refund that Stripe gave up while its replacement had taken back some of it: whatever was, the books end alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planning_cases import (
    BOOKS,
    CLR,
    FAILED,
    NOW,
    always,
    balance,
    case,
    check_books,
    documents_of,
    invoice,
    ledger,
    moved,
    moves,
    paid,
    receipt,
    reverse,
)
from test_reversal_plan import CAD_LINE, abroad

from connector.planning.case import LedgerPolicy
from connector.planning.model import Document, Sale
from connector.planning.reversal_plan import Standing, plan_failure, plan_undo
from connector.planning.taken_back import TakenBack

PAYMENTS_NEED_FORMS = {"payments_need_forms": True}
MEMO_AND_CARD = always("credit_memo", "credit_card_refund")
DAY = 86400
POLICIES = [
    (receipt(CAD_LINE), ledger()),
    (invoice(paid(), lines=CAD_LINE), ledger(rules=MEMO_AND_CARD)),
    (invoice(paid(), lines=CAD_LINE), ledger(rules=MEMO_AND_CARD, can=PAYMENTS_NEED_FORMS)),
    (
        invoice(paid(), lines=CAD_LINE),
        ledger(rules=always("reopen_invoice"), switches={"reopen_invoice": True}),
    ),
]


@pytest.mark.parametrize("taken", range(4))
@pytest.mark.parametrize("failure", [14000, 13800])
@pytest.mark.parametrize(
    ("sale", "policy"), POLICIES, ids=["receipt", "memo and card", "form first", "reopen"]
)
def test_whatever_was_taken_back_clearing_ends_alike(
    sale: Sale, policy: LedgerPolicy, failure: int, taken: int
) -> None:
    one = case(**abroad(sale))
    one = replace(one, balance_transaction=moved(-14000, 25, "cad"))
    documents = documents_of(one, policy)
    settled = moved(failure, -5, "cad", FAILED, "txn_f")
    whole = reverse(one, documents, settled, policy)
    undo = plan_undo(BOOKS, policy, documents)[:taken]
    mirrors = {mirror.reverses: mirror for mirror in undo}
    failed = plan_failure(
        replace(one, refund=replace(one.refund, status="failed"), failure_balance_transaction=settled),
        BOOKS,
        policy,
        [Standing(document, document.document_key not in mirrors) for document in documents],
        NOW + 30 * DAY,
        [
            TakenBack(document, mirrors[document.document_key])
            for document in documents
            if document.document_key in mirrors
        ],
    )
    assert failed.outcome == "reversed"
    assert failed.sentence == whole.sentence
    check_books(failed.documents)
    assert balance(documents, undo, failed.documents) == balance(documents, whole.documents)
    assert len({document.document_key for document in (*undo, *failed.documents)}) == len(undo) + len(
        failed.documents
    )


def test_a_mirror_after_one_that_stands_is_settled_against_that() -> None:
    policy = ledger(rules=MEMO_AND_CARD, can=PAYMENTS_NEED_FORMS, fees=False)
    one = case(sale=invoice(paid()))
    memo, cash = documents_of(one, policy)
    (first, _) = plan_undo(BOOKS, policy, [memo, cash])
    failed = plan_failure(
        replace(
            one,
            refund=replace(one.refund, status="failed"),
            failure_balance_transaction=moved(11000, created=FAILED),
        ),
        BOOKS,
        policy,
        [Standing(memo, False), Standing(cash, True)],
        NOW + 30 * DAY,
        [TakenBack(memo, first)],
    )
    (mirror,) = failed.documents
    assert mirror.reverses == cash.document_key
    assert mirror.settles is not None and mirror.settles.document_key == first.document_key
    assert moves(mirror)[-1] == (CLR, 11000)


def test_an_exchange_that_was_taken_back_alone_is_for_a_person() -> None:
    one = case(sale=receipt())
    (sold,) = documents_of(one, ledger(fees=False))
    exchange: Document = replace(sold, document_key="dkexchange", kind="exchange")
    mirror = replace(exchange, document_key="dkmirror", kind="reversal", reverses="dkexchange")
    failed = plan_failure(
        replace(
            one,
            refund=replace(one.refund, status="failed"),
            failure_balance_transaction=moved(11000, created=FAILED),
        ),
        BOOKS,
        ledger(fees=False),
        [Standing(sold, True), Standing(exchange, False)],
        NOW + 30 * DAY,
        [TakenBack(exchange, mirror)],
    )
    assert (failed.outcome, failed.reason) == ("held", "ledger_cannot")
