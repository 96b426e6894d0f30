"""Customers made and changed, each with an entity id of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.netsuite.body import Given
from vendors.netsuite.heads import take_external_id
from vendors.netsuite.refusals import missing, user_error
from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

TAKEN = "A customer record with this ID already exists. You must enter a unique customer ID for each record you create."


def create(account: Account, given: Given) -> Json:
    record: Json = {"_type": "customer", "isInactive": False, "_currencies": ()}
    if account.moods.one_world and given.get("subsidiary") is None:
        raise missing("subsidiary")
    record |= {"subsidiary": "1", "isPerson": False}
    _lay_over(account, record, given)
    record["id"] = account.new_id("customer")
    return account.put(record)


def update(account: Account, old: Json, given: Given) -> Json:
    record = {**old}
    _lay_over(account, record, given)
    return account.put(record)


def _lay_over(account: Account, record: Json, given: Given) -> None:
    record |= {name: value for name, value in given.values.items() if name != "externalId"}
    take_external_id(account, record, given)
    for name in ("firstName", "lastName") if record["isPerson"] else ("companyName",):
        if not record.get(name):
            raise missing(name)
    name = " ".join(record[one] for one in ("firstName", "lastName") if record.get(one))
    record["altName"] = name if record["isPerson"] else record["companyName"]
    if account.moods.auto_entity_ids:
        record["entityId"] = record.get("_entity_id") or f"CUST{account.count('entity')}"
        record["_entity_id"] = record["entityId"]
    else:
        record["entityId"] = record.get("entityId") or record["altName"]
    for one in account.shelf.entities_called(record["entityId"]):
        if one != record.get("id"):
            raise user_error(TAKEN, "entityId")
    base = account.base_of(record["subsidiary"])
    record["currency"] = record.get("currency") or base
    if not record["_currencies"]:
        record["_currencies"] = tuple(account.shelf.groups["currency"])
