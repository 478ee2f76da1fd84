"""Notices when the letters that a receiving domain accepts get no signs of life any more, and tells organizers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import signs_of_life
from shared.db.engine import at_once
from shared.db.signs_of_life import SilentDomain
from shared.domain.follow_ups import DOMAIN_SILENT
from shared.domain.identities import email_hash
from shared.domain.signs_of_life import Collapse, Counted, find_collapse
from shared.settings import Settings

_LOG = structlog.get_logger()


@dataclass(frozen=True)
class DomainLife:
    """The letters that a domain accepted; `collapse` while its latest ones get no signs of life as those before did."""

    receiving_domain: str
    counted: Counted
    collapse: Collapse | None


def watch_signs(connection: Connection, settings: Settings) -> None:
    """Counts, raises and ends alarms, and has organizers told."""
    signs_of_life.count_signs(connection)
    days = signs_of_life.read_days(connection, recent=True)
    found = ((domain, find_collapse(counts)) for domain, counts in days.items())
    silent = [SilentDomain(domain, collapse) for domain, collapse in found if collapse is not None]
    for domain in signs_of_life.write_silent(connection, silent):
        _LOG.error("delivery.domain_silent", domain=domain)
    to = settings.organizer_email
    signs_of_life.tell_organizers(connection, to, email_hash(settings.secret_key, to))


def list_life(engine: Engine) -> list[DomainLife]:
    """Every domain of the last weeks, silent ones first, then by letters."""
    with at_once(engine) as connection:
        days = signs_of_life.read_days(connection, recent=False)
        silent = {one.receiving_domain: one.collapse for one in signs_of_life.list_silent(connection)}
    lines = [DomainLife(domain, sum(counts, Counted()), silent.get(domain)) for domain, counts in days.items()]
    return sorted(lines, key=lambda one: (one.collapse is None, -one.counted.letters, one.receiving_domain))


def silent_values(settings: Settings, row: RowMapping, silent: Sequence[SilentDomain]) -> dict[str, Any]:
    """The values of the email about silent domains; none for any other."""
    if row["kind"] != DOMAIN_SILENT:
        return {}
    lines = [
        {"domain": one.receiving_domain, "recent": one.collapse.recent.words, "before": one.collapse.before.words}
        for one in silent
    ]
    return {
        "silent": lines,
        "sender_domain": settings.mail_domain,
        "delivery_url": f"{settings.public_url}/admin/delivery#signs",
    }
