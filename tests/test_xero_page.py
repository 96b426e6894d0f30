"""The bookkeeper's page on Xero: its entries balance, its reference is read, what it names is what there is."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

from connector.cli.connect import REDIRECT_URI
from connector.delivery.xero import CONSENT, LIMITS, SCOPES
from connector.ledgers.xero_capabilities import XERO
from connector.ledgers.xero_marks import LONGEST, read_reference
from connector.ledgers.xero_memory import READ_AFTER
from connector.ledgers.xero_roles import MIRRORS, PLURALS
from connector.ledgers.xero_sale_heads import AFTER, BEFORE
from connector.planning.model import REFUND_TYPES, Kind
from connector.settings.connections import XeroConnection

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "xero.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CASES = (ROOT / "docs" / "accounting.md").read_text(encoding="utf-8")
# The texts of the program, whole where they are broken into lines.
SPOKEN = [
    re.sub(r"[\"']\s*f?[\"']", "", path.read_text(encoding="utf-8"))
    for path in (ROOT / "connector").rglob("*.py")
]


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
    assert len(booked) == 11
    assert [pair for pair in booked if total(pair[0]) != total(pair[1])] == []


def test_every_type_and_every_document_is_shown() -> None:
    named = set(re.findall(r"`([a-z_]+)`", " ".join(row[0] for row in rows(2))))
    # A reversal has a section of its own, and a link is told beside what it links.
    assert named == set(get_args(Kind)) - {"reversal", "application", "customer"}
    assert named >= set(REFUND_TYPES)


def test_each_document_is_named_as_what_it_becomes() -> None:
    words = {
        "Invoices": "nvoice",
        "CreditNotes": "Credit note",
        "Payments": "Payment",
        "BankTransactions": "Spend money|Receive money",
    }
    for row in rows(2):
        for kind in re.findall(r"`([a-z_]+)`", row[0]):
            assert re.search(words[PLURALS[kind]], row[1]), kind
    # What takes it back, of those that have a mirror of one kind.
    opposites = {row[0]: row[1] for row in rows(3)}
    for name, kind in (("Spend money", "refund_receipt"), ("Credit note alone", "credit_memo")):
        assert re.search(words[MIRRORS[kind]], opposites[name])


def test_the_reference_is_read() -> None:
    shown = re.search(r"^```\n(.*)\n```$", section(4), re.MULTILINE)
    assert shown is not None
    note = read_reference({"Reference": shown[1].replace("...", "x")})
    assert (note.kind, note.number, note.sale, note.lines) == ("credit_memo", "100-1", "100", ("1",))
    assert (note.refund_ids, note.charge_ids) == (("re_3Qx",), ("ch_3Qx",))
    assert note.document_key == "dk7mahf2xfcndw7c4unj7dkro3"


def test_every_reason_is_one() -> None:
    reasons = {reason for row in rows(11) for reason in re.findall(r"^`([a-z_]+)`", row[0])} - {"tenant_id"}
    assert {"period_closed", "number_taken", "total_differs", "credit_used", "void_guard"} <= reasons
    assert [reason for reason in reasons if f"`{reason}`" not in CASES] == []


def quoted() -> list[str]:
    """What the page says is told, without what is filled in."""
    cells = [row[0] for row in rows(11)]
    texts = [text for cell in cells for text in re.findall(r"`([^`]+)`", cell) if " " in text]
    parts = [part.strip(" :;") for text in texts for part in re.split(r"\.\.\.|\bXero\b|\bxero\b", text)]
    return [part for part in parts if len(part) > 9]


@pytest.mark.parametrize("words", quoted())
def test_sentences_that_are_quoted_are_told(words: str) -> None:
    assert any(words in text for text in SPOKEN)


def test_the_figures_are_those_of_the_program() -> None:
    # As the page says them: characters, requests, documents, days.
    assert (XERO.number_length, XERO.short_id_length, LONGEST, XERO.batch_size) == (255, 10, 255, 50)
    assert LIMITS.rates is not None and not isinstance(LIMITS.rates, int)
    assert [count for count, _ in LIMITS.rates] == [60] and LIMITS.at_once == XERO.concurrency == 5
    assert LIMITS.day is not None and LIMITS.day.few == 100
    days = [BEFORE[one].days for one in ("Invoices", "BankTransactions", "Overpayments", "Payments")]
    assert (days, AFTER.days, READ_AFTER.days) == ([90, 3, 3, 3], 10, 1)
    assert (CONSENT.refresh_lasts_s, CONSENT.warn_before_s) == (60 * 86400, 14 * 86400)
    for words in (
        "255 characters at most",
        "last ten characters",
        "60 requests a minute for an organisation, 5 at once",
        "Up to 50 documents",
        "fewer than 100 left",
        "three days before the charge to ten days after",
        "90 days before",
        "currencies once a day",
        "after 60 days without a run; `check` warns 14 days before",
    ):
        assert words in " ".join(PAGE.split())


def test_what_is_set_up_is_what_is_asked_for() -> None:
    told = section(1)
    assert set(re.findall(r"`(accounting\.[a-z.]+|offline_access)`", told)) == {*CONSENT.scope.split()}
    assert {*SCOPES.split()} < {*CONSENT.scope.split()}
    assert f"`{REDIRECT_URI}`" in told and f"`{REDIRECT_URI}`" in README
    for key in ("auth", "client_id", "client_secret", "tenant_id"):
        assert f"`{key}`" in told and key in XeroConnection.model_fields
    for auth in get_args(XeroConnection.model_fields["auth"].annotation):
        assert f"`{auth}`" in told


def test_links_between_the_pages_lead_somewhere() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    listed = re.findall(r"\(#([a-z0-9-]+)\)", PAGE)
    assert len(listed) == len(headings)
    assert {*listed, *re.findall(r"docs/xero\.md#([a-z0-9-]+)", README)} == anchors
    assert "11-troubleshooting" in re.findall(r"docs/xero\.md#([a-z0-9-]+)", README)
    assert "[xero.md](xero.md)" in CASES
