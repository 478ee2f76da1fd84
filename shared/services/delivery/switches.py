"""Everything at once: what organizers read about the pause for all and the hold, and the pause itself.

The hold is set and released in `recover.py`: it is about the database, not about anybody's wish.
"""

import structlog
from sqlalchemy import Engine

from shared.db import installation
from shared.db.happenings import note
from shared.db.installation import Switches
from shared.domain.happenings import Happening

_LOG = structlog.get_logger()


def read_switches(engine: Engine) -> Switches:
    """What keeps everything from leaving now."""
    with engine.connect() as connection:
        return installation.read_switches(connection)


def pause_everything(engine: Engine, *, paused: bool, actor: str) -> None:
    """Stops the letters and emails of all campaigns, or lets them go on; new ones are accepted either way."""
    with engine.begin() as connection:
        installation.pause_all(connection, paused=paused)
        note(connection, Happening.ALL_PAUSED if paused else Happening.ALL_RESUMED, campaign_ids=[None])
    _LOG.warning("delivery.paused" if paused else "delivery.resumed", actor=actor)
