"""Each golden document becomes exactly its requests, and each request is one that Xero can read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from vendors.xero import field_table
from vendors.xero.field_table import check, described, schema_file
from vendors.xero.refusals import Refused
from xero_golden import ATTEMPT, FOLDER, Books, Case, cases, made_of, surveyed

from connector.ledgers.xero_marks import read_reference
from connector.planning.money import exponent

BATCH = "?summarizeErrors=false&unitdp=4"
# The kinds of documents, parts of applications and what a reversal is of, each of which some case shows.
SHOWN = {
    *("invoice", "payment", "sales_receipt", "fee", "exchange", "customer"),
    *("credit_memo", "credit_card_refund", "refund_payout", "refund_receipt", "void", "reopen_invoice"),
    *("allocated", "unallocated", "unpaid", "paid_again", "overpaid", "voided_invoice"),
}
REVERSED = {
    *("invoice", "payment", "fee", "void", "reopen_invoice", "voided_invoice", "exchange"),
    *("credit_memo", "credit_card_refund", "refund_payout", "refund_receipt"),
}
EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def numbers(body: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a body that is no object or list, with the name that it has."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from numbers(value, key)
    elif isinstance(body, list):
        for value in body:
            yield from numbers(value, name)
    else:
        yield name, body


def exact(value: Any) -> Decimal:
    """A number that came as one, with its decimals."""
    assert isinstance(value, int | Decimal) and not isinstance(value, bool), value
    return Decimal(value)


def test_every_kind_has_its_case_and_every_case_says_what_it_was_written_from() -> None:
    documents = {path.stem for path in FOLDER.glob("*.document")}
    assert documents == {path.stem for path in FOLDER.glob("*.request")}
    assert all(case.told["says"] and case.told["from"] for case in cases())
    ledger = surveyed(Books({}))
    parts = [part for case in cases() for one in case.documents for part in ledger.expand(one)]
    assert {part.kind for part in parts} | {part.part for part in parts} >= SHOWN
    assert {part.part for part in parts if part.kind == "reversal"} == REVERSED
    plurals = {written.plural for case in cases() for written in case.written}
    assert plurals == {"CreditNotes", "Payments", "BankTransactions", "Invoices", "Allocations", "Contacts"}


@EACH
def test_a_document_becomes_exactly_these_requests(case: Case) -> None:
    made = made_of(case)
    assert len(made) == len(case.requests)
    for got, wanted in zip(made, case.requests, strict=True):
        if got is None or wanted is None:
            assert (got, wanted) == (None, None)
            continue
        assert f"{got.method} {got.target}" == wanted.first
        assert got.body.decode() == wanted.body.decode()
        assert got.headers == wanted.headers
        assert len(got.document_keys) == len(wanted.elements or [1])


@EACH
def test_what_is_new_is_put_and_what_stands_is_only_taken_out(case: Case) -> None:
    """A POST may overwrite a document, so it says nothing but the status; a DELETE has no body and no key."""
    for written in case.written:
        if written.method == "DELETE":
            assert not written.headers and not written.body
            continue
        assert dict(written.headers) == {"Content-Type": "application/json", "Idempotency-Key": ATTEMPT}
        if written.method == "PUT":
            assert written.first.endswith(BATCH) or written.plural == "Allocations"
            continue
        assert written.method == "POST" and "?" not in written.first
        (element,) = written.elements
        status = "DELETED" if written.plural in ("Payments", "BankTransactions") else "VOIDED"
        assert element.pop("Status") == status
        object_id = written.first.rsplit("/", 1)[1]
        assert list(element.values()) == ([] if written.plural == "Payments" else [object_id])


@EACH
def test_nothing_is_empty_and_amounts_are_exact_numbers(case: Case) -> None:
    for written in case.written:
        for element in written.elements:
            usual = case.documents[0]
            places = exponent(element.get("CurrencyCode", usual.currency))
            for name, value in numbers(element):
                assert value is not None and value != "", name
                if name in ("Amount", "TaxAmount", "BankAmount"):
                    in_bank = exponent(usual.entry_currency) if name == "BankAmount" else places
                    assert exact(value) >= 0 and -int(exact(value).as_tuple().exponent) == in_bank, name
                elif name in ("UnitAmount", "Quantity", "CurrencyRate"):
                    assert exact(value) > 0 and "E" not in str(value), name
                else:
                    assert isinstance(value, str | bool), name
            for line in element.get("LineItems", ()):
                of_item = "ItemCode" in line and line["Quantity"] != 1
                assert -int(Decimal(line["UnitAmount"]).as_tuple().exponent) == (4 if of_item else places)
                assert len(line["Description"]) <= 4000
            assert len(element.get("Reference", "")) <= 255
            assert element.get("SentToContact") is not True


def came_to(element: dict[str, Any], currency: str) -> int:
    """The total of the lines in minor units, as Xero adds them up: each rounded, the tax within."""
    places = exponent(currency)
    total = Decimal(0)
    for line in element["LineItems"]:
        product = Decimal(line["Quantity"]) * Decimal(line["UnitAmount"])
        total += product.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return int(total.scaleb(places))


@EACH
def test_the_lines_come_to_the_amount_of_the_document_that_the_marks_name(case: Case) -> None:
    ledger = surveyed(Books({}))
    parts = {part.document_key: part for one in case.documents for part in ledger.expand(one)}
    for written in case.written:
        if not written.is_create or written.plural in ("Allocations", "Contacts"):
            continue
        for element in written.elements:
            part = parts[read_reference(element).document_key or ""]
            if "LineItems" in element:
                assert came_to(element, part.currency) == part.amount_minor
            elif part.kind != "application":
                assert int(Decimal(element["Amount"]).scaleb(exponent(part.currency))) == part.amount_minor


# ------------------------------------------------------------------------------------------------ names and types


def check_all() -> None:
    for case in cases():
        for written in case.written:
            for element in written.elements:
                checked = dict(element)
                if written.method == "POST" and written.plural == "BankTransactions":
                    assert "BankTransactionID" in checked, "only an object that stands may lack the rest"
                check(written.plural, checked)


def test_the_names_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the list that the tests have themselves."""
    monkeypatch.setattr(field_table, "described", lambda: None)
    check_all()


