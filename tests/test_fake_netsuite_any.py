"""The stand-in for NetSuite: whatever is done in whatever order, the books hang together and refusals change nothing."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from netsuite_hands import BANK, CLEARING, RECEIVABLES, SALES, shop
from vendors.netsuite import Account, FakeNetsuite, records, suiteql, transactions
from vendors.netsuite import seeding as seed
from vendors.netsuite.refusals import Refused
from vendors.netsuite.settling import open_amount
from vendors.netsuite.wire import Json, decimal

AMOUNTS = st.integers(1, 20_000).map(lambda cents: str(Decimal(cents).scaleb(-2)))
RATES = st.integers(50, 200).map(lambda number: str(Decimal(number).scaleb(-2)))
CURRENCIES = st.sampled_from(["USD", "EUR"])
CUSTOMERS = st.sampled_from(["Ada", "Bob O'Neil"])
PICKS = st.integers(0, 10_000)
LINES = st.lists(
    st.tuples(AMOUNTS, st.sampled_from(["Services", "Untaxed Service", "Widget"])), min_size=1, max_size=3
)
FORMS = st.sampled_from(["invoice", "creditMemo", "cashSale", "cashRefund"])


def told(account: Account) -> Any:
    """All that the account holds."""
    return account.trial_balance(), {group: dict(rows) for group, rows in account.shelf.groups.items()}


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.account = shop(currencies=("EUR",))

    def attempt(self, step: Callable[[], object]) -> None:
        before = told(self.account)
        try:
            step()
        except Refused:
            assert told(self.account) == before

    def one_of(self, pick: int, *kinds: str) -> Json | None:
        rows = [one for kind in kinds for one in self.account.documents(kind)]
        return rows[pick % len(rows)] if rows else None

    def money(self, currency: str, rate: str) -> Json:
        return {"currency": currency, "rate": None if currency == "USD" else rate}

    @rule(form=FORMS, lines=LINES, currency=CURRENCIES, rate=RATES, who=CUSTOMERS)
    def bill(self, form: str, lines: list[tuple[str, str]], currency: str, rate: str, who: str) -> None:
        rows = [seed.line(self.account, amount, item, quantity=1) for amount, item in lines]
        body: Json = {"entity": seed.reference(self.account, "customer", who), "item": {"items": rows}}
        body["currency"] = seed.reference(self.account, "currency", currency)
        if currency != "USD":
            body["exchangeRate"] = Decimal(rate)
        self.attempt(lambda: records.write(self.account, form, body))

    @rule(pick=PICKS, amount=AMOUNTS, currency=CURRENCIES, rate=RATES, who=CUSTOMERS, lone=st.booleans())
    def pay(self, pick: int, amount: str, currency: str, rate: str, who: str, lone: bool) -> None:
        on = None if lone else self.one_of(pick, "invoice")
        self.attempt(lambda: seed.payment(self.account, who, amount, on=on, **self.money(currency, rate)))

    @rule(
        pick=PICKS,
        amount=st.none() | AMOUNTS,
        rate=RATES,
        who=CUSTOMERS,
        bank=st.sampled_from([CLEARING, BANK]),
    )
    def refund(self, pick: int, amount: str | None, rate: str, who: str, bank: str) -> None:
        on = self.one_of(pick, "creditMemo", "customerPayment", "customerDeposit", "depositApplication")
        if on is not None:
            money = self.money("USD" if on["currency"] == "1" else "EUR", rate)
            self.attempt(lambda: seed.refund(self.account, who, on, amount, bank, **money))

    @rule(source=PICKS, other=PICKS, amount=st.none() | AMOUNTS, flag=st.none() | st.booleans())
    def apply(self, source: int, other: int, amount: str | None, flag: bool | None) -> None:
        one = self.one_of(source, "customerPayment", "creditMemo", "depositApplication", "customerRefund")
        target = self.one_of(other, "invoice", "creditMemo", "customerPayment")
        if one is None or target is None:
            return
        row: Json = {"doc": {"id": target["id"]}}
        if amount is not None:
            row["amount"] = Decimal(amount)
        if flag is not None:
            row["apply"] = flag
        body = {"apply": {"items": [row]}}
        self.attempt(lambda: records.write(self.account, one["_type"], body, change=one["id"]))

    @rule(
        pick=PICKS,
        other=PICKS,
        amount=AMOUNTS,
        who=CUSTOMERS,
        currency=CURRENCIES,
        rate=RATES,
        new=st.booleans(),
    )
    def deposit(
        self, pick: int, other: int, amount: str, who: str, currency: str, rate: str, new: bool
    ) -> None:
        one, invoice = self.one_of(pick, "customerDeposit"), self.one_of(other, "invoice")
        if new or one is None or invoice is None:
            self.attempt(lambda: seed.deposit(self.account, who, amount, **self.money(currency, rate)))
        else:
            self.attempt(lambda: seed.apply_deposit(self.account, one, invoice, amount))

    @rule(
        pick=PICKS, wanted=st.sampled_from(["creditMemo", "cashRefund", "customerRefund", "customerPayment"])
    )
    def transform(self, pick: int, wanted: str) -> None:
        one = self.one_of(pick, "invoice", "cashSale", "creditMemo", "customerPayment", "customerDeposit")
        if one is not None:
            body = (
                {"account": seed.reference(self.account, "account", CLEARING)}
                if wanted == "customerRefund"
                else {}
            )
            self.attempt(lambda: records.transform(self.account, one["_type"], one["id"], wanted, body))

    @rule(pick=PICKS, amount=AMOUNTS, new=st.booleans())
    def edit(self, pick: int, amount: str, new: bool) -> None:
        one = self.one_of(pick, "invoice", "creditMemo", "cashSale", "cashRefund")
        if one is not None:
            row: Json = {"amount": Decimal(amount)}
            row |= {"item": seed.reference(self.account, "item", "Services")} if new else {"line": 1}
            body = {"item": {"items": [row]}}
            self.attempt(lambda: records.write(self.account, one["_type"], body, change=one["id"]))

    @rule(amount=AMOUNTS, who=CUSTOMERS)
    def journal(self, amount: str, who: str) -> None:
        self.attempt(
            lambda: seed.journal(self.account, (RECEIVABLES, amount, who), (SALES, f"-{amount}", None))
        )

    @rule(pick=PICKS, voids=st.booleans())
    def take_away(self, pick: int, voids: bool) -> None:
        rows = list(self.account.transactions())
        if not rows:
            return
        one = rows[pick % len(rows)]
        if voids:
            self.attempt(lambda: records.one_step(self.account, lambda: transactions.void(self.account, one)))
        else:
            self.attempt(lambda: seed.delete(self.account, one))

    @rule(how=st.sampled_from(["closed", "arLocked", "open"]))
    def close(self, how: str) -> None:
        seed.close_period(self.account, "2026-03", how)

    @invariant()
    def the_books_hang_together(self) -> None:
        self.account.check()

    @invariant()
    def suiteql_says_what_the_books_say(self) -> None:
        query = (
            "SELECT a.fullname AS name, SUM(tal.amount) AS amount FROM transactionaccountingline tal "
            "JOIN account a ON a.id = tal.account GROUP BY a.fullname"
        )
        rows = suiteql.query(self.account, query, 1000, 0)["items"]
        found = {one["name"]: decimal(one.get("amount", "0")) for one in rows}
        assert {name: amount for name, amount in found.items() if amount} == self.account.trial_balance()
        query = "SELECT id, foreignamountunpaid AS rest FROM transaction WHERE type = 'CustInvc'"
        for one in suiteql.query(self.account, query, 1000, 0)["items"]:
            assert decimal(one["rest"]) == open_amount(self.account, self.account.transaction(one["id"]))

    def teardown(self) -> None:
        with FakeNetsuite(self.account):
            # Leaving checks once more.
            assert self.account.undo.mark() == 0


Life.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
TestLife = Life.TestCase
