"""The state: its tables, whose it is, who waits for whom, and the pages of Stripe objects that go into it."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from fake_world import APRIL, FakeWorld
from sqlalchemy import Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import IntegrityError

from connector.delivery.outbox import Outbox
from connector.errors import ConnectorError, InputError, LeaseHeld
from connector.store import database, views
from connector.store.bulk import insert_many, update_many, within
from connector.store.database import NEWEST_REVISION, open_database
from connector.store.documents import select_with_text
from connector.store.intake import Intake, Stored, read_cursors
from connector.store.lease import Lease, hold_lease, take_row
from connector.store.migrations import run as migrations
from connector.store.schema import (
    decision,
    document,
    metadata,
    raw_page,
    source_cursor,
    stripe_link,
    stripe_object,
)
from connector.stripe_source.parse import decode_fact, parse_object
from connector.sync import Pass
from connector.workplace import open_state, read_setup

ROOT = Path(__file__).parent.parent
SCRIPTS = ScriptDirectory(str(Path(migrations.__file__).parent))
REVISIONS = [script.revision for script in SCRIPTS.walk_revisions()]

pytestmark = pytest.mark.usefixtures("real_states")

Json = dict[str, Any]
Opened = Callable[..., Engine]


@pytest.fixture
def opened(state_url: str) -> Iterator[Opened]:
    """Opens the state, as often as it is called; everything is closed at the end."""
    engines: list[Engine] = []

    def open_it(books: str = "acme", account: str = "own") -> Engine:
        engines.append(open_database(state_url, books, account))
        return engines[-1]

    yield open_it
    for engine in engines:
        engine.dispose()


def tables_of(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def dump(engine: Engine, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
            if table.name not in without
        }


@contextmanager
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


# ---------------------------------------------------------------------------------------------- migrations


def upgrade_to(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def test_a_new_state_has_the_newest_tables(opened: Opened) -> None:
    engine = opened()
    assert tables_of(engine) == {*metadata.tables, "alembic_version"}
    assert database.stored_revision(engine) == NEWEST_REVISION


def test_the_program_knows_its_newest_migration() -> None:
    assert SCRIPTS.get_current_head() == NEWEST_REVISION
    assert sorted(REVISIONS) == sorted(set(REVISIONS)), "revisions are compared as text"


def test_opening_a_state_again_changes_nothing(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    before = dump(opened())

    def refuse(engine: Engine) -> None:
        raise AssertionError("a state of the newest revision was migrated")

    monkeypatch.setattr(migrations, "upgrade", refuse)
    assert dump(opened()) == before
    assert before["meta"] == [("books", "acme"), ("stripe.account", "own")]


def test_migrating_twice_changes_nothing(opened: Opened) -> None:
    engine = opened()
    before = dump(engine)
    migrations.upgrade(engine)
    assert dump(engine) == before


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_state_of_each_revision_is_brought_up_to_date(revision: str, state_url: str) -> None:
    engine = database.make_engine(state_url)
    upgrade_to(engine, revision)
    engine.dispose()
    engine = open_database(state_url, "acme", "own")
    assert database.stored_revision(engine) == NEWEST_REVISION
    assert tables_of(engine) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_a_migration_that_breaks_off_leaves_nothing_behind(state_url: str, opened: Opened) -> None:
    engine = database.make_engine(state_url)
    seen: list[str] = []

    class Killed(BaseException):
        """The end of the process, as far as code that it meets can tell."""

    @event.listens_for(engine, "before_cursor_execute")
    def break_off(*arguments: Any) -> None:
        made = re.findall(r"CREATE TABLE (\w+)", arguments[2])
        seen.extend(made)
        if made == ["run"]:
            raise Killed

    with pytest.raises(Killed):
        database.migrate(engine, state_url)
    assert {"decision", "document", "run"} <= set(seen)
    assert tables_of(engine) == set()
    engine.dispose()
    assert tables_of(opened()) == {*metadata.tables, "alembic_version"}


def test_the_migrations_make_what_the_schema_says(opened: Opened) -> None:
    with opened().connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_every_word_that_the_schema_says(tmp_path: Path) -> None:
    """What a comparison of tables does not see: WITHOUT ROWID, the condition of an index, the order of columns."""

    unique = re.compile(r"CONSTRAINT \w+ UNIQUE \([^)]*\)")

    def statements(engine: Engine) -> dict[str, tuple[str, list[str]]]:
        query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
        with engine.connect() as connection:
            return {
                name: (re.sub(r"[\s,()]+", " ", unique.sub("", sql)), sorted(unique.findall(sql)))
                for name, sql in connection.execute(text(query))
            }

    migrated = open_database(f"sqlite:///{tmp_path}/migrated.db", "acme", "own")
    made = create_engine(f"sqlite:///{tmp_path}/made.db")
    metadata.create_all(made)
    assert statements(migrated) == statements(made)
    assert any("WITHOUT ROWID" in sql for sql, _ in statements(made).values())
    migrated.dispose()
    made.dispose()


def test_a_state_of_a_newer_version_is_refused(opened: Opened) -> None:
    engine = opened()
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = dump(engine)
    with pytest.raises(InputError, match=r"newer version of the connector \(revision 9999\)") as caught:
        opened()
    assert caught.value.exit_code == 2
    assert dump(engine) == before


def test_two_runs_that_make_the_state_at_once_both_get_it(state_url: str, opened: Opened) -> None:
    script = (
        "import sys; from connector.store.database import open_database;"
        "print(flush=True); sys.stdin.readline(); open_database(sys.argv[1], 'acme', 'own')"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, state_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in runs:
        assert one.stdout is not None and one.stdout.readline() == "\n"
    for one in runs:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[1].strip().split("\n")[-1] for one in runs]
    assert said == [""] * len(runs)
    assert tables_of(opened()) == {*metadata.tables, "alembic_version"}


# ---------------------------------------------------------------------------------------------- whose state it is


@pytest.mark.parametrize(
    ("books", "account", "named"),
    [
        ("other", "own", ("books", "'acme'", "'other'")),
        ("acme", "acct_1", ("stripe.account", "'own'", "'acct_1'")),
    ],
)
def test_a_state_of_other_books_is_refused(
    opened: Opened, books: str, account: str, named: tuple[str, ...]
) -> None:
    before = dump(opened())
    with pytest.raises(InputError) as caught:
        opened(books, account)
    assert all(word in str(caught.value) for word in named)
    assert caught.value.exit_code == 2
    assert dump(opened()) == before


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"Dear diary, " * 400)
    with pytest.raises(ConnectorError, match=r"state\.db cannot be used: file is not a database$"):
        open_database(f"sqlite:///{path}", "acme", "own")
    assert path.read_bytes() == b"Dear diary, " * 400


def test_a_server_that_is_away_is_one_sentence_without_the_password() -> None:
    with pytest.raises(ConnectorError) as caught:
        open_database("postgresql+psycopg://acme:hunter2@127.0.0.1:1/books", "acme", "own")
    assert "postgresql+psycopg://127.0.0.1:1/books cannot be used: " in str(caught.value)
    assert "hunter2" not in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


# ---------------------------------------------------------------------------------------------- who waits for whom


def test_sqlite_keeps_what_it_committed_and_lets_others_read(sqlite_url: str) -> None:
    engine = open_database(sqlite_url, "acme", "own")
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    engine.dispose()


def test_reading_waits_for_no_writer(opened: Opened) -> None:
    engine = opened()
    with engine.begin() as writing, thread() as other:
        writing.execute(source_cursor.insert().values(name="a", value="1"))

        def read() -> dict[str, str]:
            return read_cursors(engine)

        assert other.submit(read).result(timeout=5) == {}
    assert read_cursors(engine) == {"a": "1"}


def test_writing_waits_for_no_reader(opened: Opened) -> None:
    engine = opened()
    with engine.connect().execution_options(reading=True) as reading, thread() as other:
        assert reading.execute(select(source_cursor)).all() == []

        def write() -> None:
            with engine.begin() as connection:
                connection.execute(source_cursor.insert().values(name="a", value="1"))

        other.submit(write).result(timeout=5)
    assert read_cursors(engine) == {"a": "1"}


def test_opening_the_state_waits_for_no_writer(opened: Opened) -> None:
    """`status` and `list` open the state while a run writes to it."""
    engine = opened()
    with engine.begin() as writing, thread() as other:
        writing.execute(source_cursor.insert().values(name="a", value="1"))
        assert other.submit(lambda: read_cursors(opened())).result(timeout=5) == {}


def test_two_writers_take_turns(opened: Opened) -> None:
    engines = [opened(), opened()]
    with engines[0].begin() as connection:
        connection.execute(source_cursor.insert().values(name="count", value="0"))

    def count_up(engine: Engine) -> None:
        for _ in range(50):
            with engine.begin() as connection:
                query = select(source_cursor.c.value).where(source_cursor.c.name == "count").with_for_update()
                value = int(connection.execute(query).scalar_one())
                connection.execute(source_cursor.update().values(value=str(value + 1)))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(count_up, engine) for engine in engines]:
            done.result(timeout=60)
    assert read_cursors(engines[0]) == {"count": "100"}


# ---------------------------------------------------------------------------------------------- many rows at once


def cursor_row(number: int) -> Json:
    return {"name": f"n{number:05d}", "value": str(number)}


def test_many_rows_go_in_and_are_found_and_changed(opened: Opened) -> None:
    engine = opened()
    rows = [cursor_row(number) for number in range(40_000)]
    names = [row["name"] for row in rows]
    with engine.begin() as connection:
        insert_many(connection, source_cursor, rows)
        update_many(connection, source_cursor, ["name"], ["value"], [("even", name) for name in names[::2]])
        where = within(connection, source_cursor.c.name, names[:39_999])
        found = {row.name: row.value for row in connection.execute(select(source_cursor).where(where))}
    assert len(found) == 39_999
    assert found["n00000"] == found["n39998"] == "even" and found["n00001"] == "1"


def test_rows_whose_key_is_taken_are_passed_over_or_refused(opened: Opened) -> None:
    engine = opened()
    with engine.begin() as connection:
        insert_many(connection, source_cursor, [cursor_row(1)])
        insert_many(
            connection, source_cursor, [{"name": "n00001", "value": "other"}, cursor_row(2)], ignore=True
        )
    with pytest.raises(IntegrityError), engine.begin() as connection:
        insert_many(connection, source_cursor, [cursor_row(3), cursor_row(2)])
    assert read_cursors(engine) == {"n00001": "1", "n00002": "2"}


@pytest.mark.parametrize("ids", [[], ["it's", 'a "b"', "é\\", "%s", ":x", "{y}", "null"]])
def test_any_text_can_be_looked_for(opened: Opened, ids: list[str]) -> None:
    engine = opened()
    with engine.begin() as connection:
        insert_many(connection, source_cursor, [{"name": name, "value": ""} for name in [*ids, "left out"]])
        where = within(connection, source_cursor.c.name, ids)
        assert set(connection.execute(select(source_cursor.c.name).where(where)).scalars()) == set(ids)


# ---------------------------------------------------------------------------------------------- intake


def refund(status: str = "succeeded", amount: int = 1000, **fields: Any) -> Json:
    return {
        "object": "refund",
        "id": "re_1",
        "amount": amount,
        "currency": "usd",
        "created": APRIL - 600,
        "status": status,
        "charge": "ch_1",
        "payment_intent": None,
        "balance_transaction": "txn_1",
        "metadata": {},
        **fields,
    }


def charge(status: str = "succeeded", **fields: Any) -> Json:
    return {
        "object": "charge",
        "id": "ch_1",
        "amount": 1000,
        "amount_captured": 1000,
        "amount_refunded": 0,
        "captured": True,
        "currency": "usd",
        "created": APRIL - 1200,
        "status": status,
        "payment_method_details": {"type": "card", "card": {}},
        "metadata": {},
        **fields,
    }


class Filled:
    """A state under a lease, with two ledgers: `main` posts sales, `second` finds them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.world = FakeWorld()
        self.lease = take_row(engine, self.world, wait=False)
        self.intake = self.intake_for(("main", True), ("second", False))

    def intake_for(self, *ledgers: tuple[str, bool]) -> Intake:
        return Intake(self.engine, self.lease, ledgers, APRIL - 86_400, APRIL, self.world.new_id)

    def store(self, *objects: Json, cursor: tuple[str, str] | None = None) -> Stored:
        page = []
        for one in objects:
            parsed = parse_object(one)
            assert parsed is not None
            page.append((parsed, repr(one).encode()))
        return self.intake.store_page(page, cursor)

    def rows(self) -> dict[tuple[str, str], Any]:
        with self.engine.connect() as connection:
            return {(row.ledger, row.subject_id): row for row in connection.execute(select(decision))}

    def stored(self, object_id: str) -> Any:
        with self.engine.connect() as connection:
            query = select(stripe_object).where(stripe_object.c.object_id == object_id)
            return connection.execute(query).one()

    def fact(self, object_id: str) -> Any:
        row = self.stored(object_id)
        return decode_fact(row.kind, row.facts)

    def raw(self, object_id: str) -> bytes:
        """The bytes as they came: a line of the page that it came with."""
        row = self.stored(object_id)
        with self.engine.connect() as connection:
            query = select(raw_page.c.lines).where(raw_page.c.page_id == row.raw_page)
            lines = zlib.decompress(connection.execute(query).scalar_one()).split(b"\n")
        return lines[int(row.raw_line)]

    def settle(self) -> None:
        """As if a run had decided everything."""
        with self.engine.begin() as connection:
            connection.execute(decision.update().values(due=0, outcome="posted"))


