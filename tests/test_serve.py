"""`connector serve` as a process: a webhook comes, and a moment later the refund is in the books."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from cli_books import Books, end
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_account import DAY, NOON, money, small_account
from webhook_sender import SECRET, refund_event, sign

from connector.store.changes import keep_changes
from connector.store.database import open_database
from connector.store.lease import hold_lease
from connector.stripe_source.changes import EVENT_TYPES, Change
from connector.world import World


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books(tmp_path)
    made.change(stripe={"webhook_secrets": ["whsec_previous", "${SERVE_TEST_SECRET}"]})
    made.export.charge("100", 11000, fee=349)
    made.export.refund("one", "ch_100", 3000)
    made.export.write()
    return made


class Server:
    """The process, its address, and what it has said so far."""

    def __init__(self, books: Books, *arguments: str) -> None:
        self.process = books.start("serve", "--port", "0", *arguments)
        self.said = ""
        assert self.process.stderr is not None
        while (found := re.search(r"listening on (http://\S+?);", self.said)) is None:
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line
        self.address = found[1]

    def send(self, body: bytes, secret: str = SECRET) -> requests.Response:
        headers = {"Stripe-Signature": sign(body, int(time.time()), secret)}
        return requests.post(self.address + "/webhooks/stripe", data=body, headers=headers, timeout=30)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code, and all that it said."""
        result = end(self.process, number)
        return result.code, self.said + result.err


Start = Callable[..., Server]


@pytest.fixture
def start(books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setenv("SERVE_TEST_SECRET", SECRET)
    started: list[subprocess.Popen[str]] = []

    def start_it(*arguments: str) -> Server:
        server = Server(books, *arguments)
        started.append(server.process)
        return server

    yield start_it
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def rows(books: Books, query: str) -> list[Any]:
    with sqlite3.connect(books.folder / "state" / "acme.db") as connection:
        return connection.execute(query).fetchall()


def wait_until(true: Callable[[], object], timeout_s: float = 30) -> None:
    limit = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)


def ended_passes(books: Books) -> list[Any]:
    return rows(books, "SELECT command FROM run WHERE ended IS NOT NULL")


def test_a_webhook_brings_a_refund_into_the_books(books: Books, start: Start) -> None:
    server = start()
    assert requests.get(server.address + "/healthz", timeout=30).text == "ok"
    time.sleep(0.7)
    assert rows(books, "SELECT * FROM run") == [], "nothing was noted, so nothing is run"
    assert server.send(refund_event("re_one", "refund.created")).status_code == 200
    wait_until(lambda: ended_passes(books))
    assert books.outcome("re_one")["outcome"] == "posted"
    # A second one, signed by the secret that is being replaced, while the first pass has settled.
    books.export.fail("re_one")
    books.export.write()
    assert server.send(refund_event("re_one"), "whsec_previous").status_code == 200
    wait_until(lambda: len(ended_passes(books)) == 2)
    assert books.outcome("re_one")["outcome"] == "reversed"
    assert server.send(refund_event("re_one"), "whsec_strange").status_code == 400
    code, said = server.stop()
    assert code == 0, said
    assert ended_passes(books) == [("serve",), ("serve",)]
    assert "refund.created: noted re_one" in said
    assert "a webhook was refused: the signature is not one" in said
    assert said.endswith("stopped\n")
    assert "Traceback" not in said and SECRET not in said


