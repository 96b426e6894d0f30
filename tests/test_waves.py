"""A ledger whose answer to a write is an id and nothing else: the documents of a wave are read back together, and none is
written again for want of being seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from small_books import StillWorld
from wave_ledger import Books, Wave, key_of, wave

from connector.delivery.outbox import Outbox
from connector.delivery.push import Push
from connector.ledgers.contract import Answer
from connector.store.lease import LEASE_S

MANY = 2000
SETTLE_S = 60
MEMO = key_of(0)


class Died(BaseException):
    """The process is gone."""


def sentences(one: Wave) -> dict[str, str]:
    return dict(one.rows("document_key", "sentence"))


def die(*arguments: Any) -> None:
    raise Died


# ------------------------------------------------------------------------------------------------ one look for a wave


def test_the_memos_of_a_wave_are_read_back_together_and_their_cash_legs_follow(tmp_path: Path) -> None:
    with wave(tmp_path) as one:
        one.add(MANY, cash_legs=True)
        done_at_look: list[int] = []
        look = Push.look_at_unknown

        def seen(push: Push) -> int:
            done_at_look.append(len(one.books.written))
            return look(push)

        with patch.object(Push, "look_at_unknown", seen):
            assert one.push().run(lambda count: None) is None
        memos, cash = one.books.written[:MANY], one.books.written[MANY:]
        assert sorted(memos) == [key_of(n) for n in range(MANY)]
        assert sorted(cash) == [key_of(n, cash=True) for n in range(MANY)]
        # One look for each wave, and a question for each thousand.
        assert done_at_look == [MANY, 2 * MANY]
        assert one.books.asked == [1000] * 4
        assert one.states() == {"posted": 2 * MANY}
        assert one.outcomes() == {"posted": MANY}


def test_each_is_asked_for_by_its_id(tmp_path: Path) -> None:
    with wave(tmp_path) as one:
        one.add(3)
        one.books.hidden.update(key_of(n) for n in range(3))
        one.run()
        stood = {stood.key: ledger_id for ledger_id, stood in one.books.stand.items()}
        assert one.books.by_id == [stood]
        assert one.states() == {"posted": 3}
        assert dict(one.rows("document_key", "ledger_id")) == stood


def test_until_it_is_read_back_it_says_so(tmp_path: Path) -> None:
    with wave(tmp_path) as one:
        one.add(1)
        with patch.object(Push, "look_at_unknown", die), pytest.raises(Died):
            one.push().run(lambda count: None)
        assert one.rows("state", "reason", "ledger_id", "sentence") == [
            ("unknown", "outcome_unknown", "1", "the ledger took it as 1; its total is not read back yet")
        ]
        assert [outcome for _, outcome, _, _ in one.attempts()] == ["taken"]


def test_waves_on_either_database(state_url: str) -> None:
    """With a document that is refused, one that is numbered otherwise, one that has another total and one that waits."""
    books = Books(
        numbered={key_of(1): "CM-77"},
        spoilt={key_of(2): 999},
        hidden={key_of(3)},
        answers={key_of(4): [Answer(429)], key_of(5): [Answer(400)]},
        silent={key_of(3)},
    )
    with wave(state_url, books=books) as one:
        one.add(60, cash_legs=True)
        assert one.run(one.push(settle_after_s=SETTLE_S)) is None
        assert one.states() == {"posted": 114, "unknown": 1, "planned": 1, "held": 3, "rejected": 1}
        assert one.outcomes() == {"posted": 57, "held": 2, "failed": 1}
        told = {
            key: (number, other)
            for key, number, other in one.rows("document_key", "number", "replaced_number")
        }
        assert told[key_of(1)] == ("1", "CM-77") and told[key_of(0)] == ("0", None)
        books.hidden.clear()
        assert one.run(one.push(settle_after_s=SETTLE_S)) is None
        assert one.outcomes() == {"posted": 58, "held": 2}
        assert books.twice() == []


# ------------------------------------------------------------------------------------------------ crashes


def test_a_run_that_dies_before_it_reads_back_is_finished_by_the_next(tmp_path: Path) -> None:
    books = Books(hidden={key_of(n) for n in range(5)})
    with wave(tmp_path, books=books) as one:
        one.add(5, cash_legs=True)
        with patch.object(Push, "look_at_unknown", die), pytest.raises(Died):
            one.push().run(lambda count: None)
        assert one.states() == {"unknown": 5, "planned": 5}
    with wave(tmp_path, books=books) as one:
        assert one.run() is None
        # With the ids that the run before was told.
        assert set(books.by_id[0].values()) == set("12345")
        assert one.states() == {"posted": 10}
        assert books.twice() == []


def test_a_run_that_dies_before_it_stores_the_answers_is_finished_by_the_next(tmp_path: Path) -> None:
    books = Books()
    with wave(tmp_path, books=books) as one:
        one.add(5, cash_legs=True)
        with patch.object(Outbox, "settle", die), pytest.raises(Died):
            one.push().run(lambda count: None)
        assert one.states() == {"sending": 1, "planned": 9}
        (written,) = books.written
    with wave(tmp_path, books=books) as one:
        assert one.run() is None
        # Nothing was stored of its id.
        assert books.by_id[0] == {written: None}
        assert one.states() == {"posted": 10}
        assert books.twice() == []


def absent_after(folder: Path, seconds: int, settle_after_s: int) -> Wave:
    """A run died with its request under way, which never arrived; another one comes so many seconds later."""
    world, books = StillWorld(), Books()
    with wave(folder, world, books) as one:
        one.add(1)
        books.told = die
        with pytest.raises(Died):
            one.push(settle_after_s=settle_after_s).run(lambda count: None)
        books.told = lambda request: None
    world.clock.now += seconds
    with wave(folder, world, books) as one:
        one.run(one.push(settle_after_s=settle_after_s))
        return one


def test_a_request_of_a_run_that_died_may_have_left_as_late_as_its_lease_allowed(tmp_path: Path) -> None:
    """It waited behind others of its group."""
    early = absent_after(tmp_path / "early", LEASE_S + SETTLE_S - 1, SETTLE_S)
    assert early.books.written == []
    late = absent_after(tmp_path / "late", LEASE_S + SETTLE_S, SETTLE_S)
    assert late.books.written == [MEMO]


# ------------------------------------------------------------------------------------------------ not seen


def test_what_this_run_wrote_it_does_not_write_again(tmp_path: Path) -> None:
    """Neither the index nor the id shows it, and the ledger wants no time to settle."""
    books = Books(hidden={MEMO}, lost={MEMO})
    with wave(tmp_path, books=books) as one:
        one.add(3, cash_legs=True)
        push = one.push()
        assert one.run(push) is None
        # Another round of the same pass, as after a refused number.
        assert push.run(lambda count: None) is None
        assert books.twice() == []
        assert one.states() == {"posted": 4, "unknown": 1, "planned": 1}
        assert sentences(one)[MEMO] == "the ledger took it as 1; it has nothing under that id"
    books.hidden.clear()
    with wave(tmp_path, books=books) as one:
        assert one.run() is None
        assert books.twice() == []
        assert one.states() == {"posted": 6}


def run_after(folder: Path, world: StillWorld, books: Books, seconds: int, asks_by_id: bool) -> Wave:
    world.clock.now += seconds
    with wave(folder, world, books) as one:
        one.run(one.push(asks_by_id=asks_by_id, settle_after_s=SETTLE_S))
        return one


def state_of(folder: Path, world: StillWorld, books: Books) -> tuple[Any, ...]:
    with wave(folder, world, books) as one:
        ((state, ledger_id, sentence),) = one.rows("state", "ledger_id", "sentence")
        return state, ledger_id, sentence


def test_an_index_that_does_not_show_it_never_has_it_written_again(tmp_path: Path) -> None:
    world, books = StillWorld(), Books(hidden={MEMO}, lost={MEMO})
    with wave(tmp_path, world, books) as one:
        one.add(1)
    for seconds in (0, 1, SETTLE_S, 365 * 86400):
        run_after(tmp_path, world, books, seconds, asks_by_id=False)
        said = "the ledger took it as 1; it does not show it yet"
        assert state_of(tmp_path, world, books) == ("unknown", "1", said)
    assert books.written == [MEMO]
    books.hidden.clear()
    run_after(tmp_path, world, books, 1, asks_by_id=False)
    assert state_of(tmp_path, world, books) == ("posted", "1", None)
    assert books.written == [MEMO]


def test_what_is_gone_under_its_id_is_written_again_once_the_ledger_has_settled(tmp_path: Path) -> None:
    """A person deleted it meanwhile."""
    world, books = StillWorld(), Books(hidden={MEMO}, lost={MEMO})
    with wave(tmp_path, world, books) as one:
        one.add(1)
        one.run(one.push(settle_after_s=SETTLE_S))
    run_after(tmp_path, world, books, SETTLE_S - 1, asks_by_id=True)
    said = "the ledger took it as 1; it has nothing under that id"
    assert state_of(tmp_path, world, books) == ("unknown", "1", said)
    books.stand.clear()
    books.hidden.clear()
    books.lost.clear()
    run_after(tmp_path, world, books, 1, asks_by_id=True)
    assert books.written == [MEMO, MEMO]
    assert state_of(tmp_path, world, books) == ("posted", "2", None)


def test_what_was_never_taken_needs_no_look_by_its_id(tmp_path: Path) -> None:
    """Its answer was lost, it was found, and is gone from the books: no ledger had told an id of it by itself."""
    books = Books(silent={MEMO})
    with wave(tmp_path, books=books) as one:
        one.add(1)
        one.run(one.push(asks_by_id=False))
        assert one.states() == {"unknown": 1}
        one.run(one.push(asks_by_id=False))
        assert one.rows("state", "ledger_id") == [("posted", "1")]
        books.stand.clear()
        books.silent.clear()
        one.outbox.doubt([MEMO])
        one.run(one.push(asks_by_id=False))
        assert books.by_id == [{MEMO: None}] * 2 + [{MEMO: "2"}]
        assert books.written == [MEMO, MEMO]
        assert one.rows("state", "ledger_id") == [("posted", "2")]


# ------------------------------------------------------------------------------------------------ another total


def test_what_stands_with_another_total_is_taken_out_by_the_run_that_wrote_it(tmp_path: Path) -> None:
    books = Books(spoilt={MEMO: 999, key_of(2): 1})
    with wave(tmp_path, books=books) as one:
        one.add(4, cash_legs=True)
        assert one.run() is None
        assert sorted(books.taken_out) == [MEMO, key_of(2)]
        assert {stood.key for stood in books.stand.values()} == {
            key_of(n, cash) for n in (1, 3) for cash in (False, True)
        }
        told = dict(one.rows("document_key", "reason"))
        assert told[MEMO] == told[key_of(2)] == "total_differs"
        said = sentences(one)[MEMO]
        assert "9.99 USD" in said and "10.00 USD" in said and said.endswith("taken out of the ledger again")
        assert dict(one.rows("document_key", "ledger_id"))[MEMO] is None
        # Their cash legs wait with them.
        assert told[key_of(0, True)] == told[key_of(2, True)] == "credit_memo_not_posted"
        assert one.states() == {"posted": 4, "held": 4}


def test_what_an_earlier_run_wrote_is_left_to_a_person(tmp_path: Path) -> None:
    """Somebody may have gone on with it since."""
    books = Books(spoilt={MEMO: 999})
    with wave(tmp_path, books=books) as one:
        one.add(2)
        with patch.object(Push, "look_at_unknown", die), pytest.raises(Died):
            one.push().run(lambda count: None)
    with wave(tmp_path, books=books) as one:
        assert one.run() is None
        assert books.taken_out == [] and "1" in books.stand
        assert dict(one.rows("document_key", "reason"))[MEMO] == "total_differs"
        assert one.states() == {"posted": 1, "held": 1}


# ------------------------------------------------------------------------------------------------ progress


def test_progress_moves_while_a_wave_is_written_and_counts_each_document_once(tmp_path: Path) -> None:
    books = Books(hidden={MEMO}, lost={MEMO}, spoilt={key_of(7): 5})
    with wave(tmp_path, books=books) as one:
        one.add(300)
        ticks: list[tuple[int, bool]] = []
        push = one.push()
        assert push.run(lambda count: ticks.append((count, bool(books.asked)))) is None
        assert sum(count for count, _ in ticks) == 300
        moved = [count for count, read_back in ticks if not read_back]
        assert sum(moved) == 300 and len(moved) > 5
        assert max(moved) < 300 // 5
        assert push.run(lambda count: ticks.append((count, True))) is None
        assert sum(count for count, _ in ticks) == 300


# ------------------------------------------------------------------------------------------------ numbers


def test_a_number_that_the_ledger_replaced_is_kept_beside_ours(tmp_path: Path) -> None:
    books = Books(numbered={MEMO: "CM-77"})
    with wave(tmp_path, books=books) as one:
        one.add(2)
        push = one.push()
        one.run(push)
        assert one.rows("number", "replaced_number", "state") == [
            ("0", "CM-77", "posted"),
            ("1", None, "posted"),
        ]
        said = "the ledger numbered by itself what this run posted: CM-77 in the place of 0"
        assert push.replaced.sentences() == [f"{said}; let it keep the numbers that it is sent"]


def test_many_numbers_that_the_ledger_replaced_are_told_in_one_sentence(tmp_path: Path) -> None:
    books = Books(numbered={key_of(n): f"CM-{77 + n}" for n in range(40)})
    with wave(tmp_path, books=books) as one:
        one.add(50)
        push = one.push()
        one.run(push)
        (said,) = push.replaced.sentences()
        assert ": 40 documents, CM-77 in the place of 0 among them;" in said
        assert one.run(again := one.push()) is None
        assert again.replaced.sentences() == []
