"""The commands with which a person decides what is held, ready to be pasted but for the reason."""

from __future__ import annotations

from collections.abc import Iterable

from connector.ledgers.contract import Found
from connector.planning.case import LedgerPolicy, RefundCase
from connector.planning.facts import method_of
from connector.planning.refund_types import is_on, sale_forms
from connector.planning.sentences import FILL_IN, resolve_command, shell_word
from connector.planning.stripe_facts import Refund


def skip_command(refund: Refund, ledger: LedgerPolicy) -> str:
    return resolve_command(refund.refund_id, ledger.name, "--skip")


def retry_command(refund: Refund, ledger: LedgerPolicy) -> str:
    return resolve_command(refund.refund_id, ledger.name, "--retry")


def after_hand_work(refund: Refund, ledger: LedgerPolicy) -> str:
    """Once a person has put it right in the ledger: looked at again, or left as it is."""
    return f"then: {retry_command(refund, ledger)}; or leave it as it is: {skip_command(refund, ledger)}"


def sale_command(refund: Refund, ledger: LedgerPolicy, sale_id: str | None = None) -> str:
    """This sale, or one that a person has to name by its number or ledger id."""
    named = FILL_IN if sale_id is None else shell_word(sale_id)
    return resolve_command(refund.refund_id, ledger.name, f"--sale {named}")


def adopt_commands(refund: Refund, ledger: LedgerPolicy, found: Iterable[Found]) -> str:
    """One for each document that others booked."""
    ids = dict.fromkeys(hit.ledger_id for hit in found)
    options = (f"--adopt {shell_word(ledger_id)}" for ledger_id in ids)
    return ", or: ".join(resolve_command(refund.refund_id, ledger.name, option) for option in options)


def type_action(case: RefundCase, ledger: LedgerPolicy, form: str, paid: bool) -> str:
    """What a person can do who is to choose the types: the usual ones of such a sale are filled in; where the ledger
    makes none of it, only leaving it out is left."""
    charge = case.charge.charge if case.charge else None
    cash = (
        "credit_card_refund"
        if method_of(charge.payment_method if charge else "") == "card"
        else "refund_payout"
    )
    usual = {
        "payment": (("refund_payout",),),
        "sales_receipt": (("refund_receipt",), ("credit_memo", cash)),
        "invoice": (("credit_memo", cash), ("refund_receipt",)) if paid else (("credit_memo",),),
    }
    for types in usual.get(form, ()):
        can = form in sale_forms(ledger.kind).get(types[0], frozenset())
        if can and ledger.capabilities.refund_types.issuperset(types) and is_on(ledger.switches, types[0]):
            how = resolve_command(case.refund.refund_id, ledger.name, f"--type {','.join(types)}")
            return f"say which types it becomes, for example: {how}"
    return f"book it by hand, then: {skip_command(case.refund, ledger)}"
