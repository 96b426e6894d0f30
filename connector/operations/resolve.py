"""A person's decision on something held: recorded with actor, time and reason; the next run acts on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update

from connector.decisions.adopted import adopted_row
from connector.decisions.refund_page import ASKED
from connector.errors import ConnectorError, InputError
from connector.ledgers.contract import Found, run_steps
from connector.operations.skip import (
    BESIDE,
    IN_DOUBT,
    STUCK,
    give_up_doubtful,
    is_gone,
    leave_gone,
    set_decision,
    skip,
)
from connector.planning.model import REFUND_TYPES, RefundType
from connector.planning.refund_types import sale_forms
from connector.planning.rule_results import a_sale, order_types, refuse_types
from connector.planning.sentences import (
    PLACEHOLDERS,
)
from connector.store.bulk import within
from connector.store.documents import insert_documents
from connector.store.lease import Lease
from connector.store.schema import decision, document, refund_number
from connector.store.words import append_lines, record_word
from connector.workplace import Desk
from connector.world import World

SALE_KINDS = ("invoice", "sales_receipt", "payment")


@dataclass(frozen=True, slots=True)
class Word:
    """What a person says of `target` (a document key, refund id or charge id) in one ledger."""

    target: str
    action: str
    value: str | None
    reason: str


ALIKE = "duplicate_in_books"


def resolve(engine: Engine, lease: Lease, world: World, desk: Desk, decisions_file: Path, word: Word) -> str:
    """Record the word and prepare what follows from it. Returns the sentence to show; `InputError` where it cannot be."""
    name = desk.policy.name
    # One line, whatever was typed: decisions.jsonl has one decision a line.
    word = replace(word, reason=" ".join(word.reason.split()))
    if not word.reason:
        raise InputError("--reason is empty; say why, it is kept with the decision")
    if word.reason in PLACEHOLDERS:
        raise InputError(
            f"--reason is still {word.reason}; say why in its place, it is kept with the decision"
        )
    with engine.connect().execution_options(reading=True) as connection:
        row, key = find_subject(connection, name, word)
        documents = list(
            connection.execute(
                select(document).where(document.c.ledger == name, document.c.subject_id == row.subject_id)
            )
        )
        check_word(row, documents, word)
        if word.action == "type":
            word = replace(word, value=",".join(read_types(desk, row, word.value or "")))
        hit = find_named(desk, word)
        check_named(connection, name, row, word, hit)
        if hit is not None:
            # A sale may have been named by its number.
            word = replace(word, value=hit.ledger_id)
        elif word.action == "retry" and row.reason == ALIKE:
            # Asked again of a document that is like it: then it is another one.
            word = replace(word, value=ALIKE)
    gone = [d.document_key for d in documents if word.action == "skip" and is_gone(row, d)]
    if gone:
        # The refund itself is not left out.
        word = replace(word, action="retry")
    with engine.begin() as connection:
        lease.renew(connection)
        leave = partial(leave_gone, gone=gone) if gone else partial(apply, word=word, key=key, hit=hit)
        sentence = leave(connection, name, row)
        record = {
            "decision_id": world.new_id(),
            "ledger": name,
            "subject_id": row.subject_id,
            "document_key": key,
            "action": word.action,
            "value": word.value,
            "actor": world.actor(),
            "at": world.now(),
            "reason": word.reason,
        }
        record_word(connection, record)
        keep_words(decisions_file, [record])
    return sentence


def keep_words(decisions_file: Path, records: Sequence[dict[str, Any]]) -> None:
    """Append to decisions.jsonl; nothing is recorded at all where that cannot be done."""
    try:
        append_lines(decisions_file, records)
    except OSError as error:
        words = (error.strerror or str(error)).lower()
        raise ConnectorError(f"{decisions_file} cannot be written: {words}; nothing was recorded") from error


def find_subject(connection: Connection, name: str, word: Word) -> tuple[Any, str | None]:
    """The row of decisions that a document key, refund id or charge id belongs to; of a customer that of a sale that
    waits for them, without a key."""
    key, target = None, word.target
    subject_id = target
    found = connection.execute(
        select(document.c.subject_id, document.c.ledger, document.c.kind).where(
            document.c.document_key == target
        )
    ).first()
    if found is not None:
        key, subject_id = target, found.subject_id
        if found.kind == "customer":
            if word.action != "retry":
                raise InputError(f"{target} is a customer; it can only be tried again")
            key, subject_id = None, waiting_for(connection, target) or target
        if found.ledger != name:
            raise InputError(f"document {target} is of ledger {found.ledger}, not {name}")
    row = connection.execute(
        select(decision).where(decision.c.ledger == name, decision.c.subject_id == subject_id)
    ).first()
    if row is None:
        raise InputError(f"{target} is neither a document key nor a refund that ledger {name} knows")
    return row, key


def waiting_for(connection: Connection, customer_key: str) -> str | None:
    """A charge or refund of which a document follows this customer."""
    rows = connection.execute(
        select(document.c.subject_id).where(document.c.after_keys.contains(customer_key)).limit(1)
    )
    return next((str(row.subject_id) for row in rows), None)


def read_types(desk: Desk, row: Any, text: str) -> tuple[RefundType, ...]:
    """The types that a person names, income leg first. `InputError` where they, or these of this sale, cannot be."""
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in REFUND_TYPES]
    if unknown:
        near = get_close_matches(unknown[0], REFUND_TYPES, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; types: {', '.join(REFUND_TYPES)}"
        raise InputError(f"--type {text}: {unknown[0]!r} is no refund type{hint}")
    types = order_types([known for name in names for known in REFUND_TYPES if known == name])
    facts = json.loads(row.facts) if row.facts else {}
    sale, method = facts.get("sale"), facts.get("method")
    wrong = refuse_types(types, sale in (None, "payment"))
    if wrong is None and sale not in (None, "none", *sale_forms(desk.policy.kind)[types[0]]):
        wrong = f"cannot be made of {a_sale(str(sale))}"
    if wrong is None and "credit_card_refund" in types and method not in (None, "card"):
        wrong = "credit_card_refund is for cards only, and this charge was paid otherwise; refund_payout is for that"
    if wrong is None and not desk.policy.capabilities.refund_types.issuperset(types):
        wrong = f"{desk.policy.kind} cannot make that"
    if wrong is not None:
        raise InputError(f"--type {text}: {wrong}")
    return types


def find_named(desk: Desk, word: Word) -> Found | None:
    """The document that --adopt or --sale names; a sale also by its number. `InputError` where the ledger has none."""
    if word.action not in ("adopt", "sale"):
        return None
    ledger_id = word.value or ""
    found = run_steps(desk.ledger.find_documents([ledger_id]), desk.courier)
    if ledger_id in found:
        return only_one(desk, word, found[ledger_id])
    missing = f"ledger {desk.policy.name} has no document with the id {ledger_id}"
    if word.action == "adopt":
        raise InputError(missing)
    numbered = run_steps(desk.ledger.find_numbered(ledger_id), desk.courier)
    if not numbered:
        raise InputError(f"{missing} and no sale with that number")
    if len(numbered) > 1:
        ids = ", ".join(hit.ledger_id for hit in numbered)
        raise InputError(f"{len(numbered)} sales have the number {ledger_id}; name one by its id: {ids}")
    return numbered[0]


def only_one(desk: Desk, word: Word, hit: Found) -> Found:
    """The document with this id. `InputError` where it may be meant as the number of another sale."""
    if word.action != "sale" or hit.number == word.value:
        return hit
    others = [
        one
        for one in run_steps(desk.ledger.find_numbered(word.value or ""), desk.courier)
        if one.ledger_id != hit.ledger_id
    ]
    if others:
        ids = ", ".join(one.ledger_id for one in others)
        raise InputError(
            f"{word.value} is the id of a {(hit.kind or 'document').replace('_', ' ')} with the number "
            f"{hit.number or '(none)'}, and the number of another sale: name that one by its id: {ids}"
        )
    return hit


def check_named(connection: Connection, name: str, row: Any, word: Word, hit: Found | None) -> None:
    """Refuse a document that stands for something else."""
    if hit is None:
        return
    if word.action == "sale":
        if hit.kind not in SALE_KINDS:
            kind = (hit.kind or "document").replace("_", " ")
            raise InputError(f"{hit.ledger_id} is a {kind}, not an invoice, a sales receipt or a payment")
        return
    if hit.document_key is not None:
        of = hit.refund_id or hit.charge_id
        raise InputError(f"{hit.ledger_id} is the connector's own document of {of}; it cannot be adopted")
    other = connection.execute(
        select(document.c.subject_id).where(
            document.c.ledger == name,
            document.c.ledger_id == hit.ledger_id,
            document.c.state == "adopted",
            document.c.subject_id != row.subject_id,
        )
    ).first()
    if other is not None:
        raise InputError(f"{hit.ledger_id} is adopted already, for {other.subject_id}")


def check_word(row: Any, documents: list[Any], word: Word) -> None:
    """Refuse what would post twice or make no sense."""
    # What somebody booked by hand may be adopted where no more than a payment was taken off its invoice.
    beside = ("application",) if word.action == "adopt" else ()
    posted = [d for d in documents if d.state in ("posted", "adopted") and d.kind not in beside]
    if row.subject == "charge" and word.action in ("adopt", "sale", "type"):
        raise InputError(f"{row.subject_id} is a charge; its sale can only be tried again or skipped")
    if word.action in ("type", "sale", "adopt") and posted:
        raise InputError(
            f"{row.subject_id} is posted already as {posted[0].kind} {posted[0].number or ''}; "
            f"connector resync {row.subject_id} --replace undoes it and posts anew"
        )
    if word.action == "skip" and row.outcome in ("posted", "adopted", "marked", "dropped"):
        raise InputError(f"{row.subject_id} is {row.outcome}; there is nothing to skip")
    if word.action == "skip":
        refuse_half_taken_back(row, documents)
    if word.action == "retry" and row.outcome in ("posted", "adopted", "marked", "dropped", "reversed"):
        raise InputError(f"{row.subject_id} is {row.outcome}; there is nothing to try again")


def refuse_half_taken_back(row: Any, documents: Sequence[Any]) -> None:
    """Of a revision that is taken back for the next one some stands and some does not, or it is not known: to leave out the
    rest would leave it so."""
    if row.aim != "posted":
        return
    of_earlier = [d for d in documents if d.kind == "reversal" and d.revision < row.revision]
    if any(d.state in IN_DOUBT for d in of_earlier):
        raise InputError(
            f"{row.subject_id} is being taken back for its replacement, and it is not known yet what of that was written; the "
            f"next sync looks: decide after it"
        )
    whole = {d.revision for d in documents if d.state == "posted" and d.kind not in BESIDE}
    in_part = any(d.state == "reversed" and d.revision in whole for d in documents)
    if in_part and not any(is_gone(row, d) for d in of_earlier):
        raise InputError(
            f"{row.subject_id} is taken back in part, for its replacement; what is held of it can only be tried again"
        )


def apply(connection: Connection, name: str, row: Any, word: Word, key: str | None, hit: Found | None) -> str:
    mine = (document.c.ledger == name, document.c.subject_id == row.subject_id)
    if word.action == "skip" and row.outcome == "reversed":
        set_decision(connection, name, row, acknowledged=1)
        return f"{row.subject_id}: acknowledged; it is no longer listed as needing a person"
    if word.action == "skip":
        return skip(connection, name, row, word.reason, key)
    if word.action == "adopt" and hit is not None:
        connection.execute(
            update(document).where(*mine, document.c.state.in_((*STUCK, "planned"))).values(state="skipped")
        )
        doubts = give_up_doubtful(connection, *mine)
        adopt(connection, name, row, hit)
        if doubts:
            set_decision(connection, name, row, due=ASKED)
        return f"{row.subject_id}: adopted as {hit.ledger_id}{doubts}"
    # Whether a held document stands in the ledger after all is looked up before anything is sent again; so is a customer
    # whom it waits for.
    waited_for = connection.execute(select(document.c.after_keys).where(*mine)).scalars()
    customers = within(
        connection, document.c.document_key, sorted({k for keys in waited_for for k in keys.split()})
    )
    for chosen in (mine, (document.c.kind == "customer", customers)):
        connection.execute(
            update(document)
            .where(*chosen, document.c.state.in_((*STUCK, *IN_DOUBT)))
            .values(state="unknown", reason=None, sentence="a person asked to try again")
        )
    if row.reason == "duplicate_in_books" and row.aim == "held":
        # The person took away what was adopted beside the connector's own document.
        ours = select(document.c.document_key).where(*mine, document.c.state == "posted")
        connection.execute(
            update(document)
            .where(*mine, document.c.state == "adopted", ours.exists())
            .values(state="skipped")
        )
    if word.action == "sale":
        # Its number was made of another sale's.
        connection.execute(
            delete(refund_number).where(
                refund_number.c.ledger == name,
                refund_number.c.refund_id == row.subject_id,
                refund_number.c.settled == 0,
            )
        )
    set_decision(connection, name, row, due=ASKED)
    return f"{row.subject_id}: recorded; the next sync acts on it"


def adopt(connection: Connection, name: str, row: Any, hit: Found) -> None:
    """The refund of this decision is the document that others wrote."""
    insert_documents(connection, [adopted_row(name, "", row, hit, 0)], ignore=True)
    connection.execute(
        update(decision)
        .where(decision.c.ledger == name, decision.c.subject_id == row.subject_id)
        .values(
            outcome="adopted",
            aim="adopted",
            reason=None,
            sentence=f"adopted by a person as {hit.ledger_id}",
            action=None,
            due=0,
        )
    )
