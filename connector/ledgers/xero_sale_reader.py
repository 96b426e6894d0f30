"""What a sale's document in Xero says, with its payments and what others took back of it.

An invoice shows what stands on it without accounts; the payments themselves tell those. A payment that is made again when
its invoice is opened, and the overpayment of the rest, are the one payment that they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from connector.ledgers.contract import Reference
from connector.ledgers.further_writes import RATE
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.sale_search import STRIPE_CUSTOMER, charges_of, ids_of, in_order
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_sale_heads import is_application, is_void
from connector.ledgers.xero_sale_lines import account_of_line, read_lines
from connector.ledgers.xero_window import CREDITS, Seen, Window, is_gone, money_of, stands
from connector.ledgers.xero_wire import day_of, id_of, part_of, rows_of, text_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Booked, Refs, Sale, SaleForm, SalePayment

FORMS: dict[str, SaleForm] = {
    "Invoices": "invoice",
    "BankTransactions": "sales_receipt",
    "Overpayments": "payment",
    "Prepayments": "payment",
}
TAKEN_BACK = {"CreditNotes": "credit_memo", "BankTransactions": "refund_receipt"}
# The ref of a lone payment: its list.
CREDIT = "credit"


@dataclass
class Around:
    """What stands on some invoices, by list and id: payments, credit notes, overpayments, prepayments."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict)


def contact_of(row: Row) -> str:
    return (text_of(part_of(row, "Contact"), "ContactID") or "").lower()


