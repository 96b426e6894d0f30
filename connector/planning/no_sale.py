"""A refund without a sale in the books, in words: where it was looked for, and how a person names it."""

from __future__ import annotations

from connector.planning.by_hand import sale_command, skip_command
from connector.planning.case import Books, LedgerPolicy, NotNow, RefundCase
from connector.planning.model import Sale
from connector.planning.numbering import number_candidates, shorten
from connector.planning.sentences import LOOKED_AT_AGAIN
from connector.planning.stripe_facts import Charge


def no_sale(case: RefundCase, books: Books, ledger: LedgerPolicy) -> NotNow:
    """Held for its sale, once it need not be waited for."""
    refund = case.refund
    if case.charge is None:
        action = (
            f"name its sale by number or by its id in the ledger: {sale_command(refund, ledger)}; or book it by hand, "
            f"then: {skip_command(refund, ledger)}"
        )
    elif case.sale_blocked is not None:
        action = LOOKED_AT_AGAIN
    else:
        named = sale_command(refund, ledger)
        action = f"{LOOKED_AT_AGAIN}; or name the sale by its number or its id in the ledger: {named}"
    return NotNow("held", "sale_not_found", no_sale_sentence(case, books, ledger), action)


def no_sale_sentence(case: RefundCase, books: Books, ledger: LedgerPolicy) -> str:
    charge = case.charge.charge if case.charge else None
    if charge is None:
        return f"refund {case.refund.refund_id} names no charge, so there is no sale to take back"
    if case.sale_blocked is not None:
        return case.sale_blocked
    if case.sale is not None:
        return void_sentence(charge, case.sale)
    return f"no sale was found in the books for charge {charge.charge_id}{number_sought(case, books, ledger)}"


def void_sentence(charge: Charge, sale: Sale) -> str:
    return f"invoice {sale.number} of charge {charge.charge_id} is void in the books"


def number_sought(case: RefundCase, books: Books, ledger: LedgerPolicy) -> str:
    """The number by which the ledger was asked for the sale, in words."""
    if case.charge is None or not books.number_sources:
        return ""
    of = case.charge
    numbers = number_candidates(books.number_sources, of.charge, of.payment_intent, of.invoice, of.session)
    if not numbers:
        return ", and no entry of sale_number gives its number"
    return f" or under number {shorten(numbers[0], ledger.capabilities.short_id_length)}"
