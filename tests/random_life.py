"""Random histories of a Stripe account, books that follow them by passes at random moments, and what must be true.

What is expected comes from the stand-in alone: its objects are Stripe's truth, and other books that read it once, at the
end, say what the documents must be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli_books import CLEARING, FEES, Transaction
from small_books import SmallBooks, engine_of
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_errors import Refused
from vendors.stripe_life import CLOVER, EMBEDDED_REFUNDS, ENDIVE, PRE_BASIL, Credit, Item, StripeLife

from connector.planning.stripe_facts import Fact
from connector.store.facts import FactReader
from connector.store.schema import stripe_object
from connector.stripe_source.parse import parse_object

Json = dict[str, Any]
Step = tuple[Any, ...]

BEGIN = 1_769_000_000  # 2026-01-21T12:53:20Z
DAY = 86_400
VERSIONS = (ENDIVE, CLOVER, PRE_BASIL, EMBEDDED_REFUNDS)
# Of what Stripe has, that which refunds, their sales and clearing are decided by.
COMPARED = ("refund", "charge", "credit_note", "dispute", "balance_transaction", "invoice_payment")


def make_books(folder: Path, fake: FakeStripe) -> SmallBooks:
    stripe = {"api_key": KEY, "base_url": fake.base_url}
    return SmallBooks.make(folder, stripe=stripe, sales="sales_receipt", fees=True).migrate()


@dataclass
class History:
    """An account and what happens in it. Steps that cannot happen at their moment do nothing."""

    fake: FakeStripe
    life: StripeLife

    @classmethod
    def begin(cls, fake: FakeStripe, seed: str) -> History:
        fake.now = BEGIN
        return cls(fake, StripeLife(fake, seed))

    def step(self, step: Step) -> None:
        with suppress(ValueError, Refused):
            getattr(self, step[0])(*step[1:])

    # ------------------------------------------------------------------------------------------ steps

    def sell(self, kind: int, amount: int) -> None:
        if kind == 0:
            self.life.sell_by_invoice([Item("SKU-MUG", 1 + amount % 3), Item("SKU-SHIRT")])
        elif kind == 1:
            self.life.check_out([Item("SKU-BOOK", 1 + amount % 4)])
        elif kind == 2:
            self.life.charge(amount, method="us_bank_account")
        elif kind == 3:
            self.life.charge(amount, currency="eur")
        else:
            self.life.charge(amount, metadata={"order_number": f"A{amount}"})

    def clear(self, pick: int, well: bool) -> None:
        """A bank debit that is under way comes, or does not."""
        waiting = [one for one in self.of_kind("charge") if one["status"] == "pending"]
        if waiting:
            (self.life.settle if well else self.life.bounce)(waiting[pick % len(waiting)])

    def refund(self, pick: int, parts: int, status: int, fee: bool) -> None:
        charge = self.pick("charge", pick)
        left = charge["amount_captured"] - self.life.taken_from(charge)
        how = ("succeeded", "succeeded", "pending", "requires_action")[status]
        self.life.refund(charge, max(1, left // parts), status=how, fee="back" if fee else "none")

    def go_on(self, pick: int, act: int) -> None:
        """What becomes of a refund later."""
        refund = self.pick("refund", pick)
        acts: tuple[Callable[[Json], object], ...] = (
            self.life.succeed,
            self.life.fail,
            self.life.cancel,
            self.life.reference_arrives,
            lambda one: self.life.edit_metadata(one, {"ticket": str(pick)}),
        )
        acts[act](refund)

    def credit(self, pick: int, share: int) -> None:
        """A credit note for a refund of an invoice, whenever that is."""
        refund = self.pick("refund", pick)
        charge = self.fake.accounts[None][refund["charge"]]
        for invoice in self.of_kind("invoice"):
            if charge["id"] in [one["id"] for one in self.life.charges_of(invoice)]:
                amount = max(1, refund["amount"] // share)
                credit = Credit(None, amount, None)
                self.life.credit_note(invoice, [credit], refunds=[(refund, amount)])

    def void_credit(self, pick: int) -> None:
        self.life.void_credit_note(self.pick("credit_note", pick))

    def dispute(self, pick: int) -> None:
        charge = self.pick("charge", pick)
        if charge["payment_method_details"]["type"] == "card":
            self.life.dispute(charge)

    def wait(self, seconds: int) -> None:
        self.life.advance(seconds)

    def mess(self, version: int, duplicates: int, lag_s: int) -> None:
        """Events come twice, late, in the shape of another API version."""
        self.life.api_version = VERSIONS[version]
        self.life.duplicates = bool(duplicates)
        self.fake.event_lag = lag_s

    # ------------------------------------------------------------------------------------------ what there is

    def of_kind(self, kind: str) -> list[Json]:
        return self.fake.of_kind(kind)

    def pick(self, kind: str, place: int) -> Json:
        made = self.of_kind(kind)
        if not made:
            raise ValueError(f"there is no {kind} yet")
        return made[place % len(made)]


# ---------------------------------------------------------------------------------------------- what must be true


def check_facts(books: SmallBooks, fake: FakeStripe) -> None:
    """What is stored of each object is what Stripe has of it now."""
    truth = {}
    for kind in COMPARED:
        for raw in fake.of_kind(kind):
            parsed = parse_object(raw)
            assert parsed is not None and parsed.fact is not None, raw
            truth[parsed.object_id] = parsed.fact
    moved = {one["balance_transaction"] for kind in ("charge", "refund") for one in fake.of_kind(kind)}
    moved |= {
        one.get("failure_balance_transaction") for kind in ("charge", "refund") for one in fake.of_kind(kind)
    }
    wanted = {
        object_id: fact
        for object_id, fact in truth.items()
        if not object_id.startswith("txn_") or object_id in moved
    }
    assert stored_facts(books, wanted) == wanted


def stored_facts(books: SmallBooks, ids: Sequence[str] | dict[str, Fact]) -> dict[str, Fact]:
    with engine_of(f"sqlite:///{books.state}").connect().execution_options(reading=True) as connection:
        reader = FactReader(connection)
        reader.load(ids)
        return {object_id: fact for object_id in ids if (fact := reader.known[object_id]) is not None}


def check_documents(books: SmallBooks, once: SmallBooks, fake: FakeStripe) -> None:
    """The same documents as in books that read everything once, at the end; but for refunds that failed after they had
    been posted, of which those know nothing: theirs and their reversals cancel out.
    """
    mine, theirs = books.transactions(), once.transactions()
    keys = Counter(one.metadata["document_key"] for one in mine)
    assert [key for key, count in keys.items() if count > 1] == []
    gone = {one["id"] for one in fake.of_kind("refund") if one["status"] in ("failed", "canceled")}
    bounced = {one["id"] for one in fake.of_kind("charge") if one["status"] == "failed"}
    assert shown(mine, gone, bounced) == shown(theirs, gone, bounced)
    assert totals(mine, gone, bounced) == totals(theirs, gone, bounced)
    undone = [one for one in mine if refund_of(one) in gone or charge_of(one) in bounced]
    assert sum((one.moved("Income:Sales") for one in undone), Decimal(0)) == 0
    assert outcomes(books, gone) == outcomes(once, gone)


def refund_of(one: Transaction) -> str:
    return one.metadata.get("refund_id", "")


def charge_of(one: Transaction) -> str:
    return one.metadata.get("charge_id", "")


def kept(found: list[Transaction], gone: set[str], bounced: set[str]) -> list[Transaction]:
    return [one for one in found if refund_of(one) not in gone and charge_of(one) not in bounced]


def shown(found: list[Transaction], gone: set[str], bounced: set[str]) -> Counter[tuple[str, ...]]:
    """Kind, day, what it is for and what it moves of clearing and fees: not its number, nor how it splits into lines."""
    return Counter(
        (
            one.metadata["kind"],
            one.date,
            charge_of(one),
            refund_of(one),
            str(one.moved(CLEARING)),
            str(one.moved(FEES)),
        )
        for one in kept(found, gone, bounced)
    )


def totals(
    found: list[Transaction], gone: set[str], bounced: set[str]
) -> dict[tuple[str, str, str], Decimal]:
    """What each sale moved each account by, in each currency; income, tax and receivable of a sale together."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for one in kept(found, gone, bounced):
        for account, amount, currency in one.postings:
            name = account if account in (CLEARING, FEES) else "the sale"
            key = (charge_of(one), name, currency)
            sums[key] = sums.get(key, Decimal(0)) + amount
    return {key: amount for key, amount in sums.items() if amount}


def outcomes(books: SmallBooks, gone: set[str]) -> dict[str, tuple[str, str | None]]:
    """Refund → outcome; one that failed is reversed or dropped, whichever came first."""
    return {
        refund_id: ("ended", None) if refund_id in gone and found[0] in ("reversed", "dropped") else found
        for refund_id, found in books.outcomes().items()
    }


def count_of(books: SmallBooks, kind: str) -> int:
    rows = books.rows(f"{stripe_object.name} WHERE kind = '{kind}'", "object_id")
    return len(rows)
