"""What is still to be posted to a Xero organisation when a fault strikes: small scenes, each with what came before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from small_books import MEMO_RULES
from small_shop import Shop
from vendors.xero.wire import Json
from xero_books import XeroBooks, xero
from xero_sold import credit_note, invoice, overpaid, pay, take_out
from xero_stage import Scene, Stage, make_stage

FOUND_RULES = [
    {"name": "deposit", "when": {"sale": "payment"}, "then": "refund_payout"},
    {"name": "open again", "when": {"payment": "applied"}, "then": "reopen_invoice"},
    {"name": "never paid", "when": {"payment": "absent", "refund": "full"}, "then": "void"},
    {"name": "store credit", "when": {"payment": "absent"}, "then": "credit_memo"},
]


# ------------------------------------------------------------------------------------------------ sales that we post


def sale_of_a_new_customer(books: XeroBooks, shop: Shop) -> None:
    """Two charges of a customer whom Xero does not know, and three refunds."""
    for number in ("100", "101"):
        shop.charge(number, 11000, 1000, "2026-05-02", 349)
        who = {"name": "Ada Lovelace", "email": "ada@example.com"}
        shop.objects[f"ch_{number}"].update(customer="cus_Ada", billing_details=who)
    shop.refund("100a", "ch_100", 3000, "2026-05-10")
    shop.refund("100b", "ch_100", 8000, "2026-05-12", 25)
    shop.refund("101a", "ch_101", 5500, "2026-05-12")


def receipts_and_refunds(books: XeroBooks, shop: Shop) -> None:
    for number in ("100", "101"):
        shop.charge(number, 11000, 1000, "2026-05-02", 349)
        shop.refund(f"{number}a", f"ch_{number}", 11000, "2026-05-10")


# ------------------------------------------------------------------------------------------------ sales of others


def customer(books: XeroBooks, number: str) -> str:
    name = f"Customer {number}"
    books.hands.write("Contacts", {"Name": name})
    return name


def sold_to(books: XeroBooks, number: str, day: str = "2026-05-02") -> Json:
    """An invoice of 110.00 for a customer of its own."""
    return invoice(books.hands, number, day, contact=customer(books, number))


def paid_invoices(books: XeroBooks, shop: Shop) -> None:
    """Three that are paid, with a refund of each and two of the first; so three credit notes share a request."""
    for number in ("100", "101", "102"):
        pay(books.hands, sold_to(books, number), day="2026-05-02", charge=f"ch_{number}")
        shop.charge(number, 11000, 1000, "2026-05-02", 0)
    for name, amount in (("100a", 3300), ("100b", 7700), ("101a", 4400), ("102a", 11000)):
        shop.refund(name, f"ch_{name[:3]}", amount, "2026-05-05")


def numbers_of_others(books: XeroBooks, shop: Shop) -> None:
    """The same, and two of the numbers are in use: a credit note of somebody else has one, a void one the other."""
    paid_invoices(books, shop)
    other = {"Contact": {"Name": customer(books, "900")}}
    credit_note(books.hands, "101", "2026-05-04", **other)
    take_out(books.hands, "CreditNotes", credit_note(books.hands, "102", "2026-05-04", **other))


def sales_of_others(books: XeroBooks, shop: Shop) -> None:
    """Two invoices that nobody marked as paid, a deposit that stands alone, an invoice that is to be opened again, by
    the same amount twice."""
    sold_to(books, "100")
    overpaid(books.hands, charge="ch_101", day="2026-05-02", Contact={"Name": customer(books, "101")})
    pay(books.hands, sold_to(books, "102"), day="2026-05-02", charge="ch_102")
    sold_to(books, "103")
    for number in ("100", "101", "102", "103"):
        shop.charge(number, 11000, 1000, "2026-05-02", 0)
    for name, amount in (("100a", 11000), ("101a", 3300), ("102a", 2200), ("102b", 2200), ("103a", 2200)):
        shop.refund(name, f"ch_{name[:3]}", amount, "2026-05-05")


# ------------------------------------------------------------------------------------------------ refunds that fail


def then_they_fail(day: str, *refund_ids: str) -> Scene:
    def scene(books: XeroBooks, shop: Shop) -> None:
        books.world.clock.now += THREE_WEEKS_S
        for refund_id in refund_ids:
            shop.fail(refund_id, day)

    return scene


@dataclass(frozen=True)
class Play:
    """`balance` is the trial balance that Stripe's objects call for, in major units; `left` what stays open of all
    documents; `numbers`: no number of ours is refused."""

    name: str
    scene: Scene
    balance: dict[str, str]
    left: tuple[str, ...] = ()
    earlier: Scene | None = None
    rules: list[Json] | None = None
    settings: Json = field(default_factory=dict)
    numbers: bool = True


FOUND: Json = {"sales": "find", "fees": False}
INVOICES: Json = {"sales": "invoice_and_payment", "fees": True}
RECEIPTS: Json = {"sales": "sales_receipt", "fees": True, "limits": {"concurrency": 1}}
OTHERS: Json = {**FOUND, "refund_types": {"reopen_invoice": True}, "limits": {"concurrency": 1}}
RECEIVABLE, INCOME, TAX = "Accounts Receivable", "Sales", "Sales Tax"
CLEARING, FEES = "Stripe Clearing", "Stripe Fees"


def sold(net: str, clearing: str, fees: str = "") -> dict[str, str]:
    """What stands in the books of sales of so much, with a tenth of it in tax."""
    tax = f"{Decimal(net) / Decimal(10):.2f}"
    moved = {INCOME: f"-{net}", TAX: f"-{tax}", CLEARING: clearing}
    return {**moved, FEES: fees} if fees else moved


# Refunds of May that failed in their own month are voided, later ones are mirrored.
SOON, LATER = "2026-05-20", "2026-06-20"
THREE_WEEKS_S = 21 * 86400
EVERY = (
    Play(
        "credit notes that share a request",
        paid_invoices,
        sold("60.00", "66.00"),
        rules=MEMO_RULES,
        settings=FOUND,
    ),
    Play(
        "numbers that others have",
        numbers_of_others,
        {RECEIVABLE: "-110.00", INCOME: "40.00", TAX: "4.00", CLEARING: "66.00"},
        ("110.00",),
        rules=MEMO_RULES,
        settings=FOUND,
        numbers=False,
    ),
    Play(
        "invoices and credit notes",
        sale_of_a_new_customer,
        sold("50.00", "47.77", "7.23"),
        rules=MEMO_RULES,
        settings=INVOICES,
    ),
    Play(
        "money received and spent", receipts_and_refunds, {CLEARING: "-6.98", FEES: "6.98"}, settings=RECEIPTS
    ),
    Play(
        "sales of others",
        sales_of_others,
        {RECEIVABLE: "55.00", **sold("180.00", "143.00")},
        ("44.00", "77.00", "88.00"),
        rules=FOUND_RULES,
        settings=OTHERS,
    ),
    *(
        Play(
            f"credit notes {how}",
            then_they_fail(day, "re_100a", "re_100b", "re_101a"),
            sold("200.00", "212.77", "7.23"),
            earlier=sale_of_a_new_customer,
            rules=MEMO_RULES,
            settings=INVOICES,
        )
        for how, day in (("voided", SOON), ("mirrored", LATER))
    ),
    *(
        Play(
            f"money spent {how}",
            then_they_fail(day, "re_100a", "re_101a"),
            sold("200.00", "213.02", "6.98"),
            earlier=receipts_and_refunds,
            settings=RECEIPTS,
        )
        for how, day in (("voided", SOON), ("mirrored", LATER))
    ),
    *(
        Play(
            f"refunds of others {how}",
            then_they_fail(day, "re_100a", "re_101a", "re_102a", "re_102b", "re_103a"),
            sold("300.00", "330.00"),
            left,
            earlier=sales_of_others,
            rules=FOUND_RULES,
            settings=OTHERS,
        )
        for how, day, left in (
            ("voided", SOON, ("110.00", "110.00")),
            ("mirrored", LATER, ("22.00", "33.00", "77.00", "88.00")),
        )
    ),
)
PLAYS = {play.name: play for play in EVERY}


@contextmanager
def stage_of(play: Play, folder: Path) -> Iterator[Stage]:
    """The stage of a play, with its clean pass run."""
    with xero(folder / "template", play.rules, {"sale_grace": "0s"}, **play.settings) as (books, shop):
        books.migrate()
        made = make_stage(play.name, books, shop, play.numbers, play.earlier, play.scene)
        balance = {name: str(amount) for name, amount in made.result["trial balance"].items()}
        assert balance == play.balance
        assert made.result["left open"] == str(sorted(play.left))
        yield made
