"""What the connector writes into QuickBooks Online is read there as it was planned."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from quickbooks_hands import CLEARING, INCOME, RECEIVABLES, TAX
from quickbooks_reading import KEYS, Reading, reading

from connector.ledgers.contract import Claimed, Posted, Request
from connector.planning.entries import make_entries
from connector.planning.model import Document, DocumentLine, Kind

FEES, EXCHANGE = "Stripe Fees", "Exchange Gain or Loss"
Postings = list[tuple[str, int]]
ON_ACCOUNT: Postings = [(INCOME, 7000), ("Services", 3000), (TAX, 1000), (RECEIVABLES, -11000)]
OF_MONEY: Postings = [*ON_ACCOUNT[:-1], (CLEARING, -11000)]


def opposite(postings: Postings) -> Postings:
    return [(account, -amount) for account, amount in postings]


def planned(kind: Kind, postings: Postings, part: str = "") -> Document:
    """A document of customer 1; forms have a line of 70.00 with the tax, and one of 30.00."""
    form = any(account == INCOME for account, _ in postings)
    lines = (
        DocumentLine("4", "Widget", INCOME, 7000, 1000, TAX, item="Widget", tax_code="TAX"),
        DocumentLine("7-a", "Support", "Services", 3000, item="Support", tax_code="NON"),
    )
    sale = kind in ("invoice", "sales_receipt", "payment")
    return Document(
        document_key=KEYS["a"],
        ledger="main",
        kind=kind,
        part=part,
        revision=1,
        subject_id="ch_1" if sale else "re_1",
        refund_id=None if sale else "re_1",
        charge_id="ch_1",
        number="100",
        posting_date=date(2026, 3, 9),
        amount_minor=abs(postings[-1][1]),
        currency="usd",
        entries=make_entries(postings, "usd"),
        lines=lines if form else (),
        customer="Ada",
        narration="What it is",
        sale_number="100",
        refs=(("customer", "1"),),
    )


def post(books: Reading, document: Document) -> str:
    ledger = books.ledger
    claimed = Claimed(
        document.document_key,
        document.kind,
        document.number,
        document.amount_minor,
        document.currency,
        "",
        "",
        ledger.compose(document),
    )
    request = books.run(ledger.request([claimed], "attempt"))
    assert isinstance(request, Request)
    outcome = books.run(ledger.read([claimed], request, books.courier.carry(request)))[claimed.document_key]
    assert isinstance(outcome, Posted), outcome
    return outcome.ledger_id


@pytest.mark.parametrize(
    ("kind", "postings", "part"),
    [
        ("credit_memo", ON_ACCOUNT, ""),
        ("refund_receipt", OF_MONEY, ""),
        ("invoice", opposite(ON_ACCOUNT), ""),
        ("sales_receipt", opposite(OF_MONEY), ""),
        ("payment", [(RECEIVABLES, -11000), (CLEARING, 11000)], ""),
        ("credit_card_refund", [(RECEIVABLES, 11000), (CLEARING, -11000)], ""),
        ("refund_payout", [(EXCHANGE, 500), (RECEIVABLES, 10500), (CLEARING, -11000)], ""),
        ("reopen_invoice", [(EXCHANGE, -500), (RECEIVABLES, 11500), (CLEARING, -11000)], ""),
        ("fee", [(FEES, 349), (CLEARING, -349)], ""),
        ("fee", [(FEES, -349), (CLEARING, 349)], "failure"),
        ("exchange", [(EXCHANGE, 500), (CLEARING, -500)], ""),
        ("reversal", opposite(ON_ACCOUNT), "credit_memo"),
        ("reversal", opposite(OF_MONEY), "refund_receipt"),
        ("reversal", [(RECEIVABLES, -11000), (CLEARING, 11000)], "credit_card_refund"),
        ("reversal", [(RECEIVABLES, 11000), (CLEARING, -11000)], "payment"),
    ],
)
@pytest.mark.parametrize("tax", ["by_code", "automated"])
def test_a_document_is_read_as_it_was_planned(tax: Any, kind: Kind, postings: Postings, part: str) -> None:
    with reading(sales_tax=tax) as books:
        document = planned(kind, postings, part)
        ledger_id = post(books, document)
        hit = books.run(books.ledger.find_documents([ledger_id]))[ledger_id]
        assert hit.entries == document.entries
        assert (hit.document_key, hit.kind, hit.number) == (KEYS["a"], kind, "100")
        assert (hit.amount_minor, hit.currency) == (document.amount_minor, "usd")
        assert (hit.refund_id, hit.charge_id) == (document.refund_id, "ch_1")
        assert (hit.sale_number, hit.posting_date) == ("100", document.posting_date)
        # A reversal takes back a document, and no lines of the sale.
        told = [line.line_id for line in document.lines] if kind != "reversal" else []
        assert [line_id for line_id in hit.line_ids if line_id is not None] == told
        (scanned,) = books.run(books.ledger.find_refunds({"re_1": date(2026, 3, 9)})).get("re_1", [hit])
        assert (scanned.ledger_id, scanned.kind) == (ledger_id, kind)
