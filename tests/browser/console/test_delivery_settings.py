"""Delivery settings in a browser: a relay, the sender domain, a pace and its undoing, each page fit for everybody."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from shared.settings import Settings
from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check
from tests.name_server import LoopbackNameServer

pytestmark = pytest.mark.browser
DOMAIN = "letters.coop-ma.org"
PASSWORD = "four quiet green ducks"
RECORDS = {
    (DOMAIN, "TXT"): ['"v=spf1 ip4:93.184.216.34 ~all"'],
    ("_dmarc.coop-ma.org", "TXT"): ['"v=DMARC1; p=none"'],
    (DOMAIN, "MX"): ["10 mail.coop-ma.org."],
    ("mail.coop-ma.org", "A"): ["93.184.216.34"],
}


@pytest.fixture
def settings(settings: Settings) -> Iterator[Settings]:
    """As an installation with a domain of its own, whose DNS is on this machine."""
    with LoopbackNameServer(RECORDS) as server:
        yield replace(settings, mail_domain=DOMAIN, dns_servers=server.setting, webhooks="mailgun=key")


@ON_A_PHONE
def test_mail_is_set_up_in_the_console(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/password")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Set password").click()
    page.goto(f"{site.url}/admin/delivery")
    check(page)
    page.get_by_role("link", name="Mail relay", exact=True).click()
    check(page)
    page.get_by_role("link", name="Enter a mail relay").click()
    page.fill("#host", "127.0.0.1")
    page.fill("#port", "9")
    page.select_option("#security", "none")
    page.fill("#current", PASSWORD)
    page.get_by_role("button", name="Check it and save").click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody listens at this port.")
    check(page)
    page.fill("#port", str(site.mail.port))
    page.fill("#current", PASSWORD)
    page.get_by_role("button", name="Check it and save").click()
    expect(page.get_by_role("status")).to_contain_text("127.0.0.1 answers")
    page.get_by_role("button", name="Send a test email to me").click()
    expect(page.get_by_role("status")).to_contain_text("250 2.0.0 queued as 7")
    check(page)
    check_the_domain(page, site)
    page.goto(f"{site.url}/admin/delivery/receiving")
    check(page)
    set_a_pace(page, site)
    set_limits(page, site)


def check_the_domain(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/admin/delivery/domain")
    check(page)
    page.get_by_role("button", name="Check now").click()
    expect(page.locator(".recs > li")).to_have_count(5)
    check(page)
    page.get_by_role("link", name="Go live all the same …").click()
    check(page)
    page.get_by_role("button", name="Campaigns may go live").click()
    expect(page.get_by_text("decided")).to_be_visible()


def set_a_pace(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/admin/delivery/pace")
    page.fill("#domain", "mahouse.gov")
    page.fill("#rate", "200")
    page.get_by_role("button", name="See what that means").click()
    expect(page.get_by_text("10,000 letters at 200 an hour take 50 hours")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Set this pace").click()
    expect(page.locator("table").first).to_contain_text("200 an hour")
    check(page)
    page.get_by_role("button", name="Undo: back to no limit").click()
    expect(page.get_by_text("No letter waits.")).to_be_visible()


def set_limits(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/admin/delivery/limits")
    page.fill("#max_connections", "10")
    page.fill("#rate", "200")
    page.get_by_role("button", name="See what that means").click()
    expect(page.get_by_text("10,000 letters at 200 an hour take 50 hours")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Set these limits").click()
    expect(page.get_by_role("status")).to_contain_text("The limits of the mail relay are changed")
    check(page)
    page.get_by_role("button", name="Undo: back to 16 connections and no rate limit").click()
    expect(page.get_by_text("0 of 16 connections in use").first).to_be_visible()
