"""Every refund type in a NetSuite account, posted and taken back: each record, what is applied to what, and the books, to
the cent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from netsuite_desk import Desk, desk, paid_invoice
from netsuite_type_cases import CASES, INVOICE, PAID_IN, REOPEN, Case
from small_shop import major


def posted(one: Desk, case: Case, lost: bool) -> None:
    case.make(one)
    one.sync()
    assert one.written() == case.written
    assert one.by_hand() == case.by_hand
    assert (one.totals(), one.open()) == (case.totals, case.owed)
    assert {outcome.split()[0] for outcome in one.outcomes().values()} == {"posted"}
    if lost:
        one.settle_down()


@pytest.mark.parametrize(
    ("day", "lost"),
    [("2026-04-20", True), ("2026-03-20", False)],
    ids=["another month, a lost state", "the same month"],
)
@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_a_type_is_posted_and_taken_back(tmp_path: Path, case: Case, day: str, lost: bool) -> None:
    """Nothing that was written is taken out or restated, in whatever month the refund fails, and also where it is known from
    the books alone."""
    with desk(tmp_path / "books", **case.settings) as one:
        posted(one, case, lost)
        last = max(one.outcomes())
        one.shop.fail(last, day)
        one.wait(24)
        one.sync()
        assert one.outcomes()[last].startswith("reversed")
        before = case.written if case.taken_up is None else case.taken_up
        assert one.written() == [*before, *(line.replace("2026-04-20", day) for line in case.back)]
        assert one.by_hand() == (case.by_hand if case.freed is None else case.freed)
        assert (one.totals(), one.open()) == (case.sold, case.owed_after)
        one.settle_down()


def stripe_invoice(one: Desk, charge_id: str) -> None:
    """The invoice that the charge paid at Stripe."""
    charge = one.shop.objects[charge_id]
    billed = {"created": charge["created"], "currency": "usd", "total": 11000, "status": "paid"}
    line = {"id": "il_100", "amount": 10000, "currency": "usd", "taxes": [{"amount": 1000}]}
    one.shop.export.put(
        {"id": "in_100", "object": "invoice", "number": "100", **billed, "lines": {"data": [line]}},
        {
            **{"id": "inpay_100", "object": "invoice_payment", "created": charge["created"]},
            **{"invoice": "in_100", "amount_paid": 11000, "status": "paid"},
            "payment": {"type": "charge", "charge": charge_id},
        },
    )


@pytest.mark.parametrize(("part", "owed"), [(11000, "110.00"), (3300, "33.00")])
def test_an_invoice_that_is_refunded_is_open_again_in_netsuite_and_here(
    tmp_path: Path, part: int, owed: str
) -> None:
    """Its payment stays listed and settles the rest; clearing is what Stripe has."""
    with desk(tmp_path / "books", refunds={"credit_note_grace": "0s"}, **REOPEN) as one:
        settings = json.loads(one.books.config.read_text(encoding="utf-8"))
        one.books.config.write_text(json.dumps({**settings, "invoice_status": "reopened"}), encoding="utf-8")
        charge_id = paid_invoice(one)
        stripe_invoice(one, charge_id)
        one.sync()
        (before,) = one.json(0, "list", "invoices")["invoices"]
        assert before["status"] == "Paid"
        one.shop.refund("a", charge_id, part, "2026-03-05")
        one.sync()
        (after,) = one.json(0, "list", "invoices")["invoices"]
        assert (after["status"], after["refunded"]["amount"]) == ("Unpaid", owed)
        sold, paid = one.by_hand()
        assert sold == f"{INVOICE}; {owed} open"
        assert paid == PAID_IN + ("" if part == 11000 else "; on invoice 100 by 77.00")
        assert one.totals().get("CLR", "0.00") == major(11000 - part)
        assert one.totals()["AR"] == owed == one.open()
        said = one.command("explain", "re_a").out
        assert "takes the payment off the invoice, which is open again by as much" in said
        one.settle_down()


def test_an_invoice_is_never_taken_back_by_a_cash_refund(tmp_path: Path) -> None:
    """A cash refund is of a cash sale: where credit memos are off, a paid invoice has no other type."""
    with desk(tmp_path / "books", refund_types={"credit_memo": False}) as one:
        one.shop.refund("a", paid_invoice(one), 11000, "2026-03-05")
        one.sync()
        assert one.outcomes() == {"re_a": "excluded type_switched_off"}
        said = one.command("explain", "re_a").out
        assert "netsuite cannot make refund_receipt where sale is invoice" in said
        refused = one.resolve("re_a", "--type", "refund_receipt", code=2)
        assert "refund_receipt: cannot be made of an invoice" in refused.err
        assert one.written() == []
        one.set(refund_types={"credit_memo": True})
        one.resync("re_a")
        assert [line.split(" 2026")[0] for line in one.written()] == ["creditMemo 100", "customerRefund 100"]
        one.settle_down()
