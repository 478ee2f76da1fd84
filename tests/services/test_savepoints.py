"""A row that fails undoes no other row of its batch, and counts say only what was committed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared import clock
from shared.db.savepoints import RowsFailedError
from shared.domain.office_changes import ChangeKind, local_day
from shared.queue.ring import Ring
from shared.services import letter_fit
from shared.services.accept import accept_submission
from shared.services.offices.changes import carry_out_due
from shared.services.parts import failing_parts
from shared.services.prepare import prepare_submissions
from shared.services.submissions import begin_submission
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, make_supporter
from tests.services.came_back import Post
from tests.services.test_office_changes import OFFICE, Desk, desk, letters

__all__ = ["desk", "letters"]
_BREAKS = (
    "CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.letter_id = {number} THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF;"
    " RETURN NEW; END $$; CREATE TRIGGER breaks BEFORE INSERT ON letter_event FOR EACH ROW EXECUTE FUNCTION breaks()"
)


@pytest.fixture
def broken(engine: Engine, request: pytest.FixtureRequest, desk: Desk) -> Iterator[int]:
    """The database refuses one of the office's two letters."""
    with engine.begin() as connection:
        number = connection.execute(
            text("SELECT id FROM letter WHERE office_id = :office ORDER BY id OFFSET :n LIMIT 1"),
            {"office": OFFICE, "n": request.param},
        ).scalar_one()
        connection.exec_driver_sql(_BREAKS.format(number=number))
    yield number
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION breaks CASCADE")


@pytest.mark.parametrize("broken", [1], indirect=True)
def test_what_is_counted_as_moved_has_moved(desk: Desk, broken: int) -> None:
    made = desk.change(ChangeKind.VACANT)
    assert made.letters.get("held", 0) == desk.states()["held"]


@pytest.mark.parametrize("broken", [0, 1], indirect=True)
def test_one_letter_holds_up_no_other(desk: Desk, broken: int, engine: Engine, settings: Settings, ring: Ring) -> None:
    desk.change(ChangeKind.VACANT)
    for _ in range(3):
        desk.sweep()
    assert desk.states() == {"queued": 1, "held": 1}


@pytest.mark.parametrize("broken", [0], indirect=True)
def test_the_other_letter_is_not_forgotten_after_a_quarter_of_an_hour(
    desk: Desk, broken: int, engine: Engine, settings: Settings, ring: Ring
) -> None:
    desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    Post(engine, settings, ring).change("UPDATE office SET settle_until = now() - interval '1 second'")
    desk.sweep()
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION breaks CASCADE")
        connection.exec_driver_sql("CREATE FUNCTION breaks() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    desk.sweep()
    with engine.connect() as connection:
        names = set(connection.scalars(text("SELECT recipient_name FROM letter WHERE office_id = 1")))
    assert names == {"Noor Lane"}


def test_planned_changes_are_given_up_after_days(desk: Desk, engine: Engine, ring: Ring) -> None:
    day = local_day("ma", clock.now())
    made = desk.change(ChangeKind.VACANT, day + timedelta(days=1))
    with engine.begin() as connection:
        values = {"day": day - timedelta(days=3), "id": made.change_id}
        # Nothing says who sits there.
        broken = "UPDATE office_change SET on_date = :day, details = '{}', kind = 'seated' WHERE id = :id"
        connection.execute(text(broken), values)
    with pytest.raises(RowsFailedError):
        carry_out_due(engine, ring)
    with engine.connect() as connection:
        state, details = connection.execute(text("SELECT state, details FROM office_change")).one()
    assert (state, "for three days" in details["not_done"]) == ("undone", True)
    assert carry_out_due(engine, ring) == 0


def test_a_letter_that_can_not_follow_is_set_aside(desk: Desk, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr(letter_fit, "words_for", breaks)
    made = desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    assert (made.letters, desk.states()) == ({"failed": 2}, {"queued": 2})
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE office SET settle_until = now() - interval '1 second' WHERE id = 1")
    for _ in range(2):
        desk.sweep()
    with engine.connect() as connection:
        held = connection.execute(text("SELECT state, hold_reason, cause FROM letter WHERE office_id = 1")).all()
        assert connection.scalar(text("SELECT settle_until IS NULL FROM office WHERE id = 1"))
    assert set(held) == {("held", "organizer", "not_followed")}


def test_letters_that_can_not_be_made_hold_up_no_others_and_wait_longer_each_time(
    engine: Engine, settings: Settings, ring: Ring
) -> None:
    make_campaign(engine)
    make_campaign(engine, CAMPAIGN.replace('"co-ops"', '"broken"'))
    for slug in ("broken", "co-ops"):
        token = begin_submission(engine, ring, settings, slug, make_supporter())
        accept_submission(engine, ring, settings, token, own_words="")
    post = Post(engine, settings, ring)
    post.change("UPDATE campaign SET content = '{}' WHERE slug = 'broken'")
    waits = []
    for _ in range(3):
        prepare_submissions(engine, ring, settings)
        waits += post.ask("SELECT round(extract(epoch FROM lease_until - now()) / 60) FROM submission WHERE id = 1")
        post.change("UPDATE submission SET lease_until = NULL WHERE id = 1")
    assert [int(wait[0]) for wait in waits] == [5, 10, 20]
    assert post.ask("SELECT campaign_id, count(*) FROM letter GROUP BY campaign_id") == [(1, 2)]
    for _ in range(2):
        sweep(engine, ring, settings)
    assert [(one.part, one.error) for one in failing_parts(engine)] == [
        ("find submissions without letters", "1 SubmissionsWithoutLetters")
    ]
