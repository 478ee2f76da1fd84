"""Sharing: the one button, the organizer's page, and the form on another website with older cookies and without."""

import html
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, ViewportSize, expect
from sqlalchemy import select

from shared.db.tables import letter, submission
from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import DESKTOP, ON_A_PHONE, PHONE
from tests.browser.walk import TYPED, begin, check, go_on, type_address

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
SHARE = "/admin/campaigns/co-ops/share"


class OtherWebsite(ThreadingHTTPServer):
    """A page of somebody else, at another origin than ours."""

    page = ""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/"


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, OtherWebsite)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def organizer(site: Site, browser: Browser, faults: Faults) -> Page:
    return open_console(browser, faults, DESKTOP)


@pytest.fixture
def elsewhere(site: Site, organizer: Page) -> Iterator[OtherWebsite]:
    """A website with the code from the organizer's page in it."""
    organizer.goto(f"{site.url}{SHARE}")
    code = organizer.locator("#embed").input_value().replace(site.settings.public_url, site.url)
    server = OtherWebsite(("localhost", 0), _Answer)
    server.page = f'<!doctype html><html lang="en"><title>Our blog</title><main>{code}</main></html>'
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(30)
    server.server_close()


def fill_in(context: BrowserContext, elsewhere: OtherWebsite, **typed: str) -> Page:
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(elsewhere.url)
    for name, value in (TYPED | typed).items():
        page.fill(f"[name={name}]", value)
    page.click("button")
    return page


@pytest.mark.parametrize("javascript", [True, False], ids=["js", "no-js"])
@pytest.mark.parametrize("older", [True, False], ids=["older-letters", "new-browser"])
def test_the_form_on_another_website_leads_to_the_letter(
    site: Site, browser: Browser, elsewhere: OtherWebsite, javascript: bool, older: bool
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=javascript)
    mine = context.new_page()
    if older:
        begin(mine, site.url, email="ana@example.org")
        expect(mine.locator(".rep")).to_have_count(2, timeout=15_000)
    page = fill_in(context, elsewhere)
    page.wait_for_url(f"{site.url}/c/co-ops/letter/*")
    expect(page.locator("h1")).to_have_text("Read, edit and send")
    expect(page.locator(".rep")).to_have_count(2, timeout=15_000)
    if older:
        mine.reload()
        expect(mine.locator(".rep")).to_have_count(2)
    with site.engine.connect() as connection:
        assert connection.execute(select(letter)).all() == []
        assert connection.scalars(select(submission.c.source).order_by(submission.c.id.desc())).first() == "embed"
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2, timeout=15_000)
    context.close()


@pytest.mark.parametrize("older", [True, False], ids=["older-code", "new-code"])
def test_the_form_in_a_frame_leads_to_the_letter_in_the_full_window(
    site: Site, browser: Browser, elsewhere: OtherWebsite, faults: Faults, older: bool
) -> None:
    code = re.search(r"<form.*</form>", elsewhere.page, re.DOTALL)
    assert code
    shown = code[0].replace(' target="_top"', "") if older else code[0]
    elsewhere.page = f'<iframe width="360" height="800" srcdoc="{html.escape(shown)}"></iframe>'
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    page.goto(elsewhere.url)
    frame = page.frame_locator("iframe")
    for name, value in TYPED.items():
        frame.locator(f"[name={name}]").fill(value)
    frame.locator("button").click()
    if older:
        expect(frame.locator("h1")).to_have_text("Open your letter in the full window")
        _is_fit(browser, page.frames[1])
        frame.locator("button").click()
    page.wait_for_url(f"{site.url}/c/co-ops/letter/*")
    expect(page.locator(".rep")).to_have_count(2, timeout=15_000)


def _is_fit(browser: Browser, framed: Frame) -> None:
    """The page within the frame, in a window of its own."""
    page, content = browser.new_context().new_page(), framed.content()
    page.route(framed.url, lambda route: route.fulfill(body=content, content_type="text/html; charset=utf-8"))
    page.goto(framed.url)
    check(page)


def test_mistakes_made_elsewhere_are_mended_on_our_page(site: Site, browser: Browser, elsewhere: OtherWebsite) -> None:
    page = fill_in(browser.new_context(viewport=PHONE), elsewhere, zip="123", street="12 Maple Street Ünit")
    expect(page.locator(".errsum")).to_contain_text("ZIP code")
    expect(page.locator("#street")).to_have_value("12 Maple Street Ünit")
    page.fill("#zip", "01603")
    page.click("form.card button[type=submit]")
    page.wait_for_url("**/letter/*")
    with site.engine.connect() as connection:
        assert connection.scalars(select(submission.c.source)).all() == ["embed"]


