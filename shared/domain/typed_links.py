"""Links in what people type: what a mail filter may take a whole letter for spam for."""

import re
from collections.abc import Iterator, Sequence
from string import ascii_letters, digits

from shared.domain.link_disguises import UNSPACED, PlainText, disguised_names
from shared.domain.top_level_domains import is_top_level

_PATH = r"[^\s<>\"\u201c\u201d\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]"
_ADDRESS = re.compile(
    rf"(?P<scheme>(?<=[a-z])(?:\[:\]|:)//{_PATH}*)"
    rf"|\bwww[ .]{{1,3}}+[\w-]{{1,63}}+[ .]{{1,3}}+(?:com|net|org)\b"
    rf"|\bhref[ ]?=[ ]?[\"']?{_PATH}+",
    re.IGNORECASE,
)
# More than any field takes: every caller refuses a longer text for its length.
_MOST = 20_000
_LONGEST_SCHEME = 20
_SCHEME = f"{ascii_letters}{digits}+-"
_NAME = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]++)++")
_TAIL = re.compile(rf"(?::\d{{1,5}}+(?!\w))?(?:[/?#](?=[\w?#%-]){_PATH}{{0,200}}+)?")
_LAST = ".,;:!?)]}*`'\"\u2019\u201d"
# `me领奖`: Latin letters end where a script without spaces begins.
_LATIN_ENDING = re.compile(rf"(?:xn--[a-z0-9-]++|[a-z]++)(?![^\W_{UNSPACED}])", re.IGNORECASE)
_REST_OF_EMAIL = re.compile(r"[\w.+%-]{0,64}@[\w-]++\.\w")
_NUMBER_AFTER = re.compile(r"[.:]?[ ]?\d")
# Endings that are hardly ever a word of their own after a full stop without a space.
_FAMILIAR = re.compile(r"com|org|net|edu|gov|biz|info|io|ly|app|dev|xyz|online|shop|site|club|ru|cn|uk", re.IGNORECASE)
# `Lt.Gov`, `dr.kim`, `Vda.de Ruiz`, `TS.BS`, `et.al`.
_ABBREVIATION = re.compile(
    r"av|ave|bs|col|dra?|et|fr|gen|gral|gs|hon|inc|jr|lic|lt|ma|mme|mrs?|ms|pgs|prof|rep|rev|sen|sgt|sra?|srta|sta?"
    r"|sto|ths|ts|uds?|vda|vs",
    re.IGNORECASE,
)
# No sentence begins with these, except a Portuguese one.
_CAPITALIZED = frozenset({"com", "org"})
_PARTICLES = frozenset({"de", "do", "la"})
# `3.in` begins an item of a list; `888.bet` is a name.
_NUMBER_IN_A_LIST = 2
_OCTETS, _OCTET_DIGITS = 4, 3
# As many digits as a network address has, and the number of a section has not.
_DIGITS_OF_AN_ADDRESS = 7


def find_links(text: str) -> tuple[str, ...]:
    """Each link as it was typed, without the full stop of its sentence.

    What begins with a scheme or `www` is a link. So is a name that ends in a top-level domain, by these rules:

    - With a path or a port: `t.me/prize`, `example.com:8080`.
    - In small letters: `evil.me`, but also `work.it`. A space after the period fixes that.
    - An ending with one capital begins a sentence or a surname: `work.It`, `St.Mary`. Only `Evil.Com` does not.
    - An ending in capitals after other letters is stress or a state: `stop.NO`, `Boston.MA`. `evil.COM` is a link.
    - Initials, numbers of a list, titles and email addresses are no links: `P.O.BOX`, `2.it`, `dr.kim`, `me@evil.me`.

    `shared.domain.link_disguises` says which spaced and spelled dots count.
    """
    plain = PlainText(text[:_MOST])
    found = [*_addresses(plain.text), *_names(plain.text), *disguised_names(plain.text)]
    links: list[str] = []
    seen = 0
    for start, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if start >= seen and (link := plain.as_typed(start, end).rstrip(_LAST)):
            links.append(link)
            seen = end
    return tuple(dict.fromkeys(links))


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    for found in _ADDRESS.finditer(text):
        start = found.start()
        if found["scheme"]:
            before = text[max(0, start - _LONGEST_SCHEME) : start]
            start -= len(before) - len(before.rstrip(_SCHEME))
        yield start, found.end()