def test_what_only_a_webhook_told_is_read_from_stripe(
    books: Books, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_TEST", KEY)
    with FakeStripe(NOON + 10 * DAY) as stripe:
        for one in small_account():
            stripe.put(one)
        del books.settings["stripe"]["export"]
        books.change(stripe={"api_key": "${KEY_OF_TEST}", "base_url": stripe.base_url})
        server = start()
        assert server.send(refund_event("re_shop2", "refund.created")).status_code == 200
        wait_until(lambda: ended_passes(books))
        wait_until(lambda: not rows(books, "SELECT * FROM stripe_change"))
        # No event in Stripe's own list: the list alone would not tell before the next day.
        moved = money("txn_back", 500, "re_shop2", NOON + 10 * DAY + 5, reporting_category="refund_failure")
        stripe.put(moved)
        stripe.change("re_shop2", status="failed", failure_balance_transaction="txn_back")
        stripe.now = NOON + 10 * DAY + 60
        stripe.requests.clear()
        for name in ("re_shop2", "re_of_somebody_else"):
            assert server.send(refund_event(name)).status_code == 200
        wait_until(lambda: not rows(books, "SELECT * FROM stripe_change"))
        wait_until(lambda: len(ended_passes(books)) >= 2)
        assert books.outcome("re_shop2")["outcome"] == "reversed"
        assert "/v1/refunds/re_shop2" in stripe.paths()
        code, said = server.stop()
    assert code == 0
    assert "trying again" not in said and KEY not in said


def test_what_is_noted_already_is_followed_at_the_start(books: Books, start: Start) -> None:
    url = f"sqlite:///{books.folder / 'state' / 'acme.db'}"
    engine = open_database(url, "acme", "own")
    keep_changes(engine, [Change("re_one", "refund")])
    engine.dispose()
    server = start()
    wait_until(lambda: ended_passes(books))
    assert books.outcome("re_one")["outcome"] == "posted"
    assert server.stop(signal.SIGINT)[0] == 0


def test_a_failing_pass_leaves_the_server_up_and_the_notes_there(books: Books, start: Start) -> None:
    server = start()
    path = books.folder / "export" / "charge.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert server.send(refund_event("re_one")).status_code == 200
    wait_until(lambda: rows(books, "SELECT * FROM run"))
    time.sleep(0.5)
    assert server.send(refund_event("re_two")).status_code == 200
    assert {name for (name,) in rows(books, "SELECT object_id FROM stripe_change")} >= {"re_one", "re_two"}
    path.write_bytes(whole)
    wait_until(lambda: rows(books, "SELECT 1 FROM document WHERE refund_id = 're_one' AND state = 'posted'"))
    code, said = server.stop()
    assert code == 0
    assert "charge.jsonl:1: the line is not JSON" in said
    assert "nothing is lost; trying again in 5 s" in said
    assert "Traceback" not in said


def test_a_ledger_that_is_down_is_left_to_the_schedule(books: Books, start: Start) -> None:
    server = start()
    books.ledger_folder.write_text("a file in the place of the books", encoding="utf-8")
    assert server.send(refund_event("re_one")).status_code == 200
    wait_until(lambda: len(ended_passes(books)) == 1)
    assert rows(books, "SELECT * FROM stripe_change") == [], "Stripe was read: nothing is to be read again"
    time.sleep(7)
    assert len(ended_passes(books)) == 1
    # What comes next is followed at once, and the ledger asked again.
    books.ledger_folder.unlink()
    assert server.send(refund_event("re_one")).status_code == 200
    wait_until(lambda: rows(books, "SELECT 1 FROM document WHERE refund_id = 're_one' AND state = 'posted'"))
    code, said = server.stop()
    assert code == 0
    assert "Failed, will be tried again: main: " in said
    assert "trying again in" not in said and "Traceback" not in said


def test_stripe_that_is_away_is_asked_again(
    books: Books, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY_OF_TEST", KEY)
    with FakeStripe(NOON + 10 * DAY) as stripe:
        for one in small_account():
            stripe.put(one)
        del books.settings["stripe"]["export"]
        books.change(stripe={"api_key": "${KEY_OF_TEST}", "base_url": stripe.base_url})
        refusal = stripe.inject("status", status=403, times=1)
        server = start()
        assert server.send(refund_event("re_shop2", "refund.created")).status_code == 200
        wait_until(lambda: len(ended_passes(books)) == 2)
        assert refusal.times == 0
        assert books.outcome("re_shop2")["outcome"] == "posted"
        code, said = server.stop()
    assert code == 0
    assert said.count("nothing is lost; trying again in 5 s") == 1


def test_it_waits_for_a_run_under_way_and_can_be_stopped_meanwhile(books: Books, start: Start) -> None:
    server = start()
    url = f"sqlite:///{books.folder / 'state' / 'acme.db'}"
    engine = open_database(url, "acme", "own")
    with hold_lease(engine, url, World(), False):
        assert server.send(refund_event("re_one")).status_code == 200
        time.sleep(2)
        assert rows(books, "SELECT * FROM run") == []
    wait_until(lambda: ended_passes(books))
    with hold_lease(engine, url, World(), True):
        assert server.send(refund_event("re_one")).status_code == 200
        time.sleep(1)
        begun = time.monotonic()
        code, said = server.stop()
        assert (code, time.monotonic() - begun < 15) == (0, True)
    assert "holds these books" not in said
    assert rows(books, "SELECT count(*) FROM stripe_change WHERE object_id = 're_one'") == [(1,)]
    engine.dispose()


def half_sent(server: Server, body: bytes) -> socket.socket:
    """A request whose body has not come in full."""
    parts = urlsplit(server.address)
    connection = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30)
    signature = sign(body, int(time.time()))
    head = (
        f"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nStripe-Signature: {signature}\r\n"
    )
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
    time.sleep(0.5)
    return connection


def test_a_request_at_hand_is_answered_before_the_end(books: Books, start: Start) -> None:
    server, body = start(), refund_event("re_one")
    with half_sent(server, body) as connection:
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(requests.ConnectionError):
            server.send(body)
        connection.sendall(body[10:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert server.process.wait(timeout=30) == 0
    # The pass did not begin any more: the next start makes up for it.
    assert rows(books, "SELECT object_id FROM stripe_change") == [("re_one",)]


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    server = start()
    with half_sent(server, refund_event("re_one")):
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert server.process.poll() is None
        code, said = server.stop()
    assert code == 1
    assert "stopped; the next run goes on from here" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("secrets", "words"),
    [
        ([], "stripe.webhook_secrets: is empty; serve needs the signing secret (whsec_...)"),
        (["${SERVE_TEST_GONE}"], "the environment variable SERVE_TEST_GONE is not set"),
        (["sk_live_1"], "stripe.webhook_secrets[0]: is not the signing secret of an endpoint"),
        (["whsec_1", "whsec_2 "], "stripe.webhook_secrets[1]: holds a space"),
    ],
)
def test_it_does_not_start_without_a_secret(books: Books, secrets: list[str], words: str) -> None:
    books.change(stripe={"webhook_secrets": secrets})
    said = books.run("serve")
    assert (said.code, said.out) == (2, "")
    assert re.match(r"\S+config\.yaml:\d+:\d+: ", said.err) and words in said.err
    assert len(said.err.splitlines()) == 1
    assert "sk_live_1" not in said.err and "whsec_2" not in said.err
    assert not (books.folder / "state").exists()


def test_settings_without_the_key_are_refused_too(books: Books) -> None:
    del books.settings["stripe"]["webhook_secrets"]
    books.change()
    said = books.run("serve")
    assert (said.code, "stripe.webhook_secrets: is empty" in said.err) == (2, True)


def test_an_address_that_is_taken_is_told_in_a_sentence(books: Books, start: Start) -> None:
    server = start()
    port = server.address.rpartition(":")[2]
    for arguments, words in (
        (("--port", port), f"cannot listen on 127.0.0.1, port {port}: address already in use"),
        (("--host", "no.such.host.invalid"), "cannot listen on no.such.host.invalid, port 8765: "),
    ):
        said = books.run("serve", *arguments)
        assert said.code == 1, said.err
        assert said.err.splitlines()[-1].startswith(words)
    assert books.run("serve", "--port", "65536").code == 2
    assert server.stop()[0] == 0


def test_help_teaches_what_to_do_at_stripe(books: Books) -> None:
    said = books.run("serve", "--help").out
    for name in EVENT_TYPES:
        assert f"\n  {name}\n" in said.replace("    ", "  ")
    for words in ("/webhooks/stripe", "whsec_", "stripe.webhook_secrets", "8765", "127.0.0.1"):
        assert words in said
