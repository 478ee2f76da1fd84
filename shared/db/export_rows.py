"""What stands in exported files, read a piece at a time. Nothing personal of who asked to be erased is ever read."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from shared.db.export_pieces import Claim, Days, allow_long_queries, range_of, states_of
from shared.domain.states import HAS_LEFT, LetterState

_WANTED = "unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS wanted(number, turn)"
_LETTER = "JOIN letter ON letter.id = wanted.number JOIN submission ON submission.id = letter.submission_id"
_OFFICE = "JOIN office ON office.id = letter.office_id"


def _unless_erased(*columns: str) -> str:
    """The columns; empty once a person asked to be erased, or where they grew old and only a consent keeps them."""
    return ", ".join(
        f"CASE WHEN erase_requested_at IS NULL AND trimmed_at IS NULL THEN {column} ELSE '' END"
        f" AS {column.partition('.')[2]}"
        for column in columns
    )


_LETTERS = text(
    "SELECT letter.id, letter.state, letter.cause, letter.is_test, accepted_at, letter.sent_at, letter.answered_at,"
    " letter.state_changed_at, letter.transport, letter.receiving_domain, office.chamber, office.title,"
    " coalesce(nullif(letter.district, ''), office.district) AS district, letter.recipient_name,"
    " letter.recipient_email, submission.us_state, submission.language, submission.source, "
    + _unless_erased(
        "submission.first_name",
        "submission.last_name",
        "submission.email",
        "submission.street",
        "submission.unit",
        "submission.city",
        "submission.zip",
        "submission.own_words",
        "letter.subject",
    )
    + f" FROM {_WANTED} {_LETTER} {_OFFICE} ORDER BY turn"
)
_SUPPORTERS = text(
    "SELECT consent.organization, submission.first_name, submission.last_name, submission.email, submission.city,"
    " submission.us_state, submission.zip, consent.wording, consent.language, consent.given_at, consent.source,"
    f" submission.is_test FROM {_WANTED} JOIN consent ON consent.id = wanted.number"
    " JOIN submission ON submission.id = consent.submission_id"
    " WHERE erase_requested_at IS NULL AND withdrawn_at IS NULL ORDER BY turn"
)
_PRINTED = text(
    "SELECT letter.from_name, letter.subject, letter.body, letter.recipient_title, letter.recipient_name,"
    " letter.district, accepted_at, submission.street, submission.unit, submission.city, submission.us_state,"
    f" submission.zip FROM {_WANTED} {_LETTER} WHERE letter.state = ANY(:states) AND body <> ''"
    " AND erase_requested_at IS NULL ORDER BY turn"
)
_COUNTS = ", ".join(f"count(*) FILTER (WHERE letter.state = '{state}') AS {state}" for state in LetterState)
_HAS_LEFT = ", ".join(f"'{state}'" for state in sorted(HAS_LEFT))
_LEGISLATORS = (
    "SELECT office.chamber, office.title, office.district, coalesce(holder.name, '') AS holder,"
    " coalesce(holder.party, '') AS party, written.* FROM (SELECT office_id, letter.is_test, count(*) AS letters,"
    f" {_COUNTS}, count(*) FILTER (WHERE answered_at IS NOT NULL AND letter.state IN ({_HAS_LEFT})) AS answered"
    " FROM letter {written} WHERE letter.campaign_id = :campaign_id AND letter.state = ANY(:states) {office}"
    " GROUP BY office_id, letter.is_test) AS written JOIN office ON office.id = written.office_id"
    " LEFT JOIN office_holder holder ON holder.office_id = office.id AND holder.valid_to IS NULL"
    " ORDER BY array_position(ARRAY['lower', 'upper', 'congress'], chamber), district, seat, office.id, is_test"
)
_WRITTEN = "JOIN submission ON submission.id = letter.submission_id AND accepted_at >= :since AND accepted_at < :until"
_OFFICE_TODAY = text(
    "SELECT office.chamber, office.title, office.district, office.seat, office.jurisdiction,"
    " coalesce(holder.name, '') AS holder FROM office LEFT JOIN office_holder holder"
    " ON holder.office_id = office.id AND holder.valid_to IS NULL WHERE office.id = :id"
)
_CHOICES = text(
    "SELECT office.id, office.title, office.district, coalesce(holder.name, '') AS holder FROM office"
    " LEFT JOIN office_holder holder ON holder.office_id = office.id AND holder.valid_to IS NULL"
    " JOIN campaign ON campaign.id = :campaign_id WHERE office.jurisdiction = campaign.jurisdiction"
    " AND office.chamber = ANY(campaign.chambers)"
    # A letter is found at once where there is one, and no office has so many that none fits.
    " AND EXISTS (SELECT 1 FROM letter WHERE campaign_id = :campaign_id AND office_id = office.id"
    " AND state = ANY(:states))"
    " ORDER BY array_position(ARRAY['lower', 'upper', 'congress'], office.chamber), office.district, office.seat"
)


def letter_rows(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Letters with their supporters and offices."""
    return connection.execute(_LETTERS, {"ids": list(ids)}).mappings().all()


def supporter_rows(connection: Connection, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Consents with their supporters, without those that were taken back meanwhile."""
    return connection.execute(_SUPPORTERS, {"ids": list(ids)}).mappings().all()


def printed_rows(connection: Connection, claimed: Claim, ids: Sequence[int]) -> Sequence[RowMapping]:
    """Letters as they are handed over, without those that may not be any more."""
    return connection.execute(_PRINTED, {"ids": list(ids), "states": states_of(claimed)}).mappings().all()


def legislator_rows(connection: Connection, claimed: Claim, days: Days) -> Sequence[RowMapping]:
    """Each office that was written to, and how many letters are in which state; practice letters apart."""
    allow_long_queries(connection)
    statement = _LEGISLATORS.format(
        written="" if days.are_all else _WRITTEN,
        office="AND letter.office_id = :office_id" if claimed.wanted.office_id is not None else "",
    )
    values = {
        "campaign_id": claimed.campaign_id,
        "states": states_of(claimed),
        "office_id": claimed.wanted.office_id,
        **range_of(days),
    }
    return connection.execute(text(statement), values).mappings().all()


def office_today(connection: Connection, office_id: int) -> RowMapping:
    """An office with its holder's name."""
    return connection.execute(_OFFICE_TODAY, {"id": office_id}).mappings().one()


def written_to(connection: Connection, campaign_id: int) -> Sequence[RowMapping]:
    """The offices that the campaign has letters for, to choose one from."""
    values = {"campaign_id": campaign_id, "states": [state.value for state in LetterState]}
    return connection.execute(_CHOICES, values).mappings().all()
