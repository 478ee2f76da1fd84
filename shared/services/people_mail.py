"""The email that invites somebody to a campaign's people. Its link is the only place where the secret is."""

from shared.clock import now
from shared.domain.campaigns import Campaign
from shared.domain.identities import new_token
from shared.domain.permissions import Role
from shared.domain.transport import Transport
from shared.rendering.letters import text_to_html
from shared.rendering.mime import Mail, build_mail, html_document
from shared.services.mail_at_once import hand_over
from shared.services.organizers import OrganizerSession
from shared.services.outbox import configured_relay
from shared.settings import Settings

_MAY = {
    Role.OWNER: "run it, and decide who else may",
    Role.ORGANIZER: "edit it, publish it, and answer for its letters",
    Role.VIEWER: "see how its letters fare",
}


def send_invitation(
    settings: Settings, campaign: Campaign, by: OrganizerSession, recipient: str, role: Role, link: str
) -> Transport:
    """Which way it went: by the relay if there is one, else to the local mailbox. Raises NotAllowed in plain words."""
    transport = configured_relay(settings) or Transport.MAILBOX
    address = f"{campaign.slug}@{settings.mail_domain}"
    text = _words(campaign, by, role, link)
    mail = Mail(
        from_name=campaign.sender_name,
        from_address=address,
        to_name="",
        to_address=recipient,
        subject=f"You are invited to the campaign “{campaign.title}”",
        text=text,
        html=html_document(text_to_html(text)),
        message_id=f"<invitation-{new_token()}@{settings.mail_domain}>",
        date=now(),
        extra=(("Auto-Submitted", "auto-generated"),),
    )
    failed = f"The invitation to {recipient} was not sent."
    hand_over(settings, transport, address, recipient, [build_mail(mail)], failed=failed)
    return transport


def _words(campaign: Campaign, by: OrganizerSession, role: Role, link: str) -> str:
    return (
        f"Hello,\n\n{by.name or by.email} invites you to the campaign “{campaign.title}” of {campaign.host}."
        f" You may {_MAY[role]}.\n\nOpen this link within a week:\n\n{link}\n\n"
        "It works once, and for you alone: don't pass it on."
        " If you did not expect it, there is nothing you need to do.\n"
    )
