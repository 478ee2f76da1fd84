"""Streets, address points and street ranges."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "address_source",
        sa.Column("id", sa.SmallInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_source")),
        sa.UniqueConstraint("jurisdiction", "kind", "name", name=op.f("uq_address_source_jurisdiction_kind_name")),
    )
    op.create_table(
        "street",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("jurisdiction", sa.Text(), nullable=False),
        sa.Column("street_key", sa.Text(), nullable=False),
        sa.Column("city_key", sa.Text(), server_default="", nullable=False),
        sa.Column("zip", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_street")),
        sa.UniqueConstraint(
            "jurisdiction", "street_key", "city_key", "zip", name=op.f("uq_street_jurisdiction_street_key_city_key_zip")
        ),
    )
    op.create_index("ix_street_zip", "street", ["jurisdiction", "zip"])
    op.create_index("ix_street_city", "street", ["jurisdiction", "city_key"])
    op.create_table(
        "address_point",
        sa.Column("street_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.SmallInteger(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("suffix", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["address_source.id"], name=op.f("fk_address_point_source_id")),
        sa.ForeignKeyConstraint(["street_id"], ["street.id"], name=op.f("fk_address_point_street_id")),
    )
    op.create_index("ix_address_point_street_number", "address_point", ["street_id", "number"])
    op.create_index("ix_address_point_source", "address_point", ["source_id"])
    op.create_table(
        "street_range",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.SmallInteger(), nullable=False),
        sa.Column("number_from", sa.Integer(), nullable=False),
        sa.Column("number_to", sa.Integer(), nullable=False),
        sa.Column("parity", sa.SmallInteger(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["address_source.id"], name=op.f("fk_street_range_source_id")),
        sa.ForeignKeyConstraint(["street_id"], ["street.id"], name=op.f("fk_street_range_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_street_range")),
    )
    op.create_index("ix_street_range_street", "street_range", ["street_id"])
    op.create_index("ix_street_range_source", "street_range", ["source_id"])


def downgrade() -> None:
    for table in ("street_range", "address_point", "street", "address_source"):
        op.drop_table(table)
