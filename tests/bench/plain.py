"""The whole product beside the same job as a competent developer would write it in a day (../shared/bench).

Both have two web and two worker processes, the same PostgreSQL, broker and sink, and the same number of submissions
with two letters each. Left out with a line where the reference or its packages can't be had.
"""

import importlib.metadata
import itertools
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import requests

from shared.local.broker import free_port
from shared.paths import ROOT
from tests.bench.browsers import OWN_WORDS, Browsers
from tests.bench.figures import Figure, Goal
from tests.bench.load import ask, play
from tests.bench.servers import Servers
from tests.bench.stage import BACKGROUND, WORKER, Stage, addresses, stage, wait_for_web
from tests.processes import stop

REFERENCE = ROOT.parent / "shared" / "bench"
_VENV = ROOT / "var" / "plain-venv"
_NEEDED = ("flask", "flask-wtf", "email-validator", "celery", "redis", "kombu", "psycopg", "psycopg-binary", "granian")
_ROUNDS = 3
_SUBMISSIONS = 600
_WARM = 20
_CONNECTIONS = 16
_ROUND_SECONDS = 90.0
_INSTALL_SECONDS = 180
_CSRF = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
_WEB = "granian --interface wsgi --host 127.0.0.1 --workers 2 --blocking-threads 4 --respawn-failed-workers --no-ws"
_WORKER = "celery -A plain_app:celery worker --concurrency 2 --loglevel WARNING --without-mingle --without-gossip"


def measure(servers: Servers) -> Iterator[Figure]:
    """Interleaved rounds."""
    if not (REFERENCE / "plain_app.py").is_file():
        print("pipeline_vs_plain is left out: there is no ../shared/bench/plain_app.py.", file=sys.stderr)
        return
    python = _environment()
    if python is None:
        print("pipeline_vs_plain is left out: the reference's packages can't be installed.", file=sys.stderr)
        return
    with stage(servers, "pipeline") as here, _plain(servers, here, python) as port:
        ours, theirs = _our_rounds(here), _plain_rounds(here, port)
        next(ours), next(theirs)
        pairs = [(next(ours), next(theirs)) for _ in range(_ROUNDS)]
    mine, plain = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    note = f"{mine:,.0f} letters/s from the first POST to the last mail, supporters' emails too, ÷ {plain:,.0f}"
    yield Figure("pipeline_vs_plain", mine / plain, "×", Goal(at_least=8), note)


def _our_rounds(here: Stage) -> Iterator[float]:
    """Letters a second; the first one warms up."""
    browsers, homes, numbers = Browsers(here), addresses(), itertools.count()
    port, _ = here.start_web()
    here.start_worker(WORKER)
    here.start_worker(BACKGROUND)
    for count in (_WARM, *[_SUBMISSIONS] * _ROUNDS):
        scripts = [browsers.write(number, homes[number]) for number in itertools.islice(numbers, count)]
        yield _letters_a_second(here, count, lambda scripts=scripts: play(port, scripts, connections=_CONNECTIONS))  # type: ignore[misc]
        here.settle(_ROUND_SECONDS)


def _plain_rounds(here: Stage, port: int) -> Iterator[float]:
    """The same for the reference; one token for the form serves all."""
    browser = requests.Session()
    found = _CSRF.search(browser.get(f"http://127.0.0.1:{port}/form", timeout=10).text)
    assert found
    cookie = browser.cookies["session"]
    for count in (_WARM, *[_SUBMISSIONS] * _ROUNDS):
        made = [_submission(number, found[1], cookie) for number in range(count)]
        yield _letters_a_second(
            here,
            count,
            lambda made=made: ask(port, iter(made), connections=_CONNECTIONS).expect(302),  # type: ignore[misc]
        )


def _letters_a_second(here: Stage, submissions: int, post: Callable[[], object]) -> float:
    had, began = here.sink.taken().letters, time.monotonic()
    post()
    taken = here.sink.wait_for_letters(had + 2 * submissions, _ROUND_SECONDS)
    return 2 * submissions / (taken.last_letter - began)


def _submission(number: int, csrf: str, cookie: str) -> bytes:
    typed = {"csrf_token": csrf, "name": "Jamie Rivera", "email": f"plain-{number}@example.org", "city": "Town 1"}
    typed |= {"street": f"{number} Maple St", "zip": f"{1_000 + number % 1_000:05d}", "letter": OWN_WORDS * 12}
    body = urlencode(typed)
    head = f"POST /send HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session={cookie}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()


@contextmanager
def _plain(servers: Servers, here: Stage, python: Path) -> Iterator[int]:
    """The reference as it stands, running for as long as the block does; its port."""
    port = free_port()
    with psycopg.connect(servers.postgres.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE plain")
    env = dict(os.environ) | {
        "DATABASE_URL": servers.postgres.url("plain").replace("postgresql://", "postgresql+psycopg://"),
        # Another database of the broker, so that the two never meet.
        "BROKER_URL": servers.broker.url().removesuffix("/0") + "/1",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(here.sink.port),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run([python, "plain_app.py", "init"], cwd=REFERENCE, env=env, check=True, timeout=60)
    log = here.room / "plain.log"
    started = []
    try:
        for command in ([*_WEB.split(), "--port", str(port), "plain_app:flask_app"], _WORKER.split()):
            with log.open("ab") as output:
                started.append(
                    subprocess.Popen(
                        [python, "-m", *command],
                        cwd=REFERENCE,
                        env=env,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=output,
                        start_new_session=True,
                    )
                )
        wait_for_web(port, "/hello", log)
        yield port
    finally:
        for process in started:
            stop(process)


def _environment() -> Path | None:
    """The reference's own packages, of the versions that the product has; made once. None when they can't be had."""
    python = _VENV / "bin" / "python"
    check = [python, "-c", "import flask_sqlalchemy, flask_wtf, celery, redis, psycopg, granian, email_validator"]
    if python.exists() and subprocess.run(check, capture_output=True, check=False).returncode == 0:
        return python
    wanted = [f"{name}=={importlib.metadata.version(name)}" for name in _NEEDED]
    try:
        subprocess.run([sys.executable, "-m", "venv", _VENV], check=True, capture_output=True)
        command = [python, "-m", "pip", "install", "--quiet", "--no-input", "flask-sqlalchemy", *wanted]
        subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return python
