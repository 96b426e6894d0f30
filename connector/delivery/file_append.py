"""Writing into a books folder so that a kill at any moment leaves each file as it was before or after.

An append is announced in a marker file beside the books, which holds the exact bytes, and the marker is
removed when they stand: the next run can tell a cut-off append from a person's edit. Any other file is
written whole beside its place and then takes it. Each touch of the disk is a function of its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

LOCK_NAME = ".lock"
MARKER_NAME = ".append"
LOST_NAME = ".lost"
MAIN_NAME = "main.beancount"

KEY_LENGTH = 26
_DOCUMENT_KEY = re.compile(rb'^[ \t]+document_key: "(dk[a-z2-7]*)', re.MULTILINE)


class InDoubt(OSError):
    """An append began and could not be taken back: it may stand in the file or not."""


@dataclass(slots=True)
class Recovery:
    """What recoveries did: document keys that were cut off, and a sentence for what was left to a person."""

    cut: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# ---------------------------------------------------------------------------------------- touches of the disk


def open_file(path: Path, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o666)


def write_some(descriptor: int, content: bytes) -> int:
    return os.write(descriptor, content)


def sync_file(descriptor: int) -> None:
    os.fsync(descriptor)


def truncate_file(descriptor: int, size: int) -> None:
    os.ftruncate(descriptor, size)


def replace_file(source: Path, target: Path) -> None:
    os.replace(source, target)


def remove_file(path: Path) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[write_some(descriptor, bytes(view)) :]


# ------------------------------------------------------------------------------------------------ whole steps


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder alone, waiting for whoever has it; a process that dies frees it."""
    path = folder / LOCK_NAME
    while True:
        descriptor = open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_still_there(path, descriptor):
                yield
                return
        finally:
            os.close(descriptor)


