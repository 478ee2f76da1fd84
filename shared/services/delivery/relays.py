"""What both lanes ask of the mail servers' own state before a claim, and tell it after a batch."""

import threading
from dataclasses import replace
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Connection

from shared.db import delivery_connections, pace, relay_states
from shared.db.happenings import note
from shared.domain.causes import Cause
from shared.domain.happenings import Happening
from shared.domain.pace import LARGEST_BATCH
from shared.domain.relay_state import RELAY_CAUSES, RelayState, rest_seconds
from shared.domain.transport import SERVER_OF, Transport
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.delivery.carry import Carried
from shared.services.delivery.run import Batch
from shared.services.delivery.wakeup import SWEEP
from shared.services.outbox import open_transports, server_url
from shared.settings import Settings

_LOG = structlog.get_logger()
# The rest is over when the sweep looks.
_SOON_S = 0.05


def sending_transports(connection: Connection, settings: Settings) -> list[Transport]:
    """The open transports by which a worker without a connection could send now."""
    return list(_admitting(connection, settings))


def unblocked_transports(connection: Connection, settings: Settings) -> list[Transport]:
    """Those of them whose server's own rate keeps no letter waiting; time in which it may is noted as blocked."""
    admitting = _admitting(connection, settings)
    return [one for one, state in admitting.items() if state.rate_per_hour is None or state.tokens >= LARGEST_BATCH]


def _admitting(connection: Connection, settings: Settings, worker: str = "") -> dict[Transport, RelayState]:
    """The open transports whose servers a worker may send by now: `worker`, or one that has no connection."""
    states = relay_states.read_states(connection, worker=worker, dead_after_s=settings.timing.dead_after)
    servers = {transport: states[SERVER_OF[transport]] for transport in open_transports(settings)}
    return {transport: state for transport, state in servers.items() if state.admits}


class _ToTell(threading.local):
    """What one of a lane's connections has to tell others after its COMMIT."""

    is_open_again = False
    rest_s = 0.0


class Relays:
    """The mail servers for one lane's run."""

    def __init__(self, ring: Ring, settings: Settings) -> None:
        self._ring, self._settings = ring, settings
        self._dead_after_s = settings.timing.dead_after
        # No connection was left beside ours at some time: other lanes may have been turned away.
        self._was_full = False
        self._to_tell = _ToTell()

    def admitting(self, connection: Connection, worker: str) -> dict[Transport, RelayState]:
        """The open transports whose servers `worker` may send by now."""
        admitting = _admitting(connection, self._settings, worker)
        self._was_full |= not all(state.has_more for state in admitting.values())
        return admitting

    def lock_rate(self, connection: Connection, state: RelayState, worker: str) -> RelayState:
        """The state with tokens that nobody else takes until COMMIT; a server without a rate is not locked."""
        if state.rate_per_hour is None:
            return state
        return relay_states.lock_state(connection, state.server, worker=worker, dead_after_s=self._dead_after_s)

    def settle(self, connection: Connection, batch: Batch, carried: Carried) -> None:
        """Begins a break, lowers the ceiling or ends a break, as the batch tells; gives back what was not tried."""
        if untried := carried.untried(batch.parcels):
            relay_states.give_back(connection, SERVER_OF[batch.transport], len(untried))
        if carried.refusal in RELAY_CAUSES:
            self._refused(connection, batch, carried, carried.refusal)
        elif batch.is_probe and carried.has_answer:
            self._to_tell.is_open_again = relay_states.end_break(connection, SERVER_OF[batch.transport], batch.epoch)
        elif batch.is_probe and carried.lost:
            self._refused(connection, batch, carried, Cause.CONNECTION)

    def ring_for_others(self, task: TaskName, claimed: int) -> None:
        """After a run that had a connection: lanes that found none may take it now, letters first."""
        if claimed and self._was_full:
            for other in (TaskName.DELIVER_LETTERS, TaskName.RETRY_LETTERS):
                if other is not task:
                    self._ring.ring(other)

    def recorded(self) -> None:
        """After COMMIT: wakes everybody when a probe succeeded, and the sweep when a rest will be over."""
        if self._to_tell.rest_s:
            SWEEP.within(self._to_tell.rest_s + _SOON_S)
            self._to_tell.rest_s = 0.0
        if self._to_tell.is_open_again:
            self._to_tell.is_open_again = False
            _LOG.warning("relay.works_again")
            for task in (TaskName.DELIVER_LETTERS, TaskName.RETRY_LETTERS, TaskName.SEND_MAIL):
                self._ring.ring(task)

    def _refused(self, connection: Connection, batch: Batch, carried: Carried, cause: Cause) -> None:
        server = SERVER_OF[batch.transport]
        if carried.too_many:
            delivery_connections.close_connection(connection, batch.worker)
        state = relay_states.lock_state(connection, server, worker=batch.worker, dead_after_s=self._dead_after_s)
        # As many as were open, without those that were refused; some may have closed since.
        others = max(state.connections.in_use, batch.ahead)
        if carried.too_many and others and not batch.is_probe:
            ceiling = min(state.ceiling, others)
            relay_states.learn_ceiling(connection, server, ceiling)
            _LOG.warning("relay.too_many_connections", server=server.value, ceiling=ceiling)
            return
        if state.counts(batch.epoch):
            state = self._begin_break(connection, state, batch, cause)
        # The caller holds the domain's row. Without a rest of its own the domain rests with its server.
        if batch.receiving_domain and state.is_resting and state.open_until is not None:
            pace.stop_domain_until(
                connection, batch.transport, batch.receiving_domain, state.open_until, state.open_cause
            )

    def _begin_break(self, connection: Connection, state: RelayState, batch: Batch, cause: Cause) -> RelayState:
        """One break for all connections that meet it; a probe that failed begins a longer one."""
        failed = replace(state, failures=state.failures + 1, open_cause=cause, is_resting=True)
        rest_s = self._to_tell.rest_s = rest_seconds(failed, first=self._settings.timing.breaker)
        until = relay_states.begin_break(connection, state.server, failures=failed.failures, rest_s=rest_s, cause=cause)
        if failed.failures == 1:
            host = urlsplit(server_url(self._settings, batch.transport)).hostname or state.server.value
            note(connection, Happening.LEFT_ALONE, campaign_ids=[None], about=host)
        _LOG.error("relay.paused", server=state.server.value, cause=cause.value, for_s=rest_s)
        return replace(failed, open_until=until)
