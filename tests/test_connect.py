"""Stripe Connect: what a platform takes back from a connected account and gives back of its fee is read, kept and told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from random_life import BEGIN, make_books
from small_books import SmallBooks
from vendors.fake_stripe import KEY, READ_PERMISSIONS, FakeStripe
from vendors.stripe_life import StripeLife

from connector.cli.root import run
from connector.planning.stripe_facts import ApplicationFeeRefund, Refund, TransferReversal
from connector.stripe_source.parse import parse_object
from connector.world import World

Json = dict[str, Any]


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe(BEGIN) as fake:
        yield fake


def sync(books: SmallBooks, fake: FakeStripe) -> None:
    assert fake.now is not None
    books.world.clock.now = fake.now
    assert books.sync().errors == []


def explain(books: SmallBooks, refund_id: str, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    capsys.readouterr()
    with patch.object(World, "now", lambda world: books.world.now()):
        assert run(["explain", refund_id, "-c", str(books.config), *more]) == 0
    return capsys.readouterr().out


def test_a_platforms_refund_is_told_with_what_came_back_and_what_was_given_back(
    stripe: FakeStripe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    life = StripeLife(stripe, "platform")
    charge = life.destination_charge(10000, application_fee=800)
    life.advance(days=1)
    refund = life.refund(charge, 5000, reverse_transfer=True, refund_application_fee=True)
    books = make_books(tmp_path / "books", stripe)
    sync(books, stripe)
    assert books.outcomes() == {refund["id"]: ("posted", None)}
    told = json.loads(explain(books, refund["id"], capsys, "--json"))["connect"]
    assert [(one["what"], one["amount"]) for one in told] == [
        ("transfer_reversal", {"amount": "50.00", "currency": "usd"}),
        ("application_fee_refund", {"amount": "4.00", "currency": "usd"}),
    ]
    assert told[0]["id"] == refund["transfer_reversal"]
    words = explain(books, refund["id"], capsys)
    assert "Taken back from the connected account: 50.00 USD" in words
    assert "Given back of the application fee of its charge: 4.00 USD" in words


def test_nothing_of_it_is_asked_for_on_an_account_that_is_no_platform(
    stripe: FakeStripe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor is the permission needed."""
    life = StripeLife(stripe, "plain")
    refund = life.refund(life.charge(5000))
    stripe.keys[KEY] = set(READ_PERMISSIONS) - {"rak_transfer_read", "rak_application_fee_read"}
    books = make_books(tmp_path / "books", stripe)
    sync(books, stripe)
    assert not any("transfers" in path or "application_fees" in path for path in stripe.paths())
    assert json.loads(explain(books, refund["id"], capsys, "--json"))["connect"] == []


def test_the_connected_accounts_side_is_read_with_its_account_named(
    stripe: FakeStripe, tmp_path: Path
) -> None:
    """Its refund is a pyr_ of a py_ payment that names no payment intent."""
    life = StripeLife(stripe, "platform")
    charge = life.destination_charge(10000)
    life.advance(days=1)
    life.refund(charge, 4000, reverse_transfer=True)
    settings = {"api_key": KEY, "base_url": stripe.base_url, "account": "acct_1Branch"}
    books = SmallBooks.make(tmp_path / "branch", stripe=settings, sales="sales_receipt").migrate()
    sync(books, stripe)
    ((refund_id, outcome),) = books.outcomes().items()
    assert refund_id.startswith("pyr_") and outcome == ("posted", None)
    raw = stripe.accounts["acct_1Branch"][refund_id]
    assert raw["payment_intent"] is None and raw["source_transfer_reversal"] is not None
    parsed = parse_object(raw)
    assert parsed is not None and isinstance(parsed.fact, Refund)
    assert parsed.fact.source_transfer_reversal_id == raw["source_transfer_reversal"]


def test_the_objects_themselves() -> None:
    reversal = parse_object(
        {
            "id": "trr_1",
            "object": "transfer_reversal",
            "amount": 500,
            "balance_transaction": "txn_1",
            "created": 7,
            "currency": "usd",
            "source_refund": "re_1",
            "transfer": "tr_1",
        }
    )
    assert reversal is not None and reversal.links == ("tr_1", "re_1")
    assert reversal.fact == TransferReversal("trr_1", 7, 500, "usd", "tr_1", "re_1", "txn_1")
    given = parse_object(
        {"id": "fr_1", "object": "fee_refund", "amount": 80, "created": 7, "currency": "usd", "fee": "fee_1"}
    )
    assert given is not None and given.links == ("fee_1",)
    assert given.fact == ApplicationFeeRefund("fr_1", 7, 80, "usd", "fee_1")
