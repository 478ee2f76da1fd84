"""A worker's own counters: served where the setting says, and never a reason not to start."""

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from shared.errors import SettingsError
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.submissions import begin_submission
from shared.settings import Settings, read_metrics_port
from tests.factories import make_campaign, make_supporter
from tests.processes import fork_worker, stop


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def address(engine: Engine, settings: Settings, port: int, tmp_path: Path) -> Iterator[str]:
    worker = fork_worker(replace(settings, metrics_port=str(port)), tmp_path / "worker.log")
    yield f"http://127.0.0.1:{port}/metrics"
    stop(worker)


def test_a_worker_tells_its_lookups_and_failed_rings(engine: Engine, settings: Settings, address: str) -> None:
    make_campaign(engine)
    begin_submission(
        engine, Ring(make_celery(settings), connect_redis(settings.redis_url)), settings, "co-ops", make_supporter()
    )
    wanted = 'dearrep_lookups_total{source="practice data",status="matched"} 1.0'
    said, ends = "", time.monotonic() + 40
    while wanted not in said and time.monotonic() < ends:
        time.sleep(0.2)
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                said = answer.read().decode()
        except (urllib.error.URLError, OSError):
            continue
    assert wanted in said
    assert "dearrep_ring_failures_total{" in said
    assert "process_resident_memory_bytes" in said
    assert "example.org" not in said


def test_a_taken_port_stops_no_worker(engine: Engine, settings: Settings, port: int, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    with socket.create_server(("127.0.0.1", port)):
        worker = fork_worker(replace(settings, metrics_port=str(port)), log)
        ends = time.monotonic() + 40
        while "ready" not in log.read_text() and time.monotonic() < ends:
            time.sleep(0.2)
        assert "metrics.not_served" in log.read_text()
        assert worker.poll() is None
        stop(worker)


@pytest.mark.parametrize(
    ("text", "listen"), [("", None), ("9100", ("127.0.0.1", 9100)), ("0.0.0.0:9100", ("0.0.0.0", 9100))]
)
def test_the_port_is_this_machine_s_unless_a_host_is_named(text: str, listen: tuple[str, int] | None) -> None:
    assert read_metrics_port(text) == listen


@pytest.mark.parametrize("text", ["yes", "0", "65536", "host:", "-1", "91 00"])
def test_what_is_no_port_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="DEARREP_METRICS_PORT"):
        read_metrics_port(text)
