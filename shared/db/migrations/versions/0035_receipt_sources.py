"""What is known of each source of receipts: whether a maildir is read, and a clock that is wrong.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_source",
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_wrong_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_ahead_s", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "source IN ('ses', 'sendgrid', 'mailgun', 'postmark', 'mail')", name=op.f("ck_receipt_source_source_known")
        ),
    )


def downgrade() -> None:
    op.drop_table("receipt_source")
