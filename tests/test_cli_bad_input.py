"""What people get wrong: one sentence that says where, the right exit code, nothing written, never a traceback."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from cli_books import CLEARING, ROOT, Books, Result, at, bean_check

from connector.cli.root import run
from connector.ledger_kinds import LEDGERS

COMMANDS = (
    ("sync",),
    ("plan",),
    ("status",),
    ("list", "refunds"),
    ("explain", "re_one"),
    ("check", "--offline"),
    ("resync", "re_one"),
    ("rebuild",),
    ("resolve", "re_one", "--ledger", "main", "--retry", "--reason", "why"),
    ("run",),
    ("serve",),
)


@pytest.fixture
def books(tmp_path: Path) -> Books:
    made = Books(tmp_path)
    made.export.charge("100", 11000)
    made.export.refund("one", "ch_100", 3000)
    made.export.write()
    return made


def refuse(books: Books, *arguments: str, code: int = 2) -> Result:
    """The command refuses: nothing on standard output, no file in the books, no traceback."""
    before = books.files()
    result = books.run(*arguments)
    assert result.code == code, (result.code, result.out, result.err)
    assert result.out == ""
    assert result.err.strip()
    assert "Traceback" not in result.err
    assert "unexpected" not in result.err, result.err
    assert books.files() == before
    return result


# ------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: words[0])
def test_every_command_refuses_broken_settings(books: Books, command: tuple[str, ...]) -> None:
    books.config.write_text("books: acme\nstripe: [unclosed\n", encoding="utf-8")
    result = refuse(books, *command)
    assert f"{books.config}:" in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not (books.folder / "state").exists()


YAML = """\
books: acme
timezone: America/New_York
stripe:
  start: 2026-01-01
  export: export
ledgers:
  main:
    kind: beancount
    sales: sales_receipt
    connection: {path: books}
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "words"),
    [
        ("timezone:", "timezon:", "2:1", "did you mean timezone"),
        ("    sales: sales_receipt\n", "    sale: find\n", "9:5", "did you mean sales"),
        ("books: acme\n", "books: acme\nbooks: other\n", "2:1", "books"),
        ("start: 2026-01-01", "start: yesterday", "4:10", "stripe.start"),
        ("sales: sales_receipt", "sales: sales_receit", "9:12", "did you mean sales_receipt"),
        ("kind: beancount", "kind: quickbooks_desktop", "8:11", "not built yet"),
        ("  export: export", "  export: export\n  account: ${NO_SUCH_VARIABLE}", "6:12", "NO_SUCH_VARIABLE"),
        ("{path: books}", "{path: '${NO_SUCH_FOLDER}'}", "10:24", "NO_SUCH_FOLDER"),
        ("timezone: America/New_York\n", "", "1:1", "timezone"),
        ("America/New_York", "America/New_Yorck", "2:11", "did you mean America/New_York"),
    ],
    ids=lambda value: value.strip()[:24] if isinstance(value, str) else None,
)
def test_a_mistake_in_the_settings_is_told_with_its_place(
    books: Books, old: str, new: str, place: str, words: str
) -> None:
    assert old in YAML
    books.config.write_text(YAML.replace(old, new), encoding="utf-8")
    result = refuse(books, "sync")
    line = place.partition(":")[0]
    assert f"{books.config}:{line}:" in result.err, result.err
    assert words in result.err, result.err


def test_several_mistakes_are_all_told(books: Books) -> None:
    books.change(timezone="Mars/Olympus", invoice_status="gone")
    result = refuse(books, "sync")
    assert len(result.err.strip().splitlines()) == 2


