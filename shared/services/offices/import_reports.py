"""What imports did, for organizers: the runs, and each seat or district that one changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine

from shared.db import import_reports
from shared.db.engine import at_once
from shared.domain.office_changes import ImportChangeKind
from shared.domain.office_words import CHAMBER_NAMES
from shared.domain.places import Chamber
from shared.domain.us_states import STATES
from shared.errors import NotFound

_LOG = structlog.get_logger()
RUNS_SHOWN, CHANGES_SHOWN = 30, 200
KIND_WORDS = {
    "legislators": "Legislators",
    "districts": "District shapes",
    "addresses": "Addresses",
    "streets": "Streets",
}
_WHAT_WORDS = {"postal_address": "postal address", "": "seat"}


@dataclass(frozen=True)
class Run:
    """One import with its counts. `lines` are refused ones and remarks, `warnings` what looks wrong."""

    id: int
    kind: str
    state: str
    source: str
    at: datetime
    who: str
    counts: Mapping[str, int]
    lines: Sequence[str]
    warnings: Sequence[str]
    # Who has dealt with the warnings; empty while nobody has.
    settled_by: str


@dataclass(frozen=True)
class Change:
    """One change, in words. `office_id` None for a district, or an office that is gone."""

    id: int
    kind: ImportChangeKind
    chamber: str
    district: str
    office_id: int | None
    what: str
    old: str
    new: str


@dataclass(frozen=True)
class RunView:
    """An import and a page of its changes; `after` begins the next page, None at the end."""

    run: Run
    kinds: Mapping[ImportChangeKind, int]
    changes: Sequence[Change]
    after: int | None


def list_imports(engine: Engine, before: int | None = None) -> tuple[list[Run], int | None]:
    """A page of imports, newest first, and where the next one begins."""
    with at_once(engine) as connection:
        rows = import_reports.list_runs(connection, before, RUNS_SHOWN + 1)
    runs = [_run(row) for row in rows[:RUNS_SHOWN]]
    return runs, runs[-1].id if len(rows) > RUNS_SHOWN else None


def read_import(engine: Engine, run_id: int, after: int = 0) -> RunView:
    """One import with what it changed; raises NotFound."""
    with at_once(engine) as connection:
        row = import_reports.read_run(connection, run_id)
        if row is None:
            raise NotFound("There is no such import.")
        kinds = import_reports.count_kinds(connection, run_id)
        rows = import_reports.list_changes(connection, run_id, after, CHANGES_SHOWN + 1)
    changes = [_change(one) for one in rows[:CHANGES_SHOWN]]
    return RunView(
        _run(row),
        {ImportChangeKind(kind): number for kind, number in kinds.items()},
        changes,
        changes[-1].id if len(rows) > CHANGES_SHOWN else None,
    )


def settle_warnings(engine: Engine, run_id: int, *, actor: str, attended: bool) -> None:
    """An organizer has looked at what seemed wrong, or wants it shown again; raises NotFound."""
    with engine.begin() as connection:
        if import_reports.read_run(connection, run_id) is None:
            raise NotFound("There is no such import.")
        import_reports.settle_run(connection, run_id, actor if attended else "")
    _LOG.info("import.settled", run_id=run_id, attended=attended, actor=actor)


def _run(row: Mapping[Any, Any]) -> Run:
    report, state = row["report"], STATES.get(row["jurisdiction"].upper())
    counts = {name: report.get(name, 0) for name in ("read", "new", "changed", "gone", "unchanged", "refused")}
    return Run(
        id=row["id"],
        kind=KIND_WORDS.get(row["kind"], row["kind"]),
        state=state.name if state else row["jurisdiction"],
        source=row["source"],
        at=row["finished_at"],
        # Imports from before this was noted were made there too.
        who=row["who"] or "command line",
        counts=counts,
        lines=report.get("lines", ()),
        warnings=report.get("warnings", ()),
        settled_by=report.get("settled_by", ""),
    )


def _change(row: Mapping[Any, Any]) -> Change:
    return Change(
        id=row["id"],
        kind=ImportChangeKind(row["kind"]),
        chamber=CHAMBER_NAMES[Chamber(row["chamber"])],
        district=row["district"],
        office_id=row["office_id"],
        what=_WHAT_WORDS.get(row["field"], row["field"]),
        old=row["old"],
        new=row["new"],
    )
