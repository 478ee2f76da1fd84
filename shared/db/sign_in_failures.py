"""Wrong sign-ins of one organizer, counted by where they came from. A source is a hash; no address is kept."""

from datetime import timedelta

from sqlalchemy import Connection, case, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from shared.db.tables import sign_in_failure


def count_failures(connection: Connection, organizer_id: int, source: str) -> int:
    """Wrong tries since the source's time began; 0 once it is over."""
    query = select(sign_in_failure.c.failures).where(
        sign_in_failure.c.organizer_id == organizer_id,
        sign_in_failure.c.source == source,
        sign_in_failure.c.expires_at > func.now(),
    )
    return connection.execute(query).scalar_one_or_none() or 0


def add_failure(connection: Connection, organizer_id: int, source: str, lifetime: timedelta) -> None:
    """One more wrong try; the first one begins the time, the later ones do not prolong it."""
    running = sign_in_failure.c.expires_at > func.now()
    statement = insert(sign_in_failure).values(
        organizer_id=organizer_id, source=source, failures=1, expires_at=func.now() + lifetime
    )
    changes = {
        "failures": case((running, sign_in_failure.c.failures + 1), else_=1),
        "expires_at": case((running, sign_in_failure.c.expires_at), else_=func.now() + lifetime),
    }
    connection.execute(statement.on_conflict_do_update(index_elements=["organizer_id", "source"], set_=changes))


def take_back(connection: Connection, organizer_id: int, source: str) -> None:
    """One wrong try less: it was a right one."""
    key = (sign_in_failure.c.organizer_id == organizer_id) & (sign_in_failure.c.source == source)
    lowered = update(sign_in_failure).where(key).values(failures=sign_in_failure.c.failures - 1)
    if connection.execute(lowered.returning(sign_in_failure.c.failures)).scalar_one_or_none() == 0:
        connection.execute(delete(sign_in_failure).where(key))


def forget_failures(connection: Connection, organizer_id: int, source: str | None = None) -> None:
    """Deletes the count of one source, or of all."""
    statement = delete(sign_in_failure).where(sign_in_failure.c.organizer_id == organizer_id)
    connection.execute(statement if source is None else statement.where(sign_in_failure.c.source == source))


def delete_expired(connection: Connection) -> int:
    """Deletes the counts whose time is over and says how many; waits for no sign-in that is just writing one."""
    key = sign_in_failure.c.organizer_id, sign_in_failure.c.source
    over = select(*key).where(sign_in_failure.c.expires_at <= func.now())
    free = over.with_for_update(key_share=True, skip_locked=True)
    return connection.execute(delete(sign_in_failure).where(tuple_(*key).in_(free))).rowcount
