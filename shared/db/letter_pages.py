"""Pages of the letters table, the last changed first: read along an index from a key on, never counted, never skipped.

A search is for any word, and nobody knows how common it is. A very common one fills the page from the letters near its
beginning. Else the index of words gives those that fit: a few are fetched and sorted, many are met soon enough on the
way along the first index, and too many to carry along are told by each letter's own words.

A filter is the same question: what is common fills the page from the letters near its beginning, and what is rare is
led to by an index of its own and sorted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from shared.db.letter_choice import condition
from shared.domain.letter_filter import EVERY_LETTER, LetterFilter
from shared.domain.states import LetterState
from shared.domain.table_keys import TableKey

# Measured among a million letters: nearly every word is found within 50 ms, whatever the page.
NEAR = 1_000
FEW = 1_500
MANY = 20_000
# Letters that are looked through for a filter before its own index is asked.
REACH = 3_000
_ALL_THE_WAY = 10**12

_ROWS = """
SELECT letter.id, letter.from_name, submission.city, letter.recipient_title, letter.recipient_name, letter.district,
    letter.state, letter.transport, letter.receiving_domain, letter.cause, letter.state_changed_at
FROM ({ids}) AS page JOIN letter ON letter.id = page.id JOIN submission ON submission.id = letter.submission_id
ORDER BY letter.state_changed_at {way}, letter.id {way}
"""
# Each state's letters come from the index in this order: they are merged as far as the page needs them.
_ON_THE_WAY = """
SELECT id FROM (
    SELECT id, fits FROM ({states}) AS every ORDER BY state_changed_at {way}, id {way} LIMIT :reach
) AS passed WHERE fits {which} LIMIT :size
"""
_STATE = """(
    SELECT id, state_changed_at, {filter} AS fits FROM letter WHERE campaign_id = :campaign_id AND state = '{state}'
    AND (state_changed_at, id) {side} (:at, CAST(:id AS bigint)) ORDER BY state_changed_at {way}, id {way}
)"""
_FITS = "AND (SELECT words @@ CAST(:query AS tsquery) FROM letter_words WHERE letter_id = passed.id)"
_CARRIED = "AND id = ANY(CAST(:found AS bigint[]))"
_FETCHED = """
SELECT id FROM letter WHERE id = ANY(CAST(:found AS bigint[])) AND campaign_id = :campaign_id AND state = ANY(:states)
AND {filter} AND (state_changed_at, id) {side} (:at, CAST(:id AS bigint))
ORDER BY state_changed_at {way}, id {way} LIMIT :size
"""
# The sum keeps the planner from the index of the order, on which it would pass letters without end.
_LED = """
SELECT id FROM letter WHERE campaign_id = :campaign_id AND state = ANY(:states) AND {filter}
AND (state_changed_at, id) {side} (:at, CAST(:id AS bigint))
ORDER BY state_changed_at + interval '0' {way}, id {way} LIMIT :size
"""
# Reading all of the words looks cheap to the planner, which does not know how many it takes to find the last.
_BY_INDEX = text("SET LOCAL enable_seqscan = off")
# The numbers go back as the text they came in: turning thousands of them into Python's costs more than using them.
_FOUND = text(
    "SELECT count(*) AS how_many, coalesce(CAST(array_agg(letter_id) AS text), '{}') AS ids FROM"
    " (SELECT letter_id FROM letter_words WHERE words @@ CAST(:query AS tsquery) LIMIT :limit) AS one"
)


@dataclass(frozen=True)
class Wanted:
    """Letters of a campaign in one of these states; with a `query` of `shared.domain.search_words`, those that fit.

    Up to `size` of them that changed last before `key`, the latest first; or those that changed after it, the earliest
    first, when the table `is_upward`. `chosen` asks for more of them; its state and its words are not read here.
    """

    campaign_id: int
    states: Sequence[LetterState]
    query: str
    key: TableKey
    size: int
    is_upward: bool = False
    chosen: LetterFilter = EVERY_LETTER


def read_page(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    """The letters in the order in which they were wanted."""
    if not wanted.query:
        return _filtered(connection, wanted)
    asked = {"query": wanted.query}
    near = _passed(connection, wanted, NEAR, _FITS, asked)
    if len(near) == wanted.size:
        return near
    connection.execute(_BY_INDEX)
    found = connection.execute(_FOUND, {**asked, "limit": MANY + 1}).one()
    if found.how_many <= FEW:
        return _rows(connection, wanted, _FETCHED, {"found": found.ids, "states": list(wanted.states)})
    if found.how_many <= MANY:
        return _passed(connection, wanted, _ALL_THE_WAY, _CARRIED, {"found": found.ids})
    return _passed(connection, wanted, _ALL_THE_WAY, _FITS, asked)


def _filtered(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    """Without words."""
    more, _ = _condition(wanted)
    if more == "true":
        return _passed(connection, wanted, wanted.size)
    if not wanted.chosen.problem:
        near = _passed(connection, wanted, REACH)
        if len(near) == wanted.size:
            return near
    connection.execute(_BY_INDEX)
    return _rows(connection, wanted, _LED, {"states": list(wanted.states)})


def _condition(wanted: Wanted) -> tuple[str, dict[str, object]]:
    more, values = condition(wanted.campaign_id, wanted.chosen.but(state=None, search=""))
    return more or "true", values


def _passed(
    connection: Connection, wanted: Wanted, reach: int, which: str = "", values: Mapping[str, object] | None = None
) -> list[RowMapping]:
    """Those of the next `reach` letters that fit."""
    states = " UNION ALL ".join(_STATE.replace("{state}", state) for state in wanted.states)
    ids = _ON_THE_WAY.replace("{states}", states).replace("{which}", which)
    return _rows(connection, wanted, ids, {"reach": reach, **(values or {})})


def _rows(connection: Connection, wanted: Wanted, ids: str, values: Mapping[str, object]) -> list[RowMapping]:
    more, its_values = _condition(wanted)
    turn = {"side": ">", "way": "ASC"} if wanted.is_upward else {"side": "<", "way": "DESC"}
    where = {"campaign_id": wanted.campaign_id, "at": wanted.key.at, "id": wanted.key.id, "size": wanted.size}
    statement = text(_ROWS.replace("{ids}", ids).format(**turn, filter=f"({more})"))
    return list(connection.execute(statement, {**where, **its_values, **values}).mappings())
