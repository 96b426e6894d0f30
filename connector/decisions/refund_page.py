"""All that a page of refunds may depend on, read in bulk: from the state first, then from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from connector.decisions.charges import found_of
from connector.ledgers.contract import Courier, Found, Ledger, Reference, run_steps
from connector.planning.allocation import Share
from connector.planning.case import Books, ChargeCase, LedgerPolicy, PersonWord
from connector.planning.model import Document, Sale, Settles
from connector.planning.numbering import number_candidates, shorten
from connector.planning.stripe_facts import CreditNote, Refund
from connector.store.bulk import within
from connector.store.codec import decode_sale, decode_shares
from connector.store.documents import select_with_text
from connector.store.facts import FactReader
from connector.store.schema import decision, document, found
from connector.store.words import read_words

# What a decision may be due for, beyond that it is due: a person asked with resync, or with resync --replace.
ASKED, REPLACE = 3, 4


@dataclass(frozen=True, slots=True)
class OpenCredit:
    """A credit memo that `owe_customer` left open: what it took of the sale, and what other refunds have paid out of
    it since, in the charge's currency, with their parts of its shares. `holder`: once it was paid out, the money that
    came back is what is open."""

    memo: Document
    shares: tuple[Share, ...]
    holder: Settles | None = None
    used_minor: int = 0
    used_shares: tuple[Share, ...] = ()


@dataclass(slots=True)
class Page:
    """What is known of the refunds of a page, by refund id, and of their charges, by charge id.

    `named` are documents that people adopted, by ledger id.
    `neighbours` are other refunds of the same sales, `rows` the decisions on them, `of_sale` those of the page, both by
    the sale's ledger id. `shares` is what each took of its sale, `posted` those whose documents stand and stay as they
    are, `adopted` those whose documents others booked, `taken_up` the ledger ids of documents of others that are refunds
    of a charge, by charge id, `owed` the credit memos that failed refunds of this page leave open, `paid` the refunds of
    this page that pay such a memo out, by its key. `before` are the sales of charges with refunds to be replaced as they
    were before these refunds.
    """

    refunds: dict[str, Refund] = field(default_factory=dict)
    charges: dict[str, ChargeCase] = field(default_factory=dict)
    charge_of: dict[str, str | None] = field(default_factory=dict)
    siblings: dict[str, list[Refund]] = field(default_factory=dict)
    neighbours: dict[str, list[Refund]] = field(default_factory=dict)
    of_sale: dict[str, list[Refund]] = field(default_factory=dict)
    credit_notes: dict[str, tuple[CreditNote, ...]] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    sales: dict[str, Sale | None] = field(default_factory=dict)
    before: dict[str, Sale | None] = field(default_factory=dict)
    blocked: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    documents: dict[str, list[Any]] = field(default_factory=dict)
    hits: dict[str, Found] = field(default_factory=dict)
    ours: dict[str, list[Found]] = field(default_factory=dict)
    others: dict[str, list[Found]] = field(default_factory=dict)
    named: dict[str, Found] = field(default_factory=dict)
    words: dict[str, PersonWord] = field(default_factory=dict)
    shares: dict[str, tuple[Share, ...]] = field(default_factory=dict)
    posted: set[str] = field(default_factory=set)
    adopted: set[str] = field(default_factory=set)
    taken_up: dict[str, set[str]] = field(default_factory=dict)
    owed: dict[str, OpenCredit] = field(default_factory=dict)
    paid: dict[str, list[str]] = field(default_factory=dict)

    def sale_of(self, refund_id: str) -> Sale | None:
        """The sale of the refund's charge; of a refund without one, the sale that a person named."""
        return self.sales.get(self.charge_of.get(refund_id) or refund_id)

    def sale_before(self, refund_id: str) -> Sale | None:
        """The same sale without the documents that are to be replaced."""
        name = self.charge_of.get(refund_id) or refund_id
        return self.before.get(name, self.sales.get(name))

    def sale_less_taken_up(self, refund_id: str) -> Sale | None:
        """The sale without what others booked for refunds of this charge: those count by their own shares."""
        sale, mine = self.sale_of(refund_id), self.taken_up.get(self.charge_of.get(refund_id) or "")
        if sale is None or not mine:
            return sale
        return replace(sale, booked=tuple(b for b in sale.booked if b.ledger_id not in mine))

    def word_on(self, refund_id: str) -> PersonWord:
        """What a person decided about a refund; the sale that was named for another of its charge is its sale too."""
        word = self.words.get(refund_id, PersonWord())
        sale_id = word.sale_id or self.sale_named(self.charge_of.get(refund_id))
        return word if sale_id == word.sale_id else replace(word, sale_id=sale_id)

    def sale_named(self, charge_id: str | None) -> str | None:
        if not self.words:
            return None
        siblings = self.siblings.get(charge_id or "", ())
        named = [self.words[r.refund_id].sale_id for r in siblings if r.refund_id in self.words]
        return next((sale_id for sale_id in reversed(named) if sale_id), None)


