"""What `check` tells of a QuickBooks Online company: each thing that does not fit is one sentence, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from quickbooks_books import KEY, quickbooks
from quickbooks_survey import (
    MAPPING,
    NOON,
    WANTS,
    add,
    add_item,
    add_stock,
    change,
    desk_of,
    good_books,
    survey,
    told,
)
from small_books import MAPPINGS
from vendors.quickbooks import Company as Books
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.wire import ref

from connector.cli.root import run
from connector.planning.mapping_model import AccountMap
from connector.settings.mapping import load_mapping
from connector.world import World

Change = Callable[[Books], object]
CARD, RECEIPT = "credit_card_refund", "refund_receipt"
FUNDS = {"clearing_accounts": AccountMap("Undeposited Funds")}
RECEIPTS_ONLY = {"fees": False, "types": frozenset({RECEIPT})}


@dataclass(frozen=True)
class Case:
    """What is otherwise than in the company that all is right with, and the words of the one sentence about it."""

    problem: bool
    words: tuple[str, ...]
    change: Change = lambda books: None
    mapping: dict[str, Any] = field(default_factory=dict)
    wants: dict[str, Any] = field(default_factory=dict)
    books: dict[str, Any] = field(default_factory=dict)


def problem(*words: str, **more: Any) -> Case:
    return Case(True, words, **more)


def warning(*words: str, **more: Any) -> Case:
    return Case(False, words, **more)


def mapped(**mapping: Any) -> dict[str, Any]:
    return {"mapping": mapping}


def euros(books: Books) -> None:
    """Multi-currency is on, with a bank and a receivable account in euros."""
    books.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
    for name, kind in (("Stripe Clearing EUR", "Bank"), ("Receivable EUR", "Accounts Receivable")):
        add(books, "Account", Name=name, AccountType=kind, CurrencyRef=ref("EUR"))


def two_clearing(usd: str = "Stripe Clearing", eur: str = "Stripe Clearing EUR") -> dict[str, Any]:
    return {"clearing_accounts": AccountMap(None, {"usd": usd, "eur": eur})}


def two_receivables(usd: str = "Accounts Receivable (A/R)", eur: str = "Receivable EUR") -> dict[str, Any]:
    return {"receivable_accounts": AccountMap(None, {"usd": usd, "eur": eur})}


def sub_accounts(books: Books) -> None:
    """Two accounts of one short name, as sub-accounts have it."""
    for parent in ("Online", "Shop"):
        one = add(books, "Account", Name=f"Fees {parent}", AccountType="Expense")
        books.shelf.put("Account", {**one, "Name": "Charges", "FullyQualifiedName": f"{parent}:Charges"})


def of_type(kind: str) -> Change:
    def make(books: Books) -> None:
        one = add_item(books, "Kit")
        books.shelf.put(
            "Item", {name: v for name, v in one.items() if name != "IncomeAccountRef"} | {"Type": kind}
        )

    return make


def bundle_named(books: Books, name: str) -> None:
    one = add_item(books, f"{name} box")
    books.shelf.put("Item", {**one, "Name": name, "FullyQualifiedName": f"Boxes:{name}", "Type": "Group"})


def preference(group: str, **values: Any) -> Change:
    return lambda books: books.set_preference(group, **values)


def inactive(kind: str, name: str) -> Change:
    return lambda books: change(books, kind, name, Active=False)


def untaxed(books: Books) -> None:
    """A code for what is not taxed."""
    one = next(iter(books.shelf.kinds["TaxCode"].values()))
    books.shelf.put("TaxCode", {**one, "Id": "90", "Name": "Exempt", "Taxable": False})


def no_untaxed_code(books: Books) -> None:
    """A company outside the US has no code for what is not taxed, unless somebody makes one."""
    for one in list(books.shelf.kinds["TaxCode"].values()):
        books.shelf.put("TaxCode", {**one, "Taxable": True})


BY_LINE = {"country": "GB", "currency": "GBP", "sales_tax": "by_line"}
ELSEWHERE: dict[str, Any] = {"taxes": {}, "tax_default": "Standard", "exchange_item": None}

CASES: dict[str, Case] = {
    # accounts
    "clearing that is not there": problem(
        'accounts.clearing: there is no account "Stripe"', "inactive", "make it", **mapped(clearing_accounts=AccountMap("Stripe"))
    ),
    "clearing that was made inactive": problem(
        'accounts.clearing: there is no account "Stripe Clearing"', change=inactive("Account", "Stripe Clearing")
    ),
    "fees that are not there": problem(
        'accounts.fees: there is no account "Fees"', **mapped(fees="Fees")
    ),
    "fees that are not there, and not booked": warning(
        'accounts.fees: there is no account "Fees"', **mapped(fees="Fees"), wants={"fees": False}
    ),
    "sales that are not there": problem('accounts.sales: there is no account "Sales"', **mapped(sales="Sales")),
    "tax that is not there": problem('accounts.tax: there is no account "VAT"', **mapped(tax="VAT")),
    "receivable that is not there": problem(
        'accounts.receivable: there is no account "A/R"', **mapped(receivable_accounts=AccountMap("A/R"))
    ),
    "a name of several": problem(
        'accounts.fees: "Charges" is the name of several (Online:Charges, Shop:Charges)', "in full",
        change=sub_accounts, **mapped(fees="Charges"),
    ),
    "clearing of another type": problem(
        'accounts.clearing: "Company Card" is of the type Credit Card', "Bank",
        **mapped(clearing_accounts=AccountMap("Company Card")),
    ),
    "Undeposited Funds and card refunds": problem(
        "works for refund_receipt only", "Undeposited Funds", "are written: credit_card_refund;",
        mapping=FUNDS, wants={"fees": False, "types": frozenset({CARD, RECEIPT})},
    ),
    "Undeposited Funds and pay-outs": problem(
        "are written: refund_payout;", mapping=FUNDS, wants={"fees": False, "types": frozenset({"refund_payout", RECEIPT})}
    ),
    "Undeposited Funds and reopened invoices": problem(
        "are written: reopen_invoice;", mapping=FUNDS, wants={"fees": False, "types": frozenset({"reopen_invoice", RECEIPT})}
    ),
    "Undeposited Funds and fees": problem(
        "are written: Stripe's fees;", mapping=FUNDS, wants={"types": frozenset({RECEIPT})}
    ),
    "Undeposited Funds and payments of ours": problem(
        "are written: payments that fail;", mapping=FUNDS, wants={**RECEIPTS_ONLY, "sales": "invoice_and_payment"}
    ),
    "receivable of another type": problem(
        'accounts.receivable: "Checking" is of the type Bank', "Accounts Receivable",
        **mapped(receivable_accounts=AccountMap("Checking")),
    ),
    "no receivable": warning(
        "accounts.receivable names no account", "account_not_mapped", **mapped(receivable_accounts=AccountMap())
    ),
    "fees of another type": problem(
        'accounts.fees: "Services" is of the type Income', "an expense account", **mapped(fees="Services")
    ),
    "exchange of another type": problem(
        'accounts.exchange: "Checking" is of the type Bank', "an income or expense account",
        change=euros, mapping={"exchange": "Checking", "exchange_item": None, **two_receivables()},
    ),
    "an account for refunds": problem(
        "accounts.refunds", '"Discounts given"', "under items.refunds", **mapped(refunds="Discounts given")
    ),
    # currencies
    "clearing in another currency": problem(
        'accounts.clearing.eur: "Checking" is kept in USD: name an account in EUR',
        change=euros, mapping={**two_clearing(eur="Checking"), **two_receivables()},
    ),
    "receivable in another currency": problem(
        'accounts.receivable.eur: "Accounts Receivable (A/R)" is kept in USD',
        change=euros, mapping={**two_clearing(), **two_receivables(eur="Accounts Receivable (A/R)")},
    ),
    "one receivable of several currencies": warning(
        'accounts.receivable: "Accounts Receivable (A/R)" is in USD', "(EUR too)", change=euros
    ),
    "a currency that is not kept": warning(
        "accounts.clearing.eur: the company keeps USD alone", "currency_not_supported",
        mapping=two_clearing(eur="Stripe Clearing"),
    ),
    # items
    "an item that is not there": problem(
        'items.sales.SKU-1: there is no product or service "Gadget"', "make it",
        **mapped(sales_items={"*": "Widget", "SKU-1": "Gadget"}),
    ),
    "an item that is not there, where sales are found": warning(
        'items.sales.SKU-1: there is no product or service "Gadget"',
        **mapped(sales_items={"SKU-1": "Gadget"}), wants={"sales": "find"},
    ),
    "an item that was made inactive": problem(
        'items.sales.*: there is no product or service "Widget"', change=inactive("Item", "Widget")
    ),
    "a bundle": problem('items.sales.*: "Kit" is a bundle', change=of_type("Group"), **mapped(sales_items={"*": "Kit"})),
    "a category": problem(
        'items.sales.*: "Kit" is a category', change=of_type("Category"), **mapped(sales_items={"*": "Kit"})
    ),
    "an item without an account": problem(
        'items.sales.*: "Kit" has no income account', change=of_type("NonInventory"), **mapped(sales_items={"*": "Kit"})
    ),
    "no item for any other SKU": warning(
        'items.sales has no "*"', "item_not_mapped", **mapped(sales_items={"SKU-1": "Widget"})
    ),
    "no item at all": problem('items.sales has no "*"', **mapped(sales_items={})),
    "no item for refunds": problem('items.refunds has no "*"', **mapped(refund_items={})),
    "no item for refunds, but for voids": problem(
        'items.refunds has no "*"', **mapped(refund_items={}), wants={"types": frozenset({"void"})}
    ),
    "an item for refunds that is not there": problem(
        'items.refunds.*: there is no product or service "Returns"', **mapped(refund_items={"*": "Returns"})
    ),
    "an item for refunds that are off": warning(
        'items.refunds.*: there is no product or service "Returns"',
        **mapped(refund_items={"*": "Returns"}), wants={"types": frozenset({CARD})},
    ),
    "a stock item for any refund": problem(
        'items.refunds.*: "Mug" is a stock item', "must not move stock",
        change=lambda books: add_stock(books, "Mug"), **mapped(refund_items={"*": "Mug"}),
    ),
    "a stock item for refunds of a SKU": warning(
        'items.refunds.SKU-MUG: "Mug" is a stock item', "back on stock",
        change=lambda books: add_stock(books, "Mug"), **mapped(refund_items={"*": "Refunds", "SKU-MUG": "Mug"}),
    ),
    "no item for exchange": warning("items.exchange names no item", "USD alone", **mapped(exchange_item=None)),
    "an item for exchange that is not there": problem(
        'items.exchange: there is no product or service "FX"', **mapped(exchange_item="FX")
    ),
    "an item for exchange that is in stock": problem(
        'items.exchange: "Mug" is a stock item', change=lambda books: add_stock(books, "Mug"),
        **mapped(exchange_item="Mug", exchange="Sales of Product Income"),
    ),
    "an item for exchange with another account": warning(
        'items.exchange: "Widget" is booked to "Sales of Product Income", and accounts.exchange is "Exchange"',
        **mapped(exchange_item="Widget"),
    ),
    "an item for exchange without a code": problem(
        "items.exchange", "no tax code for what has none", change=no_untaxed_code, books=BY_LINE,
        mapping={**ELSEWHERE, "exchange_item": "Exchange"},
    ),
    # taxes
    "sales tax that is off": warning(
        "sales tax is off", "taxes.default, taxes.txr_none", books={"sales_tax": "off"}
    ),
    "a tax code that is not there": problem(
        'taxes.txr_1: there is no tax code "Reduced"', "name TAX, NON or one", **mapped(taxes={"txr_1": "Reduced"})
    ),
    "nothing but TAX": warning("taxes names no tax code but TAX and NON", **mapped(tax_default="TAX")),
    "no tax code for lines elsewhere": problem(
        "taxes.default names no tax code", "each line", books=BY_LINE,
        mapping={**ELSEWHERE, "tax_default": None, "exchange_item": "Exchange"},
        change=untaxed,
    ),
    "a tax code elsewhere that is not there": problem(
        'taxes.default: there is no tax code "TAX"', "name one that is there", books=BY_LINE,
        mapping={**ELSEWHERE, "tax_default": "TAX", "exchange_item": "Exchange"},
        change=untaxed,
    ),
    "automated sales tax": warning(
        "automated sales tax", "total_differs", books={"sales_tax": "automated"}
    ),
    # the rest
    "a payment method that is not there": warning(
        'payment_methods.card: there is no payment method "Amex"', **mapped(payment_methods={"card": "Amex"})
    ),
    "a customer that is not there": warning(
        'customers.default: there is no customer "Shop"', "of which Stripe knows no name", **mapped(customer_default="Shop")
    ),
    "a customer that is not there, and none is made": warning(
        'customers.default: there is no customer "Shop"', "to customers that are not in QuickBooks",
        **mapped(customer_default="Shop", customer_create=False),
    ),
    "no customer": warning("customers.default names nobody", "customer_not_found", **mapped(customer_default=None)),
    "credits that are applied by QuickBooks": problem(
        "QuickBooks applies credits automatically", "switch it off", change=preference("SalesFormsPrefs", AutoApplyCredit=True)
    ),
    "numbers that are not refused": warning(
        "custom transaction numbers are off", change=preference("SalesFormsPrefs", CustomTxnNumbers=False)
    ),
    "books that are closed": warning(
        "closed up to 31 December 2025", "refunds.period_closed",
        change=preference("AccountingInfoPrefs", BookCloseDate="2025-12-31"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_finding_is_one_sentence(name: str) -> None:
    case = CASES[name]
    books = good_books(**case.books)
    case.change(books)
    _, company = survey(desk_of(books), replace(MAPPING, **case.mapping), replace(WANTS, **case.wants))
    found = told(company)
    sentences = found["problems" if case.problem else "warnings"]
    assert len(sentences) == 1 and len(company.problems) + len(company.warnings) == 1, found
    for words in case.words:
        assert words in sentences[0]


NOTHING_TO_TELL: dict[str, Case] = {
    "all is right": Case(True, ()),
    "sales are found, and nothing is mapped for them": Case(
        True, (), wants={"sales": "find"}, mapping={"taxes": {}, "tax_default": None, "customer_default": None, "sales_items": {}}
    ),
    "ids in the place of names": Case(
        True, (), mapping={"fees": "14", "sales_items": {"*": "1"}}
    ),
    "capitals do not matter": Case(True, (), mapping={"fees": "stripe FEES"}),
    "a sub-account, written in full": Case(
        True, (), change=sub_accounts, mapping={"fees": "Shop:Charges"}
    ),
    "Undeposited Funds, and receipts only": Case(True, (), mapping=FUNDS, wants=RECEIPTS_ONLY),
    "two currencies, each with its accounts": Case(
        True, (), change=euros, mapping={**two_clearing(), **two_receivables(), "exchange_item": None}
    ),
    "one clearing account for several currencies": Case(
        True, (), change=euros, mapping={**two_receivables(), "exchange_item": None}
    ),
    "elsewhere, with a code for lines": Case(
        True, (), change=untaxed, books=BY_LINE, mapping={**ELSEWHERE, "exchange_item": "Exchange"}
    ),
    "credits are applied, and no rule makes memos": Case(
        True, (), change=preference("SalesFormsPrefs", AutoApplyCredit=True), wants={"leaves_memos": False}
    ),
    "credits are applied, and memos are off": Case(
        True, (), change=preference("SalesFormsPrefs", AutoApplyCredit=True), wants={"types": frozenset({RECEIPT})}
    ),
    "nothing on receivable": Case(
        True, (), mapping={"receivable_accounts": AccountMap()}, wants={"types": frozenset({RECEIPT})}
    ),
    "a bundle of the same name as a service": Case(True, (), change=lambda books: bundle_named(books, "Widget")),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING_TO_TELL)
def test_nothing_is_told_where_all_is_right(name: str) -> None:
    case = NOTHING_TO_TELL[name]
    books = good_books(**case.books)
    case.change(books)
    _, company = survey(desk_of(books), replace(MAPPING, **case.mapping), replace(WANTS, **case.wants))
    assert told(company) == {"problems": [], "warnings": []}


def test_what_no_line_can_be_of_is_no_item() -> None:
    books = good_books()
    of_type("Group")(books)
    bundle_named(books, "Widget")
    ledger, company = survey(desk_of(books))
    assert "Kit" not in company.item_accounts
    assert ledger.directory.items.by_id[ledger.directory.item_id("Widget")]["Type"] == "Service"


def test_what_is_the_name_of_several_is_nobodys_name() -> None:
    """No guess is posted: what names such an account or item is held."""
    books = good_books()
    sub_accounts(books)
    for box in ("Large", "Small"):
        one = add_item(books, f"Mug {box}")
        books.shelf.put("Item", {**one, "Name": "Mug", "FullyQualifiedName": f"{box}:Mug"})
    mapping = replace(MAPPING, fees="Charges", sales_items={"*": "Mug", "SKU-1": "Large:Mug"})
    _, company = survey(desk_of(books), mapping)
    assert [problem.split(":")[0] for problem in company.problems] == ["accounts.fees", "items.sales.*"]
    assert company.accounts["Charges"].fault == "is the name of several in QuickBooks"
    assert "Mug" not in company.item_accounts
    assert company.item_accounts["Large:Mug"] == "Sales of Product Income"
    # A top account or item is known by its short name, whatever others have the same below them.
    books.shelf.put("Item", {**add_item(books, "Cup"), "Name": "Mug", "FullyQualifiedName": "Mug"})
    _, company = survey(desk_of(books), mapping)
    assert company.item_accounts["Mug"] == "Sales of Product Income"


def test_a_payment_method_is_read_only_where_one_is_named() -> None:
    desk = desk_of(good_books())
    survey(desk, replace(MAPPING, payment_methods={"*": None}))
    assert not any("PaymentMethod" in query for query in desk.queries)


def test_the_customer_is_asked_for_only_where_sales_are_posted() -> None:
    desk = desk_of(good_books())
    survey(desk, wants=replace(WANTS, sales="find"))
    assert not any("Customer" in query for query in desk.queries)


def test_a_new_company_with_the_shipped_mapping_lacks_nothing() -> None:
    """What the comments of the mapping ask for is made, and nothing is left to be told but that exchange has no item."""
    books = Books(sales_tax="automated", clock=Clock(NOON))
    add_item(books, "Services", "Services")
    add_item(books, "Refunds")
    add(books, "Customer", DisplayName="Stripe customers")
    mapping = load_mapping(MAPPINGS / "quickbooks_online.yaml", "quickbooks_online")
    _, company = survey(desk_of(books), mapping)
    assert company.problems == ()
    assert [warning.split(" ")[0] for warning in company.warnings] == ["items.exchange", "QuickBooks"]


def test_the_command_tells_them_with_the_name_of_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_KEY", KEY)
    with quickbooks(tmp_path, sales="find", company={"clock": Clock(NOON)}) as (made, shop):
        shop.write()
        monkeypatch.setattr(World, "now", lambda world: NOON)
        assert run(["check", "-c", str(made.config)]) == 0
        assert "ledger main (Acme Books) can be used; mind the warnings" in capsys.readouterr().out
        change(made.company, "Account", "Stripe Clearing", Active=False)
        made.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=False)
        assert run(["check", "-c", str(made.config)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert 'Problem: ledger main: accounts.clearing: there is no account "Stripe Clearing"' in shown.err
        assert "Warning: ledger main: custom transaction numbers are off" in shown.err
