"""An Exim of a test's own on loopback that keeps what it takes in a maildir. Started and ended by process id.

Exim, because one file and one process make an instance: Postfix wants a folder tree, accounts and several services.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from shared.local.broker import free_port, is_free

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
# The account that Debian's package makes; Exim refuses to deliver as root.
_ACCOUNT = "Debian-exim"
_CONFIG = """
primary_hostname = mail.receiver.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
spool_directory = {home}/spool
log_file_path = {home}/log/%slog
pid_file_path = {home}/exim.pid
exim_user = {user}
exim_group = {group}
deliver_drop_privilege
dsn_advertise_hosts = *
host_lookup =
smtp_accept_queue_per_connection = 0
tls_advertise_hosts =
acl_smtp_rcpt = all
acl_smtp_data = well_formed
begin acl
all:
  accept
well_formed:
  require verify = header_syntax
  accept
begin routers
back:
  driver = manualroute
  domains = letters.example
  route_list = * 127.0.0.1
  self = send
  transport = back
gone:
  driver = redirect
  local_parts = gone
  allow_fail
  data = :fail: no such person here
here:
  driver = accept
  transport = maildir
begin transports
back:
  driver = smtp
  protocol = lmtp
  port = {back}
  hosts_override
maildir:
  driver = appendfile
  maildir_format
  directory = {home}/maildir
  create_directory
  return_path_add
  envelope_to_add
  user = {user}
  group = {group}
"""


def find_exim() -> str | None:
    """The server's program, if it is installed."""
    return shutil.which("exim4", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@dataclass
class Exim:
    """One instance with everything it writes under `home`."""

    home: Path
    program: str
    port: int = field(default_factory=free_port)
    # Where mail for letters.example goes by LMTP.
    back: int = 1

    def start(self) -> None:
        """Returns when it takes connections."""
        account = pwd.getpwnam(_ACCOUNT) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        for folder in (self.home, self.home / "spool", self.home / "log"):
            folder.mkdir(parents=True, exist_ok=True)
            os.chown(folder, account.pw_uid, account.pw_gid)
        config = self.home / "exim.conf"
        values = {
            "port": self.port,
            "back": self.back,
            "home": self.home,
            "user": account.pw_uid,
            "group": account.pw_gid,
        }
        config.write_text(_CONFIG.format_map(values), encoding="ascii")
        config.chmod(0o644)
        with (self.home / "output").open("wb") as output:
            self._process = subprocess.Popen(
                [self.program, "-C", str(config), "-bdf"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        ends = time.monotonic() + _START_SECONDS
        while is_free(self.port):
            if time.monotonic() > ends or self._process.poll() is not None:
                raise TimeoutError(self.said())
            time.sleep(0.05)

    def stop(self) -> None:
        """Ends what was started here."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(_STOP_SECONDS)

    def received(self, number: int, *, seconds: float) -> list[bytes]:
        """So many messages as they lie in the maildir, in no order."""
        ends = time.monotonic() + seconds
        while len(files := list((self.home / "maildir" / "new").glob("*"))) < number:
            if time.monotonic() > ends:
                raise TimeoutError(self.said())
            time.sleep(0.05)
        return [file.read_bytes() for file in files]

    def said(self) -> str:
        """The end of its output and logs."""
        logs = [self.home / "output", *sorted((self.home / "log").glob("*"))]
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in logs if log.exists())
