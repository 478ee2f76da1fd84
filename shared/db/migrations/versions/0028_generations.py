"""The database knows how far each host has worked in it, and which secret key it belongs to.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("installation", sa.Column("lineages", postgresql.ARRAY(sa.TEXT), nullable=False, server_default="{}"))
    op.add_column("installation", sa.Column("table_oid", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("installation", sa.Column("backup_at", _MOMENT))
    op.add_column("installation", sa.Column("doubtful_until", _MOMENT))
    op.add_column("installation", sa.Column("key_fingerprint", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "generation",
        sa.Column("host", sa.TEXT, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("advanced_at", _MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("host", name="pk_generation"),
    )
    op.create_table(
        "departure",
        sa.Column("kind", sa.TEXT, nullable=False),
        sa.Column("row_id", sa.BigInteger, nullable=False),
        sa.Column("left_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("kind", "row_id", name="pk_departure"),
    )
    # A database that a dump of this one is restored into has other numbers for its tables.
    op.execute("INSERT INTO installation (id) VALUES (1) ON CONFLICT DO NOTHING")
    op.execute(
        "UPDATE installation"
        " SET lineages = ARRAY[gen_random_uuid()::text], table_oid = 'installation'::regclass::oid::bigint"
    )


def downgrade() -> None:
    op.drop_table("departure")
    op.drop_table("generation")
    for name in ("key_fingerprint", "doubtful_until", "backup_at", "table_oid", "lineages"):
        op.drop_column("installation", name)
