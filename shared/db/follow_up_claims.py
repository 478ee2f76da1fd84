"""The claim of follow-ups, with the rules that keep them welcome.

People who unsubscribed get none, and emails that are no longer needed are cancelled. A person gets at most one update,
victory or "Did they answer?" a day from one campaign (while practicing, from one submission). Transactional emails are
exempt: the promised copy leaves when its letter has left, whatever else went out that day, and puts nothing off itself.
An office's answer, and mail for organizers, depends only on whether the address works. The link for a person who wrote
again has its own limit (`shared.db.duplicates`).
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, TextClause, text

from shared.db.claims import LEASE
from shared.db.driver import Spelled, ask
from shared.db.refusing_domains import IS_REFUSING, WAITS_FOR_IT
from shared.db.signs_of_life import WROTE_TO_IT
from shared.domain.causes import Cause
from shared.domain.follow_ups import NO_NEWSLETTER, TRANSACTIONAL, UPDATE, Need
from shared.domain.mailings import MailingState
from shared.domain.pace import LARGEST_BATCH

# Claims follow each other, so that each sees what the one before has taken.
_LOCK = text("SELECT pg_advisory_xact_lock(7310045)")
_NO_NEWSLETTER = str(NO_NEWSLETTER)
_TRANSACTIONAL = str(TRANSACTIONAL)
_OF_LETTERS = "(SELECT 1 FROM letter WHERE letter.submission_id = f.submission_id AND letter.{})"
# A letter that a person cancelled is told about only when that was for a vacant seat.
_IS_FAILED = f"(letter.state <> 'cancelled' OR letter.cause = '{Cause.WITHDRAWN}')"
_HOLDS = {
    # There is something to wait for, and none of it has left.
    Need.NOT_SENT: (
        "(s.state = 'ready' AND (s.expected_letters IS NULL OR EXISTS "
        + _OF_LETTERS.format("state IN ('held', 'queued', 'sending', 'deferred')")
        + ") AND NOT EXISTS "
        + _OF_LETTERS.format("sent_at IS NOT NULL")
        + ")"
    ),
    Need.NOT_ANSWERED: "NOT EXISTS " + _OF_LETTERS.format("answered_at IS NOT NULL"),
    Need.FAILED: "EXISTS "
    + _OF_LETTERS.format(f"state IN ('rejected', 'bounced', 'expired', 'cancelled') AND {_IS_FAILED}"),
    Need.DOUBTFUL: "s.state = 'needs_address'",
    # An update is one organization's: consent to another one is none.
    Need.CONSENTED: (
        "EXISTS (SELECT 1 FROM consent WHERE consent.submission_id = s.id AND withdrawn_at IS NULL"
        f" AND (f.kind <> '{UPDATE}' OR organization ="
        " (SELECT organization FROM campaign_update WHERE campaign_update.id = f.number)))"
    ),
    Need.NOT_STOPPED: (
        "NOT EXISTS (SELECT 1 FROM mailing WHERE mailing.update_id = f.number"
        f" AND mailing.state = '{MailingState.STOPPED}')"
    ),
    Need.OPEN: "campaign.state NOT IN ('closed', 'won')",
    Need.WON: "campaign.state = 'won'",
    Need.HELD: "EXISTS " + _OF_LETTERS.format("state = 'held'"),
    Need.HELD_IN_CAMPAIGN: (
        "EXISTS (SELECT 1 FROM letter WHERE letter.campaign_id = f.campaign_id AND letter.state = 'held')"
    ),
    Need.ADDRESS_FAILS: (
        "EXISTS (SELECT 1 FROM office JOIN office_holder holder ON holder.office_id = office.id AND valid_to IS NULL"
        " WHERE office.jurisdiction = campaign.jurisdiction AND office.chamber = ANY(campaign.chambers)"
        " AND (email_failed_at IS NOT NULL OR second_failed_at IS NOT NULL))"
    ),
    Need.DOMAIN_REFUSES: (
        f"EXISTS (SELECT 1 FROM domain_pace WHERE {IS_REFUSING} AND EXISTS"
        f" (SELECT 1 FROM letter WHERE {WAITS_FOR_IT} AND letter.campaign_id = f.campaign_id))"
    ),
    Need.DOMAIN_SILENT: (f"EXISTS (SELECT 1 FROM silent_domain WHERE {WROTE_TO_IT.format(campaign='f.campaign_id')})"),
}
# Nothing has brought the letter to another holder since, or ended it.
_HOLDS[Need.NEW_HOLDER] = """
    EXISTS (
        SELECT 1
        FROM letter_revision
        JOIN letter ON letter.id = letter_revision.letter_id
        WHERE letter_revision.id = f.number
        AND letter.office_holder_id = CAST(letter_revision.after ->> 'office_holder_id' AS bigint)
        AND letter.body <> ''
        AND letter.state <> 'cancelled'
    )
