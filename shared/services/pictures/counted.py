"""What all pictures of a page are made from, read once."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.db.installation import Switches, read_switches
from shared.db.tallies import read_tally
from shared.domain.campaigns import StoredCampaign
from shared.domain.figures import Figures
from shared.domain.relay_state import RelayState
from shared.domain.relay_words import breaker_words, server_words
from shared.domain.tallies import Tally
from shared.domain.transport import SERVER_OF
from shared.rendering.speech import say_moment
from shared.services.delivery.mail_servers import paused_servers
from shared.services.figures import current_figures
from shared.settings import Settings


@dataclass(frozen=True)
class Counted:
    """A campaign as it was counted last, and what keeps everything from leaving now.

    `paused` are the mail servers with waiting letters of the campaign that nothing leaves by now.
    """

    stored: StoredCampaign
    figures: Figures
    tally: Tally
    switches: Switches
    paused: tuple[RelayState, ...] = ()

    @property
    def pause(self) -> str:
        """`the mail relay is paused until Nov 22, 10:42 am EST`; empty while none of them is."""
        if not self.paused:
            return ""
        state, zone = self.paused[0], ZoneInfo(self.stored.campaign.timezone)
        return f"the {server_words(state.server)} is {breaker_words(state, lambda at: say_moment(at, zone))}"


def read_counted(engine: Engine, settings: Settings, stored: StoredCampaign) -> Counted:
    """The newest count, made now when it is time for one."""
    figures = current_figures(engine, settings, for_page=True)
    with at_once(engine) as connection:
        tally = read_tally(connection, stored.id)
        needed = {SERVER_OF[transport] for transport, _ in tally.waiting}
        paused = tuple(state for state in paused_servers(connection, settings) if state.server in needed)
        return Counted(stored, figures, tally, read_switches(connection), paused)
