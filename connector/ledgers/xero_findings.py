"""How a mapped name is looked up in an organisation in Xero, and what `check` tells where it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from connector.ledgers.findings import Sentences
from connector.ledgers.json_wire import Row
from connector.ledgers.shelf import Shelf
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_wire import text_of

# As Xero shows the types of its accounts. https://developer.xero.com/documentation/api/accounting/types#account-types
TYPE_NAMES = {
    "BANK": "Bank",
    "CURRENT": "Current Asset",
    "CURRLIAB": "Current Liability",
    "DEPRECIATN": "Depreciation",
    "DIRECTCOSTS": "Direct Costs",
    "EQUITY": "Equity",
    "EXPENSE": "Expense",
    "FIXED": "Fixed Asset",
    "INVENTORY": "Inventory",
    "LIABILITY": "Liability",
    "NONCURRENT": "Non-current Asset",
    "OTHERINCOME": "Other Income",
    "OVERHEADS": "Overhead",
    "PREPAYMENT": "Prepayment",
    "REVENUE": "Revenue",
    "SALES": "Sales",
    "TERMLIAB": "Non-current Liability",
}
EXPENSES = frozenset({"EXPENSE", "OVERHEADS", "DIRECTCOSTS"})
REVENUES = frozenset({"REVENUE", "SALES", "OTHERINCOME"})
REALISED = "REALISEDCURRENCYGAIN"
TAX = "GST"
# Of the system accounts those that Xero alone posts to.
NOT_ON_LINES = frozenset(
    {"DEBTORS", "CREDITORS", TAX, "GSTONIMPORTS", "BANKCURRENCYGAIN", REALISED, "UNREALISEDCURRENCYGAIN"}
)
REVENUE_WORDS = "a revenue account"


@dataclass
class Findings(Sentences):
    """What is found of an organisation and a mapping."""

    ledger: ClassVar[str] = "Xero"
    gone: ClassVar[str] = "or it was deleted"
    in_full: ClassVar[str] = "write the code of the one that is meant"
    customer: ClassVar[str] = "contact"
    directory: Directory

    def account(self, key: str, name: str, problem: bool = True) -> Row | None:
        """The account of this name; None where there is none that is active, and that is told."""
        directory = self.directory
        if self.is_archived(directory.accounts, directory.archived, name):
            self.tell_archived(key, "account", name, problem)
            return None
        return self.look_up(directory.accounts, key, name, "account", problem)

    def line_account(
        self, key: str, name: str, types: frozenset[str], wanted: str, problem: bool = True
    ) -> None:
        """Tell where no line can be on this account, or where it is of none of these types."""
        row = self.account(key, name, problem)
        if row is None:
            return
        kind = str(row.get("Type"))
        if row.get("SystemAccount") in NOT_ON_LINES:
            self.tell(
                f'{key}: "{name}" is an account that Xero alone posts to, and no line can be on it: name {wanted}',
                problem,
            )
        elif kind not in types:
            self.tell(f'{key}: "{name}" is of the type {type_name(kind)}: name {wanted}', problem)
        elif text_of(row, "Code") is None:
            self.tell(
                f'{key}: "{name}" has no code in Xero, and a line names its account by code: give it one',
                problem,
            )

    def is_archived(self, active: Shelf, archived: Shelf, name: str) -> bool:
        return active.find(name) is None and archived.find(name) is not None

    def tell_archived(self, key: str, what: str, name: str, problem: bool) -> None:
        self.tell(
            f'{key}: {what} "{name}" is archived in Xero, or deleted: restore it, or name another', problem
        )

    def system_account(self, role: str) -> str | None:
        """The label of the account that Xero itself posts to in this role; None where it has none."""
        accounts = self.directory.accounts
        for object_id, row in accounts.by_id.items():
            if row.get("SystemAccount") == role:
                return accounts.label(object_id)
        return None


def type_name(kind: str) -> str:
    return TYPE_NAMES.get(kind, kind)
