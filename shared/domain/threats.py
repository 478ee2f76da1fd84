"""Threats in what supporters write, found by phrases: an organizer reads the letter before it leaves."""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from itertools import product, zip_longest
from unicodedata import normalize

_WORD = re.compile(r"[^\W_]+|[.!?,:\n]")
_ENDS = frozenset(".!?\n")
# Applied in this order to lower-case text; `going to` then reads like `will`.
_SPELLINGS = (
    (re.compile("[\u2018\u2019\u02bc`]"), "'"),
    (re.compile(r"\b(?:im|i'm)\b"), "i am"),
    (re.compile(r"\b(?:ima|imma)\b"), "i will"),
    (re.compile(r"\b(?:ur|u r)\b"), "you are"),
    (re.compile(r"\bu\b"), "you"),
    (re.compile(r"\b(?:gonna|gunna|gon)\b"), "going to"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"\b(can|do|does|did|is|are|was|were|would|should|could|have|has|wo)n'?t\b"), r"\1 not"),
    (re.compile(r"\bwould better\b"), "better"),
    (re.compile(r"\b(?:am |are )?going to\b"), "will"),
)
_QUOTED = re.compile(
    r"\u201c[^\u201c\u201d\n]{0,500}\u201d|\"[^\"\n]{0,500}\"|\u00ab[^\u00ab\u00bb\n]{0,500}\u00bb|(?<!\w)'[^'\n]{0,500}'(?!\w)"
)
# Before a phrase: another person's words, and what the writer denies. "I said" introduces the writer's own.
_REPORTS = re.compile(
    "says?|said|saying|tells?|told|telling|text(?:s|ed|ing)?|wr(?:ites?|ote)|post(?:s|ed)|messaged|emailed|chant(?:s|ed)"
    "|(?:yell|scream|shout|whisper|mutter|repeat|threaten|warn|promis|comment)(?:s|e|es|ed|ing)|threats?|swore|vowed"
    "|replied|bragged|joked|heard|hear|thinks?|thought|believes?|means?|meant|impl(?:y|ies)|acts?|treats?"
)
_DENIALS = re.compile("not|never|nobody|none|neither|cannot")
# Before a colon, or around a quotation.
_RECEIVED = re.compile(
    "notes?|voicemails?|messages?|comments?|signs?|emails?|letters?|voice|caller|phone|poster|got|received"
)
_PEOPLE = re.compile("me|us|he|she|they|her|his|their")
# With as many words around it in its sentence, a quotation is told about.
_TOLD_ABOUT = 4
_WRITER = frozenset({"i", "we"})
_BEFORE, _NEAR, _AFTER = 12, 4, 10


@dataclass(frozen=True)
class _Phrase:
    words: tuple[frozenset[str], ...]
    exceptions: tuple[tuple[frozenset[str], ...], ...]

    def fits(self, words: list[str], at: int) -> bool:
        end = at + len(self.words)
        return _stand(self.words, words, at) and not any(_stand(one, words, end) for one in self.exceptions)


def find_threat(text: str, phrases: tuple[str, ...]) -> str:
    """The first phrase of a threat, as it was read; empty when there is none.

    Another person's words, denials and questions do not count: `he said "I will kill you"`,
    `nobody believes you deserve to die`, `does that mean you should be shot?`.
    """
    if not phrases:
        return ""
    read, begins = _readable(text), _compiled(phrases)
    quotes = [found.span() for found in _QUOTED.finditer(read)]
    places = list(_WORD.finditer(read))
    words = [found[0] for found in places]
    for at, pair in enumerate(zip_longest(words, words[1:])):
        for phrase in (*begins.get(pair, ()), *begins.get((pair[0], None), ())):
            if phrase.fits(words, at):
                start, end = places[at].start(), places[at + len(phrase.words) - 1].end()
                is_quoted = any(first <= start and end <= last for first, last in quotes)
                if not _is_told_or_denied(words, at, len(phrase.words), is_quoted=is_quoted):
                    return read[start:end]
    return ""


def _readable(text: str) -> str:
    read = normalize("NFKC", text).lower()
    for pattern, plain in _SPELLINGS:
        read = pattern.sub(plain, read)
    return read


@lru_cache(maxsize=64)
def _compiled(phrases: tuple[str, ...]) -> dict[tuple[str, str | None], list[_Phrase]]:
    """By their first two words; None in place of a second one."""
    begins: dict[tuple[str, str | None], list[_Phrase]] = {}
    for line in phrases:
        main, *exceptions = (_alternatives(part) for part in line.lower().split("!"))
        phrase = _Phrase(main, tuple(one for one in exceptions if one))
        for pair in product(main[0], main[1] if len(main) > 1 else (None,)) if main else ():
            begins.setdefault(pair, []).append(phrase)
    return begins


def _alternatives(part: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(word.split("/")) for word in part.split())


def _stand(wanted: tuple[frozenset[str], ...], words: list[str], at: int) -> bool:
    there = words[at : at + len(wanted)]
    return len(there) == len(wanted) and all(word in choice for word, choice in zip(there, wanted, strict=True))


def _is_told_or_denied(words: list[str], at: int, length: int, *, is_quoted: bool) -> bool:
    """Whether the words around a phrase make it another person's, a question or a denial."""
    before, rest = words[max(0, at - _BEFORE) : at], words[at + length :]
    after = rest[:_AFTER]
    sentence = before[_last(before, _ENDS) :]
    ends = next((place for place, word in enumerate(rest) if word in _ENDS), len(rest))
    if is_quoted:
        near = [*before, *after]
        is_received = any(_RECEIVED.fullmatch(word) or _PEOPLE.fullmatch(word) for word in near)
        return is_received or _is_reported(before) or _is_reported(after) or len(sentence) + ends >= _TOLD_ABOUT
    clause = sentence[_last(sentence, {","}) :]
    is_question = words[at] == "you" and rest[ends : ends + 1] == ["?"]
    is_read_out = ":" in sentence and any(map(_RECEIVED.fullmatch, sentence))
    return is_question or is_read_out or _is_reported(sentence) or any(map(_DENIALS.fullmatch, clause[-_NEAR:]))


def _is_reported(words: list[str]) -> bool:
    return any(_REPORTS.fullmatch(word) and (at == 0 or words[at - 1] not in _WRITER) for at, word in enumerate(words))


def _last(words: list[str], ends: AbstractSet[str]) -> int:
    """The place after the last of these."""
    return next((at + 1 for at in range(len(words) - 1, -1, -1) if words[at] in ends), 0)
