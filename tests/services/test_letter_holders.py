"""A letter that waits again goes to whoever holds its office today; only its writer can say more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from shared import clock
from shared.db.claims import Kind, Result
from shared.domain.bulk import BulkAction
from shared.domain.causes import Cause
from shared.domain.letter_filter import Choice
from shared.domain.office_changes import ChangeKind, local_day
from shared.domain.states import LetterState
from shared.errors import NotAllowed
from shared.queue.ring import Ring
from shared.services.bulk import ask_change, undo_change
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.record import record
from shared.services.erasure import erase_person
from shared.services.letters import retry_letter
from shared.services.my_letters import send_to_new_holder
from shared.services.office_addresses import try_failing_addresses
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.services.came_back import DELIVERED, DISTRUSTED, FULL, OFFICE, UNKNOWN, Post, report
from tests.services.test_office_changes import Desk, desk, letters
from tests.smtp_server import ScriptedSmtpServer

__all__ = ["desk", "letters"]
NOOR = ("Noor Lane", "noor@x.example", "Dear Practice Representative Noor Lane")
PAT = ("Pat Practice", OFFICE, "Dear Practice Representative Pat Practice")
EDIT = "UPDATE submission SET edited_subject = 'Mine', edited_body = 'Pat, you promised.' WHERE id = 1"
HOLD = "SELECT state, hold_reason, cause FROM letter WHERE id = 1"


class Case:
    """Letter 1, its office, and ways in which it becomes waiting again."""

    def __init__(self, desk: Desk, engine: Engine, settings: Settings, ring: Ring) -> None:
        self.desk, self.engine, self.settings, self.ring = desk, engine, settings, ring
        self.post = Post(engine, settings, ring)

    def put(self, values: str) -> None:
        self.post.change(f"UPDATE letter SET {values}, state_changed_at = now() WHERE id = 1")

    def bulk(self, action: BulkAction, minutes: int = 10) -> int:
        delay, choice = timedelta(minutes=minutes), Choice(1, ids=(1,))
        return ask_change(
            self.engine, self.ring, choice, action, actor="organizer:1", title="", delay=delay, expected=1
        )

    def undo_bulk(self, number: int) -> None:
        undo_change(self.engine, self.ring, 1, number, actor="organizer:1")

    def seat_noor(self, email: str = "noor@x.example") -> None:
        """And nothing follows the office any more when the letter turns up."""
        self.desk.change(ChangeKind.SEATED, name="Noor Lane", email=email)
        self.close()

    def leave(self) -> None:
        """Whatever is due leaves."""
        with ScriptedSmtpServer() as server:
            settings = replace(self.settings, mailbox_url=server.url)
            for first in (True, False):
                deliver_letters(self.engine, self.ring, settings, first_tries=first)

    def close(self) -> None:
        self.post.change("UPDATE office SET settle_until = now() - interval '1 hour'")
        self.desk.sweep()

    def recorded(self, state: LetterState) -> None:
        row = self.post.ask("SELECT attempt FROM letter WHERE id = 1")[0]
        with self.engine.begin() as connection:
            record(connection, Kind.LETTER, [Result(1, row[0], state, Cause.CONNECTION)])

    def where(self) -> tuple[str, ...]:
        query = "SELECT recipient_name, recipient_email, split_part(body, ',', 1) FROM letter WHERE id = 1"
        return self.post.ask(query)[0]

    def emails(self) -> list[tuple[int, str]]:
        query = "SELECT submission_id, state FROM follow_up WHERE kind = 'new_holder' ORDER BY id"
        return [(row[0], row[1]) for row in self.post.ask(query)]


@pytest.fixture
def case(desk: Desk, engine: Engine, settings: Settings, ring: Ring) -> Case:
    return Case(desk, engine, settings, ring)


BOUNCED = "state = 'bounced', cause = 'mailbox_full', sent_at = now()"
LEASED = "state = 'sending', worker = 'gone', attempt = 1"


def _retry(case: Case) -> None:
    retry_letter(case.engine, case.ring, 1, actor="organizer:1")


def _deferred_then(case: Case, action: BulkAction) -> None:
    """It comes back from a worker of an older version, which lets no letter follow."""
    case.put("state = 'deferred', cause = 'temporary'")
    case.bulk(action)


# Where the letter is while its seat changes hands, and what makes it wait again.
ARROWS: dict[str, tuple[str, Callable[[Case], object]]] = {
    "retry of a bounced letter": (BOUNCED, _retry),
    "retry of a rejected letter": ("state = 'rejected', cause = 'refused'", _retry),
    "retry of an expired letter": ("state = 'expired', cause = 'too_late'", _retry),
    "retry of a cancelled letter": ("state = 'cancelled', cause = 'organizer'", _retry),
    "retry of a letter set aside": ("state = 'quarantined', cause = 'crashed'", _retry),
    "retry of an uncertain letter": ("state = 'uncertain', cause = 'lost_after_dot'", _retry),
    "retry of an unconfirmed letter": ("state = 'unconfirmed', cause = 'lost_after_dot'", _retry),
    "bulk retry": (BOUNCED, lambda case: case.bulk(BulkAction.RETRY)),
    "bulk retry of a deferred letter": ("state = 'sending'", lambda case: _deferred_then(case, BulkAction.RETRY)),
    "a full mailbox": ("state = 'sent', sent_at = now()", lambda case: case.post.comes(report(FULL))),
    "our DNS": ("state = 'sent', sent_at = now()", lambda case: case.post.comes(report(DISTRUSTED))),
    "a late bounce": ("state = 'delivered', sent_at = now()", lambda case: case.post.comes(report(FULL))),
    "a bounce of an uncertain one": ("state = 'uncertain'", lambda case: case.post.comes(report(FULL))),
    "an attempt that failed": (LEASED, lambda case: case.recorded(LetterState.DEFERRED)),
    "proved unsent": (LEASED, lambda case: case.recorded(LetterState.QUEUED)),
    "a journal": (
        "state = 'uncertain', worker = 'gone', attempt = 1",
        lambda case: case.recorded(LetterState.QUEUED),
    ),
}


@pytest.mark.parametrize("name", ARROWS)
def test_every_way_back_into_the_queue_leads_to_todays_holder(case: Case, name: str) -> None:
    state, again = ARROWS[name]
    case.put(state)
    case.seat_noor()
    again(case)
    assert case.post.state() in ("queued", "deferred")
    assert case.where() == NOOR
    assert case.emails() == [(2, "queued"), (1, "queued")]


@pytest.mark.parametrize("name", ARROWS)
def test_an_edited_letter_waits_for_its_writer_on_every_way(case: Case, name: str) -> None:
    case.post.change(EDIT)
    state, again = ARROWS[name]
    case.put(state)
    case.seat_noor()
    again(case)
    assert case.post.ask(HOLD) == [("held", "new_holder", "new_holder")]
    assert case.post.ask("SELECT recipient_name, body LIKE '%Noor Lane,%you promised.' FROM letter WHERE id = 1") == [
        ("Noor Lane", True)
    ]
    assert case.emails() == [(2, "queued"), (1, "queued")]


@pytest.mark.parametrize("name", [name for name in ARROWS if "retry" not in name])
def test_a_letter_that_comes_back_to_a_vacant_seat_is_held(case: Case, name: str) -> None:
    state, again = ARROWS[name]
    case.put(state)
    case.desk.change(ChangeKind.VACANT)
    case.close()
    again(case)
    assert case.post.ask(HOLD) == [("held", "vacant_seat", "vacant_seat")]
    case.desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    assert (case.post.state(), case.where()) == ("queued", NOOR)


@pytest.mark.parametrize("kind", [ChangeKind.VACANT, ChangeKind.SEATED])
def test_nothing_is_sent_again_while_nobody_can_be_written_to(case: Case, kind: ChangeKind) -> None:
    case.put(BOUNCED)
    case.desk.change(kind, name="Noor Lane")
    case.close()
    with pytest.raises(NotAllowed, match="holder with an email address"):
        _retry(case)
    case.bulk(BulkAction.RETRY)
    assert case.post.ask("SELECT outcome FROM bulk_letter") == [("left_out",)]
    assert (case.post.state(), case.where()) == ("bounced", PAT)


def test_a_held_letter_to_a_vacant_seat_is_not_released_to_who_held_it(case: Case) -> None:
    case.desk.change(ChangeKind.VACANT)
    case.close()
    with pytest.raises(NotAllowed):
        _retry(case)
    assert case.post.state() == "held"


def test_a_second_address_is_that_of_todays_holder(case: Case) -> None:
    case.post.change("UPDATE office_holder SET second_email = 'old@x.example' WHERE office_id = 1")
    case.put(BOUNCED)
    case.seat_noor()
    case.post.change("UPDATE office_holder SET second_email = 'aide@x.example' WHERE name = 'Noor Lane'")
    case.bulk(BulkAction.SECOND)
    assert case.where() == ("Noor Lane", "aide@x.example", NOOR[2])


def test_the_next_address_after_a_bounce_is_that_of_todays_holder(case: Case) -> None:
    case.post.change("UPDATE office_holder SET second_email = 'aide@x.example' WHERE office_id = 1")
    case.put("state = 'sent', sent_at = now()")
    case.seat_noor()
    case.post.comes(report(UNKNOWN))
    assert (case.post.state(), case.where()) == ("queued", NOOR)


def test_a_failing_address_that_counts_again_releases_to_todays_holder(case: Case) -> None:
    case.post.change("UPDATE office_holder SET email_failed_at = now() WHERE office_id = 1")
    case.seat_noor()
    case.put(
        "state = 'held', hold_reason = 'address_failing', office_holder_id = 1, recipient_name = 'Pat Practice',"
        f" recipient_email = '{OFFICE}'"
    )
    try_failing_addresses(case.engine, case.ring)
    assert (case.post.state(), case.where()) == ("queued", NOOR)


def test_a_full_mailbox_is_tried_again_at_the_corrected_address(case: Case) -> None:
    case.put("state = 'sent', sent_at = now()")
    case.desk.change(ChangeKind.ADDRESS, email="new@x.example")
    case.close()
    case.post.comes(report(FULL))
    assert (case.post.state(), case.where()[1]) == ("deferred", "new@x.example")


def test_a_claim_takes_no_letter_to_a_former_holder_and_brings_it_along(case: Case) -> None:
    """Whatever else went wrong: it was queued behind the back of everything that lets letters follow."""
    case.post.change(EDIT.replace("id = 1", "id = 2"))
    case.put("state = 'sent'")
    case.post.change("UPDATE letter SET state = 'sent' WHERE id = 3")
    case.seat_noor()
    case.post.change("UPDATE letter SET state = 'queued', due_at = now() WHERE id IN (1, 3)")
    _deliver(case)
    assert (case.post.state(), case.where()) == ("sent", NOOR)
    assert case.post.ask("SELECT state, hold_reason FROM letter WHERE id = 3") == [("held", "new_holder")]
    assert case.post.ask("SELECT state FROM letter WHERE id IN (2, 4)") == [("sent",), ("sent",)]


def test_a_seat_that_changes_hands_on_a_day_to_come_is_its_holders_until_then(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.put(BOUNCED)
    day = local_day("ma", clock.now()) + timedelta(days=3)
    case.desk.change(ChangeKind.SEATED, day, name="Noor Lane", email="noor@x.example")
    _retry(case)
    assert case.where() == PAT
    case.put(BOUNCED)
    real = clock.now
    monkeypatch.setattr("shared.clock.now", lambda: real() + timedelta(days=3))
    case.desk.sweep()
    case.close()
    _retry(case)
    assert case.where() == NOOR


def test_a_letter_of_an_erased_supporter_is_never_sent_again(case: Case) -> None:
    number = case.bulk(BulkAction.CANCEL)
    erase_person(case.engine, case.settings, "jamie@example.org")
    case.seat_noor()
    case.undo_bulk(number)
    assert case.post.ask("SELECT state, reply_to FROM letter WHERE id = 1") == [("cancelled", "")]
    case.put("state = 'queued', due_at = now()")
    _deliver(case)
    assert case.post.state() == "cancelled"
    assert case.post.ask("SELECT count(*) FROM letter_revision WHERE letter_id = 1") == [(0,)]


GREENS = """
<!-- letter: greens -->
Dear {{recipient_name}},

