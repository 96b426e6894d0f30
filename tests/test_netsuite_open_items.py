"""What is open of what documents pay out, pay or take back: read once for a wave, shared by its documents, and never given
out twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from netsuite_golden import ATTEMPT, Books, NoReads, reading
from netsuite_told import RESTLET, Json, adapter, answer, claim, claims, fault, key_of, made

from connector.delivery.outcome import next_step
from connector.ledgers.contract import (
    Answer,
    Claimed,
    Found,
    Posted,
    Rejected,
    Request,
    Stale,
    Taken,
    Throttled,
    Unknown,
    Withheld,
    run_steps,
)
from connector.ledgers.json_wire import decode
from connector.ledgers.netsuite import NetsuiteLedger
from connector.ledgers.netsuite_wire import RECORDS

MEMO: Json = {"creditMemo/501": {"number": "100-1", "total_minor": 11000, "open_minor": 11000}}
PAYMENT: Json = {
    "customerPayment/401": {"number": "P-7", "total_minor": 11000, "links": {"invoice/301": 11000}}
}
TAKEN = made(f"{RECORDS}/customerRefund/801")


def opened(books: Json, index: Json | None = None, **wants: Any) -> tuple[NetsuiteLedger, Books, Books]:
    """The adapter, what its search shows, and the records themselves."""
    ledger = adapter(**wants)
    record, search = Books(books), Books(books if index is None else index)
    reading(ledger, search)
    ledger.record = record  # type: ignore[assignment]
    return ledger, search, record


def refund_of(ledger: NetsuiteLedger, letter: str, minor: int, paid: str = "creditMemo/501") -> Claimed:
    entries = [["Dr", "Accounts Receivable", minor], ["Cr", "Stripe Clearing", minor]]
    kind = "credit_memo" if paid.startswith("creditMemo") else "payment"
    settles = {"kind": kind, "ledger_id": paid}
    return claim(ledger, "refund_payout", letter, amount_minor=minor, entries=entries, settles=settles)


def prepare(ledger: NetsuiteLedger, *documents: Claimed) -> None:
    run_steps(ledger.prepare(documents), NoReads())


def ask(ledger: NetsuiteLedger, one: Claimed) -> Any:
    """The request for a document, or what keeps it back."""
    asked = run_steps(ledger.request([one], ATTEMPT), NoReads())
    return asked if isinstance(asked, Request) else asked[one.document_key]


def told(ledger: NetsuiteLedger, one: Claimed, request: Request, came: Answer) -> Any:
    return run_steps(ledger.read([one], request, came), NoReads())[one.document_key]


def send(ledger: NetsuiteLedger, one: Claimed, came: Answer = TAKEN) -> Any:
    request = ask(ledger, one)
    return told(ledger, one, request, came) if isinstance(request, Request) else request


# ------------------------------------------------------------------------------------------------ one credit


def test_two_refunds_of_one_wave_do_not_take_one_credit_twice() -> None:
    """Both are made before either is sent; the reservation tells what NetSuite does not know yet."""
    ledger, search, record = opened(MEMO)
    first, second = refund_of(ledger, "a", 6000), refund_of(ledger, "b", 6000)
    prepare(ledger, first, second)
    assert isinstance(ask(ledger, first), Request)
    kept = ask(ledger, second)
    assert kept == Withheld(
        "credit_used",
        "credit memo 100-1 has 50.00 of 60.00 USD left; something else took the rest",
        "free the credit in NetSuite, or book the refund by hand",
    )
    assert search.asked == [{"creditMemo/501"}]
    # The credit itself, and whether it is this very refund that has used it.
    assert record.asked == [{"creditMemo/501"}, {second.document_key}]
    step = next_step(second, kept, "write", 0, 30)
    assert (step.state, step.reason) == ("held", "credit_used") and "--retry" in (step.action or "")


def test_what_is_left_is_given_out_to_the_last_cent() -> None:
    ledger, _, record = opened(MEMO)
    every = [refund_of(ledger, letter, 5500) for letter in "ab"]
    prepare(ledger, *every)
    for one in every:
        assert send(ledger, one) == Taken("customerRefund/801")
    assert not record.asked


def test_one_that_was_asked_to_wait_is_sent_again_and_not_refused_by_itself() -> None:
    ledger, _, _ = opened(MEMO)
    one, other = refund_of(ledger, "a", 11000), refund_of(ledger, "b", 100)
    prepare(ledger, one, other)
    throttled = fault(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded.")
    assert send(ledger, one, throttled) == Throttled(None)
    again = ask(ledger, one)
    assert isinstance(again, Request)
    # The other one of the wave does not get what this one still waits for.
    assert isinstance(ask(ledger, other), Withheld)
    assert told(ledger, one, again, TAKEN) == Taken("customerRefund/801")


def test_one_that_was_made_and_not_sent_is_made_again() -> None:
    """Another one of its group was asked to wait, so that this one stayed behind."""
    ledger, _, _ = opened(MEMO)
    one = refund_of(ledger, "a", 11000)
    prepare(ledger, one)
    assert ask(ledger, one) == ask(ledger, one)


def test_what_was_refused_leaves_its_part_to_the_next() -> None:
    ledger, _, _ = opened(MEMO)
    first, second = refund_of(ledger, "a", 11000), refund_of(ledger, "b", 11000)
    prepare(ledger, first, second)
    refused = fault(400, "USER_ERROR", "Please enter value(s) for: Class")
    assert isinstance(send(ledger, first, refused), Rejected)
    assert send(ledger, second) == Taken("customerRefund/801")


def test_what_is_in_doubt_keeps_its_part() -> None:
    ledger, _, _ = opened(MEMO)
    first, second = refund_of(ledger, "a", 11000), refund_of(ledger, "b", 11000)
    prepare(ledger, first, second)
    assert isinstance(send(ledger, first, answer("", 500)), Unknown)
    assert isinstance(ask(ledger, second), Withheld)


def test_what_was_taken_before_the_record_was_read_is_not_counted_twice() -> None:
    """The index is behind: of 110.00 it shows 60.00. The first takes those, and NetSuite then shows 50.00 to the second."""
    ledger, search, record = opened(MEMO, {"creditMemo/501": {"total_minor": 11000, "open_minor": 6000}})
    first, second = refund_of(ledger, "a", 6000), refund_of(ledger, "b", 5000)
    prepare(ledger, first, second)
    assert send(ledger, first) == Taken("customerRefund/801")
    record.books = {"creditMemo/501": {"total_minor": 11000, "open_minor": 5000}}
    assert send(ledger, second) == Taken("customerRefund/801")
    assert len(search.asked) == len(record.asked) == 1


@pytest.mark.parametrize(
    ("books", "words"),
    [
        (
            {},
            "creditMemo/501 has 0.00 of 25.00 USD left; it does not stand in NetSuite any more took the rest",
        ),
        (
            {"creditMemo/501": {"number": "100-1", "total_minor": 0, "voided": True}},
            "creditMemo/501 has 0.00 of 25.00 USD left",
        ),
        (
            {"creditMemo/501": {"number": "100-1", "total_minor": 2500, "open_minor": 2499}},
            "credit memo 100-1 has 24.99 of 25.00 USD left",
        ),
        (
            {"creditMemo/501": {"total_minor": 2500, "open_minor": 0}},
            "credit memo creditMemo/501 has 0.00 of 25.00 USD left",
        ),
    ],
)
def test_a_credit_that_is_used_up_says_so(books: Json, words: str) -> None:
    ledger, _, _ = opened(books)
    kept = ask(ledger, claim(ledger, "credit_card_refund"))
    assert isinstance(kept, Withheld) and kept.reason == "credit_used"
    assert kept.sentence.startswith(words.partition(";")[0])
    assert "took the rest" in kept.sentence or "any more" in kept.sentence


@pytest.mark.parametrize(
    ("paid", "sublist"), [("customerPayment/401", "apply"), ("customerDeposit/451", "deposit")]
)
def test_a_payment_and_a_deposit_are_credits_too(paid: str, sublist: str) -> None:
    ledger, _, _ = opened({paid: {"number": "P-7", "total_minor": 2500, "open_minor": 2500}})
    one, more = refund_of(ledger, "a", 2000, paid), refund_of(ledger, "b", 600, paid)
    prepare(ledger, one, more)
    request = ask(ledger, one)
    assert list(decode(request.body)[sublist]["items"][0].values()) == [
        {"id": paid.partition("/")[2]},
        True,
        decode(b"20.00"),
    ]
    kept = ask(ledger, more)
    word = "payment" if sublist == "apply" else "deposit"
    assert kept.sentence.startswith(f"{word} P-7 has 5.00 of 6.00 USD left")


@pytest.mark.parametrize("paid", ["invoice/301", "journalEntry/9", "501", "cashSale/701"])
def test_what_is_no_credit_is_not_paid_out(paid: str) -> None:
    ledger, _, _ = opened({})
    kept = ask(ledger, refund_of(ledger, "a", 2500, paid))
    assert isinstance(kept, Withheld) and kept.reason == "ledger_cannot" and paid in kept.sentence


def test_a_refund_of_nothing_known_is_kept_back() -> None:
    ledger, _, _ = opened({})
    settles = {"kind": "credit_memo", "document_key": key_of("m")}
    kept = ask(ledger, claim(ledger, "credit_card_refund", settles=settles))
    assert isinstance(kept, Withheld) and "not known" in kept.sentence


# ------------------------------------------------------------------------------------------------ reading


def wave(ledger: NetsuiteLedger, count: int) -> tuple[Json, list[Claimed]]:
    books = {f"creditMemo/{n}": {"total_minor": 2500, "open_minor": 2500} for n in range(count)}
    letters = "abcdefghijklmnopqrstuvwxyz"
    return books, [
        refund_of(ledger, letter, 2500, paid) for letter, paid in zip(letters, books, strict=False)
    ]


def heads_of(books: Books, ledger_ids: Sequence[str]) -> Any:
    return {one: books.head(one) for one in ledger_ids}


def test_a_wave_is_read_at_once() -> None:
    ledger, search, record = opened({})
    search.books, refunds = wave(ledger, 20)
    prepare(ledger, *refunds)
    assert all(isinstance(send(ledger, one), Taken) for one in refunds)
    assert search.asked == [set(search.books)] and not record.asked


def test_what_was_read_back_is_not_read_again_and_serves_once() -> None:
    """Also that of a later page of documents. Then something may have been taken of it."""
    ledger, search, record = opened({})
    search.books, refunds = wave(ledger, 20)
    ledger.open_items.learn(heads_of(search, list(search.books)))
    for page in (refunds[:10], refunds[10:]):
        prepare(ledger, *page)
        assert all(isinstance(send(ledger, one), Taken) for one in page)
    assert not search.asked and not record.asked
    prepare(ledger, *refunds[:5])
    assert search.asked == [{f"creditMemo/{n}" for n in range(5)}]


def test_a_look_teaches_what_is_open() -> None:
    """The read-back of credit memos serves the refunds that pay them out."""
    ledger, search, _ = opened({})
    memo = claim(ledger)
    external = {"external_id": memo.document_key, "number": "100a"}
    search.books = {"creditMemo/501": {**external, "total_minor": 2500, "open_minor": 2500}}
    seen = run_steps(ledger.look([memo]), NoReads())
    assert isinstance(seen[memo.document_key], Found)
    one = refund_of(ledger, "b", 2500)
    prepare(ledger, one)
    assert send(ledger, one) == Taken("customerRefund/801")
    assert search.asked == [{memo.document_key}]


def test_without_a_wave_what_is_missing_is_read_by_itself() -> None:
    ledger, search, _ = opened(MEMO)
    assert isinstance(ask(ledger, refund_of(ledger, "a", 2500)), Request)
    assert search.asked == [{"creditMemo/501"}]


def test_an_index_that_lags_behind_does_not_hold_a_refund() -> None:
    """What was put back a moment ago the record itself shows."""
    ledger, _, record = opened(MEMO, {"creditMemo/501": {"total_minor": 11000, "open_minor": 0}})
    one = refund_of(ledger, "a", 11000)
    prepare(ledger, one)
    assert send(ledger, one) == Taken("customerRefund/801")
    assert record.asked == [{"creditMemo/501"}]
    ledger, _, record = opened(MEMO, {})
    assert isinstance(ask(ledger, refund_of(ledger, "a", 11000)), Request)


# ------------------------------------------------------------------------------------------------ applying


def mirror_payment(ledger: NetsuiteLedger, letter: str = "a") -> Claimed:
    """The mirror of a reopened invoice: a payment for it."""
    return claim(
        ledger,
        "reversal",
        letter,
        part="reopen_invoice",
        entries=[["Cr", "Accounts Receivable", 2500], ["Dr", "Stripe Clearing", 2500]],
        settles={"kind": "invoice", "ledger_id": "invoice/301"},
        reverses=key_of("r"),
        after=[key_of("r")],
        parents={key_of("r"): ["reopen_invoice", "customerRefund/801"]},
    )


STANDING: Json = {"customerRefund/801": {"total_minor": 2500}}


@pytest.mark.parametrize(
    ("invoice", "applied"),
    [
        ({"total_minor": 11000, "open_minor": 2500}, "25.00"),
        ({"total_minor": 11000, "open_minor": 11000}, "25.00"),
        ({"total_minor": 11000, "open_minor": 700}, "7.00"),
        ({"total_minor": 11000, "open_minor": 0}, None),
        ({"total_minor": 0, "open_minor": 0, "voided": True}, None),
        (None, None),
    ],
)
def test_a_payment_is_applied_as_far_as_its_invoice_is_open(
    invoice: Json | None, applied: str | None
) -> None:
    ledger, _, _ = opened({**STANDING, **({"invoice/301": invoice} if invoice else {})})
    request = ask(ledger, mirror_payment(ledger))
    body = decode(request.body)
    assert str(body["payment"]) == "25.00"
    if applied is None:
        assert "apply" not in body
    else:
        assert str(body["apply"]["items"][0]["amount"]) == applied


def test_two_payments_of_one_wave_share_what_is_open_of_their_invoice() -> None:
    books = {**STANDING, "invoice/301": {"total_minor": 11000, "open_minor": 4000}}
    ledger, _, _ = opened(books)
    every = [mirror_payment(ledger, letter) for letter in "ab"]
    prepare(ledger, *every)
    amounts = [str(decode(ask(ledger, one).body)["apply"]["items"][0]["amount"]) for one in every]
    assert amounts == ["25.00", "15.00"]


@pytest.mark.parametrize("books", [{}, {"customerRefund/801": {"total_minor": 0, "voided": True}}])
def test_a_mirror_of_what_a_person_took_out_is_kept_back(books: Json) -> None:
    ledger, _, _ = opened({**books, "invoice/301": {"total_minor": 11000, "open_minor": 2500}})
    kept = ask(ledger, mirror_payment(ledger))
    assert isinstance(kept, Withheld) and kept.reason == "ledger_cannot"
    assert "reopen invoice customerRefund/801" in kept.sentence and "--skip" in kept.action


# ------------------------------------------------------------------------------------------------ opening again


def reopening(ledger: NetsuiteLedger, letter: str, minor: int) -> tuple[Claimed, Claimed]:
    """What takes the payment off, and the refund of it, which knows it once it is done."""
    told: Json = {
        "amount_minor": minor,
        "entries": [["Dr", "Accounts Receivable", minor], ["Cr", "Stripe Clearing", minor]],
        "sale_ledger_id": "invoice/301",
        "charge_id": "ch_1",
    }
    off, refund = claims(ledger, "reopen_invoice", letter, **told)
    return off, refund


class Payment:
    """A payment of 110.00 in NetSuite, as its applications and refunds leave it."""

    def __init__(self, on_invoice: int = 11000, other: int = 0, total: int = 11000) -> None:
        self.total, self.on_invoice, self.other, self.refunded = total, on_invoice, other, 0

    @property
    def books(self) -> Json:
        left = self.total - self.on_invoice - self.other - self.refunded
        links = {"invoice/301": self.on_invoice, "invoice/302": self.other}
        head = {"number": "P-7", "total_minor": self.total, "open_minor": left}
        return {"customerPayment/401": {**head, "links": {k: v for k, v in links.items() if v}}}

    def take(self, request: Request) -> Answer:
        (line,) = decode(request.body)["apply"]["items"]
        minor = int(line["amount"] * 100)
        if request.method == "PATCH":
            assert line["doc"] == {"id": "301"} and line["apply"] is (minor > 0)
            self.on_invoice = minor
            return answer()
        assert minor <= self.books["customerPayment/401"]["open_minor"], "NetSuite refuses it"
        self.refunded += minor
        return made(f"{RECORDS}/customerRefund/80{self.refunded}")


def carry(ledger: NetsuiteLedger, payment: Payment, search: Books, record: Books, one: Claimed) -> Any:
    """Send one document of its own wave; what NetSuite has is what both ways of reading show."""
    search.books = record.books = payment.books
    prepare(ledger, one)
    request = ask(ledger, one)
    return told(ledger, one, request, payment.take(request)) if isinstance(request, Request) else request


@pytest.mark.parametrize(("first", "second"), [(5500, 5500), (6000, 5000), (5000, 6000), (1, 10999)])
@pytest.mark.parametrize("order", ["first one then the other", "both off, then both paid back"])
def test_two_refunds_of_a_charge_take_their_own_parts_off(first: int, second: int, order: str) -> None:
    """The second finds what the first took off and has not paid back yet. Whoever comes too short takes off more."""
    payment = Payment()
    ledger, search, record = opened(payment.books)
    pairs = [reopening(ledger, "a", first), reopening(ledger, "b", second)]
    waves = [one for pair in pairs for one in pair]
    if order.startswith("both"):
        waves = [pair[0] for pair in pairs] + [pair[1] for pair in pairs]
    seen = [carry(ledger, payment, search, record, one) for one in waves]
    for one, outcome in zip(waves, seen, strict=True):
        if outcome == Stale():
            assert isinstance(carry(ledger, payment, search, record, one), Taken)
    assert (payment.on_invoice, payment.refunded) == (0, 11000)


@pytest.mark.parametrize("committed", [False, True])
def test_a_refund_in_doubt_does_not_keep_the_next_one_from_its_own_part(committed: bool) -> None:
    """Whether NetSuite wrote the first one is not known; what was taken off for it is left to it."""
    payment = Payment()
    ledger, search, record = opened(payment.books)
    (off, first), (more, second) = (reopening(ledger, letter, 3300) for letter in "ab")
    for one in (off, more):
        carry(ledger, payment, search, record, one)
    search.books = record.books = payment.books
    prepare(ledger, first, second)
    request = ask(ledger, first)
    if committed:
        payment.take(request)
    told(ledger, first, request, Answer(0, b"the connection broke", arrived=False))
    record.books = payment.books
    request = ask(ledger, second)
    assert isinstance(told(ledger, second, request, payment.take(request)), Taken)
    if not committed:
        assert isinstance(carry(ledger, payment, search, record, first), Taken)
    assert (payment.on_invoice, payment.refunded) == (4400, 6600)


def test_what_was_put_back_on_the_invoice_is_taken_off_again() -> None:
    """As NetSuite may do by itself; a refund of Stripe's has left all the same."""
    payment = Payment()
    ledger, search, record = opened(payment.books)
    off, refund = reopening(ledger, "a", 4600)
    assert isinstance(carry(ledger, payment, search, record, off), Posted)
    assert payment.on_invoice == 6400
    payment.on_invoice = 11000
    assert carry(ledger, payment, search, record, refund) == Stale()
    assert isinstance(carry(ledger, payment, search, record, refund), Taken)
    assert (payment.on_invoice, payment.refunded) == (6400, 4600)


