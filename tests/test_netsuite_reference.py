"""What of ours stands in a record of NetSuite besides its number: the external id that is our key, the memo for people, and
a custom field where the settings name one."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import credit_memo
from vendors.netsuite import records
from vendors.netsuite.wire import Json

FIELD = "custbody_document_key"
WITH_FIELD: Json = {
    "account": {"custom_fields": {FIELD: "text"}},
    "connection": {"document_key_field": FIELD},
}
MEMO = "creditMemo 100 2026-03-05 Ada: AR -33.00, REV 30.00, TAX 3.00"
REFUND = "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on creditMemo 100"


def refunded(desk: Desk) -> None:
    desk.shop.refund("a", paid_invoice(desk), 3300, "2026-03-05")


def put_memo(desk: Desk, one: Json, words: str) -> None:
    """Somebody writes other words into the memo."""
    records.write(desk.account, one["_type"], {"memo": words}, change=one["id"])


@pytest.mark.parametrize("suiteql", [True, False], ids=["by SuiteQL", "record by record"])
@pytest.mark.parametrize("sales", ["find", "invoice_and_payment", "sales_receipt"])
def test_the_key_in_a_custom_field(tmp_path: Path, sales: str, suiteql: bool) -> None:
    """Each record has it there too, and so has what takes it back."""
    with desk(tmp_path / "books", sales=sales, fees=True, **WITH_FIELD) as one:
        if not suiteql:
            one.account.role_lacks.add("suiteql")
        if sales == "find":
            paid_invoice(one)
        else:
            sell(one)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05", 25)
        one.sync()
        assert len(one.ours()) >= 3
        assert all(each[FIELD] == each["externalId"] for each in one.ours())
        one.settle_down()
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert all(each[FIELD] == each["externalId"] for each in one.ours())
        one.settle_down()


def test_a_custom_field_that_the_account_has_not(tmp_path: Path) -> None:
    """A name that NetSuite does not know would be dropped silently: it is a problem, and nothing is written."""
    with desk(tmp_path / "books", connection={"document_key_field": FIELD}) as one:
        refunded(one)
        one.shop.write()
        said = one.command("check")
        assert said.code == 2
        assert FIELD in said.out + said.err
        one.command("sync")
        assert one.written() == []


def test_people_read_the_memo_first(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        memos = [each["memo"] for each in one.ours()]
        assert memos[0].startswith("Credit memo 100 of invoice 100 re_a ch_100 dk")
        assert memos[1].startswith("Refund 100 paid out re_a ch_100 dk")


@pytest.mark.parametrize("suiteql", [True, False], ids=["by SuiteQL", "record by record"])
@pytest.mark.parametrize("words", ["", "approved by Bo, see e-mail"], ids=["emptied", "other words"])
def test_a_memo_that_somebody_wrote_over_loses_nothing_while_there_is_a_state(
    tmp_path: Path, words: str, suiteql: bool
) -> None:
    """The external id is what a record is known by."""
    with desk(tmp_path / "books", refund_types={"credit_card_refund": False}) as one:
        if not suiteql:
            one.account.role_lacks.add("suiteql")
        refunded(one)
        one.sync()
        put_memo(one, one.ours()[0], words)
        one.set(refund_types={"credit_card_refund": True})
        one.shop.write()
        assert one.command("resync", "re_a").code == 0
        assert one.written() == [MEMO, REFUND]
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.shop.write()
        one.json(0, "sync")
        assert one.totals() == {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}


def test_a_memo_that_was_emptied_and_a_lost_state_write_nothing_twice(tmp_path: Path) -> None:
    """The next write of the same document is refused by its external id."""
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        for each in one.ours():
            put_memo(one, each, "")
        before = one.totals(), one.open(), len(one.rows())
        one.lose_state()
        one.shop.write()
        one.command("sync")
        assert (one.totals(), one.open(), len(one.rows())) == before


def test_a_copy_that_somebody_made_is_not_taken_for_ours(tmp_path: Path) -> None:
    """It has our memo, and no external id."""
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        ours = one.ours()[0]
        credit_memo(one.account, "R9", net="30.00", tax="3.00", memo=ours["memo"])
        one.lose_state()
        one.shop.write()
        one.command("sync")
        (document,) = [each for each in one.documents() if each["kind"] == "credit_memo"]
        assert document["ledger_id"] == f"creditMemo/{ours['id']}"
        assert len(one.ours()) == 2
