"""A QuickBooks Online company with a little in it, and hands that write to it over HTTP, one request at a time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests
from vendors.quickbooks import Company, FakeQuickBooks
from vendors.quickbooks.wire import Json, dumps, loads
from vendors.quickbooks.writing import write

TIMEOUT = 10
CLEARING = "Stripe Clearing"
RECEIVABLES = "Accounts Receivable (A/R)"
INCOME = "Sales of Product Income"
TAX = "Sales Tax Payable"
FUNDS = "Undeposited Funds"


def shop(**settings: Any) -> Company:
    """Customer 1 (Ada), customer 2 (Bob O'Neil), item 1 (Widget, taxable) and item 2 (Support, not taxable)."""
    company = Company(**settings)
    for name in ("Ada", "Bob O'Neil"):
        write(
            company, "Customer", {"DisplayName": name, "PrimaryEmailAddr": {"Address": f"{name[:3]}@x.test"}}
        )
    for name, income, taxable in (("Widget", INCOME, True), ("Support", "Services", False)):
        account = {"value": company.account(income)["Id"]}
        item = {
            "Name": name,
            "Type": "Service",
            "IncomeAccountRef": account,
            "Taxable": taxable,
            "Sku": name[:3],
        }
        write(company, "Item", item)
    return company


def item_line(amount: str, item: str | None = "1", **more: Any) -> Json:
    detail = {**({} if item is None else {"ItemRef": {"value": item}}), **more}
    return {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def form(*amounts: str, customer: str | None = "1", **more: Any) -> Json:
    """A sales form of one Widget line for each amount."""
    named = {} if customer is None else {"CustomerRef": {"value": customer}}
    return {**named, "TxnDate": "2026-03-05", "Line": [item_line(one) for one in amounts], **more}


def pay_line(amount: str, kind: str, linked: Json) -> Json:
    return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": linked["Id"], "TxnType": kind}]}


def payment(amount: str, *lines: Json, customer: str = "1", **more: Any) -> Json:
    named = {"CustomerRef": {"value": customer}, "TxnDate": "2026-03-06"}
    return {**named, "TotalAmt": Decimal(amount), "Line": list(lines), **more}


class Hands:
    """Writes and reads as a careful client would; `account` gives a reference by name."""

    def __init__(self, fake: FakeQuickBooks) -> None:
        self.fake = fake
        self.company = fake.company
        self.http = requests.Session()
        self.use(fake.oauth.grant().access)

    def use(self, access: str) -> None:
        self.http.headers["Authorization"] = f"Bearer {access}"

    def account(self, name: str) -> Json:
        return {"value": self.company.account(name)["Id"]}

    def post(self, kind: str, body: Json, **parameters: str) -> requests.Response:
        address = self.fake.api(f"/{kind.lower()}")
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return self.http.post(
            address, data=dumps(body).encode(), params=parameters, headers=headers, timeout=TIMEOUT
        )

    def write(self, kind: str, body: Json, **parameters: str) -> Json:
        """The object that the answer holds; AssertionError where it is a refusal."""
        answer = self.post(kind, body, **parameters)
        told = loads(answer.text)
        assert answer.status_code == 200 and kind in told, answer.text
        found: Json = told[kind]
        return found

    def refusal(self, kind: str, body: Json, **parameters: str) -> tuple[str, str]:
        """Code and detail of the error that a write meets."""
        answer = self.post(kind, body, **parameters)
        assert answer.status_code == 400, answer.text
        error = answer.json()["Fault"]["Error"][0]
        return error["code"], error["Detail"]

    def code(self, kind: str, body: Json, **parameters: str) -> str:
        return self.refusal(kind, body, **parameters)[0]

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.http.get(self.fake.api(path), params=parameters, timeout=TIMEOUT)

    def read(self, kind: str, object_id: str) -> Json:
        answer = self.get(f"/{kind.lower()}/{object_id}")
        assert answer.status_code == 200, answer.text
        found: Json = loads(answer.text)[kind]
        return found

    def again(self, kind: str, one: Json) -> Json:
        return self.read(kind, one["Id"])

    def query(self, text: str) -> Json:
        """What stands in QueryResponse."""
        answer = self.get("/query", query=text)
        assert answer.status_code == 200, answer.text
        found: Json = loads(answer.text)["QueryResponse"]
        return found

    def query_code(self, text: str) -> str:
        answer = self.get("/query", query=text)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["Fault"]["Error"][0]["code"])

    # ------------------------------------------------------------------------------------------ common documents

    def paid_invoice(self, *amounts: str, **more: Any) -> tuple[Json, Json]:
        """An invoice and the payment that settles it into clearing."""
        invoice = self.write("Invoice", form(*amounts, **more))
        total = str(invoice["TotalAmt"])
        into: Json = {"DepositToAccountRef": self.account(CLEARING)}
        paid = self.write("Payment", payment(total, pay_line(total, "Invoice", invoice), **into))
        return invoice, paid

    def pay_out(self, amount: str, customer: str = "1", **more: Any) -> Json:
        """An expense out of clearing on the customer's receivables."""
        line = {
            "Amount": Decimal(amount),
            "DetailType": "AccountBasedExpenseLineDetail",
            "AccountBasedExpenseLineDetail": {
                "AccountRef": self.account(RECEIVABLES),
                "CustomerRef": {"value": customer},
            },
        }
        body = {
            "PaymentType": "Cash",
            "AccountRef": self.account(CLEARING),
            "EntityRef": {"value": customer, "type": "Customer"},
            "TxnDate": "2026-03-07",
            "Line": [line],
            **more,
        }
        return self.write("Purchase", body)

    def totals(self) -> dict[str, str]:
        """The trial balance as text."""
        return {name: str(amount) for name, amount in self.company.trial_balance().items()}
