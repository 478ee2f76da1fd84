"""A relay that is entered in the console, what DNS said about the sender domain, when each source was last heard of.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _text(name: str, default: str | None = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=default, nullable=False)


def upgrade() -> None:
    op.create_table(
        "mail_relay",
        sa.Column("id", sa.SmallInteger(), server_default="1", nullable=False),
        _text("host", None),
        sa.Column("port", sa.Integer(), nullable=False),
        _text("security", None),
        _text("username"),
        _text("sealed_password"),
        sa.Column("changed_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        _text("changed_by"),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_relay_only_one")),
        sa.CheckConstraint("security IN ('starttls', 'tls', 'none')", name=op.f("ck_mail_relay_security_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_relay")),
    )
    op.create_table(
        "sender_check",
        _text("mail_domain", None),
        _text("selectors"),
        sa.Column("findings", postgresql.JSONB()),
        sa.Column("checked_at", sa.TIMESTAMP(timezone=True)),
        _text("checked_by"),
        _text("accepted_mark"),
        _text("accepted_by"),
        sa.Column("accepted_at", sa.TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("mail_domain", name=op.f("pk_sender_check")),
    )
    op.create_index("ix_receipt_source", "receipt", ["source", "received_at"])


def downgrade() -> None:
    op.drop_index("ix_receipt_source", "receipt")
    op.drop_table("sender_check")
    op.drop_table("mail_relay")
