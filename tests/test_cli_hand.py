"""What a person asks for: resync, resolve and rebuild, through the command line."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from cli_books import CLEARING, DAY, FEES, NOW, RECEIVABLE, Books, Json, at, bean_check, transactions
from cli_shapes import check_report
from shop import Shop

CHARGE = Decimal("110.00")
HOLD = {"name": "a person looks", "when": {"reason": "fraudulent"}, "then": "hold"}
RECEIPT = {"name": "all by receipt", "when": {}, "then": "refund_receipt"}


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """Sale 100 of 110.00 with a refund of 30.00, and sale 200 with none; posted as invoice and payment, no fees."""
    made = Books(tmp_path, ledgers={"main": {"fees": False}})
    made.export.charge("100", 11000)
    made.export.charge("200", 11000)
    made.export.refund("one", "ch_100", 3000)
    return made


@pytest.fixture
def held(books: Books) -> Books:
    """Beside `re_one`, which is posted, `re_bad` of sale 200 is held by a rule."""
    books.export.refund("bad", "ch_200", 1000, reason="fraudulent")
    books.rules(HOLD, RECEIPT)
    books.sync(code=3)
    return books


def resolve(books: Books, target: str, *words: str, reason: str = "looked at it", code: int = 0) -> str:
    result = books.run("resolve", target, "--ledger", "main", *words, "--reason", reason)
    assert result.code == code, (result.code, result.out, result.err)
    assert "Traceback" not in result.err
    if code:
        assert result.out == ""
    return result.out + result.err


def states(books: Books, refund_id: str) -> dict[str, str]:
    return {d["kind"]: d["state"] for d in books.documents(refund_id)}


# ------------------------------------------------------------------------------------------------ resync


def test_resync_of_a_posted_refund_says_so_and_writes_nothing(books: Books) -> None:
    books.sync()
    before = books.files()
    said = books.run("resync", "re_one")
    assert said.code == 0
    assert "re_one in main: posted as 100 already; nothing to do" in said.out
    quiet = books.run("resync", "re_one", "--json")
    assert quiet.code == 0
    check_report(quiet.json)
    assert quiet.json["ledgers"]["main"]["documents"] == []
    assert quiet.json["ledgers"]["main"]["posted"] == 0
    assert books.files() == before


def test_resync_as_json_says_beside_it_that_nothing_was_to_be_done(books: Books) -> None:
    books.export.refund("later", "ch_100", 500, status="pending", when="2026-02-20T15:00:00")
    books.sync()
    said = books.run("resync", "re_one", "re_later", "--json")
    assert said.json["ledgers"]["main"]["documents"] == []
    assert "re_one in main: posted as 100 already; nothing to do" in said.err
    assert "re_later in main: waiting (refund_pending) as before; nothing was to be posted" in said.err


def test_resync_of_a_charge_from_before_the_start_says_so(books: Books) -> None:
    books.export.charge("old", 1000, when="2025-12-01T15:00:00")
    books.sync()
    said = books.run("resync", "ch_old")
    assert said.code == 0
    assert "ch_old: a charge of which no refund is synced; it was created before stripe.start" in said.out


def test_resync_by_charge_takes_all_its_refunds(books: Books) -> None:
    books.change(refunds={"enabled": False})
    books.export.refund("two", "ch_100", 1000, when="2026-02-11T15:00:00")
    books.export.refund("other", "ch_200", 500)
    books.sync()
    books.change(refunds={"enabled": True})
    said = books.run("resync", "ch_100", "--json")
    assert said.code == 0
    assert said.json["ledgers"]["main"]["posted"] == 2
    assert books.outcome("re_one")["number"] == "100"
    assert books.outcome("re_two")["number"] == "100-1"
    assert books.outcome("re_other")["outcome"] == "excluded"


def test_resync_reads_stripe_afresh(books: Books) -> None:
    books.sync()
    books.export.refund("new", "ch_200", 700)
    books.export.write()
    said = books.run("resync", "re_new")
    assert said.code == 0, said.err
    assert books.outcome("re_new")["outcome"] == "posted"


def test_resync_of_a_charge_without_refunds_is_no_mistake(books: Books) -> None:
    books.ledger(sales="find")
    books.sync()
    said = books.run("resync", "ch_200")
    assert said.code == 0, said.err


def test_resync_posts_a_sale_that_was_held(books: Books) -> None:
    books.export.objects["ch_200"]["amount"] = "110"
    books.sync(code=3)
    books.export.charge("200", 11000)
    books.export.write()
    said = books.run("resync", "ch_200")
    assert said.code == 0, said.err
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2026-03-05", "2026-03-05", {"re_first", "re_last"}),
        ("2026-03-05", None, {"re_first", "re_last", "re_after"}),
        ("2026-03-01", "2026-03-04", {"re_before"}),
        ("2026-03-08", "2026-03-08", set()),
    ],
)
def test_resync_by_days_of_the_books_zone(
    books: Books, since: str, until: str | None, expected: set[str]
) -> None:
    """A day in New York is five hours later than in UTC; --until is the last day, whole."""
    books.change(refunds={"enabled": False})
    for name, when in (
        ("before", "2026-03-05T04:59:59"),
        ("first", "2026-03-05T05:00:00"),
        ("last", "2026-03-06T04:59:59"),
        ("after", "2026-03-06T05:00:00"),
    ):
        books.export.refund(name, "ch_200", 100, when=when)
    books.sync()
    books.change(refunds={"enabled": True})
    words = ["--since", since, *(["--until", until] if until else [])]
    assert books.run("resync", *words).code == 0
    posted = {r["refund_id"] for r in books.listed("refunds") if r["ledgers"]["main"]["outcome"] == "posted"}
    assert posted == expected


def test_resync_of_one_ledger_leaves_the_other(books: Books) -> None:
    books.change(
        ledgers={"other": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "other"}}},
        refunds={"enabled": False},
    )
    books.sync()
    books.change(refunds={"enabled": True})
    assert books.run("resync", "re_one", "--ledger", "other").code == 0
    assert books.outcome("re_one", "other")["outcome"] == "posted"
    assert books.outcome("re_one", "main")["outcome"] == "excluded"


@pytest.mark.parametrize("unknown", ["re_nobody", "ch_nobody", "in_1", "nonsense"])
def test_resync_of_an_unknown_id(books: Books, unknown: str) -> None:
    books.sync()
    before = books.files()
    said = books.run("resync", unknown)
    assert said.code == 2
    assert said.out == ""
    assert unknown in said.err
    assert books.files() == before


def test_resync_of_a_refund_from_before_the_start(books: Books) -> None:
    books.export.refund("old", "ch_200", 100, when="2025-12-01T12:00:00")
    books.sync()
    said = books.run("resync", "re_old")
    assert said.code == 2
    assert "stripe.start" in said.err
    assert "re_old" not in {r["refund_id"] for r in books.listed("refunds")}


# ------------------------------------------------------------------------------------------------ --replace


def test_replace_undoes_and_posts_anew(books: Books) -> None:
    books.export.refund("two", "ch_100", 1000, when="2026-02-11T15:00:00")
    books.sync()
    clearing = books.balance(CLEARING)
    old = {d["document_key"]: d for d in books.documents("re_one")}
    books.rules(RECEIPT)
    assert books.run("resync", "re_one").code == 0
    assert {d["document_key"]: d for d in books.documents("re_one")} == old
    said = books.run("resync", "re_one", "--replace")
    assert said.code == 0, said.err

    outcome = books.outcome("re_one")
    assert outcome["outcome"] == "posted"
    assert outcome["number"] == "100-2"
    assert books.outcome("re_two")["number"] == "100-1"
    documents = {d["document_key"]: d for d in books.documents("re_one")}
    assert {documents[key]["state"] for key in old} == {"reversed"}
    fresh = [d for key, d in documents.items() if key not in old]
    assert sorted(d["kind"] for d in fresh) == ["refund_receipt", "reversal", "reversal"]
    assert {d["state"] for d in fresh} == {"posted"}
    assert [d["number"] for d in fresh if d["kind"] == "refund_receipt"] == ["100-2"]
    assert {d["number"] for d in fresh if d["kind"] == "reversal"} == {"100-R"}
    assert books.balance(CLEARING) == clearing
    assert books.balance(RECEIVABLE) == {}
    assert bean_check(books.ledger_folder) == ""


def test_fees_of_a_replaced_refund_are_undone_and_posted_again(tmp_path: Path) -> None:
    books = Books(tmp_path)
    books.export.charge("100", 11000, fee=349)
    books.export.refund("one", "ch_100", 3000)
    books.export.objects["txn_re_one"].update(fee=25, net=-3025)
    books.sync()
    clearing, fees = books.balance(CLEARING), books.balance(FEES)
    assert fees == {"usd": Decimal("3.74")}
    books.rules(RECEIPT)
    assert books.run("resync", "re_one", "--replace").code == 0
    assert (books.balance(CLEARING), books.balance(FEES)) == (clearing, fees)
    posted = [d["kind"] for d in books.documents("re_one") if d["state"] == "posted"]
    assert sorted(posted) == ["fee", "refund_receipt", "reversal", "reversal", "reversal"]
    before = books.files()
    books.lose_state()
    books.sync()
    assert books.files() == before
    assert books.outcome("re_one")["number"] == "100-1"


def test_a_replacement_survives_a_lost_state(books: Books) -> None:
    books.sync()
    books.rules(RECEIPT)
    assert books.run("resync", "re_one", "--replace").code == 0
    before, outcome = books.files(), books.outcome("re_one")
    assert outcome["number"] == "100-1"
    books.lose_state()
    books.sync()
    assert books.files() == before
    again = books.outcome("re_one")
    assert (again["outcome"], again["number"]) == ("posted", "100-1")
    books.export.refund("two", "ch_100", 500, when="2026-02-12T15:00:00")
    books.sync()
    assert books.outcome("re_two")["number"] == "100-2"


def test_replacing_twice(books: Books) -> None:
    books.sync()
    clearing = books.balance(CLEARING)
    for rules, number in (([RECEIPT], "100-1"), ([], "100-2")):
        if rules:
            books.rules(*rules)
        assert books.run("resync", "re_one", "--replace").code == 0
        assert books.outcome("re_one")["number"] == number
        assert books.balance(CLEARING) == clearing
    posted = [d["kind"] for d in books.documents("re_one") if d["state"] == "posted"]
    assert sorted(posted) == ["refund_receipt", "reversal", "reversal", "reversal"]


def test_a_replacement_is_numbered_by_its_sale_as_it_is_called_now(tmp_path: Path) -> None:
    """The first sale was renumbered in the books, to the number of another that has refunds already."""
    shop = Shop(tmp_path)
    for n, order in ((1, "100"), (2, "200")):
        shop.receipt(order, charge_id=f"ch_{n}")
        shop.charge(f"ch_{n}", order=order)
    shop.refund("re_1", "ch_1", 3300)
    shop.refund("re_2", "ch_2", 1100)
    shop.refund("re_3", "ch_2", 1100, "2026-03-10")
    shop.sync(0)
    by_hand = shop.books / "by-hand.beancount"
    by_hand.write_text(by_hand.read_text().replace('number: "100"', 'number: "200"'))
    assert shop.command("resync", "re_1", "--replace").code == 0
    numbers = {"re_1": "200-2", "re_2": "200", "re_3": "200-1"}
    assert {name: shop.outcome(name)["number"] for name in numbers} == numbers
    shop.check_second_run()
    before = shop.bytes()
    shop.lose_state()
    shop.sync(0)
    assert shop.bytes() == before
    assert {name: shop.outcome(name)["number"] for name in numbers} == numbers


def test_a_replacement_is_decided_on_the_books_without_what_it_replaces(tmp_path: Path) -> None:
    """By a rule that asks whether the invoice is paid: the refund itself had opened a part of it."""
    rules = [
        {"name": "open it", "when": {"invoice_paid": "all"}, "then": "reopen_invoice"},
        {"name": "else", "when": {}, "then": ["credit_memo", "credit_card_refund"]},
    ]
    shop = Shop(tmp_path, rules=json.dumps(rules), refund_types={"reopen_invoice": True})
    shop.invoice()
    shop.payment()
    shop.charge("ch_1", order="100")
    shop.refund("re_1", "ch_1", 3300)
    shop.sync(0)
    balances = shop.balances()
    for number in ("100-1", "100-2"):
        assert shop.command("resync", "re_1", "--replace").code == 0
        shop.check_promises()
        assert shop.outcome("re_1")["number"] == number
        assert [t.metadata["kind"] for t in shop.ours()][-1] == "reopen_invoice"
        assert shop.balances() == balances


def test_a_memo_in_place_of_a_void_can_be_replaced(tmp_path: Path) -> None:
    """The invoice is wholly open but for that memo."""
    shop = Shop(tmp_path)
    shop.invoice(day="2026-02-20")
    shop.charge("ch_1", day="2026-02-20", order="100")
    shop.refund("re_1", "ch_1")
    shop.sync(0)
    assert shop.command("resync", "re_1", "--replace").code == 0
    shop.check_promises()
    assert [t.metadata["kind"] for t in shop.ours()] == ["credit_memo", "reversal", "credit_memo"]
    assert shop.outcome("re_1")["number"] == "100-1"
    assert shop.balances() == {}
    shop.check_second_run()


def test_replace_of_what_is_not_posted_posts_it(books: Books) -> None:
    books.change(refunds={"enabled": False})
    books.sync()
    books.change(refunds={"enabled": True})
    assert books.run("resync", "re_one", "--replace").code == 0
    assert books.outcome("re_one")["number"] == "100"


def test_replace_leaves_what_would_not_be_posted_now(books: Books) -> None:
    books.sync()
    before = books.files()
    books.rules({"name": "hold all", "when": {}, "then": "hold"})
    said = books.run("resync", "re_one", "--replace")
    assert said.code == 3
    assert 're_one in main: posted as 100; not replaced: rule "hold all" says hold' in said.out
    assert books.files() == before
    assert books.outcome("re_one")["outcome"] == "posted"


# ------------------------------------------------------------------------------------------------ resolve


def test_a_type_named_by_a_person_is_posted(held: Books) -> None:
    assert "next sync" in resolve(held, "re_bad", "--type", "credit_card_refund,credit_memo")
    held.sync()
    assert states(held, "re_bad") == {"credit_memo": "posted", "credit_card_refund": "posted"}
    outcome = held.outcome("re_bad")
    assert (outcome["outcome"], outcome["number"]) == ("posted", "200")
    story = held.explain("re_bad")["ledgers"]["main"]
    (word,) = story["decisions_by_people"]
    assert word["action"] == "type"
    assert word["value"] == "credit_memo,credit_card_refund"
    assert word["reason"] == "looked at it"
    assert word["actor"]
    assert at(word["at"].rstrip("Z")) == NOW
    assert held.balance(CLEARING) == {"usd": 2 * CHARGE - 40}


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ("credit_memoo", "did you mean credit_memo"),
        ("hold", "is no refund type"),
        ("", "is no refund type"),
        ("credit_memo,refund_receipt", "220.00"),
        ("refund_payout", "receivable"),
        ("credit_card_refund", "receivable"),
    ],
)
def test_types_that_cannot_be(held: Books, types: str, words: str) -> None:
    assert words in resolve(held, "re_bad", "--type", types, code=2)
    assert held.outcome("re_bad")["outcome"] == "held"
    assert not (held.folder / "decisions.jsonl").exists()


def test_explain_says_who_chose_the_type(held: Books) -> None:
    """The rule that had held the refund did not make it what it became."""
    story = json.loads(held.run("explain", "re_bad", "--json").out)["ledgers"]["main"]
    assert [t["matched"] for t in story["rules_tried"]] == [True]
    resolve(held, "re_bad", "--type", "credit_memo,credit_card_refund")
    held.sync()
    story = json.loads(held.run("explain", "re_bad", "--json").out)["ledgers"]["main"]
    assert (story["rule"], story["rules_tried"]) == ("a person's decision", [])
    said = held.run("explain", "re_bad").out
    assert "The rules were not asked: it is a person's decision." in said
    assert " won " not in said


def test_a_skipped_refund_is_excluded_until_it_is_named(held: Books) -> None:
    assert "skipped" in resolve(held, "re_bad", "--skip", reason="booked by hand in May")
    outcome = held.outcome("re_bad")
    assert (outcome["outcome"], outcome["reason"]) == ("excluded", "skipped_by_person")
    assert "booked by hand in May" in outcome["sentence"]
    held.sync()
    held.rules(RECEIPT)
    held.sync()
    assert held.run("resync", "--since", "2026-01-01").code == 0
    assert held.outcome("re_bad")["outcome"] == "excluded"
    assert held.run("resync", "re_bad").code == 0
    assert held.outcome("re_bad")["outcome"] == "posted"
    actions = [w["action"] for w in held.explain("re_bad")["ledgers"]["main"]["decisions_by_people"]]
    assert actions == ["skip", "retry"]
    before = held.files()
    held.lose_state()
    held.sync()
    assert held.outcome("re_bad")["outcome"] == "posted"
    assert held.files() == before


def test_a_retry_asks_again(held: Books) -> None:
    resolve(held, "re_bad", "--retry")
    held.sync(code=3)
    assert held.outcome("re_bad")["reason"] == "rule_says_hold"
    held.rules(RECEIPT)
    resolve(held, "re_bad", "--retry")
    held.sync()
    assert held.outcome("re_bad")["outcome"] == "posted"


def test_a_reason_of_many_lines_is_kept_on_one(held: Books) -> None:
    resolve(held, "re_bad", "--skip", reason="first\nsecond\u2028third \u0085 fourth")
    assert "first second third fourth" in held.outcome("re_bad")["sentence"]
    held.lose_state()
    held.sync()
    assert held.outcome("re_bad")["outcome"] == "excluded"
    assert "empty" in resolve(held, "re_bad", "--retry", reason="  ", code=2)


@pytest.mark.parametrize(
    ("target", "words", "said"),
    [
        ("re_one", ("--retry",), "nothing to try again"),
        ("re_one", ("--skip",), "nothing to skip"),
        ("re_one", ("--type", "refund_receipt"), "--replace"),
        ("re_nobody", ("--retry",), "re_nobody"),
        ("dkaaaaaaaaaaaaaaaaaaaaaaaa", ("--retry",), "dkaaaa"),
        ("re_bad", ("--adopt", "nowhere"), "no document with the id nowhere"),
        ("re_bad", ("--sale", "nowhere"), "no document with the id nowhere"),
        ("ch_200", ("--type", "refund_receipt"), "is a charge"),
    ],
)
def test_decisions_that_make_no_sense(held: Books, target: str, words: tuple[str, ...], said: str) -> None:
    before = held.listed("refunds")
    assert said in resolve(held, target, *words, code=2)
    assert held.listed("refunds") == before
    assert not (held.folder / "decisions.jsonl").exists()


def test_an_unknown_ledger(held: Books) -> None:
    result = held.run("resolve", "re_bad", "--ledger", "mian", "--retry", "--reason", "x")
    assert result.code == 2
    assert "did you mean main" in result.err


def test_our_own_document_cannot_be_adopted(held: Books) -> None:
    key = held.documents("re_one")[0]["document_key"]
    assert "re_one" in resolve(held, "re_bad", "--adopt", key, code=2)


def test_a_document_key_of_another_ledger(held: Books) -> None:
    held.change(
        ledgers={"other": {"kind": "beancount", "sales": "sales_receipt", "connection": {"path": "other"}}}
    )
    held.sync(code=3)
    (key,) = [d["document_key"] for d in held.documents("re_one") if d["ledger"] == "other"]
    assert "other" in resolve(held, key, "--retry", code=2)


BOOKED = """\
2026-02-10 * "Jo Smith" "Refund by hand"
  Income:Sales                     10.00 USD
  Assets:Stripe:Clearing          -10.00 USD

