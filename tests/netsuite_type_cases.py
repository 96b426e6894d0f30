"""Every refund type in a NetSuite account: what is written of it, and what becomes of the sale, to the cent. The base case
is a sale of 100.00 with 10.00 of tax."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ledger_desk import rule
from netsuite_desk import Desk, paid_invoice
from netsuite_sold import cash_sale, deposit, invoice, pay
from vendors.netsuite.wire import Json

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
STORE_CREDIT: Json = {"rules": rule("credit_memo", sale="invoice")}
DAYS = ("2026-03-05", "2026-03-06", "2026-03-07")
SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
INVOICE = "invoice 100 2026-03-02 Ada: AR 110.00, REV -100.00, TAX -10.00"
PAID_IN = "customerPayment PYMT101 2026-03-02 Ada: CLR 110.00, AR -110.00"


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
    return of_charge(lambda desk: invoice(desk.account, day=day), *amounts)


def of_cash_sale(*amounts: int) -> Callable[[Desk], None]:
    return of_charge(lambda desk: cash_sale(desk.account), *amounts)


def of_payment(*amounts: int) -> Callable[[Desk], None]:
    return of_charge(lambda desk: pay(desk.account, None), *amounts)


def of_deposit(*amounts: int) -> Callable[[Desk], None]:
    return of_charge(lambda desk: deposit(desk.account), *amounts)


class Case(NamedTuple):
    """`by_hand` is what became of the sale; `back` what is written when the last refund fails, `sold` what then stands in
    the books and `freed` what the sale looks like then, where that is not as it was: NetSuite's documents are mirrored
    and never voided, in whatever month. `owed` and `owed_after` are what Ada owes then and then."""

    make: Callable[[Desk], None]
    settings: Json
    written: list[str]
    by_hand: list[str]
    totals: dict[str, str]
    owed: str
    back: list[str]
    sold: dict[str, str] = SOLD
    owed_after: str = "0.00"
    freed: list[str] | None = None
    taken_up: list[str] | None = None


def mirrored(number: str, net: str, tax: str, total: str) -> list[str]:
    """The invoice and the payment that take a memo and its refund back."""
    return [
        f"invoice {number}-R 2026-04-20 Ada: AR {total}, REV -{net}, TAX -{tax}",
        f"customerPayment {number}-R 2026-04-20 Ada: CLR {total}, AR -{total}; on invoice {number}-R",
    ]


MEMOS = [
    "creditMemo 100 2026-03-05 Ada: AR -33.00, REV 30.00, TAX 3.00",
    "creditMemo 100-1 2026-03-06 Ada: AR -33.00, REV 30.00, TAX 3.00",
    "creditMemo 100-2 2026-03-07 Ada: AR -44.00, REV 40.00, TAX 4.00",
]
PAID_OUT = [
    "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on creditMemo 100",
    "customerRefund 100-1 2026-03-06 Ada: CLR -33.00, AR 33.00; on creditMemo 100-1",
    "customerRefund 100-2 2026-03-07 Ada: CLR -44.00, AR 44.00; on creditMemo 100-2",
]
PAID = f"{PAID_IN}; on invoice 100"
THIRDS: Json = {"REV": "-40.00", "CLR": "44.00", "TAX": "-4.00"}
CASES = {
    "a card refund of an invoice": Case(
        of_paid(11000),
        {},
        [
            "creditMemo 100 2026-03-05 Ada: AR -110.00, REV 100.00, TAX 10.00",
            "customerRefund 100 2026-03-05 Ada: CLR -110.00, AR 110.00; on creditMemo 100",
        ],
        [INVOICE, PAID],
        {},
        "0.00",
        mirrored("100", "100.00", "10.00", "110.00"),
    ),
    "three card refunds of an invoice": Case(
        of_paid(3300, 3300, 4400),
        {},
        [*MEMOS, *PAID_OUT],
        [INVOICE, PAID],
        {},
        "0.00",
        mirrored("100-2", "40.00", "4.00", "44.00"),
        THIRDS,
    ),
    "three refunds of an invoice that are no round parts": Case(
        of_paid(3667, 3667, 3666),
        {},
        [
            "creditMemo 100 2026-03-05 Ada: AR -36.67, REV 33.34, TAX 3.33",
            "creditMemo 100-1 2026-03-06 Ada: AR -36.67, REV 33.33, TAX 3.34",
            "creditMemo 100-2 2026-03-07 Ada: AR -36.66, REV 33.33, TAX 3.33",
            "customerRefund 100 2026-03-05 Ada: CLR -36.67, AR 36.67; on creditMemo 100",
            "customerRefund 100-1 2026-03-06 Ada: CLR -36.67, AR 36.67; on creditMemo 100-1",
            "customerRefund 100-2 2026-03-07 Ada: CLR -36.66, AR 36.66; on creditMemo 100-2",
        ],
        [INVOICE, PAID],
        {},
        "0.00",
        mirrored("100-2", "33.33", "3.33", "36.66"),
        {"REV": "-33.33", "CLR": "36.66", "TAX": "-3.33"},
    ),
    "a bank refund of an invoice": Case(
        of_paid(3300, method="us_bank_account"),
        {},
        [MEMOS[0], PAID_OUT[0]],
        [INVOICE, PAID],
        {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"},
        "0.00",
        mirrored("100", "30.00", "3.00", "33.00"),
    ),
    "a cash sale": Case(
        of_cash_sale(3300, 3300, 4400),
        {},
        [
            "cashRefund 100 2026-03-05 Ada: CLR -33.00, REV 30.00, TAX 3.00",
            "cashRefund 100-1 2026-03-06 Ada: CLR -33.00, REV 30.00, TAX 3.00",
            "cashRefund 100-2 2026-03-07 Ada: CLR -44.00, REV 40.00, TAX 4.00",
        ],
        ["cashSale 100 2026-03-02 Ada: CLR 110.00, REV -100.00, TAX -10.00"],
        {},
        "0.00",
        ["cashSale 100-2-R 2026-04-20 Ada: CLR 44.00, REV -40.00, TAX -4.00"],
        THIRDS,
    ),
    "a part of a lone payment": Case(
        of_payment(3300),
        {},
        ["customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on customerPayment PYMT101"],
        [f"{PAID_IN}; 77.00 unapplied"],
        {"CLR": "77.00", "AR": "-77.00"},
        "-77.00",
        ["customerPayment 100-R 2026-04-20 Ada: CLR 33.00, AR -33.00; 33.00 unapplied"],
        {"CLR": "110.00", "AR": "-110.00"},
        "-110.00",
    ),
    "a lone payment in two parts": Case(
        of_payment(3300, 7700),
        {},
        [
            "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on customerPayment PYMT101",
            "customerRefund 100-1 2026-03-06 Ada: CLR -77.00, AR 77.00; on customerPayment PYMT101",
        ],
        [PAID_IN],
        {},
        "0.00",
        ["customerPayment 100-1-R 2026-04-20 Ada: CLR 77.00, AR -77.00; 77.00 unapplied"],
        {"CLR": "77.00", "AR": "-77.00"},
        "-77.00",
    ),
    "a part of a deposit": Case(
        of_deposit(3300),
        {},
        ["customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on depositApplication DA101"],
        [
            "customerDeposit CD101 2026-03-02 Ada: CLR 110.00, DEP -110.00; 77.00 unapplied",
            "depositApplication DA101 2026-03-05 Ada: AR -33.00, DEP 33.00",
        ],
        {"CLR": "77.00", "DEP": "-77.00"},
        "0.00",
        ["customerPayment 100-R 2026-04-20 Ada: CLR 33.00, AR -33.00; 33.00 unapplied"],
        {"CLR": "110.00", "DEP": "-77.00", "AR": "-33.00"},
        "-33.00",
    ),
    "a credit memo in the place of a void by a script": Case(
        of_unpaid(11000),
        {"connection": {"void_restlet_url": None}},
        ["creditMemo 100 2026-03-02 Ada: AR -110.00, REV 100.00, TAX 10.00; on invoice 100"],
        [INVOICE],
        {},
        "0.00",
        mirrored("100", "100.00", "10.00", "110.00"),
    ),
    "a credit memo in the place of a void in another month": Case(
        of_unpaid(11000, day="2026-02-20"),
        {},
        ["creditMemo 100 2026-03-05 Ada: AR -110.00, REV 100.00, TAX 10.00; on invoice 100"],
        ["invoice 100 2026-02-20 Ada: AR 110.00, REV -100.00, TAX -10.00"],
        {},
        "0.00",
        mirrored("100", "100.00", "10.00", "110.00"),
    ),
    "a credit memo alone on a paid invoice": Case(
        of_paid(3300),
        STORE_CREDIT,
        [f"{MEMOS[0]}; 33.00 unapplied"],
        [INVOICE, PAID],
        {"REV": "-70.00", "CLR": "110.00", "AR": "-33.00", "TAX": "-7.00"},
        "-33.00",
        ["invoice 100-R 2026-04-20 Ada: AR 33.00, REV -30.00, TAX -3.00"],
        taken_up=[f"{MEMOS[0]}; on invoice 100-R"],
    ),
    "a credit memo alone on an open invoice": Case(
        of_unpaid(3300),
        STORE_CREDIT,
        [f"{MEMOS[0]}; on invoice 100"],
        [f"{INVOICE}; 77.00 open"],
        {"REV": "-70.00", "AR": "77.00", "TAX": "-7.00"},
        "77.00",
        ["invoice 100-R 2026-04-20 Ada: AR 33.00, REV -30.00, TAX -3.00; 33.00 open"],
        {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"},
        "110.00",
    ),
    "credit memos alone that take an open invoice to zero": Case(
        of_unpaid(3300, 7700),
        STORE_CREDIT,
        [
            f"{MEMOS[0]}; on invoice 100",
            "creditMemo 100-1 2026-03-06 Ada: AR -77.00, REV 70.00, TAX 7.00; on invoice 100",
        ],
        [INVOICE],
        {},
        "0.00",
        ["invoice 100-1-R 2026-04-20 Ada: AR 77.00, REV -70.00, TAX -7.00; 77.00 open"],
        {"REV": "-70.00", "AR": "77.00", "TAX": "-7.00"},
        "77.00",
    ),
    "a reopened invoice": Case(
        of_paid(11000),
        REOPEN,
        ["customerRefund 100 2026-03-05 Ada: CLR -110.00, AR 110.00; on customerPayment PYMT101"],
        [f"{INVOICE}; 110.00 open", PAID_IN],
        {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"},
        "110.00",
        ["customerPayment 100-R 2026-04-20 Ada: CLR 110.00, AR -110.00; on invoice 100"],
        freed=[INVOICE, PAID_IN],
    ),
    "an invoice reopened in two parts": Case(
        of_paid(3300, 4400),
        REOPEN,
        [
            "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on customerPayment PYMT101",
            "customerRefund 100-1 2026-03-06 Ada: CLR -44.00, AR 44.00; on customerPayment PYMT101",
        ],
        [f"{INVOICE}; 77.00 open", f"{PAID_IN}; on invoice 100 by 33.00"],
        {"REV": "-100.00", "CLR": "33.00", "AR": "77.00", "TAX": "-10.00"},
        "77.00",
        ["customerPayment 100-1-R 2026-04-20 Ada: CLR 44.00, AR -44.00; on invoice 100"],
        {"REV": "-100.00", "CLR": "77.00", "AR": "33.00", "TAX": "-10.00"},
        "33.00",
        [f"{INVOICE}; 33.00 open", f"{PAID_IN}; on invoice 100 by 33.00"],
    ),
}
