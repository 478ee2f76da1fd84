"""What grows old: personal data that are deleted after a while, apart from what a consent needs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = 0")
    op.add_column("submission", sa.Column("trimmed_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_submission_to_scrub",
        "submission",
        ["accepted_at"],
        postgresql_where=sa.text("accepted_at IS NOT NULL AND scrubbed_at IS NULL AND trimmed_at IS NULL"),
    )
    op.create_index(
        "ix_submission_trimmed",
        "submission",
        ["id"],
        postgresql_where=sa.text("trimmed_at IS NOT NULL AND scrubbed_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_submission_trimmed", "submission")
    op.drop_index("ix_submission_to_scrub", "submission")
    op.drop_column("submission", "trimmed_at")
