"""How many calls many refunds and many sales cost in NetSuite, from the first of a run to its last: the smallest accounts
take five at once, of all their integrations together."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from ledger_desk import rule
from netsuite_desk import Desk, desk, mapped
from netsuite_sold import ADA, cash_sale, invoice, pay
from vendors.netsuite import Request
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

TABLE = re.compile(r"FROM (\w+)", re.IGNORECASE)
PAID_OUT = rule(["credit_memo", "credit_card_refund"])
REFUNDS = 120


def name_of(call: Request) -> str:
    """What is asked: method and record type, with ID for one record; or the table of a search."""
    if call.path == "suiteql":
        found = TABLE.search(call.body["q"])
        assert found is not None
        return f"SELECT {found[1].lower()}"
    record, *more = call.path.split("/")
    return " ".join([call.method, record, *("ID" for _ in more)])


def asked(desk: Desk) -> Counter[str]:
    """Each call of a run."""
    desk.fake.requests.clear()
    desk.sync(plan=False)
    return Counter(name_of(call) for call in desk.fake.calls())


def sold_and_refunded(desk: Desk, first: int, count: int) -> None:
    """Paid invoices, each with a refund of half of it."""
    for number in map(str, range(first, first + count)):
        pay(desk.account, invoice(desk.account, number), charge="")
        desk.shop.refund(number, desk.shop.charge(number, 11000, 1000, "2026-03-02", 0), 5500, "2026-03-05")


def unpaid_and_refunded(desk: Desk, count: int, who: str = ADA) -> list[Json]:
    """Open invoices, each of a charge that is wholly refunded; `who` may hold the number."""
    made = []
    for number in map(str, range(1000, 1000 + count)):
        name = who.format(number)
        if name != ADA:
            seed.customer(desk.account, name)
        made.append(invoice(desk.account, number, who=name))
        desk.shop.refund(number, desk.shop.charge(number, 11000, 1000, "2026-03-02", 0), 11000, "2026-03-05")
    return made


# What is asked once a day: the lists, and the fields that the account's records have.
RECORDS = (
    "invoice",
    "creditMemo",
    "customerPayment",
    "customerRefund",
    "cashSale",
    "cashRefund",
    "journalEntry",
)
OF_EACH_RUN = Counter({"SELECT accountingperiod": 1, "SELECT account": 1})
OF_A_DAY = OF_EACH_RUN + Counter(
    {
        **{
            f"SELECT {name}": 1 for name in ("item", "currency", "subsidiary", "paymentmethod", "transaction")
        },
        "GET metadata-catalog ID": len(RECORDS) + 1,
        **{f"GET {name}": 1 for name in (*RECORDS, "customer", "customerDeposit")},
    }
)
# Of sales that are found: their lines, taxes, and what is applied to them. The first query for lines of a run learns which
# columns the account has not.
OF_SALES = Counter(
    {
        "SELECT transactionline": 2,
        "SELECT transactiontaxdetail": 1,
        "SELECT nexttransactionlinelink": 1,
    }
)
# The sales, their payments, what others booked against them, whether the numbers are free, the read-backs.
OF_MEMOS = Counter({"SELECT transaction": 7})


# ---------------------------------------------------------------------------------------------- runs


@pytest.mark.parametrize("count", [10, REFUNDS])
def test_a_run_of_refunds_after_others(tmp_path: Path, count: int) -> None:
    """Two writes for each refund, and a dozen reads for all of them together; an idle run asks two things."""
    with desk(tmp_path, PAID_OUT, {"adopt": "never"}) as one:
        sold_and_refunded(one, 1000, 1)
        asked(one)
        sold_and_refunded(one, 2000, count)
        written = Counter({"POST creditMemo": count, "POST customerRefund": count})
        assert asked(one) == OF_EACH_RUN + OF_SALES + OF_MEMOS + written
        assert set(one.outcomes().values()) == {f"posted {n}" for n in (1000, *range(2000, 2000 + count))}
        assert asked(one) == OF_EACH_RUN


def test_the_first_run_reads_each_list_once(tmp_path: Path) -> None:
    """It fills the state, looks for refunds that others booked, and finds the sales."""
    with desk(tmp_path, PAID_OUT) as one:
        sold_and_refunded(one, 2000, REFUNDS)
        written = Counter({"POST creditMemo": REFUNDS, "POST customerRefund": REFUNDS})
        assert asked(one) == OF_A_DAY + OF_SALES + OF_MEMOS + written
        assert len(set(one.outcomes().values())) == REFUNDS
        one.settle_down()


def test_lists_are_read_again_after_a_day(tmp_path: Path) -> None:
    with desk(tmp_path) as one:
        # And whether there is anything of ours, since the state is empty.
        assert asked(one) == OF_A_DAY + Counter({"SELECT transaction": 1})
        one.wait(23)
        assert asked(one) == OF_EACH_RUN
        one.wait(2)
        assert asked(one) == OF_A_DAY


def test_memos_are_not_read_again_where_netsuite_asks_to_slow_down(tmp_path: Path) -> None:
    with desk(tmp_path, PAID_OUT, {"adopt": "never"}) as one:
        sold_and_refunded(one, 2000, 60)
        fault = one.fake.inject("throttled", "/customerRefund", method="POST", times=5)
        written = Counter({"POST creditMemo": 60, "POST customerRefund": 60 + 5})
        assert asked(one) == OF_A_DAY + OF_SALES + OF_MEMOS + written
        assert fault.times == 0
        one.settle_down()


def test_cash_refunds_are_one_write_each(tmp_path: Path) -> None:
    with desk(tmp_path, refunds={"adopt": "never"}) as one:
        asked(one)
        for number in map(str, range(2000, 2060)):
            cash_sale(one.account, number, charge=f"ch_{number}")
            charge = one.shop.charge(number, 11000, 1000, "2026-03-02", 0)
            one.shop.refund(number, charge, 5500, "2026-03-05")
        told = asked(one)
        assert told.pop("POST cashSale ID ID ID") == 60
        assert told == OF_EACH_RUN + OF_SALES + Counter({"SELECT transaction": 5})


def test_many_refunds_that_fail(tmp_path: Path) -> None:
    with desk(tmp_path, PAID_OUT, {"adopt": "never"}) as one:
        sold_and_refunded(one, 2000, 30)
        asked(one)
        for number in range(2000, 2030):
            one.shop.fail(f"re_{number}", "2026-03-20")
        written = Counter({"POST invoice": 30, "POST customerPayment": 30})
        assert asked(one) == OF_EACH_RUN + OF_SALES + written + Counter({"SELECT transaction": 8})
        one.settle_down()


def test_many_sales_of_many_customers(tmp_path: Path) -> None:
    """Half of them are known: three things to know each of sixty by are a query each."""
    told = mapped(taxes={"default": "Sales Tax"})
    with desk(tmp_path, sales="invoice_and_payment", mapping=told) as one:
        for place in range(60):
            name, email = f"Customer {place}", f"customer.{place}@example.com"
            if place % 2:
                seed.customer(one.account, name, email=email)
            charge_id = one.shop.charge(str(place), 11000, 1000, "2026-03-02", 0)
            who = {"customer": f"cus_{place:014}", "billing_details": {"name": name, "email": email}}
            one.shop.objects[charge_id].update(who)
        calls = asked(one)
        assert (calls["POST customer"], calls["POST invoice"], calls["POST customerPayment"]) == (30, 60, 60)
        # One of them for the default customer.
        assert calls["SELECT customer"] <= 1 + 4
        assert calls["GET customer ID"] == 0
        assert len(one.account.documents("customer")) == 2 + 60


# ---------------------------------------------------------------------------------------------- changes


@pytest.mark.parametrize("who", [ADA, "Customer {}"])
@pytest.mark.parametrize("restlet", [True, False])
def test_many_voids(tmp_path: Path, restlet: bool, who: str) -> None:
    """The guards are read anew before each: the invoice, who it is for, and what money of theirs there is."""
    connection = {} if restlet else {"void_restlet_url": None}
    with desk(tmp_path, refunds={"adopt": "never"}, connection=connection) as one:
        asked(one)
        unpaid_and_refunded(one, 30, who)
        calls = asked(one)
        assert calls.pop("POST restlet" if restlet else "POST creditMemo") == 30
        assert calls.pop("GET invoice ID") == 30
        assert calls.pop("GET customer ID") == (1 if who == ADA else 30)
        assert calls.pop("SELECT transaction") <= 30 + 6
        assert calls == OF_EACH_RUN + OF_SALES
        assert len([one for one in one.account.documents("invoice") if one["_voided"]]) == 30 * restlet


def test_many_memos_on_open_invoices(tmp_path: Path) -> None:
    """What is open of the invoices is read for all of them at once."""
    with desk(tmp_path, rule("credit_memo"), {"adopt": "never"}) as one:
        asked(one)
        unpaid_and_refunded(one, 30)
        assert asked(one) == OF_EACH_RUN + OF_SALES + OF_MEMOS + Counter({"POST creditMemo": 30})
        assert one.open() == "0.00"


def test_many_invoices_that_are_opened_again(tmp_path: Path) -> None:
    """Before each is changed the payment is read as it stands, and whether that has been paid back already."""
    switched = {"reopen_invoice": True}
    with desk(tmp_path, rule("reopen_invoice"), {"adopt": "never"}, refund_types=switched) as one:
        asked(one)
        sold_and_refunded(one, 2000, 30)
        calls = asked(one)
        assert (calls.pop("PATCH customerPayment ID"), calls.pop("POST customerRefund")) == (30, 30)
        assert calls.pop("GET customerPayment ID") <= 60
        assert calls.pop("GET customerRefund ID") <= 30
        assert calls.pop("GET customer ID") == 1
        assert calls == OF_EACH_RUN + OF_SALES + OF_MEMOS
        one.settle_down()


# ---------------------------------------------------------------------------------------------- without SuiteQL


def test_a_role_without_searches_reads_records_one_by_one(tmp_path: Path) -> None:
    """Some four reads for each refund, and an idle run asks two things."""
    with desk(tmp_path, PAID_OUT, {"adopt": "never"}) as one:
        one.account.role_lacks.add("suiteql")
        sold_and_refunded(one, 1000, 1)
        asked(one)
        sold_and_refunded(one, 3000, 10)
        calls = asked(one)
        assert (calls.pop("POST creditMemo"), calls.pop("POST customerRefund")) == (10, 10)
        of_records = [name for name in calls if name.endswith(" ID")]
        assert sum(calls.pop(name) for name in of_records) <= 4 * 10 + 3
        assert calls.total() <= 45
        assert asked(one) == {"SELECT accountingperiod": 1, "GET accountingPeriod": 1}
