"""A state is one company's, and a company that refuses the access is connected again."""

from __future__ import annotations

from pathlib import Path

import pytest
from quickbooks_books import SharedClock, stock_company
from quickbooks_desk import Desk, desk, paid_invoice
from vendors.quickbooks import Company
from vendors.quickbooks.wire import Json

OTHER = "9130000000000000009"


def add_company(one: Desk) -> Company:
    """A second company behind the same server, in which nothing was written yet."""
    other = Company(realm=OTHER, clock=SharedClock(one.books.world), sales_tax="by_code")
    stock_company(other)
    one.fake.companies[OTHER] = other
    return other


@pytest.mark.parametrize("granted", [True, False])
def test_another_company_needs_another_state(tmp_path: Path, granted: bool) -> None:
    """Of the other company it is not known what stands there; nor is the old token sent to it."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        first = one.company
        other = add_company(one)
        settings: Json = {"realm_id": OTHER}
        if granted:
            settings["refresh_token"] = one.fake.oauth.grant(OTHER).refresh
        one.set(connection=settings)
        one.shop.refund("b", "ch_100", 1000, "2026-03-06")
        one.shop.write()
        one.fake.requests.clear()
        for words in (["sync"], ["plan"], ["check"]):
            refused = one.command(*words)
            assert refused.code == 2, (words, refused.out, refused.err)
            said = refused.err + refused.out
            assert f"company of ledger main '{first.realm}'" in said
            assert f"the settings say '{OTHER}'; give each its own state" in said
            assert "Traceback" not in said
        assert one.fake.requests == []
        assert [other.documents(kind) for kind in ("CreditMemo", "Purchase", "Payment")] == [[], [], []]
        assert one.outcomes() == {"re_a": "posted 100-1", "re_b": "waiting"}
        one.set(connection={"realm_id": first.realm, "refresh_token": one.fake.oauth.grant().refresh})
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100-1", "re_b": "posted 100-2"}


@pytest.mark.parametrize(("path", "method"), [("/creditmemo", "POST"), ("/query", None)])
def test_a_lost_permission_names_the_command_that_connects_again(
    tmp_path: Path, path: str, method: str | None
) -> None:
    """Wherever in a run it is refused."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        one.fake.inject("refused", path, method=method, code="3100")
        report = one.json(1, "sync")
        (error,) = report["errors"]
        assert error["code"] == "unauthorised"
        assert "3100" in error["sentence"]
        assert error["sentence"].endswith("connect again: connector connect main")
        assert one.written() == []
        assert "connector connect main" in one.refunds()["re_a"]["sentence"]
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100-1"}
