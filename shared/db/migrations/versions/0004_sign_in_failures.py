"""Wrong sign-ins counted by network, in place of one lock that a stranger could close."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_failure",
        sa.Column("organizer_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organizer_id"], ["organizer.id"], name=op.f("fk_sign_in_failure_organizer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organizer_id", "source", name=op.f("pk_sign_in_failure")),
    )
    op.create_index("ix_sign_in_failure_expires_at", "sign_in_failure", ["expires_at"])
    op.drop_column("organizer", "failed_sign_ins")
    op.drop_column("organizer", "locked_until")


def downgrade() -> None:
    op.add_column("organizer", sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("organizer", sa.Column("failed_sign_ins", sa.Integer(), server_default="0", nullable=False))
    op.drop_table("sign_in_failure")
