"""The lines of a sales form of QuickBooks Online: items and discounts, each with its part of the tax.

https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-sales-tax-for-us-locales (and for non-US locales)
In the US a line says TAX or NON and the form knows one tax; elsewhere each line has a tax code, and the form knows what
each rate came to. Nowhere does a line say its tax, but for TaxInclusiveAmt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from connector.ledgers.json_wire import Row, amount, minor
from connector.ledgers.movement import balance_currency
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_wire import currency_of, ref_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import DISCOUNT, SaleLine
from connector.planning.shares import share_out

ITEM, REBATE, GROUP = "SalesItemLineDetail", "DiscountLineDetail", "GroupLineDetail"
NOTHING: Row = {}


def part_of(row: Row, name: str) -> Row:
    """An object within an object; an empty one where it is missing."""
    found = row.get(name)
    return found if isinstance(found, Mapping) else NOTHING


def rows_of(row: Row, name: str) -> list[Row]:
    """The objects of a list; empty where it is missing."""
    found = row.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def form_lines(lines: Iterable[Row], within: str = "") -> Iterator[tuple[str, Row]]:
    """Lines that move an account, with their ids, also those within a bundle; sums and remarks are left out."""
    for place, line in enumerate(lines, start=1):
        line_id = str(line.get("Id") or f"{within}{place}")
        if line.get("DetailType") == GROUP:
            yield from form_lines(rows_of(part_of(line, GROUP), "Line"), f"{line_id}.")
        elif line.get("DetailType") in (ITEM, REBATE):
            yield line_id, line


def read_lines(row: Row, directory: Directory, mapping: LedgerMapping) -> tuple[SaleLine, ...]:
    """Lines of nothing are left out. Net and tax of all come to TotalAmt, unless the form has lines of another kind."""
    listed = list(form_lines(rows_of(row, "Line")))
    nets, taxes = amounts_of(row, [line for _, line in listed], directory)
    parts = [part for pair in zip(nets, taxes, strict=True) for part in pair]
    homes = in_books(row, parts, directory, mapping)
    return tuple(
        read_line(line_id, line, parts[2 * at : 2 * at + 2], homes[2 * at : 2 * at + 2], directory, mapping)
        for at, (line_id, line) in enumerate(listed)
        if parts[2 * at] or parts[2 * at + 1]
    )


def read_line(
    line_id: str,
    line: Row,
    amounts: Sequence[int],
    homes: Sequence[int],
    directory: Directory,
    mapping: LedgerMapping,
) -> SaleLine:
    """One line; `amounts` and `homes` are its net and its tax."""
    detail = part_of(line, str(line["DetailType"]))
    refs = [("class", name) for name in [ref_of(detail, "ClassRef")] if name is not None]
    if line["DetailType"] == REBATE:
        account_id = ref_of(detail, "DiscountAccountRef") or ""
        account, item, sku, stock = directory.accounts.label(account_id), None, None, False
        refs.insert(0, (DISCOUNT, account_id))
    else:
        item_id = ref_of(detail, "ItemRef")
        account = account_of_item(detail, directory)
        item = item_label(detail, directory)
        sku = directory.items.by_id.get(item_id or "", NOTHING).get("Sku") or None
        stock = item_id is not None and directory.is_stock(item_id)
        if item_id is not None:
            refs.insert(0, ("item", item_id))
    return SaleLine(
        line_id=line_id,
        description=str(line.get("Description") or item or account),
        net_minor=amounts[0],
        tax_minor=amounts[1],
        home_net_minor=homes[0],
        home_tax_minor=homes[1],
        account=account,
        tax_account=mapping.tax if amounts[1] else None,
        sku=sku,
        item=item,
        quantity=quantity_of(detail),
        tax_code=ref_of(detail, "TaxCodeRef"),
        stock=stock,
        refs=tuple(refs),
    )


def item_label(detail: Row, directory: Directory) -> str | None:
    """The item as it is shown elsewhere; one that was made inactive, or is built in, by the name on the line."""
    item_id = ref_of(detail, "ItemRef")
    if item_id is None:
        return None
    if item_id in directory.items.by_id:
        return directory.items.label(item_id)
    return str(part_of(detail, "ItemRef").get("name") or item_id)


def account_of_item(detail: Row, directory: Directory) -> str:
    """The income account of a line: that of its item, else the one that the line itself names."""
    item_id = ref_of(detail, "ItemRef")
    account = directory.item_account(item_id) if item_id is not None else None
    if account is not None:
        return account
    account_id = ref_of(detail, "ItemAccountRef")
    return directory.accounts.label(account_id) if account_id is not None else ""


def quantity_of(detail: Row) -> str | None:
    if detail.get("Qty") is None:
        return None
    text = f"{Decimal(str(detail['Qty'])):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# ------------------------------------------------------------------------------------------------ net and tax


def amounts_of(row: Row, lines: Sequence[Row], directory: Directory) -> tuple[list[int], list[int]]:
    """Net and tax of each line in the form's currency; the taxes come to TotalTax exactly."""
    currency = currency_of(row, directory.preferences.home)
    said = [
        (-1 if line["DetailType"] == REBATE else 1) * minor(line.get("Amount"), currency) for line in lines
    ]
    tax = minor(part_of(row, "TxnTaxDetail").get("TotalTax"), currency)
    if not tax:
        return said, [0] * len(lines)
    if directory.preferences.sales_tax != "by_line":
        return said, share_tax(
            tax, [n if is_taxed(line) else 0 for n, line in zip(said, lines, strict=True)], said
        )
    # Amounts that come to the total although there is tax have it within.
    gross = row.get("GlobalTaxCalculation") == "TaxInclusive" and sum(said) == minor(
        row.get("TotalAmt"), currency
    )
    rates = rates_of(row, lines, directory)
    weights = []
    for net, line in zip(said, lines, strict=True):
        inclusive = part_of(line, ITEM).get("TaxInclusiveAmt")
        if inclusive and not gross:
            weights.append(minor(inclusive, currency) - net)
        else:
            rate = rates.get(code_of(line) or "", Decimal(0))
            weights.append(whole(net * rate / (100 + rate) if gross else (net * rate).scaleb(-2)))
    taxes = share_tax(tax, weights, said)
    return [net - part for net, part in zip(said, taxes, strict=True)] if gross else said, taxes


