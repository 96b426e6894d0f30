"""The documents of a charge, where the connector posts the sales: what was sold, its tax, and its payment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from connector.planning.allocation import share_out
from connector.planning.case import Books, ChargeCase, LedgerPolicy, NotNow, Plan
from connector.planning.entries import mirror_entries, make_entries, sale_entries, transfer_entries
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Charge, Document, DocumentLine, LineFact, Sale, SaleLine, SalePayment
from connector.planning.money import UnknownAmount, parse_amount
from connector.planning.settlement import Settlement, settle

MAP_ACCOUNT = "name it under `accounts` in the mapping file"


def plan_charge(
    case: ChargeCase,
    books: Books,
    ledger: LedgerPolicy,
    numbers: Sequence[str],
    now: int,
    first_seen: int,
) -> Plan:
    """The sale that a charge becomes. `numbers` are the free candidates for its number, first choice first."""
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
        return build_sale(case, books, ledger, numbers[0], now, first_seen)
    except NotNow as stop:
        return Plan(stop.outcome, stop.reason, stop.sentence, stop.action, stop.due)


def build_sale(
    case: ChargeCase, books: Books, ledger: LedgerPolicy, number: str, now: int, first_seen: int
) -> Plan:
    charge = case.charge
    settlement = settle(
        books,
        "charge",
        charge.charge_id,
        case.balance_transaction,
        charge.captured_minor,
        charge.currency,
        charge.created,
        frozenset(),
        now,
        first_seen,
    )
    limit = ledger.capabilities.number_length
    if limit is not None and len(number) > limit:
        raise NotNow(
            "held",
            "number_too_long",
            f"the sale number {number} has {len(number)} characters; this ledger takes {limit}",
            "pick a shorter number with sale_number",
        )
    clearing = need_account(ledger.mapping.clearing(settlement.currency), "clearing", settlement.currency)
    receivable = need_account(
        ledger.mapping.receivable(settlement.currency), "receivable", settlement.currency
    )
    lines = sale_lines(case, ledger.mapping, settlement.amount_minor)
    customer, name = customer_of(case), customer_of(case) or ledger.mapping.customer_default
    receipt = ledger.sales == "sales_receipt"
    document_lines = tuple(
        DocumentLine(
            line.line_id,
            line.description,
            line.account,
            line.home_net_minor,
            line.home_tax_minor,
            line.tax_account,
            line.sku,
            line.item,
            line.quantity,
            line.tax_code,
        )
        for line in lines
    )
    kind = "sales_receipt" if receipt else "invoice"
    sale_key = ledger.key(books, charge.charge_id, kind)
    title = f"Sale {number}" + (f": {charge.description}" if charge.description else "")

    def document(kind: str, narration: str, **fields: object) -> Document:
        values: dict[str, object] = {
            "document_key": ledger.key(books, charge.charge_id, kind),
            "ledger": ledger.name,
            "kind": kind,
            "part": "",
            "revision": 1,
            "subject_id": charge.charge_id,
            "refund_id": None,
            "charge_id": charge.charge_id,
            "number": number,
            "posting_date": settlement.posting_date,
            "amount_minor": settlement.amount_minor,
            "currency": settlement.currency,
            "customer": name,
            "narration": narration,
            "sale_number": number,
            **fields,
        }
        return Document(**values)  # type: ignore[arg-type]

    debit = clearing if receipt else receivable
    entries = sale_entries(document_lines, debit, settlement.currency)
    documents = [document(kind, title, entries=entries, lines=document_lines)]
    payment_key = sale_key
    if not receipt:
        payment_key = ledger.key(books, charge.charge_id, "payment")
        paid = transfer_entries(clearing, receivable, settlement.amount_minor, settlement.currency)
        paid = tuple(reversed(paid))
        documents.append(document("payment", f"Payment of {number}", entries=paid, after=(sale_key,)))
    if ledger.fees and settlement.fee_minor:
        documents.append(
            fee_document(ledger, books, charge.charge_id, None, charge.charge_id, number, settlement, name)
        )
    payment = SalePayment(
        payment_key,
        settlement.amount_minor,
        settlement.currency,
        settlement.posting_date,
        (charge.charge_id,),
        clearing,
        applied=True,
        credit_account=receivable,
    )
    sale = Sale(
        form="sales_receipt" if receipt else "invoice",
        ledger_id=sale_key,
        number=number,
        currency=settlement.currency,
        charge_currency=charge.currency,
        posting_date=settlement.posting_date,
        total_minor=settlement.amount_minor,
        balance_minor=0,
        lines=lines,
        payments=(payment,),
        customer=customer or name,
        customer_id=charge.customer_id,
        ours=True,
    )
    return Plan(
        "posted",
        documents=tuple(documents),
        sale=sale,
        sale_number=number,
        number=number,
        warnings=settlement.warnings,
    )


def plan_charge_failure(
    case: ChargeCase,
    books: Books,
    ledger: LedgerPolicy,
    posted: Sequence[Document],
    now: int,
    first_seen: int,
) -> Plan:
    """A charge that failed after its sale was posted: each document mirrored at the day of the failure."""
    charge = case.charge
    settlement = settle(
        books,
        "the failure of charge",
        charge.charge_id,
        case.failure_balance_transaction,
        -charge.captured_minor,
        charge.currency,
        charge.created,
        frozenset(),
        now,
        first_seen,
    )
    documents = []
    for original in reversed([d for d in posted if d.kind in ("invoice", "payment", "sales_receipt")]):
        part = original.kind
        number = books.templates.reversal_number(original.number or "")
        documents.append(
            Document(
                document_key=ledger.key(books, charge.charge_id, "reversal", part),
                ledger=ledger.name,
                kind="reversal",
                part=part,
                revision=1,
                subject_id=charge.charge_id,
                refund_id=None,
                charge_id=charge.charge_id,
                number=number,
                posting_date=settlement.posting_date,
                amount_minor=original.amount_minor,
                currency=original.currency,
                entries=make_entries(mirror_entries(original.entries), original.currency),
                customer=original.customer,
                narration=f"Charge failed: reversal of {part.replace('_', ' ')} {original.number}",
                sale_number=original.sale_number,
                reverses=original.document_key,
                after=(original.document_key,),
            )
        )
    return Plan(
        "reversed",
        sentence=f"charge {charge.charge_id} failed after it was posted",
        documents=tuple(documents),
        sale_number=posted[0].sale_number if posted else None,
        warnings=settlement.warnings,
    )


def fee_document(
    ledger: LedgerPolicy,
    books: Books,
    subject_id: str,
    refund_id: str | None,
    charge_id: str | None,
    number: str | None,
    settlement: Settlement,
    customer: str | None,
    part: str = "",
    revision: int = 1,
    after: tuple[str, ...] = (),
) -> Document:
    """A Stripe fee charged (Dr fees / Cr clearing) or given back (the reverse), never a negative expense."""
    clearing = need_account(ledger.mapping.clearing(settlement.currency), "clearing", settlement.currency)
    fees = need_account(ledger.mapping.fees, "fees")
    fee = settlement.fee_minor
    words = {"": "on the charge", "refund": "on the refund", "failure": "on the failed refund"}[part]
    given = "Stripe fee" if fee > 0 else "Stripe fee given back"
    return Document(
        document_key=ledger.key(books, subject_id, "fee", part, revision),
        ledger=ledger.name,
        kind="fee",
        part=part,
        revision=revision,
        subject_id=subject_id,
        refund_id=refund_id,
        charge_id=charge_id,
        number=number,
        posting_date=settlement.posting_date,
        amount_minor=abs(fee),
        currency=settlement.currency,
        entries=make_entries([(fees, fee), (clearing, -fee)], settlement.currency),
        customer=customer,
        narration=f"{given} {words} {number or ''}".rstrip(),
        sale_number=number if refund_id is None else None,
        after=after,
    )


def need_account(account: str | None, role: str, currency: str | None = None) -> str:
    """The mapped account, or `NotNow` account_not_mapped."""
    if account is None:
        of = f" for {currency.upper()}" if currency else ""
        raise NotNow("held", "account_not_mapped", f"no {role} account is mapped{of}", MAP_ACCOUNT)
    return account


def customer_of(case: ChargeCase) -> str | None:
    customer, charge = case.customer, case.charge
    return (
        (customer.name if customer else None)
        or charge.customer_name
        or (customer.email if customer else None)
        or charge.customer_email
        or charge.customer_id
    )


# ---------------------------------------------------------------------------------------------- what was sold


def sale_lines(case: ChargeCase, mapping: LedgerMapping, settled_minor: int) -> tuple[SaleLine, ...]:
    """The lines of the charged part of a sale, in the charge's currency and as settled; each sums to its total."""
    charge = case.charge
    facts = sold_lines(case)
    parts = charged_part(facts, case, charge.captured_minor)
    weights = [part for pair in parts for part in pair]
    homes = weights if settled_minor == charge.captured_minor else share_out(settled_minor, weights)
    lines = []
    for place, (fact, (net, tax)) in enumerate(zip(facts, parts, strict=True)):
        if net == 0 and tax == 0:
            continue
        sku = sku_of(fact, case.skus, mapping)
        item = mapping.sales_item(sku)
        if item is None:
            raise NotNow(
                "held",
                "item_not_mapped",
                f'SKU {sku or "(none)"} of charge {charge.charge_id} is not under items.sales, and there is no "*"',
                "add it to items.sales in the mapping file",
            )
        account = item if is_account(item) else mapping.sales
        code = mapping.tax_code(fact.tax_rate_id)
        tax_account = code if code is not None and is_account(code) else mapping.tax
        lines.append(
            SaleLine(
                line_id=fact.line_id,
                description=fact.description,
                net_minor=net,
                tax_minor=tax,
                home_net_minor=homes[2 * place],
                home_tax_minor=homes[2 * place + 1],
                account=need_account(account, "sales"),
                tax_account=need_account(tax_account, "tax") if tax else None,
                sku=sku,
                item=item,
                quantity=fact.quantity,
                tax_code=code,
            )
        )
    return tuple(lines)


