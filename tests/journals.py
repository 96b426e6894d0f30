"""Beancount texts for tests, and Beancount's own judgement of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connector.ledgers.beancount_text import Pairs, print_transaction
from connector.ledgers.contract import Answer, Courier, Request

OPEN = "".join(
    f"1970-01-01 open {account}\n"
    for account in ("Income:Sales", "Liabilities:Tax", "Assets:Accounts-Receivable", "Assets:Stripe:Clearing")
)
HOSTILE = [
    'He said "hi"',
    "back\\slash",
    "ends in a backslash\\",
    '\\"',
    "two\nlines",
    '"\n2026-01-01 * "forged" "entry"\n  document_key: "dkforged"\n  Assets:A  1 USD\n  Assets:B\n"',
    "\n" * 100,
    "tab\there\r\n",
    "nul\x00 escape\x1b[31m delete\x7f next line\x85",
    "\u2028line\u2029paragraph",
    "\u202egnp.exe",
    "half \ud83d pair \udc00",
    "\U0001f600 emoji, umlaut \u00e4, \u4e2d\u6587, no-break\u00a0space",
    "; no comment",
    "#tag ^link @@ {cost}",
    'option "title" "x"',
    "",
    " ",
    "'",
    "%s {0} {payee}",
    "x" * 5000,
]


def bean_check(folder: Path, text: str) -> str:
    """What `bean-check` says about a text: nothing where it is right."""
    journal = folder / "checked.beancount"
    journal.write_bytes(text.encode())
    return bean_check_file(journal)


def bean_check_file(journal: Path) -> str:
    """What `bean-check` says about a journal: nothing where it is right."""
    program = Path(sys.executable).with_name("bean-check")
    if not program.exists():
        pytest.skip(f"{program} is missing: install the extra `ledger` to check against Beancount itself")
    run = subprocess.run([program, journal], capture_output=True, text=True, check=False)
    assert (run.returncode == 0) == (run.stderr == ""), run.stderr
    return run.stderr


LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def key(number: int) -> str:
    return "dk" + LETTERS[number // 32 % 32] + LETTERS[number % 32] * 23


def memo(number: int = 0, payee: str = "Jo Smith", narration: str = "Refund", details: Pairs = ()) -> str:
    return print_transaction(
        posting_date=date(2026, 3, 5),
        payee=payee,
        narration=narration,
        links=(f"ch_{number}", f"re_{number}"),
        metadata=(
            ("document_key", key(number)),
            ("kind", "credit_memo"),
            ("number", f"{100 + number}"),
            ("refund_id", f"re_{number}"),
        ),
        postings=(
            ("Income:Sales", 10_000, "usd", details),
            ("Liabilities:Tax", 1_000, "usd", ()),
            ("Assets:Accounts-Receivable", -11_000, "usd", ()),
        ),
    )


ACCOUNTS = ["Income:Sales", "Liabilities:Tax", "Assets:Accounts-Receivable"]
MONTH = "2026-03.beancount"


def ask(by: str, values: Sequence[Any] = (), **more: Any) -> Request:
    """A FIND."""
    return Request("FIND", "entries", json.dumps({"by": by, "values": list(values), **more}).encode())


def append(text: str, month: str = MONTH, accounts: list[str] | None = None) -> Request:
    """An APPEND."""
    headers = (("attempt-key", "at"), ("accounts", json.dumps(ACCOUNTS if accounts is None else accounts)))
    return Request("APPEND", month, text.encode(), headers)


def content(answer: Answer) -> dict[str, Any]:
    """What an answer that arrived and is right says."""
    assert (answer.status, answer.arrived) == (200, True), answer
    said: dict[str, Any] = json.loads(answer.body)
    return said


def find(courier: Courier, by: str, *values: Any, **more: Any) -> list[dict[str, Any]]:
    """The entries that a FIND answers."""
    found: list[dict[str, Any]] = content(courier.carry(ask(by, values, **more)))["entries"]
    return found


def survey(courier: Courier) -> dict[str, Any]:
    """What a SURVEY answers."""
    return content(courier.carry(Request("SURVEY", "survey")))
