"""What is still to be posted to a NetSuite account when a fault strikes: small scenes, each with what came before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger_desk import mapping_of
from netsuite_books import NetsuiteBooks, netsuite
from netsuite_sold import cash_sale, deposit, invoice, pay
from netsuite_stage import Scene, Stage, make_stage
from small_books import MEMO_RULES
from small_shop import Shop
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

FOUND_RULES = [
    {"name": "deposit", "when": {"sale": "payment"}, "then": "refund_payout"},
    {"name": "open again", "when": {"payment": "applied"}, "then": "reopen_invoice"},
    {"name": "never paid", "when": {"payment": "absent", "refund": "full"}, "then": "void"},
    {"name": "store credit", "when": {"payment": "absent"}, "then": "credit_memo"},
]


# ------------------------------------------------------------------------------------------------ sales that we post


def sale_of_a_new_customer(books: NetsuiteBooks, shop: Shop) -> None:
    """Two charges of a customer whom NetSuite does not know, and three refunds."""
    for number in ("100", "101"):
        shop.charge(number, 11000, 1000, "2026-05-02", 349)
        who = {"name": "Ada Lovelace", "email": "ada@example.com"}
        shop.objects[f"ch_{number}"].update(customer="cus_Ada", billing_details=who)
    shop.refund("100a", "ch_100", 3000, "2026-05-10")
    shop.refund("100b", "ch_100", 8000, "2026-05-12", 25)
    shop.refund("101a", "ch_101", 5500, "2026-05-12")


def receipts_and_refunds(books: NetsuiteBooks, shop: Shop) -> None:
    for number in ("100", "101"):
        shop.charge(number, 11000, 1000, "2026-05-02", 349)
        shop.refund(f"{number}a", f"ch_{number}", 11000, "2026-05-10")


# ------------------------------------------------------------------------------------------------ sales of others


def customer(books: NetsuiteBooks, number: str) -> str:
    name = f"Customer {number}"
    seed.customer(books.account, name)
    return name


def sold_to(books: NetsuiteBooks, number: str, day: str = "2026-05-02", **more: Any) -> Json:
    """An invoice of 110.00 for a customer of its own."""
    return invoice(books.account, number, day, customer(books, number), **more)


def paid(books: NetsuiteBooks, number: str, **more: Any) -> None:
    one = sold_to(books, number, **more)
    told = {name: more[name] for name in ("currency", "rate") if name in more}
    pay(
        books.account,
        one,
        day="2026-05-02",
        charge=f"ch_{number}",
        who=one["_entity"],
        **told,
    )


def paid_invoices(books: NetsuiteBooks, shop: Shop) -> None:
    """Three that are paid, one of them from a bank account, with a refund of each and two of the first; their customers have
    another invoice each, which is open."""
    for number in ("100", "101", "102"):
        paid(books, number)
        invoice(books.account, f"9{number}", "2026-05-02", f"Customer {number}", net="50.00", tax="5.00")
        method = "us_bank_account" if number == "101" else "card"
        shop.charge(number, 11000, 1000, "2026-05-02", 0, method)
    for name, amount in (("100a", 3300), ("100b", 7700), ("101a", 4400), ("102a", 11000)):
        shop.refund(name, f"ch_{name[:3]}", amount, "2026-05-05")


def cash_sales(books: NetsuiteBooks, shop: Shop) -> None:
    """Two that were paid at once, with a refund of one and two of the other."""
    for number in ("100", "101"):
        who = customer(books, number)
        cash_sale(books.account, number, "2026-05-02", charge=f"ch_{number}", who=who)
        shop.charge(number, 11000, 1000, "2026-05-02", 0)
    for name, amount in (("100a", 3300), ("100b", 7700), ("101a", 11000)):
        shop.refund(name, f"ch_{name[:3]}", amount, "2026-05-05")


def sales_of_others(books: NetsuiteBooks, shop: Shop) -> None:
    """Two invoices that nobody marked as paid, a payment and a deposit that stand alone, an invoice that is to be opened
    again, twice."""
    sold_to(books, "100")
    for number, book in (("101", pay_alone), ("104", deposit_alone)):
        book(books, number, customer(books, number))
    paid(books, "102")
    sold_to(books, "103")
    for number in ("100", "101", "102", "103", "104"):
        shop.charge(number, 11000, 1000, "2026-05-02", 0)
    refunds = (
        ("100a", 11000),
        ("101a", 3300),
        ("102a", 2200),
        ("102b", 2200),
        ("103a", 2200),
        ("104a", 4400),
    )
    for name, amount in refunds:
        shop.refund(name, f"ch_{name[:3]}", amount, "2026-05-05")


def pay_alone(books: NetsuiteBooks, number: str, who: str) -> None:
    pay(books.account, None, day="2026-05-02", charge=f"ch_{number}", who=who)


def deposit_alone(books: NetsuiteBooks, number: str, who: str) -> None:
    deposit(books.account, day="2026-05-02", charge=f"ch_{number}", who=who)


# ------------------------------------------------------------------------------------------------ other currencies


def settled(shop: Shop, subject: str, amount: int) -> None:
    """What an object in euros came to on the Stripe balance in dollars."""
    shop.objects[subject]["currency"] = "eur"
    shop.objects[f"txn_{subject}"].update(amount=amount, net=amount, currency="usd", fee=0)


def in_euros(shop: Shop, number: str) -> None:
    """A charge at 1.10, and two refunds at 1.20 and 1.05."""
    settled(shop, shop.charge(number, 11000, 1000, "2026-05-02", 0), 12100)
    for name, amount, home in ((f"{number}a", 3300, -3960), (f"{number}b", 7700, -8085)):
        settled(shop, shop.refund(name, f"ch_{number}", amount, "2026-05-05"), home)


def sales_in_euros(books: NetsuiteBooks, shop: Shop) -> None:
    """A paid invoice and a cash sale in an account that keeps both currencies."""
    foreign = {"currency": "EUR", "rate": "1.1"}
    paid(books, "100", **foreign)
    cash_sale(books.account, "101", "2026-05-02", charge="ch_101", who=customer(books, "101"), **foreign)
    for number in ("100", "101"):
        in_euros(shop, number)


def charges_in_euros(books: NetsuiteBooks, shop: Shop) -> None:
    """Sales that the connector posts, in an account that keeps dollars alone."""
    for number in ("100", "101"):
        in_euros(shop, number)


# ------------------------------------------------------------------------------------------------ refunds that fail


def then_they_fail(day: str, *refund_ids: str) -> Scene:
    def scene(books: NetsuiteBooks, shop: Shop) -> None:
        books.world.clock.now += THREE_WEEKS_S
        for refund_id in refund_ids:
            shop.fail(refund_id, day)

    return scene


def one_is_paid_out_again(books: NetsuiteBooks, shop: Shop) -> None:
    """Two fail, and what is owed for one of them is refunded once more."""
    then_they_fail(FAILED, "re_100a", "re_101a")(books, shop)
    shop.refund("101b", "ch_101", 5500, FAILED)


@dataclass(frozen=True)
class Play:
    """`balance` is the trial balance that Stripe's objects call for, in major units; `left` what stays open of all
    records; `account` are terms of the account, `connection` what of the settings to reach it is otherwise. `numbers`: no
    number of ours is changed."""

    name: str
    scene: Scene
    balance: dict[str, str]
    left: tuple[str, ...] = ()
    earlier: Scene | None = None
    rules: list[Json] | None = None
    settings: Json = field(default_factory=dict)
    refunds: Json = field(default_factory=dict)
    account: Json = field(default_factory=dict)
    connection: Json = field(default_factory=dict)
    numbers: bool = True


FOUND: Json = {"sales": "find", "fees": False}
INVOICES: Json = {"sales": "invoice_and_payment", "fees": True}
RECEIPTS: Json = {"sales": "sales_receipt", "fees": True}
OTHERS: Json = {**FOUND, "refund_types": {"reopen_invoice": True}}
RECEIVABLE, INCOME, TAX = "Accounts Receivable", "Sales", "Sales Tax Payable"
CLEARING, FEES, DEPOSITS = "Stripe Clearing", "Stripe Fees", "Customer Deposits"
EXCHANGE, GAIN, EXCHANGE_ITEM = "Exchange Gain or Loss", "Realized Gain/Loss", "Exchange"


def sold(net: str, clearing: str, fees: str = "") -> dict[str, str]:
    """What stands in the books of sales of so much, with a tenth of it in tax."""
    tax = f"{Decimal(net) / Decimal(10):.2f}"
    moved = {INCOME: f"-{net}", TAX: f"-{tax}", CLEARING: clearing}
    return {**moved, FEES: fees} if fees else moved


FAILED = "2026-06-20"
THREE_WEEKS_S = 21 * 86400
OF_OTHERS = {RECEIVABLE: "55.00", **sold("180.00", "209.00"), DEPOSITS: "-66.00"}
# Of the invoice that was opened again, the deposit, the payment, and the invoice that was credited in part.
LEFT = ("44.00", "66.00", "77.00", "88.00")
EVERY = (
    Play(
        "memos, refunds and pay-outs",
        paid_invoices,
        {RECEIVABLE: "165.00", **sold("210.00", "66.00")},
        ("55.00", "55.00", "55.00"),
        rules=MEMO_RULES,
        settings=FOUND,
    ),
    Play("cash refunds", cash_sales, {}, settings=FOUND),
    Play(
        "sales of others, voided by the RESTlet",
        sales_of_others,
        OF_OTHERS,
        LEFT,
        rules=FOUND_RULES,
        settings=OTHERS,
    ),
    Play(
        "sales of others, voided by a memo",
        sales_of_others,
        OF_OTHERS,
        LEFT,
        rules=FOUND_RULES,
        settings=OTHERS,
        connection={"void_restlet_url": None},
    ),
    Play(
        "invoices and memos",
        sale_of_a_new_customer,
        sold("50.00", "47.77", "7.23"),
        rules=MEMO_RULES,
        settings=INVOICES,
    ),
    Play(
        "cash sales and cash refunds",
        receipts_and_refunds,
        {CLEARING: "-6.98", FEES: "6.98"},
        settings=RECEIPTS,
    ),
    Play(
        "two currencies",
        sales_in_euros,
        {CLEARING: "1.10", GAIN: "-0.55", EXCHANGE: "-0.55"},
        settings=FOUND,
        account={"currencies": ("EUR",)},
    ),
    Play(
        "one currency",
        charges_in_euros,
        {CLEARING: "1.10", EXCHANGE: "-1.10"},
        rules=MEMO_RULES,
        settings={**INVOICES, "fees": False},
    ),
    Play(
        "memos mirrored",
        then_they_fail(FAILED, "re_100a", "re_100b", "re_101a"),
        sold("200.00", "212.77", "7.23"),
        earlier=sale_of_a_new_customer,
        rules=MEMO_RULES,
        settings=INVOICES,
    ),
    Play(
        "the customer is owed",
        one_is_paid_out_again,
        {RECEIVABLE: "-30.00", **sold("50.00", "77.77", "7.23")},
        ("30.00",),
        earlier=sale_of_a_new_customer,
        rules=MEMO_RULES,
        settings=INVOICES,
        refunds={"failed_refund": "owe_customer"},
    ),
    Play(
        "cash refunds mirrored",
        then_they_fail(FAILED, "re_100a", "re_101a"),
        sold("200.00", "213.02", "6.98"),
        earlier=receipts_and_refunds,
        settings=RECEIPTS,
    ),
    Play(
        "refunds of others mirrored",
        then_they_fail(FAILED, *(f"re_{name}" for name in ("100a", "101a", "102a", "102b", "103a", "104a"))),
        {RECEIVABLE: "-44.00", **sold("300.00", "440.00"), DEPOSITS: "-66.00"},
        ("22.00", "33.00", "44.00", "66.00", "77.00", "88.00"),
        earlier=sales_of_others,
        rules=FOUND_RULES,
        settings=OTHERS,
    ),
)
PLAYS = {play.name: play for play in EVERY}


@contextmanager
def stage_of(play: Play, folder: Path) -> Iterator[Stage]:
    """The stage of a play, with its clean pass run."""
    refunds = {"sale_grace": "0s", **play.refunds}
    mapping = mapping_of("netsuite", taxes={"default": "Sales Tax"}, items={"exchange": EXCHANGE_ITEM})
    opened = netsuite(
        *(folder / "template", play.rules, refunds, mapping, play.account, play.connection), **play.settings
    )
    with opened as (books, shop):
        books.migrate()
        made = make_stage(play.name, books, shop, play.numbers, play.earlier, play.scene)
        balance = {name: str(amount) for name, amount in made.result["trial balance"].items()}
        assert balance == play.balance
        assert made.result["left open"] == str(sorted(play.left))
        yield made
