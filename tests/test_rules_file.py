"""Rules and tables of cases as text: what is read, and every mistake answered with its place."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from connector.errors import InputError
from connector.planning.model import REFUND_TYPES
from connector.planning.refund_types import types_of
from connector.planning.rules import Between, MetadataIs, OneOf, Rule
from connector.settings.rules_cases import run_cases
from connector.settings.rules_file import load_checked_rules, load_rules

MAPPINGS = Path(__file__).parent.parent / "mappings"
DEFAULT_RULES = MAPPINGS / "refund_rules.yaml"
DEFAULT_CASES = MAPPINGS / "refund_rules_cases.yaml"
ALL = frozenset(REFUND_TYPES)


def write(folder: Path, text: str) -> Path:
    path = folder / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusals(folder: Path, text: str) -> list[str]:
    """The sentences of the error, each without the folder's name."""
    with pytest.raises(InputError) as caught:
        load_rules(write(folder, text))
    return str(caught.value).replace(f"{folder}/", "").split("\n")


# -------------------------------------------------------------------------------- what is read


def test_every_fact_is_read(tmp_path: Path) -> None:
    text = """
- name: everything
  when:
    sale: [invoice, sales_receipt]
    payment: applied
    invoice_paid: none
    refund: full
    closes_charge: true
    method: card
    payment_method: [card, card_present]
    reason: [null, duplicate]
    currency: [USD, eur]
    amount: {at_least: "10.00", at_most: 99}
    metadata: {channel: [web, app], order: 100}
    charge_age_days: {at_most: 180}
    ledger: beancount
  then: [credit_card_refund, credit_memo]
- {name: " rest ", when: {}, then: hold}
- name: no reason
  when: {reason: null, amount: ["1.00", "2.00"], charge_age_days: 3}
  then: ignore
- name: nothing asked
  when:
  then: void
"""
    assert load_rules(write(tmp_path, text)) == (
        Rule(
            "everything",
            (
                OneOf("sale", ("invoice", "sales_receipt")),
                OneOf("payment", ("applied",)),
                OneOf("invoice_paid", ("none",)),
                OneOf("refund", ("full",)),
                OneOf("closes_charge", (True,)),
                OneOf("method", ("card",)),
                OneOf("payment_method", ("card", "card_present")),
                OneOf("reason", (None, "duplicate")),
                OneOf("currency", ("usd", "eur")),
                Between("amount", Decimal("10.00"), Decimal("99")),
                MetadataIs("channel", ("web", "app")),
                MetadataIs("order", ("100",)),
                Between("charge_age_days", None, 180),
                OneOf("ledger", ("beancount",)),
            ),
            ("credit_memo", "credit_card_refund"),
            2,
        ),
        Rule("rest", (), "hold", 18),
        Rule(
            "no reason",
            (
                OneOf("reason", (None,)),
                OneOf("amount", (Decimal("1.00"), Decimal("2.00"))),
                OneOf("charge_age_days", (3,)),
            ),
            "ignore",
            19,
        ),
        Rule("nothing asked", (), ("void",), 22),
    )


def test_json_is_read_too(tmp_path: Path) -> None:
    text = '[{"name": "all", "when": {"sale": "none"}, "then": "hold"}]'
    assert load_rules(write(tmp_path, text)) == (Rule("all", (OneOf("sale", ("none",)),), "hold", 1),)


def test_the_default_rules_stand_in_the_documented_order() -> None:
    rules = load_rules(DEFAULT_RULES)
    assert [rule.result for rule in rules] == [
        ("refund_payout",),
        ("credit_memo", "credit_card_refund"),
        ("credit_memo", "refund_payout"),
        ("refund_receipt",),
        ("credit_memo", "credit_card_refund"),
        ("credit_memo", "refund_payout"),
        ("refund_receipt",),
        ("void",),
        "hold",
    ]
    lines = DEFAULT_RULES.read_text(encoding="utf-8").splitlines()
    assert all(lines[rule.line - 1] == f"- name: {rule.name}" for rule in rules)


