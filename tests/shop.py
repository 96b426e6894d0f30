"""Books to test with: Stripe objects in an export, sales written by hand, the real command line, the books read back.

The reader here is the tests' own and knows only plain postings; every `sync` also asks Beancount itself, and the two
must have the same balances. Nothing in this module belongs to the product.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from beancount import loader
from beancount.core.data import Transaction as BeancountTransaction
from beancount.ops.validation import HARDCORE_VALIDATIONS
from pasted import check_action

from connector.cli.root import run
from connector.delivery.file_courier import FileCourier
from connector.ledgers.contract import Request
from connector.world import World

Json = dict[str, Any]

CLEARING = "Assets:Stripe:Clearing"
RECEIVABLE = "Assets:Accounts-Receivable"
FEES = "Expenses:Stripe-Fees"
EXCHANGE = "Income:Exchange-Gain-or-Loss"
SALES = "Income:Sales"
TAX = "Liabilities:Sales-Tax-Payable"
ACCOUNTS = {
    "clearing": CLEARING,
    "receivable": RECEIVABLE,
    "fees": FEES,
    "exchange": EXCHANGE,
    "sales": SALES,
    "tax": TAX,
}
MAPPING: Json = {
    "accounts": ACCOUNTS,
    "items": {"sales": {"*": SALES}, "refunds": {"*": SALES}},
    "customers": {"match": ["stripe_id", "email", "name"], "create": True, "default": "Stripe customers"},
}
RULES = Path(__file__).parent.parent / "mappings" / "refund_rules.yaml"
DECIMALS = {"jpy": 0, "kwd": 3}
OUTCOMES = {
    "posted",
    "adopted",
    "waiting",
    "held",
    "excluded",
    "reversed",
    "dropped",
    "marked",
    "failed",
}


def second(day: str, hour: int = 17) -> int:
    """A second of this day, at noon in New York."""
    return int(datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC).timestamp())


def amount_of(amount_minor: int, currency: str) -> Decimal:
    return Decimal(amount_minor).scaleb(-DECIMALS.get(currency.lower(), 2))


# ---------------------------------------------------------------------------------------------- the books read back


@dataclass
class Transaction:
    """A transaction as it stands in the books; `postings` are (account, amount, currency)."""

    file: str
    date: str
    payee: str
    narration: str
    links: list[str]
    metadata: dict[str, str] = field(default_factory=dict)
    postings: list[tuple[str, Decimal, str]] = field(default_factory=list)

    def shown(self) -> str:
        """One line: date, kind, number, customer, postings."""
        postings = ", ".join(f"{account} {amount} {currency}" for account, amount, currency in self.postings)
        kind, number = self.metadata.get("kind", "?"), self.metadata.get("number", "-")
        return f"{self.date} {kind} {number} {self.payee}: {postings}"


def read_books(folder: Path, name: str = "main.beancount") -> list[Transaction]:
    """The transactions of a file and of those that it includes, in the order of the text."""
    found: list[Transaction] = []
    for line in (folder / name).read_text(encoding="utf-8").splitlines():
        words = line.split()
        if line.startswith("include "):
            found += read_books(folder, line.split('"')[1])
        elif line[:1].isdigit() and words[1] == "*":
            _, payee, _, narration, rest = line.split('"')
            links = [word.removeprefix("^") for word in rest.split()]
            found.append(Transaction(name, words[0], payee, narration, links))
        elif line.startswith("    "):
            continue
        elif line.startswith("  ") and '"' in line:
            key, _, value = line.strip().partition(": ")
            found[-1].metadata[key] = value.strip('"')
        elif line.startswith("  "):
            account, amount, currency = words
            found[-1].postings.append((account, Decimal(amount), currency))
    return found


def add_up(postings: list[tuple[str, Decimal, str]]) -> dict[str, str]:
    """Balances that are not zero: account → "110.00 USD", several currencies with a comma between."""
    sums: dict[tuple[str, str], Decimal] = {}
    for account, amount, currency in postings:
        sums[account, currency] = sums.get((account, currency), Decimal(0)) + amount
    balances: dict[str, str] = {}
    for (account, currency), amount in sorted(sums.items()):
        if amount:
            words = f"{amount} {currency}"
            balances[account] = f"{balances[account]}, {words}" if account in balances else words
    return balances


def ask_beancount(folder: Path) -> dict[str, str]:
    """The balances that Beancount finds; AssertionError where `bean-check` would complain."""
    entries, errors, _ = loader.load_file(
        str(folder / "main.beancount"), extra_validations=HARDCORE_VALIDATIONS
    )
    assert not errors, [error.message for error in errors]
    found = [
        (posting.account, posting.units)
        for entry in entries
        if isinstance(entry, BeancountTransaction)
        for posting in entry.postings
    ]
    return add_up([(a, u.number, u.currency) for a, u in found if u is not None and u.number is not None])


def line_object(description: str, net: int, tax: int) -> Json:
    """A line of a Stripe invoice, with its tax on top."""
    taxes = [{"amount": tax, "tax_behavior": "exclusive", "taxable_amount": net}] if tax else []
    return {
        "id": f"il_{description}",
        "object": "line_item",
        "amount": net,
        "description": description,
        "taxes": taxes,
    }


# ---------------------------------------------------------------------------------------------- one shop


@dataclass(frozen=True)
class Ran:
    """What a command said; `report` is its JSON where it was asked for."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> Json:
        found: Json = json.loads(self.out)
        return found


