"""A transaction as SuiteQL gives it: rows of its head, its lines, their taxes, and what it is applied to.

Every value is a text, and what is empty is missing. Signs are not relied upon: what an account shows of them differs.
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
    WITHOUT_SUBSIDIARY,
    is_true,
    moves,
    oriented,
    percent,
    quantity_of,
    read_customer,
    told_tax,
    with_taxes,
)
from connector.ledgers.netsuite_wire import RECORD_OF_TYPE, ledger_id, text_of
from connector.planning.model import Refs
from connector.planning.money import is_known

# What is open of a type, and under which name it stands.
OPEN = {
    "invoice": "foreignamountunpaid",
    "creditMemo": "foreignpaymentamountunused",
    "customerPayment": "foreignpaymentamountunused",
    "customerDeposit": "foreignpaymentamountunused",
    "depositApplication": "foreignpaymentamountunused",
}
CUSTOMER = ("entityid", "companyname", "firstname", "lastname", "altname", "isperson", "email", "comments")


def currency_of(row: Row, directory: Directory) -> str | None:
    """Lower-case; None where Stripe does not know it."""
    named = text_of(row, "currency")
    found = directory.currency_of(named) if named is not None else directory.home
    return found if found is not None and is_known(found) else None


def read_head(row: Row, directory: Directory) -> Head | None:
    """None where it stands in a currency that Stripe does not know. The total of a journal is told elsewhere."""
    record, currency = RECORD_OF_TYPE.get(str(row.get("type"))), currency_of(row, directory)
    if record is None or currency is None:
        return None
    told = {name: row.get(name) for name in CUSTOMER} | {"externalid": row.get("customerexternalid")}
    customer = read_customer(told)
    rate = text_of(row, "exchangerate")
    voided = is_true(row.get("voided"))
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
        open_minor=0 if voided else abs(minor(row.get(OPEN.get(record, "")), currency)),
        account=text_of(row, "account"),
        subsidiary=text_of(row, "subsidiary") if record not in WITHOUT_SUBSIDIARY else None,
        voided=voided,
        created_from=text_of(row, "createdfrom"),
        refs=segments_of(row),
        email=customer.email,
        stripe_customer=customer.stripe_id,
        # What was voided has posted.
        posts=voided or row.get("posting") != "F",
    )


def segments_of(row: Row) -> Refs:
    return tuple((name, found) for name in SEGMENTS if (found := text_of(row, name)) is not None)


def with_total(head: Head, moved: Mapping[str, str]) -> Head:
    """A journal with half of what its lines move, by internal id."""
    told = moved.get(head.ledger_id.rpartition("/")[2])
    if head.record != "journalEntry" or told is None:
        return head
    return replace(head, total_minor=minor(Decimal(told) * Decimal("0.5"), head.currency))


# ------------------------------------------------------------------------------------------------ lines


class FormRows:
    """The lines of one transaction, put together from rows of lines and of taxes."""

    def __init__(self, row: Row, directory: Directory) -> None:
        self.directory = directory
        self.record = RECORD_OF_TYPE.get(str(row.get("type")), "")
        self.currency = currency_of(row, directory)
        self.total = abs(minor(row.get("foreigntotal"), self.currency)) if self.currency is not None else 0
        self.rate = Decimal(text_of(row, "exchangerate") or 1)
        self.rows: dict[str, Row] = {}
        self.taxes: dict[str, list[TaxDetail]] = {}

    def add(self, row: Row) -> None:
        if not is_true(row.get("iscogs")):
            self.rows.setdefault(str(row["id"]), row)

    def add_tax(self, row: Row) -> None:
        if self.currency is not None:
            detail = TaxDetail(
                tax_type=text_of(row, "taxtype") or "",
                tax_code=text_of(row, "taxcode") or "",
                rate=percent(text_of(row, "taxrate") or "0"),
                basis_minor=minor(row.get("taxbasis"), self.currency),
                tax_minor=minor(row.get("taxamount"), self.currency),
            )
            self.taxes.setdefault(str(row["line"]), []).append(detail)

    @property
    def lines(self) -> tuple[Line, ...]:
        """Without those of nothing; net and tax of all come to the total."""
        if self.record == "depositApplication":
            return ()
        read = oriented(self.record, [self.line_of(row) for row in self.rows.values()])
        moving = [line for line in read if moves(line)]
        if self.record in FORMS:
            return tuple(with_taxes(moving, self.tax))
        if self.record == "journalEntry":
            return tuple(moving)
        return tuple(replace(line, line_id=str(at)) for at, line in enumerate(moving, start=1))

    @property
    def tax(self) -> int:
        """What of the total is no line's."""
        read = oriented(self.record, [self.line_of(row) for row in self.rows.values()])
        return self.total - abs(sum(line.net_minor for line in read))

    @property
    def adds_up(self) -> bool:
        """Whether lines and taxes are what the total is made of, as far as SuiteQL tells them; else the record itself is to
        be asked."""
        if self.currency is None:
            return False
        if self.record not in FORMS:
            return True
        details = [each for some in self.taxes.values() for each in some]
        if set(self.taxes) - set(self.rows):
            return False
        told, tax = told_tax([self.line_of(row) for row in self.rows.values()]), self.tax
        if tax == told or (not details and self.directory.tax != "suitetax" and tax >= 0):
            return True
        # Taxes may be told in the base currency; each is rounded there.
        return bool(told) and self.rate != 1 and abs(tax * self.rate - told) <= len(details) + 1

    def line_of(self, row: Row) -> Line:
        assert self.currency is not None
        line_id = str(row["id"])
        return Line(
            line_id=line_id,
            net_minor=minor(row.get("foreignamount"), self.currency),
            account=text_of(row, "account"),
            item=text_of(row, "item"),
            description=text_of(row, "memo") or "" if self.record in FORMS else "",
            quantity=quantity_of(row.get("quantity")) if row.get("item") else None,
            taxes=tuple(self.taxes.get(line_id, ())),
            refs=segments_of(row),
        )


# ------------------------------------------------------------------------------------------------ links


def link_pairs(row: Row, directory: Directory) -> Iterator[tuple[str, Link]]:
    """Of one application: for each side its ledger id and the link to the other."""
    there, here = (RECORD_OF_TYPE.get(str(row.get(name))) for name in ("previoustype", "nexttype"))
    currency = currency_of(row, directory)
    amount = abs(minor(row.get("foreignamount"), currency)) if currency is not None else 0
    if there is None or here is None or not amount:
        return
    previous, following = ledger_id(there, row["previousdoc"]), ledger_id(here, row["nextdoc"])
    yield previous, Link(following, amount)
    yield following, Link(previous, amount)
