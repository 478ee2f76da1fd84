"""An email to everybody in a browser: being prepared, stopped, failed; and the news that a campaign was won."""

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from sqlalchemy import text

from tests.browser.conftest import Faults, Site, open_console
from tests.browser.pictures import ALBUM
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import check
from tests.factories import write_letters

pytestmark = pytest.mark.browser
UPDATES = """
INSERT INTO consent (submission_id, campaign_id, organization, email_hash)
SELECT id, 1, 'Neighbors United', email_hash FROM submission;
INSERT INTO campaign_update (campaign_id, organization, subject, body, created_by, tested_at, sent_at)
SELECT 1, 'Neighbors United', subject, 'Come to the State House at ten.', 'test', now(), now()
FROM unnest(ARRAY['The hearing is on Tuesday', 'The vote', 'Thank you, all of you']) AS subject;
INSERT INTO mailing (
    campaign_id, update_id, organization, steps, until_id, state, people, prepared, failures, actor, began_at
) VALUES
    (1, 1, 'Neighbors United', '[]', 1, 'running', 12000, 3400, 0, 'test', now() - interval '3 minutes'),
    (1, 2, 'Neighbors United', '[]', 1, 'failed', 12000, 3400, 30, 'test', now() - interval '2 days'),
    (1, 3, 'Neighbors United', '[]', 1, 'done', 12000, 11990, 0, 'test', now() - interval '2 days')
"""
LATER = """
UPDATE mailing
SET state = 'running', people = 12000, prepared = 3400, failures = 2, began_at = now() - interval '9 minutes'
WHERE update_id IS NULL
"""


@ON_A_PHONE
def test_emails_to_everybody(site: Site, browser: Browser, faults: Faults, size: ViewportSize) -> None:
    write_letters(site.engine, site.ring, site.settings)
    with site.engine.begin() as connection:
        connection.execute(text(UPDATES))
    page, campaign = open_console(browser, faults, size), f"{site.url}/admin/campaigns/co-ops"
    page.goto(f"{campaign}/updates/2")
    expect(page.locator("main")).to_contain_text("An error stopped this update after workers had tried for two days.")
    ALBUM.take(page)
    page.goto(f"{campaign}/updates/1")
    expect(page.get_by_role("status")).to_contain_text("3,400 of 12,000 emails prepared. About 8 minutes left.")
    check(page)
    page.get_by_role("link", name="Stop this update").click()
    check(page)
    page.get_by_role("button", name="Stop this update").click()
    expect(page.locator("main")).to_contain_text("An organizer stopped this update. 3,400 of 12,000 emails")
    ALBUM.take(page)
    page.goto(f"{campaign}/updates")
    expect(page.locator("td[data-label=State]")).to_contain_text(["Sent to 11,990", "Stopped", "Stopped"])
    check(page)
    page.goto(f"{campaign}/state/won")
    expect(page.locator("main")).to_contain_text("1 person gets the news by email.")
    page.get_by_role("button", name="We won").click()
    page.wait_for_url(campaign)
    with site.engine.begin() as connection:
        connection.execute(text(LATER))
    page.reload()
    expect(page.locator("[data-key=mailing]")).to_contain_text("An error delays the rest. Workers will try again.")
    check(page)
