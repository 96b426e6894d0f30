"""Customers of QuickBooks Online who are customers of Stripe's: by Stripe id, e-mail or name, and never somebody else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from quickbooks_reading import KEYS, Reading, reading
from vendors.quickbooks.wire import Json

from connector.ledgers.contract import Person
from connector.ledgers.quickbooks_customers import display_name

EVERY = ("stripe_id", "email", "name")


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as found:
        yield found


def customer(books: Reading, name: str, email: str | None = None, **more: Any) -> str:
    address: Json = {"PrimaryEmailAddr": {"Address": email}} if email else {}
    return str(books.put("Customer", {"DisplayName": name, **address, **more})["Id"])


def known(books: Reading, person: Person, match: Sequence[str] = EVERY) -> str | None:
    books.open(customer_match=tuple(match))
    found = books.run(books.ledger.find_customers([person]))
    return found[person.subject][0] if person.subject in found else None


def jo(name: str | None = "Jo Smith", email: str | None = "jo@x.test", subject: str = "cus_1") -> Person:
    return Person(subject, name, email, "usd")


@pytest.mark.parametrize("match", [("email",), ("name",), EVERY])
def test_by_email_and_by_name(books: Reading, match: Sequence[str]) -> None:
    by_email = customer(books, "J. Smith", "Jo@X.test")
    by_name = customer(books, "jo smith")
    wanted = by_name if match == ("name",) else by_email
    assert known(books, jo(), match) == wanted


def test_in_the_order_of_the_mapping(books: Reading) -> None:
    by_email = customer(books, "J. Smith", "jo@x.test")
    by_name = customer(books, "Jo Smith")
    by_id = customer(books, "Jo Smith (cus_1 USD)")
    assert known(books, jo()) == by_id
    assert known(books, jo(), ("email", "name", "stripe_id")) == by_email
    assert known(books, jo(), ("name", "email")) == by_name
    assert known(books, jo(email="none@x.test"), ("email", "stripe_id")) == by_id


@pytest.mark.parametrize("where", ["name", "e-mail", "apart", "no name"])
def test_by_the_stripe_id_in_the_notes(books: Reading, where: str) -> None:
    """The notes cannot be searched: it is recognised on those that name or e-mail find."""
    names = {"name": "Jo Smith", "apart": display_name("Jo Smith", ("cus_1", "usd")), "no name": "cus_1"}
    notes = f"cus_1 {KEYS['a']}"
    found = customer(
        books, names.get(where, "Somebody"), "jo@x.test" if where == "e-mail" else None, Notes=notes
    )
    assert known(books, jo(), ("stripe_id",)) == found
    assert known(books, jo(subject="cus_11"), ("stripe_id",)) is None


def test_another_customer_of_stripes_is_not_taken(books: Reading) -> None:
    """Two people at one address, or with one name, are two at Stripe."""
    customer(books, "Jo Smith", "jo@x.test", Notes="cus_2")
    assert known(books, jo()) is None
    assert known(books, jo(subject="ch_9")) is None
    free = customer(books, "Jo Smith Ltd", "jo@x.test", Notes="pays late")
    assert known(books, jo()) == free


def test_a_guest_that_we_made_is_taken_for_the_next_purchase(books: Reading) -> None:
    guest = customer(books, "Jo Smith", Notes=f"ch_1 {KEYS['a']}")
    assert known(books, jo(subject="ch_2", email=None)) == guest


def test_who_was_made_inactive_is_nobody(books: Reading) -> None:
    books.deactivate("Customer", customer(books, "Jo Smith", "jo@x.test"))
    assert known(books, jo()) is None


def test_the_lowest_id_of_several(books: Reading) -> None:
    ids = [customer(books, f"Jo {n}", "jo@x.test") for n in range(9)]
    assert ids[0] == "3" and ids[-1] == "11"
    assert known(books, jo()) == "3"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Bob O'Neil", "Bob O'Neil"), (" bob o'neil ", "Bob O'Neil"), ("Ack: me\\you", "Ack me\\you")],
)
def test_names_with_signs_in_them(books: Reading, name: str, shown: str) -> None:
    customer(books, "Ack me\\you")
    books.open()
    found = books.run(books.ledger.find_customers([jo(name, None)]))
    assert found["cus_1"][1] == shown


@pytest.mark.parametrize(
    ("name", "email"), [("Bob", None), ("Jo Smithson", "oj@x.test"), (None, None), ("", "")]
)
def test_a_part_of_a_name_is_nobody(books: Reading, name: str | None, email: str | None) -> None:
    customer(books, "Jo Smith", "jo@x.test")
    assert known(books, jo(name, email)) is None


def test_the_default_customer_is_known_by_name_whatever_else_is_matched(books: Reading) -> None:
    shop = customer(books, "Stripe customers", Notes="cus_9")
    assert known(books, Person("default usd", "Stripe customers", None, "usd"), ("email",)) == shop


def test_a_customer_has_one_currency() -> None:
    with reading() as books:
        books.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        euro = customer(books, "Jo Smith", "jo@x.test", CurrencyRef={"value": "EUR"})
        assert known(books, jo()) is None
        assert known(books, Person("cus_1", "Jo Smith", None, "eur")) == euro


def test_many_at_once(books: Reading) -> None:
    for n in range(300):
        customer(books, f"Buyer {n}", f"b{n}@x.test")
    persons = [Person(f"cus_{n}", f"Buyer {n}", f"b{n}@x.test", "usd") for n in range(400)]
    books.carried.clear()
    found = books.run(books.ledger.find_customers(persons))
    assert {subject: name for subject, (_, name) in found.items()} == {
        f"cus_{n}": f"Buyer {n}" for n in range(300)
    }
    # Names as they are, with the Stripe id behind them, and the id alone.
    assert len(books.carried) == 2 + 6
    assert books.run(books.ledger.find_customers([])) == {}


def test_a_name_with_what_tells_it_apart_is_no_longer_than_a_name_may_be() -> None:
    assert display_name("J" * 200) == "J" * 100
    apart = display_name("J" * 200, ("cus_1", "usd"))
    assert len(apart) == 100 and apart.endswith("J (cus_1 USD)")
