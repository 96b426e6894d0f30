"""A NetSuite account with subsidiaries: refunds stand in that of their sale, with its base currency; what the connector makes
of its own stands in the one that the settings name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk
from netsuite_sold import cash_sale, deposit, invoice, pay
from netsuite_type_cases import REOPEN, SOLD
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

HOME, OTHER, CLEO = "1", "Acme Overseas", "Cleo"
Totals = dict[str, str]
TAKEN: Totals = {"REV": "-70.00", "TAX": "-7.00", "CLR": "77.00"}


class Case(NamedTuple):
    """How it was sold to Cleo; what stands in the books after a refund of 33.00 and after its failure; the same in an
    account whose other subsidiary keeps euros, where a dollar was worth 0.90 and is worth 0.909."""

    sale: Callable[[Desk, Json], object]
    settings: Json
    totals: Totals
    back: Totals
    in_euros: Totals
    back_in_euros: Totals


CASES = {
    "an invoice": Case(
        lambda one, told: pay(one.account, invoice(one.account, **told), **told),
        {},
        TAKEN,
        SOLD,
        {"REV": "-63.00", "TAX": "-6.30", "CLR": "69.00", "GAIN": "0.30"},
        {"REV": "-90.00", "TAX": "-9.00", "CLR": "99.00"},
    ),
    "a cash sale": Case(
        lambda one, told: cash_sale(one.account, **told),
        {},
        TAKEN,
        SOLD,
        {"REV": "-63.00", "TAX": "-6.30", "CLR": "69.30"},
        {"REV": "-90.00", "TAX": "-9.00", "CLR": "99.00"},
    ),
    "a lone payment": Case(
        lambda one, told: pay(one.account, None, **told),
        {},
        {"AR": "-77.00", "CLR": "77.00"},
        {"AR": "-110.00", "CLR": "110.00"},
        {"AR": "-69.30", "CLR": "69.00", "GAIN": "0.30"},
        {"AR": "-99.30", "CLR": "99.00", "GAIN": "0.30"},
    ),
    "a deposit": Case(
        lambda one, told: deposit(one.account, **told),
        {},
        {"DEP": "-77.00", "CLR": "77.00"},
        {"DEP": "-77.00", "AR": "-33.00", "CLR": "110.00"},
        {"DEP": "-69.30", "CLR": "69.00", "GAIN": "0.30"},
        {"DEP": "-69.30", "AR": "-30.00", "CLR": "99.00", "GAIN": "0.30"},
    ),
    "an invoice opened again": Case(
        lambda one, told: pay(one.account, invoice(one.account, **told), **told),
        REOPEN,
        {"AR": "33.00", "REV": "-100.00", "TAX": "-10.00", "CLR": "77.00"},
        SOLD,
        {"AR": "29.70", "REV": "-90.00", "TAX": "-9.00", "CLR": "69.00", "GAIN": "0.30"},
        {"REV": "-90.00", "TAX": "-9.00", "CLR": "99.00"},
    ),
}


def account(base: str) -> Json:
    return {"subsidiaries": ((OTHER, base),), "currencies": ("EUR",)}


def sold_to_cleo(one: Desk, case: Case, currency: str, base: str) -> None:
    """Sold by the other subsidiary, and refunded; Stripe's balance is kept in the currency of the sale."""
    seed.customer(one.account, CLEO, subsidiary=OTHER)
    told: Json = {"who": CLEO, "currency": currency}
    case.sale(one, told if currency == base else {**told, "rate": "0.9"})
    charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
    one.shop.refund("a", charge, 3300, "2026-03-05")
    in_currency(one, currency)


def in_currency(one: Desk, currency: str) -> None:
    for each in one.shop.objects.values():
        each["currency"] = currency.lower()


def subsidiaries_of_ours(one: Desk) -> set[str]:
    return {one.account.get("subsidiary", each["subsidiary"])["name"] for each in one.ours()}


# ---------------------------------------------------------------------------------------------- that of the sale


