"""The picture that is shown where a link to a campaign is shared: the ask, the title, the host; 1200 by 630."""

import io
from dataclasses import astuple, dataclass
from functools import lru_cache
from hashlib import sha256

from PIL import Image, ImageDraw

from shared.domain.colors import LEGIBLE_LARGE, contrast, palette_of
from shared.rendering.card_background import (
    BRAND,
    FOOT,
    HEIGHT,
    INK,
    LEFT,
    MUTED,
    PALE,
    STRIPE,
    SUN,
    WIDTH,
    card_background,
)
from shared.rendering.fonts import Line, find_line, open_font
from shared.rendering.typesetting import LEADING, Measure, SetText, set_text

# Counted up when the drawing changes, so that nobody keeps the old one.
_DRAWING = 2
_RIGHT = WIDTH - LEFT
_ASK_SIZES, _HOST_SIZES, _NOTE_SIZES = (40, 36, 32, 28), (36, 34, 30, 26), (28, 24)
_TITLE_SIZES = tuple(range(92, 43, -4))
_HEAD, _MARGIN, _ASK_HEIGHT = HEIGHT - FOOT, 52, 70
_TEXT_WIDTH, _NOTE_WIDTH, _HOST_HEIGHT, _GAP = 940, 380, 84, 40
# Few colours make a small file.
_COLOURS = 64


@dataclass(frozen=True)
class CardWords:
    """What the card says. `note` stands opposite the host, such as the last day; may be empty.

    `host` is empty where the logo says it; `color` is the campaign's, empty for our own; `logo` the logo's version.
    """

    ask: str
    title: str
    host: str
    note: str = ""
    color: str = ""
    logo: str = ""


@lru_cache(maxsize=64)
def card_hash(words: CardWords) -> str:
    """Changes with everything that the picture shows, the fonts of this machine included."""
    fonts = [line.face.path if line else "" for line in _lines(words)]
    return sha256(repr((_DRAWING, *astuple(words), *fonts)).encode()).hexdigest()[:12]


def left_out_of_card(words: CardWords) -> tuple[str, ...]:
    """Texts that no font of this machine has, wholly or in part."""
    texts = (words.ask, words.title, words.host, words.note)
    found = zip(texts, _lines(words), strict=True)
    return tuple(text for text, line in found if text and not (line and line.is_whole))


def draw_card(words: CardWords, logo: bytes = b"") -> bytes:
    """A PNG of some twenty kilobytes, with the host's logo when there is one."""
    ask, title, host, note = _lines(words)
    shades = palette_of(words.color) if words.color else None
    brand, soft = (shades.brand, shades.soft) if shades else (BRAND, PALE)
    background, left = card_background(brand, soft, logo)
    picture = background.copy()
    pen = ImageDraw.Draw(picture)
    _head(pen, ask, title, SUN if contrast(SUN, brand) >= LEGIBLE_LARGE else "#fff")
    _foot(pen, host, note, left + _GAP / 2)
    file = io.BytesIO()
    picture.quantize(_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _lines(words: CardWords) -> tuple[Line | None, Line | None, Line | None, Line | None]:
    ask, title, host = (find_line(text, bold=True) for text in (words.ask, words.title, words.host))
    return ask, title, host, find_line(words.note, bold=False)


def _head(pen: ImageDraw.ImageDraw, ask: Line | None, title: Line | None, bright: str) -> None:
    """The ask and the title under it, together in the middle of their place."""
    above = _set(ask, _ASK_SIZES, _TEXT_WIDTH, 0)
    below = _set(title, _TITLE_SIZES, _TEXT_WIDTH, _HEAD - 2 * _MARGIN - _ASK_HEIGHT)
    y = (_HEAD - _ASK_HEIGHT * bool(above.lines) - below.height) / 2
    _write(pen, ask, above, (LEFT, y + above.height / 2), bright)
    _write(pen, title, below, (LEFT, y + _ASK_HEIGHT * bool(above.lines) + below.height / 2), "#fff")


def _foot(pen: ImageDraw.ImageDraw, host: Line | None, note: Line | None, left: float) -> None:
    """The host beside the mark or the logo; the note on the right, where it never takes more than a third."""
    y = HEIGHT - (FOOT - STRIPE) / 2
    beside = _set(note, _NOTE_SIZES, _NOTE_WIDTH, 0)
    wide = max((_measure(note)(line, beside.size) for line in beside.lines), default=-_GAP) if note else -_GAP
    _write(pen, note, beside, (_RIGHT, y), MUTED, "rm")
    _write(pen, host, _set(host, _HOST_SIZES, _RIGHT - left - wide - _GAP, _HOST_HEIGHT), (left, y), INK)


def _set(line: Line | None, sizes: tuple[int, ...], width: float, height: float) -> SetText:
    return set_text(line.text, sizes, width, height, _measure(line)) if line else SetText((), sizes[-1])


def _write(
    pen: ImageDraw.ImageDraw,
    line: Line | None,
    text: SetText,
    at: tuple[float, float],
    colour: str,
    anchor: str = "lm",
) -> None:
    """Lines under each other, their middle at the given height."""
    x, middle = at
    if line is None:
        return
    for number, words in enumerate(text.lines):
        y = middle + (number - (len(text.lines) - 1) / 2) * text.size * LEADING
        pen.text((x, y), words, font=open_font(line.face, round(text.size)), fill=colour, anchor=anchor)


def _measure(line: Line) -> Measure:
    return lambda text, size: open_font(line.face, round(size)).getlength(text)
