"""Reads and writes rehearsals. One of a campaign at a time is waiting or running; the newest few are kept."""

# ruff: noqa: S608 - statements are put together from the constants below, never from data

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Update, delete, func, insert, select, text, update

from shared.db.relay_states import read_states
from shared.db.tables import domain_pace, rehearsal
from shared.domain.pace import Pace
from shared.domain.rehearsals import RehearsalState, Report, from_json, to_json
from shared.domain.transport import SERVER_OF, Transport

_KEPT = 10
# Longer than any run. After so many that never ended, which took their workers down, it is given up.
_LEASE_S = 120
_MOST_ATTEMPTS = 2
_CLAIMABLE = "(state = 'waiting' OR state = 'running' AND lease_until < now())"
_GIVE_UP = text(
    f"UPDATE rehearsal SET state = 'failed', finished_at = now() WHERE {_CLAIMABLE} AND attempt >= {_MOST_ATTEMPTS}"
)
_CLAIM = text(
    "UPDATE rehearsal SET state = 'running', attempt = attempt + 1, done = 0,"
    f" lease_until = now() + interval '{_LEASE_S} seconds' WHERE id ="
    f" (SELECT id FROM rehearsal WHERE {_CLAIMABLE} ORDER BY id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)"
    " RETURNING id, campaign_id, attempt"
)
_ANY = text(f"SELECT EXISTS (SELECT 1 FROM rehearsal WHERE {_CLAIMABLE})")


@dataclass(frozen=True)
class RehearsalRow:
    """One run as it stands; `report` only when it is done."""

    id: int
    state: RehearsalState
    asked_at: datetime
    finished_at: datetime | None
    campaign_updated_at: datetime | None
    done: int
    total: int
    report: Report | None

    @property
    def is_finished(self) -> bool:
        """True when nobody is at it any more."""
        return self.state in (RehearsalState.DONE, RehearsalState.FAILED)


@dataclass(frozen=True)
class Claim:
    """A run that is ours for a while."""

    id: int
    campaign_id: int
    attempt: int


def ask(connection: Connection, campaign_id: int, actor: str) -> bool:
    """Wants a run; False when one is waiting or running already. The campaign's row must be locked."""
    mine = rehearsal.c.campaign_id == campaign_id
    unfinished = select(rehearsal.c.id).where(mine, rehearsal.c.state.in_(["waiting", "running"]))
    if connection.execute(unfinished).first() is not None:
        return False
    connection.execute(insert(rehearsal).values(campaign_id=campaign_id, actor=actor))
    newest = select(rehearsal.c.id).where(mine).order_by(rehearsal.c.id.desc()).limit(_KEPT)
    connection.execute(delete(rehearsal).where(mine, rehearsal.c.id.not_in(newest)))
    return True


def is_wanted(connection: Connection) -> bool:
    """True when a claim would find one."""
    return bool(connection.execute(_ANY).scalar_one())


def claim(connection: Connection) -> Claim | None:
    """The next run that nobody is at."""
    connection.execute(_GIVE_UP)
    row = connection.execute(_CLAIM).one_or_none()
    return Claim(*row) if row else None


def note_progress(connection: Connection, claimed: Claim, done: int, total: int) -> None:
    """How far it is."""
    connection.execute(_mine(claimed).values(done=done, total=total))


def finish(connection: Connection, claimed: Claim, report: Report | None, updated_at: datetime | None) -> None:
    """Keeps the report, None when the run failed; nothing when somebody else has taken it over."""
    state = RehearsalState.DONE if report else RehearsalState.FAILED
    values = {"state": state.value, "finished_at": func.clock_timestamp(), "campaign_updated_at": updated_at}
    connection.execute(_mine(claimed).values(**values, report=to_json(report) if report else None))


def newest(connection: Connection, campaign_id: int) -> list[RehearsalRow]:
    """The runs of a campaign, newest first."""
    query = select(rehearsal).where(rehearsal.c.campaign_id == campaign_id).order_by(rehearsal.c.id.desc())
    return [_row(row) for row in connection.execute(query.limit(_KEPT)).mappings()]


def known_paces(connection: Connection, transport: Transport) -> dict[str, Pace]:
    """What is known of each receiving domain's pace, over no more connections than the mail server takes."""
    server = read_states(connection)[SERVER_OF[transport]]
    pace = (domain_pace.c[one.name] for one in fields(Pace))
    query = select(domain_pace.c.receiving_domain, *pace).where(domain_pace.c.transport == transport.value)
    return {domain: server.bounded(Pace(*values)) for domain, *values in connection.execute(query)}


def _mine(claimed: Claim) -> Update:
    return update(rehearsal).where(
        rehearsal.c.id == claimed.id, rehearsal.c.attempt == claimed.attempt, rehearsal.c.state == "running"
    )


def _row(row: RowMapping) -> RehearsalRow:
    return RehearsalRow(
        id=row["id"],
        state=RehearsalState(row["state"]),
        asked_at=row["asked_at"],
        finished_at=row["finished_at"],
        campaign_updated_at=row["campaign_updated_at"],
        done=row["done"],
        total=row["total"],
        report=from_json(row["report"]) if row["report"] else None,
    )