# -------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("sales: invoice", "1:21: [0].when.sales: is not a known fact (did you mean sale?)"),
        (
            "sale: invioce",
            "1:21: [0].when.sale: 'invioce' is not one of invoice, sales_receipt, payment, none (did you "
            "mean "
            "invoice?)",
        ),
        (
            "sale: [invoice, reciept]",
            "1:37: [0].when.sale[1]: 'reciept' is not one of invoice, sales_receipt, payment, none "
            "(did you mean sales_receipt?)",
        ),
        (
            "sale: null",
            "1:21: [0].when.sale: must be a text, as in sale: invoice; where there is none write sale: none",
        ),
        (
            "sale: {is: invoice}",
            "1:21: [0].when.sale: must be one value or a list of values, as in sale: invoice",
        ),
        ("sale: []", "1:21: [0].when.sale: is an empty list, which nothing could match"),
        ("sale: [[invoice]]", "1:28: [0].when.sale[0]: must be a text, as in sale: invoice"),
        ("payment: paid", "1:21: [0].when.payment: 'paid' is not one of applied, unapplied, absent"),
        ("invoice_paid: yes", "1:21: [0].when.invoice_paid: 'yes' is not one of none, part, all"),
        ("refund: 1", "1:21: [0].when.refund: must be a text, as in refund: full"),
        ("closes_charge: yes", "1:21: [0].when.closes_charge: 'yes' must be true or false, without quotes"),
        (
            'closes_charge: "true"',
            "1:21: [0].when.closes_charge: 'true' must be true or false, without quotes",
        ),
        (
            "method: crad",
            "1:21: [0].when.method: 'crad' is not one of card, bank, other (did you mean card?)",
        ),
        (
            "payment_method: us_bank_acount",
            "1:21: [0].when.payment_method: 'us_bank_acount' is not one of Stripe's words for a payment "
            "method "
            "(did you mean us_bank_account?)",
        ),
        (
            "payment_method: SEPA-Debit",
            "1:21: [0].when.payment_method: 'SEPA-Debit' is not one of Stripe's words for a payment method "
            "(did you mean sepa_debit?)",
        ),
        (
            "payment_method: Credit Note",
            "1:21: [0].when.payment_method: 'Credit Note' is not one of Stripe's words for a payment method; "
            "it is "
            "written in small letters, as in us_bank_account",
        ),
        (
            "reason: duplicat",
            "1:21: [0].when.reason: 'duplicat' is not one of duplicate, fraudulent, requested_by_customer, "
            "expired_uncaptured_charge, or null for no reason given (did you mean duplicate?)",
        ),
        (
            "reason: none",
            "1:21: [0].when.reason: 'none' is not one of duplicate, fraudulent, requested_by_customer, "
            "expired_uncaptured_charge, or null for no reason given (did you mean null?)",
        ),
        (
            "currency: us",
            "1:21: [0].when.currency: 'us' is not a currency that Stripe uses (did you mean usd?)",
        ),
        ("currency: true", "1:21: [0].when.currency: must be a text, as in currency: usd"),
        (
            'amount: "10,00"',
            "1:21: [0].when.amount: must be an amount in quotes with a decimal point and nothing else, as "
            '"10.00"',
        ),
        (
            'amount: {at_least: "-1.00"}',
            "1:30: [0].when.amount.at_least: must be an amount in quotes with a decimal point and nothing "
            "else, "
            'as "10.00"',
        ),
        (
            "amount: {at_least: 012}",
            "1:30: [0].when.amount.at_least: must be an amount in quotes with a decimal point and nothing "
            "else, "
            'as "10.00"',
        ),
        (
            "amount: {at_lest: 1}",
            "1:30: [0].when.amount.at_lest: is not a known key (did you mean at_least?)",
        ),
        (
            "amount: {more: 1}",
            "1:30: [0].when.amount.more: is not a known key; known here: at_least, at_most",
        ),
        ("amount: {}", '1:21: [0].when.amount: is empty; write amount: {at_least: "10.00"}'),
        (
            'amount: {at_least: "2", at_most: "1.99"}',
            "1:21: [0].when.amount: nothing is at least 2 and at most 1.99",
        ),
        (
            "charge_age_days: {at_least: soon}",
            "1:39: [0].when.charge_age_days.at_least: must be a whole number of days, as in charge_age_days: "
            "{at_most: 180}",
        ),
        (
            "charge_age_days: -1",
            "1:21: [0].when.charge_age_days: must be a whole number of days, as in charge_age_days: "
            "{at_most: "
            "180}",
        ),
        (
            "metadata: web",
            "1:21: [0].when.metadata: must be a group of keys and texts, as in metadata: {channel: web}",
        ),
        (
            "metadata: {vip: true}",
            "1:32: [0].when.metadata.vip: must be a text or a list of texts; put true, false and null in "
            "quotes, "
            'as "true"',
        ),
        (
            "metadata: {vip: [x, null]}",
            "1:41: [0].when.metadata.vip[1]: must be a text or a list of texts; put true, false and null in "
            "quotes, "
            'as "true"',
        ),
        (
            "ledger: quickbooks",
            "1:21: [0].when.ledger: 'quickbooks' is not one of quickbooks_online, quickbooks_desktop, xero, "
            "netsuite, "
            "beancount (did you mean quickbooks_online?)",
        ),
    ],
)
def test_wrong_conditions(tmp_path: Path, when: str, expected: str) -> None:
    found = refusals(tmp_path, f"- {{name: x, when: {{ {when}}}, then: hold}}\n")
    assert found == [f"rules.yaml:{expected}"]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (
            "credit-memo",
            "[0].then: 'credit-memo' is not one of hold, ignore, credit_memo, refund_receipt, "
            "credit_card_refund, "
            "refund_payout, void, reopen_invoice (did you mean credit_memo?)",
        ),
        (
            "",
            "[0].then: nothing is not one of hold, ignore, credit_memo, refund_receipt, credit_card_refund, "
            "refund_payout, void, reopen_invoice",
        ),
        (
            "true",
            "[0].then: true is not one of hold, ignore, credit_memo, refund_receipt, "
            "credit_card_refund, "
            "refund_payout, void, reopen_invoice",
        ),
        (
            "{a: b}",
            "[0].then: this is not one of hold, ignore, credit_memo, refund_receipt, "
            "credit_card_refund, "
            "refund_payout, void, reopen_invoice",
        ),
        ("[]", "[0].then: is empty; to post nothing write hold or ignore"),
    ],
)
def test_wrong_results(tmp_path: Path, then: str, expected: str) -> None:
    assert refusals(tmp_path, f"- name: x\n  when: {{}}\n  then: {then}\n") == [f"rules.yaml:3:3: {expected}"]


