"""The courier of a books folder: what it finds, what it writes, and that a person's files stay a person's."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from journals import ACCOUNTS, HOSTILE, MONTH, append, ask, bean_check_file, content, find, key, memo, survey

from connector.delivery import file_books, file_index
from connector.delivery.file_courier import FileCourier
from connector.ledgers.beancount_text import clean_text, print_transaction
from connector.ledgers.contract import Courier, Request, run_steps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "acme"


@pytest.fixture
def courier(folder: Path) -> Iterator[FileCourier]:
    courier = FileCourier(folder)
    yield courier
    courier.close()


def keys(entries: list[dict[str, Any]]) -> list[str | None]:
    return [entry["metadata"].get("document_key") for entry in entries]


def visible(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


# -------------------------------------------------------------------------------------------------- writing


def test_the_first_append_makes_the_books(folder: Path, courier: FileCourier) -> None:
    assert content(courier.carry(append(memo(1)))) == {"file": MONTH, "written": [key(1)]}
    assert visible(folder) == [MONTH, "main.beancount"]
    assert (folder / "main.beancount").read_text() == (
        "; The books. Write what you like here and in files of your own that you include;\n"
        "; the connector only adds `open`, `include` and `operating_currency` lines.\n"
        'option "title" "acme"\n'
        'option "operating_currency" "USD"\n'
        "\n"
        "1970-01-01 open Income:Sales\n"
        "1970-01-01 open Liabilities:Tax\n"
        "1970-01-01 open Assets:Accounts-Receivable\n"
        'include "2026-03.beancount"\n'
    )
    assert (folder / MONTH).read_text() == memo(1)
    assert bean_check_file(folder / "main.beancount") == ""


def test_what_is_opened_and_included_stays_so_once(folder: Path, courier: FileCourier) -> None:
    for number, month in enumerate(("2026-03", "2026-04", "2026-03", "2025-12"), start=1):
        content(courier.carry(append(memo(number), f"{month}.beancount")))
    main = (folder / "main.beancount").read_text()
    assert main.count(" open ") == len(ACCOUNTS)
    assert main.count("include ") == 3
    assert (folder / MONTH).read_text() == memo(1) + memo(3)
    assert bean_check_file(folder / "main.beancount") == ""


def test_accounts_are_those_of_the_postings_where_none_are_named(folder: Path, courier: FileCourier) -> None:
    courier.carry(Request("APPEND", MONTH, memo(1, details=(("sku", "A"),)).encode()))
    assert survey(courier)["open_accounts"] == sorted(ACCOUNTS)
    assert bean_check_file(folder / "main.beancount") == ""


def test_hostile_customers_leave_books_that_beancount_accepts(folder: Path, courier: FileCourier) -> None:
    text = "".join(memo(place, payee, payee[::-1], (("sku", payee),)) for place, payee in enumerate(HOSTILE))
    content(courier.carry(append(text)))
    assert bean_check_file(folder / "main.beancount") == ""
    found = find(courier, "document_key", *(key(place) for place in range(len(HOSTILE))))
    assert [entry["payee"] for entry in found] == [clean_text(payee) for payee in HOSTILE]


def test_currencies_with_other_digits(folder: Path, courier: FileCourier) -> None:
    for number, currency in enumerate(("jpy", "kwd", "isk")):
        text = print_transaction(
            posting_date=_day(),
            payee="",
            narration="",
            links=(),
            metadata=(("document_key", key(number)),),
            postings=(("Income:Sales", 1234, currency, ()), ("Assets:Bank", -1234, currency, ())),
        )
        content(courier.carry(append(text, accounts=["Income:Sales", "Assets:Bank"])))
    assert bean_check_file(folder / "main.beancount") == ""
    assert [entry["postings"][0][1:3] for entry in find(courier, "all")] == [
        [1234, "jpy"],
        [1234, "kwd"],
        [1234, "isk"],
    ]


def test_every_currency_of_the_books_is_an_operating_currency(folder: Path, courier: FileCourier) -> None:
    """In a main file of our own; a person's is only given the lines without which it would not work."""

    def post(number: int, currency: str) -> None:
        text = print_transaction(
            posting_date=_day(),
            payee="",
            narration="",
            links=(),
            metadata=(("document_key", key(number)),),
            postings=(("Income:Sales", 1234, currency, ()), ("Assets:Bank", -1234, currency, ())),
        )
        content(courier.carry(append(text, accounts=["Income:Sales", "Assets:Bank"])))

    main = folder / "main.beancount"
    for number, currency in enumerate(("usd", "eur", "usd", "eur", "gbp")):
        post(number, currency)
    options = [
        line for line in main.read_text().splitlines() if "operating_currency" in line and line[0] != ";"
    ]
    assert options == [f'option "operating_currency" "{name}"' for name in ("USD", "EUR", "GBP")]
    assert bean_check_file(main) == ""
    main.write_text("; mine\n" + main.read_text())
    post(9, "chf")
    assert "CHF" not in main.read_text()


