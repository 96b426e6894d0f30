"""Stages for faults: books and a Xero organisation at one moment, copied for each case, behind one server.

`picture` is all that an organisation holds, told by document keys, so that two can be compared whose documents were
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

from small_shop import Shop
from vendors.xero import FakeXero, Organisation
from vendors.xero.fake import Request
from vendors.xero.wire import Json, is_guid
from xero_books import SharedClock, XeroBooks
from xero_shown import id_of, marks_of, number_of

from connector.delivery.transport import Transport
from connector.ledgers.contract import Request as Sent
from connector.store.codec import decode_document
from connector.sync import PassReport

DOCUMENT_KEY = re.compile(r"\bdk[a-z2-7]{24}\b")
ARRIVED = {"posted", "reversed"}
GONE = ("VOIDED", "DELETED")
# Longer than an absent answer is not believed.
SETTLED_S = 361
# Seconds until a list sees a write.
LAGS = (0, 60)
WRITTEN = ("Invoices", "CreditNotes", "Payments", "BankTransactions")
KINDS = (*WRITTEN, "Overpayments", "Prepayments", "Allocations")
# A document of these kinds has no object of its own.
ON_OTHERS = ("void", "application", "customer")
_BROUGHT = {"OverpaymentID": "Overpayments", "PrepaymentID": "Prepayments"}
Named = dict[tuple[str, str], str]


# ------------------------------------------------------------------------------------------------ what one holds


def key_of(one: Json) -> str | None:
    found = DOCUMENT_KEY.search(marks_of(one))
    return found[0] if found else None


def keys_in(organisation: Organisation, gone: bool = False) -> Counter[str]:
    """How many objects of the organisation bear each document key; with `gone` also those that stand no more."""
    every = [one for kind in WRITTEN for one in organisation.documents(kind)]
    rows = [one for one in every if gone or one["Status"] not in GONE]
    return Counter(key for one in rows if (key := key_of(one)) is not None)


def is_made_again(kind: str, one: Json) -> bool:
    """A payment in the place of one that was deleted: which refund made which depends on the one that came first."""
    return kind == "Payments" and "[application" in one.get("Reference", "")


def names_of(organisation: Organisation) -> Named:
    """Of every object the document key, or its kind and id where others wrote it."""
    names: Named = {}
    for kind in WRITTEN:
        for one in organisation.documents(kind):
            object_id = id_of((kind, one))
            names[kind, object_id] = key_of(one) or f"{kind} {object_id}"
            if is_made_again(kind, one):
                names[kind, object_id] = f"{kind} made again"
            for name, credit in _BROUGHT.items():
                if name in one:
                    names[credit, one[name]] = f"credit of {names[kind, object_id]}"
    for one in organisation.documents("Allocations"):
        on = " on ".join(names[key] for key in one["_on"])
        names["Allocations", one["AllocationID"]] = f"{on}, {one['Status']}"
    return names


def picture(organisation: Organisation, numbers: bool = True) -> Json:
    """All that moves money, in order, each with its status, what is open of it, what settles it and what it books; and
    every contact and balance."""
    names = names_of(organisation)
    contacts = {one["ContactID"]: one for one in organisation.documents("Contacts")}
    shown = []
    for kind in KINDS:
        for one in organisation.documents(kind):
            object_id = id_of((kind, one))
            told = {name: str(one.get(name)) for name in ("Status", "Date", "Total", "Amount", "BankAmount")}
            told |= {name: str(one.get(name)) for name in ("AmountDue", "RemainingCredit")}
            if "Contact" in one:
                told["contact"] = contacts[one["Contact"]["ContactID"]]["Name"]
            told["settled by"] = str(sorted(names[key] for key in one.get("_settled", ())))
            told["pays"] = str([names[key] for key in one.get("_on", ())])
            told["entry"] = str(entry_of(organisation, (kind, object_id), contacts))
            if numbers and kind in WRITTEN and not is_made_again(kind, one):
                told["number"] = number_of(one)
            shown.append((names[kind, object_id], kind, sorted(told.items())))
    return {
        "documents": sorted(shown),
        "contacts": sorted(
            (one["Name"], one.get("ContactNumber"), one["ContactStatus"]) for one in contacts.values()
        ),
        "trial balance": organisation.trial_balance(),
        "left open": str(left_open(organisation)),
    }


def entry_of(organisation: Organisation, key: tuple[str, str], contacts: dict[str, Json]) -> list[Any]:
    entry = organisation.ledger.entries.get(key)
    accounts = organisation.shelf.kinds["Accounts"]
    return sorted(
        (accounts[one.account]["Name"], str(one.amount), contacts[one.contact]["Name"] if one.contact else "")
        for one in (entry.postings if entry is not None else ())
    )


def left_open(organisation: Organisation) -> list[str]:
    """What is still owed to customers, or by them."""
    rows = [one for kind in KINDS for one in organisation.documents(kind) if one["Status"] not in GONE]
    open_of = (one.get(name) for one in rows for name in ("AmountDue", "RemainingCredit"))
    return sorted(str(amount) for amount in open_of if amount)


# ------------------------------------------------------------------------------------------------ a case


@dataclass
class Case:
    """One copy of a stage."""

    books: XeroBooks
    fake: FakeXero

    @property
    def organisation(self) -> Organisation:
        return self.fake.organisation

    def set_moods(self, moods: Json) -> None:
        for name, value in moods.items():
            assert hasattr(self.organisation.moods, name)
            setattr(self.organisation.moods, name, value)

    def sync(self, later_s: int = 0) -> PassReport:
        self.books.world.clock.now += later_s
        return self.books.sync()

    def calls(self) -> list[Request]:
        return self.fake.calls()

    def carry_out(self, request: Sent) -> None:
        """What was on its way arrives."""
        transport = Transport(self.fake.api_url, (), "Xero-Correlation-Id", self.tenant)
        transport.send(request, self.fake.oauth.grant().access, 30)
        transport.close()

    @property
    def tenant(self) -> tuple[tuple[str, str], ...]:
        return (("xero-tenant-id", self.organisation.tenant_id),)

    def check_no_wrong_state(self, died: bool = False) -> None:
        """Posted means that it stands in the books, once; what stands there is never called planned or refused, and
        never without what it follows. A run that `died` leaves what it was sending."""
        standing = keys_in(self.organisation)
        found = set(keys_in(self.organisation, gone=True))
        assert [key for key, count in standing.items() if count > 1] == []
        rows = self.books.rows("document", "document_key, state, after_keys, kind")
        states = {row[0]: row[1] for row in rows}
        arrived = {key for key, state in states.items() if state in ARRIVED}
        own = {row[0] for row in rows if row[3] not in ON_OTHERS} - self.voiding()
        assert arrived & own <= found <= set(states)
        assert {states[key] for key in set(standing) - arrived} <= {
            "unknown",
            "held",
            *(["sending"] if died else []),
        }
        assert [
            key for key, _, after, _ in rows if key in standing and not arrived.issuperset(after.split())
        ] == []

    def voiding(self) -> set[str]:
        """Keys of the documents that void others and have no object of their own."""
        texts = self.books.rows("document_text", "content")
        documents = (decode_document(content) for (content,) in texts)
        return {one.document_key for one in documents if one.voids}

    @property
    def is_settled(self) -> bool:
        """Every document has arrived, and no refund waits to become one."""
        waiting = [one for one, _ in self.books.outcomes().values() if one in ("waiting", "failed")]
        return set(self.books.states()) <= ARRIVED and not waiting


@dataclass
class Stage:
    """`result` is the picture after a clean pass, `asked` the requests of that pass, in order, by how long the lists of
    the organisation lag; `survey` is how many of them every pass begins with. `numbers`: they come out the same whatever
    happens, since no number of ours is refused."""

    name: str
    folder: Path
    fake: FakeXero
    books: XeroBooks
    organisation: Organisation
    numbers: bool
    result: Json = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)
    survey: int = 0
    asked: dict[int, list[Request]] = field(default_factory=dict)
    settled_s: int = SETTLED_S

    @contextmanager
    def case(self, **moods: Any) -> Iterator[Case]:
        """A copy, in the place of the one before; `moods` are those of its organisation."""
        books, fake = copy_books(self.books, self.folder / "case"), self.fake
        take_place(fake, self.organisation.copy(SharedClock(books.world)))
        books.fake, books.hands = fake, self.books.hands
        books.hands.organisation = fake.organisation
        case = Case(books, fake)
        case.set_moods(moods)
        yield case
        assert fake.broken == []
        fake.organisation.check()

    def run_clean(self) -> None:
        """The requests and the result that every other case must come to."""
        for lag in LAGS:
            with self.case(read_lag=lag) as case:
                report = case.sync()
                assert report.errors == [], report.errors
                case.check_no_wrong_state()
                self.asked[lag] = list(case.calls())
                if lag:
                    # A second refund that opens an invoice again waits for what a list will show of the first.
                    assert case.sync(SETTLED_S).errors == []
                assert case.is_settled, case.books.rows("document", "kind, state, reason, sentence")
                case.check_no_wrong_state()
                result = picture(case.organisation, self.numbers)
                assert result == (self.result or result)
                self.result = result
                self.rows = outcome_rows(case.books)
                self.count_survey(case)

    def count_survey(self, case: Case) -> None:
        before = len(case.calls())
        assert case.sync(SETTLED_S).errors == []
        self.survey = len(case.calls()) - before

    def places(self, writes: bool, lag: int = 0) -> list[int]:
        """The numbers, from 1, of the requests of a clean pass that write, or that read."""
        return [place for place, one in enumerate(self.asked[lag], start=1) if one.is_write == writes]

    def check_result(self, case: Case) -> None:
        """It came out as without any fault."""
        seen = picture(case.organisation, self.numbers)
        for part, wanted in self.result.items():
            assert seen[part] == wanted, part
        if self.numbers:
            assert outcome_rows(case.books) == self.rows

    def reads_a_holder(self, place: int, read_lag: int = 0, **moods: Any) -> bool:
        """Whether this request asks who holds a number that was refused: what it does not find is unknown, and the pass
        goes on."""
        one = self.asked[read_lag][place - 1]
        kind, _, name = one.path.strip("/").partition("/")
        return one.method == "GET" and kind == "CreditNotes" and bool(name) and not is_guid(name)


def outcome_rows(books: XeroBooks) -> list[Any]:
    """What the state says in the end, but for the ledger's ids, which depend on the order."""
    return [
        books.rows("decision", "subject_id, outcome, reason, sentence, action, number, revision"),
        books.rows("decision WHERE subject = 'refund'", "subject_id, shares"),
        books.rows("document", "document_key, state, number, kind, reason"),
        books.rows("refund_number", "refund_id, revision, sale_number, n, number, settled"),
        books.rows("sale_number", "charge_id, number"),
    ]


