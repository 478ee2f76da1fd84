"""Pages in place of those that could not be shown: plain words, a way on, fit for everybody."""

import pytest
from playwright.sync_api import Route

from tests.browser.sizes import ON_A_PHONE
from tests.browser.visits import Visit
from tests.browser.walk import begin

pytestmark = [pytest.mark.browser]


def _from_elsewhere(route: Route) -> None:
    """As a script on another website would post behind a person's back; a browser lets no page forge this itself."""
    elsewhere = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    route.fulfill(response=route.fetch(headers=route.request.headers | elsewhere))


@ON_A_PHONE
def test_each_says_what_happened_and_leads_on(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    page = visit.page
    begin(page, visit.site.url)
    page.evaluate("document.getElementById('own_words').value = 'x'.repeat(300000)")
    page.click("#send")
    visit.sees("That is too long")
    visit.see(f"{page.url}/nowhere", "There is nothing here")
    visit.see("/c/co-ops", "Find your legislators")
    page.route("**/c/co-ops", _from_elsewhere)
    page.click("form.card button[type=submit]")
    visit.sees("That is not open to you")
    page.unroute_all()

    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("web.public.campaigns.list_published", fail)
    visit.see("/", "Something went wrong on our side")
    monkeypatch.undo()
    page.click("text=Go to the start")
    visit.sees("Find your legislators")
