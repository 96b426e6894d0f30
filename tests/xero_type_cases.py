"""Every refund type in a Xero organisation: what is written of it, and what becomes of the sale, to the cent. The base case
is a sale of 100.00 with 10.00 of tax."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ledger_desk import rule
from vendors.xero.wire import Json
from xero_desk import Desk, paid_invoice
from xero_sold import invoice, overpaid, prepaid, receive

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
STORE_CREDIT: Json = {"rules": rule("credit_memo", sale="invoice")}
DAYS = ("2026-03-05", "2026-03-06", "2026-03-07")
SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
PAID_IN = "Payment Stripe 2026-03-02 Ada: AR -110.00, CLR 110.00"
TAKEN_OFF = "Payment Stripe 2026-03-02 Ada: nothing (deleted)"
INVOICE = "Invoice 100 2026-03-02 Ada: REV -100.00, TAX -10.00, AR 110.00"


def refunds(desk: Desk, charge: str, amounts: tuple[int, ...]) -> None:
    for name, amount, day in zip("abc", amounts, DAYS, strict=False):
        desk.shop.refund(name, charge, amount, day)


def of_paid(*amounts: int, method: str = "card") -> Callable[[Desk], None]:
    return lambda desk: refunds(desk, paid_invoice(desk, method), amounts)


def of_charge(sold: Callable[[Desk], object], *amounts: int) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        sold(desk)
        refunds(desk, desk.shop.charge("100", 11000, 1000, "2026-03-02", 0), amounts)

    return make


def of_unpaid(*amounts: int, day: str = "2026-03-02") -> Callable[[Desk], None]:
    return of_charge(lambda desk: invoice(desk.hands, day=day), *amounts)


def of_receipt(*amounts: int) -> Callable[[Desk], None]:
    return of_charge(lambda desk: receive(desk.hands), *amounts)


def of_overpayment(*amounts: int) -> Callable[[Desk], None]:
    return of_charge(lambda desk: overpaid(desk.hands), *amounts)


def of_prepayment(*amounts: int) -> Callable[[Desk], None]:
    return of_charge(lambda desk: prepaid(desk.hands), *amounts)


class Case(NamedTuple):
    """`by_hand` is what became of the sale; `back` what is written when the last refund fails in another month, `sold`
    what then stands in the books where that is not the whole sale. `voided` are its documents that are taken out where
    they stand when it fails in the same month; none: then too there is `back`. `freed` is what the sale looks like then,
    where that is not as it was."""

    make: Callable[[Desk], None]
    settings: Json
    written: list[str]
    by_hand: list[str]
    totals: dict[str, str]
    owed: str
    back: list[str]
    voided: list[str]
    sold: dict[str, str] = SOLD
    owed_after: str = "0.00"
    freed: list[str] | None = None
    owed_again: str = "0.00"


PAID_OUT = [
    "CreditNote 100 2026-03-05 Ada: nothing (voided)",
    "Payment 100 2026-03-05 Ada: nothing (deleted)",
]
OVERPAID = "RECEIVE-OVERPAYMENT - 2026-03-02 Ada: CLR 110.00, AR -110.00"
PREPAID = "RECEIVE-PREPAYMENT - 2026-03-02 Ada: CLR 110.00, Prepayments held -110.00"
AGAIN = "RECEIVE-OVERPAYMENT - 2026-04-20 Ada"
CASES = {
    "a card refund of an invoice": Case(
        of_paid(11000),
        {},
        [
            "CreditNote 100 2026-03-05 Ada: REV 100.00, TAX 10.00, AR -110.00",
            "Payment 100 2026-03-05 Ada: AR 110.00, CLR -110.00",
        ],
        [INVOICE, PAID_IN],
        {},
        "0.00",
        [
            "Invoice 100-R 2026-04-20 Ada: REV -100.00, TAX -10.00, AR 110.00",
            "Payment 100-R 2026-04-20 Ada: AR -110.00, CLR 110.00",
        ],
        PAID_OUT,
    ),
    "three card refunds of an invoice": Case(
        of_paid(3300, 3300, 4400),
        {},
        [
            "CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00",
            "CreditNote 100-1 2026-03-06 Ada: REV 30.00, TAX 3.00, AR -33.00",
            "CreditNote 100-2 2026-03-07 Ada: REV 40.00, TAX 4.00, AR -44.00",
            "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 100-1 2026-03-06 Ada: AR 33.00, CLR -33.00",
            "Payment 100-2 2026-03-07 Ada: AR 44.00, CLR -44.00",
        ],
        [INVOICE, PAID_IN],
        {},
        "0.00",
        [
            "Invoice 100-2-R 2026-04-20 Ada: REV -40.00, TAX -4.00, AR 44.00",
            "Payment 100-2-R 2026-04-20 Ada: AR -44.00, CLR 44.00",
        ],
        [
            "CreditNote 100-2 2026-03-07 Ada: nothing (voided)",
            "Payment 100-2 2026-03-07 Ada: nothing (deleted)",
        ],
        {"REV": "-40.00", "CLR": "44.00", "TAX": "-4.00"},
    ),
    "a bank refund of an invoice": Case(
        of_paid(3300, method="us_bank_account"),
        {},
        [
            "CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00",
            "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
        ],
        [INVOICE, PAID_IN],
        {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"},
        "0.00",
        [
            "Invoice 100-R 2026-04-20 Ada: REV -30.00, TAX -3.00, AR 33.00",
            "Payment 100-R 2026-04-20 Ada: AR -33.00, CLR 33.00",
        ],
        PAID_OUT,
    ),
    "money received": Case(
        of_receipt(3300, 3300, 4400),
        {},
        [
            "SPEND 100 2026-03-05 Ada: CLR -33.00, REV 30.00, TAX 3.00",
            "SPEND 100-1 2026-03-06 Ada: CLR -33.00, REV 30.00, TAX 3.00",
            "SPEND 100-2 2026-03-07 Ada: CLR -44.00, REV 40.00, TAX 4.00",
        ],
        ["RECEIVE 100 2026-03-02 Ada: CLR 110.00, REV -100.00, TAX -10.00"],
        {},
        "0.00",
        ["RECEIVE 100-2-R 2026-04-20 Ada: CLR 44.00, REV -40.00, TAX -4.00"],
        ["SPEND 100-2 2026-03-07 Ada: nothing (deleted)"],
        {"REV": "-40.00", "CLR": "44.00", "TAX": "-4.00"},
    ),
    "an invoice without credit notes": Case(
        of_paid(11000),
        {"refund_types": {"credit_memo": False}},
        ["SPEND 100 2026-03-05 Ada: CLR -110.00, REV 100.00, TAX 10.00"],
        [INVOICE, PAID_IN],
        {},
        "0.00",
        ["RECEIVE 100-R 2026-04-20 Ada: CLR 110.00, REV -100.00, TAX -10.00"],
        ["SPEND 100 2026-03-05 Ada: nothing (deleted)"],
    ),
    "a part of an overpayment": Case(
        of_overpayment(3300),
        {},
        ["Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00"],
        [f"{OVERPAID}; RemainingCredit 77.00 left"],
        {"CLR": "77.00", "AR": "-77.00"},
        "-77.00",
        [f"{AGAIN}: CLR 33.00, AR -33.00; RemainingCredit 33.00 left"],
        ["Payment 100 2026-03-05 Ada: nothing (deleted)"],
        {"CLR": "110.00", "AR": "-110.00"},
        "-110.00",
        [f"{OVERPAID}; RemainingCredit 110.00 left"],
        owed_again="-110.00",
    ),
    "an overpayment in two parts": Case(
        of_overpayment(3300, 7700),
        {},
        [
            "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 100-1 2026-03-06 Ada: AR 77.00, CLR -77.00",
        ],
        [OVERPAID],
        {},
        "0.00",
        [f"{AGAIN}: CLR 77.00, AR -77.00; RemainingCredit 77.00 left"],
        ["Payment 100-1 2026-03-06 Ada: nothing (deleted)"],
        {"CLR": "77.00", "AR": "-77.00"},
        "-77.00",
        [f"{OVERPAID}; RemainingCredit 77.00 left"],
        owed_again="-77.00",
    ),
    "a part of a prepayment": Case(
        of_prepayment(3300),
        {},
        ["Payment 100 2026-03-05 Ada: Prepayments held 33.00, CLR -33.00"],
        [f"{PREPAID}; RemainingCredit 77.00 left"],
        {"CLR": "77.00", "Prepayments held": "-77.00"},
        "0.00",
        [
            "RECEIVE-PREPAYMENT - 2026-04-20 Ada: CLR 33.00, Prepayments held -33.00; RemainingCredit 33.00 left"
        ],
        ["Payment 100 2026-03-05 Ada: nothing (deleted)"],
        {"CLR": "110.00", "Prepayments held": "-110.00"},
        "0.00",
        [f"{PREPAID}; RemainingCredit 110.00 left"],
    ),
    "a credit note in the place of a void in another month": Case(
        of_unpaid(11000, day="2026-02-20"),
        {},
        ["CreditNote 100 2026-03-05 Ada: REV 100.00, TAX 10.00, AR -110.00"],
        ["Invoice 100 2026-02-20 Ada: REV -100.00, TAX -10.00, AR 110.00"],
        {},
        "0.00",
        [
            "Invoice 100-R 2026-04-20 Ada: REV -100.00, TAX -10.00, AR 110.00",
            "Payment 100-R 2026-04-20 Ada: AR -110.00, CLR 110.00",
        ],
        [],
    ),
    "a credit note alone on a paid invoice": Case(
        of_paid(3300),
        STORE_CREDIT,
        ["CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00; RemainingCredit 33.00 left"],
        [INVOICE, PAID_IN],
        {"REV": "-70.00", "CLR": "110.00", "AR": "-33.00", "TAX": "-7.00"},
        "-33.00",
        ["Invoice 100-R 2026-04-20 Ada: REV -30.00, TAX -3.00, AR 33.00"],
        ["CreditNote 100 2026-03-05 Ada: nothing (voided)"],
    ),
    "a credit note alone on an open invoice": Case(
        of_unpaid(3300),
        STORE_CREDIT,
        ["CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00"],
        [f"{INVOICE}; AmountDue 77.00 left"],
        {"REV": "-70.00", "AR": "77.00", "TAX": "-7.00"},
        "77.00",
        ["Invoice 100-R 2026-04-20 Ada: REV -30.00, TAX -3.00, AR 33.00; AmountDue 33.00 left"],
        ["CreditNote 100 2026-03-05 Ada: nothing (voided)"],
        {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"},
        "110.00",
        [f"{INVOICE}; AmountDue 110.00 left"],
        owed_again="110.00",
    ),
    "credit notes alone that take an open invoice to zero": Case(
        of_unpaid(3300, 7700),
        STORE_CREDIT,
        [
            "CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00",
            "CreditNote 100-1 2026-03-06 Ada: REV 70.00, TAX 7.00, AR -77.00",
        ],
        [INVOICE],
        {},
        "0.00",
        ["Invoice 100-1-R 2026-04-20 Ada: REV -70.00, TAX -7.00, AR 77.00; AmountDue 77.00 left"],
        ["CreditNote 100-1 2026-03-06 Ada: nothing (voided)"],
        {"REV": "-70.00", "AR": "77.00", "TAX": "-7.00"},
        "77.00",
        [f"{INVOICE}; AmountDue 77.00 left"],
        owed_again="77.00",
    ),
    "a reopened invoice": Case(
        of_paid(11000),
        REOPEN,
        [OVERPAID, "Payment 100 2026-03-05 Ada: AR 110.00, CLR -110.00"],
        [f"{INVOICE}; AmountDue 110.00 left", TAKEN_OFF],
        {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"},
        "110.00",
        ["Payment 100-R 2026-04-20 Ada: AR -110.00, CLR 110.00"],
        [],
    ),
    "an invoice reopened in two parts": Case(
        of_paid(3300, 4400),
        REOPEN,
        [
            "Payment 100-1 2026-03-02 Ada: nothing (deleted)",
            "RECEIVE-OVERPAYMENT - 2026-03-02 Ada: CLR 44.00, AR -44.00",
            "Payment 100 2026-03-02 Ada: AR -33.00, CLR 33.00",
            "Payment 100-1 2026-03-06 Ada: AR 44.00, CLR -44.00",
            "RECEIVE-OVERPAYMENT - 2026-03-02 Ada: CLR 33.00, AR -33.00",
            "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
        ],
        [f"{INVOICE}; AmountDue 77.00 left", TAKEN_OFF],
        {"REV": "-100.00", "CLR": "33.00", "AR": "77.00", "TAX": "-10.00"},
        "77.00",
        ["Payment 100-1-R 2026-04-20 Ada: AR -44.00, CLR 44.00"],
        [],
        {"REV": "-100.00", "CLR": "77.00", "AR": "33.00", "TAX": "-10.00"},
        "33.00",
    ),
}
