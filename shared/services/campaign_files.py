"""Campaigns as files: TOML between `+++` lines, then Markdown. Reads, checks and writes; touches no database.

The body is divided by `<!-- page -->` and `<!-- letter -->` (`<!-- letter: NAME -->` for further versions, which
the head describes under `[[versions]]`; `<!-- page: es -->` for the page in another language). A body without these
marks is read as hosts write it: the letter begins at "Dear", and a last paragraph "This campaign is hosted by …" is the
host's privacy sentence.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tomli_w

from shared.domain.campaigns import Campaign, LetterVersion
from shared.domain.follow_ups import FollowUpStep
from shared.domain.merge_fields import MergeField, canonical, find_problems
from shared.domain.office_hours import parse_office_hours
from shared.domain.places import Chamber
from shared.errors import CampaignFileError
from shared.services.campaign_steps import parse_step, step_table
from shared.services.campaign_translations import parse_translations, translation_tables

FENCE = "+++"
_END_OF_DAY = time(23, 59)
# More people than live in any state.
_NUMBER_LIMIT = 100_000_000
_MARK = re.compile(r"^<!--\s*(page|letter)(?::\s*([\w -]+?))?\s*-->[ \t]*$", re.MULTILINE)
_HOSTED_BY = re.compile(r"^This campaign is hosted by ([^.]+)\.", re.IGNORECASE)
_SLUG = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")
_AS_WRITTEN = ""
_FOLLOW_UP_MARK = re.compile(r"^\s*\[\[follow_ups\]\]", re.MULTILINE)
# These stand in the body, or are written by a module of their own.
_BODY = ("page", "translations")
_SUBJECT_FIELDS = frozenset(MergeField) - {MergeField.OWN_WORDS}
_TEXT_KEYS = (
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
_HEAD_KEYS = {
    *_TEXT_KEYS,
    *("subject", "sponsors", "chambers", "consents", "opens", "deadline", "deliver_by", "undo_minutes", "goal"),
    *("versions", "follow_ups", "translations"),
}


class _Draft:
    """One reading of one file: collects every problem, so that the organizer mends them all at once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[str] = []

    def problem(self, words: str, line: int | None = None) -> None:
        """Notes a fault; `line` counts from 1 in the file."""
        self.problems.append(f"line {line}: {words}" if line else words)

    def line_of(self, key: str) -> int | None:
        """The line on which the head sets `key`."""
        found = re.search(rf"^\s*(?:\[\[)?{re.escape(key)}\b", self.text, re.MULTILINE)
        return self.text.count("\n", 0, found.start()) + 1 if found else None

    def check_fields(self, template: str, allowed: frozenset[MergeField], where: str, line: int) -> None:
        """Notes every unknown field of a text that begins on `line` of the file."""
        for offset, words in find_problems(template, allowed=allowed):
            self.problem(f"{words} (in {where})", line + offset - 1)


def parse_campaign(text: str, *, name: str, overrides: Mapping[str, str] | None = None) -> Campaign:
    """The campaign in `text`; `name` is the file's, its stem the slug when none is given.

    `overrides` sets head keys from outside. Raises CampaignFileError with every problem, line and name.
    """
    draft = _Draft(text.replace("\r\n", "\n").lstrip("\ufeff"))
    head, body, body_line = _split_head(draft)
    head.update(overrides or {})
    for key in sorted(head.keys() - _HEAD_KEYS):
        draft.problem(f"{key} is not a setting of a campaign.", draft.line_of(key))
    head.setdefault("slug", re.sub(r"[^a-z0-9]+", "-", name.rsplit(".", 1)[0].lower()).strip("-"))
    pages, letters = _split_body(draft, head, body, body_line)
    values: dict[str, Any] = {key: _text(draft, head, key) for key in _TEXT_KEYS if key in head}
    values.update(_typed_values(draft, head))
    values["page"] = pages.pop(_AS_WRITTEN, "")
    values["versions"] = _versions(draft, head, letters)
    values["translations"], wrong = parse_translations(head.get("translations", {}), pages, values)
    for words in wrong:
        draft.problem(words, draft.line_of("[translations"))
    for key in ("slug", "title", "host"):
        if not values.get(key):
            draft.problem(f'{key} is missing. Set it in the head: {key} = "…"', 1)
    if values.get("slug") and not _SLUG.match(values["slug"]):
        draft.problem("slug may hold small letters, digits and hyphens only.", draft.line_of("slug"))
    if draft.problems:
        raise CampaignFileError(draft.problems)
    return Campaign(**values)


def format_campaign(campaign: Campaign) -> str:
    """The file that `parse_campaign` reads back as the same campaign."""
    defaults = {field.name: field.default for field in fields(Campaign)}
    head: dict[str, Any] = {}
    for key in ("slug", "title", "host"):
        head[key] = getattr(campaign, key)
    first, *others = campaign.versions
    head["subject"] = first.subject
    for field in fields(Campaign):
        value = getattr(campaign, field.name)
        if field.name in head or field.name in (*_BODY, "versions", "follow_ups") or value == defaults[field.name]:
            continue
        head[field.name] = list(value) if isinstance(value, tuple) else value
    if others or first.chambers or first.name != "all":
        head["versions"] = [
            {"name": v.name, "subject": v.subject, "chambers": [str(c) for c in v.chambers]} for v in campaign.versions
        ]
    if campaign.translations:
        head["translations"] = translation_tables(campaign.translations)
    if campaign.follow_ups:
        head["follow_ups"] = [step_table(step) for step in campaign.follow_ups]
    head = {key: [str(item) for item in value] if key == "chambers" else value for key, value in head.items()}
    parts = [FENCE, tomli_w.dumps(head, multiline_strings=True).strip(), FENCE, "<!-- page -->", campaign.page]
    for text in campaign.translations:
        parts += [f"<!-- page: {text.language} -->", text.page] if text.page else []
    for version in campaign.versions:
        parts += [f"<!-- letter: {version.name} -->", version.body]
    return "\n\n".join(part for part in parts if part) + "\n"


def _split_head(draft: _Draft) -> tuple[dict[str, Any], str, int]:
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
    except tomllib.TOMLDecodeError as error:
        draft.problem(f"The head is not TOML: {error}", 1)
        raise CampaignFileError(draft.problems) from error
    body = text[end + 1 + len(FENCE) :]
    return head, body, text.count("\n", 0, end + 1) + 1


def _split_body(draft: _Draft, head: dict[str, Any], body: str, line: int) -> tuple[dict[str, str], dict[str, str]]:
    """The page's Markdown by language, the letter texts by version name; fills head keys that a host's text names."""
    marks = list(_MARK.finditer(body))
    if marks:
        pages: dict[str, str] = {}
        letters: dict[str, str] = {}
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            part = body[mark.end() : following.start() if following else len(body)]
            first = line + body.count("\n", 0, mark.end())
            if mark.group(1) == "page":
                pages[mark.group(2) or _AS_WRITTEN] = _checked_page(draft, part, first)
            else:
                letters[mark.group(2) or "all"] = _checked_letter(draft, part, first)
        return pages, letters
    start = re.search(r"^[ \t]*Dear\b", body, re.MULTILINE)
    if not start:
        draft.problem('No letter found: it begins with a line "Dear …" or after a line <!-- letter -->.')
        return {_AS_WRITTEN: body.strip()}, {}
    page = _take_page_facts(head, body[: start.start()])
    letter = _take_host(head, body[start.start() :])
    first = line + body.count("\n", 0, start.start())
    return {_AS_WRITTEN: _checked_page(draft, page, line)}, {"all": _checked_letter(draft, letter, first)}


def _take_page_facts(head: dict[str, Any], page: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n", page.strip("\n"))
    paragraphs = [paragraph for paragraph in paragraphs if paragraph.strip()]
    if paragraphs and "title" not in head:
        head["title"] = " ".join(paragraphs.pop(0).split())
    elif paragraphs and " ".join(paragraphs[0].split()) == str(head.get("title")):
        paragraphs.pop(0)
    if paragraphs and "form_prompt" not in head and re.search(r"\benter\b.*\baddress\b", paragraphs[-1], re.IGNORECASE):
        head["form_prompt"] = " ".join(paragraphs.pop().split())
    return "\n\n".join(paragraphs)


def _take_host(head: dict[str, Any], letter: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n", letter.strip())
    found = _HOSTED_BY.match(paragraphs[-1].strip())
    if found:
        head.setdefault("privacy", " ".join(paragraphs.pop().split()))
        head.setdefault("host", found.group(1).strip())
    return "\n\n".join(paragraphs)


def _checked_page(draft: _Draft, page: str, line: int) -> str:
    draft.check_fields(page, frozenset(), "the page, which has no fields", line)
    return page.strip("\n").rstrip()


def _checked_letter(draft: _Draft, letter: str, line: int) -> str:
    draft.check_fields(letter, frozenset(MergeField), "the letter", line)
    if not letter.strip():
        draft.problem("The letter is empty.", line)
    return canonical(letter.strip())


def _versions(draft: _Draft, head: dict[str, Any], letters: dict[str, str]) -> tuple[LetterVersion, ...]:
    listed = head.get("versions") or [{"name": name} for name in letters]
    versions = []
    for entry in listed:
        name = str(entry.get("name", ""))
        subject = str(entry.get("subject", head.get("subject", ""))).strip()
        if name not in letters:
            draft.problem(f"The version {name!r} has no text: add <!-- letter: {name} -->.", draft.line_of("versions"))
            continue
        if not subject:
            draft.problem('subject is missing. Offices file letters by it: subject = "Please …"', 1)
        if "\n" in subject:
            draft.problem("subject must be one line.", draft.line_of("subject"))
        draft.check_fields(subject, _SUBJECT_FIELDS, "the subject", draft.line_of("subject") or 1)
        chambers = _chambers(draft, entry.get("chambers", []))
        versions.append(LetterVersion(name, canonical(subject), letters[name], chambers))
    if not versions and not draft.problems:
        draft.problem("The file has no letter.")
    return tuple(versions)


def _typed_values(draft: _Draft, head: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key in ("sponsors", "consents"):
        if key in head:
            values[key] = tuple(str(item) for item in head[key])
    if "chambers" in head:
        values["chambers"] = _chambers(draft, head["chambers"])
    for key in ("undo_minutes", "goal"):
        if key in head:
            if isinstance(head[key], int) and 0 <= head[key] < _NUMBER_LIMIT:
                values[key] = head[key]
            else:
                draft.problem(f"{key} must be a whole number.", draft.line_of(key))
    zone = _zone(draft, head)
    for key, time_of_day in (("opens", time.min), ("deadline", _END_OF_DAY), ("deliver_by", _END_OF_DAY)):
        if key in head:
            values[key] = _moment(draft, key, head[key], time_of_day, zone)
    _check_hours(draft, head, zone)
    if "follow_ups" in head:
        values["follow_ups"] = _follow_ups(draft, head["follow_ups"])
    return values


def _zone(draft: _Draft, head: dict[str, Any]) -> ZoneInfo:
    try:
        return ZoneInfo(str(head.get("timezone", Campaign.timezone)))
    except (ZoneInfoNotFoundError, ValueError):
        draft.problem("timezone must be a name such as America/New_York.", draft.line_of("timezone"))
        return ZoneInfo("UTC")


def _check_hours(draft: _Draft, head: dict[str, Any], zone: ZoneInfo) -> None:
    hours = head.get("office_hours", "")
    try:
        parse_office_hours(hours.strip() if isinstance(hours, str) else "", zone)
    except ValueError as error:
        draft.problem(f"office_hours {error}.", draft.line_of("office_hours"))


def _moment(draft: _Draft, key: str, value: object, time_of_day: time, zone: ZoneInfo) -> datetime | None:
    """A date means this time of that day in the campaign's time zone."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=zone)
    if isinstance(value, date):
        return datetime.combine(value, time_of_day, zone)
    draft.problem(f"{key} must be a date such as 2027-01-31 without quotes.", draft.line_of(key))
    return None


def _follow_ups(draft: _Draft, tables: object) -> tuple[FollowUpStep, ...]:
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


def _chambers(draft: _Draft, values: list[str]) -> tuple[Chamber, ...]:
    unknown = [value for value in values if value not in set(Chamber)]
    if unknown:
        draft.problem(
            f"chambers may be {', '.join(Chamber)}; not {', '.join(map(str, unknown))}.", draft.line_of("chambers")
        )
    return tuple(Chamber(value) for value in values if value not in unknown)


def _text(draft: _Draft, head: dict[str, Any], key: str) -> str:
    if not isinstance(head[key], str):
        draft.problem(f"{key} must be text in quotes.", draft.line_of(key))
        return ""
    draft.check_fields(head[key], frozenset(), key, draft.line_of(key) or 1)
    return str(head[key]).strip()
