"""What became of each write, whatever NetSuite answers: with an address or without, of a record, a change, a deletion, a
script.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545142420.html
"""

from __future__ import annotations

from typing import Any

import pytest
from netsuite_golden import ATTEMPT, Books, NoReads, reading
from netsuite_told import (
    HOST,
    RESTLET,
    adapter,
    answer,
    claim,
    claims,
    fault,
    made,
    outcome,
    request_for,
    script_error,
)

from connector.delivery.outcome import next_step
from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    Outcome,
    PeriodClosed,
    Posted,
    Rejected,
    Request,
    Stale,
    Taken,
    Throttled,
    Unknown,
    run_steps,
)
from connector.ledgers.json_wire import encode
from connector.ledgers.netsuite_payload import read_payload
from connector.ledgers.netsuite_wire import RECORDS

LEDGER = adapter()
KINDS = {
    "credit_memo": "creditMemo",
    "invoice": "invoice",
    "payment": "customerPayment",
    "refund_receipt": "cashRefund",
    "credit_card_refund": "customerRefund",
    "refund_payout": "customerRefund",
    "reopen_invoice": "customerRefund",
    "fee": "journalEntry",
    "void": "creditMemo",
}


def step(one: Claimed, found: Outcome) -> Any:
    return next_step(one, found, "write", 0, 30)


# ------------------------------------------------------------------------------------------------ new records


@pytest.mark.parametrize(("kind", "record"), KINDS.items())
def test_a_new_record_is_taken_under_the_id_in_its_address(kind: str, record: str) -> None:
    """Its total is read back later; until then it is not posted, and not written again."""
    one = claim(LEDGER, kind)
    seen = outcome(one, made(f"{HOST}{RECORDS}/{record}/501"))
    assert seen == Taken(f"{record}/501")
    found = step(one, seen)
    assert (found.state, found.ledger_id, found.look, found.taken) == ("unknown", f"{record}/501", True, True)


@pytest.mark.parametrize(
    "address",
    [
        f"{HOST}{RECORDS}/creditMemo/501",
        f"{HOST}{RECORDS}/creditmemo/501",
        f"{HOST}{RECORDS}/creditMemo/501/",
        f"{HOST}{RECORDS}/creditMemo/501?expandSubResources=true&x=/9",
        f"{RECORDS}/creditMemo/501",
        "creditMemo/501",
    ],
)
@pytest.mark.parametrize("status", [200, 201, 204])
def test_the_address_may_be_whole_or_not(address: str, status: int) -> None:
    assert outcome(claim(LEDGER), made(address, status)) == Taken("creditMemo/501")


def test_the_name_of_a_header_has_any_case() -> None:
    for name in ("location", "LOCATION"):
        came = Answer(204, b"", ((name, f"{RECORDS}/creditMemo/501"),))
        assert outcome(claim(LEDGER), came) == Taken("creditMemo/501")


@pytest.mark.parametrize(
    "came",
    [
        answer(),
        answer("", 200),
        answer({"id": "501"}, 201),
        made(""),
        made(f"{HOST}{RECORDS}/creditMemo"),
        made(f"{HOST}{RECORDS}/creditMemo/eid:dk{'a' * 24}"),
        made(f"{HOST}{RECORDS}/creditMemo/501x"),
        made(f"{HOST}{RECORDS}/invoice/501"),
        made(f"{HOST}/services/rest/async/v1/job/501", 202),
    ],
)
def test_an_answer_without_the_address_of_the_record_is_looked_after_at_once(came: Answer) -> None:
    """It may be there: the external id tells."""
    one = claim(LEDGER)
    seen = outcome(one, came)
    assert isinstance(seen, Unknown) and seen.told
    found = step(one, seen)
    assert (found.state, found.ledger_id, found.look) == ("unknown", None, True)


@pytest.mark.parametrize(("came", "posted"), [(made(f"{RECORDS}/customer/4490"), True), (answer(), False)])
def test_a_customer_is_posted_under_its_plain_id(came: Answer, posted: bool) -> None:
    """There is nothing to be read back of it."""
    seen = outcome(claim(LEDGER, "customer"), came)
    assert seen == Posted("4490", None, 0, "usd") if posted else isinstance(seen, Unknown)


def test_a_cash_refund_that_is_made_of_a_sale_has_its_own_address() -> None:
    one = claim(LEDGER, "refund_receipt")
    sent = Request("POST", f"{RECORDS}/cashSale/701/!transform/cashRefund?replace=item", b"{}")
    assert outcome(one, made(f"{RECORDS}/cashRefund/711"), sent) == Taken("cashRefund/711")
    # That of the sale is of nothing new.
    assert isinstance(outcome(one, made(f"{RECORDS}/cashSale/701"), sent), Unknown)


# ------------------------------------------------------------------------------------------------ changes


@pytest.mark.parametrize("came", [answer(), answer("", 200), made(f"{RECORDS}/customerPayment/401")])
def test_a_change_is_of_what_its_path_names(came: Answer) -> None:
    off, refund = claims(LEDGER, "reopen_invoice", sale_ledger_id="invoice/301")
    assert outcome(off, came) == Posted("customerPayment/401", "100a", 2500, "usd")
    # What is still to be taken off for a refund does not make the refund itself.
    assert outcome(refund, came, request_for(off)) == Stale()
    assert step(refund, Stale()).state == "planned"


