"""Random histories of a Stripe account: what may happen in it, step by step, and the books that follow it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from small_books import SmallBooks
from vendors.fake_stripe import KEY, FakeStripe
from vendors.stripe_errors import Refused
from vendors.stripe_life import CLOVER, EMBEDDED_REFUNDS, ENDIVE, PRE_BASIL, Credit, Item, StripeLife

Json = dict[str, Any]
Step = tuple[Any, ...]

BEGIN = 1_769_000_000  # 2026-01-21T12:53:20Z
DAY = 86_400
VERSIONS = (ENDIVE, CLOVER, PRE_BASIL, EMBEDDED_REFUNDS)
# What has happened when a history begins, so that there is something for its steps to go on with: a sale of each kind,
# of which one debit is under way, and refunds of an invoice (twice, once pending), a debit, a session, and in euros.
BEFORE: tuple[Step, ...] = (
    *(("sell", kind, 3000 + 700 * kind) for kind in range(6)),
    ("clear", 0, True),
    ("sell", 0, 5001),
    ("wait", 600),
    ("refund", 0, 2, 0, True),
    ("refund", 1, 3, 0, False),
    ("refund", 5, 1, 0, False),
    ("refund", 6, 2, 2, False),
    ("refund", 3, 2, 0, False),
)


def make_books(folder: Path, fake: FakeStripe) -> SmallBooks:
    stripe = {"api_key": KEY, "base_url": fake.base_url}
    return SmallBooks.make(folder, stripe=stripe, sales="sales_receipt", fees=True).migrate()


@dataclass
class History:
    """An account and what happens in it. Steps that cannot happen at their moment do nothing.

    A `pick` chooses among what there is, a `share` says by what a whole is divided.
    """

    fake: FakeStripe
    life: StripeLife

    @classmethod
    def begin(cls, fake: FakeStripe, seed: str) -> History:
        fake.now = BEGIN
        return cls(fake, StripeLife(fake, seed))

    def step(self, step: Step) -> None:
        with suppress(ValueError, Refused):
            getattr(self, step[0])(*step[1:])

    # ------------------------------------------------------------------------------------------ sales

    def sell(self, kind: int, amount: int) -> None:
        if kind == 0:
            self.life.sell_by_invoice([Item("SKU-MUG", 1 + amount % 3), Item("SKU-SHIRT")])
        elif kind == 1:
            self.life.check_out([Item("SKU-BOOK", 1 + amount % 4)])
        elif kind == 2:
            self.life.charge(amount, method="us_bank_account")
        elif kind == 3:
            self.life.charge(amount, currency="eur")
        elif kind == 4:
            self.life.charge(amount, metadata={"order_number": f"A{amount}"})
        else:
            self.life.charge(amount, method="sepa_debit", currency="eur")

    def decline(self, amount: int) -> None:
        self.life.decline(amount)

    def clear(self, pick: int, well: bool) -> None:
        """A bank debit that is under way comes, or does not."""
        charge = chosen(pick, [one for one in self.of_kind("charge") if one["status"] == "pending"])
        (self.life.settle if well else self.life.bounce)(charge)

    def authorise(self, amount: int, currency: str) -> None:
        self.life.charge(amount, currency=currency, captured=False)

    def capture(self, pick: int, share: int) -> None:
        """What was authorised is taken, all or a part; share 0: it is released."""
        waiting = [
            one for one in self.of_kind("charge") if self.life.intent_of(one)["status"] == "requires_capture"
        ]
        charge = chosen(pick, waiting)
        if share == 0:
            self.life.release(charge)
        else:
            self.life.capture(charge, max(1, charge["amount"] // share))

    def bill(self, with_payment: bool) -> None:
        """An invoice is sent; `with_payment` with a payment that waits for the customer."""
        self.life.invoice([Item("SKU-MUG", 2), Item("SKU-SHIRT")], with_payment=with_payment)

    def pay(self, pick: int, share: int) -> None:
        """A bill is paid, all that is left of it or a part."""
        invoice = chosen(pick, [one for one in self.of_kind("invoice") if one["status"] == "open"])
        self.life.pay_invoice(invoice, max(1, invoice["amount_remaining"] // share))

    def open_session(self, quantity: int) -> None:
        self.life.open_session([Item("SKU-BOOK", quantity)])

    def complete(self, pick: int) -> None:
        """A customer pays who opened a session up to a day ago."""
        made = self.of_kind("checkout.session")
        young = [one for one in made if one["status"] == "open" and self.life.now - one["created"] < DAY]
        self.life.complete_session(chosen(pick, young))

    # ------------------------------------------------------------------------------------------ refunds

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
            self.life.customer_answers,
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

    def credit_first(self, pick: int, amount: int) -> None:
        """A credit note that names no refund yet."""
        invoice = chosen(pick, [one for one in self.of_kind("invoice") if one["status"] == "paid"])
        self.life.credit_note(invoice, [Credit(None, amount, None)])

    def name(self, pick: int, refund_pick: int) -> None:
        """A refund is entered in a credit note."""
        refund = self.pick("refund", refund_pick)
        self.life.name_refund(self.pick("credit_note", pick), refund)

    def void_credit(self, pick: int) -> None:
        self.life.void_credit_note(self.pick("credit_note", pick))

    def dispute(self, pick: int) -> None:
        charge = self.pick("charge", pick)
        if charge["payment_method_details"]["type"] == "card":
            self.life.dispute(charge)

    def close(self, pick: int, won: bool) -> None:
        self.life.close_dispute(self.pick("dispute", pick), won=won, fee_back=won)

    # ------------------------------------------------------------------------------------------ Stripe itself

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
        return chosen(place, self.of_kind(kind))


def chosen(pick: int, made: list[Json]) -> Json:
    """Raises ValueError where there is nothing to choose from."""
    if not made:
        raise ValueError("there is none yet")
    return made[pick % len(made)]