def test_what_this_very_refund_has_used_is_not_taken_off_again() -> None:
    """After a lost state; another part of the payment is on its invoice still."""
    payment = Payment(on_invoice=6400, other=4600)
    refund = {"customerRefund/801": {"external_id": key_of("a"), "number": "100a", "total_minor": 4600}}
    ledger, _, _ = opened({**payment.books, **refund}, payment.books)
    off, paid = reopening(ledger, "a", 4600)
    assert isinstance(ask(ledger, off), Posted)
    seen = ask(ledger, paid)
    assert isinstance(seen, Found) and seen.ledger_id == "customerRefund/801"


def test_what_went_on_another_invoice_is_held() -> None:
    payment = Payment()
    ledger, search, record = opened(payment.books)
    off, refund = reopening(ledger, "a", 11000)
    carry(ledger, payment, search, record, off)
    payment.other = 11000
    kept = carry(ledger, payment, search, record, refund)
    assert isinstance(kept, Withheld) and kept.reason == "credit_used"
    assert kept.sentence.startswith("payment P-7 has 0.00 of 110.00 USD left")


def test_an_overpayment_is_not_what_is_taken_off() -> None:
    """10.00 of the payment never paid the invoice: that is opened again by the whole refund."""
    payment = Payment(on_invoice=11000, total=12000)
    ledger, search, record = opened(payment.books)
    carry(ledger, payment, search, record, reopening(ledger, "a", 5000)[0])
    assert payment.on_invoice == 6000


