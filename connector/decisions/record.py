"""Writing decisions: one page of plans, their documents and numbers in one transaction.

UNIQUE constraints stand behind it: a document key, a place among the refunds of a sale and a number are taken once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from connector.decisions.adopted import adopted_row
from connector.ledgers.contract import Found, Ledger
from connector.planning.case import Plan
from connector.planning.model import CASH_LEGS, COMES_BACK, Document
from connector.planning.sentences import money, resolve_command
from connector.planning.values import value
from connector.store.bulk import insert_many, update_many, within
from connector.store.codec import (
    encode_document,
    encode_json,
    encode_list,
    encode_sale,
    encode_shares,
)
from connector.store.documents import insert_documents
from connector.store.lease import Lease
from connector.store.schema import decision, document, refund_number, ruleset, sale_number
from connector.store.settling import (
    forget_later_numbers,
    forget_replaced,
    settle_outcomes,
    settle_reversed,
)

DECISION_COLUMNS = (
    "charge_id",
    "outcome",
    "aim",
    "reason",
    "sentence",
    "action",
    "warnings",
    "rule",
    "ruleset",
    "facts",
    "shares",
    "sale_number",
    "sale_ledger_id",
    "number",
    "revision",
    "due",
    "acknowledged",
    "touched_run",
)
ON_ITS_WAY = "planned: the next sync posts it"
DEPTH = {"customer": -1, "invoice": 0, "sales_receipt": 0, "fee": 1, "payment": 1, "exchange": 3}
PART_DEPTH = {"refund": 4, "failure": 8}
# From the cash leg to behind the reversal of one.
LATER = 3


@value(frozen=True, slots=True)
class Decided:
    """A row of `decision` and the plan made of it; `revision` of the documents, `number_settled` if found in the books.

    `charge_id` is that of a refund whose row does not tell it, since Stripe named only the payment intent. `given_up`:
    Stripe gave it up, so that what was planned of it and never written shall not be any more. `replaces` are keys of
    documents that a person skipped, or that were never sent, which give way to the plan; `sale_ledger_id` is the
    refund's sale, where others booked it.
    """

    row: Any
    plan: Plan
    revision: int = 1
    number_settled: bool = False
    acknowledged: bool = False
    given_up: bool = False
    charge_id: str | None = None
    replaces: tuple[str, ...] = ()
    sale_ledger_id: str | None = None


PAYS = frozenset({*CASH_LEGS, "payment"})


def depth_of(d: Document) -> int:
    """Documents go out in this order: sale, payment, income leg, cash leg, then reversals with the cash leg first, but
    for one that pays the reversal of the other leg. What may be paid out of what a reversal brings back goes behind it, so
    that it is known by then whether that was refused."""
    return usual_depth(d) + (LATER if any(name == COMES_BACK for name, _ in d.refs) else 0)


def usual_depth(d: Document) -> int:
    if d.kind in ("fee", "exchange") and d.part:
        return PART_DEPTH.get(d.part, 8)
    if d.kind == "application":
        return 4 if d.reverses is None else 7
    if d.kind == "reversal" and d.part in PAYS and d.settles is not None and not d.voids:
        return 7
    if d.kind == "reversal":
        return 5 if d.part in CASH_LEGS or d.part in ("fee", "payment", "voided_invoice") else 6
    if d.kind in CASH_LEGS:
        return 3
    return DEPTH.get(d.kind, 2)


class Recorder:
    """Writes what was decided for one ledger in one run."""

    def __init__(
        self, engine: Engine, lease: Lease, run_id: str, name: str, ledger: Ledger, ruleset_digest: str
    ) -> None:
        self.engine = engine
        self.lease = lease
        self.run_id = run_id
        self.name = name
        self.ledger = ledger
        self.ruleset_digest = ruleset_digest

    def remember_rules(self, content: str) -> None:
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            known = connection.execute(
                select(ruleset.c.digest).where(ruleset.c.digest == self.ruleset_digest)
            ).first()
            if known is None:
                connection.execute(insert(ruleset).values(digest=self.ruleset_digest, content=content))

    def write(self, page: Sequence[Decided], found_keys: Mapping[str, Found]) -> None:
        """Store a page. Documents whose key stands in the books already are stored as posted, or held if they differ."""
        changed = [d for d in page if d.plan.documents or d.plan.adopted or differs(d.row, d.plan)]
        same = [d for d in page if not (d.plan.documents or d.plan.adopted or differs(d.row, d.plan))]
        with self.engine.begin() as connection:
            self.lease.renew(connection)
            documents = [d for decided in changed for d in decided.plan.documents]
            forget_replaced(
                connection,
                [
                    key
                    for d in changed
                    if d.plan.documents or d.revision < d.row.revision
                    for key in d.replaces
                ],
            )
            rows = self._document_rows(connection, documents, found_keys)
            self._write_numbers(connection, changed)
            insert_documents(connection, list(rows.values()))
            self._write_adopted(connection, changed)
            self._write_decisions(connection, changed, rows)
            stay = [
                (int(d.plan.due), d.row.subject_id, self.name) for d in same if d.row.due != int(d.plan.due)
            ]
            update_many(connection, decision, ("subject_id", "ledger"), ("due",), stay)
            self._settle_subjects(connection, changed, rows)

    def _document_rows(
        self, connection: Connection, documents: Sequence[Document], found_keys: Mapping[str, Found]
    ) -> dict[str, dict[str, Any]]:
        expanded = [one for d in documents for one in self.ledger.expand(d)]
        known = {
            row.document_key
            for row in connection.execute(
                select(document.c.document_key).where(
                    within(connection, document.c.document_key, [d.document_key for d in expanded])
                )
            )
        }
        rows = {}
        for d in expanded:
            if d.document_key in known:
                continue
            hit = found_keys.get(d.document_key)
            values: dict[str, Any] = {
                "document_key": d.document_key,
                "ledger": d.ledger,
                "subject_id": d.subject_id,
                "refund_id": d.refund_id,
                "charge_id": d.charge_id,
                "kind": d.kind,
                "revision": d.revision,
                "depth": depth_of(d),
                "number": d.number,
                "amount_minor": d.amount_minor,
                "currency": d.currency,
                "posting_date": d.posting_date.isoformat(),
                "state": "planned",
                "ledger_id": None,
                "reason": None,
                "sentence": None,
                "action": None,
                "batch_group": self.ledger.batch_group(d),
                "after_keys": " ".join(d.after),
                "touched_run": self.run_id,
                "replaced_number": None,
                "content": encode_document(d),
                "payload": self.ledger.compose(d),
            }
            if hit is not None:
                values.update(state_of_hit(d, hit))
            rows[d.document_key] = values
        return rows

    def _write_numbers(self, connection: Connection, page: Sequence[Decided]) -> None:
        refunds, sales = [], []
        for decided in page:
            plan, row = decided.plan, decided.row
            if row.subject == "charge" and plan.sale is not None:
                sales.append({"ledger": self.name, "charge_id": row.subject_id, "number": plan.number})
            elif row.subject == "refund" and plan.place is not None:
                refunds.append(
                    {
                        "ledger": self.name,
                        "refund_id": row.subject_id,
                        "revision": decided.revision,
                        "sale_number": plan.sale_number,
                        "n": plan.place,
                        "number": plan.number,
                        "settled": int(decided.number_settled),
                    }
                )
        for decided in page:
            if decided.revision < decided.row.revision:
                # Its number is free again.
                forget_later_numbers(connection, self.name, decided.row.subject_id, decided.revision)
        insert_many(connection, sale_number, sales, ignore=True)
        insert_many(connection, refund_number, refunds)

    def _write_adopted(self, connection: Connection, page: Sequence[Decided]) -> None:
        rows = []
        for decided in page:
            for place, hit in enumerate(decided.plan.adopted):
                rows.append(adopted_row(self.name, self.run_id, decided.row, hit, place))
        insert_documents(connection, rows, ignore=True)

    def _write_decisions(
        self, connection: Connection, page: Sequence[Decided], rows: Mapping[str, Mapping[str, Any]]
    ) -> None:
        if not page:
            return
        values = []
        for decided in page:
            plan, row = decided.plan, decided.row
            on_its_way = plan.outcome != "held" and any(d.document_key in rows for d in plan.documents)
            shares: str | None = encode_shares(plan.shares) if plan.shares else row.shares
            if plan.sale is not None:
                shares = encode_sale(plan.sale)
            values.append(
                (
                    row.charge_id or decided.charge_id,
                    "waiting" if on_its_way else plan.outcome,
                    plan.outcome,
                    plan.reason or None,
                    plan.sentence or (ON_ITS_WAY if on_its_way else None),
                    plan.action or None,
                    warnings_of(plan, row),
                    plan.rule or row.rule,
                    self.ruleset_digest,
                    encode_json(plan.facts.to_json()) if plan.facts else row.facts,
                    shares,
                    plan.sale_number or row.sale_number,
                    decided.sale_ledger_id or row.sale_ledger_id,
                    plan.number or row.number,
                    decided.revision,
                    int(plan.due),
                    int(decided.acknowledged or row.acknowledged),
                    self.run_id,
                    row.subject_id,
                    self.name,
                )
            )
        update_many(connection, decision, ("subject_id", "ledger"), DECISION_COLUMNS, values)

    def _settle_subjects(
        self, connection: Connection, page: Sequence[Decided], rows: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Subjects whose documents were all found in the books have arrived; what a reversal takes back is reversed."""
        hits = [values for values in rows.values() if values["state"] != "planned"]
        if hits:
            settle_reversed(connection, [v["content"] for v in hits if v["kind"] == "reversal"])
            settle_outcomes(
                connection, self.name, sorted({values["subject_id"] for values in hits}), self.run_id
            )


