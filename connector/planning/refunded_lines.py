"""What a refund takes back of its sale: the split over the lines, and the accounts and items the lines go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.planning.accounts import receivable_of, tax_account_of
from connector.planning.allocation import Overdrawn, Split, split_refund
from connector.planning.case import LedgerPolicy, NotNow, RefundCase
from connector.planning.claims import Evidence
from connector.planning.model import DocumentLine, Sale, SaleLine
from connector.planning.money import multiply_ratio
from connector.planning.paid_lines import OVERPAID
from connector.planning.sentences import LOOKED_AT_AGAIN, money
from connector.planning.shares import Share
from connector.planning.sold_lines import is_account


def split_of(
    case: RefundCase,
    sale: Sale,
    lines: Sequence[SaleLine],
    evidence: Sequence[Evidence] = (),
    booked_minor: int = 0,
) -> Split:
    """The refund split over these lines, after the refunds before it and what others booked; held where less is left."""
    refund = case.refund
    try:
        return split_refund(lines, case.earlier, refund.amount_minor, evidence, booked_minor)
    except Overdrawn as stop:
        total = sum(line.net_minor + line.tax_minor for line in lines)
        raise NotNow(
            "held",
            "sale_mismatch",
            f"refund {refund.refund_id} of {money(refund.amount_minor, refund.currency)} is larger than what is "
            f"left of sale {sale.number}: {money(max(0, stop.left_minor), refund.currency)} of "
            f"{money(total, refund.currency)}",
            f"correct the sale or the documents booked against it; {LOOKED_AT_AGAIN}",
        ) from None


def booked_by_others(case: RefundCase, sale: Sale, lines: Sequence[SaleLine]) -> int:
    """What others booked against the sale, in the charge's currency; not what they booked for refunds of this charge."""
    if not sale.booked:
        return 0
    siblings = {r.refund_id for r in case.siblings}
    booked = [b for b in sale.booked if b.refund_id not in siblings]
    total = sum(b.amount_minor for b in booked if b.currency == case.refund.currency)
    if sale.currency != case.refund.currency:
        home = sum(b.amount_minor for b in booked if b.currency == sale.currency)
        whole = sum(line.home_net_minor + line.home_tax_minor for line in lines)
        charged = sum(line.net_minor + line.tax_minor for line in lines)
        total += multiply_ratio(home, charged, whole) if whole else 0
    return total


def refund_lines(
    ledger: LedgerPolicy, sale: Sale, lines: Sequence[SaleLine], shares: Iterable[Share]
) -> tuple[DocumentLine, ...]:
    """The income lines that the refund takes back, at the sale's rate, on the accounts the mapping wants."""
    by_id = {line.line_id: line for line in lines}
    mapping = ledger.mapping
    taken = []
    for share in shares:
        if not share.home_net_minor and not share.home_tax_minor:
            continue
        line = by_id[share.line_id]
        if line.line_id == OVERPAID:
            account = receivable_of(ledger, sale.currency)
            taken.append(DocumentLine(line.line_id, line.description, account, share.home_net_minor))
            continue
        item = refund_item(ledger, sale, line, share)
        taken.append(
            DocumentLine(
                line.line_id,
                line.description,
                mapping.refunds or (item if item is not None and is_account(item) else line.account),
                share.home_net_minor,
                share.home_tax_minor,
                tax_account_of(ledger, line.tax_account, share.home_tax_minor),
                line.sku,
                item if item is not None else line.item,
                share.quantity,
                line.tax_code,
            )
        )
    return tuple(taken)


def refund_item(ledger: LedgerPolicy, sale: Sale, line: SaleLine, share: Share) -> str | None:
    """The item that takes a line back, None where it keeps the sale's.

    A stock item goes back on stock only where its quantity is known and `items.refunds` names it, else it goes on the
    default item of refunds.
    """
    mapping = ledger.mapping
    named = mapping.refund_item_named(line.sku)
    if line.stock:
        item = named if share.quantity is not None and named is not None else mapping.refund_item(None)
    else:
        item = named
        if item is None and line.item is None and line.sku:
            item = mapping.refund_item(line.sku) or mapping.sales_item(line.sku)
        elif item is None:
            return None
    if item is None:
        what = f"SKU {line.sku}" if line.sku else f"item {line.item}"
        raise NotNow(
            "held",
            "item_not_mapped",
            f'{what} of sale {sale.number} has no item to be refunded with, and items.refunds has no "*"',
            "add it to items.refunds in the mapping file; each run asks again",
        )
    return item
