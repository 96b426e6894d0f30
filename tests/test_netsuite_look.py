"""What a read-back makes of a document whose money NetSuite put elsewhere than it was told."""

from __future__ import annotations

from pathlib import Path

from netsuite_desk import desk, paid_invoice
from vendors.netsuite import write


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