def test_hold_does_not_stand_among_types(tmp_path: Path) -> None:
    assert refusals(tmp_path, "- {name: x, when: {}, then: [credit_memo, hold]}\n") == [
        "rules.yaml:1:43: [0].then[1]: hold stands alone, not in a list with types"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "rules: []\n",
            "1:1: (file): must hold a list of rules, each as `- name: ...` with `when` and `then`",
        ),
        ("[]\n", "1:1: (file): holds no rule; at least one `- name: ...` is needed"),
        ("# nothing\n", "1:1: (file): is empty"),
        ("- hold\n", "1:3: [0]: must be a rule with `name`, `when` and `then`"),
        (
            "- {name: x, then: hold}\n",
            "1:3: [0]: the rule has no `when`; a rule that always matches has `when: {}`",
        ),
        (
            "- {name: x}\n",
            "1:3: [0]: the rule has no `when` and no `then`; a rule that always matches has `when: {}`",
        ),
        ("- {when: {}, then: hold}\n", "1:3: [0]: the rule has no `name`"),
        (
            "- {name: 100, when: {}, then: hold}\n",
            "1:4: [0].name: must be a text of your own; put a number in quotes",
        ),
        (
            "- {name: ' ', when: {}, then: hold}\n",
            "1:4: [0].name: must be a text of your own; put a number in quotes",
        ),
        (
            "- {name: x, when: always, then: hold}\n",
            "1:13: [0].when: must be a group of `fact: value` lines, or {} to match always",
        ),
        (
            "- {name: x, whne: {}, when: {}, then: hold}\n",
            "1:13: [0].whne: is not a known key (did you mean when?)",
        ),
        (
            "- {name: x, when: {}, then: hold}\n- {name: x, when: {}, then: hold}\n",
            '2:4: [1].name: "x" is the name of the rule on line 1, too; each needs its own',
        ),
        (
            "- name: x\n  when: {sale: invoice, sale: payment}\n  then: hold\n",
            "2:25: [0].when.sale: is written twice (first on line 2)",
        ),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, expected: str) -> None:
    assert refusals(tmp_path, text) == [f"rules.yaml:{expected}"]


