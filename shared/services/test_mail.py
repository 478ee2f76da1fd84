"""Tests to an organizer's own address, handed over at once, on the way that the campaign's mail takes."""

from collections.abc import Sequence

from sqlalchemy import Engine

from shared.clock import now
from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.identities import new_token
from shared.domain.transport import Transport, speaks_of_a_test
from shared.errors import NotAllowed
from shared.rendering.letters import text_to_html
from shared.rendering.mime import Mail, build_mail, html_document
from shared.services.delivery.switches import read_switches
from shared.services.lookup import has_real_directory
from shared.services.mail_at_once import hand_over
from shared.services.outbox import configured_relay
from shared.settings import Settings

_TEST_WORDS = (
    "This is a test of how mail leaves your installation of Dear Rep.\n\n"
    "It came through the mail server that letters take. Look whether your mailbox filed it as spam: its headers"
    " (“Show original”) say whether SPF, DKIM and DMARC passed. No supporter and no office got it.\n"
)


def hand_over_tests(
    engine: Engine, settings: Settings, stored: StoredCampaign, messages: Sequence[bytes], recipient: str
) -> Transport:
    """Hands the messages to the mail server, for this address alone; which way they went.

    Raises NotAllowed in plain words when everything is paused or the mail server does not take one.
    """
    _require_way(engine)
    transport = way_of_tests(engine, settings, stored)
    failed = f"The test to {recipient} was not sent, and counts for nothing."
    sender = f"{stored.campaign.slug}@{settings.mail_domain}"
    hand_over(settings, transport, sender, recipient, messages, failed=failed)
    return transport


def send_relay_test(engine: Engine, settings: Settings, recipient: str) -> tuple[Transport, str]:
    """A short email to this address, by the relay if there is one; which way it went, and the server's answer.

    Raises NotAllowed in plain words when it does not get through.
    """
    _require_way(engine)
    transport = configured_relay(settings) or Transport.MAILBOX
    sender = f"dearrep@{settings.mail_domain}"
    mail = Mail(
        from_name="Dear Rep",
        from_address=sender,
        to_name="",
        to_address=recipient,
        subject="[Test] Mail leaves Dear Rep",
        text=_TEST_WORDS,
        html=html_document(text_to_html(_TEST_WORDS)),
        message_id=f"<test-{new_token()}@{settings.mail_domain}>",
        date=now(),
        extra=(("Auto-Submitted", "auto-generated"),),
    )
    failed = f"The test to {recipient} did not get through."
    return transport, hand_over(settings, transport, sender, recipient, [build_mail(mail)], failed=failed)


def _require_way(engine: Engine) -> None:
    if read_switches(engine).stops_all:
        raise NotAllowed("Nothing leaves now, and no test either. Resume everything on the page “Delivery” first.")


def way_of_tests(engine: Engine, settings: Settings, stored: StoredCampaign) -> Transport:
    """As the campaign's letters go: in practice everything stays in the local mailbox."""
    relay = configured_relay(settings)
    with at_once(engine) as connection:
        is_practice = not has_real_directory(connection, stored.campaign.jurisdiction)
    if relay is None or speaks_of_a_test(stored.state, relay, is_practice=is_practice):
        return Transport.MAILBOX
    return relay
