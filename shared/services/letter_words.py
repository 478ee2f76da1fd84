"""The words of a letter that was written before, anew for whoever holds its office now."""

from sqlalchemy import Connection, RowMapping

from shared.db import campaigns, letter_revisions, submissions, targets
from shared.domain.campaigns import Campaign
from shared.domain.places import Office
from shared.rendering.letters import Author, author_to, render_letter
from shared.services.editions import texts_of
from shared.services.make_letters import author_of


def is_left_out(connection: Connection, row: RowMapping, office: Office) -> bool:
    """True when the letter's campaign writes to others in this office, but not to its holder.

    Its writer read nothing to this holder, so what organizers have decided since counts too.
    """
    current = campaigns.read_campaign(connection, row["campaign_id"]).campaign
    return any(one.why_left_out(office) is not None for one in (_campaign(connection, row), current))


def needs_answer(connection: Connection, row: RowMapping, office: Office) -> bool:
    """True when only its writer can say whether this letter suits the office's holder of today.

    That is a letter they edited for somebody else, and one in a version for chosen offices. A letter written while
    nobody held the seat may be edited: it was promised to the next holder.
    """
    if row["office_holder_id"] == office.holder_id:
        return False
    campaign = _campaign(connection, row)
    former = targets.office_of(connection, row["office_id"], row["office_holder_id"])
    version = campaign.version_for_office(former)
    if not version.is_for_all or campaign.version_for_office(office) != version or campaign.is_thanked(office):
        return True
    if not letter_revisions.was_written_for_somebody(connection, row):
        return False
    author = _author(connection, row, campaign, former)
    return author.edited_subject is not None or author.edited_body is not None


def words_for(connection: Connection, row: RowMapping, office: Office) -> dict[str, object]:
    """What a letter's row says to this holder, in the wording that its writer read."""
    campaign = _campaign(connection, row)
    rendered = render_letter(campaign, _author(connection, row, campaign, office), office)
    return {
        "office_holder_id": office.holder_id,
        "recipient_title": office.title,
        "recipient_name": office.holder,
        "recipient_email": office.email,
        "receiving_domain": office.email.rpartition("@")[2].lower(),
        "district": office.district,
        "subject": rendered.subject,
        "body": rendered.body,
    }


def _author(connection: Connection, row: RowMapping, campaign: Campaign, office: Office) -> Author:
    submission = submissions.read_by_id(connection, row["submission_id"])
    chosen = targets.chosen_targets(connection, [row["submission_id"]]).get(row["submission_id"], [])
    return author_to(campaign, author_of(submission), office, chosen)


def _campaign(connection: Connection, row: RowMapping) -> Campaign:
    """The campaign with the words that the letter's writer read."""
    submission = submissions.read_by_id(connection, row["submission_id"])
    return texts_of(connection, campaigns.read_campaign(connection, row["campaign_id"]), submission)
