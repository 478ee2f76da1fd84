"""The mail relay that is used now: the environment's, else the one that was entered in the console.

`with_relay` lays it over the settings wherever a process begins a piece of work, so that nobody else asks where it
comes from and a change needs no restart. The choice of a letter's way stays in `shared.domain.transport`.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from shared.db import mail_setup, relay_states
from shared.db.engine import at_once
from shared.domain.relays import Relay, Security, read_relay, wrong_with
from shared.domain.transport import MailServer, Transport
from shared.errors import InputError, NotAllowed
from shared.services.secrets_at_rest import seal, unseal
from shared.settings import Settings

_LOG = structlog.get_logger()
_PURPOSE = "mail-relay-password"
# A page may be so many seconds behind a change.
KEPT_S = 2.0


@dataclass(frozen=True, repr=False)
class RelayInUse:
    """What the console shows. `relay` None: nothing leaves. `password_lost`: it was sealed with another secret key."""

    relay: Relay | None
    is_environments: bool
    changed_at: datetime | None = None
    password_lost: bool = False


@dataclass(frozen=True)
class Consequences:
    """Whom a change of the relay concerns: campaigns that are live or paused, and letters that wait for a way out."""

    live: list[str]
    waiting: int


def with_relay(engine: Engine, settings: Settings) -> Settings:
    """The settings with the relay that is used now."""
    if settings.relay_configured:
        return settings
    with at_once(engine) as connection:
        row = mail_setup.read_relay(connection)
    if row is None:
        return settings
    relay = _opened(settings, row).relay
    assert relay is not None  # noqa: S101 - a row has one
    return replace(settings, mail_relay_url=relay.url, mail_route="relay")


class RelayWatch:
    """`with_relay` for a process that is asked all the time: looks at the database every few seconds at most."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._given: Settings | None = None
        self._known: Settings | None = None
        self._looked_at = float("-inf")
        self._lock = threading.Lock()

    def over(self, given: Settings) -> Settings:
        """At most `KEPT_S` seconds old; raises only while the database has never answered."""
        if given.relay_configured:
            return given
        if self._given is not given or time.monotonic() - self._looked_at > KEPT_S:
            self._look(given)
        assert self._known is not None  # noqa: S101 - _look sets it or raises
        return self._known

    def forget(self) -> None:
        """Looks again at once: somebody has just changed it here."""
        self._looked_at = float("-inf")

    def _look(self, given: Settings) -> None:
        # While one looks, others go on with what is known.
        if not self._lock.acquire(blocking=self._given is not given):
            return
        try:
            self._known, self._given, self._looked_at = with_relay(self._engine, given), given, time.monotonic()
        except SQLAlchemyError:
            # Never "no relay" because nobody could tell: letters would become tests.
            if self._given is not given:
                raise
            self._looked_at = time.monotonic()
        finally:
            self._lock.release()


def relay_in_use(engine: Engine, settings: Settings) -> RelayInUse:
    """Of settings as the environment gave them."""
    if settings.relay_configured:
        return RelayInUse(read_relay(settings.mail_relay_url), is_environments=True)
    with at_once(engine) as connection:
        row = mail_setup.read_relay(connection)
    return RelayInUse(None, is_environments=False) if row is None else _opened(settings, row)


def consequences(engine: Engine) -> Consequences:
    """What a change of the relay means now."""
    with at_once(engine) as connection:
        waiting = mail_setup.count_waiting(connection, (Transport.RELAY, Transport.DIRECT))
        return Consequences(mail_setup.titles_going_out(connection), waiting)


def typed_relay(engine: Engine, settings: Settings, typed: Mapping[str, str]) -> Relay:
    """The relay that was typed; without a password the known one, if it goes to the same place. Raises InputError."""
    fields = {name: typed.get(name, "").strip() for name in ("host", "port", "security", "username")}
    fields["password"] = typed.get("password", "")
    wrong = wrong_with(fields)
    if wrong:
        raise InputError(wrong)
    relay = Relay(
        fields["host"].lower(),
        int(fields["port"]),
        Security(fields["security"]),
        fields["username"],
        fields["password"] if fields["username"] else "",
    )
    if relay.password or not relay.username:
        return relay
    known = relay_in_use(engine, settings)
    if known.relay is None or known.password_lost or relay.leads_elsewhere_than(known.relay):
        raise InputError({"password": "Type the password of this user at the mail server."})
    return replace(relay, password=known.relay.password)


def save_relay(engine: Engine, settings: Settings, relay: Relay, *, actor: str) -> None:
    """From now on mail leaves by it. Raises NotAllowed where the environment names one."""
    _require_ours(settings)
    values = {
        "host": relay.host,
        "port": relay.port,
        "security": relay.security.value,
        "username": relay.username,
        "sealed_password": seal(settings.secret_key, _PURPOSE, relay.password.encode()) if relay.password else "",
        "changed_by": actor,
    }
    with engine.begin() as connection:
        mail_setup.write_relay(connection, values)
        relay_states.forget(connection, MailServer.RELAY)
    _LOG.warning("relay.saved", host=relay.host, port=relay.port, actor=actor)


def remove_relay(engine: Engine, settings: Settings, *, actor: str) -> None:
    """Nothing leaves this machine any more; letters that wait go on waiting. Raises NotAllowed when there is none."""
    _require_ours(settings)
    with engine.begin() as connection:
        if not mail_setup.delete_relay(connection):
            raise NotAllowed("There is no mail relay to remove.")
    _LOG.warning("relay.removed", actor=actor)


def _require_ours(settings: Settings) -> None:
    if settings.relay_configured:
        raise NotAllowed("The mail relay is set by DEARREP_MAIL_RELAY_URL, which goes before the console.")


def _opened(settings: Settings, row: RowMapping) -> RelayInUse:
    """A password that can't be read is left empty: letters then wait for a relay that refuses us, and none is lost."""
    sealed = row["sealed_password"]
    plain = unseal(settings.secret_key, _PURPOSE, sealed) if sealed else b""
    password = (plain or b"").decode()
    relay = Relay(row["host"], row["port"], Security(row["security"]), row["username"], password)
    return RelayInUse(relay, is_environments=False, changed_at=row["changed_at"], password_lost=plain is None)
