"""Sales in another currency than a Xero organisation keeps: income and tax go back at the sale's rate, clearing moves by
what Stripe settled, and what the rate moved meanwhile is exchange, which Xero books itself where it keeps both."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_desk import rule, sell
from vendors.xero.wire import Json
from xero_desk import Desk, desk
from xero_rates import (
    ABROAD,
    CLEARING_EUR,
    GAINS,
    KEPT,
    charge,
    fail_second,
    in_euros,
    keep_euros,
    paid_in_euros,
    rate,
    refund,
    settle_for,
    two_refunds,
)
from xero_sold import invoice, overpaid, pay, receive

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
IN_DOLLARS = {"net": "122.73", "tax": "12.27"}


def paid_in_dollars(desk: Desk) -> object:
    return pay(desk.hands, invoice(desk.hands, **IN_DOLLARS), "135.00")


class Case(NamedTuple):
    """`sale` books it by hand; `back` is what the failure writes, `left` what stands in the books after it."""

    sale: Callable[[Desk], object]
    settings: Json
    written: list[str]
    totals: dict[str, str]
    back: list[str]
    left: dict[str, str]


NOTES = [
    "CreditNote 100 2026-03-05 Ada: REV 36.82, FX 1.50, TAX 3.68, AR -42.00",
    "CreditNote 100-1 2026-03-06 Ada: REV 85.91, FX 3.50, TAX 8.59, AR -98.00",
    "Payment 100 2026-03-05 Ada: AR 42.00, CLR -42.00",
    "Payment 100-1 2026-03-06 Ada: AR 98.00, CLR -98.00",
]
RECEIPTS = Case(
    lambda desk: receive(desk.hands, **IN_DOLLARS),
    {},
    [
        "SPEND 100 2026-03-05 Ada: CLR -42.00, REV 36.82, FX 1.50, TAX 3.68",
        "SPEND 100-1 2026-03-06 Ada: CLR -98.00, REV 85.91, FX 3.50, TAX 8.59",
    ],
    {"FX": "5.00", "CLR": "-5.00"},
    ["RECEIVE 100-1-R 2026-04-20 Ada: CLR 97.00, REV -85.91, FX -2.50, TAX -8.59"],
    {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
)
HOME = {
    "an invoice": Case(
        paid_in_dollars,
        {},
        NOTES,
        {"FX": "5.00", "CLR": "-5.00"},
        [
            "Invoice 100-1-R 2026-04-20 Ada: REV -85.91, FX -3.50, TAX -8.59, AR 98.00",
            "Payment 100-1-R 2026-04-20 Ada: AR -98.00, CLR 98.00",
            "SPEND 100-1-R 2026-04-20 Ada: CLR -1.00, FX 1.00",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "FX": "2.50", "CLR": "92.00"},
    ),
    "money received": RECEIPTS,
    "an overpayment": Case(
        lambda desk: overpaid(desk.hands, "135.00"),
        {},
        [
            "Payment 100 2026-03-05 Ada: AR 40.50, CLR -40.50",
            "Payment 100-1 2026-03-06 Ada: AR 94.50, CLR -94.50",
            "SPEND 100 2026-03-05 Ada: CLR -1.50, FX 1.50",
            "SPEND 100-1 2026-03-06 Ada: CLR -3.50, FX 3.50",
        ],
        {"FX": "5.00", "CLR": "-5.00"},
        [
            "RECEIVE-OVERPAYMENT - 2026-04-20 Ada: CLR 94.50, AR -94.50; RemainingCredit 94.50 left",
            "RECEIVE 100-1-R 2026-04-20 Ada: CLR 2.50, FX -2.50",
        ],
        {"FX": "2.50", "AR": "-94.50", "CLR": "92.00"},
    ),
    "an invoice that is opened again": Case(
        paid_in_dollars,
        REOPEN,
        [
            "Payment 100-1 2026-03-02 Ada: nothing (deleted)",
            "RECEIVE-OVERPAYMENT - 2026-03-02 Ada: CLR 94.50, AR -94.50",
            "Payment 100-1 2026-03-06 Ada: AR 94.50, CLR -94.50",
            "RECEIVE-OVERPAYMENT - 2026-03-02 Ada: CLR 40.50, AR -40.50",
            "SPEND 100-1 2026-03-06 Ada: CLR -3.50, FX 3.50",
            "Payment 100 2026-03-05 Ada: AR 40.50, CLR -40.50",
            "SPEND 100 2026-03-05 Ada: CLR -1.50, FX 1.50",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "5.00", "AR": "135.00", "CLR": "-5.00"},
        [
            "Payment 100-1-R 2026-04-20 Ada: AR -94.50, CLR 94.50",
            "RECEIVE 100-1-R 2026-04-20 Ada: CLR 2.50, FX -2.50",
        ],
        {"REV": "-122.73", "TAX": "-12.27", "FX": "2.50", "AR": "40.50", "CLR": "92.00"},
    ),
}
SEVERAL = {
    "an invoice": Case(
        paid_in_euros,
        {"mapping": GAINS},
        [
            "CreditNote 100 2026-03-05 Ada: REV 36.82, TAX 3.68, AR -40.50",
            "CreditNote 100-1 2026-03-06 Ada: REV 85.91, TAX 8.59, AR -94.50",
            "Payment 100 2026-03-05 Ada: AR 40.50, CLR -42.00, GAIN 1.50",
            "Payment 100-1 2026-03-06 Ada: AR 94.50, CLR -98.00, GAIN 3.50",
        ],
        {"GAIN": "5.00", "CLR": "-5.00"},
        [
            "Invoice 100-1-R 2026-04-20 Ada: REV -85.91, TAX -8.59, AR 94.50",
            "Payment 100-1-R 2026-04-20 Ada: AR -94.50, CLR 97.00, GAIN -2.50",
        ],
        {"REV": "-85.91", "TAX": "-8.59", "GAIN": "2.50", "CLR": "92.00"},
    ),
    "an invoice in dollars": HOME["an invoice"],
    "money received": RECEIPTS,
}
BOTH: list[tuple[Json, Case]] = [({}, case) for case in HOME.values()] + [
    (ABROAD, case) for case in SEVERAL.values()
]


@pytest.mark.parametrize(
    ("organisation", "case"), BOTH, ids=[*HOME, *(f"{name}, several currencies" for name in SEVERAL)]
)
def test_two_refunds_and_a_failure_at_other_rates(tmp_path: Path, organisation: Json, case: Case) -> None:
    with desk(tmp_path / "books", organisation=organisation, **case.settings) as one:
        case.sale(one)
        two_refunds(one)
        one.sync()
        assert one.written() == case.written
        assert (one.totals(), one.open()) == (case.totals, case.totals.get("AR", "0.00"))
        if "GAIN" not in case.totals:
            # Without a state a plan knows of such a payment only what clearing moved by, and not what Xero gained.
            one.settle_down()
        fail_second(one)
        one.sync()
        assert one.written()[len(case.written) :] == case.back
        assert (one.totals(), one.open()) == (case.left, case.left.get("AR", "0.00"))
        one.settle_down()


def test_a_payment_in_another_currency_is_not_made_again(tmp_path: Path) -> None:
    """An overpayment stands in the currency of its bank account, so the invoice's would be another amount."""
    with desk(tmp_path / "books", organisation=ABROAD, mapping=GAINS, **REOPEN) as one:
        paid_in_euros(one)
        two_refunds(one)
        one.sync(3, plan=False)
        assert set(one.outcomes().values()) == {"held ledger_cannot"}
        assert one.written() == []


