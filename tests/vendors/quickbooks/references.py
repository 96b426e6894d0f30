"""What a document refers to: objects of the lists, the currency and its rate."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks.refusals import business, invalid_reference, made_inactive, missing_parameter
from vendors.quickbooks.wire import Json, decimal, ref

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

_ONE = Decimal(1)
RECEIVABLE = "Accounts Receivable"
# What may take the money of a sale or a payment, or give that of a refund.
_MONEY_TYPES = frozenset({"Bank", "Other Current Asset"})


def name_of(kind: str, one: Json) -> str:
    return str(one["DisplayName"] if kind == "Customer" else one["Name"])


def referred(company: Company, kind: str, given: Json, field: str) -> Json:
    """The object that `given` points at; 2500 where there is none, 610 where it was made inactive."""
    if not isinstance(given, dict) or "value" not in given:
        raise missing_parameter(f"{field}.value")
    one = company.shelf.get(kind, given["value"])
    if one is None:
        raise invalid_reference(kind, given["value"])
    if one.get("Active") is False:
        raise made_inactive(kind)
    return one


def fill(company: Company, record: Json, **kinds: str) -> None:
    """Each field that is given is checked and gets its name; `kinds` says what each one points at."""
    for field, kind in kinds.items():
        if field in record:
            one = referred(company, kind, record[field], field)
            record[field] = ref(one["Id"], name_of(kind, one))


def fill_tracking(company: Company, record: Json, class_preference: str) -> None:
    """ClassRef and DepartmentRef, as far as the preferences allow them here."""
    allowed = {
        "ClassRef": ("Class", company.class_tracking(class_preference)),
        "DepartmentRef": ("Department", bool(company.preference("AccountingInfoPrefs", "TrackDepartments"))),
    }
    for field, (kind, on) in allowed.items():
        if field not in record:
            continue
        if on:
            fill(company, record, **{field: kind})
        elif company.moods.unused_class == "ignored":
            del record[field]
        else:
            raise business(f"{field} is given, but the company does not use it here")


def money_account(company: Company, given: Json, field: str, currency: str) -> Json:
    """A filled reference to a bank or other current asset account that may hold the currency."""
    account = referred(company, "Account", given, field)
    if account["AccountType"] not in _MONEY_TYPES:
        raise business(f"{field} must be a Bank or Other Current Asset account, not {account['AccountType']}")
    check_currency_of(company, account, currency)
    return ref(account["Id"], account["Name"])


def check_currency_of(company: Company, account: Json, currency: str) -> None:
    """An account of the home currency takes every currency, receivables and foreign accounts their own alone."""
    held = account["CurrencyRef"]["value"]
    if held != currency and (held != company.currency or account["AccountType"] == RECEIVABLE):
        raise business(f"Account {account['Name']} is in {held}, the transaction in {currency}")


def currency_terms(company: Company, record: Json, customer: Json | None) -> tuple[str, Decimal]:
    """The currency and the home units for one of it, put into the record as well."""
    given = record.get("CurrencyRef", {}).get("value")
    held = customer["CurrencyRef"]["value"] if customer else None
    if not company.multi_currency:
        if given not in (None, company.currency):
            raise business("Multi-currency is off, and the transaction is in another currency")
        record["CurrencyRef"] = ref(company.currency)
        record.pop("ExchangeRate", None)
        return company.currency, _ONE
    if given is None:
        raise missing_parameter("CurrencyRef")
    if held is not None and held != given:
        raise business(f"The transaction is in {given}, the customer in {held}")
    record["CurrencyRef"] = ref(given)
    rate = (
        _ONE
        if given == company.currency
        else decimal(record.get("ExchangeRate", company.rates.get(given, 0)))
    )
    if rate <= 0:
        raise business(f"There is no exchange rate for {given}")
    record["ExchangeRate"] = rate
    return given, rate
