"""Each sentence that is known of Xero leads to its class of action, in each form in which it may be told, and no sentence
is taken for another because of what it quotes.

https://developer.xero.com/documentation/api/accounting/responsecodes
"""

from __future__ import annotations

from typing import Any

import pytest
from xero_told import Json, Rows, adapter, answer, claim, outcome, refused_whole, wrong

from connector.errors import LedgerDown
from connector.ledgers.contract import (
    Answer,
    Claimed,
    Down,
    NumberTaken,
    PeriodClosed,
    Rejected,
    Throttled,
    Unauthorised,
    Unknown,
    Withheld,
)
from connector.ledgers.xero_faults import Fault, fault_of, outcome_of, refuse_read

LEDGER = adapter()
NOBODY: Json = {"/Contacts": [], "/Invoices": []}
KINDS = {
    "CreditNotes": "credit_memo",
    "Invoices": "invoice",
    "Payments": "credit_card_refund",
    "BankTransactions": "refund_receipt",
    "Contacts": "customer",
}
# List, what Xero says, what follows: the sentences of sections 1 and 5 of what is known of it.
TABLE: tuple[tuple[str, str, type[Any]], ...] = (
    # A number in use, and nobody to be found who has it.
    ("CreditNotes", "Credit Note # must be unique.", Unknown),
    ("Invoices", "Invoice # must be unique.", Unknown),
    (
        "CreditNotes",
        "This document cannot be edited as it has a payment or credit note allocated to it.",
        Rejected,
    ),
    ("Payments", "Only Status accepted for updates.", Rejected),
    ("Payments", "Payment amount exceeds the amount outstanding on this document", Withheld),
    ("Payments", "Payments can only be made against Authorised documents", Rejected),
    ("Payments", "Payment is applied to more than one document.", Rejected),
    ("Payments", "Account could not be found.", Rejected),
    (
        "BankTransactions",
        "The Contact must contain at least 1 of the following elements to identify the contact: Name, ContactID, "
        "ContactNumber",
        Rejected,
    ),
    (
        "Invoices",
        "The status VOIDED cannot be applied to the invoice because it has payments or credit notes allocated to it.",
        Rejected,
    ),
    ("Invoices", "Invoice not of valid status for modification", Rejected),
    ("CreditNotes", "The line total 99.00 does not match the expected line total 100.00", Rejected),
    ("CreditNotes", "Organisation is not subscribed to currency EUR", Rejected),
    (
        "Contacts",
        "The contact name Ada is already assigned to another contact. The contact name must be unique across all "
        "active contacts.",
        NumberTaken,
    ),
    (
        "CreditNotes",
        "The contact with the specified contact details has been archived. The contact must be un-archived before "
        "creating new invoices or credit notes.",
        Rejected,
    ),
    ("CreditNotes", "Account code '310' has been archived, or deleted.", Rejected),
    ("CreditNotes", "Account code 'X' is not a valid code for this document.", Rejected),
    ("CreditNotes", "The TaxType code 'X' cannot be used with account code 'Y'.", Rejected),
    (
        "CreditNotes",
        "The document date cannot be before the period lock date, currently set at 31/12/2025",
        PeriodClosed,
    ),
    (
        "BankTransactions",
        "The document date cannot be before the end of year lock date, currently set at 31 Dec 2025",
        PeriodClosed,
    ),
    ("CreditNotes", "A validation exception occurred", Rejected),
    ("CreditNotes", "Something that nobody has heard of yet", Rejected),
)
# What merely quotes, or counts, what would mean something else by itself.
QUOTED: tuple[tuple[str, str, type[Any]], ...] = (
    ("CreditNotes", "The contact name Lock Date Ltd is already assigned to another contact.", Rejected),
    ("Contacts", "The contact name Lock Date Ltd is already assigned to another contact.", NumberTaken),
    ("Contacts", "The contact name Invoice # must be unique is already assigned to another.", NumberTaken),
    ("CreditNotes", "Account code 'Credit Note # must be unique' has been archived, or deleted.", Rejected),
    ("CreditNotes", "Item 'lock date' is not valid", Rejected),
    ("Payments", "Account 'exceeds the amount outstanding' could not be found.", Rejected),
    ("CreditNotes", "The line total 429 does not match the expected line total 401", Rejected),
    ("CreditNotes", "Account code '503' is not a valid code for this document.", Rejected),
    ("CreditNotes", "Account code '404' has been archived, or deleted.", Rejected),
    ("Invoices", "The TaxType code '200' cannot be used with account code '500'.", Rejected),
    ("CreditNotes", "The number 10 of the line is not unique", Rejected),
)
EVERY = pytest.mark.parametrize(("plural", "words", "expected"), [*TABLE, *QUOTED])


