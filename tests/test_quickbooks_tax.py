"""Sales tax in the four kinds of QuickBooks company: none, US by code, US automated, and by line elsewhere.

Refunds of 30, 30 and 40 percent take each line and its tax back; together they leave nothing.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ledger_desk import sell
from quickbooks_desk import ADA, WIDGET, Desk, desk, mapped, pay
from quickbooks_hands import item_line
from vendors.quickbooks import Moods
from vendors.quickbooks.chart import add_tax_code
from vendors.quickbooks.wire import Json

VAT = mapped(accounts={"tax": "VAT Control"})
BY_LINE: Json = {"sales_tax": "by_line", "country": "GB"}
SERVICES = "1"
STANDARD, ZERO = "2", "3"
DAYS = ("2026-03-05", "2026-03-06", "2026-03-07")


def line(amount: str, code: str | None, item: str = WIDGET, **more: Any) -> Json:
    coded = {} if code is None else {"TaxCodeRef": {"value": code}}
    return item_line(amount, item, **coded, **more)


def discount(amount: str) -> Json:
    return {"Amount": Decimal(amount), "DetailType": "DiscountLineDetail", "DiscountLineDetail": {}}


def refund_in_three(desk: Desk, charge: str, total: int) -> None:
    third = total * 3 // 10
    for name, amount, day in zip("abc", (third, third, total - 2 * third), DAYS, strict=True):
        desk.shop.refund(name, charge, amount, day)


class Case(NamedTuple):
    """`memos` are what the credit memos move."""

    company: Json
    lines: list[Json]
    more: Json
    memos: list[str]
    mapping: Json | None = None


CASES = {
    "none": Case(
        {"sales_tax": "off"},
        [line("70.00", None), line("40.00", None, SERVICES)],
        {},
        [
            "AR -33.00, REV 21.00, Services 12.00",
            "AR -33.00, REV 21.00, Services 12.00",
            "AR -44.00, REV 28.00, Services 16.00",
        ],
    ),
    "a code of the form": Case(
        {},
        [line("70.00", "TAX"), line("30.00", "NON", SERVICES)],
        {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": STANDARD}}},
        [
            "AR -31.68, TAX 1.68, REV 21.00, Services 9.00",
            "AR -31.68, TAX 1.68, REV 21.00, Services 9.00",
            "AR -42.24, TAX 2.24, REV 28.00, Services 12.00",
        ],
    ),
    "a discount": Case(
        {},
        [line("100.00", "TAX"), line("20.00", "TAX", SERVICES), discount("20.00")],
        {"TxnTaxDetail": {"TotalTax": Decimal("9.60")}},
        [
            "AR -32.88, TAX 2.88, Discounts given -6.00, REV 30.00, Services 6.00",
            "AR -32.88, TAX 2.88, Discounts given -6.00, REV 30.00, Services 6.00",
            "AR -43.84, TAX 3.84, Discounts given -8.00, REV 40.00, Services 8.00",
        ],
    ),
    "automated": Case(
        {"sales_tax": "automated"},
        [line("100.00", "TAX"), line("25.00", "NON", SERVICES)],
        {},
        [
            "AR -39.90, TAX 2.40, REV 30.00, Services 7.50",
            "AR -39.90, TAX 2.40, REV 30.00, Services 7.50",
            "AR -53.20, TAX 3.20, REV 40.00, Services 10.00",
        ],
    ),
    "automated, at a rate of the day of the sale": Case(
        {"sales_tax": "automated"},
        [line("100.00", "TAX")],
        {"TxnTaxDetail": {"TotalTax": Decimal("7.25")}},
        [
            "AR -32.17, TAX 2.17, REV 30.00",
            "AR -32.17, TAX 2.18, REV 29.99",
            "AR -42.91, TAX 2.90, REV 40.01",
        ],
    ),
    "by line, without tax in the amounts": Case(
        BY_LINE,
        [line("99.99", STANDARD), line("33.33", ZERO, SERVICES)],
        {"GlobalTaxCalculation": "TaxExcluded"},
        [
            "AR -45.99, VAT 6.00, REV 29.99, Services 10.00",
            "AR -45.99, VAT 6.00, REV 29.99, Services 10.00",
            "AR -61.34, VAT 8.00, REV 40.01, Services 13.33",
        ],
        VAT,
    ),
    "by line, amounts net, tax within": Case(
        BY_LINE,
        [
            line("100.00", STANDARD, TaxInclusiveAmt=Decimal("120.00")),
            line("30.00", ZERO, SERVICES, TaxInclusiveAmt=Decimal("30.00")),
        ],
        {"GlobalTaxCalculation": "TaxInclusive"},
        [
            "AR -45.00, VAT 6.00, REV 30.00, Services 9.00",
            "AR -45.00, VAT 6.00, REV 30.00, Services 9.00",
            "AR -60.00, VAT 8.00, REV 40.00, Services 12.00",
        ],
        VAT,
    ),
    "by line, amounts gross": Case(
        {**BY_LINE, "moods": Moods(inclusive_amount="gross")},
        [line("120.00", STANDARD), line("30.00", ZERO, SERVICES)],
        {"GlobalTaxCalculation": "TaxInclusive"},
        [
            "AR -45.00, VAT 6.00, REV 30.00, Services 9.00",
            "AR -45.00, VAT 6.00, REV 30.00, Services 9.00",
            "AR -60.00, VAT 8.00, REV 40.00, Services 12.00",
        ],
        VAT,
    ),
}


def found_sale(desk: Desk, lines: list[Json], more: Json) -> int:
    """An invoice by hand, paid and refunded; returns its total in cents."""
    if desk.company.sales_tax == "by_line":
        assert add_tax_code(desk.company, "Zero", Decimal(0)) == ZERO
    body = {"CustomerRef": {"value": ADA}, "DocNumber": "100", "TxnDate": "2026-03-02", "Line": lines, **more}
    sold = desk.hands.write("Invoice", body)
    pay(desk, sold, str(sold["TotalAmt"]))
    total = int(sold["TotalAmt"] * 100)
    when = "2026-03-02T15:00:00"
    desk.shop.export.charge("100", total, when=when, metadata={"order_number": "100"})
    refund_in_three(desk, "ch_100", total)
    return total


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_tax_of_a_sale_that_is_found(tmp_path: Path, case: Case) -> None:
    with desk(tmp_path / "books", company=case.company, mapping=case.mapping) as one:
        found_sale(one, case.lines, case.more)
        one.sync()
        memos = [text.partition(" Ada: ")[2] for text in one.written() if text.startswith("CreditMemo")]
        assert memos == case.memos
        assert (one.totals(), one.open()) == ({}, "0")
        one.settle_down()
        one.shop.fail("re_c", "2026-04-20")
        one.wait(24)
        one.sync()
        last = dict(pair.split(" ", 1) for pair in case.memos[2].replace("Discounts given", "D").split(", "))
        left = {name.replace("D", "Discounts given", name == "D"): part for name, part in last.items()}
        assert one.totals() == {name: str(-Decimal(part)) for name, part in left.items() if name != "AR"} | {
            "CLR": str(-Decimal(left["AR"]))
        }
        assert one.open() == "0"
        one.settle_down()


def test_the_company_splits_a_line_into_net_and_tax_by_itself(tmp_path: Path) -> None:
    """Each form comes to the cent that was refunded; how a cent falls between net and tax is the company's own."""
    company = {**BY_LINE, "moods": Moods(inclusive_amount="gross")}
    with desk(tmp_path / "books", company=company, mapping=VAT) as one:
        found_sale(
            one,
            [line("99.99", STANDARD), line("33.33", STANDARD, SERVICES)],
            {"GlobalTaxCalculation": "TaxInclusive"},
        )
        one.sync(plan=False)
        assert sorted(row["TotalAmt"] for row in one.company.documents("CreditMemo")) == [
            Decimal("39.99"),
            Decimal("39.99"),
            Decimal("53.34"),
        ]
        assert one.open() == "0"
        assert one.company.balance_of("Stripe Clearing") == 0
        assert abs(one.company.balance_of("VAT Control")) <= Decimal("0.01")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- posted sales