def test_mistakes_in_all_files_are_told_at_once(books: Books) -> None:
    mapping = books.folder / "mappings" / "beancount.yaml"
    rules = books.folder / "mappings" / "refund_rules.yaml"
    mapping.write_text(mapping.read_text().replace("  fees:", "  fee:"), encoding="utf-8")
    rules.write_text(rules.read_text().replace("when:", "wen:", 1), encoding="utf-8")
    for change in ({}, {"timezone": "Mars/Olympus"}):
        books.change(**change)
        lines = refuse(books, "check").err.strip().splitlines()
        assert any(line.startswith(f"{mapping}:") and "did you mean fees" in line for line in lines), lines
        assert any(line.startswith(f"{rules}:") and "did you mean when" in line for line in lines), lines
        assert any("Mars/Olympus" in line for line in lines) == bool(change)


def test_a_missing_settings_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sync", "-c", str(tmp_path / "absent.yaml")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "absent.yaml" in said.err


def test_a_disabled_ledger_needs_no_environment(books: Books) -> None:
    books.change(
        ledgers={
            "later": {"kind": "beancount", "enabled": False, "connection": {"path": "${NO_SUCH_FOLDER}/x"}}
        }
    )
    assert books.run("sync").code == 0
    result = refuse(books, "sync", "--ledger", "later")
    assert "later" in result.err


# ------------------------------------------------------------------------------------------------ mappings, rules


def test_a_missing_mapping_file(books: Books) -> None:
    (books.folder / "mappings" / "beancount.yaml").unlink()
    told = refuse(books, "sync").err
    assert "mappings/beancount.yaml" in told
    assert told.startswith(f"{books.config}:"), told
    assert "ledgers.main.mapping: there is no file" in told


@pytest.mark.parametrize(
    ("account", "change"),
    [("fees", {"fees": True}), ("exchange", {}), ("tax", {"sales": "sales_receipt"}), ("receivable", {})],
)
def test_an_account_that_will_be_needed_is_missed_by_check(
    books: Books, account: str, change: dict[str, object]
) -> None:
    books.ledger(**change)
    path = books.folder / "mappings" / "beancount.yaml"
    text = path.read_text(encoding="utf-8")
    assert "Warning" not in books.run("check").out
    lines = [line for line in text.splitlines() if not line.startswith(f"  {account}:")]
    path.write_text("\n".join(lines), encoding="utf-8")
    for words in (("check",), ("check", "--offline")):
        said = books.run(*words)
        assert said.code == 0, said.err
        assert f"Warning: main: no {account} account is mapped (`accounts.{account}`)" in said.out
        assert "are in order" not in said.out


def test_a_missing_rules_file(books: Books) -> None:
    books.ledger(rules="other_rules.yaml")
    assert "mappings/other_rules.yaml" in refuse(books, "sync").err


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("- name: a\n  when: {sail: invoice}\n  then: hold\n", "2", "did you mean sale"),
        ("- name: a\n  when: {method: cart}\n  then: hold\n", "2", "did you mean card"),
        ("- name: a\n  when: {}\n  then: [credit_memo, refund_receipt]\n", "3", "220.00"),
        ("- name: a\n  when: {}\n  then: hold\n- name: b\n  when: {}\n  then: ignore\n", "5", "never"),
        ("- name: a\n  when: {}\n  then: credit_memoo\n", "3", "did you mean credit_memo"),
        ("- name: a\n  when: {}\n then: hold\n", "3", ""),
        ("rules: 1\n", "1", ""),
        ("", "", "refund_rules.yaml"),
    ],
)
def test_bad_rules_are_told_with_file_and_line(books: Books, text: str, place: str, words: str) -> None:
    rules = books.folder / "mappings" / "refund_rules.yaml"
    rules.write_text(text, encoding="utf-8")
    for command in (("sync",), ("check", "--offline"), ("plan", "--json")):
        result = refuse(books, *command)
        assert f"{rules}:{place}" in result.err, result.err
        assert words in result.err, result.err


