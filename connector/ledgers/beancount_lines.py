"""The lines of a sale that stands in Beancount: what its postings earned, and their tax."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connector.planning.allocation import share_out
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import SaleLine

Posting = Mapping[str, Any]


def sale_lines(head: Mapping[str, Any], mapping: LedgerMapping) -> tuple[SaleLine, ...]:
    """Income of the sale, each with its part of the tax; taxes on further accounts are lines of their own.

    All amounts are as the books hold them, also where the charge was in another currency.
    """
    nets, taxes = sort_postings(head["postings"], mapping)
    weights = [net for _, net in nets]
    parts = [0] * len(nets)
    tax_account = max(taxes, key=lambda a: taxes[a]) if taxes and sum(weights) > 0 else None
    if tax_account is not None:
        parts = share_out(taxes[tax_account], weights)
    lines = []
    for place, ((posting, net), tax) in enumerate(zip(nets, parts, strict=True), start=1):
        details = posting.get("metadata") or {}
        lines.append(
            SaleLine(
                line_id=str(details.get("line") or place),
                description=str(details.get("description") or posting["account"]),
                net_minor=net,
                tax_minor=tax,
                home_net_minor=net,
                home_tax_minor=tax,
                account=posting["account"],
                tax_account=tax_account,
                sku=details.get("sku"),
                item=details.get("item") or posting["account"],
                quantity=details.get("quantity"),
            )
        )
    for account, tax in taxes.items():
        if account != tax_account:
            lines.append(SaleLine(f"tax {account}", account, tax, 0, tax, 0, account))
    return tuple(lines)


def sort_postings(
    postings: Sequence[Posting], mapping: LedgerMapping
) -> tuple[list[tuple[Posting, int]], dict[str, int]]:
    """What the sale earned by posting, and its taxes by account: the mapped one and every other liability.

    Expenses are discounts, unless the sale adds up without them: then they are the cost of the goods.
    """
    balance_sheet = {*mapping.receivable_accounts.accounts(), *mapping.clearing_accounts.accounts()}
    nets: list[tuple[Posting, int]] = []
    taxes: dict[str, int] = {}
    asked = 0
    for posting in postings:
        account, amount = posting["account"], posting["amount_minor"] or 0
        if account in balance_sheet or account in (mapping.fees, mapping.exchange):
            asked += amount
        elif account == mapping.tax or account.startswith("Liabilities"):
            taxes[account] = taxes.get(account, 0) - amount
        elif not account.startswith("Assets"):
            nets.append((posting, -amount))
    without = [(posting, net) for posting, net in nets if not posting["account"].startswith("Expenses")]
    if len(without) < len(nets):
        tax = sum(taxes.values())
        if sum(net for _, net in without) + tax == asked != sum(net for _, net in nets) + tax:
            nets = without
    return nets, taxes
