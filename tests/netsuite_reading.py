"""A NetSuite account that is read: hands that write to it, and a courier that counts what it carries."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeVar
from urllib.parse import unquote

from netsuite_hands import CLEARING, RECEIVABLES, SALES, TAX, TIMEOUT, Hands
from vendors.netsuite import FakeNetsuite
from vendors.netsuite.wire import Json

from connector.ledgers.contract import Answer, Request, Steps, run_steps
from connector.ledgers.netsuite_by_record import RecordReader
from connector.ledgers.netsuite_directory import Directory, read_directory
from connector.ledgers.netsuite_records import Reader
from connector.ledgers.netsuite_suiteql import SuiteqlReader
from connector.ledgers.netsuite_wants import Wants
from connector.planning.mapping_model import AccountMap, Mapping

T = TypeVar("T")
DAY = date(2026, 3, 6)
START = date(2026, 3, 1)
WANTS = Wants(START, account_id="1234567_SB1")
KEYS = {name: f"dk{name * 24}" for name in "abcdefgh"}
SUITEQL, BY_RECORD = "suiteql", "by_record"
WAYS = (SUITEQL, BY_RECORD)


def mapping(**changes: Any) -> Mapping:
    fields: dict[str, Any] = {
        "kind": "netsuite",
        "clearing_accounts": AccountMap(CLEARING),
        "receivable_accounts": AccountMap(RECEIVABLES),
        "fees": "Stripe Fees",
        "exchange": "Exchange Gain or Loss",
        "sales": SALES,
        "tax": TAX,
        "sales_items": {"*": "Services"},
        "refund_items": {"*": "Refunds"},
        "exchange_item": "Exchange",
    }
    return Mapping(**{**fields, **changes})


def note(key: str, marks: str, *ids: str, number: str | None = None, sale: str | None = None) -> Json:
    """External id and memo as the connector writes them."""
    told = marks + "".join(f"; {name} {text}" for name, text in (("number", number), ("sale", sale)) if text)
    return {"externalId": KEYS[key], "memo": " ".join(("Refund", *ids, KEYS[key], f"[{told}]"))}


class Reading(Hands):
    """Hands that write, and what reads; `carried` are its reads since it was opened, without escapes. `way`: whether the
    role may use SuiteQL."""

    def __init__(self, fake: FakeNetsuite, way: str = SUITEQL, **changes: Any) -> None:
        super().__init__(fake)
        self.way = way
        self.carried: list[str] = []
        self.mapping: Mapping
        self.directory: Directory
        self.reader: Reader
        self.open(**changes)

    def open(self, **changes: Any) -> None:
        """As a new run does."""
        if self.way == BY_RECORD:
            self.account.role_lacks.add("suiteql")
        self.mapping = mapping(**changes)
        self.directory = self.run(read_directory(self.mapping, WANTS))
        self.reader = self.reader_of(self.way)
        self.carried.clear()

    def reader_of(self, way: str) -> Reader:
        return SuiteqlReader(self.directory) if way == SUITEQL else RecordReader(self.directory)

    def carry(self, request: Request) -> Answer:
        body = request.body.decode()
        self.carried.append(unquote(request.target) + (f" {body}" if body else ""))
        answer = self.http.request(
            request.method,
            f"{self.fake.base_url}{request.target}",
            data=request.body or None,
            headers=dict(request.headers),
            timeout=TIMEOUT,
        )
        return Answer(answer.status_code, answer.content, tuple(answer.headers.items()))

    def run(self, steps: Steps[T]) -> T:
        return run_steps(steps, self)
