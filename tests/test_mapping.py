"""Mapping files: what is read, what stands for what, and one sentence for all that is wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from connector.errors import InputError
from connector.planning.mapping_model import AccountMap, Mapping
from connector.settings.mapping import account_fault, load_mapping, mapping_schema

ROOT = Path(__file__).parent.parent

FULL = """\
accounts: {clearing: Stripe Clearing, receivable: Accounts Receivable (A/R), fees: Stripe Fees,
  exchange: Exchange Gain or Loss, sales: Sales, refunds: null, tax: Sales Tax Payable}
items:
  sales: {"*": Services, SKU-1: Widget, 007: 42}
  refunds: {"*": Refunds, SKU-1: Widget (not restocked)}
  exchange: null
taxes: {default: null, txr_123: TAX}
customers: {match: [email, stripe_id], create: no, default: Stripe customers}
payment_methods: {card: Credit Card, link: no, "*": null}
"""
BEANCOUNT = """\
accounts:
  clearing: Assets:Stripe:Clearing
  sales: Income:Sales
"""


def load(folder: Path, text: str, kind: str = "beancount") -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path, kind)


def test_a_full_mapping(tmp_path: Path) -> None:
    mapping = load(tmp_path, FULL, "quickbooks_online")
    assert mapping.kind == "quickbooks_online"
    assert mapping.clearing("usd") == mapping.clearing("JPY") == "Stripe Clearing"
    assert mapping.receivable("eur") == "Accounts Receivable (A/R)"
    assert (mapping.fees, mapping.exchange) == ("Stripe Fees", "Exchange Gain or Loss")
    assert (mapping.sales, mapping.refunds, mapping.tax) == ("Sales", None, "Sales Tax Payable")
    assert mapping.customer_match == ("email", "stripe_id")
    assert mapping.customer_create is False
    assert mapping.customer_default == "Stripe customers"
    assert mapping.exchange_item is None


@pytest.mark.parametrize(
    ("sku", "sold", "refunded", "named"),
    [
        ("SKU-1", "Widget", "Widget (not restocked)", "Widget (not restocked)"),
        ("007", "42", "Refunds", None),
        ("sku-1", "Services", "Refunds", None),
        ("*", "Services", "Refunds", None),
        (None, "Services", "Refunds", None),
    ],
)
def test_items_by_sku(
    tmp_path: Path, sku: str | None, sold: str | None, refunded: str | None, named: str | None
) -> None:
    mapping = load(tmp_path, FULL, "xero")
    assert (mapping.sales_item(sku), mapping.refund_item(sku)) == (sold, refunded)
    assert mapping.refund_item_named(sku) == named


def test_without_a_default_item_an_unknown_sku_has_none(tmp_path: Path) -> None:
    mapping = load(tmp_path, BEANCOUNT + 'items: {sales: {SKU-1: Widget, "*": null}}\n')
    assert mapping.sales_item("SKU-1") == "Widget"
    assert mapping.sales_item("SKU-2") is None
    assert mapping.sales_item(None) is None
    assert mapping.refund_item("SKU-1") is None
    assert mapping.names_item("SKU-1")
    assert not mapping.names_item("*")


def test_taxes_and_payment_methods(tmp_path: Path) -> None:
    mapping = load(tmp_path, FULL, "xero")
    assert (mapping.tax_code("txr_123"), mapping.tax_code("txr_9"), mapping.tax_code(None)) == (
        "TAX",
        None,
        None,
    )
    assert mapping.payment_method("card") == "Credit Card"
    assert mapping.payment_method("link") == "no"
    assert mapping.payment_method("klarna") is None
    text = BEANCOUNT + 'taxes: {default: GST, txr_0: null}\npayment_methods: {card: null, "*": Other}\n'
    mapping = load(tmp_path, text)
    assert (mapping.tax_code("txr_0"), mapping.tax_code("txr_9"), mapping.tax_code(None)) == (
        None,
        "GST",
        "GST",
    )
    assert (mapping.payment_method("card"), mapping.payment_method("klarna")) == (None, "Other")


def test_accounts_by_currency(tmp_path: Path) -> None:
    text = "accounts: {clearing: {usd: Assets:Stripe:USD, eur: Assets:Stripe:EUR}}\n"
    mapping = load(tmp_path, text)
    assert mapping.clearing("eur") == mapping.clearing("EUR") == "Assets:Stripe:EUR"
    assert mapping.clearing("gbp") is None
    assert mapping.receivable("eur") is None
    assert mapping.clearing_accounts.accounts() == ("Assets:Stripe:USD", "Assets:Stripe:EUR")
    assert AccountMap("Clearing").accounts() == ("Clearing",)


def test_what_may_be_left_out(tmp_path: Path) -> None:
    mapping = load(
        tmp_path, "accounts:\n  clearing: Assets:Stripe\n  sales:\nitems:\ntaxes:\npayment_methods:\n"
    )
    assert mapping == Mapping("beancount", AccountMap("Assets:Stripe"))
    assert mapping.customer_match == ("stripe_id", "email", "name")
    assert mapping.customer_create is True


def test_the_shipped_beancount_mapping() -> None:
    mapping = load_mapping(ROOT / "mappings/beancount.yaml", "beancount")
    assert mapping.clearing("usd") == "Assets:Stripe:Clearing"
    assert mapping.receivable("jpy") == "Assets:Accounts-Receivable"
    assert mapping.fees == "Expenses:Stripe-Fees"
    assert (mapping.sales, mapping.refunds, mapping.tax) == (
        "Income:Sales",
        None,
        "Liabilities:Sales-Tax-Payable",
    )
    for sku in ("SKU-MUG", "SKU-SHIRT", "SKU-PLAN-PRO", "SKU-PLAN-BASIC", "SKU-SETUP", "SKU-BOOK"):
        assert account_fault(mapping.sales_item(sku) or "") is None
    assert mapping.sales_item("SKU-NEW") == "Income:Sales"
    assert mapping.refund_item("SKU-NEW") is not None


def test_the_shipped_quickbooks_online_mapping() -> None:
    mapping = load_mapping(ROOT / "mappings/quickbooks_online.yaml", "quickbooks_online")
    assert mapping.clearing("usd") == "Stripe Clearing"
    assert mapping.receivable("eur") == "Accounts Receivable (A/R)"
    assert (mapping.fees, mapping.sales, mapping.refunds) == ("Stripe Fees", None, None)
    assert mapping.sales_item("SKU-NEW") == "Services"
    assert mapping.refund_item("SKU-NEW") == "Refunds"
    assert mapping.exchange_item is None
    assert (mapping.tax_default, mapping.taxes) == (None, {})
    assert mapping.customer_default == "Stripe customers"
    assert mapping.payment_method("card") is None


def test_the_examples_in_the_comments_of_the_quickbooks_online_mapping(tmp_path: Path) -> None:
    """Each line that somebody may take out of its comment is a right one, there where it stands."""
    text = (ROOT / "mappings/quickbooks_online.yaml").read_text(encoding="utf-8")
    told = re.sub(r"^    # (SKU-)", r"    \1", text, flags=re.MULTILINE)
    for old, new in (
        ("payment_methods: {", "payment_methods: {card: Credit Card, us_bank_account: ACH, "),
        ("taxes: {default: null}", "taxes: {default: 20.0% S, txr_1Q: 5.0% R}"),
        ("clearing: Stripe Clearing ", "clearing: {usd: Stripe Clearing, eur: Stripe Clearing EUR} "),
        (
            "receivable: Accounts Receivable (A/R) ",
            "receivable: {usd: Accounts Receivable (A/R), eur: Accounts Receivable (A/R) - EUR} ",
        ),
    ):
        assert told.count(old) == 1
        told = told.replace(old, new)
    mapping = load(tmp_path, told, "quickbooks_online")
    assert mapping.sales_item("SKU-MUG") == "Mugs:Blue mug"
    assert mapping.refund_item("SKU-MUG") == "Mug (not restocked)"
    assert mapping.clearing("eur") == "Stripe Clearing EUR"
    assert mapping.receivable("eur") == "Accounts Receivable (A/R) - EUR"
    assert (mapping.tax_code(None), mapping.tax_code("txr_1Q")) == ("20.0% S", "5.0% R")
    assert mapping.payment_method("us_bank_account") == "ACH"


def test_the_shipped_xero_mapping() -> None:
    mapping = load_mapping(ROOT / "mappings/xero.yaml", "xero")
    assert mapping.clearing("usd") == "Stripe Clearing"
    assert mapping.receivable("eur") == "Accounts Receivable"
    assert (mapping.fees, mapping.exchange) == ("Stripe Fees", "Exchange Gain or Loss")
    assert (mapping.sales, mapping.refunds, mapping.tax) == ("Sales", None, "Sales Tax")
    assert mapping.sales_item("SKU-NEW") == mapping.refund_item("SKU-NEW") == "Sales"
    assert mapping.exchange_item is None
    assert (mapping.tax_default, mapping.taxes) == (None, {})
    assert mapping.customer_default == "Stripe customers"
    assert mapping.payment_method("card") is None


def test_the_examples_in_the_comments_of_the_xero_mapping(tmp_path: Path) -> None:
    """Each line that somebody may take out of its comment is a right one, there where it stands."""
    text = (ROOT / "mappings/xero.yaml").read_text(encoding="utf-8")
    rates = "{default: 20% (VAT on Income), txr_1Q...: 5% (VAT on Income)}"
    clearing = "{usd: Stripe Clearing, eur: Stripe Clearing EUR}"
    assert text.count(rates) == text.count(clearing) == 1
    told = re.sub(r"^    # (SKU-)", r"    \1", text, flags=re.MULTILINE)
    for old, new in (
        ("taxes: {default: null}", f"taxes: {rates.replace('...', '')}"),
        ("clearing: Stripe Clearing ", f"clearing: {clearing} "),
    ):
        assert told.count(old) == 1
        told = told.replace(old, new)
    mapping = load(tmp_path, told, "xero")
    assert mapping.sales_item("SKU-MUG") == mapping.refund_item("SKU-MUG") == "MUG"
    assert mapping.clearing("eur") == "Stripe Clearing EUR"
    assert (mapping.tax_code(None), mapping.tax_code("txr_1Q")) == (
        "20% (VAT on Income)",
        "5% (VAT on Income)",
    )


def test_the_shipped_netsuite_mapping() -> None:
    mapping = load_mapping(ROOT / "mappings/netsuite.yaml", "netsuite")
    assert mapping.clearing("usd") == "Stripe Clearing"
    assert mapping.receivable("eur") == "Accounts Receivable"
    assert (mapping.fees, mapping.exchange) == ("Stripe Fees", "Exchange Gain or Loss")
    assert (mapping.sales, mapping.refunds, mapping.tax) == (None, None, "Sales Tax Payable")
    assert mapping.sales_item("SKU-NEW") == "Services"
    assert mapping.refund_item("SKU-NEW") == "Refunds"
    assert mapping.exchange_item is None
    assert (mapping.tax_default, mapping.taxes) == (None, {})
    assert mapping.customer_default == "Stripe customers"
    assert mapping.payment_method("card") is None


def test_the_examples_in_the_comments_of_the_netsuite_mapping(tmp_path: Path) -> None:
    """Each line that somebody may take out of its comment is a right one, there where it stands."""
    text = (ROOT / "mappings/netsuite.yaml").read_text(encoding="utf-8")
    rates = "{default: CA_7.25, txr_1Q...: EXEMPT}"
    clearing = "{usd: Stripe Clearing, eur: Stripe Clearing EUR}"
    methods = '{card: Stripe, us_bank_account: ACH, "*": null}'
    assert text.count(rates) == text.count(clearing) == text.count(methods) == 1
    told = re.sub(r"^    # (SKU-)", r"    \1", text, flags=re.MULTILINE)
    for old, new in (
        ("taxes: {default: null}", f"taxes: {rates.replace('...', '')}"),
        ("clearing: Stripe Clearing ", f"clearing: {clearing} "),
        ('payment_methods: {"*": null}', f"payment_methods: {methods}"),
    ):
        assert told.count(old) == 1
        told = told.replace(old, new)
    mapping = load(tmp_path, told, "netsuite")
    assert mapping.sales_item("SKU-MUG") == "Mugs:Blue mug"
    assert mapping.refund_item("SKU-MUG") == "Mug (not restocked)"
    assert mapping.clearing("eur") == "Stripe Clearing EUR"
    assert (mapping.tax_code(None), mapping.tax_code("txr_1Q")) == ("CA_7.25", "EXEMPT")
    assert mapping.payment_method("us_bank_account") == "ACH"


@pytest.mark.parametrize(
    "name", ["Assets:Stripe", "Income:Sales:2026", "Expenses:Stripe-Fees", "Liabilities:Été", "Equity:A1-b"]
)
def test_beancount_accounts(name: str) -> None:
    assert account_fault(name) is None


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Stripe Clearing", "must begin with Assets, Liabilities, Equity, Income, Expenses and a :"),
        ("Asset:Stripe", "(did you mean Assets?)"),
        ("assets:Stripe", "(did you mean Assets?)"),
        ("Assets", "needs a part after Assets, as in Assets:Stripe"),
        ("Assets:", "each part must begin with a capital letter or a digit, and '' does not"),
        ("Assets::Stripe", "and '' does not"),
        ("Assets:stripe", "and 'stripe' does not"),
        ("Assets:-Stripe", "and '-Stripe' does not"),
        (
            "Assets:Stripe Clearing",
            "a part may hold letters, digits and - only, and 'Stripe Clearing' holds more",
        ),
        ("Assets:Stripe_Clearing", "holds more"),
        ("Assets:Stripe\n", "holds more"),
    ],
)
def test_names_that_are_no_beancount_accounts(name: str, what: str) -> None:
    assert what in (account_fault(name) or "")


BAD = [  # the file, the sentence (or its beginning)
    ("accounts: {clearing: a: b}", '1:23: accounts.clearing: a "," or a closing bracket is missing'),
    ("items: {}", "1:1: accounts: is missing"),
    ("accounts: {sales: Income:Sales}", "1:1: accounts.clearing: is missing"),
    ("accounts: {clearing: }", "1:12: accounts.clearing: must be an account, or one for each currency"),
    ("accounts: {clearing: {}}", "1:12: accounts.clearing: must be an account, or one for each currency"),
    ("accounts: {clearing: [a]}", "1:12: accounts.clearing: must be an account, or one for each currency"),
    ("accounts: {clearing: {usd: }}", "1:23: accounts.clearing.usd: must be text, and is empty"),
    (
        "accounts: {clearing: {USD: Assets:S}}",
        "1:23: accounts.clearing.USD: a currency is three lower-case letters",
    ),
    ("accounts: {clearing: Stripe}", "1:12: accounts.clearing: 'Stripe' must begin with Assets, Liabilities"),
    (
        "accounts: {clearing: {usd: Assets:x}}",
        "1:23: accounts.clearing.usd: 'Assets:x': each part must begin",
    ),
    ("accounts: {clearing: 1.10}", "1:22: accounts.clearing: a number with a decimal point"),
    (BEANCOUNT + "  fee: Expenses:X\n", "4:3: accounts.fee: is not a known key (did you mean fees?)"),
    (BEANCOUNT + "  fees: no\n", "4:3: accounts.fees: 'no' must begin with Assets"),
    (
        BEANCOUNT + "  fees: true\n",
        "4:3: accounts.fees: must be text; true and false as text must stand in quotes",
    ),
    (BEANCOUNT + "  sales: Income:X\n", "4:3: accounts.sales: is written twice (first on line 3)"),
    (BEANCOUNT + "items: {sale: {}}\n", "4:9: items.sale: is not a known key (did you mean sales?)"),
    (BEANCOUNT + "items: {sales: Widget}\n", "4:9: items.sales: must be a group of `key: value` lines"),
    (BEANCOUNT + "items: {sales: {SKU-1: }}\n", "4:17: items.sales.SKU-1: must be text, and is empty"),
    (BEANCOUNT + "items: {sales: {SKU-1: [a]}}\n", "4:17: items.sales.SKU-1: must be text"),
    (
        BEANCOUNT + "items: {sales: {*: a}}\n",
        "4:18: items.sales: a text that begins with * must stand in quotes",
    ),
    (
        BEANCOUNT + "items: {sales: {A: Income:x}}\n",
        "4:17: items.sales.A: 'Income:x': each part must begin with a",
    ),
    (
        BEANCOUNT + "items: {sales: {A: Incom:X}}\n",
        "4:17: items.sales.A: 'Incom:X' must begin with Assets, Liab",
    ),
    (
        BEANCOUNT + "taxes: {txr_1: Liabilities:x}\n",
        "4:9: taxes.txr_1: 'Liabilities:x': each part must begin",
    ),
    (
        BEANCOUNT + "taxes: {defualt: x}\n",
        "4:9: taxes.defualt: must be default or the id of a Stripe tax rate (txr_...) "
        "(did you mean default?)",
    ),
    (BEANCOUNT + "customers: {match: email}\n", "4:13: customers.match: must be a list, as in [a, b]"),
    (
        BEANCOUNT + "customers: {match: [mail]}\n",
        "4:21: customers.match[0]: 'mail' is not one of stripe_id, email, name (did you mean email?)",
    ),
    (BEANCOUNT + "customers: {match: [email, email]}\n", "4:13: customers.match: names one key twice"),
    (BEANCOUNT + "customers: {create: perhaps}\n", "4:13: customers.create: must be true or false"),
    (
        BEANCOUNT + "payment_methods: {Card: a}\n",
        "4:19: payment_methods.Card: must be Stripe's word for a method, such "
        'as card or us_bank_account, or "*" (did you mean card?)',
    ),
    (BEANCOUNT + "payment_methods: {card: [a]}\n", "4:19: payment_methods.card: must be text"),
    (
        BEANCOUNT + "payment_method: {}\n",
        "4:1: payment_method: is not a known key (did you mean payment_methods?)",
    ),
]


@pytest.mark.parametrize(
    ("text", "sentence"), BAD, ids=[case[0].removeprefix(BEANCOUNT)[:40] for case in BAD]
)
def test_what_is_wrong_is_told_with_file_line_and_key(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    told = str(caught.value)
    assert told.startswith(f"{tmp_path}/mapping.yaml:{sentence}")
    assert "\n" not in told


def test_plain_names_may_hold_a_colon_and_other_ledgers_have_names_of_their_own(tmp_path: Path) -> None:
    mapping = load(tmp_path, BEANCOUNT + 'items: {sales: {A: "Widget: large", B: "Kit:2"}}\n')
    assert (mapping.sales_item("A"), mapping.sales_item("B")) == ("Widget: large", "Kit:2")
    mapping = load(tmp_path, "accounts: {clearing: 1150040000, sales: Income:x}\n", "quickbooks_online")
    assert (mapping.clearing("usd"), mapping.sales) == ("1150040000", "Income:x")


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, BEANCOUNT + "  fees: x\n  fee: y\ncustomers: {create: 5}\n")
    keys = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert keys == ["accounts.fees", "accounts.fee", "customers.create"]


def test_a_mapping_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: there is no such file"):
        load_mapping(tmp_path / "none.yaml", "beancount")


def test_the_schema_is_plain_json() -> None:
    schema = json.loads(json.dumps(mapping_schema()))
    assert schema["required"] == ["accounts"]
    assert schema["additionalProperties"] is False
    assert schema["$defs"]["AccountsSection"]["required"] == ["clearing"]
