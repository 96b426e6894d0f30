"""A QuickBooks company, a shop at Stripe and the command line between the two; what was written is read back to the cent.

Every `sync` also proves what must always hold: nothing is sent or printed, each document shows its number, day and
Stripe ids, and the debits and credits that `plan` had shown are what the company's own ledger moved.
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
from quickbooks_books import KEY, QuickBooksBooks, quickbooks
from quickbooks_hands import CLEARING, form, item_line, pay_line, payment
from small_books import MAPPINGS
from small_shop import Shop, major
from vendors.quickbooks import Company
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import write

from connector.cli.root import run
from connector.world import World

SHORT = {
    "Accounts Receivable (A/R)": "AR",
    "Accounts Receivable (A/R) - EUR": "AR EUR",
    "Stripe Clearing": "CLR",
    "Sales of Product Income": "REV",
    "Sales Tax Payable": "TAX",
    "VAT Control": "VAT",
    "Stripe Fees": "FEES",
    "Exchange Gain or Loss": "FX",
    "Undeposited Funds": "UF",
}
TRANSACTIONS = (
    *("Invoice", "SalesReceipt", "CreditMemo", "RefundReceipt"),
    *("Payment", "Purchase", "JournalEntry", "Deposit"),
)
WRITTEN_ON_OTHERS = ("void", "customer")
ADA = "2"
WIDGET = "3"


class Desk:
    """`hands` works in the company, `shop` sells at Stripe, `sync` and `command` are the connector's."""

    def __init__(self, books: QuickBooksBooks, shop: Shop) -> None:
        self.books = books
        self.shop = shop
        self.hands = books.hands
        self.fake = books.fake
        write(self.company, "Customer", {"DisplayName": "Ada"})

    @property
    def company(self) -> Company:
        return self.fake.company

    # ------------------------------------------------------------------------------------------ the connector

    def command(self, *words: str) -> Result:
        """One command in this process and in the company's time."""
        out, err, world = io.StringIO(), io.StringIO(), self.books.world
        methods: dict[str, Any] = {
            "now": lambda _: world.now(),
            "monotonic_ms": lambda _: world.monotonic_ms(),
            "sleep": lambda _, seconds: world.sleep(seconds),
            "new_id": lambda _: world.new_id(),
        }
        with ExitStack() as stack:
            stack.enter_context(patch.multiple(World, **methods))
            stack.enter_context(patch.dict(os.environ, {"CONNECTOR_KEY": KEY}))
            stack.enter_context(redirect_stdout(out))
            stack.enter_context(redirect_stderr(err))
            code = run([words[0], "-c", str(self.books.config), *words[1:]])
        return Result(code, out.getvalue(), err.getvalue())

    def json(self, code: int, *words: str) -> Json:
        found = self.command(*words, "--json")
        assert found.code == code, (found.code, found.out, found.err)
        return found.json

    def sync(self, code: int = 0, plan: bool = True) -> Json:
        """A pass; `plan`: what is posted is what was planned just before it, on every account."""
        self.shop.write()
        before = self.company.trial_balance()
        planned = self.json(code, "plan")["ledgers"]["main"]["documents"] if plan else None
        assert self.company.trial_balance() == before
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
        self.lose_state()
        self.json(code, "sync")
        assert self.fake.writes() == []
        assert self.everything() == before
        # Without a state nobody knows that a reversed refund had been posted.
        assert self.outcomes() == told
        self.check()

    def lose_state(self) -> None:
        """The state and the tokens in it: somebody connects again."""
        self.books.lose_state()
        self.set(connection={"refresh_token": self.fake.oauth.grant().refresh})

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
        return [one for kind in TRANSACTIONS for one in self.company.documents(kind)]

    def ours(self) -> list[tuple[str, Json]]:
        """Transactions that bear our key, in the order in which they were written; those of one kind that may have been
        written at once by day and number."""
        found = [(kind, one) for kind in TRANSACTIONS for one in self.company.documents(kind)]
        mine = [(kind, one) for kind, one in found if " dk" in one.get("PrivateNote", "")]
        mine.sort(key=lambda pair: int(pair[1]["Id"]))
        runs = (list(run) for _, run in groupby(mine, key=lambda pair: pair[0]))
        return [pair for run in runs for pair in sorted(run, key=by_day)]

    def written(self) -> list[str]:
        """A line for each of ours: entity, number, day, customer, postings, and what is left open of it."""
        return [self.shown(kind, one) for kind, one in self.ours()]

    def by_hand(self) -> list[str]:
        """The same of what others wrote, by kind."""
        ours = {one["Id"] for _, one in self.ours()}
        found = [(kind, one) for kind in TRANSACTIONS for one in self.company.documents(kind)]
        return [self.shown(kind, one) for kind, one in found if one["Id"] not in ours]

    def shown(self, kind: str, one: Json) -> str:
        entry = self.company.ledger.entries.get((kind, one["Id"]))
        parts: dict[str, Decimal] = {}
        for each in entry.postings if entry else ():
            name = str(self.company.account(each.account)["Name"])
            parts[SHORT.get(name, name)] = parts.get(SHORT.get(name, name), Decimal(0)) + each.amount
        moved = ", ".join(f"{name} {amount}" for name, amount in parts.items() if amount) or "nothing"
        named: Json = one.get("CustomerRef") or one.get("EntityRef") or {}
        who = named.get("name", "-")
        left = [f"{name} {one[name]}" for name in ("Balance", "UnappliedAmt") if one.get(name)]
        number = one.get("DocNumber") or one.get("PaymentRefNum") or "-"
        return f"{kind} {number} {one['TxnDate']} {who}: {moved}" + "".join(f"; {each} left" for each in left)

    def totals(self) -> dict[str, str]:
        return {SHORT.get(name, name): str(amount) for name, amount in self.company.trial_balance().items()}

    def moved_since(self, before: dict[str, Decimal]) -> dict[str, Decimal]:
        now = self.company.trial_balance()
        both = {name: now.get(name, Decimal(0)) - before.get(name, Decimal(0)) for name in {*now, *before}}
        return {name: amount for name, amount in both.items() if amount}

    def open(self, customer: str = ADA) -> str:
        return str(self.company.open_balance(customer))

    # ------------------------------------------------------------------------------------------ what always holds

    def check(self) -> None:
        self.company.check()
        ours = {one["Id"]: (kind, one) for kind, one in self.ours()}
        for _, one in ours.values():
            assert one.get("EmailStatus", "NotSet") == "NotSet", one
            assert one.get("PrintStatus", "NotSet") == "NotSet", one
            assert "BillEmail" not in one, one
        for document in self.documents():
            if document["ledger_id"] is None or document["kind"] in WRITTEN_ON_OTHERS:
                continue
            if document["state"] in ("posted", "reversed") and document["ledger_id"] in ours:
                check_shown(document, ours[document["ledger_id"]][1])


