"""How a mapped name is looked up in a QuickBooks company, and what `check` tells where it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from connector.ledgers.findings import Sentences
from connector.ledgers.json_wire import Row
from connector.ledgers.quickbooks_directory import Directory

BUNDLES = {"Category": "a category", "Group": "a bundle"}


@dataclass
class Findings(Sentences):
    """Problems forbid, warnings tell what will be held or is done otherwise."""

    ledger: ClassVar[str] = "QuickBooks"
    gone: ClassVar[str] = "or it was made inactive"
    directory: Directory

    def account(self, key: str, name: str, problem: bool = True) -> Row | None:
        """The account of this name; None where there is none, and that is told."""
        return self.look_up(self.directory.accounts, key, name, "account", problem)

    def item(self, key: str, name: str, problem: bool = True) -> Row | None:
        """The item of this name that a line can be of; None where there is none, and that is told."""
        directory = self.directory
        unsold = directory.unsold.find(name)
        if unsold is not None and directory.items.find(name) is None:
            kind = BUNDLES[str(directory.unsold.by_id[unsold]["Type"])]
            self.tell(
                f'{key}: "{name}" is {kind} in QuickBooks, and no line can be of it: name a product or service',
                problem,
            )
            return None
        row = self.look_up(directory.items, key, name, "product or service", problem)
        if row is not None and directory.item_account(str(row["Id"])) is None:
            self.tell(
                f'{key}: "{name}" has no income account in QuickBooks: say there that you sell it, and name one',
                problem,
            )
            return None
        return row
