"""What must be true of books that followed a random history of a Stripe account.

What is expected comes from the stand-in alone: its objects are Stripe's truth, its balance says what clearing must be,
and other books that read it once, at the end, say what the documents must be.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from cli_books import CLEARING, FEES, Transaction
from random_life import Json
from small_books import SmallBooks, engine_of
from sqlalchemy import Engine
from vendors.fake_stripe import FakeStripe
from vendors.living.payments import UNCAPTURED_REASON

from connector.planning.stripe_facts import Charge, Fact, Refund
from connector.store.facts import FactReader
from connector.store.intake import Intake, Stored
from connector.stripe_source.parse import Parsed, parse_object

# Of what Stripe has, that which refunds, their sales and clearing are decided by.
COMPARED = ("refund", "charge", "credit_note", "dispute", "balance_transaction", "invoice_payment")
# The default of refunds.sale_grace, which these books have: 72 h.
SALE_GRACE = 72 * 3600
RANKS = {
    "refund": {"requires_action": 0, "pending": 1, "succeeded": 2, "failed": 3, "canceled": 3},
    "charge": {"pending": 0, "succeeded": 1, "failed": 2},
}


def facts_of(objects: Iterable[Json]) -> dict[str, Fact]:
    """Stripe's own objects, as they are now, by id."""
    truth = {}
    for raw in objects:
        parsed = parse_object(json.loads(json.dumps(raw), parse_float=str))
        assert parsed is not None and parsed.fact is not None, raw
        truth[parsed.object_id] = parsed.fact
    return truth


def stored_facts(books: SmallBooks, ids: Iterable[str]) -> dict[str, Fact]:
    return facts_in(engine_of(f"sqlite:///{books.state}"), list(ids))


def facts_in(engine: Engine, ids: Sequence[str]) -> dict[str, Fact]:
    with engine.connect().execution_options(reading=True) as connection:
        reader = FactReader(connection)
        reader.load(ids)
        return {object_id: fact for object_id in ids if (fact := reader.known[object_id]) is not None}


def check_facts(books: SmallBooks, fake: FakeStripe) -> None:
    """What is stored of each object is what Stripe has of it now."""
    moving = [one for kind in RANKS for one in fake.of_kind(kind)]
    moved = {
        one.get(name) for one in moving for name in ("balance_transaction", "failure_balance_transaction")
    }
    wanted = facts_of(
        one
        for kind in COMPARED
        for one in fake.of_kind(kind)
        # A payment that nobody has made, and a movement of a dispute, which its dispute tells, are not read by themselves.
        if (kind != "invoice_payment" or one["status"] != "open")
        and (kind != "balance_transaction" or one["id"] in moved)
    )
    assert stored_facts(books, wanted) == wanted


@contextmanager
def nothing_goes_back() -> Iterator[None]:
    """Within this, no page that is stored may bring a refund or charge back to where it was before."""
    store_page = Intake.store_page

    def watched(intake: Intake, objects: Iterable[tuple[Parsed, bytes]], *more: Any) -> Stored:
        page = list(objects)
        ids = [parsed.object_id for parsed, _ in page if parsed.kind in RANKS]
        before = facts_in(intake.engine, ids)
        stored = store_page(intake, page, *more)
        after = facts_in(intake.engine, ids)
        assert [one for one in before if rank(after[one]) < rank(before[one])] == []
        return stored

    with patch.object(Intake, "store_page", watched):
        yield


def rank(fact: Fact) -> int:
    assert isinstance(fact, Refund | Charge)
    return RANKS["refund" if isinstance(fact, Refund) else "charge"][fact.status]


def check_balance(books: SmallBooks, fake: FakeStripe) -> None:
    """Clearing holds of each sale what Stripe's balance holds of its charge and refunds: gross, less fees.

    Not compared: what came back of refunds and charges that failed, whose fees Stripe may keep. What was captured of a
    charge in another currency is converted by itself here, and as a difference by Stripe: a cent apart.
    """
    outcomes = books.outcomes()
    held: dict[str, Decimal] = {}
    for one in books.transactions():
        charge_id = charge_of(one)
        held[charge_id] = held.get(charge_id, Decimal(0)) + one.moved(CLEARING)
    shelf = fake.accounts[None]
    wanted = {}
    for charge in fake.of_kind("charge"):
        refunds = [one for one in fake.of_kind("refund") if one["charge"] == charge["id"]]
        ended = any(one["status"] in ("failed", "canceled") for one in refunds)
        if charge["id"] not in held or charge["status"] == "failed" or ended:
            continue
        counted = [
            one for one in refunds if one["reason"] == UNCAPTURED_REASON or outcomes[one["id"]][0] == "posted"
        ]
        booked = [one["balance_transaction"] for one in (charge, *counted)]
        net = sum(shelf[one]["net"] for one in booked if one is not None)
        wanted[charge["id"]] = Decimal(net).scaleb(-2)
        apart = abs(held[charge["id"]] - wanted[charge["id"]])
        if counted and charge["currency"] != "usd" and apart == Decimal("0.01"):
            wanted[charge["id"]] = held[charge["id"]]
    assert {one: held[one] for one in wanted} == wanted


