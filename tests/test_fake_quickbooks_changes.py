"""The stand-in for QuickBooks Online: documents changed, voided and deleted, closed periods, and its lists."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from quickbooks_hands import CLEARING, INCOME, Hands, form, pay_line, payment, shop
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.wire import Json, loads

NOON = 1772798400.0  # 2026-03-06T12:00:00Z


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeQuickBooks(shop(clock=Clock(NOON))) as fake:
        yield Hands(fake)


def named(one: Json, **more: Any) -> Json:
    return {"Id": one["Id"], "SyncToken": one["SyncToken"], **more}


def test_sparse_update_keeps_and_full_update_forgets(hands: Hands) -> None:
    body = form("5", PrivateNote="ch_1", DocNumber="7", CustomerMemo={"value": "thanks"})
    first = hands.write("SalesReceipt", body)
    second = hands.write("SalesReceipt", named(first, sparse=True, PrivateNote="ch_2"))
    assert (second["PrivateNote"], second["DocNumber"], second["TotalAmt"]) == ("ch_2", "7", 5)
    assert (second["SyncToken"], second["sparse"]) == ("1", False)
    cleared = hands.write("SalesReceipt", named(second, sparse=True, PrivateNote=""))
    assert "PrivateNote" not in cleared
    third = hands.write("SalesReceipt", named(cleared, **form("6")))
    assert third["TotalAmt"] == 6 and "DocNumber" not in third and "CustomerMemo" not in third
    assert hands.code("SalesReceipt", named(third, CustomerRef={"value": "1"})) == "2020"
    assert hands.company.balance_of(INCOME) == -6


def test_a_stale_sync_token_is_5010(hands: Hands) -> None:
    first = hands.write("Invoice", form("5"))
    hands.write("Invoice", named(first, sparse=True, PrivateNote="mine"))
    assert hands.code("Invoice", named(first, sparse=True, PrivateNote="yours")) == "5010"
    assert hands.code("Invoice", named(first), operation="delete") == "5010"
    assert hands.code("Invoice", named(first), operation="void") == "5010"
    assert hands.code("Invoice", {"Id": first["Id"], "PrivateNote": "x"}) == "2020"
    assert hands.code("Invoice", form("5"), operation="update") == "2020"
    assert hands.again("Invoice", first)["PrivateNote"] == "mine"


@pytest.mark.parametrize("kind", ["Payment", "SalesReceipt"])
def test_void_by_update_empties_the_document_and_keeps_it(hands: Hands, kind: str) -> None:
    body = payment("5", PrivateNote="ch_1") if kind == "Payment" else form("5", PrivateNote="ch_1")
    one = hands.write(kind, body)
    how = {"operation": "update", "include": "void"}
    assert hands.code(kind, named(one), **how) == "2020"
    void = hands.write(kind, named(one, sparse=True), **how)
    assert (void["TotalAmt"], void["Line"], void["SyncToken"]) == (0, [], "1")
    assert void["PrivateNote"] == "Voided - ch_1"
    assert hands.totals() == {}


def test_what_cannot_be_voided_is_refused_or_silently_left(hands: Hands) -> None:
    into: Json = {"DepositToAccountRef": hands.account(CLEARING)}
    made = [
        ("RefundReceipt", hands.write("RefundReceipt", form("5", **into))),
        ("CreditMemo", hands.write("CreditMemo", form("5"))),
        ("Purchase", hands.pay_out("5")),
    ]
    before = hands.totals()
    for kind, one in made:
        for how in ({"operation": "void"}, {"operation": "update", "include": "void"}):
            assert hands.code(kind, named(one, sparse=True), **how) == "500"
    hands.company.moods.unsupported_void = "silent"
    for kind, one in made:
        assert hands.write(kind, named(one), operation="void") == one
    assert hands.totals() == before


def test_delete_takes_the_document_out_of_the_books(hands: Hands) -> None:
    for kind, one in (
        ("CreditMemo", hands.write("CreditMemo", form("5"))),
        ("Purchase", hands.pay_out("5")),
        ("Payment", hands.write("Payment", payment("5"))),
        ("Invoice", hands.write("Invoice", form("5"))),
    ):
        now = hands.again(kind, one)
        assert hands.write(kind, named(now), operation="delete")["status"] == "Deleted"
        assert hands.get(f"/{kind.lower()}/{one['Id']}").json()["Fault"]["Error"][0]["code"] == "610"
    assert hands.totals() == {}
    assert hands.code("Customer", named(hands.read("Customer", "1")), operation="delete") == "500"


def test_sparse_update_of_a_credit_memo_is_a_mood(hands: Hands) -> None:
    memo = hands.write("CreditMemo", form("5"))
    assert hands.code("CreditMemo", named(memo, sparse=True, PrivateNote="x")) == "500"
    hands.company.moods.sparse_credit_memo = "accepted"
    assert hands.write("CreditMemo", named(memo, sparse=True, PrivateNote="x"))["TotalAmt"] == 5


def test_a_closed_period_takes_nothing(hands: Hands) -> None:
    old = hands.write("Invoice", form("5"))
    hands.company.set_preference("AccountingInfoPrefs", BookCloseDate="2026-03-05")
    assert hands.code("Invoice", form("5")) == "6210"
    assert hands.code("Invoice", named(old, sparse=True, TxnDate="2026-03-06")) == "6210"
    assert hands.code("Invoice", named(old), operation="void") == "6210"
    assert hands.code("Invoice", named(old), operation="delete") == "6210"
    body = {**form("5"), "TxnDate": "2026-03-06"}
    new = hands.write("Invoice", body)
    assert hands.code("Invoice", named(new, sparse=True, TxnDate="2026-03-05")) == "6210"
    # A payment of an open day may settle what is in the closed period.
    hands.write("Payment", payment("5", pay_line("5", "Invoice", old)))


def test_preferences_and_company_are_read_and_changed(hands: Hands) -> None:
    prefs = loads(hands.get("/preferences").text)["Preferences"]
    assert prefs["SalesFormsPrefs"] == {"CustomTxnNumbers": True, "AutoApplyCredit": False}
    changed = named(prefs, sparse=True, SalesFormsPrefs={"CustomTxnNumbers": False})
    assert hands.write("Preferences", changed)["SalesFormsPrefs"]["AutoApplyCredit"] is False
    assert hands.write("Invoice", form("5"))["DocNumber"] == "1001"
    company = loads(hands.get(f"/companyinfo/{hands.company.realm}").text)["CompanyInfo"]
    assert company["Country"] == "US"


def test_a_journal_entry_balances_or_is_refused(hands: Hands) -> None:
    def line(amount: str, posting: str, account: str) -> Json:
        detail = {"PostingType": posting, "AccountRef": hands.account(account)}
        return {
            "Amount": Decimal(amount),
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": detail,
        }

    lines = [line("5", "Debit", "Checking"), line("5", "Credit", CLEARING)]
    hands.write("JournalEntry", {"Line": lines, "DocNumber": "J1"})
    assert hands.totals() == {"Checking": "5.00", CLEARING: "-5.00"}
    assert hands.code("JournalEntry", {"Line": [lines[0], line("4", "Credit", CLEARING)]}) == "6000"
    on_account = [lines[0], line("5", "Credit", "Accounts Receivable (A/R)")]
    assert hands.code("JournalEntry", {"Line": on_account}) == "6000"


def test_the_balance_of_an_account_is_told(hands: Hands) -> None:
    hands.paid_invoice("100")
    assert hands.read("Account", hands.company.account(CLEARING)["Id"])["CurrentBalance"] == 100
    assert hands.read("Account", hands.company.account(INCOME)["Id"])["CurrentBalance"] == 100


@pytest.mark.parametrize("address", ["/batch", "/vendor", "/invoice/1/pdf"])
def test_what_the_stand_in_does_not_know_it_says(hands: Hands, address: str) -> None:
    answer = hands.http.post(
        hands.fake.api(address), data=b"{}", headers={"Content-Type": "application/json"}, timeout=5
    )
    assert (answer.status_code, answer.json()["Fault"]["Error"][0]["code"]) == (400, "500")
