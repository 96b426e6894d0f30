"""Documents, sales and shares as compact JSON text, and back.

Positional lists: hundreds of thousands are written and read. New fields go at the end, with a default.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple

from connector.planning.allocation import Share
from connector.planning.model import (
    Document,
    DocumentLine,
    Entry,
    Refs,
    Sale,
    SaleLine,
    SalePayment,
    Settles,
)

# One encoder for all: json.dumps with arguments builds a new one at every call.
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

_raw_decode = json.JSONDecoder().raw_decode


def decode_json(text: str) -> Any:
    """Text of our own: nothing follows the value, and to look for blanks around it would cost as much as to read it."""
    return _raw_decode(text)[0]


def encode_document(d: Document) -> str:
    """Round-trips through `decode_document`; all entries of a document are in one currency."""
    return encode_json(
        [
            d.document_key,
            d.ledger,
            d.kind,
            d.part,
            d.revision,
            d.subject_id,
            d.refund_id,
            d.charge_id,
            d.number,
            d.posting_date.isoformat(),
            d.amount_minor,
            d.currency,
            [[e.account, e.debit_minor - e.credit_minor] for e in d.entries],
            [
                [
                    line.line_id,
                    line.description,
                    line.account,
                    line.net_minor,
                    line.tax_minor,
                    line.tax_account,
                    line.sku,
                    line.item,
                    line.quantity,
                    line.tax_code,
                    *([line.refs] if line.refs else ()),
                ]
                for line in d.lines
            ],
            d.customer,
            d.narration,
            d.sale_number,
            d.sale_ledger_id,
            d.reverses,
            d.after,
            d.rule,
            d.warnings,
            d.home_minor,
            None if d.home_minor is None else d.entry_currency,
            *([d.refs, encode_settles(d.settles)] if d.refs or d.settles or d.voids else ()),
            *([True] if d.voids else ()),
        ]
    )


def encode_settles(settles: Settles | None) -> list[str | None] | None:
    return None if settles is None else [settles.kind, settles.document_key, settles.ledger_id]


class Shown(NamedTuple):
    """What a list of documents shows of the stored text: `currency` is that of the entries, an entry is (account, signed
    minor units, debit above zero); `part` and `voids` as in `Document`."""

    currency: str
    entries: list[tuple[str, int]]
    rule: str | None
    warnings: list[str]
    part: str
    voids: bool


def decode_shown(text: str) -> Shown:
    """Without making the document: lists are long."""
    v: list[Any] = decode_json(text)
    currency = v[23] if len(v) > 23 and v[23] else v[11]
    return Shown(currency, v[12], v[20], v[21], v[3], len(v) > 26)


def decode_document(text: str) -> Document:
    v: list[Any] = decode_json(text)
    home_minor, home_currency = v[22:24] or (None, None)
    refs, settles = v[24:26] or ((), None)
    currency = home_currency or v[11]
    entries = tuple(
        Entry(account, signed, 0, currency) if signed > 0 else Entry(account, 0, -signed, currency)
        for account, signed in v[12]
    )
    day, lines = date.fromisoformat(v[9]), tuple(DocumentLine(*with_refs(line, 10)) for line in v[13])
    values = [
        *v[:9],
        day,
        v[10],
        v[11],
        entries,
        lines,
        *v[14:19],
        tuple(v[19]),
        v[20],
        tuple(v[21]),
        home_minor,
        pairs(refs),
        Settles(*settles) if settles else None,
        len(v) > 26,
    ]
    return Document(*values)


def with_refs(line: list[Any], place: int) -> list[Any]:
    """A line whose references, where it has any, are pairs again."""
    return line if len(line) <= place else [*line[:place], pairs(line[place])]


def pairs(refs: Any) -> Refs:
    return tuple((name, value) for name, value in refs)


def encode_shares(shares: tuple[Share, ...]) -> str:
    return encode_json(
        [
            [s.line_id, s.net_minor, s.tax_minor, s.home_net_minor, s.home_tax_minor, s.quantity]
            for s in shares
        ]
    )


def decode_shares(text: str) -> tuple[Share, ...]:
    return tuple(Share(*values) for values in decode_json(text))


def encode_sale(sale: Sale) -> str:
    """A sale that the connector posts; what others booked against it is not kept here."""
    return encode_json(
        [
            sale.form,
            sale.ledger_id,
            sale.number,
            sale.currency,
            sale.charge_currency,
            sale.posting_date.isoformat(),
            sale.total_minor,
            sale.balance_minor,
            [
                [
                    line.line_id,
                    line.description,
                    line.net_minor,
                    line.tax_minor,
                    line.home_net_minor,
                    line.home_tax_minor,
                    line.account,
                    line.tax_account,
                    line.sku,
                    line.item,
                    line.quantity,
                    line.tax_code,
                    *([line.stock, line.refs] if line.stock or line.refs else ()),
                ]
                for line in sale.lines
            ],
            [
                [
                    p.ledger_id,
                    p.amount_minor,
                    p.currency,
                    p.posting_date.isoformat(),
                    p.charge_ids,
                    p.account,
                    p.applied,
                    p.credit_account,
                ]
                for p in sale.payments
            ],
            sale.customer,
            sale.customer_id,
            *([sale.refs] if sale.refs else ()),
        ]
    )


def decode_sale(text: str) -> Sale:
    v: list[Any] = decode_json(text)
    day, lines = date.fromisoformat(v[5]), tuple(SaleLine(*with_refs(line, 13)) for line in v[8])
    payments = tuple(
        SalePayment(p[0], p[1], p[2], date.fromisoformat(p[3]), tuple(p[4]), p[5], p[6], p[7]) for p in v[9]
    )
    form, ledger_id, number, currency, charge_currency, _, total, balance, _, _, customer, customer_id = v[
        :12
    ]
    return Sale(
        form,
        ledger_id,
        number,
        currency,
        charge_currency,
        day,
        total,
        balance,
        lines,
        payments,
        customer,
        customer_id,
        ours=True,
        refs=pairs(v[12]) if len(v) > 12 else (),
    )


def encode_list(values: tuple[str, ...]) -> str | None:
    return encode_json(values) if values else None


def decode_list(text: str | None) -> list[str]:
    values: list[str] = decode_json(text) if text else []
    return values
