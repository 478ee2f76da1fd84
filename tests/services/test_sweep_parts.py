"""A part of the sweep that fails stops no other part, and is an alarm when it fails again."""

import contextlib

import pytest
from sqlalchemy import Connection, Engine, RowMapping, text
from sqlalchemy.exc import OperationalError

from shared.db import letters
from shared.db.engine import make_engine
from shared.db.tables import failing_part
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services import row_batches
from shared.services import sweep as sweeping
from shared.services.doctor import check_parts
from shared.services.metrics import installation_metrics
from shared.services.parts import failing_parts
from shared.services.sweep import sweep, tidy
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.services.came_back import Post


@pytest.fixture
def post(engine: Engine, settings: Settings, ring: Ring) -> Post:
    """A campaign past its deadline, and letters that wait past their last day."""
    make_campaign(engine)
    write_letters(engine, ring, settings)
    post = Post(engine, settings, ring)
    post.change("UPDATE campaign SET state = 'live', deadline = now() - interval '1 hour'")
    post.change("UPDATE letter SET deliver_by = now() - interval '1 hour'")
    return post


@pytest.mark.parametrize("part", ["check_database", "recover", "erase_requested", "carry_out_due", "settle_offices"])
def test_a_part_that_fails_stops_no_other_part(
    post: Post, engine: Engine, settings: Settings, ring: Ring, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sweeping, part, breaks)
    rung: list[object] = []
    monkeypatch.setattr(ring, "ring", rung.append)
    for _ in range(3):
        with contextlib.suppress(ZeroDivisionError):
            sweep(engine, ring, settings)
    state = post.ask("SELECT state FROM campaign")
    letters = {row[0] for row in post.ask("SELECT state FROM letter")}
    post.change("UPDATE follow_up SET due_at = now()")
    with contextlib.suppress(ZeroDivisionError):
        sweep(engine, ring, settings)
    assert (state, letters, bool(rung)) == ([("closed",)], {"expired"}, True)


def test_a_campaign_that_can_not_be_read_stops_no_other(
    post: Post, engine: Engine, settings: Settings, ring: Ring
) -> None:
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"broken"'))
    post.change("UPDATE letter SET campaign_id = (SELECT id FROM campaign WHERE slug = 'broken') WHERE id = 2")
    post.change("UPDATE submission SET expected_letters = 2")
    post.change("UPDATE campaign SET content = '{\"nothing\": 1}' WHERE slug = 'broken'")
    for _ in range(3):
        with contextlib.suppress(Exception):
            sweep(engine, ring, settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT state FROM letter WHERE id = 1")) == "expired"


def broken_campaign(post: Post, engine: Engine) -> None:
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"broken"'))
    post.change(
        "UPDATE campaign SET content = '{}', state = 'live', deadline = now() - interval '1 hour' WHERE slug = 'broken'"
    )


def test_a_campaign_that_can_not_be_read_keeps_no_other_open(
    post: Post, engine: Engine, settings: Settings, ring: Ring
) -> None:
    broken_campaign(post, engine)
    sweep(engine, ring, settings)
    assert post.ask("SELECT slug, state FROM campaign ORDER BY id") == [("co-ops", "closed"), ("broken", "live")]


def test_rows_that_fail_are_passed_over_by_the_rows_behind_them(
    post: Post, engine: Engine, settings: Settings, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_letter = letters.change_letter

    def breaks_for_one(connection: Connection, row: RowMapping, *more: object, **values: object) -> None:
        if row["id"] == 1:
            raise ZeroDivisionError
        change_letter(connection, row, *more, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(row_batches, "BATCH", 1)
    monkeypatch.setattr(letters, "change_letter", breaks_for_one)
    post.change("UPDATE letter SET state = 'sending', worker = 'a.b.c', lease_until = now() - interval '1 second'")
    sweep(engine, ring, settings)
    with engine.connect() as connection:
        states = connection.execute(text("SELECT id, state FROM letter ORDER BY id")).all()
    assert states == [(1, "sending"), (2, "uncertain")]


def test_a_part_that_fails_twice_is_an_alarm_until_it_succeeds(
    post: Post, engine: Engine, settings: Settings, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("Jamie Rivera")

    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "carry_out_due", breaks)
        sweep(engine, ring, settings)
        assert failing_parts(engine) == []
        sweep(engine, ring, settings)
        (alarm,) = failing_parts(engine)
        assert (alarm.part, alarm.failures, alarm.error) == ("change offices", 2, "ZeroDivisionError")
        assert "“change offices” failed 2 times (ZeroDivisionError)" in check_parts(engine).words
        assert b'dearrep_part_failures{part="change offices"} 2.0' in installation_metrics(engine, ring, settings)
    sweep(engine, ring, settings)
    assert failing_parts(engine) == []
    assert check_parts(engine).is_ok


def test_a_part_that_another_process_does_neither_fails_nor_succeeds(
    post: Post, engine: Engine, settings: Settings, ring: Ring
) -> None:
    with engine.begin() as connection:
        connection.execute(failing_part.insert().values(part="settle uncertain letters", failures=2, error="KeyError"))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": row_batches._LOCK})
        sweep(engine, ring, settings)
    assert [(one.part, one.failures) for one in failing_parts(engine)] == [("settle uncertain letters", 2)]
    sweep(engine, ring, settings)
    assert failing_parts(engine) == []


def test_tidying_has_parts_too(engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    done: list[str] = []
    monkeypatch.setattr(sweeping, "forget_old", breaks)
    for _ in range(2):
        tidy(engine, settings, [("others", lambda: done.append("others"))])
    assert [one.part for one in failing_parts(engine)] == ["delete old data"]
    assert done == ["others", "others"]


def test_a_question_that_can_not_be_asked_keeps_no_task_waiting(
    post: Post, engine: Engine, settings: Settings, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> bool:
        raise ZeroDivisionError

    post.change(
        "UPDATE letter SET deliver_by = now() + interval '5 days'; UPDATE campaign SET state = 'draft', deadline = NULL"
    )
    monkeypatch.setattr(sweeping.submissions, "lookups_are_due", breaks)
    assert TaskName.DELIVER_LETTERS in sweep(engine, ring, settings)


def test_a_database_that_is_away_ends_the_sweep(engine: Engine, settings: Settings, ring: Ring) -> None:
    away = make_engine("postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(OperationalError):
        sweep(away, ring, settings)
