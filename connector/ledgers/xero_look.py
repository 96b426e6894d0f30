"""Is the effect of a document in the books? Found by the days since and recognised by its key; a void, an allocation and a
deleted payment by what they changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from connector.ledgers.contract import Absent, Claimed, Found, Steps
from connector.ledgers.days import EVER
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.xero_answers import NUMBERS, credit_or, find_contact, total_of
from connector.ledgers.xero_booked_again import booked_again
from connector.ledgers.xero_changes import GONE, is_gone, our_allocation, shown_day
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_payload import Payload, settled_id
from connector.ledgers.xero_reopening import look_at_payment
from connector.ledgers.xero_roles import ALLOCATED, OVERPAID, PAID_AGAIN, UNALLOCATED, UNPAID
from connector.ledgers.xero_window import OF_SALES, find_days, spanned
from connector.ledgers.xero_wire import day_of, find_one, find_rows, id_of, part_of, text_of

Seen = dict[str, Found | Absent]
# The list in which a document's own object stands.
LISTS = {"Overpayments": "BankTransactions"}
# How much earlier a person may have dated a document than we did.
CORRECTED = timedelta(days=7)


def look(documents: Sequence[Claimed], payloads: Mapping[str, Payload]) -> Steps[Seen]:
    """By document key."""
    seen: Seen = {one.document_key: Absent() for one in documents}
    dated: dict[str, dict[str, tuple[Claimed, list[date]]]] = {}
    for one in documents:
        payload = payloads[one.document_key]
        if one.kind == "customer":
            seen[one.document_key] = yield from look_for_contact(one, payload)
        elif payload.voids or one.kind == "void":
            seen[one.document_key] = yield from look_at_void(one, payload)
        elif payload.part in (ALLOCATED, UNALLOCATED):
            seen[one.document_key] = yield from look_at_allocation(one, payload)
        elif payload.part == UNPAID:
            gone = yield from look_at_payment(one, payload)
            seen[one.document_key] = changed(one, *gone) if gone is not None else Absent()
        else:
            days = yield from days_sent(one, payload)
            if days:
                plural = LISTS.get(payload.plural, payload.plural)
                dated.setdefault(plural, {})[one.document_key] = (one, days)
    for plural, wanted in dated.items():
        bearing: dict[str, list[Row]] = {}
        for row in (yield from read_since(plural, {day for _, days in wanted.values() for day in days})):
            key = read_reference(row).document_key
            if key in wanted and row.get("Status") not in GONE:
                bearing.setdefault(key, []).append(row)
        for key, rows in bearing.items():
            claimed, days = wanted[key]
            seen[key] = found_as(claimed, payloads[key], most_alike(rows, claimed, days, plural), plural)
    return seen


def read_since(plural: str, days: Collection[date]) -> Steps[list[Row]]:
    """What may be documents of these days: a person may have corrected the day since, but for a payment, of which nothing
    can be changed."""
    if plural == "Payments":
        return (yield from find_days(plural, days))
    return (yield from find_rows(plural, spanned((min(days) - CORRECTED, EVER), OF_SALES.get(plural, ""))))


def most_alike(rows: Sequence[Row], claimed: Claimed, days: Sequence[date], plural: str) -> Row:
    """Of several that bear our key the one with our number, amount and one of the days, then the lowest id: a person's
    copy takes the Reference along. Of two that agree in all of it either stands for the other."""

    def place(row: Row) -> tuple[bool, bool, bool, str]:
        another_number = text_of(row, NUMBERS.get(plural, "")) not in (None, claimed.number)
        total = row.get("Amount" if plural == "Payments" else "Total")
        another_amount = minor(total, claimed.currency) != claimed.amount_minor
        return another_number, another_amount, day_of(row) not in days, id_of(row, plural)

    return min(rows, key=place)


def days_sent(claimed: Claimed, payload: Payload) -> Steps[list[date]]:
    """The day that the document bears; one that makes a payment again has that of the payment, which somebody may have
    booked anew on another day."""
    if payload.part not in (PAID_AGAIN, OVERPAID) or claimed.kind != "application":
        return [date.fromisoformat(str(payload.body["Date"]))] if "Date" in payload.body else []
    taken = claimed.parents.get(payload.taken or "")
    payment_id = taken.ledger_id if taken is not None else settled_id(claimed, payload.settles)
    row = (yield from find_one("Payments", payment_id)) if payment_id is not None else None
    if row is None:
        return []
    again = (yield from booked_again(payload, row)) if is_gone(row) else []
    return list(dict.fromkeys(day_of(one) for one in (row, *again)))


def found_as(claimed: Claimed, payload: Payload, row: Row, plural: str) -> Found:
    """The object with the total that Xero has of it."""
    amount_minor, currency = claimed.amount_minor, claimed.currency
    if claimed.kind != "application":
        amount_minor, currency = total_of(claimed, payload, plural, row)
    number = text_of(row, NUMBERS.get(plural, "")) or claimed.number
    return shown(claimed, row, credit_or(row, id_of(row, plural)), number, amount_minor, currency)


def shown(
    claimed: Claimed, row: Row, ledger_id: str, number: str | None, amount_minor: int, currency: str
) -> Found:
    note = read_reference(row)
    contact = part_of(row, "Contact") or part_of(part_of(row, "Invoice"), "Contact")
    return Found(
        ledger_id,
        claimed.document_key,
        claimed.kind,
        number,
        next(iter(note.refund_ids), None),
        next(iter(note.charge_ids), None),
        amount_minor,
        currency,
        day_of(row),
        text_of(contact, "Name"),
    )


def changed(claimed: Claimed, row: Row, ledger_id: str) -> Found:
    """An object of others, or an earlier one of ours, that shows what this document did to it."""
    return shown(claimed, row, ledger_id, claimed.number, claimed.amount_minor, claimed.currency)


def look_at_void(claimed: Claimed, payload: Payload) -> Steps[Found | Absent]:
    parent = claimed.parents.get(payload.reverses or "")
    object_id = parent.ledger_id if parent is not None else settled_id(claimed, payload.settles)
    row = (yield from find_one(payload.plural, object_id)) if object_id is not None else None
    there = row is not None and object_id is not None and row.get("Status") in GONE
    return changed(claimed, row or {}, object_id or "") if there else Absent()


def look_at_allocation(claimed: Claimed, payload: Payload) -> Steps[Found | Absent]:
    """Whether the credit note is on the invoice, or is not any more."""
    head, settles = claimed.parents.get(payload.head or ""), payload.settles
    other = settled_id(claimed, settles)
    if head is None or settles is None or other is None:
        return Absent()
    mine = (head.ledger_id, other) if settles.kind == "invoice" else (other, head.ledger_id)
    note = yield from find_one("CreditNotes", mine[0])
    if note is None or (is_gone(note) and payload.part == ALLOCATED):
        return Absent()
    put = payload.part == ALLOCATED
    day = date.fromisoformat(str(payload.body["Date"])) if put else shown_day(note)
    one = our_allocation(note, mine[1], claimed, day)
    # Where it may be a person's of less, it is put on once more as far as both are open: the rest, or nothing.
    whole = one is not None and minor(one.get("Amount"), claimed.currency) == claimed.amount_minor
    done = whole if put else one is None
    return changed(claimed, note, mine[0]) if done else Absent()


def look_for_contact(claimed: Claimed, payload: Payload) -> Steps[Found | Absent]:
    row = yield from find_contact(str(payload.body["ContactNumber"]))
    if row is None:
        return Absent()
    key, currency = claimed.document_key, claimed.currency
    return Found(id_of(row, "Contacts"), key, "customer", None, None, None, 0, currency, date.min)
