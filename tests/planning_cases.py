"""Builders for tests of planning: the base case is a sale of 100.00 + 10.00 tax with a Stripe fee of 3.49."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connector.ledgers.contract import Capabilities, Found
from connector.planning.allocation import Share
from connector.planning.case import Books, ChargeCase, LedgerPolicy, Plan, RefundCase
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping
from connector.planning.model import REFUND_TYPES, Document, Sale, SaleLine, SalePayment
from connector.planning.numbering import Templates
from connector.planning.refund_plan import plan_refund
from connector.planning.reversal_plan import Standing, plan_failure
from connector.planning.rules import Rule
from connector.planning.stripe_facts import BalanceTransaction, Charge, Refund
from connector.settings.rules_file import load_rules

CLR, AR, REV, TAX = "Assets:Stripe", "Assets:Receivable", "Income:Sales", "Liabilities:Tax"
FEES, EXCHANGE = "Expenses:Fees", "Income:Exchange"
DEFAULT_RULES = Path(__file__).parent.parent / "mappings" / "refund_rules.yaml"
HOUR, DAY = 3600, 86400

Moves = list[tuple[str, int]]


def at(text: str) -> int:
    """The Stripe second of a UTC time such as `2026-03-10 15:00`."""
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp())


CHARGED, REFUNDED, FAILED = at("2026-03-02 15:00"), at("2026-03-10 15:00"), at("2026-04-06 15:00")
NOW = REFUNDED + 10 * DAY
CHARGED_DAY, REFUNDED_DAY, FAILED_DAY = date(2026, 3, 2), date(2026, 3, 10), date(2026, 4, 6)

BOOKS = Books(
    name="acme",
    account="own",
    zone=ZoneInfo("America/New_York"),
    start=at("2026-01-01 05:00"),
    from_export=False,
    refunds_enabled=True,
    post_when="succeeded",
    sale_grace_s=72 * HOUR,
    credit_note_grace_s=HOUR,
    period_closed="hold",
    failed_refund="reverse",
    adopt="cut_over",
    templates=Templates(),
    number_sources=(),
)
MAPPING = LedgerMapping(
    kind="beancount",
    clearing_accounts=AccountMap(CLR),
    receivable_accounts=AccountMap(AR),
    fees=FEES,
    exchange=EXCHANGE,
    sales=REV,
    tax=TAX,
    sales_items={"*": REV},
    refund_items={"*": "Refunds"},
    customer_default="Stripe customers",
)


@cache
def default_rules() -> tuple[Rule, ...]:
    return tuple(load_rules(DEFAULT_RULES))


def ledger(**changes: Any) -> LedgerPolicy:
    """A ledger with the default rules; `switches` names only what differs, `can` are its capabilities."""
    switches = {t: t != "reopen_invoice" for t in REFUND_TYPES} | changes.pop("switches", {})
    can = {"kind": "beancount", "refund_types": frozenset(REFUND_TYPES)} | changes.pop("can", {})
    mapping = replace(MAPPING, **changes.pop("mapping", {}))
    policy = LedgerPolicy(
        name="main",
        kind="beancount",
        sales="find",
        fees=True,
        clearing_required=True,
        switches=switches,
        rules=default_rules(),
        mapping=mapping,
        capabilities=Capabilities(**can),
    )
    return replace(policy, **changes)


def always(*types: str) -> tuple[Rule, ...]:
    """One rule that makes every refund these types, or `hold` or `ignore`."""
    result: Any = types[0] if types[0] in ("hold", "ignore") else types
    return (Rule("the only rule", (), result),)


def moved(
    amount: int, fee: int = 0, currency: str = "usd", created: int = REFUNDED, name: str = "txn_r"
) -> BalanceTransaction:
    return BalanceTransaction(name, created, amount, fee, currency, "refund")


def charge_case(
    amount: int = 11000, settled: BalanceTransaction | None = None, currency: str = "usd", **changes: Any
) -> ChargeCase:
    """Charge ch_1; `changes` are fields of the charge, or of the case around it."""
    around = {k: changes.pop(k) for k in list(changes) if k in ChargeCase.__slots__ and k != "charge"}
    charge = Charge(
        charge_id="ch_1",
        created=CHARGED,
        amount_minor=amount,
        captured_minor=amount,
        currency=currency,
        status="succeeded",
        captured=True,
        payment_method="card",
        payment_intent_id="pi_1",
        customer_id="cus_1",
        customer_name="Ann Lee",
    )
    if settled is None:
        settled = moved(amount, 349, currency, CHARGED, "txn_c")
    return replace(ChargeCase(replace(charge, **changes), settled), **around)


def refund(number: int = 1, amount: int = 11000, **changes: Any) -> Refund:
    """Refund re_1, re_2 ... of ch_1, a minute apart."""
    plain = Refund(
        refund_id=f"re_{number}",
        created=REFUNDED + 60 * number,
        amount_minor=amount,
        currency="usd",
        status="succeeded",
        charge_id="ch_1",
        payment_intent_id="pi_1",
        balance_transaction_id=f"txn_{number}",
    )
    return replace(plain, **changes)


def line(net: int = 10000, tax: int = 1000, line_id: str = "1", **changes: Any) -> SaleLine:
    """A line that stands in the books as it was charged."""
    plain = SaleLine(line_id, f"Line {line_id}", net, tax, net, tax, REV, TAX if tax else None)
    return replace(plain, **changes)


def paid(
    amount: int = 11000, name: str = "pay-1", charge_ids: tuple[str, ...] = ("ch_1",), **changes: Any
) -> SalePayment:
    """A payment into clearing, applied to the sale."""
    plain = SalePayment(name, amount, "usd", CHARGED_DAY, charge_ids, CLR, True, AR)
    return replace(plain, **changes)


def invoice(*payments: SalePayment, lines: Sequence[SaleLine] = (), **changes: Any) -> Sale:
    """Invoice 100 in the books, open unless `payments` pay it."""
    lines = tuple(lines) or (line(),)
    total = sum(one.home_net_minor + one.home_tax_minor for one in lines)
    plain = Sale(
        form="invoice",
        ledger_id="inv-1",
        number="100",
        currency="usd",
        charge_currency="usd",
        posting_date=CHARGED_DAY,
        total_minor=total,
        balance_minor=total - sum(p.amount_minor for p in payments if p.applied),
        lines=lines,
        payments=payments,
        customer="Ann Lee",
    )
    return replace(plain, **changes)


def receipt(lines: Sequence[SaleLine] = (), **changes: Any) -> Sale:
    """Sales receipt 100: its own payment."""
    sale = invoice(lines=lines)
    own = paid(sale.total_minor, "sr-1", credit_account=None)
    own_fields: dict[str, Any] = {"ledger_id": "sr-1", "balance_minor": 0, "payments": (own,)}
    return replace(replace(sale, form="sales_receipt"), **own_fields | changes)


def lone_payment(**changes: Any) -> Sale:
    """A deposit of 110.00 that stands on no invoice."""
    held = paid(applied=False, credit_account="Liabilities:Deposits")
    sale = invoice(held, form="payment", ledger_id="pay-1", total_minor=11000, balance_minor=0)
    return replace(sale, **{"lines": ()} | changes)


def case(what: Refund | None = None, sale: Sale | None = None, **changes: Any) -> RefundCase:
    """One refund of ch_1; it settled 1:1 without a fee unless told otherwise."""
    what = what or refund()
    known: dict[str, Any] = {
        "charge": charge_case(),
        "balance_transaction": moved(-what.amount_minor, currency=what.currency, created=what.created),
        "failure_balance_transaction": None,
        "siblings": (what,),
        "first_seen": REFUNDED,
        "sale": sale,
        "charge_currencies": frozenset({"usd"}),
        "number": (0, "100"),
    }
    return RefundCase(refund=what, **known | changes)


def plan(one: RefundCase, policy: LedgerPolicy | None = None, books: Books = BOOKS, now: int = NOW) -> Plan:
    return plan_refund(one, books, policy or ledger(), now)


def documents_of(
    one: RefundCase, policy: LedgerPolicy | None = None, books: Books = BOOKS, now: int = NOW
) -> tuple[Document, ...]:
    """The documents of a refund that is posted; the test fails with the reason where it is not."""
    decided = plan(one, policy, books, now)
    assert decided.outcome == "posted", (decided.outcome, decided.reason, decided.sentence)
    return decided.documents


def reverse(
    one: RefundCase,
    documents: Sequence[Document],
    failure: BalanceTransaction | None = None,
    policy: LedgerPolicy | None = None,
    books: Books = BOOKS,
) -> Plan:
    """What becomes of these posted documents once Stripe failed the refund."""
    if failure is None:
        failure = moved(one.refund.amount_minor, created=FAILED, name="txn_f")
    failed = replace(one, refund=replace(one.refund, status="failed"), failure_balance_transaction=failure)
    standing = [Standing(document, True) for document in documents]
    return plan_failure(failed, books, policy or ledger(), standing, NOW + 30 * DAY)


def moves(document: Document) -> Moves:
    """Postings in order, debits above zero."""
    return [(entry.account, entry.debit_minor - entry.credit_minor) for entry in document.entries]


def balance(*groups: Sequence[Document]) -> dict[str, int]:
    """What documents do to each account together; accounts that end at zero are left out."""
    sums: dict[str, int] = {}
    for document in (d for group in groups for d in group):
        for account, amount in moves(document):
            sums[account] = sums.get(account, 0) + amount
    return {account: amount for account, amount in sums.items() if amount}


def kinds(documents: Sequence[Document]) -> list[str]:
    return [document.kind for document in documents]


def check_books(documents: Sequence[Document]) -> None:
    """What holds of every document: it balances, nothing is negative, its amount is that of its last posting."""
    for document in documents:
        assert document.entries
        assert sum(e.debit_minor for e in document.entries) == sum(e.credit_minor for e in document.entries)
        assert all((e.debit_minor > 0) != (e.credit_minor > 0) for e in document.entries)
        assert all(e.debit_minor >= 0 and e.credit_minor >= 0 for e in document.entries)
        assert all(e.currency == document.currency for e in document.entries)
        last = document.entries[-1]
        assert document.amount_minor == last.debit_minor + last.credit_minor > 0


def shares_sum(shares: Sequence[Share]) -> int:
    return sum(share.net_minor + share.tax_minor for share in shares)


def found(
    kind: str, key: str | None = None, income: int = 0, cash: int = 0, amount: int = 11000, **changes: Any
) -> Found:
    """A document of re_1 that stands in the books."""
    plain = Found(
        f"{kind}-1",
        key,
        kind,
        "100",
        "re_1",
        "ch_1",
        amount,
        "usd",
        REFUNDED_DAY,
        "Ann Lee",
        "100",
        income,
        cash,
    )
    return replace(plain, **changes)


def found_from(document: Document) -> Found:
    """One of our documents as the books show it."""
    return Found(
        document.document_key,
        document.document_key,
        document.kind,
        document.number,
        document.refund_id,
        document.charge_id,
        document.amount_minor,
        document.currency,
        document.posting_date,
    )
