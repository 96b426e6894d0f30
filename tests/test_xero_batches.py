"""Several documents in one request to Xero of which one is wrong, or is kept back: only that one stays behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from vendors.xero import write
from vendors.xero.service import Asked
from xero_desk import Desk, desk
from xero_hands import Hands
from xero_sold import invoice, pay, pay_out, take_out

CONTACTS = ("Ada", "Bo", "Cy")
NUMBERS = ("100", "200", "300")
NOTE = "CreditNote {} 2026-03-05 {}: REV 100.00, TAX 10.00, AR -110.00"
PAYMENT = "Payment {} 2026-03-05 {}: AR 110.00, CLR -110.00"


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Desk]:
    """A refund of each of three paid invoices, each of another contact; nothing of them is booked yet."""
    with desk(tmp_path / "books", limits={"concurrency": 1}) as one:
        for number, contact in zip(NUMBERS, CONTACTS, strict=True):
            if contact != "Ada":
                write(one.organisation, "Contacts", {"Name": contact})
            sold = invoice(one.hands, number, Contact={"Name": contact})
            pay(one.hands, sold, charge=f"ch_{number}")
            one.shop.charge(number, 11000, 1000, "2026-03-02", 0)
            one.shop.refund(number, f"ch_{number}", 11000, "2026-03-05")
        one.shop.write()
        # They are by hand: only what the connector asks counts.
        one.fake.requests.clear()
        yield one


def sent(one: Desk, plural: str) -> list[list[str]]:
    """The numbers of the new documents in each request, in order within it."""
    found = []
    for request in one.fake.writes():
        if request.asked.method == "PUT" and request.asked.path.endswith(f"/{plural}"):
            elements = body_of(request.asked.body)[plural]
            found.append(sorted(element["Reference"].split()[0] for element in elements))
    return found


def body_of(body: bytes | str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads(body)
    return found


def lines_of(*but: str) -> list[str]:
    """What stands there of ours, but for these numbers."""
    pairs = [pair for pair in zip(NUMBERS, CONTACTS, strict=True) if pair[0] not in but]
    return sorted(line.format(*pair) for pair in pairs for line in (NOTE, PAYMENT))


def test_documents_of_one_kind_share_a_request(three: Desk) -> None:
    three.json(0, "sync")
    assert sent(three, "CreditNotes") == sent(three, "Payments") == [list(NUMBERS)]
    assert sorted(three.written()) == lines_of()
    three.settle_down()


def test_a_whole_batch_is_refused_and_only_the_wrong_one_stays_behind(three: Desk) -> None:
    """What was not understood at all is not carried out: each is sent by itself; one of them is wrong then too."""
    words = "Account code '200' has been archived, or deleted."
    three.fake.inject("plain_404", "/CreditNotes", method="PUT")
    three.fake.inject("element_refused", "/CreditNotes", method="PUT", times=3, element="200", words=words)
    three.json(3, "sync")
    assert [len(some) for some in sent(three, "CreditNotes")] == [1, 1, 1]
    assert sorted(number for some in sent(three, "CreditNotes") for number in some) == list(NUMBERS)
    assert sent(three, "Payments") == [["100", "300"]]
    assert sorted(three.written()) == lines_of("200")
    assert three.outcomes() == {
        "re_100": "posted 100",
        "re_200": "held rejected_by_ledger",
        "re_300": "posted 300",
    }
    (refused,) = [found for found in three.held() if found["state"] == "rejected"]
    assert (refused["kind"], refused["number"]) == ("credit_memo", "200")
    assert words in refused["sentence"]
    three.resolve(refused["document_key"], "--retry")
    three.json(0, "sync")
    assert sorted(three.written()) == lines_of()
    three.settle_down()


def test_what_was_sent_beside_the_wrong_one_is_looked_for(three: Desk) -> None:
    """Xero refuses the request as a whole, and does not say whether it kept those that were right."""
    three.fake.inject("refused", "/CreditNotes", method="PUT", words="x", carried_out=True)
    three.json(0, "sync")
    assert [len(some) for some in sent(three, "CreditNotes")] == [3]
    assert sorted(three.written()) == lines_of()
    three.settle_down()


def test_an_element_is_refused_and_the_others_of_its_request_are_posted(three: Desk) -> None:
    words = "Organisation is not subscribed to currency USD"
    three.fake.inject("element_refused", "/CreditNotes", method="PUT", element="300", words=words)
    three.json(3, "sync")
    assert sent(three, "CreditNotes") == [list(NUMBERS)]
    assert sent(three, "Payments") == [["100", "200"]]
    assert sorted(three.written()) == lines_of("300")
    assert three.outcomes()["re_300"] == "held rejected_by_ledger"


def test_a_locked_period_keeps_them_all_back_until_it_is_opened(three: Desk) -> None:
    """A lock that came after the organisation was read."""

    def lock(count: int, asked: Asked) -> None:
        if asked.method == "PUT":
            three.organisation.period_lock = "2026-03-31"

    three.fake.before_request = lock
    three.json(3, "sync")
    assert three.written() == []
    assert set(three.outcomes().values()) == {"held period_closed"}
    three.fake.before_request = three.organisation.period_lock = None
    three.json(0, "sync")
    assert sorted(three.written()) == lines_of()


def notes_alone(three: Desk) -> None:
    """The credit notes are posted, and Xero takes no more for today."""
    three.fake.inject("throttled_day", "/Payments", method="PUT")
    three.json(1, "sync")
    assert sorted(three.written()) == sorted(
        f"{NOTE.format(*pair)}; RemainingCredit 110.00 left" for pair in zip(NUMBERS, CONTACTS, strict=True)
    )
    three.wait(24)
    # Who works there by hand has signed in anew since.
    three.hands = Hands(three.fake)


def test_one_of_a_batch_is_kept_back_and_the_others_are_sent(three: Desk) -> None:
    """Somebody paid one of the credit notes out meanwhile."""
    notes_alone(three)
    (note,) = three.hands.rows("CreditNotes", where='CreditNoteNumber=="200"', page="1")
    pay_out(three.hands, note, "70.00", note="by hand")
    three.fake.requests.clear()
    three.json(3, "sync")
    assert sent(three, "Payments") == [["100", "300"]]
    assert three.outcomes() == {
        "re_100": "posted 100",
        "re_200": "held credit_used",
        "re_300": "posted 300",
    }
    (held,) = three.held()
    assert (held["kind"], held["reason"]) == ("credit_card_refund", "credit_used")
    assert "credit note 200 has 40.00 of 110.00 USD left" in held["sentence"]
    kept = f"{NOTE.format('200', 'Bo')}; RemainingCredit 40.00 left"
    assert sorted(three.written()) == sorted([*lines_of("200"), kept])
    # The payment by hand is taken back there, and the refund follows.
    (paid,) = [found for found in three.organisation.documents("Payments") if "by hand" in str(found)]
    take_out(three.hands, "Payments", paid)
    three.resolve(held["document_key"], "--retry")
    three.json(0, "sync")
    assert sorted(three.written()) == lines_of()


def test_all_of_a_batch_are_kept_back_and_nothing_is_sent(three: Desk) -> None:
    notes_alone(three)
    for note in three.hands.rows("CreditNotes", where='Type=="ACCRECCREDIT"', page="1"):
        pay_out(three.hands, note, "110.00", note="by hand")
    three.fake.requests.clear()
    three.json(3, "sync")
    assert sent(three, "Payments") == []
    assert set(three.outcomes().values()) == {"held credit_used"}


def test_a_credit_that_went_just_before_is_told_by_xero(three: Desk) -> None:
    """What the answer to the credit note said serves its payment; somebody was faster."""
    words = "Payment amount exceeds the amount outstanding on this document"
    three.fake.inject("element_refused", "/Payments", method="PUT", element=1, words=words)
    three.json(3, "sync")
    (held,) = three.held()
    assert (held["reason"], held["state"], held["kind"]) == ("credit_used", "held", "credit_card_refund")
    assert words in held["sentence"]
    others = {number: f"posted {number}" for number in NUMBERS if number != held["number"]}
    expected = {f"re_{number}": outcome for number, outcome in others.items()}
    assert three.outcomes() == {**expected, f"re_{held['number']}": "held credit_used"}
