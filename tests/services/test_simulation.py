"""A small simulated action day: counts add up whenever somebody looks, and every planted problem is seen.

Workers run in threads of the test, and the crowd comes through the services.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared.domain.attention import Way
from shared.domain.letter_filter import Choice
from shared.domain.simulations import GREYLIST, PLANTED, QUICK, SLOW, SLUG
from shared.domain.states import CampaignState, LetterState
from shared.errors import NotAllowed
from shared.local.broker import free_port
from shared.local.listening import listen
from shared.local.mailbox import make_listener, simulated_servers
from shared.local.simulated_people import Crowd, send_crowd, write_directly
from shared.queue.ring import Ring
from shared.services import simulation
from shared.services.attention import read_attention
from shared.services.bulk import ask_change
from shared.services.campaigns import change_campaign_state, read_campaign
from shared.services.dashboard import live_counts
from shared.services.delivery import deliver_letters, send_mail
from shared.services.failing_addresses import correct_failing, find_mendable
from shared.services.figures import current_figures
from shared.services.make_letters import make_due_letters
from shared.services.offices.wanted import By
from shared.services.prepare import prepare_submissions
from shared.services.receipts import apply_receipts
from shared.settings import Settings

_SUPPORTERS, _SECONDS = 120, 3.0
_LONGEST_S = 30.0
# What each planted problem is called where organizers look.
NAMED = {
    "gone": "Sim Rep1: the address does not exist",
    "late": "Sim Rep3: the address does not exist",
    "vacant": "to a vacant seat: Representative, 4 Simulation",
    "no_email": "Sim Rep6: no email address on file",
    "greylist": "greylist.simulation.example asks us to come back later",
    "slow": "slow.simulation.example takes its letters slowly",
    "policy": "refused by policy.simulation.example",
}
_TABLES = (
    *("campaign", "submission", "letter", "follow_up", "receipt", "office", "office_holder", "district", "street"),
    *("address_point", "address_source", "import_run", "domain_pace", "consent", "suppression", "mailbox_message"),
)


@pytest.fixture
def sink(engine: Engine, ring: Ring, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The local mailbox, which plays the mail servers; its late bounces come within the test's time."""
    monkeypatch.setattr("shared.local.simulated_mail.LATE_AFTER_S", 0.5)
    monkeypatch.setattr("shared.domain.simulations.SLOW_S", 0.05)
    monkeypatch.setattr("shared.domain.waiting_domains.SLOW_S", 0.03)
    monkeypatch.setattr("shared.db.attention.SLOW_S", 0.03)
    port, ready = free_port(), threading.Event()
    stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    simulated = simulated_servers(engine, ring)

    async def run() -> None:
        stopping = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stopping))
        asyncio.get_running_loop().call_later(0.05, ready.set)
        await listen(lambda: make_listener(engine, simulated), "127.0.0.1", port, stopping)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(10)
    yield f"smtp://127.0.0.1:{port}"
    loop, stopping = stops[0]
    loop.call_soon_threadsafe(stopping.set)
    thread.join(10)


def workers(engine: Engine, ring: Ring, settings: Settings, ended: threading.Event) -> list[threading.Thread]:
    """What worker processes do, over and over."""
    work: list[Callable[[], object]] = [
        lambda: prepare_submissions(engine, ring, settings),
        lambda: make_due_letters(engine, ring, settings),
        lambda: deliver_letters(engine, ring, settings, first_tries=True),
        lambda: deliver_letters(engine, ring, settings, first_tries=False),
        lambda: apply_receipts(engine, ring, settings),
        lambda: send_mail(engine, ring, settings),
        # As the sweepers do: a page leaves slow counts, such as a busy machine's, to them.
        lambda: current_figures(engine, settings),
    ]

    def run(task: Callable[[], object]) -> None:
        while not ended.wait(0.05):
            task()

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in work]
    for thread in threads:
        thread.start()
    return threads


def test_counts_always_add_up_and_every_planted_problem_is_seen(
    engine: Engine, ring: Ring, settings: Settings, sink: str
) -> None:
    timing = replace(settings.timing, snapshot=0.1, gather=0.0, gather_mail=0.0, retry_scale=0.002)
    settings = replace(settings, mailbox_url=sink, timing=timing)
    day = simulation.create_simulation(engine)
    crowd, ended = Crowd(_SUPPORTERS), threading.Event()
    threads = workers(engine, ring, settings, ended)
    people = threading.Thread(
        target=send_crowd, args=(crowd, day.homes, _SECONDS, lambda: write_directly(engine, ring, settings))
    )
    people.start()
    try:
        looks, titles = _look_until_all_is_seen(engine, settings, day, people)
        titles |= _wait_again(engine, settings)
        unnamed = {name for name, words in NAMED.items() if not any(words in title for title in titles)}
        assert not unnamed, (unnamed, titles)
        _mend(engine, ring, settings, day)
    finally:
        crowd.stopping.set()
        people.join(10)
        ended.set()
        for thread in threads:
            thread.join(10)
    assert crowd.failed == 0, crowd.last_failure
    assert crowd.told == _SUPPORTERS
    figures = simulation.count_simulation(engine, day)
    assert (figures.people, figures.expected, figures.letters) == (_SUPPORTERS, 2 * _SUPPORTERS, 2 * _SUPPORTERS)
    assert looks > 10


