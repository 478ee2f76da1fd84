"""When a database is not the one that this installation worked in last, so that its letters may have left before.

A host's marker is kept beside its journals. It names the database's lineage and the generation of every host that was
read there last. Generations only rise, and each host raises its own: a database that lacks one of them was restored
from a backup. Accepting a restored database gives it one more lineage, so that an older branch is never taken for it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

# A marker follows the hosts that worked in the last month. One that was not written for so long says only its lineage,
# and later the database may forget a host that is gone.
RECENT_DAYS, MARKER_DAYS, KEPT_DAYS = 30, 300, 400
BEHIND = "The database has gone back in time: work that was done in it is missing."
ANOTHER = "This is not the database that this installation last wrote to."
FROM_A_DUMP = "The database was restored from a dump."


@dataclass(frozen=True)
class Identity:
    """PostgreSQL's own names: the cluster, its timeline, and the number of our table. Empty when nobody wrote it."""

    system_identifier: str = ""
    timeline: int = 0
    table_oid: int = 0


@dataclass(frozen=True)
class DatabaseState:
    """What the database says of itself, beside what it is. No lineage: it knows nothing of any installation.

    `recent` are the hosts that worked lately: markers follow only these, so that hosts that are gone are forgotten.
    """

    lineages: tuple[str, ...]
    written: Identity
    actual: Identity
    generations: Mapping[str, int]
    recent: Collection[str] = ()


@dataclass(frozen=True)
class Marker:
    """What a host has seen. `lineage` is empty on a host that has not worked yet."""

    host: str
    lineage: str = ""
    generations: Mapping[str, int] = field(default_factory=dict)

    def after(self, state: DatabaseState, own: int) -> Self:
        """The marker once this host has raised its generation to `own` in that database."""
        others = {host: state.generations[host] for host in state.recent}
        return replace(self, lineage=state.lineages[-1], generations={**others, self.host: own})

    def covers(self, other: Self) -> bool:
        """True when it has seen all that the other one has."""
        return self.lineage == other.lineage and not _lacks(self.generations, other.generations)

    def joined(self, other: Self) -> Self:
        """What both of them have seen of one lineage."""
        hosts = self.generations.keys() | other.generations.keys()
        most = {host: max(self.generations.get(host, 0), other.generations.get(host, 0)) for host in hosts}
        return replace(self, generations=most)


def why_hold(marker: Marker, state: DatabaseState) -> str:
    """Why nothing may leave from this database until a person decides; empty when it is the one we left."""
    if _is_behind(marker, state):
        return BEHIND
    written, actual = state.written, state.actual
    if not written.system_identifier:
        return ""
    if (written.system_identifier, written.timeline) != (actual.system_identifier, actual.timeline):
        return ANOTHER
    return FROM_A_DUMP if written.table_oid not in (0, actual.table_oid) else ""


def _is_behind(marker: Marker, state: DatabaseState) -> bool:
    if not marker.lineage:
        return False
    if marker.lineage not in state.lineages:
        return True
    # A person has accepted the database since: that decision counts for every host.
    return marker.lineage == state.lineages[-1] and _lacks(state.generations, marker.generations)


def _lacks(known: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    return any(known.get(host, 0) < number for host, number in wanted.items())
