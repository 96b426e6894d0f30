"""Each error code of QuickBooks Online leads to its class of action, in each form in which it may be told.

Codes: https://developer.intuit.com/app/developer/qbo/docs/develop/troubleshooting/error-codes
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.errors import LedgerDown
from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    Courier,
    Down,
    NumberTaken,
    PeriodClosed,
    Posted,
    Rejected,
    Request,
    Stale,
    Throttled,
    Unauthorised,
    Unknown,
    run_steps,
)
from connector.ledgers.json_wire import encode
from connector.ledgers.quickbooks_answers import read_answer
from connector.ledgers.quickbooks_faults import Fault, fault_of, outcome_of, refuse_read
from connector.ledgers.quickbooks_payload import read_payload

KEY = "dk" + "a" * 24
# Code, HTTP status, what follows.
TABLE: tuple[tuple[str, int, type[Any]], ...] = (
    ("100", 401, Unauthorised),
    ("110", 401, Unauthorised),
    ("120", 401, Unauthorised),
    ("3200", 401, Unauthorised),
    ("3100", 403, Unauthorised),
    ("5020", 400, Rejected),
    ("3001", 429, Throttled),
    ("3001", 403, Throttled),
    ("140", 400, Down),
    ("150", 400, Down),
    ("6190", 400, Down),
    ("500", 400, Rejected),
    ("500", 500, Rejected),
    ("600", 400, Unknown),
    ("610", 400, Rejected),
    ("620", 400, Rejected),
    ("630", 400, Rejected),
    ("800", 400, Rejected),
    ("2010", 400, Rejected),
    ("2020", 400, Rejected),
    ("2030", 400, Rejected),
    ("2050", 400, Rejected),
    ("2170", 400, Rejected),
    ("2290", 400, Rejected),
    ("2500", 400, Rejected),
    ("4000", 400, Rejected),
    ("4001", 400, Rejected),
    ("4002", 400, Rejected),
    ("5010", 400, Stale),
    ("5030", 400, Rejected),
    ("6000", 400, Rejected),
    ("6070", 400, Rejected),
    ("6100", 400, Rejected),
    ("6140", 400, NumberTaken),
    ("6210", 400, PeriodClosed),
    ("6540", 400, Rejected),
    ("10000", 500, Unknown),
    ("10000", 400, Unknown),
    ("10200", 500, Unknown),
)


def told(code: str, status: int, detail: str = "in Intuit's words") -> Answer:
    error = {"Message": "a message", "Detail": detail, "code": code, "element": ""}
    body = {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-03-05T03:04:05.678-08:00"}
    return Answer(status, json.dumps(body).encode(), (("intuit_tid", "1-abc"),))


def claimed(kind: str = "refund_receipt", entity: str = "RefundReceipt") -> Claimed:
    payload = encode({"entity": entity, "part": "", "body": {"DocNumber": "100", "DisplayName": "Ada"}})
    return Claimed(KEY, kind, "100", 11000, "usd", "", "", payload.decode())


class Nobody:
    """A ledger that answers every read with 610: there is no such object."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def carry(self, request: Request) -> Answer:
        self.asked.append(request.target)
        if request.target == "/query":
            return Answer(200, b'{"QueryResponse": {}}')
        return told("610", 400)


def outcome(answer: Answer, one: Claimed, courier: Courier) -> Any:
    request = Request("POST", f"/{read_payload(one).entity.lower()}?requestid=1")
    return run_steps(read_answer(one, read_payload(one), request, answer, "usd"), courier)


@pytest.mark.parametrize(("code", "status", "expected"), TABLE)
def test_a_code_leads_to_its_class(code: str, status: int, expected: type[Any]) -> None:
    seen = outcome(told(code, status), claimed(), Nobody())
    assert type(seen) is expected
    if isinstance(seen, Rejected):
        assert (seen.code, seen.words) == (code, "in Intuit's words")
    if isinstance(seen, Unknown):
        assert seen.told == (code == "600")


@pytest.mark.parametrize(("code", "status", "expected"), TABLE)
def test_a_fault_under_http_200_is_the_same(code: str, status: int, expected: type[Any]) -> None:
    assert type(outcome(told(code, 200), claimed(), Nobody())) is expected


def test_a_name_in_use_is_a_number_taken_of_a_customer_and_a_refusal_elsewhere() -> None:
    assert outcome(told("6240", 400), claimed("customer", "Customer"), Nobody()) == NumberTaken(None)
    assert type(outcome(told("6240", 400), claimed(), Nobody())) is Rejected


@pytest.mark.parametrize("status", [429, 403])
def test_a_throttle_comes_as_xml(status: int) -> None:
    words = (
        '<?xml version="1.0"?><IntuitResponse xmlns="http://schema.intuit.com/finance/v3"><Fault type="SERVICE">'
        f'<Error code="3001"><Message>message=ThrottleExceeded; errorCode=003001; statusCode={status}</Message>'
        "<Detail>The request limit was reached. Try again later</Detail></Error></Fault></IntuitResponse>"
    )
    answer = Answer(429, words.encode())
    assert outcome(answer, claimed(), Nobody()) == Throttled(None)
    assert fault_of(answer) == Fault(429, "3001", "The request limit was reached. Try again later")


