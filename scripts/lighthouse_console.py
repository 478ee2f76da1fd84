"""The organizer's pages that Lighthouse measures, with a simulated action day on them. Practice data only."""

from collections.abc import Iterator

from playwright.sync_api import Page

from scripts.lighthouse_runs import Goals, Target, cookies_of
from scripts.local_site import LocalSite

GOALS = Goals(performance=0.95, code_kb=80)
_PAGES = {
    "overview": "/",
    "live": "/campaigns/simulation",
    "letters": "/campaigns/simulation?state=sent&q=a",
    "attention": "/campaigns/simulation/attention",
    "districts": "/campaigns/simulation/districts",
    "offices": "/offices",
    "office": "/offices/1",
    "editor": "/campaigns/simulation/edit/letter",
    "delivery": "/delivery",
}


def console_pages(site: LocalSite, page: Page) -> Iterator[Target]:
    """With 600 letters of which some are in trouble, and a district map."""
    site.run("simulate", "--supporters", "300", "--minutes", "0.05", "--direct")
    console = f"{site.page_url.partition('/c/')[0]}/admin"
    page.goto(f"{console}/sign-in")
    page.fill("#email", site.email)
    page.fill("#password", site.password)
    page.click("form button")
    page.wait_for_url(f"{console}/")
    mine = cookies_of(page)
    for name, path in _PAGES.items():
        yield Target(f"console-{name}", f"{console}{path}", mine)
    page.goto(f"{console}/campaigns/simulation?needs=yes")
    yield Target("console-letter", str(page.locator("#letters td a").first.evaluate("link => link.href")), mine)
