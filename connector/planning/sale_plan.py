"""The documents of a charge, where the connector posts the sales: what was sold, its tax, and its payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from connector.planning.accounts import clearing_of, receivable_of, refuse_unfit, tax_account_of
from connector.planning.buyers import buyer_of, method_ref
from connector.planning.case import Books, ChargeCase, LedgerPolicy, NotNow, Plan
from connector.planning.charge_failure import plan_charge_failure
from connector.planning.currencies import sale_currency
from connector.planning.entries import make_entries, sale_entries
from connector.planning.fees import fee_document
from connector.planning.model import (
    NEW_CUSTOMER,
    Document,
    DocumentLine,
    Entry,
    Kind,
    Refs,
    Sale,
    SaleLine,
    SalePayment,
    Settles,
)
from connector.planning.settlement import Settlement, open_day, refuse_unusable, settle
from connector.planning.sold_lines import sale_lines
from connector.planning.stripe_facts import Charge
from connector.planning.values import value

# What the decisions need of planning a charge stands here, whichever module it lives in.
__all__ = ["plan_charge", "plan_charge_failure"]


def plan_charge(
    case: ChargeCase,
    books: Books,
    ledger: LedgerPolicy,
    numbers: Sequence[str],
    now: int,
    first_seen: int,
    customer: tuple[str, str] | None = None,
) -> Plan:
    """The sale that a charge becomes. `numbers` are the free candidates for its number, first choice first; `customer`
    is the ledger's id and name of the customer that it knows."""
    charge = case.charge
    try:
        if charge.defect is not None:
            code, _, sentence = charge.defect.partition(": ")
            raise NotNow("held", code, sentence, "correct the object in the export", due=False)
        if charge.status == "failed":
            return Plan("dropped", sentence=f"charge {charge.charge_id} failed: no money moved")
        if charge.status != "succeeded" or not charge.captured:
            word = "is not captured" if charge.status == "succeeded" else f"is {charge.status}"
            raise NotNow(
                "waiting", "sale_not_found", f"charge {charge.charge_id} {word} yet", "nothing to do", False
            )
        if not numbers:
            raise NotNow(
                "held",
                "sale_not_found",
                f"no number is left for the sale of charge {charge.charge_id}",
                "add an entry such as charge.id to sale_number",
            )
        settlement = settle_charge(case, books, now, first_seen)
        open_settlement = open_day(books, ledger, settlement)
        plan = build_sale(case, books, ledger, numbers[0], open_settlement, customer)
        refuse_unfit(ledger, plan.documents)
        return plan
    except NotNow as stop:
        return stop.plan()


def settle_charge(case: ChargeCase, books: Books, now: int, first_seen: int) -> Settlement:
    """How the captured amount settled; with the whole fee."""
    charge = case.charge
    refuse_unusable("charge", charge.charge_id, (charge.balance_transaction_id,), case.unusable)
    settlement = settle(
        books,
        "charge",
        charge.charge_id,
        case.balance_transaction,
        charge.captured_minor,
        charge.currency,
        charge.created,
        case.currencies,
        now,
        first_seen,
        charge.amount_minor,
    )
    settled = case.settled()
    if settled is None or settled[0] == settlement.amount_minor:
        return settlement
    return replace(settlement, amount_minor=settled[0])


def build_sale(
    case: ChargeCase,
    books: Books,
    ledger: LedgerPolicy,
    number: str,
    settlement: Settlement,
    known: tuple[str, str] | None,
) -> Plan:
    """Dr receivable or clearing / Cr income, tax; an invoice's payment Dr clearing / Cr receivable; and the fee."""
    charge = case.charge
    check_number(number, ledger)
    currency = sale_currency(ledger, settlement, charge.currency, charge.charge_id)
    lines, warnings = sale_lines(case, ledger, settlement.amount_minor)
    settlement = replace(settlement, warnings=(*settlement.warnings, *warnings))
    clearing = clearing_of(ledger, settlement.currency)
    receivable = None if ledger.sales == "sales_receipt" else receivable_of(ledger, currency)
    buyer = buyer_of(case, books, ledger, known, currency, settlement.posting_date)
    refs = (*buyer.refs, *method_ref(ledger, case))
    make = SaleDraft(charge, books, ledger, number, settlement, currency, buyer.name, refs)
    title = f"Sale {number}" + (f": {charge.description}" if charge.description else "")
    sold = document_lines(ledger, lines)
    entries = sale_entries(sold, receivable or clearing, settlement.currency)
    if make.foreign:
        sold = charged_lines(sold, lines)
    kind: Kind = "sales_receipt" if receivable is None else "invoice"
    documents = [make.document(kind, title, entries, lines=sold)]
    if receivable is not None:
        amount = settlement.amount_minor
        paid = make_entries([(receivable, -amount), (clearing, amount)], settlement.currency)
        after = (documents[0].document_key,)
        settles = Settles("invoice", document_key=documents[0].document_key)
        documents.append(make.document("payment", f"Payment of {number}", paid, after=after, settles=settles))
    sale = sale_of(documents, lines, charge.currency, charge.customer_id, clearing, receivable)
    if ledger.fees and settlement.fee_minor:
        charge_id = charge.charge_id
        documents.append(
            fee_document(
                ledger,
                books,
                charge_id,
                None,
                charge_id,
                number,
                settlement,
                make.customer,
                after=(documents[0].document_key,),
            )
        )
    return Plan(
        "posted",
        documents=(*buyer.documents, *documents),
        sale=sale,
        sale_number=number,
        number=number,
        warnings=settlement.warnings,
    )


