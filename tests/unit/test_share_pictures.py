"""The share card, the flyer and QR codes: their size, their words, and no box for a character that a font lacks."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import reportlab
import segno
from PIL import Image

from shared.domain.campaigns import Campaign, CampaignText, LetterVersion
from shared.domain.sources import campaign_link, clean_source, is_source
from shared.rendering import fonts
from shared.rendering.flyer import draw_flyer, left_out_of_flyer
from shared.rendering.fonts import Face, find_line, installed_faces
from shared.rendering.qr_codes import BORDER, qr_png, qr_runs, qr_svg
from shared.rendering.share_card import CardWords, card_hash, draw_card, left_out_of_card
from shared.rendering.speech import spoken
from shared.rendering.typesetting import set_text
from shared.services.sharing import card_words, flyer_words, share_title

CHINESE = "为我们的图书馆写信"
LONG = "Ação já: por moradia, transporte e salários dignos para todas as famílias trabalhadoras de Massachusetts " * 4
CARD = CardWords("Write to your legislators", "Keep our shops local", "Neighbors United", "Open until May 5, 2027")
CAMPAIGN = Campaign("co-ops", "Keep our shops local", "Neighbors United", (LetterVersion("", "s", "b"),), lead="Ask.")
_SHIPPED = Path(reportlab.__file__).parent / "fonts"


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fonts but those that ship with reportlab: the letters of Western Europe."""
    shipped = {True: (Face(str(_SHIPPED / "VeraBd.ttf")),), False: (Face(str(_SHIPPED / "Vera.ttf")),)}
    monkeypatch.setattr(fonts, "installed_faces", lambda *, bold: shipped[bold])
    card_hash.cache_clear()


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def inked(picture: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """White letters are in this part."""
    darkest_and_brightest = picture.crop(box).convert("L").getextrema()
    return darkest_and_brightest[1] > 240


@pytest.mark.parametrize("title", ["Keep our shops local", LONG, "W" * 90, "Go 🎉", CHINESE])
def test_the_card_has_its_size_whatever_the_title(title: str) -> None:
    png = draw_card(CardWords("Write to your legislators", title, LONG, "Open until May 5, 2027"))
    assert opened(png).size == (1200, 630)
    assert len(png) < 60_000


def test_words_stay_within_the_card() -> None:
    picture = opened(draw_card(CardWords("", "W" * 90, "")))
    assert inked(picture, (72, 60, 1012, 500))
    assert not inked(picture, (1060, 200, 1200, 510))


def test_the_hash_of_a_card_changes_with_what_it_says(bare_machine: None) -> None:
    other = CardWords(CARD.ask, "Keep our shops", CARD.host, CARD.note)
    assert card_hash(CARD) == card_hash(CardWords(CARD.ask, CARD.title, CARD.host, CARD.note))
    assert card_hash(CARD) != card_hash(other)
    assert re.fullmatch("[0-9a-f]{12}", card_hash(CARD))


def test_what_no_font_has_is_left_out_instead_of_boxes(bare_machine: None) -> None:
    strange = CardWords(CARD.ask, CHINESE, "Câu lạc bộ: thư viện", "")
    assert find_line(CHINESE, bold=True) is None
    assert left_out_of_card(strange) == (CHINESE, "Câu lạc bộ: thư viện")
    assert draw_card(strange) == draw_card(CardWords(CARD.ask, "", "", ""))
    words = flyer_words(replace(CAMPAIGN, title=CHINESE), "https://l.example", "flyer", "en")
    assert left_out_of_flyer(words) == (CHINESE,)
    assert draw_flyer(words).startswith(b"%PDF")


def test_signs_that_say_nothing_may_go(bare_machine: None) -> None:
    line = find_line("Ação 🎉 já!", bold=True)
    assert line is not None
    assert (line.text, line.is_whole) == ("Ação já!", False)
    assert find_line("🎉", bold=True) is None
    assert find_line("", bold=False) is None


def test_a_font_of_this_machine_is_always_there() -> None:
    for bold in (True, False):
        assert installed_faces(bold=bold)
        assert find_line("Señor “Ação” – é", bold=bold, for_pdf=True) is not None


def test_a_flyer_is_one_page_and_says_what_the_campaign_says() -> None:
    words = flyer_words(CAMPAIGN, "https://letters.example", "library", "en")
    assert words.shown_link == "letters.example/c/co-ops"
    assert words.link == "https://letters.example/c/co-ops?source=library"
    assert left_out_of_flyer(words) == ()
    pdf = draw_flyer(words)
    assert pdf.count(b"/Type /Page\n") == 1
    assert b"[ 0 0 612 792 ]" in pdf
    assert len(pdf) < 100_000


def test_a_flyer_and_a_card_speak_the_language_of_their_text() -> None:
    spanish = CampaignText("es", "Salvemos la biblioteca", lead="Escriba.")
    campaign = replace(CAMPAIGN, translations=(spanish,), deadline=datetime(2027, 5, 6, 3, tzinfo=UTC))
    words = flyer_words(campaign, "https://l.example", "flyer", "es")
    assert (words.title, words.lead) == ("Salvemos la biblioteca", "Escriba.")
    assert words.link == "https://l.example/c/co-ops?source=flyer&lang=es"
    assert "2027" in words.note
    assert "mayo" in words.note
    assert flyer_words(campaign, "https://l.example", "flyer", "en").link.endswith("?source=flyer")
    assert card_words(campaign, "es").title == "Salvemos la biblioteca"
    assert card_words(campaign, "vi") == card_words(campaign, "en")
    assert card_words(campaign, "en").note == "Open until May 5, 2027"
    assert "Salvemos" in share_title(spanish)
    assert spoken() == "en"


def test_long_words_shrink_wrap_and_end_in_an_ellipsis() -> None:
    def measure(text: str, size: float) -> float:
        return len(text) * size

    assert set_text("one two", (10, 5), 70, 0, measure).lines == ("one two",)
    assert set_text("aaa bbb ccc ddd", (10,), 120, 30, measure).lines == ("aaa bbb", "ccc ddd")
    small = set_text("aaa bbb ccc ddd", (10, 5), 80, 12, measure)
    assert (small.size, small.lines) == (5, ("aaa bbb ccc ddd",))
    cut = set_text("aaaa bbbb cccc dddd", (10,), 90, 0, measure)
    assert (cut.lines, cut.is_whole) == (("aaaa bbb…",), False)
    assert set_text("abcdefgh", (10,), 40, 30, measure).lines == ("abcd", "efgh")
    chinese = set_text("一二三四，五六", (10,), 40, 30, measure).lines
    assert "".join(chinese) == "一二三四，五六"
    assert not any(line.startswith("，") for line in chinese)


def test_qr_codes_say_the_link() -> None:
    link = "https://letters.example/c/co-ops?source=flyer"
    svg = qr_svg(link).decode()
    assert svg.startswith("<svg")
    assert "style" not in svg
    side, runs = qr_runs(link)
    assert opened(qr_png(link)).width % (side + 2 * BORDER) == 0
    dark = {(row, column + step) for row, column, length in runs for step in range(length)}
    matrix = segno.make(link, error="m", micro=False, boost_error=False).matrix
    assert dark == {(y, x) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}


def test_source_codes_are_short_and_plain() -> None:
    assert [is_source(one) for one in ("Flyer-2", "a" * 41, "", "a b", "é", "-", "a\n")] == [True] + [False] * 6
    assert clean_source("Flyer_Worcester! ") == "flyer-worcester"
    assert clean_source("é" * 50 + "a" * 50) == "a" * 40
    assert campaign_link("https://l.example", "co-ops") == "https://l.example/c/co-ops"
    assert card_words(CAMPAIGN, "en").note == ""
