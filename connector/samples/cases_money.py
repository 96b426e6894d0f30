"""Named cases about currencies, rates and fees."""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.catalogue import DAY, HOUR, JCT, Json
from connector.samples.invoice_shapes import Item
from connector.samples.payments import Order, take_payment
from connector.samples.refunds import give_back
from connector.samples.sales import check_out, sell, sell_by_invoice
from connector.samples.settlement import converted, rate_of_day


def own_balance(account: Account, at: int) -> None:
    """Charges settled in the balance of their own currency: eur, jpy (no decimals), kwd (three)."""
    for country, currency, sku in (
        ("DE", "eur", "SKU-SHIRT"),
        ("JP", "jpy", "SKU-BOOK"),
        ("KW", "kwd", "SKU-BOOK"),
        ("KW", "kwd", "SKU-SHIRT"),
        ("JP", "jpy", "SKU-SHIRT"),
    ):
        customer = account.any_customer(country)
        charge = sell(account, sku, at, quantity=2, currency=currency, customer=customer)
        give_back(account, charge, charge["amount"] // 20 * 10, at + 4 * DAY)
        account.note(f"settled in its own currency: {currency}", charge["metadata"]["order_number"])
        at += HOUR
    customer = account.any_customer("JP")
    invoice, charge = sell_by_invoice(account, customer, [Item("SKU-MUG", 3)], at, currency="jpy", tax=JCT)
    give_back(account, charge, charge["amount"], at + 2 * DAY)
    account.note("settled in its own currency: jpy", invoice["number"])


def converted_sales(account: Account, at: int) -> None:
    """eur, gbp, cad and jpy charges converted to usd and refunded at another day's rate."""
    for country, currency in (("DE", "eur"), ("GB", "gbp"), ("CA", "cad"), ("JP", "jpy")):
        customer = account.any_customer(country)
        for whole in (True, False):
            charge = sell(account, "SKU-BOOK", at, quantity=2, currency=currency, customer=customer)
            amount = charge["amount"] if whole else charge["amount"] // 2
            refund = give_back(account, charge, amount, at + 9 * DAY)
            account.note(f"converted to usd: {currency}", charge["metadata"]["order_number"], refund["id"])
            at += HOUR


def parts_do_not_add_up(account: Account, at: int) -> None:
    """Refunded in parts at the charge's own rate: the converted parts are a cent off the converted whole."""
    for country, currency in (("CA", "cad"), ("GB", "gbp")):
        rate = rate_of_day(currency, at)
        charge = sell(
            account, "SKU-SHIRT", at, currency=currency, customer=account.any_customer(country), rate=rate
        )
        first = _uneven_part(charge["amount"], rate)
        give_back(account, charge, first, at + 2 * DAY, rate=rate)
        give_back(account, charge, charge["amount"] - first, at + 5 * DAY, rate=rate)
        account.note("converted parts do not add up", charge["metadata"]["order_number"])


def _uneven_part(whole: int, rate: int) -> int:
    return next(
        part
        for part in range(whole // 3, whole)
        if converted(part, rate) + converted(whole - part, rate) != converted(whole, rate)
    )


def fees(account: Account, at: int) -> None:
    """Refunds whose own fee is negative (given back) or positive (charged)."""
    for ordinal, (sku, part) in enumerate((("SKU-BOOK", 3995), ("SKU-BOOK", 1000), ("SKU-MUG", 1200))):
        charge = sell(account, sku, at + ordinal * HOUR, customer=account.any_customer("US"))
        refund = give_back(account, charge, part, at + 2 * DAY, fee="back", reason="duplicate")
        account.note("fee given back", refund["id"])
    customer = account.any_customer("GB")
    charge = sell(account, "SKU-SHIRT", at + 4 * HOUR, currency="gbp", customer=customer)
    account.note(
        "fee given back", give_back(account, charge, charge["amount"], at + 3 * DAY, fee="back")["id"]
    )
    for ordinal in range(3):
        when = at + (5 + ordinal) * HOUR
        debit: Json = {"method": "sepa_debit", "settled_at": when + 5 * DAY}
        customer = account.any_customer("DE")
        charge = sell(account, "SKU-BOOK", when, currency="eur", customer=customer, **debit)
        refund = give_back(account, charge, charge["amount"], at + 8 * DAY, fee="charged")
        account.note("fee for a refund", refund["id"])


def presentment(account: Account, at: int) -> None:
    """Adaptive pricing: the customer saw and paid euro, the charge is in usd."""
    for quantity in (1, 2):
        _, charge = check_out(account, [Item("SKU-SHIRT", quantity)], at + quantity * HOUR)
        intent = account.objects["payment_intent"][charge["payment_intent"]]
        shown = {"presentment_amount": 2251 * quantity, "presentment_currency": "eur"}
        charge["presentment_details"] = dict(shown)
        intent["presentment_details"] = dict(shown)
        refund = give_back(account, charge, 2500, at + 2 * DAY)
        refund["presentment_details"] = {"presentment_amount": 2251, "presentment_currency": "eur"}
        account.note("customer saw another currency", charge["metadata"]["order_number"])


def without_intent(account: Account, at: int) -> None:
    """Older integrations charge without a payment intent; marketplace payments arrive by transfer."""
    for ordinal, sku in enumerate(("SKU-BOOK", "SKU-SHIRT", "SKU-MUG", "SKU-MUG")):
        customer = account.any_customer("US")
        charge = sell(account, sku, at + ordinal * HOUR, customer=customer, with_intent=False)
        amount = charge["amount"] if ordinal % 2 == 0 else charge["amount"] // 2
        refund = give_back(account, charge, amount, at + 6 * DAY + ordinal)
        account.note("refund without payment intent", refund["id"])
    for ordinal in range(4):
        when = at + (6 + ordinal) * HOUR
        order = Order(at=when, amount=4200 + 350 * ordinal, method="stripe_account", with_intent=False)
        charge = take_payment(account, order)
        charge["source_transfer"] = account.dice.object_id("tr")
        amount = charge["amount"] if ordinal < 2 else 1050
        refund = give_back(account, charge, amount, at + 7 * DAY + ordinal)
        refund["source_transfer_reversal"] = account.dice.object_id("trr")
        account.note("marketplace refund (pyr_, source transfer)", refund["id"])