@value(frozen=True, slots=True)
class SaleDraft:
    """What the documents of one sale share; they stand in `currency`."""

    charge: Charge
    books: Books
    ledger: LedgerPolicy
    number: str
    settlement: Settlement
    currency: str
    customer: str | None
    refs: Refs

    @property
    def foreign(self) -> bool:
        """Whether the sale stands in the charge's currency, at the rate at which it settled."""
        return self.currency != self.settlement.currency

    def document(
        self,
        kind: Kind,
        narration: str,
        entries: tuple[Entry, ...],
        lines: tuple[DocumentLine, ...] = (),
        after: tuple[str, ...] = (),
        settles: Settles | None = None,
    ) -> Document:
        charge_id, settlement = self.charge.charge_id, self.settlement
        return Document(
            document_key=self.ledger.key(self.books, charge_id, kind),
            ledger=self.ledger.name,
            kind=kind,
            part="",
            revision=1,
            subject_id=charge_id,
            refund_id=None,
            charge_id=charge_id,
            number=self.number,
            posting_date=settlement.posting_date,
            amount_minor=self.charge.captured_minor if self.foreign else settlement.amount_minor,
            currency=self.currency,
            entries=entries,
            lines=lines,
            customer=self.customer,
            narration=settlement.tell(narration),
            sale_number=self.number,
            after=(*after, *(key for name, key in self.refs if name == NEW_CUSTOMER)),
            warnings=settlement.warnings,
            home_minor=settlement.amount_minor if self.foreign else None,
            refs=self.refs,
            settles=settles,
        )


def check_number(number: str, ledger: LedgerPolicy) -> None:
    limit = ledger.capabilities.number_length
    if limit is not None and len(number) > limit:
        raise NotNow(
            "held",
            "number_too_long",
            f"the sale number {number} has {len(number)} characters; this ledger takes {limit}",
            "pick a shorter number with sale_number",
        )


def document_lines(ledger: LedgerPolicy, lines: Sequence[SaleLine]) -> tuple[DocumentLine, ...]:
    """All of the sale's lines, as they stand in the books; tax whose account is not told is on the mapped one."""
    return tuple(
        DocumentLine(
            line.line_id,
            line.description,
            line.account,
            line.home_net_minor,
            line.home_tax_minor,
            tax_account_of(ledger, line.tax_account, line.home_tax_minor),
            line.sku,
            line.item,
            line.quantity,
            line.tax_code,
            line.refs,
        )
        for line in lines
    )


def charged_lines(sold: Sequence[DocumentLine], lines: Sequence[SaleLine]) -> tuple[DocumentLine, ...]:
    """The same lines with their amounts as charged."""
    return tuple(
        replace(one, net_minor=line.net_minor, tax_minor=line.tax_minor)
        for one, line in zip(sold, lines, strict=True)
    )


def sale_of(
    documents: Sequence[Document],
    lines: tuple[SaleLine, ...],
    charge_currency: str,
    customer_id: str | None,
    clearing: str,
    receivable: str | None,
) -> Sale:
    """The planned sale as refunds will see it; its last document is its payment (a receipt is its own)."""
    head, paid = documents[0], documents[-1]
    payment = SalePayment(
        paid.document_key,
        head.amount_minor,
        head.currency,
        head.posting_date,
        (head.subject_id,),
        clearing,
        applied=True,
        credit_account=receivable,
    )
    return Sale(
        form="sales_receipt" if receivable is None else "invoice",
        ledger_id=head.document_key,
        number=head.number or "",
        currency=head.currency,
        charge_currency=charge_currency,
        posting_date=head.posting_date,
        total_minor=head.amount_minor,
        balance_minor=0,
        lines=lines,
        payments=(payment,),
        customer=head.customer,
        customer_id=customer_id,
        ours=True,
        refs=head.refs,
    )
