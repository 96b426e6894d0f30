"""The stand-in for QuickBooks Online: its query language, the delay of its index, and change data capture."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from quickbooks_hands import TIMEOUT, Hands, form, payment, shop
from vendors.quickbooks import FakeQuickBooks
from vendors.quickbooks.clock import Clock
from vendors.quickbooks.wire import loads
from vendors.quickbooks.writing import write

NOON = 1772798400.0


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeQuickBooks(shop(clock=Clock(NOON))) as fake:
        yield Hands(fake)


def numbers(hands: Hands, where: str) -> list[str]:
    found = hands.query(f"select * from Invoice {where}")
    return [one["DocNumber"] for one in found.get("Invoice", [])]


@pytest.fixture
def invoices(hands: Hands) -> Hands:
    for number, day in (("100", "05"), ("1000", "06"), ("100-1", "07"), ("o'hara", "08")):
        hands.write("Invoice", {**form("5", DocNumber=number), "TxnDate": f"2026-03-{day}"})
    return hands


def test_equal_and_in(invoices: Hands) -> None:
    assert numbers(invoices, "where DocNumber = '100'") == ["100"]
    assert numbers(invoices, "WHERE DocNumber in ('100', '1000')") == ["100", "1000"]
    assert numbers(invoices, "where DocNumber = 'O\\'HARA'") == ["o'hara"]


def test_like_knows_percent_alone_and_finds_more_than_one_thinks(invoices: Hands) -> None:
    assert numbers(invoices, "where DocNumber LIKE '100%'") == ["100", "1000", "100-1"]
    assert numbers(invoices, "where DocNumber LIKE '%-1'") == ["100-1"]
    assert numbers(invoices, "where DocNumber LIKE '100_'") == []


def test_ranges_and_and(invoices: Hands) -> None:
    assert numbers(invoices, "where TxnDate >= '2026-03-06' AND TxnDate < '2026-03-08'") == ["1000", "100-1"]
    assert numbers(invoices, "where TxnDate > '2026-03-07' and CustomerRef = '1'") == ["o'hara"]
    assert numbers(invoices, "where Balance > '0' and CustomerRef = '2'") == []
    stamp = "2026-03-06T04:00:00-08:00"
    assert len(numbers(invoices, f"where MetaData.CreateTime >= '{stamp}'")) == 4
    assert numbers(invoices, f"where MetaData.CreateTime > '{stamp}'") == []


def test_order_start_and_number_of_rows(invoices: Hands) -> None:
    assert numbers(invoices, "ORDERBY TxnDate DESC MAXRESULTS 2") == ["o'hara", "100-1"]
    assert numbers(invoices, "orderby TxnDate STARTPOSITION 2 MAXRESULTS 2") == ["1000", "100-1"]
    assert numbers(invoices, "STARTPOSITION 5") == []
    found = invoices.query("select * from Invoice maxresults 3")
    assert (found["startPosition"], found["maxResults"], found["totalCount"]) == (1, 3, 4)
    invoices.company.moods.count_in_select = False
    assert "totalCount" not in invoices.query("select * from Invoice")


def test_count_and_nothing(invoices: Hands) -> None:
    assert invoices.query("select count(*) from Invoice where DocNumber like '100%'") == {"totalCount": 3}
    assert invoices.query("select * from Invoice where DocNumber = 'none'") == {}
    assert invoices.query("select * from CreditMemo") == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("select * from Invoice where PrivateNote = 'x'", "4001"),
        ("select * from Invoice where PrivateNote like '%x%'", "4001"),
        ("select * from Invoice orderby PrivateNote", "4001"),
        ("select * from Item where Sku = 'x'", "4001"),
        ("select * from Payment where DocNumber = 'x'", "4001"),
        ("select * from Nothing", "4001"),
        ("select Id from Invoice", "4000"),
        ("select * from Invoice where Id = '1' or Id = '2'", "4000"),
        ("select * from Invoice where DocNumber = 100", "4000"),
        ("select * from Invoice where DocNumber != '100'", "4000"),
        ("select * from Invoice order by TxnDate", "4000"),
        ("select * from Invoice where DocNumber = 'o'hara'", "4000"),
        ("select * from Invoice group by Id", "4000"),
        ("", "4000"),
    ],
)
def test_what_is_not_documented_is_refused(hands: Hands, text: str, code: str) -> None:
    assert hands.query_code(text) == code


def test_inactive_objects_have_to_be_asked_for(hands: Hands) -> None:
    write(hands.company, "Customer", {"Id": "1", "SyncToken": "0", "sparse": True, "Active": False})
    assert [one["Id"] for one in hands.query("select * from Customer")["Customer"]] == ["2"]
    found = hands.query("select * from Customer where Active in (true, false)")
    assert [one["Id"] for one in found["Customer"]] == ["1", "2"]


def test_names_and_addresses_are_found_without_case(hands: Hands) -> None:
    found = hands.query("select * from Customer where DisplayName = 'BOB O\\'NEIL'")
    assert found["Customer"][0]["Id"] == "2"
    assert hands.query("select * from Customer where PrimaryEmailAddr = 'ada@x.test'")["Customer"]
    funds = hands.query("select * from Account where AccountSubType = 'UndepositedFunds'")["Account"]
    assert funds[0]["Name"] == "Undeposited Funds"


def test_sku_is_shown_only_when_named(hands: Hands) -> None:
    assert "Sku" not in hands.query("select * from Item")["Item"][0]
    assert hands.query("select *, Sku from Item")["Item"][0]["Sku"] == "Wid"
    hands.company.moods.sku_queryable = True
    assert len(hands.query("select * from Item where Sku = 'wid'")["Item"]) == 1


def test_a_hundred_rows_unless_more_are_asked_for_and_a_thousand_at_most(hands: Hands) -> None:
    for number in range(1005):
        write(hands.company, "Invoice", form("1", DocNumber=str(number)))
    assert len(numbers(hands, "")) == 100
    assert len(numbers(hands, "MAXRESULTS 2000")) == 1000
    assert len(numbers(hands, "STARTPOSITION 1001 MAXRESULTS 1000")) == 5


def test_a_query_may_be_posted_as_text(invoices: Hands) -> None:
    text = "select * from Invoice where DocNumber = '100'"
    for kind, status in (("application/text", 200), ("application/json", 400)):
        answer = invoices.http.post(
            invoices.fake.api("/query"), data=text, headers={"Content-Type": kind}, timeout=TIMEOUT
        )
        assert answer.status_code == status


def test_the_index_lags_behind_writes_and_reading_by_id_does_not(hands: Hands) -> None:
    hands.company.moods.index_lag = 30
    made = hands.write("Invoice", form("5", DocNumber="100"))
    assert hands.again("Invoice", made)["TotalAmt"] == 5
    assert numbers(hands, "where DocNumber = '100'") == []
    assert hands.code("Invoice", form("5", DocNumber="100")) == "6140"
    hands.company.clock.advance(30)
    assert numbers(hands, "where DocNumber = '100'") == ["100"]
    hands.write("Invoice", {**made, "sparse": True, "DocNumber": "200"})
    assert numbers(hands, "where DocNumber = '100'") == ["100"]
    assert numbers(hands, "where DocNumber = '200'") == []
    hands.company.clock.advance(30)
    assert numbers(hands, "") == ["200"]


def test_a_refused_write_leaves_nothing_in_the_index(hands: Hands) -> None:
    assert hands.code("Payment", payment("5", {"Amount": 5, "LinkedTxn": []})) == "2020"
    assert hands.query("select count(*) from Payment") == {"totalCount": 0}


# ---------------------------------------------------------------------------------------------- CDC


def changed(hands: Hands, since: str) -> list[dict[str, object]]:
    answer = hands.get("/cdc", entities="Invoice,CreditMemo", changedSince=since)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = loads(answer.text)["CDCResponse"][0]["QueryResponse"]
    return found


def test_changes_since_an_instant(hands: Hands) -> None:
    old = hands.write("Invoice", form("5"))
    hands.company.clock.advance(60)
    since = hands.company.clock.stamp()
    assert changed(hands, since) == [{}]
    memo = hands.write("CreditMemo", form("5"))
    hands.write("Invoice", {"Id": old["Id"], "SyncToken": "0"}, operation="delete")
    gone = {"domain": "QBO", "status": "Deleted", "Id": old["Id"]}
    assert changed(hands, since) == [
        {"Invoice": [gone], "startPosition": 1, "maxResults": 1},
        {"CreditMemo": [memo], "startPosition": 1, "maxResults": 1},
    ]


def test_changes_go_thirty_days_back(hands: Hands) -> None:
    answer = hands.get("/cdc", entities="Invoice", changedSince="2026-01-01T00:00:00Z")
    assert answer.status_code == 400
