"""The money of the sample adds up: balance, refunds, invoices, credit notes, checkouts, and in total."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from connector.samples.catalogue import QUARTER_END, QUARTER_START
from connector.samples.make_sample import COMMITTED

Json = dict[str, Any]
GONE = ("failed", "canceled")

# What the quarter comes to, by charge currency: captured, and given back by refunds that neither failed nor
# were canceled. Pinned, so that nobody changes the sample's money without noticing.
CAPTURED = {"usd": 2996472, "eur": 436000, "gbp": 185420, "cad": 351136, "jpy": 238900, "kwd": 245250}
REFUNDED = {"usd": 807191, "eur": 128892, "gbp": 54303, "cad": 65506, "jpy": 79745, "kwd": 97010}


def read(kind: str) -> dict[str, Json]:
    lines = (COMMITTED / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
    objects = [json.loads(line, parse_float=Decimal) for line in lines if line]
    return {one["id"]: one for one in objects}


CHARGES = read("charge")
REFUNDS = read("refund")
MOVES = read("balance_transaction")
INVOICES = read("invoice")
INTENTS = read("payment_intent")


def reference(value: Any) -> Any:
    return value["id"] if isinstance(value, dict) else value


def move_of(one: Json) -> Json:
    return MOVES[reference(one["balance_transaction"])]


def by_charge(objects: dict[str, Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for one in objects.values():
        found[one["charge"]].append(one)
    return found


def numbers(value: Any, key: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for name, below in value.items() for pair in numbers(below, name)]
    if isinstance(value, list):
        return [pair for below in value for pair in numbers(below, key)]
    return [(key, value)] if isinstance(value, int | Decimal) and not isinstance(value, bool) else []


def test_the_exchange_rate_is_the_only_fraction() -> None:
    found = Counter(
        (key, type(number).__name__)
        for kind in ("charge", "refund", "balance_transaction", "invoice", "credit_note", "dispute")
        for one in read(kind).values()
        for key, number in numbers(one)
    )
    assert {key for key, kind in found if kind == "Decimal"} == {"exchange_rate"}
    assert found["amount", "int"] > 2000


def test_net_is_amount_less_fee_and_the_fee_is_explained() -> None:
    for move in MOVES.values():
        assert move["net"] == move["amount"] - move["fee"]
        assert move["fee"] == sum(detail["amount"] for detail in move["fee_details"])
        assert move["available_on"] >= move["created"] // 86400 * 86400
        assert move["status"] == ("available" if move["available_on"] <= QUARTER_END else "pending")
        if move["reporting_category"] in ("refund", "refund_failure"):
            assert move["available_on"] >= move["created"]
    fees = [move["fee"] for move in MOVES.values() if move["reporting_category"] == "refund"]
    assert min(fees) < 0 < max(fees)


def test_every_move_has_its_source_and_every_reference_its_object() -> None:
    disputes, customers = read("dispute"), read("customer")
    assert all(move["source"] in CHARGES | REFUNDS | disputes for move in MOVES.values())
    for charge in CHARGES.values():
        assert charge["customer"] is None or charge["customer"] in customers
        assert charge["payment_intent"] is None or charge["payment_intent"] in INTENTS
    for refund in REFUNDS.values():
        charge = CHARGES[refund["charge"]]
        assert refund["currency"] == charge["currency"]
        assert refund["payment_intent"] == charge["payment_intent"]
        assert refund["created"] >= charge["created"]
    for intent in INTENTS.values():
        assert CHARGES[intent["latest_charge"]]["payment_intent"] == intent["id"]
    products = read("product")
    assert all(price["product"] in products for price in read("price").values())


def test_everything_happened_in_the_quarter() -> None:
    kinds = ("charge", "refund", "balance_transaction", "payment_intent", "invoice", "credit_note", "dispute")
    for kind in kinds:
        assert all(QUARTER_START - 1 <= one["created"] < QUARTER_END for one in read(kind).values()), kind


def nearest(amount: int, rate: Decimal | None) -> int:
    return amount if rate is None else int((amount * rate + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))


def test_a_settled_charge_has_its_balance_transaction() -> None:
    settled = 0
    for charge in CHARGES.values():
        if charge["status"] != "succeeded" or not charge["captured"]:
            continue
        move = move_of(charge)
        settled += 1
        gross = charge["amount_captured"]
        assert move["source"] == charge["id"]
        assert move["reporting_category"] == "charge"
        assert (move["exchange_rate"] is None) == (move["currency"] == charge["currency"])
        assert move["amount"] == nearest(gross, move["exchange_rate"])
    assert settled > 600
    unsettled = [one for one in CHARGES.values() if one["balance_transaction"] is None]
    assert Counter((one["status"], one["captured"]) for one in unsettled).keys() == {
        ("failed", False),
        ("pending", True),
        ("succeeded", False),
    }


def test_a_refund_moves_the_balance_by_its_amount_at_its_rate() -> None:
    for refund in REFUNDS.values():
        charge = CHARGES[refund["charge"]]
        if refund["status"] == "succeeded":
            assert refund["balance_transaction"] is not None
        if refund["balance_transaction"] is not None:
            move = move_of(refund)
            assert move["source"] == refund["id"]
            assert move["currency"] == move_of(charge)["currency"]
            assert move["amount"] == -nearest(refund["amount"], move["exchange_rate"])
        undone = refund.get("failure_balance_transaction")
        assert (undone is not None) == (
            refund["status"] in GONE and refund["balance_transaction"] is not None
        )
        if undone is not None:
            failure = MOVES[undone]
            assert failure["reporting_category"] == "refund_failure"
            assert failure["amount"] == nearest(refund["amount"], failure["exchange_rate"])
            assert failure["created"] > move_of(refund)["created"]


def test_refunds_that_count_stay_within_the_charge_which_says_so() -> None:
    all_refunds, disputed = by_charge(REFUNDS), by_charge(read("dispute"))
    for charge in CHARGES.values():
        refunds = [one for one in all_refunds[charge["id"]] if one["status"] not in GONE]
        assert sum(one["amount"] for one in refunds) <= charge["amount_captured"] <= charge["amount"]
        assert charge["amount_refunded"] == sum(one["amount"] for one in refunds)
        whole = charge["amount_captured"]
        assert charge["refunded"] == (whole > 0 and charge["amount_refunded"] == whole)
        assert charge["disputed"] == (charge["id"] in disputed)


def taxes_in(lines: list[Json]) -> list[Json]:
    """Under today's key or the one before 2025-03-31.basil."""
    return [tax for line in lines for tax in line["taxes" if "taxes" in line else "tax_amounts"]]


