"""Letters on paper: each on pages of its own that say which they are, with every word that was written."""

import re

import pytest

from shared.rendering import fonts, pdf_pen
from shared.rendering.pdf_pen import Pen
from shared.rendering.printed_letters import PRACTICE, Cover, PrintedLetter, draw_letters
from tests.unit.test_share_pictures import bare_machine

# Pytest finds fixtures by their name in this module.
__all__ = ["bare_machine"]

COVER = Cover(
    "Representative Pat Doe", "1st Worcester", "Keep our shops local", "Neighbors", 2, "May 2, 2027", "Written"
)
BODY = "Dear Pat Doe,\n\nPlease vote for the bill.\n\nSincerely,\nĐặng Thị Ánh\n12 Maple Street, Worcester, MA 01603"


def letter(name: str = "Jamie Rivera", body: str = BODY) -> PrintedLetter:
    return PrintedLetter(name, ("12 Maple Street", "Worcester, MA 01603"), "May 1, 2027", "To Pat Doe", "Vote", body)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", pdf))


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All lines that are written into PDFs, in their order."""
    found: list[str] = []
    write = Pen.write

    def noted(self: Pen, line: str, *place: float, **how: object) -> None:
        found.append(line)
        write(self, line, *place, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(Pen, "write", noted)
    return found


def test_a_cover_and_then_a_page_for_each_letter(words: list[str]) -> None:
    assert pages(draw_letters(COVER, [letter(), letter("Nguyễn Thị Hạnh")])) == 3
    for expected in ("letters from constituents", "Received by", "Nguyễn Thị Hạnh", "Letter 1 of 2", "Letter 2 of 2"):
        assert expected in words
    assert "12 Maple Street" in words
    assert "Đặng Thị Ánh" in words
    assert PRACTICE not in " ".join(words)


def test_a_long_letter_goes_on_and_says_so(words: list[str]) -> None:
    long = " ".join(f"word{number}" for number in range(1_500))
    assert pages(draw_letters(COVER, [letter(body=long)])) == 6
    assert "Letter 1 of 1, page 2 of 5" in words
    assert "Jamie Rivera, continued" in words
    assert [word for line in words for word in line.split() if word.startswith("word")] == long.split()


def test_what_is_a_little_too_long_is_set_smaller() -> None:
    lines = "\n".join(f"Line {number}" for number in range(37))
    assert pages(draw_letters(COVER, [letter(body=lines)])) == 2
    assert pages(draw_letters(COVER, [letter(body=f"{lines}\n{lines[:150]}")])) == 3


def test_practice_letters_say_so_on_every_page(words: list[str]) -> None:
    practice = Cover(**{**COVER.__dict__, "is_test": True})
    draw_letters(practice, [letter()])
    assert sum(line.startswith(PRACTICE) for line in words) == 2


@pytest.mark.parametrize("name", ["José 🎉 Peña", "Ame\u0301lie", "王小明", "W" * 120, "\u200b", ""])
@pytest.mark.usefixtures("bare_machine")
def test_no_name_stops_a_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fonts.face_of.cache_clear()
    assert pages(draw_letters(COVER, [letter(name, f"{name}\n\n{name}")])) == 2
    fonts.face_of.cache_clear()


@pytest.mark.usefixtures("bare_machine")
def test_a_character_without_a_font_is_a_question_mark_and_an_emoji_goes() -> None:
    fonts.face_of.cache_clear()
    parts = [part for _, part in pdf_pen._runs("José 王 🎉!", bold=False)]
    fonts.face_of.cache_clear()
    assert "".join(parts) == "José ? !"
