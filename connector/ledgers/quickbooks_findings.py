"""What `check` tells of a company, sentence by sentence, and how a mapped name is looked up for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.ledgers.json_wire import Row
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.shelf import Shelf

GONE = "or it was made inactive"
BUNDLES = {"Category": "a category", "Group": "a bundle"}


@dataclass
class Findings:
    """Problems forbid, warnings tell what will be held or is done otherwise."""

    directory: Directory
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def tell(self, sentence: str, problem: bool = True) -> None:
        (self.problems if problem else self.warnings).append(sentence)

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

    def look_up(self, shelf: Shelf, key: str, name: str, what: str, problem: bool) -> Row | None:
        several = shelf.namesakes(name)
        if several:
            names = ", ".join(several)
            self.tell(f'{key}: "{name}" is the name of several ({names}): write the one in full', problem)
            return None
        found = shelf.find(name)
        if found is None:
            self.tell(
                f'{key}: there is no {what} "{name}" in QuickBooks, {GONE}: make it, or name another', problem
            )
            return None
        return shelf.by_id[found]
