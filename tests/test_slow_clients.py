"""Clients that take their time, by intent or not: how long they may hold a connection, of which there are only so many."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
import requests
from webhook_sender import Sender, refund_event, serving, sign

from connector.web import server
from connector.web.app import PATH


def wait_until(true: Callable[[], object], timeout_s: float = 20) -> None:
    end = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@contextmanager
def crowded(url: str) -> Iterator[tuple[Sender, Callable[[bytes], socket.socket]]]:
    """A server that takes a few connections at a time, and patient for a moment only; and how to connect to it."""
    with (
        patch.object(server, "LARGEST_CROWD", 5),
        patch.object(server, "PATIENCE_S", 1),
        serving(url) as sender,
        ExitStack() as connections,
    ):
        parts = urlsplit(sender.address)

        def connect(begin: bytes) -> socket.socket:
            made = socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=30)
            connections.callback(made.close)
            made.sendall(begin)
            return made

        yield sender, connect


def health(sender: Sender) -> int:
    return requests.get(sender.address + "/healthz", timeout=30).status_code


def answer(slow: socket.socket) -> bytes:
    """All of it, head and words."""
    said = b""
    while b"\r\n\r\n" not in said or said.endswith(b"\r\n\r\n"):
        piece = slow.recv(1000)
        assert piece, said
        said += piece
    return said


HALF_A_HEAD = b"POST /webhooks/stripe HT"
TOO_MUCH_SAID = b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"


def test_who_sends_half_a_head_does_not_keep_others_out(sqlite_url: str) -> None:
    with crowded(sqlite_url) as (sender, connect):
        slow = [connect(HALF_A_HEAD) for _ in range(8)]
        wait_until(lambda: health(sender) == 503)
        wait_until(lambda: health(sender) == 200)
        assert [one.recv(100) for one in slow] == [b""] * 8
        assert sender.send(refund_event()).status_code == 200


def test_a_head_in_drops_is_not_waited_for_longer(sqlite_url: str) -> None:
    with crowded(sqlite_url) as (_, connect):
        slow, begun = connect(HALF_A_HEAD), time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - begun < 10 and not select.select([slow], [], [], 0.2)[0]:
                slow.sendall(b"x")
        assert 0.9 < time.monotonic() - begun < 8


@pytest.mark.parametrize("more", [b"{", HALF_A_HEAD])
def test_nor_does_who_stays_after_an_answer(sqlite_url: str, more: bytes) -> None:
    """The rest of a body that nobody asked for, or half of another request."""
    first = TOO_MUCH_SAID if more == b"{" else b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with crowded(sqlite_url) as (sender, connect):
        for slow in [connect(first) for _ in range(4)]:
            assert answer(slow).startswith(b"HTTP/1.1 200 ")
            slow.sendall(more)
        assert health(sender) == 503
        wait_until(lambda: health(sender) == 200)


def test_who_sends_a_whole_head_has_its_time_for_the_body(sqlite_url: str) -> None:
    with crowded(sqlite_url) as (sender, connect):
        body = refund_event()
        signature = sign(body, sender.world.now())
        head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nStripe-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        slow = connect(head.encode() + body[:10])
        time.sleep(2)
        slow.sendall(body[10:])
        assert answer(slow).startswith(b"HTTP/1.1 200 ")
        # And the same connection takes another one.
        slow.sendall(head.encode() + body)
        assert answer(slow).startswith(b"HTTP/1.1 200 ")
