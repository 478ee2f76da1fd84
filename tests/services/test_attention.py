"""What needs attention, in groups: the words, the one action of each, and that the action ends the trouble."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from shared.domain.attention import Group, Way
from shared.domain.bulk import BulkAction
from shared.domain.causes import Cause
from shared.domain.letter_filter import Choice
from shared.domain.places import HomeAddress
from shared.domain.problems import PLACES, Problem, problem_of
from shared.domain.states import NEEDS_ATTENTION, LetterState
from shared.errors import NotAllowed, NotFound
from shared.queue.ring import Ring
from shared.services.address_questions import correct_person, email_links, list_asked, read_person, settle_questions
from shared.services.attention import read_attention
from shared.services.bulk import ask_change, preview_change, undo_change
from shared.services.campaigns import read_campaign
from shared.services.failing_addresses import correct_failing, find_mendable
from shared.services.offices.wanted import By
from shared.services.prepare import prepare_submissions
from shared.settings import Settings
from tests.factories import make_campaign, write_letters

Sql = Callable[[str], None]
Groups = Callable[[], dict[str, Group]]

NEW = {"email": "new@right.example", "second_email": ""}


@pytest.fixture
def sql(engine: Engine, ring: Ring, settings: Settings) -> Sql:
    """Three people's letters, to offices 1 and 2."""
    make_campaign(engine)
    for n in range(3):
        write_letters(engine, ring, settings, f"p{n}@example.org")

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    return run


@pytest.fixture
def groups(engine: Engine, settings: Settings, sql: Sql) -> Groups:
    stored = read_campaign(engine, "co-ops")
    return lambda: {one.key: one for one in read_attention(engine, settings, stored, str).groups}


def act(engine: Engine, ring: Ring, group: Group, move: int = 0) -> int:
    action = group.moves[move].action
    assert action
    return ask_change(
        engine,
        ring,
        Choice(1, group.wanted),
        action,
        actor="organizer:1",
        title=group.title,
        delay=timedelta(),
        expected=group.count,
    )


def test_every_state_that_needs_attention_has_a_problem() -> None:
    for state in NEEDS_ATTENTION:
        assert {problem_of(state, cause) for cause in Cause} - {None}
    assert all(PLACES[problem] for problem in Problem)
    assert problem_of(LetterState.DEFERRED, Cause.TEMPORARY) is None


# How a letter gets into each trouble, and what its group says; its first action ends it.
TROUBLES = {
    "mailbox_full": ("bounced", "3 letters to Practice Representative Pat Practice came back: the mailbox is full"),
    "refused": ("rejected", "3 letters refused by practice.example"),
    "content": ("rejected", "3 letters refused by practice.example: its server does not accept the text"),
    "too_large": ("bounced", "3 letters refused by practice.example: too large"),
    "gave_up": ("bounced", "3 letters to practice.example came back: its server could not be reached for days"),
    "our_dns": ("rejected", "3 letters came back: our sender domain is not trusted"),
    "lost_after_dot": ("uncertain", "3 letters may have arrived, or not"),
    "lease_expired": ("unconfirmed", "3 letters never confirmed"),
    "too_late": ("expired", "3 letters not sent before the last day"),
    "crashed": ("quarantined", "3 letters set aside: sending broke down three times"),
    "abuse_check": ("held", "3 letters sent within seconds of opening the page"),
    "restored": ("held", "3 letters may have been sent before a backup was restored"),
}


@pytest.mark.parametrize("cause", list(TROUBLES))
def test_a_trouble_is_named_and_its_action_ends_it(
    engine: Engine, ring: Ring, sql: Sql, groups: Groups, cause: str
) -> None:
    state, title = TROUBLES[cause]
    hold = ", hold_reason = 'abuse_check'" if state == "held" else ""
    sql(f"UPDATE letter SET state = '{state}', cause = '{cause}'{hold} WHERE office_id = 1")
    [group] = groups().values()
    assert (group.title, group.count) == (title, 3)
    assert 1 <= len(group.moves) <= 2
    act(engine, ring, group)
    assert groups() == {}


def test_an_address_is_corrected_and_what_came_back_is_sent_there(
    engine: Engine, ring: Ring, sql: Sql, groups: Groups
) -> None:
    sql("UPDATE office_holder SET email_failed_at = now(), email_failure = 'no_such_address' WHERE office_id = 1")
    sql("UPDATE letter SET state = 'bounced', cause = 'no_such_address' WHERE id IN (1, 3)")
    sql("UPDATE letter SET state = 'held', cause = 'address_failing', hold_reason = 'address_failing' WHERE id = 5")
    [group] = groups().values()
    assert group.title.startswith("3 letters to Practice Representative Pat Practice: the address does not exist")
    assert (group.moves[0].way, group.moves[0].office) == (Way.ADDRESS, 1)
    correct_failing(engine, ring, find_mendable(engine, 1, 1), NEW, By("test"))
    # What was held has left by itself.
    [group] = groups().values()
    assert (group.count, group.moves[0].words) == (2, "Send all 2 again")
    act(engine, ring, group)
    assert groups() == {}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT DISTINCT recipient_email, state FROM letter WHERE office_id = 1"))
        assert rows.all() == [("new@right.example", "queued")]


