"""Customers of NetSuite who are customers of Stripe's: by Stripe id, e-mail or name, and never somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from netsuite_reading import KEYS, WAYS, Reading, reading
from vendors.netsuite import Moods
from vendors.netsuite import seeding as seed

from connector.ledgers.contract import Person
from connector.ledgers.netsuite_customers import find_customers, find_made

EVERY = ("stripe_id", "email", "name")


@pytest.fixture(params=WAYS)
def books(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param, Moods(auto_entity_ids=True)) as opened:
        yield opened


@pytest.fixture(params=WAYS)
def abroad(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param, currencies=("EUR", "GBP")) as opened:
        yield opened


def customer(books: Reading, name: str, email: str | None = None, **more: Any) -> str:
    address = {"email": email} if email else {}
    return str(seed.customer(books.account, name, **address, **more)["id"])


def known(books: Reading, person: Person, match: Sequence[str] = EVERY) -> str | None:
    found = books.run(find_customers([person], match, books.directory))
    return found[person.subject][0] if person.subject in found else None


def jo(name: str | None = "Jo Smith", email: str | None = "jo@x.test", subject: str = "cus_1") -> Person:
    return Person(subject, name, email, "usd")


@pytest.mark.parametrize("match", [("email",), ("name",), EVERY])
def test_by_email_and_by_name(books: Reading, match: Sequence[str]) -> None:
    by_email = customer(books, "J. Smith", "jo@x.test")
    by_name = customer(books, "Jo Smith")
    assert known(books, jo(), match) == (by_name if match == ("name",) else by_email)


def test_capitals_do_not_matter_where_suiteql_is_asked() -> None:
    with reading() as books:
        by_email = customer(books, "J. Smith", "Jo@X.test")
        by_name = customer(books, "JO smith")
        assert known(books, jo(), ("email",)) == by_email
        assert known(books, jo("Jo Smith", None), ("name",)) == by_name
        assert known(books, jo("j. SMITH", None), ("name",)) == by_email


def test_in_the_order_of_the_mapping(books: Reading) -> None:
    by_email = customer(books, "J. Smith", "jo@x.test")
    by_name = customer(books, "Jo Smith")
    by_id = customer(books, "Somebody", externalId="cus_1")
    assert known(books, jo()) == by_id
    assert known(books, jo(), ("email", "name", "stripe_id")) == by_email
    assert known(books, jo(), ("name", "email")) == by_name
    assert known(books, jo(email="none@x.test"), ("email", "stripe_id")) == by_id


def test_by_the_stripe_id_in_the_comments() -> None:
    """Where the connector puts it; a filter of the record service may not know comments."""
    with reading() as books:
        mine = customer(books, "Somebody", externalId=KEYS["a"], comments=f"cus_1 {KEYS['a']}")
        assert known(books, jo(), ("stripe_id",)) == mine
        assert known(books, jo(subject="cus_11"), ("stripe_id",)) is None
        assert known(books, jo(subject="cus_"), ("stripe_id",)) is None


def test_the_name_of_a_person_and_of_a_company(books: Reading) -> None:
    company = customer(books, "Acme Ltd", "a@x.test")
    person = customer(books, "the Navy", isPerson=True, firstName="Grace", lastName="Hopper")
    wanted = [jo("Acme Ltd", None, "cus_2"), jo("Grace Hopper", None, "cus_3"), jo("Hopper", None, "cus_4")]
    found = books.run(find_customers(wanted, EVERY, books.directory))
    assert found == {"cus_2": (company, "Acme Ltd"), "cus_3": (person, "Grace Hopper")}


def test_another_customer_of_stripes_is_not_taken(books: Reading) -> None:
    """Two people at one address, or with one name, are two at Stripe."""
    customer(books, "Jo Smith", "jo@x.test", externalId="cus_2")
    customer(books, "Jo Smith", "jo@x.test", comments="cus_3")
    assert known(books, jo()) is None
    assert known(books, jo(subject="ch_9")) is None
    free = customer(books, "Jo Smith Ltd", "jo@x.test", comments="pays late")
    assert known(books, jo()) == free


def test_who_was_made_inactive_is_nobody(books: Reading) -> None:
    customer(books, "Jo Smith", "jo@x.test", isInactive=True)
    assert known(books, jo()) is None


def test_the_lowest_id_of_several(books: Reading) -> None:
    ids = [customer(books, f"Jo {n}", "jo@x.test") for n in range(9)]
    assert known(books, jo()) == ids[0]


@pytest.mark.parametrize(
    ("name", "email"), [("Jo", None), ("Jo Smithson", "oj@x.test"), (None, None), ("", " ")]
)
def test_a_part_of_a_name_is_nobody(books: Reading, name: str | None, email: str | None) -> None:
    customer(books, "Jo Smith", "jo@x.test")
    assert known(books, jo(name, email)) is None


@pytest.mark.parametrize("name", ["Bob O'Neil", " Bob  O'Neil "])
def test_names_with_signs_in_them(books: Reading, name: str) -> None:
    found = books.run(find_customers([jo(name, None)], EVERY, books.directory))
    assert found["cus_1"][1] == "Bob O'Neil"
    assert known(books, jo('Bob "the Builder" 100% _', None)) is None


def test_the_default_customer_is_known_by_name_whatever_else_is_matched(books: Reading) -> None:
    shop = customer(books, "Stripe customers", externalId="cus_9")
    assert known(books, Person("default usd", "Stripe customers", None, "usd"), ("email",)) == shop


def test_a_customer_in_another_currency_is_not_taken(abroad: Reading) -> None:
    """Unless its record lists the one that is wanted, too."""
    euro = abroad.account.named("currency", "EUR")["id"]
    made = seed.customer(abroad.account, "Jo Smith", currency="EUR", email="jo@x.test")
    abroad.account.put({**made, "_currencies": (euro,)})
    assert known(abroad, jo()) is None
    assert known(abroad, Person("cus_1", None, "jo@x.test", "eur")) == made["id"]
    second = customer(abroad, "Jo Smith & Co", "jo@x.test")
    assert known(abroad, jo()) == second
    abroad.account.put({**made, "_currencies": (euro, abroad.account.named("currency", "USD")["id"])})
    assert known(abroad, jo()) == made["id"]


def test_many_at_once() -> None:
    with reading() as books:
        for n in range(300):
            customer(books, f"Buyer {n}", f"b{n}@x.test")
        persons = [Person(f"cus_{n}", f"Buyer {n}", f"b{n}@x.test", "usd") for n in range(400)]
        found = books.run(find_customers(persons, EVERY, books.directory))
        assert {subject: name for subject, (_, name) in found.items()} == {
            f"cus_{n}": f"Buyer {n}" for n in range(300)
        }
        # External ids, comments in two, addresses, names.
        assert len(books.carried) == 1 + 2 + 1 + 1
        books.carried.clear()
        assert books.run(find_customers([], EVERY, books.directory)) == {}
        assert books.carried == []


def test_one_that_we_made(books: Reading) -> None:
    made = customer(books, "Jo Smith", externalId=KEYS["a"])
    assert books.run(find_made(KEYS["a"])) == made
    assert books.run(find_made(KEYS["b"])) is None
    books.account.moods.eid_refused = True
    assert books.run(find_made(KEYS["a"])) == made
    assert books.run(find_made(KEYS["b"])) is None
