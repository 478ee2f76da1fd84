"""Downloads go on where they stopped, are checked, and fail in words."""

import gzip
import socket
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from shared.errors import ImportRefused, Permanent, Retryable, Throttled
from shared.providers.downloads import Arrival, Download, download
from shared.services.setup import check_whole
from tests.providers.web_folder import WebFolder, serve

BODY = bytes(range(256)) * 4096


@pytest.fixture
def folder() -> Iterator[WebFolder]:
    with serve(WebFolder(files={"a.csv": BODY})) as running:
        yield running


def get(folder: WebFolder, target: Path, **more: float) -> Download:
    return download(f"{folder.url}a.csv", target, first_pause_s=0.01, **more)  # type: ignore[arg-type]


def fetch(folder: WebFolder, target: Path, **more: float) -> Path:
    return get(folder, target, **more).path


def test_a_file_arrives_whole_with_progress(folder: WebFolder, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = download(f"{folder.url}a.csv", tmp_path / "x" / "a.csv", progress=lambda *at: seen.append(at)).path
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    assert sorted(p.name for p in path.parent.iterdir()) == ["a.csv", "a.csv.version"]


def test_a_cut_connection_goes_on_where_it_stopped(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults = ["cut"]
    assert fetch(folder, tmp_path / "a.csv").read_bytes() == BODY
    assert folder.ranges == ["", f"bytes={len(BODY) // 2}-"]


def test_a_new_process_goes_on_too(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults = ["cut"]
    with pytest.raises(Retryable):
        fetch(folder, tmp_path / "a.csv", attempts=1)
    assert not (tmp_path / "a.csv").exists()
    got = get(folder, tmp_path / "a.csv")
    assert (got.arrival, got.path.read_bytes()) == (Arrival.RESUMED, BODY)
    assert folder.ranges[-1].startswith("bytes=")


def test_a_file_that_changed_meanwhile_starts_again(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults = ["cut"]
    with pytest.raises(Retryable):
        fetch(folder, tmp_path / "a.csv", attempts=1)
    folder.tag, folder.files["a.csv"] = '"v2"', BODY[::-1]
    got = get(folder, tmp_path / "a.csv")
    assert (got.arrival, got.path.read_bytes()) == (Arrival.RESTARTED, BODY[::-1])


def test_a_part_that_is_whole_already_starts_again(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults = ["cut"]
    with pytest.raises(Retryable):
        fetch(folder, tmp_path / "a.csv", attempts=1)
    (tmp_path / "a.csv.part").write_bytes(BODY)
    assert fetch(folder, tmp_path / "a.csv").read_bytes() == BODY
    assert folder.ranges == ["", f"bytes={len(BODY)}-", ""]


def test_a_part_from_elsewhere_is_not_joined(folder: WebFolder, tmp_path: Path) -> None:
    (tmp_path / "a.csv.part").write_bytes(BODY[::-1][:5000])
    got = get(folder, tmp_path / "a.csv")
    assert (got.arrival, got.path.read_bytes()) == (Arrival.RESTARTED, BODY)
    assert folder.ranges == [""]


@pytest.mark.parametrize("by", ["ETag", "Last-Modified"])
def test_a_finished_file_is_fetched_again_only_when_it_changed(folder: WebFolder, tmp_path: Path, by: str) -> None:
    if by == "Last-Modified":
        folder.tag, folder.headers = "", {"Last-Modified": "Mon, 01 Jun 2026 10:00:00 GMT"}
    assert get(folder, tmp_path / "a.csv").arrival is Arrival.FETCHED
    sent = folder.bytes_sent
    got = get(folder, tmp_path / "a.csv")
    assert (got.arrival, got.path.read_bytes(), folder.bytes_sent) == (Arrival.KEPT, BODY, sent)
    folder.files["a.csv"] = BODY[::-1]
    folder.tag, folder.headers = (
        ('"v2"', {}) if by == "ETag" else ("", {"Last-Modified": "Tue, 02 Jun 2026 10:00:00 GMT"})
    )
    got = get(folder, tmp_path / "a.csv")
    assert (got.arrival, got.path.read_bytes()) == (Arrival.FETCHED, BODY[::-1])
    assert get(folder, tmp_path / "a.csv").arrival is Arrival.KEPT


def test_without_a_word_on_the_version_it_is_fetched_again(folder: WebFolder, tmp_path: Path) -> None:
    folder.tag = ""
    for _ in range(2):
        assert get(folder, tmp_path / "a.csv").arrival is Arrival.FETCHED


@pytest.mark.parametrize("change", ["other size", "gone", "note damaged", "other address"])
def test_a_file_that_is_not_the_one_fetched_is_fetched_again(folder: WebFolder, tmp_path: Path, change: str) -> None:
    path = fetch(folder, tmp_path / "a.csv")
    note = tmp_path / "a.csv.version"
    if change == "other size":
        path.write_bytes(BODY[:-1])
    elif change == "gone":
        path.unlink()
    elif change == "note damaged":
        note.write_text("[]")
    else:
        folder.files["b/a.csv"] = BODY
        assert download(f"{folder.url}b/a.csv", path).arrival is Arrival.FETCHED
    got = get(folder, path)
    assert (got.arrival, got.path.read_bytes()) == (Arrival.FETCHED, BODY)
    assert "127.0.0.1" not in note.read_text()


def test_server_errors_are_tried_again(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults = [500, 503, 502]
    assert fetch(folder, tmp_path / "a.csv").read_bytes() == BODY
    assert folder.requests == 4


def test_a_missing_file_is_not_tried_again(folder: WebFolder, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=r"127\.0\.0\.1 answered with error 404"):
        download(f"{folder.url}none.csv?token=secret", tmp_path / "none.csv", first_pause_s=0.01)
    assert folder.requests == 1


def test_a_wish_to_wait_is_read(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults, folder.headers = [429], {"Retry-After": "7"}
    with pytest.raises(Throttled) as caught:
        fetch(folder, tmp_path / "a.csv", attempts=1)
    assert caught.value.retry_after == 7.0


def test_a_silent_server_times_out(folder: WebFolder, tmp_path: Path) -> None:
    folder.faults = ["slow"]
    with pytest.raises(Retryable, match="did not answer in time"):
        fetch(folder, tmp_path / "a.csv", attempts=1, read_timeout_s=0.1)


def test_nobody_listening(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Retryable, match=r"connection to 127\.0\.0\.1 failed"):
        download(f"http://127.0.0.1:{port}/a", tmp_path / "a", attempts=1)


def test_damaged_archives_are_removed(tmp_path: Path) -> None:
    whole = BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("a.txt", "x" * 5000)
    for name, content in (("cut.zip", whole.getvalue()[:-40]), ("cut.csv.gz", gzip.compress(BODY)[:-900])):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ImportRefused, match="arrived damaged"):
            check_whole(path)
        assert not path.exists()
    (tmp_path / "good.zip").write_bytes(whole.getvalue())
    check_whole(tmp_path / "good.zip")
