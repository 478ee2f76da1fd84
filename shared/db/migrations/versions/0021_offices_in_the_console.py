"""What organizers decide about offices, what an import changed, and which offices' letters have to follow.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NEW_COLUMNS = (("office", ("general_email", "roster", "settle_until")), ("office_holder", ("corrected", "is_ours")))


def upgrade() -> None:
    op.add_column("office", sa.Column("general_email", sa.Text(), server_default="", nullable=False))
    op.add_column("office", sa.Column("roster", postgresql.JSONB()))
    op.add_column("office", sa.Column("settle_until", sa.DateTime(timezone=True)))
    op.create_index("ix_office_unsettled", "office", ["id"], postgresql_where=sa.text("settle_until IS NOT NULL"))
    op.add_column(
        "office_holder", sa.Column("corrected", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    )
    op.add_column("office_holder", sa.Column("is_ours", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_index("ix_office_holder_office_id", "office_holder", ["office_id"])
    op.add_column("import_run", sa.Column("who", sa.Text(), server_default="", nullable=False))
    _create_office_change()
    _create_import_change()
    # Letters that are held for seats which were filled since then leave with the first sweep.
    op.execute("UPDATE office SET settle_until = now() WHERE id IN (SELECT office_id FROM letter WHERE state = 'held')")


def downgrade() -> None:
    op.drop_table("import_change")
    op.drop_table("office_change")
    op.drop_column("import_run", "who")
    op.drop_index("ix_office_holder_office_id", "office_holder")
    op.drop_index("ix_office_unsettled", "office")
    for table, names in _NEW_COLUMNS:
        for name in names:
            op.drop_column(table, name)


def _create_office_change() -> None:
    op.create_table(
        "office_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("office_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("organizer_id", sa.BigInteger()),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.CheckConstraint(
            "kind IN ('address', 'vacant', 'seated', 'returned', 'roster', 'released', 'withdrawn')",
            name=op.f("ck_office_change_kind_known"),
        ),
        sa.CheckConstraint("state IN ('planned', 'done', 'undone')", name=op.f("ck_office_change_state_known")),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_office_change_office_id_office"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organizer_id"],
            ["organizer.id"],
            name=op.f("fk_office_change_organizer_id_organizer"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_change")),
    )
    op.create_index("ix_office_change_office_id", "office_change", ["office_id", "id"])
    op.create_index("ix_office_change_moved_at", "office_change", ["moved_at"])
    op.create_index(
        "ix_office_change_planned", "office_change", ["on_date"], postgresql_where=sa.text("state = 'planned'")
    )


def _create_import_change() -> None:
    op.create_table(
        "import_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("import_run_id", sa.BigInteger(), nullable=False),
        sa.Column("office_id", sa.BigInteger()),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("chamber", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), server_default="", nullable=False),
        sa.Column("old", sa.Text(), server_default="", nullable=False),
        sa.Column("new", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("kind IN ('new', 'changed', 'gone', 'kept')", name=op.f("ck_import_change_kind_known")),
        sa.ForeignKeyConstraint(
            ["import_run_id"],
            ["import_run.id"],
            name=op.f("fk_import_change_import_run_id_import_run"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["office_id"], ["office.id"], name=op.f("fk_import_change_office_id_office"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_change")),
    )
    op.create_index("ix_import_change_import_run_id", "import_change", ["import_run_id", "id"])