def test_a_change_that_is_refused_changed_nothing() -> None:
    off, _ = claims(LEDGER, "reopen_invoice", sale_ledger_id="invoice/301")
    locked = "Error while accessing a resource. This record has been locked by a user defined workflow."
    assert outcome(off, fault(400, "USER_ERROR", locked)) == Rejected("USER_ERROR", locked)
    assert isinstance(outcome(off, fault(404, "NONEXISTENT_ID", "Record does not exist.")), Rejected)
    assert isinstance(outcome(off, answer("", 500)), Unknown)


# ------------------------------------------------------------------------------------------------ taking out

DELETE = Request("DELETE", f"{RECORDS}/creditMemo/501")


@pytest.mark.parametrize(
    ("came", "gone"),
    [
        (answer(), True),
        (answer("", 200), True),
        (fault(404, "NONEXISTENT_ID", "Record does not exist."), True),
        (fault(400, "USER_ERROR", "This transaction cannot be deleted because it is linked."), False),
        (fault(403, "INSUFFICIENT_PERMISSION", "You may not delete."), False),
        (answer("", 404), False),
        (answer("", 500), False),
        (Answer(0, b"the connection broke", arrived=False), False),
    ],
)
def test_what_was_taken_out_is_gone_only_where_netsuite_says_so(came: Answer, gone: bool) -> None:
    assert isinstance(outcome(claim(LEDGER), came, DELETE), Absent if gone else Unknown)


def test_only_what_was_made_a_moment_ago_is_taken_out() -> None:
    for kind, record in KINDS.items():
        one = claim(LEDGER, kind)
        taken_out = LEDGER.undo(one, Posted(f"{record}/501", "100a", 2400, "usd"), ATTEMPT)
        assert taken_out == Request("DELETE", f"{RECORDS}/{record}/501", b"", (), (one.document_key,))
    off, _ = claims(LEDGER, "reopen_invoice", sale_ledger_id="invoice/301")
    assert LEDGER.undo(off, Posted("customerPayment/401", None, 2500, "usd"), ATTEMPT) is None
    assert LEDGER.undo(claim(LEDGER, "customer"), Posted("4490", None, 0, "usd"), ATTEMPT) is None
    voiding = adapter(void_restlet=RESTLET)
    void = claim(voiding, "void")
    assert voiding.undo(void, Posted("invoice/301", None, 2500, "usd"), ATTEMPT) is None


# ------------------------------------------------------------------------------------------------ scripts

VOID = Request("POST", RESTLET, encode({"type": "invoice", "id": "301"}))


def void() -> Claimed:
    return claim(adapter(void_restlet=RESTLET), "void")


@pytest.mark.parametrize("object_id", ["301", 301])
def test_an_invoice_is_void_where_the_script_says_so_of_it(object_id: Any) -> None:
    came = answer({"voided": True, "id": object_id}, 200)
    assert outcome(void(), came, VOID) == Posted("invoice/301", "100a", 2500, "usd")


@pytest.mark.parametrize(
    "body",
    [
        *("", "{}", "[]", "null", "<html>hello</html>", '{"voided":tr'),
        *({"voided": True}, {"voided": True, "id": "302"}, {"voided": "true", "id": "301"}),
        *({"voided": False, "id": "301"}, {"error": "no"}, {"error": {"message": "no"}}),
    ],
)
def test_anything_else_is_looked_after_at_once(body: Any) -> None:
    seen = outcome(void(), answer(body, 200), VOID)
    assert isinstance(seen, Unknown) and seen.told


def test_a_script_may_refuse_with_any_status() -> None:
    applied = script_error("APPLIED", "Payments are applied to the invoice.")
    assert outcome(void(), applied, VOID) == Rejected("APPLIED", "Payments are applied to the invoice.")
    for status in (200, 400):
        assert outcome(void(), script_error("APPLIED", "x", status), VOID) == Rejected("APPLIED", "x")
        limit = script_error("SSS_REQUEST_LIMIT_EXCEEDED", "Request limit exceeded", status)
        assert outcome(void(), limit, VOID) == Throttled(None)
        closed = script_error("USER_ERROR", "The period is closed.", status)
        assert isinstance(outcome(void(), closed, VOID), PeriodClosed)


# ------------------------------------------------------------------------------------------------ through the adapter


def test_the_adapter_says_one_outcome_of_its_one_document() -> None:
    one = claim(LEDGER)
    reading(LEDGER, Books({}))
    sent = run_steps(LEDGER.request([one], ATTEMPT), NoReads())
    assert isinstance(sent, Request) and sent.document_keys == (one.document_key,)
    told = run_steps(LEDGER.read([one], sent, made(f"{RECORDS}/creditMemo/501")), NoReads())
    assert told == {one.document_key: Taken("creditMemo/501")}


def test_a_record_whose_number_netsuite_is_to_choose_has_none() -> None:
    """Another one of its refund has the number, which the account refused to give twice."""
    reading(LEDGER, Books({}))
    bare = claim(LEDGER, "fee", bare=True)
    sent = run_steps(LEDGER.request([bare], ATTEMPT), NoReads())
    assert isinstance(sent, Request) and b"tranId" not in sent.body
    assert read_payload(bare).body["tranId"] == "100a"
