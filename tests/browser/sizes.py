"""The windows that pages are looked at in."""

import pytest
from playwright.sync_api import ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
# What a test walks through on a phone is looked at in both windows; what matters most is walked through in both.
ON_A_PHONE = pytest.mark.parametrize("size", [PHONE], ids=["phone"])
IN_BOTH = pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])


def name_of(size: ViewportSize) -> str:
    """`phone` or `desktop`."""
    return "phone" if size["width"] < DESKTOP["width"] else "desktop"
