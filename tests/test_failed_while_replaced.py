"""A refund that Stripe gives up while `resync --replace` is half done: what stands of it is taken back once, and clearing
is what it was before the refund."""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import netsuite_desk
import pytest
import quickbooks_desk
import xero_desk
from netsuite_type_cases import REOPEN
from test_netsuite_half_done import WORDS

# Where the replacement stops: a mirror of the first revision, or a document of the second.
STOPS = {
    "netsuite": ("invoice", "customerPayment", "creditMemo", "customerRefund"),
    "quickbooks": ("/payment", "/invoice", "/creditmemo"),
    "xero": ("/Payments", "/CreditNotes"),
}
DESKS: dict[str, Any] = {"netsuite": netsuite_desk, "quickbooks": quickbooks_desk, "xero": xero_desk}
REFUSED: dict[str, dict[str, Any]] = {
    "netsuite": {"words": WORDS},
    "quickbooks": {"code": "6000"},
    "xero": {"words": "no"},
}
PLACES = [(kind, path) for kind, paths in STOPS.items() for path in paths]


def opened(kind: str, folder: Path, **settings: Any) -> AbstractContextManager[Any]:
    found: AbstractContextManager[Any] = DESKS[kind].desk(folder / "books", **settings)
    return found


def stopped(one: Any, kind: str, path: str, fault: str) -> dict[str, str]:
    """Totals before the refund; then it is posted, and its replacement stops at the first request below `path`."""
    charge = DESKS[kind].paid_invoice(one)
    one.shop.write()
    before: dict[str, str] = one.totals()
    one.shop.refund("a", charge, 3300, "2026-03-05")
    one.sync()
    more = {"times": 99, **REFUSED[kind]} if fault == "refused" else {}
    one.fake.inject(fault, path, method="POST", **more)
    one.command("resync", "re_a", "--replace")
    one.fake.faults.clear()
    return before


@pytest.mark.parametrize("fault", ["refused", "lost_before", "lost_after"])
@pytest.mark.parametrize(("kind", "path"), PLACES)
def test_what_stands_is_taken_back_once(tmp_path: Path, kind: str, path: str, fault: str) -> None:
    with opened(kind, tmp_path) as one:
        before = stopped(one, kind, path, fault)
        assert one.outcomes()["re_a"].split()[0] in ("held", "failed")
        one.shop.fail("re_a", "2026-04-20")
        one.shop.write()
        for _ in range(2):
            one.wait(24)
            one.command("sync")
        outcome = one.outcomes()["re_a"]
        assert outcome.rstrip("-123") == "reversed 100", one.documents()
        assert "the customer has not got the money" in one.refunds()["re_a"]["sentence"]
        assert (one.totals(), Decimal(one.open())) == (before, Decimal(0))
        left = {d["state"] for d in one.documents()} - {"posted", "reversed"}
        assert left <= {"skipped"}
        assert not any("left" in line or "unapplied" in line or "open" in line for line in one.written())
        one.resolve("re_a", "--skip")
        wrote = one.everything()
        for _ in range(2):
            one.command("resync", "re_a")
            one.json(0, "sync")
        assert (one.everything(), one.outcomes()["re_a"]) == (wrote, outcome)


@pytest.mark.parametrize(
    ("kind", "path"),
    [("netsuite", "creditMemo"), ("netsuite", "customerRefund"), ("quickbooks", "/purchase")],
)
def test_the_fee_of_the_refund_stays_charged(tmp_path: Path, kind: str, path: str) -> None:
    with opened(kind, tmp_path, fees=True) as one:
        charge = DESKS[kind].paid_invoice(one)
        one.shop.refund("a", charge, 3300, "2026-03-05", 30)
        one.sync()
        one.fake.inject("refused", path, method="POST", times=99, **REFUSED[kind])
        one.command("resync", "re_a", "--replace")
        one.fake.faults.clear()
        one.shop.fail("re_a", "2026-04-20")
        one.shop.write()
        for _ in range(2):
            one.wait(24)
            one.command("sync")
        assert one.outcomes()["re_a"].startswith("reversed 100")
        assert (one.totals()["CLR"], one.totals()["FEES"]) == ("109.70", "0.30")


def test_what_the_customer_is_owed_pays_the_next_refund_of_the_same_run(tmp_path: Path) -> None:
    with opened("quickbooks", tmp_path) as one:
        one.set("refunds", failed_refund="owe_customer")
        stopped(one, "quickbooks", "/invoice", "refused")
        one.shop.fail("re_a", "2026-04-20")
        one.shop.refund("b", "ch_100", 3300, "2026-05-05")
        one.shop.write()
        for _ in range(2):
            one.wait(24)
            one.command("sync")
        assert one.outcomes()["re_b"].startswith("posted ")
        assert {name: one.totals()[name] for name in ("REV", "CLR")} == {"REV": "-70.00", "CLR": "77.00"}


def test_a_reopened_invoice_is_paid_again_and_not_opened_once_more(tmp_path: Path) -> None:
    with opened("netsuite", tmp_path, **REOPEN) as one:
        before = stopped(one, "netsuite", "customerPayment", "refused")
        one.shop.fail("re_a", "2026-04-20")
        one.shop.write()
        one.wait(24)
        one.command("sync")
        assert one.outcomes() == {"re_a": "reversed 100"}
        assert (one.totals(), Decimal(one.open())) == (before, Decimal(0))
        assert not one.by_hand()[0].endswith("open")


@pytest.mark.parametrize("path", STOPS["netsuite"][:3])
def test_what_was_taken_back_is_known_when_the_failure_can_be_booked(tmp_path: Path, path: str) -> None:
    with opened("netsuite", tmp_path) as one:
        before = stopped(one, "netsuite", path, "refused")
        one.close_until("2026-04")
        one.shop.fail("re_a", "2026-04-20")
        one.shop.write()
        for _ in range(2):
            one.wait(24)
            one.command("sync")
            assert one.outcomes()["re_a"].startswith("held ")
        one.set("refunds", period_closed="first_open_day")
        one.wait(24)
        one.command("sync")
        assert one.outcomes()["re_a"].startswith("reversed 100")
        assert (one.totals(), Decimal(one.open())) == (before, Decimal(0))
        assert not any("unapplied" in line or "open" in line for line in one.written())


def test_the_next_refund_has_the_number_that_was_not_needed(tmp_path: Path) -> None:
    with opened("netsuite", tmp_path) as one:
        stopped(one, "netsuite", "invoice", "refused")
        one.shop.fail("re_a", "2026-04-20")
        one.shop.write()
        one.wait(24)
        one.command("sync")
        one.shop.refund("b", "ch_100", 1100, "2026-04-21")
        one.wait(24)
        one.sync()
        assert one.outcomes() == {"re_a": "reversed 100", "re_b": "posted 100-1"}
        assert one.totals() == {"REV": "-90.00", "TAX": "-9.00", "CLR": "99.00"}
