"""The heartbeat of one process: says every few seconds that it runs, and with which settings.

Commands and the console read the heartbeats, so that they tell what the running installation does and not what their
own environment says. A heartbeat that can't be written is skipped: it never stops its process.
"""

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from shared import __version__
from shared.db import heartbeats
from shared.db.engine import at_once
from shared.domain.running import ProcessKind, RunningInstallation, config_of
from shared.settings import Settings

_LOG = structlog.get_logger()
BEAT_EVERY_S = 10.0
# A process that ends does not wait longer for a database that does not answer.
_LEAVE_WITHIN_S = 2.0


class Heartbeat:
    """One thread in each process. The row is removed when the process ends by itself, and falls silent otherwise."""

    def __init__(self, engine: Engine, settings: Settings, kind: ProcessKind, *, every_s: float = BEAT_EVERY_S) -> None:
        config = config_of(settings)
        self._engine, self._every_s = engine, every_s
        self._values: dict[str, object] = {
            "id": secrets.token_hex(8),
            "kind": kind.value,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": __version__,
            "relay": config.relay,
            "mail_route": config.mail_route,
            "public_url": config.public_url,
            "mail_domain": config.mail_domain,
            "fingerprints": json.dumps(config.fingerprints),
        }
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._is_failing = False

    def start(self) -> None:
        """Begins at once, until `stop` or the end of the process."""
        self._thread.start()
        # Not atexit: a web process is forked by its server, and such processes end without it.
        Finalize(None, self.stop, exitpriority=0)

    def stop(self) -> None:
        """Says that the process ends, if the database answers soon."""
        self._stopping.set()
        self._thread.join(_LEAVE_WITHIN_S)

    def beat(self) -> None:
        """One heartbeat. Never raises: the next one tries again."""
        self._write(lambda connection: heartbeats.write_beat(connection, self._values))

    def _run(self) -> None:
        self._write(heartbeats.forget_silent)
        self.beat()
        while not self._stopping.wait(self._every_s):
            self.beat()
        self._write(lambda connection: heartbeats.delete_beat(connection, str(self._values["id"])))

    def _write(self, change: Callable[[Connection], None]) -> None:
        try:
            with self._engine.begin() as connection:
                change(connection)
            self._is_failing = False
        except SQLAlchemyError as error:
            if not self._is_failing:
                _LOG.warning("heartbeat.failed", error=type(error).__name__)
            self._is_failing = True


def read_running(engine: Engine) -> RunningInstallation:
    """The processes that run now."""
    with at_once(engine) as connection:
        return heartbeats.read_running(connection)
