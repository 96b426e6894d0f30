"""Refunds of which NetSuite has a part: a payment that is off its invoice and not paid back, a record that stands and is
refused once more, a lone payment that was paid out and came back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from netsuite_desk import Desk, desk, mapped, paid_invoice
from netsuite_golden import Books
from netsuite_sold import deposit, invoice, pay
from netsuite_survey import change
from netsuite_told import Json, fault, key_of
from netsuite_type_cases import REOPEN
from test_netsuite_open_items import MEMO, Payment, ask, opened, prepare, refund_of, reopening, told
from vendors.netsuite import records

from connector.ledgers.contract import Answer, Found, Posted, Request, Stale, Steps
from connector.ledgers.json_wire import decode
from connector.ledgers.netsuite_records import Head

WORDS = "Please enter value(s) for: Sales Rep"


def half_opened(one: Desk) -> None:
    """The payment is off its invoice, and what pays it back was refused."""
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    one.fake.inject("refused", "customerRefund", method="POST", words=WORDS)
    one.sync(3, plan=False)
    assert one.by_hand()[1].endswith("on invoice 100 by 77.00; 33.00 unapplied")


def put_on_again(one: Desk) -> None:
    """Somebody applies all of the payment to the invoice."""
    (sold,) = one.account.documents("invoice")
    (paid,) = one.account.documents("customerPayment")
    rows = [{"doc": {"id": sold["id"]}, "apply": True, "amount": 110}]
    records.write(one.account, "customerPayment", {"apply": {"items": rows}}, change=paid["id"])


def test_a_refund_that_fails_between_its_two_writes_is_held(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        assert "put the payment on the invoice again" in one.refunds()["re_a"]["action"]
        one.forget_requests()
        one.sync(3, plan=False)
        assert one.writes() == []
        one.resolve("re_a", "--skip")
        one.sync(plan=False)
        assert one.outcomes()["re_a"].startswith("excluded")


def test_what_is_half_done_is_not_replaced(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        said = one.resync("re_a", "--replace", code=3).out
        assert "not replaced: only its payment was taken off the invoice" in said
        (held,) = one.held()
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
        one.settle_down()


@pytest.mark.parametrize("paid", [pay, deposit])
def test_a_lone_payment_that_was_paid_out_is_replaced(tmp_path: Path, paid: object) -> None:
    """What took the pay-out back is what is paid out then."""
    with desk(tmp_path / "books") as one:
        pay(one.account, None) if paid is pay else deposit(one.account)
        one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 11000, "2026-03-05")
        one.sync()
        one.resync("re_a", "--replace")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert (one.totals(), one.open()) == ({}, "0.00")
        assert not any("unapplied" in line for line in one.written())


def test_a_lone_payment_keeps_its_account_of_receivables(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        pay(one.account, None, arAcct={"id": one.account.account_id_of("Other Receivables")})
        one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 3300, "2026-03-05")
        one.sync()
        assert one.totals() == {"Other Receivables": "-77.00", "CLR": "77.00"}
        one.shop.fail("re_a", "2026-04-20")
        one.wait(24)
        one.sync()
        assert one.totals() == {"Other Receivables": "-110.00", "CLR": "110.00"}
        one.settle_down()


@pytest.mark.parametrize(
    "came",
    [
        fault(
            400,
            "INVALID_CONTENT",
            "Invalid Field Value 501 for the following field: doc",
            "apply.items[0].doc",
        ),
        fault(400, "USER_ERROR", "The amount applied 110 exceeds the amount due 0."),
        fault(400, "USER_ERROR", "afterSubmit: something went wrong"),
        fault(400, "USER_ERROR", "The number 100a is already used."),
    ],
)
def test_what_is_refused_and_stands_is_posted(came: Answer) -> None:
    """By a run elsewhere, or by this very request."""
    ledger, _, record = opened(MEMO)
    one = refund_of(ledger, "a", 11000)
    prepare(ledger, one)
    request = ask(ledger, one)
    stands: Json = {"external_id": key_of("a"), "number": "100a", "total_minor": 11000}
    record.books = {
        "creditMemo/501": {**MEMO["creditMemo/501"], "open_minor": 0},
        "customerRefund/801": stands,
    }
    seen = told(ledger, one, request, came)
    assert isinstance(seen, Found) and seen.ledger_id == "customerRefund/801"


def paid_back_elsewhere(monkeypatch: pytest.MonkeyPatch, record: Books, payment: Payment) -> list[str]:
    """A run elsewhere takes 33.00 off the invoice and pays it back, just after it was first asked whether that is done;
    what it wrote then."""
    first = record.by_external_id
    done: list[str] = []

    def pays_back(records: dict[str, str]) -> Steps[dict[str, Head]]:
        found = yield from first(records)
        if not done:
            done.append("customerRefund/801")
            payment.on_invoice, payment.refunded = 7700, 3300
            stands = {"external_id": key_of("a"), "number": "100a", "total_minor": 3300}
            record.books = {**payment.books, done[0]: stands}
        return found

    monkeypatch.setattr(record, "by_external_id", pays_back)
    return done


def test_what_a_run_elsewhere_pays_back_meanwhile_is_not_taken_off_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payment = Payment(on_invoice=7700)
    ledger, _, record = opened(payment.books)
    off, _ = reopening(ledger, "a", 3300)
    paid_back_elsewhere(monkeypatch, record, payment)
    asked = ask(ledger, off)
    assert isinstance(asked, Posted) and not isinstance(asked, Request)


def test_what_is_half_done_and_skipped_is_not_posted(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.resolve("re_a", "--skip")
        assert "stays taken off: put it on again in the ledger" in one.refunds()["re_a"]["sentence"]
        assert "refund excluded" in one.command("status").out
        # What happens to another refund of the charge brings it not back, though that looks at all of them.
        one.fake.faults.clear()
        one.shop.refund("b", "ch_100", 1100, "2026-03-06")
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "excluded skipped_by_person", "re_b": "posted 100-1"}


@pytest.mark.parametrize("put_back", [False, True])
def test_what_is_half_done_and_skipped_is_brought_back_by_a_resync(tmp_path: Path, put_back: bool) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.resolve("re_a", "--skip")
        one.fake.faults.clear()
        if put_back:
            put_on_again(one)
        one.resync("re_a")
        if put_back:
            # The payment is taken off once more, and paid back in the next run.
            assert one.outcomes() == {"re_a": "waiting 100"}
            one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.by_hand()[1].endswith("on invoice 100 by 77.00")
        one.settle_down()


def test_what_a_run_elsewhere_takes_off_and_pays_back_meanwhile_is_not_taken_off_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was put back on the invoice; what is asked of it is what the run elsewhere asked."""
    payment = Payment(on_invoice=7700)
    ledger, search, record = opened(payment.books)
    _, paid = reopening(ledger, "a", 3300)
    payment.on_invoice = 11000
    record.books = search.books = payment.books
    done = paid_back_elsewhere(monkeypatch, record, payment)
    prepare(ledger, paid)
    request = ask(ledger, paid)
    assert isinstance(request, Request) and done
    assert told(ledger, paid, request, payment.take(request)) == Stale()
    assert (payment.on_invoice, payment.refunded) == (7700, 3300)
    prepare(ledger, paid)
    seen = ask(ledger, paid)
    assert isinstance(seen, Found) and seen.ledger_id == "customerRefund/801"


