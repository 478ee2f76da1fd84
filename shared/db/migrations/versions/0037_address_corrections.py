"""Counts how often a supporter corrected the address of one draft, so that lookups can't be asked for without end.

Revision ID: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("address_corrections", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("submission", "address_corrections")
