"""Transactions as SuiteQL gives them: heads, lines with their taxes, and what is applied to what.

Every value is a text, names of columns are in small letters, and amounts of credit memos and refunds may be below zero.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connector.ledgers.json_wire import Row, minor
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_records import Head, Line, Link, TaxDetail
from connector.ledgers.netsuite_rows import (
    FORMS,
    SEGMENTS,
    is_true,
    oriented,
    percent,
    quantity_of,
    read_customer,
    told_tax,
    with_taxes,
)
from connector.ledgers.netsuite_wire import RECORD_OF_TYPE, ledger_id, split_id, text_of
from connector.planning.model import Refs
from connector.planning.money import is_known


def read_head(row: Row, directory: Directory) -> Head | None:
    """None where it stands in a currency that Stripe does not know."""
    record = RECORD_OF_TYPE.get(str(row.get("type")))
    currency = currency_of(row, directory)
    if record is None or currency is None:
        return None
    customer = read_customer(row)
    rate = text_of(row, "exchangerate")
    voided = is_true(row.get("voided"))
    unused = "foreignamountunpaid" if record == "invoice" else "foreignpaymentamountunused"
    return Head(
        ledger_id=ledger_id(record, row["id"]),
        record=record,
        external_id=text_of(row, "externalid"),
        number=text_of(row, "tranid"),
        day=date.fromisoformat(str(row["trandate"])[:10]),
        memo=text_of(row, "memo") or "",
        other_reference=text_of(row, "otherrefnum"),
        customer_id=text_of(row, "entity"),
        customer=customer.name or text_of(row, "entityname"),
        currency=currency,
        rate=Decimal(rate) if rate is not None else None,
        total_minor=abs(minor(row.get("foreigntotal"), currency)),
        open_minor=0 if voided else abs(minor(row.get(unused), currency)),
        account=text_of(row, "account"),
        subsidiary=text_of(row, "subsidiary"),
        voided=voided,
        created_from=text_of(row, "createdfrom"),
        refs=segments_of(row),
        email=customer.email,
        stripe_customer=customer.stripe_id,
        posts=row.get("posting") in (None, "") or is_true(row.get("posting")),
    )


def currency_of(row: Row, directory: Directory) -> str | None:
    named = text_of(row, "currency")
    found = directory.currency_of(named) if named is not None else directory.home
    return found if found is not None and is_known(found) else None


def segments_of(row: Row) -> Refs:
    return tuple((name, found) for name in SEGMENTS if (found := text_of(row, name)) is not None)


def with_total(head: Head, moved: Mapping[str, str]) -> Head:
    """A journal has no total of its own: half of what its lines move on either side."""
    told = moved.get(split_id(head.ledger_id)[1]) if head.record == "journalEntry" else None
    return head if told is None else replace(head, total_minor=minor(told, head.currency) // 2)


def link_pairs(row: Row, directory: Directory) -> Iterator[tuple[str, Link]]:
    """Both sides of an application: the ledger id of the one, and the link to the other."""
    sides = [
        ledger_id(RECORD_OF_TYPE[str(row[kind])], row[doc])
        for kind, doc in (("previoustype", "previousdoc"), ("nexttype", "nextdoc"))
        if str(row.get(kind)) in RECORD_OF_TYPE
    ]
    currency = currency_of(row, directory)
    if len(sides) < 2 or currency is None:
        return
    amount = abs(minor(row.get("foreignamount"), currency))
    if amount:
        yield sides[1], Link(sides[0], amount)
        yield sides[0], Link(sides[1], amount)


class FormRows:
    """The lines of one transaction, as they are read."""

    def __init__(self, row: Row, directory: Directory) -> None:
        self.record = RECORD_OF_TYPE[str(row["type"])]
        self.currency = currency_of(row, directory) or directory.home
        self.total = abs(minor(row.get("foreigntotal"), self.currency))
        self.read: dict[str, Line] = {}

    def add(self, row: Row) -> None:
        """A line; what it cost to have what is sold moves nothing here."""
        if is_true(row.get("iscogs")):
            return
        one = Line(
            line_id=str(row["id"]),
            net_minor=minor(row.get("foreignamount"), self.currency),
            account=text_of(row, "account"),
            item=text_of(row, "item"),
            description=text_of(row, "memo") or "",
            quantity=quantity_of(row.get("quantity")),
            refs=segments_of(row),
        )
        if one.net_minor or one.item is not None:
            self.read[one.line_id] = one

    def add_tax(self, row: Row) -> None:
        line = self.read.get(str(row.get("line")))
        if line is None:
            return
        tax = TaxDetail(
            tax_type=str(row["taxtype"]),
            tax_code=str(row["taxcode"]),
            rate=percent(str(row.get("taxrate") or 0)),
            basis_minor=minor(row.get("taxbasis"), self.currency),
            tax_minor=minor(row.get("taxamount"), self.currency),
        )
        self.read[line.line_id] = replace(line, taxes=(*line.taxes, tax))

    @property
    def tax_minor(self) -> int:
        """What of the total is tax: what the lines do not come to."""
        net = sum(line.net_minor for line in self.read.values())
        return self.total - abs(net)

    @property
    def adds_up(self) -> bool:
        """Whether lines and taxes come to the total; what only the record itself tells may be missing."""
        if self.record not in FORMS:
            return True
        return self.tax_minor == told_tax(self.read.values())

    @property
    def lines(self) -> tuple[Line, ...]:
        turned = oriented(self.record, [line for line in self.read.values() if line.net_minor or line.taxes])
        if self.record not in FORMS:
            return tuple(turned)
        return tuple(with_taxes(turned, self.tax_minor))
