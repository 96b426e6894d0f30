"""What Xero tells of writes, made by hand: claimed documents, and answers in each form that they come in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from xero_golden import Books, claimed_of, document_of, surveyed

from connector.ledgers.contract import Answer, Claimed, Outcomes, Parent, Request, run_steps
from connector.ledgers.xero import XeroLedger
from connector.ledgers.xero_answers import read_answer
from connector.ledgers.xero_payload import BATCH, read_payload

Json = dict[str, Any]
NOTE = "249f15fa-f2a7-4acc-8769-0984103f2225"
PAID_OUT = "c1b2f0aa-7d0e-4f0c-8b1e-5a3f3f1a9d21"
NO_ID = "00000000-0000-0000-0000-000000000000"
TRACE = ("Xero-Correlation-Id", "f5d0c1a2")
# What a document of each kind is made of here; 25.00 each.
ENTRIES: dict[str, list[list[Any]]] = {
    "credit_memo": [["Dr", "Sales", 2500], ["Cr", "Accounts Receivable", 2500]],
    "invoice": [["Cr", "Sales", 2500], ["Dr", "Accounts Receivable", 2500]],
    "refund_receipt": [["Dr", "Sales", 2500], ["Cr", "Stripe Clearing", 2500]],
    "credit_card_refund": [["Dr", "Accounts Receivable", 2500], ["Cr", "Stripe Clearing", 2500]],
    "reversal": [["Cr", "Sales", 2500], ["Dr", "Accounts Receivable", 2500]],
    "void": [["Dr", "Sales", 2500], ["Cr", "Accounts Receivable", 2500]],
    "application": [],
    "customer": [],
}
IDS = {"CreditNotes": "CreditNoteID", "Invoices": "InvoiceID", "Payments": "PaymentID"}
IDS |= {"BankTransactions": "BankTransactionID", "Contacts": "ContactID"}


def key_of(letter: str) -> str:
    return "dk" + letter * 24


def told_of(kind: str, letter: str, **more: Any) -> Json:
    """A document as a golden case says it."""
    cash = kind in ("credit_card_refund", "refund_payout")
    return {
        "document_key": key_of(letter),
        "kind": kind,
        "amount_minor": 0 if kind == "customer" else 2500,
        "entries": ENTRIES[kind],
        "number": f"100{letter}",
        "subject_id": f"cus_{letter}" if kind == "customer" else f"re_{letter}",
        "refund_id": f"re_{letter}",
        "charge_id": f"ch_{letter}",
        "lines": []
        if cash or kind == "customer"
        else [{"line_id": "1", "description": "Gift card", "account": "Sales", "net_minor": 2500}],
        **({"settles": {"kind": "credit_memo", "ledger_id": NOTE}} if cash else {}),
        **more,
    }


def claim(ledger: XeroLedger, kind: str = "credit_memo", letter: str = "a", **more: Any) -> Claimed:
    bare = bool(more.pop("bare", False))
    parents = {key: Parent(*parent) for key, parent in more.pop("parents", {}).items()}
    document = document_of(told_of(kind, letter, **more))
    return claimed_of(ledger, document, parents, bare)


def adapter() -> XeroLedger:
    return surveyed(Books({}))


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    """`body` is text as it is, or an object."""
    text = body if isinstance(body, str) else json.dumps(body)
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, text.encode(), (TRACE, *named))


def listed(plural: str, *elements: Json) -> Answer:
    return answer({"Id": "e9", "Status": "OK", "ProviderName": "p", plural: list(elements)})


def element(one: Claimed, plural: str, object_id: str, **more: Any) -> Json:
    """A document as Xero echoes it."""
    sent = read_payload(one).body
    told: Json = {IDS[plural]: object_id, "StatusAttributeString": "OK", "Status": "AUTHORISED"}
    for name in ("Reference", "CreditNoteNumber", "InvoiceNumber", "ContactNumber", "Name"):
        if name in sent:
            told[name] = sent[name]
    if plural == "Payments":
        told["Amount"] = 25.00
    elif plural != "Contacts":
        told |= {"Total": 25.00, "CurrencyCode": "NZD"}
    return {**told, **more}


def wrong(one: Claimed, plural: str, *words: str, within: str = "", **more: Any) -> Json:
    """A document as Xero echoes it where it was refused; `within` is the part that the words are of."""
    errors = [{"Message": text} for text in words]
    told = element(one, plural, NO_ID, StatusAttributeString="ERROR", HasErrors=True, ValidationErrors=[])
    if within == "LineItems":
        told["LineItems"] = [{}, {"ValidationErrors": errors}]
    elif within:
        told[within] = {"ValidationErrors": errors}
    else:
        told["ValidationErrors"] = errors
    return {**told, **more}


def refused_whole(elements: Sequence[Json], **more: Any) -> Answer:
    """The 400 of a request of which some element is wrong."""
    bare = [
        {name: value for name, value in one.items() if name != "StatusAttributeString"} for one in elements
    ]
    body = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": bare,
    }
    return answer({**body, **more}, 400)


class Rows:
    """Answers reads by path, in any order; a path that is not named is a 404 in Xero's plain text."""

    def __init__(self, rows: Json | None = None, instead: Answer | None = None) -> None:
        self.rows = rows or {}
        self.instead = instead
        self.asked: list[str] = []

    def carry(self, request: Request) -> Answer:
        assert request.method == "GET", f"the adapter wrote: {request}"
        path = request.target.partition("?")[0]
        self.asked.append(request.target)
        if self.instead is not None:
            return self.instead
        if path not in self.rows:
            return answer("The resource you're looking for cannot be found", 404)
        found = self.rows[path]
        return answer({path.split("/")[1]: found if isinstance(found, list) else [found]})


def outcomes(
    documents: Sequence[Claimed], came: Answer, rows: Rows | None = None, target: str = ""
) -> Outcomes:
    """What the answer to the documents' one request says of each."""
    payloads = {one.document_key: read_payload(one) for one in documents}
    plural = next(iter(payloads.values())).plural
    plural = "BankTransactions" if plural == "Overpayments" else plural
    request = Request("PUT", target or f"/{plural}?{BATCH}")
    return run_steps(read_answer(documents, payloads, request, came), rows or Rows())


def outcome(one: Claimed, came: Answer, rows: Rows | None = None, target: str = "") -> Any:
    return outcomes([one], came, rows, target)[one.document_key]


def bared(one: Claimed) -> Claimed:
    return replace(one, bare=True)
