"""How often an email left again, so that late news of an earlier time is known as such; senders of receipts are found.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = ("letter", "follow_up")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("resends", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_receipt_envelope_sender",
        "receipt",
        [sa.text("lower(envelope_sender)")],
        postgresql_where=sa.text("envelope_sender <> ''"),
    )


def downgrade() -> None:
    op.drop_index("ix_receipt_envelope_sender", table_name="receipt")
    for table in _TABLES:
        op.drop_column(table, "resends")
