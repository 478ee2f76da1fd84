"""The words and bytes of the emails that supporters get. Rendered once and frozen; sends nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, RowMapping

from shared.db import follow_ups, letters, submissions
from shared.domain.campaigns import Campaign
from shared.domain.identities import message_id, owner_key, reference
from shared.domain.letter_words import office_label
from shared.rendering.emails import RenderedEmail, render_email
from shared.rendering.mime import Mail, build_mail
from shared.settings import Settings

_LOG = structlog.get_logger()
TEST_NOTICE = "This is a test. No real legislator is written to."


def freeze_words(
    connection: Connection, settings: Settings, rows: Sequence[RowMapping], campaigns: Mapping[int, Campaign]
) -> dict[int, RenderedEmail]:
    """The words of each follow-up: made before its first attempt, kept for the next ones.

    One whose words can't be made is left out; the others go on.
    """
    words = {
        row["id"]: RenderedEmail(row["subject"], row["body_text"], row["body_html"]) for row in rows if row["body_text"]
    }
    new = [row for row in rows if row["id"] not in words]
    if not new:
        return words
    people = submissions.read_by_ids(connection, [row["submission_id"] for row in new])
    written = defaultdict(list)
    for letter in letters.words_of_submissions(connection, list(people)):
        written[letter["submission_id"]].append(letter)
    made: dict[int, RenderedEmail] = {}
    for row in new:
        person = people[row["submission_id"]]
        try:
            values = _values(settings, row, campaigns[row["campaign_id"]], person, written[person["id"]])
            made[row["id"]] = render_email(row["kind"], values)
        except Exception as error:  # noqa: BLE001 - one email that can't be made must not stop the others
            # Without the error's text, which may quote the letter.
            _LOG.error("mail.unrenderable", follow_up_id=row["id"], error=type(error).__name__)
    follow_ups.write_words(connection, {number: (one.subject, one.text, one.html) for number, one in made.items()})
    return words | made


def mail_bytes(settings: Settings, row: RowMapping, campaign: Campaign, words: RenderedEmail) -> bytes:
    """The email of a follow-up: the same bytes at every attempt."""
    return build_mail(
        Mail(
            from_name=campaign.sender_name,
            from_address=f"{campaign.slug}@{settings.mail_domain}",
            to_name="",
            to_address=row["recipient_email"],
            subject=words.subject,
            text=words.text,
            html=words.html,
            message_id=message_id(settings.secret_key, "follow_up", row["id"], settings.mail_domain),
            date=row["created_at"],
            extra=(("Auto-Submitted", "auto-generated"),),
        )
    )


def _values(
    settings: Settings, row: RowMapping, campaign: Campaign, submission: RowMapping, written: Sequence[RowMapping]
) -> dict[str, Any]:
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
            for letter in written
            if letter["body"]
        ],
    }
