"""The stand-in for NetSuite: collections found by `q`, and an index that lags behind what was written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netsuite_hands import Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


def found(hands: Hands, path: str) -> list[str]:
    return [one["id"] for one in hands.get(path)["items"]]


def test_a_collection_shows_ids_alone(hands: Hands) -> None:
    ids = [hands.create("creditMemo", hands.memo("5")) for _ in range(3)]
    seed.invoice(hands.account, "Ada", "5")
    told = hands.get("creditMemo?limit=2")
    assert [set(one) for one in told["items"]] == [{"links", "id"}] * 2
    assert (told["count"], told["hasMore"], told["totalResults"], told["offset"]) == (2, True, 3, 0)
    assert found(hands, "creditmemo?limit=2&offset=2") == ids[2:]
    assert found(hands, "creditMemo") == ids


@pytest.mark.parametrize(
    ("q", "numbers"),
    [
        ('externalId IS "re_1"', ["100"]),
        ('externalId IS "re_1|re_2"', ["100", "100-1"]),
        ("externalId START_WITH re_", ["100", "100-1"]),
        ('externalId ANY_OF ["re_2", "re_9"]', ["100-1"]),
        ('tranId IS "100-1"', ["100-1"]),
        ("memo CONTAIN CH_1", ["100", "100-1"]),
        ('tranDate ON_OR_AFTER "2026-03-04"', ["100-1", "CM101"]),
        ('tranDate ON_OR_AFTER "3/4/2026" AND tranDate BEFORE "3/6/2026"', ["100-1"]),
        ('tranDate ON "2026-03-05" OR externalId IS "re_1"', ["100", "100-1"]),
        ('lastModifiedDate AFTER "2026-03-06"', []),
        ('createdDate ON "2026-03-06"', ["100", "100-1", "CM101"]),
        ("currency ANY_OF [1]", ["100", "100-1", "CM101"]),
        ('entity IS_NOT "301"', ["CM101"]),
    ],
)
def test_a_filter_finds(hands: Hands, q: str, numbers: list[str]) -> None:
    first = {"externalId": "re_1", "tranId": "100", "memo": "re_1 ch_1", "tranDate": "2026-03-01"}
    hands.create("creditMemo", hands.memo("5", **first))
    second = {"externalId": "re_2", "tranId": "100-1", "memo": "re_2 ch_1", "tranDate": "2026-03-05"}
    hands.create("creditMemo", hands.memo("5", **second))
    hands.create("creditMemo", hands.memo("5", who="Bob O'Neil"))
    seed.invoice(hands.account, "Ada", "5", number="100-1", memo="ch_1")
    ids = found(hands, f"creditMemo?q={q}")
    assert [hands.get(f"creditMemo/{one}")["tranId"] for one in ids] == numbers


@pytest.mark.parametrize(
    "q",
    [
        'status IS "A"',
        'total IS "5"',
        'createdFrom IS "1001"',
        "externalId",
        'externalId LIKE "x"',
        'tranId IS "1" AND',
        'tranDate ON "x"',
    ],
)
def test_a_filter_that_can_not_be_is_refused(hands: Hands, q: str) -> None:
    assert hands.refused("GET", f"creditMemo?q={q}")["o:errorCode"] == "INVALID_PARAMETER"


def test_payments_are_found_by_customer_and_lists_by_name(hands: Hands) -> None:
    ada = hands.account.named("customer", "Ada")["id"]
    payment = seed.payment(hands.account, "Ada", "5")["id"]
    assert found(hands, f'customerPayment?q=customer IS "{ada}"') == [payment]
    assert hands.refused("GET", f'customerPayment?q=entity IS "{ada}"')
    assert found(hands, 'customer?q=email IS "ada@x.test"') == [ada]
    assert found(hands, 'customer?q=externalId IS "cus_ada" AND isInactive IS false') == [ada]
    assert found(hands, "customer?q=companyName START_WITH Bob") != [ada]
    assert found(hands, 'account?q=acctName IS "Sales"') == [hands.account.account_id_of("Sales")]
    assert found(hands, 'inventoryItem?q=itemId IS "Widget"') == [hands.account.named("item", "Widget")["id"]]
    assert found(hands, 'serviceSaleItem?q=itemId IS "Widget"') == []
    assert found(hands, 'salesTaxItem?q=name IS "Exempt"') == [
        hands.account.named("salesTaxItem", "Exempt")["id"]
    ]
    assert found(hands, 'currency?q=symbol IS "USD"') == ["1"]
    assert found(hands, 'subsidiary?q=name IS "Acme Inc"') == ["1"]


# ---------------------------------------------------------------------------------------------- lag


def seen(hands: Hands) -> list[tuple[str, str]]:
    rows = hands.ask(
        "SELECT externalid, BUILTIN.DF(status) AS status FROM transaction WHERE externalid IS NOT NULL ORDER BY id"
    )
    by_q = hands.get("creditMemo")["totalResults"]
    assert by_q == sum(one["externalid"].startswith("memo") for one in rows)
    return [(one["externalid"], one["status"].split(" : ")[1]) for one in rows]


def test_an_index_lags_by_the_clock_and_a_read_by_id_never_does(hands: Hands) -> None:
    hands.account.moods.index_lag_s = 60
    memo = hands.create("creditMemo", hands.memo("5", externalId="memo1"))
    assert seen(hands) == []
    assert hands.get("creditMemo/eid:memo1")["id"] == memo
    hands.account.clock.advance(59)
    hands.create("customerRefund", hands.refund(memo, externalId="refund1"))
    assert seen(hands) == []
    hands.account.clock.advance(1)
    assert seen(hands) == [("memo1", "Open")]
    hands.account.clock.advance(59)
    assert seen(hands) == [("memo1", "Fully Applied"), ("refund1", "Not Deposited")]
    hands.change("customerRefund/eid:refund1", {}, "DELETE")
    assert seen(hands) == [("memo1", "Fully Applied"), ("refund1", "Not Deposited")]
    hands.account.clock.advance(60)
    assert seen(hands) == [("memo1", "Open")]


def test_an_index_lags_by_requests(hands: Hands) -> None:
    hands.account.moods.index_lag_requests = 3
    hands.create("creditMemo", hands.memo("5", externalId="memo1"))
    assert [len(hands.ask("SELECT id FROM transaction")) for _ in range(4)] == [0, 0, 1, 1]


def test_what_stood_before_and_what_others_do_by_hand_is_seen(hands: Hands) -> None:
    seed.memo(hands.account, "Ada", "5", externalId="memo0")
    hands.account.moods.index_lag_s = 60
    memo = hands.create("creditMemo", hands.memo("5", externalId="memo1"))
    assert seen(hands) == [("memo0", "Open")]
    seed.refund(hands.account, "Ada", memo)
    assert seen(hands) == [("memo0", "Open"), ("memo1", "Fully Applied")]
    hands.account.clock.advance(60)
    assert seen(hands) == [("memo0", "Open"), ("memo1", "Fully Applied")]


def test_a_refused_write_is_never_seen(hands: Hands) -> None:
    unpaid = seed.invoice(hands.account, "Ada", "5")["id"]
    apply = {"items": [{"doc": {"id": unpaid}, "apply": True, "amount": 100}]}
    hands.refused("POST", "creditMemo", hands.memo("500", apply=apply, externalId="memo1"))
    assert seen(hands) == [] and hands.account.by_external_id("memo1") is None
