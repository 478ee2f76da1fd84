"""The supporter's pages in other languages: nothing stays English, nothing overflows."""

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from shared.rendering.speech import gettext, speaking
from tests.browser.conftest import Faults, Site
from tests.browser.sizes import ON_A_PHONE, PHONE
from tests.browser.walk import check, go_on, type_address

pytestmark = pytest.mark.browser
# Names, addresses and numbers are nobody's to translate; what carries a language of its own says so.
_UNTRANSLATED = """() => {
  const exempt = "[lang]:not(html), .lang, .org, .rep b, .rep div > span, .av, .track b, .sug label, .foot, script,"
    + " style, noscript, .paper, .addr a, .sug small, textarea, .pot, .tabs, small, a[href*='wa.me']";
  const found = [];
  let depth = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    let outside = "";
    for (const sign of node.data) {
      if (sign === "⟦") depth += 1;
      else if (sign === "⟧") depth -= 1;
      else if (depth === 0) outside += sign;
    }
    if (/\\p{L}{2}/u.test(outside) && !node.parentElement.closest(exempt)) found.push(outside.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], [alt]:not([alt=''])"))
    for (const name of ["aria-label", "placeholder", "title", "alt"]) {
      const words = element.getAttribute(name);
      if (words && !words.includes("⟦") && !element.closest(exempt)) found.push(`${name}: ${words}`);
    }
  return found;
}"""


@pytest.fixture
def page(browser: Browser, faults: Faults) -> Page:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    faults.watch(opened)
    return opened


def look(page: Page) -> None:
    assert page.evaluate(_UNTRANSLATED) == [], page.url
    check(page)


@ON_A_PHONE
def test_the_language_of_tests_finds_no_english_and_no_overflow(site: Site, page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.goto(f"{site.url}/c/co-ops?lang=en-XA")
    look(page)
    go_on(page)
    expect(page.locator(".errsum")).to_be_focused()
    look(page)
    type_address(page, street="PO Box 7")
    go_on(page)
    expect(page.locator(".ask")).to_be_visible()
    look(page)
    page.fill("#street", "12 Maple Street")
    page.click("button[value=address]")
    expect(page.locator(".rep")).to_have_count(2)
    look(page)
    page.click("button[value=edit]")
    expect(page.locator("#edited_body")).to_be_visible()
    look(page)
    page.click("button[value=save]")
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2)
    look(page)
    page.goto(f"{site.url}/nowhere?lang=en-XA")
    look(page)


@ON_A_PHONE
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_the_whole_flow_in_spanish(site: Site, browser: Browser, size: ViewportSize, *, javascript: bool) -> None:
    context = browser.new_context(viewport=size, locale="es-MX", java_script_enabled=javascript)
    page = context.new_page()
    with speaking("es"):
        page.goto(f"{site.url}/c/co-ops")
        expect(page.get_by_role("button", name=gettext("Continue to my letter"))).to_be_visible()
        type_address(page)
        go_on(page)
        page.wait_for_url("**/letter/*")
        expect(page.locator(".rep")).to_have_count(2, timeout=15_000)
        expect(page.locator("html")).to_have_attribute("lang", "es")
        page.fill("#own_words", "Mi panadería es de quienes trabajan en ella.")
        page.click("#send")
        expect(page.get_by_role("heading", name=gettext("Where your letters are"))).to_be_visible()
        if not javascript:
            page.wait_for_timeout(1_000)
            page.reload()
        expect(page.locator(".chip.sent")).to_have_count(2, timeout=15_000)


def test_another_language_from_the_menu(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops?source=flyer")
    page.click(".lang summary")
    page.click(".lang a[lang=vi]")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    assert "source=flyer" in page.url
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    page.fill("#own_words", "My bakery closed.")
    page.click(".lang summary")
    page.click(".lang button[lang=pt-BR]")
    expect(page.locator("html")).to_have_attribute("lang", "pt-BR")
    expect(page.locator("#own_words")).to_have_value("My bakery closed.")
