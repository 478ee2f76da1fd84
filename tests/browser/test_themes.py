"""Campaigns in their hosts' colors, and the page for an address in another state: legible, steady, no dead end."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from shared.services.campaigns import import_campaign
from tests.browser.conftest import RICH, Faults, Site
from tests.browser.sizes import ON_A_PHONE, PHONE
from tests.browser.walk import begin, check, go_on, type_address
from tests.unit.test_logos import picture

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
NASHUA = {"street": "9 Main Street", "city": "Nashua", "zip": "03060"}
# How much of the page has moved since it was first drawn, in parts of the window.
_MOVED = """() => new Promise(done => { let moved = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) moved += one.value; })
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(moved), 300) })"""


def dress(site: Site, folder: Path, color: str, size: tuple[int, int] = (800, 200)) -> None:
    (folder / "sign.png").write_bytes(picture(size))
    text = RICH.replace('host = "', f'color = "{color}"\nlogo = "sign.png"\nhost = "')
    import_campaign(site.engine, text, name="co-ops.md", folder=folder)


@pytest.fixture
def page(browser: Browser, faults: Faults) -> Page:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    faults.watch(opened)
    return opened


@ON_A_PHONE
@pytest.mark.parametrize("color", ["#ffee00", "#e53935", "#000000"])
def test_any_color_is_fit_for_everybody(site: Site, page: Page, size: ViewportSize, color: str, tmp_path: Path) -> None:
    dress(site, tmp_path, color)
    page.set_viewport_size(size)
    page.goto(f"{site.url}/c/co-ops")
    assert page.evaluate(_MOVED) == 0
    check(page)
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    page.fill("#own_words", "My bakery is a co-op")
    check(page)
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2)
    check(page)


def test_the_color_and_the_logo_are_really_seen(site: Site, page: Page, tmp_path: Path) -> None:
    dress(site, tmp_path, "#6a1b9a")
    page.goto(f"{site.url}/c/co-ops")
    button = page.get_by_role("button", name="Continue to my letter")
    assert button.evaluate("button => getComputedStyle(button).backgroundColor") == "rgb(106, 27, 154)"
    logo = page.get_by_role("link", name="Neighbors United").locator("img")
    assert logo.evaluate("logo => [logo.complete, logo.naturalWidth, logo.width, logo.height]") == [True, 320, 160, 40]


@ON_A_PHONE
def test_an_address_in_another_state_has_a_page_for_everybody(site: Site, page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    site.hold()
    begin(page, site.url, **NASHUA)
    page.locator("#own_words").press_sequentially("My bakery is a co-op")
    site.release()
    expect(page.locator("h1")).to_have_text("This address is in New Hampshire")
    expect(page.get_by_role("button", name="Share with friends")).to_be_visible()
    expect(page.locator("#street")).to_be_hidden()
    check(page)
    page.get_by_text("I typed the wrong address").click()
    expect(page.locator("#street")).to_have_value("9 Main Street")
    check(page)
    page.fill("#street", "")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".errsum")).to_be_focused()
    expect(page.locator("#city")).to_have_value("Nashua")
    check(page)
    for field, typed in {"street": "12 Maple Street", "city": "Worcester", "zip": "01603"}.items():
        page.fill(f"#{field}", typed)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".rep")).to_have_count(2)
    # Typed while the address was being looked up, and not lost on the way.
    expect(page.locator("#own_words")).to_have_value("My bakery is a co-op")


def test_an_address_in_another_state_without_javascript(site: Site, browser: Browser, faults: Faults) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.set_default_timeout(15_000)
    faults.watch(page)
    begin(page, site.url, **NASHUA)
    expect(page.locator("h1")).to_have_text("This address is in New Hampshire", timeout=15_000)
    expect(page.locator("#share-links a")).to_have_count(3)
    page.locator(".mend > summary").click()
    page.fill("#zip", "01603")
    page.get_by_role("button", name="Look again").click()
    expect(page.locator(".rep")).to_have_count(2, timeout=15_000)
    assert re.search(r"/c/co-ops/letter/\S+$", page.url)
