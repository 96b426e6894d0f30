"""Proof that the books of an organisation hang together."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.xero.ledger import Key
from vendors.xero.settling import OPEN_KINDS, SIDES, open_in_base, with_balances

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vendors.xero.organisation import Organisation


def check_documents(organisation: Organisation, keys: Iterable[Key]) -> None:
    """Each shows what is open of it, and nothing is below zero."""
    for kind, object_id in keys:
        one = organisation.shelf.kinds[kind][object_id]
        assert with_balances(organisation, kind, one) == one, (
            f"{kind} {object_id} does not show what is open: {one}"
        )
        for name in ("Total", "AmountDue", "AmountPaid", "AmountCredited", "RemainingCredit"):
            assert one.get(name, 0) >= 0, f"{kind} {object_id} has {name} {one[name]}"


def check(organisation: Organisation) -> None:
    """AssertionError where debits and credits differ, or receivables and payables are not what is open by contact."""
    ledger, shelf = organisation.ledger, organisation.shelf.kinds
    assert ledger.total() == 0, "debits and credits differ"
    due: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for kind in OPEN_KINDS:
        check_documents(organisation, [(kind, object_id) for object_id in shelf[kind]])
        for one in shelf[kind].values():
            if kind != "Prepayments":
                sign, role = SIDES[one["Type"]]
                due[role, one["Contact"]["ContactID"]] += sign * open_in_base(organisation, one)
    for role in ("DEBTORS", "CREDITORS"):
        account = organisation.system_account(role)
        for contact in shelf["Contacts"]:
            posted = ledger.of_contact(account, contact)
            assert posted == due[role, contact], f"{role} of {contact}: {posted} and {due[role, contact]}"
        whole = sum((amount for (each, _), amount in due.items() if each == role), Decimal(0))
        assert ledger.balance(account) == whole, f"{role}: {ledger.balance(account)} and {whole}"
    _check_settlements(organisation)


def _check_settlements(organisation: Organisation) -> None:
    shelf = organisation.shelf.kinds
    for kind in ("Payments", "Allocations"):
        for object_id, one in shelf[kind].items():
            for document, each in one["_on"]:
                there = (kind, object_id) in shelf[document][each]["_settled"]
                assert there == (one["Status"] != "DELETED"), (
                    f"{kind} {object_id} and {document} {each} disagree"
                )
    for row in shelf["Items"].values():
        assert row.get("QuantityOnHand", 0) >= 0, f"item {row['Code']} has {row['QuantityOnHand']} on hand"
