"""Requests of a wave, carried together: which leave, and what became of the documents of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from connector.delivery.in_flight import InFlight, Sending
from connector.delivery.outbox import Outbox
from connector.delivery.outcome import TRIED_AGAIN, Step, next_step, retry_command
from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    Courier,
    Ledger,
    Outcomes,
    Partly,
    Posted,
    Request,
    Unknown,
    run_steps,
)
from connector.world import World

NOT_SENT = Step(
    "planned",
    reason="lease_held",
    sentence="the lease on these books ran out before the request was sent",
    action=TRIED_AGAIN,
    stop_code="lease_held",
)
# It waited behind others until somebody asked to stop, or its lease was too short.
LEFT_BEHIND = Step("planned", left_behind=True)


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of each document, and the keys of the attempts of which the request did not leave."""

    steps: dict[str, Step]
    unsent: list[str]


class Carrier:
    """Carries requests to one ledger, so many at once, and reads its answers. `timeout_s` is the longest time that a
    request may take, `settle_after_s` how long an absent answer is not believed."""

    def __init__(
        self,
        world: World,
        outbox: Outbox,
        ledger: Ledger,
        courier: Courier,
        concurrency: int,
        timeout_s: int,
        settle_after_s: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self.world = world
        self.outbox = outbox
        self.ledger = ledger
        self.courier = courier
        self.in_flight = InFlight(courier, concurrency)
        self.timeout_s = timeout_s
        self.settle_after_s = settle_after_s
        self.should_stop = should_stop

    def make(self, documents: Sequence[Claimed]) -> tuple[Sending | None, dict[str, Step]]:
        """The one request for these, if there is anything to send, and what became of those that it is not for."""
        attempt_key = self.world.new_id()
        made = run_steps(self.ledger.request(documents, attempt_key), self.courier)
        if isinstance(made, Request):
            return Sending(attempt_key, made, documents), {}
        if not isinstance(made, Partly):
            return None, self.read(documents, made)
        kept = [one for one in documents if one.document_key in made.outcomes]
        others = [one for one in documents if one.document_key not in made.outcomes]
        return Sending(attempt_key, made.request, others), self.read(kept, made.outcomes)

    def carry(self, sendings: Sequence[Sending]) -> Carried:
        """The bytes of these are stored. None leaves any more once the ledger asks to wait or cannot be written to,
        somebody asks to stop, or the lease under which they were stored may end before the answer."""
        leave_by = self.outbox.lease.until - self.timeout_s
        steps: dict[str, Step] = {}
        unsent: list[Sending] = []
        ending: Step | None = None

        def may_leave() -> bool:
            stopping = bool(steps) and self.should_stop()
            return ending is None and not stopping and self.world.now() <= leave_by

        with closing(self.in_flight.carry(sendings, may_leave)) as answered:
            for sending, answer in answered:
                if answer is None:
                    unsent.append(sending)
                    continue
                said = self.read(sending.documents, self.outcomes_of(sending, answer))
                steps.update(said)
                ending = ending or next((step for step in said.values() if step.stop_code is not None), None)
        # They wait with the one that was told to, or end the pass with it; else their turn comes at once.
        behind = ending or (LEFT_BEHIND if steps else NOT_SENT)
        steps.update(dict.fromkeys((key for one in unsent for key in one.keys), behind))
        return Carried(steps, [one.attempt_key for one in unsent])

    def outcomes_of(self, sending: Sending, answer: Answer) -> Outcomes:
        """What the answer says; one that no adapter foresaw says nothing, and does not end the run of the others."""
        try:
            return run_steps(self.ledger.read(sending.documents, sending.request, answer), self.courier)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            why = Unknown(f"the answer cannot be understood ({type(error).__name__})")
            return dict.fromkeys(sending.keys, why)

    def read(self, claimed: Sequence[Claimed], outcomes: Outcomes) -> dict[str, Step]:
        """One step for each document; an outcome that is missing is unknown."""
        missing = Unknown("the answer says nothing about it")
        return {
            one.document_key: next_step(
                one, outcomes.get(one.document_key, missing), "write", 0, self.settle_after_s
            )
            for one in claimed
        }

    def take_out(self, claimed: Claimed, row: Any, step: Step) -> None:
        """Undo what was just written with another total than planned, where the ledger lets that be done safely."""
        posted = Posted(step.ledger_id or "", step.number, claimed.amount_minor, claimed.currency)
        attempt_key = self.world.new_id()
        request = self.ledger.undo(claimed, posted, attempt_key)
        if request is None:
            return
        self.outbox.begin([(attempt_key, request, [claimed.document_key])], state=step.state)
        if self.outbox.lease.left_s() < self.timeout_s:
            return
        answer = self.courier.carry(request)
        outcomes = self.outcomes_of(Sending(attempt_key, request, [claimed]), answer)
        if isinstance(outcomes.get(claimed.document_key), Absent):
            words = f"{step.sentence}; it was taken out of the ledger again"
            again = f"correct the cause (see taxes and items), then: {retry_command(claimed)}"
            gone = replace(step, ledger_id=None, replaced_number=None, sentence=words, action=again)
            self.outbox.settle({claimed.document_key: gone}, {claimed.document_key: row}, {attempt_key: ()})
