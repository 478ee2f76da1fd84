"""Nothing that a person types is lost, and nothing of it stays behind."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Faults, Site
from tests.browser.sizes import PHONE
from tests.browser.walk import TYPED, go_on, type_address

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, faults: Faults) -> Page:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    faults.watch(opened)
    return opened


def test_what_was_typed_survives_a_reload_and_the_back_button(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    page.fill("#street", "12 Maple Street")
    page.fill("#first_name", "Jamie")
    page.reload()
    expect(page.locator("#street")).to_have_value("12 Maple Street")
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    page.fill("#own_words", "My bakery closed.")
    page.uncheck("input[name=to] >> nth=1")
    page.reload()
    expect(page.locator("#own_words")).to_have_value("My bakery closed.")
    expect(page.locator("input[name=to] >> nth=1")).not_to_be_checked()
    expect(page.locator("#send")).to_contain_text("Send my letter")
    page.click("a.back")
    for name, value in TYPED.items():
        expect(page.locator(f"#{name}")).to_have_value(value)
    page.go_back()
    expect(page.locator("#own_words")).to_have_value("My bakery closed.")
    expect(page.locator(".paper").first).to_contain_text("My bakery closed.")


def test_an_edited_letter_survives_until_it_is_saved_or_put_back(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    page.check("[name=consents] >> nth=0")
    page.click("button[value=edit]")
    expect(page.locator("[name=consents] >> nth=0")).to_be_checked()
    page.fill("#edited_body", "My own letter.")
    page.reload()
    expect(page.locator("#edited_body")).to_have_value("My own letter.")
    page.click("button[value=original]")
    page.click("button[value=edit]")
    expect(page.locator("#edited_body")).not_to_have_value("My own letter.")


def test_after_sending_the_tab_remembers_nothing(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    page.fill("#own_words", "My bakery closed.")
    page.click("#send")
    page.wait_for_url("**/s/*")
    assert page.evaluate("sessionStorage.length") == 0
    page.goto(f"{site.url}/c/co-ops")
    expect(page.locator("#first_name")).to_have_value("")


def test_somebody_else_at_the_same_device_starts_with_an_empty_form(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    page.click("button[form=forget]")
    page.wait_for_url("**/c/co-ops#form")
    expect(page.locator("#first_name")).to_have_value("")
    assert page.evaluate("sessionStorage.length") == 0
