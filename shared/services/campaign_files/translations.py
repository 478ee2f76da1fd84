"""The pages' text in other languages, as a campaign file tells it: `[translations.es]` and `<!-- page: es -->`."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.domain.campaigns import CampaignText
from shared.domain.languages import LANGUAGES, known_language

_KEYS = ("title", "lead", "form_prompt", "own_words_prompt", "privacy", "won_message")


def parse_translations(
    tables: object, pages: Mapping[str, str], own: Mapping[str, Any]
) -> tuple[tuple[CampaignText, ...], list[str]]:
    """The texts, and what is wrong with them. A translation has every part that the campaign's `own` text has."""
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        return (), ["translations are tables: begin each with its language, such as [translations.es]."]
    problems = [f"The page {name!r} has no table [translations.{name}]." for name in pages.keys() - tables.keys()]
    texts = []
    for name, table in tables.items():
        language = known_language(name)
        if language not in LANGUAGES:
            problems.append(f"{name} is no language of the pages. There are {', '.join(LANGUAGES)}.")
            continue
        parts = {**table, "page": pages.get(name, "")}
        wrong = _wrong_with(name, parts, own)
        problems += wrong
        texts += [] if wrong else [CampaignText(language, **{key: str(value).strip() for key, value in parts.items()})]
    return tuple(texts), problems


def translation_tables(texts: Sequence[CampaignText]) -> dict[str, dict[str, str]]:
    """The tables that `parse_translations` reads back; pages stand in the body."""
    return {text.language: {key: getattr(text, key) for key in _KEYS if getattr(text, key)} for text in texts}


def _wrong_with(name: str, parts: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    unknown = sorted(parts.keys() - {*_KEYS, "page"})
    missing = [key for key in (*_KEYS, "page") if own.get(key) and not parts.get(key)]
    return [
        *(f"{key} is not part of a translation ({name})." for key in unknown),
        *(f"The translation {name} lacks {key}." for key in missing),
        *(f"{key} must be text in quotes ({name})." for key, value in parts.items() if not isinstance(value, str)),
    ]
