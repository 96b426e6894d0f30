"""Deciding the sales of a ledger that the connector posts: one page of charges at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, select

from connector.decisions.numbers import refused_numbers
from connector.decisions.record import Decided
from connector.ledgers.contract import Courier, Found, Ledger, Person, run_steps
from connector.planning.buyers import person_of
from connector.planning.case import Books, ChargeCase, LedgerPolicy, Plan
from connector.planning.charge_failure import plan_charge_failure
from connector.planning.numbering import number_candidates, shorten
from connector.planning.sale_plan import plan_charge
from connector.planning.stripe_facts import BalanceTransaction, Refund
from connector.store.bulk import within
from connector.store.codec import decode_document
from connector.store.documents import select_with_text
from connector.store.facts import FactReader
from connector.store.schema import document, found, sale_number

# The setting under which a sale of this kind is posted.
FORMS = {"invoice": "invoice_and_payment", "sales_receipt": "sales_receipt"}


class ChargeDesk:
    """Plans pages of charges for one ledger; reads the store and, for numbers, the books."""

    def __init__(
        self, engine: Engine, books: Books, policy: LedgerPolicy, ledger: Ledger, courier: Courier, now: int
    ) -> None:
        self.engine = engine
        self.books = books
        self.policy = policy
        self.ledger = ledger
        self.courier = courier
        self.now = now

    def decide(self, rows: Sequence[Any]) -> tuple[list[Decided], dict[str, Found]]:
        """Plans of these rows, and what of their documents stands in the books already."""
        ids = [row.subject_id for row in rows]
        with self.engine.connect().execution_options(reading=True) as connection:
            reader = FactReader(connection)
            cases = add_currencies(reader, reader.charge_cases(ids, sold=True))
            standing = self._standing(connection, ids)
            hits = found_of(connection, self.policy.name, found.c.charge_id, ids)
            candidates = self._candidates(rows, cases)
            taken = self._taken(connection, candidates)
        sales = [hit for hit in hits.values() if hit.kind in FORMS and hit.refund_id is None]
        own = {hit.charge_id: hit.number for hit in sales if hit.number}
        forms = {hit.charge_id: FORMS[hit.kind or ""] for hit in sales}
        customers = self._customers(cases)
        decided = []
        for row in rows:
            case = cases.get(row.subject_id)
            if case is None:
                continue
            documents = standing.get(row.subject_id)
            if documents:
                decided.append(self._again(case, row, documents))
                continue
            mine = own.get(row.subject_id)
            # After a lost state: a sale that stands in the books keeps its form, whatever the settings say now.
            policy = replace(self.policy, sales=forms.get(row.subject_id, self.policy.sales))
            if mine is not None and case.charge.status == "failed":
                plan = self._both(policy, case, row, mine, hits)
            else:
                free = [mine] if mine else [n for n in candidates[row.subject_id] if n not in taken]
                buyer = customers.get(row.subject_id)
                plan = plan_charge(case, self.books, policy, free, self.now, row.first_seen, buyer)
            if plan.number is not None:
                taken.add(plan.number)
            decided.append(Decided(row, plan))
        return decided, hits

    def _customers(self, cases: Mapping[str, ChargeCase]) -> dict[str, tuple[str, str]]:
        """The ledger's id and name of the customer of each charge, by charge id; the default one where nobody is to be
        made for whom it does not know."""
        if not self.policy.capabilities.makes_customers:
            return {}
        persons = {
            charge_id: person_of(case, self._currency(case))
            for charge_id, case in cases.items()
            if case.charge.status == "succeeded" and case.charge.captured
        }
        asked = list(dict.fromkeys(persons.values()))
        mapping = self.policy.mapping
        default = mapping.customer_default
        defaults = {
            person.currency: Person(f"default {person.currency}", default, None, person.currency)
            for person in asked
            if default is not None
        }
        found = run_steps(self.ledger.find_customers([*asked, *defaults.values()]), self.courier)
        customers = {}
        for charge_id, person in persons.items():
            known = found.get(person.subject)
            if known is None and (person.name is None or not mapping.customer_create):
                known = found.get(f"default {person.currency}")
            if known is not None:
                customers[charge_id] = known
        return customers

    def _currency(self, case: ChargeCase) -> str:
        """The currency that the sale will stand in."""
        settled = case.settled()
        if self.policy.holds_charge_currency or settled is None:
            return case.charge.currency
        return settled[1]

    def _again(self, case: ChargeCase, row: Any, documents: Sequence[Any]) -> Decided:
        """A charge whose sale stands: nothing to do, unless it failed since."""
        plan = Plan(row.outcome, row.reason, row.sentence, row.action)
        if case.charge.status != "failed" or row.aim in ("reversed", "dropped"):
            return Decided(row, plan)
        if any(d.state in ("sending", "unknown") for d in documents):
            return Decided(row, replace(plan, due=True))
        posted = [decode_document(d.content) for d in documents if d.state == "posted"]
        if not posted:
            plan = Plan("dropped", sentence=f"charge {row.subject_id} failed: its sale had not been posted")
            return Decided(row, plan, given_up=True)
        plan = plan_charge_failure(case, self.books, self.policy, posted, self.now, row.first_seen)
        return Decided(row, plan, given_up=True)

    def _both(
        self, policy: LedgerPolicy, case: ChargeCase, row: Any, number: str, hits: Mapping[str, Found]
    ) -> Plan:
        """A charge that failed, whose sale was found in the books after a lost state: the sale and its reversal."""
        charge = case.charge
        captured = charge.captured_minor or charge.amount_minor
        before = replace(
            case, charge=replace(charge, status="succeeded", captured=True, captured_minor=captured)
        )
        sold = plan_charge(before, self.books, policy, [number], self.now, row.first_seen)
        posted = tuple(d for d in sold.documents if d.document_key in hits)
        failure = plan_charge_failure(before, self.books, policy, posted, self.now, row.first_seen)
        return replace(failure, documents=(*posted, *failure.documents), sale=sold.sale, number=sold.number)

    def _standing(self, connection: Connection, ids: Sequence[str]) -> dict[str, list[Any]]:
        by_charge: dict[str, list[Any]] = {}
        for row in connection.execute(
            select_with_text().where(
                document.c.ledger == self.policy.name, within(connection, document.c.subject_id, ids)
            )
        ):
            by_charge.setdefault(row.subject_id, []).append(row)
        return by_charge

    def _candidates(self, rows: Sequence[Any], cases: Mapping[str, ChargeCase]) -> dict[str, list[str]]:
        short = self.policy.capabilities.short_id_length
        candidates: dict[str, list[str]] = {}
        for row in rows:
            case = cases.get(row.subject_id)
            if case is not None:
                numbers = number_candidates(
                    self.books.number_sources, case.charge, case.payment_intent, case.invoice, case.session
                )
                candidates[row.subject_id] = [shorten(n, short) for n in numbers]
        return candidates

    def _taken(self, connection: Connection, candidates: Mapping[str, Sequence[str]]) -> set[str]:
        """Numbers that another sale holds: one of ours, or one in the books that is not."""
        owner = {number: charge_id for charge_id, numbers in candidates.items() for number in numbers}
        taken = {
            row.number
            for row in connection.execute(
                select(sale_number).where(
                    sale_number.c.ledger == self.policy.name, within(connection, sale_number.c.number, owner)
                )
            )
        }
        held = run_steps(self.ledger.numbers_taken("sale", list(owner)), self.courier)
        return taken | set(held) | refused_numbers(connection, self.policy.name, "sale", owner)


def add_currencies(reader: FactReader, cases: dict[str, ChargeCase]) -> dict[str, ChargeCase]:
    """Charges of which a balance transaction is missing, with the currencies that their refunds settled in."""
    lacking = [
        charge_id
        for charge_id, case in cases.items()
        if case.balance_transaction is None
        or (case.charge.status == "failed" and case.failure_balance_transaction is None)
    ]
    refunds = reader.refunds_of(lacking)
    reader.load(
        i
        for group in refunds.values()
        for r in group
        for i in (r.balance_transaction_id, r.failure_balance_transaction_id)
    )
    for charge_id, group in refunds.items():
        case = cases[charge_id]
        cases[charge_id] = replace(case, currencies=currencies_of(reader, case, group))
    return cases


def currencies_of(reader: FactReader, charge: ChargeCase | None, refunds: Iterable[Refund]) -> frozenset[str]:
    """Currencies in which a charge and its refunds are known to have moved the Stripe balance."""
    known = {charge.balance_transaction.currency} if charge and charge.balance_transaction else set()
    for refund in refunds:
        for object_id in (refund.balance_transaction_id, refund.failure_balance_transaction_id):
            moved = reader.get(object_id, BalanceTransaction)
            if moved is not None:
                known.add(moved.currency)
    return frozenset(known)


def found_of(connection: Connection, ledger: str, column: Any, ids: Sequence[str]) -> dict[str, Found]:
    """Documents of ours that were read from the books when the state was filled, by document key. A person's copy may bear
    the key too: of several the earliest is ours, then that with the lowest id."""
    rows = connection.execute(
        select(found)
        .where(found.c.ledger == ledger, within(connection, column, ids), found.c.document_key.is_not(None))
        .order_by(found.c.posting_date, found.c.ledger_id)
    )
    hits: dict[str, Found] = {}
    for row in rows:
        hits.setdefault(row.document_key, found_from(row))
    return hits


def found_from(row: Any) -> Found:
    return Found(
        ledger_id=row.ledger_id,
        document_key=row.document_key,
        kind=row.kind,
        number=row.number,
        refund_id=row.refund_id,
        charge_id=row.charge_id,
        amount_minor=row.amount_minor,
        currency=row.currency,
        posting_date=date.fromisoformat(row.posting_date),
        customer=row.customer,
        sale_number=row.sale_number,
        income_minor=row.income_minor,
        cash_minor=row.cash_minor,
        replaced_number=row.replaced_number,
    )
