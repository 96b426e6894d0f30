"""The stand-in for QuickBooks Online: sales tax of US and other companies, and several currencies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any

import pytest
from quickbooks_hands import (
    CLEARING,
    INCOME,
    RECEIVABLES,
    TAX,
    Hands,
    form,
    item_line,
    pay_line,
    payment,
    shop,
)
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write

Open = Callable[..., Hands]
TAXED: Json = {"TaxCodeRef": {"value": "TAX"}}
NOT_TAXED: Json = {"TaxCodeRef": {"value": "NON"}}
BY_CODE: Json = {"TaxCodeRef": {"value": "2"}}


@pytest.fixture
def opened() -> Iterator[Open]:
    with ExitStack() as stack:

        def open_company(**settings: Any) -> Hands:
            return Hands(stack.enter_context(FakeQuickBooks(shop(**settings))))

        yield open_company


def lines(*amounts: str, **detail: Any) -> Json:
    return form(Line=[item_line(one, **detail) for one in amounts])


# ---------------------------------------------------------------------------------------------- US


def test_with_tax_off_the_tax_that_is_sent_is_ignored(opened: Open) -> None:
    hands = opened()
    invoice = hands.write("Invoice", form("100", TxnTaxDetail={"TotalTax": 8}))
    assert invoice["TotalAmt"] == 100
    assert hands.totals() == {RECEIVABLES: "100.00", INCOME: "-100.00"}


def test_us_tax_is_the_total_that_is_sent_or_that_of_its_code(opened: Open) -> None:
    hands = opened(sales_tax="by_code")
    sent = hands.write("Invoice", {**lines("100", **TAXED), "TxnTaxDetail": {"TotalTax": Decimal("7.77")}})
    assert sent["TotalAmt"] == Decimal("107.77")
    code: Json = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "2"}}}
    both = [item_line("100", **TAXED), item_line("50", **NOT_TAXED)]
    assert hands.write("Invoice", form(Line=both, **code))["TxnTaxDetail"]["TotalTax"] == 8
    assert hands.write("Invoice", lines("100", **TAXED))["TotalAmt"] == 100
    assert hands.company.balance_of(TAX) == Decimal("-15.77")
    assert hands.code("Invoice", lines("5", TaxCodeRef={"value": "3"})) == "6100"
    wrong = {"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "TAX"}}}
    assert hands.code("Invoice", {**lines("5", **TAXED), **wrong}) == "6000"
    assert hands.code("Invoice", {**lines("5", **TAXED), "TxnTaxDetail": {"TotalTax": -1}}) == "2290"


def test_automated_tax_is_todays_unless_the_total_is_sent(opened: Open) -> None:
    hands = opened(sales_tax="automated")
    sold = hands.write("SalesReceipt", lines("100", **TAXED))
    assert sold["TotalAmt"] == 108
    hands.company.automated_rate = Decimal("9.5")
    assert hands.write("CreditMemo", lines("100", **TAXED))["TotalAmt"] == Decimal("109.5")
    body = {**lines("100", **TAXED), "TxnTaxDetail": {"TotalTax": 8}}
    kept = hands.write("CreditMemo", body)
    assert (kept["TotalAmt"], kept["TxnTaxDetail"]["TaxReviewStatus"]) == (108, "AST_TAX_OVERRIDE")
    hands.company.moods.tax_override_on_refunds = False
    assert hands.write("CreditMemo", body)["TotalAmt"] == Decimal("109.5")
    assert hands.write("Invoice", body)["TotalAmt"] == 108


def test_automated_tax_is_worked_out_anew_by_a_change(opened: Open) -> None:
    hands = opened(sales_tax="automated")
    sold = hands.write("SalesReceipt", lines("100", **TAXED))
    hands.company.automated_rate = Decimal(10)
    named = {"Id": sold["Id"], "SyncToken": "0", "sparse": True}
    assert hands.write("SalesReceipt", {**named, "PrivateNote": "x"})["TotalAmt"] == 110


def test_the_preferences_say_which_tax_it_is(opened: Open) -> None:
    for kind, using, automated in (
        ("off", False, False),
        ("by_code", True, False),
        ("automated", True, True),
    ):
        told = opened(sales_tax=kind).get("/preferences").json()["Preferences"]["TaxPrefs"]
        assert told == {"UsingSalesTax": using, "PartnerTaxEnabled": automated}


# ---------------------------------------------------------------------------------------------- elsewhere


@pytest.fixture
def british(opened: Open) -> Hands:
    return opened(sales_tax="by_line", country="GB", currency="GBP")


def test_tax_by_line_needs_calculation_and_codes(british: Hands) -> None:
    assert british.code("SalesReceipt", lines("10", **BY_CODE)) == "2020"
    assert british.code("SalesReceipt", {**lines("10"), "GlobalTaxCalculation": "TaxExcluded"}) == "6000"
    wrong = {**lines("10", **BY_CODE), "GlobalTaxCalculation": "TaxExclusive"}
    assert british.code("SalesReceipt", wrong) == "2170"
    unknown = {**lines("10", TaxCodeRef={"value": "99"}), "GlobalTaxCalculation": "TaxExcluded"}
    assert british.code("SalesReceipt", unknown) == "2500"


def test_exclusive_tax_is_added_line_by_line(british: Hands) -> None:
    sold = british.write(
        "SalesReceipt", {**lines("0.33", "0.33", "0.33", **BY_CODE), "GlobalTaxCalculation": "TaxExcluded"}
    )
    assert (sold["TxnTaxDetail"]["TotalTax"], sold["TotalAmt"]) == (Decimal("0.21"), Decimal("1.20"))
    assert british.totals() == {"Undeposited Funds": "1.20", INCOME: "-0.99", "VAT Control": "-0.21"}


def test_inclusive_tax_is_taken_out_line_by_line(british: Hands) -> None:
    body = [item_line("0", TaxInclusiveAmt=Decimal(one), **BY_CODE) for one in ("10.00", "10.01", "9.99")]
    sold = british.write("SalesReceipt", form(Line=body, GlobalTaxCalculation="TaxInclusive"))
    assert sold["TotalAmt"] == 30
    assert [line["Amount"] for line in sold["Line"][:3]] == [
        Decimal("8.33"),
        Decimal("8.34"),
        Decimal("8.33"),
    ]
    assert sold["TxnTaxDetail"]["TotalTax"] == 5


def test_what_amount_means_under_inclusive_tax_is_a_mood(british: Hands) -> None:
    body = {**lines("12.00", **BY_CODE), "GlobalTaxCalculation": "TaxInclusive"}
    net = british.write("SalesReceipt", body)
    assert net["TotalAmt"] == Decimal("14.40")
    british.company.moods.inclusive_amount = "gross"
    gross = british.write("SalesReceipt", body)
    assert (gross["TotalAmt"], gross["Line"][0]["Amount"]) == (12, 10)
    assert gross["Line"][0]["SalesItemLineDetail"]["TaxInclusiveAmt"] == 12
    again = british.write("SalesReceipt", {**gross, "sparse": True, "PrivateNote": "x"})
    assert again["TotalAmt"] == 12


def test_without_tax_and_with_price_and_quantity(british: Hands) -> None:
    none = {**lines("10"), "GlobalTaxCalculation": "NotApplicable"}
    assert british.write("SalesReceipt", none)["TotalAmt"] == 10
    priced = {**lines("99", UnitPrice=5, Qty=2, **BY_CODE), "GlobalTaxCalculation": "TaxExcluded"}
    assert british.write("SalesReceipt", priced)["TotalAmt"] == 12


# ---------------------------------------------------------------------------------------------- currencies

EUR: Json = {"CurrencyRef": {"value": "EUR"}}
GAIN = "Exchange Gain or Loss"
EUR_RECEIVABLES = f"{RECEIVABLES} - EUR"


@pytest.fixture
def foreign(opened: Open) -> Hands:
    """Customer 3 buys in euros; a euro is 1.10 dollars."""
    company = shop()
    company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
    company.rates["EUR"] = Decimal("1.10")
    write(company, "Customer", {"DisplayName": "Chloé", **EUR})
    hands = opened()
    hands.fake.company = hands.company = company
    hands.fake.companies[company.realm] = company
    return hands


def at(rate: str) -> Json:
    return {**EUR, "ExchangeRate": Decimal(rate)}


def pay_out(hands: Hands, amount: str, rate: str) -> Json:
    hands.write("Invoice", form("1", customer="3", **EUR))
    line = {
        "Amount": Decimal(amount),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": hands.account(EUR_RECEIVABLES)},
    }
    body = {"PaymentType": "Cash", "AccountRef": hands.account(CLEARING), "Line": [line], **at(rate)}
    return hands.write("Purchase", {**body, "EntityRef": {"value": "3", "type": "Customer"}})


def test_a_currency_is_required_and_is_the_customers(foreign: Hands) -> None:
    assert foreign.code("Invoice", form("5", customer="3")) == "2020"
    assert foreign.code("Invoice", form("5", customer="3", CurrencyRef={"value": "USD"})) == "6000"
    assert foreign.code("Invoice", form("5", customer="3", **at("0"))) == "6000"
    chloe = foreign.read("Customer", "3")
    changed = {**chloe, "sparse": True, "CurrencyRef": {"value": "USD"}}
    assert foreign.code("Customer", changed) == "6000"


def test_home_amounts_are_told_and_posted(foreign: Hands) -> None:
    invoice = foreign.write("Invoice", form("33.33", customer="3", **EUR))
    assert invoice["ExchangeRate"] == Decimal("1.10")
    assert (invoice["TotalAmt"], invoice["HomeTotalAmt"]) == (Decimal("33.33"), Decimal("36.66"))
    assert invoice["HomeBalance"] == Decimal("36.66")
    assert foreign.totals() == {INCOME: "-36.66", EUR_RECEIVABLES: "36.66"}


def test_one_currency_off_refuses_another(opened: Open) -> None:
    hands = opened()
    assert hands.code("Invoice", form("5", **EUR)) == "6000"
    assert hands.code("Customer", {"DisplayName": "Dirk", **EUR}) == "6000"
    assert hands.write("Invoice", form("5", CurrencyRef={"value": "USD"}))["TotalAmt"] == 5


def test_a_payment_at_another_rate_realises_the_difference(foreign: Hands) -> None:
    invoice = foreign.write("Invoice", form("100", customer="3", **at("1.10")))
    into: Json = {"DepositToAccountRef": foreign.account(CLEARING)}
    foreign.write(
        "Payment",
        payment("100", pay_line("100", "Invoice", invoice), customer="3", **at("1.15"), **into),
    )
    assert foreign.totals() == {CLEARING: "115.00", INCOME: "-110.00", GAIN: "-5.00"}
    assert foreign.company.open_balance("3") == 0


def test_parts_of_a_foreign_invoice_settle_all_of_it(foreign: Hands) -> None:
    invoice = foreign.write("Invoice", form("1", customer="3", **at("1.05")))
    made = []
    for part in ("0.30", "0.30", "0.40"):
        link = pay_line(part, "Invoice", invoice)
        made.append(foreign.write("Payment", payment(part, link, customer="3", **at("1.05"))))
    assert foreign.company.open_balance("3") == 0
    assert foreign.company.balance_of(EUR_RECEIVABLES) == 0
    assert foreign.again("Invoice", invoice)["HomeBalance"] == 0
    # Each part came in as 0.32, 0.32 and 0.42; the invoice was 1.05.
    assert foreign.company.balance_of(GAIN) == Decimal("-0.01")
    first = {"Id": made[0]["Id"], "SyncToken": made[0]["SyncToken"]}
    foreign.write("Payment", first, operation="delete")
    assert foreign.again("Invoice", invoice)["HomeBalance"] == Decimal("0.31")
    assert foreign.company.balance_of(EUR_RECEIVABLES) == Decimal("0.31")


def test_a_new_rate_of_a_paid_invoice_changes_what_was_gained(foreign: Hands) -> None:
    invoice = foreign.write("Invoice", form("100", customer="3", **at("1.10")))
    link = pay_line("100", "Invoice", invoice)
    foreign.write("Payment", payment("100", link, customer="3", **at("1.10")))
    assert GAIN not in foreign.totals()
    now = foreign.again("Invoice", invoice)
    named = {"Id": now["Id"], "SyncToken": now["SyncToken"], "sparse": True}
    foreign.write("Invoice", {**named, "ExchangeRate": Decimal("1.20")})
    assert foreign.company.balance_of(GAIN) == 10
    assert foreign.company.balance_of(EUR_RECEIVABLES) == 0


def test_a_memo_and_its_pay_out_at_two_rates(foreign: Hands) -> None:
    memo = foreign.write("CreditMemo", form("100", customer="3", **at("1.10")))
    expense = pay_out(foreign, "100", "1.20")
    invoice = foreign.company.documents("Invoice")[0]
    foreign.write("Invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="delete")
    lines = (pay_line("100", "Expense", expense), pay_line("100", "CreditMemo", memo))
    foreign.write("Payment", payment("0", *lines, customer="3", **at("1.20")))
    assert foreign.totals() == {CLEARING: "-120.00", INCOME: "110.00", GAIN: "10.00"}
    assert foreign.again("CreditMemo", memo)["RemainingCredit"] == 0
    assert foreign.company.open_balance("3") == 0


def test_receivables_are_those_of_the_currency(foreign: Hands) -> None:
    foreign.write("Invoice", form("1", customer="3", **EUR))
    line = {
        "Amount": 5,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {"AccountRef": foreign.account(RECEIVABLES)},
    }
    body = {"PaymentType": "Cash", "AccountRef": foreign.account(CLEARING), "Line": [line], **EUR}
    assert foreign.code("Purchase", {**body, "EntityRef": {"value": "3", "type": "Customer"}}) == "6000"


def test_yen_have_no_cents(foreign: Hands) -> None:
    foreign.company.rates["JPY"] = Decimal("0.0067")
    yen: Json = {"CurrencyRef": {"value": "JPY"}}
    foreign.write("Customer", {"DisplayName": "Emi", **yen})
    invoice = foreign.write("Invoice", form("1500", customer="4", **yen))
    assert (invoice["TotalAmt"], invoice["HomeTotalAmt"]) == (1500, Decimal("10.05"))
