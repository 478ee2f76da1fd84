"""The installation's figures: true, and counted once for all processes."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from shared.db import figures as rows
from shared.domain.states import LetterState
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.accept import accept_submission
from shared.services.delivery import deliver_letters
from shared.services.figures import current_figures
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.settings import Settings
from tests.factories import make_campaign, make_supporter
from tests.plans import read_plan
from tests.smtp_server import ScriptedSmtpServer

Change = Callable[[str], None]
AGE = "UPDATE snapshot SET taken_at = now() - interval '1 hour'"


@pytest.fixture
def ring(settings: Settings) -> Ring:
    return Ring(make_celery(settings), connect_redis(settings.redis_url))


@pytest.fixture
def change(engine: Engine, ring: Ring, settings: Settings) -> Change:
    """Two supporters' four letters are queued; a third has only begun. A statement changes what is there."""
    make_campaign(engine)
    for name in ("a", "b"):
        token = begin_submission(engine, ring, settings, "co-ops", make_supporter(f"{name}@example.org"))
        accept_submission(engine, ring, settings, token, own_words="")
    begin_submission(engine, ring, settings, "co-ops", make_supporter("c@example.org"))
    prepare_submissions(engine, ring, settings)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    return run


def test_everything_is_counted(change: Change, engine: Engine, settings: Settings) -> None:
    figures = current_figures(engine, settings)
    assert figures.people == 2
    assert {state: n for state, n in figures.letters.items() if n} == {LetterState.QUEUED: 4}
    assert set(figures.letters) == set(figures.follow_ups) == set(LetterState)
    assert figures.follow_ups[LetterState.QUEUED] == 2
    (domain,) = figures.domains
    assert (domain.waiting, domain.sent_last_minute, domain.is_left_alone) == (4, 0, False)
    assert figures.imbalance == 0


def test_what_was_kept_is_what_was_counted(change: Change, engine: Engine, settings: Settings) -> None:
    change("UPDATE domain_pace SET rate_per_hour = 5, open_until = now() + interval '1 minute'")
    counted = current_figures(engine, settings)
    kept = current_figures(engine, settings)
    assert replace(kept, taken_at=counted.taken_at) == counted
    assert abs((kept.taken_at - counted.taken_at).total_seconds()) < 1


def test_letters_of_the_last_minute_are_the_flow(
    change: Change, engine: Engine, ring: Ring, settings: Settings
) -> None:
    with ScriptedSmtpServer() as server:
        deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True)
    assert current_figures(engine, settings).domains[0].sent_last_minute == 4
    change("UPDATE letter_event SET at = at - interval '2 minutes'")
    change(AGE)
    assert current_figures(engine, settings).domains[0].sent_last_minute == 0


def test_a_count_serves_everybody_for_a_while(change: Change, engine: Engine, settings: Settings) -> None:
    first = current_figures(engine, settings)
    change("UPDATE letter SET state = 'sent'")
    assert current_figures(engine, settings).letters == first.letters
    change("UPDATE snapshot SET taken_at = now() - interval '4 seconds'")
    assert current_figures(engine, settings).letters[LetterState.SENT] == 4


def test_a_slow_count_is_repeated_less_often(change: Change, engine: Engine, settings: Settings) -> None:
    current_figures(engine, settings)
    change("UPDATE letter SET state = 'sent'")
    change("UPDATE snapshot SET took_s = 1, taken_at = now() - interval '15 seconds'")
    assert current_figures(engine, settings).letters[LetterState.SENT] == 0
    change("UPDATE snapshot SET taken_at = now() - interval '21 seconds'")
    assert current_figures(engine, settings).letters[LetterState.SENT] == 4


def test_a_page_leaves_a_slow_count_to_the_sweepers(change: Change, engine: Engine, settings: Settings) -> None:
    current_figures(engine, settings, for_page=True)
    change("UPDATE letter SET state = 'sent'")
    change("UPDATE snapshot SET took_s = 0.06, taken_at = now() - interval '59 seconds'")
    assert current_figures(engine, settings, for_page=True).letters[LetterState.SENT] == 0
    assert current_figures(engine, settings).letters[LetterState.SENT] == 4


@pytest.mark.parametrize(("took_s", "age_s"), [(0.05, 4), (0.06, 61)], ids=["quick", "nobody sweeps"])
def test_a_page_counts_by_itself(change: Change, engine: Engine, settings: Settings, took_s: float, age_s: int) -> None:
    current_figures(engine, settings, for_page=True)
    change("UPDATE letter SET state = 'sent'")
    change(f"UPDATE snapshot SET took_s = {took_s}, taken_at = now() - interval '{age_s} seconds'")
    assert current_figures(engine, settings, for_page=True).letters[LetterState.SENT] == 4


def test_one_process_counts_at_a_time(change: Change, engine: Engine, settings: Settings) -> None:
    old = current_figures(engine, settings)
    change("UPDATE letter SET state = 'sent'")
    change(AGE)
    with engine.begin() as other:
        assert rows.take_turn(other)
        assert current_figures(engine, settings).letters == old.letters
    assert current_figures(engine, settings).letters[LetterState.SENT] == 4


def test_while_counting_fails_the_last_count_stays(
    change: Change, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("canceling statement due to statement timeout", None, Exception())

    known = current_figures(engine, settings)
    change(AGE)
    monkeypatch.setattr(rows, "count_figures", fail)
    assert current_figures(engine, settings).letters == known.letters
    change("DELETE FROM snapshot")
    with pytest.raises(OperationalError):
        current_figures(engine, settings)


def test_counting_reads_indexes_only(change: Change, engine: Engine) -> None:
    """A count that read a million wide rows would take seconds."""
    for statement in (rows._EVERY_CAMPAIGN, rows._FOLLOW_UPS):
        plan = read_plan(engine, statement.text)
        for table in ("letter", "submission", "follow_up"):
            assert f"Seq Scan on {table}" not in plan, plan
            assert f"Bitmap Heap Scan on {table}" not in plan, plan
            assert f"Index Scan using ix_{table}" not in plan, plan
