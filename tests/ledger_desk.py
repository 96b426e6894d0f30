"""A shop at Stripe and the command line beside a ledger that is reached over HTTP: what is alike whichever ledger it is.

Every `sync` also proves that what is posted is what `plan` had shown just before it, on every account, and `settle_down`
that nothing is written twice.
"""

from __future__ import annotations

import io
import json
import os
import re
from abc import ABC, abstractmethod
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import yaml
from cli_books import Result
from small_books import MAPPINGS, SmallBooks
from small_shop import Shop, major

from connector.cli.root import run
from connector.world import World

Json = dict[str, Any]
ZERO = Decimal(0)


class LedgerDesk(ABC):
    """`shop` sells at Stripe, `sync` and `command` are the connector's.

    `environment` is what the environment of a command has beyond that of the tests.
    """

    books: SmallBooks
    shop: Shop
    environment: dict[str, str] = {}  # noqa: RUF012 - replaced, never changed

    # ------------------------------------------------------------------------------------------ the ledger

    @abstractmethod
    def trial_balance(self) -> dict[str, Decimal]:
        """Every account that is not at zero, debits above zero."""

    @abstractmethod
    def everything(self) -> list[Json]:
        """All that stands in the ledger."""

    @abstractmethod
    def forget_requests(self) -> None:
        """`writes` begins anew."""

    @abstractmethod
    def writes(self) -> list[Any]:
        """The requests that wrote, or were to write."""

    @abstractmethod
    def check(self) -> None:
        """What always holds of the ledger, and of what the connector says that it did there."""

    # ------------------------------------------------------------------------------------------ the connector

    def command(self, *words: str) -> Result:
        """One command in this process and in the ledger's time."""
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
            # What keeps no tokens may need no key for them.
            os.environ.pop("CONNECTOR_KEY", None)
            os.environ.update(self.environment)
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
        before = self.trial_balance()
        planned = self.json(code, "plan")["ledgers"]["main"]["documents"] if plan else None
        assert self.trial_balance() == before
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
        self.forget_requests()
        self.json(code, "sync")
        assert self.writes() == []
        self.lose_state()
        self.json(code, "sync")
        assert self.writes() == []
        assert self.everything() == before
        # Without a state nobody knows that a reversed refund had been posted.
        assert self.outcomes() == told
        self.check()

    def lose_state(self) -> None:
        self.books.lose_state()

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

    def moved_since(self, before: dict[str, Decimal]) -> dict[str, Decimal]:
        now = self.trial_balance()
        both = {name: now.get(name, ZERO) - before.get(name, ZERO) for name in {*now, *before}}
        return {name: amount for name, amount in both.items() if amount}


def sums(documents: list[Json]) -> dict[str, Decimal]:
    """What documents move on each account, debits above zero."""
    found: dict[str, Decimal] = {}
    for document in documents:
        for entry in document["entries"]:
            moved = Decimal(entry["debit"]) - Decimal(entry["credit"])
            found[entry["account"]] = found.get(entry["account"], ZERO) + moved
    return {name: amount for name, amount in found.items() if amount}


def troubles(report: str) -> list[str]:
    """What a report tells of documents and refunds that did not get where they were to go."""
    found = re.findall(
        r'"kind": "(\w+)"[^{]*"amount": {[^}]*}[^{]*"state": "(\w+)"[^{]*"sentence": "([^"]+)"', report
    )
    return [": ".join(one) for one in found] or [report]


def sell(desk: LedgerDesk, number: str = "100", amount: int = 11000, fee: int = 349, **fields: Any) -> str:
    """A charge of a sale that the connector posts, of one line with a tenth of its net as tax."""
    tax = amount // 11
    lines = [{"sku": "SKU-1", "amount": major(amount), "tax": major(tax)}]
    told = {
        "metadata": {"order_number": number, "sale_lines": json.dumps(lines)},
        "billing_details": {"name": "Bo", "email": "bo@x.test"},
        **fields,
    }
    return desk.shop.export.charge(number, amount, when="2026-03-02T15:00:00", fee=fee, **told)


def mapping_of(kind: str, **changes: Any) -> Json:
    """The mapping of the repository for a kind of ledger, with other parts."""
    found: Json = yaml.safe_load((MAPPINGS / f"{kind}.yaml").read_text(encoding="utf-8"))
    return {name: {**part, **changes[name]} if name in changes else part for name, part in found.items()}


def rule(then: Any, **when: Any) -> list[Json]:
    """One rule, and a person for the rest."""
    return [{"name": "first", "when": when, "then": then}, {"name": "rest", "when": {}, "then": "hold"}]
