"""What others book against a sale counts in every run, also where nothing else that is read lies on its day."""

from __future__ import annotations

from pathlib import Path

import pytest
from xero_desk import desk, paid_invoice
from xero_hands import Hands
from xero_sold import credit_note, pay_out, spent

TEN_DAYS_H = 240


@pytest.mark.parametrize("form", ["credit note", "money spent"])
@pytest.mark.parametrize("first_run", ["before", "after"])
def test_a_sale_that_somebody_refunded_by_hand_is_not_refunded_again(
    tmp_path: Path, form: str, first_run: str
) -> None:
    with desk(tmp_path / "books") as one:
        charge = paid_invoice(one)
        if first_run == "before":
            one.sync()
        one.wait(TEN_DAYS_H)
        hands = Hands(one.fake)
        if form == "credit note":
            note = credit_note(hands, net="100.00", tax="10.00", day="2026-03-10", Reference="Stripe ch_100")
            pay_out(hands, note, "110.00", day="2026-03-10", note="ch_100")
        else:
            spent(hands, "refund ch_100", net="100.00", tax="10.00", day="2026-03-10")
        one.shop.refund("a", charge, 11000, "2026-03-11")
        one.sync(3)
        assert one.written() == []
        assert one.totals() == {}
        assert one.outcomes() == {"re_a": "held sale_mismatch"}