def is_account(name: str) -> bool:
    """A full Beancount account name; other ledgers' item names have no such form."""
    return name.partition(":")[0] in ("Assets", "Liabilities", "Equity", "Income", "Expenses") and ":" in name


def sku_of(fact: LineFact, skus: Mapping[str, str], mapping: LedgerMapping) -> str | None:
    """The line's own SKU, its product's, its price's lookup key; a product id only where the mapping names it."""
    if fact.sku is not None:
        return fact.sku
    for reference in (fact.product_id, fact.price_id):
        if reference is not None and reference in skus:
            return skus[reference]
    if fact.lookup_key is not None:
        return fact.lookup_key
    if fact.product_id is not None and mapping.names_item(fact.product_id):
        return fact.product_id
    return None


def sold_lines(case: ChargeCase) -> tuple[LineFact, ...]:
    """What was sold by the best evidence: invoice, checkout session, metadata, else one line for the whole charge."""
    charge = case.charge
    if case.invoice is not None and lines_sum(case.invoice.lines) > 0:
        return case.invoice.lines
    if case.session is not None and lines_sum(case.session.lines) > 0:
        return case.session.lines
    metadata = {**(case.payment_intent.metadata if case.payment_intent else {}), **charge.metadata}
    listed = read_sale_lines(metadata.get("sale_lines"), charge)
    if listed:
        return listed
    description = charge.description or f"Charge {charge.charge_id}"
    return (
        LineFact(
            "1",
            description,
            charge.captured_minor,
            0,
            quantity=metadata.get("quantity"),
            sku=metadata.get("sku") or None,
        ),
    )


