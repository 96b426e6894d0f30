"""The lines of a sale in Xero: net and tax of each, its account, item and tracking, and what it is worth in the books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from vendors.xero.wire import Json
from xero_canned import OLD_ID, SALES_ID, Canned
from xero_canned import mapping as canned_mapping
from xero_hands import line
from xero_reading import FULL_TAX, Reading, reading

from connector.ledgers.xero_sale_lines import read_lines
from connector.planning.mapping_model import AccountMap
from connector.planning.model import SaleLine


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def amounts(lines: tuple[SaleLine, ...]) -> list[tuple[str, int, int]]:
    return [(one.line_id, one.net_minor, one.tax_minor) for one in lines]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Exclusive", [("1", 10000, 1000), ("2", 2000, 0)]),
        ("Inclusive", [("1", 9091, 909), ("2", 2000, 0)]),
        ("NoTax", [("1", 10000, 0), ("2", 2000, 0)]),
    ],
)
def test_net_and_tax_by_the_kind_of_amounts(
    books: Reading, kind: str, told: list[tuple[str, int, int]]
) -> None:
    lines = [line("100", **FULL_TAX), line("20")]
    if kind == "NoTax":
        lines = [line("100", TaxType=None), line("20", TaxType=None)]
    books.invoice(LineItems=lines, LineAmountTypes=kind)
    sale = books.the_sale()
    assert amounts(sale.lines) == told
    assert sum(net + tax for _, net, tax in told) == sale.total_minor
    assert [one.tax_account for one in sale.lines] == ["Sales Tax" if tax else None for _, _, tax in told]


def test_what_a_line_says(books: Reading) -> None:
    (region, channel) = books.organisation.documents("TrackingCategories")
    tracking = [
        {"Name": "Region", "Option": "North"},
        {"Name": "Channel", "Option": "Shop"},
    ]
    books.invoice(
        LineItems=[
            line(
                "12",
                ItemCode="MUG",
                Quantity=Decimal("2.50"),
                Description="Two mugs",
                Tracking=tracking,
                **FULL_TAX,
            ),
            line("50", ItemCode="CALL", AccountCode="260", Quantity=2, Description=None),
        ]
    )
    mug, call = books.the_sale().lines
    assert (mug.description, mug.account, mug.sku, mug.item, mug.stock) == (
        "Two mugs",
        "Sales",
        "MUG",
        "MUG",
        True,
    )
    assert (mug.quantity, mug.tax_code, mug.net_minor, mug.tax_minor) == ("2.5", "OUTPUT", 3000, 300)
    options = (region["Options"][0]["TrackingOptionID"], channel["Options"][1]["TrackingOptionID"])
    assert mug.refs == (
        ("tracking", f"{region['TrackingCategoryID']}:{options[0]}"),
        ("tracking", f"{channel['TrackingCategoryID']}:{options[1]}"),
    )
    assert (call.description, call.account, call.stock, call.refs) == (
        "Support call",
        "Other Revenue",
        False,
        (),
    )
    assert (call.quantity, call.tax_code) == ("2", "NONE")


def test_the_lines_of_a_receipt(books: Reading) -> None:
    """Bank transactions have their tax within, unless they say otherwise."""
    books.received(Reference="ch_1", LineItems=[line("110", **FULL_TAX)])
    assert amounts(books.the_sale(None).lines) == [("1", 10000, 1000)]


def test_a_discount_is_in_the_amount_of_its_line(books: Reading) -> None:
    books.invoice(LineItems=[line("100", DiscountRate=Decimal(10), **FULL_TAX)])
    assert amounts(books.the_sale().lines) == [("1", 9000, 900)]


def test_lines_of_nothing_keep_their_place(books: Reading) -> None:
    books.invoice(LineItems=[line("0", Description="Words"), line("100"), line("5")])
    assert amounts(books.the_sale().lines) == [("2", 10000, 0), ("3", 500, 0)]


# ---------------------------------------------------------------------------------------------- by canned rows


def row_of(*lines: Json, kind: str = "Exclusive", **more: Any) -> Json:
    return {"Type": "ACCREC", "LineAmountTypes": kind, "LineItems": list(lines), **more}


def item(amount: str, tax: str, **more: Any) -> Json:
    return {"LineAmount": Decimal(amount), "TaxAmount": Decimal(tax), "AccountCode": "200", **more}


def canned(row: Json, **changes: Any) -> tuple[SaleLine, ...]:
    return read_lines(row, Canned().directory(**changes), canned_mapping(**changes))


def test_a_rest_of_the_tax_is_the_largest_taxed_line_s() -> None:
    lines = (item("100", "0"), item("30", "3"), item("60", "6"))
    told = canned(row_of(*lines, TotalTax=Decimal("9.02"), Total=Decimal("199.02")))
    assert amounts(told) == [("1", 10000, 0), ("2", 3000, 300), ("3", 6000, 602)]
    # Within the amounts it lessens the net.
    told = canned(row_of(*lines, kind="Inclusive", TotalTax=Decimal("9.02"), Total=Decimal("190")))
    assert amounts(told) == [("1", 10000, 0), ("2", 2700, 300), ("3", 5398, 602)]
    # Where no line has any it is the largest line's.
    told = canned(row_of(item("30", "0"), item("60", "0"), TotalTax=Decimal("1"), Total=Decimal("91")))
    assert amounts(told) == [("1", 3000, 0), ("2", 6000, 100)]


def test_an_account_by_its_id_before_its_code() -> None:
    lines = (
        item("1", "0", AccountID=OLD_ID.upper()),
        item("1", "0", AccountID="unknown"),
        {"LineAmount": 1, "AccountID": SALES_ID},
        {"LineAmount": 1, "AccountCode": "999"},
        {"LineAmount": 1},
    )
    assert [one.account for one in canned(row_of(*lines))] == ["Old Sales", "Sales", "Sales", "999", ""]


def worth(lines: tuple[SaleLine, ...]) -> list[tuple[int, int]]:
    return [(one.home_net_minor, one.home_tax_minor) for one in lines]


def test_what_a_foreign_document_is_worth() -> None:
    lines = (item("33.33", "0"), item("33.33", "0"), item("33.34", "0"))
    foreign = row_of(*lines, CurrencyCode="EUR", CurrencyRate=Decimal("0.6"), Total=Decimal("100"))
    # 100 / 0.6 is 166.67, and the parts come to it.
    assert worth(canned(foreign)) == [(5555, 0), (5555, 0), (5557, 0)]
    assert [one.net_minor for one in canned(foreign)] == [3333, 3333, 3334]
    # With lines that do not come to the total each is worth what it is.
    assert worth(canned({**foreign, "Total": Decimal(90)})) == [(5555, 0), (5555, 0), (5557, 0)]
    # Where Stripe keeps a balance in the currency, that is what counts.
    by_currency = AccountMap(by_currency={"eur": "Stripe Euro", "nzd": "Stripe Clearing"})
    assert worth(canned(foreign, clearing_accounts=by_currency)) == [(3333, 0), (3333, 0), (3334, 0)]
    assert worth(canned(row_of(*lines, CurrencyCode="NZD", CurrencyRate=1, Total=100))) == [
        (3333, 0),
        (3333, 0),
        (3334, 0),
    ]


def test_a_currency_without_decimals() -> None:
    row = row_of(item("1000", "100"), CurrencyCode="JPY", CurrencyRate=Decimal(150), TotalTax=100, Total=1100)
    assert amounts(canned(row)) == [("1", 1000, 100)]
    # 1100 / 150 of a currency with cents is 7.33.
    assert worth(canned(row)) == [(666, 67)]
