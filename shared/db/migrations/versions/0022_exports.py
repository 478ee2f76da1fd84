"""Exports: files that organizers ask for, made by workers in pieces.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("letter_state", sa.Text()),
        sa.Column("office_id", sa.BigInteger()),
        sa.Column("first_day", sa.Date()),
        sa.Column("last_day", sa.Date()),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("attempt", "erasures", "crash_count")
        ),
        *(sa.Column(name, _MOMENT) for name in ("lease_until", "served_at", "planned_at")),
        sa.Column("is_test", sa.Boolean()),
        *(sa.Column(name, sa.BigInteger(), server_default="0", nullable=False) for name in ("rows", "size")),
        *(sa.Column(name, _MOMENT) for name in ("ended_at", "expires_at")),
        sa.CheckConstraint(
            "kind IN ('letters', 'supporters', 'legislators', 'bundle')", name=op.f("ck_export_kind_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'making', 'ready', 'failed', 'expired')", name=op.f("ck_export_state_known")
        ),
        sa.CheckConstraint(
            "reason IN ('', 'nothing', 'too_large', 'broke_off', 'time', 'deleted', 'erasure')",
            name=op.f("ck_export_reason_known"),
        ),
        sa.CheckConstraint(
            "letter_state IN ('held', 'queued', 'sending', 'deferred', 'sent', 'uncertain', 'delivered',"
            " 'unconfirmed', 'rejected', 'bounced', 'expired', 'cancelled', 'quarantined')",
            name=op.f("ck_export_letter_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_export_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_export_office_id_office"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )
    op.create_index("ix_export_campaign", "export", ["campaign_id", "id"])
    op.create_index(
        "ix_export_live",
        "export",
        ["state"],
        postgresql_where=sa.text("state IN ('waiting', 'making', 'ready')"),
    )
    op.create_table(
        "export_piece",
        sa.Column("export_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("office_id", sa.BigInteger()),
        *(sa.Column(name, sa.Integer(), server_default="1", nullable=False) for name in ("part", "parts")),
        sa.Column("read_at", _MOMENT),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("rows", sa.Integer(), server_default="0", nullable=False),
        sa.Column("data", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["export_id"], ["export.id"], name=op.f("fk_export_piece_export_id_export"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("export_id", "number", name=op.f("pk_export_piece")),
    )


def downgrade() -> None:
    op.drop_table("export_piece")
    op.drop_table("export")
