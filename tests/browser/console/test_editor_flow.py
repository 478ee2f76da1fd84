"""A new organizer, from an empty installation to a published campaign, at both sizes and without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect
from sqlalchemy import Engine, select

from shared.db.tables import campaign
from shared.queue.celery_app import make_celery
from shared.queue.ring import Ring, connect_redis
from shared.services.campaigns import import_campaign, read_campaign
from shared.services.editor.drafts import read_editing
from shared.settings import Settings
from tests.browser.conftest import RICH, Faults, Site, open_console
from tests.browser.sizes import DESKTOP, ON_A_PHONE, PHONE
from tests.browser.walk import check
from tests.smtp_server import ScriptedSmtpServer

pytestmark = pytest.mark.browser
EDIT = "/admin/campaigns/keep-our-library-open/edit"


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    """The site without any campaign."""
    ring = Ring(make_celery(settings), connect_redis(settings.redis_url))
    with ScriptedSmtpServer() as mail:
        running = Site(engine, settings, ring, mail)
        running.start()
        yield running
        running.stop()


def open_site(site: Site, browser: Browser, faults: Faults, size: ViewportSize, *, script: bool = True) -> Page:
    page = open_console(browser, faults, size, script=script)
    page.goto(f"{site.url}/admin/")
    return page


def begin(page: Page) -> None:
    """The short form, filled in."""
    page.get_by_role("link", name="Make your first campaign").click()
    page.get_by_label("What do you ask for?").fill("Keep our library open")
    page.get_by_label("Who is behind it?").fill("Friends of the Library")
    page.get_by_label("Which state?").select_option("MA")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Keep our library open")


@ON_A_PHONE
def test_from_nothing_to_a_live_campaign(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = open_site(site, browser, faults, size)
    check(page)
    page.get_by_role("link", name="Make your first campaign").click()
    check(page)
    page.go_back()
    begin(page)
    check(page)
    # Saved by itself, and shown beside.
    page.get_by_label("Lead").fill("The library is all that is left.")
    expect(page.locator(".pl")).to_have_text("The library is all that is left.")
    page.get_by_label("Text", exact=True).fill("It closes in May.\n\n- Children read there")
    expect(page.locator(".pg")).to_contain_text("Children read there")
    page.get_by_label("Title", exact=True).focus()
    expect(page.locator("#saved")).to_contain_text("Saved at")
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/edit/letter")
    check(page)
    write_letter(page)
    for step in ("targets", "share", "follow-ups"):
        page.get_by_role("button", name="Save and continue").click()
        page.wait_for_url(f"**/edit/{step}")
        check(page)
    page.get_by_role("button", name="Save and continue").click()
    publish(page)
    assert read_campaign(site.engine, "keep-our-library-open").state == "live"
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Title", exact=True).fill("Keep every library open")
    page.get_by_role("link", name="Publish changes").click()
    expect(page.locator(".steps .done")).to_contain_text("Changed, not published")
    check(page)
    page.get_by_role("link", name="Undo my changes").click()
    check(page)
    page.context.close()


def write_letter(page: Page) -> None:
    """The step of the letter: field buttons, the preview, another version."""
    # A field at the cursor; an unknown one is named with its line.
    letter = page.locator("#body")
    letter.fill("Dear ")
    page.get_by_role("button", name="Legislator").click()
    expect(letter).to_have_value("Dear {{recipient_name}}")
    expect(page.locator(".prev .bd")).to_contain_text("Dear Pat Practice")
    letter.press_sequentially(",\n\nPlease {{help}}.")
    expect(page.locator(".prev")).to_contain_text("line 3: {{help}} is not a field")
    letter.fill("Dear {{recipient_name}},\n\n{{own_words}}\n\nPlease vote for it.\n\n{{supporter_name}}")
    page.locator("select[name=as]").select_option("vacant")
    expect(page.locator(".prev")).to_contain_text("Nobody holds this seat")
    page.locator("input[name=device][value=desktop]").check()
    expect(page.locator(".desk")).to_be_visible()
    page.get_by_role("button", name="Add a version for some offices").click()
    expect(page.get_by_label("Name of this version")).to_have_value("version 2")
    check(page)
    page.get_by_role("button", name="Remove this version").click()


def publish(page: Page) -> None:
    """The list, a test, and the campaign is live."""
    page.wait_for_url("**/edit/publish")
    check(page)
    expect(page.get_by_role("button", name="Go live now")).to_be_disabled()
    expect(page.get_by_text("Letters stay on this machine")).to_be_visible()
    page.get_by_role("button", name="Send me a test").click()
    expect(page.locator(".flash.good")).to_contain_text("local mailbox of this machine")
    page.get_by_role("button", name="Go live now").click()
    expect(page.get_by_text("Your campaign is live.")).to_be_visible()


def test_the_essential_path_needs_no_script(site: Site, browser: Browser, faults: Faults) -> None:
    page = open_site(site, browser, faults, PHONE, script=False)
    begin(page)
    for step in ("letter", "targets", "share", "follow-ups", "publish"):
        if step == "letter":
            page.fill("#lead", "The library is all that is left.")
            page.fill("#page", "It closes in May.")
        elif step == "targets":
            page.fill("#body", "Dear {{recipient_name}},\n\nPlease vote for it.\n\n{{supporter_name}}")
        page.get_by_role("button", name="Save and continue").click()
        page.wait_for_url(f"**/edit/{step}")
    page.get_by_role("button", name="Send me a test").click()
    page.get_by_role("button", name="Go live now").click()
    with site.engine.connect() as connection:
        assert connection.execute(select(campaign.c.state)).scalar_one() == "live"
    page.goto(f"{site.url}{EDIT}/letter")
    page.fill("#subject", "Please {{district}}")
    page.locator("select[name=as]").select_option("longest")
    page.get_by_role("button", name="Show the preview").click()
    expect(page.locator(".hd.su")).to_contain_text("Please 1st Practice District")
    page.context.close()


def test_a_button_waits_for_the_save_that_is_under_way(site: Site, browser: Browser, faults: Faults) -> None:
    page = open_site(site, browser, faults, DESKTOP)
    begin(page)
    held: list[Route] = []

    def hold_first(route: Route) -> None:
        is_by_itself = route.request.headers.get("x-requested-with") == "autosave"
        held.append(route) if is_by_itself and not held else route.continue_()

    page.route("**/edit/page", hold_first)
    with page.expect_request("**/edit/page"):
        page.fill("#lead", "The library is all that is left.")
        page.focus("#page")
    page.fill("#page", "It closes in May.")
    page.get_by_role("button", name="Save and continue").click(no_wait_after=True)
    held[0].continue_()
    page.wait_for_url("**/edit/letter")
    saved = read_editing(site.engine, "keep-our-library-open").campaign
    assert (saved.lead, saved.page) == ("The library is all that is left.", "It closes in May.")
    page.context.close()


def test_two_editors_at_once_keep_both_texts(site: Site, browser: Browser, faults: Faults) -> None:
    import_campaign(site.engine, RICH, name="co-ops.md")
    page = open_site(site, browser, faults, DESKTOP)
    other = page.context.new_page()
    for one in (page, other):
        one.goto(f"{site.url}/admin/campaigns/co-ops/edit/page")
    other.fill("#lead", "Theirs.")
    other.focus("#title")
    expect(other.locator("#saved")).to_contain_text("Saved at")
    page.fill("#lead", "Mine.")
    page.focus("#title")
    expect(page.locator("#saved")).to_contain_text("Not saved")
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator("#lead")).to_have_value("Mine.")
    expect(page.locator(".theirs")).to_contain_text("Theirs.")
    check(page)
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.locator(".theirs")).to_have_count(0)
    assert read_editing(site.engine, "co-ops").campaign.lead == "Mine."
    page.context.close()
