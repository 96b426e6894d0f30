"""Wrong versions of what reads Stripe, and for each a history that it does not survive: what a random history would show
in time is shown here each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from random_life import BEFORE, DAY, Step
from random_runs import in_new_folder
from small_books import fast_folder
from wrong_readings import (
    Plant,
    answering,
    done_before_it_is_read,
    drop_all_notes,
    drop_newer_notes,
    first_page_only,
    forget_notes,
    listed,
    move_cursors_first,
    no_parts,
    no_sale_is_asked_for,
    no_time,
    nothing_goes_back,
    nothing_is_released,
    pass_over_a_second_event,
    pass_over_events,
    read_events_without_overlap,
    without,
)

from connector.stripe_source.changes import EVENT_TYPES

OUTAGE: Step = ("wait", 41 * DAY)
# What was made lately is met again anyhow.
READ: tuple[Step, ...] = (("wait", 7200), ("run",))
# Long enough that nothing new is young; too short for the daily reading.
LATER: tuple[Step, ...] = (("wait", 1300), ("run",))
FAIL: Step = ("go_on", 0, 1)


@dataclass(frozen=True)
class Planted:
    plant: Plant
    steps: Sequence[Step]
    page_size: int = 100


def meanwhile(first: int, *steps: Step) -> Step:
    """A pass, before each of whose requests from the `first` on the next of these happens, and no second goes by."""
    return ("run", 0, tuple((place, 0, step) for place, step in enumerate(steps, first)))


# More than fit on a page, and two of them refunded.
DEBITS: tuple[Step, ...] = (
    *(("sell", 2, 3000 + n) for n in range(12)),
    *(("refund", n, 1, 2, False) for n in range(2)),
)
CHARGE_EVENTS = ("charge.succeeded", "charge.failed", "charge.captured", "charge.updated")
REFUND_EVENTS = (
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.refund.updated",
)
DISPUTE_EVENTS = tuple(one for one in EVENT_TYPES if one.startswith("charge.dispute."))
CREDIT_EVENTS = tuple(one for one in EVENT_TYPES if one.startswith("credit_note."))
# By what is passed over, or comes too early.
PLANTED: dict[str, Planted] = {
    # Events.
    "no events": Planted(pass_over_events, [*READ, FAIL]),
    "no refund events": Planted(without(*REFUND_EVENTS), [*READ, FAIL]),
    "no charge events": Planted(without(*CHARGE_EVENTS), [*READ, ("clear", 0, True), *LATER]),
    "no charge.succeeded": Planted(without("charge.succeeded"), [*READ, ("clear", 0, True), *LATER]),
    "no charge.failed": Planted(without("charge.failed"), [*READ, ("clear", 0, False), *LATER]),
    "no charge.captured": Planted(
        without("charge.captured"), [("authorise", 900, "usd"), *READ, ("capture", 0, 2), *LATER]
    ),
    "no dispute events": Planted(without(*DISPUTE_EVENTS), [*READ, ("dispute", 2), *LATER]),
    "no charge.dispute.created": Planted(
        without("charge.dispute.created", "charge.dispute.funds_withdrawn"), [*READ, ("dispute", 2), *LATER]
    ),
    "no charge.dispute.closed": Planted(
        without("charge.dispute.closed"), [("dispute", 2), *READ, ("close", 0, False), *LATER]
    ),
    "no credit note events": Planted(without(*CREDIT_EVENTS), [*READ, ("credit", 4, 1), *LATER]),
    "no credit_note.created": Planted(without("credit_note.created"), [*READ, ("credit", 4, 1), *LATER]),
    "no credit_note.updated": Planted(
        without("credit_note.updated"), [("credit_first", 0, 2000), *READ, ("name", 0, 4), *LATER]
    ),
    "no credit_note.voided": Planted(
        without("credit_note.voided"), [("credit", 4, 1), *READ, ("void_credit", 0), *LATER]
    ),
    "no events of paid invoices": Planted(
        without("invoice.paid", "invoice_payment.paid"), [("bill", True), *READ, ("pay", 0, 1), *LATER]
    ),
    "no invoice.paid": Planted(
        without("invoice.paid"), [("mess", 2, 0, 0), ("bill", True), *READ, ("pay", 0, 1), *LATER]
    ),
    "a second event of an object": Planted(
        pass_over_a_second_event, [*READ, ("go_on", 1, 3), *LATER, ("go_on", 1, 1), *LATER]
    ),
    "events that show up late": Planted(
        read_events_without_overlap, [*READ, ("mess", 0, 0, 300), FAIL, ("wait", 45), ("run",)]
    ),
    # Lists.
    "the clock of Stripe": Planted(
        answering(no_time),
        # Not before the wrong clock's second: a clock that went back has all read again.
        [("run", 7200), ("sell", 4, 900), ("wait", 7900), ("run",)],
    ),
    "more pages of charges": Planted(first_page_only("/v1/charges"), [], 3),
    "more pages of refunds": Planted(first_page_only("/v1/refunds"), [], 3),
    "more pages of events": Planted(
        first_page_only("/v1/events"), [*READ, FAIL, ("go_on", 1, 1), ("go_on", 4, 1), *LATER], 2
    ),
    "more pages of invoice payments": Planted(first_page_only("/v1/invoice_payments"), [("sell", 0, 1)], 2),
    "more pages of credit notes": Planted(
        first_page_only("/v1/credit_notes"), [("credit", 4, 4), ("credit", 4, 4), ("credit", 4, 4)], 2
    ),
    "late sessions": Planted(
        listed("checkout_sessions", "overlap_s", 600),
        [("open_session", 2), *READ, ("wait", 9000), ("complete", 0), OUTAGE],
    ),
    # Read again.
    "refunds after an outage": Planted(listed("refunds", "reread_s", 0), [*READ, FAIL, OUTAGE]),
    "charges after an outage": Planted(listed("charges", "reread_s", 0), [*READ, ("clear", 0, True), OUTAGE]),
    "credit notes after an outage": Planted(
        listed("credit_notes", "reread_s", 0), [("credit", 4, 1), *READ, ("void_credit", 0), OUTAGE]
    ),
    "disputes after an outage": Planted(
        listed("disputes", "reread_s", 0), [("dispute", 2), *READ, ("close", 0, True), OUTAGE]
    ),
    "invoice payments after an outage": Planted(
        listed("invoice_payments", "reread_s", 0), [("bill", True), *READ, ("pay", 0, 1), OUTAGE]
    ),
    # What is stored, and when.
    "cursors before the objects": Planted(
        move_cursors_first,
        # Too old to be read again, and no events are looked for before the first pull.
        [OUTAGE, ("wait", 20 * DAY), ("break", 1)],
    ),
    "done before the objects": Planted(done_before_it_is_read, [*READ, FAIL, ("break", 2), *LATER]),
    "notes of a run that broke off": Planted(forget_notes, [*READ, FAIL, ("break", 1)]),
    "notes of what was not read": Planted(drop_all_notes, [*READ, FAIL, ("sell", 4, 900), ("break", 2)]),
    "notes made meanwhile": Planted(
        drop_newer_notes,
        [
            ("run",),
            ("tell",),
            ("mess", 0, 0, 590),
            ("go_on", 0, 4),
            ("sell", 4, 900),
            meanwhile(2, *(("go_on", 0, act) for act in (3, 3, 3, 3, 3, 1))),
        ],
    ),
    "an older copy": Planted(
        nothing_goes_back, [*READ, *DEBITS, meanwhile(4, *(("clear", 0, False) for _ in range(12)))], 4
    ),
    "the sale of a young charge": Planted(
        no_sale_is_asked_for,
        [
            *(("open_session", 1) for _ in range(12)),
            *READ,
            *(("sell", 4, 900 + n) for n in range(4)),
            meanwhile(2, *(("complete", n) for n in range(12))),
        ],
        3,
    ),
    # What belongs together.
    "who paid an invoice before": Planted(
        no_parts, [("bill", False), *(("pay", 0, share) for share in (7, 6, 5, 4, 3, 2, 1)), *READ]
    ),
    "what was released": Planted(
        nothing_is_released, [("mess", 2, 0, 0), ("authorise", 900, "eur"), ("capture", 0, 2), *READ]
    ),
}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with fast_folder() as folder:
        yield folder


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(place: Path, bug: str) -> None:
    planted = PLANTED[bug]
    steps = [*BEFORE, *planted.steps]
    in_new_folder(steps, place, planted.page_size)
    with pytest.MonkeyPatch.context() as patch:
        planted.plant(patch)
        with pytest.raises(AssertionError):
            in_new_folder(steps, place, planted.page_size)
