"""Carrying documents into a ledger: look first where in doubt, then write, wave after wave.

A document is sent when everything it follows is posted. Its bytes are stored before they leave, its outcome after the
answer came; between the two it is `sending`, and after a crash `unknown`. No request is made inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from connector.delivery.outbox import Outbox, claimed_from
from connector.delivery.outcome import GIVEN_UP, TRIED_AGAIN, Step, give_up, next_step
from connector.errors import Stopped
from connector.ledgers.contract import Claimed, Courier, Ledger, Unknown, run_steps
from connector.world import World

# The longest time a request may take; it must not outlive the lease that it was sent under.
REQUEST_TIMEOUT_S = 30
PAGE = 1000


# What keeps a document back that follows one in this state.
BLOCKED = {
    "held": "is held",
    "rejected": "the ledger refused",
    "skipped": "was left out",
    "absent": "is not planned any more",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a ledger's pass ended before everything was sent."""

    code: str
    sentence: str


STOPPED = Stop(Stopped.code, Stopped.sentence)
NOT_SENT = Step(
    "planned",
    reason="lease_held",
    sentence="the lease on these books ran out before the request was sent",
    action=TRIED_AGAIN,
    stop_code="lease_held",
)


class Push:
    """One ledger's open documents, carried as far as they go in this run."""

    def __init__(
        self,
        world: World,
        outbox: Outbox,
        ledger: Ledger,
        courier: Courier,
        settle_after_s: int,
        longest_wait_s: int,
        batch_size: int,
        should_stop: Callable[[], bool],
    ) -> None:
        self.world = world
        self.outbox = outbox
        self.ledger = ledger
        self.courier = courier
        self.settle_after_s = settle_after_s
        self.longest_wait_s = longest_wait_s
        self.batch_size = batch_size
        self.should_stop = should_stop
        self.progress: Callable[[int], None] = lambda count: None
        self.sent = 0
        self.bared = 0
        self.forgotten = 0
        self.told = False

    def settle_doubts(self) -> None:
        """What an earlier run left in doubt is looked for, before anything is decided upon it or written again."""
        self.outbox.recover()
        self.look_at_unknown()

    def run(self, progress: Callable[[int], None]) -> Stop | None:
        """Write until nothing more can be sent, telling `progress` of each batch. Returns why it stopped early, or None.

        `forgotten` counts refunds and sales whose number the ledger refused: they are to be decided anew.
        """
        self.progress = progress
        self.outbox.free_held()
        self.forgotten = 0
        done = None
        # A document may follow one of greater depth (a replacement follows the reversal of what it replaces).
        while done != (self.sent, self.bared):
            done = (self.sent, self.bared)
            stop = self.sweep()
            if stop is not None:
                self.outbox.give_up(stop.code, stop.sentence)
                return stop
            if self.told:
                self.told = False
                self.sent += self.look_at_unknown()
        return None

    def sweep(self) -> Stop | None:
        """Send everything that is ready, once."""
        for wave in self.waves():
            for batch in self.batches(self.ready(wave)):
                if self.should_stop():
                    return STOPPED
                stop = self.send(batch)
                if stop is not None:
                    return stop
        return None

    def waves(self) -> Iterator[list[Any]]:
        """Planned documents, page by page, those of one depth together: what they follow was sent before them."""
        for rows in self.outbox.pages("planned", PAGE):
            for _, wave in groupby(rows, key=lambda row: row.depth):
                yield list(wave)

    def look_at_unknown(self) -> int:
        """Is the effect of each doubtful document there? Found is posted, absent (for long enough) is planned again.

        Returns how many were found.
        """
        found = 0
        for rows in self.outbox.pages("unknown", PAGE):
            by_key = {row.document_key: row for row in rows}
            claimed = {key: claimed_from(row) for key, row in by_key.items()}
            seen = run_steps(self.ledger.look(list(claimed.values())), self.courier)
            sent = self.outbox.last_sent(list(by_key))
            steps = {}
            for key, one in claimed.items():
                age_s = self.world.now() - sent.get(key, 0)
                outcome = seen.get(key, Unknown("the ledger did not say whether it is there"))
                step = next_step(one, outcome, "look", age_s, self.settle_after_s)
                steps[key] = give_up(step) if by_key[key].reason == GIVEN_UP else step
            self.outbox.settle(steps, by_key)
            found += sum(step.state == "posted" for step in steps.values())
        return found

    def ready(self, rows: Sequence[Any]) -> list[Any]:
        """Those whose forerunners are all posted; those behind a held credit memo are held with it."""
        parents = self.outbox.parent_states(rows)
        ready, stuck = [], {}
        for row in rows:
            states = [parents.get(key, ("absent", "")) for key in row.after_keys.split()]
            # The reversal of what was never written is not waited for.
            states = [one for one in states if one != ("skipped", "reversal")]
            if all(state in ("posted", "adopted", "reversed") for state, _ in states):
                ready.append(row)
                continue
            blocking = next(((BLOCKED[state], kind) for state, kind in states if state in BLOCKED), None)
            if blocking is not None:
                why, kind = blocking
                stuck[row.document_key] = Step(
                    "held",
                    reason="credit_memo_not_posted",
                    sentence=f"it waits for the {kind.replace('_', ' ') or 'document'} before it, which {why}",
                    action="free that document first; this one follows by itself",
                )
        if stuck:
            self.outbox.settle(stuck, {row.document_key: row for row in rows})
        return ready

    def batches(self, rows: Sequence[Any]) -> Iterator[list[Any]]:
        """Documents that may share a request, in order."""
        for _, group in groupby(rows, key=lambda row: (row.depth, row.batch_group)):
            members = list(group)
            for start in range(0, len(members), self.batch_size):
                yield members[start : start + self.batch_size]

    def send(self, rows: list[Any]) -> Stop | None:
        """One request: bytes stored, sent, answer stored. Waits and sends again where the ledger asks to slow down."""
        waited_s = 0
        while True:
            steps = self.send_once(rows)
            ending = next((step for step in steps.values() if step.stop_code is not None), None)
            if ending is None:
                return None
            wait_s = self.ledger.capabilities.throttle_wait_s if ending.wait_s is None else ending.wait_s
            waited_s += wait_s
            # All waits for one request together: a ledger that always says "in a second" must not hold the books.
            if ending.stop_code != "throttled" or waited_s > self.longest_wait_s:
                return Stop(
                    ending.stop_code or "",
                    ending.sentence or "the ledger asked to slow down; the next run goes on",
                )
            if not self.wait(wait_s):
                return STOPPED
            rows = [row for row in rows if steps[row.document_key].state == "planned"]

    def send_once(self, rows: list[Any]) -> dict[str, Step]:
        """One attempt; what became of each document is stored."""
        claimed = [claimed_from(row) for row in rows]
        attempt_key = self.world.new_id()
        request = run_steps(self.ledger.request(claimed, attempt_key), self.courier)
        self.outbox.begin(attempt_key, request, [one.document_key for one in claimed])
        if self.outbox.lease.left_s() < REQUEST_TIMEOUT_S:
            steps = {one.document_key: NOT_SENT for one in claimed}
        else:
            answer = self.courier.carry(request)
            steps = self.read(claimed, self.ledger.read(claimed, request, answer))
        renumbered = self.outbox.settle(steps, {row.document_key: row for row in rows}, attempt_key)
        self.bared += renumbered.bare
        self.forgotten += renumbered.forgotten
        self.told = self.told or any(step.look for step in steps.values())
        posted = sum(step.state == "posted" for step in steps.values())
        self.sent += posted
        self.progress(posted)
        return steps

    def read(self, claimed: Sequence[Claimed], outcomes: dict[str, Any]) -> dict[str, Step]:
        """One step for each document; an outcome that is missing is unknown."""
        missing = Unknown("the answer says nothing about it")
        return {
            one.document_key: next_step(
                one, outcomes.get(one.document_key, missing), "write", 0, self.settle_after_s
            )
            for one in claimed
        }

    def wait(self, seconds: int) -> bool:
        """Sleep as long as the ledger asks; False where the pass is to stop meanwhile."""
        for _ in range(seconds):
            if self.should_stop():
                return False
            self.world.sleep(1)
        return True
