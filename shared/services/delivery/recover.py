"""Tidies up after workers that died: their journals say what was sent, what may have been, what certainly was not."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import delivery_connections, installation
from shared.db.claims import Kind, Result, attempts_of, held_by
from shared.db.generations import forget_gone
from shared.domain.causes import Cause
from shared.domain.states import LetterState
from shared.providers.journal import Entry, Item, JournalRecord, Step, dead_journals
from shared.providers.ledger import note_departures
from shared.providers.marker import read_marker
from shared.providers.smtp import Outcome, Verdict
from shared.services.delivery.carry import crashed, result_of
from shared.services.delivery.generations import Generation, begin, hold
from shared.services.delivery.record import record
from shared.services.delivery.restored import accept_database
from shared.timing import Timing

__all__ = ["accept_database", "check_database", "recover"]
_LOG = structlog.get_logger()
# A cluster's system identifier, and how far its write-ahead log has come.
_Position = tuple[str, str]


def recover(engine: Engine, folder: Path, timing: Timing) -> int:
    """Replays the journals of dead workers on this machine; returns how many there were. Any process may do it."""
    if not folder.is_dir():
        return 0
    with dead_journals(folder) as records:
        if records:
            note_departures(folder, read_marker(folder).lineage, _accepted(records))
            with engine.begin() as connection:
                _replay(connection, records, begin(connection, folder), timing)
    return len(records)


def check_database(engine: Engine, folder: Path) -> None:
    """Holds everything when this is not the database we left: a restored backup would send letters again.

    Claims look for themselves; a sweep notices it too when nothing is due. The file beside the marker says how far the
    cluster's log had come.
    """
    file = folder / "database"
    # Before the question: others write it meanwhile, and theirs may be newer than our answer.
    before = _read_position(file)
    advanced = None
    with engine.begin() as connection:
        current = begin(connection, folder)
        identifier, position = installation.log_position(connection)
        if current:
            if not installation.known_identity(connection)[0]:
                installation.write_identity(connection)
            if _is_further(before, (identifier, position)):
                hold(connection, "The database has gone back in time.", current.marker, current.state)
            else:
                forget_gone(connection)
                advanced = current.advance(connection)
    if current and advanced:
        current.keep(advanced)
    _keep_position(file, before, (identifier, position))


def _replay(
    connection: Connection, records: Sequence[JournalRecord], current: Generation | None, timing: Timing
) -> None:
    by_name = {one.name: one for one in records}
    if current and any(_is_ahead(connection, one) for one in records):
        ahead = "A worker's journal knows of letters that the database does not."
        hold(connection, ahead, current.marker, current.state)
    # In a restored database a journal may have been begun anew since: its silence proves nothing.
    silence_counts = current is not None and not installation.read_switches(connection).hold_reason
    for kind in Kind:
        rows = held_by(connection, kind, list(by_name))
        results = [
            result
            for row in rows
            for result in _result(kind, row, by_name[row["worker"]], timing, silence_counts=silence_counts)
        ]
        record(connection, kind, results)
        for result in results:
            _LOG.warning("mail.recovered", kind=kind.value, id=result.id, state=result.state.value)
    for name in by_name:
        # Others may take its place at the mail server at once.
        delivery_connections.close_connection(connection, name)


def _accepted(records: Sequence[JournalRecord]) -> list[Item]:
    """What mail servers took."""
    return [
        item
        for one in records
        for item, entry in one.entries.items()
        if entry.step is Step.END and entry.verdict == Verdict.ACCEPTED
    ]


def _result(
    kind: Kind, row: RowMapping, journal: JournalRecord, timing: Timing, *, silence_counts: bool
) -> Iterator[Result]:
    number, attempt, tries, crashes = row["id"], row["attempt"], row["tries"], row["crash_count"]
    entry = journal.entries.get(Item(kind.value, number, attempt))
    if entry is not None and entry.step is Step.END:
        yield _ended(number, attempt, tries, crashes, entry, timing)
    elif not journal.same_boot or (entry is not None and entry.step is Step.DOT):
        cause = Cause.LOST_AFTER_DOT if journal.same_boot else Cause.LEASE_EXPIRED
        yield Result(number, attempt, LetterState.UNCERTAIN, cause, crashed=entry is not None)
    elif entry is not None:
        yield crashed(number, attempt, crashes, timing)
    elif silence_counts:
        yield Result(number, attempt, LetterState.QUEUED, Cause.WORKER_STOPPED, tried=False)
    else:
        yield Result(number, attempt, LetterState.UNCERTAIN, Cause.LEASE_EXPIRED)


def _ended(number: int, attempt: int, tries: int, crashes: int, entry: Entry, timing: Timing) -> Result:
    outcome = Outcome(Verdict(entry.verdict), Cause(entry.cause), entry.reply)
    return result_of(number, attempt, tries, crashes, outcome, timing)


def _is_ahead(connection: Connection, journal: JournalRecord) -> bool:
    for kind in Kind:
        items = [item for item in journal.entries if item.kind == kind.value]
        known, newest = attempts_of(connection, kind, [item.id for item in items])
        if any(_is_unknown(item, known.get(item.id), newest) for item in items):
            return True
    return False


def _is_unknown(item: Item, attempt: int | None, newest: int) -> bool:
    """A row that is not there may have been deleted, unless its number was never given out."""
    return item.id > newest if attempt is None else item.attempt > attempt


def _keep_position(file: Path, before: _Position | None, position: _Position) -> None:
    """Keeps a later position that another sweep wrote meanwhile: no sweep has compared the database with it yet."""
    meanwhile = _read_position(file)
    if meanwhile != before and _is_further(meanwhile, position):
        return
    fresh = file.with_name(f"database.{os.getpid()}.{threading.get_ident()}")
    fresh.write_text(json.dumps(position), encoding="utf-8")
    fresh.replace(file)


def _is_further(known: _Position | None, position: _Position) -> bool:
    """True when the log of the same cluster had come further."""
    return known is not None and known[0] == position[0] and _bytes_of(known[1]) > _bytes_of(position[1])


def _read_position(file: Path) -> _Position | None:
    try:
        identifier, position = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return identifier, position


def _bytes_of(text: str) -> int:
    """A position in the write-ahead log as a number of bytes."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
