"""Coming back: the slip, the copy, a letter taken back, the data deleted; each page fit for everybody."""

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import text

from shared.domain.identities import owner_key
from tests.browser.conftest import Faults, Site
from tests.browser.sizes import ON_A_PHONE, PHONE
from tests.browser.walk import begin, check, go_on, type_address

pytestmark = [pytest.mark.browser]


@pytest.fixture
def page(browser: Browser, faults: Faults) -> Page:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    faults.watch(opened)
    return opened


def send(page: Page, site: Site) -> str:
    """Writes and waits until it is in the mailbox; the submission's token."""
    begin(page, site.url)
    expect(page.locator(".rep")).to_have_count(2)
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2)
    return page.url.rsplit("/", 1)[1]


@ON_A_PHONE
def test_who_comes_back_finds_the_copy_and_may_go_on(site: Site, page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    send(page, site)
    page.goto(f"{site.url}/c/co-ops")
    type_address(page)
    go_on(page)
    expect(page.locator("h1")).to_have_text(re.compile(r"You wrote on \w+ \d+, \d{4}"))
    expect(page.locator(".copies .paper")).to_have_count(2)
    check(page)
    page.click("text=Write another letter")
    expect(page.locator("#send")).to_be_visible()


@ON_A_PHONE
def test_a_letter_is_taken_back_and_the_data_are_deleted(
    site: Site, page: Page, browser: Browser, size: ViewportSize
) -> None:
    token = send(page, site)
    with site.engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'held', hold_reason = 'vacant_seat' WHERE id = 1"))
    phone = browser.new_context(viewport=size).new_page()
    phone.goto(f"{site.url}/mine/{token}/{owner_key(site.settings.secret_key, token)}")
    phone.click("text=Take this letter back")
    expect(phone.locator(".chip.cancelled")).to_have_count(1)
    check(phone)
    phone.click("text=Delete my data")
    check(phone)
    phone.click("text=Delete my data for good")
    expect(phone.locator("h1")).to_have_text("Your data are deleted")
    check(phone)
    page.goto(f"{site.url}/s/{token}")
    expect(page.locator("h1")).to_have_text("These letters are on record")
    assert "Jamie" not in page.content()
    check(page)


@ON_A_PHONE
def test_a_slip_in_the_address_is_one_press(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = browser.new_context(viewport=size, java_script_enabled=False).new_page()
    faults.watch(page)
    page.goto(f"{site.url}/c/co-ops")
    type_address(page, email="jamie@gmial.com")
    go_on(page)
    expect(page.locator(".slip h2")).to_have_text("Did you mean jamie@gmail.com?")
    page.click("text=Yes, use jamie@gmail.com")
    page.wait_for_url("**/letter/*")
    expect(page.locator(".paper").first).to_contain_text("jamie@gmail.com")


def test_a_browser_that_fills_in_the_hidden_field_costs_one_press(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    type_address(page)
    page.evaluate("document.querySelector('#website').value = 'https://jamie.example'")
    go_on(page)
    expect(page.locator(".ask")).to_be_focused()
    check(page)
    go_on(page)
    page.wait_for_url("**/letter/*")


def test_the_question_is_fit_for_everybody(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    type_address(page, email="a.rather.long.name.of.somebody@gmial.com")
    go_on(page)
    expect(page.locator(".slip")).to_be_focused()
    check(page)
