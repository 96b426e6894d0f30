"""Payments: how lines link invoices, credit memos and expenses, and how links are taken away again."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks.ledger import Key
from vendors.quickbooks.references import currency_terms, fill, money_account, referred
from vendors.quickbooks.refusals import business, missing_parameter, refused
from vendors.quickbooks.settling import LINKABLE, OpenItem, applied, linked_keys, open_item
from vendors.quickbooks.wire import ZERO, Json, decimal, ref, rounded

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

_STORED_AS_PURCHASE = frozenset({"Check", "CreditCardCredit"})


def build(company: Company, record: Json) -> Json:
    """The Payment as it will be stored: Σ of what is paid must be covered by TotalAmt and Σ of credits."""
    if "CustomerRef" not in record:
        raise missing_parameter("CustomerRef")
    if "TotalAmt" not in record:
        raise missing_parameter("TotalAmt")
    # A Payment has no number of its own.
    record.pop("DocNumber", None)
    customer = referred(company, "Customer", record["CustomerRef"], "CustomerRef")
    record["CustomerRef"] = ref(customer["Id"], customer["DisplayName"])
    currency, _ = currency_terms(company, record, customer)
    given = record.get("DepositToAccountRef") or ref(company.account_of_type("UndepositedFunds"))
    record["DepositToAccountRef"] = money_account(company, given, "DepositToAccountRef", currency)
    fill(company, record, PaymentMethodRef="PaymentMethod")
    record["TotalAmt"] = rounded(decimal(record["TotalAmt"]), currency)
    if record["TotalAmt"] < 0:
        raise refused("2290", "TotalAmt is negative", "TotalAmt")
    record["Line"] = [_line(company, line, currency) for line in record.get("Line", [])]
    record["UnappliedAmt"] = record["TotalAmt"] - _used(company, record)
    # A line of nothing links nothing.
    record["Line"] = [line for line in record["Line"] if line["Amount"]]
    if record["UnappliedAmt"] < 0:
        raise business("The amount that is applied is more than the payment and the credits together")
    return record


def _line(company: Company, sent: Json, currency: str) -> Json:
    if "Amount" not in sent:
        raise missing_parameter("Line.Amount")
    if len(sent.get("LinkedTxn", [])) != 1:
        raise missing_parameter("Line.LinkedTxn")
    link = sent["LinkedTxn"][0]
    if "TxnId" not in link or "TxnType" not in link:
        raise missing_parameter("LinkedTxn.TxnId")
    if decimal(sent["Amount"]) < 0:
        raise refused("2290", "Amount of a payment line is negative", "Amount")
    if link["TxnType"] not in LINKABLE:
        raise refused("620", f"Transaction type {link['TxnType']} cannot be linked", "TxnType")
    if link["TxnType"] in _STORED_AS_PURCHASE and company.moods.check_links == "refused":
        raise refused("620", f"A {link['TxnType']} cannot be linked through the API", "TxnType")
    linked = {"TxnId": link["TxnId"], "TxnType": link["TxnType"]}
    return {"Amount": rounded(decimal(sent["Amount"]), currency), "LinkedTxn": [linked]}


def target(company: Company, line: Json) -> OpenItem:
    """What a line links; 620 where that does not exist, is of another type or has nothing on receivables."""
    link = line["LinkedTxn"][0]
    kind = LINKABLE[link["TxnType"]]
    one = company.shelf.get(kind, link["TxnId"])
    item = open_item(company, kind, one) if one else None
    if item is None or item.txn_type != link["TxnType"]:
        raise refused(
            "620", f"Txn ID {link['TxnId']} of the type {link['TxnType']} cannot be linked", "TxnId"
        )
    return item


def _used(company: Company, record: Json) -> Decimal:
    """What the lines take of TotalAmt, credits taken off; 6000 where a line is more than is open."""
    asked: defaultdict[Key, Decimal] = defaultdict(lambda: ZERO)
    used = ZERO
    for line in record["Line"]:
        item = target(company, line)
        if item.customer != record["CustomerRef"]["value"]:
            raise business(f"{item.txn_type} {item.key[1]} belongs to another customer")
        if item.currency != record["CurrencyRef"]["value"]:
            raise business(f"{item.txn_type} {item.key[1]} is in another currency")
        asked[item.key] += line["Amount"]
        left = item.total - applied(company, item.key, without=record.get("Id"))
        if asked[item.key] > left:
            raise business(f"You can't apply more than is open: {left:f} of {item.txn_type} {item.key[1]}")
        used += item.sign * line["Amount"]
    return used


def set_links(company: Company, payment: str, lines: list[Json]) -> set[Key]:
    """Makes these the links of a Payment; returns every document whose balance may have changed."""
    old = company.shelf.get("Payment", payment)
    touched = set(linked_keys(old)) if old else set()
    wanted: defaultdict[Key, Decimal] = defaultdict(lambda: ZERO)
    for line in lines:
        link = line["LinkedTxn"][0]
        wanted[LINKABLE[link["TxnType"]], link["TxnId"]] += line["Amount"]
    touched |= set(wanted)
    for key in touched:
        links = {each: amount for each, amount in (company.links.get(key) or {}).items() if each != payment}
        if key in wanted:
            links[payment] = wanted[key]
        company.links.set(key, links or None)
    return touched


def without_link(company: Company, one: Json, gone: Key) -> Json:
    """A Payment that no longer links a document.

    What paid the document is unapplied again; where the document was a credit, what it paid for is paid less, from the
    last line on.
    """
    kept = [line for line in one["Line"] if _key(line) != gone]
    signs = {key: _sign(company, key) for key in linked_keys(one)}
    missing = sum((signs[_key(line)] * line["Amount"] for line in kept), ZERO) - one["TotalAmt"]
    lines: list[Json] = []
    for line in reversed(kept):
        less = min(missing, line["Amount"]) if missing > 0 and signs[_key(line)] > 0 else ZERO
        missing -= less
        if line["Amount"] > less:
            lines.insert(0, {**line, "Amount": line["Amount"] - less})
    used = sum((signs[_key(line)] * line["Amount"] for line in lines), ZERO)
    return {**one, "Line": lines, "UnappliedAmt": one["TotalAmt"] - used}


def _key(line: Json) -> Key:
    link = line["LinkedTxn"][0]
    return LINKABLE[link["TxnType"]], link["TxnId"]


def _sign(company: Company, key: Key) -> int:
    item = open_item(company, key[0], company.shelf.kinds[key[0]][key[1]])
    assert item is not None
    return item.sign


def credits_to_apply(company: Company, kind: str, one: Json) -> list[tuple[str, str, Decimal]]:
    """What AutoApplyCredit links after a credit memo or an invoice was made, the oldest first: invoice, credit memo,
    amount.
    """
    other = "Invoice" if kind == "CreditMemo" else "CreditMemo"
    left = one["Balance"]
    pairs: list[tuple[str, str, Decimal]] = []
    by_age = sorted(company.shelf.kinds[other].values(), key=lambda each: (each["TxnDate"], int(each["Id"])))
    for each in by_age:
        same = all(each[name]["value"] == one[name]["value"] for name in ("CustomerRef", "CurrencyRef"))
        amount = min(left, each["Balance"])
        if same and amount > 0:
            left -= amount
            invoice, memo = (each, one) if kind == "CreditMemo" else (one, each)
            pairs.append((invoice["Id"], memo["Id"], amount))
    return pairs
