"""A campaign's one color and the shades made of it, so that whatever an organizer chooses stays legible. Pure numbers.

Contrast is that of WCAG 2: 1 for the same color, 21 for black on white.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

WHITE, BLACK = "#ffffff", "#000000"
# What WCAG 2 AA asks for text, and for large text.
LEGIBLE, LEGIBLE_LARGE = 4.5, 3.0
# Behind the text of pages (web/static/public.css), and of emails in the dark (templates/emails/_colors.html).
_PAGE = "#f6f4ef"
_DARK_GROUNDS = ("#0f171d", "#18232b", "#212d36")
# Light text on dark grounds looks dull at the least that is legible.
_BRIGHT = 6.0
_SHADES = 100
_SHORT, _LONG = re.compile(r"#[0-9a-f]{3}"), re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Palette:
    """The shades of one color. `brand` carries white text and is legible as text on white, on pages and on `tint`.

    `deep` is `brand` under a pointer, `pale` small text on `brand`, `soft` a quiet shape on it; `glow` is `brand` where
    the ground is dark, `glow_ink` text on it.
    """

    brand: str
    deep: str
    tint: str
    pale: str
    soft: str
    glow: str
    glow_ink: str


def parse_color(text: str) -> str:
    """`#1b5e5a` for that, `#1B5E5A` or a short `#15a`; raises ValueError with words that follow a setting's name."""
    folded = text.strip().casefold()
    if _SHORT.fullmatch(folded):
        return "#" + "".join(sign * 2 for sign in folded[1:])
    if not _LONG.fullmatch(folded):
        raise ValueError('must be a color such as "#1b5e5a": a # and six digits or letters from a to f')
    return folded


@lru_cache(maxsize=64)
def palette_of(color: str) -> Palette:
    """The shades of a color as `parse_color` gives it: darker or lighter than it where it would not be legible."""
    tint = mix(WHITE, color, 0.1)
    brand = readable(color, BLACK, (WHITE, _PAGE, tint), LEGIBLE)
    glow = readable(color, WHITE, _DARK_GROUNDS, _BRIGHT)
    return Palette(
        brand=brand,
        deep=mix(brand, BLACK, 0.25),
        tint=tint,
        pale=readable(mix(WHITE, brand, 0.15), WHITE, (brand,), LEGIBLE),
        soft=mix(brand, WHITE, 0.06),
        glow=glow,
        glow_ink=mix(BLACK, glow, 0.15),
    )


def readable(color: str, towards: str, grounds: Iterable[str], ratio: float) -> str:
    """The nearest shade of the color, towards black or white, that has this contrast with all grounds."""
    grounds = tuple(grounds)
    shades = (mix(color, towards, step / _SHADES) for step in range(_SHADES))
    return next((shade for shade in shades if all(contrast(shade, one) >= ratio for one in grounds)), towards)


def contrast(one: str, other: str) -> float:
    """How well one color is seen on the other, from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`one` with this share of `other` in it."""
    parts = zip(_parts(one), _parts(other), strict=True)
    return "#" + "".join(f"{round(mine + (theirs - mine) * share):02x}" for mine, theirs in parts)


def _parts(color: str) -> tuple[int, ...]:
    return tuple(int(color[place : place + 2], 16) for place in (1, 3, 5))


@lru_cache(maxsize=4_096)
def _luminance(color: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """Light from the number that stands for it, by the curve of sRGB."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - the curve's own
