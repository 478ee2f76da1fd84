"""Which processes one machine runs, and how. The same programs as in Procfile, in laptop sizes."""

import sys
from pathlib import Path

from shared.local.supervisor import Child
from shared.queue.names import QueueName

HOST = "127.0.0.1"
# As in Procfile.
_CONNECTIONS = 4_096
_WORKER_THREADS = 4
# The worker gives its letters back or finishes them; a mail server may take this long to answer.
_WORKER_STOP_SECONDS = 25.0


def mailbox() -> Child:
    """The SMTP listener of the local mailbox."""
    return Child("mailbox", (sys.executable, "-m", "shared.local.mailbox"))


def inbound() -> Child:
    """The listener for bounces and answers."""
    return Child("inbound", (sys.executable, "-m", "shared.local.inbound"))


def worker() -> Child:
    """One worker for all queues."""
    queues = ",".join(QueueName)
    command = (sys.executable, "-m", "celery", "-A", "worker.app", "worker", "--pool", "threads")
    options = ("--concurrency", str(_WORKER_THREADS), "-Q", queues, "--loglevel", "INFO", "--without-mingle")
    return Child("worker", (*command, *options, "--without-gossip"), stop_seconds=_WORKER_STOP_SECONDS)


def scheduler(var: Path) -> Child:
    """Rings the periodic tasks."""
    command = (sys.executable, "-m", "celery", "-A", "worker.app", "beat", "--loglevel", "INFO")
    return Child("scheduler", (*command, "--pidfile", "", "--schedule", str(var / "run" / "beat-schedule")))


def web(port: int) -> Child:
    """The web server: one process."""
    command = (sys.executable, "-m", "granian", "--interface", "rsgi", "--host", HOST, "--port", str(port))
    options = (
        "--http",
        "1",
        "--workers",
        "1",
        "--backlog",
        str(_CONNECTIONS),
        "--backpressure",
        str(_CONNECTIONS),
        "--respawn-failed-workers",
        "--respawn-interval",
        "0.5",
        "--no-ws",
    )
    return Child("web", (*command, *options, "--workers-kill-timeout", "5", "web.wsgi:app"))
