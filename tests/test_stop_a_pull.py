"""Asked to stop while Stripe is read: no request more, one sentence, and the next run goes on as if nothing had been."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_books import ROOT, end
from random_life import BEGIN, DAY, make_books
from small_books import SmallBooks
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_life import Item, StripeLife
from webhook_sender import SECRET

from connector.errors import Stopped
from connector.store.changes import keep_changes
from connector.store.database import open_database
from connector.stripe_source.api import ApiSource
from connector.stripe_source.changes import Change


@pytest.fixture
def stripe() -> Iterator[FakeStripe]:
    with FakeStripe(BEGIN) as fake:
        life = StripeLife(fake)
        life.sell_by_invoice([Item("SKU-MUG", 2)])
        for place in range(6):
            charge = life.charge(5000)
            life.advance(DAY)
            life.refund(charge, 1000 + place)
        life.advance(DAY)
        yield fake


def open_source(fake: FakeStripe, waits: list[float], requests: int, sleeps: int = 99) -> ApiSource:
    """Asked to stop once it has made so many requests, or has slept so often."""
    return ApiSource(
        KEY,
        fake.base_url,
        None,
        BEGIN - DAY,
        waits.append,
        should_stop=lambda: len(fake.requests) >= requests or len(waits) >= sleeps,
    )


@pytest.mark.parametrize("requests", [0, 1, 5])
def test_no_request_leaves_once_it_is_to_stop(stripe: FakeStripe, requests: int) -> None:
    with pytest.raises(Stopped, match="stopped by request; the next run goes on from here"):
        list(open_source(stripe, [], requests).pages({}, stripe.second()))
    assert len(stripe.requests) == requests


def test_a_wait_that_stripe_asked_for_ends_within_a_second(stripe: FakeStripe) -> None:
    stripe.inject("status", status=429, headers={"Retry-After": "20"}, times=9)
    waits: list[float] = []
    with pytest.raises(Stopped):
        open_source(stripe, waits, 99, sleeps=2).read("/v1/refunds", {})
    assert (waits, len(stripe.requests)) == ([1, 1], 1)


def fresh_books(folder: Path, fake: FakeStripe) -> SmallBooks:
    books = make_books(folder, fake)
    books.world.clock.now = fake.second()
    return books


def test_a_pass_that_is_stopped_says_so_once_and_loses_nothing(stripe: FakeStripe, tmp_path: Path) -> None:
    whole = fresh_books(tmp_path / "whole", stripe)
    assert whole.sync().errors == []
    needed = len(stripe.requests)
    assert needed > 8
    for after in range(needed):
        books = fresh_books(tmp_path / str(after), stripe)
        stripe.requests.clear()
        report = books.sync(lambda: len(stripe.requests) >= after)  # noqa: B023
        assert [(e.ledger, e.code, e.sentence) for e in report.errors] == [
            (None, "network", "stopped by request; the next run goes on from here")
        ]
        assert len(stripe.requests) == after
        assert books.transactions() == []
        assert books.sync().errors == []
        assert books.result() == whole.result()


def test_an_export_is_left_between_two_pages(tmp_path: Path) -> None:
    books = SmallBooks.make(tmp_path / "books").migrate()
    books.export.mkdir()
    customer = {"object": "customer", "created": BEGIN, "name": "A", "metadata": {}}
    lines = [json.dumps({"id": f"cus_{place}", **customer}) for place in range(5000)]
    (books.export / "customer.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def stored() -> int:
        return len(books.rows("stripe_object", "object_id"))

    assert len(books.sync(lambda: stored() > 0).errors) == 1
    assert 0 < stored() < 5000
    assert books.sync().errors == []
    assert stored() == 5000


@pytest.mark.parametrize("command", ["sync", "serve"])
def test_a_signal_ends_a_pull_after_the_request_at_hand(
    stripe: FakeStripe, tmp_path: Path, command: str
) -> None:
    books = make_books(tmp_path / "books", stripe)
    settings = json.loads(books.config.read_text(encoding="utf-8"))
    settings["stripe"]["webhook_secrets"] = [SECRET]
    books.config.write_text(json.dumps(settings), encoding="utf-8")
    engine = open_database(f"sqlite:///{books.state}", "acme", "own")
    keep_changes(engine, [Change("re_any", "refund")])
    engine.dispose()
    stripe.inject("slow", seconds=1, times=1000)
    arguments = [command, "-c", str(books.config), *(("--port", "0") if command == "serve" else ())]
    process = subprocess.Popen(
        [sys.executable, "-m", "connector", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    limit = time.monotonic() + 60
    while len(stripe.requests) < 3:
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.05)
    made, begun = len(stripe.requests), time.monotonic()
    result = end(process, signal.SIGTERM)
    assert len(stripe.requests) <= made + 2
    assert time.monotonic() - begun < 15
    assert result.code == (1 if command == "sync" else 0), result.err
    assert result.err.count("stopped by request; the next run goes on from here") == 1
    assert "Traceback" not in result.err
