"""What others do to NetSuite's records while they are written, and what then must not happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_reading import WAYS, reading
from netsuite_shown import key_of
from netsuite_type_cases import REOPEN
from vendors.netsuite import seeding as seed


def renames(at: Desk, record: str) -> None:
    """Another program of the account puts an external id of its own on each new record of this type."""
    account = at.account

    def look(_: int, asked: Any) -> None:
        for one in list(account.transactions()):
            if one["_type"] == record and key_of(one):
                account.put({**one, "externalId": f"other_{one['id']}"})

    at.fake.before_request = look


@pytest.mark.parametrize("record", ["creditMemo", "customerRefund", "journalEntry"])
def test_what_another_program_renamed_is_written_once(tmp_path: Path, record: str) -> None:
    """NetSuite gave an id for it, and that is asked for: a new record would meet no external id that refuses it."""
    with desk(tmp_path, fees=True) as at:
        at.shop.refund("1", paid_invoice(at), 11000, "2026-03-05", 25)
        renames(at, record)
        at.shop.write()
        for _ in range(3):
            at.command("sync")
            at.wait(1)
        written = [one["_type"] for one in at.rows() if one["_type"] == record]
        assert written == [record]
        assert at.outcomes() == {"re_1": "posted 100"}


@pytest.mark.parametrize("way", WAYS)
def test_the_credit_memo_of_stripes_own_connector_is_found(way: str) -> None:
    """Its external id is the refund's behind a word, and its memo need not name the refund."""
    with reading(way) as books:
        memo = seed.memo(books.account, "Ada", "100", externalId="ns_memo:re_1")
        seed.refund(books.account, "Ada", memo, externalId="re_1")
        legs = {"credit_memo", "refund_payout"}
        assert {one.kind for one in books.refunds("re_1")["re_1"]} == legs
        assert {one.kind for one in books.scan_all() if one.refund_id == "re_1"} == legs


@pytest.mark.parametrize("lost", [False, True], ids=["", "lost state"])
@pytest.mark.parametrize("amount", [11000, 5500])
def test_a_reopened_invoice_is_replaced(tmp_path: Path, amount: int, lost: bool) -> None:
    """What took the first refund back pays the invoice then: that is taken off it, and paid back."""
    with desk(tmp_path, **REOPEN) as at:
        at.shop.refund("a", paid_invoice(at), amount, "2026-03-05")
        at.sync()
        before = (at.totals(), at.open())
        at.resync("re_a", "--replace")
        assert at.outcomes() == {"re_a": "posted 100-1"}
        assert (at.totals(), at.open()) == before
        assert at.by_hand()[0].endswith(f"{amount / 100:.2f} open")
        assert at.written()[-1].endswith("on customerPayment 100-R")
        at.forget_requests()
        if lost:
            at.lose_state()
        at.json(0, "sync")
        assert at.writes() == [] and at.outcomes() == {"re_a": "posted 100-1"}
        # It can fail as the first could.
        at.shop.fail("re_a", "2026-03-20")
        at.wait(24)
        at.shop.write()
        at.json(0, "sync")
        assert at.outcomes() == {"re_a": "reversed 100-1"}
        assert (at.totals(), at.open()) == ({"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}, "0.00")


@pytest.mark.parametrize("kind", ["lost_before", "lost_after"])
@pytest.mark.parametrize("method", ["PATCH", "POST"])
@pytest.mark.parametrize("amounts", [(2200, 3300), (3300, 2200)], ids=str)
def test_an_invoice_is_opened_by_what_its_refunds_come_to(
    tmp_path: Path, amounts: tuple[int, int], method: str, kind: Any
) -> None:
    """What was taken off for one refund, and is not known to be paid back, is not given to the other."""
    with desk(tmp_path, **REOPEN) as at:
        charge = paid_invoice(at)
        for name, amount in zip("ab", amounts, strict=True):
            at.shop.refund(name, charge, amount, "2026-03-05")
        at.fake.inject(kind, method=method, path="record/v1/customer")
        at.shop.write()
        for _ in range(3):
            at.command("sync")
            at.wait(1)
        assert at.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        assert [line.partition("; ")[2] for line in at.by_hand()] == ["55.00 open", "on invoice 100 by 55.00"]
        assert at.totals() == {"AR": "55.00", "REV": "-100.00", "CLR": "55.00", "TAX": "-10.00"}
