"""The stand-in for NetSuite: SuiteTax and its override, legacy tax, no tax, and what the metadata catalog says of each."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import SALES, TAX, Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


def row(hands: Hands, reference: str, amount: str, basis: str = "50", rate: str = "10") -> Json:
    tax = hands.account.named("salesTaxItem", "Sales Tax")
    return {
        "taxDetailsReference": reference,
        "taxType": {"id": tax["taxType"]},
        "taxCode": {"id": tax["id"]},
        "taxBasis": Decimal(basis),
        "taxRate": Decimal(rate),
        "taxAmount": Decimal(amount),
    }


def overridden(hands: Hands, *rows: Json) -> Json:
    """A memo of two lines, a and b, with its tax by hand."""
    lines = [hands.line("50", taxDetailsReference="a"), hands.line("25", taxDetailsReference="b")]
    return hands.memo(item={"items": lines}, taxDetails={"items": list(rows)})


def test_suitetax_reckons_by_itself(hands: Hands) -> None:
    body = hands.memo(item={"items": [hands.line("10.05"), hands.line("5", "Untaxed Service")]})
    del body["taxDetailsOverride"]
    shown = hands.whole(f"creditMemo/{hands.create('creditMemo', body)}")
    assert (shown["subtotal"], shown["taxTotal"], shown["total"]) == (
        Decimal("15.05"),
        Decimal("1.01"),
        Decimal("16.06"),
    )
    (tax,) = shown["taxDetails"]["items"]
    assert (tax["taxRate"], tax["taxBasis"], tax["taxAmount"]) == (10, Decimal("10.05"), Decimal("1.01"))
    line = shown["item"]["items"][0]
    assert tax["taxDetailsReference"] == line["taxDetailsReference"] and line["grossAmt"] == Decimal("11.06")


def test_an_override_is_taken_as_it_is_given(hands: Hands) -> None:
    made = hands.create(
        "creditMemo", overridden(hands, row(hands, "a", "5.01"), row(hands, "b", "0.99", "25"))
    )
    shown = hands.whole(f"creditMemo/{made}")
    assert (shown["total"], shown["taxTotal"], shown["taxDetailsOverride"]) == (81, 6, True)
    assert hands.account.trial_balance_minor() == {"Accounts Receivable": -8100, SALES: 7500, TAX: 600}
    hands.change(f"creditMemo/{made}", {"memo": "said later"})
    assert hands.get(f"creditMemo/{made}")["total"] == 81
    rows = hands.ask(
        f"SELECT line, taxrate, taxamount FROM transactiontaxdetail WHERE transaction = {made} ORDER BY line"
    )
    assert rows == [
        {"line": "1", "taxrate": "0.1", "taxamount": "5.01"},
        {"line": "2", "taxrate": "0.1", "taxamount": "0.99"},
    ]


def test_an_override_without_details_has_no_tax(hands: Hands) -> None:
    assert hands.get(f"creditMemo/{hands.create('creditMemo', hands.memo('5'))}")["taxTotal"] == 0


def test_details_without_the_override_are_reckoned_anew(hands: Hands) -> None:
    body = {**overridden(hands, row(hands, "a", "1.00")), "taxDetailsOverride": False}
    assert hands.get(f"creditMemo/{hands.create('creditMemo', body)}")["total"] == Decimal("82.50")


def test_the_account_may_not_let_tax_be_overridden(hands: Hands) -> None:
    hands.account.moods.ignores_override = True
    made = hands.create("creditMemo", overridden(hands, row(hands, "a", "1.00")))
    assert hands.get(f"creditMemo/{made}")["total"] == Decimal("82.50")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"taxDetailsReference": "c"}, "taxDetails.items[0].taxDetailsReference"),
        ({"taxCode": {"id": "9"}}, "taxDetails.items[0].taxCode"),
        ({"taxType": None}, "taxDetails.items[0].taxType"),
        ({"taxAmount": "5"}, "taxDetails.items[0].taxAmount"),
        ({"taxRate": None}, "taxDetails.items[0].taxRate"),
    ],
)
def test_a_row_of_tax_must_be_whole_and_match_a_line(
    hands: Hands, change: dict[str, Any], where: str
) -> None:
    body = overridden(hands, {**row(hands, "a", "5"), **change})
    told = hands.refused("POST", "creditMemo", body)
    assert where in (told["o:errorPath"], told["detail"].rsplit(": ", 1)[-1])


def test_a_gross_amount_is_ignored_or_works_out_the_amount(hands: Hands) -> None:
    line = {"item": hands.ref("item", "Services"), "amount": 5, "grossAmt": 11}
    made = hands.create("creditMemo", hands.memo(item={"items": [line]}, taxDetailsOverride=False))
    assert hands.get(f"creditMemo/{made}")["total"] == Decimal("5.50")
    hands.account.moods.gross_amount = True
    del line["amount"]
    made = hands.create("creditMemo", hands.memo(item={"items": [line]}, taxDetailsOverride=False))
    assert hands.get(f"creditMemo/{made}")["total"] == 11


def test_a_transformation_takes_over_an_override(hands: Hands) -> None:
    line = hands.line("50", taxDetailsReference="a")
    body = {"entity": hands.ref("customer", "Ada"), "item": {"items": [line]}, "taxDetailsOverride": True}
    sale = hands.create("cashSale", {**body, "taxDetails": {"items": [row(hands, "a", "3.33")]}})
    refund = hands.create(f"cashSale/{sale}/!transform/cashRefund", {})
    assert hands.get(f"cashRefund/{refund}")["total"] == Decimal("53.33")
    part = {"taxDetailsOverride": True, "taxDetails": {"items": [row(hands, "b", "0.33")]}}
    part["item"] = {"items": [hands.line("5", taxDetailsReference="b")]}
    refund = hands.create(f"cashSale/{sale}/!transform/cashRefund?replace=item", part)
    assert hands.get(f"cashRefund/{refund}")["total"] == Decimal("5.33")


def test_rest_does_not_speak_legacy_tax(hands: Hands) -> None:
    hands.account.moods.tax = "legacy"
    by_hand = seed.invoice(hands.account, "Ada", "100")
    assert hands.get(f"invoice/{by_hand['id']}")["total"] == 110
    lines = hands.ask(
        f"SELECT taxline, foreignamount FROM transactionline WHERE transaction = {by_hand['id']} ORDER BY id"
    )
    assert lines[2] == {"taxline": "T", "foreignamount": "-10"}
    assert "transactiontaxdetail" in hands.unasked("SELECT * FROM transactiontaxdetail")
    memo = hands.memo("5")
    assert hands.get(f"creditMemo/{hands.create('creditMemo', memo)}")["total"] == 5
    taxed = {**memo, "item": {"items": [hands.line("5", isTaxable=True)]}}
    assert "legacy tax" in hands.refused("POST", "creditMemo", taxed)["detail"]
    for more in ({"taxItem": {"id": "51"}}, {"taxRate": 10}):
        assert "legacy tax" in hands.refused("POST", "creditMemo", {**memo, **more})["detail"]
    for name in ("taxDetailsOverride", "taxDetails"):
        assert hands.refused("POST", "creditMemo", {**memo, name: True})["o:errorPath"] == name
    hands.change(f"invoice/{by_hand['id']}", {"memo": "x"})
    assert hands.get(f"invoice/{by_hand['id']}")["total"] == 110


def test_legacy_tax_may_come_by_itself(hands: Hands) -> None:
    hands.account.moods.tax, hands.account.moods.legacy_adds_tax = "legacy", True
    assert hands.get(f"creditMemo/{hands.create('creditMemo', hands.memo('5'))}")["total"] == Decimal("5.50")


def test_an_account_may_know_no_tax(hands: Hands) -> None:
    hands.account.moods.tax = "none"
    invoice = seed.invoice(hands.account, "Ada", "100")
    shown = hands.whole(f"invoice/{invoice['id']}")
    assert shown["total"] == 100
    assert not {"taxTotal", "taxDetails", "taxDetailsOverride", "totalAfterTaxes"} & set(shown)


# ---------------------------------------------------------------------------------------------- metadata


def properties(hands: Hands, record_type: str) -> Json:
    answer = hands.send(
        "GET", f"/services/rest/record/v1/metadata-catalog/{record_type}", Accept="application/schema+json"
    )
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/schema+json"
    found: Json = answer.json()["properties"]
    return found


def test_the_catalog_says_which_tax_there_is(hands: Hands) -> None:
    shown = properties(hands, "creditmemo")
    assert shown["taxDetailsOverride"]["type"] == "boolean" and "taxItem" not in shown
    assert "taxAmount" in shown["taxDetails"]["properties"]["items"]["items"]["properties"]
    lines = shown["item"]["properties"]["items"]["items"]["properties"]
    assert "taxDetailsReference" in lines and "isTaxable" not in lines
    hands.account.moods.tax = "legacy"
    shown = properties(hands, "creditMemo")
    assert "taxItem" in shown and not {"taxDetails", "taxDetailsOverride"} & set(shown)
    assert "isTaxable" in shown["item"]["properties"]["items"]["items"]["properties"]
    hands.account.moods.tax = "none"
    assert not {"taxItem", "taxDetails"} & set(properties(hands, "creditMemo"))


def test_the_catalog_says_what_features_there_are(hands: Hands) -> None:
    hands.account.custom_fields["custbody_key"] = "text"
    shown = properties(hands, "customerRefund")
    assert {"paymentOption", "handlingMode", "subsidiary", "custbody_key", "apply"} <= set(shown)
    assert shown["handlingMode"]["properties"]["id"]["enum"] == ["MIMIC", "PROCESS", "SAVE_ONLY"]
    assert not {"paymentMethod", "entity", "undepFunds"} & set(shown)
    assert "autoApply" in properties(hands, "creditMemo")
    moods = hands.account.moods
    moods.payment_instruments = moods.one_world = moods.auto_apply_field = False
    shown = properties(hands, "customerRefund")
    assert "paymentMethod" in shown and not {"paymentOption", "handlingMode", "subsidiary"} & set(shown)
    assert "autoApply" not in properties(hands, "creditMemo")
    memo = seed.memo(hands.account, "Ada", "5")
    body = hands.refund(memo, paymentMethod=hands.ref("paymentMethod", "Stripe"))
    made = hands.create("customerRefund", body)
    assert hands.get(f"customerRefund/{made}")["paymentMethod"]["refName"] == "Stripe"


def test_the_catalog_lists_types_and_may_be_closed(hands: Hands) -> None:
    names = [one["name"] for one in hands.get("/services/rest/record/v1/metadata-catalog")["items"]]
    assert {"creditMemo", "customerRefund", "inventoryItem"} <= set(names)
    hands.refused("GET", "/services/rest/record/v1/metadata-catalog/nothing", status=404)
    hands.account.role_lacks.add("read:creditMemo")
    told = hands.refused("GET", "/services/rest/record/v1/metadata-catalog/creditMemo", status=403)
    assert told["o:errorCode"] == "INSUFFICIENT_PERMISSION"
