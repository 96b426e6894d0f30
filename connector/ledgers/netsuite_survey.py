"""How the directory of an account is read: what every run reads, and the lists that are read once a day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from connector.ledgers import netsuite_lists as lists_of
from connector.ledgers import netsuite_one_by_one as one_by_one
from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.mapped_names import named_accounts, named_items, named_payment_methods, named_taxes
from connector.ledgers.netsuite_catalog import WRITTEN, read_fields
from connector.ledgers.netsuite_memory import Lists
from connector.ledgers.netsuite_tables import Tables
from connector.ledgers.netsuite_wants import Wants
from connector.ledgers.netsuite_wire import text_of
from connector.planning.mapping_model import Mapping as LedgerMapping

if TYPE_CHECKING:
    from connector.ledgers.netsuite_directory import Directory

Tax = Literal["suitetax", "legacy", "none"]
# Fields that tax has only where it is not SuiteTax.
LEGACY_TAX = ("taxItem", "taxRate", "item.taxCode", "item.taxRate1", "item.isTaxable")
SUITETAX = ("taxDetailsOverride", "taxDetails")
DAY = timedelta(days=1)


def read_accounts(tables: Tables, lists: Lists) -> Steps[None]:
    """They are few, and what was made inactive is to be told."""
    rows = yield from lists_of.all_accounts(tables)
    if rows is not None and rows != lists.rows["account"]:
        lists.rows["account"], lists.changed = rows, True


def read_lists(tables: Tables, mapping: LedgerMapping, wants: Wants) -> Steps[Lists]:
    """All lists, and what the role may read."""
    lists = Lists(wants.account_id, None)
    if tables.suiteql:
        yield from read_by_suiteql(tables, lists)
    if not tables.suiteql or {"account", "item"} <= tables.refused or "transaction" in tables.refused:
        # Where no table can be seen, or no transaction, the role may not use it at all.
        tables.suiteql = False
        tables.refused.clear()
        yield from read_by_record(tables, lists, mapping)
    elif "currency" in tables.refused:
        lists.rows["currency"] = yield from one_by_one.currencies_by_record(tables)
    taxes = named_taxes(mapping) if wants.posts_sales else []
    lists.rows["tax_code"] = yield from one_by_one.tax_codes_named(tables, taxes)
    lists.fields = yield from read_fields(tables)
    # Deposits are read where sales are found, and never written.
    for record in (*WRITTEN, *(() if wants.posts_sales else ("customerDeposit",))):
        if record.lower() not in tables.refused:
            yield from tables.may_read(record)
    lists.suiteql = tables.suiteql
    lists.refused = frozenset(tables.refused)
    return lists


def read_by_suiteql(tables: Tables, lists: Lists) -> Steps[None]:
    for name, read in (
        ("account", lists_of.all_accounts),
        ("item", lists_of.all_items),
        ("currency", lists_of.all_currencies),
        ("subsidiary", lists_of.all_subsidiaries),
        ("payment_method", lists_of.all_payment_methods),
    ):
        if tables.suiteql:
            lists.rows[name] = (yield from read(tables)) or []
    if tables.suiteql:
        # There is none: it shows whether the role may search for transactions, and no run fails for it later.
        yield from tables.rows("transaction", ("id",), "id = 0")


def read_by_record(tables: Tables, lists: Lists, mapping: LedgerMapping) -> Steps[None]:
    lists.rows["currency"] = yield from one_by_one.currencies_by_record(tables)
    lists.rows["subsidiary"] = yield from one_by_one.subsidiaries_by_record(tables)
    items = yield from one_by_one.items_named(tables, named_items(mapping))
    accounts = yield from one_by_one.accounts_named(tables, named_accounts(mapping))
    sold = [str(row["Account"]) for row in items if row["Account"]]
    accounts += yield from one_by_one.accounts_by_record(tables, missing(sold, accounts))
    lists.rows["item"], lists.rows["account"] = once(items), once(accounts)
    options = named_payment_methods(mapping)
    lists.rows["payment_method"] = yield from one_by_one.payment_methods_named(tables, options)


def missing(ids: Collection[str], rows: Sequence[Row]) -> list[str]:
    known = {str(row["Id"]) for row in rows}
    return [each for each in dict.fromkeys(ids) if each not in known]


def once(rows: Sequence[Row]) -> list[Row]:
    return list({str(row["Id"]): row for row in rows}.values())


def read_closed(
    tables: Tables, lists: Lists, periods: list[lists_of.Period] | None
) -> Steps[tuple[date | None, bool]]:
    """The day before the first open period, None where none is closed; and whether that is known."""
    if periods is not None:
        return closed_until(periods), True
    some = yield from one_by_one.any_closed(tables)
    if not some:
        return None, some is not None
    first, learned = yield from one_by_one.first_open_day(tables, lists.rows["period"])
    if learned:
        lists.rows["period"], lists.changed = [*lists.rows["period"], *learned], True
    return (first - DAY, True) if first is not None else (None, False)


def closed_until(periods: Sequence[lists_of.Period]) -> date | None:
    """Of months in any order."""
    ordered = sorted(periods)
    first = next((start for start, _, is_open in ordered if is_open), None)
    if first is None:
        return max((end for _, end, _ in ordered), default=None)
    return first - DAY if first != ordered[0][0] else None


def home_of(currencies: Sequence[Row], subsidiaries: Mapping[str, tuple[str, str]], named: str | None) -> str:
    """The base currency of the subsidiary that is named, else of the account; of several that are base currencies that of
    the first subsidiary, which the others stand under. Empty where it cannot be known."""
    if named is not None and subsidiaries[named][1]:
        return subsidiaries[named][1]
    base = [row for row in currencies if row["Base"] == "T"] or (currencies if len(currencies) == 1 else [])
    if len(base) > 1 and subsidiaries:
        return subsidiaries[min(subsidiaries, key=int)][1]
    return (text_of(base[0], "Symbol") or "").lower() if base else ""


def is_one_world(lists: Lists) -> bool:
    known = [names for record, names in lists.fields.items() if record != "customer"]
    return any("subsidiary" in names for names in known) if known else bool(lists.rows["subsidiary"])


def tax_of(fields: Mapping[str, frozenset[str]]) -> Tax:
    """As the fields of sales and what takes them back tell; none where the catalog tells nothing."""
    forms = [
        fields.get(record, frozenset()) for record in ("invoice", "creditMemo", "cashSale", "cashRefund")
    ]
    if any(name in names for names in forms for name in SUITETAX):
        return "suitetax"
    return "legacy" if any(name in names for names in forms for name in LEGACY_TAX) else "none"


# ------------------------------------------------------------------------------------------------ learning


def learn_items(directory: Directory, item_ids: Collection[str]) -> Steps[None]:
    """Know these items, and the accounts that they are sold to, from now on: those made since the lists were read, those
    that are inactive, and without SuiteQL all that documents in the books have. Raises `LedgerDown`."""
    wanted = [each for each in dict.fromkeys(item_ids) if not directory.knows_item(each)]
    if not wanted:
        return
    tables = Tables()
    if directory.suiteql:
        rows = yield from lists_of.items_by_id(tables, wanted)
    else:
        rows = yield from one_by_one.items_by_record(tables, wanted)
    yield from learn_accounts(directory, [str(row["Account"]) for row in rows if row["Account"]])
    directory.put_items(rows)


def learn_accounts(directory: Directory, account_ids: Collection[str]) -> Steps[None]:
    """Know these accounts from now on, as `learn_items` does."""
    wanted = [each for each in dict.fromkeys(account_ids) if not directory.knows_account(each)]
    if not wanted:
        return
    tables = Tables()
    if directory.suiteql:
        rows = (yield from lists_of.all_accounts(tables)) or []
    else:
        rows = yield from one_by_one.accounts_by_record(tables, wanted)
    directory.put_accounts(rows)