@pytest.mark.parametrize("named", [True, False], ids=["another one is named", "none is named"])
@pytest.mark.parametrize(("base", "currency"), [("USD", "USD"), ("EUR", "EUR"), ("EUR", "USD")])
@pytest.mark.parametrize("name", CASES)
def test_a_refund_stands_in_the_subsidiary_of_its_sale(
    tmp_path: Path, name: str, base: str, currency: str, named: bool
) -> None:
    """Whatever the settings name for what the connector makes itself."""
    case, same = CASES[name], base == currency
    connection: Json = {} if named else {"subsidiary": None}
    with desk(tmp_path / "books", account=account(base), connection=connection, **case.settings) as one:
        sold_to_cleo(one, case, currency, base)
        # A plan is in dollars where the books of the subsidiary are not.
        one.sync(plan=same)
        assert subsidiaries_of_ours(one) == {OTHER}
        assert one.totals(OTHER) == (case.totals if same else case.in_euros)
        one.settle_down()
        one.shop.fail("re_a", "2026-04-20")
        in_currency(one, currency)
        one.wait(24)
        one.sync(plan=same)
        assert one.outcomes() == {"re_a": "reversed 100"}
        assert one.totals(OTHER) == (case.back if same else case.back_in_euros)
        assert (subsidiaries_of_ours(one), one.totals(HOME)) == ({OTHER}, {})
        one.settle_down()


def test_refunds_of_two_subsidiaries_in_one_run(tmp_path: Path) -> None:
    """Each keeps its own books; numbers are those of the account."""
    with desk(tmp_path / "books", account=account("USD")) as one:
        sold_to_cleo(one, CASES["an invoice"], "USD", "USD")
        pay(one.account, invoice(one.account, "200"), charge="ch_200")
        one.shop.charge("200", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("b", "ch_200", 11000, "2026-03-05")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 200"}
        assert (one.totals(HOME), one.totals(OTHER)) == ({}, TAKEN)
        one.settle_down()


# ---------------------------------------------------------------------------------------------- that of the settings

REST: Totals = {"REV": "-70.00", "TAX": "-7.00", "CLR": "73.51", "FEES": "3.49"}
# The same in euros, at the rate of the day.
REST_IN_EUROS: Totals = {"REV": "-63.64", "TAX": "-6.36", "CLR": "66.83", "FEES": "3.17"}


@pytest.mark.parametrize("base", ["USD", "EUR"])
def test_what_the_connector_makes_stands_in_the_subsidiary_that_is_named(tmp_path: Path, base: str) -> None:
    """The customer, the sale, its fee and its refund."""
    connection: Json = {"subsidiary": OTHER}
    sales: Json = {"sales": "invoice_and_payment", "fees": True}
    with desk(tmp_path / "books", account=account(base), connection=connection, **sales) as one:
        sell(one)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(plan=base == "USD")
        made = one.account.named("customer", "Bo")
        assert one.account.get("subsidiary", made["subsidiary"])["name"] == OTHER
        assert subsidiaries_of_ours(one) == {OTHER}
        assert (one.totals(HOME), one.totals(OTHER)) == ({}, REST if base == "USD" else REST_IN_EUROS)
        assert one.open("Bo") == "0.00"
        one.settle_down()


def test_a_customer_cannot_be_made_where_no_subsidiary_is_named(tmp_path: Path) -> None:
    """NetSuite says so, and `check` had said it before; once it is named the sale goes on at a person's word."""
    connection: Json = {"subsidiary": None}
    settings: Json = {"sales": "invoice_and_payment", "connection": connection}
    with desk(tmp_path / "books", account=account("USD"), **settings) as one:
        sell(one)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.shop.write()
        checked = one.command("check")
        assert checked.code != 0 and f"name one of Acme Inc, {OTHER}" in checked.out + checked.err
        said = one.command("sync")
        assert (said.code, one.written()) == (3, [])
        assert one.outcomes() == {"re_a": "held credit_memo_not_posted"}
        assert any("Please enter value(s) for: subsidiary" in each["sentence"] for each in one.held())
        (key,) = set(re.findall(r"connector resolve (dk\w{24}) --ledger main --retry", said.out))
        one.set(connection={"subsidiary": OTHER})
        one.resolve(key, "--retry")
        one.sync(plan=False)
        assert (one.totals(HOME), one.totals(OTHER), one.outcomes()) == ({}, TAKEN, {"re_a": "posted 100"})
        one.settle_down()
