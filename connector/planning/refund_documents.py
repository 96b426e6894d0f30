"""The documents of a refund that has been decided: their lines, debits and credits, numbers and order."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.allocation import Claim, Evidence, Overdrawn, Split, split_refund
from connector.planning.case import Books, LedgerPolicy, NotNow, RefundCase
from connector.planning.entries import lines_total, make_entries, refund_entries, transfer_entries
from connector.planning.model import CASH_LEGS, Document, DocumentLine, Refund, Sale, SaleLine, SalePayment
from connector.planning.money import UnknownAmount, parse_amount
from connector.planning.sale_plan import fee_document, is_account, need_account, read_json_list
from connector.planning.settlement import Settlement

REFUND_LINES = "refund_lines"


# ---------------------------------------------------------------------------------------------- what was refunded


def split_of(case: RefundCase, sale: Sale, settlement: Settlement) -> Split:
    """The refund split over the sale's lines, after the refunds before it; held where the sale has less left."""
    refund = case.refund
    siblings = {r.refund_id for r in case.siblings}
    booked = sum(b.amount_minor for b in sale.booked if b.refund_id not in siblings)
    try:
        return split_refund(
            sale_lines_of(case, sale), case.earlier, refund.amount_minor, evidence_of(case), booked
        )
    except Overdrawn as stop:
        raise NotNow(
            "held",
            "sale_mismatch",
            f"refund {refund.refund_id} is larger than what is left of sale {sale.number} "
            f"({stop.left_minor} of {sale.total_minor} minor units)",
            "correct the sale or the documents booked against it; each run asks again",
        ) from None


def sale_lines_of(case: RefundCase, sale: Sale) -> tuple[SaleLine, ...]:
    """The sale's lines; a lone payment has one, the payment itself."""
    if sale.form != "payment" or not sale.payments:
        return sale.lines
    payment = sale.payments[0]
    charge = case.charge.charge if case.charge else None
    amount = charge.captured_minor if charge else payment.amount_minor
    account = payment.credit_account or ""
    return (SaleLine("1", f"Payment {sale.number}", amount, 0, payment.amount_minor, 0, account),)


def evidence_of(case: RefundCase) -> list[Evidence]:
    """Strongest first: Stripe's credit notes of this refund, then the refund's metadata `refund_lines`."""
    refund = case.refund
    evidence = []
    claims: list[Claim] = []
    explained = 0
    names = []
    for note in case.credit_notes:
        share = sum(amount for refund_id, amount in note.refunds if refund_id == refund.refund_id)
        if note.status == "void" or share <= 0 or not note.lines:
            continue
        explained += share
        names.append(note.number or note.credit_note_id)
        claims.extend(
            Claim(
                line.net_minor + line.tax_minor,
                line.invoice_line_id,
                line.sku,
                line.tax_minor,
                line.quantity,
            )
            for line in note.lines
        )
    if claims:
        evidence.append(Evidence(f"Stripe credit note {', '.join(names)}", explained, tuple(claims)))
    listed = metadata_claims(refund)
    if listed:
        evidence.append(
            Evidence(f"refund metadata {REFUND_LINES}", sum(c.gross_minor for c in listed), tuple(listed))
        )
    return evidence


def metadata_claims(refund: Refund) -> list[Claim]:
    """Metadata `refund_lines`: a JSON list of {sku, quantity, amount}; amount with tax, in major units as text."""
    claims = []
    for entry in read_json_list(refund.metadata.get(REFUND_LINES)):
        try:
            gross = parse_amount(str(entry["amount"]), refund.currency)
        except (KeyError, UnknownAmount):
            return []
        quantity = entry.get("quantity")
        claims.append(
            Claim(gross, None, str(entry.get("sku") or ""), None, None if quantity is None else str(quantity))
        )
    return claims


def refund_lines(
    case: RefundCase, ledger: LedgerPolicy, sale: Sale, split: Split
) -> tuple[DocumentLine, ...]:
    """The income lines that the refund takes back, at the sale's rate, on the accounts the mapping wants."""
    by_id = {line.line_id: line for line in sale_lines_of(case, sale)}
    mapping = ledger.mapping
    lines = []
    for share in split.shares:
        line = by_id[share.line_id]
        item = mapping.refund_item_named(line.sku) if line.sku else None
        if line.stock and share.quantity is None:
            item = mapping.refund_item(None)
        if line.sku and item is None and line.item is None and mapping.refund_item(line.sku) is None:
            raise NotNow(
                "held",
                "item_not_mapped",
                f'SKU {line.sku} of sale {sale.number} is not under items.refunds, and there is no "*"',
                "add it to items.refunds in the mapping file",
            )
        own = item if item is not None and is_account(item) else line.account
        lines.append(
            DocumentLine(
                line.line_id,
                line.description,
                mapping.refunds or own,
                share.home_net_minor,
                share.home_tax_minor,
                line.tax_account,
                line.sku,
                item or line.item,
                share.quantity,
                line.tax_code,
            )
        )
    return tuple(lines)


