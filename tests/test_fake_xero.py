"""The stand-in for Xero: envelopes, what a body may hold, batches, and writes by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from vendors.xero import FakeXero, Moods, write
from vendors.xero.builtin_fields import FIELDS
from vendors.xero.field_table import described, schema_file
from vendors.xero.readable import PARAMETERS
from vendors.xero.refusals import Invalid, Refused
from vendors.xero.wire import NO_GUID, Json
from xero_hands import Hands, credit, form, line, pay, shop

needs_schema = pytest.mark.skipif(
    schema_file() is None,
    reason="NOT CHECKED: Xero's OpenAPI description, ../shared/data/xero_accounting.yaml",
)


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeXero(shop()) as fake:
        yield Hands(fake)


# ---------------------------------------------------------------------------------------------- envelopes


def test_an_answer_has_envelope_dates_in_two_forms_and_exact_amounts(hands: Hands) -> None:
    answer = hands.put("Invoices", form("60", "40", InvoiceNumber="100"))
    told = answer.json()
    assert set(told) == {"Id", "Status", "ProviderName", "DateTimeUTC", "Invoices"}
    assert told["Status"] == "OK" and told["DateTimeUTC"] == "/Date(1772798400000)/"
    invoice = told["Invoices"][0]
    assert (invoice["Date"], invoice["DateString"]) == ("/Date(1772668800000+0000)/", "2026-03-05T00:00:00")
    assert invoice["UpdatedDateUTC"] == "/Date(1772798400000+0000)/"
    assert invoice["UpdatedDateUTCString"] == "2026-03-06T12:00:00"
    assert '"Total": 100.00' in answer.text
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Xero-Correlation-Id"]
    assert answer.headers["X-MinLimit-Remaining"] == "60"


def test_one_bare_object_is_as_good_as_a_list_of_one(hands: Hands) -> None:
    first = hands.write("CreditNotes", credit("5", CreditNoteNumber="100"))
    second = hands.write("CreditNotes", {"CreditNotes": [credit("5", CreditNoteNumber="100-1")]})
    assert [first["CreditNoteNumber"], second["CreditNoteNumber"]] == ["100", "100-1"]
    assert hands.fake.requests[-1].elements == 1


def test_what_is_not_there_is_plain_text(hands: Hands) -> None:
    for path in ("Invoices/nothing", "Payments/100", "Nothing", f"CreditNotes/{NO_GUID}", "Accounts/200"):
        answer = hands.get(path)
        assert answer.status_code == 404
        assert answer.text == "The resource you're looking for cannot be found"
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert hands.post(f"Invoices/{NO_GUID}", {"Status": "VOIDED"}).status_code == 404


def test_a_request_that_does_not_speak_json_is_loud(hands: Hands) -> None:
    hands.http.headers["Accept"] = "*/*"
    assert hands.get("Organisation").status_code == 406
    hands.loud("accept")


# ---------------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("CreditNotes", {"CreditnoteNumber": "100"}, "CreditNote.CreditnoteNumber is not known"),
        ("CreditNotes", credit("5", Url="https://x.test"), "CreditNote.Url is not known"),
        ("Invoices", {"zzz": 1}, "Invoice.zzz"),
        ("Invoices", form(LineItems=[line("5", TaxRate=10)]), "Invoice.LineItems.TaxRate"),
        ("Invoices", form(LineItems=[{"UnitAmount": "5.00"}]), "must be a number, not '5.00'"),
        ("Invoices", form("5", Date="5 March 2026"), "Invoice.Date must be a date"),
        ("Invoices", form("5", Date="2026-02-30"), "Invoice.Date must be a date"),
        ("Invoices", form("5", LineAmountTypes="exclusive"), "must be one of"),
        ("Invoices", form("5", kind="WRONGTYPE"), "must be one of"),
        ("Invoices", form("5", SentToContact="false"), "must be true or false"),
        ("Invoices", form("5", Reference=None), "Invoice.Reference is null"),
        ("Invoices", form("5", Contact={"ContactID": "ada"}), "must be a guid"),
        ("Invoices", form("5", InvoiceNumber="1" * 256), "is longer than 255"),
        ("Invoices", {"Invoices": [], "Other": 1}, "nothing but a list"),
        ("Invoices", {"Invoices": [form("5")] * 101}, "101 elements"),
        ("Invoices", [form("5")], "must be an object"),
        ("BankTransactions", {"Type": "SPEND"}, "BankTransaction.LineItems is required"),
        ("Payments", pay("5", Invoice={"InvoiceID": NO_GUID}, Amount="5.00"), "Payment.Amount must be a number"),
        ("Invoices/100/Emails", {}, "is not an address"),
    ],
)  # fmt: skip
def test_what_has_no_place_in_a_body_is_refused_aloud(hands: Hands, path: str, body: Any, words: str) -> None:
    answer = hands.put(path, body)
    assert answer.status_code == 400
    assert answer.json()["Type"] == "PostDataInvalidException"
    hands.loud(words)
    assert hands.organisation.documents("Invoices") == []


def test_what_is_not_json_is_refused_aloud(hands: Hands) -> None:
    headers = {"Content-Type": "application/json"}
    answer = hands.http.put(f"{hands.fake.api_url}/Invoices", data=b"{", headers=headers, timeout=5)
    assert answer.status_code == 400
    hands.loud("Invalid Json data")
    answer = hands.http.put(f"{hands.fake.api_url}/Invoices", data={"a": "b"}, timeout=5)
    assert answer.status_code == 415
    hands.loud("not sent as application/json")


@needs_schema
def test_the_built_in_list_of_fields_says_what_xero_says() -> None:
    whole = described()
    assert whole is not None
    for name, fields in FIELDS.items():
        for field, kind in fields.items():
            told = whole[name][field]
            if kind == "ignored":
                assert told == "number"
            elif "|" in kind:
                assert set(kind.split("|")) <= set(told.split("|")), (name, field)
            elif kind == "text:3":
                assert "USD|" in told, (name, field)
            else:
                # Some lengths stand in Xero's sentences alone.
                assert told in (kind, kind.partition(":")[0]), (name, field)


@needs_schema
def test_lists_take_the_parameters_that_xero_describes() -> None:
    import yaml

    path = schema_file()
    assert path is not None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    told = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    named = told["components"]["parameters"]
    for kind, known in PARAMETERS.items():
        found = [
            named[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
            for one in told["paths"][f"/{kind}"]["get"].get("parameters", [])
        ]
        assert {one["name"] for one in found if one["in"] == "query"} == known, kind


# ---------------------------------------------------------------------------------------------- batches


def batch() -> Json:
    return {
        "Invoices": [form("1", InvoiceNumber="1"), form("2", InvoiceNumber="1"), form("3", InvoiceNumber="3")]
    }


def test_with_errors_by_element_the_answer_is_200_in_the_order_asked(hands: Hands) -> None:
    answer = hands.put("Invoices", batch(), summarizeErrors="false")
    assert answer.status_code == 200
    rows = answer.json()["Invoices"]
    assert [one["StatusAttributeString"] for one in rows] == ["OK", "ERROR", "OK"]
    assert rows[1]["InvoiceID"] == NO_GUID and rows[1]["HasErrors"] is True
    assert rows[1]["ValidationErrors"] == [{"Message": "Invoice # must be unique."}]
    assert [one["InvoiceNumber"] for one in hands.organisation.documents("Invoices")] == ["1", "3"]
    assert hands.fake.writes()[-1].elements == 3


def test_a_refused_element_leaves_nothing_behind_among_good_ones(hands: Hands) -> None:
    bad = form(contact="Nobody", LineItems=[line("5", AccountCode="777")])
    hands.put("Invoices", {"Invoices": [form("1"), bad, form("3")]}, summarizeErrors="false")
    assert [one["Name"] for one in hands.rows("Contacts")] == ["Ada", "Bob O'Neil"]
    assert hands.organisation.balance_of("200") == -4


@pytest.mark.parametrize("saved", [False, True])
def test_one_bad_element_makes_it_a_400(saved: bool) -> None:
    with FakeXero(shop(moods=Moods(siblings_saved=saved))) as fake:
        hands = Hands(fake)
        told = hands.put("Invoices", batch()).json()
        assert (told["ErrorNumber"], told["Type"]) == (10, "ValidationException")
        assert [one["ValidationErrors"][0]["Message"] for one in told["Elements"]] == [
            "Invoice # must be unique."
        ]
        never = told["Elements"][0]["InvoiceID"]
        assert never != NO_GUID and hands.get(f"Invoices/{never}").status_code == 404
        assert len(fake.organisation.documents("Invoices")) == (2 if saved else 0)


@pytest.mark.parametrize("summarize", ["true", "false"])
def test_what_is_wrong_with_a_line_may_be_told_inside_it(hands: Hands, summarize: str) -> None:
    hands.organisation.moods.nested_errors = True
    body = form(LineItems=[line("1"), line("2", AccountCode="777")])
    told = hands.put("Invoices", body, summarizeErrors=summarize).json()
    element = told.get("Invoices", told.get("Elements"))[0]
    assert element["ValidationErrors"] == [] and element["HasErrors"] is True
    errors = [one.get("ValidationErrors") for one in element["LineItems"]]
    assert errors == [None, [{"Message": "Account code '777' is not a valid code for this document."}]]


def test_a_warning_does_not_stop_an_element(hands: Hands) -> None:
    hands.organisation.moods.warnings = ("The rate looks odd",)
    row = hands.put("CreditNotes", credit("5"), summarizeErrors="false").json()["CreditNotes"][0]
    assert row["StatusAttributeString"] == "WARNING"
    assert row["Warnings"] == [{"Message": "The rate looks odd"}]
    assert hands.organisation.shelf.get("CreditNotes", row["CreditNoteID"]) is not None


def test_an_unknown_parameter_of_a_write_is_loud(hands: Hands) -> None:
    assert hands.put("Invoices", form("5"), summariseErrors="false").status_code == 400
    hands.loud("summariseErrors")


def test_a_write_by_hand_raises_the_vendors_words_and_changes_nothing() -> None:
    organisation = shop()
    before = organisation.trial_balance()
    with pytest.raises(Invalid, match="must contain at least 1"):
        write(organisation, "Invoices", form("5", Contact={}))
    with pytest.raises(Refused, match="zzz is not known"):
        write(organisation, "Invoices", form("5", zzz=1))
    with pytest.raises(Invalid, match="not a valid code"):
        write(
            organisation, "Invoices", form(Contact={"Name": "New"}, LineItems=[line("5", AccountCode="090")])
        )
    assert organisation.trial_balance() == before
    assert [one["Name"] for one in organisation.documents("Contacts")] == ["Ada", "Bob O'Neil"]


def test_a_copy_goes_its_own_way() -> None:
    organisation = shop()
    copied = organisation.copy(organisation.clock)
    write(copied, "Invoices", form("5", InvoiceNumber="100"))
    assert organisation.documents("Invoices") == []
    write(organisation, "Invoices", form("7", InvoiceNumber="100"))
    assert organisation.balance_of("200") == -7 and copied.balance_of("Sales") == -5
