"""Which objects an event says may have changed: every shape since 2022, thin events, and anything at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st
from stripe.params import _webhook_endpoint_create_params as endpoint

from connector.stripe_source.changes import (
    EVENT_TYPES,
    KINDS,
    Change,
    changed_objects,
    event_account,
    event_type,
)

Json = dict[str, Any]


def event(kind: str, inside: object, **fields: Any) -> Json:
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": inside}, **fields}


def thin(kind: str, word: str, object_id: str, **fields: Any) -> Json:
    about = {"id": object_id, "type": word, "url": f"/v1/x/{object_id}"}
    return {"id": "evt_1", "object": "v2.core.event", "type": kind, "related_object": about, **fields}


def named(found: tuple[Change, ...]) -> list[tuple[str, str]]:
    return [(one.kind, one.object_id) for one in found]


REFUND = {"id": "re_1", "object": "refund", "charge": "ch_1", "payment_intent": "pi_1", "status": "failed"}
OLD_CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "invoice": "in_1",
    "refunds": {"object": "list", "data": [REFUND], "has_more": True},
}

SAID: list[tuple[str, Json, list[tuple[str, str]]]] = [
    ("refund.created", REFUND, [("refund", "re_1")]),
    ("refund.failed", {**REFUND, "charge": None}, [("refund", "re_1")]),
    ("refund.updated", {**REFUND, "id": "pyr_1", "charge": OLD_CHARGE}, [("refund", "pyr_1")]),
    ("charge.refund.updated", REFUND, [("refund", "re_1")]),
    ("charge.refunded", OLD_CHARGE, [("charge", "ch_1")]),
    ("charge.refunded", {"id": "py_1", "object": "charge"}, [("charge", "py_1")]),
    ("charge.updated", {"id": "ch_1", "object": "charge"}, [("charge", "ch_1")]),
    (
        "charge.dispute.funds_withdrawn",
        {"id": "du_1", "object": "dispute", "charge": "ch_1"},
        [("dispute", "du_1"), ("charge", "ch_1")],
    ),
    (
        "charge.dispute.closed",
        {"id": "dp_1", "object": "dispute", "charge": {"id": "ch_1", "object": "charge"}},
        [("dispute", "dp_1"), ("charge", "ch_1")],
    ),
    # Before 2025-03-31.basil a credit note had one refund, since then a list with amounts.
    (
        "credit_note.created",
        {"id": "cn_1", "object": "credit_note", "refund": "re_1", "invoice": "in_1"},
        [("credit_note", "cn_1"), ("refund", "re_1")],
    ),
    (
        "credit_note.updated",
        {
            "id": "cn_1",
            "object": "credit_note",
            "refund": None,
            "refunds": [
                {"amount_refunded": 500, "refund": "re_1", "type": "refund"},
                {"amount_refunded": 200, "refund": {"id": "re_2", "object": "refund"}, "type": "refund"},
                {"amount_refunded": 1, "refund": None, "type": "payment_record_refund"},
                {"amount_refunded": 500, "refund": "re_1", "type": "refund"},
            ],
        },
        [("credit_note", "cn_1"), ("refund", "re_1"), ("refund", "re_2")],
    ),
    ("credit_note.voided", {"id": "cn_1", "object": "credit_note"}, [("credit_note", "cn_1")]),
    ("invoice.paid", {"id": "in_1", "object": "invoice"}, [("invoice", "in_1")]),
    (
        "invoice.paid",
        {"id": "in_1", "object": "invoice", "charge": "ch_1"},
        [("invoice", "in_1"), ("charge", "ch_1")],
    ),
    (
        "invoice_payment.paid",
        {
            "id": "inpay_1",
            "object": "invoice_payment",
            "invoice": "in_1",
            "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
        },
        [("invoice_payment", "inpay_1"), ("invoice", "in_1")],
    ),
    (
        "invoice_payment.paid",
        {
            "id": "inpay_1",
            "object": "invoice_payment",
            "invoice": {"id": "in_1", "object": "invoice"},
            "payment": {"type": "charge", "charge": "ch_1"},
        },
        [("invoice_payment", "inpay_1"), ("invoice", "in_1"), ("charge", "ch_1")],
    ),
    (
        "checkout.session.completed",
        {"id": "cs_test_a1", "object": "checkout.session", "payment_intent": "pi_1"},
        [("checkout_session", "cs_test_a1")],
    ),
]


@pytest.mark.parametrize(("kind", "inside", "found"), SAID)
def test_an_event_names_what_may_have_changed(kind: str, inside: Json, found: list[tuple[str, str]]) -> None:
    assert named(changed_objects(event(kind, inside))) == found


@pytest.mark.parametrize(
    ("kind", "word", "found"),
    [
        ("v1.refund.failed", "refund", [("refund", "x_1")]),
        ("v1.charge.refund.updated", "refund", [("refund", "x_1")]),
        ("v1.charge.dispute.created", "dispute", [("dispute", "x_1")]),
        ("v1.checkout.session.completed", "checkout.session", [("checkout_session", "x_1")]),
        ("v1.billing.meter.error_report_triggered", "billing.meter", []),
        ("v2.core.event_destination.ping", "v2.core.event_destination", []),
        # A type of ours about an object that is not: nothing to read.
        ("v1.refund.failed", "payout", []),
    ],
)
def test_a_thin_event_names_the_object_it_is_about(
    kind: str, word: str, found: list[tuple[str, str]]
) -> None:
    assert named(changed_objects(thin(kind, word, "x_1"))) == found


@pytest.mark.parametrize(
    "one",
    [
        event("payout.paid", {"id": "po_1", "object": "payout"}),
        event("charge.pending", OLD_CHARGE),
        event("v1.refund.failed", REFUND),
        thin("refund", "refund", "re_1"),
        event("refund.failed", {**REFUND, "id": None}),
        event("refund.failed", {**REFUND, "id": "re_1/../../v1/account"}),
        event("refund.failed", {**REFUND, "id": "re_\ud800"}),
        event("refund.failed", {**REFUND, "id": "r" * 256}),
        event("refund.failed", {**REFUND, "object": ["refund"]}),
        event("refund.failed", [REFUND]),
        {"type": "refund.failed"},
        {"type": ["refund.failed"], "data": {"object": REFUND}},
        [event("refund.failed", REFUND)],
        None,
        "refund.failed",
    ],
)
def test_what_is_of_no_use_names_nothing(one: object) -> None:
    assert changed_objects(one) == ()


def test_every_type_is_one_of_stripes_and_has_its_test() -> None:
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) <= 20
    written = Path(str(endpoint.__file__)).read_text(encoding="utf-8")
    known = set(re.findall(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)+)"', written))
    assert "payout.paid" in known
    assert set(EVENT_TYPES) <= known
    # Each thin event is one of a class of its own in stripe-python.
    thin_types = {path.name for path in (Path(str(stripe.__file__)).parent / "events").glob("_v1_*_event.py")}
    assert {f"_v1_{one.replace('.', '_')}_event.py" for one in EVENT_TYPES} <= thin_types
    assert {kind for _, _, found in SAID for kind, _ in found} == set(KINDS.values())


def test_whose_event_it_is() -> None:
    assert event_account(event("refund.failed", REFUND)) is None
    assert event_account(event("refund.failed", REFUND, account="acct_1", context="acct_1")) == "acct_1"
    # Since 2025-04-30.basil every event may have a context; `account` still says whether it came over Connect.
    assert event_account(event("refund.failed", REFUND, context="acct_own")) is None
    assert event_account(thin("v1.refund.failed", "refund", "re_1")) is None
    assert event_account(thin("v1.refund.failed", "refund", "re_1", context=None)) is None
    assert event_account(thin("v1.refund.failed", "refund", "re_1", context="acct_1")) == "acct_1"
    assert event_account(thin("v1.refund.failed", "refund", "re_1", context="org_1/acct_1")) == "acct_1"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(), part, max_size=4),
    max_leaves=12,
)
WORDS = st.sampled_from(
    [*KINDS, *EVENT_TYPES, *(f"v1.{one}" for one in EVENT_TYPES), "event", "v2.core.event"]
)
KEYS = st.sampled_from(["id", "object", "type", "data", "charge", "refund", "refunds", "invoice", "payment"])
ALMOST = st.recursive(
    ANYTHING | WORDS,
    lambda part: st.lists(part, max_size=4) | st.dictionaries(KEYS, part, max_size=8),
    max_leaves=30,
)
EVENTS = st.fixed_dictionaries(
    {"object": st.sampled_from(["event", "v2.core.event"]) | ALMOST, "type": WORDS},
    optional={
        "data": st.fixed_dictionaries({"object": ALMOST | st.dictionaries(KEYS, ALMOST | WORDS)}) | ALMOST,
        "related_object": ALMOST,
        "account": ALMOST,
        "context": ALMOST,
    },
)


@given(ANYTHING | ALMOST | EVENTS)
def test_anything_at_all_is_read_without_a_fault(one: Any) -> None:
    for change in changed_objects(one):
        assert re.fullmatch("[A-Za-z0-9_]{1,255}", change.object_id)
        assert change.kind in KINDS.values()
        assert event_type(one) in EVENT_TYPES
    if isinstance(one, dict):
        account = event_account(one)
        assert account is None or isinstance(account, str)
