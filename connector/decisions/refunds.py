"""Deciding refunds, one page at a time: what each may depend on is read in bulk, then `plan_refund` is asked.

Refunds of one sale are planned in the order of created, then id, and each sees what the ones before it took.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from connector.decisions.charges import found_of
from connector.decisions.numbers import NumberDesk
from connector.decisions.record import Decided
from connector.ledgers.contract import Courier, Found, Ledger, Reference, run_steps
from connector.planning.allocation import Overdrawn, Share, split_refund
from connector.planning.case import Books, ChargeCase, LedgerPolicy, PersonWord, Plan, RefundCase
from connector.planning.model import CASH_LEGS, BalanceTransaction, CreditNote, Document, Refund, Sale
from connector.planning.numbering import number_candidates, shorten
from connector.planning.refund_documents import evidence_of, sale_lines_of
from connector.planning.refund_plan import is_live, plan_refund
from connector.planning.reversal_plan import Standing, plan_failure, plan_undo
from connector.store.bulk import within
from connector.store.codec import decode_document, decode_sale, decode_shares
from connector.store.facts import FactReader
from connector.store.schema import decision, document, found
from connector.store.words import read_words

ASKED, REPLACE = 3, 4
SENT = ("posted", "adopted", "reversed", "sending", "unknown", "held", "rejected")


@dataclass(slots=True)
class Page:
    """All that a page of refunds may depend on."""

    refunds: dict[str, Refund] = field(default_factory=dict)
    charges: dict[str, ChargeCase] = field(default_factory=dict)
    charge_of: dict[str, str | None] = field(default_factory=dict)
    siblings: dict[str, list[Refund]] = field(default_factory=dict)
    credit_notes: dict[str, tuple[CreditNote, ...]] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    sales: dict[str, Sale | None] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    documents: dict[str, list[Any]] = field(default_factory=dict)
    hits: dict[str, Found] = field(default_factory=dict)
    ours: dict[str, list[Found]] = field(default_factory=dict)
    others: dict[str, list[Found]] = field(default_factory=dict)
    words: dict[str, PersonWord] = field(default_factory=dict)
    shares: dict[str, tuple[Share, ...]] = field(default_factory=dict)


class RefundDesk:
    """Plans pages of refunds for one ledger."""

    def __init__(
        self,
        engine: Engine,
        books: Books,
        policy: LedgerPolicy,
        ledger: Ledger,
        courier: Courier,
        now: int,
        first_run: int,
    ) -> None:
        self.engine = engine
        self.books = books
        self.policy = policy
        self.ledger = ledger
        self.courier = courier
        self.now = now
        self.first_run = first_run

    def decide(self, rows: Sequence[Any]) -> tuple[list[Decided], dict[str, Found]]:
        """Plans of these rows, and what of their documents stands in the books already."""
        with self.engine.connect().execution_options(reading=True) as connection:
            reader = FactReader(connection)
            page = self._read(connection, reader, rows)
            self._ask_ledger(page, rows)
            self._read_neighbours(connection, reader, page)
            numbers = NumberDesk(connection, self.books, self.policy, self.ledger, self.courier)
            numbers.prefetch([(row, page.sales.get(page.charge_of[row.subject_id] or "")) for row in rows])
            decided = []
            for row in rows:
                one = self._decide_one(reader, page, row, numbers)
                if one is not None:
                    decided.append(one)
        return decided, page.hits

    # ------------------------------------------------------------------------------------------ reading

    def _read(self, connection: Connection, reader: FactReader, rows: Sequence[Any]) -> Page:
        page = Page()
        ids = [row.subject_id for row in rows]
        reader.load(ids)
        page.refunds = {i: r for i in ids if (r := reader.get(i, Refund)) is not None}
        page.charge_of = {i: reader.charge_id_of(page.refunds[i]) if i in page.refunds else None for i in ids}
        charge_ids = sorted({c for c in page.charge_of.values() if c is not None})
        page.charges = reader.charge_cases(charge_ids, sold=False)
        links = reader.links(charge_ids, ("refund",))
        reader.load(i for found_ids in links.values() for i in found_ids)
        for charge_id in charge_ids:
            siblings = [r for r in (reader.get(i, Refund) for i in links.get(charge_id, ())) if r is not None]
            page.siblings[charge_id] = sorted(siblings, key=order)
        reader.load(
            i
            for r in page.refunds.values()
            for i in (r.balance_transaction_id, r.failure_balance_transaction_id)
        )
        page.words = read_words(connection, self.policy.name, ids)
        for row in connection.execute(
            select(document).where(
                document.c.ledger == self.policy.name, within(connection, document.c.subject_id, ids)
            )
        ):
            page.documents.setdefault(row.subject_id, []).append(row)
        page.hits = found_of(connection, self.policy.name, found.c.refund_id, ids)
        for hit in page.hits.values():
            page.ours.setdefault(hit.refund_id or "", []).append(hit)
        if self.policy.sales != "find":
            self._read_own_sales(connection, page, charge_ids)
        return page

    def _read_own_sales(self, connection: Connection, page: Page, charge_ids: Sequence[str]) -> None:
        for row in connection.execute(
            select(decision).where(
                decision.c.ledger == self.policy.name, within(connection, decision.c.subject_id, charge_ids)
            )
        ):
            if row.shares and row.aim in ("posted", "reversed"):
                page.sales[row.subject_id] = decode_sale(row.shares)
            else:
                why = row.sentence or "it is not decided yet"
                page.blocked[row.subject_id] = f"its sale is not in the books: {why}"

    def _ask_ledger(self, page: Page, rows: Sequence[Any]) -> None:
        """Sales that others booked, and documents of these refunds that others booked, many at once."""
        references = []
        for refund_id, charge_id in page.charge_of.items():
            case = page.charges.get(charge_id or "")
            word = page.words.get(refund_id, PersonWord())
            if case is None or charge_id is None:
                continue
            before_start = case.charge.created < self.books.start
            if self.policy.sales == "find" or before_start or word.sale_id:
                references.append(self._reference(case, word))
        if references:
            page.sales.update(run_steps(self.ledger.find_sales(references), self.courier))
        adopting = [row.subject_id for row in rows if self._adopting(row)]
        if adopting:
            for refund_id, hits in run_steps(self.ledger.find_refunds(adopting), self.courier).items():
                page.others[refund_id] = [hit for hit in hits if hit.document_key is None]

    def _adopting(self, row: Any) -> bool:
        if self.books.adopt == "cut_over":
            return bool(row.created < self.first_run)
        return self.books.adopt == "always"

    def _reference(self, case: ChargeCase, word: PersonWord) -> Reference:
        numbers = number_candidates(
            self.books.number_sources, case.charge, case.payment_intent, case.invoice, case.session
        )
        charge = case.charge
        ids = (charge.charge_id, charge.payment_intent_id, case.invoice.invoice_id if case.invoice else None)
        number = shorten(numbers[0], self.policy.capabilities.short_id_length) if numbers else None
        return Reference(
            charge.charge_id, charge.currency, number, tuple(i for i in ids if i is not None), word.sale_id
        )

    def _read_neighbours(self, connection: Connection, reader: FactReader, page: Page) -> None:
        """The other refunds of the same sales, also of other charges, with the shares they took."""
        numbers = sorted({sale.number for sale in page.sales.values() if sale is not None and not sale.ours})
        charge_ids = [c for c, siblings in page.siblings.items() if len(siblings) > 1]
        mine = decision.c.ledger == self.policy.name
        rows = []
        if charge_ids:
            ids = [r.refund_id for c in charge_ids for r in page.siblings[c]]
            rows += connection.execute(
                select(decision).where(mine, within(connection, decision.c.subject_id, ids))
            ).all()
        if numbers:
            rows += connection.execute(
                select(decision).where(
                    mine, decision.c.subject == "refund", within(connection, decision.c.sale_number, numbers)
                )
            ).all()
        page.rows = {row.subject_id: row for row in rows}
        reader.load(page.rows)
        # Shares of refunds on this page are made anew below, in order; those of the others stand.
        for refund_id, row in page.rows.items():
            standing = refund_id not in page.refunds or page.documents.get(refund_id)
            if row.shares and standing:
                page.shares[refund_id] = decode_shares(row.shares)
        notes_for = {*page.refunds, *page.rows}
        page.credit_notes = reader.credit_notes(notes_for)

    # ------------------------------------------------------------------------------------------ deciding

    def _decide_one(self, reader: FactReader, page: Page, row: Any, numbers: NumberDesk) -> Decided | None:
        refund = page.refunds.get(row.subject_id)
        if refund is None:
            return None
        standing = page.documents.get(refund.refund_id, [])
        if row.outcome == "excluded" and row.due < ASKED:
            return Decided(row, unchanged(row), row.revision)
        case = self._case(reader, page, row, refund, numbers)
        if row.due == REPLACE and standing:
            return self._replace(page, row, case, standing, numbers)
        sent = [d for d in standing if d.state in SENT]
        if sent:
            return self._decide_standing(page, row, case, standing, numbers)
        plan = plan_refund(case, self.books, self.policy, self.now)
        plan = self._with_failure(case, plan)
        if plan.shares:
            page.shares[refund.refund_id] = plan.shares
        settled = bool(case.ours)
        if plan.number is not None and plan.documents and case.number is not None:
            numbers.take(refund.refund_id, case.revision, plan.sale_number or "", *case.number)
        known = numbers.is_known(refund.refund_id, case.revision)
        place = None if known else plan.place
        acknowledged = page.words.get(refund.refund_id, PersonWord()).skip is not None
        return Decided(row, replace_place(plan, place), case.revision, settled, acknowledged)

    def _with_failure(self, case: RefundCase, plan: Plan) -> Plan:
        """A refund that failed, whose documents were found in the books after a lost state: both sides at once."""
        if case.refund.status not in ("failed", "canceled") or not plan.documents:
            return plan
        standing = [Standing(d, True) for d in plan.documents]
        failure = plan_failure(case, self.books, self.policy, standing, self.now)
        return join_plans(plan, failure)

    def _decide_standing(
        self, page: Page, row: Any, case: RefundCase, standing: Sequence[Any], numbers: NumberDesk
    ) -> Decided:
        """A refund with documents on their way or in the books: reversed if Stripe failed it, completed if asked."""
        refund = case.refund
        revision = [d for d in standing if d.revision == row.revision]
        if refund.status in ("failed", "canceled") and row.aim != "reversed":
            pieces = [
                Standing(decode_document(d.content), d.state in ("posted", "adopted")) for d in revision
            ]
            if any(d.state in ("sending", "unknown") for d in revision):
                return Decided(
                    row, Plan(row.outcome, row.reason, row.sentence, row.action, True), row.revision
                )
            return Decided(row, plan_failure(case, self.books, self.policy, pieces, self.now), row.revision)
        if row.due < ASKED or row.outcome not in ("posted", "held"):
            return Decided(row, unchanged(row), row.revision)
        kinds = {d.kind for d in revision if d.state == "posted"}
        if "credit_memo" not in kinds or kinds & CASH_LEGS:
            return Decided(row, unchanged(row), row.revision)
        plan = plan_refund(case, self.books, self.policy, self.now)
        have = {d.document_key for d in standing}
        missing = tuple(d for d in plan.documents if d.document_key not in have)
        if not missing:
            return Decided(row, unchanged(row), row.revision)
        return Decided(row, replace_place(plan, None), row.revision)

    def _replace(
        self, page: Page, row: Any, case: RefundCase, standing: Sequence[Any], numbers: NumberDesk
    ) -> Decided:
        """Undo the documents of this revision and plan the next; left as it is unless there is something to post."""
        posted = [
            decode_document(d.content) for d in standing if d.revision == row.revision and d.state == "posted"
        ]
        if not posted or case.refund.status in ("failed", "canceled"):
            return Decided(row, unchanged(row), row.revision)
        revision = row.revision + 1
        number = numbers.number_for_text(case.refund, revision, posted[0].sale_number or "")
        fresh = replace(case, ours=(), revision=revision, number=number)
        plan = plan_refund(fresh, self.books, self.policy, self.now)
        if not plan.documents:
            return Decided(row, replace(unchanged(row), due=False), row.revision)
        undo = plan_undo(self.books, self.policy, posted)
        last = undo[-1].document_key
        heads = tuple(replace(d, after=(*d.after, last)) for d in plan.documents)
        numbers.take(case.refund.refund_id, revision, plan.sale_number or "", *number)
        if plan.shares:
            page.shares[case.refund.refund_id] = plan.shares
        return Decided(row, replace(plan, documents=(*undo, *heads)), revision)

    def _case(
        self, reader: FactReader, page: Page, row: Any, refund: Refund, numbers: NumberDesk
    ) -> RefundCase:
        charge_id = page.charge_of.get(refund.refund_id)
        charge = page.charges.get(charge_id or "")
        sale = page.sales.get(charge_id or "")
        siblings = page.siblings.get(charge_id or "", [refund])
        standing = page.documents.get(refund.refund_id, [])
        ours = [*page.ours.get(refund.refund_id, ()), *standing_as_found(standing, row.revision)]
        number = numbers.number_for(refund, row.revision, sale) if sale is not None else None
        memo, memo_shares = self._credit_left(page, refund, siblings)
        if memo is not None and number is None:
            number = numbers.number_for_text(refund, row.revision, memo.sale_number or "")
        return RefundCase(
            refund=refund,
            charge=charge,
            balance_transaction=reader.get(refund.balance_transaction_id, BalanceTransaction),
            failure_balance_transaction=reader.get(refund.failure_balance_transaction_id, BalanceTransaction),
            siblings=siblings,
            first_seen=row.first_seen,
            revision=row.revision,
            sale=sale,
            sale_blocked=page.blocked.get(charge_id or ""),
            charge_currencies=self._currencies(reader, charge, siblings),
            credit_notes=page.credit_notes.get(refund.refund_id, ()),
            earlier=self._earlier(page, refund, charge, sale),
            number=number,
            ours=tuple(ours),
            others=tuple(page.others.get(refund.refund_id, ())),
            adopting=self._adopting(row),
            person=self._word(page, refund.refund_id, bool(ours)),
            credit_left=memo,
            credit_left_shares=memo_shares,
        )

    def _word(self, page: Page, refund_id: str, in_books: bool) -> PersonWord:
        """What a person decided; a skip of what stands in the books only acknowledged that it was reversed."""
        word = page.words.get(refund_id, PersonWord())
        return replace(word, skip=None) if in_books else word

    def _currencies(
        self, reader: FactReader, charge: ChargeCase | None, siblings: Iterable[Refund]
    ) -> frozenset[str]:
        """Currencies in which this charge is known to have moved the Stripe balance."""
        known = {charge.balance_transaction.currency} if charge and charge.balance_transaction else set()
        for sibling in siblings:
            for object_id in (sibling.balance_transaction_id, sibling.failure_balance_transaction_id):
                moved = reader.get(object_id, BalanceTransaction)
                if moved is not None:
                    known.add(moved.currency)
        return frozenset(known)

    def _earlier(
        self, page: Page, refund: Refund, charge: ChargeCase | None, sale: Sale | None
    ) -> tuple[Share, ...]:
        """The shares of the sale's refunds before this one, whatever became of them here; made up where unplanned."""
        if sale is None:
            return ()
        before = self._refunds_before(page, refund, charge, sale)
        shares: list[Share] = []
        for earlier in before:
            known = page.shares.get(earlier.refund_id)
            if known is None:
                known = self._imagine(page, earlier, charge, sale, shares)
                page.shares[earlier.refund_id] = known
            shares.extend(known)
        return tuple(shares)

    def _refunds_before(
        self, page: Page, refund: Refund, charge: ChargeCase | None, sale: Sale
    ) -> list[Refund]:
        siblings = {r.refund_id: r for r in page.siblings.get(charge.charge.charge_id if charge else "", ())}
        if not sale.ours:
            for refund_id, row in page.rows.items():
                neighbour = page.refunds.get(refund_id)
                if neighbour is None and row.sale_number == sale.number and refund_id in page.shares:
                    siblings.setdefault(
                        refund_id, Refund(refund_id, row.created, row.amount_minor, row.currency, "succeeded")
                    )
                elif neighbour is not None and same_sale(page, refund_id, sale):
                    siblings.setdefault(refund_id, neighbour)
            for refund_id, neighbour in page.refunds.items():
                if same_sale(page, refund_id, sale):
                    siblings.setdefault(refund_id, neighbour)
        earlier = [r for r in siblings.values() if order(r) < order(refund) and is_live(r)]
        return sorted(earlier, key=order)

    def _imagine(
        self, page: Page, earlier: Refund, charge: ChargeCase | None, sale: Sale, before: Sequence[Share]
    ) -> tuple[Share, ...]:
        case = RefundCase(
            earlier,
            charge,
            None,
            None,
            (),
            0,
            credit_notes=page.credit_notes.get(earlier.refund_id, ()),
        )
        try:
            return split_refund(
                sale_lines_of(case, sale), before, earlier.amount_minor, evidence_of(case)
            ).shares
        except Overdrawn:
            return ()

    def _credit_left(
        self, page: Page, refund: Refund, siblings: Sequence[Refund]
    ) -> tuple[Document | None, tuple[Share, ...]]:
        """A credit memo that `owe_customer` left open for this charge, not yet paid out by another refund."""
        if self.books.failed_refund != "owe_customer":
            return None, ()
        for sibling in siblings:
            row = page.rows.get(sibling.refund_id)
            if row is None or row.aim != "reversed" or sibling.refund_id == refund.refund_id:
                continue
            memo = self._open_memo(sibling.refund_id)
            if memo is not None:
                return memo, decode_shares(row.shares) if row.shares else ()
        return None, ()

    def _open_memo(self, refund_id: str) -> Document | None:
        with self.engine.connect().execution_options(reading=True) as connection:
            rows = connection.execute(
                select(document).where(
                    document.c.ledger == self.policy.name,
                    document.c.subject_id == refund_id,
                    document.c.kind == "credit_memo",
                    document.c.state == "posted",
                )
            ).all()
            for row in rows:
                paid = connection.execute(
                    select(document.c.document_key).where(
                        document.c.ledger == self.policy.name,
                        document.c.after_keys == row.document_key,
                        document.c.state.in_(("posted", "planned", "sending", "unknown")),
                        document.c.kind.in_(sorted(CASH_LEGS)),
                    )
                ).first()
                if paid is None:
                    return decode_document(row.content)
        return None


