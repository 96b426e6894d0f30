"""Stages for faults: books and a QuickBooks company at one moment, copied for each case, behind one server.

`picture` is all that a company holds, told by document keys, so that two companies can be compared whose documents were
written in another order.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from quickbooks_books import QuickBooksBooks, SharedClock
from small_shop import Shop
from vendors.quickbooks import Company, FakeQuickBooks, Request
from vendors.quickbooks.oauth import OAuth
from vendors.quickbooks.settling import LINKABLE
from vendors.quickbooks.wire import Json
from vendors.quickbooks.writing import TRANSACTIONS

from connector.delivery.transport import Transport
from connector.ledgers.contract import Request as Sent
from connector.sync import PassReport

DOCUMENT_KEY = re.compile(r"\bdk[a-z2-7]{24}\b")
ARRIVED = {"posted", "reversed"}
# Longer than an absent answer is not believed.
SETTLED_S = 121
# Seconds until a query sees a write.
LAGS = (0, 60)


# ------------------------------------------------------------------------------------------------ what a company holds


def key_of(one: Json) -> str | None:
    found = DOCUMENT_KEY.search(f"{one.get('PrivateNote', '')} {one.get('Notes', '')}")
    return found[0] if found else None


def keys_in(company: Company) -> Counter[str]:
    """How many objects of the company bear each document key."""
    every = [one for kind in (*TRANSACTIONS, "Customer") for one in company.documents(kind)]
    return Counter(key for one in every if (key := key_of(one)) is not None)


def picture(company: Company, numbers: bool = True) -> Json:
    """All transactions by key (or by id, where others wrote them), what each links, and every balance."""
    names = {
        (kind, one["Id"]): key_of(one) or f"{kind} {one['Id']}"
        for kind in (*TRANSACTIONS, "Customer")
        for one in company.documents(kind)
    }
    shown = {}
    for kind in TRANSACTIONS:
        for one in company.documents(kind):
            customer = (one.get("CustomerRef") or one.get("EntityRef") or {}).get("value")
            told = {name: one.get(name) for name in ("TxnDate", "TotalAmt", "Balance", "RemainingCredit")}
            told |= {
                "UnappliedAmt": one.get("UnappliedAmt"),
                "customer": names.get(("Customer", str(customer))),
            }
            told["entry"] = str(entry_of(company, kind, one["Id"], names))
            if kind == "Payment":
                told["links"] = sorted(links_of(one, names))
            if numbers:
                told["number"] = one.get("DocNumber", one.get("PaymentRefNum"))
            shown[names[kind, one["Id"]]] = (kind, told)
    customers = {names["Customer", one["Id"]]: one["DisplayName"] for one in company.documents("Customer")}
    open_ = {
        name: company.open_balance(one_id) for (kind, one_id), name in names.items() if kind == "Customer"
    }
    return {
        "documents": shown,
        "customers": customers,
        "open": open_,
        "trial balance": company.trial_balance(),
    }


def links_of(payment: Json, names: dict[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    for line in payment["Line"]:
        for link in line["LinkedTxn"]:
            yield names[LINKABLE[link["TxnType"]], link["TxnId"]], str(line["Amount"])


def entry_of(company: Company, kind: str, object_id: str, names: dict[tuple[str, str], str]) -> list[Any]:
    entry = company.ledger.entries.get((kind, object_id))
    postings = entry.postings if entry is not None else ()
    return sorted(
        (one.account, str(one.amount), names.get(("Customer", one.customer or ""), "")) for one in postings
    )


# ------------------------------------------------------------------------------------------------ a case


@dataclass
class Case:
    """One copy of a stage."""

    books: QuickBooksBooks
    fake: FakeQuickBooks

    @property
    def company(self) -> Company:
        return self.fake.company

    def set_moods(self, moods: Json) -> None:
        for name, value in moods.items():
            assert hasattr(self.company.moods, name)
            setattr(self.company.moods, name, value)

    def sync(self, later_s: int = 0) -> PassReport:
        self.books.world.clock.now += later_s
        return self.books.sync()

    def check_no_wrong_state(self, died: bool = False) -> None:
        """Posted means that it stands in the books, once; what stands there is never called planned or refused, and
        never without what it follows. A run that `died` leaves what it was sending."""
        found = keys_in(self.company)
        assert [key for key, count in found.items() if count > 1] == []
        rows = self.books.rows("document", "document_key, state, after_keys, kind")
        states = {row[0]: row[1] for row in rows}
        arrived = {key for key, state in states.items() if state in ARRIVED}
        # A void, and a link that is a line of another's payment, bear no key.
        own = {row[0] for row in rows if row[3] not in ("void", "application")}
        assert arrived & own <= set(found) <= set(states)
        assert {states[key] for key in set(found) - arrived} <= {
            "unknown",
            "held",
            *(["sending"] if died else []),
        }
        assert [
            key for key, _, after, _ in rows if key in found and not arrived.issuperset(after.split())
        ] == []

    @property
    def is_settled(self) -> bool:
        return set(self.books.states()) <= ARRIVED

    def calls(self) -> list[Request]:
        return api_requests(self.fake)

    def carry_out(self, request: Sent) -> None:
        """What was on its way arrives."""
        transport = Transport(self.fake.api(""), (("minorversion", "75"),), "intuit_tid")
        transport.send(request, self.fake.oauth.grant().access, 30)
        transport.close()


@dataclass
class Stage:
    """`result` is the picture after a clean pass, `asked` the requests of that pass, in order, by how long the company's
    index lags; `survey` is how many of them every pass begins with. `numbers`: they come out the same whatever happens,
    since the company refuses none."""

    name: str
    folder: Path
    fake: FakeQuickBooks
    books: QuickBooksBooks
    company: Company
    oauth: OAuth
    numbers: bool
    result: Json = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    survey: int = 0
    asked: dict[int, list[Request]] = field(default_factory=dict)
    settled_s: int = SETTLED_S

    @contextmanager
    def case(self, **moods: Any) -> Iterator[Case]:
        """A copy, in the place of the one before; `moods` are those of its company."""
        books, fake = copy_books(self.books, self.folder / "case"), self.fake
        clock = SharedClock(books.world)
        take_place(fake, self.company.copy(clock), self.oauth.copy(clock))
        books.fake = fake
        case = Case(books, fake)
        case.set_moods(moods)
        yield case
        assert fake.broken == []
        fake.company.check()

    def run_clean(self) -> None:
        """The requests and the result that every other case must come to."""
        for lag in LAGS:
            with self.case(index_lag=lag) as case:
                report = case.sync()
                assert report.errors == [] and case.is_settled
                case.check_no_wrong_state()
                self.asked[lag] = api_requests(case.fake)
                result = picture(case.company, self.numbers)
                assert result == (self.result or result)
                self.result = result
                self.rows = outcome_rows(case.books)
                self.count_survey(case)

    def count_survey(self, case: Case) -> None:
        before = len(api_requests(case.fake))
        assert case.sync(SETTLED_S).errors == []
        self.survey = len(api_requests(case.fake)) - before

    def places(self, writes: bool, lag: int = 0) -> list[int]:
        """The numbers, from 1, of the requests of a clean pass that write, or that read."""
        return [place for place, one in enumerate(self.asked[lag], start=1) if one.is_write == writes]

    def check_result(self, case: Case) -> None:
        """It came out as without any fault."""
        seen = picture(case.company, self.numbers)
        for part, wanted in self.result.items():
            assert seen[part] == wanted, part
        if self.numbers:
            assert outcome_rows(case.books) == self.rows

    def reads_a_holder(self, place: int, index_lag: int = 0, **moods: Any) -> bool:
        """Whether this request asks who holds a number that was refused: what it does not find is unknown, and the pass
        goes on."""
        lag = index_lag
        before = [one for one in self.asked[lag][: place - 1] if one.is_write]
        one = self.asked[lag][place - 1]
        return one.asked.method == "GET" and bool(before) and before[-1].status == 400


def api_requests(fake: FakeQuickBooks) -> list[Request]:
    return [one for one in fake.requests if one.asked.path.startswith("/v3/")]


def outcome_rows(books: QuickBooksBooks) -> list[Any]:
    """What the state says in the end, but for the ledger's ids, which depend on the order, and for how a sale names its
    customer, who may be known by the time it is planned anew."""
    return [
        books.rows("decision", "subject_id, outcome, reason, sentence, action, number, revision"),
        books.rows("decision WHERE subject = 'refund'", "subject_id, shares"),
        books.rows("document", "document_key, state, number, kind, reason"),
        books.rows("refund_number", "refund_id, revision, sale_number, n, number, settled"),
        books.rows("sale_number", "charge_id, number"),
    ]


def copy_books(books: QuickBooksBooks, folder: Path) -> QuickBooksBooks:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(books.folder, folder)
    copied = QuickBooksBooks(folder, **books.ledger)
    copied.world.clock.now = books.world.clock.now
    copied.world.clock.issued = books.world.clock.issued
    return copied


def take_place(fake: FakeQuickBooks, company: Company, oauth: OAuth) -> None:
    """The server serves this company from now on, and has forgotten all else."""
    fake.company = company
    fake.companies = {company.realm: company}
    fake.oauth = oauth
    fake.requests.clear()
    fake.faults.clear()
    fake.before_request = None


Scene = Callable[[QuickBooksBooks, Shop], None]


def make_stage(
    name: str, books: QuickBooksBooks, shop: Shop, numbers: bool, earlier: Scene | None, scene: Scene
) -> Stage:
    """The stage after `earlier` was posted cleanly, with `scene` still to be posted."""
    if earlier is not None:
        earlier(books, shop)
        shop.write()
        assert books.sync().errors == []
        assert set(books.states()) <= ARRIVED, books.rows("document", "kind, state, reason, sentence")
    scene(books, shop)
    shop.write()
    made = Stage(
        *(name, books.folder.parent, books.fake, books, books.company, books.fake.oauth, numbers),
    )
    made.run_clean()
    return made
