"""A picture of every page and state that the browser tests look at, into the folder PICTURES: `make screenshots`."""

import itertools
import os
import re
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from tests.browser.sizes import DESKTOP, PHONE, name_of


class Album:
    """Numbers pictures within a test and names them after it: `states/the_campaign-02-desktop.png`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._test = ""
        self._numbers = itertools.count(1)

    def take(self, page: Page) -> None:
        """The whole page as a person sees it, on a phone and on a desktop; nothing without a folder."""
        if not self._folder:
            return
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        if test != self._test:
            self._test, self._numbers = test, itertools.count(1)
        file, _, name = test.rpartition("/")[2].partition(".py::")
        words = re.sub(r"[^\w.]+", "-", name.removeprefix("test_").replace("[phone]", "")).strip("-")
        path = Path(self._folder) / file.removeprefix("test_") / f"{words}-{next(self._numbers):02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready")
        before = page.viewport_size
        for size in (PHONE, DESKTOP):
            page.set_viewport_size(size)
            self._take(page, path.with_stem(f"{path.stem}-{name_of(size)}"), size)
        if before:
            page.set_viewport_size(before)

    def _take(self, page: Page, path: Path, size: ViewportSize) -> None:
        # A frame out of sight is not drawn.
        for frame in page.locator("iframe:visible").all():
            frame.scroll_into_view_if_needed()
        # In a window as high as the page nothing that sticks to its edge covers the rest.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
        page.screenshot(path=path, full_page=True)


ALBUM = Album(os.environ.get("PICTURES", ""))