"""


def book_by_hand(books: Books, text: str, *opened: str) -> None:
    path = books.ledger_folder / "hand.beancount"
    path.write_text(text, encoding="utf-8")
    main = books.ledger_folder / "main.beancount"
    before = main.read_text(encoding="utf-8") if main.exists() else ""
    lines = [f"1970-01-01 open {account}\n" for account in opened if f"open {account}\n" not in before]
    main.write_text(before + "".join(lines) + 'include "hand.beancount"\n', encoding="utf-8")


def adopted_by_hand(held: Books) -> str:
    """What `re_bad` is in the books, by a person's hand, with a key that the connector did not write."""
    book_by_hand(held, BOOKED.replace('hand"\n', 'hand"\n  document_key: "by-hand-1"\n'))
    resolve(held, "re_bad", "--adopt", "by-hand-1", reason="booked in May")
    return "by-hand-1"


def test_a_document_of_others_is_adopted_and_stays_so(held: Books) -> None:
    before = held.balance(CLEARING)
    adopted_by_hand(held)
    outcome = held.outcome("re_bad")
    assert (outcome["outcome"], outcome["reason"]) == ("adopted", None)
    (document,) = held.documents("re_bad")
    assert (document["state"], document["ledger_id"]) == ("adopted", "by-hand-1")
    assert document["amount"] == {"amount": "10.00", "currency": "usd"}
    files = held.files()
    held.sync()
    held.rules(RECEIPT)
    assert held.run("resync", "re_bad").code == 0
    assert held.files() == files
    held.lose_state()
    held.sync()
    assert held.files() == files
    assert held.outcome("re_bad")["outcome"] == "adopted"
    assert held.balance(CLEARING) == before


