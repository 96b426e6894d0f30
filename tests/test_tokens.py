"""Tokens that rotate: stored before they are used, refreshed by one at a time, and kept where only the key opens them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
from quickbooks_access import KEY, MARCH, OTHER_KEY, READ, Access, Program, VendorWorld
from quickbooks_hands import shop
from sqlalchemy import Engine, select
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.oauth import HARD_SECONDS, REFRESH_SECONDS, TOKEN_PATH
from vendors.quickbooks.service import Asked

from connector.delivery.token_requests import NoToken, OAuthApp, OAuthVendor, TokenRequests
from connector.delivery.token_safe import Kept, TokenSafe
from connector.delivery.tokens import Tokens, digest
from connector.errors import InputError, Stopped
from connector.store.database import open_database
from connector.store.locks import hold_lock
from connector.store.schema import token

DAY = 86400
RECONNECT = "QuickBooks refused the refresh token of ledger main (invalid_grant): connect again: connector connect main"
RECONNECT_FIRST = (
    "QuickBooks refused the refresh_token in the settings of ledger main (invalid_grant): connect again:"
    " connector connect main"
)


@pytest.fixture
def fake() -> Iterator[FakeQuickBooks]:
    with FakeQuickBooks(shop(clock=Clock(MARCH))) as one:
        yield one


@pytest.fixture
def real_time() -> Iterator[FakeQuickBooks]:
    """For runs in processes of their own, which have the real clock."""
    with FakeQuickBooks(shop()) as one:
        yield one


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    opened = open_database(state_url, "acme", "own")
    yield opened
    opened.dispose()


@pytest.fixture
def access(fake: FakeQuickBooks, engine: Engine, state_url: str) -> Access:
    return Access(fake, engine, state_url, fake.oauth.grant().refresh)


@pytest.fixture
def real_access(real_time: FakeQuickBooks, engine: Engine, state_url: str) -> Access:
    return Access(real_time, engine, state_url, real_time.oauth.grant().refresh)


def stored(access: Access) -> Kept | None:
    return TokenSafe(access.engine, access.state_url, access.ledger, access.key).read()


def rotated(access: Access) -> str:
    return access.fake.oauth.grants[0].refresh


def refused(tokens: Tokens) -> str:
    with pytest.raises(NoToken) as caught:
        tokens.access()
    return str(caught.value)


# ---------------------------------------------------------------------------------------------- life of a token


def test_a_token_is_used_until_shortly_before_its_end(access: Access) -> None:
    tokens = access.tokens()
    first = tokens.access()
    access.fake.company.clock.advance(3600 - 121)
    assert tokens.access() == first
    access.fake.company.clock.advance(2)
    assert tokens.access() != first
    assert access.refreshes == 2


def test_another_run_uses_what_is_stored(access: Access) -> None:
    first = access.tokens().access()
    assert access.tokens().access() == first
    assert access.refreshes == 1
    assert stored(access) == Kept(
        access=first,
        access_until=int(MARCH) + 3600 - 120,
        refresh=rotated(access),
        refresh_ends=int(MARCH) + REFRESH_SECONDS,
        hard_ends=int(MARCH) + HARD_SECONDS,
        seen=(digest(access.first or ""),),
    )


def test_each_rotated_token_is_stored_before_anything_is_asked_with_it(access: Access) -> None:
    seen: list[tuple[str, str | None]] = []

    def look(number: int, asked: Asked) -> None:
        if asked.path.startswith("/v3/"):
            kept = stored(access)
            seen.append(
                (asked.headers["Authorization"], f"Bearer {kept.access}" if kept is not None else None)
            )

    access.fake.before_request = look
    courier = access.courier()
    for _ in range(3):
        assert courier.carry(READ).status == 200
        access.fake.company.clock.advance(3600)
    assert len({one for one, _ in seen}) == 3
    assert all(asked == kept for asked, kept in seen)


def test_a_refresh_that_names_no_new_refresh_token_keeps_the_old_one(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = TokenRequests._read_grant

    def without(self: TokenRequests, told: dict[str, Any], asked: int) -> Any:
        return replace(read(self, told, asked), refresh=None, hard_ends=None)

    access.fake.oauth.rotation = "daily"
    access.tokens().access()
    monkeypatch.setattr(TokenRequests, "_read_grant", without)
    access.fake.company.clock.advance(3600)
    access.tokens().access()
    kept = stored(access)
    assert kept is not None
    assert (kept.refresh, kept.hard_ends) == (access.first, int(MARCH) + HARD_SECONDS)


@pytest.mark.parametrize("rotation", ["always", "daily"])
def test_years_of_use(access: Access, rotation: Literal["always", "daily"]) -> None:
    """To the end of the consent as a whole, and not a request beyond."""
    access.fake.oauth.rotation = rotation
    for _ in range(20):
        assert access.courier().carry(READ).status == 200
        access.fake.company.clock.advance(96 * DAY)
    assert access.courier().carry(READ).sentence == RECONNECT


# ---------------------------------------------------------------------------------------------- which refresh token


def test_without_any_token_the_way_to_one_is_told(access: Access) -> None:
    access.first = None
    assert (
        refused(access.tokens()) == "ledger main is not connected to QuickBooks yet: connector connect main"
    )
    assert access.fake.requests == []


def test_a_stored_token_goes_before_the_first_one(access: Access) -> None:
    access.tokens().access()
    access.fake.company.clock.advance(3600)
    assert access.tokens().access()
    assert access.refreshes == 2


def test_a_new_first_token_goes_before_what_is_stored(access: Access) -> None:
    old = access.tokens().access()
    access.first = access.fake.oauth.grant().refresh
    new = access.tokens().access()
    assert new != old and new == access.fake.oauth.grants[1].access
    # From then on the chain that it began.
    access.fake.company.clock.advance(3600)
    assert access.tokens().access() == access.fake.oauth.grants[1].access


def test_an_earlier_first_token_comes_back_in_vain(access: Access) -> None:
    """As from the settings of a second machine that nobody changed."""
    before = access.first
    access.tokens().access()
    access.first = access.fake.oauth.grant().refresh
    newest = access.tokens().access()
    access.first = before
    assert access.tokens().access() == newest
    assert access.refreshes == 2


def test_a_new_first_token_that_is_refused_leaves_what_is_stored(access: Access) -> None:
    newest = access.tokens().access()
    good, access.first = access.first, "refresh-of-somebody-else"
    assert refused(access.tokens()) == RECONNECT_FIRST
    access.first = good
    assert access.tokens().access() == newest


def test_a_first_token_that_was_removed_is_not_needed_any_more(access: Access) -> None:
    access.tokens().access()
    access.first = None
    access.fake.company.clock.advance(3600)
    assert access.tokens().access()


def test_two_ledgers_of_one_state(access: Access) -> None:
    other = Access(
        access.fake, access.engine, access.state_url, access.fake.oauth.grant().refresh, "second & co"
    )
    assert access.tokens().access() != other.tokens().access()
    access.fake.oauth.revoke()
    access.fake.company.clock.advance(3600)
    assert refused(other.tokens()).endswith("connector connect 'second & co'")


# ---------------------------------------------------------------------------------------------- lost and killed


@pytest.mark.parametrize("fault", ["lost_before", "html_503", "empty_500"])
def test_a_refresh_that_was_not_done_is_tried_again(access: Access, fault: Any) -> None:
    access.fake.inject(fault, TOKEN_PATH)
    assert access.tokens().access() == access.fake.oauth.grants[0].access
    access.fake.inject(fault, TOKEN_PATH, times=2)
    access.fake.company.clock.advance(3600)
    assert refused(access.tokens()).endswith("; the next run tries again")
    assert access.tokens().access() == access.fake.oauth.grants[0].access


@pytest.mark.parametrize("fault", ["lost_after", "truncated"])
def test_a_rotation_whose_answer_is_lost(access: Access, fault: Any) -> None:
    access.fake.oauth.rotation = "daily"
    access.tokens().access()
    access.fake.company.clock.advance(3600)
    access.fake.inject(fault, TOKEN_PATH)
    assert access.tokens().access() == access.fake.oauth.grants[0].access
    access.fake.oauth.rotation = "always"
    access.fake.company.clock.advance(3600)
    before = stored(access)
    access.fake.inject(fault, TOKEN_PATH)
    courier = access.courier()
    assert courier.carry(READ).sentence in (RECONNECT, RECONNECT_FIRST)
    assert stored(access) == before


def test_a_throttled_token_server(access: Access) -> None:
    access.fake.inject("throttled", TOKEN_PATH)
    assert "too many requests" in refused(access.tokens())
    assert access.refreshes == 1
    assert access.tokens().access()


def test_a_wrong_client_secret(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quickbooks_access.CLIENT_SECRET", "other-secret")
    told = refused(access.tokens())
    assert told == (
        "QuickBooks refused client_id and client_secret of ledger main (invalid_client): check its connection in the"
        " settings"
    )


def test_an_answer_that_is_odd(access: Access) -> None:
    access.fake.inject("refused", TOKEN_PATH, code="6000")
    assert "(HTTP 400): check its connection" in refused(access.tokens())
    access.fake.inject("fault_200", TOKEN_PATH, times=2)
    assert "gave no tokens in its answer" in refused(access.tokens())
    assert stored(access) is None


BEFORE_USE = """
import os
from connector.delivery.transport import Transport
Transport.send = lambda *arguments: os._exit(9)
"""
BEFORE_STORING = """
import os
from connector.delivery.token_safe import TokenSafe
TokenSafe.write = lambda *arguments: os._exit(9)
"""


def test_a_run_that_dies_between_storing_and_use(real_access: Access) -> None:
    dying = Program(real_access, BEFORE_USE)
    dying.let_go()
    assert dying.end() == (9, None)
    assert real_access.refreshes == 1
    following = Program(real_access)
    following.let_go()
    assert following.end() == (0, [200, None])
    assert real_access.refreshes == 1


@pytest.mark.parametrize(("rotation", "ends"), [("daily", [200, None]), ("always", [401, RECONNECT_FIRST])])
def test_a_run_that_dies_between_the_answer_and_storing(
    real_access: Access, rotation: Literal["always", "daily"], ends: list[Any]
) -> None:
    """Where the vendor has rotated nothing is lost; else one sentence says what a person has to do."""
    real_access.fake.oauth.rotation = rotation
    dying = Program(real_access, BEFORE_STORING)
    dying.let_go()
    assert dying.end() == (9, None)
    assert stored(real_access) is None
    following = Program(real_access)
    following.let_go()
    assert following.end() == (0, ends)


# ---------------------------------------------------------------------------------------------- one at a time


@dataclass(frozen=True)
class PatientWorld(VendorWorld):
    """Waits a little in real time, so that threads give way, and leaves the clock alone."""

    def sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, 0.01))


def test_threads_that_need_a_token_at_once(access: Access) -> None:
    access.fake.oauth.refresh_seconds = 0.2
    access.world = PatientWorld(vendor=access.fake.company.clock)
    together, apart = access.tokens(), [access.tokens() for _ in range(3)]
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda tokens: tokens.access(), [together] * 5 + apart))
    assert set(got) == {access.fake.oauth.grants[0].access}
    assert access.refreshes == 1


def test_threads_whose_token_was_refused_at_once(access: Access) -> None:
    access.world = PatientWorld(vendor=access.fake.company.clock)
    tokens = access.tokens()
    failed = tokens.access()
    access.fake.oauth.refresh_seconds = 0.2
    with ThreadPoolExecutor(6) as pool:
        got = set(pool.map(lambda one: one.renew(failed), [tokens] * 4 + [access.tokens(), access.tokens()]))
    assert got == {access.fake.oauth.grants[0].access}
    assert access.refreshes == 2


def test_processes_that_need_a_token_at_once(real_access: Access) -> None:
    real_access.fake.oauth.refresh_seconds = 0.3
    runs = [Program(real_access) for _ in range(2)]
    for run in runs:
        run.let_go()
    assert [run.end() for run in runs] == [(0, [200, None])] * 2
    assert real_access.refreshes == 1


def test_who_waits_for_another_refresh_may_stop(access: Access) -> None:
    access.should_stop = lambda: True
    with (
        hold_lock(access.engine, access.state_url, "main.tokens", lambda: pytest.fail("it is free")),
        pytest.raises(Stopped),
    ):
        access.tokens().access()


def test_who_waits_for_another_refresh_gives_up_in_the_end(access: Access) -> None:
    with hold_lock(access.engine, access.state_url, "main.tokens", lambda: pytest.fail("it is free")):
        assert "for too long" in refused(access.tokens())
    assert access.fake.requests == []


def test_a_token_that_another_stored_although_the_lock_was_lost(access: Access) -> None:
    """invalid_grant is the answer to the second of two: the first has stored what it got."""
    access.tokens().access()
    access.fake.company.clock.advance(3600)
    late = access.tokens()
    other = access.tokens()

    def go_before(number: int, asked: Asked) -> None:
        access.fake.before_request = None
        other._newest(None)

    access.fake.before_request = go_before
    assert late.access() == access.fake.oauth.grants[0].access
    assert [one.status for one in access.fake.requests if one.asked.path == TOKEN_PATH] == [200, 200, 400]


def test_a_folder_that_takes_no_lock(fake: FakeQuickBooks, sqlite_url: str) -> None:
    engine = open_database(sqlite_url, "acme", "own")
    access = Access(fake, engine, sqlite_url, fake.oauth.grant().refresh)
    Path(sqlite_url.removeprefix("sqlite:///") + ".main.tokens.lock").mkdir()
    answer = access.courier().carry(READ)
    assert answer.status == 503
    assert answer.sentence is not None and "main.tokens.lock: Is a directory" in answer.sentence
    engine.dispose()


# ---------------------------------------------------------------------------------------------- the safe


def test_nothing_stands_in_the_state_in_clear(fake: FakeQuickBooks, sqlite_url: str) -> None:
    engine = open_database(sqlite_url, "acme", "own")
    access = Access(fake, engine, sqlite_url, fake.oauth.grant().refresh)
    for _ in range(3):
        access.courier().carry(READ)
        fake.company.clock.advance(3600)
    with engine.connect() as connection:
        assert connection.execute(select(token.c.ledger)).scalars().all() == ["main"]
    folder = Path(sqlite_url.removeprefix("sqlite:///")).parent
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"gAAAA" in written
    for secret in (b"refresh-0", b"access-0", b"acme-client-secret", KEY.encode()):
        assert secret not in written
    engine.dispose()


def test_without_a_key_the_way_to_one_is_told(access: Access) -> None:
    access.key = None
    with pytest.raises(
        InputError, match=r"no key to lock them with: make one with python3 -c .* CONNECTOR_KEY"
    ):
        access.courier()


@pytest.mark.parametrize("key", ["secret", "MDEy", ",", "ä" * 44, KEY + " x"])
def test_a_key_that_is_none(access: Access, key: str) -> None:
    access.key = key
    with pytest.raises(InputError, match="holds no Fernet key") as caught:
        access.courier()
    assert key == "," or key not in str(caught.value)


def test_another_key_does_not_open_what_is_stored(access: Access) -> None:
    access.tokens().access()
    access.key = OTHER_KEY
    with pytest.raises(InputError) as caught:
        access.courier()
    assert str(caught.value) == (
        "the tokens of ledger main in the state were locked with another key: give that one as CONNECTOR_KEY or"
        " key_file, or connect again: connector connect main"
    )


def test_a_key_is_exchanged_with_both_at_hand(access: Access) -> None:
    first = access.tokens().access()
    access.key = f"{OTHER_KEY}, {KEY}"
    assert access.tokens().access() == first
    access.fake.company.clock.advance(3600)
    second = access.tokens().access()
    access.key = OTHER_KEY
    assert access.tokens().access() == second


def test_a_state_that_was_locked_anew_meanwhile(access: Access) -> None:
    """Another machine has exchanged the key while this run was under way: no traceback, nothing is sent."""
    courier = access.courier()
    other = Access(
        access.fake, access.engine, access.state_url, access.fake.oauth.grant().refresh, key=OTHER_KEY
    )
    other.tokens().access()
    answer = courier.carry(READ)
    assert answer.status == 401
    assert answer.sentence is not None and "locked with another key" in answer.sentence


# ---------------------------------------------------------------------------------------------- the end of a consent


def test_the_end_of_a_consent_is_told_30_days_before(access: Access) -> None:
    """Also where no run has refreshed for long, and to the day."""
    courier = access.courier()
    assert courier.warnings() == []
    for _ in range(19):
        assert courier.carry(READ).status == 200
        left = access.fake.oauth.grants[0].issued + HARD_SECONDS - access.fake.company.clock()
        assert courier.warnings() == ([] if left > 30 * DAY else [WARNING])
        access.fake.company.clock.advance(96 * DAY if left > 120 * DAY else 1)
    access.fake.company.clock.advance(left - 30 * DAY - 2)
    assert courier.warnings() == []
    access.fake.company.clock.advance(2)
    assert courier.warnings() == [WARNING]
    assert access.courier().warnings() == [WARNING]


WARNING = (
    "the access of ledger main to QuickBooks ends on 2031-03-05: connect again before: connector connect main"
)


def test_books_that_rested_for_long_are_warned_until_a_run_has_refreshed(access: Access) -> None:
    access.courier().carry(READ)
    access.fake.company.clock.advance(80 * DAY)
    courier = access.courier()
    assert "ends on 2026-06-1" in courier.warnings()[0]
    courier.carry(READ)
    assert courier.warnings() == []


# ---------------------------------------------------------------------------------------------- other vendors


def test_a_vendor_that_writes_numbers_as_text_and_tells_no_end(fake: FakeQuickBooks) -> None:
    vendor = OAuthVendor("Other", "scope", (), "", "")
    app = OAuthApp(vendor, "main", "id", "secret", "https://x.test/a", "https://x.test/t")
    requests = TokenRequests(app, VendorWorld(vendor=fake.company.clock))
    granted = requests._read_grant({"access_token": "a", "expires_in": "60"}, 1000)
    assert (granted.access_until, granted.refresh, granted.refresh_ends) == (1045, None, None)


def test_what_a_value_shows_of_itself_is_no_secret(access: Access) -> None:
    access.tokens().access()
    kept = stored(access)
    app = OAuthApp(OAuthVendor("Q", "s", (), "", ""), "main", "id", "the-secret", "https://a", "https://t")
    shown = f"{kept!r} {app!r} {access.tokens()!r}"
    for secret in ("access-0", "refresh-0", "the-secret"):
        assert secret not in shown


def test_nothing_secret_is_logged_of_token_requests(access: Access, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    access.tokens().access()
    access.fake.oauth.revoke()
    access.fake.company.clock.advance(3600)
    refused(access.tokens())
    everything = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in caplog.records)
    assert TOKEN_PATH in everything
    for secret in ("access-0", "refresh-0", "acme-client-secret"):
        assert secret not in everything
