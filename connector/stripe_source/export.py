"""A folder of exported Stripe objects (`*.jsonl`, one object a line) as pages of objects. Reads only.

A file is known by its size and its time of change, both taken before it is read: if it is written to
meanwhile, they no longer agree at the next run and the file is read again. Memory does not grow with a file,
only with a page. Whatever cannot be read is an `InputError` "FILE:LINE: what is wrong"; nothing is passed
over in silence but blank lines and kinds of objects that are not used.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from connector.errors import InputError
from connector.stripe_source.parse import KINDS
from connector.stripe_source.parse_fields import encodable

SUFFIX = ".jsonl"
LONGEST_LINE = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_JSON_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file as it was when it was listed; `size` in bytes, `mtime_ns` since 1970."""

    path: Path
    name: str
    size: int
    mtime_ns: int


def changed_files(folder: str | Path, known: Mapping[str, tuple[int, int]]) -> list[ExportFile]:
    """The folder's `*.jsonl` files, by name, whose (size, mtime_ns) is not the one in `known` for their name.

    Folders inside the folder and hidden files are not looked at.
    """
    folder = Path(folder)
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise InputError(
            f"{folder}: the folder of exported objects cannot be read: {_reason(error)}"
        ) from error
    found = []
    for name in names:
        if not name.endswith(SUFFIX) or name.startswith("."):
            continue
        path = folder / name
        try:
            status = path.stat()
        except OSError as error:
            raise InputError(f"{path}: the file cannot be read: {_reason(error)}") from error
        # Opening a pipe would wait for its writer.
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path}: is not a file")
        if known.get(name) != (status.st_size, status.st_mtime_ns):
            found.append(ExportFile(path, name, status.st_size, status.st_mtime_ns))
    return found


def read_pages(file: ExportFile, page_size: int = 1000) -> Iterator[list[tuple[dict[str, Any], bytes]]]:
    """The file's objects with the bytes of their lines, at most `page_size` a page, in the order of the file.

    Fractions come as text (`"13.2136"`), so that no amount can hold one unseen; of a name that stands twice
    in one object the last value counts.
    """
    try:
        with file.path.open("rb") as stream:
            page = []
            for number, line in _lines(stream, file.path):
                try:
                    page.append((_read_object(line), line))
                except InputError as error:
                    raise InputError(f"{file.path}:{number}: {error}") from error.__cause__
                if len(page) == page_size:
                    yield page
                    page = []
            if page:
                yield page
    except OSError as error:
        raise InputError(f"{file.path}: the file cannot be read: {_reason(error)}") from error


def _lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """Every line that is not blank, from 1, without the blanks around it."""
    for number, line in enumerate(iter(partial(stream.readline, LONGEST_LINE), b""), 1):
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise InputError(f"{path}:{number}: the line is longer than {LONGEST_LINE} bytes")
        content = (line.removeprefix(_BOM) if number == 1 else line).strip(_JSON_BLANKS)
        if content:
            yield number, content


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


_decode = json.JSONDecoder(parse_float=str, parse_constant=_refuse_constant).raw_decode


def _read_object(line: bytes) -> dict[str, Any]:
    """The object of a line without blanks around it; what `InputError` says is yet without the place."""
    try:
        text = line.decode()
        raw, end = _decode(text)
        if end != len(text):
            raise json.JSONDecodeError("Extra data", text, end)
    except UnicodeDecodeError as error:
        raise InputError(f"the line is not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise InputError(f"the line is not JSON: {error.msg} at column {error.colno}") from error
    except ValueError as error:
        # A constant that JSON has not, or an integer of thousands of digits.
        raise InputError(f"the line is not JSON: {str(error).partition(';')[0]}") from error
    except RecursionError as error:
        raise InputError("the JSON is nested too deeply") from error
    if not isinstance(raw, dict):
        raise InputError("the line is JSON but no object; one Stripe object a line is wanted")
    kind = raw.get("object")
    if kind in ("list", "search_result"):
        raise InputError("the line is a page of a list; one Stripe object a line is wanted")
    if not isinstance(kind, str) or not kind:
        raise InputError("the object has no `object` that says what it is")
    if kind in KINDS and not _is_id(raw.get("id")):
        raise InputError(f"the {kind} has no `id` that is text")
    return raw


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and value != "" and encodable(value) == value


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
