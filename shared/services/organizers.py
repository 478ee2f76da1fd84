"""Organizers' sign-in: argon2id, one-time passwords, limits to wrong tries, sessions that can be ended."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Engine, RowMapping, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.clock import now
from shared.db import sign_in_failures
from shared.db.engine import at_once
from shared.db.tables import organizer, organizer_session
from shared.domain.permissions import NO_ACCESS, Access, Role
from shared.errors import InputError
from shared.services import two_steps

_HASHER = PasswordHasher()
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
_SESSION = text(
    "SELECT organizer.id, organizer.email, organizer.name, runs_installation, campaign.id AS campaign_id, role,"
    " EXISTS (SELECT 1 FROM membership WHERE organizer_id = organizer.id) AS is_member_somewhere"
    " FROM organizer LEFT JOIN campaign ON campaign.id = coalesce("
    "(SELECT id FROM campaign WHERE slug = :slug), (SELECT campaign_id FROM letter WHERE id = :letter_id))"
    " LEFT JOIN membership ON membership.organizer_id = organizer.id AND membership.campaign_id = campaign.id"
    " WHERE organizer.id = :organizer_id AND session_epoch = :epoch"
    " AND EXISTS (SELECT 1 FROM organizer_session WHERE id = :session_id AND organizer_id = organizer.id)"
)
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
    needs_code: bool = False
    access: Access = NO_ACCESS
    # The campaign that the page is about.
    campaign_id: int | None = None

    @property
    def actor(self) -> str:
        """How events name this organizer."""
        return f"organizer:{self.id}"


def sign_in(engine: Engine, email: str, password: str, *, source: str) -> OrganizerSession | None:
    """Who has this email and password, None otherwise and while `source` has tried too often.

    A try counts before it is looked at, so that many at once are no more than their number; a right one is taken back.
    `needs_code` says that the second step is still to come.
    """
    row = _count_try(engine, email, source)
    if row is None:
        # An unknown email costs as long as a known one, so that nobody can find out who is an organizer.
        _matches(_nobodys_hash(), password)
        return None
    one_time_valid = bool(row["one_time_expires_at"] and row["one_time_expires_at"] > now())
    used_one_time = one_time_valid and _matches(row["one_time_hash"], _normalised(password))
    if not used_one_time and not _matches(row["password_hash"], password):
        return None
    with engine.begin() as connection:
        _take_back(connection, row["id"], source)
        values: dict[str, object] = {"signed_in_at": func.now()}
        statement = update(organizer).where(organizer.c.id == row["id"])
        if used_one_time:
            # Two who type it at once: one of them was quicker.
            statement = statement.where(organizer.c.one_time_hash == row["one_time_hash"])
            values |= {"one_time_hash": "", "one_time_expires_at": None}
        if connection.execute(statement.values(values)).rowcount != 1:
            return None
    return _session(row, used_one_time=used_one_time, needs_code=row["totp_key"] != "")


def sign_in_with_code(
    engine: Engine, secret_key: str, organizer_id: int, epoch: int, typed: str, *, source: str
) -> OrganizerSession | None:
    """The second step, for somebody who has just passed the first; None for a wrong code and after too many."""
    with engine.begin() as connection:
        query = select(organizer).where(organizer.c.id == organizer_id, organizer.c.session_epoch == epoch)
        row = connection.execute(query.with_for_update(key_share=True)).mappings().one_or_none()
        if row is None or _tried_too_often(connection, organizer_id, source):
            return None
        if not two_steps.take_code(connection, secret_key, row, typed):
            _count_failure(connection, organizer_id, source)
            return None
        sign_in_failures.forget_failures(connection, organizer_id, source)
    return _session(row)


def knows_password(engine: Engine, organizer_id: int, password: str, *, source: str) -> bool:
    """Asked again before something that a borrowed, unlocked computer must not do. Wrong ones count as tries."""
    with at_once(engine) as connection:
        email = connection.execute(select(organizer.c.email).where(organizer.c.id == organizer_id)).scalar_one()
    row = _count_try(engine, email, source)
    if row is None or not _matches(row["password_hash"], password):
        return False
    with engine.begin() as connection:
        _take_back(connection, organizer_id, source)
    return True


def find_session(
    engine: Engine,
    organizer_id: int,
    epoch: int,
    session_id: int,
    *,
    slug: str | None = None,
    letter_id: int | None = None,
) -> OrganizerSession | None:
    """The organizer behind a session cookie, None when the session was ended.

    With what they may do in the campaign of this `slug`, or of this letter.
    """
    with at_once(engine) as connection:
        values: dict[str, object] = {"organizer_id": organizer_id, "epoch": epoch, "session_id": session_id}
        values |= {"slug": slug, "letter_id": letter_id}
        row = connection.execute(_SESSION, values).one_or_none()
    if row is None:
        return None
    access = Access(row.runs_installation, Role(row.role) if row.role else None, row.is_member_somewhere)
    return OrganizerSession(row.id, row.email, row.name, epoch, access=access, campaign_id=row.campaign_id)


def hash_password(new: str) -> str:
    """What is stored of a password; raises InputError for a weak one."""
    if not PASSWORD_MIN <= len(new) <= PASSWORD_MAX:
        raise InputError(
            {"password": f"Use {PASSWORD_MIN} to {PASSWORD_MAX} characters. A few words in a row are fine."}
        )
    return _HASHER.hash(new)


def set_password(engine: Engine, organizer_id: int, new: str) -> OrganizerSession:
    """Stores a new password and ends all other sessions; raises InputError for a weak one."""
    values = {"password_hash": hash_password(new), "session_epoch": _NEXT_EPOCH}
    with engine.begin() as connection:
        statement = update(organizer).where(organizer.c.id == organizer_id).values(values).returning(organizer)
        row = connection.execute(statement).mappings().one()
        _forget_sessions(connection, organizer_id)
    return _session(row)


def end_sessions(engine: Engine, organizer_id: int) -> None:
    """Signs the organizer out everywhere, copied cookies included."""
    with engine.begin() as connection:
        connection.execute(update(organizer).where(organizer.c.id == organizer_id).values(session_epoch=_NEXT_EPOCH))
        _forget_sessions(connection, organizer_id)


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
    statement = insert(organizer).values(email=email.strip().lower(), runs_installation=True, **values)
    statement = statement.on_conflict_do_update(index_elements=[organizer.c.email], set_=values)
    with engine.begin() as connection:
        organizer_id = connection.execute(statement.returning(organizer.c.id)).scalar_one()
        sign_in_failures.forget_failures(connection, organizer_id)
    return "-".join(groups)


def _count_try(engine: Engine, email: str, source: str) -> RowMapping | None:
    """The organizer, whose password takes long to look at: not while their row is locked. None when it is no use."""
    with engine.begin() as connection:
        query = select(organizer).where(organizer.c.email == email.strip().lower()).with_for_update(key_share=True)
        row = connection.execute(query).mappings().one_or_none()
        if row is None or _tried_too_often(connection, row["id"], source):
            return None
        _count_failure(connection, row["id"], source)
        return row


def _forget_sessions(connection: Connection, organizer_id: int) -> None:
    connection.execute(delete(organizer_session).where(organizer_session.c.organizer_id == organizer_id))


def _take_back(connection: Connection, organizer_id: int, source: str) -> None:
    """The try was right: it counts nowhere, and the same network's slips are forgiven."""
    sign_in_failures.take_back(connection, organizer_id, _ALL_SOURCES)
    sign_in_failures.forget_failures(connection, organizer_id, source)


def _session(row: RowMapping, *, used_one_time: bool = False, needs_code: bool = False) -> OrganizerSession:
    return OrganizerSession(row["id"], row["email"], row["name"], row["session_epoch"], used_one_time, needs_code)


def _tried_too_often(connection: Connection, organizer_id: int, source: str) -> bool:
    limits = ((source, SOURCE_TRIES), (_ALL_SOURCES, ALL_TRIES))
    return any(sign_in_failures.count_failures(connection, organizer_id, who) >= most for who, most in limits)


def _count_failure(connection: Connection, organizer_id: int, source: str) -> None:
    for who, lifetime in ((source, SOURCE_TIME), (_ALL_SOURCES, ALL_TIME)):
        sign_in_failures.add_failure(connection, organizer_id, who, lifetime)


@cache
def _nobodys_hash() -> str:
    # Made when it is first asked for: it takes a tenth of a second, and workers never ask.
    return _HASHER.hash(secrets.token_urlsafe(16))


def _matches(stored: str, password: str) -> bool:
    if not stored:
        return False
    try:
        return _HASHER.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _normalised(password: str) -> str:
    return password.strip().lower().replace("-", "").replace(" ", "")
