"""The shapes of `--json`, as other programs read them: every key in its place, every code on its list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

Json = dict[str, Any]


def words(text: str) -> list[str]:
    return text.split()


OUTCOMES = words("posted adopted waiting held excluded reversed dropped marked failed")
STATES = words("planned sending unknown posted adopted reversed rejected held skipped")
KINDS = words(
    "credit_memo credit_card_refund refund_payout refund_receipt void reopen_invoice invoice payment "
    "sales_receipt fee exchange application reversal"
)
HELD = words(
    "sale_not_found payment_not_in_books sale_mismatch sale_before_start clearing_differs no_rule rule_says_hold "
    "item_not_mapped account_not_mapped customer_not_found currency_not_supported number_too_long number_taken "
    "period_closed total_differs void_guard credit_used credit_memo_not_posted settlement_unknown "
    "stripe_object_missing rejected_by_ledger outcome_unknown duplicate_in_books mark_mismatch ledger_cannot"
)
EXCLUDED = words("type_switched_off refunds_switched_off rule_says_ignore skipped_by_person not_a_refund")
FAILED = words("network unauthorised throttled ledger_down lease_held")
WAITING = words("refund_pending sale_not_found payment_not_in_books credit_note_awaited settlement_unknown")
REASONS = {"held": HELD, "excluded": EXCLUDED, "failed": [*FAILED, "outcome_unknown"], "waiting": WAITING}
NEEDS_REASON = ("held", "excluded", "failed")
COUNTS = words("posted adopted reversed excluded waiting held marked dropped failed")

Check = Callable[[Any], None]


def text(value: Any) -> None:
    assert isinstance(value, str) and value, value


def any_text(value: Any) -> None:
    assert isinstance(value, str), value


def count(value: Any) -> None:
    assert type(value) is int and value >= 0, value


def or_null(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def one_of(words: Iterable[object]) -> Check:
    known = frozenset(words)

    def check(value: Any) -> None:
        assert value in known, value

    return check


def list_of(check: Check) -> Check:
    def checks(value: Any) -> None:
        assert isinstance(value, list), value
        for item in value:
            check(item)

    return checks


def map_of(check: Check) -> Check:
    def checks(value: Any) -> None:
        assert isinstance(value, dict), value
        for name, item in value.items():
            text(name)
            check(item)

    return checks


def matches(pattern: str) -> Check:
    def check(value: Any) -> None:
        assert isinstance(value, str) and re.fullmatch(pattern, value), value

    return check


def shape(**fields: Check) -> Check:
    """An object of exactly these keys in this order."""

    def check(value: Any) -> None:
        assert isinstance(value, dict), value
        assert list(value) == list(fields), (list(value), list(fields))
        for key, part in fields.items():
            try:
                part(value[key])
            except AssertionError as error:
                raise AssertionError(f"{key}: {error}") from error

    return check


amount = matches(r"-?\d+(\.\d+)?")
money = shape(amount=amount, currency=matches("[a-z]{3}"))
moment = matches(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
document_key = matches("dk[a-z2-7]{24}")
entry = shape(account=text, debit=amount, credit=amount, currency=matches("[a-z]{3}"))

document = shape(
    document_key=document_key,
    ledger=text,
    refund_id=or_null(text),
    charge_id=or_null(text),
    kind=one_of(KINDS),
    number=or_null(text),
    amount=money,
    posting_date=matches(r"\d{4}-\d\d-\d\d"),
    state=one_of(STATES),
    ledger_id=or_null(text),
    rule=or_null(text),
    reason=or_null(one_of([*HELD, *EXCLUDED, *FAILED, *WAITING])),
    sentence=or_null(text),
    action=or_null(text),
    warnings=list_of(text),
    entries=list_of(entry),
)


def check_document(value: Any) -> None:
    document(value)
    one_sided = [e for e in value["entries"] if (Decimal(e["debit"]) == 0) != (Decimal(e["credit"]) == 0)]
    assert one_sided == value["entries"], value
    debits = sum(Decimal(e["debit"]) for e in value["entries"])
    assert debits == sum(Decimal(e["credit"]) for e in value["entries"]), value


OUTCOME_FIELDS: dict[str, Check] = {
    "outcome": one_of(OUTCOMES),
    "reason": or_null(one_of([*HELD, *EXCLUDED, *FAILED, *WAITING])),
    "sentence": or_null(text),
    "action": or_null(text),
    "warnings": list_of(text),
    "number": or_null(text),
    "documents": list_of(document_key),
}


def check_outcome(value: Json) -> None:
    """A reason is of the outcome's own list; what is held or excluded has one, and says what to do."""
    outcome, reason = value["outcome"], value["reason"]
    if outcome in NEEDS_REASON:
        assert reason in REASONS[outcome], value
        assert value["sentence"], value
        assert value["action"] or outcome == "failed", value
    elif outcome == "waiting":
        assert reason is None or reason in WAITING, value
        assert value["sentence"], value
    else:
        assert reason is None, value
    if outcome in ("posted", "adopted", "reversed"):
        assert value["documents"], value
    if outcome in ("waiting", "excluded", "dropped") and not value["documents"]:
        assert value["number"] is None, value


def check_refund(value: Any) -> None:
    shape(
        refund_id=text,
        charge_id=or_null(text),
        amount=money,
        status=any_text,
        created=moment,
        ledgers=lambda ledgers: None,
    )(value)
    assert value["ledgers"], value
    for one in value["ledgers"].values():
        shape(**OUTCOME_FIELDS)(one)
        check_outcome(one)


def check_report(value: Any) -> None:
    """The object of `sync --json` and `resync --json`."""
    ledger = shape(**dict.fromkeys(COUNTS, count), documents=list_of(check_document))
    shape(
        run_id=text,
        pulled=shape(charges=count, refunds=count, changed=count),
        ledgers=map_of(ledger),
        errors=list_of(shape(ledger=or_null(text), code=one_of(FAILED), sentence=text)),
    )(value)


CHECKS: dict[str, Check] = {
    "refunds": check_refund,
    "documents": check_document,
    "invoices": lambda value: None,
    "payments": lambda value: None,
    "held": lambda value: None,
}
