"""A books folder after kills, full disks, torn files, other hands and other couriers: before or after, never between."""

from __future__ import annotations

import errno
import json
import os
import select
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from journals import ACCOUNTS, MONTH, append, bean_check_file, find, key, memo, survey

from connector.delivery import file_append
from connector.delivery.file_courier import FileCourier
from connector.ledgers.contract import Request

STEPS = (
    "open_file",
    "write_some",
    "sync_file",
    "truncate_file",
    "replace_file",
    "remove_file",
    "sync_folder",
)
KILLED = 77
BATCH = memo(2, "\u00e4 \U0001f600", details=(("sku", "A"),)) + memo(3, 'a "quote"')


def run_apart(action: Callable[[], Any]) -> tuple[int, Any]:
    """Do something in a process of its own; its exit code and, if it came to the end, what it returned."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read_end)
            os.write(write_end, json.dumps(action()).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    with open(read_end, "rb") as stream:
        said = stream.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said) if said else None


def kill_at(place: int, when: str) -> list[str]:
    """Have this process die before, in the middle of, or after its nth touch of the disk; the list of touches."""
    touched: list[str] = []

    def wrap(name: str) -> None:
        touch = getattr(file_append, name)

        def wrapped(*arguments: Any) -> Any:
            touched.append(name)
            if len(touched) != place:
                return touch(*arguments)
            if when == "during" and name == "write_some":
                descriptor, content = arguments
                touch(descriptor, content[: len(content) // 2])
            elif when == "after":
                touch(*arguments)
            os._exit(KILLED)

        setattr(file_append, name, wrapped)

    for name in STEPS:
        wrap(name)
    return touched


def append_apart(folder: Path, place: int = 0, when: str = "") -> tuple[int, Any]:
    def action() -> Any:
        touched = kill_at(place, when)
        return FileCourier(folder).carry(append(BATCH)).status, touched

    return run_apart(action)


def state_nothing(folder: Path) -> None:
    """No books at all."""


def state_books(folder: Path) -> None:
    assert FileCourier(folder).carry(append(memo(1))).status == 200


def state_no_line_break(folder: Path) -> None:
    state_books(folder)
    (folder / MONTH).write_text(memo(1)[:-2])


def state_torn(folder: Path) -> None:
    """A run was killed in the middle of an append."""
    state_books(folder)
    touches = append_apart(folder)[1][1]
    shutil.rmtree(folder)
    state_books(folder)
    place = len(touches) - touches[::-1].index("write_some")
    assert append_apart(folder, place, "during")[0] == KILLED
    assert (folder / ".append").exists()
    assert len(memo(1).encode()) < (folder / MONTH).stat().st_size < len((memo(1) + BATCH).encode())


def state_killed_main(folder: Path) -> None:
    """A run was killed before the main file took its place."""
    place = append_apart(folder)[1][1].index("replace_file") + 1
    shutil.rmtree(folder)
    assert append_apart(folder, place, "before")[0] == KILLED
    assert (folder / "main.beancount.tmp").exists()


STATES = [state_nothing, state_books, state_no_line_break, state_torn, state_killed_main]
_checked: set[str] = set()


def check_books(folder: Path) -> None:
    """Beancount accepts the books; each content is asked about once."""
    text = "".join(path.read_text() for path in sorted(folder.glob("*.beancount")))
    if text not in _checked:
        assert bean_check_file(folder / "main.beancount") == ""
        _checked.add(text)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_kill_at_any_moment_of_an_append(state: Callable[[Path], None], tmp_path: Path) -> None:
    state(tmp_path / "again")
    code, (status, touched) = append_apart(tmp_path / "again")
    assert (code, status) == (0, 200)
    shutil.rmtree(tmp_path / "again")
    outcomes = set()
    for place in range(1, len(touched) + 1):
        for when in ("before", "during", "after"):
            if when == "during" and touched[place - 1] != "write_some":
                continue
            # One name for all, since it is the books' title: equal books are checked once.
            folder = tmp_path / "again"
            state(folder)
            before = (folder / MONTH).read_text() if (folder / MONTH).exists() else ""
            assert append_apart(folder, place, when)[0] == KILLED
            outcomes.add(recover_and_append(folder, before))
            shutil.rmtree(folder)
    assert outcomes == {200, 409}


def recover_and_append(folder: Path, before: str) -> int:
    """After a kill all of the batch stands or nothing of it, and the next run writes what is missing."""
    courier = FileCourier(folder)
    found = [entry["metadata"]["document_key"] for entry in find(courier, "document_key", key(2), key(3))]
    assert found in ([], [key(2), key(3)])
    whole = (folder / MONTH).read_text() if (folder / MONTH).exists() else ""
    if found:
        assert whole in (before + BATCH, before + "\n" + BATCH, memo(1) + BATCH)
    else:
        assert whole in (before, memo(1), "")
    if (folder / "main.beancount").exists():
        check_books(folder)
    assert not (folder / ".append").exists()
    assert not list(folder.glob("*.tmp"))
    status = courier.carry(append(BATCH)).status
    assert status == (409 if found else 200)
    assert [entry["metadata"]["document_key"] for entry in find(courier, "all")][-2:] == [key(2), key(3)]
    assert (folder / MONTH).read_text().count(key(2)) == 1
    check_books(folder)
    courier.close()
    return status


def test_a_kill_at_any_moment_of_a_recovery(tmp_path: Path) -> None:
    def recover_apart(folder: Path, place: int, when: str) -> tuple[int, Any]:
        def action() -> Any:
            touched = kill_at(place, when)
            survey(FileCourier(folder))
            return touched

        return run_apart(action)

    folder = tmp_path / "again"
    state_torn(folder)
    code, touched = recover_apart(folder, 0, "")
    assert code == 0
    assert "truncate_file" in touched
    for place in range(1, len(touched) + 1):
        for when in ("before", "after"):
            shutil.rmtree(folder)
            state_torn(folder)
            assert recover_apart(folder, place, when)[0] == KILLED
            assert recover_and_append(folder, memo(1)) == 200


# ---------------------------------------------------------------------------------------------- torn at every byte


@pytest.fixture
def books(tmp_path: Path) -> Path:
    folder = tmp_path / "books"
    state_books(folder)
    return folder


def announce(folder: Path, offset: int, text: bytes) -> bytes:
    """The marker of an append that is under way."""
    file_append._announce(folder, MONTH, offset, text)
    return (folder / ".append").read_bytes()


@pytest.fixture
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about power cuts: waiting for the disk thousands of times shows nothing."""
    monkeypatch.setattr(file_append, "sync_file", lambda descriptor: None)
    monkeypatch.setattr(file_append, "sync_folder", lambda folder: None)


