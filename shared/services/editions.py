"""The texts that a supporter read, which their letters are made from whenever that is."""

from sqlalchemy import Connection

from shared.db import editions
from shared.db.driver import Row
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.editions import with_letters_of


class Texts:
    """Texts of editions within a transaction, each read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: dict[int, Campaign] = {}

    def of(self, stored: StoredCampaign, submission: Row) -> Campaign:
        """The campaign with the letters that this submission's writer read, and its choice of who gets which.

        `submission` is its whole row.
        """
        number = edition_of(self._connection, submission)
        if number is None or number == stored.edition_id:
            return stored.campaign
        if number not in self._read:
            self._read |= editions.read_texts(self._connection, stored.id, [number])
        return with_letters_of(stored.campaign, self._read[number])


def texts_of(connection: Connection, stored: StoredCampaign, submission: Row) -> Campaign:
    """The texts of one submission, as `Texts.of` gives them."""
    return Texts(connection).of(stored, submission)


def written_texts(connection: Connection, stored: StoredCampaign, number: int | None) -> tuple[str, ...]:
    """Subjects and bodies of the campaign's letters, and of those that a page with texts of this number showed."""
    earlier = (
        {} if number is None or number == stored.edition_id else editions.read_texts(connection, stored.id, [number])
    )
    return tuple(text for campaign in (stored.campaign, *earlier.values()) for text in campaign.letter_texts)


def edition_of(connection: Connection, submission: Row) -> int | None:
    """The number of the texts that were read; one that began before these were noted has those in force at the time.

    None where a campaign has no edition, which no saved one is without.
    """
    if submission["edition_id"] is not None:
        return int(submission["edition_id"])
    moment = submission["accepted_at"] or submission["created_at"]
    return editions.in_force(connection, submission["campaign_id"], moment)
