"""Numbers that people read: 100, 100-1, 100-2, and the sale's number that they are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from connector.planning.stripe_facts import Charge, CheckoutSession, Invoice, PaymentIntent

STRIPE_ID = re.compile(r"^(?:ch|py|pi|in|re|pyr|cs(?:_test|_live)?)_[A-Za-z0-9]{8,}$")


@dataclass(frozen=True, slots=True)
class Templates:
    """`first` and `repeat` are made from {sale} and {n}; `reversal` from {number}."""

    first: str = "{sale}"
    repeat: str = "{sale}-{n}"
    reversal: str = "{number}-R"

    def number(self, sale_number: str, n: int) -> str:
        """The number of the refund at place `n` (0 = first) of the sale `sale_number`."""
        template = self.repeat if n else self.first
        return template.replace("{n}", str(n)).replace("{sale}", sale_number)

    def reversal_number(self, number: str) -> str:
        return self.reversal.replace("{number}", number)


@dataclass(frozen=True, slots=True)
class NumberSource:
    """Where Stripe carries the sale's number (`charge.metadata.order_number`); `pattern` picks it out of a text."""

    source: str
    pattern: re.Pattern[str] | None = None


def next_number(
    sale_number: str,
    used: Iterable[int],
    is_taken: Callable[[str], bool],
    templates: Templates,
) -> tuple[int, str]:
    """The next free place and number: after every place ever used for the sale, past numbers held by others."""
    n = max(used, default=-1) + 1
    while is_taken(templates.number(sale_number, n)):
        n += 1
    return n, templates.number(sale_number, n)


def shorten(number: str, short_id_length: int | None) -> str:
    """A Stripe id used as a number is cut to its last characters where the ledger's numbers are short."""
    if short_id_length is not None and STRIPE_ID.match(number):
        return number[-short_id_length:]
    return number


def read_source(
    source: str,
    charge: Charge,
    payment_intent: PaymentIntent | None,
    invoice: Invoice | None,
    session: CheckoutSession | None,
) -> str | None:
    """The text that stands where `source` points, or None."""
    noun, _, rest = source.partition(".")
    holder = {
        "charge": charge,
        "payment_intent": payment_intent,
        "invoice": invoice,
        "checkout_session": session,
    }.get(noun)
    if holder is None:
        return charge.payment_intent_id if source == "payment_intent.id" else None
    if rest.startswith("metadata."):
        return holder.metadata.get(rest.removeprefix("metadata.")) or None
    field = f"{noun}_id" if rest == "id" else rest
    value = getattr(holder, field, None)
    return value if isinstance(value, str) and value else None


def number_candidates(
    sources: Sequence[NumberSource],
    charge: Charge,
    payment_intent: PaymentIntent | None,
    invoice: Invoice | None,
    session: CheckoutSession | None,
) -> list[str]:
    """Every number the sources yield for this charge, first choice first, without repeats."""
    candidates: list[str] = []
    for entry in sources:
        text = read_source(entry.source, charge, payment_intent, invoice, session)
        if text is not None and entry.pattern is not None:
            match = entry.pattern.search(text)
            text = match.group(1) if match else None
        text = text.strip() if text else ""
        if text and text not in candidates:
            candidates.append(text)
    return candidates
