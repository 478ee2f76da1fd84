"""Writes plain text of any language into a PDF: each character in the best font that has it, lines as full as they get.

For what people wrote, which must be there to the last word; `pdf_words` is for titles, which shrink until they fit.
"""

from itertools import groupby

from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas

from shared.domain.typed_text import clean_line
from shared.rendering.fonts import face_of, is_dispensable
from shared.rendering.pdf_words import INK, registered
from shared.rendering.typesetting import wrap

# Stands for a character that no font of this machine has.
UNKNOWN = "?"


class Pen:
    """Writes on one document, and remembers what it has set: most paragraphs of a campaign's letters are the same."""

    def __init__(self, page: Canvas) -> None:
        self._page = page
        self._lines: dict[tuple[str, float, float, bool], list[str]] = {}
        self._runs: dict[tuple[str, bool], list[tuple[str, str]]] = {}

    def lines(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """The text as lines of this width; one at least."""
        asked = (text, size, width, bold)
        if asked not in self._lines:
            self._lines[asked] = wrap(clean_line(text), size, width, lambda line, _: self.width(line, size, bold=bold))
        return self._lines[asked] or [""]

    def width(self, line: str, size: float, *, bold: bool = False) -> float:
        """How long the line is, in points."""
        return sum(float(pdfmetrics.stringWidth(part, font, size)) for font, part in _runs(line, bold=bold))

    def write(
        self, line: str, left: float, base: float, size: float, *, bold: bool = False, colour: HexColor = INK
    ) -> None:
        """One line, from `left` on, standing on `base`."""
        asked = (line, bold)
        if asked not in self._runs:
            self._runs[asked] = _runs(line, bold=bold)
        self._page.setFillColor(colour)
        runs = self._runs[asked]
        for font, part in runs:
            self._page.setFont(font, size)
            self._page.drawString(left, base, part)
            left += float(pdfmetrics.stringWidth(part, font, size)) if len(runs) > 1 else 0

    def write_right(self, line: str, right: float, base: float, size: float, *, colour: HexColor = INK) -> None:
        """One line that ends at `right`."""
        self.write(line, right - self.width(line, size), base, size, colour=colour)


def _runs(line: str, *, bold: bool) -> list[tuple[str, str]]:
    """The parts of a line that one font has, with its name."""
    faces = {face for sign in set(line) if not sign.isspace() and (face := face_of(sign, bold=bold))}
    if len(faces) == 1 and all(sign.isspace() or face_of(sign, bold=bold) for sign in set(line)):
        return [(registered(faces.pop()), line)]
    usual = face_of("a", bold=bold)
    signs, face = [], usual
    for sign in line:
        found = face_of(sign, bold=bold)
        if found is None and is_dispensable(sign):
            continue
        # A blank belongs to the word before it.
        face = face if sign.isspace() else found or usual
        signs.append((face, sign if found or sign.isspace() else UNKNOWN))
    parts = groupby(signs, key=lambda one: one[0])
    return [(registered(face), "".join(sign for _, sign in part)) for face, part in parts if face is not None]
