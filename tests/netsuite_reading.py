"""A NetSuite account that is read: hands that write to it, and a courier that counts what it carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar
from urllib.parse import unquote

from netsuite_hands import CLEARING, RECEIVABLES, SALES, TAX, TIMEOUT, Hands, shop
from vendors.netsuite import FakeNetsuite, Moods
from vendors.netsuite import seeding as seed
from vendors.netsuite.wire import Json

from connector.ledgers.contract import Answer, Found, Reference, Request, Steps, run_steps
from connector.ledgers.netsuite_by_record import RecordReader
from connector.ledgers.netsuite_directory import Directory, read_directory
from connector.ledgers.netsuite_found import (
    find_documents,
    find_numbered,
    find_refunds,
    numbers_taken,
    scan,
)
from connector.ledgers.netsuite_records import Reader
from connector.ledgers.netsuite_sales import find_sales
from connector.ledgers.netsuite_suiteql import SuiteqlReader
from connector.ledgers.netsuite_wants import Wants
from connector.planning.mapping_model import AccountMap, Mapping
from connector.planning.model import Sale

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

    # ------------------------------------------------------------------------------------------ what is asked

    def sales(self, references: Sequence[Reference]) -> dict[str, Sale | None]:
        return self.run(find_sales(references, self.directory, self.mapping, self.reader))

    def sale(self, number: str | None = "100", charge_id: str = "ch_1", **more: Any) -> Sale | None:
        """The sale of one charge."""
        fields: dict[str, Any] = {"stripe_ids": (charge_id,), "day": DAY, **more}
        return self.sales([Reference(charge_id, "usd", number, **fields)])[charge_id]

    def the_sale(self, number: str | None = "100", charge_id: str = "ch_1", **more: Any) -> Sale:
        """AssertionError where there is none."""
        sale = self.sale(number, charge_id, **more)
        assert sale is not None, self.carried
        return sale

    def scan_all(self, start: date = START) -> list[Found]:
        hits: list[Found] = []
        cursor: str | None = None
        while True:
            page, cursor = self.run(scan(cursor, start, self.directory, self.mapping, self.reader))
            hits += page
            if cursor is None:
                return hits

    def refunds(self, *refund_ids: str, day: date = DAY) -> dict[str, list[Found]]:
        asked = dict.fromkeys(refund_ids, day)
        return self.run(find_refunds(asked, self.directory, self.mapping, self.reader))

    def documents(self, *ledger_ids: str) -> dict[str, Found]:
        return self.run(find_documents(ledger_ids, self.directory, self.mapping, self.reader))

    def numbered(self, number: str) -> list[Found]:
        return self.run(find_numbered(number, self.directory, self.mapping, self.reader))

    def taken(self, scope: str, *numbers: str) -> dict[str, Found]:
        return self.run(numbers_taken(scope, numbers, self.directory, self.mapping, self.reader))

    # ------------------------------------------------------------------------------------------ what is written

    def invoice(self, *amounts: str | Json, who: str = "Ada", number: str = "100", **more: Any) -> Json:
        return seed.invoice(self.account, who, *(amounts or ("100",)), number=number, **more)

    def paid(self, invoice: Json, amount: str = "110", who: str = "Ada", **more: Any) -> Json:
        return seed.payment(self.account, who, amount, on=invoice, **more)

    def unapplied(self, amount: str = "110", who: str = "Ada", **more: Any) -> Json:
        return seed.payment(self.account, who, amount, **more)


def id_of(one: Json) -> str:
    """The ledger id of a record of the stand-in."""
    return f"{one['_type']}/{one['id']}"


@contextmanager
def reading(
    way: str = SUITEQL, moods: Moods | None = None, settings: dict[str, Any] | None = None, **shopped: Any
) -> Iterator[Reading]:
    with FakeNetsuite(shop(moods, **shopped)) as fake:
        yield Reading(fake, way, **(settings or {}))
