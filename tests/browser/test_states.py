"""The states of the supporter's pages that other tests do not pass through: fit for everybody, none a dead end."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from shared.domain.places import HomeAddress
from shared.domain.states import CampaignState
from shared.domain.supporter_input import SupporterDetails
from shared.paths import ROOT
from shared.services.campaigns import import_campaign
from shared.services.invitations import invite
from tests.browser.conftest import RICH
from tests.browser.sizes import ON_A_PHONE
from tests.browser.visits import Visit
from tests.browser.walk import begin, check, go_on, type_address
from tests.factories import make_campaign
from tests.unit.test_logos import picture

pytestmark = [pytest.mark.browser]
SHIPPED = ROOT / "campaigns" / "cooperative-ma.md"
_HEAD = """opens = 2031-05-01
host_url = "https://neighbors.example"
logo = "sign.png"
color = "#8a3b12"
won_message = "The governor signed it. Thank you."
host = \""""


@ON_A_PHONE
def test_the_campaign_in_each_of_its_states(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "sign.png").write_bytes(picture((800, 200)))
    import_campaign(visit.site.engine, RICH.replace('host = "', _HEAD, 1), name="co-ops.md", folder=tmp_path)
    visit.sql("UPDATE campaign SET state = 'draft', updated_at = now()")
    visit.switch(CampaignState.SCHEDULED, "This campaign opens soon")
    visit.switch(CampaignState.LIVE, "Find your legislators")
    begin(visit.page, visit.site.url)
    expect(visit.page.locator(".rep")).to_have_count(2)
    letter = visit.page.url
    visit.switch(CampaignState.PAUSED, "the campaign is paused")
    visit.see(letter, "The campaign is paused")
    visit.switch(CampaignState.CLOSED, "This campaign has ended")
    visit.see(letter, "Your letter was not sent.")
    visit.switch(CampaignState.WON, "The governor signed it.")


@ON_A_PHONE
def test_the_letter_page_in_each_of_its_states(visit: Visit) -> None:
    page = visit.page
    visit.site.hold()
    begin(page, visit.site.url)
    visit.sees("Finding your legislators…")
    visit.site.release()
    expect(page.locator(".rep")).to_have_count(2)
    page.fill("#own_words", "My sister's bakery became a co-op last year. Nobody lost a job.")
    visit.sees("Nobody lost a job.")
    page.click("button[value=edit]")
    page.fill("#edited_body", " ")
    page.click("button[value=save]")
    visit.sees("Write something here, or go back to the letter as it was")
    page.click("button[value=original]")
    page.click("text=Change >> nth=0")
    visit.sees("Change your address")
    page.go_back()
    visit.sql("UPDATE office_holder SET valid_to = current_date WHERE office_id = 1")
    visit.sql("UPDATE office_holder SET email = '' WHERE office_id = 2")
    page.goto(page.url.partition("?")[0])
    expect(page.locator(".who")).to_contain_text("We have no email address for this office yet.")
    visit.sees("Uncheck the box if you would rather not wait.")
    visit.sql(
        "UPDATE submission SET state = 'needs_address', lookup_status = 'no_match',"
        ' suggestions = \'["12 Maple St, Worcester, MA 01603", "12 Maple Ter, Worcester, MA 01602"]\''
    )
    visit.see(page.url, "Did you mean one of these?")


@ON_A_PHONE
def test_the_status_page_in_each_of_its_states(visit: Visit, browser: Browser) -> None:
    page = visit.page
    visit.site.hold()
    begin(page, visit.site.url)
    page.click("#send")
    visit.sees("Finding your legislators…")
    status = page.url
    visit.site.release()
    expect(page.locator(".chip.sent")).to_have_count(2)
    visit.site.hold()
    # Real letters of a live campaign wait ten minutes; these have left already.
    visit.sql("UPDATE submission SET is_test = false, transport = 'relay', leaves_at = now() + interval '9 minutes'")
    visit.sql("UPDATE letter SET is_test = false, transport = 'relay', state = 'queued'")
    visit.sql("UPDATE letter SET due_at = now() + interval '9 minutes'")
    visit.see(status, "Leaves at")
    visit.sql("UPDATE submission SET leaves_at = now()")
    visit.sql("UPDATE letter SET state = 'deferred', cause = 'temporary', due_at = now() + interval '1 hour'")
    visit.see(status, "Delayed, we try again")
    visit.sql("UPDATE letter SET state = 'delivered', cause = '' WHERE id = 1")
    visit.sql("UPDATE letter SET state = 'bounced', cause = 'mailbox_full' WHERE id = 2")
    visit.see(status, "Delivered")
    visit.sql("UPDATE letter SET state = 'held', hold_reason = 'vacant_seat', cause = 'vacant_seat' WHERE id = 1")
    visit.sql("UPDATE letter SET state = 'expired', cause = 'too_late' WHERE id = 2")
    visit.see(status, "Too late to send")
    visit.sql("UPDATE letter SET hold_reason = 'new_holder', cause = 'new_holder' WHERE id = 1")
    visit.see(f"/mine/{status.rpartition('/')[2]}", "Send it to the new office holder")
    stranger = Visit(visit.site, browser.new_context(viewport=visit.size).new_page(), visit.size)
    stranger.see(status, "This link shows where they are.")
    visit.sql("UPDATE letter SET state = 'cancelled'")
    visit.sql("UPDATE submission SET state = 'withdrawn'")
    visit.see(status, "Your letters were taken back")
    visit.sql("DELETE FROM letter_event; DELETE FROM letter_words; DELETE FROM letter")
    visit.sql("UPDATE submission SET state = 'ready', expected_letters = 0")
    visit.see(status, "Each office gets one letter per person.")
    visit.sql("UPDATE submission SET state = 'needs_address', expected_letters = NULL, lookup_status = 'no_match'")
    visit.see(status, "Your letters wait for your answer.")
    visit.sql("UPDATE submission SET state = 'expired'")
    visit.see(status, "We could not find out in time who represents you")
    expect(page.locator("main")).not_to_contain_text("“Sent” means")
    page.click("text=Delete my data")
    visit.sees("What is deleted")


@ON_A_PHONE
def test_a_personal_link_and_the_friend_it_was_forwarded_to(visit: Visit, browser: Browser) -> None:
    home = HomeAddress("12 Maple Street", "Worcester", "MA", "01603")
    jamie = SupporterDetails("Jamie", "Rivera", "jamie@example.org", home)
    settings = replace(visit.site.settings, public_url=visit.site.url)
    [invited] = invite(visit.site.engine, settings, "co-ops", [jamie], source="sms")
    visit.page.goto(invited.link)
    expect(visit.page.locator(".rep")).to_have_count(2)
    visit.sees("Not you? Start over")
    friend = Visit(visit.site, browser.new_context(viewport=visit.size).new_page(), visit.size)
    friend.see(invited.link, "Is this your letter?")
    friend.page.fill("#email", "robin@example.org")
    friend.page.click("form button")
    friend.sees("This is not the email address that the link was made for")
    visit.page.click("text=Not you? Start over")
    expect(visit.page.locator("#first_name")).to_have_value("")


@ON_A_PHONE
def test_what_goes_wrong_says_how_to_go_on(visit: Visit) -> None:
    page = visit.page
    begin(page, visit.site.url)
    expect(page.locator(".rep")).to_have_count(2)
    page.evaluate("document.querySelector('[name=csrf_token]').value = 'old'")
    page.click("#send")
    visit.sees("This page was open for a long time.")
    visit.see("/mine/nobody/nothing", "There is nothing here")
    make_campaign(visit.site.engine, SHIPPED.read_text(encoding="utf-8"))
    visit.see("/", "Write to your legislators")
    for _ in range(60):
        page.goto(f"{visit.site.url}/c/co-ops")
        type_address(page)
        go_on(page)
        if page.locator("#busy-title").count():
            break
    visit.sees("There were many tries in a short time")


LANGUAGES = pytest.mark.parametrize("language", ["es", "pt-BR", "ht", "zh-Hans", "zh-Hant", "vi"])


@LANGUAGES
@ON_A_PHONE
def test_the_shipped_campaign_in_every_language(visit: Visit, language: str) -> None:
    make_campaign(visit.site.engine, SHIPPED.read_text(encoding="utf-8"))
    page = visit.page
    page.goto(f"{visit.site.url}/c/cooperative-ma?lang={language}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    check(page)
    type_address(page)
    go_on(page)
    expect(page.locator(".rep")).to_have_count(2)
    check(page)
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2)
    check(page)
