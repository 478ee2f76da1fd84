"""Makes .venv with the locked packages, for `make`. Standard library only; says every known fault in one plain line.

It runs on Pythons that are too old for the rest, so it uses nothing newer than Python 3.6 at import.
"""

import fcntl
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NEEDED = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
# There while the folder is being filled; a folder that still has it was left half-made.
MARK = VENV / "half-made"
STAMP = VENV / "dearrep-stamp"
# The first pip that can install into another environment (`pip --python`).
PIP_NEEDED = (22, 3)
NETWORK_WORDS = ("NewConnectionError", "NameResolutionError", "Temporary failure", "ConnectTimeout", "Max retries")
MISSING_WORDS = ("No matching distribution found", "Could not find a version")


class Fault(Exception):
    """Ends the start; its text is one line for a person."""


def check_python():
    """The Python that runs this must be new enough; names a better one when the machine has it."""
    if sys.version_info >= NEEDED:
        return
    names = ["python3.%d" % minor for minor in range(14, NEEDED[1] - 1, -1)]
    found = next((name for name in names if run([name, "--version"]).returncode == 0), None)
    advice = "Run: make PYTHON=%s run" % found if found else "Install one, then run: make PYTHON=python3.12 run"
    this = "%d.%d" % (sys.version_info[0], sys.version_info[1])
    raise Fault("Dear Rep needs Python 3.11 or newer; this is %s. %s" % (this, advice))


def wanted_stamp(lock):
    """What a finished environment carries: this Python, this lock."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return "python %d.%d at %s\n%s %s\n" % (
        sys.version_info[0],
        sys.version_info[1],
        sys.base_prefix,
        lock.name,
        digest,
    )


def read(path):
    """A file's text, empty when there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def is_done(lock):
    """True when the environment holds what the lock says and its Python still runs."""
    stamps = read(STAMP)
    if MARK.exists() or wanted_stamp(lock) not in stamps:
        return False
    return run([str(VENV_PYTHON), "-c", "import click"]).returncode == 0


def is_usable():
    """True when the environment may stay: whole, and of this very Python."""
    if MARK.exists() or not VENV_PYTHON.exists():
        return False
    lines = read(VENV / "pyvenv.cfg").splitlines()
    config = dict(line.split(" = ", 1) for line in lines if " = " in line)
    if config.get("version", "").split(".")[:2] != [str(part) for part in sys.version_info[:2]]:
        return False
    asked = run([str(VENV_PYTHON), "-c", "import sys; print(sys.base_prefix)"])
    return asked.returncode == 0 and asked.stdout.strip() == sys.base_prefix


def run(command, **options):
    """A finished process with its output as text; a program that is missing counts as failed."""
    try:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False, **options
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def find_pip(folder):
    """A command for a pip that can install into .venv; None means that .venv brings its own."""
    for command in ([sys.executable, "-m", "pip"], ["pip3"], ["/usr/bin/python3", "-m", "pip"]):
        said = run([*command, "--version"])
        words = said.stdout.split()
        if said.returncode == 0 and len(words) > 1:
            version = tuple(int(part) for part in words[1].split(".")[:2] if part.isdigit())
            if version >= PIP_NEEDED:
                return command
    if importlib.util.find_spec("ensurepip") is not None:
        return None
    return borrow_pip(folder)


def borrow_pip(folder):
    """Debian's own pip, unpacked into `folder` for this once: needs no rights, changes nothing on the machine."""
    advice = "Install it (Debian and Ubuntu: apt-get install python3-pip), then run this again."
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Fault("There is no pip for this Python. " + advice)
    print("There is no pip; borrowing Debian's (nothing is installed) ...", flush=True)
    for part in ("lists", "cache"):
        (folder / part).mkdir()
    apt = ["apt-get", "-q", "-o", "Dir::State::Lists=%s/lists" % folder, "-o", "Dir::Cache=%s/cache" % folder]
    for words in (["update"], ["download", "python3-pip-whl"]):
        run([*apt, *words], cwd=str(folder))
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(folder)])
    wheel = next(iter(folder.glob("usr/share/python-wheels/pip-*.whl")), None)
    if wheel is None:
        raise Fault("There is no pip for this Python, and Debian's could not be fetched. " + advice)
    return [sys.executable, str(wheel / "pip")]


