"""A Xero organisation, a shop at Stripe and the command line between the two; what was written is read back to the cent.

Every `sync` also proves what must always hold: nothing is sent to anybody, each document shows its number, day and
Stripe ids, and the debits and credits that `plan` had shown are what the organisation's own ledger moved.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from cli_books import Result
from small_books import MAPPINGS
from small_shop import Shop, major
from vendors.xero import Organisation, write
from vendors.xero.wire import ZERO, Json
from xero_books import XeroBooks, xero
from xero_shown import Row, by_day, check_shown, id_of, marks_of, number_of, sums, troubles
from xero_sold import invoice, pay

from connector.cli.root import run
from connector.world import World

SHORT = {
    "Accounts Receivable": "AR",
    "Stripe Clearing": "CLR",
    "Sales": "REV",
    "Sales Tax": "TAX",
    "Stripe Fees": "FEES",
    "Exchange Gain or Loss": "FX",
    "Realised Currency Gains": "GAIN",
}
KINDS = (
    "Invoices",
    "CreditNotes",
    "Payments",
    "BankTransactions",
    "Overpayments",
    "Prepayments",
    "Allocations",
)
POSTING = ("Invoices", "CreditNotes", "Payments", "BankTransactions")
WORDS = {"Invoices": "Invoice", "CreditNotes": "CreditNote", "Payments": "Payment"}
CREDITS = {"OverpaymentID": "Overpayments", "PrepaymentID": "Prepayments"}
WRITTEN_ON_OTHERS = ("void", "customer", "application")
GONE = ("VOIDED", "DELETED")
ADA = "Ada"


class Desk:
    """`hands` works in the organisation, `shop` sells at Stripe, `sync` and `command` are the connector's."""

    def __init__(self, books: XeroBooks, shop: Shop) -> None:
        self.books = books
        self.shop = shop
        self.hands = books.hands
        self.fake = books.fake
        write(self.organisation, "Contacts", {"Name": ADA, "EmailAddress": "ada@x.test"})

    @property
    def organisation(self) -> Organisation:
        return self.fake.organisation

    # ------------------------------------------------------------------------------------------ the connector

    def command(self, *words: str) -> Result:
        """One command in this process and in the organisation's time."""
        out, err, world = io.StringIO(), io.StringIO(), self.books.world
        methods: dict[str, Any] = {
            "now": lambda _: world.now(),
            "monotonic_ms": lambda _: world.monotonic_ms(),
            "sleep": lambda _, seconds: world.sleep(seconds),
            "new_id": lambda _: world.new_id(),
        }
        with ExitStack() as stack:
            stack.enter_context(patch.multiple(World, **methods))
            stack.enter_context(patch.dict(os.environ))
            # A custom connection keeps no tokens, so none of this may need a key for them.
            os.environ.pop("CONNECTOR_KEY", None)
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            code = run([words[0], "-c", str(self.books.config), *words[1:]])
        return Result(code, out.getvalue(), err.getvalue())

    def json(self, code: int, *words: str) -> Json:
        found = self.command(*words, "--json")
        assert found.code == code, (found.code, *troubles(found.out), found.err)
        return found.json

    def sync(self, code: int = 0, plan: bool = True) -> Json:
        """A pass; `plan`: what is posted is what was planned just before it, on every account."""
        self.shop.write()
        before = self.organisation.trial_balance()
        planned = self.json(code, "plan")["ledgers"]["main"]["documents"] if plan else None
        assert self.organisation.trial_balance() == before
        report = self.json(code, "sync")
        self.check()
        if planned is not None:
            assert sums(planned) == self.moved_since(before)
            assert sums(report["ledgers"]["main"]["documents"]) == self.moved_since(before)
        return report

    def resync(self, *words: str, code: int = 0) -> Result:
        found = self.command("resync", *words)
        assert found.code == code, (found.out, found.err)
        self.check()
        return found

    def resolve(self, target: str, *words: str, code: int = 0) -> Result:
        found = self.command("resolve", target, "--ledger", "main", *words, "--reason", "looked at it")
        assert found.code == code, (found.out, found.err)
        return found

    def settle_down(self, code: int = 0) -> None:
        """A second run writes nothing, and neither does one without a state."""
        before, told = self.everything(), self.outcomes()
        self.fake.requests.clear()
        self.json(code, "sync")
        assert self.fake.writes() == []
        self.books.lose_state()
        self.json(code, "sync")
        assert self.fake.writes() == []
        assert self.everything() == before
        # Without a state nobody knows that a reversed refund had been posted.
        assert self.outcomes() == told
        self.check()

    def set(self, section: str = "main", **changes: Any) -> None:
        """Change settings: those of the ledger, or of another section."""
        settings = json.loads(self.books.config.read_text(encoding="utf-8"))
        part = settings["ledgers"]["main"] if section == "main" else settings[section]
        for name, value in changes.items():
            part[name] = {**part.get(name, {}), **value} if isinstance(value, dict) else value
        self.books.config.write_text(json.dumps(settings), encoding="utf-8")

    def wait(self, hours: int) -> None:
        self.books.world.clock.now += hours * 3600

    # ------------------------------------------------------------------------------------------ what it says

    def documents(self) -> list[Json]:
        found: list[Json] = self.json(0, "list", "documents")["documents"]
        return found

    def refunds(self) -> dict[str, Json]:
        found = self.json(0, "list", "refunds")["refunds"]
        return {one["refund_id"]: one["ledgers"]["main"] for one in found}

    def outcomes(self) -> dict[str, str]:
        """Refund → `posted 100`, `held credit_used`."""
        return {
            refund_id: f"{one['outcome']} {one['reason'] or one['number'] or ''}".strip()
            for refund_id, one in self.refunds().items()
        }

    def held(self) -> list[Json]:
        """Documents that are held or refused."""
        return [one for one in self.documents() if one["state"] in ("held", "rejected")]

    # ------------------------------------------------------------------------------------------ what stands there

    def everything(self) -> list[Json]:
        return [one for kind in KINDS for one in self.organisation.documents(kind)]

    def rows(self) -> list[Row]:
        """All that moves money, in the order in which it was written; what may have been written at once is put in order
        by day and number."""
        found = [(kind, one) for kind in POSTING for one in self.organisation.documents(kind)]
        found.sort(key=lambda row: id_of(row)[-12:])
        runs = (list(run) for _, run in groupby(found, key=lambda row: row[0]))
        return [row for run in runs for row in sorted(run, key=by_day)]

    def ours(self) -> list[Row]:
        """What bears our key."""
        return [row for row in self.rows() if " dk" in marks_of(row[1])]

    def written(self) -> list[str]:
        """A line for each of ours: what it is, number, day, contact, postings, and what is left open of it."""
        return [self.shown(*row) for row in self.ours()]

    def by_hand(self) -> list[str]:
        """The same of what others wrote."""
        return [self.shown(kind, one) for kind, one in self.rows() if " dk" not in marks_of(one)]

    def shown(self, kind: str, one: Json) -> str:
        entry = self.organisation.ledger.entries.get((kind, id_of((kind, one))))
        parts: dict[str, Decimal] = {}
        for each in entry.postings if entry else ():
            name = self.name_of("Accounts", each.account)
            parts[SHORT.get(name, name)] = parts.get(SHORT.get(name, name), ZERO) + each.amount
        moved = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount) or "nothing"
        gone = f" ({one['Status'].lower()})" if one["Status"] in GONE else ""
        what = WORDS.get(kind) or one["Type"]
        return f"{what} {number_of(one)} {one['Date']} {self.contact_of(kind, one)}: {moved}{gone}{self.left(one)}"

    def left(self, one: Json) -> str:
        """What is open of an object, or of the credit that it made."""
        for name, kind in CREDITS.items():
            if name in one:
                one = self.organisation.shelf.kinds[kind][one[name]]
        open_of = [f"; {name} {one[name]} left" for name in ("AmountDue", "RemainingCredit") if one.get(name)]
        return "".join(open_of)

    def contact_of(self, kind: str, one: Json) -> str:
        if kind == "Payments":
            paid, object_id = one["_paid"]
            one = self.organisation.shelf.kinds[paid][object_id]
        return self.name_of("Contacts", one["Contact"]["ContactID"])

    def name_of(self, kind: str, object_id: str) -> str:
        return str(self.organisation.shelf.kinds[kind][object_id]["Name"])

    def totals(self) -> dict[str, str]:
        return {
            SHORT.get(name, name): str(amount) for name, amount in self.organisation.trial_balance().items()
        }

    def moved_since(self, before: dict[str, Decimal]) -> dict[str, Decimal]:
        now = self.organisation.trial_balance()
        both = {name: now.get(name, ZERO) - before.get(name, ZERO) for name in {*now, *before}}
        return {name: amount for name, amount in both.items() if amount}

    def open(self, contact: str = ADA) -> str:
        """What a contact owes, or where below zero is owed, in base currency."""
        (row,) = [one for one in self.organisation.documents("Contacts") if one["Name"] == contact]
        receivables = self.organisation.system_account("DEBTORS")
        return f"{self.organisation.ledger.of_contact(receivables, row['ContactID']):.2f}"

    # ------------------------------------------------------------------------------------------ what always holds

    def check(self) -> None:
        self.organisation.check()
        assert self.fake.broken == []
        ours = {id_of(row): row[1] for row in self.ours()}
        for one in self.organisation.documents("Invoices"):
            assert one.get("SentToContact", False) is False, one
        for document in self.documents():
            row = ours.get(document["ledger_id"])
            if document["kind"] in WRITTEN_ON_OTHERS or row is None:
                continue
            if document["state"] in ("posted", "reversed") and document["document_key"] in marks_of(row):
                check_shown(document, row)


