"""Contacts of Xero who are customers of Stripe's.

A Stripe id stands in the ContactNumber, which only programs can write.
https://developer.xero.com/documentation/api/accounting/contacts
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from connector.ledgers.contract import Person, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.xero_directory import Directory
from connector.ledgers.xero_wire import (
    any_of,
    equals,
    find_if_few,
    find_rows,
    id_of,
    is_quotable,
    text_of,
)

LONGEST = 255
LONGEST_NUMBER = 50
IDS = re.compile(r"(?:cus|ch|py)_[A-Za-z0-9_]+")
ACTIVE = "ACTIVE"
# What is looked at of a contact.
USED = ("ContactID", "Name", "ContactNumber", "EmailAddress", "ContactStatus")


class ContactList:
    """All contacts of an organisation, as they were read in this run; nothing where they were not, or one was written
    since. `too_long`: to ask for some takes fewer calls than to read all."""

    def __init__(self) -> None:
        self.rows: list[Row] | None = None
        self.too_long = False

    def forget(self) -> None:
        self.rows = None

    def read(self, most_calls: int) -> Steps[list[Row] | None]:
        """All of them, where that takes no more calls than this."""
        if self.rows is None and most_calls > 1 and not self.too_long:
            rows = yield from find_if_few("Contacts", "", most_calls)
            self.too_long = rows is None
            self.rows = [{name: row.get(name) for name in USED} for row in rows] if rows is not None else None
        return self.rows


def find_contacts(
    persons: Sequence[Person],
    match: Sequence[str],
    directory: Directory,
    contacts: ContactList | None = None,
) -> Steps[dict[str, tuple[str, str]]]:
    """Id and name of the contact of each person, by subject; by what comes first in `match`, then the lowest id. Many
    persons are looked for among all `contacts`.

    Archived contacts do not count: no document can be theirs.
    """
    terms, spoken = asked_for(persons, match)
    filters = list(any_of(terms))
    listed = yield from (contacts or ContactList()).read(len(filters) + len(spoken))
    rows = {id_of(row, "Contacts"): row for row in listed or ()}
    for where in filters if listed is None else ():
        for row in (yield from find_rows("Contacts", where)):
            rows[id_of(row, "Contacts")] = row
    # How a quotation mark is written in a filter Xero does not say; the search takes any text.
    for text in spoken if listed is None else ():
        for row in (yield from find_rows("Contacts", searchTerm=text)):
            rows[id_of(row, "Contacts")] = row
    known = Known(rows.values())
    found: dict[str, tuple[str, str]] = {}
    for person in persons:
        contact = known.find(person, match)
        if contact is not None:
            found[person.subject] = (id_of(contact, "Contacts"), str(contact["Name"]))
    return found


def asked_for(persons: Iterable[Person], match: Sequence[str]) -> tuple[list[str], list[str]]:
    """Terms of filters, each once; and texts that cannot stand in one."""
    wanted: set[tuple[str, str]] = set()
    for person in persons:
        stripes = is_stripes(person)
        if stripes and "stripe_id" in match:
            wanted.add(("ContactNumber", person.subject[:LONGEST_NUMBER]))
        if stripes and "email" in match and person.email:
            wanted.add(("EmailAddress", person.email.strip()))
        if ("name" in match or not stripes) and person.name:
            wanted.add(("Name", contact_name(person.name)))
    terms = [equals(name, text) for name, text in sorted(wanted) if text and is_quotable(text)]
    return terms, sorted({text for _, text in wanted if not is_quotable(text)})


def is_stripes(person: Person) -> bool:
    """Whether the subject is of Stripe; the default customer of the mapping is not, and is known by name alone."""
    return IDS.fullmatch(person.subject) is not None


def contact_name(name: str) -> str:
    """As a contact is named: without line breaks and doubled spaces."""
    return " ".join(name.split())[:LONGEST]


def fold(text: str) -> str:
    return text.strip().casefold()


class Known:
    """Active contacts that were read, by what they may be known by; the lowest id first."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.by_key: dict[tuple[str, str], list[Row]] = {}
        active = [row for row in rows if row.get("ContactStatus") in (None, ACTIVE)]
        for row in sorted(active, key=lambda one: id_of(one, "Contacts")):
            number, email = text_of(row, "ContactNumber"), text_of(row, "EmailAddress")
            self.by_key.setdefault(("stripe_id", number or ""), []).append(row)
            self.by_key.setdefault(("email", fold(email or "")), []).append(row)
            self.by_key.setdefault(("name", fold(str(row.get("Name") or ""))), []).append(row)

    def find(self, person: Person, match: Sequence[str]) -> Row | None:
        stripes = is_stripes(person)
        wanted = {
            "stripe_id": person.subject[:LONGEST_NUMBER],
            "email": fold(person.email or ""),
            "name": fold(contact_name(person.name or "")),
        }
        for key in match if stripes else ("name",):
            text = wanted.get(key, "")
            for row in self.by_key.get((key, text), ()) if text else ():
                if not stripes or is_free_for(row, person):
                    return row
        return None


def is_free_for(row: Row, person: Person) -> bool:
    """Not one who is another customer of Stripe's."""
    number = text_of(row, "ContactNumber") or ""
    return not number.startswith("cus_") or number == person.subject[:LONGEST_NUMBER]
