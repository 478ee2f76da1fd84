"""Letters that a mail server accepts get signs of life; when these collapse, organizers are told."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from shared.clock import now
from shared.services.attention import read_attention
from shared.services.campaigns import read_campaign
from shared.services.delivery import send_mail
from shared.services.doctor import check_signs
from shared.services.signs_of_life import DomainLife, list_life
from shared.services.sweep import tidy
from tests.services.came_back import DELIVERED, report
from tests.services.filters import DOMAIN, Office, write
from tests.smtp_server import ScriptedSmtpServer

_TOLD = "SELECT recipient_email, is_test FROM follow_up WHERE kind = 'domain_silent'"


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


def replies(office: Office, letters: list[int], hours_after: int = 1) -> None:
    """Automatic replies came to these letters, so long after they had left."""
    office.post.change(
        "INSERT INTO receipt (source, event_id, raw, outcome, news, letter_id, received_at)"
        " SELECT 'mail', 'reply ' || id, '', 'applied', 'auto_replied', id, sent_at + make_interval(hours => :hours)"
        " FROM letter WHERE id = ANY(:letters)",
        letters=letters,
        hours=hours_after,
    )


def watch(office: Office) -> None:
    """What is counted once in a while."""
    tidy(office.engine, replace(office.settings, organizer_email="lee@coops.example"))


def lines(office: Office) -> list[tuple[int, int, bool]]:
    """Letters, those with a sign of life, and whether the domain is silent."""
    return [_line(one) for one in list_life(office.engine) if one.receiving_domain == DOMAIN]


def _line(one: DomainLife) -> tuple[int, int, bool]:
    return one.counted.letters, one.counted.with_sign, one.collapse is not None


def collapsed(office: Office) -> None:
    """Of 900 letters 300 leave with 60 signs, then 300 without any."""
    write(office, 900)
    replies(office, left(office, 300, 24 * 12)[:60])
    left(office, 300, 80)
    watch(office)


def test_letters_count_when_their_three_days_are_over_and_once(office: Office) -> None:
    write(office, 30)
    left(office, 10, 71)
    watch(office)
    assert lines(office) == []
    replies(office, left(office, 20, 80)[:5])
    for _ in range(2):
        watch(office)
        assert lines(office) == [(20, 5, False)]


def test_a_sign_is_one_of_the_office_and_in_time(office: Office) -> None:
    write(office, 20)
    letters = left(office, 20, 24 * 8)
    replies(office, letters[:2])
    replies(office, letters[2:4], hours_after=73)
    office.post.change("UPDATE letter SET answered_at = sent_at + interval '2 days' WHERE id = :one", one=letters[5])
    office.post.change("UPDATE letter SET answered_at = sent_at + interval '4 days' WHERE id = :one", one=letters[6])
    # A relay service's report says no more than that the office's server accepted it.
    office.post.change(
        "INSERT INTO receipt (source, event_id, raw, outcome, news, letter_id, received_at)"
        " SELECT 'ses', 'x', '', 'applied', 'delivered', id, sent_at FROM letter WHERE id = :one",
        one=letters[7],
    )
    watch(office)
    assert lines(office) == [(20, 3, False)]


def test_mail_that_comes_is_a_sign(office: Office) -> None:
    write(office, 3)
    letters = left(office, 3, 1)
    office.post.comes(report(DELIVERED, _address(office, letters[0])), to=office.post.verp(number=letters[0]))
    reply = (
        b"From: Clerk <clerk@practice.example>\r\nAuto-Submitted: auto-replied\r\nSubject: Received\r\n\r\nThanks\r\n"
    )
    office.post.comes(
        reply.replace(b"clerk@practice.example", _address(office, letters[1]).encode()),
        to=office.post.verp(number=letters[1]),
    )
    office.post.change("UPDATE letter_event SET at = at - interval '80 hours'")
    office.post.change("UPDATE receipt SET received_at = received_at - interval '80 hours'")
    watch(office)
    assert lines(office) == [(3, 2, False)]


def _address(office: Office, number: int) -> str:
    return str(office.post.ask("SELECT recipient_email FROM letter WHERE id = :number", number=number)[0][0])


def test_a_collapse_is_told_once_by_email_page_and_doctor(office: Office) -> None:
    collapsed(office)
    assert lines(office) == [(600, 60, True)]
    watch(office)
    assert office.post.ask(_TOLD) == [("lee@coops.example", False)]
    with office.engine.connect() as connection:
        found = check_signs(connection)
    assert not found.is_ok
    assert f"{DOMAIN} gave signs of life for 0 of 300 letters (0.0%)" in found.words
    stored = read_campaign(office.engine, office.post.ask("SELECT slug FROM campaign")[0][0])
    groups = read_attention(office.engine, office.settings, stored, lambda at: at.isoformat()).groups
    group = next(one for one in groups if one.key == f"silent-{DOMAIN}")
    assert group.is_watched
    assert "60 of 300 letters (20.0%)" in group.text


def test_the_email_says_what_fell_silent(office: Office) -> None:
    collapsed(office)
    # Letters go first.
    office.post.change("UPDATE letter SET due_at = now() + interval '1 day' WHERE state = 'queued'")
    with ScriptedSmtpServer() as server:
        settings = replace(office.settings, mail_relay_url=server.url)
        send_mail(office.engine, office.ring, settings)
        (raw,) = [raw for _, to, raw in server.accepted if to == "lee@coops.example"]
    mail = message_from_bytes(raw, policy=default)
    assert mail["Subject"] == f"{DOMAIN} may be filtering our letters"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "0 of 300 letters (0.0%). Before that, for 60 of 300 letters (20.0%)." in " ".join(
        text.get_content().split()
    )


@pytest.mark.parametrize("hours_ago", [74, 24 * 15])
def test_the_alarm_ends_with_new_signs_or_when_it_is_old(office: Office, hours_ago: int) -> None:
    collapsed(office)
    if hours_ago < 80:
        replies(office, left(office, 300, hours_ago)[:60])
    else:
        for table, column in (("sign_of_life", "hour"), ("letter_event", "at")):
            office.post.change(f"UPDATE {table} SET {column} = {column} - interval '{hours_ago} hours'")
    watch(office)
    assert not lines(office)[0][2]
    assert office.post.ask("SELECT count(*) FROM silent_domain") == [(0,)]


def test_what_is_older_than_two_months_is_forgotten(office: Office) -> None:
    write(office, 12)
    left(office, 5, 24 * 61)
    left(office, 7, 24 * 59)
    watch(office)
    assert lines(office) == [(7, 0, False)]
    office.post.change("UPDATE sign_of_life SET hour = :at", at=now().replace(year=now().year - 1))
    watch(office)
    assert lines(office)[0][0] == 7
