"""Acme's Stripe account while the quarter is made: objects by kind, named cases, the next numbers."""

from __future__ import annotations

from connector.samples.catalogue import (
    ARTICLES,
    DAY,
    Json,
    customer_object,
    invented_name,
    moment,
    price_object,
    product_object,
)
from connector.samples.dice import Dice

KINDS = (
    "charge",
    "refund",
    "payment_intent",
    "invoice",
    "invoice_payment",
    "credit_note",
    "balance_transaction",
    "customer",
    "checkout.session",
    "dispute",
    "product",
    "price",
)
_CUSTOMERS = {"US": 70, "DE": 10, "NL": 8, "GB": 10, "CA": 10, "JP": 6, "KW": 5}
_FIRST_ORDER = 1001


class Account:
    """`objects[kind][id]` is an object's latest state; `cases[name]` are ids or numbers that show a case."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self.dice = Dice(seed)
        self.objects: dict[str, dict[str, Json]] = {kind: {} for kind in KINDS}
        self.cases: dict[str, list[str]] = {}
        self.rates: dict[str, int] = {}
        self._last_invoice = 0
        self._last_order = _FIRST_ORDER - 1
        self._customers: dict[str, list[Json]] = {country: [] for country in _CUSTOMERS}
        self._open_shop()

    def _open_shop(self) -> None:
        for article in ARTICLES.values():
            self.keep(product_object(article))
            for currency in article.prices:
                self.keep(price_object(article, currency))
        for country, count in _CUSTOMERS.items():
            for place in range(count):
                self.begin(f"customer/{country}/{place}")
                created = moment("2025-07-01T00:00:00") + self.dice.below(170 * DAY)
                self.add_customer(country, created, invented_name(self.dice))

    def begin(self, name: str) -> None:
        """Draws from here on depend on `name` alone: one case can change without moving the others."""
        self.dice = Dice(f"{self.seed}/{name}")

    def keep(self, stripe_object: Json) -> Json:
        kind, stripe_id = stripe_object["object"], stripe_object["id"]
        if stripe_id in self.objects[kind]:
            raise ValueError(f"two objects {stripe_id}")
        self.objects[kind][stripe_id] = stripe_object
        return stripe_object

    def note(self, case: str, *marks: str) -> None:
        """Ids or numbers that show a case; they become the table of cases in the README."""
        self.cases.setdefault(case, []).extend(marks)

    def next_order(self) -> str:
        self._last_order += 1
        return str(self._last_order)

    def next_invoice(self) -> str:
        self._last_invoice += 1
        return f"ACME-{self._last_invoice:04d}"

    def add_customer(self, country: str, created: int, name: str) -> Json:
        place = len(self.objects["customer"]) + 1
        email = f"customer-{place:03d}@example.com"
        customer = customer_object(self.dice, country, created=created, name=name, email=email)
        self._customers[country].append(customer)
        return self.keep(customer)

    def customer(self, country: str, place: int) -> Json:
        """One of the customers of a country, the same for the same place."""
        known = self._customers[country]
        return known[place % len(known)]

    def any_customer(self, country: str) -> Json:
        return self.customer(country, self.dice.below(_CUSTOMERS[country]))

    def balance_transaction_of(self, source: Json) -> Json:
        """The balance transaction of a settled charge or refund."""
        return self.objects["balance_transaction"][source["balance_transaction"]]

    def refunds_of(self, charge: Json) -> list[Json]:
        return [one for one in self.objects["refund"].values() if one["charge"] == charge["id"]]

    def sorted_lines(self, kind: str) -> list[Json]:
        """Newest first, as the list endpoints answer; within one second the later made comes first."""
        made = list(enumerate(self.objects[kind].values()))
        made.sort(key=lambda pair: (pair[1]["created"], pair[0]), reverse=True)
        return [stripe_object for _, stripe_object in made]