def _day() -> Any:
    from datetime import date

    return date(2026, 3, 5)


BY_HAND = """\
option "title" "By hand"
include "accounts/*.beancount"
include "nowhere.beancount"
include "main.beancount"
; no line break at the end"""


def test_a_main_file_by_hand_is_only_added_to(folder: Path, courier: FileCourier) -> None:
    (folder / "accounts").mkdir(parents=True)
    (folder / "main.beancount").write_text(BY_HAND)
    (folder / "main.beancount").chmod(0o640)
    (folder / "accounts" / "open.beancount").write_text(
        '2020-01-01 open Income:Sales USD\ninclude "../more/x.beancount"\n'
    )
    (folder / "more").mkdir()
    (folder / "more" / "x.beancount").write_text(
        '2020-01-01 open Assets:Accounts-Receivable\ninclude "../main.beancount"\n'
    )
    content(courier.carry(append(memo(1))))
    assert (folder / "main.beancount").read_text() == (
        f'{BY_HAND}\n1970-01-01 open Liabilities:Tax\ninclude "{MONTH}"\n'
    )
    assert (folder / "main.beancount").stat().st_mode & 0o777 == 0o640
    said = survey(courier)
    assert said["title"] == "By hand"
    assert said["files"] == [MONTH, "accounts/open.beancount", "main.beancount", "more/x.beancount"]
    opened = {"account": "Income:Sales", "date": "2020-01-01", "currencies": ["usd"], "closed": None}
    assert opened in said["openings"]


def test_a_glob_that_takes_in_the_month_is_include_enough(folder: Path, courier: FileCourier) -> None:
    folder.mkdir(parents=True)
    (folder / "main.beancount").write_text('include "20*.beancount"\n')
    content(courier.carry(append(memo(1))))
    assert (folder / "main.beancount").read_text().count("include") == 1
    assert bean_check_file(folder / "main.beancount") == ""


def test_a_main_file_that_is_a_link_stays_one(folder: Path, courier: FileCourier, tmp_path: Path) -> None:
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real").write_text("; real\n")
    (folder / "main.beancount").symlink_to(tmp_path / "elsewhere" / "real")
    content(courier.carry(append(memo(1))))
    assert (folder / "main.beancount").is_symlink()
    assert "; real\n1970" in (tmp_path / "elsewhere" / "real").read_text()
    assert os.listdir(tmp_path / "elsewhere") == ["real"]


def test_a_month_without_a_last_line_break_gets_one(folder: Path, courier: FileCourier) -> None:
    content(courier.carry(append(memo(1))))
    (folder / MONTH).write_text(memo(1)[:-2])
    content(courier.carry(append(memo(2))))
    assert (folder / MONTH).read_text() == memo(1)[:-1] + memo(2)
    assert keys(find(courier, "all")) == [key(1), key(2)]
    assert [entry["line"] for entry in find(courier, "all")] == [1, 9]
    assert bean_check_file(folder / "main.beancount") == ""


