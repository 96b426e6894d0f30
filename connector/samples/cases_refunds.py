"""Named cases about the life of a refund: waiting, failing, canceled, late."""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.catalogue import DAY, HOUR, QUARTER_END, Json, moment
from connector.samples.invoice_shapes import Item
from connector.samples.refunds import give_back, undo_refund
from connector.samples.sales import sell, sell_by_invoice


def _debit(account: Account, at: int, sku: str = "SKU-BOOK") -> Json:
    customer = account.any_customer("US")
    debit: Json = {"method": "us_bank_account", "settled_at": at + 4 * DAY}
    return sell(account, sku, at, quantity=2, customer=customer, **debit)


def waiting(account: Account, at: int) -> None:
    """Refunds that had not come through when the quarter ended, with and without a balance transaction."""
    for ordinal in range(2):
        charge = sell(
            account,
            "SKU-SHIRT",
            QUARTER_END - 2 * DAY + ordinal * HOUR,
            customer=account.any_customer("US"),
            method="us_bank_account",
            state="pending",
        )
        refund = give_back(
            account, charge, 2500, QUARTER_END - DAY + ordinal, status="pending", on_balance=False
        )
        refund["pending_reason"] = "charge_pending"
        account.note("pending: the charge is still pending", refund["id"])
    for ordinal in range(3):
        charge = _debit(account, at + ordinal * HOUR)
        refund = give_back(account, charge, 3995, QUARTER_END - 2 * DAY + ordinal, status="pending")
        refund["pending_reason"] = "processing"
        account.note("pending: already taken from the balance", refund["id"])
    for ordinal in range(2):
        charge = sell(account, "SKU-SHIRT", at + ordinal * HOUR, customer=account.any_customer("US"))
        refund = give_back(
            account, charge, 2500, QUARTER_END - DAY // 2 + ordinal, status="pending", on_balance=False
        )
        refund["pending_reason"] = "insufficient_funds"
        account.note("pending: no funds yet", refund["id"])


def customer_must_act(account: Account, at: int) -> None:
    """Konbini: the customer has to name a bank account by e-mail; one has not yet, one never did."""
    for ordinal, canceled in enumerate((False, False, True)):
        charge = sell(
            account,
            "SKU-SHIRT",
            at + ordinal * HOUR,
            currency="jpy",
            customer=account.any_customer("JP"),
            method="konbini",
        )
        when = at + 3 * DAY if canceled else QUARTER_END - 4 * DAY + ordinal * HOUR
        refund = give_back(account, charge, 3900, when, status="requires_action", on_balance=False)
        refund["instructions_email"] = "customer@example.com"
        if canceled:
            undo_refund(account, refund, when + 20 * DAY, "unknown", status="canceled")
            account.note("canceled: the customer never answered", refund["id"])
            continue
        email = {"email_sent_at": when + 5, "email_sent_to": "customer@example.com"}
        details = {"email_sent": email, "expires_at": when + 45 * DAY}
        refund["next_action"] = {"display_details": details, "type": "display_details"}
        account.note("requires_action", refund["id"])


def canceled(account: Account, at: int) -> None:
    """Canceled after the money had left: it comes back with a transaction of its own."""
    for ordinal in range(2):
        charge = sell(account, "SKU-BOOK", at + ordinal * HOUR, customer=account.any_customer("US"))
        refund = give_back(account, charge, 1995 + 2000 * ordinal, at + DAY)
        undo_refund(account, refund, at + DAY + 20 * 60, "merchant_request", status="canceled")
        account.note("canceled: the money came back", refund["id"])
    charge = sell(
        account,
        "SKU-MUG",
        at,
        customer=account.any_customer("US"),
        method="us_bank_account",
        state="bounced",
        settled_at=at + 4 * DAY,
    )
    refund = give_back(account, charge, 1200, at + DAY, status="pending", on_balance=False)
    undo_refund(account, refund, at + 6 * DAY, "unknown", status="canceled")
    account.note("canceled: the charge failed", refund["id"])


