"""Books that follow a random history by passes at random moments: passes that break off, that are killed, at a clock that
is wrong, and during which Stripe goes on.

Beside the steps of `random_life.History` these are steps:
    ("run", skew, meanwhile)               a pass that must end well, at a clock so many seconds before Stripe's
    ("break", place, skew, meanwhile)      one whose requests from this place on are refused
    ("kill", place, answered)              one in a process of its own that is killed at its request at this place
    ("tell",)                              from now on every event comes by webhook, too, as soon as it is made
`meanwhile` is a tuple of (request, seconds, step): before this request of the pass time goes on and something happens.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partialmethod
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kill_runner import in_child
from random_life import BEGIN, DAY, History, Json, Step, make_books
from random_truth import (
    check_balance,
    check_documents,
    check_facts,
    check_sales,
    facts_of,
    nothing_goes_back,
    stored_facts,
)
from small_books import SmallBooks, engine_of
from vendors.fake_stripe import FakeStripe

from connector.store.changes import keep_changes
from connector.stripe_source.api import ApiSource
from connector.stripe_source.changes import changed_objects

# What changes of these is told by an event with the change itself.
TOLD = ("refund", "dispute", "credit_note")


@dataclass
class Runs:
    """A history, the books that follow it, and what webhooks said that is not known to be read yet."""

    history: History
    books: SmallBooks
    events: int | None = None
    told: set[str] = field(default_factory=set)

    @property
    def fake(self) -> FakeStripe:
        return self.history.fake

    def step(self, step: Step) -> None:
        """Raises AssertionError where a pass that nothing disturbs does not end well."""
        passes: dict[str, Callable[..., None]] = {
            "run": self.run,
            "break": self.break_off,
            "kill": self.kill,
            "tell": self.tell,
        }
        if step[0] in passes:
            passes[step[0]](*step[1:])
        else:
            self.live(step)

    def live(self, step: Step) -> None:
        self.history.step(step)
        self.deliver()

    # ------------------------------------------------------------------------------------------ passes

    def run(self, skew: int = 0, meanwhile: Sequence[Step] = ()) -> None:
        with self.going_on(meanwhile):
            assert self.sync(skew) == []
        self.check_told()

    def sync(self, skew: int = 0) -> list[str]:
        """A pass; the codes of its errors."""
        self.books.world.clock.now = self.history.life.now + skew
        return [error.code for error in self.books.sync().errors]

    @contextmanager
    def going_on(self, meanwhile: Sequence[Step]) -> Iterator[None]:
        """While the pass goes on, so does Stripe."""
        first, faults = self.fake.asked, list[Exception]()

        def before(number: int, path: str) -> None:
            for place, seconds, step in meanwhile:
                if number - first == place:
                    try:
                        self.history.wait(seconds)
                        self.live(step)
                    except Exception as fault:
                        # Raised here it would look like a connection that broke off.
                        faults.append(fault)

        self.fake.before_request = before
        try:
            yield
        finally:
            self.fake.before_request = None
            assert faults == []

    def break_off(self, place: int, skew: int = 0, meanwhile: Sequence[Step] = ()) -> None:
        fault = self.fake.inject("status", status=500, skip=place, times=100)
        with self.going_on(meanwhile):
            self.sync(skew)
        self.fake.faults.remove(fault)

    def kill(self, place: int, answered: bool) -> None:
        """Before the request is sent, or once it is answered and before anything of it is stored."""
        self.books.world.clock.now = self.history.life.now

        def run() -> None:
            read = ApiSource.read
            count = iter(range(1, 1_000_000))

            def counted(source: ApiSource, path: str, parameters: Any) -> Any:
                last = next(count) == place
                if last and not answered:
                    os.kill(os.getpid(), signal.SIGKILL)
                answer = read(source, path, parameters)
                if last:
                    os.kill(os.getpid(), signal.SIGKILL)
                return answer

            vars_of = ApiSource
            setattr(vars_of, "read", counted)  # noqa: B010
            self.books.sync()

        status = in_child(run)
        assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, status
        # What the killed pass called things must not be called so again.
        self.books.world.clock.issued += 1_000_000

    # ------------------------------------------------------------------------------------------ webhooks

    def tell(self) -> None:
        self.events = len(self.fake.of_kind("event"))

    def deliver(self) -> None:
        """What a webhook does: note which objects changed."""
        if self.events is None:
            return
        made: list[Json] = self.fake.of_kind("event")
        new, self.events = made[: len(made) - self.events], len(made)
        changes = [change for event in new for change in changed_objects(event)]
        if changes:
            keep_changes(engine_of(f"sqlite:///{self.books.state}"), changes)
            self.told.update(change.object_id for change in changes if change.kind in TOLD)

    def check_told(self) -> None:
        """After a pass all is read that webhooks told before it, or told while it was being read."""
        noted = {row[0] for row in self.books.rows("stripe_change", "object_id")}
        wanted = facts_of(self.fake.accounts[None][object_id] for object_id in self.told - noted)
        assert stored_facts(self.books, wanted) == wanted
        self.told &= noted


def no_second_tries() -> Any:
    """A request that fails ends the pull at once: the client's own second tries would take real seconds."""
    return patch.object(ApiSource, "__init__", partialmethod(ApiSource.__init__, network_retries=0))


def follow(steps: Sequence[Step], folder: Path, page_size: int = 100) -> None:
    """One history: live it, run when it says so, and compare in the end."""
    with FakeStripe(BEGIN) as fake, no_second_tries(), nothing_goes_back():
        fake.page_size = page_size
        history = History.begin(fake, "a life")
        books = make_books(folder / "books", fake)
        runs = Runs(history, books)
        for step in steps:
            runs.step(step)
        history.life.check()
        # The last events come late. By then all is known: nothing waits for what is read again once a day.
        history.wait(700)
        runs.run()
        check_facts(books, fake)
        # Refunds that waited for their sale, for a credit note or for Stripe have waited long enough.
        history.wait(4 * DAY)
        runs.run()
        check_facts(books, fake)
        check_balance(books, fake)
        check_sales(books, fake)
        once = Runs(history, make_books(folder / "once", fake))
        once.run()
        check_documents(books, once.books, fake)
        before = len(books.transactions())
        runs.run()
        assert len(books.transactions()) == before


def in_new_folder(steps: Sequence[Step], place: Path, page_size: int = 100) -> None:
    shutil.rmtree(place / "history", ignore_errors=True)
    for name in ("books", "once"):
        # Its connections are to the state that was there.
        engine_of(f"sqlite:///{place / 'history' / name / 'state.db'}").dispose()
    follow(steps, place / "history", page_size)
