"""What becomes of refunds in a NetSuite account after they were posted: failures, replacements, credits that stay open, and
how the sale of a charge is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ledger_desk import rule
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import cash_sale, invoice, pay
from vendors.netsuite.wire import Json

SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
OWE: Json = {"failed_refund": "owe_customer"}
REOPEN = rule("reopen_invoice", sale="invoice", payment=["applied", "unapplied"])
BACK = "customerPayment 100-R 2026-04-20 Ada: CLR 110.00, AR -110.00; 110.00 unapplied"


def fail(one: Desk, refund_id: str, day: str) -> None:
    one.shop.fail(refund_id, day)
    one.wait(24)
    one.sync()


# ---------------------------------------------------------------------------------------------- replaced


def test_a_memo_with_its_refund_replaced(tmp_path: Path) -> None:
    """Mirrored and written anew under the next number: nothing of NetSuite's is taken out."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        before = one.totals()
        one.resync("re_a", "--replace")
        assert sorted(one.written()) == sorted(
            [
                "creditMemo 100 2026-03-05 Ada: AR -33.00, REV 30.00, TAX 3.00",
                "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on creditMemo 100",
                "invoice 100-R 2026-03-05 Ada: AR 33.00, REV -30.00, TAX -3.00",
                "customerPayment 100-R 2026-03-05 Ada: CLR 33.00, AR -33.00; on invoice 100-R",
                "creditMemo 100-1 2026-03-05 Ada: AR -33.00, REV 30.00, TAX 3.00",
                "customerRefund 100-1 2026-03-05 Ada: CLR -33.00, AR 33.00; on creditMemo 100-1",
            ]
        )
        assert (one.totals(), one.open()) == (before, "0.00")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        one.settle_down()
        fail(one, "re_a", "2026-04-20")
        assert (one.totals(), one.open()) == (SOLD, "0.00")
        one.settle_down()


def test_a_cash_refund_replaced_on_the_item_that_is_mapped_now(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        cash_sale(one.account)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        mapping = one.books.folder / "mappings" / "netsuite.yaml"
        told = json.loads(mapping.read_text(encoding="utf-8"))
        told["items"]["refunds"]["SKU-1"] = "Refunds"
        mapping.write_text(json.dumps(told), encoding="utf-8")
        one.resync("re_a", "--replace")
        assert one.written() == [
            "cashRefund 100 2026-03-05 Ada: CLR -33.00, REV 30.00, TAX 3.00",
            "cashSale 100-R 2026-03-05 Ada: CLR 33.00, REV -30.00, TAX -3.00",
            "cashRefund 100-1 2026-03-05 Ada: CLR -33.00, REV 30.00, TAX 3.00",
        ]
        one.settle_down()


def test_a_reopened_invoice_replaced(tmp_path: Path) -> None:
    """The mirror is a payment of its own on the invoice, which is taken off again."""
    with desk(tmp_path / "books", rules=REOPEN, refund_types={"reopen_invoice": True}) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        before = (one.totals(), one.open())
        assert before == ({"AR": "33.00", "REV": "-100.00", "TAX": "-10.00", "CLR": "77.00"}, "33.00")
        one.resync("re_a", "--replace")
        assert (one.totals(), one.open()) == before
        assert one.by_hand()[0].endswith("; 33.00 open")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        one.settle_down()


@pytest.mark.parametrize("rules", [REOPEN, rule("credit_memo")], ids=["same rules", "other rules"])
@pytest.mark.parametrize("amounts", [(6000, 5000), (3300, 4400)], ids=["wholly", "in part"])
def test_reopened_by_two_refunds_and_one_fails_after_a_lost_state(
    tmp_path: Path, amounts: tuple[int, int], rules: list[Json]
) -> None:
    """The books are those of a run that keeps its state: the money is on the invoice again, and no credit is left."""
    seen = []
    for lost in (False, True):
        with desk(tmp_path / str(lost), rules=REOPEN, refund_types={"reopen_invoice": True}) as one:
            charge = paid_invoice(one)
            for refund_id, amount in zip("ab", amounts, strict=True):
                one.shop.refund(refund_id, charge, amount, "2026-03-05")
            one.sync()
            if lost:
                path = one.books.config.parent / "mappings" / "refund_rules.yaml"
                path.write_text(json.dumps(rules), encoding="utf-8")
                one.lose_state()
                one.sync()
            assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
            fail(one, "re_a", "2026-04-20")
            assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
            assert one.open() == f"{amounts[1] // 100}.00"
            assert not any("unapplied" in line for line in (*one.written(), *one.by_hand()))
            seen.append((one.written(), one.by_hand(), one.totals()))
            if not lost or rules is REOPEN:
                one.settle_down()
    assert seen[0] == seen[1]


# ---------------------------------------------------------------------------------------------- owe_customer


@pytest.mark.parametrize("day", ["2026-04-20", "2026-03-20"])
def test_a_credit_that_stays_open_is_paid_out_by_later_refunds(tmp_path: Path, day: str) -> None:
    """The money is back in clearing as a payment on nothing; the memo stays paid out, so that the payment is the credit."""
    with desk(tmp_path / "books", refunds=OWE) as one:
        one.shop.refund("a", paid_invoice(one), 11000, "2026-03-05")
        one.sync()
        fail(one, "re_a", day)
        assert one.written()[2:] == [BACK.replace("2026-04-20", day)]
        assert (one.totals(), one.open()) == ({"CLR": "110.00", "AR": "-110.00"}, "-110.00")
        one.settle_down()
        one.shop.refund("b", "ch_100", 7000, "2026-05-21")
        one.sync()
        one.shop.refund("c", "ch_100", 4000, "2026-05-22")
        one.sync()
        assert one.written()[-2:] == [
            "customerRefund 100-1 2026-05-21 Ada: CLR -70.00, AR 70.00; on customerPayment 100-R",
            "customerRefund 100-2 2026-05-22 Ada: CLR -40.00, AR 40.00; on customerPayment 100-R",
        ]
        assert not any("unapplied" in line for line in one.written())
        assert (one.totals(), one.open()) == ({}, "0.00")
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1", "re_c": "posted 100-2"}
        one.settle_down()
        fail(one, "re_b", "2026-06-25")
        assert (one.totals(), one.open()) == ({"CLR": "70.00", "AR": "-70.00"}, "-70.00")
        one.settle_down()


def test_a_refund_larger_than_the_credit_that_is_open(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds=OWE) as one:
        one.shop.refund("a", paid_invoice(one), 5000, "2026-03-05")
        one.sync()
        fail(one, "re_a", "2026-04-20")
        one.shop.refund("b", "ch_100", 7000, "2026-05-21")
        one.sync(3)
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "held credit_used"}
        assert one.open() == "-50.00"
        one.settle_down(3)


