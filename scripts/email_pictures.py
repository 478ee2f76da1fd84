"""Pictures of the HTML part of every email, with usual and awkward names, on a phone and a desktop, light and dark.

Part of `make screenshots`.
"""

from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser

from shared.rendering.emails import render_email
from tests.email_samples import NAMES, awkward, sample

WIDTHS = {"phone": 360, "desktop": 1440}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def shoot_emails(browser: Browser, out: Path) -> None:
    """One picture for each email, width and scheme."""
    out.mkdir(parents=True, exist_ok=True)
    documents = {name: render_email(*sample(name)).html for name in NAMES}
    documents |= {f"{name}-awkward": render_email(*awkward(name)).html for name in NAMES}
    for size, width in WIDTHS.items():
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
            for name, html in documents.items():
                page.set_content(html)
                page.screenshot(path=out / f"{name}-{size}-{scheme}.png", full_page=True)
            page.close()
