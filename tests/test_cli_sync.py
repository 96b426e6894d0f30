"""`sync` and `run` as a schedule calls them: exit codes, output, two at once, several ledgers, what changes later."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from cli_books import CLEARING, FEES, RECEIVABLE, ROOT, SAMPLE, Books, bean_check, end, transactions
from cli_shapes import check_report

CHARGE = Decimal("110.00")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books(tmp_path)
    made.export.charge("100", 11000, fee=349)
    made.export.refund("one", "ch_100", 3000)
    return made


# ------------------------------------------------------------------------------------------------ one sync


def test_the_report(books: Books) -> None:
    report = books.sync()
    assert report["pulled"] == {"charges": 1, "refunds": 1, "changed": 0}
    assert list(report["ledgers"]) == ["main"]
    part = report["ledgers"]["main"]
    assert (part["posted"], part["held"], part["failed"]) == (1, 0, 0)
    assert sorted(d["kind"] for d in part["documents"]) == [
        "credit_card_refund",
        "credit_memo",
        "fee",
        "invoice",
        "payment",
    ]
    by_kind = {d["kind"]: d for d in part["documents"]}
    for kind in ("invoice", "payment", "fee"):
        assert (by_kind[kind]["refund_id"], by_kind[kind]["charge_id"]) == (None, "ch_100")
    for kind in ("credit_memo", "credit_card_refund"):
        assert (by_kind[kind]["refund_id"], by_kind[kind]["charge_id"]) == ("re_one", "ch_100")
        assert by_kind[kind]["number"] == "100"
        assert by_kind[kind]["ledger_id"] == by_kind[kind]["document_key"]
    assert books.balance(CLEARING) == {"usd": CHARGE - Decimal("3.49") - 30}
    assert books.balance(FEES) == {"usd": Decimal("3.49")}
    assert books.balance(RECEIVABLE) == {}


def test_metadata_that_cannot_be_used_is_told(books: Books) -> None:
    books.export.objects["ch_100"]["metadata"]["sale_lines"] = '[{"sku": "MUG", "amount": "55.00"}]'
    books.export.objects["re_one"]["metadata"]["refund_lines"] = "[{sku: MUG}]"
    books.export.write()
    said = books.run("sync")
    assert (
        "Warning: metadata sale_lines was not used, so the whole charge is one line without tax: "
        "of charge ch_100 it adds up to 55.00 USD, not to 110.00 USD\n"
    ) in said.out
    assert "Warning: refund metadata refund_lines is no JSON and was not used\n" in said.out


def test_a_second_sync_has_nothing_to_tell(books: Books) -> None:
    first = books.sync()
    before = books.files()
    report = books.sync()
    assert report["run_id"] != first["run_id"]
    assert report["pulled"] == {"charges": 0, "refunds": 0, "changed": 0}
    assert report["ledgers"]["main"]["documents"] == []
    assert books.files() == before
    said = books.run("sync")
    assert (said.code, "Nothing new" in said.out) == (0, True)


def test_up_to_date_is_said_only_where_it_is_true(books: Books) -> None:
    books.export.refund("later", "ch_100", 1000, status="pending")
    books.sync()
    said = books.run("sync")
    assert "up to date" not in said.out
    assert "Not in the books of main: 1 refund waiting." in said.out
    assert str(books.ledger_folder / "main.beancount") in said.out
    assert "1 refund waiting" in books.run("plan").out
    assert "up to date" not in books.run("plan").out
    shutil.rmtree(books.ledger_folder)
    books.ledger_folder.write_text("a file in its place")
    books.export.charge("200", 100)
    books.export.write()
    said = books.run("sync")
    assert (said.code, "up to date" in said.out, "Books of main" in said.out) == (1, False, False)


def test_one_is_not_counted_as_many(books: Books) -> None:
    books.export.write()
    assert "Read from Stripe: 1 new charge, 1 new refund, 0 changed objects." in books.run("sync").out


def test_what_a_lost_state_found_again_is_not_called_posted(books: Books) -> None:
    books.export.refund("two", "ch_100", 1000)
    books.export.write()
    first = books.run("sync").out
    assert "found in the books" not in first
    books.lose_state()
    again = books.run("sync").out
    assert "posted" not in again.replace("Nothing was posted", "")
    assert again.count("found in the books") == 4
    books.export.charge("300", 11000)
    books.export.write()
    books.lose_state()
    both = books.run("sync").out
    assert sum("found in the books" in line for line in both.splitlines()) == 4
    assert sum("posted" in line for line in both.splitlines()) == 2


def test_a_stop_is_told_and_is_no_success(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.export.write()
    monkeypatch.setattr("connector.cli.sync.stop_flag", lambda: nullcontext(lambda: True))
    said = books.run("sync")
    assert said.code == 1
    assert "stopped by request; the next run goes on from here" in said.err
    assert "up to date" not in said.out
    assert books.files() == {}
    report = books.sync(code=1)
    assert [e["sentence"] for e in report["errors"]] == ["stopped by request; the next run goes on from here"]
    monkeypatch.undo()
    assert books.sync()["ledgers"]["main"]["posted"] == 1


def test_a_change_without_accounting_changes_nothing(books: Books) -> None:
    books.sync()
    before = books.files()
    books.export.objects["re_one"]["destination_details"] = {"card": {"reference": "0815"}, "type": "card"}
    books.export.objects["re_one"]["metadata"] = {"note": "sent a letter"}
    report = books.sync()
    assert report["ledgers"]["main"]["documents"] == []
    assert books.files() == before


def test_standard_output_holds_one_object_and_logs_go_elsewhere(books: Books) -> None:
    books.export.write()
    said = books.run("sync", "--json")
    assert json.loads(said.out)["ledgers"]["main"]["posted"] == 1
    assert "Reading Stripe's objects: 4\n" in said.err
    assert "Posting documents to main: 5\n" in said.err
    for words in (("status",), ("list", "refunds"), ("explain", "re_one"), ("plan",), ("resync", "re_one")):
        said = books.run(*words, "--json")
        assert isinstance(json.loads(said.out), dict)


def test_the_settings_file_may_stand_before_the_command(
    books: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    from connector.cli.root import run

    books.export.write()
    assert run(["-c", str(books.config), "sync", "--json"]) == 0
    check_report(json.loads(capsys.readouterr().out))


# ------------------------------------------------------------------------------------------------ later changes


def test_a_pending_refund_is_posted_once_it_succeeded(books: Books) -> None:
    books.export.refund("later", "ch_100", 1000, status="pending")
    books.sync()
    outcome = books.outcome("re_later")
    assert (outcome["outcome"], outcome["reason"]) == ("waiting", "refund_pending")
    books.export.objects["re_later"]["status"] = "succeeded"
    report = books.sync()
    assert report["pulled"]["changed"] == 1
    assert report["ledgers"]["main"]["posted"] == 1
    assert books.outcome("re_later")["number"] == "100-1"


def test_a_refund_that_failed_before_it_was_posted_is_dropped(books: Books) -> None:
    books.export.refund("later", "ch_100", 1000, status="pending")
    books.sync()
    books.export.fail("re_later", status="canceled")
    report = books.sync()
    assert report["ledgers"]["main"]["dropped"] == 1
    assert books.outcome("re_later")["outcome"] == "dropped"


def test_a_posted_refund_that_fails_is_reversed_in_its_own_month(books: Books) -> None:
    books.sync()
    books.export.fail("re_one", when="2026-03-05T15:00:00")
    report = books.sync()
    assert report["ledgers"]["main"]["reversed"] == 1
    assert [(d["kind"], d["posting_date"]) for d in report["ledgers"]["main"]["documents"]][-1:] == [
        ("reversal", "2026-03-05")
    ]
    outcome = books.outcome("re_one")
    assert (outcome["outcome"], outcome["number"]) == ("reversed", "100")
    assert books.balance(CLEARING) == {"usd": CHARGE - Decimal("3.49")}
    assert books.balance(RECEIVABLE) == {}
    before = books.files()
    books.sync()
    assert books.files() == before
    assert bean_check(books.ledger_folder) == ""


def test_a_refund_never_goes_back(books: Books) -> None:
    """An older copy of an object, exported again, changes nothing."""
    books.export.fail("re_one")
    books.sync()
    books.export.objects["re_one"]["status"] = "succeeded"
    books.sync()
    assert books.outcome("re_one")["outcome"] == "dropped"


# ------------------------------------------------------------------------------------------------ ledgers


def test_two_ledgers_each_have_all(tmp_path: Path, books: Books) -> None:
    books.change(
        ledgers={
            "second": {
                "kind": "beancount",
                "sales": "sales_receipt",
                "connection": {"path": "second"},
            }
        }
    )
    report = books.sync("--ledger", "second")
    assert list(report["ledgers"]) == ["second"]
    assert books.files() == {}
    assert books.outcome("re_one", "main")["outcome"] == "waiting"
    assert books.outcome("re_one", "second")["outcome"] == "posted"
    report = books.sync()
    assert set(report["ledgers"]) == {"main", "second"}
    assert report["ledgers"]["second"]["documents"] == []
    assert books.outcome("re_one", "main")["outcome"] == "posted"
    kinds = {t.metadata["kind"] for t in transactions(tmp_path / "second")}
    assert kinds == {"sales_receipt", "refund_receipt"}
    keys = {d["ledger"]: d["document_key"] for d in books.documents("re_one")}
    assert len(set(keys.values())) == 2


def test_a_ledger_that_comes_later_gets_what_was_read_before(tmp_path: Path, books: Books) -> None:
    books.sync()
    before = books.files()
    books.change(
        ledgers={"late": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "late"}}}
    )
    report = books.sync()
    assert report["pulled"]["refunds"] == 0
    assert report["ledgers"]["late"]["posted"] == 1
    assert books.files() == before
    assert {len(r["ledgers"]) for r in books.listed("refunds")} == {2}
    assert bean_check(tmp_path / "late") == ""


def test_a_disabled_ledger_is_left_alone_and_not_listed(books: Books) -> None:
    books.change(
        ledgers={"second": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "second"}}}
    )
    books.sync()
    books.change(ledgers={"second": {"enabled": False}})
    books.export.refund("two", "ch_100", 500)
    report = books.sync()
    assert list(report["ledgers"]) == ["main"]
    assert {tuple(r["ledgers"]) for r in books.listed("refunds")} == {("main",)}
    books.change(ledgers={"second": {"enabled": True}})
    books.sync()
    assert books.outcome("re_two", "second")["outcome"] == "posted"


def test_an_earlier_start_brings_what_was_read_before(books: Books) -> None:
    books.export.charge("old", 2000, when="2025-11-02T15:00:00")
    books.export.refund("old", "ch_old", 500, when="2025-11-03T15:00:00")
    books.sync()
    assert [r["refund_id"] for r in books.listed("refunds")] == ["re_one"]
    books.change(stripe={"start": "2025-11-01"})
    books.sync()
    assert {r["refund_id"] for r in books.listed("refunds")} == {"re_old", "re_one"}
    assert books.outcome("re_old")["outcome"] == "posted"


# ------------------------------------------------------------------------------------------------ exit codes


def test_exit_codes(books: Books, tmp_path: Path) -> None:
    """0 all well, 3 something held, 1 something failed (before 3), 2 a mistake (nothing on standard output)."""
    assert books.run("sync", config=tmp_path / "none.yaml").code == 2
    books.sync(code=0)
    books.export.refund("lost", "ch_gone", 100)
    books.sync(code=3)
    for words in (("sync",), ("plan",), ("status",), ("resync", "re_one"), ("rebuild",)):
        assert books.run(*words).code == 3, words
    for words in (("list", "held"), ("explain", "re_lost"), ("check",)):
        assert books.run(*words).code == 0, words
    shutil.move(books.ledger_folder, tmp_path / "away")
    books.ledger_folder.write_text("a file in its place")
    books.export.charge("200", 100)
    books.sync(code=1)
    books.ledger_folder.unlink()
    shutil.move(tmp_path / "away", books.ledger_folder)
    books.sync(code=3)


def test_everything_that_waits_or_is_excluded_is_exit_code_0(books: Books) -> None:
    books.export.refund("later", "ch_100", 1000, status="requires_action")
    books.export.refund("gone", "ch_100", 1000)
    books.export.fail("re_gone")
    books.export.refund("release", "ch_100", 100, reason="expired_uncaptured_charge")
    books.sync(code=0)


# ------------------------------------------------------------------------------------------------ processes


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that a test starts; none outlives it."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.communicate()


def rows(books: Books, query: str) -> list[tuple[object, ...]]:
    """Of the state, while others write to it; nothing while it is not there yet."""
    path = books.folder / "state" / "acme.db"
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


def wait_until(condition: object, timeout_s: float = 30) -> None:
    assert callable(condition)
    limit = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < limit, "it did not come to pass"
        time.sleep(0.005)


def stop_between_commits(books: Books, process: subprocess.Popen[str]) -> None:
    """Stop a process at a moment at which it has no transaction open."""
    for _ in range(1000):
        process.send_signal(signal.SIGSTOP)
        connection = sqlite3.connect(books.folder / "state" / "acme.db", timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
            return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
        finally:
            connection.close()
    raise AssertionError("it never was between two commits")


def test_two_at_once(tmp_path: Path, processes: list[subprocess.Popen[str]]) -> None:
    """The second says who holds the books; with --wait it waits its turn. Nothing is posted twice."""
    books = Books(tmp_path, ledgers={"main": {"sales": "sales_receipt"}})
    shutil.copytree(SAMPLE, tmp_path / "export")
    first = books.start("sync")
    processes.append(first)
    wait_until(lambda: rows(books, "SELECT run_id FROM run"))
    stop_between_commits(books, first)

    second = books.start("sync")
    processes.append(second)
    out, err = second.communicate(timeout=30)
    assert second.returncode == 1
    assert out == ""
    assert f"process {first.pid} on {os.uname().nodename} holds these books" in err
    assert "--wait" in err
    assert len(err.strip().splitlines()) == 1

    waiting = books.start("sync", "--wait", "--json")
    processes.append(waiting)
    time.sleep(1.5)
    assert waiting.poll() is None
    first.send_signal(signal.SIGCONT)
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    check_report(json.loads(out))
    assert json.loads(out)["ledgers"]["main"]["documents"] == []

    keys = [t.metadata["document_key"] for t in transactions(books.ledger_folder)]
    assert len(keys) == len(set(keys)) > 800
    assert bean_check(books.ledger_folder) == ""


def test_a_dead_holder_frees_the_books_at_once(
    tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    books = Books(tmp_path, ledgers={"main": {"sales": "sales_receipt"}})
    shutil.copytree(SAMPLE, tmp_path / "export")
    first = books.start("sync")
    processes.append(first)
    wait_until(lambda: rows(books, "SELECT run_id FROM run"))
    first.kill()
    first.communicate()
    before = time.monotonic()
    done = books.run("sync", "--json")
    assert done.code == 0, done.err
    assert time.monotonic() - before < 20
    outcomes = {r["ledgers"]["main"]["outcome"] for r in books.listed("refunds")}
    assert outcomes == {"posted", "waiting", "dropped"}
    keys = [t.metadata["document_key"] for t in transactions(books.ledger_folder)]
    assert len(keys) == len(set(keys))


def test_a_sync_that_is_asked_to_stop_is_finished_by_the_next(
    tmp_path: Path, processes: list[subprocess.Popen[str]]
) -> None:
    books = Books(tmp_path, ledgers={"main": {"sales": "sales_receipt"}})
    shutil.copytree(SAMPLE, tmp_path / "export")
    first = books.start("sync", "--json")
    processes.append(first)
    wait_until(lambda: rows(books, "SELECT run_id FROM run"))
    stopped = end(first)
    assert stopped.code in (0, 1), stopped.err
    assert "Traceback" not in stopped.err
    check_report(json.loads(stopped.out))
    done = books.run("sync", "--json")
    assert done.code == 0, done.err
    expected = sum(1 for _ in (SAMPLE / "refund.jsonl").open())
    assert len(books.listed("refunds")) == expected
    keys = [t.metadata["document_key"] for t in transactions(books.ledger_folder)]
    assert len(keys) == len(set(keys))
    assert bean_check(books.ledger_folder) == ""


def test_run_syncs_on_its_schedule_until_it_is_told_to_stop(
    books: Books, processes: list[subprocess.Popen[str]]
) -> None:
    books.change(schedule={"every": "1s"})
    books.export.write()
    process = books.start("run")
    processes.append(process)
    ended = "SELECT run_id, started, ended, command FROM run WHERE ended IS NOT NULL ORDER BY rowid"
    wait_until(lambda: len(rows(books, ended)) >= 2)
    books.export.refund("two", "ch_100", 1000)
    books.export.write()
    wait_until(lambda: rows(books, "SELECT 1 FROM document WHERE refund_id = 're_two' AND state = 'posted'"))
    # A file that somebody is half way through writing does not end it.
    path = books.folder / "export" / "charge.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    count = len(rows(books, "SELECT run_id FROM run"))
    wait_until(lambda: len(rows(books, "SELECT run_id FROM run")) > count)
    time.sleep(0.2)
    books.export.refund("three", "ch_100", 500)
    books.export.write()
    wait_until(
        lambda: rows(books, "SELECT 1 FROM document WHERE refund_id = 're_three' AND state = 'posted'")
    )
    stopped = end(process)
    assert stopped.code == 0, stopped.err
    assert "stopped" in stopped.err
    assert "charge.jsonl:1: the line is not JSON" in stopped.err
    assert "Traceback" not in stopped.err
    passes = rows(books, ended)
    assert {command for _, _, _, command in passes} == {"run"}
    for (_, _, before, _), (_, after, _, _) in pairwise(passes):
        assert isinstance(before, int) and isinstance(after, int)
        assert before <= after
    numbers = [books.outcome(one)["number"] for one in ("re_one", "re_two", "re_three")]
    assert sorted(numbers) == ["100", "100-1", "100-2"]


def test_run_refuses_wrong_settings_at_the_start(books: Books) -> None:
    books.change(schedule={"cron": "61 * * * *"})
    said = books.run("run")
    assert said.code == 2
    assert said.out == ""
    assert "schedule" in said.err


def test_the_program_itself(books: Books, processes: list[subprocess.Popen[str]]) -> None:
    """As it is installed: `connector`, and a reader of its output that goes away."""
    books.export.write()
    program = Path(sys.executable).with_name("connector")
    done = subprocess.run(
        [program, "sync", "--json", "-c", books.config],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    check_report(json.loads(done.stdout))
    cut = subprocess.run(
        f"'{program}' list documents --json -c '{books.config}' | head -c 5",
        shell=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert cut.stdout == '{"doc'
    assert "Traceback" not in cut.stderr
    assert "Broken" not in cut.stderr


# What a shell does with the streams, and the exit code of `sync` with something held: nobody's reading changes it.
STREAMS = (
    "{} | true",
    "{} >&-",
    "{} 2>&-",
    "{} >&- 2>&-",
    "{} 2>&1 | true",
    "{} --json | true",
    "{} <&- >&- 2>&-",
)


@pytest.mark.parametrize("shell", STREAMS)
def test_streams_that_nobody_reads(books: Books, shell: str) -> None:
    books.export.refund("lost", "ch_gone", 100)
    books.export.write()
    program = Path(sys.executable).with_name("connector")
    command = shell.format(f"'{program}' sync -c '{books.config}'")
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "Error" not in done.stderr and "stopped" not in done.stderr, done.stderr
    assert books.outcome("re_one")["outcome"] == "posted"
    assert bean_check(books.ledger_folder) == ""
    for words in ("list documents --json", "--help", "explain re_one") if shell in STREAMS[:2] else ():
        command = shell.format(f"'{program}' -c '{books.config}' {words}")
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (words, done.stderr)
        assert "Error" not in done.stderr, done.stderr