def lines_sum(lines: Sequence[LineFact]) -> int:
    return sum(line.net_minor + line.tax_minor for line in lines)


def read_sale_lines(text: str | None, charge: Charge) -> tuple[LineFact, ...]:
    """Metadata `sale_lines`: a JSON list of {sku, quantity, amount, tax}; amount with tax, in major units as text.

    What cannot be read, or does not sum to the charge, is no evidence: ().
    """
    entries = read_json_list(text)
    lines = []
    for place, entry in enumerate(entries, start=1):
        try:
            gross = parse_amount(str(entry["amount"]), charge.currency)
            tax = parse_amount(str(entry.get("tax") or "0"), charge.currency)
        except (KeyError, UnknownAmount):
            return ()
        sku = entry.get("sku")
        quantity = entry.get("quantity")
        lines.append(
            LineFact(
                str(place),
                str(entry.get("description") or sku or f"Line {place}"),
                gross - tax,
                tax,
                quantity=None if quantity is None else str(quantity),
                sku=None if sku is None else str(sku),
            )
        )
    return tuple(lines) if lines_sum(lines) == charge.amount_minor else ()


def read_json_list(text: str | None) -> list[dict[str, object]]:
    """A JSON list of objects in a metadata value; [] for anything else. Amounts that are floats stay unread."""
    if not text:
        return []
    try:
        value = json.loads(text, parse_float=lambda digits: digits)
    except ValueError:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        return []
    return value


def charged_part(facts: Sequence[LineFact], case: ChargeCase, captured_minor: int) -> list[tuple[int, int]]:
    """(net, tax) of each line that this charge paid: of an invoice paid by several, each in turn takes its part."""
    left = [part for fact in facts for part in (fact.net_minor, fact.tax_minor)]
    parts = case.invoice_parts if case.invoice is not None else ()
    taken = None
    for charge_id, amount in parts:
        mine = charge_id == case.charge.charge_id
        taken = share_out(captured_minor if mine else min(amount, sum(left)), left) if sum(left) > 0 else None
        if mine or taken is None:
            break
        left = [whole - part for whole, part in zip(left, taken, strict=True)]
        taken = None
    if taken is None:
        left = [part for fact in facts for part in (fact.net_minor, fact.tax_minor)]
        taken = share_out(captured_minor, left)
    return [(taken[2 * place], taken[2 * place + 1]) for place in range(len(facts))]
