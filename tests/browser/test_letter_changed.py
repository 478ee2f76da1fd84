"""A letter that was published anew while somebody read it: shown again on a phone and on a desk, then sent."""

from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect

from shared.db import campaigns
from shared.domain.campaigns import Campaign
from tests.browser.conftest import Faults, Site
from tests.browser.sizes import ON_A_PHONE, PHONE
from tests.browser.visits import Visit
from tests.browser.walk import begin, check

pytestmark = pytest.mark.browser


def publish_other_words(site: Site) -> None:
    with site.engine.begin() as connection:
        stored = campaigns.find_campaign(connection, "co-ops")
        assert stored is not None
        campaigns.save_campaign(connection, reworded(stored.campaign), None, "test", publishes=True)


def reworded(old: Campaign) -> Campaign:
    body = "Dear {{recipient_name}},\n\nThe vote is on Monday.\n\n{{own_words}}\n\nSincerely,\n{{supporter_name}}"
    return replace(old, versions=(replace(old.versions[0], subject="Monday's vote", body=body),))


def look(page: Page) -> None:
    """The notice stands above everything that is read next, within the first screen."""
    notice = page.locator(".changed")
    expect(notice).to_contain_text("The text of the letter changed.")
    box = notice.bounding_box()
    assert box is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= 640
    expect(page.locator("#own_words")).to_have_value("My sister's bakery")
    expect(page.locator("#paper-1")).to_contain_text("The vote is on Monday.")
    expect(page.locator("#paper-1")).to_contain_text("My sister's bakery")
    assert page.locator("input[name=to]:checked").count() == 1


@ON_A_PHONE
def test_it_is_shown_again_and_then_sent(visit: Visit) -> None:
    page = visit.page
    begin(page, visit.site.url)
    expect(page.locator(".rep")).to_have_count(2)
    page.fill("#own_words", "My sister's bakery")
    page.locator("input[name=to]").last.uncheck()
    publish_other_words(visit.site)
    page.click("#send")
    expect(page.locator(".changed")).to_be_focused()
    look(page)
    check(page)
    page.click(".changed a")
    expect(page.locator("#your-letter")).to_be_in_viewport()
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(1)
    letters = [raw for sender, _, raw in visit.site.mail.accepted if "+l" in sender]
    assert [b"The vote is on Monday." in raw for raw in letters] == [True]


def test_so_it_is_without_javascript(site: Site, browser: Browser, faults: Faults) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    faults.watch(page)
    begin(page, site.url)
    while not page.locator(".rep").count():
        page.reload()
    page.fill("#own_words", "My sister's bakery")
    page.locator("input[name=to]").last.uncheck()
    publish_other_words(site)
    page.click("#send")
    look(page)
    page.click("#send")
    page.wait_for_url("**/s/*")
