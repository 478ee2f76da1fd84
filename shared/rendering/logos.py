"""Makes a host's logo out of whatever picture they have: small, without hidden data, and nothing but a picture."""

import io
from hashlib import sha256
from pathlib import PurePath

from PIL import Image, ImageOps

from shared.domain.logos import KEPT_HEIGHT, KEPT_WIDTH, Logo

MOST_BYTES = 5_000_000
# A picture of so many dots is opened in a fraction of a second; bombs have more.
_MOST_DOTS = 40_000_000
_LEAST_SIDE = 24
_WIDEST, _TALLEST = 8, 3
_FORMATS = ("PNG", "JPEG", "WEBP")
# A page's head is white: what is not darker than this anywhere would not be seen on it.
_PALEST = 225


class LogoRefused(ValueError):
    """The picture can't be a logo; the text says why and what to do, and follows the file's name."""


def make_logo(raw: bytes, file: str) -> tuple[Logo, bytes]:
    """The logo and its PNG; raises LogoRefused. The same picture always gives the same bytes and version."""
    picture = _shrunk(_trimmed(_opened(raw)))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    png = out.getvalue()
    version = sha256(png).hexdigest()[:12]
    return Logo(str(PurePath(file).with_suffix(".png")), version, *picture.size), png


def _opened(raw: bytes) -> Image.Image:
    """The first frame, upright, in colors with transparency."""
    if len(raw) > MOST_BYTES:
        raise LogoRefused(f"has {len(raw) / 1e6:.1f} MB. Save it smaller: {MOST_BYTES // 1_000_000} MB are enough.")
    if b"<svg" in raw[:2_000].lower():
        raise LogoRefused(
            f"is an SVG drawing, which can hold programs. Save it as PNG, at least {KEPT_HEIGHT} dots high, "
            "with a transparent background."
        )
    try:
        picture = Image.open(io.BytesIO(raw), formats=_FORMATS)
    except (OSError, ValueError, SyntaxError) as error:
        raise LogoRefused("is not a picture that we can read. Save it as PNG, JPEG or WebP.") from error
    except Image.DecompressionBombError as error:
        raise LogoRefused(_too_many_dots()) from error
    if picture.width * picture.height > _MOST_DOTS:
        raise LogoRefused(_too_many_dots())
    try:
        return ImageOps.exif_transpose(picture).convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise LogoRefused("is damaged. Save it once more, as PNG, JPEG or WebP.") from error


def _too_many_dots() -> str:
    return f"has more than {_MOST_DOTS // 1_000_000} million dots. Save it smaller."


def _trimmed(picture: Image.Image) -> Image.Image:
    """Without an empty border; refuses what would not be seen, or not as a logo."""
    box = picture.getchannel("A").getbbox()
    if box is None:
        raise LogoRefused("is empty: every dot of it is transparent.")
    picture = picture.crop(box)
    white = Image.new("RGBA", picture.size, "#fff")
    darkest, _ = Image.alpha_composite(white, picture).convert("L").getextrema()
    if isinstance(darkest, int | float) and darkest > _PALEST:
        raise LogoRefused("is white, or nearly: nobody sees it on a white page. Take the one for light backgrounds.")
    width, height = picture.size
    if min(width, height) < _LEAST_SIDE:
        raise LogoRefused(f"has only {width} by {height} dots. It is sharp with {KEPT_HEIGHT} dots in height or more.")
    if width > _WIDEST * height or height > _TALLEST * width:
        raise LogoRefused(
            f"has {width} by {height} dots. A logo is at most {_WIDEST} times as wide as high, "
            f"and {_TALLEST} times as high as wide."
        )
    return picture


def _shrunk(picture: Image.Image) -> Image.Image:
    """Small enough to be kept; without its transparency where it has none."""
    scale = min(1.0, KEPT_WIDTH / picture.width, KEPT_HEIGHT / picture.height)
    if scale < 1:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        # Dots that can't be seen have colors too, which must not bleed into the edges.
        picture = picture.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")
    lowest, _ = picture.getchannel("A").getextrema()
    return picture.convert("RGB") if lowest == 255 else picture  # noqa: PLR2004 - all of it is seen
