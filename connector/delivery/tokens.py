"""The tokens of one connection: one refresher at a time, and what a vendor gave is stored before it is used.

A vendor that rotates refresh tokens lets the old one die with the next answer: two refreshers at once, or an answer
that was used and not kept, cost the consent, and a person has to give it again. So a refresh holds a lock that every
thread and process of these books takes, and reads what is stored before it asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from connector.delivery.token_requests import Granted, GrantRefused, NoToken, OAuthApp, TokenRequests
from connector.delivery.token_safe import Kept, TokenSafe
from connector.errors import InputError, Stopped
from connector.store.database import unusable
from connector.store.locks import hold_lock
from connector.world import World

POLL_S = 0.1
# Longer than a refresh takes whose answer is waited for twice.
PATIENCE_MS = 90_000


@dataclass(frozen=True, slots=True)
class TokenPlace:
    """Where a ledger's tokens are kept: the state, and the key as `Settings.token_key` gives it. Of a ledger that keeps
    none both are None."""

    engine: Engine | None
    state_url: str
    key: str | None
    world: World
    should_stop: Callable[[], bool] = lambda: False


class Tokens:
    """`first` is the refresh token in the settings: where it changes it is used, else the one that is stored.

    Threads may share one. Raises `InputError` for a key that is missing or does not fit.
    """

    def __init__(self, app: OAuthApp, place: TokenPlace, first: str | None) -> None:
        assert place.engine is not None, "tokens are kept in the state"
        self._app = app
        self._place = place
        self._engine = place.engine
        self._first = first
        self._safe = TokenSafe(place.engine, place.state_url, app.ledger, place.key)
        self._requests = TokenRequests(app, place.world)
        self._turn = Lock()
        self._refused: tuple[str, GrantRefused] | None = None
        self._kept: Kept | None = None

    def load(self) -> None:
        """Read what is stored. Raises `InputError` where the key does not fit."""
        stored = self._safe.read()
        self._kept = None if self._is_replaced(stored) else stored

    def access(self) -> str:
        """A valid access token. Raises `NoToken`, or `Stopped`, or what `TokenSafe` raises."""
        return self._valid(None)

    def renew(self, failed: str) -> str:
        """A valid access token that is not `failed`, which the vendor refused. Raises as `access`."""
        return self._valid(failed)

    def try_refresh_token(self, refresh: str, verify: Callable[[str], None] = lambda access: None) -> None:
        """Refresh once with a token that a person gave, and keep what comes once `verify` has tried the access token.
        Raises as `access`, and what `verify` raises; then nothing has changed in the state."""
        with self._turn, self._alone():
            stored = self._stored_or_lost()
            self._safe.try_to_write()
            granted = self._requests.refresh(refresh)
            verify(granted.access)
            self._keep(granted, refresh, stored)

    def take_code(
        self,
        code: str,
        redirect_uri: str,
        verifier: str | None = None,
        verify: Callable[[str], None] = lambda access: None,
    ) -> None:
        """Exchange the code of a redirect, and keep what comes once `verify` has tried the access token. Raises as
        `access`, and what `verify` raises; then nothing has changed in the state."""
        with self._turn, self._alone():
            stored = self._stored_or_lost()
            self._safe.try_to_write()
            granted = self._requests.exchange(code, redirect_uri, verifier)
            verify(granted.access)
            self._keep(granted, None, stored)

    def warnings(self) -> list[str]:
        """A sentence where the newest tokens known end soon, as their vendor has it."""
        app = self._app
        ends = [end for end in (self._kept.refresh_ends, self._kept.hard_ends) if end] if self._kept else []
        if not ends or min(ends) - self._place.world.now() > app.vendor.warn_before_s:
            return []
        day = datetime.fromtimestamp(min(ends), UTC).date().isoformat()
        return [
            f"the access of ledger {app.ledger} to {app.vendor.title} ends on {day}: connect again before:"
            f" {app.connect_again}"
        ]

    # --------------------------------------------------------------------------------------------- refreshing

    def _valid(self, failed: str | None) -> str:
        kept = self._kept
        if kept is None or not self._is_good(kept, failed):
            with self._turn:
                kept = self._kept
                if kept is None or not self._is_good(kept, failed):
                    with self._alone():
                        kept = self._newest(failed)
        return kept.access

    def _is_good(self, kept: Kept, failed: str | None) -> bool:
        return kept.access != failed and self._place.world.now() < kept.access_until

    def _newest(self, failed: str | None) -> Kept:
        """What another stored meanwhile, else what a refresh gives."""
        stored = self._safe.read()
        replaced = self._is_replaced(stored)
        if stored is not None and not replaced and self._is_good(stored, failed):
            self._kept = stored
            return stored
        refresh = self._first if replaced or stored is None else stored.refresh
        if refresh is None:
            app = self._app
            raise NoToken(
                f"ledger {app.ledger} is not connected to {app.vendor.title} yet: {app.connect_again}",
                "unauthorised",
            )
        if self._refused is not None and self._refused[0] == refresh:
            raise self._refused[1]
        # Before a token is asked for that ends the old one: that it can be kept.
        self._safe.try_to_write()
        try:
            granted = self._requests.refresh(refresh)
        except GrantRefused as refused:
            again = self._safe.read()
            if again is not None and again != stored and self._is_good(again, failed):
                # The lock was lost (a server that was restarted), and another went before.
                self._kept = again
                return again
            told = self._blame_settings(refused) if refresh == self._first else refused
            self._refused = (refresh, told)
            raise told from None
        return self._keep(granted, refresh, stored)

    def _blame_settings(self, refused: GrantRefused) -> GrantRefused:
        app = self._app
        return GrantRefused(
            f"{app.vendor.title} refused the refresh_token in the settings of ledger {app.ledger} (invalid_grant):"
            f" connect again: {app.connect_again}",
            refused.code,
        )

    def _keep(self, granted: Granted, refresh: str | None, stored: Kept | None) -> Kept:
        """Store what was given; only then anybody sees it."""
        newest = granted.refresh or refresh
        if newest is None:
            raise NoToken(f"{self._app.vendor.title} gave no refresh token", "unauthorised")
        seen = stored.seen if stored is not None else ()
        if self._first is not None:
            seen = tuple(dict.fromkeys((*seen, digest(self._first))))
        kept = Kept(
            granted.access, granted.access_until, newest, granted.refresh_ends, granted.hard_ends, seen
        )
        if granted.hard_ends is None and refresh is not None and stored is not None:
            # It does not move with a refresh.
            kept = replace(kept, hard_ends=stored.hard_ends)
        self._safe.write(kept, self._place.world.now())
        self._kept = kept
        return kept

    def _is_replaced(self, stored: Kept | None) -> bool:
        """Whether a person put another token into the settings since those that are stored began."""
        return stored is not None and self._first is not None and digest(self._first) not in stored.seen

    def _stored_or_lost(self) -> Kept | None:
        """What is stored; None also where it cannot be read any more: connecting again is the way out of that."""
        try:
            return self._safe.read()
        except InputError:
            return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process of these books refreshes this ledger's tokens meanwhile."""
        place, ledger = self._place, self._app.ledger
        begun_ms = place.world.monotonic_ms()

        def busy() -> None:
            if place.should_stop():
                raise Stopped
            if place.world.monotonic_ms() - begun_ms > PATIENCE_MS:
                raise NoToken(
                    f"another run has been refreshing the tokens of ledger {ledger} for too long;"
                    f" the next run tries again"
                )
            place.world.sleep(POLL_S)

        with ExitStack() as stack:
            try:
                stack.enter_context(hold_lock(self._engine, place.state_url, f"{ledger}.tokens", busy))
            except OSError as error:
                raise NoToken(
                    f"the lock on the tokens of ledger {ledger} cannot be had: {error.filename}: {error.strerror}"
                ) from error
            except SQLAlchemyError as error:
                raise unusable(place.state_url, error) from error
            yield


def digest(refresh: str) -> str:
    return hashlib.sha256(refresh.encode()).hexdigest()
