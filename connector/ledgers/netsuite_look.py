"""Is the effect of a document in the books? Found by its external id, many at once; a change by what it changed.

This is the read-back of a wave, and what comes before a second write of anything in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from connector.ledgers.contract import Absent, Claimed, Found, Steps
from connector.ledgers.netsuite_changes import look_at_applied, look_at_unapplied
from connector.ledgers.netsuite_customers import find_made
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_payload import Payload, settled_id
from connector.ledgers.netsuite_records import Head, Reader
from connector.ledgers.netsuite_roles import UNAPPLIED
from connector.ledgers.netsuite_wire import ref_of

Seen = dict[str, Found | Absent]
# Records whose account is that of money: an account may be set so that money in goes to Undeposited Funds, whatever is sent.
MONEY = frozenset({"customerPayment", "customerRefund", "cashSale", "cashRefund"})


def look(
    documents: Sequence[Claimed],
    payloads: Mapping[str, Payload],
    search: Reader,
    record: Reader,
    directory: Directory,
    voids: bool,
    promised: int = 0,
) -> Steps[tuple[Seen, dict[str, Head]]]:
    """By document key; and the heads that were read, by ledger id. `search` finds many at once, `record` reads what stands
    this moment; `voids`: an invoice is voided, and not taken off by a credit memo; `promised`: so much that is free of a
    payment is other refunds'."""
    seen: Seen = {one.document_key: Absent() for one in documents}
    wanted: dict[str, Claimed] = {}
    for one in documents:
        payload = payloads[one.document_key]
        if one.kind == "customer":
            made = yield from find_made(one.document_key)
            if made is not None:
                found = Found(made, one.document_key, "customer", None, None, None, 0, one.currency, date.min)
                seen[one.document_key] = found
        elif one.kind == "application":
            unapplied = partial(look_at_unapplied, promised=promised)
            at = unapplied if payload.part == UNAPPLIED else look_at_applied
            head = yield from at(one, payload, record)
            if head is not None:
                seen[one.document_key] = changed(one, head)
        elif one.kind == "void" and voids:
            invoice_id = settled_id(one, payload)
            heads = (yield from record.by_id({invoice_id})) if invoice_id is not None else {}
            if any(head.voided for head in heads.values()):
                seen[one.document_key] = changed(one, *heads.values())
        else:
            wanted[one.document_key] = one
    heads = yield from search.by_external_id({key: payloads[key].record for key in wanted})
    read = {head.ledger_id: head for head in heads.values()}
    # Of what NetSuite named the id of, that id is the last word: an index may lag behind both, and another program of the
    # account may have put an external id of its own in the place of ours.
    unseen = {one.ledger_id for key, one in wanted.items() if key not in heads and one.ledger_id is not None}
    if unseen:
        read.update((yield from record.by_id(unseen)))
    for key, one in wanted.items():
        head = heads.get(key) or read.get(one.ledger_id or "")
        if head is not None:
            seen[key] = found_as(one, head, payloads[key], directory)
        elif one.ledger_id is not None:
            seen[key] = Absent(by_id=True)
    return seen, read


def found_as(claimed: Claimed, head: Head, payload: Payload, directory: Directory) -> Found:
    """A document of ours, by its external id; the number is the refund's, whatever NetSuite made of it."""
    replaced = claimed.number is not None and head.number != claimed.number
    sent = ref_of(payload.body, "account")
    astray = head.record in MONEY and None not in (sent, head.account) and sent != head.account
    return Found(
        ledger_id=head.ledger_id,
        document_key=claimed.document_key,
        kind=claimed.kind,
        number=claimed.number,
        refund_id=next(iter(head.note.refund_ids), None),
        charge_id=next(iter(head.note.charge_ids), None),
        amount_minor=head.total_minor,
        currency=head.currency,
        posting_date=head.day,
        customer=head.customer,
        replaced_number=head.number if replaced else None,
        astray=directory.label(head.account or "") if astray else None,
        unposted=not head.posts and not head.voided,
    )


def changed(claimed: Claimed, head: Head) -> Found:
    """A record of others that shows what ours did to it."""
    return Found(
        ledger_id=head.ledger_id,
        document_key=claimed.document_key,
        kind=claimed.kind,
        number=claimed.number,
        refund_id=None,
        charge_id=None,
        amount_minor=claimed.amount_minor,
        currency=claimed.currency,
        posting_date=head.day,
        customer=head.customer,
    )