@pytest.mark.usefixtures("quick_disk")
def test_an_append_cut_off_at_every_byte_is_taken_back(books: Path) -> None:
    before, batch = memo(1).encode(), BATCH.encode()
    assert len(batch) > len(BATCH)
    courier = FileCourier(books)
    cut: list[str] = []
    for size in range(len(batch) + 1):
        announce(books, len(before), batch)
        (books / MONTH).write_bytes(before + batch[:size])
        said = survey(courier)
        whole = size == len(batch)
        assert (books / MONTH).read_bytes() == (before + batch if whole else before)
        assert not (books / ".append").exists()
        assert said["notes"] == []
        cut = said["cut"]
    assert set(cut) >= {key(2), key(3)}
    assert all(key(2).startswith(name) or key(3).startswith(name) for name in cut)


@pytest.mark.usefixtures("quick_disk")
def test_a_marker_cut_off_at_every_byte_announces_nothing(books: Path) -> None:
    marker = announce(books, len(memo(1)), BATCH.encode())
    courier = FileCourier(books)
    for size in range(len(marker)):
        (books / ".append").write_bytes(marker[:size])
        assert survey(courier)["cut"] == []
        assert (books / MONTH).read_text() == memo(1)
        assert not (books / ".append").exists()


@pytest.mark.usefixtures("quick_disk")
def test_a_file_cut_off_at_every_byte_without_a_marker(books: Path, tmp_path: Path) -> None:
    """Whole transactions or Beancount accepts it, or, where only a head is left, the file is untouched."""
    before, batch = memo(1).encode(), BATCH.encode()
    second = len(memo(2, "\u00e4 \U0001f600", details=(("sku", "A"),)).encode())
    cuts = set()
    for size in range(len(batch) + 1):
        (books / MONTH).write_bytes(before + batch[:size])
        courier = FileCourier(books)
        cut = survey(courier)["cut"]
        assert survey(FileCourier(books))["cut"] == [name for name in cut if len(name) == len(key(2))]
        courier.forget_lost(cut)
        after = (books / MONTH).read_bytes()
        if cut:
            assert after in (before, before + batch[:second])
            assert (after == before) == (size < second)
            cuts.add(cut[0])
            check_books(books)
        else:
            assert after == before + batch[:size]
            rest = batch[:size][second if size > second else 0 :]
            assert b'document_key: "dk' not in rest or rest.rstrip() in (
                batch[:second].rstrip(),
                batch[second:].rstrip(),
            )
        found = find(courier, "refund_id", "re_2", "re_3", "re_")
        assert len(found) == (0 if size < second - 2 else 2 if size >= len(batch) - 2 else 1)
        courier.close()
    assert {key(2), key(3)} <= cuts


