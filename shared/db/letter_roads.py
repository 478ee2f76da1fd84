"""The ways to the letters of a page: along an index in the order of the table, or by another index and sorted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from shared.db.letter_choice import condition
from shared.domain.letter_filter import EVERY_LETTER, LetterFilter
from shared.domain.states import LetterState
from shared.domain.table_keys import TableKey

ALL_THE_WAY = 10**12
_ROWS = """
SELECT letter.id, letter.from_name, submission.city, letter.recipient_title, letter.recipient_name, letter.district,
    letter.state, letter.transport, letter.receiving_domain, letter.cause, letter.state_changed_at
FROM ({ids}) AS page JOIN letter ON letter.id = page.id JOIN submission ON submission.id = letter.submission_id
ORDER BY letter.state_changed_at {way}, letter.id {way}
"""
# Each state's letters, those of one office too, come from an index in this order: they are merged as far as is needed.
_STATE = """(
    SELECT id, state_changed_at, {fits} AS fits FROM letter
    WHERE campaign_id = :campaign_id AND state = '{state}' {office}
    AND (state_changed_at, id) {side} (:at, CAST(:id AS bigint)) ORDER BY state_changed_at {way}, id {way}
)"""
_PASSED = "SELECT id, fits FROM ({states}) AS every ORDER BY state_changed_at {way}, id {way} LIMIT :reach"
_ON_THE_WAY = "SELECT id FROM ({passed}) AS passed WHERE fits {which} LIMIT :size"
_FITS = "AND (SELECT words @@ CAST(:query AS tsquery) FROM letter_words WHERE letter_id = passed.id)"
# By chance, since numbers tell something: the two letters of a person follow each other.
_PART = 5
_PROMISED = "SELECT count(*) FROM ({passed}) AS passed WHERE hashint8(id) % :part = 0 AND fits {which}"
# Only a letter that was found is looked at.
_CARRIED = (
    "AND CASE WHEN id = ANY(CAST(:found AS bigint[])) THEN (SELECT {rest} FROM letter WHERE letter.id = passed.id) END"
)
_FETCHED = """
SELECT id FROM letter WHERE id = ANY(CAST(:found AS bigint[])) AND campaign_id = :campaign_id AND state = ANY(:states)
AND {all} AND (state_changed_at, id) {side} (:at, CAST(:id AS bigint))
ORDER BY state_changed_at {way}, id {way} LIMIT :size
"""
# What is added to a column keeps the planner from the indexes of the order, on which it would pass letters without end.
_LED = """
SELECT id FROM letter WHERE campaign_id = :campaign_id AND state || '' = ANY(:states) AND {all}
AND (state_changed_at + interval '0', id) {side} (:at, CAST(:id AS bigint))
ORDER BY state_changed_at + interval '0' {way}, id {way} LIMIT :size
"""


@dataclass(frozen=True)
class Wanted:
    """Letters of a campaign in one of these states; with `words` of `shared.domain.search_words`, those that have all.

    Up to `size` of them that changed last before `key`, the latest first; or those that changed after it, the earliest
    first, when the table `is_upward`. `chosen` asks for more of them; its state and its words are not read here.
    """

    campaign_id: int
    states: Sequence[LetterState]
    words: Sequence[str]
    key: TableKey
    size: int
    is_upward: bool = False
    chosen: LetterFilter = EVERY_LETTER

    @property
    def query(self) -> str:
        """The words as one question."""
        return " & ".join(self.words)

    @property
    def rest(self) -> str:
        """What is asked of each letter on the way, which is the way of an office when one is chosen; else empty."""
        return _condition(self, office=None)[0]

    @property
    def is_apart(self) -> bool:
        """True for letters that are likely to be stored apart from each other, so that passing many takes long."""
        return bool(self.chosen.office) or len(self.states) < len(LetterState)


def along(connection: Connection, wanted: Wanted, reach: int) -> list[RowMapping]:
    """Those of the next `reach` letters that fit, told by themselves."""
    return _rows(connection, wanted, _by_themselves(_ON_THE_WAY, wanted), {"reach": reach, "query": wanted.query})


def promised(connection: Connection, wanted: Wanted, reach: int) -> int:
    """How many of the next `reach` letters fit, as far as a fifth of them tells."""
    statement, values = fill(_by_themselves(_PROMISED, wanted), wanted)
    asked = {"reach": reach, "query": wanted.query, "part": _PART}
    return _PART * int(connection.execute(text(statement), {**values, **asked}).scalar_one())


def carrying(connection: Connection, wanted: Wanted, found: str) -> list[RowMapping]:
    """Those of the letters `found` that are met on the way; an array of ids, as PostgreSQL writes it."""
    way = passed(wanted).replace("{fits}", "true")
    ids = _ON_THE_WAY.replace("{passed}", way).replace("{which}", _CARRIED)
    return _rows(connection, wanted, ids, {"reach": ALL_THE_WAY, "found": found})


def fetched(connection: Connection, wanted: Wanted, found: str) -> list[RowMapping]:
    """Those of the letters `found`, each asked for and sorted; written as for `carrying`."""
    return _rows(connection, wanted, _FETCHED, {"found": found})


def led(connection: Connection, wanted: Wanted) -> list[RowMapping]:
    """All that an index of the filter leads to, sorted."""
    return _rows(connection, wanted, _LED, {})


def passed(wanted: Wanted) -> str:
    """The next `:reach` letters on the way, to be filled in by `fill`."""
    office = "AND office_id = :office_id" if wanted.chosen.office else ""
    states = " UNION ALL ".join(_STATE.replace("{state}", state) for state in wanted.states)
    return _PASSED.replace("{states}", states.replace("{office}", office))


def fill(statement: str, wanted: Wanted) -> tuple[str, dict[str, object]]:
    """The statement with conditions and order, and its values except `reach`, `query` and `found`."""
    way = {"side": ">", "way": "ASC"} if wanted.is_upward else {"side": "<", "way": "DESC"}
    every, values = _condition(wanted)
    rest = wanted.rest or "true"
    where = {"campaign_id": wanted.campaign_id, "at": wanted.key.at, "id": wanted.key.id, "size": wanted.size}
    filled = statement.format(**way, fits=f"({rest})", rest=f"({rest})", all=f"({every or 'true'})")
    return filled, {**where, "states": list(wanted.states), **values}


def _by_themselves(statement: str, wanted: Wanted) -> str:
    return statement.replace("{passed}", passed(wanted)).replace("{which}", _FITS if wanted.words else "")


def _condition(wanted: Wanted, **without: None) -> tuple[str, dict[str, object]]:
    return condition(wanted.campaign_id, wanted.chosen.but(state=None, search="", **without))


def _rows(connection: Connection, wanted: Wanted, ids: str, more: Mapping[str, object]) -> list[RowMapping]:
    statement, values = fill(_ROWS.replace("{ids}", ids), wanted)
    return list(connection.execute(text(statement), {**values, **more}).mappings())
