"""The tables. Constraints carry the promises: one row per document key, one number per refund, one lease per books.

Times are whole seconds since 1970 in UTC, days are ISO text, money is integers; the same tables on SQLite and
PostgreSQL. Changes go through `migrations/`; a test holds this module against them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    case,
    text,
)

metadata = MetaData()

# What still has a way to go: in these words in indexes and in queries, since SQLite uses a partial index only for a
# query that repeats its condition to the letter. So a claim costs what is open, not what is posted.
DUE = "due > 0"
DECIDE_NOW = 2
# No IN: for each row that is written SQLite would make a table of the values first.
OPEN = "state <> 'posted' AND state <> 'adopted' AND state <> 'reversed' AND state <> 'skipped'"
SOLD = "sale_number IS NOT NULL"
# The outcomes that need a person, or another run.
STUCK_OUTCOMES = ("failed", "held", "reversed")
STUCK = "(outcome = 'failed' OR outcome = 'held' OR outcome = 'reversed')"

# Tables of long rows keep SQLite's rowid: without it a row of more than a quarter page spills into pages of its own.

# One row per fixed fact about this state: the books and the Stripe account it belongs to.
meta = Table(
    "meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("run_id", String(32), primary_key=True),
    Column("command", String(16), nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger),
    Column("exit_code", Integer),
    Column("summary", Text),
)

# Where the reading of a Stripe source stands: a file's size and time, or a list's cursor.
source_cursor = Table(
    "source_cursor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

stripe_object = Table(
    "stripe_object",
    metadata,
    Column("object_id", String(255), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Column("raw_page", String(32)),
    Column("raw_line", Integer),
)
Index("stripe_object_kind", stripe_object.c.kind, stripe_object.c.created)

# The bytes of objects as Stripe sent them: one page of lines together, since alike objects compress well together.
raw_page = Table(
    "raw_page",
    metadata,
    Column("page_id", String(32), primary_key=True),
    Column("lines", LargeBinary, nullable=False),
)

# from_id, an object of this kind, refers to to_id: how a charge finds its invoice payments, credit notes, disputes.
stripe_link = Table(
    "stripe_link",
    metadata,
    Column("to_id", String(255), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("from_id", String(255), primary_key=True),
    sqlite_with_rowid=False,
)

# What may have changed at Stripe and has not been read afresh yet: named by a webhook or by the list of events.
# noted counts up with every note.
stripe_change = Table(
    "stripe_change",
    metadata,
    Column("object_id", String(255), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("noted", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

ledger = Table(
    "ledger",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("first_run", BigInteger),
    Column("filled", Integer, nullable=False, default=0),
    Column("parked_until", BigInteger),
)

ruleset = Table(
    "ruleset",
    metadata,
    Column("digest", String(32), primary_key=True),
    Column("content", Text, nullable=False),
)

# What became of one refund (or one charge, where the ledger's sales are posted) in one ledger.
# aim is the outcome once all its documents are there. due: 1 = decide at every run, 2 = decide now, 0 = nothing to do.
# shares: what the refund took from each line; for a charge, the sale that it became.
decision = Table(
    "decision",
    metadata,
    Column("subject_id", String(255), primary_key=True),
    Column("ledger", String(64), primary_key=True),
    Column("subject", String(8), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("charge_id", String(255)),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("aim", String(16), nullable=False, default="posted"),
    Column("reason", String(32)),
    Column("sentence", Text),
    Column("action", Text),
    Column("warnings", Text),
    Column("rule", Text),
    Column("ruleset", String(32)),
    Column("facts", Text),
    Column("shares", Text),
    Column("sale_number", Text),
    Column("number", Text),
    Column("revision", Integer, nullable=False, default=1),
    Column("first_seen", BigInteger, nullable=False),
    Column("due", Integer, nullable=False),
    Column("acknowledged", Integer, nullable=False, default=0),
    Column("touched_run", String(32)),
    # The sale's own document, where others booked it; None in rows that are older than this column.
    Column("sale_ledger_id", Text),
)

# To be decided again; what a person asked for stays asked.
DUE_AGAIN = case((decision.c.due > DECIDE_NOW, decision.c.due), else_=DECIDE_NOW)
Index(
    "decision_due",
    decision.c.ledger,
    decision.c.subject,
    decision.c.created,
    decision.c.subject_id,
    sqlite_where=text(DUE),
    postgresql_where=text(DUE),
)
Index(
    "decision_sale",
    decision.c.ledger,
    decision.c.sale_number,
    sqlite_where=text(SOLD),
    postgresql_where=text(SOLD),
)
Index("decision_sale_document", decision.c.ledger, decision.c.sale_ledger_id)
Index("decision_charge", decision.c.charge_id)
Index(
    "decision_stuck",
    decision.c.ledger,
    decision.c.outcome,
    sqlite_where=text(STUCK),
    postgresql_where=text(STUCK),
)

document = Table(
    "document",
    metadata,
    Column("document_key", String(26), primary_key=True),
    Column("ledger", String(64), nullable=False),
    Column("subject_id", String(255), nullable=False),
    Column("refund_id", String(255)),
    Column("charge_id", String(255)),
    Column("kind", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("number", Text),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("posting_date", String(10), nullable=False),
    Column("state", String(16), nullable=False),
    Column("ledger_id", Text),
    Column("reason", String(32)),
    Column("sentence", Text),
    Column("action", Text),
    Column("batch_group", Text, nullable=False),
    Column("after_keys", Text, nullable=False),
    Column("touched_run", String(32)),
    # 1: the ledger refused this document its refund's settled number; it goes without, or with the ledger's override.
    Column("bare", Integer, nullable=False, server_default="0"),
    # The number that the ledger put in the place of `number`.
    Column("replaced_number", Text),
)
Index("document_subject", document.c.subject_id)
Index(
    "document_open",
    document.c.ledger,
    document.c.state,
    document.c.depth,
    document.c.batch_group,
    document.c.posting_date,
    document.c.document_key,
    sqlite_where=text(OPEN),
    postgresql_where=text(OPEN),
)

# What a document says (`store.codec`) and the text that its ledger is sent: never changed.
document_text = Table(
    "document_text",
    metadata,
    Column("document_key", String(26), primary_key=True),
    Column("content", Text, nullable=False),
    Column("payload", Text, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("attempt_key", String(32), primary_key=True),
    Column("ledger", String(64), nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("method", String(8), nullable=False),
    Column("target", Text, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("sent", BigInteger, nullable=False),
    Column("settled", BigInteger),
)

attempt_document = Table(
    "attempt_document",
    metadata,
    Column("document_key", String(26), primary_key=True),
    Column("attempt_key", String(32), primary_key=True),
    Column("outcome", Text),
    sqlite_with_rowid=False,
)

# A number belongs to a refund, in one ledger. n is its place among the refunds of the sale, 0 for the first.
refund_number = Table(
    "refund_number",
    metadata,
    Column("ledger", String(64), primary_key=True),
    Column("refund_id", String(255), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("sale_number", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("number", Text, nullable=False),
    Column("settled", Integer, nullable=False),
    UniqueConstraint("ledger", "sale_number", "n", name="refund_number_place"),
    UniqueConstraint("ledger", "number", name="refund_number_text"),
    sqlite_with_rowid=False,
)

# The number of a sale that the connector posts; a second charge with the same number takes its next candidate.
sale_number = Table(
    "sale_number",
    metadata,
    Column("ledger", String(64), primary_key=True),
    Column("charge_id", String(255), primary_key=True),
    Column("number", Text, nullable=False),
    UniqueConstraint("ledger", "number", name="sale_number_text"),
    sqlite_with_rowid=False,
)

# Numbers that a ledger refused because a document of others holds them (`holder`: its ledger id, where it was told).
taken_number = Table(
    "taken_number",
    metadata,
    Column("ledger", String(64), primary_key=True),
    Column("scope", String(8), primary_key=True),
    Column("number", Text, primary_key=True),
    Column("holder", Text),
    sqlite_with_rowid=False,
)

# What was read from the books of a ledger: by our key when a state is filled, by refund id for adoption.
found = Table(
    "found",
    metadata,
    Column("ledger", String(64), primary_key=True),
    Column("ledger_id", String(255), primary_key=True),
    Column("document_key", String(26)),
    Column("kind", String(32)),
    Column("number", Text),
    Column("refund_id", String(255)),
    Column("charge_id", String(255)),
    Column("sale_number", Text),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("posting_date", String(10), nullable=False),
    Column("customer", Text),
    Column("income_minor", BigInteger, nullable=False),
    Column("cash_minor", BigInteger, nullable=False),
    Column("replaced_number", Text),
)
Index("found_key", found.c.ledger, found.c.document_key)
Index("found_refund", found.c.ledger, found.c.refund_id)
Index("found_charge", found.c.ledger, found.c.charge_id)

# What a person decided; append-only, also kept in decisions.jsonl beside the settings file.
person_decision = Table(
    "person_decision",
    metadata,
    Column("decision_id", String(32), primary_key=True),
    Column("ledger", String(64), nullable=False),
    Column("subject_id", String(255), nullable=False),
    Column("document_key", String(26)),
    Column("action", String(16), nullable=False),
    Column("value", Text),
    Column("actor", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("place", Integer, nullable=False),
)
Index("person_decision_subject", person_decision.c.subject_id)

# The tokens that open one ledger, encrypted (`delivery.token_safe`); only who holds the ledger's token lock writes them.
token = Table(
    "token",
    metadata,
    Column("ledger", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

# What an adapter remembers of its company between runs.
ledger_memory = Table(
    "ledger_memory",
    metadata,
    Column("ledger", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)
