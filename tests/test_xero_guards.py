"""What is read of Xero just before a write that changes what stands there, and forbids it: nothing is sent then."""

from __future__ import annotations

from typing import Any

import pytest
from xero_told import NOTE, PAID_OUT, Json, Rows, adapter, claim, element, key_of, refused_whole

from connector.ledgers.contract import (
    Absent,
    Apart,
    Claimed,
    Found,
    Posted,
    Rejected,
    Request,
    Withheld,
    run_steps,
)
from connector.ledgers.xero_payload import read_payload

LEDGER = adapter()
INVOICE = "243216c5-369e-4056-ac67-05388f86dc81"
ADA = "bd2270c3-8706-4c11-9cfb-000b551c3f51"
# 2 March 2026, and a day of the month before.
DAY = "/Date(1772409600000+0000)/"
BEFORE = "/Date(1769904000000+0000)/"
PAYMENT = "6a2f9c1e-3b64-4a57-9a9c-2f3d0f6b8a10"


def asked(one: Claimed, rows: Json) -> Any:
    """The request, or what became of the document."""
    made = run_steps(LEDGER.request([one], "attempt"), Rows(rows))
    return made if isinstance(made, Request) else made[one.document_key]  # type: ignore[index]


def looked(one: Claimed, rows: Json) -> Found | Absent:
    return run_steps(LEDGER.look([one]), Rows(rows))[one.document_key]


# ------------------------------------------------------------------------------------------------ opening again


def reopening(part: str, **more: Any) -> Claimed:
    settles = {"kind": "payment", "ledger_id": PAYMENT}
    return claim(LEDGER, "application", part=part, settles=settles, after=[], entries=[], lines=[], **more)


def paid(**more: Any) -> Json:
    row = {
        "PaymentID": PAYMENT,
        "PaymentType": "ACCRECPAYMENT",
        "Status": "AUTHORISED",
        "Amount": 25.00,
        "Date": DAY,
        "Account": {"AccountID": "562555f2-8cde-4ce9-8203-0363922537a4"},
        "Invoice": {"InvoiceID": INVOICE},
    }
    return {f"/Payments/{PAYMENT}": {**row, **more}}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"IsReconciled": True}, "is reconciled"),
        ({"BatchPaymentID": NOTE}, "belongs to a batch payment"),
        ({"BatchPayment": {"BatchPaymentID": NOTE}}, "belongs to a batch payment"),
        (
            {"Date": "/Date(1764547200000+0000)/"},
            "is of 2025-12-01, and the books are locked until 2025-12-31",
        ),
        ({"PaymentType": "ARCREDITPAYMENT"}, "does not pay an invoice"),
        ({"Amount": 24.99}, "is of 24.99 NZD, less than what is taken back"),
        (
            {"BankAmount": 43.75, "CurrencyRate": 0.5714},
            "came in another currency than that of its bank account",
        ),
    ],
)
def test_a_payment_that_cannot_be_made_again_is_not_deleted(changed: Json, words: str) -> None:
    seen = asked(reopening("unpaid"), paid(**changed))
    assert isinstance(seen, Withheld) and seen.reason == "ledger_cannot"
    assert words in seen.sentence


def test_a_payment_that_can_be_made_again_is_deleted_once() -> None:
    one = reopening("unpaid")
    made = asked(one, paid(BankAmount=25.00, CurrencyRate=1, IsReconciled=False))
    assert (made.method, made.target, made.body) == ("POST", f"/Payments/{PAYMENT}", b'{"Status":"DELETED"}')
    gone = asked(one, {})
    assert isinstance(gone, Withheld) and "is not a payment in Xero" in gone.sentence
    deleted = paid(Status="DELETED")
    assert isinstance(looked(one, {**deleted, "/Payments": list(deleted.values())}), Found)
    assert looked(one, paid()) == looked(one, {}) == Absent()


def test_a_payment_that_was_deleted_is_not_taken_for_another() -> None:
    """Another refund of the charge may have made it again: that one is taken; where nothing stands for it, each run looks
    again."""
    one, deleted = reopening("unpaid", charge_id="ch_1"), paid(Status="DELETED")
    rows = {**deleted, "/Payments": list(deleted.values())}
    held = asked(one, rows)
    assert isinstance(held, Withheld) and held.reason == "credit_memo_not_posted"
    marks = f"100 re_0 ch_1 {key_of('z')} [application of paid_again; number 100; sale 100]"
    again = {**paid(Reference=marks, PaymentID=NOTE)[f"/Payments/{PAYMENT}"]}
    made = asked(one, {**rows, "/Payments": [*deleted.values(), again]})
    assert made.target == f"/Payments/{NOTE}"
    assert looked(one, {**rows, "/Payments": [*deleted.values(), again]}) == Absent()
    small = {**again, "Amount": 24.99}
    assert isinstance(asked(one, {**rows, "/Payments": [*deleted.values(), small]}), Withheld)


