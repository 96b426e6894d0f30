"""What became of a write, document by document: an answer under 200 may hold documents that were refused.

The number of a document may be refused: then the holder is read, since it may be the very document, written by a
request whose answer was lost. https://developer.xero.com/documentation/api/accounting/requests-and-responses
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from connector.errors import LedgerDown
from connector.ledgers.contract import (
    Answer,
    Apart,
    Claimed,
    Found,
    NumberTaken,
    Outcome,
    Outcomes,
    PeriodClosed,
    Posted,
    Rejected,
    Request,
    Steps,
    Unknown,
    Withheld,
)
from connector.ledgers.json_wire import Row, decode, minor
from connector.ledgers.reads import not_written
from connector.ledgers.xero_changes import GONE
from connector.ledgers.xero_effects import changed, is_change
from connector.ledgers.xero_faults import (
    CONTACT_ARCHIVED,
    CONTACT_NUMBER_TAKEN,
    NAME_TAKEN,
    TOO_MUCH,
    fault_of,
    messages,
    outcome_of,
    refused,
)
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_payload import Payload
from connector.ledgers.xero_wire import (
    ID_NAMES,
    NOBODY,
    currency_of,
    day_of,
    elements_of,
    equals,
    find_one,
    find_rows,
    id_of,
    is_quotable,
    part_of,
    text_of,
)
from connector.planning.money import is_known

# Kinds of faults by which nothing of a request was carried out.
NOTHING_READ = frozenset({"PostDataInvalidException", "QueryParseException"})
# A document that is not of the kind to be answered by list: what it changed is looked at.
KINDS = {"Invoices": "invoice", "CreditNotes": "credit_memo"}
ARCHIVED = "ARCHIVED"
NUMBERS = {"Invoices": "InvoiceNumber", "CreditNotes": "CreditNoteNumber"}


def read_answer(
    documents: Sequence[Claimed],
    payloads: Mapping[str, Payload],
    request: Request,
    answer: Answer,
) -> Steps[Outcomes]:
    """The outcome of each document of the request."""
    whole = outcome_of_all(answer)
    plural = request.target.partition("?")[0].split("/")[1]
    if isinstance(whole, Rejected | NumberTaken | PeriodClosed) and len(documents) > 1:
        return (yield from read_whole_refusal(documents, payloads, plural, answer))
    if len(documents) == 1 and is_change(documents[0], payloads, request):
        (one,) = documents
        return {one.document_key: whole or changed(one, payloads[one.document_key], request, answer)}
    fault = fault_of(answer)
    if isinstance(whole, NumberTaken | Rejected) and fault is not None and fault.status == 400:
        (one,) = documents
        return {one.document_key: (yield from read_refusal(one, plural, fault.words, fault.kind))}
    if whole is not None:
        return {one.document_key: whole for one in documents}
    elements = elements_of(answer, plural)
    if elements is None:
        return {one.document_key: Unknown("Xero sent an answer that cannot be read") for one in documents}
    outcomes: dict[str, Outcome] = {}
    for one, element in zip(documents, in_order(documents, payloads, elements), strict=True):
        if element is None:
            outcomes[one.document_key] = Unknown("Xero's answer does not tell of it")
        else:
            payload = payloads[one.document_key]
            outcomes[one.document_key] = yield from read_element(one, payload, plural, element)
    return outcomes


def read_whole_refusal(
    documents: Sequence[Claimed], payloads: Mapping[str, Payload], plural: str, answer: Answer
) -> Steps[Outcomes]:
    """Several documents refused at once. Xero does not say whether it kept those of them that were right, so of these
    nothing is known, unless the request itself was what it could not read."""
    fault = fault_of(answer)
    if fault is None or fault.kind in NOTHING_READ or fault.status != 400:
        return {one.document_key: Apart() for one in documents}
    told = decode(answer.body).get("Elements")
    elements = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    outcomes: dict[str, Outcome] = {}
    for one, element in zip(documents, in_order(documents, payloads, elements), strict=True):
        said = "; ".join(dict.fromkeys(messages(element))) if element is not None else ""
        outcomes[one.document_key] = (
            (yield from read_refusal(one, plural, said, fault.kind))
            if said
            else Unknown(f"Xero refused what was sent with it: {fault.words}", told=True)
        )
    return outcomes


def outcome_of_all(answer: Answer) -> Outcome | None:
    """What an answer says of the request as a whole; None where it has a list of documents."""
    silent = not_written(answer)
    if silent is not None:
        return silent
    fault = fault_of(answer)
    return outcome_of(fault) if fault is not None else None


def in_order(
    documents: Sequence[Claimed], payloads: Mapping[str, Payload], elements: Sequence[Row]
) -> list[Row | None]:
    """The element of each document: by the name that it bears, else by its place, where the places tell."""
    by_name = {name: one for one in elements if (name := name_borne(one)) is not None}
    same = len(elements) == len(documents)
    found: list[Row | None] = []
    for place, one in enumerate(documents):
        mine = by_name.get(name_given(one, payloads[one.document_key]))
        at_place = elements[place] if same else None
        bears = name_borne(at_place) if at_place is not None else None
        found.append(mine if mine is not None else at_place if bears is None else None)
    return found


def name_given(claimed: Claimed, payload: Payload) -> str:
    """What a document is known by in an answer: its key, or of a contact the number that we gave it."""
    return str(payload.body["ContactNumber"]) if payload.plural == "Contacts" else claimed.document_key


def name_borne(element: Row) -> str | None:
    return text_of(element, "ContactNumber") or read_reference(element).document_key


def read_element(claimed: Claimed, payload: Payload, plural: str, element: Row) -> Steps[Outcome]:
    said = "; ".join(dict.fromkeys(messages(element)))
    status = element.get("StatusAttributeString")
    wrong = status == "ERROR" or element.get("HasErrors") is True
    # Where Xero does not say how it went, what it says to be wrong counts: its id may be of nothing that was saved.
    if wrong or element.get("HasValidationErrors") is True or (said and status is None):
        return (yield from read_refusal(claimed, plural, said or "Xero gave no reason"))
    object_id = str(element.get(ID_NAMES[plural]) or "").lower()
    if not object_id or object_id == NOBODY:
        return Unknown("Xero answered without an id")
    if plural == "Contacts":
        return Posted(object_id, None, 0, claimed.currency)
    if read_reference(element).document_key not in (None, claimed.document_key):
        return Unknown(f"Xero answered with another document ({object_id})", told=True)
    if element.get("Status") in GONE:
        return Unknown(f"Xero answered with a document that is void ({object_id})", told=True)
    if claimed.kind != "application" and not isinstance(element.get(total_name(plural)), int | Decimal):
        # No amount is not an amount of nothing, for which the document would be taken out again.
        return Unknown(f"Xero answered without the amount of it ({object_id})", told=True)
    return posted(claimed, payload, plural, element)


def posted(claimed: Claimed, payload: Payload, plural: str, element: Row) -> Posted:
    """What stands now; the total is Xero's own, and of a payment in two currencies what clearing moved by."""
    object_id = id_of(element, plural)
    number = text_of(element, NUMBERS.get(plural, "")) or claimed.number
    if claimed.kind == "application":
        return Posted(credit_or(element, object_id), number, claimed.amount_minor, claimed.currency)
    total, currency = total_of(claimed, payload, plural, element)
    return Posted(credit_or(element, object_id), number, total, currency)


