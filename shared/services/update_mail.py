"""A campaign update as an email: how it will look, and the test that an organizer gets before anybody else.

The test is no follow-up, because those belong to supporters: it is handed to the mail server at once, over the way that
the campaign's own mail takes.
"""

from dataclasses import replace

import structlog
from sqlalchemy import Engine

from shared.clock import now
from shared.db.engine import at_once
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.causes import CAUSE_WORDS
from shared.domain.identities import new_token
from shared.domain.transport import Transport, speaks_of_a_test
from shared.domain.updates import UpdateWords
from shared.errors import NotAllowed
from shared.providers.smtp import Outcome, SmtpSession, Verdict
from shared.rendering.emails import RenderedEmail, render_email
from shared.rendering.mime import Mail, build_mail
from shared.services.delivery.switches import read_switches
from shared.services.lookup import has_real_directory
from shared.services.mail_values import common_values, update_values
from shared.services.outbox import configured_relay, server_url
from shared.services.update_view import read_update
from shared.services.updates import note_test
from shared.settings import Settings

_LOG = structlog.get_logger()
# Somebody looks at the page meanwhile.
_PATIENCE = {"connect": 10.0, "verb": 10.0, "after_dot": 20.0}


def render_update(
    settings: Settings, campaign: Campaign, words: UpdateWords, *, is_test: bool = False
) -> RenderedEmail:
    """The email with these words. Links of a supporter's own lead to the campaign page: it is nobody's yet."""
    nobody = {"token": "", "first_name": "", "language": campaign.language}
    values = common_values(settings, 0, campaign, nobody, is_test=is_test) | update_values(words)
    own = ("own_url", "answer_url", "preferences_url", "unsubscribe_url")
    return render_email("update", values | dict.fromkeys(own, values["campaign_url"]))


def send_test(engine: Engine, settings: Settings, stored: StoredCampaign, number: int, recipient: str) -> Transport:
    """Hands the update to the mail server, for this address alone; which way it went.

    Raises NotFound, and NotAllowed in plain words when everything is paused or the mail server does not take it.
    """
    if read_switches(engine).stops_all:
        raise NotAllowed("Nothing leaves now, and no test either. Resume everything on the page “Delivery” first.")
    update = read_update(engine, stored.id, number)
    transport = _transport(engine, settings, stored)
    message = _message(settings, stored.campaign, update.words, recipient)
    sender = f"{stored.campaign.slug}@{settings.mail_domain}"
    timing = replace(settings.timing, **_PATIENCE)
    with SmtpSession(server_url(settings, transport), settings.mail_domain, timing) as session:
        outcome = session.send(sender, recipient, message, may_send=lambda: True)
    _LOG.info("update.tested", update_id=number, verdict=outcome.verdict.value)
    if outcome.verdict is not Verdict.ACCEPTED:
        raise NotAllowed(_refusal(outcome, recipient))
    note_test(engine, stored, number, update.words)
    return transport


def _transport(engine: Engine, settings: Settings, stored: StoredCampaign) -> Transport:
    """As the campaign's letters go: in practice everything stays in the local mailbox."""
    relay = configured_relay(settings)
    with at_once(engine) as connection:
        is_practice = not has_real_directory(connection, stored.campaign.jurisdiction)
    if relay is None or speaks_of_a_test(stored.state, relay, is_practice=is_practice):
        return Transport.MAILBOX
    return relay


def _message(settings: Settings, campaign: Campaign, words: UpdateWords, recipient: str) -> bytes:
    email = render_update(settings, campaign, words, is_test=True)
    return build_mail(
        Mail(
            from_name=campaign.sender_name,
            from_address=f"{campaign.slug}@{settings.mail_domain}",
            to_name="",
            to_address=recipient,
            subject=email.subject,
            text=email.text,
            html=email.html,
            message_id=f"<test-{new_token()}@{settings.mail_domain}>",
            date=now(),
            extra=(("Auto-Submitted", "auto-generated"),),
        )
    )


def _refusal(outcome: Outcome, recipient: str) -> str:
    why = CAUSE_WORDS[outcome.cause].what
    said = f" It said: {outcome.reply}" if outcome.reply else ""
    return f"The test to {recipient} was not sent, and counts for nothing. {why}{said}"