@pytest.fixture
def filled(opened: Opened) -> Filled:
    return Filled(opened())


def test_a_new_object_is_stored_as_it_came(filled: Filled) -> None:
    stored = filled.store(refund(), charge(), cursor=("export:refund", "1"))
    assert stored.new == {"refund": 1, "charge": 1} and stored.changed == {} and stored.defects == ()
    assert filled.fact("re_1").amount_minor == 1000
    with filled.engine.connect() as connection:
        links = {(row.from_id, row.to_id) for row in connection.execute(select(stripe_link))}
    assert filled.raw("re_1") == repr(refund()).encode() and filled.raw("ch_1") == repr(charge()).encode()
    assert ("re_1", "ch_1") in links
    assert read_cursors(filled.engine) == {"export:refund": "1", "stored": "2"}


def test_a_new_refund_waits_in_every_ledger_and_a_charge_where_sales_are_posted(filled: Filled) -> None:
    filled.store(refund(), charge())
    rows = filled.rows()
    assert set(rows) == {("main", "re_1"), ("second", "re_1"), ("main", "ch_1")}
    for row in rows.values():
        assert (row.outcome, row.due, row.first_seen, row.charge_id) == ("waiting", 2, APRIL, "ch_1")
    assert rows["main", "re_1"].sentence is not None


