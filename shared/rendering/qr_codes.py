"""QR codes of links, as SVG, as PNG for print, and as squares for a PDF."""

import io
from collections.abc import Iterator

import segno

# Modules around the code that stay white: less, and some phones don't find it.
BORDER = 4
# About 1000 pixels wide: a hand's breadth at 300 dots per inch.
_PNG_SCALE = 26


def qr_svg(link: str) -> bytes:
    """Black on white, scales to any size; nothing in it but paths."""
    drawn = io.BytesIO()
    _make(link).save(drawn, kind="svg", border=BORDER, light="#fff", xmldecl=False, omitsize=True, svgclass=None)
    return drawn.getvalue()


def qr_png(link: str) -> bytes:
    """Black on white, large enough for print."""
    drawn = io.BytesIO()
    _make(link).save(drawn, kind="png", border=BORDER, scale=_PNG_SCALE)
    return drawn.getvalue()


def qr_runs(link: str) -> tuple[int, list[tuple[int, int, int]]]:
    """Modules on a side without the border, and black runs as (row from the top, first column, length)."""
    rows = [list(row) for row in _make(link).matrix]
    return len(rows), [(y, x, length) for y, row in enumerate(rows) for x, length in _runs(row)]


def _runs(row: list[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for x, dark in enumerate([*row, 0]):
        if not dark:
            if x > start:
                yield start, x - start
            start = x + 1


def _make(link: str) -> segno.QRCode:
    """Level M: fifteen percent of it may be dirt or a fold."""
    return segno.make(link, error="m", micro=False, boost_error=False)
