"""What a read-back makes of a document whose money NetSuite put elsewhere than it was told, that is in no account yet, or that
somebody has voided meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from netsuite_desk import desk, paid_invoice
from netsuite_told import adapter, claim
from vendors.netsuite import write

from connector.delivery.outcome import next_step
from connector.ledgers.contract import Posted
from connector.ledgers.netsuite_look import found_as
from connector.ledgers.netsuite_payload import read_payload
from connector.ledgers.netsuite_records import Head


def test_money_that_netsuite_books_elsewhere_is_held_until_the_account_is_right(tmp_path: Path) -> None:
    with desk(tmp_path) as at:
        at.shop.refund("1", paid_invoice(at), 11000, "2026-03-05")
        at.account.moods.money_goes_to = "Business Bank"
        told = at.sync(3, plan=False)
        assert told["ledgers"]["main"]["held"] == 1
        (held,) = [one for one in at.documents() if one["state"] == "held"]
        assert (held["kind"], held["reason"]) == ("credit_card_refund", "clearing_differs")
        assert "Business Bank" in held["sentence"] and held["ledger_id"] in held["sentence"]

        # A second run writes nothing; then somebody puts it right, and says so.
        at.forget_requests()
        at.sync(3, plan=False)
        assert at.writes() == []
        at.account.moods.money_goes_to = None
        clearing = {"id": at.account.account_id_of("Stripe Clearing")}
        refund = held["ledger_id"].split("/")[1]
        write(at.account, "customerRefund", {"account": clearing}, change=refund)
        at.resolve(held["document_key"], "--retry")
        told = at.sync(plan=False)
        assert told["ledgers"]["main"]["posted"] == 1
        assert at.totals() == {}
        at.settle_down()


def head_of(key: str) -> Head:
    """A journal of ours in NetSuite."""
    said = (
        "journalEntry/7",
        "journalEntry",
        key,
        "100a",
        date(2026, 3, 5),
        "",
        None,
        None,
        None,
        "usd",
        None,
        2500,
        0,
    )
    return Head(*said, account=None)


def test_what_waits_for_an_approval_is_held_until_it_is_given() -> None:
    ledger = adapter()
    fee = claim(ledger, "fee")
    told = {}
    for posts in (False, True):
        head = replace(head_of(fee.document_key), posts=posts)
        hit = found_as(fee, head, read_payload(fee), ledger.directory)
        told[posts] = next_step(fee, hit, "look", 0, 0)
    assert told[True].state == "posted"
    assert (told[False].state, told[False].reason) == ("held", "ledger_cannot")
    said = f"{told[False].sentence} {told[False].action}"
    assert "approval" in said and "journalEntry/7" in said and "--retry" in said


def test_what_somebody_voided_before_it_was_read_back_is_not_taken_out() -> None:
    ledger = adapter()
    memo = claim(ledger)
    posted = Posted("creditMemo/9", "100a", 0, "usd")
    assert ledger.undo(memo, posted, "k") is not None
    ledger.voided.add("creditMemo/9")
    assert ledger.undo(memo, posted, "k") is None
