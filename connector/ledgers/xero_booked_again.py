"""A payment that was deleted, to be made again in two parts, and that somebody booked again before it was.

What brought the money is then the payment that stands: it is deleted in its turn, and the parts are made of it. Of a
payment nothing but the status changes, so one that was updated later than the other was deleted was booked since.
https://developer.xero.com/documentation/api/accounting/payments
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from connector.ledgers.contract import Claimed, Steps, Withheld
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.xero_changes import is_gone
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_payload import Payload, settled_id
from connector.ledgers.xero_roles import OVERPAID
from connector.ledgers.xero_wire import as_guid, find_one, find_rows, id_of, part_of, text_of, time_of
from connector.planning.sentences import money

# Ours that pay an invoice in the place of the charge's own payment, or after it.
SUCCESSORS = ("application", "reversal")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


def payments_on(payment: Row) -> Steps[list[Row]]:
    """All payments of the invoice of this one, the deleted ones too."""
    invoice_id = text_of(part_of(payment, "Invoice"), "InvoiceID")
    if invoice_id is None:
        return []
    return (yield from find_rows("Payments", f"Invoice.InvoiceID=={as_guid(invoice_id)}"))


def what_brought(claimed: Claimed, payload: Payload, deleted: Row) -> Steps[Row | Withheld]:
    """The payment that the parts are made of: the one that was deleted, else that which came in its place, whether it
    stands or was deleted too. Withheld where it cannot be told, or a part would stand twice."""
    rows = yield from payments_on(deleted)
    settled = settled_id(claimed, payload.settles)
    if settled not in {id_of(row, "Payments") for row in (deleted, *rows)}:
        return cannot(f"what paid the invoice ({settled}) is not a payment in Xero")
    whole = minor(deleted.get("Amount"), claimed.currency)
    stays = whole - claimed.amount_minor
    since = [row for row in rows if is_booked_since(row, deleted)]
    for row in since:
        alike = minor(row.get("Amount"), claimed.currency) in (whole, stays, claimed.amount_minor)
        if alike and not is_gone(row) and names_charge(row, deleted, payload) is None:
            return of_no_charge(claimed, payload, row, deleted)
    mine = [row for row in since if names_charge(row, deleted, payload)]
    again = [row for row in rows if is_made_of_it(row, claimed, payload, deleted)]
    standing = yield from those_standing([*mine, *again])
    amounts = [minor(row.get("Amount"), claimed.currency) for row in standing]
    if len(standing) == 1 and (standing[0] in again or (amounts == [whole] and goes_first(payload, stays))):
        return standing[0]
    lacks = payload.part == OVERPAID and stays > 0 and not any(is_successor(row, payload) for row in rows)
    # Where ours that stays on the invoice was deleted, a person's may stand for it.
    if standing and not (lacks and amounts == [stays]):
        return twice(claimed, payload, standing, deleted, stays if lacks else 0)
    replaced = [row for row in mine if minor(row.get("Amount"), claimed.currency) == whole]
    return max((*again, *replaced), key=updated, default=deleted)


def goes_first(payload: Payload, stays: int) -> bool:
    """Whether it is the first of the parts that are written."""
    return payload.part != OVERPAID or stays <= 0


def those_standing(rows: Iterable[Row]) -> Steps[list[Row]]:
    """Asked by id, since a list may lag behind what was deleted a moment ago."""
    found = []
    for row in rows:
        known = row if is_gone(row) else (yield from find_one("Payments", id_of(row, "Payments")))
        if known is not None and not is_gone(known):
            found.append(row)
    return found


def booked_again(payload: Payload, deleted: Row) -> Steps[list[Row]]:
    """What was booked in its place and deleted too: the parts may have been made of any of these."""
    rows = yield from payments_on(deleted)
    since = [row for row in rows if is_gone(row) and is_booked_since(row, deleted)]
    return [row for row in since if names_charge(row, deleted, payload)]


# ------------------------------------------------------------------------------------------------ what it is


def updated(row: Row) -> datetime:
    told = text_of(row, "UpdatedDateUTC")
    return time_of(told) if told is not None else LONG_AGO


def is_booked_since(row: Row, deleted: Row) -> bool:
    """Whether it is of others, and not older than the end of the one that was deleted."""
    note, old = read_reference(row), read_reference(deleted)
    ours = note.kind in SUCCESSORS and note.document_key != old.document_key
    same = id_of(row, "Payments") == id_of(deleted, "Payments")
    return not ours and not same and updated(row) >= updated(deleted)


def is_successor(row: Row, payload: Payload) -> bool:
    """Whether it stands, and is ours for the charge's payment."""
    note = read_reference(row)
    return not is_gone(row) and note.kind in SUCCESSORS and payload.charge_id in note.charge_ids


def is_made_of_it(row: Row, claimed: Claimed, payload: Payload, deleted: Row) -> bool:
    """Whether another refund of the charge has made it meanwhile, of a payment that was booked again: the money is there
    then. Once what stays is made, others may have taken that."""
    note = read_reference(row)
    if payload.part == OVERPAID or note.kind != "application" or note.document_key == claimed.document_key:
        return False
    if payload.charge_id not in note.charge_ids or id_of(row, "Payments") == id_of(deleted, "Payments"):
        return False
    return updated(row) > updated(deleted) or (not is_gone(row) and updated(row) == updated(deleted))


def names_charge(row: Row, deleted: Row, payload: Payload) -> bool | None:
    """Whether it is of this charge; None where it does not say of which it is."""
    note, old = read_reference(row), read_reference(deleted)
    if note.charge_ids:
        return bool({payload.charge_id, *old.charge_ids}.intersection(note.charge_ids))
    if note.payment_ids and old.payment_ids:
        return bool(set(note.payment_ids).intersection(old.payment_ids))
    return None


# ------------------------------------------------------------------------------------------------ what is said


def cannot(why: str) -> Withheld:
    sentence = f"{why}: Xero does not let it be made again"
    return Withheld("ledger_cannot", sentence, "undo that in Xero, or choose another type")


def shown(rows: Iterable[Row], claimed: Claimed) -> str:
    return " and ".join(
        f"payment {id_of(row, 'Payments')} of {money(minor(row.get('Amount'), claimed.currency), claimed.currency)}"
        for row in rows
    )


def of_no_charge(claimed: Claimed, payload: Payload, row: Row, deleted: Row) -> Withheld:
    sentence = (
        f"{shown([row], claimed)} was booked on the invoice since payment {id_of(deleted, 'Payments')} was deleted, and "
        f"its reference does not say of which charge it is"
    )
    action = "delete it in Xero"
    if payload.charge_id is not None:
        action += f" and book it once more with its charge in the reference: {payload.charge_id}, or another"
    return Withheld("ledger_cannot", sentence, action)


def twice(
    claimed: Claimed, payload: Payload, standing: list[Row], deleted: Row, lacks_minor: int
) -> Withheld:
    sentence = (
        f"since payment {id_of(deleted, 'Payments')} was deleted the invoice was paid by {shown(standing, claimed)}: "
        f"with the parts in which the deleted one is made again some of it would stand twice"
    )
    action = "delete in Xero what was booked since"
    if lacks_minor:
        stays = money(lacks_minor, claimed.currency)
        action += f", and book {stays} with its charge in the reference: {payload.charge_id}"
    return Withheld("ledger_cannot", sentence, action)