def failed_later(account: Account, at: int) -> None:
    """Succeeded, then failed in the same month or the next, on cards, a debit and an invoice."""
    same, later = "failed after success, same month", "failed after success, next month"
    for case, made, undone, reason in (
        (same, "2026-01-06T16:00:00", "2026-01-21T08:00:00", "expired_or_canceled_card"),
        (same, "2026-02-03T16:00:00", "2026-02-25T08:00:00", "lost_or_stolen_card"),
        (same, "2026-03-04T16:00:00", "2026-03-19T08:00:00", "unknown"),
        (later, "2026-01-19T16:00:00", "2026-02-09T08:00:00", "lost_or_stolen_card"),
        (later, "2026-01-30T16:00:00", "2026-02-27T08:00:00", "declined"),
        (later, "2026-02-18T16:00:00", "2026-03-12T08:00:00", "expired_or_canceled_card"),
    ):
        customer = account.any_customer("US")
        charge = sell(account, "SKU-BOOK", moment(made) - DAY, quantity=2, customer=customer)
        refund = give_back(account, charge, 7990 if case == same else 3995, moment(made))
        undo_refund(account, refund, moment(undone), reason)
        account.note(case, refund["id"])
    invoice, charge = sell_by_invoice(account, account.any_customer("US"), [Item("SKU-SETUP")], at)
    refund = give_back(account, charge, 10000, at + DAY)
    undo_refund(account, refund, at + 15 * DAY, "lost_or_stolen_card")
    again = give_back(account, charge, 10000, at + 16 * DAY)
    account.note("failed, then refunded again", invoice["number"], refund["id"], again["id"])
    charge = _debit(account, at)
    refund = give_back(account, charge, 7990, at + 6 * DAY)
    undo_refund(account, refund, at + 12 * DAY, "declined")
    account.note("failed after success, bank debit", refund["id"])


def failed_converted(account: Account, at: int) -> None:
    """A converted refund fails; the money comes back at the refund's rate once, at another once."""
    for ordinal, rate in enumerate((None, 1_339_050)):
        customer = account.any_customer("GB")
        charge = sell(account, "SKU-BOOK", at + ordinal * HOUR, currency="gbp", customer=customer)
        refund = give_back(account, charge, 3150, at + 4 * DAY)
        undo_refund(account, refund, at + 19 * DAY, "declined", rate=rate)
        account.note("failed after success, converted", refund["id"])


def failed_unpaid(account: Account, at: int) -> None:
    """Waited for funds until the window closed: failed without ever touching the balance."""
    charge = sell(account, "SKU-SHIRT", at, customer=account.any_customer("US"))
    refund = give_back(account, charge, 2500, at + DAY, status="pending", on_balance=False)
    undo_refund(account, refund, at + 30 * DAY, "insufficient_funds")
    account.note("failed without touching the balance", refund["id"])


def booked_on_another_day(account: Account, at: int) -> None:
    """The balance moves days after the refund was made, once in the next month: the debit came in first."""
    for made in ("2026-01-29T15:00:00", "2026-02-10T15:00:00", "2026-03-05T15:00:00"):
        charge = _debit(account, moment(made), "SKU-MUG")
        booked = moment(made) + 5 * DAY
        refund = give_back(account, charge, 1200, moment(made) + DAY, booked_at=booked)
        account.note("balance transaction on another day", refund["id"])


def january_in_march(account: Account, at: int) -> None:
    """Sold in January, refunded in March."""
    for ordinal, sku in enumerate(("SKU-MUG", "SKU-SHIRT", "SKU-BOOK", "SKU-BOOK", "SKU-SHIRT", "SKU-MUG")):
        charge = sell(account, sku, at + ordinal * 2 * DAY, quantity=2, customer=account.any_customer("US"))
        amount = charge["amount"] if ordinal % 2 == 0 else charge["amount"] // 2
        give_back(account, charge, amount, moment("2026-03-03T18:00:00") + ordinal * 4 * DAY)
        account.note("sold in January, refunded in March", charge["metadata"]["order_number"])


def near_midnight(account: Account, at: int) -> None:
    """Sales and refunds while UTC and New York have different days or months, and at the clock change."""
    for sold, back in (
        ("2026-01-15T12:00:00", "2026-02-01T04:59:59"),
        ("2026-01-15T12:00:10", "2026-02-01T05:00:00"),
        ("2026-02-01T03:30:00", "2026-02-02T12:00:00"),
        ("2026-02-01T04:59:59", "2026-03-01T04:59:59"),
        ("2026-03-01T00:00:00", "2026-03-01T05:00:00"),
        ("2026-03-08T06:59:59", "2026-03-08T07:00:00"),
        ("2026-03-08T04:30:00", "2026-03-09T03:59:59"),
        ("2026-03-09T04:00:00", "2026-03-31T23:59:59"),
    ):
        charge = sell(account, "SKU-MUG", moment(sold), quantity=2, customer=account.any_customer("US"))
        refund = give_back(account, charge, 2400, moment(back))
        account.note("near midnight or a month's end", refund["id"])
    new_year = sell(account, "SKU-BOOK", moment("2026-01-01T03:30:00"), customer=account.any_customer("US"))
    account.note("still 2025 in New York (never refunded)", new_year["id"])
