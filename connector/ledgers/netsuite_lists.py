"""The lists of an account as SuiteQL gives them: accounts, items, currencies, subsidiaries, payment methods, periods.

None where the role may not read a list. Rows have the fields of `netsuite_memory.FIELDS`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_memory import row_of
from connector.ledgers.netsuite_tables import Tables
from connector.ledgers.netsuite_wire import ids_of, quoted, text_of

# Items that a line can sell or take back, by record type and by what SuiteQL calls them.
ITEM_RECORDS = {
    "serviceSaleItem": "Service",
    "nonInventorySaleItem": "NonInvtPart",
    "otherChargeSaleItem": "OthCharge",
    "inventoryItem": "InvtPart",
    "serviceResaleItem": "Service",
    "nonInventoryResaleItem": "NonInvtPart",
    "otherChargeResaleItem": "OthCharge",
    "assemblyItem": "Assembly",
    "kitItem": "Kit",
    "downloadItem": "DwnLdItem",
    "giftCertificateItem": "GiftCert",
    "lotNumberedInventoryItem": "InvtPart",
    "serializedInventoryItem": "InvtPart",
    "lotNumberedAssemblyItem": "Assembly",
    "serializedAssemblyItem": "Assembly",
    "discountItem": "Discount",
}
STOCK = frozenset({"InvtPart", "Assembly"})
Period = tuple[date, date, bool]


def flag(text: str | None) -> str:
    """A checkbox, in whichever way it was read."""
    return "T" if (text or "").lower() in ("t", "true") else "F"


def last_name(full: str | None) -> str | None:
    """What stands behind the names that it stands under."""
    return full.rpartition(" : ")[2] if full is not None else None


def all_accounts(tables: Tables) -> Steps[list[Row] | None]:
    columns = ("id", "acctnumber", "fullname", "accttype", "isinactive", "currency")
    rows = yield from tables.rows("account", columns)
    return None if rows is None else [account_row(row) for row in rows]


def account_row(row: Row) -> Row:
    full = text_of(row, "fullname")
    return row_of(
        "account",
        {
            "Id": text_of(row, "id"),
            "Name": last_name(full),
            "FullName": full,
            "Number": text_of(row, "acctnumber"),
            "Type": text_of(row, "accttype"),
            "Currency": text_of(row, "currency"),
            "Inactive": flag(text_of(row, "isinactive")),
        },
    )


def items_where(tables: Tables, where: str) -> Steps[list[Row] | None]:
    columns = ("id", "itemid", "fullname", "displayname", "itemtype", "isinactive", "incomeaccount")
    rows = yield from tables.rows("item", columns, where)
    return None if rows is None else [item_row(row) for row in rows]


def item_row(row: Row) -> Row:
    name = last_name(text_of(row, "itemid"))
    return row_of(
        "item",
        {
            "Id": text_of(row, "id"),
            "Name": name,
            "FullName": text_of(row, "fullname") or name,
            "Display": text_of(row, "displayname"),
            "Type": text_of(row, "itemtype"),
            "Account": text_of(row, "incomeaccount"),
            "Inactive": flag(text_of(row, "isinactive")),
        },
    )


def all_items(tables: Tables) -> Steps[list[Row] | None]:
    """Those that a line can be of, and that are active."""
    kinds = ", ".join(quoted(kind) for kind in sorted(set(ITEM_RECORDS.values())))
    return (yield from items_where(tables, f"isinactive = 'F' AND itemtype IN ({kinds})"))


def items_by_id(tables: Tables, ids: Collection[str]) -> Steps[list[Row]]:
    """Also those that are inactive."""
    rows: list[Row] = []
    for listed in ids_of(ids):
        rows += (yield from items_where(tables, f"id IN ({listed})")) or []
    return rows


def all_currencies(tables: Tables) -> Steps[list[Row] | None]:
    rows = yield from tables.rows("currency", ("id", "name", "symbol", "isbasecurrency"))
    if rows is None:
        return None
    return [
        row_of(
            "currency",
            {
                "Id": text_of(row, "id"),
                "Name": text_of(row, "name"),
                "Symbol": text_of(row, "symbol"),
                "Base": flag(text_of(row, "isbasecurrency")),
            },
        )
        for row in rows
    ]


def all_subsidiaries(tables: Tables) -> Steps[list[Row] | None]:
    """Also inactive ones; without those that only eliminate."""
    columns = ("id", "name", "fullname", "currency", "isinactive", "iselimination")
    rows = yield from tables.rows("subsidiary", columns)
    if rows is None:
        return None
    return [
        row_of(
            "subsidiary",
            {
                "Id": text_of(row, "id"),
                "Name": text_of(row, "name"),
                "FullName": text_of(row, "fullname"),
                "Currency": text_of(row, "currency"),
                "Inactive": flag(text_of(row, "isinactive")),
            },
        )
        for row in rows
        if flag(text_of(row, "iselimination")) == "F"
    ]


def all_payment_methods(tables: Tables) -> Steps[list[Row] | None]:
    rows = yield from tables.rows("paymentmethod", ("id", "name", "isinactive"))
    if rows is None:
        return None
    return [
        row_of(
            "payment_method",
            {
                "Id": text_of(row, "id"),
                "Name": text_of(row, "name"),
                "Inactive": flag(text_of(row, "isinactive")),
            },
        )
        for row in rows
    ]


def all_periods(tables: Tables) -> Steps[list[Period] | None]:
    """First day, last day and whether it is open, of each month."""
    day = "TO_CHAR({0}, 'YYYY-MM-DD') {0}"
    columns = (
        "id",
        day.format("startdate"),
        day.format("enddate"),
        "closed",
        "arlocked",
        "alllocked",
    )
    where = "isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'"
    rows = yield from tables.rows("accountingperiod", columns, where)
    if rows is None:
        return None
    return [
        (
            date.fromisoformat(str(row["startdate"])[:10]),
            date.fromisoformat(str(row["enddate"])[:10]),
            all(flag(text_of(row, name)) == "F" for name in ("closed", "arlocked", "alllocked")),
        )
        for row in rows
        if row.get("startdate") and row.get("enddate")
    ]
