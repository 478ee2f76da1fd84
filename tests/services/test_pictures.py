"""The pictures of a campaign: their parts add up to the states that the dashboard shows, whatever happened since."""

from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from shared.db.tallies import read_tally
from shared.domain.campaigns import StoredCampaign
from shared.domain.places import Chamber
from shared.domain.states import CampaignState, LetterState
from shared.domain.tallies import LOST, OUT, Kind, Span
from shared.queue.ring import Ring
from shared.services.campaigns import change_campaign_state, read_campaign
from shared.services.dashboard import LiveCounts, exact_counts
from shared.services.delivery import deliver_letters
from shared.services.delivery.switches import pause_everything
from shared.services.figures import current_figures
from shared.services.letters import cancel_letter, retry_letter
from shared.services.pictures import Flow, read_chart, read_counted, read_districts, read_flow, read_health
from shared.settings import Settings
from tests.factories import make_draft, make_ring, write_letters
from tests.smtp_server import ScriptedSmtpServer


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return make_ring(settings)


@pytest.fixture
def stored(engine: Engine, ring: Ring, settings: Settings) -> StoredCampaign:
    """Three supporters' six letters are queued."""
    stored = make_draft(engine)
    for name in "abc":
        write_letters(engine, ring, settings, f"{name}@example.org")
    return stored


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


def count_again(engine: Engine, settings: Settings) -> None:
    change(engine, "UPDATE snapshot SET taken_at = now() - interval '1 hour'")
    current_figures(engine, settings)


def deliver(engine: Engine, ring: Ring, settings: Settings) -> None:
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)


def flow_of(engine: Engine, settings: Settings, stored: StoredCampaign, span: Span | None) -> Flow:
    return read_flow(engine, read_counted(engine, settings, stored), span)


def check_sums(engine: Engine, settings: Settings, stored: StoredCampaign) -> LiveCounts:
    """Every part of every picture against the states, counted now."""
    count_again(engine, settings)
    counts = exact_counts(engine, stored.id)
    with engine.connect() as connection:
        tally = read_tally(connection, stored.id)
    by_state: Counter[LetterState] = Counter()
    for one in tally.offices.values():
        by_state.update(one)
    assert by_state == Counter({state: letters for state, letters in counts.by_state.items() if letters})
    sent, failed = (sum(counts.by_state[state] for state in states) for states in (OUT, LOST))
    assert [tally.total(kind) for kind in Kind] == [counts.expected, sent, failed]
    for span in Span:
        flow = flow_of(engine, settings, stored, span)
        assert [flow.written, flow.sent, flow.failed] == [counts.expected, sent, failed], span
    assert flow.waiting == counts.by_state[LetterState.QUEUED] + counts.by_state[LetterState.DEFERRED]
    counted = read_counted(engine, settings, stored)
    lines = [line for chamber in (Chamber.LOWER, Chamber.UPPER) for line in read_districts(engine, counted, chamber)]
    assert sum(line.letters for line in lines) == counts.letters - counts.by_state[LetterState.CANCELLED]
    assert sum(line.sent for line in lines) == sent
    return counts


def test_parts_add_up_whatever_happens(stored: StoredCampaign, engine: Engine, ring: Ring, settings: Settings) -> None:
    check_sums(engine, settings, stored)
    cancel_letter(engine, 1, actor="organizer:1")
    assert check_sums(engine, settings, stored).by_state[LetterState.CANCELLED] == 1
    deliver(engine, ring, settings)
    assert check_sums(engine, settings, stored).by_state[LetterState.SENT] == 5
    change(engine, "UPDATE letter SET state = 'bounced', state_changed_at = now() WHERE id = 2")
    change(engine, "UPDATE letter SET state = 'delivered', state_changed_at = now() WHERE id = 3")
    check_sums(engine, settings, stored)
    retry_letter(engine, ring, 2, actor="organizer:1")
    assert check_sums(engine, settings, stored).by_state[LetterState.QUEUED] == 1


