"""The pages that our emails link to: fit for everybody, and each one press."""

import pytest
from playwright.sync_api import Browser, ViewportSize, expect
from sqlalchemy import select

from shared.db.tables import follow_up, submission
from shared.domain.identities import owner_key, unsubscribe_key
from tests.browser.conftest import Faults, Site
from tests.browser.sizes import ON_A_PHONE
from tests.browser.walk import begin, check

pytestmark = pytest.mark.browser


def send_letters(site: Site, browser: Browser) -> dict[str, str]:
    """One supporter's two letters are out; the links in the thank-you."""
    page = browser.new_context().new_page()
    begin(page, site.url)
    page.click("#send")
    expect(page.locator(".chip.sent")).to_have_count(2, timeout=15_000)
    page.context.close()
    secret = site.settings.secret_key
    with site.engine.connect() as connection:
        token = connection.execute(select(submission.c.token)).scalar_one()
        number = connection.execute(select(follow_up.c.id).where(follow_up.c.kind == "thank_you")).scalar_one()
    own = f"{token}/{owner_key(secret, token)}"
    return {
        "unsubscribe": f"{site.url}/unsubscribe/{unsubscribe_key(secret, number)}",
        "preferences": f"{site.url}/preferences/{own}",
        "answers": f"{site.url}/answers/{own}",
    }


@ON_A_PHONE
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_one_press_each(site: Site, browser: Browser, faults: Faults, size: ViewportSize, javascript: bool) -> None:
    links = send_letters(site, browser)
    page = browser.new_context(viewport=size, java_script_enabled=javascript).new_page()
    faults.watch(page)
    look = check if javascript else (lambda _page: None)

    page.goto(links["answers"])
    look(page)
    page.get_by_role("button", name="Yes, I got an answer").first.click()
    expect(page.get_by_text("Answered, as far as we know.")).to_have_count(1)
    look(page)

    page.goto(links["preferences"])
    look(page)
    page.get_by_label("From Neighbors United").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    expect(page.get_by_label("From Neighbors United")).to_be_checked()
    look(page)

    page.goto(links["unsubscribe"])
    look(page)
    page.get_by_role("button", name="Unsubscribe me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are unsubscribed")
    look(page)
    page.get_by_role("button", name="subscribe me again").click()
    expect(page.get_by_role("button", name="Unsubscribe me")).to_be_visible()