def test_a_gateway_writes_in_small_letters() -> None:
    body = b'{"fault":{"error":[{"message":"m","detail":"Token expired","code":"3200"}],"type":"AUTHENTICATION"}}'
    seen = outcome(Answer(401, body), claimed(), Nobody())
    assert isinstance(seen, Unauthorised) and "Token expired" in seen.sentence


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, b"<html><body>Service Unavailable</body></html>"),
        Answer(500, b""),
        Answer(502, b"Bad Gateway"),
        Answer(400, b"what"),
        Answer(200, b"<html>hello</html>"),
        Answer(200, b'{"RefundReceipt": {"Id"'),
        Answer(200, b'{"RefundReceipt": {}}'),
        Answer(200, b'{"time": "now"}'),
        Answer(200, b"[]"),
        Answer(200, b""),
        Answer(0, b"the connection broke", arrived=False),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:12]!r}",
)
def test_what_cannot_be_understood_is_unknown(answer: Answer) -> None:
    assert type(outcome(answer, claimed(), Nobody())) is Unknown


@pytest.mark.parametrize(("status", "expected"), [(401, Unauthorised), (503, Down)])
def test_what_the_courier_did_not_send_was_not_written(status: int, expected: type[Any]) -> None:
    seen = outcome(Answer(status, sentence="connect again"), claimed(), Nobody())
    assert type(seen) is expected and seen.sentence == "connect again"


def test_the_answer_must_bear_our_key() -> None:
    row = {"Id": "7", "TotalAmt": 110, "PrivateNote": f"Refund {KEY}", "DocNumber": "100-1"}
    good = Answer(200, json.dumps({"RefundReceipt": row}).encode())
    assert outcome(good, claimed(), Nobody()) == Posted("7", "100-1", 11000, "usd")
    other = Answer(200, json.dumps({"RefundReceipt": {**row, "PrivateNote": "dk" + "b" * 24}}).encode())
    seen = outcome(other, claimed(), Nobody())
    assert isinstance(seen, Unknown) and seen.told


def test_a_void_that_voided_nothing_is_a_refusal() -> None:
    answer = Answer(200, b'{"Invoice": {"Id": "7", "TotalAmt": 110.00}}')
    assert type(outcome(answer, claimed("void", "Invoice"), Nobody())) is Rejected
    voided = Answer(200, b'{"Invoice": {"Id": "7", "TotalAmt": 0}}')
    assert outcome(voided, claimed("void", "Invoice"), Nobody()) == Posted("7", "100", 11000, "usd")


def test_a_deletion_is_believed_only_where_it_is_told() -> None:
    one = claimed()
    request = Request("POST", "/refundreceipt?operation=delete")
    for status, expected in (("Deleted", Absent), ("", Unknown)):
        answer = Answer(200, json.dumps({"RefundReceipt": {"Id": "7", "status": status}}).encode())
        seen = run_steps(read_answer(one, read_payload(one), request, answer, "usd"), Nobody())
        assert type(seen) is expected


# ------------------------------------------------------------------------------------------------ a number in use

FRENCH = (
    "Numéro de document en double : Vous devez indiquer un numéro différent. DocNumber=100 est attribué à "
    "TxnType=Facture avec TxnId=2137"
)


class Holder:
    """A ledger that has one invoice, 2137."""

    def __init__(self, note: str = "") -> None:
        self.note = note
        self.asked: list[str] = []

    def carry(self, request: Request) -> Answer:
        self.asked.append(request.target)
        if request.target != "/invoice/2137":
            return told("610", 400)
        row = {
            "Id": "2137",
            "TxnDate": "2026-03-05",
            "TotalAmt": 110,
            "DocNumber": "100",
            "PrivateNote": self.note,
        }
        return Answer(200, json.dumps({"Invoice": row}).encode())


def test_the_holder_is_read_whatever_the_language() -> None:
    seen = outcome(told("6140", 400, FRENCH), claimed(), Holder())
    assert isinstance(seen, NumberTaken) and seen.holder is not None
    assert (seen.holder.ledger_id, seen.holder.kind, seen.holder.document_key) == ("2137", "invoice", None)
    assert (seen.holder.amount_minor, seen.holder.currency) == (11000, "usd")


def test_the_holder_may_be_the_very_document() -> None:
    seen = outcome(
        told("6140", 400, FRENCH), claimed(), Holder(f"Refund [refund_receipt; number 100] re_1 {KEY}")
    )
    assert isinstance(seen, NumberTaken) and seen.holder is not None
    assert (seen.holder.document_key, seen.holder.kind) == (KEY, "refund_receipt")


def test_a_holder_that_cannot_be_read_leaves_it_unknown() -> None:
    class Broken:
        def carry(self, request: Request) -> Answer:
            return Answer(500, b"")

    assert type(outcome(told("6140", 400, FRENCH), claimed(), Broken())) is Unknown


# ------------------------------------------------------------------------------------------------ reads


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(0, b"no route", arrived=False), "network"),
        (told("3001", 429), "throttled"),
        (told("3200", 401), "unauthorised"),
        (told("4001", 400), "ledger_down"),
        (Answer(503, b"<html>"), "ledger_down"),
        (Answer(401, sentence="connect again"), "unauthorised"),
        (Answer(503, sentence="the token server is down"), "ledger_down"),
    ],
)
def test_a_read_that_fails_ends_the_pass_with_its_code(answer: Answer, code: str) -> None:
    with pytest.raises(LedgerDown) as stop:
        refuse_read(answer)
    assert stop.value.code == code


def test_the_trace_id_is_told_to_who_may_ask_intuit() -> None:
    seen = outcome_of(fault_of(told("10000", 500)) or Fault(0, "", ""))
    assert isinstance(seen, Unknown) and "intuit_tid 1-abc" in seen.why
