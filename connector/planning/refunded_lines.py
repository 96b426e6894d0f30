"""What a refund takes back of its sale: the split over the lines, and the accounts and items the lines go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connector.planning.accounts import receivable_of, tax_account_of
from connector.planning.allocation import Overdrawn, Split, split_refund
from connector.planning.by_hand import skip_command
from connector.planning.case import LedgerPolicy, NotNow, RefundCase
from connector.planning.claims import Evidence
from connector.planning.model import DISCOUNT, DocumentLine, Sale, SaleLine
from connector.planning.money import multiply_ratio
from connector.planning.paid_lines import OVERPAID
from connector.planning.sentences import LOOKED_AT_AGAIN, money
from connector.planning.shares import Share, share_out
from connector.planning.sold_lines import is_account

# Documents that take back the lines of the sale that the refund is for; a void takes all lines.
OUR_LEGS = ("credit_memo", "refund_receipt")


def split_of(
    case: RefundCase,
    ledger: LedgerPolicy,
    sale: Sale,
    lines: Sequence[SaleLine],
    evidence: Sequence[Evidence] = (),
    booked_minor: int = 0,
) -> Split:
    """The refund split over these lines, after the refunds before it and what others booked; held where less is left.

    What our document in the books took back stands, whatever the evidence says now; how many came back only that says.
    """
    refund = case.refund
    standing = shares_in_books(case, ledger, lines)
    try:
        split = split_refund(lines, case.earlier, refund.amount_minor, evidence, booked_minor)
        return split if not standing else Split(counted(standing, split), "the document in the books")
    except Overdrawn as stop:
        if standing:
            return Split(standing, "the document in the books")
        total = sum(line.net_minor + line.tax_minor for line in lines)
        raise NotNow(
            "held",
            "sale_mismatch",
            f"refund {refund.refund_id} of {money(refund.amount_minor, refund.currency)} is larger than what is "
            f"left of sale {sale.number}: {money(max(0, stop.left_minor), refund.currency)} of "
            f"{money(total, refund.currency)}",
            f"correct the sale or the documents booked against it; {LOOKED_AT_AGAIN}",
        ) from None


def counted(standing: Sequence[Share], split: Split) -> tuple[Share, ...]:
    """The shares with how many of each line came back, where the evidence has the same amount for it."""
    counts = {replace(share, quantity=None): share.quantity for share in split.shares}
    return tuple(replace(share, quantity=counts.get(share)) for share in standing)


def shares_in_books(
    case: RefundCase, ledger: LedgerPolicy, lines: Sequence[SaleLine]
) -> tuple[Share, ...] | None:
    """What the refund's income leg took of each line, by the lines that the ledger keeps beside its entries; tax goes
    by what was taken of the lines that have it. None where that does not tell all of the refund."""
    leg = next((f for f in case.ours if f.kind in OUR_LEGS and f.entries and any(f.line_ids)), None)
    if leg is None:
        return None
    by_id = {line.line_id: line for line in lines}
    mapping = ledger.mapping
    exchange = {mapping.exchange, ledger.item_accounts.get(mapping.exchange_item or "", mapping.exchange)}
    nets: dict[str, int] = {}
    taxes: dict[str, int] = {}
    for entry, line_id in zip(leg.entries[:-1], leg.line_ids[:-1], strict=True):
        signed = entry.debit_minor - entry.credit_minor
        if line_id is not None:
            nets[line_id] = nets.get(line_id, 0) + signed
        elif entry.account not in exchange:
            taxes[entry.account] = taxes.get(entry.account, 0) + signed
    if not by_id.keys() >= nets.keys():
        return None
    parts = {line_id: [net, 0] for line_id, net in nets.items()}
    for account, tax in taxes.items():
        taxed = [i for i in nets if (by_id[i].tax_account or ledger.mapping.tax) == account]
        weights = [part_of(by_id[i].home_tax_minor, nets[i], by_id[i].home_net_minor) for i in taxed]
        if sum(weights) <= 0:
            return None
        for line_id, part in zip(taxed, share_out(tax, weights), strict=True):
            parts[line_id][1] += part
    return as_charged(case, [by_id[i] for i in parts], list(parts.values()))


def as_charged(
    case: RefundCase, lines: Sequence[SaleLine], parts: Sequence[Sequence[int]]
) -> tuple[Share, ...] | None:
    """Shares of these parts (net, tax) in the books, with what they are in the charge's currency."""
    charged = [
        part_of(whole, part, home)
        for line, (net, tax) in zip(lines, parts, strict=True)
        for whole, part, home in (
            (line.net_minor, net, line.home_net_minor),
            (line.tax_minor, tax, line.home_tax_minor),
        )
    ]
    if sum(charged) <= 0:
        return None
    at_rate = any(
        (line.net_minor, line.tax_minor) != (line.home_net_minor, line.home_tax_minor) for line in lines
    )
    if at_rate:
        charged = share_out(case.refund.amount_minor, charged)
    elif sum(charged) != case.refund.amount_minor:
        return None
    return tuple(
        Share(line.line_id, charged[2 * place], charged[2 * place + 1], net, tax)
        for place, (line, (net, tax)) in enumerate(zip(lines, parts, strict=True))
    )


