"""Queries of SuiteQL on transactions, as far as an account has the fields.

A field whose feature is off, or that the role may not see, makes the whole query fail with its name; it is left out then, and
in all further queries. https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157909186990.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from connector.ledgers.contract import Answer, Steps
from connector.ledgers.days import EVER
from connector.ledgers.json_wire import Row
from connector.ledgers.netsuite_directory import Directory
from connector.ledgers.netsuite_faults import fault_of
from connector.ledgers.netsuite_rows import SEGMENTS
from connector.ledgers.netsuite_wire import PAGE, TYPES, ask, page_of, quoted, read_body

NO_FIELD = re.compile(r"\b(?:field|column|identifier)\s+\W?(?:\w+\.)?(\w+)", re.IGNORECASE)
NO_TABLE = re.compile(r"\b(?:record|table)\s+\W?(\w+)", re.IGNORECASE)
# Tables and fields that an account may lack; nothing can be read without the others.
OPTIONAL = frozenset(
    {
        *SEGMENTS,
        *("subsidiary", "currency", "exchangerate", "otherrefnum", "posting", "createdfrom", "iscogs"),
        *("accountingbook", "customer", "isperson", "firstname", "lastname", "altname", "companyname"),
        *("comments", "email", "transactiontaxdetail"),
    }
)
HEAD = (
    "t.id, t.type, t.externalid, t.tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, t.memo, t.otherrefnum, t.entity, "
    "BUILTIN.DF(t.entity) AS entityname, t.currency, t.exchangerate, t.foreigntotal, t.foreignamountunpaid, "
    "t.foreignpaymentamountunused, t.voided, t.posting, m.subsidiary, m.createdfrom, m.department, m.class, m.location, "
    "a.account"
)
CUSTOMER = (
    "c.entityid, c.companyname, c.firstname, c.lastname, c.altname, c.isperson, c.email, "
    "c.externalid AS customerexternalid, c.comments"
)
LINE = (
    "tl.transaction, tl.id, t.type, t.currency, t.exchangerate, t.foreigntotal, tl.item, tl.quantity, tl.foreignamount, "
    "tl.memo, tl.department, tl.class, tl.location, a.account, tl.iscogs"
)
TAX = "x.transaction, x.line, x.taxtype, x.taxcode, x.taxrate, x.taxbasis, x.taxamount"
LINK = "l.previousdoc, l.previousline, l.previoustype, l.nextdoc, l.nextline, l.nexttype, l.foreignamount, t.currency"
# What stands in a memo, or in an external id, of what was made with Stripe in mind.
STRIPE = ("ch_", "py_", "pi_", "in_", "re_", "pyr_")
BEARING = ("memo", "externalid", "tranid", "otherrefnum")
DAY = "TO_DATE('{}', 'YYYY-MM-DD')"

# A query, and a condition in one, written anew where a field turns out to be missing; an empty one finds nothing.
Query = Callable[[], str]
Condition = str | Query


class Queries:
    """The queries of one account. `lacking` are the tables and fields that it is known not to have."""

    def __init__(self, directory: Directory) -> None:
        self.lacking: set[str] = set()
        if not directory.multi_currency:
            self.lacking |= {"currency", "exchangerate"}
        if not directory.one_world:
            self.lacking.add("subsidiary")
        self.lacking |= {name for name in SEGMENTS if not directory.has("invoice", name)}

    def has(self, name: str) -> bool:
        return name not in self.lacking

    def page(self, query: Query, offset: int = 0) -> Steps[tuple[list[Row], bool, int]]:
        """A page, whether there are rows behind it, and how many rows there are in all. Raises `LedgerDown`."""
        while True:
            text = query()
            if not text:
                return [], False, 0
            answer = yield ask(text, offset)
            missing = self.missing(answer)
            if missing:
                self.lacking |= missing
                continue
            body = read_body(answer)
            rows = page_of(body)
            total = body.get("totalResults")
            more = body.get("hasMore") is True and bool(rows)
            return rows, more, int(str(total)) if str(total or "").isdecimal() else len(rows)

    def rows(self, query: Query) -> Steps[list[Row]]:
        """All rows of a query, which says by which unique columns it is ordered. Raises `LedgerDown`."""
        rows: list[Row] = []
        more = True
        while more:
            found, more, _ = yield from self.page(query, len(rows))
            rows += found
            # Only a full page has an offset behind it.
            more = more and len(rows) % PAGE == 0
        return rows

    def missing(self, answer: Answer) -> set[str]:
        """What a query was refused for, and can be left out."""
        fault = fault_of(answer)
        if fault is None or fault.status != 400:
            return set()
        for pattern in (NO_FIELD, NO_TABLE):
            named = {word.lower() for word in pattern.findall(fault.words)} & OPTIONAL
            if named:
                return named - self.lacking
        return set()

    # ------------------------------------------------------------------------------------------ texts

    def columns(self, listed: str) -> str:
        """Those that the account has."""
        kept = []
        for column in re.split(r", (?=[a-z]+\.|[A-Z_.]+\()", listed):
            if self.has(re.split(r"[ .]", column)[-1].lower()):
                kept.append(column)
        return ", ".join(kept)

    def heads(self, *conditions: Condition) -> str:
        """Transactions by id, with their main line and its account, and their customer."""
        columns = self.columns(HEAD)
        tables = (
            "transaction t LEFT JOIN transactionline m ON m.transaction = t.id AND m.mainline = 'T' AND t.type <> 'Journal' "
            f"LEFT JOIN transactionaccountingline a ON a.transaction = m.transaction AND a.transactionline = m.id{self.book}"
        )
        if self.has("customer"):
            columns = f"{columns}, {self.columns(CUSTOMER)}"
            tables += " LEFT JOIN customer c ON c.id = t.entity"
        where = " AND ".join(one if isinstance(one, str) else one() for one in conditions)
        return select(columns, tables, where, "t.id")

    @property
    def book(self) -> str:
        """The primary accounting book; others keep the same transactions on accounts of their own."""
        return " AND a.accountingbook = 1" if self.has("accountingbook") else ""

    def lines(self, ids: str) -> str:
        """The lines of transactions but for their main line, and for those of a tax; all lines of journals."""
        tables = (
            "transactionline tl JOIN transaction t ON t.id = tl.transaction LEFT JOIN transactionaccountingline a "
            f"ON a.transaction = tl.transaction AND a.transactionline = tl.id{self.book}"
        )
        where = (
            f"tl.transaction IN ({ids}) AND tl.taxline = 'F' AND (tl.mainline = 'F' OR t.type = 'Journal')"
        )
        return select(self.columns(LINE), tables, where, "tl.transaction, tl.linesequencenumber, tl.id")

    def taxes(self, ids: str) -> str:
        """The taxes of SuiteTax, by line."""
        if not self.has("transactiontaxdetail"):
            return ""
        order = "x.transaction, x.line, x.taxtype, x.taxcode"
        return select(self.columns(TAX), "transactiontaxdetail x", f"x.transaction IN ({ids})", order)

    def made_from(self, ids: str) -> str:
        """Whether it was made from one of these."""
        return f"m.createdfrom IN ({ids})" if self.has("createdfrom") else "t.id = 0"

    def links(self, ids: str, back: bool) -> str:
        """What these are applied to; `back`: also what is applied to them."""
        there = f"(l.nextdoc IN ({ids}) OR l.previousdoc IN ({ids}))" if back else f"l.nextdoc IN ({ids})"
        tables = "NextTransactionLineLink l JOIN transaction t ON t.id = l.nextdoc"
        order = "l.previousdoc, l.previousline, l.nextdoc, l.nextline"
        return select(self.columns(LINK), tables, f"{there} AND l.linktype = 'Payment'", order)

    def bears(self, texts: Sequence[str]) -> str:
        """Whether one of these texts stands where Stripe's ids do; `_` is a sign like any other there."""
        terms = []
        for text in texts:
            pattern = quoted(f"%{text.replace('_', chr(92) + '_')}%")
            terms += [f"t.{column} LIKE {pattern} ESCAPE '\\'" for column in BEARING if self.has(column)]
        return f"({' OR '.join(terms)})"

    def bears_anything(self) -> str:
        """Whether an id of Stripe's or a key of ours stands there."""
        return f"({self.bears(STRIPE)} OR t.externalid LIKE 'dk%')"

    def journal_totals(self, ids: str) -> str:
        """Twice the total of each journal, since its debits are its credits."""
        columns = "tl.transaction, SUM(ABS(tl.foreignamount)) AS moved"
        where = f"tl.transaction IN ({ids}) GROUP BY tl.transaction"
        return select(columns, "transactionline tl", where, "tl.transaction")

    def of_same_customers(self, ids: str) -> str:
        """Transactions of the customers of these."""
        return f"t.entity IN ({select('d.entity', 'transaction d', f'd.id IN ({ids})')})"


def select(columns: str, tables: str, where: str, order: str | None = None) -> str:
    """A query, or one within another; ids in it are digits, and texts are quoted."""
    ordered = f" ORDER BY {order}" if order is not None else ""
    return f"SELECT {columns} FROM {tables} WHERE {where}{ordered}"  # noqa: S608


def of_types(records: Iterable[str]) -> str:
    return f"t.type IN ({', '.join(quoted(TYPES[record]) for record in records)})"


def since_day(since: date | None) -> list[str]:
    return [f"t.trandate >= {DAY.format(since)}"] if since is not None else []


def until_day(until: date) -> list[str]:
    return [f"t.trandate <= {DAY.format(until)}"] if until != EVER else []
