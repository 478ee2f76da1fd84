"""The state of the mail servers themselves: ceiling of connections, rate, and the breaker.

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relay_state",
        sa.Column("server", sa.Text(), primary_key=True),
        sa.Column("max_connections", sa.Integer(), server_default="16", nullable=False),
        sa.Column("learned_connections", sa.Integer(), nullable=True),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rate_per_hour", sa.Integer(), nullable=True),
        sa.Column("tokens", sa.Double(), server_default="1", nullable=False),
        sa.Column("refilled_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_cause", sa.Text(), server_default="", nullable=False),
        sa.Column("probe", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("server IN ('mailbox', 'relay')", name=op.f("ck_relay_state_server_known")),
    )
    waits = "state IN ('queued', 'deferred')"
    op.create_index("ix_follow_up_domain", "follow_up", ["receiving_domain", "due_at"], postgresql_where=sa.text(waits))
    # Until now a failure of the relay was each receiving domain's, for up to an hour.
    op.execute(
        "UPDATE domain_pace SET failures = 0, open_until = NULL, open_cause = ''"
        " WHERE open_cause IN ('connection', 'tls', 'authentication')"
    )


def downgrade() -> None:
    op.drop_index("ix_follow_up_domain", "follow_up")
    op.drop_table("relay_state")
