"""Notes and counts signs of life (`shared.domain.signs_of_life`), and keeps which domains give hardly any."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, text

from shared.db.engine import allow_bitmaps
from shared.db.organizer_emails import join_told, one_for_each_campaign
from shared.db.tables import silent_domain
from shared.domain.follow_ups import DOMAIN_SILENT, Need
from shared.domain.receipts import ReceiptOutcome
from shared.domain.signs_of_life import (
    ALARM_DAYS,
    BUCKET,
    KEPT_DAYS,
    RECENT,
    SHOWN_DAYS,
    WITHIN,
    Bucket,
    Collapse,
    Counted,
)
from shared.domain.transport import Transport

_BUCKET = f"interval '{BUCKET.total_seconds():.0f} seconds'"
_NOTE = text("INSERT INTO sign_of_life (letter_id) VALUES (:letter_id) ON CONFLICT DO NOTHING")
# A day at a time. What was received and is not understood yet may be signs.
_SLICE = text(
    f"""
    SELECT counted.until AS since, least(
        counted.until + interval '1 day',
        date_bin({_BUCKET}, now() - interval '{WITHIN.total_seconds():.0f} seconds', 'epoch')
    ) AS until
    FROM (
        SELECT coalesce(
            signs_counted_until, date_bin({_BUCKET}, now() - interval '{SHOWN_DAYS} days', 'epoch')
        ) AS until
        FROM installation
    ) AS counted
    WHERE NOT EXISTS (
        SELECT 1
        FROM receipt
        WHERE outcome = '{ReceiptOutcome.WAITING}' AND received_at < now() - interval '10 minutes'
    )
    """
)
# Found by the index of the events' times. A letter that went again is not counted: its signs may be the first one's.
_COUNT = text(
    f"""
    INSERT INTO sign_count (receiving_domain, since, mailbox, campaign_id, letters, with_sign)
    SELECT letter.receiving_domain, date_bin({_BUCKET}, event.at, 'epoch'), lower(letter.recipient_email),
        letter.campaign_id, count(*),
        count(*) FILTER (WHERE letter.answered_at IS NOT NULL OR sign_of_life.letter_id IS NOT NULL)
    FROM letter_event event
    JOIN letter ON letter.id = event.letter_id AND letter.attempt = event.attempt
    LEFT JOIN sign_of_life ON sign_of_life.letter_id = letter.id
    WHERE event.at >= :since AND event.at < :until
        AND event.to_state = 'sent' AND event.from_state = 'sending' AND letter.resends = 0
        AND letter.state IN ('sent', 'delivered') AND letter.transport <> '{Transport.MAILBOX}'
    GROUP BY 1, 2, 3, 4
    ON CONFLICT DO NOTHING
    """
)
_COUNTED = text("UPDATE installation SET signs_counted_until = :until")
_FORGET = text(f"DELETE FROM sign_count WHERE since < now() - interval '{KEPT_DAYS} days'")
# Of domains that accepted letters lately; what is older than the latest letters, or the alarm, in one.
_BUCKETS = text(
    f"""
    SELECT receiving_domain, mailbox, CASE WHEN since >= latest THEN since ELSE earliest END AS since,
        sum(letters) AS letters, sum(with_sign) AS with_sign
    FROM (
        SELECT sign_count.*,
            least(max(since) OVER domain - interval '{RECENT.total_seconds():.0f} seconds', began) AS latest,
            min(since) OVER domain AS earliest, max(since) OVER domain AS last
        FROM sign_count
        LEFT JOIN silent_domain USING (receiving_domain)
        WINDOW domain AS (PARTITION BY receiving_domain)
    ) AS one
    WHERE last > now() - interval '{ALARM_DAYS} days'
    GROUP BY receiving_domain, mailbox, CASE WHEN since >= latest THEN since ELSE earliest END
    """
)
_TOTALS = text(
    f"""
    SELECT receiving_domain, sum(letters) AS letters, sum(with_sign) AS with_sign
    FROM sign_count
    WHERE since > now() - interval '{SHOWN_DAYS} days'
    GROUP BY receiving_domain
    """
)
_WRITE_SILENT = text(
    """
    INSERT INTO silent_domain (receiving_domain, began, letters, with_sign, due)
    VALUES (:receiving_domain, :began, :letters, :with_sign, :due)
    ON CONFLICT (receiving_domain) DO UPDATE
    SET letters = excluded.letters, with_sign = excluded.with_sign, due = excluded.due
    RETURNING xmax = 0 AS is_new
    """
)
# The campaign wrote to it since the alarm began.
WROTE_TO_IT = """
    EXISTS (
        SELECT 1
        FROM sign_count
        WHERE sign_count.receiving_domain = silent_domain.receiving_domain AND since >= silent_domain.began
            AND sign_count.campaign_id = {campaign}
    )
