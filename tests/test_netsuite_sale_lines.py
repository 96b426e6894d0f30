"""The lines of a sale in NetSuite: net and taxes of each, its account, item and segments, and what it is worth in the books."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import SALES, TAX
from netsuite_reading import WAYS, Reading, id_of, reading
from vendors.netsuite import Moods, chart
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

from connector.ledgers.netsuite_record_rows import read_lines as lines_of_record
from connector.ledgers.netsuite_records import Detail, Line, TaxDetail
from connector.ledgers.netsuite_sale_lines import read_lines
from connector.planning.mapping_model import AccountMap
from connector.planning.model import SaleLine


@pytest.fixture(params=WAYS)
def books(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param) as opened:
        yield opened


def parts(lines: tuple[SaleLine, ...]) -> list[tuple[int, int]]:
    return [(line.net_minor, line.tax_minor) for line in lines]


def sold(books: Reading, *lines: Json, record: str = "invoice", **more: Any) -> tuple[SaleLine, ...]:
    """The lines that a form is read as; with their taxes they come to its total."""
    body: Json = {
        "entity": books.ref("customer", "Ada"),
        "item": {"items": list(lines)},
        "tranId": "100",
        **more,
    }
    if record == "cashSale":
        body["account"] = books.ref("account", "Stripe Clearing")
    books.create(record, body)
    books.open()
    sale = books.the_sale()
    assert sum(line.net_minor + line.tax_minor for line in sale.lines) == sale.total_minor
    assert all(line.tax_account == (TAX if line.tax_minor else None) for line in sale.lines)
    return sale.lines


def taxed(books: Reading, *taxes: tuple[str, str, str]) -> Json:
    """Taxes by hand: reference of the line, percent, amount."""
    code = books.account.named("salesTaxItem", "Sales Tax")
    rows = [
        {
            "taxDetailsReference": reference,
            "taxType": {"id": code["taxType"]},
            "taxCode": {"id": code["id"]},
            "taxBasis": Decimal(100),
            "taxRate": Decimal(rate),
            "taxAmount": Decimal(amount),
        }
        for reference, rate, amount in taxes
    ]
    return {"taxDetailsOverride": True, "taxDetails": {"items": rows}}


# ---------------------------------------------------------------------------------------------- what a line says


@pytest.mark.parametrize("record", ["invoice", "cashSale"])
def test_what_a_line_says(books: Reading, record: str) -> None:
    retail, web = books.ref("department", "Retail"), books.ref("classification", "Web")
    told: Json = {"quantity": Decimal("2.50"), "description": "Two mugs", "department": retail, "class": web}
    mug, plain = sold(
        books, books.line("30", "Widget", **told), books.line("50", "Untaxed Service"), record=record
    )
    assert (mug.line_id, mug.description, mug.account, mug.item, mug.sku) == (
        "1",
        "Two mugs",
        SALES,
        "Widget",
        "Widget",
    )
    assert (mug.quantity, mug.stock, mug.net_minor, mug.tax_minor) == ("2.5", True, 3000, 300)
    code = books.account.named("salesTaxItem", "Sales Tax")
    tax = f"{code['taxType']}/{code['id']}/10/300"
    assert mug.refs == (("tax", tax), ("department", retail["id"]), ("class", web["id"]))
    assert mug.tax_code == code["id"]
    assert (plain.line_id, plain.description, plain.account) == ("2", "Untaxed Service", "Other Revenue")
    assert (plain.stock, plain.tax_code, plain.refs) == (False, None, ())


def test_an_item_is_shown_as_the_mapping_spells_it(books: Reading) -> None:
    books.invoice()
    books.open(sales_items={"*": "services"})
    (line,) = books.the_sale().lines
    assert (line.item, line.sku) == ("services", "Services")


def test_an_item_that_was_made_inactive_is_shown_by_its_name(books: Reading) -> None:
    books.invoice()
    books.account.put({**books.account.named("item", "Services"), "isInactive": True})
    books.open(sales_items={"*": "Untaxed Service"})
    (line,) = books.the_sale().lines
    assert (line.item, line.account) == ("Services", SALES)


# ---------------------------------------------------------------------------------------------- taxes


def test_several_taxes_of_one_line(books: Reading) -> None:
    lines = [books.line("100", taxDetailsReference="a"), books.line("50", taxDetailsReference="b")]
    taxes = taxed(books, ("a", "5", "5.00"), ("a", "8.875", "8.88"), ("b", "0", "0"))
    first, second = sold(books, *lines, **taxes)
    assert parts((first, second)) == [(10000, 1388), (5000, 0)]
    told = [text.split("/")[2:] for name, text in first.refs if name == "tax"]
    assert sorted(told) == [["5", "500"], ["8.875", "888"]]
    # What is taxed at nothing says so: a refund takes it back under the same code.
    assert [text.split("/")[2:] for _, text in second.refs] == [["0", "0"]]


def test_a_discount_is_a_line_that_takes_off(books: Reading) -> None:
    books.account.put(chart.item_row(books.account, "discountItem", "Rebate", "Refunds", True))
    whole, rebate = sold(books, books.line("100"), books.line("-15", "Rebate"))
    assert parts((whole, rebate)) == [(10000, 1000), (-1500, -150)]
    assert (rebate.item, rebate.account) == ("Rebate", "Refunds")
    names = dict(rebate.refs)
    assert "discount" in names and names["tax"].endswith("/10/-150")
    assert "discount" not in dict(whole.refs)


@pytest.mark.parametrize("way", WAYS)
def test_without_tax(way: str) -> None:
    with reading(way, Moods(tax="none")) as books:
        assert parts(sold(books, books.line("60"), books.line("40"))) == [(6000, 0), (4000, 0)]


def test_tax_that_no_line_tells_is_shared_over_what_was_sold() -> None:
    with reading() as books:
        (head,) = books.run(books.reader.by_id([id_of(books.invoice())])).values()
        head = replace(head, total_minor=10001)
        line = Line("1", -3000, None, "201")
        lines = (line, Line("2", -6000, None, "201"), Line("3", 300, None, "201"))
        read = read_lines(head, Detail(lines), books.directory, books.mapping)
        assert parts(read) == [(3000, 434), (6000, 867), (-300, 0)]
        # Where some of it is told the rest goes with it.
        code = TaxDetail("41", "51", Decimal(10), 3000, 300)
        told = (replace(line, taxes=(code,)), Line("2", -6500, None, "201"))
        assert parts(read_lines(head, Detail(told), books.directory, books.mapping)) == [
            (3000, 501),
            (6500, 0),
        ]


def test_what_stands_beside_the_lines_is_of_no_item_that_can_be_used() -> None:
    """What was sent goes back on the default item of refunds."""
    with reading() as books:
        row = chart.item_row(books.account, "serviceSaleItem", "Parcel", "Other Revenue", False)
        sent = books.account.put(row)
        (head,) = books.run(
            books.reader.by_id([id_of(books.invoice(seed.line(books.account, "7", "Parcel")))])
        ).values()
        (line,) = books.the_sale().lines
        assert line.item == "Parcel"
        books.directory.items.by_id[sent["id"]] = {
            **books.directory.items.by_id[sent["id"]],
            "Type": "ShipItem",
        }
        (line,) = read_lines(
            head, Detail((Line("1", -700, None, sent["id"]),)), books.directory, books.mapping
        )
        assert (line.item, line.sku, line.account, line.net_minor) == (None, None, "Other Revenue", 700)


# ---------------------------------------------------------------------------------------------- record by record


def record(*lines: Json, **more: Any) -> Json:
    return {"id": "1", "total": Decimal(110), "item": {"items": list(lines)}, **more}


def item(amount: str, **more: Any) -> Json:
    return {"item": {"id": "201"}, "amount": Decimal(amount), **more}


def nets(row: Json, kind: str = "invoice") -> list[tuple[str, int]]:
    return [(line.line_id, line.net_minor) for line in lines_of_record(kind, row, "usd")]


def test_lines_that_only_tell_are_left_out() -> None:
    told = [
        item("60", line=1),
        item("60", line=2, itemType={"id": "Subtotal", "refName": "Subtotal"}),
        item("0", line=3, itemType="Description"),
        item("50", line=4, itemType="End Group"),
        item("50", line=5, itemType={"id": "Service"}),
    ]
    assert nets(record(*told)) == [("1", -6000), ("5", -5000)]
    assert nets(record(*told), "creditMemo") == [("1", 6000), ("5", 5000)]


def test_what_a_form_has_beside_its_lines() -> None:
    row = record(item("100"), discountTotal=Decimal(-10), discountItem={"id": "9"}, shippingCost=Decimal(15))
    lines = lines_of_record("invoice", {**row, "shipMethod": {"id": "8"}, "handlingCost": Decimal(5)}, "usd")
    assert [(line.line_id, line.net_minor, line.item) for line in lines] == [
        ("1", -10000, "201"),
        ("discount", 1000, "9"),
        ("shipping", -1500, "8"),
        ("handling", -500, "8"),
    ]
    # What is within the lines already is not counted twice, and what nothing tells is a line of its own.
    assert nets(record(item("110"), discountTotal=Decimal(-10))) == [("1", -11000)]
    assert nets(record(item("100"))) == [("1", -10000), ("rest", -1000)]


def test_taxes_go_by_their_reference_and_those_of_no_line_with_the_last() -> None:
    def tax(reference: str, amount: str) -> Json:
        told = {
            "taxType": {"id": "41"},
            "taxCode": {"id": "51"},
            "taxRate": Decimal(10),
            "taxBasis": Decimal(50),
        }
        return {"taxDetailsReference": reference, "taxAmount": Decimal(amount), **told}

    rows = {"items": [tax("b", "2"), tax("a", "3"), tax("c", "5")]}
    lines = [item("60", taxDetailsReference="a"), item("40", taxDetailsReference="b")]
    read = lines_of_record("invoice", record(*lines, taxDetails=rows, taxTotal=Decimal(10)), "usd")
    assert [[tax.tax_minor for tax in line.taxes] for line in read] == [[300], [200, 500]]
    assert [line.net_minor for line in read] == [-6000, -4000]


# ---------------------------------------------------------------------------------------------- what it is worth


@pytest.mark.parametrize("way", WAYS)
def test_what_lines_are_worth_in_the_books(way: str) -> None:
    with reading(way, currencies=("EUR",)) as books:
        books.invoice("30", "30", "40", currency="EUR", rate="1.1111")
        lines = books.the_sale().lines
        # 110.00 EUR are 122.22 USD.
        assert sum(line.home_net_minor + line.home_tax_minor for line in lines) == 12222
        assert [line.home_net_minor for line in lines] == [3333, 3333, 4445]
        # Where Stripe keeps a balance in the currency it counts as it is.
        books.open(clearing_accounts=AccountMap(by_currency={"eur": "Stripe Clearing"}))
        assert [line.home_net_minor for line in books.the_sale().lines] == [3000, 3000, 4000]
