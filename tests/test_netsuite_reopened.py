"""A paid invoice in NetSuite that a refund opens again: the payment is taken off it and paid out, and the connector's own
list of invoices agrees with the ledger."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cli_books import at
from ledger_desk import rule
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_sold import BANK, pay
from netsuite_type_cases import INVOICE, PAID_IN, REOPEN, SOLD
from vendors.netsuite.rendering import STATUSES, status_of
from vendors.netsuite.settling import open_amount
from vendors.netsuite.wire import Json

WHOLE, PART = 11000, 3300
# Income and tax as they were sold, the money gone from clearing, the customer in debt again.
OPEN_AGAIN = {"REV": "-100.00", "AR": "110.00", "TAX": "-10.00"}
TAKEN_BACK = {"REV": "-100.00", "CLR": "77.00", "AR": "33.00", "TAX": "-10.00"}


def reopened(one: Desk) -> str:
    """The base case, of which Stripe has an invoice; the list of invoices is to say what is open again."""
    settings = json.loads(one.books.config.read_text(encoding="utf-8"))
    one.books.config.write_text(json.dumps({**settings, "invoice_status": "reopened"}), encoding="utf-8")
    charge = paid_invoice(one)
    line = {"id": "il_1", "object": "line_item", "amount": WHOLE, "currency": "usd", "quantity": 1}
    told = {"created": at("2026-03-02T14:00:00"), "currency": "usd", "total": WHOLE, "status": "paid"}
    lines = {"object": "list", "data": [{**line, "description": "Work"}]}
    one.shop.export.put(
        {"id": "in_1", "object": "invoice", "number": "100", "charge": charge, "lines": lines, **told}
    )
    return charge


def status(one: Desk, record: str = "invoice") -> str:
    """What NetSuite shows of its only record of this type."""
    (found,) = one.account.documents(record)
    return str(STATUSES[record][status_of(one.account, found)])


def left(one: Desk, record: str) -> str:
    """What is open of an invoice, or unapplied of a payment that somebody booked."""
    return str(open_amount(one.account, one.account.documents(record)[0]))


def shown(one: Desk) -> tuple[str, str, str]:
    """The invoice and its charge in the connector's lists: status, what was refunded, status."""
    (invoice,) = one.json(0, "list", "invoices")["invoices"]
    (payment,) = one.json(0, "list", "payments")["payments"]
    return invoice["status"], invoice["refunded"]["amount"], payment["status"]


def fail(one: Desk, refund_id: str, day: str = "2026-04-20") -> None:
    one.shop.fail(refund_id, day)
    one.wait(24)
    one.sync()


# ---------------------------------------------------------------------------------------------- wholly


def test_a_paid_invoice_is_open_again_with_its_whole_balance(tmp_path: Path) -> None:
    """The payment stands in the list as it was and settles nothing; the refund used it up, so that nobody can apply it to
    anything else. https://help.kolleno.com/en/articles/12901986"""
    with desk(tmp_path / "books", **REOPEN) as one:
        charge = reopened(one)
        one.sync()
        assert (status(one), shown(one)) == ("Paid In Full", ("Paid", "0.00", "Paid"))
        (before,) = one.account.documents("customerPayment")
        one.shop.refund("a", charge, WHOLE, "2026-03-05")
        one.sync()
        assert (status(one), left(one, "invoice")) == ("Open", "110.00")
        (payment,) = one.account.documents("customerPayment")
        assert payment["_apply"] == {}
        for name in ("id", "tranId", "tranDate", "_total", "_bank", "memo"):
            assert payment[name] == before[name], name
        (refund,) = one.account.documents("customerRefund")
        assert refund["_apply"] == {payment["id"]: Decimal(110)}
        assert left(one, "customerPayment") == "0.00"
        assert one.by_hand() == [f"{INVOICE}; 110.00 open", PAID_IN]
        assert (one.totals(), one.open()) == (OPEN_AGAIN, "110.00")
        assert (shown(one), one.outcomes()) == (("Unpaid", "110.00", "Refunded"), {"re_a": "posted 100"})
        one.settle_down()
        assert shown(one) == ("Unpaid", "110.00", "Refunded")


def test_there_is_no_memo_and_income_is_not_touched(tmp_path: Path) -> None:
    """What the connector says that it did: the payment taken off, and its refund."""
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", reopened(one), WHOLE, "2026-03-05")
        one.sync()
        kinds = sorted(each["kind"] for each in one.documents())
        assert kinds == ["application", "reopen_invoice"]
        assert one.account.documents("creditMemo") == []
        entries = [entry["account"] for each in one.documents() for entry in each["entries"]]
        assert sorted(entries) == ["Accounts Receivable", "Stripe Clearing"]


# ---------------------------------------------------------------------------------------------- in part


