"""Organizers' sign-in: argon2id, one-time passwords, limits to wrong tries, sessions that can be ended."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Engine, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.clock import now
from shared.db import sign_in_failures
from shared.db.engine import at_once
from shared.db.tables import organizer
from shared.errors import InputError

_HASHER = PasswordHasher()
# An unknown email costs as long as a known one, so that nobody can find out who is an organizer.
_DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe(16))
ONE_TIME_LIFETIME = timedelta(hours=24)
PASSWORD_MIN = 12
PASSWORD_MAX = 200
# Wrong tries from one network, which lock nobody else out ...
SOURCE_TRIES = 10
SOURCE_TIME = timedelta(minutes=15)
# ... and from all networks together, so that owning many of them does not help.
ALL_TRIES = 100
ALL_TIME = timedelta(hours=1)
_ALL_SOURCES = ""
_NEXT_EPOCH = organizer.c.session_epoch + 1
# Easy to read aloud and to type: no vowels, no look-alikes.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"


@dataclass(frozen=True)
class OrganizerSession:
    """Who is signed in. `session_epoch` rises with password changes and sign-outs and ends older sessions."""

    id: int
    email: str
    name: str
    session_epoch: int
    used_one_time: bool = False

    @property
    def actor(self) -> str:
        """How events name this organizer."""
        return f"organizer:{self.id}"


def sign_in(engine: Engine, email: str, password: str, *, source: str) -> OrganizerSession | None:
    """The session for a right email and password, None otherwise and while `source` has tried too often."""
    with engine.begin() as connection:
        row = _lock(connection, email)
        if row is None or _tried_too_often(connection, row["id"], source):
            _matches(_DUMMY_HASH, password)
            return None
        one_time_valid = bool(row["one_time_expires_at"] and row["one_time_expires_at"] > now())
        used_one_time = one_time_valid and _matches(row["one_time_hash"], _normalised(password))
        if not used_one_time and not _matches(row["password_hash"], password):
            _count_failure(connection, row["id"], source)
            return None
        sign_in_failures.forget_failures(connection, row["id"], source)
        values: dict[str, object] = {"signed_in_at": func.now()}
        if used_one_time:
            values |= {"one_time_hash": "", "one_time_expires_at": None}
        connection.execute(update(organizer).where(organizer.c.id == row["id"]).values(values))
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"], used_one_time)


def find_session(engine: Engine, organizer_id: int, epoch: int) -> OrganizerSession | None:
    """The organizer behind a session cookie, None when the session was ended."""
    with at_once(engine) as connection:
        query = select(organizer).where(organizer.c.id == organizer_id, organizer.c.session_epoch == epoch)
        row = connection.execute(query).mappings().one_or_none()
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"]) if row else None


def set_password(engine: Engine, organizer_id: int, new: str) -> OrganizerSession:
    """Stores a new password and ends all other sessions; raises InputError for a weak one."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise InputError(
            {"password": f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters. A few words in a row are fine."}
        )
    values = {"password_hash": _HASHER.hash(new), "session_epoch": _NEXT_EPOCH}
    with engine.begin() as connection:
        statement = update(organizer).where(organizer.c.id == organizer_id).values(values).returning(organizer)
        row = connection.execute(statement).mappings().one()
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"])


def end_sessions(engine: Engine, organizer_id: int) -> None:
    """Signs the organizer out everywhere, copied cookies included."""
    with engine.begin() as connection:
        connection.execute(update(organizer).where(organizer.c.id == organizer_id).values(session_epoch=_NEXT_EPOCH))


def delete_old_failures(engine: Engine) -> int:
    """Forgets where wrong tries came from, once they no longer count; returns how many such counts there were."""
    with engine.begin() as connection:
        return sign_in_failures.delete_expired(connection)


def issue_one_time_password(engine: Engine, email: str) -> str:
    """A fresh password for one sign-in within a day, and an end to locks; makes the organizer when there is none.

    Whoever runs the command owns the machine, so no other proof is asked.
    """
    groups = ["".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4)]
    values = {
        "one_time_hash": _HASHER.hash("".join(groups)),
        "one_time_expires_at": func.now() + ONE_TIME_LIFETIME,
    }
    statement = insert(organizer).values(email=email.strip().lower(), **values)
    statement = statement.on_conflict_do_update(index_elements=[organizer.c.email], set_=values)
    with engine.begin() as connection:
        organizer_id = connection.execute(statement.returning(organizer.c.id)).scalar_one()
        sign_in_failures.forget_failures(connection, organizer_id)
    return "-".join(groups)


def _lock(connection: Connection, email: str) -> RowMapping | None:
    query = select(organizer).where(organizer.c.email == email.strip().lower()).with_for_update()
    return connection.execute(query).mappings().one_or_none()


def _tried_too_often(connection: Connection, organizer_id: int, source: str) -> bool:
    limits = ((source, SOURCE_TRIES), (_ALL_SOURCES, ALL_TRIES))
    return any(sign_in_failures.count_failures(connection, organizer_id, who) >= most for who, most in limits)


def _count_failure(connection: Connection, organizer_id: int, source: str) -> None:
    for who, lifetime in ((source, SOURCE_TIME), (_ALL_SOURCES, ALL_TIME)):
        sign_in_failures.add_failure(connection, organizer_id, who, lifetime)


def _matches(stored: str, password: str) -> bool:
    if not stored:
        return False
    try:
        return _HASHER.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _normalised(password: str) -> str:
    return password.strip().lower().replace("-", "").replace(" ", "")
