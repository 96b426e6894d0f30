"""What every row of a transaction says, whichever way it was read: its customer, the lines' signs, the taxes on them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_records import Line, TaxDetail
from connector.ledgers.netsuite_wire import text_of
from connector.ledgers.sale_search import STRIPE_CUSTOMER
from connector.planning.shares import share_out
from connector.planning.values import value

SEGMENTS = ("department", "class", "location")
# Their other side than the main line is a credit, or a debit.
SELLING = frozenset({"invoice", "cashSale", "customerPayment", "customerDeposit"})
TAKING_BACK = frozenset({"creditMemo", "cashRefund", "customerRefund"})
# Of these it is not told everywhere, and never asked.
WITHOUT_SUBSIDIARY = frozenset({"journalEntry", "depositApplication"})
FORMS = frozenset({"invoice", "cashSale", "creditMemo", "cashRefund"})


@value(frozen=True, slots=True)
class Customer:
    """Who a transaction is of; `stripe_id` where the customer bears one."""

    name: str | None = None
    email: str | None = None
    stripe_id: str | None = None


def read_customer(row: Mapping[str, Any]) -> Customer:
    """Of a customer's row, with names in small letters or as the record has them."""
    told = {name.lower(): found for name, found in row.items()}
    ids = f"{told.get('externalid') or ''} {told.get('comments') or ''}"
    stripe = STRIPE_CUSTOMER.search(ids)
    return Customer(name_of(told), text_of(told, "email"), stripe[0] if stripe else None)


def name_of(told: Row) -> str | None:
    """The plain name: a person's own, else the company's; the entity's id, which may be a number, where there is none."""
    person = " ".join(filter(None, (text_of(told, "firstname"), text_of(told, "lastname")))) or None
    company = text_of(told, "companyname")
    names = (person, company) if is_true(told.get("isperson")) else (company, person)
    return next((one for one in (*names, text_of(told, "altname"), text_of(told, "entityid")) if one), None)


def is_true(told: object) -> bool:
    """SuiteQL says 'T', a record true."""
    return told is True or told in ("T", "true")


def quantity_of(told: object) -> str | None:
    """How many, without a sign."""
    if told in (None, ""):
        return None
    number = abs(Decimal(str(told)))
    return plain(number) if number else None


def plain(number: Decimal) -> str:
    """A number without an exponent, and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(text: str) -> Decimal:
    """A rate that SuiteQL tells as a fraction."""
    return Decimal(re.sub(r"^\.", "0.", text)) * 100


# ------------------------------------------------------------------------------------------------ signs


def oriented(record: str, lines: Sequence[Line]) -> list[Line]:
    """Debits above zero: what an account shows of signs on credit memos and refunds differs."""
    whole = sum(line.net_minor for line in lines)
    wrong = (record in SELLING and whole > 0) or (record in TAKING_BACK and whole < 0)
    return [replace(line, net_minor=-line.net_minor) for line in lines] if wrong else list(lines)


def with_taxes(lines: Sequence[Line], tax_minor: int) -> list[Line]:
    """Lines whose taxes come to this much: above zero where they are charged or given back with the rest. What SuiteQL
    tells of them may have another sign, or be in the base currency."""
    told = [tax.tax_minor for line in lines for tax in line.taxes]
    sign = -1 if sum(told) * tax_minor < 0 else 1
    amounts = [sign * one for one in told]
    if sum(amounts) != tax_minor:
        amounts = share_out(tax_minor, amounts) if sum(amounts) > 0 else amounts
    left = iter(amounts)
    return [replace(line, taxes=tuple(turned(tax, next(left), sign) for tax in line.taxes)) for line in lines]


def turned(tax: TaxDetail, tax_minor: int, sign: int) -> TaxDetail:
    return replace(tax, tax_minor=tax_minor, basis_minor=sign * tax.basis_minor)


def moves(line: Line) -> bool:
    """Whether a line is of more than nothing."""
    return bool(line.net_minor) or any(tax.tax_minor for tax in line.taxes)


def told_tax(lines: Iterable[Line]) -> int:
    return abs(sum(tax.tax_minor for line in lines for tax in line.taxes))