def test_a_refusal_is_quoted_though_others_of_its_domain_came_without_words(sql: Sql, groups: Groups) -> None:
    sql("UPDATE letter SET state = 'rejected', cause = 'refused' WHERE office_id = 1")
    [silent] = groups().values()
    sql("UPDATE letter SET remote_reply = '550 no thanks' WHERE id = 3")
    [group] = groups().values()
    assert group.quote == "550 no thanks"
    assert not silent.quote


def test_each_kind_of_refusal_quotes_its_own(sql: Sql, groups: Groups) -> None:
    sql("UPDATE letter SET state = 'rejected', cause = 'refused', remote_reply = '550 no' WHERE id = 1")
    sql("UPDATE letter SET state = 'bounced', cause = 'content', remote_reply = '550 spam' WHERE id = 3")
    assert {key: group.quote for key, group in groups().items()} == {
        "refused-practice.example": "550 no",
        "content-practice.example": "550 spam",
    }


def test_seats_without_a_holder_or_an_address(engine: Engine, ring: Ring, sql: Sql, groups: Groups) -> None:
    sql("UPDATE letter SET state = 'held', body = '', cause = 'vacant_seat', hold_reason = 'vacant_seat' WHERE id = 1")
    sql("UPDATE letter SET state = 'held', body = '', cause = 'no_email', hold_reason = 'no_email' WHERE id = 2")
    sql("UPDATE office_holder SET email = '' WHERE office_id = 2")
    sql("UPDATE office_holder SET valid_to = current_date WHERE office_id = 1")
    found = groups()
    assert "1 letter to a vacant seat" in found["vacant_seat-1"].title
    assert (found["vacant_seat-1"].moves[0].way, found["vacant_seat-1"].moves[0].office) == (Way.OFFICE, 1)
    assert found["no_email-2"].moves[0].way is Way.ADDRESS
    correct_failing(engine, ring, find_mendable(engine, 1, 2), NEW, By("test"))
    sql("UPDATE office_holder SET valid_to = NULL WHERE office_id = 1")
    for group in groups().values():
        assert group.moves[0].action is BulkAction.RELEASE
        act(engine, ring, group)
    assert groups() == {}
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM letter WHERE body = '' OR state <> 'queued'")) == 0


def test_domains_that_wait_say_why(engine: Engine, sql: Sql, groups: Groups) -> None:
    sql("UPDATE domain_pace SET seconds_per_letter = 2")
    assert "takes its letters slowly" in groups()["slow-practice.example"].title
    sql("UPDATE domain_pace SET open_until = now() + interval '1 hour', open_cause = 'connection'")
    assert groups()["stopped-practice.example"].is_watched
    sql("UPDATE domain_pace SET open_cause = 'authentication'")
    ours = groups()["ours-authentication"]
    assert (ours.title, ours.is_watched) == ("6 letters wait: our mail relay refuses to sign us in", False)
    sql("UPDATE domain_pace SET open_until = NULL")
    sql("UPDATE letter SET state = 'deferred', cause = 'temporary', due_at = now() + interval '1 hour'")
    assert "asks us to come back later: 6 letters" in groups()["later-practice.example"].title
    sql("UPDATE letter SET state = 'queued', transport = 'relay'")
    sql("UPDATE domain_pace SET transport = 'relay'")
    assert groups()["ours-relay_missing"].count == 6


def ask_about(sql: Sql) -> None:
    sql("DELETE FROM letter_event; DELETE FROM letter_words; DELETE FROM letter")
    sql("UPDATE submission SET state = 'needs_address', expected_letters = NULL, lookup_status = 'no_match'")


def test_people_are_emailed_a_link_once_more_and_never_too_often(
    engine: Engine, ring: Ring, sql: Sql, groups: Groups
) -> None:
    ask_about(sql)
    assert groups()["people"].title == "3 people could not be matched to a district"
    mail = (
        "INSERT INTO follow_up (submission_id, campaign_id, kind, number, state, is_test, transport, sent_at, due_at)"
        " VALUES ({}, 1, 'fix_address', {}, '{}', true, 'mailbox', now() - interval '{}', now() + interval '1 day')"
    )
    sql(mail.format(1, 0, "sent", "25 hours"))
    sql(mail.format(1, 1, "queued", "0 hours").replace("now() - interval '0 hours'", "NULL"))
    sql(mail.format(2, 0, "sent", "2 hours"))
    assert list_asked(engine, 1).verdicts == {"can": 2, "today": 1}
    assert email_links(engine, ring, 1) == 2
    assert list_asked(engine, 1).verdicts == {"coming": 2, "today": 1}
    sql("UPDATE follow_up SET state = 'sent', sent_at = now() - interval '2 days'")
    assert list_asked(engine, 1).verdicts == {"can": 2, "twice": 1}
    sql(
        "INSERT INTO suppression (email_hash, campaign_id, reason, source)"
        " SELECT email_hash, 1, 'unsubscribed', 'page' FROM submission WHERE id = 2"
    )
    assert list_asked(engine, 1).verdicts == {"can": 1, "twice": 1, "unwanted": 1}
    assert email_links(engine, ring, 2) == 0