def test_an_invoice_in_euros_voided_and_back_again(tmp_path: Path) -> None:
    """Clearing gets what charge, refund and failure left: 135 - 140 + 139."""
    with desk(tmp_path / "books", organisation=ABROAD, mapping=GAINS) as one:
        in_euros(one)
        charge(one, 11000, 13500)
        refund(one, "b", 11000, 14000, "2026-03-05")
        one.sync()
        assert one.by_hand() == ["Invoice 100 2026-03-02 Ada: nothing (voided)"]
        fail_second(one, 13900)
        one.sync()
        assert one.written() == [
            "Invoice 100-R 2026-04-20 Ada: REV -122.73, TAX -12.27, AR 135.00",
            "Payment 100-R 2026-04-20 Ada: AR -135.00, CLR 134.00, GAIN 1.00",
        ]
        assert one.open() == "0.00"


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_sale_in_euros_that_is_posted(tmp_path: Path, sales: str) -> None:
    """A receipt stands in the dollars that clearing got, an invoice in euros."""
    receipts = sales == "sales_receipt"
    moved = "FX" if receipts else "GAIN"
    mapping = None if receipts else GAINS
    with desk(tmp_path / "books", organisation=ABROAD, mapping=mapping, sales=sales, fees=True) as one:
        settle_for(one, sell(one, currency="eur"), 13500, 349)
        refund(one, "a", 3300, 4200, "2026-03-05")
        refund(one, "b", 7700, 9800, "2026-03-06")
        one.sync()
        assert (one.totals(), one.open("Bo")) == ({"FEES": "3.49", moved: "5.00", "CLR": "-8.49"}, "0.00")
        sold = one.organisation.documents("BankTransactions" if receipts else "Invoices")[0]
        told = ("USD", Decimal(135)) if receipts else ("EUR", Decimal(110))
        assert (sold["CurrencyCode"], sold["Total"]) == told
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
    """The credit note goes at the sale's rate and the money at the day's, 0.9; Xero books what lies between."""
    with desk(tmp_path / "books", organisation=ABROAD, mapping=KEPT) as one:
        keep_euros(one)
        pay(one.hands, in_euros(one), into="092", CurrencyRate=rate())
        refund_in_euros(one)
        one.sync(plan=False)
        assert one.written() == [
            "CreditNote 100 2026-03-05 Ada: REV 36.82, TAX 3.68, AR -40.50",
            "CreditNote 100-1 2026-03-06 Ada: REV 85.91, TAX 8.59, AR -94.50",
            f"Payment 100 2026-03-05 Ada: AR 40.50, {CLEARING_EUR} -36.67, GAIN -3.83",
            f"Payment 100-1 2026-03-06 Ada: AR 94.50, {CLEARING_EUR} -85.56, GAIN -8.94",
        ]
        account = one.organisation.account(CLEARING_EUR)["AccountID"]
        assert one.organisation.ledger.own_balance(account) == 0
        assert one.open() == "0.00"
        one.settle_down()