def test_what_is_older_than_the_start_is_kept_and_not_decided(filled: Filled) -> None:
    filled.store(refund(created=APRIL - 86_401), charge(created=APRIL - 86_400))
    assert set(filled.rows()) == {("main", "ch_1")}
    assert filled.fact("re_1").amount_minor == 1000


def test_the_same_page_again_is_nothing_new(filled: Filled) -> None:
    filled.store(refund(), charge())
    filled.settle()
    before = dump(filled.engine, without=("lease",))
    stored = filled.store(refund(), charge())
    assert stored.new == {} and stored.changed == {}
    assert dump(filled.engine, without=("lease",)) == before


def test_of_two_copies_on_a_page_the_later_one_counts(filled: Filled) -> None:
    stored = filled.store(refund("pending"), refund("succeeded", amount=900))
    assert stored.new == {"refund": 1}
    assert filled.fact("re_1").status == "succeeded"
    assert filled.rows()["main", "re_1"].amount_minor == 900


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("succeeded", "pending"),
        ("failed", "succeeded"),
        ("canceled", "pending"),
        ("failed", "requires_action"),
    ],
)
def test_a_refund_never_goes_back(filled: Filled, old: str, new: str) -> None:
    filled.store(refund(old))
    filled.settle()
    before = dump(filled.engine, without=("lease",))
    assert filled.store(refund(new)).changed == {}
    assert dump(filled.engine, without=("lease",)) == before