class SaleReader:
    """Makes sales of what was read."""

    def __init__(self, directory: Directory, mapping: LedgerMapping, window: Window, around: Around) -> None:
        self.directory = directory
        self.mapping = mapping
        self.window = window
        self.around = around
        self.home = directory.home

    def sale_of(self, reference: Reference, seen: Seen, number: str) -> Sale:
        """The sale of its own document, less our documents that are not to count."""
        plural, row = seen
        form = FORMS[plural]
        currency = money_of(row, self.home)
        balance = 0
        if form == "invoice":
            payments = self.payments_on(row, reference.without)
            balance = minor(row.get("AmountDue"), currency) + self.added_back(row, reference.without)
        else:
            payments = (self.read_payment(plural, row, True),)
        contact = part_of(row, "Contact")
        known = STRIPE_CUSTOMER.search(f"{contact.get('ContactNumber') or ''} {row.get('Reference') or ''}")
        return Sale(
            form=form,
            ledger_id=id_of(row, plural),
            number=number,
            currency=currency,
            charge_currency=reference.charge_currency,
            posting_date=day_of(row),
            total_minor=minor(row.get("Total"), currency),
            balance_minor=balance,
            lines=() if form == "payment" else read_lines(row, self.directory, self.mapping),
            payments=payments,
            customer=text_of(contact, "Name"),
            customer_id=known[0] if known else None,
            customer_email=text_of(contact, "EmailAddress"),
            void=is_void(row),
            booked=self.booked(reference, seen, number),
            refs=self.refs_of(seen, currency),
        )

    def refs_of(self, seen: Seen, currency: str) -> Refs:
        """What the documents against a sale take over from it."""
        plural, row = seen
        refs = [("customer", contact_of(row))]
        if currency != self.home and row.get("CurrencyRate"):
            refs.append((RATE, str(row["CurrencyRate"])))
        if plural in CREDITS:
            refs.append((CREDIT, plural))
        return tuple(refs)

    # -------------------------------------------------------------------------------------- payments

    def on(self, invoice: Row, plural: str) -> Iterator[tuple[Row, Row]]:
        """What of a list stands on an invoice: how the invoice shows it, and the object itself."""
        for shown in rows_of(invoice, plural):
            row = self.around.rows.get((plural, id_of(shown, plural)), shown)
            if not is_gone(row):
                yield shown, row

    def payments_on(self, invoice: Row, without: Sequence[str]) -> tuple[SalePayment, ...]:
        """The payments of an invoice, and credits of the customer that pay it."""
        found = []
        for plural in ("Payments", *CREDITS):
            for _, row in self.on(invoice, plural):
                if read_reference(row).document_key not in without or is_application(row):
                    found.append(self.read_payment(plural, row, True, money_of(invoice, self.home)))
        return in_order(found)

    def read_payment(self, plural: str, row: Row, applied: bool, currency: str | None = None) -> SalePayment:
        """A payment, a credit that was paid in, or a receipt as its own payment; `currency` is the invoice's."""
        currency = currency or money_of(row, self.home)
        if plural in CREDITS:
            account = self.window.banks.get(id_of(row, plural), "")
        else:
            account = (
                text_of(part_of(row, "Account" if plural == "Payments" else "BankAccount"), "AccountID") or ""
            )
        return SalePayment(
            ledger_id=id_of(row, plural),
            amount_minor=minor(row.get("Amount" if plural == "Payments" else "Total"), currency),
            currency=currency,
            posting_date=day_of(row),
            charge_ids=charges_of(read_reference(row)),
            account=self.directory.label(account) if account else "",
            applied=applied,
            credit_account=self.credit_account(plural, row, currency),
        )

    def credit_account(self, plural: str, row: Row, currency: str) -> str | None:
        """Where the customer's credit stands while it pays nothing: a prepayment is on the account of its line."""
        lines = rows_of(row, "LineItems")
        if plural == "Prepayments" and lines:
            return account_of_line(lines[0], self.directory)
        return self.mapping.receivable(currency)

    def added_back(self, invoice: Row, without: Sequence[str]) -> int:
        """What would be open again if our documents with these keys were not there."""
        currency = money_of(invoice, self.home)
        total = 0
        for plural, name in (("Payments", "Amount"), ("CreditNotes", "AppliedAmount")):
            for shown, row in self.on(invoice, plural):
                if read_reference(row).document_key in without and not is_application(row):
                    total += minor(shown.get(name), currency)
        return total

    def is_reopened(self, seen: Seen) -> bool:
        """Whether we made its payment again, for what stays paid."""
        return seen[0] == "Invoices" and any(is_application(row) for _, row in self.on(seen[1], "Payments"))

    # -------------------------------------------------------------------------------------- what others did

    def booked(self, reference: Reference, seen: Seen, number: str) -> tuple[Booked, ...]:
        """What others took back of the sale: credit notes allocated to it, and what carries the charge's id, or this
        number alone as its Reference."""
        taken: dict[str, tuple[str, Row, int]] = {}
        naming = [
            one
            for stripe_id in ids_of(reference)
            if not stripe_id.startswith("in_")
            for one in self.window.carrying(stripe_id, tuple(TAKEN_BACK))
        ]
        naming += [
            one
            for one in self.window.referring_to(number, tuple(TAKEN_BACK))
            if contact_of(one[1]) == contact_of(seen[1])
        ]
        for plural, row in naming:
            if row.get("Type") in ("ACCRECCREDIT", "SPEND") and stands(row):
                taken[id_of(row, plural)] = (plural, row, minor(row.get("Total"), money_of(row, self.home)))
        if seen[0] == "Invoices":
            for shown, row in self.on(seen[1], "CreditNotes"):
                applied = minor(shown.get("AppliedAmount"), money_of(seen[1], self.home))
                taken[id_of(row, "CreditNotes")] = ("CreditNotes", row, applied)
        return tuple(
            Booked(
                ledger_id=ledger_id,
                kind=TAKEN_BACK[plural],
                amount_minor=amount,
                currency=money_of(row, self.home),
                number=text_of(row, "CreditNoteNumber"),
                refund_id=next(iter(read_reference(row).refund_ids), None),
            )
            for ledger_id, (plural, row, amount) in taken.items()
            if read_reference(row).document_key is None and amount
        )

    def add_payments(self, sale: Sale, reference: Reference, credits: Iterable[Seen]) -> Sale:
        """The sale with credits of its customer that stand elsewhere: with this charge's id, or with none and not wholly
        used. What we made of the payment of an invoice that was opened again is one payment, as it was."""
        there = {p.ledger_id for p in sale.payments}
        made_again = next((p for p in sale.payments if self.is_made_again(p, reference)), None)
        rest, reopened = 0, 0
        mine: list[SalePayment] = []
        parts: list[SalePayment] = []
        for plural, row in credits:
            note = read_reference(row)
            charges = charges_of(note)
            free = bool(row.get("RemainingCredit")) and not charges and note.document_key is None
            own = bool(set(ids_of(reference)).intersection(charges))
            if not (free or own) or id_of(row, plural) in there or not stands(row):
                continue
            if money_of(row, self.home) != sale.currency:
                continue
            payment = self.read_payment(plural, row, False)
            if is_application(row):
                undone = note.document_key in reference.without
                reopened += payment.amount_minor if undone else 0
                rest += payment.amount_minor if made_again is not None else 0
                if made_again is None:
                    parts.append(replace(payment, applied=undone))
            elif note.document_key not in reference.without:
                mine.append(payment)
        if parts:
            whole, applied = sum(p.amount_minor for p in parts), any(p.applied for p in parts)
            mine.append(replace(in_order(parts)[0], amount_minor=whole, applied=applied))
        payments = [
            replace(p, amount_minor=p.amount_minor + rest) if p is made_again else p for p in sale.payments
        ]
        return replace(
            sale, payments=in_order((*payments, *mine)), balance_minor=sale.balance_minor - reopened
        )

    def is_made_again(self, payment: SalePayment, reference: Reference) -> bool:
        row = self.around.rows.get(("Payments", payment.ledger_id))
        own = set(ids_of(reference)).intersection(payment.charge_ids)
        return bool(own) and row is not None and is_application(row)
