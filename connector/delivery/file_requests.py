"""What the requests to a books folder say, and how entries are answered; the shapes of `file_courier`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connector.delivery.file_rows import is_payment_by_hand, payer_mark
from connector.ledgers.beancount_block import OWN_FORM
from connector.ledgers.beancount_text import (
    Block,
    JournalEntry,
    clean_text,
    is_account,
    own_metadata,
    sale_ids,
    stripe_ids,
)
from connector.ledgers.contract import Answer, Request

_NAMES = frozenset(
    (
        "document_key",
        "ledger_id",
        "number",
        "charge_id",
        "refund_id",
        "sale_id",
        "sale",
        "number_kind",
        "payer",
        "all",
    )
)


class BadRequest(Exception):
    """A request that cannot be understood; `str()` says why, and nothing was done."""


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """An entry of the books; `path` is relative to the folder, `name` its ledger id without a document key."""

    path: str
    offset: int
    line: int
    name: str | None
    entry: JournalEntry

    @property
    def ledger_id(self) -> str:
        return self.name or self.entry.metadata["document_key"]


@dataclass(frozen=True, slots=True)
class Question:
    """A FIND: entries `by` one of their names, behind the place `after` (path, offset), at most `limit`."""

    by: str
    values: frozenset[str | tuple[str, str]]
    after: tuple[str, int] | None
    limit: int | None

    def asked(self) -> list[str]:
        """The values to look for; of a kind and a number it is the number, of a payer a mark of its own."""
        if self.by == "payer":
            return [payer_mark(str(value)) for value in self.values]
        return [value if isinstance(value, str) else value[1] for value in self.values]

    def matches(self, found: FoundEntry) -> bool:
        """Whether an entry is asked for."""
        if self.by == "all":
            return True
        metadata = found.entry.metadata
        if self.by == "ledger_id":
            return found.ledger_id in self.values
        if self.by == "number_kind":
            return (metadata.get("kind"), metadata.get("number")) in self.values
        if self.by == "payer":
            return is_payment_by_hand(metadata) and found.entry.payee in self.values
        if self.by in ("refund_id", "charge_id"):
            ids = stripe_ids(found.entry)[0 if self.by == "refund_id" else 1]
            return not self.values.isdisjoint(ids)
        if self.by == "sale_id":
            ids = (*stripe_ids(found.entry)[1], *sale_ids(found.entry))
            return not self.values.isdisjoint(ids)
        return metadata.get(self.by) in self.values


@dataclass(frozen=True, slots=True)
class Printed:
    """The text of an APPEND, `size` bytes long, its transactions and the metadata of each."""

    text: str
    size: int
    blocks: list[Block]
    metadata: list[dict[str, str]]

    @property
    def document_keys(self) -> list[str]:
        return [metadata["document_key"] for metadata in self.metadata]


def read_question(body: bytes) -> Question:
    """The question of a FIND; values are cleaned as they were when printed. Raises `BadRequest`."""
    try:
        content = json.loads(body)
        by, limit, cursor = content["by"], content.get("limit"), content.get("after")
        values: frozenset[str | tuple[str, str]]
        if by == "number_kind":
            pairs = content["values"]
            values = frozenset((clean_text(kind), clean_text(number)) for kind, number in pairs)
        else:
            values = frozenset(clean_text(value) for value in content.get("values", ()))
        after = None
        if cursor is not None:
            path, offset = json.loads(cursor)
            after = (str(path), int(offset))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest(f"the question cannot be read: {error}") from error
    if by not in _NAMES:
        raise BadRequest(f"entries cannot be found by {by!r}")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise BadRequest(f"{limit!r} is no limit")
    return Question(by, values, after, limit)


def read_printed(body: bytes) -> Printed:
    """Read the text of an APPEND.

    Raises `BadRequest` unless all of it is transactions in the printed form, each with a key of its own: what
    is appended can then be read back, told from others, and seen to be whole.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest("the text is no UTF-8") from error
    printed = Printed(text, len(body), [], [])
    position = 0
    line = 1
    while (own := OWN_FORM.match(text, position)) is not None and text.startswith("\n", own.end()):
        metadata = own_metadata(own)
        if not metadata.get("document_key", "").startswith("dk"):
            break
        printed.blocks.append(Block(own[0], position, own.end(), line, own))
        printed.metadata.append(metadata)
        line += text.count("\n", position, own.end()) + 1
        position = own.end() + 1
    if position != len(text) or not text:
        raise BadRequest(f"what stands at character {position} is no transaction in the printed form")
    if len(set(printed.document_keys)) != len(printed.blocks):
        raise BadRequest("a document key stands twice in the text")
    return printed


def read_accounts(request: Request, blocks: Sequence[Block]) -> list[str]:
    """The accounts that an APPEND names, each once: those of its header, else those of its postings."""
    listed = dict(request.headers).get("accounts")
    try:
        names = json.loads(listed) if listed is not None else [name for name, _ in _read_postings(blocks)]
        accounts = list(dict.fromkeys(names))
    except (ValueError, TypeError) as error:
        raise BadRequest("the accounts are no JSON list of names") from error
    for account in accounts:
        if not isinstance(account, str) or not is_account(account):
            raise BadRequest(f"{account!r} is no account name")
    return accounts


def list_currencies(blocks: Sequence[Block]) -> list[str]:
    """The currencies of the postings, in capitals, the most frequent first."""
    return [currency for currency, _ in Counter(name for _, name in _read_postings(blocks)).most_common()]


def _read_postings(blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    """Account and currency of each posting."""
    for block in blocks:
        if block.own is not None:
            for line in block.own[6].split("\n"):
                if line and not line.startswith("    "):
                    account, _, currency = line.split()
                    yield account, currency


def json_answer(status: int, content: dict[str, Any]) -> Answer:
    return Answer(status=status, body=json.dumps(content).encode())


def entry_json(found: FoundEntry) -> dict[str, Any]:
    """An entry as a FIND answers it: the fields of `JournalEntry`, its file, its ledger id and its Stripe ids.

    A posting is [account, amount_minor or null, currency, metadata].
    `refund_ids` and `charge_ids` are all that it is for (`stripe_ids`), `refund_id` and `charge_id` the first;
    `sale_ids` are the payment intents and Stripe invoices that it names.
    """
    entry = found.entry
    refund_ids, charge_ids = stripe_ids(entry)
    return {
        "ledger_id": found.ledger_id,
        "refund_id": refund_ids[0] if refund_ids else None,
        "charge_id": charge_ids[0] if charge_ids else None,
        "refund_ids": refund_ids,
        "charge_ids": charge_ids,
        "sale_ids": sale_ids(entry),
        "file": found.path,
        "line": found.line,
        "date": entry.date.isoformat(),
        "flag": entry.flag,
        "payee": entry.payee,
        "narration": entry.narration,
        "tags": entry.tags,
        "links": entry.links,
        "metadata": entry.metadata,
        "postings": [
            (posting.account, posting.amount_minor, posting.currency, posting.metadata)
            for posting in entry.postings
        ],
        "exotic": entry.exotic,
    }
