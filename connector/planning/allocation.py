"""What a refund takes from each line of its sale, to the cent.

A refund is split over the lines and taxes of its sale by the strongest evidence there is, and what is left over by
proportion to what is still unrefunded, by largest remainder. What earlier refunds took is carried, so the refund that
closes a sale takes every line and every tax to zero. Proportional splits follow Stripe's own rule:
https://docs.stripe.com/tax/invoicing (refunds of an invoice without a credit note).

Amounts are listed by component: the net of a line stands at twice its place, its tax right after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connector.planning.claims import Evidence, Taking, take_claims
from connector.planning.model import SaleLine
from connector.planning.money import multiply_ratio
from connector.planning.shares import Share, share_out
from connector.planning.values import value

__all__ = ["Overdrawn", "Share", "Split", "share_out", "split_refund"]


@value(frozen=True, slots=True)
class Split:
    """Shares that sum to the refund exactly; `evidence` says in words what they follow."""

    shares: tuple[Share, ...]
    evidence: str
    warnings: tuple[str, ...] = ()


class Overdrawn(Exception):
    """The refund is larger than what is left of its sale."""

    def __init__(self, left_minor: int) -> None:
        super().__init__(left_minor)
        self.left_minor = left_minor


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
    left, home_taken = what_is_left(lines, earlier)
    if booked_minor:
        take_booked(lines, left, home_taken, booked_minor)
    total_left = sum(left)
    if amount_minor > total_left:
        raise Overdrawn(total_left)
    if amount_minor == total_left:
        # The refund that closes the sale takes all that is left, whatever the evidence says of single lines.
        fitting = (take_claims(lines, left, amount_minor, proof) for proof in evidence)
        quantities = next((taking.quantities for taking in fitting if taking is not None), {})
        source = "all that is left of the sale"
        return Split(make_shares(lines, left, left, home_taken, quantities, True), source)
    source = "the sale's only line" if len(lines) == 1 else "in proportion to what is left of each line"
    taking: Taking | None = None
    warnings: list[str] = []
    for proof in evidence:
        taking = take_claims(lines, left, amount_minor, proof)
        if taking is not None:
            source = proof.source
            warnings.extend(taking.warnings)
            break
        wrong = proof.fault or "does not fit the lines of the sale"
        warnings.append(f"{proof.source} {wrong} and was not used")
    if taking is None:
        taking = Taking(share_out(amount_minor, left))
    shares = make_shares(lines, left, taking.parts, home_taken, taking.quantities, False)
    return Split(shares, source, tuple(warnings))


def what_is_left(lines: Sequence[SaleLine], earlier: Iterable[Share]) -> tuple[list[int], list[int]]:
    """What earlier refunds left of each component, and what they took of it in the books."""
    left = [part for line in lines for part in (line.net_minor, line.tax_minor)]
    home_taken = [0] * len(left)
    index: dict[str, int] | None = None
    for share in earlier:
        if index is None:
            index = {line.line_id: 2 * place for place, line in enumerate(lines)}
        at = index.get(share.line_id)
        if at is not None:
            left[at] -= share.net_minor
            left[at + 1] -= share.tax_minor
            home_taken[at] += share.home_net_minor
            home_taken[at + 1] += share.home_tax_minor
    return left, home_taken


def take_booked(lines: Sequence[SaleLine], left: list[int], home_taken: list[int], booked_minor: int) -> None:
    """Count what others booked against the sale as already refunded, in proportion."""
    parts = share_out(max(0, min(booked_minor, sum(left))), left)
    for i, part in enumerate(parts):
        line = lines[i // 2]
        whole, home = (
            (line.tax_minor, line.home_tax_minor) if i % 2 else (line.net_minor, line.home_net_minor)
        )
        before = whole - left[i]
        left[i] -= part
        if whole:
            home_taken[i] += multiply_ratio(home, before + part, whole) - multiply_ratio(home, before, whole)


def make_shares(
    lines: Sequence[SaleLine],
    left: Sequence[int],
    taken: Sequence[int],
    home_taken: Sequence[int],
    quantities: dict[int, str],
    closes: bool,
) -> tuple[Share, ...]:
    """Shares with home amounts carried cumulatively: a line that is taken to zero is taken to zero in the books.

    Where the refund closes the sale that also holds for a line too small to have an amount in the charge's currency.
    """
    shares = []
    for place, line in enumerate(lines):
        at = 2 * place
        net, tax = taken[at], taken[at + 1]
        home_net = home_part(line.net_minor, line.home_net_minor, left[at], net, home_taken[at], closes)
        home_tax = home_part(
            line.tax_minor, line.home_tax_minor, left[at + 1], tax, home_taken[at + 1], closes
        )
        if net or tax or home_net or home_tax:
            shares.append(Share(line.line_id, net, tax, home_net, home_tax, quantities.get(place)))
    return tuple(shares)


def home_part(whole: int, home: int, left: int, taken: int, home_taken: int, closes: bool) -> int:
    """What is taken in the books: at the sale's rate for all that was taken so far, less what was taken before."""
    if closes or taken == left:
        return home - home_taken if closes or taken else 0
    if not taken:
        return 0
    return multiply_ratio(home, whole - left + taken, whole) - home_taken