def test_an_adopted_document_that_is_gone_is_told(held: Books) -> None:
    """After a lost state: neither adopted with nothing in the books nor posted beside what a person may put back."""
    main = held.ledger_folder / "main.beancount"
    before = main.read_text(encoding="utf-8")
    adopted_by_hand(held)
    with_hand = main.read_text(encoding="utf-8")
    main.write_text(before, encoding="utf-8")
    files = held.files()
    held.lose_state()
    held.sync(code=3)
    outcome = held.outcome("re_bad")
    assert (outcome["outcome"], outcome["reason"]) == ("held", "duplicate_in_books")
    assert "by-hand-1, which the books no longer have" in outcome["sentence"]
    assert held.documents("re_bad") == []
    assert held.files() == files
    main.write_text(with_hand, encoding="utf-8")
    assert held.run("resync", "re_bad").code == 0
    (document,) = held.documents("re_bad")
    assert (document["state"], document["ledger_id"]) == ("adopted", "by-hand-1")


def test_a_document_is_adopted_once(held: Books) -> None:
    key = adopted_by_hand(held)
    held.export.refund("again", "ch_200", 1000, reason="fraudulent")
    held.sync(code=3)
    assert "re_bad" in resolve(held, "re_again", "--adopt", key, code=2)


SALE = """\
2026-02-01 * "Jo Smith" "Sale" ^inv-77
  document_key: "sale-77"
  kind: "invoice"
  number: "77"
  Assets:Accounts-Receivable      110.00 USD
  Income:Sales                   -110.00 USD

2026-02-02 * "Jo Smith" "Payment"
  kind: "payment"
  sale: "77"
  Assets:Stripe:Clearing          110.00 USD
  Assets:Accounts-Receivable     -110.00 USD

"""