def test_a_document_that_stands_is_not_written_again(folder: Path, courier: FileCourier) -> None:
    content(courier.carry(append(memo(1) + memo(2))))
    before = (folder / MONTH).read_bytes()
    for month in (MONTH, "2026-04.beancount"):
        answer = FileCourier(folder).carry(append(memo(3) + memo(2), month))
        assert (answer.status, answer.arrived) == (409, True)
        assert json.loads(answer.body) == {"present": {key(2): MONTH}}
    assert (folder / MONTH).read_bytes() == before
    assert visible(folder) == [MONTH, "main.beancount"]


BROKEN = {
    "no such request": Request("DELETE", "entries"),
    "another target": Request("FIND", "survey", b"{}"),
    "no json": Request("FIND", "entries", b"{"),
    "no question": Request("FIND", "entries", b"[]"),
    "an unknown name": ask("payee", ["x"]),
    "values of another kind": ask("number", [1]),
    "pairs of another kind": ask("number_kind", ["x"]),
    "no limit": ask("number", ["1"], limit=0),
    "a limit of words": ask("number", ["1"], limit="many"),
    "no cursor": ask("all", after="here"),
    "a path": append(memo(1), "../2026-03.beancount"),
    "no month": append(memo(1), "main.beancount"),
    "nothing": append(""),
    "no transaction": append("x"),
    "not whole": append(memo(1)[:-1]),
    "not whole either": append(memo(1) + memo(2)[:-30]),
    "more than transactions": append(memo(1) + 'option "title" "x"\n\n'),
    "a line between": append(memo(1) + "\n" + memo(2)),
    "no key": append(memo(1).replace("document_key", "documentkey")),
    "a key of another kind": append(memo(1).replace(key(1), "x")),
    "one key twice": append(memo(1) + memo(1)),
    "no utf-8": Request("APPEND", MONTH, memo(1).encode() + b"\xff"),
    "no account": append(memo(1), accounts=["assets:bank"]),
    "accounts by number": append(memo(1), accounts=[1]),  # type: ignore[list-item]
    "accounts in no list": Request("APPEND", MONTH, memo(1).encode(), (("accounts", "7"),)),
    "accounts in no json": Request("APPEND", MONTH, memo(1).encode(), (("accounts", "["),)),
}


@pytest.mark.parametrize("request_", BROKEN.values(), ids=BROKEN.keys())
def test_a_request_that_cannot_be_understood_does_nothing(
    folder: Path, courier: FileCourier, request_: Request
) -> None:
    answer = courier.carry(request_)
    assert (answer.status, answer.arrived) == (400, True)
    assert answer.body
    assert not folder.exists()


def test_before_the_first_append_there_is_nothing_and_nothing_is_made(
    folder: Path, courier: FileCourier
) -> None:
    assert find(courier, "all") == []
    said = survey(courier)
    assert said == {
        "exists": False,
        "title": "acme",
        "roots": {name: name for name in ("Assets", "Liabilities", "Equity", "Income", "Expenses")},
        "broken": None,
        "open_accounts": [],
        "openings": [],
        "files": [],
        "cut": [],
        "notes": [],
    }
    assert not folder.parent.exists()


def test_it_is_a_courier(courier: FileCourier) -> None:
    carrier: Courier = courier

    def steps() -> Any:
        answer = yield Request("SURVEY", "survey")
        return answer.status

    assert run_steps(steps(), carrier) == 200


# -------------------------------------------------------------------------------------------------- finding


def sale(number: int, sale_number: str, kind: str = "sales_receipt") -> str:
    return print_transaction(
        posting_date=_day(),
        payee="",
        narration="",
        links=(f"ch_{number}",),
        metadata=(
            ("document_key", key(number)),
            ("kind", kind),
            ("number", sale_number),
            ("charge_id", f"ch_{number}"),
            ("sale", f"S {sale_number}"),
        ),
        postings=(("Income:Sales", -100, "usd", ()), ("Assets:Accounts-Receivable", 100, "usd", ())),
    )


