"""Carries requests into a folder of Beancount files; nothing else touches that folder.

Three requests are understood (`method` and `target`); but for the text appended, bodies are JSON:

- `FIND entries`, body `{"by": NAME, "values": [...], "after": CURSOR, "limit": N}`; NAME is `document_key`,
  `ledger_id`, `number`, `charge_id`, `refund_id`, `sale_id` (a charge, payment intent or Stripe invoice), `sale`,
  `number_kind` (values are pairs [kind, number]), `payer` (payments by hand, by customer) or
  `all` -> 200 `{"entries": [...], "next": CURSOR or null}`. Every match is answered unless `limit` is given.
- `SURVEY survey` -> 200 with the title, the accounts opened, the names they may begin with, where the main file is
  broken, the files, and what a recovery cut off.
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
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from connector.delivery.file_append import (
    MAIN_NAME,
    InDoubt,
    Recovery,
    append_text,
    cut_tail,
    forget_lost,
    locked,
    make_file,
    make_folder,
    read_file,
    read_lost,
    recover,
    remember_lost,
    remove_leftovers,
    rewrite_file,
)
from connector.delivery.file_books import MONTH_NAME, Books, Moved
from connector.delivery.file_requests import (
    BadRequest,
    FoundEntry,
    Question,
    entry_json,
    json_answer,
    list_currencies,
    read_accounts,
    read_printed,
    read_question,
)
from connector.delivery.file_rows import decode_books
from connector.ledgers.beancount_faults import broken_line
from connector.ledgers.beancount_text import Block, print_string, torn_tail
from connector.ledgers.contract import Answer, Request

# A transaction that was cut short lies in the last piece of a file; one is never as long as this.
_TAIL_BYTES = 1_000_000
# What accounts begin with, unless an option `name_assets` ... says otherwise.
ROOTS = ("Assets", "Liabilities", "Equity", "Income", "Expenses")
# A person who saves the main file at the same moment is met once, not for ever.
_REWRITES = 5
_MAIN_HEAD = """\
; The books. Write what you like here and in files of your own that you include;
; the connector only adds `open`, `include` and `operating_currency` lines.
"""


class FileCourier:
    """The courier of one books folder. Safe beside others on the same folder: each request holds its lock."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.abspath(folder))
        self._books = Books(self._folder)
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
            return Answer(status=503, body=self._reason(error), arrived=False)
        except sqlite3.Error as error:
            with suppress(OSError):
                self._books.index.discard()
            return Answer(status=503, body=f"{self._folder}: the index: {error}".encode())
        except OSError as error:
            return Answer(status=503, body=self._reason(error))
        except UnicodeError as error:
            return Answer(status=503, body=f"{self._folder}: {error}".encode("utf-8", "replace"))

    def _reason(self, error: OSError) -> bytes:
        """The file or folder, and what the disk said of it."""
        named = error.filename if isinstance(error.filename, str | Path) else ""
        words = error.strerror or str(error)
        if isinstance(error, FileExistsError):
            words = "is a file, and no folder can be made there"
        return f"{self._folder / named}: {words}".encode("utf-8", "replace")

    def close(self) -> None:
        """Let go of the folder; a later request opens it again. Raises nothing."""
        # What the index lacks is read from the files by the next.
        with suppress(OSError, sqlite3.Error):
            if self._opened:
                with locked(self._folder):
                    self._books.index.flush()
        with suppress(sqlite3.Error):
            self._books.index.close()
        self._opened = False

    def forget_lost(self, document_keys: Sequence[str]) -> None:
        """Whoever asked which documents were cut off has noted that they are to be looked for. Raises nothing."""
        # What stays noted is looked for once more.
        with suppress(OSError):
            if document_keys:
                with locked(self._folder):
                    forget_lost(self._folder, document_keys)

    # --------------------------------------------------------------------------------------------- opening

    def _prepare(self) -> None:
        """Before anything else, under the lock: settle what a killed run left, then see what has changed."""
        recover(self._folder, self._recovery)
        if not self._opened:
            remove_leftovers(self._folder)
        cut = None if self._opened else self._cut_torn_tail
        try:
            self._books.refresh(cut)
        except sqlite3.DatabaseError:
            self._books.index.discard()
            self._books.refresh(cut)
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
            remember_lost(self._folder, [torn[1]])
            cut_tail(self._folder / path, begin + len(text[: torn[0]].encode()))
            self._recovery.cut.append(torn[1])

    # ------------------------------------------------------------------------------------------------ FIND

    def _find(self, request: Request) -> dict[str, Any]:
        question = read_question(request.body)
        if not self._folder.is_dir():
            return {"entries": [], "next": None}
        with locked(self._folder):
            self._prepare()
            found, more = self._look_for(question)
        following = json.dumps([found[-1].path, found[-1].offset]) if more else None
        return {"entries": [entry_json(entry) for entry in found], "next": following}

    def _look_for(self, question: Question) -> tuple[list[FoundEntry], bool]:
        try:
            return self._books.find(question)
        except Moved as error:
            # The file was edited within one tick of its clock: its stat did not show it.
            self._books.index.expire(error.filename)
        except sqlite3.DatabaseError:
            self._books.index.discard()
        self._books.refresh()
        return self._books.find(question)

    # ---------------------------------------------------------------------------------------------- SURVEY

    def _survey(self) -> dict[str, Any]:
        exists = self._folder.is_dir()
        lost: list[str] = []
        if exists:
            with locked(self._folder):
                self._prepare()
                lost = read_lost(self._folder)
        files = self._books.included_files() if exists else []
        openings = self._books.openings() if exists else []
        closed = {one.account: one.date.isoformat() for one in self._books.closings()} if exists else {}
        main = [book_file.options for book_file in files if book_file.path == MAIN_NAME]
        options = dict(pair for pairs in main for pair in pairs)
        return {
            "exists": exists,
            "title": options.get("title", self._folder.name),
            "roots": {root: options.get(f"name_{root.lower()}", root) for root in ROOTS},
            "broken": self._broken_main() if exists else None,
            "open_accounts": sorted({opening.account for opening in openings}),
            "openings": [
                {
                    "account": opening.account,
                    "date": opening.date.isoformat(),
                    "currencies": list(opening.currencies),
                    "closed": closed.get(opening.account),
                }
                for opening in openings
            ],
            "files": [book_file.path for book_file in files],
            "cut": list(dict.fromkeys([*lost, *self._recovery.cut])),
            "notes": list(self._recovery.notes),
        }

    def _broken_main(self) -> str | None:
        """Where the main file swallows what is added to it, or is no text: `FILE:LINE: what is wrong`."""
        content = read_file(self._folder / MAIN_NAME)
        wrong = broken_line(content) if content is not None else None
        return None if wrong is None else f"{self._folder / MAIN_NAME}:{wrong[0]}: {wrong[1]}"

    # ---------------------------------------------------------------------------------------------- APPEND

    def _append(self, request: Request) -> Answer:
        name = request.target
        if not MONTH_NAME.fullmatch(name):
            raise BadRequest(f"{name} is no file of a month, such as 2026-03.beancount")
        printed = read_printed(request.body)
        accounts = read_accounts(request, printed.blocks)
        make_folder(self._folder)
        with locked(self._folder):
            self._prepare()
            asked = Question("document_key", frozenset(printed.document_keys), None, None)
            found, _ = self._look_for(asked)
            if found:
                return json_answer(409, {"present": {entry.ledger_id: entry.path for entry in found}})
            make_file(self._folder / name)
            self._books.refresh()
            self._complete_main(name, accounts, printed.blocks)
            before, after = append_text(self._folder, name, request.body)
            # From here on the text stands, whatever becomes of the index.
            try:
                self._books.extend(name, printed, before, after)
            except (OSError, sqlite3.Error):
                with suppress(sqlite3.Error):
                    self._books.index.close()
        return json_answer(200, {"file": name, "written": printed.document_keys})

    def _complete_main(self, name: str, accounts: Sequence[str], blocks: Sequence[Block]) -> None:
        """See that the main file reaches the month's file and that every account is opened once, anywhere."""
        for _ in range(_REWRITES):
            opened = {opening.account for opening in self._books.openings()}
            lines = [f"1970-01-01 open {account}\n" for account in accounts if account not in opened]
            if all(book_file.path != name for book_file in self._books.included_files()):
                lines.append(f'include "{name}"\n')
            strange = self._strange_currencies(blocks)
            if not lines and not strange:
                return
            before = read_file(self._folder / MAIN_NAME)
            if before is not None and before.startswith(_MAIN_HEAD.encode()):
                lines += [f'option "operating_currency" "{name}"\n' for name in strange]
            if not lines:
                return
            content = before if before is not None else self._begin_main(blocks)
            if content and not content.endswith(b"\n"):
                content += b"\n"
            rewrite_file(self._folder / MAIN_NAME, before, content + "".join(lines).encode())
            self._books.refresh()
        raise OSError(errno.EBUSY, "the open and include lines that it needs do not take", MAIN_NAME)

    def _strange_currencies(self, blocks: Sequence[Block]) -> list[str]:
        """Currencies of these postings that the main file does not name among its operating currencies."""
        main = (
            book_file.options for book_file in self._books.included_files() if book_file.path == MAIN_NAME
        )
        known = {value for options in main for name, value in options if name == "operating_currency"}
        return [name for name in list_currencies(blocks) if name not in known]

    def _begin_main(self, blocks: Sequence[Block]) -> bytes:
        lines = [f'option "title" "{print_string(self._folder.name)}"\n']
        lines += [f'option "operating_currency" "{name}"\n' for name in list_currencies(blocks)]
        return (_MAIN_HEAD + "".join(lines) + "\n").encode()
