"""What the pictures of a campaign show: letters by office and by time, and what happened.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COLUMNS = ["campaign_id", "state", "state_changed_at", "id"]
_KINDS = "kind IN ('live', 'paused', 'resumed', 'closed', 'won', 'all_paused', 'all_resumed', 'left_alone')"


def upgrade() -> None:
    # The index of a million letters takes some seconds.
    op.execute("SET LOCAL statement_timeout = 0")
    op.drop_index("ix_letter_changed", "letter")
    op.create_index("ix_letter_changed", "letter", _COLUMNS, postgresql_include=["sent_at"])
    op.create_table(
        "tally",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("offices", postgresql.JSONB(), nullable=False),
        sa.Column("times", postgresql.JSONB(), nullable=False),
        sa.Column("waiting", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_tally_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_tally")),
    )
    op.create_table(
        "drawing",
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("chamber", sa.Text(), nullable=False),
        sa.Column("drawn_from", sa.Text(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("jurisdiction", "chamber", name=op.f("pk_drawing")),
    )
    op.create_table(
        "happening",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_happening_kind_known")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_happening_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_happening")),
    )
    op.create_index("ix_happening_campaign_id", "happening", ["campaign_id", "at"])
    op.execute(
        "INSERT INTO happening (at, campaign_id, kind)"
        " SELECT published_at, id, 'live' FROM campaign WHERE published_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("happening")
    op.drop_table("drawing")
    op.drop_table("tally")
    op.drop_index("ix_letter_changed", "letter")
    op.create_index("ix_letter_changed", "letter", _COLUMNS)
