"""Numbers that a ledger put in the place of ours: of documents, and of what was read from the books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("document", sa.Column("replaced_number", sa.Text(), nullable=True))
    op.add_column("found", sa.Column("replaced_number", sa.Text(), nullable=True))


def downgrade() -> None:
    for table in ("document", "found"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("replaced_number")
