"""A state is one organisation's, and Xero that refuses the access is connected again."""

from __future__ import annotations

from pathlib import Path

import pytest
from vendors.xero import Organisation, write
from vendors.xero.trouble import Kind
from xero_books import SharedClock
from xero_desk import ADA, Desk, desk, paid_invoice

OTHER = "0e0f0a0b-ac3e-4000-8000-000000000009"


def add_organisation(one: Desk) -> Organisation:
    """A second one behind the same server, in which nothing was written yet."""
    other = Organisation(tenant_id=OTHER, name="Other Books", clock=SharedClock(one.books.world))
    write(other, "Contacts", {"Name": ADA})
    one.fake.add(other)
    return other


@pytest.mark.parametrize("named", [True, False])
def test_another_organisation_needs_another_state(tmp_path: Path, named: bool) -> None:
    """Whether the settings name it, or the same client id and secret have come to open it."""
    with desk(tmp_path / "books") as one:
        first = one.organisation.tenant_id
        if named:
            one.set(connection={"tenant_id": first})
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        other = add_organisation(one)
        one.fake.oauth.custom_tenant = OTHER
        if named:
            one.set(connection={"tenant_id": OTHER})
        one.shop.refund("b", "ch_100", 1000, "2026-03-06")
        one.shop.write()
        one.fake.requests.clear()
        for words in (["sync"], ["plan"], ["check"]):
            refused = one.command(*words)
            assert refused.code == 2, (words, refused.out, refused.err)
            said = refused.err + refused.out
            assert f"of ledger main '{first}'" in said
            assert f"the settings say '{OTHER}'; give each its own state" in said
            assert "Traceback" not in said
        assert one.fake.writes() == []
        assert [other.documents(kind) for kind in ("CreditNotes", "Payments", "BankTransactions")] == [
            [],
            [],
            [],
        ]
        one.fake.oauth.custom_tenant = first
        if named:
            one.set(connection={"tenant_id": first})
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}


def test_settings_that_come_to_name_the_organisation_keep_its_state(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.sync()
        one.set(connection={"tenant_id": one.organisation.tenant_id})
        one.shop.refund("b", "ch_100", 1000, "2026-03-06")
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100", "re_b": "posted 100-1"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("disconnected_403", "AuthenticationUnsuccessful (403"),
        ("insufficient_scope", "AuthorizationUnsuccessful (401"),
    ],
)
@pytest.mark.parametrize(("path", "method"), [("/CreditNotes", "PUT"), ("/Accounts", "GET")])
def test_a_lost_permission_ends_the_run_in_xero_s_words(
    tmp_path: Path, path: str, method: str, fault: Kind, words: str
) -> None:
    """Wherever in a run it is refused; a custom connection has no consent that could be given again."""
    with desk(tmp_path / "books") as one:
        one.shop.refund("a", paid_invoice(one), 3300, "2026-03-05")
        one.shop.write()
        one.fake.inject(fault, path, method=method)
        report = one.json(1, "sync")
        (error,) = report["errors"]
        assert error["code"] == "unauthorised"
        assert error["sentence"].startswith(f"Xero refused the access: {words}")
        assert "connector connect" not in error["sentence"]
        assert one.written() == []
        assert one.refunds()["re_a"]["sentence"] == error["sentence"]
        one.sync()
        assert one.outcomes() == {"re_a": "posted 100"}