def test_half_of_it_may_be_off_already() -> None:
    payment = Payment(on_invoice=6000)
    ledger, search, record = opened(payment.books)
    for one in reopening(ledger, "a", 11000):
        assert isinstance(carry(ledger, payment, search, record, one), Posted | Taken)
    assert (payment.on_invoice, payment.refunded) == (0, 11000)


@pytest.mark.parametrize(
    ("books", "words"),
    [
        ({}, "customerPayment/401 is not a payment in NetSuite (any more)"),
        ({"customerPayment/401": {"total_minor": 0, "voided": True}}, "customerPayment/401 is not a payment"),
        (Payment(on_invoice=1000, other=10000).books, "payment P-7 pays 10.00 USD of invoice/301, less than"),
        (Payment(on_invoice=0, other=11000).books, "payment P-7 pays 0.00 USD of invoice/301, less than"),
    ],
)
def test_an_invoice_that_cannot_be_opened_again_says_why(books: Json, words: str) -> None:
    ledger, _, _ = opened(books)
    off, _ = reopening(ledger, "a", 4600)
    kept = ask(ledger, off)
    assert isinstance(kept, Withheld) and kept.reason == "ledger_cannot"
    assert kept.sentence.startswith(words) and kept.sentence.endswith("cannot be opened again")


