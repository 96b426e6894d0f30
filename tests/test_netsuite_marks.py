"""What documents say of themselves in NetSuite: memo and external id, written and read again."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netsuite_golden import cases, document_of, surveyed
from netsuite_told import told_of

from connector.ledgers.netsuite_marks import LONGEST, read_head_note, write_memo
from connector.ledgers.netsuite_records import Head
from connector.planning.model import Document

MEMO = "Credit memo 1001-1 re_1 ch_1 {key} [credit_memo; number 1001-1; sale 1001; lines 1]"
OURS, OTHER = "dk" + "a" * 24, "dk" + "b" * 24


def head(memo: str = "", external_id: str | None = None, **more: Any) -> Head:
    values: dict[str, Any] = {
        "ledger_id": "creditMemo/501",
        "record": "creditMemo",
        "external_id": external_id,
        "number": None,
        "day": date(2026, 3, 5),
        "memo": memo,
        "other_reference": None,
        "customer_id": "4471",
        "customer": "Ada",
        "currency": "usd",
        "rate": None,
        "total_minor": 2500,
        "open_minor": 0,
        "account": "119",
        **more,
    }
    return Head(**values)


def document(**more: Any) -> Document:
    return document_of(told_of("credit_memo", "a", **more))


# ------------------------------------------------------------------------------------------------ written


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_what_every_document_says_is_read_again(case: Any) -> None:
    for part in surveyed(case.told.get("account")).expand(case.document):
        if part.kind == "customer":
            continue
        memo = write_memo(part)
        assert len(memo) <= LONGEST
        note = read_head_note(head(memo, part.document_key))
        assert (note.document_key, note.kind) == (part.document_key, part.kind)
        assert note.part == (part.part or None if part.kind in ("reversal", "application") else None)
        assert (note.number, note.sale) == (part.number, part.sale_number)
        # People may name others in their words.
        assert {part.refund_id, part.charge_id} - {None} <= {*note.refund_ids, *note.charge_ids}


@given(
    words=st.text(alphabet=string.printable + "é東", max_size=1300),
    number=st.one_of(st.none(), st.text(alphabet=string.ascii_letters + "[];%-/ ", min_size=1, max_size=45)),
    sale=st.text(alphabet=string.ascii_letters + "[];%#", min_size=1, max_size=400),
    lines=st.lists(st.text(alphabet=string.ascii_letters + "_.-", min_size=1, max_size=60), max_size=30),
)
def test_ids_key_and_kind_always_fit(words: str, number: str | None, sale: str, lines: list[str]) -> None:
    line = {"description": "", "account": "Sales", "net_minor": 2500}
    made = document(
        narration=words, number=number, sale_number=sale, lines=[{**line, "line_id": one} for one in lines]
    )
    memo = write_memo(made)
    assert len(memo) <= LONGEST and memo == memo.strip()
    assert f"re_a ch_a {made.document_key} [credit_memo" in memo
    note = read_head_note(head(memo, made.document_key))
    assert note.kind == "credit_memo"
    if number is not None and number == number.strip() and sale == sale.strip() and len(sale) < 200:
        assert (note.number, note.sale) == (number, sale), "numbers are read back after a lost state"


def test_lines_go_before_words_and_words_before_numbers() -> None:
    line = {"description": "", "account": "Sales", "net_minor": 2500}
    many = [{**line, "line_id": f"li_{n:040}"} for n in range(30)]
    memo = write_memo(document(narration="Told in few words", lines=many))
    assert memo == f"Told in few words re_a ch_a {OURS} [credit_memo; number 100a; sale 1001]"
    memo = write_memo(document(narration="word " * 300))
    assert len(memo) > LONGEST - 5 and memo.endswith("[credit_memo; number 100a; sale 1001]")
    memo = write_memo(document(narration="word " * 300, sale_number="x" * 1000))
    assert memo.endswith(f"re_a ch_a {OURS} [credit_memo]") and len(memo) > LONGEST - 5


def test_words_are_one_line() -> None:
    assert write_memo(document(narration="  Two\n lines\t")).startswith("Two lines re_a")


# ------------------------------------------------------------------------------------------------ read


def test_the_external_id_says_whose_it_is_and_the_memo_the_rest() -> None:
    note = read_head_note(head(MEMO.format(key=OURS), OURS))
    assert (note.document_key, note.kind, note.number, note.sale) == (OURS, "credit_memo", "1001-1", "1001")
    assert (note.refund_ids, note.charge_ids, note.lines) == (("re_1",), ("ch_1",), ("1",))


@pytest.mark.parametrize("external_id", [None, "", "re_1", "copy-7"])
def test_a_copy_by_a_person_is_not_ours(external_id: str | None) -> None:
    """It takes the memo along, and no external id; that it is about the same refund it says all the same."""
    note = read_head_note(head(MEMO.format(key=OURS), external_id))
    assert (note.document_key, note.kind, note.number, note.sale, note.lines) == (None, None, None, None, ())
    assert note.refund_ids == ("re_1",) and note.charge_ids == ("ch_1",)


def test_brackets_in_the_words_of_people_are_no_marks() -> None:
    memo = write_memo(document(narration="Sale 1001: [promo] shoes [reversal of fee; number 7]"))
    assert memo.startswith("Sale 1001: (promo) shoes (reversal of fee; number 7) re_a")
    note = read_head_note(head(memo, OURS))
    assert (note.kind, note.part, note.number, note.sale) == ("credit_memo", None, "100a", "1001")


def test_the_external_id_decides_where_the_memo_says_another_key() -> None:
    note = read_head_note(head(MEMO.format(key=OURS), OTHER))
    assert note.document_key == OTHER


@pytest.mark.parametrize("memo", ["", "Booked by hand", "re_1 only"])
def test_what_is_ours_stays_so_when_a_person_changes_its_memo(memo: str) -> None:
    note = read_head_note(head(memo, OURS))
    assert (note.document_key, note.kind) == (OURS, None)


def test_others_ids_are_found_wherever_they_stand() -> None:
    told = head("Stripe: ch_2", "ns_memo:re_1", number="pi_3", other_reference="py_4 in_5")
    note = read_head_note(told)
    assert note.document_key is None
    assert note.refund_ids == ("re_1",)
    assert set(note.charge_ids) == {"ch_2", "py_4"} and set(note.payment_ids) == {"pi_3", "in_5"}


def test_something_like_a_key_is_none() -> None:
    for external_id in (OURS + "a", OURS[:-1], "x" + OURS, OURS.upper(), f"{OURS} {OTHER}"):
        assert read_head_note(head("", external_id)).document_key is None
    assert read_head_note(replace(head("", OURS))).document_key == OURS
