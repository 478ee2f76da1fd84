"""The one chooser of where letters go. It runs once, at acceptance; its answer stays with the letters for good."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.states import CampaignState


class Transport(StrEnum):
    """`mailbox` never leaves this machine; `relay` passes mail on; `direct` is itself the receivers' server."""

    MAILBOX = "mailbox"
    RELAY = "relay"
    DIRECT = "direct"


class MailServer(StrEnum):
    """The mail servers behind the transports: the local mailbox, and the relay of both ways out of this machine."""

    MAILBOX = "mailbox"
    RELAY = "relay"


SERVER_OF = {
    Transport.MAILBOX: MailServer.MAILBOX,
    Transport.RELAY: MailServer.RELAY,
    Transport.DIRECT: MailServer.RELAY,
}


@dataclass(frozen=True)
class Route:
    """Where the letters of one submission go, and whether they are test letters."""

    transport: Transport
    is_test: bool


def choose_route(state: CampaignState, relay: Transport | None, *, is_practice: bool) -> Route:
    """A published campaign, a configured `relay` and real offices, all three: else the local mailbox, as a test.

    A paused campaign is published: its letters are real and wait.
    """
    if state in (CampaignState.LIVE, CampaignState.PAUSED) and relay is not None and not is_practice:
        return Route(relay, is_test=False)
    return Route(Transport.MAILBOX, is_test=True)


def speaks_of_a_test(state: CampaignState, relay: Transport | None, *, is_practice: bool) -> bool:
    """What pages say before Send is pressed, from what Send would choose; an ended campaign as if it were live."""
    ended = state in (CampaignState.CLOSED, CampaignState.WON)
    return choose_route(CampaignState.LIVE if ended else state, relay, is_practice=is_practice).is_test
