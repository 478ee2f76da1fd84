"""The editor's steps as forms: a campaign's fields as typed values, and typed values back into a campaign.

What can't be read is named by field, and that field keeps what it had.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from shared.domain.campaign_steps import Step
from shared.domain.campaigns import Campaign
from shared.domain.colors import parse_color
from shared.domain.days import YEARS, day_in
from shared.domain.follow_ups import CONDITIONS, NO_TEMPLATE, STEP_TEMPLATES, FollowUpStep, Trigger
from shared.domain.integers import parse_integer
from shared.domain.letter_versions import Exclusion, LetterVersion, OfficeGroup
from shared.domain.merge_fields import canonical
from shared.domain.office_hours import parse_office_hours
from shared.domain.places import Chamber
from shared.domain.typed_text import MARKDOWN_MAX
from shared.services.editor.offices import OfficeList

Values = dict[str, Any]
_Day = TypeVar("_Day", bound=date)
_END_OF_DAY = time(23, 59)
_TITLE_LIMIT, _LINE_LIMIT, _TEXT_LIMIT = 150, 500, 40_000
# More lines than any state has offices.
_MOST_LINES = 1_000
_MOST_PEOPLE, _MOST_DAYS = 100_000_000, 3_650
_PAGE_TEXTS = ("title", "host", "host_url", "lead", "page", "form_prompt", "privacy")


@dataclass
class Typed:
    """What was posted: single values and lists, and what is wrong with them by field."""

    one: Mapping[str, str]
    many: Callable[[str], list[str]]
    wrong: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, before: str, *, limit: int = _LINE_LIMIT) -> str:
        """A text with plain line ends; too long is named."""
        value = self.one.get(name, before).replace("\r\n", "\n").strip()
        if len(value) > limit and value != before:
            self.wrong[name] = f"Too long: {len(value)} characters, and {limit} fit."
            return before
        return value

    def lines(self, name: str, before: tuple[str, ...]) -> tuple[str, ...]:
        """One entry a line, each once."""
        typed = self.one.get(name, "")
        if len(typed) > _TEXT_LIMIT:
            self.wrong[name] = f"Too long: {len(typed)} characters, and {_TEXT_LIMIT} fit."
            return before
        entries = (" ".join(line.split()) for line in typed.splitlines())
        return tuple(dict.fromkeys(entry for entry in entries if entry))

    def number(self, name: str, most: int) -> int | None:
        """A whole number, None when the field is empty."""
        value = self.one.get(name, "").replace(",", "").strip()
        if not value:
            return None
        number = parse_integer(value, most=most)
        if number is None:
            self.wrong[name] = f"Type a whole number from 0 to {most:,}."
        return number

    def offices(self, name: str, known: OfficeList) -> tuple[str, ...]:
        """The offices that the lines of a field and the box beside it name."""
        lines = [*self.one.get(name, "").splitlines(), self.one.get(f"{name}-more", "")]
        found, problems = known.find(line[:_LINE_LIMIT] for line in lines[:_MOST_LINES])
        if len(lines) > _MOST_LINES:
            problems = [f"At most {_MOST_LINES} lines are read."]
        if problems:
            self.wrong[name] = " ".join(problems)
        return found

    def choices(self, name: str) -> tuple[str, ...]:
        """The ticked boxes of a name."""
        return tuple(one for one in self.many(name) if len(one) <= _LINE_LIMIT)

    def chambers(self, name: str) -> tuple[Chamber, ...]:
        """The ticked chambers."""
        ticked = self.many(name)
        return tuple(chamber for chamber in Chamber if chamber.value in ticked)


def step_values(step: Step, campaign: Campaign, known: OfficeList, version: int = 0) -> Values:
    """What the step's form shows."""
    return _SHOW[step](campaign, known, version)


def read_step(step: Step, typed: Typed, campaign: Campaign, known: OfficeList, version: int = 0) -> Campaign:
    """The campaign with what was typed; `typed.wrong` has what could not be read."""
    return _READ[step](typed, campaign, known, version)


