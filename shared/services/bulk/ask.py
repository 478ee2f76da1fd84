"""Asking for a change of many letters, reading how far it is, and taking it back."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, RowMapping

from shared.clock import now
from shared.db import bulk_changes, letter_choice
from shared.domain.bulk import BulkAction, BulkState, Outcome, undo_within
from shared.domain.letter_filter import Choice
from shared.errors import NotAllowed, NotFound
from shared.queue.names import TaskName
from shared.queue.ring import Ring
from shared.services.bulk.work import work_on_change

# A request works for so long itself, so that a few letters are done when its page is shown; workers do the rest.
_AT_ONCE_S = 1.0
_LISTED = 20


@dataclass(frozen=True)
class ChangeView:
    """One change as organizers read it. `left_out` are reasons and how many letters each."""

    id: int
    action: BulkAction
    state: BulkState
    title: str
    actor: str
    asked_at: datetime
    undo_until: datetime
    leaves_at: datetime
    counts: Counter[Outcome]
    left_out: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All letters that were chosen."""
        return self.counts.total()

    @property
    def is_running(self) -> bool:
        """True while a worker has something to do."""
        return self.state in (BulkState.RUNNING, BulkState.UNDOING)

    @property
    def can_undo(self) -> bool:
        """True while what nothing has happened to can be taken back."""
        begun = self.counts[Outcome.CHANGED] or self.counts[Outcome.WAITING]
        return self.state in (BulkState.RUNNING, BulkState.DONE) and bool(begun) and now() < self.undo_until


def ask_change(
    engine: Engine,
    ring: Ring,
    choice: Choice,
    action: BulkAction,
    *,
    actor: str,
    title: str,
    delay: timedelta,
    expected: int,
) -> int:
    """Begins with these letters; the change's number. `expected` is how many the look before showed."""
    with engine.begin() as connection:
        number = bulk_changes.insert_change(
            connection,
            choice,
            action,
            actor=actor,
            title=title,
            delay=delay,
            undo=undo_within(action),
            expected=expected,
        )
    _work(engine, ring, number)
    return number


def read_change(engine: Engine, campaign_id: int, number: int) -> ChangeView:
    """How far it is; raises NotFound."""
    with engine.connect() as connection:
        row = bulk_changes.find_change(connection, campaign_id, number)
        if row is None:
            raise NotFound("There is no such change of letters.")
        return _view(row, bulk_changes.count_outcomes(connection, number))


def list_changes(engine: Engine, campaign_id: int) -> list[ChangeView]:
    """The newest changes of a campaign."""
    with engine.connect() as connection:
        rows = bulk_changes.newest_changes(connection, campaign_id, _LISTED)
        return [_view(row, bulk_changes.count_outcomes(connection, row["id"])) for row in rows]


def require_own(engine: Engine, choice: Choice) -> None:
    """Raises NotFound when any of these letters is not the campaign's: then none of them can even be seen to exist."""
    with engine.connect() as connection:
        if letter_choice.count_chosen(connection, choice, len(choice.ids)) != len(choice.ids):
            raise NotFound("There is no such letter.")


def undo_change(engine: Engine, ring: Ring, campaign_id: int, number: int, *, actor: str) -> None:
    """Takes back what nothing has happened to since; raises NotFound, NotAllowed."""
    with engine.begin() as connection:
        row = bulk_changes.find_change(connection, campaign_id, number, lock=True)
        if row is None:
            raise NotFound("There is no such change of letters.")
        if not _view(row, bulk_changes.count_outcomes(connection, number)).can_undo:
            raise NotAllowed("This can’t be taken back any more.")
        bulk_changes.write_change(connection, number, {"state": BulkState.UNDOING.value, "reached": 0, "actor": actor})
    _work(engine, ring, number)


def _work(engine: Engine, ring: Ring, number: int) -> None:
    if not work_on_change(engine, ring, number, within_s=_AT_ONCE_S):
        ring.ring(TaskName.CHANGE_LETTERS)


def _view(row: RowMapping, outcomes: list[tuple[Outcome, str, int]]) -> ChangeView:
    counts: Counter[Outcome] = Counter({Outcome.MOVED_ON: row["moved_before"]})
    left_out: Counter[str] = Counter()
    for outcome, reason, count in outcomes:
        counts[outcome] += count
        if outcome is Outcome.LEFT_OUT:
            left_out[reason] += count
    return ChangeView(
        row["id"],
        BulkAction(row["action"]),
        BulkState(row["state"]),
        row["title"],
        row["actor"],
        row["asked_at"],
        row["undo_until"],
        row["asked_at"] + timedelta(seconds=row["delay_s"]),
        counts,
        tuple(left_out.most_common()),
    )
