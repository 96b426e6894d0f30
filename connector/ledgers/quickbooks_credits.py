"""What a credit memo has left, known before the expense that pays it out is written.

The answer to a memo that was posted a moment ago serves; others are read many at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.ledgers.contract import Claimed, Steps, Withheld
from connector.ledgers.json_wire import Row, minor
from connector.ledgers.quickbooks_links import credit_used
from connector.ledgers.quickbooks_payload import Payload, parent_id, read_payload
from connector.ledgers.quickbooks_wire import find_by, find_one, find_rows, quoted, ref_of


class Credits:
    """Rows of credit memos by id, each good for one expense."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    def learn(self, entity: str, row: Row) -> None:
        if entity == "CreditMemo":
            self.rows[str(row["Id"])] = row

    def prepare(self, documents: Sequence[Claimed]) -> Steps[None]:
        """Read the memos of these expenses that are not known."""
        asked = {memo_id for one in documents if (memo_id := memo_of(one, read_payload(one))) is not None}
        for row in (yield from find_by("CreditMemo", "Id", asked - self.rows.keys())):
            self.learn("CreditMemo", row)

    def check(self, claimed: Claimed, payload: Payload) -> Steps[Withheld | None]:
        """Whether the memo has as much left as is to be paid out; None where it has."""
        memo_id = memo_of(claimed, payload)
        if memo_id is None:
            return None
        row = self.rows.pop(memo_id, None)
        if row is None:
            row = yield from find_one("CreditMemo", memo_id)
        if row is None:
            return credit_used(
                claimed, f"credit memo {memo_id}", 0, "it is not in QuickBooks any more; whoever deleted it"
            )
        open_minor = on_receivable(payload, claimed)
        left = minor(row.get("RemainingCredit", row.get("Balance")), claimed.currency)
        if left >= open_minor:
            return None
        taken_by = yield from find_taker(memo_id, ref_of(row, "CustomerRef"))
        return credit_used(claimed, f"credit memo {row.get('DocNumber') or memo_id}", left, taken_by)


def on_receivable(payload: Payload, claimed: Claimed) -> int:
    """What the expense takes of the memo: the line that names the customer."""
    for line in payload.body.get("Line", ()):
        if "CustomerRef" in line.get("AccountBasedExpenseLineDetail", {}):
            return minor(line["Amount"], claimed.currency)
    return claimed.amount_minor


def memo_of(claimed: Claimed, payload: Payload) -> str | None:
    """The id of the memo that an expense pays out."""
    settles = payload.settles
    if payload.entity != "Purchase" or settles is None or settles.kind != "credit_memo":
        return None
    return parent_id(claimed, settles)


def find_taker(memo_id: str, customer: str | None) -> Steps[str]:
    """What else a credit was applied to, in words."""
    payments = (yield from find_rows("Payment", f"CustomerRef = {quoted(customer)}")) if customer else []
    taken: list[str] = []
    for payment in payments:
        links = [link for line in payment.get("Line", ()) for link in line.get("LinkedTxn", ())]
        if any(link["TxnId"] == memo_id for link in links):
            others = [f"{link['TxnType']} {link['TxnId']}" for link in links if link["TxnId"] != memo_id]
            taken += others or [f"payment {payment['Id']}"]
    return ", ".join(taken)
