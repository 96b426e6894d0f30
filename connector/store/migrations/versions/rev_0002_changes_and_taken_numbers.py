"""What may have changed at Stripe, numbers that a ledger refused, documents that go without their number."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stripe_change",
        sa.Column("object_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("noted", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("object_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "taken_number",
        sa.Column("ledger", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("ledger", "scope", "number"),
        sqlite_with_rowid=False,
    )
    op.add_column("document", sa.Column("bare", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("document") as batch:
        batch.drop_column("bare")
    op.drop_table("taken_number")
    op.drop_table("stripe_change")
