"""What evidence says that a refund took from which line, fitted to what is left of the lines.

Components are listed as in `allocation`: the net of a line stands at twice its place, its tax right after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from connector.planning.model import SaleLine
from connector.planning.shares import share_out


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
    """Claims of one source; `source` names it in words, `fault` why it could not be read: then it claims nothing."""

    source: str
    claims: tuple[Claim, ...]
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Taking:
    """What is taken of each component; `quantities` by the place of a line, only where a claim is met in full."""

    parts: list[int]
    quantities: dict[int, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def take_claims(
    lines: Sequence[SaleLine], left: Sequence[int], amount_minor: int, proof: Evidence
) -> Taking | None:
    """What each component gives by this evidence, and the unexplained rest in proportion.

    Never more of a component than is left of it. None where no line of the sale is claimed.
    """
    taken = [0] * len(left)
    quantities: dict[int, Decimal | None] = {}
    placed = [(claim, find_lines(lines, claim)) for claim in proof.claims]
    missed = sum(take_one(places, left, taken, quantities, claim) for claim, places in placed if places)
    missed += take_unplaced(left, taken, [claim for claim, places in placed if not places])
    explained = sum(taken)
    if explained <= 0:
        return None
    warnings = []
    if missed:
        warnings.append(
            f"{proof.source} takes more than is left of the lines it names, or names lines that the sale does not "
            f"have; the rest was shared out in proportion"
        )
    if explained > amount_minor:
        warnings.append(f"{proof.source} adds up to more than the refund and was cut to it in proportion")
        taken = share_out(amount_minor, taken)
        quantities = {}
    elif explained < amount_minor:
        rest = [whole - part for whole, part in zip(left, taken, strict=True)]
        for i, part in enumerate(share_out(amount_minor - explained, rest)):
            taken[i] += part
    named = {place: plain(quantity) for place, quantity in quantities.items() if quantity}
    return Taking(taken, named, tuple(warnings))


def take_one(
    places: Sequence[int],
    left: Sequence[int],
    taken: list[int],
    quantities: dict[int, Decimal | None],
    claim: Claim,
) -> int:
    """Take one claim from the lines at these places, in turn; returns how much of it was not met."""
    missing, tax_missing = claim.gross_minor, claim.tax_minor
    for place in places:
        at = 2 * place
        room = (left[at] - taken[at], left[at + 1] - taken[at + 1])
        net, tax = fit(missing, tax_missing, room)
        if not net and not tax:
            continue
        taken[at] += net
        taken[at + 1] += tax
        count = read_quantity(claim.quantity) if net + tax == claim.gross_minor else None
        known = quantities.get(place, Decimal(0))
        quantities[place] = None if count is None or known is None else known + count
        missing -= net + tax
        tax_missing = None if tax_missing is None else tax_missing - tax
        if not missing:
            break
    return missing


def take_unplaced(left: Sequence[int], taken: list[int], claims: Sequence[Claim]) -> int:
    """Claims of no line of the sale (goodwill): where their tax is told, net comes from all nets and tax from all
    taxes, in proportion. Returns how much was not met."""
    missed = 0
    for first, wanted in (
        (0, sum(c.gross_minor - c.tax_minor for c in claims if c.tax_minor is not None)),
        (1, sum(c.tax_minor for c in claims if c.tax_minor is not None)),
    ):
        room = [left[i] - taken[i] for i in range(first, len(left), 2)]
        met = max(0, min(wanted, sum(room)))
        for place, part in enumerate(share_out(met, room)):
            taken[2 * place + first] += part
        missed += wanted - met
    return missed + sum(c.gross_minor for c in claims if c.tax_minor is None)


def find_lines(lines: Sequence[SaleLine], claim: Claim) -> list[int]:
    """The places of the line with the claimed id, else of all lines with the claimed SKU."""
    if claim.line_id is not None:
        for place, line in enumerate(lines):
            if line.line_id == claim.line_id:
                return [place]
    if claim.sku:
        return [place for place, line in enumerate(lines) if line.sku == claim.sku]
    return []


def fit(gross: int, tax: int | None, room: tuple[int, int]) -> tuple[int, int]:
    """Net and tax of a claim within what is left of its line; tax that finds no room is taken from the net."""
    whole = sum(room)
    if tax is None:
        if whole <= 0 or gross <= 0:
            return 0, 0
        net, tax_part = share_out(min(gross, whole), room)
        return net, tax_part
    tax_part = clamp(tax, room[1])
    net = clamp(gross - tax_part, room[0])
    return net, clamp(gross - net, room[1])


def clamp(amount: int, room: int) -> int:
    """`amount` within the span from 0 to `room`, which is below zero for a credit line."""
    return max(0, min(amount, room)) if room >= 0 else max(room, min(0, amount))


def read_quantity(text: str | None) -> Decimal | None:
    """A count above zero, or None."""
    try:
        count = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return count if count is not None and count.is_finite() and count > 0 else None


def plain(quantity: Decimal) -> str:
    """`2`, `1.5`: no exponent, no needless zeros."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
