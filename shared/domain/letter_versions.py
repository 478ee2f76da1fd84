"""Which wording an office gets, and which offices get none. The one place where that is decided.

An audience names chambers, parties, single offices and groups of offices; whatever it leaves empty lets everybody in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.domain.places import Chamber, Office


@dataclass(frozen=True)
class OfficeGroup:
    """A named list of offices, such as a committee. `offices` are OCD ids of their districts."""

    name: str
    offices: tuple[str, ...] = ()


@dataclass(frozen=True)
class LetterVersion:
    """One wording. Empty `chambers`, `parties`, `offices` and `groups` mean everybody; the first that fits is used."""

    name: str
    subject: str
    body: str
    chambers: tuple[Chamber, ...] = ()
    parties: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def is_for_all(self) -> bool:
        """True when it fits every office."""
        return not (self.chambers or self.parties or self.offices or self.groups)

    def covers(self, chambers: Iterable[Chamber]) -> bool:
        """True when it fits every office of these chambers."""
        is_open = not (self.parties or self.offices or self.groups)
        return is_open and (not self.chambers or set(chambers) <= set(self.chambers))


@dataclass(frozen=True)
class Exclusion:
    """Offices that are not asked. `thanks` names the version that thanks them; empty leaves them out.

    `reason` is what a supporter reads of an office that gets no letter.
    """

    reason: str = ""
    thanks: str = ""
    chambers: tuple[Chamber, ...] = ()
    parties: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


Audience = LetterVersion | Exclusion


def fits(audience: Audience, office: Office, groups: Iterable[OfficeGroup]) -> bool:
    """Whether the office is in every kind that the audience names; single offices and groups count as one kind."""
    if audience.chambers and office.chamber not in audience.chambers:
        return False
    if audience.parties and office.party.casefold() not in {party.casefold() for party in audience.parties}:
        return False
    if not audience.offices and not audience.groups:
        return True
    members = {one for group in groups if group.name in audience.groups for one in group.offices}
    return office.ocd_id in members.union(audience.offices)


def exclusion_of(office: Office, exclusions: Sequence[Exclusion], groups: Iterable[OfficeGroup]) -> Exclusion | None:
    """The first exclusion that fits the office. One that names nobody excludes nobody."""
    named = (one for one in exclusions if one.chambers or one.parties or one.offices or one.groups)
    return next((one for one in named if fits(one, office, groups)), None)


def asking(versions: Sequence[LetterVersion], exclusions: Sequence[Exclusion]) -> tuple[LetterVersion, ...]:
    """The versions that ask: all but those that thank; all when nothing else is left."""
    thanking = {one.thanks for one in exclusions if one.thanks}
    return tuple(version for version in versions if version.name not in thanking) or tuple(versions)


def first_fitting(
    versions: Sequence[LetterVersion], office: Office, groups: Iterable[OfficeGroup]
) -> LetterVersion | None:
    """The first version for this office, None when none is for it."""
    return next((version for version in versions if fits(version, office, groups)), None)
