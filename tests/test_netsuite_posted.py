"""Sales that the connector posts into a NetSuite account, with their customers, fees and refunds, and charges that fail
after they were posted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk, mapped
from small_shop import fail_charge
from vendors.netsuite import Moods
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

BO = "Bo"
FORMS = ["sales_receipt", "invoice_and_payment"]
FEE = "journalEntry 100 2026-03-02 -: FEES 3.49, CLR -3.49"
RECEIPT = ["cashSale 100 2026-03-02 Bo: CLR 110.00, REV -100.00, TAX -10.00"]
INVOICE = [
    "invoice 100 2026-03-02 Bo: AR 110.00, REV -100.00, TAX -10.00",
    "customerPayment 100 2026-03-02 Bo: CLR 110.00, AR -110.00; on invoice 100",
]


def two_refunds(desk: Desk, **fields: Any) -> None:
    """The first is charged a fee, the second gives one back."""
    sell(desk, **fields)
    desk.shop.refund("a", "ch_100", 3300, "2026-03-05", 25)
    desk.shop.refund("b", "ch_100", 7700, "2026-04-01", -100)


@pytest.mark.parametrize("sales", FORMS)
def test_a_sale_its_fees_and_its_refunds(tmp_path: Path, sales: str) -> None:
    receipts = sales == "sales_receipt"
    with desk(tmp_path / "books", sales=sales, fees=True) as one:
        two_refunds(one)
        one.sync()
        spent = [
            "cashRefund 100 2026-03-05 Bo: CLR -33.00, REV 30.00, TAX 3.00",
            "cashRefund 100-1 2026-04-01 Bo: CLR -77.00, REV 70.00, TAX 7.00",
        ]
        noted = [
            "creditMemo 100 2026-03-05 Bo: AR -33.00, REV 30.00, TAX 3.00",
            "creditMemo 100-1 2026-04-01 Bo: AR -77.00, REV 70.00, TAX 7.00",
            "customerRefund 100 2026-03-05 Bo: CLR -33.00, AR 33.00; on creditMemo 100",
            "customerRefund 100-1 2026-04-01 Bo: CLR -77.00, AR 77.00; on creditMemo 100-1",
        ]
        assert sorted(one.written()) == sorted(
            [
                FEE,
                *(RECEIPT if receipts else INVOICE),
                *(spent if receipts else noted),
                "journalEntry 100 2026-03-05 -: FEES 0.25, CLR -0.25",
                "journalEntry 100-1 2026-04-01 -: FEES -1.00, CLR 1.00",
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
            "sales_receipt": ["cashSale 100-1-R 2026-05-20 Bo: CLR 77.00, REV -70.00, TAX -7.00"],
            "invoice_and_payment": [
                "invoice 100-1-R 2026-05-20 Bo: AR 77.00, REV -70.00, TAX -7.00",
                "customerPayment 100-1-R 2026-05-20 Bo: CLR 77.00, AR -77.00; on invoice 100-1-R",
            ],
        }
        charged = "journalEntry 100-1 2026-05-20 -: FEES 0.10, CLR -0.10"
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
            "sales_receipt": [f"cashRefund 100-R {day} Bo: CLR -110.00, REV 100.00, TAX 10.00"],
            "invoice_and_payment": [
                f"creditMemo 100-R {day} Bo: AR -110.00, REV 100.00, TAX 10.00",
                f"customerRefund 100-R {day} Bo: CLR -110.00, AR 110.00; on creditMemo 100-R",
            ],
        }
        assert one.written()[seen:] == mirrors[sales]
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
        assert not any("unapplied" in line for line in one.written())
        one.settle_down()


def test_refunds_switched_off_still_post_sales(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="sales_receipt", fees=True, refunds={"enabled": False}) as one:
        two_refunds(one)
        one.sync()
        assert one.written() == [*RECEIPT, FEE]
        assert set(one.outcomes().values()) == {"excluded refunds_switched_off"}


def test_a_sale_and_its_refund_in_two_runs(tmp_path: Path) -> None:
    """What another run wrote is found in the state, and what is open of it in the books."""
    with desk(tmp_path / "books", sales="invoice_and_payment") as one:
        sell(one)
        one.sync()
        one.wait(24)
        one.shop.refund("a", "ch_100", 11000, "2026-03-05")
        one.sync()
        assert (one.totals(), one.open(BO)) == ({}, "0.00")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- customers

BOBS = {"name": "Bo", "email": "bo@x.test"}
SOMEBODY = {"companyName": "Somebody", "email": "BO@x.test"}
# Who stands in the account before, what Stripe knows, what the mapping says; whose the sale is then.
CUSTOMERS: dict[str, tuple[list[Json], Json, Json, str]] = {
    "by name, whatever its capitals": ([{"companyName": "bO"}], BOBS, {}, "bO"),
    "by the names of a person": (
        [{"firstName": "Bo", "lastName": "Peep", "isPerson": True}],
        {"name": "Bo Peep"},
        {},
        "Bo Peep",
    ),
    "by e-mail": ([SOMEBODY], BOBS, {}, "Somebody"),
    "by Stripe's id": ([{"companyName": "B", "externalId": "cus_9"}, SOMEBODY], BOBS, {}, "B"),
    "by Stripe's id in the comments": (
        [{"companyName": "B", "comments": "web shop cus_9"}, SOMEBODY],
        BOBS,
        {},
        "B",
    ),
    "of another Stripe id": ([{**SOMEBODY, "externalId": "cus_8"}], BOBS, {}, "Bo"),
    "one who is inactive": ([{"companyName": "Bo", "isInactive": True}], BOBS, {}, "Bo (cus_9)"),
    "made": ([], BOBS, {}, "Bo"),
    "made, with the name of another": ([{"companyName": "Bo"}], BOBS, {"match": ["stripe_id"]}, "Bo (cus_9)"),
    "of whom nothing is known": ([], {}, {}, "cus_9"),
    "that may not be made": ([], BOBS, {"create": False}, "Stripe customers"),
}


# What the record service does not find: letters in another case, and words in comments.
BY_SUITEQL = ("by name, whatever its capitals", "by e-mail", "by Stripe's id in the comments")
# Ours is known by what stands in its comments alone.
FOUND_BY_COMMENTS = "made, with the name of another"


@pytest.mark.parametrize("name", CUSTOMERS)
def test_the_customer_of_a_sale(tmp_path: Path, name: str) -> None:
    before, known, changes, whose = CUSTOMERS[name]
    mapping = mapped(customers=changes)
    with desk(tmp_path / "books", sales="invoice_and_payment", mapping=mapping) as one:
        posted_for(one, before, known, whose)
        made = len(one.account.documents("customer"))
        one.settle_down()
        assert len(one.account.documents("customer")) == made


@pytest.mark.parametrize("name", [each for each in CUSTOMERS if each not in BY_SUITEQL])
def test_the_customer_of_a_sale_record_by_record(tmp_path: Path, name: str) -> None:
    """For a role that may not use SuiteQL. A customer that it cannot find again is never made again all the same: the second
    is refused by its external id."""
    before, known, changes, whose = CUSTOMERS[name]
    mapping = mapped(customers=changes)
    with desk(tmp_path / "books", sales="invoice_and_payment", mapping=mapping) as one:
        one.account.role_lacks.add("suiteql")
        posted_for(one, before, known, whose)
        made = len(one.account.documents("customer"))
        if name == FOUND_BY_COMMENTS:
            one.lose_state()
            one.forget_requests()
            one.sync(plan=False)
            assert {each.status for each in one.writes()} == {400}
        else:
            one.settle_down()
        assert len(one.account.documents("customer")) == made


def posted_for(one: Desk, before: list[Json], known: Json, whose: str) -> None:
    """Two sales and a refund are those of this customer."""
    for fields in before:
        seed.customer(one.account, fields.get("companyName", ""), **fields)
    sell(one, billing_details=known, customer="cus_9")
    sell(one, "101", billing_details=known, customer="cus_9")
    one.shop.refund("a", "ch_100", 3300, "2026-03-05")
    one.sync()
    of = {one.account.get("customer", each["_entity"])["altName"] for each in one.ours()}
    assert of == {whose}
    assert one.open(whose) == "0.00"


def test_a_customer_whom_netsuite_numbers(tmp_path: Path) -> None:
    """Where customers are numbered the name that is sent as theirs is replaced, and the same name is no obstacle."""
    moods = Moods(auto_entity_ids=True)
    mapping = mapped(customers={"match": ["stripe_id"]})
    with desk(tmp_path / "books", sales="sales_receipt", mapping=mapping, account={"moods": moods}) as one:
        seed.customer(one.account, "Bo")
        sell(one, customer="cus_9")
        sell(one, "101", customer="cus_9")
        one.sync()
        assert len({each["_entity"] for each in one.ours()}) == 1
        made = [each for each in one.account.documents("customer") if each["altName"] == "Bo"]
        assert len(made) == 2
        one.settle_down()


def test_no_customer_at_all(tmp_path: Path) -> None:
    mapping = mapped(customers={"create": False, "default": "Nobody"})
    with desk(tmp_path / "books", sales="sales_receipt", mapping=mapping) as one:
        two_refunds(one)
        one.sync(3)
        assert set(one.outcomes().values()) == {"held customer_not_found"}
        assert one.written() == []
        seed.customer(one.account, "Nobody")
        one.sync()
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- many at once


def test_a_hundred_and_twenty_refunds_in_one_run(tmp_path: Path) -> None:
    """Each record is a request of its own, since NetSuite takes several at once only to answer later; what is read is read
    many at once."""
    with desk(tmp_path / "books", sales="invoice_and_payment") as one:
        for n in range(120):
            sell(one, str(1000 + n), fee=0, billing_details={"name": f"Buyer {n}"})
            one.shop.refund(f"r{n}", f"ch_{1000 + n}", 3300, "2026-03-05")
        one.sync(plan=False)
        assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
        # Of customers, invoices, payments, memos and their refunds 120 each.
        assert len(one.fake.writes()) == 5 * 120
        assert len(one.fake.reads()) <= 60
        assert one.totals() == {"REV": "-8400.00", "CLR": "9240.00", "TAX": "-840.00"}
