"""A campaign as organizers write it: the same fields in the file, in the database and in the console."""

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.domain.follow_ups import FollowUpStep, PlannedStep, Trigger, plan
from shared.domain.letter_versions import (
    Exclusion,
    LetterVersion,
    OfficeGroup,
    asking,
    exclusion_of,
    first_fitting,
)
from shared.domain.logos import Logo
from shared.domain.office_hours import OfficeHours, parse_office_hours
from shared.domain.places import Chamber, Office
from shared.domain.states import CampaignState
from shared.domain.threat_phrases import PHRASES

# A letter that could not be delivered this long after the deadline has lost its purpose.
DELIVER_AFTER_DEADLINE = timedelta(days=5)
DEFAULT_UNDO_MINUTES = 10


@dataclass(frozen=True)
class CampaignText:
    """What the campaign's pages say, in one language. `page` is Markdown; the letter has its own language."""

    language: str
    title: str
    page: str = ""
    lead: str = ""
    form_prompt: str = ""
    own_words_prompt: str = ""
    privacy: str = ""
    won_message: str = ""


@dataclass(frozen=True)
class Campaign:
    """What an organizer decides about a campaign. `page` is Markdown; texts carry merge fields where allowed.

    `opens`, `deadline` and `deliver_by` are aware; `undo_minutes` counts for live letters only; `goal` is a number of
    people; `consents` names the organizations that ask to write to the supporter later; `office_hours` is
    "08:00-18:00" on weekdays in `timezone`, empty for always.
    """

    slug: str
    title: str
    host: str
    versions: tuple[LetterVersion, ...]
    page: str = ""
    lead: str = ""
    host_url: str = ""
    privacy: str = ""
    sponsors: tuple[str, ...] = ()
    jurisdiction: str = "ma"
    chambers: tuple[Chamber, ...] = (Chamber.LOWER, Chamber.UPPER)
    language: str = "en"
    timezone: str = "America/New_York"
    office_hours: str = ""
    # A scheduled campaign goes live at this moment.
    opens: datetime | None = None
    deadline: datetime | None = None
    deliver_by: datetime | None = None
    undo_minutes: int = DEFAULT_UNDO_MINUTES
    form_prompt: str = ""
    own_words_prompt: str = ""
    goal: int | None = None
    from_name: str = ""
    consents: tuple[str, ...] = ()
    # What the page and the last email say when the campaign has won.
    won_message: str = ""
    # Steps of its own; a trigger without any has the usual ones.
    follow_ups: tuple[FollowUpStep, ...] = ()
    # The pages' text for readers of other languages.
    translations: tuple[CampaignText, ...] = ()
    # As it was chosen; `shared.domain.colors` makes the shades that pages use. Empty for our own.
    color: str = ""
    logo: Logo | None = None
    # Offices by name, for versions and exclusions; and offices that are thanked or left out instead of asked.
    groups: tuple[OfficeGroup, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    # Phrases that hold a letter for a look, as organizers changed them; None for the list of the campaign's language.
    held_phrases: tuple[str, ...] | None = None

    def text_in(self, language: str) -> CampaignText:
        """The pages' text in this language, or as it was written."""
        as_written = CampaignText(
            self.language,
            self.title,
            self.page,
            self.lead,
            self.form_prompt,
            self.own_words_prompt,
            self.privacy,
            self.won_message,
        )
        return next((text for text in self.translations if text.language == language), as_written)

    def version_for(self, chamber: Chamber) -> LetterVersion:
        """The first version that asks and is for the chamber."""
        asked = asking(self.versions, self.exclusions)
        fitting = (v for v in asked if not v.chambers or chamber in v.chambers)
        return next(fitting, asked[0])

    def version_for_office(self, office: Office | None) -> LetterVersion:
        """The version that an office gets: that of its exclusion, else the first that fits, else the first of all.

        While the office is not known it is the one for everybody, if there is one.
        """
        asked = asking(self.versions, self.exclusions)
        if office is None:
            return self.version_for_everybody or asked[0]
        excluded = exclusion_of(office, self.exclusions, self.groups)
        if excluded and excluded.thanks:
            return next((v for v in self.versions if v.name == excluded.thanks), asked[0])
        return first_fitting(asked, office, self.groups) or asked[0]

    @property
    def version_for_everybody(self) -> LetterVersion | None:
        """The version that asks and fits every office of the campaign; None when each is for some offices only."""
        asked = asking(self.versions, self.exclusions)
        return next((version for version in asked if version.covers(self.chambers)), None)

    @property
    def letter_texts(self) -> tuple[str, ...]:
        """Subjects and bodies of all its letters, as they were written."""
        return tuple(text for version in self.versions for text in (version.subject, version.body))

    @property
    def phrases_that_hold(self) -> tuple[str, ...]:
        """The organizers' list, else ours; none for a language without a reviewed list."""
        return PHRASES.get(self.language, ()) if self.held_phrases is None else self.held_phrases

    def is_thanked(self, office: Office) -> bool:
        """Whether the office is thanked instead of asked."""
        excluded = exclusion_of(office, self.exclusions, self.groups)
        return excluded is not None and bool(excluded.thanks)

    def why_left_out(self, office: Office) -> str | None:
        """Why the office gets no letter, in the campaign's words; None when it gets one."""
        excluded = exclusion_of(office, self.exclusions, self.groups)
        return None if excluded is None or excluded.thanks else excluded.reason

    @property
    def last_delivery(self) -> datetime | None:
        """When a letter that has not left expires: `deliver_by`, else the deadline plus five days."""
        if self.deliver_by or not self.deadline:
            return self.deliver_by
        return self.deadline + DELIVER_AFTER_DEADLINE

    def planned(self, trigger: Trigger, at: datetime) -> list[PlannedStep]:
        """The follow-up emails that `trigger` starts at the moment `at`."""
        return plan(self.follow_ups, trigger, at, ZoneInfo(self.timezone))

    @property
    def hours(self) -> OfficeHours | None:
        """When letters may leave; None for always."""
        return parse_office_hours(self.office_hours, ZoneInfo(self.timezone))

    @property
    def sender_name(self) -> str:
        """What follows "via" in the From line, the same for all letters of the campaign."""
        return self.from_name or self.host


@dataclass(frozen=True)
class StoredCampaign:
    """A campaign with what the database knows about it."""

    id: int
    state: CampaignState
    campaign: Campaign
    published_at: datetime | None = None
    # Changes with everything that organizers decide about it.
    updated_at: datetime | None = None
    # Names its texts as supporters read them now: another number when letters or consents change.
    edition_id: int | None = None

    @property
    def hours(self) -> OfficeHours | None:
        """Office hours that letters wait for; None while the campaign is paused, which is what they wait for then."""
        return None if self.state is CampaignState.PAUSED else self.campaign.hours


# These have columns of their own, see `shared.db.tables.campaigns`.
COLUMNS = ("slug", "title", "jurisdiction", "chambers", "deadline", "deliver_by", "undo_minutes")
_MOMENTS = ("deadline", "deliver_by")


def to_content(campaign: Campaign) -> dict[str, Any]:
    """The fields without a column, as JSON values."""
    content = {name: value for name, value in asdict(campaign).items() if name not in COLUMNS}
    content["opens"] = campaign.opens and campaign.opens.isoformat()
    content["follow_ups"] = [{**step, "on": step["on"] and step["on"].isoformat()} for step in content["follow_ups"]]
    return content


def from_content(columns: dict[str, Any], content: dict[str, Any]) -> Campaign:
    """The campaign back from its columns and its JSON."""
    versions = tuple(LetterVersion(**_audience(version)) for version in content["versions"])
    exclusions = tuple(Exclusion(**_audience(one)) for one in content.get("exclusions", ()))
    groups = tuple(OfficeGroup(one["name"], tuple(one["offices"])) for one in content.get("groups", ()))
    steps = tuple(_step(step) for step in content["follow_ups"])
    lists = {name: tuple(content[name]) for name in ("sponsors", "consents")}
    translations = tuple(CampaignText(**text) for text in content.get("translations", ()))
    known = {field.name for field in fields(Campaign)}
    rest = {name: value for name, value in content.items() if name in known}
    rest["opens"] = datetime.fromisoformat(content["opens"]) if content.get("opens") else None
    held = content.get("held_phrases")
    rest["held_phrases"] = None if held is None else tuple(held)
    rest["logo"] = Logo(**content["logo"]) if content.get("logo") else None
    own = {name: columns[name] for name in COLUMNS}
    own["chambers"] = _chambers(own["chambers"])
    values = {**rest, **own, **lists, "versions": versions, "follow_ups": steps, "translations": translations}
    return Campaign(**{**values, "exclusions": exclusions, "groups": groups})


def to_document(campaign: Campaign) -> dict[str, Any]:
    """The whole campaign as one JSON value, for drafts and editions."""
    document = to_content(campaign) | {name: getattr(campaign, name) for name in COLUMNS}
    document["chambers"] = [str(chamber) for chamber in campaign.chambers]
    for name in _MOMENTS:
        document[name] = document[name] and document[name].isoformat()
    return document


def from_document(document: dict[str, Any]) -> Campaign:
    """The campaign back from `to_document`."""
    columns = {name: document[name] for name in COLUMNS}
    for name in _MOMENTS:
        columns[name] = datetime.fromisoformat(columns[name]) if columns[name] else None
    return from_content(columns, document)


def _step(values: dict[str, Any]) -> FollowUpStep:
    on, stop = values.get("on"), values.get("stop", ())
    return FollowUpStep(**{**values, "on": date.fromisoformat(on) if on else None, "stop": tuple(stop)})


def _audience(values: dict[str, Any]) -> dict[str, Any]:
    """A version or exclusion as stored; those from before parties and groups lack them."""
    lists: dict[str, Any] = {name: tuple(values[name]) for name in ("parties", "offices", "groups") if name in values}
    return {**values, **lists, "chambers": _chambers(values["chambers"])}


def _chambers(values: list[str]) -> tuple[Chamber, ...]:
    return tuple(Chamber(value) for value in values)
