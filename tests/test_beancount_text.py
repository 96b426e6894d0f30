"""Beancount text: what is printed reads back, Beancount itself accepts it, and a person's journal is read as meant."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from journals import HOSTILE, OPEN, bean_check, key, memo

from connector.ledgers.beancount_block import parse_block
from connector.ledgers.beancount_text import (
    JournalEntry,
    JournalPosting,
    Opening,
    Posting,
    clean_text,
    is_account,
    parse_entry,
    parse_journal,
    print_transaction,
    stripe_ids,
    torn_tail,
    walk_blocks,
)


def entries(text: str) -> tuple[JournalEntry, ...]:
    return parse_journal(text).entries


def only(text: str) -> JournalEntry:
    [entry] = entries(text)
    return entry


def amounts(entry: JournalEntry) -> list[tuple[str, int | None, str]]:
    return [(posting.account, posting.amount_minor, posting.currency) for posting in entry.postings]


# -------------------------------------------------------------------------------------------------- printing


def test_the_printed_form_is_this_text() -> None:
    assert memo(details=(("sku", "SKU-1"),)) == (
        '2026-03-05 * "Jo Smith" "Refund" ^ch_0 ^re_0\n'
        '  document_key: "dkaaaaaaaaaaaaaaaaaaaaaaaa"\n'
        '  kind: "credit_memo"\n'
        '  number: "100"\n'
        '  refund_id: "re_0"\n'
        "  Income:Sales                                    100.00 USD\n"
        '    sku: "SKU-1"\n'
        "  Liabilities:Tax                                  10.00 USD\n"
        "  Assets:Accounts-Receivable                     -110.00 USD\n"
        "\n"
    )


def test_a_printed_transaction_reads_back_whole() -> None:
    entry = only(memo(details=(("sku", "SKU-1"),)))
    assert entry == JournalEntry(
        date=date(2026, 3, 5),
        flag="*",
        payee="Jo Smith",
        narration="Refund",
        tags=(),
        links=("ch_0", "re_0"),
        metadata={"document_key": key(0), "kind": "credit_memo", "number": "100", "refund_id": "re_0"},
        postings=(
            JournalPosting("Income:Sales", 10_000, "usd", {"sku": "SKU-1"}),
            JournalPosting("Liabilities:Tax", 1_000, "usd", {}),
            JournalPosting("Assets:Accounts-Receivable", -11_000, "usd", {}),
        ),
        exotic=False,
        line=1,
        offset=0,
        end_offset=len(memo(details=(("sku", "SKU-1"),))) - 1,
    )


@pytest.mark.parametrize(
    ("currency", "amount_minor", "printed"),
    [
        ("usd", 1, "0.01 USD"),
        ("jpy", 500, "500 JPY"),
        ("kwd", 1234, "1.234 KWD"),
        ("isk", 500, "5.00 ISK"),
        ("huf", 12345, "123.45 HUF"),
        ("usd", 10**13, "100000000000.00 USD"),
    ],
)
def test_amounts_have_the_digits_of_their_currency(
    tmp_path: Path, currency: str, amount_minor: int, printed: str
) -> None:
    text = print_transaction(
        posting_date=date(2026, 3, 5),
        payee="",
        narration="",
        links=(),
        metadata=(("document_key", key(1)),),
        postings=(
            ("Income:Sales", amount_minor, currency, ()),
            ("Assets:Stripe:Clearing", -amount_minor, currency, ()),
        ),
    )
    assert f" {printed}\n" in text
    assert f" -{printed}\n" in text
    assert amounts(only(text)) == [
        ("Income:Sales", amount_minor, currency),
        ("Assets:Stripe:Clearing", -amount_minor, currency),
    ]
    assert bean_check(tmp_path, OPEN + text) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_cleaned_text_is_printable_in_one_line_and_stays(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert not set(cleaned) & set("\n\r\t\x00\x1b\x7f\x85\u2028\u2029\u202e\ud83d\udc00")
    assert cleaned.encode().decode() == cleaned
    assert len(cleaned) == len(text)


def test_beancount_accepts_hostile_customers(tmp_path: Path) -> None:
    text = "".join(memo(place, payee, payee[::-1], (("sku", payee),)) for place, payee in enumerate(HOSTILE))
    assert bean_check(tmp_path, OPEN + text) == ""
    assert [entry.payee for entry in entries(text)] == [clean_text(payee) for payee in HOSTILE]


anything = (
    st.text(st.characters(exclude_categories=()))
    | st.sampled_from(HOSTILE)
    | st.text('"\\\n; ^#*', max_size=6)
)
details = st.lists(
    st.tuples(st.sampled_from(["sku", "line", "x-y_Z9"]), anything), max_size=2, unique_by=lambda p: p[0]
)
postings = st.lists(
    st.tuples(
        st.sampled_from(["Income:Sales", "Assets:Stripe:Clearing", "Liabilities:\u00c4tax:2-b"]),
        st.integers(-(10**12), 10**12),
        st.sampled_from(["usd", "jpy", "kwd", "isk"]),
        details,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300)
@given(payee=anything, narration=anything, value=anything, link=st.text(min_size=1), postings=postings)
def test_whatever_is_printed_reads_back_cleaned(
    payee: str, narration: str, value: str, link: str, postings: list[Posting]
) -> None:
    text = print_transaction(
        posting_date=date(2026, 3, 5),
        payee=payee,
        narration=narration,
        links=(link, "re_1"),
        metadata=(("document_key", key(0)), ("sale", value)),
        postings=postings,
    )
    assert text.endswith("\n\n")
    before = '1999-01-01 * "x"\n  Assets:A  1 USD\n  Assets:B\n\n'
    entry, after = entries(before + text + memo(1))
    assert after.metadata["document_key"] == key(1)
    assert (entry.payee, entry.narration) == (clean_text(payee), clean_text(narration))
    assert entry.metadata == {"document_key": key(0), "sale": clean_text(value)}
    assert amounts(entry) == [(account, amount, currency) for account, amount, currency, _ in postings]
    for posting, (_, _, _, details) in zip(entry.postings, postings, strict=True):
        assert posting.metadata == {key: clean_text(value) for key, value in details}
    assert entry.links[-1] == "re_1"
    assert len(entry.links) == 2
    assert (before + text)[entry.offset : entry.end_offset] == text[:-1]


@settings(max_examples=200)
@given(payee=anything, value=anything, postings=postings)
def test_both_readers_read_the_printed_form_alike(payee: str, value: str, postings: list[Posting]) -> None:
    text = print_transaction(
        posting_date=date(2026, 3, 5),
        payee=payee,
        narration="",
        links=("ch_1",),
        metadata=(("document_key", key(0)), ("number", value)),
        postings=postings,
    )
    [block] = walk_blocks(text, [], [], [])
    assert block.own is not None
    assert parse_block(block) == parse_block(block._replace(own=None))


# -------------------------------------------------------------------------------------------------- reading


BY_HAND = """\
;; Books kept by hand; he said "hello
option "title" "Acme \\"Ltd\\""
option "operating_currency" "USD"
plugin "beancount.plugins.auto_accounts"
include "2026-*.beancount"
* An org-mode heading with one " quote
2026-01-01 open Assets:Bank   USD,EUR "STRICT" ; note
2026-01-01 open Income:Sales
2026-01-01 commodity AAPL
pushtag #trip
2026-01-02 price AAPL 10 USD
2026-01-03 balance Assets:Bank  0 USD
2026-01-03 note Assets:Bank "a note
2026-01-03 * over lines"
2026-01-04 * "Unmarked" "passed over"
  Assets:Bank   1.00 USD
  Income:Sales

