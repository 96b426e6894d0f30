"""The stand-in for Xero: whatever is done in whatever order, the books hang together and refusals change nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from vendors.xero import FakeXero, Organisation, write
from vendors.xero.refusals import Invalid
from vendors.xero.settling import OPEN_KINDS
from vendors.xero.wire import Json
from xero_hands import credit, form, line, shop, spend

AMOUNTS = st.integers(1, 20_000).map(lambda cents: str(Decimal(cents).scaleb(-2)))
RATES = st.integers(50, 200).map(lambda number: Decimal(number).scaleb(-2))
CURRENCIES = st.sampled_from(["USD", "EUR"])
TAXES = st.sampled_from(["NONE", "OUTPUT", "TAX001"])
CONTACTS = st.sampled_from(["Ada", "Bob O'Neil"])
SHAPES = st.sampled_from(["Exclusive", "Inclusive", "NoTax"])
PICKS = st.integers(0, 10_000)
BANKS = st.sampled_from(["090", "092"])
SINGULAR = {
    "Invoices": "Invoice",
    "CreditNotes": "CreditNote",
    "Overpayments": "Overpayment",
    "Prepayments": "Prepayment",
}


def told(organisation: Organisation) -> Any:
    """All that the organisation holds."""
    kinds = ("Contacts", "Payments", "Allocations", "BankTransactions", "Items", *OPEN_KINDS)
    return organisation.trial_balance(), {kind: dict(organisation.shelf.kinds[kind]) for kind in kinds}


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.organisation = shop(currencies=("EUR",))
        self.organisation.open_account("Stripe EUR", code="092", currency="EUR")

    def attempt(self, path: str, body: Json, method: str = "PUT") -> None:
        before = told(self.organisation)
        try:
            write(self.organisation, path, body, method)
        except Invalid:
            assert told(self.organisation) == before

    def one_of(self, kind: str, pick: int) -> Json | None:
        rows = self.organisation.documents(kind)
        return rows[pick % len(rows)] if rows else None

    @rule(
        sale=st.booleans(), amounts=st.lists(AMOUNTS, min_size=1, max_size=3), tax=TAXES, shape=SHAPES,
        currency=CURRENCIES, rate=RATES, contact=CONTACTS,
    )  # fmt: skip
    def bill(
        self, sale: bool, amounts: list[str], tax: str, shape: str, currency: str, rate: Decimal, contact: str
    ) -> None:
        make = form if sale else credit
        body = make(LineItems=[line(one, TaxType=tax) for one in amounts], contact=contact)
        body |= {"LineAmountTypes": shape, "CurrencyCode": currency, "CurrencyRate": rate}
        self.attempt("Invoices" if sale else "CreditNotes", body)

    @rule(
        kind=st.sampled_from(OPEN_KINDS),
        pick=PICKS,
        amount=AMOUNTS,
        bank=BANKS,
        rate=RATES,
        whole=st.booleans(),
    )
    def pay(self, kind: str, pick: int, amount: str, bank: str, rate: Decimal, whole: bool) -> None:
        one = self.one_of(kind, pick)
        if one is None:
            return
        singular = SINGULAR[kind]
        left = one.get("AmountDue", one.get("RemainingCredit"))
        body: Json = {singular: {f"{singular}ID": one[f"{singular}ID"]}, "Account": {"Code": bank}}
        body |= {"Date": "2026-03-06", "Amount": left if whole else Decimal(amount), "CurrencyRate": rate}
        self.attempt("Payments", body)

    @rule(kind=st.sampled_from(OPEN_KINDS[1:]), pick=PICKS, other=PICKS, amount=AMOUNTS)
    def allocate(self, kind: str, pick: int, other: int, amount: str) -> None:
        source, invoice = self.one_of(kind, pick), self.one_of("Invoices", other)
        if source is None or invoice is None:
            return
        body = {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Amount": Decimal(amount),
            "Date": "2026-03-06",
        }
        self.attempt(f"{kind}/{source[f'{kind[:-1]}ID']}/Allocations", body)

    @rule(kind=st.sampled_from(["SPEND", "RECEIVE", "RECEIVE-OVERPAYMENT", "RECEIVE-PREPAYMENT"]),
          amounts=st.lists(AMOUNTS, min_size=1, max_size=3), tax=TAXES, bank=BANKS, rate=RATES)  # fmt: skip
    def move_money(self, kind: str, amounts: list[str], tax: str, bank: str, rate: Decimal) -> None:
        lines = [line(one, TaxType=tax) for one in amounts]
        if kind == "RECEIVE-OVERPAYMENT":
            lines = [line(amounts[0], AccountCode=None)]
        self.attempt("BankTransactions", spend(kind=kind, bank=bank, LineItems=lines, CurrencyRate=rate))

    @rule(pick=PICKS, kind=st.sampled_from(["Payments", "BankTransactions"]))
    def delete(self, pick: int, kind: str) -> None:
        one = self.one_of(kind, pick)
        if one is not None:
            self.attempt(f"{kind}/{one[f'{kind[:-1]}ID']}", {"Status": "DELETED"}, "POST")

    @rule(pick=PICKS)
    def take_back(self, pick: int) -> None:
        one = self.one_of("Allocations", pick)
        if one is not None and one["Status"] != "DELETED":
            kind, source = one["_on"][0]
            write(self.organisation, f"{kind}/{source}/Allocations/{one['AllocationID']}", {}, "DELETE")

    @rule(pick=PICKS, kind=st.sampled_from(["Invoices", "CreditNotes"]))
    def void(self, pick: int, kind: str) -> None:
        one = self.one_of(kind, pick)
        if one is not None:
            self.attempt(f"{kind}/{one[f'{kind[:-1]}ID']}", {"Status": "VOIDED"}, "POST")

    @rule(pick=PICKS, amount=AMOUNTS, kind=st.sampled_from(["Invoices", "CreditNotes"]))
    def edit(self, pick: int, amount: str, kind: str) -> None:
        one = self.one_of(kind, pick)
        if one is not None:
            self.attempt(f"{kind}/{one[f'{kind[:-1]}ID']}", {"LineItems": [line(amount)]}, "POST")

    @invariant()
    def the_books_hang_together(self) -> None:
        self.organisation.check()

    def teardown(self) -> None:
        with FakeXero(self.organisation):
            # Leaving checks once more.
            assert self.organisation.undo.mark() == 0


Life.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
TestLife = Life.TestCase
