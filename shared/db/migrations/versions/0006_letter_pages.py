"""The table of letters: an index in its order, and the words that letters are found by, of those there are too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from shared.domain.search_words import stored_words

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BATCH = 5_000
_LETTERS = sa.text(
    "SELECT letter.id, letter.campaign_id, from_name, reply_to, city, recipient_name, letter.district FROM letter"
    " JOIN submission ON submission.id = letter.submission_id WHERE letter.id > :last ORDER BY letter.id LIMIT :batch"
)
_WORDS = sa.text(
    "INSERT INTO letter_words (letter_id, words) SELECT id, array_to_tsvector(string_to_array(words, ' '))"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:words AS text[])) AS one(id, words)"
)


def upgrade() -> None:
    # A million letters take a minute; while it runs no other letter is made, so that none goes without words.
    op.execute("SET LOCAL statement_timeout = 0")
    op.create_index("ix_letter_changed", "letter", ["campaign_id", "state", "state_changed_at", "id"])
    op.create_table(
        "letter_words",
        sa.Column("letter_id", sa.BigInteger(), nullable=False),
        sa.Column("words", TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_letter_words")),
    )
    _fill()
    op.create_foreign_key(
        op.f("fk_letter_words_letter_id"), "letter_words", "letter", ["letter_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index("ix_letter_words_words", "letter_words", ["words"], postgresql_using="gin")
    _index_accepted(["expected_letters", "state", "is_test"])


def downgrade() -> None:
    _index_accepted(["expected_letters", "state"])
    op.drop_table("letter_words")
    op.drop_index("ix_letter_changed", "letter")


def _fill() -> None:
    connection, last = op.get_bind(), 0
    while rows := connection.execute(_LETTERS, {"last": last, "batch": _BATCH}).all():
        words = [stored_words(*row[1:]) for row in rows]
        connection.execute(_WORDS, {"ids": [row[0] for row in rows], "words": words})
        last = rows[-1][0]


def _index_accepted(carried: list[str]) -> None:
    op.drop_index("ix_submission_campaign_accepted", "submission")
    op.create_index(
        "ix_submission_campaign_accepted", "submission", ["campaign_id", "accepted_at"], postgresql_include=carried
    )