"""
_OF_CAMPAIGN = text(
    f"""
    SELECT *
    FROM silent_domain
    WHERE {WROTE_TO_IT.format(campaign=":campaign_id")}
    ORDER BY letters DESC, receiving_domain
    """
)
# Once for each alarm, and at most once a week for each campaign.
_TELL_ORGANIZERS = text(
    f"""
    {one_for_each_campaign(DOMAIN_SILENT, Need.DOMAIN_SILENT)}
    FROM campaign
    CROSS JOIN LATERAL (
        SELECT max(raised_at) AS raised_at
        FROM silent_domain
        WHERE {WROTE_TO_IT.format(campaign="campaign.id")}
    ) AS alarm
    {join_told(DOMAIN_SILENT)}
    CROSS JOIN LATERAL (
        SELECT *
        FROM letter
        WHERE letter.campaign_id = campaign.id AND state IN ('sent', 'delivered') AND NOT is_test
        LIMIT 1
    ) AS letter
    WHERE campaign.state IN ('live', 'paused') AND alarm.raised_at > told.at AND told.at < now() - interval '7 days'
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True)
class SilentDomain:
    """A receiving domain whose signs of life have collapsed."""

    receiving_domain: str
    collapse: Collapse


def note_sign(connection: Connection, letter_id: int) -> None:
    """The letter got a sign of life."""
    connection.execute(_NOTE, {"letter_id": letter_id})


def count_signs(connection: Connection) -> bool:
    """Counts the letters of a day whose time for a sign of life is over; True when it counted some time."""
    allow_bitmaps(connection)
    found = connection.execute(_SLICE).one_or_none()
    if found is None or found.until <= found.since:
        return False
    connection.execute(_COUNT, {"since": found.since, "until": found.until})
    connection.execute(_COUNTED, {"until": found.until})
    connection.execute(_FORGET)
    return True


def read_buckets(connection: Connection) -> Mapping[str, Sequence[Bucket]]:
    """The counts of each domain that accepted letters lately; the oldest ones are put together."""
    found = defaultdict(list)
    for domain, mailbox, since, letters, with_sign in connection.execute(_BUCKETS):
        found[domain].append(Bucket(mailbox, since, Counted(letters, with_sign)))
    return found


def read_totals(connection: Connection) -> Mapping[str, Counted]:
    """What is shown of each domain."""
    return {domain: Counted(letters, with_sign) for domain, letters, with_sign in connection.execute(_TOTALS)}


def write_silent(connection: Connection, silent: Sequence[SilentDomain]) -> list[str]:
    """These domains are silent and no others; returns those that were not before."""
    kept = [one.receiving_domain for one in silent]
    connection.execute(delete(silent_domain).where(silent_domain.c.receiving_domain.not_in(kept)))
    return [one.receiving_domain for one in silent if connection.execute(_WRITE_SILENT, _values(one)).scalar_one()]


def list_silent(connection: Connection) -> list[SilentDomain]:
    """All silent domains."""
    return [_silent(row) for row in connection.execute(silent_domain.select().order_by("receiving_domain")).mappings()]


def silent_of_campaign(connection: Connection, campaign_id: int) -> list[SilentDomain]:
    """Silent domains that the campaign wrote to since, most letters first."""
    return [_silent(row) for row in connection.execute(_OF_CAMPAIGN, {"campaign_id": campaign_id}).mappings()]


def tell_organizers(connection: Connection, recipient: str, email_hash: str) -> int:
    """Tells organizers about silent domains, in one email for each campaign; how many emails."""
    values = {"recipient": recipient, "email_hash": email_hash, "gather_s": 0.0}
    return connection.execute(_TELL_ORGANIZERS, values).rowcount


def _values(one: SilentDomain) -> dict[str, str | int | datetime]:
    collapse = one.collapse
    return {
        "receiving_domain": one.receiving_domain,
        "began": collapse.began,
        "letters": collapse.recent.letters,
        "with_sign": collapse.recent.with_sign,
        "due": collapse.due,
    }


def _silent(row: RowMapping) -> SilentDomain:
    recent = Counted(row["letters"], row["with_sign"])
    return SilentDomain(row["receiving_domain"], Collapse(row["began"], recent, row["due"]))
