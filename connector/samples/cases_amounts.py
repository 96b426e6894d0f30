"""Named cases about amounts: the worked example, parts, taxes, lines, credit notes, several charges."""

from __future__ import annotations

from connector.samples.account import Account
from connector.samples.catalogue import (
    CITY_TAX,
    DAY,
    HOUR,
    JCT,
    SALES_TAX,
    VAT_NL,
    Json,
)
from connector.samples.invoice_shapes import Item
from connector.samples.refunds import give_back
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

WORKED_PARTS = (3300, 3300, 4400)


def worked_example(account: Account, at: int) -> None:
    """110.00 = 100.00 + 10.00 tax, refunded 33.00, 33.00, 44.00: once by invoice, once by checkout."""
    customer = account.any_customer("US")
    invoice, billed = sell_by_invoice(account, customer, [Item("SKU-SETUP")], at, tax=SALES_TAX)
    items = [Item("SKU-SHIRT", 2), Item("SKU-MUG", 5, discount=1000)]
    _, bought = check_out(account, items, at + HOUR, tax=SALES_TAX)
    for charge in (billed, bought):
        for ordinal, part in enumerate(WORKED_PARTS):
            give_back(account, charge, part, at + (2 + 5 * ordinal) * DAY)
    account.note("worked example by invoice", invoice["number"], billed["id"])
    account.note("worked example by checkout", bought["metadata"]["order_number"], bought["id"])


def many_parts(account: Account, at: int) -> None:
    """First, second and third refund of one sale, the last one closing it or not."""
    for sku, quantity, parts in (
        ("SKU-SHIRT", 3, (2500, 2500, 2500)),
        ("SKU-MUG", 5, (1200, 1200, 1200)),
        ("SKU-BOOK", 1, (995, 1000, 2000)),
        ("SKU-BOOK", 2, (1, 7988, 1)),
    ):
        charge = sell(account, sku, at, quantity=quantity, customer=account.any_customer("US"))
        for ordinal, part in enumerate(parts):
            give_back(account, charge, part, at + (1 + 4 * ordinal) * DAY + 17)
        account.note("three refunds of one sale", charge["metadata"]["order_number"])


