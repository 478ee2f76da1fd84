"""Pictures of every page and email on a phone and on a desktop: `make screenshots`, into var/screenshots.

The browser tests take one of each state that they look at (tests/browser/pictures.py); here are the emails, and the
picture of the README, from a running stack of its own. Practice data only.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from scripts.email_pictures import shoot_emails
from scripts.local_site import CHROMIUM, FLAGS, local_site
from shared.paths import ROOT

OUT = ROOT / "var" / "screenshots"
_PHONE: ViewportSize = {"width": 390, "height": 844}


def main(wanted: list[str]) -> None:
    """All, or the states that tests of these names pass through."""
    OUT.mkdir(parents=True, exist_ok=True)
    tests = [sys.executable, "-m", "pytest", "-q", "tests/browser", *(("-k", " or ".join(wanted)) if wanted else ())]
    looked = subprocess.run(tests, cwd=ROOT, env=os.environ | {"PICTURES": str(OUT)}, check=False)
    if not wanted:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            shoot_emails(browser, OUT / "emails")
            shoot_readme(browser)
            browser.close()
    print(f"Pictures are in {OUT.relative_to(ROOT)}.")
    sys.exit(looked.returncode)


def shoot_readme(browser: Browser) -> None:
    """The three steps on a phone, side by side, in docs/screenshot.png."""
    with local_site(8765) as site:
        page = browser.new_page(viewport=_PHONE, reduced_motion="reduce")
        steps = list(_walk(page, site.page_url))
    pictures = "".join(f'<img src="data:image/png;base64,{base64.b64encode(step).decode()}">' for step in steps)
    style = "body{margin:0;padding:28px;display:flex;gap:28px;background:#cfd8db}img{width:390px;border-radius:18px}"
    sheet = browser.new_page(viewport={"width": 1282, "height": 900})
    sheet.set_content(f"<style>{style}</style>{pictures}")
    sheet.screenshot(path=ROOT / "docs" / "screenshot.png")


def _walk(page: Page, page_url: str) -> Iterator[bytes]:
    """The campaign page, the letter with a word of one's own, the status page when both letters are sent."""
    page.goto(page_url)
    yield page.screenshot()
    typed = {"first_name": "Jamie", "last_name": "Rivera", "email": "jamie@example.org"}
    typed |= {"street": "12 Maple Street", "city": "Worcester", "zip": "01603"}
    for field, value in typed.items():
        page.fill(f"#{field}", value)
    page.click("form.card button[type=submit]")
    page.wait_for_selector(".rep")
    page.fill("#own_words", "My sister's bakery became a co-op last year. Nobody lost a job.")
    page.evaluate("scrollTo(0, 92)")
    yield page.screenshot()
    page.click("#send")
    page.wait_for_selector(".chip.sent >> nth=1")
    yield page.screenshot()


if __name__ == "__main__":
    main(sys.argv[1:])