@pytest.mark.parametrize(
    ("old", "new"), [("pending", "succeeded"), ("succeeded", "failed"), ("pending", "canceled")]
)
def test_a_refund_that_went_on_is_decided_again_in_every_ledger(filled: Filled, old: str, new: str) -> None:
    filled.store(refund(old), charge())
    filled.settle()
    assert filled.store(refund(new)).changed == {"refund": 1}
    assert filled.fact("re_1").status == new
    assert filled.raw("re_1") == repr(refund(new)).encode() and filled.raw("ch_1") == repr(charge()).encode()
    assert filled.rows()["main", "re_1"].due == filled.rows()["second", "re_1"].due == 2
    assert filled.rows()["main", "re_1"].outcome == "posted", "only planning changes what became of it"


def test_a_charge_never_goes_back(filled: Filled) -> None:
    filled.store(charge("succeeded"))
    filled.settle()
    assert filled.store(charge("pending")).changed == {}
    assert filled.fact("ch_1").status == "succeeded"
    assert filled.store(charge("failed")).changed == {"charge": 1}


def test_a_row_shows_amount_currency_and_charge_as_stripe_has_them_now(filled: Filled) -> None:
    filled.store(refund("pending", charge=None, payment_intent="pi_1"))
    filled.store(refund("succeeded", amount=1100, currency="eur", charge="ch_2"))
    row = filled.rows()["second", "re_1"]
    assert (row.amount_minor, row.currency, row.charge_id) == (1100, "eur", "ch_2")


