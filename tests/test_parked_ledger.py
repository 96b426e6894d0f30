"""A ledger that counts by the day: once it takes no more, nothing is asked of it until then, and nothing is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from vendors.xero.trouble import DAY_WAIT
from xero_books import XeroBooks
from xero_run import command, keys_in, picture, stage, states_of

Json = dict[str, Any]
UNTIL = re.compile(
    r"the ledger takes no more requests until (2026-\d\d-\d\d \d\d:\d\d E[DS]T); the first run after that goes on"
    r" \(`connector check` asks at any time\)"
)


def parked_until(books: XeroBooks) -> int | None:
    ((until,),) = books.rows("ledger WHERE name = 'main'", "parked_until")
    assert until is None or isinstance(until, int)
    return until


def asked(books: XeroBooks) -> int:
    """All that left for Xero, for tokens too."""
    return len(books.fake.requests)


@pytest.fixture(scope="module")
def clean() -> Json:
    """What a run comes to that nothing disturbs, and how many requests it makes: first those that only read."""
    with stage() as books:
        assert books.sync().errors == []
        assert states_of(books, "main") == {"posted"}
        assert set(keys_in(books).values()) == {1}
        writes = [place for place, one in enumerate(books.fake.calls()) if one.is_write]
        return {"result": picture(books), "asked": len(books.fake.calls()), "writes": writes}


def test_the_stage_reads_and_writes(clean: Json) -> None:
    assert len(clean["writes"]) >= 5 and clean["writes"][0] > 10


def test_wherever_the_day_ends_everything_is_posted_once_after_it(clean: Json) -> None:
    """At the first question, while it is planned, at any write."""
    for place in range(clean["asked"]):
        with stage() as books:
            books.fake.inject("throttled_day", skip=place)
            (error,) = books.sync().errors
            assert (error.ledger, error.code) == ("main", "throttled"), place
            assert UNTIL.fullmatch(error.sentence), (place, error.sentence)
            until = parked_until(books)
            assert until is not None and 0 < until - books.world.clock.now <= DAY_WAIT
            assert states_of(books, "files") == {"posted"}, "the other ledger goes on"
            before = asked(books)
            for later in (60, DAY_WAIT // 2):
                books.world.clock.now += later
                (error,) = books.sync().errors
                assert (error.ledger, error.code) == ("main", "throttled")
                assert UNTIL.fullmatch(error.sentence)
            assert asked(books) == before, "not a request, nor one for a token"
            assert set(keys_in(books).values()) <= {1}
            books.world.clock.now = until
            assert books.sync().errors == []
            assert parked_until(books) is None
            assert states_of(books, "main") == {"posted"}
            assert picture(books) == clean["result"], place


def test_nothing_is_slept_for_a_day(clean: Json) -> None:
    for place in (0, clean["writes"][1]):
        with stage() as books:
            books.fake.inject("throttled_day", skip=place)
            begun = books.world.clock.now
            books.sync()
            assert books.world.clock.now - begun < 60


def test_a_minute_that_is_full_is_waited_for(clean: Json) -> None:
    for place in (0, clean["writes"][1]):
        with stage() as books:
            books.fake.inject("throttled_minute", skip=place)
            assert books.sync().errors == []
            assert parked_until(books) is None
            assert picture(books) == clean["result"]


def test_until_when_is_told_in_the_zone_of_the_books() -> None:
    """The minute that is told is never too early."""
    with stage() as books:
        books.fake.inject("throttled_day")
        (error,) = books.sync().errors
        until = parked_until(books)
        told = UNTIL.fullmatch(error.sentence)
        assert told is not None and until is not None
        zone = ZoneInfo("America/New_York")
        shown = datetime.strptime(told[1][:16], "%Y-%m-%d %H:%M").replace(tzinfo=zone)
        assert 0 <= shown.timestamp() - until < 60
        assert told[1].endswith(datetime.fromtimestamp(until, zone).strftime("%Z"))


def test_refunds_that_wait_for_it_say_so() -> None:
    with stage() as books:
        books.fake.inject("throttled_day")
        books.sync()
        told = books.rows(
            "decision WHERE ledger = 'main' AND subject = 'refund'", "outcome, reason, sentence"
        )
        assert {row[:2] for row in told} == {("failed", "throttled")}
        assert all(UNTIL.fullmatch(row[2]) for row in told)


# ---------------------------------------------------------------------------------------------- commands


@pytest.fixture
def parked() -> Iterator[XeroBooks]:
    with stage() as books:
        books.fake.inject("throttled_day")
        books.sync()
        assert parked_until(books) is not None
        yield books


@pytest.mark.parametrize(
    "words",
    [["sync"], ["plan"], ["resync", "re_100a"], ["rebuild"], ["sync", "--ledger", "main"]],
    ids=" ".join,
)
def test_no_run_asks_a_parked_ledger(
    parked: XeroBooks, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    before = asked(parked)
    assert command(parked, *words) == 1
    told = capsys.readouterr()
    err = told.err
    assert "main: the ledger takes no more requests until 2026-" in err and "(throttled)" in err
    assert "Nothing to post in main" not in told.out
    assert (words == ["plan"]) == ("main could not be planned.\n" in told.out)
    assert asked(parked) == before


def test_resync_in_json_tells_the_code(parked: XeroBooks, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(parked, "resync", "re_100a", "--json") == 1
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["ledger"], error["code"]) == ("main", "throttled")
    assert UNTIL.fullmatch(error["sentence"])


def test_a_person_who_resolves_something_is_told(
    parked: XeroBooks, capsys: pytest.CaptureFixture[str]
) -> None:
    before = asked(parked)
    words = ["resolve", "re_100a", "--ledger", "main", "--retry", "--reason", "x"]
    assert command(parked, *words) == 1
    assert UNTIL.search(capsys.readouterr().err)
    assert asked(parked) == before


def test_status_shows_it_as_long_as_it_lasts(parked: XeroBooks, capsys: pytest.CaptureFixture[str]) -> None:
    before, until = asked(parked), parked_until(parked)
    assert until is not None
    assert command(parked, "status") == 1
    assert re.search(
        r"^Ledger main: the ledger takes no more requests until 2026-", capsys.readouterr().out, re.M
    )
    assert command(parked, "status", "--json") == 1
    ledgers = json.loads(capsys.readouterr().out)["ledgers"]
    assert re.fullmatch(r"2026-\d\d-\d\dT\d\d:\d\d:\d\dZ", ledgers["main"]["parked_until"])
    assert ledgers["files"]["parked_until"] is None
    assert asked(parked) == before
    parked.world.clock.now = until
    command(parked, "status")
    assert (
        "takes no more requests until 2026-"
        not in capsys.readouterr().out.split("Next run")[0].split("it failed")[0]
    )
    command(parked, "status", "--json")
    assert json.loads(capsys.readouterr().out)["ledgers"]["main"]["parked_until"] is None


def test_check_asks_all_the_same_and_frees_a_ledger_that_answers(
    parked: XeroBooks, capsys: pytest.CaptureFixture[str], clean: Json
) -> None:
    before = asked(parked)
    assert command(parked, "check") == 0
    assert "ledger main (" in capsys.readouterr().out
    assert asked(parked) > before
    assert parked_until(parked) is None
    assert parked.sync().errors == []
    assert picture(parked) == clean["result"]


def test_check_of_a_ledger_that_still_refuses_leaves_it_parked(
    parked: XeroBooks, capsys: pytest.CaptureFixture[str]
) -> None:
    until = parked_until(parked)
    assert until is not None
    parked.world.clock.now += 500
    parked.fake.inject("throttled_day")
    assert command(parked, "check") == 1
    assert UNTIL.search(capsys.readouterr().err)
    assert parked_until(parked) == parked.world.clock.now + DAY_WAIT != until


def test_a_ledger_that_fails_otherwise_after_its_day_is_parked_no_longer(parked: XeroBooks) -> None:
    until = parked_until(parked)
    assert until is not None
    parked.world.clock.now = until
    parked.fake.inject("plain_503", times=4)
    (error,) = parked.sync().errors
    assert error.code == "ledger_down"
    assert parked_until(parked) is None


# ---------------------------------------------------------------------------------------------- custom connections


def test_a_custom_connection_is_checked_without_a_state_and_without_a_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is a key looked for that it does not need."""
    monkeypatch.delenv("CONNECTOR_KEY", raising=False)
    with stage() as books:
        settings = json.loads(books.config.read_text(encoding="utf-8")) | {"key_file": "nowhere.key"}
        books.config.write_text(json.dumps(settings), encoding="utf-8")
        assert command(books, "check") == 0
        assert "ledger main (" in capsys.readouterr().out
        assert not books.state.exists()


