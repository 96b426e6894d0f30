"""Several refunds of one charge that open its invoice again, each by its own part, also where SuiteQL lags behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_type_cases import REOPEN


@pytest.mark.parametrize("lag_s", [0, 30])
@pytest.mark.parametrize("amounts", [(4400, 3300), (3300, 3300), (2000, 5000, 4000)])
def test_each_refund_opens_the_invoice_by_its_own_part(
    tmp_path: Path, amounts: tuple[int, ...], lag_s: int
) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.account.moods.index_lag_s = lag_s
        charge = paid_invoice(one)
        for name, minor, day in zip("abc", amounts, ("05", "06", "07"), strict=False):
            one.shop.refund(name, charge, minor, f"2026-03-{day}")
        one.sync()
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        assert one.open() == f"{sum(amounts) // 100}.00"
        # A state that is lost while the index still lags: nothing is taken off, or paid back, once more.
        before, told = one.everything(), one.outcomes()
        one.lose_state()
        one.json(0, "sync")
        assert (one.everything(), one.outcomes()) == (before, told)
        one.wait(1)
        one.settle_down()


def two_parts(one: Desk) -> None:
    charge = paid_invoice(one)
    for name, minor in (("a", 3300), ("b", 3300)):
        one.shop.refund(name, charge, minor, "2026-03-05")


def test_what_is_free_for_one_refund_is_not_what_was_refused_for_another(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        two_parts(one)
        one.fake.inject("refused", "customerPayment", method="PATCH", skip=1)
        one.sync(3, plan=False)
        (waiting,) = (document for document in one.held() if document["kind"] == "application")
        assert waiting["state"] == "rejected"
        assert one.open() == "33.00"
        one.resolve(waiting["document_key"], "--retry")
        one.sync(plan=False)
        assert one.open() == "66.00"
        one.settle_down()


def test_no_more_is_taken_off_while_a_pay_out_is_in_doubt(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.set(limits={"concurrency": 1})
        one.account.moods.index_lag_requests = 5
        two_parts(one)
        one.fake.inject("no_location", "customerRefund", method="POST")
        one.sync(plan=False)
        one.wait(1)
        one.sync()
        assert set(one.outcomes().values()) == {"posted 100", "posted 100-1"}
        assert [told.rpartition("; ")[2] for told in one.by_hand()] == [
            "66.00 open",
            "on invoice 100 by 44.00",
        ]
        one.settle_down()
