"""What waits for each receiving domain, since when it could have left, and the rate that organizers set."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from shared.db.domains import DomainLine
from shared.db.domains import list_domains as every_domain
from shared.db.installation import pause_all
from shared.domain.causes import Cause
from shared.domain.states import CampaignState
from shared.domain.transport import Transport
from shared.errors import NotAllowed
from shared.services.campaigns import change_campaign_state
from shared.services.delivery.domains import list_domains, set_rate
from shared.settings import Settings
from tests.factories import make_draft, make_ring, write_letters

Change = Callable[[str], None]


@pytest.fixture
def change(engine: Engine, settings: Settings) -> Change:
    """Two letters to one domain, due for 100 s; a statement changes what is there."""
    ring = make_ring(settings)
    make_draft(engine)
    write_letters(engine, ring, settings)

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(statement))

    run("UPDATE letter SET due_at = now() - interval '100 seconds'")
    return run


def only_line(engine: Engine, transport: Transport = Transport.MAILBOX) -> DomainLine:
    with engine.connect() as connection:
        (line,) = [one for one in every_domain(connection, [Transport.MAILBOX]) if one.transport is transport]
    return line


@pytest.mark.parametrize("state", ["queued", "deferred"])
def test_what_waits_is_counted_and_its_age_told(change: Change, engine: Engine, state: str) -> None:
    change(f"UPDATE letter SET state = '{state}'")
    line = only_line(engine)
    assert (line.receiving_domain, line.waiting) == ("practice.example", 2)
    assert 100 <= line.oldest_due_s < 130


@pytest.mark.parametrize(
    "why",
    [
        "UPDATE campaign SET state = 'paused'",
        "UPDATE letter SET due_at = now() + interval '1 hour'",
        "UPDATE letter SET state = 'sent'",
        "UPDATE letter SET state = 'held'",
        "INSERT INTO installation (hold_reason) VALUES ('why')",
        "UPDATE letter SET transport = 'relay'; UPDATE domain_pace SET transport = 'relay'",
    ],
)
def test_letters_that_may_not_leave_have_no_age(change: Change, engine: Engine, why: str) -> None:
    for statement in why.split(";"):
        change(statement)
    line = only_line(engine, Transport.RELAY if "relay" in why else Transport.MAILBOX)
    assert line.oldest_due_s == 0
    assert line.waiting == (0 if "state = 'sent'" in why or "state = 'held'" in why else 2)


def test_a_pause_for_all_is_one_reason_too(change: Change, engine: Engine) -> None:
    with engine.begin() as connection:
        pause_all(connection, paused=True)
    assert only_line(engine).oldest_due_s == 0
    with engine.begin() as connection:
        pause_all(connection, paused=False)
    change_campaign_state(engine, "co-ops", CampaignState.LIVE, actor="test")
    assert only_line(engine).oldest_due_s >= 100


def test_a_breaker_is_told_with_its_cause_while_it_is_open(change: Change, engine: Engine) -> None:
    change("UPDATE domain_pace SET open_until = now() + interval '1 minute', open_cause = 'tls'")
    line = only_line(engine)
    assert line.open_until is not None
    assert line.open_cause is Cause.TLS
    change("UPDATE domain_pace SET open_until = now() - interval '1 second'")
    assert only_line(engine).open_until is None


def test_a_rate_is_for_letters_that_leave_this_machine(change: Change, engine: Engine, settings: Settings) -> None:
    assert set_rate(engine, " MaHouse.gov. ", 200, actor="test") == "mahouse.gov"
    for route in ("relay", "direct"):
        used = replace(settings, mail_relay_url="smtp://127.0.0.1:9", mail_route=route)  # type: ignore[arg-type]
        rates = {
            (one.receiving_domain, one.transport.value): one.pace.rate_per_hour for one in list_domains(engine, used)
        }
        assert rates == {("mahouse.gov", route): 200, ("practice.example", "mailbox"): None}
    set_rate(engine, "mahouse.gov", None, actor="test")
    assert [one.receiving_domain for one in list_domains(engine, settings)] == ["practice.example"]


@pytest.mark.parametrize("domain", ["", "mahouse", "a@mahouse.gov", "two words.gov", "https://mahouse.gov"])
def test_what_is_no_domain_is_refused_in_words(engine: Engine, domain: str) -> None:
    with pytest.raises(NotAllowed, match="is not a mail domain"):
        set_rate(engine, domain, 5, actor="test")
