"""How the office of a letter was found: the lookup as its submission keeps it."""

from dataclasses import dataclass

from sqlalchemy import Engine, select

from shared.db import campaigns, submissions, targets
from shared.db.tables import letter
from shared.domain.places import HomeAddress, LookupResult, LookupStatus, Match, MatchType
from shared.errors import NotFound


@dataclass(frozen=True)
class StoredLookup:
    """A submission's address and the answer that its letters were made from."""

    letter_id: int
    jurisdiction: str
    address: HomeAddress
    result: LookupResult


def read_stored_lookup(engine: Engine, letter_id: int) -> StoredLookup:
    """The lookup behind a letter; raises NotFound."""
    with engine.connect() as connection:
        number = connection.scalar(select(letter.c.submission_id).where(letter.c.id == letter_id))
        if number is None:
            raise NotFound("There is no such letter.")
        row = submissions.read_by_id(connection, number)
        offices = tuple(office for office, _, _ in targets.read_targets(connection, number))
        jurisdiction = campaigns.read_campaign(connection, row["campaign_id"]).campaign.jurisdiction
    address = HomeAddress(row["street"], row["city"], row["us_state"], row["zip"], row["unit"])
    match = None
    if row["match_type"]:
        places = (row["precision_m"], row["edge_m"], row["lat"], row["lon"])
        match = Match(MatchType(row["match_type"]), row["match_source"], *places)
    status = LookupStatus(row["lookup_status"] or LookupStatus.NO_MATCH)
    if match is not None and match.type is MatchType.HAND_PICKED:
        # The question was answered: these offices are the supporter's own choice.
        status = LookupStatus.MATCHED
    return StoredLookup(
        letter_id, jurisdiction, address, LookupResult(status, match, offices, reason=row["lookup_reason"])
    )
