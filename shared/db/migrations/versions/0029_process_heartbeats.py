"""Heartbeats of running processes, with what matters of their settings; questions that an organizer dealt with.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('web', 'worker', 'background', 'scheduler', 'inbound', 'mailbox')"


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "process_heartbeat",
        _text("id", None),
        _text("kind", None),
        _text("host", None),
        sa.Column("pid", sa.Integer(), nullable=False),
        _text("version"),
        _now("started_at"),
        _now("beat_at"),
        _text("relay"),
        _text("mail_route"),
        _text("public_url"),
        _text("mail_domain"),
        sa.Column("fingerprints", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.CheckConstraint(_KINDS, name=op.f("ck_process_heartbeat_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_heartbeat")),
    )
    op.add_column("submission", sa.Column("attended_at", sa.TIMESTAMP(timezone=True)))


def downgrade() -> None:
    op.drop_column("submission", "attended_at")
    op.drop_table("process_heartbeat")
