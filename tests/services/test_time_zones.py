"""Every time zone and every office hours that a campaign may have are understood by the claim."""

from zoneinfo import available_timezones

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from shared.errors import DearRepError
from shared.queue.ring import Ring
from shared.services.delivery import deliver_letters
from shared.settings import Settings
from tests.factories import CAMPAIGN, make_campaign, write_letters
from tests.services.came_back import Post


def test_postgresql_knows_all_zones_that_we_take(engine: Engine) -> None:
    unknown = []
    with engine.connect() as connection:
        for zone in sorted(available_timezones()):
            try:
                make_campaign(engine, CAMPAIGN.replace("host =", f'timezone = "{zone}"\nhost ='))
            except DearRepError:
                continue
            try:
                connection.execute(text("SELECT now() AT TIME ZONE :zone"), {"zone": zone})
            except DBAPIError:
                connection.rollback()
                unknown.append(zone)
    assert unknown == []


@pytest.mark.parametrize(
    "hours",
    [
        "09:00-17:00",
        "9-17",
        "9:00-17:00",
        "00:00-24:00",
        "17:00-09:00",
        " 09:00 - 17:00 ",
        "09.00-17.00",
        "٠٩:٠٠-١٧:٠٠",
        "9:5-10:7",
    ],
)
def test_office_hours_that_are_taken_can_be_claimed_by(
    engine: Engine, settings: Settings, ring: Ring, hours: str
) -> None:
    try:
        make_campaign(engine, CAMPAIGN.replace("host =", f'office_hours = "{hours}"\nhost ='))
    except DearRepError:
        return
    write_letters(engine, ring, settings)
    Post(engine, settings, ring).change(
        "UPDATE letter SET transport = 'relay'; UPDATE domain_pace SET transport = 'relay'"
    )
    deliver_letters(
        engine, ring, Settings(**{**settings.__dict__, "mail_relay_url": "smtp://127.0.0.1:9"}), first_tries=True
    )