def need_description() -> None:
    if schema_file() is None:
        reason = "NOT CHECKED against Xero's description: there is no ../shared/data/xero_accounting.yaml"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    assert described()


def test_names_types_and_words_are_those_of_xeros_description() -> None:
    """As if it said of every object that it has no other fields than those."""
    need_description()
    check_all()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("CreditNotes", {"CreditnoteNumber": "1"}),
    ("CreditNotes", {"Type": "ACCREC"}),
    ("CreditNotes", {"LineAmountTypes": "INCLUSIVE"}),
    ("CreditNotes", {"Date": "5 March"}),
    ("CreditNotes", {"LineItems": [{"UnitAmount": "115.00"}]}),
    ("CreditNotes", {"LineItems": [{"Unitamount": 1}]}),
    ("CreditNotes", {"Contact": {"ContactID": "ada"}}),
    ("CreditNotes", {"Reference": None}),
    ("Payments", {"Status": "VOIDED"}),
    ("Payments", {"Account": {"AccountId": "1"}}),
    ("BankTransactions", {"Type": "SPEND", "LineItems": []}),
    ("Allocations", {"Amount": Decimal("1.00"), "Invoice": {}}),
]


@pytest.mark.parametrize(("plural", "element"), WRONG)
def test_the_tables_see_what_is_wrong(
    plural: str, element: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused):
        check(plural, element)
    monkeypatch.setattr(field_table, "described", lambda: None)
    with pytest.raises(Refused):
        check(plural, element)


def test_the_description_alone_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    need_description()
    told = described()
    monkeypatch.setattr(field_table, "FIELDS", told)
    for plural, element in WRONG:
        if "Contact" in element or plural == "Allocations":
            continue
        with pytest.raises(Refused):
            check(plural, element)
