"""Which document in the ledger a refund's sale is: two sales by hand may bear one number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decision", sa.Column("sale_ledger_id", sa.Text(), nullable=True))
    op.create_index("decision_sale_document", "decision", ["ledger", "sale_ledger_id"])


def downgrade() -> None:
    op.drop_index("decision_sale_document", table_name="decision")
    with op.batch_alter_table("decision") as batch:
        batch.drop_column("sale_ledger_id")
