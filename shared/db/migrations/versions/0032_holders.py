"""Letters that wait for an answer because their seat changed hands; letters before they followed; failed addresses.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_CHECK = "ck_letter_hold_reason_known"
_REASONS = "'vacant_seat', 'no_email', 'address_failing', {}'abuse_check', 'confirmation', 'restore', 'organizer'"


def upgrade() -> None:
    # Checking the letters of a million takes some seconds.
    op.execute("SET LOCAL statement_timeout = 0")
    _know_reasons("'new_holder', ")
    op.create_table(
        "letter_revision",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("office_change_id", sa.BigInteger()),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_letter_revision_letter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["office_change_id"],
            ["office_change.id"],
            name=op.f("fk_letter_revision_office_change_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_revision")),
    )
    op.create_index("ix_letter_revision_letter_id", "letter_revision", ["letter_id", "id"])
    op.create_index(
        "ix_letter_revision_office_change_id",
        "letter_revision",
        ["office_change_id", "letter_id"],
        postgresql_where=sa.text("office_change_id IS NOT NULL"),
    )
    op.add_column(
        "office_holder",
        sa.Column("failed_addresses", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.execute(
        """
        UPDATE office_holder
        SET failed_addresses = (
            SELECT coalesce(jsonb_object_agg(address, jsonb_build_object('at', at, 'cause', email_failure)), '{}')
            FROM (
                VALUES (lower(email), email_failed_at), (lower(second_email), second_failed_at)
            ) AS known (address, at)
            WHERE at IS NOT NULL AND address <> ''
        )
        WHERE email_failed_at IS NOT NULL OR second_failed_at IS NOT NULL
        """
    )


def downgrade() -> None:
    op.drop_column("office_holder", "failed_addresses")
    op.drop_table("letter_revision")
    op.execute("UPDATE letter SET hold_reason = 'organizer' WHERE hold_reason = 'new_holder'")
    op.execute("UPDATE letter SET cause = 'organizer' WHERE cause = 'new_holder'")
    op.execute("UPDATE letter_event SET cause = 'organizer' WHERE cause = 'new_holder'")
    _know_reasons("")


def _know_reasons(more: str) -> None:
    op.drop_constraint(_CHECK, "letter")
    op.create_check_constraint(op.f(_CHECK), "letter", f"hold_reason IN ({_REASONS.format(more)})")
