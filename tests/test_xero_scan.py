"""The ways to documents in Xero: by page, by refund, by id, by number; and which count."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from xero_hands import form, spend
from xero_reading import KEYS, START, Reading, note, reading


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as opened:
        yield opened


def test_a_scan_finds_all_that_bears_a_mark(books: Reading) -> None:
    ours = {
        "a": books.memo(Reference=note("a", "credit_memo", "re_1", "ch_1"))["CreditNoteID"],
        "b": books.paid_out(Reference=note("b", "refund_payout", "re_1"))["PaymentID"],
        "c": books.spent("404", "3", Reference=note("c", "fee", "re_1"))["BankTransactionID"],
        "d": books.overpaid("5", f"Paid back {note('d', 'reversal of refund_payout', 're_2')}")[
            "OverpaymentID"
        ],
        "e": books.invoice(Reference=note("e", "reversal of credit_memo", "re_1"))["InvoiceID"],
    }
    others = {
        books.invoice(number="101", Reference="order 7 ch_9")["InvoiceID"],
        books.memo(Reference="re_9")["CreditNoteID"],
        books.overpaid("6", "ch_8")["OverpaymentID"],
    }
    books.invoice(number="102", Reference="in_9 pi_9")
    books.invoice(number="103")
    books.write("Invoices", form("5", kind="ACCPAY", Reference="ch_9"))
    books.write("Invoices", form("5", Reference="ch_9", Status="DRAFT"))
    hits = books.scan_all()
    assert {one.document_key: one.ledger_id for one in hits if one.document_key} == {
        KEYS[name]: ledger_id for name, ledger_id in ours.items()
    }
    assert {one.ledger_id for one in hits if not one.document_key} == others
    assert len(hits) == len(ours) + len(others)
    kinds = {one.ledger_id: one.kind for one in hits}
    assert [kinds[ours[name]] for name in "abcde"] == [
        "credit_memo",
        "refund_payout",
        "fee",
        "reversal",
        "reversal",
    ]
    # A call for each list.
    assert len(books.carried) == 6


def test_a_scan_tells_what_was_voided_of_ours_alone(books: Reading) -> None:
    for name, reference in (("a", note("a", "credit_memo", "re_1")), ("b", "re_1")):
        books.take_out("CreditNotes", books.memo(CreditNoteNumber=name, Reference=reference))
    books.take_out("Payments", books.paid_out(Reference=note("b", "refund_payout", "re_1")))
    books.take_out("Payments", books.paid_out(Reference="re_1"))
    row = books.spent("200", "5", Reference=note("c", "refund_receipt", "re_2"))
    books.take_out("BankTransactions", row)
    stands = books.memo(Reference=note("d", "credit_memo", "re_3"))
    hits = {one.document_key: (one.voided, one.amount_minor) for one in books.scan_all()}
    assert hits == {
        KEYS["a"]: (True, 11000),
        KEYS["b"]: (True, 11000),
        KEYS["c"]: (True, 500),
        KEYS["d"]: (False, 11000),
    }
    # What is looked for by its id or its refund stands.
    assert books.documents(row["BankTransactionID"], stands["CreditNoteID"]).keys() == {
        stands["CreditNoteID"]
    }
    assert {one.ledger_id for hits in books.refunds("re_1", "re_2", "re_3").values() for one in hits} == {
        stands["CreditNoteID"]
    }


def test_a_scan_tells_no_copy_of_what_stands_under_its_own_number(books: Reading) -> None:
    def memo(number: str, name: str, told: str | None) -> str:
        marked = note(name, "credit_memo", "re_1", number=told)
        return str(books.memo(CreditNoteNumber=number, Reference=marked)["CreditNoteID"])

    memo("R1", "a", "100")
    ours = memo("100", "a", "100")
    memo("R2", "a", "100")
    # Without a number of ours, since that was in use; and with marks that had no room for it.
    bare, unmarked = memo("CN-7", "b", "200"), memo("CN-8", "c", None)
    # A copy that stands where ours was voided.
    void, instead = memo("300", "d", "300"), memo("R3", "d", "300")
    books.take_out("CreditNotes", {"CreditNoteID": void})
    hits = {one.ledger_id: one.voided for one in books.scan_all()}
    assert hits == {ours: False, bare: False, unmarked: False, void: True, instead: False}


def test_a_copy_on_an_earlier_page_is_told_neither(books: Reading) -> None:
    marked = note("a", "credit_memo", "re_1", number="100")
    for n in range(1001):
        books.memo("1", CreditNoteNumber=f"R-{n}", Reference=marked)
    ours = books.memo("1", CreditNoteNumber="100", Reference=marked)["CreditNoteID"]
    assert [one.ledger_id for one in books.scan_all()] == [ours]


def test_a_scan_goes_on_where_it_stopped(books: Reading) -> None:
    for n in range(1001):
        books.write("Invoices", form("1", InvoiceNumber=f"A-{n}", Reference=f"ch_{n}"))
    assert len(books.scan_all()) == 1001
    targets = [target for target in books.carried if target.startswith("/Invoices")]
    assert [target.partition("&")[2].partition("&")[0] for target in targets] == ["page=1", "page=2"]
    assert len(books.carried) == 7


def test_a_scan_begins_before_the_first_day(books: Reading) -> None:
    books.invoice(number="1", Reference="ch_1", Date="2026-01-14")
    books.invoice(number="2", Reference="ch_2", Date="2026-01-15")
    assert [one.charge_id for one in books.scan_all(START)] == ["ch_2"]


def test_what_bears_a_refund_s_id(books: Reading) -> None:
    both = books.memo(Reference="re_1 and re_2")
    cash = books.paid_out(Reference="re_1")
    books.memo(Reference="re_3", Date="2026-03-02")
    ours = books.spent("200", "5", Reference=note("a", "refund_receipt", "re_2"))
    bill = books.write("Invoices", form("5", kind="ACCPAY"))
    books.paid(bill, "5", Reference="re_1")
    hits = books.refunds("re_1", "re_2", "re_3")
    assert {refund_id: [one.ledger_id for one in found] for refund_id, found in hits.items()} == {
        "re_1": [both["CreditNoteID"], cash["PaymentID"]],
        "re_2": [both["CreditNoteID"], ours["BankTransactionID"]],
    }
    assert all(one.refund_id == refund_id for refund_id, found in hits.items() for one in found)
    # The days were read: nothing more is asked.
    books.carried.clear()
    books.refunds("re_1")
    assert books.carried == []
    assert books.refunds() == {}


def test_documents_by_what_a_person_wrote(books: Reading) -> None:
    invoice = books.invoice()
    written = (invoice["InvoiceID"].upper(), "100", "", "x" * 36, "00000000-0000-4000-8000-000000000000")
    found = books.documents(*written)
    assert {name: one.ledger_id for name, one in found.items()} == {written[0]: invoice["InvoiceID"]}
    books.carried.clear()
    assert books.documents("100") == {}
    assert books.carried == []


def test_bills_are_no_documents_of_ours(books: Reading) -> None:
    bill = books.write("Invoices", form("5", kind="ACCPAY"))
    assert books.documents(bill["InvoiceID"]) == {}


def test_sales_by_number(books: Reading) -> None:
    invoice = books.invoice(number="Ab-1")
    receipt = books.received("5", Reference="Ab-1")
    assert [one.ledger_id for one in books.numbered("Ab-1")] == [invoice["InvoiceID"]]
    assert books.numbered("ab-1") == []
    other = books.received("5", Reference="A,2")
    books.write("BankTransactions", spend("5", Reference="A-3"))
    assert [one.ledger_id for one in books.numbered("A,2")] == [other["BankTransactionID"]]
    assert books.numbered("A-3") == []
    books.take_out("Invoices", invoice)
    assert [one.ledger_id for one in books.numbered("Ab-1")] == [receipt["BankTransactionID"]]
    assert books.numbered('A"5') == []
    books.invoice(number="100-R", Reference=note("a", "reversal of credit_memo", "re_1"))
    assert books.numbered("100-R") == []
    comma = books.invoice(number="1,7")
    assert [one.ledger_id for one in books.numbered("1,7")] == [comma["InvoiceID"]]