def check_sales(books: SmallBooks, fake: FakeStripe) -> None:
    """Income of what is wholly paid is what its lines say, article by article, however many charges paid it."""
    shelf = fake.accounts[None]
    paying: dict[str, list[str]] = {}
    for payment in fake.of_kind("invoice_payment"):
        charge_id = shelf[payment["payment"]["payment_intent"]]["latest_charge"]
        if charge_id is not None:
            paying.setdefault(payment["invoice"], []).append(charge_id)
    sold = [
        (one["lines"]["data"], paying[one["id"]])
        for one in fake.of_kind("invoice")
        if one["status"] == "paid"
    ]
    for session in fake.of_kind("checkout.session"):
        if session["status"] == "complete":
            charge_id = shelf[session["payment_intent"]]["latest_charge"]
            sold.append((session["line_items"]["data"], [charge_id]))
    receipts = [one for one in books.transactions() if one.metadata["kind"] == "sales_receipt"]
    for lines, charge_ids in sold:
        if any(shelf[one]["status"] == "failed" for one in charge_ids):
            continue
        wanted, found = Counter[str](), Counter[str]()
        for line in lines:
            wanted[account_of(line, fake)] += line["amount_total" if "amount_total" in line else "amount"]
        for one in receipts:
            if charge_of(one) in charge_ids:
                for account, amount, _ in one.postings:
                    if account.startswith("Income:"):
                        found[account] -= int(amount.scaleb(2))
        assert found == wanted, charge_ids


def account_of(line: Json, fake: FakeStripe) -> str:
    price = line["price"] if "price" in line else line["pricing"]["price_details"]["price"]
    price_id = price if isinstance(price, str) else price["id"]
    product = fake.accounts[None][fake.accounts[None][price_id]["product"]]
    return f"Income:Sales:{product['name']}s"


def check_documents(books: SmallBooks, once: SmallBooks, fake: FakeStripe) -> None:
    """The same documents as in books that read everything once, at the end; but for refunds that failed after they had
    been posted, of which those know nothing: theirs and their reversals cancel out.
    """
    mine, theirs = books.transactions(), once.transactions()
    keys = Counter(one.metadata["document_key"] for one in mine)
    assert [key for key, count in keys.items() if count > 1] == []
    gone = {one["id"] for one in fake.of_kind("refund") if one["status"] in ("failed", "canceled")}
    bounced = {one["id"] for one in fake.of_kind("charge") if one["status"] == "failed"}
    assert shown(mine, gone, bounced) == shown(theirs, gone, bounced)
    assert totals(mine, gone, bounced) == totals(theirs, gone, bounced)
    undone = [one for one in mine if refund_of(one) in gone or charge_of(one) in bounced]
    assert sum((one.moved("Income:Sales") for one in undone), Decimal(0)) == 0
    assert outcomes(books, gone) == outcomes(once, gone)


def refund_of(one: Transaction) -> str:
    return one.metadata.get("refund_id", "")


def charge_of(one: Transaction) -> str:
    return one.metadata.get("charge_id", "")


def kept(found: list[Transaction], gone: set[str], bounced: set[str]) -> list[Transaction]:
    return [one for one in found if refund_of(one) not in gone and charge_of(one) not in bounced]


def shown(found: list[Transaction], gone: set[str], bounced: set[str]) -> Counter[tuple[str, ...]]:
    """Kind, day, what it is for and what it moves of clearing and fees: not its number, nor how it splits into lines."""
    return Counter(
        (
            one.metadata["kind"],
            one.date,
            charge_of(one),
            refund_of(one),
            str(one.moved(CLEARING)),
            str(one.moved(FEES)),
        )
        for one in kept(found, gone, bounced)
    )


def totals(
    found: list[Transaction], gone: set[str], bounced: set[str]
) -> dict[tuple[str, str, str], Decimal]:
    """What each sale moved each account by, in each currency; income, tax and receivable of a sale together."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for one in kept(found, gone, bounced):
        for account, amount, currency in one.postings:
            name = account if account in (CLEARING, FEES) else "the sale"
            key = (charge_of(one), name, currency)
            sums[key] = sums.get(key, Decimal(0)) + amount
    return {key: amount for key, amount in sums.items() if amount}


def outcomes(books: SmallBooks, gone: set[str]) -> dict[str, tuple[str, str | None]]:
    """Refund → outcome; one that failed is reversed or dropped, whichever came first.

    A person is asked for a sale once `sale_grace` is over, counted from when the refund was first seen: one that had
    to be held by then, and is, counts as waiting; books that read everything at the end see it for the first time.
    """
    seen = dict(books.rows("decision WHERE subject = 'refund'", "subject_id, first_seen"))
    found: dict[str, tuple[str, str | None]] = {}
    for refund_id, outcome in books.outcomes().items():
        if refund_id in gone and outcome[0] in ("reversed", "dropped"):
            found[refund_id] = ("ended", None)
        elif outcome == ("held", "sale_not_found") and books.world.now() - seen[refund_id] >= SALE_GRACE:
            found[refund_id] = ("waiting", "sale_not_found")
        else:
            found[refund_id] = outcome
    return found
