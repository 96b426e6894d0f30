"""One pass: pull, plan, push. Read this first.

Facts come from Stripe into the state; every due charge and refund is decided from the state; what was decided is
carried into the ledgers. A crash anywhere leaves the next pass to go on: nothing is written twice, nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Engine, insert, select, update

from connector.decisions.charges import ChargeDesk
from connector.decisions.late_payments import report_late_payments
from connector.decisions.pages import compose_again, discard_unsent, due_pages
from connector.decisions.record import Recorder
from connector.decisions.refunds import RefundDesk
from connector.delivery.outbox import Outbox
from connector.delivery.parked import THROTTLED
from connector.delivery.push import RENEW_EVERY_S, STOPPED, Push
from connector.errors import ConnectorError, LedgerDown, Stopped
from connector.ledger_kinds import connection_keeps_tokens
from connector.operations.fill import fill_from_books
from connector.operations.other_state import take_effect
from connector.progress import NO_PROGRESS, Progress
from connector.store.codec import encode_json
from connector.store.intake import Intake, read_cursors
from connector.store.lease import Lease
from connector.store.memory import keep_memory
from connector.store.schema import decision, found, ledger, run
from connector.store.words import read_lines
from connector.stripe_source.source import Source
from connector.workplace import Desk, LedgerSetup, Setup, open_desk, open_source, parking_of

# How often in one run a ledger may refuse numbers, some at once, before the next run goes on.
MOST_NUMBERS = 500
CONNECT = "connector connect"


@dataclass(slots=True)
class Pulled:
    """New charges and refunds, and objects that changed; `notes` say what was odd in what was read."""

    charges: int = 0
    refunds: int = 0
    changed: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PassError:
    ledger: str | None
    code: str
    sentence: str


@dataclass(slots=True)
class PassReport:
    """What one pass did; counts of refunds and documents are read from the state by `run_id`, where it `touched` any: a
    state may hold years in which a run with nothing new need not look for its own. `warnings` are by ledger: what a
    person should know before it fails, and that it replaced numbers. `not_replaced` says why a refund that was to be
    replaced stands as it did, by ledger and refund id."""

    run_id: str
    pulled: Pulled = field(default_factory=Pulled)
    errors: list[PassError] = field(default_factory=list)
    ledgers: tuple[str, ...] = ()
    touched: bool = False
    warnings: list[tuple[str, str]] = field(default_factory=list)
    not_replaced: dict[tuple[str, str], str] = field(default_factory=dict)


class Pass:
    """One run over these books, under a lease."""

    def __init__(
        self,
        setup: Setup,
        engine: Engine,
        lease: Lease,
        progress: Progress = NO_PROGRESS,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.setup = setup
        self.engine = engine
        self.lease = lease
        self.progress = progress
        self.should_stop = should_stop
        self.now = setup.world.now()
        self.report = PassReport(setup.world.new_id())

    def run(
        self,
        command: str,
        only: str | None = None,
        write: bool = True,
        refetch: tuple[str, ...] | None = None,
        after_pull: Callable[[], None] = lambda: None,
    ) -> PassReport:
        """Pull (or read `refetch` afresh), plan and (with `write`) push, for all enabled ledgers or `only` one."""
        chosen = self.setup.chosen(only)
        self.report.ledgers = tuple(one.name for one in chosen)
        self.start_run(command)
        try:
            self.pull(refetch)
            after_pull()
            for one in chosen:
                if self.should_stop():
                    break
                self.serve_or_fail(one, write)
            if self.should_stop() and STOPPED.sentence not in [
                error.sentence for error in self.report.errors
            ]:
                self.fail(None, STOPPED.code, STOPPED.sentence)
        except ConnectorError as error:
            self.fail(None, error.code, str(error))
            raise
        finally:
            self.end_run()
        return self.report

    def serve_or_fail(self, one: LedgerSetup, write: bool) -> None:
        """A ledger that cannot be used now does not stop the others."""
        try:
            self.serve(one, write)
        except LedgerDown as error:
            sentence = self.with_way_back(one.name, error.code, str(error))
            self.fail(one.name, error.code, sentence)
            if write:
                self.report.touched = True
                self.outbox(one).give_up(error.code, sentence, undecided=True)

    def fail(self, name: str | None, code: str, sentence: str) -> None:
        self.report.errors.append(PassError(name, code, self.with_way_back(name, code, sentence)))

    def with_way_back(self, name: str | None, code: str, sentence: str) -> str:
        """A ledger that refuses the access is connected again."""
        one = self.setup.ledgers.get(name or "")
        if code != "unauthorised" or one is None:
            return sentence
        if not connection_keeps_tokens(self.setup.settings.connection(one.name)):
            return sentence
        return sentence if CONNECT in sentence else f"{sentence}: connect again: {CONNECT} {name}"

    # ------------------------------------------------------------------------------------------ pull

    def pull(self, refetch: tuple[str, ...] | None) -> None:
        """Read what is new or changed at Stripe into the state. Stripe being away does not stop the ledgers."""
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            take_effect(connection, read_lines(connection, self.setup.decisions_file))
        intake = self.intake()
        for one in self.setup.ledgers.values():
            self.welcome(intake, one)
        try:
            source = open_source(self.setup, self.should_stop)
            self.read_source(source, intake, refetch)
        except LedgerDown as error:
            self.fail(None, error.code, str(error))

    def intake(self) -> Intake:
        ledgers = [(one.name, one.posts_sales) for one in self.setup.ledgers.values()]
        return Intake(
            self.engine, self.lease, ledgers, self.setup.books.start, self.now, self.setup.world.new_id
        )

    def read_source(self, source: Source, intake: Intake, refetch: tuple[str, ...] | None) -> None:
        pulled = self.report.pulled
        cursors = read_cursors(self.engine)
        changes = intake.changes()
        pages = source.pages(cursors, self.now, changes) if refetch is None else source.refetch(refetch)
        with self.progress.stage("Reading Stripe's objects") as tick:
            for page in pages:
                stored = intake.store_page(page.objects, page.cursor, page.noted, page.done)
                pulled.charges += stored.new.get("charge", 0)
                pulled.refunds += stored.new.get("refund", 0)
                pulled.changed += sum(stored.changed.values())
                pulled.notes.extend(stored.defects)
                tick(len(page.objects))
                if self.should_stop():
                    return

    def welcome(self, intake: Intake, one: LedgerSetup) -> None:
        """A ledger that is new to the state gets a row for every refund (and charge) that was read before."""
        subjects = ("refund", "charge") if one.posts_sales else ("refund",)
        with self.engine.connect().execution_options(reading=True) as connection:
            missing = [
                subject
                for subject in subjects
                if connection.execute(
                    select(decision.c.ledger)
                    .where(decision.c.ledger == one.name, decision.c.subject == subject)
                    .limit(1)
                ).first()
                is None
            ]
            known = connection.execute(select(ledger.c.name).where(ledger.c.name == one.name)).first()
        if known is None:
            with self.engine.begin() as connection:
                self.lease.renew(connection)
                connection.execute(insert(ledger).values(name=one.name, kind=one.policy.kind, filled=0))
        for subject in missing:
            intake.add_ledger(one.name, subject)

    # ------------------------------------------------------------------------------------------ one ledger

    def serve(self, one: LedgerSetup, write: bool) -> None:
        """Survey a ledger, fill an empty state from it, decide what is due, carry what was decided."""
        desk = open_desk(self.setup, one, self.engine, self.should_stop)
        with parking_of(self.setup, one.name, self.engine).heeding(desk.courier):
            self.work(desk, write)

    def work(self, desk: Desk, write: bool) -> None:
        one = desk.setup
        outbox = self.outbox(one)
        push = self.push(desk, outbox)
        try:
            first_run = self.prepare(desk, outbox, write)
            outbox.doubt(desk.company.lost)
            if write:
                push.settle_doubts()
            # After the look: what it did not find is planned anew too.
            discard_unsent(self.engine, self.lease, one.name)
            compose_again(self.engine, self.lease, one.name, desk.ledger.compose)
            self.decide(desk, outbox, first_run)
            if write:
                self.post(desk, outbox, push, first_run)
            # Only now: what an empty state lacks of them is planned anew by then.
            forget_lost = getattr(desk.courier, "forget_lost", None)
            if forget_lost is not None:
                forget_lost(outbox.known(desk.company.lost))
        finally:
            self.report.touched |= outbox.touched
            warned: Sequence[str] = getattr(desk.courier, "warnings", tuple)()
            self.report.warnings.extend((one.name, told) for told in (*warned, *push.replaced.sentences()))
            memory = desk.ledger.remember()
            if memory is not None:
                keep_memory(self.engine, one.name, memory, self.now)
            close = getattr(desk.courier, "close", None)
            if close is not None:
                close()

    def prepare(self, desk: Desk, outbox: Outbox, write: bool) -> int:
        """Fill the state from the books once; remember when this ledger was first written to."""
        name = desk.policy.name
        with self.engine.connect().execution_options(reading=True) as connection:
            row = connection.execute(select(ledger).where(ledger.c.name == name)).one()
        if not row.filled:
            path = self.setup.settings.path
            fill = partial(fill_from_books, self.engine, self.lease, self.setup.books, desk, path)
            # Where ours stand already a state was lost, or is another machine's: what it wrote last may not be seen yet.
            fill()
            if write and self.ours_stand(name) and self.wait_to_settle(desk, outbox):
                fill()
        if row.first_run is None and write:
            with self.engine.begin() as connection:
                self.lease.renew(connection)
                connection.execute(update(ledger).where(ledger.c.name == name).values(first_run=self.now))
        return int(row.first_run) if row.first_run is not None else self.now

    def ours_stand(self, name: str) -> bool:
        """Whether the books hold documents of ours, as far as the state has read them."""
        mine = (found.c.ledger == name, found.c.document_key.is_not(None))
        with self.engine.connect().execution_options(reading=True) as connection:
            return connection.execute(select(found.c.ledger_id).where(*mine).limit(1)).first() is not None

    def wait_to_settle(self, desk: Desk, outbox: Outbox) -> bool:
        """Wait as long as the ledger may still show what was written before; False where it shows all at once."""
        seconds = desk.setup.limits.shows_all_after_s
        if not seconds:
            return False
        with self.progress.stage(f"Seconds until all that {desk.policy.name} holds is seen", seconds) as tick:
            for second in range(seconds):
                if self.should_stop():
                    raise Stopped
                if second % RENEW_EVERY_S == 0:
                    outbox.hold()
                self.setup.world.sleep(1)
                tick(1)
        return True

    def outbox(self, one: LedgerSetup) -> Outbox:
        return Outbox(self.engine, self.lease, one.name, self.report.run_id)

    def decide(self, desk: Desk, outbox: Outbox, first_run: int) -> None:
        """Plans for everything that is due: sales first, since refunds stand on them."""
        name, books = desk.policy.name, self.setup.books
        recorder = Recorder(
            self.engine, self.lease, self.report.run_id, name, desk.ledger, desk.ruleset_digest
        )
        recorder.remember_rules(desk.ruleset)
        parts = (self.engine, books, desk.policy, desk.ledger, desk.courier, self.now)
        doubtful = outbox.doubtful()
        refunds = RefundDesk(*parts, first_run)
        desks: list[tuple[str, Any]] = [("refund", refunds)]
        if desk.setup.posts_sales:
            desks.insert(0, ("charge", ChargeDesk(*parts)))
        for subject, deciding in desks:
            with self.progress.stage(f"Planning {subject}s for {name}") as tick:
                for rows in due_pages(self.engine, name, subject):
                    if self.should_stop():
                        return
                    self.report.touched = True
                    page, hits = deciding.decide([row for row in rows if row.subject_id not in doubtful])
                    given_up = [d.row.subject_id for d in page if d.given_up]
                    if given_up:
                        # Before the decision is stored: a run that dies in between decides, and leaves out, again.
                        outbox.leave_out(given_up)
                    recorder.write(page, hits)
                    tick(len(rows))
        self.report.not_replaced.update({(name, refund_id): why for refund_id, why in refunds.kept.items()})
        if desk.policy.sales == "find":
            ledger_parts = (desk.policy, desk.ledger, desk.courier)
            late = report_late_payments(self.engine, self.lease, books, *ledger_parts, self.report.run_id)
            self.report.touched |= late > 0

    def push(self, desk: Desk, outbox: Outbox) -> Push:
        return Push(
            self.setup.world,
            outbox,
            desk.ledger,
            desk.courier,
            desk.setup.limits,
            self.should_stop,
            partial(self.why_stopped, desk),
        )

    def why_stopped(self, desk: Desk, code: str, sentence: str) -> str:
        """Until when, where the ledger wants to be left alone; else with the way back."""
        parking = parking_of(self.setup, desk.policy.name, self.engine)
        until = parking.told_by(desk.courier) if code == THROTTLED else None
        return (
            self.with_way_back(desk.policy.name, code, sentence) if until is None else parking.sentence(until)
        )

    def post(self, desk: Desk, outbox: Outbox, push: Push, first_run: int) -> None:
        """Carry what was decided; what the ledger refused a number is decided again, with the next one."""
        for _ in range(MOST_NUMBERS):
            with self.progress.stage(
                f"Posting documents to {desk.policy.name}", outbox.count("planned")
            ) as tick:
                stop = push.run(tick)
            if stop is not None:
                self.fail(desk.policy.name, stop.code, stop.sentence)
            if stop is not None or not push.forgotten:
                return
            self.decide(desk, outbox, first_run)
        sentence = "the ledger refused too many numbers in one run; the next run goes on"
        outbox.give_up(LedgerDown("").code, sentence)
        self.fail(desk.policy.name, LedgerDown("").code, sentence)

    # ------------------------------------------------------------------------------------------ the run itself

    def start_run(self, command: str) -> None:
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            connection.execute(
                insert(run).values(run_id=self.report.run_id, command=command, started=self.now)
            )

    def end_run(self) -> None:
        try:
            with self.engine.begin() as connection:
                self.lease.renew(connection)
                connection.execute(
                    update(run)
                    .where(run.c.run_id == self.report.run_id)
                    .values(
                        ended=self.setup.world.now(),
                        exit_code=int(bool(self.report.errors)),
                        summary=encode_json([asdict(error) for error in self.report.errors]),
                    )
                )
        except ConnectorError as error:
            self.fail(None, error.code, str(error))