def _look_until_all_is_seen(
    engine: Engine, settings: Settings, day: simulation.SimulatedDay, people: threading.Thread
) -> tuple[int, set[str]]:
    """What the dashboard polls adds up each time; how often it was looked at, and what it said needs attention."""
    ends, looks = time.monotonic() + _LONGEST_S, 0
    stored, titles = read_campaign(engine, SLUG), set[str]()
    while time.monotonic() < ends:
        counts = live_counts(engine, settings, day.campaign_id)
        assert counts.balanced, counts
        assert sum(counts.by_state.values()) == counts.letters == counts.expected
        titles |= {group.title for group in read_attention(engine, settings, stored, str).groups}
        looks += 1
        planted = {one.name: one for one in simulation.read_planted(engine, day)}
        assert planted.keys() == PLANTED.keys() == NAMED.keys()
        restless = (LetterState.QUEUED, LetterState.SENDING, LetterState.DEFERRED)
        is_calm = not people.is_alive() and not any(counts.by_state[state] for state in restless)
        if is_calm and counts.people == _SUPPORTERS and all(one.is_seen for one in planted.values()):
            return looks, titles
        time.sleep(0.1)
    raise AssertionError({name: one.letters for name, one in planted.items() if not one.is_seen} or counts)


def _wait_again(engine: Engine, settings: Settings) -> set[str]:
    """Greylisted and slow letters pass too quickly here to be looked at: some wait once more, for a moment."""
    waits = "UPDATE letter SET state = '{}', due_at = now() + interval '1 hour' WHERE receiving_domain = '{}'"
    with engine.begin() as connection:
        connection.execute(text(waits.format("deferred", GREYLIST)))
        connection.execute(text(waits.format("queued", SLOW)))
    titles = {group.title for group in read_attention(engine, settings, read_campaign(engine, SLUG), str).groups}
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE letter SET state = 'sent' WHERE receiving_domain IN ('{GREYLIST}', '{SLOW}')"))
    return titles


def _mend(engine: Engine, ring: Ring, settings: Settings, day: simulation.SimulatedDay) -> None:
    """The first action of each group, again and again until nothing needs anybody; nobody succeeds in vacant seats."""
    stored, ends = read_campaign(engine, SLUG), time.monotonic() + _LONGEST_S
    while groups := [one for one in read_attention(engine, settings, stored, str).groups if not one.is_watched]:
        assert time.monotonic() < ends, groups
        for group in groups:
            move = next(one for one in group.moves if one.way is not Way.OFFICE)
            if move.way is Way.ADDRESS:
                line = find_mendable(engine, day.campaign_id, move.office)
                typed = {"email": f"right{move.office}@{QUICK}", "second_email": ""}
                correct_failing(engine, ring, line, typed, By("test"))
                continue
            assert move.action
            choice = Choice(day.campaign_id, group.wanted)
            ask_change(
                engine,
                ring,
                choice,
                move.action,
                actor="organizer:1",
                title=group.title,
                delay=timedelta(),
                expected=group.count,
            )
        time.sleep(0.1)


def test_it_is_removed_without_a_trace(engine: Engine, ring: Ring, settings: Settings) -> None:
    before = _rows(engine)
    day = simulation.create_simulation(engine)
    write = write_directly(engine, ring, settings)
    for number in range(3):
        write(number, day.homes[number])
    prepare_submissions(engine, ring, settings)
    assert simulation.count_simulation(engine, day).letters == 6
    with pytest.raises(NotAllowed, match="already"):
        simulation.create_simulation(engine)
    assert simulation.remove_simulation(engine)
    assert _rows(engine) == before
    assert not simulation.remove_simulation(engine)


def test_it_never_goes_live_and_stops_when_it_is_no_draft(engine: Engine) -> None:
    day = simulation.create_simulation(engine)
    with pytest.raises(NotAllowed, match="never goes live"):
        change_campaign_state(engine, SLUG, CampaignState.LIVE, actor="test")
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET state = 'live'"))
    with pytest.raises(NotAllowed, match="no longer a draft"):
        simulation.count_simulation(engine, day)


def test_what_was_really_imported_for_its_state_stays(engine: Engine) -> None:
    day = simulation.create_simulation(engine)
    with engine.begin() as connection:
        values = {"state": day.jurisdiction}
        connection.execute(
            text("INSERT INTO import_run (kind, jurisdiction, source) VALUES ('districts', :state, 'real.zip')"), values
        )
    assert simulation.remove_simulation(engine)
    rows = _rows(engine)
    assert rows["campaign"] == 0
    assert rows["district"] == 50


def _rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in _TABLES}
