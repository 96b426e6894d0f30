"""Numbers that a ledger put in the place of ours: what a pass says of them. Each document keeps the one it settled on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.delivery.outcome import Step


@dataclass(slots=True)
class ReplacedNumbers:
    """How many documents of a pass the ledger numbered itself, and the first of them: its own number, and ours."""

    count: int = 0
    first: tuple[str, str] = ("", "")

    def note(self, steps: Mapping[str, Step], rows: Mapping[str, Any]) -> None:
        """`rows` of `document` by document key."""
        for key, step in steps.items():
            if step.replaced_number is not None:
                self.first = self.first if self.count else (step.replaced_number, rows[key].number or "")
                self.count += 1

    def sentences(self) -> list[str]:
        """One, where there are any."""
        theirs, ours = self.first
        if not self.count:
            return []
        if self.count == 1:
            what = f"{theirs} in the place of {ours}"
        else:
            what = f"{self.count} documents, {theirs} in the place of {ours} among them"
        return [
            f"the ledger numbered by itself what this run posted: {what}; let it keep the numbers that it is sent"
        ]
