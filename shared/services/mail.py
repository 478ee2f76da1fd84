"""The words and bytes of the emails that supporters get. Rendered once and frozen; sends nothing."""

from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import campaigns, follow_ups, letters, submissions
from shared.domain.campaigns import Campaign
from shared.domain.identities import message_id, owner_key, reference
from shared.domain.letter_words import office_label
from shared.rendering.emails import render_email
from shared.rendering.mime import Mail, build_mail
from shared.settings import Settings

TEST_NOTICE = "This is a test. No real legislator is written to."


def mail_bytes(engine: Engine, settings: Settings, row: RowMapping) -> bytes:
    """The email's bytes; its words are made at the first attempt and kept for the next ones."""
    with engine.begin() as connection:
        campaign = campaigns.read_campaign(connection, row["campaign_id"]).campaign
        subject, text, html = row["subject"], row["body_text"], row["body_html"]
        if not text:
            rendered = render_email(row["kind"], _values(connection, settings, row, campaign))
            subject, text, html = rendered.subject, rendered.text, rendered.html
            follow_ups.write_rendered(connection, row["id"], subject, text, html)
    return build_mail(
        Mail(
            from_name=campaign.sender_name,
            from_address=f"{campaign.slug}@{settings.mail_domain}",
            to_name="",
            to_address=row["recipient_email"],
            subject=subject,
            text=text,
            html=html,
            message_id=message_id(settings.secret_key, "follow_up", row["id"], settings.mail_domain),
            date=row["created_at"],
            extra=(("Auto-Submitted", "auto-generated"),),
        )
    )


def _values(connection: Connection, settings: Settings, row: RowMapping, campaign: Campaign) -> dict[str, Any]:
    submission = submissions.read_by_id(connection, row["submission_id"])
    token = submission["token"]
    key = owner_key(settings.secret_key, token)
    leaves_at = submission["leaves_at"].astimezone(ZoneInfo(campaign.timezone))
    return {
        "language": campaign.language,
        "campaign_title": campaign.title,
        "sender_name": campaign.sender_name,
        "privacy": campaign.privacy,
        "reference": reference(token),
        "is_test": row["is_test"],
        "test_notice": TEST_NOTICE,
        "first_name": submission["first_name"],
        "leaves_later": submission["leaves_at"] > submission["accepted_at"],
        "leaves_at": f"{leaves_at:%H:%M %Z}",
        # The page behind it shows the status, or the question while there is one.
        "own_url": f"{settings.public_url}/mine/{token}/{key}",
        "letters": [
            {
                "recipient": office_label(letter["recipient_title"], letter["recipient_name"], letter["district"]),
                "subject": letter["subject"],
                "body": letter["body"],
            }
            for letter in letters.letters_of_submission(connection, submission["id"])
            if letter["body"]
        ],
    }