def test_an_entry_is_found_by_each_of_its_names(courier: FileCourier) -> None:
    content(courier.carry(append(memo(1) + memo(2) + sale(3, "101") + sale(4, "A\tB", "invoice"))))
    assert keys(find(courier, "document_key", key(2), key(9), key(1))) == [key(1), key(2)]
    assert keys(find(courier, "ledger_id", key(2))) == [key(2)]
    assert keys(find(courier, "number", "101")) == [key(1), key(3)]
    assert keys(find(courier, "number_kind", ["credit_memo", "101"], ["invoice", "101"])) == [key(1)]
    assert keys(find(courier, "refund_id", "re_2", "re_3")) == [key(2)]
    assert keys(find(courier, "charge_id", "ch_3", "ch_1")) == [key(3)]
    assert keys(find(courier, "sale", "S 101")) == [key(3)]
    # What was cleaned when it was printed is asked for as it was before.
    assert keys(find(courier, "number", "A\tB")) == [key(4)]
    assert keys(find(courier, "all")) == [key(1), key(2), key(3), key(4)]
    assert find(courier, "number", "ch_3", key(1)) == []
    assert find(courier, "document_key") == []


def test_payments_by_hand_are_found_by_their_payer(folder: Path, courier: FileCourier) -> None:
    content(courier.carry(append(memo(1, "Jo") + sale(2, "7", "payment"))))
    by_hand = '2026-03-01 * "Jo" "{0}"\n  kind: "{0}"\n  Assets:Bank  1 USD\n  Income:Sales\n\n'
    (folder / MONTH).write_text(
        (folder / MONTH).read_text() + by_hand.format("payment") + by_hand.format("invoice")
    )
    assert [entry["narration"] for entry in find(courier, "payer", "Jo", "")] == ["payment"]
    assert find(courier, "payer", "payment") == []


def test_an_entry_is_answered_whole(courier: FileCourier) -> None:
    content(courier.carry(append(memo(7) + memo(1, details=(("sku", "A"),)))))
    assert find(courier, "refund_id", "re_1") == [
        {
            "ledger_id": key(1),
            "refund_id": "re_1",
            "charge_id": None,
            "refund_ids": ["re_1"],
            "charge_ids": [],
            "sale_ids": [],
            "file": MONTH,
            "line": 10,
            "date": "2026-03-05",
            "flag": "*",
            "payee": "Jo Smith",
            "narration": "Refund",
            "tags": [],
            "links": ["ch_1", "re_1"],
            "metadata": {
                "document_key": key(1),
                "kind": "credit_memo",
                "number": "101",
                "refund_id": "re_1",
            },
            "postings": [
                ["Income:Sales", 10000, "usd", {"sku": "A"}],
                ["Liabilities:Tax", 1000, "usd", {}],
                ["Assets:Accounts-Receivable", -11000, "usd", {}],
            ],
            "exotic": False,
        }
    ]


HAND_ENTRIES = """\
2026-02-01 * "Refund to Jo" ^re_hand ^ch_hand
  Income:Sales  10.00 USD
  Assets:Bank

2026-02-01 * "Two at once" ^re_a ^re_b
  Income:Sales  10.00 USD
  Assets:Bank

2026-02-02 * "Invoice"
  kind: "invoice"
  number: 4711
  Assets:Bank  10.00 USD
  Income:Sales

2026-02-02 * "The same again"
  kind: "invoice"
  number: "4711"
  Assets:Bank  11.00 USD
  Income:Sales
"""