def test_a_binary_fraction_never_becomes_an_amount(tmp_path: Path) -> None:
    (sentence,) = refusals(tmp_path, "- name: x\n  when: {amount: {at_least: 10.50}}\n  then: hold\n")
    assert sentence.startswith("rules.yaml:2:29: [0].when.amount.at_least: a number with a decimal point")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.yaml: there is no such file"):
        load_rules(tmp_path / "absent.yaml")


def test_everything_wrong_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """\
- name: first
  when: {sale: invioce, methd: card}
  then: credit_mem
- name: second
  when: {amount: {at_least: soon}}
  then: hold
"""
    assert [sentence.split(": ")[:2] for sentence in refusals(tmp_path, text)] == [
        ["rules.yaml:2:10", "[0].when.sale"],
        ["rules.yaml:2:25", "[0].when.methd"],
        ["rules.yaml:3:3", "[0].then"],
        ["rules.yaml:5:19", "[1].when.amount.at_least"],
    ]


# -------------------------------------------------------------------------------- read and checked


def test_a_result_that_is_not_allowed_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "- name: both\n  when: {sale: invoice}\n  then: [refund_receipt, credit_memo]\n"
        "- {name: rest, when: {}, then: hold}\n- {name: late, when: {sale: none}, then: hold}\n",
    )
    with pytest.raises(InputError) as caught:
        load_checked_rules(path, ALL, "beancount", "refunded")
    first, second = str(caught.value).split("\n")
    assert first.startswith(
        f'{path}:3:3: [0].then: rule "both": refund_receipt + credit_memo takes 220.00 of income and tax '
        f"back for a "
        "110.00 sale"
    )
    assert second == (
        f'{path}:5:16: [2].when: rule "late" can never decide: "rest" (line 4) matches before it wherever '
        f"it could"
    )


def test_an_invoice_status_that_the_rules_do_not_bear_out_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        load_checked_rules(DEFAULT_RULES, ALL, "beancount", "reopened")
    assert "invoice_status: `reopened` needs a rule that makes reopen_invoice" in str(caught.value)


def test_warnings_come_with_their_place(tmp_path: Path) -> None:
    path = write(
        tmp_path, "- name: credit\n  when: {sale: [invoice, sales_receipt, payment]}\n  then: credit_memo\n"
    )
    rules, warnings = load_checked_rules(path, ALL, "beancount", "refunded", {})
    assert [rule.name for rule in rules] == ["credit"]
    assert [warning.split(" ")[:2] for warning in warnings] == [
        [f"{path}:3:3:", "[0].then:"],
        [f"{path}:3:3:", "[0].then:"],
        [f"{path}:3:3:", "[0].then:"],
        [f"{path}:1:1:", "(file):"],
    ]
    assert load_checked_rules(DEFAULT_RULES, ALL, "beancount", "refunded", {})[1] == ()


# -------------------------------------------------------------------------------- tables of cases


@pytest.mark.parametrize("kind", ["quickbooks_online", "quickbooks_desktop", "xero", "netsuite", "beancount"])
def test_the_cases_shipped_pass_on_every_ledger_and_use_every_default_rule(kind: str) -> None:
    rules = load_rules(DEFAULT_RULES)
    results = run_cases(DEFAULT_CASES, rules, kind)
    assert [result.sentence for result in results if not result.passed] == []
    assert {result.decision.rule for result in results} == {rule.name for rule in rules}


