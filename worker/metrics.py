"""A worker's own counters over HTTP, in a thread of its own, when a port is set."""

import structlog
from celery.signals import worker_init
from prometheus_client import start_http_server

from shared.queue.ring import Ring
from shared.services.counters import REGISTRY, RingFailures
from shared.settings import Settings, read_metrics_port

_LOG = structlog.get_logger()


def start_with_worker(ring: Ring, settings: Settings) -> None:
    """Listens as soon as a worker starts. A port that is taken is no reason to carry no letters."""
    listen = read_metrics_port(settings.metrics_port)
    if listen is None:
        return
    host, port = listen
    REGISTRY.register(RingFailures(ring))

    def start(**_: object) -> None:
        try:
            start_http_server(port, addr=host, registry=REGISTRY)
        except OSError as error:
            _LOG.warning("metrics.not_served", port=port, error=error.strerror)

    worker_init.connect(start, weak=False)
