"""The accountant's page names tests that exist, every kind, type and reason there is, and entries that balance."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import get_args

from connector import errors
from connector.planning.model import REFUND_TYPES, DocumentState, Kind, Outcome

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "accounting.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"tests/[\w/]+\.py::\w+", PAGE)))
SECTIONS = re.findall(r"^## (\d+)\. (.+)$", PAGE, re.MULTILINE)
# How reasons are said in the code: NotNow(outcome, reason, ...), Step(state, id, number, reason), reason=...,
# stop_code=..., Stop(code, ...), LedgerDown(sentence, code), and an object's defect, "CODE: sentence". Other errors
# that end a run have their code as an attribute.
DEFECT = re.compile(r"(currency_not_supported|stripe_object_missing): ")
REASON = re.compile(r"[a-z]+(?:_[a-z]+)*")


def texts(node: ast.AST) -> Iterator[str]:
    """The text of a constant, or of both branches of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def reasons_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name == "NotNow" and len(node.args) > 1:
                yield from texts(node.args[1])
            if name == "Step" and len(node.args) > 3:
                yield from texts(node.args[3])
            if name == "LedgerDown" and len(node.args) > 1:
                yield from texts(node.args[1])
            if name == "Stop" and node.args:
                yield from texts(node.args[0])
            for keyword in node.keywords:
                if keyword.arg in ("reason", "stop_code"):
                    yield from texts(keyword.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "reason":
                    yield from texts(value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = DEFECT.match(node.value)
            if found is not None:
                yield found[1]


def reasons_of_the_program() -> set[str]:
    found: set[str] = set()
    for folder in ("planning", "decisions", "delivery", "operations", "store", "stripe_source"):
        for path in sorted((ROOT / "connector" / folder).glob("*.py")):
            found.update(reasons_in(ast.parse(path.read_text(encoding="utf-8"))))
    return {reason for reason in found if REASON.fullmatch(reason)}


def codes_of_errors() -> set[str]:
    """What ends a run early (`errors[].code`); a wrong setting ends the command before there is a run."""
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)]
    codes = {str(one.code) for one in kinds if issubclass(one, errors.ConnectorError)}
    return {*codes, errors.LedgerDown("the ledger is away").code} - {errors.InputError.code}


def is_on_the_page(word: str) -> bool:
    return f"`{word}`" in PAGE


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


# ---------------------------------------------------------------------------------------------- what it names


def test_the_page_names_tests_in_every_section_with_entries() -> None:
    assert len(NAMED) > 100
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[2:]
    assert [part.split("\n")[0] for part in parts if "::test_" not in part] == []


def test_every_test_that_the_page_names_exists() -> None:
    places = {name.partition("::")[0] for name in NAMED}
    there = {
        f"{place}::{node.name}"
        for place in places
        if (ROOT / place).is_file()
        for node in ast.parse((ROOT / place).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert [name for name in NAMED if name not in there] == []


def test_every_kind_type_state_and_outcome_is_on_the_page() -> None:
    words = {*get_args(Kind), *REFUND_TYPES, *get_args(DocumentState), *get_args(Outcome)}
    assert len(words) > 20
    assert sorted(word for word in words if not is_on_the_page(word)) == []


def test_every_reason_that_the_program_can_give_is_on_the_page() -> None:
    reasons = reasons_of_the_program()
    assert {"void_guard", "credit_used", "number_taken", "type_switched_off", "refund_pending"} <= reasons
    assert {"currency_not_supported", "outcome_unknown", "throttled", "total_differs"} <= reasons
    assert sorted(reason for reason in reasons if not is_on_the_page(reason)) == []


def test_every_code_that_ends_a_run_is_on_the_page() -> None:
    codes = codes_of_errors()
    assert {"network", "lease_held", "ledger_down"} <= codes
    assert sorted(code for code in codes if not is_on_the_page(code)) == []


def test_a_reason_is_seen_wherever_it_stands() -> None:
    source = """
raise NotNow("held", "one", "sentence", None)
Step("held", reason="two" if like else "three", stop_code="four")
values = {"reason": "five", "sentence": "six"}
Step("held", None, None, "seven")
raise LedgerDown("it is away", "eight")
raise Defective(f"stripe_object_missing: {owner} is gone.")
"""
    assert set(reasons_in(ast.parse(source))) == {
        "one",
        "two",
        "three",
        "four",
        "five",
        "seven",
        "eight",
        "stripe_object_missing",
    }


def test_the_contents_lead_to_the_sections() -> None:
    contents = re.findall(r"^\d+\. \[(.+)\]\(#(.+)\)$", PAGE, re.MULTILINE)
    assert [(heading, anchor(f"{number}. {heading}")) for number, heading in SECTIONS] == contents
    assert [int(number) for number, _ in SECTIONS] == list(range(1, len(SECTIONS) + 1))


# ---------------------------------------------------------------------------------------------- what it says


def entry_tables() -> list[list[tuple[str, Decimal, Decimal]]]:
    """The tables of debits and credits: (document, debit, credit) by row, the document filled in."""
    tables = []
    for block in re.findall(r"(?:^\|.*\|\n)+", PAGE, re.MULTILINE):
        head, _, *lines = [[cell.strip() for cell in row.split("|")[1:-1]] for row in block.splitlines()]
        if head != ["date", "document", "account", "debit", "credit"]:
            continue
        rows, place = [], 0
        for _, document, _, debit, credit in lines:
            place += bool(document)
            rows.append((str(place), Decimal(debit or 0), Decimal(credit or 0)))
        tables.append(rows)
    return tables


def test_every_document_on_the_page_balances() -> None:
    tables = entry_tables()
    assert len(tables) >= 10
    for rows in tables:
        sums: dict[str, Decimal] = {}
        for document, debit, credit in rows:
            assert (debit > 0) != (credit > 0)
            sums[document] = sums.get(document, Decimal(0)) + debit - credit
        assert set(sums.values()) == {Decimal(0)}, rows
