"""What is open of the records that documents pay out, pay, or take back, known before those are written.

They are read at once for a whole wave of documents. What the read-back of a credit memo showed a moment ago serves for the
refund that pays it out; so that in a run of memos and refunds nothing is read twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from connector.ledgers.contract import Claimed, Found, Outcome, Posted, Steps, Taken, Unknown, Withheld
from connector.ledgers.netsuite_payload import Payload, read_payload, settled_id
from connector.ledgers.netsuite_records import Head, Reader
from connector.planning.money import format_amount
from connector.planning.sentences import TO_BE_TAKEN_BACK

WORDS = {
    "creditMemo": "credit memo",
    "customerPayment": "payment",
    "customerDeposit": "deposit",
    "invoice": "invoice",
    "cashSale": "cash sale",
    "cashRefund": "cash refund",
    "customerRefund": "customer refund",
    "journalEntry": "journal entry",
}


class OpenItems:
    """Heads by ledger id, and what each document under way takes of them."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.taken: dict[str, dict[str, int]] = {}
        # Of what a document takes, or was promised some, by its key: a wave is long.
        self.sources: dict[str, set[str]] = {}
        # What was read back and serves the next document that needs it, once: then something may have been taken of it.
        self.fresh: dict[str, Head] = {}
        # What this run took off invoices for refunds that are still to pay it back: by payment, and by the refund's key.
        self.promised: dict[str, dict[str, int]] = {}

    def learn(self, heads: Mapping[str, Head]) -> None:
        """What a read-back has just shown."""
        self.fresh.update(heads)
        self.heads.update(heads)
        for ledger_id in heads:
            self.taken.pop(ledger_id, None)

    def prepare(self, documents: Sequence[Claimed], reader: Reader) -> Steps[None]:
        """Read what these documents, which are about to be sent, need to know, as far as it was not just read back."""
        payloads = {one.document_key: read_payload(one) for one in documents}
        wanted = {
            ledger_id
            for one in documents
            for ledger_id in asked_after(one, payloads[one.document_key])
            if ledger_id is not None
        }
        self.heads = {ledger_id: head for ledger_id, head in self.fresh.items() if ledger_id in wanted}
        self.fresh = {ledger_id: head for ledger_id, head in self.fresh.items() if ledger_id not in wanted}
        self.taken.clear()
        missing = wanted - self.heads.keys()
        if missing:
            self.heads.update((yield from reader.by_id(missing)))

    def head(self, ledger_id: str, reader: Reader) -> Steps[Head | None]:
        """A record as it was read for this wave, else as it stands now."""
        if ledger_id not in self.heads:
            self.heads.update((yield from reader.by_id({ledger_id})))
        return self.heads.get(ledger_id)

    def head_for(
        self, claimed: Claimed, ledger_id: str, search: Reader, record: Reader
    ) -> Steps[Head | None]:
        """The same, and the record itself where that has less left than the document takes: an index may not show yet
        what was put back a moment ago."""
        head = yield from self.head(ledger_id, search)
        if self.left(head, claimed) < claimed.amount_minor:
            head = (yield from record.by_id({ledger_id})).get(ledger_id)
            if head is not None:
                self.heads[ledger_id] = head
        return head

    def free(self, head: Head, document_key: str) -> int:
        """What is open of it beside what the other documents of this wave take."""
        return head.open_minor - self.kept(head.ledger_id, document_key)

    def kept(self, ledger_id: str, document_key: str) -> int:
        """What the other documents of this wave take, as far as it is not known whether they have."""
        others = self.taken.get(ledger_id, {})
        return sum(minor for key, minor in others.items() if key != document_key)

    def take(self, head: Head, document_key: str, minor: int) -> None:
        self.taken.setdefault(head.ledger_id, {})[document_key] = minor
        self.sources.setdefault(document_key, set()).add(head.ledger_id)

    def promise(self, payment_id: str, document_key: str, minor: int) -> None:
        self.promised.setdefault(payment_id, {})[document_key] = minor
        self.sources.setdefault(document_key, set()).add(payment_id)

    def promised_to_others(self, payment_id: str, document_key: str) -> int:
        others = self.promised.get(payment_id, {})
        return sum(minor for key, minor in others.items() if key != document_key)

    def forget_promise(self, payment_id: str | None, document_key: str) -> int:
        """Nothing was taken off for this refund. Returns what was for others."""
        if payment_id is None:
            return 0
        self.promised.get(payment_id, {}).pop(document_key, None)
        return self.promised_to_others(payment_id, document_key)

    def settle(self, document_key: str, outcome: Outcome) -> None:
        """What a document takes is taken, or is not: only while that is in doubt it is counted beside what is read."""
        done = isinstance(outcome, Taken | Posted | Found)
        for ledger_id in self.sources.get(document_key, ()):
            if done:
                self.promised.get(ledger_id, {}).pop(document_key, None)
            taken = self.taken.get(ledger_id, {})
            minor = 0 if isinstance(outcome, Unknown) else taken.pop(document_key, 0)
            head = self.heads.get(ledger_id)
            if minor and head is not None and done:
                self.heads[ledger_id] = replace(head, open_minor=head.open_minor - minor)

    # ------------------------------------------------------------------------------------------ guards

    def check_credit(
        self, claimed: Claimed, ledger_id: str, search: Reader, record: Reader
    ) -> Steps[Withheld | None]:
        """Whether a credit has as much left as is to be paid out; None where it has."""
        head = yield from self.head_for(claimed, ledger_id, search, record)
        left = self.left(head, claimed)
        if head is None or head.voided:
            return credit_used(claimed, ledger_id, 0, "it does not stand in NetSuite any more")
        if left < claimed.amount_minor:
            kind = WORDS.get(head.record, head.record)
            return credit_used(claimed, f"{kind} {head.number or head.ledger_id}", left)
        self.take(head, claimed.document_key, claimed.amount_minor)
        return None

    def left(self, head: Head | None, claimed: Claimed) -> int:
        """What a document may take of it."""
        return 0 if head is None or head.voided else self.free(head, claimed.document_key)

    def check_standing(self, claimed: Claimed, payload: Payload, reader: Reader) -> Steps[Withheld | None]:
        """A mirror of what a person took out would book what never was; None where it stands."""
        parent = claimed.parents.get(payload.reverses or "")
        ledger_id = taken_back(claimed, payload)
        if ledger_id is None or parent is None:
            return None
        head = yield from self.head(ledger_id, reader)
        if head is not None and not head.voided:
            return None
        kind = parent.kind.replace("_", " ")
        return Withheld(
            "ledger_cannot",
            f"{kind} {parent.ledger_id}, {TO_BE_TAKEN_BACK}, does not stand in NetSuite any more",
            "see what took it back there; where nothing is missing leave this out with --skip in the place of --retry",
        )


def asked_after(claimed: Claimed, payload: Payload) -> list[str | None]:
    """What the request for a document is made of; a void and a change read their own, just before."""
    if claimed.kind in ("customer", "application", "void"):
        return []
    return [settled_id(claimed, payload), taken_back(claimed, payload)]


def taken_back(claimed: Claimed, payload: Payload) -> str | None:
    """The ledger id of what a mirror takes back. A void left an invoice without effect, which nothing takes back."""
    parent = claimed.parents.get(payload.reverses or "")
    if claimed.kind != "reversal" or parent is None or parent.kind == "void":
        return None
    return parent.ledger_id


def credit_used(claimed: Claimed, what: str, left_minor: int, taken: str = "") -> Withheld:
    """Something else has taken the credit that was to be paid out."""
    left, wanted = (format_amount(m, claimed.currency) for m in (max(left_minor, 0), claimed.amount_minor))
    return Withheld(
        "credit_used",
        f"{what} has {left} of {wanted} {claimed.currency.upper()} left; {taken or 'something else'} took the rest",
        "free the credit in NetSuite, or book the refund by hand",
    )