def _show_page(campaign: Campaign, _known: OfficeList, _version: int) -> Values:
    zone = ZoneInfo(campaign.timezone)
    return {
        **{name: getattr(campaign, name) for name in _PAGE_TEXTS},
        "deadline": day_in(zone, campaign.deadline).isoformat() if campaign.deadline else "",
        "opens": campaign.opens.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if campaign.opens else "",
        "color": campaign.color or "#0b5563",
        "own_color": bool(campaign.color),
        "sponsors": "\n".join(campaign.sponsors),
        "consents": "\n".join(campaign.consents),
    }


def _read_page(typed: Typed, campaign: Campaign, _known: OfficeList, _version: int) -> Campaign:
    texts: dict[str, Any] = {
        name: typed.text(name, getattr(campaign, name), limit=MARKDOWN_MAX if name == "page" else _LINE_LIMIT)
        for name in _PAGE_TEXTS
    }
    for name, words in (("title", "Give the campaign a title."), ("host", "Say who is behind the campaign.")):
        if not texts[name] or len(texts[name]) > _TITLE_LIMIT:
            typed.wrong[name] = words if not texts[name] else f"At most {_TITLE_LIMIT} characters fit."
            texts[name] = getattr(campaign, name)
    if texts["host_url"] and not texts["host_url"].startswith(("http://", "https://")):
        typed.wrong["host_url"] = "Begin the address with https://"
        texts["host_url"] = campaign.host_url
    return replace(
        campaign,
        **texts,
        deadline=_day(typed, campaign),
        opens=_moment(typed, campaign),
        color=_color(typed, campaign),
        sponsors=typed.lines("sponsors", campaign.sponsors),
        consents=typed.lines("consents", campaign.consents),
    )


def _day(typed: Typed, campaign: Campaign) -> datetime | None:
    value, zone = typed.one.get("deadline", ""), ZoneInfo(campaign.timezone)
    if not value:
        return None
    try:
        day = _in_bounds(date.fromisoformat(value))
    except ValueError:
        typed.wrong["deadline"] = "Choose a day, such as 2027-01-31."
        return campaign.deadline
    if campaign.deadline and day_in(zone, campaign.deadline) == day:
        return campaign.deadline
    return datetime.combine(day, _END_OF_DAY, zone)


def _moment(typed: Typed, campaign: Campaign) -> datetime | None:
    value, zone = typed.one.get("opens", ""), ZoneInfo(campaign.timezone)
    if not value:
        return None
    try:
        return _in_bounds(datetime.fromisoformat(value).replace(tzinfo=zone))
    except ValueError:
        typed.wrong["opens"] = "Choose a day and a time, such as 2027-01-31 09:00."
        return campaign.opens


def _in_bounds(day: _Day) -> _Day:
    """Raises ValueError for a day that other time zones can't have, or that no organizer means."""
    if day.year not in YEARS:
        raise ValueError
    return day


def _color(typed: Typed, campaign: Campaign) -> str:
    if not typed.one.get("own_color"):
        return ""
    try:
        return parse_color(typed.one.get("color", ""))
    except ValueError:
        typed.wrong["color"] = "Choose a color, such as #1b5e5a."
        return campaign.color


def _show_letter(campaign: Campaign, known: OfficeList, version: int) -> Values:
    shown = campaign.versions[version]
    return {
        "name": shown.name,
        "subject": shown.subject,
        "body": shown.body,
        "for-chambers": [str(chamber) for chamber in shown.chambers],
        "for-parties": list(shown.parties),
        "for-groups": list(shown.groups),
        "for-offices": "\n".join(known.label(one) for one in shown.offices),
        "own_words_prompt": campaign.own_words_prompt,
        "held_phrases": "\n".join(campaign.phrases_that_hold),
    }


