"""Works a lane off: claim (COMMIT), carry, record (COMMIT), again, over one kept connection and one journal.

A lane says what is claimed and what follows a record: letters in `deliver.py`, emails to supporters in
`follow_ups.py`.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from shared.db import delivery_connections
from shared.db.engine import at_once
from shared.db.installation import read_switches
from shared.domain.pace import MOST_CONNECTIONS
from shared.domain.relay_state import RELAY_CAUSES
from shared.domain.transport import Transport
from shared.failpoints import failpoint
from shared.providers.journal import Journal
from shared.providers.ledger import note_departures
from shared.providers.smtp import SmtpSession
from shared.services.delivery.carry import Carried, Parcel, boot_seconds, carry
from shared.services.delivery.generations import claim
from shared.services.delivery.heartbeat import Heartbeat
from shared.services.delivery.slots import NoConnectionLeft, take_connection
from shared.services.outbox import server_url
from shared.settings import Settings

_PAUSED = text("SELECT id FROM campaign WHERE state = 'paused'")
# Connections beyond a task's own: threads that mostly wait for mail servers.
_MORE_HANDS = ThreadPoolExecutor(MOST_CONNECTIONS, thread_name_prefix="carrier")
# Set when the worker is asked to end: batches stop after the letter in hand.
STOPPING = threading.Event()


@dataclass(frozen=True)
class Batch:
    """What was claimed for one server. `more_hands` when another connection would find work too."""

    transport: Transport
    parcels: tuple[Parcel, ...]
    more_hands: bool = False
    # Where letters go; follow-ups go to many domains at once.
    receiving_domain: str = ""
    # Of the mail server when the batch was claimed, see `shared.domain.relay_state`.
    epoch: int = 0
    is_probe: bool = False
    worker: str = ""
    # Letters that were due but not claimed, because their office has another holder today.
    stale: tuple[int, ...] = ()


class Lane(Protocol):
    """One kind of work."""

    def claim(self, connection: Connection, worker: str) -> Batch | None:
        """The next batch, None when nothing is due."""

    def correct(self, engine: Engine, batch: Batch) -> None:
        """Mends what the claim refused, after its COMMIT."""

    def record(self, connection: Connection, batch: Batch, carried: Carried) -> None:
        """Writes the outcomes; may be called again when a COMMIT failed, and must then change nothing twice."""

    def recorded(self) -> None:
        """Rings for whatever became due, after COMMIT."""

    def is_unwanted(self, engine: Engine, parcel: Parcel) -> bool:
        """Asked right before the dot, beside pauses: did its receiver ask for no more since the claim?"""


def journal_folder(settings: Settings) -> Path:
    """Where this machine's workers keep their journals; must survive a restart of the worker."""
    return settings.var / "journal"


def work_off(engine: Engine, settings: Settings, lane: Lane, make_way: Callable[[], None]) -> tuple[int, bool]:
    """Works for at most a task's time; returns how many emails were claimed, and whether more are left.

    `make_way` is called before each claim, and may take its time.
    """
    run = _Run(engine, settings, lane, make_way)
    run.work()
    return run.claimed, time.monotonic() > run.ends