def code_of(line: Row) -> str | None:
    return ref_of(part_of(line, str(line["DetailType"])), "TaxCodeRef")


def is_taxed(line: Row) -> bool:
    """In the US, where a line says TAX, or NON."""
    return code_of(line) not in (None, "NON")


def whole(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), ROUND_HALF_UP))


def share_tax(tax: int, weights: Sequence[int], nets: Sequence[int]) -> list[int]:
    """The tax over what was taxed; over all that was sold where nothing says what that is."""
    sold = [max(net, 0) for net in nets]
    for some in (weights, sold):
        if sum(some) > 0:
            return share_out(tax, some)
    return [0] * len(nets)


def rates_of(row: Row, lines: Sequence[Row], directory: Directory) -> dict[str, Decimal]:
    """Percent by tax code, of the rates that the form itself shows."""
    percents: dict[str, Decimal] = {}
    for line in rows_of(part_of(row, "TxnTaxDetail"), "TaxLine"):
        detail = part_of(line, "TaxLineDetail")
        rate = ref_of(detail, "TaxRateRef")
        if rate is not None:
            percents[rate] = Decimal(str(detail.get("TaxPercent") or 0))
    found: dict[str, Decimal] = {}
    for code in {code_of(line) for line in lines} - {None}:
        known: Any = directory.tax_codes.by_id.get(code or "")
        if known is not None:
            listed = rows_of(part_of(known, "SalesTaxRateList"), "TaxRateDetail")
            names = [ref_of(one, "TaxRateRef") for one in listed]
            found[code or ""] = sum((percents.get(name or "", Decimal(0)) for name in names), Decimal(0))
        elif len(percents) == 1:
            # A code that was made inactive; there is but one rate that it can be of.
            found[code or ""] = next(iter(percents.values()))
    return found


# ------------------------------------------------------------------------------------------------ what it is worth


def books_currency(currency: str, directory: Directory, mapping: LedgerMapping) -> str:
    """The currency in which planning counts what a form in `currency` is worth."""
    prefs = directory.preferences
    return balance_currency(currency, prefs.home, prefs.multi_currency, mapping)


def in_books(row: Row, parts: Sequence[int], directory: Directory, mapping: LedgerMapping) -> list[int]:
    """Parts of a transaction as they are worth in the books, at its own rate; together what the whole is worth."""
    home = directory.preferences.home
    currency = currency_of(row, home)
    if books_currency(currency, directory, mapping) == currency or not row.get("ExchangeRate"):
        return list(parts)
    rate = Decimal(str(row["ExchangeRate"]))
    total = Decimal(str(row.get("TotalAmt") or 0))
    if sum(parts) == minor(total, currency) > 0:
        worth = row["HomeTotalAmt"] if row.get("HomeTotalAmt") else total * rate
        return share_out(minor(worth, home), parts)
    return [minor(amount(part, currency) * rate, home) for part in parts]
