"""Journal entries: balanced lines of debits and credits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.netsuite.body import Given
from vendors.netsuite.refusals import invalid_value, missing, user_error
from vendors.netsuite.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.netsuite.account import Account


def fill(account: Account, record: Json, given: Given, replace: bool) -> None:
    """Lines of the entry, by number: `line` names one that is there, without it one is added."""
    kept: dict[int, Json] = {} if replace else {one["line"]: one for one in record["_lines"]}
    old = {one["line"]: one for one in record["_lines"]}
    last = max(old, default=-1)
    for sent in given.lines.get("line", []):
        number = sent.get("line")
        if number is None:
            last += 1
            number = last
        elif number not in old:
            raise invalid_value(number, "line", f"{sent['_path']}.line")
        kept[number] = _line(account, record["currency"], number, old.get(number, {}), sent)
    record["_lines"] = tuple(kept[one] for one in sorted(kept))
    debits = sum((one["debit"] for one in record["_lines"]), ZERO)
    credits = sum((one["credit"] for one in record["_lines"]), ZERO)
    if debits != credits:
        raise user_error("The amounts in a journal entry must balance.", "line")
    if len(record["_lines"]) < 2:
        raise user_error("You must enter at least two lines for this transaction.", "line")
    record["_total"] = debits


def _line(account: Account, currency: str, number: int, old: Json, sent: Json) -> Json:
    path = sent["_path"]
    line = {**old, **{name: value for name, value in sent.items() if name != "_path"}, "line": number}
    row = account.shelf.get("account", line.get("account") or "")
    if row is None:
        raise missing(f"{path}.account")
    if row["isInactive"]:
        raise invalid_value(row["id"], "account", f"{path}.account")
    if row["acctType"] in ("AcctRec", "AcctPay") and not line.get("entity"):
        raise user_error("Please choose an entity for lines on receivables.", f"{path}.entity")
    for name in ("debit", "credit"):
        amount = line.get(name) or ZERO
        if amount < 0 or amount != rounded(amount, account.digits(currency)):
            raise user_error(f"Invalid amount {amount}.", f"{path}.{name}")
        line[name] = rounded(amount, account.digits(currency))
    if bool(line["debit"]) == bool(line["credit"]):
        raise user_error("Each line has either a debit or a credit.", path)
    return line
