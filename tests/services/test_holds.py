"""A hold ends: supporter and organizers hear before, and then the letter is withdrawn as not sent."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.queue.ring import Ring
from shared.services.delivery import send_mail
from shared.services.letter_detail import read_letter
from shared.services.letters import retry_letter
from shared.services.submission_view import read_submission
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.services.came_back import Post
from tests.smtp_server import ScriptedSmtpServer

REASONS = ("vacant_seat", "no_email", "address_failing", "abuse_check", "organizer", "new_holder")
_TIMES = {
    "letter": ("due_at", "deliver_by", "created_at", "state_changed_at"),
    "follow_up": ("created_at", "due_at", "state_changed_at", "sent_at"),
    "submission": ("accepted_at", "created_at", "state_changed_at", "leaves_at"),
}


class Held:
    """Two held letters of one supporter, and a calendar."""

    def __init__(self, engine: Engine, settings: Settings, ring: Ring, head: str, reason: str) -> None:
        self.engine, self.settings, self.ring = engine, settings, ring
        self.post = Post(engine, settings, ring)
        make_campaign(engine, CAMPAIGN.replace("host =", f"{head}host ="))
        write_letters(engine, ring, settings)
        cause = {"organizer": "left_out"}.get(reason, reason)
        self.post.change(
            "UPDATE letter SET state = 'held', hold_reason = :reason, cause = :cause", reason=reason, cause=cause
        )
        if reason in ("vacant_seat", "no_email"):
            self.post.change("UPDATE letter SET subject = '', body = ''")

    def days_pass(self, days: float) -> None:
        for table, names in _TIMES.items():
            moved = ", ".join(f"{name} = {name} - :days * interval '1 day'" for name in names)
            self.post.change(f"UPDATE {table} SET {moved}", days=days)
        sweep(self.engine, self.ring, self.settings)

    def states(self) -> list[str]:
        return [state for (state,) in self.post.ask("SELECT state FROM letter ORDER BY id")]

    def told(self, kind: str) -> int:
        return int(self.post.ask("SELECT count(*) FROM follow_up WHERE kind = :kind", kind=kind)[0][0])

    def mail(self, kind: str) -> list[str]:
        """Texts of these emails, sent now."""
        self.post.change("UPDATE follow_up SET due_at = now() WHERE kind = :kind", kind=kind)
        with ScriptedSmtpServer() as server:
            send_mail(self.engine, self.ring, replace(self.settings, mailbox_url=server.url))
        found = self.post.ask("SELECT subject || body_text FROM follow_up WHERE kind = :kind ORDER BY id", kind=kind)
        return [" ".join(words.split()) for (words,) in found]


Hold = Callable[..., Held]


@pytest.fixture
def hold(engine: Engine, settings: Settings, ring: Ring) -> Hold:
    def make(head: str = "", reason: str = "vacant_seat") -> Held:
        return Held(engine, settings, ring, head, reason)

    return make


@pytest.mark.parametrize("reason", REASONS)
def test_a_hold_ends_after_thirty_days(hold: Hold, reason: str) -> None:
    held = hold(reason=reason)
    held.days_pass(26.9)
    assert (held.states(), held.told("hold_expires")) == (["held", "held"], 0)
    held.days_pass(0.2)
    assert held.states() == ["held", "held"]
    # One email of both letters, and one for the organizers.
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 1)
    words = held.mail("hold_expires")[0]
    assert words.count("withdraw it and tell you that it was not sent") == 2
    assert ("You don't need to do anything." in words) is (reason != "new_holder")
    assert words.count("On your page you can send it to the new office holder") == 2 * (reason == "new_holder")
    assert "2 held letters will be withdrawn soon" in held.mail("holds_expire")[0]
    held.days_pass(2.8)
    assert held.states() == ["held", "held"]
    held.days_pass(0.2)
    assert held.post.ask("SELECT state, cause, hold_reason FROM letter") == [("expired", "hold_expired", None)] * 2
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 1)
    # Their writer hears that they were not sent, with the text.
    failure = held.mail("failure")[0]
    assert failure.count("could not send it before its last day.") == 2
    assert failure.count("Please vote for the co-op bill.") == 2


def test_the_campaigns_own_date_comes_first(hold: Hold) -> None:
    held = hold("deliver_by = 2030-01-01\n")
    held.days_pass(60)
    assert held.states() == ["held", "held"]
    held.post.change("UPDATE campaign SET deliver_by = now() + interval '2 days'")
    held.days_pass(0)
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 1)
    held.post.change("UPDATE campaign SET deliver_by = now()")
    held.days_pass(0)
    assert held.states() == ["expired", "expired"]


def test_a_hold_that_begins_late_is_told_at_once(hold: Hold) -> None:
    held = hold("deliver_by = 2030-01-01\n")
    held.post.change("UPDATE campaign SET deliver_by = now() + interval '1 day'")
    held.days_pass(0)
    held.days_pass(0)
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 1)


def test_a_later_date_is_told_again(hold: Hold) -> None:
    held = hold("deliver_by = 2030-01-01\n")
    held.post.change("UPDATE campaign SET deliver_by = now() + interval '2 days'")
    held.days_pass(0)
    held.mail("hold_expires")
    held.days_pass(10)
    held.post.change("UPDATE campaign SET deliver_by = now() + interval '2 days'")
    held.days_pass(0)
    assert (held.told("hold_expires"), held.told("holds_expire")) == (2, 2)


def test_who_was_not_told_in_a_long_downtime_is_told_first(hold: Hold) -> None:
    held = hold()
    sweep(held.engine, held.ring, held.settings)
    held.post.change("UPDATE installation SET swept_at = now() - interval '40 days'")
    held.days_pass(40)
    assert (held.states(), held.told("hold_expires")) == (["held", "held"], 1)
    held.post.change("UPDATE installation SET blocked_at = blocked_at - interval '4 days'")
    held.days_pass(4)
    assert held.states() == ["expired", "expired"]


def test_organizers_hear_once_a_day_at_most(hold: Hold) -> None:
    held = hold()
    held.post.change("UPDATE letter SET state_changed_at = now() - interval '20 hours' WHERE id = 2")
    held.days_pass(26.5)
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 1)
    # The other one comes near its end within the day.
    held.days_pass(0.6)
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 1)
    held.days_pass(0.5)
    assert (held.told("hold_expires"), held.told("holds_expire")) == (1, 2)


def test_what_is_released_is_told_nothing_and_has_its_whole_time(hold: Hold) -> None:
    held = hold(reason="abuse_check")
    held.days_pass(28)
    for number in (1, 2):
        retry_letter(held.engine, held.ring, number, actor="organizer:1")
    # Emails wait while a letter is due.
    held.post.change("UPDATE letter SET due_at = now() + interval '1 hour'")
    held.mail("hold_expires")
    held.mail("holds_expire")
    assert held.post.ask(
        "SELECT DISTINCT state, cause FROM follow_up WHERE kind IN ('hold_expires', 'holds_expire')"
    ) == [("cancelled", "not_needed")]
    held.days_pass(4)
    assert held.states() == ["queued", "queued"]


def test_a_letter_whose_words_can_not_be_made_ends_all_the_same(hold: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: object) -> dict[str, object]:
        raise ValueError("Jamie")

    monkeypatch.setattr("shared.services.expiry.words_for", breaks)
    held = hold()
    held.days_pass(31)
    assert held.states() == ["expired", "expired"]


def test_pages_say_when_a_hold_ends(hold: Hold) -> None:
    held = hold("deliver_by = 2030-01-01\n")
    token = held.post.ask("SELECT token FROM submission")[0][0]
    view = read_submission(held.engine, held.settings, token)
    shown = [line.hold_ends_at for line in view.letters]
    assert shown == [read_letter(held.engine, number).expires_at for number in (1, 2)]
    assert shown == [at for (at,) in held.post.ask("SELECT campaign.deliver_by FROM campaign, letter")]
