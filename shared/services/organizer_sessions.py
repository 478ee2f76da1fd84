"""The browsers in which an organizer is signed in: a row each, which they see and can end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, func, insert, select, update

from shared.db.engine import at_once
from shared.db.tables import organizer_session

# Longer than any session lasts; what is older was left behind.
_KEPT = timedelta(days=2)


@dataclass(frozen=True)
class SignedIn:
    """One browser. `used_at` is noted every few minutes."""

    id: int
    device: str
    began_at: datetime
    used_at: datetime


def open_session(engine: Engine, organizer_id: int, device: str) -> int:
    """Notes a sign-in; its number."""
    row = insert(organizer_session).values(organizer_id=organizer_id, device=device)
    with at_once(engine) as connection:
        return int(connection.execute(row.returning(organizer_session.c.id)).scalar_one())


def note_use(engine: Engine, session_id: int) -> None:
    """It was used just now."""
    with at_once(engine) as connection:
        connection.execute(
            update(organizer_session).where(organizer_session.c.id == session_id).values(used_at=func.now())
        )


def list_sessions(engine: Engine, organizer_id: int) -> Sequence[SignedIn]:
    """Used last first."""
    query = select(organizer_session).where(organizer_session.c.organizer_id == organizer_id)
    with at_once(engine) as connection:
        rows = connection.execute(query.order_by(organizer_session.c.used_at.desc())).all()
    return [SignedIn(row.id, row.device, row.began_at, row.used_at) for row in rows]


def end_session(engine: Engine, organizer_id: int, session_id: int) -> None:
    """That browser has to sign in again. Nothing happens to somebody else's, or to one that has ended."""
    _end(engine, organizer_id, organizer_session.c.id == session_id)


def end_other_sessions(engine: Engine, organizer_id: int, session_id: int) -> int:
    """Every browser but this one has to sign in again; returns how many that were."""
    return _end(engine, organizer_id, organizer_session.c.id != session_id)


def delete_old_sessions(engine: Engine) -> int:
    """Forgets browsers whose session has ended by itself; returns how many that were."""
    with engine.begin() as connection:
        old = organizer_session.c.began_at < func.now() - _KEPT
        return connection.execute(delete(organizer_session).where(old)).rowcount


def _end(engine: Engine, organizer_id: int, which: ColumnElement[bool]) -> int:
    of_organizer = organizer_session.c.organizer_id == organizer_id
    with engine.begin() as connection:
        return connection.execute(delete(organizer_session).where(of_organizer, which)).rowcount
