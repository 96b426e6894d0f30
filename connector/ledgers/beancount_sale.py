"""A sale read out of Beancount entries: its lines, taxes, payments, and what is still open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connector.ledgers.contract import Reference
from connector.planning.allocation import share_out
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Booked, Sale, SaleForm, SaleLine, SalePayment

SALE_KINDS = ("invoice", "sales_receipt", "payment")
Entry = Mapping[str, Any]


def is_ours(entry: Entry) -> bool:
    """Whether the connector wrote it: a document key of our form."""
    key = str(entry["metadata"].get("document_key", ""))
    return len(key) == 26 and key.startswith("dk")


def build_sale(
    reference: Reference,
    by_number: Mapping[str, Sequence[Entry]],
    by_charge: Mapping[str, Sequence[Entry]],
    mapping: LedgerMapping,
) -> Sale | None:
    """The sale of a charge: by the ledger id a person named, by number, else by the charge's id. None: not there."""
    head = pick(by_number.get(reference.ledger_id or "", ()), reference.ledger_id, by_id=True)
    if head is None and reference.ledger_id is None:
        head = pick(by_number.get(reference.number or "", ()), reference.number)
        head = head or pick(by_charge.get(reference.charge_id, ()), None)
    if head is None:
        return None
    number = str(head["metadata"].get("number") or reference.number or head["ledger_id"])
    related = {e["ledger_id"]: e for e in by_number.get(number, ())}
    related.update((e["ledger_id"], e) for e in by_charge.get(reference.charge_id, ()))
    related.setdefault(head["ledger_id"], head)
    return read_sale(head, number, list(related.values()), reference, mapping)


def pick(entries: Sequence[Entry], number: str | None, by_id: bool = False) -> Entry | None:
    """The sale's own document among entries: an invoice before a receipt before a lone payment, the earliest first."""
    fitting = [
        e
        for e in entries
        if e["metadata"].get("kind") in SALE_KINDS
        and (number is None or e["metadata"].get("number") == number or (by_id and e["ledger_id"] == number))
    ]
    fitting.sort(key=lambda e: (SALE_KINDS.index(e["metadata"]["kind"]), e["date"], e["ledger_id"]))
    return fitting[0] if fitting else None


def read_sale(
    head: Entry, number: str, related: Sequence[Entry], reference: Reference, mapping: LedgerMapping
) -> Sale:
    form: SaleForm = head["metadata"]["kind"]
    receivable = set(mapping.receivable_accounts.accounts())
    clearing = set(mapping.clearing_accounts.accounts())
    currency = next((p["currency"] for p in head["postings"] if p["amount_minor"]), "")
    lines = () if form == "payment" else sale_lines(head, mapping, receivable | clearing)
    total = sum(line.net_minor + line.tax_minor for line in lines)
    mine = [e for e in related if e["metadata"].get("kind") == "payment"]
    payments = [read_payment(e, number, receivable) for e in mine]
    if form == "sales_receipt":
        payments = [receipt_payment(head, total, receivable)]
    elif form == "payment":
        total = payments[0].amount_minor if payments else 0
    balance = 0
    if form == "invoice":
        balance = sum(
            p["amount_minor"] or 0
            for e in related
            if on_sale(e, number, head)
            for p in e["postings"]
            if p["account"] in receivable and p["currency"] == currency
        )
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
        void=any(e["metadata"].get("kind") == "void" and on_sale(e, number, head) for e in related),
        booked=tuple(
            read_booked(e)
            for e in related
            if e["metadata"].get("kind") in ("credit_memo", "refund_receipt") and not is_ours(e)
        ),
    )


def on_sale(entry: Entry, number: str, head: Entry) -> bool:
    """Whether an entry belongs to this sale: itself, or one that names its number."""
    metadata = entry["metadata"]
    return entry["ledger_id"] == head["ledger_id"] or number in (metadata.get("number"), metadata.get("sale"))


def sale_lines(head: Entry, mapping: LedgerMapping, balance_sheet: set[str]) -> tuple[SaleLine, ...]:
    """Credits of the sale: tax on the mapped tax account or a liability, everything else an income line."""
    apart = balance_sheet | {mapping.fees, mapping.exchange}
    nets: list[tuple[Mapping[str, Any], int]] = []
    taxes: dict[str, int] = {}
    for posting in head["postings"]:
        account, amount = posting["account"], posting["amount_minor"] or 0
        if account == mapping.tax or (account.startswith("Liabilities") and account not in apart):
            taxes[account] = taxes.get(account, 0) - amount
        elif account not in apart and not account.startswith("Assets"):
            nets.append((posting, -amount))
    tax_account = max(taxes, key=lambda a: taxes[a]) if taxes else None
    weights = [net for _, net in nets]
    parts = share_out(taxes[tax_account], weights) if tax_account and sum(weights) > 0 else [0] * len(nets)
    lines = []
    for place, ((posting, net), tax) in enumerate(zip(nets, parts, strict=True), start=1):
        details = posting.get("metadata") or {}
        lines.append(
            SaleLine(
                line_id=str(details.get("line") or place),
                description=str(details.get("description") or posting["account"]),
                net_minor=net,
                tax_minor=tax,
                home_net_minor=net,
                home_tax_minor=tax,
                account=posting["account"],
                tax_account=tax_account,
                sku=details.get("sku"),
                item=details.get("item") or posting["account"],
                quantity=details.get("quantity"),
            )
        )
    for account, tax in taxes.items():
        if account != tax_account or not nets:
            lines.append(SaleLine(f"tax {account}", account, tax, 0, tax, 0, account))
    return tuple(lines)


def charges_of(entry: Entry) -> tuple[str, ...]:
    charge_id = entry.get("charge_id") or entry["metadata"].get("charge_id")
    return (str(charge_id),) if charge_id else ()


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
        applied=number in (entry["metadata"].get("number"), entry["metadata"].get("sale")),
        credit_account=held["account"] if held else None,
    )


def receipt_payment(head: Entry, total: int, receivable: set[str]) -> SalePayment:
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
    last = entry["postings"][-1] if entry["postings"] else {"amount_minor": 0, "currency": ""}
    return Booked(
        entry["ledger_id"],
        entry["metadata"]["kind"],
        abs(last["amount_minor"] or 0),
        last["currency"],
        entry["metadata"].get("number"),
        entry.get("refund_id") or entry["metadata"].get("refund_id"),
    )
