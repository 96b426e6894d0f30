"""The lines of a sale in NetSuite, each with its own taxes, and what they are worth in the books.

Whatever a form has beside its items (a discount, shipping) is a line too, so that net and tax of all come to the total.
"""

from __future__ import annotations

from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_lines import TAX
from connector.ledgers.netsuite_records import Detail, Head, Line
from connector.ledgers.netsuite_rows import plain
from connector.ledgers.netsuite_worth import in_books
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Refs, SaleLine


def read_lines(
    head: Head, detail: Detail, directory: Directory, mapping: LedgerMapping
) -> tuple[SaleLine, ...]:
    """Lines of nothing are left out; a line's id is NetSuite's own within the document."""
    parts = [part for line in detail.lines for part in (-line.net_minor, tax_of(line))]
    homes = in_books(head, parts, directory, mapping)
    return tuple(
        read_line(line, (homes[2 * at], homes[2 * at + 1]), directory, mapping)
        for at, line in enumerate(detail.lines)
        if line.net_minor or tax_of(line)
    )


def read_line(line: Line, homes: tuple[int, int], directory: Directory, mapping: LedgerMapping) -> SaleLine:
    tax = tax_of(line)
    account = directory.label(line.account) if line.account is not None else ""
    if not account and line.item is not None:
        account = directory.income_account(line.item) or ""
    item = directory.item_label(line.item) if line.item is not None else None
    return SaleLine(
        line_id=line.line_id,
        description=line.description or item or account,
        net_minor=-line.net_minor,
        tax_minor=tax,
        home_net_minor=homes[0],
        home_tax_minor=homes[1],
        account=account,
        tax_account=mapping.tax if tax else None,
        sku=item,
        item=item,
        quantity=line.quantity,
        tax_code="+".join(one.tax_code for one in line.taxes) or None,
        stock=line.item is not None and directory.is_stock(line.item),
        refs=(*taxes_of(line), *line.refs),
    )


def tax_of(line: Line) -> int:
    return sum(tax.tax_minor for tax in line.taxes)


def taxes_of(line: Line) -> Refs:
    """What a refund of the line gives back its taxes by."""
    return tuple(
        (TAX, f"{one.tax_type}/{one.tax_code}/{plain(one.rate)}/{one.tax_minor}") for one in line.taxes
    )
