"""Many letters at once: looked at first, done by the same rules as single ones, counted exactly, and taken back."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared.domain.bulk import BulkAction, Outcome
from shared.domain.letter_filter import Choice, LetterFilter
from shared.domain.problems import Problem
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.bulk import ask as ask_module
from shared.services.bulk import ask_change, preview_change, read_change, undo_change, work_on_changes
from shared.services.bulk import work as work_module
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import make_campaign, write_letters

Run = Callable[[str], list[tuple[object, ...]]]
PEOPLE = 4
BOUNCED = Choice(1, LetterFilter(needs=True, problem=Problem.MAILBOX_FULL))


@pytest.fixture
def sql(engine: Engine, ring: Ring, settings: Settings) -> Run:
    """Four people's letters: the odd ones go to office 1, the even ones to office 2."""
    make_campaign(engine)
    for n in range(PEOPLE):
        write_letters(engine, ring, settings, f"p{n}@example.org")

    def run(statement: str) -> list[tuple[object, ...]]:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []

    return run


def ask(engine: Engine, ring: Ring, choice: Choice, action: BulkAction, *, minutes: int = 0, expected: int = 0) -> int:
    return ask_change(
        engine,
        ring,
        choice,
        action,
        actor="organizer:7",
        title="these letters",
        delay=timedelta(minutes=minutes),
        expected=expected,
    )


def states(sql: Run) -> list[object]:
    return [row[0] for row in sql("SELECT state FROM letter ORDER BY id")]


def bounce(sql: Run) -> None:
    """All of office 1 but one, whose supporter took it back."""
    sql(
        "UPDATE letter SET state = 'bounced', cause = 'mailbox_full', remote_reply = '552 5.2.2 Full', sent_at = now(),"
        " state_changed_at = now() - interval '1 hour' WHERE office_id = 1"
    )
    sql("UPDATE letter SET state = 'cancelled', cause = 'supporter' WHERE id = 7")


def test_a_look_says_to_whom_and_what_is_left_out(engine: Engine, sql: Run) -> None:
    bounce(sql)
    sql("UPDATE letter SET state = 'uncertain', cause = 'lost_after_dot' WHERE id = 2")
    sql("UPDATE letter SET state = 'sent' WHERE id = 4")
    sql("UPDATE letter SET reply_to = '' WHERE id = 3")
    look = preview_change(engine, Choice(1, ids=(1, 2, 3, 4, 7, 999)), BulkAction.RETRY)
    assert (look.count, look.chosen, look.second_copies) == (2, 5, 1)
    assert [count for _, count in look.offices] == [1, 1]
    assert dict(look.left_out) == {
        "were taken back by their supporters": 1,
        "have left": 1,
        "can't be sent any more: the supporters' data were deleted": 1,
    }
    second = preview_change(engine, BOUNCED, BulkAction.SECOND)
    assert dict(second.left_out)["go to an office without a second address that works"] == 2
    assert preview_change(engine, Choice(2, ids=(1, 2)), BulkAction.CANCEL).chosen == 0


def test_a_retry_changes_what_was_seen_and_is_taken_back_whole(engine: Engine, ring: Ring, sql: Run) -> None:
    bounce(sql)
    before = sql("SELECT state, cause, remote_reply, resends, due_at, deliver_by FROM letter ORDER BY id")
    number = ask(engine, ring, BOUNCED, BulkAction.RETRY, minutes=10, expected=4)
    done = read_change(engine, 1, number)
    # One of the four had moved on before it was asked for.
    assert done.counts == {Outcome.CHANGED: 3, Outcome.MOVED_ON: 1}
    assert states(sql)[::2] == ["queued"] * 3 + ["cancelled"]
    assert sql("SELECT count(*) FROM letter WHERE state = 'queued' AND due_at > now() + interval '9 minutes'") == [(3,)]
    assert sql("SELECT DISTINCT actor FROM letter_event WHERE cause = 'organizer'") == [("organizer:7",)]
    # One leaves meanwhile.
    sql("UPDATE letter SET state = 'sending', attempt = attempt + 1, state_changed_at = now() WHERE id = 5")
    undo_change(engine, ring, 1, number, actor="organizer:8")
    undone = read_change(engine, 1, number)
    assert (undone.counts[Outcome.PUT_BACK], undone.counts[Outcome.GONE]) == (2, 1)
    after = sql("SELECT state, cause, remote_reply, resends, due_at, deliver_by FROM letter ORDER BY id")
    # The test wrote its bounce without an event to remember the server's answer by.
    assert [row[:2] + row[3:] for row in after[:4]] == [row[:2] + row[3:] for row in before[:4]]
    assert not undone.can_undo
    with pytest.raises(NotAllowed):
        undo_change(engine, ring, 1, number, actor="organizer:8")
    with pytest.raises(NotFound):
        undo_change(engine, ring, 2, number, actor="organizer:8")


