"""The installation's figures as Prometheus reads them. Every process that serves them says the same.

What one process alone knows is in `counters.py`. Labels name states, queues and receiving domains, never a person.
"""

from collections.abc import Callable, Iterable, Iterator

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from shared.clock import now
from shared.db.delivery_connections import count_connections
from shared.db.signs_of_life import list_silent
from shared.domain.figures import DomainFigures, Figures
from shared.domain.relay_state import RelayState
from shared.queue.ring import Ring
from shared.services.counters import RingFailures
from shared.services.delivery.mail_servers import read_servers
from shared.services.delivery.switches import read_switches
from shared.services.figures import current_figures
from shared.services.parts import failing_parts
from shared.settings import Settings

_LOG = structlog.get_logger()
_DOMAIN_LABELS = ("domain", "transport")


def installation_metrics(engine: Engine, ring: Ring, settings: Settings) -> bytes:
    """The text of one scrape. A server that is away is a figure, no error."""
    registry = CollectorRegistry()
    registry.register(RingFailures(ring))
    registry.register(_Fixed([*_database(engine, settings), *_broker(ring)]))
    return generate_latest(registry)


class _Fixed(Collector):
    """Families that were made before."""

    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All of them."""
        yield from self._families


def _database(engine: Engine, settings: Settings) -> Iterator[GaugeMetricFamily]:
    try:
        figures, switches = current_figures(engine, settings), read_switches(engine)
        with engine.connect() as connection:
            connections = count_connections(connection, settings.timing.dead_after)
            silent = list_silent(connection)
        failing = failing_parts(engine)
        servers = read_servers(engine, settings)
    except SQLAlchemyError as error:
        _LOG.warning("metrics.no_database", error=type(error).__name__)
        yield _one("dearrep_database_up", "1 while the database answers.", 0)
        return
    yield _one("dearrep_database_up", "1 while the database answers.", 1)
    yield _one("dearrep_everything_paused", "1 while an organizer keeps everything from leaving.", switches.is_paused)
    yield _one("dearrep_everything_held", "1 until a person accepts this database.", switches.hold_reason != "")
    yield _one("dearrep_figures_age_seconds", "Since the rest was counted.", _age_s(figures))
    yield _one("dearrep_submissions_accepted", "Submissions whose Send was pressed.", figures.people)
    yield _by_label("dearrep_letters", "Letters by state.", "state", figures.letters.items())
    yield _by_label("dearrep_follow_ups", "Emails to supporters by state.", "state", figures.follow_ups.items())
    words = "SMTP connections that workers hold, over all hosts."
    yield _by_label("dearrep_delivery_connections", words, "transport", connections.items())
    yield _one("dearrep_letters_unbalanced", "Letters missing or too many; not 0 is an alarm.", figures.imbalance)
    parts = [(one.part, one.failures) for one in failing]
    yield _by_label("dearrep_part_failures", "Failures in a row of a part of the sweep; an alarm.", "part", parts)
    words = "Receiving domains whose signs of life collapsed; an alarm."
    yield _one("dearrep_silent_domains", words, len(silent))
    yield from _domains(figures.domains)
    yield from _servers(servers)


def _domains(domains: Iterable[DomainFigures]) -> Iterator[GaugeMetricFamily]:
    waiting = _of_domains("dearrep_domain_letters_waiting", "Letters queued or deferred.")
    oldest = _of_domains("dearrep_letters_oldest_due_seconds", "For how long the oldest letter could have left.")
    sent = _of_domains("dearrep_domain_letters_sent_last_minute", "Letters that the next server took.")
    rate = _of_domains("dearrep_domain_rate_per_hour", "The most letters an hour, where a limit is set.")
    breaker = _of_domains("dearrep_domain_breaker_open", "1 while nobody talks to the domain's server.")
    for one in domains:
        labels = (one.receiving_domain, one.transport.value)
        waiting.add_metric(labels, one.waiting)
        oldest.add_metric(labels, one.oldest_due_s)
        sent.add_metric(labels, one.sent_last_minute)
        breaker.add_metric(labels, one.is_left_alone)
        if one.rate_per_hour is not None:
            rate.add_metric(labels, one.rate_per_hour)
    yield from (waiting, oldest, sent, rate, breaker)


def _servers(servers: Iterable[RelayState]) -> Iterator[GaugeMetricFamily]:
    def by_server(name: str, words: str, value: Callable[[RelayState], float]) -> GaugeMetricFamily:
        return _by_label(name, words, "server", ((state.server.value, value(state)) for state in servers))

    yield by_server("dearrep_relay_breaker_open", "1 while the mail server is paused.", lambda one: one.is_paused)
    yield by_server("dearrep_relay_failures", "Breaks in a row of the mail server.", lambda one: one.failures)
    yield by_server("dearrep_relay_connections", "Connections in use.", lambda one: one.connections.in_use)
    yield by_server("dearrep_relay_max_connections", "Connections at most now.", lambda one: one.ceiling)


def _broker(ring: Ring) -> Iterator[GaugeMetricFamily]:
    lengths = ring.queue_lengths()
    yield _one("dearrep_broker_up", "1 while the broker answers.", lengths is not None)
    if lengths:
        yield _by_label("dearrep_queue_length", "Rings that nobody has taken up.", "queue", lengths.items())


def _age_s(figures: Figures) -> float:
    return max(0.0, (now() - figures.taken_at).total_seconds())


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=float(value))


def _by_label(name: str, words: str, label: str, values: Iterable[tuple[str, float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=[label])
    for key, number in values:
        family.add_metric([str(key)], number)
    return family


def _of_domains(name: str, words: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, labels=_DOMAIN_LABELS)
