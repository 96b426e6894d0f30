"""The stand-in for Xero: invoices and credit notes, their numbers, lines and tax."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from vendors.xero import FakeXero
from vendors.xero.wire import Json
from xero_hands import RECEIVABLES, SALES, TAX, Hands, credit, form, line, path_of, shop, spend, void


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


# ---------------------------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("kind", "make", "field", "words"),
    [
        ("Invoices", form, "InvoiceNumber", "Invoice # must be unique."),
        ("CreditNotes", credit, "CreditNoteNumber", "Credit Note # must be unique."),
    ],
)
def test_a_number_is_given_once_and_stays_taken_when_voided(
    hands: Hands, kind: str, make: Any, field: str, words: str
) -> None:
    made = hands.write(kind, make("5", **{field: "100a"}))
    for number in ("100a", "100A"):
        assert hands.refusal(kind, make("5", **{field: number})) == words
    void(hands, made, kind)
    assert hands.refusal(kind, make("5", **{field: "100a"})) == words
    hands.organisation.moods.duplicate_numbers = "exact"
    hands.write(kind, make("5", **{field: "100A"}))
    assert hands.read(f"{kind}/100a")["Status"] == "VOIDED"


def test_a_credit_note_may_have_the_number_of_an_invoice(hands: Hands) -> None:
    hands.write("Invoices", form("5", InvoiceNumber="100"))
    hands.write("CreditNotes", credit("5", CreditNoteNumber="100"))
    assert hands.read("CreditNotes/100")["Type"] == "ACCRECCREDIT"
    assert hands.read("Invoices/100")["Type"] == "ACCREC"


def test_the_number_of_a_deleted_draft_is_free_unless_the_mood_says_no(hands: Hands) -> None:
    for free in (True, False):
        hands.organisation.moods.deleted_numbers_are_free = free
        number = f"draft-{free}"
        draft = hands.write("CreditNotes", credit("5", Status="DRAFT", CreditNoteNumber=number))
        hands.write(path_of(draft, "CreditNotes"), {"Status": "DELETED"}, "POST")
        assert hands.get(f"CreditNotes/{number}").status_code == 404
        answer = hands.put("CreditNotes", credit("5", CreditNoteNumber=number))
        assert answer.status_code == (200 if free else 400)


def test_without_a_number_the_next_free_one_is_taken(hands: Hands) -> None:
    hands.write("CreditNotes", credit("5", CreditNoteNumber="CN-0001"))
    assert hands.write("CreditNotes", credit("5"))["CreditNoteNumber"] == "CN-0002"
    assert hands.write("Invoices", form("5"))["InvoiceNumber"] == "INV-0001"


@pytest.mark.parametrize(("kind", "make"), [("Invoices", form), ("CreditNotes", credit)])
def test_a_post_overwrites_what_has_the_number(hands: Hands, kind: str, make: Any) -> None:
    field = f"{kind[:-1]}Number"
    first = hands.write(kind, make("5", **{field: "100"}))
    second = hands.write(kind, make("7", **{field: "100"}), "POST")
    assert path_of(second, kind) == path_of(first, kind)
    assert hands.read(f"{kind}/100")["Total"] == 7
    assert hands.read(f"{kind}/100")["LineItems"][0]["LineItemID"] != first["LineItems"][0]["LineItemID"]


# ---------------------------------------------------------------------------------------------- lines and tax


def test_tax_is_rounded_on_each_line_and_then_summed(hands: Hands) -> None:
    lines = [line("0.33", TaxType="TAX001")] * 3
    made = hands.write("Invoices", form(LineItems=lines))
    assert [one["TaxAmount"] for one in made["LineItems"]] == [Decimal("0.03")] * 3
    assert (made["SubTotal"], made["TotalTax"], made["Total"]) == (
        Decimal("0.99"),
        Decimal("0.09"),
        Decimal("1.08"),
    )
    assert hands.totals() == {RECEIVABLES: "1.08", SALES: "-0.99", TAX: "-0.09"}


def test_inclusive_exclusive_and_no_tax(hands: Hands) -> None:
    taxed = [line("110", TaxType="OUTPUT")]
    made = [hands.write("CreditNotes", credit(LineItems=taxed, LineAmountTypes=one)) for one in _KINDS]
    assert [(one["SubTotal"], one["TotalTax"], one["Total"]) for one in made] == [
        (100, 10, 110),
        (110, 11, 121),
        (110, 0, 110),
    ]
    assert made[2]["LineItems"][0]["TaxType"] == "NONE"
    assert hands.totals() == {RECEIVABLES: "-341.00", SALES: "320.00", TAX: "21.00"}


_KINDS = ("Inclusive", "Exclusive", "NoTax")


def test_what_is_left_out_has_the_default_of_the_endpoint_and_of_the_account(hands: Hands) -> None:
    plain = [line("110", TaxType=None)]
    assert hands.write("CreditNotes", credit(LineItems=plain))["Total"] == 121
    made = hands.write("BankTransactions", spend(LineItems=plain))
    assert (made["LineAmountTypes"], made["Total"], made["TotalTax"]) == ("Inclusive", 110, 10)


def test_a_tax_amount_can_be_set(hands: Hands) -> None:
    made = hands.write("Invoices", form(LineItems=[line("100", TaxType="OUTPUT", TaxAmount=Decimal("9.99"))]))
    assert (made["TotalTax"], made["Total"]) == (Decimal("9.99"), Decimal("109.99"))
    assert "tax amount cannot be given" in hands.refusal(
        "Invoices", form(LineItems=[line("1", TaxAmount=Decimal(1))])
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"AccountCode": "090"}, "Account code '090' is not a valid code for this document."),
        ({"AccountCode": "610"}, "Account code '610' is not a valid code for this document."),
        ({"AccountCode": "777"}, "Account code '777' is not a valid code for this document."),
        ({"AccountCode": "299"}, "Account code '299' has been archived, or deleted."),
        ({"AccountCode": "404", "TaxType": "OUTPUT"}, "The TaxType code 'OUTPUT' cannot be used with account code '404'."),
        ({"TaxType": "INPUT"}, "The TaxType code 'INPUT' cannot be used with account code '200'."),
        ({"TaxType": "TAX002"}, "The TaxType code 'TAX002' does not exist or cannot be used."),
        ({"TaxType": "TAX999"}, "The TaxType code 'TAX999' does not exist or cannot be used."),
        ({"AccountCode": None}, "Account code must be specified for a line item"),
        ({"Description": ""}, "Description is required for a line item"),
        ({"LineAmount": Decimal("5.01")}, "The line total 5.01 does not match the expected line total 5.00"),
        ({"Quantity": Decimal(-1)}, "Quantity must be zero or more"),
        ({"ItemCode": "NOTHING"}, "Item code 'NOTHING' is not valid"),
        ({"Tracking": [{"Name": "Region", "Option": "East"}]}, "The tracking option 'Region East' does not exist or is archived"),
        ({"UnitAmount": Decimal(-6)}, "The document total must be greater than or equal to zero."),
    ],
)  # fmt: skip
def test_a_line_that_breaks_a_rule(hands: Hands, changed: Json, words: str) -> None:
    for kind, make in (("Invoices", form), ("CreditNotes", credit)):
        assert hands.refusal(kind, make(LineItems=[line("5", **changed)])) == words
    assert hands.totals() == {}


def test_discounts_are_for_sales_invoices_alone(hands: Hands) -> None:
    assert hands.write("Invoices", form(LineItems=[line("50", DiscountRate=Decimal(10))]))["Total"] == 45
    assert hands.write("Invoices", form(LineItems=[line("50", DiscountAmount=Decimal(4))]))["Total"] == 46
    assert hands.refusal("CreditNotes", credit(LineItems=[line("50", DiscountRate=Decimal(10))])).startswith(
        "Discounts"
    )


def test_single_negative_lines_are_a_mood(hands: Hands) -> None:
    lines = [line("10"), line("-3")]
    assert hands.write("Invoices", form(LineItems=lines))["Total"] == 7
    hands.organisation.moods.refuses_negative_lines = True
    assert hands.refusal("CreditNotes", credit(LineItems=lines)) == "The line amount must be zero or more"


def test_two_places_unless_four_are_asked_for(hands: Hands) -> None:
    body = form(LineItems=[line("1.2345", Quantity=Decimal(100))])
    assert hands.write("Invoices", body)["Total"] == 123
    answer = hands.put("Invoices", body, unitdp="4")
    assert '"UnitAmount": 1.2345' in answer.text and '"Total": 123.45' in answer.text


def test_an_item_fills_the_line(hands: Hands) -> None:
    made = hands.write("Invoices", form(LineItems=[{"ItemCode": "CALL", "Quantity": Decimal(2)}]))
    found = made["LineItems"][0]
    assert (found["Description"], found["AccountCode"], found["TaxType"]) == ("Support call", "260", "OUTPUT")
    assert (found["LineAmount"], made["Total"]) == (100, 110)
    bare = hands.refusal("Invoices", form(LineItems=[{"ItemCode": "SAME-AS-SENT", "UnitAmount": Decimal(1)}]))
    assert bare == "Account code must be specified for a line item"


def test_stock_goes_with_an_invoice_and_comes_back_with_a_credit_note(hands: Hands) -> None:
    def on_hand() -> Any:
        return hands.read("Items/MUG")["QuantityOnHand"]

    mugs = [{"ItemCode": "MUG", "Quantity": Decimal(3)}]
    invoice = hands.write("Invoices", form(LineItems=mugs))
    assert on_hand() == 97
    note = hands.write("CreditNotes", credit(LineItems=mugs))
    assert on_hand() == 100
    void(hands, note, "CreditNotes")
    assert on_hand() == 97
    void(hands, invoice)
    assert on_hand() == 100
    too_many = form(LineItems=[{"ItemCode": "MUG", "Quantity": Decimal(101)}])
    assert "not enough of the item MUG" in hands.refusal("Invoices", too_many)


def test_tracking_is_kept_with_its_ids(hands: Hands) -> None:
    tracked = [{"Name": "Region", "Option": "North"}, {"Name": "Channel", "Option": "Web"}]
    found = hands.write("Invoices", form(LineItems=[line("5", Tracking=tracked)]))["LineItems"][0]["Tracking"]
    assert [one["Option"] for one in found] == ["North", "Web"]
    assert found[0]["TrackingCategoryID"] == hands.rows("TrackingCategories")[0]["TrackingCategoryID"]
