"""After a restore: letters and emails that wait here and have left already, or may have; what a release makes of them.

A letter may have left when its supporter pressed Send before everything was held: its row, or the submission that it is
made from, was in the backup.
"""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from shared.db.claims import Kind
from shared.domain.causes import Cause
from shared.domain.states import RESTORED_ARROWS, HoldReason, LetterState

_UNSETTLED = ", ".join(f"'{state}'" for state, to in RESTORED_ARROWS.items() if LetterState.SENT in to)
_HOLDABLE = ", ".join(f"'{state}'" for state, to in RESTORED_ARROWS.items() if LetterState.HELD in to)
# What its ledger says of a later attempt than the backup knows. A row that was made since the restore may have the
# number of another one that left: it is younger than the host's last word before the backup, and than that departure.
_TELL = {
    kind: text(
        f"""
        INSERT INTO departure (kind, row_id, left_at)
        SELECT '{kind}', row.id, max(told.left_at)
        FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[]), CAST(:times AS timestamptz[]))
            AS told(id, attempt, left_at)
        JOIN {kind} row ON row.id = told.id
        WHERE row.created_at <= :made_until AND row.created_at <= told.left_at AND row.state IN ({_UNSETTLED})
            AND (told.attempt > row.attempt OR (told.attempt = row.attempt AND row.state IN ('sending', 'uncertain')))
        GROUP BY row.id
        ON CONFLICT DO NOTHING
        """
    )
    for kind in Kind
}
_HAS_LEFT = {
    Kind.LETTER: text(
        f"""
        WITH known AS (
            SELECT letter.id, letter.state AS old, left_at
            FROM departure
            JOIN letter ON letter.id = row_id
            WHERE departure.kind = 'letter' AND letter.state IN ({_UNSETTLED})
            ORDER BY letter.id
            LIMIT :limit
            FOR NO KEY UPDATE OF letter
        ), changed AS (
            UPDATE letter
            SET state = 'sent', state_changed_at = now(), sent_at = left_at, cause = '', hold_reason = NULL,
                lease_until = NULL, worker = ''
            FROM known
            WHERE letter.id = known.id
            RETURNING letter.id, old, attempt
        )
        INSERT INTO letter_event (letter_id, from_state, to_state, attempt, actor)
        SELECT id, old, 'sent', attempt, :actor FROM changed
        """
    ),
    Kind.FOLLOW_UP: text(
        f"""
        WITH known AS (
            SELECT follow_up.id, departure.left_at
            FROM departure
            JOIN follow_up ON follow_up.id = row_id
            WHERE departure.kind = 'follow_up' AND follow_up.state IN ({_UNSETTLED})
            ORDER BY follow_up.id
            LIMIT :limit
            FOR NO KEY UPDATE OF follow_up
        )
        UPDATE follow_up
        SET state = 'sent', state_changed_at = now(), sent_at = left_at, cause = '', lease_until = NULL, worker = ''
        FROM known
        WHERE follow_up.id = known.id
        """
    ),
}
# Through the campaigns, by the index of states.
_DOUBTFUL = f"""
    FROM letter
    JOIN submission ON submission.id = letter.submission_id
    WHERE letter.campaign_id IN (SELECT id FROM campaign) AND letter.state IN ({_HOLDABLE})
        AND submission.accepted_at <= :until
"""
_HOLD = text(
    f"""
    WITH doubtful AS (
        SELECT letter.id, letter.state AS old
        {_DOUBTFUL} AND letter.hold_reason IS DISTINCT FROM '{HoldReason.RESTORE}'
        ORDER BY letter.id
        LIMIT :limit
        FOR NO KEY UPDATE OF letter
    ), changed AS (
        UPDATE letter
        SET state = 'held', state_changed_at = now(), hold_reason = '{HoldReason.RESTORE}', cause = '{Cause.RESTORED}'
        FROM doubtful
        WHERE letter.id = doubtful.id
        RETURNING letter.id, old, attempt
    )
    INSERT INTO letter_event (letter_id, from_state, to_state, attempt, cause, actor)
    SELECT id, old, 'held', attempt, '{Cause.RESTORED}', :actor FROM changed
    """
)
_LETTERS = text(
    f"""
    SELECT campaign.slug, campaign.title, count(*) AS waiting, count(departure.row_id) AS known
    FROM (SELECT letter.id, letter.campaign_id {_DOUBTFUL}) AS one
    JOIN campaign ON campaign.id = one.campaign_id
    LEFT JOIN departure ON departure.kind = 'letter' AND departure.row_id = one.id
    GROUP BY campaign.id
    ORDER BY campaign.title
    """
)
_EMAILS = text(
    """
    SELECT count(*) AS waiting, count(departure.row_id) AS known
    FROM follow_up
    LEFT JOIN departure ON departure.kind = 'follow_up' AND departure.row_id = follow_up.id
    WHERE follow_up.state IN ('queued', 'deferred') AND follow_up.created_at <= :until
    """
)
_KNOWN = text(
    f"""
    SELECT letter.id, campaign.slug, letter.recipient_title, letter.recipient_name, letter.district, left_at
    FROM departure
    JOIN letter ON letter.id = row_id
    JOIN campaign ON campaign.id = letter.campaign_id
    WHERE departure.kind = 'letter' AND letter.state IN ({_UNSETTLED})
    ORDER BY left_at, letter.id
    LIMIT :limit
    """
)
# A journal that was begun before the restore says nothing of what is claimed after it.
_FORGET_WORKERS = {
    kind: text(f"UPDATE {kind} SET worker = '' WHERE state IN ('sending', 'uncertain') AND worker <> ''")
    for kind in Kind
}
_FORGET = text("DELETE FROM departure")


