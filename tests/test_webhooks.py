"""Webhooks as Stripe sends them, and as it does not, to a real server: what is stored, and what is answered."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import requests
from fake_world import FakeWorld
from sqlalchemy import insert, text
from starlette.applications import Starlette
from webhook_sender import SECRET, Sender, refund_event, serving, sign

from connector.errors import ConnectorError
from connector.operations.follow import Follower
from connector.store import changes as store_changes
from connector.store.changes import NotStored, has_changes, keep_changes
from connector.store.database import open_database
from connector.store.schema import meta
from connector.stripe_source import webhook
from connector.web import app
from connector.web.app import LARGEST_BODY, PATH
from connector.web.server import WebServer, open_listener, serve_until_stopped


@pytest.fixture
def sender(sqlite_url: str) -> Iterator[Sender]:
    with serving(sqlite_url) as one:
        yield one


def refused(answer: requests.Response, status: int, words: str) -> None:
    assert (answer.status_code, words in answer.text) == (status, True), (answer.status_code, answer.text)
    assert len(answer.text) < 200
    assert "Traceback" not in answer.text and SECRET not in answer.text


# ------------------------------------------------------------------------------------------------ signatures


def check_good(sender: Sender) -> None:
    answer = sender.send(refund_event())
    assert (answer.status_code, answer.text) == (200, "noted")
    assert sender.kinds() == {"re_1": "refund"}
    assert len(sender.woken) == 1
    assert sender.said == ["refund.failed: noted re_1"]


def check_bad(sender: Sender) -> None:
    body = refund_event()
    for signature in (
        sign(body, sender.world.now(), "whsec_another"),
        sign(body + b" ", sender.world.now()),
        sign(body, sender.world.now()).replace("v1=", "v0="),
        sign(body, sender.world.now())[:-1],
    ):
        refused(sender.send(body, signature), 400, "the signature is not one")
    assert sender.noted() == {}
    assert sender.woken == []


def check_time(sender: Sender) -> None:
    now, body = sender.world.now(), refund_event()
    for at, words in ((now - 301, "301 s ago"), (now + 301, "301 s in the future"), (0, "s ago")):
        refused(sender.send(body, sign(body, at)), 400, words)
    assert sender.noted() == {}
    for at in (now - 300, now + 300):
        assert sender.send(body, sign(body, at)).status_code == 200
    # The time that is checked is the time that was signed.
    refused(sender.send(body, sign(body, now - 900).replace(str(now - 900), str(now))), 400, "not one that")


def test_a_good_signature_is_taken(sender: Sender) -> None:
    check_good(sender)


def test_a_bad_signature_is_refused_and_nothing_stored(sender: Sender) -> None:
    check_bad(sender)


def test_an_old_or_future_signature_is_refused(sender: Sender) -> None:
    check_time(sender)


def test_while_a_secret_is_rolled_either_will_do(sqlite_url: str) -> None:
    with serving(sqlite_url, ("whsec_new", "whsec_old")) as sender:
        now, body = sender.world.now(), refund_event()
        for secrets in (
            ("whsec_old",),
            ("whsec_new",),
            ("whsec_older", "whsec_old"),
            ("whsec_new", "whsec_old"),
        ):
            assert sender.send(body, sign(body, now, *secrets)).status_code == 200
        refused(sender.send(body, sign(body, now, "whsec_older", "whsec_oldest")), 400, "not one that")
        assert list(sender.noted()) == ["re_1"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (None, "is missing"),
        ("t=", "cannot be read"),
        (",", "cannot be read"),
        ("garbage", "cannot be read"),
        ("v1=00", "cannot be read"),
        ("t=NOW", "not one that"),
        ("t=NOW,v1", "not one that"),
        ("t=NOW,v1=", "not one that"),
        ("t=NOW,v1=00,=,,", "not one that"),
        ("t=-1,v1=00", "cannot be read"),
        ("t=1e9,v1=00", "cannot be read"),
        ("t=0" + "9" * 5000 + ",v1=00", "cannot be read"),
        ("t=NOW,t=NOW,GOOD", "cannot be read"),
        ("t=1, t=NOW,GOOD", "cannot be read"),
        ("GOOD", "cannot be read"),
        ("t=NOW,v1=\xe9\xe9", "cannot be read"),
        ("t=NOW,v1=" + "0," * 20_000, "not one that"),
    ],
)
def test_a_garbled_header_is_refused(sender: Sender, header: str | None, words: str) -> None:
    body, now = refund_event(), sender.world.now()
    good = sign(body, now).partition(",")[2]
    filled = header and header.replace("NOW", str(now)).replace("GOOD", good)
    refused(sender.send(body, filled), 400, words)
    assert sender.noted() == {} and sender.faults == []


def test_two_signature_headers_are_refused(sender: Sender) -> None:
    body = refund_event()
    good = sign(body, sender.world.now())
    for pair in ((good, good), (good, "t=1,v1=00"), ("t=1,v1=00", good)):
        lines = [f"Stripe-Signature: {one}" for one in pair]
        assert b" 400 " in raw(sender, lines, body).split(b"\r\n")[0]
    assert sender.noted() == {}


def raw(sender: Sender, lines: list[str], body: bytes, length: int | None = None) -> bytes:
    """A request as bytes, and the whole answer."""
    parts = urlsplit(sender.address)
    head = [f"POST {PATH} HTTP/1.1", "Host: x", "Connection: close", *lines]
    head.append(f"Content-Length: {len(body) if length is None else length}")
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


# ------------------------------------------------------------------------------------------------ bodies


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not one that"),
        (b"[" * 100_000, "not JSON"),
        (b"9" * 5_000, "not JSON"),
        (b"[]", "not an event"),
        (b'"refund.failed"', "not an event"),
    ],
)
def test_a_body_that_is_no_event_is_refused(sender: Sender, body: bytes, words: str) -> None:
    signature = sign(body if body != b"\xff\xfe" else b"", sender.world.now())
    refused(sender.send(body, signature), 400, words)
    assert sender.noted() == {} and sender.faults == []


def test_a_large_body_is_taken_up_to_the_limit(sender: Sender) -> None:
    body = refund_event().ljust(LARGEST_BODY)
    assert sender.send(body).status_code == 200
    refused(sender.send(body + b" "), 413, "larger than")
    # Said to be huge: refused before it is sent.
    assert b" 413 " in raw(sender, ["Stripe-Signature: t=1,v1=0"], b"", 10**12).split(b"\r\n")[0]

    def endless() -> Iterator[bytes]:
        for _ in range(LARGEST_BODY // 1024 + 1):
            yield b" " * 1024

    streamed = requests.post(sender.address + PATH, data=endless(), timeout=30)
    refused(streamed, 413, "larger than")
    assert list(sender.noted()) == ["re_1"]


def test_a_body_that_never_comes_is_given_up(sender: Sender) -> None:
    with patch.object(app, "BODY_TIMEOUT_S", 0.2):
        answer = raw(sender, ["Stripe-Signature: t=1,v1=0"], b"{", 100)
    assert b" 408 " in answer.split(b"\r\n")[0]
    assert sender.send(refund_event()).status_code == 200


def test_a_sender_that_hangs_up_does_no_harm(sender: Sender) -> None:
    parts = urlsplit(sender.address)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert sender.send(refund_event()).status_code == 200
    assert sender.faults == []


# ------------------------------------------------------------------------------------------------ events


def test_what_is_of_no_concern_is_answered_and_not_stored(sender: Sender) -> None:
    other = {"object": "event", "type": "payout.paid", "data": {"object": {"id": "po_1", "object": "payout"}}}
    for body in (json.dumps(other).encode(), b"{}", refund_event("re_1", "refund.expired")):
        answer = sender.send(body)
        assert (answer.status_code, answer.text) == (200, "nothing to do")
    assert sender.noted() == {} and sender.woken == []


def test_a_thin_event_is_taken(sender: Sender) -> None:
    about = {"id": "re_7", "type": "refund", "url": "/v1/refunds/re_7"}
    event = {"id": "evt_1", "object": "v2.core.event", "type": "v1.refund.updated", "related_object": about}
    assert sender.send(json.dumps(event).encode()).text == "noted"
    assert sender.kinds() == {"re_7": "refund"}


@pytest.mark.parametrize(
    ("configured", "account", "taken"),
    [
        (None, None, True),
        (None, "acct_1", False),
        ("acct_1", "acct_1", True),
        ("acct_1", "acct_2", False),
        ("acct_1", None, False),
    ],
)
def test_only_the_accounts_own_events_count(
    sqlite_url: str, configured: str | None, account: str | None, taken: bool
) -> None:
    with serving(sqlite_url, account=configured) as sender:
        check_account(sender, account, taken)


def check_account(sender: Sender, account: str | None, taken: bool) -> None:
    body = refund_event(**({} if account is None else {"account": account}))
    assert sender.send(body).status_code == 200
    assert bool(sender.noted()) is taken
    assert len(sender.woken) == int(taken)


def test_events_that_come_twice_or_in_another_order_leave_the_same_notes(sender: Sender) -> None:
    kinds = ("refund.created", "refund.updated", "refund.failed")
    bodies = [refund_event(one, kind) for one in ("re_1", "re_2") for kind in kinds]
    for body in (*bodies, *reversed(bodies), bodies[0]):
        assert sender.send(body).text == "noted"
    assert sender.kinds() == {"re_1": "refund", "re_2": "refund"}
    assert len(sender.woken) == 13


def check_noted_moves(sender: Sender) -> None:
    """Who has read the notes, and then the objects, must not take a later note for one of those."""
    seen: list[int] = []
    for name in ("re_1", "re_2", "re_1"):
        sender.send(refund_event(name))
        seen.append(sender.noted()[name][1])
    sender.drop_all()
    sender.send(refund_event())
    seen.append(sender.noted()["re_1"][1])
    assert seen == sorted(set(seen)) and len(seen) == 4


def test_each_note_can_be_told_from_those_before(state_url: str) -> None:
    with serving(state_url) as sender:
        check_noted_moves(sender)


def test_fifty_at_once(state_url: str) -> None:
    with serving(state_url) as sender:
        names = [f"re_{n % 25}" for n in range(50)]

        def send(name: str) -> float:
            begun = time.perf_counter()
            assert sender.send(refund_event(name)).status_code == 200
            return time.perf_counter() - begun

        with ThreadPoolExecutor(50) as pool:
            together = sorted(pool.map(send, names))
        assert set(sender.noted()) == set(names)
        assert len(sender.woken) == 50 and sender.faults == []
        tell_taken("50 at once", together)


def tell_taken(title: str, taken: list[float]) -> None:
    print(f"{title}: median {statistics.median(taken) * 1000:.1f} ms, longest {max(taken) * 1000:.1f} ms")


def test_one_after_another_each_is_stored_and_answered_at_once(sender: Sender) -> None:
    """Meant to take less than 50 ms; what is asserted leaves room for a machine that has much else to do."""
    taken = []
    for place in range(50):
        body = refund_event(f"re_{place}")
        signature = sign(body, sender.world.now())
        begun = time.perf_counter()
        assert sender.send(body, signature).status_code == 200
        taken.append(time.perf_counter() - begun)
    assert len(sender.noted()) == 50
    tell_taken("one after another", taken)
    assert statistics.median(taken) < 0.5


# ------------------------------------------------------------------------------------------------ a busy state


@contextmanager
def writing(url: str) -> Iterator[None]:
    """Another program has a write transaction open."""
    engine = open_database(url, "acme", "own")
    with engine.begin() as connection:
        connection.execute(insert(meta).values(name="other", value="program"))
        yield
    engine.dispose()


def check_waits(sender: Sender, url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with writing(url):
            answer = pool.submit(sender.send, refund_event())
            time.sleep(0.2)
            assert not answer.done()
        assert answer.result().status_code == 200
    assert list(sender.noted()) == ["re_1"]


def check_gives_up(sender: Sender, url: str) -> None:
    with writing(url):
        answer = sender.send(refund_event())
        refused(answer, 503, "send it again")
    assert sender.noted() == {} and sender.woken == []
    assert "locked" in sender.said[0]
    assert sender.send(refund_event()).status_code == 200
    assert list(sender.noted()) == ["re_1"]


def test_a_state_that_is_busy_for_a_moment_is_waited_for(sender: Sender, sqlite_url: str) -> None:
    check_waits(sender, sqlite_url)


def test_what_cannot_be_stored_is_not_acknowledged(sqlite_url: str) -> None:
    with serving(sqlite_url, patience_ms=100) as sender:
        check_gives_up(sender, sqlite_url)


def test_a_row_that_another_holds_on_postgresql(postgres_url: str) -> None:
    with serving(postgres_url, patience_ms=200) as sender:
        assert sender.send(refund_event()).status_code == 200
        with sender.engine.begin() as connection:
            connection.execute(text("UPDATE stripe_change SET noted = noted"))
            refused(sender.send(refund_event()), 503, "send it again")
            assert sender.send(refund_event("re_2")).status_code == 200
        assert sender.send(refund_event()).status_code == 200
        assert set(sender.noted()) == {"re_1", "re_2"}


def test_a_state_that_is_gone_is_not_acknowledged(sender: Sender) -> None:
    with patch.object(app, "keep_changes", side_effect=NotStored("the disk is full")):
        refused(sender.send(refund_event()), 503, "send it again")
    assert sender.said[0] == "the disk is full"
    with (
        patch.object(app, "keep_changes", lambda *rest: time.sleep(1)),
        patch.object(app, "STORE_TIMEOUT_S", 0.1),
    ):
        refused(sender.send(refund_event()), 503, "does not answer")
    assert sender.woken == []


def test_a_fault_of_ours_is_told_here_and_not_there(
    sender: Sender, capfd: pytest.CaptureFixture[str]
) -> None:
    with patch.object(app, "keep_changes", side_effect=RuntimeError("secret detail")):
        refused(sender.send(refund_event()), 500, "send it again")
    (fault,) = sender.faults
    assert str(fault) == "secret detail"
    assert capfd.readouterr() == ("", "")
    assert sender.send(refund_event()).status_code == 200


# ------------------------------------------------------------------------------------------------ the rest


def test_health_and_other_addresses(sender: Sender) -> None:
    health = requests.get(sender.address + "/healthz", timeout=30)
    assert (health.status_code, health.text) == (200, "ok")
    assert requests.get(sender.address + PATH, timeout=30).status_code == 405
    assert requests.get(sender.address + "/", timeout=30).status_code == 404
    assert b" 400 " in raw(sender, ["broken header"], b"").split(b"\r\n")[0]
    assert health.headers.get("server") is None


def test_refusals_are_told_once_a_minute(sender: Sender) -> None:
    for _ in range(5):
        sender.send(refund_event(), "t=1,v1=00")
    assert len(sender.said) == 1
    assert sender.said[0].startswith("a webhook was refused: the signature")
    sender.world.clock.now += 60
    sender.send(refund_event(), "t=1,v1=00")
    assert len(sender.said) == 2


def test_nothing_is_printed_of_what_is_sent(sender: Sender, capfd: pytest.CaptureFixture[str]) -> None:
    sender.send(refund_event(note="confidential"))
    sender.send(refund_event(note="confidential"), "t=1,v1=deadbeef")
    assert capfd.readouterr() == ("", "")
    told = " ".join(sender.said)
    assert "confidential" not in told and "deadbeef" not in told and SECRET not in told


def test_a_state_knows_whether_anything_waits(state_url: str) -> None:
    with serving(state_url) as sender:
        assert not has_changes(sender.engine)
        check_good(sender)
        assert has_changes(sender.engine)


@pytest.mark.parametrize("part", ["passes", "web"])
def test_a_part_that_ends_by_itself_ends_all_of_it(part: str) -> None:
    world = FakeWorld()
    listener = open_listener(world, "127.0.0.1", 0)
    server = WebServer(Starlette(), listener)
    follower = Follower(lambda should_stop: True, print, print)
    if part == "passes":
        follower.stop()
    else:
        listener.close()
    with (
        patch.object(threading, "excepthook", lambda what: None),
        pytest.raises(ConnectorError, match="start it again"),
    ):
        serve_until_stopped(server, follower, lambda: False, world)
    assert not server.is_alive()


# ------------------------------------------------------------------------------------------------ planted bugs

Plant = Callable[[], AbstractContextManager[Any]]


def accept_every_signature() -> AbstractContextManager[Any]:
    return patch.object(webhook, "_matches", lambda body, header, secret: True)


def forget_the_time() -> AbstractContextManager[Any]:
    return patch.object(webhook, "TOLERANCE_S", 10**12)


def acknowledge_what_cannot_be_stored() -> AbstractContextManager[Any]:
    def keep(*arguments: Any) -> None:
        with suppress(NotStored):
            keep_changes(*arguments)

    return patch.object(app, "keep_changes", keep)


def take_every_account() -> AbstractContextManager[Any]:
    return patch.object(app, "event_account", lambda event: None)


def count_from_what_is_there() -> AbstractContextManager[Any]:
    return patch.object(
        store_changes, "next_place", lambda connection: store_changes.last_note(connection) + 1
    )


PLANTED: list[tuple[Plant, Callable[[Sender, str], None]]] = [
    (accept_every_signature, lambda sender, url: check_bad(sender)),
    (forget_the_time, lambda sender, url: check_time(sender)),
    (acknowledge_what_cannot_be_stored, check_gives_up),
    (take_every_account, lambda sender, url: check_account(sender, "acct_1", False)),
    (count_from_what_is_there, lambda sender, url: check_noted_moves(sender)),
]


@pytest.mark.parametrize(("plant", "check"), PLANTED, ids=[plant.__name__ for plant, _ in PLANTED])
def test_a_planted_bug_is_found(tmp_path: Path, plant: Plant, check: Callable[[Sender, str], None]) -> None:
    for name, guard in (("right", None), ("wrong", plant)):
        url = f"sqlite:///{tmp_path / name}.db"
        with serving(url, patience_ms=100) as sender:
            if guard is None:
                check(sender, url)
                continue
            with guard(), pytest.raises(AssertionError):
                check(sender, url)
