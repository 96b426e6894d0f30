"""Every key of the sample is one that Stripe has: recorded, or annotated in stripe-python's classes.

A key path is a tuple such as `("lines", "data", "taxes", "amount")`: lists are passed through, and what
stands under `metadata` is the merchant's own.
"""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import stripe

from connector.samples.make_sample import COMMITTED, OLDER_BEFORE

RECORDED = Path(__file__).resolve().parents[2] / "shared/data/stripe-recorded"

KeyPath = tuple[str, ...]

_ROOTS: dict[str, type] = {
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "payment_intent": stripe.PaymentIntent,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "credit_note": stripe.CreditNote,
    "balance_transaction": stripe.BalanceTransaction,
    "customer": stripe.Customer,
    "checkout.session": stripe.checkout.Session,
    "dispute": stripe.Dispute,
    "product": stripe.Product,
    "price": stripe.Price,
}
# Kinds that the sample does not hold and the stand-in for Stripe does.
ROOTS: dict[str, type] = {
    **_ROOTS,
    "application_fee": stripe.ApplicationFee,
    "event": stripe.Event,
    "fee_refund": stripe.ApplicationFeeRefund,
    "transfer": stripe.Transfer,
    "transfer_reversal": stripe.TransferReversal,
}


def key_paths(value: Any, before: KeyPath = ()) -> Iterator[KeyPath]:
    """Every key path of a JSON value."""
    if isinstance(value, list):
        for one in value:
            yield from key_paths(one, before)
    elif isinstance(value, dict):
        for key, below in value.items():
            yield (*before, key)
            if key != "metadata":
                yield from key_paths(below, (*before, key))


@cache
def recorded_paths(folder: Path) -> dict[str, set[KeyPath]]:
    """By kind, the key paths of every object anywhere in the JSON and JSON lines files below a folder."""
    found: dict[str, set[KeyPath]] = {}
    for file in sorted(folder.rglob("*.json*")):
        text = file.read_text(encoding="utf-8")
        values = [json.loads(line) for line in text.split("\n") if line] if file.suffix == ".jsonl" else None
        for stripe_object in nested_objects([json.loads(text)] if values is None else values):
            found.setdefault(stripe_object["object"], set()).update(key_paths(stripe_object))
    return found


def nested_objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from nested_objects(one)
    elif isinstance(value, dict):
        if isinstance(value.get("object"), str) and value["object"] != "list":
            yield value
        for below in value.values():
            yield from nested_objects(below)


@cache
def is_annotated(kind: str, path: KeyPath) -> bool:
    """Whether stripe-python's class of that kind knows the path."""
    classes = {ROOTS[kind]}
    for key in path:
        below: set[type] = set()
        known = False
        for one in classes:
            fields = _fields(one)
            if key in fields:
                known = True
                below |= _classes_in(fields[key])
        if not known:
            return False
        classes = below
    return True


@cache
def _fields(one: type) -> dict[str, Any]:
    return dict(inspect.get_annotations(one))


def _classes_in(annotation: Any) -> set[type]:
    """The StripeObject classes that a field may hold, through Optional, List, ExpandableField, ListObject."""
    if isinstance(annotation, typing.ForwardRef):
        return _named(annotation.__forward_arg__)
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is stripe.ListObject:
        return {_list_of(annotation)}
    if arguments:
        types = [argument for argument in arguments if not isinstance(argument, str)]
        return set().union(*(_classes_in(argument) for argument in types))
    if isinstance(annotation, type) and issubclass(annotation, stripe.StripeObject):
        return {annotation}
    return set()


def _list_of(annotation: Any) -> type:
    """A list of objects, told apart by what is in it: a class whose `data` holds them."""
    inside = typing.get_args(annotation)[0]
    fields = {"object": str, "has_more": bool, "url": str, "total_count": int, "data": inside}
    return type("ListOf", (), {"__annotations__": fields})


def _named(name: str) -> set[type]:
    """A class that is only named, for the type checker, some as `...Resource`; nothing is known of others."""
    found = getattr(stripe, name, None) or getattr(stripe, name.removesuffix("Resource"), None)
    return {found} if isinstance(found, type) else set()


