"""What `check` tells of a company, sentence by sentence, as far as it is the same in every ledger that a mapping names by
its own names. Pure: everything was read before."""

from __future__ import annotations

from calendar import month_name
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from connector.ledgers.json_wire import Row
from connector.ledgers.shelf import Shelf
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping


@dataclass
class Sentences:
    """Problems forbid, warnings tell what will be held or is done otherwise.

    In the words of the ledger: `ledger` is its name, `gone` how a name may have been lost, `in_full` how one of several
    is named, `customer` what it calls a customer.
    """

    ledger: ClassVar[str]
    gone: ClassVar[str]
    in_full: ClassVar[str] = "write the one in full"
    customer: ClassVar[str] = "customer"
    problems: list[str] = field(default_factory=list, kw_only=True)
    warnings: list[str] = field(default_factory=list, kw_only=True)

    def tell(self, sentence: str, problem: bool = True) -> None:
        (self.problems if problem else self.warnings).append(sentence)

    def told(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Problems and warnings, each once."""
        return tuple(dict.fromkeys(self.problems)), tuple(dict.fromkeys(self.warnings))

    def look_up(self, shelf: Shelf, key: str, name: str, what: str, problem: bool) -> Row | None:
        """The object of this name; None where there is none, or where several have it, and that is told."""
        if self.is_of_several(shelf, key, name, problem):
            return None
        found = shelf.find(name)
        if found is None:
            self.tell(
                f'{key}: there is no {what} "{name}" in {self.ledger}, {self.gone}: make it, or name another',
                problem,
            )
            return None
        return shelf.by_id[found]

    def is_of_several(self, shelf: Shelf, key: str, name: str, problem: bool) -> bool:
        several = shelf.namesakes(name)
        if several:
            names = ", ".join(several)
            self.tell(f'{key}: "{name}" is the name of several ({names}): {self.in_full}', problem)
        return bool(several)


def keyed(key: str, accounts: AccountMap) -> list[tuple[str, str | None, str]]:
    """Key, currency (None: for all) and name of each account that is mapped."""
    if accounts.every is not None:
        return [(key, None, accounts.every)]
    return [(f"{key}.{currency}", currency, name) for currency, name in accounts.by_currency.items()]


def find_customers(found: Sentences, mapping: LedgerMapping, sales: str, default_customer: bool) -> None:
    """`sales` is the form of those that are posted, or `find`; `default_customer`: whether the ledger has the one that the
    mapping names."""
    if sales == "find":
        return
    name = mapping.customer_default
    whom = (
        "of which Stripe knows no name"
        if mapping.customer_create
        else f"to {found.customer}s that are not in {found.ledger}"
    )
    if name is None:
        found.tell(
            f"customers.default names nobody: sales {whom} will be held, customer_not_found", problem=False
        )
    elif not default_customer:
        found.tell(
            f'customers.default: there is no {found.customer} "{name}" in {found.ledger}: make it; until then sales {whom} '
            "will be held, customer_not_found",
            problem=False,
        )


def day_in_words(day: date) -> str:
    return f"{day.day} {month_name[day.month]} {day.year}"
