"""Asks for rehearsals, runs those that were asked for, and reads what they found. Nothing of it counts as a letter."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from shared.clock import now
from shared.db import campaigns, rehearsals, targets
from shared.db.rehearsals import Claim, RehearsalRow
from shared.domain.campaigns import StoredCampaign
from shared.domain.forecasts import crowd_done_at
from shared.domain.pace import Pace
from shared.domain.places import Chamber, Office
from shared.domain.rehearsals import (
    CROWD,
    CROWD_HOURS,
    Change,
    DomainForecast,
    Finding,
    Item,
    Kind,
    Report,
    compare,
)
from shared.domain.transport import Transport
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.campaigns import require_campaign
from shared.services.outbox import configured_relay
from shared.services.rehearsal.letters import Outbox, send_all
from shared.services.rehearsal.supporters import find_crowd
from shared.settings import Settings

_LOG = structlog.get_logger()
_HOUR_S = 3_600
# Progress is written after so many supporters.
_TELL_EVERY = 20


@dataclass(frozen=True)
class RehearsalPage:
    """The newest run, the newest finished one with its problems compared to the one before, and how many there are."""

    latest: RehearsalRow | None
    finished: RehearsalRow | None
    report: Report | None
    before: RehearsalRow | None
    change: Change | None
    # The campaign was changed since the finished run.
    is_outdated: bool

    @property
    def is_running(self) -> bool:
        """True while somebody waits for a report."""
        return self.latest is not None and not self.latest.is_finished


def ask_rehearsal(engine: Engine, ring: Ring | None, slug: str, *, actor: str) -> bool:
    """Wants a rehearsal of a campaign; False when one is under way already. Raises NotFound."""
    with engine.begin() as connection:
        stored = require_campaign(connection, slug)
        campaigns.lock_campaign(connection, stored.id)
        asked = rehearsals.ask(connection, stored.id, actor)
    if ring is not None:
        ring.ring(TaskName.REHEARSE)
    return asked


def rehearsals_are_due(connection: Connection) -> bool:
    """True when one waits, or its worker is gone."""
    return rehearsals.is_wanted(connection)


def run_rehearsals(engine: Engine, ring: Ring | None, settings: Settings) -> int:
    """Runs all that wait, one after the other; how many."""
    if ring is not None:
        ring.answer(TaskName.REHEARSE)
    count = 0
    while True:
        with engine.begin() as connection:
            claimed = rehearsals.claim(connection)
        if claimed is None:
            return count
        _run(engine, settings, claimed)
        count += 1


def read_rehearsals(engine: Engine, stored: StoredCampaign) -> RehearsalPage:
    """What the page shows of a campaign."""
    with engine.connect() as connection:
        rows = rehearsals.newest(connection, stored.id)
    done = [row for row in rows if row.report is not None]
    finished, before = (*done, None, None)[:2]
    report, change = finished.report if finished else None, None
    if report is not None and before is not None and before.report is not None:
        report, change = compare(before.report, report)
    outdated = finished is not None and finished.campaign_updated_at != stored.updated_at
    return RehearsalPage(rows[0] if rows else None, finished, report, before, change, outdated)


def _run(engine: Engine, settings: Settings, claimed: Claim) -> None:
    with engine.connect() as connection:
        stored = campaigns.read_campaign(connection, claimed.campaign_id)
    report = None

    def tell(done: int, total: int) -> None:
        with engine.begin() as connection:
            rehearsals.note_progress(connection, claimed, done, total)

    try:
        report = rehearse(engine, settings, stored, tell)
    except Exception as error:  # noqa: BLE001 - the page says that it failed, and the worker goes on
        _LOG.error("rehearsal.failed", campaign_id=stored.id, error=type(error).__name__)
    with engine.begin() as connection:
        rehearsals.finish(connection, claimed, report, stored.updated_at)
    if report is not None:
        found = {"serious": len(report.serious), "others": len(report.others)}
        _LOG.info("rehearsal.done", campaign_id=stored.id, supporters=report.supporters, sent=report.sent, **found)


def rehearse(engine: Engine, settings: Settings, stored: StoredCampaign, tell: Callable[[int, int], None]) -> Report:
    """The whole rehearsal of a campaign as it stands; `tell` is told how many supporters of how many are done."""
    began = time.monotonic()
    crowd = find_crowd(engine, stored.campaign)
    total = len(crowd.supporters)
    tell(0, total)
    wanted = {office for one in crowd.supporters for office in one.office_ids}
    with engine.connect() as connection:
        offices = targets.offices_today(connection, sorted(wanted))

    def progress(done: int) -> None:
        if done % _TELL_EVERY == 0:
            tell(done, total)

    box = send_all(settings, stored, crowd.supporters, offices, progress)
    begins_at = _begins_at(stored)
    forecast = _forecast(engine, settings, stored, _written(box, offices), crowd.districts, begins_at)
    findings = [*crowd.findings, *box.findings(), *_forecast_findings(settings, stored, forecast)]
    order = list(Kind)
    return Report(
        supporters=total,
        offices=len(offices),
        letters=box.letters,
        sent=box.sent,
        seconds=round(time.monotonic() - began, 1),
        begins_at=begins_at,
        hours=stored.campaign.office_hours,
        findings=tuple(sorted(findings, key=lambda one: order.index(one.kind))),
        versions=box.uses(),
        forecast=forecast,
    )


def _written(box: Outbox, offices: Mapping[int, Office]) -> list[Office]:
    return [office for number, office in offices.items() if number in box.written_to]


def _begins_at(stored: StoredCampaign) -> datetime:
    """The crowd comes when the campaign opens, or now."""
    opens = stored.campaign.opens
    return opens if opens is not None and opens > now() else now()


def _forecast(
    engine: Engine,
    settings: Settings,
    stored: StoredCampaign,
    offices: list[Office],
    districts: Mapping[Chamber, int],
    begins_at: datetime,
) -> tuple[DomainForecast, ...]:
    """Districts have about equal numbers of people, so each one's office gets an equal share of the crowd."""
    with engine.connect() as connection:
        known = rehearsals.known_paces(connection, configured_relay(settings) or Transport.RELAY)
    letters: defaultdict[str, float] = defaultdict(float)
    seats: Counter[str] = Counter()
    for office in offices:
        domain = office.email.rpartition("@")[2].lower()
        letters[domain] += CROWD / max(1, districts.get(office.chamber, 1))
        seats[domain] += 1
    lines = []
    for domain, share in letters.items():
        pace, count = known.get(domain, Pace()), round(share)
        done = crowd_done_at(
            pace, count, begins_at=begins_at, arrives_s=CROWD_HOURS * _HOUR_S, hours=stored.campaign.hours
        )
        lines.append(DomainForecast(domain, seats[domain], count, pace.rate_per_hour, done))
    return tuple(sorted(lines, key=lambda line: (-line.letters, line.domain)))


def _forecast_findings(
    settings: Settings, stored: StoredCampaign, forecast: tuple[DomainForecast, ...]
) -> list[Finding]:
    last = stored.campaign.last_delivery
    late = [line for line in forecast if last is not None and line.done_at is not None and line.done_at > last]
    found = [Finding(Kind.TOO_LATE, tuple(Item(line.domain) for line in late))] if late else []
    if not settings.relay_configured:
        found.append(Finding(Kind.NO_RELAY, (Item("Letters stay in the local mailbox"),)))
    return found
