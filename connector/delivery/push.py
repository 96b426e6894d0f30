"""Carrying documents into a ledger: look first where in doubt, then write, wave after wave.

A document is sent when everything it follows is posted. Its bytes are stored before they leave, its outcome after the
answer came; between the two it is `sending`, and after a crash `unknown`. No request is made inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from connector.decisions.pages import discard_unsent
from connector.delivery.attempts import LastSent, last_sent
from connector.delivery.batches import at_once, batches_of
from connector.delivery.carrier import Carrier
from connector.delivery.forerunners import part_ready
from connector.delivery.in_flight import Sending
from connector.delivery.outbox import Outbox, Parents
from connector.delivery.outcome import GIVEN_UP, Step, give_up, next_step, not_read_back
from connector.delivery.replaced_numbers import ReplacedNumbers
from connector.errors import Stopped
from connector.ledgers.contract import Claimed, Courier, Ledger, Unknown, run_steps
from connector.pace import SECOND_MS
from connector.store.lease import LEASE_S
from connector.world import World

# The longest time a request may take; it must not outlive the lease that it was sent under.
REQUEST_TIMEOUT_S = 30
PAGE = 1000
# While it waits the pass keeps its lease, which ends sooner than some ledgers want us to wait.
RENEW_EVERY_S = 20
SHORTEST_WAIT_MS = 250


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a ledger's pass ended before everything was sent."""

    code: str
    sentence: str


STOPPED = Stop(Stopped.code, Stopped.sentence)


@dataclass(frozen=True, slots=True)
class PushLimits:
    """How long an absent answer is not believed, and how long a search may not show a write yet; how long to wait where a
    ledger that asks to slow down names no time, and how long altogether; how many requests are in flight."""

    settle_after_s: int = 0
    shows_all_after_s: int = 0
    throttle_wait_ms: int = SECOND_MS
    longest_wait_s: int = 90
    concurrency: int = 1


