"""The supporter's pages that Lighthouse measures: campaign, letter and status page. Practice data only."""

from collections.abc import Iterator

from playwright.sync_api import Page

from scripts.lighthouse_runs import Goals, Target, cookies_of
from scripts.local_site import LocalSite

GOALS = Goals(performance=0.98, code_kb=30)


def supporter_pages(site: LocalSite, page: Page) -> Iterator[Target]:
    """With the cookie that shows a letter to its writer."""
    _begin(page, site.page_url, "jamie@example.org")
    page.click("#send")
    page.wait_for_selector(".chip.sent >> nth=1")
    status = page.url
    letter = _begin(page, site.page_url, "robin@example.org")
    mine = cookies_of(page)
    yield Target("campaign", site.page_url)
    yield Target("letter", letter, mine)
    yield Target("status", status, mine)


def _begin(page: Page, page_url: str, email: str) -> str:
    page.goto(page_url)
    typed = {"first_name": "Jamie", "last_name": "Rivera", "email": email}
    typed |= {"street": "12 Maple Street", "city": "Worcester", "zip": "01603"}
    for field, value in typed.items():
        page.fill(f"#{field}", value)
    page.click("form.card button[type=submit]")
    page.wait_for_selector(".rep")
    return str(page.url)
