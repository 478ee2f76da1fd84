"""The hold after a restore in a browser: which letters may have left, and a release that sends none twice."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from sqlalchemy import Engine

from shared.clock import now
from shared.db.installation import hold
from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check
from tests.factories import make_ring, write_letters

pytestmark = pytest.mark.browser


@ON_A_PHONE
def test_a_restored_database_is_released(
    site: Site, browser: Browser, faults: Faults, engine: Engine, size: ViewportSize
) -> None:
    site.hold()
    for name in ("ana", "wei"):
        write_letters(engine, make_ring(site.settings), site.settings, f"{name}@example.org")
    with engine.begin() as connection:
        hold(connection, "The database has gone back in time.", backup_at=now() - timedelta(hours=1))
        connection.exec_driver_sql("INSERT INTO departure VALUES ('letter', 2, now() - interval '30 minutes')")
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/")
    check(page)
    page.get_by_role("link", name="Review and release").click()
    expect(page.get_by_role("group", name="3 letters that may have left")).to_be_visible()
    expect(page.get_by_role("radio", name="Keep them on hold")).to_be_checked()
    check(page)
    page.get_by_role("button", name="Release letters").click()
    expect(page.get_by_role("status")).to_contain_text("Released.")
    page.goto(f"{site.url}/admin/campaigns/co-ops/attention")
    expect(page.get_by_text("3 letters may have been sent before a backup was restored")).to_be_visible()
    check(page)
    site.release()