def _read_letter(typed: Typed, campaign: Campaign, known: OfficeList, version: int) -> Campaign:
    before = campaign.versions[version]
    name = typed.text("name", before.name, limit=60) if len(campaign.versions) > 1 else before.name
    others = {one.name for at, one in enumerate(campaign.versions) if at != version}
    if not name or name in others:
        typed.wrong["name"] = "Another version has this name." if name else "Give this version a name."
        name = before.name
    read = LetterVersion(
        name,
        " ".join(canonical(typed.text("subject", before.subject, limit=200)).split()),
        canonical(typed.text("body", before.body, limit=_TEXT_LIMIT)),
        typed.chambers("for-chambers"),
        typed.choices("for-parties"),
        typed.offices("for-offices", known),
        typed.choices("for-groups"),
    )
    versions = (*campaign.versions[:version], read, *campaign.versions[version + 1 :])
    exclusions = tuple(replace(one, thanks=name) if one.thanks == before.name else one for one in campaign.exclusions)
    prompt = typed.text("own_words_prompt", campaign.own_words_prompt)
    held = _held_phrases(typed, campaign)
    return replace(campaign, versions=versions, exclusions=exclusions, own_words_prompt=prompt, held_phrases=held)


def _held_phrases(typed: Typed, campaign: Campaign) -> tuple[str, ...] | None:
    """None while the list is ours, so that it follows ours after an upgrade."""
    before = campaign.phrases_that_hold
    value = typed.text("held_phrases", "\n".join(before), limit=_TEXT_LIMIT)
    entries = (" ".join(line.split()) for line in value.splitlines())
    lines = tuple(dict.fromkeys(entry for entry in entries if entry))
    ours = replace(campaign, held_phrases=None).phrases_that_hold
    return None if lines == ours else lines


def _show_targets(campaign: Campaign, known: OfficeList, _version: int) -> Values:
    def lines(offices: tuple[str, ...]) -> str:
        return "\n".join(known.label(one) for one in offices)

    opens, _, closes = campaign.office_hours.partition("-")
    values: Values = {
        "chambers": [str(chamber) for chamber in campaign.chambers],
        "office_opens": opens,
        "office_closes": closes,
    }
    for at, group in enumerate((*campaign.groups, OfficeGroup(""))):
        values |= {f"group-{at}-name": group.name, f"group-{at}-offices": lines(group.offices)}
    for at, one in enumerate((*campaign.exclusions, Exclusion())):
        values |= {
            f"not-{at}-offices": lines(one.offices),
            f"not-{at}-parties": list(one.parties),
            f"not-{at}-groups": list(one.groups),
            f"not-{at}-what": one.thanks,
            f"not-{at}-reason": one.reason,
        }
    return values


def _read_targets(typed: Typed, campaign: Campaign, known: OfficeList, _version: int) -> Campaign:
    chambers = typed.chambers("chambers")
    if not chambers:
        typed.wrong["chambers"] = "Choose at least one chamber to write to."
        chambers = campaign.chambers
    groups, renamed = _read_groups(typed, campaign, known)
    versions = tuple(replace(one, groups=_renamed(one.groups, renamed)) for one in campaign.versions)
    exclusions = _read_exclusions(typed, campaign, known, renamed)
    return replace(
        campaign,
        chambers=chambers,
        groups=groups,
        versions=versions,
        exclusions=exclusions,
        office_hours=_office_hours(typed, campaign),
    )


def _office_hours(typed: Typed, campaign: Campaign) -> str:
    # A browser may add seconds.
    before = campaign.office_hours.partition("-")
    opens, closes = (
        typed.one.get(name, before[at]).strip()[:5] for name, at in (("office_opens", 0), ("office_closes", 2))
    )
    if not (opens or closes):
        return ""
    hours = f"{opens}-{closes}"
    try:
        parse_office_hours(hours, ZoneInfo(campaign.timezone))
    except ValueError as error:
        typed.wrong["office_opens"] = f"Office hours {error}. Leave both empty for any time."
        return campaign.office_hours
    return hours


def _read_groups(typed: Typed, campaign: Campaign, known: OfficeList) -> tuple[tuple[OfficeGroup, ...], dict[str, str]]:
    groups: list[OfficeGroup] = []
    renamed: dict[str, str] = {}
    for at, before in enumerate((*campaign.groups, OfficeGroup(""))):
        name = typed.text(f"group-{at}-name", before.name, limit=60)
        offices = typed.offices(f"group-{at}-offices", known)
        if offices and not name:
            typed.wrong[f"group-{at}-name"] = "Give these offices a name, such as “Ways and Means”."
            name = before.name
        if name in [group.name for group in groups]:
            typed.wrong[f"group-{at}-name"] = "Another group has this name."
            name = before.name
        if before.name:
            renamed[before.name] = name
        if name:
            groups.append(OfficeGroup(name, offices))
    return tuple(groups), renamed


