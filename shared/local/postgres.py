"""An embedded PostgreSQL from the programs in a wheel, none of its Python (docs/decisions/0001-embedded-servers.md)."""

import os
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from shared.local import processes
from shared.local.engine_place import EngineBinaries, find_binaries, own_for, server_user, short_folder
from shared.local.processes import LocalError

ROLE = "dearrep"
DATABASE = "dearrep"
# The operating system allows 107 bytes for a socket's path; PostgreSQL adds its file name to the folder.
_SOCKET_FOLDER_BYTES = 80
# Long: after kill -9 the server first replays its log, and old backends may need seconds to notice.
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
_OPTIONS = ("shared_buffers=64MB", "max_connections=100", "timezone=UTC", "log_timezone=UTC", "listen_addresses=")
# Row values and statements stay out of the log: they hold names and addresses.
_PRIVATE = ("log_min_error_statement=panic", "log_error_verbosity=terse", "log_min_messages=warning")


@dataclass
class EmbeddedPostgres:
    """One cluster under `home`; `durable=False` is for tests, which may lose data in a power cut."""

    home: Path
    password: str = field(repr=False)
    log: Path
    durable: bool = True

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.home / "data"

    @property
    def pid_file(self) -> Path:
        """Where we note the server's process."""
        return self.home / "server.pid"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket; short enough for the operating system."""
        near = self.home / "socket"
        return near if len(os.fsencode(near)) <= _SOCKET_FOLDER_BYTES else short_folder(self.home)

    def url(self, database: str = DATABASE) -> str:
        """The address of a database for `DATABASE_URL`."""
        return f"postgresql://{ROLE}:{quote(self.password)}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def is_running(self) -> bool:
        """True when the server lives and lets us in."""
        return processes.recorded(self.pid_file) is not None and self._answers()

    def start(self) -> None:
        """Starts the server, making the cluster first when there is none. Call it under the checkout's lock."""
        if self.is_running():
            return
        user = server_user()
        binaries = find_binaries(user)
        self._clear_leftovers()
        self.home.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster(binaries)
        self._check_version(binaries)
        self.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        own_for(user, self.sockets)
        self._run(binaries)
        self._make_database()

    def stop(self) -> None:
        """Ends the server: sessions are cut, everything committed is on disk."""
        processes.end(self.pid_file, first=signal.SIGINT, seconds=_STOP_SECONDS)

    def _run(self, binaries: EngineBinaries) -> None:
        """Starts the process; tries again while remains of a killed server still hold its memory."""
        options = [*_OPTIONS, *_PRIVATE, f"unix_socket_directories={self.sockets}", "unix_socket_permissions=0700"]
        options += [] if self.durable else _QUICK
        command = [str(binaries.folder / "postgres"), "-D", str(self.data)]
        for option in options:
            command += ["-c", option]
        deadline = time.monotonic() + _START_SECONDS
        while True:
            heard = processes.size(self.log)
            process = processes.spawn(command, log=self.log, user=server_user(), env=binaries.environment())
            processes.record(self.pid_file, process.pid)
            processes.wait_until(lambda p=process: p.poll() is not None or self._answers(), _START_SECONDS)  # type: ignore[misc]
            if process.poll() is None and self._answers():
                return
            if process.poll() is None or time.monotonic() > deadline or "shared memory" not in self._complaint(heard):
                self.stop()
                raise LocalError(f"The embedded PostgreSQL did not start: {self._complaint(heard)} (see {self.log})")
            time.sleep(0.5)

    def _complaint(self, heard: int) -> str:
        """What the server said last, rather its reason than its farewell."""
        return processes.last_line(self.log, after=heard, marks=("FATAL:", "ERROR:", "error:")) or "it said nothing"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _clear_leftovers(self) -> None:
        """Ends what a killed run left, and drops a lock file whose pid is not a server of ours."""
        self.stop()
        if (self.home / "data.new").exists():
            shutil.rmtree(self.home / "data.new")
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for left in self.sockets.glob(".s.PGSQL.*"):
            left.unlink(missing_ok=True)

    def _check_version(self, binaries: EngineBinaries) -> None:
        written = (self.data / "PG_VERSION").read_text().strip()
        if written != str(binaries.major):
            raise LocalError(
                f"The data in {self.data} were written by PostgreSQL {written}, and this is {binaries.major}. "
                "docs/operations.md tells how to carry them over."
            )

    def _make_cluster(self, binaries: EngineBinaries) -> None:
        """Makes the cluster beside its place and moves it there whole, so that a killed start leaves no half of one."""
        user = server_user()
        new = self.home / "data.new"
        new.mkdir(mode=0o700)
        own_for(user, new)
        with tempfile.NamedTemporaryFile("w", dir=self.home, prefix="pw-") as password_file:
            password_file.write(self.password)
            password_file.flush()
            own_for(user, Path(password_file.name))
            command = [str(binaries.folder / "initdb"), "-D", str(new), "-U", ROLE, f"--pwfile={password_file.name}"]
            command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"]
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
            command += [] if self.durable else ["--no-sync"]
            heard = processes.size(self.log)
            process = processes.spawn(command, log=self.log, user=user, env=binaries.environment(), cwd=self.home)
            code = process.wait(_START_SECONDS)
        if code != 0:
            raise LocalError(f"The embedded PostgreSQL could not be set up: {self._complaint(heard)} (see {self.log})")
        new.rename(self.data)

    def _make_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
