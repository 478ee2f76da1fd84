"""The head of a campaign file: settings, each checked, in the types that a campaign has them in."""

import re
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.domain.campaigns import Campaign
from shared.domain.colors import parse_color
from shared.domain.days import YEARS
from shared.domain.follow_ups import FollowUpStep
from shared.domain.logos import parse_logo
from shared.domain.office_hours import parse_office_hours
from shared.services.campaign_files.audiences import read_chambers, read_exclusions, read_groups
from shared.services.campaign_files.draft import Draft
from shared.services.campaign_files.steps import parse_step

_END_OF_DAY = time(23, 59)
# More people than live in any state.
_NUMBER_LIMIT = 100_000_000
_FOLLOW_UP_MARK = re.compile(r"^[ \t]*\[\[follow_ups\]\]", re.MULTILINE)
TEXT_KEYS = (
    "slug",
    "title",
    "host",
    "host_url",
    "privacy",
    "lead",
    "jurisdiction",
    "language",
    "timezone",
    "office_hours",
    "form_prompt",
    "own_words_prompt",
    "from_name",
    "won_message",
)
HEAD_KEYS = {
    *TEXT_KEYS,
    *("subject", "sponsors", "chambers", "consents", "opens", "deadline", "deliver_by", "undo_minutes", "goal"),
    *("versions", "follow_ups", "translations", "color", "logo", "groups", "exclusions", "held_phrases"),
}


def typed_values(draft: Draft, head: dict[str, Any]) -> dict[str, Any]:
    """The settings that are more than a text."""
    values = _lists(draft, head)
    if "chambers" in head:
        values["chambers"] = read_chambers(draft, head["chambers"])
    for key in ("undo_minutes", "goal"):
        if key in head:
            if isinstance(head[key], int) and 0 <= head[key] < _NUMBER_LIMIT:
                values[key] = head[key]
            else:
                draft.problem(f"{key} must be a whole number.", draft.line_of(key))
    values.update(_theme(draft, head))
    zone = _zone(draft, head)
    for key, time_of_day in (("opens", time.min), ("deadline", _END_OF_DAY), ("deliver_by", _END_OF_DAY)):
        if key in head:
            values[key] = _moment(draft, key, head[key], time_of_day, zone)
    _check_hours(draft, head, zone)
    values["groups"] = read_groups(draft, head.get("groups", []))
    values["exclusions"] = read_exclusions(draft, head.get("exclusions", []))
    if "follow_ups" in head:
        values["follow_ups"] = _follow_ups(draft, head["follow_ups"])
    return values


def _lists(draft: Draft, head: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in ("sponsors", "consents", "held_phrases"):
        if isinstance(head.get(key), list):
            values[key] = tuple(str(item) for item in head[key])
        elif key in head:
            draft.problem(f'{key} must be a list, such as ["one", "two"].', draft.line_of(key))
    return values


def read_text(draft: Draft, head: dict[str, Any], key: str) -> str:
    """A setting that is a text, on one or more lines and without merge fields."""
    if not isinstance(head[key], str):
        draft.problem(f"{key} must be text in quotes.", draft.line_of(key))
        return ""
    draft.check_fields(head[key], frozenset(), key, draft.line_of(key) or 1)
    return str(head[key]).strip()


def _zone(draft: Draft, head: dict[str, Any]) -> ZoneInfo:
    try:
        return ZoneInfo(str(head.get("timezone", Campaign.timezone)))
    except (ZoneInfoNotFoundError, ValueError):
        draft.problem("timezone must be a name such as America/New_York.", draft.line_of("timezone"))
        return ZoneInfo("UTC")


def _theme(draft: Draft, head: dict[str, Any]) -> dict[str, Any]:
    """How the campaign's pages look."""
    values: dict[str, Any] = {}
    parsers: dict[str, Callable[[str], object]] = {"color": parse_color, "logo": parse_logo}
    for key, parse in parsers.items():
        try:
            if key in head and (text := read_text(draft, head, key)):
                values[key] = parse(text)
        except ValueError as error:
            draft.problem(f"{key} {error}.", draft.line_of(key))
    return values


def _check_hours(draft: Draft, head: dict[str, Any], zone: ZoneInfo) -> None:
    hours = head.get("office_hours", "")
    try:
        parse_office_hours(hours.strip() if isinstance(hours, str) else "", zone)
    except ValueError as error:
        draft.problem(f"office_hours {error}.", draft.line_of("office_hours"))


def _moment(draft: Draft, key: str, value: object, time_of_day: time, zone: ZoneInfo) -> datetime | None:
    """A date means this time of that day in the campaign's time zone."""
    if isinstance(value, date) and value.year not in YEARS:
        draft.problem(f"{key} must be in a year from {YEARS[0]} to {YEARS[-1]}.", draft.line_of(key))
        return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime.combine(value, time_of_day, zone)
    draft.problem(f"{key} must be a date such as 2027-01-31 without quotes.", draft.line_of(key))
    return None


def _follow_ups(draft: Draft, tables: object) -> tuple[FollowUpStep, ...]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        draft.problem("follow_ups are tables: begin each with [[follow_ups]].", draft.line_of("follow_ups"))
        return ()
    lines = [draft.text.count("\n", 0, mark.start()) + 1 for mark in _FOLLOW_UP_MARK.finditer(draft.text)]
    steps = []
    for turn, table in enumerate(tables):
        step, problems = parse_step(table)
        for problem in problems:
            draft.problem(problem, lines[turn] if turn < len(lines) else draft.line_of("follow_ups"))
        steps += [step] if step else []
    return tuple(steps)
