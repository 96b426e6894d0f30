"""What a sale's transaction in NetSuite says, with its payments and what others took back of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from connector.ledgers.contract import Reference
from connector.ledgers.further_writes import RATE
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_records import Detail, Head, Link
from connector.ledgers.netsuite_rows import plain
from connector.ledgers.netsuite_sale_heads import MONEY_IN, REOPENED, SOLD
from connector.ledgers.netsuite_sale_lines import read_lines
from connector.ledgers.netsuite_wire import ledger_id
from connector.ledgers.sale_search import STRIPE_CUSTOMER, charges_of, ids_of, in_order
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import OTHER_RECEIVABLE, Booked, Refs, Sale, SaleForm, SalePayment

FORMS: dict[str, SaleForm] = {
    "invoice": "invoice",
    "cashSale": "sales_receipt",
    "customerPayment": "payment",
    "customerDeposit": "payment",
}
TAKEN_BACK = {"creditMemo": "credit_memo", "cashRefund": "refund_receipt"}
PAID_BACK = "customerRefund"
# The ref of a lone payment: its type. And the account of receivables that an invoice is on.
CREDIT, RECEIVABLE = "credit", "receivable"


@dataclass
class Around:
    """What stands around some sales, by ledger id: the sales and what is applied to them, with details of the sales; and
    what was made from them, by the sale."""

    heads: dict[str, Head] = field(default_factory=dict)
    details: dict[str, Detail] = field(default_factory=dict)
    made: dict[str, list[Head]] = field(default_factory=dict)


class SaleReader:
    """Makes sales of what was read."""

    def __init__(self, directory: Directory, mapping: LedgerMapping, around: Around) -> None:
        self.directory = directory
        self.mapping = mapping
        self.around = around

    def sale_of(self, reference: Reference, head: Head, number: str, carrying: Sequence[Head]) -> Sale:
        """The sale of its own transaction, less our documents that are not to count. `carrying` bears an id of the
        charge's."""
        form = FORMS[head.record]
        detail = self.detail(head)
        balance = 0
        if form == "invoice":
            payments = self.payments_on(head, reference.without)
            balance = head.open_minor + self.added_back(head, reference.without)
        else:
            payments = (self.read_payment(head, True),) if head.total_minor else ()
        stripe_customer = STRIPE_CUSTOMER.search(head.memo)
        return Sale(
            form=form,
            ledger_id=head.ledger_id,
            number=number,
            currency=head.currency,
            charge_currency=reference.charge_currency,
            posting_date=head.day,
            total_minor=head.total_minor,
            balance_minor=balance,
            lines=() if form == "payment" else read_lines(head, detail, self.directory, self.mapping),
            payments=payments,
            customer=head.customer,
            customer_id=head.stripe_customer or (stripe_customer[0] if stripe_customer else None),
            customer_email=head.email,
            void=head.voided,
            booked=self.booked(head, carrying),
            refs=self.refs_of(head),
        )

    def detail(self, head: Head) -> Detail:
        return self.around.details.get(head.ledger_id, Detail())

    def refs_of(self, head: Head) -> Refs:
        """What the documents against a sale take over from it."""
        refs = [("customer", head.customer_id), ("subsidiary", head.subsidiary)]
        if head.rate is not None and head.currency != self.base_of(head):
            refs.append((RATE, plain(head.rate)))
        if head.record == "invoice":
            refs.append((RECEIVABLE, head.account))
            refs.append((OTHER_RECEIVABLE, self.other_receivable(head)))
        if head.record == "customerPayment":
            lines = self.detail(head).lines
            refs.append(
                (RECEIVABLE, next((line.account for line in lines if line.account is not None), None))
            )
        refs += head.refs
        if head.record in MONEY_IN:
            refs.append((CREDIT, head.record))
        return tuple((name, told) for name, told in refs if told is not None)

    def other_receivable(self, head: Head) -> str | None:
        """The account of receivables that an invoice stands on, where it is not the mapped one."""
        mapped = self.mapping.receivable(head.currency)
        if head.account is None or (mapped and self.directory.accounts.find(mapped) == head.account):
            return None
        return self.directory.label(head.account)

    def base_of(self, head: Head) -> str:
        """The base currency of the subsidiary that a transaction is of."""
        known = self.directory.subsidiaries.get(head.subsidiary or "")
        return known[1] if known is not None and known[1] else self.directory.home

    # -------------------------------------------------------------------------------------- payments

    def on(self, head: Head, records: Iterable[str]) -> list[tuple[Link, Head]]:
        """What is applied to a transaction, or what it is applied to, of these types."""
        found = []
        for link in self.detail(head).links:
            other = self.around.heads.get(link.ledger_id)
            if other is not None and other.record in records and not other.voided:
                found.append((link, other))
        return found

    def payments_on(self, invoice: Head, without: Sequence[str]) -> tuple[SalePayment, ...]:
        """The payments of an invoice; a deposit pays it by its applications."""
        found: dict[str, SalePayment] = {}
        for _, paying in self.on(invoice, ("customerPayment", "depositApplication")):
            head = self.deposit_of(paying) if paying.record == "depositApplication" else paying
            if head is not None and head.total_minor and head.note.document_key not in without:
                found[head.ledger_id] = self.read_payment(head, True)
        return in_order(found.values())

    def deposit_of(self, application: Head) -> Head | None:
        return self.around.heads.get(ledger_id("customerDeposit", application.created_from))

    def read_payment(self, head: Head, applied: bool) -> SalePayment:
        """A payment or deposit, or a cash sale as its own payment."""
        return SalePayment(
            ledger_id=head.ledger_id,
            amount_minor=head.total_minor,
            currency=head.currency,
            posting_date=head.day,
            charge_ids=charges_of(head.note),
            account=self.directory.label(head.account) if head.account is not None else "",
            applied=applied,
            credit_account=self.credit_account(head),
        )

    def credit_account(self, head: Head) -> str | None:
        """Where the customer's credit stands while it pays nothing: a deposit is a liability of its own."""
        lines = self.detail(head).lines if head.record in MONEY_IN else ()
        account = next((line.account for line in lines if line.account is not None), None)
        if account is not None:
            return self.directory.label(account)
        return self.mapping.receivable(head.currency)

    def added_back(self, invoice: Head, without: Sequence[str]) -> int:
        """What would be open beside if our documents with these keys were not there: what they pay of it, less what they
        took a payment off it for."""
        if not without:
            return 0
        total = 0
        for link, other in self.on(invoice, ("customerPayment", "creditMemo", "depositApplication")):
            head = self.deposit_of(other) if other.record == "depositApplication" else other
            if head is not None and head.note.document_key in without:
                total += link.amount_minor
            elif other.record == "customerPayment":
                total -= self.taken_off(other, without)
        return total

    def taken_off(self, payment: Head, without: Sequence[str]) -> int:
        """What of a payment was taken off its invoice and paid back by our documents with these keys."""
        return sum(
            link.amount_minor
            for link, other in self.on(payment, (PAID_BACK,))
            if other.note.kind == REOPENED and other.note.document_key in without
        )

    # -------------------------------------------------------------------------------------- what others did

    def booked(self, head: Head, carrying: Iterable[Head]) -> tuple[Booked, ...]:
        """What others took back of the sale: memos applied to it; what was made from it or bears the charge's id; and of a
        lone payment what was paid back."""
        taken: dict[str, tuple[Head, int]] = {}
        for link, other in self.on(head, ("creditMemo",) if head.record in SOLD else (PAID_BACK,)):
            taken[other.ledger_id] = (other, link.amount_minor)
        for other in (*self.around.made.get(head.ledger_id, ()), *carrying):
            if other.record in TAKEN_BACK:
                taken[other.ledger_id] = (other, other.total_minor)
        if head.record == "customerDeposit":
            for application in (one for _, one in self.on(head, ("depositApplication",))):
                for link, other in self.on(application, (PAID_BACK,)):
                    taken[other.ledger_id] = (other, link.amount_minor)
        return tuple(
            Booked(
                ledger_id=other.ledger_id,
                kind=TAKEN_BACK.get(other.record, "refund_payout"),
                amount_minor=amount,
                currency=other.currency,
                number=other.number,
                refund_id=next(iter(other.note.refund_ids), None),
            )
            for other, amount in taken.values()
            if other.note.document_key is None and other.stands and amount
        )

    def add_payments(self, sale: Sale, reference: Reference, payments: Iterable[Head]) -> Sale:
        """The sale with payments of its customer that stand elsewhere: with this charge's id, or with none and not wholly
        used. What our documents that are not to count took off the invoice is on it."""
        there = {p.ledger_id for p in sale.payments}
        mine, reopened = [], 0
        for head in payments:
            charges, key = charges_of(head.note), head.note.document_key
            free = head.open_minor > 0 and not charges and key is None
            own = bool(set(ids_of(reference)).intersection(charges))
            if not (free or own) or not head.stands or not head.total_minor or head.ledger_id in there:
                continue
            if key is not None and key in reference.without:
                continue
            if head.currency != sale.currency:
                continue
            back = self.taken_off(head, reference.without) if own else 0
            reopened += back
            mine.append(self.read_payment(head, back > 0))
        if not mine:
            return sale
        payments_now = in_order((*sale.payments, *mine))
        return replace(sale, payments=payments_now, balance_minor=sale.balance_minor - reopened)