# ---------------------------------------------------------------------------------------------- the documents


def number_of(case: RefundCase, ledger: LedgerPolicy) -> str:
    assert case.number is not None, "the planner gives every refund a number before its documents are built"
    number = case.number[1]
    limit = ledger.capabilities.number_length
    if limit is not None and len(number) > limit:
        raise NotNow(
            "held",
            "number_too_long",
            f"the number {number} has {len(number)} characters; this ledger takes {limit}",
            "pick a shorter number with sale_number or refunds.numbering",
            due=False,
        )
    return number


def reason_words(refund: Refund) -> str:
    return f" ({refund.reason.replace('_', ' ')})" if refund.reason else ""


class Builder:
    """Fills the fields that all documents of one refund share."""

    def __init__(
        self, case: RefundCase, books: Books, ledger: LedgerPolicy, sale: Sale, settlement: Settlement
    ) -> None:
        self.case, self.books, self.ledger, self.sale, self.settlement = case, books, ledger, sale, settlement
        self.number = number_of(case, ledger)
        currency = settlement.currency
        self.clearing = need_account(ledger.mapping.clearing(currency), "clearing", currency)
        self.amount = -settlement.amount_minor

    def receivable(self) -> str:
        currency = self.settlement.currency
        return need_account(self.ledger.mapping.receivable(currency), "receivable", currency)

    def exchange(self, exchange_minor: int) -> str:
        return need_account(self.ledger.mapping.exchange, "exchange") if exchange_minor else ""

    def key(self, kind: str, part: str = "") -> str:
        return self.ledger.key(self.books, self.case.refund.refund_id, kind, part, self.case.revision)

    def document(self, kind: str, narration: str, entries: Sequence[object], **fields: object) -> Document:
        refund = self.case.refund
        values: dict[str, object] = {
            "document_key": self.key(kind),
            "ledger": self.ledger.name,
            "kind": kind,
            "part": "",
            "revision": self.case.revision,
            "subject_id": refund.refund_id,
            "refund_id": refund.refund_id,
            "charge_id": self.case.charge.charge.charge_id if self.case.charge else refund.charge_id,
            "number": self.number,
            "posting_date": self.settlement.posting_date,
            "amount_minor": self.amount,
            "currency": self.settlement.currency,
            "entries": tuple(entries),
            "customer": self.sale.customer,
            "narration": narration + reason_words(refund),
            "sale_number": self.sale.number,
            "sale_ledger_id": self.sale.ledger_id,
            **fields,
        }
        return Document(**values)  # type: ignore[arg-type]


def build_documents(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    types: Sequence[str],
    settlement: Settlement,
    split: Split,
    sale: Sale,
    payment: SalePayment | None,
) -> tuple[Document, ...]:
    """The documents of the chosen types, income leg before cash leg, and the refund's fee where fees are kept."""
    make = Builder(case, books, ledger, sale, settlement)
    sale_keys = (sale.ledger_id, *(p.ledger_id for p in sale.payments)) if sale.ours else ()
    of = f"of {sale.form.replace('_', ' ')} {sale.number}"
    documents: list[Document] = []
    home = sum(share.home_net_minor + share.home_tax_minor for share in split.shares)
    exchange_minor = make.amount - home
    exchange = make.exchange(exchange_minor)
    income = [kind for kind in types if kind not in CASH_LEGS]
    others_income = any(found.income_minor for found in case.others) and case.person.retry
    others_cash = any(found.cash_minor for found in case.others) and case.person.retry
    if income and income[0] in ("credit_memo", "refund_receipt") and not others_income:
        lines = refund_lines(case, ledger, sale, split)
        credit = make.receivable() if income[0] == "credit_memo" else make.clearing
        title = "Credit memo" if income[0] == "credit_memo" else "Refund"
        documents.append(
            make.document(
                income[0],
                f"{title} {make.number} {of}",
                refund_entries(lines, exchange, exchange_minor, credit, settlement.currency),
                lines=lines,
                after=tuple(dict.fromkeys(sale_keys)),
            )
        )
    elif income and income[0] == "reopen_invoice":
        documents.append(
            make.document(
                "reopen_invoice",
                f"Payment {of} taken back",
                transfer_entries(
                    make.receivable(),
                    make.clearing,
                    make.amount,
                    settlement.currency,
                    exchange,
                    exchange_minor,
                ),
                after=tuple(dict.fromkeys(sale_keys)),
            )
        )
    for kind in types:
        if kind not in CASH_LEGS or others_cash:
            continue
        if income or others_income:
            entries = transfer_entries(make.receivable(), make.clearing, make.amount, settlement.currency)
        else:
            holder = (payment.credit_account if payment else None) or make.receivable()
            entries = transfer_entries(
                holder, make.clearing, make.amount, settlement.currency, exchange, exchange_minor
            )
        after = tuple(d.document_key for d in documents) or tuple(dict.fromkeys(sale_keys))
        documents.append(make.document(kind, f"Refund {make.number} paid out", entries, after=after))
    if ledger.fees and settlement.fee_minor:
        documents.append(refund_fee(make, documents))
    return tuple(documents)


