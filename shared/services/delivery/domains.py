"""The pace of each receiving domain: what organizers read about it, and the rate that they set."""

import re
from collections.abc import Sequence

import structlog
from sqlalchemy import Engine

from shared.db import domains, mail_setup
from shared.db.domains import DomainLine
from shared.domain.pace import Pace
from shared.domain.transport import Transport
from shared.errors import NotAllowed
from shared.services.outbox import configured_relay, open_transports
from shared.settings import Settings

_LOG = structlog.get_logger()
# A name in DNS; and as much of another text as an error repeats.
_LONGEST, _SHOWN = 253, 60
_DOMAIN = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+")
# Test letters, which go to the local mailbox, keep nobody's pace.
_OUTWARD = (Transport.RELAY, Transport.DIRECT)


def list_domains(engine: Engine, settings: Settings) -> list[DomainLine]:
    """The domains for which letters wait, that have a rate, or that are left alone or on trial now.

    A rate is stored for both ways out; the one that is not in use is shown only while letters wait for it.
    """
    used = (Transport.MAILBOX, configured_relay(settings) or Transport.RELAY)
    with engine.connect() as connection:
        lines = domains.list_domains(connection, open_transports(settings))
    return [line for line in lines if line.waiting or (line.transport in used and not line.is_ordinary)]


def mail_domain(typed: str) -> str:
    """A receiving domain as it is stored; raises NotAllowed for what is none."""
    name = typed[: 2 * _LONGEST].strip().lower().rstrip(".")
    if len(name) > _LONGEST or not _DOMAIN.fullmatch(name):
        raise NotAllowed(f"“{typed[:_SHOWN]}” is not a mail domain. Enter what follows the @, such as mahouse.gov.")
    return name


def read_rate(engine: Engine, settings: Settings, domain: str) -> tuple[Pace, int]:
    """How the domain is served by the way out that is used, or would be; and how many letters wait for it there."""
    way = configured_relay(settings) or Transport.RELAY
    with engine.connect() as connection:
        known = [one for one in domains.list_domains(connection, ()) if one.receiving_domain == domain]
    return next(((one.pace, one.waiting) for one in known if one.transport is way), (Pace(), 0))


def list_office_domains(engine: Engine) -> Sequence[tuple[str, int]]:
    """Where the real offices' mail goes, with how many have an address there."""
    with engine.connect() as connection:
        return mail_setup.office_domains(connection)


def set_rate(engine: Engine, domain: str, rate_per_hour: int | None, *, actor: str) -> str:
    """At most so many letters an hour for a domain, None for no limit; returns the domain as it is stored."""
    name = mail_domain(domain)
    with engine.begin() as connection:
        for transport in _OUTWARD:
            domains.write_rate(connection, transport, name, rate_per_hour)
    _LOG.info("delivery.rate", domain=name, rate_per_hour=rate_per_hour, actor=actor)
    return name


def try_now(engine: Engine, domain: str, *, actor: str) -> None:
    """Ends the rest or the trial of a server that refused us, or the slow start of a new one. Raises NotAllowed.

    The next refusal begins a longer rest.
    """
    with engine.begin() as connection:
        if not domains.end_break(connection, mail_domain(domain)):
            raise NotAllowed(f"{domain} is served already.")
    _LOG.info("delivery.try_now", domain=domain, actor=actor)