def _names(text: str) -> Iterator[tuple[int, int]]:
    found = _NAME.search(text)
    while found:
        end = _end_of_name(found)
        if end is not None:
            yield found.start(), end
        found = _NAME.search(text, end or found.end())


def _end_of_name(found: re.Match[str]) -> int | None:
    """Where the link ends that this dotted word is; None when it is none."""
    labels, end = found[0].split("."), found.end()
    tail = _TAIL.match(found.string, end)
    tail_end = tail.end() if tail else end
    has_tail = tail_end > end
    if _is_email(found) and (not has_tail or "@" in found.string[end:tail_end]):
        return None
    if labels[0].lower() == "www" or _is_network_address(labels, has_tail=has_tail):
        return tail_end
    for at in range(len(labels) - 1, 0, -1):
        label = labels[at]
        end -= len(label)
        latin = _LATIN_ENDING.match(label)
        ending = latin[0] if latin else label
        is_last = at == len(labels) - 1 and ending == label
        if (is_last or _may_end(labels, at, ending)) and is_top_level(ending):
            is_number = ending.lower() == "no" and _NUMBER_AFTER.match(found.string, end + len(ending))
            if not is_number and _is_name(labels[max(0, at - 2) : at], ending, has_tail=is_last and has_tail):
                return tail_end if is_last else end + len(ending)
        end -= 1
    return None


def _is_email(found: re.Match[str]) -> bool:
    """The dotted word stands before or after an at sign. `@evil.me` alone is none."""
    text, start = found.string, found.start()
    is_host = text[start - 1 : start] == "@" and text[max(0, start - 2) : start - 1].isalnum()
    return is_host or bool(_REST_OF_EMAIL.match(text, found.end()))


def _is_network_address(labels: Sequence[str], *, has_tail: bool) -> bool:
    """`192.0.2.10`, but not section 1.2.3.4."""
    if len(labels) != _OCTETS or not all(label.isdecimal() and len(label) <= _OCTET_DIGITS for label in labels):
        return False
    return has_tail or len("".join(labels)) >= _DIGITS_OF_AN_ADDRESS


def _may_end(labels: Sequence[str], at: int, ending: str) -> bool:
    """A name ends before a script without spaces, before a sentence without a space, and after `.com` anywhere."""
    if _FAMILIAR.fullmatch(ending):
        return True
    rest = labels[at][len(ending) :]
    if rest:
        return not (rest[0] == "-" and rest[1:2].isalnum())
    return at + 1 < len(labels) and labels[at + 1].istitle()


def _is_name(before: Sequence[str], ending: str, *, has_tail: bool) -> bool:
    """Whether these labels and this top-level domain name a host, rather than end one sentence and begin another."""
    key, last = ending.lower(), before[-1]
    is_familiar = bool(_FAMILIAR.fullmatch(ending))
    is_abbreviation = _ABBREVIATION.fullmatch(last) and (len(before) == 1 or not last.islower())
    if is_abbreviation and not (has_tail and ending.islower()):
        return is_familiar and key != "gov"
    if has_tail:
        return True
    if ending.istitle():
        return key in _CAPITALIZED and last.istitle() and len(last) > 1
    return is_familiar or not _are_words(before, ending)


def _are_words(before: Sequence[str], ending: str) -> bool:
    """Initials, a number of a list, or an ending in capitals after other letters."""
    last, is_loud = before[-1], ending.isupper()
    if last.isdecimal():
        return len(last) <= _NUMBER_IN_A_LIST
    if all(len(label) == 1 for label in before):
        return len(before) > 1 or (last.isupper() and (is_loud or ending in _PARTICLES))
    return is_loud and not last.isupper()
