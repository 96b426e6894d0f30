"""The lines of sales in QuickBooks Online: net and tax to the cent, items, discounts, and what they are worth at home."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from quickbooks_hands import CLEARING, INCOME, RECEIVABLES, TAX, form, item_line, pay_line, payment
from quickbooks_reading import Reading, reading
from vendors.quickbooks import chart
from vendors.quickbooks.wire import Json

from connector.ledgers.quickbooks_sale_lines import read_lines
from connector.planning.mapping_model import AccountMap
from connector.planning.model import Sale, SaleLine


def rebate(amount: str, **more: Any) -> Json:
    detail = {"PercentBased": False, **more}
    return {"Amount": Decimal(amount), "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}


def sold(books: Reading, *lines: Json, kind: str = "Invoice", **more: Any) -> Sale:
    """The sale that a form of these lines is read as; its lines and taxes come to its total."""
    written = books.write(kind, {**form("1", DocNumber="100", **more), "Line": list(lines)})
    sale = books.sale()
    assert sale is not None and sale.ledger_id == written["Id"]
    came = sum(line.net_minor + line.tax_minor for line in sale.lines)
    assert came == sale.total_minor == int(written["TotalAmt"] * 100)
    assert all(line.tax_account == (TAX if line.tax_minor else None) for line in sale.lines)
    return sale


def parts(lines: tuple[SaleLine, ...]) -> list[tuple[int, int]]:
    return [(line.net_minor, line.tax_minor) for line in lines]


# ---------------------------------------------------------------------------------------------- taxes


def test_without_sales_tax() -> None:
    with reading() as books:
        assert parts(sold(books, item_line("60"), item_line("40", "2")).lines) == [(6000, 0), (4000, 0)]


@pytest.mark.parametrize("how", ["by_code", "automated"])
def test_in_the_us_the_tax_is_shared_over_what_is_taxed(how: Any) -> None:
    with reading(sales_tax=how) as books:
        tax: Json = {"TxnTaxDetail": {"TotalTax": Decimal("8.01"), "TxnTaxCodeRef": {"value": "2"}}}
        lines = (item_line("33.33"), item_line("40", "2"), item_line("66.67"))
        sale = sold(books, *lines, **tax)
        assert parts(sale.lines) == [(3333, 267), (4000, 0), (6667, 534)]
        assert [line.tax_code for line in sale.lines] == ["TAX", "NON", "TAX"]
        assert sale.refs == (("customer", "1"), ("tax_code", "2"))


def test_a_tax_on_nothing_that_is_taxed_is_shared_over_all() -> None:
    with reading(sales_tax="by_code") as books:
        tax: Json = {"TxnTaxDetail": {"TotalTax": Decimal("1.00")}}
        assert parts(sold(books, item_line("25", "2"), item_line("75", "2"), **tax).lines) == [
            (2500, 25),
            (7500, 75),
        ]


def vat(books: Reading) -> tuple[Json, Json]:
    """References to a code of 20 percent and to one of 5."""
    return {"value": "2"}, {"value": chart.add_tax_code(books.company, "Reduced", Decimal(5))}


@pytest.mark.parametrize("how", ["TaxExcluded", "TaxInclusive"])
def test_elsewhere_each_line_has_its_code(how: str) -> None:
    with reading(sales_tax="by_line", country="GB", currency="GBP") as books:
        full, reduced = vat(books)
        books.open()
        lines = [item_line("9.99", TaxCodeRef=full), item_line("7.77", "2", TaxCodeRef=reduced)]
        lines.append(item_line("3.33", TaxCodeRef=full))
        if how == "TaxInclusive":
            for line, gross in zip(lines, ("12.00", "8.00", "4.00"), strict=True):
                line["SalesItemLineDetail"]["TaxInclusiveAmt"] = Decimal(gross)
        sale = sold(books, *lines, GlobalTaxCalculation=how)
        excluded, inclusive = [(999, 200), (777, 39), (333, 67)], [(1000, 200), (762, 38), (333, 67)]
        assert parts(sale.lines) == (excluded if how == "TaxExcluded" else inclusive)
        assert [line.tax_code for line in sale.lines] == [full["value"], reduced["value"], full["value"]]


def test_elsewhere_a_form_may_be_out_of_tax() -> None:
    with reading(sales_tax="by_line", country="GB", currency="GBP") as books:
        assert parts(sold(books, item_line("9.99"), GlobalTaxCalculation="NotApplicable").lines) == [(999, 0)]


def uk_row(total: str, tax: str, how: str, *lines: Json, percent: str = "20") -> Json:
    taxed = {"TaxRateRef": {"value": "1"}, "TaxPercent": Decimal(percent)}
    return {
        "Id": "7",
        "TxnDate": "2026-03-05",
        "Line": list(lines),
        "TotalAmt": Decimal(total),
        "GlobalTaxCalculation": how,
        "TxnTaxDetail": {"TotalTax": Decimal(tax), "TaxLine": [{"TaxLineDetail": taxed}]},
    }


@pytest.mark.parametrize("with_inclusive", [False, True])
def test_amounts_that_have_the_tax_within(with_inclusive: bool) -> None:
    """Whether Amount is with the tax is not told; that the amounts come to the total tells it."""
    with reading(sales_tax="by_line", country="GB", currency="GBP") as books:
        more: Json = {"TaxInclusiveAmt": Decimal("12.00")} if with_inclusive else {}
        lines = (item_line("12.00", TaxCodeRef={"value": "2"}, **more), item_line("5.00", "2"))
        row = uk_row("17.00", "2.00", "TaxInclusive", *lines)
        assert parts(read_lines(row, books.ledger.directory, books.ledger.mapping)) == [(1000, 200), (500, 0)]


@pytest.mark.parametrize(
    ("code", "taxes"), [("2", [(1000, 201)]), ("77", [(1000, 201)]), (None, [(1000, 201)])]
)
def test_the_taxes_of_the_lines_come_to_that_of_the_form(
    code: str | None, taxes: list[tuple[int, int]]
) -> None:
    """Also where the form was corrected by a cent, and where the code is of no use."""
    with reading(sales_tax="by_line", country="GB", currency="GBP") as books:
        coded: Json = {"TaxCodeRef": {"value": code}} if code else {}
        line = item_line("10.00", **coded)
        row = uk_row("12.01", "2.01", "TaxExcluded", line)
        assert parts(read_lines(row, books.ledger.directory, books.ledger.mapping)) == taxes


# ---------------------------------------------------------------------------------------------- kinds of lines


def test_the_only_rate_is_that_of_a_code_that_is_gone() -> None:
    with reading(sales_tax="by_line", country="GB", currency="GBP") as books:
        gone = item_line("10.00", TaxCodeRef={"value": "77"})
        row = uk_row("22.00", "2.00", "TaxExcluded", gone, item_line("10.00"))
        assert parts(read_lines(row, books.ledger.directory, books.ledger.mapping)) == [
            (1000, 200),
            (1000, 0),
        ]


def test_a_discount_is_a_line_below_zero() -> None:
    with reading(sales_tax="by_code") as books:
        tax: Json = {"TxnTaxDetail": {"TotalTax": Decimal("7.20")}}
        account = books.account("Discounts given")
        lines = (item_line("100"), {"DetailType": "DescriptionOnly", "Description": "Thanks"}, rebate("10"))
        sale = sold(books, *lines, **tax)
        assert parts(sale.lines) == [(10000, 720), (-1000, 0)]
        last = sale.lines[-1]
        assert (last.account, last.item, last.refs) == (
            "Discounts given",
            None,
            (("discount", account["value"]),),
        )


def test_a_bundle_is_its_parts() -> None:
    with reading() as books:
        inner = [{**item_line("30"), "Id": "3"}, item_line("20", "2")]
        bundle = {
            "Id": "2",
            "DetailType": "GroupLineDetail",
            "Amount": Decimal(50),
            "GroupLineDetail": {"Line": inner},
        }
        subtotal = {"Amount": Decimal(60), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
        row = {"Id": "7", "TotalAmt": Decimal(60), "Line": [{**item_line("10"), "Id": "1"}, bundle, subtotal]}
        lines = read_lines(row, books.ledger.directory, books.ledger.mapping)
        assert [(line.line_id, line.net_minor, line.item) for line in lines] == [
            ("1", 1000, "Widget"),
            ("3", 3000, "Widget"),
            ("2.2", 2000, "Support"),
        ]


def test_what_a_line_says_of_its_item() -> None:
    with reading({"sales_items": {"*": "WIDGET"}}) as books:
        books.company.set_preference(
            "AccountingInfoPrefs", ClassTrackingPerTxnLine=True, TrackDepartments=True
        )
        tracked = books.write("Class", {"Name": "Web"})
        place = books.write("Department", {"Name": "North"})
        stock = {
            "Name": "Lamp",
            "Type": "Inventory",
            "IncomeAccountRef": books.account(INCOME),
            "AssetAccountRef": books.account("Inventory Asset"),
            "ExpenseAccountRef": books.account("Cost of Goods Sold"),
            "QtyOnHand": Decimal(9),
            "InvStartDate": "2026-01-01",
            "TrackQtyOnHand": True,
            "Sku": "LAMP-1",
        }
        lamp = books.write("Item", stock)
        books.open(sales_items={"*": "WIDGET"})
        line = item_line(
            "20", lamp["Id"], Qty=Decimal("2.50"), UnitPrice=Decimal(8), ClassRef={"value": tracked["Id"]}
        )
        line["Description"] = "Two lamps and a half"
        sale = sold(books, line, item_line("5"), DepartmentRef={"value": place["Id"]})
        first, second = sale.lines
        assert (first.item, first.sku, first.stock, first.quantity) == ("Lamp", "LAMP-1", True, "2.5")
        assert first.description == "Two lamps and a half"
        assert first.refs == (("item", lamp["Id"]), ("class", tracked["Id"]))
        # Shown as the mapping spells it: planning knows it by that name.
        assert (second.item, second.sku, second.stock, second.account) == ("WIDGET", "Wid", False, INCOME)
        assert second.item in books.ledger.directory.item_accounts
        assert sale.refs == (("customer", "1"), ("department", place["Id"]))


def test_an_item_that_was_made_inactive_keeps_its_name_and_account() -> None:
    with reading() as books:
        books.write("Invoice", {**form("1", DocNumber="100"), "Line": [item_line("10")]})
        books.deactivate("Item", "1")
        books.open()
        sale = books.sale()
        assert sale is not None
        (line,) = sale.lines
        assert (line.item, line.account, line.sku, line.refs) == ("Widget", INCOME, None, (("item", "1"),))
        assert line.item not in books.ledger.directory.item_accounts


# ---------------------------------------------------------------------------------------------- currencies


def in_euro(books: Reading) -> None:
    books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
    books.write("Customer", {"DisplayName": "Eva", "CurrencyRef": {"value": "EUR"}})
    euro = {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": Decimal("1.35")}
    invoice = books.write(
        "Invoice",
        {**form("90", DocNumber="100", customer="3", **euro), "Line": [item_line("90"), item_line("10")]},
    )
    books.write(
        "Payment",
        payment(
            "100",
            pay_line("100", "Invoice", invoice),
            customer="3",
            **{**euro, "ExchangeRate": Decimal("1.4")},
        ),
    )


def test_a_foreign_sale_stands_in_its_currency_and_is_worth_something_at_home() -> None:
    with reading() as books:
        in_euro(books)
        books.open(receivable_accounts=AccountMap(by_currency={"usd": RECEIVABLES, "eur": "A/R - EUR"}))
        sale = books.sale(charge_currency="eur")
        assert sale is not None
        assert (sale.currency, sale.total_minor, sale.customer) == ("eur", 10000, "Eva")
        told = [(line.net_minor, line.home_net_minor) for line in sale.lines]
        assert told == [(9000, 12150), (1000, 1350)]
        (pays,) = sale.payments
        assert (pays.currency, pays.amount_minor, pays.credit_account) == ("eur", 10000, "A/R - EUR")


def test_where_stripe_keeps_a_balance_in_that_currency_there_is_no_rate() -> None:
    with reading() as books:
        in_euro(books)
        books.open(clearing_accounts=AccountMap(by_currency={"usd": CLEARING, "eur": "Stripe EUR"}))
        sale = books.sale(charge_currency="eur")
        assert sale is not None
        assert [(line.net_minor, line.home_net_minor) for line in sale.lines] == [(9000, 9000), (1000, 1000)]


def test_parts_are_worth_together_what_the_whole_is() -> None:
    with reading() as books:
        books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        books.open()
        lines = [item_line("0.33"), item_line("0.33"), item_line("0.34"), rebate("0.10")]
        row = {
            "Id": "7",
            "CurrencyRef": {"value": "EUR"},
            "ExchangeRate": Decimal("1.3"),
            "TotalAmt": Decimal("0.9"),
        }
        read = read_lines({**row, "Line": lines}, books.ledger.directory, books.ledger.mapping)
        assert sum(line.home_net_minor for line in read) == 117
        cents = {**row, "TotalAmt": Decimal("0.02"), "Line": [item_line("0.01"), item_line("0.01")]}
        read = read_lines(cents, books.ledger.directory, books.ledger.mapping)
        assert [line.home_net_minor for line in read] == [2, 1]
        # Yen have no cents.
        row |= {"CurrencyRef": {"value": "JPY"}, "ExchangeRate": Decimal("0.0066"), "TotalAmt": Decimal(1000)}
        (line,) = read_lines(
            {**row, "Line": [item_line("1000")]}, books.ledger.directory, books.ledger.mapping
        )
        assert (line.net_minor, line.home_net_minor) == (1000, 660)


def test_an_amount_in_a_currency_that_stripe_does_not_know_is_nobodys_sale() -> None:
    with reading() as books:
        books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        books.write("Customer", {"DisplayName": "Xe", "CurrencyRef": {"value": "XTS"}})
        more = {"CurrencyRef": {"value": "XTS"}, "ExchangeRate": Decimal(2), "PrivateNote": "ch_1"}
        books.write("Invoice", form("90", DocNumber="100", customer="3", **more))
        books.open()
        assert books.sale() is books.sale(None) is None
