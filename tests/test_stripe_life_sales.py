"""Sales with lines in an account of the stand-in for Stripe, and what Connect takes back from other accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe as stripe_python
from fake_account import NOON, client_of, event_types, ids
from vendors.fake_stripe import FakeStripe
from vendors.stripe_account import DAY
from vendors.stripe_life import Credit, Item, StripeLife

from connector.samples.catalogue import SALES_TAX

BRANCH = "acct_1Branch"


@pytest.fixture
def fake() -> Iterator[FakeStripe]:
    with FakeStripe(NOON) as one:
        yield one


@pytest.fixture
def life(fake: FakeStripe) -> Iterator[StripeLife]:
    made = StripeLife(fake)
    yield made
    for one in fake.lives.values():
        one.check()


@pytest.fixture
def client(fake: FakeStripe) -> Any:
    return client_of(fake)


def paid_by(client: Any, charge: dict[str, Any]) -> Any:
    payment = {"type": "payment_intent", "payment_intent": charge["payment_intent"]}
    return client.v1.invoice_payments.list({"payment": payment, "expand": ["data.invoice"]}).data[0]


# ---------------------------------------------------------------------------------------------- invoices


def test_an_invoice_is_paid_by_one_charge(life: StripeLife, client: Any) -> None:
    invoice, charge = life.sell_by_invoice([Item("SKU-MUG", 2), Item("SKU-SHIRT")], tax=SALES_TAX)
    payment = paid_by(client, charge)
    assert (payment.status, payment.amount_paid, payment.is_default) == ("paid", 5390, True)
    assert (payment.invoice.status, payment.invoice.total, payment.invoice.amount_remaining) == (
        "paid",
        5390,
        0,
    )
    assert len(client.v1.invoices.line_items.list(invoice["id"], {}).data) == 2
    price = payment.invoice.lines.data[0].pricing.price_details.price
    assert client.v1.prices.retrieve(price).product == client.v1.products.list({}).data[-1].id
    assert event_types(life, invoice["id"]) == [
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]
    assert event_types(life, payment.id) == ["invoice_payment.paid"]


def test_an_invoice_may_be_paid_in_parts(life: StripeLife, client: Any) -> None:
    invoice = life.invoice([Item("SKU-SETUP")])
    first = life.pay_invoice(invoice, 4000)
    assert (invoice["status"], invoice["amount_remaining"]) == ("open", 6000)
    second = life.pay_invoice(invoice, method="us_bank_account")
    assert invoice["status"] == "open"
    assert (paid_by(client, second).status, paid_by(client, second).is_default) == ("open", False)
    life.advance(days=4)
    life.settle(second)
    assert (paid_by(client, second).status, invoice["status"]) == ("paid", "paid")
    assert paid_by(client, second).status_transitions.paid_at == NOON + 4 * DAY
    listed = client.v1.invoice_payments.list({"invoice": invoice["id"]}).data
    assert [one.amount_paid for one in listed] == [6000, 4000]
    assert life.charges_of(invoice) == [second, first]
    with pytest.raises(ValueError, match="has 0 left to pay"):
        life.pay_invoice(invoice, 1)


def test_a_payment_may_be_there_long_before_it_is_paid(life: StripeLife, client: Any) -> None:
    invoice = life.invoice([Item("SKU-MUG")], with_payment=True)
    waiting = client.v1.invoice_payments.list({"invoice": invoice["id"]}).data[0]
    assert (waiting.status, waiting.amount_paid) == ("open", None)
    life.advance(days=60)
    charge = life.pay_invoice(invoice)
    payment = paid_by(client, charge)
    assert (payment.id, payment.status, payment.created) == (waiting.id, "paid", NOON)
    assert (charge["created"], life.intent_of(charge)["created"]) == (NOON + 60 * DAY, NOON)


def test_a_checkout_is_opened_and_completed(life: StripeLife, client: Any) -> None:
    session = life.open_session([Item("SKU-BOOK", 2), Item("SKU-MUG")], reference="1001")
    assert client.v1.checkout.sessions.list({"status": "complete"}).data == []
    life.advance(300)
    charge = life.complete_session(session)
    asked = {"payment_intent": charge["payment_intent"], "expand": ["data.line_items"]}
    read = client.v1.checkout.sessions.list(asked).data[0]
    assert (read.status, read.payment_status, read.client_reference_id) == ("complete", "paid", "1001")
    assert [line.amount_total for line in read.line_items.data] == [7990, 1200]
    assert (read.created, charge["amount"], charge["created"]) == (NOON, 9190, NOON + 300)
    debit, waiting = life.check_out([Item("SKU-MUG")], method="us_bank_account")
    assert debit["payment_status"] == "unpaid"
    life.settle(waiting)
    assert debit["payment_status"] == "paid"
    assert event_types(life, debit["id"])[-1] == "checkout.session.async_payment_succeeded"
    left = life.open_session([Item("SKU-MUG")])
    life.expire_session(left)
    assert (left["status"], event_types(life, left["id"])) == ("expired", ["checkout.session.expired"])


# ---------------------------------------------------------------------------------------------- credit notes


def test_a_credit_note_with_its_refund(life: StripeLife, client: Any) -> None:
    invoice, charge = life.sell_by_invoice([Item("SKU-SHIRT", 2)], tax=SALES_TAX)
    life.advance(60)
    note = life.credit_note(invoice, [Credit(0, 2500, 1, 2500)], refund_amount=2750, tax=SALES_TAX)
    read = client.v1.credit_notes.list({"invoice": invoice["id"], "expand": ["data.refunds.refund"]}).data[0]
    assert (read.total, read.number, read.refunds[0].amount_refunded) == (2750, "LIFE-0001-CN-01", 2750)
    assert (read.refunds[0].refund.charge, read.refunds[0].refund.created) == (charge["id"], read.created)
    assert client.v1.invoices.retrieve(invoice["id"]).post_payment_credit_notes_amount == 2750
    assert event_types(life, note["id"]) == ["credit_note.created"]


def test_a_credit_note_before_and_after_its_refund(life: StripeLife, client: Any) -> None:
    invoice, charge = life.sell_by_invoice([Item("SKU-SHIRT", 2)])
    before = life.credit_note(invoice, [Credit(None, 1000)])
    assert client.v1.credit_notes.retrieve(before["id"]).refunds == []
    refund = life.refund(charge, 1500)
    life.advance(days=1)
    life.name_refund(before, refund, 1000)
    after = life.credit_note(invoice, [Credit(None, 500)], refunds=[(refund, 500)])
    assert event_types(life, before["id"]) == ["credit_note.created", "credit_note.updated"]
    listed = client.v1.credit_notes.list({"invoice": invoice["id"]})
    assert ids(listed) == [after["id"], before["id"]]
    assert {one.refunds[0].refund for one in listed.data} == {refund["id"]}
    assert sum(one.refunds[0].amount_refunded for one in listed.data) == refund["amount"]
    with pytest.raises(ValueError, match="explained twice"):
        life.credit_note(invoice, [Credit(None, 100)], refunds=[(refund, 100)])
    with pytest.raises(ValueError, match="would pay back 101"):
        life.credit_note(invoice, [Credit(None, 100)], refunds=[(life.refund(charge, 101), 101)])
    with pytest.raises(ValueError, match="more would be credited"):
        life.credit_note(invoice, [Credit(None, 4000)])


def test_a_void_credit_note_leaves_the_refund(life: StripeLife, client: Any) -> None:
    invoice, charge = life.sell_by_invoice([Item("SKU-SHIRT", 2)])
    note = life.credit_note(invoice, [], total=1000, refund_amount=1000)
    life.advance(days=1)
    life.void_credit_note(note)
    read = client.v1.credit_notes.retrieve(note["id"])
    assert (read.status, read.voided_at, read.lines.data) == ("void", NOON + DAY, [])
    assert client.v1.refunds.retrieve(read.refunds[0].refund).status == "succeeded"
    assert (charge["amount_refunded"], invoice["post_payment_credit_notes_amount"]) == (1000, 0)
    assert event_types(life, note["id"])[-1] == "credit_note.voided"
    # Another note may explain the refund now.
    refund = life.refunds_of(charge)[0]
    again = life.credit_note(invoice, [Credit(None, 1200)], refunds=[(refund, 1000)], out_of_band=200)
    assert again["number"].endswith("-CN-02")


# ---------------------------------------------------------------------------------------------- Connect


def test_a_refund_takes_its_part_back_from_the_connected_account(
    fake: FakeStripe, life: StripeLife, client: Any
) -> None:
    charge = life.destination_charge(10_000, destination=BRANCH, application_fee=1000)
    life.advance(days=1)
    refund = life.refund(charge, 2500, reverse_transfer=True, refund_application_fee=True)
    read = client.v1.refunds.retrieve(refund["id"], {"expand": ["transfer_reversal.balance_transaction"]})
    reversal = read.transfer_reversal
    assert (reversal.id[:4], reversal.amount, reversal.source_refund) == ("trr_", 2500, refund["id"])
    money = reversal.balance_transaction
    assert (money.type, money.reporting_category, money.amount) == (
        "transfer_refund",
        "transfer_reversal",
        2500,
    )
    assert client.v1.transfers.reversals.retrieve(charge["transfer"], reversal.id).id == reversal.id
    assert ids(client.v1.transfers.reversals.list(charge["transfer"], {})) == [reversal.id]
    transfer = client.v1.transfers.retrieve(charge["transfer"])
    assert (transfer.amount_reversed, transfer.reversed, ids(transfer.reversals)) == (
        2500,
        False,
        [reversal.id],
    )

    fee = client.v1.application_fees.retrieve(charge["application_fee"])
    assert (fee.amount, fee.amount_refunded, fee.account, fee.refunds.data[0].id[:3]) == (
        1000,
        250,
        BRANCH,
        "fr_",
    )
    given = client.v1.application_fees.refunds.list(fee.id, {"expand": ["data.balance_transaction"]}).data[0]
    moved = given.balance_transaction
    assert (moved.type, moved.reporting_category, moved.amount) == (
        "application_fee_refund",
        "platform_earning_refund",
        -250,
    )

    branch = client_of(fake, account=BRANCH)
    other = branch.v1.refunds.list({"expand": ["data.charge", "data.balance_transaction"]}).data[0]
    assert (other.id, other.id[:4]) == (reversal.destination_payment_refund, "pyr_")
    assert (other.payment_intent, other.source_transfer_reversal) == (None, reversal.id)
    assert (other.charge.source_transfer, other.charge.amount_refunded) == (transfer.id, 2500)
    assert (other.balance_transaction.type, other.balance_transaction.amount) == ("payment_refund", -2500)
    event = branch.v1.events.list({"type": "refund.created"}).data[0]
    assert (event.account, event.data.object.id) == (BRANCH, other.id)
    assert client.v1.refunds.list({}).data[0].id == refund["id"]


def test_a_transfer_is_reversed_without_a_refund(fake: FakeStripe, life: StripeLife, client: Any) -> None:
    charge = life.destination_charge(10_000, destination=BRANCH)
    transfer = life.find(charge["transfer"])
    first = life.reverse_transfer(transfer, 4000)
    life.reverse_transfer(transfer)
    assert (transfer["reversed"], first["source_refund"], charge["amount_refunded"]) == (True, None, 0)
    branch = client_of(fake, account=BRANCH)
    assert [one.amount for one in branch.v1.refunds.list({}).data] == [6000, 4000]
    assert branch.v1.charges.list({}).data[0].refunded is True
    assert event_types(life, transfer["id"]) == ["transfer.created", "transfer.reversed", "transfer.reversed"]
    with pytest.raises(ValueError, match="has 0 left to reverse"):
        life.reverse_transfer(transfer, 1)


def test_a_failed_refund_comes_back_to_the_platform_alone(
    fake: FakeStripe, life: StripeLife, client: Any
) -> None:
    charge = life.destination_charge(10_000, destination=BRANCH)
    refund = life.refund(charge, reverse_transfer=True)
    life.fail(refund)
    listed = client.v1.balance_transactions.list({"source": refund["id"]}).data
    assert [one.amount for one in listed] == [10_000, -10_000]
    assert client_of(fake, account=BRANCH).v1.refunds.list({}).data[0].status == "succeeded"


def test_connect_lists_need_their_own_permissions(fake: FakeStripe, life: StripeLife) -> None:
    charge = life.destination_charge(10_000, destination=BRANCH, application_fee=100)
    refund = life.refund(charge, 100, reverse_transfer=True)
    fake.keys["rk_test_some"] = {"rak_charge_read"}
    client = client_of(fake, "rk_test_some")
    asked: list[tuple[Callable[[], Any], str]] = [
        (lambda: client.v1.transfers.list({}), "rak_transfer_read"),
        (lambda: client.v1.application_fees.list({}), "rak_application_fee_read"),
        (
            lambda: client.v1.refunds.retrieve(refund["id"], {"expand": ["transfer_reversal"]}),
            "rak_transfer_read",
        ),
    ]
    for ask, permission in asked:
        with pytest.raises(stripe_python.PermissionError, match=permission):
            ask()
