"""Sales tax of the four kinds of company: none, US by code, US automated, and by line elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks.references import referred
from vendors.quickbooks.refusals import business, missing_parameter, refused
from vendors.quickbooks.wire import ZERO, Json, ref, rounded

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

OVERRIDE = "AST_TAX_OVERRIDE"
_REFUNDS = frozenset({"CreditMemo", "RefundReceipt"})


def taxed(company: Company, kind: str, record: Json, lines: list[Json], currency: str) -> Decimal:
    """The tax of a sales form; writes `TxnTaxDetail` and the codes and net amounts of the lines.

    `lines` are those with an item, amounts as they were sent. Tax is worked out before discounts.
    """
    if company.sales_tax == "by_line":
        return _by_line(company, record, lines, currency)
    record.pop("GlobalTaxCalculation", None)
    for line in lines:
        _us_code(company, line)
    given = record.get("TxnTaxDetail", {})
    base = sum((one["Amount"] for one in lines if _code(one) == "TAX"), ZERO)
    if company.sales_tax == "off":
        record["TxnTaxDetail"] = {"TotalTax": ZERO}
        return ZERO
    return (_automated if company.sales_tax == "automated" else _by_code)(company, kind, record, given, base)


def _code(line: Json) -> str | None:
    code: str | None = line["SalesItemLineDetail"].get("TaxCodeRef", {}).get("value")
    return code


def _us_code(company: Company, line: Json) -> None:
    code = _code(line)
    if code is None:
        item = company.shelf.kinds["Item"][line["SalesItemLineDetail"]["ItemRef"]["value"]]
        code = "TAX" if item.get("Taxable") else "NON"
    if code not in ("TAX", "NON"):
        raise refused("6100", f"US companies use TAX or NON on a line, not {code}", "TaxCodeRef")
    line["SalesItemLineDetail"]["TaxCodeRef"] = ref(code)


def _automated(company: Company, kind: str, record: Json, given: Json, base: Decimal) -> Decimal:
    overridden = "TotalTax" in given and (kind not in _REFUNDS or company.moods.tax_override_on_refunds)
    tax = rounded(given["TotalTax"] if overridden else base * company.automated_rate / 100)
    if tax < 0:
        raise refused("2290", "TotalTax is negative", "TotalTax")
    detail: Json = {"TxnTaxCodeRef": ref(company.automated_code), "TotalTax": tax}
    if overridden:
        detail["TaxReviewStatus"] = OVERRIDE
    detail["TaxLine"] = [
        _tax_line(tax, base, company.automated_rate, company.rate_of(company.automated_code))
    ]
    record["TxnTaxDetail"] = detail
    return tax


def _by_code(company: Company, kind: str, record: Json, given: Json, base: Decimal) -> Decimal:
    detail: Json = {"TotalTax": ZERO}
    percent, rate = ZERO, None
    if "TxnTaxCodeRef" in given:
        code = referred(company, "TaxCode", given["TxnTaxCodeRef"], "TxnTaxCodeRef")
        if code["Id"] in ("TAX", "NON"):
            raise business(f"{code['Id']} may not be the tax code of a transaction")
        detail["TxnTaxCodeRef"] = ref(code["Id"], code["Name"])
        rate = company.rate_of(code["Id"])
        percent = rate["RateValue"]
    tax = rounded(given["TotalTax"]) if "TotalTax" in given else rounded(base * percent / 100)
    if tax < 0:
        raise refused("2290", "TotalTax is negative", "TotalTax")
    detail["TotalTax"] = tax
    if rate is not None:
        detail["TaxLine"] = [_tax_line(tax, base, percent, rate)]
    record["TxnTaxDetail"] = detail
    return tax


def _by_line(company: Company, record: Json, lines: list[Json], currency: str) -> Decimal:
    """Each line is taxed and rounded by itself; the net amount is what stays on the line."""
    how = record.get("GlobalTaxCalculation")
    if how is None:
        raise missing_parameter("GlobalTaxCalculation")
    nets: dict[str, Decimal] = {}
    taxes: dict[str, Decimal] = {}
    for line in lines:
        detail = line["SalesItemLineDetail"]
        if how == "NotApplicable":
            detail.pop("TaxCodeRef", None)
            continue
        if "TaxCodeRef" not in detail:
            raise business("Make sure all your transactions have a tax rate before you save")
        code = referred(company, "TaxCode", detail["TaxCodeRef"], "TaxCodeRef")
        detail["TaxCodeRef"] = ref(code["Id"])
        percent = company.rate_of(code["Id"])["RateValue"]
        net, tax = _split(company, how, line, percent, currency)
        line["Amount"] = net
        if how == "TaxInclusive":
            detail["TaxInclusiveAmt"] = net + tax
        nets[code["Id"]] = nets.get(code["Id"], ZERO) + net
        taxes[code["Id"]] = taxes.get(code["Id"], ZERO) + tax
    total = sum(taxes.values(), ZERO)
    rates = {code: company.rate_of(code) for code in nets}
    record["TxnTaxDetail"] = {
        "TotalTax": total,
        "TaxLine": [
            _tax_line(taxes[code], nets[code], rates[code]["RateValue"], rates[code]) for code in nets
        ],
    }
    return total


def _split(
    company: Company, how: str, line: Json, percent: Decimal, currency: str
) -> tuple[Decimal, Decimal]:
    """Net and tax of one line."""
    detail, amount = line["SalesItemLineDetail"], line["Amount"]
    gross: Decimal | None = None
    if how == "TaxInclusive":
        gross = amount if company.moods.inclusive_amount == "gross" else None
        gross = detail.get("TaxInclusiveAmt") or gross
    if gross is None:
        return amount, rounded(amount * percent / 100, currency)
    gross = rounded(gross, currency)
    net = rounded(gross * 100 / (100 + percent), currency)
    return net, gross - net


def _tax_line(tax: Decimal, net: Decimal, percent: Decimal, rate: Json) -> Json:
    detail = {
        "TaxRateRef": ref(rate["Id"]),
        "PercentBased": True,
        "TaxPercent": percent,
        "NetAmountTaxable": net,
    }
    return {"Amount": tax, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}
