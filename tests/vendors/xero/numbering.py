"""Numbers of invoices and credit notes: each the only one of its kind, or the next one where none was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.xero.refusals import Invalid
from vendors.xero.wire import Json

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

FIELDS = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}
_PREFIXES = {"Invoices": "INV", "CreditNotes": "CN"}
_TAKEN = {"Invoices": "Invoice # must be unique.", "CreditNotes": "Credit Note # must be unique."}
# Bills and credits of suppliers bear the numbers of others.
_OURS = frozenset({"ACCREC", "ACCRECCREDIT"})
LONGEST = 255


def holder(organisation: Organisation, kind: str, number: str) -> Json | None:
    """The document that has this number; voided ones keep theirs."""
    moods = organisation.moods
    for one in organisation.shelf.by(kind, "number", number):
        if one["Type"] not in _OURS or (one["Status"] == "DELETED" and moods.deleted_numbers_are_free):
            continue
        same = number.lower() == one[FIELDS[kind]].lower()
        if number == one[FIELDS[kind]] or (same and moods.duplicate_numbers == "ignore_case"):
            return one
    return None


def number(organisation: Organisation, kind: str, record: Json, object_id: str) -> None:
    """Settles the number of a document that is about to be kept; raises `Invalid`."""
    field = FIELDS[kind]
    if record["Type"] not in _OURS:
        record.setdefault(field, "")
        return
    if not record.get(field):
        record[field] = _next(organisation, kind)
        return
    if len(record[field]) > LONGEST:
        raise Invalid(f"{field} must be {LONGEST} characters or fewer")
    found = holder(organisation, kind, record[field])
    if found is not None and found[f"{kind[:-1]}ID"] != object_id:
        raise Invalid(_TAKEN[kind])


def _next(organisation: Organisation, kind: str) -> str:
    while True:
        made = f"{_PREFIXES[kind]}-{organisation.count(kind):04d}"
        if holder(organisation, kind, made) is None:
            return made
