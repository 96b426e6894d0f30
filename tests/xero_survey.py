"""An organisation in Xero that everything is right with, what is asked of it, and a courier to it that needs no server."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

from vendors.quickbooks.clock import Clock
from vendors.xero import FakeXero, Organisation
from vendors.xero.service import API_PATH, Asked
from vendors.xero.wire import Json

from connector.ledgers.contract import Answer, Request, run_steps
from connector.ledgers.xero import Wants
from connector.ledgers.xero_check import findings
from connector.ledgers.xero_directory import read_directory
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping

NOON = 1_780_315_200
ALL_TYPES = frozenset({"credit_memo", "credit_card_refund", "refund_payout", "refund_receipt", "void"})
SCOPES = "accounting.invoices accounting.payments accounting.banktransactions accounting.contacts accounting.settings"
WANTS = Wants(date(2026, 1, 1), "sales_receipt", True, ALL_TYPES)
MAPPING = LedgerMapping(
    kind="xero",
    clearing_accounts=AccountMap("Stripe Clearing"),
    receivable_accounts=AccountMap("Accounts Receivable"),
    fees="Stripe Fees",
    exchange="Exchange Gain or Loss",
    sales="Sales",
    refunds=None,
    tax="Sales Tax",
    sales_items={"*": "Sales", "SKU-BOOK": "BOOK", "SKU-HELP": "Support call"},
    refund_items={"*": "Refunds"},
    tax_default="Tax on Sales",
    taxes={"txr_none": "Tax Exempt", "txr_city": "TAX001"},
    customer_default="Stripe customers",
    payment_methods={"*": None},
)


class Desk:
    """Carries requests to an organisation in this process."""

    def __init__(self, organisation: Organisation) -> None:
        self.fake = FakeXero(organisation)
        grant = self.fake.oauth.grant(SCOPES)
        self.headers = {
            "Accept": "application/json",
            "xero-tenant-id": organisation.tenant_id,
            "Authorization": f"Bearer {grant.access}",
        }

    def carry(self, request: Request) -> Answer:
        parts = urlsplit(request.target)
        asked = Asked(
            request.method,
            f"{API_PATH}{parts.path}",
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            {**dict(request.headers), **self.headers},
            request.body.decode(),
            f"{API_PATH}{request.target}",
        )
        answer = self.fake.answer(asked, 1, None)
        assert self.fake.broken == []
        return Answer(answer.status, answer.text.encode())


def good_organisation(**settings: Any) -> Organisation:
    """With the stock chart of accounts."""
    return Organisation(**{"clock": Clock(NOON), **settings})


def row_of(organisation: Organisation, kind: str, name: str) -> Json:
    """An object of the lists, by its name or code."""
    rows = organisation.documents(kind)
    return next(row for row in rows if name in (row.get("Name"), row.get("Code"), row.get("TaxType")))


def change(organisation: Organisation, kind: str, name: str, **values: Any) -> None:
    """Somebody changes an object of the lists."""
    row = row_of(organisation, kind, name)
    ids = {"Accounts": "AccountID", "Items": "ItemID", "TaxRates": "TaxType"}
    organisation.set(kind, str(row[ids[kind]]).lower(), **values)


def find(
    organisation: Organisation, mapping: LedgerMapping = MAPPING, wants: Wants = WANTS, contact: bool = True
) -> dict[str, list[str]]:
    """What `check` tells."""
    directory = run_steps(read_directory(mapping), Desk(organisation))
    problems, warnings = findings(directory, mapping, wants, contact)
    return {"problems": list(problems), "warnings": list(warnings)}
