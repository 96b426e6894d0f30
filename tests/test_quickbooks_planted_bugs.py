"""Known wrong versions of what writes to QuickBooks Online, each put in place for the length of a check that it must turn
red; the checks are shown to be green first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from quickbooks_books import QuickBooksBooks, quickbooks
from quickbooks_faults import AT_WRITES
from quickbooks_scenes import PLAYS, RECEIPTS, receipt_and_refund, stage_of
from quickbooks_stage import SETTLED_S, Case, Stage, picture
from small_books import fast_folder
from struck_passes import Trouble, strike
from test_planted_bugs import (
    absent_is_believed_at_once,
    any_total_will_do,
    no_answer_is_a_failure,
    no_look_before_a_second_write,
)
from vendors.quickbooks import Moods

from connector import sync
from connector.delivery.token_requests import Granted
from connector.delivery.token_safe import Kept
from connector.delivery.tokens import Tokens
from connector.ledgers import quickbooks_answers, quickbooks_online, quickbooks_roles
from connector.ledgers.contract import Answer, Claimed, Outcome, Outcomes, Posted, Request, Steps
from connector.ledgers.quickbooks_faults import Fault
from connector.ledgers.quickbooks_online import QuickbooksOnlineLedger
from connector.ledgers.quickbooks_payload import Payload

Plant = Callable[[], AbstractContextManager[Any]]
TROUBLES = {one.name: one for one in AT_WRITES}


@dataclass
class Stages:
    """One of each kind that a check needs, made when it is first asked for."""

    stack: ExitStack
    made: dict[str, Stage]

    def of(self, name: str) -> Stage:
        if name not in self.made:
            folder = self.stack.enter_context(fast_folder())
            self.made[name] = self.stack.enter_context(stage_of(PLAYS[name], folder))
        return self.made[name]


@pytest.fixture(scope="module")
def stages() -> Iterator[Stages]:
    with ExitStack() as stack:
        yield Stages(stack, {})


MEMOS, SHARED, OTHERS = (
    "invoices and memos",
    "invoices and memos that share their numbers",
    "sales of others",
)


# ------------------------------------------------------------------------------------------------ checks


def check_everywhere(stage: Stage, trouble: Trouble, **more: Any) -> None:
    for place in stage.places(writes=True):
        strike(stage, trouble, place, request_id="ignore", **more)


def check_lost_after_the_write(stages: Stages) -> None:
    check_everywhere(stages.of(MEMOS), TROUBLES["lost after"])


def check_a_fault_under_200(stages: Stages) -> None:
    check_everywhere(stages.of(OTHERS), TROUBLES["fault under 200"])


def check_a_lagging_index(stages: Stages) -> None:
    check_everywhere(stages.of(MEMOS), TROUBLES["lost after"], soon=(0, 50), index_lag=60)


def check_a_request_that_arrives_late(stages: Stages) -> None:
    check_everywhere(stages.of(MEMOS), TROUBLES["arrives late"])


def check_death_after_a_token(stages: Stages) -> None:
    strike(stages.of(MEMOS), TROUBLES["dies before"], 1)


def check_a_clean_pass(stage: Stage, **moods: Any) -> None:
    with stage.case(**moods) as case:
        for _ in range(2):
            case.sync(SETTLED_S)
        assert case.is_settled
        assert picture(case.company, stage.numbers) == stage.result


def check_numbers_of_others(stages: Stages) -> None:
    check_a_clean_pass(stages.of(SHARED))


def check_refusals_that_are_remembered(stages: Stages) -> None:
    check_a_clean_pass(stages.of(SHARED), request_id_keeps_refusals=True)


def check_what_is_linked(stages: Stages) -> None:
    check_a_clean_pass(stages.of(OTHERS))


def check_a_total_that_differs(stages: Stages) -> None:
    """The company works out the tax of a refund anew: 8.00 for 10.00."""
    moods = Moods(tax_override_on_refunds=False)
    with (
        fast_folder() as folder,
        quickbooks(folder / "books", company={"sales_tax": "automated", "moods": moods}, **RECEIPTS) as (
            books,
            shop,
        ),
    ):
        books.migrate()
        receipt_and_refund(books, shop)
        shop.write()
        Case(books, books.fake).sync()
        assert books.rows("document WHERE kind = 'refund_receipt'", "state, reason") == [
            ("held", "total_differs")
        ]
        assert books.company.documents("RefundReceipt") == []
        assert_sale_stands(books)


def assert_sale_stands(books: QuickBooksBooks) -> None:
    balance = {name: str(amount) for name, amount in books.company.trial_balance().items()}
    assert balance["Stripe Clearing"] == "106.51"


CHECKS = (
    check_lost_after_the_write,
    check_a_fault_under_200,
    check_a_lagging_index,
    check_a_request_that_arrives_late,
    check_death_after_a_token,
    check_numbers_of_others,
    check_refusals_that_are_remembered,
    check_what_is_linked,
    check_a_total_that_differs,
)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
def test_the_check_is_green(stages: Stages, one: Callable[[Stages], None]) -> None:
    one(stages)


# ------------------------------------------------------------------------------------------------ wrong versions


def a_taken_number_is_our_own() -> AbstractContextManager[Any]:
    def number_taken(claimed: Claimed, payload: Payload, fault: Fault, home: str) -> Steps[Outcome]:
        yield from ()
        return Posted(fault.transaction_id or "", claimed.number, claimed.amount_minor, claimed.currency)

    return patch.object(quickbooks_answers, "number_taken", number_taken)


def a_link_is_forgotten() -> AbstractContextManager[Any]:
    return patch.object(quickbooks_roles, "is_linked_afterwards", lambda document: False)


def a_token_is_used_before_it_is_stored() -> AbstractContextManager[Any]:
    def keep(self: Tokens, granted: Granted, refresh: str | None, stored: Kept | None) -> Kept:
        self._kept = Kept(
            granted.access,
            granted.access_until,
            granted.refresh or "",
            granted.refresh_ends,
            granted.hard_ends,
            (),
        )
        return self._kept

    return patch.object(Tokens, "_keep", keep)


@contextmanager
def one_request_id_for_a_document() -> Iterator[None]:
    """Whatever its body says by then."""
    right = QuickbooksOnlineLedger.request

    def request(
        self: QuickbooksOnlineLedger, documents: Sequence[Claimed], attempt_key: str
    ) -> Steps[Request | Outcomes]:
        return right(self, documents, documents[0].document_key)

    # The refusal comes again and again: a few rounds of numbers show it.
    with patch.object(QuickbooksOnlineLedger, "request", request), patch.object(sync, "MOST_NUMBERS", 3):
        yield


@contextmanager
def whatever_has_status_200_was_written() -> Iterator[None]:
    right = quickbooks_answers.read_answer

    def read_answer(
        claimed: Claimed, payload: Payload, request: Request, answer: Answer, home: str
    ) -> Steps[Outcome]:
        if answer.status == 200:
            return Posted("1", claimed.number, claimed.amount_minor, claimed.currency)
        return (yield from right(claimed, payload, request, answer, home))

    with patch.object(quickbooks_online, "read_answer", read_answer):
        yield


@dataclass(frozen=True)
class Planted:
    """A wrong version, the check that it turns red, and the test that makes the same check of the right one."""

    plant: Plant
    check: Callable[[Stages], None]
    test: str


FAULTS = "test_quickbooks_every_fault:test_a_fault_at_every_write"
SOON = "test_quickbooks_every_fault:test_passes_that_come_soon_write_nothing_twice"
READS = "test_quickbooks_every_fault:test_a_fault_at_every_read"
HERE = "test_quickbooks_planted_bugs:test_the_check_is_green"
PLANTED = (
    Planted(no_answer_is_a_failure, check_lost_after_the_write, FAULTS),
    Planted(no_look_before_a_second_write, check_lost_after_the_write, FAULTS),
    Planted(a_taken_number_is_our_own, check_numbers_of_others, FAULTS),
    Planted(any_total_will_do, check_a_total_that_differs, HERE),
    Planted(a_link_is_forgotten, check_what_is_linked, FAULTS),
    Planted(a_token_is_used_before_it_is_stored, check_death_after_a_token, READS),
    Planted(one_request_id_for_a_document, check_refusals_that_are_remembered, HERE),
    Planted(whatever_has_status_200_was_written, check_a_fault_under_200, FAULTS),
    Planted(absent_is_believed_at_once, check_a_lagging_index, SOON),
    Planted(absent_is_believed_at_once, check_a_request_that_arrives_late, FAULTS),
)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda one: f"{one.plant.__name__}-{one.check.__name__}")
def test_a_wrong_version_turns_its_check_red(stages: Stages, planted: Planted) -> None:
    # What a clean pass leaves is learned of the right version, whichever test comes first.
    stages.of(OTHERS)
    with planted.plant(), pytest.raises(AssertionError):
        planted.check(stages)


@pytest.mark.parametrize("test", sorted({planted.test for planted in PLANTED}))
def test_the_test_that_kills_it_is_there(test: str) -> None:
    module, name = test.split(":")
    assert callable(getattr(importlib.import_module(module), name))
