"""From the link to the status page: with and without JavaScript, by keyboard, and with every mistake on the way."""

import re
from datetime import date

import pytest
import shapely
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import insert, text

from shared.db.tables import district
from tests.browser.conftest import Faults, Site
from tests.browser.pictures import ALBUM
from tests.browser.sizes import IN_BOTH, ON_A_PHONE, PHONE
from tests.browser.walk import begin, check, go_on, type_address
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, faults: Faults) -> Page:
    context = browser.new_context(viewport=PHONE, reduced_motion="reduce")
    context.set_default_timeout(15_000)
    opened = context.new_page()
    faults.watch(opened)
    return opened


@IN_BOTH
def test_every_page_on_the_way_is_fit_for_everybody(site: Site, page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    page.goto(f"{site.url}/c/co-ops")
    expect(page.locator("h1")).to_have_text("Keep our shops local")
    check(page)
    go_on(page)
    expect(page).to_have_title(re.compile("^Error: "))
    expect(page.locator(".errsum")).to_be_focused()
    check(page)
    type_address(page, street="PO Box 7")
    go_on(page)
    expect(page.locator(".ask")).to_be_visible()
    check(page)
    page.fill("#street", "12 Maple Street")
    page.click("button[value=address]")
    expect(page.locator(".rep")).to_have_count(2)
    check(page)
    page.click("button[value=edit]")
    expect(page.locator("#edited_body")).to_be_visible()
    check(page)
    page.click("button[value=save]")
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2)
    check(page)


@ON_A_PHONE
def test_pages_for_what_goes_wrong_are_fit_for_everybody(
    site: Site, page: Page, browser: Browser, size: ViewportSize
) -> None:
    begin(page, site.url)
    stranger = browser.new_context(viewport=size).new_page()
    stranger.goto(page.url)
    expect(stranger.locator("h1")).to_have_text("This letter was begun in another browser")
    check(stranger)
    expect(page.locator(".rep")).to_have_count(2)
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2)
    stranger.goto(page.url)
    expect(stranger.locator(".chip.sent")).to_have_count(2)
    assert "Jamie" not in stranger.content()
    check(stranger)
    stranger.goto(f"{site.url}/nowhere")
    check(stranger)


def test_the_legislators_fill_in_while_a_person_types(site: Site, page: Page) -> None:
    site.hold()
    begin(page, site.url)
    expect(page.get_by_text("Finding your legislators")).to_be_visible()
    page.locator("#own_words").press_sequentially("My bakery is a co-op")
    site.release()
    expect(page.locator(".rep")).to_have_count(2)
    expect(page.locator("#own_words")).to_be_focused()
    expect(page.locator("#own_words")).to_have_value("My bakery is a co-op")
    expect(page.locator("#paper-1 [data-own]")).to_have_text("My bakery is a co-op")
    expect(page.locator("#send")).to_have_text(re.compile("Send my 2 letters"))


def is_ready(site: Site) -> bool:
    with site.engine.connect() as connection:
        return connection.scalar(text("SELECT state FROM submission ORDER BY id DESC LIMIT 1")) == "ready"


def test_a_press_counts_though_the_legislators_come_meanwhile(site: Site, page: Page) -> None:
    site.hold()
    begin(page, site.url)
    page.locator("#send").hover()
    page.mouse.down()
    site.release()
    wait_until(lambda: is_ready(site), 20, "the legislators")
    # Its body may be gone before a test can read it, so the first answer after that is what counts.
    with page.expect_response(lambda answer: "part=1" in answer.url):
        pass
    page.mouse.up()
    page.wait_for_url("**/s/*")
    expect(page.locator(".chip.sent")).to_have_count(2)


def test_the_button_counts_and_tabs_answer_to_the_keyboard(site: Site, page: Page) -> None:
    begin(page, site.url)
    page.locator("input[name=to]").first.uncheck()
    expect(page.locator("#send")).to_have_text(re.compile(r"Send my letter\s*$"))
    page.locator("input[name=to]").last.uncheck()
    expect(page.locator("#send")).to_have_text(re.compile("Choose who to write to"))
    expect(page.locator("#paper-2")).to_be_hidden()
    page.locator("#tab-1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-2")).to_be_focused()
    expect(page.locator("#paper-2")).to_be_visible()
    expect(page.locator("#paper-1")).to_be_hidden()


def test_the_status_page_follows_the_letters_by_itself(site: Site, page: Page) -> None:
    begin(page, site.url)
    expect(page.locator(".rep")).to_have_count(2)
    site.hold()
    page.click("#send")
    page.wait_for_url("**/s/*")
    page.evaluate("window.sameDocument = true")
    site.release()
    expect(page.locator(".chip.sent")).to_have_count(2)
    assert page.evaluate("window.sameDocument")
    assert "Delivered" not in page.locator(".chip.sent").first.inner_text()
    page.locator(".copy summary").click()
    expect(page.locator(".copy .paper").first).to_contain_text("12 Maple Street")


def test_nothing_typed_is_lost_by_a_reload_or_the_back_button(site: Site, page: Page) -> None:
    begin(page, site.url)
    page.fill("#own_words", "Mine")
    page.click("button[value=edit]")
    page.fill("#edited_body", "Only this.")
    page.click("button[value=save]")
    expect(page.locator("#paper-1")).to_contain_text("Only this.")
    page.reload()
    expect(page.locator("#paper-1")).to_contain_text("Only this.")
    page.click(".back")
    page.go_back()
    expect(page.locator("#paper-1")).to_contain_text("Only this.")