def test_other_types_are_reversed_where_the_customer_is_to_be_owed(tmp_path: Path) -> None:
    with desk(tmp_path / "books", refunds=OWE) as one:
        cash_sale(one.account)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        fail(one, "re_a", "2026-04-20")
        assert one.written()[1:] == ["cashSale 100-R 2026-04-20 Ada: CLR 33.00, REV -30.00, TAX -3.00"]
        assert one.totals() == SOLD
        one.settle_down()


# ---------------------------------------------------------------------------------------------- failures


def test_a_refund_that_fails_before_it_was_posted_is_dropped(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.fail("re_a", "2026-03-09")
        one.sync()
        assert one.refunds()["re_a"]["outcome"] == "dropped"
        assert (one.written(), one.totals()) == ([], SOLD)
        one.settle_down()


def test_a_refund_that_fails_between_memo_and_refund(tmp_path: Path) -> None:
    """The memo is taken up by an invoice; nothing moves clearing."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.fake.inject("refused", "customerRefund", method="POST")
        one.sync(3, plan=False)
        assert one.totals()["CLR"] == "110.00"
        fail(one, "re_a", "2026-04-20")
        assert one.outcomes() == {"re_a": "reversed 100"}
        assert (one.totals(), one.open()) == (SOLD, "0.00")
        assert not any(words in line for line in one.written() for words in ("open", "unapplied"))
        one.settle_down()


def test_fees_of_a_refund_and_of_its_failure(tmp_path: Path) -> None:
    with desk(tmp_path / "books", fees=True) as one:
        one.shop.refund("a", paid_invoice(one), 11000, "2026-03-05", fee=25)
        one.sync()
        assert one.totals() == {"FEES": "0.25", "CLR": "-0.25"}
        one.settle_down()
        fail(one, "re_a", "2026-04-20")
        assert one.totals() == {**SOLD, "FEES": "0.25", "CLR": "109.75"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- the sale


def test_several_charges_pay_one_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        sold = invoice(one.account)
        pay(one.account, sold, "40.00")
        pay(one.account, sold, "70.00", charge="ch_b")
        one.shop.charge("100", 4000, 0, "2026-03-02", 0)
        one.shop.export.charge("b", 7000, when="2026-03-02T15:00:00", metadata={"order_number": "100"})
        one.shop.refund("a", "ch_100", 4000, "2026-03-05")
        one.shop.refund("b", "ch_b", 3500, "2026-03-06")
        one.shop.refund("c", "ch_b", 3500, "2026-03-07")
        one.sync()
        assert one.written()[:3] == [
            "creditMemo 100 2026-03-05 Ada: AR -40.00, REV 36.36, TAX 3.64",
            "creditMemo 100-1 2026-03-06 Ada: AR -35.00, REV 31.82, TAX 3.18",
            "creditMemo 100-2 2026-03-07 Ada: AR -35.00, REV 31.82, TAX 3.18",
        ]
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


@pytest.mark.parametrize("where", ["memo", "otherRefNum", "externalId"])
def test_a_sale_known_by_stripes_id_alone(tmp_path: Path, where: str) -> None:
    """NetSuite gave it a number; the payment intent stands on the invoice and in the memo of its payment."""
    with desk(tmp_path / "books") as one:
        told = {"memo": "order for pi_77", "otherRefNum": "pi_77", "externalId": "pi_77"}[where]
        sold = invoice(one.account, "INV-0001", **{where: told})
        pay(one.account, sold, charge="pi_77")
        when = "2026-03-02T15:00:00"
        one.shop.export.charge("zz", 11000, when=when, payment_intent="pi_77", metadata={})
        one.shop.refund("a", "ch_zz", 11000, "2026-03-05")
        one.sync()
        assert one.written()[0] == "creditMemo INV-0001 2026-03-05 Ada: AR -110.00, REV 100.00, TAX 10.00"
        assert (one.totals(), one.open()) == ({}, "0.00")
        one.settle_down()


def test_the_day_is_a_day_of_the_books(tmp_path: Path) -> None:
    """Three in the morning in UTC is the evening before in New York."""
    with desk(tmp_path / "books") as one:
        paid_invoice(one)
        one.shop.export.refund("a", "ch_100", 3300, when="2026-04-01T03:00:00")
        one.sync()
        assert {line.split()[2] for line in one.written()} == {"2026-03-31"}
        one.settle_down()
