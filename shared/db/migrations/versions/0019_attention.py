"""What needs attention, counted along an index of its own; letters of a mail domain; changes of many letters at once.

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_NEEDS = (
    "(state IN ('held', 'uncertain', 'unconfirmed', 'rejected', 'bounced', 'expired', 'quarantined')"
    " OR (state = 'deferred' AND cause IN ('mailbox_full', 'our_dns')))"
    " AND (attended_at IS NULL OR attended_at < state_changed_at)"
)
_ACTIONS = "action IN ('retry', 'second', 'release', 'cancel', 'settle')"
_OUTCOMES = "outcome IN ('waiting', 'changed', 'moved_on', 'left_out', 'put_back', 'gone', 'stopped')"


def upgrade() -> None:
    # Two indexes of a million letters take some seconds.
    op.execute("SET LOCAL statement_timeout = 0")
    op.add_column("letter", sa.Column("attended_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_letter_attention",
        "letter",
        ["campaign_id", "state", "cause", "office_id", "receiving_domain", "state_changed_at", "id"],
        postgresql_where=sa.text(_NEEDS),
    )
    op.create_index("ix_letter_domain", "letter", ["campaign_id", "is_test", "receiving_domain"])
    op.create_index(
        "ix_submission_asked",
        "submission",
        ["campaign_id", "lookup_status", "id"],
        postgresql_where=sa.text("state = 'needs_address' AND accepted_at IS NOT NULL"),
    )
    _create_changes()


def downgrade() -> None:
    op.drop_table("bulk_letter")
    op.drop_table("bulk_change")
    op.drop_index("ix_submission_asked", "submission")
    op.drop_index("ix_letter_domain", "letter")
    op.drop_index("ix_letter_attention", "letter")
    op.drop_column("letter", "attended_at")


def _create_changes() -> None:
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("undo_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delay_s", sa.Integer(), server_default="0", nullable=False),
        sa.Column("moved_before", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reached", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(_ACTIONS, name=op.f("ck_bulk_change_action_known")),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'undoing', 'undone')", name=op.f("ck_bulk_change_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_bulk_change_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_change")),
    )
    op.create_index("ix_bulk_change_campaign", "bulk_change", ["campaign_id", "id"])
    op.create_index(
        "ix_bulk_change_unfinished", "bulk_change", ["id"], postgresql_where=sa.text("state IN ('running', 'undoing')")
    )
    op.create_table(
        "bulk_letter",
        sa.Column("bulk_id", sa.BigInteger(), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("changed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(_OUTCOMES, name=op.f("ck_bulk_letter_outcome_known")),
        sa.ForeignKeyConstraint(
            ["bulk_id"], ["bulk_change.id"], name=op.f("fk_bulk_letter_bulk_id_bulk_change"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("bulk_id", "letter_id", name=op.f("pk_bulk_letter")),
    )
