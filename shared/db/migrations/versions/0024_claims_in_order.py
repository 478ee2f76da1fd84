"""Letters that became due in the same moment are claimed in order without sorting all of them.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_CLAIMABLE = sa.text("state IN ('queued', 'deferred')")
_COLUMNS = ["state", "transport", "receiving_domain", "campaign_id", "due_at"]


def upgrade() -> None:
    _replace([*_COLUMNS, "id"])


def downgrade() -> None:
    _replace(_COLUMNS)


def _replace(columns: list[str]) -> None:
    # A million letters are looked through for those that wait.
    op.execute("SET LOCAL statement_timeout = 0")
    op.drop_index("ix_letter_claimable", "letter", postgresql_where=_CLAIMABLE)
    op.create_index("ix_letter_claimable", "letter", columns, postgresql_where=_CLAIMABLE)
