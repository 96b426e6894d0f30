"""The text of a document in a table of its own, so that a row that changes state is short; an index of what is stuck, so
that it is not looked for among all that was ever posted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STUCK = "outcome IN ('failed', 'held', 'reversed')"


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
    stuck = sa.text(STUCK)
    op.create_index(
        "decision_stuck", "decision", ["ledger", "outcome"], sqlite_where=stuck, postgresql_where=stuck
    )


def downgrade() -> None:
    op.drop_index("decision_stuck", "decision")
    for name in ("content", "payload"):
        op.add_column("document", sa.Column(name, sa.Text(), server_default="", nullable=False))
        op.execute(
            f"UPDATE document SET {name} = coalesce((SELECT t.{name} FROM document_text t"  # noqa: S608
            " WHERE t.document_key = document.document_key), '')"
        )
    op.drop_table("document_text")
