"""DocNumbers: whose number it is, who else may have it, and what is given where none was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.quickbooks import sales_forms
from vendors.quickbooks.refusals import duplicate_number
from vendors.quickbooks.wire import Json

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

_AUTOMATIC = "AUTO_GENERATE"
_MAY_ASK_FOR_ONE = frozenset({"Invoice", "SalesReceipt"})


def number(company: Company, kind: str, record: Json, allow_duplicate: bool) -> None:
    """Settles the DocNumber of a document that is about to be stored; raises 6140."""
    if kind not in (*sales_forms.KINDS, "Purchase", "JournalEntry"):
        return
    custom = bool(company.preference("SalesFormsPrefs", "CustomTxnNumbers"))
    asked = record.get("DocNumber")
    automatic = record.pop("AutoDocNumber", False) or (asked == _AUTOMATIC and kind in _MAY_ASK_FOR_ONE)
    if kind in sales_forms.KINDS and (automatic or (asked is None and not custom)):
        record["DocNumber"] = company.next_number()
        return
    if asked is None or allow_duplicate:
        return
    for other in _scope(company, kind, record, custom):
        for one in company.shelf.numbered(other, asked):
            if (other, one) != (kind, record.get("Id")) and _counts(
                company, other, company.shelf.kinds[other][one]
            ):
                raise duplicate_number(company.moods.language, asked, other, one)


def _scope(company: Company, kind: str, record: Json, custom: bool) -> tuple[str, ...]:
    """The kinds among which this number must be the only one."""
    if kind == "Purchase":
        return ("Purchase",) if _counts(company, kind, record) else ()
    if company.moods.duplicates == "off":
        return ()
    if kind == "JournalEntry":
        return ("JournalEntry",)
    if not custom and company.moods.duplicates_need_custom_numbers:
        return ()
    return sales_forms.KINDS if company.moods.duplicates == "all_sales_forms" else (kind,)


def _counts(company: Company, kind: str, one: Json) -> bool:
    """Checks are looked at only where the company wants to be warned."""
    if kind != "Purchase" or one.get("PaymentType") != "Check":
        return True
    others = company.preference("OtherPrefs", "NameValue") or ()
    return any(
        pair["Name"].endswith("WarnDuplicateCheckNumber") and pair["Value"] == "true" for pair in others
    )
