"""Parts of the sweep and submissions that fail, mailings in batches, who changed a campaign's state.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failing_part",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="1", nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_failing_part")),
    )
    op.add_column("submission", sa.Column("letter_failures", sa.Integer(), server_default="0", nullable=False))
    op.add_column("campaign", sa.Column("state_changed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("campaign", sa.Column("state_changed_by", sa.Text(), server_default="", nullable=False))
    _create_mailing()


def _create_mailing() -> None:
    op.create_table(
        "mailing",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("update_id", sa.BigInteger(), nullable=True),
        sa.Column("organization", sa.Text(), server_default="", nullable=False),
        sa.Column("only_consented", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("prepared", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reached", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'stopped', 'failed')", name=op.f("ck_mailing_state_known")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_mailing_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["campaign_update.id"], name=op.f("fk_mailing_update_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
    )
    op.create_index("ix_mailing_campaign_id", "mailing", ["campaign_id", "id"])
    op.create_index(
        "uq_mailing_update_id",
        "mailing",
        ["update_id"],
        unique=True,
        postgresql_where=sa.text("update_id IS NOT NULL"),
    )
    op.create_index("ix_mailing_running", "mailing", ["due_at"], postgresql_where=sa.text("state = 'running'"))


def downgrade() -> None:
    op.drop_table("mailing")
    op.drop_column("campaign", "state_changed_by")
    op.drop_column("campaign", "state_changed_at")
    op.drop_column("submission", "letter_failures")
    op.drop_table("failing_part")
