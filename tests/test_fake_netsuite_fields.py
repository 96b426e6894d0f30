"""The stand-in for NetSuite: its tables of fields are those that NetSuite's own descriptions list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from netsuite_hands import shop
from vendors.netsuite import builtin_fields as builtin
from vendors.netsuite.field_table import TRANSACTIONS, TYPES, table_of, type_named
from vendors.netsuite.transforms import PAIRS


def loaded(name: str) -> dict[str, Any]:
    """A table of NetSuite's names, where it lies beside the repository."""
    for folder in Path(__file__).resolve().parents:
        path = folder / "shared" / "data" / name
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
    pytest.skip(f"NOT CHECKED: NetSuite's names of fields, ../shared/data/{name}")


def names(record_type: str) -> set[str]:
    table = table_of(shop(), record_type)
    return set(table.fields) | set(table.sublists)


@pytest.mark.parametrize("record_type", ["creditMemo", "cashRefund", "customerRefund", "customerPayment"])
def test_a_type_has_the_fields_choices_and_sublists_that_are_described(record_type: str) -> None:
    told = loaded("netsuite-fields.json")[record_type]
    table = table_of(shop(), record_type)
    assert set(told["fields"]) - names(record_type) == set()
    assert {one.split()[0] for one in told["absent"]} & names(record_type) == set()
    for name, kind in told["fields"].items():
        ours = table.fields[name]
        if isinstance(kind, dict) and ours != "-":
            assert ours == f"={','.join(kind['enum'])}", name
        elif kind == "ref" and ours not in ("-", "*"):
            assert ours[0] == "@", name
        elif kind == "boolean":
            assert ours == "flag", name
    for name, sublist in told["sublists"].items():
        assert set(sublist.get("fields", ())) - set(table.sublists[name]) <= {"isTaxable"}, name


def test_other_types_have_the_names_that_are_listed() -> None:
    told = loaded("netsuite-fields-extra.json")
    for record_type in set(told) & set(TRANSACTIONS):
        assert set(told[record_type]) - names(record_type) == set(), record_type
    for lines, sublist in (("itemLine", "item"), ("taxLine", "taxDetails"), ("journalLine", "line")):
        table = set(builtin.SUBLISTS[sublist]) | set(builtin.SUITETAX_LINE) | set(builtin.LEGACY_LINE)
        assert set(told[lines]) - table == set(), lines


def test_the_transformations_that_are_listed_can_be_made() -> None:
    told = loaded("netsuite-fields.json")
    listed = {
        (source, target) for source in TRANSACTIONS for target in told.get(source, {}).get("transforms", ())
    }
    known = {pair for pair in listed if pair[1] in TYPES}
    assert known - PAIRS == set()
    assert ("customerRefund", "creditMemo") not in PAIRS


@pytest.mark.parametrize("name", ["creditmemo", "CREDITMEMO", "creditMemo"])
def test_the_case_of_a_type_does_not_matter(name: str) -> None:
    assert type_named(name) == "creditMemo"
    assert type_named("creditNote") is None


def test_every_kind_is_known() -> None:
    tables = [*builtin.RECORDS.values(), *builtin.SUBLISTS.values(), builtin.SUITETAX, builtin.LEGACY]
    kinds = {kind for table in tables for kind in table.values()}
    assert {kind for kind in kinds if kind[0] not in "@="} == {
        "text",
        "number",
        "whole",
        "flag",
        "day",
        "*",
        "-",
    }