def test_a_corrected_home_gets_letters_and_nothing_is_lost(
    engine: Engine, ring: Ring, settings: Settings, sql: Sql
) -> None:
    sql("UPDATE letter SET state = 'sent', sent_at = now() WHERE id = 1")
    assert (read_person(engine, 1, 1).waiting, read_person(engine, 1, 1).left) == (1, 1)
    right = HomeAddress("14 Maple Street", "Worcester", "MA", "01603")
    assert correct_person(engine, ring, 1, 1, right, actor="organizer:1") == 1
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, state, office_id, body FROM letter ORDER BY id")).all()
        expected = connection.scalar(text("SELECT sum(expected_letters) FROM submission"))
    assert [row.state for row in rows] == ["sent", "cancelled", *["queued"] * 5]
    # Its office had no letter that left; the other one keeps the one it has.
    assert (rows[-1].office_id, "14 Maple Street" in rows[-1].body, expected) == (2, True, len(rows))
    ask_about(sql)
    assert correct_person(engine, ring, 1, 2, right, actor="organizer:1") == 0
    prepare_submissions(engine, ring, settings)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM letter WHERE submission_id = 2")) == 2
    with pytest.raises(NotFound):
        read_person(engine, 2, 2)
    sql("UPDATE submission SET street = '' WHERE id = 3")
    with pytest.raises(NotAllowed, match="deleted"):
        correct_person(engine, ring, 1, 3, right, actor="organizer:1")


HOLDS = {
    Cause.ADDRESS_FAILING: "address_failing",
    Cause.VACANT_SEAT: "vacant_seat",
    Cause.NO_EMAIL: "no_email",
    Cause.ABUSE_CHECK: "abuse_check",
}
# Each kind of alert about letters: its state and one of its causes.
KINDS = [(problem, state, causes[0]) for problem, places in PLACES.items() for state, causes in places.items()]
# What may have become of the office meanwhile.
SEATS = {
    "held": "valid_to = NULL",
    "failing": "email_failed_at = now()",
    "no_email": "email_failed_at = NULL, email = ''",
    "vacant": "email = 'pat@practice.example', valid_to = current_date",
}


def arise(sql: Sql, state: LetterState, cause: Cause, seat: str) -> None:
    is_held = state is LetterState.HELD
    hold = f"'{HOLDS.get(cause, 'organizer')}'" if is_held else "NULL"
    body = "" if is_held and seat in ("no_email", "vacant") else "Dear you, please act."
    sql(f"UPDATE office_holder SET {SEATS[seat]} WHERE office_id = 1")
    sql(
        f"UPDATE letter SET body = '{body}', state = '{state}', cause = '{cause}', hold_reason = {hold},"
        " attended_at = NULL, state_changed_at = now() WHERE office_id = 1"
    )


@pytest.mark.parametrize(("problem", "state", "cause"), KINDS, ids=str)
def test_every_alert_can_be_cleared_whatever_became_of_the_office(
    engine: Engine, ring: Ring, sql: Sql, groups: Groups, problem: Problem, state: LetterState, cause: Cause
) -> None:
    """No move leads to a page on which nothing can be done, and marking as dealt with ends it, until that is undone."""
    for seat in SEATS:
        arise(sql, state, cause, seat)
        [group] = [one for one in groups().values() if one.wanted.problem is problem]
        assert 1 <= len(group.moves) <= 2
        for move in group.moves:
            if move.action is not None:
                look = preview_change(engine, Choice(1, group.wanted), move.action)
                assert look.count == group.count == 3, (seat, move.words, look.left_out)
        [resolve] = [one for one in (*group.moves, group.resolve) if one and one.action is BulkAction.SETTLE]
        number = act(engine, ring, replace(group, moves=(resolve,)))
        assert [one for one in groups().values() if not one.is_watched] == []
        undo_change(engine, ring, 1, number, actor="organizer:1")
        assert group in groups().values()


def test_questions_about_addresses_are_dealt_with_until_another_one_comes(
    engine: Engine, sql: Sql, groups: Groups
) -> None:
    ask = "UPDATE submission SET state = 'needs_address', lookup_status = 'no_match', state_changed_at = now() WHERE id"
    sql(f"{ask} IN (1, 2)")
    assert groups()["people"].count == 2
    assert groups()["people"].resolve
    assert settle_questions(engine, 1, attended=True, actor="organizer:1") == 2
    assert groups() == {}
    assert list_asked(engine, 1).settled == 2
    sql(f"{ask} = 3")
    assert groups()["people"].count == 1
    settle_questions(engine, 1, attended=False, actor="organizer:1")
    assert groups()["people"].count == 3
    # Asked anew about another address.
    settle_questions(engine, 1, attended=True, actor="organizer:1")
    sql(f"{ask} = 2")
    assert groups()["people"].count == 1