def test_a_torn_file_of_a_person_is_left(books: Path) -> None:
    hand = "hand.beancount"
    (books / "main.beancount").write_text(f'include "{hand}"\ninclude "{MONTH}"\n')
    torn = (memo(2) + memo(3))[:-40]
    (books / hand).write_text(torn)
    assert survey(FileCourier(books))["cut"] == []
    assert (books / hand).read_text() == torn


def test_a_long_run_does_not_cut_what_is_half_saved(books: Path) -> None:
    courier = FileCourier(books)
    survey(courier)
    torn = (memo(1) + memo(2))[:-40]
    (books / MONTH).write_text(torn)
    assert survey(courier)["cut"] == []
    assert (books / MONTH).read_text() == torn


@pytest.mark.parametrize(
    ("now", "notes"),
    [
        (memo(1)[:50], 1),
        (memo(9) + memo(1) + BATCH[:30], 1),
        (memo(1) + BATCH[:30] + "\n; what is this?\n", 1),
        (memo(1) + BATCH + memo(4), 0),
        (memo(1), 0),
        (None, 1),
    ],
)
def test_what_a_person_did_after_a_kill_is_left(books: Path, now: str | None, notes: int) -> None:
    announce(books, len(memo(1)), BATCH.encode())
    if now is None:
        (books / MONTH).unlink()
    else:
        (books / MONTH).write_text(now)
    said = survey(FileCourier(books))
    assert len(said["notes"]) == notes
    assert (books / MONTH).exists() is (now is not None)
    if now is not None:
        assert (books / MONTH).read_text() == now
    assert not (books / ".append").exists()


def test_a_marker_whose_text_is_damaged_takes_nothing_back(books: Path) -> None:
    marker = announce(books, len(memo(1)), BATCH.encode())
    (books / ".append").write_bytes(marker[:-200])
    (books / MONTH).write_text(memo(1) + BATCH[:30])
    courier = FileCourier(books)
    assert survey(courier)["cut"] == []
    assert (books / MONTH).read_text() == memo(1) + BATCH[:30]


def test_a_marker_can_not_point_out_of_the_folder(books: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    file_append._announce(books, "../precious", 0, b"xy")
    survey(FileCourier(books))
    assert (tmp_path / "precious").read_text() == "x"


# ------------------------------------------------------------------------------------------------ a failing disk


def fail(name: str, monkeypatch: pytest.MonkeyPatch, times: int, only: bytes = b"") -> list[int]:
    """Have a touch of the disk fail; `only` limits it to writes of such bytes. Counts the failures."""
    touch = getattr(file_append, name)
    failed: list[int] = []

    def failing(*arguments: Any) -> Any:
        if len(failed) >= times or not (not only or arguments[1].startswith(only)):
            return touch(*arguments)
        failed.append(1)
        if name == "write_some":
            touch(arguments[0], arguments[1][:200])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_append, name, failing)
    return failed


