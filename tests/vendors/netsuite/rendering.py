"""A record as GET shows it: references with refName, choices with id and name, sublists as links or expanded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vendors.netsuite import applying, heads, settling
from vendors.netsuite.field_table import TRANSACTIONS, table_of
from vendors.netsuite.posting import FORMS
from vendors.netsuite.wire import ZERO, Json, instant

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

RECORD_PATH = "/services/rest/record/v1"
_NAMES = ("acctName", "itemId", "entityId", "periodName", "name", "tranId")
STATUSES = {
    "invoice": {"A": "Open", "B": "Paid In Full", "V": "Voided"},
    "creditMemo": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "cashSale": {"B": "Not Deposited", "C": "Deposited", "V": "Voided"},
    "cashRefund": {"R": "Not Deposited", "V": "Voided"},
    "customerPayment": {"B": "Not Deposited", "C": "Deposited", "R": "Voided"},
    "customerDeposit": {"B": "Not Deposited", "C": "Deposited", "D": "Fully Applied", "R": "Voided"},
    "depositApplication": {"A": "Open", "B": "Fully Applied", "V": "Voided"},
    "customerRefund": {"R": "Not Deposited", "V": "Voided"},
    "journalEntry": {"B": "Approved for Posting", "V": "Voided"},
}


def name_of(account: Account, group: str, record_id: str | None) -> str:
    row = account.shelf.get(group, record_id or "")
    return "" if row is None else str(next((row[one] for one in _NAMES if row.get(one)), row["id"]))


def status_of(account: Account, one: Json) -> str:
    """The letter of a transaction's status."""
    record_type = one["_type"]
    if one["_voided"]:
        return "R" if record_type in ("customerPayment", "customerDeposit") else "V"
    if record_type in ("invoice", "creditMemo", "depositApplication"):
        return "A" if settling.open_amount(account, one) > 0 else "B"
    if record_type in ("customerPayment", "cashSale", "customerDeposit"):
        undeposited = one["_bank"] == account.account_id_of("Undeposited Funds")
        return "B" if undeposited else "C"
    return "R" if record_type in ("customerRefund", "cashRefund") else "B"