def exclusive(taxes: list[Json]) -> int:
    on_top = [tax for tax in taxes if tax.get("tax_behavior") == "exclusive" or tax.get("inclusive") is False]
    return sum(tax["amount"] for tax in on_top)


def test_invoices_add_up_to_their_lines_and_their_payments() -> None:
    paid: dict[str, int] = defaultdict(int)
    for payment in read("invoice_payment").values():
        intent = INTENTS[payment["payment"]["payment_intent"]]
        assert payment["amount_requested"] == intent["amount"]
        if payment["status"] == "paid":
            assert payment["amount_paid"] == intent["amount_received"]
            paid[payment["invoice"]] += payment["amount_paid"]
    for invoice in INVOICES.values():
        lines = invoice["lines"]["data"]
        discounts = sum(one["amount"] for line in lines for one in line["discount_amounts"])
        taxes = taxes_in(lines)
        assert invoice["subtotal"] == sum(line["amount"] for line in lines)
        assert invoice["total"] == invoice["subtotal"] - discounts + exclusive(taxes)
        totals = invoice["total_taxes" if "total_taxes" in invoice else "total_tax_amounts"]
        assert sum(tax["amount"] for tax in totals) == sum(tax["amount"] for tax in taxes)
        assert invoice["amount_remaining"] == invoice["total"] - invoice["amount_paid"]
        assert (invoice["status"] == "paid") == (invoice["amount_remaining"] == 0)
        received = paid[invoice["id"]]
        if invoice.get("charge"):
            received += CHARGES[invoice["charge"]]["amount_captured"]
        assert invoice["amount_paid"] == received