def test_letters_stay_where_they_left_when_they_are_confirmed_later(
    stored: StoredCampaign, engine: Engine, ring: Ring, settings: Settings
) -> None:
    deliver(engine, ring, settings)
    change(engine, "UPDATE letter SET state = 'delivered', sent_at = now() - interval '10 minutes' WHERE id <= 2")
    count_again(engine, settings)
    flow = flow_of(engine, settings, stored, Span.MINUTE)
    assert [row.sent for row in flow.chart.rows if row.sent] == [4, 2]


@pytest.mark.parametrize(("ago", "span"), [("5 minutes", Span.MINUTE), ("5 hours", Span.HOUR), ("5 days", Span.DAY)])
def test_the_chart_shows_the_time_in_which_something_happened(
    stored: StoredCampaign, engine: Engine, ring: Ring, settings: Settings, ago: str, span: Span
) -> None:
    deliver(engine, ring, settings)
    for column in ("letter SET sent_at", "submission SET accepted_at"):
        change(engine, f"UPDATE {column} = now() - interval '{ago}'")
    count_again(engine, settings)
    flow = flow_of(engine, settings, stored, None)
    assert (flow.span, flow.written, flow.sent) == (span, 6, 6)


def test_what_happened_is_marked(stored: StoredCampaign, engine: Engine, settings: Settings) -> None:
    for state in (CampaignState.LIVE, CampaignState.PAUSED, CampaignState.LIVE):
        change_campaign_state(engine, "co-ops", state, actor="organizer:1")
    pause_everything(engine, paused=True, actor="organizer:1")
    change(
        engine,
        "INSERT INTO campaign_update (campaign_id, organization, subject, body, created_by, sent_at, recipients)"
        " VALUES (1, 'Neighbors', 'News', 'Text', 'organizer:1', now(), 1)",
    )
    current_figures(engine, settings)
    (mark,) = flow_of(engine, settings, stored, Span.HOUR).chart.marks
    assert [one.words for one in mark.lines] == [
        "Campaign went live",
        "Sending paused",
        "Sending resumed",
        "Everything paused",
        "Update sent to 1 person",
    ]


def test_a_server_that_refuses_us_is_marked_once(
    stored: StoredCampaign, engine: Engine, ring: Ring, settings: Settings
) -> None:
    for _ in range(2):
        change(engine, "UPDATE domain_pace SET open_until = NULL")
        change(engine, "UPDATE letter SET due_at = now()")
        # Nobody listens there.
        deliver_letters(engine, ring, replace(settings, mailbox_url="smtp://127.0.0.1:1"), first_tries=True)
    count_again(engine, settings)
    marks = flow_of(engine, settings, stored, Span.MINUTE).chart.marks
    assert [one.words.partition(" ")[2] for mark in marks for one in mark.lines] == [
        "refused us and is left alone for a while"
    ]
    health = {line.what: line for line in read_health(engine, settings, read_counted(engine, settings, stored))}
    assert health["Held back by a mail server"].tone == "bad"


def test_the_forecast_counts_the_set_pace(stored: StoredCampaign, engine: Engine, settings: Settings) -> None:
    current_figures(engine, settings)
    assert flow_of(engine, settings, stored, None).forecast == "how long they take is not known yet"
    change(engine, "UPDATE domain_pace SET rate_per_hour = 12")
    assert flow_of(engine, settings, stored, None).forecast == "the queue is empty in about 30 minutes"
    change(engine, "UPDATE letter SET due_at = now() + interval '110 minutes' WHERE id = 1")
    count_again(engine, settings)
    assert flow_of(engine, settings, stored, None).forecast == "the queue is empty in about 2 hours"
    change(engine, "UPDATE campaign SET state = 'paused'")
    paused = read_campaign(engine, "co-ops")
    assert flow_of(engine, settings, paused, None).forecast == "sending is paused"


def test_practice_offices_have_no_map(stored: StoredCampaign, engine: Engine, settings: Settings) -> None:
    current_figures(engine, settings)
    chart = read_chart(engine, read_counted(engine, settings, stored), Chamber.UPPER)
    assert chart.map is None
    assert chart.is_practice
    assert [choice.name for choice in chart.choices] == ["House", "Senate"]
    assert sum(line.letters for line in chart.top) == 6
