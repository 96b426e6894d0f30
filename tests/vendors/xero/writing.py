"""Writes: single elements and batches, each element all or nothing, and what a refused one looks like.

https://developer.xero.com/documentation/api/accounting/requests-and-responses
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vendors.xero import allocations, bank, contacts, field_table, lists, payments, rendering, sales_forms
from vendors.xero.builtin_fields import SINGULAR
from vendors.xero.refusals import Invalid, not_found, unreadable
from vendors.xero.trouble import Fault
from vendors.xero.wire import NO_GUID, Json, is_guid

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

MOST_ELEMENTS = 100
_WITH_HISTORY = (
    "CreditNotes",
    "Invoices",
    "Payments",
    "BankTransactions",
    "Overpayments",
    "Prepayments",
    "Contacts",
)
_WARNED = ("Invoices", "CreditNotes", "Payments", "BankTransactions")
_IDS = {**{kind: name for kind, (_, name, _) in rendering.SINGULARS.items()}, "Payments": "PaymentID"}
_IDS |= {
    "BankTransactions": "BankTransactionID",
    "Contacts": "ContactID",
    "Items": "ItemID",
    "Allocations": "AllocationID",
}
Carry = Callable[[Json], Json]


@dataclass(frozen=True)
class Options:
    """`summarize` as in summarizeErrors; `trouble` is a fault that meets elements on their way."""

    summarize: bool = True
    unitdp: int = 2
    trouble: Fault | None = None


@dataclass(frozen=True)
class Result:
    """`elements` in the order asked; `refused` are those that broke a rule. `halted`: the rest was never looked at."""

    plural: str
    elements: list[Json]
    refused: list[Json]
    halted: bool = False


def write(organisation: Organisation, path: str, element: Json, method: str = "PUT") -> Json:
    """One element written in the process itself, at a path such as `Invoices` or `CreditNotes/{id}/Allocations`.

    Returns what the answer would hold; raises `Invalid` or `Refused` with the vendor's words, and then nothing changed.
    """
    plural, carry = _route(organisation, path.split("/"), method, Options())
    try:
        if method != "DELETE":
            field_table.check(plural, element, there=path.count("/") == 1)
        shown = carry(element)
        organisation.check_touched()
    except BaseException:
        _roll_back(organisation, 0)
        raise
    organisation.undo.keep()
    return shown


def write_all(
    organisation: Organisation, parts: list[str], method: str, body: Any, options: Options
) -> Result:
    """The elements of a request, each for itself; raises `Refused` where the request as a whole makes no sense."""
    plural, carry = _route(organisation, parts, method, options)
    organisation.by_app = True
    try:
        return _write_all(organisation, parts, method, body, options, plural, carry)
    finally:
        organisation.by_app = False


def _write_all(
    organisation: Organisation,
    parts: list[str],
    method: str,
    body: Any,
    options: Options,
    plural: str,
    carry: Carry,
) -> Result:
    if method == "DELETE":
        elements: list[Json] = [{}]
    else:
        elements = _elements(plural, body)
        for one in elements:
            if not _is_deletion(parts, one):
                field_table.check(plural, one, there=len(parts) == 2)
    done: list[Json] = []
    refused: list[Json] = []
    for place, element in enumerate(elements):
        if (
            options.trouble is not None
            and options.trouble.kind == "half_done"
            and place == options.trouble.element
        ):
            organisation.undo.keep()
            return Result(plural, done, refused, halted=True)
        mark = organisation.undo.mark()
        try:
            _meet_trouble(options.trouble, place, element)
            shown = carry(element)
            organisation.check_touched()
            done.append(_warned(organisation, plural, shown, options))
        except Invalid as no:
            _roll_back(organisation, mark)
            echo = _refused(organisation, plural, element, no, options)
            done.append(echo)
            refused.append(echo)
        except BaseException:
            _roll_back(organisation, 0)
            raise
    if refused and options.summarize and not organisation.moods.siblings_saved:
        _roll_back(organisation, 0)
    organisation.undo.keep()
    return Result(plural, done, refused)


def _roll_back(organisation: Organisation, mark: int) -> None:
    organisation.undo.roll_back(mark)
    organisation.touched.clear()


def _elements(plural: str, body: Any) -> list[Json]:
    """`{"Invoices": [..]}` or one bare object."""
    if not isinstance(body, dict):
        raise unreadable("The body must be an object")
    if plural not in body:
        return [body]
    elements = body[plural]
    if len(body) > 1 or not isinstance(elements, list):
        raise unreadable(f"The body must have nothing but a list of {plural}")
    if not 0 < len(elements) <= MOST_ELEMENTS:
        raise unreadable(f"{len(elements)} elements: it must be 1 to {MOST_ELEMENTS}")
    return elements


def _is_deletion(parts: list[str], element: Any) -> bool:
    """A payment that is changed has a rule and a sentence of its own for what it may hold."""
    return len(parts) == 2 and parts[0] == "Payments" and isinstance(element, dict)


def _meet_trouble(trouble: Fault | None, place: int, element: Json) -> None:
    if trouble is None or trouble.kind != "element_refused":
        return
    names = (element.get(name) for name in ("InvoiceNumber", "CreditNoteNumber", "Reference", "Name"))
    if trouble.element == place or (isinstance(trouble.element, str) and trouble.element in names):
        raise Invalid(trouble.words)


def _warned(organisation: Organisation, plural: str, shown: Json, options: Options) -> Json:
    words = organisation.moods.warnings if plural in _WARNED else ()
    if words:
        shown = {**shown, "Warnings": [{"Message": one} for one in words]}
    if not options.summarize:
        shown = {**shown, "StatusAttributeString": "WARNING" if words else "OK"}
    return shown


def _refused(organisation: Organisation, plural: str, element: Json, no: Invalid, options: Options) -> Json:
    """The element sent back, with an id that was never saved."""
    echo = dict(element)
    if plural in _IDS:
        echo.setdefault(_IDS[plural], organisation.new_id() if options.summarize else NO_GUID)
    flag = "HasErrors" if plural in ("Invoices", "CreditNotes") else "HasValidationErrors"
    errors = [{"Message": str(no)}]
    echo |= {flag: True, "ValidationErrors": errors}
    if no.line is not None and organisation.moods.nested_errors:
        lines = [dict(one) for one in element["LineItems"]]
        lines[no.line]["ValidationErrors"] = errors
        echo |= {"ValidationErrors": [], "LineItems": lines}
    return echo if options.summarize else {**echo, "StatusAttributeString": "ERROR"}


# ---------------------------------------------------------------------------------------------- addresses


def _route(organisation: Organisation, parts: list[str], method: str, options: Options) -> tuple[str, Carry]:
    """The plural name of what is written, and how one element of it is written; a loud `Refused` for other ways."""
    kind, rest = parts[0], parts[1:]
    if rest[1:2] == ["Allocations"] and kind in allocations.SOURCES:
        if method == "PUT" and len(rest) == 2:
            return "Allocations", lambda given: allocations.create(organisation, kind, rest[0], given)
        if method == "DELETE" and len(rest) == 3:
            return "Allocations", lambda given: allocations.delete(organisation, kind, rest[0], rest[2])
    if rest[1:] == ["History"] and kind in _WITH_HISTORY and method == "PUT":
        return "HistoryRecords", lambda given: _note(organisation, kind, rest[0], given)
    if rest[1:2] == ["Options"] and kind == "TrackingCategories":
        option = rest[2] if len(rest) == 3 else None
        if method == ("PUT" if option is None else "POST") and len(rest) <= 3:
            return "Options", lambda given: lists.save_option(organisation, rest[0], given, option)
    known = kind in SINGULAR and kind not in ("Allocations", "Options", "HistoryRecords")
    if known and ((method in ("PUT", "POST") and not rest) or (method == "POST" and len(rest) == 1)):
        named = _existing(organisation, kind, rest[0]) if rest else None
        return kind, lambda given: _save(organisation, kind, given, method, named, options)
    raise unreadable(f"{method} {'/'.join(parts)} is not an address of this API")


def _existing(organisation: Organisation, kind: str, name: str) -> str:
    """The key of the object that the address names."""
    if kind != "TaxRates" and not is_guid(name):
        raise not_found()
    if organisation.shelf.get(kind, name) is None:
        raise not_found()
    return name.lower()


def _save(
    organisation: Organisation, kind: str, given: Json, method: str, object_id: str | None, options: Options
) -> Json:
    if kind in sales_forms.KINDS:
        made = sales_forms.save(organisation, kind, given, method, object_id, options.unitdp)
    elif kind == "Payments":
        return _save_payment(organisation, given, method, object_id)
    elif kind == "BankTransactions":
        made = bank.save(organisation, given, method, object_id, options.unitdp)
    elif kind == "Contacts":
        made = contacts.save(organisation, given, method, object_id)
    else:
        made = lists.save(organisation, kind, given, method, object_id)
    if kind == "Currencies":
        return next(one for one in organisation.currency_rows() if one["Code"] == made)
    return rendering.show(organisation, kind, organisation.shelf.kinds[kind][made])


def _save_payment(organisation: Organisation, given: Json, method: str, object_id: str | None) -> Json:
    if object_id is None and method == "POST" and "PaymentID" in given:
        object_id = given["PaymentID"].lower()
        given = {name: value for name, value in given.items() if name != "PaymentID"}
    if object_id is not None:
        made = payments.change(organisation, object_id, given)
        return rendering.payment(organisation, organisation.shelf.kinds["Payments"][made])
    made = payments.create(organisation, given)
    return rendering.payment(organisation, organisation.shelf.kinds["Payments"][made], answered=True)


def _note(organisation: Organisation, kind: str, object_id: str, given: Json) -> Json:
    if organisation.shelf.get(kind, object_id) is None:
        raise not_found()
    details = given.get("Details", "")
    if not 0 < len(details) <= 2500:
        raise Invalid("Details must have 1 to 2500 characters")
    return organisation.add_note(kind, object_id.lower(), details)
