"""What became of each document of a request, whatever Xero answers: in order or not, in part, with warnings, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from xero_told import (
    NO_ID,
    NOTE,
    PAID_OUT,
    Json,
    Rows,
    adapter,
    answer,
    bared,
    claim,
    element,
    key_of,
    listed,
    outcome,
    outcomes,
    refused_whole,
    wrong,
)

from connector.delivery.outcome import next_step
from connector.ledgers.contract import (
    Absent,
    Answer,
    Apart,
    Claimed,
    Found,
    NumberTaken,
    Outcome,
    PeriodClosed,
    Posted,
    Rejected,
    Request,
    Throttled,
    Unauthorised,
    Unknown,
    Withheld,
    run_steps,
)

LEDGER = adapter()
NOTES = [claim(LEDGER, letter=letter) for letter in "abc"]
IDS = [f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-00000000000{n}" for n in range(1, 4)]
TAKEN = "Credit Note # must be unique."
NAME = "The contact name Ada is already assigned to another contact. The contact name must be unique."
LOCKED = "The document date cannot be before the period lock date, currently set at 31/12/2025"


def echoes(*claimed: Claimed, plural: str = "CreditNotes") -> list[Json]:
    return [element(one, plural, object_id) for one, object_id in zip(claimed, IDS, strict=False)]


def without(name: str, *elements: Json) -> list[Json]:
    return [{key: value for key, value in one.items() if key != name} for one in elements]


def posted(one: Claimed, place: int) -> Posted:
    return Posted(IDS[place], one.number, 2500, "nzd")


def step(one: Claimed, found: Outcome) -> Any:
    return next_step(one, found, "write", 0, 360)


# ------------------------------------------------------------------------------------------------ which is whose

ALL_POSTED = {one.document_key: posted(one, place) for place, one in enumerate(NOTES)}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_elements_are_told_apart_by_key_in_any_order(order: tuple[int, ...]) -> None:
    told = echoes(*NOTES)
    assert outcomes(NOTES, listed("CreditNotes", *(told[place] for place in order))) == ALL_POSTED


def test_elements_without_a_key_are_told_apart_by_their_places() -> None:
    told = without("Reference", *echoes(*NOTES))
    assert outcomes(NOTES, listed("CreditNotes", *told)) == ALL_POSTED


def test_the_place_of_another_document_is_nobodys() -> None:
    """The element of the second was left without a key, and those of the others stand in other places."""
    first, second, third = echoes(*NOTES)
    told = [third, first, *without("Reference", second)]
    seen = outcomes(NOTES, listed("CreditNotes", *told))
    assert seen[NOTES[0].document_key] == posted(NOTES[0], 0)
    assert type(seen[NOTES[1].document_key]) is Unknown
    assert seen[NOTES[2].document_key] == posted(NOTES[2], 2)


def test_of_a_document_that_the_answer_leaves_out_nothing_is_known() -> None:
    first, _, third = echoes(*NOTES)
    seen = outcomes(NOTES, listed("CreditNotes", first, third))
    assert type(seen[NOTES[1].document_key]) is Unknown
    assert [seen[one.document_key] for one in (NOTES[0], NOTES[2])] == [
        posted(NOTES[0], 0),
        posted(NOTES[2], 2),
    ]
    # Without keys a shorter list tells of none.
    seen = outcomes(NOTES, listed("CreditNotes", *without("Reference", first, third)))
    assert {type(one) for one in seen.values()} == {Unknown}


def test_another_document_in_the_answer_is_not_believed() -> None:
    stranger = element(claim(LEDGER, letter="d"), "CreditNotes", IDS[0])
    assert type(outcome(NOTES[0], listed("CreditNotes", stranger))) is Unknown


def test_overpayments_are_told_apart_by_the_marks_in_their_line() -> None:
    entries = [["Cr", "Accounts Receivable", 2500], ["Dr", "Stripe Clearing", 2500]]
    overs = [
        claim(LEDGER, "reversal", letter, part="refund_payout", entries=entries, lines=[]) for letter in "ab"
    ]
    told = []
    for one, object_id in zip(overs, IDS, strict=False):
        line = {"Description": f"Reversal re_{one.document_key[2]} {one.document_key} [reversal]"}
        told.append(
            element(
                one,
                "BankTransactions",
                object_id,
                LineItems=[line],
                OverpaymentID=object_id[:-1].upper() + "F",
            )
        )
    seen = outcomes(overs, listed("BankTransactions", *reversed(told)))
    # What is paid back later is the overpayment, not the bank transaction that it came by.
    assert [seen[one.document_key] for one in overs] == [
        Posted(IDS[place][:-1] + "f", one.number, 2500, "nzd") for place, one in enumerate(overs)
    ]


def test_contacts_are_told_apart_by_the_number_that_we_gave_them() -> None:
    contacts = [claim(LEDGER, "customer", letter, number=None, customer="Ada") for letter in "ab"]
    told = [element(one, "Contacts", i) for one, i in zip(contacts, IDS, strict=False)]
    seen = outcomes(contacts, listed("Contacts", *reversed(told)))
    assert [seen[one.document_key] for one in contacts] == [Posted(i, None, 0, "nzd") for i in IDS[:2]]
    # Another customer in the answer is not believed.
    assert type(outcome(contacts[1], listed("Contacts", told[0]))) is Unknown


# ------------------------------------------------------------------------------------------------ in part


def test_one_is_refused_among_good_ones() -> None:
    first, _, third = echoes(*NOTES)
    bad = wrong(NOTES[1], "CreditNotes", "Account code '310' has been archived, or deleted.")
    seen = outcomes(NOTES, listed("CreditNotes", first, bad, third))
    assert seen == {
        **ALL_POSTED,
        NOTES[1].document_key: Rejected(
            "ValidationException", "Account code '310' has been archived, or deleted."
        ),
    }


@pytest.mark.parametrize(
    "flags",
    [
        {"StatusAttributeString": "ERROR"},
        {"HasErrors": True},
        {"HasValidationErrors": True},
        {"ValidationErrors": [{"Message": "bad"}]},
    ],
)
def test_an_element_that_was_refused_is_never_posted(flags: Json) -> None:
    """Whatever says so, and though it bears an id: that of a refused one may be of nothing that was saved."""
    (told,) = without("StatusAttributeString", *echoes(NOTES[0]))
    seen = outcome(NOTES[0], listed("CreditNotes", {**told, **flags}))
    assert isinstance(seen, Rejected) and seen.words in ("bad", "Xero gave no reason")


@pytest.mark.parametrize("object_id", [NO_ID, "", None])
def test_a_document_without_an_id_is_not_known_to_stand(object_id: str | None) -> None:
    (told,) = echoes(NOTES[0])
    assert type(outcome(NOTES[0], listed("CreditNotes", {**told, "CreditNoteID": object_id}))) is Unknown


def test_a_warning_is_no_refusal() -> None:
    (told,) = echoes(NOTES[0])
    odd = {
        "StatusAttributeString": "WARNING",
        "Warnings": [{"Message": "The rate 0.1 is odd"}],
        "ValidationErrors": [],
    }
    assert outcome(NOTES[0], listed("CreditNotes", {**told, **odd})) == posted(NOTES[0], 0)


@pytest.mark.parametrize("status", ["VOIDED", "DELETED"])
def test_an_answer_that_shows_a_void_document_is_not_believed(status: str) -> None:
    """A key of another time is answered with what it wrote then."""
    (told,) = echoes(NOTES[0])
    seen = outcome(NOTES[0], listed("CreditNotes", {**told, "Status": status}))
    assert isinstance(seen, Unknown) and seen.told


# ------------------------------------------------------------------------------------------------ as a whole


@pytest.mark.parametrize(
    "came",
    [
        answer({"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": "malformed"}, 400),
        answer("The resource you're looking for cannot be found", 404),
    ],
)
def test_what_was_not_read_at_all_is_sent_apart(came: Answer) -> None:
    assert outcomes(NOTES, came) == {one.document_key: Apart() for one in NOTES}


@pytest.mark.parametrize(
    ("words", "expected"), [("Account could not be found.", Rejected), (LOCKED, PeriodClosed)]
)
def test_of_those_refused_together_only_what_is_told_is_known(words: str, expected: type[Any]) -> None:
    """Whether Xero kept the others, it does not say."""
    seen = outcomes(NOTES, refused_whole([wrong(NOTES[1], "CreditNotes", words)]))
    assert type(seen[NOTES[1].document_key]) is expected
    others = [seen[one.document_key] for one in NOTES if one is not NOTES[1]]
    assert others and all(isinstance(one, Unknown) and one.told for one in others)


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (answer("", 429, retry_after="37"), Throttled),
        (answer({"Title": "Unauthorized", "Detail": "TokenExpired"}, 401), Unauthorised),
        (answer("An unhandled error", 500), Unknown),
        (answer("The Xero API is temporarily unavailable", 503), Unknown),
        (answer("<html>Bad Gateway</html>", 502), Unknown),
        (Answer(0, b"the connection broke", arrived=False), Unknown),
    ],
)
def test_what_says_nothing_of_any_of_them_is_the_same_for_all(came: Answer, expected: type[Any]) -> None:
    seen = outcomes(NOTES, came)
    assert seen.keys() == ALL_POSTED.keys()
    assert {type(one) for one in seen.values()} == {expected}


HALF = json.dumps({"CreditNotes": echoes(NOTES[0])})


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", "null", "7", "<html>hello</html>", "<?xml version='1.0'?><Response/>", "{}", HALF[:-40]),
        *('{"CreditNotes":[]}', '{"CreditNotes":null}', '{"CreditNotes":[null]}', '{"CreditNotes":[{}]}'),
        '{"Invoices":[{"InvoiceID":"1"}]}',
    ],
)
def test_an_answer_that_cannot_be_understood_is_unknown(body: str) -> None:
    assert type(outcome(NOTES[0], answer(body))) is Unknown


# ------------------------------------------------------------------------------------------------ a number in use


def holder(**more: Any) -> Json:
    return {
        "CreditNoteID": NOTE.upper(),
        "Type": "ACCRECCREDIT",
        "CreditNoteNumber": "100a",
        "Reference": "",
        "Status": "AUTHORISED",
        "Date": "/Date(1772668800000+0000)/",
        "Total": 25.00,
        "CurrencyCode": "NZD",
        "Contact": {"ContactID": IDS[0], "Name": "Ada"},
        **more,
    }


def taken_by(*rows: Json, one: Claimed = NOTES[0]) -> Any:
    books = Rows({"/CreditNotes/100a": list(rows)} if rows else {"/CreditNotes": []})
    seen = outcome(one, listed("CreditNotes", wrong(one, "CreditNotes", TAKEN)), books)
    assert books.asked[:1] == ["/CreditNotes/100a"]
    return seen


def test_the_number_may_be_this_very_documents() -> None:
    """Written by a request whose answer was lost."""
    ours = holder(Reference=f"100a re_a ch_a {key_of('a')} [credit_memo; number 100a; sale 1001]")
    seen = taken_by(ours)
    assert isinstance(seen, NumberTaken) and isinstance(seen.holder, Found)
    assert (seen.holder.document_key, seen.holder.kind, seen.holder.ledger_id) == (
        key_of("a"),
        "credit_memo",
        NOTE,
    )
    assert (seen.holder.refund_id, seen.holder.charge_id) == ("re_a", "ch_a")
    found = step(NOTES[0], seen)
    assert (found.state, found.ledger_id, found.number) == ("posted", NOTE, "100a")


def test_the_number_of_this_very_document_with_another_total_is_held() -> None:
    ours = holder(Reference=f"100a re_a {key_of('a')} [credit_memo]", Total=24.99)
    assert step(NOTES[0], taken_by(ours)).reason == "total_differs"


def test_a_void_document_of_ours_keeps_its_number_and_is_not_found() -> None:
    gone = holder(Reference=f"100a re_a {key_of('a')} [credit_memo]", Status="VOIDED")
    seen = taken_by(gone)
    assert (seen.holder.document_key, seen.holder.kind) == (None, "void credit_memo")
    found = step(NOTES[0], seen)
    assert (found.state, found.taken_by) == ("planned", NOTE)


def test_another_document_of_ours_makes_this_one_take_the_next_number() -> None:
    seen = taken_by(holder(Reference=f"100a re_x {key_of('x')} [credit_memo]"))
    assert seen.holder.document_key == key_of("x")
    assert (step(NOTES[0], seen).state, step(NOTES[0], seen).taken_by) == ("planned", NOTE)


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({}, "held"),
        ({"Total": 24.99}, "planned"),
        ({"CurrencyCode": "EUR"}, "planned"),
        ({"Contact": {"Name": "Bo"}}, "planned"),
        ({"Contact": {}}, "held"),
        ({"CreditNoteNumber": "100A"}, "held"),
    ],
)
def test_a_document_of_others_holds_this_one_where_it_is_alike(changed: Json, state: str) -> None:
    seen = taken_by(holder(**changed))
    assert seen.holder.document_key is None and seen.holder.kind == "credit_memo"
    found = step(NOTES[0], seen)
    assert found.state == state
    assert (found.reason == "duplicate_in_books") == (state == "held")


def test_a_holder_in_an_odd_currency_is_not_named() -> None:
    seen = taken_by(holder(CurrencyCode="QQQ"))
    assert seen == NumberTaken(None)
    assert (step(NOTES[0], seen).state, step(NOTES[0], seen).taken_by) == ("planned", "")


@pytest.mark.parametrize("rows", [(), (holder(Type="ACCPAYCREDIT"),)], ids=["gone", "bill"])
def test_a_holder_that_xero_does_not_show_may_be_this_very_document(rows: tuple[Json, ...]) -> None:
    """A list lags behind what was written, and the next number would be a second document."""
    seen = taken_by(*rows)
    assert isinstance(seen, Unknown) and seen.told


def test_a_holder_that_cannot_be_read_leaves_it_unknown() -> None:
    came = listed("CreditNotes", wrong(NOTES[0], "CreditNotes", TAKEN))
    for instead in (answer("", 500), answer("", 429), Answer(0, b"", arrived=False), answer("{}")):
        assert type(outcome(NOTES[0], came, Rows(instead=instead))) is Unknown


def invoice_row(object_id: str, number: str) -> Json:
    kept = {name: value for name, value in holder().items() if not name.startswith("CreditNote")}
    return {**kept, "InvoiceID": object_id, "InvoiceNumber": number, "Type": "ACCREC"}


def test_the_holder_of_an_invoices_number_is_asked_for_by_list() -> None:
    """Xero compares without regard to capitals: the very number counts more than one in other letters."""
    one = claim(LEDGER, "invoice", refund_id=None)
    books = Rows({"/Invoices": [invoice_row(IDS[2], "100A"), invoice_row(IDS[1], "100a")]})
    seen = outcome(one, listed("Invoices", wrong(one, "Invoices", "Invoice # must be unique.")), books)
    assert seen.holder.ledger_id == IDS[1] and seen.holder.kind == "invoice"
    _, asked = books.asked
    assert "InvoiceNumbers=100a" in asked and "where=Type%3D%3D%22ACCREC%22" in asked


def test_what_has_no_number_has_none_taken() -> None:
    payment = claim(LEDGER, "credit_card_refund")
    seen = outcome(payment, listed("Payments", wrong(payment, "Payments", TAKEN)))
    assert seen == Rejected("ValidationException", TAKEN)
    numberless = claim(LEDGER, number=None)
    seen = outcome(numberless, listed("CreditNotes", wrong(numberless, "CreditNotes", TAKEN)))
    assert seen == Rejected("ValidationException", TAKEN)


# ------------------------------------------------------------------------------------------------ a name in use

ADA = claim(LEDGER, "customer", number=None, customer="Ada")


def name_in_use(one: Claimed, *rows: Json) -> Any:
    books = Rows({"/Contacts": list(rows)})
    seen = outcome(one, listed("Contacts", wrong(one, "Contacts", NAME)), books)
    (asked,) = books.asked
    assert "where=ContactNumber%3D%3D%22cus_a%22" in asked and "includeArchived=true" in asked
    return seen


def test_the_contact_may_be_ours_already() -> None:
    ours = {"ContactID": IDS[2].upper(), "ContactNumber": "cus_a", "Name": "Ada"}
    assert name_in_use(ADA, ours) == Posted(IDS[2], None, 0, "nzd")


def test_a_contact_that_is_archived_is_to_be_restored() -> None:
    """An active one with the same number is ours all the same; Xero also says in other words that one is archived."""
    old = {"ContactID": IDS[1], "ContactNumber": "cus_a", "Name": "Ada Old", "ContactStatus": "ARCHIVED"}
    for one in (ADA, bared(ADA)):
        seen = name_in_use(one, old)
        assert isinstance(seen, Withheld) and "contact Ada Old with the contact number cus_a" in seen.sentence
        assert step(one, seen).state == "held"
    active = {"ContactID": IDS[2], "ContactNumber": "cus_a", "Name": "Ada", "ContactStatus": "ACTIVE"}
    assert name_in_use(ADA, old, active) == Posted(IDS[2], None, 0, "nzd")
    words = "The contact with the specified contact details has been archived."
    came = listed("Contacts", wrong(ADA, "Contacts", words))
    assert isinstance(outcome(ADA, came, Rows({"/Contacts": [old]})), Withheld)


@pytest.mark.parametrize("rows", [(), ({"ContactID": IDS[2], "ContactNumber": "CUS_A"},)])
def test_a_name_of_somebody_else_makes_this_one_take_the_other_name(rows: tuple[Json, ...]) -> None:
    seen = name_in_use(ADA, *rows)
    assert seen == NumberTaken(None)
    assert step(ADA, seen).state == "planned"


def test_where_the_other_name_is_in_use_too_a_person_is_needed() -> None:
    assert name_in_use(bared(ADA)) == Rejected("ValidationException", NAME)


def test_who_has_the_name_may_not_be_readable() -> None:
    came = listed("Contacts", wrong(ADA, "Contacts", NAME))
    assert type(outcome(ADA, came, Rows(instead=answer("", 500)))) is Unknown


# ------------------------------------------------------------------------------------------------ totals


def test_the_total_is_xeros_own() -> None:
    (told,) = echoes(NOTES[0])
    seen = outcome(NOTES[0], listed("CreditNotes", {**told, "Total": 24.99}))
    assert seen == Posted(IDS[0], "100a", 2499, "nzd")
    assert step(NOTES[0], seen).reason == "total_differs"
    euros = outcome(NOTES[0], listed("CreditNotes", {**told, "CurrencyCode": "EUR"}))
    assert euros == Posted(IDS[0], "100a", 2500, "eur")
    assert step(NOTES[0], euros).reason == "total_differs"


def test_a_number_that_xero_gave_itself_is_kept() -> None:
    (told,) = echoes(NOTES[0])
    seen = outcome(bared(NOTES[0]), listed("CreditNotes", {**told, "CreditNoteNumber": "CN-0042"}))
    assert seen == Posted(IDS[0], "CN-0042", 2500, "nzd")


def foreign_payment() -> Claimed:
    return claim(
        LEDGER,
        "credit_card_refund",
        currency="eur",
        entry_currency="nzd",
        home_minor=4400,
        entries=[["Dr", "Accounts Receivable", 4400], ["Cr", "Stripe Clearing", 4400]],
    )


@pytest.mark.parametrize(
    ("told", "moved", "state"),
    [
        ({"Amount": 25.00, "BankAmount": 44.00}, (2500, "eur"), "posted"),
        ({"Amount": 25.00, "CurrencyRate": 0.568182}, (2500, "eur"), "posted"),
        ({"Amount": 25.00, "CurrencyRate": 0.57}, (4386, "nzd"), "held"),
        ({"Amount": 25.00}, (0, "nzd"), "held"),
        ({"Amount": 25.00, "BankAmount": 43.98}, (4398, "nzd"), "held"),
        ({"Amount": 24.00, "BankAmount": 44.00}, (2400, "eur"), "held"),
    ],
)
def test_a_payment_in_two_currencies_must_move_clearing_by_what_stripe_said(
    told: Json, moved: tuple[int, str], state: str
) -> None:
    one = foreign_payment()
    seen = outcome(one, listed("Payments", element(one, "Payments", PAID_OUT, **told)))
    assert (seen.amount_minor, seen.currency) == moved
    assert step(one, seen).state == state


# ------------------------------------------------------------------------------------------------ undo


def undone(one: Claimed, came: Answer) -> Any:
    """What the answer says to the request that takes out again what was written."""
    request = LEDGER.undo(one, Posted(NOTE, one.number, 2499, "nzd"), "attempt")
    assert isinstance(request, Request)
    return run_steps(LEDGER.read([one], request, came), Rows())[one.document_key]


@pytest.mark.parametrize(
    ("kind", "plural", "status"),
    [
        ("credit_memo", "CreditNotes", "VOIDED"),
        ("invoice", "Invoices", "VOIDED"),
        ("credit_card_refund", "Payments", "DELETED"),
        ("refund_receipt", "BankTransactions", "DELETED"),
    ],
)
def test_what_was_taken_out_again_is_believed_where_it_is_shown(kind: str, plural: str, status: str) -> None:
    one = claim(LEDGER, kind)
    gone = element(one, plural, NOTE, Status=status)
    assert undone(one, listed(plural, gone)) == Absent()
    assert type(undone(one, listed(plural, {**gone, "Status": "AUTHORISED"}))) is Unknown
    assert type(undone(one, listed(plural))) is Unknown
    assert type(undone(one, refused_whole([wrong(one, plural, LOCKED)]))) is Unknown
    assert type(undone(one, answer("An unhandled error", 500))) is Unknown


def test_what_changes_others_is_not_undone() -> None:
    """Nor is a contact, or an overpayment, which Xero knows by another id than its bank transaction's."""
    over = claim(
        LEDGER,
        "reversal",
        part="refund_payout",
        lines=[],
        entries=[["Cr", "Accounts Receivable", 2500], ["Dr", "Stripe Clearing", 2500]],
    )
    for one in (ADA, over):
        assert LEDGER.undo(one, Posted(NOTE, None, 1, "nzd"), "attempt") is None


