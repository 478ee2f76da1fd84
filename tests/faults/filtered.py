"""Letters to a domain that filters, in a seed: written, reported by the relay, waited for, and compared at the end."""

import contextlib
import math
import random
import threading
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from requests import codes
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db.installation import pause_all
from shared.db.pace import LANES, letters_are_due
from shared.domain.identities import message_id, read_mark
from shared.errors import NotAllowed
from shared.services.accept import accept_submission
from shared.services.delivery.domains import try_now
from shared.services.delivery.relays import sending_transports
from shared.services.prepare import prepare_submissions
from shared.services.receipts import keep_mail
from shared.services.submissions import begin_submission
from shared.services.sweep import sweep
from tests.factories import copy_letters, make_ring, make_supporter
from tests.faults.clock import pass_time
from tests.faults.filters import (
    DISLIKED,
    DOMAIN,
    LETTERS,
    MAILBOXES,
    Filters,
    Passed,
)
from tests.faults.people import MAILGUN_KEY, post
from tests.providers.signed_posts import mailgun
from tests.services.came_back import DELIVERED, report
from tests.services.filters import bounce
from tests.waiting import wait_until

if TYPE_CHECKING:
    from tests.faults.conftest import Stack

_WRITTEN_S = 20.0
_STEP_MINUTES = 61
# Those of the supporter whose letters the others are like.
_OWN_LETTERS = 2
_COPIES = text("SELECT id FROM letter WHERE receiving_domain = :domain ORDER BY id")
# Each is of its own supporter, and named as ours are.
_NAME = text(
    """
    UPDATE letter
    SET message_id = :name, reply_to = submission.email
    FROM submission
    WHERE letter.id = :id AND submission.id = letter.submission_id
    """
)
# One supporter has edited the letter.
_EDIT_LETTER = text("UPDATE letter SET body = body || :words WHERE id = :id RETURNING submission_id, body")
_EDIT_SUBMISSION = text("UPDATE submission SET edited_body = :body WHERE id = :id")
_IS_AT_WORK = text(
    """
    SELECT EXISTS (SELECT 1 FROM letter WHERE state = 'sending')
        OR EXISTS (SELECT 1 FROM receipt WHERE outcome = 'waiting' AND due_at <= now())
        OR EXISTS (SELECT 1 FROM submission WHERE state IN ('draft', 'looking_up'))
        OR EXISTS (
            SELECT 1
            FROM submission
            WHERE state = 'ready' AND accepted_at IS NOT NULL AND expected_letters IS NULL
        )
    """
)
_NEXT_DUE_S = text(
    """
    SELECT coalesce(extract(epoch FROM min(due_at) - now()), 0)
    FROM (
        SELECT due_at FROM letter WHERE state IN ('queued', 'deferred')
        UNION ALL
        SELECT due_at FROM receipt WHERE outcome = 'waiting'
    ) AS waiting
    """
)
_UNTOLD = text("SELECT receiving_domain FROM domain_pace WHERE open_until > now() AND open_cause = ''")


