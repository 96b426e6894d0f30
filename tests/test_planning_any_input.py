"""Whatever Stripe, the books, the settings and a person say: planning answers, with words, and never wrongly booked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from planning_cases import (
    AR,
    BOOKS,
    CLR,
    EXCHANGE,
    HOUR,
    REFUNDED,
    always,
    balance,
    case,
    charge_case,
    check_books,
    default_rules,
    found,
    invoice,
    ledger,
    lone_payment,
    moved,
    paid,
    plan,
    receipt,
    refund,
    reverse,
    shares_sum,
)

from connector.planning.case import Books, LedgerPolicy, PersonWord, RefundCase
from connector.planning.model import REFUND_TYPES, Booked, Sale, SaleLine, SalePayment
from connector.planning.rule_results import ALLOWED_RESULTS
from connector.planning.stripe_facts import CreditNote, LineFact

HELD_FOR_THE_SALE = (
    "sale_not_found payment_not_in_books sale_mismatch sale_before_start clearing_differs no_rule rule_says_hold "
    "item_not_mapped account_not_mapped customer_not_found currency_not_supported stripe_object_missing"
)
HELD_FOR_THE_BOOKS = (
    "number_too_long number_taken period_closed total_differs void_guard credit_used credit_memo_not_posted "
    "settlement_unknown rejected_by_ledger outcome_unknown duplicate_in_books mark_mismatch ledger_cannot"
)
REASONS: dict[str, frozenset[str | None]] = {
    "posted": frozenset({None}),
    "adopted": frozenset({None}),
    "dropped": frozenset({None}),
    "reversed": frozenset({None}),
    "held": frozenset(HELD_FOR_THE_SALE.split() + HELD_FOR_THE_BOOKS.split()),
    "waiting": frozenset(
        [
            "refund_pending",
            "sale_not_found",
            "payment_not_in_books",
            "credit_note_awaited",
            "settlement_unknown",
        ]
    ),
    "excluded": frozenset(
        ["type_switched_off", "refunds_switched_off", "rule_says_ignore", "skipped_by_person", "not_a_refund"]
    ),
}

amounts = st.sampled_from([1, 3300, 5500, 10999, 11000])
currencies = st.sampled_from(["usd", "usd", "usd", "cad"])
words = st.sampled_from([None, "Ann Lee", "Bob Hay"])
payments = st.builds(
    SalePayment,
    st.sampled_from(["pay-1", "pay-2", "dkpay"]),
    st.sampled_from([5000, 11000, 11000, 22000]),
    currencies,
    st.just(date(2026, 3, 2)),
    st.sampled_from([(), ("ch_1",), ("ch_1",), ("ch_2",), ("pi_1",), ("ch_1", "ch_2")]),
    st.sampled_from([CLR, CLR, CLR, "Assets:Bank"]),
    st.booleans(),
    st.sampled_from([None, AR, "Liabilities:Deposits"]),
)
lines = st.builds(
    SaleLine,
    st.sampled_from(["1", "2", "il_1"]),
    st.just("A line"),
    st.sampled_from([10000, 5000, -2000]),
    st.sampled_from([1000, 0]),
    st.sampled_from([10000, 13500, 5000]),
    st.sampled_from([1000, 0]),
    st.just("Income:Sales"),
    st.sampled_from([None, "Liabilities:Tax"]),
    st.sampled_from([None, "MUG"]),
    st.sampled_from([None, "Mug"]),
    stock=st.booleans(),
)


@st.composite
def sales(draw: st.DrawFn) -> Sale | None:
    """A sale near to the right one, with one thing or another that is odd."""
    sale = draw(st.sampled_from([None, invoice(), invoice(paid()), receipt(), receipt(), lone_payment()]))
    if sale is None or draw(st.booleans()):
        return sale
    changes: dict[str, Any] = {
        "void": draw(st.booleans()),
        "ours": draw(st.booleans()),
        "currency": draw(currencies),
        "charge_currency": draw(currencies),
        "customer": draw(words),
        "payments": tuple(draw(st.lists(payments, max_size=2))),
        "lines": tuple(draw(st.lists(lines, max_size=2))) or sale.lines,
        "balance_minor": draw(st.sampled_from([0, 5500, 11000])),
        "posting_date": draw(st.sampled_from([date(2026, 2, 2), date(2026, 3, 2)])),
        "booked": draw(st.sampled_from([(), (Booked("cm", "credit_memo", 500, "usd"),)])),
    }
    kept = draw(st.sets(st.sampled_from(sorted(changes)), max_size=4))
    return replace(sale, **{name: changes[name] for name in kept})


notes = st.builds(
    CreditNote,
    st.just("cn_1"),
    st.just(1),
    st.just("in_1"),
    st.just("usd"),
    st.just(1000),
    st.sampled_from(["issued", "void"]),
    st.none(),
    st.sampled_from([(), (("re_1", 1000),), (("re_1", 50), ("re_2", 50))]),
    st.sampled_from(
        [
            (),
            (LineFact("a", "Credited", 900, 100, "1", invoice_line_id="1"),),
            (LineFact("b", "Gift", 50, 0),),
        ]
    ),
)
persons = st.sampled_from(
    [
        PersonWord(retry=True),
        PersonWord(sale_id="inv-1"),
        PersonWord(skip="no"),
        PersonWord(adopt_id="memo-1"),
        *(
            PersonWord(types=types)
            for types in (*ALLOWED_RESULTS, ("refund_payout",), ("void", "refund_receipt"))
        ),
    ]
)
of_others = st.sampled_from(
    [
        (),
        (),
        (),
        (found("memo", income=10000),),
        (found("expense", cash=11000),),
        (found("both", income=1, cash=5),),
    ]
)


@st.composite
def cases(draw: st.DrawFn) -> RefundCase:
    """A refund of the sale above, with up to three things about it that are odd."""
    odd = draw(
        st.sets(
            st.sampled_from(
                [
                    "status",
                    "reason",
                    "metadata",
                    "charge",
                    "settled",
                    "family",
                    "blocked",
                    "notes",
                    "others",
                    "ours",
                    "person",
                ]
            ),
            max_size=3,
        )
    )

    def some(what: str, values: list[Any], else_: Any) -> Any:
        return draw(st.sampled_from(values)) if what in odd else else_

    amount = draw(amounts)
    one = refund(
        amount=amount,
        status=some("status", ["pending", "failed", "canceled", "odd"], "succeeded"),
        reason=some("reason", ["duplicate", "expired_uncaptured_charge"], None),
        metadata=some("metadata", [{"refund_lines": '[{"sku":"MUG","amount":"10.00","quantity":1}]'}], {}),
    )
    charges = [
        None,
        charge_case(payment_method="sepa_debit"),
        charge_case(settled=moved(14850, 0, "cad")),
        charge_case(settled=moved(0, 0, "cad")),
        replace(charge_case(), balance_transaction=None),
    ]
    settled = [moved(-amount, 3), moved(-amount - 7), moved(-15000, 0, "cad"), moved(5), None]
    return case(
        one,
        draw(sales()),
        charge=some("charge", charges, charge_case()),
        balance_transaction=some("settled", settled, moved(-amount)),
        siblings=some("family", [(one, refund(2, 1)), (refund(0, 10999), one)], (one,)),
        sale_blocked=some("blocked", ["its sale is not posted"], None),
        sale_blocked_reason=some("blocked", [None, "item_not_mapped"], None),
        credit_notes=tuple(draw(st.lists(notes, max_size=2))) if "notes" in odd else (),
        others=draw(of_others) if "others" in odd else (),
        adopting=draw(st.booleans()),
        person=draw(persons) if "person" in odd else PersonWord(),
        ours=some("ours", [(found("credit_memo"),), (found("void"),), (found("fee"),)], ()),
    )


@st.composite
def policies(draw: st.DrawFn) -> LedgerPolicy:
    switches = draw(st.dictionaries(st.sampled_from(REFUND_TYPES), st.booleans(), max_size=2))
    results: list[tuple[str, ...]] = [*ALLOWED_RESULTS, ("refund_payout",), ("hold",), ("ignore",)]
    rules = draw(st.sampled_from([default_rules()] * 4 + [always(*types) for types in results]))
    mapping = draw(
        st.sampled_from([{}, {}, {}, {"exchange": None}, {"tax": None}, {"refund_items": {}}, {"fees": None}])
    )
    can = draw(st.sampled_from([{}, {}, {"number_length": 2}, {"refund_types": frozenset({"credit_memo"})}]))
    return ledger(
        switches=switches,
        rules=rules,
        mapping=mapping,
        can=can,
        fees=draw(st.booleans()),
        sales=draw(st.sampled_from(["find", "sales_receipt"])),
        clearing_required=draw(st.booleans()),
        closed_until=draw(st.sampled_from([None, None, date(2026, 3, 5), date(2026, 3, 31)])),
    )


books = st.builds(
    lambda **changes: replace(BOOKS, **changes),
    from_export=st.booleans(),
    refunds_enabled=st.sampled_from([True] * 9 + [False]),
    post_when=st.sampled_from(["succeeded", "pending"]),
    period_closed=st.sampled_from(["hold", "first_open_day"]),
    failed_refund=st.sampled_from(["reverse", "owe_customer"]),
)


@settings(max_examples=300)
@given(cases(), policies(), books, st.sampled_from([0, 100 * HOUR]))
def test_every_refund_gets_an_answer(one: RefundCase, policy: LedgerPolicy, of: Books, age_s: int) -> None:
    decided = plan(one, policy, of, REFUNDED + age_s)
    assert decided.reason in REASONS[decided.outcome]
    assert decided == plan(one, policy, of, REFUNDED + age_s)
    if decided.outcome in ("held", "waiting", "excluded"):
        assert decided.sentence
        assert decided.action
        assert decided.documents == ()
    check_books(decided.documents)
    if not decided.documents:
        assert decided.outcome != "posted"
        return
    assert decided.outcome == "posted"
    assert (decided.number, decided.place) == ("100", 0)
    assert len({d.document_key for d in decided.documents}) == len(decided.documents)
    # What is taken of the sale is the refund; what leaves clearing is what Stripe moved, or nothing.
    assert shares_sum(decided.shares) == one.refund.amount_minor
    if one.balance_transaction is not None:
        cash = balance([d for d in decided.documents if d.kind != "fee"]).get(CLR, 0)
        assert cash in (0, one.balance_transaction.amount_minor)
    voided = [d for d in decided.documents if d.kind == "void" or d.part == "void"]
    failed = reverse(
        one, decided.documents, moved(one.refund.amount_minor, 0, voided[0].currency) if voided else None
    )
    if failed.outcome == "reversed" and of.failed_refund == "reverse":
        left = balance([d for d in (*decided.documents, *failed.documents) if d.kind != "fee"])
        # An invoice that was voided is paid again: all else is as if there had been no refund.
        allowed = {CLR, EXCHANGE, AR} if voided or one.ours or one.others else {CLR, EXCHANGE}
        assert left.keys() <= allowed, left
