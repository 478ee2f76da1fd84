"""Source codes: the short word at the end of a link that tells where people came from, `?source=flyer`."""

import re
from enum import StrEnum
from urllib.parse import quote, urlencode

SOURCE_MAX = 40
_WHOLE = re.compile(r"[A-Za-z0-9-]{1,40}", re.ASCII)
_OTHERS = re.compile(r"[^a-z0-9]+")


class Source(StrEnum):
    """The codes that our own pages use; organizers make more."""

    SHARE = "share"
    TEXT = "text"
    WHATSAPP = "whatsapp"
    EMAIL = "email"
    COPY = "copy"
    FLYER = "flyer"
    EMBED = "embed"


SOURCE_WORDS: dict[str, str] = {
    "": "No code: typed, searched, or linked without one",
    Source.SHARE: "The share button, after somebody wrote",
    Source.TEXT: "A text message, after somebody wrote",
    Source.WHATSAPP: "WhatsApp, after somebody wrote",
    Source.EMAIL: "An email, after somebody wrote",
    Source.COPY: "A copied link, after somebody wrote",
    Source.FLYER: "The flyer",
    Source.EMBED: "The form on another website",
}


def is_source(typed: str) -> bool:
    """True for what an organizer may use as a code: letters, digits and hyphens, 40 at most."""
    return _WHOLE.fullmatch(typed) is not None and bool(clean_source(typed))


def clean_source(typed: str) -> str:
    """`Flyer_Worcester!` as `flyer-worcester`; whatever a link says becomes a code, or nothing."""
    return _OTHERS.sub("-", typed.casefold()).strip("-")[:SOURCE_MAX].rstrip("-")


def campaign_link(public_url: str, slug: str, source: str = "", lang: str = "") -> str:
    """The address of the campaign page, with a source code and a language when there are any."""
    said = {name: value for name, value in (("source", source), ("lang", lang)) if value}
    return f"{public_url}/c/{quote(slug)}" + (f"?{urlencode(said)}" if said else "")
