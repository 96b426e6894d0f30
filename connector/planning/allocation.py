"""What a refund takes from each line of its sale, to the cent.

A refund is split over the lines and taxes of its sale by the strongest evidence there is, and what is left over by
proportion to what is still unrefunded, by largest remainder. What earlier refunds took is carried, so the refund that
closes a sale takes every line and every tax to zero. Proportional splits follow Stripe's own rule:
https://docs.stripe.com/tax/invoicing (refunds of an invoice without a credit note).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.planning.model import SaleLine


@dataclass(frozen=True, slots=True)
class Share:
    """What one refund takes from one line: in the charge's currency, and in the books' at the sale's rate."""

    line_id: str
    net_minor: int
    tax_minor: int
    home_net_minor: int
    home_tax_minor: int
    quantity: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Evidence that a refund took this much of one line.

    The line is named by its id or, failing that, by SKU. `tax_minor` None: `gross_minor` holds net and tax together
    and the line's own proportion tells them apart.
    """

    gross_minor: int
    line_id: str | None = None
    sku: str | None = None
    tax_minor: int | None = None
    quantity: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Claims of one source; `amount_minor` is how much of the refund they explain."""

    source: str
    amount_minor: int
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Split:
    shares: tuple[Share, ...]
    evidence: str
    warnings: tuple[str, ...] = ()


class Overdrawn(Exception):
    """The refund is larger than what is left of its sale."""

    def __init__(self, left_minor: int) -> None:
        super().__init__(left_minor)
        self.left_minor = left_minor


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


def split_refund(
    lines: Sequence[SaleLine],
    earlier: Iterable[Share],
    amount_minor: int,
    evidence: Sequence[Evidence] = (),
    booked_minor: int = 0,
) -> Split:
    """Split `amount_minor` (charge's currency) over `lines`, after `earlier` shares and `booked_minor` of others.

    The shares of a split sum to the amount exactly. Raises `Overdrawn` where less than the amount is left.
    """
    index = {line.line_id: place for place, line in enumerate(lines)}
    left = [part for line in lines for part in (line.net_minor, line.tax_minor)]
    home_taken = [0] * len(left)
    for share in earlier:
        place = index.get(share.line_id)
        if place is not None:
            left[2 * place] -= share.net_minor
            left[2 * place + 1] -= share.tax_minor
            home_taken[2 * place] += share.home_net_minor
            home_taken[2 * place + 1] += share.home_tax_minor
    if booked_minor:
        take_booked(lines, left, home_taken, booked_minor)
    total_left = sum(left)
    if amount_minor > total_left:
        raise Overdrawn(total_left)

    quantities: dict[int, str] = {}
    warnings: list[str] = []
    taken: list[int] | None = None
    source = "the sale's only line" if len(lines) == 1 else "in proportion to what is left of each line"
    if amount_minor == total_left:
        taken = list(left)
        quantities = quantities_of(lines, evidence)
        if len(lines) > 1:
            source = "all that is left of the sale"
    for proof in () if taken is not None else evidence:
        attempt = take_claims(lines, left, amount_minor, proof)
        if attempt is None:
            warnings.append(f"{proof.source} does not fit the lines of the sale and was not used")
            continue
        taken, source = attempt, proof.source
        quantities = quantities_of(lines, [proof])
        break
    if taken is None:
        taken = share_out(amount_minor, left)
    return Split(make_shares(lines, left, taken, home_taken, quantities), source, tuple(warnings))


def take_booked(lines: Sequence[SaleLine], left: list[int], home_taken: list[int], booked_minor: int) -> None:
    """Count what others booked against the sale as already refunded, in proportion."""
    parts = share_out(min(booked_minor, sum(left)), left)
    for i, part in enumerate(parts):
        line = lines[i // 2]
        whole, home = (
            (line.tax_minor, line.home_tax_minor) if i % 2 else (line.net_minor, line.home_net_minor)
        )
        before = whole - left[i]
        left[i] -= part
        if whole:
            home_taken[i] += round_ratio(home, before + part, whole) - round_ratio(home, before, whole)


def round_ratio(amount: int, numerator: int, denominator: int) -> int:
    """amount * numerator / denominator, half up; lines below zero (credits on an invoice) keep their sign."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    return (2 * amount * numerator + denominator) // (2 * denominator)


def find_line(lines: Sequence[SaleLine], claim: Claim) -> int | None:
    for place, line in enumerate(lines):
        if claim.line_id is not None and line.line_id == claim.line_id:
            return place
    for place, line in enumerate(lines):
        if claim.sku is not None and line.sku == claim.sku:
            return place
    return None


def take_claims(
    lines: Sequence[SaleLine], left: Sequence[int], amount_minor: int, proof: Evidence
) -> list[int] | None:
    """What each component gives by this evidence, the unexplained rest in proportion; None where it does not fit."""
    weights = [0] * len(left)
    for claim in proof.claims:
        place = find_line(lines, claim)
        if place is None or claim.gross_minor < 0:
            return None
        if claim.tax_minor is None:
            pair = [left[2 * place] - weights[2 * place], left[2 * place + 1] - weights[2 * place + 1]]
            if claim.gross_minor > sum(pair):
                return None
            net, tax = share_out(claim.gross_minor, pair)
        else:
            net, tax = claim.gross_minor - claim.tax_minor, claim.tax_minor
        weights[2 * place] += net
        weights[2 * place + 1] += tax
    explained = min(proof.amount_minor, amount_minor)
    if explained <= 0 or sum(weights) == 0 or explained > sum(weights):
        return None
    taken = share_out(explained, weights)
    if any(part > rest or (rest < 0 and part) for part, rest in zip(taken, left, strict=True)):
        return None
    rest = [whole - part for whole, part in zip(left, taken, strict=True)]
    for i, part in enumerate(share_out(amount_minor - explained, rest) if amount_minor > explained else ()):
        taken[i] += part
    return taken


def quantities_of(lines: Sequence[SaleLine], evidence: Sequence[Evidence]) -> dict[int, str]:
    quantities: dict[int, str] = {}
    for proof in evidence[:1]:
        for claim in proof.claims:
            place = find_line(lines, claim)
            if place is not None and claim.quantity not in (None, "0") and place not in quantities:
                quantities[place] = claim.quantity or ""
    return quantities


def make_shares(
    lines: Sequence[SaleLine],
    left: Sequence[int],
    taken: Sequence[int],
    home_taken: Sequence[int],
    quantities: dict[int, str],
) -> tuple[Share, ...]:
    """Shares with home amounts carried cumulatively: a line that is taken to zero is taken to zero in the books."""
    shares = []
    for place, line in enumerate(lines):
        net, tax = taken[2 * place], taken[2 * place + 1]
        if net == 0 and tax == 0:
            continue
        homes = []
        for offset, whole, home in (
            (0, line.net_minor, line.home_net_minor),
            (1, line.tax_minor, line.home_tax_minor),
        ):
            i = 2 * place + offset
            cumulative = whole - left[i] + taken[i]
            due = round_ratio(home, cumulative, whole) if whole else 0
            homes.append(due - home_taken[i] if taken[i] else 0)
        shares.append(Share(line.line_id, net, tax, homes[0], homes[1], quantities.get(place)))
    return tuple(shares)