def total_of(claimed: Claimed, payload: Payload, plural: str, row: Row) -> tuple[int, str]:
    """The total of an object; of a payment in two currencies what clearing moved by, where that is not what was sent."""
    if plural != "Payments":
        currency = currency_of(row, claimed.currency)
        return minor(row.get("Total"), currency), currency
    if payload.bank_minor is not None:
        moved = bank_minor(row, payload.bank_currency)
        if moved != payload.bank_minor:
            return moved, payload.bank_currency
    return minor(row.get("Amount"), claimed.currency), claimed.currency


def bank_minor(row: Row, currency: str) -> int:
    """What a payment moved its bank account by: as told, else at the rate that is told. 0 where neither is."""
    if row.get("BankAmount") is not None:
        return minor(row["BankAmount"], currency)
    rate = Decimal(str(row.get("CurrencyRate") or 0))
    return minor(Decimal(str(row.get("Amount") or 0)) / rate, currency) if rate else 0


def total_name(plural: str) -> str:
    return "Amount" if plural == "Payments" else "Total"


def credit_or(element: Row, object_id: str) -> str:
    """Of a bank transaction that is an overpayment or a prepayment the id by which that is paid back."""
    for name in ("OverpaymentID", "PrepaymentID"):
        credit = text_of(element, name)
        if credit is not None and credit != NOBODY:
            return credit.lower()
    return object_id


# ------------------------------------------------------------------------------------------------ refusals


