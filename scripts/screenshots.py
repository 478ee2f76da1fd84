"""Pictures of every page and email on a phone and on a desktop, from a running stack of its own: `make screenshots`.

Writes to var/screenshots, and the picture of the README to docs/. Practice data only.
"""

import base64
import re

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.email_pictures import shoot_emails
from scripts.local_site import CHROMIUM, FLAGS, local_site
from shared.paths import ROOT

OUT = ROOT / "var" / "screenshots"
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
README_SHOWS = ("1-campaign", "2-letter", "3-status")


def main() -> None:
    """Starts Dear Rep on an empty folder, walks through it at both sizes, stops it."""
    OUT.mkdir(parents=True, exist_ok=True)
    with local_site(8765) as (page_url, one_time), sync_playwright() as playwright:
        password = one_time
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, size in SIZES.items():
            supporter(browser, name, size, page_url)
            organizer(browser, name, size, page_url.split("/c/")[0], password)
            password = ""
        compose_readme_picture(browser)
        shoot_emails(browser, OUT / "emails")
        browser.close()


def shoot(page: Page, size: str, name: str, *, whole: bool = True) -> None:
    """One picture."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=OUT / f"{name}-{size}.png", full_page=whole)
    if size == "phone" and name in README_SHOWS:
        page.evaluate("scrollTo(0, document.querySelector('#own_words') ? 300 : 0)")
        page.screenshot(path=OUT / f"readme-{name}.png")


def compose_readme_picture(browser: Browser) -> None:
    """The three steps on a phone, side by side."""
    files = [OUT / f"readme-{name}.png" for name in README_SHOWS]
    pictures = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}">' for file in files
    )
    style = "body{margin:0;padding:28px;display:flex;gap:28px;background:#cfd8db}img{width:390px;border-radius:18px}"
    page = browser.new_page(viewport={"width": 1282, "height": 900})
    page.set_content(f"<style>{style}</style>{pictures}")
    page.screenshot(path=ROOT / "docs" / "screenshot.png")


def supporter(browser: Browser, size: str, shape: tuple[int, int], page_url: str) -> None:
    """From the link to the status page, with the mistakes on the way."""
    context = browser.new_context(viewport={"width": shape[0], "height": shape[1]}, reduced_motion="reduce")
    page = context.new_page()
    page.goto(page_url)
    shoot(page, size, "1-campaign")
    page.click("button[type=submit]")
    shoot(page, size, "1-campaign-mistakes")
    typed = {"first_name": "Jamie", "last_name": "Rivera", "email": f"jamie-{size}@example.org"}
    typed |= {"street": "PO Box 12", "city": "Worcester", "zip": "01603"}
    for field, value in typed.items():
        page.fill(f"#{field}", value)
    page.click("button[type=submit]")
    page.wait_for_selector(".ask")
    shoot(page, size, "2-letter-question")
    page.fill("#street", "12 Maple Street")
    page.click("button[value=address]")
    page.wait_for_selector(".rep")
    page.fill("#own_words", "My sister's bakery became a co-op last year. Nobody lost a job.")
    shoot(page, size, "2-letter")
    page.click("button[value=edit]")
    shoot(page, size, "2-letter-edit")
    page.click("button[value=save]")
    page.click("#send")
    shoot(page, size, "3-status-at-once")
    page.wait_for_selector(".chip.sent >> nth=1")
    shoot(page, size, "3-status")
    stranger = browser.new_context(viewport={"width": shape[0], "height": shape[1]}).new_page()
    stranger.goto(page.url)
    shoot(stranger, size, "3-status-copied-link")
    page.goto(page_url + "/nothing-here")
    shoot(page, size, "9-not-found")


def organizer(browser: Browser, size: str, shape: tuple[int, int], home: str, password: str) -> None:
    """Sign-in, overview, live page, results, an update, one letter, mailbox."""
    state = OUT / "signed-in.json"
    context = browser.new_context(
        viewport={"width": shape[0], "height": shape[1]}, storage_state=None if password else state
    )
    page = context.new_page()
    if password:
        page.goto(f"{home}/admin/")
        shoot(page, size, "5-sign-in")
        page.fill("#email", "organizer@localhost")
        page.fill("#password", password)
        page.click("button")
        context.storage_state(path=state)
    page.goto(f"{home}/admin/")
    shoot(page, size, "6-overview")
    page.click(".camps h2 a")
    shoot(page, size, "6-live")
    page.click("text=Go live")
    shoot(page, size, "6-go-live")
    page.go_back()
    campaign_results(page, size)
    page.click(".rt a")
    shoot(page, size, "7-letter")
    page.goto(f"{home}/admin/mailbox")
    shoot(page, size, "8-mailbox")
    page.get_by_role("link", name="a copy of your letters").first.click()
    shoot(page, size, "8-message")
    linked_pages(page, size)


def linked_pages(page: Page, size: str) -> None:
    """What the thank-you links to, found in its text."""
    for name in ("preferences", "unsubscribe", "mine"):
        found = re.search(rf"https?://\S+/{name}/[\w/-]+", page.inner_text("main"))
        if found:
            other = page.context.new_page()
            # "Did they answer?" comes two weeks later and has the same key as the supporter's own page.
            other.goto(found[0].replace("/mine/", "/answers/"))
            shoot(other, size, f"4-{name.replace('mine', 'answers')}")
            if name == "mine":
                other.goto(found[0])
                shoot(other, size, "4-my-letters")
                other.click("text=Delete my data")
                shoot(other, size, "4-delete-my-data")
            other.close()


def campaign_results(page: Page, size: str) -> None:
    """Results and an update, from the campaign's live page and back."""
    page.click("text=Results")
    shoot(page, size, "6-results")
    page.click("text=Updates")
    page.click("text=Write an update")
    page.check("input[name=organization] >> nth=0")
    page.fill("#subject", "The hearing is on Tuesday")
    page.fill("#body", "Come to the **State House** at ten.\n\n- Bring a friend\n- Wear green")
    page.click("button[value=test]")
    # A frame out of sight is not drawn.
    page.locator("iframe").scroll_into_view_if_needed()
    shoot(page, size, "6-update")
    page.click("nav a >> text=Campaigns")
    page.click(".camps h2 a")
    page.click(".tabs >> text=Share")
    shoot(page, size, "6-share")
    page.click("nav a >> text=Campaigns")
    page.click(".camps h2 a")


if __name__ == "__main__":
    main()
