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

from typing import TYPE_CHECKING

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
        """Days as they may come: sales of every kind, and refunds with all that may become of them."""
        for _ in range(days):
            for _ in range(sales_a_day):
                self.advance(self.dice.between(60, 80_000 // sales_a_day))
                charge = self._some_sale()
                if charge["captured"] and self.dice.chance(60):
                    wait = self.dice.below(6)
                    self.in_time(lambda sold=charge: self._some_refund(sold), days=wait)  # type: ignore[misc]
            self.advance(self.dice.between(60, 4000))
        self.check()

    def _some_sale(self) -> Json:
        kind = self.dice.below(10)
        if kind < 2:
            items = [Item("SKU-MUG", self.dice.between(1, 3)), Item("SKU-SHIRT")]
            return self.sell_by_invoice(items)[1]
        if kind == 2:
            return self.check_out([Item("SKU-BOOK", self.dice.between(1, 4))])[1]
        if kind == 3:
            debit = self.charge(self.dice.between(500, 9000), method="us_bank_account")
            act = self.settle if self.dice.chance(80) else self.bounce
            self.in_time(lambda: act(debit), days=4)
            return debit
        if kind == 4:
            return self.charge(self.dice.between(500, 9000), currency="eur")
        return self.charge(self.dice.between(500, 9000), description="Order")

    def _some_refund(self, charge: Json) -> None:
        left = charge["amount_captured"] - self.taken_from(charge)
        if charge["status"] == "failed" or left == 0 or self.disputes_of(charge):
            return
        amount = left if self.dice.chance(40) else self.dice.between(1, left)
        refund = self.refund(charge, amount, fee=self.dice.pick(("none", "back")))
        fate = self.dice.below(10)
        days = self.dice.between(1, 25)
        if fate < 2:
            self.in_time(lambda: self._unless_ended(refund, self.fail), days=days)
        elif fate == 2:
            self.in_time(lambda: self._unless_ended(refund, self.cancel), days=1)
        elif fate < 7:
            self.in_time(lambda: self._unless_ended(refund, self.reference_arrives), days=7)
        else:
            self.in_time(lambda: self.edit_metadata(refund, {"ticket": self.dice.digits(5)}), days=days)
        if refund["status"] == "pending" and fate > 2:
            self.in_time(lambda: self._unless_ended(refund, self._succeed_if_waiting), days=days)

    def _succeed_if_waiting(self, refund: Json) -> None:
        if refund["status"] == "pending" and refund["pending_reason"] != "charge_pending":
            self.succeed(refund)

    def _unless_ended(self, refund: Json, act: object) -> None:
        if refund["status"] not in ("failed", "canceled") and callable(act):
            act(refund)
