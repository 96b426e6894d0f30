"""A total that QuickBooks worked out otherwise is taken out again, whatever happens to that request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from quickbooks_faults import AT_WRITES
from quickbooks_scenes import AUTOMATED, stage_of
from quickbooks_stage import SETTLED_S, Stage
from small_books import fast_folder
from struck_passes import Line, Trouble, converge, run_struck
from vendors.quickbooks.writing import write

WRONG: dict[str, Any] = {"tax_override_on_refunds": False}


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with fast_folder() as folder, stage_of(AUTOMATED, folder) as made:
        yield made


def taking_out(stage: Stage) -> int:
    """The number, among the writes, of the one that takes the refund out again."""
    with stage.case(**WRONG) as case:
        case.sync()
        writes = [one for one in case.fake.requests if one.is_write]
        (place,) = [n for n, one in enumerate(writes, 1) if one.asked.parameters.get("operation") == "delete"]
        return place


@pytest.mark.parametrize("trouble", AT_WRITES, ids=lambda one: one.name)
def test_a_wrong_total_is_taken_out_whatever_happens(stage: Stage, trouble: Trouble) -> None:
    # A refusal to take it out refuses no document.
    line = Line(replace(trouble, person=False), taking_out(stage), of_writes=True)
    with stage.case(**WRONG, **trouble.moods) as case:
        run_struck(case, line)
        rows = case.books.rows("document WHERE kind = 'refund_receipt'", "state, reason, document_key")
        assert [row[:2] for row in rows] == [("held", "total_differs")]
        assert case.books.outcomes() == {"re_100a": ("held", "total_differs")}
        case.set_moods({"tax_override_on_refunds": True})
        for one in case.company.documents("RefundReceipt"):
            # What could not be taken out a person does.
            write(case.company, "RefundReceipt", {"Id": one["Id"], "SyncToken": one["SyncToken"]}, "delete")
        case.books.world.clock.now += SETTLED_S
        case.books.retry(rows[0][2])
        converge(stage, case)
