"""An invoice that is opened again: its payment is deleted, made again for what stays paid, and as an overpayment for the
rest, which is paid back.

Nothing of a payment may be changed but its status, so several refunds of one charge each take the payment that the one
before them made. https://developer.xero.com/documentation/api/accounting/payments
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connector.ledgers.contract import Claimed, Outcomes, Posted, Request, Stale, Steps, Withheld
from connector.ledgers.json_wire import Row, amount, minor
from connector.ledgers.xero_booked_again import SUCCESSORS, cannot, payments_on, updated, what_brought
from connector.ledgers.xero_changes import GONE, PUT_RIGHT, is_gone, only, take_out, there
from connector.ledgers.xero_forms import AUTHORISED
from connector.ledgers.xero_marks import read_reference
from connector.ledgers.xero_payload import Payload, put, settled_id
from connector.ledgers.xero_roles import OVERPAID, PAID_AGAIN, UNPAID
from connector.ledgers.xero_wire import as_guid, day_of, find_one, find_rows, id_of, part_of, text_of
from connector.planning.money import format_amount


class Reopenings:
    """Which payment each refund is taking off its invoice in this run: another one of the charge waits until it is made
    again, since it takes what the first one leaves."""

    def __init__(self) -> None:
        self.under_way: dict[str, str] = {}

    def request(
        self, claimed: Claimed, payload: Payload, attempt_key: str, closed_until: date | None
    ) -> Steps[Request | Outcomes]:
        """The request of one of the three writes, or what became of it where there is nothing left to do."""
        payment_id = settled_id(claimed, payload.settles)
        if payment_id is None:
            return only(claimed, cannot("what paid the invoice is not known"))
        if payload.part == UNPAID:
            return (yield from self.request_unpaid(claimed, payload, payment_id, attempt_key, closed_until))
        taken = claimed.parents.get(payload.taken or "")
        row = yield from find_one("Payments", taken.ledger_id if taken is not None else payment_id)
        again = payload.part == PAID_AGAIN and (row is None or is_application(row))
        if again and (yield from is_made_again(payload, row, payment_id)):
            return only(claimed, there(claimed, payment_id))
        if row is None:
            return only(claimed, cannot(f"what paid the invoice ({payment_id}) is not a payment in Xero"))
        if is_gone(row) and self.under_way.get(payment_id) != payload.taken:
            # It was not deleted a moment ago, and somebody may have booked it again.
            brought = yield from what_brought(claimed, payload, row)
            if isinstance(brought, Withheld):
                return only(claimed, brought)
            if not is_gone(brought):
                why = why_not(claimed, brought, closed_until)
                if why is not None:
                    return only(claimed, cannot(why))
                return take_out("Payments", id_of(brought, "Payments"), attempt_key, claimed.document_key)
            row = brought
        return request_again(claimed, payload, row, attempt_key)

    def request_unpaid(
        self,
        claimed: Claimed,
        payload: Payload,
        payment_id: str,
        attempt_key: str,
        closed_until: date | None,
    ) -> Steps[Request | Outcomes]:
        row = yield from find_one("Payments", payment_id)
        again = row is None or is_gone(row) or is_application(row)
        if again and (yield from is_made_again(payload, row, payment_id)):
            return only(claimed, there(claimed, payment_id))
        if row is None:
            return only(claimed, cannot(f"what paid the invoice ({payment_id}) is not a payment in Xero"))
        holder = self.under_way.get(payment_id, claimed.document_key)
        if holder != claimed.document_key:
            return only(claimed, Stale())
        current = row
        if is_gone(row):
            standing = list(enough(successors((yield from payments_on(row)), payload, row), claimed))
            if not standing:
                return only(claimed, taken_off(payment_id))
            current = standing[0]
        why = why_not(claimed, current, closed_until)
        if why is not None:
            return only(claimed, cannot(why))
        self.under_way[payment_id] = claimed.document_key
        return take_out("Payments", id_of(current, "Payments"), attempt_key, claimed.document_key)

    def learn(self, claimed: Claimed, payload: Payload, outcome: object) -> None:
        """Where the overpayment is made, or the payment was not taken off after all, the next refund may go on."""
        made = payload.part == OVERPAID and isinstance(outcome, Posted)
        refused = payload.part == UNPAID and not isinstance(outcome, Posted)
        payment_id = settled_id(claimed, payload.settles)
        if claimed.kind == "application" and (made or refused):
            self.under_way.pop(payment_id or "", None)


def look_at_payment(claimed: Claimed, payload: Payload) -> Steps[tuple[Row, str] | None]:
    """The payment that was deleted, and its id; None where it still stands."""
    payment_id = settled_id(claimed, payload.settles)
    row = (yield from find_one("Payments", payment_id)) if payment_id is not None else None
    if payment_id is None or (row is not None and not is_gone(row)):
        return None
    if (yield from is_made_again(payload, row, payment_id)):
        return row or {}, payment_id
    if row is None:
        return None
    others = yield from payments_on(row)
    if any(enough(successors(others, payload, row), claimed)):
        return None
    deleted = next(enough(successors(others, payload, row, gone=True), claimed), row)
    return deleted, id_of(deleted, "Payments")


# ------------------------------------------------------------------------------------------------ what stands


def is_application(row: Row) -> bool:
    return read_reference(row).kind == "application"


def successors(rows: list[Row], payload: Payload, deleted: Row, gone: bool = False) -> list[Row]:
    """Those of ours that came in the place of the charge's payment since it was deleted, smallest first; `gone`: those that
    were deleted too. What stood beside it before, as what took an earlier refund back, is none."""
    mine = [
        row
        for row in rows
        if is_gone(row) == gone
        and id_of(row, "Payments") != id_of(deleted, "Payments")
        and read_reference(row).kind in SUCCESSORS
        and payload.charge_id in read_reference(row).charge_ids
        and updated(row) >= updated(deleted)
    ]
    return sorted(mine, key=lambda row: (row["Amount"], id_of(row, "Payments")))


def enough(rows: list[Row], claimed: Claimed) -> Iterator[Row]:
    """Those that hold what is taken back."""
    return (row for row in rows if minor(row.get("Amount"), claimed.currency) >= claimed.amount_minor)


def is_made_again(payload: Payload, payment: Row | None, payment_id: str) -> Steps[bool]:
    """Whether the overpayment of this very reopening stands: then all that goes before it is done."""
    credit = (yield from find_one("Overpayments", payment_id)) if payment is None else None
    contact = part_of(credit or part_of(payment or {}, "Invoice"), "Contact")
    contact_id = text_of(contact, "ContactID")
    if contact_id is None:
        return False
    rows = yield from find_rows("Overpayments", f"Contact.ContactID=={as_guid(contact_id)}")
    keys = {read_reference(row).document_key for row in rows if row.get("Status") not in GONE}
    return payload.overpaid in keys


# ------------------------------------------------------------------------------------------------ what is written


def why_not(claimed: Claimed, row: Row, closed_until: date | None) -> str | None:
    """Why a payment cannot be deleted and made again; None where it can."""
    payment_id = id_of(row, "Payments")
    paid = minor(row.get("Amount"), claimed.currency)
    if row.get("IsReconciled") is True:
        return f"payment {payment_id} is reconciled with a bank statement"
    if row.get("BatchPaymentID") or row.get("BatchPayment"):
        return f"payment {payment_id} belongs to a batch payment"
    if closed_until is not None and day_of(row) <= closed_until:
        return f"payment {payment_id} is of {day_of(row)}, and the books are locked until {closed_until}"
    if row.get("PaymentType") != "ACCRECPAYMENT":
        return f"{payment_id} does not pay an invoice"
    if row.get("BankAmount") is not None and minor(row["BankAmount"], claimed.currency) != paid:
        # The overpayment would stand in the currency of the bank account, and not in the invoice's.
        return f"payment {payment_id} came in another currency than that of its bank account"
    if paid < claimed.amount_minor:
        shown = format_amount(paid, claimed.currency)
        return f"payment {payment_id} is of {shown} {claimed.currency.upper()}, less than what is taken back"
    return None


def taken_off(payment_id: str) -> Withheld:
    """Another refund has deleted it and not yet made it again, or somebody deleted it by hand."""
    why = f"payment {payment_id} was deleted, and nothing of this charge pays the invoice in its place"
    return Withheld("credit_memo_not_posted", why, f"each run looks again; or {PUT_RIGHT}")


def request_again(claimed: Claimed, payload: Payload, row: Row, attempt_key: str) -> Request | Outcomes:
    """What the deleted payment brought: what stays on the invoice as a payment, the rest as an overpayment."""
    currency = claimed.currency
    account = {"AccountID": part_of(row, "Account").get("AccountID")}
    day = day_of(row).isoformat()
    # At the rate of the day the organisation's own amounts would be others than before.
    known = Decimal(str(row.get("CurrencyRate") or 1))
    rate = {"CurrencyRate": known} if known != 1 else {}
    if payload.part == PAID_AGAIN:
        stays = minor(row.get("Amount"), currency) - claimed.amount_minor
        if stays <= 0:
            return only(claimed, there(claimed, id_of(row, "Payments")))
        element = {
            "Invoice": {"InvoiceID": part_of(row, "Invoice").get("InvoiceID")},
            "Account": account,
            "Date": day,
            "Amount": amount(stays, currency),
            **payload.body,
            **rate,
        }
        return put("Payments", {claimed.document_key: element}, attempt_key)
    assert payload.part == OVERPAID, payload.part
    element = {
        "Type": "RECEIVE-OVERPAYMENT",
        "BankAccount": account,
        "Date": day,
        "Status": AUTHORISED,
        "LineAmountTypes": "NoTax",
        **payload.body,
        **rate,
    }
    return put("BankTransactions", {claimed.document_key: element}, attempt_key)
