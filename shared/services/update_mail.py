"""A campaign update as an email: how it will look, and the test that an organizer gets before anybody else.

The test is no follow-up, because those belong to supporters: it is handed to the mail server at once, over the way that
the campaign's own mail takes.
"""

import structlog
from sqlalchemy import Engine

from shared.clock import now
from shared.domain.campaigns import Campaign, StoredCampaign
from shared.domain.identities import new_token
from shared.domain.transport import Transport
from shared.domain.updates import UpdateWords
from shared.rendering.emails import RenderedEmail, render_email
from shared.rendering.mime import Mail, build_mail
from shared.services.mail_values import common_values, update_values
from shared.services.test_mail import hand_over_tests
from shared.services.update_view import read_update
from shared.services.updates import note_test
from shared.settings import Settings

_LOG = structlog.get_logger()


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
    update = read_update(engine, stored.id, number)
    message = _message(settings, stored.campaign, update.words, recipient)
    transport = hand_over_tests(engine, settings, stored, [message], recipient)
    _LOG.info("update.tested", update_id=number)
    note_test(engine, stored, number, update.words)
    return transport


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
