"""Sales that the connector posts into a Xero organisation, with their contacts, fees and refunds, and charges that fail
after they were posted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ledger_desk import sell
from small_shop import fail_charge
from vendors.xero.wire import Json
from xero_desk import Desk, desk, mapped

BO = "Bo"
FORMS = ["sales_receipt", "invoice_and_payment"]
FEE = "SPEND 100 2026-03-02 Stripe: CLR -3.49, FEES 3.49"
RECEIPT = ["RECEIVE 100 2026-03-02 Bo: CLR 110.00, REV -100.00, TAX -10.00"]
INVOICE = [
    "Invoice 100 2026-03-02 Bo: REV -100.00, TAX -10.00, AR 110.00",
    "Payment 100 2026-03-02 Bo: AR -110.00, CLR 110.00",
]


def two_refunds(desk: Desk, **fields: Any) -> None:
    """The first is charged a fee, the second gives one back."""
    sell(desk, **fields)
    desk.shop.refund("a", "ch_100", 3300, "2026-03-05", 25)
    desk.shop.refund("b", "ch_100", 7700, "2026-04-01", -100)


@pytest.mark.parametrize("sales", FORMS)
def test_a_sale_its_fees_and_its_refunds(tmp_path: Path, sales: str) -> None:
    receipts = sales == "sales_receipt"
    first, second = "100", "100-1"
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        two_refunds(one)
        one.sync()
        spent = [
            f"SPEND {first} 2026-03-05 Bo: CLR -33.00, REV 30.00, TAX 3.00",
            f"SPEND {second} 2026-04-01 Bo: CLR -77.00, REV 70.00, TAX 7.00",
        ]
        noted = [
            f"CreditNote {first} 2026-03-05 Bo: REV 30.00, TAX 3.00, AR -33.00",
            f"CreditNote {second} 2026-04-01 Bo: REV 70.00, TAX 7.00, AR -77.00",
            f"Payment {first} 2026-03-05 Bo: AR 33.00, CLR -33.00",
            f"Payment {second} 2026-04-01 Bo: AR 77.00, CLR -77.00",
        ]
        assert sorted(one.written()) == sorted(
            [
                FEE,
                *(RECEIPT if receipts else INVOICE),
                *(spent if receipts else noted),
                f"SPEND {first} 2026-03-05 Stripe: CLR -0.25, FEES 0.25",
                f"RECEIVE {second} 2026-04-01 Stripe: CLR 1.00, FEES -1.00",
            ]
        )
        assert (one.totals(), one.open(BO)) == ({"FEES": "2.74", "CLR": "-2.74"}, "0.00")
        one.settle_down()
        # Stripe charges for the failure too, which is of another month than the refund.
        one.shop.fail("re_b", "2026-05-20")
        one.shop.objects["txn_back_re_b"].update(fee=10, net=7690)
        one.wait(24)
        seen = len(one.written())
        one.sync()
        back = {
            "sales_receipt": [f"RECEIVE {second}-R 2026-05-20 Bo: CLR 77.00, REV -70.00, TAX -7.00"],
            "invoice_and_payment": [
                f"Invoice {second}-R 2026-05-20 Bo: REV -70.00, TAX -7.00, AR 77.00",
                f"Payment {second}-R 2026-05-20 Bo: AR -77.00, CLR 77.00",
            ],
        }
        charged = f"SPEND {second} 2026-05-20 Stripe: CLR -0.10, FEES 0.10"
        assert sorted(one.written()[seen:]) == sorted([*back[sales], charged])
        left = {"REV": "-70.00", "FEES": "2.84", "CLR": "74.16", "TAX": "-7.00"}
        assert (one.totals(), one.open(BO)) == (left, "0.00")
        one.settle_down()
        one.resync("re_a", "--replace")
        assert (one.totals(), one.open(BO)) == (left, "0.00")
        one.settle_down()


@pytest.mark.parametrize("sales", FORMS)
@pytest.mark.parametrize("day", ["2026-03-09", "2026-04-09"])
def test_a_charge_that_fails_after_its_sale_was_posted(tmp_path: Path, sales: str, day: str) -> None:
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        sell(one, payment_method_details={"type": "us_bank_account"})
        one.sync()
        seen = len(one.written())
        fail_charge(one.shop, "ch_100", day)
        one.sync()
        mirrors = {
            "sales_receipt": ["SPEND 100-R 2026-04-09 Bo: CLR -110.00, REV 100.00, TAX 10.00"],
            "invoice_and_payment": [
                "CreditNote 100-R 2026-04-09 Bo: REV 100.00, TAX 10.00, AR -110.00",
                "Payment 100-R 2026-04-09 Bo: AR 110.00, CLR -110.00",
            ],
        }
        assert one.written()[seen:] == (mirrors[sales] if day == "2026-04-09" else [])
        assert (one.totals(), one.open(BO)) == ({"FEES": "3.49", "CLR": "-3.49"}, "0.00")
        one.settle_down()


@pytest.mark.parametrize("amounts", [(11000,), (3300, 4400)])
def test_an_invoice_of_ours_is_opened_again(tmp_path: Path, amounts: tuple[int, ...]) -> None:
    rules = [{"name": "all", "when": {}, "then": "reopen_invoice"}]
    on = {"reopen_invoice": True}
    with desk(tmp_path / "books", rules=rules, sales="invoice_and_payment", refund_types=on) as one:
        sell(one)
        one.sync()
        for name, amount in zip("ab", amounts, strict=False):
            one.shop.refund(name, "ch_100", amount, "2026-03-05")
        one.sync()
        whole = sum(amounts)
        left = {"CLR": f"{(11000 - whole) / 100:.2f}"} if whole < 11000 else {}
        owed = f"{whole / 100:.2f}"
        assert (one.totals(), one.open(BO)) == ({"AR": owed, "REV": "-100.00", "TAX": "-10.00", **left}, owed)
        one.settle_down()


def test_refunds_switched_off_still_post_sales(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="sales_receipt", fees=True, refunds={"enabled": False}) as one:
        two_refunds(one)
        one.sync()
        assert one.written() == [*RECEIPT, FEE]
        assert set(one.outcomes().values()) == {"excluded refunds_switched_off"}


# ---------------------------------------------------------------------------------------------- contacts

BOBS = {"name": "Bo", "email": "bo@x.test"}
SOMEBODY = {"Name": "Somebody", "EmailAddress": "BO@x.test"}
# What stands in the organisation before, what Stripe knows, what the mapping says; whose the sale is then.
CONTACTS: dict[str, tuple[list[Json], Json, Json, str]] = {
    "by name, whatever its capitals": ([{"Name": "bO"}], BOBS, {}, "bO"),
    "by e-mail": ([SOMEBODY], BOBS, {}, "Somebody"),
    "by Stripe's id": ([{"Name": "B", "ContactNumber": "cus_9"}, SOMEBODY], BOBS, {}, "B"),
    "of another Stripe id": ([{**SOMEBODY, "ContactNumber": "cus_8"}], BOBS, {}, "Bo"),
    "made": ([], BOBS, {}, "Bo"),
    "made, with the name of another": ([{"Name": "Bo"}], BOBS, {"match": ["stripe_id"]}, "Bo (cus_9)"),
    "of whom nothing is known": ([], {}, {}, "cus_9"),
    "that may not be made": ([], BOBS, {"create": False}, "Stripe customers"),
}


@pytest.mark.parametrize("case", CONTACTS.values(), ids=list(CONTACTS))
def test_the_contact_of_a_sale(tmp_path: Path, case: tuple[list[Json], Json, Json, str]) -> None:
    before, known, changes, name = case
    mapping = mapped(customers=changes)
    with desk(tmp_path / "books", sales="invoice_and_payment", mapping=mapping) as one:
        for contact in before:
            one.hands.write("Contacts", contact)
        sell(one, billing_details=known, customer="cus_9")
        sell(one, "101", billing_details=known, customer="cus_9")
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert {one.contact_of(*row) for row in one.ours()} == {name}
        assert one.open(name) == "0.00"
        made = len(one.organisation.documents("Contacts"))
        one.settle_down()
        assert len(one.organisation.documents("Contacts")) == made


def test_no_contact_at_all(tmp_path: Path) -> None:
    mapping = mapped(customers={"create": False, "default": "Nobody"})
    with desk(tmp_path / "books", sales="sales_receipt", mapping=mapping) as one:
        two_refunds(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held customer_not_found"}
        assert one.written() == []
        one.hands.write("Contacts", {"Name": "Nobody"})
        one.sync()
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- many at once


def test_a_hundred_and_twenty_refunds_in_one_run(tmp_path: Path) -> None:
    """Batches of fifty: a tenant may have no more than a thousand calls a day."""
    with desk(tmp_path / "books", sales="invoice_and_payment") as one:
        for n in range(120):
            sell(one, str(1000 + n), fee=0, billing_details={"name": f"Buyer {n}"})
            one.shop.refund(f"r{n}", f"ch_{1000 + n}", 3300, "2026-03-05")
        one.sync(plan=False)
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        # Of contacts, invoices, payments, credit notes and their payments 120 each.
        assert len(one.fake.writes()) == 5 * 3
        assert max(write.elements for write in one.fake.writes()) == 50
        assert len(one.fake.reads()) <= 30
        assert one.totals() == {"REV": "-8400.00", "CLR": "9240.00", "TAX": "-840.00"}