def test_a_case_that_fails_tells_both_sides_and_the_trace(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """\
- name: wrong type
  facts: {sale: invoice, method: bank}
  expect: {then: [credit_memo, credit_card_refund]}
- name: wrong rule
  facts: {sale: none}
  expect: {then: hold, rule: sales receipt}
- name: order of types is no matter
  facts: {sale: invoice}
  expect: {then: [credit_card_refund, credit_memo]}
- name: no rule expected
  facts: {sale: payment}
  expect: {then: no_rule, rule: null}
""",
    )
    wrong_type, wrong_rule, order, none = run_cases(path, load_rules(DEFAULT_RULES), "beancount")
    assert [wrong_type.passed, wrong_rule.passed, order.passed, none.passed] == [False, False, True, False]
    assert wrong_type.sentence == (
        f"{path}:1: wrong type: expected credit_memo + credit_card_refund, but the rules say credit_memo + "
        'refund_payout by rule "refund of an invoice by bank or other means"'
    )
    assert wrong_rule.sentence == (
        f'{path}:4: wrong rule: expected hold by rule "sales receipt", but the rules say hold by rule '
        f'"everything else"'
    )
    assert none.expected == "no_rule by no rule"
    assert order.sentence == ""
    assert [tried.rule for tried in wrong_rule.decision.trace][-1] == "everything else"


