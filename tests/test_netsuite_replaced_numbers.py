"""A NetSuite account that numbers documents itself, since "Allow Override" is off: the refund keeps its number, and whoever
looks at a document reads both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import cash_sale
from vendors.netsuite import Moods
from vendors.netsuite.wire import Json

MEMOS = frozenset({"creditMemo"})
REFUNDS = frozenset({"creditMemo", "customerRefund"})
WAYS = pytest.mark.parametrize("suiteql", [True, False], ids=["by SuiteQL", "record by record"])


def renumbers(records: frozenset[str]) -> Json:
    return {"moods": Moods(replaces_numbers=records)}


def start(one: Desk, suiteql: bool = True) -> str:
    """A paid invoice with a refund; returns the charge."""
    if not suiteql:
        one.account.role_lacks.add("suiteql")
    charge = paid_invoice(one)
    one.shop.refund("a", charge, 3300, "2026-03-05")
    return charge


def theirs(one: Desk, record: str = "creditMemo") -> list[str]:
    """NetSuite's own numbers of what we wrote, in the order in which it was written."""
    return [each["tranId"] for each in one.ours() if each["_type"] == record]


def said(number: str, ours: str) -> str:
    return f"the ledger numbered it {number}, not {ours}"


def warned(one: Desk, kind: str = "credit_memo") -> dict[str, list[str]]:
    """Our number of each document of a kind, and its warnings in the list."""
    return {each["number"]: each["warnings"] for each in one.documents() if each["kind"] == kind}


# ---------------------------------------------------------------------------------------------- what is said


@WAYS
def test_a_pass_says_it_beside_its_report(tmp_path: Path, suiteql: bool) -> None:
    with desk(tmp_path / "books", account=renumbers(MEMOS)) as one:
        start(one, suiteql)
        one.shop.write()
        found = one.command("sync", "--json")
        (number,) = theirs(one)
        assert number != "100"
        assert (
            f"Warning: main: the ledger numbered by itself what this run posted: {number} in the place"
            in (" ".join(found.err.split()))
        )
        documents = {each["kind"]: each for each in found.json["ledgers"]["main"]["documents"]}
        assert documents["credit_memo"]["warnings"] == [said(number, "100")]
        assert documents["credit_card_refund"]["warnings"] == []
        assert {each["number"] for each in documents.values()} == {"100"}
        one.check()
        # It is said once.
        assert "numbered by itself" not in one.command("sync").err
        one.settle_down()


def test_lists_and_explanations_say_it_of_the_document(tmp_path: Path) -> None:
    with desk(tmp_path / "books", account=renumbers(REFUNDS)) as one:
        start(one)
        one.sync()
        (memo,), (refund,) = theirs(one), theirs(one, "customerRefund")
        assert warned(one) == {"100": [said(memo, "100")]}
        assert warned(one, "credit_card_refund") == {"100": [said(refund, "100")]}
        told = one.command("explain", "re_a").out
        for number in (memo, refund):
            assert told.count(f"Warning: {said(number, '100')}\n") == 1
        (part,) = one.json(0, "explain", "re_a")["ledgers"].values()
        assert sorted(each["warnings"] for each in part["documents"]) == sorted(
            [[said(memo, "100")], [said(refund, "100")]]
        )
        assert one.outcomes() == {"re_a": "posted 100"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- numbers go on


@WAYS
@pytest.mark.parametrize("lost", [False, True], ids=["", "lost state"])
@pytest.mark.parametrize("records", [MEMOS, REFUNDS], ids=["memos", "memos and refunds"])
def test_a_refund_keeps_its_number_and_the_next_goes_on(
    tmp_path: Path, records: frozenset[str], lost: bool, suiteql: bool
) -> None:
    """100, 100-1, 100-2 are ours, whatever stands on NetSuite's records; the memo tells ours after a lost state."""
    with desk(tmp_path / "books", account=renumbers(records)) as one:
        charge = start(one, suiteql)
        one.shop.refund("b", charge, 3300, "2026-03-06")
        one.sync()
        first = theirs(one)
        if lost:
            one.lose_state()
            one.json(0, "sync")
            assert warned(one) == {
                "100": [said(first[0], "100")],
                "100-1": [said(first[1], "100-1")],
            }
        one.shop.refund("c", charge, 4400, "2026-03-07")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1", "re_c": "posted 100-2"}
        assert len(set(theirs(one))) == 3 and "100-2" not in theirs(one)
        assert sorted(warned(one)) == ["100", "100-1", "100-2"]
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


@pytest.mark.parametrize("lost", [False, True], ids=["", "lost state"])
def test_what_takes_it_back_is_renumbered_too(tmp_path: Path, lost: bool) -> None:
    every = frozenset({"creditMemo", "customerRefund", "invoice", "customerPayment"})
    with desk(tmp_path / "books") as one:
        charge = start(one)
        one.account.moods.replaces_numbers = every
        one.sync()
        if lost:
            one.lose_state()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100"}
        assert all("100" not in each["tranId"].split("-") for each in one.ours())
        mirrors = [each for each in one.documents() if each["number"] == "100-R"]
        assert len(mirrors) == 2 and all(each["warnings"] for each in mirrors)
        assert (one.totals(), one.open()) == ({"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}, "0.00")
        one.settle_down()
        one.shop.refund("b", charge, 3300, "2026-05-06")
        one.sync()
        assert one.outcomes()["re_b"] == "posted 100-1"
        one.settle_down()


@WAYS
def test_cash_refunds(tmp_path: Path, suiteql: bool) -> None:
    """The number that NetSuite gives is no obstacle where it looks like one of ours."""
    with desk(tmp_path / "books", account=renumbers(frozenset({"cashRefund"}))) as one:
        if not suiteql:
            one.account.role_lacks.add("suiteql")
        cash_sale(one.account)
        charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        for name in "abc":
            one.shop.refund(name, charge, 3300, "2026-03-05")
            one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1", "re_c": "posted 100-2"}
        assert sorted(warned(one, "refund_receipt")) == ["100", "100-1", "100-2"]
        assert not {"100", "100-1", "100-2"} & set(theirs(one, "cashRefund"))
        one.settle_down()


@pytest.mark.parametrize("kind", ["lost_after", "unexpected_500", "truncated"])
def test_a_lost_answer_changes_nothing_of_it(tmp_path: Path, kind: Any) -> None:
    with desk(tmp_path / "books", account=renumbers(MEMOS)) as one:
        start(one)
        one.fake.inject(kind, "creditMemo", method="POST", carried_out=kind == "unexpected_500")
        one.shop.write()
        for _ in range(3):
            one.command("sync")
            one.wait(1)
        (number,) = theirs(one)
        assert warned(one) == {"100": [said(number, "100")]}
        assert one.outcomes() == {"re_a": "posted 100"}
        one.settle_down()
