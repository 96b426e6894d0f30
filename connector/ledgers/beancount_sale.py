"""A sale read out of Beancount entries: its lines, taxes, payments, and what is still open.

Entries are told apart by their metadata `kind`, and belong to a sale by `number` or `sale`, or by the charge's id in
the metadata `charge_id` or a link `^ch_...`, or by that of its payment intent or Stripe invoice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from connector.ledgers.beancount_lines import sale_lines
from connector.ledgers.contract import Reference
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Booked, Sale, SaleForm, SalePayment

SALE_KINDS = ("invoice", "sales_receipt", "payment")
SOLD = frozenset({"invoice", "sales_receipt"})
Entry = Mapping[str, Any]
Index = Mapping[str, Sequence[Entry]]


def is_ours(entry: Entry) -> bool:
    """Whether the connector wrote it: a document key of our form."""
    key = str(entry["metadata"].get("document_key", ""))
    return len(key) == 26 and key.startswith("dk")


def kind_of(entry: Entry) -> str | None:
    kind: str | None = entry["metadata"].get("kind")
    return kind


def number_of(entry: Entry) -> str:
    return str(entry["metadata"].get("number") or "")


def sale_named(entry: Entry) -> str:
    """The number of the sale that an entry belongs to: the one it names, else its own."""
    return str(entry["metadata"].get("sale") or "") or number_of(entry)


def charges_of(entry: Entry) -> tuple[str, ...]:
    """The Stripe charges that an entry is for, by their own ids or by those of their payment intents."""
    intents = (i for i in entry.get("sale_ids") or () if i.startswith("pi_"))
    return (*(entry.get("charge_ids") or ()), *intents)


def ids_of(reference: Reference) -> tuple[str, ...]:
    """The ids that a sale may be found by, the charge's own first."""
    return tuple(dict.fromkeys((reference.charge_id, *reference.stripe_ids)))


def total_of(entry: Entry) -> tuple[int, str]:
    """What an entry moves. Our own documents end with the posting that has their total; others by their debits."""
    postings = entry["postings"]
    if not postings:
        return 0, ""
    currency = postings[-1]["currency"]
    if is_ours(entry):
        return abs(postings[-1]["amount_minor"] or 0), currency
    amounts = [p["amount_minor"] or 0 for p in postings if p["currency"] == currency]
    return sum(amount for amount in amounts if amount > 0), currency


# ---------------------------------------------------------------------------------------------- which entries


def index_entries(entries: Iterable[Entry]) -> tuple[Index, Index]:
    """Entries by the numbers they name (and by ledger id), and by the Stripe ids of what they are for; each once."""
    by_number: dict[str, list[Entry]] = {}
    by_id: dict[str, list[Entry]] = {}
    for entry in {e["ledger_id"]: e for e in entries}.values():
        for number in {number_of(entry), sale_named(entry), entry["ledger_id"]}:
            by_number.setdefault(number, []).append(entry)
        for stripe_id in (*(entry.get("charge_ids") or ()), *(entry.get("sale_ids") or ())):
            by_id.setdefault(stripe_id, []).append(entry)
    return by_number, by_id


def carrying_of(reference: Reference, by_id: Index) -> list[Entry]:
    """Entries that carry one of the ids of a charge, those with its own first."""
    found = {e["ledger_id"]: e for stripe_id in ids_of(reference) for e in by_id.get(stripe_id, ())}
    return list(found.values())


def find_head(reference: Reference, by_number: Index, by_id: Index) -> Entry | None:
    """The sale's own document: the one a person named, else one with the charge's id, else one with another id of the
    payment, else one with the number.

    A payment stands for the invoice that it names; a lone payment is the sale only where there is no other.
    """
    if reference.ledger_id is not None:
        named = by_number.get(reference.ledger_id, ())
        return first(e for e in named if e["ledger_id"] == reference.ledger_id and kind_of(e) in SALE_KINDS)
    numbered = [e for e in by_number.get(reference.number or "", ()) if number_of(e) == reference.number]
    ids = ids_of(reference)
    for stripe_id in ids:
        carrying = by_id.get(stripe_id, ())
        paid_by = [
            sold
            for entry in carrying
            if kind_of(entry) == "payment"
            for sold in by_number.get(sale_named(entry), ())
            if number_of(sold) == sale_named(entry)
        ]
        for candidates in (carrying, paid_by):
            head = first((e for e in candidates if kind_of(e) in SOLD), ids)
            if head is not None:
                return head
    head = first((e for e in numbered if kind_of(e) in SOLD), ids)
    if head is not None:
        return head
    lone = (*carrying_of(reference, by_id), *numbered)
    return first((e for e in lone if kind_of(e) == "payment"), ids)


def first(entries: Iterable[Entry], ids: Sequence[str] = ()) -> Entry | None:
    """An invoice before a receipt before a lone payment, one that is no other charge's first, then the earliest."""

    def place(entry: Entry) -> tuple[int, bool, str, str]:
        charges = charges_of(entry)
        others = bool(charges) and not set(ids).intersection(charges)
        return SALE_KINDS.index(entry["metadata"]["kind"]), others, entry["date"], entry["ledger_id"]

    return min(entries, key=place, default=None)


def build_sale(reference: Reference, by_number: Index, by_id: Index, mapping: LedgerMapping) -> Sale | None:
    """The sale of a charge with all that stands against it; None where the books have none."""
    head = find_head(reference, by_number, by_id)
    if head is None:
        return None
    number = number_of(head) or reference.number or head["ledger_id"]
    related = {e["ledger_id"]: e for e in by_number.get(number, ()) if sale_named(e) == number}
    related.update((e["ledger_id"], e) for e in carrying_of(reference, by_id))
    left_out = {head["ledger_id"], *reference.without}
    others = [e for e in related.values() if e["ledger_id"] not in left_out and kind_of(e) not in SOLD]
    return read_sale(head, number, [head, *others], reference, mapping)


