"""What `check` tells of a NetSuite account: each thing that does not fit is one sentence, and nothing else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from netsuite_books import netsuite
from netsuite_survey import MAPPING, WANTS, change, find, good_account, open_account, open_desk
from small_books import MAPPINGS
from vendors.netsuite import Account, Moods, seeding

from connector.cli.root import run
from connector.ledgers.contract import Answer, run_steps
from connector.ledgers.json_wire import encode
from connector.ledgers.netsuite import NetsuiteLedger
from connector.ledgers.netsuite_check import findings
from connector.planning.mapping_model import AccountMap
from connector.settings.mapping import load_mapping

Change = Callable[[Account], object]
MEMO, CARD, RECEIPT = "credit_memo", "credit_card_refund", "refund_receipt"
TWO = (("Acme Europe", "EUR"),)


@dataclass(frozen=True)
class Case:
    """What is otherwise than where all is right, and the words of the one sentence about it."""

    problem: bool
    words: tuple[str, ...]
    change: Change = lambda account: None
    mapping: dict[str, Any] = field(default_factory=dict)
    wants: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    moods: dict[str, Any] = field(default_factory=dict)
    customer: bool = True


def problem(*words: str, **more: Any) -> Case:
    return Case(True, words, **more)


def warning(*words: str, **more: Any) -> Case:
    return Case(False, words, **more)


def mapped(**mapping: Any) -> dict[str, Any]:
    return {"mapping": mapping}


def lacks(*permissions: str) -> Change:
    return lambda account: account.role_lacks.update(permissions)


def inactive(group: str, name: str) -> Change:
    return lambda account: change(account, group, name, isInactive=True)


def two_of_a_name(account: Account) -> None:
    for number in ("8001", "8002"):
        open_account(account, "Twin", "Bank", number)


def euro_bank(account: Account) -> None:
    open_account(account, "Stripe Euro", "Bank", "1011", "EUR")


def closed(*months: str, how: str = "closed") -> Change:
    def close(account: Account) -> None:
        for month in months:
            account.close_period(month, how)

    return close


YEAR = tuple(f"2025-{month:02}" for month in range(1, 13))
MUCH_OFF = {"types": frozenset({CARD}), "fees": False, "sales": "find"}

CASES: dict[str, Case] = {
    # clearing
    "clearing that is not there": problem(
        'accounts.clearing: there is no account "Stripe" in NetSuite', "make it", **mapped(clearing_accounts=AccountMap("Stripe"))
    ),
    "clearing that is inactive": problem(
        'accounts.clearing: account "Stripe Clearing" is inactive', change=inactive("account", "Stripe Clearing")
    ),
    "clearing that is not clear": problem(
        'accounts.clearing: "Twin" is the name of several', "internal id", change=two_of_a_name,
        **mapped(clearing_accounts=AccountMap("Twin")),
    ),
    "clearing of another type": problem(
        'accounts.clearing: "Accounts Payable" is of the type Accounts Payable: name an account of the type Bank',
        **mapped(clearing_accounts=AccountMap("Accounts Payable")),
    ),
    "clearing that holds what is undeposited": warning(
        'accounts.clearing: "Undeposited Funds" is of the type Other Current Asset', "always taken",
        **mapped(clearing_accounts=AccountMap("Undeposited Funds")),
    ),
    "clearing in another currency": problem(
        'accounts.clearing.eur: "Stripe Clearing" is kept in USD: name an account in EUR',
        **mapped(clearing_accounts=AccountMap(None, {"usd": "Stripe Clearing", "eur": "Stripe Clearing"})),
    ),
    "a home currency that is kept elsewhere": problem(
        'accounts.clearing.usd: "Stripe Euro" is kept in EUR', change=euro_bank,
        **mapped(clearing_accounts=AccountMap(None, {"usd": "Stripe Euro", "eur": "Stripe Euro"})),
    ),
    "a currency that is not there": warning(
        "accounts.clearing.jpy: the account in NetSuite has no currency JPY", "will be held",
        **mapped(clearing_accounts=AccountMap(None, {"usd": "Stripe Clearing", "jpy": "Business Bank"})),
    ),
    # receivable, fees, sales, refunds, tax, exchange
    "receivable that is not there": problem(
        'accounts.receivable: there is no account "A/R"', **mapped(receivable_accounts=AccountMap("A/R"))
    ),
    "receivable of another type": problem(
        'accounts.receivable: "Business Bank" is of the type Bank: name one of the type Accounts Receivable',
        **mapped(receivable_accounts=AccountMap("Business Bank")),
    ),
    "no receivable": warning(
        "accounts.receivable names no account", "account_not_mapped", **mapped(receivable_accounts=AccountMap())
    ),
    "fees that are not there": problem('accounts.fees: there is no account "Fees"', **mapped(fees="Fees")),
    "fees that are not there, and not booked": warning(
        'accounts.fees: there is no account "Fees"', **mapped(fees="Fees"), wants={"fees": False}
    ),
    "fees of another type": problem(
        'accounts.fees: "Sales" is of the type Income: name an expense account', **mapped(fees="Sales")
    ),
    "sales that are inactive": problem('accounts.sales: account "Old Sales" is inactive', **mapped(sales="Old Sales")),
    "an account that gathers refunds": problem(
        'accounts.refunds: NetSuite takes the account of a line from its item', "leave it empty", **mapped(refunds="Refunds")
    ),
    "sales tax that is not there": problem('accounts.tax: there is no account "VAT"', **mapped(tax="VAT")),
    "exchange of another type": problem(
        'accounts.exchange: "Business Bank" is of the type Bank: name an income or expense account',
        **mapped(exchange="Business Bank"),
    ),
    # items
    "an item that is not there": problem(
        'items.sales.SKU-1: there is no active item that can be sold "Gadget" in NetSuite', "make it",
        **mapped(sales_items={"*": "Services", "SKU-1": "Gadget"}),
    ),
    "an item that is not there, where sales are found": warning(
        'items.sales.SKU-1: there is no active item', **mapped(sales_items={"SKU-1": "Gadget"}), wants={"sales": "find"}
    ),
    "an item without an account": problem(
        'items.sales.*: "Services" has no income account', **mapped(sales_items={"*": "Services"}),
        change=lambda account: change(account, "item", "Services", incomeAccount=None),
    ),
    "no item for any other SKU": warning('items.sales has no "*"', **mapped(sales_items={"SKU-1": "Widget"})),
    "no item at all": problem('items.sales has no "*"', **mapped(sales_items={})),
    "no item for refunds": problem('items.refunds has no "*"', "not in stock", **mapped(refund_items={})),
    "an item for refunds that are off": warning(
        'items.refunds.*: there is no active item', **mapped(refund_items={"*": "Returns"}), wants={"types": frozenset({CARD})}
    ),
    "a stock item for any refund": problem(
        'items.refunds.*: "Widget" is in stock', "must not move stock", **mapped(refund_items={"*": "Widget"})
    ),
    "a stock item for refunds of a SKU": warning(
        'items.refunds.SKU-1: "Widget" is in stock', "back on stock",
        **mapped(refund_items={"*": "Refunds", "SKU-1": "Widget"}),
    ),
    "an item for exchange that NetSuite books": warning(
        "items.exchange", 'take "Exchange" out', **mapped(exchange_item="Exchange")
    ),
    "no item for exchange in one currency": warning(
        "items.exchange names no item, and the account keeps USD alone", account={"currencies": ()}
    ),
    "a stock item for exchange": problem(
        'items.exchange: "Widget" is in stock: name a service', account={"currencies": ()},
        **mapped(exchange_item="Widget", exchange="Sales"),
    ),
    "an item for exchange with another account": warning(
        'items.exchange: "Services" is booked to "Sales", and accounts.exchange is "Exchange Gain or Loss"',
        account={"currencies": ()}, **mapped(exchange_item="Services"),
    ),
    # taxes
    "legacy tax": problem("legacy tax", "REST web services do not", "SuiteTax", moods={"tax": "legacy"}),
    "no tax in the account": warning(
        "NetSuite's records have no tax, and taxes.default, taxes.txr_none is mapped", moods={"tax": "none"}
    ),
    "a tax code that is not there": problem(
        'taxes.txr_1: there is no tax code "Reduced" in NetSuite', **mapped(taxes={"txr_1": "Reduced"})
    ),
    "a tax code of the tax of old": problem(
        'taxes.txr_none: tax code "Exempt" has no tax type',
        change=lambda account: change(account, "salesTaxItem", "Exempt", taxType=None),
    ),
    "no default tax code": warning("taxes.default names no tax code", "total_differs", **mapped(tax_default=None)),
    # the rest of the mapping
    "a payment method that is not there": warning(
        'payment_methods.card: there is no payment method "Visa"', "documents will name none",
        **mapped(payment_methods={"card": "Visa"}),
    ),
    "a customer that is not there": warning(
        'customers.default: there is no customer "Stripe customers" in NetSuite', customer=False
    ),
    "no customer": warning("customers.default names nobody", "customer_not_found", **mapped(customer_default=None)),
    # subsidiaries
    "a subsidiary that is not there": problem(
        'connection.subsidiary: there is no active subsidiary "Acme Asia" in NetSuite: there are Acme Inc',
        wants={"subsidiary": "Acme Asia"},
    ),
    "a subsidiary where there are none": warning(
        "connection.subsidiary is not used", "no OneWorld account", moods={"one_world": False}
    ),
    "no subsidiary for sales": problem(
        "connection.subsidiary names none for sales that the connector posts: name one of Acme Europe, Acme Inc",
        wants={"subsidiary": None}, account={"subsidiaries": TWO},
    ),
    "no subsidiary for fees": problem(
        "connection.subsidiary names none for fees", wants={"subsidiary": None, "sales": "find"},
    ),
    # voids
    "a void by RESTlet": warning("void: invoices are voided by the RESTlet", wants={"types": frozenset({"void"})}),
    "a void without a RESTlet": warning(
        "void: void_restlet_url names no RESTlet", "a credit memo of the invoice's day",
        wants={"types": frozenset({"void"}), "void_restlet": None},
    ),
    # periods
    "closed months": warning("closed or locked up to 31 January 2026", change=closed(*YEAR, "2026-01")),
    "locked months": warning("up to 31 December 2025", change=closed(*YEAR, how="arLocked")),
    # permissions
    "the role may not use SuiteQL": warning(
        "SuiteAnalytics Workbook", "slow", change=lacks("suiteql"),
        wants={"sales": "find", "fees": False},
    ),
    "the role may not search for transactions": warning(
        "Transactions > Find Transaction", "slow", change=lacks("table:transaction"), wants={"sales": "find", "fees": False},
    ),
    "the role may not read credit memos": problem(
        "lacks the permission Transactions > Credit Memo: none can be written", change=lacks("read:creditMemo")
    ),
    "the role may not read credit memos of an account without subsidiaries": problem(
        "lacks the permission Transactions > Credit Memo", moods={"one_world": False}, wants={"subsidiary": None},
        change=lacks("read:creditMemo", "table:subsidiary"),
    ),
    "the role may not read cash sales, and none are written": warning(
        "lacks the permission Transactions > Cash Sale: cash sales are not found", change=lacks("read:cashSale"), wants=MUCH_OFF
    ),
    "the role may not read deposits": warning(
        "lacks the permission Transactions > Customer Deposit: deposits that paid a sale are not found",
        change=lacks("read:customerDeposit"), wants={"sales": "find"},
    ),
    "the role may not read tax codes": problem(
        "lacks the permission Lists > Tax Records", change=lacks("read:salesTaxItem"),
    ),
    "the role may not read periods": warning(
        "lacks the permission Setup > Manage Accounting Periods", change=lacks("table:accountingperiod", "read:accountingPeriod")
    ),
    "the role may not read payment methods": warning(
        "lacks the permission Setup > Accounting Lists", change=lacks("table:paymentmethod"),
        **mapped(payment_methods={"card": "2", "*": "Check"}),
    ),
    # fields
    "a field of our own that is not there": problem(
        "there is no field custbody_key here on NetSuite's credit memo, customer payment, invoice: show it on the forms",
        wants={"document_key_field": "custbody_key", "types": frozenset({"credit_memo"}), "sales": "find", "fees": False},
    ),
    "credits that apply by themselves": warning(
        "credit memo has no field autoApply here", "credit_used", moods={"auto_apply_field": False}
    ),
}  # fmt: skip


def told(case: Case) -> dict[str, list[str]]:
    account = good_account(Moods(**case.moods), **case.account)
    case.change(account)
    return find(account, replace(MAPPING, **case.mapping), replace(WANTS, **case.wants), case.customer)


@pytest.mark.parametrize("name", CASES)
def test_each_finding_is_one_sentence(name: str) -> None:
    case = CASES[name]
    found = told(case)
    sentences = found["problems" if case.problem else "warnings"]
    assert len(sentences) == 1 and sum(map(len, found.values())) == 1, found
    for words in case.words:
        assert words in sentences[0]


NOTHING_TO_TELL: dict[str, Case] = {
    "all is right": Case(True, ()),
    "sales are found, and nothing is mapped for them": Case(
        True, (), wants={"sales": "find"}, customer=False,
        mapping={"taxes": {}, "tax_default": None, "customer_default": None, "sales_items": {}, "sales": None},
    ),
    "numbers, ids, and both together": Case(
        True, (), change=two_of_a_name,
        mapping={"fees": "6000", "sales": "111", "tax": "2200 Sales Tax Payable", "clearing_accounts": AccountMap("8001 Twin"),
                 "sales_items": {"*": "201"}, "tax_default": "51", "payment_methods": {"card": "77"}},
    ),
    "capitals do not matter": Case(True, (), mapping={"fees": "stripe FEES", "tax_default": "sales tax"}),
    "costs and other income": Case(True, (), mapping={"fees": "Cost of Goods Sold", "exchange": "Sales"}),
    "two currencies, each with its account": Case(
        True, (), change=euro_bank,
        mapping={"clearing_accounts": AccountMap(None, {"usd": "Stripe Clearing", "eur": "Stripe Euro"})},
    ),
    "one currency, and an item for what a rate moved": Case(
        True, (), account={"currencies": ()}, mapping={"exchange_item": "Exchange"}
    ),
    "accounts whose currency is not known, since no subsidiary is named": Case(
        True, (), account={"subsidiaries": TWO}, wants={"subsidiary": None, "sales": "find", "fees": False},
        mapping={"clearing_accounts": AccountMap(None, {"usd": "Business Bank", "eur": "Business Bank"})},
    ),
    "a stock item for sales": Case(True, (), mapping={"sales_items": {"*": "Widget"}}),
    "nothing on receivable": Case(
        True, (), mapping={"receivable_accounts": AccountMap()}, wants={"types": frozenset({RECEIPT})}
    ),
    "no subsidiary where nothing is made": Case(
        True, (), account={"subsidiaries": TWO}, wants={"subsidiary": None, "sales": "find", "fees": False}
    ),
    "no subsidiaries at all": Case(True, (), moods={"one_world": False}, wants={"subsidiary": None}),
    "a subsidiary by its id": Case(True, (), wants={"subsidiary": "1"}),
    "no tax, and none is mapped": Case(True, (), moods={"tax": "none"}, mapping={"taxes": {}, "tax_default": None}),
    "payment methods of old": Case(True, (), moods={"payment_instruments": False}),
    "a field of our own": Case(
        True, (), wants={"document_key_field": "custbody_key"}, account={"custom_fields": {"custbody_key": "text"}}
    ),
    "the role may not read what is not written or mapped": Case(
        True, (), change=lacks("table:paymentmethod"), mapping={"payment_methods": {"card": "2", "*": None}}
    ),
    "an open month between closed ones": Case(True, (), change=closed("2025-03")),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING_TO_TELL)
def test_nothing_is_told_where_all_is_right(name: str) -> None:
    assert told(NOTHING_TO_TELL[name]) == {"problems": [], "warnings": []}


def test_the_shipped_mapping_fits_an_account_where_its_advice_was_followed() -> None:
    mapping = load_mapping(MAPPINGS / "netsuite.yaml", "netsuite")
    assert find(good_account(), mapping, replace(WANTS, sales="find")) == {"problems": [], "warnings": []}


def test_the_shipped_mapping_where_sales_are_posted() -> None:
    """Then the tax codes are still to be named, and nothing else is."""
    found = find(good_account(), load_mapping(MAPPINGS / "netsuite.yaml", "netsuite"))
    assert found["problems"] == []
    assert [sentence.split(" ")[0] for sentence in found["warnings"]] == ["taxes.default"]


def test_the_command_tells_them_with_the_name_of_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Who signs a statement of now is let in now.
    with netsuite(tmp_path, sales="find", account={"clock": time.time}) as (made, shop):
        shop.write()
        assert run(["check", "-c", str(made.config)]) == 0
        shown = capsys.readouterr()
        assert "ledger main (NetSuite account 1234567_SB1) can be used" in shown.out
        assert "Problem" not in shown.err
        made.account.role_lacks.add("read:creditMemo")
        for month in YEAR:
            made.account.close_period(month)
        assert run(["check", "-c", str(made.config)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        lacking = "the role of the integration lacks the permission Transactions > Credit Memo"
        assert f"Problem: ledger main: {lacking}" in shown.err
        assert "Warning: ledger main: periods are closed or locked up to 31 December 2025" in shown.err


def test_the_command_tells_how_it_is_now_and_not_how_a_run_found_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with netsuite(tmp_path, sales="find", account={"clock": time.time}) as (made, shop):
        shop.write()
        made.account.moods.auto_apply_field = False
        assert run(["sync", "-c", str(made.config)]) == 0
        capsys.readouterr()
        for lacking in (True, False):
            made.account.moods.auto_apply_field = not lacking
            assert run(["check", "-c", str(made.config)]) == 0
            assert ("has no field autoApply here" in capsys.readouterr().out) is lacking


def test_the_customer_without_a_name_is_asked_for_only_where_sales_are_posted() -> None:
    desk = open_desk(good_account())

    def warnings(sales: str) -> tuple[str, ...]:
        ledger = NetsuiteLedger(MAPPING, replace(WANTS, sales=sales))
        return run_steps(ledger.survey(), desk).warnings

    assert warnings("find") == ()
    assert warnings("sales_receipt") == (
        'customers.default: there is no customer "Stripe customers" in NetSuite: make it; until then sales of which Stripe '
        "knows no name will be held, customer_not_found",
    )
    seeding.customer(desk.fake.account, "Stripe customers")
    assert warnings("sales_receipt") == ()


def test_an_account_that_the_mapping_names_and_that_is_not_there_takes_nothing() -> None:
    account = good_account()
    change(account, "account", "Stripe Fees", isInactive=True)
    two_of_a_name(account)
    mapping = replace(MAPPING, clearing_accounts=AccountMap("Twin"))
    company = run_steps(NetsuiteLedger(mapping, replace(WANTS, sales="find")).survey(), open_desk(account))
    assert {name: span.fault for name, span in company.accounts.items()} == {
        "Twin": "is the name of several in NetSuite",
        "Stripe Fees": "is not in NetSuite, or was made inactive there",
    }


FOUND = replace(WANTS, sales="find", fees=False, types=frozenset({MEMO}))


def test_a_catalog_that_tells_nothing() -> None:
    """Then it is not known how tax is kept, and nothing may be written; of single fields nothing is told."""
    desk = open_desk(good_account())
    desk.instead["metadata-catalog"] = Answer(404, encode({"o:errorDetails": [{"o:errorCode": "NOT_FOUND"}]}))
    problems, warnings = findings(desk.directory(wants=FOUND), MAPPING, FOUND)
    assert [sentence.partition(" tells of none")[0] for sentence in problems] == [
        "NetSuite's catalog of records"
    ]
    assert warnings == ()


def test_a_base_currency_that_cannot_be_read() -> None:
    account = good_account()
    account.role_lacks |= {"table:currency", "read:currency"}
    problems, _ = findings(open_desk(account).directory(wants=FOUND), MAPPING, FOUND)
    assert [sentence.partition(":")[0] for sentence in problems] == [
        "the role of the integration lacks the permission Lists > Currency",
        "the base currency of the account cannot be read",
    ]


@pytest.mark.parametrize(
    ("lost", "sentence", "is_problem"),
    [
        (
            "tranId",
            "NetSuite's credit memo has no field tranId here: it will have a number of NetSuite's own",
            False,
        ),
        ("externalId", "there is no field externalId here on NetSuite's credit memo:", True),
        ("memo", "there is no field memo here on NetSuite's credit memo:", True),
        ("apply", "there is no field apply here on NetSuite's credit memo:", True),
        ("item.amount", "there is no field item.amount here on NetSuite's credit memo:", True),
        ("taxDetailsOverride", "there is no field taxDetailsOverride here on NetSuite's credit memo:", True),
        (
            "item.taxDetailsReference",
            "there is no field item.taxDetailsReference here on NetSuite's credit memo",
            True,
        ),
    ],
)
def test_fields_that_a_form_leaves_out(lost: str, sentence: str, is_problem: bool) -> None:
    directory = open_desk(good_account()).directory(wants=FOUND)
    shown = directory.fields["creditMemo"] - {lost}
    directory.fields = {**directory.fields, "creditMemo": shown}
    problems, warnings = findings(directory, MAPPING, FOUND)
    told_of, others = (problems, warnings) if is_problem else (warnings, problems)
    assert len(told_of) == 1 and told_of[0].startswith(sentence) and others == ()


def test_a_warning_of_periods_that_cannot_be_read() -> None:
    account = good_account()
    account.role_lacks.add("suiteql")
    desk = open_desk(account)
    desk.instead["accountingPeriod"] = Answer(404, encode({"o:errorDetails": [{"o:errorCode": "NOT_FOUND"}]}))
    _, warnings = findings(desk.directory(wants=FOUND), MAPPING, FOUND)
    assert [
        sentence for sentence in warnings if sentence.startswith("which periods are closed cannot be read")
    ]
