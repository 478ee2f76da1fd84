"""The figures of dashboard and monitoring: a snapshot for all processes, and indexes that are counted instead of rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snapshot",
        sa.Column("id", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("took_s", sa.Double(), nullable=False),
        sa.Column("figures", JSONB(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_snapshot_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.drop_index("ix_submission_campaign_accepted", "submission")
    op.create_index(
        "ix_submission_campaign_accepted",
        "submission",
        ["campaign_id", "accepted_at"],
        postgresql_include=["expected_letters", "state"],
    )
    op.create_index("ix_follow_up_state", "follow_up", ["state"])
    op.create_index(
        "ix_letter_event_at", "letter_event", ["at"], postgresql_using="brin", postgresql_with={"autosummarize": "on"}
    )


def downgrade() -> None:
    op.drop_index("ix_letter_event_at", "letter_event")
    op.drop_index("ix_follow_up_state", "follow_up")
    op.drop_index("ix_submission_campaign_accepted", "submission")
    op.create_index("ix_submission_campaign_accepted", "submission", ["campaign_id", "accepted_at"])
    op.drop_table("snapshot")