def test_a_full_disk_writes_nothing(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = fail("write_some", monkeypatch, 1, BATCH.encode()[:20])
    courier = FileCourier(books)
    answer = courier.carry(append(BATCH))
    assert failed == [1]
    assert (answer.status, answer.arrived) == (503, True)
    assert b"No space left" in answer.body
    assert (books / MONTH).read_text() == memo(1)
    assert not (books / ".append").exists()
    assert courier.carry(append(BATCH)).status == 200
    check_books(books)


def test_an_append_that_can_not_be_taken_back_is_in_doubt(
    books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        failed = fail("write_some", patch, 1, BATCH.encode()[:20]) + fail("truncate_file", patch, 1)
        courier = FileCourier(books)
        answer = courier.carry(append(BATCH))
        assert (answer.status, answer.arrived) == (503, False)
        assert failed == []
    assert (books / MONTH).stat().st_size == len(memo(1)) + 200
    assert find(courier, "document_key", key(2)) == []
    assert (books / MONTH).read_text() == memo(1)
    assert survey(courier)["cut"] == [key(2)]


@pytest.mark.parametrize("name", ["open_file", "write_some", "sync_file", "replace_file", "sync_folder"])
@pytest.mark.parametrize("skipped", range(6))
def test_any_refusal_of_the_disk_is_an_answer(
    name: str, skipped: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "books"
    touch = getattr(file_append, name)
    calls: list[int] = []

    def failing(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == skipped + 1:
            raise OSError(errno.EIO, "Input/output error")
        return touch(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(file_append, name, failing)
        answer = FileCourier(folder).carry(append(BATCH))
    if len(calls) <= skipped:
        assert answer.status == 200
        return
    assert answer.status == 503
    courier = FileCourier(folder)
    stands = bool(find(courier, "document_key", key(2), key(3)))
    assert not (stands and answer.arrived)
    assert courier.carry(append(BATCH)).status == (409 if stands else 200)
    check_books(folder)


def test_a_main_file_that_changes_meanwhile_is_read_again(
    books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = file_append.sync_file
    main = books / "main.beancount"
    edits: list[int] = []

    def sync_and_edit(descriptor: int) -> None:
        sync(descriptor)
        if not edits:
            edits.append(1)
            main.write_text(main.read_text() + "; a person was here\n")

    monkeypatch.setattr(file_append, "sync_file", sync_and_edit)
    assert FileCourier(books).carry(append(memo(2), "2026-04.beancount")).status == 200
    assert "; a person was here\n" in main.read_text()
    assert 'include "2026-04.beancount"\n' in main.read_text()
    assert not list(books.glob("*.tmp"))


def test_a_main_file_that_never_holds_still_is_given_up(books: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = file_append.sync_file
    main = books / "main.beancount"

    def sync_and_edit(descriptor: int) -> None:
        sync(descriptor)
        main.write_text(main.read_text() + "; again\n")

    monkeypatch.setattr(file_append, "sync_file", sync_and_edit)
    answer = FileCourier(books).carry(append(memo(2), "2026-04.beancount"))
    assert (answer.status, answer.arrived) == (503, True)


REQUESTS = [append(BATCH), Request("SURVEY", "survey"), Request("FIND", "entries", b'{"by": "all"}')]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.method)
def test_a_folder_that_is_a_file_is_an_answer(tmp_path: Path, request_: Request) -> None:
    (tmp_path / "books").write_text("")
    answer = FileCourier(tmp_path / "books").carry(request_)
    if request_.method == "APPEND":
        assert (answer.status, answer.arrived) == (503, True)
    else:
        assert answer.status == 200
    assert FileCourier(tmp_path / "books" / "deeper").carry(append(BATCH)).status == 503


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.method)
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_folder_without_permission_is_an_answer(books: Path, request_: Request, mode: int) -> None:
    # Root may do anything, so it becomes nobody, who must be able to come as far as the folder.
    for path in books.parents:
        if os.getuid() == 0 and not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o055)

    def as_nobody() -> Any:
        if os.getuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        answer = FileCourier(books).carry(request_)
        return answer.status, answer.arrived, answer.body.decode()

    books.chmod(mode if os.getuid() else mode | (mode >> 6))
    code, (status, arrived, body) = run_apart(as_nobody)
    books.chmod(0o700)
    assert (code, status, arrived) == (0, 503, True)
    assert "Permission denied" in body
    assert str(books) in body


def test_a_file_of_the_books_that_can_not_be_read_is_no_absence(books: Path) -> None:
    (books / "loop.beancount").symlink_to("loop.beancount")
    (books / "main.beancount").write_text('include "loop.beancount"\n')
    answer = FileCourier(books).carry(Request("FIND", "entries", b'{"by": "all"}'))
    assert (answer.status, answer.arrived) == (503, True)


# --------------------------------------------------------------------------------------------- two at once


def test_two_couriers_at_once_write_each_document_once(books: Path) -> None:
    numbers = range(10, 50)

    def write(order: list[int]) -> Any:
        courier = FileCourier(books)
        statuses = []
        for number in order:
            statuses.append(courier.carry(append(memo(number))).status)
            assert len(find(courier, "document_key", key(number))) == 1
        courier.close()
        return statuses

    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, json.dumps(write(list(numbers))).encode())
        finally:
            os._exit(0)
    mine = write(list(reversed(numbers)))
    os.close(write_end)
    os.waitpid(child, 0)
    with open(read_end, "rb") as stream:
        theirs = json.loads(stream.read())
    assert set(mine) | set(theirs) == {200, 409}
    assert [sorted(pair) for pair in zip(theirs, reversed(mine), strict=True)] == [[200, 409]] * len(numbers)
    found = [entry["metadata"]["document_key"] for entry in find(FileCourier(books), "all")]
    assert sorted(found) == sorted([key(1), *map(key, numbers)])
    check_books(books)


def test_a_courier_waits_until_the_folder_is_free(books: Path) -> None:
    # The child comes first: a fork within would inherit the lock.
    go_read, go_write = os.pipe()
    said_read, said_write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.read(go_read, 1)
            os.write(said_write, b"asked;")
            os.write(said_write, str(FileCourier(books).carry(append(memo(2))).status).encode())
        finally:
            os._exit(0)
    os.close(said_write)
    with file_append.locked(books):
        os.write(go_write, b"!")
        assert os.read(said_read, 6) == b"asked;"
        # Not select: it knows no descriptor above 1,023, and a long session has such.
        poll = select.poll()
        poll.register(said_read, select.POLLIN)
        ready = poll.poll(500)
        assert ready == []
        assert (books / MONTH).read_text() == memo(1)
    assert os.read(said_read, 3) == b"200"
    os.waitpid(child, 0)
    for descriptor in (go_read, go_write, said_read):
        os.close(descriptor)


def test_couriers_with_files_of_their_own_do_not_wait_for_ever(books: Path) -> None:
    first, second = FileCourier(books), FileCourier(books)
    for number in range(10, 20):
        courier, month = (first, MONTH) if number % 2 else (second, "2026-04.beancount")
        assert courier.carry(append(memo(number), month)).status == 200
        assert len(find(first, "all")) == len(find(second, "all")) == number - 8
    assert survey(first)["open_accounts"] == sorted(ACCOUNTS)


def test_a_lock_file_that_is_cleaned_away_locks_again(books: Path) -> None:
    courier = FileCourier(books)
    with file_append.locked(books):
        (books / ".lock").unlink()
        assert courier.carry(append(memo(2))).status == 200
    assert len(find(courier, "all")) == 2
