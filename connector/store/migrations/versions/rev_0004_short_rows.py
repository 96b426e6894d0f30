"""The text of a document in a table of its own, so that a row that changes state is short; an index of what is stuck, so
that it is not looked for among all that was ever posted; conditions of indexes that cost a row little."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OPEN_BEFORE = "state NOT IN ('posted', 'adopted', 'reversed', 'skipped')"
OPEN = "state <> 'posted' AND state <> 'adopted' AND state <> 'reversed' AND state <> 'skipped'"
OPEN_COLUMNS = ["ledger", "state", "depth", "batch_group", "posting_date", "document_key"]
SOLD = "sale_number IS NOT NULL"
STUCK = "(outcome = 'failed' OR outcome = 'held' OR outcome = 'reversed')"


def upgrade() -> None:
    op.create_table(
        "document_text",
        sa.Column("document_key", sa.String(length=26), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("document_key"),
    )
    op.execute(
        "INSERT INTO document_text (document_key, content, payload) SELECT document_key, content, payload FROM document"
    )
    op.drop_column("document", "content")
    op.drop_column("document", "payload")
    make_index("decision_stuck", "decision", ["ledger", "outcome"], STUCK)
    op.drop_index("document_open", "document")
    make_index("document_open", "document", OPEN_COLUMNS, OPEN)
    op.drop_index("decision_sale", "decision")
    make_index("decision_sale", "decision", ["ledger", "sale_number"], SOLD)


def make_index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("document_open", "document")
    make_index("document_open", "document", OPEN_COLUMNS, OPEN_BEFORE)
    op.drop_index("decision_sale", "decision")
    op.create_index("decision_sale", "decision", ["ledger", "sale_number"])
    op.drop_index("decision_stuck", "decision")
    for name in ("content", "payload"):
        op.add_column("document", sa.Column(name, sa.Text(), server_default="", nullable=False))
        op.execute(
            f"UPDATE document SET {name} = coalesce((SELECT t.{name} FROM document_text t"  # noqa: S608
            " WHERE t.document_key = document.document_key), '')"
        )
    op.drop_table("document_text")
