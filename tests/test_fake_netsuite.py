"""The stand-in for NetSuite: envelopes, names and values of a body, external ids and numbers, and what a record shows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import CLEARING, Hands, shop
from vendors.netsuite import Account, FakeNetsuite, Moods
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import loads


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


def speaking(account: Account) -> Iterator[Hands]:
    with FakeNetsuite(account) as fake:
        yield Hands(fake)


def test_a_memo_and_the_refund_that_pays_it_out_leave_receivables_at_zero(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")
    seed.payment(hands.account, "Ada", "110", on=invoice)
    memo = hands.create("creditmemo", hands.memo("55", externalId="dk-memo", tranId="100"))
    assert hands.get(f"creditMemo/{memo}")["status"] == {"id": "A", "refName": "Open"}
    refund = hands.create("CUSTOMERREFUND", hands.refund(memo, externalId="dk-refund"))
    assert hands.get("creditMemo/eid:dk-memo")["status"] == {"id": "B", "refName": "Fully Applied"}
    shown = hands.whole(f"customerRefund/{refund}")
    assert shown["total"] == 55 and shown["deposit"]["items"] == []
    assert [(one["doc"]["id"], one["line"], one["amount"]) for one in shown["apply"]["items"]] == [
        (memo, 0, 55)
    ]
    assert hands.account.trial_balance_minor() == {CLEARING: 5500, "Sales": -4500, "Sales Tax Payable": -1000}
    rows = hands.ask("SELECT id, type FROM transaction WHERE externalid LIKE 'dk-%' ORDER BY id")
    assert [(one["id"], one["type"]) for one in rows] == [(memo, "CustCred"), (refund, "CustRfnd")]


# ---------------------------------------------------------------------------------------------- envelopes


def test_a_post_says_nothing_but_where_the_record_is(hands: Hands) -> None:
    answer = hands.send("POST", "creditMemo", hands.memo("5"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Location"].startswith(f"{hands.fake.base_url}/services/rest/record/v1/creditmemo/")
    assert answer.headers["Date"] == "Fri, 06 Mar 2026 12:00:00 GMT"
    hands.account.moods.created = 201
    assert hands.send("POST", "creditMemo", hands.memo("5")).status_code == 201


def test_a_record_shows_references_choices_days_and_links(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", memo="re_1 ch_1", tranDate="2026-03-05"))
    answer = hands.send("GET", f"creditmemo/{memo}")
    assert answer.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=singular"
    shown = loads(answer.text)
    ada = hands.account.named("customer", "Ada")["id"]
    assert (shown["entity"]["id"], shown["entity"]["refName"]) == (ada, "Ada")
    assert shown["entity"]["externalId"] == "cus_ada"
    assert (shown["tranDate"], shown["memo"]) == ("2026-03-05", "re_1 ch_1")
    assert shown["createdDate"] == "2026-03-06T12:00:00Z"
    assert shown["postingPeriod"]["refName"] == "Mar 2026"
    assert shown["currency"]["refName"] == "US Dollar" and shown["subsidiary"]["refName"] == "Acme Inc"
    assert shown["total"] == shown["unapplied"] == shown["amountRemaining"] == 5
    assert set(shown["item"]) == {"links"} and "items" in hands.whole(f"creditmemo/{memo}")["item"]
    assert set(hands.get(f"creditmemo/{memo}?fields=tranId,total")) == {"links", "id", "tranId", "total"}


def test_the_day_is_that_of_the_account(hands: Hands) -> None:
    hands.account.clock.advance(16 * 3600)  # four in the morning, UTC, of the seventh
    memo = hands.create("creditMemo", hands.memo("5"))
    assert hands.get(f"creditMemo/{memo}")["tranDate"] == "2026-03-06"


@pytest.mark.parametrize("place", ["creditMemo/9999", "creditMemo/eid:nothing", "creditMemo/eid:dk-invoice"])
def test_what_is_not_there_has_no_id(hands: Hands, place: str) -> None:
    seed.invoice(hands.account, "Ada", "5", externalId="dk-invoice")
    told = hands.refused("GET", place, status=404)
    assert told["o:errorCode"] == "NONEXISTENT_ID"
    assert hands.refused("PATCH", place, {"memo": "x"}, status=404)["o:errorCode"] == "NONEXISTENT_ID"
    assert hands.refused("DELETE", place, status=404)["o:errorCode"] == "NONEXISTENT_ID"


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "creditNote", {}, "creditNote"),
        ("POST", "creditMemo", "{", "Invalid JSON"),
        ("POST", "creditMemo", [], "object"),
        ("POST", "creditMemo?sandbox=1", {}, "sandbox"),
        ("POST", "account", {}, "only reads"),
        ("PATCH", "serviceSaleItem/201", {"itemId": "x"}, "only reads"),
        ("GET", "creditMemo?limit=5&offset=3", None, "divisible"),
    ],
)
def test_what_no_client_should_send_is_loud(
    hands: Hands, method: str, path: str, body: Any, words: str
) -> None:
    assert hands.send(method, path, body).status_code in (400, 404, 405)
    hands.loud(words)


def test_a_body_that_is_not_sent_as_json_is_loud(hands: Hands) -> None:
    assert hands.send("POST", "creditMemo", "a=b", Content_Type="text/plain").status_code == 415
    hands.loud("JSON")


# ---------------------------------------------------------------------------------------------- names and values


@pytest.mark.parametrize(
    ("path", "more", "where"),
    [
        ("creditMemo", {"customer": {"id": "301"}}, "customer"),
        ("creditMemo", {"paymentMethod": {"id": "1"}}, "paymentMethod"),
        ("creditMemo", {"arAcct": {"id": "104"}}, "arAcct"),
        ("creditMemo", {"custbody_key": "x"}, "custbody_key"),
        (
            "creditMemo",
            {"item": {"items": [{"item": {"id": "201"}, "amount": 5, "taxRate": 1}]}},
            "item.items[0].taxRate",
        ),
        ("creditMemo", {"item": {"items": [], "lines": []}}, "item.lines"),
        ("customerRefund", {"entity": {"id": "301"}}, "entity"),
        ("customerRefund", {"paymentMethod": {"id": "1"}}, "paymentMethod"),
        ("customerRefund", {"undepFunds": True}, "undepFunds"),
        ("customerPayment", {"entity": {"id": "301"}}, "entity"),
    ],
)
def test_an_unknown_name_is_refused_where_the_header_asks_for_it(
    hands: Hands, path: str, more: dict[str, Any], where: str
) -> None:
    memo = seed.memo(hands.account, "Ada", "5")
    body = {
        "creditMemo": hands.memo("5"),
        "customerRefund": hands.refund(memo),
        "customerPayment": {"customer": {"id": "301"}, "payment": 5},
    }[path]
    told = hands.refused("POST", path, {**body, **more})
    assert (told["o:errorCode"], told["o:errorPath"]) == ("INVALID_CONTENT", where)


def test_an_unknown_name_is_dropped_with_a_warning_else(hands: Hands) -> None:
    lax = Hands(hands.fake, strict=False)
    answer = lax.send("POST", "creditMemo", lax.memo("5", customer={"id": "302"}, Memo="x"))
    assert answer.status_code == 204
    assert answer.headers["X-NetSuite-Warning"].endswith("customer, Memo")
    shown = lax.get(answer.headers["Location"].split("/v1/")[1])
    assert "memo" not in shown and "customer" not in shown
    answer = lax.send("POST", "creditMemo", lax.memo("5"), X_NetSuite_PropertyNameValidation="Ignore")
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"tranDate": "3/5/2026"}, "tranDate"),
        ({"tranDate": "2026-02-30"}, "tranDate"),
        ({"memo": 5}, "memo"),
        ({"memo": "x" * 1000}, "memo"),
        ({"tranId": "x" * 46}, "tranId"),
        ({"exchangeRate": "1"}, "exchangeRate"),
        ({"autoApply": "F"}, "autoApply"),
        ({"entity": {"refName": "Ada"}}, "entity"),
        ({"currency": {"id": "99"}}, "currency"),
        ({"entity": {"externalId": "cus_nobody"}}, "entity"),
        ({"account": {"id": "101"}}, "account"),
        ({"createdFrom": {"id": "9999"}}, "createdFrom"),
    ],
)
def test_a_bad_value_is_refused(hands: Hands, more: dict[str, Any], where: str) -> None:
    told = hands.refused("POST", "creditMemo", hands.memo("5", **more))
    assert (told["o:errorCode"], told["o:errorPath"]) == ("INVALID_CONTENT", where)
    assert hands.account.documents("creditMemo") == []


def test_a_wrong_reference_is_told_in_oracles_words(hands: Hands) -> None:
    line = {"item": {"id": "9999"}, "amount": Decimal("5")}
    told = hands.refused("POST", "creditMemo", hands.memo(item={"items": [line]}))
    assert told["detail"] == (
        "Error while accessing resource: You have entered an Invalid Field Value 9999 for the following field: item"
    )
    assert told["o:errorPath"] == "item.items[0].item"


def test_a_reference_may_be_an_external_id_or_bare(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", entity={"externalId": "cus_ada"}, location="2"))
    assert hands.get(f"creditMemo/{memo}")["location"]["refName"] == "Outlet"


def test_an_inactive_item_account_or_customer_is_refused(hands: Hands) -> None:
    old = hands.line("5", "Old Service")
    assert hands.refused("POST", "creditMemo", hands.memo(item={"items": [old]}))["o:errorPath"].endswith(
        "item"
    )
    ada = hands.account.named("customer", "Ada")["id"]
    hands.change(f"customer/{ada}", {"isInactive": True})
    assert hands.refused("POST", "creditMemo", hands.memo("5"))["o:errorPath"] == "entity"


@pytest.mark.parametrize("name", ["entity", "item"])
def test_what_is_required_is_asked_for(hands: Hands, name: str) -> None:
    body = hands.memo("5")
    del body[name]
    assert hands.refused("POST", "creditMemo", body)["o:errorCode"] == "USER_ERROR"


def test_a_form_may_demand_a_field(hands: Hands) -> None:
    hands.account.moods.required = frozenset({"creditMemo.department"})
    told = hands.refused("POST", "creditMemo", hands.memo("5"))
    assert told["detail"].endswith("Please enter value(s) for: department")
    hands.create("creditMemo", hands.memo("5", department={"id": "1"}))


def test_custom_fields_are_those_that_the_account_has() -> None:
    for hands in speaking(shop(custom_fields={"custbody_key": "text"})):
        memo = hands.create("creditMemo", hands.memo("5", custbody_key="dk1"))
        assert hands.get(f"creditMemo/{memo}")["custbody_key"] == "dk1"
        assert hands.ask("SELECT id FROM transaction WHERE custbody_key = 'dk1'") == [{"id": memo}]
        assert hands.refused("POST", "creditMemo", hands.memo("5", custbody_other="x"))


# ---------------------------------------------------------------------------------------------- external ids


@pytest.mark.parametrize(
    ("mood", "code", "words"),
    [
        ("already_exists", "USER_ERROR", "This record already exists"),
        ("dup_rcrd", "DUP_RCRD", "This record already exists"),
        ("same_external", "USER_ERROR", "same external ID"),
    ],
)
def test_an_external_id_is_one_for_all_transactions(hands: Hands, mood: Any, code: str, words: str) -> None:
    hands.account.moods.duplicate = mood
    memo = hands.create("creditMemo", hands.memo("5", externalId="re_1"))
    for path, body in (("creditMemo", hands.memo("7")), ("customerRefund", hands.refund(memo))):
        told = hands.refused("POST", path, {**body, "externalId": "re_1"})
        assert told["o:errorCode"] == code and words in told["detail"]
    # Customers are another group.
    hands.create("customer", {"companyName": "Cy", "subsidiary": {"id": "1"}, "externalId": "re_1"})
    assert len(hands.account.documents("creditMemo")) == 1
    assert hands.account.external_ids()["re_1"]["id"] == memo


def test_an_external_id_is_free_again_once_its_record_is_gone(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", externalId="re_1"))
    hands.change("creditMemo/eid:re_1", {}, "DELETE")
    assert hands.send("GET", f"creditMemo/{memo}").status_code == 404
    assert hands.create("creditMemo", hands.memo("5", externalId="re_1")) != memo
    assert hands.account.by_external_id("re_1") is not None


def test_a_bar_in_an_external_id_is_loud(hands: Hands) -> None:
    hands.refused("POST", "creditMemo", hands.memo("5", externalId="a|b"))
    hands.loud("|")


def test_eid_may_not_stand_for_an_id(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", externalId="re_1"))
    hands.account.moods.eid_refused = True
    for method, body in (("GET", None), ("PATCH", {"memo": "x"}), ("DELETE", None)):
        assert hands.refused(method, "creditMemo/eid:re_1", body)["o:errorCode"] == "INVALID_ID"
    assert (
        hands.refused("POST", "creditMemo/eid:re_1/!transform/customerRefund", {})["o:errorCode"]
        == "INVALID_ID"
    )
    hands.change("creditMemo/eid:re_1", {"memo": "x"}, "PUT")
    found = hands.get('creditMemo?q=externalId IS "re_1"')
    assert [one["id"] for one in found["items"]] == [memo]


def test_a_put_makes_or_changes_and_adds_its_lines_again(hands: Hands) -> None:
    assert hands.send("PUT", "creditMemo/7", hands.memo("5")).status_code == 400
    hands.change("creditMemo/eid:re_1", hands.memo("5"), "PUT")
    assert hands.get("creditMemo/eid:re_1")["total"] == 5
    hands.change("creditMemo/eid:re_1", hands.memo("5"), "PUT")
    assert hands.get("creditMemo/eid:re_1")["total"] == 10
    hands.change("creditMemo/eid:re_1?replace=item", hands.memo("5"), "PUT")
    assert hands.get("creditMemo/eid:re_1")["total"] == 5
    seed.invoice(hands.account, "Ada", "1", externalId="in_1")
    assert "already exists" in hands.refused("PUT", "creditMemo/eid:in_1", hands.memo("5"))["detail"]


# ---------------------------------------------------------------------------------------------- numbers


def test_a_number_is_kept_counted_or_replaced(hands: Hands) -> None:
    memos = [hands.create("creditMemo", hands.memo("5", tranId="100-1")) for _ in range(2)]
    assert [hands.get(f"creditMemo/{one}")["tranId"] for one in memos] == ["100-1", "100-1"]
    counted = hands.get(f"creditMemo/{hands.create('creditMemo', hands.memo('5'))}")
    assert counted["tranId"] == "CM101" and counted["transactionNumber"] == "CM-3"
    hands.account.moods.replaces_numbers = frozenset({"creditMemo"})
    replaced = hands.create("creditMemo", hands.memo("5", tranId="100-2"))
    assert hands.get(f"creditMemo/{replaced}")["tranId"] == "CM102"
    refund = hands.create("customerRefund", hands.refund(replaced, tranId="100-2"))
    assert hands.get(f"customerRefund/{refund}")["tranId"] == "100-2"


# ---------------------------------------------------------------------------------------------- other records


def test_customers_have_an_entity_id_of_their_own(hands: Hands) -> None:
    one = hands.create("customer", {"companyName": "Cy", "subsidiary": {"id": "1"}, "comments": "dk1"})
    shown = hands.get(f"customer/{one}")
    assert (shown["entityId"], shown["altName"], shown["comments"]) == ("Cy", "Cy", "dk1")
    told = hands.refused("POST", "customer", {"companyName": "cy", "subsidiary": {"id": "1"}})
    assert "unique customer ID" in told["detail"]
    person = {"isPerson": True, "firstName": "Di", "lastName": "Dee", "subsidiary": {"id": "1"}}
    assert hands.get(f"customer/{hands.create('customer', person)}")["entityId"] == "Di Dee"
    assert hands.refused("POST", "customer", {"companyName": "Ed"})["o:errorPath"] == "subsidiary"
    assert hands.refused("POST", "customer", {"subsidiary": {"id": "1"}})["o:errorPath"] == "companyName"
    hands.account.moods.auto_entity_ids = True
    auto = hands.create("customer", {"companyName": "Cy", "entityId": "mine", "subsidiary": {"id": "1"}})
    assert hands.get(f"customer/{auto}")["entityId"] == "CUST1"


def test_lists_are_read_by_id(hands: Hands) -> None:
    account = hands.account
    shown = hands.get(f"account/{account.account_id_of(CLEARING)}")
    assert (shown["acctName"], shown["acctNumber"], shown["acctType"]) == (CLEARING, "1010", "Bank")
    item = hands.get(f"serviceSaleItem/{account.named('item', 'Services')['id']}")
    assert item["incomeAccount"]["refName"] == "Sales"
    widget = account.named("item", "Widget")["id"]
    assert hands.get(f"inventoryItem/{widget}")["quantityOnHand"] == 100
    assert hands.send("GET", f"serviceSaleItem/{widget}").status_code == 404
    assert hands.get("currency/1")["symbol"] == "USD"
    assert hands.get("subsidiary/1")["name"] == "Acme Inc"
    tax = account.named("salesTaxItem", "Sales Tax")
    assert hands.get(f"salesTaxItem/{tax['id']}")["taxType"]["id"] == tax["taxType"]


def test_leaving_says_what_went_wrong() -> None:
    with pytest.raises(AssertionError, match="creditNote"), FakeNetsuite(shop()) as fake:
        Hands(fake).send("GET", "creditNote/1")
    account = shop(Moods(one_world=False))
    with pytest.raises(AssertionError, match="debits and credits"), FakeNetsuite(account):
        account.ledger._balances["101", "1"] += 1
