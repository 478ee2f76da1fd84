"""Which secret key an installation's data belong to: another one is refused, because it would break them silently.

The database keeps a fingerprint, a keyed hash that says nothing about the key. The first key that is seen is taken.
"""

import os
import signal
import sys
import threading
import time
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from shared.db import installation, mail_setup
from shared.db.tables import organizer, suppression
from shared.domain.identities import key_fingerprint
from shared.errors import WrongSecretKey
from shared.services.audit import write_down_command
from shared.settings import Settings

_LOG = structlog.get_logger()
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Loss:
    """What can't be read or recognized with another key."""

    has_relay_password: bool
    organizers_with_two_steps: int
    suppressions: int


def check_key(engine: Engine, settings: Settings) -> None:
    """Takes the first key; raises WrongSecretKey for another one than the data belong to.

    Raises SQLAlchemyError while the database can't tell.
    """
    own = key_fingerprint(settings.secret_key)
    with engine.connect() as connection:
        known = installation.read_key_fingerprint(connection)
    if not known:
        with engine.begin() as connection:
            installation.write_key_fingerprint(connection, own, again=False)
            known = installation.read_key_fingerprint(connection)
    if known != own:
        raise WrongSecretKey(
            "DEARREP_SECRET_KEY is not the key that this database belongs to. Put the old key back. If it is lost, see"
            " what a new one costs: dearrep key accept"
        )


def check_key_if_migrated(engine: Engine, settings: Settings) -> None:
    """The same before a migration, where an older database may know no key yet."""
    try:
        check_key(engine, settings)
    except ProgrammingError:
        return


def guard_process(engine: Engine, settings: Settings) -> None:
    """Raises WrongSecretKey where a process starts with another key than the data belong to.

    While the database is away or not migrated, a thread goes on asking and ends the process if it must, so that a
    process can start before its database.
    """
    try:
        check_key(engine, settings)
    except SQLAlchemyError:
        threading.Thread(target=_ask_again, args=(engine, settings), name="secret-key", daemon=True).start()


def loss_of(engine: Engine) -> Loss:
    """What a new key costs here."""
    with engine.connect() as connection:
        relay = mail_setup.read_relay(connection)
        with_two_steps = select(func.count()).where(organizer.c.totp_key != "")
        return Loss(
            has_relay_password=relay is not None and relay["sealed_password"] != "",
            organizers_with_two_steps=connection.execute(with_two_steps).scalar_one(),
            suppressions=connection.execute(select(func.count()).select_from(suppression)).scalar_one(),
        )


def is_known_key(engine: Engine, settings: Settings) -> bool:
    """True for the key that the data belong to, and for any while they belong to none."""
    with engine.connect() as connection:
        return installation.read_key_fingerprint(connection) in ("", key_fingerprint(settings.secret_key))


def accept_key(engine: Engine, settings: Settings, *, who: str) -> None:
    """A person decided that the old key is lost: from now on the data belong to this one."""
    with engine.begin() as connection:
        installation.write_key_fingerprint(connection, key_fingerprint(settings.secret_key), again=True)
        write_down_command(connection, who, "accepted another secret key")
    _LOG.warning("secret_key.accepted", who=who)


def _ask_again(engine: Engine, settings: Settings) -> None:
    while True:
        time.sleep(_AGAIN_SECONDS)
        try:
            check_key(engine, settings)
        except WrongSecretKey as error:
            sys.stderr.write(f"{error}\n")
            os.kill(os.getpid(), signal.SIGTERM)
        except SQLAlchemyError:
            continue
        return