def test_a_deposit_is_taken_off_nothing() -> None:
    ledger, _, _ = opened({"customerDeposit/451": {"total_minor": 11000, "open_minor": 0}})
    settles = {"kind": "payment", "ledger_id": "customerDeposit/451"}
    off = claims(ledger, "reopen_invoice", settles=settles, sale_ledger_id="invoice/301")[0]
    assert ask(ledger, off).reason == "ledger_cannot"


# ------------------------------------------------------------------------------------------------ looking


@pytest.mark.parametrize(
    ("books", "found"),
    [
        (Payment().books, False),
        (Payment(on_invoice=6400).books, True),
        (Payment(on_invoice=6401).books, False),
        (Payment(on_invoice=0).books, True),
        ({}, False),
        # Paid back already, so that nothing of it is free any more.
        (
            {
                **Payment(on_invoice=6400, other=4600).books,
                "customerRefund/801": {"external_id": key_of("a"), "total_minor": 4600},
            },
            True,
        ),
    ],
)
def test_whether_a_payment_is_off_shows_in_what_is_free_of_it(books: Json, found: bool) -> None:
    ledger, _, _ = opened(books)
    off, _ = reopening(ledger, "a", 4600)
    seen = run_steps(ledger.look([off]), NoReads())[off.document_key]
    assert isinstance(seen, Found) is found
    if isinstance(seen, Found):
        assert (seen.ledger_id, seen.amount_minor) == ("customerPayment/401", 4600)
        assert next_step(off, seen, "look", 0, 30).state == "posted"


