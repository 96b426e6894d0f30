"""Contacts of Xero who are customers of Stripe's: by what each is known, and who is somebody else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vendors.xero.wire import Json
from xero_reading import Reading, reading

from connector.ledgers.contract import Person
from connector.ledgers.xero_contacts import find_contacts

ALL = ("stripe_id", "email", "name")


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def find(books: Reading, *persons: Person, match: tuple[str, ...] = ALL) -> dict[str, str]:
    """The name of the contact of each."""
    found = books.run(find_contacts(persons, match, books.directory))
    for contact_id, name in found.values():
        assert books.read(f"Contacts/{contact_id}")["Name"] == name
    return {subject: name for subject, (_, name) in found.items()}


def person(subject: str, name: str | None = None, email: str | None = None) -> Person:
    return Person(subject, name, email, "usd")


def contact(books: Reading, name: str, **more: str) -> Json:
    return books.write("Contacts", {"Name": name, **more})


def test_by_stripe_id_then_email_then_name(books: Reading) -> None:
    contact(books, "Eve", EmailAddress="eve@x.test")
    assert find(
        books,
        person("cus_ada", "Somebody", "bob@x.test"),
        person("cus_bob", None, " BOB@x.test "),
        person("cus_eve", " eve "),
        person("cus_nobody", "Nobody", "no@x.test"),
        person("cus_bare"),
    ) == {"cus_ada": "Ada", "cus_bob": "Bob O'Neil", "cus_eve": "Eve"}
    # All in one call.
    assert len(books.carried) == 1


def test_in_the_order_of_the_mapping(books: Reading) -> None:
    contact(books, "Zed", EmailAddress="z@x.test")
    both = person("cus_ada", "Bob O'Neil", "z@x.test")
    assert find(books, both, match=("stripe_id",)) == {"cus_ada": "Ada"}
    assert find(books, both, match=("email", "stripe_id")) == {"cus_ada": "Zed"}
    assert find(books, both, match=("name", "email")) == {"cus_ada": "Bob O'Neil"}
    assert find(books, person("cus_x", "Ada")) == {}


def test_a_name_that_is_another_customer_of_stripe_s_is_not_it(books: Reading) -> None:
    contact(books, "Ann", ContactNumber="cus_ann", EmailAddress="a@x.test")
    contact(books, "Ben", ContactNumber="B-7", EmailAddress="b@x.test")
    assert find(books, person("cus_other", "Ann", "a@x.test"), person("cus_ben", "Ben")) == {"cus_ben": "Ben"}
    # A contact that we made for a guest has the id of the charge, and may be met again.
    contact(books, "Cy", ContactNumber="ch_1")
    assert find(books, person("ch_1", "Anybody"), person("ch_2", "Cy")) == {"ch_1": "Cy", "ch_2": "Cy"}


def test_an_archived_contact_does_not_count(books: Reading) -> None:
    made = contact(books, "Old", ContactNumber="cus_old", EmailAddress="old@x.test")
    books.write(f"Contacts/{made['ContactID']}", {"ContactStatus": "ARCHIVED"}, "POST")
    assert find(books, person("cus_old", "Old", "old@x.test")) == {}


def test_names_are_compared_exactly_but_for_capitals(books: Reading) -> None:
    contact(books, "José  Pérez")
    assert find(books, person("cus_1", "jose perez")) == {}
    contact(books, "María Gómez")
    assert find(books, person("cus_2", "maría  GÓMEZ"), person("cus_3", "Maria Gomez")) == {
        "cus_2": "María Gómez"
    }


def test_quotation_marks_are_searched_for(books: Reading) -> None:
    contact(books, 'Ed "Ace" Stone')
    contact(books, "Back\\slash")
    found = find(books, person("cus_1", 'Ed "Ace" Stone'), person("cus_2", "Back\\slash"), match=("name",))
    assert found == {"cus_1": 'Ed "Ace" Stone', "cus_2": "Back\\slash"}
    assert find(books, person("cus_3", 'Ed "Ace"'), match=("name",)) == {}


def test_the_default_customer_by_name_alone(books: Reading) -> None:
    assert find(books, person("default", "ADA"), match=("email",)) == {"default": "Ada"}
    assert find(books, person("default", "Nobody", "ada@x.test")) == {}


def test_of_several_the_one_with_the_lowest_id(books: Reading) -> None:
    several = [contact(books, f"Twin {n}", EmailAddress="twin@x.test") for n in range(3)]
    first = min(several, key=lambda one: str(one["ContactID"]))
    assert find(books, person("cus_1", None, "twin@x.test")) == {"cus_1": first["Name"]}


def test_hundreds_in_few_calls(books: Reading) -> None:
    for n in range(200):
        contact(books, f"Customer {n}", ContactNumber=f"cus_{n:014}")
    found = find(books, *(person(f"cus_{n:014}") for n in range(200)), match=("stripe_id",))
    assert len(found) == 200
    assert len(books.carried) <= 7, len(books.carried)


def test_nobody_asks_nothing(books: Reading) -> None:
    assert find(books) == {}
    assert find(books, person("cus_1", "Ann", "a@x.test"), match=()) == {}
    assert books.carried == []
