"""Counts signs of life by receiving domain and hour, and keeps which domains have fallen silent."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, delete, text

from shared.db.tables import silent_domain
from shared.domain.follow_ups import DOMAIN_SILENT, Need
from shared.domain.receipts import News, ReceiptOutcome, ReceiptSource
from shared.domain.signs_of_life import ALARM_DAYS, KEPT_DAYS, WITHIN, Collapse, Counted
from shared.domain.transport import Transport

_WITHIN = f"interval '{WITHIN.total_seconds():.0f} seconds'"
# Each hour once, when its letters had their time. Found by the index of the events' times; a service that reports that
# the office's server accepted a letter says no more than that server said to us.
_COUNT = text(
    f"""
    INSERT INTO sign_of_life (receiving_domain, hour, letters, with_sign)
    SELECT letter.receiving_domain, date_bin('1 hour', event.at, 'epoch') AS hour, count(*), count(*) FILTER (
        WHERE letter.answered_at <= event.at + {_WITHIN} OR EXISTS (
            SELECT 1
            FROM receipt
            WHERE receipt.letter_id = letter.id AND source = '{ReceiptSource.MAIL}'
                AND outcome = '{ReceiptOutcome.APPLIED}' AND news IN ('{News.AUTO_REPLIED}', '{News.DELIVERED}')
                AND received_at <= event.at + {_WITHIN}
        ))
    FROM letter_event event
    JOIN letter ON letter.id = event.letter_id AND letter.attempt = event.attempt
    WHERE event.at >= greatest(
            now() - interval '{KEPT_DAYS} days',
            (SELECT max(sign_of_life.hour) + interval '1 hour' FROM sign_of_life)
        )
        AND event.at < date_bin('1 hour', now() - {_WITHIN}, 'epoch')
        AND event.to_state = 'sent' AND letter.state IN ('sent', 'delivered')
        AND letter.transport <> '{Transport.MAILBOX}'
    GROUP BY letter.receiving_domain, date_bin('1 hour', event.at, 'epoch')
    ON CONFLICT DO NOTHING
    """
)
_FORGET = text(f"DELETE FROM sign_of_life WHERE hour < now() - interval '{KEPT_DAYS} days'")
# In days that end with the domain's latest letters.
_DAYS = text(
    """
    SELECT receiving_domain, sum(letters) AS letters, sum(with_sign) AS with_sign
    FROM (
        SELECT *, max(hour) OVER (PARTITION BY receiving_domain) AS latest
        FROM sign_of_life
    ) AS one
    WHERE CAST(:recent AS boolean) IS NOT TRUE OR latest > now() - make_interval(days => :alarm_days)
    GROUP BY receiving_domain, floor(extract(epoch FROM latest - hour) / 86400)
    ORDER BY receiving_domain, floor(extract(epoch FROM latest - hour) / 86400)
    """
)
_WRITE_SILENT = text(
    """
    INSERT INTO silent_domain (receiving_domain, letters, with_sign, letters_before, with_sign_before)
    VALUES (:receiving_domain, :letters, :with_sign, :letters_before, :with_sign_before)
    ON CONFLICT (receiving_domain) DO UPDATE SET letters = excluded.letters, with_sign = excluded.with_sign,
        letters_before = excluded.letters_before, with_sign_before = excluded.with_sign_before
    RETURNING xmax = 0 AS is_new
    """
)
# One letter of the campaign went there lately.
WROTE_TO_IT = f"""
    letter.is_test = false AND letter.receiving_domain = silent_domain.receiving_domain
    AND letter.state IN ('sent', 'delivered') AND letter.sent_at > now() - interval '{KEPT_DAYS} days'
"""
_OF_CAMPAIGN = text(
    f"""
    SELECT *
    FROM silent_domain
    WHERE EXISTS (SELECT 1 FROM letter WHERE letter.campaign_id = :campaign_id AND {WROTE_TO_IT})
    ORDER BY letters DESC, receiving_domain
    """
)
# Once for each alarm, and at most once a week for each campaign.
_TELL_ORGANIZERS = text(
    f"""
    INSERT INTO follow_up (submission_id, campaign_id, kind, number, needs, recipient_email, receiving_domain,
        email_hash, is_test, transport, due_at)
    SELECT DISTINCT ON (campaign.id) letter.submission_id, campaign.id, '{DOMAIN_SILENT}',
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint, '{{{Need.DOMAIN_SILENT}}}', :recipient,
        split_part(:recipient, '@', 2), :email_hash, false, letter.transport, now()
    FROM silent_domain
    CROSS JOIN campaign
    CROSS JOIN LATERAL (
        SELECT submission_id, transport
        FROM letter
        WHERE letter.campaign_id = campaign.id AND {WROTE_TO_IT}
        LIMIT 1
    ) AS letter
    CROSS JOIN LATERAL (
        SELECT coalesce(max(created_at), '-infinity') AS at
        FROM follow_up
        WHERE email_hash = :email_hash AND follow_up.campaign_id = campaign.id AND kind = '{DOMAIN_SILENT}'
    ) AS told
    WHERE silent_domain.since > told.at AND told.at < now() - interval '7 days'
    ORDER BY campaign.id, silent_domain.letters DESC
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True)
class SilentDomain:
    """A receiving domain whose signs of life have collapsed."""

    receiving_domain: str
    collapse: Collapse


def count_signs(connection: Connection) -> None:
    """Counts the letters whose time for a sign of life is over, and forgets what is old."""
    connection.execute(_COUNT)
    connection.execute(_FORGET)


def read_days(connection: Connection, *, recent: bool) -> Mapping[str, Sequence[Counted]]:
    """By domain, the latest day first; with `recent` only domains that accepted letters lately."""
    days = defaultdict(list)
    for domain, letters, with_sign in connection.execute(_DAYS, {"recent": recent, "alarm_days": ALARM_DAYS}):
        days[domain].append(Counted(letters, with_sign))
    return days


def write_silent(connection: Connection, silent: Sequence[SilentDomain]) -> list[str]:
    """These domains are silent and no others; returns those that were not before."""
    kept = [one.receiving_domain for one in silent]
    connection.execute(delete(silent_domain).where(silent_domain.c.receiving_domain.not_in(kept)))
    return [one.receiving_domain for one in silent if connection.execute(_WRITE_SILENT, _values(one)).scalar_one()]


def list_silent(connection: Connection) -> list[SilentDomain]:
    """All silent domains."""
    return [_silent(row) for row in connection.execute(silent_domain.select().order_by("receiving_domain")).mappings()]


def silent_of_campaign(connection: Connection, campaign_id: int) -> list[SilentDomain]:
    """Silent domains that accepted letters of the campaign, most letters first."""
    return [_silent(row) for row in connection.execute(_OF_CAMPAIGN, {"campaign_id": campaign_id}).mappings()]


def tell_organizers(connection: Connection, recipient: str, email_hash: str) -> int:
    """The organizers hear of silent domains, of one campaign's in one email; how many emails."""
    return connection.execute(_TELL_ORGANIZERS, {"recipient": recipient, "email_hash": email_hash}).rowcount


def _values(one: SilentDomain) -> dict[str, object]:
    recent, before = one.collapse.recent, one.collapse.before
    return {
        "receiving_domain": one.receiving_domain,
        "letters": recent.letters,
        "with_sign": recent.with_sign,
        "letters_before": before.letters,
        "with_sign_before": before.with_sign,
    }


def _silent(row: RowMapping) -> SilentDomain:
    before = Counted(row["letters_before"], row["with_sign_before"])
    return SilentDomain(row["receiving_domain"], Collapse(Counted(row["letters"], row["with_sign"]), before))
