"""Purchases, deposits and journal entries: their lines, and what they post."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.quickbooks.ledger import Key, Posting
from vendors.quickbooks.references import (
    RECEIVABLE,
    check_currency_of,
    currency_terms,
    fill,
    fill_tracking,
    money_account,
    referred,
)
from vendors.quickbooks.refusals import business, missing_parameter, refused
from vendors.quickbooks.wire import ZERO, Json, decimal, ref, rounded

if TYPE_CHECKING:
    from vendors.quickbooks.company import Company

# The DepositLine's TxnType is the name of the entity.
_DEPOSITABLE = frozenset({"Payment", "SalesReceipt", "RefundReceipt", "JournalEntry"})
_CHOOSE_CUSTOMER = "When you use Accounts Receivable, you must choose a customer in the Name field"


def build(company: Company, kind: str, record: Json) -> Json:
    made: Json = {"Purchase": _purchase, "Deposit": _deposit, "JournalEntry": _journal}[kind](company, record)
    return made


def postings(company: Company, kind: str, one: Json) -> list[Posting]:
    how = {"Purchase": _of_purchase, "Deposit": _of_deposit, "JournalEntry": _of_journal}[kind]
    return how(company, one)


def _detail(line: Json, kind: str) -> Json:
    """A copy of the detail of a line, which has to be of the kind."""
    if line.get("DetailType") != kind:
        raise business(f"A line of the type {line.get('DetailType')} does not belong on this form")
    if kind not in line or "AccountRef" not in line[kind]:
        raise missing_parameter(f"{kind}.AccountRef")
    if "Amount" not in line:
        raise missing_parameter("Line.Amount")
    line[kind] = dict(line[kind])
    found: Json = line[kind]
    return found


def _numbered(record: Json) -> list[Json]:
    lines = [
        {**line, "Id": str(place), "LineNum": place} for place, line in enumerate(record.get("Line", []), 1)
    ]
    if not lines:
        raise missing_parameter("Line")
    return lines


# ---------------------------------------------------------------------------------------------------- Purchase


def _purchase(company: Company, record: Json) -> Json:
    for name in ("PaymentType", "AccountRef"):
        if name not in record:
            raise missing_parameter(name)
    if record["PaymentType"] not in ("Cash", "Check", "CreditCard"):
        raise refused(
            "2170", f"Invalid Enumeration : PaymentType value {record['PaymentType']}", "PaymentType"
        )
    if record.get("Credit") and record["PaymentType"] != "CreditCard":
        raise business("Only a credit card purchase can be a credit")
    payee = None
    if record.get("EntityRef", {}).get("type") == "Customer":
        payee = referred(company, "Customer", record["EntityRef"], "EntityRef")
        record["EntityRef"] = ref(payee["Id"], payee["DisplayName"], type="Customer")
    currency, _ = currency_terms(company, record, payee)
    account = referred(company, "Account", record["AccountRef"], "AccountRef")
    wanted = "Credit Card" if record["PaymentType"] == "CreditCard" else "Bank"
    if account["AccountType"] != wanted:
        raise business(f"AccountRef must be a {wanted} account, not {account['AccountType']}")
    check_currency_of(company, account, currency)
    record["AccountRef"] = ref(account["Id"], account["Name"])
    fill_tracking(company, record, "ClassTrackingPerTxn")
    lines = _numbered(record)
    for line in lines:
        _purchase_line(company, line, payee, currency)
    record["Line"] = lines
    record["TotalAmt"] = sum((line["Amount"] for line in lines), ZERO)
    if record["TotalAmt"] < 0:
        raise business("Transaction amount must be 0 or greater")
    return record


def _purchase_line(company: Company, line: Json, payee: Json | None, currency: str) -> None:
    detail = _detail(line, "AccountBasedExpenseLineDetail")
    account = referred(company, "Account", detail["AccountRef"], "AccountRef")
    check_currency_of(company, account, currency)
    detail["AccountRef"] = ref(account["Id"], account["Name"])
    fill(company, detail, CustomerRef="Customer")
    fill_tracking(company, detail, "ClassTrackingPerTxnLine")
    line["Amount"] = rounded(decimal(line["Amount"]), currency)
    if account["AccountType"] == RECEIVABLE:
        if payee is None:
            raise business(_CHOOSE_CUSTOMER)
        if detail.get("CustomerRef", {"value": payee["Id"]})["value"] != payee["Id"]:
            raise business("The customer of the line is not the one in the Name field")


def _of_purchase(company: Company, one: Json) -> list[Posting]:
    sign = -1 if one.get("Credit") else 1
    rate = one.get("ExchangeRate", Decimal(1))
    posted = []
    for line in one["Line"]:
        account = line["AccountBasedExpenseLineDetail"]["AccountRef"]["value"]
        customer = one["EntityRef"]["value"] if company.is_receivable(account) else None
        posted.append(Posting(account, sign * rounded(line["Amount"] * rate), customer))
    total = sum((each.amount for each in posted), ZERO)
    return [*posted, Posting(one["AccountRef"]["value"], -total)]


# ---------------------------------------------------------------------------------------------------- Deposit


def _deposit(company: Company, record: Json) -> Json:
    if "DepositToAccountRef" not in record:
        raise missing_parameter("DepositToAccountRef")
    currency, _ = currency_terms(company, record, None)
    record["DepositToAccountRef"] = money_account(
        company, record["DepositToAccountRef"], "DepositToAccountRef", currency
    )
    lines = _numbered(record)
    for line in lines:
        if line.get("LinkedTxn"):
            _deposited_line(company, record, line, currency)
        else:
            detail = _detail(line, "DepositLineDetail")
            account = referred(company, "Account", detail["AccountRef"], "AccountRef")
            if account["AccountType"] == RECEIVABLE:
                raise business("This stand-in takes no receivables on a deposit")
            detail["AccountRef"] = ref(account["Id"], account["Name"])
        line["Amount"] = rounded(decimal(line["Amount"]), currency)
    record["Line"] = lines
    record["TotalAmt"] = sum((line["Amount"] for line in lines), ZERO)
    return record


def deposited_keys(one: Json) -> list[Key]:
    """The documents that a Deposit took out of Undeposited Funds."""
    return [
        (link["TxnType"], link["TxnId"])
        for line in one["Line"]
        for link in line.get("LinkedTxn", ())
        if link["TxnType"] in _DEPOSITABLE
    ]


def _deposited_line(company: Company, record: Json, line: Json, currency: str) -> None:
    link = line["LinkedTxn"][0]
    if "TxnLineId" not in link:
        raise missing_parameter("LinkedTxn.TxnLineId")
    key = (link.get("TxnType", ""), link.get("TxnId", ""))
    one = company.shelf.get(*key) if key[0] in _DEPOSITABLE else None
    if one is None:
        raise refused("620", f"Txn ID {key[1]} of the type {key[0]} cannot be linked", "TxnId")
    held = company.ledger.moved(key, company.account_of_type("UndepositedFunds"))
    if not held or company.deposited.get(key) not in (None, record.get("Id")):
        raise refused("620", f"Txn ID {key[1]} is not in Undeposited Funds", "TxnId")
    if one.get("CurrencyRef", {}).get("value", currency) != currency:
        raise business(f"{key[0]} {key[1]} is in another currency")
    size = abs(held) if key[0] == "JournalEntry" else one["TotalAmt"]
    amount = size if held > 0 else -size
    if "Amount" in line and decimal(line["Amount"]) != amount:
        raise business(f"{key[0]} {key[1]} has to be deposited with its amount of {amount:f}")
    line["Amount"] = amount


def _of_deposit(company: Company, one: Json) -> list[Posting]:
    rate = one.get("ExchangeRate", Decimal(1))
    funds = company.account_of_type("UndepositedFunds")
    posted = [Posting(one["DepositToAccountRef"]["value"], rounded(one["TotalAmt"] * rate))]
    for line in one["Line"]:
        if line.get("LinkedTxn"):
            link = line["LinkedTxn"][0]
            posted.append(Posting(funds, -company.ledger.moved((link["TxnType"], link["TxnId"]), funds)))
        else:
            account = line["DepositLineDetail"]["AccountRef"]["value"]
            posted.append(Posting(account, -rounded(line["Amount"] * rate)))
    rest = -sum((each.amount for each in posted), ZERO)
    if rest:
        posted.append(Posting(company.account_of_type("ExchangeGainOrLoss"), rest))
    return posted


# ---------------------------------------------------------------------------------------------------- JournalEntry


def _journal(company: Company, record: Json) -> Json:
    lines = _numbered(record)
    sums = {"Debit": ZERO, "Credit": ZERO}
    customers = set()
    currency, _ = currency_terms(company, record, None)
    for line in lines:
        detail = _detail(line, "JournalEntryLineDetail")
        if "PostingType" not in detail:
            raise missing_parameter("JournalEntryLineDetail.PostingType")
        account = referred(company, "Account", detail["AccountRef"], "AccountRef")
        check_currency_of(company, account, currency)
        detail["AccountRef"] = ref(account["Id"], account["Name"])
        fill_tracking(company, detail, "ClassTrackingPerTxnLine")
        line["Amount"] = rounded(decimal(line["Amount"]), currency)
        if line["Amount"] < 0:
            raise refused("2290", "Amount of a journal line is negative", "Amount")
        sums[detail["PostingType"]] += line["Amount"]
        if account["AccountType"] == RECEIVABLE:
            given = detail.get("Entity", {}).get("EntityRef")
            if given is None:
                raise business(_CHOOSE_CUSTOMER)
            customers.add(referred(company, "Customer", given, "Entity")["Id"])
    if len(customers) > 1:
        raise business("This stand-in takes one customer in a journal entry")
    if sums["Debit"] != sums["Credit"]:
        raise business("Debits and credits of a journal entry must be the same")
    record["Line"] = lines
    record["TotalAmt"] = sums["Debit"]
    return record


def _of_journal(company: Company, one: Json) -> list[Posting]:
    rate = one.get("ExchangeRate", Decimal(1))
    posted = []
    for line in one["Line"]:
        detail = line["JournalEntryLineDetail"]
        account = detail["AccountRef"]["value"]
        sign = 1 if detail["PostingType"] == "Debit" else -1
        customer = detail["Entity"]["EntityRef"]["value"] if company.is_receivable(account) else None
        posted.append(Posting(account, sign * rounded(line["Amount"] * rate), customer))
    rest = -sum((each.amount for each in posted), ZERO)
    if rest:
        last = posted.pop()
        posted.append(Posting(last.account, last.amount + rest, last.customer))
    return posted
