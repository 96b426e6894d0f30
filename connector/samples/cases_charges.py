"""Named cases about charges, disputes, odd texts and older shapes."""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.catalogue import (
    ARTICLES,
    CITY_TAX,
    DAY,
    HOUR,
    QUARTER_END,
    SALES_TAX,
    VAT_NL,
    Json,
    moment,
)
from connector.samples.invoice_shapes import Item
from connector.samples.payments import Order, take_payment
from connector.samples.refunds import contest, give_back
from connector.samples.sales import (
    Credit,
    bill,
    check_out,
    issue_credit_note,
    name_refund,
    order_for,
    pay,
    sell,
    sell_by_invoice,
)


def refused(account: Account, at: int) -> None:
    """Cards refused, some then charged on the same payment intent; debits returned by the bank."""
    for ordinal in range(7):
        charge = sell(
            account, "SKU-MUG", at + ordinal * 5 * HOUR, customer=account.any_customer("US"), state="declined"
        )
        account.note("card refused", charge["id"])
    for ordinal in range(3):
        customer = account.any_customer("US")
        when = at + DAY + ordinal * HOUR
        first = sell(account, "SKU-SHIRT", when, customer=customer, state="declined")
        again = take_payment(
            account,
            Order(
                at=when + 180,
                amount=first["amount"],
                method="mastercard",
                customer=customer,
                description=first["description"],
                metadata=first["metadata"],
                intent=account.objects["payment_intent"][first["payment_intent"]],
            ),
        )
        if ordinal:
            give_back(account, again, 2500, when + 3 * DAY)
        account.note("refused, then paid", first["metadata"]["order_number"], first["id"], again["id"])
    for ordinal in range(2):
        when = at + 2 * DAY + ordinal * HOUR
        debit: Json = {"method": "us_bank_account", "state": "bounced", "settled_at": when + 4 * DAY}
        charge = sell(account, "SKU-BOOK", when, customer=account.any_customer("US"), **debit)
        account.note("debit returned by the bank", charge["id"])


def captures(account: Account, at: int) -> None:
    """Authorised and not captured; captured in part; captured in the next month."""
    for ordinal in range(2):
        when = QUARTER_END - 3 * DAY + ordinal * HOUR
        charge = sell(account, "SKU-BOOK", when, customer=account.any_customer("US"), state="uncaptured")
        account.note("authorised, not captured", charge["id"])
    for ordinal in range(3):
        charge = sell(
            account,
            "SKU-SHIRT",
            at + ordinal * HOUR,
            quantity=2,
            customer=account.any_customer("US"),
            captured=3000,
            captured_at=at + DAY,
        )
        if ordinal < 2:
            give_back(account, charge, 3000 if ordinal else 1000, at + 3 * DAY)
        account.note("captured in part", charge["metadata"]["order_number"])
    charge = sell(
        account,
        "SKU-BOOK",
        moment("2026-01-30T20:00:00"),
        customer=account.any_customer("US"),
        captured=3995,
        captured_at=moment("2026-02-02T15:00:00"),
    )
    give_back(account, charge, 3995, moment("2026-02-12T15:00:00"))
    account.note("captured in the next month", charge["metadata"]["order_number"])


def disputes(account: Account, at: int) -> None:
    """Lost, won (fee given back or kept), open, inquiry, converted, and one refunded in part before."""
    for ordinal, (status, currency, prefix, fee_back, before) in enumerate(
        (
            ("lost", "usd", "dp", False, 0),
            ("won", "usd", "du", True, 0),
            ("won", "usd", "dp", False, 0),
            ("needs_response", "usd", "dp", False, 2500),
            ("warning_closed", "usd", "du", False, 0),
            ("lost", "cad", "dp", False, 0),
        )
    ):
        customer = account.any_customer("CA" if currency == "cad" else "US")
        when = at + ordinal * 2 * DAY
        charge = sell(account, "SKU-SHIRT", when, quantity=2, currency=currency, customer=customer)
        if before:
            give_back(account, charge, before, when + DAY)
        reason = "fraudulent" if status == "lost" else "product_not_received"
        dispute = contest(
            account, charge, when + 9 * DAY, reason=reason, status=status, prefix=prefix, fee_back=fee_back
        )
        if status == "warning_closed":
            give_back(account, charge, 2500, when + 12 * DAY)
        account.note("dispute", dispute["id"], charge["id"])


