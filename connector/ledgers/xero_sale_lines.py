"""The lines of a document in Xero, each with its own tax, and what they are worth in the books.

https://developer.xero.com/documentation/api/accounting/types#lineamounttypes
Where amounts are inclusive a line's amount has its tax within. Tax is rounded on each line and then summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connector.ledgers.json_wire import Row, amount, minor
from connector.ledgers.movement import balance_currency
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_wire import currency_of, rows_of, text_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Refs, SaleLine
from connector.planning.shares import share_out

TRACKING = "tracking"
INCLUSIVE = "Inclusive"


def read_lines(row: Row, directory: Directory, mapping: LedgerMapping) -> tuple[SaleLine, ...]:
    """Lines of nothing are left out; a line's id is its place in the document. Net and tax of all come to Total."""
    nets, taxes = amounts_of(row, directory)
    parts = [part for pair in zip(nets, taxes, strict=True) for part in pair]
    homes = in_books(row, parts, directory, mapping)
    lines = []
    for at, line in enumerate(rows_of(row, "LineItems")):
        if nets[at] or taxes[at]:
            lines.append(
                read_line(
                    str(at + 1), line, (nets[at], taxes[at]), homes[2 * at : 2 * at + 2], directory, mapping
                )
            )
    return tuple(lines)


def read_line(
    line_id: str,
    line: Row,
    amounts: Sequence[int],
    homes: Sequence[int],
    directory: Directory,
    mapping: LedgerMapping,
) -> SaleLine:
    """One line; `amounts` and `homes` are its net and its tax."""
    item = text_of(line, "ItemCode")
    account = account_of_line(line, directory)
    return SaleLine(
        line_id=line_id,
        description=text_of(line, "Description") or item or account,
        net_minor=amounts[0],
        tax_minor=amounts[1],
        home_net_minor=homes[0],
        home_tax_minor=homes[1],
        account=account,
        tax_account=mapping.tax if amounts[1] else None,
        sku=item,
        item=item,
        quantity=quantity_of(line),
        tax_code=text_of(line, "TaxType"),
        stock=item is not None and directory.is_stock(item),
        refs=tracking_of(line),
    )


def account_of_line(line: Row, directory: Directory) -> str:
    """The label of the account, by its id where the line tells it: a code may have been another account's."""
    account_id, code = text_of(line, "AccountID"), text_of(line, "AccountCode")
    if account_id is not None and (directory.knows(account_id) or code is None):
        return directory.label(account_id)
    return directory.label(code) if code is not None else ""


def tracking_of(line: Row) -> Refs:
    ids = (
        (text_of(one, "TrackingCategoryID"), text_of(one, "TrackingOptionID"))
        for one in rows_of(line, "Tracking")
    )
    return tuple(
        (TRACKING, f"{category}:{option}".lower()) for category, option in ids if category and option
    )


def quantity_of(line: Row) -> str | None:
    if line.get("Quantity") is None:
        return None
    text = f"{Decimal(str(line['Quantity'])):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# ------------------------------------------------------------------------------------------------ net and tax


def amounts_of(row: Row, directory: Directory) -> tuple[list[int], list[int]]:
    """Net and tax of each line in the document's currency; the taxes come to TotalTax: a rest is the largest line's."""
    currency = currency_of(row, directory.home)
    lines = rows_of(row, "LineItems")
    said = [minor(line.get("LineAmount"), currency) for line in lines]
    taxes = [minor(line.get("TaxAmount"), currency) for line in lines]
    inclusive = row.get("LineAmountTypes") == INCLUSIVE
    rest = minor(row.get("TotalTax"), currency) - sum(taxes) if "TotalTax" in row else 0
    if rest and lines:
        taxed = [abs(said[at]) if tax else 0 for at, tax in enumerate(taxes)]
        weights = taxed if any(taxed) else [abs(one) for one in said]
        taxes[weights.index(max(weights))] += rest
    nets = [one - tax for one, tax in zip(said, taxes, strict=True)] if inclusive else said
    return nets, taxes


# ------------------------------------------------------------------------------------------------ what it is worth


def books_currency(currency: str, directory: Directory, mapping: LedgerMapping) -> str:
    """The currency in which planning counts what a document in `currency` is worth."""
    return balance_currency(currency, directory.home, directory.multi_currency, mapping)


def in_books(row: Row, parts: Sequence[int], directory: Directory, mapping: LedgerMapping) -> list[int]:
    """Parts of a document as they are worth in the books, at its own rate, which is units of its currency for one of the
    organisation's; together what the whole is worth."""
    currency = currency_of(row, directory.home)
    rate = Decimal(str(row.get("CurrencyRate") or 0))
    if books_currency(currency, directory, mapping) == currency or not rate:
        return list(parts)
    total = Decimal(str(row.get("Total") or 0))
    if sum(parts) == minor(total, currency) > 0:
        return share_out(minor(total / rate, directory.home), parts)
    return [minor(amount(part, currency) / rate, directory.home) for part in parts]
