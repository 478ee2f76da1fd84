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
from shared.domain.pace import MOST_CONNECTIONS, Pace
from shared.domain.relay_state import RELAY_CAUSES
from shared.domain.transport import Transport
from shared.failpoints import failpoint
from shared.providers.journal import Journal
from shared.providers.ledger import note_departures
from shared.providers.smtp import SmtpSession
from shared.services.delivery.carry import Carried, Parcel, boot_seconds, carry
from shared.services.delivery.generations import claim
from shared.services.delivery.heartbeat import Heartbeat
from shared.services.delivery.recent_answers import RecentAnswers
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
    # Of the receiving domain when the batch was claimed.
    pace: Pace | None = None
    # Of the mail server when the batch was claimed, see `shared.domain.relay_state`.
    epoch: int = 0
    is_probe: bool = False
    # Connections to the mail server that were open before this one when it claimed.
    ahead: int = 0
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

    def is_edited(self, engine: Engine, parcel: Parcel) -> bool:
        """Asked when the content of an email was refused: did a supporter write in it?"""


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
    """One task's work: its own connection, and further ones while they find something to do."""

    def __init__(self, engine: Engine, settings: Settings, lane: Lane, make_way: Callable[[], None]) -> None:
        self.engine, self.settings, self.lane, self.make_way = engine, settings, lane, make_way
        self.watch = _StopWatch(engine, settings.timing.watch)
        self.heartbeat = Heartbeat(engine, settings.timing)
        self.recent = RecentAnswers.of(engine)
        self._lock = threading.Lock()
        self._more: list[Future[None]] = []
        self._is_starting = False
        self.ends = time.monotonic() + settings.timing.task
        self.claimed = 0

    def work(self) -> None:
        """The task's own connection works here and then waits for the others, whose errors are its own."""
        try:
            _Connection(self).work()
        finally:
            while self._more:
                self._more.pop().result()

    def took(self, batch: Batch) -> None:
        """Counts a batch, and starts another connection where it would find work."""
        with self._lock:
            self.claimed += len(batch.parcels)
            # One at a time: before its first claim nothing tells whether another one would find anything. With batches
            # of one letter each batch would start one, in vain as soon as there are enough.
            if batch.more_hands and not self._is_starting:
                self._is_starting = True
                self._more.append(_MORE_HANDS.submit(self._work_beside))

    def has_started(self) -> None:
        """A further connection has made its first claim, or failed."""
        self._is_starting = False

    def _work_beside(self) -> None:
        try:
            _Connection(self).work(self.has_started)
        finally:
            self.has_started()


