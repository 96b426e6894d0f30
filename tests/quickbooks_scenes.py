"""What is still to be posted to a QuickBooks company when a fault strikes: small scenes, each with what came before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from quickbooks_books import QuickBooksBooks, quickbooks
from quickbooks_hands import form, item_line, pay_line, payment
from quickbooks_stage import Scene, Stage, make_stage
from small_books import MEMO_RULES
from small_shop import Shop
from vendors.quickbooks import Moods
from vendors.quickbooks.wire import Json

FOUND_RULES = [
    {"name": "deposit", "when": {"sale": "payment"}, "then": "refund_payout"},
    {"name": "open again", "when": {"payment": "applied"}, "then": "reopen_invoice"},
    {"name": "never paid", "when": {"payment": "absent"}, "then": "void"},
]


# ------------------------------------------------------------------------------------------------ sales that we post


def sale_of_a_new_customer(books: QuickBooksBooks, shop: Shop) -> None:
    shop.charge("100", 11000, 1000, "2026-02-02", 349)
    who = {"name": "Ada Lovelace", "email": "ada@example.com"}
    shop.objects["ch_100"].update(customer="cus_Ada", billing_details=who)
    shop.refund("100a", "ch_100", 3000, "2026-02-10")
    shop.refund("100b", "ch_100", 8000, "2026-03-08", 25)


def receipt_and_refund(books: QuickBooksBooks, shop: Shop) -> None:
    shop.charge("100", 11000, 1000, "2026-02-02", 349)
    shop.refund("100a", "ch_100", 11000, "2026-02-10")


# ------------------------------------------------------------------------------------------------ sales of others


def invoice_of_others(books: QuickBooksBooks, number: str) -> Json:
    """110.00 for a customer of its own."""
    customer = books.hands.write("Customer", {"DisplayName": f"Customer {number}"})["Id"]
    told = {
        **form("100.00", customer=customer, DocNumber=number),
        "TxnDate": "2026-03-02",
        "TxnTaxDetail": {"TotalTax": Decimal("10.00")},
        "Line": [item_line("100.00", "3", TaxCodeRef={"value": "TAX"})],
    }
    return books.hands.write("Invoice", told)


def payment_of_others(books: QuickBooksBooks, charge_id: str, customer: str, *lines: Json) -> None:
    into = books.hands.account("Stripe Clearing")
    more = {"DepositToAccountRef": into, "TxnDate": "2026-03-02", "PrivateNote": f"Stripe {charge_id}"}
    books.hands.write("Payment", payment("110.00", *lines, customer=customer, **more))


def sales_of_others(books: QuickBooksBooks, shop: Shop) -> None:
    """An invoice that nobody marked as paid, a deposit that stands alone, an invoice that is to be opened again, twice."""
    invoice_of_others(books, "100")
    alone = books.hands.write("Customer", {"DisplayName": "Customer 101"})["Id"]
    payment_of_others(books, "ch_101", alone)
    paid = invoice_of_others(books, "102")
    payment_of_others(books, "ch_102", paid["CustomerRef"]["value"], pay_line("110.00", "Invoice", paid))
    for number in ("100", "101", "102"):
        shop.charge(number, 11000, 1000, "2026-03-02", 0)
    for name, amount in (("100a", 11000), ("101a", 3300), ("102a", 4400), ("102b", 1100)):
        shop.refund(name, f"ch_{name[:3]}", amount, "2026-03-05")


# ------------------------------------------------------------------------------------------------ refunds that fail


def then_they_fail(*refund_ids: str) -> Scene:
    def scene(books: QuickBooksBooks, shop: Shop) -> None:
        for refund_id in refund_ids:
            shop.fail(refund_id, "2026-05-20")

    return scene


@dataclass(frozen=True)
class Play:
    """`balance` is the trial balance that Stripe's objects call for, in major units; `moods` those of the company."""

    name: str
    scene: Scene
    balance: dict[str, str]
    earlier: Scene | None = None
    rules: list[Json] | None = None
    settings: Json = field(default_factory=dict)
    moods: Json = field(default_factory=dict)
    sales_tax: str = "by_code"


INVOICES: Json = {"sales": "invoice_and_payment", "fees": True, "limits": {"concurrency": 10}}
ONE_EACH: Json = {"duplicates": "per_type"}
RECEIPTS: Json = {"sales": "sales_receipt", "fees": True, "limits": {"concurrency": 1}}
FOUND: Json = {
    "sales": "find",
    "fees": False,
    "refund_types": {"reopen_invoice": True},
    "limits": {"concurrency": 1},
}
RECEIVABLE, INCOME, TAX = "Accounts Receivable (A/R)", "Sales of Product Income", "Sales Tax Payable"
CLEARING, FEES, SERVICES = "Stripe Clearing", "Stripe Fees", "Services"
EVERY = (
    Play(
        "invoices and memos",
        sale_of_a_new_customer,
        {CLEARING: "-3.74", FEES: "3.74"},
        rules=MEMO_RULES,
        settings=INVOICES,
        moods=ONE_EACH,
    ),
    Play(
        "invoices and memos that share their numbers",
        sale_of_a_new_customer,
        {CLEARING: "-3.74", FEES: "3.74"},
        rules=MEMO_RULES,
        settings=INVOICES,
    ),
    Play(
        "receipts",
        receipt_and_refund,
        {CLEARING: "-3.49", FEES: "3.49"},
        settings=RECEIPTS,
    ),
    Play(
        "sales of others",
        sales_of_others,
        {CLEARING: "132.00", RECEIVABLE: "-22.00", INCOME: "-100.00", TAX: "-10.00"},
        rules=FOUND_RULES,
        settings=FOUND,
    ),
    Play(
        "memos taken back",
        then_they_fail("re_100a", "re_100b"),
        {CLEARING: "106.26", FEES: "3.74", SERVICES: "-100.00", TAX: "-10.00"},
        sale_of_a_new_customer,
        MEMO_RULES,
        INVOICES,
        ONE_EACH,
    ),
    Play(
        "receipts taken back",
        then_they_fail("re_100a"),
        {CLEARING: "106.51", FEES: "3.49", SERVICES: "-100.00", TAX: "-10.00"},
        receipt_and_refund,
        settings=RECEIPTS,
    ),
    Play(
        "others taken back",
        then_they_fail("re_100a", "re_101a", "re_102a", "re_102b"),
        {CLEARING: "330.00", RECEIVABLE: "-110.00", INCOME: "-200.00", TAX: "-20.00"},
        sales_of_others,
        FOUND_RULES,
        FOUND,
    ),
)
PLAYS = {play.name: play for play in EVERY}
# A company that may work the tax out anew.
AUTOMATED = replace(PLAYS["receipts"], name="receipts with automated tax", sales_tax="automated")


@contextmanager
def stage_of(play: Play, folder: Path) -> Iterator[Stage]:
    """The stage of a play, with its clean pass run."""
    moods = Moods(**play.moods)
    with quickbooks(
        folder / "template",
        play.rules,
        {"sale_grace": "0s"},
        company={"sales_tax": play.sales_tax, "moods": moods},
        **play.settings,
    ) as (books, shop):
        books.migrate()
        numbers = moods.duplicates == "per_type" or play.settings["limits"]["concurrency"] == 1
        made = make_stage(play.name, books, shop, numbers, play.earlier, play.scene)
        balance = {name: str(amount) for name, amount in made.result["trial balance"].items()}
        assert balance == play.balance
        yield made
