"""The documents of a refund that has been decided: their debits and credits, numbers and order."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.accounts import clearing_of, exchange_of, receivable_of
from connector.planning.case import Books, LedgerPolicy, NotNow, RefundCase
from connector.planning.entries import Posting, income_postings, make_entries
from connector.planning.evidence import evidence_of
from connector.planning.fees import fee_document
from connector.planning.model import (
    CASH_LEGS,
    Document,
    DocumentLine,
    Kind,
    RefundType,
    Sale,
    SaleLine,
    SalePayment,
)
from connector.planning.refund_sale import sale_lines_of
from connector.planning.refunded_lines import refund_lines
from connector.planning.settlement import Settlement
from connector.planning.shares import Share
from connector.planning.values import value

# What the decisions need of planning a refund stands here, whichever module it lives in.
__all__ = ["Draft", "build_documents", "evidence_of", "sale_lines_of", "start_draft"]


@value(frozen=True, slots=True)
class Draft:
    """What all documents of one refund share; `amount_minor` is what it took from the Stripe balance."""

    case: RefundCase
    books: Books
    ledger: LedgerPolicy
    sale: Sale
    settlement: Settlement
    number: str
    clearing: str
    amount_minor: int
    rule: str | None
    warnings: tuple[str, ...]

    @property
    def charge_id(self) -> str | None:
        return self.case.charge.charge.charge_id if self.case.charge else self.case.refund.charge_id

    @property
    def sale_keys(self) -> tuple[str, ...]:
        """The keys of a sale that the connector posts; refunds go after it."""
        if not self.sale.ours:
            return ()
        return tuple(dict.fromkeys((self.sale.ledger_id, *(p.ledger_id for p in self.sale.payments))))

    def receivable(self) -> str:
        return receivable_of(self.ledger, self.settlement.currency)

    def document(
        self,
        kind: Kind,
        narration: str,
        postings: Sequence[Posting],
        lines: tuple[DocumentLine, ...] = (),
        after: tuple[str, ...] = (),
        part: str = "",
        settlement: Settlement | None = None,
    ) -> Document:
        """A document of this refund; its amount is that of its last posting."""
        refund = self.case.refund
        reason = f" ({refund.reason.replace('_', ' ')})" if refund.reason else ""
        when = settlement or self.settlement
        return Document(
            document_key=self.ledger.key(self.books, refund.refund_id, kind, revision=self.case.revision),
            ledger=self.ledger.name,
            kind=kind,
            part=part,
            revision=self.case.revision,
            subject_id=refund.refund_id,
            refund_id=refund.refund_id,
            charge_id=self.charge_id,
            number=self.number,
            posting_date=when.posting_date,
            amount_minor=abs(postings[-1][1]),
            currency=when.currency,
            entries=make_entries(postings, when.currency),
            lines=lines,
            customer=self.sale.customer,
            narration=when.tell(narration + reason),
            sale_number=self.sale.number,
            sale_ledger_id=self.sale.ledger_id,
            after=after,
            rule=self.rule,
            warnings=self.warnings,
        )

    def fee(self, documents: Sequence[Document]) -> list[Document]:
        """The refund's fee after its last document: a refund that is not posted has no fee in the books either."""
        if not self.ledger.fees or not self.settlement.fee_minor:
            return []
        refund_id = self.case.refund.refund_id
        return [
            fee_document(
                self.ledger,
                self.books,
                refund_id,
                refund_id,
                self.charge_id,
                self.number,
                self.settlement,
                self.sale.customer,
                "refund",
                self.case.revision,
                tuple(d.document_key for d in documents[-1:]),
            )
        ]


def start_draft(
    case: RefundCase,
    books: Books,
    ledger: LedgerPolicy,
    sale: Sale,
    settlement: Settlement,
    rule: str | None,
    warnings: tuple[str, ...],
) -> Draft:
    """Raises `NotNow` number_too_long and account_not_mapped."""
    number = number_of(case, ledger)
    clearing = clearing_of(ledger, settlement.currency)
    amount = -settlement.amount_minor
    return Draft(case, books, ledger, sale, settlement, number, clearing, amount, rule, warnings)


def number_of(case: RefundCase, ledger: LedgerPolicy) -> str:
    assert case.number is not None, "the planner gives every refund of a sale a number before its documents"
    number = case.number[1]
    limit = ledger.capabilities.number_length
    if limit is not None and len(number) > limit:
        raise NotNow(
            "held",
            "number_too_long",
            f"the number {number} has {len(number)} characters; this ledger takes {limit}",
            "pick a shorter number with sale_number or refunds.numbering",
        )
    return number


def build_documents(
    draft: Draft,
    types: Sequence[RefundType],
    lines: Sequence[SaleLine],
    shares: Sequence[Share],
    payment: SalePayment | None,
    pays_credit: bool = False,
) -> tuple[Document, ...]:
    """The documents of these types, income leg before cash leg, and the refund's fee where fees are kept.

    The sale's rate is that of `shares`; what the refund settled for beyond it is exchange, on the income leg where
    there is one. `pays_credit`: a cash leg alone pays out a credit memo that stands in the books already.
    """
    home = sum(share.home_net_minor + share.home_tax_minor for share in shares)
    exchange_minor = draft.amount_minor - home
    of = f"of {draft.sale.form.replace('_', ' ')} {draft.sale.number}"
    documents: list[Document] = []
    for kind in types:
        after = tuple(d.document_key for d in documents) or draft.sale_keys
        if kind in CASH_LEGS:
            alone = not documents and not pays_credit
            narration = f"Refund {draft.number} paid out"
            postings = cash_postings(draft, payment, exchange_minor) if alone else pay_out(draft)
            documents.append(draft.document(kind, narration, postings, after=after))
        elif kind == "reopen_invoice":
            postings = take_payment_off(draft, draft.receivable(), exchange_minor)
            documents.append(draft.document(kind, f"Payment {of} taken back", postings, after=after))
        else:
            taken = refund_lines(draft.ledger, draft.sale, lines, shares)
            credit = draft.receivable() if kind == "credit_memo" else draft.clearing
            title = "Credit memo" if kind == "credit_memo" else "Refund"
            exchange = exchange_of(draft.ledger, exchange_minor)
            postings = [
                *income_postings(taken, 1),
                (exchange, exchange_minor),
                (credit, -draft.amount_minor),
            ]
            narration = f"{title} {draft.number} {of}"
            documents.append(draft.document(kind, narration, postings, taken, after))
    return (*documents, *draft.fee(documents))


def pay_out(draft: Draft) -> list[Posting]:
    """Dr receivable / Cr clearing: a credit memo paid out."""
    return [(draft.receivable(), draft.amount_minor), (draft.clearing, -draft.amount_minor)]


def cash_postings(draft: Draft, payment: SalePayment | None, exchange_minor: int) -> list[Posting]:
    """A lone payment paid back: Dr the account that holds the credit / Cr clearing; income and tax untouched."""
    holder = payment.credit_account if payment else None
    return take_payment_off(draft, holder or draft.receivable(), exchange_minor)


def take_payment_off(draft: Draft, holder: str, exchange_minor: int) -> list[Posting]:
    """Dr what held the payment at the sale's rate, and exchange / Cr clearing."""
    return [
        (exchange_of(draft.ledger, exchange_minor), exchange_minor),
        (holder, draft.amount_minor - exchange_minor),
        (draft.clearing, -draft.amount_minor),
    ]
