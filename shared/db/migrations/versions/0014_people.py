"""Roles per campaign, invitations to them, and who saw or did what.

Whoever could sign in until now could do everything, and still can.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ROLE_KNOWN = "role IN ('owner', 'organizer', 'viewer')"


def _moment(name: str, **how: object) -> sa.Column[object]:
    return sa.Column(name, sa.TIMESTAMP(timezone=True), **how)  # type: ignore[arg-type]


def _to(table: str, column: str, target: str, gone: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), ondelete=gone
    )


def upgrade() -> None:
    op.add_column(
        "organizer", sa.Column("runs_installation", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.execute("UPDATE organizer SET runs_installation = true")
    op.create_table(
        "membership",
        sa.Column("organizer_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        _moment("created_at", server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(_ROLE_KNOWN, name=op.f("ck_membership_role_known")),
        _to("membership", "organizer_id", "organizer", "CASCADE"),
        _to("membership", "campaign_id", "campaign", "CASCADE"),
        sa.PrimaryKeyConstraint("organizer_id", "campaign_id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_campaign_id", "membership", ["campaign_id"])
    op.create_table(
        "membership_invitation",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        _moment("created_at", server_default=sa.text("now()"), nullable=False),
        _moment("expires_at", nullable=False),
        sa.CheckConstraint(_ROLE_KNOWN, name=op.f("ck_membership_invitation_role_known")),
        _to("membership_invitation", "campaign_id", "campaign", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership_invitation")),
        sa.UniqueConstraint("campaign_id", "email", name=op.f("uq_membership_invitation_campaign_id_email")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_membership_invitation_secret_hash")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        _moment("at", server_default=sa.text("now()"), nullable=False),
        sa.Column("organizer_id", sa.BigInteger(), nullable=True),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("is_change", sa.Boolean(), nullable=False),
        sa.Column("about", sa.Text(), server_default="", nullable=False),
        _to("audit_entry", "organizer_id", "organizer", "SET NULL"),
        _to("audit_entry", "campaign_id", "campaign", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_campaign_id", "audit_entry", ["campaign_id", "id"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])


def downgrade() -> None:
    for table in ("audit_entry", "membership_invitation", "membership"):
        op.drop_table(table)
    op.drop_column("organizer", "runs_installation")
