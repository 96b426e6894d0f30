"""The mapped accounts that documents need; an account that is not mapped holds the document."""

from __future__ import annotations

from collections.abc import Sequence

from connector.planning.case import LedgerPolicy, NotNow
from connector.planning.mapping_model import ANY
from connector.planning.model import OTHER_RECEIVABLE, Document, Refs

MAP_ACCOUNT = "name it under `accounts` in the mapping file; each run asks again"


def need_account(account: str | None, role: str, currency: str | None = None) -> str:
    """The mapped account, or `NotNow` account_not_mapped."""
    if account is None:
        of = f" for {currency.upper()}" if currency else ""
        raise NotNow("held", "account_not_mapped", f"no {role} account is mapped{of}", MAP_ACCOUNT)
    return account


def refuse_unfit(ledger: LedgerPolicy, documents: Sequence[Document]) -> None:
    """`NotNow` account_not_mapped where an account of a document does not take it: its day, currency or name; or where the
    tax code of a line cannot be used."""
    if ledger.tax_faults:
        refuse_unknown_tax(ledger, documents)
    if not ledger.accounts and not ledger.roots:
        return
    for document in documents:
        day = document.posting_date
        for entry in document.entries:
            name, currency, span = entry.account, entry.currency, ledger.accounts.get(entry.account)
            wrong = None
            if ledger.roots and name.partition(":")[0] not in ledger.roots:
                wrong = f"does not begin with a name that the books have ({', '.join(sorted(ledger.roots))})"
            elif span is None:
                continue
            elif span.fault is not None:
                wrong = span.fault
            elif day < span.opened:
                wrong = (
                    f"is open from {span.opened} on, and the {document.kind.replace('_', ' ')} is of {day}"
                )
            elif span.closed is not None and day > span.closed:
                wrong = (
                    f"is closed since {span.closed}, and the {document.kind.replace('_', ' ')} is of {day}"
                )
            elif span.currencies and currency not in span.currencies:
                takes = ", ".join(sorted(span.currencies)).upper()
                wrong = (
                    f"takes {takes} only, and the {document.kind.replace('_', ' ')} is in {currency.upper()}"
                )
            if wrong is not None:
                raise NotNow(
                    "held",
                    "account_not_mapped",
                    f"account {name} {wrong}",
                    "put the account right in the books, or map another one; each run asks again",
                )


def refuse_unknown_tax(ledger: LedgerPolicy, documents: Sequence[Document]) -> None:
    """Without its code the ledger would work out a tax of its own."""
    lines = [line for document in documents for line in document.lines if line.tax_minor]
    code = next((line.tax_code for line in lines if line.tax_code in ledger.tax_faults), None)
    if code is not None:
        raise NotNow(
            "held",
            "account_not_mapped",
            f"tax code {code} {ledger.tax_faults[code]}",
            "put it right in the ledger, or map another one under taxes; each run asks again",
        )


def clearing_of(ledger: LedgerPolicy, currency: str) -> str:
    return need_account(ledger.mapping.clearing(currency), "clearing", currency)


def receivable_of(ledger: LedgerPolicy, currency: str, refs: Refs = ()) -> str:
    """The account that the sale with these refs stands on, else the mapped one."""
    other = next((name for key, name in refs if key == OTHER_RECEIVABLE), None)
    if other is not None:
        return other
    return need_account(ledger.mapping.receivable(currency), "receivable", currency)


def exchange_of(ledger: LedgerPolicy, exchange_minor: int) -> str:
    """The exchange account where something is posted to it, else an empty name."""
    return need_account(ledger.mapping.exchange, "exchange") if exchange_minor else ""


def exchange_line_of(ledger: LedgerPolicy, exchange_minor: int) -> str:
    """The same for a line of a sales form, which some ledgers make of an item."""
    item = ledger.mapping.exchange_item
    if exchange_minor and ledger.capabilities.lines_by_item and item not in ledger.item_accounts:
        named = f"the ledger has no item {item}" if item else "no item is mapped"
        raise NotNow(
            "held",
            "item_not_mapped",
            f"the rate moved between the sale and its refund, and {named} for the difference",
            "name it as items.exchange in the mapping file; each run asks again",
        )
    account = exchange_of(ledger, exchange_minor)
    return ledger.item_accounts.get(item or "", account) if exchange_minor else account


def unmapped_accounts(ledger: LedgerPolicy) -> tuple[str, ...]:
    """A sentence for each account that is not mapped and that documents under these settings may need."""
    mapping = ledger.mapping
    posts_sales = ledger.sales != "find"
    needs = (
        ("fees", mapping.fees is None and ledger.fees, "`fees: true` books Stripe's fees"),
        ("exchange", mapping.exchange is None, "a rate may move between a sale and its refund"),
        ("tax", mapping.tax is None and mapping.tax_default is None and posts_sales, "sales may be taxed"),
        (
            "sales",
            mapping.sales is None and ANY not in mapping.sales_items and posts_sales,
            "sales are posted",
        ),
        (
            "receivable",
            not mapping.receivable_accounts.accounts() and ledger.sales == "invoice_and_payment",
            "invoices are posted",
        ),
    )
    return tuple(
        f"no {role} account is mapped (`accounts.{role}`), and {why}: what needs it will be held, account_not_mapped"
        for role, missing, why in needs
        if missing
    )


def tax_account_of(ledger: LedgerPolicy, known: str | None, tax_minor: int) -> str | None:
    """The account of a line's tax: as the sale has it, else the mapped one; None where there is neither tax nor account."""
    if known is None and tax_minor:
        return need_account(ledger.mapping.tax, "tax")
    return known
