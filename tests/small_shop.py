"""Shops of a few sales and refunds at Stripe, and what they come to be some days later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli_books import Export, at, movement

Json = dict[str, Any]


class Shop:
    """Charges and refunds at Stripe; `export` writes them as a folder of objects.

    `never_posted` are refunds that did not succeed before they failed, as far as the books know.
    """

    def __init__(self, folder: Path) -> None:
        self.export = Export(folder)
        self.never_posted: set[str] = set()

    @property
    def objects(self) -> dict[str, Json]:
        return self.export.objects

    def of_kind(self, kind: str) -> list[Json]:
        found = [one for one in self.objects.values() if one["object"] == kind]
        return sorted(found, key=lambda one: (one["created"], one["id"]))

    def charge(self, number: str, amount: int, tax: int, day: str, fee: int, method: str = "card") -> str:
        """A sale of one line with tax."""
        lines = [{"sku": "SKU-1", "amount": major(amount), "tax": major(tax)}]
        return self.export.charge(
            number,
            amount,
            when=f"{day}T15:00:00",
            fee=fee,
            metadata={"order_number": number, "sale_lines": json.dumps(lines)},
            payment_method_details={"type": method},
        )

    def refund(self, name: str, charge_id: str, amount: int, day: str, fee: int = 0) -> str:
        refund_id = self.export.refund(name, charge_id, amount, when=f"{day}T15:00:00")
        moved = self.objects[f"txn_{refund_id}"]
        moved.update(fee=fee, net=moved["amount"] - fee)
        return refund_id

    def fail(self, refund_id: str, day: str) -> None:
        self.export.fail(refund_id, f"{day}T15:00:00")

    def write(self) -> None:
        self.export.write()


def major(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def first_shop(folder: Path) -> Shop:
    """Ten refunds in two months: full, partial, second and third of a sale, with and without a fee, by card and bank."""
    shop = Shop(folder)
    sales = [
        ("100", 11000, 1000, "2026-02-02", 349),
        ("101", 5500, 500, "2026-02-03", 190),
        ("102", 7700, 700, "2026-02-20", 253),
        ("103", 3300, 300, "2026-03-01", 126),
        ("104", 9999, 999, "2026-03-02", 320),
        ("105", 2200, 200, "2026-03-03", 0),
    ]
    for number, amount, tax, day, fee in sales:
        shop.charge(number, amount, tax, day, fee, "us_bank_account" if number == "105" else "card")
    shop.refund("100a", "ch_100", 11000, "2026-02-10")
    shop.refund("101a", "ch_101", 2000, "2026-02-11", 25)
    shop.refund("101b", "ch_101", 3500, "2026-03-11")
    shop.refund("102a", "ch_102", 100, "2026-02-25")
    shop.refund("102b", "ch_102", 200, "2026-02-26")
    shop.refund("102c", "ch_102", 300, "2026-03-02", 25)
    shop.refund("103a", "ch_103", 3300, "2026-03-05")
    shop.refund("104a", "ch_104", 4999, "2026-03-06")
    shop.refund("105a", "ch_105", 2000, "2026-03-07")
    shop.refund("105b", "ch_105", 200, "2026-03-08")
    shop.objects["re_105b"].update(status="pending")
    shop.never_posted.add("re_105b")
    return shop


def later_shop(folder: Path) -> Shop:
    """The same shop some days later: a refund that had succeeded has failed, one that waited failed, one is new."""
    shop = first_shop(folder)
    shop.fail("re_104a", "2026-03-20")
    shop.fail("re_105b", "2026-03-21")
    shop.refund("104b", "ch_104", 9999, "2026-03-22", 25)
    return shop


def mini_shop(folder: Path) -> Shop:
    """Two sales and three refunds, in two months."""
    shop = Shop(folder)
    shop.charge("100", 11000, 1000, "2026-02-02", 349)
    shop.charge("101", 5500, 500, "2026-03-03", 0)
    shop.refund("100a", "ch_100", 3000, "2026-02-10")
    shop.refund("100b", "ch_100", 8000, "2026-03-08", 25)
    shop.refund("101a", "ch_101", 5500, "2026-03-20")
    return shop


def fail_charge(shop: Shop, charge_id: str, day: str) -> None:
    """A bank debit that came back after it had succeeded."""
    charge = shop.objects[charge_id]
    back = f"txn_back_{charge_id}"
    charge.update(status="failed", failure_balance_transaction=back)
    shop.export.put(
        movement(back, -charge["amount"], "usd", at(f"{day}T15:00:00"), "payment_failure_refund", charge_id)
    )


def mini_later(folder: Path) -> Shop:
    """The same, and the last refund has failed."""
    shop = mini_shop(folder)
    shop.fail("re_101a", "2026-04-02")
    return shop
