"""The stand-in for NetSuite: what is applied to what, how it is taken back, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import CLEARING, RECEIVABLES, Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


def paid(hands: Hands, amount: str = "100") -> tuple[str, str]:
    """An untaxed invoice and the payment of it."""
    invoice = seed.invoice(hands.account, "Ada", hands.line(amount, "Untaxed Service"))
    payment = seed.payment(hands.account, "Ada", amount, on=invoice)
    return invoice["id"], payment["id"]


def applying(doc: str, **more: Any) -> Json:
    return {"apply": {"items": [{"doc": {"id": doc}, **more}]}}


def test_a_payment_is_taken_off_and_the_invoice_is_open_again(hands: Hands) -> None:
    for change in ({"apply": False}, {"amount": 0}, {"line": 0, "apply": False}):
        invoice, payment = paid(hands)
        body = {**applying(invoice, **change), "customer": hands.ref("customer", "Ada")}
        hands.change(f"customerPayment/{payment}", body)
        assert hands.get(f"invoice/{invoice}")["status"]["refName"] == "Open"
        shown = hands.whole(f"customerPayment/{payment}")
        assert (shown["payment"], shown["applied"], shown["unapplied"]) == (100, 0, 100)
        assert invoice in [one["doc"]["id"] for one in shown["apply"]["items"]]
        assert not any(one["apply"] for one in shown["apply"]["items"])


def test_less_of_a_payment_leaves_a_part_open(hands: Hands) -> None:
    invoice, payment = paid(hands)
    hands.change(f"customerPayment/{payment}", applying(invoice, amount=Decimal("70")))
    shown = hands.get(f"invoice/{invoice}")
    assert (shown["amountPaid"], shown["amountRemaining"], shown["status"]["id"]) == (70, 30, "A")
    hands.create("customerRefund", hands.refund(payment, amount="30"))
    told = hands.get(f"customerPayment/{payment}")
    assert (told["applied"], told["unapplied"], told["refundedAmountTotalBox"]) == (70, 0, 30)
    assert hands.account.balance_of(CLEARING) == 70 and hands.account.balance_of(RECEIVABLES) == 30
    # What was paid out can not be applied any more.
    assert (
        "exceeds"
        in hands.refused("PATCH", f"customerPayment/{payment}", applying(invoice, amount=100))["detail"]
    )


def test_only_open_invoices_of_the_customer_stand_on_the_list(hands: Hands) -> None:
    invoice, _ = paid(hands)
    of_bob = seed.invoice(hands.account, "Bob O'Neil", "5")["id"]
    memo = seed.memo(hands.account, "Ada", "5")["id"]
    for doc in (invoice, of_bob, memo):
        told = hands.refused("POST", "creditMemo", hands.memo("5", **applying(doc, apply=True, amount=5)))
        assert (told["o:errorCode"], told["o:errorPath"]) == ("INVALID_CONTENT", "apply.items[0].doc")
    unpaid = seed.invoice(hands.account, "Ada", "50")["id"]
    made = hands.create("creditMemo", hands.memo("5", **applying(unpaid, apply=True, amount=5)))
    assert hands.get(f"creditMemo/{made}")["status"]["id"] == "B"
    assert hands.get(f"invoice/{unpaid}")["amountRemaining"] == 50
    assert [one["id"] for one in hands.account.documents("creditMemo")] == [memo, made]


def test_a_line_is_named_by_the_transaction_line_that_it_means(hands: Hands) -> None:
    payment = seed.payment(hands.account, "Ada", "20")["id"]
    memo = seed.memo(hands.account, "Ada", hands.line("10", "Untaxed Service"))["id"]
    for doc, right, wrong in ((memo, 0, 1), (payment, 1, 0)):
        body = hands.refund()
        body["apply"] = {"items": [{"doc": {"id": doc}, "line": wrong, "apply": True}]}
        assert hands.refused("POST", "customerRefund", body)["o:errorPath"] == "apply.items[0].line"
        body["apply"]["items"][0]["line"] = right
        hands.create("customerRefund", body)
    hands.account.moods.payment_line = 0
    other = seed.payment(hands.account, "Ada", "20")["id"]
    hands.create("customerRefund", {**hands.refund(), **applying(other, line=0, apply=True, amount=20)})


def test_a_refund_is_as_large_as_what_it_pays_out(hands: Hands) -> None:
    memos = [seed.memo(hands.account, "Ada", hands.line(one, "Untaxed Service"))["id"] for one in ("10", "7")]
    refund = hands.create("customerRefund", hands.refund(*memos))
    assert hands.get(f"customerRefund/{refund}")["total"] == 17
    assert "apply the refund" in hands.refused("POST", "customerRefund", hands.refund())["detail"]
    told = hands.refused("POST", "customerRefund", hands.refund(memos[0]))
    assert told["o:errorPath"] == "apply.items[0].doc"


@pytest.mark.parametrize("amount", ["10.01", "-1", "1.001"])
def test_no_more_is_applied_than_there_is(hands: Hands, amount: str) -> None:
    memo = seed.memo(hands.account, "Ada", hands.line("10", "Untaxed Service"))["id"]
    assert hands.refused("POST", "customerRefund", hands.refund(memo, amount=amount))["o:errorPath"].endswith(
        "amount"
    )
    invoice = seed.invoice(hands.account, "Ada", "100")["id"]
    body: Json = {"customer": hands.ref("customer", "Ada"), "payment": 10}
    hands.refused(
        "POST", "customerPayment", {**body, **applying(invoice, apply=True, amount=Decimal(amount))}
    )
    assert hands.account.documents("customerPayment") == []
    assert hands.get(f"creditMemo/{memo}")["unapplied"] == 10


def test_a_payment_is_no_smaller_than_what_it_pays(hands: Hands) -> None:
    invoice, payment = paid(hands)
    assert "lower" in hands.refused("PATCH", f"customerPayment/{payment}", {"payment": 99})["detail"]
    hands.change(f"customerPayment/{payment}", {"payment": 120})
    assert hands.get(f"customerPayment/{payment}")["unapplied"] == 20
    assert (
        "lower"
        in hands.refused("PATCH", f"invoice/{invoice}", {"item": {"items": [{"line": 1, "amount": 9}]}})[
            "detail"
        ]
    )


def test_a_payment_without_its_amount_is_what_it_applies(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")["id"]
    body = {"customer": hands.ref("customer", "Ada"), **applying(invoice, apply=True, amount=40)}
    made = hands.create("customerPayment", body)
    assert hands.get(f"customerPayment/{made}")["payment"] == 40
    assert hands.refused("POST", "customerPayment", {"customer": hands.ref("customer", "Ada")})


def test_what_is_not_named_stays_unless_it_is_replaced(hands: Hands) -> None:
    invoices = [
        seed.invoice(hands.account, "Ada", hands.line("10", "Untaxed Service"))["id"] for _ in range(2)
    ]
    payment = seed.payment(hands.account, "Ada", "15", on=invoices[0], applied="10")["id"]
    hands.change(f"customerPayment/{payment}", applying(invoices[1], apply=True))
    shown = hands.whole(f"customerPayment/{payment}")["apply"]["items"]
    assert [(one["doc"]["id"], one.get("amount")) for one in shown] == [(invoices[0], 10), (invoices[1], 5)]
    hands.change(f"customerPayment/{payment}?replace=apply", applying(invoices[1], amount=6))
    assert [hands.get(f"invoice/{one}")["amountRemaining"] for one in invoices] == [10, 4]


@pytest.mark.parametrize(("sent", "left"), [(None, 95), (False, 100), (True, 95)])
def test_the_preference_applies_credits_by_itself(hands: Hands, sent: bool | None, left: int) -> None:
    hands.account.moods.auto_apply = True
    invoice = seed.invoice(hands.account, "Ada", hands.line("100", "Untaxed Service"))["id"]
    hands.create("creditMemo", hands.memo("5") if sent is None else hands.memo("5", autoApply=sent))
    assert hands.get(f"invoice/{invoice}")["amountRemaining"] == left


def test_without_the_field_the_preference_can_not_be_kept_off(hands: Hands) -> None:
    hands.account.moods.auto_apply, hands.account.moods.auto_apply_field = True, False
    seed.invoice(hands.account, "Ada", "100")
    assert hands.refused("POST", "creditMemo", hands.memo("5", autoApply=False))["o:errorPath"] == "autoApply"
    memo = hands.create("creditMemo", hands.memo("5"))
    assert hands.get(f"creditMemo/{memo}")["unapplied"] == 0


def test_open_invoices_may_be_left_out_of_the_list(hands: Hands) -> None:
    unpaid = seed.invoice(hands.account, "Ada", "100")["id"]
    payment = seed.payment(hands.account, "Ada", "20")["id"]
    (row,) = hands.whole(f"customerPayment/{payment}")["apply"]["items"]
    assert (row["doc"]["id"], row["apply"], row["due"]) == (unpaid, False, 110) and "amount" not in row
    hands.account.moods.lists_open = False
    assert hands.whole(f"customerPayment/{payment}")["apply"]["items"] == []


def test_a_workflow_may_lock_a_record(hands: Hands) -> None:
    invoice, payment = paid(hands)
    hands.account.locked_records.add(payment)
    told = hands.refused("PATCH", f"customerPayment/{payment}", applying(invoice, apply=False))
    assert "locked by a user defined workflow" in told["detail"]
    assert "locked" in hands.refused("DELETE", f"customerPayment/{payment}")["detail"]