class _Connection:
    """One connection and its journal: claims, sends and records, batch by batch."""

    def __init__(self, run: _Run) -> None:
        self._run, self._timing = run, run.settings.timing
        self._folder = journal_folder(run.settings)
        self._journal = Journal(self._folder)
        self._session: SmtpSession | None = None
        # The connection is known by the name that its journal had at its last claim; empty while it has none.
        self._name = ""
        self._held: Transport | None = None

    def work(self, has_claimed: Callable[[], None] = lambda: None) -> None:
        """Works until nothing is left or the run's time is over; `has_claimed` is called after each claim."""
        try:
            while time.monotonic() < self._run.ends and not STOPPING.is_set():
                self._run.make_way()
                failpoint("deliver.before_claim")
                claimed_at = boot_seconds()
                batch, lineage = self._claim(claimed_at)
                has_claimed()
                if batch is None:
                    break
                failpoint("deliver.claimed")
                self._run.lane.correct(self._run.engine, batch)
                if batch.parcels:
                    self._run.took(batch)
                    self._send(batch, claimed_at, lineage)
        except BaseException:
            self._give_up()
            raise
        finally:
            if self._session is not None:
                self._session.close()
        # The last claim, which found nothing, may have renamed it.
        self._free(self._journal.name)
        self._journal.close()

    def _claim(self, claimed_at: float) -> tuple[Batch | None, str]:
        """Claims a batch, and the connection that it will leave by, which takes the journal's name from now on.

        With the database's lineage. None when there is no work, no connection is left, or everything is held.
        """
        name, before, dead_after_s = self._journal.name, self._name, self._timing.dead_after

        def take(connection: Connection) -> Batch | None:
            is_kept = bool(before) and delivery_connections.rename_connection(connection, before, name, dead_after_s)
            batch = self._run.lane.claim(connection, name)
            if batch is not None and not (is_kept and batch.transport is self._held):
                take_connection(connection, batch.transport, batch.epoch, name, dead_after_s=dead_after_s)
            return batch

        self._run.heartbeat.rest(before)
        try:
            batch, lineage = claim(self._run.engine, self._folder, take) or (None, "")
        except NoConnectionLeft:
            return None, ""
        if batch is not None:
            self._run.heartbeat.add(name, claimed_at, before=before)
            self._name, self._held = name, batch.transport
        return batch, lineage

    def _send(self, batch: Batch, claimed_at: float, lineage: str) -> None:
        session = self._session_for(batch.transport)
        carried = carry(
            session,
            self._journal,
            batch.parcels,
            timing=self._timing,
            claimed_at=claimed_at,
            stop=lambda: STOPPING.is_set() or self._run.heartbeat.is_lost(self._name),
            is_stopped=self._is_stopped,
            is_edited=self._is_edited,
            # The local mailbox filters nothing.
            recent=RecentAnswers() if batch.transport is Transport.MAILBOX else self._run.recent,
        )
        failpoint("deliver.before_record")
        self._record(batch, carried)
        failpoint("deliver.after_record")
        note_departures(self._folder, lineage, carried.accepted(batch.parcels))
        self._journal.clear()
        self._run.lane.recorded()
        if batch.is_probe or carried.refusal in RELAY_CAUSES:
            # This server must admit us anew; another one may have work.
            session.close()
            self._free()
            self._session = self._held = None

    def _record(self, batch: Batch, carried: Carried) -> None:
        self._journal.sync()
        for attempt in Retrying(
            retry=retry_if_exception_type(DBAPIError),
            wait=wait_exponential(multiplier=0.1, max=5),
            stop=stop_after_delay(self._timing.record),
            reraise=True,
        ):
            with attempt, self._run.engine.begin() as connection:
                self._run.lane.record(connection, batch, carried)

    def _give_up(self) -> None:
        """What was claimed or sent may not be recorded: the sweep reads the journal, and then frees the connection.

        All that left under an older name is recorded, so that this name is free at once.
        """
        if self._name == self._journal.name:
            self._run.heartbeat.remove(self._name)
        else:
            self._free()
        self._journal.abandon()

    def _free(self, *renamed: str) -> None:
        """Everything is recorded. A connection whose end can't be written is dead when its heartbeat stops."""
        name, self._name = self._name, ""
        if name:
            self._run.heartbeat.remove(name)
            with contextlib.suppress(SQLAlchemyError), at_once(self._run.engine) as connection:
                delivery_connections.close_connection(connection, name, *renamed)

    def _is_stopped(self, parcel: Parcel) -> bool:
        """The heartbeat comes last: the other questions wait for the database, which may have been away for long."""
        unwanted = self._run.watch(parcel.campaign_id) or self._run.lane.is_unwanted(self._run.engine, parcel)
        return unwanted or self._run.heartbeat.is_lost(self._name)

    def _is_edited(self, parcel: Parcel) -> bool:
        """Without the database nothing new can be claimed: a run that is found then stops only what is in hand."""
        with contextlib.suppress(DBAPIError):
            return self._run.lane.is_edited(self._run.engine, parcel)
        return False

    def _session_for(self, transport: Transport) -> SmtpSession:
        url = server_url(self._run.settings, transport)
        if self._session is None or self._session.url != url:
            if self._session is not None:
                self._session.close()
            self._session = SmtpSession(url, self._run.settings.mail_domain, self._timing)
        return self._session


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
