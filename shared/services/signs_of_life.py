"""Notices when the letters that a receiving domain accepts no longer get signs of life, and tells organizers."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, RowMapping

from shared.db import signs_of_life
from shared.db.engine import at_once
from shared.db.signs_of_life import SilentDomain
from shared.domain.follow_ups import DOMAIN_SILENT
from shared.domain.identities import email_hash
from shared.domain.signs_of_life import Collapse, Counted, find_collapse, still_collapsed
from shared.services.row_batches import in_turn
from shared.settings import Settings

_LOG = structlog.get_logger()
# A run that has much to count leaves the rest to the next one.
_MOST_S = 20.0


@dataclass(frozen=True)
class DomainLife:
    """The letters that a domain accepted; `collapse` while its offices hardly reply anymore."""

    receiving_domain: str
    counted: Counted
    collapse: Collapse | None


def watch_signs(engine: Engine, settings: Settings) -> None:
    """Counts, raises and ends alarms, and has organizers told. Raises NotOurTurnError."""
    ends, counted = time.monotonic() + _MOST_S, [True]
    while counted[-1] and time.monotonic() < ends:
        in_turn(engine, lambda connection: counted.append(signs_of_life.count_signs(connection)))
    in_turn(engine, partial(_judge, settings=settings))


def list_life(engine: Engine) -> list[DomainLife]:
    """Every domain of the last weeks, silent ones first, then by letters."""
    with at_once(engine) as connection:
        totals = signs_of_life.read_totals(connection)
        silent = {one.receiving_domain: one.collapse for one in signs_of_life.list_silent(connection)}
    lines = [DomainLife(domain, counted, silent.get(domain)) for domain, counted in totals.items()]
    return sorted(lines, key=lambda one: (one.collapse is None, -one.counted.letters, one.receiving_domain))


def silent_values(settings: Settings, row: RowMapping, silent: Sequence[SilentDomain]) -> dict[str, Any]:
    """The values of the email about silent domains; none for any other."""
    if row["kind"] != DOMAIN_SILENT:
        return {}
    return {
        "silent": [{"domain": one.receiving_domain, "recent": one.collapse.words} for one in silent],
        "sender_domain": settings.mail_domain,
        "delivery_url": f"{settings.public_url}/admin/delivery#signs",
    }


def _judge(connection: Connection, settings: Settings) -> None:
    known = {one.receiving_domain: one.collapse for one in signs_of_life.list_silent(connection)}
    found = []
    for domain, buckets in signs_of_life.read_buckets(connection).items():
        was = known.get(domain)
        collapse = still_collapsed(buckets, was.began) if was else find_collapse(buckets)
        if collapse:
            found.append(SilentDomain(domain, collapse))
    for domain in signs_of_life.write_silent(connection, found):
        _LOG.error("delivery.domain_silent", domain=domain)
    to = settings.organizer_email
    signs_of_life.tell_organizers(connection, to, email_hash(settings.secret_key, to))
