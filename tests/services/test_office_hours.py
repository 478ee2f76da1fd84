"""Letters to offices leave in office hours: PostgreSQL decides, and pages say the same as it does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from sqlalchemy import Engine, text

from shared.clock import now
from shared.db.campaigns import SENDABLE
from shared.domain.office_hours import OfficeHours, parse_office_hours
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.rendering.speech import say_weekday
from shared.services.campaigns import import_campaign
from shared.services.delivery import deliver_letters
from shared.services.letter_detail import read_letter
from shared.services.submission_view import read_submission
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_ring, write_letters
from tests.smtp_server import ScriptedSmtpServer

ZONES = [
    "America/New_York",
    "America/Denver",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "Pacific/Chatham",
    "Asia/Jerusalem",
    "Africa/Cairo",
]
HOURS = ["00:00-23:59", "08:00-18:00", "01:30-02:30", "23:00-23:30"]


def text_of(zone: str, hours: str) -> str:
    head = f'subject = "Please"\ntimezone = "{zone}"\noffice_hours = "{hours}"'
    return CAMPAIGN.replace('subject = "Please back {{district}}\'s co-ops"', head)


def hours_of(zone: str, hours: str) -> OfficeHours:
    found = parse_office_hours(hours, ZoneInfo(zone))
    assert found
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_the_claim_and_the_pages_agree_at_every_moment(engine: Engine, zone: str) -> None:
    """Every 30 minutes around the days on which clocks change somewhere, with the moment in the place of now()."""
    days = [datetime(2026, *day, tzinfo=UTC) for day in ((3, 6), (3, 26), (4, 4), (4, 23), (9, 25), (10, 23), (10, 30))]
    moments = [day + timedelta(minutes=30 * step) for day in days for step in range(4 * 48)]
    condition = SENDABLE.format(transport="'relay'").replace("now()", "CAST(moment AS timestamptz)")
    query = text(f"SELECT {condition} FROM unnest(:moments) WITH ORDINALITY AS m(moment, n), campaign ORDER BY n")
    for span in HOURS:
        import_campaign(engine, text_of(zone, span), name="co-ops.md")
        with engine.connect() as connection:
            claimed = list(connection.execute(query, {"moments": moments}).scalars())
        shown = [hours_of(zone, span).is_open(moment) for moment in moments]
        assert claimed == shown, span
        assert len(set(claimed)) == 2


@pytest.fixture
def waiting(engine: Engine, settings: Settings) -> Callable[[str, str], str]:
    """A supporter's two letters to real offices, due now, of a campaign with these hours; the status page's token."""

    def write(zone: str, hours: str) -> str:
        import_campaign(engine, text_of(zone, hours), name="co-ops.md")
        token = write_letters(engine, make_ring(settings), settings)
        with engine.begin() as connection:
            connection.execute(text("UPDATE letter SET transport = 'direct'"))
            connection.execute(text("UPDATE domain_pace SET transport = 'direct'"))
        return token

    return write


def a_zone(*, is_open: bool) -> str:
    """Where `09:00-12:00` is open now, or closed: the clock is the database's, so the zone is chosen.

    While no place on earth is within these hours of a weekday, none is returned.
    """
    zones = (zone for zone in sorted(available_timezones()) if zone.startswith(("Etc/", "America/", "Pacific/")))
    soon = now() + timedelta(minutes=3)
    return next(
        (z for z in zones if hours_of(z, SPAN).is_open(now()) == hours_of(z, SPAN).is_open(soon) == is_open), ""
    )


SPAN = "09:00-12:00"


@pytest.mark.parametrize("is_open", [True, False])
def test_letters_leave_while_the_office_is_open(
    engine: Engine, settings: Settings, waiting: Callable[[str, str], str], is_open: bool
) -> None:
    zone = a_zone(is_open=is_open)
    if not zone:
        pytest.skip("It is a weekend everywhere.")
    token = waiting(zone, SPAN)
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    opening = hours_of(zone, SPAN).next_opening(now())
    words = say_weekday(opening) if opening else ""
    view = read_submission(engine, settings, token)
    assert view.opens == words
    assert [line.opens for line in view.letters] == [words, words]
    assert read_letter(engine, view.letters[0].letter_id).opens == words
    with ScriptedSmtpServer() as server:
        claimed = deliver_letters(
            engine, ring, replace(settings, mail_relay_url=server.url, mail_route="direct"), first_tries=True
        )
        assert (claimed, len(server.accepted)) == ((2, 2) if is_open else (0, 0))


def test_test_letters_wait_for_no_office(
    engine: Engine, settings: Settings, waiting: Callable[[str, str], str]
) -> None:
    token = waiting(a_zone(is_open=False), SPAN)
    with engine.begin() as connection:
        connection.execute(text("UPDATE letter SET transport = 'mailbox'"))
        connection.execute(text("UPDATE domain_pace SET transport = 'mailbox'"))
    assert read_submission(engine, settings, token).opens == ""
    with ScriptedSmtpServer() as server:
        ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
        assert deliver_letters(engine, ring, replace(settings, mailbox_url=server.url), first_tries=True) == 2


def test_a_paused_campaign_s_letters_do_not_promise_a_time(
    engine: Engine, settings: Settings, waiting: Callable[[str, str], str]
) -> None:
    token = waiting(a_zone(is_open=False), SPAN)
    assert read_submission(engine, settings, token).opens
    with engine.begin() as connection:
        connection.execute(text("UPDATE campaign SET state = 'paused', updated_at = clock_timestamp()"))
    assert read_submission(engine, settings, token).opens == ""
