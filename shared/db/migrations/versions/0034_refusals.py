"""The last answers of receiving domains that refuse letters, and the trials after a run of refusals.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("domain_pace", sa.Column("open_reply", sa.Text(), server_default="", nullable=False))
    # A domain that this installation has written to before is not new to it: NULL.
    op.add_column("domain_pace", sa.Column("allowance", sa.Integer(), nullable=True))
    op.add_column("domain_pace", sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("domain_pace", sa.Column("trial", sa.Integer(), server_default="0", nullable=False))
    op.add_column("domain_pace", sa.Column("held_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("domain_pace", sa.Column("is_watched", sa.Boolean(), server_default="false", nullable=False))
    op.create_table(
        "domain_answer",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("receiving_domain", sa.Text(), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_refusal", sa.Boolean(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("has_no_copy", sa.Boolean(), nullable=False),
        sa.Column("goes_back", sa.Boolean(), server_default="false", nullable=False),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "mailbox_pace",
        sa.Column("mailbox", sa.Text(), primary_key=True),
        sa.Column("hour_began_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
    )
    op.create_index("ix_domain_answer_domain", "domain_answer", ["transport", "receiving_domain", "id"])
    op.create_index("ix_domain_answer_letter_id", "domain_answer", ["letter_id"])
    op.create_index("ix_domain_answer_goes_back", "domain_answer", ["id"], postgresql_where=sa.text("goes_back"))


def downgrade() -> None:
    op.drop_table("mailbox_pace")
    op.drop_table("domain_answer")
    for name in ("is_watched", "held_at", "trial", "allowed_at", "allowance", "open_reply"):
        op.drop_column("domain_pace", name)