def tell(
    connection: Connection, kind: Kind, departures: Sequence[tuple[int, int, datetime]], made_until: datetime
) -> None:
    """Notes which rows that wait, or may have left, did leave by a host's ledger: (id, attempt, time) each.

    Rows that were made later than `made_until` are not in the backup.
    """
    ids, attempts, times = ([one[place] for one in departures] for place in range(3))
    values = {"ids": ids, "attempts": attempts, "times": times, "made_until": made_until}
    connection.execute(_TELL[kind], values)


def settle_known(connection: Connection, kind: Kind, *, limit: int, actor: str) -> int:
    """Makes rows `sent` that are known to have left; returns how many, `limit` at most."""
    values = {"limit": limit, **({"actor": actor} if kind is Kind.LETTER else {})}
    return connection.execute(_HAS_LEFT[kind], values).rowcount


def hold_doubtful(connection: Connection, until: datetime, *, limit: int, actor: str) -> int:
    """Holds letters that may have left, each for itself; returns how many, `limit` at most."""
    return connection.execute(_HOLD, {"until": until, "limit": limit, "actor": actor}).rowcount


def count_letters(connection: Connection, until: datetime) -> Sequence[RowMapping]:
    """By campaign: how many letters wait that may have left, and how many of them are known to have."""
    return connection.execute(_LETTERS, {"until": until}).mappings().all()


def count_emails(connection: Connection, until: datetime) -> RowMapping:
    """The same for emails to supporters, of all campaigns."""
    return connection.execute(_EMAILS, {"until": until}).mappings().one()


def known_letters(connection: Connection, limit: int) -> Sequence[RowMapping]:
    """Letters that are known to have left, the first ones."""
    return connection.execute(_KNOWN, {"limit": limit}).mappings().all()


def forget_workers(connection: Connection) -> None:
    """No journal speaks of these rows any more: they are settled by a late answer, a receipt, or a person."""
    for statement in _FORGET_WORKERS.values():
        connection.execute(statement)


def forget_departures(connection: Connection) -> None:
    """The next restore has its own."""
    connection.execute(_FORGET)
