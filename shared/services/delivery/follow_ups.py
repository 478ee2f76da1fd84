"""The lane of emails to supporters: the same engine as for letters, in a queue of their own."""

from collections.abc import Mapping, Sequence
from functools import partial

from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import DBAPIError

from shared.db import campaigns, pace
from shared.db.claims import Kind
from shared.db.engine import at_once
from shared.db.follow_up_claims import claim_follow_ups, is_unwanted
from shared.db.savepoints import Faults, isolated
from shared.domain.campaigns import Campaign
from shared.domain.pace import Pace, batch_size, next_pace
from shared.domain.states import CLAIMABLE
from shared.domain.transport import Transport
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.emails import RenderedEmail
from shared.services.delivery.carry import Carried, Parcel, parcel_of
from shared.services.delivery.record import record
from shared.services.delivery.run import Batch, work_off
from shared.services.mail import freeze_words, mail_bytes
from shared.services.outbox import open_transports
from shared.settings import Settings


def send_mail(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Sends due follow-ups for a task's time, then rings again while more are due; returns how many it claimed."""
    ring.answer(TaskName.SEND_MAIL)
    claimed, more = work_off(engine, settings, _FollowUps(settings), ring.rush.make_way)
    if more:
        ring.ring(TaskName.SEND_MAIL)
    return claimed


def _readable(connection: Connection, numbers: set[int]) -> dict[int, Campaign]:
    """The campaigns with these ids, without any that can't be read: its emails are set aside, the others go on."""
    known: dict[int, Campaign] = {}
    for number in numbers:
        with isolated(connection, Faults(), "mail.unreadable_campaign", campaign_id=number):
            known[number] = campaigns.read_campaign(connection, number).campaign
    return known


class _FollowUps:
    """Claims by transport; each email's words are made with its first claim and kept for the next ones.

    How fast each server is, a run learns from its own batches.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._timing = settings.timing
        self._paces: dict[Transport, Pace] = {}
        self._learned = self._paces

    def claim(self, connection: Connection, worker: str) -> Batch | None:
        """Due follow-ups of the first transport that has any; none while a letter is due."""
        transports, dead_after = open_transports(self._settings), self._timing.dead_after
        if any(pace.letters_are_due(connection, transports, state, dead_after_s=dead_after) for state in CLAIMABLE):
            return None
        lease = self._timing.lease
        for transport in transports:
            limit = batch_size(self._pace(transport), batch_seconds=self._timing.batch)
            rows = claim_follow_ups(connection, transport, worker=worker, lease_s=lease, limit=limit)
            if rows:
                return Batch(transport, self._parcels(connection, rows))
        return None

    def correct(self, engine: Engine, batch: Batch) -> None:
        """Nothing was refused: what is not needed any more is dropped by the claim itself."""

    def record(self, connection: Connection, batch: Batch, carried: Carried) -> None:
        """Outcomes only."""
        record(connection, Kind.FOLLOW_UP, carried.results)
        learned = next_pace(self._pace(batch.transport), carried.summary)
        self._learned = {**self._paces, batch.transport: learned}

    def recorded(self) -> None:
        """The next batch is as large as this one was quick."""
        self._paces = self._learned

    def is_unwanted(self, engine: Engine, parcel: Parcel) -> bool:
        """Somebody who unsubscribes while the batch is under way gets nothing more."""
        try:
            with at_once(engine) as connection:
                return is_unwanted(connection, parcel.id)
        except DBAPIError:
            # It goes back to its queue, and who knows by then is asked again.
            return True

    def _pace(self, transport: Transport) -> Pace:
        return self._paces.get(transport, Pace())

    def _parcels(self, connection: Connection, rows: Sequence[RowMapping]) -> tuple[Parcel, ...]:
        known = _readable(connection, {row["campaign_id"] for row in rows})
        words = freeze_words(connection, self._settings, rows, known)
        return tuple(
            parcel_of(Kind.FOLLOW_UP, row, self._settings, partial(self._build, row, known, words)) for row in rows
        )

    def _build(self, row: RowMapping, known: Mapping[int, Campaign], words: Mapping[int, RenderedEmail]) -> bytes:
        """Raises for one without a campaign or words, which sets this one aside."""
        return mail_bytes(self._settings, row, known[row["campaign_id"]], words[row["id"]])
