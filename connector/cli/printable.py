"""Text from Stripe or from files, made fit for a terminal."""

from __future__ import annotations

import re
from typing import Any

# What moves a cursor, changes a colour or the direction of writing, or ends a line.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Text from elsewhere as a terminal may have it: on one line, control characters spelt out."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def clean(value: Any) -> Any:
    """A JSON value with every text in it printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(key): clean(part) for key, part in value.items()}
    return [clean(part) for part in value] if isinstance(value, list) else value