def warnings_of(plan: Plan, row: Any) -> str | None:
    """The plan's own warnings; those of an earlier plan stay unless documents replace what they were about."""
    told = encode_list(plan.warnings)
    renewed = bool(plan.documents) and plan.outcome == "posted"
    return told if renewed else told or row.warnings


def differs(row: Any, plan: Plan) -> bool:
    """Whether a plan without documents says anything new."""
    return (row.outcome, row.reason, row.sentence) != (
        plan.outcome,
        plan.reason or None,
        plan.sentence or None,
    )


def state_of_hit(d: Document, hit: Found) -> dict[str, Any]:
    """A hit of our key is posted where amount and currency agree, and otherwise a person's business. What links documents
    moves nothing by itself, and may show a part of what it links."""
    agrees = d.kind == "application" or hit.amount_minor == d.amount_minor
    if agrees and hit.currency == d.currency:
        number = hit.number if hit.replaced_number is None else None
        return {
            "state": "posted",
            "ledger_id": hit.ledger_id,
            "number": number or d.number,
            "replaced_number": hit.replaced_number,
        }
    return {
        "state": "held",
        "ledger_id": hit.ledger_id,
        "replaced_number": hit.replaced_number,
        "reason": "duplicate_in_books",
        "sentence": f"the books hold this document as {hit.ledger_id} with another amount "
        f"({money(hit.amount_minor, hit.currency)} instead of {money(d.amount_minor, d.currency)})",
        "action": f"correct the books, then: {resolve_command(d.document_key, d.ledger, '--retry')}",
    }