def same_second(account: Account, at: int) -> None:
    """A batch of refunds in one second, two of them of one charge."""
    charges = [
        sell(account, sku, at - DAY + ordinal * HOUR, quantity=2)
        for ordinal, sku in enumerate(("SKU-MUG", "SKU-SHIRT", "SKU-BOOK", "SKU-MUG", "SKU-SHIRT"))
    ]
    refunds = [give_back(account, charge, charge["amount"] // 2, at) for charge in charges]
    refunds.append(give_back(account, charges[0], charges[0]["amount"] // 2, at))
    account.note("refunds in one second", *(refund["id"] for refund in refunds))


def two_charges_one_invoice(account: Account, at: int) -> None:
    """Invoices paid by two charges: one refunded in each, in both, and one with a part still open."""
    for place, share in enumerate((5000, 6000, 3000)):
        customer = account.any_customer("US")
        items = [Item("SKU-SETUP"), Item("SKU-BOOK", 1)]
        tax = SALES_TAX if place == 0 else None
        invoice = bill(account, customer, items, at + place * HOUR, currency="usd", tax=tax, status="open")
        rest = invoice["total"] - share - (2000 if place == 2 else 0)
        one = pay(account, invoice, order_for(invoice, customer, at + place * HOUR + 60, share))
        method: Json = {"method": "us_bank_account", "settled_at": at + 6 * DAY} if place == 1 else {}
        two = pay(account, invoice, order_for(invoice, customer, at + DAY + place * HOUR, rest, **method))
        give_back(account, one, share, at + 8 * DAY)
        if place == 0:
            give_back(account, two, rest // 2, at + 9 * DAY)
        account.note("two charges on one invoice", invoice["number"], one["id"], two["id"])


def taxes(account: Account, at: int) -> None:
    """Inclusive, exclusive and no tax on otherwise equal invoices, each with a partial refund."""
    items = [Item("SKU-SHIRT", 2), Item("SKU-BOOK", 1), Item("SKU-MUG", 3)]
    for case, country, currency, tax, part in (
        ("tax inclusive", "NL", "eur", VAT_NL, 2300),
        ("tax inclusive", "JP", "jpy", JCT, 3900),
        ("tax exclusive", "US", "usd", CITY_TAX, 2722),
        ("no tax", "US", "usd", None, 2500),
    ):
        customer = account.any_customer(country)
        invoice, charge = sell_by_invoice(account, customer, items, at, currency=currency, tax=tax)
        give_back(account, charge, part, at + 3 * DAY)
        account.note(case, invoice["number"])
        at += HOUR


def discounts(account: Account, at: int) -> None:
    """Invoices with a discount on a line, refunded in part and wholly."""
    for tax, whole in ((SALES_TAX, False), (None, True), (CITY_TAX, True)):
        items = [Item("SKU-BOOK", 2, discount=1000), Item("SKU-MUG", 1)]
        customer = account.any_customer("US")
        invoice, charge = sell_by_invoice(account, customer, items, at, tax=tax)
        give_back(account, charge, charge["amount"] if whole else 2000, at + 2 * DAY)
        account.note("discounted invoice", invoice["number"])
        at += HOUR


def refund_lines(account: Account, at: int) -> None:
    """Refund metadata `refund_lines` says what came back: SKU, quantity, gross amount in major units."""
    for sku, currency, quantity, part, text in (
        ("SKU-MUG", "usd", 3, 1200, '[{"sku":"SKU-MUG","quantity":1,"amount":"12.00"}]'),
        ("SKU-SHIRT", "usd", 2, 2500, '[{"sku":"SKU-SHIRT","quantity":1,"amount":"25.00"}]'),
        ("SKU-MUG", "jpy", 2, 1800, '[{"sku":"SKU-MUG","quantity":1,"amount":"1800"}]'),
        ("SKU-SHIRT", "kwd", 2, 7750, '[{"sku":"SKU-SHIRT","quantity":1,"amount":"7.750"}]'),
    ):
        country = {"usd": "US", "jpy": "JP", "kwd": "KW"}[currency]
        customer = account.any_customer(country)
        charge = sell(account, sku, at, quantity=quantity, currency=currency, customer=customer)
        refund = give_back(account, charge, part, at + 2 * DAY, metadata={"refund_lines": text})
        account.note("refund_lines in metadata", refund["id"])
        at += HOUR
    items = [Item("SKU-MUG", 2), Item("SKU-SHIRT", 1), Item("SKU-BOOK", 1)]
    invoice, billed = sell_by_invoice(account, account.any_customer("US"), items, at, tax=SALES_TAX)
    text = (
        '[{"sku":"SKU-MUG","quantity":1,"amount":"13.20"},{"sku":"SKU-SHIRT","quantity":1,"amount":"27.50"}]'
    )
    refund = give_back(
        account, billed, 4070, at + 3 * DAY, metadata={"refund_lines": text, "agent": "desk 2"}
    )
    account.note("refund_lines in metadata", refund["id"], invoice["number"])
    _, bought = check_out(account, items, at + HOUR)
    text = '[{"sku":"SKU-BOOK","quantity":1,"amount":"39.95"}]'
    refund = give_back(account, bought, 3995, at + 4 * DAY, metadata={"refund_lines": text})
    account.note("refund_lines in metadata", refund["id"])


def _credited(account: Account, at: int, credits: list[Credit], *, more: int = 0) -> tuple[Json, Json]:
    """An invoice with 10 % tax, a credit note of those lines and the refund of its total and `more`."""
    items = [Item("SKU-SHIRT", 2), Item("SKU-MUG", 4)]
    invoice, charge = sell_by_invoice(account, account.any_customer("US"), items, at, tax=SALES_TAX)
    note = issue_credit_note(account, invoice, credits, at + 5 * DAY + 30, tax=SALES_TAX)
    refund = give_back(account, charge, note["total"] + more, at + 5 * DAY)
    name_refund(note, refund, note["total"])
    return note, refund


def credit_notes(account: Account, at: int) -> None:
    """Credit notes that name their refund, by invoice line and by custom line."""
    for ordinal, credits in enumerate(
        (
            [Credit(0, 2500, 1, 2500)],
            [Credit(0, 5000, 2, 2500), Credit(1, 4800, 4, 1200)],
            [Credit(1, 1200, 1, 1200), Credit(0, 2500, 1, 2500)],
            [Credit(None, 1000, 1, 1000)],
            [Credit(0, 1500, 0, 0)],
            [Credit(1, 600, None, None)],
        )
    ):
        note, refund = _credited(account, at + ordinal * DAY, credits)
        account.note("credit note with lines", note["number"], refund["id"])


def odd_credit_notes(account: Account, at: int) -> None:
    """No lines; only part of the refund; two notes for one refund; a day late; void."""
    customer = account.any_customer("NL")
    invoice, charge = sell_by_invoice(account, customer, [Item("SKU-BOOK")], at, currency="eur", tax=VAT_NL)
    refund = give_back(account, charge, charge["amount"], at + DAY)
    note = issue_credit_note(account, invoice, [], at + DAY + 5, total=charge["amount"])
    name_refund(note, refund)
    account.note("credit note without lines", note["number"], refund["id"])

    note, refund = _credited(account, at + HOUR, [Credit(0, 2500, 1, 2500)], more=1100)
    account.note("credit note for part of a refund", note["number"], refund["id"])

    items = [Item("SKU-SHIRT", 1), Item("SKU-MUG", 1)]
    invoice, charge = sell_by_invoice(account, account.any_customer("US"), items, at + 2 * HOUR)
    refund = give_back(account, charge, 3700, at + 2 * DAY)
    for place, amount in ((0, 2500), (1, 1200)):
        note = issue_credit_note(account, invoice, [Credit(place, amount, 1, amount)], at + 2 * DAY + 60)
        name_refund(note, refund, amount)
        account.note("two credit notes for one refund", note["number"])

    invoice, charge = sell_by_invoice(account, account.any_customer("US"), items, at + 3 * HOUR)
    refund = give_back(account, charge, 2500, at + 2 * DAY + HOUR)
    note = issue_credit_note(account, invoice, [Credit(0, 2500, 1, 2500)], at + 3 * DAY + 2 * HOUR)
    name_refund(note, refund)
    account.note("credit note a day after the refund", note["number"], refund["id"])

    note, refund = _credited(account, at + 4 * HOUR, [Credit(1, 1200, 1, 1200)])
    note.update(status="void", voided_at=note["created"] + DAY)
    account.objects["invoice"][note["invoice"]]["post_payment_credit_notes_amount"] -= note["total"]
    account.note("void credit note", note["number"], refund["id"])
