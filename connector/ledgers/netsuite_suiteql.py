"""Reads of transactions by SuiteQL, many at once. What was written a moment ago it may not show yet: that is asked for by
itself.

https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import partial

from connector.ledgers.contract import Steps
from connector.ledgers.days import EVER, Span, gaps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_bearing import Bearing
from connector.ledgers.netsuite_by_record import RecordReader
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_queries import Condition, Queries, of_types, since_day, until_day
from connector.ledgers.netsuite_query_rows import FormRows, link_pairs, read_head, with_total
from connector.ledgers.netsuite_records import Detail, Head, Link, Reader, in_order, is_marked, place_of
from connector.ledgers.netsuite_wire import PAGE, TYPES, ids_of, ledger_id, lists_of, split_id
from connector.ledgers.sale_search import stripe_ids as ids_on

# How many ids of Stripe's one query looks for in texts.
AT_ONCE = 50
EVERY = tuple(TYPES)


class SuiteqlReader:
    """Reads of one account, in one run: what bears ids of Stripe's is read once, day by day."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.queries = Queries(directory)
        self.records = RecordReader(directory)
        self.bearing = Bearing()

    def for_search(self) -> Reader:
        return self

    # ------------------------------------------------------------------------------------------ by name

    def by_id(self, ledger_ids: Collection[str]) -> Steps[dict[str, Head]]:
        wanted: dict[str, set[str | None]] = {}
        for named in ledger_ids:
            record, object_id = split_id(named)
            if object_id.isdecimal() and (record is None or record in TYPES):
                wanted.setdefault(object_id, set()).add(record)
        found: dict[str, Head] = {}
        for some in ids_of(wanted):
            for head in (yield from self.find(of_types(EVERY), f"t.id IN ({some})")):
                records = wanted.pop(split_id(head.ledger_id)[1], set())
                if None in records or head.record in records:
                    found[head.ledger_id] = head
        unseen = {ledger_id(record, i) for i, records in wanted.items() for record in records if record}
        if unseen:
            found.update((yield from self.records.by_id(unseen)))
        return found

    def by_external_id(self, records: Mapping[str, str]) -> Steps[dict[str, Head]]:
        found: dict[str, Head] = {}
        for some in lists_of(records):
            for head in (yield from self.find(of_types(EVERY), f"t.externalid IN ({some})")):
                if head.external_id is not None:
                    found[head.external_id] = head
        unseen = {external_id: record for external_id, record in records.items() if external_id not in found}
        if unseen:
            found.update((yield from self.records.by_external_id(unseen)))
        return found

    def by_number(self, records: Sequence[str], numbers: Collection[str]) -> Steps[list[Head]]:
        found: list[Head] = []
        for some in lists_of(numbers):
            found += yield from self.find(of_types(records), f"t.tranid IN ({some})")
        wanted = set(numbers)
        return [head for head in found if head.number in wanted]

    def of_customers(
        self, records: Sequence[str], customer_ids: Collection[str], since: date | None = None
    ) -> Steps[list[Head]]:
        found: list[Head] = []
        for some in ids_of(customer_ids):
            found += yield from self.find(of_types(records), f"t.entity IN ({some})", *since_day(since))
        return found

    def made_from(self, records: Sequence[str], sources: Collection[Head]) -> Steps[list[Head]]:
        found: list[Head] = []
        for some in ids_of(split_id(head.ledger_id)[1] for head in sources):
            found += yield from self.find(of_types(records), partial(self.queries.made_from, some))
        if not self.queries.has("createdfrom"):
            return (yield from self.records.made_from(records, sources))
        return found

    # ------------------------------------------------------------------------------------------ by what they bear

    def carrying(self, stripe_ids: Collection[str], since: date) -> Steps[list[Head]]:
        wanted = sorted(set(stripe_ids))
        if not wanted:
            return []
        calls = -(-len(wanted) // AT_ONCE)
        if (yield from self.cover(since, calls)):
            rows = self.bearing.carrying(wanted)
        else:
            rows = []
            self.bearing.asked += calls
            for at in range(0, len(wanted), AT_ONCE):
                some = wanted[at : at + AT_ONCE]
                bears = partial(self.queries.bears, some)
                rows += yield from self.rows(of_types(EVERY), bears, *since_day(since))
        heads = yield from self.heads(rows)
        hits = [h for h in heads if h.day >= since and set(wanted).intersection(ids_on(h.note))]
        return sorted(hits, key=place_of)

    def cover(self, since: date, calls: int) -> Steps[bool]:
        """Read all that bears an id of Stripe's since that day, where that takes no more calls than these and those that
        asked for ids before: so that it never costs more than twice the cheaper way. Whether it is read now."""
        unread = gaps([(since, EVER)], self.bearing.spans)
        if not unread:
            return True
        most = calls + self.bearing.asked
        if calls < 2 or self.bearing.is_crowded(since, most):
            return False
        for span in unread:
            taken = yield from self.read_span(span, most)
            if taken is None:
                return False
            most = max(most - taken, 1)
        return True

    def read_span(self, span: Span, most_calls: int) -> Steps[int | None]:
        """In how many calls these days were read; None where they would take too many."""
        first, last = span
        days = [*since_day(first), *until_day(last)]
        kept: list[Row] = []
        after, calls, more = "0", 0, True
        while more:
            rows, more, total = yield from self.after(
                after, of_types(EVERY), self.queries.bears_anything, *days
            )
            calls += 1
            pages = -(-total // PAGE)
            if calls == 1 and pages > most_calls:
                self.bearing.crowded = (first, pages)
                return None
            kept += rows
            after = str(rows[-1]["id"]) if rows else after
        self.bearing.keep(kept)
        self.bearing.spans.append(span)
        return calls

    def page(self, since: date, cursor: str | None) -> Steps[tuple[list[Head], str | None]]:
        """The cursor is the last id that was read. All that was read serves later searches too."""
        after = cursor or "0"
        bears = self.queries.bears_anything
        rows, more, _ = yield from self.after(after, of_types(EVERY), bears, *since_day(since))
        following = str(rows[-1]["id"]) if more and rows else None
        self.bearing.keep_page(after, rows, following, (since, EVER))
        heads = yield from self.heads(rows)
        return [head for head in heads if is_marked(head)], following

    # ------------------------------------------------------------------------------------------ heads

    def find(self, *conditions: Condition) -> Steps[list[Head]]:
        return (yield from self.heads((yield from self.rows(*conditions))))

    def rows(self, *conditions: Condition) -> Steps[list[Row]]:
        found: list[Row] = []
        after, more = "0", True
        while more:
            rows, more, _ = yield from self.after(after, *conditions)
            found += rows
            after = str(rows[-1]["id"]) if rows else after
        return found

    def after(self, after: str, *conditions: Condition) -> Steps[tuple[list[Row], bool, int]]:
        """A page behind an id, so that what is written meanwhile moves none."""
        behind = [f"t.id > {after}"] if after != "0" else []
        return (yield from self.queries.page(lambda: self.queries.heads(*conditions, *behind)))

    def heads(self, rows: Iterable[Row]) -> Steps[list[Head]]:
        """Each once, in a currency that Stripe knows. A journal's total is that of its lines; what a deposit application is
        made of may be told by the record alone."""
        read = (read_head(row, self.directory) for row in {str(row["id"]): row for row in rows}.values())
        found = [head for head in read if head is not None]
        moved: dict[str, str] = {}
        for some in ids_of(split_id(head.ledger_id)[1] for head in found if head.record == "journalEntry"):
            totals = partial(self.queries.journal_totals, some)
            moved.update(
                {str(row["transaction"]): str(row["moved"]) for row in (yield from self.queries.rows(totals))}
            )
        told = [with_total(head, moved) for head in found]
        untold = {h.ledger_id for h in told if h.record == "depositApplication" and h.created_from is None}
        whole = (yield from self.records.by_id(untold)) if untold else {}
        return [whole.get(head.ledger_id, head) for head in told]

    # ------------------------------------------------------------------------------------------ lines, applications

    def details(
        self, ledger_ids: Collection[str], lines: bool = True, back: bool = False
    ) -> Steps[dict[str, Detail]]:
        named = {split_id(one)[1]: one for one in ledger_ids if split_id(one)[0] in TYPES}
        forms: dict[str, FormRows] = {}
        links: dict[str, list[Link]] = {}
        for some in ids_of(named):
            if lines:
                yield from self.read_lines(some, forms)
            for row in (yield from self.queries.rows(partial(self.queries.links, some, back))):
                for own, link in link_pairs(row, self.directory):
                    links.setdefault(own, []).append(link)
        if back:
            yield from self.read_applications(named.values(), links)
        found: dict[str, Detail] = {}
        doubtful: set[str] = set()
        for object_id, one in named.items():
            form = forms.get(object_id)
            if lines and (form is None or not form.adds_up):
                doubtful.add(one)
            else:
                found[one] = Detail(form.lines if form is not None else (), in_order(links.get(one, ())))
        if doubtful:
            found.update((yield from self.records.details(doubtful, lines, back)))
        return found

    def read_lines(self, some: str, forms: dict[str, FormRows]) -> Steps[None]:
        """The lines of some transactions, with their taxes, by internal id."""
        for row in (yield from self.queries.rows(partial(self.queries.lines, some))):
            object_id = str(row["transaction"])
            if object_id not in forms:
                forms[object_id] = FormRows(row, self.directory)
            forms[object_id].add(row)
        if self.directory.tax != "suitetax":
            return
        for row in (yield from self.queries.rows(partial(self.queries.taxes, some))):
            if str(row["transaction"]) in forms:
                forms[str(row["transaction"])].add_tax(row)

    def read_applications(self, ledger_ids: Iterable[str], links: dict[str, list[Link]]) -> Steps[None]:
        """What has been taken of deposits, which is not tied to them everywhere."""
        deposits = [split_id(one)[1] for one in ledger_ids if split_id(one)[0] == "customerDeposit"]
        for some in ids_of(deposits):
            same = self.queries.of_same_customers(some)
            for head in (yield from self.find(of_types(("depositApplication",)), same)):
                one = ledger_id("customerDeposit", head.created_from)
                tied = {link.ledger_id for link in links.get(one, ())}
                if head.created_from in deposits and head.total_minor and head.ledger_id not in tied:
                    links.setdefault(one, []).append(Link(head.ledger_id, head.total_minor))
