"""Each golden document becomes exactly its requests, and each request is one that NetSuite can read."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from netsuite_fields import Wrong, built_in, check, described, field_files
from netsuite_golden import FOLDER, Case, Written, cases, made_of, surveyed

from connector.ledgers.marks import read_marks
from connector.ledgers.netsuite_roles import MIRRORS
from connector.ledgers.netsuite_wire import CUSTOMER_FIELD, RECORDS, STRICT
from connector.planning.model import Document
from connector.planning.money import exponent

# The kinds of documents and parts of applications, each of which some case shows.
SHOWN = {
    *("invoice", "payment", "sales_receipt", "fee", "exchange", "customer"),
    *("credit_memo", "credit_card_refund", "refund_payout", "refund_receipt", "void", "reopen_invoice"),
    *("unapplied", "applied"),
}
WRITTEN = {
    *("invoice", "creditMemo", "customerPayment", "customerRefund", "cashSale", "cashRefund"),
    *("journalEntry", "customer"),
}
AMOUNTS = frozenset({"amount", "grossAmt", "taxBasis", "taxAmount", "payment", "debit", "credit"})
JSON_TYPE = ("Content-Type", "application/json")
EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


def parts_of(case: Case) -> list[Document]:
    return surveyed(case.told.get("account")).expand(case.document)


def values(body: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a body that is no object or list, with the name that it has."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from values(value, key)
    elif isinstance(body, list):
        for value in body:
            yield from values(value, name)
    else:
        yield name, body


def test_every_kind_has_its_case_and_every_case_says_what_it_was_written_from() -> None:
    documents = {path.stem for path in FOLDER.glob("*.document")}
    assert documents == {path.stem for path in FOLDER.glob("*.request")}
    assert all(case.told["says"] and case.told["from"] for case in cases())
    parts = [part for case in cases() for part in parts_of(case)]
    assert {part.kind for part in parts} | {part.part for part in parts} >= SHOWN
    assert {part.part for part in parts if part.kind == "reversal"} == set(MIRRORS)
    assert {one.record for case in cases() for one in case.written} == {*WRITTEN, None}


@EACH
def test_a_document_becomes_exactly_these_requests(case: Case) -> None:
    made = made_of(case)
    assert len(made) == len(case.requests)
    for got, wanted, part in zip(made, case.requests, parts_of(case), strict=True):
        if got is None or wanted is None:
            assert (got, wanted) == (None, None)
            continue
        assert f"{got.method} {got.target}" == wanted.first
        assert got.body.decode() == wanted.body.decode()
        assert got.headers == wanted.headers
        assert got.document_keys == (part.document_key,)


@EACH
def test_what_is_new_bears_its_key_and_an_unknown_name_is_refused(case: Case) -> None:
    """Never by PUT: the same one twice would have its lines twice."""
    keys = [part.document_key for part in parts_of(case)]
    for written in case.written:
        if written.method == "DELETE":
            assert not written.headers and not written.body
        elif written.record is None:
            assert written.method == "POST" and written.headers == (JSON_TYPE,)
        else:
            assert written.headers == (JSON_TYPE, STRICT)
            assert written.method in ("POST", "PATCH")
            external_id = written.told.get("externalId")
            assert (external_id in keys) == (written.method == "POST")
            assert external_id is None or re.fullmatch(r"[A-Za-z0-9_-]+", external_id)
    made = [one.told["externalId"] for one in case.written if "externalId" in one.told]
    assert len(set(made)) == len(made), "NetSuite takes an external id once, of whichever type"


@EACH
def test_a_request_changes_what_stands_by_as_little_as_it_can(case: Case) -> None:
    """The customer, as Oracle's samples have it, and one line of what is applied."""
    for written in case.written:
        if written.method == "PATCH":
            assert re.fullmatch(rf"{RECORDS}/(customerPayment|creditMemo)/\d+", written.target)
            customer = CUSTOMER_FIELD.get(written.record or "", "entity")
            assert list(written.told) == [customer, "apply"]
            (line,) = written.told["apply"]["items"]
            assert list(line) == ["doc", "apply", "amount"] and line["apply"] is (line["amount"] > 0)


@EACH
def test_nothing_is_empty_and_amounts_are_exact_numbers(case: Case) -> None:
    for written, part in zip(case.requests, parts_of(case), strict=True):
        if written is None or written.record in (None, "customer"):
            continue
        for name, value in values(written.told):
            assert value is not None and value != "", name
            if name in AMOUNTS:
                assert isinstance(value, int | Decimal) and not isinstance(value, bool)
                assert -int(Decimal(value).as_tuple().exponent) == exponent(part.currency), name
            elif name in ("quantity", "exchangeRate", "taxRate"):
                assert value > 0 or (name == "taxRate" and value == 0)
                assert "E" not in str(value)
            else:
                assert isinstance(value, str | bool), name
        assert len(written.told.get("memo", "")) <= 999
        assert len(written.told.get("tranId", "")) <= 45


