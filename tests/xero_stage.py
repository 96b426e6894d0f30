"""Stages for faults: books and a Xero organisation at one moment, copied for each case, behind one server.

`picture` is all that an organisation holds, told by document keys, so that two can be compared whose documents were
written in another order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ledger_stage import DOCUMENT_KEY, LedgerCase, LedgerStage, copy_books, play_earlier
from small_shop import Shop
from vendors.xero import FakeXero, Organisation
from vendors.xero.fake import Request
from vendors.xero.moods import Moods
from vendors.xero.wire import Json, is_guid
from xero_books import SharedClock, XeroBooks
from xero_shown import id_of, marks_of, number_of

from connector.delivery.transport import Transport
from connector.ledgers.contract import Request as Sent
from connector.store.codec import decode_document

GONE = ("VOIDED", "DELETED")
# Longer than an absent answer is not believed.
SETTLED_S = 361
# Seconds until a list sees a write.
LAGS = (0, 60)
WRITTEN = ("Invoices", "CreditNotes", "Payments", "BankTransactions")
KINDS = (*WRITTEN, "Overpayments", "Prepayments", "Allocations")
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
class Case(LedgerCase[XeroBooks]):
    """One copy of a stage."""

    books: XeroBooks
    fake: FakeXero

    @property
    def organisation(self) -> Organisation:
        return self.fake.organisation

    @property
    def moods(self) -> Moods:
        return self.organisation.moods

    def keys(self, gone: bool = False) -> Counter[str]:
        return keys_in(self.organisation, gone)

    def calls(self) -> list[Request]:
        return self.fake.calls()

    def carry_out(self, request: Sent) -> None:
        transport = Transport(self.fake.api_url, (), "Xero-Correlation-Id", self.tenant)
        transport.send(request, self.fake.oauth.grant().access, 30)
        transport.close()

    @property
    def tenant(self) -> tuple[tuple[str, str], ...]:
        return (("xero-tenant-id", self.organisation.tenant_id),)

    def voiding(self) -> set[str]:
        """Those that void others."""
        texts = self.books.rows("document_text", "content")
        documents = (decode_document(content) for (content,) in texts)
        return {one.document_key for one in documents if one.voids}


@dataclass
class Stage(LedgerStage[Case]):
    """One server, and the organisation that stands behind it in each case."""

    fake: FakeXero
    books: XeroBooks
    organisation: Organisation

    @contextmanager
    def case(self, **moods: Any) -> Iterator[Case]:
        books, fake = copy_books(self.books, self.folder / "case"), self.fake
        take_place(fake, self.organisation.copy(SharedClock(books.world)))
        books.fake, books.hands = fake, self.books.hands
        books.hands.organisation = fake.organisation
        case = Case(books, fake)
        case.set_moods(moods)
        yield case
        assert fake.broken == []
        fake.organisation.check()

    def lagging(self, lag: int) -> Json:
        return {"read_lag": lag}

    def picture(self, case: Case) -> Json:
        return picture(case.organisation, self.numbers)

    def reads_a_holder(self, place: int, read_lag: int = 0, **moods: Any) -> bool:
        """Whether this request asks who holds a number that was refused: what it does not find is unknown, and the pass
        goes on."""
        one = self.asked[read_lag][place - 1]
        kind, _, name = one.path.strip("/").partition("/")
        return one.method == "GET" and kind == "CreditNotes" and bool(name) and not is_guid(name)


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
    play_earlier(books, shop, earlier)
    scene(books, shop)
    shop.write()
    made = Stage(
        *(name, books.folder.parent, numbers, LAGS, SETTLED_S),
        *(books.fake, books, books.organisation),
    )
    made.run_clean()
    return made
