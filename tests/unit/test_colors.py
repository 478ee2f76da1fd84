"""A campaign's color: what may be one, and that its shades are legible wherever pages put them."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.domain.colors import LEGIBLE, contrast, mix, palette_of, parse_color, readable
from shared.paths import ROOT

_CSS = (ROOT / "web" / "static" / "public.css").read_text()
ANY = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def token(name: str) -> str:
    found = re.search(rf"--{name}:(#[0-9a-f]+)", _CSS)
    assert found
    return parse_color(found[1])


@pytest.mark.parametrize(("typed", "color"), [("#1B5E5A", "#1b5e5a"), (" #15a ", "#1155aa"), ("#000000", "#000000")])
def test_colors_are_read(typed: str, color: str) -> None:
    assert parse_color(typed) == color


@pytest.mark.parametrize("typed", ["teal", "1b5e5a", "#1b5e5", "#1b5e5g", "rgb(0,0,0)", "#1b5e5a;}", "#１２３"])
def test_what_is_no_color_is_explained(typed: str) -> None:
    with pytest.raises(ValueError, match='such as "#1b5e5a"'):
        parse_color(typed)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#767676") == pytest.approx(4.54, abs=0.01)
    assert contrast("#ff6600", "#ffffff") == pytest.approx(2.94, abs=0.01)


@given(ANY)
@example("#ffffff")
@example("#000000")
@example("#ffff00")
def test_every_color_is_legible_everywhere(color: str) -> None:
    shades = palette_of(color)
    for ground in ("#ffffff", token("bg"), token("card"), shades.tint):
        assert contrast(shades.brand, ground) >= LEGIBLE
    for ink in ("#ffffff", shades.pale):
        assert contrast(ink, shades.brand) >= LEGIBLE
    assert contrast("#ffffff", shades.deep) >= contrast("#ffffff", shades.brand)
    assert contrast(token("ink"), shades.tint) >= LEGIBLE
    assert contrast(token("muted"), shades.tint) >= LEGIBLE
    assert contrast(shades.glow_ink, shades.glow) >= LEGIBLE


def test_a_legible_color_is_used_as_it_is() -> None:
    assert palette_of("#6a1b9a").brand == "#6a1b9a"
    assert palette_of("#0b5563").brand == token("brand")


def test_the_nearest_legible_shade_is_taken() -> None:
    shade = readable("#ff6600", "#000000", ["#ffffff"], LEGIBLE)
    assert contrast(shade, "#ffffff") == pytest.approx(LEGIBLE, abs=0.15)
    red, green, blue = (int(shade[place : place + 2], 16) for place in (1, 3, 5))
    assert red > green > blue


def test_mixing() -> None:
    assert mix("#000000", "#ffffff", 0.5) == "#808080"
    assert mix("#123456", "#ffffff", 0) == "#123456"
