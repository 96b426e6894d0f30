"""What each document becomes in NetSuite: how many writes, of which records, in which order, and that together they move
what the document moves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from netsuite_golden import Case, cases, document_of

from connector.ledgers.further_writes import Accounts
from connector.ledgers.netsuite_roles import (
    APPLICATIONS,
    MIRRORS,
    PAID_BACK,
    RECORDS,
    REOPENS,
    expand,
    record_of,
)
from connector.ledgers.netsuite_wire import TYPES
from connector.planning.keys import part_key
from connector.planning.model import CASH_LEGS, REFUND_TYPES, Document, Settles

ACCOUNTS = Accounts(
    frozenset({"Stripe Clearing", "Stripe Yen"}), "Exchange Gain or Loss", "Accounts Receivable"
)
KEY = "dkdocumentaaaaaaaaaaaaaaaa"
ORIGINAL = "dkoriginalaaaaaaaaaaaaaaaa"
EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
LINES = [{"line_id": "1", "description": "", "account": "Sales", "net_minor": 10000, "item": "Consulting"}]
# One write each, and of which record.
ONE_WRITE = {
    "invoice": "invoice",
    "sales_receipt": "cashSale",
    "credit_memo": "creditMemo",
    "refund_receipt": "cashRefund",
    "payment": "customerPayment",
    "credit_card_refund": "customerRefund",
    "refund_payout": "customerRefund",
    "fee": "journalEntry",
    "exchange": "journalEntry",
    "void": "creditMemo",
    "customer": "customer",
}
# What takes each of them back.
TAKEN_BACK = {
    "invoice": "creditMemo",
    "sales_receipt": "cashRefund",
    "credit_memo": "invoice",
    "refund_receipt": "cashSale",
    "payment": "customerRefund",
    "credit_card_refund": "customerPayment",
    "refund_payout": "customerPayment",
    "reopen_invoice": "customerPayment",
    "fee": "journalEntry",
    "exchange": "journalEntry",
    "void": "customerPayment",
    "voided_invoice": "invoice",
}


def make(kind: str, *entries: tuple[str, str, int], **told: Any) -> Document:
    """A document of 100.00; its amount is that of its last entry unless it is said."""
    amount = entries[-1][2] if entries else 0
    return document_of(
        {"document_key": KEY, "kind": kind, "amount_minor": amount, "entries": entries, **told}
    )


def reversal(part: str, *entries: tuple[str, str, int], **told: Any) -> Document:
    values = {"part": part, "reverses": ORIGINAL, "after": [ORIGINAL], **told}
    return make("reversal", *entries, **values)


def shape(document: Document) -> list[tuple[str, str]]:
    """Kind and record of each write."""
    return [(one.kind, record_of(one)) for one in expand(document, ACCOUNTS)]


def moved(documents: list[Document]) -> Counter[tuple[str, str]]:
    """What they move together, by account and currency; what comes to nothing is left out."""
    total: Counter[tuple[str, str]] = Counter()
    for one in documents:
        for entry in one.entries:
            total[entry.account, entry.currency] += entry.debit_minor - entry.credit_minor
    return Counter({name: minor for name, minor in total.items() if minor})


# ------------------------------------------------------------------------------------------------ of every case


@EACH
def test_the_parts_move_together_what_the_document_moves(case: Case) -> None:
    assert moved(expand(case.document, ACCOUNTS)) == moved([case.document])


@EACH
def test_every_part_balances_and_says_what_its_entries_move(case: Case) -> None:
    for part in expand(case.document, ACCOUNTS):
        assert sum(entry.debit_minor - entry.credit_minor for entry in part.entries) == 0
        if part.entries:
            last = part.entries[-1]
            assert part.entry_minor == last.debit_minor + last.credit_minor
        else:
            assert part.kind in ("application", "customer")


@EACH
def test_keys_are_stable_and_each_is_of_one_write(case: Case) -> None:
    """NetSuite takes an external id once, of whichever type of transaction."""
    every = [part.document_key for part in expand(case.document, ACCOUNTS)]
    assert len(set(every)) == len(every)
    assert every == [part.document_key for part in expand(case.document, ACCOUNTS)]
    assert case.document.document_key in every, "a document is found again by its own key"
    elsewhere = replace(case.document, ledger="another")
    others = {part.document_key for part in expand(elsewhere, ACCOUNTS)} - {case.document.document_key}
    assert not others & set(every), "what it becomes in another ledger has other keys"


@EACH
def test_a_part_comes_after_those_that_it_follows(case: Case) -> None:
    parts = expand(case.document, ACCOUNTS)
    seen: set[str] = set()
    keys = {part.document_key for part in parts}
    for part in parts:
        assert set(part.after) & keys <= seen, f"{part.kind} {part.part} follows what comes later"
        assert part.document_key not in part.after
        seen.add(part.document_key)
    for part in parts[1:]:
        assert set(part.after) & keys, f"{part.kind} {part.part} might be sent before the others"


@EACH
def test_the_parts_bear_what_the_document_is_of(case: Case) -> None:
    document = case.document
    for part in expand(document, ACCOUNTS):
        assert (part.subject_id, part.refund_id, part.charge_id) == (
            document.subject_id,
            document.refund_id,
            document.charge_id,
        )
        assert (part.number, part.sale_number, part.posting_date, part.revision) == (
            document.number,
            document.sale_number,
            document.posting_date,
            document.revision,
        )


@EACH
def test_what_is_expanded_is_not_expanded_again(case: Case) -> None:
    """Of a part that stands in the books alone the same write is made."""
    for part in expand(case.document, ACCOUNTS):
        if part.kind == "application":
            assert expand(part, ACCOUNTS) == [part]


# ------------------------------------------------------------------------------------------------ by kind


def test_every_kind_and_every_mirror_has_a_record() -> None:
    assert {**ONE_WRITE, "reopen_invoice": "customerRefund"} == RECORDS
    assert MIRRORS == TAKEN_BACK
    assert set(REFUND_TYPES) <= set(RECORDS)
    assert {*RECORDS.values(), *MIRRORS.values(), *APPLICATIONS.values()} - {"customer"} <= set(TYPES)


@pytest.mark.parametrize(("kind", "record"), ONE_WRITE.items())
def test_a_plain_document_is_one_write(kind: str, record: str) -> None:
    document = make(kind, ("Dr", "Sales", 10000), ("Cr", "Stripe Clearing", 10000))
    assert expand(document, ACCOUNTS) == [document]
    assert record_of(document) == record


@pytest.mark.parametrize("kind", sorted(CASH_LEGS))
@pytest.mark.parametrize("moved_minor", [500, -500])
def test_a_refund_is_of_what_it_pays_out_and_exchange_is_beside_it(kind: str, moved_minor: int) -> None:
    """A customer refund has no amount of its own."""
    side = "Dr" if moved_minor > 0 else "Cr"
    document = make(
        kind,
        (side, "Exchange Gain or Loss", abs(moved_minor)),
        ("Dr", "Accounts Receivable", 10000),
        ("Cr", "Stripe Clearing", 10000 + moved_minor),
        settles={"kind": "credit_memo", "document_key": ORIGINAL},
        after=[ORIGINAL],
    )
    paid, exchange = expand(document, ACCOUNTS)
    assert (paid.document_key, paid.amount_minor, record_of(paid)) == (KEY, 10000, "customerRefund")
    assert (exchange.kind, exchange.amount_minor, exchange.after) == ("exchange", 500, (KEY,))
    assert exchange.document_key == part_key("main", KEY, "exchange")
    assert exchange.settles is None and not exchange.lines and record_of(exchange) == "journalEntry"
    assert [entry.account for entry in exchange.entries] == ["Exchange Gain or Loss", "Stripe Clearing"]
    assert (exchange.entries[-1].credit_minor > 0) == (moved_minor > 0)


@pytest.mark.parametrize("kind", [*sorted(CASH_LEGS), "payment"])
def test_in_the_charges_currency_netsuite_books_the_difference_itself(kind: str) -> None:
    document = make(
        kind,
        ("Dr", "Exchange Gain or Loss", 293),
        ("Dr", "Accounts Receivable", 12357),
        ("Cr", "Stripe Clearing", 12650),
        currency="eur",
        entry_currency="usd",
        amount_minor=11000,
        home_minor=12650,
    )
    assert expand(document, ACCOUNTS) == [document]


@pytest.mark.parametrize("kind", ["credit_memo", "refund_receipt", "sales_receipt", "invoice"])
def test_a_form_takes_exchange_as_a_line(kind: str) -> None:
    document = make(
        kind, ("Dr", "Sales", 10000), ("Dr", "Exchange Gain or Loss", 300), ("Cr", "Stripe Clearing", 10300)
    )
    assert expand(document, ACCOUNTS) == [document]


@pytest.mark.parametrize("kind", ["fee", "exchange"])
def test_a_journal_is_not_split(kind: str) -> None:
    document = make(kind, ("Dr", "Exchange Gain or Loss", 300), ("Cr", "Stripe Clearing", 300))
    assert expand(document, ACCOUNTS) == [document]


@pytest.mark.parametrize(
    "settles",
    [{"kind": "invoice", "ledger_id": "invoice/301"}, {"kind": "invoice", "document_key": ORIGINAL}],
)
@pytest.mark.parametrize("kind", ["credit_memo", "void"])
def test_a_memo_is_applied_as_it_is_written(kind: str, settles: dict[str, str]) -> None:
    document = make(kind, ("Dr", "Sales", 10000), ("Cr", "Accounts Receivable", 10000), settles=settles)
    assert expand(document, ACCOUNTS) == [document]


def reopening(**told: Any) -> Document:
    return make(
        "reopen_invoice",
        ("Dr", "Exchange Gain or Loss", 100),
        ("Dr", "Accounts Receivable", 4600),
        ("Cr", "Stripe Clearing", 4700),
        **{"settles": {"kind": "payment", "ledger_id": "customerPayment/401"}, **told},
    )


def test_an_invoice_is_opened_again_in_two_writes_and_an_exchange() -> None:
    off, paid, exchange = expand(reopening(sale_ledger_id="invoice/301"), ACCOUNTS)
    assert [(one.kind, record_of(one)) for one in (off, paid, exchange)] == [
        ("application", "customerPayment"),
        ("reopen_invoice", "customerRefund"),
        ("exchange", "journalEntry"),
    ]
    assert off.document_key == part_key("main", KEY, "unapplied") and paid.document_key == KEY
    # What is taken off is what is paid back; what the rate moved is neither.
    assert (off.amount_minor, paid.amount_minor, exchange.amount_minor) == (4600, 4600, 100)
    assert off.settles == paid.settles == Settles("payment", ledger_id="customerPayment/401")
    assert off.document_key in paid.after and exchange.after == (KEY,)
    assert dict(off.refs)[REOPENS] == "invoice/301" and dict(off.refs)[PAID_BACK] == KEY
    assert not off.entries and not off.lines


def test_the_payment_that_is_taken_off_may_be_one_of_ours() -> None:
    sale = "dkinvoiceaaaaaaaaaaaaaaaaa"
    settles = {"kind": "payment", "document_key": ORIGINAL}
    off, paid, _ = expand(reopening(sale_ledger_id=sale, settles=settles, after=[sale, ORIGINAL]), ACCOUNTS)
    assert {sale, ORIGINAL} <= set(off.after) and {sale, ORIGINAL} <= set(paid.after)
    assert dict(off.refs)[REOPENS] == sale


def test_what_paid_the_invoice_may_not_be_known() -> None:
    """Then there is nothing to be taken off, and the refund is kept back when it is to be sent."""
    document = replace(reopening(), settles=None)
    assert [one.kind for one in expand(document, ACCOUNTS)] == ["reopen_invoice", "exchange"]


def test_a_write_waits_for_the_customer_that_is_still_to_be_made() -> None:
    customer = "dkcustomeraaaaaaaaaaaaaaaa"
    refs = [["customer_document", customer]]
    for one in expand(reopening(sale_ledger_id="invoice/301", refs=refs, after=[customer]), ACCOUNTS):
        assert customer in one.after


# ------------------------------------------------------------------------------------------------ reversals


@pytest.mark.parametrize(("part", "record"), TAKEN_BACK.items())
def test_the_mirror_of_a_document_is_the_opposite_record(part: str, record: str) -> None:
    document = reversal(part, ("Cr", "Sales", 10000), ("Dr", "Accounts Receivable", 10000))
    assert record_of(document) == record
    assert record_of(expand(document, ACCOUNTS)[0]) == record


@pytest.mark.parametrize("part", ["reopen_invoice", *sorted(CASH_LEGS)])
def test_the_mirror_of_money_out_is_money_in_and_an_exchange(part: str) -> None:
    document = reversal(
        part,
        ("Cr", "Accounts Receivable", 4000),
        ("Dr", "Exchange Gain or Loss", 50),
        ("Dr", "Stripe Clearing", 3950),
    )
    payment, exchange = expand(document, ACCOUNTS)
    assert (payment.document_key, payment.amount_minor, record_of(payment)) == (KEY, 4000, "customerPayment")
    assert (exchange.kind, exchange.amount_minor, record_of(exchange)) == ("exchange", 50, "journalEntry")


def test_a_memo_that_was_never_paid_out_is_put_on_the_invoice_that_takes_it_back() -> None:
    memo = {"kind": "credit_memo", "document_key": ORIGINAL}
    entries = ("Cr", "Sales", 10000), ("Dr", "Accounts Receivable", 10000)
    document = reversal("credit_memo", *entries, settles=memo, lines=LINES)
    invoice, link = expand(document, ACCOUNTS)
    assert (invoice, link.kind, link.part, record_of(link)) == (
        document,
        "application",
        "applied",
        "creditMemo",
    )
    assert link.document_key == part_key("main", KEY, "applied")
    assert link.settles == Settles("credit_memo", document_key=ORIGINAL)
    assert set(link.after) == {ORIGINAL, KEY}
    assert link.amount_minor == 10000 and not link.entries
    # The one whose cash leg is taken back after it waits for that.
    assert expand(reversal("credit_memo", *entries, lines=LINES), ACCOUNTS) == [
        reversal("credit_memo", *entries, lines=LINES)
    ]


@pytest.mark.parametrize("part", ["void", "credit_memo"])
@pytest.mark.parametrize("clearing", ["Stripe Clearing", "Stripe Yen"])
def test_a_void_that_is_taken_back_is_the_invoice_again_and_its_payment(part: str, clearing: str) -> None:
    document = reversal(
        part,
        ("Cr", "Sales", 10000),
        ("Dr", "Exchange Gain or Loss", 200),
        ("Dr", clearing, 9800),
        lines=LINES,
    )
    invoice, payment, exchange = expand(document, ACCOUNTS)
    assert (invoice.part, record_of(invoice), invoice.amount_minor) == ("voided_invoice", "invoice", 10000)
    assert (payment.part, record_of(payment), payment.amount_minor) == ("void", "customerPayment", 10000)
    assert payment.document_key == KEY and invoice.reverses is None and not payment.lines
    assert payment.settles == Settles("invoice", document_key=invoice.document_key)
    assert invoice.document_key in payment.after and exchange.after == (KEY,)
    assert exchange.amount_minor == 200


@pytest.mark.parametrize("part", ["invoice", "payment"])
def test_the_mirrors_of_a_sale_are_one_write_each(part: str) -> None:
    """The invoice first, by a memo, which the refund of the payment then pays out."""
    document = reversal(part, ("Dr", "Sales", 10000), ("Cr", "Accounts Receivable", 10000))
    assert len(expand(document, ACCOUNTS)) == 1


def test_a_mirror_known_from_the_books_alone_is_never_split_nor_written() -> None:
    document = reversal("", ("Cr", "Sales", 10000), ("Dr", "Stripe Clearing", 10000))
    assert expand(document, ACCOUNTS) == [document]
    bare = make("application")
    assert expand(bare, ACCOUNTS) == [bare] and record_of(bare) == "customerPayment"
