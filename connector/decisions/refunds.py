"""Deciding refunds, one page at a time: what each may depend on is read in bulk, then `plan_refund` is asked.

Refunds of one sale are planned in the order of created, then id, and each sees what the ones before it took.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine

from connector.decisions.adopted import as_they_stand, broken_off, half_taken_back, take_up_found
from connector.decisions.charges import currencies_of
from connector.decisions.failed_siblings import told_again
from connector.decisions.half_opened import half_opened
from connector.decisions.half_replaced import fail_half_replaced, is_half_replaced
from connector.decisions.money_back import after_money_back
from connector.decisions.numbers import NumberDesk
from connector.decisions.record import Decided
from connector.decisions.refund_history import credit_holder, credit_left, earlier_shares
from connector.decisions.refund_page import ASKED, REPLACE, OpenCredit, Page, PageReader
from connector.ledgers.contract import Courier, Found, Ledger
from connector.planning.adoption import adopted_plan
from connector.planning.case import GONE, Books, LedgerPolicy, Plan, RefundCase
from connector.planning.model import CASH_LEGS, Document, Sale
from connector.planning.refund_plan import plan_refund, settle_refund
from connector.planning.reversal_plan import Standing, after_undo, plan_failure, plan_undo
from connector.planning.reversal_plan import half_opened as plan_half_opened
from connector.planning.sentences import PUT_ON_AGAIN, resolve_command
from connector.planning.stripe_facts import BalanceTransaction, Refund
from connector.store.codec import decode_document
from connector.store.facts import FactReader
from connector.store.settling import is_unsent


class RefundDesk:
    """Plans pages of refunds for one ledger.

    `kept` says of each refund that a person wanted replaced, and that stays as it is, why: refund id → sentence.
    """

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
        self.pages = PageReader(books, policy, ledger, courier, first_run)
        self.kept: dict[str, str] = {}

    def decide(self, rows: Sequence[Any]) -> tuple[list[Decided], dict[str, Found]]:
        """Plans of these rows, and what of their documents stands in the books already."""
        with self.engine.connect().execution_options(reading=True) as connection:
            reader = FactReader(connection)
            page = self.pages.read(connection, reader, rows)
            numbers = NumberDesk(connection, self.books, self.policy, self.ledger, self.courier)
            numbers.prefetch([(row, page.sale_of(row.subject_id)) for row in rows])
            opening = half_opened(connection, self.policy.name, page.charges)
            decided = []
            for row in rows:
                refund = page.refunds.get(row.subject_id)
                # One that is not decided now stays due.
                opens = opening.get(page.charge_of.get(row.subject_id) or "", row.subject_id)
                if opens != row.subject_id and row.subject_id not in page.documents:
                    # One that a person asked for stays so.
                    if row.outcome in ("waiting", "failed") and row.due < ASKED:
                        decided.append(Decided(row, waits_for(opens), row.revision))
                elif refund is not None:
                    case = self._case(connection, reader, page, row, refund, numbers)
                    one = self._decide_one(page, row, case, numbers)
                    remember(page, case, one.plan)
                    if case.sale is not None and not case.sale.ours:
                        one = replace(one, sale_ledger_id=case.sale.ledger_id)
                    decided.append(replace(one, charge_id=page.charge_of.get(row.subject_id)))
            if self.policy.capabilities.pays_what_came_back:
                decided = after_money_back(connection, self.policy.name, page, decided)
            decided += told_again(connection, reader, page, self.policy.name, decided)
        return decided, page.hits

    def _decide_one(self, page: Page, row: Any, case: RefundCase, numbers: NumberDesk) -> Decided:
        standing = page.documents.get(row.subject_id, [])
        revision = [d for d in standing if d.revision == row.revision]
        if row.outcome == "excluded" and row.due < ASKED and not case.ours:
            return Decided(row, unchanged(row), row.revision)
        if case.refund.status in GONE and is_half_replaced(row, standing):
            one, stands, mirrors = fail_half_replaced(row, case, standing, self.books, self.policy, self.now)
            whole = replace(one.plan, documents=(*mirrors, *one.plan.documents))
            leave_credit(page, row.subject_id, stands, whole)
            return one
        # One plan of a revision at a time: it stands until it is forgotten, or a person skipped all of it but a payment
        # that is off its invoice, which books nothing and stays as it is. What nothing could be planned for then is held
        # or waits, and is decided again like any other.
        left = [d for d in revision if d.state != "skipped" or d.ledger_id is not None]
        loose = all(d.kind == "application" and d.state == "posted" for d in left)
        anew = loose and case.refund.status not in GONE and row.outcome in ("excluded", "held", "waiting")
        if row.due == REPLACE and revision and not anew and case.refund.status not in GONE:
            return self._replace(page, row, case, standing, numbers)
        if left and not anew:
            return self._decide_standing(page, row, case, standing)
        hits = page.ours.get(row.subject_id, ())
        plan = as_they_stand(plan_refund(case, self.books, self.policy, self.now), hits)
        if left and plan.outcome == "excluded":
            told = replace(plan, sentence=f"{plan.sentence}; {PUT_ON_AGAIN}")
            return Decided(row, told, row.revision)
        plan = self._follow_standing(row, standing, left, plan)
        if case.refund.status in GONE:
            plan = self._with_failure(page, case, plan)
        half = half_taken_back(self.books, self.policy, row, hits)
        if half is not None:
            return Decided(row, half, case.revision)
        plan = take_up_found(self.ledger, self.courier, self.policy.name, row, plan, hits, case.sale)
        if plan.outcome == "reversed" and case.refund.status not in GONE:
            plan = broken_off(row, plan, hits)
        if plan.number is not None and plan.documents and case.number is not None:
            numbers.take(row.subject_id, case.revision, plan.sale_number or "", *case.number)
        if numbers.is_known(row.subject_id, case.revision):
            plan = replace(plan, place=None)
        acknowledged = page.word_on(row.subject_id).skip is not None
        skipped = tuple(d.document_key for d in revision)
        return Decided(row, plan, case.revision, bool(case.ours), acknowledged, replaces=skipped)

    def _follow_standing(self, row: Any, standing: Sequence[Any], left: Sequence[Any], plan: Plan) -> Plan:
        """A plan that is made anew: of what is `left` of the one before it, and after what took the last revision back."""
        again = {one.document_key for d in plan.documents for one in self.ledger.expand(d)}
        if plan.documents and any(d.document_key not in again for d in left):
            plan = replace(plan, warnings=(*plan.warnings, PUT_ON_AGAIN))
        before = [d for d in standing if (d.kind, d.revision) == ("reversal", row.revision - 1)]
        undone = [decode_document(d.content) for d in before if d.state == "posted"]
        if undone and plan.documents:
            plan = replace(plan, documents=after_undo(plan.documents, undone))
        return plan

    def _with_failure(self, page: Page, case: RefundCase, plan: Plan) -> Plan:
        """A refund that failed, whose documents were found in the books after a lost state: both sides at once."""
        found = tuple(d for d in plan.documents if d.document_key in page.hits)
        if not found and any(hit.kind == "application" for hit in page.ours.get(case.refund.refund_id, ())):
            return plan_half_opened(case, self.policy)
        if not found:
            return plan
        failure = plan_failure(case, self.books, self.policy, [Standing(d, True) for d in found], self.now)
        page.shares[case.refund.refund_id] = plan.shares
        leave_credit(page, case.refund.refund_id, found, failure)
        return replace(
            failure,
            documents=(*found, *failure.documents),
            rule=plan.rule,
            facts=plan.facts,
            shares=plan.shares,
            sale_number=plan.sale_number,
            number=plan.number,
            place=plan.place,
            warnings=(*plan.warnings, *failure.warnings),
        )

    def _decide_standing(self, page: Page, row: Any, case: RefundCase, standing: Sequence[Any]) -> Decided:
        """A refund with documents on their way or in the books: reversed if Stripe failed it, completed if asked."""
        revision = [d for d in standing if d.revision == row.revision]
        if case.refund.status in GONE and row.aim != "reversed":
            return self._fail_standing(page, row, case, revision)
        overtaken = self._overtaken(page, row, revision) if row.due >= ASKED else None
        if overtaken is not None:
            return Decided(row, overtaken, row.revision)
        if row.due < ASKED or row.outcome not in ("posted", "held"):
            return Decided(row, unchanged(row), row.revision)
        kinds = {d.kind for d in revision if d.state == "posted"}
        if "credit_memo" not in kinds or kinds & CASH_LEGS:
            return Decided(row, unchanged(row), row.revision)
        plan = plan_refund(case, self.books, self.policy, self.now)
        have = {d.document_key for d in standing}
        if all(d.document_key in have for d in plan.documents):
            return Decided(row, unchanged(row), row.revision)
        return Decided(row, replace(plan, place=None), row.revision)

    def _overtaken(self, page: Page, row: Any, revision: Sequence[Any]) -> Plan | None:
        """What a person said of a refund while it was in doubt, once it is known what was written before."""
        word = page.word_on(row.subject_id)
        written = [d for d in revision if d.state == "posted" and d.kind != "application"]
        shown = ", ".join(f"{d.kind.replace('_', ' ')} {d.number or ''}".rstrip() for d in written)
        if word.adopt_id is not None and not written:
            return adopted_plan(word.adopt_id)
        if word.adopt_id is not None:
            how = resolve_command(row.subject_id, self.policy.name, "--retry")
            return Plan(
                "held",
                "duplicate_in_books",
                f"adopted by a person as {word.adopt_id}, and the connector had written {shown} before: the refund "
                f"stands in the books twice",
                f"take {word.adopt_id} out of the ledger, then: {how}",
            )
        if row.aim == "excluded" and written:
            skipped = f"a person skipped it; the connector had written {shown} before that"
            return Plan("posted", sentence=skipped if word.skip is not None else "")
        # What was adopted beside it is gone again.
        if row.aim == "held" and written and any(d.state == "skipped" and d.ledger_id for d in revision):
            return Plan("posted")
        return None

    def _fail_standing(self, page: Page, row: Any, case: RefundCase, revision: Sequence[Any]) -> Decided:
        """Posted documents are reversed; those that were not written are left out; doubtful ones are awaited."""
        if any(d.state in ("sending", "unknown") for d in revision):
            return Decided(row, replace(unchanged(row), due=True), row.revision)
        there = [d.state in ("posted", "adopted") for d in revision]
        documents = [decode_document(d.content) for d in revision]
        pieces = [Standing(d, posted) for d, posted in zip(documents, there, strict=True)]
        plan = plan_failure(case, self.books, self.policy, pieces, self.now)
        leave_credit(page, case.refund.refund_id, [p.document for p in pieces if p.posted], plan)
        # Found reversed in the books, it may have been acknowledged already.
        found = any(d.document_key in page.hits for d in plan.documents)
        acknowledged = found and page.word_on(row.subject_id).skip is not None
        return Decided(row, plan, row.revision, acknowledged=acknowledged, given_up=True)

    def _replace(
        self, page: Page, row: Any, case: RefundCase, standing: Sequence[Any], numbers: NumberDesk
    ) -> Decided:
        """Undo the documents of this revision and plan the next; left as it is unless there is something to post."""
        posted = [
            decode_document(d.content) for d in standing if d.revision == row.revision and d.state == "posted"
        ]
        # After a lost state some of it may have been taken back before.
        before = [d for d in posted if d.kind == "reversal"]
        # A void is undone by hand: while it stands, the sale that would be planned anew counts as absent.
        voided = any(d.kind == "void" for d in posted)
        if voided:
            self.kept[row.subject_id] = "a void is taken back by hand"
        undo = () if voided else plan_undo(self.books, self.policy, posted)
        if any(d.kind == "application" for d in posted) and not undo and not voided:
            self.kept[row.subject_id] = (
                "only its payment was taken off the invoice so far; try again what is held of it, or skip it"
            )
        if voided or not (undo or before):
            return Decided(row, unchanged(row), row.revision)
        revision = row.revision + 1
        sale = page.sale_before(row.subject_id)
        number = number_of(numbers, case.refund, revision, sale, case.credit_left)
        fresh = replace(case, ours=(), sale=sale, revision=revision, number=number)
        plan = plan_refund(fresh, self.books, self.policy, self.now)
        if not plan.documents or number is None:
            self.kept[row.subject_id] = self._why_kept(fresh, plan)
            return Decided(row, unchanged(row), row.revision)
        heads = after_undo(plan.documents, [*before, *undo])
        numbers.take(case.refund.refund_id, revision, plan.sale_number or "", *number)
        # What was never sent of the revision that is undone is not wanted any more.
        unsent = tuple(d.document_key for d in standing if d.revision == row.revision and is_unsent(d))
        return Decided(row, replace(plan, documents=(*undo, *heads)), revision, replaces=unsent)

    def _why_kept(self, case: RefundCase, plan: Plan) -> str:
        """Why a refund that stands in the books would not be posted now."""
        if plan.reason != "period_closed":
            return plan.sentence or "nothing would be posted in its place"
        day = settle_refund(case, self.books, self.now).posting_date
        return (
            f"{day} is closed until {self.policy.closed_until}; open the period or set refunds.period_closed: "
            f"first_open_day"
        )

    def _case(
        self,
        connection: Connection,
        reader: FactReader,
        page: Page,
        row: Any,
        refund: Refund,
        numbers: NumberDesk,
    ) -> RefundCase:
        charge_id = page.charge_of.get(refund.refund_id)
        charge = page.charges.get(charge_id or "")
        sale = page.sale_less_taken_up(refund.refund_id)
        siblings = page.siblings.get(charge_id or "", [refund])
        standing = page.documents.get(refund.refund_id, [])
        found = [hit for hit in page.ours.get(refund.refund_id, ()) if hit.kind != "application"]
        ours = [*found, *standing_as_found(standing, row.revision)]
        word = page.word_on(refund.refund_id)
        # What stands in the books counts, whatever the setting for failed refunds says now.
        owed = credit_left(connection, self.policy.name, page, refund)
        memo = owed.memo if owed else None
        number = number_of(numbers, refund, row.revision, sale, memo)
        passed: tuple[str, ...] = ()
        if sale is not None and number is not None:
            passed = numbers.passed_over(refund.refund_id, row.revision, sale.number, number[0])
        blocked, blocked_reason = page.blocked.get(charge_id or "", (None, None))
        return RefundCase(
            refund=refund,
            charge=charge,
            balance_transaction=reader.get(refund.balance_transaction_id, BalanceTransaction),
            failure_balance_transaction=reader.get(refund.failure_balance_transaction_id, BalanceTransaction),
            siblings=siblings,
            first_seen=row.first_seen,
            revision=row.revision,
            sale=sale,
            sale_blocked=blocked,
            sale_blocked_reason=blocked_reason,
            charge_currencies=currencies_of(reader, charge, siblings),
            credit_notes=page.credit_notes.get(refund.refund_id, ()),
            earlier=earlier_shares(page, self.policy, refund, charge, sale, row.due == REPLACE or not ours),
            number=number,
            passed_over=passed,
            ours=tuple(ours),
            others=tuple(page.others.get(refund.refund_id, ())),
            named=page.named.get(word.adopt_id or ""),
            adopting=self.pages.is_adopting(row),
            asked=row.due >= ASKED,
            # A skip of what stands in the books only acknowledged that it was reversed.
            person=replace(word, skip=None) if ours else word,
            credit_left=memo,
            credit_holder=owed.holder if owed else None,
            credit_left_shares=owed.shares if owed else (),
            credit_used_minor=owed.used_minor if owed else 0,
            credit_used_shares=owed.used_shares if owed else (),
            unusable=reader.unusable(
                refund.balance_transaction_id,
                refund.failure_balance_transaction_id,
                charge.charge.balance_transaction_id if charge else None,
            ),
        )


def number_of(
    numbers: NumberDesk, refund: Refund, revision: int, sale: Sale | None, memo: Document | None
) -> tuple[int, str] | None:
    """The place and number among the refunds of the sale as it is numbered now, else of the sale of an open credit."""
    if sale is not None:
        return numbers.number_for(refund, revision, sale.number)
    return numbers.number_for(refund, revision, memo.sale_number or "") if memo is not None else None


def unchanged(row: Any) -> Plan:
    return Plan(row.outcome, row.reason, row.sentence, row.action)


def waits_for(other_id: str) -> Plan:
    """Not decided while another refund of the charge has its payment off the invoice."""
    told = f"waits for refund {other_id}, which is opening the invoice of this charge again"
    return Plan("waiting", sentence=told, due=True)


def remember(page: Page, case: RefundCase, plan: Plan) -> None:
    """What the refunds that follow on this page must know of this one."""
    refund_id = case.refund.refund_id
    if plan.shares:
        page.shares[refund_id] = plan.shares
    if plan.outcome == "adopted" or any(hit.income_minor for hit in plan.adopted):
        page.adopted.add(refund_id)
    memo = case.credit_left
    if memo is not None and any(d.after[:1] == (memo.document_key,) for d in plan.documents):
        page.paid.setdefault(memo.document_key, []).append(refund_id)


def leave_credit(page: Page, refund_id: str, posted: Sequence[Document], failure: Plan) -> None:
    """Remember the credit memo of a failed refund that is not reversed with its cash leg."""
    if failure.outcome != "reversed":
        return
    taken_back = {d.reverses for d in failure.documents}
    for memo in posted:
        if memo.kind == "credit_memo" and memo.document_key not in taken_back:
            shares = page.shares.get(refund_id, ())
            page.owed[refund_id] = OpenCredit(memo, shares, credit_holder(failure.documents))


def standing_as_found(standing: Sequence[Any], revision: int) -> list[Found]:
    """Posted documents of the state in the form in which the books would show them; a payment that is off its invoice
    books nothing."""
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
        if d.state == "posted" and d.revision == revision and d.kind != "application"
    ]
