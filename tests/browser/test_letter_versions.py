"""Several letters in one campaign: who is thanked or left out is said before Send, on pages fit for everybody."""

import pytest
from playwright.sync_api import expect

from shared.services.campaigns import import_campaign
from tests.browser.sizes import ON_A_PHONE
from tests.browser.visits import Visit
from tests.browser.walk import begin
from tests.services.test_letter_versions import HOUSE, SENATE, with_head

pytestmark = [pytest.mark.browser]


@ON_A_PHONE
def test_one_is_thanked_one_is_left_out_and_sometimes_all_are(visit: Visit) -> None:
    page, engine = visit.page, visit.site.engine
    import_campaign(engine, with_head(f'[[exclusions]]\nthanks = "thanks"\noffices = ["{HOUSE}"]'), name="co-ops.md")
    begin(page, visit.site.url)
    expect(page.locator(".rep")).to_have_count(2)
    visit.sees("Thanks!")
    page.click("#tab-2")
    visit.sees("Please act.")
    left_out = f'[[exclusions]]\nreason = "Already on our side."\noffices = ["{SENATE}"]'
    import_campaign(engine, with_head(left_out), name="co-ops.md")
    page.goto(page.url)
    expect(page.locator("input[name=to]")).to_have_count(1)
    visit.sees("Already on our side.")
    import_campaign(
        engine, with_head('[[exclusions]]\nreason = "All done."\nchambers = ["lower", "upper"]'), name="co-ops.md"
    )
    visit.see(page.url, "There is nothing to send")
    expect(page.locator(".rep")).to_contain_text(["All done.", "All done."])
    expect(page.locator("textarea, #send")).to_have_count(0)
    page.click("text=Change >> nth=0")
    visit.sees("Change your address")
    visit.site.hold()
    page.click("button[value=address]")
    expect(page.get_by_text("Finding your legislators")).to_be_visible()
    page.fill("#own_words", "My bakery is a co-op")
    visit.site.release()
    # It comes by itself to whoever was typing meanwhile.
    expect(page.locator("h1")).to_have_text("There is nothing to send")
