"""Letters on paper, for delivery by hand: a cover page for an office, then each letter on a page of its own."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import letter as paper
from reportlab.pdfgen.canvas import Canvas

from shared.domain.colors import palette_of
from shared.rendering.pdf_pen import Pen
from shared.rendering.pdf_words import INK, set_words

_WIDTH, _HEIGHT = paper
_LEFT, _RIGHT, _TOP, _BOTTOM = 72.0, _WIDTH - 72, _HEIGHT - 64, 76.0
_FULL = _RIGHT - _LEFT
_MUTED, _RULE, _WHITE, _ALARM = HexColor("#52616b"), HexColor("#c6d0d5"), HexColor("#ffffff"), HexColor("#8c1d18")
_DARK = "#083f4a"
# Smaller letters rather than a second page with three lines on it; what is longer goes on in the usual size.
_SIZES = (11.0, 10.5, 10.0, 9.5)
_LEADING, _BETWEEN = 1.45, 0.55
_NAME, _SMALL, _SUBJECT, _FOOT = 12.0, 10.0, 12.5, 8.5
PRACTICE = "Practice letters: not to be handed over"


@dataclass(frozen=True)
class PrintedLetter:
    """One letter; `lines` are the supporter's street, town and district, `body` has blank lines between paragraphs."""

    name: str
    lines: tuple[str, ...]
    day: str
    to: str
    subject: str
    body: str


@dataclass(frozen=True)
class Cover:
    """What the first page says. `days` are those on which the letters were written; `part` of `parts` counts files."""

    office: str
    district: str
    campaign: str
    host: str
    letters: int
    day: str
    days: str
    part: int = 1
    parts: int = 1
    color: str = ""
    is_test: bool = False


def draw_letters(cover: Cover, letters: Sequence[PrintedLetter]) -> bytes:
    """The PDF of one file."""
    file = io.BytesIO()
    page = Canvas(file, pagesize=paper, pageCompression=1, invariant=1)
    page.setTitle(f"{cover.office}: {cover.campaign}")
    page.setAuthor(cover.host)
    pen = Pen(page)
    _draw_cover(page, pen, cover)
    page.showPage()
    for number, one in enumerate(letters, 1):
        _draw_letter(page, pen, cover, one, f"Letter {number:,} of {len(letters):,}")
    page.save()
    return file.getvalue()


def _draw_cover(page: Canvas, pen: Pen, cover: Cover) -> None:
    panel, pad = _TOP - 250, 30.0
    page.setFillColor(HexColor(palette_of(cover.color).deep if cover.color else _DARK))
    page.roundRect(_LEFT - 18, panel, _FULL + 36, _TOP - panel, 12, stroke=0, fill=1)
    left, width = _LEFT - 18 + pad, _FULL + 36 - 2 * pad
    office = set_words(cover.office, tuple(range(38, 17, -2)), width, 120)
    district = set_words(cover.district, (20, 18, 16, 14), width, 46, bold=False)
    top = _TOP - (_TOP - panel - 34 - office.height - 8 - district.height) / 2
    set_words("Letters for", (15,), width, 0, bold=False).write(page, left, top, _WHITE)
    office.write(page, left, top - 34, _WHITE)
    district.write(page, left, top - 34 - office.height - 8, _WHITE)
    _draw_facts(page, pen, cover, panel - 44)
    _draw_receipt(page, pen)


def _draw_facts(page: Canvas, pen: Pen, cover: Cover, top: float) -> None:
    count = set_words(f"{cover.letters:,}", (64,), _FULL, 0)
    count.write(page, _LEFT, top)
    noun = "letter" if cover.letters == 1 else "letters"
    beside = _LEFT + count.width + 16
    pen.write(f"{noun} from constituents", beside, top - 36, 15, bold=True)
    pen.write(cover.days, beside, top - 56, 11, colour=_MUTED)
    base = top - 112
    facts = [("Campaign", cover.campaign), ("Brought by", cover.host), ("Printed", cover.day)]
    if cover.parts > 1:
        facts.append(("File", f"Part {cover.part} of {cover.parts}"))
    for label, words in facts:
        pen.write(label, _LEFT, base, 11, colour=_MUTED)
        for line in pen.lines(words, 12, _FULL - 100, bold=True)[:3]:
            pen.write(line, _LEFT + 100, base, 12, bold=True)
            base -= 17
        base -= 7
    if cover.is_test:
        pen.write(PRACTICE, _LEFT, base - 8, 15, bold=True, colour=_ALARM)


