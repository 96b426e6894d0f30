"""The lines of a sale in NetSuite: items, discounts and what it cost to send, each with its taxes.

SuiteTax tells what each tax came to on each line. What of the total no line and no tax tells is the tax of an account that
reckons it in the old way, and is shared out over what was sold.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_lines import TAX
from connector.ledgers.netsuite_lists import ITEM_RECORDS
from connector.ledgers.netsuite_records import Detail, Head, Line, TaxDetail
from connector.ledgers.netsuite_rows import SELLING, plain
from connector.ledgers.netsuite_wire import text_of
from connector.ledgers.netsuite_worth import in_books
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import DISCOUNT, SaleLine
from connector.planning.shares import share_out

# Types of items that a line can be of; another, as one that is sent, stands beside the lines.
OF_LINES = frozenset(ITEM_RECORDS.values())
REBATES = frozenset({"Discount", "Markup"})


def read_lines(
    head: Head, detail: Detail, directory: Directory, mapping: LedgerMapping
) -> tuple[SaleLine, ...]:
    """Lines of nothing are left out. Net and tax of all come to the total."""
    sign = -1 if head.record in SELLING else 1
    lines = list(detail.lines)
    nets = [sign * line.net_minor for line in lines]
    taxes = taxes_of(head, lines, nets)
    parts = [part for pair in zip(nets, taxes, strict=True) for part in pair]
    homes = in_books(head, parts, directory, mapping)
    return tuple(
        read_line(line, parts[2 * at : 2 * at + 2], homes[2 * at : 2 * at + 2], directory, mapping)
        for at, line in enumerate(lines)
        if nets[at] or taxes[at]
    )


def taxes_of(head: Head, lines: Sequence[Line], nets: Sequence[int]) -> list[int]:
    """The tax of each line, of all that the total has beside the lines."""
    told = [sum(tax.tax_minor for tax in line.taxes) for line in lines]
    rest = head.total_minor - sum(nets) - sum(told)
    if not rest:
        return told
    weights = next((some for some in (told, [max(net, 0) for net in nets]) if sum(some) > 0), None)
    if weights is None:
        return told
    return [tax + more for tax, more in zip(told, share_out(rest, weights), strict=True)]


def read_line(
    line: Line, amounts: Sequence[int], homes: Sequence[int], directory: Directory, mapping: LedgerMapping
) -> SaleLine:
    """One line; `amounts` and `homes` are its net and its tax."""
    row = item_row(line.item, directory)
    kind = text_of(row, "Type")
    usable = line.item is not None and kind in OF_LINES
    item = directory.item_label(line.item) if line.item is not None and usable else None
    account = account_of(line, directory)
    rebate = [(DISCOUNT, line.account or "")] if kind in REBATES else []
    return SaleLine(
        line_id=line.line_id,
        description=line.description or item or account,
        net_minor=amounts[0],
        tax_minor=amounts[1],
        home_net_minor=homes[0],
        home_tax_minor=homes[1],
        account=account,
        tax_account=mapping.tax if amounts[1] else None,
        sku=text_of(row, "Name") if usable else None,
        item=item,
        quantity=line.quantity,
        tax_code="+".join(dict.fromkeys(tax.tax_code for tax in line.taxes)) or None,
        stock=line.item is not None and directory.is_stock(line.item),
        refs=(*rebate, *(tax_ref(tax) for tax in line.taxes), *line.refs),
    )


def item_row(item_id: str | None, directory: Directory) -> Row:
    """An item as it is remembered; an empty one where it is not known."""
    shelf = directory.items if item_id in directory.items.by_id else directory.inactive_items
    return shelf.by_id.get(item_id or "", {})


def account_of(line: Line, directory: Directory) -> str:
    """The label of the account that a line is on, else of that of its item."""
    if line.account is not None:
        return directory.label(line.account)
    return (directory.income_account(line.item) if line.item is not None else None) or ""


def tax_ref(tax: TaxDetail) -> tuple[str, str]:
    """As the lines of what takes the sale back are written: type, code, rate in percent, amount."""
    return (TAX, f"{tax.tax_type}/{tax.tax_code}/{plain(tax.rate)}/{tax.tax_minor}")