def test_a_memo_with_its_refund_is_replaced_by_the_invoice_opened_again(tmp_path: Path) -> None:
    """What takes the refund back pays the mirror of the memo; it is the sale's payment that is taken off."""
    with desk(tmp_path / "books", refund_types={"reopen_invoice": True}) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        rules = one.books.config.parent / "mappings" / "refund_rules.yaml"
        rules.write_text(json.dumps(REOPEN["rules"]), encoding="utf-8")
        one.resync("re_a", "--replace")
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.by_hand()[0].endswith("; 33.00 open")
        assert one.by_hand()[1].endswith("on invoice 100 by 77.00")
        assert one.open() == "33.00"
        one.settle_down()


def refund_and_fail(one: Desk, charge: str, minor: int) -> None:
    one.shop.refund("a", charge, minor, "2026-03-05")
    one.sync()
    one.shop.fail("re_a", "2026-04-20")
    one.wait(24)
    one.sync()
    assert one.outcomes() == {"re_a": "reversed 100"}


def test_a_lone_payment_that_came_back_is_paid_out_once_more(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        pay(one.account, None)
        charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        refund_and_fail(one, charge, 11000)
        one.shop.refund("b", charge, 11000, "2026-05-05")
        one.wait(24)
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
        assert (one.totals(), one.open()) == ({}, "0.00")
        assert not any("unapplied" in line for line in one.written())
        one.settle_down()


def test_what_came_back_in_part_is_named_where_it_is_missing(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        pay(one.account, None)
        charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        refund_and_fail(one, charge, 3300)
        one.shop.refund("b", charge, 11000, "2026-05-05")
        one.wait(24)
        one.sync(3, plan=False)
        assert one.outcomes()["re_b"] == "held credit_used"
        assert "; payment 100-R brought 33.00 USD of the charge back" in one.refunds()["re_b"]["sentence"]


def test_an_invoice_that_was_paid_again_in_part_names_what_paid_it(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        charge = paid_invoice(one)
        refund_and_fail(one, charge, 3300)
        one.shop.refund("b", charge, 11000, "2026-05-05")
        one.wait(24)
        one.sync(3, plan=False)
        assert one.outcomes()["re_b"] == "held ledger_cannot"
        assert "; payment 100-R brought 33.00 USD of the charge back" in one.refunds()["re_b"]["sentence"]
        assert one.by_hand()[1].endswith("on invoice 100 by 77.00")


def test_a_payment_of_another_customer_is_refunded_to_that_one() -> None:
    """A parent may pay for the customers below it."""
    books: Json = {"customerPayment/401": {"total_minor": 11000, "open_minor": 3300, "customer_id": "77"}}
    ledger, _, _ = opened(books)
    _, paid = reopening(ledger, "a", 3300)
    prepare(ledger, paid)
    request = ask(ledger, paid)
    assert isinstance(request, Request) and decode(request.body)["customer"] == {"id": "77"}


def test_a_deposit_before_the_invoice_keeps_it_from_being_voided(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 11000, "2026-03-05")
        invoice(one.account)
        deposit(one.account, day="2026-02-20", memo="ch_100")
        one.sync(3, plan=False)
        assert one.outcomes() == {"re_a": "held void_guard"}


def test_another_refund_of_the_charge_says_what_it_waits_for(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        half_opened(one)
        one.shop.refund("b", "ch_100", 1100, "2026-03-06")
        one.sync(3, plan=False)
        assert one.outcomes()["re_b"] == "waiting"
        assert one.refunds()["re_b"]["sentence"] == (
            "waits for refund re_a, which is opening the invoice of this charge again"
        )
        one.fake.faults.clear()
        (held,) = one.held()
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}
        one.settle_down()


def test_what_is_tried_again_is_composed_anew(tmp_path: Path) -> None:
    """The memo stands, and its refund names a payment option that was replaced by another of its name meanwhile."""
    with desk(tmp_path / "books", mapping=mapped(payment_methods={"card": "Credit Card"})) as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.fake.inject("refused", "customerRefund", method="POST", words=WORDS)
        one.sync(3, plan=False)
        change(one.account, "paymentMethod", "Credit Card", name="Credit Card until March")
        change(one.account, "paymentMethod", "Check", name="Credit Card")
        one.wait(24)
        one.resolve("re_a", "--retry")
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100"}
        (paid,) = one.account.documents("customerRefund")
        assert paid["paymentOption"] == "3"
