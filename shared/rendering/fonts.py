"""Finds a font that has every character of a text, so that no picture and no PDF of ours shows boxes.

Fonts come from the machine (Debian's packages fonts-noto-core, fonts-noto-cjk, fonts-dejavu-core, fonts-wqy-zenhei),
else from those that ship with reportlab, which have the letters of Western Europe.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import reportlab
from PIL import ImageFont

from shared.domain.typed_text import clean_line

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path(reportlab.__file__).parent / "fonts")
# Best first. Behind a colon the face within a collection; reportlab can't carry fonts of the kind marked with a star.
_BOLD = (
    "NotoSans-Bold.ttf",
    "DejaVuSans-Bold.ttf",
    "VeraBd.ttf",
    "NotoSansCJK-Bold.ttc:2*",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
)
_REGULAR = ("NotoSans-Regular.ttf", "DejaVuSans.ttf", "Vera.ttf", "NotoSansCJK-Regular.ttc:2*", *_BOLD[4:])
# Signs that may go when no font has them: emoji, their parts, and what nobody sees.
_DISPENSABLE = frozenset({"So", "Sk", "Cf", "Cn", "Co", "Mn"})
_TRY_SIZE = 24


@dataclass(frozen=True)
class Face:
    """A font file, the face within it, and whether a PDF of ours can carry it."""

    path: str
    index: int = 0
    in_pdf: bool = True


@dataclass(frozen=True)
class Line:
    """A text with a font that has all of its characters. `is_whole` unless some signs had to go."""

    text: str
    face: Face
    is_whole: bool = True


def find_line(text: str, *, bold: bool, for_pdf: bool = False) -> Line | None:
    """The text with the best font that has it, without emoji that no font has; None when it can't be shown."""
    faces = [face for face in installed_faces(bold=bold) if face.in_pdf or not for_pdf]
    whole = clean_line(text)
    shorter = clean_line("".join(sign for sign in whole if not is_dispensable(sign)))
    for one in (whole, shorter):
        if one and (face := _first_that_has(one, faces)):
            return Line(one, face, is_whole=one == whole)
    return None


@lru_cache(maxsize=8192)
def face_of(sign: str, *, bold: bool) -> Face | None:
    """The best font for a PDF that has this character."""
    return _first_that_has(sign, [face for face in installed_faces(bold=bold) if face.in_pdf])


def is_dispensable(sign: str) -> bool:
    """True for a sign that may go when no font has it."""
    return unicodedata.category(sign) in _DISPENSABLE


@lru_cache(maxsize=2)
def installed_faces(*, bold: bool) -> tuple[Face, ...]:
    """The fonts of this machine that we know, best first; a process looks once."""
    files = {file.name: str(file) for folder in reversed(_FOLDERS) for file in folder.rglob("*.tt[cf]")}
    return tuple(face for name in (_BOLD if bold else _REGULAR) if (face := _face(name, files)))


@lru_cache(maxsize=64)
def open_font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """The font for pictures."""
    return ImageFont.truetype(face.path, size, index=face.index)


def _face(name: str, files: dict[str, str]) -> Face | None:
    file, _, index = name.rstrip("*").partition(":")
    return Face(files[file], int(index or 0), in_pdf=not name.endswith("*")) if file in files else None


def _first_that_has(text: str, faces: Sequence[Face]) -> Face | None:
    return next((face for face in faces if all(_has(face, sign) for sign in set(text))), None)


@lru_cache(maxsize=8192)
def _has(face: Face, sign: str) -> bool:
    """A character that the font lacks is drawn as its sign for that, which U+FFFF, never a character, shows."""
    return sign.isspace() or _drawn(face, sign) != _drawn(face, "\uffff")


def _drawn(face: Face, sign: str) -> tuple[tuple[int, int], bytes]:
    mask = ImageFont.truetype(face.path, _TRY_SIZE, index=face.index, layout_engine=ImageFont.Layout.BASIC).getmask(
        sign
    )
    return mask.size, bytes(mask)
