"""Finds letters by their words in the index of words.

The index reads all letters of each word that it is asked for. So it isn't asked for words that every second letter has:
those are looked for in the letters that the other words give.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, text

from shared.db.letter_roads import Wanted, fill, passed

# Letters that tell how common a word is, and the share of them from which on it is: one of so many.
_SAMPLE, _COMMON = 200, 4
_RARE = (
    "WITH sample AS MATERIALIZED (SELECT words FROM ({passed}) AS passed JOIN letter_words ON letter_id = passed.id)"
    " SELECT asked.word FROM unnest(CAST(:words AS text[])) AS asked(word) WHERE :common * (SELECT count(*) FROM sample"
    " WHERE words @@ CAST(asked.word AS tsquery)) < (SELECT count(*) FROM sample)"
)
# The numbers go back as the text they came in: turning thousands of them into Python's costs more than using them.
# What is asked to be TRUE is not asked of the index.
_FOUND = text(
    "SELECT count(*) AS how_many, coalesce(CAST(array_agg(letter_id) AS text), '{}') AS ids FROM"
    " (SELECT letter_id FROM letter_words WHERE words @@ CAST(:rare AS tsquery)"
    " AND (words @@ CAST(:query AS tsquery)) IS TRUE LIMIT :limit) AS one"
)

# An index of words is read in no other way.
_BY_INDEX = text("SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'on', true)")


def find(connection: Connection, wanted: Wanted, limit: int) -> Row[tuple[int, str]]:
    """`how_many` letters have all of the words, `limit` at most, and their `ids` as PostgreSQL writes an array."""
    connection.execute(_BY_INDEX)
    rare = " & ".join(_rare_words(connection, wanted) or wanted.words)
    return connection.execute(_FOUND, {"rare": rare, "query": wanted.query, "limit": limit}).one()


def _rare_words(connection: Connection, wanted: Wanted) -> Sequence[str]:
    """Those words that few letters near the page's beginning have."""
    if len(wanted.words) == 1:
        return wanted.words
    statement, values = fill(_RARE.replace("{passed}", passed(wanted)), wanted)
    asked = {"reach": _SAMPLE, "common": _COMMON, "words": list(wanted.words)}
    return connection.execute(text(statement), {**values, **asked}).scalars().all()
