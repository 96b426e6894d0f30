"""People who work in the organisation between two runs: what they took out, put elsewhere or wrote anew stays theirs, and
nothing is booked a second time for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from vendors.xero.wire import Json
from xero_desk import Desk, desk, paid_invoice
from xero_sold import allocate, credit_note, invoice, receive, spent, take_out
from xero_stage import SETTLED_S

NOTE = "CreditNote 100 2026-03-05 Ada: REV 30.00, TAX 3.00, AR -33.00"
PAID_OUT = "Payment 100 2026-03-05 Ada: AR 33.00, CLR -33.00"
SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
REFUNDED = {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}


def refunded(one: Desk) -> None:
    """A refund of 33.00 of a paid invoice, in the books."""
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    one.sync()
    assert one.written() == [NOTE, PAID_OUT]


def half_refunded(one: Desk) -> Json:
    """The same, and the payment never left: the credit note."""
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    one.shop.write()
    one.fake.inject("disconnected_403", "/Payments", method="PUT")
    one.json(1, "sync")
    (note,) = one.organisation.documents("CreditNotes")
    return note


def lost(one: Desk, path: str) -> None:
    """A refund of which a write was carried out, and its answer lost."""
    one.shop.refund("a", "ch_100", 3300, "2026-03-05")
    one.shop.write()
    one.fake.inject("lost_after", path, method="PUT")
    one.json(1, "sync")


def our_payment(one: Desk) -> Json:
    (row,) = [row for row in one.organisation.documents("Payments") if " dk" in row["Reference"]]
    return row


def settle(one: Desk, code: int) -> None:
    """The run that comes when an absent document is believed to be absent."""
    one.books.world.clock.now += SETTLED_S
    one.json(code, "sync")
    one.check()


# ---------------------------------------------------------------------------------------------- taken out by hand


@pytest.mark.parametrize(
    ("failed", "held"), [("2026-03-20", False), ("2026-04-20", True)], ids=["same month", "later"]
)
def test_a_payment_of_ours_that_was_deleted_is_not_taken_back_again(
    tmp_path: Path, failed: str, held: bool
) -> None:
    """Where it would have been deleted it is gone already; a mirror of it would book what never was."""
    with desk(tmp_path / "books") as one:
        refunded(one)
        take_out(one.hands, "Payments", our_payment(one))
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "posted 100"}
        before = one.totals()
        one.shop.fail("re_a", failed)
        one.shop.write()
        one.json(3 if held else 0, "sync")
        if held:
            assert one.outcomes() == {"re_a": "held ledger_cannot"}
            assert "does not stand in Xero any more" in one.refunds()["re_a"]["sentence"]
            assert one.totals()["CLR"] == before["CLR"] == "110.00"
        else:
            assert one.outcomes()["re_a"].startswith("reversed")
            assert (one.totals(), one.open()) == (SOLD, "0.00")
        one.check()


def test_a_credit_note_that_was_voided_before_its_payment_is_not_paid(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        note = half_refunded(one)
        take_out(one.hands, "CreditNotes", note)
        settle(one, 3)
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert "it does not stand in Xero any more" in one.refunds()["re_a"]["sentence"]
        assert (one.written(), one.totals()) == (
            [f"{NOTE.split(':', maxsplit=1)[0]}: nothing (voided)"],
            SOLD,
        )


def test_a_credit_note_of_a_lost_answer_that_was_voided_is_written_under_the_next_number(
    tmp_path: Path,
) -> None:
    """Nobody had told us that it stood; the number of what is void stays taken."""
    with desk(tmp_path / "books") as one:
        paid_invoice(one)
        lost(one, "/CreditNotes")
        (note,) = one.organisation.documents("CreditNotes")
        take_out(one.hands, "CreditNotes", note)
        settle(one, 0)
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.written()[1:] == [line.replace(" 100 ", " 100-1 ") for line in (NOTE, PAID_OUT)]
        assert (one.totals(), one.open()) == (REFUNDED, "0.00")


# ---------------------------------------------------------------------------------------------- put elsewhere


def test_a_credit_that_was_put_on_another_invoice_is_not_paid_out(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        note = half_refunded(one)
        other = invoice(one.hands, "500", "2026-03-06")
        allocate(one.hands, note, other, "20.00", "2026-03-06")
        settle(one, 3)
        assert one.outcomes() == {"re_a": "held credit_used"}
        sentence = one.refunds()["re_a"]["sentence"]
        assert "credit note 100 has 13.00 of 33.00 USD left; invoice" in sentence
        assert "CLR -33.00" not in "".join(one.written())
        # Taken off again it is paid out.
        (allocation,) = one.organisation.documents("Allocations")
        target = f"CreditNotes/{note['CreditNoteID']}/Allocations/{allocation['AllocationID']}"
        assert one.hands.send("DELETE", target).status_code == 200
        (held,) = one.held()
        one.resolve(held["document_key"], "--retry")
        settle(one, 0)
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.written() == [NOTE, PAID_OUT]


def test_a_credit_that_a_person_paid_out_is_not_paid_out_again(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        note = half_refunded(one)
        body = {"CreditNote": {"CreditNoteID": note["CreditNoteID"]}, "Account": {"Code": "090"}}
        one.hands.write("Payments", {**body, "Date": "2026-03-06", "Amount": 33})
        settle(one, 3)
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert one.totals() == REFUNDED
        assert one.open() == "0.00"


# ---------------------------------------------------------------------------------------------- written anew


def test_a_reference_that_lost_our_key_while_in_doubt_writes_no_second_credit_note(tmp_path: Path) -> None:
    """Its number is in use by a document like it: a person says whether that is this one."""
    with desk(tmp_path / "books") as one:
        paid_invoice(one)
        lost(one, "/CreditNotes")
        (note,) = one.organisation.documents("CreditNotes")
        one.organisation.set("CreditNotes", note["CreditNoteID"], Reference="Refund to Ada")
        settle(one, 3)
        assert one.outcomes() == {"re_a": "held duplicate_in_books"}
        assert len(one.organisation.documents("CreditNotes")) == 1
        assert "CLR -33.00" not in "".join(one.written())


def test_a_reference_that_somebody_wrote_more_into_is_found_all_the_same(tmp_path: Path) -> None:
    """Money spent has no number, and nothing but its reference tells that it is ours."""
    with desk(tmp_path / "books") as one:
        receive(one.hands)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        lost(one, "/BankTransactions")
        (spent,) = [row for row in one.organisation.documents("BankTransactions") if row["Type"] == "SPEND"]
        told = f"{spent['Reference']} refund to Ada"
        one.organisation.set("BankTransactions", spent["BankTransactionID"], Reference=told)
        settle(one, 0)
        assert one.outcomes()["re_a"].startswith("posted")
        rows = [row for row in one.organisation.documents("BankTransactions") if row["Type"] == "SPEND"]
        assert [row["Reference"] for row in rows] == [told]
        assert one.totals() == REFUNDED


def test_a_reference_that_was_changed_after_the_run_changes_nothing(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        (note,) = one.organisation.documents("CreditNotes")
        one.organisation.set("CreditNotes", note["CreditNoteID"], Reference="Refund to Ada")
        one.fake.requests.clear()
        one.json(0, "sync")
        assert one.fake.writes() == []
        one.shop.fail("re_a", "2026-03-20")
        one.shop.write()
        one.json(0, "sync")
        assert one.outcomes()["re_a"].startswith("reversed")
        assert (one.totals(), one.open()) == (SOLD, "0.00")


@pytest.mark.parametrize("day", ["2026-03-02", "2026-03-06", "2026-05-06"])
def test_money_spent_whose_day_somebody_corrected_while_in_doubt_is_not_spent_again(
    tmp_path: Path, day: str
) -> None:
    with desk(tmp_path / "books") as one:
        receive(one.hands)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        lost(one, "/BankTransactions")
        (spent,) = [row for row in one.organisation.documents("BankTransactions") if row["Type"] == "SPEND"]
        names = ("Type", "BankAccount", "LineItems", "Contact", "LineAmountTypes", "Reference")
        body = {name: spent[name] for name in names}
        one.hands.write(f"BankTransactions/{spent['BankTransactionID']}", {**body, "Date": day}, "POST")
        one.books.world.clock.now += SETTLED_S
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.written() == [f"SPEND 100 {day} Ada: CLR -33.00, REV 30.00, TAX 3.00"]
        assert one.totals() == REFUNDED


# ---------------------------------------------------------------------------------------------- copied


def copied(one: Desk, number: str, net: str, tax: str, day: str) -> None:
    """A copy of our credit note under another number; Xero takes the reference along."""
    (ours,) = one.organisation.documents("CreditNotes")
    credit_note(one.hands, number, day, net=net, tax=tax, Reference=ours["Reference"])


def status_of(one: Desk, number: str) -> str:
    (row,) = [row for row in one.organisation.documents("CreditNotes") if row["CreditNoteNumber"] == number]
    return str(row["Status"])


# Ids are made by chance: whichever of two comes first.
BURNT = range(4)


@pytest.mark.parametrize("burnt", BURNT)
@pytest.mark.parametrize(
    ("net", "tax", "day"), [("30.00", "3.00", "2026-03-05"), ("10.00", "1.00", "2026-03-04")]
)
def test_a_copy_of_our_credit_note_is_not_voided_after_a_lost_state(
    tmp_path: Path, burnt: int, net: str, tax: str, day: str
) -> None:
    with desk(tmp_path / "books") as one:
        refunded(one)
        for _ in range(burnt):
            one.organisation.new_id()
        copied(one, "R7", net, tax, day)
        one.books.lose_state()
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "posted 100"}
        one.shop.fail("re_a", "2026-03-20")
        one.shop.write()
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "reversed 100"}
        assert (status_of(one, "100"), status_of(one, "R7")) == ("VOIDED", "AUTHORISED")


@pytest.mark.parametrize("burnt", BURNT)
def test_a_copy_made_while_in_doubt_is_not_taken_for_ours(tmp_path: Path, burnt: int) -> None:
    with desk(tmp_path / "books") as one:
        paid_invoice(one)
        lost(one, "/CreditNotes")
        for _ in range(burnt):
            one.organisation.new_id()
        copied(one, "R7", "30.00", "3.00", "2026-03-05")
        settle(one, 0)
        assert one.outcomes() == {"re_a": "posted 100"}
        (paid,) = [row for row in one.organisation.documents("CreditNotes") if row["Status"] == "PAID"]
        assert paid["CreditNoteNumber"] == "100"


def test_a_copy_that_took_the_place_of_ours_is_not_booked_beside(tmp_path: Path) -> None:
    """A person voided ours and kept the copy: after a lost state it stands for ours."""
    with desk(tmp_path / "books") as one:
        refunded(one)
        copied(one, "R7", "30.00", "3.00", "2026-03-05")
        take_out(one.hands, "Payments", our_payment(one))
        (ours,) = [
            row for row in one.organisation.documents("CreditNotes") if row["CreditNoteNumber"] == "100"
        ]
        take_out(one.hands, "CreditNotes", ours)
        one.books.lose_state()
        one.command("sync")
        assert len(one.organisation.documents("CreditNotes")) == 2
        assert status_of(one, "R7") in ("AUTHORISED", "PAID")


@pytest.mark.parametrize("burnt", BURNT)
def test_of_money_spent_a_later_copy_is_not_deleted(tmp_path: Path, burnt: int) -> None:
    """It has no number; the copy is of a later day."""
    with desk(tmp_path / "books") as one:
        receive(one.hands)
        one.shop.refund("a", one.shop.charge("100", 11000, 1000, "2026-03-02", 0), 3300, "2026-03-05")
        one.sync()
        (ours,) = [row for row in one.organisation.documents("BankTransactions") if row["Type"] == "SPEND"]
        for _ in range(burnt):
            one.organisation.new_id()
        copy = spent(one.hands, ours["Reference"], day="2026-03-06")
        one.books.lose_state()
        one.json(0, "sync")
        one.shop.fail("re_a", "2026-03-20")
        one.shop.write()
        one.json(0, "sync")
        rows = {row["BankTransactionID"]: row for row in one.organisation.documents("BankTransactions")}
        assert rows[ours["BankTransactionID"]]["Status"] == "DELETED"
        assert rows[copy["BankTransactionID"]]["Status"] == "AUTHORISED"
