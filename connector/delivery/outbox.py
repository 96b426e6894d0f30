"""Documents on their way: claimed, attempted, settled. Each method is one transaction.

The exact bytes of a request are stored before it is sent; a document that was being sent when the process died is
`unknown` at the next start, never failed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, or_, select, text, tuple_, update

from connector.delivery.attempts import Attempt, settle_attempts, store_attempts, withdraw_attempts
from connector.delivery.left_out import left_out
from connector.delivery.outcome import TRIED_AGAIN, Step
from connector.delivery.refused_numbers import Renumbered, renumber
from connector.delivery.settled import store_steps, tell_again, troubled_reversals
from connector.ledgers.contract import Claimed, Parent
from connector.store.bulk import within
from connector.store.documents import select_with_text
from connector.store.lease import Lease
from connector.store.schema import DECIDE_NOW, OPEN, decision, document, person_decision
from connector.store.settling import FREE_THEMSELVES, settle_outcomes, settle_reversed

Place = tuple[int, str, str, str]
START: Place = (-1, "", "", "")


# State, kind and ledger id of documents that others follow, by document key.
Parents = dict[str, tuple[str, str, str | None]]


class Outbox:
    """The open documents of one ledger, in one run."""

    def __init__(self, engine: Engine, lease: Lease, ledger: str, run_id: str) -> None:
        self.engine = engine
        self.lease = lease
        self.ledger = ledger
        self.run_id = run_id
        # Whether any row may bear this run's id.
        self.touched = False

    def hold(self) -> None:
        """Keep the lease for another while."""
        with self.engine.begin() as connection:
            self.lease.renew(connection)

    def recover(self) -> None:
        """What was being sent when a run died is unknown."""
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            connection.execute(
                update(document)
                .where(document.c.ledger == self.ledger, document.c.state == "sending", text(OPEN))
                .values(
                    state="unknown",
                    reason="outcome_unknown",
                    sentence="the run that sent it ended before the answer was stored",
                    action="nothing to do: the next run looks in the ledger before it writes anything",
                )
            )

    def free_held(self) -> None:
        """What waited for its memo, or for its period to be opened, may be tried again: nothing of it was written."""
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            connection.execute(
                update(document)
                .where(document.c.ledger == self.ledger, document.c.state == "held", text(OPEN))
                .where(document.c.reason.in_(FREE_THEMSELVES))
                .values(state="planned", reason=None, sentence=None, action=None)
            )

    def doubt(self, document_keys: Sequence[str]) -> None:
        """The books lost these (a torn tail was cut off): whether they are there is unknown again."""
        if not document_keys:
            return
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            connection.execute(
                update(document)
                .where(
                    within(connection, document.c.document_key, document_keys), document.c.state == "posted"
                )
                .values(
                    state="unknown", reason="outcome_unknown", sentence="it was cut off at the end of a file"
                )
            )

    def known(self, document_keys: Sequence[str]) -> list[str]:
        """Those of these that this state has; the others may be of another state that writes to the same books."""
        if not document_keys:
            return []
        with self.engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(
                select(document.c.document_key).where(
                    within(connection, document.c.document_key, document_keys)
                )
            )
            return [row.document_key for row in rows]

    def pages(self, state: str, size: int) -> Iterator[list[Any]]:
        """Documents in this state in the order in which they are sent; each is given once."""
        last = START
        order = (document.c.depth, document.c.batch_group, document.c.posting_date, document.c.document_key)
        while True:
            with self.engine.connect().execution_options(reading=True) as connection:
                rows = connection.execute(
                    select_with_text()
                    .where(document.c.ledger == self.ledger, document.c.state == state, text(OPEN))
                    .where(tuple_(*order) > last)
                    .order_by(*order)
                    .limit(size)
                ).all()
            if not rows:
                return
            last = (rows[-1].depth, rows[-1].batch_group, rows[-1].posting_date, rows[-1].document_key)
            yield list(rows)

    def count(self, state: str) -> int:
        with self.engine.connect().execution_options(reading=True) as connection:
            return int(
                connection.execute(
                    select(func.count())
                    .select_from(document)
                    .where(document.c.ledger == self.ledger, document.c.state == state, text(OPEN))
                ).scalar_one()
            )

    def parent_states(self, rows: Sequence[Any]) -> Parents:
        """State, kind and ledger id of every document that these rows wait for."""
        keys = sorted({key for row in rows for key in row.after_keys.split()})
        if not keys:
            return {}
        with self.engine.connect().execution_options(reading=True) as connection:
            found = connection.execute(
                select(
                    document.c.document_key, document.c.state, document.c.kind, document.c.ledger_id
                ).where(within(connection, document.c.document_key, keys))
            ).all()
            return {key: (state, kind, ledger_id) for key, state, kind, ledger_id in found}

    def sentence_of(self, document_key: str) -> str:
        """What was said of a document."""
        with self.engine.connect().execution_options(reading=True) as connection:
            found = connection.execute(
                select(document.c.sentence).where(document.c.document_key == document_key)
            ).scalar_one()
            return str(found or "nothing is known of it")

    def claim(
        self, rows: Sequence[Any], parents: Parents | None = None, taken: Collection[str] = ()
    ) -> list[Claimed]:
        """What a request needs of these rows, with what they follow, if that is known already; of those that were
        `taken` also the id that the ledger gave them."""
        parents = self.parent_states(rows) if parents is None else parents
        return [
            claimed_from(
                row,
                row.ledger_id if row.document_key in taken else None,
                {
                    key: Parent(parents[key][1], ledger_id, parents[key][0] == "reversed")
                    for key in row.after_keys.split()
                    if key in parents and (ledger_id := parents[key][2]) is not None
                },
            )
            for row in rows
        ]

    def said_otherwise(self, subject_ids: Sequence[str]) -> set[str]:
        """Those of which a person had a document tried again though one like it stood in the books."""
        with self.engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(
                select(person_decision.c.subject_id).where(
                    person_decision.c.ledger == self.ledger,
                    within(connection, person_decision.c.subject_id, subject_ids),
                    person_decision.c.action == "retry",
                    person_decision.c.value == "duplicate_in_books",
                )
            )
            return {row.subject_id for row in rows}

    def begin(self, attempts: Sequence[Attempt], state: str = "sending") -> None:
        """Store the exact bytes of requests, each with its attempt key and its documents, before they are sent."""
        if not attempts:
            return
        self.touched = True
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            store_attempts(connection, self.ledger, self.run_id, self.lease.world.now(), attempts)
            connection.execute(
                update(document)
                .where(
                    within(connection, document.c.document_key, [k for _, _, keys in attempts for k in keys])
                )
                .values(state=state, touched_run=self.run_id)
            )

    def settle(
        self,
        steps: Mapping[str, Step],
        rows: Mapping[str, Any],
        attempts: Mapping[str, Sequence[str]] | None = None,
        unsent: Sequence[str] = (),
    ) -> Renumbered:
        """Store what became of documents, and of the refunds and charges they are for; `attempts` are the keys of the
        requests that were answered, with their documents, `unsent` those of requests that did not leave."""
        self.touched = True
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            store_steps(connection, steps, rows, self.run_id)
            if attempts:
                settle_attempts(connection, self.lease.world.now(), attempts, steps)
            if unsent:
                withdraw_attempts(connection, unsent)
            done = [rows[key] for key, step in steps.items() if step.state == "posted"]
            settle_reversed(connection, [row.content for row in done if row.kind == "reversal"])
            subject_ids = sorted({rows[key].subject_id for key in steps})
            troubled = troubled_reversals(connection, self.ledger, subject_ids)
            settle_outcomes(connection, self.ledger, subject_ids, self.run_id)
            tell_again(connection, self.ledger, troubled)
            taken = {key: step.taken_by for key, step in steps.items() if step.taken_by is not None}
            return renumber(connection, self.ledger, taken, rows)

    def doubtful(self) -> set[str]:
        """Refunds and charges of which some document may be there or not, or is there and wrong.

        Nothing can be decided of them now; they stay due.
        """
        wrong = (document.c.state != "held") | document.c.ledger_id.is_not(None)
        with self.engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(
                select(document.c.subject_id)
                .where(document.c.ledger == self.ledger, text(OPEN))
                .where(document.c.state.in_(("sending", "unknown", "held")), wrong)
            )
            return {row.subject_id for row in rows}

    def leave_out(self, subject_ids: Collection[str]) -> None:
        """Stripe has given these refunds and charges up: what was refused or put off of them is not sent any more."""
        self.touched = True
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            rows = connection.execute(
                select(
                    document.c.document_key,
                    document.c.kind,
                    document.c.after_keys,
                    document.c.subject_id,
                    document.c.state,
                    document.c.ledger_id,
                )
                .where(
                    document.c.ledger == self.ledger, within(connection, document.c.subject_id, subject_ids)
                )
                .order_by(document.c.depth)
            ).all()
            gone = left_out(rows)
            connection.execute(
                update(document)
                .where(within(connection, document.c.document_key, gone))
                .values(
                    state="skipped",
                    reason=None,
                    sentence="Stripe gave it up before it was written",
                    action=None,
                    touched_run=self.run_id,
                )
            )

    def give_up(self, code: str, sentence: str, undecided: bool = False) -> None:
        """The pass ended early: what is still planned is failed for now, and tried again by the next run.

        With `undecided` so is what could not be decided at all.
        """
        self.touched = True
        waiting = (
            select(document.c.document_key)
            .where(document.c.ledger == decision.c.ledger, document.c.subject_id == decision.c.subject_id)
            .where(document.c.state == "planned")
        )
        # What was said of one that was in doubt is over once it was looked for.
        doubtful = (
            select(document.c.document_key)
            .where(document.c.ledger == decision.c.ledger, document.c.subject_id == decision.c.subject_id)
            .where(document.c.state.in_(("sending", "unknown", "held", "rejected")))
        )
        ended = or_(decision.c.outcome == "waiting", (decision.c.outcome == "failed") & ~doubtful.exists())
        stuck: ColumnElement[bool] = waiting.exists()
        if undecided:
            stuck = or_(stuck, (decision.c.due == DECIDE_NOW) & decision.c.reason.is_(None))
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            connection.execute(
                update(decision)
                .where(decision.c.ledger == self.ledger, ended, stuck)
                .values(
                    outcome="failed",
                    reason=code,
                    sentence=sentence,
                    action=TRIED_AGAIN,
                    touched_run=self.run_id,
                )
            )


def claimed_from(row: Any, ledger_id: str | None, parents: Mapping[str, Parent]) -> Claimed:
    return Claimed(
        row.document_key,
        row.kind,
        row.number,
        row.amount_minor,
        row.currency,
        row.batch_group,
        row.content,
        row.payload,
        bool(row.bare),
        parents,
        ledger_id,
    )
