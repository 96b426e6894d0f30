"""The stand-in for Xero: filters, orders, pages, what a list leaves out, and what it sees late."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vendors.xero import FakeXero, Moods, write
from vendors.xero.wire import Json
from xero_hands import Hands, credit, form, line, pay, shop, spend


@pytest.fixture
def hands() -> Iterator[Hands]:
    organisation = shop()
    for number, day, reference in (
        ("100", "2026-03-01", "ch_1"),
        ("101", "2026-03-02", 'say "hi"'),
        ("102", "2026-03-03", ""),
    ):
        write(organisation, "Invoices", form("5", InvoiceNumber=number, Date=day, Reference=reference))
    write(organisation, "Invoices", form("9", InvoiceNumber="Ä-7", Date="2026-03-04", contact="Bob O'Neil"))
    with FakeXero(organisation) as fake:
        yield Hands(fake)


def numbers(hands: Hands, **parameters: str) -> list[str]:
    return [one["InvoiceNumber"] for one in hands.rows("Invoices", **parameters)]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('InvoiceNumber=="100"', ["100"]),
        ('InvoiceNumber=="a-7"', ["Ä-7"]),
        ('Reference=="CH_1"', ["100"]),
        (r'Reference=="say \"hi\""', ["101"]),
        ('Reference=="say ""hi"""', ["101"]),
        ('Reference==""', ["102", "Ä-7"]),
        ("Reference!=null AND FullyPaidOnDate==null", ["100", "101", "102", "Ä-7"]),
        ("Date==DateTime(2026,03,02)", ["101"]),
        ("Date>=DateTime(2026, 3, 2) AND Date<DateTime(2026,3,4)", ["101", "102"]),
        ("Date>DateTime(2026,3,2)&&Date<=DateTime(2026,3,4)", ["102", "Ä-7"]),
        ('InvoiceNumber=="100" OR InvoiceNumber=="102"', ["100", "102"]),
        ('Status=="AUTHORISED" AND (Total>5 || InvoiceNumber=="101")', ["101", "Ä-7"]),
        ("Total>=5.00 AND AmountDue!=9", ["100", "101", "102"]),
        ('Contact.Name=="bob o\'neil"', ["Ä-7"]),
        ('Contact.ContactNumber=="cus_ada" AND Type=="ACCREC"', ["100", "101", "102"]),
        ("SentToContact==false AND Total==9", ["Ä-7"]),
        ("UpdatedDateUTC>=DateTime(2026,3,6,12,0,0)", ["100", "101", "102", "Ä-7"]),
        ("UpdatedDateUTC>DateTime(2026,3,6,12,0,0)", []),
    ],
)
def test_a_filter_finds(hands: Hands, where: str, found: list[str]) -> None:
    assert numbers(hands, where=where) == found


def test_a_filter_by_ids_of_contact_and_document(hands: Hands) -> None:
    bob = hands.rows("Contacts", where='EmailAddress=="BOB@x.test"')[0]["ContactID"]
    assert numbers(hands, where=f'Contact.ContactID==guid("{bob}")') == ["Ä-7"]
    assert numbers(hands, where=f'Contact.ContactID != Guid("{bob.upper()}")') == ["100", "101", "102"]
    one = hands.rows("Invoices", InvoiceNumbers="101")[0]["InvoiceID"]
    assert numbers(hands, where=f'InvoiceID==guid("{one}")') == ["101"]
    assert numbers(hands, IDs=f"{one},{bob}") == ["101"]
    assert numbers(hands, ContactIDs=bob) == ["Ä-7"]


@pytest.mark.parametrize(
    "where",
    [
        'Total=="5"',
        'InvoiceID=="11111111-1111-4111-8111-111111111111"',
        'Contact.ContactID==guid("ada")',
        "Date==2026-03-01",
        'Date=="2026-03-01"',
        "Date==DateTime(2026,13,1)",
        "Number==1",
        'InvoiceNumber="100"',
        'InvoiceNumber=="100" AND',
        "InvoiceNumber=='100'",
        'InvoiceNumber.StartsWith("1")',
        '(InvoiceNumber=="100"',
        "Total > null",
    ],
)
def test_what_is_no_filter_is_refused(hands: Hands, where: str) -> None:
    answer = hands.get("Invoices", where=where)
    assert (answer.status_code, answer.json()["Type"]) == (400, "QueryParseException")


def test_numbers_and_statuses_have_parameters_of_their_own(hands: Hands) -> None:
    write(hands.organisation, "Invoices", {**form("5", InvoiceNumber="103"), "Status": "DRAFT"})
    assert numbers(hands, InvoiceNumbers="102,100,none") == ["102", "100"]
    assert numbers(hands, Statuses="DRAFT,PAID") == ["103"]
    assert numbers(hands, searchTerm="ch_1") == ["100"]


@pytest.mark.parametrize(
    ("kind", "parameter"),
    [
        ("CreditNotes", "IDs"),
        ("Payments", "Statuses"),
        ("BankTransactions", "References"),
        ("Accounts", "page"),
    ],
)
def test_what_a_list_has_no_parameter_for_is_loud(hands: Hands, kind: str, parameter: str) -> None:
    assert hands.get(kind, **{parameter: "1"}).status_code == 400
    hands.loud(parameter)


def test_what_the_app_made_itself(hands: Hands) -> None:
    hands.write("Invoices", form("5", InvoiceNumber="103"))
    write(hands.organisation, "Invoices", form("5", InvoiceNumber="104"))
    assert numbers(hands, createdByMyApp="true") == ["103"]
    hands.write("Payments", pay("2", Invoice=hands.read("Invoices/100")))
    assert numbers(hands, createdByMyApp="true") == ["103"]


