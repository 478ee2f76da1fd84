"""Preview links of drafts, guesses of a personal link's owner, and emails that leave before letters.

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign_preview",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_preview_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_preview")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_campaign_preview_token_hash")),
    )
    op.create_index("ix_campaign_preview_campaign_id", "campaign_preview", ["campaign_id"])
    op.add_column("invitation", sa.Column("guesses", sa.Integer(), server_default="0", nullable=False))
    op.add_column("invitation", sa.Column("guessed_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("follow_up", sa.Column("is_urgent", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_follow_up_urgent",
        "follow_up",
        ["due_at"],
        postgresql_where=sa.text("is_urgent AND state IN ('queued', 'deferred')"),
    )


def downgrade() -> None:
    op.drop_index("ix_follow_up_urgent", "follow_up")
    op.drop_column("follow_up", "is_urgent")
    op.drop_column("invitation", "guessed_since")
    op.drop_column("invitation", "guesses")
    op.drop_table("campaign_preview")