def test_a_second_press_of_send_makes_no_second_letters(site: Site, page: Page) -> None:
    begin(page, site.url)
    expect(page.locator(".rep")).to_have_count(2)
    page.locator("#send").dblclick()
    expect(page.locator(".chip.sent")).to_have_count(2)
    page.go_back()
    page.wait_for_load_state()
    assert len([sender for sender, _, _ in site.mail.accepted if "+l" in sender]) == 2


@ON_A_PHONE
def test_the_whole_way_without_javascript(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    page = browser.new_context(viewport=size, java_script_enabled=False).new_page()
    faults.watch(page)
    site.hold()
    begin(page, site.url)
    expect(page.get_by_text("Finding your legislators")).to_be_visible()
    ALBUM.take(page)
    site.release()
    # The page reloads itself.
    expect(page.locator(".rep")).to_have_count(2, timeout=15_000)
    expect(page.locator(".paper")).to_have_count(2)
    assert all(paper.is_visible() for paper in page.locator(".paper").all())
    page.fill("#own_words", "I work there.")
    page.check("[name=consents] >> nth=0")
    ALBUM.take(page)
    page.click("button[value=edit]")
    expect(page.locator("#edited_body")).to_have_value(re.compile("I work there"))
    expect(page.locator("[name=consents] >> nth=0")).to_be_checked()
    page.click("button[value=save]")
    expect(page.locator("[name=consents] >> nth=0")).to_be_checked()
    page.click("#send")
    expect(page.locator("h1")).to_have_text("Thank you, Jamie.")
    for _ in range(20):
        page.wait_for_timeout(250)
        page.reload()
        if page.locator(".chip.sent").count() == 2:
            break
        assert 'http-equiv="refresh" content="10"' in page.content()
    expect(page.locator(".chip.sent")).to_have_count(2)
    assert 'http-equiv="refresh"' not in page.content()
    ALBUM.take(page)


def test_the_whole_way_by_keyboard(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/c/co-ops")
    page.locator("#first_name").focus()
    for words in ("Jamie", "Rivera", "jamie@example.org", "12 Maple Street"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("Worcester")
    page.keyboard.press("Enter")
    page.wait_for_url("**/letter/*")
    expect(page.locator(".rep")).to_have_count(2)
    page.locator("#send").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Thank you, Jamie.")


def test_the_focus_never_hides_behind_the_send_bar(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 600})
    begin(page, site.url)
    expect(page.locator(".rep")).to_have_count(2)
    page.locator(".back").focus()
    for _ in range(14):
        page.keyboard.press("Tab")
        hidden = page.evaluate(
            """() => { const e = document.activeElement, bar = document.querySelector(".go");
                if (e === document.body || bar.contains(e) || e.closest(".foot")) return "";
                const box = e.getBoundingClientRect(), over = bar.getBoundingClientRect();
                return box.top >= over.top && box.bottom <= over.bottom ? e.outerHTML.slice(0, 90) : "" }"""
        )
        assert hidden == ""


DOUBT = """
INSERT INTO office (jurisdiction, chamber, district, ocd_id, title, is_practice)
VALUES ('ma', 'lower', '2nd Practice District', 'ocd-division/practice:2', 'Practice Representative', true);
UPDATE submission SET state = 'needs_address', lookup_status = 'doubtful', match_type = 'point',
 match_source = 'test', precision_m = 30, edge_m = 8, lat = 42.2626, lon = -71.8023;
INSERT INTO submission_target (submission_id, office_id)
SELECT submission.id, office.id FROM submission, office WHERE office.ocd_id = 'ocd-division/practice:2';
UPDATE submission_target SET is_candidate = true, is_chosen = false FROM office
WHERE office.id = office_id AND office.chamber = 'lower'
"""


def draw_districts(site: Site) -> None:
    """Two districts side by side, whose line passes near the supporter's home."""
    sides = {"2nd Practice District": (-71.9, -71.8022), "1st Practice District": (-71.8022, -71.7)}
    with site.engine.begin() as connection:
        for name, (west, east) in sides.items():
            office_id = connection.scalar(text("SELECT ocd_id FROM office WHERE district = :name"), {"name": name})
            values = {"jurisdiction": "ma", "chamber": "lower", "name": name, "ocd_id": office_id}
            shape = shapely.to_wkb(shapely.box(west, 42.2, east, 42.3))
            connection.execute(insert(district).values(**values, shape=shape, valid_from=date(2023, 1, 4)))


@ON_A_PHONE
def test_doubt_about_a_district_is_a_question(site: Site, page: Page, size: ViewportSize) -> None:
    page.set_viewport_size(size)
    begin(page, site.url)
    expect(page.locator(".rep")).to_have_count(2)
    with site.engine.begin() as connection:
        connection.exec_driver_sql(DOUBT)
    draw_districts(site)
    page.reload()
    expect(page.get_by_role("group", name="Who is your state representative?")).to_be_visible()
    expect(page.get_by_role("img", name="The districts around your home")).to_be_visible()
    expect(page.locator(".sug small svg")).to_have_count(2)
    check(page)
    page.click("button[value=answer]")
    expect(page.locator(".errsum")).to_be_focused()
    check(page)
    page.get_by_label("2nd Practice District").check()
    page.click("button[value=answer]")
    expect(page.locator(".rep")).to_have_count(2)
    expect(page.locator(".who")).to_contain_text("2nd Practice District")
    page.click("#send")
    expect(page.locator(".track")).to_contain_text("2nd Practice District")
