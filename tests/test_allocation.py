"""What a refund takes from each line: worked cases, evidence, and what holds of every split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_cases import line, shares_sum

from connector.planning.allocation import Overdrawn, Share, Split, share_out, split_refund
from connector.planning.claims import Claim, Evidence
from connector.planning.model import SaleLine

TWO = (line(6000, 600, "a", sku="MUG"), line(4000, 0, "b", sku="BOOK"))


def taken(split: Split) -> dict[str, tuple[int, int]]:
    return {share.line_id: (share.net_minor, share.tax_minor) for share in split.shares}


def refund_all(lines: Sequence[SaleLine], amounts: Sequence[int]) -> list[Split]:
    """The splits of refunds in order, each after those before it."""
    splits: list[Split] = []
    for amount in amounts:
        earlier = [share for split in splits for share in split.shares]
        splits.append(split_refund(lines, earlier, amount))
    return splits


# ---------------------------------------------------------------------------------------------- share_out


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [5, 5], [0, 0]),
        (0, [], []),
        (10, [0, 10], [0, 10]),
        (7, [100, 10, -20], [8, 1, -2]),
        (90, [100, 10, -20], [100, 10, -20]),
        (45, [100, 10, -20], [50, 5, -10]),
        (135, [100, 0], [135, 0]),
    ],
)
def test_largest_remainder(total: int, weights: list[int], parts: list[int]) -> None:
    assert share_out(total, weights) == parts


def test_nothing_to_share_out_to() -> None:
    with pytest.raises(ValueError, match="nothing to share out to"):
        share_out(1, [0, 0])


weights = st.lists(st.integers(-50, 500), min_size=1, max_size=8).filter(lambda w: sum(w) > 0)


@given(weights, st.integers(0, 1000))
def test_parts_sum_to_the_total_and_stay_within_their_weights(parts_of: list[int], total: int) -> None:
    parts = share_out(total, parts_of)
    assert sum(parts) == total
    if total <= sum(parts_of):
        assert all(
            min(0, weight) <= part <= max(0, weight) for part, weight in zip(parts, parts_of, strict=True)
        )


@given(weights, st.integers(0, 1000))
def test_no_part_is_a_whole_unit_off_its_exact_share(parts_of: list[int], total: int) -> None:
    whole = sum(parts_of)
    for part, weight in zip(share_out(total, parts_of), parts_of, strict=True):
        assert abs(part * whole - total * weight) < whole


# ---------------------------------------------------------------------------------------------- worked cases


def test_worked_case_33_33_44_of_110() -> None:
    splits = refund_all([line(10000, 1000)], [3300, 3300, 4400])
    assert [taken(split)["1"] for split in splits] == [(3000, 300), (3000, 300), (4000, 400)]


def test_a_refund_in_full_takes_every_line_and_tax() -> None:
    split = split_refund(TWO, (), 10600)
    assert taken(split) == {"a": (6000, 600), "b": (4000, 0)}
    assert split.evidence == "all that is left of the sale"


def test_a_partial_refund_is_shared_in_proportion_to_what_is_left() -> None:
    split = split_refund(TWO, (), 5300)
    assert taken(split) == {"a": (3000, 300), "b": (2000, 0)}
    assert split.evidence == "in proportion to what is left of each line"


def test_a_sale_of_one_line_needs_no_other_evidence() -> None:
    assert split_refund([line()], (), 1100).evidence == "the sale's only line"


def test_a_cent_at_a_time_closes_the_sale() -> None:
    lines = [line(2, 1, "a"), line(1, 1, "b")]
    splits = refund_all(lines, [1, 1, 1, 1, 1])
    totals = {"a": [0, 0], "b": [0, 0]}
    for split in splits:
        for share in split.shares:
            totals[share.line_id][0] += share.net_minor
            totals[share.line_id][1] += share.tax_minor
    assert totals == {"a": [2, 1], "b": [1, 1]}


def test_negative_lines_of_a_proration_are_taken_back_too() -> None:
    lines = [line(10000, 1000, "new plan"), line(-2000, -200, "unused time")]
    half, rest = refund_all(lines, [4400, 4400])
    assert taken(half) == {"new plan": (5000, 500), "unused time": (-1000, -100)}
    assert taken(rest) == {"new plan": (5000, 500), "unused time": (-1000, -100)}


def test_more_than_is_left_is_overdrawn() -> None:
    with pytest.raises(Overdrawn) as caught:
        split_refund([line()], (Share("1", 10000, 0, 10000, 0),), 1001)
    assert caught.value.left_minor == 1000


def test_what_others_booked_counts_as_refunded() -> None:
    assert taken(split_refund([line()], (), 5500, booked_minor=5500)) == {"1": (5000, 500)}
    with pytest.raises(Overdrawn):
        split_refund([line()], (), 5501, booked_minor=5500)


def test_what_others_booked_beyond_the_sale_leaves_nothing() -> None:
    with pytest.raises(Overdrawn) as caught:
        split_refund([line()], (Share("1", 10000, 1100, 10000, 1100),), 1, booked_minor=99999)
    assert caught.value.left_minor <= 0


# ---------------------------------------------------------------------------------------------- home amounts


def test_home_amounts_follow_the_sales_rate() -> None:
    at_135 = line(10000, 0, home_net_minor=13500)
    (share,) = split_refund([at_135], (), 10000).shares
    assert (share.net_minor, share.home_net_minor) == (10000, 13500)


def test_home_amounts_are_carried_cumulatively() -> None:
    third = line(3, 0, home_net_minor=100)
    splits = refund_all([third], [1, 1, 1])
    assert [split.shares[0].home_net_minor for split in splits] == [33, 34, 33]


def test_a_line_too_small_for_the_charges_currency_is_closed_with_the_sale() -> None:
    lines = [line(100, 0, "a", home_net_minor=327), line(0, 0, "b", home_net_minor=1)]
    first, last = refund_all(lines, [60, 40])
    assert [s.line_id for s in first.shares] == ["a"]
    assert [(s.line_id, s.home_net_minor) for s in last.shares] == [("a", 131), ("b", 1)]


# ---------------------------------------------------------------------------------------------- evidence


def evidence(*claims: Claim, source: str = "the note") -> list[Evidence]:
    return [Evidence(source, claims)]


def test_a_claim_by_line_id_is_stronger_than_one_by_sku() -> None:
    split = split_refund(TWO, (), 1000, evidence(Claim(1000, "b", "MUG", 0)))
    assert taken(split) == {"b": (1000, 0)}
    assert (split.evidence, split.warnings) == ("the note", ())


def test_a_claim_by_sku_takes_net_and_tax_in_the_lines_own_proportion() -> None:
    assert taken(split_refund(TWO, (), 1100, evidence(Claim(1100, None, "MUG")))) == {"a": (1000, 100)}


def test_a_claim_tells_its_own_tax() -> None:
    assert taken(split_refund(TWO, (), 1100, evidence(Claim(1100, "a", None, 50)))) == {"a": (1050, 50)}


def test_a_claim_spreads_over_lines_of_the_same_sku() -> None:
    lines = [line(1000, 100, "a", sku="MUG"), line(1000, 100, "b", sku="MUG"), line(1000, 100, "c")]
    assert taken(split_refund(lines, (), 1650, evidence(Claim(1650, None, "MUG", quantity="2")))) == {
        "a": (1000, 100),
        "b": (500, 50),
    }


def test_what_evidence_leaves_unexplained_is_shared_in_proportion() -> None:
    split = split_refund(TWO, (), 5300, evidence(Claim(4000, "b", None, 0)))
    assert taken(split) == {"a": (1182, 118), "b": (4000, 0)}
    assert shares_sum(split.shares) == 5300


def test_evidence_for_more_than_the_refund_is_cut_in_proportion() -> None:
    split = split_refund(TWO, (), 3000, evidence(Claim(4000, "b", None, 0, "1"), Claim(2000, "a", None, 0)))
    assert taken(split) == {"a": (1000, 0), "b": (2000, 0)}
    assert split.shares[1].quantity is None
    assert split.warnings == ("the note adds up to more than the refund and was cut to it in proportion",)


def test_evidence_for_more_than_a_line_has_left_is_met_as_far_as_it_goes() -> None:
    earlier = (Share("b", 3500, 0, 3500, 0),)
    split = split_refund(TWO, earlier, 1000, evidence(Claim(1000, "b", None, 0, "1")))
    assert taken(split)["b"] == (500, 0)
    assert shares_sum(split.shares) == 1000
    assert split.shares[-1].quantity is None
    assert "more than is left" in split.warnings[0]


def test_two_claims_on_one_line_never_take_more_than_it_has() -> None:
    split = split_refund(TWO, (), 7000, evidence(Claim(4000, "b", None, 0), Claim(1000, "b", None, 0)))
    assert taken(split) == {"a": (2727, 273), "b": (4000, 0)}
    assert "more than is left" in split.warnings[0]


def test_evidence_of_no_line_of_the_sale_is_not_used() -> None:
    split = split_refund(TWO, (), 1000, evidence(Claim(1000, "zz", "OTHER")))
    assert taken(split) == taken(split_refund(TWO, (), 1000))
    assert split.warnings == ("the note does not fit the lines of the sale and was not used",)


def test_the_next_evidence_is_tried_where_the_first_does_not_fit() -> None:
    proofs = [*evidence(Claim(1000, "zz"), source="first"), *evidence(Claim(1000, "b"), source="second")]
    split = split_refund(TWO, (), 1000, proofs)
    assert (taken(split), split.evidence) == ({"b": (1000, 0)}, "second")


def test_goodwill_takes_its_own_tax_from_all_taxes() -> None:
    split = split_refund(TWO, (), 1000, evidence(Claim(1000, None, None, 0)))
    assert taken(split) == {"a": (600, 0), "b": (400, 0)}
    split = split_refund(TWO, (), 1100, evidence(Claim(1100, None, None, 100)))
    assert taken(split) == {"a": (600, 100), "b": (400, 0)}
    assert split.warnings == ()


def test_a_claim_on_a_credit_line_takes_it_back() -> None:
    lines = [line(10000, 0, "a"), line(-2000, 0, "b")]
    split = split_refund(lines, (), 3000, evidence(Claim(4000, "a", None, 0), Claim(-1000, "b", None, 0)))
    assert taken(split) == {"a": (4000, 0), "b": (-1000, 0)}


def test_the_refund_that_closes_a_sale_takes_all_whatever_the_evidence_says() -> None:
    split = split_refund(TWO, (), 10600, evidence(Claim(10600, "a", None, 600, "3")))
    assert taken(split) == {"a": (6000, 600), "b": (4000, 0)}


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        (["2"], "2"),
        (["2", "1.5"], "3.5"),
        (["1", None], None),
        ([None], None),
        (["0"], None),
        (["many"], None),
        (["NaN"], None),
        (["10.00"], "10"),
    ],
)
def test_quantities_come_from_claims_alone(counts: list[str | None], shown: str | None) -> None:
    claims = [Claim(100, "a", None, 0, count) for count in counts]
    split = split_refund(TWO, (), 100 * len(counts), evidence(*claims))
    assert split.shares[0].quantity == shown


# ---------------------------------------------------------------------------------------------- what always holds

nets = st.integers(1, 5000)
taxes = st.integers(0, 900)
homes = st.integers(0, 9000)


@st.composite
def sales(draw: st.DrawFn) -> list[SaleLine]:
    """Lines in two currencies; a credit line at most as large as half of the rest."""
    count = draw(st.integers(1, 5))
    lines = [
        line(draw(nets), draw(taxes), str(n), home_net_minor=draw(homes), home_tax_minor=draw(homes))
        for n in range(count)
    ]
    lines = [replace(one, home_tax_minor=one.home_tax_minor if one.tax_minor else 0) for one in lines]
    credit = draw(st.integers(0, sum(one.net_minor for one in lines) // 2))
    if credit:
        lines.append(line(-credit, 0, "credit", home_net_minor=-draw(homes)))
    return lines


@st.composite
def closing_refunds(draw: st.DrawFn) -> tuple[list[SaleLine], list[int]]:
    """A sale and refunds that together close it."""
    lines = draw(sales())
    left = sum(one.net_minor + one.tax_minor for one in lines)
    amounts: list[int] = []
    while left:
        amount = draw(st.integers(1, left)) if len(amounts) < 5 else left
        amounts.append(amount)
        left -= amount
    return lines, amounts


claims = st.builds(
    Claim,
    st.integers(-500, 5000),
    st.sampled_from(["0", "1", "2", "credit", "zz", None]),
    st.sampled_from(["MUG", None]),
    st.one_of(st.none(), st.integers(-50, 900)),
    st.sampled_from(["1", "2.5", "0", None]),
)


@given(closing_refunds())
def test_refunds_that_close_a_sale_take_every_line_and_tax_to_zero(
    sale: tuple[list[SaleLine], list[int]],
) -> None:
    lines, amounts = sale
    splits = refund_all(lines, amounts)
    assert [shares_sum(split.shares) for split in splits] == amounts
    for one in lines:
        shares = [s for split in splits for s in split.shares if s.line_id == one.line_id]
        assert sum(s.net_minor for s in shares) == one.net_minor
        assert sum(s.tax_minor for s in shares) == one.tax_minor
        assert sum(s.home_net_minor for s in shares) == one.home_net_minor
        assert sum(s.home_tax_minor for s in shares) == one.home_tax_minor


@given(closing_refunds())
def test_no_refund_takes_a_line_beyond_zero(sale: tuple[list[SaleLine], list[int]]) -> None:
    lines, amounts = sale
    whole = {one.line_id: one for one in lines}
    for split in refund_all(lines, amounts):
        for share in split.shares:
            sign = 1 if whole[share.line_id].net_minor > 0 else -1
            assert sign * share.net_minor >= 0
            assert sign * share.tax_minor >= 0
            assert sign * share.home_net_minor >= 0


@given(closing_refunds(), st.lists(st.lists(claims, max_size=4), max_size=6))
def test_evidence_never_breaks_a_sum_or_a_line(
    sale: tuple[list[SaleLine], list[int]], said: list[list[Claim]]
) -> None:
    lines, amounts = sale
    earlier: list[Share] = []
    for place, amount in enumerate(amounts):
        proofs = [Evidence("a note", tuple(said[place]))] if place < len(said) else []
        split = split_refund(lines, earlier, amount, proofs)
        assert shares_sum(split.shares) == amount
        earlier.extend(split.shares)
        for one in lines:
            net = sum(s.net_minor for s in earlier if s.line_id == one.line_id)
            tax = sum(s.tax_minor for s in earlier if s.line_id == one.line_id)
            assert min(0, one.net_minor) <= net <= max(0, one.net_minor)
            assert min(0, one.tax_minor) <= tax <= max(0, one.tax_minor)
    assert sum(s.home_net_minor for s in earlier) == sum(one.home_net_minor for one in lines)
    assert sum(s.home_tax_minor for s in earlier) == sum(one.home_tax_minor for one in lines)


@given(closing_refunds(), st.lists(claims, max_size=4))
def test_the_same_refund_is_split_the_same(sale: tuple[list[SaleLine], list[int]], said: list[Claim]) -> None:
    lines, amounts = sale
    proofs = [Evidence("a note", tuple(said))]
    assert split_refund(lines, (), amounts[0], proofs) == split_refund(lines, (), amounts[0], proofs)


@given(sales(), st.integers(1, 20000), st.integers(0, 20000))
def test_what_others_booked_is_never_taken_twice(lines: list[SaleLine], amount: int, booked: int) -> None:
    total = sum(one.net_minor + one.tax_minor for one in lines)
    if amount + min(booked, total) > total:
        with pytest.raises(Overdrawn):
            split_refund(lines, (), amount, booked_minor=booked)
    else:
        assert shares_sum(split_refund(lines, (), amount, booked_minor=booked).shares) == amount
