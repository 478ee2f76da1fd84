"""Letters that wait: blocked time does not count, and everything else has an end."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.db import installation
from shared.db.expiry import expires_at as stored_end
from shared.db.pace import letters_are_due
from shared.domain import expiry
from shared.domain.backoff import MOST_TRIES
from shared.domain.states import CampaignState, LetterState
from shared.domain.transport import Transport
from shared.queue.ring import Ring
from shared.services import expiry as expiring
from shared.services.campaigns import change_campaign_state
from shared.services.delivery import deliver_letters, send_mail
from shared.services.delivery.switches import pause_everything
from shared.services.letters import retry_letter
from shared.services.retention import forget_old
from shared.services.sweep import sweep
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_draft, write_letters
from tests.services.came_back import FULL, Post, report
from tests.smtp_server import ScriptedSmtpServer

LATER = {"RCPT": "451 later"}
_MOMENTS = {
    "letter": ("due_at", "deliver_by", "created_at", "state_changed_at", "sent_at"),
    "submission": ("accepted_at", "created_at", "state_changed_at", "leaves_at"),
    "follow_up": ("created_at", "due_at", "state_changed_at", "first_attempt_at", "sent_at"),
}


@dataclass
class Waiting:
    """Two letters of one supporter, and a calendar."""

    engine: Engine
    settings: Settings
    ring: Ring
    post: Post

    def days_pass(self, days: float) -> None:
        for table, names in _MOMENTS.items():
            moved = ", ".join(f"{name} = {name} - :days * interval '1 day'" for name in names)
            self.post.change(f"UPDATE {table} SET {moved}", days=days)

    def sweep(self) -> None:
        sweep(self.engine, self.ring, self.settings)

    def deliver(self, replies: dict[str, str] | None = None, *, first_tries: bool = True) -> int:
        """How many the server took."""
        with ScriptedSmtpServer(replies=replies or {}) as server:
            here = replace(self.settings, mailbox_url=server.url)
            deliver_letters(self.engine, self.ring, here, first_tries=first_tries)
            return len(server.accepted)

    def states(self) -> list[str]:
        return [state for (state,) in self.post.ask("SELECT state FROM letter ORDER BY id")]

    def one(self, query: str, **values: Any) -> Any:
        return self.post.ask(query, **values)[0][0]


Make = Callable[..., Waiting]


@pytest.fixture
def make(engine: Engine, settings: Settings, ring: Ring) -> Make:
    def make(head: str = "") -> Waiting:
        make_draft(engine, CAMPAIGN.replace("host =", f"{head}host ="))
        write_letters(engine, ring, settings)
        return Waiting(engine, settings, ring, Post(engine, settings, ring))

    return make


def _pause(here: Waiting) -> None:
    for state in (CampaignState.LIVE, CampaignState.PAUSED):
        change_campaign_state(here.engine, "co-ops", state, actor="test")


def _close_offices(here: Waiting) -> None:
    """Their hours are over for a minute at any time; the mailbox has none, a relay does."""
    here.post.change("UPDATE letter SET transport = 'relay'; UPDATE domain_pace SET transport = 'relay'")
    past = datetime.now(UTC) - timedelta(hours=2)
    hours = f"{past:%H}:00-{past:%H}:30"
    here.post.change(
        "UPDATE campaign SET content = content || jsonb_build_object('office_hours', CAST(:hours AS text),"
        " 'timezone', 'UTC')",
        hours=hours,
    )
    here.settings = replace(here.settings, mail_relay_url=here.settings.mailbox_url)


BLOCKS: dict[str, Callable[[Waiting], None]] = {
    "pause": _pause,
    "pause of everything": lambda here: pause_everything(here.engine, paused=True, actor="test"),
    "office hours": _close_offices,
    "rate": lambda here: here.post.change("UPDATE domain_pace SET rate_per_hour = 1, tokens = 0, refilled_at = now()"),
    "long queue at a rate": lambda here: here.post.change(
        "UPDATE domain_pace SET rate_per_hour = 1, tokens = 1, refilled_at = now()"
    ),
    "breaker": lambda here: here.post.change("UPDATE domain_pace SET open_until = now() + interval '1 hour'"),
    "no relay": lambda here: here.post.change(
        "UPDATE letter SET transport = 'relay'; UPDATE domain_pace SET transport = 'relay'"
    ),
    "nothing ran": lambda here: here.post.change(
        "INSERT INTO installation (swept_at) VALUES (now() - interval '6 days')"
        " ON CONFLICT (id) DO UPDATE SET swept_at = excluded.swept_at"
    ),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_time_in_which_letters_could_not_leave_does_not_count(make: Make, block: str) -> None:
    here = make()
    BLOCKS[block](here)
    here.days_pass(6)
    here.sweep()
    assert here.states() == ["queued", "queued"]


@pytest.mark.parametrize("swept", [False, True])
def test_what_a_pause_kept_leaves_when_it_ends(make: Make, swept: bool) -> None:
    here = make()
    _pause(here)
    here.days_pass(6)
    if swept:
        here.sweep()
    change_campaign_state(here.engine, "co-ops", CampaignState.LIVE, actor="test")
    assert here.deliver() == 2
    here.sweep()
    assert here.states() == ["sent", "sent"]


def test_what_a_pause_of_everything_kept_leaves_when_it_ends(make: Make) -> None:
    here = make()
    pause_everything(here.engine, paused=True, actor="test")
    here.days_pass(20)
    pause_everything(here.engine, paused=False, actor="test")
    here.sweep()
    assert here.deliver() == 2


def test_a_restored_database_expires_nothing_until_a_person_decides(make: Make) -> None:
    here = make("deadline = 2030-01-01\n")
    with here.engine.begin() as connection:
        installation.hold(connection, "test")
    here.post.change("UPDATE campaign SET deadline = now() - interval '6 days'")
    here.sweep()
    assert here.states() == ["queued", "queued"]


@pytest.mark.parametrize("head", ["", "deadline = 2030-01-01\n", "deliver_by = 2030-01-01\n"])
def test_five_days_without_success_are_enough_whatever_the_campaigns_date(make: Make, head: str) -> None:
    here = make(head)
    here.deliver(LATER)
    here.days_pass(4.9)
    here.sweep()
    assert here.states() == ["deferred", "deferred"]
    here.days_pass(0.2)
    here.sweep()
    assert here.states() == ["expired", "expired"]
    assert here.one("SELECT DISTINCT cause FROM letter") == "gave_up"


@pytest.mark.parametrize("first_tries", [True, False])
@pytest.mark.parametrize("late", ["letter", "campaign"])
def test_no_letter_leaves_after_its_end_though_no_sweep_has_run(make: Make, late: str, first_tries: bool) -> None:
    here = make()
    if not first_tries:
        here.post.change("UPDATE letter SET state = 'deferred'")
    here.post.change(f"UPDATE {late} SET deliver_by = now() - interval '1 second'")
    assert here.deliver(first_tries=first_tries) == 0
    with here.engine.connect() as connection:
        assert not any(letters_are_due(connection, tuple(Transport), lane) for lane in LetterState if lane in _LANES)
    here.sweep()
    cause = "too_late" if late == "campaign" else "gave_up"
    assert here.post.ask("SELECT state, cause FROM letter") == [("expired", cause)] * 2
    # Each has its event, and its writer hears.
    assert here.one("SELECT count(*) FROM letter_event WHERE to_state = 'expired' AND cause = :cause", cause=cause) == 2
    assert here.one("SELECT count(*) FROM follow_up WHERE kind = 'failure'") == 1


_LANES = (LetterState.QUEUED, LetterState.DEFERRED)


def test_a_later_date_of_the_campaign_is_that_of_its_waiting_letters(make: Make) -> None:
    here = make("deliver_by = 2030-01-01\n")
    here.post.change("UPDATE campaign SET deliver_by = now() - interval '1 day'")
    assert here.deliver() == 0
    here.post.change("UPDATE campaign SET deliver_by = now() + interval '1 day'")
    assert here.deliver() == 2


def test_more_than_a_batch_expires_in_one_sweep(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make()
    monkeypatch.setattr(expiring, "BATCH", 1)
    monkeypatch.setattr(expiring, "_HELD_BATCH", 1)
    here.days_pass(6)
    here.sweep()
    assert here.states() == ["expired", "expired"]


def test_one_campaign_that_can_not_be_read_keeps_no_other_from_its_end(make: Make) -> None:
    here = make()
    here.post.change("UPDATE campaign SET content = '{}'")
    here.days_pass(6)
    expiring.expire_waiting(here.engine, here.settings)
    assert here.states() == ["expired", "expired"]


def test_a_retried_letter_has_its_whole_time_again_and_then_an_end(make: Make) -> None:
    here = make()
    here.deliver({"RCPT": "554 5.7.1 no"})
    here.days_pass(40)
    retry_letter(here.engine, here.ring, 1, actor="organizer:1")
    for _ in range(2):
        here.deliver(LATER)
        here.days_pass(4.5)
        # A deferred one has it again too.
        retry_letter(here.engine, here.ring, 1, actor="organizer:1")
    here.sweep()
    assert here.states() == ["deferred", "rejected"]
    here.days_pass(6)
    here.sweep()
    assert here.states() == ["expired", "rejected"]
    # And its writer is forgotten in time.
    here.days_pass(1)
    here.post.change("UPDATE follow_up SET state = 'cancelled'")
    here.days_pass(91)
    forget_old(here.engine, here.settings)
    assert here.one("SELECT email FROM submission") == ""


def test_a_letter_ends_with_its_last_try_however_long_that_takes(make: Make) -> None:
    here = make()
    here.post.change("UPDATE letter SET tries = :tries", tries=MOST_TRIES - 2)
    here.deliver(LATER)
    here.sweep()
    assert here.states() == ["deferred", "deferred"]
    here.post.change("UPDATE letter SET due_at = now()")
    here.deliver(LATER, first_tries=False)
    here.sweep()
    assert here.post.ask("SELECT state, cause FROM letter") == [("expired", "gave_up")] * 2


def test_whatever_keeps_it_no_letter_waits_longer_than_ninety_days(make: Make) -> None:
    here = make()
    _pause(here)
    here.days_pass(89)
    here.sweep()
    assert here.states() == ["queued", "queued"]
    here.days_pass(2)
    here.sweep()
    assert here.states() == ["expired", "expired"]


def test_a_full_mailbox_after_a_long_wait_is_tried_for_days(make: Make) -> None:
    here = make()
    here.deliver()
    here.days_pass(6)
    here.post.comes(report(FULL))
    here.days_pass(4)
    here.sweep()
    assert here.post.state() == "deferred"
    # The second time nothing begins again: else it would be tried for ever.
    here.post.change("UPDATE letter SET state = 'sent' WHERE id = 1")
    here.post.comes(report(FULL) + b" ", to=here.post.verp(resends=1))
    here.days_pass(2)
    here.sweep()
    assert here.post.state() == "expired"


def test_an_email_that_nothing_lets_leave_ends(make: Make) -> None:
    here = make()
    here.deliver()
    pause_everything(here.engine, paused=True, actor="test")
    here.days_pass(89)
    here.sweep()
    waiting = "SELECT count(*) FROM follow_up WHERE state IN ('queued', 'deferred') AND due_at <= now()"
    assert here.one(waiting) > 0
    here.days_pass(25)
    here.sweep()
    assert here.one(waiting) == 0


def test_an_email_that_is_refused_each_day_ends(make: Make) -> None:
    here = make()
    here.deliver()
    with ScriptedSmtpServer(replies={"MAIL": "421 4.7.0 not now"}) as server:
        send_mail(here.engine, here.ring, replace(here.settings, mailbox_url=server.url))
    here.days_pass(91)
    here.post.change("UPDATE follow_up SET state = 'queued', due_at = now() WHERE first_attempt_at IS NOT NULL")
    here.sweep()
    assert here.one("SELECT count(*) FROM follow_up WHERE first_attempt_at IS NOT NULL AND state <> 'expired'") == 0


def test_the_rule_in_sql_is_the_rule(make: Make) -> None:
    """What is shown, what a claim asks and what expires say the same as `shared.domain.expiry`, for any times."""
    here = make()
    chance = random.Random(7)
    at = here.one("SELECT now()")

    def some(likely: float, most: int = 120) -> datetime | None:
        return at + timedelta(hours=chance.randint(-24 * most, 48)) if chance.random() < likely else None

    for _ in range(60):
        own, blocked = [some(1), some(1)], [some(0.4, 8), some(0.4, 8), some(0.4, 8)]
        deliver_by, deadline = some(0.3), some(0.3)
        for number, moment in enumerate(own, 1):
            here.post.change("UPDATE letter SET deliver_by = :at WHERE id = :id", at=moment, id=number)
        here.post.change(
            "UPDATE campaign SET deliver_by = :by, deadline = :deadline, blocked_at = :blocked",
            by=deliver_by,
            deadline=deadline,
            blocked=blocked[0],
        )
        here.post.change("UPDATE domain_pace SET blocked_at = :at", at=blocked[1])
        here.post.change("DELETE FROM installation")
        here.post.change("INSERT INTO installation (blocked_at) VALUES (:at)", at=blocked[2])
        last = deliver_by or (deadline + timedelta(days=5) if deadline else None)
        latest = max((one for one in blocked if one), default=None)
        ends = [expiry.expires_at(moment, blocked_at=latest, last_delivery=last) for moment in own if moment]
        with here.engine.connect() as connection:
            assert [stored_end(connection, number) for number in (1, 2)] == ends
            now = connection.scalar(text("SELECT now()"))
            is_due = letters_are_due(connection, (Transport.MAILBOX,), LetterState.QUEUED)
        assert is_due == any(end > now for end in ends)
        expiring.expire_waiting(here.engine, here.settings)
        assert here.states() == ["queued" if end > now else "expired" for end in ends]
        here.post.change("UPDATE letter SET state = 'queued'")
