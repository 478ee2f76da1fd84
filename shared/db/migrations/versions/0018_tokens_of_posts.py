"""What a relay service signs once for one event, so that nobody can use it for another.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("receipt", sa.Column("token", sa.Text(), server_default="", nullable=False))
    op.create_index(
        "ix_receipt_token", "receipt", ["source", "token"], unique=True, postgresql_where=sa.text("token <> ''")
    )


def downgrade() -> None:
    op.drop_index("ix_receipt_token", table_name="receipt")
    op.drop_column("receipt", "token")
