"""Documents of a refund that are known from the books only: those that others wrote, and our own of a lost state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from connector.ledgers.contract import Courier, Found, Ledger, run_steps
from connector.planning.case import Books, LedgerPolicy, Plan
from connector.planning.keys import document_key, part_key
from connector.planning.model import REFUND_TYPES, Document, Kind, Sale
from connector.planning.sentences import resolve_command, resync_command
from connector.store.codec import encode_document


def adopted_row(name: str, run_id: str, row: Any, hit: Found, place: int) -> dict[str, Any]:
    """A document that others wrote, under a key made of the refund's so that `list documents` can show it."""
    kind = kind_shown(hit)
    shown = Document(
        document_key=adopted_key(row.subject_id, name, hit.ledger_id),
        ledger=name,
        kind=kind,
        part="adopted",
        revision=1,
        subject_id=row.subject_id,
        refund_id=row.subject_id,
        charge_id=row.charge_id,
        number=hit.number,
        posting_date=hit.posting_date,
        amount_minor=hit.amount_minor,
        currency=hit.currency,
        entries=(),
        customer=hit.customer,
    )
    return {
        "document_key": shown.document_key,
        "ledger": name,
        "subject_id": row.subject_id,
        "refund_id": row.subject_id,
        "charge_id": row.charge_id,
        "kind": kind,
        "revision": 1,
        "depth": place,
        "number": hit.number,
        "amount_minor": hit.amount_minor,
        "currency": hit.currency,
        "posting_date": hit.posting_date.isoformat(),
        "state": "adopted",
        "ledger_id": hit.ledger_id,
        "batch_group": "",
        "after_keys": "",
        "touched_run": run_id,
        "content": encode_document(shown),
        "payload": "",
    }


def kind_shown(hit: Found) -> Kind:
    """What others call it, if that is a refund type; else by what it moves."""
    for kind in REFUND_TYPES:
        if hit.kind == kind:
            return kind
    if hit.income_minor:
        return "refund_receipt" if hit.cash_minor else "credit_memo"
    return "refund_payout"


def adopted_key(subject_id: str, ledger: str, ledger_id: str) -> str:
    return document_key("adopted", ledger, ledger_id, subject_id, "adopted")


KINDS: tuple[Kind, ...] = (*REFUND_TYPES, "fee", "exchange", "application", "reversal")


def as_they_stand(plan: Plan, hits: Sequence[Found]) -> Plan:
    """The plan with the entries that its documents have in the books: a mapping or a sale may have changed since. One that
    shows another total there is a part of the document, which has a further write for the rest."""
    read = {hit.document_key: hit for hit in hits if hit.entries}
    documents = tuple(
        replace(d, entries=read[d.document_key].entries)
        if d.document_key in read and read[d.document_key].amount_minor == d.amount_minor
        else d
        for d in plan.documents
    )
    return replace(plan, documents=documents) if read else plan


def take_up_found(
    ledger: Ledger,
    courier: Courier,
    name: str,
    row: Any,
    plan: Plan,
    hits: Sequence[Found],
    sale: Sale | None = None,
) -> Plan:
    """The plan, with those of our documents in the books that it does not make again. `sale` is what they are against.

    After a lost state settings, rules or the sale may be others than they were when the refund was posted: what stands
    in the books stands, whatever planning says now.
    """
    planned = {one.document_key for d in plan.documents for one in ledger.expand(d)}
    missing = [hit.ledger_id for hit in hits if hit.document_key not in planned]
    if not missing:
        return plan
    read = run_steps(ledger.find_documents(missing), courier)
    more = tuple(d for hit in read.values() for d in document_found(name, row, hit, sale))
    documents = (*plan.documents, *more)
    # A payment that is off its invoice, or was made again in part, books nothing of the refund.
    if all(d.kind == "application" for d in documents):
        return plan
    back = any(d.kind == "reversal" for d in documents)
    if plan.documents:
        return replace(plan, documents=documents, outcome="reversed" if back else plan.outcome)
    head = next((d for d in more if d.kind != "reversal"), more[0])
    return Plan(
        "reversed" if back else "posted",
        facts=plan.facts,
        documents=documents,
        sale_number=head.sale_number,
        number=head.number,
    )


def broken_off(row: Any, plan: Plan, hits: Sequence[Found]) -> Plan:
    """Held: what stands in the books of a refund that lives is taken back there, for a replacement that the state knew of
    which was lost. Nothing is written to it."""
    found = {hit.document_key for hit in hits}
    return replace(
        plan,
        documents=tuple(d for d in plan.documents if d.document_key in found),
        outcome="held",
        reason="ledger_cannot",
        sentence="its replacement was broken off before the state was lost: what stood in the books is taken back there, all "
        "of it or some",
        action=f"post it anew: {resync_command(row.subject_id)} --replace",
    )


def half_taken_back(books: Books, policy: LedgerPolicy, row: Any, hits: Sequence[Found]) -> Plan | None:
    """Held where a void is taken back by halves in the books: the invoice stands again, its payment does not, and the
    void itself, which bears no key, does not tell any more what it was."""
    keys = {hit.document_key for hit in hits}
    for part in ("void", "credit_memo"):
        whole = policy.key(books, row.subject_id, "reversal", part, row.revision)
        invoice = part_key(policy.name, whole, "voided_invoice")
        if invoice in keys and whole not in keys:
            (hit,) = (one for one in hits if one.document_key == invoice)
            skip = resolve_command(row.subject_id, policy.name, "--skip")
            return Plan(
                "held",
                "ledger_cannot",
                f"the void of this failed refund was taken back by halves before the state was lost: invoice "
                f"{hit.number or hit.ledger_id} stands, its payment into clearing does not",
                f"book the payment in the ledger, then: {skip}",
            )
    return None


def document_found(name: str, row: Any, hit: Found, sale: Sale | None) -> list[Document]:
    """A document of ours as the books show it; none where they do not say what it is. What takes it back later leaves
    nothing open against the sale that it names, so that is told as far as it is a document of others."""
    kind = next((kind for kind in KINDS if kind == hit.kind), None)
    if kind is None or hit.document_key is None:
        return []
    # Of a document in the charge's currency the entries tell what it is worth in the books.
    foreign = bool(hit.entries) and hit.entries[0].currency != hit.currency
    worth = hit.entries[-1].debit_minor + hit.entries[-1].credit_minor if foreign else None
    named = sale is not None and not sale.ours and sale.number == hit.sale_number
    return [
        Document(
            document_key=hit.document_key,
            ledger=name,
            kind=kind,
            part="refund" if kind == "fee" else "",
            revision=row.revision,
            subject_id=row.subject_id,
            refund_id=hit.refund_id,
            charge_id=hit.charge_id,
            number=hit.number,
            posting_date=hit.posting_date,
            amount_minor=hit.amount_minor,
            currency=hit.currency,
            entries=hit.entries,
            customer=hit.customer,
            sale_number=hit.sale_number,
            sale_ledger_id=sale.ledger_id if sale is not None and named else None,
            home_minor=worth,
        )
    ]