def order(refund: Refund) -> tuple[int, str]:
    return refund.created, refund.refund_id


def same_sale(page: Page, refund_id: str, sale: Sale) -> bool:
    other = page.sales.get(page.charge_of.get(refund_id) or "")
    return other is not None and other.ledger_id == sale.ledger_id


def unchanged(row: Any) -> Plan:
    return Plan(row.outcome, row.reason, row.sentence, row.action)


def replace_place(plan: Plan, place: int | None) -> Plan:
    return plan if plan.place == place else replace(plan, place=place)


def join_plans(plan: Plan, failure: Plan) -> Plan:
    return replace(
        failure,
        documents=(*plan.documents, *failure.documents),
        rule=plan.rule,
        facts=plan.facts,
        shares=plan.shares,
        sale_number=plan.sale_number,
        number=plan.number,
        place=plan.place,
        warnings=(*plan.warnings, *failure.warnings),
    )


def standing_as_found(standing: Sequence[Any], revision: int) -> list[Found]:
    """Posted documents of the state in the form in which the books would show them."""
    return [
        Found(
            d.ledger_id or d.document_key,
            d.document_key,
            d.kind,
            d.number,
            d.refund_id,
            d.charge_id,
            d.amount_minor,
            d.currency,
            date.fromisoformat(d.posting_date),
        )
        for d in standing
        if d.state == "posted" and d.revision == revision
    ]
