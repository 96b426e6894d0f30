"""Each golden document becomes exactly its requests."""

from __future__ import annotations

import pytest
from xero_golden import ATTEMPT, FOLDER, Case, cases, made_of

EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)


@EACH
def test_a_document_becomes_exactly_these_requests(case: Case) -> None:
    made = made_of(case)
    assert len(made) == len(case.requests)
    for got, wanted in zip(made, case.requests, strict=True):
        if got is None or wanted is None:
            assert got is wanted is None
            continue
        assert f"{got.method} {got.target}" == wanted.first
        assert got.body.decode() == wanted.body.decode()
        assert got.headers == wanted.headers