def test_the_sale_that_a_person_names(tmp_path: Path) -> None:
    books = Books(tmp_path, ledgers={"main": {"sales": "find", "fees": False}})
    books.ledger_folder.mkdir()
    book_by_hand(books, SALE, CLEARING, RECEIVABLE, "Income:Sales")
    books.export.charge("nobody-knows", 11000)
    books.export.refund("one", "ch_nobody-knows", 3000)
    books.sync()
    outcome = books.outcome("re_one")
    assert (outcome["outcome"], outcome["reason"]) == ("waiting", "sale_not_found")
    books.now += 4 * DAY
    books.sync(code=3)
    assert books.outcome("re_one")["reason"] == "sale_not_found"
    assert books.outcome("re_one")["outcome"] == "held"
    resolve(books, "re_one", "--sale", "sale-77", reason="it is sale 77")
    books.sync()
    outcome = books.outcome("re_one")
    assert (outcome["outcome"], outcome["number"]) == ("posted", "77")
    assert books.balance(CLEARING) == {"usd": Decimal("-30.00")}
    before = books.files()
    books.lose_state()
    books.sync()
    assert books.files() == before
    assert books.outcome("re_one")["number"] == "77"


def test_a_payment_entry_is_no_sale_for_a_receipt(held: Books) -> None:
    refund_key = held.documents("re_one")[0]["document_key"]
    assert "not an invoice" in resolve(held, "re_bad", "--sale", refund_key, code=2)


