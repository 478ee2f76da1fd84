"""Which letters a filter, or a row of ticked boxes, means: conditions on the table `letter` alone."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, RowMapping, text

from shared.db.tables.letters import ATTENTION, UNATTENDED
from shared.domain.bulk import MOST
from shared.domain.letter_filter import Choice, LetterFilter
from shared.domain.problems import PLACES, Problem
from shared.domain.search_words import search_query

_IN_PLACES: dict[Problem, str] = {
    problem: " OR ".join(
        f"state = '{state}' AND cause IN ({', '.join(repr(cause.value) for cause in causes)})"
        for state, causes in places.items()
    )
    for problem, places in PLACES.items()
}
_FOUND = "id IN (SELECT letter_id FROM letter_words WHERE words @@ CAST(:query AS tsquery))"
_GROUPED = (
    "SELECT state, cause, office_id, office_holder_id, is_written, is_erased, count(*) AS letters FROM ("
    "SELECT state, cause, office_id, office_holder_id, body <> '' AS is_written, reply_to = '' AS is_erased"
    " FROM letter WHERE {where} LIMIT :most) AS one"
    " GROUP BY state, cause, office_id, office_holder_id, is_written, is_erased"
)
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM letter WHERE {where} LIMIT :most) AS one"


def where(choice: Choice) -> tuple[str, dict[str, object]]:
    """The condition that says which letters are chosen, and its values."""
    parts: list[str] = ["campaign_id = :campaign_id"]
    values: dict[str, object] = {"campaign_id": choice.campaign_id}
    more, its_values = condition(choice.campaign_id, choice.wanted)
    if choice.ids:
        parts, values = [*parts, "id = ANY(:ids)"], {**values, "ids": list(choice.ids)}
    elif more:
        parts, values = [*parts, more], {**values, **its_values}
    if choice.as_of is not None:
        parts, values = [*parts, "state_changed_at <= :as_of"], {**values, "as_of": choice.as_of}
    return " AND ".join(parts), values


def condition(campaign_id: int, wanted: LetterFilter) -> tuple[str, dict[str, object]]:
    """What a filter asks of a letter of the campaign; empty when nothing."""
    parts: dict[str, Mapping[str, object]] = {}
    if wanted.state:
        parts["state = :state"] = {"state": wanted.state.value}
    if wanted.problem:
        # Its states and causes are some of those of ATTENTION: said twice, the planner takes them for rare.
        parts[f"({_IN_PLACES[wanted.problem]}) AND {UNATTENDED}"] = {}
    elif wanted.needs:
        parts[ATTENTION] = {}
    if wanted.office:
        parts["office_id = :office_id"] = {"office_id": wanted.office}
    if wanted.domain:
        parts["receiving_domain = :domain"] = {"domain": wanted.domain}
    if wanted.domain and not (wanted.needs or wanted.problem):
        # Both kinds are named: the index has them before the domain.
        parts["is_test IN (false, true)"] = {}
    if wanted.test is not None:
        parts["is_test = :is_test"] = {"is_test": wanted.test}
    if wanted.search.strip():
        query = search_query(campaign_id, wanted.search)
        parts[_FOUND if query else "false"] = {"query": query} if query else {}
    return " AND ".join(parts), {name: value for values in parts.values() for name, value in values.items()}


def group_chosen(connection: Connection, choice: Choice) -> Sequence[RowMapping]:
    """The chosen letters counted by all that decides about them; one more than MOST when there are more."""
    which, values = where(choice)
    statement = text(_GROUPED.replace("{where}", which))
    return connection.execute(statement, {**values, "most": MOST + 1}).mappings().all()


def count_chosen(connection: Connection, choice: Choice, most: int) -> int:
    """How many there are, `most` at most."""
    which, values = where(choice)
    return int(connection.execute(text(_COUNT.replace("{where}", which)), {**values, "most": most}).scalar_one())