def test_a_part_opens_as_much_of_the_invoice(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", reopened(one), PART, "2026-03-05")
        one.sync()
        assert (status(one), left(one, "invoice"), left(one, "customerPayment")) == ("Open", "33.00", "0.00")
        assert one.by_hand() == [f"{INVOICE}; 33.00 open", f"{PAID_IN}; on invoice 100 by 77.00"]
        assert (one.totals(), one.open()) == (TAKEN_BACK, "33.00")
        assert shown(one) == ("Unpaid", "33.00", "Partially refunded")
        one.settle_down()


@pytest.mark.parametrize("lost", [False, True], ids=["", "lost state between"])
@pytest.mark.parametrize("rest", [7700, 4400], ids=["the rest", "another part"])
def test_twice_of_one_payment(tmp_path: Path, rest: int, lost: bool) -> None:
    """The second refund takes its own part off what the first had left of the application."""
    with desk(tmp_path / "books", **REOPEN) as one:
        charge = reopened(one)
        one.shop.refund("a", charge, PART, "2026-03-05")
        one.sync()
        if lost:
            one.lose_state()
        one.shop.refund("b", charge, rest, "2026-03-06")
        one.sync()
        back = f"{(PART + rest) / 100:.2f}"
        assert (status(one), left(one, "invoice"), left(one, "customerPayment")) == ("Open", back, "0.00")
        assert one.written() == [
            "customerRefund 100 2026-03-05 Ada: CLR -33.00, AR 33.00; on customerPayment PYMT101",
            f"customerRefund 100-1 2026-03-06 Ada: CLR -{rest // 100}.00, AR {rest // 100}.00; on customerPayment PYMT101",
        ]
        whole = PART + rest == WHOLE
        assert shown(one) == ("Unpaid", back, "Refunded" if whole else "Partially refunded")
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        one.settle_down()


# ---------------------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("lost", [False, True], ids=["", "lost state before"])
@pytest.mark.parametrize("day", ["2026-04-20", "2026-03-20"], ids=["another month", "the same month"])
@pytest.mark.parametrize("amount", [WHOLE, PART])
def test_a_failure_pays_the_invoice_again(tmp_path: Path, amount: int, day: str, lost: bool) -> None:
    """By a new payment into clearing; the first one stays as it is, used up by the refund that failed."""
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", reopened(one), amount, "2026-03-05")
        one.sync()
        before = one.by_hand()[1]
        if lost:
            one.lose_state()
        fail(one, "re_a", day)
        money = f"{amount / 100:.2f}"
        again = f"customerPayment 100-R {day} Ada: CLR {money}, AR -{money}; on invoice 100"
        assert one.written()[1:] == [again]
        assert one.by_hand() == [INVOICE, before]
        assert (status(one), one.totals(), one.open()) == ("Paid In Full", SOLD, "0.00")
        assert not any("unapplied" in line for line in (*one.written(), *one.by_hand()))
        assert (shown(one), one.outcomes()) == (("Paid", "0.00", "Paid"), {"re_a": "reversed 100"})
        one.settle_down()


def test_a_refund_after_one_that_failed_takes_the_new_payment_off(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        charge = reopened(one)
        one.shop.refund("a", charge, WHOLE, "2026-03-05")
        one.sync()
        fail(one, "re_a")
        one.shop.refund("b", charge, WHOLE, "2026-05-05")
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
        assert (status(one), one.totals(), one.open()) == ("Open", OPEN_AGAIN, "110.00")
        assert not any("unapplied" in line for line in (*one.written(), *one.by_hand()))
        assert shown(one) == ("Unpaid", "110.00", "Refunded")
        one.settle_down()


# ---------------------------------------------------------------------------------------------- others


def test_the_customer_pays_the_open_invoice_by_other_means(tmp_path: Path) -> None:
    """What is paid later has nothing to do with Stripe: the refund stays as it is, and so does clearing."""
    with desk(tmp_path / "books", **REOPEN) as one:
        one.shop.refund("a", reopened(one), WHOLE, "2026-03-05")
        one.sync()
        (sold,) = one.account.documents("invoice")
        pay(one.account, sold, day="2026-03-25", charge="", into=BANK)
        assert (status(one), one.open()) == ("Paid In Full", "0.00")
        one.settle_down()
        assert one.totals() == {"Business Bank": "110.00", "REV": "-100.00", "TAX": "-10.00"}
        assert one.outcomes() == {"re_a": "posted 100"}


REFUSED: dict[str, tuple[Json, str]] = {
    "a rule that makes a memo": (
        {"rules": rule(["credit_memo", "credit_card_refund"]), "refund_types": {"reopen_invoice": True}},
        "use reopen_invoice",
    ),
    "the type is off": ({"rules": REOPEN["rules"]}, "switch reopen_invoice on"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_invoices_are_not_called_open_where_the_ledger_would_not_agree(tmp_path: Path, name: str) -> None:
    settings, words = REFUSED[name]
    with desk(tmp_path / "books", **settings) as one:
        one.shop.refund("a", reopened(one), WHOLE, "2026-03-05")
        one.shop.write()
        said: Any = one.command("sync")
        assert (said.code, said.out) == (2, "")
        assert words in said.err
        assert one.writes() == []