def test_the_second_address_is_taken_and_given_back(engine: Engine, ring: Ring, sql: Run) -> None:
    bounce(sql)
    sql("UPDATE office_holder SET second_email = 'aide@other.example' WHERE office_id = 1")
    number = ask(engine, ring, BOUNCED, BulkAction.SECOND, minutes=10)
    where = "SELECT DISTINCT recipient_email, receiving_domain FROM letter WHERE id IN (1, 3, 5)"
    assert sql(where) == [("aide@other.example", "other.example")]
    undo_change(engine, ring, 1, number, actor="organizer:8")
    assert sql(where) != [("aide@other.example", "other.example")]


def test_cancelled_letters_come_back_where_they_waited(engine: Engine, ring: Ring, sql: Run) -> None:
    sql("UPDATE letter SET state = 'held', hold_reason = 'vacant_seat', cause = 'vacant_seat', body = '' WHERE id = 1")
    sql("UPDATE letter SET state = 'deferred', cause = 'temporary' WHERE id = 2")
    number = ask(engine, ring, Choice(1), BulkAction.CANCEL)
    assert set(states(sql)) == {"cancelled"}
    # Whoever writes again takes the cancelled letter's place.
    again = "email_hash = (SELECT email_hash FROM letter WHERE id = 3), state = 'queued', state_changed_at = now()"
    sql(f"UPDATE letter SET {again} WHERE id = 5")
    undo_change(engine, ring, 1, number, actor="organizer:8")
    assert states(sql) == ["held", "deferred", "cancelled", "queued", "queued", "queued", "queued", "queued"]
    assert read_change(engine, 1, number).counts == {Outcome.PUT_BACK: 6, Outcome.GONE: 2, Outcome.MOVED_ON: 0}


def test_what_is_dealt_with_needs_no_attention_until_something_happens(engine: Engine, ring: Ring, sql: Run) -> None:
    bounce(sql)
    number = ask(engine, ring, BOUNCED, BulkAction.SETTLE)
    assert preview_change(engine, BOUNCED, BulkAction.RETRY).chosen == 0
    assert states(sql)[0] == "bounced"
    undo_change(engine, ring, 1, number, actor="organizer:8")
    assert preview_change(engine, BOUNCED, BulkAction.RETRY).count == 3
    ask(engine, ring, BOUNCED, BulkAction.SETTLE)
    sql("UPDATE letter SET state_changed_at = clock_timestamp() WHERE id = 1")
    assert preview_change(engine, BOUNCED, BulkAction.RETRY).count == 1


def test_a_worker_does_what_a_request_had_no_time_for(
    engine: Engine, ring: Ring, settings: Settings, sql: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ask_module, "_AT_ONCE_S", -1.0)
    monkeypatch.setattr(work_module, "BATCH", 3)
    number = ask(engine, ring, Choice(1), BulkAction.CANCEL)
    assert read_change(engine, 1, number).counts[Outcome.WAITING] == 2 * PEOPLE
    # One is sent before its turn comes.
    sql("UPDATE letter SET state = 'sent', state_changed_at = clock_timestamp() WHERE id = 8")
    assert TaskName.CHANGE_LETTERS in sweep(engine, ring, settings)
    work_on_changes(engine, ring, settings)
    done = read_change(engine, 1, number)
    assert (done.counts[Outcome.CHANGED], done.counts[Outcome.MOVED_ON], done.is_running) == (7, 1, False)
    assert TaskName.CHANGE_LETTERS not in sweep(engine, ring, settings)
