"""Send in SQL: what a draft is now, and the one change that makes it a promise.

Each statement is a transaction of its own. The change happens only if nothing that it rests on has moved on; whoever is
refused reads again. A crowd that presses Send in the same moment is one statement.
"""

# ruff: noqa: S608 - statements are put together from constants, never from data

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from shared.db.directory import COMPLETE
from shared.db.driver import Spelled, ask
from shared.db.follow_ups import STEPS, step_values
from shared.domain.follow_ups import PlannedStep
from shared.domain.transport import Route

_CHOSEN = "ARRAY(SELECT office_id FROM submission_target WHERE submission_id = {id} AND is_chosen ORDER BY office_id)"
_READ = Spelled(
    "SELECT s.id, s.token, s.state, s.created_at, s.accepted_at, s.lookup_attempt, s.campaign_id, s.edition_id,"
    " campaign.updated_at AS campaign_updated_at,"
    " ARRAY(SELECT office_id FROM submission_target WHERE submission_id = s.id) AS offices,"
    f" {_CHOSEN.format(id='s.id')} AS chosen,"
    " EXISTS (SELECT 1 FROM submission_target JOIN office ON office.id = office_id"
    " WHERE submission_id = s.id AND is_practice) AS is_practice"
    " FROM submission s JOIN campaign ON campaign.id = s.campaign_id WHERE s.token = %(token)s"
)
_PRESSED = (
    "unnest(%(tokens)s::text[], %(own_words)s::text[], %(keep_edits)s::bool[], %(edited_subjects)s::text[],"
    " %(edited_bodies)s::text[], %(chosen)s::text[], %(languages)s::text[], %(editions)s::bigint[])"
    " AS pressed(token, own_words, keep_edit, edited_subject, edited_body, chosen, language, edition)"
    # True of every token. It tells the planner to expect few, so that the plan it keeps is as cheap as one made anew:
    # planning takes longer than doing it.
    " WHERE length(token) BETWEEN 1 AND 1000"
)
# In one order with whoever records lookups, so that no two wait for each other.
_HELD = (
    "held AS MATERIALIZED (SELECT submission.id FROM submission JOIN pressed USING (token) ORDER BY submission.id"
    " FOR NO KEY UPDATE OF submission),"
)
# Nothing has moved on since the draft was read.
_AS_READ = (
    "submission.state = %(state)s AND lookup_attempt = %(lookup_attempt)s"
    f" AND {_CHOSEN.format(id='submission.id')} = %(chosen_before)s::bigint[]"
)
# Nearly everybody: all offices are known and stay as ticked, or the lookup goes on and nobody has chosen anything.
# Where the route depends on it, offices must be real: those that were found, or the directory. They have read the
# campaign's texts as they are now.
_AS_USUAL = (
    "coalesce(pressed.edition, submission.edition_id) = %(edition)s AND"
    " CASE WHEN submission.state = 'ready' THEN (SELECT count(*) > 0"
    " AND NOT (%(must_be_real)s AND bool_or(office.is_practice))"
    " AND (pressed.chosen IS NULL"
    " OR pressed.chosen::bigint[] = array_agg(office_id ORDER BY office_id) FILTER (WHERE is_chosen))"
    " FROM submission_target JOIN office ON office.id = office_id WHERE submission_id = submission.id)"
    f" WHEN submission.state IN ('draft', 'looking_up') THEN (NOT %(must_be_real)s OR ({COMPLETE}))"
    " AND NOT EXISTS (SELECT 1 FROM submission_target WHERE submission_id = submission.id) ELSE false END"
)
_CHOOSE = (
    " chosen AS (UPDATE submission_target SET is_chosen = office_id = ANY(pressed.chosen::bigint[])"
    " FROM accepted JOIN pressed USING (token) WHERE submission_id = accepted.id AND pressed.chosen IS NOT NULL),"
)


