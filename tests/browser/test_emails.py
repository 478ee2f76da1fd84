"""Emails as a browser draws them, light and dark: legible, never wider than the screen, buttons for thumbs."""

import pytest
from playwright.sync_api import Browser

from shared.rendering.emails import render_email
from tests.browser.walk import WCAG, check
from tests.email_samples import NAMES, awkward

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_emails_are_fit_for_everybody(browser: Browser, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": 360, "height": 740})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in NAMES:
        page.set_content(render_email(*awkward(name)).html)
        # Without the landmarks of a page: the mail reader around it has them.
        check(page, WCAG)
        for button in page.locator("a.button").all():
            box = button.bounding_box()
            assert box
            assert box["height"] >= 44
    assert asked == []
    page.close()