ONE_LINE = [{"sku": "A", "amount": "120.00", "tax": "20.00"}]
TWO_LINES = [{"sku": "A", "amount": "60.00", "tax": "10.00"}, {"sku": "B", "amount": "60.00"}]
# Company, mapping, lines; what the sale and its refunds move.
POSTED: dict[str, tuple[Json, Json | None, list[Json], str, str]] = {
    "none": ({"sales_tax": "off"}, None, [{"amount": "120.00"}], "Services -120.00", "Services 36.00"),
    "by code": ({}, None, ONE_LINE, "TAX -20.00, Services -100.00", "TAX 6.00, Services 30.00"),
    "by a code that is mapped": (
        {},
        mapped(taxes={"default": "Standard"}),
        ONE_LINE,
        "TAX -20.00, Services -100.00",
        "TAX 6.00, Services 30.00",
    ),
    "a line without tax": ({}, None, TWO_LINES, "TAX -10.00, Services -110.00", "TAX 3.00, Services 33.00"),
    "automated": (
        {"sales_tax": "automated"},
        None,
        ONE_LINE,
        "TAX -20.00, Services -100.00",
        "TAX 6.00, Services 30.00",
    ),
    "by line": (
        BY_LINE,
        {**VAT, "taxes": {"default": "Standard"}},
        ONE_LINE,
        "VAT -20.00, Services -100.00",
        "VAT 6.00, Services 30.00",
    ),
    "by line, amounts gross": (
        {**BY_LINE, "moods": Moods(inclusive_amount="gross")},
        {**VAT, "taxes": {"default": "Standard"}},
        ONE_LINE,
        "VAT -20.00, Services -100.00",
        "VAT 6.00, Services 30.00",
    ),
}


