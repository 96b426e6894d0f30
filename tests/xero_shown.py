"""How documents show in Xero: their ids, numbers and marks, whatever list they stand in."""

from __future__ import annotations

from vendors.xero.wire import Json

# The list that an object stands in, and the object.
Row = tuple[str, Json]
CREDITS = frozenset({"OverpaymentID", "PrepaymentID"})
LONG = 150


def id_of(row: Row) -> str:
    return str(row[1][f"{row[0][:-1]}ID"])


def marks_of(one: Json) -> str:
    """Where our key stands: in the reference, or in the line of an overpayment."""
    words = " ".join(line["Description"] for line in one.get("LineItems", ()))
    return (
        f"{one.get('Reference') or ''} {words}"
        if one.get("Type", "").endswith("PAYMENT")
        else one.get("Reference", "")
    )


def number_of(one: Json) -> str:
    """The number; of what has none in Xero the first word of its reference."""
    given = one.get("InvoiceNumber") or one.get("CreditNoteNumber")
    return str(given or (one.get("Reference") or "-").split()[0])


def by_day(row: Row) -> tuple[str, str]:
    return row[1]["Date"], number_of(row[1])


def check_shown(document: Json, one: Json) -> None:
    """Number, day and ids of a document as Xero shows them."""
    assert one["Date"] == document["posting_date"], (document, one)
    # Of what has no number of its own in Xero, a very long one has no room beside our key.
    long = len(document["number"] or "") > LONG
    if not CREDITS & one.keys() and document["number"] is not None and not long:
        assert number_of(one) == document["number"], (document, one)
    for name in ("refund_id", "charge_id", "document_key", *(() if long else ("number",))):
        assert (document[name] or "") in marks_of(one), (document, one)
