"""The nouns of the product: sales known to a ledger, documents that will stand in the books. Facts from Stripe stand in
`stripe_facts.py`.

Everything here is a frozen value. Amounts are whole minor units as Stripe counts them (`amount_minor`) beside a
lower-case currency; `created` is Stripe's second since 1970 in UTC; `posting_date` is a day in the books' zone.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from connector.planning.values import value

RefundType = Literal[
    "credit_memo", "refund_receipt", "credit_card_refund", "refund_payout", "void", "reopen_invoice"
]
REFUND_TYPES: tuple[RefundType, ...] = (
    "credit_memo",
    "refund_receipt",
    "credit_card_refund",
    "refund_payout",
    "void",
    "reopen_invoice",
)
INCOME_LEGS: frozenset[str] = frozenset({"credit_memo", "refund_receipt", "void", "reopen_invoice"})
CASH_LEGS: frozenset[str] = frozenset({"credit_card_refund", "refund_payout"})

Kind = Literal[
    "credit_memo",
    "credit_card_refund",
    "refund_payout",
    "refund_receipt",
    "void",
    "reopen_invoice",
    "invoice",
    "payment",
    "sales_receipt",
    "fee",
    "exchange",
    "application",
    "reversal",
    "customer",
]
SaleForm = Literal["invoice", "sales_receipt", "payment"]
Outcome = Literal[
    "posted", "adopted", "waiting", "held", "excluded", "reversed", "dropped", "marked", "failed"
]
DocumentState = Literal[
    "planned", "sending", "unknown", "posted", "adopted", "reversed", "rejected", "held", "skipped"
]

# Ids of the ledger's own that planning hands on untouched, by what they are of: customer, class, department, tax code.
Refs = tuple[tuple[str, str], ...]
# The ref that names the key of a customer who is still to be made.
NEW_CUSTOMER = "customer_document"
# The ref of a document that pays out of a payment once more: the key of the reversal that brought back what was paid out.
BROUGHT_BACK = "brought_back"
# The ref of a document that may be paid out of what another refund of its charge brings back, and of what follows it: the
# key of that reversal. It is waited for as long as it may still be written without a person.
COMES_BACK = "comes_back"
# The ref of a sale that stands on another account of receivables than the mapped one: that account, as the ledger names it.
OTHER_RECEIVABLE = "other_receivable"
# The ref of the part of a company that a sale is of: whatever is booked for it is booked there.
SUBSIDIARY = "subsidiary"
# The ref of a line that is a discount on the others: its account.
DISCOUNT = "discount"

# ---------------------------------------------------------------------------------------------- sales in a ledger


@value(frozen=True, slots=True)
class SaleLine:
    """A line of a sale in the charge's currency (`net_minor`, `tax_minor`) and as it stands in the books (`home_*`).

    `account` is the income account, `tax_account` the account of its tax, as the ledger names them; `item` and
    `tax_code` are the ledger's own. Amounts are those charged, before any refund.
    """

    line_id: str
    description: str
    net_minor: int
    tax_minor: int
    home_net_minor: int
    home_tax_minor: int
    account: str
    tax_account: str | None = None
    sku: str | None = None
    item: str | None = None
    quantity: str | None = None
    tax_code: str | None = None
    stock: bool = False
    refs: Refs = ()


@value(frozen=True, slots=True)
class SalePayment:
    """A payment in the books; `charge_ids` are the Stripe charge ids it carries, `account` is what it debited."""

    ledger_id: str
    amount_minor: int
    currency: str
    posting_date: date
    charge_ids: tuple[str, ...]
    account: str
    applied: bool
    credit_account: str | None = None


@value(frozen=True, slots=True)
class Booked:
    """A document in the books that takes (part of) a sale back and that the connector did not write."""

    ledger_id: str
    kind: str
    amount_minor: int
    currency: str
    number: str | None = None
    refund_id: str | None = None


@value(frozen=True, slots=True)
class Sale:
    """The document in a ledger that a charge paid, as the ledger has it or as the connector planned it.

    `currency` is the document's (books') currency; `charge_currency` that of the Stripe charge; they differ where
    the charge settled in another currency. `balance_minor` is what is still open on an invoice.
    """

    form: SaleForm
    ledger_id: str
    number: str
    currency: str
    charge_currency: str
    posting_date: date
    total_minor: int
    balance_minor: int
    lines: tuple[SaleLine, ...] = ()
    payments: tuple[SalePayment, ...] = ()
    customer: str | None = None
    customer_id: str | None = None
    customer_email: str | None = None
    void: bool = False
    ours: bool = False
    booked: tuple[Booked, ...] = ()
    refs: Refs = ()


# ---------------------------------------------------------------------------------------------- documents


@value(frozen=True, slots=True)
class Entry:
    """One posting; exactly one of `debit_minor` and `credit_minor` is above zero."""

    account: str
    debit_minor: int
    credit_minor: int
    currency: str


@value(frozen=True, slots=True)
class DocumentLine:
    """A line of a document in the document's currency; `line_id` names the sale's line it sells or takes back."""

    line_id: str
    description: str
    account: str
    net_minor: int
    tax_minor: int = 0
    tax_account: str | None = None
    sku: str | None = None
    item: str | None = None
    quantity: str | None = None
    tax_code: str | None = None
    refs: Refs = ()


@value(frozen=True, slots=True)
class Settles:
    """The open item that a document is settled against: one of ours by `document_key`, else by its `ledger_id`."""

    kind: str
    document_key: str | None = None
    ledger_id: str | None = None


@value(frozen=True, slots=True)
class Document:
    """One thing the connector writes. `after` are document keys that must be posted before this one is sent.

    `amount_minor` is the document's total in `currency`, as its lines are; `entries` its debits and credits, which
    always balance. Where the ledger keeps the document in another currency than the Stripe balance, `home_minor` is
    what the total came to in the entries' currency, and the two together are its exchange rate; else it is None.
    `subject_id` is the refund, charge or customer that it is for. `settles` is what it leaves no open balance
    against: the memo that a cash leg pays out, the payment that it takes back, the invoice that a memo alone is for.
    `voids`: a reversal that voids what it reverses where it stands, and is no document of its own.
    """

    document_key: str
    ledger: str
    kind: Kind
    part: str
    revision: int
    subject_id: str
    refund_id: str | None
    charge_id: str | None
    number: str | None
    posting_date: date
    amount_minor: int
    currency: str
    entries: tuple[Entry, ...]
    lines: tuple[DocumentLine, ...] = ()
    customer: str | None = None
    narration: str = ""
    sale_number: str | None = None
    sale_ledger_id: str | None = None
    reverses: str | None = None
    after: tuple[str, ...] = ()
    rule: str | None = None
    warnings: tuple[str, ...] = ()
    home_minor: int | None = None
    refs: Refs = ()
    settles: Settles | None = None
    voids: bool = False

    @property
    def entry_currency(self) -> str:
        """The currency of the entries."""
        return self.entries[0].currency if self.entries else self.currency

    @property
    def entry_minor(self) -> int:
        """The total in the currency of the entries."""
        return self.amount_minor if self.home_minor is None else self.home_minor
