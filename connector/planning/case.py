"""What planning is given and what it gives back. All of it is data; nothing here reads a clock or a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from connector.ledgers.contract import AccountSpan, Capabilities, Found
from connector.planning.allocation import Share
from connector.planning.keys import document_key
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import Document, Outcome, Sale, Settles
from connector.planning.money import multiply_ratio
from connector.planning.numbering import NumberSource, Templates
from connector.planning.rules import Facts, Rule
from connector.planning.stripe_facts import (
    BalanceTransaction,
    Charge,
    CheckoutSession,
    CreditNote,
    Customer,
    Invoice,
    PaymentIntent,
    Refund,
)
from connector.planning.values import value

# Held for one of these, a refund is decided again at every run: the cause may be gone (behaviour: section 3).
DECIDED_AGAIN = frozenset(
    {
        "sale_not_found",
        "payment_not_in_books",
        "sale_mismatch",
        "no_rule",
        "rule_says_hold",
        "item_not_mapped",
        "account_not_mapped",
        "customer_not_found",
        "clearing_differs",
        "period_closed",
        "settlement_unknown",
        "stripe_object_missing",
        "sale_before_start",
        "credit_memo_not_posted",
    }
)


# Held for one of these, a refund is decided again when Stripe tells something new of another refund of its charge.
WEIGHED_TOGETHER = frozenset({"void_guard", "credit_used"})


@value(frozen=True, slots=True)
class Books:
    """The settings of one set of books that planning needs; `start` is a second, the rest as in the settings file."""

    name: str
    account: str
    zone: ZoneInfo
    start: int
    from_export: bool
    refunds_enabled: bool
    post_when: str
    sale_grace_s: int
    credit_note_grace_s: int
    period_closed: str
    failed_refund: str
    adopt: str
    templates: Templates
    number_sources: tuple[NumberSource, ...]

    def day(self, second: int) -> date:
        """The posting date of a Stripe second: a day in the books' zone."""
        return datetime.fromtimestamp(second, UTC).astimezone(self.zone).date()


@value(frozen=True, slots=True)
class LedgerPolicy:
    """The settings, mapping, rules and abilities of one ledger.

    `home_currency` is the only currency that clearing may be in besides a charge's own; None: every one may stand in
    the books. `holds_charge_currency`: a sale is kept in the currency it was charged in, at a rate, whatever it
    settled in; else in the currency of the Stripe balance. `accounts` that are not in there take everything; `roots` are
    what an account's name may begin with, none: anything. `item_accounts` are the income accounts of items, where the
    ledger has items. `takes_tax`: a form can have tax; `needs_tax_code`: each of its lines must say which;
    `tax_faults`: why a tax code that the mapping names cannot be used.
    """

    name: str
    kind: str
    sales: str
    fees: bool
    clearing_required: bool
    switches: Mapping[str, bool]
    rules: tuple[Rule, ...]
    mapping: LedgerMapping
    capabilities: Capabilities
    closed_until: date | None = None
    home_currency: str | None = None
    holds_charge_currency: bool = False
    accounts: Mapping[str, AccountSpan] = field(default_factory=dict)
    roots: frozenset[str] = frozenset()
    item_accounts: Mapping[str, str] = field(default_factory=dict)
    takes_tax: bool = True
    needs_tax_code: bool = False
    tax_faults: Mapping[str, str] = field(default_factory=dict)

    def key(self, books: Books, subject_id: str, kind: str, part: str = "", revision: int = 1) -> str:
        return document_key(books.name, self.name, books.account, subject_id, kind, part, revision)


@value(frozen=True, slots=True)
class ChargeCase:
    """A charge with what Stripe knows around it.

    `invoice_parts` are the charges that paid the invoice, in order: (charge id, its captured amount). `skus` resolves
    a product or price id to a SKU. `currencies` are those in which the charge and its refunds are known to have moved
    the Stripe balance. `released`: Stripe booked the whole charge and released what was not captured by a refund of
    its own, as it did before 2025-03-31. `unusable` are ids of its balance transactions that are stored without a fact,
    since they have a defect.
    """

    charge: Charge
    balance_transaction: BalanceTransaction | None = None
    failure_balance_transaction: BalanceTransaction | None = None
    payment_intent: PaymentIntent | None = None
    invoice: Invoice | None = None
    invoice_parts: tuple[tuple[str, int], ...] = ()
    session: CheckoutSession | None = None
    customer: Customer | None = None
    skus: Mapping[str, str] = field(default_factory=dict)
    currencies: frozenset[str] = frozenset()
    released: bool = False
    unusable: frozenset[str] = frozenset()

    def settled(self) -> tuple[int, str] | None:
        """What the captured amount came to on the Stripe balance, and in which currency; None where that is unknown."""
        moved, charge = self.balance_transaction, self.charge
        if moved is None:
            return None
        if charge.captured_minor == charge.amount_minor:
            return moved.amount_minor, moved.currency
        if moved.currency == charge.currency:
            return charge.captured_minor, moved.currency
        if self.released or is_of_whole(moved, charge):
            part = multiply_ratio(moved.amount_minor, charge.captured_minor, charge.amount_minor)
            return part, moved.currency
        return moved.amount_minor, moved.currency


