"""The documents of a refund that has been decided: their debits and credits, numbers and order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from connector.ledgers.contract import Found
from connector.planning.accounts import clearing_of, exchange_line_of, exchange_of, receivable_of
from connector.planning.buyers import method_ref
from connector.planning.case import Books, LedgerPolicy, NotNow, RefundCase
from connector.planning.currencies import is_foreign
from connector.planning.entries import Posting, income_postings, make_entries
from connector.planning.evidence import evidence_of
from connector.planning.fees import fee_document
from connector.planning.model import (
    CASH_LEGS,
    NEW_CUSTOMER,
    Document,
    DocumentLine,
    Kind,
    Refs,
    RefundType,
    Sale,
    SaleLine,
    SalePayment,
    Settles,
)
from connector.planning.paid_lines import sale_lines_of
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
    def foreign(self) -> bool:
        """Whether the documents stand in the charge's currency, at a rate."""
        return is_foreign(self.sale, self.settlement)

    def is_at_rate(self, kind: Kind) -> bool:
        """Whether a document of this kind stands in the charge's currency, at a rate."""
        in_clearing = kind == "exchange" or (
            kind == "refund_receipt" and self.ledger.capabilities.receipts_in_clearing_currency
        )
        return self.foreign and not in_clearing

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
        return receivable_of(self.ledger, self.sale.currency, self.sale.refs)

    def document(
        self,
        kind: Kind,
        narration: str,
        postings: Sequence[Posting],
        lines: tuple[DocumentLine, ...] = (),
        after: tuple[str, ...] = (),
        part: str = "",
        settlement: Settlement | None = None,
        amount_minor: int | None = None,
        settles: Settles | None = None,
    ) -> Document:
        """A document of this refund; its amount is that of its last posting, or in the charge's currency the
        refund's own unless `amount_minor` is given."""
        refund = self.case.refund
        reason = f" ({refund.reason.replace('_', ' ')})" if refund.reason else ""
        when = settlement or self.settlement
        last = abs(postings[-1][1])
        foreign = self.is_at_rate(kind)
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
            amount_minor=(refund.amount_minor if amount_minor is None else amount_minor) if foreign else last,
            currency=self.sale.currency if foreign else when.currency,
            entries=make_entries(postings, self.settlement.currency),
            lines=lines,
            customer=self.sale.customer,
            narration=when.tell(narration + reason),
            sale_number=self.sale.number,
            sale_ledger_id=self.sale.ledger_id,
            after=follow(after, self.sale.refs, settles),
            rule=self.rule,
            warnings=self.warnings,
            home_minor=last if foreign else None,
            refs=(*self.sale.refs, *method_ref(self.ledger, self.case.charge)),
            settles=settles,
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
                self.sale.refs,
            )
        ]


def follow(after: Sequence[str], refs: Refs, settles: Settles | None) -> tuple[str, ...]:
    """`after`, and the other documents of ours without which this one cannot be written: the customer, and what it is
    settled against."""
    made = [key for name, key in refs if name == NEW_CUSTOMER]
    named = [settles.document_key] if settles is not None and settles.document_key is not None else []
    return tuple(dict.fromkeys((*after, *named, *made)))