def _renamed(names: tuple[str, ...], renamed: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(new for new in (renamed.get(name, name) for name in names) if new)


def _read_exclusions(
    typed: Typed, campaign: Campaign, known: OfficeList, renamed: Mapping[str, str]
) -> tuple[Exclusion, ...]:
    exclusions = []
    for at, before in enumerate((*campaign.exclusions, Exclusion())):
        thanks = typed.one.get(f"not-{at}-what", before.thanks)
        read = Exclusion(
            typed.text(f"not-{at}-reason", before.reason, limit=300),
            thanks if thanks in {version.name for version in campaign.versions} else "",
            before.chambers,
            typed.choices(f"not-{at}-parties"),
            typed.offices(f"not-{at}-offices", known),
            _renamed(typed.choices(f"not-{at}-groups"), renamed),
        )
        if not (read.chambers or read.parties or read.offices or read.groups):
            if read.reason:
                typed.wrong[f"not-{at}-offices"] = "Say which offices this is about."
            continue
        if not read.thanks and not read.reason:
            typed.wrong[f"not-{at}-reason"] = "Say why, in words that supporters read."
            read = replace(read, reason=before.reason or "This campaign does not write to this office.")
        exclusions.append(read)
    return tuple(exclusions)


def _show_share(campaign: Campaign, _known: OfficeList, _version: int) -> Values:
    return {"goal": "" if campaign.goal is None else str(campaign.goal), "from_name": campaign.from_name}


def _read_share(typed: Typed, campaign: Campaign, _known: OfficeList, _version: int) -> Campaign:
    goal = typed.number("goal", _MOST_PEOPLE)
    return replace(
        campaign,
        goal=campaign.goal if "goal" in typed.wrong else goal,
        from_name=typed.text("from_name", campaign.from_name, limit=100),
    )


def _show_follow_ups(campaign: Campaign, _known: OfficeList, _version: int) -> Values:
    values: Values = {"won_message": campaign.won_message}
    for at, step in enumerate((*campaign.follow_ups, FollowUpStep("", ""))):
        values |= {
            f"step-{at}-template": step.template,
            f"step-{at}-trigger": str(step.trigger),
            f"step-{at}-days": str(step.after_days) if step.template else "",
            f"step-{at}-condition": str(step.condition),
        }
    return values


def _read_follow_ups(typed: Typed, campaign: Campaign, _known: OfficeList, _version: int) -> Campaign:
    steps = []
    for at, before in enumerate((*campaign.follow_ups, FollowUpStep("", ""))):
        template = typed.one.get(f"step-{at}-template", before.template)
        if template not in (*STEP_TEMPLATES, NO_TEMPLATE):
            continue
        trigger = typed.one.get(f"step-{at}-trigger", before.trigger)
        if trigger not in set(Trigger):
            typed.wrong[f"step-{at}-trigger"] = "Say what starts this email."
            continue
        condition = typed.one.get(f"step-{at}-condition", before.condition)
        steps.append(
            replace(
                before,
                template=template,
                trigger=trigger,
                after_days=typed.number(f"step-{at}-days", _MOST_DAYS) or 0,
                condition=condition if condition in CONDITIONS else "",
            )
        )
    won = typed.text("won_message", campaign.won_message, limit=2_000)
    return replace(campaign, follow_ups=tuple(steps), won_message=won)


_SHOW: dict[Step, Callable[[Campaign, OfficeList, int], Values]] = {
    Step.PAGE: _show_page,
    Step.LETTER: _show_letter,
    Step.TARGETS: _show_targets,
    Step.SHARE: _show_share,
    Step.FOLLOW_UPS: _show_follow_ups,
}
_READ: dict[Step, Callable[[Typed, Campaign, OfficeList, int], Campaign]] = {
    Step.PAGE: _read_page,
    Step.LETTER: _read_letter,
    Step.TARGETS: _read_targets,
    Step.SHARE: _read_share,
    Step.FOLLOW_UPS: _read_follow_ups,
}
