"""The command line over Stripe's API: a key that loses permissions, what `check` warns of, a sale by payment link."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

import pytest
from cli_books import NOW, Books, Result
from random_life import BEGIN
from small_books import SmallBooks
from vendors.fake_stripe import READ_PERMISSIONS, FakeStripe
from vendors.stripe_life import Credit, Item, StripeLife

from connector.cli.root import run
from connector.world import World

RESTRICTED = "rk_test_51AcmeBooksRestrictedSecret"


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe(BEGIN) as fake:
        fake.give_permissions(RESTRICTED, READ_PERMISSIONS)
        yield fake


def make_books(folder: Path, fake: FakeStripe) -> SmallBooks:
    settings = {"api_key": RESTRICTED, "base_url": fake.base_url}
    return SmallBooks.make(folder, stripe=settings, sales="sales_receipt", fees=True)


def command(books: SmallBooks, fake: FakeStripe, *words: str) -> Result:
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(World, "now", lambda world: fake.second()),
        patch.object(World, "sleep", lambda world, seconds: None),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = run([*words, "-c", str(books.config)])
    return Result(code, out.getvalue(), err.getvalue())


# ---------------------------------------------------------------------------------------------- permissions


def lead_a_life(life: StripeLife) -> None:
    """Something of everything that a permission is needed for."""
    invoice, billed = life.sell_by_invoice([Item("SKU-MUG", 2), Item("SKU-SHIRT")])
    _, bought = life.check_out([Item("SKU-BOOK", 2)])
    disputed = life.charge(3000, currency="eur")
    life.advance(days=1)
    refund = life.refund(billed, 1200)
    life.credit_note(invoice, [Credit(0, 1200, 1)], refunds=[(refund, 1200)])
    life.refund(bought, 3995)
    life.dispute(disputed)
    life.advance(days=3)


def test_a_permission_lost_in_the_middle_of_a_run_loses_nothing_else(
    stripe: FakeStripe, tmp_path: Path
) -> None:
    lead_a_life(StripeLife(stripe))
    whole = make_books(tmp_path / "whole", stripe)
    assert command(whole, stripe, "sync").code == 0
    needed = len(stripe.requests)
    assert needed > 10
    for after in range(needed):
        books = make_books(tmp_path / str(after), stripe)
        for permission in READ_PERMISSIONS:
            stripe.lose_permission(RESTRICTED, permission, after)
        stripe.requests.clear()
        said = command(books, stripe, "sync")
        assert said.code == 1
        (refused,) = [one for one in stripe.requests if one.status != 200]
        assert (stripe.requests.index(refused), refused.status) == (after, 403)
        assert re.fullmatch(
            r"Failed, will be tried again: Stripe does not let this API key read [a-z ]+: it lacks the permission "
            r"rak_[a-z_]+_read; add it to the key in Stripe's Dashboard \(.+\) \(unauthorised\)",
            said.err.splitlines()[-1],
        ), said.err
        assert RESTRICTED not in said.err + said.out
        stripe.give_permissions(RESTRICTED, READ_PERMISSIONS)
        again = command(books, stripe, "sync")
        assert (again.code, books.result()) == (0, whole.result()), (after, again.err)


# ---------------------------------------------------------------------------------------------- check


def checked(folder: Path, fake: FakeStripe, key: str, every: str) -> Result:
    """`check` of books that read an account with three payments through this key."""
    fake.keys[key] = None
    fake.now = NOW - 3600
    life = StripeLife(fake)
    for _ in range(3):
        life.charge(5000)
    books = Books(folder)
    del books.settings["stripe"]["export"]
    books.change(stripe={"api_key": key, "base_url": fake.base_url}, schedule={"every": every})
    said = books.run("check")
    assert said.code == 0, said.err
    assert key not in said.out + said.err
    return said


def test_check_warns_of_a_live_secret_key(stripe: FakeStripe, tmp_path: Path) -> None:
    said = checked(tmp_path, stripe, "sk_live_51AcmeBooksSecret", "15m")
    assert said.out.splitlines()[0] == (
        "Warning: stripe.api_key is a live secret key (sk_live_...), which can move money: a restricted key "
        "(rk_live_...) with read permissions is enough"
    )
    assert said.out.endswith("can be used; mind the warnings.\n")


@pytest.mark.parametrize("key", ["rk_live_51AcmeBooksRestricted", "sk_test_51AcmeBooksSandbox"])
def test_check_has_nothing_against_other_keys(stripe: FakeStripe, tmp_path: Path, key: str) -> None:
    said = checked(tmp_path, stripe, key, "15m")
    assert "Warning" not in said.out
    assert said.out.endswith("are in order.\n")


def test_check_warns_of_a_schedule_that_reads_more_than_stripe_allows(
    stripe: FakeStripe, tmp_path: Path
) -> None:
    """A run a minute is 43,200 a month, of three requests each where nothing is new."""
    said = checked(tmp_path, stripe, "rk_live_51AcmeBooksRestricted", "1m")
    (warning,) = [line for line in said.out.splitlines() if line.startswith("Warning: ")]
    found = re.fullmatch(
        r"Warning: the schedule makes about ([\d,]+) reads of Stripe a month; Stripe allows 10,000 where 3 payments "
        r"were made in 30 days: run less often, and let webhooks tell what is new",
        warning,
    )
    assert found is not None, warning
    assert 3 * 43_200 <= int(found[1].replace(",", "")) < 3 * 43_200 + 1000


# ---------------------------------------------------------------------------------------------- payment links


def test_what_was_sold_by_a_payment_link_is_what_its_session_says(stripe: FakeStripe, tmp_path: Path) -> None:
    """The link itself is not asked for: its prices and quantities may be others by now."""
    life = StripeLife(stripe)
    session, charge = life.check_out([Item("SKU-MUG", 2), Item("SKU-BOOK")], payment_link="plink_1AcmeShop")
    assert (session["mode"], session["payment_link"]) == ("payment", "plink_1AcmeShop")
    life.advance(days=1)
    refund = life.refund(charge, charge["amount"])
    life.advance(days=1)
    books = make_books(tmp_path / "books", stripe)
    said = command(books, stripe, "sync")
    assert said.code == 0, said.err
    assert not any("payment_links" in path for path in stripe.paths())
    (sale,) = [one for one in books.transactions() if one.metadata["kind"] == "sales_receipt"]
    assert (sale.moved("Income:Sales:Mugs"), sale.moved("Income:Sales:Books")) == (
        Decimal("-24.00"),
        Decimal("-39.95"),
    )
    (back,) = [one for one in books.transactions() if one.metadata.get("refund_id") == refund["id"]]
    assert (back.moved("Income:Sales:Mugs"), back.moved("Income:Sales:Books")) == (
        Decimal("24.00"),
        Decimal("39.95"),
    )
