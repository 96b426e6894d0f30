"""What every transaction has: customer, subsidiary, currency and rate, day and period, number and external id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.netsuite.body import Given
from vendors.netsuite.field_table import TRANSACTIONS, group_of
from vendors.netsuite.refusals import Refused, invalid_value, missing, user_error
from vendors.netsuite.wire import ZERO, Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

# The name of the customer field; where the receivable and where the bank account stand.
ENTITY = {
    "invoice": "entity",
    "cashSale": "entity",
    "creditMemo": "entity",
    "cashRefund": "entity",
    "customerPayment": "customer",
    "customerRefund": "customer",
    "customerDeposit": "customer",
    "depositApplication": "customer",
}
RECEIVABLE = {
    "invoice": "account",
    "creditMemo": "account",
    "customerPayment": "arAcct",
    "customerRefund": "arAcct",
    "depositApplication": "arAcct",
}
BANK = dict.fromkeys(
    ("cashSale", "cashRefund", "customerPayment", "customerRefund", "customerDeposit"), "account"
)
# Kept apart, or not to be set by a client in this way.
APART = frozenset(
    {
        "externalId",
        "tranId",
        "tranDate",
        "postingPeriod",
        "subsidiary",
        "currency",
        "exchangeRate",
        "entity",
        "customer",
    }
)
# What may stay as it is in a closed period, where the account allows changes that post nothing.
SILENT = frozenset({"memo", "otherRefNum", "externalId", "tranId", "customer", "entity", "email"})


def head(account: Account, record_type: str, given: Given) -> Json:
    """The part of a new transaction that all have, without its number."""
    entity = _entity(account, record_type, given)
    subsidiary = _subsidiary(account, given, entity)
    currency = _currency(account, given, entity, subsidiary)
    record: Json = {
        "_type": record_type,
        "_entity": None if entity is None else entity["id"],
        "subsidiary": subsidiary,
        "currency": currency,
        "exchangeRate": account.rate_of(currency, subsidiary, given.get("exchangeRate")),
        "tranDate": given.get("tranDate", account.today()),
        "_voided": False,
        "_total": ZERO,
        "_apply": {},
        "_applied_by": {},
        "_lines": (),
        "_taxes": (),
    }
    record["postingPeriod"] = _period(account, given, record["tranDate"])
    record |= {name: value for name, value in given.values.items() if name not in APART}
    record |= accounts(account, record, given, {})
    take_external_id(account, record, given)
    return record


def _entity(account: Account, record_type: str, given: Given) -> Json | None:
    if record_type not in ENTITY:
        return None
    name = ENTITY[record_type]
    if given.get(name) is None:
        raise missing(name)
    entity = account.get("customer", given.get(name))
    if entity["isInactive"]:
        raise invalid_value(entity["id"], name, name)
    return entity


def _subsidiary(account: Account, given: Given, entity: Json | None) -> str:
    told = given.get("subsidiary")
    if entity is None:
        return str(told or "1")
    own: str = entity["subsidiary"]
    if told is not None and told != own:
        raise invalid_value(told, "subsidiary", "subsidiary")
    return own


def _currency(account: Account, given: Given, entity: Json | None, subsidiary: str) -> str:
    told = given.get("currency")
    if entity is None:
        return str(told or account.base_of(subsidiary))
    allowed = entity["_currencies"]
    if told is not None and told not in allowed:
        raise invalid_value(told, "currency", "currency")
    return str(told or entity["currency"])


def _period(account: Account, given: Given, day: str) -> str:
    period: str = account.period_of(day)["id"]
    told = given.get("postingPeriod")
    if told is not None and told != period:
        raise user_error("The posting period does not match the transaction date.", "postingPeriod")
    return period


def accounts(account: Account, record: Json, given: Given, old: Json) -> Json:
    """Where the receivable lies, and which bank account moves: `_ar` and `_bank`.

    A bank account in a currency of its own takes that one alone.
    """
    found: Json = {}
    record_type = record["_type"]
    if record_type in RECEIVABLE:
        name = RECEIVABLE[record_type]
        told = given.get(name) or old.get("_ar") or account.account_id_of("Accounts Receivable")
        found["_ar"] = _usable(account, told, name, ("AcctRec",))
    if record_type in BANK:
        name = BANK[record_type]
        told = given.get(name) or old.get("_bank")
        if told is None:
            if record_type == "customerRefund":
                raise missing(name)
            told = account.account_id_of("Undeposited Funds")
        if account.by_app and account.moods.money_goes_to is not None:
            told = account.account_id_of(account.moods.money_goes_to)
        found["_bank"] = _usable(account, told, name, ("Bank", "OthCurrAsset", "CredCard"))
        own = account.get("account", told).get("currency")
        if own not in (None, account.base_of(record["subsidiary"]), record["currency"]):
            raise invalid_value(told, name, name)
    return found


def _usable(account: Account, account_id: str, field: str, kinds: tuple[str, ...]) -> str:
    row = account.get("account", account_id)
    if row["isInactive"] or row["acctType"] not in kinds:
        raise invalid_value(account_id, field, field)
    return account_id


# ---------------------------------------------------------------------------------------------- identity


def take_external_id(account: Account, record: Json, given: Given) -> None:
    """Unique in the whole group, all transactions in one (ORA/section_N3436356)."""
    if "externalId" not in given:
        return
    told = given.values["externalId"]
    group = group_of(record["_type"])
    if told is not None:
        holder = account.shelf.by_external(group, told)
        if (holder is not None and holder["id"] != record.get("id")) or (group, told) in account.reserved:
            raise duplicate(account)
    record["externalId"] = told


def duplicate(account: Account) -> Refused:
    told = {
        "already_exists": ("USER_ERROR", "Error while accessing a resource. This record already exists."),
        "dup_rcrd": ("DUP_RCRD", "This record already exists"),
        "same_external": (
            "USER_ERROR",
            "Error while accessing a resource. A record with the same external ID is there.",
        ),
    }
    code, words = told[account.moods.duplicate]
    return Refused(400, code, words)


def take_number(account: Account, record: Json, given: Given) -> None:
    """`tranId` as sent, or the next one of the type where none is or the account does not let it be overridden."""
    record_type = record["_type"]
    _, _, prefix = TRANSACTIONS[record_type]
    if "transactionNumber" not in record:
        record["transactionNumber"] = f"{prefix}-{account.count(f'system {record_type}')}"
    told = given.get("tranId")
    if told is not None and record_type not in account.moods.replaces_numbers:
        record["tranId"] = told
    elif "tranId" not in record:
        record["tranId"] = f"{prefix}{account.count(f'number {record_type}', 100)}"
