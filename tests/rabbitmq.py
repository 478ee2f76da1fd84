"""A RabbitMQ of a test's own on loopback, started and ended by process id. Only where the machine has the program."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from shared.local.broker import free_port, is_free
from shared.queue.broker_state import BrokerAway, read_broker

# Debian puts a wrapper on the PATH that changes the account; the program itself lies beside its tools.
_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/rabbitmq/sbin", *os.environ.get("PATH", "").split(os.pathsep))
_START_SECONDS = 90.0
_STOP_SECONDS = 30.0


def find_rabbitmq() -> Path | None:
    """The server's program, if it is installed."""
    found = shutil.which("rabbitmq-server", path=os.pathsep.join(_FOLDERS))
    return Path(found) if found and shutil.which("epmd") else None


@dataclass
class RabbitMq:
    """One node under `home`, with a port mapper of its own, so that it meets no other node of the machine."""

    home: Path
    program: Path
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def start(self) -> None:
        """Returns when it takes connections."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        (self.home / "rabbitmq.conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n", encoding="ascii")
        (self.home / "env.conf").touch()
        (self.home / "plugins").write_text("[].\n", encoding="ascii")
        mapper = str(free_port())
        self.env = dict(os.environ) | {
            "HOME": str(self.home),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": mapper,
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(self.home / "env.conf"),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "data"),
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        self._spawn(["epmd", "-port", mapper, "-address", "127.0.0.1"])
        self.start_node()

    def start_node(self) -> None:
        """Starts the node, again too; what it held in memory is gone."""
        self._spawn([str(self.program)])
        ends = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > ends or self.started[-1].poll() is not None:
                raise TimeoutError((self.home / "output").read_text()[-3000:])
            time.sleep(0.2)

    def kill_node(self) -> None:
        """As a power cut would."""
        node = self.started.pop()
        os.killpg(node.pid, signal.SIGKILL)
        node.wait(_STOP_SECONDS)
        # The script is gone; what it started holds its connections for a moment longer.
        while not is_free(self.port):
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends what was started here."""
        while self.started:
            process = self.started.pop()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)

    def url(self, password: str = "guest", host: str = "/") -> str:
        """For REDIS_URL; `host` is a virtual one."""
        return f"amqp://guest:{password}@127.0.0.1:{self.port}/{host}"

    def control(self, *arguments: str) -> None:
        """Runs a command of the server's own tool."""
        tool = self.program.with_name("rabbitmqctl")
        subprocess.run([str(tool), "-q", *arguments], env=self.env, check=True, capture_output=True, timeout=60)

    def _answers(self) -> bool:
        try:
            read_broker(self.url())
        except BrokerAway:
            return False
        return True

    def _spawn(self, command: list[str]) -> None:
        with (self.home / "output").open("ab") as output:
            self.started.append(
                subprocess.Popen(
                    command,
                    env=self.env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )
