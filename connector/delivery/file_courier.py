"""Carries requests into a folder of Beancount files; nothing else touches that folder.

Three requests are understood (`method` and `target`); but for the text appended, bodies are JSON:

- `FIND entries`, body `{"by": NAME, "values": [...], "after": CURSOR, "limit": N}`; NAME is `document_key`,
  `ledger_id`, `number`, `charge_id`, `refund_id`, `sale`, `number_kind` (values are pairs [kind, number]) or
  `all` -> 200 `{"entries": [...], "next": CURSOR or null}`. Every match is answered unless `limit` is given.
- `SURVEY survey` -> 200 with the title, the accounts opened, the files, and what a recovery cut off.
- `APPEND 2026-03.beancount`, body one or more printed transactions, header `accounts` a JSON list of the
  accounts they name -> 200 when all of it stands; 409 `{"present": {document key: file}}`, nothing written,
  where some document stands already.

400: the request cannot be understood. 503: the disk refused; `arrived` is False only where an append may
stand all the same.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from connector.delivery.file_append import (
    MAIN_NAME,
    InDoubt,
    Recovery,
    append_text,
    cut_tail,
    locked,
    make_file,
    make_folder,
    read_file,
    recover,
    rewrite_file,
)
from connector.delivery.file_index import MONTH_NAME, FileIndex
from connector.delivery.file_requests import (
    BadRequest,
    Question,
    entry_json,
    json_answer,
    list_currencies,
    read_accounts,
    read_printed,
    read_question,
)
from connector.delivery.file_rows import Place, decode_books
from connector.ledgers.beancount_text import (
    Block,
    JournalEntry,
    parse_entry,
    print_string,
    torn_tail,
)
from connector.ledgers.contract import Answer, Request

# A transaction that was cut short lies in the last piece of a file; one is never as long as this.
_TAIL_BYTES = 1_000_000
# A person who saves the main file at the same moment is met once, not for ever.
_REWRITES = 5
_MAIN_HEAD = """\
; The books. Write what you like here and in files of your own that you include;
; the connector only adds `open` and `include` lines.
"""


class _Moved(OSError):
    """An entry is not where the index has it; `filename` is the file."""


class FileCourier:
    """The courier of one books folder. Safe beside others on the same folder: each request holds its lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._index = FileIndex(self._folder)
        self._recovery = Recovery()
        self._opened = False

    def carry(self, request: Request) -> Answer:
        """Do what the request asks; raises nothing."""
        try:
            if request.method == "FIND" and request.target == "entries":
                return json_answer(200, self._find(request))
            if request.method == "SURVEY" and request.target == "survey":
                return json_answer(200, self._survey())
            if request.method == "APPEND":
                return self._append(request)
            raise BadRequest(f"no request {request.method} {request.target}")
        except BadRequest as error:
            return Answer(status=400, body=str(error).encode())
        except InDoubt as error:
            return Answer(status=503, body=f"{self._folder}: {error.strerror}".encode(), arrived=False)
        except (OSError, sqlite3.Error, UnicodeError) as error:
            if isinstance(error, sqlite3.Error):
                with suppress(OSError):
                    self._index.discard()
            return Answer(status=503, body=f"{self._folder}: {error}".encode())

    def close(self) -> None:
        self._index.close()
        self._opened = False

    # ------------------------------------------------------------------------------------------------ opening

    def _prepare(self) -> None:
        """Before anything else, under the lock: settle what a killed run left, then see what has changed."""
        recover(self._folder, self._recovery)
        try:
            self._index.refresh(None if self._opened else self._cut_torn_tail)
        except sqlite3.DatabaseError:
            self._index.discard()
            self._index.refresh(None if self._opened else self._cut_torn_tail)
        self._opened = True

    def _cut_torn_tail(self, path: str) -> None:
        """Cut off a transaction that we began and did not end; only in our own files, only when opening.

        Later a file that changes is a person's edit, maybe one half saved.
        """
        if not MONTH_NAME.fullmatch(path):
            return
        with open(self._folder / path, "rb") as stream:
            begin = max(0, stream.seek(0, os.SEEK_END) - _TAIL_BYTES)
            stream.seek(begin)
            text = decode_books(stream.read())
        torn = torn_tail(text)
        if torn is not None:
            cut_tail(self._folder / path, begin + len(text[: torn[0]].encode()))
            self._recovery.cut.append(torn[1])

    # --------------------------------------------------------------------------------------------------- FIND

    def _find(self, request: Request) -> dict[str, Any]:
        question = read_question(request.body)
        if not self._folder.is_dir():
            return {"entries": [], "next": None}
        with locked(self._folder):
            self._prepare()
            try:
                return self._reply(question)
            except _Moved as error:
                # The file was edited within one tick of its clock: its stat did not show it.
                self._index.forget_stamp(error.filename)
            except sqlite3.DatabaseError:
                self._index.discard()
            self._prepare()
            return self._reply(question)

    def _reply(self, question: Question) -> dict[str, Any]:
        places, more = self._index.find(question.by, question.values, question.after, question.limit)
        entries = [entry_json(place, entry) for place, entry in self._read_entries(places)]
        return {"entries": entries, "next": json.dumps(places[-1][:2]) if more else None}

    def _read_entries(self, places: Sequence[Place]) -> Iterable[tuple[Place, JournalEntry]]:
        descriptor, path = -1, ""
        try:
            for place in places:
                if place.path != path:
                    if descriptor >= 0:
                        os.close(descriptor)
                    descriptor, path = (
                        os.open(self._folder / place.path, os.O_RDONLY | os.O_CLOEXEC),
                        place.path,
                    )
                text = decode_books(os.pread(descriptor, place.length, place.offset))
                entry = parse_entry(text, place.line)
                if entry is None or entry.metadata.get("document_key", place.ledger_id) != place.ledger_id:
                    raise _Moved(errno.ESTALE, "changed while it was read", place.path)
                yield place, entry
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    # ------------------------------------------------------------------------------------------------- SURVEY

    def _survey(self) -> dict[str, Any]:
        exists = self._folder.is_dir()
        if exists:
            with locked(self._folder):
                self._prepare()
        files = self._index.files() if exists else []
        included = [book_file for book_file in files if book_file.included]
        titles = [
            value
            for book_file in included
            if book_file.path == MAIN_NAME
            for name, value in book_file.options
            if name == "title"
        ]
        openings = [opening for book_file in included for opening in book_file.openings]
        return {
            "exists": exists,
            "title": titles[-1] if titles else self._folder.name,
            "open_accounts": sorted({opening.account for opening in openings}),
            "openings": [
                {
                    "account": opening.account,
                    "date": opening.date.isoformat(),
                    "currencies": list(opening.currencies),
                }
                for opening in openings
            ],
            "files": [book_file.path for book_file in included],
            "cut": list(self._recovery.cut),
            "notes": list(self._recovery.notes),
        }

    # ------------------------------------------------------------------------------------------------- APPEND

    def _append(self, request: Request) -> Answer:
        name = request.target
        if not MONTH_NAME.fullmatch(name):
            raise BadRequest(f"{name} is no file of a month, such as 2026-03.beancount")
        text, blocks, keys = read_printed(request.body)
        accounts = read_accounts(request, blocks)
        make_folder(self._folder)
        with locked(self._folder):
            self._prepare()
            places, _ = self._index.find("document_key", keys, None, None)
            if places:
                return json_answer(409, {"present": {place.ledger_id: place.path for place in places}})
            make_file(self._folder / name)
            self._index.refresh()
            self._complete_main(name, accounts, blocks)
            before, after = append_text(self._folder, name, request.body)
            # From here on the text stands, whatever becomes of the index.
            try:
                self._index.extend(name, text, blocks, before, after)
            except (sqlite3.Error, OSError):
                self._index.close()
        return json_answer(200, {"file": name, "written": keys})

    def _complete_main(self, name: str, accounts: Sequence[str], blocks: Sequence[Block]) -> None:
        """See that the main file reaches the month's file and that every account is opened once, anywhere."""
        for _ in range(_REWRITES):
            included = [book_file for book_file in self._index.files() if book_file.included]
            opened = {opening.account for book_file in included for opening in book_file.openings}
            lines = [f"1970-01-01 open {account}\n" for account in accounts if account not in opened]
            if all(book_file.path != name for book_file in included):
                lines.append(f'include "{name}"\n')
            if not lines:
                return
            before = read_file(self._folder / MAIN_NAME)
            content = before if before is not None else self._begin_main(blocks)
            if content and not content.endswith(b"\n"):
                content += b"\n"
            rewrite_file(self._folder / MAIN_NAME, before, content + "".join(lines).encode())
            self._index.refresh()
        raise OSError(errno.EBUSY, "the open and include lines that it needs do not take", MAIN_NAME)

    def _begin_main(self, blocks: Sequence[Block]) -> bytes:
        lines = [f'option "title" "{print_string(self._folder.name)}"\n']
        lines += [f'option "operating_currency" "{currency}"\n' for currency in list_currencies(blocks)]
        return (_MAIN_HEAD + "".join(lines) + "\n").encode()
