"""The words of a letter that was written before, anew for whoever holds its office now."""

from sqlalchemy import Connection, RowMapping

from shared.db import campaigns, submissions, targets
from shared.domain.campaigns import Campaign
from shared.domain.places import Office
from shared.rendering.letters import author_to, render_letter
from shared.services.editions import texts_of
from shared.services.make_letters import author_of


def is_left_out(connection: Connection, row: RowMapping, office: Office) -> bool:
    """True when the letter's campaign writes to others in this office, but not to its holder.

    Its writer read nothing to this holder, so what organizers have decided since counts too.
    """
    current = campaigns.read_campaign(connection, row["campaign_id"]).campaign
    return any(one.why_left_out(office) is not None for one in (_campaign(connection, row), current))


def words_for(connection: Connection, row: RowMapping, office: Office) -> dict[str, object]:
    """What a letter's row says to this holder, in the wording that its writer read."""
    campaign = _campaign(connection, row)
    submission = submissions.read_by_id(connection, row["submission_id"])
    chosen = targets.chosen_targets(connection, [row["submission_id"]]).get(row["submission_id"], [])
    rendered = render_letter(campaign, author_to(campaign, author_of(submission), office, chosen), office)
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


def _campaign(connection: Connection, row: RowMapping) -> Campaign:
    submission = submissions.read_by_id(connection, row["submission_id"])
    return texts_of(connection, campaigns.read_campaign(connection, row["campaign_id"]), submission)
