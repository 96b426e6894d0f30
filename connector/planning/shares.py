"""Exact division of minor units by weights, and the share of a refund in one line of its sale."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.values import value


@value(frozen=True, slots=True)
class Share:
    """What one refund takes from one line: in the charge's currency, and in the books' at the sale's rate."""

    line_id: str
    net_minor: int
    tax_minor: int
    home_net_minor: int
    home_tax_minor: int
    quantity: str | None = None


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` by `weights`, whose sum is above zero, into whole parts that sum to it, largest remainder first.

    While `total` does not exceed their sum no part leaves the span from 0 to its weight, also where a weight is below
    zero (a credit line); ties go to the earlier place.
    """
    whole = sum(weights)
    if whole <= 0:
        if total:
            raise ValueError("nothing to share out to")
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
        for i in by_remainder[:missing]:
            parts[i] += 1
    return parts
