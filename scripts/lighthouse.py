"""Lighthouse on the supporter's pages, as a phone on simulated slow 4G: `make lighthouse`. Needs node and Chromium.

Prints one line a page and fails below the goals; the reports stay in var/lighthouse.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from scripts.local_site import CHROMIUM, FLAGS, local_site
from shared.paths import ROOT

OUT = ROOT / "var" / "lighthouse"
_VERSION = "12.8.2"
_GOALS = {"performance": 0.98, "accessibility": 1.0, "best-practices": 1.0}
_LCP_MS, _TBT_MS, _CLS, _CODE_BYTES = 1_500.0, 50.0, 0.02, 30 * 1024
_ROUNDS = 3


def main() -> None:
    """All pages; each is measured three times, and the middle one counts."""
    OUT.mkdir(parents=True, exist_ok=True)
    failed = False
    with local_site(8766) as (page_url, _):
        for name, address, headers in _pages(page_url):
            reports = sorted((_run(name, address, headers) for _ in range(_ROUNDS)), key=_score)
            failed |= not _tell(name, reports[_ROUNDS // 2])
    sys.exit("Below the goals." if failed else None)


def _pages(page_url: str) -> list[tuple[str, str, dict[str, str]]]:
    """Campaign, letter and status page, with the cookie that shows them to their writer."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        _begin(page, page_url, "jamie@example.org")
        page.click("#send")
        page.wait_for_selector(".chip.sent >> nth=1")
        status = page.url
        letter = _begin(page, page_url, "robin@example.org")
        cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
        browser.close()
    mine = {"Cookie": cookies}
    return [("campaign", page_url, {}), ("letter", letter, mine), ("status", status, mine)]


def _begin(page: Page, page_url: str, email: str) -> str:
    page.goto(page_url)
    typed = {"first_name": "Jamie", "last_name": "Rivera", "email": email}
    typed |= {"street": "12 Maple Street", "city": "Worcester", "zip": "01603"}
    for field, value in typed.items():
        page.fill(f"#{field}", value)
    page.click("form.card button[type=submit]")
    page.wait_for_selector(".rep")
    return str(page.url)


def _run(name: str, address: str, headers: dict[str, str]) -> dict[str, object]:
    report = OUT / f"{name}.json"
    command = [
        *("npx", "--yes", f"lighthouse@{_VERSION}", address, "--quiet", "--output=json", f"--output-path={report}"),
        f"--only-categories={','.join(_GOALS)}",
        f"--chrome-flags=--headless=new {' '.join(FLAGS)}",
        *((f"--extra-headers={json.dumps(headers)}",) if headers else ()),
    ]
    subprocess.run(command, check=True, env=os.environ | {"CHROME_PATH": CHROMIUM}, stdout=subprocess.DEVNULL)
    return dict(json.loads(Path(report).read_text(encoding="utf-8")))


def _score(report: dict[str, object]) -> float:
    return float(report["categories"]["performance"]["score"])  # type: ignore[index]


def _tell(name: str, report: dict[str, object]) -> bool:
    """One line; True when every goal is met."""
    scores = {goal: float(report["categories"][goal]["score"]) for goal in _GOALS}  # type: ignore[index]
    audits = report["audits"]
    lcp, tbt, cls = (
        float(audits[one]["numericValue"])  # type: ignore[index]
        for one in ("largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
    )
    items = audits["network-requests"]["details"]["items"]  # type: ignore[index]
    code = sum(one["transferSize"] for one in items if one.get("resourceType") in ("Document", "Script", "Stylesheet"))
    print(
        f"{name:9} {' '.join(f'{goal} {score * 100:.0f}' for goal, score in scores.items())}"
        f"  LCP {lcp:.0f} ms  TBT {tbt:.0f} ms  CLS {cls:.3f}  code {code / 1024:.1f} KB"
    )
    in_time = lcp <= _LCP_MS and tbt <= _TBT_MS and cls <= _CLS and code <= _CODE_BYTES
    return in_time and all(scores[goal] >= wanted for goal, wanted in _GOALS.items())


if __name__ == "__main__":
    main()