# ------------------------------------------------------------------------------------------------ changes


def void_of(part: str) -> Claimed:
    return claim(LEDGER, "reversal", part=part, voids=True, reverses=key_of("z"))


def changed(one: Claimed, target: str, came: Answer) -> Any:
    return outcome(one, came, target=target)


@pytest.mark.parametrize(
    ("part", "plural", "status"),
    [
        ("credit_memo", "CreditNotes", "VOIDED"),
        ("credit_card_refund", "Payments", "DELETED"),
        ("refund_receipt", "BankTransactions", "DELETED"),
    ],
)
def test_a_void_is_believed_where_it_is_shown(part: str, plural: str, status: str) -> None:
    one, target = void_of(part), f"/{plural}/{NOTE}"
    gone = element(one, plural, NOTE.upper(), Status=status)
    assert changed(one, target, listed(plural, gone)) == Posted(NOTE, "100a", 2500, "nzd")
    for came in (
        listed(plural, {**gone, "Status": "AUTHORISED"}),
        listed(plural),
        answer("<html>"),
        answer(""),
    ):
        assert type(changed(one, target, came)) is Unknown
    words = "Invoice not of valid status for modification"
    refused = wrong(one, plural, words, Status="AUTHORISED")
    assert changed(one, target, listed(plural, refused)) == Rejected("ValidationException", words)
    assert changed(one, target, refused_whole([refused])) == Rejected("ValidationException", words)
    assert isinstance(changed(one, target, refused_whole([wrong(one, plural, LOCKED)])), PeriodClosed)


