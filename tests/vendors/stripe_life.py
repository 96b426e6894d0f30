"""What happens in a Stripe account, consistently, with the balance transactions and the events Stripe makes of it.

    fake = FakeStripe(now)
    life = StripeLife(fake)
    charge = life.charge(5000)
    life.advance(days=2)
    refund = life.refund(charge, 1200)
    life.advance(days=28)
    life.fail(refund)

An account with a life can be written to over HTTP, too: what a request does is one of these happenings.
https://docs.stripe.com/refunds, https://docs.stripe.com/api/events/types
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from connector.samples.catalogue import DAY
from vendors.living.billing import Billing, Credit, Item, TaxRate
from vendors.living.connect import Connect
from vendors.living.disputes import Disputes
from vendors.living.versions import CLOVER, EMBEDDED_REFUNDS, ENDIVE, PRE_BASIL
from vendors.stripe_errors import Json

if TYPE_CHECKING:
    from vendors.fake_stripe import FakeStripe

__all__ = [
    "CLOVER",
    "EMBEDDED_REFUNDS",
    "ENDIVE",
    "PRE_BASIL",
    "Credit",
    "Item",
    "StripeLife",
    "TaxRate",
]


class StripeLife(Billing, Connect, Disputes):
    """One account's life; it is deterministic: the same seed and the same calls make the same objects."""

    def __init__(
        self,
        fake: FakeStripe,
        seed: str = "life",
        account: str | None = None,
        api_version: str = ENDIVE,
        balance_currency: str = "usd",
    ) -> None:
        super().__init__(fake, seed, account, api_version, balance_currency)
        # Requests that write to the account happen in this life.
        fake.lives[account] = self

    def live(self, days: int, sales_a_day: int = 3) -> None:
        """Days as they may come: sales of every kind, refunds with all that may become of them, notes, disputes."""
        for _ in range(days):
            end = self.now + DAY
            for _ in range(sales_a_day):
                self.advance(self.dice.between(60, 80_000 // sales_a_day))
                invoice, charge = self._some_sale()
                fate = self.dice.below(10)
                wait = self.dice.between(60, 6 * DAY)
                if fate < 6:
                    self.in_time(partial(self._some_refund, charge, invoice), wait)
                elif fate == 6 and charge["payment_method_details"]["type"] == "card":
                    self.in_time(partial(self._some_dispute, charge), wait)
            self.advance(end - self.now)
        self.check()

    def _some_sale(self) -> tuple[Json | None, Json]:
        """The invoice, where there is one, and the charge."""
        kind = self.dice.below(10)
        if kind < 2:
            return self.sell_by_invoice([Item("SKU-MUG", self.dice.between(1, 3)), Item("SKU-SHIRT")])
        if kind == 2:
            return None, self.check_out([Item("SKU-BOOK", self.dice.between(1, 4))])[1]
        amount = self.dice.between(500, 9000)
        if kind == 3:
            debit = self.charge(amount, method="us_bank_account")
            self.in_time(partial(self.settle if self.dice.chance(80) else self.bounce, debit), days=4)
            return None, debit
        return None, self.charge(amount, currency="eur" if kind == 4 else "usd", description="Order")

    def _some_refund(self, charge: Json, invoice: Json | None) -> None:
        left = charge["amount_captured"] - self.taken_from(charge)
        if charge["status"] == "failed" or left == 0 or self.disputes_of(charge):
            return
        amount = left if self.dice.chance(40) else self.dice.between(1, left)
        refund = self.refund(charge, amount, fee=self.dice.pick(("none", "back")))
        if invoice is not None and self.dice.chance(50):
            credit = Credit(None, amount, None)
            note = partial(self.credit_note, invoice, [credit], refunds=[(refund, amount)])
            self.in_time(note, self.dice.below(2 * DAY))
        fate, wait = self.dice.below(10), self.dice.between(60, 25 * DAY)
        if fate < 2:
            self.in_time(partial(self._unless_ended, refund, self.fail), wait)
        elif fate == 2:
            self.in_time(partial(self._unless_ended, refund, self.cancel), 3600)
        elif fate < 7:
            self.in_time(partial(self._unless_ended, refund, self.reference_arrives), days=7)
        else:
            ticket = {"ticket": self.dice.digits(5)}
            self.in_time(partial(self.edit_metadata, refund, ticket), wait)
        if refund["status"] == "pending" and fate > 2:
            self.in_time(partial(self._unless_ended, refund, self._succeed_if_waiting), wait)

    def _succeed_if_waiting(self, refund: Json) -> None:
        if refund["status"] == "pending" and refund["pending_reason"] != "charge_pending":
            self.succeed(refund)

    def _unless_ended(self, refund: Json, act: Callable[[Json], None]) -> None:
        if refund["status"] not in ("failed", "canceled"):
            act(refund)

    def _some_dispute(self, charge: Json) -> None:
        dispute = self.dispute(charge, inquiry=self.dice.chance(25))
        self.in_time(partial(self.submit_evidence, dispute), days=3)
        close = partial(self.close_dispute, dispute, won=self.dice.chance(40), fee_back=self.dice.chance(50))
        self.in_time(close, days=self.dice.between(5, 40))
