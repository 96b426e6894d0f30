"""What is read of a NetSuite account: how its accounts, items and taxes are found, what is closed, which fields there are.

With and without SuiteQL the same is known of what the mapping names.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from netsuite_survey import MAPPING, WANTS, Desk, change, good_account, open_account, open_desk
from vendors.netsuite import Account, Moods

from connector.errors import LedgerDown
from connector.ledgers.contract import Answer, run_steps
from connector.ledgers.json_wire import encode
from connector.ledgers.netsuite_catalog import names_of
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_one_by_one import account_type
from connector.ledgers.netsuite_survey import learn_accounts, learn_items
from connector.planning.mapping_model import AccountMap

WAYS = {"by SuiteQL": frozenset[str](), "record by record": frozenset({"suiteql"})}
way = pytest.mark.parametrize("lacks", WAYS.values(), ids=list(WAYS))


def read(account: Account, lacks: frozenset[str] = frozenset(), **mapping: Any) -> Directory:
    account.role_lacks |= lacks
    return open_desk(account).directory(replace(MAPPING, **mapping))


def refusal(status: int, code: str, words: str) -> Answer:
    details = [{"detail": words, "o:errorCode": code}]
    return Answer(status, encode({"title": "Bad Request", "status": status, "o:errorDetails": details}))


# ------------------------------------------------------------------------------------------------ the account


@way
def test_what_the_account_is(lacks: frozenset[str]) -> None:
    directory = read(good_account(), lacks)
    assert directory.title == "NetSuite account 1234567_SB1"
    assert (directory.home, directory.multi_currency, directory.one_world) == ("usd", True, True)
    assert (directory.subsidiary, dict(directory.subsidiaries)) == ("1", {"1": ("Acme Inc", "usd")})
    assert (directory.tax, directory.suiteql, directory.refused) == ("suitetax", not lacks, frozenset())
    assert (directory.currency_of("1"), directory.currency_of("9"), directory.currency_of(None)) == (
        "usd",
        None,
        None,
    )
    assert (directory.currency_id("usd"), directory.currency_id("EUR"), directory.currency_id("chf")) == (
        "1",
        "2",
        None,
    )


@way
@pytest.mark.parametrize("name", ["Acme Europe", "acme europe", "2"])
def test_the_home_currency_is_that_of_the_subsidiary(lacks: frozenset[str], name: str) -> None:
    account = good_account(subsidiaries=(("Acme Europe", "EUR"),))
    account.role_lacks |= lacks
    directory = open_desk(account).directory(wants=replace(WANTS, subsidiary=name))
    assert (directory.home, directory.subsidiary) == ("eur", "2")
    assert directory.subsidiaries["2"] == ("Acme Europe", "eur")


def test_without_a_subsidiary_it_is_that_of_the_account() -> None:
    account = good_account(subsidiaries=(("Acme Europe", "EUR"),))
    directory = open_desk(account).directory(wants=replace(WANTS, subsidiary=None))
    assert (directory.home, directory.subsidiary) == ("usd", None)


def test_of_several_base_currencies_it_is_that_of_the_first_subsidiary() -> None:
    account = good_account(subsidiaries=(("Acme America", "USD"),))
    change(account, "currency", "EUR", isBaseCurrency=True)
    change(account, "subsidiary", "Acme Inc", currency="2")
    assert open_desk(account).directory(wants=replace(WANTS, subsidiary=None)).home == "eur"


@pytest.mark.parametrize("name", ["Acme Europe", "Acme Asia"])
def test_a_subsidiary_that_is_inactive_or_not_there_is_none(name: str) -> None:
    account = good_account(subsidiaries=(("Acme Europe", "EUR"),))
    change(account, "subsidiary", "Acme Europe", isInactive=True)
    directory = open_desk(account).directory(wants=replace(WANTS, subsidiary=name))
    assert (directory.subsidiary, directory.home) == (None, "usd")


def test_one_currency_is_not_several() -> None:
    assert not read(good_account(currencies=())).multi_currency


@pytest.mark.parametrize("tax", ["suitetax", "legacy", "none"])
def test_how_tax_is_kept(tax: Any) -> None:
    assert read(good_account(Moods(tax=tax))).tax == tax


@way
def test_an_account_without_subsidiaries(lacks: frozenset[str]) -> None:
    account = good_account(Moods(one_world=False))
    account.role_lacks |= lacks
    directory = open_desk(account).directory(wants=replace(WANTS, subsidiary=None))
    assert (directory.one_world, directory.home) == (False, "usd")


# ------------------------------------------------------------------------------------------------ periods

YEAR = tuple(f"2025-{month:02}" for month in range(1, 13))


@way
@pytest.mark.parametrize(
    ("months", "how", "day"),
    [
        ((), "closed", None),
        (YEAR, "closed", date(2025, 12, 31)),
        (YEAR, "arLocked", date(2025, 12, 31)),
        ((*YEAR, "2026-01"), "allLocked", date(2026, 1, 31)),
        (YEAR[:3], "closed", date(2025, 3, 31)),
    ],
)
def test_until_when_periods_are_closed(
    lacks: frozenset[str], months: tuple[str, ...], how: str, day: date | None
) -> None:
    account = good_account()
    for month in months:
        account.close_period(month, how)
    directory = read(account, lacks)
    assert (directory.closed_until, directory.knows_closing) == (day, True)


def test_a_month_that_was_opened_again_is_the_first_open_one() -> None:
    account = good_account()
    for month in YEAR:
        account.close_period(month)
    account.close_period("2025-11", "open")
    assert read(account).closed_until == date(2025, 10, 31)


def test_where_all_is_closed_it_is_the_last_day() -> None:
    account = good_account()
    for year in (2025, 2026, 2027):
        for month in range(1, 13):
            account.close_period(f"{year}-{month:02}")
    assert read(account).closed_until == date(2027, 12, 31)


@pytest.mark.parametrize(
    "answer", [refusal(404, "NONEXISTENT_ID", "x"), refusal(400, "INVALID_PARAMETER", "x")]
)
def test_without_suiteql_it_may_not_be_known_what_is_closed(answer: Answer) -> None:
    account = good_account()
    account.role_lacks.add("suiteql")
    desk = open_desk(account)
    desk.instead["accountingPeriod"] = answer
    directory = desk.directory()
    assert (directory.closed_until, directory.knows_closing) == (None, False)
    assert "accountingperiod" not in directory.refused


def test_the_role_may_not_read_periods() -> None:
    directory = read(good_account(), frozenset({"table:accountingperiod", "read:accountingPeriod"}))
    assert directory.suiteql and not directory.knows_closing
    assert directory.refused == {"accountingperiod"}


# ------------------------------------------------------------------------------------------------ accounts


@way
@pytest.mark.parametrize("name", ["Stripe Clearing", "1010", "101"])
def test_an_account_is_found_by_name_number_or_id(lacks: frozenset[str], name: str) -> None:
    directory = read(good_account(), lacks, clearing_accounts=AccountMap(name))
    assert directory.account_id(name) == "101"
    assert (directory.account_type(name), directory.account_currency(name)) == ("Bank", None)
    # It is shown as the mapping spells it.
    assert directory.label("101") == name


@pytest.mark.parametrize("name", ["stripe CLEARING", "1010 Stripe Clearing"])
def test_capitals_and_a_number_before_the_name_do_not_matter(name: str) -> None:
    assert read(good_account(), clearing_accounts=AccountMap(name)).account_id(name) == "101"


def test_an_account_within_another() -> None:
    account = good_account()
    made = open_account(account, "Stripe : Clearing", "Bank", "1012")
    directory = read(account)
    for name in (
        "Stripe : Clearing",
        "Stripe:Clearing",
        "1012 Clearing",
        "Clearing",
        "1012",
    ):
        assert directory.account_id(name) == made["id"], name
    assert directory.label(made["id"]) == "Stripe : Clearing"


def test_of_several_with_one_name_none_is_meant() -> None:
    account = good_account()
    ids = [
        open_account(account, name, "Bank", number)["id"]
        for name, number in (("Twin", "8001"), ("Twin", "8002"))
    ]
    sub = [
        open_account(account, f"{above} : Cash", "Bank", number)["id"]
        for above, number in (("A", "8003"), ("B", "8004"))
    ]
    directory = read(account)
    for name in ("Twin", "Cash"):
        assert directory.accounts.find(name) is None
    assert directory.accounts.namesakes("Twin") == ["8001 Twin", "8002 Twin"]
    assert [directory.account_id(name) for name in ("8001", "8002 Twin", ids[0])] == [ids[0], ids[1], ids[0]]
    assert [directory.account_id(name) for name in ("A : Cash", "B:Cash")] == sub
    assert [directory.label(one) for one in (*ids, *sub)] == [
        "8001 Twin",
        "8002 Twin",
        "A : Cash",
        "B : Cash",
    ]


def test_an_account_that_is_not_there_or_inactive_takes_nothing() -> None:
    directory = read(good_account())
    for name in ("Nowhere", "Old Sales", "4090"):
        assert directory.accounts.find(name) is None and directory.account(name) == {}
        with pytest.raises(KeyError):
            directory.account_id(name)
    # And is still shown.
    old = directory.inactive_accounts.find("Old Sales")
    assert old is not None and directory.label(old) == "Old Sales"
    assert directory.account_type("Old Sales") == "Income" and directory.account_type("Nowhere") == ""
    assert directory.label("99999") == "id 99999"


def test_the_currency_of_a_bank_account() -> None:
    account = good_account()
    open_account(account, "Stripe Euro", "Bank", "1011", "EUR")
    assert read(account).account_currency("Stripe Euro") == "eur"


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"id": "Bank"}, "Bank"),
        ({"id": "AcctRec", "refName": "Accounts Receivable"}, "AcctRec"),
        ({"id": "_accountsReceivable"}, "AcctRec"),
        ({"id": "_bank"}, "Bank"),
        ({"id": "_otherExpense"}, "OthExpense"),
        ("OthCurrAsset", "OthCurrAsset"),
    ],
)
def test_the_types_of_the_record_service_are_those_of_suiteql(told: Any, kind: str) -> None:
    assert account_type({"acctType": told}) == kind


# ------------------------------------------------------------------------------------------------ items


@way
@pytest.mark.parametrize("name", ["Widget (not restocked)", "204"])
def test_an_item_is_found_by_name_or_id(lacks: frozenset[str], name: str) -> None:
    directory = read(good_account(), lacks, refund_items={"*": name})
    assert directory.item_id(name) == "204" and directory.item_label("204") == name
    assert directory.item_accounts[name] == directory.income_account("204") == "Sales"
    assert not directory.is_stock("204")


@way
def test_stock(lacks: frozenset[str]) -> None:
    directory = read(good_account(), lacks)
    assert directory.is_stock(directory.item_id("Widget"))
    assert not directory.is_stock("no item")


def test_the_income_account_of_every_item_that_a_line_can_be_of() -> None:
    account = good_account()
    change(account, "item", "Untaxed Service", incomeAccount=None)
    directory = read(
        account, sales="4000", sales_items={"*": "widget", "b": "205", "c": "?", "d": "203"}, refund_items={}
    )
    assert directory.item_accounts == {
        "Services": "4000",
        "Refunds": "Refunds",
        "widget": "4000",
        "Widget": "4000",
        "203": "4000",
        "Widget (not restocked)": "4000",
        "Stripe Refund Item": "Refunds",
        "Exchange": "Exchange Gain or Loss",
    }
    for name in ("Old Service", "?"):
        with pytest.raises(KeyError):
            directory.item_id(name)


def test_an_item_by_what_is_displayed_unless_others_are_displayed_so() -> None:
    account = good_account()
    change(account, "item", "Services", displayName="Our time")
    change(account, "item", "Widget", displayName="Thing")
    change(account, "item", "Refunds", displayName="thing")
    directory = read(account)
    assert directory.item_id("our time") == "201"
    assert directory.items.find("Thing") is None


@way
def test_items_that_were_not_known_are_learned(lacks: frozenset[str]) -> None:
    """What an item is that was made inactive, or made since the lists were read; the one who asks passes its id."""
    account = good_account()
    account.role_lacks |= lacks
    desk = open_desk(account)
    directory = desk.directory()
    known = "206" if lacks else "203"
    before = directory.lists.changed = False
    desk.asked.clear()
    run_steps(learn_items(directory, ["203"]), desk)
    assert (desk.asked, directory.lists.changed) == ([], before)
    run_steps(learn_items(directory, [known, "208", "208", "99999"]), desk)
    assert directory.item_label("208") == "Old Service" and directory.knows_item("208")
    # It is inactive: no new line can be of it.
    assert directory.income_account("208") == "Old Sales" and "Old Service" not in directory.item_accounts
    assert directory.item_label("99999") == "id 99999"
    if lacks:
        assert directory.item_accounts["Stripe Refund Item"] == "Refunds" == directory.income_account("206")
    assert directory.lists.changed
    assert {str(row["Id"]) for row in directory.lists.rows["item"]} >= {"201", "203", "208"}


@way
def test_accounts_that_were_not_known_are_learned(lacks: frozenset[str]) -> None:
    account = good_account()
    account.role_lacks |= lacks
    desk = open_desk(account)
    directory = desk.directory()
    made = open_account(account, "Gifts", "Income", "4100")
    assert directory.label(made["id"]) == f"id {made['id']}"
    run_steps(learn_accounts(directory, [made["id"], "101"]), desk)
    assert directory.label(made["id"]) == "Gifts" and directory.account_id("Gifts") == made["id"]
    desk.asked.clear()
    run_steps(learn_accounts(directory, [made["id"]]), desk)
    assert desk.asked == []


def test_more_than_a_page_of_items_is_read_by_id() -> None:
    account = good_account()
    for at in range(1100):
        account.put(
            {
                **account.named("item", "Services"),
                "id": str(5000 + at),
                "itemId": f"Item {at}",
                "displayName": f"I {at}",
            }
        )
    desk = open_desk(account)
    directory = desk.directory()
    assert directory.item_id("item 1099") == "6099" and directory.item_id("Item 0") == "5000"
    pages = [query for query in desk.asked if " FROM item " in query]
    assert len(pages) == 2 and "id > 5992" in pages[1]


# ------------------------------------------------------------------------------------------------ taxes and the rest


@way
def test_tax_codes_by_name_and_id(lacks: frozenset[str]) -> None:
    directory = read(good_account(), lacks, tax_default="51", taxes={"a": "Exempt", "b": "Nothing"})
    assert [directory.tax_code(name) for name in ("51", "Sales Tax", "exempt", "Nothing")] == [
        ("51", "41"),
        ("51", "41"),
        ("52", "41"),
        None,
    ]


def test_tax_codes_are_read_only_where_sales_are_posted() -> None:
    desk = open_desk(good_account())
    desk.directory(wants=replace(WANTS, sales="find"))
    assert not any("salesTaxItem" in asked for asked in desk.asked)


def test_where_tax_codes_cannot_be_asked_for_by_name_all_are_read() -> None:
    desk = open_desk(good_account())
    desk.instead["salesTaxItem?q="] = refusal(
        400, "INVALID_PARAMETER", "the field name can not be used in a filter"
    )
    assert desk.directory().tax_code("Exempt") == ("52", "41")


@way
def test_payment_methods_by_name_and_id(lacks: frozenset[str]) -> None:
    account = good_account()
    change(account, "paymentMethod", "Check", isInactive=True)
    directory = read(account, lacks, payment_methods={"card": "Credit Card", "x": "Check", "y": "77"})
    assert [directory.payment_option(name) for name in ("credit card", "Check", "77", "Cash")] == [
        "2",
        None,
        "77",
        None,
    ]


# ------------------------------------------------------------------------------------------------ fields


def test_which_fields_there_are() -> None:
    directory = read(good_account(Moods(auto_apply_field=False), custom_fields={"custbody_key": "text"}))
    assert directory.has("creditMemo", "externalId") and directory.has("creditMemo", "custbody_key")
    assert directory.has("creditMemo", "item.amount") and not directory.has("creditMemo", "item.nothing")
    assert not directory.has("creditMemo", "autoApply") and not directory.has("customerRefund", "entity")
    # What the catalog does not tell of may have any.
    assert directory.has("vendorBill", "anything")


def test_a_catalog_that_tells_of_parts_elsewhere() -> None:
    element = {"type": "object", "properties": {"amount": {"type": "number"}}}
    schema = {
        "definitions": {"line": element},
        "properties": {
            "memo": {"type": "string"},
            "entity": {"$ref": "/services/rest/record/v1/metadata-catalog/nsResource"},
            "links": {"type": "array", "items": {"$ref": "/services/rest/record/v1/metadata-catalog/nsLink"}},
            "item": {"properties": {"items": {"type": "array", "items": {"$ref": "#/definitions/line"}}}},
            "apply": {"properties": {"items": {"items": {"$ref": "/elsewhere"}}}},
        },
    }
    names = names_of(schema)
    assert names == {"memo", "entity", "links", "item", "item.amount", "apply", "apply.*"}
    assert names_of({}) == names_of({"properties": []}) == frozenset()


# ------------------------------------------------------------------------------------------------ refusals


def test_a_column_that_is_not_there_is_left_out() -> None:
    """As `currency` where the account has one currency alone, or what Oracle calls otherwise."""
    desk = open_desk(good_account())
    words = "Search error occurred: Field 'currency' for record 'account' was not found. Reason: NOT_EXPOSED"
    desk.instead["accttype, isinactive, currency FROM account"] = refusal(400, "INVALID_PARAMETER", words)
    assert desk.directory().account_id("Stripe Clearing") == "101"


@pytest.mark.parametrize("code", ["INSUFFICIENT_PERMISSION", "INVALID_REQUEST"])
def test_suiteql_that_is_refused_as_such(code: str) -> None:
    desk = open_desk(good_account())
    desk.instead["SELECT"] = refusal(403 if code == "INSUFFICIENT_PERMISSION" else 404, code, "no")
    assert not desk.directory().suiteql
    assert sum("SELECT" in asked for asked in desk.asked) == 1


def test_where_no_table_can_be_seen_records_are_read() -> None:
    account = good_account()
    account.role_lacks |= {
        f"table:{one}" for one in ("account", "item", "currency", "subsidiary", "paymentmethod")
    }
    directory = read(account)
    assert not directory.suiteql and directory.account_id("Stripe Clearing") == "101"


def test_a_table_of_currencies_that_cannot_be_seen() -> None:
    directory = read(good_account(), frozenset({"table:currency"}))
    assert directory.suiteql and (directory.home, directory.currency_of("2")) == ("usd", "eur")


@pytest.mark.parametrize(
    ("words", "answer", "reason"),
    [
        (
            "SELECT",
            Answer(401, encode({"o:errorDetails": [{"o:errorCode": "INVALID_LOGIN"}]})),
            "unauthorised",
        ),
        ("SELECT", Answer(503, b"<html>busy</html>"), "ledger_down"),
        ("FROM item", refusal(400, "INVALID_PARAMETER", "Invalid search query."), "ledger_down"),
        ("FROM item", Answer(0, b"no route", arrived=False), "network"),
        ("metadata-catalog", Answer(500, encode({"o:errorCode": "UNEXPECTED_ERROR"})), "ledger_down"),
        (
            "salesTaxItem/",
            refusal(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded."),
            "throttled",
        ),
        ("creditMemo?limit=1", Answer(200, b"[]"), "ledger_down"),
    ],
)
def test_what_is_no_answer_ends_the_survey(words: str, answer: Answer, reason: str) -> None:
    desk: Desk = open_desk(good_account())
    desk.instead[words] = answer
    with pytest.raises(LedgerDown) as caught:
        desk.directory()
    assert caught.value.code == reason