def test_a_bad_mapping_is_told_with_file_and_line(books: Books) -> None:
    mapping = books.folder / "mappings" / "beancount.yaml"
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace("clearing: Assets:Stripe:Clearing", "clearing: Stripe Clearing"))
    result = refuse(books, "sync")
    assert f"{mapping}:" in result.err
    assert "accounts.clearing" in result.err
    mapping.write_text(text.replace("  fees:", "  feees:"))
    assert "did you mean fees" in refuse(books, "sync").err


# ------------------------------------------------------------------------------------------------ the export


def test_no_export_folder(books: Books) -> None:
    books.change(stripe={"export": "nowhere"})
    for command in ("sync", "plan", "check"):
        told = refuse(books, command).err
        assert told.startswith(f"{books.config}:"), told
        assert f"stripe.export: there is no folder {books.folder / 'nowhere'}" in told
    assert not (books.folder / "state").exists()


@pytest.mark.parametrize("words", [("sync",), ("plan",), ("resync", "re_one"), ("rebuild",), ("run",)])
def test_a_connection_that_cannot_be_looked_up_ends_a_run_before_it_began(
    books: Books, words: tuple[str, ...]
) -> None:
    books.ledger(connection={"path": "${NO_SUCH_FOLDER}/b"})
    result = refuse(books, *words)
    assert f"{books.config}:" in result.err
    assert "ledgers.main.connection.path" in result.err
    assert "Reading Stripe" not in result.err
    assert not (books.folder / "state").exists()


def test_an_unknown_ledger_makes_no_state(books: Books) -> None:
    for words in (("sync",), ("list", "refunds"), ("plan",)):
        assert "no ledger 'man'" in refuse(books, *words, "--ledger", "man").err
    assert not (books.folder / "state").exists()


def test_an_export_file_that_is_none(books: Books) -> None:
    (books.folder / "export" / "x.jsonl").mkdir()
    result = refuse(books, "sync")
    assert str(books.folder / "export" / "x.jsonl") in result.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{not json", "not JSON"),
        ('{"object": "refund", "id": "re_x"', "not JSON"),
        ("[1, 2]", "object"),
        ('{"object": "list", "data": []}', "list"),
        ('{"id": "re_x"}', "object"),
        ('{"object": "refund"}', "id"),
        ('{"object": "refund", "id": "re_x", "amount": NaN}', "NaN"),
        ("\xff", "UTF-8"),
    ],
)
def test_a_line_that_cannot_be_read(books: Books, line: str, words: str) -> None:
    path = books.folder / "export" / "refund.jsonl"
    good = path.read_bytes()
    path.write_bytes(good + b"\n" + line.encode("latin-1") + b"\n")
    result = refuse(books, "sync")
    assert f"{path}:3:" in result.err, result.err
    assert words in result.err
    assert len(result.err.strip().splitlines()) == 1
    refuse(books, "sync", "--json")
    status = books.run("status", "--json").json
    assert words in status["last_run"]["errors"][0]["sentence"]
    path.write_bytes(good)
    assert books.run("sync").code == 0
    assert books.outcome("re_one")["outcome"] == "posted"


# ---------------------------------------------------------------------------------------- objects of no use


def held_as(books: Books, refund_id: str, reason: str) -> None:
    outcome = books.outcome(refund_id)
    assert (outcome["outcome"], outcome["reason"]) == ("held", reason), outcome
    assert outcome["documents"] == []
    assert refund_id in {item["refund_id"] for item in books.listed("held")}


