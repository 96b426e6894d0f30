"""What a sale's document in NetSuite says, with its payments and what others took back of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.further_writes import RATE
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_records import Detail, Head, Link, Reader
from connector.ledgers.netsuite_rows import plain
from connector.ledgers.netsuite_sale_heads import Heads
from connector.ledgers.netsuite_sale_lines import read_lines
from connector.ledgers.netsuite_wire import split_id
from connector.ledgers.sale_search import STRIPE_CUSTOMER, charges_of, ids_of, in_order
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Booked, Refs, Sale, SaleForm, SalePayment

FORMS: dict[str, SaleForm] = {
    "invoice": "invoice",
    "cashSale": "sales_receipt",
    "customerPayment": "payment",
    "customerDeposit": "payment",
}
TAKEN_BACK = {"creditMemo": "credit_memo", "cashRefund": "refund_receipt"}
MONEY_IN = frozenset({"customerPayment", "depositApplication"})
# The ref of a lone payment: its record type.
CREDIT = "credit"


class Around:
    """What was read around some sales: heads and details by ledger id; `made` are the documents that were made from a
    transaction, by its internal id; what bears a Stripe id is in the search."""

    def __init__(self, search: Heads) -> None:
        self.known = search.known
        self.carried = search.carried
        self.details: dict[str, Detail] = {}
        self.made: dict[str, list[Head]] = {}

    def keep(self, heads: Iterable[Head]) -> None:
        self.known.update((head.ledger_id, head) for head in heads)

    def read(self, ledger_ids: Collection[str], reader: Reader) -> Steps[None]:
        missing = set(ledger_ids) - self.known.keys()
        if missing:
            self.keep((yield from reader.by_id(missing)).values())

    def links(self, ledger_id: str) -> Sequence[Link]:
        detail = self.details.get(ledger_id)
        return detail.links if detail is not None else ()


class SaleReader:
    """Makes sales of what was read."""

    def __init__(self, directory: Directory, mapping: LedgerMapping, around: Around) -> None:
        self.directory = directory
        self.mapping = mapping
        self.around = around

    def sale_of(self, reference: Reference, head: Head) -> Sale:
        """The sale of its own document, less our documents that are not to count."""
        form = FORMS[head.record]
        balance = 0
        if form == "invoice":
            payments = self.payments_on(head, reference.without)
            balance = head.open_minor + self.added_back(head, reference.without)
        else:
            payments = (self.read_payment(head, True),)
        detail = self.around.details.get(head.ledger_id, Detail())
        known = STRIPE_CUSTOMER.search(f"{head.stripe_customer or ''} {head.memo}")
        return Sale(
            form=form,
            ledger_id=head.ledger_id,
            number=number_of(reference, head),
            currency=head.currency,
            charge_currency=reference.charge_currency,
            posting_date=head.day,
            total_minor=head.total_minor,
            balance_minor=balance,
            lines=() if form == "payment" else read_lines(head, detail, self.directory, self.mapping),
            payments=payments,
            customer=head.customer,
            customer_id=known[0] if known else None,
            customer_email=head.email,
            void=head.voided,
            booked=self.booked(reference, head),
            refs=self.refs_of(head),
        )

    def refs_of(self, head: Head) -> Refs:
        """What the documents against a sale take over from it."""
        refs: list[tuple[str, str]] = []
        if head.customer_id is not None:
            refs.append(("customer", head.customer_id))
        if head.subsidiary is not None:
            refs.append(("subsidiary", head.subsidiary))
        if head.rate is not None and head.currency != self.directory.home:
            refs.append((RATE, plain(head.rate)))
        if head.record == "invoice" and head.account is not None:
            refs.append(("receivable", head.account))
        if FORMS[head.record] == "payment":
            refs.append((CREDIT, head.record))
        return (*refs, *head.refs)

    # -------------------------------------------------------------------------------------- payments

    def payments_on(self, invoice: Head, without: Sequence[str]) -> tuple[SalePayment, ...]:
        """The payments of an invoice, and the deposits that are applied to it."""
        found = []
        for link in self.around.links(invoice.ledger_id):
            head = self.around.known.get(link.ledger_id)
            if head is None or head.record not in MONEY_IN or not head.stands:
                continue
            if head.note.document_key not in without:
                found.append(self.read_payment(head, True))
        return in_order(found)

    def read_payment(self, head: Head, applied: bool) -> SalePayment:
        """A payment, a deposit that was applied, or a receipt as its own payment."""
        deposit = self.deposit_of(head)
        told = deposit if deposit is not None else head
        charges = tuple(dict.fromkeys((*charges_of(head.note), *charges_of(told.note))))
        return SalePayment(
            ledger_id=head.ledger_id,
            amount_minor=head.total_minor,
            currency=head.currency,
            posting_date=told.day,
            charge_ids=charges,
            account=self.directory.label(told.account) if told.account is not None else "",
            applied=applied,
            credit_account=self.mapping.receivable(head.currency),
        )

    def deposit_of(self, head: Head) -> Head | None:
        if head.record != "depositApplication" or head.created_from is None:
            return None
        return self.around.known.get(f"customerDeposit/{head.created_from}")

    def added_back(self, invoice: Head, without: Sequence[str]) -> int:
        """What would be open again if our documents with these keys were not there."""
        if not without:
            return 0
        return sum(
            link.amount_minor
            for link in self.around.links(invoice.ledger_id)
            if (head := self.around.known.get(link.ledger_id)) is not None
            and head.note.document_key in without
        )

    def add_payments(self, sale: Sale, invoice: Head, reference: Reference, credits: Sequence[Head]) -> Sale:
        """The sale with payments of its customer that stand elsewhere: with this charge's id, or with none and not wholly
        used. One that was taken off the invoice for a refund that is not to count pays it still."""
        there = {p.ledger_id for p in sale.payments}
        mine: list[SalePayment] = []
        taken_off = 0
        for head in credits:
            note = head.note
            charges = charges_of(note)
            free = bool(head.open_minor) and not charges and note.document_key is None
            own = bool(set(ids_of(reference)).intersection(charges))
            if not (free or own) or not head.stands or note.document_key in reference.without:
                continue
            if head.currency != sale.currency:
                continue
            back = self.given_back(head, reference.without) if own else 0
            taken_off += back
            if head.ledger_id not in there:
                mine.append(self.read_payment(head, bool(back)))
        return replace(
            sale,
            payments=in_order((*sale.payments, *mine)),
            balance_minor=max(sale.balance_minor - taken_off, 0),
        )

    def given_back(self, payment: Head, without: Sequence[str]) -> int:
        """How much of a payment was given back by refunds of ours with these keys, which opened its invoice."""
        return sum(
            link.amount_minor
            for link in self.around.links(payment.ledger_id)
            if (head := self.around.known.get(link.ledger_id)) is not None
            and head.note.document_key in without
            and head.note.kind == "reopen_invoice"
        )

    # -------------------------------------------------------------------------------------- what others did

    def booked(self, reference: Reference, sale: Head) -> tuple[Booked, ...]:
        """What others took back of the sale: credit memos applied to it, what was made from it, and what carries the
        charge's id."""
        taken: dict[str, tuple[Head, int]] = {}
        naming = [
            head
            for stripe_id in ids_of(reference)
            if not stripe_id.startswith("in_")
            for head in self.around.carried.get(stripe_id, ())
        ]
        naming += self.around.made.get(split_id(sale.ledger_id)[1], [])
        for head in naming:
            if head.record in TAKEN_BACK:
                taken[head.ledger_id] = (head, head.total_minor)
        for link in self.around.links(sale.ledger_id):
            memo = self.around.known.get(link.ledger_id)
            if memo is not None and memo.record in TAKEN_BACK and memo.ledger_id not in taken:
                taken[memo.ledger_id] = (memo, link.amount_minor)
        return tuple(
            Booked(
                ledger_id=ledger_id,
                kind=TAKEN_BACK[head.record],
                amount_minor=amount,
                currency=head.currency,
                number=head.number,
                refund_id=next(iter(head.note.refund_ids), None),
            )
            for ledger_id, (head, amount) in taken.items()
            if head.note.document_key is None and head.stands and amount
        )


def number_of(reference: Reference, head: Head) -> str:
    """Of ours the number that our marks tell; of a payment that has one of its own the charge's."""
    note = head.note
    if head.record in ("customerPayment", "customerDeposit"):
        said = note.sale or note.number if note.document_key is not None else None
        return said or reference.number or head.number or head.ledger_id
    said = note.number if note.document_key is not None and note.kind != "reversal" else None
    return said or head.number or head.ledger_id