def sample_objects(kind: str) -> list[dict[str, Any]]:
    lines = (COMMITTED / f"{kind}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def todays_objects(kind: str) -> list[dict[str, Any]]:
    """Those in the shape of the API version that the SDK pins; the catalogue has had it since before."""
    always = kind in ("product", "price")
    return [one for one in sample_objects(kind) if always or one["created"] >= OLDER_BEFORE]


def missing_keys(value: Any, classes: set[type], at: str) -> Iterator[str]:
    """Keys that the annotations say are always there and never null, and that are not there or null."""
    if isinstance(value, list):
        for one in value:
            yield from missing_keys(one, classes, at)
    elif isinstance(value, dict):
        for fields in [_fields(one) for one in classes]:
            for key, annotation in fields.items():
                if _always_there(annotation) and value.get(key) is None:
                    yield f"{at}.{key}"
            for key, below in value.items():
                if key in fields and key != "metadata":
                    yield from missing_keys(below, _classes_in(fields[key]), f"{at}.{key}")


def _always_there(annotation: Any) -> bool:
    if typing.get_origin(annotation) is typing.Union:
        return type(None) not in typing.get_args(annotation)
    return typing.get_origin(annotation) not in (typing.ClassVar, type)


@pytest.mark.parametrize("kind", sorted(_ROOTS))
def test_todays_objects_have_only_annotated_keys(kind: str) -> None:
    today = todays_objects(kind)
    assert today
    unknown = {path for one in today for path in key_paths(one) if not is_annotated(kind, path)}
    assert unknown == set()


@pytest.mark.parametrize("kind", sorted(_ROOTS))
def test_every_key_was_recorded_or_is_annotated(kind: str) -> None:
    if not RECORDED.is_dir():
        pytest.skip(f"recordings of Stripe are not there: {RECORDED}")
    recorded = recorded_paths(RECORDED).get(kind, set())
    unknown = {
        path
        for one in sample_objects(kind)
        for path in key_paths(one)
        if path not in recorded and not is_annotated(kind, path)
    }
    assert unknown == set()


@pytest.mark.parametrize("kind", sorted(_ROOTS))
def test_todays_objects_have_every_key_that_is_always_there(kind: str) -> None:
    missing = {key for one in todays_objects(kind) for key in missing_keys(one, {_ROOTS[kind]}, kind)}
    # Recorded lists of credit note lines have no total_count either.
    assert {key for key in missing if not key.endswith(".total_count")} == set()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("refund", ("livemode",)),
        ("refund", ("updated",)),
        ("charge", ("invoice",)),
        ("charge", ("refunds", "data", "livemode")),
        ("invoice", ("charge",)),
        ("invoice", ("lines", "data", "price")),
        ("invoice", ("lines", "data", "parent", "type", "deeper")),
        ("credit_note", ("refund",)),
        ("balance_transaction", ("fee_details", "net")),
        ("checkout.session", ("line_items", "data", "sku")),
    ],
)
def test_the_check_finds_keys_that_stripe_does_not_have(kind: str, path: KeyPath) -> None:
    assert is_annotated(kind, path[:-1])
    assert not is_annotated(kind, path)


def test_the_check_follows_lists_references_and_nested_classes() -> None:
    assert is_annotated("charge", ("refunds", "data", "destination_details", "card", "reference_status"))
    assert is_annotated("invoice", ("lines", "data", "pricing", "price_details", "price", "lookup_key"))
    assert is_annotated("credit_note", ("refunds", "refund", "balance_transaction", "exchange_rate"))
    assert list(key_paths({"a": [{"b": {"metadata": {"c": 1}}}]})) == [
        ("a",),
        ("a", "b"),
        ("a", "b", "metadata"),
    ]
    refund = {"id": "re_1", "object": "refund", "amount": None}
    assert set(missing_keys(refund, {stripe.Refund}, "refund")) == {
        "refund.amount",
        "refund.created",
        "refund.currency",
    }


def test_older_objects_have_the_keys_that_are_gone_since_basil() -> None:
    older = {kind: [one for one in sample_objects(kind) if one["created"] < OLDER_BEFORE] for kind in _ROOTS}
    assert all("invoice" in one for one in older["charge"] + older["payment_intent"])
    paid = [one for one in older["invoice"] if one["charge"]]
    charges = {one["id"]: one for one in older["charge"]}
    assert len(paid) >= 10
    for invoice in paid:
        charge = charges[invoice["charge"]]
        assert charge["invoice"] == invoice["id"]
        assert charge["payment_intent"] == invoice["payment_intent"]
        assert all("price" in line and "pricing" not in line for line in invoice["lines"]["data"])
    assert [one["refund"][:3] for one in older["credit_note"]] == ["re_", "re_"]
    assert older["invoice_payment"] == []
    assert 30 < len(older["charge"]) < 80
