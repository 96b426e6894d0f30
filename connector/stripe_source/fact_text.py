"""Facts as short text and back: what the store keeps of an object beside Stripe's own bytes.

The text is a JSON list of the fact's fields in their order, without the defaults at its end, metadata in the
order of its keys: equal facts give equal text, so "did anything change" is a comparison of two texts. A field
that is added to the end of a fact later takes its default from older text; text with more fields than this
version knows is read as far as it knows them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Any

from connector.planning.stripe_facts import (
    ApplicationFeeRefund,
    BalanceTransaction,
    Charge,
    CheckoutSession,
    CreditNote,
    Customer,
    Dispute,
    Fact,
    Invoice,
    InvoicePayment,
    LineFact,
    PaymentIntent,
    Price,
    Product,
    Refund,
    TransferReversal,
)

FACT_OF_KIND: dict[str, type[Fact]] = {
    "balance_transaction": BalanceTransaction,
    "charge": Charge,
    "refund": Refund,
    "payment_intent": PaymentIntent,
    "invoice": Invoice,
    "invoice_payment": InvoicePayment,
    "credit_note": CreditNote,
    "checkout.session": CheckoutSession,
    "customer": Customer,
    "dispute": Dispute,
    "product": Product,
    "price": Price,
    "transfer_reversal": TransferReversal,
    "fee_refund": ApplicationFeeRefund,
}


class _Nothing:
    """Equal to no value: stands where a field has no default."""


def _defaults(of: type[Any]) -> tuple[Any, ...]:
    found: list[Any] = []
    for field in fields(of):
        if field.default_factory is not MISSING:
            found.append(field.default_factory())
        else:
            found.append(_Nothing() if field.default is MISSING else field.default)
    return tuple(found)


def _pair_codec(
    of: type[Any],
) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[Any, ...]]:
    return attrgetter(*[field.name for field in fields(of)]), _defaults(of)


_FIELDS: dict[type[Any], tuple[Callable[[Any], tuple[Any, ...]], tuple[Any, ...]]] = {
    of: _pair_codec(of) for of in (*FACT_OF_KIND.values(), LineFact)
}
_FIELD_COUNT: dict[type[Any], int] = {of: len(defaults) for of, (_, defaults) in _FIELDS.items()}


def _row(value: Any) -> tuple[Any, ...]:
    """The fact's values without the defaults at its end."""
    read, defaults = _FIELDS[type(value)]
    row = read(value)
    last = len(row)
    while row[last - 1] == defaults[last - 1]:
        last -= 1
    return row[:last]


# Also called by the encoder for the facts inside a fact: lines, a dispute's balance transactions.
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":"), sort_keys=True, default=_row).encode
# Nothing follows the value in text of our own; to look for blanks around it would cost as much as to read it.
_decode = json.JSONDecoder().raw_decode


def encode_fact(fact: Fact) -> str:
    """The fact's canonical text; `decode_fact` of the same kind gives an equal fact back."""
    return _encode(_row(fact))


def _built(of: type[Any], row: list[Any]) -> Any:
    return of(*row[: _FIELD_COUNT[of]])


def _position(of: type[Any], name: str) -> int:
    return [field.name for field in fields(of)].index(name)


def _facts_inside(of: type[Any]) -> Callable[[list[Any]], Any]:
    return lambda rows: tuple([_built(of, row) for row in rows])


def _pairs(rows: list[Any]) -> Any:
    return tuple([(row[0], row[1]) for row in rows])


# Where a field is no plain JSON value: its place in the row, and how it is made again.
_MADE_AGAIN: dict[str, tuple[tuple[int, Callable[[list[Any]], Any]], ...]] = {
    "payment_intent": ((_position(PaymentIntent, "lines"), _facts_inside(LineFact)),),
    "invoice": ((_position(Invoice, "lines"), _facts_inside(LineFact)),),
    "credit_note": (
        (_position(CreditNote, "refunds"), _pairs),
        (_position(CreditNote, "lines"), _facts_inside(LineFact)),
    ),
    "checkout.session": ((_position(CheckoutSession, "lines"), _facts_inside(LineFact)),),
    "dispute": ((_position(Dispute, "balance_transactions"), _facts_inside(BalanceTransaction)),),
}


def decode_fact(kind: str, text: str) -> Fact:
    """The fact whose text `encode_fact` wrote; `kind` is Stripe's `object` word, `KeyError` for another."""
    of = FACT_OF_KIND[kind]
    row, _ = _decode(text)
    for place, make in _MADE_AGAIN.get(kind, ()):
        if place < len(row):
            row[place] = make(row[place])
    if len(row) > _FIELD_COUNT[of]:
        del row[_FIELD_COUNT[of] :]
    return of(*row)
