"""Each golden document becomes exactly its request, and each request is one that QuickBooks Online can read."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest
from quickbooks_golden import ATTEMPT, FOLDER, Case, cases, made_of
from vendors.quickbooks.field_table import FieldTable, schema_file
from vendors.quickbooks.moods import Moods
from vendors.quickbooks.refusals import Refused
from vendors.quickbooks.wire import loads

from connector.planning.money import exponent

ENTITIES = {
    name.lower(): name
    for name in ("CreditMemo", "RefundReceipt", "Purchase", "Payment", "SalesReceipt", "Invoice")
}
ENTITIES |= {"journalentry": "JournalEntry", "customer": "Customer"}
AMOUNTS = frozenset({"Amount", "TotalAmt", "TotalTax", "TaxInclusiveAmt"})
STRICT = Moods(empty_strings="refused")
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


def test_every_document_has_its_request_and_says_what_it_was_written_from() -> None:
    documents = {path.stem for path in FOLDER.glob("*.document")}
    assert documents == {path.stem for path in FOLDER.glob("*.request")}
    assert len(documents) >= 26
    assert all(case.told["says"] and case.told["from"] for case in cases())
    assert {case.entity for case in cases()} == set(ENTITIES)


@EACH
def test_a_document_becomes_exactly_this_request(case: Case) -> None:
    made = made_of(case)
    assert f"{made.method} {made.target}" == case.target
    assert made.body.decode() == case.body.decode()
    assert made.headers == (("Content-Type", "application/json"),)
    assert len(made.document_keys) == 1


@EACH
def test_nothing_is_empty_and_amounts_are_exact_numbers(case: Case) -> None:
    places = exponent(case.currency)
    told = json.loads(case.body, parse_float=Decimal, parse_int=Decimal)
    for name, value in numbers(told):
        assert value is not None and value != "", name
        assert isinstance(value, str | bool | Decimal), name
        if name in AMOUNTS:
            assert isinstance(value, Decimal) and value >= 0, name
            # A payment that brings no money says 0.
            assert value == 0 or -int(value.as_tuple().exponent) == places, name
        if name in ("UnitPrice", "Qty", "ExchangeRate"):
            assert isinstance(value, Decimal) and "E" not in str(value), name


@EACH
def test_a_write_says_who_it_is(case: Case) -> None:
    """So that QuickBooks knows it when it comes once more; what is deleted is named by its version."""
    parameters = parse_qs(case.target.partition("?")[2], strict_parsing=True)
    if parameters.get("operation") == ["delete"]:
        assert json.loads(case.body).keys() == {"Id", "SyncToken"}
        return
    assert parameters["requestid"] == [ATTEMPT] and len(ATTEMPT) <= 50
    assert parameters.keys() <= {"requestid", "operation", "include"}
    if case.entity in ("payment", "customer"):
        assert "include" not in parameters, "it has no number that could be there already"


# ------------------------------------------------------------------------------------------------ names and types


@EACH
def test_the_names_are_known(case: Case) -> None:
    """By the list that the tests have themselves."""
    kind = ENTITIES[case.entity]
    assert (
        FieldTable().checked(kind, loads(case.body.decode()), STRICT).keys()
        == loads(case.body.decode()).keys()
    )


def test_names_types_enumerations_and_dates_are_those_of_intuits_schema() -> None:
    path = schema_file()
    if path is None:
        reason = "NOT CHECKED against Intuit's schema: there is no ../shared/data/qbo-fields.json"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    table = FieldTable(path)
    assert table.complete
    for case in cases():
        body = loads(case.body.decode())
        kept = table.checked(ENTITIES[case.entity], body, STRICT)
        assert kept.keys() == body.keys(), case.name


@pytest.mark.parametrize(
    ("name", "value"),
    [("TxnDay", "2026-03-05"), ("TxnDate", "05.03.2026"), ("PrintStatus", "Never"), ("DocNumber", 7)],
)
def test_the_tables_see_what_is_wrong(name: str, value: Any) -> None:
    body = {**loads(cases()[0].body.decode()), "Line": [], name: value}
    for path in filter(None, (schema_file(),)):
        with pytest.raises(Refused):
            FieldTable(path).checked("Invoice", body, STRICT)
    with pytest.raises(Refused):
        FieldTable().checked("Invoice", body, STRICT)
