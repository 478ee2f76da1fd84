"""The pace of each receiving domain: what organizers read about it, and the rate that they set."""

import re

import structlog
from sqlalchemy import Engine

from shared.db import domains
from shared.db.domains import DomainLine
from shared.domain.transport import Transport
from shared.errors import NotAllowed
from shared.services.outbox import configured_relay, open_transports
from shared.settings import Settings

_LOG = structlog.get_logger()
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
# Test letters, which go to the local mailbox, keep nobody's pace.
_OUTWARD = (Transport.RELAY, Transport.DIRECT)


def list_domains(engine: Engine, settings: Settings) -> list[DomainLine]:
    """The domains for which letters wait, that have a rate, or that are left alone now.

    A rate is stored for both ways out; the one that is not in use is shown only while letters wait for it.
    """
    used = (Transport.MAILBOX, configured_relay(settings) or Transport.RELAY)
    with engine.connect() as connection:
        lines = domains.list_domains(connection, open_transports(settings))
    return [line for line in lines if line.waiting or (line.transport in used and not line.is_ordinary)]


def set_rate(engine: Engine, domain: str, rate_per_hour: int | None, *, actor: str) -> str:
    """At most so many letters an hour for a domain, None for no limit; returns the domain as it is stored."""
    name = domain.strip().lower().rstrip(".")
    if not _DOMAIN.fullmatch(name):
        raise NotAllowed(f"“{domain}” is no mail domain. It is what follows the @, such as mahouse.gov.")
    with engine.begin() as connection:
        for transport in _OUTWARD:
            domains.write_rate(connection, transport, name, rate_per_hour)
    _LOG.info("delivery.rate", domain=name, rate_per_hour=rate_per_hour, actor=actor)
    return name
