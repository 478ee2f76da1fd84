"""The columns of exported tables. Their names are a promise to whoever reads the files: add, never rename."""

from collections.abc import Sequence

from sqlalchemy import RowMapping

from shared.domain.causes import CAUSE_WORDS, Cause
from shared.domain.csv_cells import BYTE_ORDER_MARK, Value, csv_lines
from shared.domain.exports import ExportKind
from shared.domain.letter_words import STATE_WORDS
from shared.domain.states import HAS_LEFT, LetterState

_LETTERS = (
    *("letter", "state", "state_words", "cause", "cause_words", "is_test"),
    *("accepted_at", "sent_at", "state_changed_at", "answered_at"),
    *("chamber", "title", "office_holder", "district", "office_email", "subject", "own_words"),
    *("first_name", "last_name", "email", "street", "unit", "city", "us_state", "zip", "language", "source"),
)
_SUPPORTERS = (
    *("organization", "wording", "language", "given_at", "source", "is_test"),
    *("first_name", "last_name", "email", "city", "us_state", "zip"),
)
_LEGISLATORS = (
    *("chamber", "title", "office_holder", "district", "party", "is_test"),
    *("letters", "left", "answered"),
    *(state.value for state in LetterState),
)
_COLUMNS = {
    ExportKind.LETTERS: _LETTERS,
    ExportKind.SUPPORTERS: _SUPPORTERS,
    ExportKind.LEGISLATORS: _LEGISLATORS,
}


def table_head(kind: ExportKind) -> bytes:
    """What a file begins with; nothing for one that is no table."""
    return BYTE_ORDER_MARK.encode() + csv_lines([_COLUMNS[kind]]) if kind in _COLUMNS else b""


def table_lines(kind: ExportKind, rows: Sequence[RowMapping]) -> bytes:
    """The rows under that head."""
    cells = (_cells(kind, dict(row)) for row in rows)
    return csv_lines([row[name] for name in _COLUMNS[kind]] for row in cells)


def _cells(kind: ExportKind, row: dict[str, Value]) -> dict[str, Value]:
    if kind is ExportKind.SUPPORTERS:
        return row
    if kind is ExportKind.LEGISLATORS:
        left = sum(int(str(row[state])) for state in HAS_LEFT)
        return {**row, "office_holder": row["holder"], "left": left}
    state, cause = LetterState(str(row["state"])), Cause(str(row["cause"]))
    return {
        **row,
        "letter": row["id"],
        "state_words": str(STATE_WORDS[state]),
        "cause_words": str(CAUSE_WORDS[cause].what),
        "office_holder": row["recipient_name"],
        "office_email": row["recipient_email"],
    }
