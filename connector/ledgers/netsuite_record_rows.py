"""A transaction as the record service gives it: head, lines, and what it is applied to.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_164460021767.html (credit memo), article_0830082954
(customer refund), article_0224093711 (customer payment)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connector.ledgers.json_wire import Row, minor
from connector.ledgers.netsuite_records import Head, Line, Link, TaxDetail
from connector.ledgers.netsuite_rows import (
    FORMS,
    SEGMENTS,
    SELLING,
    WITHOUT_SUBSIDIARY,
    Customer,
    is_true,
    moves,
    oriented,
    quantity_of,
    with_taxes,
)
from connector.ledgers.netsuite_wire import (
    CUSTOMER_FIELD,
    RECORDS,
    TYPES,
    ledger_id,
    part_of,
    ref_of,
    rows_of,
    text_of,
)
from connector.planning.model import Refs

VOIDED = "voided"
# What waits for an approval, or was refused it: an invoice is in no account then.
UNAPPROVED = ("pending approval", "rejected")
# Lines that tell and move nothing.
NOT_MOVING = frozenset({"subtotal", "description", "group", "endgroup", "itemgroup"})
# What stands on a form beside its lines, and the item that it is of: to be added, or to be taken off.
BESIDE = (
    ("discount", "discountTotal", "discountItem"),
    ("shipping", "shippingCost", "shipMethod"),
    ("handling", "handlingCost", "shipMethod"),
)
# What `apply` calls a type, where it does not name the record itself.
WORDS = {
    "invoice": "invoice",
    "credit memo": "creditMemo",
    "payment": "customerPayment",
    "customer payment": "customerPayment",
    "deposit application": "depositApplication",
    "journal": "journalEntry",
}


# ------------------------------------------------------------------------------------------------ heads


def read_head(record: str, row: Row, currency: str, customer: Customer) -> Head:
    """The head of a record that was read with its sublists."""
    total = total_of(record, row, currency)
    rate = text_of(row, "exchangeRate")
    shown = text_of(part_of(row, CUSTOMER_FIELD.get(record, "entity")), "refName")
    voided = is_voided(record, row, total)
    return Head(
        ledger_id=ledger_id(record, row["id"]),
        record=record,
        external_id=text_of(row, "externalId"),
        number=text_of(row, "tranId"),
        day=date.fromisoformat(str(row["tranDate"])[:10]),
        memo=text_of(row, "memo") or "",
        other_reference=text_of(row, "otherRefNum"),
        customer_id=customer_id_of(record, row),
        customer=customer.name or shown,
        currency=currency,
        rate=Decimal(rate) if rate is not None else None,
        total_minor=total,
        open_minor=0 if voided else open_of(record, row, currency),
        account=ref_of(row, "account"),
        subsidiary=ref_of(row, "subsidiary") if record not in WITHOUT_SUBSIDIARY else None,
        voided=voided,
        created_from=ref_of(row, "deposit" if record == "depositApplication" else "createdFrom"),
        refs=segments_of(row),
        email=customer.email,
        stripe_customer=customer.stripe_id,
        posts=not is_unapproved(row),
    )


def customer_id_of(record: str, row: Row) -> str | None:
    return ref_of(row, CUSTOMER_FIELD.get(record, "entity"))


def total_of(record: str, row: Row, currency: str) -> int:
    """What was paid, of a payment or deposit; the debits, of a journal."""
    if record == "journalEntry":
        return sum(minor(line.get("debit"), currency) for line in rows_of(row, "line"))
    names = ("payment", "total") if record in ("customerPayment", "customerDeposit") else ("total",)
    return abs(minor(next((row[name] for name in names if row.get(name) is not None), 0), currency))


def open_of(record: str, row: Row, currency: str) -> int:
    """What a record tells to be open of it; of a deposit it tells nothing."""
    names = {
        "invoice": ("amountRemaining",),
        "creditMemo": ("unapplied", "amountRemaining"),
        "customerPayment": ("unapplied",),
        "depositApplication": ("unapplied",),
    }.get(record, ())
    return abs(minor(next((row[name] for name in names if row.get(name) is not None), 0), currency))


def is_voided(record: str, row: Row, total_minor: int) -> bool:
    status = part_of(row, "status")
    letter, words = text_of(status, "id") or "", (text_of(status, "refName") or "").casefold()
    by_letter = letter == "V" or (
        letter == "R" and record in ("customerPayment", "customerDeposit") and not total_minor
    )
    return by_letter or VOIDED in (letter.casefold(), words)


def is_unapproved(row: Row) -> bool:
    words = (text_of(part_of(row, "status"), "refName") or "").casefold()
    return row.get("approved") is False or any(one in words for one in UNAPPROVED)


def segments_of(row: Row) -> Refs:
    return tuple((name, found) for name in SEGMENTS if (found := ref_of(row, name)) is not None)


# ------------------------------------------------------------------------------------------------ lines


def read_lines(record: str, row: Row, currency: str) -> tuple[Line, ...]:
    """The lines that move an account."""
    if record == "journalEntry":
        return tuple(
            journal_line(at, line, currency) for at, line in enumerate(rows_of(row, "line"), start=1)
        )
    if record in FORMS:
        return form_lines(record, row, currency)
    total = total_of(record, row, currency)
    if not total or record == "depositApplication":
        return ()
    return (Line("1", -total if record in SELLING else total, ref_of(row, "arAcct")),)


def journal_line(at: int, line: Row, currency: str) -> Line:
    net = minor(line.get("debit"), currency) - minor(line.get("credit"), currency)
    return Line(text_of(line, "line") or str(at), net, ref_of(line, "account"), refs=segments_of(line))


def form_lines(record: str, row: Row, currency: str) -> tuple[Line, ...]:
    """Items with their taxes, and what stands beside them; a rest that nothing tells is a line of its own, so that lines and
    taxes come to the total."""
    total = total_of(record, row, currency)
    tax = minor(row.get("taxTotal"), currency) if row.get("taxTotal") is not None else None
    if total == 0 and is_voided(record, row, total):
        return ()
    sign = -1 if record in SELLING else 1
    by_reference: dict[str, list[TaxDetail]] = {}
    for each in rows_of(row, "taxDetails"):
        by_reference.setdefault(text_of(each, "taxDetailsReference") or "", []).append(
            tax_detail(each, currency)
        )
    lines = [
        item_line(at, line, currency, sign, by_reference)
        for at, line in enumerate(rows_of(row, "item"), start=1)
        if kind_of(line) not in NOT_MOVING
    ]
    # Taxes of what has no line, as shipping has.
    beside = [one for details in by_reference.values() for one in details]
    if tax is None:
        told = [each for line in lines for each in line.taxes] + beside
        tax = sum(each.tax_minor for each in told)
    missing = sign * (total - tax) - sum(line.net_minor for line in lines)
    for name, field, item in BESIDE:
        amount = sign * minor(row.get(field), currency)
        if amount and missing:
            lines.append(Line(name, amount, None, ref_of(row, item)))
            missing -= amount
    if missing:
        lines.append(Line("rest", missing, None))
    if beside and lines:
        lines[-1] = replace(lines[-1], taxes=(*lines[-1].taxes, *beside))
    return tuple(with_taxes(oriented(record, [one for one in lines if moves(one)]), tax))


def item_line(at: int, line: Row, currency: str, sign: int, by_reference: dict[str, list[TaxDetail]]) -> Line:
    return Line(
        line_id=text_of(line, "line") or str(at),
        net_minor=sign * minor(line.get("amount"), currency),
        account=ref_of(line, "account"),
        item=ref_of(line, "item"),
        description=text_of(line, "description") or "",
        quantity=quantity_of(line.get("quantity")),
        taxes=tuple(by_reference.pop(text_of(line, "taxDetailsReference") or "", ())),
        refs=segments_of(line),
    )


def kind_of(line: Row) -> str:
    """The type of a line's item in small letters without spaces."""
    told = line.get("itemType")
    text = text_of(told, "id") if isinstance(told, dict) else text_of(line, "itemType")
    return (text or "").replace(" ", "").casefold()


