"""The stand-in for NetSuite: SuiteQL, what its tables hold, pages, and what Oracle would not take."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from netsuite_hands import CLEARING, SUITEQL, Hands, shop
from vendors.netsuite import FakeNetsuite
from vendors.netsuite import seeding as seed


@pytest.fixture
def hands() -> Iterator[Hands]:
    with FakeNetsuite(shop(currencies=("EUR",))) as fake:
        yield Hands(fake)


def test_values_are_strings_names_are_lower_case_and_nulls_are_left_out(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100", number="100", memo="Said", day="2026-03-05")
    answer = hands.query(
        "SELECT ID, TranID AS Number, memo, externalid, COUNT(*) FROM transaction GROUP BY id, tranid, memo, externalid"
    )
    assert answer.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=collection"
    told = answer.json()
    assert set(told) == {"links", "count", "hasMore", "items", "offset", "totalResults"}
    assert told["items"] == [
        {"links": [], "id": invoice["id"], "number": "100", "memo": "Said", "expr5": "1"}
    ]


def test_a_transaction_shows_its_head(hands: Hands) -> None:
    account = hands.account
    invoice = seed.invoice(
        account, "Ada", "100", number="100", externalId="in_1", otherRefNum="PO", day="2026-03-05"
    )
    seed.payment(account, "Ada", "50", on=invoice)
    (row,) = hands.ask("SELECT * FROM transaction WHERE type = 'CustInvc'")
    assert row == {
        "id": invoice["id"],
        "tranid": "100",
        "externalid": "in_1",
        "type": "CustInvc",
        "recordtype": "invoice",
        "trandate": "3/5/2026",
        "entity": account.named("customer", "Ada")["id"],
        "currency": "1",
        "exchangerate": "1",
        "status": "A",
        "foreigntotal": "110",
        "foreignamountpaid": "50",
        "foreignamountunpaid": "60",
        "voided": "F",
        "posting": "T",
        "otherrefnum": "PO",
        "postingperiod": account.period_of("2026-03-05")["id"],
        "createddate": "3/6/2026",
        "lastmodifieddate": "3/6/2026",
        "transactionnumber": "INV-1",
    }


def test_what_is_left_of_a_credit_and_how_its_total_is_signed(hands: Hands) -> None:
    payment = seed.payment(hands.account, "Ada", "50")
    seed.memo(hands.account, "Ada", "20")
    seed.refund(hands.account, "Ada", payment, "30")
    query = (
        "SELECT type, foreigntotal, foreignpaymentamountused AS used, foreignpaymentamountunused AS unused "
        "FROM transaction ORDER BY id"
    )
    assert hands.ask(query) == [
        {"type": "CustPymt", "foreigntotal": "50", "used": "30", "unused": "20"},
        {"type": "CustCred", "foreigntotal": "-22", "used": "0", "unused": "22"},
        {"type": "CustRfnd", "foreigntotal": "-30"},
    ]
    hands.account.moods.negative_credits = False
    # What changes is seen with the next change of the record.
    other = seed.memo(hands.account, "Ada", "20")
    assert hands.ask(f"SELECT foreigntotal FROM transaction WHERE id = {other['id']}") == [
        {"foreigntotal": "22"}
    ]


def test_lines_are_negative_where_they_credit(hands: Hands) -> None:
    invoice = seed.invoice(
        hands.account, "Ada", "100", seed.line(hands.account, "10", quantity=4), currency="EUR", rate="1.5"
    )
    memo = seed.memo(hands.account, "Ada", "10")
    query = (
        "SELECT tl.mainline, tl.taxline, tl.foreignamount, tl.netamount, tl.quantity, BUILTIN.DF(tl.item) AS item "
        "FROM transactionline tl WHERE tl.transaction = {} ORDER BY tl.linesequencenumber"
    )
    rows = hands.ask(query.format(invoice["id"]))
    assert [(one["foreignamount"], one["netamount"], one.get("quantity")) for one in rows] == [
        ("121", "181.5", None),
        ("-100", "-150", "-1"),
        ("-10", "-15", "-4"),
        ("-10", "-15", None),
        ("-1", "-1.5", None),
    ]
    assert [one["mainline"] for one in rows] == ["T", "F", "F", "F", "F"]
    assert [one["taxline"] for one in rows] == ["F", "F", "F", "T", "T"]
    assert [one.get("item") for one in rows] == [None, "Services", "Services", None, None]
    rows = hands.ask(query.format(memo["id"]))
    assert [(one["foreignamount"], one.get("quantity")) for one in rows] == [
        ("-11", None),
        ("10", "1"),
        ("1", None),
    ]


def test_accounts_stand_on_accounting_lines(hands: Hands) -> None:
    invoice = seed.invoice(hands.account, "Ada", "100")
    query = (
        "SELECT tl.id AS line, BUILTIN.DF(tal.account) AS name, a.accttype, tal.debit, tal.credit "
        "FROM transactionline tl INNER JOIN transactionaccountingline tal "
        "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id "
        "LEFT JOIN account a ON a.id = tal.account WHERE tl.transaction = ? ORDER BY tl.id"
    )
    assert "unexpected '?" in hands.unasked(query)
    assert hands.ask(query.replace("?", invoice["id"])) == [
        {"line": "0", "name": "Accounts Receivable", "accttype": "AcctRec", "debit": "110"},
        {"line": "1", "name": "Sales", "accttype": "Income", "credit": "100"},
        {"line": "2", "name": "Sales Tax Payable", "accttype": "OthCurrLiab", "credit": "10"},
    ]


def test_applications_are_links(hands: Hands) -> None:
    account = hands.account
    invoice = seed.invoice(account, "Ada", "100")
    payment = seed.payment(account, "Ada", "110", on=invoice)
    memo = seed.memo(account, "Ada", "10", createdFrom={"id": invoice["id"]})
    refund = seed.refund(account, "Ada", memo)
    query = (
        "SELECT previousdoc, previoustype, nextdoc, nexttype, linktype, foreignamount "
        "FROM NextTransactionLineLink ORDER BY nextdoc"
    )
    assert [tuple(one.values()) for one in hands.ask(query)] == [
        (invoice["id"], "CustInvc", payment["id"], "CustPymt", "Payment", "110"),
        (invoice["id"], "CustInvc", memo["id"], "CustCred", "SalesReturn"),
        (memo["id"], "CustCred", refund["id"], "CustRfnd", "Payment", "11"),
    ]
    seed.unapply(account, payment, invoice)
    assert len(hands.ask(query)) == 2


def test_the_lists_are_there(hands: Hands) -> None:
    account = hands.account
    clearing = account.account_id_of(CLEARING)
    assert hands.ask(f"SELECT * FROM account WHERE id = {clearing}") == [
        {
            "id": clearing,
            "acctnumber": "1010",
            "fullname": CLEARING,
            "accountsearchdisplayname": f"1010 {CLEARING}",
            "displaynamewithhierarchy": CLEARING,
            "accttype": "Bank",
            "isinactive": "F",
        }
    ]
    (ada,) = hands.ask("SELECT * FROM customer WHERE externalid = 'cus_ada'")
    assert (ada["entityid"], ada["email"], ada["isinactive"], ada["isperson"]) == (
        "Ada",
        "ada@x.test",
        "F",
        "F",
    )
    assert hands.ask("SELECT symbol, isbasecurrency FROM currency ORDER BY id") == [
        {"symbol": "USD", "isbasecurrency": "T"},
        {"symbol": "EUR", "isbasecurrency": "F"},
    ]
    (widget,) = hands.ask(
        "SELECT itemid, itemtype, BUILTIN.DF(incomeaccount) income FROM item WHERE itemid = 'Widget'"
    )
    assert widget == {"itemid": "Widget", "itemtype": "InvtPart", "income": "Sales"}
    assert hands.ask("SELECT name FROM paymentmethod WHERE isinactive = 'F' AND id = 1") == [
        {"name": "Stripe"}
    ]
    query = (
        "SELECT periodname, TO_CHAR(startdate, 'YYYY-MM-DD') s, TO_CHAR(enddate, 'YYYY-MM-DD') e, closed FROM accountingperiod "
        "WHERE isquarter = 'F' AND isyear = 'F' AND startdate <= TO_DATE('2026-02-10', 'YYYY-MM-DD') "
        "AND enddate >= TO_DATE('2026-02-10', 'YYYY-MM-DD')"
    )
    seed.close_period(account, "2026-02")
    assert hands.ask(query) == [
        {"periodname": "Feb 2026", "s": "2026-02-01", "e": "2026-02-28", "closed": "T"}
    ]


# ---------------------------------------------------------------------------------------------- the language


def test_words_and_functions_of_oracle(hands: Hands) -> None:
    for name, memo in (("100", "re_1 ch_1"), ("101", "RE_2 100%"), ("102", "It's")):
        seed.invoice(hands.account, "Ada", "5", number=name, memo=memo)
    seed.invoice(hands.account, "Ada", "5", number="103")
    assert hands.ask("SELECT tranid FROM transaction WHERE memo LIKE 're%'") == [{"tranid": "100"}]
    assert hands.ask("SELECT tranid FROM transaction WHERE LOWER(memo) LIKE 're\\_2%' ESCAPE '\\'") == [
        {"tranid": "101"}
    ]
    assert hands.ask("SELECT tranid FROM transaction WHERE memo LIKE '%!%' ESCAPE '!'") == [{"tranid": "101"}]
    assert hands.ask("SELECT UPPER(memo) m FROM transaction WHERE memo = 'It''s'") == [{"m": "IT'S"}]
    assert hands.ask("SELECT tranid FROM transaction WHERE memo IS NULL") == [{"tranid": "103"}]
    # In Oracle nothing equals the empty text, for it is null.
    assert hands.ask("SELECT tranid FROM transaction WHERE memo = ''") == []
    assert hands.ask("SELECT NVL(memo, 'none') n FROM transaction WHERE tranid = '103'") == [{"n": "none"}]
    assert hands.ask("SELECT DECODE(voided, 'T', 'yes', 'no') v FROM transaction WHERE tranid = '103'") == [
        {"v": "no"}
    ]
    which = "CASE WHEN memo IS NULL THEN 'a' ELSE 'b' END"
    query = f"SELECT {which} k, COUNT(*) n FROM transaction GROUP BY {which} ORDER BY k"
    assert hands.ask(query) == [{"k": "a", "n": "1"}, {"k": "b", "n": "3"}]
    assert hands.ask("SELECT SUM(foreigntotal) s FROM transaction") == [{"s": "22"}]
    inner = "SELECT transaction FROM transactionline WHERE mainline = 'T' AND memo = 'It''s'"
    assert len(hands.ask(f"SELECT id FROM transaction WHERE id IN ({inner})")) == 1


def test_sums_of_cents_are_exact(hands: Hands) -> None:
    for amount in ("0.10", "0.20", "1000000.03"):
        seed.payment(hands.account, "Ada", amount)
    assert hands.ask("SELECT SUM(foreigntotal) s FROM transaction") == [{"s": "1000000.33"}]


def test_days_are_asked_for_by_format(hands: Hands) -> None:
    seed.invoice(hands.account, "Ada", "5", day="2026-03-01")
    seed.invoice(hands.account, "Ada", "5", day="2026-03-05")
    query = "SELECT TO_CHAR(trandate, 'YYYY-MM-DD') AS day FROM transaction WHERE trandate >= TO_DATE('2026-03-02', 'YYYY-MM-DD')"
    assert hands.ask(query) == [{"day": "2026-03-05"}]
    query = (
        "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM transaction "
        "WHERE lastmodifieddate > TO_DATE('2026-03-06 11:59:59', 'YYYY-MM-DD HH24:MI:SS') AND tranid = 'INV101'"
    )
    assert hands.ask(query) == [{"at": "2026-03-06 12:00:00"}]
    assert hands.ask("SELECT MAX(trandate) d FROM transaction") == [{"d": "3/5/2026"}]
    hands.account.date_format = "D.M.YYYY"
    assert hands.ask("SELECT MIN(trandate) d FROM transaction") == [{"d": "1.3.2026"}]
    assert hands.unasked("SELECT id FROM transaction WHERE trandate > TO_DATE('March', 'YYYY-MM-DD')")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT id FROM nothing", "Record 'nothing' was not found"),
        ("SELECT nothing FROM transaction", "Field 'nothing' was not found"),
        ("SELECT t.subsidiary FROM transaction t", "Field 't.subsidiary' was not found"),
        ("SELECT createdfrom FROM transaction", "Field 'createdfrom' was not found"),
        ("SELECT account FROM transactionline", "Field 'account' was not found"),
        ("SELECT df_status FROM transaction", "Invalid or unsupported search"),
        ("SELECT id FROM salestaxitem", "Record 'salestaxitem' was not found"),
        ("SELECT id FROM transaction LIMIT 5", "Invalid or unsupported search"),
        ("SELECT id FROM transaction; DELETE FROM transaction", "unexpected ';"),
        ("DELETE FROM transaction", "Invalid or unsupported search"),
        ("SELECT id FROM transaction WHERE", "Invalid or unsupported search"),
        ('SELECT id FROM transaction WHERE type = "CustInvc"', "alias"),
        ("SELECT load_extension('x') FROM transaction", "function load_extension"),
        ("SELECT BUILTIN.CF(status) FROM transaction", "BUILTIN.DF"),
        ("SELECT id -- all\nFROM transaction", "syntax"),
    ],
)
def test_what_suiteql_would_not_take_is_refused(hands: Hands, query: str, words: str) -> None:
    assert words in hands.unasked(query)


def test_a_list_has_a_thousand_values_at_most(hands: Hands) -> None:
    seed.invoice(hands.account, "Ada", "5", externalId="x7")
    thousand = ", ".join(f"'x{number}'" for number in range(1000))
    assert len(hands.ask(f"SELECT id FROM transaction WHERE externalid IN ({thousand})")) == 1
    assert "ORA-01795" in hands.unasked(f"SELECT id FROM transaction WHERE externalid IN ({thousand}, 'y')")
    two = f"SELECT id FROM transaction WHERE externalid IN ({thousand}) OR externalid IN ('y', 'z')"
    assert len(hands.ask(two)) == 1


def test_pages_follow_each_other(hands: Hands) -> None:
    ids = [seed.payment(hands.account, "Ada", "5")["id"] for _ in range(5)]
    told = [
        hands.query("SELECT id FROM transaction ORDER BY id DESC", limit=2, offset=start).json()
        for start in (0, 2, 4)
    ]
    assert [one["id"] for page in told for one in page["items"]] == ids[::-1]
    assert [(one["count"], one["hasMore"], one["totalResults"], one["offset"]) for one in told] == [
        (2, True, 5, 0),
        (2, True, 5, 2),
        (1, False, 5, 4),
    ]


@pytest.mark.parametrize("parameters", ["limit=2&offset=1", "limit=1001", "limit=0", "limit=x"])
def test_a_page_that_can_not_be_is_loud(hands: Hands, parameters: str) -> None:
    hands.refused("POST", f"{SUITEQL}?{parameters}", {"q": "SELECT id FROM transaction"}, Prefer="transient")
    hands.loud("limit")


def test_a_query_must_be_transient(hands: Hands) -> None:
    hands.refused("POST", SUITEQL, {"q": "SELECT id FROM transaction"})
    hands.loud("Prefer")
    hands.refused("GET", SUITEQL, status=405)
    hands.loud("POST only")


def test_an_account_may_lack_columns_or_fill_others(hands: Hands) -> None:
    moods = hands.account.moods
    moods.missing_columns = frozenset({"transactionline.netamount"})
    moods.expense_accounts = moods.short_statuses = True
    moods.tax_lines = False
    invoice = seed.invoice(hands.account, "Ada", "100")
    assert "Field 'netamount' was not found" in hands.unasked("SELECT tl.netamount FROM transactionline tl")
    assert "netamount" in hands.unasked("SELECT * FROM transactionline")
    rows = hands.ask(
        f"SELECT foreignamount, expenseaccount FROM transactionline WHERE transaction = {invoice['id']}"
    )
    assert [one["foreignamount"] for one in rows] == ["110", "-100"]
    assert rows[1]["expenseaccount"] == hands.account.account_id_of("Sales")
    assert hands.ask("SELECT BUILTIN.DF(status) AS status FROM transaction") == [{"status": "Open"}]


def test_statuses_in_words(hands: Hands) -> None:
    account = hands.account
    invoice = seed.invoice(account, "Ada", "100")
    payment = seed.payment(account, "Ada", "110", on=invoice)
    seed.memo(account, "Ada", "5")
    seed.deposit(account, "Ada", "5")
    seed.refund(account, "Ada", seed.memo(account, "Ada", "7"))
    query = "SELECT t.status AS letter, BUILTIN.DF(t.status) AS words FROM transaction t ORDER BY t.id"
    assert [tuple(one.values()) for one in hands.ask(query)] == [
        ("B", "Invoice : Paid In Full"),
        ("C", "Payment : Deposited"),
        ("A", "Credit Memo : Open"),
        ("C", "Customer Deposit : Deposited"),
        ("B", "Credit Memo : Fully Applied"),
        ("R", "Customer Refund : Not Deposited"),
    ]
    seed.unapply(account, payment, invoice)
    assert hands.ask(query)[0]["words"] == "Invoice : Open"


def test_a_custom_field_may_come_later(hands: Hands) -> None:
    hands.account.add_custom_field("custbody_key")
    made = hands.create("creditMemo", hands.memo("5", custbody_key="dk1"))
    assert hands.ask("SELECT id FROM transaction WHERE custbody_key LIKE 'dk%'") == [{"id": made}]
    assert hands.account.transaction(made)["_total"] == Decimal(5)
