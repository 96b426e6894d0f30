"""What `check` tells of an organisation in Xero: each thing that does not fit is one sentence, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from small_books import MAPPINGS
from vendors.xero import Organisation, write
from xero_books import xero
from xero_survey import MAPPING, WANTS, Desk, change, find, good_organisation

from connector.cli.root import run
from connector.ledgers.contract import run_steps
from connector.ledgers.xero import XeroLedger
from connector.planning.mapping_model import AccountMap
from connector.settings.mapping import load_mapping

Change = Callable[[Organisation], object]
MEMO, CARD, PAYOUT, RECEIPT = "credit_memo", "credit_card_refund", "refund_payout", "refund_receipt"
OWNER = {"clearing_accounts": AccountMap("Owner's Funds")}
# What is done with a clearing account that takes payments and is no bank account.
PAYMENTS_ONLY = {"fees": False, "types": frozenset({MEMO, CARD, PAYOUT, "void"}), "sales": "find"}
NO_RECEIPTS = {"types": frozenset({MEMO, CARD, PAYOUT}), "sales": "find"}
EUROS = {"currencies": ("EUR",)}


@dataclass(frozen=True)
class Case:
    """What is otherwise than where all is right, and the words of the one sentence about it."""

    problem: bool
    words: tuple[str, ...]
    change: Change = lambda organisation: None
    mapping: dict[str, Any] = field(default_factory=dict)
    wants: dict[str, Any] = field(default_factory=dict)
    organisation: dict[str, Any] = field(default_factory=dict)
    contact: bool = True


def problem(*words: str, **more: Any) -> Case:
    return Case(True, words, **more)


def warning(*words: str, **more: Any) -> Case:
    return Case(False, words, **more)


def mapped(**mapping: Any) -> dict[str, Any]:
    return {"mapping": mapping}


def two_clearing(
    usd: str = "Stripe Clearing", eur: str = "Stripe Euro", gains: bool = True
) -> dict[str, Any]:
    more = {"exchange": "Realised Currency Gains"} if gains else {}
    return {"clearing_accounts": AccountMap(None, {"usd": usd, "eur": eur}), **more}


def euro_bank(organisation: Organisation) -> None:
    organisation.open_account("Stripe Euro", currency="EUR")


def without(kind: str, name: str, *fields: str) -> Change:
    """Somebody takes fields of an object out."""

    def take(organisation: Organisation) -> None:
        change(organisation, kind, name, **dict.fromkeys(fields))

    return take


def other(kind: str, name: str, **values: Any) -> Change:
    return lambda organisation: change(organisation, kind, name, **values)


def archived(name: str, kind: str = "Accounts") -> Change:
    return other(kind, name, Status="ARCHIVED")


def archived_namesake(organisation: Organisation) -> None:
    """An account of the same name was archived before."""
    row = organisation.open_account("Stripe Fees", "EXPENSE", "998")
    organisation.set("Accounts", row["AccountID"], Status="ARCHIVED")


def no_rate_of_zero(organisation: Organisation) -> None:
    change(organisation, "TaxRates", "NONE", Status="ARCHIVED")


def zero_rate_for_sales(organisation: Organisation) -> None:
    """The only rate of 0% is one for sales, as in a country that knows no NONE."""
    no_rate_of_zero(organisation)
    change(organisation, "TaxRates", "OUTPUT2", EffectiveRate=0)


def two_pens(organisation: Organisation) -> None:
    for code in ("BOOK", "MUG"):
        change(organisation, "Items", code, Name="Pen")


def locked(**days: str) -> Change:
    def lock(organisation: Organisation) -> None:
        for name, day in days.items():
            setattr(organisation, name, day)

    return lock


CASES: dict[str, Case] = {
    # clearing
    "clearing that is not there": problem(
        'accounts.clearing: there is no account "Stripe" in Xero', "make it", **mapped(clearing_accounts=AccountMap("Stripe"))
    ),
    "clearing that is archived": problem(
        'accounts.clearing: account "Stripe Clearing" is archived', change=archived("Stripe Clearing")
    ),
    "clearing of another type": problem(
        'accounts.clearing: "Prepayments held" is of the type Current Liability: name a bank account',
        **mapped(clearing_accounts=AccountMap("Prepayments held")),
    ),
    "clearing of another type, and nothing is spent": problem(
        '"Prepayments held"', "or enable payments to it",
        **mapped(clearing_accounts=AccountMap("Prepayments held")), wants=PAYMENTS_ONLY,
    ),
    "no bank account and receipts": problem(
        'accounts.clearing: "Owner\'s Funds" takes payments but is no bank account', "these need: refund_receipt;",
        mapping=OWNER, wants={**PAYMENTS_ONLY, "types": frozenset({MEMO, CARD, RECEIPT})},
    ),
    "no bank account and reopened invoices": problem(
        "these need: reopen_invoice;", mapping=OWNER, wants={**PAYMENTS_ONLY, "types": frozenset({"reopen_invoice"})}
    ),
    "no bank account and fees": problem(
        "these need: Stripe's fees;", mapping=OWNER, wants={**PAYMENTS_ONLY, "fees": True}
    ),
    "no bank account and sales receipts": problem(
        "these need: sales receipts;", mapping=OWNER, wants={**PAYMENTS_ONLY, "sales": "sales_receipt"}
    ),
    "no bank account, and payments only": warning(
        'accounts.clearing: "Owner\'s Funds"', "credit notes are paid out of it", "refused by Xero",
        mapping=OWNER, wants=PAYMENTS_ONLY,
    ),
    "clearing in another currency": problem(
        'accounts.clearing.eur: "Business Bank" is kept in USD: name a bank account in EUR',
        mapping=two_clearing(eur="Business Bank"), organisation=EUROS, wants=NO_RECEIPTS,
    ),
    "a home currency that is kept elsewhere": problem(
        'accounts.clearing.usd: "Stripe Euro" is kept in EUR',
        change=euro_bank, mapping=two_clearing(usd="Stripe Euro"), organisation=EUROS, wants=NO_RECEIPTS,
    ),
    "a currency that is not subscribed to": warning(
        "accounts.clearing.eur: the organisation is not subscribed to EUR", "add the currency",
        mapping=two_clearing(eur="Business Bank", gains=False),
    ),
    # receivable, fees, sales, refunds, tax
    "receivable that is not there": problem(
        'accounts.receivable: there is no account "A/R"', **mapped(receivable_accounts=AccountMap("A/R"))
    ),
    "another receivable": problem(
        'accounts.receivable: Xero keeps what customers owe on "Accounts Receivable"', '"Business Bank"',
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
        'accounts.fees: "Sales" is of the type Revenue: name an expense account', **mapped(fees="Sales")
    ),
    "fees on an account of Xero's own": problem(
        'accounts.fees: "Realised Currency Gains" is an account that Xero alone posts to',
        **mapped(fees="Realised Currency Gains"),
    ),
    "fees without a code": problem(
        'accounts.fees: "Stripe Fees" has no code', "give it one", change=without("Accounts", "Stripe Fees", "Code")
    ),
    "sales of another type": problem(
        'accounts.sales: "Stripe Fees" is of the type Expense: name a revenue account', **mapped(sales="Stripe Fees")
    ),
    "sales that are archived": problem('accounts.sales: account "Old Sales" is archived', **mapped(sales="Old Sales")),
    "sales that are archived, and not posted": warning(
        'accounts.sales: account "Old Sales" is archived', **mapped(sales="Old Sales"), wants={"sales": "find"}
    ),
    "refunds of another type": problem(
        'accounts.refunds: "Stripe Clearing" is of the type Bank', "a revenue account", **mapped(refunds="Stripe Clearing")
    ),
    "refunds without a code": problem(
        'accounts.refunds: "Refunds" has no code', **mapped(refunds="Refunds", refund_items={"*": "BOOK"}),
        change=without("Accounts", "Refunds", "Code"),
    ),
    "refunds that are off": warning(
        "accounts.refunds", "of the type Bank", **mapped(refunds="Stripe Clearing"), wants={"types": frozenset({CARD})}
    ),
    "another account of sales tax": problem(
        'accounts.tax: Xero books sales tax on "Sales Tax" by itself', '"Accounts Payable"', **mapped(tax="Accounts Payable")
    ),
    "sales tax that is not there": problem('accounts.tax: there is no account "VAT"', **mapped(tax="VAT")),
    # exchange
    "exchange of another type": problem(
        'accounts.exchange: "Business Bank" is of the type Bank: name an income or expense account',
        **mapped(exchange="Business Bank"),
    ),
    "exchange on an account of Xero's own": problem(
        'accounts.exchange: "Realised Currency Gains" is an account that Xero alone posts to',
        **mapped(exchange="Realised Currency Gains"),
    ),
    "exchange without a code": problem(
        'accounts.exchange: "Exchange Gain or Loss" has no code', change=without("Accounts", "Exchange Gain or Loss", "Code")
    ),
    "exchange that Xero books": warning(
        'accounts.exchange: Xero itself books', 'on "Realised Currency Gains"', 'on "Exchange Gain or Loss"',
        "name that, and a plan shows it", organisation=EUROS, wants=NO_RECEIPTS,
    ),
    "exchange that Xero books, beside receipts": warning(
        'accounts.exchange: Xero itself books', "receipts book it where you named", organisation=EUROS
    ),
    "exchange that Xero books, named for receipts": warning(
        "accounts.exchange", "a refund_receipt whose rate moved", organisation=EUROS,
        **mapped(exchange="Realised Currency Gains"),
    ),
    # items
    "an item that is not there": problem(
        'items.sales.SKU-1: there is no item or account "Gadget" in Xero', "make it",
        **mapped(sales_items={"*": "Sales", "SKU-1": "Gadget"}),
    ),
    "an item that is not there, where sales are found": warning(
        'items.sales.SKU-1: there is no item or account "Gadget"',
        **mapped(sales_items={"SKU-1": "Gadget"}), wants={"sales": "find"},
    ),
    "an item that is not sold": problem(
        'items.sales.*: "SAME-AS-SENT" has no sales account', **mapped(sales=None, sales_items={"*": "SAME-AS-SENT"})
    ),
    "an item whose account is archived": problem(
        'items.sales.*: "BOOK" is sold to account 299, which is archived',
        **mapped(sales_items={"*": "BOOK"}), change=other("Items", "BOOK", SalesDetails={"AccountCode": "299"}),
    ),
    "a name of several items": problem(
        'items.sales.*: "Pen" is the name of several (BOOK, MUG)', "write the code", change=two_pens,
        **mapped(sales_items={"*": "Pen"}),
    ),
    "an account in the place of an item, of another type": problem(
        'items.sales.*: "Stripe Fees" is of the type Expense', **mapped(sales_items={"*": "Stripe Fees"})
    ),
    "an account in the place of an item, archived": problem(
        'items.sales.*: account "Old Sales" is archived', **mapped(sales_items={"*": "Old Sales"})
    ),
    "no item for any other SKU": warning(
        'items.sales has no "*"', "item_not_mapped", **mapped(sales_items={"SKU-1": "BOOK"})
    ),
    "no item at all": problem('items.sales has no "*"', **mapped(sales_items={})),
    "no item for refunds": warning('items.refunds has no "*"', "item_not_mapped", **mapped(refund_items={})),
    "an item for refunds that is not there": problem(
        'items.refunds.*: there is no item or account "Returns"', **mapped(refund_items={"*": "Returns"})
    ),
    "an item for refunds that are off": warning(
        'items.refunds.*: there is no item or account "Returns"',
        **mapped(refund_items={"*": "Returns"}), wants={"types": frozenset({CARD})},
    ),
    "a tracked item for any refund": problem(
        'items.refunds.*: the inventory of "MUG" is tracked', "must not move it", **mapped(refund_items={"*": "MUG"})
    ),
    "a tracked item for refunds of a SKU": warning(
        'items.refunds.SKU-MUG: the inventory of "MUG" is tracked', "back on stock",
        **mapped(refund_items={"*": "Refunds", "SKU-MUG": "MUG"}),
    ),
    "an item for exchange": warning("items.exchange", 'take "BOOK" out', **mapped(exchange_item="BOOK")),
    # tax rates
    "a tax rate that is not there": problem(
        'taxes.txr_1: there is no tax rate "Reduced" in Xero', **mapped(taxes={"txr_1": "Reduced"})
    ),
    "a tax rate that is archived": problem(
        'taxes.default: tax rate "Old Tax" is archived', **mapped(tax_default="Old Tax")
    ),
    "a tax rate for purchases": problem(
        'taxes.txr_1: tax rate "INPUT" cannot be used on revenue accounts', **mapped(taxes={"txr_1": "INPUT"})
    ),
    "no tax rate for what bears none": problem(
        "Xero has no active tax rate of 0% for revenue", change=no_rate_of_zero, **mapped(taxes={})
    ),
    "no tax rate for fees": problem(
        '("Higher Tax on Sales" cannot)', "Stripe's fees need one", change=zero_rate_for_sales, **mapped(taxes={})
    ),
    "no default tax rate": warning(
        "taxes.default names no tax rate", "default tax rate of its account in Xero", **mapped(tax_default=None)
    ),
    "no default tax rate, and none in Xero": warning(
        "taxes.default names no tax rate", '; "Sales" has none, and tax on it will be refused',
        **mapped(tax_default=None), change=other("Accounts", "Sales", TaxType="NONE"),
    ),
    "no default tax rate, and an archived one in Xero": warning(
        '; "Sales" has none', **mapped(tax_default=None), change=other("Accounts", "Sales", TaxType="TAX002")
    ),
    "no default tax rate, and nothing in Xero": warning(
        '; "Sales" has none', **mapped(tax_default=None), change=without("Accounts", "Sales", "TaxType")
    ),
    "no default tax rate, and none of an item's account": warning(
        '; "Other Revenue" has none', **mapped(tax_default=None, sales_items={"*": "CALL", "SKU-BOOK": "BOOK"}),
        change=other("Accounts", "Other Revenue", TaxType="NONE"),
    ),
    "no default tax rate, and none of an item without account": warning(
        '; "Sales" has none', **mapped(tax_default=None, sales_items={"*": "SAME-AS-SENT"}),
        change=other("Accounts", "Sales", TaxType="NONE"),
    ),
    # the rest
    "a contact that is not there": warning(
        'customers.default: there is no contact "Stripe customers" in Xero', "of which Stripe knows no name", contact=False
    ),
    "a contact that is not there, and none is made": warning(
        "customers.default: there is no contact", "to contacts that are not in Xero", contact=False,
        **mapped(customer_create=False),
    ),
    "no contact": warning("customers.default names nobody", "customer_not_found", **mapped(customer_default=None)),
    "a payment method": warning(
        "payment_methods (card) is not used", "take it out", **mapped(payment_methods={"card": "Visa", "*": None})
    ),
    "a lock date": warning(
        "locked up to 31 December 2025", "refunds.period_closed", change=locked(period_lock="2025-12-31")
    ),
    "two lock dates": warning(
        "locked up to 31 March 2026", change=locked(period_lock="2026-03-31", year_lock="2025-12-31")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_finding_is_one_sentence(name: str) -> None:
    case = CASES[name]
    found = told(case)
    sentences = found["problems" if case.problem else "warnings"]
    assert len(sentences) == 1 and sum(map(len, found.values())) == 1, found
    for words in case.words:
        assert words in sentences[0]


def told(case: Case) -> dict[str, list[str]]:
    organisation = good_organisation(**case.organisation)
    case.change(organisation)
    return find(
        organisation, replace(MAPPING, **case.mapping), replace(WANTS, **case.wants), contact=case.contact
    )


TAKES_DEFAULT = (
    "taxes.default names no tax rate: a line with tax takes the default tax rate of its account in Xero"
)


@pytest.mark.parametrize("sales", [None, "Nowhere"])
def test_of_accounts_that_are_not_there_no_tax_rate_is_told(sales: str | None) -> None:
    mapping = replace(MAPPING, tax_default=None, sales=sales, sales_items={"*": "SAME-AS-SENT"})
    assert find(good_organisation(), mapping)["warnings"] == [TAKES_DEFAULT]


def test_the_tax_rates_of_accounts_that_have_one_are_not_told() -> None:
    assert find(good_organisation(), replace(MAPPING, tax_default=None))["warnings"] == [TAKES_DEFAULT]


NOTHING_TO_TELL: dict[str, Case] = {
    "all is right": Case(True, ()),
    "sales are found, and nothing is mapped for them": Case(
        True, (), wants={"sales": "find"}, mapping={"taxes": {}, "tax_default": None, "customer_default": None,
                                                   "sales_items": {}, "sales": None}, contact=False,
    ),
    "codes in the place of names": Case(
        True, (), mapping={"fees": "404", "sales": "200", "sales_items": {"*": "260"}, "tax": "820",
                           "receivable_accounts": AccountMap("610"), "clearing_accounts": AccountMap("090")}
    ),
    "capitals do not matter": Case(True, (), mapping={"fees": "stripe FEES", "tax_default": "tax on sales"}),
    "an archived account of the same name": Case(True, (), change=archived_namesake),
    "overheads and direct costs": Case(True, (), mapping={"fees": "Cost of Goods Sold"}),
    "exchange among the income": Case(True, (), mapping={"exchange": "Other Revenue"}),
    "an account that gathers refunds": Case(True, (), mapping={"refunds": "Refunds"}),
    "two currencies, each with its account": Case(
        True, (), change=euro_bank, mapping=two_clearing(), organisation=EUROS, wants=NO_RECEIPTS
    ),
    "an item without an account, and one for sales": Case(True, (), mapping={"sales_items": {"*": "SAME-AS-SENT"}}),
    "a tracked item for sales": Case(True, (), mapping={"sales_items": {"*": "MUG"}}),
    "no tax rate for fees, and fees are not booked": Case(
        True, (), change=zero_rate_for_sales, mapping={"taxes": {}}, wants={"fees": False}
    ),
    "nothing on receivable": Case(
        True, (), mapping={"receivable_accounts": AccountMap()}, wants={"types": frozenset({RECEIPT})}
    ),
    "one receivable for each currency, and it is the same": Case(
        True, (), mapping={"receivable_accounts": AccountMap(None, {"usd": "610", "eur": "Accounts Receivable"})}
    ),
    "no account of sales tax where none is charged": Case(True, (), mapping={"tax": None}),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING_TO_TELL)
def test_nothing_is_told_where_all_is_right(name: str) -> None:
    assert told(NOTHING_TO_TELL[name]) == {"problems": [], "warnings": []}


def test_the_shipped_mapping_fits_a_new_organisation() -> None:
    """What the comments of the mapping ask for is made: nothing is left to be told."""
    mapping = load_mapping(MAPPINGS / "xero.yaml", "xero")
    wants = replace(WANTS, sales="find")
    assert find(good_organisation(), mapping, wants) == {"problems": [], "warnings": []}


def test_the_shipped_mapping_where_sales_are_posted() -> None:
    """Then the tax rates are still to be named, and nothing else is."""
    found = find(good_organisation(), load_mapping(MAPPINGS / "xero.yaml", "xero"))
    assert found["problems"] == []
    assert [sentence.split(" ")[0] for sentence in found["warnings"]] == ["taxes.default"]


def test_the_contact_without_a_name_is_asked_for_only_where_sales_are_posted() -> None:
    organisation = good_organisation()
    desk = Desk(organisation)

    def warnings(sales: str) -> tuple[str, ...]:
        return run_steps(XeroLedger(MAPPING, replace(WANTS, sales=sales)).survey(), desk).warnings

    assert warnings("find") == ()
    assert [sentence.split(":")[0] for sentence in warnings("sales_receipt")] == ["customers.default"]
    write(organisation, "Contacts", {"Name": "Stripe customers"})
    assert warnings("sales_receipt") == ()


def test_the_command_tells_them_with_the_name_of_the_ledger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with xero(tmp_path, sales="find") as (made, shop):
        shop.write()
        assert run(["check", "-c", str(made.config)]) == 0
        assert "ledger main (Acme Books) can be used" in capsys.readouterr().out
        change(made.organisation, "Accounts", "Stripe Clearing", Status="ARCHIVED")
        made.organisation.period_lock = "2025-12-31"
        assert run(["check", "-c", str(made.config)]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert 'Problem: ledger main: accounts.clearing: account "Stripe Clearing" is archived' in shown.err
        assert "Warning: ledger main: the books are locked up to 31 December 2025" in shown.err
