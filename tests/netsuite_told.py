"""What NetSuite tells of writes, made by hand: claimed documents, and answers in each form that they come in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from netsuite_golden import NoReads, claimed_of, document_of, surveyed

from connector.ledgers.contract import Answer, Claimed, Parent, Request, run_steps
from connector.ledgers.json_wire import encode
from connector.ledgers.netsuite import NetsuiteLedger
from connector.ledgers.netsuite_answers import read_answer
from connector.ledgers.netsuite_payload import read_payload
from connector.ledgers.netsuite_wire import RECORDS

Json = dict[str, Any]
HOST = "https://1234567.suitetalk.api.netsuite.com"
RESTLET = "https://1234567.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=77&deploy=1"
# What a document of each kind is made of here; 25.00 each.
ENTRIES: dict[str, list[list[Any]]] = {
    "credit_memo": [["Dr", "Sales", 2500], ["Cr", "Accounts Receivable", 2500]],
    "invoice": [["Cr", "Sales", 2500], ["Dr", "Accounts Receivable", 2500]],
    "payment": [["Cr", "Accounts Receivable", 2500], ["Dr", "Stripe Clearing", 2500]],
    "refund_receipt": [["Dr", "Sales", 2500], ["Cr", "Stripe Clearing", 2500]],
    "credit_card_refund": [["Dr", "Accounts Receivable", 2500], ["Cr", "Stripe Clearing", 2500]],
    "refund_payout": [["Dr", "Accounts Receivable", 2500], ["Cr", "Stripe Clearing", 2500]],
    "reopen_invoice": [["Dr", "Accounts Receivable", 2500], ["Cr", "Stripe Clearing", 2500]],
    "void": [["Dr", "Sales", 2500], ["Cr", "Accounts Receivable", 2500]],
    "fee": [["Dr", "Stripe Fees", 2500], ["Cr", "Stripe Clearing", 2500]],
    "reversal": [["Cr", "Sales", 2500], ["Dr", "Accounts Receivable", 2500]],
    "customer": [],
}
# Those that bear lines.
FORMS = frozenset({"credit_memo", "invoice", "refund_receipt", "void"})
SETTLES: dict[str, Json] = {
    "credit_card_refund": {"kind": "credit_memo", "ledger_id": "creditMemo/501"},
    "refund_payout": {"kind": "payment", "ledger_id": "customerPayment/401"},
    "reopen_invoice": {"kind": "payment", "ledger_id": "customerPayment/401"},
    "void": {"kind": "invoice", "ledger_id": "invoice/301"},
}


def key_of(letter: str) -> str:
    return "dk" + letter * 24


def told_of(kind: str, letter: str, **more: Any) -> Json:
    """A document as a golden case says it."""
    line = {"line_id": "1", "description": "Gift card", "account": "Sales", "net_minor": 2500}
    return {
        "document_key": key_of(letter),
        "kind": kind,
        "amount_minor": 0 if kind == "customer" else 2500,
        "entries": ENTRIES[kind],
        "number": None if kind == "customer" else f"100{letter}",
        "narration": "Told",
        "subject_id": f"cus_{letter}" if kind == "customer" else f"re_{letter}",
        "refund_id": f"re_{letter}",
        "charge_id": f"ch_{letter}",
        "lines": [{**line, "item": "Consulting"}] if kind in FORMS else [],
        **({"settles": SETTLES[kind]} if kind in SETTLES else {}),
        **more,
    }


def adapter(**wants: Any) -> NetsuiteLedger:
    return surveyed({"wants": wants})


def claims(
    ledger: NetsuiteLedger, kind: str = "credit_memo", letter: str = "a", **more: Any
) -> list[Claimed]:
    """All writes of a document."""
    bare = bool(more.pop("bare", False))
    parents = {key: Parent(*parent) for key, parent in more.pop("parents", {}).items()}
    document = document_of(told_of(kind, letter, **more))
    return [claimed_of(ledger, part, parents, bare) for part in ledger.expand(document)]


def claim(ledger: NetsuiteLedger, kind: str = "credit_memo", letter: str = "a", **more: Any) -> Claimed:
    """The write that bears the document's own key."""
    every = claims(ledger, kind, letter, **more)
    return next(one for one in every if one.document_key == key_of(letter))


# ------------------------------------------------------------------------------------------------ answers


def answer(body: Any = "", status: int = 204, **headers: str) -> Answer:
    """`body` is text as it is, or an object."""
    text = body if isinstance(body, str) else json.dumps(body)
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, text.encode(), named)


def made(address: str, status: int = 204, body: Any = "") -> Answer:
    return answer(body, status, Location=address)


def fault(
    status: int, code: str, words: str, path: str | None = None, title: str = "Bad Request", **more: Any
) -> Answer:
    """An error of the record service, as ORA/section_156570709583 shows it."""
    told: Json = {"detail": words, "o:errorCode": code}
    if path is not None:
        told["o:errorPath"] = path
    rfc = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
    return answer({"type": rfc, "title": title, "status": status, "o:errorDetails": [told], **more}, status)


def script_error(code: str, words: str, status: int = 400) -> Answer:
    """An error of a RESTlet."""
    return answer({"error": {"code": code, "message": words}}, status)


# ------------------------------------------------------------------------------------------------ reading them


def request_for(claimed: Claimed, body: Json | None = None) -> Request:
    """The request that a document might have been sent with; an application takes of what is applied."""
    payload = read_payload(claimed)
    record = payload.record
    sent = {**payload.body, **(body or {})}
    if record == "customerRefund":
        sent["apply"] = {"items": []}
    target = f"{RECORDS}/{record}"
    if claimed.kind == "application":
        return Request("PATCH", f"{target}/401", encode({"apply": {"items": []}}))
    return Request("POST", target, encode(sent))


def outcome(
    claimed: Claimed, came: Answer, request: Request | None = None, courier: Any | None = None
) -> Any:
    """What an answer says of the document of a request."""
    sent = request_for(claimed) if request is None else request
    return run_steps(read_answer(claimed, read_payload(claimed), sent, came), courier or NoReads())


class Told:
    """A courier that answers in turn; `asked` are the targets."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def carry(self, request: Request) -> Answer:
        assert request.method == "GET", f"the adapter wrote: {request}"
        self.asked.append(request.target)
        return self.answers.pop(0)


def types_of(outcomes: Sequence[Any]) -> list[str]:
    return [type(one).__name__ for one in outcomes]
