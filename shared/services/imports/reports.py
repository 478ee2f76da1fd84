"""What an import did, for the person who ran it and for the record in `import_run`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, text

from shared.db.directory import finish_run, start_run
from shared.db.import_reports import write_changes
from shared.domain.office_changes import ImportChangeKind, is_suspicious
from shared.domain.places import Chamber

# Enough to mend a file by; a file of the wrong kind refuses millions.
_LINES_KEPT = 200

# Called with the share of the file that is read, 0 to 1.
Progress = Callable[[float], None]


def no_progress(_share: float) -> None:
    """For callers that show none."""


@dataclass
class ImportReport:
    """Counts of rows, and why lines were refused: `line 12: no house number`. No personal data in the reasons."""

    kind: str
    jurisdiction: str
    source: str
    run_id: int = 0
    read: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    unchanged: int = 0
    refused: int = 0
    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    changes: list[dict[str, object]] = field(default_factory=list)
    # Those that the file speaks of.
    chambers: list[str] = field(default_factory=list)

    def tell(
        self,
        kind: ImportChangeKind,
        chamber: Chamber,
        district: str,
        *,
        office_id: int | None = None,
        what: str = "",
        old: str = "",
        new: str = "",
    ) -> None:
        """Keeps what was changed, for the organizers' page of this import. `what` names a detail."""
        self.changes.append(
            {
                "kind": kind.value,
                "chamber": chamber.value,
                "district": district,
                "office_id": office_id,
                "field": what,
                "old": old,
                "new": new,
            }
        )

    def suspect(self, gone: int, before: int, things: str) -> None:
        """Warns when too much is gone to be true: `23 of 198 seats have no holder any more`."""
        if is_suspicious(gone, before):
            self.warnings.append(f"{gone} of {before} {things}. Is the file whole?")

    def refuse(self, line: int, reason: str) -> None:
        """Counts a line that can't be used."""
        self.refused += 1
        if len(self.lines) < _LINES_KEPT:
            self.lines.append(f"line {line}: {reason}")

    def note(self, text: str) -> None:
        """Keeps a remark on what was brought in."""
        if len(self.lines) < _LINES_KEPT:
            self.lines.append(text)

    def in_words(self) -> str:
        """One line for the terminal."""
        counts = f"{self.new} new, {self.changed} changed, {self.gone} gone, {self.unchanged} unchanged"
        return f"{self.kind} from {self.source}: {counts}, {self.refused} refused."

    def as_json(self) -> dict[str, object]:
        """What the record keeps."""
        names = ("read", "new", "changed", "gone", "unchanged", "refused")
        return {
            **{name: getattr(self, name) for name in names},
            "lines": self.lines,
            "warnings": self.warnings,
            "chambers": self.chambers,
        }


@contextmanager
def import_run(
    engine: Engine, kind: str, jurisdiction: str, source: str, who: str = ""
) -> Iterator[tuple[Connection, ImportReport]]:
    """One transaction around an import, one import at a time, recorded when it succeeds."""
    report = ImportReport(kind, jurisdiction, source)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('dearrep import'))"))
        report.run_id = start_run(connection, kind, jurisdiction, source, who)
        yield connection, report
        write_changes(connection, report.run_id, report.changes)
        finish_run(connection, report.run_id, report.as_json())
