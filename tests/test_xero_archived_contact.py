"""A customer of Stripe's whose contact was archived in Xero: Xero gives nobody else its number, and it no documents."""

from __future__ import annotations

from pathlib import Path

from ledger_desk import sell
from vendors.xero import write
from xero_desk import desk


def test_the_contact_to_be_restored_is_named_and_the_sale_is_posted_once_it_is(tmp_path: Path) -> None:
    with desk(tmp_path / "books", sales="invoice_and_payment") as one:
        contacts = one.organisation
        old = write(contacts, "Contacts", {"Name": "Bo Before", "ContactNumber": "cus_bo"})["ContactID"]
        contacts.set("Contacts", old, ContactStatus="ARCHIVED")
        charge = sell(one, customer="cus_bo", fee=0)
        one.shop.refund("a", charge, 3300, "2026-03-05")
        one.shop.write()
        one.json(3, "sync")
        assert one.written() == []
        (held,) = [each for each in one.documents() if each["kind"] == "invoice"]
        assert "contact Bo Before with the contact number cus_bo is archived in Xero" in held["sentence"]
        assert "restore it there" in held["sentence"]
        contacts.set("Contacts", old, ContactStatus="ACTIVE")
        one.resolve(charge, "--retry")
        one.json(0, "sync")
        one.json(0, "sync")
        assert one.outcomes() == {"re_a": "posted 100"}
        assert one.contact_of("Invoices", one.organisation.documents("Invoices")[0]) == "Bo Before"
        one.check()
