"""Letters over time: the chart, what happened meanwhile, how fast they leave now and when none waits any more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from shared.clock import now
from shared.db.domains import paces_of
from shared.db.engine import at_once
from shared.db.happenings import list_happenings
from shared.db.relay_states import read_states
from shared.domain.forecasts import Queue, queues_empty_at
from shared.domain.pace import Pace
from shared.domain.pace_words import time_words
from shared.domain.states import CampaignState
from shared.domain.tallies import Column, Span, choose_span, columns
from shared.domain.transport import SERVER_OF, MailServer, Transport
from shared.rendering.flow_chart import FlowChart, draw_flow
from shared.rendering.speech import say_weekday
from shared.services.pictures.counted import Counted

_LONG = timedelta(hours=20)
_WITHIN = timedelta(days=6)


@dataclass(frozen=True)
class Flow:
    """The chart of a span with the sums of its columns; `rate` letters left within the last full minute."""

    span: Span
    chart: FlowChart
    written: int
    sent: int
    failed: int
    rate: int
    waiting: int
    # When the queue is empty, in words that end a sentence.
    forecast: str
    is_new: bool
    zone: str


def read_flow(engine: Engine, counted: Counted, span: Span | None) -> Flow:
    """The chart of the span that is asked for, else of one that shows something."""
    tally, until = counted.tally, counted.figures.taken_at
    zone = ZoneInfo(counted.stored.campaign.timezone)
    chosen = span or choose_span(tally, until)
    found = columns(tally, chosen, until, zone)
    with at_once(engine) as connection:
        moments = list_happenings(connection, counted.stored.id, found[0].start)
        forecast = _forecast(connection, counted)
    return Flow(
        span=chosen,
        chart=draw_flow(found, moments, chosen, zone),
        written=sum(one.written for one in found),
        sent=sum(one.sent for one in found),
        failed=sum(one.failed for one in found),
        rate=_rate(found if chosen is Span.MINUTE else columns(tally, Span.MINUTE, until, zone)),
        waiting=sum(one.letters for one in tally.waiting.values()),
        forecast=forecast,
        is_new=not tally.times,
        zone=f"{until.astimezone(zone):%Z}",
    )


def _rate(minutes: list[Column]) -> int:
    """The last minute is not over yet."""
    return minutes[-2].sent


def _forecast(connection: Connection, counted: Counted) -> str:
    if not counted.tally.waiting:
        return "no letter waits"
    if counted.switches.stops_all:
        return "nothing leaves now, see Delivery"
    if counted.stored.state is CampaignState.PAUSED:
        return "sending is paused"
    if counted.pause:
        return counted.pause
    done = queues_empty_at(_queues(connection, counted), now())
    zone = ZoneInfo(counted.stored.campaign.timezone)
    return "how long they take is not known yet" if done is None else _when(done, zone)


def _queues(connection: Connection, counted: Counted) -> list[Queue]:
    """A domain's letters leave in turns, those of other campaigns too: all of them count."""
    waiting = counted.tally.waiting
    paces = paces_of(connection, waiting)
    everybody = {(one.transport, one.receiving_domain): one.waiting for one in counted.figures.domains}
    queues = [
        Queue(
            letters=max(one.letters, everybody.get(domain, 0)),
            pace=paces[domain][0],
            last_due=one.last_due,
            free_at=paces[domain][1],
            hours=None if domain[0] is Transport.MAILBOX else counted.stored.hours,
        )
        for domain, one in waiting.items()
        if domain in paces
    ]
    return [*queues, *_queues_of_servers(connection, counted, everybody)]


def _queues_of_servers(
    connection: Connection, counted: Counted, everybody: Mapping[tuple[Transport, str], int]
) -> Iterator[Queue]:
    """A mail server with a rate takes the letters to all domains in one queue."""
    needed = {SERVER_OF[transport] for transport, _ in counted.tally.waiting}
    for state in read_states(connection).values():
        if state.server in needed and state.rate_per_hour is not None:
            letters = sum(number for (way, _), number in everybody.items() if SERVER_OF[way] is state.server)
            hours = None if state.server is MailServer.MAILBOX else counted.stored.hours
            yield Queue(letters, Pace(rate_per_hour=state.rate_per_hour), hours=hours)


def _when(done: datetime, zone: ZoneInfo) -> str:
    left = done - now()
    if left < _LONG:
        return f"the queue is empty in {time_words(left.total_seconds())}"
    local = done.astimezone(zone)
    if left < _WITHIN:
        minutes = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return f"the queue is empty {say_weekday(minutes)}"
    return f"the queue is empty on {local:%B} {local.day}"
