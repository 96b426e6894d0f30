"""Debits and credits of every document kind. Nothing here decides; it only balances.

A posting is written as a signed amount (debit above zero) and turned into `Entry` at the end. The order is the order
in which documents are written everywhere: income, tax, exchange and fees first, receivable and clearing last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.planning.model import DocumentLine, Entry

Posting = tuple[str, int]


def make_entries(postings: Iterable[Posting], currency: str) -> tuple[Entry, ...]:
    """Entries of signed postings, zeros left out; raises ValueError unless they sum to zero."""
    entries = []
    total = 0
    for account, signed in postings:
        total += signed
        if signed > 0:
            entries.append(Entry(account, signed, 0, currency))
        elif signed < 0:
            entries.append(Entry(account, 0, -signed, currency))
    if total:
        raise ValueError(f"debits and credits differ by {total} {currency}: {entries}")
    return tuple(entries)


def income_postings(lines: Sequence[DocumentLine], sign: int) -> list[Posting]:
    """Income and tax of lines: sign 1 takes them back (debit), -1 earns them (credit); taxes by account."""
    postings = [(line.account, sign * line.net_minor) for line in lines]
    taxes: dict[str, int] = {}
    for line in lines:
        if line.tax_minor and line.tax_account:
            taxes[line.tax_account] = taxes.get(line.tax_account, 0) + line.tax_minor
    postings.extend((account, sign * amount) for account, amount in taxes.items())
    return postings


def lines_total(lines: Sequence[DocumentLine]) -> int:
    return sum(line.net_minor + line.tax_minor for line in lines)


def sale_entries(lines: Sequence[DocumentLine], debit: str, currency: str) -> tuple[Entry, ...]:
    """A sale or the mirror of a refund's income leg: Dr receivable or clearing / Cr income, tax."""
    return make_entries([*income_postings(lines, -1), (debit, lines_total(lines))], currency)


def mirror_entries(entries: Sequence[Entry]) -> list[Posting]:
    """The same postings with debit and credit exchanged."""
    return [(entry.account, entry.credit_minor - entry.debit_minor) for entry in entries]
