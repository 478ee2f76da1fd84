"""Turns the names of streets and towns, as people write them, into match keys. Pure and fast: no I/O."""

import re
import unicodedata
from functools import lru_cache

from shared.domain.integers import parse_integer
from shared.domain.street_words import (
    CITY_DIRECTIONS,
    CITY_WORDS,
    DIRECTIONS,
    ONES,
    ORDINALS,
    STREET_WORDS,
    SUFFIXES,
    TENS,
    ordinal,
)
from shared.domain.typed_text import normalized

# Enough for the distinct street names of a large state's file in one import.
_CACHE_SIZE = 65_536
_LAST_STREET = 999_999
# Words: `Fifth Avenue`.
_NAME_AND_SUFFIX = 2
_NOT_WORD = re.compile(r"[^a-z0-9/]+")
_APOSTROPHES = re.compile(r"['’‘`´]")
_ROUTE = re.compile(
    r"\b(?:(?:us|state|ma|interstate|county|old state) )?(?:rte|hwy) (\d+[a-z]?)\b|\b(?:ma|us|sr) (\d+[a-z]?)\b"
)
_COUNTY_ROAD = re.compile(r"\b(?:cr|(?:co|cnty) rd) (\d+[a-z]?)\b")
_CITY_PREFIX = re.compile(r"^(?:city|town|village) of ")


def fold(text: str) -> str:
    """Lower case without accents; apostrophes vanish, other punctuation becomes a space."""
    if not text.isascii():
        text = text.replace("½", " 1/2").replace("¼", " 1/4").replace("¾", " 3/4")
        text = _APOSTROPHES.sub("", text)
        text = "".join(c for c in normalized(text, "NFKD") if not unicodedata.combining(c))
    text = _APOSTROPHES.sub("", text.casefold())
    return " ".join(_NOT_WORD.sub(" ", text).split())


@lru_cache(_CACHE_SIZE)
def street_key(name: str) -> str:
    """The match key of a street's name without house number and unit: `South Main Street` -> `s main st`."""
    words = _join_ordinals(fold(name).split())
    if not words:
        return ""
    if _only_direction_and_suffix(words):
        return " ".join([words[0], *(STREET_WORDS.get(word, word) for word in words[1:])])
    if len(words) > _NAME_AND_SUFFIX:
        words[0] = CITY_DIRECTIONS.get(words[0], words[0])
    shortened = [DIRECTIONS.get(word) or STREET_WORDS.get(word) or word for word in words]
    return _COUNTY_ROAD.sub(r"county rd \1", _ROUTE.sub(_route, " ".join(_join_split_prefix(shortened))))


def _only_direction_and_suffix(words: list[str]) -> bool:
    """`North Street` keeps its whole word: `N Street` is another street in towns with lettered streets."""
    return words[0] in DIRECTIONS and all(STREET_WORDS.get(word, word) in SUFFIXES for word in words[1:])


def _route(found: re.Match[str]) -> str:
    return f"rte {found[1] or found[2]}"


def _join_split_prefix(words: list[str]) -> list[str]:
    """`Mc Grath` and `O Brien` are written in one word as often as in two."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in ("mc", "o") and word.isalpha() and word not in SUFFIXES:
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def _join_ordinals(words: list[str]) -> list[str]:
    """Number words and bare numbers as `21st`: `twenty first`, `5 avenue`; `2 nd` as `2nd`."""
    done: list[str] = []
    for position, word in enumerate(words):
        before = words[position - 1] if position else ""
        if before in TENS and ORDINALS.get(word) and word[0] not in "0123456789" and done:
            number = TENS[before] + ONES.get(word, 0)
            done[-1] = ordinal(number)
        elif word in ("st", "nd", "rd", "th") and _numbered(before) == before + word:
            done[-1] = before + word
        else:
            done.append(ORDINALS.get(word, word))
    if len(done) >= _NAME_AND_SUFFIX and STREET_WORDS.get(done[1]) in ("st", "ave"):
        done[0] = _numbered(done[0]) or done[0]
    return done


def _numbered(word: str) -> str:
    """`21st` of `21`; empty for anything that is not a number."""
    number = parse_integer(word, most=_LAST_STREET)
    return "" if number is None else ordinal(number)


@lru_cache(_CACHE_SIZE)
def city_key(name: str) -> str:
    """The match key of a town's or village's name, without spaces: `W. Barnstable` -> `wbarnstable`."""
    words = _CITY_PREFIX.sub("", fold(name.partition("(")[0])).split()
    if len(words) > 1 and words[-1] in ("ma", "mass", "massachusetts"):
        words.pop()
    if len(words) > 1 and words[0] in CITY_DIRECTIONS:
        words[0] = CITY_DIRECTIONS[words[0]]
    short = [CITY_WORDS.get(word, word) for word in words]
    key = "".join(short)
    return key[: -len("borough")] + "boro" if key.endswith("borough") and len(key) > len("borough") else key
