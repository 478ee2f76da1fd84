"""Reads a campaign's file: divides it, hands each part to whoever knows it, and names every problem at once."""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from shared.domain.campaigns import Campaign
from shared.errors import CampaignFileError
from shared.services.campaign_files.audiences import check_names
from shared.services.campaign_files.body import AS_WRITTEN, read_versions, split_body
from shared.services.campaign_files.draft import Draft
from shared.services.campaign_files.head import HEAD_KEYS, TEXT_KEYS, read_text, typed_values
from shared.services.campaign_files.translations import parse_translations

FENCE = "+++"
_SLUG = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")


def parse_campaign(text: str, *, name: str, overrides: Mapping[str, str] | None = None) -> Campaign:
    """The campaign in `text`; `name` is the file's, its stem the slug when none is given.

    `overrides` sets head keys from outside. Raises CampaignFileError with every problem, line and name.
    """
    draft = Draft(text.replace("\r\n", "\n").lstrip("\ufeff"))
    head, body, body_line = _split_head(draft)
    head.update(overrides or {})
    for key in sorted(head.keys() - HEAD_KEYS):
        draft.problem(f"{key} is not a setting of a campaign.", draft.line_of(key))
    head.setdefault("slug", re.sub(r"[^a-z0-9]+", "-", name.rsplit(".", 1)[0].lower()).strip("-"))
    pages, letters = split_body(draft, head, body, body_line)
    values: dict[str, Any] = {key: read_text(draft, head, key) for key in TEXT_KEYS if key in head}
    values.update(typed_values(draft, head))
    values["page"] = pages.pop(AS_WRITTEN, "")
    values["versions"] = read_versions(draft, head, letters)
    values["translations"], wrong = parse_translations(head.get("translations", {}), pages, values)
    for words in wrong:
        draft.problem(words, draft.line_of("[translations"))
    check_names(draft, values)
    for key in ("slug", "title", "host"):
        if not values.get(key):
            draft.problem(f'{key} is missing. Set it in the head: {key} = "…"', 1)
    if values.get("slug") and not _SLUG.match(values["slug"]):
        draft.problem("slug may hold small letters, digits and hyphens only.", draft.line_of("slug"))
    if draft.problems:
        raise CampaignFileError(draft.problems)
    return Campaign(**values)


def names_its_slug(text: str) -> bool:
    """False when the slug comes from the file's name."""
    head, _, _ = _split_head(Draft(text.replace("\r\n", "\n").lstrip("\ufeff")))
    return "slug" in head


def _split_head(draft: Draft) -> tuple[dict[str, Any], str, int]:
    text = draft.text
    if not text.startswith(FENCE):
        if text.startswith("---"):
            draft.problem(f"The head is TOML between two {FENCE} lines, not YAML between --- lines.", 1)
        return {}, text, 1
    end = text.find(f"\n{FENCE}", len(FENCE))
    if end < 0:
        draft.problem(f"The head has no end: a line {FENCE} is missing.", 1)
        raise CampaignFileError(draft.problems)
    try:
        head = tomllib.loads("\n" + text[len(FENCE) : end].lstrip("\n"))
    except (ValueError, RecursionError) as error:
        # Beside its own error: numbers of very many digits, lists in very many lists.
        draft.problem(f"The head is not TOML: {error}", 1)
        raise CampaignFileError(draft.problems) from error
    body = text[end + 1 + len(FENCE) :]
    return head, body, text.count("\n", 0, end + 1) + 1