def _is_still_there(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one that others will lock: a person may have cleaned the folder
    meanwhile.
    """
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sync_folder(folder.parent)


def make_file(path: Path) -> None:
    """An empty file, if there is none."""
    if not path.exists():
        os.close(open_file(path, os.O_WRONLY | os.O_CREAT))
        sync_folder(path.parent)


def rewrite_file(path: Path, before: bytes | None, after: bytes) -> bool:
    """Put `after` where `before` stands (None: no file); False, with nothing done, where another content
    stands.
    """
    place = Path(os.path.realpath(path))
    beside = place.with_name(place.name + ".tmp")
    remove_file(beside)
    descriptor = open_file(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        if before is not None:
            os.fchmod(descriptor, os.stat(place).st_mode & 0o777)
        write_all(descriptor, after)
        sync_file(descriptor)
    finally:
        os.close(descriptor)
    if read_file(place) != before:
        remove_file(beside)
        return False
    replace_file(beside, place)
    sync_folder(place.parent)
    return True


def read_file(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def append_text(folder: Path, name: str, text: bytes) -> tuple[os.stat_result, os.stat_result]:
    """Append to a file that exists, all or nothing; its stat before and after.

    A file whose last line is not ended gets its line break first. Raises OSError where nothing was written,
    and `InDoubt` where that is not sure.
    """
    descriptor = open_file(folder / name, os.O_RDWR | os.O_APPEND)
    try:
        before = os.fstat(descriptor)
        size = before.st_size
        written = text
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            written = b"\n" + text
        _announce(folder, name, size, written)
        try:
            write_all(descriptor, written)
            sync_file(descriptor)
        except OSError as error:
            _take_back(folder, descriptor, size, written, error)
            raise
        after = os.fstat(descriptor)
        # The append stands: a marker that cannot be removed now is read as such by the next run.
        with suppress(OSError):
            remove_file(folder / MARKER_NAME)
        return before, after
    finally:
        os.close(descriptor)


def _announce(folder: Path, name: str, offset: int, written: bytes) -> None:
    facts = {
        "file": name,
        "offset": offset,
        "length": len(written),
        "sha256": hashlib.sha256(written).hexdigest(),
    }
    descriptor = open_file(folder / MARKER_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        write_all(descriptor, json.dumps(facts).encode() + b"\n" + written)
        sync_file(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(folder)


def _take_back(folder: Path, descriptor: int, size: int, written: bytes, error: OSError) -> None:
    """Undo a failed append, on a disk that is full for instance; raises `InDoubt` where that fails too."""
    try:
        undone = written.startswith(os.pread(descriptor, len(written) + 1, size))
        if undone:
            truncate_file(descriptor, size)
            sync_file(descriptor)
            remove_file(folder / MARKER_NAME)
    except OSError:
        undone = False
    if not undone:
        raise InDoubt(error.errno, str(error.strerror)) from error


# --------------------------------------------------------------------------------------------------- recovery


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed rewriting of the main file left beside it."""
    remove_file(Path(os.path.realpath(folder / MAIN_NAME) + ".tmp"))


def recover(folder: Path, recovery: Recovery) -> None:
    """Finish or take back an append that broke off; a file that a person has changed since is left as it is."""
    content = read_file(folder / MARKER_NAME)
    if content is None:
        return
    announced = _read_marker(content)
    if announced is not None:
        name, offset, written = announced
        _settle_append(folder, name, offset, written, recovery)
    remove_file(folder / MARKER_NAME)


def _read_marker(content: bytes) -> tuple[str, int, bytes] | None:
    """File, offset and bytes of an announced append; None where the marker is not whole: nothing was
    appended.
    """
    head, _, written = content.partition(b"\n")
    try:
        facts = json.loads(head)
        name, offset, digest = str(facts["file"]), int(facts["offset"]), facts["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
    if digest != hashlib.sha256(written).hexdigest() or os.path.basename(name) != name:
        return None
    return name, offset, written


def _settle_append(folder: Path, name: str, offset: int, written: bytes, recovery: Recovery) -> None:
    try:
        descriptor = open_file(folder / name, os.O_RDWR)
    except FileNotFoundError:
        recovery.notes.append(f"{name} was removed while an append to it was under way; it is left so")
        return
    try:
        size = os.fstat(descriptor).st_size
        present = os.pread(descriptor, len(written), offset) if size > offset else b""
        if present == written:
            sync_file(descriptor)
        elif size < offset or not written.startswith(present):
            recovery.notes.append(f"{name} was changed after an append to it broke off; it is left as it is")
        elif present:
            cut = [key.decode() for key in _DOCUMENT_KEY.findall(present)]
            remember_lost(folder, cut)
            truncate_file(descriptor, offset)
            sync_file(descriptor)
            recovery.cut += cut
    finally:
        os.close(descriptor)


def read_lost(folder: Path) -> list[str]:
    """Keys of documents that were cut off and that no run has looked for since."""
    content = read_file(folder / LOST_NAME) or b""
    return [line.decode() for line in content.split(b"\n") if len(line) == KEY_LENGTH]


def remember_lost(folder: Path, document_keys: Sequence[str]) -> None:
    """To be called before they are cut off: whoever cuts, and whatever becomes of it, the next run looks for them."""
    whole = [key for key in document_keys if len(key) == KEY_LENGTH]
    if whole:
        _write_lost(folder, [*read_lost(folder), *whole])


def forget_lost(folder: Path, document_keys: Sequence[str]) -> None:
    known = read_lost(folder)
    left = [key for key in known if key not in document_keys]
    if left:
        _write_lost(folder, left)
    elif known:
        remove_file(folder / LOST_NAME)
        sync_folder(folder)


def _write_lost(folder: Path, document_keys: Sequence[str]) -> None:
    text = "".join(f"{key}\n" for key in dict.fromkeys(document_keys)).encode()
    rewrite_file(folder / LOST_NAME, read_file(folder / LOST_NAME), text)


def cut_tail(path: Path, offset: int) -> None:
    """Cut a file off at `offset`."""
    descriptor = open_file(path, os.O_RDWR)
    try:
        truncate_file(descriptor, offset)
        sync_file(descriptor)
    finally:
        os.close(descriptor)
