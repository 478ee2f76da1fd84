"""When a database is not the one that a host left: markers, lineages, PostgreSQL's own names."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.domain.generations import ANOTHER, BEHIND, FROM_A_DUMP, DatabaseState, Identity, Marker, why_hold
from shared.paths import ROOT
from shared.providers import ledger
from shared.providers import marker as markers
from shared.providers.journal import Item
from shared.providers.ledger import ledger_size, note_departures, read_departures
from shared.providers.marker import MarkerMovedOn, keep_marker, read_marker

HERE = Identity("cluster", 1, 16_400)
STATE = DatabaseState(("one", "two"), HERE, HERE, {"a": 5, "b": 7})


@pytest.mark.parametrize(
    ("marker", "why"),
    [
        (Marker("new"), ""),
        (Marker("a", "two", {"a": 5, "b": 7}), ""),
        (Marker("a", "two", {"a": 5}), ""),
        (Marker("a", "two", {"a": 6}), BEHIND),
        (Marker("a", "two", {"a": 5, "b": 8}), BEHIND),
        (Marker("a", "two", {"a": 5, "gone": 1}), BEHIND),
        # Accepted since: the database goes on from where it was restored to.
        (Marker("a", "one", {"a": 900}), ""),
        (Marker("a", "three", {"a": 1}), BEHIND),
    ],
)
def test_a_marker_and_a_database(marker: Marker, why: str) -> None:
    assert why_hold(marker, STATE) == why


@pytest.mark.parametrize(
    ("actual", "why"),
    [
        (HERE, ""),
        (replace(HERE, system_identifier="other"), ANOTHER),
        (replace(HERE, timeline=2), ANOTHER),
        (replace(HERE, table_oid=17_000), FROM_A_DUMP),
    ],
)
def test_postgresql_s_own_names(actual: Identity, why: str) -> None:
    assert why_hold(Marker("new"), replace(STATE, actual=actual)) == why
    assert why_hold(Marker("new"), replace(STATE, written=Identity(), actual=actual)) == ""


def test_a_database_that_knows_no_installation_is_new_only_to_a_new_host() -> None:
    empty = DatabaseState((), Identity(), HERE, {})
    assert why_hold(Marker("new"), empty) == ""
    assert why_hold(Marker("a", "one", {}), empty) == BEHIND


def test_the_marker_on_the_disk_only_rises(tmp_path: Path) -> None:
    first = read_marker(tmp_path)
    assert read_marker(tmp_path) == first, "a host keeps its name"
    for generations in ({"a": 2, "b": 1}, {"a": 1, "b": 9}):
        keep_marker(tmp_path, replace(first, lineage="one", generations=generations), ("one",))
    assert read_marker(tmp_path) == Marker(first.host, "one", {"a": 2, "b": 9})
    keep_marker(tmp_path, replace(first, lineage="two", generations={"a": 1}), ("one", "two"))
    assert read_marker(tmp_path) == Marker(first.host, "two", {"a": 1})
    with pytest.raises(MarkerMovedOn):
        keep_marker(tmp_path, replace(first, lineage="one", generations={"a": 5}), ("one",))


def test_a_marker_that_can_not_be_read_is_no_new_host_s(tmp_path: Path) -> None:
    read_marker(tmp_path)
    (tmp_path / "generations" / "1").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        read_marker(tmp_path)


def test_the_marker_of_earlier_versions_is_taken_over(tmp_path: Path) -> None:
    before = {"host": "a", "lineage": "one", "generations": {"a": 5}}
    (tmp_path / "generation").write_text(json.dumps(before))
    assert read_marker(tmp_path) == Marker("a", "one", {"a": 5})
    keep_marker(tmp_path, Marker("a", "one", {"a": 6}), ("one",))
    assert read_marker(tmp_path) == Marker("a", "one", {"a": 6})
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()] == ["generations/1"]


def keep(folder: Path, **generations: int) -> None:
    keep_marker(folder, Marker("a", "one", generations), ("one",))


def test_no_older_marker_is_read_under_a_number_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, a=5)
    keep(tmp_path, a=7)
    highest = markers._highest

    def sleep_after(folder: Path) -> int:
        """Meanwhile 3 replaces 2, and a process that has slept writes 2 again."""
        found = highest(folder)
        monkeypatch.setattr(markers, "_highest", highest)
        keep(tmp_path, a=8)
        older = {"host": "a", "lineage": "one", "generations": {"a": 5}}
        (tmp_path / "generations" / "2").write_text(json.dumps(older))
        return found

    monkeypatch.setattr(markers, "_highest", sleep_after)
    assert read_marker(tmp_path) == Marker("a", "one", {"a": 8})


def test_what_lost_processes_left_is_deleted_and_the_files_of_others_stay(tmp_path: Path) -> None:
    keep(tmp_path, a=5)
    folder = tmp_path / "generations"
    for name in ("2.00ff.new", "1.00ff.new", "9.00ff.new", ".DS_Store", ".nfs0001", "٣"):
        (folder / name).write_text("{")
    keep(tmp_path, a=6)
    assert read_marker(tmp_path) == Marker("a", "one", {"a": 6})
    keep(tmp_path, a=7)
    assert {path.name for path in folder.iterdir()} == {"3", "9.00ff.new", ".DS_Store", ".nfs0001", "٣"}


_FREEZES = """
import os, signal, sys
from pathlib import Path
from shared.paths import ROOT
from shared.domain.generations import Marker
from shared.providers import marker as markers
from shared.providers.marker import keep_marker
sync, left = os.fsync, int(sys.argv[2])
def freeze(number):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGSTOP)
    sync(number)