def test_an_order_is_kept_over_pages(hands: Hands) -> None:
    assert numbers(hands, order="Date DESC") == ["Ä-7", "102", "101", "100"]
    assert numbers(hands, order="Total DESC, InvoiceNumber ASC") == ["Ä-7", "100", "101", "102"]
    asked = {"order": "InvoiceNumber", "pageSize": "3"}
    answer = hands.get("Invoices", page="2", **asked).json()
    assert answer["pagination"] == {"page": 2, "pageSize": 3, "pageCount": 2, "itemCount": 4}
    assert [one["InvoiceNumber"] for one in answer["Invoices"]] == ["Ä-7"]
    assert numbers(hands, page="3", **asked) == []
    assert hands.get("Invoices", order="Nothing").status_code == 400
    assert hands.get("Invoices", order="Date FALLING").status_code == 400


def test_a_page_has_a_hundred_rows_unless_told_and_a_thousand_at_most(hands: Hands) -> None:
    for number in range(200, 320):
        write(hands.organisation, "Invoices", form("1", InvoiceNumber=str(number)))
    assert len(numbers(hands, page="1")) == 100
    assert len(numbers(hands, page="2")) == 24
    assert len(numbers(hands, pageSize="1000")) == 124
    assert len(numbers(hands)) == 124
    for size in ("0", "1001", "-1", "many"):
        assert hands.get("Invoices", page="1", pageSize=size).status_code == 400


@pytest.mark.parametrize(
    ("kind", "element"),
    [
        ("Invoices", form("5", InvoiceNumber="900")),
        ("CreditNotes", credit("5")),
        ("BankTransactions", spend("5")),
    ],
)
def test_only_pages_and_single_objects_have_lines(hands: Hands, kind: str, element: Json) -> None:
    made = hands.write(kind, element)[f"{kind[:-1]}ID"]
    answer = hands.get(kind).json()
    assert "pagination" not in answer
    assert all(one["LineItems"] == [] for one in answer[kind])
    assert [len(one["LineItems"]) for one in hands.rows(kind, page="1")] == [1] * len(answer[kind])
    assert len(hands.read(f"{kind}/{made}")["LineItems"]) == 1


def test_a_summary_leaves_payments_out_too(hands: Hands) -> None:
    row = hands.rows("Invoices", summaryOnly="true", page="1")[0]
    assert "Payments" not in row and "LineItems" not in row
    assert row["Total"] == 5


def test_what_was_changed_since(hands: Hands) -> None:
    hands.organisation.clock.advance(90)
    write(hands.organisation, "Invoices", form("5", InvoiceNumber="103"))
    hands.http.headers["If-Modified-Since"] = "2026-03-06T12:01:00"
    assert numbers(hands) == ["103"]
    hands.http.headers["If-Modified-Since"] = "2026-03-06T12:01:31"
    assert numbers(hands) == []
    hands.http.headers["If-Modified-Since"] = "yesterday"
    assert hands.get("Invoices").status_code == 412


def test_an_address_is_4096_characters_at_most(hands: Hands) -> None:
    base = len("/api.xro/2.0/Invoices?InvoiceNumbers=")
    assert hands.get("Invoices", InvoiceNumbers="1" * (4096 - base)).status_code == 200
    assert hands.get("Invoices", InvoiceNumbers="1" * (4097 - base)).status_code == 414


def test_a_list_may_see_a_write_late_and_a_single_object_does_not() -> None:
    organisation = shop(moods=Moods(read_lag=60))
    with FakeXero(organisation) as fake:
        hands = Hands(fake)
        made = hands.write("Invoices", form("5", InvoiceNumber="100"))
        path = f"Invoices/{made['InvoiceID']}"
        assert numbers(hands) == numbers(hands, InvoiceNumbers="100") == []
        assert hands.read("Invoices/100")["AmountDue"] == 5
        organisation.clock.advance(61)
        hands.write("Payments", pay("2", Invoice=made))
        assert [one["AmountDue"] for one in hands.rows("Invoices", where='InvoiceNumber=="100"')] == [5]
        assert hands.rows("Payments") == [] and hands.read(path)["AmountDue"] == 3
        organisation.clock.advance(61)
        assert [one["AmountDue"] for one in hands.rows("Invoices")] == [3]
        assert len(hands.rows("Payments")) == 1


def test_payments_of_a_credit_note_are_found_under_invoice(hands: Hands) -> None:
    note = hands.write("CreditNotes", credit("5"))
    hands.write("Payments", pay("5", CreditNote=note))
    where = f'Invoice.InvoiceID==guid("{note["CreditNoteID"]}") AND PaymentType=="ARCREDITPAYMENT"'
    assert len(hands.rows("Payments", where=where)) == 1
    assert len(hands.rows("Payments", where='Account.Code=="090" AND IsReconciled==false')) == 1
    hands.organisation.moods.finds_credit_payments = False
    assert hands.rows("Payments", where=where) == []


def test_thousands_are_written_and_listed_in_seconds() -> None:
    organisation = shop()
    for number in range(2000):
        body = form(LineItems=[line("100", TaxType="OUTPUT")], InvoiceNumber=str(number), Date="2026-02-01")
        invoice = write(organisation, "Invoices", body)
        write(organisation, "Payments", pay("110", Invoice=invoice))
    with FakeXero(organisation) as fake:
        hands = Hands(fake)
        for page in ("1", "2"):
            asked = {"where": "Date>=DateTime(2026,2,1)", "pageSize": "1000", "page": page}
            assert len(hands.rows("Invoices", **asked)) == 1000
        assert len(numbers(hands, InvoiceNumbers=",".join(map(str, range(500))))) == 500
