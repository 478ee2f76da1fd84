"""What differs between two texts of a campaign, in plain words and as a unified diff."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from difflib import unified_diff

from shared.domain.campaigns import Campaign, CampaignText
from shared.domain.languages import LANGUAGES
from shared.domain.letter_versions import LetterVersion

_LONG = 60
# These are told of by name, each in a way of its own.
_APART = ("page", "versions", "translations", "consents", "chambers")
_NAMES = {
    "host": "organization",
    "host_url": "organization's website",
    "jurisdiction": "state",
    "opens": "opening day",
    "deliver_by": "last day for delivery",
    "undo_minutes": "minutes to undo",
    "groups": "groups of offices",
    "exclusions": "offices that are not asked",
    "follow_ups": "emails to supporters",
    "won_message": "message of victory",
}


def changes(before: Campaign, after: Campaign) -> list[str]:
    """One line for each thing that changes; empty when nothing does."""
    lines = [*_fields(before, after)]
    chambers = [", ".join(one.chambers) for one in (before, after)]
    if chambers[0] != chambers[1]:
        lines.append(f"chambers: {chambers[0]} → {chambers[1]}")
    if before.page != after.page:
        lines.append("page: changed")
    lines += _of_each("letter", _letters(before), _letters(after))
    lines += _of_each("translation", _translations(before), _translations(after))
    lines += _of_each("consent to hear from", dict.fromkeys(before.consents), dict.fromkeys(after.consents))
    return lines


def diff(before: Campaign, after: Campaign) -> list[str]:
    """The page and each letter that changes, as a unified diff."""
    old, new = _texts(before), _texts(after)
    lines: list[str] = []
    for name in dict.fromkeys([*old, *new]):
        parts = (old.get(name, "").splitlines(), new.get(name, "").splitlines())
        lines += unified_diff(*parts, f"{name}, now", f"{name}, in the file", lineterm="", n=1)
    return lines


def _fields(before: Campaign, after: Campaign) -> Iterator[str]:
    for field in fields(Campaign):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.name not in _APART and old != new:
            name = _NAMES.get(field.name, field.name.replace("_", " "))
            shown = _shown(old), _shown(new)
            yield f"{name}: {shown[0]} → {shown[1]}" if all(shown) else f"{name}: changed"


def _shown(value: object) -> str:
    """The value where a line has room for it, else nothing."""
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}"
    if isinstance(value, str | int):
        return str(value) if len(str(value)) <= _LONG and "\n" not in str(value) else ""
    return ""


def _of_each(what: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[str]:
    yield from (f"{what} {name}: removed" for name in before if name not in after)
    yield from (f"{what} {name}: added" for name in after if name not in before)
    yield from (f"{what} {name}: changed" for name in before if name in after and before[name] != after[name])
    shared = [name for name in before if name in after]
    if shared != [name for name in after if name in before]:
        yield f"{what}: another order"


def _letters(campaign: Campaign) -> dict[str, LetterVersion]:
    return {f"“{version.name}”": version for version in campaign.versions}


def _translations(campaign: Campaign) -> dict[str, CampaignText]:
    return {LANGUAGES.get(one.language, one.language): one for one in campaign.translations}


def _texts(campaign: Campaign) -> dict[str, str]:
    letters = {f"letter “{one.name}”": f"Subject: {one.subject}\n\n{one.body}" for one in campaign.versions}
    return {"page": campaign.page, **letters}