@dataclass
class Filtered:
    """One seed's letters to the domain that its filters guard, and the relay that reports what became of them."""

    stack: "Stack"
    filters: Filters
    rng: random.Random

    def __post_init__(self) -> None:
        self._ring = make_ring(self.stack.settings)
        self._ends = threading.Event()
        self._reporter = threading.Thread(target=self._report_meanwhile, daemon=True)

    def write(self, email: str) -> None:
        """Letters to several mailboxes of the domain wait for the workers; one of them is edited."""
        stack, settings = self.stack, self.stack.settings
        _pause(stack, paused=True)
        token = begin_submission(stack.engine, self._ring, settings, "co-ops", make_supporter(email))
        accept_submission(stack.engine, self._ring, settings, token, own_words="")
        wait_until(self._are_written, _WRITTEN_S, "two letters")
        copy_letters(stack.engine, LETTERS, mailboxes=MAILBOXES, domain=DOMAIN, transport=self.filters.transport)
        with stack.engine.begin() as connection:
            numbers = list(connection.scalars(_COPIES, {"domain": DOMAIN}))
            names = {one: message_id(settings.secret_key, "letter", one, settings.mail_domain) for one in numbers}
            connection.execute(_NAME, [{"id": one, "name": name} for one, name in names.items()])
            edited = connection.execute(_EDIT_LETTER, {"id": numbers[LETTERS // 2], "words": f"\n{DISLIKED}"}).one()
            connection.execute(_EDIT_SUBMISSION, {"id": edited.submission_id, "body": edited.body})
        self.filters.secret, self.filters.letters = settings.secret_key, frozenset(numbers)
        stack.sink.receiver = self.filters
        _pause(stack, paused=False)

    def begin_reports(self) -> None:
        """The relay reports while other things happen."""
        self._reporter.start()

    def end_reports(self) -> None:
        """What is left is reported later."""
        self._ends.set()
        if self._reporter.is_alive():
            self._reporter.join()

    def outlast(self, seconds: float) -> list[str]:
        """Time passes until the filters have gone and everything rests; what is wrong meanwhile, or in the end."""
        ends, is_released, wrong = time.monotonic() + seconds, not self.filters.is_released, []
        while time.monotonic() < ends:
            # An earlier fault may have cut the test's own connections.
            with contextlib.suppress(DBAPIError):
                self.stack.fleet.replace_dead(2)
                self._report(self.rng)
                if not self.filters.passed and self.stack.fleet.restless() == 0:
                    return wrong
                if not self.filters.passed and not self._is_at_work():
                    wrong += self._without_reason()
                    self.filters.step()
                    if self.filters.have_ended and not is_released:
                        is_released = True
                        self._release()
                    self._pass_time()
            time.sleep(0.03)
        return [*wrong, f"I6: something does not come to rest\n{self.stack.restless()}"]

    def _report_meanwhile(self) -> None:
        rng = random.Random(self.rng.random())
        while not self._ends.wait(0.1):
            with contextlib.suppress(DBAPIError):
                self._report(rng, share=0.5)

    def _report(self, rng: random.Random, *, share: float = 1.0) -> None:
        """The relay reports what became of such a share of the emails that it took, in any order."""
        ready = []
        while self.filters.passed:
            ready.append(self.filters.passed.pop())
        ready = [one for one in ready if one.reply or self.filters.tells_success]
        rng.shuffle(ready)
        try:
            while ready:
                if rng.random() > share or not self._tell(ready[-1], rng):
                    self.filters.passed.append(ready[-1])
                ready.pop()
        finally:
            self.filters.passed += ready

    def _tell(self, one: Passed, rng: random.Random) -> bool:
        """By mail or by webhook, however often it is tried; False when nobody was there to take the report."""
        stack = self.stack
        mark = read_mark(stack.settings.secret_key, one.envelope.sender)
        assert mark is not None
        if self.filters.reports[mark.number % len(self.filters.reports)] == "mail":
            keep_mail(stack.engine, self._ring, sender="", recipient=one.envelope.sender, raw=_mail(one))
        else:
            event = mailgun(_event(one, rng), key=MAILGUN_KEY)
            if post(f"{stack.fleet.url}/webhooks/mailgun", event) != codes.no_content:
                return False
        stack.ledger.news[mark.number].add("bounced" if one.reply else "delivered")
        return True

    def _is_at_work(self) -> bool:
        """Has a worker something to do before time passes?"""
        with self.stack.engine.connect() as connection:
            if connection.scalar(_IS_AT_WORK):
                return True
            transports = sending_transports(connection, self.stack.settings)
            return any(letters_are_due(connection, transports, lane) for lane in LANES)

    def _without_reason(self) -> list[str]:
        with self.stack.engine.connect() as connection:
            return [f"I3: {domain} rests, and nothing says why" for domain in connection.scalars(_UNTOLD)]

    def _release(self) -> None:
        with contextlib.suppress(NotAllowed):
            try_now(self.stack.engine, DOMAIN, actor="organizer:1")

    def _pass_time(self) -> None:
        """An hour, or until the next letter or report is due; then a sweep looks."""
        with self.stack.engine.begin() as connection:
            next_due_s = float(connection.scalar(_NEXT_DUE_S) or 0)
            pass_time(connection, max(_STEP_MINUTES, math.ceil(next_due_s / 60) + 1))
        sweep(self.stack.engine, self._ring, self.stack.settings)

    def _are_written(self) -> bool:
        prepare_submissions(self.stack.engine, self._ring, self.stack.settings)
        return len(self.stack.states()) >= _OWN_LETTERS


def _mail(one: Passed) -> bytes:
    recipient = one.envelope.recipient
    if not one.reply:
        return report(DELIVERED, recipient)
    return bounce(recipient, remote=f"mx.{DOMAIN}", told=("failed", one.reply.split()[1], one.reply))


def _event(one: Passed, rng: random.Random) -> dict[str, object]:
    """Not every relay says which envelope sender it means."""
    code, status, words = (one.reply or "250 2.0.0 ok").split(" ", 2)
    return {
        "id": sha256(f"{one.envelope.sender}{one.reply}".encode()).hexdigest(),
        "event": "failed" if one.reply else "delivered",
        "severity": "permanent",
        "timestamp": 1_793_613_600.5,
        "recipient": one.envelope.recipient,
        "envelope": {"sender": one.envelope.sender} if rng.random() < 0.5 else {},
        "delivery-status": {"code": int(code), "enhanced-code": status, "message": f"{code} {status} {words}"},
        "message": {"headers": {"message-id": one.name.strip("<>")}},
    }


def _pause(stack: "Stack", *, paused: bool) -> None:
    with stack.engine.begin() as connection:
        pause_all(connection, paused=paused)