def test_entries_by_hand_are_found_and_keep_their_names(folder: Path, courier: FileCourier) -> None:
    folder.mkdir(parents=True)
    (folder / "main.beancount").write_text('include "hand.beancount"\n')
    (folder / "hand.beancount").write_text(HAND_ENTRIES)
    [one] = find(courier, "refund_id", "re_hand")
    assert (one["refund_id"], one["charge_id"], one["metadata"]) == ("re_hand", "ch_hand", {})
    assert find(courier, "charge_id", "ch_hand") == [one]
    [two] = find(courier, "refund_id", "re_b")
    assert two["refund_ids"] == ["re_a", "re_b"]
    assert find(courier, "refund_id", "re_b", "re_a") == [two]
    alike = find(courier, "number_kind", ["invoice", "4711"])
    assert [entry["postings"][0][1] for entry in alike] == [1000, 1100]
    names = [entry["ledger_id"] for entry in (one, two, *alike)]
    assert len(set(names)) == 4
    assert all(name.startswith("hand.beancount:2026-02-0") for name in names)

    content(courier.carry(append(memo(1))))
    added = '2026-01-01 * "Another" ^re_first\n  Income:Sales  1 USD\n  Assets:Bank\n\n'
    (folder / "hand.beancount").write_text(
        added + HAND_ENTRIES.replace("11.00", "12.00") + added.replace("first", "last")
    )
    assert [entry["payee"] for entry in find(courier, "ledger_id", names[0], names[1])] == ["", ""]
    assert [entry["narration"] for entry in find(courier, "ledger_id", *names[:2])] == [
        "Refund to Jo",
        "Two at once",
    ]
    assert [entry["postings"][0][1] for entry in find(courier, "ledger_id", names[3])] == [1200]


def test_pages_follow_each_other(courier: FileCourier) -> None:
    for month in ("2026-04", "2026-03"):
        content(
            courier.carry(
                append("".join(memo(n + 10 * int(month[-1])) for n in range(5)), f"{month}.beancount")
            )
        )
    for by, values in (("all", ()), ("number", [str(100 + n) for n in range(60)])):
        whole = find(courier, by, *values)
        assert len(whole) == 10
        pages, cursor = [], None
        while True:
            page = content(courier.carry(ask(by, values, limit=3, after=cursor)))
            pages.append(page["entries"])
            cursor = page["next"]
            if cursor is None:
                break
        assert [len(page) for page in pages] == [3, 3, 3, 1]
        assert [entry for page in pages for entry in page] == whole
    assert len(find(courier, "all", limit=10)) == 10
    assert content(courier.carry(ask("all", limit=10)))["next"] is None


def test_a_month_that_is_included_no_more_still_holds_our_documents(
    folder: Path, courier: FileCourier
) -> None:
    content(courier.carry(append(memo(1))))
    main = (folder / "main.beancount").read_text()
    (folder / "main.beancount").write_text(main.replace(f'include "{MONTH}"\n', ""))
    assert keys(find(courier, "all")) == [key(1)]
    assert survey(courier)["files"] == ["main.beancount"]
    assert courier.carry(append(memo(1))).status == 409
    content(courier.carry(append(memo(2))))
    assert (folder / "main.beancount").read_text() == main


def test_files_that_no_text_is_in(folder: Path, courier: FileCourier) -> None:
    folder.mkdir(parents=True)
    (folder / "main.beancount").write_bytes(
        b'\xef\xbb\xbfinclude "pipe"\ninclude "sub"\ninclude "bad.beancount"\ninclude "x\0y"\ninclude "***/[x"\n'
    )
    os.mkfifo(folder / "pipe")
    (folder / "sub").mkdir()
    (folder / "bad.beancount").write_bytes(
        b'2026-01-01 * "J\xe9r\xf4me" "\xc3\xa9" ^re_1\n  number: "\xff"\n  Assets:A  1 USD\n  Assets:B\n'
        + memo(1).encode()
    )
    assert [entry["payee"] for entry in find(courier, "all")] == ["J?r?me", "Jo Smith"]
    assert keys(find(courier, "refund_id", "re_1")) == [None, key(1)]
    assert find(courier, "number", "?")[0]["narration"] == "\u00e9"


# ----------------------------------------------------------------------------------------------- what it costs