def test_money_received_of_a_balance_in_euros(tmp_path: Path) -> None:
    with desk(tmp_path / "books", organisation=ABROAD, mapping=KEPT) as one:
        keep_euros(one)
        receive(one.hands, into="092", CurrencyRate=rate())
        refund_in_euros(one)
        one.sync(plan=False)
        assert one.totals() == {}
        one.settle_down()


def test_a_balance_that_no_account_is_mapped_for_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receive(one.hands)
        refund_in_euros(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held currency_not_supported"}
        assert one.written() == []


# ---------------------------------------------------------------------------------------------- yen


def test_yen_have_no_cents(tmp_path: Path) -> None:
    """11000 yen that settled for 77 dollars; 3300 of them went back for 24."""
    with desk(tmp_path / "books", organisation=ABROAD, mapping=GAINS, sales="invoice_and_payment") as one:
        made = charge(one, 11000, 7700, "jpy", billing_details={"name": "Jun"})
        one.shop.objects[made]["metadata"]["sale_lines"] = '[{"amount": "11000", "tax": "1000"}]'
        refund(one, "a", 3300, 2400, "2026-03-05", "jpy")
        one.sync()
        (note,) = one.organisation.documents("CreditNotes")
        assert (note["Total"], note["CurrencyCode"]) == (Decimal(3300), "JPY")
        assert one.written()[2:] == [
            "CreditNote 100 2026-03-05 Jun: REV 21.00, TAX 2.10, AR -23.10",
            "Payment 100 2026-03-05 Jun: AR 23.10, CLR -24.00, GAIN 0.90",
        ]
        assert one.open("Jun") == "0.00"
        one.settle_down()


def test_an_organisation_that_keeps_yen(tmp_path: Path) -> None:
    with desk(tmp_path / "books", organisation={"currency": "JPY"}) as one:
        pay(one.hands, invoice(one.hands, net="11000", tax="0"), "11000")
        charge(one, 11000, None, "jpy")
        refund(one, "a", 3300, None, "2026-03-05", "jpy")
        one.sync()
        assert one.written() == [
            "CreditNote 100 2026-03-05 Ada: REV 3300.00, AR -3300.00",
            "Payment 100 2026-03-05 Ada: AR 3300.00, CLR -3300.00",
        ]
        one.settle_down()
