"""What needs attention, mended in a browser: seen in groups, looked at first, done, taken back; ticks survive polls."""

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from sqlalchemy import text

from tests.browser.conftest import Faults, Site, open_console
from tests.browser.pictures import ALBUM
from tests.browser.sizes import DESKTOP, ON_A_PHONE
from tests.browser.walk import check
from tests.factories import write_letters

pytestmark = pytest.mark.browser
PEOPLE = 6
TROUBLE = """
UPDATE letter SET state = 'sent', cause = '', state_changed_at = now(), is_test = false;
UPDATE office_holder SET second_email = 'aide@practice.example' WHERE office_id = 1;
UPDATE office_holder SET email_failed_at = now(), email_failure = 'no_such_address' WHERE office_id = 2;
UPDATE letter SET state = 'bounced', cause = 'mailbox_full', remote_reply = '552 5.2.2 Full'
    WHERE office_id = 1 AND id < 8;
UPDATE letter SET state = 'rejected', cause = 'no_such_address' WHERE office_id = 2 AND id < 6;
UPDATE letter SET state = 'rejected', cause = 'refused', receiving_domain = 'strict.example',
    remote_reply = '550 5.7.1 Refused by our policy' WHERE id = 6;
UPDATE letter SET state = 'uncertain', cause = 'lost_after_dot' WHERE id IN (8, 9);
UPDATE letter SET state = 'held', cause = 'vacant_seat', hold_reason = 'vacant_seat', body = '' WHERE id = 10;
UPDATE letter SET state = 'expired', cause = 'too_late' WHERE id = 11;
DELETE FROM letter_event WHERE letter_id > 12;
DELETE FROM letter_words WHERE letter_id > 12;
DELETE FROM letter WHERE id > 12;
UPDATE submission SET state = 'needs_address', expected_letters = NULL, lookup_status = 'no_match',
    suggestions = '["12 Maple St, Worcester, MA 01603"]' WHERE id > 6;
DELETE FROM snapshot
"""
# Rarer trouble, in place of some of it.
RARER = """
UPDATE letter SET cause = 'lease_expired', worker = 'letters-2.7.0' WHERE id = 8;
INSERT INTO delivery_connection (name, transport, host, beat_at)
    VALUES ('letters-2.7.0', 'relay', 'letters-2', now() - interval '1 day');
UPDATE letter SET state = 'held', cause = 'new_holder', hold_reason = 'new_holder' WHERE id IN (1, 3);
UPDATE letter SET state = 'held', cause = 'restored', hold_reason = 'restore' WHERE id = 5;
UPDATE letter SET state = 'unconfirmed', cause = '' WHERE id = 7
"""


@pytest.fixture
def troubled(site: Site) -> Site:
    """Six people's letters in every kind of trouble, and two people who are asked about their address."""
    site.hold()
    for n in range(PEOPLE + 2):
        write_letters(site.engine, site.ring, site.settings, f"p{n}@example.org")
    with site.engine.begin() as connection:
        connection.execute(text(TROUBLE))
    return site


@pytest.fixture
def signed_in(troubled: Site, browser: Browser, faults: Faults, size: ViewportSize) -> Page:
    return open_console(browser, faults, size)


@ON_A_PHONE
def test_trouble_is_seen_mended_and_taken_back(troubled: Site, signed_in: Page, size: ViewportSize) -> None:
    page, live = signed_in, f"{troubled.url}/admin/campaigns/co-ops"
    page.goto(f"{troubled.url}/admin/")
    expect(page.locator(".hinted")).to_contain_text("the mailbox is full")
    check(page)
    page.goto(live)
    expect(page.locator("[data-key=attention] li")).to_have_count(6)
    check(page)
    page.get_by_role("link", name="Use second address").click()
    expect(page.locator("h1")).to_contain_text("to the second address?")
    check(page)
    page.get_by_text("In 10 minutes").click()
    page.locator("form button.p").click()
    expect(page.locator("h1")).to_contain_text("4 letters queued to the second address")
    check(page)
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("h1")).to_contain_text("4 letters taken back")
    page.goto(f"{live}/changes")
    check(page)
    page.goto(f"{live}/attention")
    check(page)
    page.goto(f"{live}/addresses")
    expect(page.locator("main")).to_contain_text("2 people can get an email now")
    check(page)
    page.locator("td .btn").first.click()
    expect(page.locator("h1")).to_contain_text("Home address of Jamie Rivera")
    check(page)
    page.goto(f"{live}?needs=yes&problem=mailbox_full#letters")
    page.locator("#letters tbody a").nth(1).click()
    expect(page.locator(".alike, .do2").first).to_contain_text("See all 4 letters with this problem")
    expect(page.get_by_role("link", name="Previous")).to_be_visible()
    check(page)
    look_at_rarer_trouble(troubled, page, live)


def look_at_rarer_trouble(site: Site, page: Page, live: str) -> None:
    """Groups of it, a letter whose hold ends, and what can be done where a retry can't."""
    with site.engine.begin() as connection:
        connection.execute(text(RARER))
    page.goto(f"{live}/attention")
    expect(page.locator("main")).to_contain_text("A worker on host letters-2 stopped answering at")
    expect(page.locator("main")).to_contain_text("2 letters wait for an answer from their writers")
    check(page)
    page.goto(f"{site.url}/admin/letters/10")
    expect(page.locator("main")).to_contain_text("we withdraw it as not sent and tell the supporter")
    ALBUM.take(page)
    page.goto(f"{live}/letters/change?action=retry&id=10")
    expect(page.locator("main")).to_contain_text("You can do this instead:")
    ALBUM.take(page)


@pytest.mark.parametrize("size", [DESKTOP], ids=["desktop"])
def test_ticks_and_words_survive_a_poll(troubled: Site, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{troubled.url}/admin/campaigns/co-ops?needs=yes")
    page.locator("input[name=id][value='1']").check()
    page.fill("#q", "riv")
    page.locator("[data-ticks]").check()
    expect(page.locator("input[name=id]:checked")).to_have_count(11)
    page.locator("[data-ticks]").uncheck()
    page.locator("input[name=id][value='1']").check()
    with page.expect_response("**/live") as polled, troubled.engine.begin() as connection:
        connection.execute(text("UPDATE letter SET state = 'sent' WHERE id = 11"))
    assert 0 < polled.value.request.sizes()["responseBodySize"] < 6_000
    expect(page.locator("[data-key=attention]")).not_to_contain_text("before the last day")
    expect(page.locator("input[name=id][value='1']")).to_be_checked()
    expect(page.locator("#q")).to_have_value("riv")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Send 1 letter again?")
