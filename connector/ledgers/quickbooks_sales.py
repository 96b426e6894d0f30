"""Sales that stand in QuickBooks Online: the document that a charge paid, its payments, and what is still open.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/invoice (and salesreceipt, payment)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.further_writes import RATE, VOIDED_INVOICE
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_sale_heads import BEFORE, Heads, is_void, linked
from connector.ledgers.quickbooks_sale_lines import part_of, read_lines, rows_of
from connector.ledgers.quickbooks_window import Seen, Window
from connector.ledgers.quickbooks_wire import (
    currency_of,
    day_of,
    find_by,
    find_rows,
    is_one_of,
    ref_of,
    slices,
)
from connector.ledgers.sale_search import STRIPE_CUSTOMER, charges_of, ids_of, in_order, lacks_payment
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Booked, Sale, SaleForm, SalePayment
from connector.planning.money import multiply_ratio

FORMS: dict[str, SaleForm] = {"Invoice": "invoice", "SalesReceipt": "sales_receipt", "Payment": "payment"}
TAKEN_BACK = {"CreditMemo": "credit_memo", "RefundReceipt": "refund_receipt"}
REFS = (("customer", "CustomerRef"), ("class", "ClassRef"), ("department", "DepartmentRef"))


def find_sales(
    references: Sequence[Reference], directory: Directory, mapping: LedgerMapping, window: Window
) -> Steps[dict[str, Sale | None]]:
    """The sale of each reference, by charge id, with all that stands against it; None where the books have none."""
    heads = yield from Heads(references, directory, window).find()
    wanted = {r.charge_id: r for r in references if r.charge_id in heads}
    numbers = {charge_id: number_of(wanted[charge_id], seen) for charge_id, seen in heads.items()}
    heads |= yield from find_taken_back(wanted, heads)
    around = yield from read_around([row for entity, row in heads.values() if entity == "Invoice"])
    reader = SaleReader(directory, mapping, window, around)
    sales: dict[str, Sale | None] = {r.charge_id: None for r in references}
    lacking: dict[str, Sale] = {}
    for charge_id, seen in heads.items():
        sale = reader.sale_of(wanted[charge_id], seen, numbers[charge_id])
        sales[charge_id] = sale
        if lacks_payment(sale, ids_of(wanted[charge_id])):
            lacking[charge_id] = sale
    since: dict[str, date] = {}
    for charge_id, sale in lacking.items():
        customer, day = dict(sale.refs).get("customer"), wanted[charge_id].day or sale.posting_date
        if customer is not None:
            since[customer] = min(since.get(customer, day), day - BEFORE["Payment"])
    payments = yield from window.payments_of(since)
    for charge_id, sale in lacking.items():
        mine = payments.get(dict(sale.refs).get("customer", ""), ())
        sales[charge_id] = reader.add_payments(sale, wanted[charge_id], mine)
    return sales


def number_of(reference: Reference, seen: Seen) -> str:
    """A payment has no number of its own."""
    note = read_note(seen[1])
    said = seen[1].get("DocNumber") or (note.sale or note.number if note.document_key else None)
    return str(said or reference.number or seen[1]["Id"])


# ------------------------------------------------------------------------------------------------ what to read


def find_taken_back(wanted: Mapping[str, Reference], heads: Mapping[str, Seen]) -> Steps[dict[str, Seen]]:
    """Invoices that we wrote in the place of those that we had voided, when the refund failed: they are the sale now."""
    voided = {c: row for c, (entity, row) in heads.items() if entity == "Invoice" and is_void(row)}
    customers = {customer for row in voided.values() if (customer := ref_of(row, "CustomerRef")) is not None}
    back: list[Row] = []
    for some in slices(customers):
        since = min(day_of(row) for row in voided.values())
        rows = yield from find_rows("Invoice", f"{is_one_of('CustomerRef', some)} AND TxnDate >= '{since}'")
        back += [row for row in rows if not is_void(row)]
    found: dict[str, Seen] = {}
    for row in sorted(back, key=lambda one: (day_of(one), len(str(one["Id"])), str(one["Id"]))):
        note = read_note(row)
        if note.kind != "reversal" or note.part not in ("void", VOIDED_INVOICE):
            continue
        for charge_id in voided.keys() & set(note.charge_ids):
            if note.document_key not in wanted[charge_id].without:
                found[charge_id] = ("Invoice", row)
    return found


@dataclass
class Around:
    """What is linked to some invoices: payments, and credit memos that payments apply, by id."""

    payments: dict[str, Row] = field(default_factory=dict)
    memos: dict[str, Row] = field(default_factory=dict)


def read_around(invoices: Sequence[Row]) -> Steps[Around]:
    """Read what is linked to these invoices, many at once."""
    around = Around()
    for row in (yield from find_by("Payment", "Id", {i for one in invoices for i in payment_ids(one)})):
        around.payments[str(row["Id"])] = row
    memos = {memo for row in around.payments.values() for memo, _ in linked(row, "CreditMemo")}
    for row in (yield from find_by("CreditMemo", "Id", memos)):
        around.memos[str(row["Id"])] = row
    return around


def payment_ids(invoice: Row) -> list[str]:
    links = rows_of(invoice, "LinkedTxn")
    return list(dict.fromkeys(str(one["TxnId"]) for one in links if one.get("TxnType") == "Payment"))


# ------------------------------------------------------------------------------------------------ what it says


class SaleReader:
    """Makes sales of what was read."""

    def __init__(self, directory: Directory, mapping: LedgerMapping, window: Window, around: Around) -> None:
        self.directory = directory
        self.mapping = mapping
        self.window = window
        self.around = around
        self.home = directory.preferences.home

    def sale_of(self, reference: Reference, seen: Seen, number: str) -> Sale:
        """The sale of its own transaction, less our documents that are not to count."""
        entity, row = seen
        form = FORMS[entity]
        currency = currency_of(row, self.home)
        payments: tuple[SalePayment, ...] = ()
        balance = 0
        if form == "invoice":
            links = [self.around.payments[i] for i in payment_ids(row) if i in self.around.payments]
            payments = self.payments_on(row, links, reference.without)
            balance = minor(row.get("Balance"), currency) + self.added_back(row, links, reference.without)
        elif row.get("TotalAmt"):
            payments = (self.read_payment(row, True),)
        stripe_customer = STRIPE_CUSTOMER.search(str(row.get("PrivateNote") or ""))
        named = part_of(row, "CustomerRef").get("name")
        return Sale(
            form=form,
            ledger_id=str(row["Id"]),
            number=number,
            currency=currency,
            charge_currency=reference.charge_currency,
            posting_date=day_of(row),
            total_minor=minor(row.get("TotalAmt"), currency),
            balance_minor=balance,
            lines=() if form == "payment" else read_lines(row, self.directory, self.mapping),
            payments=payments,
            customer=str(named) if named else None,
            customer_id=stripe_customer[0] if stripe_customer else None,
            customer_email=email_of(row),
            void=is_void(row),
            booked=self.booked(reference, row),
            refs=refs_of(row),
        )

    def payments_on(
        self, invoice: Row, links: Iterable[Row], without: Sequence[str]
    ) -> tuple[SalePayment, ...]:
        """The payments of an invoice; those of nothing only apply credits."""
        return in_order(
            self.read_payment(row, bool(self.amount_on(invoice, row)))
            for row in links
            if row.get("TotalAmt") and read_note(row).document_key not in without
        )

    def read_payment(self, row: Row, applied: bool) -> SalePayment:
        """A payment, or a receipt as its own payment; money that names no account went to Undeposited Funds."""
        currency = currency_of(row, self.home)
        account = ref_of(row, "DepositToAccountRef")
        into = self.directory.accounts.label(account) if account else self.directory.undeposited()
        return SalePayment(
            ledger_id=str(row["Id"]),
            amount_minor=minor(row["TotalAmt"], currency),
            currency=currency,
            posting_date=day_of(row),
            charge_ids=charges_of(read_note(row)),
            account=into or "",
            applied=applied,
            credit_account=self.mapping.receivable(currency),
        )

    def amount_on(self, invoice: Row, payment: Row) -> int:
        """What of a payment is applied to the invoice."""
        currency = currency_of(payment, self.home)
        mine = [line for i, line in linked(payment, "Invoice") if i == str(invoice["Id"])]
        return sum(minor(line.get("Amount"), currency) for line in mine)

    def added_back(self, invoice: Row, links: Iterable[Row], without: Sequence[str]) -> int:
        """What would be open again if our documents with these keys were not there."""
        if not without:
            return 0
        total = 0
        for row in links:
            if read_note(row).document_key in without:
                total += self.amount_on(invoice, row)
                continue
            for memo_id, amount in self.credits_on(invoice, row):
                memo = self.around.memos.get(memo_id)
                if memo is not None and read_note(memo).document_key in without:
                    total += amount
        return total

    def credits_on(self, invoice: Row, payment: Row) -> list[tuple[str, int]]:
        """The credit memos that a payment applies, and what of each goes to this invoice."""
        currency = currency_of(payment, self.home)
        credits = [(i, minor(line.get("Amount"), currency)) for i, line in linked(payment, "CreditMemo")]
        every = sum(minor(line.get("Amount"), currency) for _, line in linked(payment, "Invoice"))
        mine = self.amount_on(invoice, payment)
        if not every or mine == every:
            return credits
        return [(memo_id, multiply_ratio(amount, mine, every)) for memo_id, amount in credits]

    def booked(self, reference: Reference, head: Row) -> tuple[Booked, ...]:
        """What others took back of the sale: memos applied to it, and what carries the charge's id as far as its days
        have been read."""
        taken: dict[str, tuple[str, Row, int]] = {}
        for payment_id in payment_ids(head):
            payment = self.around.payments.get(payment_id)
            for memo_id, amount in self.credits_on(head, payment) if payment is not None else ():
                memo = self.around.memos.get(memo_id)
                if memo is not None:
                    before = taken[memo_id][2] if memo_id in taken else 0
                    taken[memo_id] = ("CreditMemo", memo, before + amount)
        for stripe_id in (i for i in ids_of(reference) if not i.startswith("in_")):
            for entity, row in self.window.carrying(stripe_id, tuple(TAKEN_BACK)):
                whole = minor(row.get("TotalAmt"), currency_of(row, self.home))
                taken[str(row["Id"])] = (entity, row, whole)
        return tuple(
            Booked(
                ledger_id=ledger_id,
                kind=TAKEN_BACK[entity],
                amount_minor=amount,
                currency=currency_of(row, self.home),
                number=str(row["DocNumber"]) if row.get("DocNumber") else None,
                refund_id=next(iter(read_note(row).refund_ids), None),
            )
            for ledger_id, (entity, row, amount) in taken.items()
            if read_note(row).document_key is None and amount
        )

    def add_payments(self, sale: Sale, reference: Reference, payments: Iterable[Row]) -> Sale:
        """The sale with payments of its customer that stand elsewhere: with this charge's id, or with none and not
        wholly applied."""
        there = {p.ledger_id for p in sale.payments}
        mine = []
        for row in payments:
            note = read_note(row)
            charges = charges_of(note)
            free = bool(row.get("UnappliedAmt")) and not charges and note.document_key is None
            own = bool(set(ids_of(reference)).intersection(charges))
            if not (free or own) or not row.get("TotalAmt") or str(row["Id"]) in there:
                continue
            if note.document_key in reference.without or currency_of(row, self.home) != sale.currency:
                continue
            mine.append(self.read_payment(row, False))
        return replace(sale, payments=in_order((*sale.payments, *mine))) if mine else sale


def email_of(row: Row) -> str | None:
    """The address that the form is sent to; several are nobody's."""
    address = str(part_of(row, "BillEmail").get("Address") or "").strip()
    return address if address and not set(address) & set(",; ") else None


def refs_of(row: Row) -> tuple[tuple[str, str], ...]:
    """What the documents against a sale take over from it."""
    refs = [(name, found) for name, ref in REFS if (found := ref_of(row, ref)) is not None]
    code = ref_of(part_of(row, "TxnTaxDetail"), "TxnTaxCodeRef")
    if code is not None:
        refs.append(("tax_code", code))
    if row.get("ExchangeRate"):
        refs.append((RATE, str(row["ExchangeRate"])))
    return tuple(refs)