class _Run:
    """One task's work: its own hand, and further ones while they find something to do."""

    def __init__(self, engine: Engine, settings: Settings, lane: Lane, make_way: Callable[[], None]) -> None:
        self._engine, self._settings, self._lane, self._make_way = engine, settings, lane, make_way
        self._timing = settings.timing
        self._watch = _StopWatch(engine, self._timing.watch)
        self._heartbeat = Heartbeat(engine, self._timing)
        self._lock = threading.Lock()
        self._hands: list[Future[None]] = []
        self._is_starting = False
        self.ends = time.monotonic() + self._timing.task
        self.claimed = 0

    def work(self) -> None:
        """The task's own hand works here and then waits for the others, whose errors are its own."""
        try:
            self._work()
        finally:
            while self._hands:
                self._hands.pop().result()

    def _start_hand(self) -> None:
        """One at a time: before its first claim nothing tells whether another one would find anything.

        With batches of one letter each batch would start one, in vain as soon as there are enough.
        """
        with self._lock:
            if not self._is_starting:
                self._is_starting = True
                self._hands.append(_MORE_HANDS.submit(self._work, is_new=True))

    def _work(self, *, is_new: bool = False) -> None:
        folder = journal_folder(self._settings)
        journal = Journal(folder)
        session: SmtpSession | None = None
        # The name of this connection, which is that of the journal at its last claim.
        name = ""
        held: Transport | None = None
        try:
            while time.monotonic() < self.ends and not STOPPING.is_set():
                self._make_way()
                failpoint("deliver.before_claim")
                claimed_at = boot_seconds()
                batch, lineage = self._claim(folder, journal.name, name, held)
                if is_new:
                    self._is_starting = is_new = False
                if batch is None:
                    break
                self._heartbeat.add(journal.name, claimed_at, before=name)
                name, held = journal.name, batch.transport
                failpoint("deliver.claimed")
                self._lane.correct(self._engine, batch)
                if not batch.parcels:
                    continue
                with self._lock:
                    self.claimed += len(batch.parcels)
                if batch.more_hands:
                    self._start_hand()
                session = self._session_for(batch.transport, session)
                carried = self._carry(session, journal, batch, claimed_at)
                note_departures(folder, lineage, carried.accepted(batch.parcels))
                journal.clear()
                self._lane.recorded()
                if carried.refusal in RELAY_CAUSES:
                    # Another server may have work; this one must admit us anew.
                    session.close()
                    self._free(name)
                    session, held, name = None, None, ""
        except BaseException:
            # What was claimed or sent may not be recorded: the sweep reads the journal, and then frees the connection.
            self._heartbeat.remove(name)
            journal.abandon()
            raise
        finally:
            if session is not None:
                session.close()
        if name:
            # The last claim, which found nothing, may have renamed it.
            self._free(name, journal.name)
        journal.close()

    def _claim(self, folder: Path, name: str, before: str, held: Transport | None) -> tuple[Batch | None, str]:
        """Claims a batch, and the connection that it will leave by: called `name` from now on, no longer `before`.

        With the database's lineage. None when there is no work, no connection is left, or everything is held.
        """

        def take(connection: Connection) -> Batch | None:
            is_kept = bool(before) and delivery_connections.rename_connection(
                connection, before, name, self._timing.dead_after
            )
            batch = self._lane.claim(connection, name)
            if batch is not None and not (is_kept and batch.transport is held):
                take_connection(connection, batch.transport, batch.epoch, name, dead_after_s=self._timing.dead_after)
            return batch

        try:
            return claim(self._engine, folder, take) or (None, "")
        except NoConnectionLeft:
            return None, ""

    def _free(self, name: str, *renamed: str) -> None:
        """Everything is recorded. A connection whose end can't be written is dead when its heartbeat stops."""
        self._heartbeat.remove(name)
        with contextlib.suppress(SQLAlchemyError), at_once(self._engine) as connection:
            delivery_connections.close_connection(connection, name, *renamed)

    def _carry(self, session: SmtpSession, journal: Journal, batch: Batch, claimed_at: float) -> Carried:
        carried = carry(
            session,
            journal,
            batch.parcels,
            timing=self._timing,
            claimed_at=claimed_at,
            stop=lambda: STOPPING.is_set() or self._heartbeat.is_lost(journal.name),
            is_stopped=lambda parcel: self._is_stopped(parcel, journal.name),
        )
        failpoint("deliver.before_record")
        journal.sync()
        for attempt in Retrying(
            retry=retry_if_exception_type(DBAPIError),
            wait=wait_exponential(multiplier=0.1, max=5),
            stop=stop_after_delay(self._timing.record),
            reraise=True,
        ):
            with attempt, self._engine.begin() as connection:
                self._lane.record(connection, batch, carried)
        failpoint("deliver.after_record")
        return carried

    def _is_stopped(self, parcel: Parcel, name: str) -> bool:
        """The heartbeat comes last: the other questions wait for the database, which may have been away for long."""
        unwanted = self._watch(parcel.campaign_id) or self._lane.is_unwanted(self._engine, parcel)
        return unwanted or self._heartbeat.is_lost(name)

    def _session_for(self, transport: Transport, session: SmtpSession | None) -> SmtpSession:
        url = server_url(self._settings, transport)
        if session is not None and session.url == url:
            return session
        if session is not None:
            session.close()
        return SmtpSession(url, self._settings.mail_domain, self._timing)


class _StopWatch:
    """Says whether a campaign may not send now, from a look at the database that is at most `every` seconds old."""

    def __init__(self, engine: Engine, every: float) -> None:
        self._engine, self._every = engine, every
        self._looked_at = float("-inf")
        self._paused: frozenset[int] = frozenset()
        self._everything = False

    def __call__(self, campaign_id: int) -> bool:
        if time.monotonic() - self._looked_at > self._every:
            self._look()
        return self._everything or campaign_id in self._paused

    def _look(self) -> None:
        self._looked_at = time.monotonic()
        try:
            with self._engine.connect() as connection:
                self._everything = read_switches(connection).stops_all
                self._paused = frozenset(connection.execute(_PAUSED).scalars())
        except DBAPIError:
            # The journal keeps what is sent meanwhile; nothing new can be claimed without the database.
            return
