"""Stripe objects as facts: every shape since 2022, every defect in one sentence."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.stripe_facts import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    CreditNote,
    Customer,
    Dispute,
    Invoice,
    InvoicePayment,
    LineFact,
    PaymentIntent,
    Price,
    Product,
    Refund,
)
from connector.stripe_source.fact_text import FACT_OF_KIND
from connector.stripe_source.parse import (
    KINDS,
    Parsed,
    charge_status_rank,
    decode_fact,
    encode_fact,
    parse_object,
    parse_with_nested,
    refund_status_rank,
)

RECORDED = Path(__file__).resolve().parents[2] / "shared/data/stripe-recorded"

REFUND: dict[str, Any] = {
    "id": "re_1",
    "object": "refund",
    "amount": 1000,
    "created": 1_767_000_000,
    "currency": "usd",
    "status": "succeeded",
}
CHARGE: dict[str, Any] = {
    "id": "ch_1",
    "object": "charge",
    "amount": 11000,
    "created": 1_766_000_000,
    "currency": "usd",
    "status": "succeeded",
}
MOVEMENT: dict[str, Any] = {
    "id": "txn_1",
    "object": "balance_transaction",
    "amount": -1000,
    "fee": -20,
    "net": -980,
    "created": 1_767_000_000,
    "currency": "cad",
    "exchange_rate": "1.35",
    "reporting_category": "refund",
    "source": "re_1",
    "type": "refund",
}
PAYMENT_INTENT: dict[str, Any] = {"id": "pi_1", "object": "payment_intent", "created": 1_766_000_000}
INVOICE: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "created": 1_766_000_000,
    "currency": "usd",
    "number": "A-100",
    "status": "paid",
    "total": 0,
}
CREDIT_NOTE: dict[str, Any] = {
    "id": "cn_1",
    "object": "credit_note",
    "amount": 1000,
    "created": 1_767_000_100,
    "currency": "usd",
    "invoice": "in_1",
    "status": "issued",
    "total": 1000,
}


def parsed(raw: dict[str, Any]) -> Parsed:
    found = parse_object(raw)
    assert found is not None
    return found


def fact(raw: dict[str, Any]) -> Any:
    found = parsed(raw)
    assert found.defect is None, found.defect
    return found.fact


def kinds_and_ids(raw: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found.kind, found.object_id) for found in parse_with_nested(raw)]


def recorded(pattern: str) -> list[Path]:
    paths = sorted(RECORDED.glob(pattern))
    if not paths:
        pytest.skip(f"recorded Stripe objects are missing: {RECORDED / pattern}")
    return paths


# ------------------------------------------------------------------------------------------- recorded objects


def test_the_recorded_export_has_no_defect_and_every_fact_survives_its_text() -> None:
    counts: dict[str, int] = {}
    for path in recorded("export/*.jsonl"):
        for line in path.read_bytes().splitlines():
            for found in parse_with_nested(json.loads(line, parse_float=str)):
                assert found.defect is None, found.defect
                assert found.fact is not None
                assert decode_fact(found.kind, encode_fact(found.fact)) == found.fact
                counts[found.kind] = counts.get(found.kind, 0) + 1
                if isinstance(found.fact, Invoice) and found.fact.lines:
                    assert _total(found.fact.lines) == found.fact.total_minor
    assert counts["refund"] == 2
    assert counts["balance_transaction"] > 22
    assert counts["price"] > 0


def test_recorded_answers_of_every_version_have_no_defect() -> None:
    versions = set()
    for path in recorded("pay-rails/test_*.json"):
        for exchange in json.loads(path.read_text(), parse_float=str):
            answer = exchange["response"]
            listed = answer.get("data", [answer]) if isinstance(answer, dict) else []
            for raw in listed:
                for found in parse_with_nested(raw):
                    assert found.defect is None, found.defect
                    versions.add(exchange["stripe_version"])
    assert {version.partition(".")[2] for version in versions} >= {"", "acacia", "basil", "clover", "dahlia"}


def test_recorded_credit_note_names_its_refund() -> None:
    (path,) = recorded("export/credit_note.jsonl")
    found = parsed(json.loads(path.read_text()))
    assert found.links == ("in_1SS01XKXBGcbgpbZeYvAQcOJ", "re_3SS01XKXBGcbgpbZ1UM2QwG8")
    assert isinstance(found.fact, CreditNote)
    assert found.fact.refunds == (("re_3SS01XKXBGcbgpbZ1UM2QwG8", 500),)


def _total(lines: tuple[LineFact, ...]) -> int:
    return sum(line.net_minor + line.tax_minor for line in lines)


# ----------------------------------------------------------------------------------------- one kind at a time


def test_refund_with_everything_absent_that_may_be() -> None:
    assert fact(REFUND) == Refund("re_1", 1_767_000_000, 1000, "usd", "succeeded")
    assert parsed(REFUND).links == ()
    assert parsed(REFUND).created == 1_767_000_000


def test_refund_in_full() -> None:
    raw = REFUND | {
        "charge": {"id": "ch_1", "object": "charge"},
        "payment_intent": "pi_1",
        "reason": "duplicate",
        "balance_transaction": {"id": "txn_1"},
        "failure_balance_transaction": "txn_2",
        "failure_reason": "unknown",
        "status": "failed",
        "metadata": {"order": "7"},
    }
    assert fact(raw) == Refund(
        "re_1",
        1_767_000_000,
        1000,
        "usd",
        "failed",
        charge_id="ch_1",
        payment_intent_id="pi_1",
        reason="duplicate",
        balance_transaction_id="txn_1",
        failure_balance_transaction_id="txn_2",
        failure_reason="unknown",
        metadata={"order": "7"},
    )
    assert parsed(raw).links == ("ch_1",)
    assert parsed(raw | {"charge": None}).links == ("pi_1",)


def test_charge_of_either_version() -> None:
    old = CHARGE | {
        "amount_captured": 6000,
        "captured": True,
        "invoice": "in_1",
        "payment_intent": "pi_1",
        "customer": {"id": "cus_1", "object": "customer"},
        "billing_details": {"name": "Ann", "email": None},
        "receipt_email": "ann@example.com",
        "payment_method_details": {"type": "us_bank_account"},
        "balance_transaction": "txn_1",
        "failure_balance_transaction": "txn_9",
        "disputed": True,
        "description": "",
    }
    assert fact(old) == Charge(
        "ch_1",
        1_766_000_000,
        11000,
        6000,
        "usd",
        "succeeded",
        captured=True,
        payment_method="us_bank_account",
        payment_intent_id="pi_1",
        invoice_id="in_1",
        customer_id="cus_1",
        customer_name="Ann",
        customer_email="ann@example.com",
        balance_transaction_id="txn_1",
        failure_balance_transaction_id="txn_9",
        disputed=True,
    )
    assert parsed(old).links == ("pi_1", "in_1")
    bare = fact(CHARGE)
    assert (bare.captured, bare.captured_minor, bare.invoice_id, bare.payment_method) == (
        True,
        11000,
        None,
        "",
    )
    assert fact(CHARGE | {"captured": False}).captured_minor == 0


def test_metadata_is_text_and_may_be_missing() -> None:
    assert fact(REFUND | {"metadata": None}).metadata == {}
    raw = REFUND | {"metadata": {"a": "x", "n": 7, "d": Decimal("1.5"), "b": True, "none": None, "o": {}}}
    assert fact(raw).metadata == {"a": "x", "n": "7", "d": "1.5"}


def test_half_a_character_is_replaced_so_that_every_text_can_be_written() -> None:
    raw = json.loads(r'{"k": "a\ud800b", "whole": "\ud83d\ude00"}')
    read = fact(REFUND | {"metadata": raw, "reason": raw["k"]})
    assert read.metadata == {"k": "a\ufffdb", "whole": "😀"}
    assert read.reason == "a\ufffdb"


def test_balance_transaction() -> None:
    assert fact(MOVEMENT) == BalanceTransaction(
        "txn_1", 1_767_000_000, -1000, -20, "cad", "refund", "re_1", "1.35"
    )
    assert parsed(MOVEMENT).links == ("re_1",)
    older = {key: value for key, value in MOVEMENT.items() if key != "reporting_category"}
    for word, category in (
        ("payment_refund", "refund"),
        ("payment", "charge"),
        ("payment_failure_refund", "charge_failure"),
    ):
        assert fact(older | {"type": word}).category == category
    assert fact(older | {"type": "refund_failure"}).category == "refund_failure"
    wrong = parsed(MOVEMENT | {"net": -1000})
    assert wrong.fact is None
    assert wrong.defect == (
        "stripe_object_missing: balance_transaction txn_1 has net -1000, not its amount less its fee."
    )
    assert wrong.links == ("re_1",)


def test_payment_intent_of_either_version() -> None:
    charges = {
        "object": "list",
        "data": [{"id": "ch_2", "object": "charge"}, {"id": "ch_1", "object": "charge"}],
    }
    old = fact(PAYMENT_INTENT | {"charges": charges, "invoice": "in_1", "description": "Order 7"})
    assert old == PaymentIntent("pi_1", 1_766_000_000, "ch_2", "in_1", "Order 7")
    new = parsed(PAYMENT_INTENT | {"latest_charge": "ch_2", "metadata": {"a": "b"}})
    assert new.fact == PaymentIntent("pi_1", 1_766_000_000, "ch_2", metadata={"a": "b"})
    assert new.links == ()
    assert parsed(PAYMENT_INTENT | {"invoice": {"id": "in_1"}}).links == ("in_1",)


def test_invoice_of_either_version() -> None:
    old = parsed(INVOICE | {"charge": "ch_1", "payment_intent": {"id": "pi_1"}, "customer": "cus_1"})
    assert old.links == ("pi_1", "ch_1")
    assert isinstance(old.fact, Invoice)
    assert (old.fact.charge_id, old.fact.payment_intent_id, old.fact.customer_id) == ("ch_1", "pi_1", "cus_1")
    new = parsed(INVOICE | {"number": None, "status": "draft", "total": -500})
    assert new.fact == Invoice("in_1", 1_766_000_000, None, "usd", -500, "draft")
    assert new.links == ()


def test_invoice_payment() -> None:
    raw = {
        "id": "inpay_1",
        "object": "invoice_payment",
        "created": 1_766_000_000,
        "invoice": "in_1",
        "amount_paid": 2500,
        "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    }
    assert fact(raw) == InvoicePayment("inpay_1", 1_766_000_000, "in_1", 2500, "paid", "pi_1")
    assert parsed(raw).links == ("pi_1", "in_1")
    by_charge = raw | {"payment": {"type": "charge", "charge": "py_1"}, "amount_paid": None, "status": "open"}
    assert fact(by_charge) == InvoicePayment("inpay_1", 1_766_000_000, "in_1", 0, "open", None, "py_1")
    assert parsed(by_charge).links == ("py_1", "in_1")
    assert parsed(raw | {"payment": {"type": "payment_record", "payment_record": "pr_1"}}).links == ("in_1",)
    assert (
        parsed(raw | {"invoice": None}).defect
        == "stripe_object_missing: invoice_payment inpay_1 has no invoice."
    )


def test_refunds_of_a_credit_note_of_either_version() -> None:
    new = CREDIT_NOTE | {
        "refunds": [
            {"refund": "re_1", "amount_refunded": 600, "type": "refund"},
            {"refund": {"id": "re_2", "object": "refund"}, "amount_refunded": 300, "type": "refund"},
            {"refund": None, "amount_refunded": 100, "type": "payment_record_refund"},
        ]
    }
    assert fact(new).refunds == (("re_1", 600), ("re_2", 300))
    assert parsed(new).links == ("in_1", "re_1", "re_2")
    assert fact(CREDIT_NOTE).refunds == ()
    assert fact(CREDIT_NOTE | {"refund": "re_1"}).refunds == (("re_1", 1000),)
    assert fact(CREDIT_NOTE | {"refund": "re_1", "out_of_band_amount": 300}).refunds == (("re_1", 700),)
    assert fact(CREDIT_NOTE | {"refund": "re_1", "post_payment_amount": 400}).refunds == (("re_1", 400),)
    assert fact(CREDIT_NOTE | {"refund": REFUND | {"amount": 250}}).refunds == (("re_1", 250),)
    assert fact(CREDIT_NOTE | {"refund": None, "number": "CN-1", "lines": {"data": []}}) == CreditNote(
        "cn_1", 1_767_000_100, "in_1", "usd", 1000, "issued", "CN-1"
    )


def test_dispute() -> None:
    raw = {
        "id": "dp_1",
        "object": "dispute",
        "created": 1_767_000_000,
        "charge": "ch_1",
        "amount": 1000,
        "currency": "usd",
        "status": "lost",
        "balance_transactions": [
            MOVEMENT | {"amount": -1356, "fee": 1500, "net": -2856, "reporting_category": "dispute"}
        ],
    }
    read = fact(raw)
    assert read.balance_transactions == (
        BalanceTransaction("txn_1", 1_767_000_000, -1356, 1500, "cad", "dispute", "re_1", "1.35"),
    )
    assert parsed(raw).links == ("ch_1",)
    assert kinds_and_ids(raw) == [("dispute", "dp_1"), ("balance_transaction", "txn_1")]
    assert decode_fact("dispute", encode_fact(read)) == read
    assert fact(raw | {"balance_transactions": []}) == Dispute(
        "dp_1", 1_767_000_000, "ch_1", 1000, "usd", "lost"
    )


def test_customer_product_price() -> None:
    customer = {"id": "cus_1", "object": "customer", "created": 5, "name": "", "email": "a@example.com"}
    assert fact(customer) == Customer("cus_1", 5, None, "a@example.com")
    product = {"id": "prod_1", "object": "product", "created": 5, "name": "Tea", "metadata": {"sku": "T-1"}}
    assert fact(product) == Product("prod_1", 5, "Tea", "T-1")
    price = {"id": "price_1", "object": "price", "created": 5, "lookup_key": "", "product": product}
    assert fact(price) == Price("price_1", 5, "prod_1")
    assert parsed(price).links == ("prod_1",)
    assert fact(price | {"lookup_key": "tea"}).lookup_key == "tea"


def test_checkout_session_without_lines() -> None:
    raw = {
        "id": "cs_1",
        "object": "checkout.session",
        "created": 5,
        "payment_intent": "pi_1",
        "client_reference_id": "9",
    }
    assert fact(raw) == CheckoutSession("cs_1", 5, "pi_1", "9")
    assert parsed(raw).links == ("pi_1",)


@pytest.mark.parametrize("kind", ["payout", "event", "tax_rate", "v2.core.event", "", None, 7])
def test_kinds_that_are_not_used(kind: object) -> None:
    assert parse_object({"object": kind}) is None
    assert parse_with_nested({"object": kind, "charge": CHARGE}) == []


def test_deleted_objects_are_not_facts() -> None:
    assert parse_object({"id": "cus_1", "object": "customer", "deleted": True}) is None
    gone = CHARGE | {"customer": {"id": "cus_1", "object": "customer", "deleted": True}}
    assert kinds_and_ids(gone) == [("charge", "ch_1")]
    assert fact(gone).customer_id == "cus_1"


def test_an_object_without_an_id_is_its_readers_fault() -> None:
    with pytest.raises(ValueError, match=r"^a Stripe object of kind refund has no id$"):
        parse_object({"object": "refund"})


# ------------------------------------------------------------------------------------------------ defects

NOT_AN_AMOUNT = ", not a whole number of minor units above zero."


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": 10.5}, "amount 10.5" + NOT_AN_AMOUNT),
        ({"amount": Decimal("10.0")}, "amount 10.0" + NOT_AN_AMOUNT),
        ({"amount": "1000"}, "amount '1000'" + NOT_AN_AMOUNT),
        ({"amount": -1}, "amount -1" + NOT_AN_AMOUNT),
        ({"amount": 0}, "amount 0" + NOT_AN_AMOUNT),
        ({"amount": True}, "amount true" + NOT_AN_AMOUNT),
        ({"amount": None}, "amount missing" + NOT_AN_AMOUNT),
        ({"amount": 10**15}, "amount 1000000000000000, more than Stripe ever has."),
        ({"amount": {}}, "amount an object" + NOT_AN_AMOUNT),
        ({"currency": None}, "currency missing, not a currency."),
        ({"currency": 840}, "currency 840, not a currency."),
        ({"created": None}, "created missing, not a second since 1970."),
        ({"created": 0}, "created 0, not a second since 1970."),
        ({"created": 10**12}, "created 1000000000000, not a second since 1970."),
        ({"created": "1\n" * 99}, "created '" + "1\\n" * 12 + "..., not a second since 1970."),
        ({"status": None}, "status missing, not a word."),
    ],
)
def test_a_defective_refund_is_kept_with_one_sentence(change: dict[str, Any], words: str) -> None:
    sentence = f"stripe_object_missing: refund re_1 has {words}"
    found = parsed(REFUND | {"charge": "ch_1"} | change)
    assert found.defect == sentence
    assert isinstance(found.fact, Refund)
    assert found.fact.defect == sentence
    assert found.fact.amount_minor == 0
    assert found.fact.created == found.created == (0 if "created" in change else 1_767_000_000)
    assert found.links == ("ch_1",)
    assert decode_fact("refund", encode_fact(found.fact)) == found.fact


def test_a_refund_of_an_unknown_currency_still_says_which() -> None:
    assert parsed(REFUND | {"currency": "xyz"}).fact == Refund(
        "re_1",
        1_767_000_000,
        0,
        "xyz",
        "succeeded",
        defect="currency_not_supported: refund re_1 has currency 'xyz', which Stripe does not use.",
    )
    assert fact(REFUND | {"currency": "USD"}).currency == "usd"
    broken = parsed(REFUND | {"currency": "USD", "created": None}).fact
    assert isinstance(broken, Refund)
    assert broken.currency == "usd"


def test_a_defective_charge_is_kept() -> None:
    found = parsed(CHARGE | {"amount_captured": "60"})
    assert isinstance(found.fact, Charge)
    assert (found.fact.amount_minor, found.fact.captured_minor) == (0, 0)
    assert found.defect == found.fact.defect
    assert found.defect == (
        "stripe_object_missing: charge ch_1 has amount_captured '60', not a whole number of minor units."
    )
    assert (
        parsed(CHARGE | {"amount": 5.0}).defect
        == "stripe_object_missing: charge ch_1 has amount 5.0" + NOT_AN_AMOUNT
    )


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (
            MOVEMENT | {"fee": "3"},
            "balance_transaction txn_1 has fee '3', not a whole number of minor units.",
        ),
        (INVOICE | {"total": 1.5}, "invoice in_1 has total 1.5, not a whole number of minor units."),
        (CREDIT_NOTE | {"invoice": None}, "credit_note cn_1 has no invoice."),
        (
            CREDIT_NOTE | {"refunds": [{"refund": "re_1"}]},
            "credit_note cn_1 has amount_refunded missing, not a whole",
        ),
        (
            PAYMENT_INTENT | {"created": None},
            "payment_intent pi_1 has created missing, not a second since 1970.",
        ),
        (
            INVOICE | {"lines": {"data": [{"id": "il_1", "amount": "5"}]}},
            "invoice in_1, line 1 has amount '5', not a whole number of minor units.",
        ),
        (
            INVOICE | {"lines": {"data": [{"id": "il_1", "amount": 5, "taxes": [{"amount": 1.5}]}]}},
            "invoice in_1, line 1 has taxes.amount 1.5, not a whole number of minor units.",
        ),
    ],
)
def test_other_defective_objects_are_dropped_with_one_sentence(raw: dict[str, Any], sentence: str) -> None:
    found = parsed(raw)
    assert found.fact is None
    assert found.defect is not None
    assert found.defect.startswith(f"stripe_object_missing: {sentence}")
    assert found.object_id == raw["id"]


FIELDS = [
    "amount",
    "amount_captured",
    "amount_excluding_tax",
    "amount_paid",
    "amount_tax",
    "amount_total",
    "balance_transaction",
    "balance_transactions",
    "billing_details",
    "captured",
    "charge",
    "charges",
    "created",
    "currency",
    "customer",
    "data",
    "description",
    "discount_amounts",
    "fee",
    "has_more",
    "invoice",
    "latest_charge",
    "line_items",
    "lines",
    "metadata",
    "net",
    "out_of_band_amount",
    "payment",
    "payment_intent",
    "pretax_credit_amounts",
    "price",
    "pricing",
    "product",
    "quantity",
    "quantity_decimal",
    "refund",
    "refunds",
    "shipping_cost",
    "source",
    "status",
    "subtotal",
    "tax",
    "tax_amounts",
    "taxes",
    "total",
    "total_details",
    "total_taxes",
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5000, 5000)
    | st.sampled_from(["usd", "", "5", "é"])
    | st.floats()
)
fields = st.sampled_from(FIELDS)
marks = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["x_0", "x_1", "x_2"]),
        "object": st.sampled_from([*sorted(KINDS), "list", "", "line_item"]),
    }
)
objects: st.SearchStrategy[Any] = st.deferred(
    lambda: st.builds(lambda mark, rest: rest | mark, marks, st.dictionaries(fields, values, max_size=4))
)
values: st.SearchStrategy[Any] = st.one_of(scalars, scalars, objects, st.lists(scalars | objects, max_size=2))
SOUND: dict[str, Any] = CHARGE | {"total": 7, "balance_transaction": None, "invoice": "in_1"}


@given(st.sampled_from(sorted(KINDS)), st.dictionaries(fields, values, max_size=8))
def test_no_object_raises_and_every_fact_survives_its_text(kind: str, change: dict[str, Any]) -> None:
    found = parse_with_nested(SOUND | change | {"id": "x_0", "object": kind})
    assert found[0].object_id == "x_0"
    assert len({one.object_id for one in found}) == len(found)
    for one in found:
        assert one.fact is not None or one.defect is not None
        if one.fact is not None:
            assert decode_fact(one.kind, encode_fact(one.fact)) == one.fact
        if isinstance(one.fact, Invoice | CreditNote) and one.fact.lines:
            shipping_only = all(line.line_id.endswith("/shipping") for line in one.fact.lines)
            assert shipping_only or _total(one.fact.lines) == one.fact.total_minor


# ----------------------------------------------------------------------------------------- objects in objects


def test_a_charge_brings_everything_that_was_expanded() -> None:
    raw = CHARGE | {
        "balance_transaction": MOVEMENT | {"id": "txn_c", "source": "ch_1"},
        "failure_balance_transaction": MOVEMENT | {"id": "txn_f"},
        "customer": {"id": "cus_1", "object": "customer", "created": 5},
        "payment_intent": PAYMENT_INTENT
        | {"latest_charge": CHARGE | {"description": "a copy further inside"}},
        "invoice": INVOICE,
        "refunds": {
            "object": "list",
            "data": [
                REFUND
                | {"balance_transaction": MOVEMENT, "failure_balance_transaction": MOVEMENT | {"id": "txn_g"}}
            ],
        },
    }
    assert kinds_and_ids(raw) == [
        ("charge", "ch_1"),
        ("balance_transaction", "txn_c"),
        ("balance_transaction", "txn_f"),
        ("customer", "cus_1"),
        ("payment_intent", "pi_1"),
        ("invoice", "in_1"),
        ("refund", "re_1"),
        ("balance_transaction", "txn_1"),
        ("balance_transaction", "txn_g"),
    ]
    assert parse_with_nested(raw)[0].fact == fact(raw)
    assert fact(raw).description is None
    assert fact(raw).balance_transaction_id == "txn_c"


def test_a_refund_brings_its_charge_and_what_that_brings() -> None:
    raw = REFUND | {"charge": CHARGE | {"balance_transaction": MOVEMENT}, "payment_intent": PAYMENT_INTENT}
    assert [object_id for _, object_id in kinds_and_ids(raw)] == ["re_1", "ch_1", "txn_1", "pi_1"]


def test_an_invoice_brings_payments_prices_and_products() -> None:
    product = {"id": "prod_1", "object": "product", "created": 5, "metadata": {"sku": "T-1"}}
    price = {"id": "price_1", "object": "price", "created": 5, "product": product}
    payment = {
        "id": "inpay_1",
        "object": "invoice_payment",
        "created": 5,
        "invoice": "in_1",
        "status": "open",
    }
    line = {"id": "il", "object": "line_item", "amount": 0}
    details = {"price": price, "product": "prod_1"}
    new = INVOICE | {
        "payments": {"object": "list", "data": [payment | {"payment": {"payment_intent": PAYMENT_INTENT}}]},
        "lines": {"object": "list", "data": [line | {"pricing": {"price_details": details}}]},
    }
    assert [object_id for _, object_id in kinds_and_ids(new)] == [
        "in_1",
        "inpay_1",
        "pi_1",
        "price_1",
        "prod_1",
    ]
    old = INVOICE | {
        "payment_intent": PAYMENT_INTENT | {"charges": {"object": "list", "data": [CHARGE]}},
        "charge": CHARGE,
        "lines": {"object": "list", "data": [line | {"price": price}]},
    }
    assert [object_id for _, object_id in kinds_and_ids(old)] == ["in_1", "ch_1", "pi_1", "price_1", "prod_1"]


def test_credit_notes_sessions_and_movements_bring_what_they_name() -> None:
    note = CREDIT_NOTE | {"invoice": INVOICE, "refunds": [{"refund": REFUND, "amount_refunded": 1000}]}
    assert kinds_and_ids(note) == [("credit_note", "cn_1"), ("invoice", "in_1"), ("refund", "re_1")]
    old_note = CREDIT_NOTE | {"refund": REFUND}
    assert kinds_and_ids(old_note) == [("credit_note", "cn_1"), ("refund", "re_1")]
    price = {
        "id": "price_1",
        "object": "price",
        "created": 5,
        "product": {"id": "prod_1", "object": "product", "created": 5},
    }
    session = {
        "id": "cs_1",
        "object": "checkout.session",
        "created": 5,
        "payment_intent": PAYMENT_INTENT | {"latest_charge": CHARGE},
        "line_items": {
            "object": "list",
            "data": [{"id": "li", "object": "item", "amount_total": 0, "price": price}],
        },
    }
    assert [object_id for _, object_id in kinds_and_ids(session)] == [
        "cs_1",
        "pi_1",
        "ch_1",
        "price_1",
        "prod_1",
    ]
    assert kinds_and_ids(MOVEMENT | {"source": REFUND}) == [
        ("balance_transaction", "txn_1"),
        ("refund", "re_1"),
    ]


def test_stubs_that_are_not_expanded_objects_are_only_references() -> None:
    stub = {"id": "cus_1", "object": "", "created": 0}
    assert kinds_and_ids(CHARGE | {"customer": stub}) == [("charge", "ch_1")]
    assert fact(CHARGE | {"customer": stub}).customer_id == "cus_1"


# ---------------------------------------------------------------------------------------------- text of facts

facts = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.from_type(FACT_OF_KIND[kind]))
)


@given(facts)
def test_a_fact_survives_its_text(pair: tuple[str, Any]) -> None:
    kind, one = pair
    text = encode_fact(one)
    assert decode_fact(kind, text) == one
    assert encode_fact(decode_fact(kind, text)) == text
    assert text.isascii()


def test_the_text_is_short_and_equal_for_equal_facts() -> None:
    assert encode_fact(fact(REFUND)) == '["re_1",1767000000,1000,"usd","succeeded"]'
    one = fact(REFUND | {"metadata": {"a": "1", "b": "2"}})
    other = fact(REFUND | {"metadata": {"b": "2", "a": "1"}})
    assert encode_fact(one) == encode_fact(other)
    assert encode_fact(one) != encode_fact(fact(REFUND))


def test_text_of_an_older_or_a_newer_version_is_read() -> None:
    assert decode_fact("customer", '["cus_1",5]') == Customer("cus_1", 5)
    assert decode_fact("customer", '["cus_1",5,"Ann",null,"a field of later"]') == Customer("cus_1", 5, "Ann")
    line = '["il_1","Tea",90,10,"1",null,null,null,null,null,null,"a field of later"]'
    read = decode_fact("credit_note", f'["cn_1",5,"in_1","usd",100,"issued",null,[["re_1",100]],[{line}]]')
    assert read == CreditNote(
        "cn_1",
        5,
        "in_1",
        "usd",
        100,
        "issued",
        None,
        (("re_1", 100),),
        (LineFact("il_1", "Tea", 90, 10, "1"),),
    )


def test_text_of_an_unknown_kind_is_not_read() -> None:
    with pytest.raises(KeyError):
        decode_fact("payout", "[]")


# ------------------------------------------------------------------------------------------------ ranks


def test_a_later_read_never_ranks_lower() -> None:
    refund = [
        refund_status_rank(status)
        for status in ("pending", "requires_action", "succeeded", "failed", "canceled")
    ]
    assert refund == [0, 0, 1, 2, 2]
    assert [charge_status_rank(status) for status in ("pending", "succeeded", "failed")] == [0, 1, 1]
    assert refund_status_rank("a word of later") == charge_status_rank("") == 0
