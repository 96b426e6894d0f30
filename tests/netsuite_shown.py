"""How transactions show in NetSuite: a line for people to read, and the marks of ours."""

from __future__ import annotations

import re
from decimal import Decimal

from vendors.netsuite import Account
from vendors.netsuite.deposits import left_of
from vendors.netsuite.settling import open_amount
from vendors.netsuite.wire import ZERO, Json

DOCUMENT_KEY = re.compile(r"dk[a-z2-7]{24}")
# What is still open of a record, in words.
OPEN = {"invoice": "open", "customerRefund": "not applied"}


def key_of(one: Json) -> str | None:
    """The document key of a record of ours: its external id."""
    external = one.get("externalId") or ""
    return external if DOCUMENT_KEY.fullmatch(external) else None


def shown(account: Account, one: Json, short: dict[str, str]) -> str:
    """What it is, its number, day and customer; what it moves in base currency, with the gains of what it pays; what it
    pays, and what is open of it."""
    parts: dict[str, Decimal] = {}
    keys = (one["id"], *(f"{one['id']}>{each}" for each in one["_apply"]))
    for entry in account.ledger.posted(keys):
        for each in entry.postings:
            name = str(account.get("account", each.account)["acctName"])
            parts[short.get(name, name)] = parts.get(short.get(name, name), ZERO) + each.amount
    moved = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount) or "nothing"
    gone = " (void)" if one["_voided"] else ""
    who = account.get("customer", one["_entity"])["altName"] if one["_entity"] else "-"
    head = f"{one['_type']} {one['tranId']} {one['tranDate']} {who}: {moved}{gone}"
    return head + "".join(f"; {each}" for each in (*paid_by(account, one), *left(account, one)))


def paid_by(account: Account, one: Json) -> list[str]:
    """What a payment, memo or refund is applied to; the amount where it is not all that this one has."""
    told = []
    for target_id, amount in one["_apply"].items():
        target = account.transaction(target_id)
        part = "" if amount == one["_total"] else f" by {amount}"
        told.append(f"on {target['_type']} {target['tranId']}{part}")
    return told


def left(account: Account, one: Json) -> list[str]:
    amount = left_of(account, one) if one["_type"] == "customerDeposit" else open_amount(account, one)
    return [f"{amount} {OPEN.get(one['_type'], 'unapplied')}"] if amount else []


def check_shown(document: Json, one: Json, key_field: str | None = None) -> None:
    """Number, day and ids of a document as NetSuite shows them, and that nothing goes out to anybody."""
    assert one["tranDate"] == document["posting_date"], (document, one)
    replaced = any(str(one["tranId"]) in warning for warning in document["warnings"])
    if document["number"] is not None and not replaced:
        assert one["tranId"] == document["number"], (document, one)
    for name in ("refund_id", "charge_id", "document_key"):
        assert (document[name] or "") in one["memo"], (document, one)
    if key_field is not None:
        assert one[key_field] == document["document_key"], (document, one)
    for name in ("toBeEmailed", "toBePrinted", "toBeFaxed"):
        assert not one.get(name), (document, one)
