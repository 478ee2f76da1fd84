"""Mail to our own addresses that answers nothing we can name: ours that came round, and what is for the organizers."""

from sqlalchemy import Connection, RowMapping

from shared.db import campaigns, follow_ups, letters
from shared.domain.identities import Mark, email_hash, read_mark, read_unsubscribe_key
from shared.domain.receipts import Answer
from shared.services.receipts.follow_up_news import tell_organizers
from shared.settings import Settings

# What an installation gives to providers that tell senders who marked their mail as spam.
COMPLAINTS = "complaints"


def is_ours(connection: Connection, settings: Settings, address: str) -> bool:
    """True for the addresses that we gave out: signed ones, the campaigns' own senders, and the one for complaints."""
    local, _, domain = address.rpartition("@")
    if domain.lower() != settings.mail_domain.lower():
        return False
    if read_mark(settings.secret_key, address) or read_unsubscribe_key(settings.secret_key, address):
        return True
    return local.lower() == COMPLAINTS or campaigns.find_campaign(connection, local.lower()) is not None


def is_our_own_mail(connection: Connection, settings: Settings, sender: str, answer: Answer | None) -> bool:
    """True for mail that left here and came round: it is never answered, and never passed on."""
    writers = (sender, answer.sender_address if answer else "")
    return any(is_ours(connection, settings, writer) for writer in writers)


def pass_on_stray(connection: Connection, settings: Settings, row: RowMapping, answer: Answer) -> Mark | None:
    """Passes on to the organizers what a supporter, or somebody of an office, wrote to a campaign's own address.

    Returns the email of ours that stands for the supporter or the office; None for strangers, whose mail is kept and
    nothing else.
    """
    local = row["envelope_recipient"].strip().strip("<>").rpartition("@")[0]
    stored = campaigns.find_campaign(connection, local.lower())
    about = _belongs_to(connection, settings, stored.id, answer.sender_address) if stored else None
    if about is not None:
        tell_organizers(connection, settings, about, answer, row["id"])
    return about


def _belongs_to(connection: Connection, settings: Settings, campaign_id: int, address: str) -> Mark | None:
    known = follow_ups.newest_of_person(connection, campaign_id, email_hash(settings.secret_key, address))
    if known is not None:
        return Mark("follow_up", known)
    letter = letters.any_to_domain(connection, campaign_id, address.rpartition("@")[2].lower())
    return Mark("letter", letter) if letter is not None else None