def refund_fee(make: Builder, documents: Sequence[Document]) -> Document:
    """Fees follow the refund's last document: a refund that is not posted has no fee in the books either."""
    case = make.case
    return fee_document(
        make.ledger,
        make.books,
        case.refund.refund_id,
        case.refund.refund_id,
        case.charge.charge.charge_id if case.charge else None,
        make.number,
        make.settlement,
        make.sale.customer,
        "refund",
        case.revision,
        tuple(d.document_key for d in documents[-1:]),
    )


def void_documents(
    case: RefundCase, books: Books, ledger: LedgerPolicy, sale: Sale, settlement: Settlement
) -> tuple[tuple[str, ...], tuple[Document, ...], list[str]]:
    """A void of an invoice that was never paid in the books, or in another month a credit memo applied to it.

    The guards of behaviour.md section 1, on what the ledger said last; any one broken holds the refund.
    """
    check_void_guards(case, sale)
    make = Builder(case, books, ledger, sale, settlement)
    receivable = make.receivable()
    lines = tuple(
        DocumentLine(
            line.line_id,
            line.description,
            line.account,
            line.home_net_minor,
            line.home_tax_minor,
            line.tax_account,
            line.sku,
            line.item,
            line.quantity,
            line.tax_code,
        )
        for line in sale.lines
    )
    entries = refund_entries(lines, "", 0, receivable, sale.currency)
    total = lines_total(lines)
    closed = ledger.closed_until is not None and sale.posting_date <= ledger.closed_until
    same_month = (sale.posting_date.year, sale.posting_date.month) == (
        settlement.posting_date.year,
        settlement.posting_date.month,
    )
    warnings = []
    left_out = "the charge and the refund are left out of clearing; a payment booked later will be reported"
    if same_month and not closed:
        kind, day = "void", sale.posting_date
        narration = f"Void of invoice {sale.number}: refunded before it was paid in the books"
    else:
        kind, day = "credit_memo", settlement.posting_date
        narration = f"Credit memo {make.number} applied to invoice {sale.number}"
        warnings.append(
            f"invoice {sale.number} is of another month ({sale.posting_date}), so a credit memo of the refund's "
            f"date was applied to it instead of a void"
        )
    warnings.append(left_out)
    documents = [make.document(kind, narration, entries, lines=lines, amount_minor=total, posting_date=day)]
    charge = case.charge
    if ledger.fees and charge is not None and charge.balance_transaction is not None:
        fee = charge.balance_transaction
        if fee.fee_minor:
            own = Settlement(fee.amount_minor, fee.fee_minor, fee.currency, books.day(fee.created))
            charge_id = charge.charge.charge_id
            documents.append(
                fee_document(ledger, books, charge_id, None, charge_id, sale.number, own, sale.customer)
            )
    if ledger.fees and settlement.fee_minor:
        documents.append(refund_fee(make, documents[:1]))
    return (kind,), tuple(documents), warnings


def check_void_guards(case: RefundCase, sale: Sale) -> None:
    refunded = sum(r.amount_minor for r in case.siblings if r.status == "succeeded" and r.defect is None)
    invoice_total = sum(line.net_minor + line.tax_minor for line in sale.lines)
    broken = None
    if refunded != invoice_total:
        broken = f"the refunds of the charge ({refunded}) do not equal the total of invoice {sale.number} ({invoice_total})"
    elif sale.balance_minor != sale.total_minor:
        broken = f"invoice {sale.number} is not wholly open"
    elif sale.payments:
        broken = f"a payment stands on invoice {sale.number} or on its customer"
    if broken is not None:
        raise NotNow(
            "held",
            "void_guard",
            f"not voided: {broken}",
            f"decide by hand: connector resolve {case.refund.refund_id} --type TYPE --reason TEXT",
        )


__all__ = ["REFUND_LINES", "build_documents", "make_entries", "split_of", "void_documents"]