def _draw_receipt(page: Canvas, pen: Pen) -> None:
    """Lines to sign on, by whoever takes the letters."""
    base = _BOTTOM + 24
    page.setStrokeColor(INK)
    page.setLineWidth(0.8)
    for label, left, right in (("Received by", _LEFT, _LEFT + 300), ("Date", _LEFT + 324, _RIGHT)):
        page.line(left, base, right, base)
        pen.write(label, left, base - 13, 9, colour=_MUTED)


def _draw_letter(page: Canvas, pen: Pen, cover: Cover, one: PrintedLetter, which: str) -> None:
    """The letter's own pages; says which of several each is."""
    start = _TOP - _head_height(pen, one)
    size, pages = _paginate(pen, one.body, start)
    for number, lines in enumerate(pages, 1):
        if number == 1:
            base = start
            _draw_head(page, pen, one)
        else:
            pen.write(f"{one.name}, continued"[:90], _LEFT, _TOP - _SMALL, _SMALL, colour=_MUTED)
            base = _TOP - 2.6 * _SMALL
        for line in lines:
            base -= size * (_LEADING if line else _BETWEEN)
            pen.write(line, _LEFT, base, size)
        paged = f"{which}, page {number} of {len(pages)}" if len(pages) > 1 else which
        _draw_foot(page, pen, cover, paged)
        page.showPage()


def _head_lines(pen: Pen, one: PrintedLetter) -> Iterator[tuple[str, float, bool, float]]:
    """Each with its size, whether it is bold, and how far below the one before it stands."""
    first = True
    for line in pen.lines(one.name, _NAME, _FULL - 130, bold=True):
        yield line, _NAME, True, _NAME if first else _NAME * 1.25
        first = False
    for text in filter(None, one.lines):
        for line in pen.lines(text, _SMALL, _FULL - 130):
            yield line, _SMALL, False, _SMALL * 1.4
    for number, line in enumerate(pen.lines(one.to, _SMALL, _FULL)):
        yield line, _SMALL, False, _SMALL * (1.4 if number else 2.6)
    for number, line in enumerate(pen.lines(one.subject, _SUBJECT, _FULL, bold=True)):
        yield line, _SUBJECT, True, _SUBJECT * (1.3 if number else 3.0)


def _head_height(pen: Pen, one: PrintedLetter) -> float:
    return sum(down for _, _, _, down in _head_lines(pen, one)) + 8


def _draw_head(page: Canvas, pen: Pen, one: PrintedLetter) -> None:
    pen.write_right(one.day, _RIGHT, _TOP - _NAME, _SMALL, colour=_MUTED)
    base = _TOP
    lines = list(_head_lines(pen, one))
    above = len(lines) - len(pen.lines(one.subject, _SUBJECT, _FULL, bold=True))
    for number, (line, size, bold, down) in enumerate(lines):
        if number == above:
            page.setStrokeColor(_RULE)
            page.setLineWidth(0.8)
            page.line(_LEFT, base - 11, _RIGHT, base - 11)
        base -= down
        pen.write(line, _LEFT, base, size, bold=bold, colour=INK if bold else _MUTED)


def _draw_foot(page: Canvas, pen: Pen, cover: Cover, which: str) -> None:
    page.setStrokeColor(_RULE)
    page.setLineWidth(0.8)
    page.line(_LEFT, _BOTTOM - 18, _RIGHT, _BOTTOM - 18)
    base = _BOTTOM - 32
    pen.write_right(which, _RIGHT, base, _FOOT, colour=_MUTED)
    said = f"{PRACTICE}. {cover.campaign}" if cover.is_test else cover.campaign
    first = pen.lines(said, _FOOT, _FULL - pen.width(which, _FOOT) - 24)[0]
    pen.write(first, _LEFT, base, _FOOT, colour=_ALARM if cover.is_test else _MUTED)


def _paginate(pen: Pen, body: str, start: float) -> tuple[float, list[list[str]]]:
    """The size, and the lines of each page; an empty line is the room between paragraphs."""
    for size in _SIZES:
        pages = _fill(pen, body, size, start)
        if len(pages) == 1:
            return size, pages
    return _SIZES[0], _fill(pen, body, _SIZES[0], start)


def _fill(pen: Pen, body: str, size: float, start: float) -> list[list[str]]:
    pages: list[list[str]] = [[]]
    left = start - _BOTTOM
    for line in _body_lines(pen, body, size):
        high = size * (_LEADING if line else _BETWEEN)
        if high > left:
            pages.append([])
            left = _TOP - 2.6 * _SMALL - _BOTTOM
        if line or pages[-1]:
            pages[-1].append(line)
            left -= high
    return pages


def _body_lines(pen: Pen, body: str, size: float) -> Iterator[str]:
    for typed in body.splitlines():
        yield from pen.lines(typed, size, _FULL) if typed.strip() else [""]