def test_credit_notes_add_up_to_their_lines_and_stay_within_their_refunds() -> None:
    named: dict[str, int] = defaultdict(int)
    credited: dict[str, int] = defaultdict(int)
    for note in read("credit_note").values():
        lines = note["lines"]["data"]
        invoice_lines = [line["id"] for line in INVOICES[note["invoice"]]["lines"]["data"]]
        taxes = taxes_in(lines)
        if lines:
            assert note["total"] == sum(line["amount"] for line in lines) + exclusive(taxes)
        assert all(line.get("invoice_line_item", invoice_lines[0]) in invoice_lines for line in lines)
        entries = note.get("refunds") or [{"refund": note["refund"], "amount_refunded": note["total"]}]
        assert sum(entry["amount_refunded"] for entry in entries) == note["total"] == note["amount"]
        for entry in entries:
            named[entry["refund"]] += entry["amount_refunded"]
        if note["status"] == "issued":
            credited[note["invoice"]] += note["total"]
    assert all(amount <= REFUNDS[refund_id]["amount"] for refund_id, amount in named.items())
    for invoice in INVOICES.values():
        assert invoice["post_payment_credit_notes_amount"] == credited[invoice["id"]]


def test_checkouts_add_up_to_their_lines_and_their_payment() -> None:
    for session in read("checkout.session").values():
        lines = session["line_items"]["data"]
        assert session["amount_total"] == sum(line["amount_total"] for line in lines)
        assert session["total_details"]["amount_tax"] == sum(line["amount_tax"] for line in lines)
        for line in lines:
            assert line["amount_subtotal"] == line["price"]["unit_amount"] * line["quantity"]
        assert INTENTS[session["payment_intent"]]["amount"] == session["amount_total"]


def test_disputes_take_what_was_left_of_the_charge() -> None:
    for dispute in read("dispute").values():
        moves = dispute["balance_transactions"]
        assert all(MOVES[move["id"]] == move for move in moves)
        assert all(move["source"] == dispute["id"] for move in moves)
        expected = {"won": ["dispute", "dispute_reversal"], "warning_closed": []}
        found = [move["reporting_category"] for move in moves]
        assert found == expected.get(dispute["status"], ["dispute"])
        before = [one["amount"] for one in REFUNDS.values() if one["charge"] == dispute["charge"]]
        if moves:
            assert dispute["amount"] == CHARGES[dispute["charge"]]["amount_captured"] - sum(before)
            assert -moves[0]["amount"] == nearest(dispute["amount"], moves[0]["exchange_rate"])


def test_totals_by_currency_are_the_same_by_every_road() -> None:
    captured, received, refunded, said = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for charge in CHARGES.values():
        if charge["status"] == "succeeded":
            captured[charge["currency"]] += charge["amount_captured"]
            said[charge["currency"]] += charge["amount_refunded"]
        if charge["payment_intent"] is None:
            received[charge["currency"]] += charge["amount_captured"]
    for intent in INTENTS.values():
        received[intent["currency"]] += intent["amount_received"]
    for refund in REFUNDS.values():
        if refund["status"] not in GONE:
            refunded[refund["currency"]] += refund["amount"]
    pending = [one for one in REFUNDS.values() if CHARGES[one["charge"]]["status"] == "pending"]
    said["usd"] += sum(one["amount"] for one in pending)
    assert captured == received == CAPTURED
    assert refunded == said == REFUNDED


def test_the_balance_is_what_charges_refunds_and_disputes_made_of_it() -> None:
    """Currencies without conversion: charges less refunds is the balance, but for fees."""
    for currency in ("kwd", "jpy", "eur"):
        expected = 0
        for one in [*CHARGES.values(), *REFUNDS.values()]:
            if one["balance_transaction"] is None or move_of(one)["currency"] != currency:
                continue
            assert one["currency"] == currency
            expected += one["amount"] if one["object"] == "charge" else -one["amount"]
        moves = [move for move in MOVES.values() if move["currency"] == currency]
        assert sum(move["amount"] for move in moves) == expected
        assert sum(move["net"] for move in moves) == expected - sum(move["fee"] for move in moves)
    assert {move["currency"] for move in MOVES.values()} == {"usd", "eur", "jpy", "kwd"}
