"""The stand-in for QuickBooks Online under any sequence of writes: its books hang together after each one, and a write
that is refused changes nothing.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from quickbooks_hands import CLEARING, FUNDS, RECEIVABLES, form, pay_line, payment, shop
from vendors.quickbooks import Company
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.refusals import Refused
from vendors.quickbooks.wire import Json, dumps
from vendors.quickbooks.writing import TRANSACTIONS, write

KINDS = ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt", "Payment", "Purchase", "Deposit")
AMOUNTS = ("0", "0.01", "3.33", "10", "10", "20", "19.99", "33.34")
RATES = ("1.10", "1.0333", "0.97")
STEPS = (*KINDS, *KINDS, *["link"] * 10, *["relink"] * 3, "void", "void", "delete", *["resize"] * 3)
LENGTH = 40


class Life:
    """One company that lives through drawn writes; customer 3 buys in euros."""

    def __init__(self, seed: int, automatic: bool) -> None:
        self.chance = Random(seed)
        self.company = shop(clock=Clock(1772798400.0))
        self.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        self.company.set_preference("SalesFormsPrefs", AutoApplyCredit=automatic)
        self.company.moods.sparse_credit_memo = "accepted"
        self.company.rates["EUR"] = Decimal("1.10")
        write(self.company, "Customer", {"DisplayName": "Chloé", "CurrencyRef": {"value": "EUR"}})
        write(self.company, "Invoice", form("1", **self.terms("3"), customer="3"))

    def terms(self, customer: str) -> Json:
        if customer != "3":
            return {"CurrencyRef": {"value": "USD"}}
        return {"CurrencyRef": {"value": "EUR"}, "ExchangeRate": Decimal(self.chance.choice(RATES))}

    def amount(self) -> str:
        return self.chance.choice(AMOUNTS)

    def account(self, name: str) -> Json:
        return {"value": self.company.account(name)["Id"]}

    def some(self, *kinds: str) -> tuple[str, Json] | None:
        found = [(kind, one) for kind in kinds for one in self.company.documents(kind)]
        return self.chance.choice(found) if found else None

    def lines(self, customer: str) -> list[Json]:
        made: list[Json] = []
        for kind, how in (("Invoice", "Invoice"), ("CreditMemo", "CreditMemo"), ("Purchase", "Expense")):
            mine = [
                one
                for one in self.company.documents(kind)
                if one["EntityRef" if kind == "Purchase" else "CustomerRef"]["value"] == customer
            ]
            if mine and self.chance.random() < 0.6:
                one = self.chance.choice(mine)
                whole = str(one.get("Balance", one["TotalAmt"]))
                made.append(pay_line(self.chance.choice([whole, self.amount()]), how, one))
        return made

    def step(self, what: str) -> None:
        customer = self.chance.choice(["1", "3"])
        terms: Json = self.terms(customer)
        if what in ("Invoice", "CreditMemo", "SalesReceipt", "RefundReceipt"):
            into = {"DepositToAccountRef": self.account(self.chance.choice([CLEARING, FUNDS]))}
            body = form(self.amount(), self.amount(), customer=customer, **into, **terms)
            write(self.company, what, body)
        elif what in ("Payment", "link"):
            lines = self.lines(customer) if what == "link" else []
            total = self.chance.choice(["0", self.amount()])
            write(self.company, "Payment", payment(total, *lines, customer=customer, **terms))
        elif what == "Purchase":
            self.pay_out(customer, terms)
        elif what == "Deposit":
            self.deposit(terms)
        else:
            self.change(what)

    def pay_out(self, customer: str, terms: Json) -> None:
        owed = RECEIVABLES if customer == "1" else f"{RECEIVABLES} - EUR"
        line = {
            "Amount": Decimal(self.amount()),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {"AccountRef": self.account(owed)},
        }
        body = {"PaymentType": "Cash", "AccountRef": self.account(CLEARING), "Line": [line], **terms}
        write(self.company, "Purchase", {**body, "EntityRef": {"value": customer, "type": "Customer"}})

    def deposit(self, terms: Json) -> None:
        lines = []
        for kind in ("Payment", "SalesReceipt", "RefundReceipt"):
            found = self.some(kind)
            if found is not None:
                lines.append({"LinkedTxn": [{"TxnId": found[1]["Id"], "TxnType": kind, "TxnLineId": "0"}]})
        body = {"DepositToAccountRef": self.account("Checking"), "Line": lines, **terms}
        write(self.company, "Deposit", body)

    def change(self, what: str) -> None:
        found = self.some("Payment") if what == "relink" else self.some(*KINDS)
        if found is None:
            return
        kind, one = found
        named = {"Id": one["Id"], "SyncToken": one["SyncToken"], "sparse": True}
        if what == "relink":
            lines = self.lines(one["CustomerRef"]["value"])
            write(self.company, kind, {**named, "Line": lines})
        elif what == "delete":
            write(self.company, kind, named, "delete")
        elif what == "void" and kind == "Invoice":
            write(self.company, kind, named, "void")
        elif what == "void":
            write(self.company, kind, named, "update", ["void"])
        elif kind in ("Invoice", "CreditMemo", "SalesReceipt"):
            write(self.company, kind, {**named, "Line": form(self.amount())["Line"]})


def picture(company: Company) -> str:
    """All that a client or a bookkeeper can see."""
    documents: Any = {
        kind: sorted(company.documents(kind), key=lambda one: int(one["Id"])) for kind in TRANSACTIONS
    }
    return dumps([documents, company.trial_balance(), company.open_balance("1"), company.open_balance("3")])


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.booleans())
def test_any_life_of_a_company(seed: int, automatic: bool) -> None:
    life = Life(seed, automatic)
    for _ in range(LENGTH):
        what = life.chance.choice(STEPS)
        before = picture(life.company)
        try:
            life.step(what)
        except Refused as refused:
            assert refused.code in ("6000", "620", "500", "6540", "2020"), refused
            assert picture(life.company) == before, what
        life.company.check()