def copy_books(books: XeroBooks, folder: Path) -> XeroBooks:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(books.folder, folder)
    copied = XeroBooks(folder, **books.ledger)
    copied.world.clock.now = books.world.clock.now
    copied.world.clock.issued = books.world.clock.issued
    return copied


def take_place(fake: FakeXero, organisation: Organisation) -> None:
    """The server serves this organisation from now on, and has forgotten all else but who may ask."""
    fake.organisation = organisation
    fake.organisations = {organisation.tenant_id: organisation}
    fake.oauth = fake.oauth.copy(fake.now)
    fake.keys.forget()
    fake.requests.clear()
    fake.faults.clear()
    fake.before_request = None


Scene = Callable[[XeroBooks, Shop], None]


def make_stage(
    name: str, books: XeroBooks, shop: Shop, numbers: bool, earlier: Scene | None, scene: Scene
) -> Stage:
    """The stage after `earlier` was posted cleanly, with `scene` still to be posted."""
    if earlier is not None:
        earlier(books, shop)
        shop.write()
        assert books.sync().errors == []
        assert set(books.states()) <= ARRIVED, books.rows("document", "kind, state, reason, sentence")
    scene(books, shop)
    shop.write()
    made = Stage(name, books.folder.parent, books.fake, books, books.organisation, numbers)
    made.run_clean()
    return made