class Shop:
    """A shop with its Stripe account (an export), its books (Beancount) and the connector between the two."""

    def __init__(
        self,
        folder: Path,
        *,
        refunds: Mapping[str, Any] | None = None,
        rules: str | None = None,
        mapping: Json | None = None,
        sale_number: list[Any] | None = None,
        **ledger: Any,
    ) -> None:
        self.folder = folder
        self.books = folder / "books"
        self.now = second("2026-07-01")
        self.objects: dict[str, Json] = {}
        self.dirty = True
        self.lists: dict[str, list[Json]] = {}
        self.settings: Json = {
            "books": "shop",
            "timezone": "America/New_York",
            "state": "sqlite:///state.db",
            "stripe": {"start": "2026-01-01", "export": "stripe"},
            "refunds": {"sale_grace": "0s", **(refunds or {})},
            "ledgers": {
                "main": {"kind": "beancount", "sales": "find", "connection": {"path": "books"}, **ledger}
            },
        }
        if sale_number is not None:
            self.settings["sale_number"] = sale_number
        for name in ("stripe", "books", "mappings"):
            (folder / name).mkdir()
        (folder / "mappings" / "beancount.yaml").write_text(json.dumps(mapping or MAPPING))
        if rules is None:
            shutil.copy(RULES, folder / "mappings" / "refund_rules.yaml")
        else:
            (folder / "mappings" / "refund_rules.yaml").write_text(rules)
        self.save_settings()

    def save_settings(self) -> None:
        (self.folder / "config.yaml").write_text(json.dumps(self.settings, indent=1))

    def set(self, section: str, **values: Any) -> None:
        """Change settings: `refunds`, or `main` for the ledger."""
        (self.settings["ledgers"]["main"] if section == "main" else self.settings[section]).update(values)
        self.save_settings()

    # ------------------------------------------------------------------------------------------ Stripe

    def put(self, *objects: Json) -> None:
        """Add Stripe objects, or put them in the place of those with their ids."""
        for one in objects:
            self.objects[one["id"]] = one
        self.dirty = True

    def change(self, object_id: str, **values: Any) -> None:
        self.objects[object_id] = {**self.objects[object_id], **values}
        self.dirty = True

    def movement(
        self, source: str, amount: int, currency: str, day: str, fee: int = 0, suffix: str = ""
    ) -> str:
        """A balance transaction; returns its id."""
        object_id = f"txn_{source}{suffix}"
        self.put(
            {
                "id": object_id,
                "object": "balance_transaction",
                "created": second(day),
                "amount": amount,
                "fee": fee,
                "net": amount - fee,
                "currency": currency,
                "reporting_category": "charge",
                "source": source,
            }
        )
        return object_id

    def charge(
        self,
        charge_id: str,
        amount: int = 11000,
        day: str = "2026-03-02",
        order: str | None = None,
        *,
        name: str | None = "Jo Smith",
        method: str = "card",
        currency: str = "usd",
        fee: int = 0,
        settled: tuple[int, str] | None = None,
        **fields: Any,
    ) -> str:
        """A charge that succeeded, with its balance transaction; `settled` where that is in another currency."""
        moved = settled or (amount, currency)
        self.put(
            {
                "id": charge_id,
                "object": "charge",
                "created": second(day),
                "amount": amount,
                "amount_captured": amount,
                "captured": True,
                "currency": currency,
                "status": "succeeded",
                "payment_method_details": {"type": method},
                "billing_details": {"name": name},
                "balance_transaction": self.movement(charge_id, *moved, day, fee),
                "metadata": {} if order is None else {"order_number": order},
                **fields,
            }
        )
        return charge_id

    def refund(
        self,
        refund_id: str,
        charge_id: str,
        amount: int | None = None,
        day: str = "2026-03-09",
        *,
        status: str = "succeeded",
        fee: int = 0,
        settled: tuple[int, str] | None = None,
        hour: int = 17,
        **fields: Any,
    ) -> str:
        """A refund, of the whole charge unless `amount` says less, with its balance transaction."""
        charge = self.objects[charge_id]
        amount = charge["amount"] if amount is None else amount
        moved_minor, moved_currency = settled or (amount, charge["currency"])
        self.put(
            {
                "id": refund_id,
                "object": "refund",
                "created": second(day, hour),
                "amount": amount,
                "currency": charge["currency"],
                "status": status,
                "charge": charge_id,
                "balance_transaction": self.movement(refund_id, -moved_minor, moved_currency, day, fee),
                "metadata": {},
                **fields,
            }
        )
        return refund_id

    def fail(
        self,
        object_id: str,
        day: str,
        status: str = "failed",
        *,
        amount: int | None = None,
        currency: str | None = None,
        fee: int = 0,
    ) -> None:
        """A refund or charge failed after it had moved the balance: what it moved came back on this day."""
        moved = self.objects[self.objects[object_id]["balance_transaction"]]
        back = -moved["amount"] if amount is None else amount
        failure = self.movement(object_id, back, currency or moved["currency"], day, fee, "_failed")
        self.change(object_id, status=status, failure_balance_transaction=failure)

    def stripe_invoice(
        self,
        number: str,
        lines: list[tuple[str, int, int]],
        charges: list[str],
        *,
        day: str = "2026-03-01",
    ) -> str:
        """A paid Stripe invoice of (description, net, tax) lines, paid by charges that are there already."""
        invoice_id = f"in_{number}"
        currency = self.objects[charges[0]]["currency"]
        self.put(
            {
                "id": invoice_id,
                "object": "invoice",
                "created": second(day),
                "number": number,
                "currency": currency,
                "total": sum(net + tax for _, net, tax in lines),
                "status": "paid",
                "lines": {"object": "list", "data": [line_object(*line) for line in lines]},
            }
        )
        for place, charge_id in enumerate(charges):
            charge = self.objects[charge_id]
            self.put(
                {
                    "id": f"inpay_{number}_{place}",
                    "object": "invoice_payment",
                    "created": charge["created"] + place,
                    "invoice": invoice_id,
                    "amount_paid": charge["amount"],
                    "status": "paid",
                    "payment": {"type": "charge", "charge": charge_id},
                }
            )
        return invoice_id

    def export(self) -> None:
        if not self.dirty:
            return
        by_kind: dict[str, list[str]] = {}
        for one in self.objects.values():
            by_kind.setdefault(one["object"], []).append(json.dumps(one))
        for path in (self.folder / "stripe").glob("*.jsonl"):
            path.unlink()
        for kind, lines in by_kind.items():
            (self.folder / "stripe" / f"{kind}.jsonl").write_text("\n".join(lines) + "\n")
        self.dirty = False

    # ------------------------------------------------------------------------------------------ by hand

    def write(
        self,
        kind: str | None,
        number: str | None,
        day: str,
        *postings: tuple[str, str],
        payee: str = "Jo Smith",
        currency: str = "USD",
        links: tuple[str, ...] = (),
        **metadata: str,
    ) -> None:
        """A transaction by hand, in a file of its own that the main file includes; accounts are opened there."""
        path = self.books / "by-hand.beancount"
        main = self.books / "main.beancount"
        include = 'include "by-hand.beancount"\n'
        before = main.read_text() if main.exists() else ""
        if include not in before:
            main.write_text(f'option "title" "Shop"\n{include}{before}')
        text = path.read_text() if path.exists() else ""
        everywhere = "\n".join(p.read_text() for p in self.books.glob("*.beancount"))
        for account, _ in postings:
            if f" open {account}\n" not in everywhere + text:
                text += f"2020-01-01 open {account}\n"
        pairs = {"kind": kind, "number": number, **metadata}
        lines = [f'{day} * "{payee}" "By hand"' + "".join(f" ^{link}" for link in links)]
        lines += [f'  {key}: "{value}"' for key, value in pairs.items() if value is not None]
        lines += [f"  {account}  {amount} {currency}" for account, amount in postings]
        path.write_text(text + "\n" + "\n".join(lines) + "\n")

    def invoice(self, number: str = "100", day: str = "2026-03-02", **fields: Any) -> None:
        """The base case: 100.00 and 10.00 tax."""
        self.write(
            "invoice", number, day, (RECEIVABLE, "110.00"), (SALES, "-100.00"), (TAX, "-10.00"), **fields
        )

    def payment(
        self,
        number: str | None = "100",
        day: str = "2026-03-02",
        amount: str = "110.00",
        account: str = CLEARING,
        **fields: Any,
    ) -> None:
        self.write("payment", number, day, (account, amount), (RECEIVABLE, f"-{amount}"), **fields)

    def receipt(
        self, number: str = "100", day: str = "2026-03-02", account: str = CLEARING, **fields: Any
    ) -> None:
        self.write(
            "sales_receipt", number, day, (account, "110.00"), (SALES, "-100.00"), (TAX, "-10.00"), **fields
        )

    # ------------------------------------------------------------------------------------------ the connector

    def command(self, *arguments: str) -> Ran:
        """Run a command of the connector in this process, at the shop's own time."""
        self.export()
        if arguments[0] != "list":
            self.lists = {}
        out, err = StringIO(), StringIO()
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            patch.object(World, "now", lambda world: self.now),
            patch.object(World, "sleep", lambda world, seconds: None),
        ):
            code = run([*arguments, "-c", str(self.folder / "config.yaml")])
        return Ran(code, out.getvalue(), err.getvalue())

    def sync(self, code: int | None = None) -> Json:
        """One run; then Beancount is asked, and what every run promises is checked."""
        ran = self.command("sync", "--json")
        assert code is None or ran.code == code, (ran.code, ran.out, ran.err)
        assert ran.code in (0, 3) or code == ran.code, (ran.code, ran.err)
        self.check_promises()
        return ran.report

    def resolve(self, target: str, *said: str) -> Ran:
        return self.command("resolve", target, "--ledger", "main", *said, "--reason", "so decided")

    def ledger_id(self, kind: str | None, number: str | None) -> str:
        """The id that the books give a document by hand: a person reads it in what the connector says."""
        courier = FileCourier(self.books)
        answer = courier.carry(Request("FIND", "entries", b'{"by": "all"}'))
        courier.close()
        (found,) = [
            entry["ledger_id"]
            for entry in json.loads(answer.body)["entries"]
            if "document_key" not in entry["metadata"]
            and (entry["metadata"].get("kind"), entry["metadata"].get("number")) == (kind, number)
        ]
        return str(found)

    def lose_state(self) -> None:
        for path in self.folder.glob("state.db*"):
            path.unlink()

    def listed(self, what: str) -> list[Json]:
        """What `list` says; asked once until another command runs."""
        if what not in self.lists:
            self.lists[what] = json.loads(self.command("list", what, "--json").out)[what]
        return self.lists[what]

    def outcome(self, refund_id: str) -> Json:
        """What became of a refund: its entry in `list refunds`, for the one ledger."""
        (one,) = [r for r in self.listed("refunds") if r["refund_id"] == refund_id]
        found: Json = one["ledgers"]["main"]
        return found

    def outcomes(self) -> dict[str, str]:
        """Refund id → outcome, with the reason where there is one."""
        return {
            one["refund_id"]: " ".join(
                word for word in (one["ledgers"]["main"]["outcome"], one["ledgers"]["main"]["reason"]) if word
            )
            for one in self.listed("refunds")
        }

    def states(self) -> dict[str, str]:
        """The documents of the state: "kind number" → state."""
        return {f"{one['kind']} {one['number']}": one["state"] for one in self.listed("documents")}

    # ------------------------------------------------------------------------------------------ the books

    def transactions(self) -> list[Transaction]:
        if not (self.books / "main.beancount").exists():
            return []
        return read_books(self.books)

    def ours(self) -> list[Transaction]:
        return [t for t in self.transactions() if "document_key" in t.metadata]

    def entries(self, subject_id: str) -> list[str]:
        """What the connector wrote for a refund, or for a charge (its sale and fee)."""
        name = "charge_id" if subject_id.startswith(("ch_", "py_")) else "refund_id"
        return [
            t.shown()
            for t in self.ours()
            if t.metadata.get(name) == subject_id and (name == "refund_id" or "refund_id" not in t.metadata)
        ]

    def balances(self) -> dict[str, str]:
        """The trial balance: accounts that are not zero."""
        return add_up([posting for t in self.transactions() for posting in t.postings])

    def owed(self) -> dict[str, str]:
        """What each customer owes (above zero) or is owed."""
        return add_up(
            [
                (t.payee, a, c)
                for t in self.transactions()
                for account, a, c in t.postings
                if account == RECEIVABLE
            ]
        )

    def in_stripe(self, fees: bool = False) -> str:
        """The Stripe balance by its balance transactions, as clearing should show it: "0" or "12.34 USD, ..."."""
        moved = [
            (
                CLEARING,
                amount_of(one["net"] if fees else one["amount"], one["currency"]),
                one["currency"].upper(),
            )
            for one in self.objects.values()
            if one["object"] == "balance_transaction"
        ]
        return add_up(moved).get(CLEARING, "0")

    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.books.glob("*.beancount")}

    def check_promises(self) -> None:
        """bean-check, one transaction for each key, ids in clear, every refund on the list exactly once, and every
        command that it is told to be freed with one that can be given."""
        if not (self.books / "main.beancount").exists():
            return
        assert ask_beancount(self.books) == self.balances()
        ours = self.ours()
        keys = [t.metadata["document_key"] for t in ours]
        assert len(keys) == len(set(keys)), "a document stands twice in the books"
        for one in ours:
            ids = [one.metadata[name] for name in ("charge_id", "refund_id") if name in one.metadata]
            assert set(ids) <= set(one.links)
            assert one.file == f"{one.date[:7]}.beancount"
            assert "kind" in one.metadata
            assert not sum(amount for _, amount, _ in one.postings)
        start = second("2026-01-01", 5)
        expected = [
            r["id"] for r in self.objects.values() if r["object"] == "refund" and r["created"] >= start
        ]
        listed = self.listed("refunds")
        assert sorted(r["refund_id"] for r in listed) == sorted(expected)
        assert {r["ledgers"]["main"]["outcome"] for r in listed} <= OUTCOMES
        for refund in listed:
            check_action(refund["ledgers"]["main"]["action"], str(self.folder / "config.yaml"))

    def check_second_run(self) -> None:
        """A second run writes nothing and changes no outcome."""
        before, outcomes = self.bytes(), self.outcomes()
        self.sync()
        assert self.bytes() == before, "the second run wrote something"
        assert_same(self.outcomes(), outcomes)

    def check_lost_state(self) -> None:
        """After a lost state a plain sync writes nothing; outcomes, numbers and documents are as before."""
        before = self.bytes()
        refunds = [outcome_words(one) for one in self.listed("refunds")]
        documents = sorted(document_words(one) for one in self.listed("documents"))
        self.lose_state()
        self.sync()
        assert self.bytes() == before, "the run after a lost state wrote something"
        assert_same([outcome_words(one) for one in self.listed("refunds")], refunds)
        assert_same(sorted(document_words(one) for one in self.listed("documents")), documents)


def assert_same(found: object, expected: object) -> None:
    assert found == expected, f"found {found}, expected {expected}"


def outcome_words(refund: Json) -> tuple[Any, ...]:
    one = refund["ledgers"]["main"]
    return (refund["refund_id"], *(one[name] for name in ("outcome", "reason", "number", "documents")))


def document_words(document: Json) -> tuple[Any, ...]:
    names = ("document_key", "kind", "number", "amount", "posting_date", "state", "ledger_id", "entries")
    return tuple(json.dumps(document[name]) for name in names)
