"""Known wrong versions of what writes to NetSuite, each put in place for as long as its context lasts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from connector.ledgers import (
    netsuite,
    netsuite_changes,
    netsuite_faults,
    netsuite_filters,
    netsuite_forms,
    netsuite_look,
    netsuite_requests,
    netsuite_wire,
)
from connector.ledgers.contract import (
    Absent,
    Answer,
    Claimed,
    Found,
    Outcome,
    Outcomes,
    Posted,
    Rejected,
    Request,
    Steps,
    Taken,
)
from connector.ledgers.json_wire import decode, encode
from connector.ledgers.netsuite_answers import read_answer
from connector.ledgers.netsuite_look import found_as
from connector.ledgers.netsuite_payload import Payload
from connector.ledgers.netsuite_records import Head, Reader
from connector.ledgers.netsuite_requests import request_new
from connector.ledgers.netsuite_wire import RECORDS, TYPES


@contextmanager
def memo_and_refund_have_one_external_id() -> Iterator[None]:
    """As where both bear the id of the Stripe refund."""
    right = request_new

    def wrong(claimed: Claimed, payload: Payload, *more: Any) -> Steps[Any]:
        made = yield from right(claimed, payload, *more)
        if payload.record != "customerRefund" or not isinstance(made, Request):
            return made
        body = {**decode(made.body), "externalId": next(iter(claimed.parents))}
        return replace(made, body=encode(body))

    with patch.object(netsuite, "request_new", wrong):
        yield


def new_records_go_by_put() -> AbstractContextManager[Any]:
    """Which is answered alike whether it made one or changed one, and adds the lines again."""

    def put(record: str, body: Mapping[str, Any], document_key: str) -> Request:
        named = {name: told for name, told in body.items() if name != "externalId"}
        return netsuite_wire.write("PUT", f"{RECORDS}/{record}/eid:{document_key}", named, (document_key,))

    return patch.object(netsuite_requests, "create", put)


def nothing_is_found_when_it_is_looked_for() -> AbstractContextManager[Any]:
    def look(documents: Sequence[Claimed], *more: Any) -> Steps[Any]:
        yield from ()
        return {one.document_key: Absent(by_id=True) for one in documents}, {}

    return patch.object(netsuite, "look", look)


@contextmanager
def numbers_are_the_identity() -> Iterator[None]:
    right = netsuite_look.look

    def look(
        documents: Sequence[Claimed], payloads: Mapping[str, Payload], search: Reader, *more: Any
    ) -> Steps[Any]:
        seen, heads = yield from right(documents, payloads, search, *more)
        for one in documents:
            payload = payloads[one.document_key]
            if one.number is None or payload.record not in TYPES or one.kind == "application":
                continue
            found = yield from search.by_number([payload.record], [one.number])
            at = found_as(one, found[0], payload, more[1]) if found else Absent(by_id=True)
            seen[one.document_key] = at
        return seen, heads

    with patch.object(netsuite, "look", look):
        yield


def credits_are_left_to_the_preference() -> AbstractContextManager[Any]:
    """That credits are applied by themselves, where no `autoApply` says otherwise."""
    quiet = {name: told for name, told in netsuite_forms.QUIET.items() if name != "autoApply"}
    return patch.object(netsuite_forms, "QUIET", quiet)


def unknown_names_are_left_out() -> AbstractContextManager[Any]:
    return patch.object(netsuite_wire, "STRICT", ("X-NetSuite-PropertyNameValidation", "Warning"))


class NothingFree:
    """A reader to which no part of a payment is free."""

    def __init__(self, right: Reader) -> None:
        self.right = right

    def by_id(self, ledger_ids: Collection[str]) -> Steps[dict[str, Head]]:
        found = yield from self.right.by_id(ledger_ids)
        return {named: replace(head, open_minor=0) for named, head in found.items()}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.right, name)


@contextmanager
def a_payment_is_taken_off_once_more() -> Iterator[None]:
    """Without a look at what of it is free already."""
    right = netsuite_changes.take_off

    def take_off(
        claimed: Claimed, payment: str, invoice: str | None, reader: Reader, *more: Any
    ) -> Steps[Any]:
        return (yield from right(claimed, payment, invoice, NothingFree(reader), *more))

    def look_at_unapplied(*given: Any, **more: Any) -> Steps[Head | None]:
        yield from ()
        return None

    with (
        patch.object(netsuite_changes, "take_off", take_off),
        patch.object(netsuite_look, "look_at_unapplied", look_at_unapplied),
    ):
        yield


@contextmanager
def answers_that_say() -> Iterator[Callable[[Callable[[Claimed, Outcome], Outcome]], None]]:
    """Whatever an answer comes to is made something else of."""
    right = read_answer
    turned: list[Callable[[Claimed, Outcome], Outcome]] = []

    def wrong(claimed: Claimed, payload: Payload, request: Request, answer: Answer) -> Steps[Outcome]:
        outcome = yield from right(claimed, payload, request, answer)
        return turned[0](claimed, outcome)

    with patch.object(netsuite, "read_answer", wrong):
        yield turned.append


@contextmanager
def a_duplicate_is_a_success() -> Iterator[None]:
    def turn(claimed: Claimed, outcome: Outcome) -> Outcome:
        if "external id" in getattr(outcome, "why", ""):
            return Posted("creditMemo/1", claimed.number, claimed.amount_minor, claimed.currency)
        return outcome

    with answers_that_say() as say:
        say(turn)
        yield


@contextmanager
def what_was_taken_has_the_planned_total() -> Iterator[None]:
    def turn(claimed: Claimed, outcome: Outcome) -> Outcome:
        if isinstance(outcome, Taken):
            return Posted(outcome.ledger_id, claimed.number, claimed.amount_minor, claimed.currency)
        return outcome

    with answers_that_say() as say:
        say(turn)
        yield


@contextmanager
def a_500_is_a_refusal() -> Iterator[None]:
    right = netsuite.NetsuiteLedger.read

    def read(
        self: netsuite.NetsuiteLedger, documents: Sequence[Claimed], request: Request, answer: Answer
    ) -> Steps[Outcomes]:
        if answer.status == 500:
            return {one.document_key: Rejected("500", "An unexpected error occurred.") for one in documents}
        return (yield from right(self, documents, request, answer))

    with patch.object(netsuite.NetsuiteLedger, "read", read):
        yield


def only_429_is_too_many() -> AbstractContextManager[Any]:
    return patch.object(netsuite_faults, "is_throttled", lambda fault: fault.status == 429)


@contextmanager
def any_404_is_an_absence() -> Iterator[None]:
    def not_found(answer: Answer) -> bool:
        return answer.status == 404

    with ExitStack() as stack:
        for module in (netsuite_faults, netsuite_filters):
            stack.enter_context(patch.object(module, "not_found", not_found))
        yield


@contextmanager
def a_void_is_never_looked_after() -> Iterator[None]:
    """The RESTlet's second refusal is taken as it is."""
    right = netsuite.NetsuiteLedger.look_beside

    def look(self: Any, documents: Sequence[Claimed], promised: int) -> Steps[dict[str, Found | Absent]]:
        seen = yield from right(self, documents, promised)
        return {
            one.document_key: Absent() if one.kind == "void" else seen[one.document_key] for one in documents
        }

    with patch.object(netsuite.NetsuiteLedger, "look_beside", look):
        yield
