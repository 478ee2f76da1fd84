"""The organizer's pages in a browser: fit for everybody, live, and never in the way of typing."""

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import func, update

from shared.db.tables import campaign, office_holder
from shared.services.organizers import end_sessions
from tests.browser.conftest import Faults, Site, open_console
from tests.browser.sizes import DESKTOP, ON_A_PHONE
from tests.browser.walk import begin, check

pytestmark = pytest.mark.browser
# After a slow count the next one rests: the page shows its age meanwhile (`shared/services/figures.py`).
COUNTED_WITHIN_MS = 15_000


@pytest.fixture
def signed_in(site: Site, browser: Browser, faults: Faults) -> Page:
    return open_console(browser, faults, DESKTOP)


def send_letters(site: Site, browser: Browser, until: str = "sent") -> None:
    """One supporter's two letters, both in the state `until`."""
    page = browser.new_context().new_page()
    begin(page, site.url)
    expect(page.locator(".rep")).to_have_count(2)
    page.click("#send")
    expect(page.locator(f".chip.{until}")).to_have_count(2, timeout=15_000)
    page.context.close()


def write_update(page: Page, site: Site) -> None:
    """An update that was tested."""
    page.goto(f"{site.url}/admin/campaigns/co-ops/updates/new")
    page.check("input[name=organization] >> nth=0")
    page.fill("#subject", "The hearing is on Tuesday")
    page.fill("#body", "Come to the **State House** at ten.\n\n- Bring a friend\n- Bring a sign")
    page.get_by_role("button", name="Send me a test").click()
    expect(page.locator(".flash.good")).to_contain_text("The test to organizer@example.org was sent")


def fail_address(site: Site) -> None:
    """An office of which an address fails."""
    with site.engine.begin() as connection:
        values = {"email_failed_at": func.now(), "email_failure": "no_such_address"}
        connection.execute(update(office_holder).where(office_holder.c.office_id == 1).values(values))


@ON_A_PHONE
def test_every_page_is_fit_for_everybody(site: Site, browser: Browser, signed_in: Page, size: ViewportSize) -> None:
    page = signed_in
    page.set_viewport_size(size)
    send_letters(site, browser)
    page.goto(f"{site.url}/admin/campaigns/co-ops")
    expect(page.get_by_text("All 2 letters are accounted for.")).to_be_visible()
    expect(page.locator("[data-key=totals]")).to_contain_text("100")
    site.keep_mail()
    write_update(page, site)
    fail_address(site)
    for path in (
        "/",
        "/campaigns/co-ops",
        "/campaigns/co-ops?state=sent&q=riv",
        "/campaigns/co-ops?q=nobody",
        "/campaigns/co-ops/districts",
        "/campaigns/co-ops/results",
        "/campaigns/co-ops/results/try-again",
        "/campaigns/co-ops/offices/1/address",
        "/campaigns/co-ops/updates",
        "/campaigns/co-ops/updates/new",
        "/campaigns/co-ops/updates/1",
        "/campaigns/co-ops/updates/1/send",
        "/campaigns/co-ops/updates/1/delete",
        "/letters/1",
        "/letters/1/office",
        "/lookup",
        "/mailbox",
        "/mailbox?q=nobody",
        "/mailbox/1",
        "/password",
    ):
        page.goto(f"{site.url}/admin{path}")
        check(page)
    for name in ("paused", "closed", "won"):
        page.goto(f"{site.url}/admin/campaigns/co-ops/state/{name}")
        check(page)


@ON_A_PHONE
def test_the_door_is_fit_for_everybody(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = browser.new_context(viewport=size).new_page()
    faults.watch(page)
    page.goto(f"{site.url}/admin/mailbox")
    check(page)
    page.fill("#email", "x@example.org")
    page.fill("#password", "wrong")
    page.click("form button")
    expect(page.locator("[role=alert]")).to_contain_text("wrong")
    check(page)


def test_the_live_page_follows_and_leaves_typing_alone(site: Site, browser: Browser, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/admin/campaigns/co-ops")
    expect(page.locator("[data-key=sum]")).to_contain_text("All 0 letters")
    page.locator("#q").press_sequentially("Worc")
    page.evaluate("window.sameDocument = true")
    send_letters(site, browser)
    expect(page.locator("[data-key=sum]")).to_contain_text("All 2 letters", timeout=COUNTED_WITHIN_MS)
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("Worc")
    assert page.evaluate("window.sameDocument")


def test_updates_can_be_paused(site: Site, browser: Browser, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/admin/campaigns/co-ops")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/live") else None)
    page.click("#hold")
    expect(page.locator("#hold")).to_have_attribute("aria-pressed", "true")
    already = len(asked)
    send_letters(site, browser)
    page.wait_for_timeout(3500)
    assert len(asked) == already
    page.click("#hold")
    expect(page.locator("[data-key=sum]")).to_contain_text("All 2 letters", timeout=COUNTED_WITHIN_MS)


def test_a_live_page_whose_session_ended_asks_to_sign_in_again(site: Site, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/admin/campaigns/co-ops?q=Worc")
    end_sessions(site.engine, 1)
    expect(page).to_have_url(re.compile(r"/admin/sign-in\?next=.*co-ops.*Worc"), timeout=15_000)


def test_a_refused_letter_is_understood_and_retried(site: Site, browser: Browser, signed_in: Page) -> None:
    page = signed_in
    site.mail.replies["RCPT"] = "550 5.1.1 nobody here"
    send_letters(site, browser, until="rejected")
    page.goto(f"{site.url}/admin/campaigns/co-ops?state=rejected")
    expect(page.locator(".rt tbody tr")).to_have_count(2)
    page.locator(".rt a").first.click()
    expect(page.locator(".big")).to_have_text("The email address does not exist.")
    check(page)
    site.mail.replies.clear()
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".flash.good")).to_contain_text("queued again")
    page.reload()
    expect(page.locator(".tl")).to_contain_text("By you.")


def test_going_live_says_first_what_will_happen(site: Site, signed_in: Page) -> None:
    page = signed_in
    with site.engine.begin() as connection:
        connection.execute(update(campaign).values(state="draft"))
    page.goto(f"{site.url}/admin/campaigns/co-ops")
    page.get_by_role("link", name="Go live").click()
    expect(page.locator(".points")).to_contain_text("until a mail server is configured")
    expect(page.get_by_role("button", name="Go live now")).to_be_disabled()
    page.get_by_role("button", name="Send me a test").click()
    page.get_by_role("button", name="Go live now").click()
    expect(page.locator(".pill")).to_have_text("Live now")
    page.get_by_role("link", name="Pause sending").click()
    page.get_by_role("button", name="Pause sending").click()
    expect(page.locator(".pill")).to_have_text("Paused")


def test_mail_is_shown_without_power_over_the_page(site: Site, browser: Browser, signed_in: Page) -> None:
    page = signed_in
    send_letters(site, browser)
    site.keep_mail()
    page.goto(f"{site.url}/admin/mailbox?q=Representative")
    page.locator(".rt a").first.click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("co-op bill")
    assert page.locator("iframe").get_attribute("sandbox") == ""
