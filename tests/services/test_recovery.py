"""What a dead worker's journal means for the rows it had claimed, and when a database is no longer the one we left."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, text

from shared.db.claims import Kind, Result, claim_letters, record_results
from shared.db.installation import hold, read_switches
from shared.db.pace import find_domain
from shared.domain.causes import Cause
from shared.domain.states import LetterState
from shared.domain.transport import Transport
from shared.providers import journal as journals
from shared.providers.journal import Item, Journal
from shared.providers.ledger import read_departures
from shared.providers.marker import read_marker
from shared.services.delivery.recover import accept_database, check_database, recover
from shared.services.sweep import sweep
from shared.timing import USUAL
from tests.services.road import Here

Steps = Callable[[Journal, Item], None]


def claimed(here: Here, folder: Path) -> tuple[Journal, list[Item]]:
    """Two letters claimed by a worker that is about to die."""
    here.send()
    journal = Journal(folder)
    with here.engine.begin() as connection:
        domain = find_domain(connection, [Transport.MAILBOX], LetterState.QUEUED)
        assert domain is not None
        rows = claim_letters(connection, domain, LetterState.QUEUED, worker=journal.name, lease_s=60, limit=5)
    return journal, [Item("letter", row["id"], row["attempt"]) for row in rows]


def nothing(_journal: Journal, _item: Item) -> None:
    return


def in_hand(journal: Journal, item: Item) -> None:
    journal.hand(item)


def past_the_dot(journal: Journal, item: Item) -> None:
    journal.hand(item)
    journal.dot(item)


def answered(verdict: str, cause: str, reply: str) -> Steps:
    def steps(journal: Journal, item: Item) -> None:
        past_the_dot(journal, item)
        journal.end(item, verdict, cause, reply)

    return steps


@pytest.mark.parametrize(
    ("steps", "state", "crashes", "after_a_reboot"),
    [
        (nothing, "queued", 0, "uncertain"),
        (in_hand, "queued", 1, "uncertain"),
        (past_the_dot, "uncertain", 1, "uncertain"),
        (answered("accepted", "", "250 ok"), "sent", 0, "sent"),
        (answered("rejected", "no_such_address", "550 5.1.1 no"), "rejected", 0, "rejected"),
        (answered("deferred", "temporary", "451 later"), "deferred", 0, "deferred"),
        (answered("stopped", "worker_stopped", ""), "queued", 0, "queued"),
    ],
)
@pytest.mark.parametrize("rebooted", [False, True])
def test_the_last_line_decides(
    here: Here,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    steps: Steps,
    state: str,
    crashes: int,
    after_a_reboot: str,
    rebooted: bool,
) -> None:
    journal, (first, _) = claimed(here, tmp_path)
    steps(journal, first)
    journal.abandon()
    if rebooted:
        monkeypatch.setattr(journals, "boot_id", lambda: "another start")
    assert recover(here.engine, tmp_path, USUAL) == 1
    assert here.states() == [after_a_reboot if rebooted else state, "uncertain" if rebooted else "queued"]
    if not rebooted:
        with here.engine.connect() as connection:
            assert connection.scalar(text("SELECT crash_count FROM letter WHERE id = :id"), {"id": first.id}) == crashes
    assert recover(here.engine, tmp_path, USUAL) == 0


@pytest.mark.parametrize("lease_ran_out", [False, True])
def test_what_was_recorded_is_no_longer_the_journal_s(here: Here, tmp_path: Path, *, lease_ran_out: bool) -> None:
    """The server took a letter and did not say so; the worker recorded that, went on with others, and died."""
    journal, (first, second) = claimed(here, tmp_path)
    if lease_ran_out:
        with here.engine.begin() as connection:
            connection.execute(text("UPDATE letter SET lease_until = now() - interval '1 second'"))
        sweep(here.engine, here.ring, here.settings)
    results = [
        Result(first.id, first.attempt, LetterState.UNCERTAIN, Cause.LOST_AFTER_DOT),
        Result(second.id, second.attempt, LetterState.SENT, reply="250 ok"),
    ]
    with here.engine.begin() as connection:
        record_results(connection, Kind.LETTER, results)
    journal.clear()
    journal.hand(Item("letter", second.id, 99))
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE letter SET attempt = 99 WHERE id = :id"), {"id": second.id})
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    assert here.states() == ["uncertain", "sent"]


def test_a_journal_that_began_anew_says_nothing_of_what_it_carried_before(here: Here, tmp_path: Path) -> None:
    """A backup was made while a batch was under way: its rows are claimed by that journal once more."""
    journal, items = claimed(here, tmp_path)
    for item in items:
        in_hand(journal, item)
        journal.end(item, "accepted", "", "250 ok")
    journal.clear()
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    assert here.states() == ["sending", "sending"]


def test_while_everything_is_held_silence_proves_nothing(here: Here, tmp_path: Path) -> None:
    journal, _ = claimed(here, tmp_path)
    with here.engine.begin() as connection:
        hold(connection, "A backup was restored.")
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    assert here.states() == ["uncertain", "uncertain"]


def test_what_a_dead_worker_s_letters_came_to_is_in_the_ledger(here: Here, tmp_path: Path) -> None:
    check_database(here.engine, tmp_path)
    journal, (first, _) = claimed(here, tmp_path)
    past_the_dot(journal, first)
    journal.end(first, "accepted", "", "250 ok")
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    lineage, since = read_marker(tmp_path).lineage, datetime.now(UTC) - timedelta(days=1)
    assert [one.item for one in read_departures(tmp_path, lineage, since)] == [first]


def test_a_living_worker_s_letters_stay_its_own(here: Here, tmp_path: Path) -> None:
    journal, _ = claimed(here, tmp_path)
    assert recover(here.engine, tmp_path, USUAL) == 0
    assert here.states() == ["sending", "sending"]
    journal.abandon()


def test_three_crashes_set_a_letter_aside(here: Here, tmp_path: Path) -> None:
    journal, (first, second) = claimed(here, tmp_path)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE letter SET crash_count = 2 WHERE id = :id"), {"id": first.id})
    in_hand(journal, first)
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    assert here.states() == ["quarantined", "queued"]
    assert second.id != first.id


def reason(engine: Engine) -> str:
    with engine.connect() as connection:
        return read_switches(connection).hold_reason


def test_the_same_database_is_never_held(engine: Engine, tmp_path: Path) -> None:
    for _ in range(3):
        check_database(engine, tmp_path)
    assert reason(engine) == ""


def test_another_cluster_holds_everything_until_accepted(engine: Engine, tmp_path: Path) -> None:
    check_database(engine, tmp_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE installation SET timeline = timeline + 1"))
    check_database(engine, tmp_path)
    assert "not the database" in reason(engine)
    accept_database(engine, actor="test")
    check_database(engine, tmp_path)
    assert reason(engine) == ""


def test_a_log_that_is_shorter_than_it_was_holds_everything(engine: Engine, tmp_path: Path) -> None:
    check_database(engine, tmp_path)
    identifier, _ = json.loads((tmp_path / "database").read_text())
    (tmp_path / "database").write_text(json.dumps([identifier, "FFFFFF/0"]))
    check_database(engine, tmp_path)
    assert "back in time" in reason(engine)


def test_a_sweep_leaves_a_further_position_that_another_one_wrote_meanwhile(engine: Engine, tmp_path: Path) -> None:
    check_database(engine, tmp_path)
    file = tmp_path / "database"
    further = json.dumps([json.loads(file.read_text())[0], "FFFFFF/0"])

    def another_sweeps(_connection: object) -> None:
        file.write_text(further)

    event.listen(engine, "begin", another_sweeps, once=True)
    check_database(engine, tmp_path)
    assert file.read_text() == further
    check_database(engine, tmp_path)
    assert "back in time" in reason(engine)


def test_a_journal_of_letters_that_were_never_made_holds_everything(here: Here, tmp_path: Path) -> None:
    here.send()
    journal = Journal(tmp_path)
    journal.hand(Item("letter", 1_000_000, 1))
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    assert "journal knows" in reason(here.engine)


def test_a_journal_of_a_deleted_row_says_nothing(here: Here, tmp_path: Path) -> None:
    here.send()
    journal = Journal(tmp_path)
    journal.hand(Item("follow_up", 1, 7))
    with here.engine.begin() as connection:
        connection.execute(text("DELETE FROM follow_up"))
    journal.abandon()
    recover(here.engine, tmp_path, USUAL)
    assert reason(here.engine) == ""
