"""Connections of a process stop together where a domain or a mailbox refuses everything."""

from shared.domain.causes import Cause
from shared.domain.refusal_runs import Answer
from shared.services.delivery.recent_answers import RecentAnswers

DOMAIN = "house.example"
MAILBOX = f"office1@{DOMAIN}"


def refuse(recent: RecentAnswers, at: float, mailboxes: int = 5) -> None:
    """So many mailboxes of the domain refuse five letters."""
    for number in range(5):
        mailbox = f"office{number % mailboxes}@{DOMAIN}"
        recent.note(DOMAIN, Answer(mailbox, is_refusal=True), Cause.REFUSED, at)


def test_nothing_that_was_claimed_before_a_run_is_tried() -> None:
    recent = RecentAnswers()
    refuse(recent, 12.0)
    assert recent.refusal(DOMAIN, MAILBOX, 11.0) is Cause.REFUSED
    assert recent.refusal("other.example", "a@other.example", 11.0) is Cause.NONE


def test_the_database_tells_what_later_claims_may_take() -> None:
    """It knows more: which letters were edited, and what other hosts were answered."""
    recent = RecentAnswers()
    refuse(recent, 12.0)
    assert recent.refusal(DOMAIN, MAILBOX, 12.1) is Cause.NONE
    refuse(recent, 13.0)
    assert recent.refusal(DOMAIN, MAILBOX, 12.1) is Cause.REFUSED


def test_one_mailbox_stops_alone() -> None:
    recent = RecentAnswers()
    refuse(recent, 12.0, mailboxes=1)
    assert recent.refusal(DOMAIN, f"office0@{DOMAIN}", 11.0) is Cause.REFUSED
    assert recent.refusal(DOMAIN, MAILBOX, 11.0) is Cause.NONE


def test_a_domain_that_refused_lately_is_watched() -> None:
    recent = RecentAnswers()
    recent.note(DOMAIN, Answer(MAILBOX, is_refusal=False), Cause.NONE, 1.0)
    assert not recent.has_refused(DOMAIN, 0.0)
    recent.note(DOMAIN, Answer(MAILBOX, is_refusal=True), Cause.REFUSED, 2.0)
    assert recent.has_refused(DOMAIN, 2.0)
    recent = RecentAnswers()
    refuse(recent, 3.0)
    assert recent.has_refused(DOMAIN, 2.0)
    # The database watches it now.
    assert not recent.has_refused(DOMAIN, 4.0)
    assert not recent.has_refused("other.example", 0.0)
