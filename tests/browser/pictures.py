"""A picture of every page and state that the browser tests look at, into the folder PICTURES: `make screenshots`."""

import itertools
import os
import re
from pathlib import Path

from playwright.sync_api import Page


class Album:
    """Numbers pictures within a test and names them after it: `states/the_campaign-phone-02.png`."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._test = ""
        self._numbers = itertools.count(1)

    def take(self, page: Page) -> None:
        """The whole page as a person sees it; nothing without a folder."""
        if not self._folder:
            return
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        if test != self._test:
            self._test, self._numbers = test, itertools.count(1)
        file, _, name = test.rpartition("/")[2].partition(".py::")
        words = re.sub(r"[^\w.]+", "-", name.removeprefix("test_")).strip("-")
        path = Path(self._folder) / file.removeprefix("test_") / f"{words}-{next(self._numbers):02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        page.evaluate("document.fonts.ready")
        # A frame out of sight is not drawn.
        for frame in page.locator("iframe:visible").all():
            frame.scroll_into_view_if_needed()
        # In a window as high as the page nothing that sticks to its edge covers the rest.
        window = page.viewport_size
        height = page.evaluate("document.documentElement.scrollHeight")
        if window:
            page.set_viewport_size({"width": window["width"], "height": max(window["height"], height)})
        page.screenshot(path=path, full_page=True)
        if window:
            page.set_viewport_size(window)


ALBUM = Album(os.environ.get("PICTURES", ""))
