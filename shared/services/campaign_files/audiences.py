"""Who a version or an exclusion is for, and groups of offices, as a campaign file tells it."""

from typing import Any

from shared.domain.letter_versions import Audience, Exclusion, OfficeGroup
from shared.domain.places import Chamber
from shared.services.campaign_files.draft import Draft

_LISTS = ("parties", "offices", "groups")
AUDIENCE_KEYS = ("chambers", *_LISTS)
_EXCLUSION_KEYS = {"reason", "thanks", *AUDIENCE_KEYS}


def read_chambers(draft: Draft, values: object) -> tuple[Chamber, ...]:
    """The chambers by name."""
    listed = _texts(draft, "chambers", values)
    unknown = [value for value in listed if value not in set(Chamber)]
    if unknown:
        draft.problem(f"chambers may be {', '.join(Chamber)}; not {', '.join(unknown)}.", draft.line_of("chambers"))
    return tuple(Chamber(value) for value in listed if value not in unknown)


def read_audience(draft: Draft, entry: dict[str, Any]) -> dict[str, Any]:
    """Chambers, parties, offices and groups of a table."""
    lists: dict[str, Any] = {key: _texts(draft, key, entry.get(key, [])) for key in _LISTS}
    return {"chambers": read_chambers(draft, entry.get("chambers", [])), **lists}


def read_groups(draft: Draft, tables: object) -> tuple[OfficeGroup, ...]:
    """`[[groups]]`: each has a name of its own and its offices."""
    groups: list[OfficeGroup] = []
    for table in _tables(draft, "groups", tables):
        name = str(table.get("name", "")).strip()
        if not name or name in [group.name for group in groups]:
            draft.problem("Each of the groups needs a name of its own.", draft.line_of("groups"))
        groups.append(OfficeGroup(name, _texts(draft, "offices", table.get("offices", []))))
    return tuple(groups)


def read_exclusions(draft: Draft, tables: object) -> tuple[Exclusion, ...]:
    """`[[exclusions]]`: who is thanked or left out, and why."""
    exclusions = []
    for table in _tables(draft, "exclusions", tables):
        for key in sorted(table.keys() - _EXCLUSION_KEYS):
            draft.problem(f"{key} is not a setting of an exclusion.", draft.line_of(key))
        read = Exclusion(str(table.get("reason", "")), str(table.get("thanks", "")), **read_audience(draft, table))
        if not read.thanks and not read.reason:
            draft.problem("An exclusion needs a reason, which supporters read.", draft.line_of("exclusions"))
        if not any(getattr(read, key) for key in AUDIENCE_KEYS):
            draft.problem(f"An exclusion names whom: {', '.join(AUDIENCE_KEYS)}.", draft.line_of("exclusions"))
        exclusions.append(read)
    return tuple(exclusions)


def check_names(draft: Draft, values: dict[str, Any]) -> None:
    """Every group and version that is named is there."""
    groups = {group.name for group in values.get("groups", ())}
    versions = {version.name for version in values.get("versions", ())}
    for one in (*values.get("versions", ()), *values.get("exclusions", ())):
        for name in sorted(set(one.groups) - groups):
            draft.problem(f"There is no group {name!r} under [[groups]].", draft.line_of("groups"))
    for one in values.get("exclusions", ()):
        if one.thanks and one.thanks not in versions:
            draft.problem(f"There is no version {one.thanks!r} to thank with.", draft.line_of("thanks"))


def audience_table(audience: Audience) -> dict[str, Any]:
    """What stands in the file for an audience: whatever it names."""
    table = {key: [str(one) for one in getattr(audience, key)] for key in AUDIENCE_KEYS}
    return {key: value for key, value in table.items() if value}


def _texts(draft: Draft, key: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        draft.problem(f'{key} must be a list of texts: {key} = ["…"]', draft.line_of(key))
        return ()
    return tuple(value.strip() for value in values if value.strip())


def _tables(draft: Draft, key: str, tables: object) -> list[dict[str, Any]]:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        draft.problem(f"{key} are tables: begin each with [[{key}]].", draft.line_of(key))
        return []
    return tables