def link(part: str) -> Claimed:
    """The allocation of a credit note, or its undoing."""
    settles = {"kind": "invoice", "ledger_id": IDS[0]}
    return claim(LEDGER, "application", part=part, settles=settles, after=[key_of("z")], entries=[], lines=[])


ALLOCATION = {"Amount": 25.00, "Date": "/Date(1772668800000+0000)/", "Invoice": {"InvoiceID": IDS[0]}}


def test_an_allocation_is_believed_where_it_is_shown() -> None:
    one, target = link("allocated"), f"/CreditNotes/{NOTE}/Allocations"
    done = Posted(NOTE, "100a", 2500, "nzd")
    good = listed("Allocations", {**ALLOCATION, "ValidationErrors": []})
    assert changed(one, target, good) == done
    bad = {**ALLOCATION, "ValidationErrors": [{"Message": "too much"}]}
    for came in (listed("Allocations"), listed("Allocations", bad), answer("<html>")):
        seen = changed(one, target, came)
        assert isinstance(seen, Unknown) and seen.told
    assert type(changed(one, target, refused_whole([bad]))) is Rejected


def test_an_allocation_taken_off_is_believed_where_it_is_shown() -> None:
    one, target = link("unallocated"), f"/CreditNotes/{NOTE}/Allocations/{IDS[1]}"
    gone = {
        "AllocationId": IDS[1],
        "Date": "/Date(1772668800000+0000)/",
        "Invoice": [{"InvoiceID": IDS[0]}],
        "IsDeleted": True,
    }
    assert changed(one, target, answer(gone)) == Posted(NOTE, "100a", 2500, "nzd")
    for came in (answer({**gone, "IsDeleted": False}), answer("{}"), answer("<html>"), answer("[]")):
        seen = changed(one, target, came)
        assert isinstance(seen, Unknown) and seen.told


# ------------------------------------------------------------------------------------------------ what it teaches


def test_the_answer_to_a_credit_note_serves_the_payment_that_pays_it_out() -> None:
    """Once, and only what was posted: the payment after it asks again."""
    ledger = adapter()
    note = claim(ledger, charge_id=None)
    came = listed("CreditNotes", element(note, "CreditNotes", NOTE, RemainingCredit=25.00))
    made = run_steps(ledger.request([note], "attempt"), Rows())
    assert isinstance(made, Request)
    run_steps(ledger.read([note], made, came), Rows())
    payment = claim(ledger, "credit_card_refund")
    books = Rows()
    run_steps(ledger.prepare([payment]), books)
    assert isinstance(run_steps(ledger.request([payment], "attempt"), books), Request)
    assert books.asked == []
    row = {"CreditNoteID": NOTE, "Status": "PAID", "RemainingCredit": 0}
    later = Rows({f"/CreditNotes/{NOTE}": row})
    seen: Any = run_steps(ledger.request([payment], "attempt"), later)
    assert seen[payment.document_key].reason == "credit_used"
    assert later.asked == [f"/CreditNotes/{NOTE}"]
