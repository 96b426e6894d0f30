"""What keeps a refund out of a NetSuite account, or half of it, and how it goes on once that is put right."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_desk import rule
from netsuite_desk import Desk, desk, mapped, paid_invoice
from netsuite_sold import BANK, cash_sale, credit_memo, invoice, pay, pay_out
from vendors.netsuite import Moods, records
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

MEMO = "creditMemo 100 2026-03-05 Ada: AR -33.00, REV 30.00, TAX 3.00"
REFUND = "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on creditMemo 100"
AFTER = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
REOPEN: Json = {
    "rules": rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"]),
    "refund_types": {"reopen_invoice": True},
}
MEMO_ALONE: Json = {"refund_types": {"credit_card_refund": False}}


def refunded(desk: Desk) -> None:
    desk.shop.refund("a", paid_invoice(desk), 3300, "2026-03-05")


def retry(desk: Desk, reason: str) -> None:
    """A person has the one document that is held for this reason tried again."""
    (held,) = [each for each in desk.held() if each["reason"] == reason]
    assert held["document_key"] in held["action"]
    desk.resolve(held["document_key"], "--retry")
    desk.wait(1)
    desk.sync(plan=False)


def ours(desk: Desk, record: str) -> Json:
    (found,) = [one for one in desk.ours() if one["_type"] == record]
    return found


def apply(desk: Desk, memo: Json, on: Json, amount: str | None) -> None:
    """Somebody sets a memo against an invoice; amount None: takes it off again."""
    row: Json = {"doc": {"id": on["id"]}, "apply": amount is not None}
    if amount is not None:
        row["amount"] = Decimal(amount)
    records.write(desk.account, "creditMemo", {"apply": {"items": [row]}}, change=memo["id"])


# ---------------------------------------------------------------------------------------------- the credit is used


def test_a_credit_that_somebody_used_before_it_was_paid_out(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **MEMO_ALONE) as one:
        refunded(one)
        one.sync()
        other = invoice(one.account, "200", "2026-03-03")
        memo = ours(one, "creditMemo")
        apply(one, memo, other, "20.00")
        one.set(refund_types={"credit_card_refund": True})
        one.resync("re_a", code=3)
        assert one.written() == [f"{MEMO}; on invoice 200 by 20.00; 13.00 unapplied"]
        sentence = one.refunds()["re_a"]["sentence"]
        assert "13.00 of 33.00 USD left" in sentence and "credit memo 100" in sentence
        apply(one, memo, other, None)
        retry(one, "credit_used")
        assert one.written() == [MEMO, REFUND]
        assert one.open() == "110.00"
        one.settle_down()


def test_a_credit_that_somebody_paid_out(tmp_path: Path) -> None:
    """Nothing says that it was this refund: a person looks, and names what was booked or leaves it out."""
    with desk(tmp_path / "books", **MEMO_ALONE) as one:
        refunded(one)
        one.sync()
        pay_out(one.account, ours(one, "creditMemo"))
        one.set(refund_types={"credit_card_refund": True})
        one.resync("re_a", code=3)
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert one.written() == [MEMO]
        assert one.totals() == AFTER


@pytest.mark.parametrize("take_out", [seed.void, seed.delete], ids=["voided", "deleted"])
def test_a_memo_that_somebody_took_out_before_it_was_paid_out(
    tmp_path: Path, take_out: Callable[[Any, Json], None]
) -> None:
    with desk(tmp_path / "books", **MEMO_ALONE) as one:
        refunded(one)
        one.sync()
        take_out(one.account, ours(one, "creditMemo"))
        one.set(refund_types={"credit_card_refund": True})
        # What is gone cannot be compared with what the state says of it.
        assert one.command("resync", "re_a").code == 3
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert not any(line.startswith("customerRefund") for line in one.written())


def test_an_account_that_applies_credits_by_itself(tmp_path: Path) -> None:
    """The memo says that it is not to be applied: an open invoice of the customer stays as it is."""
    with desk(tmp_path / "books", account={"moods": Moods(auto_apply=True)}) as one:
        refunded(one)
        invoice(one.account, "200", "2026-03-03")
        one.sync()
        assert one.written() == [MEMO, REFUND]
        assert one.open() == "110.00"
        one.settle_down()


def test_an_account_that_applies_credits_by_itself_and_cannot_be_told_not_to(tmp_path: Path) -> None:
    """Without the field the credit is used before it is paid out; that is seen, and held."""
    moods = Moods(auto_apply=True, auto_apply_field=False)
    with desk(tmp_path / "books", account={"moods": moods}) as one:
        refunded(one)
        invoice(one.account, "200", "2026-03-03")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert one.written() == [f"{MEMO}; on invoice 200"]


# ---------------------------------------------------------------------------------------------- closed periods


@pytest.mark.parametrize("how", ["closed", "arLocked", "allLocked"])
def test_a_closed_period_is_held_until_it_is_opened(tmp_path: Path, how: str) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.close_until("2026-03", how)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.written() == []
        one.close_until("2026-03", "open")
        one.sync()
        assert one.written() == [MEMO, REFUND]
        one.settle_down()


def test_a_closed_period_and_the_first_open_day(tmp_path: Path) -> None:
    """The true day stands in the memo."""
    with desk(tmp_path / "books", refunds={"period_closed": "first_open_day"}) as one:
        refunded(one)
        one.close_until("2026-03")
        one.sync()
        assert one.written() == [line.replace("2026-03-05", "2026-04-01") for line in (MEMO, REFUND)]
        assert all("2026-03-05" in each["memo"] for each in one.ours())
        one.settle_down()


def test_a_failure_of_a_closed_period_goes_on_the_first_open_day(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds={"period_closed": "first_open_day"}) as one:
        refunded(one)
        one.sync()
        one.close_until("2026-04")
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert {line.split()[2] for line in one.written()[2:]} == {"2026-05-01"}
        assert one.totals() == {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
        one.settle_down()


def test_a_replacement_in_a_closed_period_is_not_made_and_says_why(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        one.close_until("2026-03")
        before = one.everything()
        said = one.resync("re_a", "--replace", code=3).out
        why = "2026-03-05 is closed until 2026-03-31; open the period or set refunds.period_closed: first_open_day"
        assert f"re_a in main: posted as 100; not replaced: {why}\n" in said
        assert (one.everything(), one.outcomes()) == (before, {"re_a": "posted 100"})
        one.settle_down()
        one.set("refunds", period_closed="first_open_day")
        one.resync("re_a", "--replace")
        assert one.outcomes() == {"re_a": "posted 100-1"}


def test_a_period_that_is_closed_while_the_run_is_under_way(tmp_path: Path) -> None:
    """Each run tries again."""
    with desk(tmp_path / "books") as one:
        refunded(one)

        def close(_: int, asked: Any) -> None:
            if asked.method == "POST" and asked.path.lower().endswith("/customerrefund"):
                one.account.close_period("2026-03")

        one.fake.before_request = close
        one.sync(3, plan=False)
        one.fake.before_request = None
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert one.written() == [f"{MEMO}; 33.00 unapplied"]
        one.account.close_period("2026-03", "open")
        one.sync(plan=False)
        assert one.written() == [MEMO, REFUND]
        assert (one.totals(), one.open()) == (AFTER, "0.00")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- where the money lies


@pytest.mark.parametrize("form", ["invoice", "cash sale"])
@pytest.mark.parametrize("account", [BANK, "Undeposited Funds"])
def test_a_payment_that_went_elsewhere(tmp_path: Path, form: str, account: str) -> None:
    with desk(tmp_path / "books") as one:
        if form == "invoice":
            pay(one.account, invoice(one.account), into=account)
        else:
            cash_sale(one.account, into=account)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held clearing_differs"}
        assert account in one.refunds()["re_a"]["sentence"]
        assert one.written() == []
        one.set(clearing_check="trust")
        one.sync()
        assert one.totals()["CLR"] == "-33.00"
        assert any(account in warning for warning in one.refunds()["re_a"]["warnings"])
        one.settle_down()


def test_a_sale_that_is_not_there_yet(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds={"sale_grace": "72h"}) as one:
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert one.outcomes() == {"re_a": "waiting sale_not_found"}
        one.wait(73)
        one.sync(3)
        assert one.outcomes() == {"re_a": "held sale_not_found"}
        pay(one.account, invoice(one.account))
        one.sync()
        assert one.written() == [MEMO, REFUND]
        one.settle_down()


def test_a_clearing_account_that_the_mapping_spells_by_its_number(tmp_path: Path) -> None:
    with desk(tmp_path / "books", mapping=mapped(accounts={"clearing": "1010"})) as one:
        refunded(one)
        one.shop.write()
        one.json(0, "sync")
        assert one.written() == [MEMO, REFUND]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("record", ["creditMemo", "customerRefund"])
def test_a_refusal_is_told_in_netsuites_words(tmp_path: Path, record: str) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        words = "Please enter value(s) for: Sales Rep"
        one.fake.inject("refused", record, method="POST", words=words)
        one.sync(3, plan=False)
        (held,) = [each for each in one.held() if each["reason"] == "rejected_by_ledger"]
        assert words in held["sentence"]
        before = one.everything()
        one.sync(3, plan=False)
        assert one.everything() == before
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.written() == [MEMO, REFUND]
        one.settle_down()


def test_a_payment_that_a_workflow_has_locked(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        refunded(one)
        (paid,) = one.account.documents("customerPayment")
        one.account.locked_records.add(paid["id"])
        one.sync(3, plan=False)
        assert "locked by a user defined workflow" in one.refunds()["re_a"]["sentence"]
        assert one.written() == []
        one.account.locked_records.clear()
        retry(one, "rejected_by_ledger")
        assert one.open() == "33.00"
        one.settle_down()


@pytest.mark.parametrize(
    ("lacks", "permission"),
    [("create:creditMemo", "Credit Memo"), ("create:customerRefund", "Customer Refund")],
)
def test_a_permission_that_the_role_lacks(tmp_path: Path, lacks: str, permission: str) -> None:
    """Nothing is lost: the run says what is missing, and the next one goes on."""
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.account.role_lacks.add(lacks)
        one.shop.write()
        found = one.command("sync", "--json")
        assert found.code in (1, 3), found.out
        assert f"the permission Transactions > {permission}, at the level Full" in found.out
        one.account.role_lacks.clear()
        for held in one.held():
            one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.written() == [MEMO, REFUND]
        one.settle_down()


# ---------------------------------------------------------------------------------------------- what others booked


def test_a_memo_of_others_for_this_refund_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        credit_memo(one.account, net="30.00", tax="3.00", memo="Stripe re_a")
        one.sync(3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        assert one.written() == []


def test_a_refund_that_somebody_took_out_is_not_taken_back(tmp_path: Path) -> None:
    """Its mirror would book what never was: it is held, and clearing is as the person left it."""
    with desk(tmp_path / "books") as one:
        refunded(one)
        one.sync()
        seed.delete(one.account, ours(one, "customerRefund"))
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.shop.write()
        assert one.command("sync").code == 3
        (held,) = [each for each in one.held() if each["reason"] == "ledger_cannot"]
        assert "does not stand in NetSuite any more" in held["sentence"]
        assert one.totals()["CLR"] == "110.00"


# ---------------------------------------------------------------------------------------------- opening again


def test_an_invoice_that_was_opened_again_and_another_type_for_the_next_refund(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        refunded(one)
        one.sync()
        path = one.books.folder / "mappings" / "refund_rules.yaml"
        both = ["credit_memo", "credit_card_refund"]
        path.write_text(json.dumps([{"name": "all", "when": {}, "then": both}]), encoding="utf-8")
        one.shop.refund("b", "ch_100", 7700, "2026-03-06")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        assert one.totals() == {"AR": "33.00", "REV": "-30.00", "TAX": "-3.00"}
        one.settle_down()


def test_a_payment_of_a_closed_period_that_is_to_be_taken_off(tmp_path: Path) -> None:
    """Nothing is paid back before it is off; where the period allows changes that post nothing it comes off."""
    with desk(tmp_path / "books", **REOPEN) as one:
        pay(one.account, invoice(one.account, day="2026-02-20"), day="2026-02-20")
        one.shop.charge("100", 11000, 1000, "2026-02-20", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.close_until("2026-02")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held period_closed"}
        assert (one.written(), one.open()) == ([], "0.00")
        one.account.moods.non_gl_changes = True
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.open() == "33.00"
        one.settle_down()


def test_what_waits_for_a_permission_says_so_once_its_memo_was_read_back(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.fake.inject("forbidden_403", "customerRefund", method="POST", times=99)
        one.shop.write()
        assert one.command("sync").code == 1
        (told,) = one.refunds().values()
        assert (told["outcome"], told["reason"]) == ("failed", "unauthorised")
        assert "NetSuite refused the access" in told["sentence"]
        one.fake.faults.clear()
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
        one.settle_down()
