"""Every refund type in a QuickBooks company, posted and taken back: each document, the open items and the books, to the
cent. The base case is a sale of 100.00 with 10.00 of tax."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_desk import rule
from quickbooks_desk import Desk, desk, invoice, paid_invoice, pay, receipt
from vendors.quickbooks.wire import Json

REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
STORE_CREDIT: Json = {"rules": rule("credit_memo", sale="invoice")}
DAYS = ("2026-03-05", "2026-03-06", "2026-03-07")
SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
PAID_IN = "Payment - 2026-03-02 Ada: CLR 110.00, AR -110.00"
INVOICE = "Invoice 100 2026-03-02 Ada: AR 110.00, TAX -10.00, REV -100.00"


def refunds(desk: Desk, charge: str, amounts: tuple[int, ...]) -> None:
    for name, amount, day in zip("abc", amounts, DAYS, strict=False):
        desk.shop.refund(name, charge, amount, day)


def of_paid(*amounts: int, method: str = "card") -> Callable[[Desk], None]:
    return lambda desk: refunds(desk, paid_invoice(desk, method), amounts)


def of_unpaid(*amounts: int, day: str = "2026-03-02") -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        invoice(desk, day=day)
        refunds(desk, desk.shop.charge("100", 11000, 1000, "2026-03-02", 0), amounts)

    return make


def of_receipt(*amounts: int) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        receipt(desk)
        refunds(desk, desk.shop.charge("100", 11000, 1000, "2026-03-02", 0), amounts)

    return make


def of_deposit(*amounts: int) -> Callable[[Desk], None]:
    def make(desk: Desk) -> None:
        pay(desk, None)
        refunds(desk, desk.shop.charge("100", 11000, 1000, "2026-03-02", 0), amounts)

    return make


class Case(NamedTuple):
    """`by_hand` is what became of the sale; `back` what is written when the last refund fails, `sold` what then stands in
    the books where that is not the whole sale."""

    make: Callable[[Desk], None]
    settings: Json
    written: list[str]
    by_hand: list[str]
    totals: dict[str, str]
    owed: str
    back: list[str]
    sold: dict[str, str] = SOLD
    owed_after: str = "0"


CASES = {
    "a card refund of an invoice": Case(
        of_paid(11000),
        {},
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -110.00, TAX 10.00, REV 100.00",
            "Purchase 100-1 2026-03-05 Ada: AR 110.00, CLR -110.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
        ],
        [INVOICE, PAID_IN],
        {},
        "0",
        [
            "Payment 100-1-R 2026-04-20 Ada: CLR 110.00, AR -110.00",
            "Invoice 100-1-R 2026-04-20 Ada: AR 110.00, TAX -10.00, REV -100.00",
        ],
    ),
    "three card refunds of an invoice": Case(
        of_paid(3300, 3300, 4400),
        {},
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "CreditMemo 100-2 2026-03-06 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "CreditMemo 100-3 2026-03-07 Ada: AR -44.00, TAX 4.00, REV 40.00",
            "Purchase 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Purchase 100-2 2026-03-06 Ada: AR 33.00, CLR -33.00",
            "Purchase 100-3 2026-03-07 Ada: AR 44.00, CLR -44.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
            "Payment 100-2 2026-03-06 Ada: nothing",
            "Payment 100-3 2026-03-07 Ada: nothing",
        ],
        [INVOICE, PAID_IN],
        {},
        "0",
        [
            "Payment 100-3-R 2026-04-20 Ada: CLR 44.00, AR -44.00",
            "Invoice 100-3-R 2026-04-20 Ada: AR 44.00, TAX -4.00, REV -40.00",
        ],
        {"REV": "-40.00", "CLR": "44.00", "TAX": "-4.00"},
    ),
    "a bank refund of an invoice": Case(
        of_paid(3300, method="us_bank_account"),
        {},
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "Purchase 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
        ],
        [INVOICE, PAID_IN],
        {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"},
        "0",
        [
            "Payment 100-1-R 2026-04-20 Ada: CLR 33.00, AR -33.00",
            "Invoice 100-1-R 2026-04-20 Ada: AR 33.00, TAX -3.00, REV -30.00",
        ],
    ),
    "sales receipt": Case(
        of_receipt(3300, 3300, 4400),
        {},
        [
            "RefundReceipt 100-1 2026-03-05 Ada: CLR -33.00, TAX 3.00, REV 30.00",
            "RefundReceipt 100-2 2026-03-06 Ada: CLR -33.00, TAX 3.00, REV 30.00",
            "RefundReceipt 100-3 2026-03-07 Ada: CLR -44.00, TAX 4.00, REV 40.00",
        ],
        ["SalesReceipt 100 2026-03-02 Ada: CLR 110.00, TAX -10.00, REV -100.00"],
        {},
        "0",
        ["SalesReceipt 100-3-R 2026-04-20 Ada: CLR 44.00, TAX -4.00, REV -40.00"],
        {"REV": "-40.00", "CLR": "44.00", "TAX": "-4.00"},
    ),
    "an invoice without credit memos": Case(
        of_paid(11000),
        {"refund_types": {"credit_memo": False}},
        ["RefundReceipt 100-1 2026-03-05 Ada: CLR -110.00, TAX 10.00, REV 100.00"],
        [INVOICE, PAID_IN],
        {},
        "0",
        ["SalesReceipt 100-1-R 2026-04-20 Ada: CLR 110.00, TAX -10.00, REV -100.00"],
    ),
    "a part of a deposit": Case(
        of_deposit(3300),
        {},
        ["Purchase 100 2026-03-05 Ada: AR 33.00, CLR -33.00"],
        [f"{PAID_IN}; UnappliedAmt 77.00 left"],
        {"CLR": "77.00", "AR": "-77.00"},
        "-77.00",
        ["Payment 100-R 2026-04-20 Ada: CLR 33.00, AR -33.00; UnappliedAmt 33.00 left"],
        {"CLR": "110.00", "AR": "-110.00"},
        "-110.00",
    ),
    "a deposit in two parts": Case(
        of_deposit(3300, 7700),
        {},
        [
            "Purchase 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Purchase 100-1 2026-03-06 Ada: AR 77.00, CLR -77.00",
        ],
        [PAID_IN],
        {},
        "0",
        ["Payment 100-1-R 2026-04-20 Ada: CLR 77.00, AR -77.00; UnappliedAmt 77.00 left"],
        {"CLR": "77.00", "AR": "-77.00"},
        "-77.00",
    ),
    "a memo in the place of a void in another month": Case(
        of_unpaid(11000, day="2026-02-20"),
        {},
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -110.00, TAX 10.00, REV 100.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
        ],
        ["Invoice 100 2026-02-20 Ada: AR 110.00, TAX -10.00, REV -100.00"],
        {},
        "0",
        [
            "Invoice 100-1-R 2026-04-20 Ada: AR 110.00, TAX -10.00, REV -100.00",
            "Payment 100-1-R 2026-04-20 Ada: CLR 110.00, AR -110.00",
        ],
    ),
    "a memo alone on a paid invoice": Case(
        of_paid(3300),
        STORE_CREDIT,
        ["CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00; Balance 33.00 left"],
        [INVOICE, PAID_IN],
        {"REV": "-70.00", "CLR": "110.00", "AR": "-33.00", "TAX": "-7.00"},
        "-33.00",
        [
            "Invoice 100-1-R 2026-04-20 Ada: AR 33.00, TAX -3.00, REV -30.00",
            "Payment 100-1-R 2026-04-20 Ada: nothing",
        ],
    ),
    "a memo alone on an open invoice": Case(
        of_unpaid(3300),
        STORE_CREDIT,
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
        ],
        [f"{INVOICE}; Balance 77.00 left"],
        {"REV": "-70.00", "AR": "77.00", "TAX": "-7.00"},
        "77.00",
        ["Invoice 100-1-R 2026-04-20 Ada: AR 33.00, TAX -3.00, REV -30.00; Balance 33.00 left"],
        {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"},
        "110.00",
    ),
    "memos alone that take an open invoice to zero": Case(
        of_unpaid(3300, 7700),
        STORE_CREDIT,
        [
            "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00",
            "CreditMemo 100-2 2026-03-06 Ada: AR -77.00, TAX 7.00, REV 70.00",
            "Payment 100-1 2026-03-05 Ada: nothing",
            "Payment 100-2 2026-03-06 Ada: nothing",
        ],
        [INVOICE],
        {},
        "0",
        ["Invoice 100-2-R 2026-04-20 Ada: AR 77.00, TAX -7.00, REV -70.00; Balance 77.00 left"],
        {"REV": "-70.00", "AR": "77.00", "TAX": "-7.00"},
        "77.00",
    ),
    "a reopened invoice": Case(
        of_paid(11000),
        REOPEN,
        ["Purchase 100 2026-03-05 Ada: AR 110.00, CLR -110.00"],
        [f"{INVOICE}; Balance 110.00 left", PAID_IN],
        {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"},
        "110.00",
        ["Payment 100-R 2026-04-20 Ada: CLR 110.00, AR -110.00"],
    ),
    "an invoice reopened in two parts": Case(
        of_paid(3300, 4400),
        REOPEN,
        [
            "Purchase 100 2026-03-05 Ada: AR 33.00, CLR -33.00",
            "Purchase 100-1 2026-03-06 Ada: AR 44.00, CLR -44.00",
        ],
        [f"{INVOICE}; Balance 77.00 left", PAID_IN],
        {"REV": "-100.00", "CLR": "33.00", "AR": "77.00", "TAX": "-10.00"},
        "77.00",
        ["Payment 100-1-R 2026-04-20 Ada: CLR 44.00, AR -44.00"],
        {"REV": "-100.00", "CLR": "77.00", "AR": "33.00", "TAX": "-10.00"},
        "33.00",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_type_is_posted_and_taken_back(tmp_path: Path, case: Case) -> None:
    with desk(tmp_path / "books", **case.settings) as one:
        case.make(one)
        one.sync()
        assert one.written() == case.written
        assert one.by_hand() == case.by_hand
        assert (one.totals(), one.open()) == (case.totals, case.owed)
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        one.settle_down()
        one.shop.fail(max(one.outcomes()), "2026-04-20")
        one.wait(24)
        one.sync()
        assert one.written()[len(case.written) :] == case.back
        assert (one.totals(), one.open()) == (case.sold, case.owed_after)
        assert one.outcomes()[max(one.outcomes())].startswith("reversed")
        one.settle_down()
