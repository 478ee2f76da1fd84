"""Keeps an organizer's rate beside the learned one, when a trial began, and when an answered letter was claimed.

Revision ID: 0039
Revises: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("domain_pace", sa.Column("trial_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("domain_pace", sa.Column("own_rate_per_hour", sa.Integer(), nullable=True))
    # Of a domain that refused, nothing tells whether workers learned the rate or an organizer set it. The organizers
    # have seen it and let it be.
    op.execute("UPDATE domain_pace SET own_rate_per_hour = rate_per_hour")
    op.alter_column("domain_answer", "sent_at", new_column_name="claimed_at")
    op.add_column("mailbox_pace", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE mailbox_pace SET held_at = hour_began_at WHERE most IS NOT NULL")


def downgrade() -> None:
    op.drop_column("mailbox_pace", "held_at")
    op.alter_column("domain_answer", "claimed_at", new_column_name="sent_at")
    op.drop_column("domain_pace", "own_rate_per_hour")
    op.drop_column("domain_pace", "trial_at")
