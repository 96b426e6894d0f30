"""Mapping files: which account, item, tax code and payment method of a ledger stands for what at Stripe."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo, WithJsonSchema

from connector.planning.mapping_model import ANY, AccountMap, Mapping
from connector.settings.problems import settings_errors
from connector.settings.values import Strict, Text, Truth
from connector.settings.yaml_lines import load_yaml, suggest

BEANCOUNT_ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")

_EVERY = "\0"  # no file can hold this character, so it is no currency
_CURRENCY = re.compile(r"[a-z]{3}")
_STRIPE_WORD = re.compile(r"[a-z][a-z0-9_]*")
_TAX_RATE = re.compile(r"txr_[A-Za-z0-9_]+")


def account_fault(name: str) -> str | None:
    """What is wrong with a full Beancount account name, or None (beancount: core/account.py)."""
    root, *rest = name.split(":")
    if root not in BEANCOUNT_ROOTS:
        return (
            f"{name!r} must begin with {', '.join(BEANCOUNT_ROOTS)} and a :{suggest(root, BEANCOUNT_ROOTS)}"
        )
    if not rest:
        return f"{name!r} needs a part after {root}, as in {root}:Stripe"
    for part in rest:
        kinds = [unicodedata.category(character) for character in part]
        if not kinds or kinds[0] not in ("Lu", "Nd"):
            return f"{name!r}: each part must begin with a capital letter or a digit, and {part!r} does not"
        if any(
            kind[0] != "L" and kind != "Nd" and letter != "-"
            for kind, letter in zip(kinds, part, strict=True)
        ):
            return f"{name!r}: a part may hold letters, digits and - only, and {part!r} holds more"
    return None


def _account(value: str, info: ValidationInfo) -> str:
    if info.context is not None and info.context["kind"] == "beancount" and (fault := account_fault(value)):
        raise ValueError(fault)
    return value


def _item(value: str, info: ValidationInfo) -> str:
    """A plain name, or for Beancount an account name; one that was meant as an account must be right."""
    root, colon, rest = value.partition(":")
    meant = colon and rest[:1].strip() and (root in BEANCOUNT_ROOTS or suggest(root, BEANCOUNT_ROOTS))
    return _account(value, info) if meant else value


def _by_currency(value: Any) -> Any:
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return {_EVERY: value}
    if not isinstance(value, dict) or not value:
        raise ValueError("must be an account, or one for each currency, as in {usd: ..., eur: ...}")
    return value


def _currency(code: str) -> str:
    if code != _EVERY and not _CURRENCY.fullmatch(code):
        near = f" (did you mean {code.lower()}?)" if _CURRENCY.fullmatch(code.lower()) else ""
        raise ValueError(f"a currency is three lower-case letters, such as usd{near}")
    return code


def _tax_rate(rate: str) -> str:
    if rate != "default" and not _TAX_RATE.fullmatch(rate):
        raise ValueError(
            f"must be default or the id of a Stripe tax rate (txr_...){suggest(rate, ['default'])}"
        )
    return rate


def _method(word: str) -> str:
    if word != ANY and not _STRIPE_WORD.fullmatch(word):
        near = f" (did you mean {word.lower()}?)" if _STRIPE_WORD.fullmatch(word.lower()) else ""
        raise ValueError(
            f'must be Stripe\'s word for a method, such as card or us_bank_account, or "*"{near}'
        )
    return word


def _without_null_default(items: Any) -> Any:
    """`"*": null` says that there is no default item."""
    if isinstance(items, dict) and ANY in items and items[ANY] is None:
        return {sku: item for sku, item in items.items() if sku != ANY}
    return items


def _each_once(keys: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(keys)) < len(keys):
        raise ValueError("names one key twice")
    return keys


CustomerMatch = Annotated[tuple[Literal["stripe_id", "email", "name"], ...], AfterValidator(_each_once)]
Account = Annotated[Text, AfterValidator(_account)]
Item = Annotated[Text, AfterValidator(_item)]
Items = Annotated[dict[str, Item], BeforeValidator(_without_null_default)]
_ACCOUNT_MAP_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]{3}$"},
            "additionalProperties": {"type": "string"},
        },
    ]
}
Accounts = Annotated[
    dict[Annotated[str, AfterValidator(_currency)], Account],
    BeforeValidator(_by_currency),
    WithJsonSchema(_ACCOUNT_MAP_SCHEMA),
]


class AccountsSection(Strict):
    clearing: Accounts  # by currency, or under `_EVERY` for all
    receivable: Accounts = Field(default_factory=dict)
    fees: Account | None = None
    exchange: Account | None = None
    sales: Account | None = None
    refunds: Account | None = None
    tax: Account | None = None


class ItemsSection(Strict):
    sales: Items = Field(default_factory=dict)
    refunds: Items = Field(default_factory=dict)
    exchange: Item | None = None


class CustomersSection(Strict):
    match: CustomerMatch = ("stripe_id", "email", "name")
    create: Truth = True
    default: Text | None = None


class MappingFile(Strict):
    accounts: AccountsSection
    items: ItemsSection = ItemsSection()
    taxes: dict[Annotated[str, AfterValidator(_tax_rate)], Item | None] = Field(default_factory=dict)
    customers: CustomersSection = CustomersSection()
    payment_methods: dict[Annotated[str, AfterValidator(_method)], Text | None] = Field(default_factory=dict)


def load_mapping(path: Path, kind: str) -> Mapping:
    """Read and check the mapping file of a ledger of this kind; `InputError` tells all that is wrong."""
    document = load_yaml(path)
    try:
        file = MappingFile.model_validate(document.data, context={"kind": kind})
    except ValidationError as error:
        raise settings_errors(document, error) from None
    accounts, items, customers = file.accounts, file.items, file.customers
    return Mapping(
        kind=kind,
        clearing_accounts=_account_map(accounts.clearing),
        receivable_accounts=_account_map(accounts.receivable),
        fees=accounts.fees,
        exchange=accounts.exchange,
        sales=accounts.sales,
        refunds=accounts.refunds,
        tax=accounts.tax,
        sales_items=items.sales,
        refund_items=items.refunds,
        exchange_item=items.exchange,
        taxes={rate: code for rate, code in file.taxes.items() if rate != "default"},
        tax_default=file.taxes.get("default"),
        customer_match=customers.match,
        customer_create=customers.create,
        customer_default=customers.default,
        payment_methods=file.payment_methods,
    )


def _account_map(accounts: dict[str, str]) -> AccountMap:
    return AccountMap(accounts[_EVERY]) if _EVERY in accounts else AccountMap(None, accounts)


def mapping_schema() -> dict[str, Any]:
    """The JSON Schema of a mapping file."""
    schema = MappingFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Mapping file"}
