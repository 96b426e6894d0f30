"""The script that voids in NetSuite, run by Node over stand-ins for SuiteScript's modules.

It needs Node, which the connector itself does not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "netsuite_void_restlet.js"
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="node is not installed: the RESTlet was not run")
# The modules as SuiteScript documents them: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_4413165692.html
HARNESS = """
const [script, text] = process.argv.slice(1);
const books = JSON.parse(text);
const voided = [];
const error = { create: (told) => Object.assign(new Error(told.message), told) };
const record = {
    Type: { INVOICE: 'invoice' },
    load: ({ type, id }) => {
        if (type !== 'invoice' || !books.invoices[id]) throw error.create({ name: 'RCRD_DSNT_EXIST', message: 'gone' });
        return { getValue: (name) => books.invoices[id][name] };
    },
};
const search = {
    Type: { INVOICE: 'invoice' },
    lookupFields: ({ id, columns }) => Object.fromEntries(columns.map((name) => [name, books.invoices[id][name]])),
};
const transaction = {
    Type: { INVOICE: 'invoice' },
    void: ({ type, id }) => {
        voided.push([type, id]);
        if (!books.byJournal) books.invoices[id].voided = books.spelled;
        return id;
    },
};
let made;
global.define = (names, factory) => {
    const modules = { 'N/error': error, 'N/record': record, 'N/search': search, 'N/transaction': transaction };
    made = factory(...names.map((name) => modules[name]));
};
require(script);
let told;
try {
    told = made.post(books.asked);
} catch (no) {
    told = { error: { code: no.name, message: no.message } };
}
console.log(JSON.stringify({ told, voided, entries: Object.keys(made) }));
"""


def invoice(total: Any = 110.0, open_: Any = 110.0, voided: Any = False) -> dict[str, Any]:
    return {"total": total, "amountremaining": open_, "voided": voided}


def call(
    asked: Any, spelled: Any = True, by_journal: bool = False, **invoices: dict[str, Any]
) -> dict[str, Any]:
    books = {
        "asked": asked,
        "invoices": {name.lstrip("i"): one for name, one in invoices.items()},
        "spelled": spelled,
        "byJournal": by_journal,
    }
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", HARNESS, str(SCRIPT), json.dumps(books)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["entries"] == ["post"]
    return found


@pytest.mark.parametrize("spelled", [True, "T"])
def test_an_invoice_that_is_wholly_open_is_voided(spelled: Any) -> None:
    found = call({"type": "invoice", "id": "12"}, spelled=spelled, i12=invoice())
    assert found["told"] == {"voided": True, "id": "12"}
    assert found["voided"] == [["invoice", 12]]


def test_amounts_may_come_as_texts() -> None:
    assert call({"type": "invoice", "id": "12"}, i12=invoice("110.00", "110"))["told"]["voided"] is True


def test_asked_twice_it_voids_once() -> None:
    found = call({"type": "invoice", "id": "12"}, i12=invoice(0, 0, "T"))
    assert (found["told"], found["voided"]) == ({"voided": True, "id": "12"}, [])


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"type": "creditMemo", "id": "12"}, "CONNECTOR_WRONG_TYPE"),
        ({"id": "12"}, "CONNECTOR_WRONG_TYPE"),
        (None, "CONNECTOR_WRONG_TYPE"),
        ({"type": "invoice", "id": "12 OR 1"}, "CONNECTOR_WRONG_ID"),
        ({"type": "invoice"}, "CONNECTOR_WRONG_ID"),
        ({"type": "invoice", "id": "13"}, "CONNECTOR_SOMETHING_APPLIED"),
        ({"type": "invoice", "id": "99"}, "RCRD_DSNT_EXIST"),
    ],
)
def test_what_is_not_voided(asked: Any, code: str) -> None:
    found = call(asked, i12=invoice(), i13=invoice(110.0, 100.0))
    assert (found["told"]["error"]["code"], found["voided"]) == (code, [])


def test_a_reversing_journal_is_no_void() -> None:
    found = call({"type": "invoice", "id": "12"}, by_journal=True, i12=invoice())
    assert found["told"]["error"]["code"] == "CONNECTOR_NOT_VOID"
