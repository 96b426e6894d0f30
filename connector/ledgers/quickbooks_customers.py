"""Customers of QuickBooks Online who are customers of Stripe's.

A Stripe id stands in the customer's Notes, which cannot be searched: it is recognised on those read by name and e-mail.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/customer
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from connector.ledgers.contract import Person, Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.quickbooks_directory import Directory
from connector.ledgers.quickbooks_sale_lines import part_of
from connector.ledgers.quickbooks_wire import find_by, ref_of

LONGEST = 100
IDS = re.compile(r"\b(?:cus|ch|py)_[A-Za-z0-9_]+")


def display_name(name: str, apart: tuple[str, str] | None = None) -> str:
    """As QuickBooks takes it, without a colon; with Stripe id and currency behind it (`apart`) where another customer, a
    vendor or an employee has the name."""
    plain = " ".join(name.replace(":", " ").split())
    more = f" ({apart[0]} {apart[1].upper()})" if apart is not None else ""
    return plain[: LONGEST - len(more)] + more


def find_customers(
    persons: Sequence[Person], match: Sequence[str], directory: Directory
) -> Steps[dict[str, tuple[str, str]]]:
    """Id and name of the customer of each person, by subject; by what comes first in `match`, then the lowest Id."""
    emails: set[str] = set()
    names: set[str] = set()
    for person in persons:
        if person.email and {"email", "stripe_id"} & set(match):
            emails.add(person.email.strip())
        if person.name and ({"name", "stripe_id"} & set(match) or not is_stripes(person)):
            names |= {person.name.strip(), display_name(person.name)}
        if "stripe_id" in match and is_stripes(person):
            names |= {
                person.subject,
                display_name(person.name or person.subject, (person.subject, person.currency)),
            }
    rows: dict[str, Row] = {}
    for field, values in (("PrimaryEmailAddr", emails), ("DisplayName", names)):
        for row in (yield from find_by("Customer", field, values - {""})):
            rows[str(row["Id"])] = row
    known = Known(rows.values(), directory)
    found = {}
    for person in persons:
        customer = known.find(person, match)
        if customer is not None:
            found[person.subject] = (str(customer["Id"]), str(customer["DisplayName"]))
    return found


def is_stripes(person: Person) -> bool:
    """Whether the subject is of Stripe; the default customer of the mapping is not, and is known by name alone."""
    return IDS.fullmatch(person.subject) is not None


def fold(text: str) -> str:
    return text.strip().casefold()


class Known:
    """Customers that were read, by what they may be known by; the lowest Id first."""

    def __init__(self, rows: Iterable[Row], directory: Directory) -> None:
        self.directory = directory
        self.by_key: dict[tuple[str, str], list[Row]] = {}
        active = [row for row in rows if row.get("Active") is not False]
        for row in sorted(active, key=lambda one: (len(str(one["Id"])), str(one["Id"]))):
            email = part_of(row, "PrimaryEmailAddr").get("Address")
            keys = {("stripe_id", one) for one in ids_on(row)}
            keys.add(("name", fold(str(row.get("DisplayName") or ""))))
            if email:
                keys.add(("email", fold(str(email))))
            for key in keys:
                self.by_key.setdefault(key, []).append(row)

    def find(self, person: Person, match: Sequence[str]) -> Row | None:
        stripes = is_stripes(person)
        name = person.name or ""
        wanted = {
            "stripe_id": [person.subject] if stripes else [],
            "email": [fold(person.email or "")],
            "name": [fold(name), fold(display_name(name))],
        }
        for key in match if stripes else ("name",):
            for text in wanted.get(key, ()):
                for row in self.by_key.get((key, text), ()) if text else ():
                    if self.may_be(row, person, stripes):
                        return row
        return None

    def may_be(self, row: Row, person: Person, stripes: bool) -> bool:
        """Not one in another currency, nor one who is another customer of Stripe's."""
        prefs = self.directory.preferences
        currency = (ref_of(row, "CurrencyRef") or prefs.home).lower()
        if prefs.multi_currency and currency != person.currency:
            return False
        others = {one for one in ids_on(row) if one.startswith("cus_")}
        return not stripes or not others or person.subject in others


def ids_on(row: Row) -> set[str]:
    """The Stripe ids in the notes and the name of a customer."""
    return set(IDS.findall(f"{row.get('Notes') or ''} {row.get('DisplayName') or ''}"))