os.fsync = freeze
keep_marker(Path(sys.argv[1]), Marker("a", "one", {"a": 6, "b": 1}), ("one",))
"""


@contextmanager
def frozen_at(fsync: int, folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that stands still as it is about to make its file safe (1), or the folder with its name (2)."""
    process = subprocess.Popen([sys.executable, "-c", _FREEZES, str(folder), str(fsync)], cwd=ROOT)
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        yield process
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.parametrize("fsync", [1, 2])
def test_a_frozen_process_keeps_no_other_waiting_and_turns_nothing_back(tmp_path: Path, fsync: int) -> None:
    keep(tmp_path, a=5)
    with frozen_at(fsync, tmp_path) as frozen:
        for number in (7, 8, 9):
            keeping = threading.Thread(target=keep, args=(tmp_path,), kwargs={"a": number})
            keeping.start()
            keeping.join(10)
            assert not keeping.is_alive()
        assert read_marker(tmp_path).generations["a"] == 9
        frozen.send_signal(signal.SIGCONT)
        assert frozen.wait(10) == 0
        assert read_marker(tmp_path) == Marker("a", "one", {"a": 9, "b": 1})


def test_a_marker_that_another_process_has_just_written_is_made_safe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, a=5)
    synced: list[Path] = []
    sync = markers._sync
    monkeypatch.setattr(markers, "_sync", lambda folder: (synced.append(folder), sync(folder)))
    with frozen_at(2, tmp_path):
        for _ in range(2):
            keep(tmp_path, a=6)
    assert synced == [tmp_path / "generations"]


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from shared.domain.generations import Marker;"
        " from shared.providers.marker import keep_marker\n"
        "for n in range(1, 101): keep_marker(Path(sys.argv[1]), Marker('a', 'one', {sys.argv[2]: n}), ('one',))"
    )
    names = ("b", "c", "d")
    running = [subprocess.Popen([sys.executable, "-c", script, str(tmp_path), name], cwd=ROOT) for name in names]
    assert [one.wait(60) for one in running] == [0, 0, 0]
    assert read_marker(tmp_path) == Marker("a", "one", dict.fromkeys(names, 100))
    assert len(list((tmp_path / "generations").iterdir())) == 1


def test_hosts_that_are_gone_are_forgotten(tmp_path: Path) -> None:
    marker = Marker("a", "two", {"a": 5, "gone": 3})
    state = replace(STATE, generations={"a": 5, "b": 7, "gone": 3}, recent=["a", "b"])
    assert why_hold(marker, state) == ""
    assert marker.after(state, 6) == Marker("a", "two", {"a": 6, "b": 7})
    keep_marker(tmp_path, marker, ("two",))
    long_ago = (datetime.now(UTC) - timedelta(days=301)).timestamp()
    os.utime(tmp_path / "generations" / "1", (long_ago, long_ago))
    assert read_marker(tmp_path) == Marker("a", "two", {})


def test_the_ledger_keeps_numbers_by_lineage_and_forgets_old_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "left"
    folder.mkdir()
    old = folder / f"one.{datetime.now(UTC) - timedelta(days=31):%Y-%m-%d}"
    lately = folder / f"one.{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
    for file in (old, lately):
        file.write_text('[1764000000.5,"letter",7,1]\n[17640')
    note_departures(tmp_path, "", [Item("letter", 1, 1)])
    note_departures(tmp_path, "one", [])
    note_departures(tmp_path, "one", [Item("letter", 1, 2), Item("follow_up", 3, 1)])
    note_departures(tmp_path, "two", [Item("letter", 9, 1)])
    since = datetime.now(UTC) - timedelta(days=3)
    assert [one.item for one in read_departures(tmp_path, "one", since)] == [
        Item("letter", 7, 1),
        Item("letter", 1, 2),
        Item("follow_up", 3, 1),
    ]
    assert [one.item.id for one in read_departures(tmp_path, "two", datetime.now(UTC))] == [9]
    assert not old.exists()
    assert ledger_size(tmp_path) > 0
    monkeypatch.setattr(ledger, "_MOST_BYTES", 10)
    note_departures(tmp_path, "three", [Item("letter", 1, 1)])
    assert [file.name.partition(".")[0] for file in folder.iterdir()] == ["three"]