def came_to(written: Written) -> Decimal | None:
    """What the record comes to, as NetSuite adds it up; None of a change."""
    told = written.told
    if written.method == "PATCH":
        return None
    if "item" in told:
        lines = sum(line.get("amount", line.get("grossAmt")) for line in told["item"]["items"])
        taxes = sum(line["taxAmount"] for line in told.get("taxDetails", {}).get("items", ()))
        return Decimal(lines + taxes)
    if "line" in told:
        sides = [sum(line.get(side, 0) for line in told["line"]["items"]) for side in ("debit", "credit")]
        assert sides[0] == sides[1]
        return Decimal(sides[0])
    if written.record == "customerRefund":
        applied = told["apply"] if "apply" in told else told["deposit"]
        return Decimal(sum(line["amount"] for line in applied["items"]))
    return Decimal(told["payment"])


@EACH
def test_a_record_comes_to_the_amount_of_its_document_which_its_memo_names(case: Case) -> None:
    for written, part in zip(case.requests, parts_of(case), strict=True):
        if written is None or written.record in (None, "customer") or written.method == "DELETE":
            continue
        total = came_to(written)
        if total is None:
            continue
        assert int(total.scaleb(exponent(part.currency))) == part.amount_minor
        note = read_marks(written.told["memo"])
        assert note.document_key == written.told["externalId"] == part.document_key
        assert note.kind == part.kind and note.number == part.number
        assert set(note.refund_ids) == {part.refund_id} - {None}


@EACH
def test_every_tax_is_of_one_line(case: Case) -> None:
    for written in case.written:
        if "taxDetails" in written.told:
            lines = [line["taxDetailsReference"] for line in written.told["item"]["items"]]
            taxes = {one["taxDetailsReference"] for one in written.told["taxDetails"]["items"]}
            assert len(set(lines)) == len(lines) and taxes <= set(lines)
            assert written.told["taxDetailsOverride"] is True
            assert "replace=" not in written.target or written.target.endswith("replace=item,taxDetails")


# ------------------------------------------------------------------------------------------------ names and kinds


def test_the_names_are_known() -> None:
    """By the tables that the tests have themselves."""
    checked = set()
    for case in cases():
        instruments = case.told.get("account", {}).get("instruments") is not False
        for written in case.written:
            if written.record is not None and written.body:
                check(written.record, written.told, built_in(written.record, instruments))
                checked.add(written.record)
    assert checked == WRITTEN


def need_tables() -> None:
    if field_files() is None:
        reason = "NOT CHECKED against NetSuite's fields: there is no ../shared/data/netsuite-fields.json"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)


def test_the_names_are_those_of_netsuites_own_lists() -> None:
    """A customer is not in them; an account without Payment Instruments is not described."""
    need_tables()
    checked = set()
    for case in cases():
        instruments = case.told.get("account", {}).get("instruments") is not False
        for written in case.written:
            fields = described(written.record) if written.record is not None else None
            if fields is not None and written.body and instruments:
                check(written.record or "", written.told, fields)
                checked.add(written.record)
    assert checked == WRITTEN - {"customer"}


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("customerRefund", {"entity": {"id": "1"}}),
    ("customerRefund", {"createdFrom": {"id": "1"}}),
    ("customerRefund", {"item": {"items": []}}),
    ("customerRefund", {"undepFunds": {"id": "1"}}),
    ("customerRefund", {"paymentMethod": {"id": "1"}}),
    ("customerPayment", {"entity": {"id": "1"}}),
    ("creditMemo", {"customer": {"id": "1"}}),
    ("creditMemo", {"arAcct": {"id": "1"}}),
    ("creditMemo", {"paymentOption": {"id": "1"}}),
    ("cashRefund", {"apply": {"items": []}}),
    ("cashRefund", {"handlingMode": {"id": "RECORD"}}),
    ("creditMemo", {"tranID": "1"}),
    ("creditMemo", {"tranDate": "5.3.2026"}),
    ("creditMemo", {"entity": "1"}),
    ("creditMemo", {"autoApply": "false"}),
    ("customerPayment", {"payment": "110.00"}),
    ("creditMemo", {"apply": {"items": [{"document": {"id": "1"}}]}}),
    ("creditMemo", {"apply": [{"doc": {"id": "1"}}]}),
    ("creditMemo", {"item": {"items": [{"grossAmount": 1}]}}),
    ("journalEntry", {"line": {"items": [{"amount": 1}]}}),
]


@pytest.mark.parametrize(("record", "body"), WRONG)
def test_the_tables_see_what_is_wrong(record: str, body: dict[str, Any]) -> None:
    with pytest.raises(Wrong):
        check(record, body, built_in(record))


def test_netsuites_own_lists_see_what_is_wrong() -> None:
    need_tables()
    for record, body in WRONG:
        fields = described(record)
        assert fields is not None
        with pytest.raises(Wrong):
            check(record, body, fields)
