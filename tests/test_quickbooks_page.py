"""The bookkeeper's page on QuickBooks Online: its entries balance, its memo is read, what it names is what there is."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

from connector.delivery.quickbooks_online import RATES
from connector.ledgers.quickbooks_capabilities import QUICKBOOKS_ONLINE
from connector.ledgers.quickbooks_memory import FULL_READ_AFTER
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_sale_heads import AFTER, BEFORE
from connector.planning.model import REFUND_TYPES, Kind

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "quickbooks_online.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CASES = (ROOT / "docs" / "accounting.md").read_text(encoding="utf-8")


def rows(number: int) -> list[list[str]]:
    """The cells of the tables of a section."""
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    lines = [line for line in found[0].splitlines() if line.startswith("| ") and not line.startswith("|---")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def total(cell: str) -> Decimal:
    return sum(
        (Decimal(amount) for amount in re.findall(r"\d+\.\d\d", cell.split(", or", maxsplit=1)[0])),
        Decimal(0),
    )


def test_every_entry_balances() -> None:
    booked = [(row[2], row[3]) for row in rows(1) if re.search(r"\d\.\d\d", row[2])]
    assert len(booked) == 11
    assert [pair for pair in booked if total(pair[0]) != total(pair[1])] == []


def test_every_type_and_every_document_is_shown() -> None:
    named = set(re.findall(r"`([a-z_]+)`", " ".join(row[0] for row in rows(1))))
    # A reversal has a section of its own, and a link is told beside what it links.
    assert named == set(get_args(Kind)) - {"reversal", "application", "customer"}
    assert named >= set(REFUND_TYPES)


def test_the_memo_is_read() -> None:
    shown = re.search(r"^```\n(.*)\n```$", PAGE, re.MULTILINE)
    assert shown is not None
    note = read_note({"PrivateNote": shown[1].replace("...", "x")})
    assert (note.kind, note.number, note.sale, note.lines) == ("credit_memo", "100-1", "100", ("1",))
    assert (note.refund_ids, note.charge_ids) == (("re_3Qx",), ("ch_3Qx",))
    assert note.document_key == "dk7mahf2xfcndw7c4unj7dkro3"


def test_every_reason_is_one() -> None:
    reasons = set(re.findall(r"^\| `([a-z_]+)`", PAGE[PAGE.index("## 8.") :], re.MULTILINE))
    assert {"period_closed", "number_taken", "total_differs", "credit_used", "void_guard"} <= reasons
    assert [reason for reason in reasons if f"`{reason}`" not in CASES] == []


def test_the_figures_are_those_of_the_program() -> None:
    # As the page says them: characters, requests, days, seconds.
    assert (QUICKBOOKS_ONLINE.number_length, QUICKBOOKS_ONLINE.short_id_length) == (21, 10)
    assert QUICKBOOKS_ONLINE.throttle_wait_ms == 60_000
    assert [count for count, _ in RATES] == [500, 10]
    assert (BEFORE["Invoice"].days, BEFORE["SalesReceipt"].days, BEFORE["Payment"].days, AFTER.days) == (
        90,
        3,
        3,
        10,
    )
    assert FULL_READ_AFTER.days == 1
    for words in (
        "21 characters",
        "last ten characters",
        "500 requests a minute",
        "three days before the charge to ten days after",
        "90 days before",
    ):
        assert words in " ".join(PAGE.split())


def test_links_between_the_pages_lead_somewhere() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    used = set(re.findall(r"quickbooks_online\.md#([a-z0-9-]+)", README)) | set(
        re.findall(r"\(#([a-z0-9-]+)\)", PAGE)
    )
    assert used >= {"9-troubleshooting", "4-numbers"}
    assert used <= anchors
