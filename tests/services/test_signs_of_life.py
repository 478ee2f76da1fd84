"""Letters that a mail server accepts get signs of life; when these collapse, organizers are told."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from shared.domain.receipts import News
from shared.services.attention import read_attention
from shared.services.campaigns import read_campaign
from shared.services.delivery import send_mail
from shared.services.doctor import check_signs
from shared.services.erasure import erase_submissions
from shared.services.signs_of_life import DomainLife, list_life
from shared.services.sweep import sweep, tidy
from tests.services.came_back import DELIVERED, report
from tests.services.filters import DOMAIN, Office, arrives, write
from tests.smtp_server import ScriptedSmtpServer

ORGANIZER = "lee@coops.example"
_TOLD = "SELECT count(*) FROM follow_up WHERE kind = 'domain_silent' AND recipient_email = 'lee@coops.example'"


def left(office: Office, count: int, hours_ago: int) -> list[int]:
    """So many more of the letters left then; which."""
    moment = f"now() - interval '{hours_ago} hours'"
    rows = office.post.ask("SELECT id FROM letter WHERE state = 'queued' ORDER BY id LIMIT :count", count=count)
    letters = [number for (number,) in rows]
    assert len(letters) == count
    office.post.change(
        "INSERT INTO letter_event (letter_id, at, from_state, to_state, attempt)"
        f" SELECT id, {moment}, 'sending', 'sent', 1 FROM letter WHERE id = ANY(:letters)",
        letters=letters,
    )
    office.post.change(
        "UPDATE letter SET state = 'sent', attempt = 1, is_test = false,"
        f" sent_at = {moment}, state_changed_at = {moment} WHERE id = ANY(:letters)",
        letters=letters,
    )
    return letters


def reply(office: Office, letters: list[int]) -> None:
    """The offices replied automatically to these letters."""
    office.post.change(
        "INSERT INTO sign_of_life (letter_id) SELECT unnest(CAST(:letters AS bigint[]))", letters=letters
    )


def watch(office: Office) -> None:
    """What is counted once in a while."""
    settings = replace(office.settings, organizer_email=ORGANIZER)
    sweep(office.engine, office.ring, settings)
    tidy(office.engine, settings)


def lines(office: Office) -> list[tuple[int, int, bool]]:
    """Letters, those with a sign of life, and whether the domain is silent."""
    return [_line(one) for one in list_life(office.engine) if one.receiving_domain == DOMAIN]


def _line(one: DomainLife) -> tuple[int, int, bool]:
    return one.counted.letters, one.counted.with_sign, one.collapse is not None


def collapse(office: Office) -> None:
    """Of 900 letters to five mailboxes 300 left with 100 signs, then 300 with none; the campaign is live."""
    write(office, 900, mailboxes=5)
    office.post.change("UPDATE campaign SET state = 'live'")
    reply(office, left(office, 300, 24 * 12)[:100])
    left(office, 300, 80)
    watch(office)


def later(office: Office, days: int) -> None:
    """Time passes for what was counted and told."""
    for table, columns in {
        "sign_count": ("since",),
        "silent_domain": ("raised_at", "began"),
        "follow_up": ("created_at",),
        "letter_event": ("at",),
        "installation": ("signs_counted_until",),
    }.items():
        earlier = ", ".join(f"{column} = {column} - make_interval(days => :days)" for column in columns)
        office.post.change(f"UPDATE {table} SET {earlier}", days=days)


def test_letters_count_when_their_three_days_are_over_and_once(office: Office) -> None:
    write(office, 30)
    left(office, 10, 71)
    watch(office)
    assert lines(office) == []
    reply(office, left(office, 20, 24 * 5)[:5])
    office.post.change("UPDATE installation SET signs_counted_until = NULL")
    for _ in range(2):
        watch(office)
        assert lines(office) == [(20, 5, False)]


def test_news_that_change_nothing_are_not_counted_as_letters(office: Office) -> None:
    """A delay is noted as an event from `sent` to `sent`."""
    write(office, 10)
    letters = left(office, 10, 90)
    office.post.change(
        "INSERT INTO letter_event (letter_id, at, from_state, to_state, attempt)"
        " SELECT unnest(CAST(:letters AS bigint[])), now() - interval '89 hours', 'sent', 'sent', 1",
        letters=letters,
    )
    watch(office)
    assert lines(office) == [(10, 0, False)]


def test_a_letter_that_went_again_is_not_counted(office: Office) -> None:
    write(office, 10)
    letters = left(office, 10, 90)
    office.post.change("UPDATE letter SET resends = 1 WHERE id = :first", first=letters[0])
    watch(office)
    assert lines(office) == [(9, 0, False)]


def test_nothing_is_counted_while_mail_waits_to_be_understood(office: Office) -> None:
    write(office, 10)
    left(office, 10, 90)
    office.post.change(
        "INSERT INTO receipt (source, event_id, raw, due_at, received_at)"
        " VALUES ('mail', 'x', '', now() + interval '1 hour', now() - interval '11 minutes')"
    )
    watch(office)
    assert lines(office) == []
    office.post.change("DELETE FROM receipt")
    watch(office)
    assert lines(office) == [(10, 0, False)]


def _address(office: Office, number: int) -> str:
    return str(office.post.ask("SELECT recipient_email FROM letter WHERE id = :number", number=number)[0][0])


def _automatic(sender: str) -> bytes:
    return f"From: {sender}\r\nAuto-Submitted: auto-replied\r\nSubject: Received\r\n\r\nThank you.\r\n".encode()


def test_a_sign_is_the_offices_own(office: Office) -> None:
    write(office, 6)
    letters = left(office, 6, 1)
    come, verp = office.post.comes, office.post.verp
    come(_automatic(_address(office, letters[0])), to=verp(number=letters[0]))
    come(_automatic("stranger@elsewhere.test"), to=verp(number=letters[1]))
    # A relay that reports for a server without reports repeats that it accepted the letter.
    arrives(office, letters[2])
    by_office = report(DELIVERED, _address(office, letters[3])).replace(
        b"dns; relay.example", b"dns; mx.practice.example"
    )
    come(by_office, to=verp(number=letters[3]))
    office.post.change("UPDATE letter SET answered_at = now() WHERE id = :one", one=letters[4])
    signs = [number for (number,) in office.post.ask("SELECT letter_id FROM sign_of_life ORDER BY letter_id")]
    assert signs == [letters[0], letters[3]]
    office.post.change("UPDATE letter_event SET at = at - interval '90 hours'")
    watch(office)
    assert lines(office) == [(6, 3, False)]
    assert office.post.ask("SELECT count(*) FROM receipt WHERE news = :news", news=News.DELIVERED.value) == [(2,)]


def test_a_collapse_is_told_once_by_email_page_and_doctor(office: Office) -> None:
    collapse(office)
    assert lines(office) == [(600, 100, True)]
    watch(office)
    assert office.post.ask(_TOLD) == [(1,)]
    with office.engine.connect() as connection:
        found = check_signs(connection)
    assert not found.is_ok
    assert f"{DOMAIN} gave signs of life for 0 of 300 letters (0.0%), where earlier" in found.words
    stored = read_campaign(office.engine, office.post.ask("SELECT slug FROM campaign")[0][0])
    groups = read_attention(office.engine, office.settings, stored, lambda at: at.isoformat()).groups
    group = next(one for one in groups if one.key == f"silent-{DOMAIN}")
    assert group.is_watched
    assert "0 of 300 letters (0.0%)" in group.text


def test_the_email_says_what_happened_and_what_helps(office: Office) -> None:
    collapse(office)
    # Letters go first.
    office.post.change("UPDATE letter SET due_at = now() + interval '1 day' WHERE state = 'queued'")
    with ScriptedSmtpServer() as server:
        send_mail(office.engine, office.ring, replace(office.settings, mail_relay_url=server.url))
        (raw,) = [raw for _, to, raw in server.accepted if to == ORGANIZER]
    mail = message_from_bytes(raw, policy=default)
    assert mail["Subject"] == f"{DOMAIN} may be filtering our letters"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "a delivery report for 0 of 300 letters (0.0%)" in " ".join(text.get_content().split())


@pytest.mark.parametrize("state", ["closed", "won", "draft"])
def test_organizers_of_a_campaign_that_sends_nothing_are_not_told(office: Office, state: str) -> None:
    collapse(office)
    office.post.change("DELETE FROM follow_up WHERE kind = 'domain_silent'")
    office.post.change(f"UPDATE campaign SET state = '{state}'")
    watch(office)
    assert office.post.ask(_TOLD) == [(0,)]


def test_they_are_told_again_when_the_email_went_with_the_person_whose_letter_carried_it(office: Office) -> None:
    collapse(office)
    ((token,),) = office.post.ask(
        "SELECT token FROM submission JOIN follow_up ON submission_id = submission.id WHERE kind = 'domain_silent'"
    )
    erase_submissions(office.engine, [token])
    assert office.post.ask(_TOLD) == [(0,)]
    watch(office)
    assert office.post.ask(_TOLD) == [(1,)]


@pytest.mark.parametrize(("signs", "is_silent"), [(0, True), (30, True), (80, False)])
def test_the_alarm_ends_when_signs_come_back(office: Office, signs: int, is_silent: bool) -> None:
    collapse(office)
    later(office, 4)
    reply(office, left(office, 300, 80)[:signs])
    watch(office)
    assert lines(office) == [(900, 100 + signs, is_silent)]


def test_the_alarm_ends_two_weeks_after_the_last_letter(office: Office) -> None:
    collapse(office)
    for days, is_silent in ((9, True), (3, False)):
        later(office, days)
        watch(office)
        assert lines(office)[0][2] == is_silent


def test_what_is_older_than_two_months_is_not_shown_and_later_forgotten(office: Office) -> None:
    write(office, 12)
    left(office, 5, 24 * 61)
    left(office, 7, 24 * 50)
    watch(office)
    assert lines(office) == [(7, 0, False)]
    later(office, 11)
    assert lines(office) == []
    later(office, 60)
    left_over = office.post.ask("SELECT count(*) FROM sign_count")
    watch(office)
    assert office.post.ask("SELECT count(*) FROM sign_count") < left_over
