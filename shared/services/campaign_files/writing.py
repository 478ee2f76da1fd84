"""Writes a campaign as the file that reads back as the same campaign."""

from dataclasses import fields
from typing import Any

import tomli_w

from shared.domain.campaigns import Campaign
from shared.domain.letter_versions import Exclusion
from shared.services.campaign_files.audiences import audience_table
from shared.services.campaign_files.reading import FENCE
from shared.services.campaign_files.steps import step_table
from shared.services.campaign_files.translations import translation_tables

# These stand in the body, or are written in a way of their own.
_OTHERWISE = ("page", "translations", "versions", "follow_ups", "logo", "groups", "exclusions")


def format_campaign(campaign: Campaign) -> str:
    """The file that `parse_campaign` reads back as the same campaign."""
    defaults = {field.name: field.default for field in fields(Campaign)}
    head: dict[str, Any] = {}
    for key in ("slug", "title", "host"):
        head[key] = getattr(campaign, key)
    head["subject"] = campaign.versions[0].subject
    for field in fields(Campaign):
        value = getattr(campaign, field.name)
        if field.name in head or field.name in _OTHERWISE or value == defaults[field.name]:
            continue
        head[field.name] = list(value) if isinstance(value, tuple) else value
    head.update(_tables(campaign))
    head = {key: [str(item) for item in value] if key == "chambers" else value for key, value in head.items()}
    parts = [FENCE, tomli_w.dumps(head, multiline_strings=True).strip(), FENCE, "<!-- page -->", campaign.page]
    for text in campaign.translations:
        parts += [f"<!-- page: {text.language} -->", text.page] if text.page else []
    for version in campaign.versions:
        parts += [f"<!-- letter: {version.name} -->", version.body]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tables(campaign: Campaign) -> dict[str, Any]:
    tables: dict[str, Any] = {}
    first, *others = campaign.versions
    if others or not first.is_for_all or first.name != "all":
        tables["versions"] = [{"name": v.name, "subject": v.subject, **audience_table(v)} for v in campaign.versions]
    if campaign.groups:
        tables["groups"] = [{"name": group.name, "offices": list(group.offices)} for group in campaign.groups]
    if campaign.exclusions:
        tables["exclusions"] = [_exclusion_table(one) for one in campaign.exclusions]
    if campaign.logo:
        tables["logo"] = campaign.logo.file
    if campaign.translations:
        tables["translations"] = translation_tables(campaign.translations)
    if campaign.follow_ups:
        tables["follow_ups"] = [step_table(step) for step in campaign.follow_ups]
    return tables


def _exclusion_table(one: Exclusion) -> dict[str, Any]:
    words = {"reason": one.reason, "thanks": one.thanks}
    return {key: value for key, value in words.items() if value} | audience_table(one)
