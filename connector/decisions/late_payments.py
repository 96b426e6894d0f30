"""Payments that others booked after a refund had been posted as if none would come: a void, or a lone credit memo on an
unpaid invoice, left charge and refund out of clearing, and such a payment brings the charge in alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, select

from connector.decisions.refund_page import reference_of
from connector.ledgers.contract import Courier, Ledger, run_steps
from connector.planning.case import Books, LedgerPolicy
from connector.planning.refund_sale import find_payment
from connector.planning.reversal_plan import WITH_CASH
from connector.planning.sentences import money
from connector.store.bulk import update_many
from connector.store.codec import decode_list, encode_list
from connector.store.facts import FactReader
from connector.store.lease import Lease
from connector.store.schema import decision, document

LATE_PAYMENT = "late_payment"
UNPAID = '%"payment":"absent"%'


def report_late_payments(
    engine: Engine,
    lease: Lease,
    books: Books,
    policy: LedgerPolicy,
    ledger: Ledger,
    courier: Courier,
    run_id: str,
) -> int:
    """Warn, once for each refund, of a payment that came into the books late. Returns how many were found."""
    with engine.connect().execution_options(reading=True) as connection:
        rows = unpaid_rows(connection, policy.name)
        if not rows:
            return 0
        cases = FactReader(connection).charge_cases([row.charge_id for row in rows], sold=True)
    references = [reference_of(books, policy, case, None) for case in cases.values()]
    sales = run_steps(ledger.find_sales(references), courier)
    found = []
    for row in rows:
        sale = sales.get(row.charge_id)
        payment = find_payment(cases.get(row.charge_id), sale.payments, False) if sale is not None else None
        if sale is None or payment is None:
            continue
        told = (
            f"{LATE_PAYMENT}: payment {payment.ledger_id} of {money(payment.amount_minor, payment.currency)} was booked "
            f"on {sale.number} after its refund {row.number or row.subject_id} had been posted without it: clearing is "
            f"too high by it; take the payment out of the books again, or book its pay-out from clearing by hand"
        )
        warnings = encode_list((*decode_list(row.warnings), told))
        found.append((warnings, run_id, row.subject_id, policy.name))
    with engine.begin() as connection:
        lease.renew(connection)
        update_many(connection, decision, ("subject_id", "ledger"), ("warnings", "touched_run"), found)
    return len(found)


def unpaid_rows(connection: Connection, ledger: str) -> Sequence[Any]:
    """Refunds that were posted while the payment of their charge was absent, and not warned of yet.

    What took the money out of clearing, as a person or a rule may say, expects the payment to bring it in.
    """
    paid_out = select(document.c.document_key).where(
        document.c.ledger == decision.c.ledger,
        document.c.subject_id == decision.c.subject_id,
        document.c.kind.in_(sorted(WITH_CASH)),
        document.c.state.in_(("posted", "adopted")),
    )
    return connection.execute(
        select(decision).where(
            decision.c.ledger == ledger,
            decision.c.subject == "refund",
            decision.c.outcome == "posted",
            decision.c.charge_id.is_not(None),
            decision.c.facts.like(UNPAID),
            ~paid_out.exists(),
            decision.c.warnings.is_(None) | decision.c.warnings.not_like(f"%{LATE_PAYMENT}%"),
        )
    ).all()