def test_a_script_of_another_website_begins_nothing(site: Site, browser: Browser, elsewhere: OtherWebsite) -> None:
    page = browser.new_context().new_page()
    page.goto(elsewhere.url)
    page.evaluate(
        "address => fetch(address, {method: 'POST', mode: 'no-cors', credentials: 'include',"
        " body: new URLSearchParams(new FormData(document.forms[0]))})",
        f"{site.url}/c/co-ops",
    )
    with site.engine.connect() as connection:
        assert connection.execute(select(submission)).all() == []


@ON_A_PHONE
def test_one_button_shares_and_unfolds_the_other_ways(
    site: Site, browser: Browser, faults: Faults, size: ViewportSize
) -> None:
    context = browser.new_context(viewport=size, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    faults.watch(page)
    page.add_init_script("delete Navigator.prototype.share")
    begin(page, f"{site.url}")
    page.click("#send")
    button = page.get_by_role("button", name="Share with friends")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(page.locator("#share-links")).to_be_hidden()
    check(page)
    button.click()
    expect(page.locator("#share-links")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert str(page.evaluate("navigator.clipboard.readText()")).endswith("/c/co-ops?source=copy")


def test_the_button_hands_the_link_to_the_phone(site: Site, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE).new_page()
    page.add_init_script("navigator.share = async (what) => { window.shared = what }")
    begin(page, site.url)
    page.click("#send")
    page.get_by_role("button", name="Share with friends").click()
    shared = page.evaluate("window.shared")
    assert shared["url"].endswith("/c/co-ops?source=share")
    assert shared["title"] == "Write to your legislators: Keep our shops local"


def test_without_javascript_the_links_are_enough(site: Site, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE, java_script_enabled=False).new_page()
    begin(page, site.url)
    page.click("#send")
    page.wait_for_url("**/s/*")
    expect(page.get_by_role("button", name="Share with friends")).to_be_hidden()
    assert re.search("source%3Dtext", page.get_by_role("link", name="Text").get_attribute("href") or "")


def test_the_source_of_a_link_is_kept_with_the_letter(site: Site, browser: Browser) -> None:
    for source in ("share", "flyer"):
        page = browser.new_context().new_page()
        page.goto(f"{site.url}/?source={source}")
        type_address(page, email=f"{source}@example.org")
        go_on(page)
        page.wait_for_url("**/letter/*")
    with site.engine.connect() as connection:
        assert set(connection.scalars(select(submission.c.source))) == {"share", "flyer"}


def test_the_source_stays_when_a_reader_changes_the_language(site: Site, browser: Browser) -> None:
    page = browser.new_context(viewport=PHONE).new_page()
    page.goto(f"{site.url}/c/co-ops?source=flyer")
    page.locator(".lang summary").click()
    page.get_by_role("link", name="Español").click()
    page.wait_for_url("**lang=es**")
    assert "source=flyer" in page.url
    type_address(page)
    go_on(page)
    page.wait_for_url("**/letter/*")
    assert page.locator("html").get_attribute("lang") == "es"
    with site.engine.connect() as connection:
        assert connection.scalars(select(submission.c.source)).all() == ["flyer"]


@ON_A_PHONE
def test_the_organizers_page_is_fit_for_everybody(site: Site, organizer: Page, size: ViewportSize) -> None:
    page = organizer
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.set_viewport_size(size)
    page.goto(f"{site.url}{SHARE}")
    page.fill("#source", "Library table")
    page.get_by_role("button", name="Make link").click()
    expect(page.locator("#source-error")).to_contain_text("Use letters, digits and hyphens")
    check(page)
    page.fill("#source", "library-table")
    page.get_by_role("button", name="Make link").click()
    expect(page.locator("#link")).to_have_value(re.compile(r"\?source=library-table$"))
    check(page)
    page.get_by_role("button", name="Copy link").click()
    assert str(page.evaluate("navigator.clipboard.readText()")).endswith("/c/co-ops?source=library-table")
    page.get_by_role("button", name="Copy HTML").click()
    assert str(page.evaluate("navigator.clipboard.readText()")).startswith("<form action=")
    assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    with page.expect_download() as download:
        page.get_by_role("link", name="Flyer to print").click()
    assert download.value.suggested_filename == "co-ops-library-table.pdf"
