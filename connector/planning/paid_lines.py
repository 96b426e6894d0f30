"""The lines of a sale as this charge paid them: what a refund can take back, in the charge's currency and the books'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.case import RefundCase
from connector.planning.model import Sale, SaleLine, SalePayment
from connector.planning.money import multiply_ratio
from connector.planning.refund_sale import find_payment
from connector.planning.shares import Share, share_out

# The line of what a charge paid beyond its invoice.
OVERPAID = "overpaid"


def sale_lines_of(case: RefundCase, sale: Sale) -> tuple[SaleLine, ...]:
    """The sale's lines with their amounts in the charge's currency; a lone payment has one, the payment itself."""
    if sale.form == "payment":
        return payment_line(case, sale)
    if sale.ours or not sale.lines:
        return sale.lines
    lines = sale.lines
    if len({line.line_id for line in lines}) < len(lines):
        lines = tuple(replace(line, line_id=f"{at} {line.line_id}") for at, line in enumerate(lines, start=1))
    if sale.currency != sale.charge_currency:
        lines = in_charge_currency(case, sale, lines)
    elif settles_in(case, sale.currency):
        # Stripe keeps a balance in this currency: no rate comes in between, whatever the ledger's own.
        lines = tuple(
            replace(line, home_net_minor=line.net_minor, home_tax_minor=line.tax_minor) for line in lines
        )
    return (*lines, *overpaid_line(case, sale, lines))


def settles_in(case: RefundCase, currency: str) -> bool:
    settled = case.charge.settled() if case.charge is not None else None
    return settled is not None and settled[1] == currency


def overpaid_line(case: RefundCase, sale: Sale, lines: Sequence[SaleLine]) -> tuple[SaleLine, ...]:
    """What the charge paid beyond the whole invoice: an untaxed line of no income, since receivable holds it."""
    payment = find_payment(case.charge, sale.payments, case.person.sale_id is not None)
    if case.charge is None or payment is None or sale.form != "invoice":
        return ()
    rest = case.charge.charge.captured_minor - sum(line.net_minor + line.tax_minor for line in lines)
    whole = sum(line.home_net_minor + line.home_tax_minor for line in lines)
    if rest <= 0 or whole != sale.total_minor:
        # Lines that do not come to what was asked for leave a rest that is no credit of the customer's.
        return ()
    home = rest if sale.currency == sale.charge_currency else worth_of(case, payment)[1] - whole
    return (SaleLine(OVERPAID, f"Paid beyond invoice {sale.number}", rest, 0, max(home, 0), 0, ""),)


def payment_line(case: RefundCase, sale: Sale) -> tuple[SaleLine, ...]:
    payment = find_payment(case.charge, sale.payments, True) or next(iter(sale.payments), None)
    if payment is None:
        return ()
    amount, home = worth_of(case, payment)
    return (SaleLine("1", f"Payment {sale.number}", amount, 0, home, 0, payment.credit_account or ""),)


def paid_line(case: RefundCase, payment: SalePayment | None) -> tuple[SaleLine, ...]:
    """What a reopened invoice loses: this charge's payment, and no line of the sale, whose income stays.

    Only refunds of the same charge that opened it again have taken of this line.
    """
    charge_id = case.charge.charge.charge_id if case.charge else ""
    line_id = f"payment of {charge_id}".rstrip()
    amount, home = worth_of(case, payment)
    return (SaleLine(line_id, "Payment", amount, 0, home, 0, ""),)


def worth_of(case: RefundCase, payment: SalePayment | None) -> tuple[int, int]:
    """This charge's payment in the charge's currency and in the books.

    Its worth in the books is what this charge brought there, not what the payment says: that may be of several charges
    together, in the charge's currency, or the one that a person named.
    """
    said = payment.amount_minor if payment else 0
    if case.charge is None:
        return said, said
    charge, settled = case.charge.charge, case.charge.settled()
    if settled is not None:
        return charge.captured_minor, settled[0]
    alike = payment is None or payment.currency == charge.currency
    return charge.captured_minor, charge.captured_minor if alike else said


def in_charge_currency(case: RefundCase, sale: Sale, lines: Sequence[SaleLine]) -> tuple[SaleLine, ...]:
    """Lines that the books hold as settled, at the rate of the charge: captured amount to what it settled as."""
    weights = [part for line in lines for part in (line.home_net_minor, line.home_tax_minor)]
    total = sum(weights)
    if case.charge is None or total <= 0:
        return tuple(lines)
    settled = case.charge.settled()
    payment = find_payment(case.charge, sale.payments)
    own = 0
    if settled is not None and settled[1] == sale.currency:
        own = settled[0]
    elif payment is not None and payment.currency == sale.currency:
        own = payment.amount_minor
    own = own if own > 0 else total
    captured = case.charge.charge.captured_minor
    parts = share_out(captured if own == total else multiply_ratio(captured, total, own), weights)
    return tuple(
        replace(line, net_minor=parts[2 * place], tax_minor=parts[2 * place + 1])
        for place, line in enumerate(lines)
    )


def at_rate_of(lines: Sequence[SaleLine], taken: Sequence[Share], captured_minor: int) -> tuple[Share, ...]:
    """What refunds of other charges took of a sale, told at the rate of the charge that `lines` are told at.

    Each charge has its own rate, or even currency; what was taken in the books is the same for all. Where the others
    have taken all but this charge's `captured_minor`, to within the rounding of each amount, they have taken just that.
    """
    weights = [0] * (2 * len(lines))
    places = {line.line_id: 2 * place for place, line in enumerate(lines)}
    for share in taken:
        at = places.get(share.line_id)
        if at is not None:
            weights[at] += share.home_net_minor
            weights[at + 1] += share.home_tax_minor
    whole = sum(line.home_net_minor + line.home_tax_minor for line in lines)
    if sum(weights) <= 0 or whole <= 0:
        return ()
    charged = sum(line.net_minor + line.tax_minor for line in lines)
    total, most = multiply_ratio(charged, sum(weights), whole), charged - captured_minor
    if most > 0 and abs(total - most) <= len(weights):
        total = most
    parts = share_out(total, weights)
    return tuple(
        Share(line.line_id, parts[at], parts[at + 1], weights[at], weights[at + 1])
        for line, at in ((line, places[line.line_id]) for line in lines)
        if weights[at] or weights[at + 1]
    )
