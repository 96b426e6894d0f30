"""Objects of Xero read by day: what stands in a Reference cannot be searched many at once, so whole days are read.

Each day of each list is read once in a run, however many pages of refunds ask for it, and where few objects are wanted of
many days they are asked for by their ids. https://developer.xero.com/documentation/guides/oauth2/limits/ (calls a day)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta

from connector.ledgers.contract import Steps
from connector.ledgers.days import Span, gaps, merge
from connector.ledgers.json_wire import Row
from connector.ledgers.packed_rows import pack, unpack
from connector.ledgers.sale_search import stripe_ids
from connector.ledgers.xero_copies import Copies
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_wire import (
    ID_NAMES,
    PAGE,
    any_of,
    as_guid,
    ask,
    between,
    currency_of,
    find_ids,
    find_if_few,
    find_rows,
    has_more,
    id_of,
    page_count,
    part_of,
    read_rows,
    text_of,
)
from connector.planning.money import is_known

CREDITS = ("Overpayments", "Prepayments")
PLURALS = ("Invoices", "CreditNotes", "Payments", "BankTransactions", *CREDITS)
# Of these every row that was read is kept: documents name them by id.
NAMED = frozenset({"Invoices", "Payments", "CreditNotes", *CREDITS})
# Of these the Reference may be the number of a sale.
REFERRING = frozenset({"BankTransactions", "CreditNotes"})
# What is sold to customers, of lists that hold purchases too.
OF_SALES = {"Invoices": 'Type=="ACCREC"', "CreditNotes": 'Type=="ACCRECCREDIT"'}
TYPES = {
    "Invoices": ("ACCREC",),
    "CreditNotes": ("ACCRECCREDIT",),
    "BankTransactions": ("RECEIVE", "SPEND"),
    "Overpayments": ("RECEIVE-OVERPAYMENT", "AROVERPAYMENT"),
    "Prepayments": ("RECEIVE-PREPAYMENT", "ARPREPAYMENT"),
}
PAYMENT_TYPES = ("ACCRECPAYMENT", "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT")
# The bank transaction that brought an overpayment or prepayment, and how it names it.
BROUGHT = {
    "Overpayments": ("RECEIVE-OVERPAYMENT", "OverpaymentID"),
    "Prepayments": ("RECEIVE-PREPAYMENT", "PrepaymentID"),
}
# What takes room and is never looked at.
BULK = frozenset(
    {
        "UpdatedDateUTC",
        "UpdatedDateUTCString",
        "DueDate",
        "DueDateString",
        "BrandingThemeID",
        "InvoiceAddresses",
    }
)

# A row with the list that it is of.
Seen = tuple[str, Row]


# ------------------------------------------------------------------------------------------------ what counts


def is_of_sales(row: Row, plural: str) -> bool:
    """Whether it is between us and a customer; an overpayment counts by itself, not by the transaction that brought it."""
    if plural == "Payments":
        return row.get("PaymentType") in PAYMENT_TYPES
    return row.get("Type") in TYPES[plural]


def stands(row: Row) -> bool:
    """Whether it is in the books: drafts are not yet, and what was voided or deleted is not any more."""
    return row.get("Status") in (None, "AUTHORISED", "PAID")


def is_gone(row: Row) -> bool:
    return row.get("Status") in ("VOIDED", "DELETED")


def money_of(row: Row, home: str) -> str:
    """The lower-case currency of an object; that of a payment is that of what it pays."""
    return currency_of(part_of(row, "Invoice") or row, home)


# ------------------------------------------------------------------------------------------------ by day


def find_days(
    plural: str, days: Collection[date], extra_filter: str = "", ids: Collection[str] = ()
) -> Steps[list[Row]]:
    """The objects of these days, in as few calls as may be; where `ids` are given those of them at least."""
    rows, _ = yield from read_days(plural, days, extra_filter, ids)
    return rows


def read_days(
    plural: str, days: Collection[date], extra_filter: str = "", ids: Collection[str] = ()
) -> Steps[tuple[list[Row], list[Span]]]:
    """The objects, and of which days these are all.

    The span of all days is asked for first. Its first page says how many there are: where single days, or filters by id,
    take fewer calls than the other pages, they are asked for instead.
    """
    filters = list(any_of(f"{ID_NAMES[plural]}=={as_guid(i)}" for i in sorted(set(ids))))
    if not days or len(filters) == 1:
        return (yield from find_each(plural, filters)), []
    runs = merge(((day, day) for day in days), timedelta(days=1))
    whole = (runs[0][0], runs[-1][1])
    answer = yield ask(plural, spanned(whole, extra_filter))
    rows = read_rows(answer, plural)
    more = (page_count(answer) or 1) - 1
    by_day = len(runs) if len(runs) > 1 else more
    if filters and len(filters) < min(more, by_day):
        return (yield from find_each(plural, filters)), []
    if by_day < more:
        return (yield from find_each(plural, (spanned(run, extra_filter) for run in runs))), runs
    if has_more(answer, rows, 1):
        rows = [*rows, *(yield from find_rows(plural, spanned(whole, extra_filter), first_page=2))]
    return rows, [whole]


def spanned(span: Span, extra_filter: str = "") -> str:
    return " AND ".join(part for part in (extra_filter, between(*span)) if part)


def find_each(plural: str, filters: Iterable[str]) -> Steps[list[Row]]:
    rows: list[Row] = []
    for where in filters:
        rows += yield from find_rows(plural, where)
    return rows


# ------------------------------------------------------------------------------------------------ what was read


class Window:
    """What one run has read by day: what bears a Stripe id, what others name by id, receipts by their Reference."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = {}
        # Packed: a run may keep as many as an organisation has, and looks at few of them.
        self.rows: dict[str, dict[tuple[str, str], bytes]] = {}
        self.known: dict[tuple[str, str], bytes] = {}
        self.of_contact: dict[str, dict[tuple[str, str], bytes]] = {}
        self.referring: dict[str, dict[tuple[str, str], bytes]] = {}
        # The invoices of each number, by id.
        self.numbered: dict[str, set[str]] = {}
        # The bank account that an overpayment or prepayment was paid into.
        self.banks: dict[str, str] = {}
        # The latest page of each list that a search of its own has read.
        self.kept_pages: dict[str, int] = {}
        # What of the list that is scanned may be copies of our documents.
        self.copies = Copies()
        # Lists of which so much stands on a day that it is dearer to read days than to ask for some.
        self.crowded: set[str] = set()

    def cover(self, plural: str, wanted: Iterable[Span], home: str) -> Steps[None]:
        """Read the days that were not read before."""
        for first, last in gaps(merge(wanted), self.spans.get(plural, ())):
            for row in (yield from find_rows(plural, spanned((first, last), OF_SALES.get(plural, "")))):
                self.keep(plural, row, home)
            self.spans.setdefault(plural, []).append((first, last))

    def cover_if_few(self, plural: str, wanted: Iterable[Span], most_calls: int, home: str) -> Steps[None]:
        """The same, where it takes no more calls than this; once it would have taken more, it is not tried again."""
        left = most_calls
        unread = gaps(merge(wanted), self.spans.get(plural, ()))
        for first, last in unread if len(unread) <= most_calls and plural not in self.crowded else ():
            rows = yield from find_if_few(plural, spanned((first, last), OF_SALES.get(plural, "")), left)
            if rows is None:
                self.crowded.add(plural)
                return
            for row in rows:
                self.keep(plural, row, home)
            self.spans.setdefault(plural, []).append((first, last))
            left -= max(1, -(-len(rows) // PAGE))

    def keep_page(
        self, plural: str, page: int, rows: Iterable[Row], home: str, whole: Span | None = None
    ) -> None:
        """What a search of its own has read of a list, page by page; the last page names the days that are `whole` now."""
        if page != 1 and self.kept_pages.get(plural) != page - 1:
            return
        self.kept_pages[plural] = page
        for row in rows:
            self.keep(plural, row, home)
        if whole is not None:
            self.spans.setdefault(plural, []).append(whole)

    def keep(self, plural: str, row: Row, home: str) -> None:
        self.keep_bank(plural, row)
        if not is_of_sales(row, plural) or not is_known(money_of(row, home)):
            return
        ids = stripe_ids(read_reference(row))
        reference = text_of(row, "Reference") if plural in REFERRING else None
        if not (ids or reference or plural in NAMED):
            return
        place, packed = (plural, id_of(row, plural)), pack(row, BULK)
        for stripe_id in ids:
            self.rows.setdefault(stripe_id, {})[place] = packed
        if reference is not None:
            self.referring.setdefault(reference, {})[place] = packed
        if plural in NAMED:
            self.known[place] = packed
        if plural == "Invoices":
            self.numbered.setdefault(str(row.get("InvoiceNumber")), set()).add(place[1])
        if plural in CREDITS:
            contact = str(part_of(row, "Contact").get("ContactID")).lower()
            self.of_contact.setdefault(contact, {})[place] = packed

    def keep_bank(self, plural: str, row: Row) -> None:
        if plural == "BankTransactions":
            for _, name in BROUGHT.values():
                if row.get(name):
                    account = text_of(part_of(row, "BankAccount"), "AccountID")
                    self.banks[str(row[name]).lower()] = (account or "").lower()

    # -------------------------------------------------------------------------------------- what it knows

    def carrying(self, stripe_id: str, plurals: Sequence[str]) -> list[Seen]:
        """What has been read and carries this id."""
        return unpacked(self.rows.get(stripe_id, {}), plurals)

    def referring_to(self, number: str, plurals: Sequence[str]) -> list[Seen]:
        """What has been read and has just this as its Reference."""
        return unpacked(self.referring.get(number, {}), plurals)

    def credits_of(self, contact_id: str) -> list[Seen]:
        """The overpayments and prepayments of a contact, of the days that were read."""
        return unpacked(self.of_contact.get(contact_id, {}), CREDITS)

    def named(self, plural: str, object_id: str) -> Row | None:
        """An object that has been read, by its id."""
        packed = self.known.get((plural, object_id))
        return unpack(packed) if packed is not None else None

    def invoices_numbered(self, number: str) -> list[Row]:
        """The invoices with this number, of those that have been read."""
        rows = (self.named("Invoices", object_id) for object_id in sorted(self.numbered.get(number, ())))
        return [row for row in rows if row is not None]

    def find_named(self, plural: str, wanted: Mapping[str, date], home: str) -> Steps[dict[str, Row]]:
        """Objects by their ids, with the days on which they may stand; what is not of that day is asked for by id."""
        missing = {i: day for i, day in wanted.items() if (plural, i) not in self.known}
        unread = gaps(((day, day) for day in set(missing.values())), self.spans.get(plural, ()))
        if missing:
            rows, whole = yield from read_days(plural, {day for day, _ in unread}, ids=missing)
            for row in rows:
                self.keep(plural, row, home)
            self.spans.setdefault(plural, []).extend(whole)
        lost = [i for i in missing if (plural, i) not in self.known]
        if lost and unread:
            for row in (yield from find_ids(plural, lost)):
                self.keep(plural, row, home)
        found = ((i, self.named(plural, i)) for i in wanted)
        return {object_id: one for object_id, one in found if one is not None}

    def find_banks(self, credits: Mapping[tuple[str, str], date]) -> Steps[None]:
        """The bank accounts of these overpayments and prepayments, by list and id, with their days."""
        for plural in CREDITS:
            missing = {i: day for (name, i), day in credits.items() if name == plural and i not in self.banks}
            if missing:
                kind, _ = BROUGHT[plural]
                for row in (
                    yield from find_days("BankTransactions", set(missing.values()), f'Type=="{kind}"')
                ):
                    self.keep_bank("BankTransactions", row)
                for credit_id in missing:
                    self.banks.setdefault(credit_id, "")


def unpacked(found: Mapping[tuple[str, str], bytes], plurals: Sequence[str]) -> list[Seen]:
    return [(plural, unpack(packed)) for (plural, _), packed in found.items() if plural in plurals]
