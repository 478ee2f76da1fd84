"""One letter that can't be changed holds up neither its own change nor another one."""

import contextlib

import pytest
from sqlalchemy import Engine

from shared.domain.bulk import BulkAction, BulkState
from shared.domain.letter_filter import Choice
from shared.queue.ring import Ring
from shared.services import letter_fit
from shared.services.bulk import read_change, work_on_changes
from shared.settings import Settings
from tests.services.test_bulk import Run, ask, sql

__all__ = ["sql"]


def test_a_letter_whose_words_can_not_be_made_harms_no_other(
    engine: Engine, ring: Ring, settings: Settings, sql: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql("UPDATE letter SET state = 'held', hold_reason = 'vacant_seat', cause = 'vacant_seat', body = '' WHERE id = 1")
    sql("UPDATE letter SET state = 'rejected' WHERE id = 3")

    def breaks(*_: object) -> dict[str, object]:
        raise ZeroDivisionError

    monkeypatch.setattr(letter_fit, "words_for", breaks)
    numbers = []
    for ids in ((1, 3), (5,)):
        action = BulkAction.CANCEL if ids == (5,) else BulkAction.RETRY
        with contextlib.suppress(ZeroDivisionError):
            ask(engine, ring, Choice(1, ids=ids), action)
    for _ in range(3):
        with contextlib.suppress(ZeroDivisionError):
            work_on_changes(engine, ring, settings)
    numbers = [row[0] for row in sql("SELECT id FROM bulk_change ORDER BY id")]
    states = [read_change(engine, 1, int(str(number))).state for number in numbers]
    assert sql("SELECT state FROM letter WHERE id = 3") == [("queued",)]
    assert states == [BulkState.DONE, BulkState.DONE]