def test_what_belongs_to_a_refund_brings_it_up_again(filled: Filled) -> None:
    filled.store(refund(), charge())
    filled.settle()
    settled: Json = {
        "object": "balance_transaction",
        "id": "txn_1",
        "amount": -1000,
        "fee": 0,
        "net": -1000,
        "currency": "usd",
        "created": APRIL - 600,
        "available_on": APRIL,
        "type": "refund",
        "reporting_category": "refund",
        "source": "re_1",
        "exchange_rate": None,
    }
    assert filled.store(settled).new == {"balance_transaction": 1}
    assert {key: row.due for key, row in filled.rows().items()} == {
        ("main", "re_1"): 2,
        ("second", "re_1"): 2,
        ("main", "ch_1"): 0,
    }


def test_an_object_that_cannot_be_read_is_kept_and_told(filled: Filled) -> None:
    """A refund is never left out for what is wrong with it; other kinds wait for what belongs to them."""
    broken = {**refund(), "amount": "ten", "currency": "zzz"}
    del broken["created"]
    stored = filled.store(broken, {"object": "balance_transaction", "id": "txn_9", "source": "re_1"})
    assert [words.split(" has ")[0] for words in stored.defects] == [
        "refund re_1",
        "balance_transaction txn_9",
    ]
    assert set(filled.rows()) == {("main", "re_1"), ("second", "re_1")}
    assert filled.stored("txn_9").facts == "" and filled.fact("re_1").defect is not None
    filled.settle()
    assert filled.store(refund()).changed == {"refund": 1}
    assert filled.rows()["main", "re_1"].amount_minor == 1000


def test_a_page_and_its_cursor_are_stored_together_or_not_at_all(filled: Filled) -> None:
    filled.store(refund("pending"), cursor=("export:refund", "1"))
    before = dump(filled.engine, without=("lease",))
    broken: Any = ("export:refund", None)
    with pytest.raises(IntegrityError):
        filled.store(refund("succeeded"), charge(), cursor=broken)
    assert dump(filled.engine, without=("lease",)) == before


def test_a_page_without_the_lease_is_not_stored(filled: Filled) -> None:
    take_row(filled.engine, filled.world, wait=False)
    before = dump(filled.engine)
    with pytest.raises(LeaseHeld, match="another run has taken over"):
        filled.store(refund(), cursor=("export:refund", "1"))
    assert dump(filled.engine) == before


def test_a_ledger_that_is_added_later_gets_every_refund_and_charge(filled: Filled) -> None:
    many = [refund(id=f"re_{number:05d}", charge=f"ch_{number:05d}") for number in range(25)]
    filled.store(*many, refund(created=APRIL - 86_401), charge())
    later = filled.intake_for(*filled.intake.ledgers, ("third", True))
    for _ in range(2):
        later.add_ledger("third", "refund")
        later.add_ledger("third", "charge")
    third = {subject_id for ledger, subject_id in filled.rows() if ledger == "third"}
    assert third == {*(one["id"] for one in many), "ch_1"}


# ---------------------------------------------------------------------------------------------- a whole pass


SETTINGS = """\
books: acme
timezone: America/New_York
state: {state}
mappings: {root}/mappings
stripe: {{start: 2026-01-01, export: {root}/connector/samples/stripe}}
ledgers:
  main:
    kind: beancount
    sales: sales_receipt
    fees: true
    rules: refund_rules.yaml
    connection: {{path: books}}
"""


