"""Counts and removes what a simulated action day left. SQL only."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

# Foreign keys last to first. `:campaign` is the campaign's id, `:state` its jurisdiction.
_LETTERS = (
    "DELETE FROM letter WHERE campaign_id = :campaign",
    "DELETE FROM follow_up WHERE campaign_id = :campaign",
    "DELETE FROM consent WHERE campaign_id = :campaign",
    "DELETE FROM suppression WHERE campaign_id = :campaign",
    "DELETE FROM campaign_update WHERE campaign_id = :campaign",
    "DELETE FROM submission WHERE campaign_id = :campaign",
    "DELETE FROM campaign WHERE id = :campaign",
)
_DIRECTORY = (
    "DELETE FROM office_holder USING office WHERE office.id = office_id AND jurisdiction = :state AND NOT is_practice",
    "DELETE FROM office WHERE jurisdiction = :state AND NOT is_practice",
    "DELETE FROM district WHERE jurisdiction = :state",
    "DELETE FROM address_point USING street WHERE street.id = street_id AND jurisdiction = :state",
    "DELETE FROM street_range USING street WHERE street.id = street_id AND jurisdiction = :state",
    "DELETE FROM street WHERE jurisdiction = :state",
    "DELETE FROM address_source WHERE jurisdiction = :state",
    "DELETE FROM import_run WHERE jurisdiction = :state",
    "DELETE FROM domain_pace WHERE receiving_domain LIKE '%.simulation.example'",
)
_FOREIGN = text("SELECT EXISTS (SELECT 1 FROM import_run WHERE jurisdiction = :state AND source <> :source)")
_USED = text(
    "SELECT jurisdiction FROM import_run UNION SELECT jurisdiction FROM campaign"
    " UNION SELECT jurisdiction FROM office UNION SELECT jurisdiction FROM district"
)
_LIVE = text("SELECT slug FROM campaign WHERE state IN ('live', 'paused') ORDER BY slug")
_OUTSIDE = text("SELECT count(*) FROM letter WHERE campaign_id = :campaign AND transport <> 'mailbox'")
_BY_OFFICE = text(
    "SELECT office.district, letter.state, letter.cause, count(*) FROM letter JOIN office ON office.id = office_id"
    " WHERE campaign_id = :campaign GROUP BY office.district, letter.state, letter.cause"
)
_DEFERRED = text(
    "SELECT DISTINCT office.district FROM letter JOIN office ON office.id = office_id"
    " JOIN letter_event ON letter_id = letter.id WHERE campaign_id = :campaign AND to_state = 'deferred'"
)


def used_states(connection: Connection) -> set[str]:
    """The jurisdictions that anything real is known of."""
    return {row[0] for row in connection.execute(_USED)}


def live_campaigns(connection: Connection) -> list[str]:
    """Campaigns whose letters go to real offices."""
    return [row[0] for row in connection.execute(_LIVE)]


def letters_outside(connection: Connection, campaign_id: int) -> int:
    """Letters that would not go to the sink; none, or something is very wrong."""
    return int(connection.execute(_OUTSIDE, {"campaign": campaign_id}).scalar_one())


def letters_by_office(connection: Connection, campaign_id: int) -> list[tuple[str, str, str, int]]:
    """District, state, cause and number of letters."""
    rows = connection.execute(_BY_OFFICE, {"campaign": campaign_id})
    return [(district, state, cause, number) for district, state, cause, number in rows]


def deferred_districts(connection: Connection, campaign_id: int) -> set[str]:
    """The districts of which a letter was ever put off."""
    return {row[0] for row in connection.execute(_DEFERRED, {"campaign": campaign_id})}


def has_other_data(connection: Connection, jurisdiction: str, source: str) -> bool:
    """True when something else than the simulation was imported for its state."""
    return bool(connection.execute(_FOREIGN, {"state": jurisdiction, "source": source}).scalar_one())


def remove(connection: Connection, campaign_id: int, jurisdiction: str, *, with_directory: bool) -> None:
    """Deletes the campaign with everything of it, and the simulated state."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    statements: Sequence[str] = (*_LETTERS, *_DIRECTORY) if with_directory else _LETTERS
    about = {"campaign": campaign_id, "state": jurisdiction}
    for statement in statements:
        connection.execute(text(statement), {name: value for name, value in about.items() if f":{name}" in statement})
