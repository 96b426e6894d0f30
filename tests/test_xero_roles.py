"""How one document becomes the writes that Xero needs: their keys, their order and what they move together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from xero_golden import Case, cases, document_of

from connector.ledgers.further_writes import Accounts
from connector.ledgers.xero_payload import batch_group
from connector.ledgers.xero_roles import MIRRORS, PLURALS, expand, plural_of
from connector.planning.model import CASH_LEGS, Document, Settles

ACCOUNTS = Accounts(
    frozenset({"Stripe Clearing", "Stripe Yen"}), "Exchange Differences", "Accounts Receivable"
)
KEY = "dkdocumentaaaaaaaaaaaaaaaa"
ORIGINAL = "dkoriginalaaaaaaaaaaaaaaaa"
EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
TAXED = [{"line_id": "1", "description": "", "account": "Sales", "net_minor": 10000}]


def make(kind: str, *entries: tuple[str, str, int], **told: Any) -> Document:
    """A document of 100.00; its amount is that of its last entry unless it is said."""
    amount = entries[-1][2] if entries else 0
    return document_of(
        {"document_key": KEY, "kind": kind, "amount_minor": amount, "entries": entries, **told}
    )


def shape(document: Document) -> list[tuple[str, str]]:
    """Kind and list of each write."""
    return [(one.kind, plural_of(one)) for one in expand(document, ACCOUNTS)]


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
    for document in case.documents:
        assert moved(expand(document, ACCOUNTS)) == moved([document])


@EACH
def test_every_part_balances_and_says_what_its_entries_move(case: Case) -> None:
    for document in case.documents:
        for part in expand(document, ACCOUNTS):
            assert sum(entry.debit_minor - entry.credit_minor for entry in part.entries) == 0
            if part.entries:
                last = part.entries[-1]
                assert part.entry_minor == last.debit_minor + last.credit_minor
            else:
                assert part.kind in ("application", "customer")


@EACH
def test_keys_are_stable_and_each_is_of_one_write(case: Case) -> None:
    every = [part.document_key for one in case.documents for part in expand(one, ACCOUNTS)]
    assert len(set(every)) == len(every)
    assert every == [part.document_key for one in case.documents for part in expand(one, ACCOUNTS)]
    for document in case.documents:
        assert document.document_key in every, "a document is found again by its own key"
        elsewhere = replace(document, ledger="another")
        others = {part.document_key for part in expand(elsewhere, ACCOUNTS)} - {document.document_key}
        assert not others & set(every), "what it becomes in another ledger has other keys"


@EACH
def test_a_part_comes_after_those_that_it_follows(case: Case) -> None:
    for document in case.documents:
        parts = expand(document, ACCOUNTS)
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
    for document in case.documents:
        for part in expand(document, ACCOUNTS):
            assert (part.subject_id, part.refund_id, part.charge_id) == (
                document.subject_id,
                document.refund_id,
                document.charge_id,
            )
            assert (part.number, part.sale_number, part.posting_date) == (
                document.number,
                document.sale_number,
                document.posting_date,
            )


@EACH
def test_what_changes_an_object_goes_by_itself(case: Case) -> None:
    for document in case.documents:
        for part in expand(document, ACCOUNTS):
            alone = part.voids or part.kind in ("application", "void")
            assert batch_group(part).startswith("one ") == alone


# ------------------------------------------------------------------------------------------------ by kind

ONE_WRITE = {
    "invoice": "Invoices",
    "sales_receipt": "BankTransactions",
    "credit_memo": "CreditNotes",
    "refund_receipt": "BankTransactions",
    "payment": "Payments",
    "credit_card_refund": "Payments",
    "refund_payout": "Payments",
    "fee": "BankTransactions",
    "exchange": "BankTransactions",
    "void": "Invoices",
    "customer": "Contacts",
}


@pytest.mark.parametrize(("kind", "plural"), ONE_WRITE.items())
def test_a_plain_document_is_one_write(kind: str, plural: str) -> None:
    document = make(kind, ("Dr", "Sales", 10000), ("Cr", "Stripe Clearing", 10000))
    assert expand(document, ACCOUNTS) == [document]
    assert plural_of(document) == plural
    assert PLURALS.keys() == {*ONE_WRITE, "reopen_invoice"}


@pytest.mark.parametrize("kind", sorted(CASH_LEGS))
@pytest.mark.parametrize("moved_minor", [500, -500])
def test_a_payment_brings_what_it_is_for_and_exchange_is_beside_it(kind: str, moved_minor: int) -> None:
    side = "Dr" if moved_minor > 0 else "Cr"
    document = make(
        kind,
        (side, "Exchange Differences", abs(moved_minor)),
        ("Dr", "Accounts Receivable", 10000),
        ("Cr", "Stripe Clearing", 10000 + moved_minor),
        settles={"kind": "credit_memo", "document_key": ORIGINAL},
    )
    paid, exchange = expand(document, ACCOUNTS)
    assert (paid.document_key, paid.amount_minor) == (KEY, 10000)
    assert (exchange.kind, exchange.amount_minor, exchange.after) == ("exchange", 500, (KEY,))
    assert exchange.settles is None and not exchange.lines
    assert [entry.account for entry in exchange.entries] == ["Exchange Differences", "Stripe Clearing"]
    assert (exchange.entries[-1].credit_minor > 0) == (moved_minor > 0)


def test_in_the_charges_currency_xero_books_the_difference_itself() -> None:
    document = make(
        "refund_payout",
        ("Dr", "Exchange Differences", 75),
        ("Dr", "Accounts Receivable", 20125),
        ("Cr", "Stripe Clearing", 20200),
        currency="eur",
        entry_currency="nzd",
        amount_minor=11500,
        home_minor=20200,
    )
    assert expand(document, ACCOUNTS) == [document]


@pytest.mark.parametrize("kind", ["refund_receipt", "sales_receipt"])
@pytest.mark.parametrize(("exchange", "writes"), [("Dr", 1), ("Cr", 2)])
def test_a_receipt_takes_exchange_of_its_own_way_only(kind: str, exchange: str, writes: int) -> None:
    """Against the way of the money it would be a line below zero."""
    total = 10300 if exchange == "Dr" else 9700
    away, back = ("Dr", "Cr") if kind == "refund_receipt" else ("Cr", "Dr")
    side = away if exchange == "Dr" else back
    document = make(
        kind,
        (away, "Sales", 10000),
        (side, "Exchange Differences", 300),
        (back, "Stripe Clearing", total),
        lines=TAXED,
    )
    parts = expand(document, ACCOUNTS)
    assert len(parts) == writes
    assert parts[0].amount_minor == (10300 if writes == 1 else 10000)
    assert parts[0].lines == document.lines
    if writes == 2:
        assert (parts[1].kind, parts[1].amount_minor, plural_of(parts[1])) == (
            "exchange",
            300,
            "BankTransactions",
        )


def test_an_exchange_document_is_not_split() -> None:
    document = make("exchange", ("Dr", "Exchange Differences", 300), ("Cr", "Stripe Clearing", 300))
    assert expand(document, ACCOUNTS) == [document]


def test_a_lone_credit_note_is_put_on_its_invoice() -> None:
    memo = ("Dr", "Sales", 10000), ("Cr", "Accounts Receivable", 10000)
    alone = make("credit_memo", *memo, settles={"kind": "invoice", "ledger_id": "i"})
    note, link = expand(alone, ACCOUNTS)
    assert (note, link.kind, link.part, link.after) == (alone, "application", "allocated", (KEY,))
    assert link.settles == Settles("invoice", ledger_id="i") and link.amount_minor == 10000
    ours = make("credit_memo", *memo, settles={"kind": "invoice", "document_key": ORIGINAL})
    assert expand(ours, ACCOUNTS)[1].after == (KEY, ORIGINAL)
    assert shape(make("credit_memo", *memo)) == [("credit_memo", "CreditNotes")]


def test_a_link_waits_for_the_contact_that_is_still_to_be_made() -> None:
    document = make(
        "credit_memo",
        ("Dr", "Sales", 10000),
        ("Cr", "Accounts Receivable", 10000),
        settles={"kind": "invoice", "ledger_id": "i"},
        refs={"customer_document": ORIGINAL},
    )
    assert expand(document, ACCOUNTS)[1].after == (KEY, ORIGINAL)


def test_an_invoice_is_opened_again_in_four_writes_and_an_exchange() -> None:
    document = make(
        "reopen_invoice",
        ("Dr", "Exchange Differences", 100),
        ("Dr", "Accounts Receivable", 4600),
        ("Cr", "Stripe Clearing", 4700),
        settles={"kind": "payment", "document_key": ORIGINAL},
        after=[ORIGINAL],
    )
    off, rest, over, paid, exchange = expand(document, ACCOUNTS)
    assert [off.part, rest.part, over.part, paid.kind] == [
        "unpaid",
        "paid_again",
        "overpaid",
        "reopen_invoice",
    ]
    assert [plural_of(one) for one in (off, rest, over, paid, exchange)] == [
        "Payments",
        "Payments",
        "BankTransactions",
        "Payments",
        "BankTransactions",
    ]
    assert {one.amount_minor for one in (off, rest, over, paid)} == {4600}
    assert exchange.amount_minor == 100 and exchange.after == (KEY,)
    # All of them know the payment that is taken back, and the last pays the overpayment.
    assert {one.settles for one in (off, rest, over)} == {document.settles}
    assert paid.settles == Settles("payment", document_key=over.document_key)
    assert off.after == (ORIGINAL,) and off.document_key in rest.after
    assert {off.document_key, rest.document_key} < set(over.after)


# ------------------------------------------------------------------------------------------------ reversals


def reversal(part: str, *entries: tuple[str, str, int], **told: Any) -> Document:
    values = {"part": part, "reverses": ORIGINAL, "after": [ORIGINAL], **told}
    return make("reversal", *entries, **values)


@pytest.mark.parametrize(("part", "plural"), MIRRORS.items())
def test_the_mirror_of_a_document_is_the_opposite_object(part: str, plural: str) -> None:
    document = reversal(
        part,
        ("Cr", "Sales", 10000),
        ("Dr", "Accounts Receivable", 10000),
        settles={"kind": "invoice", "document_key": "dkx"},
    )
    assert plural_of(document) == plural
    assert plural_of(expand(document, ACCOUNTS)[0]) == plural


@pytest.mark.parametrize("part", ["reopen_invoice", *sorted(CASH_LEGS)])
def test_a_mirror_that_pays_nothing_is_an_overpayment(part: str) -> None:
    document = reversal(part, ("Cr", "Accounts Receivable", 4000), ("Dr", "Stripe Clearing", 4000))
    assert shape(document) == [("reversal", "Overpayments")]
    assert batch_group(document) == "BankTransactions"


def test_an_overpayment_has_no_exchange_in_it() -> None:
    document = reversal(
        "refund_payout",
        ("Cr", "Accounts Receivable", 4000),
        ("Dr", "Exchange Differences", 50),
        ("Dr", "Stripe Clearing", 3950),
    )
    over, exchange = expand(document, ACCOUNTS)
    assert (over.amount_minor, plural_of(over), exchange.amount_minor) == (4000, "Overpayments", 50)


@pytest.mark.parametrize("part", ["void", "credit_memo"])
def test_a_void_that_is_taken_back_is_the_invoice_again_and_its_payment(part: str) -> None:
    document = reversal(
        part,
        ("Cr", "Sales", 10000),
        ("Dr", "Exchange Differences", 200),
        ("Dr", "Stripe Clearing", 9800),
        lines=TAXED,
    )
    invoice, payment, exchange = expand(document, ACCOUNTS)
    assert (invoice.part, plural_of(invoice), invoice.amount_minor) == ("voided_invoice", "Invoices", 10000)
    assert (payment.part, plural_of(payment), payment.amount_minor) == ("void", "Payments", 10000)
    assert payment.document_key == KEY and invoice.reverses is None and not payment.lines
    assert payment.settles == Settles("invoice", document_key=invoice.document_key)
    assert invoice.document_key in payment.after and exchange.after == (KEY,)
    assert exchange.amount_minor == 200


def test_a_mirror_known_from_the_books_alone_is_never_split() -> None:
    document = reversal("", ("Cr", "Sales", 10000), ("Dr", "Stripe Clearing", 10000))
    assert expand(document, ACCOUNTS) == [document]


VOIDED = {
    "credit_memo": "CreditNotes",
    "refund_receipt": "BankTransactions",
    "invoice": "Invoices",
    "payment": "Payments",
    "sales_receipt": "BankTransactions",
    "fee": "BankTransactions",
    "exchange": "BankTransactions",
    "credit_card_refund": "Payments",
    "refund_payout": "Payments",
}


@pytest.mark.parametrize(("part", "plural"), VOIDED.items())
def test_what_is_voided_is_voided_where_it_stands(part: str, plural: str) -> None:
    document = reversal(part, ("Cr", "Sales", 10000), ("Dr", "Stripe Clearing", 10000), voids=True)
    assert expand(document, ACCOUNTS) == [document]
    assert plural_of(document) == plural


def test_a_credit_note_is_taken_off_its_invoice_before_it_is_voided() -> None:
    settles = {"kind": "invoice", "ledger_id": "i"}
    document = reversal(
        "credit_memo",
        ("Cr", "Sales", 10000),
        ("Dr", "Accounts Receivable", 10000),
        settles=settles,
        voids=True,
    )
    off, void = expand(document, ACCOUNTS)
    assert (off.kind, off.part, plural_of(off)) == ("application", "unallocated", "Allocations")
    # It changes the credit note, and voids nothing by itself.
    assert not off.voids and off.after[0] == ORIGINAL
    assert void.voids and void.after == (ORIGINAL, off.document_key)


def test_what_was_two_writes_is_voided_in_two() -> None:
    """The second by the key that it was written with."""
    told: dict[str, Any] = {"settles": {"kind": "credit_memo", "document_key": "dkmemo"}}
    entries = (
        ("Dr", "Exchange Differences", 500),
        ("Dr", "Accounts Receivable", 10000),
        ("Cr", "Stripe Clearing", 10500),
    )
    original = replace(make("refund_payout", *entries, **told), document_key=ORIGINAL)
    written = expand(original, ACCOUNTS)[1].document_key
    back = [("Cr" if side == "Dr" else "Dr", account, minor) for side, account, minor in entries]
    whole, rest = expand(reversal("refund_payout", *back, voids=True, **told), ACCOUNTS)
    assert (whole.reverses, rest.reverses) == (ORIGINAL, written)
    assert (rest.kind, rest.part, plural_of(rest), rest.voids) == (
        "reversal",
        "exchange",
        "BankTransactions",
        True,
    )
    assert rest.after == (KEY, written)
    assert whole.posting_date == rest.posting_date == date(2026, 3, 5)