def part_of(whole: int, part: int, of: int) -> int:
    """`whole` in the proportion `part` to `of`."""
    return multiply_ratio(whole, part, of) if of else 0


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
                refund_account(ledger, line, item),
                share.home_net_minor,
                share.home_tax_minor,
                tax_account_of(ledger, line.tax_account, share.home_tax_minor),
                line.sku,
                item if item is not None else line.item,
                share.quantity,
                line.tax_code,
                line.refs,
            )
        )
    return tuple(taken)


def refuse_overpaid(case: RefundCase, ledger: LedgerPolicy, sale: Sale, shares: Sequence[Share]) -> None:
    """What was paid beyond an invoice is no income, and not every form has a line for it."""
    share = next((s for s in shares if s.line_id == OVERPAID and s.net_minor), None)
    if share is not None and not ledger.capabilities.receivable_lines:
        raise NotNow(
            "held",
            "ledger_cannot",
            f"{money(share.net_minor, sale.charge_currency)} of the refund were paid beyond invoice {sale.number}, "
            f"and a form of this ledger has no line for that",
            f"book it by hand, then: {skip_command(case.refund, ledger)}",
        )


def refund_account(ledger: LedgerPolicy, line: SaleLine, item: str | None) -> str:
    """Where the mapping gathers refunds, else the income account of the item that takes the line back, else the
    sale's."""
    if ledger.mapping.refunds is not None and not ledger.capabilities.lines_by_item:
        return ledger.mapping.refunds
    if item is None:
        return line.account
    return item if is_account(item) else ledger.item_accounts.get(item, line.account)


def is_unusable(ledger: LedgerPolicy, item: str | None) -> bool:
    """An item that the ledger has no more, or that was never one: no new document can be made of it."""
    return ledger.capabilities.lines_by_item and (item is None or item not in ledger.item_accounts)


def refund_item(ledger: LedgerPolicy, sale: Sale, line: SaleLine, share: Share) -> str | None:
    """The item that takes a line back, None where it keeps the sale's.

    A stock item goes back on stock only where its quantity is known and `items.refunds` names it, else it goes on the
    default item of refunds.
    """
    mapping = ledger.mapping
    if any(name == DISCOUNT for name, _ in line.refs):
        return None
    named = mapping.refund_item_named(line.sku)
    if line.stock:
        item = named if share.quantity is not None and named is not None else mapping.refund_item(None)
    else:
        item = named
        if item is None and line.item is None and line.sku:
            item = mapping.refund_item(line.sku) or mapping.sales_item(line.sku)
        elif item is None and is_unusable(ledger, line.item):
            item = mapping.refund_item(line.sku)
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
    if is_unusable(ledger, item):
        raise NotNow(
            "held",
            "item_not_mapped",
            f"the ledger has no item {item} that could be sold",
            "correct it in the mapping file or in the ledger; each run asks again",
        )
    return item
