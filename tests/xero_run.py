"""Books of a few sales and refunds that go into Xero and into files, what Xero holds of them, and commands over them."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from small_books import fast_folder
from small_shop import mini_shop
from xero_books import XeroBooks, xero

from connector.cli.root import run
from connector.world import World

Json = dict[str, Any]
DOCUMENT_KEY = re.compile(r"\bdk[a-z2-7]{24}\b")
KINDS = ("Invoices", "CreditNotes", "Payments", "BankTransactions")


@contextmanager
def stage(**more: Any) -> Iterator[XeroBooks]:
    """Two sales and three refunds, with a second ledger of files."""
    with (
        fast_folder() as folder,
        xero(folder, sales="invoice_and_payment", fees=True, **more) as (books, shop),
    ):
        mini_shop(shop.export.folder).write()
        settings = json.loads(books.config.read_text(encoding="utf-8"))
        settings["ledgers"]["files"] = {
            "kind": "beancount",
            "sales": "invoice_and_payment",
            "connection": {"path": "books"},
        }
        books.config.write_text(json.dumps(settings), encoding="utf-8")
        yield books


def keys_in(books: XeroBooks) -> Counter[str]:
    """How many documents of the organisation bear each document key."""
    every = [one for kind in KINDS for one in books.organisation.documents(kind)]
    return Counter(found[0] for one in every if (found := DOCUMENT_KEY.search(str(one.get("Reference")))))


def picture(books: XeroBooks) -> Json:
    return {"keys": keys_in(books), "trial balance": books.organisation.trial_balance()}


def states_of(books: XeroBooks, ledger: str) -> set[str]:
    return {row[0] for row in books.rows(f"document WHERE ledger = '{ledger}'", "state")}


def command(books: XeroBooks, *words: str) -> int:
    """A command, at the time of these books."""
    clock = books.world.clock
    with (
        patch.object(World, "now", lambda world: clock.now),
        patch.object(World, "sleep", lambda world, seconds: books.world.sleep(seconds)),
        patch.object(World, "monotonic_ms", lambda world: books.world.monotonic_ms()),
        patch("sys.stdin", io.StringIO("")),
    ):
        return run([words[0], "-c", str(books.config), *words[1:]])
