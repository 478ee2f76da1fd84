"""What this process has done since it started, for monitoring. Labels name sources and outcomes, never a person."""

import os
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from shared.queue.ring import Ring

REGISTRY = CollectorRegistry()
LOOKUPS = Counter("dearrep_lookups", "Lookups that ended.", ["source", "status"], registry=REGISTRY)
ProcessCollector(registry=REGISTRY)


class RingFailures(Collector):
    """How often this process rang and nobody could hear it."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Named by process: several serve the same address, and each counts for itself."""
        family = CounterMetricFamily("dearrep_ring_failures", "Rings that failed, by process.", labels=["process"])
        family.add_metric([str(os.getpid())], self._ring.failures)
        yield family
