"""Send, in two statements: what the draft is now, and the one change that makes it a promise.

Each is a transaction of its own. The change happens only if nothing of what was read has moved on meanwhile; who is
refused reads again.
"""

# ruff: noqa: S608 - statements are put together from constants, never from data

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from shared.db.follow_ups import STEPS, step_values
from shared.domain.follow_ups import PlannedStep
from shared.domain.transport import Route

_READ = text(
    "SELECT s.id, s.state, s.accepted_at, s.lookup_attempt, s.campaign_id,"
    " campaign.updated_at AS campaign_updated_at,"
    " ARRAY(SELECT office_id FROM submission_target WHERE submission_id = s.id) AS offices,"
    " ARRAY(SELECT office_id FROM submission_target WHERE submission_id = s.id AND is_chosen"
    " ORDER BY office_id) AS chosen,"
    " EXISTS (SELECT 1 FROM submission_target JOIN office ON office.id = office_id"
    " WHERE submission_id = s.id AND is_practice) AS is_practice"
    " FROM submission s JOIN campaign ON campaign.id = s.campaign_id WHERE s.token = :token"
)
_ACCEPT = text(
    "WITH accepted AS (UPDATE submission SET accepted_at = now(), language = :language,"
    " leaves_at = now() + :undo_minutes * interval '1 minute', is_test = :is_test, transport = :transport,"
    " own_words = coalesce(CAST(:own_words AS text), own_words),"
    " edited_subject = CASE WHEN :keep_edit THEN edited_subject ELSE CAST(:edited_subject AS text) END,"
    " edited_body = CASE WHEN :keep_edit THEN edited_body ELSE CAST(:edited_body AS text) END"
    " FROM campaign WHERE submission.id = :id AND accepted_at IS NULL AND submission.state = :state"
    " AND lookup_attempt = :lookup_attempt AND campaign.id = submission.campaign_id"
    " AND campaign.updated_at = :campaign_updated_at"
    " AND ARRAY(SELECT office_id FROM submission_target WHERE submission_id = submission.id AND is_chosen"
    " ORDER BY office_id) = CAST(:chosen_before AS bigint[])"
    " RETURNING submission.id, campaign_id, email, email_hash, language),"
    " chosen AS (UPDATE submission_target SET is_chosen = office_id = ANY(CAST(:chosen AS bigint[])) FROM accepted"
    " WHERE submission_id = accepted.id AND CAST(:chosen AS bigint[]) IS NOT NULL),"
    " consent AS (INSERT INTO consent (submission_id, campaign_id, email_hash, organization, wording, language, source)"
    " SELECT accepted.id, campaign_id, email_hash, organization, wording, language, :consent_source FROM accepted,"
    " unnest(CAST(:organizations AS text[]), CAST(:wordings AS text[])) AS given(organization, wording)),"
    " mail AS (INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email,"
    " receiving_domain, email_hash, is_test, transport, due_at) SELECT accepted.id, campaign_id, kind, number,"
    " string_to_array(needs, ','), email, split_part(email, '@', 2), email_hash, :is_test, :transport,"
    f" now() + delay_s * interval '1 second' FROM accepted, {STEPS} ON CONFLICT DO NOTHING)"
    " SELECT id FROM accepted"
)


@dataclass(frozen=True)
class Acceptance:
    """What Send fixes for good. `own_words` None keeps the saved ones, `chosen` None the offices as they are.

    `language` is the one in which it was pressed. `consents` maps organizations to the wording that was agreed to,
    on the page `consent_source`.
    """

    route: Route
    language: str
    undo_minutes: int
    own_words: str | None
    keep_edit: bool
    edited_subject: str | None
    edited_body: str | None
    chosen: Sequence[int] | None
    consents: Mapping[str, str]
    consent_source: str
    follow_ups: Sequence[PlannedStep]


def read_draft(connection: Connection, token: str) -> RowMapping | None:
    """Where it stands, the ids of its `offices` and of the `chosen` ones, and whether any is for practice."""
    return connection.execute(_READ, {"token": token}).mappings().one_or_none()


def accept(connection: Connection, draft: RowMapping, given: Acceptance) -> bool:
    """Accepts the draft with its emails; False when the draft or its campaign is no longer as it was read."""
    values = {
        **{name: draft[name] for name in ("id", "state", "lookup_attempt", "campaign_updated_at")},
        "chosen_before": draft["chosen"],
        "language": given.language,
        "undo_minutes": given.undo_minutes,
        "is_test": given.route.is_test,
        "transport": given.route.transport.value,
        "organizations": list(given.consents),
        "wordings": list(given.consents.values()),
        "consent_source": given.consent_source,
        "own_words": given.own_words,
        "keep_edit": given.keep_edit,
        "edited_subject": given.edited_subject,
        "edited_body": given.edited_body,
        "chosen": None if given.chosen is None else list(given.chosen),
        **step_values(given.follow_ups),
    }
    return connection.execute(_ACCEPT, values).one_or_none() is not None