def make_venv(pip):
    """An empty environment, marked as half-made."""
    if importlib.util.find_spec("venv") is None:
        raise Fault("This Python has no venv module. Install it (Debian and Ubuntu: apt-get install python3-venv).")
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    MARK.touch()
    made = run([sys.executable, "-m", "venv", *(["--without-pip"] if pip else []), str(VENV)])
    if made.returncode != 0:
        raise Fault("The virtual environment could not be made: " + last_line(made.stdout + made.stderr))


def last_line(text):
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def install(pip, lock):
    """The locked packages, each checked against its hash; nothing is compiled here.

    The lock names everything, so pip resolves nothing: for a requirement with extras (`coverage[toml]`) it would
    look at the newest release, which the lock has no hash of, and stop.
    """
    command = [*pip, "--python", str(VENV_PYTHON)] if pip else [str(VENV_PYTHON), "-m", "pip"]
    env = dict(os.environ)
    env.setdefault("PIP_RETRIES", "2")
    env.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    options = ["install", "--quiet", "--no-input", "--no-deps", "--no-compile", "--require-hashes"]
    options += ["--only-binary", ":all:"]
    done = run([*command, *options, "-r", str(lock)], env=env, cwd=str(ROOT))
    if done.returncode == 0:
        # With all cores, where pip takes one. A package may hold a file that is no Python; it is not imported either.
        run([str(VENV_PYTHON), "-m", "compileall", "-q", "-j", "0", str(VENV / "lib")])
        return
    if any(word in done.stderr for word in NETWORK_WORDS):
        raise Fault("The Python packages could not be fetched: the package index does not answer. Is there a network?")
    if any(word in done.stderr for word in MISSING_WORDS):
        wanted = next(line for line in done.stderr.splitlines() if any(word in line for word in MISSING_WORDS))
        raise Fault("A package can't be had for this Python and machine, or there is no network: " + wanted.strip())
    raise Fault("The Python packages could not be installed: " + last_line(done.stderr))


def write_launcher():
    """`.venv/bin/dearrep`, which runs this checkout whatever the current folder is."""
    new = VENV / "bin" / "dearrep.new"
    places = (shlex.quote(str(ROOT)), shlex.quote(str(VENV_PYTHON)))
    new.write_text(
        "#!/bin/sh\n# Written by bootstrap.py: runs this checkout.\n"
        + 'PYTHONPATH=%s exec %s -P -m shared.cli.main "$@"\n' % places,
        encoding="utf-8",
    )
    new.chmod(0o755)
    new.replace(VENV / "bin" / "dearrep")


def fill_venv(pip, lock):
    """The environment with its packages; one that can't be filled as it is, is made again."""
    if not is_usable() or (pip is None and run([str(VENV_PYTHON), "-m", "pip", "--version"]).returncode != 0):
        print("Making the virtual environment .venv ...", flush=True)
        make_venv(pip)
    MARK.touch()
    print("Installing the Python packages (under a minute with a warm cache) ...", flush=True)
    install(pip, lock)


def bootstrap(lock):
    """Brings .venv to the lock; quick when it is there already."""
    check_python()
    with Path(__file__).open("rb") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if is_done(lock):
            return
        with tempfile.TemporaryDirectory(prefix="dearrep-") as folder:
            fill_venv(find_pip(Path(folder)), lock)
        write_launcher()
        stamp = wanted_stamp(lock)
        if "-dev" in lock.name:
            # It holds everything of the other lock, at the same versions.
            stamp += wanted_stamp(ROOT / "requirements.txt")
        STAMP.write_text(stamp, encoding="utf-8")
        MARK.unlink()


def main():
    """`bootstrap.py` for running, `bootstrap.py --dev` for testing too."""
    name = "requirements-dev.txt" if "--dev" in sys.argv[1:] else "requirements.txt"
    try:
        bootstrap(ROOT / name)
    except Fault as fault:
        print(fault, file=sys.stderr)
        return 1
    except PermissionError as error:
        print("%s can't be written. Run this as the user who owns the folder." % error.filename, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