# ------------------------------------------------------------------------------------------------ voiding

OPEN = {
    "InvoiceID": INVOICE,
    "Status": "AUTHORISED",
    "Total": 25.00,
    "AmountDue": 25.00,
    "Date": DAY,
    "Contact": {"ContactID": ADA},
}


def void(invoice: Json = OPEN, **lists: Any) -> Any:
    one = claim(LEDGER, "void", settles={"kind": "invoice", "ledger_id": INVOICE})
    rows = {"/Overpayments": [], "/Prepayments": [], "/Invoices": [], f"/Invoices/{INVOICE}": invoice}
    return asked(one, {**rows, **{f"/{name}": found for name, found in lists.items()}})


@pytest.mark.parametrize(
    "changed", [{"AmountDue": 24.99}, {"Status": "PAID", "AmountDue": 0}, {"Status": "DRAFT"}]
)
def test_an_invoice_that_is_not_wholly_open_is_not_voided(changed: Json) -> None:
    seen = void({**OPEN, **changed})
    assert isinstance(seen, Withheld) and seen.reason == "void_guard"


def credit(**more: Any) -> list[Json]:
    row = {"OverpaymentID": NOTE, "PrepaymentID": NOTE, "Status": "AUTHORISED", "Total": 25.00}
    return [{**row, "RemainingCredit": 25.00, "Date": DAY, **more}]


def with_payment(**more: Any) -> list[Json]:
    row = {"PaymentID": PAYMENT, "Amount": 25.00, "Date": DAY, "Reference": ""}
    return [{"InvoiceID": NOTE, "Payments": [{**row, **more}]}]


OTHERS = [{"Description": "Stripe ch_other"}]


@pytest.mark.parametrize(
    ("lists", "is_voided"),
    [
        ({"Overpayments": credit()}, False),
        ({"Prepayments": credit()}, False),
        ({"Overpayments": credit(Total=99, RemainingCredit=25.00)}, False),
        ({"Overpayments": credit(Total=7, RemainingCredit=7)}, True),
        ({"Overpayments": credit(Total=7, RemainingCredit=7, LineItems=[{"Description": "ch_a"}])}, False),
        ({"Overpayments": credit(LineItems=OTHERS)}, True),
        ({"Overpayments": credit(Status="VOIDED")}, True),
        ({"Overpayments": credit(Date=BEFORE)}, True),
        ({"Invoices": with_payment()}, False),
        ({"Invoices": with_payment(Amount=3, Reference="Stripe ch_a")}, False),
        ({"Invoices": with_payment(Reference="Stripe ch_other")}, True),
        ({"Invoices": with_payment(Amount=3)}, True),
        ({"Invoices": with_payment(Date=BEFORE)}, True),
    ],
)
def test_a_payment_of_the_contact_that_may_be_of_the_invoice_keeps_it(lists: Json, is_voided: bool) -> None:
    seen = void(**lists)
    assert isinstance(seen, Request if is_voided else Withheld)


def test_an_invoice_that_is_gone_is_a_refusal() -> None:
    one = claim(LEDGER, "void", settles={"kind": "invoice", "ledger_id": INVOICE})
    assert isinstance(asked(one, {}), Rejected)


@pytest.mark.parametrize("part", ["credit_card_refund", "refund_receipt"])
def test_what_is_reconciled_with_a_statement_is_not_deleted(part: str) -> None:
    plural, name = (
        ("Payments", "PaymentID")
        if part == "credit_card_refund"
        else ("BankTransactions", "BankTransactionID")
    )
    one = claim(
        LEDGER,
        "reversal",
        part=part,
        voids=True,
        reverses=key_of("z"),
        after=[key_of("z")],
        parents={key_of("z"): (part, PAID_OUT)},
    )
    row = {name: PAID_OUT, "Status": "AUTHORISED", "IsReconciled": True, "Date": DAY}
    place = f"/{plural}/{PAID_OUT}"
    seen = asked(one, {place: row})
    assert isinstance(seen, Withheld) and "is reconciled" in seen.sentence
    assert isinstance(asked(one, {place: {**row, "IsReconciled": False}}), Request)
    assert asked(one, {place: {**row, "Status": "DELETED"}}) == Posted(PAID_OUT, "100a", 2500, "nzd")
    assert isinstance(asked(one, {}), Rejected)
    assert isinstance(looked(one, {place: {**row, "Status": "DELETED"}}), Found)
    assert looked(one, {place: row}) == Absent()


# ------------------------------------------------------------------------------------------------ allocations