def sold_lines(lines: list[Json]) -> Json:
    return {"metadata": {"order_number": "100", "sale_lines": json.dumps(lines)}}


@pytest.mark.parametrize("case", POSTED.values(), ids=list(POSTED))
def test_tax_of_a_sale_that_is_posted(
    tmp_path: Path, case: tuple[Json, Json | None, list[Json], str, str]
) -> None:
    company, mapping, lines, sold, taken = case
    with desk(tmp_path / "books", company=company, mapping=mapping, sales="sales_receipt") as one:
        sell(one, amount=12000, **sold_lines(lines))
        one.sync()
        assert one.written() == [f"SalesReceipt 100 2026-03-02 Bo: CLR 120.00, {sold}"]
        refund_in_three(one, "ch_100", 12000)
        one.sync()
        first = f"RefundReceipt 100-1 2026-03-05 Bo: CLR -36.00, {taken}"
        assert one.written()[1] == first
        assert one.totals() == {}
        one.settle_down()


@pytest.mark.parametrize(
    "company", [{"sales_tax": "off"}, BY_LINE], ids=["sales tax is off", "no code is mapped"]
)
def test_tax_that_the_company_cannot_take_is_held(tmp_path: Path, company: Json) -> None:
    with desk(tmp_path / "books", company=company, mapping=VAT, sales="sales_receipt") as one:
        sell(one, amount=12000, **sold_lines(ONE_LINE))
        refund_in_three(one, "ch_100", 12000)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held account_not_mapped"}
        assert one.written() == []


# ---------------------------------------------------------------------------------------------- tax worked out anew


@pytest.mark.parametrize("sales", ["invoice", "receipt"])
def test_tax_that_the_company_works_out_anew_is_taken_out_again(tmp_path: Path, sales: str) -> None:
    """Held with both figures, nothing paid out; once the cause is gone a person has it tried again."""
    company = {"sales_tax": "automated", "moods": Moods(tax_override_on_refunds=False)}
    rules = None if sales == "invoice" else [{"name": "all", "when": {}, "then": "refund_receipt"}]
    with desk(tmp_path / "books", company=company, rules=rules) as one:
        total = found_sale(one, [line("100.00", "TAX")], {"TxnTaxDetail": {"TotalTax": Decimal("7.25")}})
        assert total == 10725
        before = one.everything()
        one.sync(3, plan=False)
        assert set(one.outcomes().values()) == {"held total_differs"}
        assert one.everything() == before
        first = next(each for each in one.held() if each["reason"] == "total_differs")
        assert "32.40 USD" in first["sentence"] and "32.17 USD" in first["sentence"]
        assert "taken out" in first["sentence"]
        one.sync(3, plan=False)
        assert one.everything() == before
        one.company.moods.tax_override_on_refunds = True
        one.wait(1)
        for each in one.held():
            if each["reason"] == "total_differs":
                one.resolve(each["document_key"], "--retry")
        one.sync(plan=False)
        assert (one.totals(), one.open()) == ({}, "0")
        one.settle_down()