"""
_NOT_NEEDED = " OR ".join(f"('{need}' = ANY(f.needs) AND NOT ({holds}))" for need, holds in _HOLDS.items())
# An address that nobody reads, or whose owner wants none of this.
SUPPRESSED = (
    "EXISTS (SELECT 1 FROM suppression WHERE suppression.email_hash = f.email_hash"
    " AND (suppression.campaign_id IS NULL OR suppression.campaign_id = f.campaign_id)"
    f" AND (f.kind NOT IN {_NO_NEWSLETTER} OR suppression.reason <> 'unsubscribed'))"
)
# When the last email that counts went to the same person; now while one is on its way.
_LAST = (
    "(SELECT max(CASE WHEN o.state = 'sending' THEN now() WHEN o.state = 'uncertain' THEN o.state_changed_at"
    " ELSE o.sent_at END) FROM follow_up o WHERE o.email_hash = f.email_hash AND o.campaign_id = f.campaign_id"
    f" AND o.id <> f.id AND o.kind NOT IN {_TRANSACTIONAL} AND (NOT f.is_test OR o.submission_id = f.submission_id))"
)
_CLAIM = (
    "WITH due AS MATERIALIZED (SELECT * FROM follow_up WHERE state IN ('queued', 'deferred') AND due_at <= now()"
    " AND transport = :transport AND {which} AND (is_urgent OR NOT CAST(:only_urgent AS boolean))"
    " AND NOT EXISTS (SELECT 1 FROM installation WHERE is_paused OR hold_reason <> '')"
    " ORDER BY due_at, id LIMIT :judged FOR NO KEY UPDATE SKIP LOCKED),"
    f" judged AS (SELECT f.*, {SUPPRESSED} AS is_suppressed,"
    f" (s.state = 'withdrawn' AND f.kind NOT IN {_NO_NEWSLETTER}) OR {_NOT_NEEDED} AS is_not_needed, {_LAST} AS last"
    " FROM due f JOIN submission s ON s.id = f.submission_id JOIN campaign ON campaign.id = f.campaign_id),"
    " ranked AS (SELECT *, is_suppressed OR is_not_needed AS is_over, row_number() OVER (PARTITION BY email_hash,"
    f" campaign_id, kind IN {_TRANSACTIONAL}, is_suppressed OR is_not_needed, CASE WHEN is_test THEN submission_id END"
    " ORDER BY due_at, id) AS turn FROM judged),"
    f" verdict AS (SELECT id, due_at, is_suppressed, is_over, last, kind NOT IN {_TRANSACTIONAL}"
    " AND (turn > 1 OR coalesce(last > now() - interval '1 day', false)) AS is_too_soon FROM ranked),"
    " dropped AS (UPDATE follow_up SET state = 'cancelled', state_changed_at = now(),"
    f" cause = CASE WHEN is_suppressed THEN '{Cause.SUPPRESSED}' ELSE '{Cause.NOT_NEEDED}' END"
    " FROM verdict WHERE follow_up.id = verdict.id AND is_over),"
    " put_off AS (UPDATE follow_up SET due_at = coalesce(last, now()) + interval '1 day' FROM verdict"
    " WHERE follow_up.id = verdict.id AND is_too_soon AND NOT is_over),"
    " chosen AS (SELECT id FROM verdict WHERE NOT is_over AND NOT is_too_soon ORDER BY due_at, id LIMIT :limit),"
    " claimed AS (UPDATE follow_up"
    + LEASE.format(table="follow_up")
    + ", first_attempt_at = coalesce(first_attempt_at, now()) FROM chosen"
    " WHERE follow_up.id = chosen.id RETURNING follow_up.*)"
    " SELECT claimed.*, (SELECT count(*) FROM verdict) AS judged FROM (VALUES (1)) AS one LEFT JOIN claimed ON true"
    " ORDER BY due_at, claimed.id"
)
# Domains that must wait, or have a rate of their own, are left out; those with a rate are claimed one by one.
_CLAIM_OTHERS = text(_CLAIM.replace("{which}", "receiving_domain <> ALL(:without)"))
_CLAIM_OF = text(_CLAIM.replace("{which}", "receiving_domain = :receiving_domain"))
_WITH_DUE = text(
    """
    SELECT asked.domain
    FROM unnest(CAST(:domains AS text[])) AS asked(domain)
    WHERE EXISTS (
        SELECT 1 FROM follow_up
        WHERE state IN ('queued', 'deferred') AND receiving_domain = asked.domain AND due_at <= now()
            AND transport = :transport AND (is_urgent OR NOT CAST(:only_urgent AS boolean))
    )
    ORDER BY asked.domain
    LIMIT 1
    """
)
_URGENT = text(
    """
    SELECT EXISTS (
        SELECT 1
        FROM follow_up
        WHERE is_urgent AND state IN ('queued', 'deferred') AND due_at <= now()
    )
    """
)
_IS_UNWANTED = Spelled(
    f"SELECT {SUPPRESSED} OR (f.kind NOT IN {_NO_NEWSLETTER}"
    " AND (s.state = 'withdrawn' OR s.erase_requested_at IS NOT NULL))"
    f" OR {_NOT_NEEDED} AS answer FROM follow_up f JOIN submission s ON s.id = f.submission_id"
    " JOIN campaign ON campaign.id = f.campaign_id WHERE f.id = %(id)s"
)


def take_turn(connection: Connection) -> None:
    """Waits for the claims of others, before this one locks anything."""
    connection.execute(_LOCK)


def urgent_are_due(connection: Connection) -> bool:
    """True when a follow-up is due that leaves although letters are due."""
    return bool(connection.execute(_URGENT).scalar_one())


def domain_with_due(
    connection: Connection, transport: str, domains: Sequence[str], *, only_urgent: bool = False
) -> str:
    """The first of these receiving domains that has due follow-ups; empty when none has."""
    if not domains:
        return ""
    values = {"transport": transport, "domains": list(domains), "only_urgent": only_urgent}
    return connection.scalar(_WITH_DUE, values) or ""


def claim_follow_ups(
    connection: Connection,
    transport: str,
    *,
    worker: str,
    lease_s: float,
    limit: int,
    without: Sequence[str] = (),
    only_urgent: bool = False,
) -> list[RowMapping]:
    """Takes due follow-ups of one transport but for some domains, after dropping and putting off what the rules say."""
    values = {"transport": transport, "worker": worker, "lease_s": lease_s, "limit": limit, "only_urgent": only_urgent}
    return _claim(connection, _CLAIM_OTHERS, {**values, "without": list(without)})


def claim_of_domain(
    connection: Connection,
    transport: str,
    receiving_domain: str,
    *,
    worker: str,
    lease_s: float,
    limit: int,
    only_urgent: bool = False,
) -> list[RowMapping]:
    """The same for one receiving domain, whose pace row the caller holds."""
    values = {"transport": transport, "worker": worker, "lease_s": lease_s, "limit": limit, "only_urgent": only_urgent}
    return _claim(connection, _CLAIM_OF, {**values, "receiving_domain": receiving_domain})


def _claim(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> list[RowMapping]:
    judged = values["limit"]
    while True:
        rows = list(connection.execute(statement, {**values, "judged": judged}).mappings())
        claimed = [row for row in rows if row["id"] is not None]
        if claimed or rows[0]["judged"] < judged:
            return claimed
        # None of these may leave, and many more may be like them.
        judged = LARGEST_BATCH


def is_unwanted(connection: Connection, follow_up_id: int) -> bool:
    """True when its address may get nothing of this kind any more, or what it was for no longer holds."""
    return any(row["answer"] for row in ask(connection, _IS_UNWANTED, {"id": follow_up_id}))
