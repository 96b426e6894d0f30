"""Item lines and their tax: what was sent, appended to or laid over what is there.

Lines sent without `line` are always added; those with it change the line of that id (ORA/section_1545295601).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite.refusals import invalid_content, invalid_value, missing, user_error
from vendors.netsuite.wire import ZERO, Json, decimal, rounded

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

_KEPT = ("description", "price", "department", "class", "location", "taxDetailsReference")
_LEGACY_TAX = ("taxCode", "taxRate1")


def merged(
    account: Account, currency: str, old: Sequence[Json], sent: Iterable[Json], replace: bool
) -> tuple[Json, ...]:
    """The lines of a form after a write; `replace` takes away those that the write does not name."""
    kept = {one["line"]: one for one in old}
    last = max(kept, default=0)
    touched: dict[int, Json] = {}
    for given in sent:
        told = given.get("line")
        if told is None:
            last += 1
            touched[last] = _line(account, currency, last, {}, given)
        elif told not in kept:
            raise invalid_value(told, "line", f"{given['_path']}.line")
        else:
            touched[told] = _line(account, currency, told, kept[told], given)
    whole = touched if replace else {**kept, **touched}
    return tuple(whole[one] for one in sorted(whole))


def _line(account: Account, currency: str, number: int, old: Json, given: Json) -> Json:
    path = given["_path"]
    item_id = given.get("item") or old.get("item")
    if item_id is None:
        raise missing(f"{path}.item")
    item = account.get("item", item_id)
    if item["isInactive"]:
        raise invalid_value(item_id, "item", f"{path}.item")
    _check_legacy_tax(account, item, given)
    line: Json = {"line": number, "item": item_id, "_taxable": item["_taxable"]}
    for name in _KEPT:
        line[name] = given[name] if name in given else old.get(name)
    line["taxDetailsReference"] = line["taxDetailsReference"] or f"line{number}"
    quantity = given.get("quantity", old.get("quantity"))
    rate = given.get("rate", old.get("rate"))
    digits = account.digits(currency)
    amount = given.get("amount")
    if amount is None and account.moods.gross_amount and given.get("grossAmt") is not None:
        amount = _net(account, item, given["grossAmt"], digits)
    if amount is None and ("rate" in given or "quantity" in given) and rate is not None:
        amount = rounded(rate * (1 if quantity is None else quantity), digits)
    elif amount is None:
        amount = old.get("amount")
    if amount is None:
        raise missing(f"{path}.amount")
    if amount != rounded(amount, digits):
        raise invalid_content(
            f"The amount {amount} has more decimal places than the currency.", f"{path}.amount", loud=True
        )
    if item["_type"] == "inventoryItem" and quantity is None:
        raise missing(f"{path}.quantity")
    line["amount"] = rounded(amount, digits)
    line["quantity"] = Decimal(1) if quantity is None else decimal(quantity)
    line["rate"] = rate if rate is not None else amount
    return line


def _check_legacy_tax(account: Account, item: Json, given: Json) -> None:
    """REST does not speak legacy tax (ORA/article_164460021767)."""
    if account.moods.tax == "legacy" and (
        given.get("isTaxable") or any(given.get(one) for one in _LEGACY_TAX)
    ):
        raise user_error("REST web services do not support legacy tax features.", given["_path"])


def _net(account: Account, item: Json, gross: Decimal, digits: int) -> Decimal:
    if account.moods.tax != "suitetax" or not item["_taxable"]:
        return gross
    return rounded(gross * 100 / (100 + account.tax_rate), digits)


# ---------------------------------------------------------------------------------------------- tax


def taxes_of(account: Account, form: Json, sent: Sequence[Json] | None) -> tuple[Json, ...]:
    """What SuiteTax makes of the lines: its own reckoning, or with `taxDetailsOverride` just what was sent.

    Legacy tax is reckoned for what is made by hand.
    `sent` are the rows of `taxDetails`, None where the write has none.
    """
    moods = account.moods
    by_app = form.get("_by_app", account.by_app)
    if moods.tax == "none" or (moods.tax == "legacy" and by_app and not moods.legacy_adds_tax):
        return ()
    digits = account.digits(form["currency"])
    if moods.tax == "suitetax" and form.get("taxDetailsOverride") and not moods.ignores_override:
        if sent is None:
            lines = {one["line"] for one in form["_lines"]}
            return tuple(one for one in form.get("_taxes", ()) if one["line"] in lines)
        return tuple(_given_tax(form, one, digits) for one in sent)
    if not account.get("customer", form["_entity"]).get("taxable", True):
        return ()
    tax = account.named("salesTaxItem", "Sales Tax")
    found = []
    for line in form["_lines"]:
        if line["_taxable"]:
            amount = rounded(line["amount"] * account.tax_rate / 100, digits)
            row = _tax_row(line, tax["taxType"], tax["id"], account.tax_rate, line["amount"], amount)
            found.append(row)
    return tuple(found)


def _given_tax(form: Json, given: Json, digits: int) -> Json:
    path = given["_path"]
    for name in ("taxDetailsReference", "taxType", "taxCode", "taxRate", "taxBasis", "taxAmount"):
        if given.get(name) is None:
            raise missing(f"{path}.{name}")
    named = [one for one in form["_lines"] if one["taxDetailsReference"] == given["taxDetailsReference"]]
    if len(named) != 1:
        raise invalid_value(
            given["taxDetailsReference"], "taxDetailsReference", f"{path}.taxDetailsReference"
        )
    amount = given["taxAmount"]
    if amount != rounded(amount, digits):
        raise invalid_content(
            f"The amount {amount} has more decimal places than the currency.", f"{path}.taxAmount", loud=True
        )
    return _tax_row(
        named[0],
        given["taxType"],
        given["taxCode"],
        given["taxRate"],
        given["taxBasis"],
        rounded(amount, digits),
    )


def _tax_row(line: Json, tax_type: str, code: str, rate: Decimal, basis: Decimal, amount: Decimal) -> Json:
    return {
        "taxDetailsReference": line["taxDetailsReference"],
        "taxType": tax_type,
        "taxCode": code,
        "taxRate": rate,
        "taxBasis": basis,
        "taxAmount": amount,
        "line": line["line"],
    }


def total_of(form: Json) -> Decimal:
    net = sum((one["amount"] for one in form["_lines"]), ZERO)
    return net + sum((one["taxAmount"] for one in form["_taxes"]), ZERO)
