"""Document keys: the identity of a document, the same on every machine."""

from __future__ import annotations

import base64
import hashlib
import re
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.planning.keys import document_key

PLAIN: dict[str, Any] = {
    "books": "acme",
    "ledger": "main",
    "account": "own",
    "subject_id": "re_1",
    "kind": "credit_memo",
    "part": "",
    "revision": 1,
}


def test_a_key_is_dk_and_24_characters_of_base_32() -> None:
    assert re.fullmatch(r"dk[a-z2-7]{24}", document_key(**PLAIN))


def test_a_key_never_changes_between_versions() -> None:
    # This very key stands in books that were written before: another one would post every document twice.
    assert document_key(**PLAIN) == "dkvf4fchha7qbc5us4qzlpggln"


def test_whatever_a_document_is_makes_another_key() -> None:
    changes: dict[str, Any] = {
        "books": "other",
        "ledger": "second",
        "account": "acct_1",
        "subject_id": "re_2",
        "kind": "fee",
        "part": "refund",
        "revision": 2,
    }
    keys = [document_key(**PLAIN)] + [
        document_key(**PLAIN | {name: value}) for name, value in changes.items()
    ]
    assert all(a != b for a, b in combinations(keys, 2))


def test_neighbouring_words_are_told_apart() -> None:
    assert document_key(**PLAIN | {"kind": "fee", "part": ""}) != document_key(
        **PLAIN | {"kind": "", "part": "fee"}
    )
    assert document_key(**PLAIN | {"books": "a", "ledger": "bc"}) != document_key(
        **PLAIN | {"books": "ab", "ledger": "c"}
    )


@given(st.text(max_size=40), st.integers(1, 99))
def test_a_key_is_base_32_of_a_sha_256(subject_id: str, revision: int) -> None:
    words = "\x1f".join(("acme", "main", "own", subject_id, "void", "", str(revision)))
    digest = hashlib.sha256(words.encode()).digest()[:15]
    expected = "dk" + base64.b32encode(digest).decode().lower()
    assert (
        document_key(**PLAIN | {"subject_id": subject_id, "kind": "void", "revision": revision}) == expected
    )