def one_of(plural: str) -> Claimed:
    return claim(LEDGER, KINDS[plural])


@EVERY
def test_an_element_that_is_refused_leads_to_its_class(plural: str, words: str, expected: type[Any]) -> None:
    one = one_of(plural)
    came = answer({plural: [wrong(one, plural, words)]})
    seen = outcome(one, came, Rows(NOBODY))
    assert type(seen) is expected
    if isinstance(seen, Rejected):
        assert (seen.code, seen.words) == ("ValidationException", words)
    if isinstance(seen, PeriodClosed | Withheld):
        assert words in seen.sentence


@EVERY
@pytest.mark.parametrize("within", ["", "LineItems", "Contact", "Account"])
def test_the_same_words_deeper_inside_lead_to_the_same(
    plural: str, words: str, expected: type[Any], within: str
) -> None:
    one = one_of(plural)
    came = answer({plural: [wrong(one, plural, words, within=within)]})
    assert type(outcome(one, came, Rows(NOBODY))) is expected


@EVERY
def test_a_request_of_one_that_is_refused_as_a_whole_is_the_same(
    plural: str, words: str, expected: type[Any]
) -> None:
    """It says nothing of how each element went, and the id in it is of nothing that was saved."""
    one = one_of(plural)
    echo = wrong(one, plural, words) | {f"{plural[:-1]}ID": "11111111-2222-4333-8444-555555555555"}
    seen = outcome(one, refused_whole([echo]), Rows(NOBODY))
    assert type(seen) is expected
    if isinstance(seen, Rejected):
        assert (seen.code, seen.words) == ("ValidationException", words)


def test_all_that_is_wrong_is_told_once() -> None:
    one = one_of("CreditNotes")
    words = (
        "Account code '310' has been archived, or deleted.",
        "Organisation is not subscribed to currency EUR",
    )
    seen = outcome(one, answer({"CreditNotes": [wrong(one, "CreditNotes", *words, words[0])]}))
    assert seen == Rejected("ValidationException", "; ".join(words))


@pytest.mark.parametrize("place", [0, 1])
def test_a_lock_date_counts_wherever_it_is_told(place: int) -> None:
    one = one_of("CreditNotes")
    words = ["Account could not be found.", "Credit note status is wrong"]
    words.insert(place, "The document date cannot be before the period lock date, currently set at 1/1/2026")
    seen = outcome(one, answer({"CreditNotes": [wrong(one, "CreditNotes", *words)]}))
    assert isinstance(seen, PeriodClosed)


# ------------------------------------------------------------------------------------------------ by status

