"""Create, update, delete and void: one write, all of it or nothing, with the books checked after it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from vendors.quickbooks import chart, lists, numbering, payments, purchases, sales_forms
from vendors.quickbooks.refusals import (
    business,
    made_inactive,
    missing_parameter,
    not_found,
    refused,
    unsupported,
)
from vendors.quickbooks.sales_tax import OVERRIDE
from vendors.quickbooks.saving import Saving, stamped
from vendors.quickbooks.wire import ZERO, Json

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

TRANSACTIONS = (*sales_forms.KINDS, "Payment", "Purchase", "Deposit", "JournalEntry")
WRITTEN = (*TRANSACTIONS, *lists.KINDS)
# `?operation=update&include=void`; Invoice has `?operation=void`, and nothing else can be voided.
_VOID_BY_UPDATE = frozenset({"Payment", "SalesReceipt"})
_READ_ONLY = frozenset(
    (
        *("Id", "SyncToken", "MetaData", "domain", "status", "sparse", "TotalAmt", "Balance", "HomeBalance"),
        *("HomeTotalAmt", "RemainingCredit", "UnappliedAmt", "LinkedTxn", "CurrentBalance", "Classification"),
        "FullyQualifiedName",
    )
)
_MONEY = ("TotalAmt", "DepositToAccountRef", "CustomerRef", "TxnDate", "CurrencyRef", "ExchangeRate")


def write(
    company: Company, kind: str, body: Json, operation: str | None = None, include: Collection[str] = ()
) -> Json:
    """The object of the answer; raises `Refused`, and then nothing has changed."""
    if kind in lists.READ_ONLY_KINDS:
        raise unsupported(f"write of {kind}")
    checked = company.table.checked(kind, body, company.moods)
    try:
        answer = _Write(company, kind, checked, frozenset(include)).carry_out(body, operation)
    except BaseException:
        company.undo.roll_back()
        raise
    company.undo.keep()
    return answer


class _Write:
    """One write under way."""

    def __init__(self, company: Company, kind: str, body: Json, include: frozenset[str]) -> None:
        self.company = company
        self.kind = kind
        self.body = body
        self.include = include
        self.saving = Saving(company)

    def carry_out(self, sent: Json, operation: str | None) -> Json:
        if operation not in (None, "create", "update", "delete", "void"):
            raise unsupported(str(operation))
        if operation == "void" or "void" in self.include:
            answer = self.void(operation)
        elif operation == "delete":
            answer = self.delete()
        elif "Id" in self.body or operation == "update":
            answer = self.update({name for name, value in sent.items() if value == ""})
        else:
            answer = self.create()
        self.company.check_touched(self.saving.customers)
        return answer

    # ------------------------------------------------------------------------------------------ the four writes

    def create(self) -> Json:
        company = self.company
        if self.kind == "Preferences":
            raise unsupported("create of Preferences")
        record = {name: value for name, value in self.body.items() if not self._is_read_only(name)}
        if self.kind in lists.KINDS:
            made = lists.build(company, self.kind, record, None)
            return lists.shown(company, self.kind, chart.stored(company, self.kind, made))
        record.setdefault("TxnDate", company.clock.today())
        self._check_open(record["TxnDate"])
        record = self._built(record)
        record["Id"] = company.next_id("transaction")
        stamp = company.clock.stamp()
        record |= {"SyncToken": "0", "domain": "QBO", "sparse": False}
        record["MetaData"] = {"CreateTime": stamp, "LastUpdatedTime": stamp}
        self.saving.save(self.kind, record)
        self._apply_credits(record["Id"])
        return company.shelf.kinds[self.kind][record["Id"]]

    def update(self, cleared: set[str]) -> Json:
        company, old = self.company, self._current()
        sparse = self.body.get("sparse") is True
        if sparse and self.kind == "CreditMemo" and company.moods.sparse_credit_memo == "refused":
            raise unsupported("sparse update of CreditMemo")
        given = {name: value for name, value in self.body.items() if not self._is_read_only(name)}
        kept = {name: value for name, value in old.items() if not self._is_read_only(name)} if sparse else {}
        if sparse:
            _forget_computed(kept, given, company.sales_tax == "automated")
        record = {
            name: value for name, value in {**kept, **given}.items() if name not in cleared - set(given)
        }
        record["Id"] = old["Id"]
        if self.kind in lists.KINDS:
            record = self._list_update(record, old)
            company.shelf.put(self.kind, stamped(company, record, old))
            return lists.shown(company, self.kind, company.shelf.kinds[self.kind][old["Id"]])
        record.setdefault("TxnDate", old["TxnDate"])
        self._check_open(old["TxnDate"], record["TxnDate"])
        record = self._built(record)
        self._check_deposited(old, record)
        self._check_links(old, record)
        self.saving.save(self.kind, stamped(company, record, old))
        return company.shelf.kinds[self.kind][old["Id"]]

    def delete(self) -> Json:
        company, kind = self.company, self.kind
        if kind not in TRANSACTIONS:
            raise unsupported(f"delete of {kind}")
        old = self._current()
        key = (kind, old["Id"])
        self._check_open(old["TxnDate"])
        if company.deposited.get(key):
            raise refused("6540", f"{kind} {old['Id']} is part of a deposit")
        if company.links.get(key) and company.moods.delete_linked == "refused":
            raise refused("800", f"{kind} {old['Id']} is linked to a payment")
        self.saving.unlink(key)
        if kind == "Payment":
            self.saving.save(kind, {**old, "Line": [], "UnappliedAmt": old["TotalAmt"]})
        if kind == "Deposit":
            self.saving.mark_deposited(old["Id"], [])
        company.ledger.remove(key)
        self.saving.count_open(key, None)
        company.stock_moved.set(key, None)
        company.shelf.drop(kind, old["Id"])
        return {"status": "Deleted", "domain": "QBO", "Id": old["Id"]}

    def void(self, operation: str | None) -> Json:
        company, kind = self.company, self.kind
        by_update = operation == "update" and kind in _VOID_BY_UPDATE
        if not by_update and not (operation == "void" and kind == "Invoice"):
            if company.moods.unsupported_void == "refused":
                raise unsupported(f"void of {kind}")
            return self._current()
        if by_update and self.body.get("sparse") is not True:
            raise missing_parameter("sparse")
        old = self._current()
        key = (kind, old["Id"])
        self._check_open(old["TxnDate"])
        if company.deposited.get(key):
            raise refused("6540", f"{kind} {old['Id']} is part of a deposit")
        self.saving.unlink(key)
        now = company.shelf.kinds[kind][old["Id"]]
        note = old.get("PrivateNote", "")
        if not note.startswith("Voided"):
            note = f"Voided - {note}" if note else "Voided"
        empty: Json = {"Line": [], "TotalAmt": ZERO, "PrivateNote": note}
        empty |= {"UnappliedAmt": ZERO} if kind == "Payment" else {"TxnTaxDetail": {"TotalTax": ZERO}}
        if "HomeTotalAmt" in old:
            empty["HomeTotalAmt"] = ZERO
        self.saving.save(kind, stamped(company, {**now, **empty}, now))
        return company.shelf.kinds[kind][old["Id"]]

    # ------------------------------------------------------------------------------------------ checks

    def _is_read_only(self, name: str) -> bool:
        return name in _READ_ONLY and not (name == "TotalAmt" and self.kind == "Payment")

    def _current(self) -> Json:
        """The stored object that the body names, with the SyncToken that it has to give."""
        if "Id" not in self.body:
            raise missing_parameter("Id")
        old = self.company.shelf.get(self.kind, self.body["Id"])
        if old is None:
            raise not_found(self.kind)
        if "SyncToken" not in self.body:
            raise missing_parameter("SyncToken")
        if self.body["SyncToken"] != old["SyncToken"]:
            words = f"Stale Object Error : You and someone else were working on {self.kind} {old['Id']}"
            raise refused("5010", words)
        if old.get("Active") is False and self.body.get("Active") is not True:
            raise made_inactive(self.kind)
        return old

    def _check_open(self, *dates: str) -> None:
        closed = self.company.preference("AccountingInfoPrefs", "BookCloseDate")
        if closed and min(dates) <= closed:
            raise refused("6210", f"The account period has closed and the books are locked until {closed}")

    def _check_deposited(self, old: Json, new: Json) -> None:
        if self.company.deposited.get((self.kind, old["Id"])) is None:
            return
        if self.company.moods.deposited == "all" or any(old.get(one) != new.get(one) for one in _MONEY):
            raise refused("6540", f"{self.kind} {old['Id']} is part of a deposit")

    def _check_links(self, old: Json, new: Json) -> None:
        """What Payments link keeps its customer and currency, and is never less than they have settled."""
        if not self.company.links.get((self.kind, old["Id"])):
            return
        for name in ("CustomerRef", "EntityRef", "CurrencyRef", "PaymentType"):
            if old.get(name) != new.get(name):
                raise business(f"{name} of a transaction with payments cannot be changed")

    # ------------------------------------------------------------------------------------------ steps

    def _built(self, record: Json) -> Json:
        company, kind = self.company, self.kind
        numbering.number(company, kind, record, "allowduplicatedocnum" in self.include)
        if kind == "Payment":
            return payments.build(company, record)
        if kind in sales_forms.KINDS:
            return sales_forms.build(company, kind, record)
        return purchases.build(company, kind, record)

    def _list_update(self, record: Json, old: Json) -> Json:
        if self.kind == "Preferences":
            groups = {name: {**old.get(name, {}), **value} for name, value in record.items() if name != "Id"}
            return {**old, **groups}
        return lists.build(self.company, self.kind, record, old)

    def _apply_credits(self, made: str) -> None:
        """AutoApplyCredit: credits and open invoices of a customer find each other without being asked."""
        company, kind = self.company, self.kind
        if kind not in ("Invoice", "CreditMemo") or not company.preference(
            "SalesFormsPrefs", "AutoApplyCredit"
        ):
            return
        one = company.shelf.kinds[kind][made]
        for invoice, memo, amount in payments.credits_to_apply(company, kind, one):
            terms: Json = {
                name: one[name] for name in ("CustomerRef", "CurrencyRef", "ExchangeRate") if name in one
            }
            lines = [
                {"Amount": amount, "LinkedTxn": [{"TxnId": each, "TxnType": how}]}
                for each, how in ((invoice, "Invoice"), (memo, "CreditMemo"))
            ]
            payment = {**terms, "TxnDate": one["TxnDate"], "TotalAmt": ZERO, "Line": lines}
            payment["PrivateNote"] = "Created by QuickBooks to link credits to charges."
            writing = _Write(company, "Payment", payment, frozenset())
            writing.create()
            self.saving.customers |= writing.saving.customers


def _forget_computed(kept: Json, given: Json, automated: bool) -> None:
    """A sparse update has automated tax worked out anew, unless it was set by hand; a tax by code stays where the
    lines stay.
    """
    detail = kept.pop("TxnTaxDetail", {})
    if detail.get("TaxReviewStatus") == OVERRIDE:
        kept["TxnTaxDetail"] = detail
    elif not automated:
        names = ("TxnTaxCodeRef",) if "Line" in given else ("TxnTaxCodeRef", "TotalTax")
        kept["TxnTaxDetail"] = {name: detail[name] for name in names if name in detail}
