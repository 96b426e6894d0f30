"""What NetSuite and the people who work in it may do otherwise than its pages say, in the plays of the faults: nothing
twice, nothing lost, to the cent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from netsuite_scenes import PLAYS, stage_of
from netsuite_stage import LAGS, SETTLED_S, Case, Stage
from small_books import fast_folder
from struck_passes import ENDS, MOST_PASSES, Died, Line
from vendors.netsuite.wire import Json

from connector.ledgers.netsuite_wire import TYPES


@pytest.fixture(scope="module", params=PLAYS.values(), ids=lambda play: play.name)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(request.param, folder) as made:
        yield made


WHOLE = bool(os.environ.get("EVERY_FAULT"))
UNKNOWN: tuple[Json, ...] = (
    {"created": 201, "duplicate": "dup_rcrd", "expense_accounts": True, "payment_line": 0},
    {"negative_credits": False, "tax_lines": False, "short_statuses": True},
    {
        "missing_columns": frozenset({"transactionline.netamount"}),
        "lists_open": False,
        "index_lag_requests": 7,
    },
    {"eid_refused": True, "keeps_created_from": False, "transform_applies": False, "index_lag_s": 40},
    {"auto_apply": True, "gross_amount": True, "auto_entity_ids": True, "non_gl_changes": True},
    {"replaces_numbers": frozenset(TYPES), "index_lag_s": 40},
)


@pytest.mark.parametrize("turn", range(len(UNKNOWN) if WHOLE else 1))
def test_what_is_not_known_of_netsuite_changes_nothing(stage: Stage, turn: int) -> None:
    """One of these for each play, by rotation; with EVERY_FAULT in the environment all."""
    place = list(PLAYS).index(stage.name) + turn
    moods = UNKNOWN[place % len(UNKNOWN)]
    with stage.case(**moods) as case:
        arrive(case)
        assert case.is_settled
        case.check_no_wrong_state()
        stage.check_result(case)


def test_other_integrations_that_use_most_of_what_the_account_takes(stage: Stage) -> None:
    """Two places of five are left: some requests are refused, and sent again in this same run."""
    with stage.case() as case:
        case.fake.others_at_once = 3
        case.fake.latency_s = 0.01
        try:
            arrive(case)
        finally:
            case.fake.latency_s = 0.0
        stage.check_result(case)
        assert case.fake.most_at_once <= 4


@pytest.mark.parametrize("lag", LAGS)
def test_a_state_that_is_lost_with_the_run(stage: Stage, lag: int) -> None:
    """At a twelfth of the requests that write (with EVERY_FAULT in the environment at each), before it has left or after it has
    arrived; what stands in the books is known from them alone. What had a number that only the state knew has the next one."""
    for place in range(1, len(stage.places(writes=True, lag=lag)) + 1, 1 if WHOLE else 12):
        with stage.case(index_lag_s=lag) as case:
            line = Line(ENDS[(place + bool(lag)) % 2], place, of_writes=True)
            with line.on(case), pytest.raises(Died):
                case.sync()
            assert line.fired
            case.books.lose_state()
            arrive(case)
            check_books(stage, case)


def arrive(case: Case) -> None:
    """Passes until nothing is written any more."""
    for _ in range(MOST_PASSES):
        assert case.sync(SETTLED_S).errors == []
        assert [key for key, count in case.keys().items() if count > 1] == []
    written = len(case.fake.writes())
    assert case.sync(SETTLED_S).errors == []
    assert len(case.fake.writes()) == written


def check_books(stage: Stage, case: Case) -> None:
    """As without a loss, but for numbers; whatever the state has forgotten."""
    seen, wanted = (without_numbers(one) for one in (stage.picture(case), stage.result))
    if case.books.outcomes()["re_100a"] == ("held", "ledger_cannot"):
        # A void leaves nothing of ours in the books: whether one that failed was booked at all is a person's business.
        assert stage.name == "refunds of others mirrored"
        assert of_others(seen) == of_others(wanted)
    else:
        assert seen == wanted


def without_numbers(picture: Json) -> Json:
    rows = [
        (key, record, {name: told for name, told in fields if name not in ("number", "memo")})
        for key, record, fields in picture["documents"]
    ]
    return {**picture, "documents": rows}


def of_others(picture: Json) -> list[Any]:
    """The documents of all customers but the one whose invoice is void."""
    return [row for row in picture["documents"] if row[2]["customer"] != "Customer 100"]
