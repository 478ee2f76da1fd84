"""Signs that read as others, and dots that are spaced or spelled: `evil。com`, `evil . com`, `evil dot com`."""

import re
from collections.abc import Iterator
from functools import cache
from unicodedata import normalize

from shared.domain.top_level_domains import is_top_level

# Scripts that are written without spaces between words.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Invisible characters, and marks that are laid over a letter.
_IGNORED = re.compile(
    "[\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20f0"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]"
)
# Blocks whose characters are variants of ASCII: letterlike, circled, full-width, mathematical, squared.
_VARIANTS = ((0x2100, 0x2150), (0x2460, 0x2500), (0xFF01, 0xFF5F), (0x1D400, 0x1D800), (0x1F100, 0x1F190))
_DOTS = "\u2024\ufe52"
# Middle dots and bullets without spaces around them; 。, which ends sentences without a space after it in Chinese, only
# between other letters; and 点, which spells a dot.
_OTHER_DOTS = re.compile(
    rf"(?<=\w)[\u00b7\u2022\u2027\u2219\u22c5\u30fb\uff65](?=\w)"
    rf"|(?<=[^\W{UNSPACED}])[\u3002\uff61](?=[^\W{UNSPACED}])"
    rf"|[\u3002\uff61\u70b9\u9ede](?=(?:com|net|org|cn)(?![A-Za-z]))",
)

_DOT_WORDS = r"d[o0]t|punto|ponto|pwen|ch\u1ea5m|\u70b9|\u9ede"
_GAP = r"[^\S\n]"
_SPACED = re.compile(
    # The last part of a name, at most 63 characters as in DNS; every repetition is bounded, and none gives back.
    rf"(?<![^\W_])(?P<label>[^\W_]{{1,63}}+)(?:"
    rf"(?P<bracketed>{_GAP}{{0,3}}+[\[({{<]{_GAP}{{0,3}}+(?:\.|{_DOT_WORDS}){_GAP}{{0,3}}+[\])}}>]{_GAP}{{0,3}}+)"
    rf"|(?P<spelled>(?:{_GAP}|[_-]){{1,3}}+d[o0]t(?:{_GAP}|[_-]){{1,3}}+)"
    rf"|(?P<translated>{_GAP}{{1,3}}+(?:{_DOT_WORDS}){_GAP}{{1,3}}+)"
    rf"|(?P<before>{_GAP}{{1,3}}+\.{_GAP}{{0,3}}+)"
    rf"|(?P<after>\.{_GAP}{{1,3}}+)"
    rf")(?=(?P<ending>[^\W\d_{UNSPACED}]{{2,63}}+)(?!\.?[^\W{UNSPACED}])"
    rf"(?P<tail>[/:?#][\w?#%-]\S{{0,200}}+)?(?P<goes_on>{_GAP}++\w)?)",
    re.IGNORECASE,
)
# Endings that are not words in any of our languages, so no sentence begins with them.
_NO_WORD = re.compile(r"biz|cn|example|io|localhost|ly|onion|org|ru|tk|uk|xyz")
# `com` is "with" in Portuguese, `net` is a word in English: what follows decides.
_COMMON = frozenset({"com", "net"})
# "I live in a blue dot in a red state."
_FUNCTION_WORD = re.compile(r"am|as|at|be|by|do|for|how|in|is|it|my|no|now|of|on|so|to|us")
# "the .gov site" and "a dot com" speak of an ending, not of a name.
_ARTICLE = re.compile(
    r"an?|and|any|are|every|for|in|is|it|my|of|on|or|our|that|the|their|this|to|your|el|la|los|um|un|o"
)


@cache
def _plain() -> dict[int, str]:
    table = {ord(dot): "." for dot in _DOTS}
    for first, end in _VARIANTS:
        for code in range(first, end):
            plain = normalize("NFKC", chr(code))
            if len(plain) == 1 and plain.isascii() and plain != chr(code):
                table[code] = plain
    return table


class PlainText:
    """A text as it is read: without what is invisible, variants of ASCII as ASCII; finds again what was typed."""

    def __init__(self, typed: str) -> None:
        self.typed = self.text = typed
        self._places: list[int] | None = None
        if typed.isascii():
            return
        if _IGNORED.search(typed):
            self._places = [place for place, sign in enumerate(typed) if not _IGNORED.match(sign)]
            self.text = _IGNORED.sub("", typed)
        self.text = _OTHER_DOTS.sub(".", self.text.translate(_plain()))

    def as_typed(self, start: int, end: int) -> str:
        """What was typed where the plain text has these characters."""
        if self._places is None:
            return self.typed[start:end]
        return self.typed[self._places[start] : self._places[end - 1] + 1]


def disguised_names(text: str) -> Iterator[tuple[int, int]]:
    """Where names with spaced, bracketed or spelled dots stand.

    - A bracketed dot before any top-level domain is a link.
    - Before an ending that is not a word, such as `org`, any other dot is one too.
    - Before `com` and `net` it is one, except when a full stop with its usual space is followed by more words.
    - Before any other ending it is one when the ending is in small letters and no word follows it. More words may
      follow `evil dot me`, but not `blue dot in`. A full stop with its usual space is never one: a sentence may have
      one word.
    """
    for found in _SPACED.finditer(text):
        if _is_disguised(found):
            yield found.start(), found.end("tail" if found["tail"] else "ending")


def _is_disguised(found: re.Match[str]) -> bool:
    label, ending = found["label"].lower(), found["ending"]
    key, is_odd = ending.lower(), bool(found["spelled"] or found["before"])
    if found["bracketed"]:
        return is_top_level(key)
    if _ARTICLE.fullmatch(label):
        return False
    if label == "www" or _NO_WORD.fullmatch(key):
        return True
    if key in _COMMON:
        return is_odd or not found["goes_on"]
    if found["goes_on"] and (found["before"] or _FUNCTION_WORD.fullmatch(key)):
        return False
    return is_odd and ending.islower() and is_top_level(key)
