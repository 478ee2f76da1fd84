"""Organizers' sign-in: argon2id, one-time passwords, a lock after many wrong tries, sessions that can be ended."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Engine, RowMapping, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.clock import now
from shared.db.tables import organizer
from shared.errors import InputError

_HASHER = PasswordHasher()
# An unknown email costs as long as a known one, so that nobody can find out who is an organizer.
_DUMMY_HASH = _HASHER.hash(secrets.token_urlsafe(16))
ONE_TIME_LIFETIME = timedelta(hours=24)
PASSWORD_MIN = 12
PASSWORD_MAX = 200
TRIES_BEFORE_LOCK = 10
LOCK_TIME = timedelta(minutes=15)
# Easy to read aloud and to type: no vowels, no look-alikes.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"


@dataclass(frozen=True)
class OrganizerSession:
    """Who is signed in. `session_epoch` rises with every password change and ends older sessions."""

    id: int
    email: str
    name: str
    session_epoch: int
    used_one_time: bool = False

    @property
    def actor(self) -> str:
        """How events name this organizer."""
        return f"organizer:{self.id}"


def sign_in(engine: Engine, email: str, password: str) -> OrganizerSession | None:
    """The session for a right email and password, None otherwise and while the account is locked."""
    with engine.begin() as connection:
        row = _lock(connection, email)
        if row is None or (row["locked_until"] and row["locked_until"] > now()):
            _matches(_DUMMY_HASH, password)
            return None
        one_time_valid = bool(row["one_time_expires_at"] and row["one_time_expires_at"] > now())
        used_one_time = one_time_valid and _matches(row["one_time_hash"], _normalised(password))
        if not used_one_time and not _matches(row["password_hash"], password):
            _count_failure(connection, row)
            return None
        values: dict[str, object] = {"failed_sign_ins": 0, "locked_until": None, "signed_in_at": func.now()}
        if used_one_time:
            values |= {"one_time_hash": "", "one_time_expires_at": None}
        connection.execute(update(organizer).where(organizer.c.id == row["id"]).values(values))
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"], used_one_time)


def find_session(engine: Engine, organizer_id: int, epoch: int) -> OrganizerSession | None:
    """The organizer behind a session cookie, None when the session was ended."""
    with engine.connect() as connection:
        query = select(organizer).where(organizer.c.id == organizer_id, organizer.c.session_epoch == epoch)
        row = connection.execute(query).mappings().one_or_none()
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"]) if row else None


def set_password(engine: Engine, organizer_id: int, new: str) -> OrganizerSession:
    """Stores a new password and ends all other sessions; raises InputError for a weak one."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise InputError(
            {"password": f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters. A few words in a row are fine."}
        )
    values = {"password_hash": _HASHER.hash(new), "session_epoch": organizer.c.session_epoch + 1}
    with engine.begin() as connection:
        statement = update(organizer).where(organizer.c.id == organizer_id).values(values).returning(organizer)
        row = connection.execute(statement).mappings().one()
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"])


def issue_one_time_password(engine: Engine, email: str) -> str:
    """A fresh password for one sign-in within a day; makes the organizer when there is none.

    Whoever runs the command owns the machine, so no other proof is asked.
    """
    groups = ["".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4)]
    values = {
        "one_time_hash": _HASHER.hash("".join(groups)),
        "one_time_expires_at": func.now() + ONE_TIME_LIFETIME,
        "failed_sign_ins": 0,
        "locked_until": None,
    }
    statement = insert(organizer).values(email=email.strip().lower(), **values)
    with engine.begin() as connection:
        connection.execute(statement.on_conflict_do_update(index_elements=[organizer.c.email], set_=values))
    return "-".join(groups)


def _lock(connection: Connection, email: str) -> RowMapping | None:
    query = select(organizer).where(organizer.c.email == email.strip().lower()).with_for_update()
    return connection.execute(query).mappings().one_or_none()


def _count_failure(connection: Connection, row: RowMapping) -> None:
    failures = row["failed_sign_ins"] + 1
    values: dict[str, object] = {"failed_sign_ins": failures}
    if failures >= TRIES_BEFORE_LOCK:
        values |= {"failed_sign_ins": 0, "locked_until": func.now() + LOCK_TIME}
    connection.execute(update(organizer).where(organizer.c.id == row["id"]).values(values))


def _matches(stored: str, password: str) -> bool:
    if not stored:
        return False
    try:
        return _HASHER.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _normalised(password: str) -> str:
    return password.strip().lower().replace("-", "").replace(" ", "")
