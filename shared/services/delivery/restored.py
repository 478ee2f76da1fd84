"""What a hold is about, and its end: which letters of a restored database may have left before, and a person's word."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import generations, installation, restores
from shared.db.claims import Kind
from shared.domain.generations import why_hold
from shared.domain.letter_words import office_label
from shared.errors import NotAllowed
from shared.providers.ledger import ledger_size, read_departures
from shared.providers.marker import read_marker

_LOG = structlog.get_logger()
# A host raises its generation at least so often: rows of the backup are no younger than its last word, and this.
_SWEPT_WITHIN = timedelta(minutes=1)
# Rows in one transaction.
_BATCH = 1_000
# What was read of a folder's ledger, for a database that is held: it is not read again while it is the same.
_READ: dict[Path, tuple[datetime | None, int]] = {}


@dataclass(frozen=True)
class DoubtfulCampaign:
    """How many of a campaign's letters wait and may have left; `known` are those that did, by a host's ledger."""

    slug: str
    title: str
    waiting: int
    known: int


@dataclass(frozen=True)
class KnownLetter:
    """A letter that waits here and has left."""

    id: int
    slug: str
    office: str
    left_at: datetime


@dataclass(frozen=True)
class HoldReport:
    """What a person should know before they decide."""

    campaigns: tuple[DoubtfulCampaign, ...] = ()
    known_letters: tuple[KnownLetter, ...] = ()
    emails: int = 0
    known_emails: int = 0

    @property
    def waiting(self) -> int:
        """Letters of all campaigns that wait and may have left."""
        return sum(one.waiting for one in self.campaigns)

    @property
    def known(self) -> int:
        """Those of them that are known to have left."""
        return sum(one.known for one in self.campaigns)

    @property
    def lines(self) -> list[str]:
        """The same for a terminal, a line for each campaign; none when nothing waits that may have left."""
        told = [(one.title, one.waiting, "letters", one.known) for one in self.campaigns]
        told += [("Emails to supporters", self.emails, "emails", self.known_emails)] if self.emails else []
        return [
            f"{about}: {waiting:,} waiting {what} may have left; {known:,} of them are known to have left."
            for about, waiting, what, known in told
        ]


def report_hold(engine: Engine, *, named: int = 0) -> HoldReport:
    """Which letters may already have left, and the first `named` of those that are known to; empty without a hold."""
    with engine.connect() as connection:
        held_at = installation.read_switches(connection).held_at
        if held_at is None:
            return HoldReport()
        emails = restores.count_emails(connection, held_at)
        return HoldReport(
            tuple(DoubtfulCampaign(**row) for row in restores.count_letters(connection, held_at)),
            tuple(_known(row) for row in restores.known_letters(connection, named)),
            emails["waiting"],
            emails["known"],
        )


def hold_everything(engine: Engine, reason: str, *, actor: str) -> None:
    """A person stops everything, for a restore that no host can notice. Raises NotAllowed when it is held already."""
    with engine.begin() as connection:
        if not installation.hold(connection, reason):
            raise NotAllowed("Everything is held already. See: dearrep delivery status")
    _LOG.warning("delivery.held", reason=reason, actor=actor)


def tell_departures(engine: Engine, folder: Path) -> None:
    """While a restored database is held: writes down which of its waiting letters left, by this host's ledger."""
    with engine.begin() as connection:
        switches = installation.read_switches(connection)
        if not switches.hold_reason or _READ.get(folder) == (switches.held_at, ledger_size(folder)):
            return
        marker, size = read_marker(folder), ledger_size(folder)
        worked_until = generations.last_work(connection, marker.host)
        if worked_until is None or not why_hold(marker, generations.read_state(connection, marker.generations)):
            return
        departures = list(read_departures(folder, marker.lineage, worked_until))
        for kind in Kind:
            own = [(one.item.id, one.item.attempt, one.left_at) for one in departures if one.item.kind == kind]
            restores.tell(connection, kind, own, worked_until + _SWEPT_WITHIN)
    _READ[folder] = (switches.held_at, size)


def accept_database(engine: Engine, *, actor: str, let_doubtful_leave: bool = False) -> None:
    """A person decided to go on from this database: it is ours from now on, and letters may leave.

    Those that are known to have left become `sent`. Those that may have left are held, each for itself, unless the
    person says that they may leave.
    """
    with engine.begin() as connection:
        switches = installation.read_switches(connection)
        if switches.held_at and not let_doubtful_leave:
            installation.doubt_until(connection, switches.held_at)
    _in_batches(engine, lambda connection: restores.settle_known(connection, Kind.LETTER, limit=_BATCH, actor=actor))
    _in_batches(engine, lambda connection: restores.settle_known(connection, Kind.FOLLOW_UP, limit=_BATCH, actor=actor))
    until = switches.held_at
    if until and not let_doubtful_leave:
        _in_batches(engine, lambda connection: restores.hold_doubtful(connection, until, limit=_BATCH, actor=actor))
    with engine.begin() as connection:
        restores.forget_departures(connection)
        restores.forget_workers(connection)
        installation.write_identity(connection)
        installation.begin_lineage(connection, again=True)
        installation.release(connection)
    _LOG.warning("delivery.released", reason=switches.hold_reason, actor=actor)


def _in_batches(engine: Engine, work: Callable[[Connection], int]) -> None:
    while True:
        with engine.begin() as connection:
            if work(connection) < _BATCH:
                return


def _known(row: RowMapping) -> KnownLetter:
    office = office_label(row["recipient_title"], row["recipient_name"], row["district"])
    return KnownLetter(row["id"], row["slug"], office, row["left_at"])
