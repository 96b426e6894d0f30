"""In which currency a document stands: that of the Stripe balance, or that of the charge at the rate of the day.

A ledger that keeps a sale in the charge's currency takes it back at the sale's rate and pays it out at the refund's;
what lies between is realised exchange. Where the balance itself is kept in the charge's currency there is no rate.
"""

from __future__ import annotations

from connector.planning.case import LedgerPolicy, NotNow
from connector.planning.model import Sale
from connector.planning.sentences import resolve_command
from connector.planning.settlement import Settlement


def is_foreign(sale: Sale, settlement: Settlement) -> bool:
    """Whether the sale stands in the charge's currency and the balance moved in another."""
    return sale.currency != settlement.currency


def sale_currency(ledger: LedgerPolicy, settlement: Settlement, charge_currency: str, charge_id: str) -> str:
    """The currency of a sale that the connector posts. Raises `NotNow` currency_not_supported."""
    refuse_currency(ledger, settlement, charge_currency, charge_id)
    receipt = ledger.sales == "sales_receipt" and ledger.capabilities.receipts_in_clearing_currency
    return charge_currency if ledger.holds_charge_currency and not receipt else settlement.currency


def may_stand_in(ledger: LedgerPolicy, sale: Sale, settlement: Settlement) -> bool:
    """Whether a sale in the books may be in the currency it is in."""
    if sale.currency == settlement.currency:
        return True
    return ledger.holds_charge_currency and sale.currency == sale.charge_currency


def refuse_currency(
    ledger: LedgerPolicy, settlement: Settlement, charge_currency: str, subject_id: str
) -> None:
    """A balance that this ledger has no clearing account for: neither its own currency, nor the charge's where it
    keeps that."""
    home = ledger.home_currency
    if home is None or settlement.currency == home:
        return
    if ledger.holds_charge_currency and settlement.currency == charge_currency:
        return
    kept = f"{home.upper()} and the currency of the charge" if ledger.holds_charge_currency else home.upper()
    raise NotNow(
        "held",
        "currency_not_supported",
        f"the Stripe balance moved in {settlement.currency.upper()}, and ledger {ledger.name} keeps {kept}",
        f"give the ledger this currency and a clearing account in it (accounts.clearing, by currency), or keep it in a "
        f"ledger that has them, then: {resolve_command(subject_id, ledger.name, '--retry')}; or book it by hand, then: "
        f"{resolve_command(subject_id, ledger.name, '--skip')}",
    )
