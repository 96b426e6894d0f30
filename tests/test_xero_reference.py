"""What stands in a Reference of Xero, which has room for 255 characters, and what is said of documents without entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from ledger_desk import rule
from xero_desk import desk, paid_invoice

from connector.ledgers.xero_marks import LONGEST, read_reference, write_reference
from connector.planning.model import Document, DocumentLine

REFUND, CHARGE, KEY = "re_3PQrstUvwxYz0123456789AB", "ch_3PQrstUvwxYz0123456789AB", "dk" + "a" * 24
MEMO = Document(
    document_key=KEY,
    ledger="main",
    kind="credit_memo",
    part="",
    revision=1,
    subject_id=REFUND,
    refund_id=REFUND,
    charge_id=CHARGE,
    number="100-1",
    posting_date=date(2026, 3, 5),
    amount_minor=100,
    currency="usd",
    entries=(),
    lines=(DocumentLine("1", "Mug", "Sales", 100), DocumentLine("3", "Cup", "Sales", 0)),
    narration="Credit memo 100-1 of invoice 100",
    sale_number="100",
)


def test_people_see_the_number_first_and_we_find_the_rest() -> None:
    text = write_reference(MEMO)
    assert text == f"100-1 {REFUND} {CHARGE} {KEY} [credit_memo; number 100-1; sale 100; lines 1 3]"
    note = read_reference({"Reference": text})
    assert (note.document_key, note.refund_ids, note.charge_ids) == (KEY, (REFUND,), (CHARGE,))
    assert (note.kind, note.number, note.sale, note.lines) == ("credit_memo", "100-1", "100", ("1", "3"))


def test_the_true_date_of_what_was_moved_out_of_a_closed_period_is_told() -> None:
    text = write_reference(replace(MEMO, narration=f"{MEMO.narration} [2026-02-27]"))
    assert text.startswith(f"100-1 of 2026-02-27 {REFUND} ")
    assert read_reference({"Reference": text}) == read_reference({"Reference": write_reference(MEMO)})


@pytest.mark.parametrize("length", [1, 30, 45, 60, 75, 100, 125, 160, 250])
def test_what_is_too_long_loses_what_is_needed_least(length: int) -> None:
    sale = "s" * length
    one = replace(MEMO, number=f"{sale}-1", sale_number=sale)
    text = write_reference(one)
    note = read_reference({"Reference": text})
    assert len(text) <= LONGEST
    assert (note.document_key, note.refund_ids, note.charge_ids, note.kind) == (
        KEY,
        (REFUND,),
        (CHARGE,),
        "credit_memo",
    )
    # Either whole or not at all.
    assert note.number in (one.number, None) and note.sale in (sale, None)
    assert (note.sale is not None) or length > 125
    assert (note.number is not None) == (length <= 60)


REOPEN = rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"])


def test_a_plan_says_what_becomes_of_the_payment_of_a_reopened_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books", rules=REOPEN, refund_types={"reopen_invoice": True}) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        told = one.command("plan").out
        assert "takes the payment off the invoice, to be made again in two parts of the same day" in told
        assert "makes what stays paid a payment of the invoice again" in told
        assert "makes the rest of the payment an overpayment, which is then paid back" in told
        assert "links documents of the ledger" not in told


def test_a_plan_says_that_a_reversal_voids_where_it_stands(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.shop.fail("re_a", "2026-03-20")
        one.shop.write()
        told = one.command("plan").out
        assert told.count("voids the document where it stands, as of its own day; writes no new one") == 2
