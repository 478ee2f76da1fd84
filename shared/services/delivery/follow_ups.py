"""The lane of emails to supporters: the same engine as for letters, in a queue of their own."""

from collections.abc import Mapping, Sequence
from functools import partial

import structlog
from sqlalchemy import Connection, Engine, RowMapping
from sqlalchemy.exc import DBAPIError

from shared.db import pace, relay_states
from shared.db.claims import Kind
from shared.db.engine import at_once
from shared.db.follow_up_claims import (
    claim_follow_ups,
    claim_of_domain,
    domain_with_due,
    is_unwanted,
    take_turn,
    urgent_are_due,
)
from shared.domain.campaigns import Campaign
from shared.domain.pace import REST_S, Pace, batch_size, next_pace
from shared.domain.relay_state import RelayState
from shared.domain.states import CLAIMABLE
from shared.domain.transport import Transport
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.rendering.emails import RenderedEmail
from shared.services.delivery.carry import Carried, Parcel, parcel_of
from shared.services.delivery.readable import readable_campaigns
from shared.services.delivery.record import record
from shared.services.delivery.relays import Relays
from shared.services.delivery.run import Batch, work_off
from shared.services.mail import freeze_words, mail_bytes
from shared.settings import Settings

_LOG = structlog.get_logger()


def send_mail(engine: Engine, ring: Ring, settings: Settings) -> int:
    """Sends due follow-ups for a task's time, then rings again while more are due; returns how many it claimed."""
    ring.answer(TaskName.SEND_MAIL)
    lane = _FollowUps(ring, settings)
    claimed, more = work_off(engine, settings, lane, ring.rush.make_way)
    if more:
        ring.ring(TaskName.SEND_MAIL)
    lane.relays.ring_for_others(TaskName.SEND_MAIL, claimed)
    return claimed


class _FollowUps:
    """Claims by transport; each email's words are made with its first claim and kept for the next ones.

    How fast each server is, a run learns from its own batches.
    """

    def __init__(self, ring: Ring, settings: Settings) -> None:
        self._settings = settings
        self._timing = settings.timing
        self._paces: dict[Transport, Pace] = {}
        self._learned = self._paces
        self.relays = Relays(ring, settings)

    def claim(self, connection: Connection, worker: str) -> Batch | None:
        """Due follow-ups of the first transport that has any; only urgent ones while a letter is due."""
        admitting, dead_after = self.relays.admitting(connection, worker), self._timing.dead_after
        only_urgent = any(
            pace.letters_are_due(connection, list(admitting), state, dead_after_s=dead_after) for state in CLAIMABLE
        )
        if only_urgent and not urgent_are_due(connection):
            return None
        take_turn(connection)
        for transport, relay in admitting.items():
            if batch := self._claim_by(connection, transport, relay, worker, only_urgent=only_urgent):
                return batch
        return None

    def correct(self, engine: Engine, batch: Batch) -> None:
        """Nothing was refused: what is not needed any more is dropped by the claim itself."""

    def record(self, connection: Connection, batch: Batch, carried: Carried) -> None:
        """Outcomes, the rest of domains that do not trust us, and the state of the mail server."""
        record(connection, Kind.FOLLOW_UP, carried.results, worker=batch.worker)
        pace.add_domains(connection, [(batch.transport.value, domain) for domain in carried.refusing])
        for domain, cause in sorted(carried.refusing.items()):
            pace.stop_domain(connection, batch.transport, domain, break_s=REST_S[cause], cause=cause)
            _LOG.error("delivery.stopped", domain=domain, cause=cause.value, for_s=REST_S[cause])
        learned = next_pace(self._pace(batch.transport), carried.summary)
        self._learned = {**self._paces, batch.transport: learned}
        self.relays.settle(connection, batch, carried)

    def recorded(self) -> None:
        """The next batch is as large as this one was quick. Others may go on."""
        self._paces = self._learned
        self.relays.recorded()

    def _claim_by(
        self, connection: Connection, transport: Transport, state: RelayState, worker: str, *, only_urgent: bool
    ) -> Batch | None:
        """A domain with a rate of its own goes first: it gets little at a time."""
        special = pace.special_domains(connection, transport)
        free = [one.receiving_domain for one in special if one.has_tokens]
        limited = domain_with_due(connection, transport.value, free, only_urgent=only_urgent)
        tokens = pace.lock_tokens(connection, transport, limited) if limited else 0.0
        if tokens < 1:
            # Another claim took them; the other domains' emails may leave.
            limited = ""
        relay = self.relays.lock_rate(connection, state, worker)
        size = batch_size(self._pace(transport), batch_seconds=self._timing.batch)
        most = relay.most_emails(min(size, int(tokens)) if limited else size)
        if not most:
            return None
        of, lease_s = transport.value, self._timing.lease
        if limited:
            rows = claim_of_domain(
                connection, of, limited, worker=worker, lease_s=lease_s, limit=most, only_urgent=only_urgent
            )
            pace.write_tokens(connection, transport, limited, tokens - len(rows))
        else:
            without = [one.receiving_domain for one in special]
            rows = claim_follow_ups(
                connection,
                of,
                worker=worker,
                lease_s=lease_s,
                limit=most,
                without=without,
                only_urgent=only_urgent,
            )
        if not rows:
            return None
        relay_states.take_tokens(connection, relay, len(rows))
        return Batch(
            transport,
            self._parcels(connection, rows),
            epoch=relay.epoch,
            is_probe=relay.is_probe,
            ahead=relay.connections.ahead,
            worker=worker,
        )

    def is_edited(self, engine: Engine, parcel: Parcel) -> bool:
        """Supporters write no emails to each other."""
        return False

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
        known = readable_campaigns(connection, {row["campaign_id"] for row in rows})
        words = freeze_words(connection, self._settings, rows, known)
        return tuple(
            parcel_of(Kind.FOLLOW_UP, row, self._settings, partial(self._build, row, known, words)) for row in rows
        )

    def _build(self, row: RowMapping, known: Mapping[int, Campaign], words: Mapping[int, RenderedEmail]) -> bytes:
        """Raises for one without a campaign or words, which sets this one aside."""
        return mail_bytes(self._settings, row, known[row["campaign_id"]], words[row["id"]])
