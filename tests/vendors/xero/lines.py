"""The lines of a document: accounts, items, tracking, tax for each line, and what they sum up to.

https://developer.xero.com/documentation/api/accounting/types#LineAmountTypes
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero.chart import APPLIES
from vendors.xero.refusals import Invalid
from vendors.xero.wire import ZERO, Json, decimal, rounded

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

_HUNDRED = Decimal(100)
# Xero posts to these by itself; nobody else may.
_NOT_ON_LINES = frozenset({"DEBTORS", "CREDITORS", "GST", "REALISEDCURRENCYGAIN", "UNREALISEDCURRENCYGAIN"})


@dataclass(frozen=True)
class Form:
    """What the document around the lines says. `finished`: it is about to be posted, not a draft."""

    kind: str
    amounts: str
    finished: bool
    unitdp: int = 2


def build_lines(organisation: Organisation, given: list[Json], form: Form, old: list[Json]) -> list[Json]:
    """The lines as they are kept; raises `Invalid`. A line that gives the id of an old one keeps it."""
    known = {one["LineItemID"] for one in old}
    built = []
    for place, line in enumerate(given):
        try:
            if "LineItemID" in line and line["LineItemID"] not in known:
                raise Invalid(f"The line item {line['LineItemID']} does not belong to this document")
            built.append(_Line(organisation, line, form).build())
        except Invalid as no:
            no.line = place
            raise
    return built


def totals(lines: list[Json], amounts: str) -> Json:
    """SubTotal, TotalTax and Total: tax is rounded on each line and then summed."""
    whole = sum((one["LineAmount"] for one in lines), ZERO)
    tax = sum((one["TaxAmount"] for one in lines), ZERO)
    net = whole - tax if amounts == "Inclusive" else whole
    return {"SubTotal": rounded(net), "TotalTax": rounded(tax), "Total": rounded(net + tax)}


def net_amount(line: Json, amounts: str) -> Decimal:
    """What the line puts on its account."""
    amount: Decimal = line["LineAmount"] - line["TaxAmount"] if amounts == "Inclusive" else line["LineAmount"]
    return amount


class _Line:
    def __init__(self, organisation: Organisation, given: Json, form: Form) -> None:
        self.organisation = organisation
        self.form = form
        self.given = given
        self.item = self._item()
        self.sales: Json = self.item.get("SalesDetails", {}) if self.item else {}

    def build(self) -> Json:
        given, form = self.given, self.form
        line: Json = {"LineItemID": given.get("LineItemID") or self.organisation.new_id()}
        description = given.get("Description") or (self.item or {}).get("Description", "")
        if form.finished and not description.strip():
            raise Invalid("Description is required for a line item")
        line["Description"] = description
        line |= self._amounts()
        if self.item is not None:
            line["ItemCode"] = self.item["Code"]
        account = self._account()
        if account is not None:
            line |= {"AccountCode": account.get("Code", ""), "AccountID": account["AccountID"]}
        rate = self._tax_rate(account)
        line["TaxType"] = rate["TaxType"]
        line["TaxAmount"] = self._tax(rate, line["LineAmount"])
        line["Tracking"] = [self._tracking(one) for one in given.get("Tracking", [])]
        if len(line["Tracking"]) > 2:
            raise Invalid("A line item can have two tracking categories at most")
        return line

    def _item(self) -> Json | None:
        code = self.given.get("ItemCode")
        if not code:
            return None
        found = self.organisation.find("Items", code)
        if found is None:
            raise Invalid(f"Item code '{code}' is not valid")
        return found

    def _amounts(self) -> Json:
        given = self.given
        quantity = rounded(decimal(given.get("Quantity", 1)), 4)
        if quantity < 0:
            raise Invalid("Quantity must be zero or more")
        unit = given.get("UnitAmount", self.sales.get("UnitPrice"))
        if unit is None:
            unit = decimal(given.get("LineAmount", 0)) / quantity if quantity else ZERO
        unit = rounded(decimal(unit), self.form.unitdp)
        amount = rounded(quantity * unit) - self._discount(quantity * unit)
        if "LineAmount" in given and decimal(given["LineAmount"]) != amount:
            told = rounded(decimal(given["LineAmount"]))
            raise Invalid(f"The line total {told} does not match the expected line total {amount}")
        if amount < 0 and self.organisation.moods.refuses_negative_lines:
            raise Invalid("The line amount must be zero or more")
        kept: Json = {"Quantity": quantity, "UnitAmount": unit, "LineAmount": amount}
        return {**kept, **{name: decimal(given[name]) for name in _DISCOUNTS if name in given}}

    def _discount(self, whole: Decimal) -> Decimal:
        given = [name for name in _DISCOUNTS if self.given.get(name)]
        if not given:
            return ZERO
        if self.form.kind != "Invoices" or len(given) > 1:
            raise Invalid("Discounts are only supported on sales invoices, as a rate or as an amount")
        value = decimal(self.given[given[0]])
        return rounded(whole * value / _HUNDRED if given[0] == "DiscountRate" else value)

    def _account(self) -> Json | None:
        code, account_id = self.given.get("AccountCode"), self.given.get("AccountID")
        told = code or account_id or self.sales.get("AccountCode")
        if told is None:
            if self.form.finished:
                raise Invalid("Account code must be specified for a line item")
            return None
        found = self.organisation.find("Accounts", told)
        if found is not None and found["Status"] != "ACTIVE":
            raise Invalid(f"Account code '{told}' has been archived, or deleted.")
        usable = (
            found is not None and found["Type"] != "BANK" and found.get("SystemAccount") not in _NOT_ON_LINES
        )
        if found is None or not usable or (code and account_id and found["AccountID"] != account_id):
            raise Invalid(f"Account code '{told}' is not a valid code for this document.")
        return found

    def _tax_rate(self, account: Json | None) -> Json:
        organisation = self.organisation
        default = self.sales.get("TaxType") or (account or {}).get("TaxType") or "NONE"
        told = "NONE" if self.form.amounts == "NoTax" else self.given.get("TaxType") or default
        rate = organisation.find("TaxRates", told)
        if rate is None or rate["Status"] != "ACTIVE":
            raise Invalid(f"The TaxType code '{told}' does not exist or cannot be used.")
        if account is not None and not rate[APPLIES[account["Class"]]]:
            raise Invalid(
                f"The TaxType code '{told}' cannot be used with account code '{account.get('Code', '')}'."
            )
        return rate

    def _tax(self, rate: Json, amount: Decimal) -> Decimal:
        told = self.given.get("TaxAmount")
        percent: Decimal = rate["EffectiveRate"]
        if told is not None and (percent or not told):
            return rounded(decimal(told))
        if told:
            raise Invalid(f"A tax amount cannot be given with the TaxType code '{rate['TaxType']}'.")
        if self.form.amounts == "Inclusive":
            return rounded(amount - amount / (1 + percent / _HUNDRED))
        return rounded(amount * percent / _HUNDRED)

    def _tracking(self, given: Json) -> Json:
        for category in self.organisation.documents("TrackingCategories"):
            if (
                given.get("TrackingCategoryID", category["TrackingCategoryID"])
                != category["TrackingCategoryID"]
            ):
                continue
            if given.get("Name", category["Name"]) != category["Name"] or category["Status"] != "ACTIVE":
                continue
            for option in category["Options"]:
                told = given.get("TrackingOptionID") or given.get("Option")
                if told in (option["TrackingOptionID"], option["Name"]) and option["Status"] == "ACTIVE":
                    return {
                        "TrackingCategoryID": category["TrackingCategoryID"],
                        "TrackingOptionID": option["TrackingOptionID"],
                        "Name": category["Name"],
                        "Option": option["Name"],
                    }
        words = f"{given.get('Name', '')} {given.get('Option', '')}".strip()
        raise Invalid(f"The tracking option '{words}' does not exist or is archived")


_DISCOUNTS = ("DiscountRate", "DiscountAmount")
