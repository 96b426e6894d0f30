"""Sales in another currency than a NetSuite account keeps: income and tax go back at the sale's rate, clearing moves by what
Stripe settled, and what the rate moved meanwhile is exchange, which NetSuite books itself where it keeps both."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_desk import rule, sell
from netsuite_desk import Desk, desk, mapped
from netsuite_rates import (
    ABROAD,
    CLEARING_EUR,
    GAINS,
    IN_EUROS,
    KEPT,
    alone_in_euros,
    cash_in_euros,
    charge,
    deposit_in_euros,
    fail_second,
    in_euros,
    keep_euros,
    paid_in_euros,
    refund,
    settle_for,
    two_refunds,
)
from netsuite_sold import cash_sale, invoice, pay
from vendors.netsuite.wire import Json

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
# An item whose income account is that of exchange: what a rate moved is a line on a form.
ON_LINES: Json = {"mapping": mapped(items={"exchange": "Exchange"})}
IN_DOLLARS = {"net": "122.73", "tax": "12.27"}
PAYMENT = "customerPayment PYMT101"


def paid_in_dollars(desk: Desk) -> object:
    return pay(desk.account, invoice(desk.account, **IN_DOLLARS), "135.00")


class Case(NamedTuple):
    """`sale` books it by hand; `back` is what the failure writes, `left` what stands in the books after it."""

    sale: Callable[[Desk], object]
    settings: Json
    written: list[str]
    totals: dict[str, str]
    back: list[str]
    left: dict[str, str]


TOOK: dict[str, str] = {"FX": "5.00", "CLR": "-5.00"}
HOME = {
    "an invoice": Case(
        paid_in_dollars,
        ON_LINES,
        [
            "creditMemo 100 2026-03-05 Ada: AR -42.00, REV 36.82, FX 1.50, TAX 3.68",
            "creditMemo 100-1 2026-03-06 Ada: AR -98.00, REV 85.91, FX 3.50, TAX 8.59",
            "customerRefund 100 2026-03-05 Ada: CLR -42.00, AR 42.00; on creditMemo 100",
            "customerRefund 100-1 2026-03-06 Ada: CLR -98.00, AR 98.00; on creditMemo 100-1",
        ],
        TOOK,
        [
            "invoice 100-1-R 2026-04-20 Ada: AR 98.00, REV -85.91, FX -3.50, TAX -8.59",
            "customerPayment 100-1-R 2026-04-20 Ada: CLR 98.00, AR -98.00; on invoice 100-1-R",
            "journalEntry 100-1-R 2026-04-20 -: FX 1.00, CLR -1.00",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
    ),
    "a cash sale": Case(
        lambda desk: cash_sale(desk.account, **IN_DOLLARS),
        ON_LINES,
        [
            "cashRefund 100 2026-03-05 Ada: CLR -42.00, REV 36.82, FX 1.50, TAX 3.68",
            "cashRefund 100-1 2026-03-06 Ada: CLR -98.00, REV 85.91, FX 3.50, TAX 8.59",
        ],
        TOOK,
        ["cashSale 100-1-R 2026-04-20 Ada: CLR 97.00, REV -85.91, FX -2.50, TAX -8.59"],
        {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
    ),
    "a lone payment": Case(
        lambda desk: pay(desk.account, None, "135.00"),
        ON_LINES,
        [
            f"customerRefund 100 2026-03-05 Ada: CLR -40.50, AR 40.50; on {PAYMENT}",
            f"customerRefund 100-1 2026-03-06 Ada: CLR -94.50, AR 94.50; on {PAYMENT}",
            "journalEntry 100 2026-03-05 -: FX 1.50, CLR -1.50",
            "journalEntry 100-1 2026-03-06 -: FX 3.50, CLR -3.50",
        ],
        TOOK,
        [
            "customerPayment 100-1-R 2026-04-20 Ada: CLR 94.50, AR -94.50; 94.50 unapplied",
            "journalEntry 100-1-R 2026-04-20 -: FX -2.50, CLR 2.50",
        ],
        {"FX": "2.50", "AR": "-94.50", "CLR": "92.00"},
    ),
    "an invoice that is opened again": Case(
        paid_in_dollars,
        {**ON_LINES, **REOPEN},
        [
            f"customerRefund 100 2026-03-05 Ada: CLR -40.50, AR 40.50; on {PAYMENT}",
            f"customerRefund 100-1 2026-03-06 Ada: CLR -94.50, AR 94.50; on {PAYMENT}",
            "journalEntry 100 2026-03-05 -: FX 1.50, CLR -1.50",
            "journalEntry 100-1 2026-03-06 -: FX 3.50, CLR -3.50",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "5.00", "AR": "135.00", "CLR": "-5.00"},
        [
            "customerPayment 100-1-R 2026-04-20 Ada: CLR 94.50, AR -94.50; on invoice 100",
            "journalEntry 100-1-R 2026-04-20 -: FX -2.50, CLR 2.50",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "2.50", "AR": "40.50", "CLR": "92.00"},
    ),
}
# NetSuite gains and loses by itself what is between the rates of a credit and of what it is set against.
SEVERAL = {
    "an invoice": Case(
        paid_in_euros,
        {"mapping": GAINS},
        [
            "creditMemo 100 2026-03-05 Ada: AR -40.50, REV 36.82, TAX 3.68",
            "creditMemo 100-1 2026-03-06 Ada: AR -94.50, REV 85.91, TAX 8.59",
            "customerRefund 100 2026-03-05 Ada: CLR -42.00, AR 40.50, GAIN 1.50; on creditMemo 100",
            "customerRefund 100-1 2026-03-06 Ada: CLR -98.00, AR 94.50, GAIN 3.50; on creditMemo 100-1",
        ],
        {"GAIN": "5.00", "CLR": "-5.00"},
        [
            "invoice 100-1-R 2026-04-20 Ada: AR 94.50, REV -85.91, TAX -8.59",
            "customerPayment 100-1-R 2026-04-20 Ada: CLR 97.00, AR -94.50, GAIN -2.50; on invoice 100-1-R",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "GAIN": "2.50", "CLR": "92.00"},
    ),
    "an invoice in dollars": HOME["an invoice"],
    "a cash sale": Case(
        cash_in_euros,
        {},
        [
            "cashRefund 100 2026-03-05 Ada: CLR -40.50, REV 36.82, TAX 3.68",
            "cashRefund 100-1 2026-03-06 Ada: CLR -94.50, REV 85.91, TAX 8.59",
            "journalEntry 100 2026-03-05 -: FX 1.50, CLR -1.50",
            "journalEntry 100-1 2026-03-06 -: FX 3.50, CLR -3.50",
        ],
        TOOK,
        [
            "cashSale 100-1-R 2026-04-20 Ada: CLR 94.50, REV -85.91, TAX -8.59",
            "journalEntry 100-1-R 2026-04-20 -: FX -2.50, CLR 2.50",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
    ),
    # What comes back is owed at the rate of its own day: nothing is set against it yet.
    "a lone payment": Case(
        alone_in_euros,
        {"mapping": GAINS},
        [
            f"customerRefund 100 2026-03-05 Ada: CLR -42.00, AR 40.50, GAIN 1.50; on {PAYMENT}",
            f"customerRefund 100-1 2026-03-06 Ada: CLR -98.00, AR 94.50, GAIN 3.50; on {PAYMENT}",
        ],
        {"GAIN": "5.00", "CLR": "-5.00"},
        ["customerPayment 100-1-R 2026-04-20 Ada: CLR 97.00, AR -97.00; 77.00 unapplied"],
        {"GAIN": "5.00", "AR": "-97.00", "CLR": "92.00"},
    ),
    "a deposit": Case(
        deposit_in_euros,
        {"mapping": GAINS},
        [
            "customerRefund 100 2026-03-05 Ada: CLR -42.00, AR 40.50, GAIN 1.50; on depositApplication DA101",
            "customerRefund 100-1 2026-03-06 Ada: CLR -98.00, AR 94.50, GAIN 3.50; on depositApplication DA102",
        ],
        {"GAIN": "5.00", "CLR": "-5.00"},
        ["customerPayment 100-1-R 2026-04-20 Ada: CLR 97.00, AR -97.00; 77.00 unapplied"],
        {"GAIN": "5.00", "AR": "-97.00", "CLR": "92.00"},
    ),
    "an invoice that is opened again": Case(
        paid_in_euros,
        {"mapping": GAINS, **REOPEN},
        [
            f"customerRefund 100 2026-03-05 Ada: CLR -42.00, AR 40.50, GAIN 1.50; on {PAYMENT}",
            f"customerRefund 100-1 2026-03-06 Ada: CLR -98.00, AR 94.50, GAIN 3.50; on {PAYMENT}",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "GAIN": "5.00", "AR": "135.00", "CLR": "-5.00"},
        ["customerPayment 100-1-R 2026-04-20 Ada: CLR 97.00, AR -94.50, GAIN -2.50; on invoice 100"],
        {"REV": "-122.73", "TAX": "-12.27", "GAIN": "2.50", "AR": "40.50", "CLR": "92.00"},
    ),
}
BOTH: list[tuple[Json, Case]] = [({}, case) for case in HOME.values()] + [
    (ABROAD, case) for case in SEVERAL.values()
]


@pytest.mark.parametrize(
    ("account", "case"), BOTH, ids=[*HOME, *(f"{name}, several currencies" for name in SEVERAL)]
)
def test_two_refunds_and_a_failure_at_other_rates(tmp_path: Path, account: Json, case: Case) -> None:
    with desk(tmp_path / "books", account=account, **case.settings) as one:
        case.sale(one)
        two_refunds(one)
        one.sync()
        assert one.written() == case.written
        assert (one.totals(), one.open()) == (case.totals, case.totals.get("AR", "0.00"))
        before = one.everything()
        one.json(0, "sync")
        assert one.everything() == before
        if "GAIN" not in case.totals:
            # Without a state a plan knows of such a refund only what clearing moved by, and not what NetSuite gained.
            one.settle_down()
        fail_second(one)
        one.sync()
        assert one.written()[len(case.written) :] == case.back
        assert (one.totals(), one.open()) == (case.left, case.left.get("AR", "0.00"))
        one.settle_down()


@pytest.mark.parametrize("case", [SEVERAL[name] for name in ("an invoice", "a lone payment")])
def test_a_failure_after_a_lost_state(tmp_path: Path, case: Case) -> None:
    """What is written is the same; only what a plan says of what NetSuite gains is not known from the books."""
    with desk(tmp_path / "books", account=ABROAD, **case.settings) as one:
        case.sale(one)
        two_refunds(one)
        one.sync()
        one.settle_down()
        fail_second(one)
        one.sync(plan=False)
        assert one.written()[len(case.written) :] == case.back
        assert one.totals() == case.left
        one.settle_down()


def test_an_exchange_without_an_item_for_it_is_held(tmp_path: Path) -> None:
    """In an account that keeps dollars alone it is a line of the memo, and each line is of an item."""
    with desk(tmp_path / "books") as one:
        paid_in_dollars(one)
        two_refunds(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held item_not_mapped"}
        assert one.written() == []


@pytest.mark.parametrize(
    "way", [{}, {"connection": {"void_restlet_url": None}}], ids=["by the script", "by a memo"]
)
def test_an_invoice_in_euros_voided_and_back_again(tmp_path: Path, way: Json) -> None:
    """Clearing gets what charge, refund and failure left: 135 - 140 + 139."""
    with desk(tmp_path / "books", account=ABROAD, mapping=GAINS, **way) as one:
        in_euros(one)
        charge(one, 11000, 13500)
        refund(one, "b", 11000, 14000, "2026-03-05")
        one.sync()
        memo = "creditMemo 100 2026-03-02 Ada: AR -135.00, REV 122.73, TAX 12.27; on invoice 100"
        assert one.written() == ([memo] if way else [])
        assert (one.totals(), one.open()) == ({}, "0.00")
        fail_second(one, 13900)
        one.sync()
        assert one.written()[-2:] == [
            "invoice 100-R 2026-04-20 Ada: AR 135.00, REV -122.73, TAX -12.27",
            "customerPayment 100-R 2026-04-20 Ada: CLR 134.00, AR -135.00, GAIN 1.00; on invoice 100-R",
        ]
        assert one.open() == "0.00"


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_sale_in_euros_that_is_posted(tmp_path: Path, sales: str) -> None:
    receipts = sales == "sales_receipt"
    moved = "FX" if receipts else "GAIN"
    mapping = None if receipts else GAINS
    with desk(tmp_path / "books", account=ABROAD, mapping=mapping, sales=sales, fees=True) as one:
        settle_for(one, sell(one, currency="eur"), 13500, 349)
        refund(one, "a", 3300, 4200, "2026-03-05")
        refund(one, "b", 7700, 9800, "2026-03-06")
        one.sync()
        assert (one.totals(), one.open("Bo")) == ({"FEES": "3.49", moved: "5.00", "CLR": "-8.49"}, "0.00")
        (sold,) = one.account.documents("cashSale" if receipts else "invoice")
        assert (one.account.symbol(sold["currency"]), sold["_total"]) == ("EUR", Decimal(110))
        fail_second(one)
        one.sync()
        left = {"REV": "-85.91", "FEES": "3.49", moved: "2.50", "CLR": "88.51", "TAX": "-8.59"}
        assert (one.totals(), one.open("Bo")) == (left, "0.00")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- kept in euros


def refund_in_euros(one: Desk) -> None:
    """Neither charge nor refunds were exchanged: Stripe tells no rate."""
    charge(one, 11000, None)
    refund(one, "a", 3300, None, "2026-03-05")
    refund(one, "b", 7700, None, "2026-03-06")


def test_an_invoice_of_a_balance_in_euros(tmp_path: Path) -> None:
    """The memo goes at the sale's rate and the money at the day's, 1.1; NetSuite books what lies between."""
    with desk(tmp_path / "books", account=ABROAD, mapping=KEPT) as one:
        keep_euros(one)
        pay(one.account, in_euros(one), into=CLEARING_EUR, **IN_EUROS)
        refund_in_euros(one)
        one.sync(plan=False)
        assert one.written() == [
            "creditMemo 100 2026-03-05 Ada: AR -40.50, REV 36.82, TAX 3.68",
            "creditMemo 100-1 2026-03-06 Ada: AR -94.50, REV 85.91, TAX 8.59",
            f"customerRefund 100 2026-03-05 Ada: {CLEARING_EUR} -36.30, AR 40.50, GAIN -4.20; on creditMemo 100",
            f"customerRefund 100-1 2026-03-06 Ada: {CLEARING_EUR} -84.70, AR 94.50, GAIN -9.80; on creditMemo 100-1",
        ]
        assert one.open() == "0.00"
        one.settle_down()


def test_a_cash_sale_of_a_balance_in_euros(tmp_path: Path) -> None:
    with desk(tmp_path / "books", account=ABROAD, mapping=KEPT) as one:
        keep_euros(one)
        cash_in_euros(one, into=CLEARING_EUR)
        refund_in_euros(one)
        one.sync(plan=False)
        assert one.totals() == {}
        one.settle_down()


def test_a_balance_that_no_account_is_mapped_for_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        cash_sale(one.account)
        refund_in_euros(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held currency_not_supported"}
        assert one.written() == []


# ---------------------------------------------------------------------------------------------- yen


def test_yen_have_no_cents(tmp_path: Path) -> None:
    """11000 yen that settled for 77 dollars; 3300 of them went back for 24."""
    with desk(tmp_path / "books", account=ABROAD, mapping=GAINS, sales="invoice_and_payment") as one:
        made = charge(one, 11000, 7700, "jpy", billing_details={"name": "Jun"})
        one.shop.objects[made]["metadata"]["sale_lines"] = '[{"amount": "11000", "tax": "1000"}]'
        refund(one, "a", 3300, 2400, "2026-03-05", "jpy")
        one.sync()
        (memo,) = one.account.documents("creditMemo")
        assert (memo["_total"], one.account.symbol(memo["currency"])) == (Decimal(3300), "JPY")
        assert one.written()[2:] == [
            "creditMemo 100 2026-03-05 Jun: AR -23.10, REV 21.00, TAX 2.10",
            "customerRefund 100 2026-03-05 Jun: CLR -24.00, AR 23.10, GAIN 0.90; on creditMemo 100",
        ]
        assert one.open("Jun") == "0.00"
        one.settle_down()


def test_an_account_that_keeps_yen(tmp_path: Path) -> None:
    with desk(tmp_path / "books", account={"currency": "JPY"}) as one:
        pay(one.account, invoice(one.account, net="11000", tax="0"), "11000")
        charge(one, 11000, None, "jpy")
        refund(one, "a", 3300, None, "2026-03-05", "jpy")
        one.sync()
        assert one.written() == [
            "creditMemo 100 2026-03-05 Ada: AR -3300, REV 3300",
            "customerRefund 100 2026-03-05 Ada: CLR -3300, AR 3300; on creditMemo 100",
        ]
        one.settle_down()