class Renderer:
    """`base` is the address of the record service."""

    def __init__(self, account: Account, base: str) -> None:
        self.account = account
        self.base = base

    def record(self, one: Json, expand: bool = False, fields: frozenset[str] = frozenset()) -> Json:
        table = table_of(self.account, one["_type"])
        place = f"{self.base}/{one['_type'].lower()}/{one['id']}"
        shown: Json = {"links": [{"rel": "self", "href": place}], "id": one["id"]}
        values = {**one, **self._worked_out(one)}
        for name, kind in table.fields.items():
            value = values.get(name)
            if value is None or name in ("id", "links") or (fields and name not in fields):
                continue
            shown[name] = self._value(kind, value)
        for name in table.sublists:
            if fields and name not in fields:
                continue
            href = f"{place}/{name}"
            shown[name] = (
                self._expanded(one, name, href) if expand else {"links": [{"rel": "self", "href": href}]}
            )
        return shown

    def _value(self, kind: str, value: object) -> object:
        if kind[0] == "@" and isinstance(value, str):
            return self._reference(kind[1:], value)
        if kind[0] == "=":
            return {"id": value, "refName": value}
        return value

    def _reference(self, group: str, record_id: str) -> Json:
        row = self.account.shelf.get(group, record_id)
        shown: Json = {"id": record_id, "refName": name_of(self.account, group, record_id)}
        if row is not None:
            shown = {"links": [{"rel": "self", "href": f"{self.base}/{row['_type']}/{record_id}"}], **shown}
            if row.get("externalId"):
                shown["externalId"] = row["externalId"]
        return shown

    def _worked_out(self, one: Json) -> Json:
        """What NetSuite fills in by itself."""
        found: Json = {"createdDate": instant(one["_created"]), "lastModifiedDate": instant(one["_modified"])}
        if one["_type"] not in TRANSACTIONS:
            return found
        record_type, total = one["_type"], ZERO if one["_voided"] else one["_total"]
        letter = status_of(self.account, one)
        found["status"] = {"id": letter, "refName": STATUSES[record_type][letter]}
        found["total"] = total
        found["refName"] = f"{TRANSACTIONS[record_type][1]} #{one['tranId']}"
        if record_type in heads.ENTITY:
            found[heads.ENTITY[record_type]] = one["_entity"]
        for names, kept in ((heads.RECEIVABLE, "_ar"), (heads.BANK, "_bank")):
            if record_type in names:
                found[names[record_type]] = one[kept]
        if record_type in FORMS:
            found |= self._form(one)
        if record_type in settling.SIDES:
            found |= self._settled(one, total)
        return found

    def _form(self, one: Json) -> Json:
        if one["_voided"]:
            return dict.fromkeys(("subtotal", "taxTotal"), ZERO)
        tax = sum((each["taxAmount"] for each in one["_taxes"]), ZERO)
        return {"subtotal": one["_total"] - tax, "taxTotal": tax, "totalAfterTaxes": one["_total"]}

    def _settled(self, one: Json, total: object) -> Json:
        left = settling.open_amount(self.account, one)
        used = settling.settled(self.account, one)
        applied = sum(one["_apply"].values(), ZERO)
        shown: Json = {"amountRemaining": left, "amountPaid": used, "unapplied": left, "applied": used}
        if one["_type"] == "customerPayment":
            shown |= {"applied": applied, "payment": total, "pending": ZERO}
            shown["refundedAmountTotalBox"] = used - applied
        return shown

    # ------------------------------------------------------------------------------------------ sublists

    def _expanded(self, one: Json, name: str, href: str) -> Json:
        rows = list(self._rows(one, name))
        items = [{"links": [], **row} for row in rows]
        return {
            "links": [{"rel": "self", "href": href}],
            "count": len(items),
            "hasMore": False,
            "items": items,
            "offset": 0,
            "totalResults": len(items),
        }

    def _rows(self, one: Json, name: str) -> Iterator[Json]:
        if name == "apply":
            yield from self._applications(one)
        elif name in ("item", "line"):
            kinds = table_of(self.account, one["_type"]).sublists[name]
            for line in one["_lines"]:
                yield self._line(one, kinds, line)
        elif name == "currencyList":
            for each in one["_currencies"]:
                yield {"currency": self._reference("currency", each)}
        elif name == "taxDetails":
            kinds = table_of(self.account, one["_type"]).sublists[name]
            for row in one["_taxes"]:
                yield self._line(one, kinds, {**row, "lineName": f"Item {row['line']}", "lineType": "Item"})

    def _line(self, one: Json, kinds: dict[str, str] | object, line: Json) -> Json:
        assert isinstance(kinds, dict)
        shown: Json = {}
        values = dict(line)
        if one["_voided"]:
            values |= {
                each: ZERO for each in ("amount", "rate", "debit", "credit", "taxAmount") if each in line
            }
        if "item" in line:
            item = self.account.get("item", line["item"])
            values["account"] = None
            values["itemType"] = {"id": item["_type"], "refName": item["_type"]}
            tax = sum((each["taxAmount"] for each in one["_taxes"] if each["line"] == line["line"]), ZERO)
            values["grossAmt"] = values["amount"] + tax
        for name, kind in kinds.items():
            if values.get(name) is not None:
                shown[name] = self._value(kind, values[name])
        return shown

    def _applications(self, one: Json) -> Iterator[Json]:
        account = self.account
        applied = one["_apply"]
        for target, amount in applied.items():
            yield self._application(account.transaction(target), amount, True)
        if account.moods.lists_open and not one["_voided"]:
            for target_row in applying.candidates(account, one):
                if target_row["id"] not in applied:
                    yield self._application(target_row, ZERO, False)

    def _application(self, target: Json, amount: object, applied: bool) -> Json:
        account = self.account
        left = settling.open_amount(account, target)
        shown: Json = {
            "doc": self._reference("transaction", target["id"]),
            "line": applying.line_of(account, target),
        }
        shown |= {"apply": applied, "amount": amount} if applied else {"apply": False}
        shown |= {"applyDate": target["tranDate"], "due": left, "total": target["_total"]}
        shown |= {"refNum": target["tranId"], "type": TRANSACTIONS[target["_type"]][1]}
        return {**shown, "currency": account.get("currency", target["currency"])["name"]}
