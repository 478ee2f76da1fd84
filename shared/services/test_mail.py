"""Tests to an organizer's own address, handed over at once, on the way that the campaign's mail takes."""

from collections.abc import Sequence

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.transport import Transport, speaks_of_a_test
from shared.errors import NotAllowed
from shared.services.delivery.switches import read_switches
from shared.services.lookup import has_real_directory
from shared.services.mail_at_once import hand_over
from shared.services.outbox import configured_relay
from shared.settings import Settings


def hand_over_tests(
    engine: Engine, settings: Settings, stored: StoredCampaign, messages: Sequence[bytes], recipient: str
) -> Transport:
    """Hands the messages to the mail server, for this address alone; which way they went.

    Raises NotAllowed in plain words when everything is paused or the mail server does not take one.
    """
    if read_switches(engine).stops_all:
        raise NotAllowed("Nothing leaves now, and no test either. Resume everything on the page “Delivery” first.")
    transport = way_of_tests(engine, settings, stored)
    failed = f"The test to {recipient} was not sent, and counts for nothing."
    sender = f"{stored.campaign.slug}@{settings.mail_domain}"
    hand_over(settings, transport, sender, recipient, messages, failed=failed)
    return transport


def way_of_tests(engine: Engine, settings: Settings, stored: StoredCampaign) -> Transport:
    """As the campaign's letters go: in practice everything stays in the local mailbox."""
    relay = configured_relay(settings)
    with at_once(engine) as connection:
        is_practice = not has_real_directory(connection, stored.campaign.jurisdiction)
    if relay is None or speaks_of_a_test(stored.state, relay, is_practice=is_practice):
        return Transport.MAILBOX
    return relay
