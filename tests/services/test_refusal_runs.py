"""A receiving domain that refuses everything is held, what it refused waits again, and its rate is learned."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest

from shared.db import domain_answers
from shared.db.domain_answers import Receiver
from shared.domain.causes import Cause
from shared.domain.transport import Transport
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.domains import set_rate, try_now
from shared.services.erasure import erase_submissions
from shared.services.sweep import sweep
from tests.factories import copy_letters
from tests.services.filters import DOMAIN, HELD, MAILBOX, POLICY, Filter, Office, an_hour_later, reply_to, write
from tests.smtp_server import ScriptedSmtpServer


@pytest.mark.parametrize("reply", [POLICY, "554 5.7.1 Message contains spam", "550 5.6.0 Rejected content"])
def test_a_domain_that_refuses_everything_is_held_and_loses_nothing(office: Office, reply: str) -> None:
    write(office, 400)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=100, reply=reply)
        office.deliver(server.url)
        assert wall.refused <= 10
        assert office.post.ask(HELD) == [(True, 1, 1, None)]
        assert office.states() == {"sent": 100, "queued": 300, "cancelled": 2}
        office.deliver(server.url)
        assert len(server.accepted) == 100


def test_trials_double_and_the_domains_rate_is_learned(office: Office) -> None:
    write(office, 600)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=100)
        office.deliver(server.url)
        wall.takes_again(100)
        office.later("61 minutes")
        for trial in (1, 2, 4, 8):
            assert office.post.ask("SELECT trial, allowance FROM domain_pace WHERE transport = 'relay'") == [
                (trial, trial)
            ]
            office.deliver(server.url)
            office.later("31 minutes")
            office.deliver(server.url)
        for _ in range(5):
            office.later("31 minutes")
            office.deliver(server.url)
        held, trial, allowance, rate = office.post.ask(HELD)[0]
        assert (held, trial, allowance) == (True, 1, 1)
        assert rate is not None
        assert 10 <= rate <= 200
        assert wall.refused <= 20
        states = office.states()
        assert states["sent"] == len(server.accepted) == 200
        assert states["queued"] == 400
        refused = wall.refused
        wall.takes_again(100)
        office.later("61 minutes")
        for _ in range(12):
            office.later("31 minutes")
            office.deliver(server.url)
        assert wall.refused == refused
        assert len(server.accepted) > 200
        assert office.post.ask(HELD)[0][3] == rate


def test_a_trial_that_is_refused_begins_another_rest(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=0)
        office.deliver(server.url)
        before = wall.refused
        office.later("61 minutes")
        office.deliver(server.url)
        assert wall.refused == before + 1
        assert office.post.ask(HELD) == [(True, 1, 1, None)]
        assert office.states()["queued"] == 60


def test_an_organizer_releases_a_held_domain_at_once(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=0)
        office.deliver(server.url)
        wall.takes_again(1_000)
        try_now(office.engine, DOMAIN, actor="organizer:1")
        office.deliver(server.url)
    assert office.states() == {"sent": 60, "cancelled": 2}


class Organizers:
    """What the organizers read about domains that refuse everything."""

    def __init__(self, office: Office) -> None:
        self.office, self.post = office, office.post

    def states(self) -> list[str]:
        """Of each such email, oldest first."""
        rows = self.post.ask("SELECT state FROM follow_up WHERE kind = 'domain_refuses' ORDER BY id")
        return [state for (state,) in rows]

    def sweeps(self) -> None:
        """Twice: nothing is told twice."""
        for _ in range(2):
            sweep(self.office.engine, self.office.ring, self.office.settings)

    def a_day_later(self) -> None:
        """Time passes for what was told."""
        self.post.change("UPDATE follow_up SET created_at = created_at - interval '25 hours', due_at = now()")

    def reads(self) -> list[bytes]:
        """What is due for them leaves."""
        self.post.change("UPDATE follow_up SET due_at = now() WHERE kind = 'domain_refuses' AND state = 'queued'")
        with ScriptedSmtpServer() as server:
            settings = replace(self.office.settings, mail_relay_url=server.url)
            while send_mail(self.office.engine, self.office.ring, settings):
                pass
        return [raw for _, to, raw in server.accepted if to == settings.organizer_email and b"refuse" in raw]


@pytest.fixture
def organizers(office: Office) -> Organizers:
    return Organizers(office)


def refuse_all(office: Office) -> None:
    """The domain is held, with letters that wait."""
    write(office, 40)
    with ScriptedSmtpServer() as server:
        Filter(server, takes=10)
        office.deliver(server.url)


def test_organizers_are_told_of_a_domain_that_refuses_everything(office: Office, organizers: Organizers) -> None:
    organizers.sweeps()
    assert organizers.states() == []
    refuse_all(office)
    organizers.sweeps()
    # In a few minutes, with other domains behind the same filter.
    assert office.post.ask("SELECT state, due_at > now() FROM follow_up WHERE kind = 'domain_refuses'") == [
        ("queued", True)
    ]
    (raw,) = organizers.reads()
    mail = message_from_bytes(raw, policy=default)
    body = mail.get_body(("plain",))
    assert body is not None
    words = " ".join(body.get_content().split())
    assert mail["Subject"] == "[Test] practice.example refuses our letters"
    assert "30 letters wait." in words
    assert f'The mail server said: "{POLICY}"' in words
    assert "Nothing is lost: the letters wait, and we haven't told supporters that these letters failed." in words
    assert "The next letter goes out on " in words
    assert f"allow mail from {office.settings.mail_domain}." in words
    assert "/admin/delivery#domains" in words
    assert "/mine/" not in words
    assert mail["List-Unsubscribe"] is None


def test_organizers_are_told_once_a_day_while_a_domain_goes_on_refusing(office: Office, organizers: Organizers) -> None:
    refuse_all(office)
    assert len(organizers.reads()) == 1
    # Held again within the day, and a day later without another refusal.
    office.post.change("UPDATE domain_pace SET held_at = now() WHERE trial > 0")
    organizers.sweeps()
    assert organizers.states() == ["sent"]
    organizers.a_day_later()
    office.post.change("UPDATE domain_pace SET held_at = now() - interval '2 days' WHERE trial > 0")
    organizers.sweeps()
    assert organizers.states() == ["sent"]
    # On trial since, and held again at last.
    office.post.change(
        "UPDATE domain_pace SET held_at = now(), open_until = now(), trial = 4, allowance = 0 WHERE trial > 0"
    )
    organizers.sweeps()
    (mail,) = organizers.reads()
    assert b"A trial of 4 letters is under way." in mail
    assert organizers.states() == ["sent", "sent"]


@pytest.mark.parametrize("why", ["released", "nothing waits"])
def test_organizers_are_not_told_when_it_is_over(office: Office, organizers: Organizers, why: str) -> None:
    refuse_all(office)
    if why == "released":
        try_now(office.engine, DOMAIN, actor="test")
        # No email leaves while letters are due.
        office.post.change("UPDATE letter SET due_at = now() + interval '1 hour' WHERE state = 'queued'")
    else:
        office.post.change("UPDATE letter SET state = 'cancelled' WHERE state = 'queued'")
    assert organizers.reads() == []
    assert organizers.states() == ["cancelled"]
    organizers.a_day_later()
    organizers.sweeps()
    assert organizers.states() == ["cancelled"]


@pytest.mark.parametrize("mailboxes", [1, 2])
def test_a_mailbox_or_two_that_refuse_hold_nobody_else(office: Office, mailboxes: int) -> None:
    write(office, 160, mailboxes=160)
    refusing = {f"office{number}@" for number in range(1, mailboxes + 1)}
    with ScriptedSmtpServer() as server:
        reply_to(server, lambda line: any(f"<{one}" in line for one in refusing))
        office.deliver(server.url)
        assert len(server.accepted) == 160 - mailboxes
    assert office.post.ask(HELD) == [(None, 0, 140, None)]
    assert office.states() == {"sent": 160 - mailboxes, "rejected": mailboxes, "cancelled": 2}


def test_what_supporters_wrote_themselves_holds_nobody(office: Office) -> None:
    write(office, 100)
    office.post.change("UPDATE submission SET own_words = 'Angry words.'")
    with ScriptedSmtpServer(replies={"dot": "550 5.7.1 Message rejected as spam"}) as server:
        office.deliver(server.url)
    assert office.post.ask(HELD)[0][0] is None
    assert office.states() == {"rejected": 100, "cancelled": 2}


def test_an_edited_letter_whose_content_is_refused_holds_no_mailbox_again(office: Office) -> None:
    write(office, 20, mailboxes=10)
    office.post.change("UPDATE submission SET edited_body = 'Angry words.'")
    mailbox = f"office3@{DOMAIN}"
    office.post.change("INSERT INTO mailbox_pace (mailbox, taken, most) VALUES (:mailbox, 0, 64)", mailbox=mailbox)
    office.post.change("UPDATE mailbox_pace SET held_at = now() - interval '1 day'")
    with ScriptedSmtpServer(replies={"dot": "550 5.7.1 Message rejected as spam"}) as server:
        office.deliver(server.url)
    assert office.post.ask(MAILBOX) == [(mailbox, 2, 64)]
    assert office.states() == {"rejected": 20, "cancelled": 2}


def test_a_new_domain_that_refuses_nothing_gets_everything_after_half_an_hour(office: Office) -> None:
    write(office, 500)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        assert len(server.accepted) == 300
        office.later("31 minutes")
        office.deliver(server.url)
        office.deliver(server.url)
        assert len(server.accepted) == 500
    assert office.post.ask(HELD) == [(None, 0, None, None)]


def test_a_mailbox_that_refuses_everything_is_held_alone_and_loses_nothing(office: Office) -> None:
    write(office, 200, mailboxes=10)
    is_open = False
    with ScriptedSmtpServer() as server:
        reply_to(server, lambda line: not is_open and "<office3@" in line)
        office.deliver(server.url)
        office.deliver(server.url)
        assert office.post.ask(HELD)[0][0] is None
        assert office.states() == {"sent": 180, "queued": 20, "cancelled": 2}
        assert office.post.ask(MAILBOX) == [(f"office3@{DOMAIN}", 0, 0)]
        for takes in (1, 2, 4):
            is_open = True
            an_hour_later(office)
            before = len(server.accepted)
            office.deliver(server.url)
            assert len(server.accepted) - before == takes
        is_open = False
        an_hour_later(office)
        office.deliver(server.url)
        office.deliver(server.url)
        assert office.post.ask(MAILBOX) == [(f"office3@{DOMAIN}", 0, 0)]
        assert office.states() == {"sent": 187, "queued": 13, "cancelled": 2}


def test_a_mailbox_gets_no_more_within_an_hour_than_the_setting_says(office: Office) -> None:
    office.settings = replace(office.settings, mailbox_per_hour=30.0)
    write(office, 200, mailboxes=2)
    with ScriptedSmtpServer() as server:
        for hour in (1, 2):
            office.deliver(server.url)
            office.deliver(server.url)
            assert len(server.accepted) == 60 * hour
            waiting = "SELECT count(*) FROM letter WHERE due_at > now() AND deliver_by > due_at + interval '4 days'"
            assert office.post.ask(waiting) == [(200 - 60 * hour,)]
            an_hour_later(office)


def test_letters_for_the_test_inbox_are_not_counted(office: Office) -> None:
    office.settings = replace(office.settings, mailbox_per_hour=1.0)
    copy_letters(office.engine, 20, mailboxes=1, transport=Transport.MAILBOX)
    with ScriptedSmtpServer() as server:
        settings = replace(office.settings, mailbox_url=server.url)
        deliver_letters(office.engine, office.ring, settings, first_tries=True)
        assert len(server.accepted) == 22
    assert office.post.ask("SELECT count(*) FROM mailbox_pace") == [(0,)]


def test_a_release_takes_back_a_learned_rate_and_keeps_an_organizers(office: Office) -> None:
    write(office, 10)
    domain = Receiver(Transport.RELAY, DOMAIN)
    for own in (None, 50):
        set_rate(office.engine, DOMAIN, own, actor="organizer:1")
        for learned, rate in ((30, 30), (40, 40), (None, 40), (80, own or 80)):
            with office.engine.begin() as connection:
                domain_answers.hold(connection, domain, cause=Cause.REFUSED, reply=POLICY, rate=learned)
            assert office.post.ask(HELD) == [(True, 1, 1, rate)]
        try_now(office.engine, DOMAIN, actor="organizer:1")
        assert office.post.ask(HELD) == [(None, 0, None, own)]


def test_the_test_inbox_is_never_held(office: Office) -> None:
    copy_letters(office.engine, 60, mailboxes=20, transport=Transport.MAILBOX)
    with ScriptedSmtpServer(replies={"dot": POLICY}) as server:
        settings = replace(office.settings, mailbox_url=server.url)
        while deliver_letters(office.engine, office.ring, settings, first_tries=True):
            pass
    assert office.post.ask("SELECT DISTINCT trial FROM domain_pace") == [(0,)]
    assert office.post.ask("SELECT count(*) FROM mailbox_pace") == [(0,)]
    assert office.states() == {"rejected": 62}


def test_a_trial_that_takes_nothing_is_repeated(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer(replies={"RCPT": "451 4.3.0 Try again later"}) as server:
        office.post.change("UPDATE domain_pace SET trial = 2, allowance = 2 WHERE transport = 'relay'")
        for _ in range(3):
            office.deliver(server.url)
            office.later("31 minutes")
            office.deliver(server.url)
        assert office.post.ask("SELECT trial FROM domain_pace WHERE transport = 'relay'") == [(2,)]


def test_a_letter_that_is_refused_for_ever_ends(office: Office) -> None:
    write(office, 40)
    office.post.change("UPDATE letter SET created_at = created_at - interval '100 days'")
    with ScriptedSmtpServer(replies={"dot": POLICY}) as server:
        office.deliver(server.url)
    bound = "SELECT count(*) FROM letter WHERE cause = 'refused' AND deliver_by < now()"
    assert office.post.ask(bound)[0][0] >= 5


def test_a_hold_shortens_no_longer_rest(office: Office) -> None:
    write(office, 60)
    with ScriptedSmtpServer() as server:
        Filter(server, takes=0)
        office.deliver(server.url)
        office.post.change("UPDATE domain_pace SET open_until = now() + interval '4 hours', trial = 0, held_at = NULL")
        domain = Receiver(Transport.RELAY, DOMAIN)
        with office.engine.begin() as connection:
            domain_answers.hold(connection, domain, cause=Cause.REFUSED, reply=POLICY, rate=None)
    ((rests,),) = office.post.ask("SELECT open_until > now() + interval '3 hours' FROM domain_pace WHERE trial = 1")
    assert rests


def test_a_new_domain_proves_itself_after_the_last_letter_that_left(office: Office) -> None:
    write(office, 500)
    with ScriptedSmtpServer() as server:
        office.post.change("UPDATE letter SET due_at = now() + interval '1 hour' WHERE id > 10")
        office.deliver(server.url)
        office.later("29 minutes")
        office.post.change("UPDATE letter SET due_at = now() WHERE state = 'queued'")
        office.deliver(server.url)
        sent = len(server.accepted)
        assert 290 <= sent <= 300
        office.later("2 minutes")
        office.deliver(server.url)
        assert len(server.accepted) == 300


def test_a_claim_that_only_puts_letters_off_proves_nothing(office: Office) -> None:
    write(office, 20, mailboxes=1)
    mailbox = f"office1@{DOMAIN}"
    office.post.change("INSERT INTO mailbox_pace (mailbox, taken, most) VALUES (:mailbox, 0, 0)", mailbox=mailbox)
    with ScriptedSmtpServer() as server:
        office.deliver(server.url)
        assert not server.accepted
    assert office.post.ask("SELECT allowance, allowed_at FROM domain_pace WHERE transport = 'relay'") == [(300, None)]


def test_a_domain_whose_rate_was_set_before_its_first_letter_is_new(office: Office) -> None:
    set_rate(office.engine, DOMAIN, 50_000, actor="organizer:1")
    assert office.post.ask(HELD) == [(None, 0, 300, 50_000)]


def test_erasing_a_supporter_tells_organizers_nothing_again(office: Office, organizers: Organizers) -> None:
    refuse_all(office)
    assert len(organizers.reads()) == 1
    tokens = office.post.ask(
        "SELECT token FROM submission JOIN follow_up ON follow_up.submission_id = submission.id"
        " WHERE kind = 'domain_refuses'"
    )
    erase_submissions(office.engine, [token for (token,) in tokens])
    organizers.sweeps()
    assert organizers.reads() == []


def test_a_real_letter_that_waits_makes_it_no_test(office: Office) -> None:
    write(office, 30)
    office.post.change("UPDATE letter SET is_test = false WHERE id = (SELECT max(id) FROM letter)")
    with ScriptedSmtpServer(replies={"dot": POLICY}) as server:
        office.deliver(server.url)
        office.deliver(server.url)
    assert office.post.ask("SELECT is_test FROM follow_up WHERE kind = 'domain_refuses'") == [(False,)]


def test_a_trial_that_took_letters_one_by_one_succeeds_although_the_last_is_put_off(office: Office) -> None:
    write(office, 60)
    asked = 0

    def before(verb: str) -> None:
        nonlocal asked
        asked += verb == "RCPT"
        server.replies = {"RCPT": "451 4.3.0 Try again later"} if asked == 8 else {}

    office.post.change(
        "UPDATE domain_pace SET trial = 8, trial_at = now(), allowance = 8, rate_per_hour = 60"
        " WHERE transport = 'relay'"
    )
    with ScriptedSmtpServer() as server:
        server.on_verb = before
        for _ in range(8):
            office.deliver(server.url)
            office.post.change("UPDATE domain_pace SET refilled_at = refilled_at - interval '61 seconds'")
        assert len(server.accepted) == 7
        office.later("31 minutes")
        office.deliver(server.url)
    assert office.post.ask("SELECT trial FROM domain_pace WHERE transport = 'relay'") == [(16,)]


def test_a_rate_is_learned_also_when_the_trials_had_ended(office: Office) -> None:
    write(office, 400)
    with ScriptedSmtpServer() as server:
        wall = Filter(server, takes=100)
        office.deliver(server.url)
        wall.takes_again(100)
        office.later("61 minutes")
        office.post.change("UPDATE domain_pace SET trial = 0, allowance = NULL, open_until = NULL")
        office.deliver(server.url)
    ((is_held, trial, _allowance, rate),) = office.post.ask(HELD)
    assert (is_held, trial) == (True, 1)
    assert 50 <= rate <= 100