2026/1/5 txn "Jo" "Refund
over two lines" #tag ^re_hand1 ; a comment "with quotes"
  ^ch_hand1 #more
  ; an indented comment
  kind: "credit_memo" ; trailing
  number: 100
  note: "a \\"b\\" \\\\ c\\nd"
  ! Income:Sales   1,234.50 USD ; comment
      sku: "A"
  Assets:Bank  -  1234.5 USD
; the end
2026-01-06 ! "Only narration"
  refund_id: "re_hand2"
  Income:Sales  10 USD
  Assets:Bank
poptag #trip
"""


def test_a_journal_by_hand() -> None:
    parsed = parse_journal(BY_HAND)
    assert parsed.options == (("title", 'Acme "Ltd"'), ("operating_currency", "USD"))
    assert parsed.includes == ("2026-*.beancount",)
    assert parsed.openings == (
        Opening("Assets:Bank", date(2026, 1, 1), ("usd", "eur")),
        Opening("Income:Sales", date(2026, 1, 1), ()),
    )
    first, second = parsed.entries
    assert (first.date, first.flag, first.payee) == (date(2026, 1, 5), "*", "Jo")
    assert first.narration == "Refund\nover two lines"
    assert (first.tags, first.links) == (("tag", "more"), ("re_hand1", "ch_hand1"))
    assert first.metadata == {"kind": "credit_memo", "number": "100", "note": 'a "b" \\ c\nd'}
    assert amounts(first) == [("Income:Sales", 123_450, "usd"), ("Assets:Bank", -123_450, "usd")]
    assert first.postings[0].metadata == {"sku": "A"}
    assert not first.exotic
    assert BY_HAND[first.offset :].startswith('2026/1/5 txn "Jo"')
    assert BY_HAND[first.end_offset :].startswith("; the end")
    assert BY_HAND.split("\n")[first.line - 1].startswith("2026/1/5")
    assert (second.flag, second.payee, second.narration) == ("!", "", "Only narration")
    assert amounts(second) == [("Income:Sales", 1_000, "usd"), ("Assets:Bank", -1_000, "usd")]


@pytest.mark.parametrize(
    ("lines", "expected", "exotic"),
    [
        ("  Assets:A  1.00 USD\n  Assets:B\n", [100, -100], False),
        ("  Assets:A  1.00 USD\n  Assets:B  USD\n", [100, -100], False),
        ("  Assets:A  1.00 USD\n  Assets:B  -1\n", [100, -100], False),
        ("  Assets:A  5.00 JPY\n  Assets:B  -5 JPY\n", [5, -5], False),
        ("  Assets:A  +5. USD\n  Assets:B  -5USD\n", [500, -500], False),
        ("  Assets:A  1.005 USD\n  Assets:B  -1.005 USD\n", [None, None], True),
        ("  Assets:A  1 AAPL\n  Assets:B  -1 AAPL\n", [None, None], True),
        ("  Assets:A  1 AAPL\n  Assets:B\n", [None, None], True),
        ("  Assets:A  1.00 USD\n  Assets:B  1.00 EUR\n  Assets:C\n", [100, 100, None], True),
        ("  Assets:A  1.00 USD\n  Assets:B\n  Assets:C\n", [100, None, None], True),
        ("  Assets:A  1.00 EUR @ 2 USD\n  Assets:B  -2.00 USD\n", [100, -200], True),
        ("  Assets:A  1.00 EUR @@ 2 USD\n  Assets:B\n", [100, None], True),
        ('  Assets:A  3 USD {2 EUR, "lot"}\n  Assets:B  -6 EUR\n', [300, -600], True),
        ("  Assets:A  (1 + 2) * 3 USD\n  Assets:B  -9 USD\n", [None, -900], True),
        ("  Assets:A  10.00/3 USD\n  Assets:B\n", [None, None], True),
        ("  'nonsense\n  Assets:A  1.00 USD\n  !!\n  Assets:B  -1.00 USD\n", [100, -100], False),
    ],
)
def test_amounts_by_hand(lines: str, expected: list[int | None], exotic: bool) -> None:
    entry = only(f'2026-01-01 * "x" ^re_1\n{lines}')
    assert [posting.amount_minor for posting in entry.postings] == expected
    assert entry.exotic is exotic


@pytest.mark.parametrize(
    "mark",
    [
        '  document_key: "x"',
        '  kind: "invoice"',
        "  number: 7",
        '  refund_id: "x"',
        '  charge_id: "x"',
        '  stripe: "re_1"',
        "  ^pyr_1",
        "  ^ch_1",
        "  ^py_1",
        '    number: "of a posting"',
    ],
)
def test_what_bears_a_mark_is_read(mark: str) -> None:
    assert len(entries(f'2026-01-01 * "x"\n{mark}\n  Assets:A  1 USD\n  Assets:B\n')) == 1


@pytest.mark.parametrize("text", ["^other_1", "#re_1x_", '"numbers of people"', "^more_1", '"my_re_1"'])
def test_what_bears_none_is_passed_over(text: str) -> None:
    journal = f'2026-01-01 * "x" {text}\n  Assets:A  1 USD\n  Assets:B\n'
    assert bool(entries(journal)) is (text == "#re_1x_")


@pytest.mark.parametrize(
    "text",
    [
        '2026-01-01 * "a forgotten quote "x" "y"\n  Assets:A  1 USD\n  Assets:B\n\n',
        '2026-01-01 * "x" "never closed\n  Assets:A  1 USD\n',
        '2026-13-45 * "no such day" ^re_9\n  Assets:A  1 USD\n  Assets:B\n',
        '2026-01-01 note Assets:A "never closed\n',
        "<<<<<<< HEAD\n",
        '\ufeff; a mark of the byte order "\n',
        '* heading "\n',
    ],
)
def test_a_slip_hides_nothing_that_follows(text: str) -> None:
    assert key(3) in [entry.metadata.get("document_key") for entry in entries(text + memo(3))]


def test_two_slips_do_not_hide_what_stands_between_them() -> None:
    slip = '2026-01-01 * "a forgotten quote\n  Assets:A  1 USD\n  Assets:B\n\n'
    found = entries(slip + memo(3) + slip + memo(4))
    assert [entry.metadata["document_key"] for entry in found] == [key(3), key(4)]


def test_a_line_break_of_windows_is_one() -> None:
    entry = only(memo().replace("\n", "\r\n"))
    assert (entry.payee, entry.metadata["number"]) == ("Jo Smith", "100")
    assert [posting.amount_minor for posting in entry.postings] == [10_000, 1_000, -11_000]
    assert not entry.exotic


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [*BY_HAND.split("\n"), *memo().split("\n"), '"', "\\", "2026-01-01 *", "^re_1", "\n", " "]
        )
        | st.text(max_size=20),
        max_size=30,
    ),
    st.sampled_from(["\n", "", "\r\n"]),
)
@example(['2026-01-01 * "', "\\"], "\n")
def test_reading_never_fails(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    parsed = parse_journal(text)
    end = 0
    for entry in parsed.entries:
        assert end <= entry.offset < entry.end_offset <= len(text)
        assert entry.line == 1 + text.count("\n", 0, entry.offset)
        end = entry.end_offset
        again = parse_entry(text[entry.offset : entry.end_offset])
        assert again is not None
        assert (again.metadata, again.postings, again.links) == (entry.metadata, entry.postings, entry.links)
    torn_tail(text)


LONG = "3MtwBwLkdIwHu7ix28a3tqPa"


@pytest.mark.parametrize(
    ("text", "refund_ids", "charge_ids"),
    [
        (f'2026-01-01 * "Refund re_{LONG} of ch_{LONG}."\n', [f"re_{LONG}"], [f"ch_{LONG}"]),
        ('2026-01-01 * "re_1 is too short in a text" ^x\n  number: 1\n', [], []),
        ('2026-01-01 * "x" ^re_1 ^pyr_2 ^ch_3 ^py_4\n', ["re_1", "pyr_2"], ["ch_3", "py_4"]),
        ('2026-01-01 * "x" ^re_1\n  refund_id: "re_0"\n', ["re_0", "re_1"], []),
        ('2026-01-01 * "x"\n  stripe: "re_1"\n  Assets:A  1 USD\n    of: "ch_1"\n', ["re_1"], ["ch_1"]),
        (f'2026-01-01 * "x"\n  memo: "for re_{LONG}, thanks"\n', [f"re_{LONG}"], []),
        # Ours says what it is for in its own keys; a customer's words name nothing.
        (f'2026-01-01 * "re_{LONG}" ^re_2\n  document_key: "dkx"\n  charge_id: "ch_1"\n', [], ["ch_1"]),
    ],
)
def test_stripe_ids(text: str, refund_ids: list[str], charge_ids: list[str]) -> None:
    assert stripe_ids(only(text + "  Assets:B\n")) == (tuple(refund_ids), tuple(charge_ids))


@pytest.mark.parametrize(
    "name", ["Assets:Stripe:Clearing", "Assets:A", "Income:2026", "Verm\u00f6gen:\u00c4rzte-B"]
)
def test_account_names(name: str, tmp_path: Path) -> None:
    assert is_account(name)
    assert "Invalid token" not in bean_check(tmp_path, f"1970-01-01 open {name}\n")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Assets",
        "assets:A",
        "Assets:a",
        "Assets:",
        "Assets::A",
        "Assets:A B",
        'Assets:"',
        "Assets:A_B",
        "1:A",
    ],
)
def test_what_is_no_account_name(name: str) -> None:
    assert not is_account(name)


def test_a_head_without_postings_books_nothing() -> None:
    assert entries('2026-01-01 * "x" "y" ^re_1\n  kind: "credit_memo"\n') == ()


# ------------------------------------------------------------------------------------------------ torn tails


def test_a_batch_cut_anywhere_keeps_whole_transactions_only(tmp_path: Path) -> None:
    parts = [
        memo(1, 'quo"te', details=(("sku", "a;b"),)),
        memo(2, "\u00e4"),
        memo(3, details=(("sku", "x"),)),
    ]
    text = "".join(parts)
    whole = {entry.metadata["document_key"]: (entry.metadata, entry.postings) for entry in entries(text)}
    ends = [len(parts[0]), len(parts[0] + parts[1]), len(text)]
    kept_texts = set()
    cuts = 0
    for size in range(len(text) + 1):
        torn = torn_tail(text[:size])
        kept = text[:size] if torn is None else text[: torn[0]]
        cuts += torn is not None
        standing = {
            entry.metadata["document_key"]: (entry.metadata, entry.postings) for entry in entries(kept)
        }
        assert standing.items() <= whole.items()
        assert len(standing) >= sum(size >= end for end in ends)
        if torn is not None:
            assert torn[0] in (0, *ends)
            assert key(1 + [0, *ends].index(torn[0])).startswith(torn[1])
            kept_texts.add(kept)
    assert cuts > len(text) // 2
    for kept in kept_texts:
        assert bean_check(tmp_path, OPEN + kept) == ""


@pytest.mark.parametrize(
    "tail",
    [
        # A person's hand: changed amounts that still balance, or are no plain amounts, or stand on a whole line.
        memo().replace("-110.00 USD", "")[:-1],
        memo().replace("-110.00 USD", "-100.00 EUR @ 1.10 USD")[:-2],
        memo().replace("100.00 USD", "(50 * 2) USD")[:-2],
        # Whole but for its line breaks: an editor that trims.
        memo()[:-1],
        memo()[:-2],
        memo()[:-2] + "  ; checked",
        # A typing error in what was written whole: it still ends with a blank line.
        memo().replace("-110.00", "-111.00"),
        memo() + '2026-03-06 * "by hand" "not done',
        memo() + "; a comment",
        memo()[:-1] + "; a comment",
        memo().replace(key(0), "another"),
        "",
        "\n",
        "   ",
        '2026-03-06 * "by hand"\n  Assets:A  1 USD\n',
        "2026-03-06 open Assets:A",
    ],
)
def test_what_a_person_left_is_not_torn(tail: str) -> None:
    assert torn_tail(memo(1) + tail) is None
    assert torn_tail(tail) is None


@pytest.mark.parametrize("cut", ["-110.00 USD\n\n", "-110.00 US", "-110.0", "-1", "  Assets:Acc", "Tax "])
def test_what_is_torn(cut: str) -> None:
    text = memo(1) + memo(2)
    place = text.rindex(cut.rstrip("\n")) + (0 if cut.endswith("\n") else len(cut))
    assert torn_tail(text[:place]) == (len(memo(1)), key(2))
