"""The lists of an account record by record, for a role that may not use SuiteQL: only what the mapping names, or what a
document in the books refers to. Rows are those of `netsuite_lists`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_lists import ITEM_RECORDS, flag, last_name
from connector.ledgers.netsuite_memory import row_of
from connector.ledgers.netsuite_tables import Tables
from connector.ledgers.netsuite_wire import part_of, ref_of, text_of

# The types of accounts as SuiteQL has them, by what the record service may write.
ACCOUNT_TYPES = {
    "accountsreceivable": "AcctRec",
    "accountspayable": "AcctPay",
    "creditcard": "CredCard",
    "costofgoodssold": "COGS",
    "otherincome": "OthIncome",
    "otherexpense": "OthExpense",
    "othercurrentasset": "OthCurrAsset",
    "otherasset": "OthAsset",
    "othercurrentliability": "OthCurrLiab",
    "longtermliability": "LongTermLiab",
    "fixedasset": "FixedAsset",
    "deferredrevenue": "DeferRevenue",
    "deferredexpense": "DeferExpense",
    "unbilledreceivable": "UnbilledRec",
    "nonposting": "NonPosting",
    "statistical": "Stat",
}
# The most tax codes that are read one by one where they cannot be asked for by name.
MOST_TAX_CODES = 200


def either(*conditions: str) -> str:
    return " OR ".join(conditions)


def is_text(field: str, text: str) -> str:
    """A filter of the record service; quotes within are not to be had there."""
    return f'{field} IS "{text.replace(chr(34), "")}"'


def accounts_named(tables: Tables, names: Iterable[str]) -> Steps[list[Row]]:
    """The accounts of these names, numbers or ids."""
    rows: list[Row] = []
    for name in dict.fromkeys(names):
        q = either(is_text("acctName", last_name(name) or name), is_text("acctNumber", name))
        rows += [account_of(row) for row in (yield from tables.records("account", q))]
        if name.isdecimal():
            row = yield from tables.record("account", name)
            rows += [account_of(row)] if row is not None else []
    return rows


def accounts_by_record(tables: Tables, ids: Iterable[str]) -> Steps[list[Row]]:
    rows = []
    for object_id in dict.fromkeys(ids):
        row = yield from tables.record("account", object_id)
        rows += [account_of(row)] if row is not None else []
    return rows


def account_of(row: Row) -> Row:
    name = text_of(row, "acctName")
    above = text_of(part_of(row, "parent"), "refName")
    return row_of(
        "account",
        {
            "Id": text_of(row, "id"),
            "Name": name,
            "FullName": f"{above} : {name}" if above and name else name,
            "Number": text_of(row, "acctNumber"),
            "Type": account_type(row),
            "Currency": ref_of(row, "currency"),
            "Inactive": flag(text_of(row, "isInactive")),
        },
    )


def account_type(row: Row) -> str | None:
    kind = ref_of(row, "acctType")
    plain = (kind or "").replace("_", "").lower()
    return ACCOUNT_TYPES.get(plain, plain.capitalize() if (kind or "").startswith("_") else kind)


def items_named(tables: Tables, names: Iterable[str]) -> Steps[list[Row]]:
    """The items of these names or ids. Types are asked in turn until one has it."""
    rows: list[Row] = []
    for name in dict.fromkeys(names):
        short = last_name(name) or name
        q = either(is_text("itemId", short), is_text("displayName", name))
        rows += yield from first_of(lambda record, q=q: tables.records(record, q))  # type: ignore[misc]
        if name.isdecimal():
            rows += yield from items_by_record(tables, [name])
    return rows


def items_by_record(tables: Tables, ids: Iterable[str]) -> Steps[list[Row]]:
    rows: list[Row] = []
    for object_id in dict.fromkeys(ids):
        rows += yield from first_of(lambda record, one=object_id: one_record(tables, record, one))  # type: ignore[misc]
    return rows


def one_record(tables: Tables, record: str, object_id: str) -> Steps[list[Row]]:
    row = yield from tables.record(record, object_id)
    return [row] if row is not None else []


def first_of(read: Callable[[str], Steps[list[Row]]]) -> Steps[list[Row]]:
    for record in ITEM_RECORDS:
        rows: Sequence[Row] = yield from read(record)
        if rows:
            return [item_of(record, row) for row in rows]
    return []


def item_of(record: str, row: Row) -> Row:
    name = last_name(text_of(row, "itemId"))
    above = text_of(part_of(row, "parent"), "refName")
    return row_of(
        "item",
        {
            "Id": text_of(row, "id"),
            "Name": name,
            "FullName": f"{above} : {name}" if above and name else name,
            "Display": text_of(row, "displayName"),
            "Type": ITEM_RECORDS[record],
            "Account": ref_of(row, "incomeAccount"),
            "Inactive": flag(text_of(row, "isInactive")),
        },
    )


# ------------------------------------------------------------------------------------------------ smaller lists


def currencies_by_record(tables: Tables) -> Steps[list[Row]]:
    rows = yield from every(tables, "currency")
    return [
        row_of(
            "currency",
            {
                "Id": text_of(row, "id"),
                "Name": text_of(row, "name"),
                "Symbol": text_of(row, "symbol"),
                "Base": flag(text_of(row, "isBaseCurrency")),
            },
        )
        for row in rows
    ]


def subsidiaries_by_record(tables: Tables) -> Steps[list[Row]]:
    rows = yield from every(tables, "subsidiary")
    return [subsidiary_of(row) for row in rows if flag(text_of(row, "isElimination")) == "F"]


def subsidiary_of(row: Row) -> Row:
    name = text_of(row, "name")
    above = text_of(part_of(row, "parent"), "refName")
    return row_of(
        "subsidiary",
        {
            "Id": text_of(row, "id"),
            "Name": last_name(name),
            "FullName": text_of(row, "fullName") or (f"{above} : {name}" if above and name else name),
            "Currency": ref_of(row, "currency"),
            "Inactive": flag(text_of(row, "isInactive")),
        },
    )


def every(tables: Tables, record: str, most: int | None = None) -> Steps[list[Row]]:
    """All records of a type that has few."""
    rows = []
    for object_id in ((yield from tables.ids(record, "")) or [])[:most]:
        row = yield from tables.record(record, object_id)
        rows += [row] if row is not None else []
    return rows


def payment_methods_named(tables: Tables, names: Iterable[str]) -> Steps[list[Row]]:
    found: list[Row] = []
    for name in names:
        found += yield from tables.records("paymentMethod", is_text("name", name))
    return [
        row_of(
            "payment_method",
            {
                "Id": text_of(row, "id"),
                "Name": text_of(row, "name"),
                "Inactive": flag(text_of(row, "isInactive")),
            },
        )
        for row in found
    ]


def tax_codes_named(tables: Tables, names: Iterable[str]) -> Steps[list[Row]]:
    """SuiteTax's tax codes, which the record service alone tells of: by name or id, or where none is found by name
    all of them."""
    found: list[Row] = []
    all_of_them: list[Row] | None = None
    for name in names:
        row = (yield from tables.record("salesTaxItem", name)) if name.isdecimal() else None
        if row is not None:
            found.append(row)
            continue
        named = yield from tables.ids("salesTaxItem", is_text("name", name))
        if not named and all_of_them is None:
            all_of_them = yield from every(tables, "salesTaxItem", MOST_TAX_CODES)
        for object_id in named or ():
            row = yield from tables.record("salesTaxItem", object_id)
            found += [row] if row is not None else []
    rows = [tax_code_of(row) for row in (*found, *(all_of_them or ()))]
    return list({str(row["Id"]): row for row in rows}.values())


def tax_code_of(row: Row) -> Row:
    name = text_of(row, "name") or text_of(row, "itemId")
    return row_of("tax_code", {"Id": text_of(row, "id"), "Name": name, "TaxType": ref_of(row, "taxType")})


# ------------------------------------------------------------------------------------------------ periods

OPEN = "closed IS false AND arLocked IS false AND allLocked IS false"
CLOSED = "closed IS true OR arLocked IS true OR allLocked IS true"
MONTHS = "isYear IS false AND isQuarter IS false AND isAdjust IS false"


def any_closed(tables: Tables) -> Steps[bool | None]:
    """Whether a period is closed or locked; None where that cannot be known."""
    ids = yield from tables.ids("accountingPeriod", CLOSED)
    return bool(ids) if ids is not None else None


def first_open_day(tables: Tables, known: Iterable[Row]) -> Steps[tuple[date | None, list[Row]]]:
    """The first day of the first open period, None where that cannot be known; and the periods that were read for it
    beside those `known`, whose days never change."""
    ids = yield from tables.ids("accountingPeriod", f"{OPEN} AND {MONTHS}")
    days = {str(row["Id"]): row for row in known}
    learned: list[Row] = []
    for object_id in ids or ():
        if object_id in days:
            continue
        row = yield from tables.record("accountingPeriod", object_id)
        if row is not None and text_of(row, "startDate") and text_of(row, "endDate"):
            named = {"Id": object_id, "Start": text_of(row, "startDate"), "End": text_of(row, "endDate")}
            days[object_id] = row_of("period", named)
            learned.append(days[object_id])
    starts = [date.fromisoformat(str(days[each]["Start"])[:10]) for each in ids or () if each in days]
    return min(starts, default=None), learned
