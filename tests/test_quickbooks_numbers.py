"""Numbers of refunds in a QuickBooks company, whatever it says of duplicates: 100, 100-1, 100-2 where it lets refunds have
the number of a sale, else from 100-1 on."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_desk import sell
from quickbooks_desk import Desk, desk, invoice, paid_invoice, pay, taxed_form
from vendors.quickbooks import Moods
from vendors.quickbooks.moods import Moods as AnyMoods

SHARED = ("100-1", "100-2", "200-2", "200-3", "200-4")
APART = ("100", "100-1", "200", "200-2", "200-3")


def number_by_hand(desk: Desk, custom: bool) -> None:
    """Somebody's own credit memo has the number 200-1."""
    desk.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=custom)
    desk.hands.write("CreditMemo", taxed_form("200-1", "2026-03-01", net="5.00", tax="0.00"))


def two_sales(desk: Desk) -> None:
    charge = paid_invoice(desk)
    desk.shop.refund("a", charge, 3300, "2026-03-05")
    desk.shop.refund("b", charge, 7700, "2026-03-06")
    pay(desk, invoice(desk, "200"), charge="ch_200")
    desk.shop.charge("200", 11000, 1000, "2026-03-02", 0)
    desk.shop.refund("x", "ch_200", 1100, "2026-03-07")


# Moods, whether numbers are given by hand, the numbers of a, b, x, y and z.
SCOPES: dict[str, tuple[AnyMoods, bool, tuple[str, ...]]] = {
    "one for all sales forms": (Moods(), True, SHARED),
    "one for all, in French": (Moods(language="fr"), True, SHARED),
    "one for all, numbered by QuickBooks": (
        Moods(duplicates_need_custom_numbers=False),
        False,
        SHARED,
    ),
    "one for each form": (Moods(duplicates="per_type"), True, APART),
    "one for each form, in French": (Moods(duplicates="per_type", language="fr"), True, APART),
    "one for each form, numbered by QuickBooks": (
        Moods(duplicates="per_type", duplicates_need_custom_numbers=False),
        False,
        APART,
    ),
    "not looked at, numbered by QuickBooks": (Moods(), False, APART),
    # Nothing refuses 200-1 and nobody looks: a company that numbers by hand refuses duplicates itself.
    "not looked at": (Moods(duplicates="off"), True, ("100", "100-1", "200", "200-1", "200-2")),
}


@pytest.mark.parametrize("case", SCOPES.values(), ids=list(SCOPES))
def test_numbers_of_refunds(tmp_path: Path, case: tuple[AnyMoods, bool, tuple[str, ...]]) -> None:
    moods, custom, numbers = case
    with desk(tmp_path / "books", company={"moods": moods}) as one:
        number_by_hand(one, custom)
        two_sales(one)
        one.sync()
        told = dict(zip(("re_a", "re_b", "re_x"), (f"posted {n}" for n in numbers), strict=False))
        assert one.outcomes() == told
        one.settle_down()
        one.shop.refund("y", "ch_200", 1100, "2026-03-08")
        one.sync()
        one.fake.requests.clear()
        one.shop.refund("z", "ch_200", 1100, "2026-03-09")
        one.sync(plan=False)
        assert one.outcomes() == told | {"re_y": f"posted {numbers[3]}", "re_z": f"posted {numbers[4]}"}
        # What was refused once is known: each document was written at once.
        assert [(r.path, r.status) for r in one.fake.writes()] == [
            ("/creditmemo", 200),
            ("/purchase", 200),
            ("/payment", 200),
        ]
        one.settle_down()


