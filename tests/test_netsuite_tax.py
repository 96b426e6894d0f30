"""Tax in a NetSuite account: each line has the sale's own codes and tax amounts of ours, to the cent.

Refunds of 30, 30 and 40 percent take each line and its tax back; together they leave nothing.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from ledger_desk import sell
from netsuite_desk import Desk, desk, mapped
from netsuite_sold import cash_sale, invoice, pay, sold
from vendors.netsuite import Moods, chart, lines
from vendors.netsuite.wire import Json

DAYS = ("2026-03-05", "2026-03-06", "2026-03-07")
# A line: net, its taxes by code, item.
Line = tuple[str, dict[str, str], str]


def refund_in_three(desk: Desk, charge: str, total: int) -> None:
    third = total * 3 // 10
    for name, amount, day in zip("abc", (third, third, total - 2 * third), DAYS, strict=True):
        desk.shop.refund(name, charge, amount, day)


class Case(NamedTuple):
    """`memos` are what the credit memos move; `codes` the tax codes that each has, by line."""

    lines: list[Line]
    memos: list[str]
    codes: list[list[str]]
    moods: Json = {}  # noqa: RUF012 - never changed


STATE, CITY = {"Sales Tax": "10.00"}, {"City Tax": "8.26"}
CASES = {
    "a tax": Case(
        [("100.00", STATE, "Services")],
        [
            "AR -33.00, REV 30.00, TAX 3.00",
            "AR -33.00, REV 30.00, TAX 3.00",
            "AR -44.00, REV 40.00, TAX 4.00",
        ],
        [["Sales Tax"]],
    ),
    "none, in an account with tax": Case(
        [("70.00", {}, "Services"), ("40.00", {}, "Untaxed Service")],
        [
            "AR -33.00, REV 21.00, Other Revenue 12.00",
            "AR -33.00, REV 21.00, Other Revenue 12.00",
            "AR -44.00, REV 28.00, Other Revenue 16.00",
        ],
        [[], []],
    ),
    "none, in an account without tax": Case(
        [("70.00", {}, "Services"), ("40.00", {}, "Untaxed Service")],
        [
            "AR -33.00, REV 21.00, Other Revenue 12.00",
            "AR -33.00, REV 21.00, Other Revenue 12.00",
            "AR -44.00, REV 28.00, Other Revenue 16.00",
        ],
        [[], []],
        {"tax": "none"},
    ),
    "a line with tax and one without": Case(
        [("70.00", {"Sales Tax": "7.00"}, "Services"), ("30.00", {}, "Untaxed Service")],
        [
            "AR -32.10, REV 21.00, Other Revenue 9.00, TAX 2.10",
            "AR -32.10, REV 21.00, Other Revenue 9.00, TAX 2.10",
            "AR -42.80, REV 28.00, Other Revenue 12.00, TAX 2.80",
        ],
        [["Sales Tax"], []],
    ),
    "a tax of nothing": Case(
        [("110.00", {"Exempt": "0.00"}, "Services")],
        ["AR -33.00, REV 33.00", "AR -33.00, REV 33.00", "AR -44.00, REV 44.00"],
        [["Exempt"]],
    ),
    "two taxes on a line": Case(
        [("100.00", {"Sales Tax": "6.25", "City Tax": "3.75"}, "Services")],
        [
            "AR -33.00, REV 30.00, TAX 3.00",
            "AR -33.00, REV 30.00, TAX 3.00",
            "AR -44.00, REV 40.00, TAX 4.00",
        ],
        [["Sales Tax", "City Tax"]],
    ),
    "a tax that NetSuite would round otherwise": Case(
        [("100.00", CITY, "Services")],
        [
            "AR -32.47, REV 29.99, TAX 2.48",
            "AR -32.47, REV 29.99, TAX 2.48",
            "AR -43.32, REV 40.02, TAX 3.30",
        ],
        [["City Tax"]],
    ),
    "a discount": Case(
        [("120.00", {"Sales Tax": "12.00"}, "Services"), ("-20.00", {"Sales Tax": "-2.00"}, "Refunds")],
        [
            "AR -33.00, REV 36.00, Refunds -6.00, TAX 3.00",
            "AR -33.00, REV 36.00, Refunds -6.00, TAX 3.00",
            "AR -44.00, REV 48.00, Refunds -8.00, TAX 4.00",
        ],
        [["Sales Tax"], ["Sales Tax"]],
    ),
}


def book(desk: Desk, case: Case) -> int:
    """An invoice by hand, paid; returns its total in cents."""
    account = desk.account
    account.put(chart.tax_row(account, "City Tax", Decimal("8.26")))
    account.undo.keep()
    items, details = [], []
    for at, (net, taxes, item) in enumerate(case.lines, start=1):
        items.append({**sold(account, net, "0", item), "taxDetailsReference": f"T{at}"})
        items[-1].pop("_tax")
        for name, amount in taxes.items():
            code = account.named("salesTaxItem", name)
            details.append(
                {
                    "taxDetailsReference": f"T{at}",
                    "taxType": {"id": code["taxType"]},
                    "taxCode": {"id": code["id"]},
                    "taxBasis": Decimal(net),
                    "taxRate": Decimal(code["rate"]),
                    "taxAmount": Decimal(amount),
                }
            )
    if account.moods.tax == "suitetax":
        told: Json = {"taxDetailsOverride": True, "taxDetails": {"items": details}}
    else:
        told = {}
        for line in items:
            line.pop("taxDetailsReference")
    made = invoice(account, lines=items, **told)
    pay(account, made, str(made["_total"]))
    total = int(made["_total"] * 100)
    when = "2026-03-02T15:00:00"
    desk.shop.export.charge("100", total, when=when, metadata={"order_number": "100"})
    return total


def codes_of(desk: Desk, form: Json) -> list[list[str]]:
    """The names of the tax codes of each line."""
    found: list[list[str]] = [[] for _ in form["_lines"]]
    for tax in form["_taxes"]:
        found[tax["line"] - 1].append(str(desk.account.get("salesTaxItem", tax["taxCode"])["name"]))
    return found


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_tax_of_a_sale_that_is_found(tmp_path: Path, case: Case) -> None:
    account = {"moods": Moods(**case.moods)}
    mapping = mapped(taxes={"default": None}) if case.moods else None
    with desk(tmp_path / "books", account=account, mapping=mapping) as one:
        refund_in_three(one, "ch_100", book(one, case))
        one.sync()
        memos = [text.partition(" Ada: ")[2] for text in one.written() if text.startswith("creditMemo")]
        assert memos == case.memos
        assert (one.totals(), one.open()) == ({}, "0.00")
        for form in (each for each in one.ours() if each["_type"] == "creditMemo"):
            assert codes_of(one, form) == case.codes
        one.settle_down()
        one.shop.fail("re_c", "2026-04-20")
        one.wait(24)
        one.sync()
        last = dict(part.rsplit(" ", 1) for part in memos[2].split(", "))
        owed = last.pop("AR")
        left = {name: str(-Decimal(amount)) for name, amount in last.items()}
        assert one.totals() == {**left, "CLR": str(-Decimal(owed))}
        assert one.open() == "0.00"
        one.settle_down()


def test_a_cash_sale_whose_parts_do_not_come_out_even(tmp_path: Path) -> None:
    with desk(tmp_path / "books") as one:
        of = [sold(one.account, "99.99", "10.00"), sold(one.account, "33.33", "0", "Untaxed Service")]
        cash_sale(one.account, lines=of)
        total = 14332
        when = "2026-03-02T15:00:00"
        one.shop.export.charge("100", total, when=when, metadata={"order_number": "100"})
        refund_in_three(one, "ch_100", total)
        one.sync()
        assert one.totals() == {}
        assert [line.split()[1] for line in one.written()] == ["100", "100-1", "100-2"]
        one.settle_down()


@pytest.mark.parametrize("sales", ["sales_receipt", "invoice_and_payment"])
def test_tax_of_a_sale_that_is_posted(tmp_path: Path, sales: str) -> None:
    """The tax is Stripe's, whatever the mapped rate would make of it."""
    mapping = mapped(taxes={"default": "City Tax"})
    with desk(tmp_path / "books", sales=sales, mapping=mapping) as one:
        one.account.put(chart.tax_row(one.account, "City Tax", Decimal("8.26")))
        one.account.undo.keep()
        sell(one, amount=11000, fee=0)
        one.sync()
        refund_in_three(one, "ch_100", 11000)
        one.sync()
        assert (one.totals(), one.open("Bo")) == ({}, "0.00")
        forms = [form for form in one.ours() if form["_lines"]]
        assert {code for form in forms for of in codes_of(one, form) for code in of} == {"City Tax"}
        taxes = [sum(tax["taxAmount"] for tax in form["_taxes"]) for form in forms]
        assert sorted(taxes) == [3, 3, 4, 10]
        one.settle_down()


