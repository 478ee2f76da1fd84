"""Logos: whatever picture a host has becomes a small PNG without hidden data, or a plain reason why not."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from shared.domain.logos import Logo, parse_logo
from shared.errors import CampaignFileError
from shared.rendering.logos import MOST_BYTES, LogoRefused, make_logo
from shared.services.campaign_logos import load_logo


def picture(
    size: tuple[int, int] = (400, 100), ink: str = "#7b1fa2", kind: str = "PNG", mode: str = "RGBA", **how: object
) -> bytes:
    drawn = Image.new(mode, size, "#fff0" if mode == "RGBA" else "#fff")
    ImageDraw.Draw(drawn).ellipse((0, 0, size[0] - 1, size[1] - 1), fill=ink)
    file = io.BytesIO()
    drawn.save(file, kind, **how)
    return file.getvalue()


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_a_large_picture_becomes_a_small_png() -> None:
    logo, png = make_logo(picture((2000, 500), kind="WEBP"), "our sign.webp")
    assert (logo.file, logo.width, logo.height) == ("our sign.png", 320, 80)
    assert logo.shown == (160, 40)
    assert opened(png).format == "PNG"
    assert opened(png).size == (320, 80)
    assert len(png) < 20_000


def test_a_logo_made_once_more_is_the_same() -> None:
    logo, png = make_logo(picture((2000, 500)), "a.png")
    assert make_logo(png, logo.file) == (logo, png)


def test_the_version_changes_with_the_picture() -> None:
    assert (
        make_logo(picture(ink="#7b1fa2"), "a.png")[0].version != make_logo(picture(ink="#1b5e20"), "a.png")[0].version
    )


def test_nothing_hidden_comes_along() -> None:
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "taken at 12 Maple Street", 6
    logo, png = make_logo(picture((300, 100), kind="JPEG", mode="RGB", exif=exif), "a.jpg")
    assert b"Maple" not in png
    assert not opened(png).getexif()
    # Turned as the camera meant it.
    assert (logo.width, logo.height) == (27, 80)


def test_an_empty_border_is_cut_off() -> None:
    framed = Image.new("RGBA", (600, 400), "#fff0")
    framed.paste("#123456", (100, 100, 400, 200))
    file = io.BytesIO()
    framed.save(file, "PNG")
    assert make_logo(file.getvalue(), "a.png")[0].width == 240


def test_transparency_stays_and_photographs_have_none() -> None:
    assert opened(make_logo(picture(), "a.png")[1]).mode == "RGBA"
    assert opened(make_logo(picture(mode="RGB", kind="JPEG"), "a.jpg")[1]).mode == "RGB"
    assert opened(make_logo(picture(mode="CMYK", ink="black", kind="JPEG"), "a.jpg")[1]).mode == "RGB"


@pytest.mark.parametrize(
    ("make_raw", "words"),
    # Made when they are needed: every process of a test run reads this list.
    [
        (
            lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
            "is an SVG drawing.*Save it as PNG",
        ),
        (lambda: b"\n<SVG onload='alert(1)'>", "is an SVG drawing"),
        (lambda: b"GIF89a" + b"\0" * 100, "is not a picture that we can read"),
        (lambda: b"", "is not a picture that we can read"),
        (lambda: b"x" * (MOST_BYTES + 1), "has 5.0 MB"),
        (lambda: picture()[:200], "is damaged|is not a picture"),
        (lambda: picture((3000, 60)), "at most 8 times as wide as high"),
        (lambda: picture((60, 3000)), "3 times as high as wide"),
        (lambda: picture((40, 12)), "only 40 by 12 dots"),
        (lambda: picture(ink="#fff"), "is white, or nearly.*light backgrounds"),
        (lambda: picture(ink="#fff0"), "every dot of it is transparent"),
        (lambda: picture((8000, 6000), kind="JPEG", mode="RGB"), "more than 40 million dots"),
    ],
    ids=[
        *("svg", "svg-large", "gif", "empty", "heavy", "cut-off", "wide", "tall", "tiny", "white", "transparent"),
        "bomb",
    ],
)
def test_what_can_be_no_logo_is_explained(make_raw: Callable[[], bytes], words: str) -> None:
    raw = make_raw()
    with pytest.raises(LogoRefused, match=words):
        make_logo(raw, "logo.png")


@pytest.mark.parametrize(
    "name", ["../logo.png", "/etc/passwd", "a/b.png", "a\\b.png", ".hidden", "https://x.example/a.png", ""]
)
def test_a_logo_is_beside_the_file_and_nowhere_else(name: str) -> None:
    with pytest.raises(ValueError, match="beside the campaign file"):
        parse_logo(name)


def test_refusals_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "sign.svg").write_text("<svg/>")
    with pytest.raises(CampaignFileError, match=r"logo: sign\.svg is an SVG drawing"):
        load_logo(tmp_path, Logo("sign.svg"))
    with pytest.raises(CampaignFileError, match=r"logo: none\.png is not there"):
        load_logo(tmp_path, Logo("none.png"))
    with pytest.raises(CampaignFileError, match="is not there"):
        load_logo(None, Logo("sign.svg"))


@pytest.mark.parametrize(
    ("size", "shown", "lettering"),
    [
        ((480, 120), (160, 40), True),
        ((120, 120), (40, 40), False),
        ((80, 30), (80, 30), True),
        ((480, 60), (160, 20), True),
    ],
)
def test_how_large_it_is_shown(size: tuple[int, int], shown: tuple[int, int], lettering: bool) -> None:
    logo = Logo("a.png", "1", *size)
    assert logo.shown == shown
    assert logo.is_lettering is lettering
