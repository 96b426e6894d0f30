"""What parts of a transaction are worth in the books, at its own exchange rate: base currency for one of its own."""

from __future__ import annotations

from collections.abc import Sequence

from connector.ledgers.json_wire import amount, minor
from connector.ledgers.movement import balance_currency
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_records import Head
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.shares import share_out


def books_currency(currency: str, directory: Directory, mapping: LedgerMapping) -> str:
    """The currency in which planning counts what a transaction in `currency` is worth."""
    return balance_currency(currency, directory.home, directory.multi_currency, mapping)


def in_books(head: Head, parts: Sequence[int], directory: Directory, mapping: LedgerMapping) -> list[int]:
    """Minor units of the transaction's currency in those of the books; together what the whole is worth."""
    if books_currency(head.currency, directory, mapping) == head.currency or not head.rate:
        return list(parts)
    home = directory.home
    if sum(parts) == head.total_minor > 0:
        return share_out(minor(amount(head.total_minor, head.currency) * head.rate, home), parts)
    return [minor(amount(part, head.currency) * head.rate, home) for part in parts]
