"""Receiving domains that filter, with real processes: full size in `make faults-long`, smaller in `make test`.

The tests move the rows' times instead of waiting for hours.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import text

from shared.domain.identities import envelope_sender
from shared.domain.transport import Transport
from shared.services.delivery.domains import set_rate, try_now
from shared.services.receipts import keep_mail
from shared.timing import USUAL
from tests.factories import make_ring
from tests.faults.hosts import DOMAIN, Installation, installation, wait_until_all_left
from tests.services.filters import POLICY, bounce
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
FULL = os.environ.get("FAULTS_LONG") == "1"
# Sweeps come sooner than usual: an hour passes by a word of the test.
TIMING = replace(USUAL, sweep=0.5, gather=0.05, breaker=0.5)
LETTERS = 70_000 if FULL else 700
MAILBOXES = 160
full_only = pytest.mark.skipif(not FULL, reason="only in make faults-long")
_PACE = f"SELECT {{}} FROM domain_pace WHERE receiving_domain = '{DOMAIN}'"
_IS_BUSY = """
    SELECT EXISTS (SELECT 1 FROM letter WHERE state = 'sending')
        OR EXISTS (SELECT 1 FROM domain_answer WHERE goes_back)
        OR EXISTS (SELECT 1 FROM receipt WHERE outcome = 'waiting')
        OR EXISTS (
            SELECT 1
            FROM domain_pace
            WHERE receiving_domain = 'house.example' AND (open_until IS NULL OR open_until <= now())
                AND coalesce(allowance, 1) > 0 AND (rate_per_hour IS NULL
                    OR tokens + extract(epoch FROM now() - refilled_at) * rate_per_hour / 3600 >= 1)
                AND EXISTS (SELECT 1 FROM letter WHERE state = 'queued' AND due_at <= now())
        )
