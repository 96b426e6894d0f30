"""Sales and refunds of a ledger that keeps them in the charge's currency, and of one that keeps one currency only.

The case throughout: a sale of 100.00 usd settled as 135.00 cad and is refunded when it takes 140.00 cad. Income goes back
at the sale's rate, clearing moves as Stripe moved it, and the 5.00 between them are realised exchange, never income.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from planning_cases import (
    AR,
    BOOKS,
    CHARGED,
    CHARGED_DAY,
    CLR,
    EXCHANGE,
    FAILED,
    FAILED_DAY,
    NOW,
    REFUNDED_DAY,
    REV,
    TAX,
    always,
    balance,
    case,
    charge_case,
    documents_of,
    invoice,
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

from connector.planning.allocation import Share
from connector.planning.case import ChargeCase, LedgerPolicy, Plan, RefundCase
from connector.planning.model import Document, Sale
from connector.planning.reversal_plan import plan_undo
from connector.planning.sale_plan import plan_charge, plan_charge_failure
from connector.store.codec import decode_document, encode_document

SOLD = charge_case(10000, moved(13500, 0, "cad", CHARGED, "txn_c"))
MEMO_AND_CARD = always("credit_memo", "credit_card_refund")


def keeps_both(**changes: Any) -> LedgerPolicy:
    """A ledger whose own currency is cad and that keeps a usd sale in usd."""
    return ledger(home_currency="cad", holds_charge_currency=True, **changes)


def in_usd(sale: Sale) -> Sale:
    """The sale as such a ledger has it: 90.00 + 10.00 tax in usd, 121.50 + 13.50 in cad."""
    taxed = replace(line(9000, 1000), home_net_minor=12150, home_tax_minor=1350)
    return replace(sale, total_minor=10000, lines=(taxed,) if sale.form != "payment" else ())


def refunded(
    sale: Sale, amount: int = 10000, settled: int = -14000, number: int = 1, **changes: Any
) -> RefundCase:
    """Refund re_1 of ch_1, which moved the Stripe balance by this much in cad."""
    fields = {"charge": SOLD, "balance_transaction": moved(settled, 0, "cad")}
    return case(refund(number, amount), sale, **fields | changes)


def told(document: Document) -> tuple[str, int, str, int | None]:
    return document.kind, document.amount_minor, document.currency, document.home_minor


PAID_INVOICE = in_usd(invoice(paid(10000)))
PAID_RECEIPT = in_usd(receipt())
PAID_RECEIPT = replace(PAID_RECEIPT, payments=(paid(10000, "sr-1", credit_account=None),))


def test_a_memo_stands_at_the_sales_rate_and_its_cash_leg_at_the_refunds() -> None:
    memo, cash = documents_of(refunded(PAID_INVOICE), keeps_both(rules=MEMO_AND_CARD))
    assert told(memo) == ("credit_memo", 10000, "usd", 13500)
    assert moves(memo) == [(REV, 12150), (TAX, 1350), (AR, -13500)]
    assert [(one.net_minor, one.tax_minor) for one in memo.lines] == [(9000, 1000)]
    assert told(cash) == ("credit_card_refund", 10000, "usd", 14000)
    assert moves(cash) == [(EXCHANGE, 500), (AR, 13500), (CLR, -14000)]
    assert {entry.currency for one in (memo, cash) for entry in one.entries} == {"cad"}
    assert cash.after == (memo.document_key,)


def test_a_receipt_stands_at_the_sales_rate_and_an_exchange_document_moves_the_rest() -> None:
    taken, rest = documents_of(refunded(PAID_RECEIPT), keeps_both())
    assert told(taken) == ("refund_receipt", 10000, "usd", 13500)
    assert moves(taken) == [(REV, 12150), (TAX, 1350), (CLR, -13500)]
    assert told(rest) == ("exchange", 500, "cad", None)
    assert moves(rest) == [(EXCHANGE, 500), (CLR, -500)]
    assert (rest.number, rest.posting_date, rest.after) == (taken.number, REFUNDED_DAY, (taken.document_key,))


def test_a_rate_that_fell_is_a_gain() -> None:
    taken, rest = documents_of(refunded(PAID_RECEIPT, settled=-13000), keeps_both())
    assert moves(taken)[-1] == (CLR, -13500)
    assert told(rest) == ("exchange", 500, "cad", None)
    assert moves(rest) == [(EXCHANGE, -500), (CLR, 500)]


def test_the_same_rate_needs_no_exchange_document() -> None:
    (taken,) = documents_of(refunded(PAID_RECEIPT, settled=-13500), keeps_both())
    assert moves(taken) == [(REV, 12150), (TAX, 1350), (CLR, -13500)]


def test_a_deposit_and_a_reopened_invoice_bear_the_exchange_themselves() -> None:
    deposit = in_usd(lone_payment())
    held = replace(deposit.payments[0], amount_minor=10000)
    deposit = replace(deposit, payments=(held,))
    # What the deposit came to in the books is known by the charge's own settlement.
    (back,) = documents_of(refunded(deposit), keeps_both(rules=always("refund_payout")))
    assert told(back) == ("refund_payout", 10000, "usd", 14000)
    assert moves(back) == [(EXCHANGE, 500), ("Liabilities:Deposits", 13500), (CLR, -14000)]

    switches = {"reopen_invoice": True}
    policy = keeps_both(rules=always("reopen_invoice"), switches=switches)
    (opened,) = documents_of(refunded(PAID_INVOICE), policy)
    assert told(opened) == ("reopen_invoice", 10000, "usd", 14000)
    assert moves(opened) == [(EXCHANGE, 500), (AR, 13500), (CLR, -14000)]


def test_partial_refunds_take_the_sale_back_to_the_cent_in_both_currencies() -> None:
    amounts, settled = (3300, 3300, 3400), (-4620, -4587, -4760)
    refunds = [refund(n, amount) for n, amount in enumerate(amounts, start=1)]
    taken: list[Document] = []
    earlier: tuple[Share, ...] = ()
    for place, one in enumerate(refunds):
        part = refunded(
            PAID_INVOICE, amounts[place], settled[place], place + 1, siblings=refunds, earlier=earlier
        )
        decided = plan(part, keeps_both(rules=MEMO_AND_CARD))
        earlier += decided.shares
        taken += decided.documents
        assert decided.documents[0].amount_minor == one.amount_minor
    memos = [d for d in taken if d.kind == "credit_memo"]
    assert sum(d.amount_minor for d in memos) == 10000
    assert sum(d.home_minor or 0 for d in memos) == 13500
    assert [sum(one.tax_minor for one in d.lines) for d in memos] == [330, 330, 340]
    assert balance(taken) == {REV: 12150, TAX: 1350, CLR: sum(settled), EXCHANGE: -sum(settled) - 13500}


def test_a_void_takes_the_invoice_off_in_its_own_currency() -> None:
    open_invoice = in_usd(invoice())
    open_invoice = replace(open_invoice, balance_minor=10000)
    (void,) = documents_of(refunded(open_invoice, first_seen=0), keeps_both(rules=always("void")))
    assert told(void) == ("void", 10000, "usd", 13500)
    assert moves(void) == [(REV, 12150), (TAX, 1350), (AR, -13500)]
    assert (void.posting_date, void.lines[0].net_minor) == (CHARGED_DAY, 9000)


def test_in_another_month_the_memo_in_its_place_stands_in_that_currency_too() -> None:
    open_invoice = replace(in_usd(invoice()), balance_minor=10000, posting_date=CHARGED_DAY.replace(month=2))
    (memo,) = documents_of(refunded(open_invoice, first_seen=0), keeps_both(rules=always("void")))
    assert told(memo) == ("credit_memo", 10000, "usd", 13500)
    assert memo.lines[0].net_minor == 9000


# ---------------------------------------------------------------------------------------------- failures


def failed(documents: Sequence[Document], settled: int, policy: LedgerPolicy) -> tuple[Document, ...]:
    failure = moved(settled, 0, "cad", FAILED, "txn_f")
    undone = reverse(refunded(PAID_INVOICE), documents, failure, policy)
    assert undone.outcome == "reversed", undone.sentence
    return undone.documents


def test_a_failure_takes_the_cash_leg_back_at_its_own_rate_and_the_memo_at_the_sales() -> None:
    policy = keeps_both(rules=MEMO_AND_CARD)
    cash, memo = failed(documents_of(refunded(PAID_INVOICE), policy), 13800, policy)
    assert told(cash) == ("reversal", 10000, "usd", 13800)
    assert moves(cash) == [(EXCHANGE, -500), (AR, -13500), (EXCHANGE, 200), (CLR, 13800)]
    assert told(memo) == ("reversal", 10000, "usd", 13500)
    assert moves(memo) == [(REV, -12150), (TAX, -1350), (AR, 13500)]


def test_a_failure_takes_a_receipt_back_at_its_rate_and_moves_the_rest_of_clearing() -> None:
    policy = keeps_both()
    posted = documents_of(refunded(PAID_RECEIPT), policy)
    mirror, rest = failed(posted, 13800, policy)
    assert told(mirror) == ("reversal", 10000, "usd", 13500)
    assert moves(mirror) == [(REV, -12150), (TAX, -1350), (CLR, 13500)]
    assert told(rest) == ("exchange", 300, "cad", None)
    assert moves(rest) == [(EXCHANGE, -300), (CLR, 300)]
    assert (rest.after, rest.reverses) == ((mirror.document_key,), None)
    assert rest.posting_date == FAILED_DAY
    # Refund and failure together: clearing keeps what Stripe kept, and that is exchange.
    assert balance(posted, (mirror, rest)) == {CLR: -200, EXCHANGE: 200}


def test_a_replaced_receipt_takes_its_exchange_with_it() -> None:
    policy = keeps_both()
    posted = documents_of(refunded(PAID_RECEIPT), policy)
    assert len(posted) == 2
    assert balance(posted, plan_undo(BOOKS, policy, posted)) == {}


# ---------------------------------------------------------------------------------------------- sales


def sale_of(policy: LedgerPolicy, charge: ChargeCase = SOLD) -> Plan:
    sold = plan_charge(charge, BOOKS, policy, ["100"], NOW, NOW)
    assert sold.outcome == "posted", sold.sentence
    return sold


def test_a_sale_is_posted_in_the_charges_currency_at_the_rate_it_settled_at() -> None:
    sold = sale_of(keeps_both(sales="invoice_and_payment"))
    bill, payment = sold.documents
    assert told(bill) == ("invoice", 10000, "usd", 13500)
    assert moves(bill) == [(REV, -13500), (AR, 13500)]
    assert bill.lines[0].net_minor == 10000
    assert told(payment) == ("payment", 10000, "usd", 13500)
    assert moves(payment) == [(AR, -13500), (CLR, 13500)]
    sale = sold.sale
    assert sale is not None
    assert (sale.currency, sale.total_minor, sale.payments[0].amount_minor) == ("usd", 10000, 10000)
    memo, cash = documents_of(refunded(sale), keeps_both(rules=MEMO_AND_CARD, sales="invoice_and_payment"))
    assert (told(memo), told(cash)) == (
        ("credit_memo", 10000, "usd", 13500),
        ("credit_card_refund", 10000, "usd", 14000),
    )


def test_a_sales_receipt_that_fails_is_taken_back_at_its_rate() -> None:
    policy = keeps_both(sales="sales_receipt")
    (sold,) = sale_of(policy).documents
    assert told(sold) == ("sales_receipt", 10000, "usd", 13500)
    gone = replace(
        SOLD,
        charge=replace(SOLD.charge, status="failed"),
        failure_balance_transaction=moved(-13700, 0, "cad", FAILED, "txn_f"),
    )
    mirror, rest = plan_charge_failure(gone, BOOKS, policy, [sold], NOW, NOW).documents
    assert moves(mirror) == [(REV, 13500), (CLR, -13500)]
    assert moves(rest) == [(EXCHANGE, 200), (CLR, -200)]


def test_a_balance_in_the_charges_currency_has_no_rate() -> None:
    charge = charge_case(10000, moved(10000, 0, "usd", CHARGED, "txn_c"))
    (sold,) = sale_of(keeps_both(sales="sales_receipt"), charge).documents
    assert told(sold) == ("sales_receipt", 10000, "usd", None)
    assert {entry.currency for entry in sold.entries} == {"usd"}
    kept = replace(PAID_RECEIPT, lines=(line(9000, 1000),))
    back = refunded(kept, charge=charge, balance_transaction=moved(-10000))
    (taken,) = documents_of(back, keeps_both())
    assert told(taken) == ("refund_receipt", 10000, "usd", None)


# ---------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("policy", "settled", "named"),
    [
        (keeps_both(), "eur", "keeps CAD and the currency of the charge"),
        (ledger(home_currency="cad"), "usd", "keeps CAD"),
        (ledger(home_currency="usd"), "cad", "keeps USD"),
    ],
)
def test_a_balance_that_the_ledger_has_no_clearing_for_is_held(
    policy: LedgerPolicy, settled: str, named: str
) -> None:
    amount = 10000 if settled == "usd" else 9000
    held = plan(refunded(PAID_INVOICE, balance_transaction=moved(-amount, 0, settled)), policy)
    assert (held.outcome, held.reason) == ("held", "currency_not_supported")
    assert named in (held.sentence or "")
    sold = charge_case(10000, moved(amount, 0, settled, CHARGED, "txn_c"))
    sale = plan_charge(sold, BOOKS, replace(policy, sales="sales_receipt"), ["100"], NOW, NOW)
    assert (sale.outcome, sale.reason) == ("held", "currency_not_supported")


def test_a_ledger_of_one_currency_has_exchange_as_a_line_of_the_memo() -> None:
    one_currency = ledger(home_currency="cad", rules=MEMO_AND_CARD)
    as_settled = replace(
        PAID_INVOICE, currency="cad", total_minor=13500, payments=(replace(paid(13500), currency="cad"),)
    )
    memo, cash = documents_of(refunded(as_settled), one_currency)
    assert told(memo) == ("credit_memo", 14000, "cad", None)
    assert moves(memo) == [(REV, 12150), (TAX, 1350), (EXCHANGE, 500), (AR, -14000)]
    assert moves(cash) == [(AR, 14000), (CLR, -14000)]


def test_a_sale_in_the_charges_currency_is_a_mismatch_where_the_ledger_does_not_keep_it() -> None:
    held = plan(refunded(PAID_INVOICE), ledger())
    assert (held.outcome, held.reason) == ("held", "sale_mismatch")


def test_such_documents_are_stored_and_read_back_whole() -> None:
    for document in documents_of(refunded(PAID_RECEIPT), keeps_both()):
        # `after`, `rule` and all else: one text, one document.
        assert decode_document(encode_document(document)) == document
