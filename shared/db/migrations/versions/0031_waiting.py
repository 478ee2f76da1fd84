"""Time in which letters can't leave is kept, and every letter and email that waits has an end.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_NAME = "ix_letter_deliver_by"
_WAITING = sa.text("state IN ('held', 'queued', 'deferred')")
_CLAIMABLE = sa.text("state IN ('queued', 'deferred')")
_BLOCKED = ("campaign", "domain_pace", "installation")


def upgrade() -> None:
    # Letters that organizers retried have no end; a million letters are looked through for them.
    op.execute("SET LOCAL statement_timeout = 0")
    for table in _BLOCKED:
        op.add_column(table, sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("installation", sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("follow_up", sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE letter SET deliver_by = now() + interval '5 days' WHERE deliver_by IS NULL")
    op.alter_column("letter", "deliver_by", nullable=False, server_default=sa.text("now() + interval '5 days'"))
    op.drop_index(_NAME, "letter", postgresql_where=_WAITING)
    op.create_index(_NAME, "letter", ["campaign_id", "deliver_by"], postgresql_where=_CLAIMABLE)
    op.create_index(
        "ix_letter_worn_out",
        "letter",
        ["id"],
        postgresql_where=sa.text("state = 'deferred' AND cause <> 'our_dns' AND tries >= 25"),
    )
    op.create_index(
        "ix_follow_up_attempted",
        "follow_up",
        ["first_attempt_at"],
        postgresql_where=sa.text("state IN ('queued', 'deferred') AND first_attempt_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_follow_up_attempted", "follow_up")
    op.drop_index("ix_letter_worn_out", "letter")
    op.drop_index(_NAME, "letter", postgresql_where=_CLAIMABLE)
    op.create_index(_NAME, "letter", ["deliver_by"], postgresql_where=_WAITING)
    op.alter_column("letter", "deliver_by", nullable=True, server_default=None)
    op.drop_column("follow_up", "first_attempt_at")
    op.drop_column("installation", "swept_at")
    for table in _BLOCKED:
        op.drop_column(table, "blocked_at")