def odd_texts(account: Account, at: int) -> None:
    """Names, descriptions and metadata with quotes, line breaks, other scripts, and what looks like code."""
    for ordinal, (name, description) in enumerate(
        (
            ('"Quoted" Example & Söhne <GmbH>', 'Order "one" \\ two; {curly} %s $(three)'),
            ("Zoë O'Exämple 🎁", "Mug\nwith a line break\tand a tab"),
            ("株式会社見本", "マグカップ × 2"),
            ("דוגמה Example", "Mug\u2028with a line separator"),
            ("Line\nBreak Example", "; option 'title' * ! # 2026-01-01"),
        )
    ):
        when = at + ordinal * HOUR
        customer = account.add_customer("US", when - 5 * DAY, name)
        charge = sell(account, "SKU-MUG", when, quantity=2, customer=customer, description=description)
        charge["metadata"].update({"note": "=1+1; \"a\", 'b'", "gift card text": "é" * 200})
        give_back(account, charge, 1200, when + 2 * DAY, metadata={"why": 'broke "in" the post\nsorry'})
        account.note("odd texts", charge["metadata"]["order_number"])
    customer = account.add_customer("US", at - DAY, "Ünïcode\r\nExample")
    items = [Item("SKU-MUG", 1, words='Mug "Größe L"\n(second line)')]
    invoice, charge = sell_by_invoice(account, customer, items, at + 6 * HOUR, tax=SALES_TAX)
    give_back(account, charge, charge["amount"], at + 3 * DAY)
    account.note("odd texts", invoice["number"])


def unpaid_invoices(account: Account, at: int) -> None:
    """Invoices nobody paid: open, void, a draft without a number, and two of 0.00."""
    for ordinal, status in enumerate(("open", "open", "open", "void", "void", "draft")):
        customer = account.any_customer("US")
        items = [Item("SKU-BOOK", 1 + ordinal)]
        invoice = bill(
            account, customer, items, at + ordinal * HOUR, currency="usd", tax=CITY_TAX, status=status
        )
        account.note(f"unpaid invoice: {status}", invoice["number"] or invoice["id"])
    for ordinal in range(2):
        items = [Item("SKU-PLAN-BASIC", unit=0, words="Free trial of Plan Basic")]
        customer = account.any_customer("US")
        invoice = bill(account, customer, items, at + DAY + ordinal * HOUR, currency="usd")
        account.note("invoice of 0.00", invoice["number"])


def transfers(account: Account, at: int) -> None:
    """Bank transfers in euro, refunded by transfer."""
    for ordinal in range(3):
        customer = account.any_customer("NL")
        items = [Item("SKU-BOOK", 2 + ordinal)]
        invoice = bill(
            account, customer, items, at + ordinal * HOUR, currency="eur", tax=VAT_NL, status="open"
        )
        charge = pay(
            account, invoice, order_for(invoice, customer, at + 2 * DAY + ordinal, method="customer_balance")
        )
        if ordinal:
            give_back(account, charge, 3700, at + 9 * DAY)
        account.note("bank transfer", invoice["number"])


def older_shapes(account: Account, at: int) -> None:
    """What API 2022-11-15 did otherwise: a credit note has one refund, charge and invoice name each other."""
    for ordinal, credits in enumerate(([Credit(0, 2500, 1, 2500)], [Credit(None, 500, 1, 500)])):
        customer = account.any_customer("US")
        items = [Item("SKU-SHIRT", 2), Item("SKU-SETUP")]
        invoice, charge = sell_by_invoice(account, customer, items, at + 2 * HOUR + ordinal, tax=SALES_TAX)
        note = issue_credit_note(account, invoice, credits, at + DAY + 60, tax=SALES_TAX)
        refund = give_back(account, charge, note["total"], at + DAY)
        name_refund(note, refund)
        account.note("older shape: credit note with one refund", note["number"], refund["id"])
    customer = account.any_customer("DE")
    items = [Item("SKU-SHIRT", 1), Item("SKU-MUG", 2)]
    invoice, charge = sell_by_invoice(
        account, customer, items, at + 3 * HOUR, currency="eur", tax=VAT_NL, method="mastercard"
    )
    give_back(account, charge, 2300, at + 20 * DAY)
    account.note("older shape: charge and invoice name each other", invoice["number"], charge["id"])


def guests(account: Account, at: int) -> None:
    """Nobody known: no customer, no name; by order number, by checkout, and with no number at all."""
    charge = sell(account, "SKU-SHIRT", at)
    give_back(account, charge, 2500, at + DAY)
    _, bought = check_out(account, [Item("SKU-MUG", 2)], at + HOUR)
    give_back(account, bought, 1200, at + 2 * DAY)
    order = Order(at=at + 2 * HOUR, amount=ARTICLES["SKU-BOOK"].prices["usd"])
    bare = take_payment(account, order)
    give_back(account, bare, 3995, at + 3 * DAY)
    account.note("no customer", charge["metadata"]["order_number"], bought["metadata"]["order_number"])
    account.note("no number: the charge's id serves", bare["id"])