def _accept_where(holds: str, *, chooses: bool) -> Spelled:
    return Spelled(
        f"WITH pressed AS MATERIALIZED (SELECT * FROM {_PRESSED}), {_HELD}"
        " accepted AS (UPDATE submission SET accepted_at = now(), edition_id = %(edition)s,"
        " language = pressed.language,"
        " leaves_at = now() + %(undo_minutes)s * interval '1 minute', is_test = %(is_test)s, transport = %(transport)s,"
        " own_words = coalesce(pressed.own_words, submission.own_words),"
        " edited_subject = CASE WHEN keep_edit THEN submission.edited_subject ELSE pressed.edited_subject END,"
        " edited_body = CASE WHEN keep_edit THEN submission.edited_body ELSE pressed.edited_body END"
        " FROM pressed, held, campaign WHERE submission.id = held.id AND submission.token = pressed.token"
        " AND accepted_at IS NULL"
        " AND campaign.id = submission.campaign_id AND campaign.id = %(campaign_id)s"
        f" AND campaign.updated_at = %(campaign_updated_at)s AND {holds}"
        " RETURNING submission.id, submission.token, campaign_id, email, email_hash, submission.language),"
        f"{_CHOOSE if chooses else ''}"
        " consent AS (INSERT INTO consent"
        " (submission_id, campaign_id, email_hash, organization, wording, language, source)"
        " SELECT accepted.id, campaign_id, email_hash, organization, wording, language, %(consent_source)s"
        " FROM accepted JOIN unnest(%(agreed_by)s::text[], %(organizations)s::text[], %(wordings)s::text[])"
        " AS given(token, organization, wording) USING (token)),"
        " mail AS (INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email,"
        " receiving_domain, email_hash, is_test, transport, due_at) SELECT accepted.id, campaign_id, kind, number,"
        " string_to_array(needs, ','), email, split_part(email, '@', 2), email_hash, %(is_test)s, %(transport)s,"
        f" now() + delay_s * interval '1 second' FROM accepted, {STEPS} ON CONFLICT DO NOTHING)"
        " SELECT token FROM accepted"
    )


_ACCEPT_AS_READ = _accept_where(_AS_READ, chooses=True)
_ACCEPT_AS_USUAL = _accept_where(_AS_USUAL, chooses=False)


@dataclass(frozen=True)
class Press:
    """One press of Send. `own_words` None keeps the saved ones, `chosen` None the offices as they are.

    `edition` names the texts that its page showed, None where the page is from before it did. `language` is the page's.
    `consents` maps organizations to the wording that was agreed to.
    """

    token: str
    own_words: str | None
    keep_edit: bool
    edited_subject: str | None
    edited_body: str | None
    chosen: Sequence[int] | None
    language: str
    consents: Mapping[str, str]
    edition: int | None = None


@dataclass(frozen=True)
class Terms:
    """What Send means in a campaign as it was read: it holds while the campaign is still of `updated_at`.

    The letter is made from the texts of `edition`. Consents were given on the page `consent_source`.
    """

    campaign_id: int
    edition: int | None
    jurisdiction: str
    updated_at: datetime | None
    route: Route
    undo_minutes: int
    consent_source: str
    follow_ups: Sequence[PlannedStep]


def read_draft(connection: Connection, token: str) -> Mapping[str, Any] | None:
    """Where it stands, the ids of its `offices` and of the `chosen` ones, and whether any is for practice."""
    rows = ask(connection, _READ, {"token": token})
    return rows[0] if rows else None


def accept_as_read(connection: Connection, draft: Mapping[str, Any], terms: Terms, press: Press) -> bool:
    """Accepts the draft with its emails; False when it or its campaign is no longer as it was read."""
    as_read = {"state": draft["state"], "lookup_attempt": draft["lookup_attempt"], "chosen_before": draft["chosen"]}
    return bool(ask(connection, _ACCEPT_AS_READ, {**_values(terms, [press]), **as_read}))


def accept_as_usual(
    connection: Connection, terms: Terms, presses: Sequence[Press], *, must_be_real: bool
) -> frozenset[str]:
    """Accepts those of the drafts, all of one campaign, about which there is nothing to ask; returns their tokens.

    `must_be_real`: the route is for real offices only.
    """
    values = {"must_be_real": must_be_real, "jurisdiction": terms.jurisdiction}
    return frozenset(row["token"] for row in ask(connection, _ACCEPT_AS_USUAL, {**_values(terms, presses), **values}))


def _values(terms: Terms, presses: Sequence[Press]) -> dict[str, Any]:
    consents = [(one.token, *pair) for one in presses for pair in one.consents.items()]
    return {
        "campaign_id": terms.campaign_id,
        "edition": terms.edition,
        "campaign_updated_at": terms.updated_at,
        "undo_minutes": terms.undo_minutes,
        "is_test": terms.route.is_test,
        "transport": terms.route.transport.value,
        "consent_source": terms.consent_source,
        "tokens": [one.token for one in presses],
        "editions": [one.edition for one in presses],
        "own_words": [one.own_words for one in presses],
        "keep_edits": [one.keep_edit for one in presses],
        "edited_subjects": [one.edited_subject for one in presses],
        "edited_bodies": [one.edited_body for one in presses],
        "chosen": [None if one.chosen is None else f"{{{','.join(map(str, one.chosen))}}}" for one in presses],
        "languages": [one.language for one in presses],
        "agreed_by": [token for token, _, _ in consents],
        "organizations": [organization for _, organization, _ in consents],
        "wordings": [wording for _, _, wording in consents],
        **step_values(terms.follow_ups),
    }
