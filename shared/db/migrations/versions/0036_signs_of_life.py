"""Counts letters that got a sign of life by mailbox, and names domains whose signs collapsed.

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
    op.execute("SET LOCAL statement_timeout = 0")
    op.add_column("installation", sa.Column("signs_counted_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sign_of_life",
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_sign_of_life_letter_id_letter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_sign_of_life")),
    )
    op.create_table(
        "sign_count",
        sa.Column("receiving_domain", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("with_sign", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_sign_count_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("receiving_domain", "since", "mailbox", "campaign_id", name=op.f("pk_sign_count")),
    )
    op.create_table(
        "silent_domain",
        sa.Column("receiving_domain", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("with_sign", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("receiving_domain", name=op.f("pk_silent_domain")),
    )
    op.execute(
        """
        INSERT INTO sign_of_life (letter_id, at)
        SELECT letter_id, min(received_at)
        FROM receipt
        WHERE letter_id IS NOT NULL AND source = 'mail' AND news = 'auto_replied' AND outcome = 'applied'
            AND received_at > now() - interval '60 days'
        GROUP BY letter_id
        """
    )


def downgrade() -> None:
    op.drop_table("silent_domain")
    op.drop_table("sign_count")
    op.drop_table("sign_of_life")
    op.drop_column("installation", "signs_counted_until")
