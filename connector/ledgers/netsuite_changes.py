"""Writes that change what stands: a payment taken off its invoice, a credit memo applied to a mirror, a void.

What is changed is read just before, from the record itself. An applied amount is written as what it is to be, so that the
same request twice does what it does once. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0224093711.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connector.ledgers.contract import Claimed, Outcome, Outcomes, Posted, Rejected, Request, Steps, Withheld
from connector.ledgers.json_wire import JSON_TYPE, amount, encode
from connector.ledgers.netsuite_open_items import OpenItems
from connector.ledgers.netsuite_payload import Payload, parent_id, settled_id
from connector.ledgers.netsuite_records import Detail, Head, Reader
from connector.ledgers.netsuite_roles import UNAPPLIED
from connector.ledgers.netsuite_wire import change, internal_id, ref
from connector.planning.money import format_amount

PUT_RIGHT = "put it right in NetSuite"
MONEY_IN = ("customerPayment", "customerDeposit")
# How long before its invoice a charge may be booked as a deposit or a payment.
DEPOSIT_AHEAD = timedelta(days=366)


def only(claimed: Claimed, outcome: Any) -> Outcomes:
    return {claimed.document_key: outcome}


def there(claimed: Claimed, ledger_id: str) -> Posted:
    """The effect is there: nothing is sent."""
    return Posted(ledger_id, claimed.number, claimed.amount_minor, claimed.currency)


def applied_to(ledger_id: str, minor: int, currency: str) -> dict[str, Any]:
    """A line of what is applied: by the record alone, since of ours each has one line to be applied."""
    return {
        "items": [{"doc": ref(internal_id(ledger_id)), "apply": minor > 0, "amount": amount(minor, currency)}]
    }


def request_change(
    claimed: Claimed, payload: Payload, items: OpenItems, reader: Reader
) -> Steps[Request | Outcomes]:
    if payload.part == UNAPPLIED:
        return (yield from request_unapplied(claimed, payload, items, reader))
    return (yield from request_applied(claimed, payload, reader))


# ------------------------------------------------------------------------------------------------ reopened invoices


def request_unapplied(
    claimed: Claimed, payload: Payload, items: OpenItems, reader: Reader
) -> Steps[Request | Outcomes]:
    """Lower what a payment pays of its invoice by what goes back; the payment stays as it is otherwise."""
    payment_id = settled_id(claimed, payload)
    if payment_id is None:
        return only(claimed, cannot("what paid the invoice is not known"))
    # What is free for another refund of this run is its own.
    refund_key = refund_of(claimed, payload)
    promised = items.promised_to_others(payment_id, refund_key)
    off = yield from take_off(claimed, payment_id, parent_id(claimed, payload.reopens), reader, promised)
    # After a lost state what was taken off has gone back already, and is to be taken off no more. Asked last: a run
    # elsewhere may pay it back between the two reads.
    if (yield from is_paid_back(payload, reader)):
        return only(claimed, there(claimed, payment_id))
    if isinstance(off, Withheld):
        payment = (yield from reader.by_id({payment_id})).get(payment_id)
        back = (yield from brought_back(payload.charge_id, payment, reader)) if payment is not None else []
        return only(claimed, replace(off, sentence=off.sentence + told_of(back)))
    items.promise(payment_id, refund_key, claimed.amount_minor)
    return only(claimed, there(claimed, payment_id)) if off is None else off


def refund_of(claimed: Claimed, payload: Payload) -> str:
    """By its key: the refund that pays back what is taken off."""
    return payload.paid_back or claimed.document_key


def take_off(
    claimed: Claimed,
    payment_id: str,
    invoice_id: str | None,
    reader: Reader,
    promised: int = 0,
    whole: bool = True,
) -> Steps[Request | Withheld | None]:
    """The request that takes a payment off its invoice; None where as much of it is free already as goes back, beside
    what is `promised` to others.

    It is taken off `whole` or not at all, so that less which is free is of something else: of an overpayment, or of
    another refund of the charge that is still to be paid back. Else it is what is missing.
    """
    payment = (yield from reader.by_id({payment_id})).get(payment_id)
    if payment is None or payment.voided or payment.record != "customerPayment":
        return cannot(f"{payment_id} is not a payment in NetSuite (any more)")
    free = max(0, payment.open_minor - promised)
    if free >= claimed.amount_minor:
        return None
    detail = (yield from reader.details({payment_id}, lines=False)).get(payment_id, Detail())
    on_invoice = sum(one.amount_minor for one in detail.links if one.ledger_id == invoice_id)
    if invoice_id is None or on_invoice + free < claimed.amount_minor:
        shown = format_amount(on_invoice, claimed.currency)
        why = (
            f"payment {payment.number or payment_id} pays {shown} {claimed.currency.upper()} of {invoice_id}"
        )
        return cannot(f"{why}, less than what is taken back")
    left = max(0, on_invoice - claimed.amount_minor + (0 if whole else free))
    body = {
        "customer": ref(payment.customer_id or ""),
        "apply": applied_to(invoice_id, left, claimed.currency),
    }
    return change("customerPayment", internal_id(payment_id), body, claimed.document_key)


def look_at_unapplied(
    claimed: Claimed, payload: Payload, reader: Reader, promised: int = 0
) -> Steps[Head | None]:
    """The payment, where as much of it is free as goes back, beside what is `promised` to others, or has gone back already;
    else None."""
    payment_id = settled_id(claimed, payload)
    found = (yield from reader.by_id({payment_id})) if payment_id is not None else {}
    payment = found.get(payment_id or "")
    if payment is None or payment.open_minor - promised >= claimed.amount_minor:
        return payment
    return payment if (yield from is_paid_back(payload, reader)) else None


def is_paid_back(payload: Payload, reader: Reader) -> Steps[bool]:
    """Whether the refund stands for which the payment is taken off its invoice."""
    if payload.paid_back is None:
        return False
    found = yield from reader.by_external_id({payload.paid_back: "customerRefund"})
    return any(not refund.voided for refund in found.values())


def brought_back(charge_id: str | None, credit: Head, reader: Reader) -> Steps[list[Head]]:
    """Payments of ours beside this one that brought money of the charge back when a refund of it had failed."""
    customers = {credit.customer_id} - {None}
    found = yield from reader.of_customers(("customerPayment",), customers, credit.day)  # type: ignore[arg-type]
    return [
        one
        for one in found
        if one.ledger_id != credit.ledger_id
        and one.stands
        and one.note.document_key is not None
        and charge_id in one.note.charge_ids
    ]


def told_of(back: Sequence[Head]) -> str:
    """What a sentence adds of them."""
    shown = [
        f"payment {one.number or one.ledger_id} brought {format_amount(one.open_minor or one.total_minor, one.currency)} "
        f"{one.currency.upper()} of the charge back"
        for one in back
    ]
    return "".join(f"; {one}" for one in shown)


def cannot(why: str) -> Withheld:
    return Withheld("ledger_cannot", f"{why}: the invoice cannot be opened again", PUT_RIGHT)


# ------------------------------------------------------------------------------------------------ credit memos


def request_applied(claimed: Claimed, payload: Payload, reader: Reader) -> Steps[Request | Outcomes]:
    """Apply a credit memo to the invoice that takes it back, as far as both are open."""
    memo_id, invoice_id = applied_pair(claimed, payload)
    if memo_id is None or invoice_id is None:
        return only(claimed, Rejected("404", "what it links is not in the books"))
    heads = yield from reader.by_id({memo_id, invoice_id})
    memo, invoice = heads.get(memo_id), heads.get(invoice_id)
    if memo is None or invoice is None or memo.voided or invoice.voided:
        return only(claimed, Rejected("404", "what it links is not in the books any more"))
    open_minor = min(claimed.amount_minor, memo.open_minor, invoice.open_minor)
    if open_minor <= 0:
        return only(claimed, there(claimed, memo_id))
    body = {
        "entity": ref(memo.customer_id or ""),
        "apply": applied_to(invoice_id, open_minor, claimed.currency),
    }
    return change("creditMemo", internal_id(memo_id), body, claimed.document_key)


def applied_pair(claimed: Claimed, payload: Payload) -> tuple[str | None, str | None]:
    """The credit memo that is taken back, and the invoice of ours that takes it back."""
    mirrors = [
        parent.ledger_id
        for key, parent in claimed.parents.items()
        if parent.kind == "reversal" and key != payload.reverses
    ]
    return settled_id(claimed, payload), next(iter(mirrors), None)


def look_at_applied(claimed: Claimed, payload: Payload, reader: Reader) -> Steps[Head | None]:
    memo_id, invoice_id = applied_pair(claimed, payload)
    if memo_id is None or invoice_id is None:
        return None
    detail = (yield from reader.details({memo_id}, lines=False)).get(memo_id)
    if detail is None or all(one.ledger_id != invoice_id for one in detail.links):
        return None
    return (yield from reader.by_id({memo_id})).get(memo_id)


# ------------------------------------------------------------------------------------------------ voids


def check_void(claimed: Claimed, payload: Payload, reader: Reader, search: Reader) -> Steps[Head | Outcome]:
    """The invoice that is to be taken off, where every guard holds: the whole of it is open, and no payment of this charge
    or this amount stands on its customer. `reader` reads the record itself, `search` what else there is."""
    invoice_id = settled_id(claimed, payload)
    found = (yield from reader.by_id({invoice_id})) if invoice_id is not None else {}
    invoice = found.get(invoice_id or "")
    if invoice is None or invoice_id is None:
        return Rejected("404", f"invoice {invoice_id} is not in NetSuite any more")
    if invoice.voided:
        return there(claimed, invoice_id)
    if invoice.open_minor != invoice.total_minor:
        return guard("something was paid or credited on it meanwhile")
    customers = {invoice.customer_id} - {None}
    # A deposit of this charge comes before the invoice.
    since = invoice.day - DEPOSIT_AHEAD
    for one in (yield from search.of_customers(MONEY_IN, customers, since)):  # type: ignore[arg-type]
        charges = one.note.charge_ids
        of_amount = claimed.amount_minor in (one.total_minor, one.open_minor)
        alike = not charges and one.day >= invoice.day and of_amount
        if not one.voided and (alike or (payload.charge_id or "-") in charges):
            return guard(f"{one.ledger_id} of its customer may be of this invoice")
    return invoice


def void_by_restlet(url: str, invoice: Head, document_key: str) -> Request:
    """SuiteScript alone can void; the RESTlet that the settings name does it."""
    body = {"type": "invoice", "id": internal_id(invoice.ledger_id)}
    return Request("POST", url, encode(body), JSON_TYPE, (document_key,))


def guard(why: str) -> Withheld:
    return Withheld("void_guard", f"not voided: {why}", PUT_RIGHT)