def test_a_reversed_refund_is_listed_until_acknowledged(books: Books) -> None:
    books.sync()
    books.export.fail("re_one")
    books.sync()
    assert books.outcome("re_one")["outcome"] == "reversed"
    (item,) = books.listed("held")
    assert (item["refund_id"], item["outcome"]) == ("re_one", "reversed")
    assert "--skip" in item["action"]
    assert "nothing to try again" in resolve(books, "re_one", "--retry", code=2)
    assert "acknowledged" in resolve(books, "re_one", "--skip", reason="paid by cheque")
    assert books.listed("held") == []
    assert books.outcome("re_one")["outcome"] == "reversed"
    before = books.files()
    books.lose_state()
    books.sync()
    assert books.files() == before
    assert books.outcome("re_one")["outcome"] == "reversed"
    assert books.listed("held") == []


# ---------------------------------------------------------------------------------------- decisions.jsonl


def decisions(books: Books) -> list[Json]:
    text = (books.folder / "decisions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_cash_leg_of_an_owed_credit_takes_no_income_back(tmp_path: Path) -> None:
    books = Books(tmp_path, refunds={"failed_refund": "owe_customer"})
    books.export.charge("100", 11000)
    books.export.refund("one", "ch_100", 11000)
    books.sync()
    assert "Takes 110.00 USD back" in books.run("explain", "re_one").out
    books.export.fail("re_one")
    books.sync()
    books.export.refund("two", "ch_100", 11000, when="2026-02-25T15:00:00")
    books.sync()
    assert [d["kind"] for d in books.documents("re_two")] == ["credit_card_refund"]
    assert "Takes" not in books.run("explain", "re_two").out


def test_decisions_are_kept_beside_the_settings(held: Books) -> None:
    resolve(held, "re_bad", "--skip", reason="Zoë said so")
    resolve(held, "re_bad", "--retry", reason="no, she did not")
    first, second = decisions(held)
    assert (first["subject_id"], first["action"], first["reason"]) == ("re_bad", "skip", "Zoë said so")
    assert (second["action"], second["ledger"]) == ("retry", "main")
    assert first["decision_id"] != second["decision_id"]
    assert first["at"] == NOW
    assert "@" in first["actor"]


def test_decisions_are_read_into_an_empty_state(held: Books) -> None:
    resolve(held, "re_bad", "--type", "refund_receipt", reason="as agreed")
    held.lose_state()
    held.rules(HOLD, {"name": "rest", "when": {}, "then": "credit_memo"})
    held.sync()
    assert states(held, "re_bad") == {"refund_receipt": "posted"}
    (word,) = held.explain("re_bad")["ledgers"]["main"]["decisions_by_people"]
    assert word["reason"] == "as agreed"
    held.sync()
    assert len(decisions(held)) == 1


def test_decisions_that_cannot_be_written_are_not_made(held: Books) -> None:
    (held.folder / "decisions.jsonl").mkdir()
    said = resolve(held, "re_bad", "--retry", code=1)
    assert "decisions.jsonl" in said
    assert held.explain("re_bad")["ledgers"]["main"]["decisions_by_people"] == []


# ------------------------------------------------------------------------------------------------ rebuild


def test_rebuild_of_a_lost_state_writes_nothing(books: Books) -> None:
    books.sync()
    before, refunds = books.files(), books.listed("refunds")
    books.lose_state()
    said = books.run("rebuild")
    assert said.code == 0, said.err
    assert "1 posted" in said.out
    assert books.files() == before
    assert books.listed("refunds") == refunds


def test_rebuild_finds_what_the_books_lost(books: Books) -> None:
    books.sync()
    whole = transactions(books.ledger_folder)
    path = books.ledger_folder / "2026-02.beancount"
    pieces = path.read_text(encoding="utf-8").split("\n\n")
    kept = [piece for piece in pieces if 'kind: "credit_card_refund"' not in piece]
    assert len(kept) == len(pieces) - 1
    path.write_text("\n\n".join(kept), encoding="utf-8")
    said = books.run("rebuild")
    assert said.code == 0, said.err
    assert "1 document is posted by the state and not in the books" in said.out
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE}
    assert books.outcome("re_one")["outcome"] == "waiting"
    books.sync()
    assert books.outcome("re_one")["outcome"] == "posted"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}
    assert sorted(map(repr, transactions(books.ledger_folder))) == sorted(map(repr, whole))


