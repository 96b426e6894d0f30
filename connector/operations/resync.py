"""The manual resync: refunds are read afresh, looked at again, and what is missing is posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, Engine, select, update

from connector.decisions.refund_page import ASKED, REPLACE
from connector.errors import InputError
from connector.operations.resolve import keep_words
from connector.planning.case import Books
from connector.store.bulk import within
from connector.store.lease import Lease
from connector.store.schema import decision, stripe_object
from connector.store.words import record_word
from connector.workplace import Setup


def span_of(books: Books, since: date, until: date | None) -> tuple[int, int]:
    """Seconds from the start of `since` to the end of `until` (today where None) in the books' zone."""
    start = datetime.combine(since, time(), books.zone)
    end = datetime.combine((until or date.max - timedelta(days=2)) + timedelta(days=1), time(), books.zone)
    return int(start.timestamp()), int(end.timestamp())


def choose_subjects(
    engine: Engine, names: Sequence[str], ids: Sequence[str], span: tuple[int, int] | None
) -> tuple[list[str], list[str]]:
    """The refunds, and the charges whose sales are posted here, meant by refund and charge ids, or the refunds created
    within a span. `InputError` names an id nobody knows."""
    with engine.connect().execution_options(reading=True) as connection:
        if span is not None:
            rows = connection.execute(
                select(decision.c.subject_id)
                .distinct()
                .where(decision.c.ledger.in_(names), decision.c.subject == "refund")
                .where(decision.c.created >= span[0], decision.c.created < span[1])
                .order_by(decision.c.subject_id)
            ).all()
            return [row.subject_id for row in rows], []
        refunds: dict[str, None] = {}
        charges: dict[str, None] = {}
        for one in ids:
            meant = connection.execute(
                select(decision.c.subject_id, decision.c.subject)
                .distinct()
                .where(decision.c.ledger.in_(names))
                .where((decision.c.subject_id == one) | (decision.c.charge_id == one))
                .order_by(decision.c.subject_id)
            ).all()
            if not meant:
                refuse_unknown(connection, one)
            refunds.update((row.subject_id, None) for row in meant if row.subject == "refund")
            charges.update((row.subject_id, None) for row in meant if row.subject == "charge")
        return list(refunds), list(charges)


def refuse_unknown(connection: Connection, object_id: str) -> None:
    """`InputError` for an id that was not read; a charge without refunds is no mistake."""
    row = connection.execute(
        select(stripe_object.c.kind, stripe_object.c.facts).where(stripe_object.c.object_id == object_id)
    ).first()
    if row is None:
        raise InputError(f"{object_id} is no refund or charge that was read from Stripe")
    if row.kind == "refund":
        raise InputError(f"refund {object_id} was created before stripe.start, so it is not synced")
    if row.kind != "charge":
        raise InputError(f"{object_id} is a {row.kind.replace('_', ' ')}; name a refund or a charge")


def bring_back(
    engine: Engine, lease: Lease, setup: Setup, names: Sequence[str], refund_ids: Sequence[str]
) -> None:
    """What a person skipped is decided again once it is named in a resync: that is a person's decision too."""
    world = setup.world
    with engine.begin() as connection:
        lease.renew(connection)
        skipped = connection.execute(
            select(decision.c.ledger, decision.c.subject_id)
            .where(decision.c.ledger.in_(names), within(connection, decision.c.subject_id, refund_ids))
            .where(decision.c.reason == "skipped_by_person")
        ).all()
        words = []
        for row in skipped:
            word = {
                "decision_id": world.new_id(),
                "ledger": row.ledger,
                "subject_id": row.subject_id,
                "document_key": None,
                "action": "retry",
                "value": None,
                "actor": world.actor(),
                "at": world.now(),
                "reason": "named in a resync",
            }
            record_word(connection, word)
            words.append(word)
        if words:
            keep_words(setup.decisions_file, words)


def ask_again(
    engine: Engine,
    lease: Lease,
    names: Sequence[str],
    refund_ids: Sequence[str],
    charge_ids: Sequence[str],
    replace: bool,
) -> None:
    """Mark refunds so that the pass decides them whatever their outcome was, and sales that are not posted yet."""
    due = REPLACE if replace else ASKED
    with engine.begin() as connection:
        lease.renew(connection)
        for ids, asked in ((refund_ids, due), (charge_ids, ASKED)):
            connection.execute(
                update(decision)
                .where(decision.c.ledger.in_(names), within(connection, decision.c.subject_id, ids))
                .values(due=asked)
            )
