"""Reads of transactions by the record service, one by one: as they stand at this moment, and where SuiteQL is not allowed.

A filter finds ids, and each record is read by itself. What a filter cannot ask for (a creation from something, an application)
is looked for among the records of the customer.
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545222128.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from connector.ledgers.contract import Steps
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_filters import Filters, either, lists_of_ids
from connector.ledgers.netsuite_record_rows import (
    applied,
    customer_id_of,
    read_head,
    read_lines,
    read_links,
    type_in,
)
from connector.ledgers.netsuite_records import Detail, Head, Line, Link, Reader, in_order, is_marked, place_of
from connector.ledgers.netsuite_rows import Customer, read_customer
from connector.ledgers.netsuite_wire import (
    CUSTOMER_FIELD,
    TYPES,
    ledger_id,
    ref_of,
    split_id,
)
from connector.ledgers.sale_search import stripe_ids as ids_on
from connector.planning.money import is_known

# What may be applied to a record of each type, or be made of it.
APPLIED_BY: dict[str, tuple[str, ...]] = {
    "invoice": ("customerPayment", "creditMemo", "depositApplication"),
    "creditMemo": ("customerRefund",),
    "customerPayment": ("customerRefund",),
    "depositApplication": ("customerRefund",),
    "customerDeposit": ("depositApplication",),
    "journalEntry": (),
}
# How much earlier than what it is applied to a record may be dated.
EARLIER = timedelta(days=90)
# Where ids of Stripe's may stand, and how that is searched page by page.
BEARING = ("memo", "externalId", "tranId", "otherRefNum")
COMPARED = {"memo": "CONTAIN", "externalId": "START_WITH", "tranId": "CONTAIN", "otherRefNum": "CONTAIN"}
HAVE_REFERENCE = frozenset({"invoice", "creditMemo", "cashSale", "cashRefund"})
# What Stripe's own connector for NetSuite puts before the id of a refund in the external id of its credit memo: external ids
# are found whole. https://docs.stripe.com/connectors/netsuite/stripe-refunds-netsuite
OTHERWISE = "ns_memo:"
# What our documents and those of others for Stripe have in their memos.
MARKED = ("ch_", "py_", "re_", "pyr_", "dk")
# How many records a page of them has.
PAGE = 100
# What NetSuite calls the account that deposits are held on.
DEPOSITS = "Customer Deposits"


class RecordReader:
    """Reads of one account. Customers are read once."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.filters = Filters()
        self.customers: dict[str, Customer] = {}
        self.deposits: str | None = None

    def for_search(self) -> Reader:
        reader = RecordReader(self.directory)
        reader.filters, reader.customers = self.filters.keeping(), self.customers
        return reader

    # ------------------------------------------------------------------------------------------ by name

    def by_id(self, ledger_ids: Collection[str]) -> Steps[dict[str, Head]]:
        found: dict[str, Head] = {}
        for named in sorted(set(ledger_ids)):
            record, object_id = split_id(named)
            if not object_id.isdecimal() or (record is not None and record not in TYPES):
                continue
            for each in (record,) if record is not None else TYPES:
                head = yield from self.read(each, object_id)
                if head is not None:
                    found[head.ledger_id] = head
                    break
        return found

    def by_external_id(self, records: Mapping[str, str]) -> Steps[dict[str, Head]]:
        found: dict[str, Head] = {}
        for external_id, record in records.items():
            row = yield from self.filters.by_external_id(record, external_id)
            head = (yield from self.head(record, row)) if row is not None else None
            if head is not None and head.external_id == external_id:
                found[external_id] = head
        return found

    def by_number(self, records: Sequence[str], numbers: Collection[str]) -> Steps[list[Head]]:
        found: list[Head] = []
        for record in records:
            rows = yield from self.filters.find(record, either("tranId", "IS", numbers))
            found += yield from self.heads(record, rows)
        wanted = set(numbers)
        return [head for head in found if head.number in wanted]

    def carrying(self, stripe_ids: Collection[str], since: date) -> Steps[list[Head]]:
        wanted = set(stripe_ids)
        found: list[Head] = []
        for record in TYPES:
            ids: dict[str, None] = {}
            for field in BEARING:
                if field != "otherRefNum" or record in HAVE_REFERENCE:
                    how = "IS" if field == "externalId" else "CONTAIN"
                    texts = wanted | {f"{OTHERWISE}{one}" for one in wanted} if how == "IS" else wanted
                    terms = either(field, how, texts)
                    spare = field != "memo"
                    ids.update(dict.fromkeys((yield from self.filters.ids(record, terms, spare=spare))))
            found += yield from self.heads(record, (yield from self.filters.rows(record, ids)))
        hits = [head for head in found if head.day >= since and wanted.intersection(ids_on(head.note))]
        return sorted(hits, key=place_of)

    def of_customers(
        self, records: Sequence[str], customer_ids: Collection[str], since: date | None = None
    ) -> Steps[list[Head]]:
        found: list[Head] = []
        for record, rows in (yield from self.rows_of_customers(records, customer_ids, since)).items():
            found += yield from self.heads(record, rows)
        return sorted(found, key=place_of)

    def made_from(self, records: Sequence[str], sources: Collection[Head]) -> Steps[list[Head]]:
        if not sources:
            return []
        customers = {head.customer_id for head in sources if head.customer_id is not None}
        ids = {split_id(head.ledger_id)[1] for head in sources}
        since = min(head.day for head in sources)
        heads = yield from self.of_customers(records, customers, since)
        return [head for head in heads if head.created_from in ids]

    def page(self, since: date, cursor: str | None) -> Steps[tuple[list[Head], str | None]]:
        """The cursor is `record:how many of it were read`."""
        records = list(TYPES)
        record, _, told = (cursor or f"{records[0]}:0").partition(":")
        at = int(told)
        heads: dict[str, Head] = {}
        more = False
        for field, how in COMPARED.items():
            if field != "otherRefNum" or record in HAVE_REFERENCE:
                found, further = yield from self.marked(record, f"{field} {how}", since, at, field != "memo")
                heads.update((head.ledger_id, head) for head in found)
                more = more or further
        hits = sorted(heads.values(), key=place_of)
        if more:
            return hits, f"{record}:{at + PAGE}"
        following = records[records.index(record) + 1 :]
        return hits, f"{following[0]}:0" if following else None

    def marked(
        self, record: str, compared: str, since: date, at: int, spare: bool = False
    ) -> Steps[tuple[list[Head], bool]]:
        """A page of what bears a key of ours or an id of Stripe's there."""
        texts = (*MARKED, OTHERWISE) if compared.endswith("START_WITH") else MARKED
        terms = [f'{compared} "{one}"' for one in texts]
        ids, more = yield from self.filters.page(record, terms, since, at, PAGE, spare)
        heads = yield from self.heads(record, (yield from self.filters.rows(record, ids)))
        return [head for head in heads if head.day >= since and is_marked(head)], more

    # ------------------------------------------------------------------------------------------ lines, applications

    def details(
        self, ledger_ids: Collection[str], lines: bool = True, back: bool = False
    ) -> Steps[dict[str, Detail]]:
        found: dict[str, Detail] = {}
        read: dict[str, tuple[Row, str]] = {}
        for named in sorted(set(ledger_ids)):
            record, object_id = split_id(named)
            row = (yield from self.filters.record(record, object_id)) if record in TYPES else None
            currency = self.currency_of(row) if row is not None else None
            if record is None or row is None or currency is None:
                continue
            read[named] = (row, currency)
            links = yield from self.links_of(row, currency)
            moved = (yield from self.lines_of(record, row, currency)) if lines else ()
            found[named] = Detail(moved, links)
        if not back:
            return found
        behind = yield from self.applied_to(read)
        return {
            named: Detail(detail.lines, in_order((*detail.links, *behind.get(named, ()))))
            for named, detail in found.items()
        }

    def lines_of(self, record: str, row: Row, currency: str) -> Steps[tuple[Line, ...]]:
        """A deposit does not name the account that it is held on: it is known by its name."""
        lines = read_lines(record, row, currency)
        if record != "customerDeposit" or not lines:
            return lines
        if self.deposits is None:
            ids = yield from self.filters.ids("account", [f'acctName IS "{DEPOSITS}"'], spare=True)
            self.deposits = ids[0] if len(ids) == 1 else ""
        return tuple(replace(line, account=self.deposits or None) for line in lines)

    def links_of(self, row: Row, currency: str) -> Steps[tuple[Link, ...]]:
        """What a record says that it is applied to; of a deposit application also its deposit."""
        types: dict[str, str | None] = {}
        for line in applied(row):
            other = ref_of(line, "doc") or ""
            types[other] = type_in(line) or (yield from self.type_of(other))
        return read_links(row, currency, lambda line: types.get(ref_of(line, "doc") or ""))

    def type_of(self, object_id: str) -> Steps[str | None]:
        """The type of a transaction of which only the id is told."""
        heads = yield from self.by_id({object_id})
        return next((head.record for head in heads.values()), None)

    def applied_to(self, read: Mapping[str, tuple[Row, str]]) -> Steps[dict[str, list[Link]]]:
        """What the records of the same customers say to be applied to these."""
        customers: dict[str, set[str]] = {}
        first: dict[str, date] = {}
        for named, (row, _) in read.items():
            record = split_id(named)[0] or ""
            customer = customer_id_of(record, row)
            for each in APPLIED_BY.get(record, ()):
                if customer is not None:
                    customers.setdefault(each, set()).add(customer)
                    day = date.fromisoformat(str(row["tranDate"])[:10])
                    first[each] = min(day, first.get(each, day))
        found: dict[str, list[Link]] = {}
        for record, ids in customers.items():
            since = first[record] - EARLIER
            rows = (yield from self.rows_of_customers((record,), ids, since))[record]
            for row in rows:
                own = ledger_id(record, row["id"])
                currency = self.currency_of(row)
                for link in (yield from self.links_of(row, currency)) if currency is not None else ():
                    found.setdefault(link.ledger_id, []).append(Link(own, link.amount_minor))
                deposit = ref_of(row, "deposit") if record == "depositApplication" else None
                head = yield from self.head(record, row)
                if deposit is not None and head is not None and head.total_minor:
                    of_deposit = ledger_id("customerDeposit", deposit)
                    found.setdefault(of_deposit, []).append(Link(own, head.total_minor))
        return found

    # ------------------------------------------------------------------------------------------ rows

    def rows_of_customers(
        self, records: Sequence[str], customer_ids: Collection[str], since: date | None
    ) -> Steps[dict[str, list[Row]]]:
        found: dict[str, list[Row]] = {}
        for record in records:
            field = CUSTOMER_FIELD.get(record, "entity")
            terms = [f"{field} ANY_OF [{some}]" for some in lists_of_ids(customer_ids)]
            rows = yield from self.filters.find(record, terms, since)
            of_type = [row for row in rows if since is None or str(row.get("tranDate")) >= since.isoformat()]
            found[record] = of_type
        return found

    def read(self, record: str, object_id: str) -> Steps[Head | None]:
        row = yield from self.filters.record(record, object_id)
        return (yield from self.head(record, row)) if row is not None else None

    def heads(self, record: str, rows: Iterable[Row]) -> Steps[list[Head]]:
        found = []
        for row in rows:
            head = yield from self.head(record, row)
            if head is not None:
                found.append(head)
        return found

    def head(self, record: str, row: Row) -> Steps[Head | None]:
        """None where it stands in a currency that Stripe does not know."""
        currency = self.currency_of(row)
        if currency is None or row.get("id") is None or not row.get("tranDate"):
            return None
        customer = yield from self.customer(customer_id_of(record, row))
        head = read_head(record, row, currency, customer)
        if record != "customerDeposit" or not head.total_minor:
            return head
        return (yield from self.with_rest(head))

    def with_rest(self, deposit: Head) -> Steps[Head]:
        """A deposit does not tell what of it is left: its applications do."""
        object_id = split_id(deposit.ledger_id)[1]
        customers = {deposit.customer_id} - {None}
        rows = yield from self.rows_of_customers(
            ("depositApplication",), {one for one in customers if one is not None}, deposit.day
        )
        taken = 0
        for row in rows["depositApplication"]:
            if ref_of(row, "deposit") == object_id:
                taken += read_head("depositApplication", row, deposit.currency, Customer()).total_minor
        return replace(deposit, open_minor=max(0, deposit.total_minor - taken))

    def currency_of(self, row: Row) -> str | None:
        named = ref_of(row, "currency")
        found = self.directory.currency_of(named) if named is not None else self.directory.home
        return found if found is not None and is_known(found) else None

    def customer(self, customer_id: str | None) -> Steps[Customer]:
        """Who it is; nobody where it is a project, or the role may not read customers."""
        if customer_id is None:
            return Customer()
        if customer_id not in self.customers:
            row = yield from self.filters.record_if_allowed("customer", customer_id)
            self.customers[customer_id] = read_customer(row) if row is not None else Customer()
        return self.customers[customer_id]
