"""Sign-in in two steps, recovery codes, and a row for each browser that is signed in.

Whoever is signed in has to sign in once more.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("totp_key", "totp_pending_key"):
        op.add_column("organizer", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("organizer", sa.Column("totp_step", sa.BigInteger(), server_default="0", nullable=False))
    op.create_table(
        "recovery_code",
        sa.Column("organizer_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_recovery_code_organizer_id_organizer"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organizer_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "organizer_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("organizer_id", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.Text(), server_default="", nullable=False),
        sa.Column("began_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("used_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"],
            ["organizer.id"],
            name=op.f("fk_organizer_session_organizer_id_organizer"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizer_session")),
    )
    op.create_index("ix_organizer_session_organizer_id", "organizer_session", ["organizer_id"])


def downgrade() -> None:
    op.drop_table("organizer_session")
    op.drop_table("recovery_code")
    for name in ("totp_step", "totp_pending_key", "totp_key"):
        op.drop_column("organizer", name)
