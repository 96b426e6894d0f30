"""Lines of Xero's documents: amounts with their tax inside, so that the total is what was planned whatever Xero makes of
the tax; the tax of each line is ours.

https://developer.xero.com/documentation/api/accounting/creditnotes (line items)
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal
from typing import Any

from connector.ledgers.json_wire import amount
from connector.ledgers.xero_directory import Directory
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Document, DocumentLine
from connector.planning.money import exponent

DESCRIPTION = 4000
# How exact a price is written, with `unitdp=4` in the address.
PRICE_PLACES = 4
TRACKING = "tracking"


class LineWriter:
    """Writes lines for one organisation."""

    def __init__(self, directory: Directory, mapping: LedgerMapping) -> None:
        self.directory = directory
        self.mapping = mapping

    def form_lines(self, document: Document) -> list[dict[str, Any]]:
        """The document's lines, and one for what the rate moved."""
        lines: list[dict[str, Any]] = []
        for line in document.lines:
            if line.net_minor or line.tax_minor:
                lines += self.line(document, line)
        rest = document.amount_minor - sum(line.net_minor + line.tax_minor for line in document.lines)
        if rest:
            words = "What the rate moved since the sale"
            lines.append(self.plain_line(self.mapping.exchange or "", rest, document.currency, words))
        return lines

    def plain_line(self, account: str, minor: int, currency: str, words: str) -> dict[str, Any]:
        """A line without tax on an account."""
        return {
            "Description": words[:DESCRIPTION] or "-",
            "Quantity": 1,
            "UnitAmount": amount(minor, currency),
            "AccountCode": self.directory.account_code(account),
            "TaxType": self.directory.untaxed(),
            "TaxAmount": amount(0, currency),
        }

    def line(self, document: Document, line: DocumentLine) -> list[dict[str, Any]]:
        """The line; and where a quantity of a stock item has no price that comes to the amount, the rest."""
        currency = document.currency
        gross = amount(line.net_minor + line.tax_minor, currency)
        item = self.directory.item_code(line.item) if line.item is not None else None
        quantity, price = self.quantity(line, gross, currency, item)
        made: dict[str, Any] = {
            "Description": (line.description or line.account)[:DESCRIPTION] or "-",
            "Quantity": quantity,
            "UnitAmount": price,
            "AccountCode": self.directory.account_code(line.account),
            "TaxType": self.tax_type(line),
            "TaxAmount": amount(line.tax_minor, currency),
        }
        if item is not None:
            made["ItemCode"] = item
        tracking = self.tracking(line)
        if tracking:
            made["Tracking"] = tracking
        came_to = (Decimal(quantity) * price).quantize(Decimal(1).scaleb(-exponent(currency)))
        if came_to == gross:
            return [made]
        rest = {**made, "Quantity": 1, "UnitAmount": gross - came_to, "TaxAmount": amount(0, currency)}
        rest.pop("ItemCode", None)
        return [made, rest]

    def quantity(
        self, line: DocumentLine, gross: Decimal, currency: str, item: str | None
    ) -> tuple[Decimal | int, Decimal]:
        """How many and at what price; one where that does not come to the amount, unless it moves stock: then the price is
        rather below, since Xero takes no rest below zero in a bank transaction."""
        count = Decimal(line.quantity) if line.quantity is not None else Decimal(0)
        if count > 0:
            places = Decimal(1).scaleb(-PRICE_PLACES)
            price = (gross / count).quantize(places)
            if (price * count).quantize(Decimal(1).scaleb(-exponent(currency))) == gross:
                return count, price
            if item is not None and self.directory.is_stock(item):
                return count, (gross / count).quantize(places, ROUND_FLOOR)
        return 1, gross

    def tax_type(self, line: DocumentLine) -> str:
        """The sale's, else the mapped one; a line that bears no tax and names none has none."""
        found = self.directory.tax_type(line.tax_code) if line.tax_code is not None else None
        if found is not None:
            return found
        known = self.directory.default_tax(line.account) if line.tax_minor else None
        return known or self.directory.untaxed()

    def tracking(self, line: DocumentLine) -> list[dict[str, str]]:
        """The categories and options of the sale's line."""
        pairs = [text.split(":") for name, text in line.refs if name == TRACKING]
        return [{"TrackingCategoryID": pair[0], "TrackingOptionID": pair[1]} for pair in pairs]
