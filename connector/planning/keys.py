"""Document keys: the identity of a document in every ledger, the same on every machine and after a lost state."""

from __future__ import annotations

import base64
import hashlib


def document_key(
    books: str, ledger: str, account: str, subject_id: str, kind: str, part: str = "", revision: int = 1
) -> str:
    """`dk` + 24 characters of [a-z2-7]: a hash of what the document is, never of what it says.

    `account` is the connected Stripe account or `own`; `subject_id` the refund, charge or customer it is for.
    """
    words = "\x1f".join((books, ledger, account, subject_id, kind, part, str(revision)))
    digest = hashlib.sha256(words.encode()).digest()[:15]
    return "dk" + base64.b32encode(digest).decode().lower()