def tax_detail(row: Row, currency: str) -> TaxDetail:
    return TaxDetail(
        tax_type=ref_of(row, "taxType") or "",
        tax_code=ref_of(row, "taxCode") or "",
        rate=Decimal(text_of(row, "taxRate") or 0),
        basis_minor=minor(row.get("taxBasis"), currency),
        tax_minor=minor(row.get("taxAmount"), currency),
    )


# ------------------------------------------------------------------------------------------------ links


def read_links(row: Row, currency: str, type_of: Callable[[Row], str | None]) -> tuple[Link, ...]:
    """What it is applied to; a list may show, beside those, what it could be applied to."""
    found = []
    for line in applied(row):
        record, other = type_of(line), ref_of(line, "doc")
        amount = abs(minor(line.get("amount"), currency))
        if record is not None and other is not None and amount:
            found.append(Link(ledger_id(record, other), amount))
    return tuple(found)


def applied(row: Row) -> Sequence[Row]:
    return [line for line in rows_of(row, "apply") if is_true(line.get("apply"))]


def type_in(line: Row) -> str | None:
    """The type of the record that a line is applied to, by its address, else by the word for it; None where neither tells."""
    links = part_of(line, "doc").get("links")
    for link in links if isinstance(links, list) else ():
        address = str(link.get("href") or "") if isinstance(link, dict) else ""
        named = address.partition(f"{RECORDS}/")[2].partition("/")[0].casefold()
        known = next((record for record in TYPES if record.casefold() == named), None)
        if known is not None:
            return known
    return WORDS.get((text_of(line, "type") or "").casefold())