def open_item(sale: Sale, kind: str, ledger_id: str) -> Settles:
    """A document of the sale that others are settled against; of a sale of ours its key stands for it."""
    return Settles(kind, document_key=ledger_id) if sale.ours else Settles(kind, ledger_id=ledger_id)


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
    credit: Found | None = None,
    applied: bool = False,
    paid_out: Found | None = None,
) -> tuple[Document, ...]:
    """The documents of these types, income leg before cash leg, and the refund's fee where fees are kept.

    The sale's rate is that of `shares`; what the refund settled for beyond it is exchange. `credit` is the credit memo
    in the books that a cash leg alone pays out; `applied`: a memo alone takes the refund off the open invoice;
    `paid_out` is what others booked as its cash leg.
    """
    home = sum(share.home_net_minor + share.home_tax_minor for share in shares)
    exchange_minor = draft.amount_minor - home
    of = f"of {draft.sale.form.replace('_', ' ')} {draft.sale.number}"
    documents: list[Document] = []
    for kind in types:
        after = tuple(d.document_key for d in documents) or draft.sale_keys
        if kind in CASH_LEGS:
            alone = not documents and credit is None
            against = None
            if documents:
                against = Settles("credit_memo", document_key=documents[0].document_key)
            elif credit is not None:
                against = Settles(credit.kind or "credit_memo", ledger_id=credit.ledger_id)
            elif payment is not None:
                against = open_item(draft.sale, "payment", payment.ledger_id)
            holder = (payment.credit_account if payment and alone else None) or draft.receivable()
            # A memo in the balance's currency has taken the exchange already; one at the sale's rate has not.
            rest = exchange_minor if alone or draft.foreign else 0
            postings = take_payment_off(draft, holder, rest)
            words = f"Refund {draft.number} paid out"
            documents.append(draft.document(kind, words, postings, after=after, settles=against))
        elif kind == "reopen_invoice":
            postings = take_payment_off(draft, draft.receivable(), exchange_minor)
            against = open_item(draft.sale, "payment", payment.ledger_id) if payment is not None else None
            words = f"Payment {of} taken back"
            documents.append(draft.document(kind, words, postings, after=after, settles=against))
        else:
            taken = refund_lines(draft.ledger, draft.sale, lines, shares)
            against = open_item(draft.sale, "invoice", draft.sale.ledger_id) if applied else None
            if paid_out is not None:
                against = Settles("refund_payout", ledger_id=paid_out.ledger_id)
            documents += income_leg(draft, kind, of, taken, shares, exchange_minor, after, against)
    return (*documents, *draft.fee(documents))


def income_leg(
    draft: Draft,
    kind: RefundType,
    of: str,
    taken: tuple[DocumentLine, ...],
    shares: Sequence[Share],
    exchange_minor: int,
    after: tuple[str, ...],
    settles: Settles | None,
) -> list[Document]:
    """Dr income, tax / Cr receivable or clearing.

    In the balance's currency exchange is a line of it. In the charge's currency it stands at the sale's rate: a memo's
    cash leg bears the exchange, a receipt is followed by a document that moves the rest of clearing.
    """
    credit = draft.receivable() if kind == "credit_memo" else draft.clearing
    narration = f"{'Credit memo' if kind == 'credit_memo' else 'Refund'} {draft.number} {of}"
    income = income_postings(taken, 1)
    if not draft.is_at_rate(kind):
        exchange = (exchange_line_of(draft.ledger, exchange_minor), exchange_minor)
        postings = [*income, exchange, (credit, -draft.amount_minor)]
        return [draft.document(kind, narration, postings, taken, after, settles=settles)]
    postings = [*income, (credit, exchange_minor - draft.amount_minor)]
    leg = draft.document(kind, narration, postings, in_charge_currency(taken, shares), after, settles=settles)
    if kind == "credit_memo" or not exchange_minor:
        return [leg]
    moved = [(exchange_of(draft.ledger, exchange_minor), exchange_minor), (draft.clearing, -exchange_minor)]
    words = f"Exchange on refund {draft.number}"
    return [leg, draft.document("exchange", words, moved, after=(leg.document_key,))]


def in_charge_currency(taken: Sequence[DocumentLine], shares: Iterable[Share]) -> tuple[DocumentLine, ...]:
    """The lines with what the refund takes of them as it was charged."""
    charged = {share.line_id: share for share in shares}
    return tuple(
        replace(line, net_minor=charged[line.line_id].net_minor, tax_minor=charged[line.line_id].tax_minor)
        for line in taken
    )


def take_payment_off(draft: Draft, holder: str, exchange_minor: int) -> list[Posting]:
    """Dr what held the payment at the sale's rate, and exchange / Cr clearing."""
    return [
        (exchange_of(draft.ledger, exchange_minor), exchange_minor),
        (holder, draft.amount_minor - exchange_minor),
        (draft.clearing, -draft.amount_minor),
    ]