def test_objects_that_cannot_be_used_hold_their_refund_alone(books: Books) -> None:
    export = books.export
    export.charge("200", 5000, currency="xxx")
    export.refund("currency", "ch_200", 1000, currency="xxx")
    export.charge("300", 5000)
    export.refund("float", "ch_300", 1000)
    export.objects["re_float"]["amount"] = 10.5
    export.refund("negative", "ch_300", 1000)
    export.objects["re_negative"]["amount"] = -1000
    export.refund("lost", "ch_nowhere", 1000)
    export.charge("400", 5000)
    export.objects["ch_400"]["amount"] = "5000"
    export.refund("of_bad_charge", "ch_400", 1000)
    export.refund("strange", "ch_300", 1000, status="evaporated")
    report = books.sync(code=3)
    assert report["ledgers"]["main"]["posted"] == 1
    assert report["ledgers"]["main"]["held"] == 6
    assert report["errors"] == []
    held_as(books, "re_currency", "currency_not_supported")
    held_as(books, "re_float", "stripe_object_missing")
    held_as(books, "re_negative", "stripe_object_missing")
    held_as(books, "re_lost", "stripe_object_missing")
    held_as(books, "re_of_bad_charge", "stripe_object_missing")
    held_as(books, "re_strange", "stripe_object_missing")
    assert books.outcome("re_one")["outcome"] == "posted"
    assert bean_check(books.ledger_folder) == ""
    said = books.run("sync")
    assert said.code == 3
    for word in ("re_currency", "currency_not_supported", "why:", "do:"):
        assert word in said.out

    # What was missing arrives, what was wrong is exported anew.
    export.charge("nowhere", 1000)
    export.objects["re_float"]["amount"] = 1000
    books.sync(code=3)
    assert books.outcome("re_lost")["outcome"] == "posted"
    assert books.outcome("re_float")["outcome"] == "posted"


def test_a_refund_without_creation_is_listed(books: Books) -> None:
    books.export.refund("timeless", "ch_100", 1000)
    del books.export.objects["re_timeless"]["created"]
    books.sync(code=3)
    held_as(books, "re_timeless", "stripe_object_missing")


def test_a_number_longer_than_the_ledger_takes(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    capabilities, opener = LEDGERS["beancount"]
    short = replace(capabilities, number_length=21)
    monkeypatch.setitem(LEDGERS, "beancount", (short, opener))
    books.export.charge("X" * 40, 5000)
    books.export.refund("long", "ch_" + "X" * 40, 1000)
    books.sync(code=3)
    held_as(books, "re_long", "number_too_long")
    assert "40" in books.outcome("re_long")["sentence"]
    assert books.outcome("re_one")["outcome"] == "posted"


def test_an_account_or_item_that_is_not_mapped(books: Books) -> None:
    mapping = books.folder / "mappings" / "beancount.yaml"
    text = mapping.read_text(encoding="utf-8")
    accounts = "clearing: {eur: Assets:Stripe:Euro}"
    mapping.write_text(text.replace("clearing: Assets:Stripe:Clearing", accounts), encoding="utf-8")
    books.sync(code=3)
    outcome = books.outcome("re_one")
    assert outcome["outcome"] == "held"
    assert outcome["reason"] == "account_not_mapped"
    mapping.write_text(text, encoding="utf-8")
    books.sync()
    assert books.outcome("re_one")["outcome"] == "posted"


# ------------------------------------------------------------------------------------------------ state, books


def stop_with_a_sentence(books: Books, *arguments: str) -> Result:
    result = books.run(*arguments)
    assert result.code in (1, 2), (result.code, result.out, result.err)
    assert "Traceback" not in result.err
    assert "unexpected" not in result.err, result.err
    assert result.err.strip()
    return result


def test_a_state_that_is_no_database(books: Books) -> None:
    (books.folder / "state").mkdir()
    (books.folder / "state" / "acme.db").write_text("not a database\n" * 1000)
    for command in (("sync",), ("status",), ("list", "refunds")):
        assert "acme.db" in stop_with_a_sentence(books, *command).err
    assert books.files() == {}


def test_a_state_that_was_damaged(books: Books) -> None:
    books.sync()
    path = books.folder / "state" / "acme.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = books.files()
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 12] = b"\x5a" * (4096 * 10)
    path.write_bytes(data)
    books.export.charge("900", 900)
    books.export.write()
    result = books.run("sync")
    assert result.code == 1
    assert "Traceback" not in result.err
    assert books.files() == before
    books.lose_state()
    books.sync()
    assert books.outcome("re_one")["outcome"] == "posted"


