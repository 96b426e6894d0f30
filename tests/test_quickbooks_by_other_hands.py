"""People who work in the company at the same time: their links and payments count, and what they deleted stays deleted."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from cli_books import Result
from quickbooks_desk import ADA, Desk, desk, invoice, paid_invoice, pay, receipt, taxed_form
from quickbooks_hands import CLEARING, pay_line, payment
from test_quickbooks_types import REOPEN
from vendors.quickbooks.wire import Json

MEMO = "CreditMemo 100-1 2026-03-05 Ada: AR -33.00, TAX 3.00, REV 30.00"
CARD = "Purchase 100-1 2026-03-05 Ada: AR 33.00, CLR -33.00"
LINK = "Payment 100-1 2026-03-05 Ada: nothing"
SOLD = {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}


def delete(one: Desk, kind: str, row: Json) -> None:
    now = one.hands.read(kind, row["Id"])
    one.hands.write(kind, {"Id": now["Id"], "SyncToken": now["SyncToken"]}, operation="delete")


def paste(one: Desk, action: str, word: str) -> Result:
    """The command with this word that an action holds, run as it is written there, with a reason in its place."""
    pasted = next(part for part in action.replace("; ", ": ").split(": ") if word in part)
    name, command, *words = ("looked at it" if each == "..." else each for each in shlex.split(pasted))
    assert name == "connector"
    assert str(one.books.config) in words
    return one.command(command, *words)


def lone_payment(one: Desk) -> Json:
    """A refund of a payment that stands on no invoice: it is paid out, and the link between the two is lost."""
    paid = pay(one, None)
    charge = one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
    one.shop.refund("a", charge, 11000, "2026-03-05")
    one.shop.write()
    one.fake.inject("lost_before", "/payment", method="POST")
    one.json(1, "sync")
    return paid


def unlinked_refund(one: Desk) -> tuple[Json, Json]:
    """A refund of an invoice that is in the books but for its link; the memo and the expense."""
    one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
    one.shop.write()
    one.fake.inject("lost_before", "/payment", method="POST")
    one.json(1, "sync")
    (memo,) = one.company.documents("CreditMemo")
    (expense,) = one.company.documents("Purchase")
    return memo, expense


# ---------------------------------------------------------------------------------------------- links by hand


def test_a_payment_that_was_applied_by_hand_stays_with_that_invoice(tmp_path: Path) -> None:
    """What the payment was paid for is taken from nobody: the refund waits for a person."""
    with desk(tmp_path / "books") as one:
        paid = lone_payment(one)
        other = invoice(one, "500", "2026-03-20")
        now = one.hands.read("Payment", paid["Id"])
        body = {name: now[name] for name in ("Id", "SyncToken", "CustomerRef", "TotalAmt")}
        lines = [pay_line("110.00", "Invoice", other)]
        one.hands.write("Payment", {**body, "sparse": True, "Line": lines})
        one.wait(1)
        one.json(3, "sync")
        assert one.outcomes() == {"re_a": "held credit_used"}
        sentence = one.refunds()["re_a"]["sentence"]
        assert sentence == (
            f"payment {paid['Id']} has 0.00 of 110.00 USD left; Invoice {other['Id']} took the rest"
        )
        assert one.by_hand() == [
            "Invoice 500 2026-03-20 Ada: AR 110.00, TAX -10.00, REV -100.00",
            "Payment - 2026-03-02 Ada: CLR 110.00, AR -110.00",
        ]
        assert one.written() == ["Purchase 100 2026-03-05 Ada: AR 110.00, CLR -110.00"]


def test_a_link_that_was_made_by_hand_is_the_link(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        memo, expense = unlinked_refund(one)
        lines = (pay_line("33.00", "Expense", expense), pay_line("33.00", "CreditMemo", memo))
        one.hands.write("Payment", payment("0", *lines, customer=ADA))
        one.wait(1)
        one.sync(plan=False)
        assert one.outcomes() == {"re_a": "posted 100-1"}
        assert one.held() == []
        assert one.written() == [MEMO, CARD]
        assert one.open() == "0"
        one.shop.fail("re_a", "2026-04-20")
        for _ in range(2):
            one.sync(plan=False)
            one.wait(1)
        assert one.outcomes()["re_a"].startswith("reversed")
        assert (one.open(), one.totals()) == ("0", SOLD)


# ---------------------------------------------------------------------------------------------- other invoices


def test_a_payment_of_two_invoices_opens_the_one_of_the_sale(tmp_path: Path) -> None:
    with desk(tmp_path / "books", **REOPEN) as one:
        sold = invoice(one, "100")
        other = one.hands.write("Invoice", taxed_form("101", "2026-03-02", "50.00", "0.00"))
        # The other one comes first in the payment.
        lines = (pay_line("50.00", "Invoice", other), pay_line("110.00", "Invoice", sold))
        where = {"DepositToAccountRef": one.hands.account(CLEARING), "TxnDate": "2026-03-02"}
        note = {"PrivateNote": "Stripe ch_100"}
        one.hands.write("Payment", payment("160.00", *lines, customer=ADA, **where, **note))
        charge = one.shop.charge("100", 16000, 1000, "2026-03-02", 0)
        one.shop.refund("a", charge, 5000, "2026-03-05")
        one.sync()

        def left() -> list[int]:
            found = {row["Id"]: row for row in one.company.documents("Invoice")}
            return [int(found[each["Id"]]["Balance"]) for each in (sold, other)]

        assert left() == [50, 0]
        assert one.written() == ["Purchase 100 2026-03-05 Ada: AR 50.00, CLR -50.00"]
        one.shop.fail("re_a", "2026-04-20")
        one.sync()
        assert left() == [0, 0]
        assert one.outcomes()["re_a"].startswith("reversed")
        assert one.open() == "0"


# ---------------------------------------------------------------------------------------------- deleted


def deleted(one: Desk, kind: str) -> None:
    (row,) = one.company.documents(kind)
    delete(one, kind, row)


def test_what_was_deleted_is_not_taken_back_again(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        receipt(one)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 11000, "2026-03-05")
        one.sync()
        deleted(one, "RefundReceipt")
        before = one.company.trial_balance()
        one.shop.fail("re_a", "2026-04-20")
        for _ in range(2):
            one.shop.write()
            one.json(3, "sync")
            assert one.outcomes() == {"re_a": "held ledger_cannot"}
            assert one.company.trial_balance() == before
            assert one.totals() == SOLD
            one.wait(1)
        refund = one.refunds()["re_a"]
        assert refund["sentence"].startswith("refund receipt ")
        assert refund["sentence"].endswith(", which was to be taken back, is not in QuickBooks any more")
        assert one.written() == []


def test_a_memo_that_was_deleted_before_its_cash_leg_is_not_taken_back(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        one.fake.inject("refused", "/purchase", method="POST", code="6210")
        one.json(3, "sync")
        deleted(one, "CreditMemo")
        one.json(3, "sync")
        assert one.outcomes() == {"re_a": "held credit_used"}
        assert "it is not in QuickBooks any more" in one.refunds()["re_a"]["sentence"]
        one.command("resync", "re_a", "--replace")
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        assert (one.written(), one.totals(), one.open()) == ([], SOLD, "0")


def test_an_expense_that_was_deleted_is_not_taken_back(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        deleted(one, "Purchase")
        before = one.company.trial_balance()
        assert one.command("resync", "re_a", "--replace").code == 3
        assert one.outcomes() == {"re_a": "held ledger_cannot"}
        assert "credit card refund " in one.refunds()["re_a"]["sentence"]
        assert one.company.trial_balance() == before


def test_a_deleted_payment_names_the_command_that_leaves_its_link_out(tmp_path: Path) -> None:
    """The pay-out stands; there is nothing left to tie it to."""
    with desk(tmp_path / "books") as one:
        paid = lone_payment(one)
        delete(one, "Payment", paid)
        one.wait(1)
        one.json(3, "sync")
        refund = one.refunds()["re_a"]
        assert (refund["outcome"], refund["reason"]) == ("held", "rejected_by_ledger")
        assert f"payment {paid['Id']} is not in QuickBooks any more" in refund["sentence"]
        freed = paste(one, refund["action"], "--skip")
        assert freed.code == 0, (freed.out, freed.err)
        written = one.written()
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.held() == []
        assert one.written() == written == ["Purchase 100 2026-03-05 Ada: AR 110.00, CLR -110.00"]


# ---------------------------------------------------------------------------------------------- voids


@pytest.mark.parametrize(
    ("day", "amount", "guarded"),
    [("2026-03-02", "110.00", True), ("2026-03-01", "110.00", False), ("2026-03-02", "100.00", False)],
)
def test_a_payment_without_ids_that_was_applied_to_another_invoice(
    tmp_path: Path, day: str, amount: str, guarded: bool
) -> None:
    """It may be of the invoice that is to be voided, unless it is older or of another amount."""
    with desk(tmp_path / "books") as one:
        invoice(one)
        other = invoice(one, "200", "2026-03-01")
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        paid = pay(one, other, amount, day, charge="")
        one.shop.refund("a", "ch_100", 11000, "2026-03-05")
        one.shop.write()
        one.json(3 if guarded else 0, "sync")
        if guarded:
            assert one.outcomes() == {"re_a": "held void_guard"}
            assert f"payment {paid['Id']} of its customer" in one.refunds()["re_a"]["sentence"]
        total = "Invoice 100 2026-03-02 Ada: AR 110.00, TAX -10.00, REV -100.00; Balance 110.00 left"
        assert (total in one.by_hand()) is guarded
