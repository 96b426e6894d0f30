"""Sales that stand in Xero: the document that a charge paid, its payments, and what is still open.

https://developer.xero.com/documentation/api/accounting/invoices (and payments, overpayments, banktransactions)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from connector.ledgers.contract import Reference, Steps
from connector.ledgers.days import EVER
from connector.ledgers.further_writes import VOIDED_INVOICE
from connector.ledgers.json_wire import Row
from connector.ledgers.sale_search import ids_of, lacks_payment, stripe_ids
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_sale_heads import BEFORE, Heads, is_void
from connector.ledgers.xero_sale_reader import TAKEN_BACK, Around, SaleReader, contact_of
from connector.ledgers.xero_window import CREDITS, OF_SALES, Seen, Window, stands
from connector.ledgers.xero_wire import between, day_of, find_rows, id_of, lists_of, rows_of, text_of
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Sale


def find_sales(
    references: Sequence[Reference], directory: Directory, mapping: LedgerMapping, window: Window
) -> Steps[dict[str, Sale | None]]:
    """The sale of each reference, by charge id, with all that stands against it; None where the books have none."""
    heads = yield from Heads(references, directory, window).find()
    wanted = {r.charge_id: r for r in references if r.charge_id in heads}
    numbers = {charge_id: number_of(wanted[charge_id], seen) for charge_id, seen in heads.items()}
    heads |= yield from find_taken_back(wanted, heads)
    yield from read_what_others_did(wanted, heads, window, directory.home)
    around = yield from read_around(list(heads.values()), window, directory.home)
    reader = SaleReader(directory, mapping, window, around)
    sales: dict[str, Sale | None] = {r.charge_id: None for r in references}
    lacking: dict[str, tuple[Sale, str]] = {}
    for charge_id, seen in heads.items():
        sale = reader.sale_of(wanted[charge_id], seen, numbers[charge_id])
        sales[charge_id] = sale
        if lacks_payment(sale, ids_of(wanted[charge_id])) or reader.is_reopened(seen):
            lacking[charge_id] = (sale, contact_of(seen[1]))
    yield from read_credits(
        [(contact, wanted[i].day or sale.posting_date) for i, (sale, contact) in lacking.items()],
        window,
        directory.home,
    )
    for charge_id, (sale, contact) in lacking.items():
        sales[charge_id] = reader.add_payments(sale, wanted[charge_id], window.credits_of(contact))
    return sales


def number_of(reference: Reference, seen: Seen) -> str:
    """A bank transaction and an overpayment have no number: our marks tell it, else the Reference where it is no mere
    list of Stripe ids."""
    plural, row = seen
    note = read_reference(row)
    told = text_of(row, "Reference")
    if plural == "Invoices":
        return text_of(row, "InvoiceNumber") or id_of(row, plural)
    if note.document_key is not None:
        said = note.sale or note.number
    else:
        said = told if plural == "BankTransactions" and not stripe_ids(note) else None
    return said or reference.number or told or id_of(row, plural)


# ------------------------------------------------------------------------------------------------ what to read


def find_taken_back(wanted: Mapping[str, Reference], heads: Mapping[str, Seen]) -> Steps[dict[str, Seen]]:
    """Invoices that we wrote in the place of those that we had voided, when the refund failed: they are the sale now."""
    voided = {c: row for c, (plural, row) in heads.items() if plural == "Invoices" and is_void(row)}
    if not voided:
        return {}
    since = between(min(day_of(row) for row in voided.values()), EVER)
    back: list[Row] = []
    for some in lists_of(contact_of(row) for row in voided.values()):
        back += yield from find_rows("Invoices", f"{OF_SALES['Invoices']} AND {since}", ContactIDs=some)
    found: dict[str, Seen] = {}
    for row in sorted(back, key=lambda one: (day_of(one), id_of(one, "Invoices"))):
        note = read_reference(row)
        if not stands(row) or note.kind != "reversal" or note.part not in ("void", VOIDED_INVOICE):
            continue
        for charge_id in voided.keys() & set(note.charge_ids):
            if note.document_key not in wanted[charge_id].without:
                found[charge_id] = ("Invoices", row)
    return found


def read_what_others_did(
    wanted: Mapping[str, Reference], heads: Mapping[str, Seen], window: Window, home: str
) -> Steps[None]:
    """What others may have booked against these sales, since the earliest of the days of the charges and of the sales:
    whether it counts must not hang on what else a run has read."""
    days = [day_of(row) for _, row in heads.values()]
    days += [r.day for r in wanted.values() if r.day is not None]
    if days:
        for plural in TAKEN_BACK:
            yield from window.cover(plural, [(min(days) - BEFORE["BankTransactions"], EVER)], home)


def read_around(seen: Sequence[Seen], window: Window, home: str) -> Steps[Around]:
    """Read what stands on these invoices, many at once: payments, credit notes, overpayments and prepayments."""
    around = Around()
    for plural in ("Payments", "CreditNotes", *CREDITS):
        wanted: dict[str, date] = {}
        for kind, row in seen:
            if kind == "Invoices":
                wanted.update((id_of(one, plural), day_of(one)) for one in rows_of(row, plural))
        found = yield from window.find_named(plural, wanted, home)
        around.rows.update(((plural, object_id), row) for object_id, row in found.items())
    credits = [(kind, row) for kind, row in seen if kind in CREDITS]
    credits += [(plural, row) for (plural, _), row in around.rows.items() if plural in CREDITS]
    yield from window.find_banks({(kind, id_of(row, kind)): day_of(row) for kind, row in credits})
    return around


def read_credits(contacts: Sequence[tuple[str, date]], window: Window, home: str) -> Steps[None]:
    """The overpayments and prepayments since the earliest of these days: those of these contacts are among them."""
    if not contacts:
        return
    since = min(day for _, day in contacts) - BEFORE["Overpayments"]
    for plural in CREDITS:
        yield from window.cover(plural, [(since, EVER)], home)
    credits = [seen for contact, _ in contacts for seen in window.credits_of(contact)]
    yield from window.find_banks({(plural, id_of(row, plural)): day_of(row) for plural, row in credits})
