"""Keeping a document: its postings, its links, and the balances of all that it touches."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks import payments, purchases, sales_forms, settling
from vendors.quickbooks.ledger import Key
from vendors.quickbooks.refusals import business
from vendors.quickbooks.wire import ZERO, Json

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company


def stamped(company: Company, one: Json, old: Json) -> Json:
    """With the SyncToken that comes after the old one's."""
    meta = {**old["MetaData"], "LastUpdatedTime": company.clock.stamp()}
    token = str(int(old["SyncToken"]) + 1)
    return {**one, "SyncToken": token, "domain": "QBO", "sparse": False, "MetaData": meta}


class Saving:
    """`customers` are those whose balance may have changed meanwhile."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.customers: set[str] = set()

    def save(self, kind: str, one: Json) -> None:
        """Stores a document, posts it, and brings what it links up to date."""
        company, key = self.company, (kind, one["Id"])
        touched = payments.set_links(company, one["Id"], one["Line"]) if kind == "Payment" else set()
        if kind == "Deposit":
            self.post(kind, one)
            company.shelf.put(kind, one)
            self.mark_deposited(one["Id"], purchases.deposited_keys(one))
            return
        self.post(kind, one)
        item = settling.open_item(company, kind, one)
        if settling.applied(company, key) > (item.total if item else ZERO):
            raise business(f"{kind} {one['Id']} is less than what its payments settle")
        company.shelf.put(kind, settling.with_balances(company, kind, one))
        for each in [*touched, key] if kind != "Payment" else list(touched):
            self._refresh(each, but=one["Id"] if kind == "Payment" else None)

    def post(self, kind: str, one: Json) -> None:
        company, key = self.company, (kind, one["Id"])
        if kind in sales_forms.KINDS:
            posted = sales_forms.postings(company, kind, one)
            company.stock_moved.set(key, sales_forms.stock(company, kind, one) or None)
        elif kind == "Payment":
            posted = settling.postings(company, one)
        else:
            posted = purchases.postings(company, kind, one)
        company.ledger.post(key, one["TxnDate"], posted)
        self.count_open(key, settling.open_home(company, kind, one))

    def _refresh(self, key: Key, but: str | None) -> None:
        """After links changed: the other Payments of a document are posted anew, and its balance is shown anew."""
        company = self.company
        one = company.shelf.kinds[key[0]][key[1]]
        for payment in company.links.get(key) or {}:
            if payment != but:
                self.post("Payment", company.shelf.kinds["Payment"][payment])
        self.count_open(key, settling.open_home(company, key[0], one))
        shown = settling.with_balances(company, key[0], one)
        if shown != one:
            changed = stamped(company, shown, one)
            if not company.moods.linking_bumps_sync_token:
                changed["SyncToken"] = one["SyncToken"]
            company.shelf.put(key[0], changed)

    def unlink(self, key: Key) -> None:
        company = self.company
        for payment in list(company.links.get(key) or {}):
            old = company.shelf.kinds["Payment"][payment]
            self.save("Payment", stamped(company, payments.without_link(company, old, key), old))

    def mark_deposited(self, deposit: str, keys: list[Key]) -> None:
        company = self.company
        before = [key for key, held in company.deposited.items() if held == deposit]
        for key in before:
            company.deposited.set(key, None)
        for key in keys:
            company.deposited.set(key, deposit)
        for kind, each in {*before, *keys}:
            one = company.shelf.kinds[kind][each]
            company.shelf.put(kind, settling.with_balances(company, kind, one))

    def count_open(self, key: Key, found: tuple[str, Decimal] | None) -> None:
        """Keeps the running sum of what each customer owes."""
        company = self.company
        for pair, sign in ((company.open_items.get(key), -1), (found, 1)):
            if pair is not None:
                customer, amount = pair
                self.customers.add(customer)
                company.open_sums.set(customer, company.open_balance(customer) + sign * amount)
        company.open_items.set(key, found)
