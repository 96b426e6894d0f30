"""Tax in a Xero organisation: each line has the sale's own tax type and a tax amount of ours, to the cent.

Refunds of 30, 30 and 40 percent take each line and its tax back; together they leave nothing.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ledger_desk import sell
from vendors.xero import bank, sales_forms
from vendors.xero.lines import totals
from vendors.xero.wire import Json
from xero_desk import Desk, desk, mapped
from xero_hands import line
from xero_sold import invoice, pay, receive

DAYS = ("2026-03-05", "2026-03-06", "2026-03-07")
VAT = mapped(accounts={"tax": "VAT"})


def refund_in_three(desk: Desk, charge: str, total: int) -> None:
    third = total * 3 // 10
    for name, amount, day in zip("abc", (third, third, total - 2 * third), DAYS, strict=True):
        desk.shop.refund(name, charge, amount, day)


class Case(NamedTuple):
    """`notes` are what the credit notes move."""

    amounts: str
    lines: list[Json]
    notes: list[str]
    organisation: Json | None = None
    mapping: Json | None = None


CASES = {
    "none": Case(
        "NoTax",
        [line("70.00"), line("40.00", AccountCode="260")],
        [
            "REV 21.00, Other Revenue 12.00, AR -33.00",
            "REV 21.00, Other Revenue 12.00, AR -33.00",
            "REV 28.00, Other Revenue 16.00, AR -44.00",
        ],
    ),
    "a line with tax and one without": Case(
        "Exclusive",
        [line("70.00", TaxType="OUTPUT"), line("30.00", AccountCode="260")],
        [
            "REV 21.00, Other Revenue 9.00, TAX 2.10, AR -32.10",
            "REV 21.00, Other Revenue 9.00, TAX 2.10, AR -32.10",
            "REV 28.00, Other Revenue 12.00, TAX 2.80, AR -42.80",
        ],
    ),
    "two rates, tax within the amounts": Case(
        "Inclusive",
        [line("110.00", TaxType="OUTPUT"), line("60.00", TaxType="OUTPUT2", AccountCode="260")],
        [
            "REV 30.00, Other Revenue 15.00, TAX 6.00, AR -51.00",
            "REV 30.00, Other Revenue 15.00, TAX 6.00, AR -51.00",
            "REV 40.00, Other Revenue 20.00, TAX 8.00, AR -68.00",
        ],
    ),
    "a tax that Xero would round otherwise": Case(
        "Exclusive",
        [line("100.00", TaxType="TAX001", TaxAmount=Decimal("8.26"))],
        [
            "REV 29.99, TAX 2.48, AR -32.47",
            "REV 29.99, TAX 2.48, AR -32.47",
            "REV 40.02, TAX 3.30, AR -43.32",
        ],
    ),
    "in the United Kingdom": Case(
        "Exclusive",
        [line("100.00", TaxType="OUTPUT2")],
        [
            "REV 30.00, VAT 6.00, AR -36.00",
            "REV 30.00, VAT 6.00, AR -36.00",
            "REV 40.00, VAT 8.00, AR -48.00",
        ],
        {"country": "GB"},
        VAT,
    ),
    "a discount": Case(
        "Exclusive",
        [line("120.00", TaxType="OUTPUT"), line("-20.00", TaxType="OUTPUT", Description="Discount")],
        [
            "REV 36.00, REV -6.00, TAX 3.00, AR -33.00",
            "REV 36.00, REV -6.00, TAX 3.00, AR -33.00",
            "REV 48.00, REV -8.00, TAX 4.00, AR -44.00",
        ],
    ),
}


def gathered(moved: str) -> str:
    """The same with one figure for each account."""
    parts: dict[str, Decimal] = {}
    for part in moved.split(", "):
        name, _, amount = part.rpartition(" ")
        parts[name] = parts.get(name, Decimal(0)) + Decimal(amount)
    return ", ".join(f"{name} {amount}" for name, amount in parts.items())


def sold_by_hand(desk: Desk, case: Case, **more: Any) -> int:
    """An invoice by hand, paid; returns its total in cents."""
    sold = invoice(desk.hands, lines=case.lines, LineAmountTypes=case.amounts, **more)
    pay(desk.hands, sold, str(sold["Total"]))
    total = int(sold["Total"] * 100)
    when = "2026-03-02T15:00:00"
    desk.shop.export.charge("100", total, when=when, metadata={"order_number": "100"})
    return total


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_tax_of_a_sale_that_is_found(tmp_path: Path, case: Case) -> None:
    with desk(tmp_path / "books", organisation=case.organisation, mapping=case.mapping) as one:
        refund_in_three(one, "ch_100", sold_by_hand(one, case))
        one.sync()
        notes = [text.partition(" Ada: ")[2] for text in one.written() if text.startswith("CreditNote")]
        assert notes == [gathered(each) for each in case.notes]
        assert (one.totals(), one.open()) == ({}, "0.00")
        types = {
            each["TaxType"] for kind, row in one.ours() if kind == "CreditNotes" for each in row["LineItems"]
        }
        assert types == {each["TaxType"] for each in case.lines}
        one.settle_down()
        one.shop.fail("re_c", "2026-04-20")
        one.wait(24)
        one.sync()
        last = dict(part.rsplit(" ", 1) for part in notes[2].split(", "))
        owed = last.pop("AR")
        left = {name: str(-Decimal(amount)) for name, amount in last.items()}
        assert one.totals() == {**left, "CLR": str(-Decimal(owed))}
        assert one.open() == "0.00"
        one.settle_down()


def test_a_receipt_without_tax_in_its_amounts(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receive(one.hands, lines=[line("99.99", TaxType="OUTPUT"), line("33.33", AccountCode="260")])
        total = 14332
        when = "2026-03-02T15:00:00"
        one.shop.export.charge("100", total, when=when, metadata={"order_number": "100"})
        refund_in_three(one, "ch_100", total)
        one.sync()
        assert one.totals() == {}
        assert [line.split()[1] for line in one.written()] == ["100", "100-1", "100-2"]
        one.settle_down()


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_tax_of_a_sale_that_is_posted(tmp_path: Path, sales: str) -> None:
    """The tax is Stripe's, whatever the mapped rate would make of it."""
    mapping = mapped(taxes={"default": "City Tax"})
    with desk(tmp_path / "books", sales=sales, mapping=mapping) as one:
        sell(one, amount=11000, fee=0)
        one.sync()
        refund_in_three(one, "ch_100", 11000)
        one.sync()
        assert (one.totals(), one.open("Bo")) == ({}, "0.00")
        forms = [row for kind, row in one.ours() if "LineItems" in row]
        assert {each["TaxType"] for row in forms for each in row["LineItems"]} == {"TAX001"}
        assert sorted(row["TotalTax"] for row in forms) == [3, 3, 4, 10]
        one.settle_down()


@pytest.mark.parametrize("form", ["invoice", "receipt"])
def test_a_total_that_differs_is_taken_out_again(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held with both figures, nothing paid out; once the cause is gone a person has it tried again."""
    with desk(tmp_path / "books") as one:
        if form == "invoice":
            pay(one.hands, invoice(one.hands))
        else:
            receive(one.hands)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        place = sales_forms if form == "invoice" else bank
        monkeypatch.setattr(place, "totals", a_cent_more)
        one.sync(3, plan=False)
        (held,) = [each for each in one.held() if each["reason"] == "total_differs"]
        assert "33.01 USD" in held["sentence"] and "33.00 USD" in held["sentence"]
        assert "taken out" in held["sentence"]
        assert one.totals() == {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
        before = one.everything()
        one.sync(3, plan=False)
        assert one.everything() == before
        monkeypatch.setattr(place, "totals", totals)
        one.wait(1)
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.totals() == {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
        assert one.open() == "0.00"


def a_cent_more(lines: list[Json], amounts: str) -> Json:
    """An organisation that rounds in a way of its own."""
    told = totals(lines, amounts)
    return {**told, "Total": told["Total"] + Decimal("0.01")}