def sync_sample(folder: Path, url: str, world: FakeWorld) -> tuple[dict[str, list[Any]], dict[str, bytes]]:
    """The sample quarter read, decided and posted: the whole state, and the bytes of the books."""
    folder.mkdir(exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(SETTINGS.format(state=url, root=ROOT), encoding="utf-8")
    setup = read_setup(config, world)
    engine = open_state(setup)
    with hold_lease(engine, url, world, wait=False) as lease:
        report = Pass(setup, engine, lease).run("sync")
    assert report.errors == []
    state = dump(engine)
    engine.dispose()
    return state, {path.name: path.read_bytes() for path in (folder / "books").glob("*.beancount")}


def test_both_databases_make_the_same_state_and_the_same_books(
    tmp_path: Path, sqlite_url: str, postgres_url: str
) -> None:
    small, small_books = sync_sample(tmp_path / "sqlite", sqlite_url, FakeWorld())
    large, large_books = sync_sample(tmp_path / "postgresql", postgres_url, FakeWorld())
    assert len(small["document"]) > 100 and len(small["decision"]) > 100 and len(small_books) > 3
    assert large_books == small_books
    for table, rows in small.items():
        assert large[table] == rows, table


def test_a_second_pass_changes_nothing_but_the_list_of_runs(tmp_path: Path, state_url: str) -> None:
    world = FakeWorld()
    before, books = sync_sample(tmp_path / "books", state_url, world)
    world.clock.now += 900
    after, books_after = sync_sample(tmp_path / "books", state_url, world)
    assert books_after == books
    assert len(after["run"]) == len(before["run"]) + 1
    for table in after.keys() - {"run", "lease"}:
        assert after[table] == before[table], table


def test_what_is_open_or_stuck_is_found_without_reading_what_is_posted(
    opened: Opened, tmp_path: Path
) -> None:
    """A partial index serves only a query that repeats its condition to the letter."""
    engine = open_database(f"sqlite:///{tmp_path}/plans.db", "acme", "own")
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *found: asked.append((found[2], found[3])))
    views.has_outcome(engine, ["main"], "failed")
    list(views.decisions(engine, ["main"], subject=None, outcomes=("held", "reversed")))
    outbox = Outbox(engine, Lease(FakeWorld(), 1), "main", "r1")
    outbox.count("planned")
    list(outbox.pages("planned", 10))
    outbox.doubtful()
    plans = []
    with engine.connect() as connection:
        for statement, values in [one for one in asked if one[0].startswith("SELECT")]:
            steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append(" ".join(step[3] for step in steps))
    engine.dispose()
    assert ["decision_stuck" in plan for plan in plans] == [True, True, False, False, False]
    assert ["document_open" in plan for plan in plans] == [False, False, True, True, True]
    assert "USE TEMP B-TREE" not in plans[3], "a page of documents is read in the order of the index"


def test_text_moves_to_its_own_table_with_the_documents(tmp_path: Path) -> None:
    """A state of the revision before, with a document in it, keeps what the document says."""
    url = f"sqlite:///{tmp_path}/older.db"
    engine = database.make_engine(url)
    upgrade_to(engine, "0002")
    names = [c.name for c in document.columns if not c.nullable and c.name != "bare"]
    with engine.begin() as connection:
        columns = ", ".join([*names, "content", "payload"])
        values = ", ".join(
            ["1" if name in ("depth", "revision", "amount_minor") else f"'{name}'" for name in names]
        )
        connection.execute(text(f"INSERT INTO document ({columns}) VALUES ({values}, '[\"said\"]', 'sent')"))
    engine.dispose()
    engine = open_database(url, "acme", "own")
    with engine.connect() as connection:
        kept = connection.execute(select_with_text()).one()
    assert (kept.document_key, kept.content, kept.payload) == ("document_key", '["said"]', "sent")
    assert kept.state == "state"
    engine.dispose()


def test_a_page_of_ids_leaves_nothing_to_the_collector(tmp_path: Path) -> None:
    """A statement that refers to itself would keep its page of ids in memory for long."""
    engine = open_database(f"sqlite:///{tmp_path}/cycles.db", "acme", "own")
    with engine.connect() as connection:
        for count in range(3):
            ids = [f"n{count}{place}" for place in range(10)]
            gc.collect()
            connection.execute(
                select(source_cursor).where(within(connection, source_cursor.c.name, ids))
            ).all()
            left = gc.collect()
    engine.dispose()
    assert left == 0
