"""A NetSuite account that everything is right with, what is asked of it, and a courier to it that needs no server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from vendors.netsuite import Account, FakeNetsuite, Moods
from vendors.netsuite.answers import Asked
from vendors.netsuite.chart import account_row
from vendors.netsuite.service import answer
from vendors.netsuite.wire import Json
from vendors.quickbooks.clock import Clock

from connector.ledgers.contract import Answer, Request, run_steps
from connector.ledgers.netsuite_check import findings
from connector.ledgers.netsuite_directory import Directory, read_directory
from connector.ledgers.netsuite_memory import Lists
from connector.ledgers.netsuite_wants import Wants
from connector.planning.mapping_model import AccountMap
from connector.planning.mapping_model import Mapping as LedgerMapping

NOON = 1772798400.0  # 2026-03-06T12:00:00Z
# Of a void it is always told which way it is taken.
TYPES = frozenset({"credit_memo", "credit_card_refund", "refund_payout", "refund_receipt", "reopen_invoice"})
RESTLET = "https://1234567-sb1.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=1&deploy=1"
WANTS = Wants(
    date(2026, 1, 1),
    "sales_receipt",
    True,
    TYPES,
    account_id="1234567_SB1",
    subsidiary="Acme Inc",
    void_restlet=RESTLET,
    leaves_memos=True,
)
MAPPING = LedgerMapping(
    kind="netsuite",
    clearing_accounts=AccountMap("Stripe Clearing"),
    receivable_accounts=AccountMap("Accounts Receivable"),
    fees="Stripe Fees",
    exchange="Exchange Gain or Loss",
    sales="Sales",
    tax="Sales Tax Payable",
    sales_items={"*": "Services", "SKU-1": "Widget"},
    refund_items={"*": "Refunds", "SKU-1": "Widget (not restocked)"},
    tax_default="Sales Tax",
    taxes={"txr_none": "Exempt"},
    customer_default="Stripe customers",
    payment_methods={"card": "Credit Card", "*": None},
)


@dataclass
class Desk:
    """Carries requests to an account in this process; `asked` are their addresses, of SuiteQL the queries."""

    fake: FakeNetsuite
    asked: list[str] = field(default_factory=list)
    dated: bool = True
    # Answers in the place of NetSuite's own, by what the address or query contains.
    instead: dict[str, Answer] = field(default_factory=dict)

    def carry(self, request: Request) -> Answer:
        parts = urlsplit(request.target)
        parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = request.body.decode()
        self.asked.append(body or request.target)
        for words, canned in self.instead.items():
            if words in self.asked[-1]:
                return canned
        asked = Asked(
            request.method, unquote(parts.path), parameters, dict(request.headers), body, request.target
        )
        told = answer(self.fake, asked)
        assert self.fake.broken == []
        when = format_datetime(datetime.fromtimestamp(self.fake.account.clock(), UTC), usegmt=True)
        headers = (("date", when),) if self.dated else ()
        return Answer(told.status, told.text.encode(), headers)

    def directory(
        self, mapping: LedgerMapping = MAPPING, wants: Wants = WANTS, lists: Lists | None = None
    ) -> Directory:
        self.asked.clear()
        return run_steps(read_directory(mapping, wants, lists), self)


class NoServer(FakeNetsuite):
    base_url = "https://1234567-sb1.suitetalk.api.netsuite.com"


def good_account(moods: Moods | None = None, **settings: Any) -> Account:
    """With the stock chart of accounts, and euros beside the dollars."""
    return Account(moods=moods, **{"clock": Clock(NOON), "currencies": ("EUR",), **settings})


def open_desk(account: Account) -> Desk:
    return Desk(NoServer(account))


def change(account: Account, group: str, called: str, /, **values: Any) -> None:
    """Somebody changes a record of a list."""
    account.put({**account.named(group, called), **values})


def open_account(account: Account, name: str, kind: str, number: str = "9999", currency: str = "") -> Json:
    return account.put(account_row(account, name, kind, number, currency or None))


def find(
    account: Account, mapping: LedgerMapping = MAPPING, wants: Wants = WANTS, customer: bool = True
) -> dict[str, list[str]]:
    """What `check` tells."""
    problems, warnings = findings(open_desk(account).directory(mapping, wants), mapping, wants, customer)
    return {"problems": list(problems), "warnings": list(warnings)}
