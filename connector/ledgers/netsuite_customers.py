"""Customers of NetSuite who are customers of Stripe's.

A Stripe id is a customer's external id, where another program made it, or stands in its comments, where the connector
puts it. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545222128.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from connector.ledgers.contract import Person, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_filters import Filters, either
from connector.ledgers.netsuite_rows import is_true, name_of
from connector.ledgers.netsuite_tables import Tables
from connector.ledgers.netsuite_wire import lists_of, quoted, ref_of, rows_of, text_of

IDS = re.compile(r"\b(?:cus|ch|py)_[A-Za-z0-9_]+")
COLUMNS = (
    "id",
    "entityid",
    "companyname",
    "firstname",
    "lastname",
    "altname",
    "email",
    "externalid",
    "comments",
    "isinactive",
    "isperson",
    "currency",
    "subsidiary",
)
NAMES = ("entityid", "companyname", "altname")
# How many Stripe ids one query looks for in comments.
AT_ONCE = 200


def find_customers(
    persons: Sequence[Person], match: Sequence[str], directory: Directory
) -> Steps[dict[str, tuple[str, str]]]:
    """Internal id and name of the customer of each person, by subject; by what comes first in `match`, then the lowest
    id. Inactive ones do not count: no document can be theirs. Raises `LedgerDown`."""
    if not persons:
        return {}
    wanted = Wanted(persons, match)
    rows = (yield from read_by_suiteql(wanted)) if directory.suiteql else (yield from read_by_record(wanted))
    known, purses = Known(row for row in rows if is_of(row, directory)), Purses(directory)
    found: dict[str, tuple[str, str]] = {}
    for person in persons:
        for row in known.find(person, match):
            if (yield from purses.may_pay(row, person.currency)):
                found[person.subject] = (str(row["id"]), name_of(row) or str(row["id"]))
                break
    return found


def find_made(document_key: str) -> Steps[str | None]:
    """The internal id of the customer that we made with this key; None where there is none. Raises `LedgerDown`."""
    row = yield from Filters().by_external_id("customer", document_key)
    made = row is not None and text_of(row, "externalId") == document_key
    return text_of(row, "id") if row is not None and made else None


def is_stripes(person: Person) -> bool:
    """Whether the subject is of Stripe; the default customer of the mapping is not, and is known by name alone."""
    return IDS.fullmatch(person.subject) is not None


def fold(text: str) -> str:
    return " ".join(text.split()).casefold()


class Wanted:
    """What is looked for of some persons: Stripe ids, e-mail addresses, names."""

    def __init__(self, persons: Iterable[Person], match: Sequence[str]) -> None:
        self.ids: set[str] = set()
        self.emails: set[str] = set()
        self.names: set[str] = set()
        for person in persons:
            stripes = is_stripes(person)
            if stripes and "stripe_id" in match:
                self.ids.add(person.subject)
            if stripes and "email" in match and person.email:
                self.emails.add(person.email.strip())
            if person.name and ("name" in match or not stripes):
                self.names.add(" ".join(person.name.split()))
        self.emails.discard("")
        self.names.discard("")


def read_by_suiteql(wanted: Wanted) -> Steps[list[Row]]:
    conditions = [f"externalid IN ({some})" for some in lists_of(wanted.ids)]
    ids = sorted(wanted.ids)
    for at in range(0, len(ids), AT_ONCE):
        terms = [f"comments LIKE {quoted('%' + one + '%')}" for one in ids[at : at + AT_ONCE]]
        conditions.append(" OR ".join(terms))
    conditions += [f"LOWER(email) IN ({some})" for some in lists_of(one.lower() for one in wanted.emails)]
    for some in lists_of(one.lower() for one in wanted.names):
        conditions.append(" OR ".join(f"LOWER({name}) IN ({some})" for name in NAMES))
    found: dict[str, Row] = {}
    for condition in conditions:
        rows = yield from Tables().rows("customer", COLUMNS, condition)
        found.update((str(row["id"]), row) for row in rows or ())
    return list(found.values())


def read_by_record(wanted: Wanted) -> Steps[list[Row]]:
    """Filters find ids, and each customer is read by itself, with its names in small letters."""
    filters = Filters()
    found: dict[str, Row] = {}
    for terms in (
        either("externalId", "IS", wanted.ids),
        either("comments", "CONTAIN", wanted.ids),
        either("email", "IS", wanted.emails),
        either("entityId", "IS", wanted.names),
        either("companyName", "IS", wanted.names),
        either("lastName", "IS", {name.rpartition(" ")[2] for name in wanted.names}),
    ):
        ids = (yield from filters.ids("customer", terms, spare=True)) if terms else []
        for row in (yield from filters.rows("customer", (one for one in ids if one not in found))):
            found[str(row["id"])] = lowered(row)
    return list(found.values())


def lowered(row: Row) -> Row:
    return {
        **{name.lower(): told for name, told in row.items()},
        "currency": ref_of(row, "currency"),
        "subsidiary": ref_of(row, "subsidiary"),
    }


class Known:
    """Active customers that were read, by what they may be known by; the lowest id first."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.by_key: dict[tuple[str, str], list[Row]] = {}
        active = [row for row in rows if not is_true(row.get("isinactive"))]
        for row in sorted(active, key=lambda one: int(one["id"])):
            for key in dict.fromkeys(keys_of(row)):
                self.by_key.setdefault(key, []).append(row)

    def find(self, person: Person, match: Sequence[str]) -> Iterator[Row]:
        """Those that may be a person, the likeliest first."""
        stripes = is_stripes(person)
        wanted = {
            "stripe_id": person.subject,
            "email": fold(person.email or ""),
            "name": fold(person.name or ""),
        }
        for key in match if stripes else ("name",):
            text = wanted.get(key, "")
            for row in self.by_key.get((key, text), ()) if text else ():
                if not stripes or is_free_for(row, person):
                    yield row


def is_of(row: Row, directory: Directory) -> bool:
    """Whether documents of the subsidiary that the settings name can be a customer's."""
    own = text_of(row, "subsidiary")
    return not directory.one_world or directory.subsidiary is None or own in (None, directory.subsidiary)


def is_free_for(row: Row, person: Person) -> bool:
    """Not one who is another customer of Stripe's."""
    others = {one for one in ids_on(row) if one.startswith("cus_")}
    return not others or person.subject in others


class Purses:
    """In which currencies customers can have documents: in their own one, and in others only where their record lists
    them."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.filters = Filters()
        self.listed: dict[str, set[str | None]] = {}

    def may_pay(self, row: Row, currency: str) -> Steps[bool]:
        own = text_of(row, "currency")
        if not self.directory.multi_currency or own is None or self.directory.currency_of(own) == currency:
            return True
        customer_id = str(row["id"])
        if customer_id not in self.listed:
            record = yield from self.filters.record_if_allowed("customer", customer_id)
            lines = rows_of(record, "currencyList") if record is not None else []
            self.listed[customer_id] = {self.directory.currency_of(ref_of(one, "currency")) for one in lines}
        return currency in self.listed[customer_id]


def keys_of(row: Row) -> Iterator[tuple[str, str]]:
    for one in ids_on(row):
        yield "stripe_id", one
    email = text_of(row, "email")
    if email is not None:
        yield "email", fold(email)
    person = " ".join(filter(None, (text_of(row, "firstname"), text_of(row, "lastname"))))
    for name in (*(text_of(row, each) for each in NAMES), person):
        if name:
            yield "name", fold(name)


def ids_on(row: Row) -> list[str]:
    return IDS.findall(f"{row.get('externalid') or ''} {row.get('comments') or ''}")