def link(part: str, kind: str = "invoice") -> Claimed:
    return claim(
        LEDGER,
        "application",
        part=part,
        settles={"kind": kind, "ledger_id": INVOICE},
        after=[key_of("z")],
        parents={key_of("z"): ("credit_memo", NOTE)},
        entries=[],
        lines=[],
    )


def both(note: Json, invoice: Json) -> Json:
    stands = {"Status": "AUTHORISED", "Date": DAY}
    return {
        f"/CreditNotes/{NOTE}": {"CreditNoteID": NOTE, **stands, "RemainingCredit": 25, **note},
        f"/Invoices/{INVOICE}": {"InvoiceID": INVOICE, **stands, "AmountDue": 25, **invoice},
    }


def test_no_more_is_allocated_than_both_have_open() -> None:
    one = link("allocated")
    assert b'"Amount":25.00' in asked(one, both({}, {})).body
    assert b'"Amount":7.00' in asked(one, both({"RemainingCredit": 7}, {})).body
    assert b'"Amount":0.01' in asked(one, both({}, {"AmountDue": 0.01})).body
    for closed in (both({"RemainingCredit": 0}, {}), both({}, {"AmountDue": 0})):
        assert asked(one, closed) == Posted(NOTE, "100a", 2500, "nzd")
    for gone in (both({"Status": "VOIDED"}, {}), both({}, {"Status": "VOIDED"}), {}):
        assert isinstance(asked(one, gone), Rejected)


def test_a_credit_note_settles_nothing_but_an_invoice() -> None:
    seen = asked(link("allocated", "refund_payout"), both({}, {}))
    assert isinstance(seen, Withheld) and seen.reason == "ledger_cannot"


def allocation(**more: Any) -> Json:
    """Ours, unless more is said: the whole credit note, on its own day."""
    fields = {
        "AllocationID": PAID_OUT,
        "Amount": 25.00,
        "Date": DAY,
        "Invoice": {"InvoiceID": INVOICE.upper()},
    }
    return {**fields, **more}


def test_what_a_person_put_on_the_invoice_is_not_taken_off() -> None:
    put, off = link("allocated"), link("unallocated")
    for theirs in (
        allocation(Amount=5.00, Date=BEFORE),
        allocation(Amount=26.00),
        allocation(IsDeleted=True),
        allocation(Invoice={"InvoiceID": PAYMENT}),
    ):
        on = {"Allocations": [theirs]}
        assert asked(off, both(on, {})) == Posted(NOTE, "100a", 2500, "nzd")
        assert isinstance(looked(off, both(on, {})), Found)
        assert looked(put, both(on, {})) == Absent()
    # One of less, of our day, is ours where no more was open then; to be sure of the rest it is put on once more.
    less = {"Allocations": [allocation(Amount=5.00)]}
    assert looked(off, both(less, {})) == looked(put, both(less, {})) == Absent()
    assert asked(off, both(less, {})).method == "DELETE"


@pytest.mark.parametrize(
    "other",
    [allocation(Amount=5.00, AllocationID=PAYMENT), allocation(Date=BEFORE, AllocationID=PAYMENT)],
    ids=["another amount", "another day"],
)
def test_of_several_allocations_ours_is_taken_off(other: Json) -> None:
    off = link("unallocated")
    for rows in ([other, allocation()], [allocation(), other]):
        made = asked(off, both({"Allocations": rows}, {}))
        assert made.target == f"/CreditNotes/{NOTE}/Allocations/{PAID_OUT}"


def test_an_allocation_is_looked_for_on_the_credit_note() -> None:
    on = {"Allocations": [allocation()]}
    put, off = link("allocated"), link("unallocated")
    assert isinstance(looked(put, both(on, {})), Found) and looked(put, both({}, {})) == Absent()
    assert looked(off, both(on, {})) == Absent() and isinstance(looked(off, both({}, {})), Found)
    made = asked(off, both(on, {}))
    assert (made.method, made.target) == ("DELETE", f"/CreditNotes/{NOTE}/Allocations/{PAID_OUT}")
    assert asked(off, both({}, {})) == Posted(NOTE, "100a", 2500, "nzd")


# ------------------------------------------------------------------------------------------------ one key, several times


def bearing(one: Claimed, plural: str, place: int, **more: Any) -> Json:
    """A document with the key of this one; those of a lower `place` have lower ids."""
    row = element(one, plural, f"{place}{NOTE[1:]}", Date=read_payload(one).body["Date"])
    return {**row, **more}


