"""The stand-in for Xero: how invoices and credit notes are approved, changed and voided, and what lock dates stop."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from vendors.xero import FakeXero, write
from vendors.xero.refusals import NOT_EDITABLE, WRONG_STATUS
from vendors.xero.wire import Json
from xero_hands import (
    RECEIVABLES,
    SALES,
    Hands,
    allocate,
    credit,
    form,
    line,
    path_of,
    pay,
    shop,
    spend,
    void,
)


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


# ---------------------------------------------------------------------------------------------- life


def test_a_draft_posts_nothing_until_it_is_approved(hands: Hands) -> None:
    draft = hands.write("CreditNotes", {**credit("5"), "Status": "DRAFT"})
    assert hands.totals() == {}
    path = path_of(draft, "CreditNotes")
    for status in ("SUBMITTED", "AUTHORISED"):
        assert hands.write(path, {"Status": status}, "POST")["Status"] == status
    assert hands.totals() == {RECEIVABLES: "-5.00", SALES: "5.00"}
    assert hands.refusal(path, {"Status": "DELETED"}, "POST") == WRONG_STATUS
    assert hands.refusal("CreditNotes", {**credit("5"), "Status": "PAID"}).startswith(
        "A document cannot be created"
    )
    assert hands.refusal("Invoices", form("5", LineItems=[])) == "One or more line items must be specified"


def test_what_is_voided_moves_nothing_and_is_never_changed_again(hands: Hands) -> None:
    made = hands.write("Invoices", form("5", InvoiceNumber="100"))
    gone = void(hands, made)
    assert (gone["Status"], gone["AmountDue"], gone["Total"]) == ("VOIDED", 0, 5)
    assert hands.totals() == {}
    for body in ({"Status": "AUTHORISED"}, {"Reference": "x"}, {"Status": "VOIDED"}):
        assert hands.refusal(path_of(made), body, "POST") == WRONG_STATUS
    assert hands.refusal("Invoices", form("5", InvoiceNumber="100"), "POST") == WRONG_STATUS


@pytest.mark.parametrize("amount", ["2", "5"])
def test_what_is_paid_is_neither_changed_nor_voided(hands: Hands, amount: str) -> None:
    for kind, make in (("Invoices", form), ("CreditNotes", credit)):
        made = hands.write(kind, make("5"))
        on: Json = {kind[:-1]: made}
        paid = hands.write("Payments", pay(amount, **on))
        path = path_of(made, kind)
        assert hands.refusal(path, {"Reference": "x"}, "POST") == NOT_EDITABLE
        words = "it has payments or credit notes allocated to it."
        assert hands.refusal(path, {"Status": "VOIDED"}, "POST").endswith(words)
        hands.write(f"Payments/{paid['PaymentID']}", {"Status": "DELETED"}, "POST")
        assert hands.read(path)["Status"] == "AUTHORISED"
        assert void(hands, made, kind)["Status"] == "VOIDED"
    assert hands.totals() == {}


def test_some_changes_of_a_paid_document_leave_no_trace_in_its_time(hands: Hands) -> None:
    made = hands.write("Invoices", form("5"))
    hands.write("Payments", pay("2", Invoice=made))
    before = hands.read(path_of(made))["UpdatedDateUTC"]
    hands.organisation.clock.advance(60)
    changed = hands.write(path_of(made), {"DueDate": "2026-04-01", "SentToContact": True}, "POST")
    assert (changed["DueDateString"], changed["UpdatedDateUTC"]) == ("2026-04-01T00:00:00", before)


def test_a_line_without_its_id_is_another_line(hands: Hands) -> None:
    made = hands.write("Invoices", form("5", "6"))
    first, second = made["LineItems"]
    kept = {**line("5"), "LineItemID": first["LineItemID"]}
    changed = hands.write(path_of(made), {"LineItems": [kept, line("6")]}, "POST")
    ids = [one["LineItemID"] for one in changed["LineItems"]]
    assert ids[0] == first["LineItemID"] and ids[1] != second["LineItemID"]
    assert "does not belong" in hands.refusal("Invoices", form(LineItems=[kept]))


def test_the_day_is_that_of_the_organisation(hands: Hands) -> None:
    body = form("5")
    del body["Date"]
    hands.organisation.clock.advance(-8 * 3600)
    assert hands.write("Invoices", body)["DateString"] == "2026-03-05T00:00:00"


# ---------------------------------------------------------------------------------------------- lock dates


def test_nothing_is_written_on_or_before_a_lock_date(hands: Hands) -> None:
    organisation = hands.organisation
    note = hands.write("CreditNotes", credit("5"))
    invoice = hands.write("Invoices", form("5"))
    paid = hands.write("Payments", pay("1", CreditNote=note, Date="2026-03-05"))
    spent = hands.write("BankTransactions", spend("5"))
    allocate(hands, "CreditNotes", note, invoice, "1", day="2026-03-05")
    allocated = hands.read(path_of(note, "CreditNotes"))["Allocations"][0]["AllocationID"]
    other = hands.write("Invoices", form("5"))
    organisation.period_lock = "2026-03-05"
    words = "The document date cannot be before the period lock date, currently set at 2026-03-05"
    allocation = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": Decimal(1), "Date": "2026-03-05"}
    for path, body, method in (
        ("CreditNotes", credit("5"), "PUT"),
        ("BankTransactions", spend("5"), "PUT"),
        ("Payments", pay("1", CreditNote=note, Date="2026-03-05"), "PUT"),
        (f"CreditNotes/{note['CreditNoteID']}/Allocations", allocation, "PUT"),
        (f"Payments/{paid['PaymentID']}", {"Status": "DELETED"}, "POST"),
        (f"CreditNotes/{note['CreditNoteID']}/Allocations/{allocated}", {}, "DELETE"),
        (path_of(spent, "BankTransactions"), {"Status": "DELETED"}, "POST"),
        (path_of(spent, "BankTransactions"), {"Reference": "x"}, "POST"),
        (path_of(other), {"Reference": "x"}, "POST"),
        (path_of(other), {"Date": "2026-03-06"}, "POST"),
        (path_of(other), {"Status": "VOIDED"}, "POST"),
    ):
        assert hands.refusal(path, body, method) == words
    hands.write("CreditNotes", credit("5", Date="2026-03-06"))
    organisation.moods.adviser = True
    hands.write("CreditNotes", credit("5"))
    organisation.year_lock = "2026-03-05"
    assert "the end of year lock date, currently set at" in hands.refusal("CreditNotes", credit("5"))


def test_what_a_lock_date_stops_is_a_mood() -> None:
    organisation = shop()
    made = write(organisation, "Invoices", form("5"))
    organisation.period_lock = "2026-03-31"
    organisation.moods.locked = frozenset({"create"})
    write(organisation, path_of(made), {"Status": "VOIDED"}, "POST")
    organisation.check()
    assert organisation.trial_balance() == {}
