"""The look before: how many letters, to whom, when they leave, what is left out and why. Changes nothing."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from shared.clock import now
from shared.db import letter_choice
from shared.domain.bulk import MAY_HAVE_ARRIVED, MOST, SENDING, BulkAction, why_not
from shared.domain.letter_filter import Choice
from shared.domain.letter_words import office_label
from shared.domain.states import LetterState
from shared.services.bulk.facts import read_today


@dataclass(frozen=True)
class Preview:
    """What would happen. `offices` with the most letters first; `second_copies` may come twice.

    `is_cut` when there are more letters than can be changed at once.
    """

    count: int
    offices: tuple[tuple[str, int], ...]
    left_out: tuple[tuple[str, int], ...]
    second_copies: int
    as_of: datetime
    is_cut: bool

    @property
    def chosen(self) -> int:
        """All that were looked at."""
        return self.count + sum(count for _, count in self.left_out)


def preview_change(engine: Engine, choice: Choice, action: BulkAction) -> Preview:
    """Counts the chosen letters as they are now."""
    as_of = now()
    offices: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    copies = total = 0
    with engine.connect() as connection:
        rows = letter_choice.group_chosen(connection, choice)
        today = read_today(connection, rows)
    for row in rows:
        total += row["letters"]
        reason = why_not(action, today.facts(row, is_written=row["is_written"], is_erased=row["is_erased"]))
        if reason:
            left_out[reason] += row["letters"]
            continue
        office = today.offices[row["office_id"]]
        offices[office_label(office.title, office.holder, office.district)] += row["letters"]
        if action in SENDING and LetterState(row["state"]) in MAY_HAVE_ARRIVED:
            copies += row["letters"]
    count = offices.total()
    return Preview(count, tuple(offices.most_common()), tuple(left_out.most_common()), copies, as_of, total > MOST)
