"""The words and bytes of the emails that supporters get. Rendered once and frozen; sends nothing."""

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import Connection, RowMapping

from shared.db import follow_ups
from shared.db.claims import Kind
from shared.db.savepoints import Faults, isolated
from shared.domain.campaigns import Campaign
from shared.domain.follow_ups import NO_NEWSLETTER, UPDATE
from shared.domain.identities import message_id, unsubscribe_key
from shared.domain.typed_text import ascii_address
from shared.rendering.emails import RenderedEmail, render_email
from shared.rendering.mime import Mail, build_mail
from shared.services.mail_values import email_values, read_facts, unsubscribe_url
from shared.services.outbox import relay_headers
from shared.settings import Settings

_LOG = structlog.get_logger()
# Written once for everybody who agreed to it.
_TO_MANY = (UPDATE, "victory")


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
    facts = read_facts(connection, new)
    made: dict[int, RenderedEmail] = {}
    for row in new:
        try:
            values = email_values(settings, row, campaigns[row["campaign_id"]], facts)
            made[row["id"]] = render_email(row["kind"], values)
        except Exception as error:  # noqa: BLE001 - one email that can't be made must not stop the others
            # Without the error's text, which may quote the letter.
            _LOG.error("mail.unrenderable", follow_up_id=row["id"], error=type(error).__name__)
    return words | _freeze(connection, made)


def _freeze(connection: Connection, made: Mapping[int, RenderedEmail]) -> dict[int, RenderedEmail]:
    """Writes all at once, or one by one when that fails; returns what was written."""
    parts = {number: (one.subject, one.text, one.html) for number, one in made.items()}
    with isolated(connection, Faults(), "mail.not_frozen", emails=len(made)) as fate:
        follow_ups.write_words(connection, parts)
    if not fate.failed:
        return dict(made)
    if len(made) <= 1:
        return {}
    alone = [_freeze(connection, {number: one}) for number, one in made.items()]
    return {number: one for frozen in alone for number, one in frozen.items()}


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
            reply_to=ascii_address(row["reply_to"]),
            extra=(*_headers(settings, row, campaign), *relay_headers(settings, row, Kind.FOLLOW_UP.value)),
        )
    )


def _headers(settings: Settings, row: RowMapping, campaign: Campaign) -> tuple[tuple[str, str], ...]:
    """RFC 3834 for all; RFC 2919, 2369 and 8058 for what somebody may want no more of."""
    automatic = ("Auto-Submitted", "auto-generated")
    if row["kind"] in NO_NEWSLETTER:
        return (automatic,)
    key = unsubscribe_key(settings.secret_key, row["id"])
    mailto = f"mailto:unsubscribe+{key}@{settings.mail_domain}?subject=unsubscribe"
    return (
        automatic,
        ("List-Id", f"<{campaign.slug}.{settings.mail_domain}>"),
        ("List-Unsubscribe", f"<{unsubscribe_url(settings, key)}>, <{mailto}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        *((("Precedence", "bulk"),) if row["kind"] in _TO_MANY else ()),
    )
