"""How a mapped name is looked up in a NetSuite account, and what `check` tells where it cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from connector.ledgers.findings import Sentences
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_wire import text_of

# As NetSuite shows the types of its accounts.
TYPE_NAMES = {
    "AcctPay": "Accounts Payable",
    "AcctRec": "Accounts Receivable",
    "COGS": "Cost of Goods Sold",
    "CredCard": "Credit Card",
    "DeferExpense": "Deferred Expense",
    "DeferRevenue": "Deferred Revenue",
    "FixedAsset": "Fixed Asset",
    "LongTermLiab": "Long Term Liability",
    "NonPosting": "Non Posting",
    "OthAsset": "Other Asset",
    "OthCurrAsset": "Other Current Asset",
    "OthCurrLiab": "Other Current Liability",
    "OthExpense": "Other Expense",
    "OthIncome": "Other Income",
    "Stat": "Statistical",
    "UnbilledRec": "Unbilled Receivable",
}
# As NetSuite shows its records, and as it calls the permissions for them.
RECORD_NAMES = {
    "cashRefund": "cash refund",
    "cashSale": "cash sale",
    "creditMemo": "credit memo",
    "customer": "customer",
    "customerPayment": "customer payment",
    "customerRefund": "customer refund",
    "invoice": "invoice",
    "journalEntry": "journal entry",
}


@dataclass
class Findings(Sentences):
    """Problems forbid, warnings tell what will be held or is done otherwise."""

    ledger: ClassVar[str] = "NetSuite"
    gone: ClassVar[str] = "or the role of the integration does not see it"
    in_full: ClassVar[str] = "write the one in full, or its internal id"
    directory: Directory

    def account(self, key: str, name: str, problem: bool = True) -> Row | None:
        """The account of this name; None where there is none that is active, and that is told."""
        directory = self.directory
        if directory.accounts.find(name) is None and directory.inactive_accounts.find(name) is not None:
            self.tell(
                f'{key}: account "{name}" is inactive in NetSuite: make it active, or name another', problem
            )
            return None
        return self.look_up(directory.accounts, key, name, "account", problem)

    def item(self, key: str, name: str, problem: bool = True) -> Row | None:
        """The item of this name that a line can be of; None where there is none, and that is told."""
        directory = self.directory
        if directory.items.find(name) is None and directory.inactive_items.find(name) is not None:
            self.tell(
                f'{key}: item "{name}" is inactive in NetSuite: make it active, or name another', problem
            )
            return None
        what = "active item that can be sold"
        row = self.look_up(directory.items, key, name, what, problem)
        if row is not None and directory.income_account(str(row["Id"])) is None:
            self.tell(
                f'{key}: "{name}" has no income account in NetSuite: name one on the item (an item for sale, or for resale)',
                problem,
            )
            return None
        return row


def type_of(row: Row) -> str:
    """The type of an account as NetSuite shows it."""
    kind = text_of(row, "Type") or ""
    return TYPE_NAMES.get(kind, kind)
