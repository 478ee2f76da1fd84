"""Links in our emails that prove whose they are: a submission's token and a key that only we can make."""

from sqlalchemy import Connection

from shared.db import submissions
from shared.db.driver import Row
from shared.domain.identities import is_owner_key
from shared.domain.phrases import phrase
from shared.errors import NotFound
from shared.settings import Settings

BROKEN_LINK = phrase("This link is not complete. Copy it whole from the email.")


def submission_behind(connection: Connection, settings: Settings, token: str, key: str) -> Row:
    """The submission of such a link, with its campaign's `campaign_updated_at`. Raises NotFound."""
    row = submissions.find_submission(connection, token) if is_owner_key(settings.secret_key, token, key) else None
    if row is None:
        raise NotFound(BROKEN_LINK)
    return row
