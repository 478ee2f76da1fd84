"""How sending is, in a few lines: what mail servers and the address lookup say, what waits, what is set up."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from sqlalchemy import Engine

from shared.db.engine import at_once
from shared.domain.campaigns import StoredCampaign
from shared.domain.figures import CampaignFigures, DomainFigures
from shared.domain.states import CampaignState, LetterState
from shared.domain.tallies import OUT
from shared.services.heartbeat import read_running
from shared.services.lookup import has_real_directory
from shared.services.pictures.counted import Counted
from shared.services.results import percent
from shared.settings import Settings

Tone = Literal["good", "wait", "bad"]
_GOOD_PERCENT, _POOR_PERCENT = 95, 80
_LOOKUP_PERCENT = 90
_LONG_S, _VERY_LONG_S = 120.0, 1_800.0
_MINUTE_S, _HOUR_S = 60, 3_600


class Lack(StrEnum):
    """What real letters need, in the words of the line."""

    OFFICES = "practice offices"
    RELAY = "no mail relay yet"


@dataclass(frozen=True)
class HealthLine:
    """One thing and how it is."""

    tone: Tone
    what: str
    says: str


def read_health(engine: Engine, settings: Settings, counted: Counted) -> list[HealthLine]:
    """The lines as they were counted last; the set-up as it is now."""
    counts = counted.figures.campaigns.get(counted.stored.id, CampaignFigures())
    waiting = counted.tally.waiting
    domains = [one for one in counted.figures.domains if (one.transport, one.receiving_domain) in waiting]
    return [
        _accepts(counts),
        _lookups(counts),
        _longest_wait(domains),
        _held_back(counts, domains, counted),
        _paces(domains),
        _set_up(engine, settings, counted),
    ]


def _accepts(counts: CampaignFigures) -> HealthLine:
    taken = sum(counts.by_state.get(state, 0) for state in OUT)
    asked = taken + sum(counts.by_state.get(state, 0) for state in (LetterState.REJECTED, LetterState.BOUNCED))
    what = "Mail servers accept letters"
    if not asked:
        return HealthLine("good", what, "none sent yet")
    tone: Tone = "good" if taken * 100 >= _GOOD_PERCENT * asked else "wait"
    return HealthLine("bad" if taken * 100 < _POOR_PERCENT * asked else tone, what, percent(taken, asked))


def _lookups(counts: CampaignFigures) -> HealthLine:
    """Of those who sent their letters: their districts are known, or somebody has to say more about the address."""
    looked_up = counts.people - counts.looking_up
    what = "Address lookup"
    if counts.looking_up and not looked_up:
        return HealthLine("wait", what, f"{counts.looking_up:,} under way")
    if not looked_up:
        return HealthLine("good", what, "nobody wrote yet")
    matched = looked_up - counts.needs_address
    tone: Tone = "good" if matched * 100 >= _LOOKUP_PERCENT * looked_up else "wait"
    under_way = f" · {counts.looking_up:,} under way" if counts.looking_up else ""
    return HealthLine(tone, what, f"{percent(matched, looked_up)} matched{under_way}")


def _longest_wait(domains: list[DomainFigures]) -> HealthLine:
    seconds = max((one.oldest_due_s for one in domains), default=0.0)
    tone: Tone = "bad" if seconds > _VERY_LONG_S else "wait" if seconds > _LONG_S else "good"
    return HealthLine(tone, "Longest wait of a due letter", _short(seconds) if seconds >= 1 else "none is due")


def _held_back(counts: CampaignFigures, domains: list[DomainFigures], counted: Counted) -> HealthLine:
    refusing = [one.receiving_domain for one in domains if one.is_left_alone]
    deferred = counts.by_state.get(LetterState.DEFERRED, 0)
    what = "Held back by a mail server"
    if counted.pause:
        return HealthLine("bad", what, counted.pause)
    if refusing:
        more = f" and {len(refusing) - 1} more" if len(refusing) > 1 else ""
        return HealthLine("bad", what, f"{refusing[0]}{more} refuses us now")
    return HealthLine(
        "wait" if deferred else "good", what, f"{deferred:,} wait to be tried again" if deferred else "none"
    )


def _paces(domains: list[DomainFigures]) -> HealthLine:
    limited = [one for one in domains if one.rate_per_hour is not None]
    limited.sort(key=lambda one: -one.waiting)
    names = [f"{one.rate_per_hour:,} an hour to {one.receiving_domain}" for one in limited]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    says = f"{names[0]}{more}" if names else "as servers take them"
    return HealthLine("good", "Set pace", says)


def what_is_lacking(engine: Engine, settings: Settings, stored: StoredCampaign) -> Lack | None:
    """Why letters are tests even while the campaign is live; None when they are real."""
    with at_once(engine) as connection:
        if not has_real_directory(connection, stored.campaign.jurisdiction):
            return Lack.OFFICES
    return None if settings.relay_configured else Lack.RELAY


def _set_up(engine: Engine, settings: Settings, counted: Counted) -> HealthLine:
    what = "Set-up"
    if counted.switches.stops_all:
        return HealthLine("bad", what, "everything is stopped, see Delivery")
    running = read_running(engine)
    if running.alive and not running.has_worker:
        return HealthLine("bad", what, "no worker is running, see Delivery")
    if lack := what_is_lacking(engine, settings, counted.stored):
        return HealthLine("wait", what, f"{lack}: test letters only")
    if counted.stored.state in (CampaignState.DRAFT, CampaignState.SCHEDULED):
        return HealthLine("wait", what, "not live yet: test letters only")
    return HealthLine("good", what, "real letters through the mail relay")


def _short(seconds: float) -> str:
    """`14 s`, `3 min`, `2 h 5 min`."""
    if seconds < _MINUTE_S:
        return f"{seconds:.0f} s"
    minutes = int(seconds // _MINUTE_S)
    return f"{minutes} min" if seconds < _HOUR_S else f"{minutes // 60} h {minutes % 60} min"
