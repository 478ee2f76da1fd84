"""The embedded servers of one checkout, shared by every command that runs now; the last one out stops them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.local import processes
from shared.local.broker import EmbeddedBroker
from shared.local.credentials import Credentials, read_or_make
from shared.local.engine_place import choose_home
from shared.local.locks import FileLock
from shared.local.postgres import EmbeddedPostgres
from shared.local.processes import LocalError


class LocalServers:
    """PostgreSQL and broker under `var`; either may be off, where the environment names another."""

    def __init__(self, var: Path, *, with_postgres: bool = True, with_broker: bool = True) -> None:
        self.var = var.resolve()
        self._make_var()
        self._starting = FileLock(self.var / "run" / "start.lock")
        self._users = FileLock(self.var / "run" / "users.lock")
        with self._alone():
            home = choose_home(self.var) if with_postgres else None
            self._check_secrets(home)
            self.credentials: Credentials = read_or_make(self.var / "secrets")
        logs = self.var / "log"
        self.postgres = (
            EmbeddedPostgres(home, password=self.credentials.database_password, log=logs / "postgres.log")
            if home is not None
            else None
        )
        self.broker = (
            EmbeddedBroker(self.var / "broker", password=self.credentials.broker_password, log=logs / "broker.log")
            if with_broker
            else None
        )

    def _check_secrets(self, home: Path | None) -> None:
        file = self.var / "secrets"
        if home is not None and (home / "data").exists() and not file.exists():
            raise LocalError(
                f"{file} is missing, and the data in {home} open only with what it held. Put it back from a backup,"
                f" or move {home} away to begin anew."
            )

    def attach(self) -> None:
        """Starts what does not run yet, and keeps it running until `detach`."""
        with self._alone():
            self._users.take(shared=True)
            try:
                if self.postgres is not None:
                    self.postgres.start()
                if self.broker is not None:
                    self.broker.start()
            except BaseException:
                self._stop_when_last()
                raise

    def detach(self) -> bool:
        """Stops the servers unless another command uses them; False when one does."""
        with self._alone():
            return self._stop_when_last()

    def fallen(self) -> str:
        """The name of a server that has ended by itself, else nothing. Cheap: asks only for the process."""
        if self.postgres is not None and processes.recorded(self.postgres.pid_file) is None:
            return "postgres"
        if self.broker is not None and processes.recorded(self.broker.pid_file) is None:
            return "broker"
        return ""

    def restart_fallen(self) -> None:
        """Starts again what has ended by itself."""
        with self._alone():
            if self.postgres is not None:
                self.postgres.start()
            if self.broker is not None:
                self.broker.start()

    def write_addresses(self, **addresses: str) -> None:
        """Leaves word, by the names of settings, of where `dearrep up` serves; without any: that it has ended."""
        file = self.var / "run" / "addresses"
        if addresses:
            file.write_text(json.dumps(addresses))
        else:
            file.unlink(missing_ok=True)

    def read_addresses(self) -> dict[str, str]:
        """What `dearrep up` left word of; empty when it does not run."""
        try:
            return dict(json.loads((self.var / "run" / "addresses").read_text()))
        except (OSError, ValueError):
            return {}

    def _stop_when_last(self) -> bool:
        last = self._users.take(wait=False)
        if last:
            if self.broker is not None:
                self.broker.stop()
            if self.postgres is not None:
                self.postgres.stop()
        self._users.release()
        return last

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops servers."""
        self._starting.take()
        try:
            yield
        finally:
            self._starting.release()

    def _make_var(self) -> None:
        try:
            self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LocalError(f"The folder {self.var} can't be made ({error.strerror}).") from None
        if not os.access(self.var, os.W_OK):
            raise LocalError(f"The folder {self.var} belongs to another user. Run this as that user.")
