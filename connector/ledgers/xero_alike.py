"""Payments and credits of a contact that may be of an invoice which is about to be voided.

They are read for the contacts of many voids at once. https://developer.xero.com/documentation/api/accounting/payments
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_window import CREDITS, OF_SALES, is_gone
from connector.ledgers.xero_wire import (
    any_of,
    as_guid,
    ask,
    between,
    day_of,
    find_if_few,
    find_rows,
    has_more,
    id_of,
    lists_of,
    page_count,
    part_of,
    read_rows,
    rows_of,
    text_of,
)
from connector.planning.values import value

PAYS_INVOICES = 'PaymentType=="ACCRECPAYMENT"'


@value(frozen=True, slots=True)
class Brought:
    """A payment or credit: what it is called, the contact that it is of, and the amounts that may be the charge's."""

    name: str
    contact_id: str
    day: date
    charge_ids: tuple[str, ...]
    amounts: tuple[Any, ...]


class Alike:
    """What contacts have brought since some day, as it was last read."""

    def __init__(self) -> None:
        self.since = date.max
        self.known: dict[str, list[Brought]] = {}

    def forget(self, contact_id: str) -> None:
        self.known.pop(contact_id, None)

    def read_ahead(self, contacts: Mapping[str, date]) -> Steps[None]:
        """Read what each of these contacts has brought, in the place of what was known; with the day since when it
        counts. Raises `LedgerDown`."""
        self.since = min(contacts.values(), default=date.max)
        self.known = (yield from read_brought(contacts, self.since)) if contacts else {}

    def find(
        self, contact_id: str, since: date, amount_minor: int, currency: str, charge_id: str | None
    ) -> Steps[str | None]:
        """What of the contact carries the charge's id, or is of this amount and carries no other's; None where nothing
        is. What was not read ahead is read, and not kept."""
        contact_id = contact_id.lower()
        known = self.known.get(contact_id) if self.since <= since else None
        if known is None:
            known = (yield from read_brought({contact_id: since}, since))[contact_id]
        for one in known:
            amounts = {minor(amount, currency) for amount in one.amounts}
            alike = not one.charge_ids and amount_minor in amounts
            if one.day >= since and (alike or charge_id in one.charge_ids):
                return one.name
        return None


def read_brought(contacts: Mapping[str, date], since: date) -> Steps[dict[str, list[Brought]]]:
    """By contact."""
    brought: dict[str, list[Brought]] = {contact_id: [] for contact_id in contacts}
    found: list[Brought] = []
    for plural in CREDITS:
        for row in (yield from read_credits(plural, contacts, since)):
            if not is_gone(row):
                found.append(credit_of(row, plural))
    found += yield from read_payments(contacts, since)
    for one in found:
        # What does not say whose it is may be anybody's.
        for contact_id in (one.contact_id,) if one.contact_id else brought:
            if contact_id in brought:
                brought[contact_id].append(one)
    return brought


def read_credits(plural: str, contacts: Mapping[str, date], since: date) -> Steps[list[Row]]:
    """All since that day, or where there are many those of the contacts."""
    filters = list(any_of(f"Contact.ContactID=={as_guid(i)}" for i in sorted(contacts)))
    rows: list[Row] | None = None
    if len(contacts) > 1:
        rows = yield from find_if_few(plural, between(since, date.max), len(filters))
    if rows is None:
        rows = []
        for where in filters:
            rows += yield from find_rows(plural, where)
    return rows


def read_payments(contacts: Mapping[str, date], since: date) -> Steps[list[Brought]]:
    """Those on invoices of the contacts. They may be on older ones, so all invoices are asked for; where these fill many
    pages, and the payments since that day fewer, those payments are."""
    found: list[Brought] = []
    for some in lists_of(contacts):
        answer = yield ask("Invoices", OF_SALES["Invoices"], ContactIDs=some)
        rows = read_rows(answer, "Invoices")
        if has_more(answer, rows, 1):
            where = f"{PAYS_INVOICES} AND {between(since, date.max)}"
            payments = yield from find_if_few("Payments", where, (page_count(answer) or 2) - 1)
            if payments is not None:
                return [payment_of(row, part_of(row, "Invoice")) for row in payments if not is_gone(row)]
            rows += yield from find_rows("Invoices", OF_SALES["Invoices"], first_page=2, ContactIDs=some)
        found += [payment_of(one, row) for row in rows for one in rows_of(row, "Payments")]
    return found


def credit_of(row: Row, plural: str) -> Brought:
    amounts = (row.get("Total"), row.get("RemainingCredit"))
    name = f"{plural[:-1].lower()} {id_of(row, plural)}"
    return Brought(name, contact_of(row), day_of(row), read_reference(row).charge_ids, amounts)


def payment_of(payment: Row, invoice: Row) -> Brought:
    name = f"payment {payment.get('PaymentID')}"
    charges = read_reference(payment).charge_ids
    return Brought(name, contact_of(invoice), day_of(payment), charges, (payment.get("Amount"),))


def contact_of(row: Row) -> str:
    return (text_of(part_of(row, "Contact"), "ContactID") or "").lower()
