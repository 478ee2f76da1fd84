"""Organizers' changes of offices: letters follow them, and undoing brings both back."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, func, select, text, update

from shared import clock
from shared.db.tables import follow_up, letter, letter_event, office, office_change, office_holder
from shared.domain.office_changes import ChangeKind, local_day
from shared.errors import InputError, NotAllowed
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters, send_mail
from shared.services.letter_detail import read_letter
from shared.services.letters import retry_letter
from shared.services.offices.changes import Made, make_change, read_seat, undo_change
from shared.services.offices.preview import preview_change
from shared.services.offices.wanted import By, read_wanted
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.smtp_server import ScriptedSmtpServer

BY = By("anna@example.org")
OFFICE = 1


@pytest.fixture
def letters(engine: Engine, ring: Ring, settings: Settings) -> None:
    """Two supporters wrote to two offices each."""
    make_campaign(engine)
    for name in ("jamie", "ana"):
        write_letters(engine, ring, settings, f"{name}@example.org")


class Desk:
    """An organizer at the page of the office."""

    def __init__(self, engine: Engine, ring: Ring, settings: Settings) -> None:
        self.engine, self.ring, self.settings = engine, ring, settings

    def change(self, kind: ChangeKind, day: date | None = None, **typed: str) -> Made:
        with self.engine.begin() as connection:
            seat = read_seat(connection, OFFICE)
            wanted = read_wanted(kind, {"reason": "They said so", "on": str(day or seat.today), **typed}, seat)
        return make_change(self.engine, self.ring, OFFICE, wanted, BY)

    def sentences(self, kind: ChangeKind, **typed: str) -> str:
        with self.engine.begin() as connection:
            seat = read_seat(connection, OFFICE)
            wanted = read_wanted(kind, {"reason": "They said so", "on": str(seat.today), **typed}, seat)
            return " ".join(preview_change(connection, seat, wanted))

    def undo(self, made: Made) -> Made:
        return undo_change(self.engine, self.ring, OFFICE, made.change_id, BY)

    def sweep(self) -> None:
        sweep(self.engine, self.ring, self.settings)

    def states(self) -> Counter[str]:
        with self.engine.connect() as connection:
            return Counter(connection.scalars(select(letter.c.state).where(letter.c.office_id == OFFICE)))

    def timeline(self) -> list[tuple[str, str]]:
        return [(event.words, event.detail) for event in read_letter(self.engine, 1).events]

    def holder(self) -> str | None:
        with self.engine.connect() as connection:
            query = select(office_holder.c.name).where(
                office_holder.c.office_id == OFFICE, office_holder.c.valid_to.is_(None)
            )
            return connection.execute(query).scalar_one_or_none()

    def letter(self) -> tuple[str, str, str]:
        with self.engine.connect() as connection:
            query = select(letter.c.recipient_name, letter.c.recipient_email, letter.c.body)
            row = connection.execute(query.where(letter.c.office_id == OFFICE).order_by(letter.c.id).limit(1)).one()
            return row[0], row[1], row[2]


@pytest.fixture
def desk(engine: Engine, ring: Ring, settings: Settings, letters: None) -> Desk:
    return Desk(engine, ring, settings)


def test_letters_wait_for_the_next_holder_and_are_written_anew_for_them(desk: Desk) -> None:
    assert desk.change(ChangeKind.VACANT).letters == {"held": 2}
    assert (desk.states(), desk.holder()) == ({"held": 2}, None)
    assert "2 letters that are held leave to noor@x.example when due, written anew for Noor Lane" in desk.sentences(
        ChangeKind.SEATED, name="Noor Lane", email="noor@x.example"
    )
    made = desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example", party="Green")
    assert made.letters == {"leaves": 2}
    name, email, body = desk.letter()
    assert (name, email, desk.states()) == ("Noor Lane", "noor@x.example", {"queued": 2})
    assert body.startswith("Dear Practice Representative Noor Lane,")
    assert desk.timeline()[2:] == [
        ("On hold", "Nobody holds this seat now."),
        ("Written anew", "For whoever holds the seat now."),
        ("Waiting to leave", ""),
    ]


def test_a_queued_letter_tells_that_it_was_written_anew_or_goes_elsewhere(desk: Desk) -> None:
    desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    desk.change(ChangeKind.ADDRESS, email="lane@x.example")
    desk.sweep()
    assert (desk.states(), desk.letter()[:2]) == ({"queued": 2}, ("Noor Lane", "lane@x.example"))
    assert [words for words, _ in desk.timeline()[1:]] == ["Letter written", "Written anew", "Goes to another address"]


def test_a_successor_without_an_address_holds_the_letters_and_undoing_lets_them_go_as_they_were(desk: Desk) -> None:
    before = desk.letter()
    made = desk.change(ChangeKind.SEATED, name="Noor Lane")
    assert (desk.holder(), desk.states(), made.letters) == ("Noor Lane", {"held": 2}, {"held": 2})
    assert desk.undo(made).letters == {"leaves": 2}
    assert (desk.holder(), desk.letter(), desk.states()) == ("Pat Practice", before, {"queued": 2})
    with pytest.raises(NotAllowed, match="undone already"):
        desk.undo(made)


def test_a_change_is_not_undone_over_a_later_one(desk: Desk) -> None:
    first = desk.change(ChangeKind.ADDRESS, email="one@x.example")
    second = desk.change(ChangeKind.ADDRESS, second_email="two@x.example")
    with pytest.raises(NotAllowed, match="has changed since"):
        desk.undo(first)
    desk.undo(second)
    desk.undo(first)
    assert desk.letter()[1] == "representative@practice.example"


def test_a_letter_in_a_workers_hands_follows_when_it_comes_back(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        connection.execute(update(letter).where(letter.c.id == 1).values(state="sending"))
    desk.change(ChangeKind.VACANT)
    assert desk.states() == {"sending": 1, "held": 1}
    with desk.engine.begin() as connection:
        connection.execute(update(letter).where(letter.c.id == 1).values(state="deferred"))
    desk.sweep()
    assert desk.states() == {"held": 2}
    with desk.engine.begin() as connection:
        connection.execute(update(office).values(settle_until=func.now() - timedelta(seconds=1)))
    desk.sweep()
    with desk.engine.connect() as connection:
        assert connection.scalar(select(func.count()).where(office.c.settle_until.is_not(None))) == 0


def test_a_change_of_the_future_is_made_on_its_day_or_called_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    today = local_day("ma", clock.now())
    first = desk.change(ChangeKind.VACANT, today + timedelta(days=3))
    second = desk.change(ChangeKind.SEATED, today + timedelta(days=7), name="Noor Lane", email="noor@x.example")
    off = desk.change(ChangeKind.SEATED, today + timedelta(days=8), name="Somebody Else")
    assert first.is_planned
    assert desk.undo(off).is_planned
    desk.sweep()
    assert desk.holder() == "Pat Practice"
    real = clock.now
    monkeypatch.setattr("shared.clock.now", lambda: real() + timedelta(days=3))
    desk.sweep()
    assert (desk.holder(), desk.states()) == (None, {"held": 2})
    monkeypatch.setattr("shared.clock.now", lambda: real() + timedelta(days=9))
    desk.sweep()
    assert (desk.holder(), desk.states()) == ("Noor Lane", {"queued": 2})
    with desk.engine.connect() as connection:
        since = connection.scalar(select(office_holder.c.valid_from).where(office_holder.c.name == "Noor Lane"))
        states = list(connection.scalars(select(office_change.c.state).order_by(office_change.c.id)))
    assert (since, states) == (today + timedelta(days=7), ["done", "done", "undone"])
    assert second.is_planned


def test_what_was_planned_for_somebody_who_is_gone_is_not_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    today = local_day("ma", clock.now())
    desk.change(ChangeKind.VACANT, today + timedelta(days=3))
    desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    real = clock.now
    monkeypatch.setattr("shared.clock.now", lambda: real() + timedelta(days=3))
    desk.sweep()
    assert desk.holder() == "Noor Lane"
    with desk.engine.connect() as connection:
        details = connection.scalar(select(office_change.c.details).where(office_change.c.id == 1))
    assert details["not_done"] == "Pat Practice does not hold this seat any more."


def test_held_letters_go_to_the_offices_own_address_when_somebody_says_so(desk: Desk) -> None:
    desk.change(ChangeKind.VACANT)
    with pytest.raises(NotAllowed, match="no address of its own"):
        desk.change(ChangeKind.RELEASED)
    desk.change(ChangeKind.ADDRESS, general_email="district@x.example")
    assert desk.states() == {"held": 2}
    made = desk.change(ChangeKind.RELEASED)
    assert (made.letters, desk.states()) == ({"leaves": 2}, {"queued": 2})
    name, email, body = desk.letter()
    assert (name, email) == ("", "district@x.example")
    assert body.startswith("Dear Practice Representative for 1st Practice District,")
    desk.sweep()
    assert desk.states() == {"queued": 2}
    assert (desk.undo(made).letters, desk.states()) == ({"held": 2}, {"held": 2})


def test_withdrawn_letters_are_told_of_truly_and_can_be_held_again(desk: Desk, settings: Settings) -> None:
    desk.change(ChangeKind.VACANT)
    made = desk.change(ChangeKind.WITHDRAWN)
    assert (made.letters, desk.states()) == ({"withdrawn": 2}, {"cancelled": 2})
    assert desk.letter()[2].startswith("Dear Practice Representative for 1st Practice District,")
    with desk.engine.begin() as connection:
        assert set(connection.scalars(select(letter_event.c.cause).where(letter_event.c.to_state == "cancelled"))) == {
            "withdrawn"
        }
        connection.execute(text("UPDATE follow_up SET due_at = now() WHERE kind = 'failure'"))
        connection.execute(text("DELETE FROM follow_up WHERE kind <> 'failure'"))
    with ScriptedSmtpServer() as server:
        settings = replace(settings, mailbox_url=server.url)
        deliver_letters(desk.engine, desk.ring, settings, first_tries=True)
        send_mail(desk.engine, desk.ring, settings)
    with desk.engine.connect() as connection:
        query = select(follow_up.c.subject, follow_up.c.body_text).where(follow_up.c.kind == "failure")
        subject, words = connection.execute(query.limit(1)).one()
    assert "Your letter to Practice Representative" in subject
    assert "the campaign took the letter back. It was not sent." in " ".join(words.split())
    assert (desk.undo(made).letters, desk.states()) == ({"held": 2}, {"held": 2})


def test_a_letter_that_is_checked_for_programs_stays_held_and_is_written_for_the_new_holder(desk: Desk) -> None:
    with desk.engine.begin() as connection:
        held = {"state": "held", "hold_reason": "abuse_check", "cause": "abuse_check"}
        connection.execute(update(letter).where(letter.c.office_id == OFFICE).values(held))
    desk.change(ChangeKind.VACANT)
    assert (desk.states(), desk.letter()[2]) == ({"held": 2}, "")
    desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    assert (desk.states(), desk.letter()[0]) == ({"held": 2}, "Noor Lane")
    retry_letter(desk.engine, desk.ring, 1, actor="organizer:1")
    assert desk.states() == {"held": 1, "queued": 1}


def test_a_campaign_that_does_not_write_to_the_new_holder_asks_a_person(desk: Desk) -> None:
    left_out = '[[exclusions]]\nreason = "On our side already."\nparties = ["Green"]\n+++\n<!-- page -->'
    make_campaign(desk.engine, CAMPAIGN.replace("+++\n<!-- page -->", left_out))
    made = desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example", party="Green")
    assert (made.letters, desk.states()) == ({"held": 2}, {"held": 2})
    with desk.engine.connect() as connection:
        causes = connection.execute(
            select(letter.c.hold_reason, letter.c.cause).where(letter.c.office_id == OFFICE).distinct()
        ).all()
    assert [tuple(row) for row in causes] == [("organizer", "left_out")]
    retry_letter(desk.engine, desk.ring, 1, actor="organizer:1")
    assert desk.states() == {"held": 1, "queued": 1}


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        (ChangeKind.ADDRESS, {"email": "representative@practice.example"}, "email"),
        (ChangeKind.ADDRESS, {"email": "nonsense"}, "email"),
        (ChangeKind.ADDRESS, {"email": "new@x.example", "reason": " "}, "reason"),
        (ChangeKind.VACANT, {"on": "soon"}, "on"),
        (ChangeKind.VACANT, {"on": "2099-01-01"}, "on"),
        (ChangeKind.SEATED, {"name": ""}, "name"),
        (ChangeKind.SEATED, {"name": "pat practice"}, "name"),
        (ChangeKind.SEATED, {"name": "Noor Lane", "email": "nonsense"}, "email"),
    ],
)
def test_what_can_not_be_is_refused_where_it_was_typed(
    desk: Desk, kind: ChangeKind, typed: dict[str, str], field: str
) -> None:
    with pytest.raises(InputError) as refused:
        desk.change(kind, **typed)
    assert set(refused.value.fields) == {field}
    assert (desk.holder(), desk.states()) == ("Pat Practice", {"queued": 2})