@pytest.mark.parametrize(
    ("kind", "plural", "other"),
    [
        ("refund_receipt", "BankTransactions", {"Total": 20.00}),
        ("refund_receipt", "BankTransactions", {"Date": "2026-01-05"}),
        ("credit_memo", "CreditNotes", {"CreditNoteNumber": "R7"}),
        ("credit_memo", "CreditNotes", {"CreditNoteNumber": "R7", "Total": 20.00}),
    ],
)
def test_of_several_that_bear_one_key_the_one_that_agrees_best_is_ours(
    kind: str, plural: str, other: Json
) -> None:
    one = claim(LEDGER, kind)
    for places in ((1, 2), (2, 1)):
        copy, ours = bearing(one, plural, places[0], **other), bearing(one, plural, places[1])
        for rows in ([copy, ours], [ours, copy]):
            seen = looked(one, {f"/{plural}": rows})
            assert isinstance(seen, Found) and seen.ledger_id == ours[f"{plural[:-1]}ID"]
    # Alone it is what stands, as the ledger has it.
    alone = looked(one, {f"/{plural}": [bearing(one, plural, 1, **other)]})
    assert isinstance(alone, Found) and alone.amount_minor == round(other.get("Total", 25) * 100)


def test_of_two_that_agree_in_all_the_one_with_the_lowest_id_is_ours() -> None:
    one = claim(LEDGER, "refund_receipt")
    rows = [bearing(one, "BankTransactions", place) for place in (3, 1, 2)]
    seen = looked(one, {"/BankTransactions": rows})
    assert isinstance(seen, Found) and seen.ledger_id.startswith("1")


# ------------------------------------------------------------------------------------------------ what is read ahead


def asked_ahead(one: Claimed, rows: Json, *lists: Json) -> Any:
    """The same, where lists told of the objects before: `lists` are rows as they stand by themselves, changed."""
    ledger, told = adapter(), Rows({})
    for changed in lists:
        for path, row in changed.items():
            told.rows.setdefault(path.rpartition("/")[0], []).append(row)
    told.rows |= rows
    run_steps(ledger.prepare([one]), told)
    made = run_steps(ledger.request([one], "attempt"), told)
    return (made if isinstance(made, Request) else made[one.document_key]), told.asked  # type: ignore[index]


def test_what_lists_show_serves_where_the_whole_is_to_be_done() -> None:
    seen, reads = asked_ahead(link("allocated"), {}, both({}, {}))
    assert b'"Amount":25.00' in seen.body
    assert [target.partition("?")[0] for target in reads] == ["/CreditNotes", "/Invoices"]


@pytest.mark.parametrize(
    "shown", [({"RemainingCredit": 0}, {}), ({}, {"AmountDue": 7}), ({"Status": "VOIDED"}, {})]
)
def test_that_less_is_to_be_done_is_not_believed_of_lists(shown: tuple[Json, Json]) -> None:
    """They may show what stood a minute ago."""
    seen, _ = asked_ahead(link("allocated"), both({}, {}), both(*shown))
    assert b'"Amount":25.00' in seen.body
    seen, _ = asked_ahead(link("allocated"), both(*shown), both(*shown))
    assert not isinstance(seen, Request) or b'"Amount":7.00' in seen.body


def test_an_allocation_that_lists_do_not_show_is_taken_off_all_the_same() -> None:
    on = {"Allocations": [{"AllocationID": PAID_OUT, "Invoice": {"InvoiceID": INVOICE}}]}
    seen, _ = asked_ahead(link("unallocated"), both(on, {}), both({}, {}))
    assert (seen.method, seen.target) == ("DELETE", f"/CreditNotes/{NOTE}/Allocations/{PAID_OUT}")
    seen, _ = asked_ahead(link("unallocated"), both({}, {}), both({}, {}))
    assert seen == Posted(NOTE, "100a", 2500, "nzd")


@pytest.mark.parametrize("now", [both({}, {}), both({}, {"AmountDue": 7}), {}])
def test_a_change_that_is_refused_is_tried_again_where_something_else_stands_now(now: Json) -> None:
    one, ledger = link("allocated"), adapter()
    told = Rows({path.rpartition("/")[0]: [row] for path, row in both({}, {}).items()})
    run_steps(ledger.prepare([one]), told)
    refusal = refused_whole([{"ValidationErrors": [{"Message": "more than is outstanding"}]}])
    made = run_steps(ledger.request([one], "attempt"), told)
    assert isinstance(made, Request)
    told.rows = now
    seen = run_steps(ledger.read([one], made, refusal), told)[one.document_key]
    assert isinstance(seen, Rejected if now == both({}, {}) else Apart)
    made = run_steps(ledger.request([one], "attempt"), told)
    assert isinstance(made, Request) == bool(now)
    if isinstance(made, Request):
        # Now it was read by itself, and the refusal stands.
        told.rows = {}
        assert isinstance(run_steps(ledger.read([one], made, refusal), told)[one.document_key], Rejected)
