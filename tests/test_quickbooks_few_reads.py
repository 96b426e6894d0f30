"""How often QuickBooks Online is read to find the sales of many refunds: each read counts against a quota."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from quickbooks_hands import form, pay_line, payment
from quickbooks_reading import DAY, INTO, Reading, reading

from connector.ledgers.contract import Reference
from connector.planning.model import Sale

NOON = 1772798400.0


@pytest.fixture
def books() -> Iterator[Reading]:
    with reading() as found:
        yield found


def found(sale: Sale | None) -> Sale:
    assert sale is not None
    return sale


def test_days_that_are_near_are_read_at_once(books: Reading) -> None:
    days = [DAY, DAY.replace(day=26), DAY.replace(month=5)]
    asked = [Reference(f"ch_{n}", "usd", None, (f"ch_{n}",), day=day) for n, day in enumerate(days)]
    books.run(books.ledger.find_sales(asked))
    receipts = [text.partition("ORDERBY")[0] for text in books.carried if "FROM SalesReceipt" in text]
    assert receipts == [
        f"SELECT * FROM SalesReceipt WHERE TxnDate >= '{first}' AND TxnDate <= '{last}' "
        for first, last in (("2026-03-03", "2026-04-05"), ("2026-05-03", "2026-05-16"))
    ]


def references(count: int, **more: Any) -> list[Reference]:
    return [Reference(f"ch_{n}", "usd", f"A-{n}", (f"ch_{n}",), day=DAY, **more) for n in range(count)]


def test_a_thousand_sales_by_number_take_few_reads(books: Reading) -> None:
    for n in range(1000):
        if n % 2:
            books.put("SalesReceipt", form("5", DocNumber=f"A-{n}", DepositToAccountRef=INTO))
        else:
            invoice = books.put("Invoice", form("5", DocNumber=f"A-{n}"))
            books.put("Payment", payment("5", pay_line("5", "Invoice", invoice), DepositToAccountRef=INTO))
    sales = books.run(books.ledger.find_sales(references(1000)))
    # Of invoices, receipts and payments 200 at once.
    assert len(books.carried) == 5 + 3 + 3
    assert {charge_id: found(sale).number for charge_id, sale in sales.items()} == {
        f"ch_{n}": f"A-{n}" for n in range(1000)
    }
    assert all(found(sale).payments for sale in sales.values())


def test_more_than_a_page_by_stripe_id_and_each_day_once(books: Reading) -> None:
    for n in range(1100):
        books.put("SalesReceipt", form("5", PrivateNote=f"ch_{n}"))
    asked = references(1100)
    sales = books.run(books.ledger.find_sales(asked[:600]))
    assert all(found(sale).payments[0].charge_ids == (charge_id,) for charge_id, sale in sales.items())
    by_day = [text for text in books.carried if "TxnDate" in text]
    assert len([text for text in by_day if "FROM SalesReceipt" in text]) == 2
    assert len(by_day) == 4
    # Pages by position are of rows in an order.
    assert all("ORDERBY Id STARTPOSITION" in text for text in by_day)
    books.carried.clear()
    assert None not in books.run(books.ledger.find_sales(asked[600:])).values()
    assert [text for text in books.carried if "TxnDate" in text] == []
    # A day more is asked for alone.
    later = [Reference("ch_x", "usd", None, ("ch_x",), day=DAY.replace(day=7))]
    books.run(books.ledger.find_sales(later))
    assert "TxnDate >= '2026-03-17' AND TxnDate <= '2026-03-17'" in books.carried[-1]
    # The next survey begins anew.
    books.run(books.ledger.survey())
    books.carried.clear()
    books.run(books.ledger.find_sales(later))
    assert len([text for text in books.carried if "TxnDate" in text]) == 4


def test_payments_of_a_customer_are_read_once(books: Reading) -> None:
    books.write("Invoice", form("110", DocNumber="100"))
    books.write("Invoice", form("120", DocNumber="101"))
    for n in range(150):
        books.put("Payment", payment("1", PrivateNote=f"ch_{n}"))
    free = books.put("Payment", payment("110"))
    assert [p.ledger_id for p in found(books.sale(charge_id="ch_x")).payments] == [free["Id"]]
    books.carried.clear()
    assert [p.ledger_id for p in found(books.sale("101", charge_id="ch_y")).payments] == [free["Id"]]
    assert [text for text in books.carried if "FROM Payment" in text] == []
    assert books.sale("nothing", day=None) is None
    # Since an earlier day they are read again.
    early = books.put("Payment", {**payment("9"), "TxnDate": "2026-03-01"})
    sale = found(books.sale("101", charge_id="ch_y", day=DAY.replace(day=4)))
    assert [p.ledger_id for p in sale.payments] == [early["Id"], free["Id"]]
