"""The languages of pages and emails, and which of them a reader gets."""

from collections.abc import Iterator
from functools import lru_cache

# By code, each under its own name, in the order of the menu. Codes are Babel's.
LANGUAGES: dict[str, str] = {
    "en": "English",
    "es": "Español",
    "pt_BR": "Português (Brasil)",
    "ht": "Kreyòl ayisyen",
    "zh_Hans": "简体中文",
    "zh_Hant": "繁體中文",
    "vi": "Tiếng Việt",
}
SOURCE = "en"
# Written without spaces between words.
WITHOUT_SPACES = frozenset({"zh_Hans", "zh_Hant"})
# Made of the English sentences, longer and marked; tests find what it misses. No menu offers it.
PSEUDO = "en_XA"
# Characters of a browser's list that are looked at.
_MOST_ACCEPT = 500
# Where Chinese is written in the older characters.
_TRADITIONAL = {"zh-tw", "zh-hk", "zh-mo"}


def html_tag(language: str) -> str:
    """The code as HTML writes it: `pt-BR`."""
    return language.replace("_", "-")


def known_language(wanted: str | None) -> str | None:
    """Our code for a code or tag in any spelling: `es-MX` is `es`, `zh-TW` is `zh_Hant`; None for others."""
    tag = (wanted or "").replace("_", "-").lower()
    if tag == PSEUDO.replace("_", "-").lower():
        return PSEUDO
    if tag.startswith("zh"):
        return "zh_Hant" if "hant" in tag or tag in _TRADITIONAL else "zh_Hans"
    primary = tag.partition("-")[0]
    return next((code for code in LANGUAGES if code.partition("_")[0] == primary), None)


def best_language(accept: str) -> str:
    """The reader's first language that we know, from an Accept-Language header (RFC 9110, 12.5.4); else English."""
    return _best_language(accept[:_MOST_ACCEPT])


@lru_cache(maxsize=512)
def _best_language(accept: str) -> str:
    wanted = sorted(_preferences(accept), key=lambda one: -one[1])
    known = (known_language(tag) for tag, quality in wanted if quality > 0)
    return next((code for code in known if code and code != PSEUDO), SOURCE)


def _preferences(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            yield tag.strip(), float(quality or 1)
        except ValueError:
            continue
