"""What a charge sold, for sales that the connector posts: lines, items, accounts and taxes.

The evidence, strongest first: the Stripe invoice, the checkout session, the payment's own line items, metadata
`sale_lines`, one line for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.planning.accounts import need_account
from connector.planning.case import ChargeCase, LedgerPolicy, NotNow
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.metadata_lines import read_lines
from connector.planning.model import SaleLine
from connector.planning.sentences import money
from connector.planning.shares import share_out
from connector.planning.stripe_facts import Charge, LineFact

REST = "rest"
SALE_LINES = "sale_lines"


def sale_lines(
    case: ChargeCase, ledger: LedgerPolicy, settled_minor: int
) -> tuple[tuple[SaleLine, ...], tuple[str, ...]]:
    """The lines of the charged part of a sale, in the charge's currency and as settled; each sums to its total.

    With warnings: evidence that could not be used. Raises `NotNow` item_not_mapped and account_not_mapped.
    """
    captured = case.charge.captured_minor
    facts, warnings = sold_facts(case)
    sold = charged_part(facts, case)
    weights = [part for _, net, tax in sold for part in (net, tax)]
    homes = weights if settled_minor == captured else share_out(settled_minor, weights)
    lines = []
    for place, (fact, net, tax) in enumerate(sold):
        if net == 0 and tax == 0:
            continue
        sku = sku_of(fact, case.skus, ledger.mapping)
        item = item_of(case, ledger, sku)
        code = tax_code_of(case, ledger, fact, tax)
        tax_account = code if code is not None and is_account(code) else ledger.mapping.tax
        account = item if is_account(item) else ledger.item_accounts.get(item) or ledger.mapping.sales
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
    return tuple(lines), warnings


def item_of(case: ChargeCase, ledger: LedgerPolicy, sku: str | None) -> str:
    """The item that sells a SKU. Raises `NotNow` item_not_mapped."""
    item = ledger.mapping.sales_item(sku)
    if item is None:
        raise NotNow(
            "held",
            "item_not_mapped",
            f"{f'SKU {sku}' if sku else 'a line without SKU'} of charge {case.charge.charge_id} "
            f'is not under items.sales, and there is no "*"',
            "add it to items.sales in the mapping file; each run asks again",
        )
    if ledger.capabilities.lines_by_item and item not in ledger.item_accounts:
        raise NotNow(
            "held",
            "item_not_mapped",
            f"the ledger has no item {item} that could be sold",
            "correct it in the mapping file or in the ledger; each run asks again",
        )
    return item


def tax_code_of(case: ChargeCase, ledger: LedgerPolicy, fact: LineFact, tax_minor: int) -> str | None:
    """The ledger's code for the tax of a line. Raises `NotNow` account_not_mapped where the ledger has none for it."""
    code = ledger.mapping.tax_code(fact.tax_rate_id)
    wrong = None
    if tax_minor and not ledger.takes_tax:
        wrong = "has tax, and sales tax is switched off in the ledger"
    elif ledger.needs_tax_code and code is None:
        wrong = f"has no tax code: {fact.tax_rate_id or 'default'} is not under taxes"
    if wrong is not None:
        raise NotNow(
            "held",
            "account_not_mapped",
            f"line {fact.description} of charge {case.charge.charge_id} {wrong}",
            "see taxes in the mapping file, and the settings of the ledger; each run asks again",
        )
    return code


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


def sold_facts(case: ChargeCase) -> tuple[tuple[LineFact, ...], tuple[str, ...]]:
    """What was sold by the best evidence there is, and a warning of evidence that could not be used."""
    charge = case.charge
    if case.invoice is not None and lines_sum(case.invoice.lines) > 0:
        return case.invoice.lines, ()
    if case.session is not None and lines_sum(case.session.lines) > 0:
        return case.session.lines, ()
    intent = case.payment_intent
    if intent is not None and intent.lines and lines_sum(intent.lines) > 0:
        return intent.lines, ()
    metadata = {**(case.payment_intent.metadata if case.payment_intent else {}), **charge.metadata}
    listed, fault = listed_lines(metadata.get(SALE_LINES), charge)
    if listed:
        return listed, ()
    whole = LineFact(
        "1",
        charge.description or f"Charge {charge.charge_id}",
        charge.captured_minor,
        0,
        quantity=metadata.get("quantity"),
        sku=metadata.get("sku") or None,
    )
    if fault is None:
        return (whole,), ()
    warning = (
        f"metadata {SALE_LINES} was not used, so the whole charge is one line without tax: "
        f"of charge {charge.charge_id} it {fault}"
    )
    return (whole,), (warning,)


def lines_sum(lines: Sequence[LineFact]) -> int:
    return sum(line.net_minor + line.tax_minor for line in lines)


def listed_lines(text: str | None, charge: Charge) -> tuple[tuple[LineFact, ...], str | None]:
    """Metadata `sale_lines`: a JSON list of {sku, quantity, amount, tax}; amount with tax, in major units as text.

    What cannot be read, or does not sum to the charge, is no evidence; then what is wrong stands in its place.
    """
    read, fault = read_lines(text, charge.currency)
    lines = tuple(
        LineFact(
            str(place),
            line.description or line.sku or f"Line {place}",
            line.gross_minor - line.tax_minor,
            line.tax_minor,
            quantity=line.quantity,
            sku=line.sku,
        )
        for place, line in enumerate(read, start=1)
    )
    total = lines_sum(lines)
    if lines and total not in (charge.amount_minor, charge.captured_minor):
        paid = money(charge.captured_minor, charge.currency)
        return (), f"adds up to {money(total, charge.currency)}, not to {paid}"
    return lines, fault


def charged_part(facts: Sequence[LineFact], case: ChargeCase) -> list[tuple[LineFact, int, int]]:
    """(line, net, tax) that this charge paid: of an invoice paid by several, each in turn takes its part.

    What a charge is more than its lines (an old balance paid along with them) is an untaxed line of its own.
    """
    whole = [part for fact in facts for part in (fact.net_minor, fact.tax_minor)]
    left = whole
    parts = case.invoice_parts if case.invoice is not None else ()
    if any(charge_id == case.charge.charge_id for charge_id, _ in parts):
        for charge_id, amount in parts:
            if charge_id == case.charge.charge_id or sum(left) <= 0:
                break
            taken = share_out(min(amount, sum(left)), left)
            left = [before - part for before, part in zip(left, taken, strict=True)]
    captured = case.charge.captured_minor
    paid = min(captured, max(0, sum(left)))
    mine = share_out(paid, left)
    sold = [(fact, mine[2 * place], mine[2 * place + 1]) for place, fact in enumerate(facts)]
    if captured > paid:
        sold.append((LineFact(REST, "Paid beyond the lines of the sale", 0, 0), captured - paid, 0))
    return sold
