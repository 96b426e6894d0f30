"""What the index of a books folder keeps of each entry: rows made from a file's text. Pure."""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from zlib import crc32

from connector.ledgers.beancount_text import (
    Block,
    JournalEntry,
    Opening,
    own_metadata,
    parse_block,
    sale_ids,
    stripe_ids,
    walk_blocks,
)


class Row(NamedTuple):
    """Where an entry stands; `entry` is its number in the index, `offset` and `length` count bytes.

    `name` is the ledger id of an entry that has no document key.
    """

    entry: int
    file: int
    offset: int
    length: int
    line: int
    name: str | None


# A term is a hashed value (`hash_term`) in front of the number of an entry that has it, in one whole number.
ENTRY_BITS = 31

_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def decode_books(content: bytes) -> str:
    """Text of a file; a byte that is no UTF-8 becomes a question mark, so that offsets in bytes stay true."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _NOT_UTF8.sub("?", content.decode("utf-8", "surrogateescape"))


def hash_term(value: str) -> int:
    """What the index keeps of a value: the same in every process; different values may share one."""
    return crc32(value.encode())


def name_by_hand(path: str, entry: JournalEntry, ids: Iterable[str]) -> str:
    """The ledger id of an entry without a document key: its file, its day and a hash of its number and ids.

    It stays the same whatever is added, changed or removed elsewhere. Entries alike in all of these are told
    apart by their order in the file (`RowReader`).
    """
    words = (entry.metadata.get("kind", ""), entry.metadata.get("number", ""), *ids)
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    return f"{path}:{entry.date}:{base64.b32encode(digest[:5]).decode().lower()}"


def is_payment_by_hand(metadata: Mapping[str, str]) -> bool:
    """Whether others booked it as a payment; ours name their sale, so nobody looks for them by customer."""
    return metadata.get("kind") == "payment" and not metadata.get("document_key")


def payer_mark(payee: str) -> str:
    """By what a payment is found by its customer; no number or id has a line break."""
    return "payer\n" + payee


class RowReader:
    """Collects the rows of one file in order, and for each the hashed values that it can be found by."""

    def __init__(self, file: int, path: str, next_entry: int, lines: int = 0) -> None:
        self.rows: list[Row] = []
        self.terms: list[int] = []
        self.openings: list[Opening] = []
        self.includes: list[str] = []
        self.options: list[tuple[str, str]] = []
        self.lines = lines
        self.next_entry = next_entry
        self._file = file
        self._path = path
        self._named: dict[str, int] = {}

    def read(self, base: int, content: bytes) -> None:
        """The next piece of the file, which begins at byte `base`."""
        if base == 0 and content.startswith(codecs.BOM_UTF8):
            base, content = len(codecs.BOM_UTF8), content[len(codecs.BOM_UTF8) :]
        text = decode_books(content)
        blocks = walk_blocks(text, self.openings, self.includes, self.options)
        self.add(base, text, ((block, None) for block in blocks))

    def add(self, base: int, text: str, blocks: Iterable[tuple[Block, dict[str, str] | None]]) -> None:
        """The blocks of the next text, which begins at byte `base`; with each its metadata if it is known."""
        plain = text.isascii()
        octets = characters = 0
        for block, metadata in blocks:
            if plain:
                offset, length = block.offset, block.end_offset - block.offset
            else:
                octets += _count_bytes(text[characters : block.offset])
                offset, length = octets, _count_bytes(block.text)
                octets += length
                characters = block.end_offset
            self._add(block, metadata, base + offset, length)
        self.lines += text.count("\n")

    def _add(self, block: Block, metadata: dict[str, str] | None, offset: int, length: int) -> None:
        if metadata is None and block.own is not None:
            metadata = own_metadata(block.own)
        name = None
        more: Iterable[str] = ()
        if metadata is None or not metadata.get("document_key"):
            entry = parse_block(block)
            if entry is None:
                return
            metadata = entry.metadata
            if not metadata.get("document_key"):
                refund_ids, charge_ids = stripe_ids(entry)
                name = self._name(entry, (*refund_ids, *charge_ids))
                more = (name, *refund_ids, *charge_ids, *sale_ids(entry))
                if is_payment_by_hand(metadata):
                    more = (*more, payer_mark(entry.payee))
        entry_number = self.next_entry
        self.next_entry += 1
        self.rows.append(Row(entry_number, self._file, offset, length, self.lines + block.line, name))
        get = metadata.get
        # A set, because a sale's number mostly is its refund's number too.
        values = {get("document_key"), get("number"), get("refund_id"), get("charge_id"), get("sale"), *more}
        self.terms += [crc32(value.encode()) << ENTRY_BITS | entry_number for value in values if value]

    def _name(self, entry: JournalEntry, ids: Iterable[str]) -> str:
        name = name_by_hand(self._path, entry, ids)
        count = self._named[name] = self._named.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"


def _count_bytes(text: str) -> int:
    return len(text.encode())
