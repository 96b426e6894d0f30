"""What a document in Xero moves, worked out from its own lines: debits and credits by account.

Xero posts by itself; what stands on a document decides its postings.
https://developer.xero.com/documentation/api/accounting/journals
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from connector.ledgers.json_wire import Row, minor
from connector.ledgers.movement import Movement, with_total
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_sale_lines import account_of_line, amounts_of, books_currency, in_books
from connector.ledgers.xero_window import CREDITS, money_of
from connector.ledgers.xero_wire import id_of, part_of, rows_of, text_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Entry

REVENUE = "REVENUE"
# Our bank transactions that sell nothing and take nothing back.
NOT_SOLD = frozenset({"fee", "exchange"})


class Mover:
    """Reads movements. `banks` are the bank accounts of overpayments and prepayments, by id, `prepaid` the prepayments
    that payments pay back; both as far as they are known."""

    def __init__(
        self,
        directory: Directory,
        mapping: LedgerMapping,
        banks: Mapping[str, str] | None = None,
        prepaid: Iterable[Row] = (),
    ) -> None:
        self.directory = directory
        self.mapping = mapping
        self.home = directory.home
        self.banks = banks or {}
        self.prepaid = {id_of(row, "Prepayments"): row for row in prepaid}
        self.exchange = directory.accounts.find(mapping.exchange) if mapping.exchange is not None else None

    def movements(self, row: Row, plural: str) -> list[Movement]:
        """What a document moves; without zeros, the side of its total last."""
        found = self.of_payment(row) if plural == "Payments" else self.of_lines(row, plural)
        return [one for one in found if one.amount_minor]

    def of_lines(self, row: Row, plural: str) -> list[Movement]:
        """Lines, the tax, then receivables or the bank account."""
        sign = 1 if row.get("Type") in ("ACCRECCREDIT", "SPEND") else -1
        nets, taxes = amounts_of(row, self.directory)
        sells = self.sells(row, plural)
        found = []
        for line, net in zip(rows_of(row, "LineItems"), nets, strict=True):
            account, item = account_of_line(line, self.directory), text_of(line, "ItemCode")
            sold = (sells or item is not None) and not self.is_exchange(account)
            found.append(Movement(account, sign * net, sold, item))
        found.append(Movement(self.mapping.tax or "", sign * sum(taxes)))
        total = minor(row.get("Total"), money_of(row, self.home))
        return with_total(found, self.other_side(row, plural), -sign * total)

    def sells(self, row: Row, plural: str) -> bool:
        """Whether the lines sell or take back: those of a bank transaction only where it is ours, and says so."""
        if plural == "BankTransactions":
            note = read_reference(row)
            return note.document_key is not None and not NOT_SOLD & {note.kind, note.part}
        return plural not in CREDITS

    def other_side(self, row: Row, plural: str) -> str:
        if plural == "BankTransactions":
            return self.label(text_of(part_of(row, "BankAccount"), "AccountID"))
        if plural in CREDITS:
            return self.label(self.banks.get(id_of(row, plural)))
        return self.mapping.receivable(money_of(row, self.home)) or ""

    def of_payment(self, row: Row) -> list[Movement]:
        """Into the account where an invoice is paid, out of it where a credit is paid back."""
        sign = 1 if row.get("PaymentType") == "ACCRECPAYMENT" else -1
        currency = money_of(row, self.home)
        total = sign * minor(row.get("Amount"), currency)
        account = self.label(text_of(part_of(row, "Account"), "AccountID"))
        return [Movement(self.paid_account(row, currency), -total), Movement(account, total, whole=True)]

    def paid_account(self, row: Row, currency: str) -> str:
        """Receivables, but for a prepayment that is paid back: that lies on the account of its line."""
        lines = rows_of(self.prepaid.get(paid_id(row), {}), "LineItems")
        account = account_of_line(lines[0], self.directory) if lines else self.mapping.receivable(currency)
        return account or ""

    def label(self, account_id: str | None) -> str:
        return self.directory.label(account_id) if account_id else ""

    # -------------------------------------------------------------------------------------- what they are

    def cash(self, moved: Iterable[Movement]) -> int:
        """What of it is on clearing accounts; below zero where money leaves them."""
        accounts = self.directory.accounts
        clearing = {accounts.find(name) for name in self.mapping.clearing_accounts.accounts()} - {None}
        return sum(one.amount_minor for one in moved if accounts.find(one.account) in clearing)

    def income(self, moved: Iterable[Movement]) -> int:
        """What of it is on what is sold or taken back; above zero where that is taken back."""
        return sum(one.amount_minor for one in moved if self.is_income(one))

    def is_income(self, one: Movement) -> bool:
        """The mapping may gather refunds elsewhere."""
        mapping = self.mapping
        if one.whole or self.is_of(one.account, mapping.exchange, mapping.fees):
            return False
        revenue = self.directory.account_class(one.account) == REVENUE
        return one.sold or revenue or self.is_of(one.account, mapping.refunds, mapping.sales)

    def is_exchange(self, account: str) -> bool:
        return self.exchange is not None and self.directory.accounts.find(account) == self.exchange

    def is_of(self, account: str, *names: str | None) -> bool:
        """Whether an account is one of these, however the mapping spells them."""
        found = self.directory.accounts.find(account)
        return found is not None and found in {self.directory.accounts.find(name) for name in names if name}

    def entries(
        self, row: Row, plural: str, moved: Sequence[Movement]
    ) -> tuple[tuple[Entry, ...], tuple[str | None, ...]]:
        """Debits and credits in the currency of the Stripe balance, in the order of planning, and for each the line of
        the sale that it takes back; those are told by our marks, if they tell as many as there are."""
        currency = books_currency(money_of(row, self.home), self.directory, self.mapping)
        # Exchange stands behind the taxes, and before the side of the total.
        ordered = sorted(moved, key=lambda one: (one.whole, self.is_exchange(one.account)))
        told = list(read_reference(row).lines)
        names = iter(told if len(told) == sum(one.sold for one in ordered) else ())
        entries, line_ids = [], []
        for one, amount in zip(ordered, self.worth(row, plural, ordered), strict=True):
            line_id = next(names, None) if one.sold else None
            if amount:
                entries.append(Entry(one.account, max(amount, 0), max(-amount, 0), currency))
                line_ids.append(line_id)
        return tuple(entries), tuple(line_ids)

    def worth(self, row: Row, plural: str, moved: Sequence[Movement]) -> list[int]:
        """The movements as they are worth in the books; they balance there too."""
        if not moved:
            return []
        bank = self.bank_worth(row) if plural == "Payments" else None
        if bank is not None:
            return [bank if one.amount_minor > 0 else -bank for one in moved]
        last = next((at for at, one in enumerate(moved) if one.whole), len(moved) - 1)
        sign = -1 if moved[last].amount_minor > 0 else 1
        parts = [sign * one.amount_minor for at, one in enumerate(moved) if at != last]
        shown = {"CurrencyCode": money_of(row, self.home).upper(), **row}
        worth = [sign * part for part in in_books(shown, parts, self.directory, self.mapping)]
        return [*worth[:last], -sum(worth), *worth[last:]]

    def bank_worth(self, row: Row) -> int | None:
        """What a payment in another currency moved its account by; None where that is not in the organisation's own."""
        currency = money_of(row, self.home)
        if books_currency(currency, self.directory, self.mapping) == currency or not row.get("BankAmount"):
            return None
        account = self.label(text_of(part_of(row, "Account"), "AccountID"))
        kept_in = self.directory.account_currency(account) or self.home
        return minor(row["BankAmount"], self.home) if kept_in == self.home else None


def paid_id(row: Row) -> str:
    """What a payment pays, which stands under the name of an invoice when it is read."""
    return str(part_of(row, "Invoice").get("InvoiceID") or "").lower()
