"""Letters of an office in the order of the table.

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NAME = "ix_letter_campaign_state"
_COUNTED = ["campaign_id", "state", "office_id"]


def upgrade() -> None:
    # The index of a million letters takes some seconds.
    op.execute("SET LOCAL statement_timeout = 0")
    op.drop_index(_NAME, "letter")
    op.create_index(_NAME, "letter", [*_COUNTED, "state_changed_at", "id"])


def downgrade() -> None:
    op.drop_index(_NAME, "letter")
    op.create_index(_NAME, "letter", _COUNTED)