def is_of_whole(moved: BalanceTransaction, charge: Charge) -> bool:
    """Whether its rate tells that it converted the authorised amount, not what was captured of it.

    So it does not matter whether the refund that releases the rest is read already.
    """
    if moved.exchange_rate is None:
        return False
    rate = Decimal(moved.exchange_rate)
    off_whole, off_part = (
        abs(moved.amount_minor - minor * rate) for minor in (charge.amount_minor, charge.captured_minor)
    )
    # A rate has few digits; one that fits neither says nothing.
    return off_whole < off_part and off_whole <= 1 + moved.amount_minor / Decimal(1000)


@value(frozen=True, slots=True)
class PersonWord:
    """What a person decided about a refund: at most one of each, the latest."""

    skip: str | None = None
    retry: bool = False
    types: tuple[str, ...] = ()
    sale_id: str | None = None
    adopt_id: str | None = None


@value(frozen=True, slots=True)
class RefundCase:
    """A refund with everything its decision may depend on.

    `siblings` are all refunds of the charge, this one among them. `sale` is None where the books have none;
    `sale_blocked` says why a sale that we post is not there yet, `sale_blocked_reason` with which reason it is held.
    `earlier` are the shares that earlier refunds of the sale took, `passed_over` the numbers before its own `number`
    that documents of others hold. `ours` and `others` are documents of this refund that stand in the books, with and
    without our key, `named` the one that a person adopted, where the books have it; `asked`: a person wants what is
    missing of them. `credit_left` is the credit memo that `owe_customer` left open for this charge,
    `credit_holder` the document that holds its money now, `credit_left_shares` what it took, `credit_used_minor` what of
    it other refunds have paid out since, in the charge's currency, `credit_used_shares` the parts of its shares that went
    over to them. `unusable` are ids of balance transactions of the refund and its charge that are stored without a fact,
    since they have a defect.
    """

    refund: Refund
    charge: ChargeCase | None
    balance_transaction: BalanceTransaction | None
    failure_balance_transaction: BalanceTransaction | None
    siblings: Sequence[Refund]
    first_seen: int
    revision: int = 1
    sale: Sale | None = None
    sale_blocked: str | None = None
    sale_blocked_reason: str | None = None
    charge_currencies: frozenset[str] = frozenset()
    credit_notes: tuple[CreditNote, ...] = ()
    earlier: tuple[Share, ...] = ()
    number: tuple[int, str] | None = None
    passed_over: tuple[str, ...] = ()
    ours: tuple[Found, ...] = ()
    others: tuple[Found, ...] = ()
    named: Found | None = None
    adopting: bool = False
    asked: bool = False
    person: PersonWord = PersonWord()
    credit_left: Document | None = None
    credit_holder: Settles | None = None
    credit_left_shares: tuple[Share, ...] = ()
    credit_used_minor: int = 0
    credit_used_shares: tuple[Share, ...] = ()
    unusable: frozenset[str] = frozenset()


@value(frozen=True, slots=True)
class Plan:
    """What becomes of one subject in one ledger. `due` True: ask again at the next run even if nothing changed."""

    outcome: Outcome
    reason: str | None = None
    sentence: str | None = None
    action: str | None = None
    due: bool = False
    rule: str | None = None
    facts: Facts | None = None
    warnings: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    shares: tuple[Share, ...] = ()
    sale: Sale | None = None
    sale_number: str | None = None
    number: str | None = None
    place: int | None = None
    adopted: tuple[Found, ...] = ()


class NotNow(Exception):
    """Planning stops here with an outcome that has no documents; carries the reason, sentence and action."""

    def __init__(
        self,
        outcome: Outcome,
        reason: str | None,
        sentence: str,
        action: str | None,
        due: bool | None = None,
    ) -> None:
        super().__init__(sentence)
        self.outcome = outcome
        self.reason = reason
        self.sentence = sentence
        self.action = action
        self.due = (outcome == "held" and reason in DECIDED_AGAIN) if due is None else due

    def plan(self, facts: Facts | None = None, sale_number: str | None = None) -> Plan:
        """The plan that says so."""
        return Plan(
            self.outcome,
            self.reason,
            self.sentence,
            self.action,
            self.due,
            facts=facts,
            sale_number=sale_number,
        )


# A refund with this reason released what of a charge was never captured: https://docs.stripe.com/refunds
PARTIAL_CAPTURE = "expired_uncaptured_charge"
GONE = ("failed", "canceled")


def is_live(refund: Refund) -> bool:
    """A refund that took, or will take, money back."""
    return refund.status not in GONE and refund.reason != PARTIAL_CAPTURE and refund.defect is None
