"""Every refund type in a NetSuite account, posted and taken back: each record, what is applied to what, and the books, to
the cent."""

from __future__ import annotations

from pathlib import Path

import pytest
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_type_cases import CASES, Case


def posted(one: Desk, case: Case) -> None:
    case.make(one)
    one.sync()
    assert one.written() == case.written
    assert one.by_hand() == case.by_hand
    assert (one.totals(), one.open()) == (case.totals, case.owed)
    assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
    one.settle_down()


@pytest.mark.parametrize("day", ["2026-04-20", "2026-03-20"], ids=["another month", "the same month"])
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_type_is_posted_and_taken_back(tmp_path: Path, case: Case, day: str) -> None:
    """Nothing that was written is taken out or restated, in whatever month the refund fails."""
    with desk(tmp_path / "books", **case.settings) as one:
        posted(one, case)
        last = max(one.outcomes())
        one.shop.fail(last, day)
        one.wait(24)
        one.sync()
        assert one.outcomes()[last].startswith("reversed")
        before = case.written if case.taken_up is None else case.taken_up
        assert one.written() == [*before, *(line.replace("2026-04-20", day) for line in case.back)]
        assert one.by_hand() == (case.by_hand if case.freed is None else case.freed)
        assert (one.totals(), one.open()) == (case.sold, case.owed_after)
        one.settle_down()


def test_an_invoice_is_never_taken_back_by_a_cash_refund(tmp_path: Path) -> None:
    """A cash refund is of a cash sale: where credit memos are off, a paid invoice has no other type."""
    with desk(tmp_path / "books", refund_types={"credit_memo": False}) as one:
        one.shop.refund("a", paid_invoice(one), 11000, "2026-03-05")
        one.sync()
        assert one.outcomes() == {"re_a": "excluded type_switched_off"}
        said = one.command("explain", "re_a").out
        assert "netsuite cannot make refund_receipt where sale is invoice" in said
        assert one.written() == []
        one.set(refund_types={"credit_memo": True})
        one.resync("re_a")
        assert [line.split(" 2026")[0] for line in one.written()] == ["creditMemo 100", "customerRefund 100"]
        one.settle_down()
