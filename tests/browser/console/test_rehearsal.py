"""The launch rehearsal in a browser: one button, progress, and a report fit for everybody."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check
from tests.services.places.rehearsed import import_small_state

pytestmark = pytest.mark.browser


@ON_A_PHONE
def test_one_button_rehearses_the_launch(
    site: Site, browser: Browser, faults: Faults, size: ViewportSize, tmp_path: Path
) -> None:
    import_small_state(site.engine, tmp_path)
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/campaigns/co-ops/rehearsal")
    check(page)
    site.hold()
    page.get_by_role("button", name="Run the rehearsal").click()
    expect(page.locator("#live")).to_contain_text("Waiting for a worker")
    check(page)
    site.release()
    # Without a reload by the person.
    expect(page.locator("#verdict")).to_have_text("1 thing to mend before you go live", timeout=15_000)
    expect(page.locator(".found")).to_have_count(2)
    check(page)
    page.get_by_role("button", name="Run it again").click()
    expect(page.get_by_text("nothing has changed.")).to_be_visible(timeout=15_000)
    # The live page has a map of these districts.
    page.goto(f"{site.url}/admin/campaigns/co-ops?by=day")
    page.get_by_text("Show as table").first.click()
    check(page)
    page.goto(f"{site.url}/admin/campaigns/co-ops/districts?chamber=upper")
    check(page)
