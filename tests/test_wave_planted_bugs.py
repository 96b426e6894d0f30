"""Known wrong versions of what carries waves: each must turn the test red that is there for it, which is green without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import test_in_flight as in_flight
import test_waves as waves

from connector.delivery import batches, carrier, outbox, outcome, push
from connector.delivery.in_flight import InFlight, Sending
from connector.delivery.outbox import Outbox
from connector.delivery.outcome import Step, arrived, next_step
from connector.delivery.push import REQUEST_TIMEOUT_S, Push
from connector.ledgers.contract import Absent, Claimed

Plant = Callable[[], AbstractContextManager[Any]]


def an_id_is_as_good_as_a_total() -> AbstractContextManager[Any]:
    return patch.object(outcome, "taken", lambda one: Step("posted", one.ledger_id))


def what_an_index_does_not_show_is_absent() -> AbstractContextManager[Any]:
    def wrong(claimed: Claimed, seen: Any, phase: Any, age_s: int, settle_after_s: int) -> Step:
        return next_step(replace(claimed, ledger_id=None), seen, phase, age_s, settle_after_s)

    return patch.object(push, "next_step", wrong)


def what_is_gone_under_its_id_stays_unknown_for_ever() -> AbstractContextManager[Any]:
    def wrong(claimed: Claimed, seen: Any, phase: Any, age_s: int, settle_after_s: int) -> Step:
        seen = Absent() if isinstance(seen, Absent) else seen
        return next_step(claimed, seen, phase, age_s, settle_after_s)

    return patch.object(push, "next_step", wrong)


def a_doubt_forgets_the_id() -> AbstractContextManager[Any]:
    right = outcome.not_read_back

    def wrong(seen: Any, ledger_id: str) -> Step:
        return replace(right(seen, ledger_id), ledger_id=None)

    return patch.object(outcome, "not_read_back", wrong)


def a_run_writes_again_what_it_wrote() -> AbstractContextManager[Any]:
    return patch.object(push, "not_read_back", lambda seen, ledger_id: Step("planned"))


def the_look_is_not_told_the_id() -> AbstractContextManager[Any]:
    right = Outbox.claim

    def claim(self: Outbox, rows: Any, parents: Any = None, taken: Any = ()) -> list[Claimed]:
        return right(self, rows, parents)

    return patch.object(Outbox, "claim", claim)


def no_read_in_the_same_run() -> AbstractContextManager[Any]:
    return patch.object(Push, "look_at_unknown", lambda self: 0)


def a_look_for_each_document() -> AbstractContextManager[Any]:
    right = Outbox.pages

    def pages(self: Outbox, state: str, size: int) -> Iterator[list[Any]]:
        return right(self, state, 100 if state == "unknown" else size)

    return patch.object(Outbox, "pages", pages)


def a_look_behind_each_group() -> AbstractContextManager[Any]:
    right = Push.send

    def send(self: Push, some: Any) -> Any:
        stop = right(self, some)
        self.sent += self.look_at_unknown()
        return stop

    return patch.object(Push, "send", send)


def nothing_is_taken_out() -> AbstractContextManager[Any]:
    return patch.object(Push, "read_back", lambda self, steps, claimed, rows: None)


def whatever_differs_is_taken_out() -> AbstractContextManager[Any]:
    def read_back(self: Push, steps: Any, claimed: Any, rows: Any) -> None:
        for key, step in steps.items():
            if step.reason == "total_differs":
                self.carrier.take_out(claimed[key], rows[key], step)

    return patch.object(Push, "read_back", read_back)


def progress_when_it_is_read_back() -> AbstractContextManager[Any]:
    right = Push.look_at_unknown

    def look_at_unknown(self: Push) -> int:
        found = right(self)
        self.progress(found)
        return found

    return patch.object(Push, "look_at_unknown", look_at_unknown)


def progress_only_when_it_is_posted() -> AbstractContextManager[Any]:
    right = Push.send_once

    def send_once(self: Push, some: Any) -> dict[str, Step]:
        tell, self.progress = self.progress, lambda count: None
        steps = right(self, some)
        self.progress = tell
        tell(sum(step.state == "posted" for step in steps.values()))
        return steps

    return patch.object(Push, "send_once", send_once)


def the_ledgers_number_becomes_ours() -> AbstractContextManager[Any]:
    def wrong(claimed: Claimed, hit: Any) -> Step:
        return replace(arrived(claimed, hit), number=hit.replaced_number or hit.number)

    return patch.object(outcome, "arrived", wrong)


def the_ledgers_number_is_not_told() -> AbstractContextManager[Any]:
    def wrong(claimed: Claimed, hit: Any) -> Step:
        return replace(arrived(claimed, hit), replaced_number=None)

    return patch.object(outcome, "arrived", wrong)


def a_request_leaves_as_soon_as_it_is_stored() -> AbstractContextManager[Any]:
    def init(self: Push, *arguments: Any, **more: Any) -> None:
        right(self, *arguments, **more)
        self.leaves_late_s = REQUEST_TIMEOUT_S

    right = Push.__init__
    return patch.object(Push, "__init__", init)


@contextmanager
def all_wait_for_the_slowest() -> Iterator[None]:
    with patch.object(batches, "ROUNDS", 1), patch.object(in_flight, "LONG_S", 0.2):
        yield


def as_many_at_once_as_are_stored() -> AbstractContextManager[Any]:
    right = InFlight.carry

    def carry(self: InFlight, sendings: Sequence[Sending], may_leave: Callable[[], bool]) -> Any:
        self.places = max(self.places, len(sendings))
        return right(self, sendings, may_leave)

    return patch.object(InFlight, "carry", carry)


def nothing_keeps_a_request() -> AbstractContextManager[Any]:
    right = InFlight.carry

    def carry(self: InFlight, sendings: Sequence[Sending], may_leave: Callable[[], bool]) -> Any:
        return right(self, sendings, lambda: True)

    return patch.object(InFlight, "carry", carry)


def what_did_not_leave_stays_an_attempt() -> AbstractContextManager[Any]:
    return patch.object(outbox, "withdraw_attempts", lambda connection, keys: None)


def what_did_not_leave_is_unknown() -> AbstractContextManager[Any]:
    return patch.object(carrier, "LEFT_BEHIND", Step("unknown", reason="outcome_unknown"))


def what_did_not_leave_is_forgotten() -> AbstractContextManager[Any]:
    return patch.object(carrier, "LEFT_BEHIND", Step("planned"))


@dataclass(frozen=True)
class Planted:
    """A wrong version, and the test that it turns red."""

    plant: Plant
    test: Callable[..., None]
    arguments: tuple[Any, ...] = ()


ENDS = (in_flight.REFUSED, "unauthorised")
PLANTED = (
    Planted(
        an_id_is_as_good_as_a_total,
        waves.test_what_stands_with_another_total_is_taken_out_by_the_run_that_wrote_it,
    ),
    Planted(
        what_an_index_does_not_show_is_absent,
        waves.test_an_index_that_does_not_show_it_never_has_it_written_again,
    ),
    Planted(
        what_is_gone_under_its_id_stays_unknown_for_ever,
        waves.test_what_is_gone_under_its_id_is_written_again_once_the_ledger_has_settled,
    ),
    Planted(
        a_doubt_forgets_the_id,
        waves.test_what_is_gone_under_its_id_is_written_again_once_the_ledger_has_settled,
    ),
    Planted(a_run_writes_again_what_it_wrote, waves.test_what_this_run_wrote_it_does_not_write_again),
    Planted(the_look_is_not_told_the_id, waves.test_each_is_asked_for_by_its_id),
    Planted(
        no_read_in_the_same_run,
        waves.test_the_memos_of_a_wave_are_read_back_together_and_their_cash_legs_follow,
    ),
    Planted(
        a_look_for_each_document,
        waves.test_the_memos_of_a_wave_are_read_back_together_and_their_cash_legs_follow,
    ),
    Planted(
        a_look_behind_each_group,
        waves.test_the_memos_of_a_wave_are_read_back_together_and_their_cash_legs_follow,
    ),
    Planted(
        nothing_is_taken_out,
        waves.test_what_stands_with_another_total_is_taken_out_by_the_run_that_wrote_it,
    ),
    Planted(whatever_differs_is_taken_out, waves.test_what_an_earlier_run_wrote_is_left_to_a_person),
    Planted(
        progress_when_it_is_read_back,
        waves.test_progress_moves_while_a_wave_is_written_and_counts_each_document_once,
    ),
    Planted(
        progress_only_when_it_is_posted,
        waves.test_progress_moves_while_a_wave_is_written_and_counts_each_document_once,
    ),
    Planted(
        the_ledgers_number_becomes_ours, waves.test_a_number_that_the_ledger_replaced_is_kept_beside_ours
    ),
    Planted(the_ledgers_number_is_not_told, waves.test_a_number_that_the_ledger_replaced_is_kept_beside_ours),
    Planted(
        a_request_leaves_as_soon_as_it_is_stored,
        waves.test_a_request_of_a_run_that_died_may_have_left_as_late_as_its_lease_allowed,
    ),
    Planted(all_wait_for_the_slowest, in_flight.test_the_slowest_of_them_does_not_keep_the_others),
    Planted(as_many_at_once_as_are_stored, in_flight.test_no_more_are_under_way_than_the_ledger_takes),
    Planted(nothing_keeps_a_request, in_flight.test_what_has_not_left_when_somebody_stops_does_not_leave),
    Planted(
        nothing_keeps_a_request, in_flight.test_an_answer_that_ends_the_pass_keeps_what_has_not_left, ENDS
    ),
    Planted(
        nothing_keeps_a_request,
        in_flight.test_a_ledger_that_asks_to_slow_down_is_asked_no_more_until_it_was_waited,
    ),
    Planted(
        nothing_keeps_a_request,
        in_flight.test_none_leaves_with_less_of_its_lease_left_than_it_may_take,
    ),
    Planted(nothing_keeps_a_request, in_flight.test_a_group_of_which_none_can_leave_ends_the_pass),
    Planted(
        what_did_not_leave_stays_an_attempt,
        in_flight.test_what_has_not_left_when_somebody_stops_does_not_leave,
    ),
    Planted(
        what_did_not_leave_stays_an_attempt,
        in_flight.test_none_leaves_with_less_of_its_lease_left_than_it_may_take,
    ),
    Planted(
        what_did_not_leave_is_unknown, in_flight.test_what_has_not_left_when_somebody_stops_does_not_leave
    ),
    Planted(
        what_did_not_leave_is_forgotten,
        in_flight.test_none_leaves_with_less_of_its_lease_left_than_it_may_take,
    ),
)


@pytest.mark.parametrize(
    "planted", PLANTED, ids=lambda one: f"{one.plant.__name__}-{one.test.__name__.removeprefix('test_')}"
)
def test_a_wrong_version_turns_its_test_red(tmp_path: Path, planted: Planted) -> None:
    with planted.plant(), pytest.raises(AssertionError):
        planted.test(tmp_path, *planted.arguments)
