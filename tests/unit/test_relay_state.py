"""A mail server's own state: one break however many meet it, growing rests, a ceiling that is learned and regained."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.causes import Cause
from shared.domain.pace import Pace
from shared.domain.relay_state import RAISE_AFTER_S, Breaker, Connections, RelayState, connections_of, rest_seconds
from shared.domain.status_codes import says_too_many
from shared.domain.transport import MailServer

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
CLOSED = RelayState(MailServer.RELAY)
OPEN = replace(CLOSED, epoch=1, failures=1, is_resting=True, open_until=AT, open_cause=Cause.TLS)
PROBING = replace(OPEN, is_resting=False)


def test_rests_grow_to_two_minutes() -> None:
    rests = [rest_seconds(replace(CLOSED, failures=failures), first=5.0) for failures in range(1, 9)]
    assert rests == [5, 10, 20, 40, 80, 120, 120, 120]
    assert rest_seconds(replace(CLOSED, failures=100_000), first=5.0) == 120


def test_a_failure_counts_in_its_own_epoch_alone() -> None:
    assert CLOSED.counts(0)
    assert not OPEN.counts(0), "it was under way when the break began"
    assert OPEN.counts(1), "the probe"


@pytest.mark.parametrize(
    ("state", "connections", "admits"),
    [
        (CLOSED, Connections(in_use=15, ahead=15), True),
        (CLOSED, Connections(in_use=16, ahead=16), False),
        (CLOSED, Connections(in_use=17, ahead=15, is_held=True), True),
        (CLOSED, Connections(in_use=17, ahead=16, is_held=True), False),
        (OPEN, Connections(), False),
        (PROBING, Connections(), True),
        (PROBING, Connections(in_use=30, ahead=30), True),
        (PROBING, Connections(in_use=1, ahead=1, is_probed=True), False),
        (PROBING, Connections(in_use=1, is_held=True), False),
        (PROBING, Connections(in_use=1, is_held=True, is_probe=True), True),
        (replace(CLOSED, rate_per_hour=60, tokens=0.9), Connections(), False),
        (replace(CLOSED, rate_per_hour=60, tokens=1.0), Connections(), True),
    ],
)
def test_who_may_claim(state: RelayState, connections: Connections, admits: bool) -> None:
    assert replace(state, connections=connections).admits is admits


def test_who_asks_sees_the_connections_that_were_opened_before() -> None:
    open_now = ["a", "b", "c"]
    assert connections_of(open_now, "b", probe="") == Connections(in_use=3, ahead=1, is_held=True)
    assert connections_of(open_now, "d", probe="a") == Connections(in_use=3, ahead=3, is_probed=True)
    assert connections_of(open_now, "a", probe="a") == Connections(in_use=3, ahead=0, is_held=True, is_probe=True)
    assert connections_of(open_now, "d", probe="gone") == Connections(in_use=3, ahead=3)


def test_a_probe_is_one_email() -> None:
    assert PROBING.breaker is Breaker.PROBING
    assert PROBING.most_emails(20) == 1
    assert OPEN.most_emails(20) == 0
    assert CLOSED.most_emails(20) == 20
    assert replace(CLOSED, rate_per_hour=600, tokens=3.7).most_emails(20) == 3


def test_another_connection_is_opened_only_while_there_is_one_left() -> None:
    assert replace(CLOSED, connections=Connections(in_use=14, ahead=14)).has_more
    assert not replace(CLOSED, connections=Connections(in_use=15, ahead=15)).has_more
    assert replace(CLOSED, connections=Connections(in_use=15, is_held=True)).has_more
    assert not PROBING.has_more


def test_a_learned_ceiling_is_raised_slowly_up_to_the_set_one() -> None:
    learned = replace(CLOSED, learned_connections=10)
    assert learned.ceiling == 10
    assert replace(learned, learned_for_s=2 * RAISE_AFTER_S).ceiling == 12
    assert replace(learned, learned_for_s=100 * RAISE_AFTER_S).ceiling == 16
    assert learned.bounded(Pace(connections=128)).connections == 10


def test_a_domain_rests_with_its_server() -> None:
    assert CLOSED.rest_of_domain(None, Cause.NONE, AT) == (None, Cause.NONE, False)
    later = AT + timedelta(hours=1)
    assert OPEN.rest_of_domain(later, Cause.OUR_DNS, AT) == (later, Cause.OUR_DNS, False)
    assert OPEN.rest_of_domain(None, Cause.NONE, AT) == (AT, Cause.TLS, True)
    assert PROBING.paused_until(later) == later


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("421 4.7.0 mx.example Error: too many connections from 192.0.2.1", True),
        ("421 Too many concurrent SMTP connections; please try again later.", True),
        ("421 4.3.2 Too many open connections.", True),
        ("421 4.3.2 All server ports are busy", True),
        ("432 4.3.2 Concurrent connections limit exceeded. Visit https://…", True),
        ("421 4.7.0 try again later", True),
        ("421 4.3.2 Service shutting down", False),
        ("421 4.3.2 Connection rate limit exceeded.", False),
        ("421 busy", False),
        ("452 4.5.3 Too many recipients", False),
        ("554 go away", False),
    ],
)
def test_too_many_connections_in_servers_words(reply: str, expected: bool) -> None:
    assert says_too_many(reply) is expected
