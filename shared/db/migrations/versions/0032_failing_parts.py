"""Parts of the sweep and submissions that fail.

Revision ID: 0032
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failing_part",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="1", nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", name=op.f("pk_failing_part")),
    )
    op.add_column("submission", sa.Column("letter_failures", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("submission", "letter_failures")
    op.drop_table("failing_part")
