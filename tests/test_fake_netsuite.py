"""The stand-in for NetSuite: envelopes, names and values of a body, ids, and what a record shows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netsuite_hands import CLEARING, Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


def test_a_memo_and_the_refund_that_pays_it_out_leave_receivables_at_zero(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")
    seed.payment(hands.account, "Ada", "110", on=invoice)
    memo = hands.create("creditmemo", hands.memo("55", externalId="dk-memo", tranId="100"))
    assert hands.get(f"creditMemo/{memo}")["status"]["id"] == "A"
    refund = hands.create("CUSTOMERREFUND", hands.refund(memo, externalId="dk-refund"))
    assert hands.get("creditMemo/eid:dk-memo")["status"] == {"id": "B", "refName": "Fully Applied"}
    shown = hands.whole(f"customerRefund/{refund}")
    assert shown["total"] == 55 and shown["deposit"]["items"] == []
    assert [(one["doc"]["id"], one["line"], one["amount"]) for one in shown["apply"]["items"]] == [
        (memo, 0, 55)
    ]
    assert hands.account.trial_balance_minor() == {CLEARING: 5500, "Sales": -4500, "Sales Tax Payable": -1000}
    rows = hands.ask(
        "SELECT id, type, foreigntotal FROM transaction WHERE externalid LIKE 'dk-%' ORDER BY id"
    )
    assert [(one["id"], one["type"]) for one in rows] == [(memo, "CustCred"), (refund, "CustRfnd")]
