"""The second step of signing in: codes of an authenticator app, and recovery codes for when it is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from shared.clock import now
from shared.db.engine import at_once
from shared.db.tables import organizer, recovery_code
from shared.domain.totp import matching_step, new_key, new_recovery_codes, plain_recovery_code
from shared.errors import InputError, NotAllowed, NotFound
from shared.services.secrets_at_rest import seal, unseal

_PURPOSE = "totp"
_WRONG = {"code": "This is not the code of now. Wait for the next one, and check that your phone's clock is right."}


@dataclass(frozen=True)
class TwoSteps:
    """Whether an organizer's sign-in has two steps, and how many recovery codes are left."""

    is_on: bool
    codes_left: int


def read_two_steps(engine: Engine, organizer_id: int) -> TwoSteps:
    """For the page of one's own account."""
    left = select(func.count()).where(recovery_code.c.organizer_id == organizer_id).scalar_subquery()
    query = select(organizer.c.totp_key, left.label("left")).where(organizer.c.id == organizer_id)
    with at_once(engine) as connection:
        row = connection.execute(query).one()
    return TwoSteps(row.totp_key != "", row.left)


def offer_key(engine: Engine, secret_key: str, organizer_id: int) -> bytes:
    """The key to put into the app: the same until it is confirmed. Raises NotAllowed when the second step is on."""
    with engine.begin() as connection:
        row = _lock(connection, organizer_id)
        if row["totp_key"]:
            raise NotAllowed("Your sign-in has two steps already. Switch the second step off first.")
        key = unseal(secret_key, _PURPOSE, row["totp_pending_key"]) if row["totp_pending_key"] else None
        if key is None:
            key = new_key()
            _write(connection, organizer_id, totp_pending_key=seal(secret_key, _PURPOSE, key))
    return key


def switch_on(engine: Engine, secret_key: str, organizer_id: int, typed: str) -> Sequence[str]:
    """With a code of the offered key; the recovery codes, which are told this once. Raises InputError."""
    with engine.begin() as connection:
        row = _lock(connection, organizer_id)
        key = unseal(secret_key, _PURPOSE, row["totp_pending_key"])
        step = matching_step(key, typed, now().timestamp(), row["totp_step"]) if key else None
        if step is None:
            raise InputError(dict(_WRONG))
        _write(connection, organizer_id, totp_key=row["totp_pending_key"], totp_pending_key="", totp_step=step)
        return _replace_codes(connection, organizer_id)


def switch_off(engine: Engine, organizer_id: int) -> None:
    """From now on the password is enough. Who may ask for that is decided elsewhere."""
    with engine.begin() as connection:
        _write(connection, organizer_id, totp_key="", totp_pending_key="")
        connection.execute(delete(recovery_code).where(recovery_code.c.organizer_id == organizer_id))


def switch_off_for(engine: Engine, email: str) -> None:
    """The same by whoever owns the machine; raises NotFound."""
    query = select(organizer.c.id).where(organizer.c.email == email.strip().lower())
    with at_once(engine) as connection:
        organizer_id = connection.execute(query).scalar_one_or_none()
    if organizer_id is None:
        raise NotFound("There is no organizer with this email.")
    switch_off(engine, organizer_id)


def renew_codes(engine: Engine, organizer_id: int) -> Sequence[str]:
    """Ten new recovery codes; the old ones are worth nothing any more. Raises NotAllowed while there is one step."""
    with engine.begin() as connection:
        if not _lock(connection, organizer_id)["totp_key"]:
            raise NotAllowed("Your sign-in has one step. Recovery codes come with the second.")
        return _replace_codes(connection, organizer_id)


def take_code(connection: Connection, secret_key: str, row: RowMapping, typed: str) -> bool:
    """Whether this is a code of now, or a recovery code; each is taken once. `row` is the locked organizer."""
    key = unseal(secret_key, _PURPOSE, row["totp_key"])
    step = matching_step(key, typed, now().timestamp(), row["totp_step"]) if key else None
    if step is not None:
        _write(connection, row["id"], totp_step=step)
        return True
    used = delete(recovery_code).where(
        recovery_code.c.organizer_id == row["id"], recovery_code.c.code_hash == _hashed(typed)
    )
    return connection.execute(used).rowcount == 1


def _replace_codes(connection: Connection, organizer_id: int) -> Sequence[str]:
    codes = new_recovery_codes()
    connection.execute(delete(recovery_code).where(recovery_code.c.organizer_id == organizer_id))
    rows = [{"organizer_id": organizer_id, "code_hash": _hashed(code)} for code in codes]
    connection.execute(insert(recovery_code), rows)
    return codes


def _lock(connection: Connection, organizer_id: int) -> RowMapping:
    query = select(organizer).where(organizer.c.id == organizer_id).with_for_update(key_share=True)
    return connection.execute(query).mappings().one()


def _write(connection: Connection, organizer_id: int, **values: object) -> None:
    connection.execute(update(organizer).where(organizer.c.id == organizer_id).values(values))


def _hashed(code: str) -> str:
    return sha256(plain_recovery_code(code).encode()).hexdigest()
