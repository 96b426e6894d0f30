"""Cases of the sample that take more than one object to tell: worked figures, rates, midnight, odd texts, SKUs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.samples.account import KINDS, Account
from connector.samples.catalogue import ARTICLES
from connector.samples.make_sample import COMMITTED, build_sample

Json = dict[str, Any]
NEW_YORK = ZoneInfo("America/New_York")


def read(kind: str) -> dict[str, Json]:
    lines = (COMMITTED / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
    return {one["id"]: one for one in (json.loads(line) for line in lines if line)}


OBJECTS = {kind: read(kind) for kind in KINDS}
CHARGES, REFUNDS, MOVES = OBJECTS["charge"], OBJECTS["refund"], OBJECTS["balance_transaction"]
INVOICES = {one["number"]: one for one in OBJECTS["invoice"].values()}


@pytest.fixture(scope="module")
def cases() -> dict[str, list[str]]:
    made: Account = build_sample()
    return made.cases


def refunds_of(charge_id: str) -> list[Json]:
    """Oldest first."""
    found = [one for one in REFUNDS.values() if one["charge"] == charge_id]
    return sorted(found, key=lambda one: one["created"])


def move(one: Json) -> Json:
    value = one["balance_transaction"]
    return value if isinstance(value, dict) else MOVES[value]


def test_the_worked_example_is_110_with_10_tax_in_33_33_and_44(cases: dict[str, list[str]]) -> None:
    number, billed = cases["worked example by invoice"]
    _, bought = cases["worked example by checkout"]
    for charge_id in (billed, bought):
        assert CHARGES[charge_id]["amount"] == 11_000
        assert CHARGES[charge_id]["refunded"]
        assert [one["amount"] for one in refunds_of(charge_id)] == [3300, 3300, 4400]
        assert move(CHARGES[charge_id])["fee"] == 349
    assert INVOICES[number]["total_excluding_tax"] == 10_000
    intent = CHARGES[bought]["payment_intent"]
    (session,) = [one for one in OBJECTS["checkout.session"].values() if one["payment_intent"] == intent]
    assert session["total_details"]["amount_tax"] == 1_000
    assert len(session["line_items"]["data"]) == 2


def test_refunds_share_a_second_two_of_them_a_charge(cases: dict[str, list[str]]) -> None:
    refunds = [REFUNDS[refund_id] for refund_id in cases["refunds in one second"]]
    assert len(refunds) == 6
    assert len({one["created"] for one in refunds}) == 1
    assert sorted(Counter(one["charge"] for one in refunds).values()) == [1, 1, 1, 1, 2]


def test_two_charges_pay_one_invoice(cases: dict[str, list[str]]) -> None:
    marks = cases["two charges on one invoice"]
    for number, first, second in zip(marks[::3], marks[1::3], marks[2::3], strict=True):
        invoice = INVOICES[number]
        payments = [one for one in OBJECTS["invoice_payment"].values() if one["invoice"] == invoice["id"]]
        intents = {CHARGES[charge_id]["payment_intent"] for charge_id in (first, second)}
        assert {one["payment"]["payment_intent"] for one in payments} == intents
        assert [one["is_default"] for one in payments] == [False, True]
        assert refunds_of(first)
    assert [INVOICES[number]["status"] for number in marks[::3]] == ["paid", "paid", "open"]


def test_credit_notes_name_their_refunds(cases: dict[str, list[str]]) -> None:
    notes = {one["number"]: one for one in OBJECTS["credit_note"].values()}
    marks = cases["credit note with lines"]
    kinds: Counter[str] = Counter()
    for number, refund_id in zip(marks[::2], marks[1::2], strict=True):
        (entry,) = notes[number]["refunds"]
        assert entry["refund"] == refund_id
        assert entry["amount_refunded"] == REFUNDS[refund_id]["amount"]
        kinds.update(f"{line['type']} {line['quantity']}" for line in notes[number]["lines"]["data"])
    assert kinds["custom_line_item 1"] == 1
    assert kinds["invoice_line_item 0"] == 1
    assert kinds["invoice_line_item None"] == 1
    number, refund_id = cases["credit note for part of a refund"]
    assert notes[number]["refunds"][0]["amount_refunded"] < REFUNDS[refund_id]["amount"]
    number, refund_id = cases["credit note a day after the refund"]
    assert notes[number]["created"] - REFUNDS[refund_id]["created"] > 86_400
    both = [notes[number]["refunds"][0]["refund"] for number in cases["two credit notes for one refund"]]
    assert both[0] == both[1]


@pytest.mark.parametrize("currency", ["eur", "gbp", "cad", "jpy"])
def test_converted_refunds_have_a_rate_of_their_own(cases: dict[str, list[str]], currency: str) -> None:
    refunds = [REFUNDS[mark] for mark in cases[f"converted to usd: {currency}"] if mark in REFUNDS]
    assert len(refunds) == 2
    for refund in refunds:
        charge = CHARGES[refund["charge"]]
        assert charge["currency"] == currency
        assert move(charge)["currency"] == move(refund)["currency"] == "usd"
        assert move(charge)["exchange_rate"] != move(refund)["exchange_rate"]
    whole = next(one for one in refunds if CHARGES[one["charge"]]["refunded"])
    assert move(whole)["amount"] != -move(CHARGES[whole["charge"]])["amount"]


def test_a_failed_refund_was_made_again(cases: dict[str, list[str]]) -> None:
    number, failed, again = cases["failed, then refunded again"]
    assert REFUNDS[failed]["charge"] == REFUNDS[again]["charge"]
    assert [REFUNDS[failed]["status"], REFUNDS[again]["status"]] == ["failed", "succeeded"]
    charge = CHARGES[REFUNDS[again]["charge"]]
    assert charge["refunded"]
    assert charge["amount_refunded"] == INVOICES[number]["total"]
    first, second = (REFUNDS[mark] for mark in cases["failed after success, converted"])
    back = [MOVES[one["failure_balance_transaction"]]["amount"] for one in (first, second)]
    assert back[0] == -move(first)["amount"]
    assert back[1] != -move(second)["amount"]


def test_a_refused_card_was_tried_again_on_the_same_intent(cases: dict[str, list[str]]) -> None:
    marks = cases["refused, then paid"]
    for number, first, second in zip(marks[::3], marks[1::3], marks[2::3], strict=True):
        assert CHARGES[first]["payment_intent"] == CHARGES[second]["payment_intent"]
        assert [CHARGES[first]["status"], CHARGES[second]["status"]] == ["failed", "succeeded"]
        assert CHARGES[first]["metadata"]["order_number"] == CHARGES[second]["metadata"]["order_number"]
        assert CHARGES[second]["metadata"]["order_number"] == number
        assert OBJECTS["payment_intent"][CHARGES[first]["payment_intent"]]["latest_charge"] == second


def test_disputes_of_every_kind() -> None:
    disputes = list(OBJECTS["dispute"].values())
    assert Counter(one["status"] for one in disputes) == {
        "lost": 2,
        "won": 2,
        "needs_response": 1,
        "warning_closed": 1,
    }
    returned = [one["fee"] for one in MOVES.values() if one["reporting_category"] == "dispute_reversal"]
    assert sorted(returned) == [-1500, 0]
    assert any(one["currency"] == "cad" and one["balance_transactions"] for one in disputes)
    assert any(one["status"] == "needs_response" and refunds_of(one["charge"]) for one in disputes)


def test_days_and_months_differ_between_utc_and_new_york(cases: dict[str, list[str]]) -> None:
    refunds = [REFUNDS[mark] for mark in cases["near midnight or a month's end"]]
    utc = [datetime.fromtimestamp(one["created"], UTC) for one in refunds]
    local = [moment.astimezone(NEW_YORK) for moment in utc]
    assert sum(here.month != there.month for here, there in zip(utc, local, strict=True)) >= 2
    assert sum(here.day != there.day for here, there in zip(utc, local, strict=True)) >= 3
    assert any(moment.hour == moment.minute == moment.second == 0 for moment in local)
    assert {moment.utcoffset() for moment in local if moment.month == 3} == {
        NEW_YORK.utcoffset(datetime(2026, 3, 1)),
        NEW_YORK.utcoffset(datetime(2026, 3, 31)),
    }
    (old_year,) = cases["still 2025 in New York (never refunded)"]
    before = [
        one["id"] for one in CHARGES.values() if datetime.fromtimestamp(one["created"], NEW_YORK).year == 2025
    ]
    assert before == [old_year]
    assert refunds_of(old_year) == []


def test_methods_wallets_and_unknown_customers() -> None:
    methods = Counter(one["payment_method_details"]["type"] for one in CHARGES.values())
    assert methods.keys() == {
        "card",
        "us_bank_account",
        "sepa_debit",
        "konbini",
        "customer_balance",
        "stripe_account",
    }
    assert methods["us_bank_account"] >= 20
    assert methods["sepa_debit"] >= 10
    cards = [one["payment_method_details"]["card"] for one in CHARGES.values() if one["id"][:3] == "ch_"]
    assert Counter(card["brand"] for card in cards).keys() == {"visa", "mastercard", "amex"}
    assert sum(card["wallet"] is not None for card in cards) >= 20
    assert sum(one["customer"] is None for one in CHARGES.values()) >= 50
    refunded = Counter(CHARGES[one["charge"]]["payment_method_details"]["type"] for one in REFUNDS.values())
    assert min(refunded[method] for method in methods) >= 2
    assert {one["status"] for one in REFUNDS.values()} == {
        "succeeded",
        "pending",
        "requires_action",
        "failed",
        "canceled",
    }
    assert {one["reason"] for one in REFUNDS.values()} == {
        None,
        "requested_by_customer",
        "duplicate",
        "fraudulent",
    }


def test_skus_stand_in_all_four_places() -> None:
    products = {one["metadata"].get("sku") for one in OBJECTS["product"].values()}
    lookups = {one["lookup_key"] for one in OBJECTS["price"].values()}
    lines = {
        line["metadata"].get("sku")
        for invoice in OBJECTS["invoice"].values()
        for line in invoice["lines"]["data"]
    }
    in_charges = {one["metadata"].get("sku") for one in CHARGES.values()}
    assert products - {None} == {"SKU-MUG", "SKU-SHIRT", "SKU-PLAN-PRO", "SKU-PLAN-BASIC"}
    assert lookups - {None} == {"SKU-SETUP"}
    assert lines - {None} == {"SKU-BOOK"}
    assert in_charges - {None} == {"SKU-MUG", "SKU-SHIRT", "SKU-BOOK"}
    assert (products | lookups | lines) - {None} == set(ARTICLES)
    for session in OBJECTS["checkout.session"].values():
        for line in session["line_items"]["data"]:
            assert OBJECTS["price"][line["price"]["id"]] == line["price"]


def test_odd_texts_are_odd(cases: dict[str, list[str]]) -> None:
    assert len(cases["odd texts"]) == 6
    names = [one["name"] for one in OBJECTS["customer"].values()]
    words = [one["description"] or "" for one in CHARGES.values()]
    for odd in ('"', "\n", "\r\n", "<", "🎁", "株式会社", "דוגמה"):
        assert any(odd in name for name in names), odd
    for odd in ('"', "\\", "\n", "\t", "\u2028", "{", "%", ";"):
        assert any(odd in text for text in words), odd
    values: defaultdict[str, set[str]] = defaultdict(set)
    for one in [*CHARGES.values(), *REFUNDS.values()]:
        for key, value in one["metadata"].items():
            assert len(key) <= 40 and len(value) <= 500
            values[key].add(value)
    assert any(value.startswith("=") for value in values["note"])
    assert any("\n" in value for value in values["why"])
