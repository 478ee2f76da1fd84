"""Inviting somebody, joining, roles and the audit log: each page fit for everybody."""

import re

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check

pytestmark = pytest.mark.browser
PEOPLE = "/admin/campaigns/co-ops/people"


@ON_A_PHONE
def test_from_the_invitation_to_the_audit_log(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = open_console(browser, faults, size)
    page.goto(site.url + PEOPLE)
    check(page)
    page.fill("#email", "robin")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("Type an email address")).to_be_visible()
    check(page)
    page.fill("#email", "robin@example.org")
    page.select_option("#role", "viewer")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("is invited.")).to_be_visible()
    check(page)
    found = re.search(r"/admin/join/[\w-]+", site.mail.accepted[-1][2].decode().replace("=\r\n", ""))
    assert found
    guest = browser.new_context(viewport=size).new_page()
    faults.watch(guest)
    guest.goto(site.url + found[0])
    check(guest)
    guest.fill("#name", "Robin Lee")
    guest.get_by_role("button", name="Join the campaign").click()
    expect(guest.get_by_text("Use 12 to 200 characters")).to_be_visible()
    check(guest)
    guest.fill("#password", "four quiet green ducks")
    guest.get_by_role("button", name="Join the campaign").click()
    expect(guest.get_by_text("Welcome. You are a viewer of this campaign.")).to_be_visible()
    expect(guest.get_by_role("link", name="Go live")).to_have_count(0)
    check(guest)
    guest.goto(site.url + PEOPLE)
    expect(guest.locator("h1")).to_have_text("That is not open to you")
    check(guest)
    page.goto(site.url + PEOPLE)
    page.get_by_label("Role of Robin Lee").select_option("organizer")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("is now an organizer of this campaign")).to_be_visible()
    page.get_by_role("link", name="Remove Robin Lee").click()
    expect(page.locator("h1")).to_contain_text("Robin Lee")
    check(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("sees nothing of this campaign any more")).to_be_visible()
    page.get_by_role("link", name="Who saw and did what").click()
    expect(page.get_by_text("changed a role")).to_be_visible()
    check(page)
    page.goto(f"{site.url}/admin/audit")
    check(page)
