"""What the browser tests do again and again: type an address, look whether a page is fit for everybody."""

import re

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, ViewportSize

from tests.browser.pictures import ALBUM
from tests.browser.sizes import DESKTOP, PHONE, name_of

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = [*WCAG, "best-practice"]
_AXE = {"resultTypes": ["violations"], "preload": False}
# Only what is wrong is brought over from the browser.
_RUN_AXE = "options => axe.run(options).then(({violations}) => ({violations}))"
TYPED = {
    "first_name": "Jamie",
    "last_name": "Rivera",
    "email": "jamie@example.org",
    "street": "12 Maple Street",
    "city": "Worcester",
    "zip": "01603",
}
NARROW_PX = 320
# What differs between two of the same page: tokens and keys, ports, times.
_VARIES = re.compile(r"[\w-]{20,}(?:\.[\w-]+)*|\d+")
_SEEN: set[tuple[str, tuple[str, ...], str]] = set()
LEAST_TARGET_PX = 24
# Links within sentences, and what only shows when it has the focus, may be smaller (WCAG 2.5.8).
_SMALL_TARGETS = f"""() => [...document.querySelectorAll("a, button, input:not([type=hidden]), summary, textarea")]
  .filter(e => e.offsetParent && !e.closest("p, td, .vh, .pot") && !e.matches(".skip, .vh"))
  .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < {LEAST_TARGET_PX} || box.width < {LEAST_TARGET_PX}))
  .map(([html, box]) => `${{html}} ${{Math.round(box.width)}}x${{Math.round(box.height)}}`)"""


def type_address(page: Page, **typed: str) -> None:
    for name, value in (TYPED | typed).items():
        page.fill(f"#{name}", value)


def go_on(page: Page) -> None:
    page.click("form.card button[type=submit]")


def begin(page: Page, site_url: str, **typed: str) -> None:
    page.goto(f"{site_url}/c/co-ops")
    type_address(page, **typed)
    go_on(page)
    page.wait_for_url("**/letter/*")


def check(page: Page, rules: list[str] = RULES) -> None:
    """No axe violation, no sideways scrolling down to 320 px or at twice the text size, no tiny targets; a picture.

    On a phone and on a desktop.
    """
    # A click may just have led here.
    page.wait_for_load_state()
    ALBUM.take(page)
    before = page.viewport_size
    assert before is not None
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)
        if not _is_seen(page, rules, name_of(size)):
            _check(page, rules, size)
    page.set_viewport_size(before)


def _check(page: Page, rules: list[str], size: ViewportSize) -> None:
    found = _run_axe(page, rules)
    assert found.violations_count == 0, f"{page.url} on a {name_of(size)}\n{found.generate_report()}"
    _fits(page, "as it is")
    assert page.evaluate(_SMALL_TARGETS) == [], page.url
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    _fits(page, "at 200 % text")
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size({"width": NARROW_PX, "height": size["height"]})
    _fits(page, f"at {NARROW_PX} px")


def _run_axe(page: Page, rules: list[str]) -> AxeResults:
    """Gives each document the script only once: what the browser compiled for one window serves the other one too."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return AxeResults(page.evaluate(_RUN_AXE, _AXE | {"runOnly": rules}))


def _is_seen(page: Page, rules: list[str], window: str) -> bool:
    """True for a page that was looked at before, in this window, with other numbers, names in addresses and tokens."""
    key = (window, tuple(rules), _VARIES.sub("0", page.content()))
    if key in _SEEN:
        return True
    _SEEN.add(key)
    return False


def _fits(page: Page, how: str) -> None:
    """Fails with the elements that make the page scroll sideways."""
    found = page.evaluate(
        """() => { const wide = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= wide) return [];
            const scrolls = e => ["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX);
            const inside = e => { for (let up = e.parentElement; up && up !== document.body; up = up.parentElement)
                if (scrolls(up)) return true; return false };
            return [...document.querySelectorAll("body *")]
                .filter(e => e.getBoundingClientRect().right > wide + 1 && !inside(e))
                .map(e => e.outerHTML.slice(0, 160)).slice(0, 8) }"""
    )
    assert not found, "\n".join([f"{page.url} {how}", *found])
