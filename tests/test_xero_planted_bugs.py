"""Known wrong versions of what writes to Xero, each put in place for the length of a check that it must turn red; the
checks are shown to be green first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

import pytest
from small_books import fast_folder
from struck_passes import Line, Trouble, converge, run_struck, strike
from test_planted_bugs import (
    absent_is_believed_at_once,
    no_answer_is_a_failure,
    no_look_before_a_second_write,
)
from xero_answers_changed import changed_once, without_reference, without_the_first
from xero_faults import AT_WRITES
from xero_scenes import PLAYS, stage_of
from xero_sold import take_out
from xero_stage import SETTLED_S, Stage, left_open

from connector.ledgers import xero, xero_answers
from connector.ledgers.contract import Claimed, Found, Outcome, Outcomes, Posted, Rejected, Request, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.xero import XeroLedger
from connector.ledgers.xero_faults import Fault, outcome_of
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_payload import Payload, write

Plant = Callable[[], AbstractContextManager[Any]]
TROUBLES = {one.name: one for one in AT_WRITES}
NOTES, NUMBERS, SPENT = (
    "credit notes that share a request",
    "numbers that others have",
    "money received and spent",
)


@dataclass
class Stages:
    """One of each kind that a check needs, made when it is first asked for."""

    stack: ExitStack
    made: dict[str, Stage]

    def of(self, name: str) -> Stage:
        if name not in self.made:
            folder = self.stack.enter_context(fast_folder())
            self.made[name] = self.stack.enter_context(stage_of(PLAYS[name], folder))
        return self.made[name]


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    with ExitStack() as stack:
        yield Stages(stack, {})


# ------------------------------------------------------------------------------------------------ checks


def check_everywhere(stage: Stage, trouble: Trouble, **more: Any) -> None:
    for place in stage.places(writes=True):
        strike(stage, trouble, place, **more)


def check_lost_after_the_write(stages: Stages) -> None:
    check_everywhere(stages.of(SPENT), TROUBLES["lost after"])


def check_a_half_done_batch(stages: Stages) -> None:
    check_everywhere(stages.of(SPENT), TROUBLES["one done, then lost"])


def check_a_500_after_the_write(stages: Stages) -> None:
    check_everywhere(stages.of(NOTES), TROUBLES["500 that is kept, done"])


def check_one_that_is_refused_among_others(stages: Stages) -> None:
    check_everywhere(stages.of(NOTES), TROUBLES["second refused"])


def check_a_batch_that_is_refused_as_a_whole(stages: Stages) -> None:
    check_everywhere(stages.of(NOTES), TROUBLES["all refused"])


def check_lists_that_lag(stages: Stages) -> None:
    check_everywhere(stages.of(SPENT), TROUBLES["lost after"], soon=(0, 50), read_lag=60)


def check_a_request_that_arrives_late(stages: Stages) -> None:
    check_everywhere(stages.of(SPENT), TROUBLES["arrives late"])


def check_numbers_of_others(stages: Stages) -> None:
    stage = stages.of(NUMBERS)
    with stage.case() as case:
        for _ in range(2):
            case.sync(SETTLED_S)
        assert case.is_settled
        stage.check_result(case)


def check_a_refusal_that_is_tried_again_at_once(stages: Stages) -> None:
    """The key of the first request is still remembered, and with another body it would be refused."""
    stage = stages.of(NOTES)
    with stage.case() as case:
        run_struck(case, Line(TROUBLES["first refused"], stage.places(writes=True)[0]))
        assert case.sync(10).errors == []
        assert case.is_settled
        stage.check_result(case)


def check_an_answer_that_leaves_one_out(stages: Stages) -> None:
    """And says of the others no more than their ids."""
    stage = stages.of(NOTES)
    with stage.case() as case:
        with changed_once(
            case.fake, "CreditNotes", lambda rows: without_reference(without_the_first(rows))
        ) as done:
            case.sync()
        assert len(done) == 1
        case.check_no_wrong_state()
        converge(stage, case)


def check_a_note_that_a_person_voided(stages: Stages) -> None:
    """It was written by a request whose answer was lost; its number stays taken, and the next one is used."""
    stage = stages.of(NOTES)
    with stage.case() as case:
        run_struck(case, Line(TROUBLES["lost after"], stage.places(writes=True)[0]))
        lost = [one for one in case.organisation.documents("CreditNotes") if one["Status"] == "AUTHORISED"]
        assert len(lost) == 3
        for note in lost:
            take_out(case.books.hands, "CreditNotes", note)
        for _ in range(3):
            assert case.sync(SETTLED_S).errors == []
        assert case.is_settled
        assert left_open(case.organisation) == []
        assert case.organisation.trial_balance() == stage.result["trial balance"]
        paid = [one for one in case.organisation.documents("CreditNotes") if one["Status"] == "PAID"]
        assert len(paid) == 4


CHECKS = (
    check_lost_after_the_write,
    check_a_half_done_batch,
    check_a_500_after_the_write,
    check_one_that_is_refused_among_others,
    check_a_batch_that_is_refused_as_a_whole,
    check_lists_that_lag,
    check_a_request_that_arrives_late,
    check_numbers_of_others,
    check_a_refusal_that_is_tried_again_at_once,
    check_an_answer_that_leaves_one_out,
    check_a_note_that_a_person_voided,
)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
def test_the_check_is_green(stages: Stages, one: Callable[[Stages], None]) -> None:
    one(stages)


# ------------------------------------------------------------------------------------------------ wrong versions


def elements_are_taken_by_their_place() -> AbstractContextManager[Any]:
    def in_order(
        documents: Sequence[Claimed], payloads: Mapping[str, Payload], elements: Sequence[Row]
    ) -> list[Row | None]:
        return [*elements, *[None] * len(documents)][: len(documents)]

    return patch.object(xero_answers, "in_order", in_order)


def new_objects_go_by_post() -> AbstractContextManager[Any]:
    """Xero changes the object that has the number, whoever wrote it."""

    def put(plural: str, elements: Mapping[str, Mapping[str, Any]], attempt_key: str) -> Request:
        body = {plural: list(elements.values())}
        return write("POST", f"/{plural}?summarizeErrors=false&unitdp=4", body, attempt_key, tuple(elements))

    return patch.object(xero, "put", put)


@contextmanager
def one_key_for_all_attempts() -> Iterator[None]:
    """Whatever the body says by then."""
    right = XeroLedger.request

    def request(
        self: XeroLedger, documents: Sequence[Claimed], attempt_key: str
    ) -> Steps[Request | Any | Outcomes]:
        return right(self, documents, documents[0].document_key)

    with patch.object(XeroLedger, "request", request):
        yield


@contextmanager
def what_is_void_is_still_ours() -> Iterator[None]:
    right = xero_answers.holder_of

    def holder_of(row: Row, home: str) -> Found:
        found = right(row, home)
        note = read_reference(row)
        return replace(found, document_key=note.document_key, kind=(found.kind or "").removeprefix("void "))

    with patch.object(xero_answers, "holder_of", holder_of):
        yield


@contextmanager
def a_500_is_a_refusal() -> Iterator[None]:
    right = outcome_of

    def wrong(fault: Fault) -> Outcome:
        return Rejected("500", fault.words) if fault.status == 500 else right(fault)

    with patch.object(xero_answers, "outcome_of", wrong):
        yield


@contextmanager
def whatever_has_status_200_was_written() -> Iterator[None]:
    right = xero_answers.read_element

    def read_element(claimed: Claimed, payload: Payload, plural: str, element: Row) -> Steps[Outcome]:
        if element.get("StatusAttributeString") == "ERROR":
            return Posted("1", claimed.number, claimed.amount_minor, claimed.currency)
        return (yield from right(claimed, payload, plural, element))

    with patch.object(xero_answers, "read_element", read_element):
        yield


@contextmanager
def all_of_a_refused_batch_are_refused() -> Iterator[None]:
    right = xero_answers.read_answer

    def read_answer(
        documents: Sequence[Claimed], payloads: Mapping[str, Payload], request: Request, answer: Any
    ) -> Steps[Outcomes]:
        whole = xero_answers.outcome_of_all(answer)
        if isinstance(whole, Rejected):
            return {one.document_key: whole for one in documents}
        return (yield from right(documents, payloads, request, answer))

    with patch.object(xero, "read_answer", read_answer):
        yield


@dataclass(frozen=True)
class Planted:
    """A wrong version, the check that it turns red, and the test that makes the same check of the right one."""

    plant: Plant
    check: Callable[[Stages], None]
    test: str


FAULTS = "test_xero_every_fault:test_a_fault_at_every_write"
SOON = "test_xero_every_fault:test_passes_that_come_soon_write_nothing_twice"
HERE = "test_xero_planted_bugs:test_the_check_is_green"
PLANTED = (
    Planted(no_answer_is_a_failure, check_lost_after_the_write, FAULTS),
    Planted(no_answer_is_a_failure, check_a_half_done_batch, FAULTS),
    Planted(no_look_before_a_second_write, check_lost_after_the_write, FAULTS),
    Planted(no_look_before_a_second_write, check_a_half_done_batch, FAULTS),
    Planted(absent_is_believed_at_once, check_lists_that_lag, SOON),
    Planted(absent_is_believed_at_once, check_a_request_that_arrives_late, FAULTS),
    Planted(elements_are_taken_by_their_place, check_an_answer_that_leaves_one_out, HERE),
    Planted(new_objects_go_by_post, check_numbers_of_others, HERE),
    Planted(one_key_for_all_attempts, check_a_refusal_that_is_tried_again_at_once, HERE),
    Planted(what_is_void_is_still_ours, check_a_note_that_a_person_voided, HERE),
    Planted(a_500_is_a_refusal, check_a_500_after_the_write, FAULTS),
    Planted(whatever_has_status_200_was_written, check_one_that_is_refused_among_others, FAULTS),
    Planted(all_of_a_refused_batch_are_refused, check_a_batch_that_is_refused_as_a_whole, FAULTS),
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one.plant.__name__}-{one.check.__name__}")
def test_a_wrong_version_turns_its_check_red(stages: Stages, planted: Planted) -> None:
    with planted.plant(), pytest.raises(AssertionError):
        planted.check(stages)


@pytest.mark.parametrize("test", sorted({planted.test for planted in PLANTED}))
def test_the_test_that_kills_it_is_there(test: str) -> None:
    module, name = test.split(":")
    assert callable(getattr(importlib.import_module(module), name))
