"""The stand-in for QuickBooks Online: DocNumbers, request ids, and what a repeated request does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from quickbooks_hands import CLEARING, Hands, form, item_line, payment, shop
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.wire import Json


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeQuickBooks(shop()) as fake:
        yield Hands(fake)


def receipt(hands: Hands, number: str, amount: str = "5") -> Json:
    return form(amount, DocNumber=number, DepositToAccountRef=hands.account(CLEARING))


def test_twenty_one_characters_fit_and_twenty_two_do_not(hands: Hands) -> None:
    assert hands.write("Invoice", form("5", DocNumber="1" * 21))["DocNumber"] == "1" * 21
    code, detail = hands.refusal("Invoice", form("5", DocNumber="2" * 22))
    assert code == "2050" and "Max=21" in detail


def test_a_used_number_is_6140_and_names_its_holder(hands: Hands) -> None:
    sale = hands.write("SalesReceipt", receipt(hands, "100"))
    answer = hands.post("SalesReceipt", receipt(hands, "100"))
    fault = answer.json()["Fault"]
    assert (answer.status_code, fault["type"]) == (400, "ValidationFault")
    assert fault["Error"][0]["code"] == "6140"
    assert fault["Error"][0]["Message"] == "Duplicate Document Number Error"
    detail = fault["Error"][0]["Detail"]
    assert f"DocNumber=100 is assigned to TxnType=Sales Receipt with TxnId={sale['Id']}" in detail
    assert len(hands.company.documents("SalesReceipt")) == 1


def test_the_error_is_localised(hands: Hands) -> None:
    hands.company.moods.language = "fr"
    sale = hands.write("Invoice", form("5", DocNumber="100"))
    code, detail = hands.refusal("Invoice", form("5", DocNumber="100"))
    assert code == "6140" and "TxnType=Facture" in detail
    found = re.search(r"TxnId=(\d+)", detail)
    assert found and found[1] == sale["Id"]


def test_scopes_of_a_number(hands: Hands) -> None:
    hands.write("SalesReceipt", receipt(hands, "100"))
    assert hands.code("RefundReceipt", receipt(hands, "100")) == "6140"
    hands.company.moods.duplicates = "per_type"
    hands.write("RefundReceipt", receipt(hands, "100"))
    assert hands.code("RefundReceipt", receipt(hands, "100")) == "6140"
    hands.company.moods.duplicates = "off"
    hands.write("RefundReceipt", receipt(hands, "100"))


def test_a_duplicate_may_be_asked_for(hands: Hands) -> None:
    hands.write("Invoice", form("5", DocNumber="100"))
    hands.write("Invoice", form("5", DocNumber="100"), include="allowduplicatedocnum")
    assert len(hands.query("select * from Invoice where DocNumber = '100'")["Invoice"]) == 2


def test_custom_numbers_off_counts_by_itself_and_promises_nothing(hands: Hands) -> None:
    assert "DocNumber" not in hands.write("Invoice", form("5"))
    hands.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=False)
    assert hands.write("Invoice", form("5"))["DocNumber"] == "1001"
    assert hands.write("CreditMemo", form("5"))["DocNumber"] == "1002"
    for _ in range(2):
        assert hands.write("Invoice", form("5", DocNumber="100"))["DocNumber"] == "100"
    hands.company.moods.duplicates_need_custom_numbers = False
    assert hands.code("Invoice", form("5", DocNumber="100")) == "6140"


def test_a_number_can_be_asked_for(hands: Hands) -> None:
    assert hands.write("Invoice", form("5", DocNumber="AUTO_GENERATE"))["DocNumber"] == "1001"
    assert hands.write("SalesReceipt", form("5", AutoDocNumber=True))["DocNumber"] == "1002"


def test_numbers_of_purchases_are_their_own(hands: Hands) -> None:
    hands.write("Invoice", form("5", DocNumber="100"))
    hands.pay_out("5", DocNumber="100")
    with pytest.raises(AssertionError, match="6140"):
        hands.pay_out("5", DocNumber="100")
    for _ in range(2):
        hands.pay_out("5", DocNumber="C1", PaymentType="Check")
    pairs = [{"Name": "VendorAndPurchasesPrefs.WarnDuplicateCheckNumber", "Value": "true"}]
    hands.company.set_preference("OtherPrefs", NameValue=pairs)
    with pytest.raises(AssertionError, match="6140"):
        hands.pay_out("5", DocNumber="C1", PaymentType="Check")


def test_a_payment_has_no_number(hands: Hands) -> None:
    assert "DocNumber" not in hands.write("Payment", payment("5", DocNumber="100", PaymentRefNum="py_1"))


def test_a_deleted_document_gives_its_number_back_and_a_void_keeps_it(hands: Hands) -> None:
    first = hands.write("Invoice", form("5", DocNumber="100"))
    void = hands.write("Invoice", {"Id": first["Id"], "SyncToken": "0"}, operation="void")
    assert hands.code("Invoice", form("5", DocNumber="100")) == "6140"
    hands.write("Invoice", {"Id": void["Id"], "SyncToken": "1"}, operation="delete")
    hands.write("Invoice", form("5", DocNumber="100"))


def test_an_update_may_keep_its_number_and_not_take_anothers(hands: Hands) -> None:
    hands.write("Invoice", form("5", DocNumber="100"))
    other = hands.write("Invoice", form("5", DocNumber="101"))
    named = {"Id": other["Id"], "SyncToken": "0", "sparse": True}
    assert hands.code("Invoice", {**named, "DocNumber": "100"}) == "6140"
    hands.write("Invoice", {**named, "DocNumber": "101"})


# ---------------------------------------------------------------------------------------------- request ids


def test_a_repeated_request_id_gets_the_first_answer_whatever_it_says(hands: Hands) -> None:
    first = hands.post("Invoice", form("5"), requestid="r-1")
    again = hands.post("Invoice", form("7"), requestid="r-1")
    assert again.text == first.text
    assert [one["TotalAmt"] for one in hands.company.documents("Invoice")] == [5]


def test_a_repeated_request_id_is_600_or_not_looked_at(hands: Hands) -> None:
    hands.company.moods.request_id = "refuse"
    hands.write("Invoice", form("5"), requestid="r-1")
    assert hands.code("Invoice", form("5"), requestid="r-1") == "600"
    hands.company.moods.request_id = "ignore"
    hands.write("Invoice", form("5"), requestid="r-1")
    assert len(hands.company.documents("Invoice")) == 2


def test_a_refusal_is_remembered_only_in_its_mood(hands: Hands) -> None:
    wrong = form(Line=[item_line("5", "99")])
    assert hands.code("Invoice", wrong, requestid="r-1") == "2500"
    hands.write("Invoice", form("5"), requestid="r-1")
    hands.company.moods.request_id_keeps_refusals = True
    assert hands.code("Invoice", wrong, requestid="r-2") == "2500"
    assert hands.code("Invoice", form("5"), requestid="r-2") == "2500"


def test_a_request_id_has_fifty_characters_at_most(hands: Hands) -> None:
    hands.write("Invoice", form("5"), requestid="r" * 50)
    assert hands.code("Invoice", form("5"), requestid="r" * 51) == "2050"


def test_a_lost_answer_is_replayed(hands: Hands) -> None:
    hands.fake.inject("lost_after", "/invoice")
    with pytest.raises(OSError):
        hands.post("Invoice", form("5"), requestid="r-1")
    made = hands.write("Invoice", form("5"), requestid="r-1")
    assert [one["Id"] for one in hands.company.documents("Invoice")] == [made["Id"]]
