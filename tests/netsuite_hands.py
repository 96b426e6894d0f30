"""A NetSuite account with a little in it, and hands that write to it over HTTP, one request at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests
from vendors.netsuite import Account, FakeNetsuite, Moods
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json, dumps, loads
from vendors.quickbooks.clock import Clock

TIMEOUT = 10
NOON = 1772798400.0  # 2026-03-06T12:00:00Z, seven in the morning in New York
CLEARING, BANK, SALES, REFUNDS = "Stripe Clearing", "Business Bank", "Sales", "Refunds"
RECEIVABLES, TAX, GAINS = "Accounts Receivable", "Sales Tax Payable", "Realized Gain/Loss"
RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"


def shop(moods: Moods | None = None, **settings: Any) -> Account:
    """Ada and Bob; the clock stands at noon, UTC, of 6 March 2026."""
    settings.setdefault("clock", Clock(NOON))
    account = Account(moods=moods, **settings)
    seed.customer(account, "Ada", email="ada@x.test", externalId="cus_ada")
    seed.customer(account, "Bob O'Neil", email="bob@x.test")
    return account


class Hands:
    """Speaks to the stand-in as a client does; `strict` sends the header that refuses unknown names."""

    def __init__(self, fake: FakeNetsuite, strict: bool = True) -> None:
        self.fake = fake
        self.account = fake.account
        self.http = requests.Session()
        self.http.headers["Authorization"] = "Bearer any"
        if strict:
            self.http.headers["X-NetSuite-PropertyNameValidation"] = "Error"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """`path` below the record service, or from /services or /app on."""
        place = path if path.startswith(("/services", "/app")) else f"{RECORDS}/{path}"
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else body if isinstance(body, str) else dumps(body)
        if data is not None:
            told.setdefault("Content-Type", "application/json")
        return self.http.request(
            method,
            f"{self.fake.base_url}{place}",
            data=data,
            headers=told,
            timeout=TIMEOUT,
            allow_redirects=False,
        )

    def get(self, path: str, **headers: str) -> Json:
        answer = self.send("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        found: Json = loads(answer.text)
        return found

    def whole(self, path: str) -> Json:
        """A record with its sublists."""
        return self.get(f"{path}?expandSubResources=true")

    def create(self, path: str, body: Json, **headers: str) -> str:
        """The id that is at the end of Location."""
        answer = self.send("POST", path, body, **headers)
        assert answer.status_code in (201, 204), answer.text
        assert answer.text == ""
        return answer.headers["Location"].rsplit("/", 1)[1]

    def change(self, path: str, body: Json, method: str = "PATCH") -> None:
        answer = self.send(method, path, body)
        assert answer.status_code == 204, answer.text

    def refused(self, method: str, path: str, body: Any = None, status: int = 400, **headers: str) -> Json:
        """The one detail of a refusal."""
        answer = self.send(method, path, body, **headers)
        assert answer.status_code == status, (answer.status_code, answer.text)
        assert answer.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=error"
        told = loads(answer.text)
        assert told["status"] == status
        (detail,) = told["o:errorDetails"]
        found: Json = detail
        return found

    def ask(self, query: str, **parameters: int) -> list[dict[str, str]]:
        """The rows of a page, without their links."""
        answer = self.query(query, **parameters)
        assert answer.status_code == 200, answer.text
        return [
            {name: value for name, value in row.items() if name != "links"} for row in answer.json()["items"]
        ]

    def query(self, query: str, **parameters: int) -> requests.Response:
        told = "&".join(f"{name}={value}" for name, value in parameters.items())
        return self.send("POST", f"{SUITEQL}?{told}" if told else SUITEQL, {"q": query}, Prefer="transient")

    def unasked(self, query: str, **parameters: int) -> str:
        """What is said of a query that is refused."""
        answer = self.query(query, **parameters)
        assert answer.status_code == 400, answer.text
        told: str = answer.json()["o:errorDetails"][0]["detail"]
        return told

    def loud(self, words: str) -> None:
        """The stand-in has noted this, and nothing else; from here on it is forgotten."""
        assert len(self.fake.broken) == 1 and words in self.fake.broken[0], self.fake.broken
        self.fake.broken.clear()

    # ------------------------------------------------------------------------------------------ bodies

    def ref(self, group: str, name: str) -> Json:
        return seed.reference(self.account, group, name)

    def line(self, amount: str, item: str = "Services", **more: Any) -> Json:
        return seed.line(self.account, amount, item, **more)

    def memo(self, *amounts: str, who: str = "Ada", **more: Any) -> Json:
        """A credit memo that takes back just these amounts, tax given by hand as none."""
        body: Json = {
            "entity": self.ref("customer", who),
            "item": {"items": [self.line(one) for one in amounts]},
        }
        if self.account.moods.tax == "suitetax":
            body["taxDetailsOverride"] = True
        return {**body, **more}

    def refund(
        self, *documents: Json | str, amount: str | None = None, who: str = "Ada", **more: Any
    ) -> Json:
        """A customer refund of these documents."""
        rows = []
        for one in documents:
            row: Json = {"doc": {"id": one if isinstance(one, str) else one["id"]}, "apply": True}
            rows.append(row if amount is None else {**row, "amount": Decimal(amount)})
        body: Json = {"customer": self.ref("customer", who), "account": self.ref("account", CLEARING)}
        return {**body, "apply": {"items": rows}, **more}