# ---------------------------------------------------------------------------------------------- what they say


def read_sale(
    head: Entry, number: str, related: Sequence[Entry], reference: Reference, mapping: LedgerMapping
) -> Sale:
    """The sale of `head`; `related` are that entry and those that name it or its charge."""
    form: SaleForm = head["metadata"]["kind"]
    receivable = set(mapping.receivable_accounts.accounts())
    currency = next((p["currency"] for p in head["postings"] if p["amount_minor"]), "")
    lines = () if form == "payment" else sale_lines(head, mapping)
    total = sum(line.home_net_minor + line.home_tax_minor for line in lines)
    void, paid_again = read_voids(related, number, set(mapping.clearing_accounts.accounts()))
    payments = [read_payment(e, number, receivable) for e in related if kind_of(e) == "payment"]
    payments += paid_again
    if form == "sales_receipt":
        payments = [receipt_payment(head, total)]
    elif form == "payment":
        total = payments[0].amount_minor
    balance = 0
    if form == "invoice":
        total = owed_by([head], receivable, currency) or total
        balance = owed_by((e for e in related if e is head or sale_named(e) == number), receivable, currency)
    return Sale(
        form=form,
        ledger_id=head["ledger_id"],
        number=number,
        currency=currency,
        charge_currency=reference.charge_currency,
        posting_date=date.fromisoformat(head["date"]),
        total_minor=total,
        balance_minor=balance,
        lines=lines,
        payments=tuple(sorted(payments, key=lambda p: (p.posting_date, p.ledger_id))),
        customer=head.get("payee") or None,
        customer_id=head["metadata"].get("customer_id"),
        customer_email=head["metadata"].get("customer_email"),
        void=void,
        booked=tuple(
            read_booked(e)
            for e in related
            if kind_of(e) in ("credit_memo", "refund_receipt") and not is_ours(e)
        ),
    )


def owed_by(entries: Iterable[Entry], receivable: set[str], currency: str) -> int:
    """What entries leave open on receivable."""
    return sum(
        p["amount_minor"] or 0
        for e in entries
        for p in e["postings"]
        if p["account"] in receivable and p["currency"] == currency
    )


def read_voids(related: Sequence[Entry], number: str, clearing: set[str]) -> tuple[bool, list[SalePayment]]:
    """Whether the sale is void; and the payments of voids taken back: the refund had failed, so the money is there.

    The credit memo in the place of a void is taken back as one: its reversal, and no other memo's, debits clearing.
    """
    reversals = {e["metadata"].get("reverses"): e for e in related if kind_of(e) == "reversal"}
    void, paid_again = False, []
    for entry in related:
        if kind_of(entry) not in ("void", "credit_memo") or sale_named(entry) != number:
            continue
        reversal = reversals.get(entry["metadata"].get("document_key", ""))
        if reversal is None:
            void = void or kind_of(entry) == "void"
            continue
        paid_again += [
            SalePayment(
                reversal["ledger_id"],
                posting["amount_minor"] or 0,
                posting["currency"],
                date.fromisoformat(reversal["date"]),
                charges_of(reversal),
                posting["account"],
                applied=True,
            )
            for posting in reversal["postings"]
            if posting["account"] in clearing and (posting["amount_minor"] or 0) > 0
        ]
    return void, paid_again


def read_payment(entry: Entry, number: str, receivable: set[str]) -> SalePayment:
    """A payment: what it debited is where the money went, what it credited holds it for the customer."""
    debits = [p for p in entry["postings"] if (p["amount_minor"] or 0) > 0]
    credits = [p for p in entry["postings"] if (p["amount_minor"] or 0) < 0]
    held = next((p for p in credits if p["account"] in receivable), credits[0] if credits else None)
    gross = -sum(p["amount_minor"] for p in credits if held is not None and p["account"] == held["account"])
    account = max(debits, key=lambda p: p["amount_minor"])["account"] if debits else ""
    return SalePayment(
        ledger_id=entry["ledger_id"],
        amount_minor=gross,
        currency=held["currency"] if held else "",
        posting_date=date.fromisoformat(entry["date"]),
        charge_ids=charges_of(entry),
        account=account,
        applied=sale_named(entry) == number,
        credit_account=held["account"] if held else None,
    )


def receipt_payment(head: Entry, total: int) -> SalePayment:
    """A sales receipt is its own payment."""
    debits = [p for p in head["postings"] if (p["amount_minor"] or 0) > 0]
    largest = max(debits, key=lambda p: p["amount_minor"]) if debits else {"account": "", "currency": ""}
    return SalePayment(
        head["ledger_id"],
        total,
        largest["currency"],
        date.fromisoformat(head["date"]),
        charges_of(head),
        largest["account"],
        applied=True,
    )


def read_booked(entry: Entry) -> Booked:
    amount, currency = total_of(entry)
    number, refund_id = entry["metadata"].get("number"), entry.get("refund_id")
    return Booked(entry["ledger_id"], entry["metadata"]["kind"], amount, currency, number, refund_id)


def lacks_payment(sale: Sale, ids: Sequence[str]) -> bool:
    """Whether the payment with one of these ids may be among those that stand on no invoice: none of this invoice's
    carries one, and those that it has do not pay it in full."""
    if sale.form != "invoice" or any(set(ids).intersection(p.charge_ids) for p in sale.payments):
        return False
    return sum(p.amount_minor for p in sale.payments if p.applied) < sale.total_minor