Please act, as Greens do.

<!-- letter: all -->
Dear {{recipient_name}},

Please act."""
HEAD = """
[[versions]]
name = "greens"
parties = ["Green"]

[[versions]]
name = "all"
+++
<!-- page -->"""


@pytest.mark.parametrize(
    ("pat", "noor", "state"),
    [("Blue", "Green", "held"), ("Green", "Blue", "held"), ("Green", "Green", "held"), ("Blue", "Blue", "queued")],
)
def test_a_version_for_chosen_offices_waits_for_its_writer(
    engine: Engine, settings: Settings, ring: Ring, pat: str, noor: str, state: str
) -> None:
    text = CAMPAIGN.replace("+++\n<!-- page -->", HEAD.strip())
    make_campaign(engine, text[: text.index("<!-- letter -->")] + GREENS.strip())
    write_letters(engine, ring, settings, "first@example.org")
    case = Case(Desk(engine, ring, settings), engine, settings, ring)
    case.post.change("UPDATE office_holder SET party = :party WHERE office_id = 1", party=pat)
    write_letters(engine, ring, settings, "ana@example.org")
    case.desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example", party=noor)
    assert case.post.ask("SELECT state FROM letter WHERE office_id = 1 AND submission_id = 2") == [(state,)]


def test_a_writer_is_told_once_a_change_and_not_of_one_that_was_undone(case: Case) -> None:
    made = case.desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    case.desk.sweep()
    corrected = case.desk.change(ChangeKind.ADDRESS, email="lane@x.example")
    assert case.emails() == [(1, "queued"), (2, "queued")]
    case.desk.undo(corrected)
    case.desk.undo(made)
    _send_emails(case)
    assert {state for _, state in case.emails()} == {"cancelled"}


def _deliver(case: Case) -> None:
    with ScriptedSmtpServer() as server:
        settings = replace(case.settings, mailbox_url=server.url)
        deliver_letters(case.engine, case.ring, settings, first_tries=True)


def _send_emails(case: Case) -> None:
    case.post.change("UPDATE follow_up SET due_at = now() WHERE kind = 'new_holder'")
    case.post.change("DELETE FROM follow_up WHERE kind <> 'new_holder'")
    case.post.change("UPDATE letter SET due_at = now() + interval '1 hour'")
    send_mail(case.engine, case.ring, case.settings)


def test_letters_that_wait_for_an_answer_go_when_it_comes(case: Case) -> None:
    case.post.change(EDIT)
    case.seat_noor()
    token = str(case.post.ask("SELECT token FROM submission WHERE id = 1")[0][0])
    send_to_new_holder(case.engine, case.ring, token, 1)
    send_to_new_holder(case.engine, case.ring, token, 1)
    assert (case.post.state(), case.where()) == ("queued", NOOR)
    assert case.post.ask("SELECT subject, hold_reason FROM letter WHERE id = 1") == [("Mine", None)]


def test_an_answer_for_somebody_who_has_left_too_is_asked_for_again(case: Case) -> None:
    case.post.change(EDIT)
    case.seat_noor()
    token = str(case.post.ask("SELECT token FROM submission WHERE id = 1")[0][0])
    case.desk.change(ChangeKind.VACANT)
    with pytest.raises(NotAllowed, match="Nobody holds this seat"):
        send_to_new_holder(case.engine, case.ring, token, 1)
    case.desk.change(ChangeKind.SEATED, name="Lee Moss", email="lee@x.example")
    assert case.post.ask(HOLD) == [("held", "new_holder", "new_holder")]
    assert case.where()[0] == "Lee Moss"
    assert [number for number, _ in case.emails()].count(1) == 2


def test_an_organizer_releases_it_as_any_other_hold(case: Case) -> None:
    case.post.change(EDIT)
    case.seat_noor()
    case.bulk(BulkAction.RELEASE)
    assert (case.post.state(), case.where()) == ("queued", NOOR)


def test_a_letter_held_for_a_look_is_asked_about_when_it_is_released(case: Case) -> None:
    case.post.change(EDIT)
    case.put("state = 'held', hold_reason = 'abuse_check', cause = 'abuse_check'")
    case.seat_noor()
    assert case.post.ask(HOLD) == [("held", "abuse_check", "abuse_check")]
    _retry(case)
    assert case.post.ask(HOLD) == [("held", "new_holder", "new_holder")]


def test_taking_a_bulk_retry_back_after_the_seat_changed_hands_leaves_one_persons_letter(case: Case) -> None:
    case.put(BOUNCED)
    before = case.post.ask("SELECT * FROM letter WHERE id = 1")
    number = case.bulk(BulkAction.RETRY)
    case.seat_noor()
    assert case.where() == NOOR
    case.undo_bulk(number)
    assert case.post.ask("SELECT * FROM letter WHERE id = 1") == before


@pytest.mark.parametrize("is_edited", [False, True])
def test_a_bulk_retry_to_the_new_holder_is_taken_back_whole(case: Case, *, is_edited: bool) -> None:
    if is_edited:
        case.post.change(EDIT)
    case.put(BOUNCED)
    before = case.post.ask("SELECT * FROM letter WHERE id = 1")
    case.seat_noor()
    number = case.bulk(BulkAction.RETRY)
    assert case.post.state() == ("held" if is_edited else "queued")
    case.undo_bulk(number)
    assert case.post.ask("SELECT * FROM letter WHERE id = 1") == before
    _send_emails(case)
    assert (1, "cancelled") in case.emails()


def test_a_cancelled_letter_comes_back_for_todays_holder(case: Case) -> None:
    number = case.bulk(BulkAction.CANCEL)
    case.seat_noor()
    case.undo_bulk(number)
    assert (case.post.state(), case.where()) == ("queued", NOOR)


def test_a_cancelled_letter_comes_back_to_no_address_that_failed_meanwhile(case: Case) -> None:
    number = case.bulk(BulkAction.CANCEL)
    case.post.change("UPDATE office_holder SET email_failed_at = now() WHERE office_id = 1")
    case.undo_bulk(number)
    assert case.post.ask(HOLD) == [("held", "address_failing", "address_failing")]


def test_an_undo_keeps_what_others_marked_as_dealt_with(case: Case) -> None:
    case.put(BOUNCED)
    marked = "SELECT attended_at FROM letter WHERE id = 1"
    case.bulk(BulkAction.SETTLE)
    earlier = case.post.ask(marked)
    case.undo_bulk(case.bulk(BulkAction.SETTLE))
    assert case.post.ask(marked) == earlier != [(None,)]
    number = case.bulk(BulkAction.SETTLE)
    case.bulk(BulkAction.SETTLE)
    later = case.post.ask(marked)
    case.undo_bulk(number)
    assert case.post.ask(marked) == later


def test_who_was_told_of_the_new_holder_hears_of_its_undoing(case: Case) -> None:
    made = case.desk.change(ChangeKind.SEATED, name="Noor Lane", email="noor@x.example")
    case.post.change("UPDATE follow_up SET state = 'sent', sent_at = now() WHERE kind = 'new_holder'")
    case.desk.undo(made)
    assert case.where() == PAT
    assert case.emails() == [(1, "sent"), (2, "sent"), (1, "queued"), (2, "queued")]


@pytest.mark.parametrize("named", [OFFICE, ""])
@pytest.mark.parametrize("is_sent", [False, True])
def test_news_of_a_former_holders_copy_says_nothing_of_the_next_holders(case: Case, named: str, is_sent: bool) -> None:
    case.leave()
    case.post.comes(report(FULL))
    case.seat_noor()
    if is_sent:
        case.put("due_at = now()")
        case.leave()
    before = case.post.ask("SELECT state, recipient_email FROM letter WHERE id = 1")
    assert before == [("sent" if is_sent else "deferred", "noor@x.example")]
    case.post.comes(report(DELIVERED, named), to=case.post.verp())
    assert case.post.ask("SELECT state, recipient_email FROM letter WHERE id = 1") == before
