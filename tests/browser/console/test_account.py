"""One's own account: password, second step, sessions; each page fit for everybody."""

import base64
import time

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from shared.domain.totp import PERIOD_S, code_at
from tests.browser.conftest import ORGANIZER, Faults, Site, open_console
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check

pytestmark = pytest.mark.browser
PASSWORD = "four quiet green ducks"


@ON_A_PHONE
def test_a_second_step_is_set_up_and_passed(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = open_console(browser, faults, size)
    page.goto(f"{site.url}/admin/password")
    page.fill("#password", PASSWORD)
    page.get_by_role("button", name="Set password").click()
    check(page)
    page.goto(f"{site.url}/admin/password")
    check(page)
    page.goto(f"{site.url}/admin/account")
    page.get_by_role("link", name="Add a second step").click()
    page.get_by_text("Type the key instead").click()
    check(page)
    key = base64.b32decode(page.locator(".key").inner_text().replace(" ", ""))
    page.fill("#code", code_at(key, int(time.time()) // PERIOD_S - 1))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    check(page)
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("link", name="Switch the second step off").click()
    check(page)
    elsewhere = browser.new_context(viewport=size).new_page()
    faults.watch(elsewhere)
    elsewhere.goto(f"{site.url}/admin/sign-in")
    elsewhere.fill("#email", ORGANIZER)
    elsewhere.fill("#password", PASSWORD)
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.locator("h1")).to_have_text("Second step")
    check(elsewhere)
    elsewhere.fill("#code", code_at(key, int(time.time()) // PERIOD_S))
    elsewhere.get_by_role("button", name="Sign in").click()
    expect(elsewhere.locator("h1")).to_have_text("Campaigns")
    page.goto(f"{site.url}/admin/account")
    check(page)
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.get_by_text("signed out; this one is not")).to_be_visible()
