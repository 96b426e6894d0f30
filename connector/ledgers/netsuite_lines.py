"""Item lines of NetSuite's forms, with their taxes as SuiteTax keeps them.

The taxes are those that were planned: `taxDetailsOverride` keeps NetSuite from working them out anew, so that the total is
the refund's gross amount and the split is the sale's. Where a tax code is not known the gross amount is written, and
NetSuite splits it. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_164460021767.html
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connector.ledgers.json_wire import amount
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_wire import ref
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Document, DocumentLine
from connector.planning.shares import share_out
from connector.planning.values import value

DESCRIPTION = 1000
SUITETAX = "suitetax"
# The refs of a line that are a tax: `TYPE/CODE/RATE/AMOUNT`, the rate in percent, the amount in minor units of the sale.
TAX = "tax"
SEGMENTS = ("department", "class", "location")
RATE_PLACES = Decimal("0.0001")


@value(frozen=True, slots=True)
class Tax:
    """A tax of a line: SuiteTax's ids, the rate in percent, and what of the line's tax it is."""

    tax_type: str
    tax_code: str
    rate: Decimal
    tax_minor: int


class LineWriter:
    """Writes lines for one account."""

    def __init__(self, directory: Directory, mapping: LedgerMapping) -> None:
        self.directory = directory
        self.mapping = mapping

    def form(self, record: str, document: Document) -> dict[str, Any]:
        """The lines of a form, and one for what the rate moved, with the taxes."""
        lines = [line for line in document.lines if line.net_minor or line.tax_minor]
        rest = document.amount_minor - sum(line.net_minor + line.tax_minor for line in lines)
        if rest and self.mapping.exchange_item is not None:
            words = "What the rate moved since the sale"
            lines.append(DocumentLine("exchange", words, "", rest, item=self.mapping.exchange_item))
        if self.directory.tax != SUITETAX:
            return {"item": {"items": [self.line(record, document, line) for line in lines]}}
        taxes = [self.taxes_of(line) for line in lines]
        if any(found is None for found in taxes):
            gross = [self.gross_line(record, document, line) for line in lines]
            return {"item": {"items": gross}}
        items, details = [], []
        for at, (line, found) in enumerate(zip(lines, taxes, strict=True), start=1):
            reference = f"L{at}"
            items.append({**self.line(record, document, line), "taxDetailsReference": reference})
            for tax in found or ():
                details.append(self.tax_detail(document, line, reference, tax))
        return {
            "taxDetailsOverride": True,
            "item": {"items": items},
            "taxDetails": {"items": details},
        }

    def line(self, record: str, document: Document, line: DocumentLine) -> dict[str, Any]:
        """A line by its net amount."""
        made: dict[str, Any] = {"item": ref(self.directory.item_id(line.item or ""))}
        quantity = Decimal(line.quantity) if line.quantity is not None else Decimal(0)
        if quantity > 0:
            made["quantity"] = quantity
        made["amount"] = amount(line.net_minor, document.currency)
        words = (line.description or "")[:DESCRIPTION]
        if words:
            made["description"] = words
        for name in SEGMENTS:
            known = next((text for key, text in line.refs if key == name), None)
            if known is not None and self.directory.has(record, f"item.{name}"):
                made[name] = ref(known)
        return made

    def gross_line(self, record: str, document: Document, line: DocumentLine) -> dict[str, Any]:
        """A line by its amount with tax: NetSuite works out the rest."""
        made = self.line(record, document, line)
        made.pop("amount")
        return {**made, "grossAmt": amount(line.net_minor + line.tax_minor, document.currency)}

    # ------------------------------------------------------------------------------------------ taxes

    def taxes_of(self, line: DocumentLine) -> list[Tax] | None:
        """The taxes of a line: the sale's own codes in the sale's proportions, else the one that the mapping names. None
        where it bears tax and no code is known."""
        known = [text.split("/") for name, text in line.refs if name == TAX]
        if not line.tax_minor:
            # A rate of zero is a tax all the same, and a tax return tells it from none.
            return [Tax(part[0], part[1], Decimal(0), 0) for part in known if not Decimal(part[2])]
        weights = [int(part[3]) for part in known]
        # Of a discount both the tax and its parts are below zero.
        sign = -1 if sum(weights) < 0 else 1
        if sum(weights):
            shares = share_out(sign * line.tax_minor, [sign * weight for weight in weights])
            return [
                Tax(part[0], part[1], Decimal(part[2]), sign * share)
                for part, share in zip(known, shares, strict=True)
            ]
        found = self.directory.tax_code(line.tax_code) if line.tax_code is not None else None
        if found is None or not line.net_minor:
            return None
        code, tax_type = found
        rate = (Decimal(100) * line.tax_minor / line.net_minor).quantize(RATE_PLACES)
        return [Tax(tax_type, code, rate, line.tax_minor)]

    def tax_detail(self, document: Document, line: DocumentLine, reference: str, tax: Tax) -> dict[str, Any]:
        return {
            "taxDetailsReference": reference,
            "taxType": ref(tax.tax_type),
            "taxCode": ref(tax.tax_code),
            "taxBasis": amount(line.net_minor, document.currency),
            "taxRate": tax.rate,
            "taxAmount": amount(tax.tax_minor, document.currency),
        }
