"""The stand-in for NetSuite: currencies, exchange gains, subsidiaries, and books that balance to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from netsuite_hands import CLEARING, GAINS, NOON, RECEIVABLES, SALES, Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.chart import account_row
from vendors.quickbooks.clock import Clock


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop(currencies=("EUR", "JPY"))) as fake:
        yield Hands(fake)


def test_a_refund_at_another_rate_leaves_a_gain_and_no_receivable(hands: Hands) -> None:
    account = hands.account
    line = hands.line("100", "Untaxed Service")
    invoice = seed.invoice(account, "Ada", line, currency="EUR", rate="1.35")
    seed.payment(account, "Ada", "100", on=invoice, currency="EUR", rate="1.35")
    euro = hands.ref("currency", "EUR")
    memo = hands.create("creditMemo", hands.memo("100", currency=euro, exchangeRate=Decimal("1.35")))
    refund = hands.refund(memo, currency=euro, exchangeRate=Decimal("1.40"))
    made = hands.create("customerRefund", refund)
    assert account.trial_balance_minor() == {
        CLEARING: -500,
        GAINS: 500,
        "Other Revenue": -13500,
        SALES: 13500,
    }
    assert account.balance_of(RECEIVABLES) == 0
    query = (
        "SELECT a.fullname name, tal.amount FROM transactionaccountingline tal JOIN account a ON a.id = tal.account "
        f"WHERE tal.transaction = {made} ORDER BY tal.transactionline"
    )
    assert [(one["name"], one["amount"]) for one in hands.ask(query)] == [
        (CLEARING, "-140"),
        (RECEIVABLES, "140"),
        (RECEIVABLES, "-5"),
        (GAINS, "5"),
    ]
    (row,) = hands.ask(
        f"SELECT foreigntotal, exchangerate, BUILTIN.DF(currency) c FROM transaction WHERE id = {made}"
    )
    assert row == {"foreigntotal": "-100", "exchangerate": "1.4", "c": "Euro"}
    hands.change(f"customerRefund/{made}", {}, "DELETE")
    assert GAINS not in account.trial_balance() and account.balance_of(CLEARING) == 135


def test_parts_of_a_foreign_document_leave_no_cent_behind(hands: Hands) -> None:
    account = hands.account
    line = hands.line("100", "Untaxed Service")
    invoice = seed.invoice(account, "Ada", line, currency="EUR", rate="1.3333")
    for amount in ("33.33", "33.33", "33.34"):
        seed.payment(account, "Ada", amount, on=invoice, currency="EUR", rate="1.1111")
        account.check()
    assert account.balance_of(RECEIVABLES) == 0
    first = account.documents("customerPayment")[0]
    seed.unapply(account, first, invoice)
    account.check()
    assert account.balance_of(RECEIVABLES) == Decimal("44.44") - Decimal("37.03")


def test_a_rate_is_that_of_the_day_unless_it_is_given(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", currency=hands.ref("currency", "EUR")))
    assert hands.get(f"creditMemo/{memo}")["exchangeRate"] == Decimal("1.1")
    assert "must be 1" in hands.refused("POST", "creditMemo", hands.memo("5", exchangeRate=2))["detail"]
    body = hands.memo("5", currency=hands.ref("currency", "EUR"), exchangeRate=0)
    assert "greater than zero" in hands.refused("POST", "creditMemo", body)["detail"]


def test_yen_have_no_cents(hands: Hands) -> None:
    yen = hands.ref("currency", "JPY")
    memo = hands.create("creditMemo", hands.memo("500", currency=yen))
    assert hands.get(f"creditMemo/{memo}")["total"] == 500
    hands.refused("POST", "creditMemo", hands.memo("5.5", currency=yen))
    hands.loud("decimal places")


def test_what_rounding_leaves_goes_to_an_account_of_its_own(hands: Hands) -> None:
    body = hands.memo("0.05", "0.05", currency=hands.ref("currency", "EUR"), exchangeRate=Decimal("1.1"))
    memo = hands.create("creditMemo", body)
    balances = hands.account.trial_balance_minor()
    assert balances == {RECEIVABLES: -11, "Rounding Gain/Loss": -1, SALES: 12}
    lines = hands.ask(f"SELECT id FROM transactionline WHERE transaction = {memo}")
    assert len(lines) == 3
    assert len(hands.ask(f"SELECT account FROM transactionaccountingline WHERE transaction = {memo}")) == 4


def test_an_application_keeps_to_one_currency(hands: Hands) -> None:
    memo = seed.memo(hands.account, "Ada", "5", currency="EUR")
    told = hands.refused("POST", "customerRefund", hands.refund(memo))
    assert told["o:errorPath"] == "apply.items[0].doc"


def test_a_bank_account_in_a_currency_takes_that_one_alone(hands: Hands) -> None:
    account = hands.account
    account.put(account_row(account, "Stripe EUR", "Bank", "1011", "EUR"))
    row = {
        "account": hands.ref("account", "Stripe EUR"),
        "customer": hands.ref("customer", "Ada"),
        "payment": 5,
    }
    assert hands.refused("POST", "customerPayment", row)["o:errorPath"] == "account"
    hands.create("customerPayment", {**row, "currency": hands.ref("currency", "EUR")})


def test_a_customer_has_the_currencies_that_it_has(hands: Hands) -> None:
    told = hands.refused("POST", "creditMemo", hands.memo("5", currency={"id": "77"}))
    assert told["o:errorPath"] == "currency"
    account = hands.account
    ada = account.named("customer", "Ada")
    account.put({**ada, "_currencies": (account.named("currency", "USD")["id"],)})
    told = hands.refused("POST", "creditMemo", hands.memo("5", currency=hands.ref("currency", "EUR")))
    assert told["o:errorPath"] == "currency"


# ---------------------------------------------------------------------------------------------- subsidiaries


def test_subsidiaries_have_books_and_currencies_of_their_own() -> None:
    account = shop(subsidiaries=(("Acme Europe", "EUR"),))
    with FakeNetsuite(account) as fake:
        hands = Hands(fake)
        euro = seed.customer(account, "Eve", subsidiary="Acme Europe")
        seed.payment(account, euro, "20")
        seed.payment(account, "Ada", "30")
        made = seed.invoice(account, euro, "100", currency="USD")
        shown = hands.get(f"invoice/{made['id']}")
        assert shown["subsidiary"]["refName"] == "Acme Europe"
        assert shown["exchangeRate"] == Decimal("0.90909091")
        assert account.trial_balance_minor(subsidiary="Acme Inc") == {CLEARING: 3000, RECEIVABLES: -3000}
        assert account.balance_of(CLEARING, "Acme Europe") == 20
        assert account.trial_balance(subsidiary="Acme Europe")[SALES] == Decimal("-90.91")
        wrong = hands.memo("5", subsidiary=hands.ref("subsidiary", "Acme Europe"))
        assert hands.refused("POST", "creditMemo", wrong)["o:errorPath"] == "subsidiary"
        rows = hands.ask("SELECT name, BUILTIN.DF(currency) currency FROM subsidiary ORDER BY id")
        assert rows[1] == {"name": "Acme Europe", "currency": "Euro"}


def test_without_subsidiaries_there_is_no_such_field() -> None:
    account = shop()
    account.moods.one_world = False
    with FakeNetsuite(account) as fake:
        hands = Hands(fake)
        told = hands.refused("POST", "creditMemo", hands.memo("5", subsidiary={"id": "1"}))
        assert told["o:errorPath"] == "subsidiary"
        assert "subsidiary" not in hands.get(f"creditMemo/{hands.create('creditMemo', hands.memo('5'))}")
        assert "'subsidiary' was not found" in hands.unasked("SELECT id FROM subsidiary")
        assert "'subsidiary' was not found" in hands.unasked("SELECT subsidiary FROM transactionline")
        hands.create("customer", {"companyName": "Cy"})


def test_a_trial_balance_ends_on_a_day() -> None:
    account = shop()
    seed.payment(account, "Ada", "20", day="2026-02-10")
    seed.payment(account, "Ada", "30", day="2026-03-01")
    assert account.trial_balance_minor(until="2026-02-28")[CLEARING] == 2000


def test_a_copy_goes_its_own_way() -> None:
    account = shop()
    seed.payment(account, "Ada", "20")
    with FakeNetsuite(account.copy(Clock(NOON + 86_400))) as fake:
        hands = Hands(fake)
        seed.payment(fake.account, "Ada", "30")
        assert len(hands.ask("SELECT id FROM transaction")) == 2
        assert fake.account.today() == "2026-03-07"
    assert account.balance_of(CLEARING) == 20 and account.today() == "2026-03-06"
