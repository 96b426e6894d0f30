"""What a replacement had taken back of a refund when Stripe gave that up: it stays taken back, and the failure counts from
there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connector.planning.case import Books, LedgerPolicy, NotNow
from connector.planning.mirrors import exchange_beside
from connector.planning.model import Document
from connector.planning.settlement import Settlement


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A document of the refund and the exact mirror that took it back; both stand in the books."""

    document: Document
    mirror: Document


def with_fees_again(
    settlement: Settlement, taken_back: Sequence[TakenBack], unwritten: Sequence[Document]
) -> Settlement:
    """Stripe keeps its fee on the refund, whose document was taken back with the rest, or is left out with what it follows."""
    keys = {document.document_key for document in unwritten}
    left_out = [one for one in unwritten if keys.intersection(one.after)]
    lost = (*(one.document for one in taken_back), *left_out)
    fees = [document.entries[-1] for document in lost if document.kind == "fee"]
    if not fees:
        return settlement
    # Their last entry is that of clearing.
    return replace(
        settlement, fee_minor=settlement.fee_minor + sum(one.credit_minor - one.debit_minor for one in fees)
    )


def exchange_since(
    books: Books,
    ledger: LedgerPolicy,
    taken_back: Sequence[TakenBack],
    with_cash: frozenset[str],
    settlement: Settlement,
) -> list[Document]:
    """What the failure moved clearing otherwise than the mirrors of what was taken back."""
    exchanged = [one for one in taken_back if one.document.kind == "exchange"]
    cash = next((one for one in taken_back if one.document.kind in with_cash), None)
    if exchanged and cash is None:
        first = exchanged[0].document
        raise NotNow(
            "held",
            "ledger_cannot",
            f"exchange {first.number or ''} was taken back for a replacement of this refund, which Stripe gave up then: what "
            f"stands of it does not agree with clearing",
            "book in the ledger what is missing to what clearing was before the refund",
        )
    if cash is None:
        return []
    moved = sum(
        one.document.entries[-1].debit_minor - one.document.entries[-1].credit_minor for one in exchanged
    )
    rest = replace(settlement, amount_minor=settlement.amount_minor + moved)
    found = exchange_beside(books, ledger, cash.document, cash.mirror, rest)
    return [] if found is None else [found]