@contextmanager
def desk(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    organisation: Json | None = None,
    **ledger: Any,
) -> Iterator[Desk]:
    """Sales are found, unless told otherwise; nothing is waited for."""
    settings = {"sales": "find", "fees": False, **ledger}
    refunds = {"sale_grace": "0s", **(refunds or {})}
    with xero(folder, rules, refunds, mapping, organisation, **settings) as (books, shop):
        yield Desk(books, shop)


# ---------------------------------------------------------------------------------------------- sales


def paid_invoice(desk: Desk, method: str = "card") -> str:
    """The base case: invoice 100 of 110.00 with 10.00 of tax, paid into clearing; returns the charge."""
    pay(desk.hands, invoice(desk.hands))
    return desk.shop.charge("100", 11000, 1000, "2026-03-02", 0, method)


def sell(desk: Desk, number: str = "100", amount: int = 11000, fee: int = 349, **fields: Any) -> str:
    """A charge of a sale that the connector posts, of one line with a tenth of its net as tax."""
    tax = amount // 11
    lines = [{"sku": "SKU-1", "amount": major(amount), "tax": major(tax)}]
    told = {
        "metadata": {"order_number": number, "sale_lines": json.dumps(lines)},
        "billing_details": {"name": "Bo", "email": "bo@x.test"},
        **fields,
    }
    return desk.shop.export.charge(number, amount, when="2026-03-02T15:00:00", fee=fee, **told)


def mapped(**changes: Any) -> Json:
    """The mapping of the repository, with other parts."""
    found: Json = yaml.safe_load((MAPPINGS / "xero.yaml").read_text(encoding="utf-8"))
    return {name: {**part, **changes[name]} if name in changes else part for name, part in found.items()}


def rule(then: Any, **when: Any) -> list[Json]:
    return [{"name": "first", "when": when, "then": then}, {"name": "rest", "when": {}, "then": "hold"}]
