"""What Stripe itself says of what was refunded: credit notes first, then the refund's metadata.

https://docs.stripe.com/api/credit_notes/object: a note may be shared by several refunds and a refund by several
notes; what of a note went elsewhere (customer balance, out of band) is no evidence of a refund.
"""

from __future__ import annotations

from connector.planning.case import RefundCase
from connector.planning.claims import Claim, Evidence
from connector.planning.metadata_lines import read_lines
from connector.planning.shares import share_out
from connector.planning.stripe_facts import CreditNote, Invoice, LineFact, Refund

REFUND_LINES = "refund_lines"


def evidence_of(case: RefundCase) -> list[Evidence]:
    """Strongest first: Stripe's credit notes of this refund, then the refund's metadata `refund_lines`."""
    refund = case.refund
    evidence = []
    if case.credit_notes:
        claims: list[Claim] = []
        names = []
        for note in live_notes(case):
            found = note_claims(note, refund.refund_id, case)
            if found:
                claims.extend(found)
                names.append(note.number or note.credit_note_id)
        if claims:
            plural = "s" if len(names) > 1 else ""
            evidence.append(Evidence(f"Stripe credit note{plural} {', '.join(names)}", tuple(claims)))
    listed, fault = metadata_claims(refund)
    if listed or fault is not None:
        evidence.append(Evidence(f"refund metadata {REFUND_LINES}", listed, fault))
    return evidence


def live_notes(case: RefundCase) -> list[CreditNote]:
    """The notes of this refund that stand."""
    return [note for note in case.credit_notes if note.status != "void"]


def note_claims(note: CreditNote, refund_id: str, case: RefundCase) -> list[Claim]:
    """The part of each line of a note that this refund paid, after the refunds that stand before it on the note."""
    left = [part for line in note.lines for part in (line.net_minor, line.tax_minor)]
    mine = [0] * len(left)
    for other_id, amount in note.refunds:
        if amount <= 0 or sum(left) <= 0:
            continue
        taken = share_out(min(amount, sum(left)), left)
        left = [whole - part for whole, part in zip(left, taken, strict=True)]
        if other_id == refund_id:
            mine = [before + part for before, part in zip(mine, taken, strict=True)]
    invoice = case.charge.invoice if case.charge else None
    claims = []
    for place, line in enumerate(note.lines):
        net, tax = mine[2 * place], mine[2 * place + 1]
        if not net and not tax:
            continue
        sold = sold_line(note, line, invoice)
        whole = (net, tax) == (line.net_minor, line.tax_minor)
        claims.append(
            Claim(
                net + tax,
                sold.line_id if sold else line.invoice_line_id,
                line.sku or (claimed_sku(sold, case) if sold else None),
                tax,
                line.quantity if whole else None,
            )
        )
    return claims


def sold_line(note: CreditNote, line: LineFact, invoice: Invoice | None) -> LineFact | None:
    """The invoice's line that a note's line credits; shipping has no line id of its own on either."""
    if invoice is None:
        return None
    wanted = line.invoice_line_id
    if wanted is None and line.line_id == f"{note.credit_note_id}/shipping":
        wanted = f"{invoice.invoice_id}/shipping"
    return next((sold for sold in invoice.lines if sold.line_id == wanted), None)


def claimed_sku(line: LineFact, case: RefundCase) -> str | None:
    """The SKU of an invoice's line, by which a sale that others booked knows it."""
    if line.sku is not None:
        return line.sku
    skus = case.charge.skus if case.charge else {}
    for reference in (line.product_id, line.price_id):
        if reference is not None and reference in skus:
            return skus[reference]
    return line.lookup_key or line.product_id


def metadata_claims(refund: Refund) -> tuple[tuple[Claim, ...], str | None]:
    """Metadata `refund_lines`: a JSON list of {sku, quantity, amount}; amount with tax, in major units as text.

    What cannot be read as such is no evidence; then what is wrong with it stands in the place of claims.
    """
    lines, fault = read_lines(refund.metadata.get(REFUND_LINES), refund.currency)
    for place, line in enumerate(lines, start=1):
        if line.gross_minor <= 0:
            return (), f"has no amount above zero in entry {place}"
    return tuple(Claim(line.gross_minor, None, line.sku, None, line.quantity) for line in lines), fault
