"""Document keys: the identity of a document in every ledger, the same on every machine and after a lost state."""

from __future__ import annotations

import hashlib

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
# Base 32 two characters at a time: the library's encoder is written for other sizes and takes several times as long.
PAIRS = [a + b for a in ALPHABET for b in ALPHABET]


def document_key(
    books: str, ledger: str, account: str, subject_id: str, kind: str, part: str = "", revision: int = 1
) -> str:
    """`dk` + 24 characters of [a-z2-7]: a hash of what the document is, never of what it says.

    `account` is the connected Stripe account or `own`; `subject_id` the refund, charge or customer it is for.
    """
    words = "\x1f".join((books, ledger, account, subject_id, kind, part, str(revision)))
    bits = int.from_bytes(hashlib.sha256(words.encode()).digest()[:15], "big")
    return "dk" + "".join([PAIRS[bits >> shift & 1023] for shift in range(110, -1, -10)])


def part_key(ledger: str, key: str, part: str) -> str:
    """The key of a further write that a document takes in a ledger, made of the document's own."""
    return document_key("", ledger, "", key, part)


def is_key(text: str) -> bool:
    """Whether a text is a document key, and not the id that a ledger gave."""
    return len(text) == 26 and text.startswith("dk") and set(text) <= set(ALPHABET)