class PageReader:
    """Reads pages of refunds of one ledger. `first_run` is when the ledger was first written to."""

    def __init__(
        self, books: Books, policy: LedgerPolicy, ledger: Ledger, courier: Courier, first_run: int
    ) -> None:
        self.books = books
        self.policy = policy
        self.ledger = ledger
        self.courier = courier
        self.first_run = first_run

    def read(self, connection: Connection, reader: FactReader, rows: Sequence[Any]) -> Page:
        page = Page()
        ids = [row.subject_id for row in rows]
        self._read_facts(reader, page, ids)
        self._read_state(connection, page, ids)
        self._ask_ledger(page, rows)
        self._read_neighbours(connection, reader, page)
        return page

    def is_adopting(self, row: Any) -> bool:
        """Whether documents that others booked for this refund count as its own."""
        if self.books.adopt == "cut_over":
            return bool(row.created < self.first_run)
        return self.books.adopt == "always"

    def _read_facts(self, reader: FactReader, page: Page, ids: Sequence[str]) -> None:
        reader.load(ids)
        page.refunds = {i: r for i in ids if (r := reader.get(i, Refund)) is not None}
        page.charge_of = reader.charge_ids_of(page.refunds.values())
        charge_ids = sorted({c for c in page.charge_of.values() if c is not None})
        # A sale's number may stand on the checkout session.
        numbered = any(one.source.startswith("checkout_session.") for one in self.books.number_sources)
        page.charges = reader.charge_cases(charge_ids, sold=False, sessions=numbered)
        siblings = reader.refunds_of(charge_ids)
        page.siblings = {charge_id: siblings.get(charge_id, []) for charge_id in charge_ids}
        reader.load(
            i
            for r in page.refunds.values()
            for i in (r.balance_transaction_id, r.failure_balance_transaction_id)
        )

    def _read_state(self, connection: Connection, page: Page, ids: Sequence[str]) -> None:
        name, charge_ids = self.policy.name, list(page.siblings)
        siblings = {r.refund_id for group in page.siblings.values() if len(group) > 1 for r in group}
        page.words = read_words(connection, name, sorted(siblings.union(ids)))
        self._read_taken_up(connection, page, siblings)
        for row in connection.execute(
            select_with_text().where(
                document.c.ledger == name, within(connection, document.c.subject_id, ids)
            )
        ).all():
            page.documents.setdefault(row.subject_id, []).append(row)
        page.hits = found_of(connection, name, found.c.refund_id, ids)
        for hit in self._read_whole(page).values():
            page.ours.setdefault(hit.refund_id or "", []).append(hit)
        if self.policy.fees:
            # A void posts the fee of its charge, which names no refund.
            page.hits |= found_of(connection, name, found.c.charge_id, charge_ids)
        if self.policy.sales != "find":
            self._read_own_sales(connection, page, charge_ids)

    def _read_taken_up(self, connection: Connection, page: Page, siblings: set[str]) -> None:
        """Documents of others that a refund was found to be, or that a person said it is, count as its share."""
        held = {refund_id: {word.adopt_id} for refund_id, word in page.words.items() if word.adopt_id}
        for row in connection.execute(
            select(document.c.subject_id, document.c.ledger_id).where(
                document.c.ledger == self.policy.name,
                document.c.state == "adopted",
                within(connection, document.c.subject_id, sorted(siblings)),
            )
        ):
            held.setdefault(row.subject_id, set()).add(row.ledger_id)
        for charge_id, group in page.siblings.items():
            page.taken_up[charge_id] = set().union(*(held.get(r.refund_id, ()) for r in group))

    def _read_whole(self, page: Page) -> dict[str, Found]:
        """Our documents in the books, by ledger id; those that the state lacks with their entries, as they stand."""
        known = {d.document_key for group in page.documents.values() for d in group}
        hits = {hit.ledger_id: hit for hit in page.hits.values()}
        lacking = [i for i, hit in hits.items() if hit.document_key not in known]
        if lacking:
            read = run_steps(self.ledger.find_documents(sorted(lacking)), self.courier)
            hits |= {i: hit for i, hit in read.items() if hit.document_key == hits[i].document_key}
        return hits

    def _read_own_sales(self, connection: Connection, page: Page, charge_ids: Sequence[str]) -> None:
        for row in connection.execute(
            select(decision).where(
                decision.c.ledger == self.policy.name, within(connection, decision.c.subject_id, charge_ids)
            )
        ).all():
            if row.shares and row.aim in ("posted", "reversed"):
                page.sales[row.subject_id] = decode_sale(row.shares)
            else:
                why = row.sentence or "it is not decided yet"
                reason = row.reason if row.outcome == "held" else None
                page.blocked[row.subject_id] = (f"its sale is not in the books: {why}", reason)

    def _ask_ledger(self, page: Page, rows: Sequence[Any]) -> None:
        """Sales that others booked, and documents of these refunds that others booked, many at once."""
        references: list[Reference] = []
        for charge_id, case in page.charges.items():
            named = page.sale_named(charge_id)
            if self.policy.sales == "find" or case.charge.created < self.books.start or named:
                references.append(reference_of(self.books, self.policy, case, named))
        for refund_id, refund in page.refunds.items():
            named = page.word_on(refund_id).sale_id
            if named is not None and page.charge_of.get(refund_id) is None:
                references.append(Reference(refund_id, refund.currency, None, (), named))
        if references:
            page.sales.update(run_steps(self.ledger.find_sales(references), self.courier))
        # Not ours, so only the word of a person knows whose they are.
        adopted = sorted({word for i in page.refunds if (word := page.word_on(i).adopt_id) is not None})
        if adopted:
            page.named = run_steps(self.ledger.find_documents(adopted), self.courier)
        replaced = self._replaced(page, rows)
        earlier = [replace(r, without=replaced[r.charge_id]) for r in references if r.charge_id in replaced]
        if earlier:
            page.before = run_steps(self.ledger.find_sales(earlier), self.courier)
        adopting = {row.subject_id: self.books.day(row.created) for row in rows if self.is_adopting(row)}
        if adopting:
            for refund_id, hits in run_steps(self.ledger.find_refunds(adopting), self.courier).items():
                page.others[refund_id] = [hit for hit in hits if hit.document_key is None]

    def _replaced(self, page: Page, rows: Sequence[Any]) -> dict[str, tuple[str, ...]]:
        """The keys of the documents that are to be replaced, by the charge whose sale they stand against."""
        keys: dict[str, tuple[str, ...]] = {}
        for row in rows:
            if row.due == REPLACE:
                posted = [d for d in page.documents.get(row.subject_id, ()) if d.state == "posted"]
                mine = tuple(d.document_key for d in posted if d.revision == row.revision)
                charge_id = page.charge_of.get(row.subject_id) or row.subject_id
                keys[charge_id] = keys.get(charge_id, ()) + mine
        return keys

    def _read_neighbours(self, connection: Connection, reader: FactReader, page: Page) -> None:
        """The other refunds of the same sales, also of other charges, with the shares they took."""
        sales = {sale.ledger_id: sale for sale in page.sales.values() if sale is not None and not sale.ours}
        ids = [r.refund_id for siblings in page.siblings.values() if len(siblings) > 1 for r in siblings]
        mine = decision.c.ledger == self.policy.name
        rows: list[Any] = []
        if ids:
            rows += connection.execute(
                select(decision).where(mine, within(connection, decision.c.subject_id, ids))
            ).all()
        for column, values in (
            (decision.c.sale_number, sorted({sale.number for sale in sales.values()})),
            (decision.c.sale_ledger_id, sorted(sales)),
        ):
            if values:
                rows += connection.execute(
                    select(decision).where(
                        mine, decision.c.subject == "refund", within(connection, column, values)
                    )
                ).all()
        page.rows = {row.subject_id: row for row in rows}
        reader.load(page.rows)
        for ledger_id, group in self._rows_of_sales(page, sales).items():
            refunds = (reader.get(row.subject_id, Refund) for row in group)
            page.neighbours[ledger_id] = [r for r in refunds if r is not None]
        for refund_id, row in page.rows.items():
            # Shares of refunds on this page are made anew, in order; those of the others stand.
            if row.shares and (refund_id not in page.refunds or page.documents.get(refund_id)):
                page.shares[refund_id] = decode_shares(row.shares)
                if row.due != REPLACE:
                    page.posted.add(refund_id)
            elif row.outcome == "adopted":
                page.adopted.add(refund_id)
        # After a lost state: what stands in the books was posted, and what it took is read from there.
        page.posted.update(i for i in page.ours if i not in page.rows or page.rows[i].due != REPLACE)
        for refund_id, refund in page.refunds.items():
            sale = page.sale_of(refund_id)
            if sale is not None and not sale.ours:
                page.of_sale.setdefault(sale.ledger_id, []).append(refund)
        page.credit_notes = reader.credit_notes({*page.rows, *page.refunds})

    def _rows_of_sales(self, page: Page, sales: Mapping[str, Sale]) -> dict[str, list[Any]]:
        """The decisions on refunds beside this page's, by the ledger id of the sale that they are of.

        A row tells its sale's document, or if it is an older one its number alone. The document of a sale by hand may
        have another id since (somebody wrote a link to it); where it stands as it was, it is another sale with the
        same number.
        """
        beside = [row for refund_id, row in page.rows.items() if refund_id not in page.refunds]
        found: dict[str, list[Any]] = {}
        by_number: list[Any] = []
        for row in beside:
            if row.sale_ledger_id in sales:
                found.setdefault(row.sale_ledger_id, []).append(row)
            elif row.sale_number is not None:
                by_number.append(row)
        told = sorted({row.sale_ledger_id for row in by_number if row.sale_ledger_id is not None})
        stands = run_steps(self.ledger.find_documents(told), self.courier) if told else {}
        numbered: dict[str, list[str]] = {}
        for sale in sales.values():
            numbered.setdefault(sale.number, []).append(sale.ledger_id)
        for row in by_number:
            if row.sale_ledger_id not in stands:
                for ledger_id in numbered.get(row.sale_number, ()):
                    found.setdefault(ledger_id, []).append(row)
        return found


def order(refund: Refund) -> tuple[int, str]:
    return refund.created, refund.refund_id


def reference_of(books: Books, policy: LedgerPolicy, case: ChargeCase, named: str | None) -> Reference:
    """How the ledger may find a charge's sale; `named` is the ledger id that a person gave."""
    numbers = number_candidates(
        books.number_sources, case.charge, case.payment_intent, case.invoice, case.session
    )
    charge = case.charge
    invoice_id = case.invoice.invoice_id if case.invoice else charge.invoice_id
    ids = (charge.charge_id, charge.payment_intent_id, invoice_id)
    number = shorten(numbers[0], policy.capabilities.short_id_length) if numbers else None
    return Reference(
        charge.charge_id,
        charge.currency,
        number,
        tuple(i for i in ids if i is not None),
        named,
        day=books.day(charge.created),
    )