def read_refusal(
    claimed: Claimed, plural: str, said: str, code: str = "ValidationException"
) -> Steps[Outcome]:
    """`said` is what Xero says, of one document."""
    if plural == "Contacts" and (NAME_TAKEN.search(said) or CONTACT_ARCHIVED.search(said)):
        return (yield from name_taken(claimed, said))
    outcome = refused(said, code)
    if isinstance(outcome, NumberTaken):
        return (yield from number_taken(claimed, plural, said))
    if TOO_MUCH.search(said):
        why = f"Xero has less of it open than is to be paid: {said}"
        return Withheld("credit_used", why, "free the credit in Xero, or book the refund by hand")
    return outcome


def number_taken(claimed: Claimed, plural: str, said: str) -> Steps[Outcome]:
    """Whose the number is. One that was voided keeps its number, and is nobody's any more."""
    if claimed.number is None or plural not in NUMBERS:
        return Rejected("ValidationException", said)
    try:
        row = yield from find_numbered(plural, claimed.number)
    except LedgerDown as error:
        return Unknown(f"{said.rstrip('.')}; who holds the number could not be read: {error}")
    if row is None:
        # Lists may lag behind: it may be this very document.
        return Unknown(f"{said.rstrip('.')}; nothing with number {claimed.number} can be found", told=True)
    known = is_known(currency_of(row, claimed.currency))
    return NumberTaken(holder_of(row, claimed.currency) if known else None)


def find_numbered(plural: str, number: str) -> Steps[Row | None]:
    """The invoice or credit note of the sales side with this number; asked for in both ways, since a list may lag, and an
    address may take ids alone."""
    row = yield from find_one(plural, number)
    rows = [row] if row is not None else []
    if not rows and plural == "Invoices" and "," not in number:
        rows = yield from find_rows(plural, 'Type=="ACCREC"', InvoiceNumbers=number)
    elif not rows and is_quotable(number):
        rows = yield from find_rows(plural, equals(NUMBERS[plural], number))
    same = [row for row in rows if str(row.get("Type", "")).startswith("ACCREC")]
    exact = [row for row in same if row.get(NUMBERS[plural]) == number]
    return next(iter(exact or same), None)


def holder_of(row: Row, home: str) -> Found:
    note = read_reference(row)
    plural = "CreditNotes" if row.get("Type") == "ACCRECCREDIT" else "Invoices"
    currency = currency_of(row, home)
    gone = row.get("Status") in GONE
    kind = (note.kind if note.document_key else None) or KINDS[plural]
    return Found(
        ledger_id=id_of(row, plural),
        document_key=None if gone else note.document_key,
        kind=f"void {kind}" if gone else kind,
        number=text_of(row, NUMBERS[plural]),
        refund_id=next(iter(note.refund_ids), None),
        charge_id=next(iter(note.charge_ids), None),
        amount_minor=minor(row.get("Total"), currency),
        currency=currency,
        posting_date=day_of(row),
        customer=text_of(part_of(row, "Contact"), "Name"),
    )


def name_taken(claimed: Claimed, said: str) -> Steps[Outcome]:
    """The contact may have been made by a request whose answer was lost, or by hand with the same number, and archived
    since; else somebody else has the name."""
    number = str(decode(claimed.payload.encode())["body"]["ContactNumber"])
    try:
        row = yield from find_contact(number, archived=True)
    except LedgerDown as error:
        return Unknown(f"{said.rstrip('.')}; who has the name could not be read: {error}")
    if row is not None and row.get("ContactStatus") == ARCHIVED:
        # No document can be its, and nobody else can have its number.
        why = f"contact {row.get('Name')} with the contact number {number} is archived in Xero: restore it there"
        return Withheld("ledger_cannot", why, "restore the contact in Xero")
    if row is not None:
        return Posted(id_of(row, "Contacts"), None, 0, claimed.currency)
    if CONTACT_NUMBER_TAKEN.search(said):
        # Lists may lag behind: it may be this very contact.
        return Unknown(f"{said.rstrip('.')}; no contact with number {number} can be found", told=True)
    return NumberTaken(None) if not claimed.bare else Rejected("ValidationException", said)


def find_contact(number: str, archived: bool = False) -> Steps[Row | None]:
    """The contact with this number of ours: an active one, else where `archived` is asked for one that is archived."""
    if not is_quotable(number):
        return None
    where = equals("ContactNumber", number)
    rows = yield from (
        find_rows("Contacts", where, includeArchived="true") if archived else find_rows("Contacts", where)
    )
    mine = [row for row in rows if row.get("ContactNumber") == number]
    return min(mine, key=lambda row: row.get("ContactStatus") == ARCHIVED, default=None)