def test_a_state_folder_that_cannot_be_made(books: Books) -> None:
    (books.folder / "state").write_text("a file in its place")
    for command in (("sync",), ("status",)):
        assert "state" in stop_with_a_sentence(books, *command).err
    assert books.files() == {}


def test_a_state_of_other_books(books: Books) -> None:
    books.sync()
    books.change(books="other")
    result = refuse(books, "sync")
    assert "acme" in result.err
    assert "other" in result.err


def test_a_lock_that_cannot_be_made(books: Books) -> None:
    (books.folder / "state" / "acme.db.lock").mkdir(parents=True)
    assert "acme.db" in stop_with_a_sentence(books, "sync").err


def test_books_that_cannot_be_written(books: Books) -> None:
    """The ledger is down: exit code 1, and the other ledger goes on."""
    books.change(
        ledgers={"other": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "other"}}}
    )
    books.ledger_folder.write_text("a file in its place")
    report = books.sync(code=1)
    (error,) = report["errors"]
    assert (error["ledger"], error["code"]) == ("main", "ledger_down")
    assert error["sentence"].count(str(books.ledger_folder)) == 1
    assert "is a file, and no folder can be made there" in error["sentence"]
    assert report["ledgers"]["other"]["posted"] == 1
    assert books.outcome("re_one", "other")["outcome"] == "posted"
    undecided = books.outcome("re_one")
    assert (undecided["outcome"], undecided["reason"]) == ("failed", "ledger_down")
    assert str(books.ledger_folder) in undecided["sentence"]
    status = books.run("status")
    assert status.code == 1
    assert f"it failed: main: {error['sentence']} (ledger_down)" in status.out
    assert books.run("status", "--json").json["last_run"]["errors"] == report["errors"]
    said = books.run("check")
    assert said.code == 1
    assert str(books.ledger_folder) in said.err
    books.ledger_folder.unlink()
    books.sync()
    assert books.outcome("re_one")["outcome"] == "posted"
    assert books.balance(CLEARING) == {"usd": 80}


def test_a_main_file_that_is_a_folder(books: Books) -> None:
    (books.ledger_folder / "main.beancount").mkdir(parents=True)
    report = books.sync(code=1)
    assert [e["code"] for e in report["errors"]] == ["ledger_down"]
    (books.ledger_folder / "main.beancount").rmdir()
    books.sync()
    assert books.outcome("re_one")["outcome"] == "posted"


def test_decisions_that_cannot_be_read(books: Books) -> None:
    (books.folder / "decisions.jsonl").write_text("{}\n")
    result = refuse(books, "sync")
    assert f"{books.folder / 'decisions.jsonl'}:1" in result.err


# ------------------------------------------------------------------------------------------------ usage


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["snyc"], "Did you mean 'sync'"),
        (["sync", "--wiat"], "--wait"),
        (["resolve", "re_one", "--retry"], "--ledger"),
        (["resolve", "re_one", "--ledger", "main", "--retry"], "--reason"),
        (["resolve", "re_one", "--ledger", "main", "--reason", "x"], "exactly one of"),
        (["resolve", "re_one", "--ledger", "main", "--retry", "--skip", "--reason", "x"], "exactly one of"),
        (["resync"], "--since"),
        (["resync", "re_one", "--since", "2026-01-01"], "or --since"),
        (["resync", "--until", "2026-01-01"], "--since"),
        (["resync", "--since", "last week"], "last week"),
        (["resync", "--since", "2026-03-01", "--until", "2026-02-01"], "--until"),
        (["list"], "refunds"),
        (["list", "refnds"], "refunds"),
        (["list", "refunds", "--limit", "0"], "--limit"),
        (["list", "refunds", "--state", "postd"], "posted"),
        (["list", "documents", "--state", "waiting"], "planned"),
        (["list", "payments", "--status", "Refundd"], "Refunded"),
        (["explain"], "REFUND_ID"),
        (["sync", "--ledger", "mian"], "did you mean main"),
        (["rules", "test"], "FILE"),
    ],
)
def test_usage_errors(books: Books, words: list[str], said: str) -> None:
    books.sync()
    before = books.files()
    out = books.run(words[0], *words[1:])
    assert out.code == 2, out
    assert out.out == ""
    assert said in out.err
    assert "Traceback" not in out.err
    assert books.files() == before


