"""Where people came from is counted from the index that carries what is counted."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CARRIED = ["expected_letters", "state", "is_test"]


def upgrade() -> None:
    op.execute("SET LOCAL statement_timeout = 0")
    _index_accepted([*_CARRIED, "source"])


def downgrade() -> None:
    _index_accepted(_CARRIED)


def _index_accepted(carried: list[str]) -> None:
    op.drop_index("ix_submission_campaign_accepted", "submission")
    op.create_index(
        "ix_submission_campaign_accepted", "submission", ["campaign_id", "accepted_at"], postgresql_include=carried
    )
