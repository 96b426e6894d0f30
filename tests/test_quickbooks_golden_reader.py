"""The golden requests read by python-quickbooks: the same amounts, and no field that it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import simplejson
from quickbooks_golden import Case, cases

from quickbooks import objects as library  # isort: skip
from quickbooks.objects import detailline, journalentry  # isort: skip

# What the library reads as plain dictionaries, and the classes that it has for it.
PLAIN = {
    "SalesItemLineDetail": detailline.SalesItemLineDetail,
    "DiscountLineDetail": detailline.DiscountLineDetail,
    "AccountBasedExpenseLineDetail": detailline.AccountBasedExpenseLineDetail,
    "JournalEntryLineDetail": journalentry.JournalEntryLineDetail,
}
CLASSES = {
    name.lower(): getattr(library, name)
    for name in ("CreditMemo", "RefundReceipt", "Purchase", "Payment", "SalesReceipt", "Invoice", "Customer")
}
CLASSES["journalentry"] = journalentry.JournalEntry
CREATES = [case for case in cases() if case.is_create]


def lost(made: Any, sent: dict[str, Any], place: str) -> Iterator[str]:
    """What of a body the object that was read from it does not show, or shows otherwise."""
    for name, value in sent.items():
        shown = getattr(made, name, None)
        where = f"{place}.{name}"
        if name in PLAIN and isinstance(shown, dict):
            shown = PLAIN[name].from_json(shown)
        elif name not in vars(type(made)()):
            yield f"{where} is unknown to {type(made).__name__}"
        if isinstance(value, dict) and not isinstance(shown, dict):
            yield from lost(shown, value, where)
        elif isinstance(value, list):
            for number, (one, part) in enumerate(zip(shown or (), value, strict=True)):
                yield from lost(one, part, f"{where}[{number}]")
        elif shown != value or (isinstance(value, Decimal) and str(shown) != str(value)):
            yield f"{where} is {shown!r}, not {value!r}"


@pytest.mark.parametrize("case", CREATES, ids=lambda case: case.name)
def test_the_library_reads_what_was_meant(case: Case) -> None:
    sent = simplejson.loads(case.body.decode(), use_decimal=True)
    made = CLASSES[case.entity].from_json(sent)
    assert list(lost(made, sent, case.entity)) == []


def total(made: Any) -> Decimal:
    """What a form comes to, by the objects of the library."""
    whole = Decimal(0)
    for line in made.Line:
        minus = line.DetailType == "DiscountLineDetail"
        whole += -line.Amount if minus else line.Amount
    tax = getattr(made, "TxnTaxDetail", None)
    return whole + (tax.TotalTax if tax is not None and tax.TotalTax else 0)


@pytest.mark.parametrize(
    "case",
    [case for case in CREATES if case.entity not in ("payment", "customer", "journalentry")],
    ids=lambda case: case.name,
)
def test_its_lines_and_tax_come_to_the_documents_amount(case: Case) -> None:
    """Where tax is within, by TaxInclusiveAmt."""
    sent = simplejson.loads(case.body.decode(), use_decimal=True)
    made = CLASSES[case.entity].from_json(sent)
    meant = case.told["document"]["amount_minor"]
    places = 0 if case.currency == "jpy" else 2
    if sent.get("GlobalTaxCalculation") == "TaxInclusive":
        details = [line["SalesItemLineDetail"]["TaxInclusiveAmt"] for line in sent["Line"]]
        assert sum(details).scaleb(places) == meant
    else:
        assert total(made).scaleb(places) == meant


def test_both_sides_of_a_journal_entry_come_to_the_amount() -> None:
    for case in (case for case in CREATES if case.entity == "journalentry"):
        made = journalentry.JournalEntry.from_json(simplejson.loads(case.body.decode(), use_decimal=True))
        sides = {"Debit": Decimal(0), "Credit": Decimal(0)}
        for line in made.Line:
            detail = line.JournalEntryLineDetail
            side = detail["PostingType"] if isinstance(detail, dict) else detail.PostingType
            sides[side] += line.Amount
        meant = Decimal(case.told["document"]["amount_minor"]).scaleb(-2)
        assert sides == {"Debit": meant, "Credit": meant}, case.name


def test_the_reader_sees_what_is_lost() -> None:
    sent = {"DocNumber": "7", "Number": "7", "TxnTaxDetail": {"Tax": Decimal("1.00")}}
    made = CLASSES["creditmemo"].from_json(sent)
    assert list(lost(made, sent, "x")) == [
        "x.Number is unknown to CreditMemo",
        "x.TxnTaxDetail.Tax is unknown to TxnTaxDetail",
    ]
