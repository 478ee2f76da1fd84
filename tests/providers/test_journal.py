"""The journal: what a dead owner wrote is read once, a living owner's file is left alone."""

import os
from pathlib import Path

import pytest

from shared.providers import journal as module
from shared.providers.journal import Entry, Item, Journal, Step, dead_journals

ONE, TWO, THREE = (Item("letter", number, 1) for number in (1, 2, 3))


def read(folder: Path) -> list[tuple[bool, dict[Item, Entry]]]:
    with dead_journals(folder) as records:
        return [(record.same_boot, record.entries) for record in records]


def test_the_last_step_of_each_item_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.hand(ONE)
    journal.dot(ONE)
    journal.end(ONE, "accepted", "", "250 2.0.0 queued as “7”")
    journal.hand(TWO)
    journal.dot(TWO)
    journal.hand(THREE)
    journal.abandon()
    assert read(tmp_path) == [
        (
            True,
            {
                ONE: Entry(Step.END, "accepted", "", "250 2.0.0 queued as “7”"),
                TWO: Entry(Step.DOT),
                THREE: Entry(Step.HAND),
            },
        )
    ]
    assert read(tmp_path) == []


def test_a_living_owner_s_journal_is_left_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.hand(ONE)
    assert read(tmp_path) == []
    journal.abandon()
    assert len(read(tmp_path)) == 1


def test_a_closed_journal_leaves_nothing(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_a_cleared_journal_begins_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.hand(ONE)
    journal.clear()
    journal.hand(TWO)
    journal.abandon()
    assert read(tmp_path) == [(True, {TWO: Entry(Step.HAND)})]


def test_a_line_that_was_cut_off_is_as_if_not_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.hand(ONE)
    os.write(journal._file, b'["dot","letter",1')
    journal.abandon()
    assert read(tmp_path) == [(True, {ONE: Entry(Step.HAND)})]


def test_after_another_start_of_the_machine_silence_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.hand(ONE)
    journal.abandon()
    monkeypatch.setattr(module, "boot_id", lambda: "another")
    assert read(tmp_path) == [(False, {ONE: Entry(Step.HAND)})]


def test_an_empty_file_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "host.1.abc.journal").touch()
    assert read(tmp_path) == [(False, {})]


def test_a_journal_stays_when_its_reader_fails(tmp_path: Path) -> None:
    Journal(tmp_path).abandon()
    with pytest.raises(ZeroDivisionError), dead_journals(tmp_path):
        raise ZeroDivisionError
    assert len(read(tmp_path)) == 1


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert next(tmp_path.iterdir()).stat().st_mode & 0o077 == 0
    journal.close()