# ------------------------------------------------------------------------------------------------ voids

OPEN: Json = {"invoice/301": {"day": "2026-03-02", "total_minor": 2500, "open_minor": 2500}}
LATER: Json = {"day": "2026-03-04", "total_minor": 2500, "open_minor": 2500}


@pytest.mark.parametrize("restlet", [None, RESTLET])
@pytest.mark.parametrize(
    ("books", "reason"),
    [
        (OPEN, None),
        ({"invoice/301": {**OPEN["invoice/301"], "open_minor": 2499}}, "void_guard"),
        ({"invoice/301": {**OPEN["invoice/301"], "open_minor": 0}}, "void_guard"),
        ({**OPEN, "customerPayment/401": LATER}, "void_guard"),
        ({**OPEN, "customerPayment/401": {**LATER, "total_minor": 9900}}, "void_guard"),
        ({**OPEN, "customerPayment/401": {**LATER, "open_minor": 0}}, "void_guard"),
        ({**OPEN, "customerPayment/401": {**LATER, "total_minor": 9900, "open_minor": 9900}}, None),
        ({**OPEN, "customerPayment/401": {**LATER, "memo": "ch_another"}}, None),
        (
            {**OPEN, "customerPayment/401": {**LATER, "total_minor": 9900, "open_minor": 0, "memo": "ch_a"}},
            "void_guard",
        ),
        ({**OPEN, "customerPayment/401": {**LATER, "voided": True}}, None),
        ({**OPEN, "customerPayment/401": {**LATER, "day": "2026-03-01"}}, None),
        ({**OPEN, "customerPayment/401": {**LATER, "customer_id": "9"}}, None),
        ({**OPEN, "customerDeposit/451": LATER}, "void_guard"),
        ({}, "gone"),
    ],
)
def test_the_guards_of_a_void_are_read_again_just_before(
    books: Json, reason: str | None, restlet: str | None
) -> None:
    ledger, _, _ = opened(books, void_restlet=restlet)
    asked = ask(ledger, claim(ledger, "void"))
    if reason is None:
        target = restlet or f"{RECORDS}/creditMemo"
        assert isinstance(asked, Request) and (asked.method, asked.target) == ("POST", target)
    elif reason == "gone":
        assert isinstance(asked, Rejected) and "invoice/301" in asked.words
    else:
        assert isinstance(asked, Withheld) and asked.reason == reason


