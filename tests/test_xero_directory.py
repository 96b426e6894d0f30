"""What is read of an organisation in Xero: how its accounts, items and tax rates are found, and what is said of them."""

from __future__ import annotations

from datetime import date

import pytest
from xero_canned import (
    ACCOUNTS,
    CLEARING_ID,
    DEBTORS_ID,
    OLD_ID,
    ORGANISATION,
    SALES_ID,
    Canned,
    Json,
    make_rate,
)


def test_what_the_organisation_is() -> None:
    directory = Canned().directory()
    assert directory.organisation_id == str(ORGANISATION["OrganisationID"]).lower()
    assert (directory.title, directory.country, directory.home) == ("Kiwi Crafts", "NZ", "nzd")
    assert directory.zone == "NEWZEALANDSTANDARDTIME"
    assert directory.multi_currency


def test_one_currency_is_not_several() -> None:
    assert not Canned({"Currencies": [{"Code": "NZD"}]}).directory().multi_currency


@pytest.mark.parametrize(
    ("locks", "day"),
    [
        ({"PeriodLockDate": "/Date(1546214400000+0000)/"}, date(2018, 12, 31)),
        ({"EndOfYearLockDate": "/Date(1546214400000+0000)/"}, date(2018, 12, 31)),
        (
            {
                "PeriodLockDate": "/Date(1522454400000+0000)/",
                "EndOfYearLockDate": "/Date(1546214400000+0000)/",
            },
            date(2018, 12, 31),
        ),
        (
            {
                "PeriodLockDate": "/Date(1546214400000+0000)/",
                "EndOfYearLockDate": "/Date(1522454400000+0000)/",
            },
            date(2018, 12, 31),
        ),
        ({"PeriodLockDate": "2026-01-31"}, date(2026, 1, 31)),
        ({}, None),
    ],
)
def test_the_later_lock_date_closes(locks: Json, day: date | None) -> None:
    plain = {name: value for name, value in ORGANISATION.items() if not name.endswith("LockDate")}
    assert Canned({"Organisations": [{**plain, **locks}]}).directory().closed_until == day


@pytest.mark.parametrize("name", ["Sales", "sales", "200", SALES_ID, SALES_ID.upper()])
def test_an_account_is_found_by_name_code_or_id(name: str) -> None:
    directory = Canned().directory()
    assert directory.account_ref(name) == {"AccountID": SALES_ID}
    assert (directory.account_code(name), directory.account_type(name)) == ("200", "REVENUE")
    assert directory.default_tax(name) == "OUTPUT2"


def test_an_account_without_a_code_has_none() -> None:
    directory = Canned().directory()
    assert directory.account_id("Stripe Clearing") == CLEARING_ID
    assert directory.account_code("Stripe Clearing") is None


def test_an_account_that_is_not_there_is_none() -> None:
    directory = Canned().directory()
    for name in ("Nowhere", "Old Sales", "201"):
        assert directory.accounts.find(name) is None
        assert directory.account_code(name) is None
        with pytest.raises(KeyError):
            directory.account_ref(name)


def test_an_account_is_shown_as_the_mapping_spells_it() -> None:
    directory = Canned().directory(fees="404")
    assert directory.label("404") == "404"
    assert directory.label("610") == directory.label(DEBTORS_ID) == "accounts receivable"
    assert directory.receivable() == "accounts receivable"
    # One that the mapping does not name, by its name; an archived one too.
    assert directory.label("091") == "Stripe Euro"
    assert directory.label("201") == directory.label(OLD_ID) == "Old Sales"
    assert directory.label("999") == "999"
    assert directory.account_class("Old Sales") == directory.account_class("Sales") == "REVENUE"


def test_a_code_is_that_of_the_account_in_use() -> None:
    gone = {"AccountID": OLD_ID, "Code": "200", "Name": "Gone", "Status": "ARCHIVED"}
    directory = Canned({"Accounts": [*ACCOUNTS, gone]}).directory()
    assert directory.label("200") == "Sales"


def test_what_takes_payments() -> None:
    directory = Canned().directory()
    names = ("Stripe Clearing", "Owner", "Sales", "Nowhere")
    assert [directory.is_bank(name) for name in names] == [True, False, False, False]
    assert [directory.takes_payments(name) for name in names] == [True, True, False, False]
    assert [directory.account_currency(name) for name in ("Stripe Clearing", "Stripe Euro", "Owner")] == [
        "nzd",
        "eur",
        None,
    ]


def test_items_by_code_and_name() -> None:
    directory = Canned().directory()
    assert [directory.item_code(name) for name in ("sku-1", "Mug", "i1", "Sales")] == [
        "SKU-1",
        "SKU-1",
        "SKU-1",
        None,
    ]
    assert [directory.is_stock(code) for code in ("SKU-1", "SKU-2", "SKU-9")] == [False, True, False]


def test_the_income_account_of_items_and_of_accounts_in_their_place() -> None:
    directory = Canned().directory(
        sales_items={"*": "200", "a": "Plate"}, refund_items={"*": "Owner", "b": "SKU-3", "c": "?"}
    )
    assert directory.item_accounts == {
        "SKU-1": "Sales",
        "SKU-2": "Old Sales",
        "Plate": "Old Sales",
        "200": "Sales",
        "Owner": "Owner",
    }
    # An account that the mapping names in the place of an item alone is shown as it is named there.
    assert Canned().directory(sales=None, sales_items={"*": "200"}).item_accounts["SKU-1"] == "200"


def test_tax_types_by_name_and_type() -> None:
    directory = Canned().directory()
    assert directory.tax_type("15% gst on income") == directory.tax_type("output2") == "OUTPUT2"
    assert directory.tax_type("Old GST") is None
    assert directory.untaxed() == "NONE"


def test_the_zero_rate_of_a_country_without_none() -> None:
    rates = [
        make_rate("OUTPUT", "GST", 10.0),
        make_rate("AFREE", "Free", 0.0, expenses=False),
        make_rate("BASEXCLUDED", "Bas", 0.0),
        make_rate("ABOUGHT", "Bought", 0.0, revenue=False),
    ]
    assert Canned({"TaxRates": rates}).directory().untaxed() == "BASEXCLUDED"
    assert Canned({"TaxRates": rates[:2]}).directory().untaxed() == "AFREE"


def test_tracking_options_in_use() -> None:
    assert Canned().directory().tracking == {"c1:o1": "Region: North"}
