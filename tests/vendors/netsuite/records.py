"""One record made, changed, put, deleted, transformed: each whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from vendors.netsuite import customers, transactions, transforms
from vendors.netsuite.body import Given, Reader
from vendors.netsuite.field_table import TRANSACTIONS, group_of
from vendors.netsuite.heads import duplicate
from vendors.netsuite.refusals import Refused, bad_parameter, nonexistent
from vendors.netsuite.wire import Json

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

NOTHING: frozenset[str] = frozenset()


def one_step(account: Account, step: Callable[[], Json | None], by_app: bool = False) -> Json | None:
    """Carries out a write, and takes all of it back where it is refused half way."""
    mark = account.undo.mark()
    account.by_app = by_app
    account.mirror.before_write()
    try:
        made = step()
        account.check_touched()
    except BaseException:
        account.undo.roll_back(mark)
        account.touched.clear()
        raise
    finally:
        account.by_app = False
    account.undo.keep()
    account.mirror.committed(by_app)
    return made


def find(account: Account, record_type: str, name: str) -> Json:
    """By id, or by `eid:` and the external id; NONEXISTENT_ID where it is not there."""
    group = group_of(record_type)
    if name.startswith("eid:"):
        found = account.shelf.by_external(group, name.removeprefix("eid:"))
    else:
        found = account.shelf.get(group, name)
    if found is None or found["_type"] != record_type:
        raise nonexistent()
    return found


def create(account: Account, record_type: str, given: Given) -> Json:
    if record_type == "customer":
        return customers.create(account, given)
    if record_type not in TRANSACTIONS:
        raise Refused(
            405, "METHOD_NOT_ALLOWED", f"The stand-in only reads records of type {record_type}.", loud=True
        )
    return transactions.create(account, record_type, given)


def update(account: Account, old: Json, given: Given, replaced: frozenset[str] = NOTHING) -> Json:
    if old["_type"] == "customer":
        return customers.update(account, old, given)
    if old["_type"] not in TRANSACTIONS:
        raise Refused(405, "METHOD_NOT_ALLOWED", f"The stand-in only reads {old['_type']}.", loud=True)
    return transactions.update(account, old, given, replaced)


def put(account: Account, record_type: str, name: str, given: Given, replaced: frozenset[str]) -> Json:
    """Upsert by external id: no telling which of the two it was; lines without `line` are added again."""
    if not name.startswith("eid:"):
        raise bad_parameter("PUT is only supported with an external id.")
    external_id = name.removeprefix("eid:")
    if given.get("externalId", external_id) != external_id:
        raise bad_parameter("The external id in the body is another one than in the address.")
    found = account.shelf.by_external(group_of(record_type), external_id)
    if found is not None and found["_type"] != record_type:
        raise duplicate(account)
    if found is not None:
        return update(account, found, given, replaced)
    given.values["externalId"] = external_id
    return create(account, record_type, given)


def delete(account: Account, old: Json) -> None:
    if old["_type"] not in TRANSACTIONS:
        raise Refused(405, "METHOD_NOT_ALLOWED", f"The stand-in does not delete {old['_type']}.", loud=True)
    transactions.delete(account, old)


def read(account: Account, record_type: str, body: Any, names: str = "Error") -> Given:
    return Reader(account, record_type, names).read(body)


def write(
    account: Account, record_type: str, body: Json, change: str | None = None, replace: str = ""
) -> Json:
    """By hand, as somebody at work in NetSuite does it: a new record, or a change of the one with this id."""
    given = read(account, record_type, body)
    replaced = frozenset(replace.split(",")) - {""}

    def step() -> Json:
        if change is None:
            return create(account, record_type, given)
        return update(account, find(account, record_type, change), given, replaced)

    made = one_step(account, step)
    assert made is not None
    return made


def transform(
    account: Account, record_type: str, name: str, target: str, body: Json, replace: str = ""
) -> Json:
    """By hand: a transformation, as the buttons of NetSuite do it."""
    given = read(account, target, body)
    replaced = frozenset(replace.split(",")) - {""}
    made = one_step(
        account,
        lambda: transforms.transform(account, find(account, record_type, name), target, given, replaced),
    )
    assert made is not None
    return made