TOKEN_EXPIRED: Json = {
    "Type": None,
    "Title": "Unauthorized",
    "Status": 401,
    "Detail": "TokenExpired: token expired at 08/12/2022 07:00:40",
    "Instance": "9e3a",
    "Extensions": {},
}
STATUSES: tuple[tuple[int, Any, type[Any]], ...] = (
    (400, {"ErrorNumber": 14, "Type": "PostDataInvalidException", "Message": "JSON is malformed"}, Rejected),
    (400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": "No property 'x'"}, Rejected),
    (400, {"Type": "ObjectNotFoundException", "Message": "The resource was not found"}, Rejected),
    (400, "Bad Request", Unknown),
    (400, "", Unknown),
    (401, TOKEN_EXPIRED, Unauthorised),
    (401, {**TOKEN_EXPIRED, "Detail": "AuthorizationUnsuccessful"}, Unauthorised),
    (
        403,
        {**TOKEN_EXPIRED, "Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"},
        Unauthorised,
    ),
    (404, "The resource you're looking for cannot be found", Rejected),
    (404, "<html><body>404</body></html>", Unknown),
    (404, "", Unknown),
    (412, "The request has an invalid header", Rejected),
    (412, "", Unknown),
    (429, "", Throttled),
    (429, "<html>Too many</html>", Throttled),
    (500, {"ErrorNumber": 500, "Type": "Exception", "Message": "An error occurred in Xero"}, Unknown),
    (500, "An unhandled error", Unknown),
    (501, "Not implemented", Unknown),
    (502, "<html><body>Bad Gateway</body></html>", Unknown),
    (503, "The Xero API is currently offline for maintenance", Unknown),
    (503, "The Xero API is temporarily unavailable", Unknown),
    (503, "The Organisation for this access token is not available", Unknown),
    (504, "", Unknown),
    (302, "", Unknown),
)


@pytest.mark.parametrize(("status", "body", "expected"), STATUSES)
def test_a_status_leads_to_its_class(status: int, body: Any, expected: type[Any]) -> None:
    """For a document that is new and for one that changes another alike."""
    came = answer(body, status)
    note = one_of("CreditNotes")
    assert type(outcome(note, came)) is expected
    void = claim(LEDGER, "reversal", part="credit_memo", voids=True, reverses="dk" + "z" * 24)
    assert type(outcome(void, came, target="/CreditNotes/249f")) is expected


def test_a_5xx_in_the_words_of_a_refusal_is_not_known_either() -> None:
    """Xero keeps and replays what went wrong inside it, and may have written before."""
    one = one_of("CreditNotes")
    for words in ("Credit Note # must be unique.", "The document date cannot be before the period lock date"):
        assert type(outcome(one, answer(words, 500))) is Unknown
        body = {"Type": "ValidationException", "Elements": [wrong(one, "CreditNotes", words)]}
        assert type(outcome(one, answer(body, 503))) is Unknown


@pytest.mark.parametrize("problem", ["minute", "day", "DayLimit", "concurrent", "appminute"])
@pytest.mark.parametrize(
    ("asked", "wait_s"), [("37", 37), ("70000", 70000), ("", None), ("soon", None), ("-1", None)]
)
def test_a_throttle_waits_as_long_as_xero_says_if_it_does(
    problem: str, asked: str, wait_s: int | None
) -> None:
    """Only the limits of a minute and of a day come with a time; the cause makes no difference."""
    headers = {"X_Rate_Limit_Problem": problem, **({"retry_after": asked} if asked else {})}
    came = answer("", 429, **headers)
    assert outcome(one_of("CreditNotes"), came) == Throttled(wait_s)
    assert fault_of(came) == Fault(429, problem, "HTTP status 429", "f5d0c1a2", wait_s)


def test_a_key_that_was_used_otherwise_says_that_something_was_sent() -> None:
    words = "Idempotency Key: 4f1c9a7e is used with a different request."
    one = one_of("CreditNotes")
    body = {"Type": "ValidationException", "Message": words}
    for came in (answer(body, 400), answer(words, 400), refused_whole([wrong(one, "CreditNotes", words)])):
        assert type(outcome(one, came)) is Unknown


def test_words_that_are_shown_are_xeros_and_not_too_many() -> None:
    unauthorised = outcome(one_of("CreditNotes"), answer(TOKEN_EXPIRED, 401))
    assert "TokenExpired: token expired" in unauthorised.sentence and "f5d0c1a2" in unauthorised.sentence
    long = fault_of(answer("x" * 9000, 500))
    assert long is not None and long.words == "x" * 500
    page = fault_of(answer("<html><p>no words of Xero's</p></html>", 502))
    assert page is not None and page.words == "HTTP status 502"


@pytest.mark.parametrize(("status", "expected"), [(401, Unauthorised), (503, Down)])
def test_what_the_courier_did_not_send_was_not_written(status: int, expected: type[Any]) -> None:
    seen = outcome(one_of("CreditNotes"), Answer(status, sentence="connect again"))
    assert type(seen) is expected and seen.sentence == "connect again"


def test_the_trace_id_is_told_to_who_may_ask_xero() -> None:
    seen = outcome_of(fault_of(answer("An unhandled error", 500)) or Fault(0, "", ""))
    assert isinstance(seen, Unknown)
    assert seen.why == "An unhandled error (500, Xero-Correlation-Id f5d0c1a2)"


@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_answer_that_tells_no_fault(status: int) -> None:
    assert fault_of(Answer(status, b"{}")) is None
    assert fault_of(Answer(500, b"", arrived=False)) is None


# ------------------------------------------------------------------------------------------------ reads


@pytest.mark.parametrize(
    ("came", "code"),
    [
        (Answer(0, b"no route", arrived=False), "network"),
        (answer("", 429), "throttled"),
        (answer(TOKEN_EXPIRED, 401), "unauthorised"),
        (answer({**TOKEN_EXPIRED, "Status": 403}, 403), "unauthorised"),
        (
            answer({"ErrorNumber": 16, "Type": "QueryParseException", "Message": "No property"}, 400),
            "ledger_down",
        ),
        (answer("The Xero API is currently offline for maintenance", 503), "ledger_down"),
        (answer("The resource you're looking for cannot be found", 404), "ledger_down"),
        (Answer(401, sentence="connect again"), "unauthorised"),
        (Answer(503, sentence="the token server is down"), "ledger_down"),
    ],
)
def test_a_read_that_fails_ends_the_pass_with_its_code(came: Answer, code: str) -> None:
    with pytest.raises(LedgerDown) as stop:
        refuse_read(came)
    assert stop.value.code == code
