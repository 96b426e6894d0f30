"""One refund of each type, of a sale that others booked, and what it must do to every account."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli_books import CLEARING, FEES, RECEIVABLE, balances
from exactly_once import INCOME, TAX
from small_books import SmallBooks
from small_shop import Shop

Json = dict[str, Any]
DEPOSITS = "Liabilities:Deposits"
ACCOUNTS = (CLEARING, FEES, RECEIVABLE, INCOME, TAX, DEPOSITS)


def sale(kind: str, debit: str) -> str:
    return f"""\
2026-02-02 * "Jo Smith" "Order 100"
  kind: "{kind}"
  number: "100"
  Income:Sales                  -100.00 USD
  Liabilities:Sales-Tax-Payable  -10.00 USD
  {debit}                        110.00 USD

"""


def payment(credit: str) -> str:
    return f"""\
2026-02-02 * "Jo Smith" "Payment"
  kind: "payment"
  number: "100"
  charge_id: "ch_100"
  {credit}    -110.00 USD
  {CLEARING}   110.00 USD

"""


INVOICE = sale("invoice", RECEIVABLE)
PAID = INVOICE + payment(RECEIVABLE)


@dataclass(frozen=True)
class OneRefund:
    """110.00 given back with a fee of 0.25; `moved` is what the documents move, in major units, without the fee."""

    name: str
    books: str
    kinds: tuple[str, ...]
    moved: dict[str, str]
    method: str = "card"
    switches: Json = field(default_factory=dict)


EACH = (
    OneRefund(
        "refund_receipt",
        sale("sales_receipt", CLEARING),
        ("refund_receipt",),
        {INCOME: "100.00", TAX: "10.00", CLEARING: "-110.00"},
    ),
    OneRefund(
        "credit_memo and credit_card_refund",
        PAID,
        ("credit_memo", "credit_card_refund"),
        {INCOME: "100.00", TAX: "10.00", CLEARING: "-110.00"},
    ),
    OneRefund(
        "credit_memo and refund_payout",
        PAID,
        ("credit_memo", "refund_payout"),
        {INCOME: "100.00", TAX: "10.00", CLEARING: "-110.00"},
        method="us_bank_account",
    ),
    OneRefund(
        "credit_memo",
        PAID,
        ("credit_memo",),
        {INCOME: "100.00", TAX: "10.00", RECEIVABLE: "-110.00"},
        switches={"credit_card_refund": False},
    ),
    OneRefund(
        "refund_payout", payment(DEPOSITS), ("refund_payout",), {DEPOSITS: "110.00", CLEARING: "-110.00"}
    ),
    OneRefund("void", INVOICE, ("void",), {INCOME: "100.00", TAX: "10.00", RECEIVABLE: "-110.00"}),
    OneRefund(
        "reopen_invoice",
        PAID,
        ("reopen_invoice",),
        {RECEIVABLE: "110.00", CLEARING: "-110.00"},
        switches={"reopen_invoice": True},
    ),
)


def make_books(folder: Path, case: OneRefund) -> SmallBooks:
    """Books with the sale in them, and an export with the refund."""
    rules = None
    if case.name == "reopen_invoice":
        rules = [{"name": "open again", "when": {"payment": "applied"}, "then": "reopen_invoice"}]
    books = SmallBooks.make(
        folder, rules, {"sale_grace": "0s"}, sales="find", refund_types=case.switches
    ).migrate()
    books.books.mkdir()
    opened = "".join(f"1970-01-01 open {account}\n" for account in ACCOUNTS)
    (books.books / "main.beancount").write_text(f'{opened}include "sales.beancount"\n', encoding="utf-8")
    (books.books / "sales.beancount").write_text(case.books, encoding="utf-8")
    shop = Shop(books.export)
    shop.charge("100", 11000, 1000, "2026-02-02", 0, case.method)
    shop.refund("100a", "ch_100", 11000, "2026-02-20", 25)
    shop.write()
    return books


def check_one(books: SmallBooks, case: OneRefund) -> None:
    """The documents of the type and the fee, each once, all numbered 100; and every account as it must be."""
    found = books.transactions()
    assert sorted(one.metadata["kind"] for one in found) == sorted((*case.kinds, "fee"))
    assert {one.metadata["number"] for one in found} == {"100"}
    expected = {account: Decimal(amount) for account, amount in case.moved.items()}
    expected[FEES] = Decimal("0.25")
    expected[CLEARING] = expected.get(CLEARING, Decimal(0)) - Decimal("0.25")
    moved = {account: of["usd"] for account, of in balances(books.books).items() if of}
    assert moved == expected
    assert books.outcomes() == {"re_100a": ("posted", None)}
    assert set(books.states()) == {"posted"}
