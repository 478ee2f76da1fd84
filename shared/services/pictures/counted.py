"""What all pictures of a page are made from, read once."""

from dataclasses import dataclass

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.db.installation import Switches, read_switches
from shared.db.tallies import read_tally
from shared.domain.campaigns import StoredCampaign
from shared.domain.figures import Figures
from shared.domain.tallies import Tally
from shared.services.figures import current_figures
from shared.settings import Settings


@dataclass(frozen=True)
class Counted:
    """A campaign as it was counted last, and what keeps everything from leaving now."""

    stored: StoredCampaign
    figures: Figures
    tally: Tally
    switches: Switches


def read_counted(engine: Engine, settings: Settings, stored: StoredCampaign) -> Counted:
    """The newest count, made now when it is time for one."""
    figures = current_figures(engine, settings, for_page=True)
    with at_once(engine) as connection:
        return Counted(stored, figures, read_tally(connection, stored.id), read_switches(connection))
