"""Pace of receiving domains, switches of the installation, and an index that leads a claim to its letters."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CLAIMABLE = sa.text("state IN ('queued', 'deferred')")


def upgrade() -> None:
    op.create_table(
        "domain_pace",
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("receiving_domain", sa.Text(), nullable=False),
        sa.Column("rate_per_hour", sa.Integer(), nullable=True),
        sa.Column("tokens", sa.Double(), server_default="1", nullable=False),
        sa.Column("refilled_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("connections", sa.Integer(), server_default="5", nullable=False),
        sa.Column("seconds_per_letter", sa.Double(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("open_cause", sa.Text(), server_default="", nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("transport", "receiving_domain", name=op.f("pk_domain_pace")),
    )
    op.execute(
        "INSERT INTO domain_pace (transport, receiving_domain) SELECT DISTINCT transport, receiving_domain FROM letter"
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("system_identifier", sa.Text(), server_default="", nullable=False),
        sa.Column("timeline", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_paused", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("hold_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.drop_index("ix_letter_claimable", "letter", postgresql_where=_CLAIMABLE)
    op.create_index(
        "ix_letter_claimable",
        "letter",
        ["state", "transport", "receiving_domain", "campaign_id", "due_at"],
        postgresql_where=_CLAIMABLE,
    )
    op.create_index(
        "ix_letter_deliver_by",
        "letter",
        ["deliver_by"],
        postgresql_where=sa.text("state IN ('held', 'queued', 'deferred')"),
    )
    op.create_index(
        "ix_letter_uncertain", "letter", ["state_changed_at"], postgresql_where=sa.text("state = 'uncertain'")
    )


def downgrade() -> None:
    op.drop_index("ix_letter_uncertain", "letter")
    op.drop_index("ix_letter_deliver_by", "letter")
    op.drop_index("ix_letter_claimable", "letter", postgresql_where=_CLAIMABLE)
    op.create_index("ix_letter_claimable", "letter", ["due_at"], postgresql_where=_CLAIMABLE)
    op.drop_table("installation")
    op.drop_table("domain_pace")
