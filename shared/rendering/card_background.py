"""What share cards have behind their words: an envelope with a sun for a stamp, a bright foot, the mark or the logo."""

import io
import math
from functools import lru_cache

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 630
LEFT, FOOT, STRIPE, MARK = 72, 116, 7, 68
_LOGO_WIDTH = 420
# The colours of web/static/public.css.
BRAND, PALE, SUN, PAPER, INK, MUTED = "#0b5563", "#12606e", "#f2b134", "#f6f4ef", "#16232f", "#4c5b68"
# Drawn larger and made smaller, so that round shapes have smooth ends.
_FINER = 2

_Points = tuple[tuple[float, float], ...]


@lru_cache(maxsize=8)
def card_background(brand: str = BRAND, soft: str = PALE, logo: bytes = b"") -> tuple[Image.Image, int]:
    """The same picture for all cards of a campaign, to be copied before drawing on it; where the foot's words begin.

    The foot is white behind a logo, which is made for white.
    """
    large = Image.new("RGB", (WIDTH * _FINER, HEIGHT * _FINER), brand)
    pen = ImageDraw.Draw(large)
    _envelope(pen, brand, soft)
    pen.rectangle(_at((0, HEIGHT - FOOT), (WIDTH, HEIGHT)), fill="#fff" if logo else PAPER)
    pen.rectangle(_at((0, HEIGHT - FOOT), (WIDTH, HEIGHT - FOOT + STRIPE)), fill=SUN)
    top = HEIGHT - FOOT + (FOOT + STRIPE - MARK) / 2
    if not logo:
        _mark(pen, LEFT, top, brand)
    small = large.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    return small, LEFT + (_paste(small, logo, LEFT, round(top)) if logo else MARK)


def _paste(card: Image.Image, png: bytes, left: int, top: int) -> int:
    """The logo as high as the mark, or as wide as there is room; returns its width."""
    logo = Image.open(io.BytesIO(png)).convert("RGBA")
    scale = min(MARK / logo.height, _LOGO_WIDTH / logo.width)
    logo = logo.resize((round(logo.width * scale), round(logo.height * scale)), Image.Resampling.LANCZOS)
    card.paste(logo, (left, top + (MARK - logo.height) // 2), logo)
    return logo.width


def _at(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(x * _FINER, y * _FINER) for x, y in points]


def _envelope(pen: ImageDraw.ImageDraw, brand: str, soft: str) -> None:
    """Leaning, and half out of the card: quiet enough for words to run over it."""
    turn, (x, y), (wide, high) = math.radians(-11), (1010, 370), (300, 205)

    def on_envelope(*points: tuple[float, float]) -> list[tuple[float, float]]:
        """From the middle of the envelope, in halves of its sides."""
        sides = [(across * wide, down * high) for across, down in points]
        cos, sin = math.cos(turn), math.sin(turn)
        return _at(*((x + a * cos - d * sin, y + a * sin + d * cos) for a, d in sides))

    pen.polygon(on_envelope((-1, -1), (1, -1), (1, 1), (-1, 1)), fill=soft)
    pen.line(on_envelope((-1, -1), (0, 0.16), (1, -1)), fill=brand, width=13 * _FINER, joint="curve")
    [(left, top)] = on_envelope((0.62, -1))
    radius = 58 * _FINER
    pen.ellipse((left - radius, top - radius, left + radius, top + radius), fill=SUN)


def _mark(pen: ImageDraw.ImageDraw, left: float, top: float, brand: str) -> None:
    """web/static/mark.svg, whose canvas is 32 by 32."""
    unit = MARK / 32

    def on_mark(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return _at(*((left + x * unit, top + y * unit) for x, y in points))

    pen.ellipse(on_mark((0, 0), (32, 32)), fill=brand)
    pen.rectangle(on_mark((7.5, 11), (24.5, 22.5)), fill="#fff")
    fold = on_mark((7.5, 11), (16, 17.5), (24.5, 11))
    pen.line(fold, fill=brand, width=round(1.8 * unit * _FINER), joint="curve")
    pen.ellipse(on_mark((19, 6.5), (27, 14.5)), fill=SUN)
