"""The web application: Stripe's webhooks come in, and what they name is noted in the state.

A webhook brings speed and nothing else. It reads nothing from Stripe, decides nothing and holds no books: it notes
ids, and the next pass reads those objects as they are then. So a webhook that comes twice, late or in another order
changes nothing, and one that never comes is made up for by the lists.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from connector.store.changes import NotStored, keep_changes
from connector.stripe_source.changes import Change, changed_objects, event_account, event_type
from connector.stripe_source.webhook import SignatureRefused, check_signature
from connector.world import World

PATH = "/webhooks/stripe"
LARGEST_BODY = 256 * 1024
BODY_TIMEOUT_S = 10
# Longer than any transaction of a pass, and well within the time that Stripe waits.
PATIENCE_MS = 5_000
STORE_TIMEOUT_S = 8
# Of each kind of refusal one sentence a minute is told: anybody can send what is refused.
TELL_AGAIN_S = 60


class Refused(Exception):
    """A request that is not taken; `sentence` is the answer."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True)
class StripeWebhooks:
    """What the endpoint needs: the state, whose events count, and whom to tell.

    `account` is `stripe.account`: with it only events of that connected account count, without it only the own.
    `wake` is called after something was noted.
    """

    engine: Engine
    secrets: Sequence[str] = field(repr=False)
    account: str | None
    world: World
    wake: Callable[[], None]
    say: Callable[[str], None]
    tell_unexpected: Callable[[Exception], object]
    # SQLite has one writer; in this process they queue here instead of asking it again and again.
    _one_at_a_time: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    _told: dict[int, int] = field(default_factory=dict)

    async def receive(self, request: Request) -> PlainTextResponse:
        """Answers 200 once what the event names is stored, or where it is of no concern; else Stripe sends it again."""
        try:
            body = await read_body(request)
            event = self.read_event(body, ",".join(request.headers.getlist("stripe-signature")))
            if event_account(event) != self.account:
                return PlainTextResponse("an event of another account: nothing to do")
            changes = changed_objects(event)
            if not changes:
                return PlainTextResponse("nothing to do")
            await self.note(changes)
            self.wake()
            self.say(f"{event_type(event)}: noted {' '.join(one.object_id for one in changes)}")
            return PlainTextResponse("noted")
        except Refused as refused:
            self.tell_refused(refused)
            return PlainTextResponse(refused.sentence, refused.status)
        except ClientDisconnect:
            return PlainTextResponse("gone", 400)
        except Exception as error:
            self.tell_unexpected(error)
            return PlainTextResponse("this could not be taken; send it again", 500)

    def read_event(self, body: bytes, signature: str) -> dict[str, Any]:
        """The event that Stripe signed. Raises `Refused`."""
        try:
            check_signature(body, signature, self.secrets, self.world.now())
        except SignatureRefused as error:
            raise Refused(400, str(error)) from None
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            raise Refused(400, "the body is not JSON") from None
        if not isinstance(event, dict):
            raise Refused(400, "the body is not an event")
        return event

    async def note(self, changes: Sequence[Change]) -> None:
        try:
            async with asyncio.timeout(STORE_TIMEOUT_S):
                await to_thread.run_sync(
                    keep_changes,
                    self.engine,
                    changes,
                    abandon_on_cancel=True,
                    limiter=self._one_at_a_time,
                )
        except NotStored as error:
            self.say(str(error))
            raise Refused(503, "the state cannot take this now; send it again") from None
        except TimeoutError:
            raise Refused(503, "the state does not answer; send it again") from None

    def tell_refused(self, refused: Refused) -> None:
        now = self.world.now()
        if now - self._told.get(refused.status, 0) >= TELL_AGAIN_S:
            self._told[refused.status] = now
            self.say(f"a webhook was refused: {refused.sentence}")


async def read_body(request: Request) -> bytes:
    """The body as it came. Raises `Refused` as soon as it is too large, or does not come."""
    too_large = Refused(413, f"the body is larger than {LARGEST_BODY} bytes")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > LARGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST_BODY:
                    raise too_large
    except TimeoutError:
        raise Refused(408, "the body did not come") from None
    return bytes(body)


async def tell_health(request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def make_app(webhooks: StripeWebhooks) -> Starlette:
    """`POST /webhooks/stripe`, and `GET /healthz` for whoever watches over the process."""
    return Starlette(
        routes=[
            Route(PATH, webhooks.receive, methods=["POST"]),
            Route("/healthz", tell_health, methods=["GET"]),
        ]
    )
