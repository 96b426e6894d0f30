"""Which documents of refunds and charges that Stripe gave up are never sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connector.store.settling import is_unsent

# What belongs to a document that is there, or takes it back.
STAY = ("fee", "exchange", "reversal", "application")


def left_out(rows: Sequence[Any]) -> list[str]:
    """Keys of the documents, given in the order of sending, that will never be sent: not there, and no longer wanted.

    Nothing takes back a fee, which Stripe has taken all the same, or what exchange moved: they stay where what they
    follow is there. So does a reversal whose original is there.
    """
    kinds = {row.document_key: row.kind for row in rows}
    there = {row.document_key for row in rows if row.state != "skipped" and not is_unsent(row)}
    standing = {row.subject_id for row in rows if row.document_key in there}
    gone: list[str] = []
    for row in rows:
        if not is_unsent(row):
            continue
        follows = [key for key in row.after_keys.split() if kinds.get(key, "reversal") != "reversal"]
        wanted = all(key in there for key in follows) and (bool(follows) or row.subject_id in standing)
        if row.kind in STAY and wanted:
            there.add(row.document_key)
        else:
            gone.append(row.document_key)
    return gone