def test_the_names_of_what_is_not_built_are_not_offered(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    for name in (
        "sync",
        "plan",
        "resync",
        "explain",
        "status",
        "list",
        "resolve",
        "check",
        "rules",
        "schema",
    ):
        assert f"  {name} " in listed
    for name in ("reconcile", "undo", "worker"):
        assert f"  {name} " not in listed
        assert run([name]) == 2


# ------------------------------------------------------------------------------------------------ secrets

SECRET = "rk_live_verysecret123456"


def everything_written(books: Books) -> bytes:
    kept = b""
    for path in books.folder.rglob("*"):
        if path.is_file() and path != books.config:
            kept += path.read_bytes()
    return kept


def test_a_key_in_the_settings_is_never_told(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    books.change(stripe={"api_key": SECRET, "webhook_secrets": ["whsec_" + SECRET]})
    said = [
        books.run(*command)
        for command in (("sync",), ("sync", "--json"), ("check",), ("check", "--json"), ("status", "--json"))
    ]
    books.change(stripe={"api_kye": SECRET})
    said.append(refuse(books, "sync"))
    del books.settings["stripe"]["api_kye"]
    books.change(stripe={"api_key": [SECRET]})
    said.append(refuse(books, "sync"))
    books.change(stripe={"api_key": SECRET + " with a space", "export": None})
    said.append(refuse(books, "sync"))
    books.change(stripe={"api_key": "${KEY_OF_TEST}", "base_url": "http://127.0.0.1:9"})
    monkeypatch.setenv("KEY_OF_TEST", SECRET)
    said += [books.run("check"), books.run("check", "--json")]
    for result in said:
        assert SECRET not in result.out + result.err
    assert SECRET.encode() not in everything_written(books)


@pytest.mark.parametrize(
    "place",
    [
        f"user:{SECRET}@127.0.0.1:9/none",
        f"user:a@{SECRET}@127.0.0.1:9/none",
        f"user:{SECRET}@127.0.0.1:port/none",
        f"user:{SECRET}/x@127.0.0.1:9/none",
        f"127.0.0.1:9/none?user=user&password={SECRET}",
        f"user:{SECRET}@127.0.0.1:9/none?bogus=1",
    ],
)
def test_a_password_of_the_state_is_never_told(books: Books, place: str) -> None:
    books.change(state=f"postgresql+psycopg://{place}")
    for command in (("sync",), ("status",), ("sync", "--json")):
        result = books.run(*command)
        assert result.code in (1, 2)
        assert SECRET not in result.out + result.err
        assert "Traceback" not in result.err and "unexpected" not in result.err


# ------------------------------------------------------------------------------------------------ what is shipped


def test_the_shipped_settings_run_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(ROOT / "config.example.yaml", tmp_path)
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    config = str(tmp_path / "config.example.yaml")
    assert "STRIPE_API_KEY" not in os.environ
    assert run(["check", "--offline", "-c", config]) == 0
    assert "in order" in capsys.readouterr().out
    assert run(["rules", "test", str(ROOT / "mappings" / "refund_rules_cases.yaml"), "-c", config]) == 0
    assert "cases passed" in capsys.readouterr().out


def test_the_clock_of_these_tests_is_late_enough(books: Books) -> None:
    assert books.now > at("2026-05-01T00:00:00")
    assert json.loads(books.config.read_text())["books"] == "acme"
