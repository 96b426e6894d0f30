"""Sales in another currency than a QuickBooks company keeps: income and tax go back at the sale's rate, clearing moves by
what Stripe settled, and what the rate moved meanwhile is exchange.

The sale of 110 euros settled for 135 dollars; its refunds of 33 and 77 euros for 42 and 98, and the failure of the second
brought 97 back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_desk import rule
from quickbooks_desk import Desk, desk, mapped, pay, receipt
from quickbooks_desk import invoice as invoice_by_hand
from quickbooks_hands import CLEARING
from quickbooks_rates import (
    ABROAD,
    IDA,
    fail_second,
    go_abroad,
    in_euros,
    pay_in_euros,
    two_refunds,
)
from vendors.quickbooks.wire import Json

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
EXCHANGE = mapped(items={"exchange": "Rate"})
IN_DOLLARS = {"net": "122.73", "tax": "12.27"}


def keep_rates(desk: Desk) -> None:
    """An item for what rates move, on an account of its own."""
    account = {"Name": "Rates", "AccountType": "Other Income"}
    made = desk.hands.write("Account", account)
    desk.hands.write("Item", {"Name": "Rate", "Type": "Service", "IncomeAccountRef": {"value": made["Id"]}})


class Case(NamedTuple):
    """`sale` books it by hand; `back` is what the failure writes, `left` what stands in the books after it."""

    sale: Callable[[Desk], object]
    settings: Json
    written: list[str]
    totals: dict[str, str]
    back: list[str]
    left: dict[str, str]


# ---------------------------------------------------------------------------------------------- one currency

HOME = {
    "an invoice": Case(
        lambda desk: pay(desk, invoice_by_hand(desk, **IN_DOLLARS), "135.00"),
        {},
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -42.00, TAX 3.68, REV 36.82, Rates 1.50",
            "CreditMemo 100-2 2026-03-06 Ada: AR -98.00, TAX 8.59, REV 85.91, Rates 3.50",
            "Purchase 100-1 2026-03-05 Ada: AR 42.00, CLR -42.00",
            "Purchase 100-2 2026-03-06 Ada: AR 98.00, CLR -98.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
            "Payment 100-2 2026-03-06 Ada: nothing",
        ],
        {"Rates": "5.00", "CLR": "-5.00"},
        [
            "Payment 100-2-R 2026-04-20 Ada: CLR 98.00, AR -98.00",
            "Invoice 100-2-R 2026-04-20 Ada: AR 98.00, TAX -8.59, REV -85.91, Rates -3.50",
            "JournalEntry 100-2-R 2026-04-20 -: FX 1.00, CLR -1.00",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "Rates": "1.50", "FX": "1.00", "CLR": "92.00"},
    ),
    "a receipt": Case(
        lambda desk: receipt(desk, **IN_DOLLARS),
        {},
        [
            "RefundReceipt 100-1 2026-03-05 Ada: CLR -42.00, TAX 3.68, REV 36.82, Rates 1.50",
            "RefundReceipt 100-2 2026-03-06 Ada: CLR -98.00, TAX 8.59, REV 85.91, Rates 3.50",
        ],
        {"Rates": "5.00", "CLR": "-5.00"},
        ["SalesReceipt 100-2-R 2026-04-20 Ada: CLR 97.00, TAX -8.59, REV -85.91, Rates -2.50"],
        {"REV": "-85.91", "TAX": "-8.59", "Rates": "2.50", "CLR": "92.00"},
    ),
    "a deposit": Case(
        lambda desk: pay(desk, None, "135.00"),
        {},
        [
            "Purchase 100 2026-03-05 Ada: FX 1.50, AR 40.50, CLR -42.00",
            "Purchase 100-1 2026-03-06 Ada: FX 3.50, AR 94.50, CLR -98.00",
        ],
        {"FX": "5.00", "CLR": "-5.00"},
        [
            "Payment 100-1-R 2026-04-20 Ada: CLR 94.50, AR -94.50; UnappliedAmt 94.50 left",
            "JournalEntry 100-1-R 2026-04-20 -: FX -2.50, CLR 2.50",
        ],
        {"FX": "2.50", "AR": "-94.50", "CLR": "92.00"},
    ),
    "an invoice that is opened again": Case(
        lambda desk: pay(desk, invoice_by_hand(desk, **IN_DOLLARS), "135.00"),
        REOPEN,
        [
            "Purchase 100 2026-03-05 Ada: FX 1.50, AR 40.50, CLR -42.00",
            "Purchase 100-1 2026-03-06 Ada: FX 3.50, AR 94.50, CLR -98.00",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "5.00", "AR": "135.00", "CLR": "-5.00"},
        [
            "Payment 100-1-R 2026-04-20 Ada: CLR 94.50, AR -94.50",
            "JournalEntry 100-1-R 2026-04-20 -: FX -2.50, CLR 2.50",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "2.50", "AR": "40.50", "CLR": "92.00"},
    ),
}


@pytest.mark.parametrize("case", HOME.values(), ids=list(HOME))
def test_a_company_of_one_currency(tmp_path: Path, case: Case) -> None:
    with desk(tmp_path / "books", mapping=EXCHANGE, **case.settings) as one:
        keep_rates(one)
        case.sale(one)
        two_refunds(one)
        one.sync()
        assert one.written() == case.written
        assert one.totals() == case.totals
        one.settle_down()
        fail_second(one)
        one.sync()
        assert one.written()[len(case.written) :] == case.back
        assert one.totals() == case.left
        one.settle_down()


def test_a_rate_that_fell(tmp_path: Path) -> None:
    with desk(tmp_path / "books", mapping=EXCHANGE) as one:
        keep_rates(one)
        receipt(one, **IN_DOLLARS)
        two_refunds(one, 4000, 9400)
        one.sync()
        assert one.totals() == {"Rates": "-1.00", "CLR": "1.00"}
        one.settle_down()


def test_without_an_item_for_exchange_the_refund_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receipt(one, **IN_DOLLARS)
        two_refunds(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held item_not_mapped"}
        assert one.written() == []


# ---------------------------------------------------------------------------------------------- several currencies

ABROAD_CASES = {
    "an invoice": Case(
        lambda desk: pay_in_euros(desk, desk.hands.write("Invoice", in_euros())),
        {},
        [
            "CreditMemo 100-1 2026-03-05 Ida: AR EUR -40.50, TAX 3.68, REV 36.82",
            "CreditMemo 100-2 2026-03-06 Ida: AR EUR -94.50, TAX 8.59, REV 85.91",
            "Purchase 100-1 2026-03-05 Ida: AR EUR 42.00, CLR -42.00",
            "Purchase 100-2 2026-03-06 Ida: AR EUR 98.00, CLR -98.00",
            "Payment 100-1 2026-03-05 Ida: AR EUR -1.50, FX 1.50",
            "Payment 100-2 2026-03-06 Ida: AR EUR -3.50, FX 3.50",
        ],
        {"FX": "5.00", "CLR": "-5.00"},
        [
            "Payment 100-2-R 2026-04-20 Ida: CLR 97.00, AR EUR -94.50, FX -2.50",
            "Invoice 100-2-R 2026-04-20 Ida: AR EUR 94.50, TAX -8.59, REV -85.91",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
    ),
    "a receipt": Case(
        lambda desk: desk.hands.write(
            "SalesReceipt", in_euros(DepositToAccountRef=desk.hands.account(CLEARING))
        ),
        {},
        [
            "RefundReceipt 100-1 2026-03-05 Ida: CLR -40.50, TAX 3.68, REV 36.82",
            "RefundReceipt 100-2 2026-03-06 Ida: CLR -94.50, TAX 8.59, REV 85.91",
            "JournalEntry 100-1 2026-03-05 -: FX 1.50, CLR -1.50",
            "JournalEntry 100-2 2026-03-06 -: FX 3.50, CLR -3.50",
        ],
        {"FX": "5.00", "CLR": "-5.00"},
        [
            "SalesReceipt 100-2-R 2026-04-20 Ida: CLR 94.50, TAX -8.59, REV -85.91",
            "JournalEntry 100-2-R 2026-04-20 -: FX -2.50, CLR 2.50",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
    ),
    "an invoice that is opened again": Case(
        lambda desk: pay_in_euros(desk, desk.hands.write("Invoice", in_euros())),
        REOPEN,
        [
            "Purchase 100 2026-03-05 Ida: AR EUR 42.00, CLR -42.00",
            "Purchase 100-1 2026-03-06 Ida: AR EUR 98.00, CLR -98.00",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "5.00", "AR EUR": "135.00", "CLR": "-5.00"},
        ["Payment 100-1-R 2026-04-20 Ida: CLR 97.00, AR EUR -94.50, FX -2.50"],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "2.50", "AR EUR": "40.50", "CLR": "92.00"},
    ),
}


@pytest.mark.parametrize("case", ABROAD_CASES.values(), ids=list(ABROAD_CASES))
def test_a_company_of_several_currencies(tmp_path: Path, case: Case) -> None:
    """QuickBooks books the difference of two rates by itself when it links what stands at them; receivables end at
    zero in euros and in dollars."""
    with desk(tmp_path / "books", mapping=ABROAD, **case.settings) as one:
        go_abroad(one)
        case.sale(one)
        two_refunds(one)
        one.sync()
        assert one.written() == case.written
        assert one.totals() == case.totals
        assert one.open(IDA) == case.totals.get("AR EUR", "0")
        fail_second(one)
        one.sync()
        assert one.written()[len(case.written) :] == case.back
        assert one.totals() == case.left
        assert one.open(IDA) == case.left.get("AR EUR", "0")
        one.settle_down()
