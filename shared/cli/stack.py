"""Settings and database for any command: those of the environment, or this checkout's embedded servers."""

import getpass
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from sqlalchemy import Engine

from shared.db.engine import make_engine
from shared.db.upgrade import is_current, upgrade
from shared.domain.running import RunningInstallation
from shared.domain.running_words import NO_WORKER, NOTHING_RUNS, disagreement_words, shell_words
from shared.errors import DearRepError
from shared.local.servers import LocalServers
from shared.services.heartbeat import read_running
from shared.services.relay import with_relay
from shared.services.secret_key import check_key
from shared.settings import ENVIRONMENT_NAMES, Settings, from_env

_DATABASE, _BROKER, _SECRET = (ENVIRONMENT_NAMES[name] for name in ("database_url", "redis_url", "secret_key"))


class NotMigrated(DearRepError):
    """The database's schema is older than the code."""


@dataclass(frozen=True)
class Stack:
    """What a command works with.

    `settings` are those of the running processes where these differ from the shell's, so that a command says what the
    installation does; `running` is empty when nothing runs.
    """

    settings: Settings
    engine: Engine
    running: RunningInstallation = field(default_factory=RunningInstallation)


def process_environment() -> dict[str, str]:
    """The environment that this process got. Commands only: the rest of the code is handed Settings."""
    return dict(os.environ)


def whoever_runs_this() -> str:
    """How records name the person at the command line."""
    try:
        return f"command line ({getpass.getuser()})"
    # A container's account may have no name.
    except (KeyError, OSError):
        return "command line"


def local_servers(env: Mapping[str, str]) -> LocalServers | None:
    """The embedded servers that `env` leaves to us; None in production, or when it names everything."""
    wanted = [name for name in (_DATABASE, _BROKER, _SECRET) if not env.get(name, "").strip()]
    if not wanted or env.get(ENVIRONMENT_NAMES["environment"], "local") == "production":
        return None
    var = Path(env.get(ENVIRONMENT_NAMES["var"], "").strip() or Settings.var)
    return LocalServers(var, with_postgres=_DATABASE in wanted, with_broker=_BROKER in wanted)


def with_servers(env: Mapping[str, str], servers: LocalServers | None) -> dict[str, str]:
    """`env` completed by the addresses and the key of the embedded servers."""
    full = dict(env)
    if servers is not None:
        if servers.postgres is not None:
            full[_DATABASE] = servers.postgres.url()
        if servers.broker is not None:
            full[_BROKER] = servers.broker.url()
        if not full.get(_SECRET, "").strip():
            full[_SECRET] = servers.credentials.secret_key
        for setting, address in servers.read_addresses().items():
            full.setdefault(ENVIRONMENT_NAMES[setting], address)
    return full


@contextmanager
def open_stack(*, migrated: bool = True, any_key: bool = False) -> Iterator[Stack]:
    """Servers for as long as the block runs. An embedded database is migrated; another one must be already.

    Raises WrongSecretKey when the database belongs to another key, unless the command works with `any_key`. Commands
    that take a database as it is, without `migrated`, look at the key themselves.
    """
    env = process_environment()
    servers = local_servers(env)
    if servers is not None:
        servers.attach()
    try:
        settings = from_env(with_servers(env, servers))
        engine = make_engine(settings.database_url)
        try:
            if migrated:
                bring_up_to_date(engine, embedded=servers is not None and servers.postgres is not None)
                if not any_key:
                    check_key(engine, settings)
                yield _as_it_runs(engine, settings)
            else:
                yield Stack(settings, engine)
        finally:
            engine.dispose()
    finally:
        if servers is not None:
            servers.detach()


def _as_it_runs(engine: Engine, given: Settings) -> Stack:
    """With the settings of what runs; says on standard error where this shell's differ, or the processes' do."""
    running = read_running(engine)
    told = with_relay(engine, running.over(given))
    for words in (disagreement_words(running), shell_words(running, given, told)):
        if words:
            click.echo(words, err=True)
    return Stack(told, engine, running)


def say_if_stopped(stack: Stack) -> None:
    """For commands about mail and letters: says when nothing runs, or nothing that could send them."""
    if not stack.running.alive:
        click.echo(NOTHING_RUNS, err=True)
    elif not stack.running.has_worker:
        click.echo(NO_WORKER, err=True)


def bring_up_to_date(engine: Engine, *, embedded: bool) -> None:
    """Migrates our own database; someone else's is only checked, because an upgrade wants a backup first."""
    with engine.connect() as connection:
        if is_current(connection):
            return
    if not embedded:
        raise NotMigrated("The database is not at this version's schema. Run: dearrep db upgrade")
    upgrade(engine)
