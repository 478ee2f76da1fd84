"""The lane of emails to supporters: the same engine as for letters, in a queue of their own."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, RowMapping

from shared.db import campaigns
from shared.db.claims import Kind, claim_follow_ups
from shared.domain.identities import envelope_sender
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.delivery.carry import Carried, Parcel
from shared.services.delivery.record import record
from shared.services.delivery.run import Batch, work_off
from shared.services.mail import freeze_words, mail_bytes
from shared.services.outbox import open_transports
from shared.settings import Settings

_BATCH = 50


def send_mail(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Sends due follow-ups for a task's time, then rings again while more are due; returns how many it claimed."""
    ring.answer(TaskName.SEND_MAIL)
    claimed, more = work_off(engine, settings, _FollowUps(settings))
    if more:
        ring.ring(TaskName.SEND_MAIL)
    return claimed


class _FollowUps:
    """Claims by transport; each email's words are made with its first claim and kept for the next ones."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lease_s = settings.timing.lease

    def claim(self, connection: Connection, worker: str) -> Batch | None:
        """Due follow-ups of the first transport that has any."""
        for transport in open_transports(self._settings):
            rows = claim_follow_ups(connection, transport, worker=worker, lease_s=self._lease_s, limit=_BATCH)
            if rows:
                return Batch(transport, self._parcels(connection, rows))
        return None

    def record(self, connection: Connection, batch: Batch, carried: Carried) -> None:
        """Outcomes only."""
        record(connection, Kind.FOLLOW_UP, carried.results)

    def recorded(self) -> None:
        """Nothing follows."""

    def _parcels(self, connection: Connection, rows: Sequence[RowMapping]) -> tuple[Parcel, ...]:
        numbers = {row["campaign_id"] for row in rows}
        known = {number: campaigns.read_campaign(connection, number).campaign for number in numbers}
        words = freeze_words(connection, self._settings, rows, known)
        return tuple(
            Parcel(
                kind=Kind.FOLLOW_UP,
                id=row["id"],
                attempt=row["attempt"],
                tries=row["tries"],
                crash_count=row["crash_count"],
                campaign_id=0,
                sender=envelope_sender(self._settings.secret_key, "follow_up", row["id"], self._settings.mail_domain),
                recipient=row["recipient_email"],
                # Without words it raises, which sets this one aside.
                build=lambda row=row: mail_bytes(  # type: ignore[misc]
                    self._settings, row, known[row["campaign_id"]], words[row["id"]]
                ),
            )
            for row in rows
        )
