"""YAML as a bookkeeper writes it: what is read, where it stands, one sentence for all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import InputError
from connector.settings.yaml_lines import load_yaml, parse_yaml, spell_key, suggest

FILE = Path("f.yaml")


def test_only_the_plainest_forms_are_more_than_text() -> None:
    text = """
octal: 012
hexadecimal: 0x1f
grouped: 1_000
time: 12:30:00
day: 2026-01-31
norway: no
yes_word: yes
on_word: on
address: 127.0.0.1
long: 12345678901234567890
number: 75
negative: -3
zero: 0
truth: true
falsehood: False
nothing: null
tilde: ~
empty:
quoted_number: "12.50"
quoted_truth: 'true'
tagged: !!str 12.50
block: |
  one
  two
"""
    assert parse_yaml(text, FILE).data == {
        "octal": "012",
        "hexadecimal": "0x1f",
        "grouped": "1_000",
        "time": "12:30:00",
        "day": "2026-01-31",
        "norway": "no",
        "yes_word": "yes",
        "on_word": "on",
        "address": "127.0.0.1",
        "long": "12345678901234567890",
        "number": 75,
        "negative": -3,
        "zero": 0,
        "truth": True,
        "falsehood": False,
        "nothing": None,
        "tilde": None,
        "empty": None,
        "quoted_number": "12.50",
        "quoted_truth": "true",
        "tagged": "12.50",
        "block": "one\ntwo\n",
    }


def test_a_key_is_the_text_as_it_is_written() -> None:
    data = parse_yaml('no: a\n007: b\n1.10: c\n"*": d\n2026-01-31: e\nnull: f\n', FILE).data
    assert list(data) == ["no", "007", "1.10", "*", "2026-01-31", "null"]


@pytest.mark.parametrize(
    "number", ["1.10", "-0.5", ".5", "12.", "1e5", "1.5E-3", ".inf", "-.INF", ".nan", "1_0.5", "190:20:30.15"]
)
@pytest.mark.parametrize("text", ["a:\n  - {b: NUMBER}", '{"a": [{"b": NUMBER}]}', "a: [{b: NUMBER}]"])
def test_a_number_that_would_lose_digits_is_refused(number: str, text: str) -> None:
    with pytest.raises(InputError, match=r"^f\.yaml:\d:\d+: a\[0\]\.b: .* must stand in quotes"):
        parse_yaml(text.replace("NUMBER", number), FILE)


BROKEN = [  # text, place, what the sentence says
    ("a: 1\na: 2", "2:1: a", "is written twice (first on line 1)"),
    (
        "ledgers:\n  main:\n    kind: a\n    kind: b\n",
        "4:5: ledgers.main.kind",
        "is written twice (first on line 3)",
    ),
    ('1: a\n"1": b', "2:1: 1", "is written twice"),
    ('{"a": 1, "a": 2}', "1:10: a", "is written twice (first on line 1)"),
    ("a:\n\tb: 1", "2:1: a", "a tab cannot indent a line; use spaces"),
    ('a: "abc\nb: 2\n', "1:4: a", "a quotation mark is opened here and never closed"),
    ("a: 'abc\nb: 2\n", "1:4: a", "a quotation mark is opened here and never closed"),
    ("a: 1\n  b: 2\n", "2:4: a", "check the indentation"),
    ("a: b: c", "1:5: a", 'quote a text with ": "'),
    ("a:\n  b: 1\n c: 2\n", "3:2: a.b", "check its indentation"),
    ("a: {b: 1\n", "1:4: a.b", "a closing bracket is missing"),
    ("a: [1, 2\nb: 3", "2:2: a[1]", "a closing bracket is missing"),
    ("a: {b: ${X}}", "1:9: a.b", 'a text that holds { } or ": " must stand in quotes'),
    ("a: {sale}-{n}", "1:10: a.sale", "quote a text with braces"),
    ("a: {*: x}", "1:6: a", "a text that begins with * must stand in quotes"),
    ("a: *foo", "1:4: a", "a text that begins with * must stand in quotes"),
    ("a: &x [*x]", "1:8: a[0]", "a text that begins with * must stand in quotes"),
    ("a: &", "1:4: a", "a text that begins with & must stand in quotes"),
    ("a: @x", "1:4: a", "a text that begins with @ must stand in quotes"),
    ("a: %x", "1:4: a", "a text that begins with % must stand in quotes"),
    ("a: !secret x", "1:4: a", "a text that begins with ! must stand in quotes"),
    ("a: !!int 5", "1:4: a", "a text that begins with ! must stand in quotes"),
    ("a: !thing {b: 1}", "1:4: a", "tags (!name) have no meaning here"),
    ('a: "\\d"', "1:5: a", "a backslash must be written twice"),
    ("a: 1\nb\nc: 1", "3:1: a", 'a ":" is missing after the key'),
    ("{[a]: 1}", "1:2: (file)", "a key must be a plain word"),
    ("? {a: 1}\n: b", "1:3: (file)", "a key must be a plain word"),
    ("? \n: 1", "1:2: (file)", "a key is missing before the :"),
    ("a: 1\n---\nb: 1\n", "2:1: a", "a second document begins here"),
    ("a:\n  <<: 5\n", "2:3: a.<<", "must name a group of keys"),
    ("a: \x01", "1:4: (file)", "holds a control character"),
    ("a: 1\nb: x\0y", "2:5: (file)", "holds a control character"),
    ('a: "x\\0y"', "1:4: a", "holds a NUL character"),
    ("", "1:1: (file)", "is empty"),
    ("# nothing\n", "1:1: (file)", "is empty"),
    ("abc", "1:1: (file)", "must hold a group of `key: value` lines"),
    ("- a", "1:1: (file)", "must hold a group of `key: value` lines"),
    ("[" * 100_000, "1:42: " + "[0]" * 41, "is nested more than 40 deep"),
    ("[" * 200_000 + "]" * 200_000, "1:42: " + "[0]" * 41, "is nested more than 40 deep"),
]


@pytest.mark.parametrize(("text", "place", "what"), BROKEN, ids=[case[0][:20] for case in BROKEN])
def test_what_is_wrong_is_told_with_its_place(text: str, place: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, FILE)
    sentence = str(caught.value)
    assert sentence.startswith(f"f.yaml:{place}: ")
    assert what in sentence
    assert "\n" not in sentence


def test_a_secret_that_breaks_the_file_is_not_shown() -> None:
    for text in (
        "password: *hunter2",
        "password: !hunter2 x",
        'password: "hunter2',
        "password: @hunter2",
        "p: 7.25",
    ):
        with pytest.raises(InputError) as caught:
            parse_yaml(text, FILE)
        assert "hunter2" not in str(caught.value)
        assert "7.25" not in str(caught.value)


def test_where_a_key_stands() -> None:
    document = parse_yaml("# note\na:\n  - x\n  - b: {c: 1, d: [p, q]}\ne: 2\n", FILE)
    assert document.where(("a",)) == (2, 1)
    assert document.where(("a", 0)) == (3, 5)
    assert document.where(("a", 1, "b")) == (4, 5)
    assert document.where(("a", 1, "b", "c")) == (4, 9)
    assert document.where(("a", 1, "b", "d", 1)) == (4, 22)
    assert document.where(("e",)) == (5, 1)
    assert document.where(("a", 1, "missing", "deeper")) == (4, 5)
    assert document.where(("missing",)) == (2, 1)
    assert str(document.error(("a", 1, "b"), "is wrong")) == "f.yaml:4:5: a[1].b: is wrong"


def test_anchors_are_understood_and_named_keys_go_before_merged_ones() -> None:
    text = "a: &x {p: 1, q: 2}\nb: &y {q: 5, r: 3}\nc:\n  <<: [*x, *y]\n  p: 9\nd: *x\n"
    document = parse_yaml(text, FILE)
    assert document.data["c"] == {"p": 9, "q": 2, "r": 3}
    assert document.data["d"] == {"p": 1, "q": 2}
    assert document.where(("c", "q")) == (1, 14)
    assert document.where(("c", "p")) == (5, 3)


def test_a_file_that_multiplies_or_deepens_itself_is_refused() -> None:
    tenfold = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    for text in (tenfold, chain):
        with pytest.raises(InputError, match="holds too much once its anchors"):
            parse_yaml(text, FILE)


def test_json_is_read_with_tabs_escapes_and_emoji() -> None:
    text = '{\n\t"a":\t1,\n\t"b": [true, null, "x\\/y"],\n\t"c": "\\ud83d\\ude00\\ud83d\\ude00 \\\\ud83d",\n'
    text += '\t"d": "é"\n}\n'
    document = parse_yaml(text, FILE)
    assert document.data == {"a": 1, "b": [True, None, "x/y"], "c": "😀😀 \\ud83d", "d": "é"}
    assert document.where(("c",)) == (4, 2)


def test_a_list_is_read_where_it_is_allowed() -> None:
    document = parse_yaml("- a\n- b\n", FILE, allow_list=True)
    assert document.data == ["a", "b"]
    assert document.where((1,)) == (2, 3)
    assert parse_yaml("a: 1", FILE, allow_list=True).data == {"a": 1}
    with pytest.raises(InputError, match=r"^f\.yaml:1:1: \(file\): must hold a list or a group of"):
        parse_yaml("abc", FILE, allow_list=True)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\r\nb: caf\xe9\n")
    with pytest.raises(InputError) as caught:
        load_yaml(latin)
    assert str(caught.value) == f"{latin}:2:7: (file): is not UTF-8 text; save it as UTF-8"
    for path, what in (
        (tmp_path / "absent.yaml", "there is no such file"),
        (tmp_path, "is a folder, not a file"),
        (latin / "x.yaml", "cannot be read"),
        (tmp_path / "x\0y", "cannot be read"),
        (Path("/dev/zero"), "is larger than 16 MB"),
    ):
        with pytest.raises(InputError) as caught:
            load_yaml(path)
        assert str(caught.value).startswith(f"{path}: {what}")


def test_line_ends_and_byte_order_marks_do_not_move_the_place(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert load_yaml(path).data == {"a": 1, "b": 2}
    assert load_yaml(path).where(("b",)) == (2, 1)


def test_keys_are_spelled_as_a_person_writes_them() -> None:
    assert spell_key(("sale_number", 0, "match")) == "sale_number[0].match"
    assert spell_key(()) == "(file)"
    assert spell_key(("a\nb", "x" * 200)) == "a b." + "x" * 80 + "..."


def test_suggestions() -> None:
    assert suggest("timezome", ["timezone", "state"]) == " (did you mean timezone?)"
    assert suggest("Credit-Memo", ["credit_memo"]) == " (did you mean credit_memo?)"
    assert suggest("qqq", ["timezone"]) == ""
    assert suggest(5, ["5"]) == ""