@pytest.mark.parametrize(
    ("length", "number", "reversal"), [(17, "-2", "-2-R"), (18, "-2", None), (19, "-2", None)]
)
def test_a_reversal_whose_number_is_too_long_has_none(
    tmp_path: Path, length: int, number: str, reversal: str | None
) -> None:
    sale = "A" * length
    with desk(tmp_path / "books") as one:
        pay(one, invoice(one, sale))
        metadata = {"order_number": sale}
        one.shop.export.charge("100", 11000, when="2026-03-02T15:00:00", metadata=metadata)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.shop.refund("b", "ch_100", 3300, "2026-03-06")
        one.sync()
        assert one.outcomes()["re_b"] == f"posted {sale}{number}"
        one.shop.fail("re_b", "2026-04-20")
        one.wait(24)
        one.sync()
        back = [row for _, row in one.ours() if row["TxnDate"] == "2026-04-20"]
        expected = None if reversal is None else sale + reversal
        assert [row.get("DocNumber") or row.get("PaymentRefNum") for row in back] == [expected] * 2
        one.settle_down()


def test_a_number_that_is_too_long_is_held(tmp_path: Path) -> None:
    sale = "A" * 21
    with desk(tmp_path / "books") as one:
        pay(one, invoice(one, sale))
        metadata = {"order_number": sale}
        one.shop.export.charge("100", 11000, when="2026-03-02T15:00:00", metadata=metadata)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held number_too_long"}
        assert one.written() == []


def test_a_stripe_id_as_number_is_shortened(tmp_path: Path) -> None:
    charge_id = "ch_3T00000AcmeBooks0abcdefg"
    with desk(tmp_path / "books", sales="sales_receipt") as one:
        sell(one, charge_id.removeprefix("ch_"), metadata={})
        one.shop.refund("a", charge_id, 3300, "2026-03-05")
        one.sync()
        assert [row["DocNumber"] for _, row in one.ours()] == ["ks0abcdefg", "ks0abcdefg-1"]
        one.settle_down()


def test_a_look_alike_with_the_number_is_held(tmp_path: Path) -> None:
    """The same kind, amount and customer, without our key: it may be this very refund, booked by hand."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        mine = one.hands.write("CreditMemo", taxed_form("100-1", "2026-03-05", net="30.00", tax="3.00"))
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        assert mine["Id"] in one.refunds()["re_a"]["sentence"]
        assert one.written() == []
        one.sync(3, plan=False)
        assert one.written() == []
        one.hands.write("CreditMemo", {"Id": mine["Id"], "SyncToken": "0"}, operation="delete")
        held = next(each for each in one.held() if each["reason"] == "duplicate_in_books")
        one.resolve(held["document_key"], "--retry")
        one.wait(1)
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.open() == "0"
        one.settle_down()


def test_a_person_says_that_the_look_alike_is_another_one(tmp_path: Path) -> None:
    """Tried again while it stands: the refund takes the next number, and both stay."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        other = one.hands.write("CreditMemo", taxed_form("100-1", "2026-03-05", net="30.00", tax="3.00"))
        one.sync(3, plan=False)
        (held,) = [each for each in one.held() if each["reason"] == "duplicate_in_books"]
        assert f"--adopt {other['Id']}" in held["action"] and "--retry" in held["action"]
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100-2"}
        assert [row["DocNumber"] for entity, row in one.ours() if entity == "CreditMemo"] == ["100-2"]
        one.settle_down()


def test_two_charges_with_one_order_number(tmp_path: Path) -> None:
    """Posted by us, the second takes the next entry of `sale_number`."""
    with desk(tmp_path / "books", sales="sales_receipt") as one:
        sell(one)
        one.shop.export.charge("200", 11000, when="2026-03-03T15:00:00", metadata={"order_number": "100"})
        for name, charge in (("a", "ch_100"), ("b", "ch_200")):
            one.shop.refund(name, charge, 3300, "2026-03-05")
        one.sync()
        assert [row["DocNumber"] for _, row in one.ours()] == ["100", "ch_200", "100-1", "ch_200-1"]
        one.settle_down()


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_a_sale_by_hand_has_the_number_of_an_order(tmp_path: Path, sales: str) -> None:
    """The sale, its payment and its fee take the next number together, though its customer was made before that."""
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        invoice(one)
        sell(one)
        one.sync()
        numbers = {row.get("DocNumber") or row["PaymentRefNum"] for _, row in one.ours()}
        assert numbers == {"ch_100"}
        one.settle_down()