def test_rebuild_after_an_older_copy_of_the_state(books: Books) -> None:
    """The books are ahead: what they hold and the state does not is posted already."""
    books.sync()
    older = (books.folder / "state").rename(books.folder / "older")
    books.lose_state()
    books.export.refund("two", "ch_200", 1000)
    books.sync()
    before = books.files()
    books.lose_state()
    older.rename(books.folder / "state")
    assert books.run("rebuild").code == 0
    books.sync()
    assert books.files() == before
    assert books.outcome("re_two")["number"] == "200"


def test_rebuild_after_a_replacement_that_the_state_does_not_know(books: Books) -> None:
    books.sync()
    older = (books.folder / "state").rename(books.folder / "older")
    shutil.copytree(older, books.folder / "state")
    books.rules(RECEIPT)
    assert books.run("resync", "re_one", "--replace").code == 0
    before = books.files()
    books.lose_state()
    older.rename(books.folder / "state")
    assert books.outcome("re_one")["number"] == "100"
    assert books.run("rebuild").code == 0
    books.sync()
    assert books.files() == before
    outcome = books.outcome("re_one")
    assert (outcome["outcome"], outcome["number"]) == ("posted", "100-1")
    assert books.run("resync", "re_one", "--replace").code == 0
    assert books.outcome("re_one")["number"] == "100-2"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE - 30}
    assert books.balance(RECEIVABLE) == {}


def test_a_replaced_refund_that_fails_after_a_lost_state(books: Books) -> None:
    books.sync()
    books.rules(RECEIPT)
    assert books.run("resync", "re_one", "--replace").code == 0
    books.lose_state()
    books.export.fail("re_one")
    books.sync()
    assert books.outcome("re_one")["outcome"] == "reversed"
    assert books.balance(CLEARING) == {"usd": 2 * CHARGE}
    assert books.balance(RECEIVABLE) == {}
    before = books.files()
    books.lose_state()
    books.sync()
    assert books.files() == before
    assert books.outcome("re_one")["outcome"] == "reversed"