def test_without_a_code_netsuite_splits_the_gross_amount(tmp_path: Path) -> None:
    """From 2026.1 on; its tax is what Stripe charged, or the total is held."""
    account = {"moods": Moods(gross_amount=True)}
    mapping = mapped(taxes={"default": None})
    with desk(tmp_path / "books", account=account, mapping=mapping, sales="sales_receipt") as one:
        sell(one, fee=0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        one.sync()
        assert one.totals() == {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
        one.settle_down()


def test_an_account_that_reckons_tax_in_the_old_way_is_not_written_to(tmp_path: Path) -> None:
    """REST cannot write such taxes: `check` says so, and so does each run."""
    with desk(tmp_path / "books", account={"moods": Moods(tax="legacy")}) as one:
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.write()
        said = one.command("check")
        assert said.code == 2
        assert "SuiteTax" in said.out + said.err
        one.command("sync")
        assert one.writes() == []


@pytest.mark.parametrize("form", ["invoice", "cash sale"])
def test_a_total_that_differs_is_taken_out_again(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held with both figures, nothing paid out; once the cause is gone a person has it tried again."""
    with desk(tmp_path / "books") as one:
        if form == "invoice":
            pay(one.account, invoice(one.account))
        else:
            cash_sale(one.account)
        one.shop.charge("100", 11000, 1000, "2026-03-02", 0)
        one.shop.refund("a", "ch_100", 3300, "2026-03-05")
        monkeypatch.setattr(lines, "taxes_of", a_cent_more)
        one.sync(3, plan=False)
        (held,) = [each for each in one.held() if each["reason"] == "total_differs"]
        assert "33.01 USD" in held["sentence"] and "33.00 USD" in held["sentence"]
        assert "taken out" in held["sentence"]
        assert one.written() == []
        assert one.totals() == {"REV": "-100.00", "CLR": "110.00", "TAX": "-10.00"}
        before = one.everything()
        one.sync(3, plan=False)
        assert one.everything() == before
        monkeypatch.undo()
        one.wait(1)
        one.resolve(held["document_key"], "--retry")
        one.sync(plan=False)
        assert one.totals() == {"REV": "-70.00", "CLR": "77.00", "TAX": "-7.00"}
        assert one.open() == "0.00"
        one.settle_down()


taxes_of = lines.taxes_of


def a_cent_more(account: object, form: Json, sent: list[Json] | None) -> tuple[Json, ...]:
    """An account with a script that changes taxes."""
    first, *rest = taxes_of(account, form, sent)  # type: ignore[arg-type]
    return ({**first, "taxAmount": first["taxAmount"] + Decimal("0.01")}, *rest)
