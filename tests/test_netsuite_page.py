"""The bookkeeper's page on NetSuite: its entries balance, its memo is read, what it names is what there is."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from connector.delivery.client_assertion import LEAST_RSA_BITS
from connector.ledgers.netsuite_capabilities import NETSUITE
from connector.ledgers.netsuite_check_access import PERMISSIONS
from connector.ledgers.netsuite_marks import LONGEST, read_head_note
from connector.ledgers.netsuite_memory import READ_AFTER
from connector.ledgers.netsuite_records import Head
from connector.ledgers.netsuite_roles import MIRRORS, RECORDS
from connector.ledgers.netsuite_sale_heads import BEFORE
from connector.ledgers.netsuite_wire import PAGE as SUITEQL_PAGE
from connector.planning.model import REFUND_TYPES, Kind
from connector.settings.connections import NetsuiteConnection

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "netsuite.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CASES = (ROOT / "docs" / "accounting.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
# The texts of the program, whole where they are broken into lines.
SPOKEN = [
    re.sub(r"[\"']\s*f?[\"']", "", path.read_text(encoding="utf-8"))
    for path in (ROOT / "connector").rglob("*.py")
]
# As the page writes the record types.
WORDS = {
    "invoice": "Invoice",
    "creditMemo": "Credit Memo",
    "customerPayment": "Payment",
    "customerRefund": "Customer Refund",
    "cashSale": "Cash Sale",
    "cashRefund": "Cash Refund",
    "journalEntry": "Journal Entry",
}


def section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def rows(number: int) -> list[list[str]]:
    """The cells of the tables of a section."""
    lines = [line for line in section(number).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def total(cell: str) -> Decimal:
    amounts = re.findall(r"\d+\.\d\d", cell.split(", or", maxsplit=1)[0])
    return sum(map(Decimal, amounts), Decimal(0))


def test_every_entry_balances() -> None:
    booked = [(row[2], row[3]) for row in rows(2) if re.search(r"\d\.\d\d", row[2])]
    assert len(booked) == 13
    assert [pair for pair in booked if total(pair[0]) != total(pair[1])] == []


def test_every_type_and_every_document_is_shown() -> None:
    named = set(re.findall(r"`([a-z_]+)`", " ".join(row[0] for row in rows(2))))
    # A reversal has a section of its own, and a link is told beside what it links.
    assert named == set(get_args(Kind)) - {"reversal", "application", "customer"}
    assert named >= set(REFUND_TYPES)


def test_each_document_is_named_as_what_it_becomes() -> None:
    shown = [(kind, row[0], row[1]) for row in rows(2) for kind in re.findall(r"`([a-z_]+)`", row[0])]
    assert len(shown) == 15
    for kind, of, text in shown:
        if "with the script" in of:
            assert "voided" in text
        else:
            assert WORDS[RECORDS[kind]] in text, kind


def test_what_takes_a_document_back_is_named_as_what_it_becomes() -> None:
    opposites = {row[0]: row[1] for row in rows(3)[1:]}
    kinds = {
        "Cash Refund": ("refund_receipt",),
        "Credit Memo and its Customer Refund": ("credit_memo", "credit_card_refund"),
        "the same, with `failed_refund: owe_customer`": ("credit_card_refund",),
        "Credit Memo alone": ("credit_memo",),
        "a void, or the credit memo in its place": ("void", "credit_memo"),
        "a reopened invoice": ("reopen_invoice",),
        "Customer Refund of a payment or deposit": ("refund_payout",),
        "Cash Sale of a charge that failed": ("sales_receipt",),
        "Invoice and Payment of a charge that failed": ("invoice", "payment"),
        "Journal Entry of a fee": ("fee",),
    }
    assert opposites.keys() == kinds.keys()
    for name, written in kinds.items():
        for kind in written:
            assert WORDS[MIRRORS[kind]] in opposites[name], (name, kind)


def test_the_memo_is_read() -> None:
    shown = re.search(r"^```\n(Credit memo .*)\n```$", section(4), re.MULTILINE)
    assert shown is not None
    memo = shown[1].replace("...", "x")
    key = "dk7mahf2xfcndw7c4unj7dkro3"
    head = Head(
        "creditMemo/1",
        "creditMemo",
        key,
        "100-1",
        date(2026, 3, 9),
        memo,
        None,
        None,
        None,
        "usd",
        None,
        0,
        0,
        None,
    )
    note = read_head_note(head)
    assert (note.kind, note.number, note.sale, note.lines) == ("credit_memo", "100-1", "100", ("1",))
    assert (note.refund_ids, note.charge_ids, note.document_key) == (("re_3Qx",), ("ch_3Qx",), key)


def test_every_reason_is_one() -> None:
    reasons = {reason for row in rows(14) for reason in re.findall(r"^`([a-z_]+)`", row[0])}
    assert {"period_closed", "total_differs", "credit_used", "void_guard", "rejected_by_ledger"} <= reasons
    assert [reason for reason in reasons if f"`{reason}`" not in CASES] == []


def quoted() -> list[str]:
    """What the page says is told, without what is filled in."""
    cells = [row[0] for row in rows(14)]
    texts = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell) if " " in text]
    parts = [part.strip(" :;") for text in texts for part in re.split(r"\.\.\.|\bNetSuite\b", text)]
    return [part for part in parts if len(part) > 9]


@pytest.mark.parametrize("words", quoted())
def test_sentences_that_are_quoted_are_told(words: str) -> None:
    assert any(words in text for text in SPOKEN)


def test_the_figures_are_those_of_the_program() -> None:
    assert (NETSUITE.number_length, NETSUITE.short_id_length, LONGEST, NETSUITE.concurrency) == (
        45,
        10,
        999,
        4,
    )
    assert (READ_AFTER.days, SUITEQL_PAGE, LEAST_RSA_BITS, BEFORE.days) == (1, 1000, 3072, 90)
    for words in (
        "45 characters at most",
        "last ten characters",
        "999 characters at most",
        "sends 4 at once",
        "once a day, and sooner",
        "up to 1,000 in a request",
        "rsa:3072",
        "from 90 days before the charge on",
    ):
        assert words in " ".join(PAGE.split()), words
    assert (
        "concurrency: null              # 4:" in EXAMPLE and "settle_after: null             # 15m" in EXAMPLE
    )
    assert NETSUITE.settle_after_s == 900


def test_every_permission_that_check_names_is_in_the_table_of_the_role() -> None:
    table = {(row[0], name.strip()) for row in rows(1)[1:] for name in row[1].split(",")}
    named = {tuple(permission.split(" > ")) for permission, _ in PERMISSIONS.values()}
    assert len(named) == 16 and named <= table
    assert ("Reports", "SuiteAnalytics Workbook") in table


def test_the_keys_of_the_connection_are_explained() -> None:
    told = EXAMPLE.partition("\n  netsuite:\n")[2]
    for key in NetsuiteConnection.model_fields:
        assert f"{key}: " in told
    for key in ("auth", "certificate_id", "document_key_field", "subsidiary", "void_restlet_url"):
        assert f"`{key}" in PAGE, key
    for auth in get_args(NetsuiteConnection.model_fields["auth"].annotation):
        assert f"`auth: {auth}`" in PAGE
    command = re.search(r"^openssl req .*?pem$", PAGE, re.MULTILINE | re.DOTALL)
    assert command is not None and command[0] in README


def test_links_between_the_pages_lead_somewhere() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    listed = re.findall(r"^\d+\. .*\(#([a-z0-9-]+)\)$", PAGE, re.MULTILINE)
    assert len(listed) == len(headings) and {*listed} == anchors
    linked = {*re.findall(r"docs/netsuite\.md#([a-z0-9-]+)", README), *re.findall(r"\(#([a-z0-9-]+)\)", PAGE)}
    assert linked <= anchors and {"1-what-to-set-up", "9-voids", "14-troubleshooting"} <= linked
    assert "[netsuite.md](netsuite.md)" in CASES
    assert "(netsuite_void_restlet.js)" in PAGE and (ROOT / "docs" / "netsuite_void_restlet.js").is_file()
