"""A flyer: one Letter page with the campaign's title, a QR code and the link, good in black and white too."""

import io
from dataclasses import dataclass

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import FILL_NON_ZERO, Canvas

from shared.domain.colors import palette_of
from shared.rendering.fonts import find_line
from shared.rendering.pdf_words import INK, set_words
from shared.rendering.qr_codes import qr_runs

_WIDTH, _HEIGHT = letter
# Printers leave the outermost half inch white.
_LEFT, _RIGHT, _BOTTOM, _TOP = 45.0, _WIDTH - 45, 42.0, _HEIGHT - 42
_FULL = _RIGHT - _LEFT
# Dark enough to be black without colour.
_DARK, _SUN = "#083f4a", HexColor("#f2b134")
_WHITE, _BLACK = HexColor("#ffffff"), HexColor("#000000")
_PAD, _ASK_HEIGHT, _FOOT_HEIGHT, _GAP = 30.0, 40.0, 104.0, 26.0
_TITLE_SIZES, _ASK_SIZES = tuple(range(62, 23, -2)), tuple(range(22, 11, -1))
_LEAD_SIZES, _LEAD_HEIGHT = tuple(range(19, 11, -1)), 74.0
_QR, _COLUMN, _STEPS_GAP, _STEP_GAP = 208.0, 32.0, 12.0, 8.0
_SMALL_SIZES, _END_SIZES = (14, 13, 12, 11, 10), (16, 15, 14, 13, 12, 11, 10)
_STEP_SIZES, _LINK_SIZES = (17, 16, 15, 14, 13, 12), tuple(range(22, 8, -1))
# Neighbouring rows overlap a little, or screens show lines between them.
_OVERLAP = 0.04


@dataclass(frozen=True)
class FlyerWords:
    """What the flyer says. `link` goes into the QR code, `shown_link` is for typing; `note` may be empty."""

    ask: str
    title: str
    lead: str
    scan: str
    steps: tuple[str, ...]
    or_type: str
    shown_link: str
    host: str
    note: str
    link: str
    color: str = ""

    @property
    def dark(self) -> str:
        """Behind white words: of the campaign's color where it has one."""
        return palette_of(self.color).deep if self.color else _DARK

    @property
    def bold_texts(self) -> tuple[str, ...]:
        """All but the paragraphs."""
        return (self.ask, self.title, self.scan, self.shown_link, self.host, self.note)

    @property
    def plain_texts(self) -> tuple[str, ...]:
        """The paragraphs."""
        return (self.lead, *self.steps, self.or_type)


def left_out_of_flyer(words: FlyerWords) -> tuple[str, ...]:
    """Texts that no font of this machine can put into a PDF, wholly or in part."""
    wanted = [(text, True) for text in words.bold_texts] + [(text, False) for text in words.plain_texts]
    found = ((text, find_line(text, bold=bold, for_pdf=True)) for text, bold in wanted)
    return tuple(text for text, line in found if text and not (line and line.is_whole))


def draw_flyer(words: FlyerWords) -> bytes:
    """A PDF of one page."""
    file = io.BytesIO()
    page = Canvas(file, pagesize=letter, pageCompression=1, invariant=1)
    page.setTitle(words.title)
    page.setAuthor(words.host)
    lead = set_words(words.lead, _LEAD_SIZES, _FULL, _LEAD_HEIGHT, bold=False)
    code_top = _BOTTOM + _FOOT_HEIGHT + _GAP + _QR
    lead_top = code_top + (lead.height + _GAP if lead.height else 0)
    _panel(page, words, lead_top + _GAP)
    lead.write(page, _LEFT, lead_top)
    _code(page, words, code_top)
    _foot(page, words)
    page.save()
    return file.getvalue()


def _panel(page: Canvas, words: FlyerWords, bottom: float) -> None:
    """The ask and the title, white on dark, in all the room that is left."""
    page.setFillColor(HexColor(words.dark))
    page.roundRect(_LEFT, bottom, _FULL, _TOP - bottom, 14, stroke=0, fill=1)
    width = _FULL - 2 * _PAD
    title = set_words(words.title, _TITLE_SIZES, width, _TOP - bottom - 2 * _PAD - _ASK_HEIGHT)
    top = _TOP - (_TOP - bottom - title.height - _ASK_HEIGHT) / 2
    set_words(words.ask, _ASK_SIZES, width, 0).write(page, _LEFT + _PAD, top, _SUN)
    title.write(page, _LEFT + _PAD, top - _ASK_HEIGHT, _WHITE)


def _code(page: Canvas, words: FlyerWords, top: float) -> None:
    """The QR code, and beside it what to do."""
    _squares(page, words.link, _LEFT, top - _QR)
    left = _LEFT + _QR + _COLUMN
    width = _RIGHT - left
    scan = set_words(words.scan, (24, 22, 20, 18, 16), width, 60)
    # As high as capital letters, which the code is beside.
    scan.write(page, left, top + 5)
    y = top - scan.height - _STEPS_GAP
    most = (y - top + _QR) / len(words.steps)
    for number, step in enumerate(words.steps, 1):
        y = _step(page, words.dark, number, step, (left, y, width, most - _STEP_GAP)) - _STEP_GAP


def _step(page: Canvas, dark: str, number: int, step: str, place: tuple[float, float, float, float]) -> float:
    """A number in a circle and its sentence; returns where it ends. The place: left, top, width, height."""
    left, top, width, height = place
    radius = 13.0
    said = set_words(step, _STEP_SIZES, width - 2 * radius - 12, height, bold=False)
    if not said.height:
        return top
    page.setFillColor(HexColor(dark))
    page.circle(left + radius, top - radius, radius, stroke=0, fill=1)
    sign = set_words(str(number), (15,), 99, 0)
    sign.write(page, left + radius - sign.width / 2, top - radius + sign.height / 2, _WHITE)
    high = max(said.height, 2 * radius)
    said.write(page, left + 2 * radius + 12, top - (high - said.height) / 2)
    return top - high


def _squares(page: Canvas, link: str, left: float, bottom: float) -> None:
    """The paper around it is white enough."""
    modules, runs = qr_runs(link)
    unit = _QR / modules
    drawn = page.beginPath()
    for row, column, length in runs:
        y = bottom + _QR - (row + 1) * unit
        drawn.rect(left + column * unit, y - _OVERLAP * unit, length * unit, (1 + _OVERLAP) * unit)
    page.setFillColor(_BLACK)
    page.drawPath(drawn, stroke=0, fill=1, fillMode=FILL_NON_ZERO)


def _foot(page: Canvas, words: FlyerWords) -> None:
    """The link for typing, the host, the last day."""
    top = _BOTTOM + _FOOT_HEIGHT
    page.setStrokeColor(INK)
    page.setLineWidth(1.5)
    page.line(_LEFT, top, _RIGHT, top)
    set_words(words.or_type, _SMALL_SIZES, _FULL, 0, bold=False).write(page, _LEFT, top - 12)
    set_words(words.shown_link, _LINK_SIZES, _FULL, 0).write(page, _LEFT, top - 30)
    note = set_words(words.note, _END_SIZES, _FULL / 2, 0)
    note.write(page, _RIGHT - note.width, top - 74)
    set_words(words.host, _END_SIZES, _FULL - note.width - _COLUMN, 36).write(page, _LEFT, top - 74)
