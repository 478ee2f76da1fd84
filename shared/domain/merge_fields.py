"""Merge fields: logic-less, from an allow-list, filled in one pass. An unfilled field can't reach a letter.

`{{supporter_name}}` is ours; `[your name will go here]` and its kin are read as aliases, as hosts write them.
A field's value is never looked at again, so braces that a supporter types stay what they typed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import chain, islice

from shared.errors import DearRepError


class MergeField(StrEnum):
    """The allow-list."""

    RECIPIENT_TITLE = "recipient_title"
    RECIPIENT_NAME = "recipient_name"
    DISTRICT = "district"
    SUPPORTER_NAME = "supporter_name"
    SUPPORTER_EMAIL = "supporter_email"
    LOCATION = "location"
    OWN_WORDS = "own_words"


RECIPIENT_FIELDS = frozenset({MergeField.RECIPIENT_TITLE, MergeField.RECIPIENT_NAME, MergeField.DISTRICT})
# What a host's "[… will go here]" may name, in lower case.
_ALIASES = {
    "recipient position": MergeField.RECIPIENT_TITLE,
    "recipient title": MergeField.RECIPIENT_TITLE,
    "recipient name": MergeField.RECIPIENT_NAME,
    "recipient district": MergeField.DISTRICT,
    "your district": MergeField.DISTRICT,
    "your name": MergeField.SUPPORTER_NAME,
    "your email": MergeField.SUPPORTER_EMAIL,
    "your email address": MergeField.SUPPORTER_EMAIL,
    "your location": MergeField.LOCATION,
    "your address": MergeField.LOCATION,
    "your own words": MergeField.OWN_WORDS,
    "your message": MergeField.OWN_WORDS,
}
# A repeated blank beside `[^{}]*` would be tried at every place of a long run of blanks: the blanks go afterwards.
_FIELD = re.compile(r"\{\{([^{}]*)\}\}")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_WILL_GO_HERE = ["will", "go", "here"]
_MOST_PROBLEMS = 100
_BRACES = re.compile(r"\{\{|\}\}")


class UnfilledField(DearRepError):
    """A field has no value; the letter can't be made."""


@dataclass(frozen=True)
class Piece:
    """A stretch of filled text; `field` names the merge field that it came from, None for the template's own words."""

    text: str
    field: MergeField | None = None


def find_problems(template: str, *, allowed: frozenset[MergeField] = frozenset(MergeField)) -> list[tuple[int, str]]:
    """Unknown, forbidden and broken fields of `template`, 100 of a kind at most: line counted from 1, plain words."""
    aliases = (
        match
        for match in _BRACKETS.finditer(template)
        if (name := _alias_name(match.group(1))) and _ALIASES.get(name) not in allowed
    )
    fields = (match for match in _FIELD.finditer(template) if match.group(1).strip() not in allowed)
    problems = [
        (_line(template, match.start()), f"{match.group(0)} is not a field. {_listing(allowed)}")
        for match in islice(chain(aliases, fields), _MOST_PROBLEMS)
    ]
    without_fields = _FIELD.sub(lambda found: " " * len(found.group(0)), template)
    problems += [
        (_line(template, match.start()), f"{match.group(0)} stands alone. A field is written {{{{like_this}}}}.")
        for match in islice(_BRACES.finditer(without_fields), _MOST_PROBLEMS)
    ]
    return sorted(problems)


def canonical(template: str) -> str:
    """`template` with the hosts' placeholders written as our fields. Unknown ones stay as they are."""

    def replace(match: re.Match[str]) -> str:
        field = _ALIASES.get(_alias_name(match.group(1)))
        return f"{{{{{field}}}}}" if field else match.group(0)

    return _BRACKETS.sub(replace, template)


def fields_of(template: str) -> frozenset[MergeField]:
    """The fields that stand in `template`."""
    return frozenset(piece for piece in _parse(template) if isinstance(piece, MergeField))


def fill(template: str, values: Mapping[MergeField, str], *, keep: frozenset[MergeField] = frozenset()) -> list[Piece]:
    """`template` in pieces with `values` filled in; the fields in `keep` stay written as fields.

    Only own words may be empty. Raises UnfilledField for any other field without a value.
    """
    pieces = []
    for part in _parse(template):
        if not isinstance(part, MergeField):
            pieces.append(Piece(part))
        elif part in keep:
            pieces.append(Piece(f"{{{{{part}}}}}"))
        elif values.get(part, "").strip() or part is MergeField.OWN_WORDS:
            pieces.append(Piece(values.get(part, "").strip(), part))
        else:
            raise UnfilledField(f"The field {part} has no value.")
    return pieces


def join(pieces: list[Piece]) -> str:
    """The pieces' text, with blank lines that an empty field left behind closed up."""
    text = "".join(piece.text for piece in pieces)
    return re.sub(r"\n[ \t]*\n(?:[ \t]*\n)+", "\n\n", text).strip()


@lru_cache(maxsize=512)
def split_opening(body: str) -> tuple[str, str]:
    """The greeting with any paragraphs after it that hold nothing but fields, and the rest of the letter."""
    paragraphs = re.split(r"\n[ \t]*\n", body.strip())
    count = 0
    if paragraphs and (paragraphs[0].rstrip().endswith((",", ":")) or paragraphs[0].lstrip().startswith("Dear ")):
        count = 1
        while count < len(paragraphs) and _only_fields(paragraphs[count]):
            count += 1
    return "\n\n".join(paragraphs[:count]), "\n\n".join(paragraphs[count:])


@lru_cache(maxsize=512)
def place_own_words(body: str) -> str:
    """`body` with a place for own words: where the campaign put it, else as a paragraph after the opening."""
    if MergeField.OWN_WORDS in fields_of(body):
        return body
    opening, rest = split_opening(body)
    return "\n\n".join(part for part in (opening, "{{own_words}}", rest) if part)


def _only_fields(paragraph: str) -> bool:
    names = [name.strip() for name in _FIELD.findall(paragraph)]
    return bool(names) and MergeField.OWN_WORDS not in names and not re.search(r"\w", _FIELD.sub("", paragraph))


def _alias_name(words: str) -> str:
    """`your name` of `Your name will go here`; empty for any other words."""
    *name, will, go, here = ["", "", "", *words.lower().split()]
    return " ".join(name).strip() if [will, go, here] == _WILL_GO_HERE else ""


@lru_cache(maxsize=512)
def _parse(template: str) -> tuple[str | MergeField, ...]:
    parts = _FIELD.split(template)
    return tuple(MergeField(part.strip()) if index % 2 else part for index, part in enumerate(parts))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _listing(allowed: frozenset[MergeField]) -> str:
    if not allowed:
        return "No field may stand here."
    return "Fields are " + ", ".join(f"{{{{{field}}}}}" for field in MergeField if field in allowed) + "."