def test_who_keeps_no_tokens_is_not_told_to_connect_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with stage() as books:
        books.fake.inject("disconnected_403", times=9)
        (error,) = books.sync().errors
        assert error.code == "unauthorised"
        assert "connect again" not in error.sentence
        assert books.rows("token", "ledger") == []


def test_a_state_belongs_to_one_organisation(capsys: pytest.CaptureFixture[str]) -> None:
    """What is known of one's documents says nothing of another's."""
    with stage() as books:
        settings = json.loads(books.config.read_text(encoding="utf-8"))
        connection = settings["ledgers"]["main"]["connection"]
        for tenant, code in ((books.organisation.tenant_id, 0), ("c0ffee00-0000-4000-8000-00000000ffff", 2)):
            connection["tenant_id"] = tenant
            books.config.write_text(json.dumps(settings), encoding="utf-8")
            assert command(books, "sync") == code
        assert "belongs to company of ledger main" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------- warnings


@pytest.mark.parametrize("words", [["sync"], ["sync", "--json"], ["plan"], ["plan", "--json"]], ids=" ".join)
def test_how_little_is_left_of_the_day_is_told_by_the_run(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with stage() as books:
        books.fake.keep_limits(per_day=110)
        command(books, *words)
        told = capsys.readouterr()
        found = re.search(
            r"^Warning: main: Xero takes (\d+) more requests of this organisation today$", told.err, re.M
        )
        assert found is not None and int(found[1]) == 110 - len(books.fake.calls())
        if "--json" in words:
            json.loads(told.out)


def test_a_day_with_room_is_not_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with stage() as books:
        books.fake.keep_limits(per_day=5000)
        assert command(books, "sync") == 0
        assert "organisation today" not in capsys.readouterr().err


def test_a_run_is_never_refused_for_its_rates() -> None:
    with stage() as books:
        books.fake.keep_limits()
        assert books.sync().errors == []
        assert all(one.status == 200 for one in books.fake.calls())
