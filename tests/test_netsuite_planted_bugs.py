"""Known wrong versions of what writes to NetSuite, each put in place for the length of a check that it must turn red; the
checks are shown to be green first.

That NetSuite takes each external id once stands between most wrong versions and a second record. So some of them show in
what never comes to an end, and not in what stands there twice.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import netsuite_wrong_versions as wrong
import pytest
from netsuite_faults import AT_READS, AT_WRITES
from netsuite_scenes import PLAYS, stage_of
from netsuite_shown import key_of
from netsuite_stage import Stage
from small_books import fast_folder
from struck_passes import Trouble, strike
from test_planted_bugs import any_total_will_do, no_answer_is_a_failure, nothing_waits_for_its_memo

from connector.ledgers.netsuite_wire import TYPES

Plant = Callable[[], AbstractContextManager[Any]]
AT_WRITE = {one.name: one for one in AT_WRITES}
AT_READ = {one.name: one for one in AT_READS}
MEMOS, OTHERS, POSTED = (
    "memos, refunds and pay-outs",
    "sales of others, voided by the RESTlet",
    "invoices and memos",
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
    for place in range(1, len(stage.places(writes=True)) + 1):
        strike(stage, trouble, place, of_writes=True, **more)


def check_clean(stage: Stage, **moods: Any) -> None:
    """Without any fault; the second pass writes nothing."""
    with stage.case(**moods) as case:
        for _ in range(2):
            assert case.sync(stage.settled_s).errors == []
            case.check_no_wrong_state()
        assert case.is_settled
        # What is written with an external id by PUT changes what has it already, and is answered as if it were new.
        assert not any(request.method == "PUT" for request in case.fake.writes())
        stage.check_result(case)


def check_a_memo_and_its_refund(stages: Stages) -> None:
    check_clean(stages.of(MEMOS))


def check_credits_that_are_applied_by_themselves(stages: Stages) -> None:
    check_clean(stages.of(MEMOS), auto_apply=True)


def check_numbers_that_are_replaced(stages: Stages) -> None:
    check_clean(stages.of(MEMOS), replaces_numbers=frozenset(TYPES))


def check_lost_after_the_write(stages: Stages) -> None:
    check_everywhere(stages.of(MEMOS), AT_WRITE["lost after"])


def check_an_un_apply_that_is_lost(stages: Stages) -> None:
    check_everywhere(stages.of(OTHERS), AT_WRITE["lost after"])


def check_a_request_that_arrives_twice(stages: Stages) -> None:
    check_everywhere(stages.of(OTHERS), AT_WRITE["arrives twice"])


def check_a_500_after_the_write(stages: Stages) -> None:
    check_everywhere(stages.of(MEMOS), AT_WRITE["500 of NetSuite, done"])


def check_too_many_at_once(stages: Stages) -> None:
    check_everywhere(stages.of(OTHERS), AT_WRITE["too many at once, says a RESTlet"])


def check_a_duplicate_that_is_none(stages: Stages) -> None:
    check_everywhere(stages.of(MEMOS), AT_WRITE["called a duplicate"])


def check_a_proxy_that_finds_nothing(stages: Stages) -> None:
    """Where a record is asked for by itself."""
    stage = stages.of(MEMOS)
    places = [at for at, one in enumerate(stage.asked[40], 1) if "/eid:" in one.path]
    assert places
    for place in places:
        strike(stage, AT_READ["page of a proxy that finds nothing"], place, index_lag_s=40)


def check_names_are_checked(stages: Stages) -> None:
    """Else NetSuite leaves out what it does not know, and goes on."""
    stage = stages.of(POSTED)
    with stage.case() as case:
        assert case.sync().errors == []
        for request in case.fake.writes():
            named = {name.lower(): text for name, text in request.headers.items()}
            assert named["x-netsuite-propertynamevalidation"] == "Error"


def check_a_total_that_differs(stages: Stages) -> None:
    """SuiteTax reckons by itself, at another rate: each memo is held and taken out again, and nothing is paid out."""
    stage = stages.of(MEMOS)
    with stage.case(ignores_override=True) as case:
        case.account.tax_rate = Decimal(20)
        assert case.sync().errors == []
        held = case.books.rows("document WHERE kind = 'credit_memo'", "state, reason")
        assert held == [("held", "total_differs")] * 4
        assert [one for one in case.account.transactions() if key_of(one) is not None] == []


CHECKS = (
    check_a_memo_and_its_refund,
    check_credits_that_are_applied_by_themselves,
    check_numbers_that_are_replaced,
    check_lost_after_the_write,
    check_an_un_apply_that_is_lost,
    check_a_request_that_arrives_twice,
    check_a_500_after_the_write,
    check_too_many_at_once,
    check_a_duplicate_that_is_none,
    check_a_proxy_that_finds_nothing,
    check_names_are_checked,
    check_a_total_that_differs,
)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
def test_the_check_is_green(stages: Stages, one: Callable[[Stages], None]) -> None:
    one(stages)


# ------------------------------------------------------------------------------------------------ wrong versions


@dataclass(frozen=True)
class Planted:
    """A wrong version, the check that it turns red, and the test that makes the same check of the right one."""

    plant: Plant
    check: Callable[[Stages], None]
    test: str


FAULTS = "test_netsuite_every_fault:test_a_fault_at_every_write"
READS = "test_netsuite_every_fault:test_a_fault_at_every_read"
HERE = "test_netsuite_planted_bugs:test_the_check_is_green"
PLANTED = (
    Planted(wrong.memo_and_refund_have_one_external_id, check_a_memo_and_its_refund, HERE),
    Planted(wrong.new_records_go_by_put, check_a_memo_and_its_refund, HERE),
    Planted(wrong.nothing_is_found_when_it_is_looked_for, check_lost_after_the_write, FAULTS),
    Planted(no_answer_is_a_failure, check_lost_after_the_write, FAULTS),
    Planted(wrong.numbers_are_the_identity, check_numbers_that_are_replaced, HERE),
    Planted(wrong.credits_are_left_to_the_preference, check_credits_that_are_applied_by_themselves, HERE),
    Planted(wrong.unknown_names_are_left_out, check_names_are_checked, HERE),
    Planted(wrong.a_payment_is_taken_off_once_more, check_an_un_apply_that_is_lost, FAULTS),
    Planted(wrong.a_duplicate_is_a_success, check_a_duplicate_that_is_none, FAULTS),
    Planted(wrong.what_was_taken_has_the_planned_total, check_a_total_that_differs, HERE),
    Planted(any_total_will_do, check_a_total_that_differs, HERE),
    Planted(nothing_waits_for_its_memo, check_a_memo_and_its_refund, HERE),
    Planted(wrong.a_500_is_a_refusal, check_a_500_after_the_write, FAULTS),
    Planted(wrong.only_429_is_too_many, check_too_many_at_once, FAULTS),
    Planted(wrong.any_404_is_an_absence, check_a_proxy_that_finds_nothing, READS),
    Planted(wrong.a_void_is_never_looked_after, check_a_request_that_arrives_twice, FAULTS),
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one.plant.__name__}-{one.check.__name__}")
def test_a_wrong_version_turns_its_check_red(stages: Stages, planted: Planted) -> None:
    with planted.plant(), pytest.raises(AssertionError):
        planted.check(stages)


@pytest.mark.parametrize("test", sorted({planted.test for planted in PLANTED}))
def test_the_test_that_kills_it_is_there(test: str) -> None:
    module, name = test.split(":")
    assert callable(getattr(importlib.import_module(module), name))
