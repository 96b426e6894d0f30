"""What a new company has: accounts, tax codes, payment methods and preferences."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks import lists
from vendors.quickbooks.references import RECEIVABLE
from vendors.quickbooks.wire import Json, ref

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

# Name, type, subtype.
_ACCOUNTS = (
    ("Checking", "Bank", "Checking"),
    ("Stripe Clearing", "Bank", "CashOnHand"),
    ("Accounts Receivable (A/R)", RECEIVABLE, "AccountsReceivable"),
    ("Undeposited Funds", "Other Current Asset", "UndepositedFunds"),
    ("Inventory Asset", "Other Current Asset", "Inventory"),
    ("Company Card", "Credit Card", "CreditCard"),
    ("Sales Tax Payable", "Other Current Liability", "SalesTaxPayable"),
    ("VAT Control", "Other Current Liability", "GlobalTaxPayable"),
    ("Opening Balance Equity", "Equity", "OpeningBalanceEquity"),
    ("Sales of Product Income", "Income", "SalesOfProductIncome"),
    ("Services", "Income", "ServiceFeeIncome"),
    ("Discounts given", "Income", "DiscountsRefundsGiven"),
    ("Cost of Goods Sold", "Cost of Goods Sold", "SuppliesMaterialsCogs"),
    ("Stripe Fees", "Expense", "OtherMiscellaneousServiceCost"),
    ("Exchange Gain or Loss", "Other Expense", "ExchangeGainOrLoss"),
)


def stored(company: Company, kind: str, one: Json) -> Json:
    """Puts an object on the shelf as if it had always been there."""
    stamp = company.clock.stamp()
    made = {"domain": "QBO", "sparse": False, **one, "SyncToken": "0"}
    made.setdefault("Id", company.next_id(kind))
    made["MetaData"] = {"CreateTime": stamp, "LastUpdatedTime": stamp}
    company.shelf.put(kind, made)
    return made


def open_books(company: Company) -> None:
    automated = company.sales_tax == "automated"
    stored(
        company,
        "Preferences",
        {
            "Id": "1",
            "AccountingInfoPrefs": {
                "ClassTrackingPerTxn": False,
                "ClassTrackingPerTxnLine": False,
                "TrackDepartments": False,
            },
            "SalesFormsPrefs": {"CustomTxnNumbers": True, "AutoApplyCredit": False},
            "TaxPrefs": {"UsingSalesTax": company.sales_tax != "off", "PartnerTaxEnabled": automated},
            "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": ref(company.currency)},
            "OtherPrefs": {"NameValue": []},
        },
    )
    names = {"CompanyName": "Acme Books", "LegalName": "Acme Books Ltd", "Country": company.country}
    stored(company, "CompanyInfo", {"Id": "1", **names})
    for name, kind, subtype in _ACCOUNTS:
        account = {"Name": name, "AccountType": kind, "AccountSubType": subtype}
        stored(company, "Account", lists.build(company, "Account", account, None))
    for name in ("Cash", "Check", "Visa"):
        stored(company, "PaymentMethod", {"Name": name, "Active": True, "Type": "NON_CREDIT_CARD"})
    if company.country == "US":
        for code, taxable in (("TAX", True), ("NON", False)):
            stored(company, "TaxCode", {"Id": code, "Name": code, "Active": True, "Taxable": taxable})
    add_tax_code(company, "Standard", company.automated_rate if company.country == "US" else Decimal(20))
    company.undo.keep()


def add_tax_code(company: Company, name: str, percent: Decimal) -> str:
    """A tax code of one rate; returns its id. Ids of codes start at 2."""
    rate: Json = {"Name": name, "Active": True, "RateValue": percent, "AgencyRef": ref("1")}
    rate = stored(company, "TaxRate", rate)
    listed = {"TaxRateDetail": [{"TaxRateRef": ref(rate["Id"], name), "TaxTypeApplicable": "TaxOnAmount"}]}
    code = {"Name": name, "Active": True, "Taxable": True, "TaxGroup": True, "SalesTaxRateList": listed}
    made = stored(company, "TaxCode", {"Id": str(int(rate["Id"]) + 1), **code})
    company.undo.keep()
    return str(made["Id"])


def receivable(company: Company, currency: str) -> str:
    """The account of receivables in a currency; made where it is missing."""
    for one in company.shelf.kinds["Account"].values():
        if one["AccountType"] == RECEIVABLE and one["CurrencyRef"]["value"] == currency:
            return str(one["Id"])
    account = {
        "Name": f"Accounts Receivable (A/R) - {currency}",
        "AccountType": RECEIVABLE,
        "AccountSubType": "AccountsReceivable",
        "CurrencyRef": ref(currency),
    }
    return str(stored(company, "Account", lists.build(company, "Account", account, None))["Id"])