"""
_SENT = text("SELECT id, recipient_email, resends FROM letter WHERE state = 'sent' ORDER BY sent_at, id")


@pytest.fixture
def here() -> Iterator[Installation]:
    with installation(TIMING) as running:
        running.relay.filtered = POLICY
        # Emails to supporters, which become due on a slow machine, go elsewhere.
        running.relay.filtered_domain = f"@{DOMAIN}"
        yield running


@dataclass
class Legislature:
    """Its filter takes `window` letters in 30 minutes. Time passes in steps, and workers do what they can in each.

    Behind a relay the filter's refusals come back 20 minutes later.
    """

    here: Installation
    window: int = 100
    has_relay: bool = False
    clock: int = 0
    _left: int = 0
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _returns: list[tuple[int, bytes, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begin_window()

    def step(self, minutes: int = 5) -> None:
        """Time passes, and what can be done is done."""
        self.here.pass_time(minutes)
        if self.clock // 30 != (self.clock + minutes) // 30:
            self._begin_window()
        self.clock += minutes
        if self.has_relay:
            self._pass_on()
        # At least one sweep sees the new time.
        time.sleep(1.5 * TIMING.sweep)
        wait_until(lambda: self.here.ask(_IS_BUSY) is False, 60, "workers that have nothing to do")

    def _begin_window(self) -> None:
        self._left = self.window
        if not self.has_relay:
            self.here.relay.takes = self.window

    def _pass_on(self) -> None:
        """What the relay took goes on to the filter; some returns."""
        with self.here.engine.connect() as connection:
            rows = connection.execute(_SENT).all()
        for number, recipient, resends in rows:
            if (number, resends) in self._seen:
                continue
            self._seen.add((number, resends))
            if self._left > 0:
                self._left -= 1
            else:
                settings = self.here.settings()
                to = envelope_sender(settings.secret_key, "letter", number, settings.mail_domain, resends)
                self._returns.append((self.clock + 20, bounce(recipient, remote="mx.house.example"), to))
        ring = make_ring(self.here.settings())
        for _, raw, to in [one for one in self._returns if one[0] <= self.clock]:
            keep_mail(self.here.engine, ring, sender="", recipient=to, raw=raw)
        self._returns = [one for one in self._returns if one[0] > self.clock]

    def allows_us(self) -> None:
        """Its IT office lets our mail in, and an organizer says so."""
        self.here.relay.takes, self._left = None, 10**9
        set_rate(self.here.engine, DOMAIN, None, actor="test")
        try_now(self.here.engine, DOMAIN, actor="test")


def learn(legislature: Legislature) -> int:
    """Steps until a rate is learned; how many times the domain was held until then, the first time included."""
    holds, trial = 1, 1
    while legislature.here.ask(_PACE.format("rate_per_hour")) is None:
        assert legislature.clock < 24 * 60
        legislature.step()
        before, trial = trial, int(str(legislature.here.ask(_PACE.format("trial"))))
        holds += trial == 1 and before != 1
    return holds


@pytest.mark.parametrize("has_relay", [False, True] if FULL else [False])
def test_a_filter_that_takes_a_hundred_letters_in_half_an_hour_loses_none(here: Installation, has_relay: bool) -> None:
    legislature = Legislature(here, has_relay=has_relay)
    here.queue_many(LETTERS, MAILBOXES, Transport.RELAY if has_relay else Transport.DIRECT)
    here.host("a").start()
    while here.ask(_PACE.format("held_at")) is None:
        assert legislature.clock < 120
        legislature.step()
    refused = here.relay.refused
    assert refused <= 10
    windows = learn(legislature)
    assert windows <= 3
    rate = int(str(here.ask(_PACE.format("rate_per_hour"))))
    assert 1 <= rate <= 2 * legislature.window
    for _ in range(12):
        legislature.step()
    assert here.states().keys() <= {"sent", "queued"}
    print(f"{refused} refused before the hold, {rate} an hour learned in {windows} windows, {here.states()}")
    legislature.allows_us()
    wait_until_all_left(here, LETTERS, 600)
    if not has_relay:
        assert here.copies() == 0
    assert here.states() == {"sent": LETTERS}


@full_only
@pytest.mark.parametrize(
    "answer",
    [
        "550 5.4.5 Daily user sending quota exceeded",
        "552 5.2.2 Sending quota of your account exceeded",
        "554 5.7.0 You have reached your daily sending limit",
    ],
)
def test_a_relay_whose_quota_for_the_day_ends_loses_none(here: Installation, answer: str) -> None:
    here.relay.takes, here.relay.filtered, here.relay.filtered_domain = 500, answer, ""
    here.queue_many(2_000, MAILBOXES, Transport.RELAY)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE domain_pace SET allowance = NULL"))
    here.host("a").start()
    wait_until(lambda: here.ask("SELECT count(*) FROM relay_state WHERE open_until > now()") == 1, 60, "the pause")
    assert here.relay.refused <= 16
    assert here.states().keys() <= {"sent", "queued", "sending"}
    here.relay.takes = None
    wait_until_all_left(here, 2_000, 200)
    assert here.copies() == 0


@full_only
def test_one_angry_text_among_a_thousand_holds_nobody(here: Installation) -> None:
    here.relay.is_unwanted = lambda _recipient, message: b"Angry words" in message
    here.relay.filtered = "550 5.7.1 Message rejected: offensive content"
    here.queue_many(1_000, MAILBOXES, Transport.DIRECT)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE domain_pace SET allowance = NULL"))
        connection.execute(text("UPDATE letter SET body = 'Angry words' WHERE id = (SELECT min(id) + 500 FROM letter)"))
        connection.execute(
            text(
                "UPDATE submission SET edited_body = 'Angry words' WHERE id = (SELECT submission_id FROM letter"
                " WHERE body = 'Angry words')"
            )
        )
    here.host("a").start()
    wait_until_all_left(here, 999, 120)
    assert here.states() == {"sent": 999, "rejected": 1}
    assert here.ask(_PACE.format("held_at")) is None


@full_only
@pytest.mark.parametrize("answer", ["550 5.1.1 User unknown", POLICY])
def test_one_dead_mailbox_among_160_holds_only_itself(here: Installation, answer: str) -> None:
    here.relay.is_unwanted = lambda recipient, _message: recipient.startswith("office7@")
    here.relay.filtered = answer
    here.queue_many(1_600, MAILBOXES, Transport.DIRECT)
    with here.engine.begin() as connection:
        connection.execute(text("UPDATE domain_pace SET allowance = NULL"))
    here.host("a").start()
    wait_until_all_left(here, 1_590, 120)
    assert here.ask(_PACE.format("held_at")) is None
    assert here.states()["sent"] == 1_590
    assert here.states().get("rejected", 0) <= 1
