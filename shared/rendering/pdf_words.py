"""Words in a PDF: set in the best font that has all their characters, or left out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from shared.rendering.fonts import Face, Line, find_line
from shared.rendering.typesetting import LEADING, Measure, SetText, set_text

# PDFs as bytes rather than as letters of the alphabet: a fifth smaller, and written sooner.
rl_config.useA85 = 0
INK = HexColor("#16232f")
# Letters stand a little above the lower end of their line.
_BASELINE = 0.82


@dataclass(frozen=True)
class PdfWords:
    """A text that is set, with its font; nothing at all when no font has it."""

    line: Line | None
    text: SetText

    @property
    def height(self) -> float:
        """Of all lines, in points."""
        return self.text.height

    @property
    def width(self) -> float:
        """Of the longest line."""
        return max((_measure(self.line)(one, self.text.size) for one in self.text.lines), default=0) if self.line else 0

    def write(self, page: Canvas, left: float, top: float, colour: HexColor = INK) -> None:
        """Lines under each other from `top` down."""
        if self.line is None:
            return
        page.setFillColor(colour)
        page.setFont(registered(self.line.face), self.text.size)
        for number, one in enumerate(self.text.lines):
            page.drawString(left, top - (number + _BASELINE) * self.text.size * LEADING, one)


def set_words(text: str, sizes: Sequence[float], width: float, height: float, *, bold: bool = True) -> PdfWords:
    """The text at the largest size at which it fits; a height of 0 is one line."""
    line = find_line(text, bold=bold, for_pdf=True)
    return PdfWords(line, set_text(line.text, sizes, width, height, _measure(line)) if line else SetText((), 0))


def _measure(line: Line) -> Measure:
    name = registered(line.face)
    return lambda text, size: float(pdfmetrics.stringWidth(text, name, size))


@lru_cache(maxsize=16)
def registered(face: Face) -> str:
    """The font's name for reportlab, which reads its file once a process."""
    name = f"{face.path}:{face.index}"
    pdfmetrics.registerFont(TTFont(name, face.path, subfontIndex=face.index))
    return name