class Push:
    """One ledger's open documents, carried as far as they go in this run."""

    def __init__(
        self,
        world: World,
        outbox: Outbox,
        ledger: Ledger,
        courier: Courier,
        limits: PushLimits,
        should_stop: Callable[[], bool],
        tell: Callable[[str, str], str] = lambda code, sentence: sentence,
    ) -> None:
        """`tell` says, by code and sentence, why the run stopped to a person who may do something about it."""
        self.world = world
        self.tell = tell
        self.outbox = outbox
        self.ledger = ledger
        self.courier = courier
        self.limits = limits
        self.should_stop = should_stop
        self.progress: Callable[[int], None] = lambda count: None
        self.sent = 0
        self.bared = 0
        self.forgotten = 0
        self.told = False
        # Keys of documents that this run wrote, and of which the ledger has told no more than an id so far.
        self.taken: set[str] = set()
        self.replaced = ReplacedNumbers()
        self.carrier = Carrier(
            world,
            outbox,
            ledger,
            courier,
            limits.concurrency,
            REQUEST_TIMEOUT_S,
            limits.settle_after_s,
            should_stop,
        )
        # Of the wave that is being sent: what it follows, and what its requests need.
        self.parents: Parents = {}
        self.claimed: dict[str, Claimed] = {}
        # A request may leave so much later than it was stored: it waits its turn, or for an access token. With its lease
        # it is over.
        self.leaves_late_s = LEASE_S if limits.settle_after_s and limits.concurrency > 1 else 0

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
        known = self.ledger.remember()
        done = None
        # A document may follow one of greater depth (a replacement follows the reversal of what it replaces).
        while done != (self.sent, self.bared) and not self.forgotten:
            done = (self.sent, self.bared)
            stop = self.sweep()
            if stop is not None:
                stop = replace(stop, sentence=self.tell(stop.code, stop.sentence))
                self.outbox.give_up(stop.code, stop.sentence)
                return stop
            if self.told:
                self.told = False
                self.sent += self.look_at_unknown()
        if self.forgotten and self.ledger.remember() != known:
            # What a refusal taught about numbers holds for everything that waits; else each would be refused.
            discard_unsent(self.outbox.engine, self.outbox.lease, self.outbox.ledger)
        return None

    def sweep(self) -> Stop | None:
        """Send everything that is ready, once."""
        for wave in self.waves():
            ready = self.ready(wave)
            if self.should_stop():
                return STOPPED
            self.claimed = {one.document_key: one for one in self.outbox.claim(ready, self.parents)}
            run_steps(self.ledger.prepare(list(self.claimed.values())), self.courier)
            for some in self.at_once(batches_of(ready, self.ledger.capabilities)):
                if self.should_stop():
                    return STOPPED
                stop = self.send(some)
                if stop is not None or self.forgotten:
                    # Where a number was refused, those of the same sale are to be planned anew before they are sent.
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
            sent = last_sent(self.outbox.engine, list(by_key), self.leaves_late_s)
            taken = {key for key, last in sent.items() if last.taken}
            claimed = {one.document_key: one for one in self.outbox.claim(rows, taken=taken)}
            # Not the end of the look, which may have waited: what it says is of the moment when it asked.
            asked = self.world.now()
            seen = run_steps(self.ledger.look(list(claimed.values())), self.courier)
            steps = {}
            for key, one in claimed.items():
                age_s = asked - sent.get(key, LastSent(0)).at
                outcome = seen.get(key, Unknown("the ledger did not say whether it is there"))
                step = next_step(one, outcome, "look", age_s, self.limits.settle_after_s)
                if step.state == "planned" and key in self.taken:
                    # What this run wrote it does not write again: the ledger has just said that it took it.
                    step = not_read_back(outcome, one.ledger_id or "")
                steps[key] = give_up(step) if by_key[key].reason == GIVEN_UP else step
            self.outbox.settle(steps, by_key)
            found += sum(step.state == "posted" for step in steps.values())
            self.read_back(steps, claimed, by_key)
        return found

    def read_back(
        self, steps: Mapping[str, Step], claimed: Mapping[str, Claimed], rows: Mapping[str, Any]
    ) -> None:
        """What a look found of documents that this run wrote is as if the ledger had answered so at once."""
        self.replaced.note(steps, rows)
        for key, step in steps.items():
            if key in self.taken and step.state != "unknown":
                self.taken.discard(key)
                if step.reason == "total_differs":
                    self.carrier.take_out(claimed[key], rows[key], step)

    def ready(self, rows: Sequence[Any]) -> list[Any]:
        """Those whose forerunners are all posted; those behind a held credit memo are held with it."""
        self.parents = self.outbox.parent_states(rows)
        ready, stuck = part_ready(self.outbox, rows, self.parents)
        if stuck:
            self.outbox.settle(stuck, {row.document_key: row for row in rows})
        return ready

    def at_once(self, batches: Sequence[list[Any]]) -> Iterator[Sequence[list[Any]]]:
        return at_once(batches, self.limits.concurrency)

    def send(self, batches: Sequence[list[Any]]) -> Stop | None:
        """Some requests at once. Waits and sends again what the ledger asks to slow down with."""
        waited_ms = 0
        while True:
            steps = self.send_once(batches)
            apart = [row for rows in batches for row in rows if steps[row.document_key].apart]
            stop = self.send_apart(apart)
            if stop is not None:
                return stop
            ending = next((step for step in steps.values() if step.stop_code is not None), None)
            if ending is None:
                behind = [[row for row in rows if steps[row.document_key].left_behind] for rows in batches]
                batches = [rows for rows in behind if rows]
                if not batches or self.should_stop():
                    return STOPPED if batches else None
                continue
            wait_ms = self.limits.throttle_wait_ms if ending.wait_s is None else ending.wait_s * SECOND_MS
            # Who says "at once", over and over, is not asked without a pause.
            wait_ms = max(wait_ms, SHORTEST_WAIT_MS)
            waited_ms += wait_ms
            # All waits for one request together: a ledger that always says "in a second" must not hold the books.
            stopping = next((s for s in steps.values() if s.stop_code not in (None, "throttled")), None)
            if stopping is not None or waited_ms > self.limits.longest_wait_s * SECOND_MS:
                ending = stopping or ending
                return Stop(
                    ending.stop_code or "",
                    ending.sentence or "the ledger asked to slow down; the next run goes on",
                )
            if not self.wait(wait_ms):
                return STOPPED
            again = [[row for row in rows if steps[row.document_key].stop_code] for rows in batches]
            batches = [rows for rows in again if rows]

    def send_apart(self, rows: Sequence[Any]) -> Stop | None:
        """Those of a request that was refused as a whole, each in a request of its own."""
        for some in self.at_once([[row] for row in rows]):
            stop = STOPPED if self.should_stop() else self.send(some)
            if stop is not None:
                return stop
        return None

    def send_once(self, batches: Sequence[list[Any]]) -> dict[str, Step]:
        """One attempt for each batch, all carried at once; what became of each document is stored."""
        rows = {row.document_key: row for batch in batches for row in batch}
        claimed = {key: self.claimed[key] for key in rows}
        steps: dict[str, Step] = {}
        sendings: list[Sending] = []
        for batch in batches:
            sending, done = self.carrier.make([claimed[row.document_key] for row in batch])
            sendings += [sending] if sending is not None else []
            steps.update(done)
        self.outbox.begin([(s.attempt_key, s.request, s.keys) for s in sendings])
        carried = self.carrier.carry(sendings)
        steps.update(carried.steps)
        steps.update(self.told_apart(steps, rows))
        attempts = {s.attempt_key: s.keys for s in sendings if s.attempt_key not in carried.unsent}
        renumbered = self.outbox.settle(steps, rows, attempts, carried.unsent)
        self.bared += renumbered.bare
        self.forgotten += renumbered.forgotten
        self.told = self.told or any(step.look for step in steps.values())
        taken = {key for key, step in steps.items() if step.taken}
        self.taken |= taken
        posted = sum(step.state == "posted" for step in steps.values())
        self.sent += posted
        self.replaced.note(steps, rows)
        # What was taken is counted here, and not when it is read back.
        self.progress(posted + len(taken))
        for key, step in steps.items():
            if step.reason == "total_differs":
                self.carrier.take_out(claimed[key], rows[key], step)
        return steps

    def told_apart(self, steps: Mapping[str, Step], rows: Mapping[str, Any]) -> dict[str, Step]:
        """Of those that a document like them keeps from their number: where a person has said that it is another one,
        the next number is taken."""
        alike = [
            key for key, step in steps.items() if step.reason == "duplicate_in_books" and not step.ledger_id
        ]
        said = self.outbox.said_otherwise([rows[key].subject_id for key in alike]) if alike else set()
        return {key: Step("planned", taken_by="") for key in alike if rows[key].subject_id in said}

    def wait(self, wait_ms: int) -> bool:
        """Sleep as long as the ledger asks; False where the pass is to stop meanwhile."""
        for waited_ms in range(0, wait_ms, SECOND_MS):
            if self.should_stop():
                return False
            if waited_ms % (RENEW_EVERY_S * SECOND_MS) == 0:
                self.outbox.hold()
            self.world.sleep(min(SECOND_MS, wait_ms - waited_ms) / SECOND_MS)
        return True
