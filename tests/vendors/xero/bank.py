"""Bank transactions: money spent and received, and the overpayments and prepayments that they make.

https://developer.xero.com/documentation/api/accounting/banktransactions
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendors.xero import contacts
from vendors.xero.lines import Form, build_lines, totals
from vendors.xero.posting import post_bank_transaction
from vendors.xero.refusals import Invalid
from vendors.xero.settling import with_balances
from vendors.xero.wire import ZERO, Json, decimal, rounded

if TYPE_CHECKING:
    from vendors.xero.organisation import Organisation

_PLAIN = ("SPEND", "RECEIVE")
_CREDITS = {"OVERPAYMENT": ("Overpayments", "OverpaymentID"), "PREPAYMENT": ("Prepayments", "PrepaymentID")}


def save(organisation: Organisation, given: Json, method: str, object_id: str | None, unitdp: int = 2) -> str:
    """Makes, changes or deletes a bank transaction and returns its id; raises `Invalid`. No two are ever the same."""
    object_id = object_id or (given.get("BankTransactionID") if method == "POST" else None)
    if object_id is None:
        if "BankTransactionID" in given:
            raise Invalid("A BankTransactionID cannot be given for a transaction that is to be created")
        return _create(organisation, given, unitdp)
    old = organisation.shelf.get("BankTransactions", object_id)
    if old is None:
        raise Invalid("Bank transaction not found")
    changed = {name: value for name, value in given.items() if name != "BankTransactionID"}
    _change(organisation, old, changed, unitdp)
    return str(old["BankTransactionID"])


def _create(organisation: Organisation, given: Json, unitdp: int) -> str:
    if given.get("Status", "AUTHORISED") != "AUTHORISED":
        raise Invalid(f"A bank transaction cannot be created with the status {given['Status']}")
    if given["Type"].endswith("-TRANSFER"):
        raise Invalid(f"Bank transactions of type {given['Type']} cannot be created")
    record: Json = {"LineAmountTypes": "Inclusive", "IsReconciled": False, "Status": "AUTHORISED", **given}
    record.setdefault("Date", organisation.today())
    organisation.check_open("create", record["Date"])
    record["BankTransactionID"] = organisation.new_id()
    return _keep(organisation, record, [], unitdp)


def _change(organisation: Organisation, old: Json, given: Json, unitdp: int) -> None:
    status = given.get("Status", "AUTHORISED")
    if old["Status"] != "AUTHORISED" or status == "VOIDED":
        raise Invalid("Bank transaction not of valid status for modification")
    if old["IsReconciled"] and not organisation.moods.reconciled_may_be_deleted:
        raise Invalid(
            "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement."
        )
    credit = _credit_of(organisation, old)
    if credit is not None and credit[1]["_settled"]:
        raise Invalid(
            "This Bank Transaction cannot be edited as it has allocations or payments applied to it."
        )
    if status == "AUTHORISED":
        organisation.check_open("edit", old["Date"], str(given.get("Date", old["Date"])))
        if given.get("Type", old["Type"]) != old["Type"] or credit is not None:
            raise Invalid(
                "The type of a bank transaction cannot be changed, nor can an overpayment or prepayment"
            )
        _keep(organisation, {**old, **given}, old["LineItems"], unitdp)
        return
    organisation.check_open("void", old["Date"])
    gone = {**old, "Status": "DELETED"}
    organisation.put("BankTransactions", old["BankTransactionID"], gone)
    post_bank_transaction(organisation, old["BankTransactionID"], gone)
    if credit is not None:
        kind, one = credit
        name = f"{kind[:-1]}ID"
        organisation.put(kind, one[name], with_balances(organisation, kind, {**one, "Status": "VOIDED"}))


def _credit_of(organisation: Organisation, one: Json) -> tuple[str, Json] | None:
    for kind, name in _CREDITS.values():
        if name in one:
            return kind, organisation.shelf.kinds[kind][one[name]]
    return None


def _keep(organisation: Organisation, record: Json, old: list[Json], unitdp: int) -> str:
    account = _bank_account(organisation, record["BankAccount"])
    record["BankAccount"] = {"AccountID": account["AccountID"]}
    record["Contact"] = {"ContactID": contacts.resolve(organisation, record.get("Contact"))}
    currency = account["CurrencyCode"]
    if record.get("CurrencyCode", currency) != currency:
        raise Invalid("The currency of a bank transaction is that of its bank account.")
    record["CurrencyCode"] = currency
    given = record.get("CurrencyRate")
    record["CurrencyRate"] = organisation.rate_of(currency, None if given is None else decimal(given))
    if "Reference" in record and record["Type"] not in _PLAIN:
        raise Invalid("Reference is only supported for SPEND and RECEIVE bank transactions")
    if record["Type"] in _PLAIN:
        record.setdefault("Reference", "")
    if not record["LineItems"]:
        raise Invalid("One or more line items must be specified")
    if record["Type"].endswith("-OVERPAYMENT"):
        record["LineItems"] = _overpaid(organisation, record)
        record["LineAmountTypes"] = "NoTax"
    else:
        form = Form("BankTransactions", record["LineAmountTypes"], finished=True, unitdp=unitdp)
        record["LineItems"] = build_lines(organisation, record["LineItems"], form, old)
    record |= totals(record["LineItems"], record["LineAmountTypes"])
    if record["Total"] <= 0:
        raise Invalid("The total of a bank transaction must be greater than zero")
    object_id = str(record["BankTransactionID"])
    for word, (kind, name) in _CREDITS.items():
        if record["Type"].endswith(word):
            record[name] = _make_credit(organisation, kind, name, record)
    organisation.put("BankTransactions", object_id, record)
    post_bank_transaction(organisation, object_id, record)
    return object_id


def _bank_account(organisation: Organisation, given: Json) -> Json:
    told = given.get("AccountID") or given.get("Code")
    found = organisation.find("Accounts", told) if told else None
    if found is None or found["Status"] != "ACTIVE" or found["Type"] != "BANK":
        raise Invalid("Invalid Bank Account provided.")
    return found


def _overpaid(organisation: Organisation, record: Json) -> list[Json]:
    """The one line of an overpayment: on receivables, or payables, and without tax."""
    role = "DEBTORS" if record["Type"].startswith("RECEIVE") else "CREDITORS"
    account = organisation.shelf.kinds["Accounts"][organisation.system_account(role)]
    if len(record["LineItems"]) != 1:
        raise Invalid("An overpayment must have exactly one line item")
    line = record["LineItems"][0]
    if line.get("AccountCode", account["Code"]) != account["Code"]:
        raise Invalid(f"Account code '{line['AccountCode']}' is not a valid code for this document.")
    if line.get("TaxAmount") or line.get("TaxType", "NONE") != "NONE":
        raise Invalid("An overpayment cannot have tax")
    quantity = rounded(decimal(line.get("Quantity", 1)), 4)
    unit = rounded(decimal(line.get("UnitAmount", line.get("LineAmount", 0))))
    amount = rounded(quantity * unit)
    if decimal(line.get("LineAmount", amount)) != amount:
        told = rounded(decimal(line["LineAmount"]))
        raise Invalid(f"The line total {told} does not match the expected line total {amount}")
    kept: Json = {"LineItemID": organisation.new_id(), "Description": line.get("Description", "")}
    kept |= {
        "Quantity": quantity,
        "UnitAmount": unit,
        "LineAmount": amount,
        "TaxAmount": ZERO,
        "TaxType": "NONE",
    }
    return [{**kept, "AccountCode": account["Code"], "AccountID": account["AccountID"], "Tracking": []}]


_SHARED = ("Type", "Contact", "Date", "LineAmountTypes", "LineItems", "SubTotal", "TotalTax", "Total")


def _make_credit(organisation: Organisation, kind: str, name: str, record: Json) -> str:
    """The overpayment or prepayment that stands open once the money is there."""
    credit_id = organisation.new_id()
    one = {each: record[each] for each in (*_SHARED, "CurrencyCode", "CurrencyRate")}
    one |= {name: credit_id, "Status": "AUTHORISED", "_settled": ()}
    organisation.put(kind, credit_id, with_balances(organisation, kind, one))
    organisation.touched.add((kind, credit_id))
    return credit_id
