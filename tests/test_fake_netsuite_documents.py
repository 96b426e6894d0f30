"""The stand-in for NetSuite: each type of document, its lines, transformations, deletion, stock and deposits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from netsuite_hands import BANK, CLEARING, RECEIVABLES, SALES, TAX, Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop()) as fake:
        yield Hands(fake)


# ---------------------------------------------------------------------------------------------- what each moves


def test_each_type_moves_its_accounts(hands: Hands) -> None:
    account = hands.account
    moved: dict[str, dict[str, int]] = {}
    before: dict[str, int] = {}

    def note(what: str) -> None:
        nonlocal before
        after = account.trial_balance_minor()
        names = sorted({*before, *after})
        change = {name: after.get(name, 0) - before.get(name, 0) for name in names}
        moved[what], before = {name: amount for name, amount in change.items() if amount}, after

    invoice = seed.invoice(account, "Ada", "100")
    note("invoice")
    payment = seed.payment(account, "Ada", "110", on=invoice)
    note("customerPayment")
    sale = seed.cash_sale(account, "Ada", "10")
    note("cashSale")
    hands.create(f"cashSale/{sale['id']}/!transform/cashRefund", {})
    note("cashRefund")
    lone = seed.payment(account, "Ada", "20")
    note("lone payment")
    hands.create("customerRefund", hands.refund(lone))
    note("refund of a payment")
    hands.create(
        "journalEntry",
        {
            "line": {
                "items": [
                    {"account": hands.ref("account", "Stripe Fees"), "debit": Decimal("3.49")},
                    {"account": hands.ref("account", CLEARING), "credit": Decimal("3.49"), "memo": "fee"},
                ]
            }
        },
    )
    note("journalEntry")
    assert moved == {
        "invoice": {RECEIVABLES: 11000, SALES: -10000, TAX: -1000},
        "customerPayment": {CLEARING: 11000, RECEIVABLES: -11000},
        "cashSale": {CLEARING: 1100, SALES: -1000, TAX: -100},
        "cashRefund": {CLEARING: -1100, SALES: 1000, TAX: 100},
        "lone payment": {CLEARING: 2000, RECEIVABLES: -2000},
        "refund of a payment": {CLEARING: -2000, RECEIVABLES: 2000},
        "journalEntry": {"Stripe Fees": 349, CLEARING: -349},
    }
    assert hands.get(f"invoice/{invoice['id']}")["status"]["refName"] == "Paid In Full"
    assert hands.get(f"customerPayment/{payment['id']}")["applied"] == 110


def test_a_payment_without_an_account_goes_to_undeposited_funds(hands: Hands) -> None:
    payment = hands.create("customerPayment", {"customer": {"externalId": "cus_ada"}, "payment": 5})
    shown = hands.get(f"customerPayment/{payment}")
    assert shown["account"]["refName"] == "Undeposited Funds" and shown["status"]["id"] == "B"
    other = seed.payment(hands.account, "Ada", "5")
    assert hands.get(f"customerPayment/{other['id']}")["status"]["id"] == "C"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([(CLEARING, "5", None), ("Stripe Fees", "-4", None)], "must balance"),
        ([(RECEIVABLES, "5", None), (CLEARING, "-5", None)], "entity"),
        ([("Old Sales", "5", None), (CLEARING, "-5", None)], "Invalid Field Value"),
        ([], "at least two"),
    ],
)
def test_a_journal_must_balance_and_name_whom_receivables_are_of(
    hands: Hands, lines: list[tuple[str, str, None]], words: str
) -> None:
    rows = []
    for name, amount, _ in lines:
        side = "credit" if amount.startswith("-") else "debit"
        rows.append({"account": hands.ref("account", name), side: abs(Decimal(amount))})
    assert words in hands.refused("POST", "journalEntry", {"line": {"items": rows}})["detail"]


def test_a_journal_shows_its_lines(hands: Hands) -> None:
    made = seed.journal(hands.account, (RECEIVABLES, "5", "Ada"), (CLEARING, "-5", None), memo="re_9")
    shown = hands.whole(f"journalEntry/{made['id']}")
    assert shown["memo"] == "re_9"
    lines = [
        (one["line"], one["account"]["refName"], one.get("debit"), one.get("entity", {}).get("refName"))
        for one in shown["line"]["items"]
    ]
    assert lines == [(0, RECEIVABLES, 5, "Ada"), (1, CLEARING, 0, None)]


# ---------------------------------------------------------------------------------------------- lines


def test_lines_without_line_are_added_and_those_with_it_changed(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5", "7"))
    place = f"creditMemo/{memo}"
    hands.change(place, {"item": {"items": [hands.line("1")]}})
    assert [one["amount"] for one in hands.whole(place)["item"]["items"]] == [5, 7, 1]
    hands.change(place, {"item": {"items": [{"line": 2, "amount": 2}]}})
    assert [(one["line"], one["amount"]) for one in hands.whole(place)["item"]["items"]] == [
        (1, 5),
        (2, 2),
        (3, 1),
    ]
    hands.change(f"{place}?replace=item", {"item": {"items": [{"line": 3}, hands.line("4")]}})
    assert [(one["line"], one["amount"]) for one in hands.whole(place)["item"]["items"]] == [(3, 1), (4, 4)]
    assert hands.get(place)["total"] == 5
    assert hands.refused("PATCH", place, {"item": {"items": [{"line": 9, "amount": 2}]}})[
        "o:errorPath"
    ].endswith("line")
    assert hands.refused("PATCH", f"{place}?replace=lines", {})["o:errorCode"] == "INVALID_PARAMETER"


def test_an_amount_stands_before_quantity_and_rate(hands: Hands) -> None:
    lines = [
        {"item": {"id": "201"}, "quantity": 3, "rate": Decimal("1.10")},
        {"item": {"id": "201"}, "quantity": 3, "rate": Decimal("1.10"), "amount": Decimal("3.29")},
        {"item": {"id": "201"}, "amount": Decimal("2.00"), "description": "Said"},
    ]
    memo = hands.create("creditMemo", hands.memo(item={"items": lines}))
    shown = hands.whole(f"creditMemo/{memo}")["item"]["items"]
    assert [one["amount"] for one in shown] == [Decimal("3.30"), Decimal("3.29"), 2]
    assert shown[2]["quantity"] == 1 and shown[2]["description"] == "Said"


def test_an_amount_finer_than_the_currency_is_loud(hands: Hands) -> None:
    hands.refused("POST", "creditMemo", hands.memo("5.001"))
    hands.loud("decimal places")


def test_a_total_is_never_below_zero(hands: Hands) -> None:
    hands.create("creditMemo", hands.memo("5", "-5"))
    assert "negative" in hands.refused("POST", "creditMemo", hands.memo("5", "-6"))["detail"]


def test_a_document_keeps_customer_and_currency(hands: Hands) -> None:
    memo = hands.create("creditMemo", hands.memo("5"))
    for more in ({"entity": hands.ref("customer", "Bob O'Neil")},):
        assert "can not be changed" in hands.refused("PATCH", f"creditMemo/{memo}", more)["detail"]
    hands.change(
        f"creditMemo/{memo}", {"memo": "other", "entity": hands.ref("customer", "Ada"), "tranId": "9"}
    )
    assert (hands.get(f"creditMemo/{memo}")["memo"], hands.get(f"creditMemo/{memo}")["tranId"]) == (
        "other",
        "9",
    )


@pytest.mark.parametrize(
    "more",
    [
        {"toBeEmailed": True},
        {"handlingMode": {"id": "PROCESS"}, "paymentOption": {"id": "1"}},
        {"paymentOption": {"id": "1"}},
        {"handlingMode": "MIMIC"},
    ],
)
def test_a_document_that_would_be_sent_or_would_move_money_is_loud(
    hands: Hands, more: dict[str, Any]
) -> None:
    body = {"customer": {"externalId": "cus_ada"}, "payment": 5, "toBeEmailed": False}
    hands.refused("POST", "customerPayment", {**body, **more})
    hands.loud("would")
    hands.create(
        "customerPayment", {**body, "handlingMode": {"id": "SAVE_ONLY"}, "paymentOption": {"id": "1"}}
    )


# ---------------------------------------------------------------------------------------------- transformations


def test_a_memo_made_of_an_open_invoice_is_set_against_it(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "60", "40")
    memo = hands.create(f"invoice/{invoice['id']}/!transform/creditMemo", {"memo": "re_1"})
    shown = hands.whole(f"creditMemo/{memo}")
    assert shown["createdFrom"]["id"] == invoice["id"] and shown["total"] == 110
    assert [(one["doc"]["id"], one["amount"]) for one in shown["apply"]["items"]] == [(invoice["id"], 110)]
    assert hands.get(f"invoice/{invoice['id']}")["amountRemaining"] == 0


def test_a_memo_made_of_a_part_replaces_the_lines(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "60", "40")
    seed.payment(hands.account, "Ada", "110", on=invoice)
    body = {"taxDetailsOverride": True, "item": {"items": [hands.line("5")]}}
    memo = hands.create(f"invoice/{invoice['id']}/!transform/creditmemo?replace=item", body)
    shown = hands.whole(f"creditMemo/{memo}")
    assert (shown["total"], shown["status"]["id"]) == (5, "A")
    # A paid invoice is on no list.
    assert shown["apply"]["items"] == []
    twice = hands.create(f"invoice/{invoice['id']}/!transform/creditmemo", body)
    assert hands.get(f"creditMemo/{twice}")["total"] == 105


def test_a_cash_refund_is_made_of_its_sale(hands: Hands) -> None:
    sale = seed.cash_sale(hands.account, "Ada", "60", number="S1")
    body = {"externalId": "dk1", "item": {"items": [hands.line("5")]}, "taxDetailsOverride": True}
    made = hands.create(f"cashSale/{sale['id']}/!transform/cashRefund?replace=item", body)
    shown = hands.get(f"cashRefund/{made}")
    assert (shown["total"], shown["createdFrom"]["id"]) == (5, sale["id"])
    assert shown["account"]["refName"] == CLEARING and "apply" not in shown
    assert hands.account.balance_of(CLEARING) == 61
    lines = hands.ask(
        f"SELECT createdfrom FROM transactionline WHERE transaction = {made} AND mainline = 'T'"
    )
    assert lines == [{"createdfrom": sale["id"]}]
    alone = {
        "entity": hands.ref("customer", "Ada"),
        "createdFrom": {"id": sale["id"]},
        **body,
        "externalId": "dk2",
    }
    assert "createdFrom" in hands.get(f"cashRefund/{hands.create('cashRefund', alone)}")
    hands.account.moods.keeps_created_from = False
    alone["externalId"] = "dk3"
    assert "createdFrom" not in hands.get(f"cashRefund/{hands.create('cashRefund', alone)}")


@pytest.mark.parametrize("source", ["creditMemo", "customerPayment", "customerDeposit"])
def test_a_customer_refund_is_made_of_what_is_owed(hands: Hands, source: str) -> None:
    makers: dict[str, Callable[..., Json]] = {
        "creditMemo": seed.memo,
        "customerPayment": seed.payment,
        "customerDeposit": seed.deposit,
    }
    one = makers[source](hands.account, "Ada", "100")
    body = {"account": hands.ref("account", CLEARING), "externalId": "dk1"}
    hands.create(f"{source}/{one['id']}/!transform/customerRefund", body)
    shown = hands.whole("customerRefund/eid:dk1")
    assert shown["total"] == (110 if source == "creditMemo" else 100)
    assert hands.account.balance_of(RECEIVABLES) == 0
    again = hands.refused(
        "POST", f"{source}/{one['id']}/!transform/customerRefund", {**body, "externalId": "dk2"}
    )
    assert again["o:errorCode"] == "USER_ERROR"


@pytest.mark.parametrize(("source", "target"), [("customerRefund", "creditMemo"), ("invoice", "cashRefund")])
def test_other_transformations_are_refused(hands: Hands, source: str, target: str) -> None:
    invoice = seed.invoice(hands.account, "Ada", "5")
    lone = seed.payment(hands.account, "Ada", "5")
    one = invoice if source == "invoice" else seed.refund(hands.account, "Ada", lone)
    told = hands.refused("POST", f"{source}/{one['id']}/!transform/{target}", {})
    assert "not supported" in told["detail"]


def test_a_customer_is_made_into_a_payment_and_an_invoice_into_one_too(hands: Hands) -> None:
    ada = hands.account.named("customer", "Ada")["id"]
    lone = hands.create(f"customer/{ada}/!transform/customerPayment", {"payment": 5})
    assert hands.get(f"customerPayment/{lone}")["unapplied"] == 5
    invoice = seed.invoice(hands.account, "Ada", "5")
    payment = hands.create(f"invoice/{invoice['id']}/!transform/customerPayment", {})
    assert hands.get(f"customerPayment/{payment}")["payment"] == Decimal("5.50")


# ---------------------------------------------------------------------------------------------- deletion


def test_what_is_applied_can_not_be_deleted(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")
    payment = seed.payment(hands.account, "Ada", "110", on=invoice)
    memo = seed.memo(hands.account, "Ada", "10")
    refund = hands.create("customerRefund", hands.refund(memo))
    for place in (f"invoice/{invoice['id']}", f"customerPayment/{payment['id']}", f"creditMemo/{memo['id']}"):
        assert "applied" in hands.refused("DELETE", place)["detail"]
    hands.change(f"customerRefund/{refund}", {}, "DELETE")
    assert hands.get(f"creditMemo/{memo['id']}")["status"]["id"] == "A"
    hands.change(f"creditMemo/{memo['id']}", {}, "DELETE")
    assert hands.account.trial_balance_minor() == {CLEARING: 11000, SALES: -10000, TAX: -1000}
    assert hands.ask("SELECT id FROM transaction WHERE type = 'CustCred'") == []


def test_what_others_were_made_from_can_not_be_deleted(hands: Hands) -> None:
    sale = seed.cash_sale(hands.account, "Ada", "60")
    refund = hands.create(f"cashSale/{sale['id']}/!transform/cashRefund", {})
    assert "child records" in hands.refused("DELETE", f"cashSale/{sale['id']}")["detail"]
    hands.change(f"cashRefund/{refund}", {}, "DELETE")
    hands.change(f"cashSale/{sale['id']}", {}, "DELETE")
    assert hands.account.trial_balance() == {}


# ---------------------------------------------------------------------------------------------- stock


def test_goods_go_out_and_come_back_at_cost(hands: Hands) -> None:
    account = hands.account
    widget = seed.line(account, "30", "Widget", quantity=3)
    sale = seed.cash_sale(account, "Ada", widget)
    assert account.on_hand("Widget") == 97 and account.balance_of("Cost of Goods Sold") == 12
    body = {"item": {"items": [hands.line("10", "Widget", quantity=1)]}}
    refund = hands.create(f"cashSale/{sale['id']}/!transform/cashRefund?replace=item", body)
    assert account.on_hand("Widget") == 98 and account.balance_of("Inventory Asset") == -8
    not_back = {"item": {"items": [hands.line("10", "Widget (not restocked)")]}}
    hands.create(f"cashSale/{sale['id']}/!transform/cashRefund?replace=item", not_back)
    assert account.on_hand("Widget") == 98
    hands.change(f"cashRefund/{refund}?replace=item", {"item": {"items": [{"line": 1, "quantity": 2}]}})
    assert account.on_hand("Widget") == 99
    hands.change(f"cashRefund/{refund}", {}, "DELETE")
    assert account.on_hand("Widget") == 97
    no_quantity = {"item": {"items": [hands.line("10", "Widget")]}}
    told = hands.refused("POST", f"cashSale/{sale['id']}/!transform/cashRefund?replace=item", no_quantity)
    assert told["o:errorPath"].endswith("quantity")


# ---------------------------------------------------------------------------------------------- deposits


def test_a_refund_of_a_deposit_shows_as_an_application(hands: Hands) -> None:
    deposit = seed.deposit(hands.account, "Ada", "50")
    assert hands.account.balance_of("Customer Deposits") == -50
    body = hands.refund(externalId="dk1", memo="re_1")
    body["deposit"] = {"items": [{"doc": {"id": deposit["id"]}, "apply": True, "amount": Decimal("20")}]}
    refund = hands.create("customerRefund", body)
    shown = hands.whole(f"customerRefund/{refund}")
    assert shown["deposit"]["items"] == [] and shown["total"] == 20
    (row,) = shown["apply"]["items"]
    assert (row["type"], row["amount"]) == ("Deposit Application", 20)
    application = hands.get(f"depositApplication/{row['doc']['id']}")
    assert application["deposit"]["id"] == deposit["id"]
    assert hands.account.balance_of("Customer Deposits") == -30
    assert hands.account.balance_of(CLEARING) == 30
    row = {"doc": {"id": deposit["id"]}, "apply": True, "amount": Decimal("40")}
    over = hands.refused("POST", "customerRefund", {**hands.refund(), "deposit": {"items": [row]}})
    assert "exceeds" in over["detail"]
    told = hands.refused("PATCH", f"customerRefund/{refund}", {"deposit": {"items": [row]}})
    assert "can not be changed" in told["detail"]
    assert "applied" in hands.refused("DELETE", f"customerDeposit/{deposit['id']}")["detail"]


def test_a_deposit_pays_an_invoice(hands: Hands) -> None:
    deposit = seed.deposit(hands.account, "Ada", "50")
    invoice = seed.invoice(hands.account, "Ada", "100")
    made = seed.apply_deposit(hands.account, deposit, invoice, "50")
    assert hands.get(f"invoice/{invoice['id']}")["amountRemaining"] == 60
    assert hands.get(f"depositApplication/{made['id']}")["applied"] == 50
    query = "SELECT foreignpaymentamountunused AS rest FROM transaction WHERE type = 'CustDep'"
    assert hands.ask(query) == [{"rest": "0"}]
    seed.unapply(hands.account, made, invoice)
    seed.delete(hands.account, made)
    assert hands.ask(query) == [{"rest": "50"}]
    seed.apply_deposit(hands.account, deposit, invoice, "50")
    assert hands.account.trial_balance_minor() == {
        CLEARING: 5000,
        RECEIVABLES: 6000,
        SALES: -10000,
        TAX: -1000,
    }


def test_a_bank_account_is_none_that_a_refund_could_not_be_paid_from(hands: Hands) -> None:
    memo = seed.memo(hands.account, "Ada", "5")
    for name in (SALES, RECEIVABLES):
        body = hands.refund(memo, account=hands.ref("account", name))
        assert hands.refused("POST", "customerRefund", body)["o:errorPath"] == "account"
    body = hands.refund(memo)
    del body["account"]
    assert "account" in hands.refused("POST", "customerRefund", body)["detail"]
    hands.create("customerRefund", hands.refund(memo, account=hands.ref("account", BANK)))


def test_a_refund_that_stands_twice_is_found(hands: Hands) -> None:
    first = hands.create("creditMemo", hands.memo("5", memo="dk1 re_1 ch_1"))
    hands.create("customerRefund", hands.refund(first, memo="dk2 re_1 ch_1"))
    assert hands.account.twice() == {}
    second = hands.create("creditMemo", hands.memo("5", memo="dk3 re_1 ch_1"))
    assert hands.account.twice() == {("creditMemo", "re_1"): [first, second]}
    seed.delete(hands.account, {"id": second})
    assert hands.account.twice() == {}
