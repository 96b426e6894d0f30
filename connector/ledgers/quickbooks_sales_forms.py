"""Invoices, sales receipts, credit memos and refund receipts: lines, taxes, and where the money goes.

https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/creditmemo (and its neighbours)
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from quickbooks.objects.detailline import (
    DiscountLine,
    DiscountLineDetail,
    SalesItemLine,
    SalesItemLineDetail,
)
from quickbooks.objects.tax import TxnTaxDetail

from connector.ledgers.json_wire import amount
from connector.ledgers.quickbooks_fields import DESCRIPTION, FieldWriter, make, ref
from connector.ledgers.quickbooks_roles import Entity
from connector.planning.model import DISCOUNT, Document, DocumentLine
from connector.planning.money import exponent

WITH_MONEY = frozenset({"SalesReceipt", "RefundReceipt"})
# How exact a price is written at most.
PRICE_PLACES = 7


class SalesFormWriter(FieldWriter):
    """Writes sales forms."""

    def sales_form(self, document: Document, entity: Entity) -> dict[str, Any]:
        fields = {
            **self.head(document),
            "DocNumber": document.number,
            "CustomerRef": self.customer_ref(document),
            "Line": self.form_lines(document),
            "PrintStatus": "NotSet",
        }
        if entity != "RefundReceipt":
            fields["EmailStatus"] = "NotSet"
        if entity in WITH_MONEY:
            fields["DepositToAccountRef"] = self.account(document.entries[-1].account)
            fields["PaymentMethodRef"] = self.method(document)
        fields.update(self.tax(document))
        return fields

    def tax(self, document: Document) -> dict[str, Any]:
        """In the US the total is ours, also where QuickBooks would work it out anew; elsewhere each line has its tax
        within."""
        how = self.directory.preferences.sales_tax
        if how == "by_line":
            return {"GlobalTaxCalculation": "TaxInclusive"}
        if how == "off":
            return {}
        total = sum(line.tax_minor for line in document.lines)
        detail = make(TxnTaxDetail, TotalTax=amount(total, document.currency))
        if how == "us":
            detail.TxnTaxCodeRef = ref(self.form_tax_code(document))
        return {"TxnTaxDetail": detail}

    def form_tax_code(self, document: Document) -> str | None:
        """The code of the whole form: the sale's, else the one that the mapping names for a line."""
        known = self.named(document, "tax_code")
        if known is not None:
            return known
        codes = (line.tax_code for line in document.lines if line.tax_code not in (None, "TAX", "NON"))
        return next((found for code in codes if (found := self.directory.tax_codes.find(code or ""))), None)

    def form_lines(self, document: Document) -> list[Any]:
        lines = [
            self.form_line(document, line) for line in document.lines if line.net_minor or line.tax_minor
        ]
        total = document.amount_minor
        rest = total - sum(line.net_minor + line.tax_minor for line in document.lines)
        if rest and self.mapping.exchange_item is not None:
            words = "What the rate moved since the sale"
            exchange = DocumentLine("exchange", words, "", rest, item=self.mapping.exchange_item)
            lines.append(self.form_line(document, exchange))
        return lines

    def form_line(self, document: Document, line: DocumentLine) -> Any:
        currency = document.currency
        discount = next((text for name, text in line.refs if name == DISCOUNT), None)
        description = (line.description or "")[:DESCRIPTION] or None
        if discount is not None:
            detail = make(DiscountLineDetail, PercentBased=False, DiscountAccountRef=ref(discount))
            return make(
                DiscountLine,
                Amount=amount(-line.net_minor, currency),
                Description=description,
                DetailType="DiscountLineDetail",
                DiscountLineDetail=detail,
            )
        item_id = self.directory.item_id(line.item or "")
        detail = make(SalesItemLineDetail, ItemRef=ref(item_id), TaxCodeRef=self.line_tax_code(line))
        if self.directory.preferences.sales_tax == "by_line":
            detail.TaxInclusiveAmt = amount(line.net_minor + line.tax_minor, currency)
        class_id = next((text for name, text in line.refs if name == "class"), None)
        if class_id is not None and self.directory.preferences.class_on_line:
            detail.ClassRef = ref(class_id)
        self.set_quantity(detail, line, currency, self.directory.is_stock(item_id))
        return make(
            SalesItemLine,
            Amount=amount(line.net_minor, currency),
            Description=description,
            DetailType="SalesItemLineDetail",
            SalesItemLineDetail=detail,
        )

    def line_tax_code(self, line: DocumentLine) -> Any:
        how = self.directory.preferences.sales_tax
        if how == "off":
            return None
        if how == "by_line":
            found = self.directory.tax_codes.find(line.tax_code) if line.tax_code is not None else None
            return ref(found or self.directory.untaxed())
        taxed = line.tax_minor or line.tax_code not in (None, "NON")
        return ref("TAX" if taxed else "NON")

    def set_quantity(self, detail: Any, line: DocumentLine, currency: str, stock: bool) -> None:
        """How many, where that and a price come to the amount exactly; of a stock item it moves stock."""
        if line.quantity is None:
            return
        quantity = Decimal(line.quantity)
        if quantity <= 0:
            return
        net = amount(line.net_minor, currency)
        places = PRICE_PLACES if stock else exponent(currency)
        price = (net / quantity).quantize(Decimal(1).scaleb(-places))
        if (price * quantity).quantize(Decimal(1).scaleb(-exponent(currency))) == net:
            detail.Qty, detail.UnitPrice = quantity, price
