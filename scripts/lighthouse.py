"""Lighthouse on the pages of supporters and organizers: `make lighthouse`. Needs node and Chromium.

Prints one line a page and fails below the goals; the reports stay in var/lighthouse.
"""

import sys

from playwright.sync_api import sync_playwright

from scripts import lighthouse_console, lighthouse_supporters
from scripts.lighthouse_runs import measure
from scripts.local_site import CHROMIUM, FLAGS, LocalSite, local_site

_KINDS = {
    "supporters": (lighthouse_supporters.supporter_pages, lighthouse_supporters.GOALS),
    "console": (lighthouse_console.console_pages, lighthouse_console.GOALS),
}


def main(wanted: list[str]) -> None:
    """All pages, or those of one kind."""
    with local_site(8766) as site:
        met = [one for kind in wanted or _KINDS for one in _measure_all(site, kind)]
    sys.exit(None if all(met) else "Below the goals.")


def _measure_all(site: LocalSite, kind: str) -> list[bool]:
    pages, goals = _KINDS[kind]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        # Closed before anything is measured: it would take its share of the processor.
        targets = list(pages(site, browser.new_page()))
        browser.close()
    return [measure(target, goals) for target in targets]


if __name__ == "__main__":
    main(sys.argv[1:])
