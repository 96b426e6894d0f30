"""What follows from each answer of a ledger: the whole table, every outcome in both phases."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

import pytest

from connector.delivery.outcome import Phase, Step, next_step
from connector.ledgers.contract import (
    Absent,
    Apart,
    Claimed,
    Down,
    Found,
    NumberTaken,
    Outcome,
    PeriodClosed,
    Posted,
    Rejected,
    Stale,
    Taken,
    Throttled,
    Unauthorised,
    Unknown,
    Withheld,
)
from connector.planning.model import Document
from connector.store.codec import encode_document

KEY = "dkaaaaaaaaaaaaaaaaaaaaaaaa"
DAY = date(2026, 3, 5)
MEMO = Document(
    document_key=KEY,
    ledger="main",
    kind="credit_memo",
    part="",
    revision=1,
    subject_id="re_1",
    refund_id="re_1",
    charge_id="ch_1",
    number="100",
    posting_date=DAY,
    amount_minor=11000,
    currency="usd",
    entries=(),
    customer="Jo Smith",
)
CLAIMED = Claimed(KEY, "credit_memo", "100", 11000, "usd", "2026-03", encode_document(MEMO), "payload")
HIT = Found("7", KEY, "credit_memo", "100", "re_1", "ch_1", 11000, "usd", DAY, "Jo Smith")
OTHERS = replace(HIT, document_key=None, refund_id=None)
RETRY = f'connector resolve {KEY} --ledger main --retry --reason "..."'
SETTLE_S = 60


@dataclass(frozen=True)
class Row:
    """An answer and what must follow: state, reason, what ends the pass, and whether the action is a command."""

    outcome: Outcome
    phase: Phase
    state: str
    reason: str | None = None
    stop_code: str | None = None
    wait_s: int | None = None
    age_s: int = 0
    command: bool = False
    ledger_id: str | None = None
    taken_by: str | None = None


def row(outcome: Outcome, phase: Phase, state: str, reason: str | None = None, **more: object) -> Row:
    return Row(outcome, phase, state, reason, **more)  # type: ignore[arg-type]


UNKNOWN = ("unknown", "outcome_unknown")
TABLE = (
    # The ledger says that it stands there: posted, if with the amount that was planned.
    row(Posted("7", "100", 11000, "usd"), "write", "posted", ledger_id="7"),
    row(Posted("7", "100", 11001, "usd"), "write", "held", "total_differs", command=True, ledger_id="7"),
    row(Posted("7", "100", 11000, "eur"), "write", "held", "total_differs", command=True, ledger_id="7"),
    row(Posted("7", "100", 11000, "usd"), "look", "posted", ledger_id="7"),
    row(HIT, "write", "posted", ledger_id="7"),
    row(HIT, "look", "posted", ledger_id="7"),
    row(replace(HIT, amount_minor=1), "look", "held", "total_differs", command=True, ledger_id="7"),
    row(replace(HIT, currency="eur"), "look", "held", "total_differs", command=True, ledger_id="7"),
    # Absent: believed only as the answer to a look, and only once a doubtful request cannot arrive any more.
    row(Absent(), "look", "planned", age_s=SETTLE_S),
    row(Absent(), "look", "planned", age_s=10 * SETTLE_S),
    row(Absent(), "look", *UNKNOWN, age_s=SETTLE_S - 1),
    row(Absent(), "look", *UNKNOWN, age_s=0),
    row(Absent(), "look", *UNKNOWN, age_s=-5),
    row(Absent(), "write", *UNKNOWN),
    # No answer, or one that says nothing.
    row(Unknown("it broke"), "write", *UNKNOWN),
    row(Unknown("it broke"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    # It stands there, and with which total is still to be read.
    row(Taken("7"), "write", *UNKNOWN, ledger_id="7"),
    row(Taken("7"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    # The number stands there already: ours, one like it, another.
    row(NumberTaken(HIT), "write", "posted", ledger_id="7"),
    row(
        NumberTaken(replace(HIT, amount_minor=1)),
        "write",
        "held",
        "total_differs",
        command=True,
        ledger_id="7",
    ),
    row(NumberTaken(OTHERS), "write", "held", "duplicate_in_books", command=True),
    row(NumberTaken(replace(OTHERS, customer=None)), "write", "held", "duplicate_in_books", command=True),
    row(NumberTaken(replace(OTHERS, customer="Ann Lee")), "write", "planned", taken_by=OTHERS.ledger_id),
    row(NumberTaken(replace(OTHERS, amount_minor=1)), "write", "planned", taken_by=OTHERS.ledger_id),
    row(NumberTaken(replace(OTHERS, currency="eur")), "write", "planned", taken_by=OTHERS.ledger_id),
    row(NumberTaken(replace(OTHERS, kind="invoice")), "write", "planned", taken_by=OTHERS.ledger_id),
    row(
        NumberTaken(replace(OTHERS, document_key="dkanother")), "write", "planned", taken_by=OTHERS.ledger_id
    ),
    row(NumberTaken(None), "write", "planned", taken_by=""),
    row(NumberTaken(HIT), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    # Refused, and nothing was written: sent again, now or by the next run.
    row(Stale(), "write", "planned"),
    row(Stale(), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    row(Throttled(7), "write", "planned", stop_code="throttled", wait_s=7),
    row(Throttled(None), "write", "planned", stop_code="throttled"),
    row(Throttled(7), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    row(Unauthorised("log in again"), "write", "planned", "unauthorised", stop_code="unauthorised"),
    row(Unauthorised("log in again"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    row(Down("back at noon"), "write", "planned", "ledger_down", stop_code="ledger_down"),
    row(Down("back at noon"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    # Refused until something is put right.
    row(PeriodClosed("closed until May"), "write", "held", "period_closed"),
    row(PeriodClosed("closed until May"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    row(Rejected("6000", "no such tax code"), "write", "rejected", "rejected_by_ledger", command=True),
    row(Withheld("credit_used", "used", "free it"), "write", "held", "credit_used", command=True),
    row(Withheld("credit_used", "used", "free it"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    row(Rejected("6000", "no such tax code"), "look", *UNKNOWN, age_s=10 * SETTLE_S),
    # One of several in a request, of which none was written.
    row(Apart(), "write", "planned"),
    row(Apart(), "look", *UNKNOWN, age_s=10 * SETTLE_S),
)


def follow(one: Row) -> Step:
    return next_step(CLAIMED, one.outcome, one.phase, one.age_s, SETTLE_S)


@pytest.mark.parametrize(
    "one", TABLE, ids=lambda one: f"{one.phase}-{type(one.outcome).__name__}-{one.state}"
)
def test_the_table(one: Row) -> None:
    step = follow(one)
    assert step.state == one.state
    for field in ("reason", "stop_code", "wait_s", "ledger_id", "taken_by"):
        assert getattr(step, field) == getattr(one, field), field
    assert (RETRY in (step.action or "")) == one.command


def test_the_table_is_whole() -> None:
    """Every outcome an adapter may name, as the answer to a write and as the answer to a look."""
    seen = {(type(one.outcome), one.phase) for one in TABLE}
    assert seen == {(kind, phase) for kind in get_args(Outcome) for phase in get_args(Phase)}


@pytest.mark.parametrize(
    "one", TABLE, ids=lambda one: f"{one.phase}-{type(one.outcome).__name__}-{one.state}"
)
def test_whatever_is_not_done_says_why_and_what_to_do(one: Row) -> None:
    step = follow(one)
    if step.reason is None:
        assert step.action is None
    else:
        assert step.sentence and step.action
        assert "\n" not in step.sentence + step.action


def test_only_the_word_of_the_ledger_makes_it_posted_and_only_absence_or_refusal_lets_it_be_sent_again() -> (
    None
):
    for one in TABLE:
        state = follow(one).state
        if state == "posted":
            assert isinstance(one.outcome, Posted | Found | NumberTaken)
        if state == "planned":
            assert isinstance(
                one.outcome, Absent | Apart | Stale | Throttled | Unauthorised | Down | NumberTaken
            )


def test_a_document_that_goes_without_its_number_and_is_refused_again_is_a_persons_business() -> None:
    bare = replace(CLAIMED, bare=True)
    step = next_step(bare, NumberTaken(replace(OTHERS, kind="invoice")), "write", 0, SETTLE_S)
    assert (step.state, step.reason, step.taken_by) == ("held", "number_taken", None)
    assert RETRY in (step.action or "")


def test_the_number_that_the_ledger_gave_is_kept() -> None:
    assert follow(row(Posted("7", "100-2", 11000, "usd"), "write", "posted")).number == "100-2"


@pytest.mark.parametrize("total", [11000, 11001])
@pytest.mark.parametrize("told", ["CM-77", "100", None])
def test_a_number_that_the_ledger_replaced_is_told_and_ours_stays(total: int, told: str | None) -> None:
    """Whatever the adapter says that the number is."""
    for hit in (
        Posted("7", told, total, "usd", "CM-77"),
        replace(HIT, number=told, amount_minor=total, replaced_number="CM-77"),
    ):
        step = next_step(CLAIMED, hit, "look", 0, SETTLE_S)
        assert (step.number, step.replaced_number) == ("100", "CM-77")
        assert step.state == ("posted" if total == 11000 else "held")
    assert follow(row(HIT, "look", "posted")).replaced_number is None


# ------------------------------------------------------------------------------------------------ taken


TAKEN = replace(CLAIMED, ledger_id="creditMemo/12")


def test_what_was_taken_is_read_in_the_same_run() -> None:
    step = next_step(CLAIMED, Taken("creditMemo/12"), "write", 0, SETTLE_S)
    assert step.taken and step.look
    assert step.sentence == "the ledger took it as creditMemo/12; its total is not read back yet"
    # A read that says it again would be read for ever.
    assert not next_step(TAKEN, Taken("creditMemo/12"), "look", 0, SETTLE_S).look


@pytest.mark.parametrize(
    ("outcome", "age_s", "words"),
    [
        (Absent(), 0, "it does not show it yet"),
        (Absent(), 1000 * SETTLE_S, "it does not show it yet"),
        (Absent(by_id=True), 0, "it has nothing under that id"),
        (Absent(by_id=True), SETTLE_S - 1, "it has nothing under that id"),
        (Unknown("it broke"), 1000 * SETTLE_S, "it could not be read back: it broke"),
        (Throttled(7), 1000 * SETTLE_S, "it cannot be read back yet"),
    ],
)
def test_what_was_taken_stays_unknown_and_keeps_its_id(outcome: Outcome, age_s: int, words: str) -> None:
    step = next_step(TAKEN, outcome, "look", age_s, SETTLE_S)
    assert (step.state, step.reason, step.ledger_id) == (*UNKNOWN, "creditMemo/12")
    assert step.sentence == f"the ledger took it as creditMemo/12; {words}"
    assert step.action and not step.look


def test_what_was_taken_is_written_again_once_it_was_asked_for_by_its_id_and_is_not_there() -> None:
    for age_s in (SETTLE_S, 10 * SETTLE_S):
        step = next_step(TAKEN, Absent(by_id=True), "look", age_s, SETTLE_S)
        assert (step.state, step.ledger_id) == ("planned", None)


@pytest.mark.parametrize("total", [11000, 11001])
def test_what_was_taken_and_is_read_back_is_as_if_the_ledger_had_answered_so(total: int) -> None:
    hit = replace(HIT, amount_minor=total)
    assert next_step(TAKEN, hit, "look", 0, SETTLE_S) == next_step(CLAIMED, hit, "write", 0, SETTLE_S)


def test_the_words_of_the_ledger_reach_the_person() -> None:
    said = follow(row(Rejected("6000", "no such tax code"), "write", "rejected")).sentence or ""
    assert "no such tax code" in said and "6000" in said
    said = follow(row(Posted("7", "100", 11001, "usd"), "write", "held")).sentence or ""
    assert "110.01 USD" in said and "110.00 USD" in said and "id is 7" in said
