"""Transactions made, changed, deleted: by type, with all that hangs on them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from vendors.netsuite import applying, deposits, heads, journals, lines, posting
from vendors.netsuite.body import Given
from vendors.netsuite.ledger import Entry
from vendors.netsuite.refusals import LOCKED_RECORD, Refused, missing, user_error
from vendors.netsuite.settling import key_of, post_pairs, settled
from vendors.netsuite.wire import ZERO, Json, rounded

if TYPE_CHECKING:
    from vendors.netsuite.account import Account

Replaced = frozenset[str]


def create(account: Account, record_type: str, given: Given, transformed: bool = False) -> Json:
    """A new transaction, posted and applied; `transformed` where it is made from another one."""
    if not account.moods.keeps_created_from and not transformed:
        given.values.pop("createdFrom", None)
    record = heads.head(account, record_type, given)
    for name in account.moods.required:
        wanted, _, field = name.partition(".")
        if wanted == record_type and account.by_app and record.get(field) is None:
            raise missing(field)
    account.check_open(record["tranDate"], moves_receivables=record_type != "journalEntry")
    _check_sending(given)
    _fill(account, record, given, ())
    record["id"] = account.new_id(record_type)
    heads.take_number(account, record, given)
    record = account.put(record)
    record_id: str = record["id"]
    if record_type in ("customerPayment", "creditMemo", "customerRefund", "depositApplication"):
        _apply(account, record_id, given)
    elif given.lines.get("apply"):
        raise user_error("This type has no list to apply.")
    posting.post(account, record_id)
    _move_stock(account, account.transaction(record_id), Decimal(1))
    return account.transaction(record_id)


def _check_sending(given: Given) -> None:
    """Stripe has moved the money, and nobody is to be written to: what would do so again is loud."""
    if given.get("toBeEmailed") or given.get("toBePrinted"):
        raise Refused(400, "USER_ERROR", "The document would be sent.", loud=True)
    if "handlingMode" in given or "paymentOption" in given:
        mode = given.get("handlingMode")
        if mode != "SAVE_ONLY":
            raise Refused(400, "USER_ERROR", f"A gateway would move the money again: {mode}.", loud=True)


def _fill(account: Account, record: Json, given: Given, replaced: tuple[str, ...] | Replaced) -> None:
    """Lines, tax and total, as the type has them."""
    record_type = record["_type"]
    if record_type in posting.FORMS:
        _fill_form(account, record, given, "item" in replaced)
    elif record_type == "journalEntry":
        journals.fill(account, record, given, "line" in replaced)
    elif record_type in ("customerPayment", "customerDeposit"):
        _fill_payment(account, record, given)


def _fill_form(account: Account, record: Json, given: Given, replace: bool) -> None:
    if account.moods.tax == "legacy" and any(given.get(one) is not None for one in ("taxItem", "taxRate")):
        raise user_error("REST web services do not support legacy tax features.")
    sent = given.lines.get("item", [])
    changes = sent or replace or "taxDetails" in given.lines or "taxDetailsOverride" in given
    if record["_lines"] and not changes:
        return
    record["_lines"] = lines.merged(account, record["currency"], record["_lines"], sent, replace)
    if not record["_lines"]:
        raise user_error("You must enter at least one line item for this transaction.", "item")
    record["_taxes"] = lines.taxes_of(account, record, given.lines.get("taxDetails"))
    record["_total"] = lines.total_of(record)
    if record["_total"] < 0:
        raise user_error("The total of a transaction can not be negative.")


def _fill_payment(account: Account, record: Json, given: Given) -> None:
    told = given.get("payment")
    if told is None:
        told = record.get("payment")
    if told is None:
        told = sum((one.get("amount") or ZERO for one in given.lines.get("apply", [])), ZERO)
    if told <= 0 or told != rounded(told, account.digits(record["currency"])):
        raise missing("payment")
    record["payment"] = record["_total"] = rounded(told, account.digits(record["currency"]))


def _apply(account: Account, record_id: str, given: Given, replace: bool = False) -> None:
    record = account.transaction(record_id)
    sent = list(given.lines.get("apply", []))
    if record["_type"] == "customerRefund":
        sent += deposits.applications(account, record, given.lines.get("deposit", []))
    elif record["_type"] == "customerPayment" and (given.lines.get("deposit") or given.lines.get("credit")):
        raise user_error("Credits and deposits are not set against invoices in this stand-in.")
    applying.change(account, record_id, sent, replace)
    if record["_type"] == "customerRefund" and not account.transaction(record_id)["_total"]:
        raise user_error("You must apply the refund to at least one transaction.", "apply")
    wants_auto = given.get("autoApply", account.moods.auto_apply)
    if wants_auto and record["_type"] in ("customerPayment", "creditMemo"):
        applying.auto_apply(account, record_id)


# ---------------------------------------------------------------------------------------------- changes


def update(account: Account, old: Json, given: Given, replaced: Replaced) -> Json:
    """A transaction changed in place: what is sent is laid over what is there."""
    if old["_voided"]:
        raise user_error("A voided transaction can not be changed.")
    if old["id"] in account.locked_records:
        raise Refused(400, "USER_ERROR", LOCKED_RECORD)
    _check_fixed(old, given)
    _check_sending(given)
    record_type = old["_type"]
    record = {**old, **{name: value for name, value in given.values.items() if name not in heads.APART}}
    record["tranDate"] = given.get("tranDate", old["tranDate"])
    record["postingPeriod"] = account.period_of(record["tranDate"])["id"]
    record["exchangeRate"] = account.rate_of(
        old["currency"], old["subsidiary"], given.get("exchangeRate", old["exchangeRate"])
    )
    record |= heads.accounts(account, record, given, old)
    heads.take_external_id(account, record, given)
    heads.take_number(account, record, given)
    _fill(account, record, given, replaced)
    limit = record["_total"] if record_type in ("invoice", "creditMemo", "customerPayment") else None
    if limit is not None and settled(account, old) > limit:
        raise user_error("The total is lower than what is applied.")
    before = _posted(account, old)
    _move_stock(account, old, Decimal(-1))
    account.put(record)
    if record_type in ("customerPayment", "creditMemo", "customerRefund", "depositApplication"):
        if given.lines.get("deposit"):
            raise user_error("Deposits of a refund can not be changed.", "deposit")
        applied = given.lines.get("apply")
        if applied is not None:
            _apply(account, old["id"], given, "apply" in replaced)
    posting.post(account, old["id"])
    post_pairs(account, old["id"])
    _move_stock(account, account.transaction(old["id"]), Decimal(1))
    new = account.transaction(old["id"])
    posts = _posted(account, new) != before or set(given.values) - heads.SILENT
    for day in {old["tranDate"], record["tranDate"]}:
        account.check_open(day, record_type != "journalEntry", bool(posts))
    return new


def _posted(account: Account, one: Json) -> list[Entry]:
    """What a document and the applications that it holds have done to the ledger."""
    return account.ledger.posted([one["id"], *(key_of((one["id"], each)) for each in one["_apply"])])


def _check_fixed(old: Json, given: Given) -> None:
    for name, kept in (("currency", old["currency"]), ("subsidiary", old["subsidiary"])):
        if given.get(name, kept) != kept:
            raise user_error(f"The {name} can not be changed.", name)
    told = given.get("entity") or given.get("customer")
    if told is not None and told != old["_entity"]:
        raise user_error("The customer can not be changed.", heads.ENTITY[old["_type"]])


def delete(account: Account, old: Json) -> None:
    """Takes a transaction away; AssertionError never, `Refused` where something is applied to it or it to something."""
    if old["id"] in account.locked_records:
        raise Refused(400, "USER_ERROR", LOCKED_RECORD)
    if old["_applied_by"] or (
        old["_apply"] and old["_type"] in ("creditMemo", "customerPayment", "depositApplication")
    ):
        raise user_error("This transaction can not be deleted because it is applied to another transaction.")
    if any(one.get("createdFrom") == old["id"] for one in account.shelf.of_entity(old["_entity"] or "")):
        raise user_error("This transaction can not be deleted because it has child records.")
    if old["_type"] == "customerDeposit" and deposits.left_of(account, old) != old["_total"]:
        raise user_error("This transaction can not be deleted because it is applied to another transaction.")
    account.check_open(old["tranDate"], old["_type"] != "journalEntry")
    if old["_apply"]:
        applying.put(account, old["id"], {})
    _move_stock(account, old, Decimal(-1))
    account.ledger.remove(old["id"])
    account.shelf.remove("transaction", old["id"])
    if old["_type"] == "depositApplication":
        account.put({**account.transaction(old["deposit"])})
    account.touched.discard(old["id"])


def void(account: Account, old: Json) -> Json:
    """Sets total and lines to zero; the record stays (ORA/section_4413165692)."""
    if account.moods.reversal_voids:
        raise user_error('The preference "Void Transactions Using Reversing Journals" is on.')
    if old["_voided"]:
        raise user_error("This transaction has already been voided.")
    if old["_applied_by"] or old["_apply"]:
        raise user_error("This transaction can not be voided because payments or credits are applied.")
    account.check_open(old["tranDate"], moves_receivables=True)
    _move_stock(account, old, Decimal(-1))
    new = account.put({**old, "_voided": True})
    posting.post(account, old["id"])
    return new


def _move_stock(account: Account, one: Json, direction: Decimal) -> None:
    """Sales take goods away and refunds bring them back; `direction` -1 takes that back."""
    sign = -posting.MAIN.get(one["_type"], 0) * direction
    if one["_voided"] or one["_type"] not in posting.FORMS:
        return
    for line in one["_lines"]:
        item = account.get("item", line["item"])
        if item["_type"] == "inventoryItem":
            account.put({**item, "quantityOnHand": item["quantityOnHand"] + sign * line["quantity"]})
