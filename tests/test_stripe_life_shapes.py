"""Every key of what a life makes is one that Stripe has: annotated in stripe-python, or recorded where it is older."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import stripe as stripe_python
from fake_account import NOON, client_of
from test_sample_shapes import (
    RECORDED,
    ROOTS,
    is_annotated,
    key_paths,
    missing_keys,
    nested_objects,
    recorded_paths,
)
from vendors.fake_stripe import FakeStripe
from vendors.stripe_life import CLOVER, EMBEDDED_REFUNDS, ENDIVE, PRE_BASIL, Credit, Item, StripeLife

from connector.samples.catalogue import SALES_TAX

Json = dict[str, Any]
BRANCH = "acct_1Branch"
OLDER = (EMBEDDED_REFUNDS, PRE_BASIL)


def one_of_everything(life: StripeLife) -> None:
    """Each happening once."""
    life.rates["jpy"] = 640_000
    charge = life.charge(5000, customer=life.customer())
    life.decline()
    for captured in (3000, None):
        uncaptured = life.charge(5000, captured=False)
        life.capture(uncaptured, captured) if captured else life.release(uncaptured)
    refund = life.refund(charge, 700, reason="duplicate", metadata={"ticket": "1"}, fee="back")
    life.advance(days=8)
    life.reference_arrives(refund)
    life.fail(refund)
    life.reference_arrives(life.refund(charge, 10))
    life.cancel(life.refund(charge, 900, pending_reason="insufficient_funds"))
    for method in ("us_bank_account", "sepa_debit"):
        debit = life.charge(5000, method=method)
        waiting = life.refund(debit, 100)
        life.settle(debit)
        life.succeed(waiting)
        life.bounce(debit)
    asked = life.refund(life.charge(3900, currency="jpy", method="konbini"))
    life.customer_answers(asked)
    invoice, _ = life.sell_by_invoice([Item("SKU-MUG", 2), Item("SKU-PLAN-PRO", discount=900)], tax=SALES_TAX)
    life.credit_note(invoice, [Credit(0, 1200, 1, 1200)], tax=SALES_TAX, refund_amount=1320)
    life.void_credit_note(life.credit_note(invoice, [Credit(None, 500)]))
    life.pay_invoice(life.invoice([Item("SKU-BOOK")], with_payment=True))
    _, bought = life.check_out([Item("SKU-MUG")], tax=SALES_TAX, customer=life.customer())
    won, lost = life.dispute(bought), life.dispute(life.charge(), inquiry=True)
    life.submit_evidence(won)
    life.close_dispute(won, won=True)
    life.close_dispute(lost, won=False)
    passed_on = life.destination_charge(10_000, destination=BRANCH, application_fee=300)
    life.refund(passed_on, 1000, reverse_transfer=True, refund_application_fee=True)


@cache
def shown(version: str) -> tuple[Json, ...]:
    """Everything such an account shows over HTTP, the feed of events included."""
    with FakeStripe(NOON) as fake:
        life = StripeLife(fake, api_version=version)
        one_of_everything(life)
        found: list[Json] = []
        for account in (None, BRANCH):
            v1 = client_of(fake, account=account).v1
            whole = {"limit": 100}
            for listing, expand in (
                (v1.events, []),
                (v1.charges, ["data.refunds"]),
                (v1.refunds, []),
                (v1.payment_intents, []),
                (v1.balance_transactions, []),
                (v1.customers, []),
                (v1.invoices, ["data.payments"]),
                (v1.invoice_payments, []),
                (v1.credit_notes, []),
                (v1.checkout.sessions, ["data.line_items"]),
                (v1.disputes, []),
                (v1.products, []),
                (v1.prices, []),
                (v1.transfers, []),
                (v1.application_fees, []),
            ):
                asked = {**whole, "expand": expand} if expand else whole
                found += [plain(one) for one in listing.list(asked).auto_paging_iter()]
        return tuple(found)


def plain(value: Any) -> Any:
    """What the client gives as dictionaries, lists and texts again."""
    if isinstance(value, stripe_python.StripeObject):
        value = value.to_dict()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def told(version: str) -> list[Json]:
    """The objects that the events show."""
    return [one["data"]["object"] for one in shown(version) if one["object"] == "event"]


def not_events(version: str) -> list[Json]:
    return [one for one in shown(version) if one["object"] != "event"]


def test_every_kind_is_shown() -> None:
    kinds = {one["object"] for objects in nested_objects(list(shown(ENDIVE))) for one in [objects]}
    assert ROOTS.keys() <= kinds
    assert {one["object"] for one in told(ENDIVE)} >= {
        "application_fee",
        "charge",
        "checkout.session",
        "credit_note",
        "customer",
        "dispute",
        "invoice",
        "invoice_payment",
        "payment_intent",
        "refund",
        "transfer",
    }


@pytest.mark.parametrize("version", [ENDIVE, CLOVER])
def test_objects_of_today_have_only_annotated_keys(version: str) -> None:
    unknown = {
        (one["object"], path)
        for one in (*not_events(version), *told(version))
        for path in key_paths(one)
        if not is_annotated(one["object"], path)
    }
    assert unknown == set()


def test_objects_of_today_have_every_key_that_is_always_there() -> None:
    objects = [one for one in (*not_events(ENDIVE), *told(ENDIVE)) if one["object"] in ROOTS]
    missing = {key for one in objects for key in missing_keys(one, {ROOTS[one["object"]]}, one["object"])}
    # Recorded lists of credit note lines have no total_count either.
    assert {key for key in missing if not key.endswith(".total_count")} == set()


def test_events_themselves_have_annotated_keys() -> None:
    events = [one for one in shown(ENDIVE) if one["object"] == "event"]
    assert {one["type"] for one in events} > {"refund.created", "refund.failed", "charge.dispute.closed"}
    for one in events:
        assert {key for key in one if not is_annotated("event", (key,))} == set()
        assert one["data"].keys() <= {"object", "previous_attributes"}
        assert missing_set(one) == set()


def missing_set(event: Json) -> set[str]:
    bare = {**event, "data": {"object": {}}}
    return set(missing_keys(bare, {ROOTS["event"]}, "event"))


def named(value: Any) -> Any:
    """A value with every object inside replaced by its id: those are looked at by themselves."""
    if isinstance(value, list):
        return [named(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("object") in ROOTS:
        return value["id"]
    return {key: named(one) for key, one in value.items()}


@pytest.mark.parametrize("version", OLDER)
def test_what_older_events_show_was_recorded_or_is_annotated(version: str) -> None:
    if not RECORDED.is_dir():
        pytest.skip(f"recordings of Stripe are not there: {RECORDED}")
    recorded = recorded_paths(RECORDED)
    unknown = {
        (one["object"], path)
        for one in nested_objects(told(version))
        if one["object"] in ROOTS
        for path in key_paths({key: named(value) for key, value in one.items()})
        if path not in recorded.get(one["object"], set()) and not is_annotated(one["object"], path)
    }
    assert unknown == set()


@pytest.mark.parametrize("version", OLDER)
def test_older_events_show_older_objects(version: str) -> None:
    charges = [one for one in told(version) if one["object"] == "charge"]
    assert all("invoice" in one for one in charges)
    assert any(one["invoice"] for one in charges)
    assert all(("refunds" in one) == (version == EMBEDDED_REFUNDS) for one in charges)
    assert not any("pending_reason" in one for one in told(version))
    # What is asked for is in today's shape whatever the account's own version is.
    assert not any("invoice" in one for one in not_events(version) if one["object"] == "charge")
