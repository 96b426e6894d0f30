"""Invoices, sales receipts, credit memos and refund receipts: lines, totals, and what they post."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks.ledger import Posting
from vendors.quickbooks.references import (
    currency_terms,
    fill,
    fill_tracking,
    money_account,
    referred,
)
from vendors.quickbooks.refusals import business, missing_parameter, refused
from vendors.quickbooks.sales_tax import taxed
from vendors.quickbooks.wire import ZERO, Json, decimal, ref, rounded

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

KINDS = ("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt")
_ON_ACCOUNT = frozenset({"Invoice", "CreditMemo"})
_GIVES_BACK = frozenset({"CreditMemo", "RefundReceipt"})
# What these documents have no field for, though the schema does.
_NOT_HERE = {
    "Invoice": ("DepositToAccountRef", "PaymentType", "PaymentRefNum", "PaymentMethodRef"),
    "CreditMemo": ("DepositToAccountRef", "PaymentType", "PaymentRefNum", "PaymentMethodRef", "InvoiceRef"),
}


def build(company: Company, kind: str, record: Json) -> Json:
    """The document as it will be stored, totals computed; raises `Refused`."""
    for name in _NOT_HERE.get(kind, ()):
        record.pop(name, None)
    if kind != "RefundReceipt" and "CustomerRef" not in record:
        raise missing_parameter("CustomerRef")
    customer = None
    if "CustomerRef" in record:
        customer = referred(company, "Customer", record["CustomerRef"], "CustomerRef")
        record["CustomerRef"] = ref(customer["Id"], customer["DisplayName"])
    currency, rate = currency_terms(company, record, customer)
    _money_side(company, kind, record, currency)
    _delivery(kind, record)
    fill(company, record, PaymentMethodRef="PaymentMethod")
    fill_tracking(company, record, "ClassTrackingPerTxn")
    lines = _lines(company, record, currency)
    items = [one for one in lines if "ItemRef" in one.get("SalesItemLineDetail", {})]
    tax = taxed(company, kind, record, items, currency)
    net = sum((one["Amount"] for one in items), ZERO)
    discount = _discount(company, lines, net, currency)
    total = net - discount + tax
    if total < 0:
        raise business("Transaction amount must be 0 or greater")
    subtotal: Json = {"Amount": net, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    places = [one for one in lines if one["DetailType"] != "DiscountLineDetail"]
    behind = [one for one in lines if one["DetailType"] == "DiscountLineDetail"]
    record["Line"] = [*places, subtotal, *behind]
    record["TotalAmt"] = total
    if company.multi_currency:
        record["HomeTotalAmt"] = rounded(total * rate)
    return record


def _money_side(company: Company, kind: str, record: Json, currency: str) -> None:
    if kind in _ON_ACCOUNT:
        return
    if "DepositToAccountRef" not in record:
        if kind == "RefundReceipt":
            raise missing_parameter("DepositToAccountRef")
        record["DepositToAccountRef"] = ref(company.account_of_type("UndepositedFunds"))
    record["DepositToAccountRef"] = money_account(
        company, record["DepositToAccountRef"], "DepositToAccountRef", currency
    )


def _delivery(kind: str, record: Json) -> None:
    """What printing and sending ask for."""
    if record.get("EmailStatus") == "NeedToSend" and not record.get("BillEmail", {}).get("Address"):
        raise business("A form that is to be sent needs an e-mail address")
    if record.get("PaymentType") == "Expense":
        raise refused("2170", "Invalid Enumeration : PaymentType value Expense", "PaymentType")
    if kind == "RefundReceipt" and record.get("PrintStatus") == "NeedToPrint":
        record["PaymentRefNum"] = "To Print"
    if (
        kind == "RefundReceipt"
        and record.get("PrintStatus") == "PrintComplete"
        and "PaymentRefNum" not in record
    ):
        raise missing_parameter("PaymentRefNum")


def _lines(company: Company, record: Json, currency: str) -> list[Json]:
    kept: list[Json] = []
    for sent in record.get("Line", []):
        how = sent.get("DetailType")
        if how is None:
            raise missing_parameter("Line.DetailType")
        if how == "SubTotalLineDetail":
            continue
        line = {**sent, "Id": str(len(kept) + 1), "LineNum": len(kept) + 1}
        if how == "SalesItemLineDetail":
            _item_line(company, line, currency)
        elif how not in ("DescriptionOnly", "DiscountLineDetail"):
            raise business(f"A line of the type {how} does not belong on this form")
        kept.append(line)
    if not any(one["DetailType"] == "SalesItemLineDetail" for one in kept):
        raise missing_parameter("Line")
    return kept


def _item_line(company: Company, line: Json, currency: str) -> None:
    if "SalesItemLineDetail" not in line:
        raise missing_parameter("Line.SalesItemLineDetail")
    detail = line["SalesItemLineDetail"] = dict(line["SalesItemLineDetail"])
    if "ItemRef" not in detail:
        # Documentation: what it says it costs counts for nothing.
        line["Amount"] = ZERO
        return
    item = referred(company, "Item", detail["ItemRef"], "ItemRef")
    if "IncomeAccountRef" not in item:
        raise business(f"Item {item['Name']} has no income account")
    detail["ItemRef"] = ref(item["Id"], item["Name"])
    detail["ItemAccountRef"] = item["IncomeAccountRef"]
    fill_tracking(company, detail, "ClassTrackingPerTxnLine")
    line["Amount"] = rounded(_amount(company, line, detail, currency), currency)


def _amount(company: Company, line: Json, detail: Json, currency: str) -> Decimal:
    product: Decimal | None = None
    if "UnitPrice" in detail and "Qty" in detail:
        product = rounded(detail["UnitPrice"] * detail["Qty"], currency)
    if "Amount" not in line:
        if product is None:
            raise missing_parameter("Line.Amount")
        return product
    amount = decimal(line["Amount"])
    if product is None or product == rounded(amount, currency):
        return amount
    if company.sales_tax == "by_line":
        # An inclusive line keeps its net amount: the price alone does not say it.
        return amount if detail.get("TaxInclusiveAmt") else product
    raise refused("6070", f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount:f}", "Amount")


def _discount(company: Company, lines: list[Json], net: Decimal, currency: str) -> Decimal:
    total = ZERO
    for line in lines:
        if line["DetailType"] != "DiscountLineDetail":
            continue
        detail = line["DiscountLineDetail"] = dict(line.get("DiscountLineDetail", {}))
        if detail.get("PercentBased"):
            line["Amount"] = rounded(net * detail.get("DiscountPercent", ZERO) / 100, currency)
        if "Amount" not in line:
            raise missing_parameter("Line.Amount")
        account = detail.get("DiscountAccountRef") or ref(company.account_of_type("DiscountsRefundsGiven"))
        found = referred(company, "Account", account, "DiscountAccountRef")
        detail["DiscountAccountRef"] = ref(found["Id"], found["Name"])
        total += rounded(line["Amount"], currency)
    return total


def postings(company: Company, kind: str, one: Json) -> list[Posting]:
    """A sale debits receivables or money; what gives back credits them. Cents of rounding go to the last line."""
    sign = -1 if kind in _GIVES_BACK else 1
    rate = one.get("ExchangeRate", Decimal(1))
    customer = one.get("CustomerRef", {}).get("value")
    whole = sign * rounded(one["TotalAmt"] * rate)
    if kind in _ON_ACCOUNT:
        first = Posting(company.receivable(one["CurrencyRef"]["value"]), whole, customer)
    else:
        first = Posting(one["DepositToAccountRef"]["value"], whole)
    others = [
        Posting(account, -sign * rounded(amount * rate)) for account, amount in _sides(company, one) if amount
    ]
    rest = -whole - sum((each.amount for each in others), ZERO)
    if rest:
        last = others.pop()
        others.append(Posting(last.account, last.amount + rest))
    return [first, *others, *_stock(company, one, sign)]


def _sides(company: Company, one: Json) -> list[tuple[str, Decimal]]:
    """Tax, discounts and income, as a sale credits them."""
    tax = one["TxnTaxDetail"]["TotalTax"]
    sides = [(company.account_of_type(company.tax_account), tax)] if tax else []
    for line in one["Line"]:
        if line["DetailType"] == "DiscountLineDetail":
            sides.append((line["DiscountLineDetail"]["DiscountAccountRef"]["value"], -line["Amount"]))
    for line in one["Line"]:
        if "ItemRef" in line.get("SalesItemLineDetail", {}):
            sides.append((line["SalesItemLineDetail"]["ItemAccountRef"]["value"], line["Amount"]))
    return sides


def stock(company: Company, kind: str, one: Json) -> dict[str, Decimal]:
    """How many pieces of each stock item the document takes from the shelf; less than zero where it brings back."""
    sign = -1 if kind in _GIVES_BACK else 1
    taken: dict[str, Decimal] = {}
    for line in one["Line"]:
        detail = line.get("SalesItemLineDetail", {})
        item = company.shelf.kinds["Item"].get(detail.get("ItemRef", {}).get("value", ""))
        if item is not None and item["Type"] == "Inventory":
            taken[item["Id"]] = taken.get(item["Id"], ZERO) + sign * detail.get("Qty", Decimal(1))
    return taken


def _stock(company: Company, one: Json, sign: int) -> list[Posting]:
    posted: list[Posting] = []
    for item_id, pieces in stock(company, "Invoice", one).items():
        item = company.shelf.kinds["Item"][item_id]
        cost = sign * rounded(pieces * item.get("PurchaseCost", ZERO))
        posted.append(Posting(item["ExpenseAccountRef"]["value"], cost))
        posted.append(Posting(item["AssetAccountRef"]["value"], -cost))
    return posted
