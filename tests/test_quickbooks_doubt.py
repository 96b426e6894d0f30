"""What QuickBooks does not show yet, shows oddly or answers wrongly: nothing is believed too soon or written twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ledger_desk import sell
from quickbooks_desk import ADA, Desk, desk, invoice, paid_invoice, pay, receipt
from quickbooks_hands import item_line
from vendors.quickbooks import Moods
from vendors.quickbooks.service import Answer, Asked
from vendors.quickbooks.wire import Json

# Seconds until a query sees a write: more than a wait of a minute, less than an absent answer is doubted.
LAG = 100
# Requests at once: of more than one it is not known how long after it was stored each left.
CONCURRENCIES = (1, 10)
MEMO = "CreditMemo {} 2026-03-05 Ada: AR -110.00, TAX 10.00, REV 100.00"
CARD = "Purchase {} 2026-03-05 Ada: AR 110.00, CLR -110.00"
LINK = "Payment {} 2026-03-05 Ada: nothing"
RECEIPT = "RefundReceipt {} 2026-03-05 Ada: CLR -110.00, TAX 10.00, REV 100.00"


def slow_company(folder: Path, concurrency: int) -> AbstractContextManager[Desk]:
    company = {"moods": Moods(index_lag=LAG)}
    return desk(folder / "books", company=company, limits={"concurrency": concurrency})


def charge(one: Desk, number: str) -> str:
    return one.shop.charge(number, 11000, 1000, "2026-03-02", 0)


def refund(one: Desk, name: str, number: str) -> None:
    one.shop.refund(name, f"ch_{number}", 11000, "2026-03-05")
    one.shop.write()


def states(one: Desk) -> dict[str, str]:
    """By kind and number."""
    return {f"{each['kind']} {each['number']}": each["state"] for each in one.documents()}


def written_once(one: Desk) -> None:
    """No line of what was written stands there a second time."""
    assert [line for line, count in Counter(one.written()).items() if count > 1] == []


def slow_down_in_a_look(one: Desk, place: int) -> list[str]:
    """The query by day in this place is told to come again in a minute; returns what is asked by day."""
    asked_by_day: list[str] = []

    def see(_: int, asked: Asked) -> None:
        text = str(asked.body)
        if asked.path.endswith("/query") and "TxnDate IN" in text:
            asked_by_day.append(text.partition(" WHERE ")[0])
            if len(asked_by_day) == place:
                one.fake.inject("throttled", "/query")

    one.fake.before_request = see
    return asked_by_day


def answered(one: Desk, path: str, change: Callable[[Answer], Answer]) -> None:
    """What the company answers to writes at this address is changed on its way."""
    before = one.fake.answer

    def answer(asked: Asked) -> Answer:
        found = before(asked)
        return change(found) if asked.method == "POST" and asked.path.endswith(path) else found

    one.fake.answer = answer  # type: ignore[method-assign]


# ---------------------------------------------------------------------------------------------- a look that waits


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
def test_a_look_that_had_to_wait_is_as_old_as_its_question(tmp_path: Path, concurrency: int) -> None:
    """The company numbers by itself, so nothing but the look keeps the receipt from being written twice."""
    with slow_company(tmp_path, concurrency) as one:
        one.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=False)
        receipt(one, "100")
        pay(one, invoice(one, "200"), charge="ch_200")
        one.wait(1)
        for name, number in (("a", "100"), ("b", "200")):
            charge(one, number)
            refund(one, name, number)
        one.fake.inject("lost_after", "/refundreceipt", method="POST")
        one.fake.inject("lost_after", "/creditmemo", method="POST")
        one.sync(1, plan=False)
        assert states(one)["refund_receipt 100"] == states(one)["credit_memo 200"] == "unknown"
        one.books.world.clock.now += LAG - 38
        asked = slow_down_in_a_look(one, 2)
        one.json(1, "sync")
        assert len(asked) == 3
        assert states(one)["refund_receipt 100"] == "unknown"
        one.fake.before_request = None
        one.wait(1)
        one.sync(plan=False)
        expected = [RECEIPT.format("100"), *(line.format("200") for line in (MEMO, CARD, LINK))]
        assert sorted(one.written()) == sorted(expected)
        one.settle_down()


@pytest.mark.parametrize("concurrency", CONCURRENCIES)
def test_an_expense_is_not_written_twice_behind_a_look_that_had_to_wait(
    tmp_path: Path, concurrency: int
) -> None:
    """An expense of the same number is not refused."""
    with slow_company(tmp_path, concurrency) as one:
        for number in ("100", "200"):
            pay(one, invoice(one, number), charge=f"ch_{number}")
            charge(one, number)
        one.wait(1)
        for name, number, path in (("a", "100", "/purchase"), ("b", "200", "/payment")):
            refund(one, name, number)
            one.fake.inject("lost_after", path, method="POST")
            one.json(1, "sync")
        assert states(one)["credit_card_refund 100-1"] == states(one)["application 200-1"] == "unknown"
        one.books.world.clock.now += LAG - 38
        asked = slow_down_in_a_look(one, 2)
        one.json(1, "sync")
        assert asked == ["SELECT * FROM Purchase", *["SELECT * FROM Payment"] * 2]
        assert states(one)["credit_card_refund 100-1"] == "unknown"
        one.fake.before_request = None
        one.wait(1)
        one.sync(plan=False)
        expected = [line.format(number) for number in ("100-1", "200-1") for line in (MEMO, CARD, LINK)]
        assert sorted(one.written()) == sorted(expected)
        assert one.open() == "0"
        one.settle_down()


# ---------------------------------------------------------------------------------------------- a lost state


def lose_at_once(one: Desk, lag: int) -> None:
    """Both runs, and the loss of the state between them, are in less time than a query needs to see what was written.
    What an earlier run wrote is seen, and tells that a state was lost."""
    one.json(0, "sync")
    before, written = one.everything(), one.written()
    one.lose_state()
    one.fake.requests.clear()
    start = one.books.world.clock.now
    one.json(0, "sync")
    assert one.books.world.clock.now - start >= lag
    written_once(one)
    assert one.written() == written
    assert one.everything() == before
    one.settle_down()


@pytest.mark.parametrize("numbered", [True, False])
def test_a_state_that_is_lost_before_a_query_sees_its_work(tmp_path: Path, numbered: bool) -> None:
    with desk(tmp_path / "books", company={"moods": Moods(index_lag=60)}) as one:
        one.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=numbered)
        charge_id = paid_invoice(one)
        one.wait(1)
        one.shop.refund("a", charge_id, 1100, "2026-03-04")
        one.sync(plan=False)
        one.wait(1)
        one.shop.refund("b", charge_id, 3300, "2026-03-05")
        one.shop.write()
        lose_at_once(one, 60)


@pytest.mark.parametrize("numbered", [True, False])
def test_a_state_of_posted_sales_that_is_lost_at_once(tmp_path: Path, numbered: bool) -> None:
    company = {"moods": Moods(index_lag=60)}
    with desk(tmp_path / "books", sales="sales_receipt", fees=True, company=company) as one:
        one.company.set_preference("SalesFormsPrefs", CustomTxnNumbers=numbered)
        one.wait(1)
        sell(one, "200")
        one.sync(plan=False)
        one.wait(1)
        sell(one, "100")
        one.shop.refund("a", "ch_100", 11000, "2026-03-05", 25)
        one.shop.write()
        lose_at_once(one, 60)


# ---------------------------------------------------------------------------------------------- odd answers


def test_a_number_that_a_document_in_an_unknown_currency_holds(tmp_path: Path) -> None:
    dinars: Json = {"CurrencyRef": {"value": "IQD"}, "ExchangeRate": Decimal("0.0007")}
    with desk(tmp_path / "books", company={"moods": Moods(duplicates="per_type")}) as one:
        one.company.set_preference("CurrencyPrefs", MultiCurrencyEnabled=True)
        one.company.rates["IQD"] = Decimal("0.0007")
        receipt(one, "100", CurrencyRef={"value": "USD"})
        charge(one, "100")
        other = {"DisplayName": "Baghdad Co", "CurrencyRef": {"value": "IQD"}}
        holder: Json = {
            "CustomerRef": {"value": one.hands.write("Customer", other)["Id"]},
            "DocNumber": "100",
            "TxnDate": "2026-03-04",
            "DepositToAccountRef": one.hands.account("Undeposited Funds"),
            "Line": [item_line("5000", "3", TaxCodeRef={"value": "NON"})],
            **dinars,
        }
        one.hands.write("RefundReceipt", holder)
        one.shop.refund("a", "ch_100", 11000, "2026-03-05")
        one.sync(plan=False)
        assert one.written() == [RECEIPT.format("100-1")]
        assert one.outcomes() == {"re_a": "posted 100-1"}


def test_an_answer_without_lines_does_not_end_the_run(tmp_path: Path) -> None:
    """The answer to the first link; the refund behind it is posted all the same, and a look finds the link."""
    with desk(tmp_path / "books", limits={"concurrency": 1}) as one:
        for name, number in (("a", "100"), ("b", "200")):
            pay(one, invoice(one, number), charge=f"ch_{number}")
            charge(one, number)
            refund(one, name, number)
        changed: list[str] = []

        def without_lines(answer: Answer) -> Answer:
            told: Json = json.loads(answer.text)
            if changed or "Payment" not in told:
                return answer
            changed.append(told["Payment"]["Id"])
            told["Payment"]["Line"] = None
            return replace(answer, text=json.dumps(told))

        answered(one, "/payment", without_lines)
        first = one.command("sync")
        assert first.code == 3, (first.out, first.err)
        assert "Traceback" not in first.err
        assert len(changed) == 1
        assert sorted(one.outcomes().values()) == ["held rejected_by_ledger", "posted 200-1"]
        (held,) = one.held()
        assert f"payment {changed[0]} does not link" in held["sentence"]
        # What it linked is there: tried again it is found, and not linked a second time.
        one.resolve(held["document_key"], "--retry")
        one.wait(1)
        one.json(0, "sync")
        expected = [line.format(number) for number in ("100-1", "200-1") for line in (MEMO, CARD, LINK)]
        assert sorted(one.written()) == sorted(expected)
        assert one.open() == "0"


@pytest.mark.parametrize("path", ["/creditmemo", "/payment"])
def test_an_answer_that_nobody_foresaw_does_not_end_the_run(tmp_path: Path, path: str) -> None:
    """Its parts are of other types than they should be."""
    with desk(tmp_path / "books", limits={"concurrency": 1}) as one:
        for name, number in (("a", "100"), ("b", "200")):
            pay(one, invoice(one, number), charge=f"ch_{number}")
            charge(one, number)
            refund(one, name, number)
        changed: list[Any] = []

        def garbled(answer: Answer) -> Answer:
            told: Json = json.loads(answer.text)
            entity = next((each for each in ("Payment", "CreditMemo") if each in told), None)
            if changed or entity is None:
                return answer
            changed.append(entity)
            told[entity] |= {"Line": 7, "CurrencyRef": [], "TotalAmt": "much"}
            return replace(answer, text=json.dumps(told))

        answered(one, path, garbled)
        first = one.command("sync")
        assert first.code == 1, (first.out, first.err)
        assert "Traceback" not in first.err
        assert len(changed) == 1
        assert "posted 200-1" in one.outcomes().values()
        one.wait(1)
        one.json(0, "sync")
        expected = [line.format(number) for number in ("100-1", "200-1") for line in (MEMO, CARD, LINK)]
        assert sorted(one.written()) == sorted(expected)
        assert one.open() == "0"


def test_another_customer_in_the_answer_is_not_believed(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="sales_receipt") as one:
        sell(one, "100")
        ada = json.dumps({"Customer": json.loads(one.hands.get(f"/customer/{ADA}").text)["Customer"]})
        answered(one, "/customer", lambda answer: replace(answer, text=ada))
        one.sync(plan=False)
        bo = [row["Id"] for row in one.company.documents("Customer") if row["DisplayName"].startswith("Bo")]
        (sold,) = one.company.documents("SalesReceipt")
        assert [sold["CustomerRef"]["value"]] == bo
        written_once(one)
