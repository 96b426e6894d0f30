"""Proof that the books of an account hang together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite.settling import SIDES, in_base, open_amount, open_in_base

if TYPE_CHECKING:
    from vendors.netsuite.account import Account
    from vendors.netsuite.wire import Json


def check_documents(account: Account, ids: Iterable[str]) -> None:
    """Nothing is applied beyond what there is, and both sides of an application know of it."""
    for record_id in ids:
        one = account.shelf.get("transaction", record_id)
        if one is None:
            continue
        assert open_amount(account, one) >= 0, f"{one['_type']} {record_id} is applied beyond its total"
        assert one["_total"] >= 0, f"{one['_type']} {record_id} is below zero"
        for target, amount in one["_apply"].items():
            assert amount > 0, f"{record_id} applies {amount} to {target}"
            assert record_id in account.transaction(target)["_applied_by"], (
                f"{target} knows not of {record_id}"
            )
        for source in one["_applied_by"]:
            assert record_id in account.transaction(source)["_apply"], f"{source} knows not of {record_id}"


def check(account: Account) -> None:
    """AssertionError where debits and credits differ, or receivables are not what is open by customer."""
    ledger, rows = account.ledger, account.shelf.groups["transaction"]
    assert ledger.total() == 0, "debits and credits differ"
    for subsidiary in account.shelf.groups["subsidiary"]:
        total = sum(ledger.balances(subsidiary=subsidiary).values(), Decimal(0))
        assert total == 0, f"debits and credits of subsidiary {subsidiary} differ"
    check_documents(account, rows)
    due: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    receivables = [
        one["id"] for one in account.shelf.groups["account"].values() if one["acctType"] == "AcctRec"
    ]
    for one in rows.values():
        if one["_type"] in SIDES:
            due[one["_ar"], one["_entity"]] += SIDES[one["_type"]] * open_in_base(account, one)
        elif one["_type"] == "journalEntry" and not one["_voided"]:
            for line in one["_lines"]:
                if line["account"] in receivables:
                    due[line["account"], line["entity"]] += in_base(
                        account, one, line["debit"] - line["credit"]
                    )
    for receivable in receivables:
        for customer in account.shelf.groups["customer"]:
            posted = ledger.of_entity(receivable, customer)
            assert posted == due[receivable, customer], (
                f"{receivable} of {customer}: {posted}, {due[receivable, customer]}"
            )


REFUND = re.compile(r"\b(?:re|pyr)_\w+")


def names_of(one: Json) -> set[str]:
    """The Stripe refunds that a transaction names, anywhere in its texts."""
    lines = (each.get("description") or each.get("memo") or "" for each in one["_lines"])
    texts = (one.get("memo") or "", one.get("externalId") or "", one.get("otherRefNum") or "", *lines)
    return {name for text in texts for name in REFUND.findall(text)}


def twice(account: Account) -> dict[tuple[str, str], list[str]]:
    """Which refunds stand in the books more than once, by type and refund: the ids of what is not voided."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for one in account.shelf.groups["transaction"].values():
        if not one["_voided"] and one["_total"]:
            for name in names_of(one):
                found[one["_type"], name].append(one["id"])
    return {key: ids for key, ids in found.items() if len(ids) > 1}
