"""The exchange rate of a document, as home units for one unit of its currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from connector.ledgers.further_writes import AT_RATE_OF_SALE, RATE
from connector.ledgers.json_wire import amount
from connector.planning.model import Document
from connector.planning.money import exponent

FEWEST_PLACES = 4


def rate_of(document: Document, most_places: int) -> Decimal | None:
    """As exact as the home total needs. Where Stripe told none what takes income back has the rate of the sale; None: the
    ledger takes the rate of the day."""
    if document.home_minor is None:
        known = next((text for name, text in document.refs if name == RATE), None)
        kind = document.part if document.kind == "reversal" else document.kind
        return Decimal(known) if known is not None and kind in AT_RATE_OF_SALE else None
    if not document.amount_minor:
        return None
    total = amount(document.amount_minor, document.currency)
    wanted = amount(document.home_minor, document.entry_currency)
    places = Decimal(1).scaleb(-exponent(document.entry_currency))
    for digits in range(FEWEST_PLACES, most_places + 1):
        rate = (wanted / total).quantize(Decimal(1).scaleb(-digits))
        if (total * rate).quantize(places, ROUND_HALF_UP) == wanted:
            return rate
    return wanted / total
