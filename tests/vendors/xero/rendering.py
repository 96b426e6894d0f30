"""Objects as they go over the wire: dates in both forms, what belongs to them, and less of it in lists.

https://developer.xero.com/documentation/api/accounting/requests-and-responses
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vendors.xero.settling import OPEN_KINDS
from vendors.xero.wire import Json, iso_instant, ms_date, ms_instant

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

_DAYS = ("Date", "DueDate", "FullyPaidOnDate", "ExpectedPaymentDate", "PlannedPaymentDate")
_DAYS_AS_TEXT = ("Date", "DueDate")
_SETTLEMENTS = ("Payments", "CreditNotes", "Prepayments", "Overpayments", "Allocations")
_WITH_INSTANT_TEXT = frozenset({*OPEN_KINDS, "Payments"})
# Type of a payment, and what its document is called where it stands under `Invoice`.
PAYMENT_TYPES = {
    "ACCREC": ("ACCRECPAYMENT", "ACCREC"),
    "ACCPAY": ("ACCPAYPAYMENT", "ACCPAY"),
    "ACCRECCREDIT": ("ARCREDITPAYMENT", "ACCRECCREDIT"),
    "ACCPAYCREDIT": ("APCREDITPAYMENT", "ACCPAYCREDIT"),
    "RECEIVE-OVERPAYMENT": ("AROVERPAYMENTPAYMENT", "AROVERPAYMENT"),
    "SPEND-OVERPAYMENT": ("APOVERPAYMENTPAYMENT", "APOVERPAYMENT"),
    "RECEIVE-PREPAYMENT": ("ARPREPAYMENTPAYMENT", "ARPREPAYMENT"),
    "SPEND-PREPAYMENT": ("APPREPAYMENTPAYMENT", "APPREPAYMENT"),
}
SINGULARS = {
    "Invoices": ("Invoice", "InvoiceID", "InvoiceNumber"),
    "CreditNotes": ("CreditNote", "CreditNoteID", "CreditNoteNumber"),
    "Overpayments": ("Overpayment", "OverpaymentID", ""),
    "Prepayments": ("Prepayment", "PrepaymentID", ""),
}


def show(
    organisation: Organisation, kind: str, one: Json, lines: bool = True, settlements: bool = True
) -> Json:
    """An object as a single GET shows it; `lines` and `settlements` say how much of a document a list gives."""
    if kind == "Payments":
        return payment(organisation, one)
    shown = _dated(kind, one)
    if kind == "Contacts":
        return {**shown, "ContactGroups": [], "ContactPersons": [], "HasAttachments": False}
    if "Contact" in one:
        shown["Contact"] = contact(organisation, one["Contact"]["ContactID"])
    if "BankAccount" in one:
        shown["BankAccount"] = account(organisation, one["BankAccount"]["AccountID"], named=True)
    if "LineItems" in one:
        shown["HasAttachments"] = False
        shown["LineItems"] = one["LineItems"] if lines else []
    if kind in OPEN_KINDS:
        shown |= _settlements(organisation, kind, one)
        if kind != "Invoices":
            shown["ID"] = one[SINGULARS[kind][1]]
    if not settlements:
        for name in ("LineItems", *_SETTLEMENTS):
            shown.pop(name, None)
    return shown


def _dated(kind: str, one: Json) -> Json:
    shown: Json = {}
    for name, value in one.items():
        if name.startswith("_"):
            continue
        if name in _DAYS:
            shown[name] = ms_date(value)
            if name in _DAYS_AS_TEXT and kind != "Payments":
                shown[f"{name}String"] = f"{value}T00:00:00"
        else:
            shown[name] = value
    if kind not in ("TaxRates", "TrackingCategories", "Currencies"):
        shown["UpdatedDateUTC"] = ms_instant(one["_updated"])
        if kind in _WITH_INSTANT_TEXT:
            shown["UpdatedDateUTCString"] = iso_instant(one["_updated"])
    return shown


def contact(organisation: Organisation, contact_id: str) -> Json:
    """A contact as it stands inside a document."""
    one = organisation.shelf.kinds["Contacts"][contact_id]
    shown: Json = {"ContactID": contact_id, "Name": one["Name"]}
    if one.get("ContactNumber"):
        shown["ContactNumber"] = one["ContactNumber"]
    return {
        **shown,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def account(organisation: Organisation, account_id: str, named: bool = False) -> Json:
    one = organisation.shelf.kinds["Accounts"][account_id]
    names = ("AccountID", "Code", "Name") if named else ("AccountID", "Code")
    return {name: one[name] for name in names if name in one}


def _settlements(organisation: Organisation, kind: str, one: Json) -> Json:
    """Payments of a document, and the credits or allocations between it and others."""
    shelf = organisation.shelf.kinds
    shown: Json = {"Payments": []}
    shown |= dict.fromkeys(
        ("CreditNotes", "Prepayments", "Overpayments") if kind == "Invoices" else ("Allocations",)
    )
    for name in list(shown):
        shown[name] = []
    for ref, object_id in one["_settled"]:
        settlement = shelf[ref][object_id]
        if ref == "Payments":
            shown["Payments"].append(_payment_in(settlement))
        elif kind == "Invoices":
            source = settlement["_on"][0]
            shown[source[0]].append(
                _credit_in(organisation, source[0], shelf[source[0]][source[1]], settlement)
            )
        else:
            invoice = shelf["Invoices"][settlement["_on"][1][1]]
            shown["Allocations"].append(
                {
                    "AllocationID": settlement["AllocationID"],
                    "Amount": settlement["Amount"],
                    "Date": ms_date(settlement["Date"]),
                    "Invoice": {"InvoiceID": invoice["InvoiceID"], "InvoiceNumber": invoice["InvoiceNumber"]},
                    "IsDeleted": False,
                }
            )
    return shown


def _payment_in(one: Json) -> Json:
    shown: Json = {name: one[name] for name in ("PaymentID", "Amount", "Reference", "CurrencyRate")}
    return {**shown, "Date": ms_date(one["Date"]), "HasAccount": False, "HasValidationErrors": False}


def _credit_in(organisation: Organisation, kind: str, source: Json, settlement: Json) -> Json:
    _, name, number = SINGULARS[kind]
    shown: Json = {
        name: source[name],
        "ID": source[name],
        "Date": ms_date(settlement["Date"]),
        "LineItems": [],
    }
    if number:
        shown[number] = source[number]
    return {**shown, "AppliedAmount": settlement["Amount"], "Total": source["Total"], "HasErrors": False}


def payment(organisation: Organisation, one: Json, answered: bool = False) -> Json:
    """A payment. Read, whatever it paid stands under `Invoice`; `answered` to the PUT that made it, under its own
    name and whole.
    """
    shown = _dated("Payments", one)
    shown["Account"] = account(organisation, one["Account"]["AccountID"], named=answered)
    kind, object_id = one["_paid"]
    document = organisation.shelf.kinds[kind][object_id]
    singular, name, number = SINGULARS[kind]
    if answered:
        shown[singular] = show(organisation, kind, document)
    else:
        under: Json = {
            "Type": PAYMENT_TYPES[document["Type"]][1],
            "InvoiceID": document[name],
            "InvoiceNumber": document.get(number, ""),
            "Contact": contact(organisation, document["Contact"]["ContactID"]),
            "CurrencyCode": document["CurrencyCode"],
        }
        empty: dict[str, Any] = {each: [] for each in (*_SETTLEMENTS[:4], "LineItems")}
        shown["Invoice"] = {**under, **empty, "HasErrors": False, "IsDiscounted": False}
    return {**shown, "HasAccount": True, "HasValidationErrors": False}


def organisation_row(organisation: Organisation) -> Json:
    """The one element of GET /Organisation."""
    row: Json = {
        "OrganisationID": organisation.tenant_id,
        "Name": organisation.name,
        "LegalName": organisation.name,
        "PaysTax": True,
        "Version": {"US": "US", "GB": "UK", "AU": "AU", "NZ": "NZ"}.get(organisation.country, "GLOBAL"),
        "OrganisationType": "COMPANY",
        "BaseCurrency": organisation.currency,
        "CountryCode": organisation.country,
        "IsDemoCompany": organisation.is_demo,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 12,
        "SalesTaxBasis": "ACCRUALS",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "Timezone": _ZONE_NAMES.get(organisation.timezone, "UTC"),
        "Edition": "BUSINESS",
        "Class": "STANDARD",
        "ShortCode": "!acme1",
    }
    for name, day in (
        ("PeriodLockDate", organisation.period_lock),
        ("EndOfYearLockDate", organisation.year_lock),
    ):
        if day is not None:
            row[name] = ms_date(day)
    return row


_ZONE_NAMES = {
    "America/New_York": "EASTERNSTANDARDTIME",
    "America/Chicago": "CENTRALSTANDARDTIME",
    "America/Los_Angeles": "PACIFICSTANDARDTIME",
    "Europe/London": "GMTSTANDARDTIME",
    "Europe/Berlin": "WEUROPESTANDARDTIME",
    "Australia/Sydney": "AUSEASTERNSTANDARDTIME",
    "Pacific/Auckland": "NEWZEALANDSTANDARDTIME",
    "Asia/Tokyo": "TOKYOSTANDARDTIME",
}
