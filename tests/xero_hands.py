"""A Xero organisation with a little in it, and hands that write to it over HTTP, one request at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests
from vendors.quickbooks.clock import Clock
from vendors.xero import FakeXero, Organisation, write
from vendors.xero.wire import Json, dumps, loads

TIMEOUT = 10
NOON = 1772798400.0  # 2026-03-06T12:00:00Z
CLEARING, BANK, SALES = "Stripe Clearing", "Business Bank", "Sales"
RECEIVABLES, TAX, GAINS = "Accounts Receivable", "Sales Tax", "Realised Currency Gains"


def shop(**settings: Any) -> Organisation:
    """Ada with the number cus_ada, and Bob; the clock stands at noon, UTC, of 6 March 2026."""
    settings.setdefault("clock", Clock(NOON))
    organisation = Organisation(**settings)
    write(organisation, "Contacts", {"Name": "Ada", "ContactNumber": "cus_ada", "EmailAddress": "ada@x.test"})
    write(organisation, "Contacts", {"Name": "Bob O'Neil", "EmailAddress": "bob@x.test"})
    return organisation


def line(amount: str, **more: Any) -> Json:
    """A line of Sales without tax, unless more is said."""
    given = {"Description": "Things", "UnitAmount": Decimal(amount), "AccountCode": "200", "TaxType": "NONE"}
    return {name: value for name, value in {**given, **more}.items() if value is not None}


def form(*amounts: str, kind: str = "ACCREC", contact: str = "Ada", **more: Any) -> Json:
    """An invoice, or what `kind` says, approved, of one line for each amount."""
    lines = [line(one) for one in amounts]
    given = {"Type": kind, "Contact": {"Name": contact}, "Date": "2026-03-05", "Status": "AUTHORISED"}
    return {**given, "LineItems": lines, **more}


def credit(*amounts: str, **more: Any) -> Json:
    return form(*amounts, kind="ACCRECCREDIT", **more)


def spend(*amounts: str, kind: str = "SPEND", bank: str = "090", **more: Any) -> Json:
    """A bank transaction of one line for each amount."""
    lines = [line(one) for one in amounts]
    given = {"Type": kind, "Contact": {"Name": "Ada"}, "Date": "2026-03-05", "BankAccount": {"Code": bank}}
    return {**given, "LineItems": lines, **more}


def pay(amount: str, account: str = "090", **on: Any) -> Json:
    """A payment: `pay("5", Invoice=invoice)`; of a document its id alone is sent."""
    sent: Json = {}
    for name, value in on.items():
        known = isinstance(value, dict) and f"{name}ID" in value
        sent[name] = {f"{name}ID": value[f"{name}ID"]} if known else value
    return {"Account": {"Code": account}, "Date": "2026-03-06", "Amount": Decimal(amount), **sent}


class Hands:
    """Writes and reads as a careful client would."""

    def __init__(self, fake: FakeXero) -> None:
        self.fake = fake
        self.organisation = fake.organisation
        self.http = requests.Session()
        self.http.headers["Accept"] = "application/json"
        self.http.headers["xero-tenant-id"] = fake.organisation.tenant_id
        self.use(fake.oauth.grant(_EVERY_SCOPE).access)

    def use(self, access: str) -> None:
        self.http.headers["Authorization"] = f"Bearer {access}"

    def send(
        self, method: str, path: str, body: Any = None, key: str | None = None, **parameters: str
    ) -> requests.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = dumps(body).encode()
        address = f"{self.fake.api_url}/{path}"
        return self.http.request(
            method, address, data=data, params=parameters, headers=headers, timeout=TIMEOUT
        )

    def put(self, path: str, body: Any, key: str | None = None, **parameters: str) -> requests.Response:
        return self.send("PUT", path, body, key, **parameters)

    def post(self, path: str, body: Any, key: str | None = None, **parameters: str) -> requests.Response:
        return self.send("POST", path, body, key, **parameters)

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.send("GET", path, **parameters)

    def write(self, path: str, body: Json, method: str = "PUT") -> Json:
        """The one object that the answer holds; AssertionError where it is a refusal."""
        answer = self.send(method, path, body)
        assert answer.status_code == 200, answer.text
        return _only(answer)

    def refusal(self, path: str, body: Json, method: str = "PUT") -> str:
        """The sentence of the rule that a write breaks."""
        answer = self.send(method, path, body)
        assert answer.status_code == 400, answer.text
        told = answer.json()
        assert told["Type"] == "ValidationException", told
        return str(told["Elements"][0]["ValidationErrors"][0]["Message"])

    def read(self, path: str) -> Json:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return _only(answer)

    def rows(self, kind: str, **parameters: str) -> list[Json]:
        answer = self.get(kind, **parameters)
        assert answer.status_code == 200, answer.text
        found: list[Json] = loads(answer.text)[kind]
        return found

    def loud(self, wanted: str) -> None:
        """Takes note that the stand-in said aloud what no client of ours should send."""
        assert len(self.fake.broken) == 1 and wanted in self.fake.broken[0], self.fake.broken
        self.fake.broken.clear()

    def totals(self) -> dict[str, str]:
        """The trial balance as text."""
        return {name: str(amount) for name, amount in self.organisation.trial_balance().items()}


_EVERY_SCOPE = (
    "accounting.invoices accounting.payments accounting.banktransactions accounting.contacts accounting.settings "
    "offline_access"
)


def _only(answer: requests.Response) -> Json:
    rows = [value for value in loads(answer.text).values() if isinstance(value, list)]
    assert len(rows) == 1 and len(rows[0]) == 1, answer.text
    found: Json = rows[0][0]
    return found


# ---------------------------------------------------------------------------------------------- common steps


def path_of(one: Json, kind: str = "Invoices") -> str:
    return f"{kind}/{one[f'{kind[:-1]}ID']}"


def void(hands: Hands, one: Json, kind: str = "Invoices") -> Json:
    return hands.write(path_of(one, kind), {"Status": "VOIDED"}, "POST")


def delete(hands: Hands, paid: Json) -> Json:
    """Takes a payment back."""
    return hands.write(f"Payments/{paid['PaymentID']}", {"Status": "DELETED"}, "POST")


def allocate(
    hands: Hands, kind: str, source: Json, invoice: Json, amount: str, day: str = "2026-03-06"
) -> requests.Response:
    body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": Decimal(amount), "Date": day}
    return hands.put(f"{path_of(source, kind)}/Allocations", {"Allocations": [body]})