@pytest.fixture
def read_again(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are read whole, as it happens."""
    paths: list[str] = []
    replace = file_index.FileIndex.replace

    def counted(self: file_index.FileIndex, path: str, *rest: Any) -> Any:
        paths.append(path)
        return replace(self, path, *rest)

    monkeypatch.setattr(file_index.FileIndex, "replace", counted)
    return paths


def test_only_what_changed_is_read_again(folder: Path, courier: FileCourier, read_again: list[str]) -> None:
    content(courier.carry(append(memo(1))))
    content(courier.carry(append(memo(2), "2026-04.beancount")))
    read_again.clear()
    for number in range(10, 30):
        content(courier.carry(append(memo(number))))
        assert keys(find(courier, "document_key", key(number))) == [key(number)]
    courier.close()
    assert len(find(FileCourier(folder), "all")) == 22
    assert read_again == []
    (folder / MONTH).write_text((folder / MONTH).read_text() + memo(3))
    assert keys(find(courier, "refund_id", "re_3")) == [key(3)]
    assert read_again == [MONTH]


def test_what_a_killed_run_did_not_index_is_read_from_the_file(folder: Path, read_again: list[str]) -> None:
    killed = FileCourier(folder)
    content(killed.carry(append(memo(1))))
    content(killed.carry(append(memo(2))))
    read_again.clear()
    assert keys(find(FileCourier(folder), "all")) == [key(1), key(2)]
    assert read_again == [MONTH]
    # The first one, if it lives all the same, sees that its memory is behind.
    content(killed.carry(append(memo(3))))
    assert keys(find(killed, "all")) == [key(1), key(2), key(3)]


def test_what_another_courier_has_read_is_not_read_again(
    folder: Path, courier: FileCourier, read_again: list[str]
) -> None:
    content(courier.carry(append(memo(1))))
    assert len(find(courier, "all")) == 1
    other = FileCourier(folder)
    content(other.carry(append(memo(2))))
    other.close()
    read_again.clear()
    assert keys(find(courier, "all")) == [key(1), key(2)]
    assert read_again == []


def test_the_index_is_written_in_portions(
    folder: Path, courier: FileCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_index, "RECENT_ROWS", 5)
    for number in range(12):
        content(courier.carry(append(memo(number))))
    with sqlite3.connect(folder / file_index.INDEX_NAME) as index:
        assert index.execute("SELECT count(*) FROM entries").fetchone() == (10,)
    index.close()
    assert len(find(courier, "all")) == 12


def test_terms_of_files_read_again_do_not_pile_up(
    folder: Path, courier: FileCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_index, "_SWEEP_AFTER", 20)
    content(courier.carry(append("".join(memo(number) for number in range(5)))))
    for edit in range(50):
        with open(folder / MONTH, "a") as stream:
            stream.write(f"; {edit}\n")
        assert keys(find(courier, "number", "104")) == [key(4)]
    with sqlite3.connect(folder / file_index.INDEX_NAME) as index:
        assert index.execute("SELECT count(*) FROM terms").fetchone()[0] <= 3 * (20 + 10)
    index.close()


def test_large_files_are_read_in_pieces(
    folder: Path, courier: FileCourier, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(memo(number, HOSTILE[number % 18]) for number in range(40))
    folder.mkdir(parents=True)
    (folder / "main.beancount").write_text('include "hand.beancount"\n')
    (folder / "hand.beancount").write_text("\n\n;\u00e4\n\n\n" + text + HAND_ENTRIES)
    whole = find(courier, "all")
    assert len(whole) == 44
    for size in (1, 100, 1000, 5000):
        courier.close()
        (folder / file_index.INDEX_NAME).unlink()
        monkeypatch.setattr(file_books, "CHUNK_BYTES", size)
        assert find(courier, "all") == whole


def test_an_edit_that_a_stat_does_not_show_is_met_by_reading_again(
    folder: Path, courier: FileCourier
) -> None:
    content(courier.carry(append(memo(1) + memo(2))))
    find(courier, "all")
    with sqlite3.connect(folder / file_index.INDEX_NAME) as index:
        index.execute("UPDATE entries SET offset = offset + 40 WHERE offset > 0")
    index.close()
    assert keys(find(courier, "all")) == [key(1), key(2)]
