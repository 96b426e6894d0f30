"""Several refunds of one charge that open its invoice again, each by its own part, also where SuiteQL lags behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from netsuite_desk import desk, paid_invoice
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
