"""Documents in NetSuite: what each says, which leg it is, its debits and credits, and how they are found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from netsuite_hands import BANK, CLEARING, RECEIVABLES, SALES, TAX
from netsuite_reading import DAY, KEYS, START, WAYS, Reading, id_of, note, reading
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

from connector.ledgers.contract import Found
from connector.ledgers.netsuite_found import find_refunds
from connector.ledgers.netsuite_movements import Mover
from connector.ledgers.netsuite_records import Detail, Line
from connector.planning.mapping_model import AccountMap


@pytest.fixture(params=WAYS)
def books(request: pytest.FixtureRequest) -> Iterator[Reading]:
    with reading(request.param) as opened:
        yield opened


def moves(found: Found) -> list[tuple[str, int]]:
    return [(e.account, e.debit_minor - e.credit_minor) for e in found.entries]


def legs(found: Found) -> tuple[str | None, int, int, int]:
    return found.kind, found.amount_minor, found.income_minor, found.cash_minor


def cash_refund(books: Reading, amount: str = "100", bank: str = CLEARING, **more: Any) -> str:
    body = {"entity": books.ref("customer", "Ada"), "account": books.ref("account", bank)}
    return (
        f"cashRefund/{books.create('cashRefund', {**body, 'item': {'items': [books.line(amount)]}, **more})}"
    )


# ---------------------------------------------------------------------------------------------- what one says


def test_which_leg_a_document_of_others_is(books: Reading) -> None:
    account, marked = books.account, {"memo": "Stripe re_1"}
    memo = seed.memo(account, "Ada", "100", **marked)
    other = seed.memo(account, "Ada", "100")
    held = seed.deposit(account, "Ada", "30", **marked)
    taken = (("Sales", "50", None), ("Other Revenue", "-20", None), (CLEARING, "-30", None))
    fee = (("Stripe Fees", "3", None), (CLEARING, "-3", None))
    told: dict[str, tuple[str, int, int, int]] = {
        id_of(memo): ("credit_memo", 11000, 10000, 0),
        id_of(seed.refund(account, "Ada", memo, **marked)): ("refund_payout", 11000, 0, 11000),
        id_of(seed.refund(account, "Ada", other, bank=BANK, **marked)): ("refund_payout", 11000, 0, 0),
        cash_refund(books, **marked): ("refund_receipt", 11000, 10000, 11000),
        cash_refund(books, bank=BANK, **marked): ("refund_receipt", 11000, 10000, 0),
        id_of(seed.cash_sale(account, "Ada", "100", **marked)): ("sales_receipt", 11000, 0, 0),
        id_of(books.invoice(number="101", **marked)): ("invoice", 11000, 0, 0),
        id_of(books.paid(books.invoice(number="102"), **marked)): ("payment", 11000, 0, 0),
        id_of(held): ("payment", 3000, 0, 0),
        id_of(seed.refund(account, "Ada", held, **marked)): ("refund_payout", 3000, 0, 3000),
        id_of(seed.journal(account, *taken, **marked)): ("journal_entry", 5000, 5000, 3000),
        id_of(seed.journal(account, *fee, **marked)): ("journal_entry", 300, 0, 300),
    }
    found = books.documents(*told)
    assert {ledger_id: legs(one) for ledger_id, one in found.items()} == told
    assert {one.refund_id for one in found.values()} == {"re_1"}
    assert {(one.document_key, one.voided, one.currency) for one in found.values()} == {(None, False, "usd")}
    # So a search for the refund tells them.
    hits = {one.ledger_id: legs(one) for one in books.refunds("re_1")["re_1"]}
    assert hits == told


def test_what_ours_say_of_themselves(books: Reading) -> None:
    account = books.account
    memo = seed.memo(
        account,
        "Ada",
        "100",
        number="100-1",
        **note("b", "credit_memo", "re_1", "ch_1", number="100-1", sale="100"),
    )
    marks = note("a", "credit_card_refund", "re_1", "ch_1", number="100-1", sale="100")
    refund = seed.refund(account, "Ada", memo, number="100-1", **marks)
    found = books.documents(id_of(refund))[id_of(refund)]
    assert (found.document_key, found.kind, found.refund_id, found.charge_id) == (
        KEYS["a"],
        "credit_card_refund",
        "re_1",
        "ch_1",
    )
    assert (found.number, found.sale_number, found.customer) == ("100-1", "100", "Ada")
    assert (found.posting_date, found.currency, found.replaced_number) == (DAY, "usd", None)
    journal = seed.journal(
        account, ("Stripe Fees", "3", None), (CLEARING, "-3", None), **note("c", "fee", "ch_1")
    )
    fee = books.documents(id_of(journal))[id_of(journal)]
    assert (fee.kind, fee.income_minor, fee.cash_minor, fee.replaced_number) == ("fee", 0, 300, None)


def test_a_number_that_netsuite_put_in_the_place_of_ours(books: Reading) -> None:
    books.account.moods.replaces_numbers = frozenset({"creditMemo"})
    marks = note("a", "credit_memo", "re_1", number="100-1", sale="100")
    memo = seed.memo(books.account, "Ada", "100", number="100-1", **marks)
    found = books.documents(id_of(memo))[id_of(memo)]
    assert (found.number, found.sale_number) == ("100-1", "100")
    assert found.replaced_number == memo["tranId"] != "100-1"
    # What others number is theirs.
    other = seed.memo(books.account, "Ada", "100", memo="re_2")
    assert books.documents(id_of(other))[id_of(other)].replaced_number is None


@pytest.mark.parametrize("record", ["invoice", "creditMemo", "cashSale", "cashRefund"])
def test_entries_of_lines(books: Reading, record: str) -> None:
    """Income, tax, then the side of the total; a sale moves them the other way."""
    second = books.line("20", "Untaxed Service")
    body: Json = {"entity": books.ref("customer", "Ada"), "item": {"items": [books.line("50"), second]}}
    body |= {"externalId": KEYS["a"], "memo": f"re_1 {KEYS['a']} [credit_memo; sale 100; lines 4 7-a]"}
    if record.startswith("cash"):
        body["account"] = books.ref("account", CLEARING)
    named = f"{record}/{books.create(record, body)}"
    found = books.documents(named)[named]
    sign = 1 if record in ("creditMemo", "cashRefund") else -1
    last = CLEARING if record.startswith("cash") else RECEIVABLES
    assert moves(found) == [
        (SALES, sign * 5000),
        ("Other Revenue", sign * 2000),
        (TAX, sign * 500),
        (last, sign * -7500),
    ]
    assert found.line_ids == ("4", "7-a", None, None)


def test_exchange_stands_before_the_side_of_the_total(books: Reading) -> None:
    lines = [books.line("100"), books.line("5", "Exchange"), books.line("20", "Untaxed Service")]
    body: Json = {"entity": books.ref("customer", "Ada"), "item": {"items": lines}, "externalId": KEYS["a"]}
    memo = books.create("creditMemo", {**body, "memo": f"re_1 {KEYS['a']} [credit_memo; lines 1 2]"})
    (found,) = books.documents(f"creditMemo/{memo}").values()
    assert moves(found) == [
        (SALES, 10000),
        ("Other Revenue", 2000),
        (TAX, 1000),
        ("Exchange Gain or Loss", 500),
        (RECEIVABLES, -13500),
    ]
    assert found.line_ids == ("1", "2", None, None, None)
    assert found.income_minor == 12000


def test_line_ids_only_where_the_marks_tell_them_all(books: Reading) -> None:
    told = {"externalId": KEYS["a"], "memo": f"re_1 {KEYS['a']} [credit_memo; lines 1 2]"}
    (found,) = books.documents(id_of(seed.memo(books.account, "Ada", "100", **told))).values()
    assert set(found.line_ids) == {None}


def test_entries_of_money(books: Reading) -> None:
    account = books.account
    payment = books.paid(books.invoice())
    out = seed.refund(account, "Ada", seed.memo(account, "Ada", "100"))
    held = seed.deposit(account, "Ada", "30")
    found = books.documents(*(id_of(one) for one in (payment, out, held)))
    assert moves(found[id_of(payment)]) == [(RECEIVABLES, -11000), (CLEARING, 11000)]
    assert moves(found[id_of(out)]) == [(RECEIVABLES, 11000), (CLEARING, -11000)]
    assert moves(found[id_of(held)]) == [("Customer Deposits", -3000), (CLEARING, 3000)]


def test_entries_of_a_journal_end_with_receivables_and_clearing(books: Reading) -> None:
    lines = ((CLEARING, "-100", None), (RECEIVABLES, "-20", "Ada"), ("Sales", "120", None))
    journal = seed.journal(books.account, *lines, memo="re_1")
    (found,) = books.documents(id_of(journal)).values()
    assert moves(found) == [("Sales", 12000), (RECEIVABLES, -2000), (CLEARING, -10000)]
    assert found.amount_minor == 12000


def test_tax_that_is_reckoned_in_the_old_way_is_what_the_lines_do_not_tell() -> None:
    with reading() as books:
        (head,) = books.run(books.reader.by_id([id_of(seed.memo(books.account, "Ada", "100"))])).values()
        mover = Mover(books.directory, books.mapping)
        untaxed = Detail((Line("1", 10000, books.account.account_id_of(SALES), "201"),))
        moved = [(one.account, one.amount_minor) for one in mover.movements(head, untaxed)]
        assert moved == [(SALES, 10000), (TAX, 1000), (RECEIVABLES, -11000)]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_foreign_is_worth_what_it_moves_in_the_books(way: str) -> None:
    with reading(way, currencies=("EUR",)) as books:
        memo = seed.memo(books.account, "Ada", "90", currency="EUR", rate="1.1", memo="re_1")
        paid = seed.refund(books.account, "Ada", memo, currency="EUR", rate="1.2", memo="re_1")
        found = books.documents(id_of(memo), id_of(paid))
        taken, payout = found[id_of(memo)], found[id_of(paid)]
        assert (taken.amount_minor, taken.currency) == (payout.amount_minor, payout.currency) == (9900, "eur")
        assert moves(taken) == [(SALES, 9900), (TAX, 990), (RECEIVABLES, -10890)]
        assert moves(payout) == [(RECEIVABLES, 11880), (CLEARING, -11880)]
        assert {e.currency for e in (*taken.entries, *payout.entries)} == {"usd"}
        # Where Stripe keeps a balance in the currency, that is what counts.
        by_currency = AccountMap(by_currency={"eur": CLEARING, "usd": CLEARING})
        books.open(clearing_accounts=by_currency)
        (payout,) = books.documents(id_of(paid)).values()
        assert moves(payout) == [(RECEIVABLES, 9900), (CLEARING, -9900)]


# ---------------------------------------------------------------------------------------------- how it is found


def test_documents_under_the_names_that_a_person_gives_them(books: Reading) -> None:
    memo = seed.memo(books.account, "Ada", "100", memo="re_1")
    gone = seed.memo(books.account, "Ada", "5")
    seed.void(books.account, gone)
    applied = seed.deposit(books.account, "Ada", "30")
    application = seed.apply_deposit(books.account, applied, books.invoice(), "20")
    names = (
        id_of(memo),
        memo["id"],
        id_of(memo).upper(),
        f"invoice/{memo['id']}",
        id_of(gone),
        id_of(application),
        "x",
    )
    assert set(books.documents(*names)) == {id_of(memo), memo["id"], id_of(memo).upper()}
    assert books.documents() == {}


def test_a_refund_is_looked_for_from_its_own_day_on(books: Reading) -> None:
    account = books.account
    seed.memo(account, "Ada", "1", memo="re_1", day="2026-03-02")
    early = seed.memo(account, "Ada", "2", memo="re_1", day="2026-03-03")
    both = seed.memo(account, "Ada", "3", memo="re_1 and re_2", day="2026-03-20")
    gone = seed.memo(account, "Ada", "4", memo="re_1")
    seed.void(account, gone)
    ours = seed.memo(account, "Ada", "5", **note("a", "credit_memo", "re_1"))
    hits = books.refunds("re_1", "re_2")
    assert [one.ledger_id for one in hits["re_1"]] == [id_of(early), id_of(both), id_of(ours)]
    assert [(one.ledger_id, one.refund_id) for one in hits["re_2"]] == [(id_of(both), "re_2")]
    # Whatever else is asked for.
    asked = {"re_1": DAY, "re_9": date(2026, 1, 1)}
    books.open()
    again = books.run(find_refunds(asked, books.directory, books.mapping, books.reader))
    assert [one.ledger_id for one in again["re_1"]] == [id_of(early), id_of(both), id_of(ours)]
    assert books.refunds() == {}


def test_a_scan_tells_all_that_is_ours_or_stripe_s(books: Reading) -> None:
    account = books.account
    mine = seed.memo(
        account, "Ada", "100", **note("a", "credit_memo", "re_1", "ch_1", number="100", sale="100")
    )
    void = seed.memo(account, "Ada", "5", **note("b", "credit_memo", "re_2", "ch_2"))
    seed.void(account, void)
    theirs = books.unapplied(memo="Stripe ch_3")
    gone = books.unapplied(memo="Stripe ch_4")
    seed.void(account, gone)
    seed.memo(account, "Ada", "5", memo="nothing of ours")
    books.invoice(memo="in_1 pi_2")
    old = seed.memo(account, "Ada", "5", day="2026-01-15", memo="re_5")
    seed.memo(account, "Ada", "5", day="2026-01-14", memo="re_6")
    found = {one.ledger_id: one for one in books.scan_all(START)}
    assert set(found) == {id_of(mine), id_of(void), id_of(theirs), id_of(old)}
    assert {i for i, one in found.items() if one.voided} == {id_of(void)}
    assert legs(found[id_of(mine)]) == ("credit_memo", 11000, 10000, 0)


def test_a_copy_by_a_person_is_not_ours(books: Reading) -> None:
    marks = note("a", "credit_memo", "re_1", "ch_1", number="100", sale="100")
    ours = seed.memo(books.account, "Ada", "100", **marks)
    copy = seed.memo(books.account, "Ada", "100", memo=marks["memo"])
    found = {one.ledger_id: one.document_key for one in books.scan_all()}
    assert found == {id_of(ours): KEYS["a"], id_of(copy): None}


def test_a_sale_by_its_number(books: Reading) -> None:
    account = books.account
    invoice = books.invoice(number="7")
    sold = seed.cash_sale(account, "Ada", "100", number="7")
    seed.memo(account, "Ada", "5", number="7")
    books.unapplied(number="7")
    gone = books.invoice(number="8")
    seed.void(account, gone)
    paid = books.unapplied(number="8")
    books.invoice(number="9", **note("a", "reversal of credit_memo", "re_1"))
    assert [one.ledger_id for one in books.numbered("7")] == [id_of(invoice), id_of(sold)]
    assert [one.ledger_id for one in books.numbered("8")] == [id_of(paid)]
    assert books.numbered("9") == []


def test_numbers_that_others_have(books: Reading) -> None:
    account = books.account
    memo = seed.memo(account, "Ada", "100", number="100")
    refund = seed.refund(account, "Ada", memo, number="100-1")
    third = cash_refund(books, tranId="100-2")
    gone = seed.memo(account, "Ada", "5", number="100-3")
    seed.void(account, gone)
    seed.memo(account, "Ada", "5", number="100-4", **note("a", "credit_memo", "re_1", number="100-4"))
    books.invoice(number="100-5")
    numbers = tuple(f"100{end}" for end in ("", "-1", "-2", "-3", "-4", "-5", "-6"))
    taken = books.taken("refund", *numbers)
    assert {number: one.ledger_id for number, one in taken.items()} == {
        "100": id_of(memo),
        "100-1": id_of(refund),
        "100-2": third,
        "100-3": id_of(gone),
    }
    assert {number: one.kind for number, one in books.taken("sale", *numbers).items()} == {"100-5": "invoice"}
    assert (taken["100"].amount_minor, taken["100"].customer) == (11000, "Ada")
