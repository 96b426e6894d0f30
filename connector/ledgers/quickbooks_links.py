"""Links: a Payment of nothing that ties a credit to what it pays, or another line of a payment that stands.

All lines of a Payment are replaced by an update, so the others are repeated as they are now.
https://developer.intuit.com/app/developer/qbo/docs/workflows/manage-linked-transactions
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.ledgers.contract import Claimed, Outcomes, Posted, Rejected, Request, Steps, Withheld
from connector.ledgers.json_wire import Row, amount, minor
from connector.ledgers.quickbooks_forms import FormWriter
from connector.ledgers.quickbooks_notes import read_note
from connector.ledgers.quickbooks_payload import Payload, parent_id, post
from connector.ledgers.quickbooks_roles import ENTITIES, TXN_TYPES
from connector.ledgers.quickbooks_sale_heads import is_void
from connector.ledgers.quickbooks_wire import find_one, find_rows, quoted, ref_of
from connector.planning.money import format_amount
from connector.planning.sentences import TO_BE_TAKEN_BACK

Link = tuple[int, str, str]
PUT_RIGHT = "put it right in QuickBooks"


def request_link(
    claimed: Claimed, payload: Payload, attempt_key: str, writer: FormWriter
) -> Steps[Request | Outcomes]:
    """The request that makes the link, or what became of it where it is there, or has nothing left to link."""
    settles = payload.settles
    linked = claimed.parents.get(payload.linked or "")
    other_id = parent_id(claimed, settles) if settles is not None else None
    if settles is None or linked is None or other_id is None:
        return only(claimed, Rejected("", "what it links is not in the books"))
    made: Any = payload.part
    mine = (claimed.amount_minor, TXN_TYPES[made], linked.ledger_id)
    if settles.kind == "payment":
        reopens = payload.reopens
        if reopens is not None and reopens in claimed.parents:
            reopens = claimed.parents[reopens].ledger_id
        return (yield from update_payment(claimed, other_id, mine, reopens, attempt_key, writer))
    entity = ENTITIES[settles.kind]
    if entity == "CreditMemo" and mine[1] == "Expense":
        links: Sequence[Link] = [mine, (mine[0], TXN_TYPES[entity], other_id)]
    else:
        open_minor = yield from least_open(claimed, (entity, other_id), (made, linked.ledger_id))
        if open_minor is None:
            return only(claimed, Rejected("610", f"{entity} {other_id} is not in QuickBooks any more"))
        if not open_minor:
            return only(claimed, there(claimed, other_id))
        links = [(open_minor, mine[1], mine[2]), (open_minor, TXN_TYPES[entity], other_id)]
    body = {**payload.body, "Line": writer.link_lines(claimed.currency, links)}
    return post(claimed, "Payment", body, attempt_key)


def least_open(claimed: Claimed, *pairs: tuple[str, str]) -> Steps[int | None]:
    """What both have open, and no more than is to be linked; an Expense does not tell and counts as open. None where one
    of them is gone."""
    left = claimed.amount_minor
    for entity, object_id in pairs:
        if entity in ("Invoice", "CreditMemo"):
            row = yield from find_one(entity, object_id)
            if row is None:
                return None
            left = min(left, minor(row.get("Balance"), claimed.currency))
    return left


def update_payment(
    claimed: Claimed,
    payment_id: str,
    mine: Link,
    reopens: str | None,
    attempt_key: str,
    writer: FormWriter,
) -> Steps[Request | Outcomes]:
    """A further line of a payment that stands; `reopens` is the invoice that is paid by as much less."""
    row = yield from find_one("Payment", payment_id)
    if row is None:
        return only(claimed, Rejected("610", f"payment {payment_id} is not in QuickBooks any more"))
    links = links_of(row, claimed.currency)
    if (mine[1], mine[2]) in [(kind, object_id) for _, kind, object_id in links]:
        return only(claimed, there(claimed, payment_id))
    wanted = mine[0] - minor(row.get("UnappliedAmt"), claimed.currency)
    kept, missing = (links, wanted) if reopens is None else take_off(links, wanted, reopens)
    if missing > 0:
        taken_by = ", ".join(f"{kind} {object_id}" for _, kind, object_id in links if object_id != reopens)
        return only(claimed, credit_used(claimed, f"payment {payment_id}", mine[0] - missing, taken_by))
    body = {
        "Id": row["Id"],
        "SyncToken": row["SyncToken"],
        "sparse": True,
        "CustomerRef": {"value": ref_of(row, "CustomerRef")},
        "TotalAmt": amount(minor(row["TotalAmt"], claimed.currency), claimed.currency),
        "Line": writer.link_lines(claimed.currency, [*kept, mine]),
    }
    if ref_of(row, "CurrencyRef") is not None and writer.directory.preferences.multi_currency:
        body["CurrencyRef"] = {"value": ref_of(row, "CurrencyRef")}
        body["ExchangeRate"] = row.get("ExchangeRate", 1)
    return post(claimed, "Payment", body, attempt_key, "operation=update")


def take_off(links: Sequence[Link], amount_minor: int, invoice_id: str) -> tuple[list[Link], int]:
    """The links with this invoice paid less by the amount; and what could not be taken off it. No other invoice is
    touched: what it was paid with is not ours to take."""
    kept: list[Link] = []
    for paid, kind, object_id in links:
        mine = (kind, object_id) == ("Invoice", invoice_id) and amount_minor > 0
        less = min(paid, amount_minor) if mine else 0
        amount_minor -= less
        if paid > less:
            kept.append((paid - less, kind, object_id))
    return kept, amount_minor


def links_of(row: Row, currency: str) -> list[Link]:
    """What a Payment links: (minor units, type, id)."""
    return [
        (minor(line.get("Amount"), currency), str(link["TxnType"]), str(link["TxnId"]))
        for line in row.get("Line", ())
        for link in line.get("LinkedTxn", ())
    ]


def request_payment(
    claimed: Claimed, payload: Payload, attempt_key: str, writer: FormWriter
) -> Steps[Request | Outcomes]:
    """Money into clearing: for an invoice of ours, for one that it closes again, or unapplied."""
    settles = payload.settles
    body = dict(payload.body)
    invoice_id = parent_id(claimed, settles) if settles is not None else None
    if settles is not None and settles.kind == "invoice" and invoice_id is not None:
        open_minor = claimed.amount_minor
        if claimed.kind == "reversal":
            still_open = yield from least_open(claimed, ("Invoice", invoice_id))
            if still_open is None:
                return only(claimed, Rejected("610", f"invoice {invoice_id} is not in QuickBooks any more"))
            open_minor = still_open
        if open_minor:
            body["Line"] = writer.link_lines(claimed.currency, [(open_minor, "Invoice", invoice_id)])
    return post(claimed, "Payment", body, attempt_key)


# ------------------------------------------------------------------------------------------------ guards


def request_void(claimed: Claimed, payload: Payload, attempt_key: str) -> Steps[Request | Outcomes]:
    """Void an invoice of which the whole total is open, and of whose customer no payment of this charge or amount
    waits; read now, since a void cannot be taken back."""
    invoice_id = parent_id(claimed, payload.settles) if payload.settles is not None else None
    row = (yield from find_one("Invoice", invoice_id)) if invoice_id is not None else None
    if row is None or invoice_id is None:
        return only(claimed, Rejected("610", f"invoice {invoice_id} is not in QuickBooks any more"))
    if is_void(row):
        return only(claimed, there(claimed, invoice_id))
    if minor(row.get("Balance"), claimed.currency) != minor(row.get("TotalAmt"), claimed.currency):
        return only(claimed, guard("something was paid or credited on it meanwhile"))
    customer = ref_of(row, "CustomerRef")
    # An earlier payment cannot be of this invoice.
    since = f"TxnDate >= {quoted(str(row['TxnDate']))}"
    paid = (
        (yield from find_rows("Payment", f"CustomerRef = {quoted(customer)} AND {since}")) if customer else []
    )
    for payment in paid:
        total, free = (minor(payment.get(name), claimed.currency) for name in ("TotalAmt", "UnappliedAmt"))
        charges = read_note(payment).charge_ids
        alike = not charges and claimed.amount_minor in (total, free)
        if total and (alike or payload.charge_id in charges):
            return only(claimed, guard(f"payment {payment['Id']} of its customer may be of this invoice"))
    body = {"Id": row["Id"], "SyncToken": row["SyncToken"]}
    return post(claimed, "Invoice", body, attempt_key, "operation=void")


def guard(why: str) -> Withheld:
    return Withheld("void_guard", f"not voided: {why}", PUT_RIGHT)


def credit_used(claimed: Claimed, what: str, left_minor: int, taken_by: str = "") -> Withheld:
    """Something else has taken the credit that was to be paid out."""
    left, wanted = (format_amount(m, claimed.currency) for m in (left_minor, claimed.amount_minor))
    currency = claimed.currency.upper()
    return Withheld(
        "credit_used",
        f"{what} has {left} of {wanted} {currency} left; {taken_by or 'something else'} took the rest",
        "free the credit in QuickBooks, or book the refund by hand",
    )


def there(claimed: Claimed, ledger_id: str) -> Posted:
    """The effect is there: nothing is sent."""
    return Posted(ledger_id, claimed.number, claimed.amount_minor, claimed.currency)


def only(claimed: Claimed, outcome: Any) -> Mapping[str, Any]:
    return {claimed.document_key: outcome}


def refuse_gone(claimed: Claimed, payload: Payload) -> Steps[Withheld | None]:
    """What is taken back must stand: a mirror of what a person deleted would book what never was. None where it does."""
    parent = claimed.parents.get(payload.reverses or "")
    if parent is None or parent.kind not in ENTITIES:
        return None
    entity = ENTITIES[parent.kind]
    for one in (entity, "JournalEntry") if parent.kind == "fee" else (entity,):
        if (yield from find_one(one, parent.ledger_id)) is not None:
            return None
    kind = parent.kind.replace("_", " ")
    return Withheld(
        "ledger_cannot",
        f"{kind} {parent.ledger_id}, {TO_BE_TAKEN_BACK}, is not in QuickBooks any more",
        "see what took it back there; where nothing is missing leave this out with --skip in the place of --retry",
    )
