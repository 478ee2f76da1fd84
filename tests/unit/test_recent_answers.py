"""Connections of a process wait for the batch that found a run of refusals to be recorded."""

from shared.domain.causes import Cause
from shared.domain.refusal_runs import Answer
from shared.services.delivery.recent_answers import RecentAnswers

DOMAIN = "house.example"


def refuse(recent: RecentAnswers, at: float) -> None:
    """Five mailboxes of the domain refuse a letter."""
    for number in range(5):
        recent.note(DOMAIN, Answer(f"office{number}@{DOMAIN}", is_refusal=True), Cause.REFUSED, at)


class Clock:
    """Says how often it was asked; each look is a second later."""

    def __init__(self, now: float) -> None:
        self.now, self.looks = now, 0

    def __call__(self) -> float:
        self.looks += 1
        self.now += 1
        return self.now


def waits(recent: RecentAnswers, now: float) -> int:
    """How many times a claim looks until it goes on."""
    clock = Clock(now)
    recent.wait_for_records(clock)
    return clock.looks - 1


def test_a_claim_waits_for_batches_of_the_domain_that_are_not_recorded() -> None:
    recent = RecentAnswers()
    with recent.recording(DOMAIN, 10.0, Clock(20.0)), recent.recording("other.example", 10.0, Clock(20.0)):
        assert not waits(recent, 11.0)
        refuse(recent, 12.0)
        assert waits(recent, 12.0) == 4
    assert not waits(recent, 12.0)


def test_a_later_batch_and_an_old_run_keep_nobody_waiting() -> None:
    recent = RecentAnswers()
    refuse(recent, 12.0)
    with recent.recording(DOMAIN, 13.0, Clock(20.0)):
        assert not waits(recent, 13.0)
    with recent.recording(DOMAIN, 11.0, Clock(20.0)):
        assert not waits(recent, 17.0)


def test_nothing_that_was_claimed_before_the_record_is_tried() -> None:
    recent, mailbox = RecentAnswers(), f"office1@{DOMAIN}"
    with recent.recording(DOMAIN, 10.0, Clock(30.0)):
        refuse(recent, 12.0)
        assert not waits(recent, 20.0)
        assert recent.refusal(DOMAIN, mailbox, 21.0) is Cause.REFUSED
        assert recent.refusal("other.example", "a@other.example", 21.0) is Cause.NONE
    assert recent.refusal(DOMAIN, mailbox, 30.0) is Cause.REFUSED
    assert recent.refusal(DOMAIN, mailbox, 32.0) is Cause.NONE


def test_later_batches_close_a_domain_no_longer() -> None:
    """The database may not hold it: it knows which letters were edited."""
    recent, mailbox = RecentAnswers(), f"office1@{DOMAIN}"
    with recent.recording(DOMAIN, 10.0, Clock(13.0)):
        refuse(recent, 12.0)
    with recent.recording(DOMAIN, 13.0, Clock(15.0)):
        assert recent.refusal(DOMAIN, mailbox, 13.0) is Cause.REFUSED
    assert recent.refusal(DOMAIN, mailbox, 14.5) is Cause.NONE


def test_a_domain_that_has_just_refused_some_gets_one_letter_at_a_time() -> None:
    recent, other = RecentAnswers(), f"office9@{DOMAIN}"
    for _ in range(4):
        recent.note(DOMAIN, Answer(other, is_refusal=False), Cause.NONE, 1.0)
    recent.note(DOMAIN, Answer(other, is_refusal=True), Cause.REFUSED, 2.0)
    with recent.turn(DOMAIN, 0.0) as mine, recent.turn(DOMAIN, 0.0) as beside:
        assert mine
        assert beside
    recent.note(DOMAIN, Answer(f"office8@{DOMAIN}", is_refusal=True), Cause.REFUSED, 3.0)
    with (
        recent.turn(DOMAIN, 0.0) as mine,
        recent.turn(DOMAIN, 0.0) as beside,
        recent.turn("other.example", 0.0) as else_,
    ):
        assert mine
        assert not beside
        assert else_
    with recent.turn(DOMAIN, 0.0) as again:
        assert again
    for _ in range(4):
        recent.note(DOMAIN, Answer(other, is_refusal=False), Cause.NONE, 4.0)
    with recent.turn(DOMAIN, 0.0), recent.turn(DOMAIN, 0.0) as beside:
        assert beside
