"""Each error that is known of NetSuite leads to its class of action, and no sentence is taken for another because of what
it quotes.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156570709583.html
"""

from __future__ import annotations

from typing import Any

import pytest
from netsuite_told import Told, adapter, answer, claim, claims, fault, outcome, script_error

from connector.errors import LedgerDown
from connector.ledgers.contract import (
    Answer,
    Claimed,
    Down,
    NumberTaken,
    PeriodClosed,
    Posted,
    Rejected,
    Throttled,
    Unauthorised,
    Unknown,
    Withheld,
)
from connector.ledgers.netsuite_faults import SHOWN, fault_of, not_found, outcome_of, refuse_read

LEDGER = adapter()
ACCESSING = "Error while accessing a resource. "
NOT_THERE = fault(404, "NONEXISTENT_ID", "Record does not exist.", title="Not Found")
# What NetSuite says with 400 and USER_ERROR, of a credit memo and of a refund that takes it: sections 3 and 4 of the sheet.
SAID: tuple[tuple[str, type[Any], type[Any]], ...] = (
    ("This record already exists", Unknown, Unknown),
    ("A record with the same external id exists.", Unknown, Unknown),
    ("This record has been locked by a user defined workflow.", Rejected, Rejected),
    ("The period is closed.", PeriodClosed, PeriodClosed),
    (
        "This transaction can not be saved: the accounting period Feb 2026 is locked.",
        PeriodClosed,
        PeriodClosed,
    ),
    (
        "The transaction date you specified is not within the date range of your accounting period.",
        PeriodClosed,
        PeriodClosed,
    ),
    ("There are no open posting periods for this date", PeriodClosed, PeriodClosed),
    ("The amount applied 25.00 exceeds the amount due 24.99.", Rejected, Withheld),
    ("You cannot apply more than the remaining amount of this credit.", Rejected, Withheld),
    ("The amount cannot be applied.", Rejected, Withheld),
    ("There is nothing open on this transaction.", Rejected, Withheld),
    ("The amount 30.00 exceeds what remains of the deposit.", Rejected, Withheld),
    ("The document number 100a is already in use.", NumberTaken, NumberTaken),
    ("Duplicate transaction number. Enter another one.", NumberTaken, NumberTaken),
    ("Record has been changed", Unknown, Unknown),
    (
        "Permission Violation: You need a higher level of the permission Customer Refund.",
        Unauthorised,
        Unauthorised,
    ),
    ("Please enter value(s) for: Class", Rejected, Rejected),
    ("REST web services do not support legacy tax features.", Rejected, Rejected),
    ("Something that nobody has heard of yet", Rejected, Rejected),
)
# What merely quotes, or names, what would mean something else by itself.
QUOTED: tuple[tuple[str, type[Any]], ...] = (
    ('The item "Grace period" is inactive.', Rejected),
    ("The item 'closed period' can't be sold.", Rejected),
    ("The class <already exists> is inactive.", Rejected),
    ("The customer 'Duplicate number Ltd' is on hold.", Rejected),
    ("The tax code can be of one line more than once.", Rejected),
    ("You have entered an Invalid Field Value 429 for the following field: item", Rejected),
    ("The field memo contained more than the maximum number ( 999 ) of characters allowed.", Rejected),
)
# By code, whatever is said.
CODES: tuple[tuple[int, str, str, type[Any]], ...] = (
    (400, "DUP_RCRD", "This record already exists", Unknown),
    (400, "DUP_RCRD", "Ein Datensatz mit dieser ID ist vorhanden", Unknown),
    (409, "DUP_RCRD", "Conflict", Unknown),
    (400, "DUP_CSTM_RCRD", "x", Unknown),
    (400, "RCRD_HAS_BEEN_CHANGED", "x", Unknown),
    (400, "INVALID_CONTENT", "Unknown reference or field name entity. Provide a valid name.", Rejected),
    (400, "INVALID_REQUEST", "x", Rejected),
    (400, "INVALID_PARAMETER", "x", Rejected),
    (400, "INVALID_KEY_OR_REF", "x", Rejected),
    (404, "NONEXISTENT_ID", "Record does not exist.", Rejected),
    (
        401,
        "INVALID_LOGIN",
        "Invalid login attempt. For more details, see the Login Audit Trail",
        Unauthorised,
    ),
    (401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.", Unauthorised),
    (400, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.", Unauthorised),
    (403, "INSUFFICIENT_PERMISSION", "You need the permission Transactions > Credit Memo.", Unauthorised),
    (400, "INSUFFICIENT_PERMISSION", "Permission Violation", Unauthorised),
    (429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.", Throttled),
    (400, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.", Throttled),
    (500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jk4r", Unknown),
    (400, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jk4r", Unknown),
    (500, "USER_ERROR", "The period is closed.", Unknown),
    (503, "DUP_RCRD", "This record already exists", Unknown),
)
# What is no word of NetSuite's.
PAGES: tuple[tuple[int, str, type[Any]], ...] = (
    (400, "", Unknown),
    (400, "Bad Request", Unknown),
    (400, "<html><body>Bad Request</body></html>", Unknown),
    (400, '{"title":"Bad Request","status":400}', Unknown),
    (400, '{"title":"Bad Request","status":400,"o:errorDetails":[{"detail":"The peri', Unknown),
    (400, "[]", Unknown),
    (400, "null", Unknown),
    (401, "", Unauthorised),
    (401, "<html>Unauthorized</html>", Unauthorised),
    (403, "", Unauthorised),
    (404, "", Unknown),
    (404, "<html>Not Found</html>", Unknown),
    (405, "", Unknown),
    (429, "", Throttled),
    (429, "<html>Too many</html>", Throttled),
    (302, "", Unknown),
    (500, "", Unknown),
    (502, "<html>Bad Gateway</html>", Unknown),
    (503, "NetSuite is down for maintenance", Unknown),
    (503, "<html>NetSuite is down for maintenance</html>", Unknown),
    (504, "", Unknown),
)


def memo() -> Claimed:
    return claim(LEDGER)


def refund() -> Claimed:
    return claim(LEDGER, "credit_card_refund")


@pytest.mark.parametrize(("words", "of_memo", "of_refund"), SAID)
@pytest.mark.parametrize("before", ["", ACCESSING])
def test_a_rule_that_is_broken_leads_to_its_class(
    words: str, of_memo: type[Any], of_refund: type[Any], before: str
) -> None:
    came = fault(400, "USER_ERROR", before + words)
    seen = outcome(memo(), came), outcome(refund(), came)
    assert (type(seen[0]), type(seen[1])) == (of_memo, of_refund)
    for one in seen:
        if isinstance(one, Rejected):
            assert one == Rejected("USER_ERROR", before + words)
        elif not isinstance(one, NumberTaken):
            assert before + words in (one.why if isinstance(one, Unknown) else one.sentence)
        if isinstance(one, Withheld):
            assert one.reason == "credit_used"


@pytest.mark.parametrize(("words", "expected"), QUOTED)
def test_words_that_are_quoted_are_not_netsuites(words: str, expected: type[Any]) -> None:
    assert type(outcome(refund(), fault(400, "USER_ERROR", words))) is expected


@pytest.mark.parametrize(("status", "code", "words", "expected"), CODES)
def test_a_code_leads_to_its_class(status: int, code: str, words: str, expected: type[Any]) -> None:
    for one in (memo(), refund()):
        assert type(outcome(one, fault(status, code, words))) is expected


@pytest.mark.parametrize(("status", "body", "expected"), PAGES)
def test_what_netsuite_did_not_say_is_no_refusal(status: int, body: str, expected: type[Any]) -> None:
    """For a new record and for one that is changed alike."""
    came = answer(body, status)
    off = claims(LEDGER, "reopen_invoice")[0]
    assert off.kind == "application"
    for one in (memo(), off):
        seen = outcome(one, came)
        assert type(seen) is expected
        assert not isinstance(seen, Unknown) or not seen.told
    assert "<" not in getattr(seen, "why", "") + getattr(seen, "sentence", "")


@pytest.mark.parametrize(
    "came",
    [
        fault(400, "USER_ERROR", "This record already exists"),
        fault(400, "DUP_RCRD", "This record already exists"),
        fault(400, "RCRD_HAS_BEEN_CHANGED", "Record has been changed"),
        fault(400, "IDEMPOTENCY_ERROR", "A job with this key exists.", title="Conflict"),
    ],
)
def test_what_stands_already_is_read_at_once_and_never_taken_for_done(came: Answer) -> None:
    seen = outcome(memo(), came)
    assert isinstance(seen, Unknown) and seen.told


# The bodies of section 4 as they come.
THROTTLED = fault(
    429,
    "CONCURRENCY_LIMIT_EXCEEDED",
    "Concurrent request limit exceeded. Request blocked.",
    **{"o:errorCode": "USER_ERROR"},
)


def test_too_many_requests_are_a_bad_request_by_title_and_name_no_time() -> None:
    assert outcome(memo(), THROTTLED) == Throttled(None)
    found = fault_of(THROTTLED)
    assert found is not None and found.codes == ("CONCURRENCY_LIMIT_EXCEEDED", "USER_ERROR")


def test_a_refused_login_says_where_to_look() -> None:
    words = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI"
    seen = outcome(memo(), fault(401, "INVALID_LOGIN", words, title="Unauthorized"))
    assert isinstance(seen, Unauthorised)
    assert words in seen.sentence and "View Login Audit Trail" in seen.sentence
    lacking = outcome(memo(), fault(403, "INSUFFICIENT_PERMISSION", "You need Credit Memo."))
    assert "You need Credit Memo." in lacking.sentence and "give the role" in lacking.sentence


def test_a_wrong_value_is_refused_in_netsuites_words_with_its_place() -> None:
    words = "Error while accessing resource: You have entered an Invalid Field Value 9999 for the following field: item"
    seen = outcome(memo(), fault(400, "INVALID_CONTENT", words, "item.items[0].item"))
    assert seen == Rejected("INVALID_CONTENT", f"{words} at item.items[0].item")


@pytest.mark.parametrize("place", ["apply.items[0].doc", "deposit.items[0].doc"])
def test_what_is_not_on_the_list_any_more_has_been_used(place: str) -> None:
    words = "You have entered an Invalid Field Value 501 for the following field: doc"
    came = fault(400, "INVALID_CONTENT", words, place)
    assert isinstance(outcome(refund(), came), Withheld)
    assert isinstance(outcome(memo(), came), Rejected), "it applies nothing"


def test_all_that_is_wrong_is_told_once() -> None:
    details = [
        {"detail": "Please enter value(s) for: Class", "o:errorCode": "USER_ERROR"},
        {"detail": "Please enter value(s) for: Class", "o:errorCode": "USER_ERROR"},
        {"detail": "Please enter value(s) for: Location", "o:errorCode": "USER_ERROR"},
    ]
    came = answer({"title": "Bad Request", "status": 400, "o:errorDetails": details}, 400)
    told = Rejected("USER_ERROR", "Please enter value(s) for: Class; Please enter value(s) for: Location")
    assert outcome(memo(), came) == told


def test_a_long_story_is_cut() -> None:
    seen = outcome(memo(), fault(400, "USER_ERROR", "word " * 500))
    assert isinstance(seen, Rejected) and len(seen.words) == SHOWN


# ------------------------------------------------------------------------------------------------ customers

TAKEN = "A customer record with this ID already exists. You must enter a unique customer ID for each record you create."
NAMES = [
    fault(400, "USER_ERROR", ACCESSING + TAKEN, "entityId"),
    fault(400, "UNIQUE_CUST_ID_REQD", TAKEN),
    fault(400, "UNIQUE_CUST_ID_REQD", "x"),
    fault(400, "DUP_ENTITY", "This entity already exists."),
]


@pytest.mark.parametrize("came", NAMES)
def test_a_name_that_somebody_has_is_told_apart_once(came: Answer) -> None:
    new, told_apart = claim(LEDGER, "customer"), claim(LEDGER, "customer", bare=True)
    courier = Told(NOT_THERE, NOT_THERE)
    assert outcome(new, came, courier=courier) == NumberTaken(None)
    assert isinstance(outcome(told_apart, came, courier=courier), Rejected)
    assert all(new.document_key in one for one in courier.asked) and len(courier.asked) == 2


@pytest.mark.parametrize("came", NAMES)
def test_the_name_may_be_that_of_this_very_customer(came: Answer) -> None:
    """Made by a request whose answer was lost."""
    new = claim(LEDGER, "customer")
    there = answer({"id": "4490", "externalId": new.document_key, "entityId": "Ada"}, 200)
    assert outcome(new, came, courier=Told(there)) == Posted("4490", None, 0, "usd")


def test_a_key_that_stands_already_is_no_name() -> None:
    seen = outcome(claim(LEDGER, "customer"), fault(400, "USER_ERROR", "This record already exists"))
    assert isinstance(seen, Unknown) and seen.told


def test_a_name_is_of_customers_alone() -> None:
    assert isinstance(outcome(memo(), fault(400, "UNIQUE_CUST_ID_REQD", TAKEN)), Rejected)


# ------------------------------------------------------------------------------------------------ scripts


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (script_error("SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded"), Throttled),
        (script_error("INVALID_LOGIN_ATTEMPT", "Invalid login attempt.", 401), Unauthorised),
        (script_error("INVALID_LOGIN_ATTEMPT", "Invalid login attempt."), Unauthorised),
        (
            script_error("INSUFFICIENT_PERMISSION", "You do not have privileges to view this page.", 403),
            Unauthorised,
        ),
        (
            script_error(
                "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists."
            ),
            Rejected,
        ),
        (script_error("USER_ERROR", "The period is closed."), PeriodClosed),
        (script_error("UNEXPECTED_ERROR", "An unexpected error occurred."), Unknown),
        (script_error("UNEXPECTED_ERROR", "An unexpected error occurred.", 500), Unknown),
        (script_error("", "nothing"), Unknown),
        (answer({"error": "no"}, 400), Unknown),
    ],
)
def test_a_script_has_an_envelope_of_its_own(came: Answer, expected: type[Any]) -> None:
    found = fault_of(came)
    assert found is not None and type(outcome_of(found)) is expected


# ------------------------------------------------------------------------------------------------ reads


@pytest.mark.parametrize(
    ("came", "code"),
    [
        (THROTTLED, "throttled"),
        (fault(401, "INVALID_LOGIN", "Invalid login attempt."), "unauthorised"),
        (fault(403, "INSUFFICIENT_PERMISSION", "You need Lists > Items."), "unauthorised"),
        (fault(500, "UNEXPECTED_ERROR", "An unexpected error occurred."), "ledger_down"),
        (fault(400, "USER_ERROR", "The period is closed."), "ledger_down"),
        (fault(400, "INVALID_PARAMETER", "x"), "ledger_down"),
        (answer("<html>Bad Gateway</html>", 502), "ledger_down"),
        (answer("", 503), "ledger_down"),
        (answer("", 404), "ledger_down"),
        (Answer(0, b"the connection broke", arrived=False), "network"),
        (Answer(401, b"", arrived=False, sentence="the certificate is gone"), "unauthorised"),
        (Answer(0, b"", arrived=False, sentence="the lease ran out"), "ledger_down"),
    ],
)
def test_a_read_that_fails_says_why(came: Answer, code: str) -> None:
    with pytest.raises(LedgerDown) as told:
        refuse_read(came)
    assert told.value.code == code
    assert "<" not in str(told.value)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_answer_is_no_fault(status: int) -> None:
    refuse_read(answer("", status))
    assert fault_of(answer("", status)) is None


@pytest.mark.parametrize(
    ("came", "absent"),
    [
        (NOT_THERE, True),
        (fault(400, "NONEXISTENT_ID", "Record does not exist."), True),
        (script_error("RCRD_DSNT_EXIST", "That record does not exist."), True),
        (fault(404, "INVALID_REQUEST", "There is no such thing."), True),
        (answer("", 404), False),
        (answer("<html>Not Found</html>", 404), False),
        (answer('{"title":"Not Found","status":404}', 404), False),
        (answer('{"title":"Not Found","status":404,"o:errorDetails":[{"o:err', 404), False),
        (fault(404, "INSUFFICIENT_PERMISSION", "You may not see it."), False),
        (fault(404, "INVALID_LOGIN", "x"), False),
        (fault(403, "NONEXISTENT_ID", "x"), False),
        (fault(500, "NONEXISTENT_ID", "x"), False),
        (fault(429, "NONEXISTENT_ID", "x"), False),
        (answer("", 200), False),
        (Answer(404, b"", arrived=False), False),
    ],
)
def test_only_netsuite_itself_can_say_that_something_is_not_there(came: Answer, absent: bool) -> None:
    assert not_found(came) is absent


# ------------------------------------------------------------------------------------------------ nothing came


def test_what_did_not_arrive_is_not_known_and_what_did_not_leave_is() -> None:
    one = memo()
    lost = outcome(one, Answer(0, b"the connection broke", arrived=False))
    assert lost == Unknown("the connection broke")
    assert outcome(one, Answer(0, b"", arrived=False, sentence="the lease ran out")) == Down(
        "the lease ran out"
    )
    gone = Answer(401, b"", arrived=False, sentence="the certificate is gone")
    assert outcome(one, gone) == Unauthorised("the certificate is gone")