def test_facts_left_out_are_the_plainest(tmp_path: Path) -> None:
    rules = (
        Rule("yen", (OneOf("amount", (Decimal("11000"),)), OneOf("currency", ("jpy",))), "hold"),
        Rule("web", (MetadataIs("channel", ("web",)), OneOf("method", ("bank",))), "ignore"),
        Rule(
            "plain",
            (OneOf("amount", (Decimal("110.00"),)), OneOf("closes_charge", (True,))),
            ("refund_receipt",),
        ),
    )
    path = write(
        tmp_path,
        """\
- {name: a, facts: {sale: sales_receipt, currency: jpy}, expect: {then: hold, rule: yen}}
- {name: b, facts: {sale: sales_receipt, payment_method: ideal, metadata: {channel: web}}, expect: {then: ignore}}
- {name: c, facts: {sale: sales_receipt}, expect: {then: refund_receipt}}
- {name: d, facts: {sale: sales_receipt, refund: partial}, expect: {then: no_rule, rule: null}}
- {name: e, ledger: quickbooks_desktop, facts: {sale: sales_receipt}, expect: {then: ledger_cannot, rule: plain}}
- {name: f, switches: {refund_receipt: false}, facts: {sale: invoice}, expect: {then: type_switched_off}}
""",
    )
    assert [result.sentence for result in run_cases(path, rules, "beancount")] == [""] * 6
    can = {"beancount": types_of("beancount") - {"refund_receipt"}}
    assert [result.name for result in run_cases(path, rules, "beancount", can) if not result.passed] == [
        "c",
        "f",
    ]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("hold", "1:3: [0]: must be a case with `name`, `facts: {sale: ...}` and `expect: {then: ...}`"),
        (
            "{name: x, expect: {then: hold}}",
            "1:3: [0]: must be a case with `name`, `facts: {sale: ...}` and `expect: {then: ...}`",
        ),
        (
            "{facts: {sale: none}, expect: {then: hold}}",
            "1:3: [0].name: must be a text that says what the case is about",
        ),
        (
            "{name: x, facts: {}, expect: {then: hold}}",
            "1:13: [0].facts: the case has no `sale`: invoice, sales_receipt, payment or none",
        ),
        (
            "{name: x, facts: {sale: noone}, expect: {then: hold}}",
            "1:21: [0].facts.sale: 'noone' is not one of invoice, sales_receipt, payment, none (did you mean "
            "none?)",
        ),
        (
            "{name: x, facts: {sale: [none]}, expect: {then: hold}}",
            "1:21: [0].facts.sale: must be a text, as in sale: invoice",
        ),
        (
            "{name: x, facts: {sale: none, metadata: web}, expect: {then: hold}}",
            "1:33: [0].facts.metadata: must be a group of keys and texts, as in {channel: web}",
        ),
        (
            "{name: x, facts: {sale: none, metadata: {a: true}}, expect: {then: hold}}",
            "1:33: [0].facts.metadata: must be a text or a list of texts; put true, false and null in "
            "quotes, "
            'as "true"',
        ),
        (
            "{name: x, facts: {sale: none, ledger: xero}, expect: {then: hold}}",
            "1:33: [0].facts.ledger: is not a known key; known here: sale, payment, invoice_paid, refund, "
            "closes_charge, "
            "method, payment_method, reason, currency, amount, metadata, charge_age_days",
        ),
        (
            "{name: x, facts: {sale: none, closes_charge: false}, expect: {then: hold}}",
            "1:13: [0].facts: `refund: full` and `closes_charge: false` exclude each other",
        ),
        (
            "{name: x, facts: {sale: none, method: card, payment_method: ideal}, expect: {then: hold}}",
            "1:13: [0].facts: the method of ideal is bank, not card",
        ),
        (
            '{name: x, facts: {sale: none, currency: jpy, amount: "1.50"}, expect: {then: hold}}',
            "1:13: [0].facts: '1.50' has more decimals than jpy has (0)",
        ),
        (
            "{name: x, ledger: sage, facts: {sale: none}, expect: {then: hold}}",
            "1:13: [0].ledger: must be one of quickbooks_online, quickbooks_desktop, xero, netsuite, "
            "beancount",
        ),
        (
            "{name: x, switches: [void], facts: {sale: none}, expect: {then: hold}}",
            "1:13: [0].switches: must be a group of types, as in {credit_memo: false}",
        ),
        (
            "{name: x, switches: {viod: true}, facts: {sale: none}, expect: {then: hold}}",
            "1:24: [0].switches.viod: is not a known key (did you mean void?)",
        ),
        (
            "{name: x, switches: {void: no}, facts: {sale: none}, expect: {then: hold}}",
            "1:24: [0].switches.void: must be true or false",
        ),
        (
            "{name: x, facts: {sale: none}}",
            "1:3: [0].expect: must say what the rules should decide, as in {then: hold}",
        ),
        (
            "{name: x, facts: {sale: none}, expect: {then: holdd}}",
            "1:43: [0].expect.then: must be one of credit_memo, refund_receipt, credit_card_refund, "
            "refund_payout, void, "
            "reopen_invoice, hold, ignore, type_switched_off, ledger_cannot, no_rule (did you mean hold?)",
        ),
        (
            "{name: x, facts: {sale: none}, expect: {then: [hold]}}",
            "1:43: [0].expect.then: must be one of credit_memo, refund_receipt, credit_card_refund, "
            "refund_payout, void, "
            "reopen_invoice",
        ),
        (
            "{name: x, facts: {sale: none}, expect: {then: []}}",
            "1:43: [0].expect.then: must be one of credit_memo, refund_receipt, credit_card_refund, "
            "refund_payout, void, "
            "reopen_invoice",
        ),
        (
            "{name: x, facts: {sale: none}, expect: {then: hold, rule: everything els}}",
            "1:55: [0].expect.rule: no rule has this name (did you mean everything else?)",
        ),
        (
            "{name: x, fact: 1, facts: {sale: none}, expect: {then: hold}}",
            "1:13: [0].fact: is not a known key (did you mean facts?)",
        ),
    ],
)
def test_wrong_cases(tmp_path: Path, case: str, expected: str) -> None:
    path = write(tmp_path, f"- {case}\n")
    with pytest.raises(InputError) as caught:
        run_cases(path, load_rules(DEFAULT_RULES), "beancount")
    assert str(caught.value) == f"{path}:{expected}"


def test_an_empty_table_of_cases_is_refused(tmp_path: Path) -> None:
    for text in ("[]\n", "name: x\n"):
        with pytest.raises(InputError, match="must hold a list of cases"):
            run_cases(write(tmp_path, text), (), "beancount")
