"""Counts letters that got a sign of life by receiving domain, and names domains whose signs collapsed.

Revision ID: 0036
Revises: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_of_life",
        sa.Column("receiving_domain", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("with_sign", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("receiving_domain", "hour", name=op.f("pk_sign_of_life")),
    )
    op.create_table(
        "silent_domain",
        sa.Column("receiving_domain", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("with_sign", sa.Integer(), nullable=False),
        sa.Column("letters_before", sa.Integer(), nullable=False),
        sa.Column("with_sign_before", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("receiving_domain", name=op.f("pk_silent_domain")),
    )


def downgrade() -> None:
    op.drop_table("silent_domain")
    op.drop_table("sign_of_life")
