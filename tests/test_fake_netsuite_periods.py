"""The stand-in for NetSuite: closed and locked periods, and the RESTlet that voids."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import requests
from netsuite_hands import Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.service import RESTLET_PATH

RESTLET = f"{RESTLET_PATH}?script=101&deploy=1"


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


@pytest.mark.parametrize("how", ["closed", "arLocked", "allLocked"])
def test_nothing_is_posted_into_a_closed_or_locked_period(hands: Hands, how: str) -> None:
    lone = seed.payment(hands.account, "Ada", "5", day="2026-02-10")
    invoice = seed.invoice(hands.account, "Ada", "5", day="2026-02-10")
    seed.close_period(hands.account, "2026-02", how)
    words = "closed" if how == "closed" else "locked"
    day = {"tranDate": "2026-02-28"}
    told = hands.refused("POST", "creditMemo", hands.memo("5", **day))
    assert told["o:errorCode"] == "USER_ERROR" and "period" in told["detail"] and words in told["detail"]
    apply = {"items": [{"doc": {"id": invoice["id"]}, "apply": True, "amount": 5}]}
    for method, path, body in (
        ("POST", "customerRefund", hands.refund(lone, **day)),
        ("PATCH", f"customerPayment/{lone['id']}", {"apply": apply}),
        ("PATCH", f"invoice/{invoice['id']}", {"memo": "x"}),
        ("DELETE", f"customerPayment/{lone['id']}", None),
    ):
        assert "period" in hands.refused(method, path, body)["detail"]
    assert hands.get(f"customerPayment/{lone['id']}")["unapplied"] == 5
    hands.create("customerRefund", hands.refund(lone))
    seed.close_period(hands.account, "2026-02", "open")
    hands.create("creditMemo", hands.memo("5", **day))


def test_a_journal_does_not_mind_a_lock_on_receivables(hands: Hands) -> None:
    seed.close_period(hands.account, "2026-02", "arLocked")
    seed.journal(
        hands.account, ("Stripe Fees", "5", None), ("Stripe Clearing", "-5", None), tranDate="2026-02-10"
    )


def test_a_role_may_override_a_lock_but_not_a_close(hands: Hands) -> None:
    hands.account.moods.override_period = True
    seed.close_period(hands.account, "2026-02", "arLocked")
    hands.create("creditMemo", hands.memo("5", tranDate="2026-02-28"))
    seed.close_period(hands.account, "2026-02")
    hands.refused("POST", "creditMemo", hands.memo("5", tranDate="2026-02-28"))


def test_changes_that_post_nothing_may_be_allowed_in_a_closed_period(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "5", day="2026-02-10")
    payment = seed.payment(hands.account, "Ada", "5.50", on=invoice, day="2026-02-10")
    seed.close_period(hands.account, "2026-02")
    hands.account.moods.non_gl_changes = True
    apply = {"items": [{"doc": {"id": invoice["id"]}, "apply": False}]}
    hands.change(
        f"customerPayment/{payment['id']}", {"apply": apply, "customer": hands.ref("customer", "Ada")}
    )
    hands.change(f"customerPayment/{payment['id']}", {"memo": "x"})
    assert "period" in hands.refused("PATCH", f"customerPayment/{payment['id']}", {"payment": 6})["detail"]
    assert "period" in hands.refused("POST", "creditMemo", hands.memo("5", tranDate="2026-02-10"))["detail"]


def test_a_day_beyond_all_periods_is_refused(hands: Hands) -> None:
    assert (
        "accounting period"
        in hands.refused("POST", "creditMemo", hands.memo("5", tranDate="2031-01-01"))["detail"]
    )


def test_the_period_must_be_that_of_the_day(hands: Hands) -> None:
    february = hands.account.period_of("2026-02-01")["id"]
    assert (
        "period"
        in hands.refused("POST", "creditMemo", hands.memo("5", postingPeriod={"id": february}))["detail"]
    )
    made = hands.create("creditMemo", hands.memo("5", tranDate="2026-02-05", postingPeriod={"id": february}))
    assert hands.get(f"creditMemo/{made}")["postingPeriod"]["refName"] == "Feb 2026"


# ---------------------------------------------------------------------------------------------- void


def void(hands: Hands, one: dict[str, Any], record_type: str = "invoice") -> requests.Response:
    return hands.send("POST", RESTLET, {"type": record_type, "id": one["id"]})


def unvoided(hands: Hands, one: dict[str, Any], record_type: str = "invoice") -> tuple[str, str]:
    answer = void(hands, one, record_type)
    assert answer.status_code == 400 and answer.headers["Content-Type"] == "application/json"
    told = answer.json()["error"]
    return told["code"], told["message"]


def test_a_void_takes_the_invoice_to_zero_and_keeps_it(hands: Hands) -> None:
    invoice = seed.invoice(
        hands.account, "Ada", seed.line(hands.account, "100", "Widget", quantity=2), number="100"
    )
    assert hands.account.on_hand("Widget") == 98
    answer = void(hands, invoice)
    assert (answer.status_code, answer.json()) == (200, {"voided": True, "id": invoice["id"]})
    shown = hands.whole(f"invoice/{invoice['id']}")
    assert (shown["total"], shown["amountRemaining"], shown["tranId"]) == (0, 0, "100")
    assert shown["status"] == {"id": "V", "refName": "Voided"}
    assert [one["amount"] for one in shown["item"]["items"]] == [0]
    (row,) = hands.ask("SELECT voided, foreigntotal, foreignamountunpaid u FROM transaction")
    assert row == {"voided": "T", "foreigntotal": "0", "u": "0"}
    lines = hands.ask("SELECT foreignamount, quantity FROM transactionline ORDER BY id")
    assert {one["foreignamount"] for one in lines} == {"0"}
    assert hands.account.trial_balance() == {} and hands.account.on_hand("Widget") == 100
    assert "already been voided" in unvoided(hands, invoice)[1]
    assert "can not be changed" in hands.refused("PATCH", f"invoice/{invoice['id']}", {"memo": "x"})["detail"]
    body = hands.memo("5", apply={"items": [{"doc": {"id": invoice["id"]}, "apply": True}]})
    assert hands.refused("POST", "creditMemo", body)["o:errorPath"] == "apply.items[0].doc"
    seed.delete(hands.account, invoice)


def test_nothing_is_voided_that_is_paid_closed_or_not_there(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")
    payment = seed.payment(hands.account, "Ada", "10", on=invoice)
    assert "applied" in unvoided(hands, invoice)[1]
    assert "applied" in unvoided(hands, payment, "customerPayment")[1]
    assert unvoided(hands, payment)[0] == "RCRD_DSNT_EXIST"
    assert unvoided(hands, {"id": "9999"})[0] == "RCRD_DSNT_EXIST"
    assert unvoided(hands, invoice, "depositApplication")[0] == "SSS_INVALID_TYPE_ARG"
    seed.unapply(hands.account, payment, invoice)
    hands.account.moods.reversal_voids = True
    assert "Reversing Journals" in unvoided(hands, invoice)[1]
    hands.account.moods.reversal_voids = False
    seed.close_period(hands.account, "2026-03")
    assert "period" in unvoided(hands, invoice)[1]
    assert hands.account.transaction(invoice["id"])["_total"] == Decimal(110)


def test_the_restlet_has_an_address_and_a_role(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")
    body = {"type": "invoice", "id": invoice["id"]}
    answer = hands.send("POST", f"{RESTLET_PATH}?script=7&deploy=1", body)
    assert answer.json()["error"]["code"] == "SSS_INVALID_SCRIPTLET_ID"
    hands.account.role_lacks.add("restlet")
    assert hands.send("POST", RESTLET, body).status_code == 403
    hands.account.role_lacks.clear()
    hands.http.headers.pop("Authorization")
    answer = hands.send("POST", RESTLET, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_LOGIN_ATTEMPT")
    hands.http.headers["Authorization"] = "any"
    assert hands.fake.restlet_url == f"{hands.fake.base_url}{RESTLET}"
    assert hands.send("POST", RESTLET, {"type": "invoice", "id": 7}).status_code == 400
    hands.loud("required")