def by_day(pair: tuple[str, Json]) -> tuple[str, str]:
    return pair[1]["TxnDate"], pair[1].get("DocNumber") or pair[1].get("PaymentRefNum") or ""


def check_shown(document: Json, one: Json) -> None:
    """Number, day and ids of a document as QuickBooks shows them."""
    if document["kind"] == "application" and document["document_key"] not in one["PrivateNote"]:
        # A line of a payment that was written before it.
        return
    assert one["TxnDate"] == document["posting_date"], (document, one)
    assert (one.get("DocNumber") or one.get("PaymentRefNum")) == document["number"], (document, one)
    for name in ("refund_id", "charge_id", "document_key"):
        assert (document[name] or "") in one["PrivateNote"], (document, one)


def sums(documents: list[Json]) -> dict[str, Decimal]:
    """What documents move on each account, debits above zero."""
    found: dict[str, Decimal] = {}
    for document in documents:
        for entry in document["entries"]:
            moved = Decimal(entry["debit"]) - Decimal(entry["credit"])
            found[entry["account"]] = found.get(entry["account"], Decimal(0)) + moved
    return {name: amount for name, amount in found.items() if amount}


@contextmanager
def desk(
    folder: Path,
    rules: list[Json] | None = None,
    refunds: Json | None = None,
    mapping: Json | None = None,
    company: Json | None = None,
    **ledger: Any,
) -> Iterator[Desk]:
    """Sales are found and US tax goes by code, unless told otherwise; nothing is waited for."""
    settings = {"sales": "find", "fees": False, **ledger}
    terms = {"sales_tax": "by_code", **(company or {})}
    refunds = {"sale_grace": "0s", **(refunds or {})}
    with quickbooks(folder, rules, refunds, mapping, terms, **settings) as (books, shop):
        yield Desk(books, shop)


# ---------------------------------------------------------------------------------------------- sales by hand


def taxed_form(number: str, day: str, net: str = "100.00", tax: str = "10.00", **more: Any) -> Json:
    line = item_line(net, WIDGET, TaxCodeRef={"value": "TAX" if Decimal(tax) else "NON"})
    whole = {"TotalTax": Decimal(tax)}
    body = form("1", customer=ADA, DocNumber=number, TxnTaxDetail=whole)
    return {**body, "TxnDate": day, "Line": [line], **more}


def invoice(desk: Desk, number: str = "100", day: str = "2026-03-02", **more: Any) -> Json:
    return desk.hands.write("Invoice", taxed_form(number, day, **more))


def pay(
    desk: Desk,
    of: Json | None,
    amount: str = "110.00",
    day: str = "2026-03-02",
    charge: str = "ch_100",
    into: str = CLEARING,
    **more: Any,
) -> Json:
    """A payment that carries the charge's id; `of` None: it stands on nothing."""
    lines = [] if of is None else [pay_line(amount, "Invoice", of)]
    note = {"PrivateNote": f"Stripe {charge}"} if charge else {}
    where = {"DepositToAccountRef": desk.hands.account(into), "TxnDate": day}
    return desk.hands.write("Payment", payment(amount, *lines, customer=ADA, **where, **note, **more))


def receipt(
    desk: Desk, number: str = "100", day: str = "2026-03-02", into: str = CLEARING, **more: Any
) -> Json:
    body = taxed_form(number, day, **more)
    return desk.hands.write("SalesReceipt", {**body, "DepositToAccountRef": desk.hands.account(into)})


def paid_invoice(desk: Desk, method: str = "card") -> str:
    """The base case: invoice 100 of 110.00 with 10.00 of tax, paid into clearing; returns the charge."""
    pay(desk, invoice(desk))
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
    """The mapping of the samples, with other parts."""
    found: Json = yaml.safe_load((MAPPINGS / "quickbooks_online.yaml").read_text(encoding="utf-8"))
    return {name: {**part, **changes[name]} if name in changes else part for name, part in found.items()}


def rule(then: Any, **when: Any) -> list[Json]:
    return [{"name": "first", "when": when, "then": then}, {"name": "rest", "when": {}, "then": "hold"}]