def test_the_invoice_is_read_as_it_stands_and_not_as_an_index_shows_it() -> None:
    paid = {"invoice/301": {**OPEN["invoice/301"], "open_minor": 0}}
    ledger, _, _ = opened(paid, OPEN)
    assert ask(ledger, claim(ledger, "void")).reason == "void_guard"
    # A memo in its place is applied to what is open there.
    ledger, _, _ = opened(OPEN, {})
    body = decode(ask(ledger, claim(ledger, "void")).body)
    assert str(body["apply"]["items"][0]["amount"]) == "25.00"


@pytest.mark.parametrize("voided", [True, False])
def test_a_void_by_a_script_shows_in_its_invoice(voided: bool) -> None:
    ledger, _, _ = opened({"invoice/301": {"total_minor": 0, "voided": voided}}, void_restlet=RESTLET)
    one = claim(ledger, "void")
    seen = run_steps(ledger.look([one]), NoReads())[one.document_key]
    assert isinstance(seen, Found) is voided


# ------------------------------------------------------------------------------------------------ long waves


class Waves(dict[str, dict[str, int]]):
    """What is taken, as of a wave that nobody goes through."""

    def nobody(self) -> Any:
        raise AssertionError("an answer to one document goes through all of its wave")

    items = values = keys = __iter__ = nobody


def test_an_answer_costs_the_same_in_a_long_wave() -> None:
    ledger, _, _ = opened(MEMO)
    one = refund_of(ledger, "a", 6000)
    prepare(ledger, one)
    request = ask(ledger, one)
    items = ledger.open_items
    items.taken, items.promised = Waves(items.taken), Waves(items.promised)
    assert isinstance(told(ledger, one, request, TAKEN), Taken)
    assert items.heads["creditMemo/501"].open_minor == 5000
